//! 易语言: stdcall, texts in GBK, a remark in Chinese behind each name. Both files are pasted into its tables whole,
//! so that they can have no marks.

use super::{Part, caseless_numbers, lines};
use testkit::contract::{Contract, Function, Kind};

const HEAD: &str = "\u{feff}.版本 2\n\n";

pub fn parts(contract: &Contract) -> Vec<Part> {
    let commands: Vec<String> = contract.functions.iter().map(command).collect();
    let numbers =
        lines(caseless_numbers(contract), |(name, number)| format!(".常量 {name}, \"{number}\", 公开"));
    vec![
        Part::whole("epl/dll.txt", format!("{HEAD}{}", commands.join("\n"))),
        Part::whole("epl/constants.txt", format!("{HEAD}{numbers}")),
    ]
}

fn command(function: &Function) -> String {
    let (name, result) = (&function.name, word(function.returns.of.kind));
    let remark = remark(FUNCTIONS, name);
    let parameters = lines(&function.parameters, |parameter| {
        let by = if parameter.typed.of.kind == Kind::HandleOut { "传址" } else { "" };
        let (name, word) = (&parameter.typed.name, word(parameter.typed.of.kind));
        format!("    .参数 {name}, {word}, {by}, {}", self::remark(PARAMETERS, name))
    });
    format!(".DLL命令 {name}, {result}, \"wxcoupon.dll\", \"{name}_std\", 公开, {remark}\n{parameters}")
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::None => "",
        Kind::Text | Kind::BorrowedText => "文本型",
        Kind::Bytes | Kind::TextOut | Kind::Utf16Out => "字节集",
        Kind::Int32 | Kind::Uint32 | Kind::Handle | Kind::HandleOut | Kind::Callback | Kind::UserData => {
            "整数型"
        }
    }
}

fn remark(table: &[(&str, &'static str)], name: &str) -> &'static str {
    let found = table.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("a remark in Chinese for {name}")).1
}

const FUNCTIONS: &[(&str, &str)] = &[
    ("wxcoupon_version", "库的版本号，如“0.1.0”"),
    ("wxcoupon_abi_version", "接口编号；应等于 #WX_ABI_VERSION"),
    ("wxcoupon_status_name", "状态的名称"),
    ("wxcoupon_status_text", "状态的英文说明"),
    ("wxcoupon_status_class", "状态的类别，见 #WXCOUPON_CLASS_ 各常量"),
    ("wxcoupon_buf_new", "新建结果缓冲区，程序启动时建一次"),
    ("wxcoupon_buf_data", "取结果（JSON）。先把 text_encoding 配置为 gbk"),
    ("wxcoupon_buf_len", "结果的字节数"),
    ("wxcoupon_buf_copy", "把结果复制到字节集，返回结果的字节数"),
    ("wxcoupon_buf_copy_utf16", "同上，UTF-16，以 16 位为单位计数"),
    ("wxcoupon_buf_status", "上次调用的状态"),
    ("wxcoupon_buf_in_doubt", "1：请求可能已经生效"),
    ("wxcoupon_buf_free", "释放结果缓冲区"),
    ("wxcoupon_ctx_new", "按配置（JSON）新建上下文，程序启动时建一次；不访问网络"),
    ("wxcoupon_ctx_update", "更换密钥和配置"),
    ("wxcoupon_ctx_free", "释放上下文"),
    ("wxcoupon_scan", "由扫码结果查找可用的券；不核销"),
    ("wxcoupon_query", "查询一张券"),
    ("wxcoupon_quote", "试算优惠金额；不访问网络"),
    ("wxcoupon_use", "核销"),
    ("wxcoupon_return", "退券（撤销核销）"),
    ("wxcoupon_list", "查询用户的券"),
    ("wxcoupon_send", "发券"),
    ("wxcoupon_confirm", "确认发券"),
    ("wxcoupon_deactivate", "使券失效"),
    ("wxcoupon_pending", "列出结果未知的请求；不访问网络"),
    ("wxcoupon_settle", "查明未知的结果；“{}”为全部"),
    ("wxcoupon_start", "在后台开始一次操作"),
    ("wxcoupon_job_wait", "查询后台操作；未完成时返回 #WXCOUPON_E_RUNNING"),
    ("wxcoupon_job_cancel", "取消后台操作"),
    ("wxcoupon_job_free", "释放后台操作"),
    ("wxcoupon_notification_open", "验证并解密微信支付的通知"),
    ("wxcoupon_call", "按名称调用任一操作"),
    ("wxcoupon_request", "签名并发送任一 APIv3 请求"),
    ("wxcoupon_log_set", "设置日志子程序"),
    ("wxcoupon_warm", "预先建立连接"),
    ("wxcoupon_check", "自检；“{}”不访问网络"),
    ("wxcoupon_stats", "自启动以来的计数；不访问网络"),
    ("wxcoupon_handles_live", "尚未释放的句柄数"),
];

const PARAMETERS: &[(&str, &str)] = &[
    ("status", "状态"),
    ("buf", "结果缓冲区"),
    ("dst", "先用“取空白字节集”备好空间"),
    ("cap", "空间大小"),
    ("config_json", "JSON"),
    ("out_ctx", "接收上下文"),
    ("out_buf", "接收结果的缓冲区，可为 0"),
    ("ctx", "上下文"),
    ("json_in", "JSON"),
    ("operation", "操作名称，如“use”"),
    ("out_job", "接收后台操作"),
    ("job", "后台操作"),
    ("wait_ms", "最多等待的毫秒数，可为 0"),
    ("headers_json", "HTTP 头（JSON）"),
    ("body", "HTTP 正文，原样"),
    ("body_len", "正文的字节数"),
    ("method", "GET、POST、PUT、PATCH 或 DELETE"),
    ("path_and_query", "以“/”开头"),
    ("json_body", "JSON；GET 时用“{}”"),
    ("sink", "到整数 (&日志子程序)；0 为不要日志"),
    ("user_data", "原样传给日志子程序"),
    ("max_level", "见 #WXCOUPON_LOG_ 各常量"),
];
