use super::*;
use time::format_description::well_known::Rfc2822;

const HOUR: i64 = 3600;

fn date(offset_s: i64) -> String {
    let stamp = (OffsetDateTime::now_utc() + Duration::seconds(offset_s)).format(&Rfc2822).unwrap();
    stamp.replace("+0000", "GMT")
}

fn proof(offset_s: i64, is_certain: bool) -> Proof {
    Proof { at_s: wall_s() + offset_s, is_certain }
}

#[test]
fn five_hours_are_learned_and_noise_is_not() {
    let clock = Clock::default();
    clock.learn(Some(&date(1)));
    assert_eq!(clock.offset_s(), 0);
    clock.learn(Some(&date(5 * HOUR)));
    assert!((clock.offset_s() - 5 * HOUR).abs() <= 1);
    assert!((clock.now() - OffsetDateTime::now_utc() - Duration::hours(5)).abs() < Duration::seconds(2));
    let known = clock.offset_s();
    clock.learn(Some(&date(5 * HOUR + 1)));
    assert_eq!(clock.offset_s(), known);
    clock.learn(Some(&date(0)));
    assert_eq!(clock.offset_s(), 0);
}

#[test]
fn nonsense_and_years_are_not_believed() {
    let clock = Clock::default();
    for absurd in [None, Some(""), Some("yesterday"), Some(&*date(LARGEST_OFFSET_S + 60))] {
        clock.learn(absurd);
        assert_eq!(clock.offset_s(), 0);
    }
    assert_eq!(parse("Sun, 06 Nov 1994 08:49:37 GMT").unwrap().unix_timestamp(), 784_111_777);
}

#[test]
fn what_is_fresh_by_the_date_of_an_earlier_answer_is_not_certain() {
    let clock = Clock::default();
    assert_eq!(clock.freshness(wall_s()), Ok(true));
    assert!(clock.freshness(wall_s() - 40 * HOUR).is_err());
    clock.learn(Some(&date(-40 * HOUR)));
    assert_eq!(clock.freshness(wall_s() - 40 * HOUR), Ok(false));
    assert!(clock.freshness_of_notification(wall_s() - 40 * HOUR).is_err());
    clock.prove(proof(-40 * HOUR, false), false);
    assert_eq!(clock.known(), None, "it may be a replay");
    clock.prove(proof(-40 * HOUR, false), true);
    assert_eq!(clock.freshness(wall_s() - 40 * HOUR), Ok(true));
    assert_eq!(clock.freshness_of_notification(wall_s() - 40 * HOUR), Ok(true));
    assert!(clock.freshness(wall_s() - 41 * HOUR).is_err(), "the proven time decides");
}

#[test]
fn a_signature_from_the_future_ends_the_offset_that_a_replay_had_proven() {
    // This machine's clock is an hour slow, and an answer of an hour ago comes in the place of the true one.
    let clock = Clock::default();
    clock.prove(proof(0, true), false);
    clock.learn(Some(&date(HOUR)));
    assert_eq!(clock.freshness(wall_s() + HOUR), Ok(false), "the true answer is believed again, with care");
    clock.prove(proof(HOUR, false), false);
    assert_eq!(clock.known(), None);
    assert!(clock.freshness(wall_s()).is_err(), "the replay passes no more");
    assert_eq!(clock.offset_s(), HOUR, "requests are signed by the Date");
    clock.prove(proof(HOUR, false), true);
    assert_eq!(clock.freshness(wall_s() + HOUR), Ok(true));
}

#[test]
fn an_offset_that_a_replay_made_too_small_is_ended_too() {
    // Six minutes slow, and the replay is two minutes old: four minutes are proven, which do not widen the window.
    let clock = Clock::default();
    clock.prove(proof(240, true), false);
    clock.learn(Some(&date(360)));
    assert_eq!(clock.freshness(wall_s() + 360), Ok(false));
    clock.prove(proof(360, false), false);
    assert_eq!(clock.known(), None);
    clock.prove(proof(360, false), true);
    assert_eq!(clock.freshness(wall_s() + 360), Ok(true));
}

#[test]
fn proven_time_is_not_moved_by_a_date() {
    let clock = Clock::default();
    clock.prove(proof(0, true), false);
    clock.learn(Some(&date(-40 * HOUR)));
    assert!(clock.freshness(wall_s() - 40 * HOUR).is_err());
    assert_eq!(clock.freshness(wall_s()), Ok(true));
}

#[test]
fn a_clock_that_is_too_far_off_to_be_corrected_is_known_to_be_wrong() {
    let clock = Clock::default();
    clock.learn(Some(&date(100 * 24 * HOUR)));
    assert_eq!(clock.offset_s(), 0);
    assert!((clock.behind_s() - 100 * 24 * HOUR).abs() <= 1);
    clock.learn(Some(&date(0)));
    assert_eq!(clock.behind_s(), 0, "it was set");
}

