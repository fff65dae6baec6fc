//! The store of one process on a simulated disk.

use super::rows::Turn;
use crate::adversary::{Adversary, Move};
use crate::till::plan::Stores;
use crate::world::seams::may_stop_here;
use crate::world::{SECOND, World, block_until, try_with, with};
use std::sync::Arc;
use std::thread::panicking;
use std::time::Duration;
use wxcoupon::journal::store::{Change, Durability, Mark, Overview, Result, Store, StoreError};

/// What a process has of its machine's disk.
#[derive(Debug)]
pub struct Simulated {
    pub process: usize,
    pub epoch: u32,
}

/// A sign of life: it ends with its process, or when it is dropped.
#[derive(Debug)]
struct Living {
    id: Arc<str>,
    machine: usize,
}

impl Mark for Living {
    fn id(&self) -> &Arc<str> {
        &self.id
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        let _ = try_with(|world| world.machines[self.machine].marks.remove(&self.id));
    }
}

/// What goes wrong with a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Nothing is written.
    Full,
    Before,
    /// It is written, is not flushed, and is said to have failed.
    After,
    /// Somebody else holds the file for longer than anybody waits.
    Busy,
}

impl Simulated {
    pub fn is_dead(&self) -> bool {
        try_with(|world| world.processes[self.process].epoch != self.epoch).unwrap_or(true)
    }

    /// Somebody else may hold the file for longer than anybody waits.
    pub fn may_be_busy() -> Result<()> {
        let busy = with(|world| {
            let key = world.next_key();
            world.may_fail() && world.adversary.takes(Move::DiskBusy, key, 4)
        });
        if !busy {
            return Ok(());
        }
        with(World::note_failure);
        block_until(with(|world| world.now) + 3 * SECOND);
        Err(StoreError::NotWritten("database is locked".into()))
    }

    /// Waits where a process may wait, and draws what goes wrong with the write.
    fn fault(&self) -> Result<Fault> {
        may_stop_here("before it writes");
        let fault = with(|world| {
            let key = world.next_key();
            let may_fail = world.may_fail();
            world.adversary.fault(self.process, key, may_fail)
        });
        if fault != Fault::None {
            with(World::note_failure);
        }
        if fault == Fault::Busy {
            block_until(with(|world| world.now) + 3 * SECOND);
            return Err(StoreError::NotWritten("database is locked".into()));
        }
        Ok(fault)
    }
}

impl Adversary {
    /// What goes wrong with the write with that key.
    fn fault(&mut self, process: usize, key: u64, may_fail: bool) -> Fault {
        if let Some(place) = self.writes.iter().position(|(whose, _, _)| *whose == process) {
            let (_, skip, fault) = &mut self.writes[place];
            if *skip > 0 {
                *skip -= 1;
                return Fault::None;
            }
            let fault = *fault;
            self.writes.remove(place);
            return fault;
        }
        if !may_fail {
            return Fault::None;
        }
        let kinds = [
            (Move::DiskFull, Fault::Full),
            (Move::DiskErrorBefore, Fault::Before),
            (Move::DiskErrorAfter, Fault::After),
            (Move::DiskBusy, Fault::Busy),
        ];
        kinds.iter().find(|(played, _)| self.takes(*played, key, 4)).map_or(Fault::None, |(_, fault)| *fault)
    }
}

impl Store for Simulated {
    fn transact(&self, durability: Durability, change: Change) -> Result<()> {
        if self.is_dead() {
            return Err(StoreError::NotWritten("this process is no more".into()));
        }
        let fault = match durability {
            _ if panicking() => Fault::None,
            // Nobody is waited for, and nothing is written that could fail.
            Durability::Reading => Fault::None,
            _ => self.fault()?,
        };
        let machine = with(|world| world.processes[self.process].machine);
        // Taken out, for the change looks at clocks and marks of this world.
        let mut rows = with(|world| std::mem::take(&mut world.machines[machine].disk.rows));
        let leases = self.lease().map(|lease| {
            let length_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
            (with(|world| world.true_s()) * 1000, length_ms)
        });
        let mut turn = Turn { rows: &mut rows, undo: Vec::new(), leases };
        let made = change(&mut turn);
        let writes = !turn.undo.is_empty();
        let failed = match (&made, fault) {
            (Err(_), _) => made.err(),
            (Ok(()), Fault::Full) if writes => {
                Some(StoreError::NotWritten("database or disk is full".into()))
            }
            (Ok(()), Fault::Before) if writes => Some(StoreError::NotWritten("disk I/O error".into())),
            _ => None,
        };
        let undo = if failed.is_some() {
            turn.take_back();
            Vec::new()
        } else {
            std::mem::take(&mut turn.undo)
        };
        let outcome = with(|world| {
            let now = world.now;
            let disk = &mut world.machines[machine].disk;
            disk.rows = rows;
            if let Some(failed) = failed {
                world.story.tell(now, || format!("process {}: a write fails: {failed}", self.process));
                return Err(failed);
            }
            if writes {
                disk.unflushed.push(undo);
            }
            if fault == Fault::After && writes {
                let process = self.process;
                world.story.tell(now, || format!("process {process}: a write is said to fail, and stays"));
                return Err(StoreError::Unknown("disk I/O error".into()));
            }
            if durability == Durability::Flushed {
                disk.unflushed.clear();
            }
            Ok(())
        });
        if writes && !panicking() {
            may_stop_here("after it has written");
        }
        outcome
    }

    fn enlist(&self) -> Result<Arc<dyn Mark>> {
        if self.is_dead() {
            return Err(StoreError::NotWritten("this process is no more".into()));
        }
        Ok(with(|world| {
            let machine = world.processes[self.process].machine;
            let found = &mut world.machines[machine];
            found.marks_made += 1;
            let id: Arc<str> = format!("{}-{}-{}", self.process, self.epoch, found.marks_made).into();
            found.marks.insert(Arc::clone(&id), (self.process, self.epoch));
            Arc::new(Living { id, machine })
        }))
    }

    fn is_alive(&self, mark: &str) -> bool {
        with(|world| {
            let machine = world.processes[self.process].machine;
            let whose = world.machines[machine].marks.get(mark).copied();
            whose.is_some_and(|(process, epoch)| world.processes[process].epoch == epoch)
        })
    }

    /// As long as the database's.
    fn lease(&self) -> Option<Duration> {
        let stores = try_with(|world| world.machines[world.processes[self.process].machine].disk.stores);
        (stores == Some(Stores::Leased)).then_some(Duration::from_secs(20))
    }

    fn audit(&self) -> Result<Overview> {
        Ok(Overview::default())
    }
}
