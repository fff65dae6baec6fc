//! What the console asks of the admin interface, beside what everybody may ask of it.

use std::future::{Ready, ready};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::Answer;
use super::console_files::Served;
use super::events;
use super::query::Query;
use super::routes::{Shared, listed, named, plain, with_body};
use crate::console::acts;
use crate::console::assets::{self, Asset};
use crate::console::button::Act;
use crate::console::cards::{self, Wanted};
use crate::console::offers::{self, Offer};
use crate::console::scenario::Scenario;
use crate::console::told::ToldEntry;
use crate::console::{Files, busifavor, curl, exchange, har, symbols, truth};
use crate::control::Control;
use crate::error::Error;
use crate::faults::FaultKind;
use crate::identities::{APPID, BRAND_ID, MCHID, OPENID, STORE_IDS};
use crate::operation::Operation;
use crate::text::Text;

type Reply = Result<Served, Answer>;

pub(super) fn routes() -> Router<Arc<Control>> {
    Router::new()
        .route("/", get(page))
        .route("/console/{file}", get(file))
        .route("/events", get(events::stream))
        .route("/console/about", get(plain(about)))
        .route("/console/coupons", get(listed(all_cards)))
        .route("/console/coupons/{code}/{act}", post(act))
        .route("/console/busifavor-coupons/{stock_id}/{code}/{act}", post(busifavor_act))
        .route("/coupons/{code}/qr.svg", get(picture(coupon_picture, symbols::qr)))
        .route("/coupons/{code}/code128.svg", get(picture(coupon_picture, symbols::code128)))
        .route("/offers", post(with_body(make_offer)))
        .route("/console/phone/{openid}", get(named(|control, id| Answer::ok(control.payment_code(id)))))
        .route("/console/phone/{openid}/qr.svg", get(picture(phone_picture, symbols::qr)))
        .route("/console/phone/{openid}/code128.svg", get(picture(phone_picture, symbols::code128)))
        .route("/requests/{seq}", get(named(request)))
        .route("/requests/{seq}/curl", get(curl_command))
        .route("/requests.har", get(requests_har))
        .route("/truth", get(plain(|control| Answer::ok(truth::truth(&control.api, &control.console)))))
        .route("/told", post(with_body(told)))
        .route("/config.json", get(config_json))
        .route("/brand_config.json", get(brand_config_json))
        .route("/scenario", get(scenario).post(with_body(play)))
}

/// Works on a thread where it may wait.
async fn work(control: Arc<Control>, work: impl FnOnce(&Control) -> Reply + Send + 'static) -> Reply {
    let done = tokio::task::spawn_blocking(move || work(&control)).await;
    done.unwrap_or_else(|error| Err(super::routes::broken(&error)))
}

fn no_such_act() -> Answer {
    Answer::not_found(Text::new("no such thing can be done to a coupon", "券没有这种操作"))
}

fn not_remembered() -> Answer {
    Answer::not_found(Text::new("no such request is remembered", "没有记录这个请求"))
}

fn served(asset: Option<&'static Asset>) -> Reply {
    let asset = asset
        .ok_or_else(|| Answer::not_found(Text::new("the console has no such file", "控制台没有这个文件")))?;
    Ok(Served::shown(asset.content_type, asset.content))
}

async fn page() -> Reply {
    served(assets::find("index.html"))
}

async fn file(Path(name): Path<String>) -> Reply {
    served(assets::find(&name))
}

/// What does not change while the sandbox runs.
fn about(control: &Control) -> Answer {
    let api = &control.api;
    let kinds: Vec<Value> = FaultKind::all()
        .iter()
        .map(|kind| json!({ "fault": kind, "is_connection": kind.is_connection_level() }))
        .collect();
    let operations: Vec<&str> = Operation::ALL.iter().map(|operation| operation.name()).collect();
    // Whoever looks from another machine has what they downloaded, and no files of this one.
    let is_remote = !api.options.listen.is_loopback();
    let config = || Some(control.console.files.get()?.ca.with_file_name("config.json"));
    Answer::ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "urls": api.urls.get(),
        "config": if is_remote { Some("config.json".into()) } else { config() },
        "is_remote": is_remote,
        "has_token": is_remote || api.options.token.is_some(),
        "mchid": MCHID,
        "appid": APPID,
        "brand_id": BRAND_ID,
        "openid": OPENID,
        "store_ids": STORE_IDS,
        "wechatpay_public_key_id": api.keys.wechatpay_public_key_id(),
        "merchant_serial_no": api.keys.merchant_serial_no(),
        "log_is_on": api.request_log.is_on(),
        "fault_kinds": kinds,
        "operations": operations,
    }))
}

/// Product coupons, then those of the older family.
fn all_cards(control: &Control, query: &Query) -> Answer {
    let text = |name: &str| query.text(name).unwrap_or_default();
    let wanted = Wanted::new(text("openid"), text("state"), text("search"));
    Answer::ok(cards::picked(&control.api, &wanted))
}

async fn act(State(control): Shared, Path((code, name)): Path<(String, String)>) -> Answer {
    let Some(act) = Act::named(&name) else {
        return no_such_act();
    };
    super::routes::run(control, move |control| {
        if control.api.state.view(&code).is_none() {
            return Answer::not_found(Text::no_such_coupon());
        }
        acts::act(&control.api, &control.console, &code, act).map_or_else(Answer::bad_request, Answer::ok)
    })
    .await
}

