//! The operations of the API: names, methods and paths.

use serde::{Deserialize, Serialize};

use crate::http::request::decode;

/// The look-up of payment codes, which is no operation of version 3, in the log and for faults.
pub(crate) const VERSION_2: &str = "auth_code_to_openid";

/// Where product coupons live.
macro_rules! at {
    ($rest:literal) => {
        concat!("/v3/marketing/partner/product-coupon/", $rest)
    };
}

/// Where 商家券 live.
macro_rules! busifavor {
    ($rest:literal) => {
        concat!("/v3/marketing/busifavor/", $rest)
    };
}

/// Makes the enum and, from the same rows, the table of routes.
macro_rules! operations {
    ($($variant:ident = $name:literal $method:ident $template:expr;)*) => {
        /// One operation of the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub(crate) enum Operation {
            $(#[serde(rename = $name)] $variant,)*
        }

        impl Operation {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The short name that faults, ledger and logs use.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// HTTP method and path template.
            fn route(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$variant => (stringify!($method), $template),)*
                }
            }
        }
    };
}

operations! {
    Use = "use" POST at!("users/{openid}/coupons/{coupon_code}/use");
    Query = "query" GET at!("users/{openid}/coupons/{coupon_code}");
    List = "list" GET at!("users/{openid}/coupons");
    Send = "send" POST at!("users/{openid}/coupons");
    PreSend = "pre_send" POST at!("users/{openid}/pre-send-coupon");
    Confirm = "confirm" POST at!("users/{openid}/coupons/{coupon_code}/confirm");
    Return = "return" POST at!("users/{openid}/coupons/{coupon_code}/return");
    Deactivate = "deactivate" POST at!("users/{openid}/coupons/{coupon_code}/deactivate");
    BundleSend = "bundle_send" POST at!("users/{openid}/coupon-bundles");
    BundlePreSend = "bundle_pre_send" POST at!("users/{openid}/pre-send-coupon-bundle");
    BundleDeactivate = "bundle_deactivate" POST
        at!("users/{openid}/coupon-bundles/{user_coupon_bundle_id}/deactivate");
    CreateProductCoupon = "create_product_coupon" POST at!("product-coupons");
    UpdateProductCoupon = "update_product_coupon" PATCH at!("product-coupons/{product_coupon_id}");
    GetProductCoupon = "get_product_coupon" GET at!("product-coupons/{product_coupon_id}");
    DeactivateProductCoupon = "deactivate_product_coupon" POST
        at!("product-coupons/{product_coupon_id}/deactivate");
    CreateStock = "create_stock" POST at!("product-coupons/{product_coupon_id}/stocks");
    ListStocks = "list_stocks" GET at!("product-coupons/{product_coupon_id}/stocks");
    UpdateStock = "update_stock" PATCH at!("product-coupons/{product_coupon_id}/stocks/{stock_id}");
    GetStock = "get_stock" GET at!("product-coupons/{product_coupon_id}/stocks/{stock_id}");
    DeactivateStock = "deactivate_stock" POST
        at!("product-coupons/{product_coupon_id}/stocks/{stock_id}/deactivate");
    UpdateStockBudget = "update_stock_budget" POST
        at!("product-coupons/{product_coupon_id}/stocks/{stock_id}/update-budget");
    UploadCouponCodes = "upload_coupon_codes" POST
        at!("product-coupons/{product_coupon_id}/stocks/{stock_id}/upload-coupon-codes");
    AssociateStores = "associate_stores" POST
        at!("product-coupons/{product_coupon_id}/stocks/{stock_id}/associate-stores");
    ListAssociatedStores = "list_associated_stores" GET
        at!("product-coupons/{product_coupon_id}/stocks/{stock_id}/associated-stores");
    DisassociateStores = "disassociate_stores" POST
        at!("product-coupons/{product_coupon_id}/stocks/{stock_id}/disassociate-stores");
    CreateStockBundle = "create_stock_bundle" POST at!("product-coupons/{product_coupon_id}/stock-bundles");
    UpdateStockBundle = "update_stock_bundle" PATCH
        at!("product-coupons/{product_coupon_id}/stock-bundles/{stock_bundle_id}");
    UpdateStockBundleBudget = "update_stock_bundle_budget" POST
        at!("product-coupons/{product_coupon_id}/stock-bundles/{stock_bundle_id}/update-budget");
    BundleAssociateStores = "bundle_associate_stores" POST
        at!("product-coupons/{product_coupon_id}/stock-bundles/{stock_bundle_id}/associate-stores");
    BundleDisassociateStores = "bundle_disassociate_stores" POST
        at!("product-coupons/{product_coupon_id}/stock-bundles/{stock_bundle_id}/disassociate-stores");
    SubmitImageTask = "submit_image_task" POST at!("image-generation-tasks");
    GetImageTask = "get_image_task" GET at!("image-generation-tasks/{task_id}");
    UploadImage = "upload_image" POST at!("media/upload-image");
    SetNotifyConfig = "set_notify_config" POST at!("notify-configs");
    GetNotifyConfig = "get_notify_config" GET at!("notify-configs");
    BusifavorUse = "busifavor_use" POST busifavor!("coupons/use");
    BusifavorReturn = "busifavor_return" POST busifavor!("coupons/return");
    BusifavorQuery = "busifavor_query" GET
        busifavor!("users/{openid}/coupons/{coupon_code}/appids/{appid}");
    BusifavorList = "busifavor_list" GET busifavor!("users/{openid}/coupons");
    BusifavorGetCode = "busifavor_get_code" GET busifavor!("stocks/{stock_id}/couponcodes/{coupon_code}");
    BusifavorDeactivate = "busifavor_deactivate" POST busifavor!("coupons/deactivate");
    ProductAuthorities = "product_authorities" GET
        "/v3/brand-basic/partner/brands/{brand_id}/product-authorities";
    ListBrandStores = "list_brand_stores" GET "/v3/brand/partner/store/brandstores";
    GetBrandStore = "get_brand_store" GET "/v3/brand/partner/store/brandstores/{store_id}";
    Certificates = "certificates" GET "/v3/certificates";
    Echo = "echo" POST "/v3/security/echo";
}

