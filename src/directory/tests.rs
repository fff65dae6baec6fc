use super::sqlite::Sqlite;
use super::*;
use rusqlite::Connection;
use std::fs;
use std::sync::Barrier;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const DAY_S: i64 = 24 * 60 * 60;
const NOW_S: i64 = 1_800_000_000;

fn entry(code: &str) -> Entry {
    Entry {
        family: Family::Product,
        brand_id: Some("120344".into()),
        stock_id: "1000000013001".into(),
        coupon_code: code.into(),
        product_coupon_id: Some("1000000013".into()),
        openid: Some("oUser-0000000000000000000001".into()),
        appid: Some("wx233544546545989".into()),
        valid_from_s: Some(NOW_S - DAY_S),
        valid_until_s: Some(NOW_S + DAY_S),
    }
}

fn bare(code: &str) -> Entry {
    let none = || None::<String>;
    Entry {
        brand_id: none(),
        product_coupon_id: none(),
        openid: none(),
        appid: none(),
        valid_from_s: None,
        valid_until_s: None,
        ..entry(code)
    }
}

struct Place {
    _folder: TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let folder = TempDir::new().unwrap();
    let path = folder.path().canonicalize().unwrap().join("till.journal.directory");
    Place { _folder: folder, path }
}

impl Place {
    fn open(&self) -> Sqlite {
        Sqlite::new(Some(self.path.clone()), "1900000001")
    }

    fn aside(&self) -> PathBuf {
        beside(&self.path, ".damaged")
    }
}

/// In memory, and in a file.
fn both(test: impl Fn(&dyn Directory)) {
    test(&Sqlite::new(None, "1900000001"));
    test(&place().open());
}

#[test]
fn a_code_leads_to_all_coupons_that_have_it() {
    both(|directory| {
        let other_stock = Entry { stock_id: "1000000013002".into(), ..entry("CODE_1") };
        let other_family = Entry { family: Family::Busifavor, product_coupon_id: None, ..entry("CODE_1") };
        let other_brand = Entry { brand_id: Some("120345".into()), ..entry("CODE_1") };
        let all = vec![entry("CODE_1"), other_stock, other_family, other_brand];
        directory.remember(all.clone()).unwrap();
        directory.remember(vec![entry("code_1")]).unwrap();
        assert_eq!(directory.find("CODE_1").unwrap(), all);
        assert_eq!(directory.find("code_1").unwrap(), [entry("code_1")], "letters are not folded");
        assert!(directory.find("CODE_").unwrap().is_empty());
    });
}

#[test]
fn what_is_told_later_fills_in_what_is_missing_and_removes_nothing() {
    both(|directory| {
        for entries in [vec![bare("C")], vec![entry("C")], vec![bare("C")], vec![entry("C"), bare("C")]] {
            directory.remember(entries).unwrap();
        }
        assert_eq!(directory.find("C").unwrap(), [entry("C")]);
        let empty = Entry { openid: Some(String::new()), appid: Some(String::new()), ..bare("C") };
        directory.remember(vec![empty]).unwrap();
        assert_eq!(directory.find("C").unwrap(), [entry("C")], "an empty text says nothing");
        let longer = Entry { valid_until_s: Some(NOW_S + 9 * DAY_S), ..bare("C") };
        directory.remember(vec![longer]).unwrap();
        let known = Entry { valid_until_s: Some(NOW_S + 9 * DAY_S), ..entry("C") };
        assert_eq!(directory.find("C").unwrap(), [known]);
    });
}

#[test]
fn a_user_is_forgotten_and_nobody_else() {
    both(|directory| {
        let other = Entry { openid: Some("oUser-0000000000000000000002".into()), ..entry("OTHER") };
        let many: Vec<Entry> = (0..1300).map(|index| entry(&format!("C{index}"))).collect();
        directory.remember(many).unwrap();
        directory.remember(vec![other.clone(), bare("NOBODYS")]).unwrap();
        assert_eq!(directory.forget_user("oUser-0000000000000000000001").unwrap(), 1300);
        assert_eq!(directory.forget_user("oUser-0000000000000000000001").unwrap(), 0);
        assert!(directory.find("C7").unwrap().is_empty());
        assert_eq!(directory.find("OTHER").unwrap(), [other]);
        assert_eq!(directory.find("NOBODYS").unwrap().len(), 1);
    });
}

