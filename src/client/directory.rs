//! Feeds the directory with what proven answers and notifications say, and removes what is too old.
//!
//! Whatever fails here is logged, and changes nothing of the call's report.

use super::{Client, OutgoingRequest};
use crate::api::{self, BUSIFAVOR};
use crate::directory::{self, Directory, Entry, Family};
use crate::error::Error;
use crate::mode::Mode;
use crate::report::Report;
use crate::status::Code;
use crate::system;
use crate::wire::notification::Notification;
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After a failure, nothing is fed for this time, so that no call waits again for a file that is locked.
const REST: Duration = Duration::from_secs(10);
/// How often entries that are too old are looked for.
const FORGOTTEN_EVERY_S: i64 = 60 * 60;

/// When the directory is used next.
#[derive(Debug, Default)]
pub(super) struct Feeding(Mutex<Schedule>);

#[derive(Debug, Default)]
struct Schedule {
    rests_until: Option<Instant>,
    /// Proven time, in seconds since 1970.
    forgets_at_s: i64,
}

impl Client {
    /// The same context with a directory.
    #[must_use]
    pub fn with_directory(self, directory: Option<Arc<dyn Directory>>) -> Client {
        Client { directory, ..self }
    }

    /// The directory, or what is missing.
    pub(super) fn directory(&self) -> Result<&dyn Directory, Error> {
        self.directory.as_deref().ok_or_else(|| {
            let message = "the directory of coupons is off: set \"directory\": true in the configuration";
            Error::at(Code::Config, "/directory", message)
        })
    }

    /// The members of a question about a 商家券, with the coupon's owner if this machine knows it. Others name their owner.
    pub(super) fn with_owner(
        &self,
        request: &OutgoingRequest<'_>,
        mut members: Map<String, Value>,
    ) -> Map<String, Value> {
        let is_older =
            request.operation.is_some_and(|operation| std::ptr::eq(operation.family, &raw const BUSIFAVOR));
        if is_older {
            self.add_owner(&mut members);
            self.add_owner_of_redemption(request, &mut members);
        }
        members
    }

    /// Whether a redemption's answer names another openid than the request, or than the directory where the request names none.
    /// It may be the same person: under another app id a user has another openid.
    pub(super) fn names_another_owner(&self, request: &OutgoingRequest<'_>) -> bool {
        let named = request.known_members();
        let own = self.with_owner(request, request.members.clone());
        named.get("openid").zip(own.get("openid")).is_some_and(|(named, own)| named != own)
    }

    /// Completes a question whose redemption named no owner, if the directory knows exactly one. A wrong owner has
    /// no such coupon, which is no evidence.
    fn add_owner(&self, members: &mut Map<String, Value>) {
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let (Some(directory), Some(code), None) = (&self.directory, text("coupon_code"), text("openid"))
        else {
            return;
        };
        let stock = text("stock_id");
        let known = directory.find(code).unwrap_or_default().into_iter();
        let mut owners = known
            .filter(|entry| {
                entry.family == Family::Busifavor && stock.is_none_or(|stock| stock == entry.stock_id)
            })
            .filter_map(|entry| Some((entry.openid?, entry.appid)));
        if let (Some((openid, appid)), None) = (owners.next(), owners.next()) {
            members.insert("openid".into(), openid.into());
            if let Some(appid) = appid {
                members.insert("appid".into(), appid.into());
            }
        }
    }

