//! What to do about a status, in both languages.

use crate::language::Text;
use wxcoupon::status::Code;

const IN_DOUBT: &str = "先不要结单：查清（settle）此单号，或原样重试；不要换新单号。";

/// What to do about a status. English is the library's.
pub const fn of(code: Code) -> Text {
    let zh = match code {
        Code::Ok => "",
        Code::Null => "传入该参数；原因里写明了是哪一个。",
        Code::Handle => "先创建句柄，只释放一次，并按完整指针传递（64 位系统上为 64 位）。",
        Code::Encoding => "传 UTF-8，或把 text_encoding 设为程序所用的编码。",
        Code::Json => "传一个 JSON 对象：不超过 64 KiB、32 层，成员不重复。",
        Code::Request => "改正“字段”指出的成员；请求没有发出。",
        Code::Operation => "使用文档里的接口名。",
        Code::Reentrant => "不要在日志回调里更换回调。",
        Code::Config => "改正“字段”指出的配置项。",
        Code::Key => "对照“现有的”与“应有的”，换成正确的文件。",
        Code::Journal => "检查路径、权限、磁盘，以及占用该文件的其他程序。",
        Code::Clock => "校准本机的时间和时区。",
        Code::Connect => "检查网络、域名解析、防火墙和代理，然后原样重试。",
        Code::Tls => "检查时钟、ca_path，以及代理是否替换了证书。",
        Code::TimeoutUnsent => "用同一单号重试。",
        Code::CancelledUnsent => "什么都没有发生，无须处理。",
        Code::ReadFailed => "重新查询。",
        Code::AnswerTimeout
        | Code::ConnectionLost
        | Code::AnswerUnreadable
        | Code::Server
        | Code::CancelledSent => IN_DOUBT,
        Code::AnswerUntrusted => "先不要结单：查清（settle）此单号，或原样重试；verification 写明了原因。",
        Code::Unrecorded => "先修复流水（磁盘、权限），再查清（settle）此单号。",
        Code::Refused => "见微信支付的错误码和说明。",
        Code::CouponState => "查询该券：状态、有效期、可用时段。",
        Code::NotFound => "核对 coupon_code、stock_id、product_coupon_id 和 brand_id。",
        Code::NoPermission => "请品牌方将商品券产品授权给本服务商。",
        Code::SignRejected => "核对 mchid、merchant_serial_no、私钥和本机时钟。",
        Code::RequestNoReused => "一次核销用一个单号，重试时不变；作废过的单号不再使用。",
        Code::NotificationUntrusted => "原样返回 reply：真正来自微信支付的会重发。verification 写明了原因。",
        Code::RateLimited | Code::Locked => "等 retry_after_ms 后用同一单号原样重试。",
        Code::Running => "稍后再查。",
        Code::Panic => "看 in_doubt：原样重试或查清（settle），并把这一行日志报给我们。",
        Code::Internal => "看 in_doubt：原样重试或查清（settle），并把原因报给我们。",
    };
    Text { en: code.hint(), zh }
}

/// Advice of the library's, if it is a status' own.
pub fn known(advice: &str) -> Option<Text> {
    let code = Code::ALL.iter().find(|code| !advice.is_empty() && code.hint() == advice)?;
    Some(of(*code))
}

#[cfg(test)]
pub fn all() -> impl Iterator<Item = (&'static str, Text)> {
    Code::ALL.iter().filter(|code| **code != Code::Ok).map(|code| (code.name(), of(*code)))
}
