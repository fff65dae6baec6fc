//! The operations of WeChat Pay in one table, and the rules for their input.

mod check;
mod defaults;
mod multipart;
mod prepare;
mod raw;
mod rule;
pub mod subcode;
mod table;

pub use check::named as check_name;
pub use defaults::Defaults;
pub use multipart::Multipart;
pub use prepare::{FRESH, Options, Prepared, Scope, prepare, take_options, take_options_with, use_time};
pub use raw::{prepare_raw, raw_request_no};
pub use rule::{Combination, Expected, Member, Place, Presence, Rule};
pub use table::{ALL, CONFIRM, DEACTIVATE, LIST, QUERY, RETURN, SEND, UPLOAD_IMAGE, USE, USE_TRACE, by_id};

use crate::mode::Mode;

/// The prefix of every path in the table.
pub fn prefix(mode: Mode) -> &'static str {
    match mode {
        Mode::Partner => "/v3/marketing/partner/product-coupon",
        Mode::Brand => "/brand/marketing/product-coupon",
    }
}

/// One operation of the API: a row of the table.
#[derive(Debug)]
pub struct Operation {
    /// Its name for `wxcoupon_call` and in answers.
    pub id: &'static str,
    /// Its name in WeChat Pay's documentation.
    pub title: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path after [`Mode::prefix`], with `{member}` where a member goes.
    pub path: &'static str,
    /// Where unknown members go: the body, or the query of an operation without a body.
    pub unknown: Place,
    /// The documented members.
    pub members: &'static [Member],
    /// Rules over several members.
    pub combinations: &'static [Combination],
    /// The member that is the request's own number, by which WeChat Pay recognises a repeat.
    pub request_no_member: Option<&'static str>,
    /// How to find out whether a request without an answer took effect.
    pub recovery: Recovery,
    /// The answer is valid for a few minutes only. So a repeat is sent again and not answered from the journal.
    pub short_lived: bool,
    /// What a signed answer must contain to be the answer to this very request. The signature proves only that it comes from
    /// WeChat Pay.
    pub proofs: &'static [Expected],
    /// Number and date of its page at pay.weixin.qq.com/doc/v3/partner/.
    pub source: &'static str,
}

/// How doubt about a request of this operation ends.
#[derive(Debug, Clone, Copy)]
pub enum Recovery {
    /// It changes nothing, so there is no doubt.
    NotNeeded,
    /// It is repeated under its number. WeChat Pay gives the same number and bytes the same answer.
    Repeat,
    /// It is repeated. When the repeat is refused, a query shows whether its number had an effect.
    Query {
        /// The question.
        query: &'static Operation,
        /// Which part of its answer shows the request.
        shown_by: ShownBy,
    },
    /// It has no number, and doing it twice has the same effect as doing it once.
    Idempotent,
}

/// Which part of an answer shows a request.
#[derive(Debug, Clone, Copy)]
pub enum ShownBy {
    /// The coupon.
    Coupon(&'static Trace),
    /// A list.
    List(&'static ListPlace),
}

/// Where a list shows numbers.
#[derive(Debug)]
pub struct ListPlace {
    /// The member that is the list.
    pub list: &'static str,
    /// The member of each item that is the number.
    pub member: &'static str,
    /// Only items in this state have it. `None`: every item has it.
    pub in_state: Option<&'static str>,
}

/// How a coupon shows a request.
#[derive(Debug)]
pub struct Trace {
    /// JSON pointers of the number.
    pub shown_at: &'static [&'static str],
    /// The same in a use of a coupon of the withdrawn usage mode SEQUENTIAL.
    pub item_request_no: Option<&'static str>,
    /// States that the request leads to.
    pub leads_to: &'static [&'static str],
    /// Nothing that happens to the coupon later undoes it.
    pub stays_done: bool,
    /// The state alone is no proof, because another request may have had the same effect.
    pub must_name: bool,
}

impl PartialEq for Recovery {
    fn eq(&self, other: &Recovery) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl Operation {
    /// Whether it changes something, so that a lost answer causes doubt.
    pub fn writes(&self) -> bool {
        self.recovery != Recovery::NotNeeded
    }

    /// 商户签名验签/加解密测试: returns what it is sent. Known from a third-party mirror of 2026-04-08.
    pub(crate) const fn echo() -> Operation {
        Operation {
            method: "POST",
            unknown: Place::Body,
            proofs: &[Expected::Echoes { member: "echo_message", at: "/echo_message", always: true }],
            ..Operation::get("echo", "商户签名验签/加解密测试", "/v3/security/echo", "2026-04-08", &[])
        }
    }

    /// A read.
    const fn get(
        id: &'static str,
        title: &'static str,
        path: &'static str,
        source: &'static str,
        members: &'static [Member],
    ) -> Operation {
        Operation {
            id,
            title,
            method: "GET",
            path,
            unknown: Place::Query,
            members,
            combinations: &[],
            request_no_member: None,
            recovery: Recovery::NotNeeded,
            short_lived: false,
            proofs: &[],
            source,
        }
    }

    /// A write.
    const fn post(
        id: &'static str,
        title: &'static str,
        path: &'static str,
        source: &'static str,
        members: &'static [Member],
    ) -> Operation {
        let question = Operation::get(id, title, path, source, members);
        Operation { method: "POST", unknown: Place::Body, recovery: Recovery::Repeat, ..question }
    }

    /// A write with a request number.
    const fn numbered(
        id: &'static str,
        title: &'static str,
        path: &'static str,
        source: &'static str,
        members: &'static [Member],
    ) -> Operation {
        Operation {
            request_no_member: Some("out_request_no"),
            ..Operation::post(id, title, path, source, members)
        }
    }
}
