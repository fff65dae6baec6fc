//! The attempts of a request and their results, so that a sale can be explained later.

use serde::{Deserialize, Serialize};

/// How many attempts each row keeps: the first ones and the last ones.
const FIRST: usize = 4;
const LAST: usize = 12;

/// One attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began, in milliseconds since 1970 by this machine's clock.
    pub at_ms: i64,
    /// Host that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// HTTP status of its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<u16>,
    /// `Request-ID` of its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Its status.
    pub code: i32,
}

/// The attempts in their order. If there are too many, those in the middle are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course(Vec<Attempt>);

impl Course {
    /// Adds the latest.
    pub fn push(&mut self, attempt: Attempt) {
        if self.0.len() >= FIRST + LAST {
            self.0.remove(FIRST);
        }
        self.0.push(attempt);
    }

    /// The attempts that are kept.
    pub fn attempts(&self) -> &[Attempt] {
        &self.0
    }

    /// This course, followed by a later one.
    #[must_use]
    pub fn followed_by(&self, later: Course) -> Course {
        let mut whole = self.clone();
        later.0.into_iter().for_each(|attempt| whole.push(attempt));
        whole
    }

    /// The form that a store keeps.
    pub fn to_json(&self) -> String {
        crate::json::text(&self.0, 0)
    }

    /// `None` if the text is not a course.
    pub fn from_json(text: &str) -> Option<Course> {
        serde_json::from_str(text).ok().map(Course)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_attempts_are_kept() {
        let mut course = Course::default();
        for at_ms in 0..100 {
            course.push(Attempt { at_ms, ..Attempt::default() });
        }
        let kept: Vec<i64> = course.attempts().iter().map(|attempt| attempt.at_ms).collect();
        assert_eq!(kept, [0, 1, 2, 3, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
        assert_eq!(Course::from_json(&course.to_json()), Some(course));
        assert_eq!(Course::from_json("[{}]"), None);
    }
}
