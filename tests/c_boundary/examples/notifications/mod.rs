//! The example receiver in C, from the wire to the confirmed coupon.

mod http;
mod issued;
mod program;
