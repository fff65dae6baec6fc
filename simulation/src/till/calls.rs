//! The calls themselves, as a till makes them, and what it was told.

use super::begin_lanes;
use crate::adversary::Move;
use crate::oracle::{Call, Kind};
use crate::random::{Random, mix};
use crate::store::{OnSqlite, Simulated};
use crate::till::plan::Stores;
use crate::wechat::coupon::Usage;
use crate::wechat::message::{Asks, MERCHANT_KEY, PUBLIC_KEY_ID};
use crate::world::seams::{CheapKey, Line, wechat_key};
use crate::world::{MachineId, ProcessId, Purpose, block_until, with};
use std::sync::Arc;
use std::time::Duration;
use wxcoupon::api::{self, Defaults, Operation};
use wxcoupon::client::Client;
use wxcoupon::config::{Apiv2, Config, Host, Identity, JournalSettings, Limits};
use wxcoupon::encoding::TextEncoding;
use wxcoupon::journal::Journal;
use wxcoupon::journal::store::Store;
use wxcoupon::mode::Mode;
use wxcoupon::net::cancel::Cancel;
use wxcoupon::net::clock::Clock;
use wxcoupon::net::{in_flight, rate_limit};
use wxcoupon::quote::choices::Choices;
use wxcoupon::report::Report;
use wxcoupon::status::Code;
use wxcoupon::wire::key_ring::KeyRing;
use wxcoupon::wire::keys::{PrivateKey, PublicKey};
use wxcoupon::wire::sign::Authorizer;

/// The merchant in whose name the journals are kept.
const MERCHANT: &str = "1900000001";
const SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
const KEEP: Duration = Duration::from_secs(90 * 24 * 60 * 60);

fn config(replays: bool) -> Config {
    let public = |key: CheapKey| {
        let der = key.0.to_le_bytes();
        PublicKey::new(&der, Arc::new(key), Arc::new(wechat_key()))
    };
    let merchant = || CheapKey(MERCHANT_KEY);
    let private = PrivateKey::new(Arc::new(merchant()), Arc::new(merchant()), public(merchant()));
    let mut key_ring = KeyRing::new(SERIAL);
    key_ring.insert(PUBLIC_KEY_ID, public(wechat_key()));
    let host = |name: &str| Host { origin: format!("https://{name}"), name: name.into() };
    Config {
        authorizer: Some(Authorizer::new(Mode::Partner, MERCHANT, SERIAL, private)),
        till: None,
        identity: Identity { mode: Mode::Partner, id: MERCHANT.into() },
        key_ring,
        public_key_id: Some(PUBLIC_KEY_ID.into()),
        has_merchant_certificate: false,
        apiv3_key: None,
        apiv2: Apiv2::default(),
        hosts: vec![host("api.mch.weixin.qq.com"), host("api2.mch.weixin.qq.com")],
        defaults: Defaults {
            appid: Some("wx0000000000000001".into()),
            brand_id: Some("120001".into()),
            ..Defaults::default()
        },
        limits: Limits {
            call: Duration::from_secs(10),
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(5),
        },
        max_rate_per_s: 100_000,
        extra_roots: Vec::new(),
        proxy: None,
        text_encoding: TextEncoding::UTF8,
        user_agent: "simulation".into(),
        quote: Choices::default(),
        journal: JournalSettings { place: None, keep: KEEP, replays },
        directory: false,
        certificates_path: None,
        log_path: None,
    }
}

/// Makes a process's context, tries again while its journal cannot be opened, and lets its tills work.
pub fn open(process: ProcessId) {
    loop {
        let (epoch, replays) = with(|world| {
            let key = mix(world.seed, process as u64);
            let asks_again =
                world.asks_again || world.adversary.knows(Move::AsksAgain) && Random::new(key).chance(500);
            (world.processes[process].epoch, !asks_again)
        });
        match store(process, epoch).and_then(|store| Journal::with_store(store, MERCHANT, KEEP).map_err(drop))
        {
            Ok(journal) => {
                let line = Box::new(Line { process, epoch });
                let client = Client::from_parts(
                    config(replays),
                    line,
                    Arc::new(journal),
                    Clock::default(),
                    rate_limit::alone(100_000),
                );
                with(|world| {
                    world.processes[process].client = Some(Arc::new(client));
                    let now = world.now;
                    world.story.tell(now, || format!("process {process} is up"));
                });
                break;
            }
            Err(()) => block_until(with(|world| world.now) + 20 * crate::world::SECOND),
        }
    }
    with(|world| begin_lanes(world, process));
}

