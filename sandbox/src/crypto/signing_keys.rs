//! Which key signs what WeChat Pay says.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use serde::Serialize;

use crate::crypto::certificates::{self, Identity};
use crate::crypto::keys::Keys;
use crate::error::{Error, Result};
use crate::mode::Mode;
use crate::text::Text;

/// Which key signs the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignWith {
    /// The WeChat Pay public key's if the request's `Wechatpay-Serial` names
    /// its id, else the platform certificate's.
    #[default]
    Auto,
    /// Always the WeChat Pay public key's (migration finished).
    PublicKey,
    /// Always the platform certificate's (migration not started).
    Certificate,
    /// Whatever the request asked for, this share by the platform
    /// certificate and the rest by the public key (migration under way).
    Mixed {
        /// 0 to 100.
        certificate_percent: u8,
    },
}

impl FromStr for SignWith {
    type Err = String;

    /// `auto`, `public-key`, `certificate`, `mixed` or `mixed:PERCENT`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mixed = text.strip_prefix("mixed").map(|rest| rest.strip_prefix(':').unwrap_or("50"));
        match (text, mixed.and_then(|percent| percent.parse().ok())) {
            ("auto", _) => Ok(Self::Auto),
            ("public-key", _) => Ok(Self::PublicKey),
            ("certificate", _) => Ok(Self::Certificate),
            (_, Some(certificate_percent @ 0..=100)) => Ok(Self::Mixed { certificate_percent }),
            _ => Err("must be auto, public-key, certificate, mixed or mixed:PERCENT".to_owned()),
        }
    }
}

impl fmt::Display for SignWith {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::PublicKey => f.write_str("public-key"),
            Self::Certificate => f.write_str("certificate"),
            Self::Mixed { certificate_percent } => write!(f, "mixed:{certificate_percent}"),
        }
    }
}

/// A key that signs, and the name it signs under.
pub(crate) struct SigningKey {
    pub(crate) key: PKey<Private>,
    pub(crate) serial: String,
    pub(crate) is_public_key: bool,
}

/// A platform certificate that is listed.
#[derive(Clone)]
pub(crate) struct Listed {
    pub(crate) key: Arc<SigningKey>,
    pub(crate) identity: Identity,
    /// Seconds since 1970.
    pub(crate) effective: i64,
    pub(crate) expires: i64,
}

/// A platform certificate as the admin interface shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CertificateView {
    /// 40 upper-case hexadecimal digits.
    pub serial_no: String,
    /// Answers are signed with it, as far as they are signed with a
    /// certificate.
    pub signs: bool,
    /// The certificate.
    pub pem: String,
}

/// What may change while the sandbox runs.
struct Current {
    policy: SignWith,
    public_key_only: bool,
    /// Oldest first; the last one signs.
    certificates: Vec<Listed>,
}

/// Decides who signs.
pub(crate) struct SigningKeys {
    keys: Keys,
    policy: SignWith,
    public_key_only: bool,
    public_key: Arc<SigningKey>,
    state: RwLock<Current>,
    /// Signatures given under [`SignWith::Mixed`].
    mixed: AtomicU64,
}

impl Listed {
    fn new(identity: Identity, serial: String) -> Result<Self, ErrorStack> {
        let time = |at: &openssl::asn1::Asn1TimeRef| -> Result<i64, ErrorStack> {
            let since = openssl::asn1::Asn1Time::from_unix(0)?.diff(at)?;
            Ok(i64::from(since.days) * 86_400 + i64::from(since.secs))
        };
        Ok(Self {
            effective: time(identity.cert.not_before())?,
            expires: time(identity.cert.not_after())?,
            key: Arc::new(SigningKey { key: identity.key.clone(), serial, is_public_key: false }),
            identity,
        })
    }
}

impl SigningKeys {
    pub(crate) fn new(keys: &Keys, policy: SignWith, public_key_only: bool) -> Result<Self> {
        let set = &keys.0;
        let public_key =
            SigningKey { key: set.wechatpay.clone(), serial: set.wechatpay_id.clone(), is_public_key: true };
        Ok(Self {
            policy,
            public_key_only,
            public_key: Arc::new(public_key),
            state: RwLock::new(Self::initial(keys, policy, public_key_only)?),
            mixed: AtomicU64::new(0),
            keys: keys.clone(),
        })
    }

    fn initial(keys: &Keys, policy: SignWith, public_key_only: bool) -> Result<Current> {
        let first = Listed::new(keys.0.platform.clone(), keys.0.platform_serial.clone())?;
        Ok(Current { policy, public_key_only, certificates: vec![first] })
    }

    fn read(&self) -> RwLockReadGuard<'_, Current> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Current> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who signs an answer; `wanted` is the request's `Wechatpay-Serial`.
    pub(crate) fn for_answer(&self, mode: Mode, wanted: Option<&str>) -> Arc<SigningKey> {
        self.choose(mode, || wanted == Some(self.public_key.serial.as_str()))
    }

    /// Who signs a notification: nobody asked for a key.
    pub(crate) fn for_notification(&self, mode: Mode) -> Arc<SigningKey> {
        self.choose(mode, || true)
    }

