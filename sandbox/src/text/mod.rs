//! A sentence for people, in both languages.

mod foreign;

use openssl::error::ErrorStack;
use serde::Serialize;

/// Why something was refused. Whoever makes one has to say it twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{english}")]
pub struct Text {
    #[serde(rename = "en")]
    english: String,
    #[serde(rename = "zh")]
    chinese: String,
}

/// The same before it is one: English, Chinese.
pub(crate) type Said = (&'static str, &'static str);

impl Text {
    pub(crate) fn new(english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self { english: english.into(), chinese: chinese.into() }
    }

    /// Nobody here has a coupon with that code.
    pub(crate) fn no_such_coupon() -> Self {
        Self::new("no such coupon", "没有这张券")
    }

    /// In English.
    #[must_use]
    pub fn english(&self) -> &str {
        &self.english
    }

    /// In Chinese.
    #[must_use]
    pub fn chinese(&self) -> &str {
        &self.chinese
    }

    /// With the thing in front that it is about.
    pub(crate) fn about(self, what: &str) -> Self {
        Self::new(format!("{what}: {}", self.english), format!("{what}：{}", self.chinese))
    }

    /// With its subject in front.
    pub(crate) fn said_of(self, subject: &str) -> Self {
        Self::new(format!("{subject} {}", self.english), format!("{subject} {}", self.chinese))
    }
}

impl<E: Into<String>, C: Into<String>> From<(E, C)> for Text {
    fn from((english, chinese): (E, C)) -> Self {
        Self::new(english, chinese)
    }
}

impl From<ErrorStack> for Text {
    fn from(error: ErrorStack) -> Self {
        Self::new(error.to_string(), format!("加密库出错（{error}）"))
    }
}
