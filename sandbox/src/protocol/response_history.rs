//! The latest signed successes, for the fault that gives one of them once more.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::http::response::Response;
use crate::sync::lock;

/// How many are kept.
const MOST: usize = 100;

#[derive(Debug)]
struct Kept {
    operation: String,
    coupon_code: Option<String>,
    response: Response,
}

/// Signed successes, oldest first.
#[derive(Debug, Default)]
pub(crate) struct ResponseHistory(Mutex<VecDeque<Kept>>);

impl ResponseHistory {
    pub(crate) fn keep(&self, operation: &str, coupon_code: Option<&str>, response: &Response) {
        let mut responses = lock(&self.0);
        if responses.len() >= MOST {
            responses.pop_front();
        }
        let coupon_code = coupon_code.map(str::to_owned);
        responses.push_back(Kept {
            operation: operation.to_owned(),
            coupon_code,
            response: response.clone(),
        });
    }

    /// The latest answer to that operation on that coupon.
    pub(crate) fn latest(&self, operation: &str, coupon_code: Option<&str>) -> Option<Response> {
        let responses = lock(&self.0);
        let wanted = |kept: &&Kept| kept.operation == operation && kept.coupon_code.as_deref() == coupon_code;
        responses.iter().rev().find(wanted).map(|kept| kept.response.clone())
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }
}
