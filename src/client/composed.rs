//! Calls that have a name like an operation of WeChat Pay, but are composed by this library.

use super::Client;
use crate::api::{self, Operation};
use crate::error::{Error, Result};
use crate::net::cancel::Cancel;
use crate::redact::Quoted;
use crate::report::Report;
use crate::status::Code;

/// A call that the library composes of other requests, or answers itself.
#[derive(Debug)]
pub struct Composed {
    /// Its name for `wxcoupon_call`, for jobs and in answers.
    pub id: &'static str,
    run: fn(&Client, &str, &Cancel) -> Report,
}

/// Every composed call.
static COMPOSED: &[Composed] = &[
    Composed { id: "import_coupons", run: Client::import_coupons },
    Composed { id: "forget_user", run: Client::forget_user },
    Composed { id: "scan", run: Client::scan },
    Composed { id: "product_authorities", run: Client::product_authorities },
    Composed { id: "find_store", run: Client::find_store },
];

/// What a caller can name.
#[derive(Debug, Clone, Copy)]
pub enum Named {
    /// One request to WeChat Pay.
    Operation(&'static Operation),
    /// Several, or none.
    Composed(&'static Composed),
}

impl Named {
    /// The call with that name.
    pub fn find(name: &str) -> Result<Named> {
        if let Some(operation) = api::by_id(name) {
            return Ok(Named::Operation(operation));
        }
        if let Some(composed) = COMPOSED.iter().find(|composed| composed.id == name) {
            return Ok(Named::Composed(composed));
        }
        let operations = api::ALL.iter().map(|operation| operation.id);
        let known: Vec<&str> = operations.chain(COMPOSED.iter().map(|composed| composed.id)).collect();
        let message = format!("no operation is called {}; known are: {}", Quoted(name), known.join(", "));
        Err(Error::new(Code::Operation, message))
    }

    /// Its name.
    pub fn id(self) -> &'static str {
        match self {
            Named::Operation(operation) => operation.id,
            Named::Composed(composed) => composed.id,
        }
    }
}

impl Client {
    /// Any call by its name.
    pub fn call_named(&self, named: Named, input: &str, cancel: &Cancel) -> Report {
        match named {
            Named::Operation(operation) => self.call(operation, input, cancel),
            Named::Composed(composed) => {
                let run = || match self.is_till() {
                    true if composed.id == "forget_user" => self.forget_user_at_hub(input, cancel),
                    true => self.composed_at_hub(composed.id, input, cancel),
                    false => (composed.run)(self, input, cancel),
                };
                Report { operation: Some(composed.id), ..self.observed(composed.id, run) }
            }
        }
    }

    /// Whether an earlier call with the number in the input of this one may have taken effect.
    pub fn is_named_in_doubt(&self, named: Named, input: &str) -> bool {
        match named {
            Named::Operation(operation) => self.is_in_doubt(Some(operation), input),
            Named::Composed(_) => false,
        }
    }
}