    fn choose(&self, mode: Mode, auto: impl Fn() -> bool) -> Arc<SigningKey> {
        let state = self.read();
        let with_public_key = mode == Mode::Brand
            || state.public_key_only
            || match state.policy {
                SignWith::Auto => auto(),
                SignWith::PublicKey => true,
                SignWith::Certificate => false,
                SignWith::Mixed { certificate_percent } => !self.falls_to_certificate(certificate_percent),
            };
        match state.certificates.last() {
            Some(newest) if !with_public_key => Arc::clone(&newest.key),
            _ => Arc::clone(&self.public_key),
        }
    }

    /// Spreads the certificate's share evenly, so that a test that counts
    /// does not depend on luck.
    fn falls_to_certificate(&self, percent: u8) -> bool {
        let percent = u64::from(percent.min(100));
        let nth = self.mixed.fetch_add(1, Ordering::Relaxed) % 100;
        (nth + 1) * percent / 100 > nth * percent / 100
    }

    /// The key behind a serial number or public key id.
    pub(crate) fn find(&self, serial: &str) -> Option<Arc<SigningKey>> {
        if serial == self.public_key.serial {
            return Some(Arc::clone(&self.public_key));
        }
        let state = self.read();
        let certificates = if state.public_key_only { &[] } else { state.certificates.as_slice() };
        // The official SDKs write it as a number, without zeros in front.
        let number = |serial: &str| serial.trim_start_matches('0').to_ascii_uppercase();
        let named = certificates.iter().find(|listed| number(&listed.key.serial) == number(serial))?;
        Some(Arc::clone(&named.key))
    }

    /// The certificates to hand out; `None` for a merchant who has none.
    pub(crate) fn certificates(&self) -> Option<Vec<Listed>> {
        let state = self.read();
        (!state.public_key_only).then(|| state.certificates.clone())
    }

    pub(crate) fn views(&self) -> Result<Vec<CertificateView>> {
        let state = self.read();
        let newest = state.certificates.len().saturating_sub(1);
        let view = |(index, listed): (usize, &Listed)| -> Result<CertificateView> {
            Ok(CertificateView {
                serial_no: listed.key.serial.clone(),
                signs: index == newest && !state.public_key_only,
                pem: String::from_utf8_lossy(&listed.identity.cert.to_pem()?).into_owned(),
            })
        };
        state.certificates.iter().enumerate().map(view).collect()
    }

    /// Makes a new platform certificate, which signs from now on; gives its
    /// serial number.
    pub(crate) fn rotate(&self, now: i64) -> Result<String> {
        let authority = certificates::authority("wxcoupon sandbox API CA", now)?;
        let identity = certificates::api(
            &authority,
            "wxcoupon sandbox platform",
            &certificates::rsa_key()?,
            now,
            certificates::SERIAL_BYTES,
        )?;
        let serial = certificates::serial_of(&identity.cert)?;
        self.write().certificates.push(Listed::new(identity, serial.clone())?);
        Ok(serial)
    }

    /// Takes a certificate off the list.
    pub(crate) fn retire(&self, serial: &str) -> Result<()> {
        let mut state = self.write();
        let position = state.certificates.iter().position(|listed| listed.key.serial == serial);
        let position = position
            .ok_or_else(|| Error::Certificate(Text::new("not listed", "不在证书列表中").about(serial)))?;
        if state.certificates.len() == 1 {
            return Err(Error::Certificate(Text::new(
                "the last one stays; see public_key_only",
                "最后一张证书不能停用；如需只用公钥，请设 public_key_only",
            )));
        }
        state.certificates.remove(position);
        Ok(())
    }

    pub(crate) fn set_public_key_only(&self, only: bool) {
        self.write().public_key_only = only;
    }

    /// Whether the merchant has no certificates, and which key signs.
    pub(crate) fn policy(&self) -> (bool, SignWith) {
        let state = self.read();
        (state.public_key_only, state.policy)
    }

    pub(crate) fn set_policy(&self, policy: SignWith) {
        self.write().policy = policy;
    }

    /// As at the start.
    pub(crate) fn reset(&self) {
        // The first certificate was read at the start, so it can be again.
        if let Ok(initial) = Self::initial(&self.keys, self.policy, self.public_key_only) {
            *self.write() = initial;
        }
        self.mixed.store(0, Ordering::Relaxed);
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("serial", &self.serial).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn share(percent: u8) -> usize {
        let policy = SignWith::Mixed { certificate_percent: percent };
        let signing = SigningKeys::new(&Keys::shared().unwrap(), policy, false).unwrap();
        (0..200).filter(|_| !signing.for_answer(Mode::Partner, None).is_public_key).count()
    }

    #[test]
    fn a_share_is_exact() {
        assert_eq!([0, 1, 33, 50, 100].map(share), [0, 2, 66, 100, 200]);
    }

    #[test]
    fn validity_is_read_from_the_certificate() {
        let signing = SigningKeys::new(&Keys::shared().unwrap(), SignWith::Auto, false).unwrap();
        let listed = signing.certificates().unwrap();
        let span = listed.iter().map(|one| (one.expires - one.effective) / 86_400).collect::<Vec<_>>();
        assert_eq!(span, [1827]);
    }
}
