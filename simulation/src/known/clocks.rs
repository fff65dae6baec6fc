//! Clocks that are set while something waits for time to pass.

use super::stage::{LONG, SECOND_TILL, TILL, late};
use super::{Known, plain};
use crate::adversary::Move;
use crate::oracle::Invariant;
use crate::wechat::coupon::Usage;
use crate::wechat::message::Asks;
use crate::world::{MINUTE, SECOND};

pub const KNOWN: &[Known] = &[
    Known {
        name: "clock-set-while-off",
        shows: "a till that has proven its clock is switched off, and its clock is set by a day: it must redeem at its first sale",
        breaks: Invariant::CouponIsBlocked,
        holds_back: &[Move::StartsAfterStep],
        fails: false,
        settings: plain,
        usage: Usage::Single,
        asks_again: false,
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.kill(TILL);
            stage.kill(SECOND_TILL);
            stage.edit(|world| world.machines[0].clock_error += 24 * 3_600_000_000);
            stage.pass(2 * LONG);
        },
    },
    Known {
        name: "clock-set-while-watched",
        shows: "a redemption is called off and watched; the clock is set an hour ahead, the watch ends, and the late copy redeems",
        breaks: Invariant::VoidedStands,
        holds_back: &[Move::StepsWhileOpen],
        fails: false,
        settings: plain,
        usage: Usage::Single,
        asks_again: false,
        script: |stage| {
            stage.next(Asks::Use, 9, late(5 * MINUTE - 10 * SECOND));
            stage.redeem(TILL, 1, 0);
            stage.void(TILL, 1, 0);
            stage.edit(|world| world.machines[0].clock_error += 3_600_000_000);
            stage.settle_all(TILL);
            stage.pass(LONG);
            stage.no_rules();
        },
    },
];
