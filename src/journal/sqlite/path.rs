//! The canonical path of a journal.

use std::path::{Path, PathBuf};

/// At most this many links are followed to a file that does not exist yet.
const LINKS: usize = 40;

/// The absolute path without links. So another working folder or another name does not lead to another file.
pub fn real(path: &Path) -> Result<PathBuf, String> {
    let text = path.to_string_lossy();
    if text.is_empty() {
        return Err("the name is empty".into());
    }
    if text.starts_with(':') {
        return Err(format!("{text} names no file: leave journal_path out to keep the journal in memory"));
    }
    let is_drive = |scheme: &str| scheme.len() < 2;
    if let Some((scheme, rest)) = text.split_once(':')
        && !is_drive(scheme)
        && (scheme.eq_ignore_ascii_case("file") || rest.starts_with("//"))
    {
        return Err(format!("{scheme}: is no kind of journal that is known; a path of a file is"));
    }
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        if let Ok(path) = path.canonicalize() {
            return Ok(plain(path));
        }
        let name = path.file_name().ok_or("it names no file")?.to_owned();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize().map_err(|error| error.to_string())?;
        match folder.join(&name).read_link() {
            Ok(target) => path = folder.join(target),
            Err(_) => return Ok(plain(folder.join(name))),
        }
    }
    Err("it is a link to a link, and so on".into())
}

/// Removes the prefix of canonical paths on Windows, which `SQLite` need not know.
fn plain(path: PathBuf) -> PathBuf {
    if cfg!(windows)
        && let Some(text) = path.to_str()
        && let Some(rest) = text.strip_prefix(r"\\?\")
    {
        return match rest.strip_prefix(r"UNC\") {
            Some(share) => PathBuf::from(format!(r"\\{share}")),
            None => PathBuf::from(rest),
        };
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_nothing_is_no_file() {
        let names = ["", ":memory:", "file::memory:?cache=shared", "file:till?mode=memory", "FILE:/till"];
        for name in names.into_iter().chain(["postgres://till", "..", "/"]) {
            assert!(real(Path::new(name)).is_err() || Path::new(name).is_dir(), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_has_one_name_before_and_after_it_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let wanted = folder.join("till.journal");
        std::os::unix::fs::symlink("till.journal", folder.join("link")).unwrap();
        std::os::unix::fs::symlink(folder.join("link"), folder.join("far")).unwrap();
        std::os::unix::fs::symlink("loop", folder.join("loop")).unwrap();
        std::fs::create_dir(folder.join("sub")).unwrap();
        for is_there in [false, true] {
            if is_there {
                std::fs::write(&wanted, "").unwrap();
            }
            for name in ["till.journal", "link", "far", "sub/../link", "./till.journal"] {
                assert_eq!(real(&folder.join(name)).unwrap(), wanted, "{name} {is_there}");
            }
        }
        assert!(real(&folder.join("loop")).is_err());
        assert!(real(&folder.join("none").join("till.journal")).is_err());
        assert!(real(Path::new("till.journal")).unwrap().is_absolute());
    }
}
