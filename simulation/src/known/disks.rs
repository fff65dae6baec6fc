//! Writes that fail, and rows that change by themselves.

use super::stage::{LOST, Stage, TILL, lost, twisted};
use super::{Known, plain};
use crate::adversary::Move;
use crate::oracle::Invariant;
use crate::store::Fault;
use crate::wechat::coupon::Usage;
use crate::wechat::message::Asks;
use crate::world::{HOUR, SECOND};

const ROW: Known = Known {
    name: "",
    shows: "",
    breaks: Invariant::DoubtIsForgotten,
    holds_back: &[],
    fails: false,
    settings: plain,
    usage: Usage::Single,
    asks_again: false,
    script: |_| (),
};

fn in_doubt(stage: &Stage) {
    stage.next(Asks::Use, 9, twisted(LOST));
    stage.redeem(TILL, 1, 0);
    stage.no_rules();
}

pub const KNOWN: &[Known] = &[
    Known {
        name: "doubt-and-a-full-disk",
        shows: "a number is in doubt, the disk is full, the number is repeated: told class 2 and not in doubt",
        holds_back: &[Move::FailsDoubtful],
        script: |stage| {
            in_doubt(stage);
            stage.write_fails(TILL, 0, Fault::Full);
            stage.redeem(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "doubt-and-other-members",
        shows: "a number is in doubt and repeated with other members: told class 5 and not in doubt",
        holds_back: &[Move::AltersDoubtful],
        script: |stage| {
            in_doubt(stage);
            stage.altered(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "commit-said-to-fail",
        shows: "a commit is said to have failed and stays; told class 2, the process dies, settling redeems",
        breaks: Invariant::SettlingRedeemsRefused,
        holds_back: &[Move::DiskErrorAfter],
        script: |stage| {
            stage.write_fails(TILL, 0, Fault::After);
            stage.redeem(TILL, 1, 0);
            stage.kill(TILL);
            stage.pass(HOUR);
            stage.settle_all(TILL);
        },
        ..ROW
    },
    Known {
        name: "verdict-not-written",
        shows: "a verdict cannot be written: once its context has let go, the number must be free for others",
        breaks: Invariant::StaysLocked,
        script: |stage| {
            stage.next(Asks::Use, 9, lost());
            stage.write_fails(TILL, 1, Fault::Busy);
            stage.redeem(TILL, 1, 0);
            stage.no_rules();
            stage.pass(SECOND);
        },
        ..ROW
    },
    Known {
        name: "settling-on-a-full-disk",
        shows: "a number is in doubt, a write fails while it is settled: told class 2 and not in doubt",
        holds_back: &[Move::FailsSettling],
        script: |stage| {
            in_doubt(stage);
            stage.write_fails(TILL, 0, Fault::Full);
            stage.settle(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "claim-said-to-fail",
        shows: "the commit of a claim is said to have failed and stays: the number must be free for others",
        breaks: Invariant::StaysLocked,
        holds_back: &[Move::DiskErrorAfter],
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.write_fails(TILL, 0, Fault::After);
            stage.settle(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "claimed-and-not-flushed",
        shows: "the commit of a new row is said to have failed and stays; settling sends it before it is flushed",
        breaks: Invariant::SentBeforeFlushed,
        holds_back: &[Move::DiskErrorAfter],
        script: |stage| {
            stage.write_fails(TILL, 0, Fault::After);
            stage.write_fails(TILL, 0, Fault::Before);
            stage.redeem(TILL, 1, 0);
            stage.settle(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "two-writes-fail",
        shows: "a number is in doubt; neither can it be taken up nor looked at: it must stay in doubt",
        holds_back: &[Move::FailsTwice],
        script: |stage| {
            in_doubt(stage);
            stage.write_fails(TILL, 0, Fault::Busy);
            stage.write_fails(TILL, 0, Fault::Busy);
            stage.redeem(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "void-of-a-damaged-row",
        shows: "a bit flips in the row of a redemption, which is called off: told class 0, and nothing is returned",
        breaks: Invariant::CalledOffStands,
        holds_back: &[Move::VoidsDamaged],
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.edit(|world| drop(world.machines[0].disk.flip(5, true)));
            stage.void(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "returned-before-its-row-was-written",
        shows: "a success cannot be written; the till returns it, without an answer; settling writes both, and tells the sale as redeemed",
        breaks: Invariant::OwnReturnIsKnown,
        holds_back: &[Move::ReturnsUnwritten],
        fails: false,
        script: |stage| {
            // The row, the proven time, the verdict.
            stage.write_fails(TILL, 2, Fault::Full);
            stage.redeem(TILL, 1, 0);
            stage.pass(SECOND);
            stage.next(Asks::Return, 9, lost());
            stage.change(TILL, Asks::Return, 2, 0);
            stage.no_rules();
            stage.pass(HOUR);
            stage.settle_all(TILL);
            stage.change(TILL, Asks::Return, 2, 0);
            stage.pass(HOUR);
            stage.redeem(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "damaged-row-that-ended",
        shows: "a bit flips in the row of a redemption that head office has returned; settling ends it; a repeat must not send the altered bytes",
        breaks: Invariant::BytesNeverDiffer,
        holds_back: &[Move::ResendsDamaged],
        script: |stage| {
            in_doubt(stage);
            stage.befall(0, Move::HeadOfficeReturns);
            stage.edit(|world| drop(world.machines[0].disk.flip(5, true)));
            stage.pass(HOUR);
            stage.settle_all(TILL);
            stage.pass(HOUR);
            stage.redeem(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "damaged-row",
        shows: "a bit flips in a row in doubt: its altered bytes are never sent, and it is listed as damaged",
        breaks: Invariant::DoubtNeverEnds,
        holds_back: &[Move::BitFlip],
        script: |stage| {
            in_doubt(stage);
            stage.edit(|world| drop(world.machines[0].disk.flip(5, true)));
            stage.pass(HOUR);
            stage.settle_all(TILL);
        },
        ..ROW
    },
];
