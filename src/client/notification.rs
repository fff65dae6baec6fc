//! Verifying and opening notifications.

use super::Client;
use crate::error::{Error, Result};
use crate::log;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::{Reply, Report};
use crate::status::Code;
use crate::wire::notification::{self, Headers, MAX_BYTES};
use std::time::Duration;

/// WeChat Pay wants its reply within five seconds. Downloading a certificate may take three of them.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(3);
/// Longest `Request-ID` that is passed on. It is not verified, so one with control characters is dropped.
const LONGEST_REQUEST_ID: usize = 128;

impl Client {
    /// Verifies and opens a notification. Every report says how to answer it.
    pub fn notification_open(&self, headers_json: &str, body: &[u8]) -> Report {
        let faulty = |error: Error| Report { reply: Some(Reply::fault()), ..error.into() };
        self.observed("notification_open", || {
            if self.is_till() {
                // It has no key to prove one with.
                let message = "wxcoupon_notification_open: a till of a hub opens none: notifications belong to the hub's /notify";
                return untrusted("belongs_to_hub", message.to_owned(), Reply::fault());
            }
            self.proven_and_opened(headers_json, body).unwrap_or_else(faulty)
        })
    }

    fn proven_and_opened(&self, headers_json: &str, body: &[u8]) -> Result<Report> {
        let headers = Headers::from_json(headers_json)?;
        let Some(apiv3_key) = &self.config.apiv3_key else {
            let message = "apiv3_key is missing: notifications are sealed with it";
            return Err(Error::at(Code::Config, "/apiv3_key", message));
        };
        let report = self.judged(&headers, body, apiv3_key.as_bytes());
        let request_id = headers.request_id.filter(|id| !id.chars().any(char::is_control));
        let request_id = request_id.map(|id| id.chars().take(LONGEST_REQUEST_ID).collect());
        Ok(Report { request_id, ..report })
    }

    fn judged(&self, headers: &Headers, body: &[u8], apiv3_key: &[u8]) -> Report {
        if body.len() > MAX_BYTES {
            let message = format!("the body is longer than {MAX_BYTES} bytes");
            return untrusted("too_large", message, Reply::too_large());
        }
        if let Some(name) = headers.ambiguous {
            let message = format!("{name} came twice, with different values");
            return untrusted("ambiguous_header", message, Reply::untrusted());
        }
        let deadline = Deadline::after(DOWNLOAD_LIMIT.min(self.config.limits.call));
        if let Err(error) = self.trust_notification(&headers.signature, body, &deadline, &Cancel::never()) {
            return untrusted(error.name(), error.to_string(), Reply::untrusted());
        }
        match notification::open(body, apiv3_key) {
            Ok(opened) => {
                let id = opened.id.as_deref().unwrap_or("without id");
                log::info(format_args!("notification {} {id}: opened", opened.event_type));
                self.remember_notification(&opened);
                Report { reply: Some(Reply::accepted()), ..Report::local(&opened) }
            }
            // The signature is right, so the problem is on our side.
            Err(error) => Report {
                hint: Some("Compare apiv3_key with the one that is set in the merchant console.".into()),
                ..untrusted(error.name(), error.to_string(), Reply::fault())
            },
        }
    }
}

fn untrusted(verification: &'static str, message: String, reply: Reply) -> Report {
    log::info(format_args!("notification: untrusted, {verification}"));
    Report {
        verification: Some(verification),
        message,
        reply: Some(reply),
        ..Report::new(Code::NotificationUntrusted)
    }
}