async fn busifavor_act(
    State(control): Shared,
    Path((stock_id, code, name)): Path<(String, String, String)>,
) -> Answer {
    let Some(act) = Act::named(&name) else {
        return no_such_act();
    };
    super::routes::run(control, move |control| {
        if !busifavor::exists(&control.api, &stock_id, &code) {
            return Answer::not_found(Text::no_such_coupon());
        }
        busifavor::act(&control.api, &control.console, &stock_id, &code, act)
            .map_or_else(Answer::bad_request, Answer::ok)
    })
    .await
}

/// The text of a picture, by the name in the path.
type TextOf = fn(&Control, &str) -> Option<String>;
type Draw = fn(&str) -> Option<String>;

fn coupon_picture(control: &Control, code: &str) -> Option<String> {
    let found = control.api.state.view(code).map(|view| view.coupon_code);
    found.or_else(|| busifavor::is_code(&control.api, code).then(|| code.to_owned()))
}

#[expect(clippy::unnecessary_wraps, reason = "the form of `TextOf`")]
fn phone_picture(control: &Control, openid: &str) -> Option<String> {
    Some(control.payment_code(openid).code)
}

fn picture(
    text: TextOf,
    draw: Draw,
) -> impl Fn(Shared, Path<String>) -> Ready<Reply> + Clone + Send + Sync + 'static {
    move |State(control), Path(name)| {
        let drawn =
            text(&control, &name).ok_or_else(|| Answer::not_found(Text::no_such_coupon())).and_then(|text| {
                draw(&text).ok_or_else(|| {
                    Answer::bad_request(Text::new("this text has no such picture", "这段文字无法生成这种码"))
                })
            });
        ready(drawn.map(Served::svg))
    }
}

fn make_offer(control: &Control, body: &[u8]) -> Answer {
    match serde_json::from_slice::<Offer>(body) {
        Ok(offer) => {
            offers::make(&control.api, &control.console, &offer).map_or_else(Answer::bad_request, Answer::ok)
        }
        Err(e) => Answer::bad_request(e),
    }
}

fn request(control: &Control, seq: &str) -> Answer {
    let found = seq.parse().ok().and_then(|seq| exchange::look(&control.api, seq));
    found.map_or_else(not_remembered, Answer::ok)
}

async fn curl_command(State(control): Shared, Path(seq): Path<String>) -> Reply {
    work(control, move |control| {
        let entry = seq.parse().ok().and_then(|seq| exchange::find(&control.api, seq));
        let entry = entry.ok_or_else(not_remembered)?;
        let command = curl::command(&control.api, &control.console, &entry).map_err(Answer::bad_request)?;
        Ok(Served::shown("text/plain; charset=utf-8", command))
    })
    .await
}

fn pretty(value: &impl serde::Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

async fn requests_har(State(control): Shared) -> Reply {
    work(control, |control| {
        Ok(Served::saved("application/json", pretty(&har::archive(&control.api)), "requests.har"))
    })
    .await
}

/// What a caller says it was told: one, or a list of them.
fn told(control: &Control, body: &[u8]) -> Answer {
    let parsed = serde_json::from_slice::<Value>(body).and_then(|value| match value {
        Value::Array(_) => serde_json::from_value::<Vec<ToldEntry>>(value),
        one => Ok(vec![serde_json::from_value(one)?]),
    });
    let mut entries = match parsed {
        Ok(entries) => entries,
        Err(e) => return Answer::bad_request(e),
    };
    if let Some(issue) = entries.iter().find_map(|entry| entry.check().err()) {
        return Answer::bad_request(issue);
    }
    let count = entries.len();
    for entry in &mut entries {
        "posted".clone_into(&mut entry.source);
    }
    let added = control.console.told.add(entries, control.api.state.clock.business_now());
    if let Err(issue) = added {
        return Answer::bad_request(issue);
    }
    Answer::ok(json!({ "taken": count }))
}

async fn config_json(State(control): Shared) -> Reply {
    config(&control, "config.json", |files| &files.config)
}

async fn brand_config_json(State(control): Shared) -> Reply {
    config(&control, "brand_config.json", |files| &files.brand_config)
}

fn config(control: &Control, name: &str, which: fn(&Files) -> &Value) -> Reply {
    let files = control
        .console
        .files
        .get()
        .ok_or_else(|| Answer::not_found(Text::new("not ready yet", "尚未就绪")))?;
    Ok(Served::saved("application/json", pretty(which(files)), name))
}

async fn scenario(State(control): Shared) -> Reply {
    work(control, |control| {
        Ok(Served::saved("application/json", pretty(&control.scenario()), "scenario.json"))
    })
    .await
}

/// Everything as at the start, then the scenario; all of it, or nothing changes.
fn play(control: &Control, body: &[u8]) -> Answer {
    let scenario = match Scenario::parse(body).and_then(|scenario| scenario.faults().map(|_| scenario)) {
        Ok(scenario) => scenario,
        Err(issue) => return Answer::bad_request(Error::Scenario(issue)),
    };
    match control.play(&scenario) {
        Ok(coupons) => Answer::ok(json!({ "coupons": coupons, "faults": control.api.faults.list().len() })),
        Err(e) => Answer::bad_request(e),
    }
}