#[test]
fn nothing_of_a_forgotten_user_stays_readable_in_the_file() {
    let place = place();
    let directory = place.open();
    directory.remember(vec![entry("C"), Entry { openid: Some("oKept".into()), ..entry("D") }]).unwrap();
    directory.forget_user("oUser-0000000000000000000001").unwrap();
    for end in ["", "-wal"] {
        let bytes = fs::read(beside(&place.path, end)).unwrap_or_default();
        let found = bytes.windows(28).any(|window| window == b"oUser-0000000000000000000001");
        assert!(!found, "it is in the file{end}");
    }
    drop(directory);
    assert_eq!(place.open().find("D").unwrap().len(), 1);
}

#[test]
fn nothing_of_a_forgotten_user_stays_readable_in_pages_that_were_split() {
    let place = place();
    let directory = place.open();
    let user = |at: usize| format!("oUser-{:022}", at * 7919 % 1000);
    let of = |at: usize| Entry { openid: Some(user(at)), ..entry(&format!("C{at}")) };
    for batch in 0..10 {
        directory
            .remember((0..100).map(|at| Entry { openid: None, ..of(batch * 100 + at) }).collect())
            .unwrap();
        directory.remember((0..100).map(|at| of(batch * 100 + at)).collect()).unwrap();
    }
    let mut found = Vec::new();
    for at in (0..1000).step_by(50) {
        assert_eq!(directory.forget_user(&user(at)).unwrap(), 1);
        let bytes = fs::read(&place.path).unwrap();
        found.extend(bytes.windows(28).any(|window| window == user(at).as_bytes()).then_some(at));
    }
    assert!(found.is_empty(), "{} of 20 are in the file", found.len());
    assert_eq!(directory.find("C1").unwrap(), [of(1)]);
}

#[test]
fn an_entry_is_kept_for_thirty_days_after_its_validity() {
    both(|directory| {
        directory.remember(vec![entry("OVER"), bare("UNTOLD")]).unwrap();
        let longer = Entry { valid_until_s: Some(NOW_S + 2 * DAY_S), ..entry("LONGER") };
        directory.remember(vec![longer]).unwrap();
        let until = |days: i64| NOW_S + days * DAY_S;
        assert_eq!(directory.forget_expired(until(31)).unwrap(), 0, "not before it is over");
        assert_eq!(directory.forget_expired(until(31) + 1).unwrap(), 1);
        assert!(directory.find("OVER").unwrap().is_empty());
        assert_eq!(directory.find("LONGER").unwrap().len(), 1);
        // The year of an entry whose validity nobody told began with the first look.
        assert_eq!(directory.forget_expired(until(31 + 395)).unwrap(), 1, "LONGER alone");
        assert_eq!(directory.find("UNTOLD").unwrap().len(), 1);
        assert_eq!(directory.forget_expired(until(31 + 395) + 1).unwrap(), 1);
        assert!(directory.find("UNTOLD").unwrap().is_empty());
        // By now the time is known when it is told.
        directory.remember(vec![bare("LATER")]).unwrap();
        assert_eq!(directory.forget_expired(until(31 + 395 + 395) + 1).unwrap(), 0);
        assert_eq!(directory.forget_expired(until(31 + 395 + 395) + 2).unwrap(), 1);
    });
}

#[test]
fn forgetting_goes_in_steps_and_the_file_gets_smaller() {
    let place = place();
    let directory = place.open();
    for part in 0..20 {
        let many = (0..500).map(|index| entry(&format!("C{part}-{index}"))).collect();
        directory.remember(many).unwrap();
    }
    let size = |directory: &Sqlite| directory.look_over().unwrap();
    let before = size(&directory);
    assert_eq!(before.entries, 10_000);
    let first = directory.forget_expired(NOW_S + 100 * DAY_S).unwrap();
    assert!((1..10_000).contains(&first), "{first} at once");
    while directory.forget_expired(NOW_S + 100 * DAY_S).unwrap() > 0 {}
    let after = size(&directory);
    assert_eq!(after.entries, 0);
    assert!(after.bytes < before.bytes / 2, "{} of {} bytes are left", after.bytes, before.bytes);
}

#[test]
fn two_contexts_on_one_file_see_each_others_coupons_and_merchants_do_not() {
    let place = place();
    let (one, two) = (place.open(), place.open());
    let other_merchant = Sqlite::new(Some(place.path.clone()), "1900000002");
    one.remember(vec![entry("C")]).unwrap();
    assert_eq!(two.find("C").unwrap(), [entry("C")]);
    assert!(other_merchant.find("C").unwrap().is_empty());
    other_merchant.remember(vec![entry("C")]).unwrap();
    assert_eq!(one.forget_user("oUser-0000000000000000000001").unwrap(), 1);
    assert_eq!(other_merchant.find("C").unwrap().len(), 1, "it is another merchant's");
}

