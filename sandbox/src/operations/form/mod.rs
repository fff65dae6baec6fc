//! The form of requests: which members they have, and what these look like.

mod fields;
mod periods;
pub(super) mod schema;
pub(super) mod shapes;
