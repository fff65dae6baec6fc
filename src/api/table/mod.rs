//! The operations, as WeChat Pay documents them. A new operation is a new row.
//!
//! Each row names its page. The pages of the management interfaces were read in a third-party mirror's field lists of 2025-08
//! to 2026-01. Their lengths and limits are those that the official pages print for the same members in answers. If a page
//! leaves something open, the row says so.

mod bundle;
pub(super) mod busifavor;
pub(super) mod coupon;
mod media;
mod product;
mod shapes;
mod stock;

pub use busifavor::{GET_CODE as BUSIFAVOR_GET_CODE, LIST as BUSIFAVOR_LIST, QUERY as BUSIFAVOR_QUERY};
pub use coupon::{CONFIRM, DEACTIVATE, LIST, QUERY, RETURN, SEND, USE};
pub use media::UPLOAD_IMAGE;

use super::Place::{Body, Path, Query};
use super::Presence::{Optional, Required, RequiredOrDefault};
use super::Rule::{Between, Name, NameUpTo, Number, TextUpTo};
use super::{Expected, Member, Operation, Place, Presence, Rule};

/// Every operation, in the order of a coupon's life: the till's own first.
pub static ALL: &[&Operation] = &[
    &USE,
    &QUERY,
    &LIST,
    &SEND,
    &coupon::PRE_SEND,
    &CONFIRM,
    &RETURN,
    &DEACTIVATE,
    &bundle::SEND,
    &bundle::PRE_SEND,
    &bundle::DEACTIVATE,
    &product::CREATE,
    &product::UPDATE,
    &product::GET,
    &product::DEACTIVATE,
    &stock::CREATE,
    &stock::LIST,
    &stock::UPDATE,
    &stock::GET,
    &stock::DEACTIVATE,
    &stock::UPDATE_BUDGET,
    &stock::UPLOAD_CODES,
    &stock::ASSOCIATE_STORES,
    &stock::LIST_STORES,
    &stock::DISASSOCIATE_STORES,
    &bundle::CREATE,
    &bundle::UPDATE,
    &bundle::UPDATE_BUDGET,
    &bundle::ASSOCIATE_STORES,
    &bundle::DISASSOCIATE_STORES,
    &UPLOAD_IMAGE,
    &media::SET_NOTIFY_CONFIG,
    &media::GET_NOTIFY_CONFIG,
    &media::SUBMIT_TASK,
    &media::GET_TASK,
    &busifavor::USE,
    &busifavor::RETURN,
    &busifavor::QUERY,
    &busifavor::LIST,
    &busifavor::GET_CODE,
    &busifavor::DEACTIVATE,
];

/// The operation with that name.
pub fn by_id(id: &str) -> Option<&'static Operation> {
    ALL.iter().copied().find(|operation| operation.id == id)
}

const fn member(name: &'static str, place: Place, presence: Presence, rule: Rule) -> Member {
    Member { name, place, presence, rule }
}

const fn body(name: &'static str, presence: Presence, rule: Rule) -> Member {
    member(name, Body, presence, rule)
}

/// A member of the answer that repeats one of the request, and is always there.
const fn echoes(member: &'static str, at: &'static str) -> Expected {
    Expected::Echoes { member, at, always: true }
}

/// The same, but the answer may leave it out.
const fn may_echo(member: &'static str, at: &'static str) -> Expected {
    Expected::Echoes { member, at, always: false }
}

/// No length of an openid is documented; in practice it has 28 characters.
const OPENID: Member = member("openid", Path, Required, Name);
/// The alphabet of codes that a brand uploads itself is not known; the path is percent-encoded.
const COUPON_CODE: Member = member("coupon_code", Path, Required, NameUpTo(40));
const APPID: Member = body("appid", RequiredOrDefault, Name);
const APPID_ASKED: Member = member("appid", Query, RequiredOrDefault, Name);
const BRAND_ID: Member = body("brand_id", RequiredOrDefault, Name);
const BRAND_ID_ASKED: Member = member("brand_id", Query, RequiredOrDefault, Name);
const PRODUCT_COUPON_ID: Member = body("product_coupon_id", Required, Name);
const PRODUCT_COUPON_ID_PATH: Member = member("product_coupon_id", Path, Required, Name);
const STOCK_ID: Member = body("stock_id", Required, Name);
const STOCK_ID_PATH: Member = member("stock_id", Path, Required, Name);
const STOCK_BUNDLE_ID_PATH: Member = member("stock_bundle_id", Path, Required, Name);
const OUT_REQUEST_NO: Member = body("out_request_no", Required, Number(6, 40));
const SEND_REQUEST_NO: Member = body("send_request_no", Required, Number(6, 128));
const ATTACH: Member = body("attach", Optional, TextUpTo(150));
const DEACTIVATE_REASON: Member = body("deactivate_reason", Required, TextUpTo(150));
/// The page of `list_stocks` says at most 50; those of the other lists could not be read to the end.
const PAGE_SIZE: Member = member("page_size", Query, Optional, Between(1, 50));
const PAGE_TOKEN: Member = member("page_token", Query, Optional, Name);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Recovery;
    use crate::mode::Mode;

    #[test]
    fn rows_are_unique_and_consistent() {
        for (index, row) in ALL.iter().enumerate() {
            for other in ALL.iter().skip(index + 1) {
                assert_ne!(row.id, other.id);
                let of = |row: &Operation| (row.method, row.family.prefix(Mode::Partner), row.path);
                assert_ne!(of(row), of(other));
            }
            assert_eq!(row.writes(), row.method != "GET", "{}", row.id);
            assert_eq!(row.recovery == Recovery::NotNeeded, !row.writes(), "{}", row.id);
            let numbered = row.members.iter().find(|member| Some(member.name) == row.request_no_member);
            assert_eq!(numbered.is_some(), row.request_no_member.is_some(), "{}", row.id);
            for segment in row.path.split('/').filter_map(|segment| segment.strip_prefix('{')) {
                let name = segment.trim_end_matches('}');
                let member = row.members.iter().find(|member| member.name == name);
                assert!(member.is_some_and(|member| member.place == Path), "{} {name}", row.id);
            }
            let in_path = row.members.iter().filter(|member| member.place == Path).count();
            assert_eq!(in_path, row.path.matches('{').count(), "{}", row.id);
            assert!(row.members.iter().all(|member| (member.place == Query) <= (row.unknown == Query)));
        }
        assert_eq!(ALL.len(), 41);
    }
}
