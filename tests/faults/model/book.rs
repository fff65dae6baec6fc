//! The model: what the till was told about each number, and which answers may follow.

use super::steps::Number;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use testkit::till::Answer;

pub const REUSED: &str = "WXCOUPON_E_REQUEST_NO_REUSED";
const WRONG_REQUEST: &str = "WXCOUPON_E_REQUEST";

/// What a number was first used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Content {
    pub returns: bool,
    pub coupon: u8,
    pub note: u8,
}

impl Content {
    /// The same operation and coupon, but other members.
    fn is_about_the_same(self, other: Content) -> bool {
        self != other && (self.returns, self.coupon) == (other.returns, other.coupon)
    }
}

/// The answer's data; two kilobytes that nobody wants to read in a failure.
#[derive(Clone, PartialEq)]
pub struct Data(Value);

#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// Class 4: it may have happened.
    Open,
    /// Class 0, with the answer.
    Done(Data),
    /// Class 5.
    Refused(i32),
    /// Class 3 or 6.
    Undone(i32),
    /// Called off, and what is to be undone is in doubt.
    Voiding,
    /// Called off; a copy may still arrive.
    Watching,
    /// Called off for good.
    Voided,
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub content: Content,
    pub told: Told,
}

#[derive(Debug, Default)]
pub struct Book {
    pub entries: BTreeMap<Number, Entry>,
    /// Told a refusal at some time.
    pub refused: BTreeSet<Number>,
    /// Refused because the number stands for something else.
    reused: BTreeSet<(Number, Content)>,
}

/// What an answer to a request must look like.
#[derive(Debug)]
pub enum Allowed {
    /// The number stands for something else; nothing may be sent.
    OnlyReused,
    /// The number is in doubt, and its request had other members; nothing may be sent.
    OnlyInDoubt,
    /// The recorded answer; nothing may be sent.
    OnlyRecorded(Data),
    /// It happened, and a return of the coupon was asked for: it stands, it was undone since, or nobody can say now.
    MayBeReturned,
    /// Still in doubt, or known now: neither "not sent" nor "wait".
    Resolved,
    /// Whatever is true.
    Anything,
    /// Whatever is true, or the number stands for something else.
    AnythingOrReused,
}

impl Book {
    /// Before a request goes out.
    pub fn allows(&self, number: Number, content: Content) -> Allowed {
        if self.reused.contains(&(number, content)) {
            return Allowed::OnlyReused;
        }
        let Some(entry) = self.entries.get(&number) else { return Allowed::Anything };
        match &entry.told {
            // Free for something else, if really nothing was sent.
            Told::Undone(_) if entry.content != content => Allowed::AnythingOrReused,
            Told::Open if entry.content.is_about_the_same(content) => Allowed::OnlyInDoubt,
            _ if entry.content != content => Allowed::OnlyReused,
            Told::Watching | Told::Voiding | Told::Voided => Allowed::OnlyReused,
            Told::Done(_) if self.may_be_returned(content) => Allowed::MayBeReturned,
            Told::Done(data) => Allowed::OnlyRecorded(data.clone()),
            Told::Open => Allowed::Resolved,
            Told::Refused(_) | Told::Undone(_) => Allowed::Anything,
        }
    }

    /// Takes the answer to a request in, if it is allowed.
    pub fn take(&mut self, number: Number, content: Content, answer: &Answer) -> Result<(), String> {
        let allowed = self.allows(number, content);
        let (name, class) = (answer.name(), answer.class());
        let reused = name == REUSED;
        let right = match &allowed {
            Allowed::OnlyReused => reused,
            Allowed::OnlyInDoubt => class == 4,
            Allowed::OnlyRecorded(data) => answer.status == 0 && answer.json["data"] == data.0,
            Allowed::MayBeReturned => stands_or_not(answer),
            Allowed::Resolved => matches!(class, 0 | 4 | 5) && !reused,
            Allowed::Anything => matches!(class, 0 | 3 | 4 | 5 | 6) && !reused,
            Allowed::AnythingOrReused => matches!(class, 0 | 3 | 4 | 5 | 6),
        };
        if !right {
            return Err(format!("{number} {content:?}: {allowed:?} does not allow {}", answer.json));
        }
        if matches!(allowed, Allowed::OnlyInDoubt) || matches!(allowed, Allowed::MayBeReturned) && class == 5
        {
            // As open as before; and what was done was done.
        } else if reused {
            self.reused.insert((number, content));
        } else {
            self.entries.insert(number, Entry { content, told: told(answer) });
        }
        self.note_refusal(number);
        Ok(())
    }

