//! Texts that are found by a name of the library's.

use crate::language::Text;

const fn text(en: &'static str, zh: &'static str) -> Text {
    Text { en, zh }
}

/// What is known of a request in that state, and what to do.
const STATES: [(&str, Text); 11] = [
    ("pending", text("it may have taken effect: settle it", "可能已经生效：请查清（wxcoupon settle）")),
    ("done", text("it took effect", "已经生效")),
    ("refused", text("WeChat Pay refused it: it has no effect", "微信支付拒绝了：没有生效")),
    ("closed", text("it had no effect; the same number may be tried again", "没有生效；可用同一单号再试")),
    (
        "watching",
        text(
            "called off, and not redeemed now; a delayed copy is watched for: settle once more later",
            "已作废，现在没有核销；还在观察有没有迟到的请求：过几分钟再查清一次",
        ),
    ),
    ("voided", text("called off: it has no effect, or was returned", "已作废：没有生效，或已退回")),
    (
        "voiding",
        text(
            "being called off, and not yet known: settle it",
            "正在作废，结果还不知道：请查清（wxcoupon settle）",
        ),
    ),
    (
        "refused_watched",
        text(
            "WeChat Pay refused it; a delayed copy is watched for, and would be returned",
            "微信支付拒绝了；还在观察有没有迟到的请求，万一生效会退回",
        ),
    ),
    (
        "unresolved",
        text(
            "answers came for a day, and none shows what happened: ask WeChat Pay's support with the Request-IDs, then abandon it",
            "一天来都有应答，但都看不出结果：拿请求标识问微信支付客服，之后放弃（wxcoupon abandon）",
        ),
    ),
    (
        "damaged",
        text(
            "something else has changed the row: look at the disk, settle it, or abandon it",
            "这一行被别的程序改过：检查磁盘，再查清或放弃",
        ),
    ),
    ("abandoned", text("a person gave it up; it is never sent again", "人工决定放弃，不再发送")),
];

/// The names of states. In Chinese the library's own name, which programs see, stands behind.
const STATE_NAMES: [(&str, Text); 12] = [
    ("pending", text("pending", "存疑（pending）")),
    ("done", text("done", "成功（done）")),
    ("refused", text("refused", "被拒绝（refused）")),
    ("closed", text("closed", "没有生效（closed）")),
    ("watching", text("watching", "观察（watching）")),
    ("voided", text("voided", "已作废（voided）")),
    ("voiding", text("voiding", "正在作废（voiding）")),
    ("refused_watched", text("refused_watched", "被拒绝，观察（refused_watched）")),
    ("unresolved", text("unresolved", "未决（unresolved）")),
    ("damaged", text("damaged", "已损坏（damaged）")),
    ("abandoned", text("abandoned", "已放弃（abandoned）")),
    ("finished", text("finished", "已完结（finished）")),
];

