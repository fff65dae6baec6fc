//! Payment codes that users show: 18 digits, of which the first two are 10 to 15, valid for a minute.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::sync::lock;

/// How long a code is valid, in seconds.
pub(crate) const VALID_S: i64 = 60;

/// A payment code.
#[derive(Debug, Clone)]
struct PaymentCode {
    openid: String,
    shown_s: i64,
    terms: Terms,
}

/// What is special about a code.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terms {
    /// What the next look-ups end with, and how many.
    pub(crate) fails: Option<(String, u32)>,
    /// The merchant who has looked it up before, and to whom it belongs until it refreshes.
    pub(crate) mch_id: Option<String>,
}

/// The codes that are shown now.
#[derive(Debug, Default)]
pub(crate) struct PaymentCodes(Mutex<HashMap<String, PaymentCode>>);

impl PaymentCodes {
    /// A user shows this code.
    pub(crate) fn show(&self, code: &str, openid: &str, now_s: i64, terms: Terms) {
        let mut codes = lock(&self.0);
        codes.retain(|_, other| now_s < other.shown_s + 2 * VALID_S);
        codes.insert(code.to_owned(), PaymentCode { openid: openid.to_owned(), shown_s: now_s, terms });
    }

    /// Whose code it is, or the error of version 2. Afterwards the code belongs to the merchant who asked, and a look-up that
    /// was to fail has failed; neither where the request is not processed.
    pub(crate) fn owner(
        &self,
        code: &str,
        mch_id: &str,
        now_s: i64,
        is_processed: bool,
    ) -> Result<String, String> {
        let has_form = matches!(code.as_bytes(), [b'1', b'0'..=b'5', rest @ ..] if rest.len() == 16)
            && code.bytes().all(|byte| byte.is_ascii_digit());
        if !has_form {
            return Err("AUTH_CODE_ERROR".to_owned());
        }
        let mut codes = lock(&self.0);
        let Some(found) = codes.get_mut(code) else { return Err("AUTH_CODE_INVALID".to_owned()) };
        if let Some((error, times)) = &mut found.terms.fails
            && *times > 0
        {
            *times -= u32::from(is_processed);
            return Err(error.clone());
        }
        if now_s >= found.shown_s + VALID_S {
            return Err("AUTHCODEEXPIRE".to_owned());
        }
        // Which error another merchant gets is not documented.
        if found.terms.mch_id.as_deref().is_some_and(|holder| holder != mch_id) {
            return Err("AUTH_CODE_INVALID".to_owned());
        }
        if is_processed {
            found.terms.mch_id = Some(mch_id.to_owned());
        }
        Ok(found.openid.clone())
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }
}
