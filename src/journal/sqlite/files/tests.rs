use super::*;

fn held(folder: &tempfile::TempDir) -> SharedFile {
    SharedFile::open(&folder.path().canonicalize().unwrap().join("till.journal")).unwrap()
}

#[test]
fn a_mark_is_alive_until_it_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (held(&folder), held(&folder));
    let (first, second) = (one.enlist().unwrap(), other.enlist().unwrap());
    for held in [&one, &other] {
        assert!(held.is_alive(&first.id) && held.is_alive(&second.id));
        for nobody in ["", "1-2-NOBODY", "4000000000000000", "0", "7FFFFFFFFFFFFFFF"] {
            assert!(!held.is_alive(nobody), "{nobody}");
        }
    }
    let gone = Arc::clone(&first.id);
    drop(first);
    assert!(!one.is_alive(&gone) && one.is_alive(&second.id));
    drop(one);
    assert!(other.is_alive(&second.id));
}

#[test]
fn a_file_is_opened_once_and_closed_with_the_last_connection() {
    let folder = tempfile::tempdir().unwrap();
    let one = held(&folder);
    let other = held(&folder);
    assert_eq!(one.with(|open| Ok((open.files.len(), open.users))).unwrap(), (1, 2));
    let identity = one.identity();
    drop(one);
    drop(other);
    assert!(all().iter().all(|open| open.identity != identity));
}

#[test]
fn what_is_no_file_and_what_has_two_names_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    assert_eq!(SharedFile::open(&path).unwrap_err(), "not a file");
    drop(held(&folder));
    std::fs::hard_link(path.join("till.journal"), path.join("other")).unwrap();
    let refused = SharedFile::open(&path.join("other")).unwrap_err();
    assert!(refused.contains("2 names"), "{refused}");
}
