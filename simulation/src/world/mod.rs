//! Virtual time, and everything that happens in it: a queue of events, and pieces of work that wait for them.
//!
//! All of it is on one thread. While a piece of work runs, nobody else does; it gives way only where it waits: in
//! [`block_until`], which the seams of the library lead to.

pub mod machine;
pub mod seams;
mod turn;

use crate::adversary::Adversary;
use crate::oracle::Oracle;
use crate::random::{Random, mix};
use crate::routine::{Routine, put_aside};
use crate::story::Story;
use crate::till::Lane;
use crate::wechat::WechatPay;
use crate::wechat::message::{Copy, Reply};
use machine::{Machine, Process};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

pub use turn::{End, play};

/// Microseconds since the world began.
pub type Moment = u64;

pub const MS: Moment = 1_000;
pub const SECOND: Moment = 1_000 * MS;
pub const MINUTE: Moment = 60 * SECOND;
pub const HOUR: Moment = 60 * MINUTE;
pub const DAY: Moment = 24 * HOUR;

/// When every world begins, in seconds since 1970: 2026-06-01 12:00 in Shanghai.
pub const BEGINNING_S: i64 = 1_780_286_400;

pub type TaskId = usize;
pub type ProcessId = usize;
pub type MachineId = usize;

/// What is brought to who waits for it.
pub enum Received {
    Answer(Reply),
    /// The connection broke.
    Break,
}

/// What is due at some moment.
pub enum Event {
    /// A piece of work goes on, if it still waits for this.
    Wake { task: TaskId, ticket: u64 },
    /// A copy of a request reaches WeChat Pay.
    Arrive(Box<Copy>),
    /// An answer, or the end of a connection, reaches who waits for it.
    Deliver { task: TaskId, ticket: u64, answer: Box<Received> },
    /// The adversary's move with that place in the plan.
    Move(usize),
    /// A process is started again.
    Start(ProcessId),
    /// A scenario's script begins; when it ends, the quiet does.
    Script(fn(&crate::known::stage::Stage)),
    /// The quiet at the end begins: nothing goes wrong any more.
    Calm,
    /// One more look at what is left.
    Settle(u32),
}

struct Due {
    at: Moment,
    turn: u64,
    event: Event,
}

impl PartialEq for Due {
    fn eq(&self, other: &Due) -> bool {
        self.turn == other.turn
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Due) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    /// The earliest is the greatest, and of the same moment the one that was planned first.
    fn cmp(&self, other: &Due) -> Ordering {
        (other.at, other.turn).cmp(&(self.at, self.turn))
    }
}

/// Why a piece of work runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A till's own call.
    Call,
    /// Settling one number, or calling it off.
    SettleOne,
    /// Settling everything.
    SettleAll,
}

/// A piece of work: a till's calls, one after the other.
pub struct Task {
    pub process: ProcessId,
    routine: Option<Routine>,
    /// What it waits for; anything older comes too late.
    pub ticket: u64,
    /// What was brought to it.
    pub inbox: Option<Received>,
    /// What its chance depends on: who it is and which of its steps it is at.
    pub key: u64,
    /// Exchanges and writes of this step so far.
    pub count: u64,
    pub purpose: Purpose,
    /// The number that its call is about.
    pub about: Option<(MachineId, Arc<str>)>,
    /// A write of this step has failed.
    pub has_failed: bool,
    random: Random,
}

/// Everything there is.
pub struct World {
    pub seed: u64,
    pub now: Moment,
    queue: BinaryHeap<Due>,
    turns: u64,
    tasks: Vec<Task>,
    running: Option<TaskId>,
    pub machines: Vec<Machine>,
    pub processes: Vec<Process>,
    pub lanes: Vec<Lane>,
    pub wechat: WechatPay,
    pub adversary: Adversary,
    pub oracle: Oracle,
    pub story: Story,
    /// Whether all journals do not replay successes.
    pub asks_again: bool,
    /// Nothing goes wrong any more.
    pub calm: bool,
    pub calm_since: Moment,
    /// How often the end was put off because a till was not at its own.
    pub patience: u32,
    /// A digest of all that happened: the same seed has the same.
    pub trace: u64,
    /// Files that were ever opened.
    pub handles: u64,
    /// Whether the write that is under way may fail.
    pub write_may_fail: bool,
    /// Processes that must end before anything else happens.
    doomed: Vec<ProcessId>,
}

thread_local! {
    static WORLD: RefCell<Option<Box<World>>> = const { RefCell::new(None) };
}

/// Looks at the world of this thread. Nothing may wait meanwhile.
pub fn with<T>(look: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(|world| look(world.as_mut().expect("a world is played on this thread")))
}

/// The same where there may be none.
pub fn try_with<T>(look: impl FnOnce(&mut World) -> T) -> Option<T> {
    WORLD.with_borrow_mut(|world| world.as_mut().map(|world| look(world)))
}

