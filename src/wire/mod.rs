//! The signature scheme of WeChat Pay's API version 3. Knows no HTTP library and no network.
//!
//! Each role has a trait and one file for each algorithm: [`sign::Signer`], [`verify::Verifier`], [`cipher::Cipher`] with
//! [`cipher::Encrypter`] and [`cipher::Decrypter`]. What a request says of itself follows from mode and algorithm
//! ([`algorithm`]). Keys are read in [`keys`].

pub mod algorithm;
pub mod certificates;
pub mod cipher;
pub mod key_ring;
pub mod keys;
pub mod notification;
pub mod serial;
pub mod sign;
pub mod verify;
