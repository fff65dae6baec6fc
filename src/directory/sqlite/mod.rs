//! A directory in an `SQLite` file of its own, or in memory.
//!
//! A damaged file is set aside and a new one begun, because everything in it can be told again.

mod file;
mod rows;

use super::{Directory, Entry, Overview, merge};
use crate::error::{Error, Result};
use crate::status::Code;
use crate::system;
use file::{Failure, Opened};
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A file that could not be opened is tried again after this time.
const OPENED_AGAIN: Duration = Duration::from_secs(5);
/// How often one call begins anew with another file.
const TRIES: usize = 3;
/// Steps of one call. The till waits meanwhile.
const STEPS: usize = 2;

/// The directory of one context.
#[derive(Debug)]
pub struct Sqlite {
    /// `None`: in memory.
    path: Option<PathBuf>,
    merchant: String,
    state: Mutex<State>,
    /// The latest time that a caller has named, in seconds since 1970. 0: none has.
    proven_s: AtomicI64,
}

#[derive(Debug, Default)]
struct State {
    opened: Option<Opened>,
    /// Why the file could not be opened, and when.
    failed: Option<(Instant, String)>,
}

/// The error for a directory that cannot be used.
pub fn unusable(why: String) -> Error {
    Error::at(Code::Journal, "/directory", format!("the directory of coupons cannot be used: {why}"))
        .hint(
            "Redemptions go on. Look at the disk, and at the file named as the journal with .directory behind it; it may be \
             removed while no program uses it, and is made anew.",
        )
        .cashier("本机券码目录不可用,请改用其他方式查询顾客的券")
}

impl Sqlite {
    /// Over that file, which is opened or made now, or later if that fails.
    pub fn new(path: Option<PathBuf>, merchant: &str) -> Sqlite {
        let directory = Sqlite {
            path,
            merchant: merchant.to_owned(),
            state: Mutex::default(),
            proven_s: AtomicI64::new(0),
        };
        if let Err(error) = directory.with(|_| Ok(())) {
            crate::log::error(format_args!("{}", error.message));
        }
        directory
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works with the open file. It is opened first where it must be, and anew where it was replaced or damaged.
    fn with<T>(&self, work: impl Fn(&Opened) -> std::result::Result<T, Failure>) -> Result<T> {
        let mut told = Vec::new();
        let done = self.tried(&work, &mut told);
        // Not before: who takes the log's lines may call this library.
        for line in told {
            crate::log::error(format_args!("the directory of coupons: {line}"));
        }
        done.map_err(|failure| self.unusable(&failure))
    }

    fn tried<T>(
        &self,
        work: &impl Fn(&Opened) -> std::result::Result<T, Failure>,
        told: &mut Vec<String>,
    ) -> std::result::Result<T, Failure> {
        let mut state = self.state();
        let mut last = Failure::Other(String::new());
        for _ in 0..TRIES {
            let done = match &state.opened {
                Some(opened) => work(opened),
                None => self.open(&mut state).and_then(work),
            };
            last = match done {
                Ok(done) => return Ok(done),
                Err(Failure::Gone(why)) => {
                    state.opened = None;
                    told.push(format!("it is opened anew: {why}"));
                    Failure::Gone(why)
                }
                Err(Failure::Damaged(why)) => {
                    state.opened = None;
                    let set_aside = self.set_aside(&why);
                    if let Err(why) = &set_aside {
                        state.failed = Some((system::now(), why.clone()));
                    }
                    told.extend(set_aside.map_err(Failure::Other)?);
                    Failure::Damaged(why)
                }
                Err(failure) => {
                    if let (Failure::NoRoom(_), Some(opened)) = (&failure, &state.opened) {
                        opened.empty_log();
                    }
                    return Err(failure);
                }
            };
        }
        Err(last)
    }

    fn open<'s>(&self, state: &'s mut State) -> std::result::Result<&'s Opened, Failure> {
        if let Some((when, why)) = &state.failed
            && system::now().saturating_duration_since(*when) < OPENED_AGAIN
        {
            return Err(Failure::Other(why.clone()));
        }
        let opened = self.path.as_deref().map_or_else(Opened::in_memory, Opened::file);
        state.failed = match &opened {
            Err(Failure::Busy(why) | Failure::NoRoom(why) | Failure::Other(why)) => {
                Some((system::now(), why.clone()))
            }
            _ => None,
        };
        Ok(state.opened.insert(opened?))
    }

    /// Says what was done.
    fn set_aside(&self, why: &str) -> std::result::Result<Option<String>, String> {
        let Some(path) = &self.path else { return Ok(None) };
        file::set_aside(path)?;
        let (path, aside) = (path.display(), file::aside(path));
        let aside = aside.display();
        Ok(Some(format!(
            "{path} is damaged ({why}): it was set aside as {aside}, and a new one is begun. Import what is missing"
        )))
    }

    fn unusable(&self, failure: &Failure) -> Error {
        let error = match &self.path {
            Some(path) => unusable(format!("{}: {failure}", path.display())),
            None => unusable(failure.to_string()),
        };
        Error { no_room: matches!(failure, Failure::NoRoom(_)), ..error }
    }

    /// Removes step by step, as long as there is something and at most `most` steps. Others may write between two steps.
    fn removed(&self, most: usize, step: impl Fn(&Connection) -> rusqlite::Result<usize>) -> Result<u64> {
        let mut removed = 0;
        for _ in 0..most {
            let now = self.with(|opened| opened.change(0, &step))?;
            removed += u64::try_from(now).unwrap_or(u64::MAX);
            if now == 0 {
                break;
            }
        }
        Ok(removed)
    }
}

