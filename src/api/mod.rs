//! What can be asked of WeChat Pay: one table of operations, and the rules their input must keep.

mod check;
mod prepare;
pub mod subcode;
mod table;

pub use prepare::{Options, Prepared, prepare, prepare_raw, take_options, use_time};
pub use table::{QUERY, RETURN, USE, by_id};

/// One operation of the API: a row of the table.
#[derive(Debug)]
pub struct Operation {
    /// Its name for `wxcoupon_call` and in answers.
    pub id: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path with `{member}` where a member goes.
    pub path: &'static str,
    /// Where members go that the table does not name: the body, or the query of an operation without one.
    pub unknown: Place,
    /// The documented members.
    pub members: &'static [Member],
    /// Rules over several members.
    pub combinations: &'static [Combination],
    /// Whether it changes something, so that a lost answer leaves doubt.
    pub writes: bool,
    /// The member that is the request's own number, by which WeChat Pay recognises a repeat.
    pub number: Option<&'static str>,
    /// Where the answer of `query` shows this request's number once the request has taken effect; a `*`
    /// stands for every item of a list. Empty where asking cannot tell.
    pub shown_at: &'static [&'static str],
    /// States of the coupon in which the request cannot take effect any more, a late copy of it neither.
    pub impossible_in: &'static [&'static str],
    /// What a signed answer must say to be the answer to this very request. A signature binds an answer
    /// to WeChat Pay, not to the question.
    pub proofs: &'static [Proof],
}

/// Where a member travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A segment of the path.
    Path,
    /// The query string.
    Query,
    /// The JSON body.
    Body,
}

/// A documented member of a request.
#[derive(Debug)]
pub struct Member {
    /// WeChat Pay's own name.
    pub name: &'static str,
    /// Where it travels.
    pub place: Place,
    /// Whether it must be there.
    pub presence: Presence,
    /// What it must look like.
    pub rule: Rule,
}

/// Whether a member must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The caller gives it.
    Required,
    /// It may be left out.
    Optional,
    /// The caller gives it, or the configuration's `defaults` have it.
    RequiredOrDefault,
    /// It may be left out; the configuration's `defaults` are used where they have it.
    OptionalOrDefault,
    /// Left out, it is filled in with the present time.
    RequiredOrNow,
}

/// What a value must look like.
#[derive(Debug)]
pub enum Rule {
    /// A text that is not empty.
    Text,
    /// A text of 1 to so many characters.
    TextUpTo(usize),
    /// A request number: `[0-9A-Za-z_-]` within these lengths.
    Number(usize, usize),
    /// RFC 3339 with seconds and offset.
    Time,
    /// A whole number that is not negative.
    Whole,
    /// An object with members of its own.
    Object(&'static [Member], &'static [Combination]),
}

/// A rule over several members of one object.
#[derive(Debug)]
pub enum Combination {
    /// One of them and no other.
    ExactlyOne(&'static [&'static str]),
    /// One of them or more.
    AtLeastOne(&'static [&'static str]),
    /// Where the first is, the second must be.
    Needs(&'static str, &'static str),
}

/// Something that a signed answer must say.
#[derive(Debug)]
pub enum Proof {
    /// The answer repeats this member of the request at this JSON pointer.
    Echoes {
        /// The request's member.
        member: &'static str,
        /// Where the answer repeats it.
        at: &'static str,
        /// Whether its absence is a contradiction too.
        always: bool,
    },
    /// The answer has this text at this JSON pointer, unless it has something at the other.
    Says {
        /// Where.
        at: &'static str,
        /// What.
        text: &'static str,
        /// Where this is present, nothing is expected.
        unless: &'static str,
    },
}
