//! Rows in an `SQLite` file.

mod group_commit;
mod migrate;
mod open;
mod owner;
mod rows;

use super::store::{Change, Durability, Mark, Result, Store, StoreError};
use group_commit::GroupCommit;
use owner::Owners;
use std::path::Path;
use std::sync::Arc;

/// One connection to the file, shared by all threads of a context.
#[derive(Debug)]
pub struct Sqlite {
    file: GroupCommit,
    owners: Owners,
}

impl Sqlite {
    /// Opens or makes the file. One that is damaged, foreign or newer is refused and left as it is.
    pub fn open(path: &Path) -> Result<Sqlite> {
        let failed = |why: String| StoreError::NotWritten(format!("{}: {why}", path.display()));
        let owners = Owners::beside(path);
        let db = open::open(path, &owners).map_err(failed)?;
        Ok(Sqlite { file: GroupCommit::new(db), owners })
    }

    /// The same through a connection that is open, whose contexts are told apart by somebody else.
    pub fn over(db: rusqlite::Connection) -> Result<Sqlite> {
        open::prepare(&db, &Owners::nowhere()).map_err(StoreError::NotWritten)?;
        Ok(Sqlite { file: GroupCommit::new(db), owners: Owners::nowhere() })
    }
}

impl Store for Sqlite {
    fn transact(&self, durability: Durability, change: Change) -> Result<()> {
        self.file.run(durability, change)
    }

    fn enlist(&self) -> Result<Arc<dyn Mark>> {
        Ok(Arc::new(self.owners.enlist().map_err(StoreError::NotWritten)?))
    }

    fn is_alive(&self, mark: &str) -> bool {
        self.owners.is_alive(mark)
    }
}
