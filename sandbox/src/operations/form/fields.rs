//! Takes members out of a request and checks the documented rules.

use serde_json::{Map, Value, json};

use crate::clock::parse_rfc3339;
use crate::operations::Call;
use crate::operations::coupon_change::{Ids, Target};
use crate::refusal::{Reason, Refusal};
use crate::text::{Said, Text};

/// Longest id this API documents.
const ID: usize = 40;
/// Longest order number; no limit is documented, so a generous one.
const ORDER: usize = 64;

/// Checks a text that must be there.
fn text(value: Option<&Value>, field: &str, location: &str, max: usize) -> Result<String, Refusal> {
    let about = |reason, issue| {
        let value = value.cloned().unwrap_or(Value::Null);
        Err(Refusal::about(reason, field, &value, issue, location))
    };
    match value {
        None | Some(Value::Null) => about(Reason::BadStructure, ("is required", "必填")),
        Some(Value::String(text)) if text.is_empty() => {
            about(Reason::TooShort, ("must not be empty", "不能为空"))
        }
        Some(Value::String(text)) if text.chars().count() > max => {
            about(Reason::TooLong, ("is too long", "过长"))
        }
        Some(Value::String(text)) if text.chars().any(|letter| letter.len_utf8() > 3) => about(
            Reason::BadValue,
            ("only UTF-8 characters of 1 to 3 bytes are supported", "只支持 1 到 3 字节的 UTF-8 字符"),
        ),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => about(Reason::BadStructure, ("must be a string", "应为字符串")),
    }
}

