//! Machines with clocks and disks, and processes on them.

use super::{BEGINNING_S, MachineId, Moment, ProcessId, SECOND, World};
use crate::random::mix;
use crate::store::Disk;
use crate::till;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wxcoupon::client::Client;

/// A till's computer, or a server: its processes share clock and disk.
pub struct Machine {
    /// What its wall clock shows too much, in microseconds.
    pub clock_error: i64,
    /// For how long it slept: its monotonic clock stood still meanwhile.
    pub slept: Moment,
    pub asleep_until: Moment,
    pub disk: Disk,
    /// Contexts that work on its journal, and the life of a process that each belongs to.
    pub marks: BTreeMap<Arc<str>, (ProcessId, u32)>,
    pub marks_made: u64,
    /// Numbers whose calling off has undone another's redemption.
    pub undone_by_mistake: BTreeMap<Arc<str>, Arc<str>>,
    /// What the last settling of everything has left open.
    pub left: Option<u64>,
    /// Nothing gets out until then.
    pub line_down_until: Moment,
    /// A portal or a proxy answers in WeChat Pay's place until then.
    pub portal_until: Moment,
}

/// A program with a context of the library.
pub struct Process {
    pub machine: MachineId,
    /// Counts its lives: what belongs to an earlier one reaches nobody.
    pub epoch: u32,
    pub client: Option<Arc<Client>>,
    pub frozen_until: Option<Moment>,
    /// Whether it starts again by itself.
    pub restarts: bool,
    /// Its sign of life was lost: others may work on what it works on.
    pub is_unseen: bool,
}

impl Process {
    pub fn new(machine: MachineId) -> Process {
        Process { machine, epoch: 0, client: None, frozen_until: None, restarts: true, is_unseen: false }
    }

    /// Whether it was started and has not ended.
    pub fn is_alive(&self) -> bool {
        self.epoch % 2 == 1
    }
}

impl Machine {
    pub fn new(disk: Disk) -> Machine {
        Machine {
            clock_error: 0,
            slept: 0,
            asleep_until: 0,
            disk,
            marks: BTreeMap::new(),
            marks_made: 0,
            undone_by_mistake: BTreeMap::new(),
            left: None,
            line_down_until: 0,
            portal_until: 0,
        }
    }

    /// Time since 1970 as it shows it.
    pub fn wall(&self, now: Moment) -> Duration {
        let beginning = i64::try_from(SECOND).unwrap_or(i64::MAX) * BEGINNING_S;
        let shown = beginning + i64::try_from(now).unwrap_or(i64::MAX) + self.clock_error;
        Duration::from_micros(u64::try_from(shown).unwrap_or(0))
    }

    /// Time since it was switched on, as far as it was awake.
    pub fn monotonic(&self, now: Moment) -> Duration {
        // All of a sleep is counted when it begins: until it ends, this clock stands still.
        Duration::from_micros(now.max(self.asleep_until) - self.slept)
    }
}

impl World {
    /// The machine of what runs, or the first where nothing does.
    pub fn machine(&mut self) -> &mut Machine {
        let machine = self.process().map_or(0, |process| self.processes[process].machine);
        &mut self.machines[machine]
    }

    /// The process does not run until then.
    pub fn freeze(&mut self, process: ProcessId, until: Moment) {
        let frozen = &mut self.processes[process].frozen_until;
        *frozen = Some(frozen.unwrap_or(0).max(until));
    }

    /// Nothing on the machine runs until then, its monotonic clock neither.
    pub fn sleep(&mut self, machine: MachineId, until: Moment) {
        let slept = &mut self.machines[machine];
        slept.slept += until - slept.asleep_until.clamp(self.now, until);
        slept.asleep_until = slept.asleep_until.max(until);
        for process in 0..self.processes.len() {
            if self.processes[process].machine == machine {
                self.freeze(process, until);
            }
        }
    }

    /// Starts a process: its context is made by the first piece of its work, for that may wait already.
    pub fn start(&mut self, process: ProcessId) {
        let machine = self.processes[process].machine;
        let asleep_until = self.machines[machine].asleep_until;
        let started = &mut self.processes[process];
        started.epoch += 1;
        started.frozen_until = Some(asleep_until);
        started.is_unseen = false;
        let key = mix(0x5A17, process as u64 * 1000 + u64::from(started.epoch));
        self.begin(process, key, move || till::open(process));
    }
}
