//! What proven answers and notifications say of coupons.
//!
//! The entity of a coupon has neither openid nor app id. They are those of the request. Of a person only the openid is kept,
//! and never `unionid` or `phone_number`.

use super::{Entry, Family};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Operations whose answers show coupons of the user whom the request names. `use` is not among them: it must not wait.
const SHOWS: [(&str, Family); 9] = [
    ("query", Family::Product),
    ("list", Family::Product),
    ("send", Family::Product),
    ("confirm", Family::Product),
    ("bundle_send", Family::Product),
    ("busifavor_query", Family::Busifavor),
    ("busifavor_list", Family::Busifavor),
    ("busifavor_get_code", Family::Busifavor),
    ("busifavor_send", Family::Busifavor),
];

/// Members of answers that are lists of coupons, or one coupon inside of something else. Other answers are one coupon.
const LISTS: [&str; 3] = ["user_coupon_list", "user_product_coupon_list", "data"];
const INSIDE: &str = "coupon_information";

/// The family of an operation whose answers show coupons.
pub fn family(operation: &str) -> Option<Family> {
    SHOWS.iter().find(|(id, _)| *id == operation).map(|(_, family)| *family)
}

/// The coupons in an answer to a request with these members. `brand_id` is that of the context, for answers without one.
pub fn by_answer(
    family: Family,
    request: &Map<String, Value>,
    answer: &str,
    brand_id: Option<&str>,
) -> Vec<Entry> {
    let Ok(Value::Object(answer)) = serde_json::from_str(answer) else { return Vec::new() };
    let list = LISTS.into_iter().find_map(|name| answer.get(name)?.as_array());
    let coupons: Vec<&Map<String, Value>> = match (list, answer.get(INSIDE)) {
        (Some(list), _) => list.iter().filter_map(Value::as_object).collect(),
        (None, Some(coupon)) => coupon.as_object().into_iter().collect(),
        (None, None) => vec![&answer],
    };
    let openid = text(request, "openid");
    let entry = |coupon: &&Map<String, Value>| {
        let entry = entry(family, coupon, brand_id)?;
        // An openid without its app id would be under the one of the configuration, which may be another.
        let appid = text(request, "appid").filter(|_| openid.is_some() || entry.openid.is_some());
        let brand_id = entry.brand_id.or_else(|| text(request, "brand_id"));
        Some(Entry { openid: openid.clone().or(entry.openid), appid, brand_id, ..entry })
    };
    coupons.iter().filter_map(entry).collect()
}

/// The coupon that a notification is about, if it says that one was issued.
pub fn by_notification(event_type: &str, resource: &str, brand_id: Option<&str>) -> Option<Entry> {
    let family = match event_type {
        "PRODUCT_COUPON_SP.SEND" | "PRODUCT_COUPON.SEND" => Family::Product,
        "COUPON.SEND" => Family::Busifavor,
        _ => return None,
    };
    let Ok(Value::Object(resource)) = serde_json::from_str(resource) else { return None };
    let entry = entry(family, &resource, brand_id)?;
    let appid = text(&resource, "appid").filter(|_| entry.openid.is_some());
    Some(Entry { appid, ..entry })
}

/// `None`: it names no coupon.
fn entry(family: Family, coupon: &Map<String, Value>, brand_id: Option<&str>) -> Option<Entry> {
    let inside = |object: &str, name: &str| text(coupon.get(object)?.as_object()?, name);
    let seconds = |names: [&str; 2]| names.into_iter().find_map(|name| moment(coupon.get(name)?.as_str()?));
    let is_product = family == Family::Product;
    let product =
        || text(coupon, "product_coupon_id").or_else(|| inside("product_coupon", "product_coupon_id"));
    let brand = || text(coupon, "brand_id").or_else(|| brand_id.map(str::to_owned));
    Some(Entry {
        family,
        brand_id: is_product.then(brand).flatten(),
        stock_id: text(coupon, "stock_id").or_else(|| inside("stock", "stock_id"))?,
        coupon_code: text(coupon, "coupon_code")?,
        product_coupon_id: is_product.then(product).flatten(),
        openid: text(coupon, "openid"),
        appid: None,
        valid_from_s: seconds(["valid_begin_time", "available_start_time"]),
        valid_until_s: seconds(["valid_end_time", "expire_time"]),
    })
}

fn text(members: &Map<String, Value>, name: &str) -> Option<String> {
    members.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Seconds since 1970. Some official examples print a time without seconds.
pub fn moment(text: &str) -> Option<i64> {
    let parsed = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp);
    parsed(text).or_else(|| {
        let (minutes, zone) = text.split_at_checked("yyyy-MM-ddTHH:mm".len())?;
        parsed(&format!("{minutes}:00{zone}"))
    })
}

#[cfg(test)]
mod tests;
