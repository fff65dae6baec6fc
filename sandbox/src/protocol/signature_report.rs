//! Why a signature passed or failed, step by step: of a request as it was logged, and of its answer.

use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Public};
use openssl::sha::sha256;
use openssl::sign::Verifier;
use serde::Serialize;

use super::auth::{Authorization, TOLERANCE_S, Unreadable};
use super::opened::{Opened, open};
use super::request_log::RequestEntry;
use super::signed_text::{Parts, hex};
use crate::crypto::keys::KeySet;
use crate::crypto::signing_keys::SigningKeys;
use crate::mode::Mode;
use crate::operation::VERSION_2;

/// One check: what was expected, what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Step {
    /// `header`, `scheme`, `identity`, `serial`, `nonce`, `timestamp`, `key` or `text`.
    pub(crate) name: &'static str,
    pub(crate) passed: bool,
    pub(crate) expected: String,
    pub(crate) found: String,
    /// Whose serial number was found: `merchant`, `brand`, `platform_certificate` or `public_key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) whose: Option<&'static str>,
    /// Seconds by which the timestamp found is ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ahead_s: Option<i64>,
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
    /// A second mistake in what was signed.
    pub(crate) also: Option<&'static str>,
}

impl RequestReport {
    fn step(&mut self, name: &'static str, passed: bool, expected: impl Into<String>, found: &str) -> bool {
        if !passed && self.cause.is_none() {
            self.cause = Some(name);
        }
        let (expected, found) = (expected.into(), found.to_owned());
        self.steps.push(Step { name, passed, expected, found, whose: None, ahead_s: None });
        passed
    }

    /// A step with a name of its own for what went wrong; what else is known of it may be added.
    fn judge(
        &mut self,
        name: &'static str,
        issue: Option<&'static str>,
        expected: impl Into<String>,
        found: &str,
    ) -> Option<&mut Step> {
        self.cause = self.cause.or(issue);
        self.step(name, issue.is_none(), expected, found);
        self.steps.last_mut()
    }
}

/// The report on a logged request; `None` for version 2, which is signed in its body.
pub(crate) fn of_request(entry: &RequestEntry, keys: &KeySet) -> Option<RequestReport> {
    (entry.operation != VERSION_2).then(|| report(entry, keys))
}

fn report(entry: &RequestEntry, keys: &KeySet) -> RequestReport {
    let mut report = RequestReport::default();
    let mode = Mode::of_path(&entry.target);
    let header = header(&entry.headers, "authorization");
    let form = format!("{} {}=\"…\",nonce_str=\"…\",…", mode.scheme(), mode.identity_member());
    if !report.step("header", header.is_some(), form.clone(), header.unwrap_or_default()) {
        return report;
    }
    let text = header.unwrap_or_default();
    let parsed = Authorization::parse(text, mode);
    let misread = misread(text, mode).filter(|cause| *cause == "semicolons" || parsed.is_err());
    let authorization = match (parsed, misread) {
        (Ok(authorization), None) => authorization,
        (parsed, misread) => {
            let issue = misread.or(parsed.err().map(Unreadable::name)).unwrap_or("scheme");
            report.judge("scheme", Some(misread.unwrap_or("scheme")), form, issue);
            return report;
        }
    };
    report.step("scheme", true, mode.scheme(), mode.scheme());
    let (serial, key) = keys.caller(mode);
    let identity = authorization.identity;
    report.step("identity", identity == mode.identity(), mode.identity(), identity);
    let issue = serial_issue(authorization.serial, mode, keys);
    if let Some(step) = report.judge("serial", issue, serial, authorization.serial) {
        step.whose = owner(authorization.serial, keys);
    }
    report.step("nonce", !authorization.nonce.is_empty(), "", authorization.nonce);
    let off = authorization.timestamp.parse::<i64>().ok().map(|time| entry.judged_at.saturating_sub(time));
    let issue = match off {
        None => Some("timestamp_no_number"),
        Some(off) if off.abs() <= TOLERANCE_S => None,
        // A thousand times too many.
        Some(_) if authorization.timestamp.len() >= 13 => Some("timestamp_milliseconds"),
        Some(_) => Some("timestamp"),
    };
    let expected = format!("{} ± {TOLERANCE_S}", entry.judged_at);
    if let Some(step) = report.judge("timestamp", issue, expected, authorization.timestamp) {
        step.ahead_s = off.map(i64::saturating_neg);
    }
    over_text(&mut report, entry, &authorization, key, keys.caller(other(mode)).1);
    report
}

