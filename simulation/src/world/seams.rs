//! The library's seams, as the simulation fills them: time, chance, the line, and cheap keys.

use super::{
    Event, HOUR, MINUTE, MS, Moment, Purpose, Received, SECOND, World, block_until, give_way, receive_until,
    try_with, with,
};
use crate::adversary::Move;
use crate::adversary::fate::{Fate, portal, reply_of};
use crate::random::{Random, keyed_hash};
use crate::wechat::coupon::Usage;
use crate::wechat::message::{
    Asks, Copy, MERCHANT_KEY, Reply, Request, Twist, WECHAT_KEY, coupon_in, number_in,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wxcoupon::error::Result;
use wxcoupon::net::{HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind, in_flight};
use wxcoupon::system::System;
use wxcoupon::wire::algorithm::Algorithm;
use wxcoupon::wire::cipher::{Decrypter, Encrypter};
use wxcoupon::wire::hub;
use wxcoupon::wire::sign::{self, Signer};
use wxcoupon::wire::verify::Verifier;

/// Time and chance of the world that is played on this thread.
pub struct Virtual;

fn beginning() -> Instant {
    static BEGINNING: OnceLock<Instant> = OnceLock::new();
    // Far enough from zero for whoever counts back from it.
    #[allow(clippy::disallowed_methods, reason = "only differences to it are ever seen")]
    *BEGINNING.get_or_init(|| Instant::now() + Duration::from_secs(1_000_000))
}

impl System for Virtual {
    fn now(&self) -> Instant {
        let passed = try_with(|world| {
            let now = world.now;
            world.machine().monotonic(now)
        });
        beginning() + passed.unwrap_or_default()
    }

    fn wall_clock(&self) -> SystemTime {
        let shown = try_with(|world| {
            let now = world.now;
            world.machine().wall(now)
        });
        UNIX_EPOCH + shown.unwrap_or_default()
    }

    fn sleep(&self, time: Duration) {
        let until = with(|world| world.now + moments(time).max(1));
        block_until(until);
    }

    fn random(&self, bytes: &mut [u8]) -> bool {
        try_with(|world| world.random_bytes(bytes)).is_some()
    }
}

fn moments(time: Duration) -> Moment {
    Moment::try_from(time.as_micros()).unwrap_or(Moment::MAX)
}

/// Signs and proves with a digest under a key that both sides have. It also stands where nothing is encrypted.
#[derive(Debug)]
pub struct CheapKey(pub u64);

impl Signer for CheapKey {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RsaSha256
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        Ok(keyed_hash(self.0, message).to_le_bytes().to_vec())
    }
}

impl Verifier for CheapKey {
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        keyed_hash(self.0, message).to_le_bytes() == signature
    }
}

