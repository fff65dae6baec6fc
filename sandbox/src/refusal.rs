//! Every way the API says no.

use serde_json::{Value, json};

use crate::text::Text;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    // The request itself.
    Signature,
    HttpRules,
    UnknownPath,
    BadStructure,
    BadValue,
    TooLong,
    TooShort,
    OutOfRange,
    BadCombination,
    RateLimited,
    Internal,
    // Who asks for what.
    NoAuthority,
    AppidNotLinked,
    WrongOpenid,
    WrongOpenidOfBrand,
    ObjectAbsent,
    CouponAbsent,
    NumberReused,
    NoCertificates,
    ImageTooLarge,
    // The coupon.
    StateForbids,
    Expired,
    Deleted,
    OutsideValidity,
    OutsideHours,
    UsedByAnother,
    Locked,
    StoreNotAllowed,
    // Sending.
    StockNotSending,
    UserQuota,
    SoldOut,
    SentBefore,
    // Management.
    ImageMissing,
    RungsGetWorse,
    NoStoreRule,
    // 商家券.
    BusifavorParameter,
    BusifavorFault,
    BusifavorAppid,
    BusifavorNoAuthority,
    BusifavorAbsent,
    BusifavorUserAbsent,
    BusifavorUsed,
    BusifavorNotNow,
    BusifavorState,
}

/// How a [`Reason`] looks to the caller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    /// The decimal tail of the `Request-ID` header; 0 where none is known.
    pub(crate) sub_code: u32,
    pub(crate) message: &'static str,
}

impl Reason {
    /// The one table of refusals.
    ///
    /// The sub-codes and their meaning are documented. Which HTTP status and
    /// which `code` each one travels with is **not**: the pairs below are
    /// this sandbox's choice. Objects that do not exist are 404 `NOT_FOUND`;
    /// anything about the coupon's state, validity, lock or store is 403
    /// `NOT_ENOUGH`; a missing permission is 403 `NO_AUTH`; too many
    /// requests are 429; a stock or quota that does not let a coupon be sent is
    /// 403 `NOT_ENOUGH` too; everything else is 400. A client must not lean on
    /// a pair, only on the sub-code.
    pub(crate) fn row(self) -> Row {
        let (status, code, sub_code, message) = match self {
            Self::Signature => (401, "SIGN_ERROR", 0, "签名错误,请检查后再试"),
            Self::HttpRules => (400, "INVALID_REQUEST", 268_578_101, "HTTP请求不符合微信支付APIv3接口规则"),
            Self::UnknownPath => (404, "NOT_FOUND", 0, "请求的接口不存在"),
            Self::BadStructure => (400, "PARAM_ERROR", 268_578_101, "请求结构不合法"),
            Self::BadValue => (400, "PARAM_ERROR", 268_435_461, "参数值不合法"),
            Self::TooLong => (400, "PARAM_ERROR", 268_435_462, "参数长度超过限制"),
            Self::TooShort => (400, "PARAM_ERROR", 268_435_463, "参数长度不足"),
            Self::OutOfRange => (400, "PARAM_ERROR", 268_435_464, "参数值超出范围"),
            Self::BadCombination => (400, "INVALID_REQUEST", 268_578_224, "参数错误,请参考detail"),
            Self::RateLimited => (429, "RATELIMIT_EXCEEDED", 270_924_289, "请求超过接口频率限制"),
            Self::Internal => (500, "SYSTEM_ERROR", 0, "系统异常,请稍后重试"),
            Self::NoAuthority => (403, "NO_AUTH", 268_579_803, "品牌未授权服务商使用商品券"),
            Self::AppidNotLinked => (400, "INVALID_REQUEST", 268_578_704, "AppID非法,未与品牌关联"),
            Self::WrongOpenid => (400, "INVALID_REQUEST", 268_578_526, "OpenID无法解析或与AppID不匹配"),
            Self::WrongOpenidOfBrand => (400, "INVALID_REQUEST", 268_578_532, "OpenID无法解析"),
            Self::NoCertificates => (404, "RESOURCE_NOT_EXISTS", 0, "无可用的平台证书,请使用微信支付公钥"),
            Self::ImageTooLarge => (400, "INVALID_REQUEST", 270_087_680, "图片大小超过限制"),
            Self::ObjectAbsent => (404, "NOT_FOUND", 268_578_608, "对象不存在或不属于当前品牌"),
            Self::CouponAbsent => (404, "NOT_FOUND", 268_578_851, "用户商品券不存在"),
            Self::NumberReused => {
                (400, "INVALID_REQUEST", 268_578_927, "请求单号重复,且请求数据与首次不一致")
            }
            Self::StateForbids => (403, "NOT_ENOUGH", 268_578_367, "用户商品券状态不允许当前操作"),
            Self::Expired => (403, "NOT_ENOUGH", 268_578_776, "用户商品券已过期"),
            Self::Deleted => (403, "NOT_ENOUGH", 272_756_769, "用户已删除该商品券"),
            Self::OutsideValidity => (403, "NOT_ENOUGH", 272_755_715, "不在用户商品券有效期内"),
            Self::OutsideHours => (403, "NOT_ENOUGH", 272_755_717, "不在用户商品券可用时段内"),
            Self::UsedByAnother => (403, "NOT_ENOUGH", 272_756_745, "用户商品券已被其他订单核销"),
            Self::Locked => (403, "NOT_ENOUGH", 272_756_746, "用户商品券正被其他请求核销,请稍后重试"),
            Self::StoreNotAllowed => (403, "NOT_ENOUGH", 268_584_404, "门店不可核销该商品券"),
            Self::StockNotSending => (403, "NOT_ENOUGH", 268_577_984, "批次不在发放中"),
            Self::UserQuota => (403, "NOT_ENOUGH", 272_756_740, "用户已达到领取上限"),
            Self::SoldOut => (403, "NOT_ENOUGH", 0, "批次已无可发放的商品券"),
            Self::SentBefore => (400, "INVALID_REQUEST", 272_755_200, "券已使用其他请求单号发放"),
            Self::ImageMissing => (400, "PARAM_ERROR", 268_578_404, "缺少必填图片"),
            Self::RungsGetWorse => (400, "INVALID_REQUEST", 268_586_067, "后一次优惠力度不得低于前一次"),
            Self::BusifavorParameter => (400, "PARAM_ERROR", 0, "参数错误"),
            Self::BusifavorFault => (400, "SYSTEM_ERROR", 0, "系统错误,请使用相同参数稍后重新调用"),
            Self::BusifavorAppid => (400, "APPID_MCHID_NOT_MATCH", 0, "商户号与AppID不匹配"),
            Self::BusifavorNoAuthority => (403, "NOAUTH", 0, "无权限"),
            Self::BusifavorAbsent => (404, "RESOURCE_NOT_EXISTS", 0, "查询的资源不存在"),
            Self::BusifavorUserAbsent => (404, "USER_NOT_EXISTS", 0, "OpenID不正确"),
            Self::BusifavorUsed => (400, "RESOURCE_ALREADY_EXISTS", 0, "券已被其他订单核销"),
            Self::BusifavorNotNow => (403, "RULELIMIT", 0, "券不在有效期内"),
            // Which error a wrong state gets is not documented.
            Self::BusifavorState => (400, "INVALID_REQUEST", 0, "券状态不允许当前操作"),
            Self::NoStoreRule => (400, "INVALID_REQUEST", 268_578_813, "批次未限定门店,不能关联门店"),
        };
        Row { status, code, sub_code, message }
    }
}

