//! What is looked at while the world goes on: at every departure, every line of the ledger, every word told.

use super::{Broken, Call, Invariant, Kind, Sale, Verdict, meaning};
use crate::adversary::Move;
use crate::random::keyed_hash;
use crate::till::plan::Stores;
use crate::wechat::coupon::{State, Usage, What};
use crate::wechat::message::{Asks, Copy, Request};
use crate::world::{MINUTE, MachineId, Moment, Purpose, World};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use wxcoupon::report::Report;
use wxcoupon::status::{Class, Code};

/// A return by somebody else is known after that time.
const LONG_GONE: u64 = 10 * MINUTE;

impl World {
    fn breaks(&mut self, invariant: Invariant, words: impl FnOnce() -> String) {
        let broken = Broken::new(invariant, self.now, words());
        self.oracle.broken(broken);
    }

    /// A writing request leaves a machine.
    pub fn oracle_departs(&mut self, asks: Asks, number: &str, request: &Request) {
        let (Some(running), Some(process)) = (self.running(), self.process()) else { return };
        let machine = self.processes[process].machine;
        let purpose = self.task().map_or(Purpose::Call, |task| task.purpose);
        let digest = keyed_hash(keyed_hash(1, request.target.as_bytes()), &request.body);
        let number: Arc<str> = number.into();
        if let Some((_, _, other)) =
            self.oracle.sending.iter().find(|(at, held, _)| *at == machine && *held == number)
        {
            let other = *other;
            let is_unseen = |task| self.processes[self.process_of(task)].is_unseen;
            // Where nobody can tell who is alive, one that stood still may send what it has signed before.
            let may_be_late = self.machines[machine].disk.stores == Stores::Leased;
            // Without a number it is a question, or nobody could tell.
            if !number.is_empty() && !may_be_late && !is_unseen(running) && !is_unseen(other) {
                self.breaks(Invariant::TwoAtOnce, || {
                    format!(
                        "{number} is sent by call {running} while call {other} still waits for an answer under it"
                    )
                });
            }
        }
        self.oracle.sending.push((machine, Arc::clone(&number), running));
        let flipped = self.adversary.made.iter().any(|made| made.made == Move::BitFlip);
        let may = flipped && !self.adversary.allows(Move::ResendsDamaged);
        if self.oracle.sale(machine, &number).is_none()
            && !number.is_empty()
            && !number.starts_with('V')
            && !may
        {
            self.breaks(Invariant::BytesNeverDiffer, || {
                format!("{number} is sent, which no till has ever given")
            });
            return;
        }
        let Some(sale) = self.oracle.sales.get_mut(&(machine, Arc::clone(&number))) else { return };
        if *sale.sent.get_or_insert(digest) != digest && !may {
            self.breaks(Invariant::BytesNeverDiffer, || {
                format!("{number} is sent with other bytes than before: {}", lossy(&request.body))
            });
            return;
        }
        let settles = purpose != Purpose::Call;
        if asks == Asks::Use && settles && matches!(sale.verdict, Verdict::DidNot | Verdict::CalledOff) {
            let verdict = sale.verdict;
            self.breaks(Invariant::SettlingRedeemsRefused, || {
                format!("settling sends the redemption {number}, of which the till was told: {verdict:?}")
            });
        }
        if self.machines[machine].disk.would_forget(&number) {
            self.breaks(Invariant::SentBeforeFlushed, || {
                format!("{number} is sent, and a power cut now would make the journal forget it")
            });
        }
    }

    /// The answer is here, or the wait for it is over.
    pub fn arrived_home(&mut self, _: Option<&str>) {
        if let Some(running) = self.running() {
            self.oracle.forget_sending(running);
        }
    }

