//! The kept corpus of `fuzz/corpus`, once more: what was found stays mended.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;
use wxcoupon_fuzz_targets::ALL;

/// So much is kept, in bytes.
const LARGEST_CORPUS: u64 = 1024 * 1024;

#[test]
fn the_kept_corpus_breaks_nothing() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    let mut bytes = 0;
    for target in ALL {
        let mut files: Vec<_> = fs::read_dir(corpus.join(target.name))
            .unwrap_or_else(|error| panic!("{}: {error}", target.name))
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        assert!(files.len() >= 10, "{} has {} files", target.name, files.len());
        for file in files {
            let input = fs::read(&file).unwrap();
            bytes += u64::try_from(input.len()).unwrap();
            let played = std::panic::catch_unwind(|| (target.run)(&input));
            assert!(played.is_ok(), "{}", file.display());
        }
    }
    assert!(bytes <= LARGEST_CORPUS, "the corpus has {bytes} bytes");
}
