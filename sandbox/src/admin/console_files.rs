//! What the admin interface serves that is not JSON of its own: the page, pictures, downloads.

use axum::http::HeaderName;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};

/// Nothing but what this server has, and nobody may put the page into a frame.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// A file to show, or to keep.
pub(super) struct Served {
    content_type: &'static str,
    body: Vec<u8>,
    /// The name to save it under.
    download: Option<String>,
}

impl Served {
    pub(super) fn shown(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { content_type, body: body.into(), download: None }
    }

    pub(super) fn svg(picture: String) -> Self {
        Self::shown("image/svg+xml", picture)
    }

    /// To be saved under this name, which is made of plain letters.
    pub(super) fn saved(content_type: &'static str, body: impl Into<Vec<u8>>, name: &str) -> Self {
        Self { content_type, body: body.into(), download: Some(name.to_owned()) }
    }
}

impl IntoResponse for Served {
    fn into_response(self) -> Response {
        let headers: [(HeaderName, &str); 5] = [
            (CONTENT_TYPE, self.content_type),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
            // After another version has been started the page must not be the old one.
            (CACHE_CONTROL, "no-store"),
        ];
        match self.download {
            None => (headers, self.body).into_response(),
            Some(name) => {
                let disposition = format!("attachment; filename=\"{name}\"");
                (headers, [(CONTENT_DISPOSITION, disposition)], self.body).into_response()
            }
        }
    }
}