fn store(process: ProcessId, epoch: u32) -> Result<Arc<dyn Store>, ()> {
    let stores = with(|world| world.machines[world.processes[process].machine].disk.stores);
    Ok(match stores {
        Stores::Simulated | Stores::Leased => Arc::new(Simulated { process, epoch }),
        Stores::Sqlite => Arc::new(OnSqlite::open(process, epoch).map_err(drop)?),
    })
}

/// A number of a machine's.
pub fn number(machine: MachineId, kind: &str, count: u64) -> Arc<str> {
    format!("{kind}-{machine}-{count:05}").into()
}

fn say_number(lane: usize, kind: &str, count: u64) -> (MachineId, Arc<str>) {
    let machine = with(|world| world.lanes[lane].machine);
    (machine, number(machine, kind, count))
}

pub fn code_of(coupon: u64) -> Arc<str> {
    with(|world| {
        let place = usize::try_from(coupon).unwrap_or(usize::MAX);
        world.wechat.coupons.get(place).map_or_else(|| "".into(), |coupon| Arc::clone(&coupon.code))
    })
}

/// Which use of a SEQUENTIAL coupon a number is for.
fn index_of(code: &str, number: &str) -> String {
    with(|world| match world.wechat.coupon(code).map(|coupon| world.wechat.coupons[coupon].usage) {
        Some(Usage::Sequential(uses)) => {
            let index = number.bytes().last().map_or(0, |digit| usize::from(digit) % uses);
            format!(r#""sequential_coupon_index":{index},"#)
        }
        _ => String::new(),
    })
}

fn is_busifavor(code: &str) -> bool {
    with(|world| {
        world.wechat.coupon(code).is_some_and(|coupon| world.wechat.coupons[coupon].usage == Usage::Busifavor)
    })
}

/// What redeems that coupon.
fn redeems(code: &str) -> &'static Operation {
    if is_busifavor(code) { api::BUSIFAVOR.redeem } else { &api::USE }
}

/// The members of a redemption; `varied` gives it other ones.
pub fn use_members(code: &str, number: &str, varied: bool) -> String {
    let index = index_of(code, number);
    let order = if varied { "4200000000000000000000000002" } else { "4200000000000000000000000001" };
    if is_busifavor(code) {
        return format!(
            r#"{{"openid":"oUser","coupon_code":"{code}","stock_id":"100000001","use_time":"2026-06-01T12:00:00+08:00","transaction_id":"{order}","use_request_no":"{number}"}}"#
        );
    }
    format!(
        r#"{{"openid":"oUser","coupon_code":"{code}",{index}"product_coupon_id":"200000001","stock_id":"100000001","use_time":"2026-06-01T12:00:00+08:00","associated_order_info":{{"transaction_id":"{order}"}},"out_request_no":"{number}"}}"#
    )
}

/// Calls the library as a lane, and lets the oracle and the story hear of it.
fn called(lane: usize, call: Call, purpose: Purpose, work: impl FnOnce(&Client) -> Report) -> Report {
    let process = with(|world| world.lanes[lane].process);
    with(|world| {
        world.oracle.begins(&call);
        world.lanes[lane].call = Some(call.clone());
        if let Some(task) = world.task() {
            task.purpose = purpose;
            task.about = (!call.number.is_empty()).then(|| (call.machine, Arc::clone(&call.number)));
        }
        let now = world.now;
        world.story.tell(now, || format!("process {process} {}", asked(&call)));
    });
    let report = said(process, work);
    with(|world| {
        world.lanes[lane].call = None;
        let now = world.now;
        world.story.tell(now, || format!("process {process} is told {}", words(&call, &report)));
        world.note(u64::from(report.code.number().unsigned_abs()));
        world.told(&call, &report);
    });
    report
}

