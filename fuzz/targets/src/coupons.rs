//! A file of coupons that is imported.

use crate::bench::{Bench, Kind, alone, for_c};
use crate::line::Script;
use crate::said;
use serde_json::{Value, json};
use wxcoupon::encoding::TextEncoding;
use wxcoupon::ffi;
use wxcoupon::mode::Mode;

/// A value of this many bytes that stands in a row stands in no reason. Shorter words may be those of the reason.
const VALUE: usize = 24;

pub fn run(input: &[u8]) {
    let _turn = alone();
    let Some((choice, content)) = input.split_first() else { return };
    let encoding = ["utf-8", "gbk", "gb18030"][usize::from(choice / 4 % 3)];
    let kind = Kind {
        mode: if choice & 2 == 0 { Mode::Partner } else { Mode::Brand },
        encoding: TextEncoding::named(encoding).unwrap(),
        ..Kind::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(if choice & 1 == 0 { "coupons.csv" } else { "coupons.jsonl" });
    std::fs::write(&path, content).unwrap();
    let bench = Bench::new(kind, Script::default());
    let first = import(&bench, &path);
    assert_eq!(import(&bench, &path), first, "the same again says the same");
    assert!(bench.wire.sent().is_empty(), "nothing is asked");
    let Some(data) = first else { return };
    let number = |name: &str| data[name].as_u64().unwrap();
    assert_eq!(number("rows"), number("imported") + number("refused"), "{data}");
    let faults = data["faults"].as_array().unwrap();
    assert_eq!(u64::try_from(faults.len()).unwrap(), number("refused").min(20), "{data}");
    for fault in faults {
        let reason = fault["reason"].as_str().unwrap().as_bytes();
        let repeats = |window: &[u8]| content.windows(VALUE).any(|given| given == window);
        assert!(!reason.windows(VALUE).any(repeats), "it repeats the row: {data}");
    }
}

fn import(bench: &Bench, path: &std::path::Path) -> Option<Value> {
    let request = json!({ "path": path }).to_string();
    let (operation, json_in) = (for_c(b"import_coupons").unwrap(), for_c(request.as_bytes()).unwrap());
    // SAFETY: two texts that end with NUL.
    let status = unsafe { ffi::wxcoupon_call(bench.ctx, operation.as_ptr(), json_in.as_ptr(), bench.buf) };
    let answer = said::answer(bench, status, &[request.as_bytes()]);
    assert!(matches!(status / 1000, 0 | 1), "{answer}");
    (status == 0).then(|| answer["data"].clone())
}
