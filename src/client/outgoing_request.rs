//! A request that is to be sent.

use super::sensitive;
use crate::api::{self, Multipart, Operation, Prepared, Recovery, Trace};
use crate::journal::{Claim, Row};
use crate::scan::payment_code::LookUp;
use serde_json::{Map, Value};

/// A request that is to be sent: new from the caller, or recorded in the journal.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Copy)]
pub(super) struct OutgoingRequest<'a> {
    pub id: &'a str,
    /// Its row in the table of operations. `None`: no row describes it.
    pub operation: Option<&'static Operation>,
    pub method: &'a str,
    pub target: &'a str,
    pub body: Option<&'a [u8]>,
    pub members: &'a Map<String, Value>,
    pub request_no: Option<&'a str>,
    pub writes: bool,
    /// For a body that is not JSON and not signed as a whole.
    pub multipart: Option<&'a Multipart>,
    /// The key that sensitive members of the body are encrypted for.
    pub encrypted_for: Option<&'a str>,
    /// It downloads certificates. Its answer is proven by the APIv3 key, which decrypts it.
    pub downloads_certificates: bool,
    /// A proven success that came for it.
    pub answer: Option<&'a str>,
    /// It is one of API version 2, which has a body and a proof of its own.
    pub look_up: Option<&'a LookUp>,
    /// Its number was never sent before this call.
    pub is_new: bool,
    /// It is a question to a hub, or asks it to settle: sending it twice does no harm.
    pub may_repeat: bool,
    /// The right to send it, if it is recorded.
    pub claim: Option<&'a Claim>,
}

impl<'a> OutgoingRequest<'a> {
    pub fn fresh(
        id: &'a str,
        operation: Option<&'static Operation>,
        prepared: &'a Prepared,
    ) -> OutgoingRequest<'a> {
        OutgoingRequest {
            id,
            operation,
            method: &prepared.method,
            target: &prepared.target,
            body: prepared.body.as_deref(),
            members: &prepared.members,
            request_no: prepared.request_no.as_deref(),
            writes: operation.map_or(prepared.method != "GET", Operation::writes),
            multipart: prepared.multipart.as_ref(),
            encrypted_for: encrypted_for(&prepared.members),
            downloads_certificates: false,
            answer: None,
            look_up: None,
            is_new: false,
            may_repeat: false,
            claim: None,
        }
    }

    /// Exactly the recorded bytes. Nothing is built again.
    pub fn recorded(row: &'a Row) -> OutgoingRequest<'a> {
        OutgoingRequest {
            id: &row.request.operation,
            operation: api::by_id(&row.request.operation),
            method: &row.request.method,
            target: &row.request.target,
            body: row.request.body.as_deref(),
            members: &row.members,
            request_no: Some(&row.request.request_no),
            writes: true,
            multipart: None,
            encrypted_for: encrypted_for(&row.members),
            downloads_certificates: false,
            answer: row.answer.as_deref(),
            look_up: None,
            is_new: !row.sent,
            may_repeat: false,
            claim: None,
        }
    }

    /// The bytes that the signature covers as the body.
    pub fn signed(&self) -> &[u8] {
        match self.multipart {
            Some(multipart) => &multipart.signed,
            None => self.body.unwrap_or_default(),
        }
    }

    /// Its members, and what its answer has told about the coupon.
    pub fn known_members(&self) -> Map<String, Value> {
        let mut members = self.members.clone();
        let told = self.operation.map_or(&[][..], |operation| operation.tells);
        let answer = self.answer.filter(|_| !told.is_empty());
        let answer: Map<String, Value> =
            answer.and_then(|answer| serde_json::from_str(answer).ok()).unwrap_or_default();
        for name in told {
            if let Some(value) = answer.get(*name).filter(|value| value.is_string()) {
                members.insert((*name).to_owned(), value.clone());
            }
        }
        members
    }

    /// How a redemption of its family shows in a coupon.
    pub fn redemption(&self) -> &'static Trace {
        self.operation.map_or(&api::PRODUCT_COUPON, |operation| operation.family).redemption
    }

    /// How to end doubt about it.
    pub fn recovery(&self) -> Recovery {
        match self.operation {
            // The hub recognises the number, and asks WeChat Pay itself.
            Some(_) if self.target.starts_with("/v1/") && self.request_no.is_some() => Recovery::Repeat,
            Some(operation) => operation.recovery,
            None => Recovery::Repeat,
        }
    }

    /// Sending it twice has the same effect as sending it once.
    pub fn is_idempotent(&self) -> bool {
        self.may_repeat || self.operation.is_some_and(|operation| operation.recovery == Recovery::Idempotent)
    }
}

fn encrypted_for(members: &Map<String, Value>) -> Option<&str> {
    members.get("_options")?.get(sensitive::ENCRYPTED_FOR)?.as_str()
}
