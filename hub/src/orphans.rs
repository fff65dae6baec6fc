//! Requests whose till has not come back.
//!
//! While a till's own word holds, which is its deadline and two minutes, the hub repeats for it. After that it only asks, unless
//! `orphans` says otherwise: a redemption that is found is recorded, one that is not is never sent without the till. The end of
//! doubt is an event for the till.

use crate::config::Orphans;
use crate::http::Shared;
use crate::hub::Hub;
use crate::log;
use crate::rules;
use crate::store::{Failed, events, turns};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::watch as channel;
use tokio::task::spawn_blocking;
use wxcoupon::api;
use wxcoupon::journal::{Row, State};
use wxcoupon::net::cancel::Cancel;
use wxcoupon::report::Report;
use wxcoupon::status::Code;

/// How often open requests are looked through.
const EVERY: Duration = Duration::from_secs(2);
/// A request that stays open is tried again after this, then after twice as long, and so on.
const FIRST_PAUSE: Duration = Duration::from_secs(4);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Requests that are worked on at the same time.
pub const AT_ONCE: usize = 8;

/// What is done about a request now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Nothing: a person must look, or somebody works on it.
    Leave,
    /// Repeat it until it is answered.
    Complete,
    /// Ask, and send nothing of it.
    Ask,
    /// Call it off, or go on calling it off.
    Void,
}

/// A pure function of what is known.
pub fn deed(state: State, operation: &str, has_word: bool, orphans: Orphans) -> Deed {
    match state {
        State::Pending if has_word => Deed::Complete,
        State::Pending => match orphans {
            Orphans::Complete => Deed::Complete,
            Orphans::Void if api::is_redemption(operation) => Deed::Void,
            Orphans::Ask | Orphans::Void => Deed::Ask,
        },
        // It was called off, or refused and told so: that is the till's word already.
        State::Voiding | State::Watching => Deed::Void,
        State::RefusedWatched | State::Unresolved => Deed::Complete,
        _ => Deed::Leave,
    }
}

/// When a request is tried next, and how long to wait after that.
type Pauses = HashMap<String, (Instant, Duration)>;

/// Works until the hub stops.
pub async fn watch(shared: Shared, mut stopped: channel::Receiver<()>) {
    let mut pauses = Pauses::new();
    while tokio::time::timeout(EVERY, stopped.changed()).await.is_err() {
        let hub = Arc::clone(&shared.hub);
        let rows = spawn_blocking(move || hub.client.unfinished()).await;
        let rows = match rows {
            Ok(Ok(rows)) => rows,
            Ok(Err(error)) => {
                log::warn("orphans", &error.message);
                continue;
            }
            Err(_) => continue,
        };
        pauses.retain(|number, _| rows.iter().any(|row| *row.request.request_no == **number));
        let now = Instant::now();
        let due = rows.into_iter().filter_map(|row| {
            let number = row.request.request_no.to_string();
            let (next, pause) = pauses.entry(number).or_insert((now + FIRST_PAUSE, FIRST_PAUSE));
            let is_due = *next <= now;
            if is_due {
                *pause = (*pause * 2).min(LONGEST_PAUSE);
                *next = now + *pause;
            }
            is_due.then_some((row, *pause))
        });
        let due: Vec<(Row, Duration)> = due.collect();
        for some in due.chunks(AT_ONCE) {
            if shared.stopping.load(Ordering::Relaxed) {
                return;
            }
            let working: Vec<_> = some
                .iter()
                .map(|(row, pause)| {
                    let (hub, row, pause) = (Arc::clone(&shared.hub), row.clone(), *pause);
                    spawn_blocking(move || hub.look_after(&row, pause))
                })
                .collect();
            for working in working {
                let _ = working.await;
            }
        }
    }
}