/// Lets the context of that process do something, as the C surface does.
pub fn said(process: ProcessId, work: impl FnOnce(&Client) -> Report) -> Report {
    let client = with(|world| world.processes[process].client.clone());
    let Some(client) = client else { return Report::new(Code::Internal) };
    in_flight::clear();
    work(&client)
}

fn asked(call: &Call) -> String {
    let about = if call.coupon.is_empty() { String::new() } else { format!(" of {}", call.coupon) };
    match call.kind {
        Kind::Operation => format!("asks for {} {}{about}", call.asks.name(), call.number),
        Kind::Raw => format!("asks for a raw use {}{about}", call.number),
        Kind::Altered => format!("asks for {} {}{about} with other members", call.asks.name(), call.number),
        Kind::Settle => format!("settles {}", call.number),
        Kind::Void => format!("calls {} off", call.number),
    }
}

/// What was told, for a story.
pub fn words(call: &Call, report: &Report) -> String {
    let recorded = if report.recorded { ", recorded" } else { "" };
    let by = report.settled_by.map_or(String::new(), |by| format!(", settled by {by}"));
    let state =
        report.data.as_ref().filter(|_| call.kind == Kind::Void).map(|data| format!(" {}", data.get()));
    format!(
        "of {}: class {} {}{recorded}{by}{}{}",
        if call.number.is_empty() { &call.coupon } else { &call.number },
        report.code.number() / 1000,
        report.code.name().trim_start_matches("WXCOUPON_"),
        state.unwrap_or_default(),
        if report.message.is_empty() { String::new() } else { format!(" ({})", report.message) }
    )
}

fn call(lane: usize, asks: Asks, kind: Kind, number: &Arc<str>, coupon: &Arc<str>) -> Call {
    with(|world| Call {
        machine: world.lanes[lane].machine,
        number: Arc::clone(number),
        coupon: Arc::clone(coupon),
        asks,
        kind,
        began: world.now,
    })
}

pub fn redeem(lane: usize, sale: u64, coupon: u64) -> Report {
    let (_, number) = say_number(lane, "SALE", sale);
    use_again(lane, &number, &code_of(coupon))
}

pub fn use_again(lane: usize, number: &Arc<str>, code: &Arc<str>) -> Report {
    let call = call(lane, Asks::Use, Kind::Operation, number, code);
    let (members, operation) = (use_members(code, number, false), redeems(code));
    called(lane, call, Purpose::Call, |client| client.call(operation, &members, &Cancel::never()))
}

pub fn altered(lane: usize, sale: u64, coupon: u64) -> Option<Report> {
    let (machine, number) = say_number(lane, "SALE", sale);
    let code = code_of(coupon);
    if !with(|world| world.may_alter(machine, &number)) {
        return None;
    }
    let call = call(lane, Asks::Use, Kind::Altered, &number, &code);
    let (members, operation) = (use_members(&code, &number, true), redeems(&code));
    Some(called(lane, call, Purpose::Call, |client| client.call(operation, &members, &Cancel::never())))
}

pub fn settle(lane: usize, sale: u64, coupon: u64, aim: &str) -> Report {
    let (_, number) = say_number(lane, "SALE", sale);
    settle_number(lane, &number, &code_of(coupon), aim)
}

