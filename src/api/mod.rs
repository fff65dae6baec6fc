//! The operations of WeChat Pay in one table, and the rules for their input.

mod check;
mod defaults;
pub mod error_code;
mod family;
mod multipart;
mod prepare;
mod raw;
mod rule;
mod spans;
pub mod subcode;
mod table;

pub use check::named as check_name;
pub use defaults::Defaults;
pub use family::{BUSIFAVOR, Family, PRODUCT_COUPON, Trace, Vocabulary, is_redemption, is_return};
pub use multipart::Multipart;
pub use prepare::{Options, Prepared, Scope, encoded, fill_in, prepare, take_options, use_time};
pub use raw::{prepare_raw, raw_request_no};
pub use rule::{Combination, Expected, Member, Place, Presence, Rule};
pub use table::{
    ALL, BUSIFAVOR_GET_CODE, BUSIFAVOR_LIST, BUSIFAVOR_QUERY, CONFIRM, DEACTIVATE, LIST, QUERY, RETURN, SEND,
    UPLOAD_IMAGE, USE, by_id,
};

use error_code::ErrorCodes;

/// One operation of the API: a row of the table.
#[derive(Debug)]
pub struct Operation {
    /// Its name for `wxcoupon_call` and in answers.
    pub id: &'static str,
    /// Its name in WeChat Pay's documentation.
    pub title: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// The family of coupons that it is about.
    pub family: &'static Family,
    /// Path after [`Family::prefix`], with `{member}` where a member goes.
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
    /// Members of the answer that questions about the request need, and that the request may lack or have in another form.
    pub tells: &'static [&'static str],
    /// What is asked in its place where its own members are not known.
    pub substitute: Option<&'static Substitute>,
    /// What its error codes mean.
    pub error_codes: &'static ErrorCodes,
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

/// Another question about the same coupon.
#[derive(Debug)]
pub struct Substitute {
    /// The members of the first question that may be missing.
    pub without: &'static [&'static str],
    /// The question.
    pub query: &'static Operation,
    /// JSON pointer of the coupon in its answer.
    pub coupon_at: &'static str,
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

    /// Whether a request of it has every member that it must have, as far as the caller gives them.
    pub fn can_be_asked(&self, members: &serde_json::Map<String, serde_json::Value>) -> bool {
        let required = self.members.iter().filter(|member| member.presence == Presence::Required);
        required.into_iter().all(|member| members.contains_key(member.name))
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
            family: &PRODUCT_COUPON,
            path,
            unknown: Place::Query,
            members,
            combinations: &[],
            request_no_member: None,
            recovery: Recovery::NotNeeded,
            short_lived: false,
            proofs: &[],
            tells: &[],
            substitute: None,
            error_codes: &error_code::BY_STATUS,
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
