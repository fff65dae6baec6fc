//! Product coupons, stocks, codes, stores and image tasks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::offers::{
    self, BASE, Offer, code, create, display_info, effects, manage, offer, offer_of, product_body, read,
    stock_body, with,
};
use support::{Call, Till, sandbox};
use wxcoupon_sandbox::{STORE_IDS, Sandbox};

fn product_path(offer: &Offer) -> String {
    format!("{BASE}/product-coupons/{}", offer.product)
}

#[test]
fn a_product_coupon_is_made_read_changed_and_ended() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let call = create(&product_body("CREATE_1", "WECHATPAY"));
    let made = till.ok(&call);
    assert_eq!(till.ok(&call), made);
    till.refused(&call.with("out_product_no", json!("Product_2")), 268_578_927);
    assert_eq!((&made["state"], &made["stock"]["state"]), (&json!("EFFECTIVE"), &json!("SENDING")));
    assert_eq!(made["stock"]["product_coupon_id"], made["product_coupon_id"]);
    let id = made["product_coupon_id"].as_str().unwrap();
    let path = format!("{BASE}/product-coupons/{id}");
    let got = till.ok(&read(&path, ""));
    assert!(got.get("stock").is_none());
    assert_eq!((&got["type"], &got["display_info"]), (&json!("NORMAL"), &display_info()));

    let look = with(&display_info(), "/name", json!("换了名字"));
    let changed = till.ok(&manage("PATCH", &path, "CHANGE_1", json!({ "display_info": look })));
    assert_eq!(changed["display_info"]["name"], "换了名字");
    assert_eq!(till.ok(&read(&path, "")), changed);

    let stop = format!("{path}/deactivate");
    till.refused(&manage("POST", &stop, "STOP_01", json!({})), 268_578_101);
    let reason = json!({ "deactivate_reason": "商品已下架" });
    let ended = till.ok(&manage("POST", &stop, "STOP_01", reason.clone()));
    assert_eq!(
        (&ended["state"], &ended["deactivate_request_no"]),
        (&json!("DEACTIVATED"), &json!("STOP_01"))
    );
    assert_eq!(
        (&ended["deactivate_reason"], ended["deactivate_time"].is_string()),
        (&json!("商品已下架"), true)
    );
    assert_eq!(till.ok(&manage("POST", &stop, "STOP_01", reason.clone())), ended);
    till.refused(&manage("POST", &stop, "STOP_02", reason), 268_578_224);
    till.refused(&manage("PATCH", &path, "CHANGE_2", json!({ "display_info": look })), 268_578_224);
    let stock = json!({ "stock": stock_body("UPLOAD") });
    till.refused(&manage("POST", &format!("{path}/stocks"), "MORE_01", stock), 268_578_224);
    let stock = made["stock"]["stock_id"].as_str().unwrap().to_owned();
    let offer = Offer { product: id.to_owned(), stock, bundle: String::new() };
    till.refused(&offer.send("SEND_01"), 268_577_984);
    assert_eq!(
        effects(&sandbox),
        [
            "create_product_coupon created",
            "update_product_coupon updated",
            "deactivate_product_coupon deactivated"
        ]
    );
    assert_eq!(sandbox.ledger()[0].coupon_code, id);
}