    /// Takes the answer to settling one number in, if it is allowed.
    pub fn settled(&mut self, number: Number, void: bool, answer: &Answer) -> Result<(), String> {
        let wrong = |why: &str| Err(format!("settling {number} (void: {void}): {why}: {}", answer.json));
        let may_be_returned =
            self.entries.get(&number).is_some_and(|entry| self.may_be_returned(entry.content));
        let Some(entry) = self.entries.get_mut(&number) else {
            return if answer.name() == WRONG_REQUEST { Ok(()) } else { wrong("nobody has used it") };
        };
        if void {
            if entry.content.returns {
                return if answer.name() == WRONG_REQUEST { Ok(()) } else { wrong("it is a return") };
            }
            // A refused one is watched, where an earlier copy of it could still arrive.
            let may_watch =
                matches!(entry.told, Told::Open | Told::Watching | Told::Voiding | Told::Refused(_));
            match (answer.class(), answer.json["data"]["state"].as_str()) {
                (0, Some("voided")) => entry.told = Told::Voided,
                (0, Some("watching")) if may_watch => entry.told = Told::Watching,
                (4, None) if may_watch || matches!(entry.told, Told::Done(_)) => {
                    if entry.told != Told::Watching {
                        entry.told = Told::Voiding;
                    }
                }
                _ => return wrong(&format!("does not follow from {:?}", entry.told)),
            }
            return Ok(());
        }
        match (&entry.told, answer.class()) {
            (Told::Open, 0 | 4 | 5) if answer.name() != REUSED => entry.told = told(answer),
            (Told::Done(data), 0) if answer.json["data"] == data.0 => {}
            (Told::Done(_), 0 | 4) if may_be_returned && stands_or_not(answer) => entry.told = told(answer),
            (Told::Done(_), 5) if may_be_returned && stands_or_not(answer) => {}
            (Told::Refused(status) | Told::Undone(status), _) if answer.status == *status => {}
            (Told::Watching | Told::Voiding | Told::Voided, 1) if answer.name() == WRONG_REQUEST => {}
            _ => return wrong(&format!("does not follow from {:?}", entry.told)),
        }
        self.note_refusal(number);
        Ok(())
    }

    /// A return of the coupon was asked for.
    pub fn may_be_returned(&self, content: Content) -> bool {
        let returns = |entry: &Entry| entry.content.returns && entry.content.coupon == content.coupon;
        !content.returns && self.entries.values().any(returns)
    }

    fn note_refusal(&mut self, number: Number) {
        if self.entries.get(&number).is_some_and(|entry| matches!(entry.told, Told::Refused(_))) {
            self.refused.insert(number);
        }
    }

    /// The numbers that were told this.
    pub fn numbers(&self, told: &Told) -> BTreeSet<Number> {
        self.entries.iter().filter(|(_, entry)| entry.told == *told).map(|(number, _)| *number).collect()
    }
}

fn stands_or_not(answer: &Answer) -> bool {
    matches!(answer.class(), 0 | 4) || answer.name() == "WXCOUPON_E_COUPON_STATE"
}

fn told(answer: &Answer) -> Told {
    match answer.class() {
        0 => Told::Done(Data(answer.json["data"].clone())),
        4 => Told::Open,
        5 => Told::Refused(answer.status),
        _ => Told::Undone(answer.status),
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0["coupon_state"])
    }
}
