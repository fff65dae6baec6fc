//! Processes that know nothing of each other find their shares of WeChat Pay's limit: it is used, hardly ever
//! exceeded, and nobody starves. In virtual time, whatever this machine does meanwhile. `WXCOUPON_SEEDS` sets the
//! number of seeds.

use super::virtual_time::{Counting, Simulation, Tally, Till, ms, s};
use std::time::Duration;

const LIMIT: u32 = 500;
/// How WeChat Pay counts is not documented: these are all the ways in which a refused request is forgotten.
const COUNTINGS: [Counting; 4] =
    [Counting::Windows, Counting::ClockSeconds, Counting::Sliding, Counting::Tokens];

/// One, unless more are asked for.
fn seeds() -> std::ops::RangeInclusive<u64> {
    1..=std::env::var("WXCOUPON_SEEDS").map_or(1, |text| text.parse().unwrap())
}

/// What a time in a world has to satisfy. The bounds hold for thirty seeds: another machine's `exp2` may differ in
/// the last digit, which is as good as another seed.
#[derive(Clone, Copy)]
struct Bounds {
    /// The least part of the limit that is used.
    used: f64,
    /// The greatest part of the requests that is refused.
    refused: f64,
    /// How far a process may be from the mean, as a multiple or a part of it.
    apart: f64,
}

const USUAL: Bounds = Bounds { used: 0.95, refused: 0.01, apart: 3.0 };

/// The sum of all, and the share of each.
fn sum(tallies: &[Tally]) -> (f64, f64) {
    let sum = |count: fn(&Tally) -> u64| whole(tallies.iter().map(count).sum());
    (sum(|tally| tally.done), sum(|tally| tally.refused))
}

#[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
fn whole(count: u64) -> f64 {
    count as f64
}

impl Bounds {
    /// Those of `tallies` that are not named in `aside` share what is there.
    fn check(self, what: &str, limit: u32, time: Duration, tallies: &[Tally], aside: &[usize]) {
        let (done, refused) = sum(tallies);
        let used = done / (f64::from(limit) * time.as_secs_f64());
        let refused = refused / (done + refused);
        let shares = tallies.iter().enumerate().filter(|(index, _)| !aside.contains(index));
        let shares: Vec<f64> = shares.map(|(_, tally)| whole(tally.done)).collect();
        let mean = shares.iter().sum::<f64>() / whole(shares.len() as u64);
        let found = format!(
            "{what}: {:.1} % used, {:.2} % refused, shares {shares:?}",
            used * 100.0,
            refused * 100.0
        );
        assert!(used >= self.used, "the limit is not used: {found}");
        assert!(refused < self.refused, "too many are refused: {found}");
        let fair = |share: &f64| share * self.apart >= mean && *share <= mean * self.apart;
        assert!(shares.iter().all(fair), "somebody starves: {found}");
    }
}

/// Plays a world for each way of counting and each seed, and checks it from one time to another.
fn play(tills: &[Till], aside: &[usize], times: &[(u64, u64, Bounds)], change: impl Fn(&mut Simulation)) {
    for counting in COUNTINGS {
        for seed in seeds() {
            let mut simulation = Simulation::new(seed, counting, LIMIT, tills.to_vec());
            change(&mut simulation);
            for (from, to, bounds) in times {
                simulation.run_until(s(*from));
                let tallies = simulation.run_until(s(*to));
                let what = format!("{counting:?}, seed {seed}, {from} s to {to} s");
                bounds.check(&what, LIMIT, s(to - from), &tallies, aside);
            }
        }
    }
}

fn eight() -> Vec<Till> {
    vec![Till::default(); 8]
}

