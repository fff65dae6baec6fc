//! The operations and the way to them.
//!
//! An operation is one line in [`OPERATIONS`]: name, method, path template
//! and a function from a [`Call`] to an [`Answer`]. Everything around it
//! (signatures, headers, rate limit, faults, log) happens outside. The form
//! of a request is checked here, what it asks for in [`crate::world`].

mod certificates;
mod confirm_coupon;
mod digest;
mod echo;
mod fields;
mod image_tasks;
mod list_coupons;
mod notify_config;
mod periods;
mod product_coupons;
mod query_coupon;
mod return_coupon;
mod schema;
mod send;
mod shapes;
mod stock_bundles;
mod stocks;
mod stores;
mod table;
mod upload_image;
mod use_coupon;

use serde_json::Value;
use table::OPERATIONS;

use crate::engine::Engine;
use crate::fault::FaultKind;
use crate::http::multipart::Part;
use crate::http::request::{Request, decode};
use crate::mode::Mode;
use crate::refusal::{Reason, Refusal};
use crate::sync::read;
use crate::world::World;
use crate::world::coupon::Digest;
use crate::world::entity::Snapshot;
use crate::world::manage::{Order, Told};
use crate::world::requests::Once;
use crate::world::rules::{Done, Mark};

/// What an operation gets to see.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a World,
    /// Path parameters, decoded.
    pub(crate) params: &'a [(&'static str, String)],
    /// Query parameters, decoded.
    pub(crate) query: &'a [(String, String)],
    /// The JSON body; null when there is none.
    pub(crate) body: &'a Value,
    pub(crate) mark: Mark,
    pub(crate) protocol: &'a Protocol<'a>,
}

/// What a few operations need to see beyond the world.
pub(crate) struct Protocol<'a> {
    pub(crate) mode: Mode,
    pub(crate) request: &'a Request,
    /// The parts of a form; of anything else, none.
    pub(crate) form: &'a [Part<'a>],
    pub(crate) engine: &'a Engine,
    pub(crate) fault: Option<&'a FaultKind>,
}

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// JSON text, or nothing.
    pub(crate) body: Vec<u8>,
    /// The request only repeated an earlier one.
    pub(crate) duplicate: bool,
}

impl Answer {
    /// The answer of an operation that reads, or that is the same when repeated.
    fn read(body: &Value) -> Result<Self, Refusal> {
        let body = serde_json::to_vec(body).map_err(|_| Reason::Internal)?;
        Ok(Self { status: 200, body, duplicate: false })
    }

    /// The answer of an operation with a request number.
    fn told((body, duplicate): &Told) -> Result<Self, Refusal> {
        Ok(Self { duplicate: *duplicate, ..Self::read(body)? })
    }
}

/// One operation of the API.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    method: &'static str,
    template: &'static str,
    pub(crate) run: fn(&Call<'_>) -> Result<Answer, Refusal>,
}

/// Operations that are about keys, addresses and files, not about coupons.
const PROTOCOL: &[Operation] = &[
    Operation { name: "certificates", method: "GET", template: "/v3/certificates", run: certificates::run },
    Operation { name: "echo", method: "POST", template: "/v3/security/echo", run: echo::run },
    Operation {
        name: "upload_image",
        method: "POST",
        template: "/v3/marketing/partner/product-coupon/media/upload-image",
        run: upload_image::run,
    },
    Operation {
        name: "set_notify_config",
        method: "POST",
        template: "/v3/marketing/partner/product-coupon/notify-configs",
        run: notify_config::set,
    },
    Operation {
        name: "get_notify_config",
        method: "GET",
        template: "/v3/marketing/partner/product-coupon/notify-configs",
        run: notify_config::get,
    },
];

/// An operation with the parameters of its path.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) operation: &'static Operation,
    pub(crate) params: Vec<(&'static str, String)>,
}

impl Route {
    /// The operation a request is for.
    pub(crate) fn find(method: &str, path: &str) -> Option<Self> {
        all().filter(|operation| operation.method == method).find_map(|operation| {
            let params = match_path(operation.template, path)?;
            Some(Self { operation, params })
        })
    }

