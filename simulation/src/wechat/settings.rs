//! What WeChat Pay's documentation leaves open. Each world draws its own answers, so that all of them are played.

use crate::random::Random;

/// What a repeat of a number is told once its redemption was returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterReturn {
    /// The recorded 200 of the redemption, word by word.
    OldAnswer,
    /// 200 with the coupon as it is now.
    NewAnswer,
    /// It is refused.
    Refused,
}

/// Which refusals WeChat Pay signs. A rejected signature is never answered with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedErrors {
    All,
    Business,
    None,
}

/// One answer to every open question.
#[allow(clippy::struct_excessive_bools, reason = "each is a question of its own")]
#[derive(Debug, Clone)]
pub struct Settings {
    pub after_return: AfterReturn,
    pub signed_errors: SignedErrors,
    /// Whether the detail of a returned coupon still names the number that had redeemed it.
    pub keeps_use_number: bool,
    /// Whether the detail of a redeemed coupon still names the return before it.
    pub keeps_return_number: bool,
    /// Whether `Request-ID` ends with the sub-code of a refusal.
    pub subcodes: bool,
    /// How long a number is known, in microseconds.
    pub memory: u64,
    /// Whether a refused number gets the same refusal for ever, whatever becomes of the coupon.
    pub refusals_stick: bool,
    /// Whether numbers are told apart by the interface that they were used at.
    pub numbers_per_interface: bool,
    /// Status of "the coupon cannot be used now".
    pub state_status: u16,
    /// Whether a repeat of a redemption that is being worked on is told "locked".
    pub locks: bool,
    /// Whether a coupon of which one use is redeemed and another left can be deactivated.
    pub ends_partly_used: bool,
    /// Whether answers about SEQUENTIAL coupons are bare where others are.
    pub bare_sequential: bool,
    /// Whether a deleted coupon cannot be seen any more.
    pub deleted_is_absent: bool,
}

impl Settings {
    /// As the documentation suggests.
    pub fn plain() -> Settings {
        Settings {
            after_return: AfterReturn::OldAnswer,
            signed_errors: SignedErrors::All,
            keeps_use_number: true,
            keeps_return_number: true,
            subcodes: true,
            memory: u64::MAX,
            refusals_stick: false,
            numbers_per_interface: true,
            state_status: 403,
            locks: true,
            ends_partly_used: true,
            bare_sequential: true,
            deleted_is_absent: false,
        }
    }

    pub fn drawn(random: &mut Random) -> Settings {
        use AfterReturn::{NewAnswer, OldAnswer, Refused};
        use SignedErrors::{All, Business, None};
        let days = 24 * 60 * 60 * 1_000_000;
        Settings {
            after_return: *random.pick(&[OldAnswer, NewAnswer, Refused]),
            signed_errors: *random.pick(&[All, Business, None]),
            keeps_use_number: random.chance(500),
            keeps_return_number: random.chance(500),
            subcodes: random.chance(700),
            memory: *random.pick(&[u64::MAX, u64::MAX, 30 * days, days]),
            refusals_stick: random.chance(200),
            numbers_per_interface: random.chance(500),
            state_status: *random.pick(&[403, 403, 400]),
            locks: random.chance(500),
            ends_partly_used: random.chance(500),
            bare_sequential: true,
            deleted_is_absent: random.chance(300),
        }
    }

    /// For a story: what differs from what the documentation suggests.
    pub fn words(&self) -> String {
        let plain = Settings::plain();
        let mut words = Vec::new();
        let mut say = |differs: bool, what: String| {
            if differs {
                words.push(what);
            }
        };
        say(
            self.after_return != plain.after_return,
            format!("after a return a repeat is told: {:?}", self.after_return),
        );
        say(
            self.signed_errors != plain.signed_errors,
            format!("signs these refusals: {:?}", self.signed_errors),
        );
        say(!self.keeps_use_number, "forgets the redeeming number at a return".into());
        say(!self.keeps_return_number, "forgets the returning number at the next redemption".into());
        say(!self.subcodes, "no sub-codes".into());
        say(self.memory != u64::MAX, format!("knows a number for {} h", self.memory / 3_600_000_000));
        say(self.refusals_stick, "a refused number stays refused".into());
        say(!self.numbers_per_interface, "one number is one number at all interfaces".into());
        say(self.state_status != 403, format!("status {} for a wrong state", self.state_status));
        say(!self.locks, "locks nothing".into());
        say(!self.ends_partly_used, "a partly used coupon cannot be deactivated".into());
        say(self.deleted_is_absent, "a deleted coupon is absent".into());
        if words.is_empty() { "as documented".into() } else { words.join("; ") }
    }
}