#[test]
fn stocks_are_made_listed_changed_and_ended() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let first = offer(&till, "CREATE_1", "WECHATPAY");
    let path = format!("{}/stocks", product_path(&first));
    for number in 2..=23 {
        let body = json!({ "stock": stock_body("API_ASSIGN") });
        let made = till.ok(&manage("POST", &path, &format!("STOCK_{number:02}"), body));
        assert_eq!(made["stock_id"], format!("{}{number:03}", first.product));
    }
    let page = till.ok(&read(&path, ""));
    assert_eq!((page["stock_list"].as_array().unwrap().len(), &page["total_count"]), (20, &json!(23)));
    let next = till.ok(&read(&path, &format!("&page_token={}", page["next_page_token"].as_str().unwrap())));
    assert_eq!(next["stock_list"].as_array().unwrap().len(), 3);
    assert!(next.get("next_page_token").is_none());

    let stock = till.ok(&read(&first.stock_path(), ""));
    assert_eq!(page["stock_list"][0], stock);
    let look = json!({ "code_display_mode": "BARCODE" });
    let change = json!({ "remark": "新备注", "coupon_display_info": look });
    let changed = till.ok(&manage("PATCH", &first.stock_path(), "CHANGE_1", change));
    assert_eq!((&changed["remark"], &changed["coupon_display_info"]), (&json!("新备注"), &look));
    assert_eq!(changed["usage_rule_display_info"], stock["usage_rule_display_info"]);
    let sent = till.ok(&first.send("SEND_01"));
    assert_eq!(sent["stock"]["remark"], "新备注");

    // Paused stocks send nothing, and can be ended.
    let state = |state: &str| {
        let body = json!({ "stock_id": first.stock, "state": state });
        let call = Call::new("POST", "/stocks").header("Authorization", "none").json(&body);
        assert_eq!(till.send_to(&sandbox.control_url(), &call).unwrap().status, 200);
    };
    for paused in ["PAUSED", "AUDITING", "STOPPED"] {
        state(paused);
        till.refused(&first.send("SEND_02"), 268_577_984);
        assert_eq!(till.ok(&read(&path, &format!("&state={paused}")))["total_count"], 1);
    }
    let stop = format!("{}/deactivate", first.stock_path());
    let reason = json!({ "deactivate_reason": "售罄" });
    till.refused(&manage("POST", &stop, "STOP_01", reason.clone()), 268_578_224);
    state("PAUSED");
    let ended = till.ok(&manage("POST", &stop, "STOP_01", reason.clone()));
    assert_eq!((&ended["state"], &ended["deactivate_reason"]), (&json!("DEACTIVATED"), &json!("售罄")));
    till.refused(&manage("POST", &stop, "STOP_02", reason), 268_578_224);
    till.refused(&first.send("SEND_02"), 268_577_984);
    // What has been handed out stays valid.
    till.ok(&first.on_coupon(&code(&sent), "confirm", "CONFIRM_1"));
    till.ok(&first.use_call(&code(&sent), "USE_0001"));

    till.refused(&read(&path, "&state=OPEN"), 268_435_461);
    till.refused(&read(&path, "&page_size=51"), 268_435_464);
    till.refused(&read(&format!("{path}/9"), ""), 268_578_608);
    till.refused(&read(&path.replace(&first.product, "9"), ""), 268_578_608);
    till.refused(&Call::new("GET", &path), 268_578_101);
    till.refused(&Call::new("GET", &format!("{path}?brand_id=120345")), 268_579_803);
}

#[test]
fn budgets_change_for_those_who_know_them() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let offer = offer(&till, "CREATE_1", "WECHATPAY");
    let budget = |number: &str, body: Value| {
        manage("POST", &format!("{}/update-budget", offer.stock_path()), number, body)
    };
    let total = |current: i64, target: i64| json!({ "update_mode": "MAX_COUNT", "current_max_count": current, "target_max_count": target });
    for number in 1..=3 {
        till.ok(&offer.send(&format!("SEND_0{number}")));
    }
    till.refused(&budget("BUDGET_1", total(99, 200)), 268_578_224);
    till.refused(&budget("BUDGET_1", total(100, 2)), 268_578_224);
    till.refused(&budget("BUDGET_1", total(100, 100_000_001)), 268_435_464);
    till.refused(&budget("BUDGET_1", json!({ "update_mode": "MAX_COUNT" })), 268_578_224);
    till.refused(&budget("BUDGET_1", json!({ "update_mode": "ALL" })), 268_435_461);
    assert_eq!(till.ok(&budget("BUDGET_1", total(100, 3)))["stock_send_rule"]["max_count"], 3);
    till.refused(&offer.send("SEND_04"), 0);
    till.ok(&budget("BUDGET_2", total(3, 9)));
    till.ok(&offer.send("SEND_04"));
    let day = |current: Value, target: i64| json!({ "update_mode": "MAX_COUNT_PER_DAY", "current_max_count_per_day": current, "target_max_count_per_day": target });
    till.refused(&budget("BUDGET_3", day(json!(5), 4)), 268_578_224);
    assert_eq!(till.ok(&budget("BUDGET_3", day(Value::Null, 4)))["stock_send_rule"]["max_count_per_day"], 4);
    till.refused(&offer.send("SEND_05"), 0);
    till.ok(&budget("BUDGET_4", day(json!(4), 5)));
    till.ok(&offer.send("SEND_05"));
}

