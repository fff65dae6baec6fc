//! Why a subcommand could not answer.

use crate::language::Text;
use crate::screen::Screen;
use wxcoupon::error::Error;
use wxcoupon::report::Report;
use wxcoupon::status::Code;

/// A failure that is told instead of an answer.
#[derive(Debug)]
pub enum Failure {
    /// The library refused.
    Library(Box<Report>),
    /// The command itself did: its class, and why.
    Own(u8, String),
}

/// The exit status, which is a class.
pub type Outcome = Result<u8, Failure>;

/// The exit status of a call that was wrong (class 1), command lines included.
pub const MISUSE: u8 = 1;
/// The exit status where this machine is wrong (class 2).
pub const LOCAL: u8 = 2;

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Library(Box::new(error.into()))
    }
}

impl Failure {
    /// The caller is wrong.
    pub fn misuse(screen: &Screen, text: Text, values: &[(&str, &str)]) -> Failure {
        Failure::Own(MISUSE, screen.with(text, values))
    }

    /// This machine is wrong.
    pub fn local(screen: &Screen, text: Text, values: &[(&str, &str)]) -> Failure {
        Failure::Own(LOCAL, screen.with(text, values))
    }

    /// What failed, in one line.
    pub fn message(&self) -> String {
        match self {
            Failure::Library(report) => format!("{}: {}", report.code.name(), report.message),
            Failure::Own(_, message) => message.clone(),
        }
    }

    /// As an answer of the library.
    pub fn report(self) -> Report {
        match self {
            Failure::Library(report) => *report,
            Failure::Own(class, message) => {
                let code = if class == LOCAL { Code::Config } else { Code::Request };
                Report { message, ..Report::new(code) }
            }
        }
    }

    /// Tells it, and says the exit status.
    pub fn tell(self, screen: &Screen) -> u8 {
        match self {
            Failure::Own(class, message) if !screen.json => {
                screen.remark(&format!("wxcoupon: {message}"));
                class
            }
            failure => crate::answer::show(screen, &failure.report()),
        }
    }
}
