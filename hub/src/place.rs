//! Where the hub keeps what it keeps, as `store` says.

use crate::mistake::Mistake;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where the hub keeps what it keeps. What it prints has no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of `SQLite`, of this hub alone.
    File(PathBuf),
    /// A PostgreSQL database, of any number of hubs.
    #[cfg(feature = "postgres")]
    Database(Box<wxcoupon::config::Database>),
}

impl Place {
    pub fn is_file(&self) -> bool {
        matches!(self, Place::File(_))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File(path) => path.display().fmt(formatter),
            #[cfg(feature = "postgres")]
            Place::Database(database) => database.fmt(formatter),
        }
    }
}

/// The store, and the library's journal beside it. No message repeats a URL: it may have a password.
pub fn place(folder: &Path, text: &str) -> Result<(Place, String), Mistake> {
    let Some((scheme, _)) = text.split_once("://") else {
        if text.is_empty() {
            return Err(Mistake::new(
                "store is empty: give the path of a file, or the URL of a PostgreSQL database",
                "store 为空：请填写文件路径，或 PostgreSQL 数据库的 URL",
            ));
        }
        let store = folder.join(text);
        let mut journal = store.clone().into_os_string();
        journal.push(".requests");
        return Ok((Place::File(store), journal.to_string_lossy().into_owned()));
    };
    if !["postgres", "postgresql"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(Mistake::new(
            "store is to be the path of a file, or a URL that begins with postgres://",
            "store 应为文件路径，或以 postgres:// 开头的 URL",
        ));
    }
    #[cfg(feature = "postgres")]
    return wxcoupon::config::Database::read(text)
        .map(|database| (Place::Database(Box::new(database)), text.to_owned()))
        .map_err(|why| Mistake::new(format!("store: {why}"), format!("store 有误（{why}）")));
    #[cfg(not(feature = "postgres"))]
    Err(Mistake::new(
        "store is a database, and this hub was built without PostgreSQL (Cargo's feature `postgres`): give the path of a file",
        "store 是数据库，但这个 hub 编译时未启用 PostgreSQL（Cargo 的 postgres 特性）：请填写文件路径",
    ))
}
