//! Everything that may go wrong, one line each: what it is, and whether `make simulate` plays it.
//!
//! A move that is off waits for the fix without which it breaks an invariant; the known failure that shows it stands
//! behind it.

macro_rules! moves {
    ($( $name:ident $switch:ident $words:literal; )+) => {
        /// What the adversary may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Move { $($name),+ }

        impl Move {
            pub const ALL: &'static [Move] = &[$(Move::$name),+];

            pub const fn words(self) -> &'static str {
                match self { $(Move::$name => $words),+ }
            }

            /// Whether it is played where nobody asks for it by name.
            pub const fn is_on(self) -> bool {
                match self { $(Move::$name => moves!(@ $switch)),+ }
            }

            /// Whether it is beyond what anything can promise, so that no fix turns it on.
            pub const fn is_never(self) -> bool {
                match self { $(Move::$name => moves!(! $switch)),+ }
            }

            pub const fn name(self) -> &'static str {
                match self { $(Move::$name => stringify!($name)),+ }
            }
        }
    };
    (@ on) => { true };
    (@ off) => { false };
    (@ never) => { false };
    (! never) => { true };
    (! $switch:ident) => { false };
}

moves! {
    // The line, one exchange at a time.
    Unreachable on "no connection comes about";
    LostRequest on "a request is lost on its way";
    LateRequest on "a request arrives minutes after its sender has given up";
    Duplicate on "a second copy of a request that has no answer arrives later";
    DuplicateAnswered never "a second copy of a request arrives later, though the first has its answer: TLS does not allow it";
    LostAnswer on "an answer is lost on its way";
    LateAnswer on "an answer comes after its asker has given up";
    Damaged on "an answer is damaged on its way";
    Probe on "WeChat Pay signs an answer wrongly on purpose";
    FaultBefore on "WeChat Pay answers 5xx and has done nothing";
    FaultAfter on "WeChat Pay answers 5xx and has done what was asked";
    TooMany on "WeChat Pay answers 429";
    Replayed on "another signed answer of WeChat Pay's comes in the place of the true one";
    ReplayedOld on "a signed answer of hours ago comes in the place of the true one, with the Date of then";
    WrongDate on "an answer comes with the Date of a cache";
    Portal on "a portal answers a request with a page, and it never arrives";
    ProxyRefusal on "a proxy answers a request with a refusal in WeChat Pay's form, unsigned, and it never arrives";
    ProxyAbsent on "a proxy answers a question with an unsigned 404 in WeChat Pay's form";

    // Processes and machines.
    Kill on "a process is killed";
    Freeze on "a process stands still for minutes or hours";
    Restart on "a process is ended and started again at once";
    PowerCut on "a machine loses its power";
    Sleep on "a machine sleeps: its monotonic clock stands still";
    ClockStep on "a machine's wall clock is set, by minutes or hours";
    LineDown on "a machine has no line for a while";
    PortalTime on "a portal answers everything for a while";

    // Disks.
    DiskFull on "a write fails: the disk is full";
    DiskErrorBefore on "a write fails before anything is written";
    DiskErrorAfter on "a write is said to have failed, and stays";
    DiskBusy on "a write waits three seconds for somebody else and gives up";
    MarkLost on "a living context's sign of life is lost, as where a network share forgets the locks of who was silent: two may work on one number then";
    BitFlip on "a bit flips in a row on the disk";

    // WeChat Pay, head office and customers.
    HeadOfficeReturns on "head office returns a coupon";
    OtherRedeems on "another shop redeems a coupon";
    Expires on "a coupon expires";
    Deletes on "the customer deletes a coupon";
    Unauthorised on "the brand withdraws the provider's authorisation for a while";
    Foreign on "a coupon counts as another provider's for a while (404, sub-code 268578608)";
    Silent on "about some coupons nothing is answered, from some moment on and for ever";
    Bare on "answers leave out who used a coupon, for a while";
    FutureState on "a coupon gets a state that nobody has heard of";
    FutureUsage on "coupons of a usage mode that nobody has heard of";
    Sequential on "coupons of the withdrawn usage mode SEQUENTIAL";
    Bundle on "coupons of a bundle";

    // Where moves meet. Each of these only lets others meet what they may not meet while it is off.
    LateAfterRefusal on "a late copy of a redemption arrives after its number was told as not happened or was called off";
    LateChangeAfterRefusal on "a late copy of a return or another change arrives after its number was told as not happened";
    ReturnsDoubtful on "a redemption is returned while its number is in doubt";
    OvertakesReturn on "a coupon is returned again while another return of it is in doubt";
    RacesVoid on "a coupon is returned elsewhere while a till is calling its redemption off";
    EndsPartlyUsed on "a coupon of which one use is redeemed and another is left ends: nothing of it can be returned";
    HidesRedeemed never "a coupon of which a use stands is deleted, and WeChat Pay says of it only that there is none";
    HidesDoubtful on "a coupon with a number in doubt is deleted, and cannot be seen any more";
    ReplaysRefusals never "a signed refusal is replayed for a request that was done: an error names nothing that could tell";
    ReplaysOvertaken on "an answer is replayed that was signed before the last change of its coupon";
    FailsTwice on "two writes of one call about a number in doubt fail";
    FailsSettling on "a write fails while a number in doubt is settled";
    RedeemsOverReturn on "a coupon is redeemed again while a return of it is in doubt";
    ReplaysNameless never "an answer is replayed where true ones name nobody: what tells them apart is not there";
    BareSequential on "answers about SEQUENTIAL coupons leave out who used them";
    ResendsDamaged on "the number of a row that was damaged and has ended is repeated";
    StartsAfterStep on "a process starts on a machine whose clock was set while it was off";
    VoidsDamaged on "a till calls a number off whose row is damaged";
    ReturnsUnwritten on "a redemption is returned that was told as done, and whose verdict is not in the journal";
    StepsWhileOpen on "a machine's clock is set while a number of its journal is in doubt or was called off";
    AbsentAmid on "a proxy's 404 answers a question that is to settle doubt or to call off";
    AltersDoubtful on "a number in doubt is repeated with other members";
    FailsDoubtful on "a write about a number in doubt fails";
    RefusesRaw on "a proxy refuses the repeat of a raw request, unsigned";

    // Tills, as they may be.
    Voids on "a till calls redemptions off";
    VoidsOthersCall on "a till calls a redemption off that another process may be working on";
    Returns on "a till returns coupons that it has redeemed";
    RepeatsReturned on "a till repeats the number of a redemption that was returned";
    SettlesReturned on "a till settles the number of a redemption that it has returned";
    RepeatsAltered on "a till repeats a number with other members";
    RepeatsAtOnce on "two tills of one shop use one number at once";
    NewNumber on "a till tries again under a new number where it is told no";
    Shares on "several tills are shown one coupon";
    RawRequests on "a till redeems with a raw request";
    AsksAgain on "a till's journal does not replay successes";
    Manages on "a till sends, confirms and deactivates coupons";
    Busifavor on "coupons of the older family, 商家券: what redeems and returns them answers no more than a time";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_move_is_in_the_list_once() {
        assert!(Move::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(Move::ALL.iter().all(|played| !played.words().is_empty()));
    }
}