    /// The ledger has new lines.
    pub fn ledger_grew(&mut self, copy: Option<&Copy>) {
        for (coupon, entry) in std::mem::take(&mut self.wechat.fresh) {
            let (What::Returned, Some(undone)) = (entry.what, &entry.undoes) else { continue };
            if !entry.number.starts_with('V') {
                self.returned_by_till(&entry.number, undone, copy);
                continue;
            }
            let Some((machine, voided)) = self.whose_return(&entry.number) else { continue };
            let code = Arc::clone(&self.wechat.coupons[coupon].code);
            if voided != *undone {
                // Where no answer names what was undone, nobody can know.
                if !self.adversary.allows(Move::RedeemsOverReturn) || !self.names_what_was_undone(coupon) {
                    continue;
                }
                // What the till is told of it decides.
                self.machines[machine].undone_by_mistake.insert(Arc::clone(&voided), Arc::clone(undone));
                continue;
            }
            let Some(sale) = self.oracle.sale(machine, &voided) else { continue };
            if sale.verdict == Verdict::Happened && !sale.void_asked {
                self.breaks(Invariant::SettlingUndoesSuccess, || {
                    format!("{} undoes {voided} on {code}, which was told as redeemed", entry.number)
                });
            }
        }
    }

    fn names_what_was_undone(&self, coupon: usize) -> bool {
        match self.wechat.coupons[coupon].usage {
            Usage::Single | Usage::Bundle => self.wechat.settings.keeps_use_number,
            Usage::Sequential(_) => true,
            Usage::Future | Usage::Busifavor => false,
        }
    }

    /// A till's own return has undone a redemption: one that was told as done before settling sent the return again is not
    /// the one that it was for.
    fn returned_by_till(&mut self, number: &str, undone: &Arc<str>, copy: Option<&Copy>) {
        let Some(copy) = copy.filter(|copy| copy.settles) else { return };
        let Some(other) = self.oracle.sale(copy.machine, undone) else { return };
        let began = self.oracle.sale(copy.machine, number).map(|sale| sale.began_anew);
        let is_younger = other.done.is_some_and(|done| done < copy.left)
            && began.is_some_and(|began| began < other.began)
            && other.verdict == Verdict::Happened;
        if is_younger && self.adversary.allows(Move::RedeemsOverReturn) {
            self.breaks(Invariant::SettlingUndoesSuccess, || {
                format!("settling sends return {number}, which undoes {undone}, a redemption that was told as done since")
            });
        }
    }

    /// The number that a return of the library's own belongs to.
    fn whose_return(&self, number: &str) -> Option<(MachineId, Arc<str>)> {
        let mine = |sale: &str| {
            let digest = Sha256::digest(format!("void {sale}"));
            let digits = number.as_bytes()[1..].chunks(2).map(|pair| {
                std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
            });
            digits.eq(digest.iter().take(19).map(|byte| Some(*byte)))
        };
        self.oracle.sales.keys().find(|(_, sale)| mine(sale)).cloned()
    }

    /// A call has ended, and the till was told.
    pub fn told(&mut self, call: &Call, report: &Report) {
        *self.oracle.told.entry(report.code.number()).or_default() += 1;
        let class = report.code.class();
        if class == Class::Bug {
            self.breaks(Invariant::NothingPanics, || format!("{}: {}", report.code.name(), report.message));
        }
        if !call.asks.writes() {
            if class == Class::InDoubt {
                self.breaks(Invariant::QuestionInDoubt, || report.code.name().into());
            }
            self.told_of_coupon(call, report);
            return;
        }
        let Some(mut sale) = self.oracle.sales.remove(&(call.machine, Arc::clone(&call.number))) else {
            return;
        };
        sale.running = sale.running.saturating_sub(1);
        self.told_of_number(call, report, &mut sale);
        self.oracle.sales.insert((call.machine, Arc::clone(&call.number)), sale);
    }

