//! HTTP/1.1, as much of it as the sandbox speaks.

pub(crate) mod multipart;
pub(crate) mod reader;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod stream;
