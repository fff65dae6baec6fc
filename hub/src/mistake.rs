//! What a person at the prompt must mend.

use crate::language::Language;
use crate::secret::NoRandom;
use std::fmt;
use std::io::{Error, ErrorKind};
use std::path::Path;

/// A mistake of configuration, files or arguments: one sentence that names it, in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    en: String,
    zh: String,
}

impl Mistake {
    /// In English and in Chinese.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Mistake {
        Mistake { en: en.into(), zh: zh.into() }
    }

    /// A text that is in the right language already.
    pub fn said(text: String) -> Mistake {
        Mistake { en: text.clone(), zh: text }
    }

    /// What the store says; its own words stay as detail.
    pub fn store(failed: &crate::store::Failed) -> Mistake {
        Mistake::new(failed.to_string(), format!("存储（store）出错：{failed}"))
    }

    /// A file that a member names, and what the system says about it.
    pub fn file(member: &str, path: &Path, error: &Error) -> Mistake {
        let path = path.display();
        Mistake::new(format!("{member}: {path}: {error}"), format!("{member}：{path}：{}", of_system(error)))
    }

    /// What is wrong with the file: the first line, since the others quote it. What serde says begins in fixed ways, with names in backquotes.
    pub fn toml(message: &str) -> Mistake {
        let english = message.lines().next().unwrap_or_default();
        let mut names = english.split('`').skip(1).step_by(2);
        let name = names.next().unwrap_or_default();
        let known: Vec<&str> = names.collect();
        let known =
            if known.is_empty() { String::new() } else { format!("，可用的有 {}", known.join("、")) };
        let chinese = match () {
            () if english.starts_with("unknown field") => format!("没有名为 {name} 的配置项{known}"),
            () if english.starts_with("unknown variant") => format!("取值不能是 {name}{known}"),
            () if english.starts_with("missing field") => format!("缺少配置项 {name}"),
            () if english.starts_with("duplicate") => "配置项重复".to_owned(),
            () if english.starts_with("invalid type") => format!("类型不对（{english}）"),
            () => format!("不合要求（{english}）"),
        };
        Mistake::new(english, chinese)
    }

    /// With its place in front.
    pub fn at(self, place: &str) -> Mistake {
        Mistake::new(format!("{place}: {}", self.en), format!("{place}：{}", self.zh))
    }

    pub fn of(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::Chinese => &self.zh,
        }
    }
}

/// What the system says, in Chinese where that can be.
pub fn of_system(error: &Error) -> String {
    let known = match error.kind() {
        ErrorKind::NotFound => "不存在",
        ErrorKind::PermissionDenied => "没有权限",
        ErrorKind::AlreadyExists => "已存在",
        ErrorKind::AddrInUse => "端口已被占用",
        ErrorKind::AddrNotAvailable => "地址不属于本机",
        ErrorKind::InvalidData => "不是 UTF-8 文本",
        _ => return format!("系统错误（{error}）"),
    };
    known.to_owned()
}

/// In logs.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}

impl From<NoRandom> for Mistake {
    fn from(error: NoRandom) -> Mistake {
        Mistake::new(error.to_string(), "系统无法提供随机数")
    }
}
