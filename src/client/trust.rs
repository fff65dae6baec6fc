//! Verifies WeChat Pay's answers with the configured keys and with platform certificates. These are downloaded when an
//! answer names an unknown one.
//!
//! There is one download at a time and at most one a minute, so that invented serial numbers cannot make us flood WeChat
//! Pay with requests. The download is kept in a file as it came, encrypted. Decrypting it again proves again that it
//! comes from WeChat Pay.

use super::doubt::PriorAttempt;
use super::keys::Keys;
use super::{Client, OutgoingRequest};
use crate::api::Prepared;
use crate::error::Result;
use crate::log;
use crate::net::HttpResponse;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::Report;
use crate::status::{Class, Code};
use crate::system;
use crate::wire::key_ring::PUBLIC_KEY_ID_PREFIX;
use crate::wire::verify::{self, Freshness, Proof, SignatureHeaders, VerifyError};
use std::sync::PoisonError;
use std::time::Duration;

/// The request for platform certificates.
const DOWNLOAD: &str = "certificates";
const TARGET: &str = "/v3/certificates";
/// Least time between two downloads, even if the first failed.
const AT_MOST_EVERY: Duration = Duration::from_secs(60);
/// Least time after a refused download while there is no key at all.
const AFTER_REFUSAL: Duration = Duration::from_secs(5);
/// How often a waiting call checks whether it was cancelled.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Client {
    /// Verifies an answer. If its key is not known, platform certificates are downloaded first.
    pub(super) fn trust(
        &self,
        headers: &SignatureHeaders,
        body: &[u8],
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> std::result::Result<Proof, VerifyError> {
        self.trust_by(headers, body, &|sent_s| self.clock.freshness(sent_s), deadline, cancel)
    }

    /// The same for a notification.
    pub(super) fn trust_notification(
        &self,
        headers: &SignatureHeaders,
        body: &[u8],
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> std::result::Result<Proof, VerifyError> {
        self.trust_by(headers, body, &|sent_s| self.clock.freshness_of_notification(sent_s), deadline, cancel)
    }

    fn trust_by(
        &self,
        headers: &SignatureHeaders,
        body: &[u8],
        fresh: Freshness<'_>,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> std::result::Result<Proof, VerifyError> {
        let trust = verify::verify(&self.keys.key_ring(), headers, body, fresh);
        match &trust {
            Err(VerifyError::UnknownSerial { serial, .. }) if self.keys.may_find(serial) => {
                if self.refresh(deadline, cancel) {
                    verify::verify(&self.keys.key_ring(), headers, body, fresh)
                } else {
                    trust
                }
            }
            _ => trust,
        }
    }

    /// A list of certificates is proven by its encryption. Its signature is verified with the certificates in it.
    pub(super) fn trust_of_download(
        &self,
        headers: &SignatureHeaders,
        body: &[u8],
    ) -> Result<std::result::Result<Proof, VerifyError>> {
        let key_ring = self.keys.with(&self.keys.opened(body)?);
        Ok(verify::verify(&key_ring, headers, body, &|sent_s| self.clock.freshness(sent_s)))
    }

    /// For a refused download. It never causes another download, and an unknown key counts like no signature.
    pub(super) fn trust_of_refused_download(
        &self,
        headers: &SignatureHeaders,
        body: &[u8],
    ) -> std::result::Result<Proof, VerifyError> {
        match verify::verify(&self.keys.key_ring(), headers, body, &|sent_s| self.clock.freshness(sent_s)) {
            Err(VerifyError::UnknownSerial { .. }) => Err(VerifyError::Unsigned),
            trust => trust,
        }
    }

    /// Advice for an answer whose key is not known, or for a refused download of keys.
    pub(super) fn advice_on_key(
        &self,
        trust: &std::result::Result<Proof, VerifyError>,
        is_download: bool,
        response: &HttpResponse,
    ) -> Option<String> {
        let signed_by = response.signature.serial.as_deref().and_then(public_key_id);
        let console = "the merchant console offers both";
        match (trust, signed_by) {
            (Err(VerifyError::UnknownSerial { .. } | VerifyError::Unsigned), Some(id)) => Some(format!(
                "WeChat Pay signs with its public key {id}: set wechatpay_public_key_id to it and \
                 wechatpay_public_key_path to its file; {console}."
            )),
            _ if is_download && !matches!(response.status, 200 | 401 | 429) => Some(format!(
                "Set wechatpay_public_key_id and wechatpay_public_key_path, which need no download: {console}. A \
                 merchant that began with the public key has no platform certificates."
            )),
            (Err(VerifyError::UnknownSerial { .. }), None) if self.keys.apiv3_key.is_none() => Some(
                "Set apiv3_key, so that platform certificates are downloaded, or add this one to \
                 platform_certificates."
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// Makes sure that there is a key to verify answers with before something is sent.
    pub(super) fn have_keys(
        &self,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> std::result::Result<(), Box<Report>> {
        if !self.keys.key_ring().is_empty()
            || self.refresh(deadline, cancel) && !self.keys.key_ring().is_empty()
        {
            return Ok(());
        }
        let why = self.keys.download().failed.clone();
        let why = why.unwrap_or_else(|| Report::new(Code::TimeoutUnsent));
        // These codes are about the download. The caller's own request was neither sent nor refused.
        let code = match why.code {
            Code::ReadFailed => Code::Connect,
            Code::SignRejected => Code::SignRejected,
            code if code.class() == Class::Refused => Code::Config,
            code => code,
        };
        Err(Box::new(Report {
            code,
            message: format!("platform certificates are needed and could not be downloaded: {}", why.message),
            data: None,
            // The caller's own request was not sent.
            attempts: 0,
            ..why
        }))
    }

    /// Downloads platform certificates, or waits for another thread that does. Returns whether there may be new ones.
    fn refresh(&self, deadline: &Deadline, cancel: &Cancel) -> bool {
        let mut download = self.keys.download();
        let mut waited = false;
        while download.running {
            if deadline.is_over() || cancel.cancelled().is_some() {
                return false;
            }
            let wait = deadline.left().min(LOOK_AGAIN);
            download = self.keys.ended.wait_timeout(download, wait).unwrap_or_else(PoisonError::into_inner).0;
            waited = true;
        }
        // The result of another thread's download counts, unless that thread only ran out of time.
        let failed = download.failed.as_ref().map(|report| report.code);
        let ran_out = matches!(failed, Some(Code::TimeoutUnsent | Code::CancelledUnsent | Code::ReadFailed));
        let too_early = download.not_before.is_some_and(|moment| moment > system::now());
        if too_early || waited && !ran_out {
            return failed.is_none();
        }
        download.running = true;
        drop(download);
        let running = Running(&self.keys);
        let outcome = self.download_certificates(deadline, cancel);
        let mut download = self.keys.download();
        download.failed = outcome.err().map(|report| *report);
        let pause = pause_after(download.failed.as_ref(), self.keys.key_ring().is_empty());
        download.not_before = pause.map(|pause| system::now() + pause);
        let brought = download.failed.is_none();
        drop(download);
        drop(running);
        brought
    }

    fn download_certificates(
        &self,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> std::result::Result<(), Box<Report>> {
        let prepared = Prepared::question(TARGET);
        let request = OutgoingRequest {
            downloads_certificates: true,
            ..OutgoingRequest::fresh(DOWNLOAD, None, &prepared)
        };
        let report = self.send_with_retries(&request, PriorAttempt::default(), deadline, cancel);
        match (report.code, &report.data) {
            (Code::Ok, Some(response)) => {
                let response = response.get().as_bytes();
                let certificates = self.keys.opened(response).map_err(|error| Box::new(error.into()))?;
                let serials: Vec<&str> =
                    certificates.iter().map(|certificate| certificate.serial.as_str()).collect();
                log::info(format_args!("platform certificates: {}", serials.join(", ")));
                self.keys.put(certificates);
                self.keys.keep(response);
                Ok(())
            }
            // New merchants have only the public key.
            (Code::NotFound, _) => Err(Box::new(Report {
                message: "this merchant has no platform certificates (404)".into(),
                field: Some("/wechatpay_public_key_id".into()),
                code: Code::Config,
                ..report
            })),
            _ => Err(Box::new(report)),
        }
    }
}

/// The id of a public key, if it looks like one. The header is not verified and may hold anything.
fn public_key_id(serial: &str) -> Option<String> {
    let digits = serial.get(PUBLIC_KEY_ID_PREFIX.len()..)?;
    let is_id = serial.is_char_boundary(PUBLIC_KEY_ID_PREFIX.len())
        && serial.len() <= 64
        && serial.to_ascii_uppercase().starts_with(PUBLIC_KEY_ID_PREFIX)
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_id.then(|| serial.to_owned())
}

/// How long to wait before the next download: a minute. Not at all if no answer came. As long as WeChat Pay says if there
/// is no key at all.
fn pause_after(failed: Option<&Report>, nothing_works: bool) -> Option<Duration> {
    match failed {
        Some(failed) if matches!(failed.code, Code::Key | Code::Config) => Some(AT_MOST_EVERY),
        Some(failed) if !failed.got_response => None,
        Some(failed) if nothing_works => {
            Some(failed.retry_after_ms.map_or(AFTER_REFUSAL, Duration::from_millis).min(AT_MOST_EVERY))
        }
        _ => Some(AT_MOST_EVERY),
    }
}

/// Wakes the waiting threads however the download ends.
struct Running<'a>(&'a Keys);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.download().running = false;
        self.0.ended.notify_all();
    }
}
