//! WeChat Pay on this machine.
//!
//! A server that stands in for WeChat Pay's product-coupon API (微信支付商品券,
//! for service providers and for brands): it checks request signatures, keeps coupons, signs
//! its answers, and can be told to fail in many ways. Use it in-process
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

mod api;
mod auth;
mod certs;
mod cipher;
mod clock;
mod control;
mod converse;
mod engine;
mod error;
mod exchange;
mod fault;
mod folder;
mod host;
mod http;
mod journal;
mod keys;
mod line;
mod mode;
mod options;
mod outbox;
mod post;
mod random;
mod rates;
mod refusal;
mod replies;
mod sandbox;
mod seal;
mod signing;
mod state_file;
mod stats;
mod steering;
mod sync;
mod tls;
mod world;

pub use error::{Error, Result};
pub use fault::menu::FaultView;
pub use fault::{Fault, FaultId, FaultKind};
pub use journal::RequestEntry;
pub use keys::{Keys, MCHID};
pub use mode::Mode;
pub use options::{Options, Rates, SignWith, TlsKind, UploadAnswer};
pub use post::{Attempt, Delivery, DeliveryState};
pub use sandbox::{Sandbox, ShutdownHandle};
pub use signing::CertificateView;
pub use stats::Stats;
pub use world::catalogue::{
    APPID, BRAND_ID, BUNDLE_PRODUCT_COUPON_ID, BUNDLE_STOCK_IDS, PRODUCT_COUPON_ID, STOCK_BUNDLE_ID,
    STOCK_ID, STORE_IDS, UNAUTHORISED_BRAND_ID,
};
pub use world::coupon::{CouponState, Day, Hours, StoreScope};
pub use world::ledger::{Effect, LedgerEntry};
pub use world::seed::{BUNDLE_ID, OPENID, OTHER_TILL_NUMBER, PAGES_OPENID, SeededCoupon};
pub use world::view::{CouponSpec, CouponView};
