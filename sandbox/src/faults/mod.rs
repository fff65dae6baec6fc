//! Things that go wrong on purpose.
//!
//! A [`Fault`] says *what* goes wrong ([`FaultKind`]) and *when*: for which
//! operation, host and coupon codes, how often, after how many spared
//! requests and with which probability. At most one fault acts on a request:
//! the earliest injected one that applies.

pub(crate) mod effect;
mod kinds;
pub(crate) mod registry;
mod spec;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use kinds::Processing;

/// What goes wrong.
///
/// Each kind says whether the request is **processed** (takes effect, and
/// stands in the ledger): *never*, *always*, or *by choice*, in which case
/// [`Fault::processed`] decides and the default is given. When a kind that
/// spoils a right answer is told not to process, it makes up the answer the
/// request would have got, and nothing happens to the coupon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// The port is closed: new connections are refused, open ones reset.
    /// Lasts until cleared; matches by host only. Never processed.
    RefuseConnection,
    /// New connections end with a TLS `handshake_failure` alert (on a
    /// listener without TLS: are closed). Matches by host only. Never
    /// processed.
    TlsAlert,
    /// New connections are reset before anything is read. Matches by host
    /// only. Never processed.
    ResetBeforeRead,
    /// The request is read, then the connection is reset. Never processed.
    ResetAfterRead,
    /// The request takes effect, then the connection is reset. Always
    /// processed.
    ProcessThenReset,
    /// The request takes effect, but no answer ever comes. Always processed.
    ProcessThenHang,
    /// The request is read and nothing ever comes. Never processed.
    Hang,
    /// The answer comes byte by byte. By choice: yes.
    SlowDrip {
        /// Pause after each byte.
        ms: u64,
    },
    /// The head promises the whole body, half of it comes, then the
    /// connection ends. By choice: yes.
    CutBody,
    /// The connection ends within the head. By choice: yes.
    HeaderWithoutEnd,
    /// An error status. With `html`, a gateway's unsigned HTML page;
    /// otherwise a `SYSTEM_ERROR` in JSON, signed. By choice: no.
    Status {
        /// Such as 500, 502 or 503.
        status: u16,
        /// A gateway's page instead of the API's JSON.
        html: bool,
    },
    /// Any refusal in the API's form, signed. Never processed.
    Refusal {
        /// 400 to 499.
        status: u16,
        /// Such as `INVALID_REQUEST`.
        code: String,
        /// The decimal tail of `Request-ID`; 0 = none.
        sub_code: u32,
    },
    /// The same without a signature. Never processed.
    UnsignedRefusal {
        /// 400 to 499.
        status: u16,
        /// Such as `NOT_FOUND`.
        code: String,
        /// The decimal tail of `Request-ID`; 0 = none.
        sub_code: u32,
    },
    /// 429 `RATELIMIT_EXCEEDED`. Never processed.
    RateLimited {
        /// Seconds for a `Retry-After` header, if there is to be one.
        retry_after: Option<u32>,
    },
    /// A right answer without signature headers. By choice: yes.
    Unsigned,
    /// A right answer with a signature over something else. By choice: yes.
    WrongSignature,
    /// A right answer with a probe (`WECHATPAY/SIGNTEST/…`) in place of the
    /// signature. By choice: yes.
    Signtest,
    /// A right answer, rightly signed, but at another time; `Date` is right.
    /// By choice: yes.
    Stale {
        /// Added to the timestamp; negative = in the past.
        seconds: i64,
    },
    /// A right answer whose serial names an unknown key. By choice: yes.
    UnknownSerial,
    /// A right answer whose serial is the merchant's own. By choice: yes.
    MerchantSerial,
    /// A right answer of which one digit was changed after signing. By
    /// choice: yes.
    TamperedBody,
    /// A properly signed answer whose encrypted content was encrypted under
    /// another key than the caller's APIv3 key. By choice: yes.
    WrongApiv3Key,
    /// A properly signed answer whose ciphertext was damaged before signing.
    /// By choice: yes.
    DamagedCiphertext,
    /// A Wi-Fi login page, unsigned. Never processed.
    CaptivePortal {
        /// 200 (a page), 302 (to the login page), 403 or 407.
        status: u16,
    },
    /// A right answer from a server whose clock is off: `Date` and the
    /// signed timestamp are both shifted. Always processed.
    DateOffset {
        /// Added to the time.
        seconds: i64,
    },
    /// A right answer, signed at the right time, whose `Date` is of another
    /// time. By choice: yes.
    WrongDate {
        /// Added to the time.
        seconds: i64,
    },
    /// The server's clock is off for this request as a whole: the request's
    /// timestamp is judged by it (401 when it is off by more than 300 s) and
    /// `Date` and signature carry it. Processed if the signature passes.
    Clock {
        /// Added to the time.
        seconds: i64,
    },
    /// A rightly signed answer about another coupon. By choice: yes.
    WrongCoupon,
    /// A rightly signed answer with another `use_request_no` (or
    /// `return_request_no`). By choice: yes.
    WrongNumber,
    /// A rightly signed answer with other members: the patch is merged into
    /// it as RFC 7396 has it. By choice: yes.
    Edited {
        /// What is merged in; `null` takes a member away.
        patch: Value,
    },
    /// The latest signed success that answered this operation on this coupon,
    /// byte for byte; where there was none, the right answer. By choice: no.
    Replay {
        /// Which operation's answer.
        of: String,
    },
    /// A rightly signed answer of many bytes. By choice: yes.
    Huge {
        /// Size of the body.
        bytes: usize,
    },
    /// A right answer in chunked transfer coding. By choice: yes.
    Chunked,
    /// A right answer, compressed though nobody asked; signed over the plain
    /// body. By choice: yes.
    Gzip,
    /// A redirect to the same path on the other host, unsigned. Never
    /// processed.
    Redirect {
        /// 302 or 307.
        status: u16,
    },
    /// A signed 200 without a body. By choice: yes.
    EmptyBody,
    /// A signed 200 whose body is not JSON. By choice: yes.
    NotJson,
    /// The request takes effect at once; the right answer comes late. Always
    /// processed.
    Delay {
        /// How late.
        ms: u64,
    },
    /// The coupon is locked (other requests for it get 272756746) while
    /// this request waits; then it takes effect and is answered. Always
    /// processed.
    SlowProcessing {
        /// How long.
        ms: u64,
    },
    /// A right answer that promises keep-alive, after which the connection
    /// is closed without notice. Always processed.
    CloseAfter,
}