#[test]
fn uploaded_codes_are_sorted_out() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let offer = offer(&till, "CREATE_1", "UPLOAD");
    let upload = |number: &str, codes: &[&str]| {
        let path = format!("{}/upload-coupon-codes", offer.stock_path());
        manage("POST", &path, number, json!({ "code_list": codes }))
    };
    let call = upload("UPLOAD_1", &["Up_1", "Up_2", "Up_1", "SBX_USED"]);
    let first = till.ok(&call);
    assert_eq!(first["total_count"], 3);
    assert_eq!(first["success_code_list"], json!(["Up_1", "Up_2"]));
    assert_eq!(first["duplicate_code_list"], json!(["Up_1"]));
    assert_eq!(first["failed_code_list"][0]["coupon_code"], "SBX_USED");
    assert_eq!(till.ok(&call), first);
    let second = till.ok(&upload("UPLOAD_2", &["Up_2", "Up_3"]));
    assert_eq!(second["already_exist_code_list"], json!(["Up_2"]));
    let counts = json!({ "total_count": 3, "available_count": 3 });
    assert_eq!(till.ok(&read(&offer.stock_path(), ""))["coupon_code_count_info"], counts);
    till.refused(&upload("UPLOAD_1", &["Up_9"]), 268_578_927);
    till.refused(&upload("UPLOAD_3", &[]), 268_435_463);
    till.refused(&upload("UPLOAD_3", &["x"; 201]), 268_435_462);
    till.refused(&upload("UPLOAD_3", &[&"x".repeat(41)]), 268_435_462);
    let other = offers::offer(&till, "CREATE_2", "WECHATPAY");
    let path = format!("{}/upload-coupon-codes", other.stock_path());
    till.refused(&manage("POST", &path, "UPLOAD_4", json!({ "code_list": ["Up_4"] })), 268_578_224);
}

fn stores(offer: &Offer, action: &str, ids: &[&str]) -> Call {
    let list: Vec<Value> = ids.iter().map(|id| json!({ "store_id": id })).collect();
    let body = json!({ "brand_id": "120344", "store_list": list });
    Call::new("POST", &format!("{}/{action}-stores", offer.stock_path())).json(&body)
}

