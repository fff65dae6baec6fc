//! Why a signature passed or failed, step by step: of a request as it was logged, and of its answer.

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Public};
use openssl::sha::sha256;
use openssl::sign::Verifier;
use serde::Serialize;

use super::auth::{Authorization, TOLERANCE_S};
use super::request_log::RequestEntry;
use super::signed_text::{Opened, Parts, hex, open};
use crate::crypto::keys::KeySet;
use crate::crypto::signing_keys::SigningKeys;
use crate::mode::Mode;

/// One check: what was expected, what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Step {
    /// `header`, `scheme`, `identity`, `serial`, `nonce`, `timestamp`, `key` or `text`.
    pub(crate) name: &'static str,
    pub(crate) passed: bool,
    pub(crate) expected: String,
    pub(crate) found: String,
}

/// How a request's signature was judged. The service stops at the first step that fails; here the rest is told too.
#[derive(Debug, Default, Serialize)]
pub(crate) struct RequestReport {
    pub(crate) steps: Vec<Step>,
    /// The five lines that should have been signed, as far as they are known.
    pub(crate) lines: Vec<String>,
    pub(crate) sha256: String,
    pub(crate) bytes: usize,
    /// The SHA-256 that is inside the signature.
    pub(crate) signed_sha256: Option<String>,
    /// A name for what went wrong, where it is known.
    pub(crate) cause: Option<&'static str>,
}

impl RequestReport {
    fn step(&mut self, name: &'static str, passed: bool, expected: impl Into<String>, found: &str) -> bool {
        if !passed && self.cause.is_none() {
            self.cause = Some(name);
        }
        self.steps.push(Step { name, passed, expected: expected.into(), found: found.to_owned() });
        passed
    }
}

/// The report on a logged request.
pub(crate) fn of_request(entry: &RequestEntry, keys: &KeySet) -> RequestReport {
    let mut report = RequestReport::default();
    let mode = Mode::of_path(&entry.target);
    let header = header(&entry.headers, "authorization");
    let form = format!("{} {}=\"…\",nonce_str=\"…\",…", mode.scheme(), mode.identity_member());
    if !report.step("header", header.is_some(), form.clone(), header.unwrap_or_default()) {
        return report;
    }
    let authorization = match Authorization::parse(header.unwrap_or_default(), mode) {
        Ok(authorization) => authorization,
        Err(issue) => {
            report.step("scheme", false, form, issue);
            return report;
        }
    };
    report.step("scheme", true, mode.scheme(), mode.scheme());
    let (serial, key) = keys.caller(mode);
    let identity = authorization.identity;
    report.step("identity", identity == mode.identity(), mode.identity(), identity);
    report.step("serial", authorization.serial == serial, serial, &owner(authorization.serial, keys));
    report.step("nonce", !authorization.nonce.is_empty(), "", authorization.nonce);
    let off = authorization.timestamp.parse::<i64>().ok().map(|time| entry.judged_at.saturating_sub(time));
    let found = off.map_or_else(
        || authorization.timestamp.to_owned(),
        |off| format!("{} ({:+} s)", authorization.timestamp, -off),
    );
    let in_time = off.is_some_and(|off| off.abs() <= TOLERANCE_S);
    report.step("timestamp", in_time, format!("{} ± {TOLERANCE_S} s", entry.judged_at), &found);
    text(&mut report, entry, &authorization, key, keys.caller(other(mode)).1);
    report
}

