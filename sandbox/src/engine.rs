//! What the listeners share.

use std::io::{self, Write};
use std::sync::{OnceLock, Weak};
use std::time::Duration;

use crate::clock::rfc3339;
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::fault::menu::Menu;
use crate::host::Host;
use crate::http::reply::Reply;
use crate::journal::{Journal, RequestEntry};
use crate::keys::Keys;
use crate::mode::Mode;
use crate::options::Options;
use crate::post::Post;
use crate::rates::RateLimits;
use crate::replies::Replies;
use crate::signing::Signing;
use crate::stats::Counters;
use crate::sync::{Flag, Gauge};
use crate::world::World;
use crate::world::notify::check_url;

/// Everything the listeners share.
pub(crate) struct Engine {
    pub(crate) world: World,
    pub(crate) keys: Keys,
    pub(crate) menu: Menu,
    pub(crate) journal: Journal,
    /// What [`crate::FaultKind::Replay`] gives again.
    pub(crate) replies: Replies,
    pub(crate) counters: Counters,
    pub(crate) rates: RateLimits,
    pub(crate) signing: Signing,
    /// Delivers notifications.
    pub(crate) post: Post,
    pub(crate) options: Options,
    /// Raised when the sandbox stops.
    pub(crate) stop: Flag,
    /// Raised when somebody asks the program to end.
    pub(crate) end_wanted: Flag,
    /// Running connection threads.
    pub(crate) threads: Gauge,
    /// Base URLs of the two hosts, known once they listen.
    pub(crate) urls: OnceLock<[String; 2]>,
    /// The API's ports, known once they listen.
    pub(crate) hosts: OnceLock<Vec<Weak<Host>>>,
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    Reply { reply: Reply, wait: Duration },
    Reset,
    Hang,
}

impl Engine {
    pub(crate) fn new(options: Options, keys: Keys) -> Result<Self> {
        if let Some(url) = &options.notify_url {
            check_url(url).map_err(|issue| Error::Notification(format!("{url} {issue}")))?;
        }
        let world = World::new();
        world.set_notify_url(Mode::Partner, options.notify_url.as_deref());
        Ok(Self {
            world,
            signing: Signing::new(&keys, options.sign_with, options.public_key_only)?,
            post: Post::new(options.notify_interval, options.notify_timeout),
            keys,
            menu: Menu::default(),
            replies: Replies::default(),
            journal: Journal::new(options.log_capacity),
            counters: Counters::default(),
            rates: RateLimits::new(&options),
            options,
            stop: Flag::default(),
            end_wanted: Flag::default(),
            threads: Gauge::default(),
            urls: OnceLock::new(),
            hosts: OnceLock::new(),
        })
    }

    /// Logs a connection that a fault ended before there was a request.
    pub(crate) fn note_connection(&self, host: usize, fault: &Fault) {
        let entry = RequestEntry {
            host,
            time: rfc3339(self.world.clock.now()),
            fault: Some(fault.kind.name()),
            ..RequestEntry::default()
        };
        self.note(entry, None);
    }

    pub(crate) fn note(&self, entry: RequestEntry, took: Option<Duration>) {
        if !self.options.quiet {
            // Nobody may be reading; that is no reason to stop.
            let _ = writeln!(io::stderr().lock(), "{}", crate::line::of(&entry, took));
        }
        self.journal.add(entry);
    }

    /// Keeps a coupon locked for a while, unless somebody else does already.
    pub(crate) fn process_slowly(&self, coupon_code: &str, time: Duration) {
        if self.world.start_busy(coupon_code) {
            self.stop.sleep(time);
            self.world.end_busy(coupon_code);
        }
    }
}