    fn told_of_number(&mut self, call: &Call, report: &Report, sale: &mut Sale) {
        let class = report.code.class();
        let heard = match call.kind {
            Kind::Void => match class {
                Class::Ok => Some(Verdict::CalledOff),
                // The wish is written down, or the row is as it was.
                Class::InDoubt => Some(Verdict::Doubt),
                _ => None,
            },
            _ => meaning(report),
        };
        let doubted = sale.verdict == Verdict::Doubt && sale.doubted.is_some_and(|at| at < call.began);
        let doubted_since = sale.doubted.is_some_and(|at| at >= call.began);
        let is_own = report.attempts == 0
            && matches!(
                report.code,
                Code::Journal | Code::RequestNoReused | Code::Connect | Code::TimeoutUnsent
            );
        if doubted
            && is_own
            && !sale.void_asked
            && !report.in_doubt
            && !report.recorded
            && sale.asks == call.asks
            && sale.coupon == call.coupon
            && sale.running == 0
            && self.machines[call.machine].disk.is_in_doubt(&call.number)
        {
            let number = &call.number;
            self.breaks(Invariant::DoubtIsForgotten, || {
                format!("{number} was in doubt, and is told {}: {}", report.code.name(), report.message)
            });
        }
        // What is told as unrecorded may be absent: then it was never sent.
        let is_sent = class == Class::InDoubt && report.code != Code::Unrecorded;
        if is_sent || class == Class::Ok && call.kind != Kind::Void {
            sale.is_known = true;
        }
        if class == Class::Ok {
            match call.kind {
                Kind::Void => self.told_voided(call, report),
                _ if sale.is_raw => {}
                _ => self.told_done(call, report, sale),
            }
        }
        match heard {
            Some(Verdict::CalledOff) => sale.verdict = Verdict::CalledOff,
            // It speaks of this call only, and another one is still at it or has died.
            Some(Verdict::DidNot) if report.code == Code::Journal && sale.running + sale.died > 0 => {}
            // Another call was told of doubt since this one began: its word is the later one.
            Some(Verdict::DidNot) if sale.verdict == Verdict::Doubt && doubted_since => {}
            // The same where another call was told of its success.
            Some(Verdict::DidNot) if sale.done.is_some_and(|at| at >= call.began) => {}
            // That a repeat could not be made takes nothing back.
            Some(Verdict::DidNot) if sale.verdict == Verdict::Happened && class != Class::Refused => {}
            Some(verdict) if sale.verdict != Verdict::CalledOff => {
                if sale.verdict == Verdict::Happened
                    && verdict == Verdict::DidNot
                    && sale.asks == Asks::Use
                    && self.stands(&sale.coupon, &call.number)
                {
                    let (number, told) = (&call.number, report.code.name());
                    self.breaks(Invariant::VerdictChanges, || {
                        format!(
                            "{number} was told as redeemed, still is, and is now told {told}: {}",
                            report.message
                        )
                    });
                }
                sale.verdict = verdict;
                if verdict == Verdict::Happened {
                    sale.done.get_or_insert(self.now);
                }
                if verdict == Verdict::Doubt {
                    sale.doubted = Some(self.now);
                }
            }
            _ => {}
        }
    }

    pub(super) fn stands(&self, coupon: &str, number: &str) -> bool {
        self.wechat.coupon(coupon).is_some_and(|coupon| self.wechat.coupons[coupon].stands(number))
    }

    /// Class 0 for an operation, or for settling it.
    fn told_done(&mut self, call: &Call, report: &Report, sale: &Sale) {
        self.told_of_coupon(call, report);
        let number = &call.number;
        let coupon = self.wechat.coupon(&sale.coupon);
        match (sale.asks, coupon) {
            (Asks::Use, Some(coupon)) => self.told_redeemed(call, report, coupon, sale.done),
            (Asks::Return, Some(coupon)) if !report.recorded => {
                let began = sale.began;
                let coupon = &self.wechat.coupons[coupon];
                let mine = |entry: &crate::wechat::coupon::Entry| {
                    entry.what == What::Returned && (&entry.number == number || entry.at >= began)
                };
                if !coupon.ledger.iter().any(mine) && !coupon.standing.is_empty() {
                    let code = Arc::clone(&coupon.code);
                    self.breaks(Invariant::ReturnHappened, || {
                        format!("return {number} of {code} is told as done; the ledger has no return since")
                    });
                }
            }
            (Asks::Confirm | Asks::Deactivate, Some(coupon)) if !report.recorded => {
                let (now, confirms) = (self.now, sale.asks == Asks::Confirm);
                let state = self.wechat.coupons[coupon].state(now);
                let coupon = &self.wechat.coupons[coupon];
                let wanted = if confirms { What::Confirmed } else { What::Deactivated };
                // Whoever else has led it out of its first state: it is where it was to be.
                let left = coupon.ledger.iter().any(|entry| entry.what == wanted)
                    || confirms && matches!(state, State::Pending | State::Effective | State::Used);
                if !left {
                    let (code, asks) = (Arc::clone(&coupon.code), sale.asks.name());
                    self.breaks(Invariant::ChangeHappened, || {
                        format!("{asks} {number} of {code} is told as done; the ledger has nothing like it")
                    });
                }
            }
            (Asks::Send, _) if !self.wechat.coupons.iter().any(|coupon| coupon.sent_by == *number) => {
                self.breaks(Invariant::ChangeHappened, || {
                    format!("send {number} is told as done; no coupon has it")
                });
            }
            _ => {}
        }
    }

