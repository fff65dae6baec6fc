//! A real Chromium, driven by JSON over plain HTTP (`WebDriver`), which needs no library.

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use openssl::base64::decode_block;
use serde_json::{Value, json};

/// Browsers take a lot of memory: one at a time.
static TURN: Mutex<()> = Mutex::new(());
/// Waits leave room for slow machines.
const PATIENCE: Duration = Duration::from_secs(30);
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How the person sits before the page.
#[derive(Clone, Copy)]
pub struct Seat {
    pub language: &'static str,
    pub width: u32,
    pub height: u32,
    pub dark: bool,
}

impl Seat {
    pub const CHINESE: Self = Self { language: "zh-CN", width: 1280, height: 800, dark: false };
    pub const ENGLISH: Self = Self { language: "en-US", ..Self::CHINESE };

    pub fn dark(self) -> Self {
        Self { dark: true, ..self }
    }

    pub fn phone(self) -> Self {
        Self { width: 390, height: 844, ..self }
    }
}

/// A browser with one page. It ends when dropped.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    origin: String,
    /// Open as long as the driver may write to it.
    _output: Lines<BufReader<ChildStdout>>,
    _turn: MutexGuard<'static, ()>,
}

/// Whether there is a browser here; without one, tests are skipped where that is allowed.
pub fn is_there() -> bool {
    let works = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let there = works("chromium") && works("chromedriver") && works("zbarimg");
    if !there {
        let issue = "chromium, chromedriver or zbarimg is not installed; tools/fetch/setup.sh installs them";
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{issue}");
        println!("SKIPPED: {issue}");
    }
    there
}

/// A driver, what it prints, and its port.
fn driver() -> Option<(Child, Lines<BufReader<ChildStdout>>, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver");
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok()
    });
    if port.is_none() {
        driver.wait().expect("chromedriver has ended");
    }
    Some((driver, lines, port?))
}

