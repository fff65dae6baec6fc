//! HTTP/1.1 over TCP and TLS, byte by byte, so that faults can spoil any of it.

mod connection;
pub(crate) mod listener;
pub(crate) mod multipart;
pub(crate) mod place;
mod reader;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod service;
mod stream;
pub(crate) mod tls;