impl Call<'_> {
    /// A text member of the body, by JSON pointer.
    pub(in crate::operations) fn body_text(&self, pointer: &str, max: usize) -> Result<String, Refusal> {
        text(self.body.pointer(pointer), pointer, "body", max)
    }

    /// The same, but it may be missing or null.
    pub(in crate::operations) fn optional_body_text(
        &self,
        pointer: &str,
        max: usize,
    ) -> Result<Option<String>, Refusal> {
        match self.body.pointer(pointer) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.body_text(pointer, max).map(Some),
        }
    }

    /// An id in the body.
    pub(in crate::operations) fn body_id(&self, pointer: &str) -> Result<String, Refusal> {
        self.body_text(pointer, ID)
    }

    /// An id, or something as short, in the query.
    pub(in crate::operations) fn query_id(&self, name: &str) -> Result<String, Refusal> {
        self.query_text(name, ID)
    }

    /// A query parameter that may be missing.
    pub(in crate::operations) fn optional_query(
        &self,
        name: &str,
        max: usize,
    ) -> Result<Option<String>, Refusal> {
        if self.query.iter().any(|(param, _)| param == name) {
            self.query_text(name, max).map(Some)
        } else {
            Ok(None)
        }
    }

    /// A refusal of a query parameter.
    pub(in crate::operations) fn bad_query(&self, name: &str, reason: Reason, issue: Said) -> Refusal {
        let value = self.query.iter().find(|(param, _)| param == name).map(|(_, value)| json!(value));
        Refusal::about(reason, name, &value.unwrap_or_default(), issue, "query")
    }

    /// An id in the path.
    pub(in crate::operations) fn path_id(&self, name: &str) -> Result<String, Refusal> {
        self.path_text(name, ID)
    }

    /// The user.
    pub(in crate::operations) fn openid(&self) -> Result<String, Refusal> {
        self.path_text("openid", 128)
    }

    fn query_text(&self, name: &str, max: usize) -> Result<String, Refusal> {
        let value = self.query.iter().find(|(param, _)| param == name).map(|(_, value)| json!(value));
        text(value.as_ref(), name, "query", max)
    }

    pub(in crate::operations) fn path_text(&self, name: &str, max: usize) -> Result<String, Refusal> {
        text(Some(&json!(self.param(name))), name, "url", max)
    }

    fn target(&self, ids: Ids) -> Result<Target, Refusal> {
        Ok(Target { openid: self.openid()?, coupon_code: self.path_text("coupon_code", ID)?, ids })
    }

    /// The coupon a request with a body is about.
    pub(in crate::operations) fn target_in_body(&self) -> Result<Target, Refusal> {
        self.target(Ids {
            product_coupon_id: self.body_text("/product_coupon_id", ID)?,
            stock_id: self.body_text("/stock_id", ID)?,
            appid: self.body_text("/appid", ID)?,
            brand_id: self.body_text("/brand_id", ID)?,
        })
    }

    /// The coupon a request with a query is about.
    pub(in crate::operations) fn target_in_query(&self) -> Result<Target, Refusal> {
        self.target(Ids {
            product_coupon_id: self.query_text("product_coupon_id", ID)?,
            stock_id: self.query_text("stock_id", ID)?,
            appid: self.query_text("appid", ID)?,
            brand_id: self.query_text("brand_id", ID)?,
        })
    }

    /// `out_request_no`: 6 to 40 of `[0-9A-Za-z_-]`.
    pub(in crate::operations) fn request_number(&self) -> Result<String, Refusal> {
        self.request_text("/out_request_no", 6, 40)
    }

    /// A number or code made of `[0-9A-Za-z_-]`.
    pub(in crate::operations) fn request_text(
        &self,
        pointer: &str,
        min: usize,
        max: usize,
    ) -> Result<String, Refusal> {
        let number = self.body_text(pointer, max)?;
        let about = |reason, issue: Text| Err(Refusal::about(reason, pointer, &json!(number), issue, "body"));
        if number.len() < min {
            let chinese = format!("应有 {min} 到 {max} 个字符");
            return about(
                Reason::TooShort,
                Text::new(format!("must have {min} to {max} characters"), chinese),
            );
        }
        if !number.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            return about(
                Reason::BadValue,
                Text::new("only digits, letters, _ and - are allowed", "只能用数字、字母、_ 和 -"),
            );
        }
        Ok(number)
    }

    /// A member in RFC 3339.
    pub(in crate::operations) fn time(&self, pointer: &str) -> Result<String, Refusal> {
        let time = self.body_text(pointer, 64)?;
        if parse_rfc3339(&time).is_none() {
            return Err(Refusal::about(
                Reason::BadValue,
                pointer,
                &json!(time),
                (
                    "not RFC 3339, e.g. 2025-08-03T12:00:00+08:00",
                    "不符合 RFC 3339，应形如 2025-08-03T12:00:00+08:00",
                ),
                "body",
            ));
        }
        Ok(time)
    }

    /// `store_id`, if given.
    pub(in crate::operations) fn store_id(&self) -> Result<Option<String>, Refusal> {
        self.optional_body_text("/store_id", ID)
    }

    /// What the coupon shows of a redemption later, as JSON text: exactly one order object, and what was saved.
    pub(in crate::operations) fn order(&self) -> Result<String, Refusal> {
        const PAYMENT: (&str, &str, &str) = ("associated_order_info", "transaction_id", "out_trade_no");
        const PAY_SCORE: (&str, &str, &str) = ("associated_pay_score_order_info", "order_id", "out_order_no");
        let given = |name: &str| self.body.get(name).filter(|value| !value.is_null());
        let refuse = |field: &str, english: &str, chinese: &str| {
            let issue = (english, chinese);
            Err(Refusal::about(Reason::BadStructure, field, &Value::Null, issue, "body"))
        };
        let (kind, order) = match (given(PAYMENT.0), given(PAY_SCORE.0)) {
            (Some(order), None) => (PAYMENT, order),
            (None, Some(order)) => (PAY_SCORE, order),
            (Some(_), Some(_)) => {
                return refuse(
                    "/associated_pay_score_order_info",
                    "associated_order_info and associated_pay_score_order_info exclude each other",
                    "associated_order_info 与 associated_pay_score_order_info 只能填一个",
                );
            }
            (None, None) => return refuse("/associated_order_info", "is required", "必填"),
        };
        let (name, platform_number, own_number) = kind;
        if !order.is_object() {
            return refuse(&format!("/{name}"), "must be an object", "应为对象");
        }
        let member = |member: &str| self.optional_body_text(&format!("/{name}/{member}"), ORDER);
        let (platform, own) = (member(platform_number)?, member(own_number)?);
        let (mchid, sub_mchid) = (member("mchid")?, member("sub_mchid")?);
        if platform.is_none() && own.is_none() {
            return refuse(
                &format!("/{name}/{platform_number}"),
                &format!("{platform_number} or {own_number} is required"),
                &format!("{platform_number} 与 {own_number} 至少填一个"),
            );
        }
        if platform.is_none() && mchid.is_none() {
            return refuse(
                &format!("/{name}/mchid"),
                &format!("is required with {own_number}"),
                &format!("有 {own_number} 时必填"),
            );
        }
        let members =
            [(platform_number, platform), (own_number, own), ("mchid", mchid), ("sub_mchid", sub_mchid)];
        let order: Map<String, Value> = members
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), Value::String(text?))))
            .collect();
        let mut shown = Map::from_iter([(name.to_owned(), Value::Object(order))]);
        match given("saved_amount") {
            Some(fen) if fen.is_u64() => drop(shown.insert("saved_amount".into(), fen.clone())),
            Some(_) => return refuse("/saved_amount", "must be a whole number of fen", "应为整数，单位为分"),
            None => {}
        }
        Ok(Value::Object(shown).to_string())
    }
}
