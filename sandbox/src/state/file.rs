//! Keeps the state in a file across restarts.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::State;
use super::saved::Saved;
use crate::error::{Error, Result};
use crate::sync::Lifecycle;
use crate::text::Text;

/// What this version writes.
const VERSION: u32 = 1;
/// How often changes are written.
const PERIOD: Duration = Duration::from_secs(1);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    wxcoupon_sandbox_state: u32,
    #[serde(rename = "world")]
    state: Saved,
    /// What others keep beside the state.
    #[serde(default)]
    made: Value,
}

/// Whoever keeps something in the file beside the state.
pub(crate) trait Beside: Send + Sync {
    fn saved(&self) -> Value;

    /// Grows with every change.
    fn changes(&self) -> u64;
}

/// Puts what the file holds in the place of the state; a file that is not
/// there yet leaves it as it is. What was saved beside the state is returned.
pub(crate) fn load(path: &Path, state: &State) -> Result<Value> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Value::Null),
        Err(error) => return Err(Error::file(path, error)),
    };
    let damaged = |reason: Text| Error::State { path: path.to_path_buf(), reason };
    let content: Content = serde_json::from_slice(&text).map_err(|error| damaged(error.into()))?;
    if content.wxcoupon_sandbox_state != VERSION {
        let version = content.wxcoupon_sandbox_state;
        return Err(damaged(Text::new(
            format!("is of version {version}, not {VERSION}"),
            format!("版本是 {version}，应为 {VERSION}"),
        )));
    }
    state.restore(content.state);
    Ok(content.made)
}

/// Writes the state beside the file, then puts that in its place.
fn save(path: &Path, state: &State, beside: &dyn Beside) -> Result<()> {
    let made = beside.saved();
    let content = Content { wxcoupon_sandbox_state: VERSION, state: state.saved(), made };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = path.with_file_name(name);
    let write = || -> io::Result<()> {
        let mut file = BufWriter::new(File::create(&fresh)?);
        serde_json::to_writer(&mut file, &content)?;
        file.flush()?;
        file.get_ref().sync_all()?;
        fs::rename(&fresh, path)
    };
    write().map_err(|error| Error::file(path, error))
}

/// A thread that saves every second while anything changes, and at the end.
#[derive(Debug)]
pub(crate) struct Saver(Option<JoinHandle<()>>);

impl Saver {
    /// Saves once, so that a path that cannot be written is known at the start.
    pub(crate) fn start(
        path: PathBuf,
        state: &Arc<State>,
        beside: Arc<dyn Beside>,
        lifecycle: &Arc<Lifecycle>,
    ) -> Result<Self> {
        let mut saved = (state.changes(), beside.changes());
        save(&path, state, &*beside)?;
        let (state, lifecycle) = (Arc::clone(state), Arc::clone(lifecycle));
        let run = move || {
            loop {
                let ends = lifecycle.stop.sleep(PERIOD);
                if ends {
                    // Requests that are still being answered belong into the file.
                    lifecycle.connections.wait_for_zero(PERIOD);
                }
                let now = (state.changes(), beside.changes());
                if now != saved {
                    match save(&path, &state, &*beside) {
                        Ok(()) => saved = now,
                        Err(error) => complain(&error),
                    }
                }
                if ends {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("saver".to_owned()).spawn(run).map_err(Error::Thread)?;
        Ok(Self(Some(thread)))
    }

    /// Waits for the last saving; the sandbox must have been told to stop.
    pub(crate) fn finish(&mut self) {
        if let Some(thread) = self.0.take() {
            let _ = thread.join();
        }
    }
}

/// Nobody else would notice that the state is no longer kept.
fn complain(error: &Error) {
    let _ = writeln!(io::stderr().lock(), "wxcoupon-sandbox: state not saved: {error}");
}
