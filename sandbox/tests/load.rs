//! How much the sandbox carries. Slow and machine-bound, so not run by
//! default: `cargo test --release --test load -- --ignored --nocapture`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod support;

use std::thread;
use std::time::Instant;

use support::{Till, sandbox};

const LINES: usize = 64;
const EACH: usize = 100;

#[test]
#[ignore = "measures; run by hand"]
fn sixty_four_connections() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    // Signed beforehand, so that the client's own RSA does not count.
    let requests: Vec<Vec<Vec<u8>>> = (0..LINES)
        .map(|line| {
            (0..EACH)
                .map(|n| {
                    till.use_request(&format!("AUTO_{line}_{n}"), &format!("NUMBER_{line}_{n}")).bytes(&till)
                })
                .collect()
        })
        .collect();
    let mut lines: Vec<_> = (0..LINES).map(|_| till.connect(&till.urls[0]).unwrap()).collect();
    let start = Instant::now();
    thread::scope(|scope| {
        for (line, requests) in lines.iter_mut().zip(&requests) {
            scope.spawn(move || {
                for request in requests {
                    line.write(request).unwrap();
                    assert_eq!(line.read_answer().unwrap().status, 200);
                }
            });
        }
    });
    let took = start.elapsed();
    let count = LINES * EACH;
    let rate = f64::from(u32::try_from(count).unwrap()) / took.as_secs_f64();
    println!("{count} redemptions in {took:?}: {rate:.0}/s");
    assert_eq!(sandbox.ledger().len(), count);
}
