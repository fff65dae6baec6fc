//! A model of WeChat Pay. Its ledger is the truth that everything else is held against.

pub mod coupon;
pub mod message;
mod rules;
pub mod settings;

use crate::random::{keyed_hash, mix};
use crate::world::{BEGINNING_S, Moment, SECOND};
use coupon::{Coupon, Entry, Usage};
use message::{Asks, Reply, Request, coupon_in, is_busifavor, number_in};
use settings::{Settings, SignedErrors};
use std::collections::BTreeMap;
use std::sync::Arc;

/// WeChat Pay refuses a signature that is further than this from its own clock.
const WINDOW_S: i64 = 300;
/// Answers that are kept for whoever plays them again.
const RECORDED: usize = 40;

/// What is remembered of a number.
struct Known {
    at: Moment,
    digest: u64,
    coupon: usize,
    outcome: Outcome,
}

enum Outcome {
    Done(Arc<str>),
    Refused(Reply),
}

/// A signed answer that somebody may play again.
pub struct Recorded {
    pub at: Moment,
    pub asks: Asks,
    pub coupon: String,
    pub reply: Reply,
}

pub struct WechatPay {
    pub settings: Settings,
    pub coupons: Vec<Coupon>,
    numbers: BTreeMap<(u8, Arc<str>), Known>,
    pub recorded: Vec<Recorded>,
    /// The provider lacks the permission until then.
    pub unauthorised_until: Moment,
    /// Answers leave the details of a use out until then.
    pub bare_until: Moment,
    /// What the ledger has got since somebody looked.
    pub fresh: Vec<(usize, Entry)>,
    answers: u64,
    key: u64,
}

impl WechatPay {
    pub fn new(seed: u64, settings: Settings) -> WechatPay {
        WechatPay {
            settings,
            coupons: Vec::new(),
            numbers: BTreeMap::new(),
            recorded: Vec::new(),
            unauthorised_until: 0,
            bare_until: 0,
            fresh: Vec::new(),
            answers: 0,
            key: mix(seed, 0x57EC),
        }
    }

    /// Whether nothing about that coupon is answered.
    pub fn is_silent(&self, code: &str) -> bool {
        self.coupons.iter().any(|coupon| coupon.is_silent && &*coupon.code == code)
    }

    pub fn coupon(&self, code: &str) -> Option<usize> {
        self.coupons.iter().position(|coupon| &*coupon.code == code)
    }

    /// What WeChat Pay answers to that request at that moment, and does.
    pub fn answer(&mut self, now: Moment, request: &Request) -> Reply {
        self.answers += 1;
        let now_s = BEGINNING_S + i64::try_from(now / SECOND).unwrap_or(0);
        let asks = Asks::of(&request.method, &request.target);
        if !request.signature_fits || (now_s - request.timestamp).abs() > WINDOW_S {
            return self.finish(now_s, refusal(401, "SIGN_ERROR", 0), false);
        }
        let before: Vec<usize> = self.coupons.iter().map(|coupon| coupon.ledger.len()).collect();
        let reply = if now < self.unauthorised_until {
            refusal(403, "NO_AUTH", 268_579_803)
        } else {
            self.judge(now, asks, request)
        };
        for (index, coupon) in self.coupons.iter().enumerate() {
            let known = before.get(index).copied().unwrap_or(0);
            self.fresh.extend(coupon.ledger[known..].iter().map(|entry| (index, entry.clone())));
        }
        let signed = match self.settings.signed_errors {
            SignedErrors::All => true,
            SignedErrors::Business => matches!(reply.status, 200..=299 | 400 | 403),
            SignedErrors::None => reply.status < 300,
        };
        let reply = self.finish(now_s, reply, signed);
        if reply.is_signed() {
            let coupon = coupon_in(&request.target, &request.body).unwrap_or_default().to_owned();
            if self.recorded.len() == RECORDED {
                self.recorded.remove(0);
            }
            self.recorded.push(Recorded { at: now, asks, coupon, reply: reply.clone() });
        }
        reply
    }

