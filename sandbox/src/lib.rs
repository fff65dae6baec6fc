//! WeChat Pay on this machine.
//!
//! A server that stands in for WeChat Pay's product-coupon API (微信支付商品券,
//! for service providers and for brands): it checks request signatures, keeps coupons, signs
//! its answers, and fails in many ways on request. Use it in-process
//! ([`Sandbox`]) or as the program `wxcoupon-sandbox`.
//!
//! ```
//! use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox};
//!
//! # fn main() -> Result<(), wxcoupon_sandbox::Error> {
//! let sandbox = Sandbox::start(Options::default())?;
//! println!("configure your client with {}", sandbox.config_path().display());
//!
//! // The next `use` takes effect, but its answer is lost.
//! let fault = sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("use").times(1));
//! // … let the client redeem SBX_EFFECTIVE_1 …
//! assert_eq!(sandbox.fired(fault), 0);
//! assert!(sandbox.ledger().is_empty());
//! # Ok(())
//! # }
//! ```

mod admin;
mod clock;
mod console;
mod control;
mod crypto;
mod error;
mod faults;
mod http;
mod identities;
mod mode;
mod operation;
mod operations;
mod options;
mod protocol;
mod refusal;
mod sandbox;
mod state;
mod sync;
mod text;
mod webhooks;

pub use crypto::keys::Keys;
pub use crypto::signing_keys::{CertificateView, SignWith};
pub use error::{Error, Result};
pub use faults::registry::FaultView;
pub use faults::{Fault, FaultId, FaultKind};
pub use http::tls::TlsKind;
pub use identities::{
    APPID, BRAND_ID, BUNDLE_ID, BUNDLE_PRODUCT_COUPON_ID, BUNDLE_STOCK_IDS, BUSIFAVOR_FOREIGN_STOCK_ID,
    BUSIFAVOR_STOCK_IDS, MCHID, OPENID, OTHER_TILL_NUMBER, PAGES_OPENID, PRODUCT_COUPON_ID, STOCK_BUNDLE_ID,
    STOCK_ID, STORE_IDS, UNAUTHORISED_BRAND_ID,
};
pub use mode::Mode;
pub use options::{Options, Rates, UploadAnswer};
pub use protocol::request_log::RequestEntry;
pub use protocol::stats::Stats;
pub use sandbox::{Sandbox, ShutdownHandle};
pub use state::brand::Store;
pub use state::busifavor::BusifavorState;
pub use state::busifavor::view::{BusifavorSpec, BusifavorView};
pub use state::catalogue::worth::Worth;
pub use state::coupon::{CouponState, Day, Hours, StoreScope};
pub use state::ledger::{Effect, LedgerEntry};
pub use state::seed::SeededCoupon;
pub use state::view::{CouponSpec, CouponView};
pub use text::Text;
pub use webhooks::{Attempt, Delivery, DeliveryState};
