//! Background calls for programs with one thread. A few threads of the context execute them.
//!
//! The threads start with the first job and end with the context. Then waiting jobs are cancelled, running jobs are asked to
//! stop, and freeing waits for the threads up to a limit.

use crate::log::{self, Line};
use crate::net::cancel::{Cancel, Progress, Side};
use crate::report::Report;
use crate::status::Code;
use crate::system;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Threads of one context.
const THREADS: usize = 4;

/// The work of a job. It gets a handle that shows whether the job was cancelled. It must not panic.
pub type Task = Box<dyn FnOnce(&Cancel) -> Report + Send>;

/// Whether an earlier call may already have done the work of the job. It is needed when a job is cancelled before it begins.
pub type InDoubt = Box<dyn Fn() -> bool + Send + Sync>;

/// One background call.
pub struct Job {
    operation: &'static str,
    in_doubt: InDoubt,
    /// The result of `in_doubt` when the job began.
    began_in_doubt: AtomicBool,
    cancel: Cancel,
    state: Mutex<State>,
    changed: Condvar,
    /// Log lines of the job. A thread that is inside a call of the host passes them on.
    lines: Mutex<Vec<Line>>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Job").field("operation", &self.operation).finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum State {
    Waiting,
    Running,
    Done(Arc<Report>),
}

