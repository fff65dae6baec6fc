//! Networks as shops have them: proxies of every temper, gateways that throttle, lines that change answers.

use crate::raw::{Authority, Raw, accept, read_head, read_request, refusal};
use crate::till::{Till, config_with, query_request, sandbox, use_request, with_limit};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use wxcoupon_sandbox::{Sandbox, TlsKind};

/// What a redemption through this proxy is told. Nothing may have been sent.
fn told_behind(sandbox: &Sandbox, proxy: &str, changes: Value) -> String {
    let mut config = config_with(sandbox, &changes);
    config["proxy"] = json!(proxy);
    let told = Till::new(&config).redeem(&with_limit(use_request("AUTO_BEHIND", "BEHIND-0001"), 10_000));
    assert_eq!((told.class(), told.in_doubt), (3, false), "{}", told.json);
    told.json["message"].as_str().unwrap().to_owned()
}

fn answering(answer: &'static str) -> Raw {
    Raw::start(move |_, mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(answer.as_bytes());
    })
}

#[test]
fn behind_a_proxy_it_is_said_whose_name_or_connection_failed() {
    let sandbox = sandbox();
    let told = told_behind(&sandbox, "http://no-such-proxy.invalid:3128", json!({}));
    assert!(told.contains("the proxy no-such-proxy.invalid:3128: the name"), "{told}");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let told = told_behind(&sandbox, &format!("http://till:secret@{free}"), json!({}));
    assert!(told.contains(&format!("the proxy {free}: ")) && !told.contains("secret"), "{told}");
    for (answer, words) in [
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "with 403: it does not let us through"),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "with 502"),
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n", "is not HTTP"),
        ("", "without an answer to CONNECT"),
    ] {
        let proxy = answering(answer);
        let told = told_behind(&sandbox, &format!("http://{}", proxy.address), json!({}));
        assert!(told.contains(&format!("the proxy {}: ", proxy.address)) && told.contains(words), "{told}");
    }
}

#[test]
fn a_proxy_that_asks_who_we_are_is_told_apart_by_what_it_takes() {
    let sandbox = sandbox();
    let basic =
        "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"shop\"\r\nProxy-Authenticate: NTLM\r\n\r\n";
    let windows = "HTTP/1.1 407 No\r\nproxy-authenticate: NTLM\r\nProxy-Authenticate: Negotiate abc\r\n\r\n";
    for (answer, credentials, words) in [
        (basic, "", ["proxy names no user and password", "percent-encoded"]),
        (basic, "till:wrong@", ["does not take the user and password", "%23 for #"]),
        (windows, "till:wrong@", ["NTLM or Negotiate and not by Basic", "relay"]),
    ] {
        let proxy = answering(answer);
        let told = told_behind(&sandbox, &format!("http://{credentials}{}", proxy.address), json!({}));
        assert!(words.iter().all(|words| told.contains(words)) && told.contains("407"), "{told}");
    }
}

/// Support sees at a glance that it is the proxy.
#[test]
fn the_self_check_looks_at_the_proxy_too() {
    let sandbox = sandbox();
    let proxy = answering("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n");
    for (place, found) in
        [(proxy.address.to_string(), true), ("no-such-proxy.invalid:3128".to_owned(), false)]
    {
        let config =
            config_with(&sandbox, &json!({ "proxy": format!("http://{place}"), "timeout_ms": 6000 }));
        let checked = Till::new(&config).check_with(&json!({ "online": true }));
        let lines = checked.json["data"]["lines"].as_array().unwrap();
        let line = |name: String| lines.iter().find(|line| line["name"] == name).unwrap();
        assert_eq!(line(format!("dns proxy {place}"))["ok"], found, "{}", checked.json);
        let host = sandbox.urls()[0].trim_start_matches("https://").to_owned();
        let tls = line(format!("tls {host}"));
        assert!(tls["found"].as_str().unwrap().contains(&format!("the proxy {place}: ")), "{tls}");
    }
}

/// What a proxy reads of CONNECT, and then passes both ways.
fn relay(mut client: TcpStream, target: &str) {
    if read_head(&mut client).is_none() {
        return;
    }
    let _ = client.write_all(b"HTTP/1.1 200 Connection established\r\nVia: shop\r\n\r\n");
    let server = TcpStream::connect(target).unwrap();
    let (mut back, mut from) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || std::io::copy(&mut from, &mut back));
    let _ = std::io::copy(&mut client, &mut &server);
}

#[test]
fn what_fails_behind_a_proxy_is_not_the_proxys_fault() {
    let sandbox = sandbox();
    let stranger = sandbox.listener_url(TlsKind::WrongCa).unwrap();
    let target = stranger.trim_start_matches("https://").to_owned();
    let proxy = Raw::start(move |_, client| relay(client, &target));
    let mut config = config_with(&sandbox, &json!({ "base_urls": [stranger] }));
    config["proxy"] = json!(format!("http://{}", proxy.address));
    let told = Till::new(&config).redeem(&with_limit(use_request("AUTO_BEYOND", "BEYOND-0001"), 2500));
    assert_eq!(told.name(), "WXCOUPON_E_TLS", "{}", told.json);
    let message = told.json["message"].as_str().unwrap();
    let words = format!("127.0.0.1, through the proxy {}: invalid peer certificate", proxy.address);
    assert!(message.contains(&words), "{message}");
}