    fn told_redeemed(&mut self, call: &Call, report: &Report, coupon: usize, done: Option<Moment>) {
        let number = &call.number;
        let coupon = &self.wechat.coupons[coupon];
        let code = Arc::clone(&coupon.code);
        if !coupon.was_redeemed_by(number) {
            self.breaks(Invariant::SuccessHappened, || {
                format!("{number} is told as redeeming {code}; the ledger has never seen it do so")
            });
            return;
        }
        if coupon.stands(number) {
            return;
        }
        let returned =
            coupon.ledger.iter().rev().find(|entry| entry.undoes.as_ref() == Some(number)).cloned();
        let Some(returned) = returned.filter(|returned| returned.at < call.began) else { return };
        // One whose own verdict is not written, or whose row something else has changed, is not known.
        let disk = &self.machines[call.machine].disk;
        let is_written = !disk.may_be_open(&returned.number) && !disk.is_damaged(&returned.number);
        let own = self.oracle.sale(call.machine, &returned.number).filter(|_| is_written);
        // One that began while the redemption was not told yet may have undone another one.
        let began_after = |own: &Sale| done.is_some_and(|done| own.began > done);
        if own.is_some_and(|own| own.verdict == Verdict::Happened && own.running == 0 && began_after(own)) {
            let by = &returned.number;
            self.breaks(Invariant::OwnReturnIsKnown, || {
                format!(
                    "{number} on {code} was returned by {by} of the same journal, and is told as redeemed"
                )
            });
        } else if !report.recorded && returned.at + LONG_GONE < call.began {
            let by = &returned.number;
            self.breaks(Invariant::SuccessIsNotLongGone, || {
                format!(
                    "{number} on {code} was returned by {by} long before, and is told as freshly redeemed"
                )
            });
        }
    }

    fn told_voided(&mut self, call: &Call, report: &Report) {
        let is_final = report.data.as_ref().is_some_and(|data| data.get().contains("\"voided\""));
        let number = &call.number;
        if is_final && self.stands(&call.coupon, number) {
            let code = &call.coupon;
            self.breaks(Invariant::VoidedStands, || {
                format!("{number} is told as voided, and its redemption of {code} stands")
            });
        }
        if let Some(undone) = self.machines[call.machine].undone_by_mistake.get(number).cloned() {
            self.breaks(Invariant::VoidReturnsAnother, || {
                format!("calling {number} off has undone {undone}, and is told as voided")
            });
        }
    }

    /// A proven answer is about the very coupon.
    fn told_of_coupon(&mut self, call: &Call, report: &Report) {
        if report.code != Code::Ok || call.coupon.is_empty() {
            return;
        }
        let Some(data) = &report.data else { return };
        let usage = self.wechat.coupon(&call.coupon).map(|coupon| self.wechat.coupons[coupon].usage);
        // What redeems or returns a 商家券 answers a time; only settling shows the coupon.
        if usage == Some(Usage::Busifavor) && call.asks.writes() {
            return;
        }
        let wanted = format!("\"coupon_code\":\"{}\"", call.coupon);
        if call.asks != Asks::List && !data.get().contains(&wanted) {
            let (asks, code) = (call.asks.name(), &call.coupon);
            self.breaks(Invariant::SuccessIsOfThisCoupon, || {
                format!("{asks} about {code} is answered with {}", data.get())
            });
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
