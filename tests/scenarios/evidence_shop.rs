//! A till with a journal in a file whose rows can be made older, and a WeChat Pay that refuses as it is told.

use crate::till::{Answer, Till, config_with, sandbox, use_request, with_limit};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use wxcoupon::journal::sqlite::Sqlite;
use wxcoupon::journal::store::{Durability, Store, Transaction};
use wxcoupon::journal::{Row, State};
use wxcoupon_sandbox::{Effect, Fault, FaultId, FaultKind, Sandbox};

/// The user has no such coupon.
pub const NO_SUCH_COUPON: u32 = 268_578_851;
/// The object is another brand's or service provider's, or there is none: nobody can say which.
pub const ANOTHERS: u32 = 268_578_608;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Calls until something was sent, and until it has arrived: on a slow machine a short limit may end before.
pub fn leave_in_doubt(sandbox: &Sandbox, call: impl Fn(u64) -> Answer) -> Answer {
    let told = [400, 1600, 6400].into_iter().map(call).find(|told| told.class() != 3);
    let told = told.unwrap();
    assert_eq!((told.class(), told.in_doubt), (4, true), "{}", told.json);
    sandbox.finish_requests();
    told
}

pub struct Shop {
    pub sandbox: Sandbox,
    pub till: Till,
    folder: TempDir,
}

impl Shop {
    pub fn open() -> Shop {
        Shop::with(&json!({}))
    }

    pub fn with(changes: &Value) -> Shop {
        let (sandbox, folder) = (sandbox(), TempDir::new().unwrap());
        let till = Till::new(&configured(&sandbox, &folder, changes));
        Shop { sandbox, till, folder }
    }

    /// The same journal, opened once more with another configuration.
    pub fn reopened(&self, changes: &Value) -> Till {
        Till::new(&configured(&self.sandbox, &self.folder, changes))
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("till.db")
    }

    /// Somebody else, who knows nothing of this journal: head office, another till, or a copy that comes late.
    pub fn stranger(&self) -> Till {
        Till::new(&self.sandbox.config())
    }

    /// A redemption whose answer never comes, whether it took effect or not.
    fn redeem_under(&self, kind: FaultKind, coupon: &str, number: &str) {
        let fault = self.sandbox.inject(Fault::new(kind).on("use"));
        self.leave_in_doubt(|limit_ms| self.till.redeem(&with_limit(use_request(coupon, number), limit_ms)));
        assert!(self.sandbox.clear_fault(fault));
    }

    pub fn leave_in_doubt(&self, call: impl Fn(u64) -> Answer) -> Answer {
        leave_in_doubt(&self.sandbox, call)
    }

    /// A redemption that took effect, and nobody knows.
    pub fn lose_answer(&self, coupon: &str, number: &str) {
        self.redeem_under(FaultKind::ProcessThenReset, coupon, number);
        assert_eq!(self.effects(coupon), [Effect::Used]);
    }

    /// A redemption that reached nobody yet, and nobody knows.
    pub fn lose_request(&self, coupon: &str, number: &str) {
        self.redeem_under(FaultKind::ResetAfterRead, coupon, number);
        assert_eq!(self.effects(coupon), []);
    }

    /// The copy of a lost request arrives after all.
    pub fn copy_arrives(&self, coupon: &str, number: &str) {
        let copy = self.stranger().redeem(&use_request(coupon, number));
        assert_eq!(copy.status, 0, "{}", copy.json);
    }

    /// Every question and every repeat is refused with this.
    pub fn refuse(&self, on: &str, status: u16, code: &str, sub_code: u32) -> FaultId {
        let kind = FaultKind::Refusal { status, code: code.into(), sub_code };
        self.sandbox.inject(Fault::new(kind).on(on))
    }

    /// The same without a signature.
    pub fn refuse_unsigned(&self, on: &str, status: u16, code: &str, sub_code: u32) -> FaultId {
        let kind = FaultKind::UnsignedRefusal { status, code: code.into(), sub_code };
        self.sandbox.inject(Fault::new(kind).on(on))
    }

    /// Signed answers to this operation have these members instead.
    pub fn edit(&self, on: &str, patch: Value, processed: bool) -> FaultId {
        self.sandbox.inject(Fault::new(FaultKind::Edited { patch }).on(on).processed(processed))
    }

    pub fn settle(&self, number: &str) -> Answer {
        self.till.settle(&json!({ "out_request_no": number }))
    }

    pub fn void(&self, number: &str) -> Answer {
        self.till.settle(&json!({ "out_request_no": number, "aim": "void" }))
    }

    pub fn abandon(&self, number: &str) -> Answer {
        self.till.settle(&json!({ "out_request_no": number, "aim": "abandon", "note": "Li: nobody asks" }))
    }

    /// Under which name the number is listed; nothing where it is finished.
    pub fn listed(&self, number: &str) -> Option<String> {
        let pending = self.till.pending();
        let lists = ["requests", "unresolved"].map(|list| pending[list].as_array().unwrap().clone());
        let row = lists.into_iter().flatten().find(|row| row["out_request_no"] == number)?;
        Some(row["state"].as_str().unwrap().to_owned())
    }