impl Hub {
    /// Does what is to be done about one open request. It is tried again after the pause.
    fn look_after(&self, row: &Row, pause: Duration) {
        let number = &*row.request.request_no;
        let fresh;
        let row = if self.store.is_shared() {
            match self.is_my_turn(number, pause) {
                Ok(true) => {}
                Ok(false) => return,
                Err(failed) => return log::warn("orphans", failed.why()),
            }
            // Another hub may have ended it meanwhile, and told its till.
            let Ok(Some(now)) = self.client.row(number) else { return };
            if now.state.is_finished() {
                return;
            }
            fresh = now;
            &fresh
        } else {
            if self.client.is_worked_on(row) {
                return;
            }
            row
        };
        let owner = match self.owner(number) {
            Ok(owner) => owner,
            Err(failed) => return log::warn("orphans", failed.why()),
        };
        let Some(owner) = owner else {
            // The return of what was called off is the hub's own, and may have no answer although it was done. Anything else without an
            // owner was begun without the hub, and is its maker's.
            if row.state == State::Pending && rules::is_the_library_s(number) {
                self.client.ask_about(number, &Cancel::never());
            }
            return;
        };
        let deed = deed(row.state, &row.request.operation, owner.has_word, self.config.orphans);
        let settle = |aim: &str| {
            let input = json!({ "out_request_no": number, "aim": aim }).to_string();
            self.client.settle(Some(&input), &Cancel::never())
        };
        let report = match deed {
            Deed::Leave => return,
            Deed::Complete => settle("complete"),
            Deed::Ask => self.client.ask_about(number, &Cancel::never()),
            Deed::Void => settle("void"),
        };
        // A call of the till works on it, here or at another hub, and is told itself what became of it.
        if report.code != Code::Locked {
            self.tell(row, &owner.till, &report);
        }
    }

    /// Of all hubs one looks after a request, until it would be tried again.
    fn is_my_turn(&self, number: &str, pause: Duration) -> Result<bool, Failed> {
        let (what, id) = (format!("orphan {number}"), self.id.clone());
        let for_ms = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        self.store.write(move |sql| turns::take(sql, &what, &id, for_ms))
    }

    /// Tells the till if its request is not open any more.
    fn tell(&self, row: &Row, till: &str, report: &Report) {
        let number = row.request.request_no.to_string();
        let after = self.client.row(&number).ok().flatten();
        let Some(after) = after.filter(|after| after.state != row.state) else { return };
        log::line(
            wxcoupon::log::INFO,
            "orphan",
            json!({ "till": till, "number": number, "was": row.state.name(), "is": after.state.name(), "name": report.code.name() }),
        );
        if !after.state.is_finished() {
            return;
        }
        let body = json!({
            "operation": after.request.operation, "state": after.state.name(), "status": after.code,
        });
        let (till, body) = (till.to_owned(), body.to_string());
        let told =
            self.store.write(move |sql| events::add(sql, Some(&till), "settled", Some(&number), Some(&body)));
        if let Err(failed) = told {
            log::warn("store", failed.why());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_till_s_word_nothing_is_sent_without_being_asked_to() {
        for orphans in [Orphans::Ask, Orphans::Void, Orphans::Complete] {
            assert_eq!(deed(State::Pending, "use", true, orphans), Deed::Complete);
            assert_eq!(deed(State::Done, "use", false, orphans), Deed::Leave);
            assert_eq!(deed(State::Damaged, "use", false, orphans), Deed::Leave);
            assert_eq!(deed(State::Watching, "use", false, orphans), Deed::Void);
            assert_eq!(deed(State::Voiding, "use", true, orphans), Deed::Void);
            assert_eq!(deed(State::RefusedWatched, "use", true, orphans), Deed::Complete);
        }
        assert_eq!(deed(State::Pending, "use", false, Orphans::Ask), Deed::Ask);
        assert_eq!(deed(State::Pending, "use", false, Orphans::Void), Deed::Void);
        assert_eq!(deed(State::Pending, "return", false, Orphans::Void), Deed::Ask);
        assert_eq!(deed(State::Pending, "use", false, Orphans::Complete), Deed::Complete);
    }
}
