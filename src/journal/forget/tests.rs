use super::*;
use crate::journal::row::Verdict;
use crate::journal::{Begin, NewRow, sqlite};
use serde_json::json;
use std::time::Duration;

const OPENID: &str = "oh-394z-6CGkNoJrsDLTTUKiAnp4";
const OTHER: &str = "oh-394z-another-user-of-till";

fn new(request_no: &str, openid: &str) -> NewRow {
    let members = json!({
        "openid": openid, "coupon_code": format!("CODE-{request_no}"), "stock_id": "1", "out_request_no": request_no,
        "use_time": "2025-08-03T12:00:00+08:00", "note": { "b": [openid], "a": 1.50 },
    });
    let body = json!({ "stock_id": "1", "note": { "openid": openid, "a": 1 } });
    let request = Request {
        operation: "use".into(),
        request_no: request_no.into(),
        method: "POST".into(),
        target: format!("/v3/users/{openid}/coupons/C/use?openid={openid}"),
        body: Some(body.to_string().into()),
    };
    NewRow {
        request: Arc::new(request),
        members: json::into_object(members).unwrap(),
        filled_in: Vec::new(),
        ask_again: false,
        trace: None,
    }
}

/// A request that no table describes.
fn raw(request_no: &str, target: &str) -> NewRow {
    let new = new(request_no, "somebody");
    let request = Request { operation: RAW.into(), target: target.into(), ..Request::clone(&new.request) };
    NewRow { request: Arc::new(request), members: Map::new(), ..new }
}