impl FaultKind {
    /// Acts on connections, before there is a request.
    pub(crate) fn is_connection_level(&self) -> bool {
        self.effect().connection.is_some()
    }

    /// Whether it spoils something that version 2 of the API has: there is no signed time, no serial number, no sealed content,
    /// no coupon and no request number.
    pub(crate) fn acts_on_version_2(&self) -> bool {
        !matches!(
            self,
            Self::Stale { .. }
                | Self::Clock { .. }
                | Self::Signtest
                | Self::UnknownSerial
                | Self::MerchantSerial
                | Self::WrongApiv3Key
                | Self::DamagedCiphertext
                | Self::SlowProcessing { .. }
                | Self::WrongNumber
                | Self::Replay { .. }
        )
    }

    /// The kind's name in logs, specs and the admin interface.
    #[must_use]
    pub fn name(&self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|value| Some(value.get("kind")?.as_str()?.to_owned()))
            .unwrap_or_default()
    }
}

/// Identifies an injected fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaultId(pub u64);

/// Something that is to go wrong.
///
/// ```
/// use wxcoupon_sandbox::{Fault, FaultKind};
///
/// let fault = Fault::new(FaultKind::ProcessThenReset).on("use").host(0).times(1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) operation: Option<String>,
    pub(crate) host: Option<usize>,
    pub(crate) coupon_prefix: Option<String>,
    pub(crate) skip: u64,
    pub(crate) times: Option<u64>,
    pub(crate) percent: u8,
    pub(crate) seed: u64,
    pub(crate) processed: Option<bool>,
}

impl Fault {
    /// A fault for every request on every host, for ever.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            operation: None,
            host: None,
            coupon_prefix: None,
            skip: 0,
            times: None,
            percent: 100,
            seed: 0,
            processed: None,
        }
    }

    /// Only for the operation of this name, such as `use`; `*` = any.
    #[must_use]
    pub fn on(mut self, operation: &str) -> Self {
        self.operation = (operation != "*").then(|| operation.to_owned());
        self
    }

    /// Only on this host: 0, 1, or 2 and up for extra listeners.
    #[must_use]
    pub fn host(mut self, host: usize) -> Self {
        self.host = Some(host);
        self
    }

    /// Only for coupon codes that start like this.
    #[must_use]
    pub fn coupon(mut self, prefix: impl Into<String>) -> Self {
        self.coupon_prefix = Some(prefix.into());
        self
    }

    /// Spares the first `count` requests it would apply to.
    #[must_use]
    pub fn skip(mut self, count: u64) -> Self {
        self.skip = count;
        self
    }

    /// Acts this often, then no more.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.times = Some(count);
        self
    }

    /// Acts with this probability, drawn from a generator with this seed.
    #[must_use]
    pub fn percent(mut self, percent: u8, seed: u64) -> Self {
        self.percent = percent.min(100);
        self.seed = seed;
        self
    }

    /// Whether the request takes effect, for kinds that leave the choice;
    /// other kinds do as their description says.
    #[must_use]
    pub fn processed(mut self, processed: bool) -> Self {
        self.processed = Some(processed);
        self
    }

    /// Whether a request under this fault takes effect.
    pub(crate) fn is_processed(&self) -> bool {
        match self.kind.processing() {
            Processing::Never => false,
            Processing::Always | Processing::IfSignaturePasses => true,
            Processing::Choice(default) => self.processed.unwrap_or(default),
        }
    }
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Self::new(kind)
    }
}
