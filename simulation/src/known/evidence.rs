//! What is taken for evidence and is none.

use super::stage::{LONG, LOST, OTHER_SHOP, TILL, lost, twisted, unsigned};
use super::{Known, plain, shows_now};
use crate::adversary::Move;
use crate::oracle::Invariant;
use crate::wechat::coupon::Usage;
use crate::wechat::message::Asks;
use crate::wechat::settings::{Settings, SignedErrors};
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

fn without_subcodes() -> Settings {
    Settings { subcodes: false, signed_errors: SignedErrors::All, ..plain() }
}

pub const KNOWN: &[Known] = &[
    Known {
        name: "void-of-proven-unsigned-404",
        shows: "a proven redemption is called off; the question is answered by an unsigned 404; told `voided`, nothing is returned",
        breaks: Invariant::VoidedStands,
        holds_back: &[Move::AbsentAmid],
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.next(Asks::Query, 1, unsigned(404));
            stage.void(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "void-of-proven-foreign-404",
        shows: "the same, answered by a signed 404 with the sub-code of another provider's object",
        breaks: Invariant::VoidedStands,
        holds_back: &[Move::Foreign],
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.foreign(0, MINUTE);
            stage.void(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "void-of-proven-404-without-subcode",
        shows: "the same, answered by a signed 404 without a sub-code",
        breaks: Invariant::VoidedStands,
        holds_back: &[Move::Foreign],
        settings: without_subcodes,
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.foreign(0, MINUTE);
            stage.void(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "void-of-pending-404",
        shows: "a redemption in doubt is called off; questions are answered by 404; watched, then forgotten, and redeemed",
        breaks: Invariant::VoidedStands,
        holds_back: &[Move::AbsentAmid],
        script: |stage| {
            stage.next(Asks::Use, 9, twisted(LOST));
            stage.redeem(TILL, 1, 0);
            stage.next(Asks::Query, 2, unsigned(404));
            stage.void(TILL, 1, 0);
            stage.pass(2 * LONG);
            stage.settle_all(TILL);
        },
        ..ROW
    },
    Known {
        name: "complete-after-six-minutes-unsigned",
        shows: "a redemption in doubt is completed after six minutes; repeat and question are refused unsigned; told as refused",
        holds_back: &[Move::AbsentAmid],
        script: |stage| {
            stage.next(Asks::Use, 9, twisted(LOST));
            stage.redeem(TILL, 1, 0);
            stage.no_rules();
            stage.pass(2 * LONG);
            stage.next(Asks::Use, 1, unsigned(403));
            stage.next(Asks::Query, 1, unsigned(404));
            stage.settle(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "used-by-nobody",
        shows: "the question is answered USED without a number; the repeat is refused; told as refused, and redeemed",
        holds_back: &[Move::Bare, Move::FutureUsage],
        script: |stage| {
            stage.next(Asks::Use, 9, twisted(LOST));
            stage.redeem(TILL, 1, 0);
            stage.no_rules();
            stage.edit(|world| world.wechat.bare_until = world.now + MINUTE);
            stage.next(Asks::Use, 1, unsigned(403));
            stage.settle(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "void-of-a-future-usage",
        shows: "a proven redemption of a usage mode of the future is called off; told `voided`, nothing is returned",
        breaks: Invariant::VoidedStands,
        holds_back: &[Move::Bare, Move::FutureUsage],
        usage: Usage::Future,
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.void(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "repeat-after-own-return",
        shows: "used, returned, used again under the same number: told as redeemed, and the coupon is EFFECTIVE",
        breaks: Invariant::OwnReturnIsKnown,
        holds_back: &[Move::RepeatsReturned, Move::SettlesReturned],
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.change(TILL, Asks::Return, 2, 0);
            stage.pass(HOUR);
            stage.redeem(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "lost-answer-then-head-office",
        shows: "the answer is lost, head office returns the coupon, settling never ends: the coupon as it is now contradicts",
        breaks: Invariant::DoubtNeverEnds,
        holds_back: &[Move::ReturnsDoubtful],
        settings: shows_now,
        script: |stage| {
            stage.next(Asks::Use, 9, twisted(LOST));
            stage.redeem(TILL, 1, 0);
            stage.no_rules();
            stage.befall(0, Move::HeadOfficeReturns);
            stage.pass(HOUR);
            stage.settle_all(TILL);
        },
        ..ROW
    },
    Known {
        name: "lost-answer-then-head-office-old-answer",
        shows: "the same where WeChat Pay repeats its old answer: told as redeemed hours after the return",
        breaks: Invariant::SuccessIsNotLongGone,
        holds_back: &[Move::ReturnsDoubtful],
        script: |stage| {
            stage.next(Asks::Use, 9, twisted(LOST));
            stage.redeem(TILL, 1, 0);
            stage.no_rules();
            stage.befall(0, Move::HeadOfficeReturns);
            stage.pass(HOUR);
            stage.settle(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "lost-answer-then-a-return-that-forgets",
        shows: "the same where a returned coupon names no number any more: after the question, the old answer to the repeat is told as redeemed",
        breaks: Invariant::SuccessIsNotLongGone,
        holds_back: &[Move::ReturnsDoubtful],
        settings: || Settings { keeps_use_number: false, ..plain() },
        script: |stage| {
            stage.next(Asks::Use, 9, twisted(LOST));
            stage.redeem(TILL, 1, 0);
            stage.no_rules();
            stage.befall(0, Move::HeadOfficeReturns);
            stage.pass(HOUR);
            stage.settle(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "asks-again-after-an-own-return",
        shows: "a journal that does not replay: used, returned, repeated (told rightly), and repeated once more: told as redeemed",
        breaks: Invariant::OwnReturnIsKnown,
        holds_back: &[Move::AsksAgain],
        asks_again: true,
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.change(TILL, Asks::Return, 2, 0);
            stage.pass(MINUTE);
            stage.redeem(TILL, 1, 0);
            stage.pass(MINUTE);
            stage.redeem(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "asks-again-and-used-elsewhere",
        shows: "a journal that does not replay: used, returned, the coupon used again under another number; a repeat of the first is told as redeemed",
        breaks: Invariant::OwnReturnIsKnown,
        holds_back: &[Move::AsksAgain],
        asks_again: true,
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.pass(MINUTE);
            stage.change(TILL, Asks::Return, 2, 0);
            stage.pass(MINUTE);
            stage.redeem(TILL, 3, 0);
            stage.pass(MINUTE);
            stage.redeem(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "sequential-without-its-list",
        shows: "a SEQUENTIAL coupon whose answers leave out its uses: a redemption in doubt is called off, told `voided`, and stands",
        breaks: Invariant::VoidedStands,
        holds_back: &[Move::BareSequential],
        usage: Usage::Sequential(2),
        script: |stage| {
            stage.next(Asks::Use, 9, twisted(LOST));
            stage.redeem(TILL, 2, 0);
            stage.no_rules();
            stage.edit(|world| world.wechat.bare_until = world.now + HOUR);
            stage.pass(2 * LONG);
            stage.redeem(TILL, 5, 1);
            stage.void(TILL, 2, 0);
        },
        ..ROW
    },
    Known {
        name: "killed-return-overtaken",
        shows: "a return is killed; the coupon is used and returned under other numbers: settling must end, and truly",
        breaks: Invariant::DidNotHappenStands,
        holds_back: &[Move::OvertakesReturn],
        settings: shows_now,
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.next(Asks::Return, 1, twisted(LOST));
            let _ = stage.begin_returning(TILL, 2, 0);
            stage.pass(SECOND / 20);
            stage.kill(TILL);
            stage.redeem(OTHER_SHOP, 3, 0);
            stage.change(OTHER_SHOP, Asks::Return, 4, 0);
            stage.pass(HOUR);
        },
        ..ROW
    },
    Known {
        name: "deleted-while-a-return-is-in-doubt",
        shows: "the answer of a return is lost, the customer deletes the coupon, which is absent then: told as refused, and returned",
        holds_back: &[Move::HidesDoubtful],
        settings: || Settings { deleted_is_absent: true, subcodes: false, ..plain() },
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.next(Asks::Return, 9, twisted(LOST));
            stage.change(TILL, Asks::Return, 2, 0);
            stage.no_rules();
            stage.befall(0, Move::Deletes);
            stage.pass(HOUR);
            stage.settle_all(TILL);
        },
        ..ROW
    },
    Known {
        name: "deleted-while-a-return-is-in-doubt-by-sub-code",
        shows: "the same where the refusal has the sub-code of a coupon that is not there",
        holds_back: &[Move::HidesDoubtful],
        settings: || Settings { deleted_is_absent: true, ..plain() },
        script: |stage| {
            stage.redeem(TILL, 1, 0);
            stage.next(Asks::Return, 9, twisted(LOST));
            stage.change(TILL, Asks::Return, 2, 0);
            stage.no_rules();
            stage.befall(0, Move::Deletes);
            stage.pass(HOUR);
            stage.settle_all(TILL);
        },
        ..ROW
    },
    Known {
        name: "raw-refused-unsigned",
        shows: "a raw request in doubt is refused unsigned after six minutes; told as refused, and redeemed",
        holds_back: &[Move::RefusesRaw],
        script: |stage| {
            stage.next(Asks::Use, 9, twisted(LOST));
            stage.raw(TILL, 1, 0);
            stage.no_rules();
            stage.pass(2 * LONG);
            stage.next(Asks::Use, 1, unsigned(404));
            stage.settle_raw(TILL, 1, 0);
        },
        ..ROW
    },
    Known {
        name: "signed-contradiction",
        shows: "a lost redemption is returned by head office and the coupon used elsewhere; the repeat shows another number for ever",
        breaks: Invariant::DoubtNeverEnds,
        holds_back: &[Move::ReturnsDoubtful],
        settings: shows_now,
        script: |stage| {
            stage.next(Asks::Use, 9, twisted(LOST));
            stage.redeem(TILL, 1, 0);
            stage.no_rules();
            stage.befall(0, Move::HeadOfficeReturns);
            stage.befall(0, Move::OtherRedeems);
            stage.pass(HOUR);
            stage.settle_all(TILL);
        },
        ..ROW
    },
    Known {
        name: "three-silent-rows",
        shows: "the three oldest rows never get an answer, and a younger one never has its turn",
        breaks: Invariant::DoubtNeverEnds,
        holds_back: &[],
        script: |stage| {
            for coupon in 0..4 {
                stage.about(Asks::Use, &format!("COUPON-{coupon}"), 9, lost());
                stage.redeem(TILL, coupon, coupon);
                stage.no_rules();
            }
            for asks in [Asks::Use, Asks::Query] {
                for coupon in 0..3 {
                    stage.about(asks, &format!("COUPON-{coupon}"), u32::MAX, lost());
                }
            }
            for _ in 0..6 {
                stage.pass(HOUR);
                stage.settle_all(TILL);
            }
            stage.is_settled(TILL, 3);
            stage.no_rules();
        },
        ..ROW
    },
];
