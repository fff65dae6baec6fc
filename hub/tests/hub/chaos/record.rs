//! What a till was told, as it writes it down itself: a file that only grows, outside of the library.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use testkit::till::Answer;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    Use,
    Return,
    Settle,
    Void,
    /// Settled once more at the very end, to see what is known by then.
    Answer,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Told {
    pub status: i32,
    pub name: String,
    pub in_doubt: bool,
    /// `data.state`, where a redemption was called off.
    pub state: Option<String>,
    pub host: Option<String>,
    pub message: String,
}

impl Told {
    pub fn of(answer: &Answer) -> Told {
        let text = |pointer: &str| Some(answer.json.pointer(pointer)?.as_str()?.to_owned());
        Told {
            status: answer.status,
            name: answer.name().to_owned(),
            in_doubt: answer.in_doubt,
            state: text("/data/state"),
            host: text("/host"),
            message: text("/message").unwrap_or_default(),
        }
    }

    pub fn is_called_off(&self) -> bool {
        self.status == 0 && matches!(self.state.as_deref(), Some("voided" | "watching"))
    }

    /// It says that the request has taken effect, and stands.
    pub fn is_done(&self) -> bool {
        self.status == 0 && !self.is_called_off()
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Entry {
    /// A process of the till begins. Without a journal file it knows nothing of the one before.
    Began {
        at_ms: u64,
        has_file: bool,
    },
    Asked {
        at_ms: u64,
        deed: Deed,
        number: String,
        coupon: String,
    },
    Told {
        at_ms: u64,
        deed: Deed,
        number: String,
        told: Told,
    },
    /// The end: what the library still counts as open.
    Ended {
        at_ms: u64,
        pending: u64,
        watching: u64,
    },
}

pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

/// What a till knows about a number by what it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Open,
    Done,
    NotDone,
    CalledOff,
}

/// One number: a redemption, or a return.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Sale {
    pub coupon: String,
    pub is_return: bool,
    /// Its void was asked for: nobody completes it any more.
    pub is_void: bool,
    /// A process without a journal file ended in the middle of a call. What it sent may still arrive, and no library knows that.
    pub is_forgotten: bool,
    is_asked: bool,
    pub course: Vec<Entry>,
    pub verdict: Verdict,
    /// What it was told at the very end.
    pub answer: Option<Told>,
}

impl Sale {
    pub fn last_told(&self) -> Option<&Told> {
        self.course.iter().rev().find_map(|entry| match entry {
            Entry::Told { told, .. } => Some(told),
            _ => None,
        })
    }

    /// Whether the last question had no answer.
    pub fn is_answer_open(&self) -> bool {
        self.answer.as_ref().is_some_and(|told| told.status / 1000 == 4 || told.name == "WXCOUPON_E_LOCKED")
    }

    /// When it was told first that it is in doubt; where it was told nothing, when it was asked.
    pub fn first_doubt_ms(&self) -> Option<u64> {
        let mut asked = None;
        for entry in &self.course {
            match entry {
                Entry::Told { at_ms, told, .. } if told.in_doubt => return Some(*at_ms),
                Entry::Told { .. } => asked = None,
                // The call before had no answer.
                Entry::Asked { .. } if asked.is_some() => return asked,
                Entry::Asked { at_ms, .. } => asked = Some(*at_ms),
                _ => {}
            }
        }
        None
    }

    /// When the till was told what it knows now.
    pub fn ended_ms(&self) -> Option<u64> {
        self.course.iter().rev().find_map(|entry| match entry {
            Entry::Told { at_ms, deed, .. } if *deed != Deed::Answer => Some(*at_ms),
            _ => None,
        })
    }

    /// Whether it took more than one call, or a call without an answer.
    pub fn was_open(&self) -> bool {
        self.course.len() != 2 || self.last_told().is_some_and(|told| told.in_doubt)
    }

    fn judge(&self, deed: Deed, told: &Told) -> Verdict {
        if told.is_called_off() {
            return Verdict::CalledOff;
        }
        if told.is_done() {
            // A void that says neither is no void.
            return if deed == Deed::Void { Verdict::Open } else { Verdict::Done };
        }
        let is_refused = matches!(told.status / 1000, 2 | 3 | 5 | 6)
            && !matches!(told.name.as_str(), "WXCOUPON_E_LOCKED" | "WXCOUPON_E_REQUEST_NO_REUSED");
        let counts = !told.in_doubt && is_refused && !self.is_forgotten && !self.is_void;
        if counts { Verdict::NotDone } else { Verdict::Open }
    }
}

/// All that a till has written down.
#[derive(Debug, Clone, Default)]
pub struct Book {
    pub sales: BTreeMap<String, Sale>,
    pub processes: u64,
    pub ended: Option<(u64, u64)>,
    has_file: bool,
}

impl Book {
    /// A line that was cut off did not happen.
    pub fn read(path: &Path) -> Book {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let mut book = Book::default();
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            // A process that was killed may have left half a line, on which the next one goes on.
            if let Ok(entry) = serde_json::from_str(line) {
                book.add(entry);
            }
        }
        book
    }

    pub fn add(&mut self, entry: Entry) {
        match &entry {
            Entry::Began { has_file, .. } => {
                self.processes += 1;
                self.has_file = *has_file;
                for sale in self.sales.values_mut().filter(|sale| sale.is_asked) {
                    sale.is_forgotten |= !has_file;
                }
            }
            Entry::Ended { pending, watching, .. } => self.ended = Some((*pending, *watching)),
            Entry::Asked { deed, number, coupon, .. } => {
                let sale = self.sales.entry(number.clone()).or_insert_with(|| Sale {
                    coupon: coupon.clone(),
                    is_return: *deed == Deed::Return,
                    is_void: false,
                    is_forgotten: false,
                    is_asked: false,
                    course: Vec::new(),
                    verdict: Verdict::Open,
                    answer: None,
                });
                if *deed != Deed::Answer {
                    sale.is_void |= *deed == Deed::Void;
                    sale.is_asked = true;
                    sale.verdict = Verdict::Open;
                }
                sale.course.push(entry);
            }
            Entry::Told { deed, number, told, .. } => {
                let sale = self.sales.get_mut(number).expect("it was asked");
                if *deed == Deed::Answer {
                    sale.answer = Some(told.clone());
                } else {
                    sale.is_asked = false;
                    sale.verdict = sale.judge(*deed, told);
                }
                sale.course.push(entry);
            }
        }
    }

    pub fn open(&self) -> Vec<String> {
        let open = self.sales.iter().filter(|(_, sale)| sale.verdict == Verdict::Open);
        open.map(|(number, _)| number.clone()).collect()
    }
}

/// The file, and what is in it.
pub struct Record {
    file: File,
    pub book: Book,
}

impl Record {
    pub fn open(path: &Path) -> Record {
        let book = Book::read(path);
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(b"\n").unwrap();
        Record { file, book }
    }

    pub fn add(&mut self, entry: Entry) {
        let line = serde_json::to_string(&entry).unwrap() + "\n";
        self.file.write_all(line.as_bytes()).unwrap();
        self.book.add(entry);
    }
}