#[test]
fn proven_time_never_runs_backwards() {
    let clock = Clock::default();
    clock.prove(proof(200, true), false);
    for _ in 0..5 {
        clock.prove(proof(-50, true), false);
    }
    assert!(clock.freshness(wall_s() - 110).is_err(), "200 s were proven");
    assert!(clock.proven_s().unwrap() >= wall_s() + 199);
}

#[test]
fn an_offset_of_an_earlier_process_counts_unless_the_clock_was_set_since() {
    let known = |offset_s| KnownTime { proven_s: wall_s() + offset_s - 100, offset_s };
    let clock = Clock::default();
    clock.remember(known(5 * HOUR));
    assert!((clock.offset_s() - 5 * HOUR).abs() <= 1, "the first request is signed with it");
    assert_eq!(clock.freshness(wall_s() + 5 * HOUR), Ok(true));
    // Set right while the program did not run.
    let clock = Clock::default();
    clock.remember(KnownTime { proven_s: wall_s() - 100, offset_s: 5 * HOUR });
    assert_eq!(clock.freshness(wall_s()), Ok(true));
    // Set back: the remembered time is later than what the clock and its offset say.
    let clock = Clock::default();
    clock.remember(KnownTime { proven_s: wall_s() + 10 * HOUR, offset_s: 0 });
    assert!(clock.freshness(wall_s()).is_err());
    assert_eq!(clock.offset_s(), 0);
}

#[test]
fn a_signature_from_far_ahead_is_remembered_as_what_was_sent_now() {
    let clock = Clock::default();
    assert_eq!(clock.time_of_copy(wall_s() + 8 * HOUR), wall_s() + 8 * HOUR, "nothing is proven");
    clock.prove(proof(0, true), false);
    assert!(clock.time_of_copy(wall_s() + 8 * HOUR) <= wall_s() + 1);
    assert_eq!(clock.time_of_copy(wall_s() + 200), wall_s() + 200, "it may be accepted for so long");
}

/// A till whose clock is right, after one server whose clock was eight hours ahead has answered a question.
fn after_a_server_that_was_ahead(was_proven: bool) -> Clock {
    let clock = Clock::default();
    if was_proven {
        clock.prove(proof(0, true), false);
    }
    clock.learn(Some(&date(8 * HOUR)));
    assert_eq!(clock.freshness(wall_s() + 8 * HOUR), Ok(false));
    clock.prove(proof(8 * HOUR, false), false);
    clock.learn(Some(&date(0)));
    clock
}

#[test]
fn one_answer_from_a_server_that_is_ahead_does_not_shut_out_the_others() {
    for was_proven in [false, true] {
        let clock = after_a_server_that_was_ahead(was_proven);
        assert_eq!(clock.freshness(wall_s()), Ok(false), "questions are answered");
        assert_eq!(clock.offset_s(), 0);
        clock.prove(proof(0, false), false);
        assert_eq!(
            clock.freshness(wall_s()),
            Ok(false),
            "more of the same prove nothing: they may all be old"
        );
        assert!(clock.freshness_of_notification(wall_s()).is_err());
        clock.prove(proof(0, false), true);
        assert_eq!(clock.freshness(wall_s()), Ok(true), "a sale cannot be old");
        assert_eq!(clock.freshness_of_notification(wall_s()), Ok(true));
        assert_eq!(clock.known().map(|known| known.offset_s), Some(0));
        assert!(clock.freshness(wall_s() + 8 * HOUR).is_err());
    }
}

#[test]
fn what_is_earlier_than_an_answer_without_certainty_is_never_certain() {
    // Old answers, in the place of the true ones: on a machine whose clock is slow by any time, whatever the `Date` says.
    for (slow_s, date_s) in
        [(HOUR, 0), (HOUR, HOUR), (8 * HOUR, 0), (8 * HOUR, 8 * HOUR), (8 * HOUR, 4 * HOUR)]
    {
        let clock = Clock::default();
        clock.prove(proof(0, true), false);
        clock.learn(Some(&date(slow_s)));
        clock.prove(proof(slow_s, false), false);
        clock.learn(Some(&date(date_s)));
        for old_s in (0..=slow_s - WINDOW_S).step_by(100) {
            let found = clock.freshness(wall_s() + old_s);
            assert_ne!(found, Ok(true), "{slow_s} {date_s} {old_s}");
            assert!(clock.freshness_of_notification(wall_s() + old_s).is_err());
            if found.is_ok() {
                clock.prove(proof(old_s, false), false);
            }
        }
        assert_eq!(clock.known(), None);
        clock.prove(proof(slow_s, false), true);
        assert_eq!(clock.freshness(wall_s() + slow_s), Ok(true));
        assert!(
            clock.freshness(wall_s() + slow_s - WINDOW_S - 1).is_err(),
            "proven time does not run backwards"
        );
    }
}
