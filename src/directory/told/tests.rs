use super::*;
use serde_json::json;

fn members(value: Value) -> Map<String, Value> {
    crate::json::into_object(value).unwrap()
}

fn coupon(code: &str) -> Value {
    json!({
        "coupon_code": code, "coupon_state": "EFFECTIVE", "brand_id": "120344",
        "valid_begin_time": "2025-01-01T00:00:00+08:00", "valid_end_time": "2025-10-01T00:00+08:00",
        "product_coupon": { "product_coupon_id": "1000000013" }, "stock": { "stock_id": "1000000013001" },
        "attach": "{\"openid\":\"oOther\"}", "unionid": "uOther", "phone_number": "13800138000",
    })
}

fn expected(code: &str) -> Entry {
    Entry {
        family: Family::Product,
        brand_id: Some("120344".into()),
        stock_id: "1000000013001".into(),
        coupon_code: code.into(),
        product_coupon_id: Some("1000000013".into()),
        openid: Some("oUser".into()),
        appid: Some("wx1".into()),
        valid_from_s: Some(1_735_660_800),
        valid_until_s: Some(1_759_248_000),
    }
}

#[test]
fn an_answer_says_which_coupons_and_its_request_whose() {
    let request =
        members(json!({ "openid": "oUser", "appid": "wx1", "brand_id": "120344", "stock_id": "x" }));
    let told = |answer: Value| by_answer(Family::Product, &request, &answer.to_string(), None);
    assert_eq!(told(coupon("C1")), [expected("C1")]);
    let page = json!({ "total_count": 2, "user_coupon_list": [coupon("C1"), coupon("C2"), {}, 7] });
    assert_eq!(told(page), [expected("C1"), expected("C2")]);
    let bundle = json!({ "user_product_coupon_list": [coupon("C1")], "user_coupon_bundle_id": "b" });
    assert_eq!(told(bundle), [expected("C1")]);
    for nothing in [json!({}), json!([]), json!({ "user_coupon_list": [] }), json!({ "coupon_code": "C1" })] {
        assert!(told(nothing.clone()).is_empty(), "{nothing}");
    }
    assert!(by_answer(Family::Product, &request, "no JSON", None).is_empty());
}

#[test]
fn a_brand_is_that_of_the_answer_or_else_of_the_context_or_of_the_request() {
    let told = |request: Value, answer: &Value, own: Option<&str>| {
        let told = by_answer(Family::Product, &members(request), &answer.to_string(), own);
        told[0].brand_id.clone()
    };
    let mut without = coupon("C1");
    without.as_object_mut().unwrap().remove("brand_id");
    let asked = json!({ "openid": "oUser", "brand_id": "9" });
    assert_eq!(told(asked.clone(), &coupon("C1"), None).as_deref(), Some("120344"));
    assert_eq!(told(asked.clone(), &without, Some("7")).as_deref(), Some("7"));
    assert_eq!(told(asked, &without, None).as_deref(), Some("9"));
}

#[test]
fn the_other_family_is_flat_and_names_no_brand() {
    let request = members(json!({ "openid": "oUser", "appid": "wx1" }));
    let coupon = json!({
        "coupon_code": "123446565767", "stock_id": "1234567891", "coupon_state": "SENDED",
        "available_start_time": "2025-01-01T00:00:00+08:00", "expire_time": "2025-10-01T00:00:00+08:00",
    });
    let entry = Entry {
        family: Family::Busifavor,
        brand_id: None,
        stock_id: "1234567891".into(),
        coupon_code: "123446565767".into(),
        product_coupon_id: None,
        ..expected("")
    };
    for answer in
        [&coupon, &json!({ "data": [coupon], "total_count": 1 }), &json!({ "coupon_information": coupon })]
    {
        let told = by_answer(Family::Busifavor, &request, &answer.to_string(), Some("120344"));
        assert_eq!(told, std::slice::from_ref(&entry), "{answer}");
    }
}

#[test]
fn a_notification_of_an_issued_coupon_is_enough() {
    let resource = json!({
        "brand_id": "120344", "coupon_code": "C1", "product_coupon_id": "1000000013", "stock_id": "1000000013001",
        "appid": "wx1", "openid": "oUser", "unionid": "uUser", "phone_number": "13800138000",
        "valid_begin_time": "2025-01-01T00:00:00+08:00", "valid_end_time": "2025-10-01T00:00:00+08:00",
    });
    let told = |event: &str, resource: &Value, own| by_notification(event, &resource.to_string(), own);
    assert_eq!(told("PRODUCT_COUPON_SP.SEND", &resource, None), Some(expected("C1")));
    let mut brands = resource.clone();
    for absent in ["brand_id", "valid_begin_time", "valid_end_time"] {
        brands.as_object_mut().unwrap().remove(absent);
    }
    let own = told("PRODUCT_COUPON.SEND", &brands, Some("120344")).unwrap();
    assert_eq!(own, Entry { valid_from_s: None, valid_until_s: None, ..expected("C1") });
    for other in ["PRODUCT_COUPON_SP.USE", "PRODUCT_COUPON_SPSEND", "TRANSACTION.SEND", "product_coupon.send"]
    {
        assert_eq!(told(other, &resource, None), None, "{other}");
    }
    let bare = json!({
        "coupon_code": "1", "stock_id": "2", "openid": "", "appid": "wx1", "attach_info": "",
        "event_type": "EVENT_TYPE_BUSICOUPON_SEND",
    });
    let bare = told("COUPON.SEND", &bare, None).unwrap();
    assert_eq!((bare.family, bare.openid, bare.appid), (Family::Busifavor, None, None));
    assert_eq!(told("COUPON.SEND", &json!({ "coupon_code": "1" }), None), None);
}