impl Operation {
    /// The operation of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.name() == name)
    }

    /// What a brand must have authorised its service provider for.
    pub(crate) fn authority(self) -> Option<&'static str> {
        let path = self.route().1;
        if path.starts_with(at!("")) {
            Some("BRAND_PRODUCT_AUTHORITY_PRODUCT_COUPON")
        } else if path.starts_with("/v3/brand/partner/store/") {
            Some("BRAND_PRODUCT_AUTHORITY_BRAND_STORE")
        } else {
            None
        }
    }

    /// Whether its refusals have a decimal sub-code in `Request-ID`.
    pub(crate) fn has_sub_codes(self) -> bool {
        !self.name().starts_with("busifavor_")
    }

    /// Whether a success of a new request is an entry in the ledger.
    pub(crate) fn changes_coupons(self) -> bool {
        let is_about_protocol = matches!(self, Self::UploadImage | Self::SetNotifyConfig | Self::Echo);
        self.route().0 != "GET" && !is_about_protocol
    }
}

/// An operation with the parameters of its path.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    pub(crate) params: Vec<(&'static str, String)>,
}

impl Route {
    /// The operation a request is for.
    pub(crate) fn find(method: &str, path: &str) -> Option<Self> {
        Operation::ALL.iter().find_map(|operation| {
            let (own_method, template) = operation.route();
            let params = (own_method == method).then(|| match_path(template, path))??;
            Some(Self { operation: *operation, params })
        })
    }

    /// A path parameter by name.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(param, _)| *param == name).map(|(_, value)| value.as_str())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "/v3/marketing/partner/product-coupon/users/oU";

    #[test]
    fn finds_operations() {
        let route = Route::find("POST", &format!("{USER}/coupons/C%2F1/use")).unwrap();
        assert_eq!(route.operation, Operation::Use);
        assert_eq!(route.param("openid"), Some("oU"));
        assert_eq!(route.param("coupon_code"), Some("C/1"));
        let route = Route::find("GET", &format!("{USER}/coupons/C1")).unwrap();
        assert_eq!(route.operation, Operation::Query);
    }

    #[test]
    fn knows_what_is_no_operation() {
        assert!(Route::find("GET", &format!("{USER}/coupons/C1/use")).is_none());
        assert!(Route::find("POST", &format!("{USER}/coupons//use")).is_none());
        assert!(Route::find("POST", &format!("{USER}/coupons/C1/use/")).is_none());
        assert!(Route::find("GET", "/").is_none());
    }

    #[test]
    fn names_and_routes_are_unique() {
        for (index, one) in Operation::ALL.iter().enumerate() {
            for other in Operation::ALL.iter().skip(index + 1) {
                assert_ne!(one.name(), other.name());
                assert_ne!(one.route(), other.route());
            }
        }
    }
}
