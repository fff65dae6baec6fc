//! A logged request as a `curl` command, freshly signed.

use openssl::base64::encode_block;
use openssl::hash::MessageDigest;
use openssl::sign::Signer;

use super::Console;
use super::exchange::url;
use crate::crypto::random;
use crate::mode::Mode;
use crate::operation::{Operation, Route};
use crate::protocol::Api;
use crate::protocol::request_log::RequestEntry;

/// What curl sets itself, and what is made anew.
const LEFT_OUT: [&str; 5] = ["authorization", "connection", "content-length", "host", "transfer-encoding"];

/// The command; good for as long as a signature is, five minutes.
pub(crate) fn command(api: &Api, console: &Console, entry: &RequestEntry) -> Result<String, String> {
    if entry.method.is_empty() {
        return Err("this connection ended before there was a request".to_owned());
    }
    let mode = Mode::of_path(&entry.target);
    let path = entry.target.split('?').next().unwrap_or_default();
    let route = Route::find(&entry.method, &crate::mode::partner_path(path));
    if route.is_some_and(|route| route.operation == Operation::UploadImage) {
        return Err("a form with a file is not kept as a whole; it cannot be sent again from here".to_owned());
    }
    let authorization = authorization(api, mode, entry).map_err(|e| e.to_string())?;
    let mut lines = vec![format!("curl -X {}", quoted(&entry.method))];
    if let Some(files) = console.files.get() {
        lines.push(format!("--cacert {}", quoted(&files.ca.to_string_lossy())));
    }
    let headers = entry.headers.iter();
    for (name, value) in headers.filter(|(name, _)| !LEFT_OUT.contains(&name.to_ascii_lowercase().as_str())) {
        lines.push(format!("-H {}", quoted(&format!("{name}: {value}"))));
    }
    lines.push(format!("-H {}", quoted(&format!("Authorization: {authorization}"))));
    if !entry.body.is_empty() {
        lines.push(format!("--data-binary {}", quoted(&entry.body)));
    }
    lines.push(quoted(&format!("{}{}", url(api, entry.host), entry.target)));
    Ok(lines.join(" \\\n  ") + "\n")
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
