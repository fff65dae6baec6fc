//! The real journal on `SQLite`, on a disk of the simulation.

use super::simulated::Simulated;
use crate::vfs;
use crate::world::seams::may_stop_here;
use crate::world::{give_way, with};
use rusqlite::{Connection, OpenFlags};
use std::sync::Arc;
use std::thread::panicking;
use wxcoupon::journal::sqlite::Sqlite;
use wxcoupon::journal::store::{Change, Durability, Mark, Overview, Result, Store, StoreError};

/// The journal of one process, in a file that its machine's processes share.
#[derive(Debug)]
pub struct OnSqlite {
    file: Sqlite,
    /// Who lives is what the simulation says.
    process: Simulated,
}

impl OnSqlite {
    pub fn open(process: usize, epoch: u32) -> Result<OnSqlite> {
        vfs::register();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let failed = |error: rusqlite::Error| StoreError::NotWritten(error.to_string());
        let process = Simulated { process, epoch };
        with(|world| world.write_may_fail = true);
        let opened = Connection::open_with_flags_and_vfs(vfs::JOURNAL, flags, vfs::NAME)
            .map_err(failed)
            .and_then(Sqlite::over);
        process.stop_if_doomed();
        Ok(OnSqlite { file: opened?, process })
    }
}

impl Simulated {
    /// Who was killed in the middle of a write goes no further.
    fn stop_if_doomed(&self) {
        if with(|world| world.is_doomed(self.process)) && !panicking() {
            give_way();
        }
    }
}

impl Store for OnSqlite {
    fn transact(&self, durability: Durability, change: Change) -> Result<()> {
        if self.process.is_dead() {
            return Err(StoreError::NotWritten("this process is no more".into()));
        }
        if !panicking() {
            may_stop_here("before it writes");
            if durability != Durability::Reading {
                Simulated::may_be_busy()?;
            }
        }
        with(|world| world.write_may_fail = world.may_fail());
        let made = self.file.transact(durability, change);
        if !panicking() {
            self.process.stop_if_doomed();
            may_stop_here("after it has written");
        }
        made.inspect_err(|failed| {
            with(|world| {
                let (now, process) = (world.now, self.process.process);
                let machine = world.processes[process].machine;
                world.machines[machine].disk.has_failed = true;
                world.story.tell(now, || format!("process {process}: a write fails: {failed}"));
            });
        })
    }

    fn enlist(&self) -> Result<Arc<dyn Mark>> {
        self.process.enlist()
    }

    fn is_alive(&self, mark: &str) -> bool {
        self.process.is_alive(mark)
    }

    fn audit(&self) -> Result<Overview> {
        self.file.audit()
    }
}
