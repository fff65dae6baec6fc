//! One coupon told of twice: what is known afterwards.

use super::Entry;

/// Without empty texts, which say nothing.
pub fn cleaned(entry: Entry) -> Entry {
    let known = |text: Option<String>| text.filter(|text| !text.is_empty());
    Entry {
        brand_id: known(entry.brand_id),
        product_coupon_id: known(entry.product_coupon_id),
        openid: known(entry.openid),
        appid: known(entry.appid),
        ..entry
    }
}

/// Which of the known entries with the same family, stock and code is the same coupon. A source that does not name the brand
/// may mean any.
pub fn same_coupon<'a, K>(known: &'a [(K, Entry)], new: &Entry) -> Option<&'a (K, Entry)> {
    let exact = known.iter().find(|(_, entry)| entry.brand_id == new.brand_id);
    exact.or_else(|| match new.brand_id {
        Some(_) => known.iter().find(|(_, entry)| entry.brand_id.is_none()),
        None => known.first().filter(|_| known.len() == 1),
    })
}

/// The known entry with what the later one says.
pub fn merged(known: &Entry, new: Entry) -> Entry {
    // An app id belongs to its openid. That of another openid must not stand beside this one.
    let (openid, appid) = match (&known.openid, new.openid) {
        (Some(known_id), None) => (Some(known_id.clone()), known.appid.clone()),
        (known_id, Some(new_id)) if known_id.as_ref() != Some(&new_id) => (Some(new_id), new.appid),
        (known_id, _) => (known_id.clone(), new.appid.or_else(|| known.appid.clone())),
    };
    Entry {
        brand_id: new.brand_id.or_else(|| known.brand_id.clone()),
        product_coupon_id: new.product_coupon_id.or_else(|| known.product_coupon_id.clone()),
        openid,
        appid,
        valid_from_s: new.valid_from_s.or(known.valid_from_s),
        valid_until_s: new.valid_until_s.or(known.valid_until_s),
        ..known.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Family;
    use super::*;

    fn entry(brand: Option<&str>, openid: Option<&str>, appid: Option<&str>) -> Entry {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Entry {
            family: Family::Product,
            brand_id: text(brand),
            stock_id: "S".into(),
            coupon_code: "C".into(),
            product_coupon_id: None,
            openid: text(openid),
            appid: text(appid),
            valid_from_s: None,
            valid_until_s: None,
        }
    }

    #[test]
    fn an_app_id_stays_with_its_openid() {
        let cases = [
            ((Some("o1"), Some("wx1")), (None, None), (Some("o1"), Some("wx1"))),
            ((Some("o1"), Some("wx1")), (Some("o1"), None), (Some("o1"), Some("wx1"))),
            ((Some("o1"), None), (Some("o1"), Some("wx1")), (Some("o1"), Some("wx1"))),
            ((Some("o1"), Some("wx1")), (Some("o2"), None), (Some("o2"), None)),
            ((Some("o1"), None), (None, Some("wx2")), (Some("o1"), None)),
            ((None, Some("wx1")), (Some("o2"), None), (Some("o2"), None)),
            ((None, None), (None, Some("wx2")), (None, Some("wx2"))),
        ];
        for (known, new, expected) in cases {
            let merged = merged(&entry(None, known.0, known.1), entry(None, new.0, new.1));
            assert_eq!((merged.openid.as_deref(), merged.appid.as_deref()), expected, "{known:?} {new:?}");
        }
    }

    #[test]
    fn a_source_without_a_brand_means_the_one_that_is_known() {
        let known = |brands: &[Option<&str>]| -> Vec<(usize, Entry)> {
            brands.iter().map(|brand| entry(*brand, None, None)).enumerate().collect()
        };
        let which = |brands: &[Option<&str>], new: Option<&str>| {
            same_coupon(&known(brands), &entry(new, None, None)).map(|found| found.0)
        };
        assert_eq!(which(&[Some("1")], None), Some(0));
        assert_eq!(which(&[None], Some("1")), Some(0));
        assert_eq!(which(&[None, Some("1")], Some("1")), Some(1));
        assert_eq!(which(&[Some("1")], Some("2")), None);
        assert_eq!(which(&[Some("1"), Some("2")], None), None, "either may be meant");
        assert_eq!(which(&[], None), None);
    }
}