impl Browser {
    /// Opens the page.
    pub fn open(seat: Seat, url: &str) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        // Another process may take the port that it has chosen: then it ends.
        let (driver, lines, port) = (0..5).find_map(|_| driver()).expect("chromedriver");
        // Without the token that may stand behind it.
        let origin = url.split('?').next().unwrap().trim_end_matches('/').to_owned();
        let mut browser = Self { driver, port, session: String::new(), origin, _output: lines, _turn: turn };
        browser.begin(seat);
        browser.go(url);
        browser.until_live();
        browser
    }

    fn begin(&mut self, seat: Seat) {
        let arguments = [
            "--headless=new",
            // Tests run as root, in which Chromium's sandbox does not work.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--no-first-run",
            // Not even names are looked up.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            &format!("--lang={}", seat.language),
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            // Of an authority that nobody has told the browser of.
            "acceptInsecureCerts": true,
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "args": arguments, "prefs": { "intl.accept_languages": seat.language } },
        } } });
        let made = self.call("POST", "/session", &wanted);
        made["sessionId"].as_str().expect("a session").clone_into(&mut self.session);
        self.sit(seat);
    }

    /// Another width, height or theme.
    pub fn sit(&self, seat: Seat) {
        let Seat { width, height, dark, .. } = seat;
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        let scheme =
            json!([{ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } }]);
        for (command, parameters) in [
            ("Emulation.setDeviceMetricsOverride", metrics),
            ("Emulation.setEmulatedMedia", json!({ "features": scheme })),
        ] {
            self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }));
        }
    }

    /// Shows a view, as a click in the navigation does.
    pub fn show(&self, view: &str) {
        self.click(&format!("#rail a[href='#{view}']"));
        self.until(
            view,
            &format!(
                "return document.body.dataset.view === '{view}' && document.querySelector('main h1') !== null"
            ),
        );
    }

    /// Runs a script; what it returns.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Runs a script that calls its last argument when it is done.
    pub fn wait_for(&self, script: &str) -> Value {
        self.post("/execute/async", &json!({ "script": script, "args": [] }))
    }

    pub fn text(&self, script: &str) -> String {
        let value = self.run(script);
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }

    /// The text of the first element that a selector finds.
    pub fn text_of(&self, selector: &str) -> String {
        self.text(&format!("return document.querySelector({})?.innerText ?? '(nothing)'", quoted(selector)))
    }

    pub fn count(&self, selector: &str) -> u64 {
        self.run(&format!("return document.querySelectorAll({}).length", quoted(selector))).as_u64().unwrap()
    }

    /// Waits until a script returns true.
    pub fn until(&self, what: &str, script: &str) {
        let start = Instant::now();
        while self.run(script) != json!(true) {
            assert!(start.elapsed() < PATIENCE, "never: {what}; the page says: {}", self.text_of("body"));
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    pub fn until_there(&self, selector: &str) {
        self.until(selector, &format!("return document.querySelector({}) !== null", quoted(selector)));
    }

    pub fn until_text(&self, selector: &str, text: &str) {
        let (selector, text) = (quoted(selector), quoted(text));
        let script = format!("return (document.querySelector({selector})?.innerText ?? '').includes({text})");
        self.until(&format!("{text} in {selector}"), &script);
    }

    fn element(&self, selector: &str) -> String {
        self.until_there(selector);
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        found[ELEMENT].as_str().expect(selector).to_owned()
    }

    /// Clicks as a person does: what is hidden or covered cannot be clicked.
    pub fn click(&self, selector: &str) {
        let start = Instant::now();
        loop {
            let element = self.element(selector);
            let clicked = self.try_call(
                "POST",
                &format!("/session/{}/element/{element}/click", self.session),
                &json!({}),
            );
            match clicked {
                Ok(_) => return,
                // It was drawn anew in this moment.
                Err(error) if start.elapsed() < PATIENCE && error.contains("stale element") => {}
                // A message stands before it for a moment.
                Err(error) if start.elapsed() < PATIENCE && error.contains("click intercepted") => {
                    std::thread::sleep(Duration::from_millis(200));
                }
                Err(error) => panic!("{selector}: {error}"),
            }
        }
    }

    /// Replaces what stands in a field.
    pub fn fill(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.post(&format!("/element/{element}/clear"), &json!({}));
        self.post(&format!("/element/{element}/value"), &json!({ "text": text }));
    }

    /// Chooses a file in a field for files.
    pub fn give_file(&self, selector: &str, file: &Path) {
        let element = self.element(selector);
        self.post(&format!("/element/{element}/value"), &json!({ "text": file.to_str().unwrap() }));
    }

    /// Chooses an option by its value.
    pub fn choose(&self, selector: &str, value: &str) {
        let (selector, value) = (quoted(selector), quoted(value));
        let script = format!(
            "const node = document.querySelector({selector}); node.value = {value}; \
             node.dispatchEvent(new Event('change')); return node.value === {value}"
        );
        assert_eq!(self.run(&script), json!(true), "{selector} has no {value}");
    }

    /// Presses a key, wherever the focus is.
    pub fn press(&self, key: &str) {
        let keys = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        self.post("/actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": keys }] }));
    }

    /// What has the focus: its id, else its text.
    pub fn focus(&self) -> String {
        self.text("const node = document.activeElement; return node.id || node.innerText || node.tagName")
    }

    pub fn go(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    pub fn until_live(&self) {
        self.until("the page is live", "return document.querySelector('#connection.on') !== null");
    }

    pub fn reload(&self) {
        self.post("/refresh", &json!({}));
        self.until_live();
    }

    pub fn forget_cookies(&self) {
        self.call("DELETE", &format!("/session/{}/cookie", self.session), &Value::Null);
    }

    pub fn screenshot(&self, path: &Path) {
        let picture = self.call("GET", &format!("/session/{}/screenshot", self.session), &Value::Null);
        std::fs::write(path, decode_block(picture.as_str().unwrap()).unwrap()).unwrap();
    }

    /// Nothing was complained about, and nothing was asked of anybody but the sandbox.
    pub fn assert_clean(&self) {
        let log = self.post("/se/log", &json!({ "type": "browser" }));
        let complaints: Vec<&Value> = log
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| !matches!(entry["level"].as_str(), Some("INFO" | "DEBUG")))
            .collect();
        assert!(complaints.is_empty(), "{complaints:#?}");
        let asked = self.run("return performance.getEntriesByType('resource').map((entry) => entry.name)");
        for url in asked.as_array().unwrap() {
            assert!(url.as_str().unwrap().starts_with(&format!("{}/", self.origin)), "{url} was asked for");
        }
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", &format!("/session/{}{path}", self.session), body)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_call(method, path, body).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn try_call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE * 2)).unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).unwrap();
        // The driver keeps its connections open.
        let mut answer = Vec::new();
        let mut chunk = vec![0; 65_536];
        let (at, length) = loop {
            let read = stream.read(&mut chunk).unwrap();
            assert!(read > 0, "{path}: the driver's answer breaks off");
            answer.extend_from_slice(&chunk[..read]);
            let Some(at) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&answer[..at]).to_ascii_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length:")).expect("a length");
            let length: usize = length.trim().parse().unwrap();
            if answer.len() >= at + 4 + length {
                break (at + 4, length);
            }
        };
        let value: Value = serde_json::from_slice(&answer[at..at + length]).unwrap();
        let value = value["value"].clone();
        match value.get("error") {
            Some(error) if !answer.starts_with(b"HTTP/1.1 200") => {
                Err(format!("{error}: {}", value["message"]))
            }
            _ => Ok(value),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = self.try_call("DELETE", &format!("/session/{}", self.session), &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// As JavaScript writes a text.
pub fn quoted(text: &str) -> String {
    json!(text).to_string()
}