fn verdict(state: State, cause: &str) -> Verdict {
    Verdict {
        state,
        code: 0,
        cause: cause.into(),
        attempts: 1,
        sent: true,
        signed_s: 0,
        verdict_s: Some(1),
        answer: Some(format!(r#"{{"stock_id":"1","openid":"{OPENID}","n":1.10}}"#).into()),
        http_status: Some(200),
        request_id: None,
        host: None,
        course: crate::course::Course::default(),
    }
}

fn finished(journal: &Arc<Journal>, new: NewRow, state: State) {
    let Begin::Go(claim) = journal.begin(new, 0).unwrap() else { panic!("it is new") };
    claim.finish(verdict(state, &format!("about {OPENID}"))).unwrap();
}

/// In memory, and in a file.
fn both(test: impl Fn(Arc<Journal>)) {
    let folder = tempfile::tempdir().unwrap();
    for path in [None, Some(folder.path().join("till.journal"))] {
        test(Arc::new(Journal::open(path.as_deref(), "1900000001", Duration::from_secs(60)).unwrap()));
    }
}

fn forget(journal: &Journal, openid: &str) -> Forgotten {
    journal.forget_user(openid, || true).unwrap()
}

#[test]
fn a_finished_row_loses_the_openid_and_a_repeat_is_still_known() {
    both(|journal| {
        finished(&journal, new("SALE-0001", OPENID), State::Done);
        finished(&journal, new("SALE-0002", OTHER), State::Done);
        let before = journal.find("SALE-0001").unwrap().unwrap();
        let forgotten = forget(&journal, OPENID);
        assert_eq!((forgotten.rows, forgotten.held.len(), forgotten.is_partial), (2, 0, false));
        let row = journal.find("SALE-0001").unwrap().unwrap();
        assert!(!format!("{row:?}").contains(OPENID) && !names(&row, OPENID), "{row:?}");
        assert_eq!(row.state, State::Done);
        assert_eq!(row.answer.as_deref(), Some(r#"{"stock_id":"1","n":1.10}"#));
        assert_eq!(row.coupon, before.coupon, "returns are still found");
        assert_eq!(row.lease.generation, before.lease.generation + 1, "who read it before does not get it");
        assert!(journal.claim(&before, 0).unwrap().is_none());
        let other = journal.find("SALE-0002").unwrap().unwrap();
        assert!(other.request.target.contains(OTHER) && names(&other, OTHER));
        assert_eq!(forget(&journal, OPENID).rows, 0);

        let mut in_another_order = new("SALE-0001", OPENID);
        in_another_order.members.sort_keys();
        in_another_order.ask_again = true;
        for repeat in [new("SALE-0001", OPENID), in_another_order] {
            assert!(
                matches!(journal.begin(repeat, 0).unwrap(), Begin::Recorded(row) if row.state == State::Done)
            );
        }
        let mut changed = new("SALE-0001", OPENID);
        changed.members.insert("stock_id".into(), "2".into());
        let mut more = new("SALE-0001", OPENID);
        more.members.insert("store_id".into(), "2".into());
        let mut less = new("SALE-0001", OPENID);
        less.members.shift_remove("use_time");
        let mut without_user = new("SALE-0001", OPENID);
        without_user.members.shift_remove("openid");
        for different in [new("SALE-0001", OTHER), changed, more, less.clone(), without_user] {
            let found = journal.begin(different, 0).unwrap();
            assert!(matches!(found, Begin::Reused { in_doubt: false, .. }), "{found:?}");
        }
        less.filled_in = vec!["use_time"];
        assert!(matches!(journal.begin(less, 0).unwrap(), Begin::Recorded(_)));
    });
}

#[test]
fn a_request_of_the_callers_own_is_known_by_its_target() {
    both(|journal| {
        let target = |openid: &str| format!("/v3/payscore/{}?a=1", openid.replace('o', "%6F"));
        finished(&journal, raw("RAW-0001", &target(OPENID)), State::Done);
        assert_eq!(forget(&journal, OPENID).rows, 1);
        let row = journal.find("RAW-0001").unwrap().unwrap();
        assert_eq!(row.request.target, "/v3/payscore/***?a=1");
        assert!(matches!(journal.begin(raw("RAW-0001", &target(OPENID)), 0).unwrap(), Begin::Recorded(_)));
        for other in [target(OTHER), row.request.target.clone()] {
            assert!(matches!(journal.begin(raw("RAW-0001", &other), 0).unwrap(), Begin::Reused { .. }));
        }
    });
}

#[test]
fn two_users_of_one_row_are_forgotten_one_after_the_other() {
    both(|journal| {
        let both = || {
            let mut both = new("SALE-0001", OPENID);
            both.members.insert("from".into(), OTHER.into());
            both
        };
        finished(&journal, both(), State::Done);
        assert_eq!((forget(&journal, OPENID).rows, forget(&journal, OTHER).rows), (1, 1));
        let row = journal.find("SALE-0001").unwrap().unwrap();
        assert!(!names(&row, OPENID) && !names(&row, OTHER), "{row:?}");
        assert!(matches!(journal.begin(both(), 0).unwrap(), Begin::Recorded(_)));
        let mut other = both();
        other.members.insert("from".into(), "a third".into());
        assert!(matches!(journal.begin(other, 0).unwrap(), Begin::Reused { .. }));
    });
}

#[test]
fn every_open_row_keeps_what_it_needs_and_is_listed() {
    both(|journal| {
        for (at, state) in State::ALL.into_iter().enumerate() {
            finished(&journal, new(&format!("SALE-{at:04}"), OPENID), state);
        }
        let Begin::Go(running) = journal.begin(new("SALE-RUNS", OPENID), 0).unwrap() else { panic!("new") };
        let forgotten = forget(&journal, OPENID);
        let finished = State::ALL.into_iter().filter(|state| state.is_finished()).count();
        assert_eq!(usize::try_from(forgotten.rows).unwrap(), finished);
        let held: Vec<&str> = forgotten.held.iter().map(|held| &*held.row.request.request_no).collect();
        assert_eq!(held.len(), State::ALL.len() - finished + 1);
        assert!(held.contains(&"SALE-RUNS") && held.contains(&"SALE-0000"));
        assert!(forgotten.held.iter().all(|held| !held.why.is_empty() && names(&held.row, OPENID)));
        running.finish(verdict(State::Done, "")).unwrap();
        assert_eq!(journal.find("SALE-RUNS").unwrap().unwrap().state, State::Done, "it could end");
        assert_eq!(forget(&journal, OPENID).rows, 1);
    });
}

#[test]
fn what_ends_a_number_ends_it_after_forgetting_too() {
    both(|journal| {
        for (number, state) in
            [("REFUSED-1", State::Refused), ("VOIDED-1", State::Voided), ("ABANDONED-1", State::Abandoned)]
        {
            finished(&journal, new(number, OPENID), state);
        }
        finished(&journal, new("CLOSED-1", OPENID), State::Closed);
        assert_eq!(forget(&journal, OPENID).rows, 4);
        let begin = |number: &str| journal.begin(new(number, OPENID), 0).unwrap();
        assert!(matches!(begin("REFUSED-1"), Begin::Recorded(row) if row.state == State::Refused));
        for number in ["VOIDED-1", "ABANDONED-1"] {
            assert!(matches!(begin(number), Begin::Reused { .. }), "{number}");
        }
        // Nothing took effect, and the till was told so. The caller's own request is sent, not the row.
        assert!(matches!(journal.begin(new("CLOSED-1", OTHER), 0).unwrap(), Begin::Reused { .. }));
        let Begin::Go(claim) = begin("CLOSED-1") else { panic!("it may be tried again") };
        assert!(names(&claim.row, OPENID) && !claim.row.is_forgotten());
    });
}

#[test]
fn a_call_that_works_on_a_finished_row_keeps_it() {
    both(|journal| {
        finished(&journal, new("SALE-0001", OPENID), State::Done);
        let again = NewRow { ask_again: true, ..new("SALE-0001", OPENID) };
        let Begin::Go(claim) = journal.begin(again, 0).unwrap() else { panic!("it is asked again") };
        let forgotten = forget(&journal, OPENID);
        assert_eq!((forgotten.rows, forgotten.held.len()), (0, 1));
        assert!(forgotten.held[0].why.contains("a call is working on it"));
        drop(claim);
        assert_eq!(forget(&journal, OPENID).rows, 1);
    });
}

#[test]
fn more_rows_than_one_step_has_are_all_looked_at() {
    both(|journal| {
        for at in 0..450 {
            finished(
                &journal,
                new(&format!("SALE-{at:04}"), if at % 3 == 0 { OPENID } else { OTHER }),
                State::Done,
            );
        }
        assert!(journal.forget_user(OPENID, || false).unwrap().is_partial);
        assert_eq!(forget(&journal, OPENID).rows, 150 + 300, "the answers name the user, too");
        assert_eq!(forget(&journal, OTHER).rows, 300);
    });
}

/// How often the openid can be read in the file and its log.
fn readable(path: &std::path::Path) -> usize {
    ["", "-wal"]
        .map(|end| std::fs::read(sqlite::beside(path, end)).unwrap_or_default())
        .iter()
        .map(|bytes| bytes.windows(OPENID.len()).filter(|window| *window == OPENID.as_bytes()).count())
        .sum()
}

#[test]
fn nothing_of_the_user_stays_readable_in_unused_bytes_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    for (count, others) in [(1, 0), (2, 0), (5, 3), (60, 40)] {
        let path = folder.path().canonicalize().unwrap().join(format!("{count}.journal"));
        let journal = Arc::new(Journal::open(Some(&path), "1900000001", Duration::from_secs(60)).unwrap());
        for at in 0..count + others {
            let Begin::Go(claim) = journal
                .begin(new(&format!("SALE-{at:04}"), if at < count { OPENID } else { OTHER }), 0)
                .unwrap()
            else {
                panic!("it is new")
            };
            claim.finish(Verdict { answer: None, ..verdict(State::Done, "") }).unwrap();
        }
        assert!(readable(&path) > 0);
        assert_eq!(forget(&journal, OPENID).rows, count);
        assert_eq!(readable(&path), 0, "of {count}");
        let left = journal.find(&format!("SALE-{:04}", count + others - 1)).unwrap().unwrap();
        assert_eq!(names(&left, OTHER), others > 0);
        journal.audit().unwrap();
        drop(journal);
        assert_eq!(readable(&path), 0, "of {count}");
    }
}

#[test]
fn what_was_removed_before_is_not_readable_after_forgetting_either() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("till.journal");
    let journal = Arc::new(Journal::open(Some(&path), "1900000001", Duration::from_secs(60)).unwrap());
    let clock = system::wall_ms() / 1000;
    for at in 0..40 {
        finished(&journal, new(&format!("SALE-{at:04}"), OPENID), State::Done);
    }
    // Killed after the rows had lost the openid, or too old and removed: the next call still cleans up.
    journal.note_time(crate::net::clock::KnownTime { proven_s: clock + 3600, offset_s: 3600 }).unwrap();
    journal.audit().unwrap();
    assert!(journal.find("SALE-0000").unwrap().is_none(), "it was too old");
    assert_eq!(forget(&journal, OPENID).rows, 0);
    assert_eq!(readable(&path), 0);
}

#[test]
fn a_short_openid_stands_in_other_texts_by_chance() {
    assert!(has("o1", "o1") && !has("no1", "o1") && has("user o12345678", "o12345678"));
    assert_eq!(
        without_in_target("/users/o1/coupons/o12?a=o1&b=%6F1", "o1"),
        "/users/***/coupons/o12?a=***&b=***"
    );
}
