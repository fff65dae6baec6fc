//! Families of coupons: where their interfaces are, which of them redeem and return, and what their coupons say.

use super::Operation;
use super::table::{busifavor, coupon};
use crate::mode::Mode;

/// A family of coupons.
pub struct Family {
    /// Its name in WeChat Pay's documentation.
    pub title: &'static str,
    /// The prefix of its paths for merchants and service providers.
    partner: &'static str,
    /// The same in brand mode. `None`: WeChat Pay has no such interfaces for brands.
    brand: Option<&'static str>,
    /// Whether every request about a coupon names the coupon's stock.
    pub names_stock: bool,
    /// The operation that redeems its coupons.
    pub redeem: &'static Operation,
    /// How a coupon shows its redemption.
    pub redemption: &'static Trace,
    /// The operation that undoes a redemption.
    pub give_back: &'static Operation,
}

/// 商品券
pub static PRODUCT_COUPON: Family = Family {
    title: "商品券",
    partner: "/v3/marketing/partner/product-coupon",
    brand: Some("/brand/marketing/product-coupon"),
    names_stock: true,
    redeem: &coupon::USE,
    redemption: &coupon::USE_TRACE,
    give_back: &coupon::RETURN,
};

/// 商家券. Its paths are the same for merchants and service providers, and brands have none.
pub static BUSIFAVOR: Family = Family {
    title: "商家券",
    partner: "/v3/marketing/busifavor",
    brand: None,
    names_stock: false,
    redeem: &busifavor::USE,
    redemption: &busifavor::USE_TRACE,
    give_back: &busifavor::RETURN,
};

/// Every family.
static ALL: [&Family; 2] = [&PRODUCT_COUPON, &BUSIFAVOR];

impl Family {
    /// The prefix of its paths.
    pub fn prefix(&self, mode: Mode) -> Option<&'static str> {
        match mode {
            Mode::Partner => Some(self.partner),
            Mode::Brand => self.brand,
            // The hub makes the path.
            Mode::Till => None,
        }
    }
}

/// Families and their operations name each other.
impl std::fmt::Debug for Family {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.partner)
    }
}

/// Whether the operation with that name redeems a coupon.
pub fn is_redemption(id: &str) -> bool {
    ALL.iter().any(|family| family.redeem.id == id)
}

/// Whether the operation with that name undoes a redemption.
pub fn is_return(id: &str) -> bool {
    ALL.iter().any(|family| family.give_back.id == id)
}

/// How a coupon shows a request.
#[derive(Debug)]
pub struct Trace {
    /// What coupons of its family say.
    pub vocabulary: &'static Vocabulary,
    /// JSON pointers of the number.
    pub shown_at: &'static [&'static str],
    /// The same in a use of a coupon of the withdrawn usage mode SEQUENTIAL.
    pub item_request_no: Option<&'static str>,
    /// States that the request leads to.
    pub leads_to: &'static [&'static str],
    /// Nothing that happens to the coupon later undoes it.
    pub stays_done: bool,
    /// The state alone is no proof, because another request may have had the same effect.
    pub must_name: bool,
}

/// What the coupons of a family say about themselves.
#[derive(Debug)]
pub struct Vocabulary {
    /// The states that its pages name. Any other is no evidence.
    pub states: &'static [&'static str],
    /// Those that a coupon does not leave any more.
    pub final_states: &'static [&'static str],
    /// Those in which a coupon can be redeemed, now or when its time has come.
    pub usable_states: &'static [&'static str],
    /// JSON pointers of a return's number, where a later redemption removes it.
    pub returned_at: &'static [&'static str],
    /// JSON pointers of what evidence reads besides numbers.
    pub reads: &'static [&'static str],
    /// Messages of a refused question that say that the coupon, or what it belongs to, does not exist.
    pub absent_texts: &'static [&'static str],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_redeems_and_returns_its_own_coupons() {
        for family in ALL {
            for operation in [family.redeem, family.give_back] {
                assert!(std::ptr::eq(operation.family, family), "{}", operation.id);
                assert!(operation.request_no_member.is_some());
            }
            assert!(is_redemption(family.redeem.id) && !is_redemption(family.give_back.id));
            assert!(is_return(family.give_back.id) && !is_return(family.redeem.id));
            let vocabulary = family.redemption.vocabulary;
            for states in [vocabulary.final_states, vocabulary.usable_states, family.redemption.leads_to] {
                assert!(states.iter().all(|state| vocabulary.states.contains(state)), "{states:?}");
            }
        }
        assert!(!is_redemption("request") && !is_return("request"));
    }
}
