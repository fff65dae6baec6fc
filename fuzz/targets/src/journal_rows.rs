//! Rows that nobody would write, and what is then asked about their numbers.

use crate::bench::{Bench, KEEP, Kind, MERCHANT, NOW_S, alone, for_c};
use crate::line::{Reply, Script};
use crate::sealed::signature;
use crate::{said, sent};
use arbitrary::{Arbitrary, Unstructured};
use rusqlite::Connection;
use rusqlite::types::Value as SqlValue;
use serde_json::{Map, Value};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wxcoupon::ffi;
use wxcoupon::journal::row::Lease;
use wxcoupon::journal::sqlite::Sqlite;
use wxcoupon::journal::store::{Durability, Store};
use wxcoupon::journal::{Journal, NewRow, Request, Row, State};

#[derive(Debug, Arbitrary)]
struct Case<'a> {
    rows: Vec<Written<'a>>,
    replies: Vec<Answered>,
    steps: Vec<Step<'a>>,
}

/// A row as it is written, with a right digest, and what is changed of it then.
#[derive(Debug, Arbitrary)]
struct Written<'a> {
    operation: u8,
    target: Option<&'a str>,
    body: Option<&'a [u8]>,
    members: Option<&'a str>,
    state: u8,
    called_off: bool,
    code: Option<i32>,
    text: &'a str,
    attempts: u32,
    times: [Time; 5],
    sent: bool,
    answer: Option<&'a str>,
    http_status: Option<u16>,
    owner: Option<&'a str>,
    generation: i64,
    changed: Option<(u8, Changed<'a>)>,
}

#[derive(Debug, Arbitrary, Clone, Copy)]
enum Time {
    Never,
    Ago(u32),
    Ahead(u32),
    At(i64),
}

impl Time {
    fn second(self) -> Option<i64> {
        let now = i64::try_from(NOW_S).unwrap();
        match self {
            Time::Never => None,
            Time::Ago(seconds) => Some(now - i64::from(seconds)),
            Time::Ahead(seconds) => Some(now + i64::from(seconds)),
            Time::At(second) => Some(second),
        }
    }

    fn millisecond(self) -> Option<i64> {
        self.second().map(|second| second.saturating_mul(1000))
    }
}

#[derive(Debug, Arbitrary)]
enum Changed<'a> {
    Null,
    Integer(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

#[derive(Debug, Arbitrary)]
enum Answered {
    Coupon { state: u8, number: u8, row: u8 },
    Refused { status: u8, code: u8 },
    Nothing,
}

#[derive(Debug, Arbitrary)]
enum Step<'a> {
    Pending,
    SettleAll,
    Settle { row: u8, aim: u8 },
    SettleText(&'a str),
    Use { row: u8 },
    Check,
}

const NUMBERS: [&str; 4] = ["SALE_0001", "SALE_0002", "SALE_0003", "SALE_0004"];
const OPERATIONS: [&str; 8] =
    ["use", "return", "send", "confirm", "deactivate", "request", "create_stock", "unknown"];
const COLUMNS: [&str; 27] = [
    "operation",
    "method",
    "target",
    "body",
    "members",
    "coupon",
    "content",
    "trace",
    "created_ms",
    "state",
    "called_off",
    "code",
    "cause",
    "note",
    "attempts",
    "updated_ms",
    "doubted_ms",
    "sent",
    "signed_s",
    "verdict_s",
    "answer",
    "http_status",
    "course",
    "owner",
    "generation",
    "digest",
    "number",
];

fn use_text(index: usize) -> String {
    let (number, code) = (NUMBERS[index], index + 1);
    format!(
        r#"{{"openid":"oUser1","coupon_code":"Code_{code}","product_coupon_id":"1000000013","stock_id":"1000000013001","appid":"wx233544546545989","brand_id":"120344","out_request_no":"{number}","use_time":"2027-06-01T12:00:00+08:00","associated_order_info":{{"transaction_id":"4200000000123456789123456789"}}}}"#
    )
}

impl Written<'_> {
    fn row(&self, index: usize) -> Row {
        let operation = OPERATIONS[usize::from(self.operation) % OPERATIONS.len()];
        let text = use_text(index);
        let members = self.members.unwrap_or(&text);
        let members: Map<String, Value> = serde_json::from_str::<Value>(members)
            .ok()
            .and_then(|value| value.as_object().cloned())
            .unwrap_or_default();
        let code = index + 1;
        let usual =
            format!("/v3/marketing/partner/product-coupon/users/oUser1/coupons/Code_{code}/{operation}");
        let body = self.body.map_or_else(|| usual_body(&members), <[u8]>::to_vec);
        let request = Request {
            operation: operation.into(),
            request_no: NUMBERS[index].into(),
            method: "POST".into(),
            target: self.target.unwrap_or(&usual).into(),
            body: Some(body),
        };
        let new =
            NewRow { request: Arc::new(request), members, filled_in: vec![], trace: None, ask_again: false };
        let [created, doubted, tried, signed, verdict] = self.times;
        // The library has written it.
        let said: String = self.text.chars().filter(|c| !c.is_control() && *c != '-').take(1000).collect();
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let fresh = Row::new(&MERCHANT.into(), &"".into(), new);
        Row {
            created_ms: created.millisecond().unwrap_or(fresh.created_ms),
            state: State::ALL[usize::from(self.state) % State::ALL.len()],
            called_off: self.called_off,
            // A defect that was recorded is told again.
            code: self.code.filter(|code| code / 1000 != 9).unwrap_or(0),
            cause: said.clone(),
            note: some(&said),
            trace: some(&said),
            attempts: self.attempts,
            doubted_ms: doubted.millisecond(),
            tried_ms: tried.millisecond().unwrap_or_default(),
            sent: self.sent,
            signed_s: signed.second().unwrap_or_default(),
            verdict_s: verdict.second(),
            answer: self.answer.map(Into::into),
            http_status: self.http_status,
            request_id: some(&said),
            host: some(&said),
            lease: Lease { owner: self.owner.map(Into::into), generation: self.generation, until_ms: None },
            ..fresh
        }
    }
}