impl Job {
    /// Waits for the end of the job. `None`: it has not ended within the limit.
    pub fn wait(&self, limit: Duration) -> Option<Arc<Report>> {
        let end = system::now() + limit;
        let mut state = lock(&self.state);
        loop {
            if let State::Done(report) = &*state {
                return Some(Arc::clone(report));
            }
            let left = end.saturating_duration_since(system::now());
            if left.is_zero() {
                return None;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether the running job, or an earlier call, may have taken effect. It never waits.
    pub fn is_in_doubt(&self) -> bool {
        self.began_in_doubt.load(Ordering::Relaxed) || self.cancel.has_sent()
    }

    /// How far it is, for a job that tells.
    pub fn progress(&self) -> Option<Progress> {
        self.cancel.progress()
    }

    /// Cancels the job. If it has sent something, it ends in doubt at once. Otherwise it ends when it is certain that the
    /// connection being made sends nothing.
    pub fn cancel(&self) {
        let side = self.cancel.cancel();
        // This may wait for the journal, so it must not hold the lock that `wait` needs.
        let waits = matches!(*lock(&self.state), State::Waiting);
        let in_doubt = waits && (self.in_doubt)();
        let mut state = lock(&self.state);
        let code = match (&*state, side) {
            (State::Done(_), _) | (State::Running, Side::Unsent) => return,
            (State::Running, Side::Sent) => Code::CancelledSent,
            (State::Waiting, _) if in_doubt => Code::CancelledSent,
            (State::Waiting, _) => Code::CancelledUnsent,
        };
        self.end(&mut state, Report { operation: Some(self.operation), ..Report::new(code) });
    }

    /// Takes the log lines so far, each line once.
    pub fn take_lines(&self) -> Vec<Line> {
        std::mem::take(&mut *lock(&self.lines))
    }

    fn run(&self, task: Task) {
        {
            let mut state = lock(&self.state);
            if matches!(*state, State::Done(_)) {
                return;
            }
            *state = State::Running;
        }
        self.began_in_doubt.store((self.in_doubt)(), Ordering::Relaxed);
        let (report, lines) = log::collected(|| task(&self.cancel));
        lock(&self.lines).extend(lines);
        let mut state = lock(&self.state);
        if !matches!(*state, State::Done(_)) {
            self.end(&mut state, Report { operation: Some(self.operation), ..report });
        }
    }

    fn end(&self, state: &mut State, report: Report) {
        *state = State::Done(Arc::new(report));
        self.changed.notify_all();
    }
}

/// The threads of one context and their queue.
#[derive(Default)]
pub struct Pool {
    queue: Mutex<Queue>,
    work: Condvar,
    ended: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Arc<Job>, Task)>,
    running: Vec<Arc<Job>>,
    threads: usize,
    handles: Vec<JoinHandle<()>>,
    idle: usize,
    stopped: bool,
}

impl Pool {
    /// Queues a job. `None` if the context is being freed.
    pub fn start(
        self: &Arc<Self>,
        operation: &'static str,
        in_doubt: InDoubt,
        task: Task,
    ) -> Option<Arc<Job>> {
        let job = Arc::new(Job {
            operation,
            in_doubt,
            began_in_doubt: AtomicBool::new(false),
            lines: Mutex::default(),
            cancel: Cancel::new(),
            state: Mutex::new(State::Waiting),
            changed: Condvar::new(),
        });
        let mut queue = lock(&self.queue);
        if queue.stopped {
            return None;
        }
        queue.waiting.push_back((Arc::clone(&job), task));
        if queue.waiting.len() > queue.idle && queue.threads < THREADS {
            let pool = Arc::clone(self);
            let started = std::thread::Builder::new().name("wxcoupon-job".into()).spawn(move || pool.work());
            queue.threads += usize::from(started.is_ok());
            queue.handles.extend(started.ok());
        }
        if queue.threads == 0 {
            queue.waiting.pop_back();
            return None;
        }
        self.work.notify_one();
        Some(job)
    }

    /// Cancels everything and waits for the threads to end, up to the limit.
    pub fn stop(&self, limit: Duration) {
        let end = system::now() + limit;
        let mut queue = lock(&self.queue);
        queue.stopped = true;
        let mut jobs = queue.running.clone();
        jobs.extend(queue.waiting.drain(..).map(|(job, _)| job));
        drop(queue);
        for job in jobs {
            job.cancel();
        }
        self.work.notify_all();
        let mut queue = lock(&self.queue);
        while queue.threads > 0 {
            let left = end.saturating_duration_since(system::now());
            if left.is_zero() {
                // A running attempt ends by its own limit, and the journal records its result.
                return;
            }
            queue = self.ended.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let handles = std::mem::take(&mut queue.handles);
        drop(queue);
        for thread in handles {
            // The thread is about to end.
            let _ = thread.join();
        }
    }

    fn work(&self) {
        let mut queue = lock(&self.queue);
        loop {
            if let Some((job, task)) = queue.waiting.pop_front() {
                queue.running.push(Arc::clone(&job));
                drop(queue);
                job.run(task);
                queue = lock(&self.queue);
                queue.running.retain(|running| !Arc::ptr_eq(running, &job));
            } else if queue.stopped {
                queue.threads -= 1;
                self.ended.notify_all();
                return;
            } else {
                queue.idle += 1;
                queue = self.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
                queue.idle -= 1;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn pool() -> Arc<Pool> {
        Arc::default()
    }

    fn no_doubt() -> InDoubt {
        Box::new(|| false)
    }

    #[test]
    fn a_repeat_that_waits_is_in_doubt_when_it_is_called_off() {
        let pool = pool();
        for _ in 0..THREADS {
            pool.start("use", no_doubt(), slow()).unwrap();
        }
        let repeat = pool.start("use", Box::new(|| true), slow()).unwrap();
        repeat.cancel();
        assert_eq!(repeat.wait(Duration::ZERO).unwrap().code, Code::CancelledSent);
        pool.stop(Duration::from_secs(10));
    }

    fn slow() -> Task {
        Box::new(|cancel| {
            cancel.pause(Duration::from_secs(20));
            Report::new(Code::CancelledUnsent)
        })
    }

    #[test]
    fn a_job_ends_and_can_be_asked_again() {
        let pool = pool();
        let job = pool.start("query", no_doubt(), Box::new(|_| Report::new(Code::Ok))).unwrap();
        for _ in 0..2 {
            assert_eq!(job.wait(Duration::from_secs(5)).unwrap().code, Code::Ok);
        }
        pool.stop(Duration::from_secs(5));
        assert_eq!(lock(&pool.queue).threads, 0);
    }

    #[test]
    fn more_jobs_than_threads_wait_their_turn_and_can_be_called_off() {
        let pool = pool();
        let jobs: Vec<_> = (0..THREADS + 2).map(|_| pool.start("use", no_doubt(), slow()).unwrap()).collect();
        let last = jobs.last().unwrap();
        assert!(last.wait(Duration::from_millis(50)).is_none());
        last.cancel();
        assert_eq!(last.wait(Duration::ZERO).unwrap().code, Code::CancelledUnsent);
        let start = Instant::now();
        pool.stop(Duration::from_secs(10));
        assert!(start.elapsed() < Duration::from_secs(5));
        assert_eq!(lock(&pool.queue).threads, 0);
        assert!(pool.start("use", no_doubt(), slow()).is_none());
        for job in jobs {
            assert_eq!(job.wait(Duration::ZERO).unwrap().code, Code::CancelledUnsent);
        }
    }
}