    pub fn effects(&self, coupon: &str) -> Vec<Effect> {
        let ledger = self.sandbox.ledger();
        ledger.iter().filter(|entry| entry.coupon_code == coupon).map(|entry| entry.effect).collect()
    }

    /// How often this operation was asked for, whoever asked.
    pub fn requests(&self, operation: &str) -> usize {
        self.sandbox.requests().iter().filter(|request| request.operation == operation).count()
    }

    pub fn row(&self, number: &str) -> Row {
        let (merchant, number) = (self.merchant(), number.to_owned());
        let (tell, told) = std::sync::mpsc::channel();
        let find = move |rows: &mut dyn Transaction| {
            tell.send(rows.find(&merchant, &number)?).unwrap();
            Ok(())
        };
        Sqlite::open(&self.file()).unwrap().transact(Durability::Lazy, Box::new(find)).unwrap();
        told.recv().unwrap().unwrap()
    }

    /// Changes every open row, as time would.
    fn change(&self, change: impl Fn(Row) -> Row + Send + 'static) {
        let merchant = self.merchant();
        let work = move |rows: &mut dyn Transaction| {
            for row in rows.open(&merchant)? {
                let held = row.lease.clone();
                assert!(rows.replace(&change(row), &held)?);
            }
            Ok(())
        };
        Sqlite::open(&self.file()).unwrap().transact(Durability::Flushed, Box::new(work)).unwrap();
    }

    /// Changes one row, finished or not, as another program or another time would.
    pub fn rewrite(&self, number: &str, change: impl Fn(Row) -> Row) {
        let row = self.row(number);
        let held = row.lease.clone();
        let changed = change(row);
        let work = move |rows: &mut dyn Transaction| {
            assert!(rows.replace(&changed, &held)?);
            Ok(())
        };
        Sqlite::open(&self.file()).unwrap().transact(Durability::Flushed, Box::new(work)).unwrap();
    }

    /// The power is cut before the verdict of a success is on the disk, more than six minutes ago.
    pub fn loses_verdict(&self, number: &str) {
        self.rewrite(number, |row| Row {
            state: State::Pending,
            sent: true,
            signed_s: now_s() - 400,
            verdict_s: None,
            verdict_row: 0,
            answer: None,
            ..row
        });
    }

    /// A success that was proven so many seconds ago, and came to be doubted.
    pub fn doubts_success(&self, number: &str, seconds_ago: i64) {
        let proven_s = Some(now_s() - seconds_ago);
        self.rewrite(number, |row| Row {
            state: State::Pending,
            sent: true,
            signed_s: now_s() - 400,
            verdict_s: proven_s,
            ..row
        });
    }

    /// The doubt is older than the lifetime of a copy, and the last copy is not.
    pub fn doubt_is_old(&self) {
        self.change(|row| Row {
            signed_s: now_s() - 10,
            doubted_ms: row.doubted_ms.map(|doubted_ms| doubted_ms - 400_000),
            ..row
        });
    }

    /// The last signature is so many seconds old.
    pub fn last_signed(&self, seconds_ago: i64) {
        self.change(move |row| Row { signed_s: now_s() - seconds_ago, ..row });
    }

    /// More than six minutes pass: no copy can arrive any more.
    pub fn copies_die(&self) {
        self.last_signed(400);
    }

    /// More than a day passes.
    pub fn a_day_passes(&self) {
        self.change(|row| Row {
            signed_s: row.signed_s - DAY_MS / 1000 - 400,
            doubted_ms: row.doubted_ms.map(|doubted_ms| doubted_ms - DAY_MS - 1000),
            tried_ms: (row.tried_ms - DAY_MS - 1000).max(0),
            ..row
        });
    }

    fn merchant(&self) -> String {
        self.sandbox.config()["mchid"].as_str().unwrap().to_owned()
    }
}

fn configured(sandbox: &Sandbox, folder: &TempDir, changes: &Value) -> Value {
    let mut config = config_with(sandbox, &json!({ "journal_path": folder.path().join("till.db") }));
    for (name, value) in changes.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

pub fn now_s() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// The class is 4, and the row is still open under that name.
#[track_caller]
pub fn assert_open(shop: &Shop, answer: &Answer, number: &str, state: &str) {
    assert_eq!((answer.class(), answer.in_doubt), (4, true), "{}", answer.json);
    assert_eq!(shop.listed(number).as_deref(), Some(state), "{}", answer.json);
}

#[track_caller]
pub fn assert_ended(shop: &Shop, answer: &Answer, number: &str, name: &str) {
    assert_eq!((answer.name(), answer.in_doubt), (name, false), "{}", answer.json);
    assert_eq!(shop.listed(number), None, "{}", answer.json);
}

#[track_caller]
pub fn assert_voided(shop: &Shop, answer: &Answer, number: &str, state: &str) {
    assert_eq!((answer.status, &answer.json["data"]["state"]), (0, &json!(state)), "{}", answer.json);
    let listed = (state == "watching").then(|| state.to_owned());
    assert_eq!(shop.listed(number), listed, "{}", answer.json);
}