    /// The same for a return or a deactivation, if this journal has the answer to a redemption of the coupon.
    fn add_owner_of_redemption(&self, request: &OutgoingRequest<'_>, members: &mut Map<String, Value>) {
        let Some(claim) = request.claim else { return };
        if members.contains_key("openid") || api::is_redemption(request.id) {
            return;
        }
        let stock = members.get("stock_id").cloned();
        let redemptions = self.journal.answered_redemptions(&claim.row).unwrap_or_default();
        let mut owners: Vec<_> = redemptions
            .iter()
            .map(|row| OutgoingRequest::recorded(row).known_members())
            .filter(|known| known.contains_key("stock_id") && known.get("stock_id") == stock.as_ref())
            .filter_map(|known| Some((known.get("openid")?.clone(), known.get("appid")?.clone())))
            .collect();
        owners.dedup();
        if let [(openid, appid)] = owners.as_slice() {
            members.insert("openid".into(), openid.clone());
            members.insert("appid".into(), appid.clone());
        }
    }

    /// The only brand that a context of brand mode knows.
    pub(super) fn own_brand(&self) -> Option<&str> {
        let identity = &self.config.identity;
        (identity.mode == Mode::Brand).then_some(identity.id.as_str())
    }

    /// Whether answers of that operation are remembered.
    pub(super) fn remembers(&self, operation: &str) -> bool {
        self.directory.is_some() && directory::told::family(operation).is_some()
    }

    /// Remembers the coupons that a proven answer shows. `members` are those of the request as it was sent.
    pub(super) fn remember_answer(&self, operation: &str, members: &Map<String, Value>, report: &Report) {
        let (Some(_), Some(family)) = (&self.directory, directory::told::family(operation)) else { return };
        // A recorded answer was proven when it was recorded.
        let is_proven = report.code == Code::Ok && (report.proven.is_some() || report.recorded);
        if let Some(data) = report.data.as_ref().filter(|_| is_proven) {
            self.feed(directory::told::by_answer(family, members, data.get(), self.own_brand()));
        }
    }

    /// Remembers the coupon that a proven notification says was issued.
    pub(super) fn remember_notification(&self, opened: &Notification) {
        if self.directory.is_some() {
            let resource = opened.resource.get();
            let told = directory::told::by_notification(&opened.event_type, resource, self.own_brand());
            self.feed(told.into_iter().collect());
        }
    }

    fn feed(&self, entries: Vec<Entry>) {
        let Some(directory) = self.directory.as_deref().filter(|_| !entries.is_empty()) else { return };
        if self.feeding.rests() {
            return;
        }
        let fed = directory.remember(entries).and_then(|()| self.forget_expired(directory));
        if let Err(error) = fed {
            self.feeding.rest();
            crate::log::warn(format_args!("what came is not kept in the directory: {}", error.message));
        }
    }

    /// Removes what is too old by proven time, some of it at a time. This machine's own clock may be wrong, and must not wipe
    /// the directory.
    pub(super) fn forget_expired(&self, directory: &dyn Directory) -> Result<(), Error> {
        let Some(now_s) = self.clock.proven_s().filter(|now_s| self.feeding.forgets(*now_s)) else {
            return Ok(());
        };
        let removed = directory.forget_expired(now_s)?;
        let next_s = if removed == 0 { now_s.saturating_add(FORGOTTEN_EVERY_S) } else { now_s };
        self.feeding.forget_again_at(next_s);
        Ok(())
    }

    /// Removes all that is too old by proven time.
    pub(super) fn forget_all_expired(&self, directory: &dyn Directory) -> Result<(), Error> {
        let Some(now_s) = self.clock.proven_s() else { return Ok(()) };
        while directory.forget_expired(now_s)? > 0 {}
        Ok(())
    }
}

impl Feeding {
    fn with<T>(&self, work: impl FnOnce(&mut Schedule) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn rests(&self) -> bool {
        self.with(|schedule| schedule.rests_until.is_some_and(|until| system::now() < until))
    }

    fn rest(&self) {
        self.with(|schedule| schedule.rests_until = Some(system::now() + REST));
    }

    fn forgets(&self, now_s: i64) -> bool {
        self.with(|schedule| now_s >= schedule.forgets_at_s)
    }

    fn forget_again_at(&self, next_s: i64) {
        self.with(|schedule| schedule.forgets_at_s = next_s);
    }
}
