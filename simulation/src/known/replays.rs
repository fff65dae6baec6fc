//! Signed answers of WeChat Pay's that answer another question.

use super::stage::{Stage, TILL, twisted};
use super::{Known, plain};
use crate::adversary::Move;
use crate::oracle::Invariant;
use crate::wechat::coupon::{State, Usage};
use crate::wechat::message::{Asks, Twist};
use crate::world::{HOUR, SECOND};

const ROW: Known = Known {
    name: "",
    shows: "",
    breaks: Invariant::ChangeHappened,
    holds_back: &[Move::Replayed],
    fails: false,
    settings: plain,
    usage: Usage::Single,
    asks_again: false,
    script: |_| (),
};

const REPLAYED: Twist = Twist::Replayed(0);

/// The next change is answered by the answer before it, and is refused in truth.
fn answered_by_the_last(stage: &Stage, asks: Asks) {
    stage.next(asks, 1, twisted(REPLAYED));
}

pub const KNOWN: &[Known] = &[
    Known {
        name: "use-replayed-for-return",
        shows: "the signed answer of `use` is replayed for `return`, which never arrives: told as returned",
        breaks: Invariant::ReturnHappened,
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.edit(|world| world.wechat.unauthorised_until = world.now + SECOND);
            answered_by_the_last(stage, Asks::Return);
            stage.change(TILL, Asks::Return, 2, 0);
        },
        ..ROW
    },
    Known {
        name: "query-replayed-for-confirm",
        shows: "the signed answer of `query` is replayed for `confirm`, which is refused: told as confirmed",
        script: |stage| {
            stage.edit(|world| world.wechat.coupons[0].becomes(0, State::Confirming));
            stage.query(TILL, 0);
            stage.edit(|world| world.wechat.unauthorised_until = world.now + SECOND);
            answered_by_the_last(stage, Asks::Confirm);
            stage.change(TILL, Asks::Confirm, 2, 0);
        },
        ..ROW
    },
    Known {
        name: "query-replayed-for-deactivate",
        shows: "the signed answer of `query` is replayed for `deactivate`, which is refused: told as deactivated",
        script: |stage| {
            stage.query(TILL, 0);
            stage.edit(|world| world.wechat.unauthorised_until = world.now + SECOND);
            answered_by_the_last(stage, Asks::Deactivate);
            stage.change(TILL, Asks::Deactivate, 2, 0);
        },
        ..ROW
    },
    Known {
        name: "sequential-never-used",
        shows: "the signed answer of `query` about a SEQUENTIAL coupon that was never used is replayed for `use`: told as redeemed",
        breaks: Invariant::SuccessHappened,
        holds_back: &[Move::Replayed, Move::Sequential],
        usage: Usage::Sequential(2),
        script: |stage| {
            stage.query(TILL, 0);
            stage.edit(|world| world.wechat.unauthorised_until = world.now + SECOND);
            answered_by_the_last(stage, Asks::Use);
            stage.redeem(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "answer-of-before-the-redemption",
        shows: "a question's answer that was signed just before the redemption is replayed when it is called off: told `voided`",
        breaks: Invariant::VoidedStands,
        holds_back: &[Move::ReplaysOvertaken],
        script: |stage| {
            stage.query(TILL, 0);
            stage.redeem(TILL, 1, 0);
            stage.edit(|world| world.wechat.recorded.retain(|recorded| recorded.asks == Asks::Query));
            stage.next(Asks::Query, 1, twisted(REPLAYED));
            stage.void(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "old-answer-with-its-own-date",
        shows: "a signed answer of the day before comes with its own Date, which moves the clock first: taken as fresh, told `voided`",
        breaks: Invariant::VoidedStands,
        holds_back: &[Move::ReplayedOld],
        script: |stage| {
            stage.query(TILL, 0);
            stage.pass(HOUR);
            stage.redeem(TILL, 1, 0);
            stage.pass(29 * HOUR);
            stage.edit(|world| world.wechat.recorded.retain(|recorded| recorded.asks == Asks::Query));
            stage.next(Asks::Query, 1, twisted(Twist::ReplayedOld(0)));
            stage.void(TILL, 1, 0);
        },
        ..ROW
    },
];