#[test]
fn stores_decide_where_a_coupon_is_used() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let scoped = |number: &str, scope: &str| {
        let body = with(&product_body(number, "WECHATPAY"), "/stock/store_scope", json!(scope));
        offer_of(&till, &body).remove(0)
    };
    let offer = scoped("CREATE_1", "SPECIFIC");
    let coupon = code(&till.ok(&offer.send("SEND_01")));
    till.ok(&offer.on_coupon(&coupon, "confirm", "CONFIRM_1"));
    let at = |store: &str| offer.use_call(&coupon, "USE_0001").with("store_id", json!(store));
    let [first, second] = STORE_IDS;
    till.refused(&at(first), 268_584_404);
    let call = stores(&offer, "associate", &[first, second, first, "9"]);
    let done = till.ok(&call);
    assert_eq!(done["total_count"], 3);
    assert_eq!(done["success_store_list"].as_array().unwrap().len(), 2);
    let failed = &done["failed_store_list"][0];
    assert_eq!((&failed["store_id"], &failed["code"]), (&json!("9"), &json!("INVALID_REQUEST")));
    assert_eq!(till.ok(&call), done);
    let list = format!("{}/associated-stores", offer.stock_path());
    let page = till.ok(&read(&list, "&page_size=1"));
    assert_eq!((&page["total_count"], &page["store_list"]), (&json!(2), &json!([{ "store_id": first }])));
    let next = till.ok(&read(&list, &format!("&page_token={}", page["next_page_token"].as_str().unwrap())));
    assert_eq!(next["store_list"], json!([{ "store_id": second }]));

    let off = till.ok(&stores(&offer, "disassociate", &[second, "9"]));
    assert_eq!(off["failed_store_list"][0]["store_id"], "9");
    till.refused(&at(second), 268_584_404);
    till.refused(&offer.use_call(&coupon, "USE_0001"), 268_584_404);
    till.ok(&at(first));
    // Done again, it changed nothing: one entry for each change.
    let changes = effects(&sandbox).iter().filter(|effect| effect.contains("stores")).count();
    assert_eq!(changes, 2);

    let all = scoped("CREATE_2", "ALL");
    till.refused(&stores(&all, "associate", &[first]), 268_578_813);
    till.refused(&stores(&scoped("CREATE_3", "NONE"), "disassociate", &[first]), 268_578_813);
    let coupon = code(&till.ok(&all.send("SEND_02")));
    till.ok(&all.on_coupon(&coupon, "confirm", "CONFIRM_2"));
    till.refused(&all.use_call(&coupon, "USE_0002").with("store_id", json!("9")), 268_584_404);
    till.ok(&all.use_call(&coupon, "USE_0002").with("store_id", json!(second)));
    till.refused(&stores(&offer, "associate", &[]), 268_435_463);
    till.refused(&stores(&offer, "associate", &[first]).with("brand_id", json!("120345")), 268_579_803);
}

#[test]
fn image_tasks_take_a_while() {
    let sandbox: Sandbox = sandbox();
    let till = Till::new(&sandbox);
    let path = format!("{BASE}/image-generation-tasks");
    let combine = json!({
        "brand_id": "120344",
        "task_id": "image_task_1",
        "image_generation_type": "COMBINE_IMAGE",
        "combine_image": {
            "scope": "ALL",
            "type": "NORMAL",
            "usage_mode": "SINGLE",
            "normal_coupon": { "threshold": 100, "discount_amount": 10 },
        },
    });
    let submit = |body: &Value| Call::new("POST", &path).json(body);
    let answer = json!({ "task_id": "image_task_1", "brand_id": "120344" });
    assert_eq!(till.ok(&submit(&combine)), answer);
    assert_eq!(till.ok(&submit(&combine)), answer);
    till.refused(&submit(&with(&combine, "/combine_image/normal_coupon/threshold", json!(5))), 268_578_927);
    let result =
        |kind: &str, id: &str| read(&format!("{path}/{id}"), &format!("&image_generation_type={kind}"));
    let early = till.ok(&result("COMBINE_IMAGE", "image_task_1"));
    assert_eq!((&early["task_state"], early.get("combine_image_result")), (&json!("PROCESSING"), None));
    sandbox.set_business_offset(10);
    let late = till.ok(&result("COMBINE_IMAGE", "image_task_1"));
    assert_eq!(late["task_state"], "SUCCESS");
    assert!(late["combine_image_result"]["image_url"].is_string());
    till.refused(&result("CUT_OUT", "image_task_1"), 268_578_608);
    till.refused(&result("DRAW", "image_task_1"), 268_435_461);

    let cut_out = json!({
        "brand_id": "120344",
        "task_id": "image_task_1",
        "image_generation_type": "CUT_OUT",
        "cut_out": { "image_url": "https://wxpaylogo.qpic.cn/x" },
    });
    till.ok(&submit(&cut_out));
    for (pointer, value, sub_code) in [
        ("/cut_out", Value::Null, 268_578_224),
        ("/combine_image", combine["combine_image"].clone(), 268_578_224),
        ("/image_generation_type", json!("DRAW"), 268_435_461),
        ("/task_id", Value::Null, 268_578_101),
        ("/brand_id", json!("120345"), 268_579_803),
    ] {
        till.refused(&submit(&with(&cut_out, pointer, value)), sub_code);
    }
    till.refused(&submit(&with(&combine, "/combine_image/type", json!("DISCOUNT"))), 268_578_224);
}