impl Encrypter for CheapKey {
    fn encrypt(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

impl Decrypter for CheapKey {
    fn decrypt(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

/// The key that proves WeChat Pay's answers.
pub const fn wechat_key() -> CheapKey {
    CheapKey(WECHAT_KEY)
}

/// A place where a process may be killed or stand still. Who is killed never comes back from here.
pub fn may_stop_here(at: &str) {
    let stops = with(|world| {
        let (key, process) = (world.next_key(), world.process()?);
        if world.adversary.takes(Move::Kill, key, 12) {
            let now = world.now;
            world.story.tell(now, || format!("process {process} is killed {at}"));
            world.doom(process);
            return Some(());
        }
        if world.adversary.takes(Move::Freeze, key, 12) {
            let until = world.now + crate::adversary::some_time(&mut Random::new(key));
            let (now, process_id) = (world.now, process);
            world.story.tell(now, || {
                let span = crate::adversary::span(until - now);
                format!("process {process_id} stands still {at} for {span}")
            });
            world.freeze(process, until);
            return Some(());
        }
        None
    });
    if stops.is_some() {
        give_way();
    }
}

/// The way of one process to WeChat Pay.
#[derive(Debug)]
pub struct Line {
    pub process: usize,
    pub epoch: u32,
}

/// How old answers are that are played again: fresh by their signature's time, or so that a clock that believes their
/// `Date` is wrong.
const FRESH: Range<Moment> = 0..250 * SECOND;
const OLD: Range<Moment> = 10 * MINUTE..47 * HOUR;

fn failure(sent: bool, kind: TransportErrorKind, detail: &str) -> TransportError {
    TransportError { sent, kind, detail: detail.into() }
}

impl Transport for Line {
    fn exchange(&self, outgoing: &HttpRequest<'_>) -> std::result::Result<HttpResponse, TransportError> {
        if with(|world| world.processes[self.process].epoch != self.epoch) {
            return Err(failure(false, TransportErrorKind::Connect, "this process is no more"));
        }
        may_stop_here("before it sends");
        let asks = Asks::of(outgoing.method, outgoing.target);
        let body = outgoing.body.unwrap_or_default();
        let began = with(|world| world.now);
        let end = began + moments(outgoing.limit);
        let fate = with(|world| world.fate(asks, outgoing));
        if let Some((kind, time)) = fate.unsent {
            block_until((began + time).min(began + moments(outgoing.connect_limit)));
            return Err(failure(false, kind, "no connection"));
        }
        block_until((began + fate.connect).min(end));
        if !in_flight::mark_sent() {
            return Err(failure(false, TransportErrorKind::Lost, "called off"));
        }
        let request = signed_request(outgoing);
        with(|world| world.depart(asks, number_in(body), request, &fate));
        let received = receive_until(end);
        with(|world| world.arrived_home(number_in(body)));
        may_stop_here("before it has read the answer");
        match received {
            Some(Received::Answer(reply)) => Ok(answer(reply)),
            Some(Received::Break) => Err(failure(true, TransportErrorKind::Lost, "the connection broke")),
            None => Err(failure(true, TransportErrorKind::Timeout, "no answer in time")),
        }
    }
}

/// Reads the signature back out of the header, as WeChat Pay does.
fn signed_request(outgoing: &HttpRequest<'_>) -> Request {
    let authorization = outgoing.headers.iter().find(|(name, _)| *name == "Authorization");
    let authorization = authorization.map_or("", |(_, value)| value);
    let part = |name: &str| {
        let after = authorization.split_once(&format!("{name}=\""))?.1;
        after.split('"').next()
    };
    let timestamp: i64 = part("timestamp").and_then(|text| text.parse().ok()).unwrap_or(0);
    let body = outgoing.body.unwrap_or_default();
    let message = sign::message(
        outgoing.method,
        outgoing.target,
        timestamp,
        part("nonce_str").unwrap_or_default(),
        body,
    );
    let signature = part("signature").and_then(|text| BASE64.decode(text).ok());
    let expected = keyed_hash(MERCHANT_KEY, &message).to_le_bytes();
    Request {
        method: outgoing.method.to_owned(),
        target: outgoing.target.to_owned(),
        body: body.to_vec(),
        timestamp,
        signature_fits: signature.is_some_and(|signature| signature == expected),
    }
}

fn answer(reply: Reply) -> HttpResponse {
    HttpResponse {
        status: reply.status,
        signature: reply.signature,
        request_id: reply.request_id,
        retry_after_s: reply.retry_after_s,
        date: reply.date_s.map(date),
        encoding: None,
        hub: hub::Headers::default(),
        body: reply.body.into_bytes(),
    }
}

/// As RFC 9110 has it.
fn date(second: i64) -> String {
    let form = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let moment = time::OffsetDateTime::from_unix_timestamp(second);
    moment.ok().and_then(|moment| moment.format(&form).ok()).unwrap_or_default()
}

impl World {
    fn fate(&mut self, asks: Asks, outgoing: &HttpRequest<'_>) -> Fate {
        let (now, key) = (self.now, self.next_key());
        let machine = self.machine();
        let (line_down, portal_until) = (machine.line_down_until > now, machine.portal_until > now);
        let body = outgoing.body.unwrap_or_default();
        let may_refuse = self.may_be_refused_in_between(asks, number_in(body));
        let mut fate = self.adversary.fate(asks, outgoing.target, body, key, may_refuse);
        if self.calm {
            return fate;
        }
        if line_down {
            fate.unsent = Some((TransportErrorKind::Connect, 50 * MS));
        } else if portal_until && fate.unsent.is_none() {
            fate.stand_in = Some(portal(key));
        }
        fate
    }

    /// A request leaves: its copies are on their way.
    fn depart(&mut self, asks: Asks, number: Option<&str>, request: Request, fate: &Fate) {
        let (now, now_s, key) = (self.now, self.true_s(), self.next_key());
        self.note(key);
        let (Some(running), Some(process)) = (self.running, self.process()) else { return };
        if self.story.is_told() {
            let words = World::departure_in_words(asks, &request, fate);
            self.story.tell(now, || format!("process {process} {words}"));
        }
        if asks.writes() {
            self.oracle_departs(asks, number.unwrap_or_default(), &request);
        }
        let asker = Some((running, self.tasks[running].ticket + 1));
        if let Some(stand_in) = &fate.stand_in {
            let reply = reply_of(stand_in, now_s);
            let (task, ticket) = (running, self.tasks[running].ticket + 1);
            self.plan(
                now + fate.back,
                Event::Deliver { task, ticket, answer: Box::new(Received::Answer(reply)) },
            );
            return;
        }
        let settles = self.tasks[running].purpose != Purpose::Call;
        let (request, machine) = (Arc::new(request), self.processes[process].machine);
        let copy = |asker, twist| {
            let request = Arc::clone(&request);
            Event::Arrive(Box::new(Copy {
                request,
                machine,
                left: now,
                settles,
                asker,
                twist,
                back: fate.back,
            }))
        };
        if let Some(there) = fate.there {
            self.plan(now + there, copy(asker, fate.twist));
        }
        for again in &fate.again {
            self.plan(now + again, copy(None, Twist::None));
        }
    }

    /// A copy reaches WeChat Pay.
    pub(super) fn arrive(&mut self, copy: Copy) {
        let (now, now_s) = (self.now, self.true_s());
        let asks = Asks::of(&copy.request.method, &copy.request.target);
        let is_awaited = copy.asker.is_some_and(|(task, ticket)| {
            self.tasks[task].ticket == ticket && self.tasks[task].routine.is_some()
        });
        if asks.writes() && !self.may_arrive(&copy, asks, is_awaited) {
            return;
        }
        let mut reply = match copy.twist {
            Twist::Fault { status, done: false } => self.wechat.plain_refusal(now, status, "SYSTEM_ERROR"),
            Twist::TooMany => self.wechat.plain_refusal(now, 429, "RATELIMIT_EXCEEDED"),
            _ => self.wechat.answer(now, &copy.request),
        };
        self.note(keyed_hash(u64::from(reply.status), reply.body.as_bytes()));
        if self.story.is_told() {
            let words = World::arrival_in_words(asks, &copy, &reply);
            self.story.tell(now, || words);
        }
        self.ledger_grew(Some(&copy));
        let Some((task, ticket)) = copy.asker else { return };
        if coupon_in(&copy.request.target, &copy.request.body).is_some_and(|code| self.wechat.is_silent(code))
        {
            return;
        }
        let mut answer = None;
        match copy.twist {
            Twist::Lost { breaks: false } => return,
            Twist::Lost { breaks: true } => {}
            Twist::Fault { status, done: true } => {
                answer = Some(self.wechat.plain_refusal(now, status, "SYSTEM_ERROR"));
            }
            Twist::Probe => {
                reply.signature.signature = Some("WECHATPAY/SIGNTEST/cHJvYmU=".into());
                answer = Some(reply);
            }
            Twist::Damaged => {
                reply.body.truncate(reply.body.len() / 2);
                answer = Some(reply);
            }
            Twist::WrongDate(off) => {
                reply.date_s = Some(now_s + off);
                answer = Some(reply);
            }
            Twist::Replayed(chance) => answer = Some(self.replay(&copy, chance, FRESH).unwrap_or(reply)),
            Twist::ReplayedOld(chance) => answer = Some(self.replay(&copy, chance, OLD).unwrap_or(reply)),
            Twist::None | Twist::TooMany | Twist::Fault { done: false, .. } => answer = Some(reply),
        }
        self.plan(
            now + copy.back,
            Event::Deliver {
                task,
                ticket,
                answer: Box::new(answer.map_or(Received::Break, Received::Answer)),
            },
        );
    }

    /// An answer of that age: mostly about the same coupon.
    fn replay(&self, copy: &Copy, chance: u64, ages: Range<Moment>) -> Option<Reply> {
        let about = coupon_in(&copy.request.target, &copy.request.body).unwrap_or_default();
        let usage = self.wechat.coupon(about).map(|coupon| self.wechat.coupons[coupon].usage);
        let asks = Asks::of(&copy.request.method, &copy.request.target);
        // What a write about a 商家券 answers names no coupon.
        let is_nameless = usage == Some(Usage::Future)
            || usage == Some(Usage::Busifavor) && asks.writes()
            || self.wechat.bare_until + ages.end > self.now && self.wechat.bare_until > 0;
        if is_nameless && !self.adversary.allows(Move::ReplaysNameless) {
            return None;
        }
        let allows = |played| self.adversary.allows(played);
        let recent = |recorded: &&crate::wechat::Recorded| {
            let changed = self
                .wechat
                .coupon(&recorded.coupon)
                .and_then(|coupon| self.wechat.coupons[coupon].ledger.last().map(|entry| entry.at));
            ages.contains(&(self.now - recorded.at))
                && (recorded.reply.status < 300 || allows(Move::ReplaysRefusals))
                && (changed.is_none_or(|changed| changed < recorded.at) || allows(Move::ReplaysOvertaken))
        };
        let all: Vec<_> = self.wechat.recorded.iter().filter(recent).collect();
        let same: Vec<_> = all.iter().filter(|recorded| recorded.coupon == about).collect();
        let mut random = Random::new(chance);
        if !same.is_empty() && random.chance(800) {
            return Some(random.pick(&same).reply.clone());
        }
        (!all.is_empty()).then(|| random.pick(&all).reply.clone())
    }
}