#[test]
fn threads_that_tell_the_same_make_one_entry() {
    let place = place();
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let directory = place.open();
                start.wait();
                for index in 0..50 {
                    while directory.remember(vec![entry(&format!("C{index}"))]).is_err() {}
                }
            });
        }
    });
    assert_eq!(place.open().look_over().unwrap().entries, 50);
}

/// A directory with so many entries, closed.
fn history(place: &Place) -> Vec<u8> {
    let directory = place.open();
    for part in 0..4 {
        directory.remember((0..500).map(|index| entry(&format!("C{part}-{index}"))).collect()).unwrap();
    }
    drop(directory);
    fs::read(&place.path).unwrap()
}

#[test]
fn a_damaged_file_is_set_aside_and_made_anew() {
    let place = place();
    let whole = history(&place);
    let zeros = vec![0; whole.len() / 2];
    let noise: Vec<u8> = (0..whole.len()).map(|at| u8::try_from(at * at % 251).unwrap()).collect();
    let damages = [
        ("a text", b"these are the accounts of last year\n".repeat(200)),
        ("half of it", whole[..whole.len() / 2].to_vec()),
        ("zeros behind its middle", [&whole[..whole.len() / 2], &zeros].concat()),
        ("noise behind its head", [&whole[..100], &noise[100..]].concat()),
        ("another program's", [&whole[..68], b"abcd", &whole[72..]].concat()),
    ];
    for (what, bytes) in damages {
        fs::write(&place.path, &bytes).unwrap();
        let directory = place.open();
        let overview = directory.look_over().unwrap();
        assert_eq!(overview.set_aside.as_ref(), Some(&place.aside()), "{what}");
        assert_eq!((overview.entries, directory.find("C0-0").unwrap().len()), (0, 0), "{what}");
        assert!(fs::read(place.aside()).unwrap() == bytes, "{what}: it was changed");
        directory.remember(vec![entry("NEW")]).unwrap();
        assert_eq!(directory.find("NEW").unwrap().len(), 1, "{what}");
        directory.forget_user("oUser-0000000000000000000001").unwrap();
        assert!(!place.aside().exists(), "{what}: nobody knows whom it names");
    }
}

#[test]
fn a_file_of_a_newer_version_is_left_as_it_is() {
    let place = place();
    history(&place);
    Connection::open(&place.path).unwrap().execute_batch("PRAGMA user_version=99").unwrap();
    let before = fs::read(&place.path).unwrap();
    let directory = place.open();
    let told = directory.find("C0-0").unwrap_err();
    assert!(told.message.contains("newer version"), "{}", told.message);
    assert_eq!((told.code, told.field.as_deref()), (crate::status::Code::Journal, Some("/directory")));
    assert!(fs::read(&place.path).unwrap() == before && !place.aside().exists());
}

#[cfg(unix)]
#[test]
fn what_happens_to_the_file_while_it_is_open_is_noticed() {
    type Act = fn(&Place);
    let acts: [(&str, Act); 4] = [
        ("removed", |place| fs::remove_file(&place.path).unwrap()),
        ("moved", |place| fs::rename(&place.path, place.path.with_extension("old")).unwrap()),
        ("cut off", |place| {
            fs::File::options().write(true).open(&place.path).unwrap().set_len(4096).unwrap();
        }),
        ("its log removed", |place| fs::remove_file(beside(&place.path, "-wal")).unwrap()),
    ];
    for (what, act) in acts {
        let place = place();
        history(&place);
        let directory = place.open();
        directory.remember(vec![entry("BEFORE")]).unwrap();
        act(&place);
        directory.remember(vec![entry("AFTER")]).unwrap();
        assert_eq!(directory.find("AFTER").unwrap().len(), 1, "{what}");
        directory.look_over().unwrap();
        drop(directory);
        assert_eq!(place.open().find("AFTER").unwrap().len(), 1, "{what}: in the new file");
    }
}

#[test]
fn a_file_that_somebody_locks_keeps_nobody_waiting() {
    let place = place();
    history(&place);
    let directory = place.open();
    let other = Connection::open(&place.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let start = Instant::now();
    assert!(directory.remember(vec![entry("NEW")]).is_err());
    assert_eq!(directory.find("C0-0").unwrap().len(), 1, "reading goes on");
    directory.remember(vec![entry("C0-0")]).unwrap();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    other.execute_batch("ROLLBACK").unwrap();
    directory.remember(vec![entry("NEW")]).unwrap();
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_made_is_no_reason_to_fail() {
    let place = place();
    fs::create_dir(&place.path).unwrap();
    let directory = place.open();
    let told = directory.remember(vec![entry("C")]).unwrap_err();
    assert!(told.message.contains("not a file"), "{}", told.message);
    assert!(place.path.is_dir() && !place.aside().exists());
}
