//! The kinds of faults, a row each: parameters with their defaults, whether the request takes effect, the text of
//! the README's table, the effect. A kind of [`FaultKind`] without a row does not compile.

use std::time::Duration;

use serde_json::json;

use super::FaultKind;
use super::effect::{ConnectionEffect, Edit, Effect, Instead};
use crate::crypto::cipher::EncryptionFault;
use crate::crypto::message_signature::SignatureFault;
use crate::http::response::{After, Wire};

/// Whether a kind processes the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Processing {
    Never,
    Always,
    /// As always; but the kind itself may make the signature fail.
    IfSignaturePasses,
    /// As the fault says; else this.
    Choice(bool),
}

macro_rules! kinds {
    ($(
        $kind:ident $({ $($parameter:ident = $default:expr),+ })?, $processing:expr, $summary:literal, { $($effect:tt)* };
    )*) => {
        impl FaultKind {
            /// Every kind with its default parameters, in the order of the README.
            pub(crate) fn all() -> Vec<Self> {
                vec![$(Self::$kind { $($($parameter: $default),+)? },)*]
            }

            pub(crate) fn processing(&self) -> Processing {
                match self {
                    $(Self::$kind { .. } => $processing,)*
                }
            }

            /// What happens, for the README.
            #[cfg(test)]
            pub(crate) fn summary(&self) -> &'static str {
                match self {
                    $(Self::$kind { .. } => $summary,)*
                }
            }

            pub(crate) fn effect(&self) -> Effect {
                match self {
                    $(Self::$kind { $($($parameter),+)? } => Effect { $($effect)*, ..Effect::default() },)*
                }
            }
        }
    };
}

use Processing::{Always, Choice, IfSignaturePasses, Never};