impl World {
    pub fn new(seed: u64, wechat: WechatPay, adversary: Adversary, story: Story) -> World {
        World {
            seed,
            now: 0,
            queue: BinaryHeap::new(),
            turns: 0,
            tasks: Vec::new(),
            running: None,
            machines: Vec::new(),
            processes: Vec::new(),
            lanes: Vec::new(),
            wechat,
            adversary,
            oracle: Oracle::default(),
            story,
            asks_again: false,
            calm: false,
            calm_since: 0,
            patience: 0,
            trace: seed,
            handles: 0,
            write_may_fail: true,
            doomed: Vec::new(),
        }
    }

    /// Something is due at that moment.
    pub fn plan(&mut self, at: Moment, event: Event) {
        self.turns += 1;
        self.queue.push(Due { at: at.max(self.now), turn: self.turns, event });
    }

    /// A new piece of work of that process, which begins now.
    pub fn begin(&mut self, process: ProcessId, key: u64, work: impl FnOnce() + 'static) -> TaskId {
        let task = self.tasks.len();
        self.tasks.push(Task {
            process,
            routine: Some(Routine::new(work)),
            ticket: 0,
            inbox: None,
            key,
            count: 0,
            purpose: Purpose::Call,
            about: None,
            has_failed: false,
            random: Random::new(mix(self.seed, key)),
        });
        self.plan(self.now, Event::Wake { task, ticket: 0 });
        task
    }

    /// The piece of work that runs.
    pub fn task(&mut self) -> Option<&mut Task> {
        let running = self.running?;
        self.tasks.get_mut(running)
    }

    pub fn running(&self) -> Option<TaskId> {
        self.running
    }

    /// The process whose work that is.
    pub fn process_of(&self, task: TaskId) -> ProcessId {
        self.tasks[task].process
    }

    /// The process whose work runs.
    pub fn process(&self) -> Option<ProcessId> {
        self.running.map(|task| self.tasks[task].process)
    }

    /// A key for the next thing that may go wrong with what runs: the same whatever else happens in the world.
    pub fn next_key(&mut self) -> u64 {
        let seed = self.seed;
        self.task().map_or(seed, |task| {
            task.count += 1;
            mix(mix(seed, task.key), task.count)
        })
    }

    /// A step of what runs begins: its chance does not depend on the steps before it.
    pub fn begin_step(&mut self, key: u64, purpose: Purpose) {
        let seed = self.seed;
        if let Some(task) = self.task() {
            (task.key, task.count, task.purpose) = (key, 0, purpose);
            (task.about, task.has_failed) = (None, false);
            task.random = Random::new(mix(seed, key));
        }
    }

    pub fn random_bytes(&mut self, bytes: &mut [u8]) {
        let mut outside = Random::new(mix(self.seed, self.turns));
        let random = self.task().map_or(&mut outside, |task| &mut task.random);
        for chunk in bytes.chunks_mut(8) {
            let word = random.next().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }

    /// The process ends as soon as what runs gives way.
    pub fn doom(&mut self, process: ProcessId) {
        if self.processes[process].is_alive() && !self.doomed.contains(&process) {
            self.doomed.push(process);
        }
    }

    /// Whether any piece of work has not ended.
    pub fn works(&self) -> bool {
        self.tasks.iter().any(|task| task.routine.is_some())
    }

    /// A write of what runs has failed.
    pub fn note_failure(&mut self) {
        if let Some(task) = self.task() {
            task.has_failed = true;
        }
    }

    /// Whether the process ends before anything else happens.
    pub fn is_doomed(&self, process: ProcessId) -> bool {
        self.doomed.contains(&process)
    }

    /// Stirs what happened into the digest.
    pub fn note(&mut self, what: u64) {
        self.trace = mix(self.trace, mix(self.now, what));
    }

    /// Seconds since 1970 by WeChat Pay's clock, which is right.
    pub fn true_s(&self) -> i64 {
        BEGINNING_S + i64::try_from(self.now / SECOND).unwrap_or(i64::MAX)
    }
}

/// Lets time pass for what runs. A process that ended meanwhile never comes back from here.
pub fn block_until(at: Moment) {
    let waits = with(|world| {
        let Some(task) = world.running else { return false };
        world.tasks[task].ticket += 1;
        let ticket = world.tasks[task].ticket;
        world.plan(at, Event::Wake { task, ticket });
        true
    });
    if waits {
        put_aside();
    }
}

/// Lets time pass until something is brought, or until that moment.
pub fn receive_until(at: Moment) -> Option<Received> {
    block_until(at);
    with(|world| world.task().and_then(|task| task.inbox.take()))
}

/// Gives way at once, where a process may end or stand still.
pub fn give_way() {
    let now = with(|world| world.now);
    block_until(now);
}
