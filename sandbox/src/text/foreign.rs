//! What serde and the system say, in both languages.

use std::io;

use serde_json::error::Category;

use super::Text;

impl From<serde_json::Error> for Text {
    fn from(error: serde_json::Error) -> Self {
        let english = error.to_string();
        let place = match (error.line(), error.column()) {
            (0, _) => String::new(),
            (line, column) => format!("，第 {line} 行第 {column} 列"),
        };
        let issue = match error.classify() {
            Category::Eof => "内容不完整".to_owned(),
            Category::Syntax => "不是有效的 JSON".to_owned(),
            Category::Data => of_data(&english),
            Category::Io => "无法读取".to_owned(),
        };
        Self::new(english, format!("JSON 不合要求：{issue}{place}"))
    }
}

/// The beginnings of serde's sentences are fixed (`serde::de::Error`); in backquotes stands what is meant.
fn of_data(english: &str) -> String {
    let mut names = english.split('`').skip(1).step_by(2);
    let first = names.next().unwrap_or_default();
    let known: Vec<&str> = names.collect();
    let known =
        if known.is_empty() { String::new() } else { format!("，可用的有 {}", known.join("、")) };
    match () {
        () if english.starts_with("unknown field") => format!("没有名为 {first} 的字段{known}"),
        () if english.starts_with("unknown variant") => format!("没有名为 {first} 的取值{known}"),
        () if english.starts_with("missing field") => format!("缺少字段 {first}"),
        () if english.starts_with("duplicate field") => format!("字段 {first} 重复"),
        () if english.starts_with("invalid type") => "类型不对".to_owned(),
        () => "取值不合要求".to_owned(),
    }
}

impl From<&io::Error> for Text {
    fn from(error: &io::Error) -> Self {
        let chinese = match error.kind() {
            io::ErrorKind::NotFound => "不存在",
            io::ErrorKind::PermissionDenied => "没有权限",
            io::ErrorKind::ConnectionRefused => "连接被拒绝",
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                "连接中断"
            }
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "超时",
            io::ErrorKind::AddrInUse => "端口已被占用",
            io::ErrorKind::AddrNotAvailable => "地址不属于本机",
            io::ErrorKind::StorageFull => "磁盘已满",
            // The system's own words say more than none.
            _ => return Self::new(error.to_string(), format!("系统错误（{error}）")),
        };
        Self::new(error.to_string(), chinese)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Form {
        kind: Kind,
        count: u8,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Hang,
        Delay,
    }

    #[test]
    fn serde_is_said_in_chinese_with_the_names_it_names() {
        let said = |json: &str| {
            let text = Text::from(serde_json::from_str::<Form>(json).unwrap_err());
            text.chinese().strip_prefix("JSON 不合要求：").unwrap().to_owned()
        };
        assert_eq!(said(r#"{"kind":"fly"}"#), "没有名为 fly 的取值，可用的有 hang、delay，第 1 行第 13 列");
        assert!(said(r#"{"colour":1}"#).starts_with("没有名为 colour 的字段，可用的有 kind、count，"));
        assert!(said(r#"{"count":1}"#).starts_with("缺少字段 kind，"));
        assert!(said(r#"{"count":1,"count":1}"#).starts_with("字段 count 重复，"));
        assert!(said(r#"{"count":"x"}"#).starts_with("类型不对，"));
        assert!(said(r#"{"count":300}"#).starts_with("取值不合要求，"));
        assert!(said(r#"{"count""#).starts_with("内容不完整，"));
        assert!(said("colour").starts_with("不是有效的 JSON，"));
    }

    #[test]
    fn the_system_is_said_in_chinese_where_it_can_be() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(Text::from(&refused).chinese(), "连接被拒绝");
        assert!(Text::from(&io::Error::other("odd")).chinese().contains("odd"));
    }
}
