//! The operations: the form of their requests and the rules of what they ask for, one file a resource.
//!
//! Everything around them (signatures, headers, rate limits, faults, log) is the work of the protocol.

mod brand;
mod busifavor;
mod certificates;
mod coupon_bundles;
mod coupon_change;
mod coupon_list;
mod coupons;
mod digest;
mod echo;
mod form;
mod image_tasks;
mod management;
mod notify_config;
mod paging;
mod product_coupons;
mod sending;
mod stock_budget;
mod stock_bundles;
mod stocks;
mod stores;
mod terms;
mod upload_image;

use serde_json::Value;

use crate::crypto::cipher::EncryptionFault;
use crate::crypto::keys::KeySet;
use crate::crypto::signing_keys::SigningKeys;
use crate::http::multipart::Part;
use crate::http::request::Request;
use crate::identities::BRAND_ID;
use crate::mode::Mode;
use crate::operation::{Operation, Route};
use crate::options::Options;
use crate::refusal::{Reason, Refusal};
use crate::state::State;
use crate::state::request_number::{Digest, RequestKey};
use crate::webhooks::Webhooks;

pub(crate) use stocks::set_state as set_stock_state;

/// Whether an operation takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Execution {
    Commit,
    /// Only the answer is made, as if it had taken effect.
    DryRun,
}

/// What an operation gets to see.
pub(crate) struct Call<'a> {
    pub(crate) state: &'a State,
    pub(crate) route: &'a Route,
    /// Query parameters, decoded.
    pub(crate) query: &'a [(String, String)],
    /// The JSON body; null when there is none.
    pub(crate) body: &'a Value,
    pub(crate) execution: Execution,
    pub(crate) mode: Mode,
    pub(crate) request: &'a Request,
    /// The parts of a form; of anything else, none.
    pub(crate) form: &'a [Part<'a>],
    pub(crate) keys: &'a KeySet,
    pub(crate) signing_keys: &'a SigningKeys,
    pub(crate) webhooks: &'a Webhooks,
    pub(crate) options: &'a Options,
    /// How encrypted content of the answer is spoiled.
    pub(crate) encryption: Option<EncryptionFault>,
}

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Success {
    pub(crate) status: u16,
    /// JSON text, or nothing.
    pub(crate) body: Vec<u8>,
    /// The request only repeated an earlier one.
    pub(crate) duplicate: bool,
}

impl Success {
    /// The answer of an operation that reads, or that is the same when repeated.
    fn new(body: &Value) -> Result<Self, Refusal> {
        Self::repeatable(body, false)
    }

    /// The answer of an operation with a request number.
    fn repeatable(body: &Value, duplicate: bool) -> Result<Self, Refusal> {
        let body = serde_json::to_vec(body).map_err(|_| Reason::Internal)?;
        Ok(Self { status: 200, body, duplicate })
    }

    fn text(body: Vec<u8>, duplicate: bool) -> Self {
        Self { status: 200, body, duplicate }
    }
}

/// Executes an operation whose request has passed the checks of the protocol.
pub(crate) fn execute(call: &Call<'_>) -> Result<Success, Refusal> {
    if call.mode == Mode::Partner
        && let Some(authority) = call.route.operation.authority()
        && !call.state.brand.authorities(BRAND_ID).iter().any(|own| own == authority)
    {
        return Err(Refusal::because(
            Reason::NoAuthority,
            ("brand has not authorised this mchid", "品牌未授权此商户号"),
        ));
    }
    match call.route.operation {
        Operation::Use => coupons::redeem(call),
        Operation::Query => coupons::query(call),
        Operation::Return => coupons::give_back(call),
        Operation::Confirm => coupons::confirm(call),
        Operation::Deactivate => coupons::deactivate(call),
        Operation::List => coupon_list::list(call),
        Operation::Send => sending::send(call, sending::from_stock),
        Operation::BundleSend => sending::send(call, sending::from_bundle),
        Operation::PreSend => sending::pre_send(call, sending::from_stock),
        Operation::BundlePreSend => sending::pre_send(call, sending::from_bundle),
        Operation::BundleDeactivate => coupon_bundles::deactivate(call),
        Operation::CreateProductCoupon => product_coupons::create(call),
        Operation::UpdateProductCoupon => product_coupons::update(call),
        Operation::GetProductCoupon => product_coupons::get(call),
        Operation::DeactivateProductCoupon => product_coupons::deactivate(call),
        Operation::CreateStock => stocks::create(call),
        Operation::ListStocks => stocks::list(call),
        Operation::UpdateStock => stocks::update(call),
        Operation::GetStock => stocks::get(call),
        Operation::DeactivateStock => stocks::deactivate(call),
        Operation::UpdateStockBudget => stocks::update_budget(call),
        Operation::UploadCouponCodes => stocks::upload_codes(call),
        Operation::AssociateStores => stores::change(call, stores::Owner::Stock, stores::Change::Associate),
        Operation::DisassociateStores => {
            stores::change(call, stores::Owner::Stock, stores::Change::Disassociate)
        }
        Operation::BundleAssociateStores => {
            stores::change(call, stores::Owner::Bundle, stores::Change::Associate)
        }
        Operation::BundleDisassociateStores => {
            stores::change(call, stores::Owner::Bundle, stores::Change::Disassociate)
        }
        Operation::ListAssociatedStores => stores::list(call),
        Operation::CreateStockBundle => stock_bundles::create(call),
        Operation::UpdateStockBundle => stock_bundles::update(call),
        Operation::UpdateStockBundleBudget => stock_bundles::update_budget(call),
        Operation::SubmitImageTask => image_tasks::submit(call),
        Operation::GetImageTask => image_tasks::get(call),
        Operation::UploadImage => upload_image::upload(call),
        Operation::SetNotifyConfig => notify_config::set(call),
        Operation::GetNotifyConfig => notify_config::get(call),
        Operation::BusifavorUse => busifavor::redeem(call),
        Operation::BusifavorReturn => busifavor::give_back(call),
        Operation::BusifavorQuery => busifavor::query(call),
        Operation::BusifavorList => busifavor::list(call),
        Operation::BusifavorGetCode => busifavor::get_code(call),
        Operation::BusifavorDeactivate => busifavor::deactivate(call),
        Operation::ProductAuthorities => brand::authorities(call),
        Operation::ListBrandStores => brand::stores(call),
        Operation::GetBrandStore => brand::store(call),
        Operation::Certificates => certificates::list(call),
        Operation::Echo => echo::echo(call),
    }
}

/// Turns a token of a pre-send into coupons, as the user would in the mini program; their codes.
pub(crate) fn claim(state: &State, token: &str) -> Result<Vec<String>, Refusal> {
    sending::claim(state, token)
}

impl Call<'_> {
    fn param(&self, name: &str) -> &str {
        self.route.param(name).unwrap_or_default()
    }

    /// What makes two requests the same: user, coupon and the whole body,
    /// members unknown to the sandbox included.
    fn digest(&self) -> Digest {
        digest::of([self.param("openid"), self.param("coupon_code")], self.body)
    }

    /// What binds a request of an operation without a single coupon to its number.
    fn request_key(&self, number: String) -> RequestKey {
        let operation = self.route.operation;
        let path: Vec<&str> = self.route.params.iter().map(|(_, value)| value.as_str()).collect();
        let digest = digest::of([operation.name(), &path.join("/")], self.body);
        RequestKey { operation, number, digest }
    }
}
