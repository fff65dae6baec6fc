//! A logged request as a `curl` command, freshly signed.

use openssl::base64::encode_block;
use openssl::hash::MessageDigest;
use openssl::sign::Signer;

use super::Console;
use super::exchange::url;
use crate::crypto::random;
use crate::mode::Mode;
use crate::operation::{Operation, Route, VERSION_2};
use crate::protocol::Api;
use crate::protocol::request_log::RequestEntry;
use crate::text::Text;

/// What curl sets itself, and what is made anew.
const LEFT_OUT: [&str; 5] = ["authorization", "connection", "content-length", "host", "transfer-encoding"];

/// What curl adds where a request has none.
const OF_CURL: [&str; 3] = ["accept", "user-agent", "content-type"];

/// The command; good for as long as a signature is, five minutes.
pub(crate) fn command(api: &Api, console: &Console, entry: &RequestEntry) -> Result<String, Text> {
    if entry.method.is_empty() {
        return Err(Text::new(
            "this connection ended before there was a request",
            "连接在收到请求之前就断开了",
        ));
    }
    let mode = Mode::of_path(&entry.target);
    let path = entry.target.split('?').next().unwrap_or_default();
    let route = Route::find(&entry.method, &crate::mode::partner_path(path));
    if route.is_some_and(|route| route.operation == Operation::UploadImage) {
        return Err(Text::new(
            "a form with a file is not kept as a whole; it cannot be sent again from here",
            "带文件的表单没有完整保存，无法从这里重发",
        ));
    }
    if !entry.is_text() || entry.body.contains('\0') {
        return Err(Text::new(
            "the body is no text in UTF-8; a shell cannot send it again",
            "主体不是 UTF-8 文本，无法用 shell 重发",
        ));
    }
    let mut lines = vec![format!("curl -g -X {}", quoted(&entry.method))];
    if let Some(files) = console.files.get() {
        // Who looks from another machine has fetched the file from here.
        let here = api.options.listen.is_loopback();
        let ca = if here { files.ca.to_string_lossy() } else { "ca.pem".into() };
        lines.push(format!("--cacert {}", quoted(&ca)));
    }
    let header = |name: &str, value: &str| match value {
        // So curl takes a header that is empty.
        "" => format!("-H {}", quoted(&format!("{name};"))),
        _ => format!("-H {}", quoted(&format!("{name}: {value}"))),
    };
    // `-H @name` would read a file.
    let headers = entry.headers.iter().filter(|(name, _)| !name.starts_with('@'));
    lines.extend(
        headers.filter(|(name, _)| !is_one_of(&LEFT_OUT, name)).map(|(name, value)| header(name, value)),
    );
    for name in
        OF_CURL.iter().filter(|name| !entry.headers.iter().any(|(known, _)| is_one_of(&[*name], known)))
    {
        if *name != "content-type" || !entry.body.is_empty() {
            lines.push(format!("-H '{name}:'"));
        }
    }
    // Version 2 is signed in its body.
    if entry.operation != VERSION_2 {
        let authorization = authorization(api, mode, entry)?;
        lines.push(header("Authorization", &authorization));
    }
    if !entry.body.is_empty() {
        // `--data-binary @name` would send a file.
        lines.push(format!("--data-raw {}", quoted(&entry.body)));
    }
    lines.push(quoted(&format!("{}{}", url(api, entry.host), entry.target)));
    Ok(lines.join(" \\\n  ") + "\n")
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn authorization(api: &Api, mode: Mode, entry: &RequestEntry) -> Result<String, openssl::error::ErrorStack> {
    let keys = &api.keys.0;
    let key = match mode {
        Mode::Partner => &keys.merchant.key,
        Mode::Brand => &keys.brand.identity.key,
    };
    let (timestamp, nonce) = (api.state.clock.now(), random::alphanumeric(32)?);
    let RequestEntry { method, target, body, .. } = entry;
    let message = format!("{method}\n{target}\n{timestamp}\n{nonce}\n{body}\n");
    let mut signer = Signer::new(MessageDigest::sha256(), key)?;
    let signature = encode_block(&signer.sign_oneshot_to_vec(message.as_bytes())?);
    Ok(format!(
        "{} {}=\"{}\",nonce_str=\"{nonce}\",timestamp=\"{timestamp}\",serial_no=\"{}\",signature=\"{signature}\"",
        mode.scheme(),
        mode.identity_member(),
        mode.identity(),
        keys.caller(mode).0
    ))
}

/// For a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
