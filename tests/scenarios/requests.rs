//! What leaves: path, query, body and headers, byte by byte.

use crate::till::{OPENID, Till, config_with, query_request, shop, use_request};
use serde_json::{Value, json};
use wxcoupon_sandbox::{RequestEntry, Sandbox};

fn last(sandbox: &Sandbox) -> RequestEntry {
    sandbox.requests().into_iter().last().unwrap()
}

fn header(request: &RequestEntry, name: &str) -> Option<String> {
    request.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
}

#[test]
fn path_members_leave_the_body_and_everything_else_stays_in_order() {
    let (sandbox, till) = shop();
    let mut request = use_request("AUTO_1", "TILL-1001");
    request["sub_shop"] = json!({ "名": "一号店", "n": [1, 2.5, null, true] });
    request["_options"] = json!({ "timeout_ms": 4000 });
    request["store_id"] = Value::Null;
    assert_eq!(till.redeem(&request).status, 0);
    let sent = last(&sandbox);
    assert_eq!(
        sent.target,
        format!("/v3/marketing/partner/product-coupon/users/{OPENID}/coupons/AUTO_1/use")
    );
    assert_eq!(
        sent.body,
        "{\"product_coupon_id\":\"1000000013\",\"stock_id\":\"1000000013001\",\
         \"use_time\":\"2025-08-03T12:00:00+08:00\",\"out_request_no\":\"TILL-1001\",\
         \"associated_order_info\":{\"transaction_id\":\"4200000000123456789123456789\"},\
         \"sub_shop\":{\"名\":\"一号店\",\"n\":[1,2.5,null,true]},\
         \"appid\":\"wx233544546545989\",\"brand_id\":\"120344\"}"
    );
}

#[test]
fn headers_are_those_that_the_interface_asks_for() {
    let (sandbox, _) = shop();
    let till = Till::new(&config_with(&sandbox, &json!({ "user_agent_suffix": "KaidanPOS/7.2" })));
    till.redeem(&use_request("AUTO_1", "TILL-1002"));
    let sent = last(&sandbox);
    let agent = header(&sent, "User-Agent").unwrap();
    assert!(agent.starts_with("wxcoupon/0.1.0 (") && agent.ends_with(" KaidanPOS/7.2"), "{agent}");
    assert_eq!(header(&sent, "Accept").as_deref(), Some("application/json"));
    assert_eq!(header(&sent, "Content-Type").as_deref(), Some("application/json"));
    assert_eq!(header(&sent, "Wechatpay-Serial").unwrap(), sandbox.config()["wechatpay_public_key_id"]);
    assert_eq!(header(&sent, "Accept-Encoding").as_deref(), Some("identity"));

    till.query(&query_request("AUTO_1"));
    let sent = last(&sandbox);
    assert_eq!(header(&sent, "Content-Type"), None);
    assert_eq!(sent.body, "");
}

#[test]
fn path_segments_and_query_values_are_percent_encoded_once() {
    let (sandbox, till) = shop();
    let mut request = query_request("A b/c?d#e%+&=券");
    request["note"] = json!("ü &=+/");
    request["count"] = json!(3);
    request["filter"] = json!({ "k": "v" });
    let asked = till.query(&request);
    let sent = last(&sandbox);
    // The sandbox verifies the signature over the very bytes of the request line.
    assert!(sent.signature_ok, "{}", asked.json);
    assert_eq!(
        sent.target,
        format!(
            "/v3/marketing/partner/product-coupon/users/{OPENID}/coupons/A%20b%2Fc%3Fd%23e%25%2B%26%3D%E5%88%B8\
             ?product_coupon_id=1000000013&stock_id=1000000013001&note=%C3%BC%20%26%3D%2B%2F&count=3\
             &filter=%7B%22k%22%3A%22v%22%7D&appid=wx233544546545989&brand_id=120344"
        )
    );
    assert_eq!(sent.coupon_code.as_deref(), Some("A b/c?d#e%+&=券"));
}

#[test]
fn a_missing_use_time_is_filled_in_as_beijing_time() {
    let (sandbox, till) = shop();
    let mut request = use_request("AUTO_1", "TILL-1003");
    request.as_object_mut().unwrap().remove("use_time");
    assert_eq!(till.redeem(&request).status, 0);
    let body: Value = serde_json::from_str(&last(&sandbox).body).unwrap();
    let time = body["use_time"].as_str().unwrap();
    assert!(time.ends_with("+08:00") && time.len() == 25, "{time}");
    let parsed = time::OffsetDateTime::parse(time, &time::format_description::well_known::Rfc3339).unwrap();
    assert!((time::OffsetDateTime::now_utc() - parsed).abs() < time::Duration::seconds(5), "{time}");
}

#[test]
fn what_breaks_a_rule_never_leaves() {
    let (sandbox, till) = shop();
    for damage in [
        json!({ "coupon_code": null }),
        json!({ "coupon_code": ".." }),
        json!({ "out_request_no": "TILL 1" }),
        json!({ "use_time": "2025-08-03 12:00:00" }),
        json!({ "associated_order_info": { "out_trade_no": "T1" } }),
        json!({ "associated_order_info": { "transaction_id": "", } }),
        json!({ "associated_pay_score_order_info": { "order_id": "1" } }),
        json!({ "unknown": "😀" }),
        json!({ "_options": { "timeout": 1 } }),
    ] {
        let mut request = use_request("AUTO_1", "TILL-1004");
        for (name, value) in damage.as_object().unwrap() {
            request[name] = value.clone();
        }
        let refused = till.redeem(&request);
        assert_eq!(refused.name(), "WXCOUPON_E_REQUEST", "{damage}");
        assert!(refused.json["field"].as_str().unwrap().starts_with('/'), "{damage}");
    }
    assert!(sandbox.requests().is_empty());
}
