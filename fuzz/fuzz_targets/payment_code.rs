#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wxcoupon_fuzz_targets::run("payment_code", data));
