//! Pictures: `multipart/form-data` of which only `meta` is signed.

use crate::till::Till;
use serde_json::json;
use std::path::PathBuf;
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox, UploadAnswer};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n rest of a picture \r\n--wxcoupon\r\n\x00\xff";

fn picture(folder: &tempfile::TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn a_picture_is_uploaded_and_both_spellings_of_the_answer_count() {
    let folder = tempfile::tempdir().unwrap();
    for (upload_answer, member) in
        [(UploadAnswer::ImageUrl, "image_url"), (UploadAnswer::MediaUrl, "media_url")]
    {
        let sandbox = Sandbox::start(Options { upload_answer, ..Options::default() }).unwrap();
        let till = Till::new(&sandbox.config());
        let jpeg = [b"\xff\xd8\xff\xe0".as_slice(), &[7; 5000]].concat();
        for (name, content) in [("a.png", PNG), ("照片.jpg", &jpeg), ("no-ending", PNG)] {
            let uploaded = till.ask("upload_image", &json!({ "file": picture(&folder, name, content) }));
            assert_eq!(uploaded.status, 0, "{}", uploaded.json);
            assert!(uploaded.json["data"][member].as_str().unwrap().starts_with("http"), "{}", uploaded.json);
        }
        let named = json!({ "file": picture(&folder, "a.png", PNG), "filename": "front.png" });
        assert_eq!(till.ask("upload_image", &named).status, 0);
    }
}

#[test]
fn what_is_no_picture_stays_here() {
    let (folder, sandbox) = (tempfile::tempdir().unwrap(), Sandbox::start(Options::default()).unwrap());
    let till = Till::new(&sandbox.config());
    let large = [PNG, &vec![0; 2 * 1024 * 1024]].concat();
    for (path, why) in [
        (picture(&folder, "a.png", b"GIF89a"), "neither JPG nor PNG"),
        (picture(&folder, "b.png", &large), "at most"),
        (folder.path().join("absent.png"), "cannot read"),
        (folder.path().to_owned(), "not a file"),
    ] {
        let refused = till.ask("upload_image", &json!({ "file": path }));
        assert_eq!((refused.name(), &refused.json["field"]), ("WXCOUPON_E_REQUEST", &json!("/file")));
        assert!(refused.json["message"].as_str().unwrap().contains(why), "{}", refused.json);
    }
    assert!(sandbox.requests().is_empty());
}

/// Uploading twice does no harm, so a lost answer is simply followed by another upload.
#[test]
fn a_lost_answer_is_repeated() {
    let (folder, sandbox) = (tempfile::tempdir().unwrap(), Sandbox::start(Options::default()).unwrap());
    let till = Till::new(&sandbox.config());
    sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("upload_image").times(1));
    let uploaded = till.ask("upload_image", &json!({ "file": picture(&folder, "a.png", PNG) }));
    assert_eq!((uploaded.status, &uploaded.json["attempts"]), (0, &json!(2)), "{}", uploaded.json);
    assert_eq!(till.pending()["pending"], 0);
}