    fn judge(&mut self, now: Moment, asks: Asks, request: &Request) -> Reply {
        if asks == Asks::List {
            return self.list(now, &request.target);
        }
        let number: Arc<str> = number_in(&request.body).unwrap_or_default().into();
        let coupon = match asks {
            Asks::Other => return refusal(404, "RESOURCE_NOT_EXISTS", 0),
            Asks::Send => None,
            _ => {
                let code = coupon_in(&request.target, &request.body).unwrap_or_default();
                let is_older = is_busifavor(&request.target);
                let of_family =
                    |coupon: &usize| (self.coupons[*coupon].usage == Usage::Busifavor) == is_older;
                match self.coupon(code).filter(of_family) {
                    Some(coupon) => Some(coupon),
                    None => return absent(is_older, 268_578_851),
                }
            }
        };
        if let Some(coupon) = coupon {
            let (settings, found) = (&self.settings, &mut self.coupons[coupon]);
            if now < found.foreign_until {
                return absent(found.usage == Usage::Busifavor, 268_578_608);
            }
            if settings.deleted_is_absent && found.state(now) == coupon::State::Deleted {
                return absent(found.usage == Usage::Busifavor, 268_578_851);
            }
            if asks == Asks::Query {
                return done(found.shown(now, settings, now < self.bare_until));
            }
        }
        let digest = keyed_hash(keyed_hash(0, request.target.as_bytes()), &request.body);
        let interface = if self.settings.numbers_per_interface { asks as u8 } else { 0 };
        let key = (interface, Arc::clone(&number));
        if let Some(known) = self.numbers.get(&key).filter(|known| now - known.at < self.settings.memory) {
            if known.digest != digest {
                return refusal(400, "INVALID_REQUEST", 268_578_927);
            }
            match &known.outcome {
                Outcome::Done(old) => {
                    let (old, coupon) = (Arc::clone(old), known.coupon);
                    return self.repeated(now, asks, coupon, &number, &old);
                }
                Outcome::Refused(old) if self.settings.refusals_stick => return old.clone(),
                Outcome::Refused(_) => {}
            }
        }
        let reply = match coupon {
            Some(coupon) => self.change(now, asks, coupon, &number, &request.body),
            None => self.send(now, &number),
        };
        let outcome = if reply.status == 200 {
            Outcome::Done(reply.body.as_str().into())
        } else {
            Outcome::Refused(reply.clone())
        };
        let coupon = coupon.unwrap_or(self.coupons.len() - 1);
        // "Locked" is no verdict about the number.
        if reply.status == 200 || !reply.request_id.as_deref().is_some_and(|id| id.ends_with(LOCKED_TAIL)) {
            self.numbers.insert(key, Known { at: now, digest, coupon, outcome });
        }
        reply
    }

    fn finish(&mut self, now_s: i64, mut reply: Reply, signed: bool) -> Reply {
        let nonce = mix(self.key, self.answers);
        let subcode = reply.request_id.take().filter(|_| self.settings.subcodes);
        reply.request_id = Some(format!("{nonce:016X}-{}", subcode.as_deref().unwrap_or("0")));
        reply.date_s = Some(now_s);
        if signed {
            reply.sign(now_s, nonce);
        }
        reply
    }

    /// What signs nothing and is no business of a coupon's: a fault, or "too often".
    pub fn plain_refusal(&mut self, now: Moment, status: u16, code: &str) -> Reply {
        self.answers += 1;
        let now_s = BEGINNING_S + i64::try_from(now / SECOND).unwrap_or(0);
        self.finish(now_s, refusal(status, code, 0), false)
    }

    /// Counts what the ledger got from elsewhere.
    pub fn note_fresh(&mut self, coupon: usize) {
        if let Some(entry) = self.coupons[coupon].ledger.last() {
            self.fresh.push((coupon, entry.clone()));
        }
    }
}

const LOCKED_TAIL: &str = "272756746";

/// A refusal; the sub-code stands where `Request-ID` will.
fn refusal(status: u16, code: &str, subcode: u64) -> Reply {
    Reply {
        status,
        body: format!(r#"{{"code":"{code}","message":"不可用"}}"#),
        request_id: (subcode > 0).then(|| subcode.to_string()),
        ..Reply::default()
    }
}

/// There is none, in the words of the coupon's family. The older one has no sub-codes.
fn absent(is_older: bool, subcode: u64) -> Reply {
    if is_older { refusal(404, "RESOURCE_NOT_EXISTS", 0) } else { refusal(404, "NOT_FOUND", subcode) }
}

fn done(body: String) -> Reply {
    Reply { status: 200, body, ..Reply::default() }
}
