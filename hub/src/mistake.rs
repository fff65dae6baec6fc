//! What a person at the prompt must mend.

use crate::secret::NoRandom;
use std::fmt;
use std::path::Path;

/// A mistake of configuration, files or arguments: one sentence that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake(String);

impl Mistake {
    /// With this text.
    pub fn new(text: impl Into<String>) -> Mistake {
        Mistake(text.into())
    }

    /// A file that a member names, and what the system says about it.
    pub fn file(member: &str, path: &Path, error: &std::io::Error) -> Mistake {
        Mistake(format!("{member}: {}: {error}", path.display()))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<NoRandom> for Mistake {
    fn from(error: NoRandom) -> Mistake {
        Mistake(error.to_string())
    }
}