/// The last two steps: which key, and over which text.
fn over_text(
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
        body: entry.bytes(),
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
        Opened::OtherWay(cause, found) => {
            report.step("key", true, "", "");
            report.judge("text", Some(cause), format!("SHA-256 {expected}"), &found);
        }
        Opened::Hash(algorithm, signed) => {
            report.step("key", true, "", "");
            let is_sha256 = algorithm == "SHA-256";
            let is_right = entry.signature_ok || is_sha256 && signed == expected;
            if !is_right && report.cause.is_none() {
                let found = if is_sha256 { parts.mistakes(&signed) } else { vec!["other_hash"] };
                report.cause =
                    found.first().copied().or_else(|| Some(odd_body(entry).unwrap_or("other_text")));
                report.also = found.get(1).copied();
            }
            report.step("text", is_right, format!("SHA-256 {expected}"), &format!("{algorithm} {signed}"));
            report.signed_sha256 = is_sha256.then_some(signed);
        }
    }
}

/// A body that something has changed between the signing and the sending.
fn odd_body(entry: &RequestEntry) -> Option<&'static str> {
    let coded = header(&entry.headers, "content-encoding").is_some_and(|coding| coding != "identity");
    let is_gzip = entry.bytes().starts_with(&[0x1f, 0x8b]);
    match () {
        () if coded || is_gzip => Some("body_compressed"),
        () if !entry.is_text() => Some("body_not_utf8"),
        () => None,
    }
}

/// What is wrong with a header that cannot be read.
fn misread(header: &str, mode: Mode) -> Option<&'static str> {
    let (scheme, members) = header.split_once(' ')?;
    if scheme != mode.scheme() {
        let is_other = scheme == other(mode).scheme();
        return Some(if is_other { "scheme_of_other_mode" } else { "other_scheme" });
    }
    if members.contains("\";") || members.contains(';') && !members.contains(',') {
        return Some("semicolons");
    }
    (!members.contains('"')).then_some("no_quotes")
}

/// What is wrong with a serial number.
fn serial_issue(given: &str, mode: Mode, keys: &KeySet) -> Option<&'static str> {
    let right = keys.caller(mode).0;
    if given == right {
        return None;
    }
    let is_same = |text: &str, known: &str| {
        text.trim_start_matches('0').eq_ignore_ascii_case(known.trim_start_matches('0'))
    };
    let given = given.trim();
    let plain: String = given.chars().filter(|letter| !matches!(letter, ':' | ' ' | '-')).collect();
    let plain = plain.strip_prefix("0x").or_else(|| plain.strip_prefix("0X")).unwrap_or(&plain);
    let decimal =
        BigNum::from_dec_str(plain).and_then(|number| number.to_hex_str().map(|digits| digits.to_string()));
    Some(match () {
        () if given.is_empty() => "serial_missing",
        () if is_same(plain, right) || decimal.is_ok_and(|digits| is_same(&digits, right)) => "serial_form",
        () if is_same(plain, keys.caller(other(mode)).0) => "serial_of_other_mode",
        () if is_same(plain, &keys.platform_serial) || given.eq_ignore_ascii_case(&keys.wechatpay_id) => {
            "serial"
        }
        () => "serial_unknown",
    })
}

fn other(mode: Mode) -> Mode {
    match mode {
        Mode::Partner => Mode::Brand,
        Mode::Brand => Mode::Partner,
    }
}

/// Whose serial number it is.
fn owner(serial: &str, keys: &KeySet) -> Option<&'static str> {
    let known = [
        (keys.merchant_serial.as_str(), "merchant"),
        (&keys.brand.serial, "brand"),
        (&keys.platform_serial, "platform_certificate"),
        (&keys.wechatpay_id, "public_key"),
    ];
    known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(serial)).map(|(_, whose)| whose)
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
