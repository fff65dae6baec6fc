//! Rows in an `SQLite` file.

mod audit;
mod clean;
mod files;
mod forget;
mod group_commit;
mod migrate;
mod open;
mod path;
mod read;
mod rows;
mod sql;
mod watch;

pub(crate) use files::{SharedFile, beside, is_open};
pub use files::{after_fork_in_child, after_fork_in_parent, before_fork};
pub(crate) use forget::give_back;
pub(crate) use open::connect;
pub(crate) use path::real;
pub(crate) use rows::is_full;
pub(crate) use watch::Watch;

use super::store::{Change, Durability, Mark, Overview, Result, Store, StoreError};
use group_commit::GroupCommit;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One connection to the file, shared by all threads of a context.
#[derive(Debug)]
pub struct Sqlite {
    // Before `watch`, which it needs: fields are dropped in this order.
    file: GroupCommit,
    watch: Option<Arc<Watch>>,
}

impl Sqlite {
    /// Opens or creates the file. A damaged, foreign or newer file is refused and left as it is.
    pub fn open(path: &Path) -> Result<Sqlite> {
        let failed = |why: String| StoreError::NotWritten(format!("{}: {why}", path.display()));
        let (db, watch) = open::open(path).map_err(failed)?;
        let watch = Arc::new(watch);
        Ok(Sqlite { file: GroupCommit::new(db, Some(Arc::clone(&watch))), watch: Some(watch) })
    }

    /// The same over an open connection. The caller keeps track of its contexts.
    pub fn over(db: rusqlite::Connection) -> Result<Sqlite> {
        open::patiently(|| open::prepare(&db).map(drop)).map_err(StoreError::NotWritten)?;
        Ok(Sqlite { file: GroupCommit::new(db, None), watch: None })
    }
}

impl Store for Sqlite {
    fn transact(&self, durability: Durability, change: Change) -> Result<()> {
        self.file.run(durability, change)
    }

    fn enlist(&self) -> Result<Arc<dyn Mark>> {
        match &self.watch {
            Some(watch) => Ok(Arc::new(watch.file().enlist().map_err(StoreError::NotWritten)?)),
            None => Ok(Arc::new(ForeignMark::default())),
        }
    }

    fn is_alive(&self, mark: &str) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.file().is_alive(mark))
    }

    fn clean(&self) -> Result<()> {
        self.watch.as_deref().map_or(Ok(()), clean::clean)
    }

    fn audit(&self) -> Result<Overview> {
        match &self.watch {
            Some(watch) => audit::audit(watch),
            None => Ok(Overview::default()),
        }
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // If the files were replaced, the log is kept. SQLite would copy it into the file that has taken their place.
        if let Some(watch) = &self.watch
            && watch.before_change().is_ok()
        {
            watch.file().let_go_of_log();
        }
    }
}

/// The mark of a context whose liveness the caller tracks.
#[derive(Debug)]
struct ForeignMark(Arc<str>);

impl Default for ForeignMark {
    fn default() -> ForeignMark {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        ForeignMark(format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)).into())
    }
}

impl Mark for ForeignMark {
    fn id(&self) -> &Arc<str> {
        &self.0
    }
}
