//! Signatures, ciphers and keys of WeChat Pay's API version 3, and the sign of version 2 ([`v2`]). It knows no HTTP library and no
//! network.
//!
//! Each role has a trait and one file for each algorithm: [`sign::Signer`], [`verify::Verifier`], [`cipher::Cipher`] with
//! [`cipher::Encrypter`] and [`cipher::Decrypter`]. Mode and algorithm decide how a request names itself ([`algorithm`]).
//! [`keys`] reads keys. [`hub`] is what goes between a till and its hub, which needs no such keys.

pub mod algorithm;
pub mod certificates;
pub mod cipher;
pub mod hub;
pub mod key_ring;
pub mod keys;
pub mod notification;
pub mod serial;
pub mod sign;
pub mod v2;
pub mod verify;
