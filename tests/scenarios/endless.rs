//! Every wait has an end, whoever drips his bytes one by one, and calling off ends it sooner.

use crate::raw::{Authority, Raw, accept, read_head};
use crate::till::{Till, config_with, query_request, sandbox, use_request, with_limit};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A byte every now and then, of an answer that has no end.
fn drip(stream: &mut TcpStream, beginning: &str) {
    let endless = beginning.bytes().chain(b"X-Padding: ".iter().copied().chain(std::iter::repeat(b'x')));
    for byte in endless {
        if stream.write_all(&[byte]).is_err() {
            return;
        }
        thread::sleep(Duration::from_millis(200));
    }
}

fn dripping_proxy() -> Raw {
    Raw::start(|_, mut stream| {
        read_head(&mut stream);
        drip(&mut stream, "HTTP/1.1 200 OK\r\n");
    })
}

/// Speaks TLS records whose first one never ends.
fn dripping_tls() -> Raw {
    Raw::start(|_, mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        drip(&mut stream, "\u{16}\u{3}\u{3}\u{7f}\u{7f}");
    })
}

fn through(proxy: &Raw) -> Value {
    json!({ "proxy": format!("http://{}", proxy.address) })
}

#[test]
fn a_proxy_that_drips_its_answer_holds_no_call_past_its_limits() {
    let (sandbox, proxy) = (sandbox(), dripping_proxy());
    let till = Till::new(&config_with(&sandbox, &through(&proxy)));
    let start = Instant::now();
    let told = till.redeem(&with_limit(use_request("AUTO_DRIP", "DRIP-0001"), 3000));
    assert!(start.elapsed() < Duration::from_millis(4500), "{:?} {}", start.elapsed(), told.json);
    assert_eq!(told.class(), 3, "{}", told.json);
    assert!(till.warm().json["message"].as_str().unwrap().contains("the proxy 127.0.0.1:"), "{}", told.json);
    assert_eq!(till.pending()["pending"], 0);
}

#[test]
fn a_handshake_that_drips_holds_no_call_past_its_limits() {
    let (sandbox, server) = (sandbox(), dripping_tls());
    let till =
        Till::new(&config_with(&sandbox, &json!({ "base_urls": [format!("https://{}", server.address)] })));
    let start = Instant::now();
    let told = till.query(&with_limit(query_request("AUTO_DRIP"), 2000));
    assert!(start.elapsed() < Duration::from_millis(3500), "{:?} {}", start.elapsed(), told.json);
    assert_eq!(told.class(), 3, "{}", told.json);
}

/// What is written has an end too: nobody takes it, or somebody takes it byte by byte.
#[test]
fn a_server_that_hardly_reads_holds_no_call_past_its_limits() {
    let (sandbox, authority, folder) = (sandbox(), Authority::new(), tempfile::tempdir().unwrap());
    let picture = folder.path().join("large.png");
    std::fs::write(&picture, [b"\x89PNG\r\n\x1a\n".as_slice(), &vec![7; 2 * 1000 * 1000]].concat()).unwrap();
    for reads in [false, true] {
        let server = Arc::clone(&authority.server);
        let raw = Raw::start(move |_, stream| {
            let mut server = accept(&server, stream);
            let _ = read_head(&mut server);
            while !reads || matches!(server.stream.read(&mut [0]), Ok(1)) {
                thread::sleep(Duration::from_millis(50));
            }
        });
        let url = format!("https://{}", raw.address);
        let till = Till::new(&authority.config(&sandbox, &[url], &json!({})));
        let start = Instant::now();
        let told = till.ask("upload_image", &json!({ "file": picture, "_options": { "timeout_ms": 1500 } }));
        assert!(start.elapsed() < Duration::from_secs(3), "{:?} {}", start.elapsed(), told.json);
        assert_eq!(told.class(), 4, "{}", told.json);
    }
}

/// Within a tenth of a second and not at the end of a limit, whatever it waits for.
#[test]
fn calling_off_ends_a_wait_for_a_connection() {
    let sandbox = sandbox();
    let long = json!({ "timeout_ms": 60_000, "connect_timeout_ms": 50_000, "attempt_timeout_ms": 50_000 });
    let silent = Raw::start(|_, stream| {
        thread::sleep(Duration::from_secs(60));
        drop(stream);
    });
    for (index, (proxy, server)) in
        [(Some(dripping_proxy()), None), (None, Some(dripping_tls())), (None, Some(silent))]
            .into_iter()
            .enumerate()
    {
        let mut changes = long.clone();
        if let Some(proxy) = &proxy {
            changes["proxy"] = through(proxy)["proxy"].clone();
        }
        if let Some(server) = &server {
            changes["base_urls"] = json!([format!("https://{}", server.address)]);
        }
        let till = Till::new(&config_with(&sandbox, &changes));
        let job = till.start("use", &use_request("AUTO_OFF", &format!("OFF-{index:04}"))).unwrap();
        thread::sleep(Duration::from_millis(600));
        job.cancel();
        assert_eq!(job.wait(2000).name(), "WXCOUPON_E_CANCELLED_UNSENT");
        // Freeing waits for the threads of the context's jobs.
        let start = Instant::now();
        till.close();
        assert!(start.elapsed() < Duration::from_secs(2), "{index}: {:?}", start.elapsed());
    }
}
