//! What can happen in a day.

use proptest::prelude::*;
use std::fmt;
use wxcoupon_sandbox::{CouponState, Fault, FaultKind};

/// Coupons of a day.
pub const COUPONS: u8 = 2;
const USE_NUMBERS: u8 = 4;
const RETURN_NUMBERS: u8 = 2;
/// Longer than a call.
pub const SLOW_MS: u64 = 450;

/// A request number: `U0` … for redemptions and `R0` … for returns, as a careful till would; mixed up
/// sometimes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Number {
    Use(u8),
    Return(u8),
}

#[derive(Debug, Clone)]
pub enum Step {
    /// `note` is another content under the same number.
    Redeem {
        number: Number,
        coupon: u8,
        note: u8,
    },
    Return {
        number: Number,
        coupon: u8,
    },
    Query {
        coupon: u8,
    },
    Settle {
        number: Number,
        void: bool,
    },
    SettleAll,
    Fault {
        trouble: Trouble,
        on: &'static str,
        times: Option<u64>,
    },
    NoFaults,
    /// The program ends in order and starts again.
    Restart,
    /// It starts again while what the old one held is still there.
    Crash,
    /// Another till redeems the coupon.
    OtherTill {
        coupon: u8,
    },
    /// Something happens to a coupon that is not redeemed.
    Becomes {
        coupon: u8,
        state: CouponState,
    },
}

#[derive(Debug, Clone, Copy)]
pub enum Trouble {
    LostBefore,
    LostAfter,
    Hang,
    HangAfter,
    Unsigned,
    UnsignedUndone,
    ProbeAfter,
    OtherNumber,
    OtherNumberUndone,
    ErrorBefore,
    ErrorAfter,
    Portal,
    PageAfter,
    Refused,
    Throttled,
    Slow,
    PortClosed,
}

impl Trouble {
    pub fn fault(self) -> Fault {
        use FaultKind as F;
        match self {
            Trouble::LostBefore => F::ResetAfterRead.into(),
            Trouble::LostAfter => F::ProcessThenReset.into(),
            Trouble::Hang => F::Hang.into(),
            Trouble::HangAfter => F::ProcessThenHang.into(),
            Trouble::Unsigned => F::Unsigned.into(),
            Trouble::UnsignedUndone => Fault::new(F::Unsigned).processed(false),
            Trouble::ProbeAfter => F::Signtest.into(),
            Trouble::OtherNumber => F::WrongNumber.into(),
            Trouble::OtherNumberUndone => Fault::new(F::WrongNumber).processed(false),
            Trouble::ErrorBefore => F::Status { status: 500, html: false }.into(),
            Trouble::ErrorAfter => Fault::new(F::Status { status: 502, html: true }).processed(true),
            Trouble::Portal => F::CaptivePortal { status: 403 }.into(),
            Trouble::PageAfter => Fault::new(F::Status { status: 403, html: true }).processed(true),
            Trouble::Refused => F::Status { status: 403, html: false }.into(),
            Trouble::Throttled => F::RateLimited { retry_after: None }.into(),
            Trouble::Slow => F::SlowProcessing { ms: SLOW_MS }.into(),
            Trouble::PortClosed => F::RefuseConnection.into(),
        }
    }
}

