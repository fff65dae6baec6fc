//! What must hold in every world, in words. Each has one place where it is checked, named by its variant.

macro_rules! invariants {
    ($( $name:ident $words:literal; )+) => {
        /// Something that must hold.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Invariant { $($name),+ }

        impl Invariant {
            pub const ALL: &'static [Invariant] = &[$(Invariant::$name),+];

            pub const fn words(self) -> &'static str {
                match self { $(Invariant::$name => $words),+ }
            }

            pub const fn name(self) -> &'static str {
                match self { $(Invariant::$name => stringify!($name)),+ }
            }
        }
    };
}

invariants! {
    SuccessHappened
        "Class 0 for a redemption: at that moment or before, the ledger has this number redeeming this coupon.";
    SuccessIsOfThisCoupon
        "The data of a class 0 speak of the coupon that was asked about.";
    SuccessIsNotLongGone
        "A redemption that somebody returned more than ten minutes before the call began is not told as freshly redeemed.";
    OwnReturnIsKnown
        "A redemption that this journal has returned, and was told so, is not told as redeemed again.";
    ReturnHappened
        "Class 0 for a return: it stands in the ledger, or the coupon was not USED at some moment since the call began.";
    ChangeHappened
        "Class 0 for confirm, deactivate or send: the coupon has left the state that it was to leave, or exists.";
    DidNotHappenStands
        "Nothing that the till was told did not happen (class 1, 2, 3, 5 or 6, not in doubt) stands in the end.";
    CalledOffStands
        "No redemption that was called off stands in the end.";
    VoidedStands
        "When a till is told `voided`, no redemption under the number stands at that moment.";
    SettlingUndoesSuccess
        "Settling never returns what a call was told as redeemed, unless the till has called it off.";
    VoidReturnsAnother
        "Calling a number off never undoes the redemption of another one and is then told as done, where answers name whose it was.";
    SettlingRedeemsRefused
        "Settling never sends a redemption that the till was told did not happen, or that it has called off.";
    BytesNeverDiffer
        "The bytes that are sent under one number never differ.";
    SentBeforeFlushed
        "Nothing is sent under a number that a power cut could make the journal forget.";
    TwoAtOnce
        "A number is worked on by one call at a time, over all processes of a machine, unless a sign of life was lost.";
    DoubtIsForgotten
        "A number in doubt stays in doubt until a verdict ends it: no refusal of this library's own says otherwise.";
    DoubtNeverEnds
        "Class 4 ends: with the line up and settling repeated over two days, nothing is pending but what is `unresolved` or `damaged`.";
    VerdictChanges
        "A verdict of class 0 that was proven is not taken back, unless the coupon was returned.";
    NumberIsLost
        "The journal knows every number that was sent from here and told as class 0 or 4.";
    StaysLocked
        "No number is locked once nobody works on it any more.";
    CouponIsBlocked
        "In the end a coupon that can be redeemed is redeemed by the next call.";
    QuestionInDoubt
        "An operation that only reads is never in doubt.";
    NothingPanics
        "Nothing panics, and no call ends with class 9.";
    EveryWaitEnds
        "Every wait has an end.";
    SeedDecides
        "A world is a function of its number: played twice it comes out the same.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_invariant_is_a_sentence() {
        assert!(Invariant::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(Invariant::ALL.iter().all(|one| one.words().ends_with('.')));
    }
}
