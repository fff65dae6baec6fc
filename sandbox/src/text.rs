//! A sentence for people, in both languages.

use openssl::error::ErrorStack;

/// Why something was refused. Whoever makes one has to say it twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{english}")]
pub struct Text {
    english: String,
    chinese: String,
}

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

/// serde's own words stay as detail.
impl From<serde_json::Error> for Text {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error.to_string(), format!("JSON 不合要求（{error}）"))
    }
}

impl From<ErrorStack> for Text {
    fn from(error: ErrorStack) -> Self {
        Self::new(error.to_string(), format!("加密库出错（{error}）"))
    }
}
