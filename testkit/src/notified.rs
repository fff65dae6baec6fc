//! A notification as WeChat Pay posted it, in files: for tills that have no web server of their own.

use serde_json::{Map, Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use wxcoupon_sandbox::{Mode, Sandbox};

/// The coupon that it is about.
const CODE: &str = "NOTIFIED_1";

/// Lets the sandbox tell of a coupon and keeps what came: `headers.json` and `body` in that folder.
pub fn record(sandbox: &Sandbox, folder: &Path) {
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/wechatpay", receiver.local_addr().unwrap());
    sandbox.set_notify_url(Mode::Partner, &url).unwrap();
    let resource = json!({ "coupon_code": CODE, "brand_name": "咖啡店" });
    sandbox.announce("PRODUCT_COUPON_SP.SEND", resource);
    let mut line = BufReader::new(receiver.accept().unwrap().0);
    let mut headers = Map::new();
    loop {
        let mut header = String::new();
        line.read_line(&mut header).unwrap();
        if header.trim_end().is_empty() {
            break;
        }
        // The request line has none.
        if let Some((name, value)) = header.trim_end().split_once(": ") {
            headers.insert(name.to_owned(), value.into());
        }
    }
    let length = headers.get("Content-Length").and_then(Value::as_str).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    line.read_exact(&mut body).unwrap();
    line.get_mut().write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    fs::write(folder.join("headers.json"), Value::Object(headers).to_string()).unwrap();
    fs::write(folder.join("body"), body).unwrap();
}