impl Directory for Sqlite {
    fn find(&self, coupon_code: &str) -> Result<Vec<Entry>> {
        self.with(|opened| opened.read(|db| rows::find(db, &self.merchant, coupon_code)))
    }

    fn remember(&self, entries: Vec<Entry>) -> Result<()> {
        let entries: Vec<Entry> = entries.into_iter().map(merge::cleaned).collect();
        let now_s = Some(self.proven_s.load(Ordering::Relaxed)).filter(|proven_s| *proven_s > 0);
        self.with(|opened| {
            // Most of what a till asks about was told before. Reading waits for nobody.
            if opened.read(|db| rows::are_known(db, &self.merchant, &entries))? {
                return Ok(());
            }
            opened.change(entries.len(), |db| {
                entries.iter().try_for_each(|entry| rows::remember(db, &self.merchant, entry, now_s))
            })
        })
    }

    fn forget_user(&self, openid: &str) -> Result<u64> {
        let removed = self.removed(usize::MAX, |db| rows::forget_user(db, &self.merchant, openid))?;
        self.with(|opened| {
            opened.empty_log();
            Ok(())
        })?;
        // Nobody can say what stands in a damaged file.
        if let Some(path) = &self.path {
            file::remove_aside(path).map_err(unusable)?;
        }
        Ok(removed)
    }

    fn forget_expired(&self, now_s: i64) -> Result<u64> {
        self.proven_s.fetch_max(now_s, Ordering::Relaxed);
        self.removed(STEPS, |db| rows::forget_expired(db, now_s))
    }

    fn give_way(&self) {
        if let Some(opened) = &self.state().opened {
            opened.empty_log();
        }
    }

    fn was_set_aside(&self) -> bool {
        self.path.as_deref().is_some_and(|path| file::aside(path).exists())
    }

    fn look_over(&self) -> Result<Overview> {
        let (entries, bytes) = self.with(Opened::look_over)?;
        let set_aside = self.path.as_deref().map(file::aside).filter(|aside| aside.exists());
        Ok(Overview { entries, bytes, path: self.path.clone(), set_aside })
    }
}