pub fn settle_number(lane: usize, number: &Arc<str>, code: &Arc<str>, aim: &str) -> Report {
    let kind = if aim == "void" { Kind::Void } else { Kind::Settle };
    let asks = with(|world| world.oracle.sale(world.lanes[lane].machine, number).map(|sale| sale.asks));
    let call = call(lane, asks.unwrap_or(Asks::Use), kind, number, code);
    let input = format!(r#"{{"out_request_no":"{number}","aim":"{aim}"}}"#);
    called(lane, call, Purpose::SettleOne, |client| client.settle(Some(&input), &Cancel::never()))
}

/// Settling everything; what becomes of each number is heard later.
pub fn settle_all(lane: usize) -> Report {
    let process = with(|world| world.lanes[lane].process);
    settle_everything(process)
}

pub fn settle_everything(process: ProcessId) -> Report {
    with(|world| {
        if let Some(task) = world.task() {
            task.purpose = Purpose::SettleAll;
            task.about = None;
        }
        let now = world.now;
        world.story.tell(now, || format!("process {process} settles everything"));
    });
    let report = said(process, |client| client.settle(None, &Cancel::never()));
    with(|world| {
        let now = world.now;
        world.story.tell(now, || {
            let left = report.data.as_ref().map_or("", |data| data.get());
            format!("process {process} has settled: {} {} {left}", report.code.name(), report.message)
        });
        world.told_of_settling(&report);
    });
    report
}

pub fn query(lane: usize, coupon: u64) -> Report {
    let code = code_of(coupon);
    let call = call(lane, Asks::Query, Kind::Operation, &"".into(), &code);
    let members = format!(
        r#"{{"openid":"oUser","coupon_code":"{code}","product_coupon_id":"200000001","stock_id":"100000001"}}"#
    );
    if is_busifavor(&code) {
        let members = format!(r#"{{"openid":"oUser","coupon_code":"{code}","stock_id":"100000001"}}"#);
        return called(lane, call, Purpose::Call, |client| {
            client.call(&api::BUSIFAVOR_QUERY, &members, &Cancel::never())
        });
    }
    called(lane, call, Purpose::Call, |client| client.call(&api::QUERY, &members, &Cancel::never()))
}

/// A change of another kind, with a number of its own.
pub fn change(lane: usize, asks: Asks, count: u64, coupon: u64) -> Report {
    let (operation, kind): (&'static Operation, &str) = match asks {
        Asks::Return => (&api::RETURN, "BACK"),
        Asks::Confirm => (&api::CONFIRM, "CONF"),
        Asks::Deactivate => (&api::DEACTIVATE, "STOP"),
        _ => (&api::SEND, "SEND"),
    };
    let (_, number) = say_number(lane, kind, count);
    let code = code_of(coupon);
    let call = call(lane, asks, Kind::Operation, &number, &code);
    if asks == Asks::Return && is_busifavor(&code) {
        let members = format!(
            r#"{{"openid":"oUser","coupon_code":"{code}","stock_id":"100000001","return_request_no":"{number}"}}"#
        );
        let operation = api::BUSIFAVOR.give_back;
        return called(lane, call, Purpose::Call, |client| {
            client.call(operation, &members, &Cancel::never())
        });
    }
    let (about, name) = if asks == Asks::Send {
        (String::new(), "send_request_no")
    } else {
        let index = if asks == Asks::Return { index_of(&code, &number) } else { String::new() };
        (format!(r#""coupon_code":"{code}",{index}"#), "out_request_no")
    };
    let reason = if asks == Asks::Deactivate { r#""deactivate_reason":"test","# } else { "" };
    let members = format!(
        r#"{{"openid":"oUser",{about}{reason}"product_coupon_id":"200000001","stock_id":"100000001","{name}":"{number}"}}"#
    );
    called(lane, call, Purpose::Call, |client| client.call(operation, &members, &Cancel::never()))
}

/// A redemption that no row of the library's table describes.
pub fn raw(lane: usize, sale: u64, coupon: u64) -> Report {
    let (_, number) = say_number(lane, "RAWU", sale);
    let code = code_of(coupon);
    let call = call(lane, Asks::Use, Kind::Raw, &number, &code);
    let path = format!("/v3/marketing/partner/product-coupon/users/oUser/coupons/{code}/use");
    let body = format!(r#"{{"stock_id":"100000001","use_time":"x","out_request_no":"{number}"}}"#);
    called(lane, call, Purpose::Call, |client| client.request("POST", &path, Some(&body), &Cancel::never()))
}
