//! The headers of a notification, as programs hand them over.

use super::SEND;
use serde_json::{Value, json};
use testkit::post::{Context, Post, config};
use wxcoupon::encoding::TextEncoding;

#[test]
fn headers_come_in_many_shapes() {
    let post = Post::of("PRODUCT_COUPON_SP.SEND", SEND);
    let named = |change: fn(&str) -> String| {
        post.headers.as_object().unwrap().iter().map(|(name, value)| (change(name), value.clone())).collect()
    };
    let pairs: Vec<Value> =
        post.headers.as_object().unwrap().iter().map(|(name, value)| json!([name, value])).collect();
    let mut lists: Value = named(str::to_owned);
    for value in lists.as_object_mut().unwrap().values_mut() {
        *value = json!([format!(" {}\t", value.as_str().unwrap())]);
    }
    let mut noisy: Value = named(str::to_lowercase);
    noisy["Wechatpay-Nonce"] = noisy["wechatpay-nonce"].clone();
    noisy["X-Odd"] = json!({ "any": ["thing", 1, null] });
    for headers in [named(str::to_uppercase), named(str::to_lowercase), lists, noisy, Value::Array(pairs)] {
        let answer = Post { headers: headers.clone(), ..post.clone() }.open();
        assert_eq!(answer["status"], 0, "{headers}: {answer}");
    }
}

/// WSGI, PHP and CGI hand headers over by other names.
#[test]
fn headers_are_known_by_their_names_in_cgi() {
    let post = Post::of("PRODUCT_COUPON_SP.SEND", SEND);
    let renamed = |change: &dyn Fn(&str) -> String| -> Value {
        post.headers.as_object().unwrap().iter().map(|(name, value)| (change(name), value.clone())).collect()
    };
    let environment = |name: &str| format!("HTTP_{}", name.to_uppercase().replace('-', "_"));
    for headers in [
        renamed(&environment),
        renamed(&|name| environment(name).to_lowercase()),
        renamed(&|name| name.replace('-', "_")),
        renamed(&|name| name.to_uppercase().replace('-', "_")),
        renamed(&|name| format!("Http-{name}")),
    ] {
        let answer = Post { headers: headers.clone(), ..post.clone() }.open();
        assert_eq!(answer["status"], 0, "{headers}: {answer}");
        assert_eq!(answer["request_id"], "08F7C1BEC306-0");
    }
    // Both names with two values: which one counts, nobody can say.
    let mut twice = post.clone();
    twice.headers["HTTP_WECHATPAY_NONCE"] = json!("another");
    assert_eq!(twice.open()["verification"], "ambiguous_header");
    let mut others = post.clone();
    others.headers["HTTP_HTTP_WECHATPAY_NONCE"] = json!("another");
    others.headers["WECHATPAY"] = json!(7);
    assert_eq!(others.open()["status"], 0);
}

#[test]
fn headers_in_no_shape_are_the_programs_fault_and_still_answered() {
    for (headers, name, field) in [
        (json!("text"), "WXCOUPON_E_JSON", Value::Null),
        (json!({ "wechatpay-nonce": 1 }), "WXCOUPON_E_REQUEST", json!("/wechatpay-nonce")),
        (json!({ "Wechatpay-Nonce": [["x"]] }), "WXCOUPON_E_REQUEST", json!("/Wechatpay-Nonce")),
        (json!([["a", "b"], ["c"]]), "WXCOUPON_E_REQUEST", json!("/1")),
        (json!([["Wechatpay-Serial", 1]]), "WXCOUPON_E_REQUEST", json!("/0")),
    ] {
        let answer = Post { headers, ..Post::of("X", SEND) }.open();
        assert_eq!((&answer["name"], &answer["field"]), (&json!(name), &field), "{answer}");
        assert_eq!(answer["reply"]["status"], 500);
    }
}

#[test]
fn a_request_id_is_passed_on_in_part_and_none_with_control_characters() {
    let told = |id: &str| {
        let mut post = Post::of("PRODUCT_COUPON_SP.SEND", SEND);
        post.headers["Request-ID"] = json!(id);
        let answer = post.open();
        assert_eq!(answer["status"], 0, "{answer}");
        answer["request_id"].as_str().map(str::to_owned)
    };
    assert_eq!(told(&"1".repeat(1000)), Some("1".repeat(128)));
    assert_eq!(told("08F7\r\nforged: line"), None);
}

#[test]
fn a_gbk_program_gives_headers_and_gets_the_answer_in_gbk_but_the_body_stays_as_it_came() {
    let gbk = TextEncoding::named("gbk").unwrap();
    let mut post = Post::of("PRODUCT_COUPON_SP.SEND", SEND);
    post.headers["X-Shop"] = json!("店");
    let mut config = config();
    config["text_encoding"] = json!("gbk");
    let answer = Context::new(&config).open(&gbk.encode_json(post.headers.to_string()), &post.body);
    let answer = gbk.decode(&answer, "answer").unwrap();
    assert!(answer.contains(&format!("\"resource\":{SEND}}}")), "{answer}");

    let refused = Context::new(&config).open(post.headers.to_string().as_bytes(), &post.body);
    let refused: Value = serde_json::from_str(&gbk.decode(&refused, "answer").unwrap()).unwrap();
    assert_eq!(refused["reply"]["status"], 500, "UTF-8 is not what this context speaks: {refused}");
}
