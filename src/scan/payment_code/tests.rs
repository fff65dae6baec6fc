//! Answers, judged without a network.

use super::*;
use crate::status::Class;

const KEY: &str = "0123456789abcdefghijklmnopqrstuv";
const CODE: &str = "134567890123456789";
const PROVIDER: &str = "wx0011223344556677";
const SHOP: &str = "wx8899aabbccddeeff";

const MERCHANT: Asker<'_> =
    Asker { coupon_appid: PROVIDER, appid: None, sub_appid: None, mch_id: "1900000001", sub_mch_id: None };
const PROVIDERS: Asker<'_> = Asker {
    coupon_appid: SHOP,
    appid: Some(PROVIDER),
    sub_appid: None,
    mch_id: "1900000001",
    sub_mch_id: Some("1900000109"),
};

fn look_up(asker: Asker<'_>, sign_type: SignType) -> LookUp {
    LookUp::new(CODE, asker, KEY, sign_type).unwrap()
}

/// A signed answer; empty values are not there.
fn answer(sign_type: SignType, changes: &[(&str, &str)]) -> Vec<u8> {
    let mut members = Members::from(
        [
            ("return_code", "SUCCESS"),
            ("return_msg", "OK"),
            ("appid", PROVIDER),
            ("mch_id", "1900000001"),
            ("nonce_str", "0IldcE0W6F58zeIc"),
            ("result_code", "SUCCESS"),
            ("openid", "oExampleOpenid00000000000001"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    members.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let sign = v2::sign(&members, KEY, sign_type);
    members.entry("sign".into()).or_insert(sign);
    members.retain(|_, value| !value.is_empty());
    v2::write(&members).into_bytes()
}

fn judged(changes: &[(&str, &str)]) -> Report {
    look_up(MERCHANT, SignType::Md5).judge(200, None, &answer(SignType::Md5, changes))
}

fn openid(report: &Report) -> Option<String> {
    let data: serde_json::Value = serde_json::from_str(report.data.as_ref()?.get()).unwrap();
    data["openid"].as_str().map(str::to_owned)
}

#[test]
fn the_body_is_the_published_one() {
    let nonce = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS";
    let body = look_up(MERCHANT, SignType::Md5).body(nonce);
    assert_eq!(
        *body,
        "<xml><appid>wx0011223344556677</appid><auth_code>134567890123456789</auth_code><mch_id>1900000001</mch_id>\
         <nonce_str>5K8264ILTKCH16CQ2502SI8ZNMTM67VS</nonce_str><sign>EF77B67313A223E34157D733FC64F25F</sign></xml>"
    );
    for (asker, sign_type, sign) in [
        (MERCHANT, SignType::HmacSha256, "C5E4DE0EB8E58E5049F5CAE426A8BEC2994562B962B0E44FBA748E6ED2F37EB9"),
        (PROVIDERS, SignType::Md5, "FC625ABED58BCD8886A6C5162E40A762"),
        (PROVIDERS, SignType::HmacSha256, "F0F4C15C5259ACC24C818E785148219A2002611ACE2878D417A127E1E4BFF691"),
    ] {
        let body = look_up(asker, sign_type).body(nonce);
        let members = v2::read(body.as_bytes()).unwrap();
        assert_eq!(members["sign"], sign);
        assert_eq!(members.contains_key("sign_type"), sign_type == SignType::HmacSha256);
    }
}

#[test]
fn the_openid_is_the_one_under_the_app_id_of_the_coupons() {
    assert_eq!(openid(&judged(&[])).as_deref(), Some("oExampleOpenid00000000000001"));
    let both = [("sub_openid", "oOfTheShop"), ("sub_appid", SHOP), ("sub_mch_id", "1900000109")];
    let of_shop =
        look_up(PROVIDERS, SignType::HmacSha256).judge(200, None, &answer(SignType::HmacSha256, &both));
    assert_eq!(openid(&of_shop).as_deref(), Some("oOfTheShop"), "{}", of_shop.message);
    let without = look_up(PROVIDERS, SignType::Md5).judge(200, None, &answer(SignType::Md5, &[]));
    assert_eq!((without.code, openid(&without)), (Code::Refused, None));

    let neither = Asker { sub_appid: Some("wxother"), ..PROVIDERS };
    let error = LookUp::new(CODE, neither, KEY, SignType::Md5).unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::Request, Some("/sub_appid")));
    assert!(!error.message.contains(CODE));
}

#[test]
fn a_code_that_is_of_no_use_is_to_be_refreshed() {
    for code in ["AUTHCODEEXPIRE", "AUTH_CODE_ERROR", "AUTH_CODE_INVALID"] {
        let report = judged(&[("result_code", "FAIL"), ("err_code", code), ("openid", "")]);
        assert_eq!((report.code, report.cashier.as_deref()), (Code::Refused, Some(REFRESH)), "{code}");
        assert_eq!(report.wechat.unwrap().code.as_deref(), Some(code));
    }
    let fault = judged(&[("result_code", "FAIL"), ("err_code", "SYSTEMERROR"), ("openid", "")]);
    assert_eq!((fault.code, fault.code.class()), (Code::ReadFailed, Class::NotSent));
    let unknown =
        judged(&[("result_code", "FAIL"), ("err_code", "NEW"), ("err_code_des", "新"), ("openid", "")]);
    assert_eq!((unknown.code, unknown.cashier), (Code::Refused, None));
    assert_eq!(unknown.wechat.unwrap().message.as_deref(), Some("新"));
}

#[test]
fn nothing_is_believed_without_the_right_sign() {
    let look_up = look_up(MERCHANT, SignType::HmacSha256);
    for (changes, named) in [
        (vec![("sign", "")], "unsigned"),
        (
            vec![("sign", "C5E4DE0EB8E58E5049F5CAE426A8BEC2994562B962B0E44FBA748E6ED2F37EB9")],
            "wrong_signature",
        ),
        (vec![("sign", ""), ("result_code", "FAIL"), ("err_code", "AUTHCODEEXPIRE")], "unsigned"),
    ] {
        let report = look_up.judge(200, None, &answer(SignType::HmacSha256, &changes));
        assert_eq!((report.code, report.verification), (Code::ReadFailed, Some(named)), "{changes:?}");
        assert!(report.data.is_none());
    }
    let by_md5 = look_up.judge(200, None, &answer(SignType::Md5, &[]));
    assert_eq!(by_md5.verification, Some("wrong_signature"));
    assert!(by_md5.hint.unwrap().contains("set apiv2_sign_type to MD5"));
    for (name, other) in [("appid", SHOP), ("mch_id", "1900000002"), ("mch_id", "")] {
        let report = judged(&[(name, other)]);
        assert_eq!((report.code, report.verification), (Code::ReadFailed, Some("other_request")), "{name}");
    }
}

#[test]
fn what_comes_before_the_sign_is_judged_before_it() {
    let refused = look_up(MERCHANT, SignType::Md5).judge(
        200,
        None,
        "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[签名错误]]></return_msg></xml>"
            .as_bytes(),
    );
    assert_eq!(refused.code, Code::Refused);
    assert_eq!(refused.wechat.unwrap().message.as_deref(), Some("签名错误"));
    let look_up = look_up(MERCHANT, SignType::Md5);
    let right = answer(SignType::Md5, &[]);
    for status in [302, 403, 404, 408, 500, 502] {
        assert_eq!(look_up.judge(status, None, &right).code, Code::ReadFailed, "{status}");
    }
    let throttled = look_up.judge(429, Some(3), b"");
    assert_eq!((throttled.code, throttled.retry_after_ms), (Code::RateLimited, Some(3000)));
    for body in ["", "{}", "<html></html>", "<xml><return_code>MAYBE</return_code></xml>"] {
        assert_eq!(look_up.judge(200, None, body.as_bytes()).code, Code::ReadFailed, "{body}");
    }
}

#[test]
fn an_openid_is_a_name() {
    for openid in ["", "o 1 ", "o\u{200B}1", "o1\n"] {
        let report = judged(&[("openid", openid)]);
        assert_eq!((report.code, report.data.is_some()), (Code::Refused, false), "{openid:?}");
    }
}

#[test]
fn nothing_tells_the_payment_code_or_the_key() {
    let look_up = look_up(MERCHANT, SignType::Md5);
    let mut told = format!("{look_up:?}");
    for body in
        [answer(SignType::Md5, &[("sign", "1")]), answer(SignType::Md5, &[("appid", SHOP)]), b"<x>".to_vec()]
    {
        told += &look_up.judge(200, None, &body).to_json();
    }
    let refused = answer(
        SignType::Md5,
        &[
            ("result_code", "FAIL"),
            ("err_code", CODE),
            ("err_code_des", "auth_code １３４５６７８９０１２３４５６７８９ invalid"),
        ],
    );
    let unsigned = format!("<xml><return_code>FAIL</return_code><return_msg>{CODE}?</return_msg></xml>");
    for body in [refused, unsigned.into_bytes()] {
        let report = Report { request_id: Some(CODE.into()), ..look_up.judge(200, None, &body) };
        let report = look_up.masked(report).to_json();
        assert!(report.contains("***") && !report.contains("１３４"), "{report}");
        told += &report;
    }
    assert!(!told.contains(CODE) && !told.contains(KEY), "{told}");
}
