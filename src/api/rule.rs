//! The rules for members of a request, and for what its answer must contain.

use super::Trace;

/// Where a member is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A segment of the path.
    Path,
    /// The query string.
    Query,
    /// The JSON body.
    Body,
    /// The signed part `meta` of a multipart body.
    Meta,
    /// Nowhere. It is compared with the answer, or needed to ask about the request later.
    Unsent,
    /// A file on this machine, whose content is the part `file` of a multipart body.
    File,
}

/// A documented member of a request.
#[derive(Debug)]
pub struct Member {
    /// WeChat Pay's own name.
    pub name: &'static str,
    /// Where it is sent.
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
    /// The caller or the configuration's `defaults` must give it.
    RequiredOrDefault,
    /// It may be left out. Then the configuration's `defaults` are used, if they have it.
    OptionalOrDefault,
    /// If it is left out, the current time is filled in.
    RequiredOrNow,
}

/// What a value must look like.
#[derive(Debug)]
pub enum Rule {
    /// A text that is not empty.
    Text,
    /// A text of 1 to this many characters.
    TextUpTo(usize),
    /// A text that names a thing ([`crate::name`]).
    Name,
    /// The same with 1 to this many characters.
    NameUpTo(usize),
    /// A request number: `[0-9A-Za-z_-]` within these lengths.
    Number(usize, usize),
    /// RFC 3339 with seconds and offset.
    Time,
    /// RFC 3339 with offset. Seconds may be missing, as in official examples.
    Moment,
    /// A whole number that is not negative.
    Whole,
    /// A whole number within bounds.
    Between(u64, u64),
    /// True or false.
    Flag,
    /// A text with a number of characters within these bounds.
    Length(usize, usize),
    /// Like a request number, for ids that the caller assigns.
    Chars(usize, usize),
    /// A documented value, or one that looks like it, because WeChat Pay may add values.
    OneOf(&'static [&'static str]),
    /// An `https` address without a query, of at most this length.
    Url(usize),
    /// The name of a JPG or PNG file, without a folder.
    ImageName,
    /// A list of 1 to this many items.
    List(&'static Rule, usize),
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
    /// If the first is there, the second must be, too.
    Needs(&'static str, &'static str),
    /// Not both.
    Excludes(&'static str, &'static str),
    /// If a member has that value, or lists it, there must be a value at that JSON pointer.
    NeedsWhen {
        /// The member.
        member: &'static str,
        /// Its value, or one of them.
        is: &'static str,
        /// JSON pointer of the needed value.
        at: &'static str,
    },
    /// If a member has that value, there must be none at that JSON pointer.
    ForbidsWhen {
        /// The member.
        member: &'static str,
        /// Its value.
        is: &'static str,
        /// JSON pointer of what it forbids.
        at: &'static str,
    },
    /// Not these two members with these two values.
    NotBoth([(&'static str, &'static str); 2]),
    /// Of two times, or seconds of a day, the first must be before the second.
    Before(&'static str, &'static str),
    /// From the first time to the second it is a year at most.
    WithinAYear(&'static str, &'static str),
    /// The spans of a list, each from its `begin_time` to its `end_time`, have no time in common.
    Apart(&'static str),
}

/// Something that a signed answer must contain.
#[derive(Debug)]
pub enum Expected {
    /// The answer repeats this member of the request at this JSON pointer.
    Echoes {
        /// The request's member.
        member: &'static str,
        /// Where the answer repeats it.
        at: &'static str,
        /// Whether the answer must have it.
        always: bool,
    },
    /// The answer is the coupon, and shows the request.
    Shows(&'static Trace),
    /// The answer names neither coupon nor number. At this JSON pointer it has a time, which must be that of the request.
    Happened {
        /// Where.
        at: &'static str,
    },
    /// The answer has a text at one of these JSON pointers.
    SaysSomething {
        /// Where.
        at: &'static [&'static str],
    },
}

impl Expected {
    /// JSON pointers of what it needs of the answer.
    pub fn pointers(&self) -> impl Iterator<Item = &'static str> {
        let pointers: [&[&'static str]; 2] = match self {
            Expected::Echoes { at, .. } | Expected::Happened { at } => [std::slice::from_ref(at), &[]],
            Expected::Shows(trace) => [trace.shown_at, trace.vocabulary.reads],
            Expected::SaysSomething { at } => [at, &[]],
        };
        pointers.into_iter().flatten().copied()
    }
}
