//! `list`: the coupons of a user, page by page.

use super::{Answer, Call};
use crate::refusal::{Reason, Refusal};
use crate::world::list::{ListRequest, Page};

/// As the page of `list_stocks` has them; that of `list` was not retrieved.
const DEFAULT_PAGE: usize = 20;
const LARGEST_PAGE: usize = 50;

pub(super) fn run(call: &Call<'_>) -> Result<Answer, Refusal> {
    let coupon_state = match call.optional_query("coupon_state", 40)? {
        None => None,
        Some(text) => Some(
            serde_json::from_value(serde_json::Value::from(text.as_str()))
                .map_err(|_| call.bad_query("coupon_state", Reason::BadValue, "is no coupon_state"))?,
        ),
    };
    let request = ListRequest {
        openid: call.openid()?,
        appid: call.query_id("appid")?,
        brand_id: call.query_id("brand_id")?,
        product_coupon_id: call.optional_query("product_coupon_id", 40)?,
        stock_id: call.optional_query("stock_id", 40)?,
        coupon_state,
        user_coupon_bundle_id: call.optional_query("user_coupon_bundle_id", 40)?,
        page: call.page()?,
    };
    let body = call.world.list(&request, seal_token)?;
    Ok(Answer { status: 200, body, duplicate: false })
}

/// A token that gives nothing away but is of no use when altered.
pub(super) fn seal_token(key: &str) -> String {
    let sum: u32 = key.bytes().map(u32::from).sum();
    let digits = key.bytes().map(|byte| format!("{byte:02x}"));
    format!("{:04x}{}", sum & 0xffff, digits.collect::<String>())
}

fn open_token(token: &str) -> Option<String> {
    let bytes = token.as_bytes().get(4..)?;
    let pairs = bytes.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let key = String::from_utf8(pairs.collect::<Option<Vec<u8>>>()?).ok()?;
    (seal_token(&key) == token).then_some(key)
}

impl Call<'_> {
    /// `page_size` and `page_token`.
    pub(super) fn page(&self) -> Result<Page, Refusal> {
        let size = match self.optional_query("page_size", 10)? {
            None => DEFAULT_PAGE,
            Some(text) => {
                let number = text
                    .parse()
                    .map_err(|_| self.bad_query("page_size", Reason::BadValue, "must be a number"))?;
                if !(1..=LARGEST_PAGE).contains(&number) {
                    return Err(self.bad_query("page_size", Reason::OutOfRange, "must be 1 to 50"));
                }
                number
            }
        };
        let after = match self.optional_query("page_token", 1024)? {
            None => None,
            Some(token) => Some(
                open_token(&token)
                    .ok_or_else(|| self.bad_query("page_token", Reason::BadValue, "is no page_token"))?,
            ),
        };
        Ok(Page { size, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_open_unless_altered() {
        let token = seal_token("000001754193/券_1");
        assert_eq!(open_token(&token).as_deref(), Some("000001754193/券_1"));
        for bad in ["", "12", "zzzz", &token[..token.len() - 2], &token.replacen('3', "4", 1)] {
            assert_eq!(open_token(bad), None, "{bad}");
        }
    }
}
