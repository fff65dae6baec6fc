//! From what a scanner gave to the coupons that can be redeemed, the best first: everything of it that needs no network.
//!
//! `question` is the caller's input, `text` what a scanned text can be read as, [`payment_code`] the request that turns a payment
//! code into an openid and the judgement of its answer, [`offer`] what becomes of each coupon.

mod masked;
pub mod offer;
pub mod payment_code;
mod question;
pub mod text;

pub use question::{Asked, PaymentSide, Question};
