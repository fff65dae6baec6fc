//! Redeems coupons with wechat-pay-rust-sdk, as its README teaches. Arguments and output: bench/README.md.
//! It does not verify answers.

#[path = "../../../measure.rs"]
mod measure;

use measure::{Numbers, measure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::error::Error;
use wechat_pay_rust_sdk::model::ParamsTrait;
use wechat_pay_rust_sdk::pay::WechatPay;
use wechat_pay_rust_sdk::request::HttpMethod;
use wechat_pay_rust_sdk::response::ResponseTrait;

#[derive(Serialize)]
struct Order {
    transaction_id: &'static str,
}

#[derive(Serialize)]
struct UseRequest {
    product_coupon_id: &'static str,
    stock_id: &'static str,
    brand_id: &'static str,
    out_request_no: String,
    use_time: &'static str,
    associated_order_info: Order,
}

impl ParamsTrait for UseRequest {
    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts become JSON")
    }
}

#[derive(Deserialize)]
struct Usage {
    use_request_no: String,
}

#[derive(Deserialize)]
struct UseAnswer {
    coupon_state: String,
    single_usage_detail: Usage,
}

impl ResponseTrait for UseAnswer {}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [config, numbers @ ..] = arguments.as_slice() else { return Err("see the source".into()) };
    let config: Value = serde_json::from_slice(&std::fs::read(config)?)?;
    let text = |pointer: &str| config.pointer(pointer).and_then(Value::as_str).ok_or(format!("no {pointer}"));
    let private_key = std::fs::read_to_string(text("/private_key_path")?)?;
    let mut wechat_pay = WechatPay::new(
        "wx233544546545989",
        text("/mchid")?,
        &private_key,
        text("/merchant_serial_no")?,
        text("/apiv3_key")?,
        "https://example.com/notify",
    );
    wechat_pay.base_url = text("/base_urls/0")?.to_owned();
    let redeem = |_: &mut (), code: &str| {
        let url = format!(
            "/v3/marketing/partner/product-coupon/users/oSandboxUser0000000000000001/coupons/{code}/use"
        );
        let request = UseRequest {
            product_coupon_id: "1000000013",
            stock_id: "1000000013001",
            brand_id: "120344",
            out_request_no: format!("SALE_{code}"),
            use_time: "2025-08-03T12:00:00+08:00",
            associated_order_info: Order { transaction_id: "4200002812202508031234567890" },
        };
        let answer: UseAnswer = wechat_pay.pay(HttpMethod::POST, &url, request).expect("redeemed");
        assert_eq!(answer.coupon_state, "USED");
        assert_eq!(answer.single_usage_detail.use_request_no, format!("SALE_{code}"));
    };
    measure(&Numbers::parse(numbers).ok_or("five numbers")?, || (), redeem);
    Ok(())
}