impl Trouble {
    /// A question has no number that its answer could be held against: a signed answer to it that names
    /// somebody else's would be a lie of WeChat Pay's, not a fault.
    fn may_act_on(self, on: &'static str) -> &'static str {
        match self {
            Trouble::OtherNumber | Trouble::OtherNumberUndone if on != "return" => "use",
            _ => on,
        }
    }
}

fn trouble() -> impl Strategy<Value = Trouble> {
    use Trouble as T;
    prop_oneof![
        3 => Just(T::LostAfter),
        2 => Just(T::LostBefore),
        1 => Just(T::Hang),
        1 => Just(T::HangAfter),
        1 => Just(T::Unsigned),
        1 => Just(T::UnsignedUndone),
        1 => Just(T::ProbeAfter),
        1 => Just(T::OtherNumber),
        1 => Just(T::OtherNumberUndone),
        1 => Just(T::ErrorBefore),
        1 => Just(T::ErrorAfter),
        1 => Just(T::Portal),
        1 => Just(T::PageAfter),
        2 => Just(T::Refused),
        1 => Just(T::Throttled),
        1 => Just(T::Slow),
        1 => Just(T::PortClosed),
    ]
}

fn use_number() -> impl Strategy<Value = Number> {
    (0..USE_NUMBERS).prop_map(Number::Use)
}

fn return_number() -> impl Strategy<Value = Number> {
    (0..RETURN_NUMBERS).prop_map(Number::Return)
}

/// Mostly the coupon that the number was meant for.
fn coupon_of(number: Number) -> impl Strategy<Value = u8> {
    let (Number::Use(index) | Number::Return(index)) = number;
    prop_oneof![6 => Just(index % COUPONS), 1 => 0..COUPONS]
}

fn redeem() -> impl Strategy<Value = Step> {
    prop_oneof![12 => use_number(), 1 => return_number()]
        .prop_flat_map(|number| (Just(number), coupon_of(number), prop_oneof![8 => Just(0_u8), 1 => Just(1)]))
        .prop_map(|(number, coupon, note)| Step::Redeem { number, coupon, note })
}

fn give_back() -> impl Strategy<Value = Step> {
    prop_oneof![12 => return_number(), 1 => use_number()]
        .prop_flat_map(|number| (Just(number), coupon_of(number)))
        .prop_map(|(number, coupon)| Step::Return { number, coupon })
}

fn fault() -> impl Strategy<Value = Step> {
    let on = prop_oneof![4 => Just("use"), 2 => Just("return"), 1 => Just("query"), 1 => Just("*")];
    let times = prop_oneof![2 => Just(Some(1)), 1 => Just(Some(2)), 3 => Just(None)];
    (trouble(), on, times).prop_map(|(trouble, on, times)| Step::Fault {
        trouble,
        on: trouble.may_act_on(on),
        times,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let any_number = || prop_oneof![3 => use_number(), 1 => return_number()];
    let state = prop_oneof![
        Just(CouponState::Expired),
        Just(CouponState::Deleted),
        Just(CouponState::Deactivated),
        Just(CouponState::Effective),
    ];
    prop_oneof![
        10 => redeem(),
        4 => give_back(),
        1 => (0..COUPONS).prop_map(|coupon| Step::Query { coupon }),
        4 => (any_number(), prop::bool::weighted(0.4))
            .prop_map(|(number, void)| Step::Settle { number, void }),
        2 => Just(Step::SettleAll),
        5 => fault(),
        3 => Just(Step::NoFaults),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
        1 => (0..COUPONS).prop_map(|coupon| Step::OtherTill { coupon }),
        1 => (0..COUPONS, state).prop_map(|(coupon, state)| Step::Becomes { coupon, state }),
    ]
}

/// A redemption in trouble, then the same number again in another: by chance alone that would be rare.
fn story() -> impl Strategy<Value = Vec<Step>> {
    let then = prop_oneof![3 => Just(0_u8), 2 => Just(1), 2 => Just(2), 1 => Just(3)];
    let troubles =
        (trouble(), prop::option::of(trouble()), prop_oneof![3 => Just("use"), 1 => Just("query")]);
    (redeem(), troubles, then).prop_map(|(redeem, (first, second, on), then)| {
        let Step::Redeem { number, .. } = redeem else { return vec![redeem] };
        let mut steps = vec![
            Step::NoFaults,
            Step::Fault { trouble: first, on: "use", times: None },
            redeem.clone(),
            Step::NoFaults,
        ];
        steps.extend(second.map(|trouble| Step::Fault { trouble, on: trouble.may_act_on(on), times: None }));
        steps.push(match then {
            0 => redeem,
            1 => Step::Settle { number, void: false },
            2 => Step::Settle { number, void: true },
            _ => Step::SettleAll,
        });
        steps
    })
}

/// Single steps and stories, about `longest` steps in all.
pub fn day(longest: usize) -> impl Strategy<Value = Vec<Step>> {
    let part = prop_oneof![4 => step().prop_map(|step| vec![step]), 1 => story()];
    prop::collection::vec(part, 1..=longest / 2).prop_map(|parts| parts.concat())
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Use(index) => write!(f, "USENO-{index}"),
            Number::Return(index) => write!(f, "RETNO-{index}"),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
