//! The line between a till and a hub, which loses answers or changes them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What becomes of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Through,
    /// This many are lost, once the hub has given them.
    Lose(u32),
    /// A letter of the body becomes another one.
    Forge,
    /// The answer has no MAC.
    Strip,
    /// Every answer is the first one that came since.
    Replay,
    /// Each request comes to the hub twice, and the second answer is handed on.
    Twice,
    /// Requests wait, and come to the hub when something else is set: late.
    Hold,
    /// Requests are lost before they come to the hub.
    #[cfg(feature = "postgres")]
    Swallow,
}

/// A line to one hub at a time.
pub struct Line {
    pub address: String,
    mode: Arc<Mutex<Mode>>,
    hub: Arc<Mutex<String>>,
    /// The heads and bodies of all requests.
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl Line {
    pub fn to(hub: &str) -> Line {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (mode, hub) = (Arc::new(Mutex::new(Mode::Through)), Arc::new(Mutex::new(hub.to_owned())));
        let (asked, kept) = (Arc::default(), Arc::new(Mutex::new(None)));
        let line = Line { address, mode, hub, asked };
        let (mode, hub, asked) = (Arc::clone(&line.mode), Arc::clone(&line.hub), Arc::clone(&line.asked));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (mode, hub, asked, kept) =
                    (Arc::clone(&mode), Arc::clone(&hub), Arc::clone(&asked), Arc::clone(&kept));
                thread::spawn(move || serve(stream, &mode, &hub, &asked, &kept));
            }
        });
        line
    }

    pub fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    /// The hub has another address now.
    pub fn lead_to(&self, hub: &str) {
        hub.clone_into(&mut self.hub.lock().unwrap());
    }

    /// How often something was asked.
    pub fn count(&self, target: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.contains(&format!(" {target} "))).count()
    }
}

fn serve(
    stream: TcpStream,
    mode: &Mutex<Mode>,
    hub: &Mutex<String>,
    asked: &Mutex<Vec<String>>,
    kept: &Mutex<Option<String>>,
) -> Option<()> {
    let mut till = BufReader::new(stream);
    loop {
        let request = message(&mut till)?;
        asked.lock().unwrap().push(request.clone());
        while *mode.lock().unwrap() == Mode::Hold {
            thread::sleep(std::time::Duration::from_millis(10));
        }
        let ask = || {
            let mut hub = TcpStream::connect(&*hub.lock().unwrap()).ok()?;
            hub.write_all(request.as_bytes()).ok()?;
            message(&mut BufReader::new(hub))
        };
        #[cfg(feature = "postgres")]
        if *mode.lock().unwrap() == Mode::Swallow {
            return None;
        }
        if *mode.lock().unwrap() == Mode::Twice {
            ask()?;
        }
        let answer = ask()?;
        let now = {
            let mut mode = mode.lock().unwrap();
            let now = *mode;
            if now == Mode::Twice {
                *mode = Mode::Through;
            }
            if let Mode::Lose(times) = now {
                *mode = if times > 1 { Mode::Lose(times - 1) } else { Mode::Through };
            }
            now
        };
        let answer = match now {
            Mode::Through | Mode::Twice => answer,
            Mode::Lose(_) => return None,
            Mode::Hold => return None,
            #[cfg(feature = "postgres")]
            Mode::Swallow => return None,
            Mode::Forge => answer.replace("\"in_doubt\":false", "\"in_doubt\":fals3"),
            Mode::Strip => answer.replace("wxcoupon-mac: ", "x-mac: "),
            Mode::Replay => kept.lock().unwrap().get_or_insert(answer).clone(),
        };
        till.get_mut().write_all(answer.as_bytes()).ok()?;
    }
}

/// Head and body.
fn message(from: &mut BufReader<TcpStream>) -> Option<String> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head += &line;
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8(body).ok()?)
}