    /// A path parameter by name.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        param(&self.params, name)
    }
}

/// The name of an operation, if there is one of that name.
pub(crate) fn operation_name(name: &str) -> Option<&'static str> {
    all().map(|operation| operation.name).find(|known| *known == name)
}

/// Whether there is an operation of that name.
pub(crate) fn is_operation(name: &str) -> bool {
    operation_name(name).is_some()
}

/// Whether the operation leaves coupons alone.
pub(crate) fn is_protocol(name: &str) -> bool {
    PROTOCOL.iter().any(|operation| operation.name == name)
}

fn all() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().chain(PROTOCOL)
}

fn param<'a>(params: &'a [(&'static str, String)], name: &str) -> Option<&'a str> {
    params.iter().find(|(param, _)| *param == name).map(|(_, value)| value.as_str())
}

/// Compares segment by segment; `{name}` takes any segment but an empty one.
fn match_path(template: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut params = Vec::new();
    let mut segments = path.split('/');
    for wanted in template.split('/') {
        let segment = segments.next()?;
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !segment.is_empty() => params.push((name, decode(segment))),
            None if segment == wanted => {}
            _ => return None,
        }
    }
    segments.next().is_none().then_some(params)
}

impl Call<'_> {
    fn param(&self, name: &str) -> &str {
        param(self.params, name).unwrap_or_default()
    }

    /// Turns a successful coupon operation into its answer.
    fn answer(&self, done: &Done) -> Result<Answer, Refusal> {
        Ok(Answer { status: 200, body: self.entity(&done.snapshot)?, duplicate: done.duplicate })
    }

    /// A successful answer that is no coupon.
    fn reply(body: &Value) -> Answer {
        Answer { status: 200, body: serde_json::to_vec(body).unwrap_or_default(), duplicate: false }
    }

    fn entity(&self, snapshot: &Snapshot) -> Result<Vec<u8>, Refusal> {
        snapshot.to_json(&read(&self.world.catalogue)).ok_or_else(|| Reason::Internal.into())
    }

    /// What makes two requests the same: user, coupon and the whole body,
    /// members unknown to the sandbox included.
    fn digest(&self) -> Digest {
        digest::of([self.param("openid"), self.param("coupon_code")], self.body)
    }

    /// What binds a request of an operation without a single coupon to its number.
    fn once(&self, operation: &'static str, number: String) -> Once {
        let path: Vec<&str> = self.params.iter().map(|(_, value)| value.as_str()).collect();
        Once { operation, number, digest: digest::of([operation, &path.join("/")], self.body) }
    }

    /// An order of management whose body has this form.
    fn order_of(&self, operation: &'static str, members: &[schema::Member]) -> Result<Order<'_>, Refusal> {
        let brand_id = self.body_id("/brand_id")?;
        let once = self.once(operation, self.request_number()?);
        schema::check_members(self.body, "", members)?;
        Ok(Order { body: self.body, brand_id, once, mark: self.mark })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const USER: &str = "/v3/marketing/partner/product-coupon/users/oU";

    #[test]
    fn finds_operations() {
        let route = Route::find("POST", &format!("{USER}/coupons/C%2F1/use")).unwrap();
        assert_eq!(route.operation.name, "use");
        assert_eq!(route.param("openid"), Some("oU"));
        assert_eq!(route.param("coupon_code"), Some("C/1"));
        let route = Route::find("GET", &format!("{USER}/coupons/C1")).unwrap();
        assert_eq!(route.operation.name, "query");
    }

    #[test]
    fn knows_what_is_no_operation() {
        assert!(Route::find("GET", &format!("{USER}/coupons/C1/use")).is_none());
        assert!(Route::find("POST", &format!("{USER}/coupons//use")).is_none());
        assert!(Route::find("POST", &format!("{USER}/coupons/C1/use/")).is_none());
        assert!(Route::find("GET", "/").is_none());
    }

    #[test]
    fn names_and_templates_are_unique() {
        for (index, one) in all().enumerate() {
            for other in all().skip(index + 1) {
                assert_ne!(one.name, other.name);
                assert_ne!((one.method, one.template), (other.method, other.template));
            }
        }
    }
}