/// What a state is called.
pub fn state_name(name: &str) -> Option<Text> {
    STATE_NAMES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// What a line of the self-check is about, and what to do if it is not in order. A name that ends in a blank is followed by a
/// host.
const LINES: [(&str, Text, Text); 23] = [
    ("mode", text("mode", "模式"), text("Look at mode in the configuration.", "检查配置里的 mode。")),
    ("mchid", text("service provider", "服务商号"), text("Look at mchid.", "检查 mchid。")),
    ("brand_id", text("brand", "品牌"), text("Look at brand_id.", "检查 brand_id。")),
    (
        "merchant_serial_no",
        text("serial number", "证书序列号"),
        text("Look at merchant_serial_no.", "检查 merchant_serial_no。"),
    ),
    (
        "merchant_certificate",
        text("merchant certificate", "商户证书"),
        text("Look at merchant_certificate_path.", "检查 merchant_certificate_path。"),
    ),
    ("apiv3_key", text("APIv3 key", "APIv3 密钥"), text("Look at apiv3_key.", "检查 apiv3_key。")),
    (
        "verifies_with",
        text("verifies with", "验签用的密钥"),
        text("Look at the keys of WeChat Pay.", "检查微信支付公钥或平台证书。"),
    ),
    (
        "journal",
        text("journal", "流水"),
        text(
            "Set journal_path to a file on this machine, and look at its disk and its rights.",
            "把 journal_path 设为本机的文件，并检查磁盘和权限。",
        ),
    ),
    (
        "log",
        text("log", "日志"),
        text(
            "Make the folder of log_path writable; is the disk full?",
            "让 log_path 的文件夹可写；磁盘是不是满了？",
        ),
    ),
    (
        "directory",
        text("directory of coupons", "券码目录"),
        text("Look at the directory's file, its disk and its rights.", "检查券码目录的文件、磁盘和权限。"),
    ),
    (
        "product_authorities",
        text("authorised products", "品牌授权"),
        text(
            "The brand authorises this service provider for product coupons.",
            "请品牌方在品牌经营平台将“商品券”产品授权给本服务商。",
        ),
    ),
    (
        "store",
        text("store", "门店"),
        text("Only an open store can redeem: look at store_id.", "只有营业中的门店才能核销：检查 store_id。"),
    ),
    ("pending", text("pending", "存疑的请求"), text("Run wxcoupon settle.", "运行 wxcoupon settle。")),
    (
        "clock_offset_s",
        text("clock is behind by (s)", "时钟落后（秒）"),
        text("Set the clock and the time zone of this machine.", "校准本机的时间和时区。"),
    ),
    (
        "dns ",
        text("name look-up", "域名解析"),
        text(
            "Look at the network and at the DNS server; a firewall may block it.",
            "检查网络和 DNS 服务器，可能被防火墙拦截。",
        ),
    ),
    (
        "tls ",
        text("connection", "加密连接"),
        text(
            "Look at the network, the proxy and the clock; is the domain name allowed through the firewall?",
            "检查网络、代理和时钟；防火墙是否放行了这个域名？",
        ),
    ),
    // Without TLS, to a hub.
    (
        "connection ",
        text("connection", "连接"),
        text("Look at the hub, at hub_urls and at firewalls.", "检查 hub、hub_urls 和防火墙。"),
    ),
    ("hub ", text("hub", "hub 服务"), text("Ask the people who run the hub.", "请联系维护 hub 的人。")),
    (
        "clock",
        text("clock", "时钟"),
        text("Set the clock and the time zone of this machine.", "校准本机的时间和时区。"),
    ),
    ("till_id", text("till", "收银机"), text("Look at till_id.", "检查 till_id。")),
    ("till_key", text("till's key", "收银机密钥"), text("Look at till_key.", "检查 till_key。")),
    (
        "till_code",
        text("code for the key", "换密钥的一次性代码"),
        text(
            "Ask for a new code: it serves once, for 15 minutes.",
            "请重新要一个代码：只能用一次，15 分钟内有效。",
        ),
    ),
    (
        "echo ",
        text("signed question", "签名往返"),
        text(
            "Do mchid, merchant_serial_no and the private key belong together, and is the public key WeChat Pay's?",
            "商户号、merchant_serial_no 和私钥是否配套？mchid 对不对？公钥是不是微信支付的？",
        ),
    ),
];

/// What the self-check finds, in the library's words, and in the words of the list. What is not here is told as it came.
const FOUND: [(&str, Text); 7] = [
    (
        "not given (merchant_certificate_path): only WeChat Pay can say whether key and serial number belong together",
        text(
            "not given (merchant_certificate_path): only WeChat Pay can say whether key and serial number belong together",
            "没有给出（merchant_certificate_path）：私钥与序列号是否配套，只有微信支付能判断",
        ),
    ),
    (
        "belongs to the private key and to merchant_serial_no",
        text("belongs to the private key and to merchant_serial_no", "与私钥和 merchant_serial_no 配套"),
    ),
    ("32 bytes", text("32 bytes", "32 字节")),
    (
        "not given: notifications cannot be opened",
        text("not given: notifications cannot be opened", "没有给出：无法解密通知"),
    ),
    (
        "platform certificates, which the first call downloads",
        text("platform certificates, which the first call downloads", "平台证书，首次调用时下载"),
    ),
    (
        "in memory: what is pending is forgotten when the program ends",
        text(
            "in memory: what is pending is forgotten when the program ends",
            "只在内存里：程序结束后存疑的请求就忘了",
        ),
    ),
    (
        "connected, certificate and name are right",
        text("connected, certificate and name are right", "已连接，证书和域名都正确"),
    ),
];

/// What was found, if the list has it.
pub fn found(told: &str) -> Option<Text> {
    FOUND.iter().find(|(known, _)| *known == told).map(|(_, text)| *text)
}

/// What a state means.
pub fn state(name: &str) -> Option<Text> {
    STATES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// What a line of the self-check is called, what it is about beyond that, and what to do.
pub fn line(name: &str) -> Option<(Text, &str, Text)> {
    LINES.iter().find_map(|(known, title, advice)| {
        let host = if known.ends_with(' ') { name.strip_prefix(known)? } else { "" };
        (host.is_empty() != known.ends_with(' ') && (known.ends_with(' ') || *known == name))
            .then_some((*title, host, *advice))
    })
}

/// What `sign explain` finds in wrong programs.
pub const MISTAKES: [(&str, Text); 26] = [
    ("no_last_line_feed", text("the line feed after the body is missing", "请求体后面少了换行")),
    ("no_body", text("the body is missing", "没有把请求体算进去")),
    ("body_not_sent", text("a body is signed, and none is given here", "签了请求体，而这里没有请求体")),
    (
        "compact_body",
        text("the body without blanks, which is not what is sent", "去掉空白的请求体，与实际发送的不同"),
    ),
    ("body_and_line_feed", text("the body with a line feed of its own at the end", "请求体末尾自带了换行")),
    ("body_trimmed", text("the body without blanks at its ends", "去掉首尾空白的请求体")),
    ("no_query", text("the path without its query", "路径没带查询串")),
    (
        "whole_url",
        text(
            "the whole address with the host, not path and query alone",
            "用了带域名的完整地址，应只用路径和查询串",
        ),
    ),
    (
        "decoded_target",
        text(
            "the path decoded; it is signed as it is sent, percent-encoded",
            "用了解码后的路径，应使用实际发送的百分号编码",
        ),
    ),
    ("lower_case_method", text("the method in lower case", "方法用了小写")),
    ("milliseconds", text("timestamp in milliseconds", "timestamp 用了毫秒")),
    ("carriage_returns", text("lines that end with CR and LF", "每行以回车加换行结尾")),
    ("time_first", text("timestamp and nonce before method and path", "把时间和随机串放在方法和路径前面")),
    (
        "like_an_answer",
        text("timestamp, nonce and body alone, as in answers", "只有时间、随机串和请求体，那是应答的签法"),
    ),
    (
        "spaced_body",
        text("the body with other blanks than what is sent", "请求体的空格或缩进与实际发送的不同"),
    ),
    (
        "escaped_body",
        text(
            "the body with other escapes than what is sent (\\u or \\/)",
            "请求体的转义（\\u 或 \\/）与实际发送的不同",
        ),
    ),
    ("body_and_mark", text("the body with a byte order mark in front", "请求体前面带了 BOM")),
    ("another_method", text("another HTTP method", "用了别的 HTTP 方法")),
    (
        "another_second",
        text("another second than the header's timestamp", "签的秒数与请求头的 timestamp 不同"),
    ),
    ("nonce_case", text("the nonce in other letters than in the header", "随机串的大小写与请求头不同")),
    ("no_nonce", text("no nonce", "没有把随机串算进去")),
    ("escapes_case", text("escapes of the path in lower case", "路径的百分号编码用了小写")),
    ("written_line_feeds", text("backslash and n in place of line feeds", "换行写成了反斜杠加 n 两个字符")),
    ("no_line_feeds", text("no line feeds at all", "一个换行都没有")),
    ("hashed_twice", text("the hash of the text, which was hashed again", "先算了摘要，又对摘要签名")),
    ("no_slash", text("the path without its first slash", "路径少了开头的斜杠")),
];

/// What a mistake is.
pub fn mistake(name: &str) -> Option<Text> {
    MISTAKES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// What a file of the bundle holds.
const FILES: [(&str, Text); 8] = [
    (
        "versions.json",
        text("versions, system, keys by name, hosts, clock", "版本、系统、密钥名称、接入点、时钟"),
    ),
    ("configuration.json", text("the configuration without secrets", "去掉机密的配置")),
    ("check.json", text("the self-check", "自检结果")),
    ("pending.json", text("what is not known to be finished", "未完结的请求")),
    ("log.jsonl", text("the last lines of the log", "最近的日志")),
    ("courses/", text("the course of one request", "一笔请求的经过")),
    ("errors.json", text("what could not be gathered, and why", "哪些材料收不到，为什么")),
    ("manifest.json", text("what is in the bundle, and what was masked", "材料清单，以及打码了什么")),
];

/// What a file of the bundle is for.
pub fn file(name: &str) -> Option<Text> {
    FILES
        .iter()
        .find(|(known, _)| *known == name || known.ends_with('/') && name.starts_with(known))
        .map(|(_, text)| *text)
}

/// What a key file can be.
const KEYS: [(&str, Text); 6] = [
    ("private_key", text("a private key", "私钥")),
    ("encrypted_private_key", text("a private key under a passphrase", "带口令的私钥")),
    ("public_key", text("a public key", "公钥")),
    ("certificate", text("a certificate", "证书")),
    ("pkcs12", text("a PKCS#12 archive (.p12 or .pfx)", "PKCS#12 文件（.p12 或 .pfx）")),
    ("other", text("something else", "其他内容")),
];

/// What a key file is.
pub fn key(name: &str) -> Option<Text> {
    KEYS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// What the library calls objects that are neither key nor certificate for it.
const OTHERS: [(&str, Text); 5] = [
    ("a certificate request", text("a certificate request", "证书请求（CSR）")),
    ("a private key that is not RSA", text("a private key that is not RSA", "不是 RSA 的私钥")),
    ("an OpenSSH key", text("an OpenSSH key", "OpenSSH 密钥")),
    ("bytes that are no key", text("bytes that are no key", "不是密钥的内容")),
    ("another kind of PEM object", text("another kind of PEM object", "别的 PEM 内容")),
];

/// The same in the chosen language.
pub fn other_object(what: &str) -> Option<Text> {
    OTHERS.iter().find(|(known, _)| *known == what).map(|(_, text)| *text)
}

#[cfg(test)]
pub fn all() -> impl Iterator<Item = (&'static str, Text)> {
    let lines = LINES.iter().flat_map(|(name, title, advice)| [(*name, *title), (*name, *advice)]);
    let lists = [&STATES[..], &STATE_NAMES, &MISTAKES, &FILES, &KEYS, &OTHERS, &FOUND];
    lists.into_iter().flatten().copied().chain(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wxcoupon::journal::State;

    #[test]
    fn every_state_of_the_journal_is_told() {
        for known in State::ALL {
            assert!(state(known.name()).is_some() && state_name(known.name()).is_some(), "{}", known.name());
        }
        assert!(state("else").is_none());
    }

    #[test]
    fn lines_with_a_host_are_found_by_their_beginning() {
        assert_eq!(
            line("dns a.example:1").map(|(title, host, _)| (title.en, host)),
            Some(("name look-up", "a.example:1"))
        );
        assert_eq!(line("journal").map(|(title, host, _)| (title.en, host)), Some(("journal", "")));
        assert!(line("journals").is_none() && line("dns ").is_none() && line("what").is_none());
    }
}
