//! Keys, certificates, signatures, encryption, random texts: all OpenSSL's work.

pub(crate) mod apiv2;
pub(crate) mod certificates;
pub(crate) mod cipher;
pub(crate) mod hex;
pub(crate) mod keys;
pub(crate) mod message_signature;
pub(crate) mod random;
pub(crate) mod signing_keys;
