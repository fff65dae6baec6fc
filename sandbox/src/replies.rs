//! The latest answers, for those that are given once more.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::http::reply::Reply;
use crate::sync::lock;

/// How many are kept.
const MOST: usize = 100;

#[derive(Debug)]
struct Kept {
    operation: String,
    coupon_code: Option<String>,
    reply: Reply,
}

/// Signed successes, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Replies(Mutex<VecDeque<Kept>>);

impl Replies {
    pub(crate) fn keep(&self, operation: &str, coupon_code: Option<&str>, reply: &Reply) {
        let mut replies = lock(&self.0);
        if replies.len() >= MOST {
            replies.pop_front();
        }
        let coupon_code = coupon_code.map(str::to_owned);
        replies.push_back(Kept { operation: operation.to_owned(), coupon_code, reply: reply.clone() });
    }

    /// The latest answer to that operation on that coupon.
    pub(crate) fn latest(&self, operation: &str, coupon_code: Option<&str>) -> Option<Reply> {
        let replies = lock(&self.0);
        let wanted = |kept: &&Kept| kept.operation == operation && kept.coupon_code.as_deref() == coupon_code;
        replies.iter().rev().find(wanted).map(|kept| kept.reply.clone())
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }
}
