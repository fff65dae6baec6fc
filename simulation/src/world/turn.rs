//! The course of a world: one event after the other, until nothing is due any more or an invariant is broken.

use super::{Event, Moment, ProcessId, TaskId, WORLD, World, with};
use crate::adversary;
use crate::calm;
use crate::known::stage::Stage;
use crate::oracle::{Broken, Invariant};
use crate::routine::Ran;
use crate::till;

/// More events than any world has that goes its way.
const MOST_EVENTS: u64 = 400_000;

/// What is left of a world that was played.
pub struct End {
    pub broken: Option<Broken>,
    pub world: Box<World>,
    pub events: u64,
}

/// Plays a world to its end.
pub fn play(world: World) -> End {
    WORLD.set(Some(Box::new(world)));
    let mut events = 0;
    let broken = loop {
        events += 1;
        if let Some(broken) = with(|world| world.oracle.take_broken()) {
            break Some(broken);
        }
        let Some(event) = with(World::next_event) else { break with(|world| world.oracle.take_broken()) };
        if events > MOST_EVENTS {
            let words = format!("more than {MOST_EVENTS} events, and no end");
            break Some(with(|world| Broken::new(Invariant::EveryWaitEnds, world.now, words)));
        }
        happen(event);
        while let Some(process) = with(|world| world.doomed.pop()) {
            end_process(process);
        }
    };
    // Whatever still waits ends without reaching anybody.
    let processes = with(|world| world.processes.len());
    (0..processes).for_each(end_process);
    let world = WORLD.take().expect("it was put there");
    End { broken, world, events }
}

impl World {
    fn next_event(&mut self) -> Option<Event> {
        let due = self.queue.pop()?;
        self.now = due.at;
        Some(due.event)
    }

    /// Until when the process stands still, if it does.
    fn stands_still_until(&self, task: TaskId) -> Option<Moment> {
        let process = &self.processes[self.tasks[task].process];
        process.frozen_until.filter(|until| *until > self.now)
    }
}

fn happen(event: Event) {
    match event {
        Event::Wake { task, ticket } => wake(task, ticket),
        Event::Arrive(copy) => with(|world| world.arrive(*copy)),
        Event::Deliver { task, ticket, answer } => {
            let waits = with(|world| {
                let waits = world.tasks[task].ticket == ticket && world.tasks[task].routine.is_some();
                if waits {
                    world.tasks[task].inbox = Some(*answer);
                }
                waits
            });
            if waits {
                wake(task, ticket);
            }
        }
        Event::Move(place) => adversary::make_move(place),
        Event::Start(process) => with(|world| {
            if !world.processes[process].is_alive() {
                world.start(process);
            }
        }),
        Event::Script(script) => with(|world| {
            // In a process of its own, which nobody kills.
            let stage = world.processes.len() - 1;
            world.begin(stage, 0x5C219, move || {
                script(&Stage);
                with(|world| world.plan(world.now, Event::Calm));
            });
        }),
        Event::Calm => calm::begin(),
        Event::Settle(round) => calm::round(round),
    }
}

fn wake(task: TaskId, ticket: u64) {
    let routine = with(|world| {
        if world.tasks[task].ticket != ticket {
            return None;
        }
        if let Some(until) = world.stands_still_until(task) {
            world.plan(until, Event::Wake { task, ticket });
            return None;
        }
        let routine = world.tasks[task].routine.take()?;
        // Whatever else was meant to wake it comes too late.
        world.tasks[task].ticket += 1;
        world.running = Some(task);
        world.note(task as u64);
        Some(routine)
    });
    let Some(mut routine) = routine else { return };
    let ran = routine.run();
    with(|world| world.running = None);
    match ran {
        Ran::Waits => with(|world| world.tasks[task].routine = Some(routine)),
        Ran::Ended => routine.end(),
        Ran::Panicked(words) => {
            routine.end();
            with(|world| {
                let now = world.now;
                world.oracle.broken(Broken::new(Invariant::NothingPanics, now, words));
            });
        }
    }
}

/// A process is no more: nothing of it runs again, and nothing that its destructors do reaches anybody.
fn end_process(process: ProcessId) {
    if !with(|world| world.processes[process].is_alive()) {
        return;
    }
    let (routines, client) = with(|world| {
        let ended = &mut world.processes[process];
        ended.epoch += 1;
        ended.frozen_until = None;
        let client = ended.client.take();
        let mine = world.tasks.iter_mut().enumerate().filter(|(_, task)| task.process == process);
        let routines: Vec<_> = mine.filter_map(|(id, task)| Some((id, task.routine.take()?))).collect();
        (routines, client)
    });
    for (task, routine) in routines {
        with(|world| {
            world.oracle.forget_sending(task);
            world.running = Some(task);
        });
        routine.end();
        with(|world| world.running = None);
    }
    drop(client);
    till::process_ended(process);
}