#[test]
fn a_proxy_may_be_spoken_to_over_tls_and_is_told_name_and_password() {
    let (sandbox, authority) = (sandbox(), Authority::new());
    let target = sandbox.urls()[0].trim_start_matches("https://").to_owned();
    let (server, heads) = (Arc::clone(&authority.server), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&heads);
    let proxy = Raw::start(move |_, stream| {
        let mut client = accept(&server, stream);
        let Some(head) = read_head(&mut client) else { return };
        seen.lock().unwrap().push(head);
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let mut target = TcpStream::connect(&target).unwrap();
        let moment = Some(Duration::from_millis(5));
        client.stream.set_read_timeout(moment).unwrap();
        target.set_read_timeout(moment).unwrap();
        while pass(&mut client, &mut target) && pass(&mut target, &mut client) {}
    });
    let url = sandbox.urls()[0].clone();
    let config = authority.config(
        &sandbox,
        &[url],
        &json!({ "proxy": format!("https://shop%5Ctill:p%40ss%23w%2Frd@{}", proxy.address) }),
    );
    let till = Till::new(&config);
    for round in 0..3 {
        let told = till.redeem(&use_request(&format!("AUTO_SECURE_{round}"), &format!("SECURE-{round:04}")));
        assert_eq!((told.status, told.json["attempts"].as_u64()), (0, Some(1)), "{}", told.json);
    }
    let heads = heads.lock().unwrap();
    assert_eq!((heads.len(), proxy.opened()), (1, 1), "one way, used three times");
    let credentials =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "shop\\till:p@ss#w/rd");
    assert!(heads[0].contains(&format!("Proxy-Authorization: Basic {credentials}\r\n")), "{}", heads[0]);
}

/// Whatever is there goes on; false at the end.
fn pass(from: &mut impl Read, to: &mut impl Write) -> bool {
    let mut bytes = [0; 16 * 1024];
    match from.read(&mut bytes) {
        Ok(0) => false,
        Ok(length) => to.write_all(&bytes[..length]).is_ok(),
        Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

#[test]
fn a_password_that_would_end_the_host_is_refused_before_anybody_is_asked() {
    let sandbox = sandbox();
    for raw in ['#', '/', '?'] {
        let proxy = format!("http://till:tre{raw}asure@127.0.0.1:3128");
        let refused = Till::try_new(&config_with(&sandbox, &json!({ "proxy": proxy }))).err().unwrap();
        let message = refused.json["message"].as_str().unwrap();
        assert_eq!((refused.name(), &refused.json["field"]), ("WXCOUPON_E_CONFIG", &json!("/proxy")));
        assert!(
            message.contains(&format!("%{:02X}", u32::from(raw))) && !message.contains("asure"),
            "{message}"
        );
    }
}

/// A gateway of its own making, which answers all of these requests in this way.
fn gateway(sandbox: &Sandbox, answer: Vec<u8>, changes: &Value) -> (Till, Arc<Mutex<Vec<String>>>) {
    let (authority, heads) = (Authority::new(), Arc::new(Mutex::new(Vec::new())));
    let (server, seen) = (Arc::clone(&authority.server), Arc::clone(&heads));
    let raw = Raw::start(move |_, stream: TcpStream| {
        let mut server = accept(&server, stream);
        let mut kept = Recorded { inner: &mut server, bytes: Vec::new() };
        while read_request(&mut kept).is_some() {
            seen.lock().unwrap().push(String::from_utf8_lossy(&std::mem::take(&mut kept.bytes)).into_owned());
            let _ = kept.inner.write_all(&answer);
        }
    });
    (Till::new(&authority.config(sandbox, &[format!("https://{}", raw.address)], changes)), heads)
}

struct Recorded<'a, T> {
    inner: &'a mut T,
    bytes: Vec<u8>,
}

impl<T: Read> Read for Recorded<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.bytes.extend_from_slice(&buffer[..length]);
        Ok(length)
    }
}

#[test]
fn no_other_form_of_the_answer_is_asked_for() {
    let sandbox = sandbox();
    let (till, heads) = gateway(&sandbox, refusal(404, "NOT_FOUND", 80), &json!({}));
    assert_eq!(till.query(&query_request("AUTO_PLAIN")).name(), "WXCOUPON_E_NOT_FOUND");
    let heads = heads.lock().unwrap();
    let encodings: Vec<&str> =
        heads[0].lines().filter(|line| line.to_ascii_lowercase().starts_with("accept-encoding")).collect();
    assert_eq!(encodings.len(), 1, "{}", heads[0]);
    assert!(encodings[0].ends_with(": identity"), "{}", heads[0]);
}

const THROTTLED: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>";

/// Whoever it is, a redemption may have got through to WeChat Pay before.
#[test]
fn too_often_from_a_gateway_is_doubt_that_says_how_long_to_wait() {
    let sandbox = sandbox();
    let (till, heads) = gateway(&sandbox, THROTTLED.to_vec(), &json!({}));
    let start = Instant::now();
    let told = till.redeem(&use_request("AUTO_OFTEN", "OFTEN-0001"));
    assert_eq!((told.class(), told.json["retry_after_ms"].as_u64()), (4, Some(30_000)), "{}", told.json);
    assert_eq!(told.json["http_status"], 429);
    assert!(start.elapsed() < Duration::from_secs(5), "it does not wait in vain");
    assert_eq!(heads.lock().unwrap().len(), 1, "nor ask again before the time");
    assert_eq!(till.query(&query_request("AUTO_OFTEN")).json["retry_after_ms"], 30_000);
}

#[test]
fn too_often_from_a_gateway_slows_the_pace() {
    let sandbox = sandbox();
    // A merchant of its own: the pace is everybody's who has the same.
    let (till, _) =
        gateway(&sandbox, THROTTLED.to_vec(), &json!({ "mchid": "1900007429", "max_rate_per_s": 40 }));
    let start = Instant::now();
    for _ in 0..6 {
        assert_eq!(till.request("POST", "/v3/pay/of-no-operation", Some(&json!({}))).class(), 4);
    }
    assert!(start.elapsed() > Duration::from_millis(1200), "six in {:?}", start.elapsed());
}