/// The members that travel in the body of a redemption.
fn usual_body(members: &Map<String, Value>) -> Vec<u8> {
    let mut body = members.clone();
    body.retain(|name, _| !["openid", "coupon_code", "_options"].contains(&name.as_str()));
    Value::Object(body).to_string().into_bytes()
}

impl Answered {
    fn reply(&self) -> Reply {
        let (status, body) = match self {
            Answered::Coupon { state, number, row } => {
                let state =
                    ["USED", "EFFECTIVE", "EXPIRED", "CONFIRMING", "DEACTIVATED"][usize::from(*state) % 5];
                let (number, code) = (NUMBERS[usize::from(*number) % 4], usize::from(*row) % 4 + 1);
                let body = format!(
                    r#"{{"coupon_code":"Code_{code}","coupon_state":"{state}","single_usage_detail":{{"use_request_no":"{number}"}}}}"#
                );
                (200, body)
            }
            Answered::Refused { status, code } => {
                let status = [400, 403, 404, 429, 500][usize::from(*status) % 5];
                let code = ["INVALID_REQUEST", "NOT_FOUND", "ALREADY_EXISTS", "SYSTEM_ERROR"]
                    [usize::from(*code) % 4];
                (status, format!(r#"{{"code":"{code}","message":"no"}}"#))
            }
            Answered::Nothing => return Reply::default(),
        };
        let headers =
            signature(body.as_bytes(), 0).map(|(name, value)| format!("{name}: {value}\r\n")).concat();
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
        Reply { bytes: [head, body].concat().into_bytes(), stays_open: true }
    }
}

/// A journal with these rows, and the numbers of those that were changed.
fn journal(written: &[Written<'_>]) -> (Journal, Vec<usize>) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = format!("file:rows{}?mode=memory&cache=shared", COUNT.fetch_add(1, Ordering::Relaxed));
    let store = Sqlite::over(Connection::open(&name).unwrap()).unwrap();
    let rows: Vec<Row> = written.iter().enumerate().map(|(index, written)| written.row(index)).collect();
    let insert = Box::new(move |tables: &mut dyn wxcoupon::journal::store::Transaction| {
        rows.iter().try_for_each(|row| tables.insert(row).map(drop))
    });
    store.transact(Durability::Flushed, insert).unwrap();
    let other = Connection::open(&name).unwrap();
    let mut damaged = Vec::new();
    for (index, written) in written.iter().enumerate() {
        let Some((column, value)) = &written.changed else { continue };
        let column = COLUMNS[usize::from(*column) % COLUMNS.len()];
        let value = match value {
            Changed::Null => SqlValue::Null,
            Changed::Integer(number) => SqlValue::Integer(*number),
            Changed::Text(text) => SqlValue::Text((*text).into()),
            Changed::Blob(bytes) => SqlValue::Blob(bytes.to_vec()),
        };
        let sql = format!("UPDATE requests SET {column} = ?1 WHERE id = ?2 AND {column} IS NOT ?1");
        // Tables are strict: what does not fit a column is not written.
        if other
            .execute(&sql, rusqlite::params![value, i64::try_from(index + 1).unwrap()])
            .is_ok_and(|count| count == 1)
        {
            damaged.push(index);
        }
    }
    (Journal::with_store(Arc::new(store), MERCHANT, KEEP).unwrap(), damaged)
}

pub fn run(input: &[u8]) {
    let _turn = alone();
    let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(input)) else { return };
    let written = &case.rows[..case.rows.len().min(NUMBERS.len())];
    let (journal, changed) = journal(written);
    let script = Script { replies: case.replies.iter().take(16).map(Answered::reply).collect(), step: 0 };
    let bench = Bench::with_journal(Kind::default(), script, journal);
    let mut may_leave: Vec<Vec<u8>> = Vec::new();
    for (index, written) in written.iter().enumerate() {
        if !changed.contains(&index) {
            may_leave.push(written.row(index).request.body.clone().unwrap_or_default());
        }
    }
    for step in case.steps.iter().take(6) {
        play(&bench, step, &mut may_leave);
    }
    for bytes in bench.wire.sent() {
        let sent = sent::read(bench.kind, &bytes);
        let is_our_own = ["/return", "/v3/security/echo"].iter().any(|end| sent.target.ends_with(end));
        assert!(
            sent.method == "GET" || is_our_own || may_leave.contains(&sent.body),
            "nobody has asked for this: {sent:?}"
        );
    }
}

fn play(bench: &Bench, step: &Step<'_>, may_leave: &mut Vec<Vec<u8>>) {
    let call = |text: Option<&str>, how: Call| {
        let text = text.map(|text| for_c(text.as_bytes()));
        if matches!(text, Some(None)) {
            return None;
        }
        let text = text.flatten();
        let status = how(bench.ctx, text.as_ref().map_or(ptr::null(), |text| text.as_ptr()), bench.buf);
        Some((status, said::answer(bench, status, &[])))
    };
    match step {
        Step::Pending => {
            let first = call(None, |ctx, _, buf| ffi::wxcoupon_pending(ctx, buf));
            assert_eq!(first.as_ref().map(|(status, _)| *status), Some(0), "{first:?}");
            assert_eq!(first, call(None, |ctx, _, buf| ffi::wxcoupon_pending(ctx, buf)));
        }
        Step::SettleAll => drop(call(None, settle)),
        Step::Settle { row, aim } => {
            let (number, aim) =
                (NUMBERS[usize::from(*row) % 4], ["complete", "void", "abandon"][usize::from(*aim) % 3]);
            let note = if aim == "abandon" { r#","note":"why""# } else { "" };
            call(Some(&format!(r#"{{"out_request_no":"{number}","aim":"{aim}"{note}}}"#)), settle);
        }
        Step::SettleText(text) => drop(call(Some(text), settle)),
        Step::Use { row } => {
            let text = use_text(usize::from(*row) % 4);
            let members: Value = serde_json::from_str(&text).unwrap();
            may_leave.push(usual_body(members.as_object().unwrap()));
            call(Some(&text), |ctx, text, buf| {
                // SAFETY: a text that ends with NUL.
                unsafe { ffi::wxcoupon_use(ctx, text, buf) }
            });
        }
        Step::Check => drop(call(Some("{}"), |ctx, text, buf| {
            // SAFETY: a text that ends with NUL.
            unsafe { ffi::wxcoupon_check(ctx, text, buf) }
        })),
    }
}

type Call = fn(*mut ffi::wxcoupon_ctx, *const std::ffi::c_char, *mut ffi::wxcoupon_buf) -> i32;

fn settle(ctx: *mut ffi::wxcoupon_ctx, text: *const std::ffi::c_char, buf: *mut ffi::wxcoupon_buf) -> i32 {
    // SAFETY: NULL, or a text that ends with NUL.
    unsafe { ffi::wxcoupon_settle(ctx, text, buf) }
}