/// The last two steps: which key, and over which text.
fn text(
    report: &mut RequestReport,
    entry: &RequestEntry,
    authorization: &Authorization<'_>,
    key: &PKey<Public>,
    key_of_other_mode: &PKey<Public>,
) {
    let parts = Parts {
        method: &entry.method,
        target: &entry.target,
        timestamp: authorization.timestamp,
        nonce: authorization.nonce,
        body: entry.body.as_bytes(),
        host: header(&entry.headers, "host").unwrap_or_default(),
    };
    let message = parts.message();
    let expected = hex(&sha256(&message));
    report.lines =
        [parts.method, parts.target, parts.timestamp, parts.nonce, &entry.body].map(str::to_owned).to_vec();
    report.sha256.clone_from(&expected);
    report.bytes = message.len();
    let signed_by_other = matches!(open(authorization.signature, key_of_other_mode), Opened::Hash(..));
    match open(authorization.signature, key) {
        Opened::NotBase64 => drop(report.step("key", false, "Base64", authorization.signature)),
        Opened::WrongLength(bytes) => {
            report.step("key", false, "256", &bytes.to_string());
        }
        Opened::OtherKey => {
            let cause = if signed_by_other { "key_of_other_mode" } else { "other_key" };
            report.cause = report.cause.or(Some(cause));
            report.step("key", false, "", cause);
        }
        Opened::Hash(algorithm, signed) => {
            report.step("key", true, "", "");
            // A body that is no text cannot be hashed again from the log.
            let is_right = entry.signature_ok || algorithm == "SHA-256" && signed == expected;
            if !is_right {
                let cause = match algorithm {
                    "SHA-256" if entry.body.contains('\u{fffd}') => "body_not_utf8",
                    "SHA-256" => parts.mistake(&signed).unwrap_or("other_text"),
                    _ => "other_hash",
                };
                report.cause = report.cause.or(Some(cause));
            }
            report.step("text", is_right, format!("SHA-256 {expected}"), &format!("{algorithm} {signed}"));
            report.signed_sha256 = (algorithm == "SHA-256").then_some(signed);
        }
    }
}

fn other(mode: Mode) -> Mode {
    match mode {
        Mode::Partner => Mode::Brand,
        Mode::Brand => Mode::Partner,
    }
}

/// The serial number, and whose it is.
fn owner(serial: &str, keys: &KeySet) -> String {
    let known = [
        (keys.merchant_serial.as_str(), "merchant"),
        (&keys.brand.serial, "brand"),
        (&keys.platform_serial, "platform certificate"),
        (&keys.wechatpay_id, "WeChat Pay public key"),
    ];
    known
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(serial))
        .map_or_else(|| serial.to_owned(), |(_, whose)| format!("{serial} ({whose})"))
}

/// The first header of that name.
pub(crate) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// How an answer is signed: three lines.
#[derive(Debug, Serialize)]
pub(crate) struct AnswerReport {
    /// Timestamp, nonce, body.
    pub(crate) lines: [String; 3],
    pub(crate) sha256: String,
    pub(crate) serial: String,
    /// `public_key`, `certificate`, `merchant` or `unknown`.
    pub(crate) key: &'static str,
    /// The signature fits the three lines; `None`: that key is not known, or the body was not kept as a whole.
    pub(crate) fits: Option<bool>,
    /// It is one of the probes that a client must refuse.
    pub(crate) is_probe: bool,
    /// Seconds between the signature and the sandbox's time.
    pub(crate) age_s: Option<i64>,
}

/// The report on an answer; `None` where it is not signed.
pub(crate) fn of_answer(
    entry: &RequestEntry,
    keys: &KeySet,
    signing_keys: &SigningKeys,
) -> Option<AnswerReport> {
    let header = |name: &str| header(&entry.response_headers, name);
    let signature = header("wechatpay-signature")?;
    let (timestamp, nonce, serial) =
        (header("wechatpay-timestamp")?, header("wechatpay-nonce")?, header("wechatpay-serial")?);
    let message = format!("{timestamp}\n{nonce}\n{}\n", entry.response_body).into_bytes();
    let key = signing_keys.find(serial);
    let whole = !entry.response_cut && !entry.response_body.contains('\u{fffd}');
    let fits = key.as_ref().filter(|_| whole).map(|key| {
        let bytes = openssl::base64::decode_block(signature).unwrap_or_default();
        Verifier::new(MessageDigest::sha256(), &key.key)
            .and_then(|mut verifier| verifier.verify_oneshot(&bytes, &message))
            .unwrap_or(false)
    });
    Some(AnswerReport {
        lines: [timestamp.to_owned(), nonce.to_owned(), entry.response_body.clone()],
        sha256: hex(&sha256(&message)),
        serial: serial.to_owned(),
        key: match key {
            Some(key) if key.is_public_key => "public_key",
            Some(_) => "certificate",
            None if serial == keys.merchant_serial => "merchant",
            None => "unknown",
        },
        fits,
        is_probe: signature.starts_with("WECHATPAY/SIGNTEST/"),
        age_s: timestamp.parse::<i64>().ok().map(|signed| entry.judged_at.saturating_sub(signed)),
    })
}