kinds! {
    RefuseConnection, Never,
        "the port is really closed and open connections are reset, until the fault is cleared",
        { connection: Some(ConnectionEffect::Refuse) };
    TlsAlert, Never, "new connections end with a TLS `handshake_failure`",
        { connection: Some(ConnectionEffect::TlsAlert) };
    ResetBeforeRead, Never, "new connections are reset at once",
        { connection: Some(ConnectionEffect::Reset) };
    ResetAfterRead, Never, "the request is read, then the connection reset",
        { instead: Some(Instead::Reset) };
    ProcessThenReset, Always, "the request takes effect, then the connection is reset",
        { instead: Some(Instead::Reset) };
    Hang, Never, "the request is read; no answer ever comes",
        { instead: Some(Instead::Hang) };
    ProcessThenHang, Always, "the request takes effect; no answer ever comes",
        { instead: Some(Instead::Hang) };
    Delay { ms = 1000 }, Always, "effect at once, right answer late",
        { delay: Duration::from_millis(*ms) };
    SlowProcessing { ms = 1000 }, Always,
        "the coupon is locked for a while (others get 272756746), then effect and answer",
        { lock: Duration::from_millis(*ms) };
    SlowDrip { ms = 5 }, Choice(true), "right answer, byte by byte",
        { wire: Wire::Drip(Duration::from_millis(*ms)) };
    CutBody, Choice(true), "the connection ends half-way through the body",
        { wire: Wire::CutBody };
    HeaderWithoutEnd, Choice(true), "the connection ends within the head",
        { wire: Wire::HeadWithoutEnd };
    CloseAfter, Always, "right answer that promises keep-alive; then the connection is closed",
        { after: Some(After::CloseSilently) };
    Status { status = 500, html = false }, Choice(false),
        "an error status: signed `SYSTEM_ERROR`, or with `html` an unsigned gateway page. `status_503` is short for `status` with `status=503`",
        { instead: Some(Instead::server_error(*status, *html)) };
    Refusal { status = 400, code = "INVALID_REQUEST".to_owned(), sub_code = 0 }, Never,
        "any refusal in the API's form, signed",
        { instead: Some(Instead::refusal(*status, code, *sub_code)) };
    UnsignedRefusal { status = 404, code = "NOT_FOUND".to_owned(), sub_code = 0 }, Never, "the same, unsigned",
        { instead: Some(Instead::refusal(*status, code, *sub_code)), unsigned: true };
    RateLimited { retry_after = None }, Never, "429, with `Retry-After` if given",
        { instead: Some(Instead::rate_limited(*retry_after)) };
    Unsigned, Choice(true), "right answer without signature headers",
        { unsigned: true };
    WrongSignature, Choice(true), "right answer, signature over something else",
        { signature: Some(SignatureFault::WrongSignature) };
    Signtest, Choice(true), "right answer, `WECHATPAY/SIGNTEST/…` in place of the signature",
        { signature: Some(SignatureFault::Probe) };
    Stale { seconds = -600 }, Choice(true), "right answer signed at another time; `Date` is right",
        { timestamp_shift: *seconds };
    UnknownSerial, Choice(true), "right answer, `Wechatpay-Serial` names an unknown key",
        { signature: Some(SignatureFault::UnknownSerial) };
    MerchantSerial, Choice(true), "right answer, `Wechatpay-Serial` is the merchant's own",
        { signature: Some(SignatureFault::MerchantSerial) };
    TamperedBody, Choice(true), "one digit changed after signing",
        { signature: Some(SignatureFault::TamperedBody) };
    WrongApiv3Key, Choice(true),
        "properly signed answer, its encrypted content (`certificates`) under a key nobody has",
        { encryption: Some(EncryptionFault::WrongKey) };
    DamagedCiphertext, Choice(true), "properly signed answer, its encrypted content damaged before signing",
        { encryption: Some(EncryptionFault::Damaged) };
    WrongDate { seconds = 8 * 3600 }, Choice(true),
        "right answer, signed at the right time, but `Date` is of another time",
        { date_shift: *seconds };
    DateOffset { seconds = 8 * 3600 }, Always, "right answer, but `Date` and signature are of another time",
        { date_shift: *seconds, timestamp_shift: *seconds };
    Clock { seconds = 8 * 3600 }, IfSignaturePasses,
        "the server's clock is off for the whole request: beyond 300 s an honest request gets 401",
        { check_shift: *seconds, date_shift: *seconds, timestamp_shift: *seconds };
    CaptivePortal { status = 200 }, Never, "a Wi-Fi login page, unsigned; status 200, 302, 403 or 407",
        { instead: Some(Instead::captive_portal(*status)) };
    Redirect { status = 307 }, Never, "redirect to the other host, unsigned",
        { instead: Some(Instead::Redirect(*status)) };
    WrongCoupon, Choice(true), "properly signed answer about another coupon, stock, bundle …",
        { edit: Some(Edit::OtherObject) };
    WrongNumber, Choice(true), "properly signed answer with another request number",
        { edit: Some(Edit::OtherNumber) };
    Edited { patch = json!({}) }, Choice(true),
        "properly signed answer with other members: `patch` is merged into it (RFC 7396; `null` takes a member away)",
        { edit: Some(Edit::Merge(patch.clone())) };
    Replay { of = "query".to_owned() }, Choice(false),
        "the latest signed success that answered operation `of` on this coupon, byte for byte; where there was none, the right answer",
        { replay: Some(of.clone()) };
    Huge { bytes = 5 * 1024 * 1024 }, Choice(true), "properly signed answer of that size",
        { edit: Some(Edit::Pad(*bytes)) };
    Chunked, Choice(true), "right answer in chunked transfer coding",
        { wire: Wire::Chunked };
    Gzip, Choice(true), "right answer, compressed though nobody asked; signed over the plain body",
        { wire: Wire::Gzip };
    EmptyBody, Choice(true), "signed, without a body",
        { edit: Some(Edit::Empty) };
    NotJson, Choice(true), "signed, but the body is not JSON",
        { edit: Some(Edit::NotJson) };
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::Value;

    use super::*;

    /// A row of the README's table.
    fn row(kind: &FaultKind) -> String {
        let json = serde_json::to_value(kind).unwrap();
        let shown = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => format!("=`{text}`"),
            other => format!("={other}"),
        };
        let mut members: Vec<_> =
            json.as_object().unwrap().iter().filter(|(name, _)| *name != "kind").collect();
        // In the order in which the summary or the reader expects them, whatever order serde_json keeps.
        members
            .sort_by_key(|(name, _)| ["status", "html", "code", "sub_code"].iter().position(|n| n == name));
        let members: Vec<_> =
            members.iter().map(|(name, value)| format!("`{name}`{}", shown(value))).collect();
        let parameters =
            if members.is_empty() { String::new() } else { format!(" ({})", members.join(", ")) };
        let processing = match kind.processing() {
            Never => "never",
            Always => "always",
            IfSignaturePasses => "if the signature passes",
            Choice(true) => "choice (yes)",
            Choice(false) => "choice (no)",
        };
        format!("| `{}`{parameters} | {} | {processing} |\n", kind.name(), kind.summary())
    }

    #[test]
    fn the_table_of_the_readme_is_made_from_these_rows() {
        const HEAD: &str = "| kind (parameters) | what happens | processed |\n|---|---|---|\n";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let readme = std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
        let (before, rest) = readme.split_once(HEAD).unwrap();
        let table: String = FaultKind::all().iter().fold(String::new(), |mut table, kind| {
            let _ = write!(table, "{}", row(kind));
            table
        });
        let after = rest.find("\n\n").map(|end| &rest[end + 1..]).unwrap();
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, format!("{before}{HEAD}{table}{after}")).unwrap();
        } else {
            assert_eq!(&rest[..rest.len() - after.len()], table, "BLESS=1 writes the table");
        }
    }
}