#[test]
fn the_same_seed_is_the_same_run() {
    let run = |seed| Simulation::new(seed, Counting::Windows, LIMIT, eight()).run_until(s(5));
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn eight_that_start_together() {
    play(&eight(), &[], &[(6, 12, USUAL), (12, 72, Bounds { apart: 2.0, ..USUAL })], |_| ());
}

/// Some that left in one second arrive in the next.
#[test]
fn one_alone_keeps_to_its_ceiling_and_is_never_refused() {
    for counting in COUNTINGS {
        let mut simulation =
            Simulation::new(1, counting, LIMIT + 20, vec![Till { callers: 60, ..Till::default() }]);
        let tally = simulation.run_until(s(20))[0];
        assert!(tally.done >= 20 * u64::from(LIMIT) - 20 && tally.refused == 0, "{tally:?}");
    }
}

#[test]
fn few_processes_with_many_callers() {
    let many = |processes| vec![Till { callers: 60, ..Till::default() }; processes];
    play(&many(2), &[], &[(40, 100, USUAL)], |_| ());
    play(&many(3), &[], &[(40, 100, USUAL)], |_| ());
}

/// All of a process's callers can be refused at once, and come back at once.
#[test]
fn hundred_callers_in_each_process() {
    let till = Till { callers: 100, ..Till::default() };
    play(&vec![till; 8], &[], &[(20, 80, Bounds { used: 0.93, refused: 0.03, ..USUAL })], |_| ());
}

/// What a refusal takes is a greater part of a small share, so it takes more of them.
#[test]
fn forty_processes() {
    play(&vec![Till::default(); 40], &[], &[(10, 70, Bounds { refused: 0.03, ..USUAL })], |_| ());
}

/// Those that are there give way within a minute, and for ten seconds all pay for the storm of the start.
#[test]
fn processes_that_start_later() {
    for late in [1, 4] {
        let mut tills = eight();
        for till in &mut tills[..late] {
            till.alive.start = s(20);
        }
        let at_first = Bounds { used: 0.7, refused: 0.15, apart: f64::INFINITY };
        let soon = Bounds { refused: 0.015, apart: f64::INFINITY, ..USUAL };
        play(&tills, &[], &[(20, 30, at_first), (30, 60, soon), (90, 120, USUAL)], |_| ());
    }
}

#[test]
fn what_two_leave_is_taken_up() {
    let mut tills = eight();
    for till in &mut tills[3..5] {
        till.alive.end = s(20);
    }
    let at_first = Bounds { used: 0.7, ..USUAL };
    let soon = Bounds { refused: 0.02, ..USUAL };
    let then = Bounds { apart: 4.0, ..USUAL };
    play(&tills, &[3, 4], &[(20, 35, at_first), (35, 60, soon), (60, 90, then)], |_| ());
}

/// The farthest can have 12 calls under way, of a fifth of a second.
#[test]
fn near_ones_and_far_ones() {
    let way = |index: u32| ms(3 << (index / 2));
    let tills: Vec<Till> =
        (0..8).map(|index| Till { way: way(index)..way(index) * 2, ..Till::default() }).collect();
    let mut far = tills.clone();
    far[7].way = ms(80)..ms(120);
    play(&tills, &[], &[(6, 66, USUAL)], |_| ());
    play(&far, &[], &[(6, 66, Bounds { apart: 4.0, ..USUAL })], |_| ());
}

/// The turns that were taken at the slowest pace, for six seconds, remain; then it doubles each second.
#[test]
fn after_a_storm() {
    for storm in [s(20)..s(22), s(20)..s(30), s(20)..s(80)] {
        let end = storm.end.as_secs();
        let soon = Bounds { used: 0.6, refused: 0.02, ..USUAL };
        let then = Bounds { refused: 0.015, apart: 5.0, ..USUAL };
        play(&eight(), &[], &[(end + 10, end + 20, soon), (end + 20, end + 80, then)], |simulation| {
            simulation.storm = storm.clone();
        });
    }
}

#[test]
fn a_till_that_serves_a_customer_now_and_then_is_not_held_up() {
    let mut tills = eight();
    for till in &mut tills[..2] {
        *till = Till { callers: 2, idle: ms(500)..ms(1500), ..Till::default() };
    }
    let (mut done, mut refused) = (0.0, 0.0);
    for counting in COUNTINGS {
        for seed in seeds() {
            let mut simulation = Simulation::new(seed, counting, LIMIT, tills.clone());
            simulation.run_until(s(6));
            let tallies = simulation.run_until(s(66));
            USUAL.check(&format!("{counting:?}, seed {seed}"), LIMIT, s(60), &tallies, &[0, 1]);
            for calm in &tallies[..2] {
                assert!(calm.longest_wait <= ms(100) && calm.given_up == 0 && calm.done >= 100, "{calm:?}");
            }
            let calm = sum(&tallies[..2]);
            (done, refused) = (done + calm.0, refused + calm.1);
        }
    }
    assert!(refused < done * 0.015, "{refused} of {done}: hardly more often than others");
}

#[test]
fn a_limit_that_falls_and_rises() {
    for counting in COUNTINGS {
        for seed in seeds() {
            let mut simulation = Simulation::new(seed, counting, LIMIT, eight());
            let mut check = |limit, bounds: Bounds| {
                simulation.change_limit(limit);
                let settled = simulation.now() + s(30);
                simulation.run_until(settled);
                let tallies = simulation.run_until(settled + s(30));
                bounds.check(&format!("{counting:?}, seed {seed}"), limit, s(30), &tallies, &[]);
            };
            check(LIMIT, USUAL);
            check(200, Bounds { refused: 0.02, apart: 4.0, ..USUAL });
            check(LIMIT, Bounds { refused: 0.02, apart: 4.0, ..USUAL });
        }
    }
}

/// Then each refusal takes the place of a request, and a limit that is exceeded stays so for longer.
#[test]
fn a_limit_that_counts_what_it_refuses() {
    for seed in seeds() {
        let mut simulation = Simulation::new(seed, Counting::SlidingWithRefused, LIMIT, eight());
        simulation.run_until(s(20));
        let tallies = simulation.run_until(s(80));
        let bounds = Bounds { used: 0.85, refused: 0.03, apart: 2.0 };
        bounds.check(&format!("seed {seed}"), LIMIT, s(60), &tallies, &[]);
    }
}
