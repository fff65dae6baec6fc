//! Who has signed in: browsers keep a name of their session, never the token.
//!
//! Cookies do not tell ports apart, so a browser brings them to the hosts too, where they would get into the log.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use openssl::sha::sha256;

use crate::crypto::random;
use crate::error::Result;
use crate::sync::lock;

/// Browsers that are signed in at once; the one that came first has to sign in again.
const MOST: usize = 1000;
/// How long a browser may take to start.
const CODE_LASTS: Duration = Duration::from_secs(120);

/// Sessions, and codes that sign in once.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Hashes of their names.
    sessions: VecDeque<[u8; 32]>,
    codes: VecDeque<([u8; 32], Instant)>,
}

impl Sessions {
    /// The name of a new session.
    pub(super) fn open(&self) -> Result<String> {
        let name = random::alphanumeric(32)?;
        let mut inner = lock(&self.0);
        if inner.sessions.len() >= MOST {
            inner.sessions.pop_front();
        }
        inner.sessions.push_back(sha256(name.as_bytes()));
        Ok(name)
    }

    pub(super) fn knows(&self, name: &str) -> bool {
        lock(&self.0).sessions.contains(&sha256(name.as_bytes()))
    }

    /// A code for the address of a browser that is about to be started: others see command lines.
    pub(crate) fn code(&self) -> Result<String> {
        let code = random::alphanumeric(32)?;
        let mut inner = lock(&self.0);
        inner.codes.truncate(MOST - 1);
        inner.codes.push_front((sha256(code.as_bytes()), Instant::now()));
        Ok(code)
    }

    /// Whether a code is good; it no longer is afterwards.
    pub(super) fn redeem(&self, code: &str) -> bool {
        let hash = sha256(code.as_bytes());
        let codes = &mut lock(&self.0).codes;
        codes.retain(|(_, made)| made.elapsed() < CODE_LASTS);
        let known = codes.len();
        codes.retain(|(known, _)| *known != hash);
        codes.len() < known
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn codes_are_good_once_and_sessions_until_too_many_came() {
        let sessions = Sessions::default();
        let code = sessions.code().unwrap();
        assert!(!sessions.redeem("another") && sessions.redeem(&code) && !sessions.redeem(&code));
        let first = sessions.open().unwrap();
        assert!(sessions.knows(&first) && !sessions.knows(""));
        (0..MOST).for_each(|_| drop(sessions.open().unwrap()));
        assert!(!sessions.knows(&first));
    }
}
