//! Copies of requests that arrive late, and numbers that overtake each other.

use super::stage::{LONG, LOST, OTHER_SHOP, SECOND_TILL, Stage, TILL, late, lost, twisted};
use super::{Known, plain, shows_now};
use crate::adversary::Move;
use crate::adversary::fate::Fate;
use crate::oracle::Invariant;
use crate::wechat::coupon::Usage;
use crate::wechat::message::Asks;
use crate::wechat::settings::Settings;
use crate::world::{HOUR, MINUTE, SECOND};

const ROW: Known = Known {
    name: "",
    shows: "",
    breaks: Invariant::DidNotHappenStands,
    holds_back: &[],
    fails: false,
    settings: plain,
    usage: Usage::Single,
    asks_again: false,
    script: |_| (),
};

/// A's first copy is late, B redeems, A is refused.
fn refused_while_a_copy_is_late(stage: &Stage) {
    stage.next(Asks::Use, 1, late(4 * MINUTE));
    let _ = stage.begin_redeeming(TILL, 1, 0);
    stage.pass(SECOND);
    stage.redeem(OTHER_SHOP, 2, 0);
    stage.pass(20 * SECOND);
}

pub const KNOWN: &[Known] = &[
    Known {
        name: "late-copy-after-a-return",
        shows: "A's copy is late, B redeems, A is refused, B returns, A's copy redeems: forgotten, and the coupon is lost",
        holds_back: &[Move::LateAfterRefusal],
        script: |stage| {
            refused_while_a_copy_is_late(stage);
            stage.change(OTHER_SHOP, Asks::Return, 3, 0);
            stage.pass(LONG);
        },
        ..ROW
    },
    Known {
        name: "void-of-a-refused-number",
        shows: "the same, and A is called off after its copy has redeemed: told `voided`, nothing is returned",
        breaks: Invariant::VoidedStands,
        holds_back: &[Move::LateAfterRefusal],
        script: |stage| {
            refused_while_a_copy_is_late(stage);
            stage.change(OTHER_SHOP, Asks::Return, 3, 0);
            stage.pass(LONG);
            stage.void(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "late-return-undoes-another",
        shows: "a return's copy is late; head office returns, another till redeems, the return is told as refused; then its copy undoes the other's redemption",
        breaks: Invariant::DidNotHappenStands,
        holds_back: &[Move::LateChangeAfterRefusal],
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.next(Asks::Return, 1, late(4 * MINUTE));
            let _ = stage.begin_returning(TILL, 2, 0);
            stage.pass(SECOND);
            stage.befall(0, Move::HeadOfficeReturns);
            stage.pass(20 * SECOND);
            stage.redeem(OTHER_SHOP, 3, 0);
            stage.pass(LONG);
        },
        ..ROW
    },
    Known {
        name: "void-undoes-another",
        shows: "between a void's question and its return another number redeems: ours undoes it, and is told as voided",
        breaks: Invariant::VoidReturnsAnother,
        holds_back: &[Move::RacesVoid],
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.next(Asks::Return, 1, Fate { there: Some(3 * SECOND), ..Fate::good() });
            let _ = stage.begin_voiding(TILL, 1, 0);
            stage.pass(SECOND);
            stage.befall(0, Move::HeadOfficeReturns);
            stage.befall(0, Move::OtherRedeems);
            stage.pass(MINUTE);
        },
        ..ROW
    },
    Known {
        name: "pending-return-undoes-another",
        shows: "a return is lost on its way, head office returns, the till redeems again; settling repeats the return, which undoes that redemption",
        breaks: Invariant::SettlingUndoesSuccess,
        holds_back: &[Move::RedeemsOverReturn],
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.next(Asks::Return, 9, lost());
            stage.change(TILL, Asks::Return, 2, 0);
            stage.no_rules();
            stage.befall(0, Move::HeadOfficeReturns);
            stage.redeem(TILL, 3, 0);
            stage.settle_all(TILL);
        },
        ..ROW
    },
    Known {
        name: "pending-return-undoes-a-sequential-use",
        shows: "the same with a SEQUENTIAL coupon that was not used yet when its return was lost",
        breaks: Invariant::SettlingUndoesSuccess,
        holds_back: &[Move::RedeemsOverReturn],
        usage: Usage::Sequential(2),
        fails: false,
        script: |stage| {
            stage.next(Asks::Return, 9, lost());
            stage.change(TILL, Asks::Return, 2, 0);
            stage.no_rules();
            stage.pass(MINUTE);
            stage.redeem(TILL, 4, 0);
            stage.pass(LONG);
            stage.settle_all(TILL);
        },
        ..ROW
    },
    Known {
        name: "pending-return-undoes-a-use-of-the-future",
        shows: "the same with a usage mode of the future, a return that was done, and a WeChat Pay that forgets numbers after a day",
        breaks: Invariant::SettlingUndoesSuccess,
        holds_back: &[Move::RedeemsOverReturn],
        usage: Usage::Future,
        settings: || Settings { memory: 24 * HOUR, ..shows_now() },
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.next(Asks::Return, 9, twisted(LOST));
            stage.change(TILL, Asks::Return, 2, 0);
            stage.no_rules();
            stage.pass(MINUTE);
            stage.redeem(TILL, 3, 0);
            stage.pass(25 * HOUR);
            stage.settle_all(TILL);
        },
        ..ROW
    },
    Known {
        name: "return-settled-after-the-next-redemption",
        shows: "a return's answer is lost, the coupon is redeemed again, the return is settled: the later redemption is told as returned",
        breaks: Invariant::VerdictChanges,
        holds_back: &[Move::RedeemsOverReturn],
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.next(Asks::Return, 9, twisted(LOST));
            stage.change(TILL, Asks::Return, 2, 0);
            stage.no_rules();
            stage.redeem(TILL, 3, 0);
            stage.pass(HOUR);
            stage.settle_all(TILL);
            stage.redeem(TILL, 3, 0);
        },
        ..ROW
    },
    Known {
        name: "the-other-use-was-returned",
        shows: "of a SEQUENTIAL coupon one use is returned, and the other is told as returned",
        breaks: Invariant::VerdictChanges,
        holds_back: &[Move::Sequential],
        usage: Usage::Sequential(2),
        script: |stage| {
            stage.redeem(TILL, 2, 0);
            stage.redeem(TILL, 3, 0);
            stage.change(TILL, Asks::Return, 5, 0);
            stage.redeem(TILL, 2, 0);
        },
        ..ROW
    },
    Known {
        name: "partly-used-and-ended",
        shows: "a SEQUENTIAL coupon of which one use is redeemed is deactivated; calling the use off never ends",
        breaks: Invariant::DoubtNeverEnds,
        holds_back: &[Move::EndsPartlyUsed],
        usage: Usage::Sequential(2),
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.change(TILL, Asks::Deactivate, 2, 0);
            stage.void(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "void-is-not-overwritten",
        shows: "a call whose sign of life is lost ends after another process has called its number off: the void must stay",
        breaks: Invariant::CalledOffStands,
        script: |stage| {
            stage.next(Asks::Use, 1, Fate { back: 4 * SECOND, ..late(2 * SECOND) });
            let _ = stage.begin_redeeming(TILL, 1, 0);
            stage.pass(SECOND);
            stage.edit(|world| world.lose_mark(TILL));
            stage.void(SECOND_TILL, 1, 0);
            stage.pass(LONG);
        },
        ..ROW
    },
    Known {
        name: "frozen-owner",
        shows: "a process stands still for hours before it sends: nobody takes its number, and what comes of it is told truly",
        breaks: Invariant::TwoAtOnce,
        script: |stage| {
            stage.next(Asks::Use, 1, Fate { connect: 2 * SECOND, ..Fate::good() });
            let _ = stage.begin_redeeming(TILL, 1, 0);
            stage.pass(SECOND);
            stage.freeze(TILL, 9 * HOUR);
            for _ in 0..4 {
                stage.pass(HOUR);
                stage.settle_all(SECOND_TILL);
                stage.redeem(SECOND_TILL, 1, 0);
            }
            stage.redeem(OTHER_SHOP, 2, 0);
            stage.pass(9 * HOUR);
        },
        ..ROW
    },
    Known {
        name: "frozen-owner-after-a-loss",
        shows: "the same with a first attempt whose answer is lost, and a repeat after the thaw",
        breaks: Invariant::TwoAtOnce,
        script: |stage| {
            stage.next(Asks::Use, 1, lost());
            let _ = stage.begin_redeeming(TILL, 1, 0);
            stage.pass(SECOND);
            stage.freeze(TILL, 9 * HOUR);
            stage.settle_all(SECOND_TILL);
            stage.redeem(OTHER_SHOP, 2, 0);
            stage.pass(10 * HOUR);
        },
        ..ROW
    },
];