/// A refusal on its way to the caller.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    pub(crate) detail: Option<Value>,
    /// The explanation for the programmer.
    pub(crate) issue: Option<Box<Text>>,
}

impl Refusal {
    /// A refusal that points at a member or header.
    pub(crate) fn about(
        reason: Reason,
        field: &str,
        value: &Value,
        issue: impl Into<Text>,
        location: &str,
    ) -> Self {
        let issue = issue.into();
        let mut detail = json!({ "field": field, "issue": issue.english(), "location": location });
        if let (Some(members), false) = (detail.as_object_mut(), value.is_null()) {
            members.insert("value".into(), shorten(value));
        }
        Self { reason, detail: Some(detail), issue: Some(Box::new(issue)) }
    }

    /// A refusal with an explanation for the programmer.
    pub(crate) fn because(reason: Reason, issue: impl Into<Text>) -> Self {
        let issue = issue.into();
        Self { reason, detail: Some(json!({ "issue": issue.english() })), issue: Some(Box::new(issue)) }
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> Value {
        let row = self.reason.row();
        let mut body = json!({ "code": row.code, "message": row.message });
        if let (Some(members), Some(detail)) = (body.as_object_mut(), &self.detail) {
            members.insert("detail".into(), detail.clone());
        }
        body
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason, detail: None, issue: None }
    }
}

/// Values are echoed, but not megabytes of them.
fn shorten(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.chars().take(64).collect()),
        Value::Object(_) | Value::Array(_) => Value::String("…".into()),
        other => other.clone(),
    }
}
