//! A line that moves while something takes long, on a terminal.

use crate::screen::Screen;
use std::io::Write as _;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use wxcoupon::system;

/// A call that is done sooner shows nothing.
const QUIET: Duration = Duration::from_millis(400);
const EVERY: Duration = Duration::from_millis(200);
const BAR: usize = 20;

/// Runs the work, and shows a line while it runs. `told` says what, and how much is done of how much.
pub fn during<R: Send>(
    screen: &Screen,
    told: impl Fn() -> (String, Option<(usize, usize)>),
    work: impl FnOnce() -> R + Send,
) -> R {
    if !screen.shows_progress {
        return work();
    }
    let began = system::now();
    let (done, ended) = channel::<()>();
    std::thread::scope(|scope| {
        let working = scope.spawn(move || {
            let result = work();
            drop(done);
            result
        });
        let mut pause = QUIET;
        while matches!(ended.recv_timeout(pause), Err(RecvTimeoutError::Timeout)) {
            pause = EVERY;
            let seconds = system::now().saturating_duration_since(began).as_secs();
            let (what, part) = told();
            let _ = write!(std::io::stderr(), "\r\u{1b}[K{}{what}  {seconds} s", bar(part));
            let _ = std::io::stderr().flush();
        }
        if pause == EVERY {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
        match working.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn bar(part: Option<(usize, usize)>) -> String {
    match part {
        Some((done, all)) if all > 0 => {
            let full = (done.min(all) * BAR) / all;
            format!("[{}{}] ", "#".repeat(full), "-".repeat(BAR - full))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_as_full_as_the_work_is_done() {
        assert_eq!(bar(None), "");
        assert_eq!(bar(Some((0, 0))), "");
        assert_eq!(bar(Some((1, 2))), "[##########----------] ");
        assert_eq!(bar(Some((9, 3))).matches('#').count(), BAR);
    }
}
