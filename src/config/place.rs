//! Where a journal is: a file, or a PostgreSQL database.

use super::fields::is_path;
use crate::error::{Error, Result};
use crate::status::Code;
use std::fmt;
use std::path::{Path, PathBuf};

#[cfg(feature = "postgres")]
mod database;

#[cfg(feature = "postgres")]
pub use database::Database;

/// Where a journal is. What it prints has no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of this machine.
    File(PathBuf),
    /// A database that many share.
    #[cfg(feature = "postgres")]
    Postgres(Box<Database>),
}

impl Place {
    /// Reads the member `journal_path`. No message repeats a URL: it may have a password.
    pub(super) fn read(text: &str) -> Result<Place> {
        const FIELD: &str = "/journal_path";
        let scheme = text.trim_start().split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        if scheme.is_none_or(|scheme| scheme != "postgres" && scheme != "postgresql") {
            return is_path("journal_path", FIELD, text, None).map(|()| Place::File(text.into()));
        }
        let wrong = |why: String| Error::at(Code::Config, FIELD, why);
        #[cfg(feature = "postgres")]
        return Database::read(text.trim())
            .map(|database| Place::Postgres(Box::new(database)))
            .map_err(wrong);
        #[cfg(not(feature = "postgres"))]
        Err(wrong(
            "this library was built without PostgreSQL (Cargo's feature `postgres`): give the path of a file"
                .into(),
        ))
    }

    /// The file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Place::File(path) => Some(path),
            #[cfg(feature = "postgres")]
            Place::Postgres(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File(path) => path.display().fmt(formatter),
            #[cfg(feature = "postgres")]
            Place::Postgres(database) => database.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_no_path_and_its_password_is_in_no_message() {
        assert_eq!(Place::read("till.journal").unwrap().file(), Some(Path::new("till.journal")));
        let urls = [
            "postgres://till:hidden@db.example/journal",
            " PostgreSQL://till:hidden@db.example/journal?sslmode=disable",
            "postgres://till:hid@den/hidden@db.example:port/journal",
            "postgres://db.example/journal?password=hidden&sslrootcert=/none/hidden",
            "postgres://db.example/journal?hidden=hidden",
        ];
        for url in urls {
            let read = Place::read(url);
            assert!(!format!("{read:?}").contains("hid"), "{read:?}");
            if let Ok(place) = read {
                assert_eq!(place.file(), None);
                assert!(!place.to_string().contains("hid"), "{place}");
            }
        }
    }
}
