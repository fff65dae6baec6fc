//! All coupons of a user that can be redeemed: every page of the list, or none.

use super::{Failed, Scan, coupon_of, named, texts};
use crate::api;
use crate::report::Report;
use crate::scan::offer::{self, Offers, Owner};
use crate::status::{Class, Code};
use serde_json::Value;
use std::collections::HashSet;

const PAGE_SIZE: usize = 50;
/// The largest is not documented; the samples have 20.
const OLDER_PAGE_SIZE: usize = 20;

/// The pages so far.
#[derive(Default)]
struct Pages {
    coupons: Vec<Value>,
    /// Code and stock of each: while somebody receives a coupon, a page may show another one once more.
    seen: HashSet<(String, String)>,
    count: usize,
}

impl Scan<'_> {
    /// The coupons of this user, each quoted.
    pub(super) fn coupons_of(&mut self, openid: &str) -> Result<Offers, Failed> {
        let owner = self.owner(openid, None, None);
        let mut offers = Offers::default();
        for coupon in self.list(openid)? {
            offers.push(self.assess(coupon, &offer::PRODUCT_COUPON, &owner));
        }
        for coupon in self.list_busifavor(openid)? {
            offers.push(self.assess(coupon, &offer::BUSIFAVOR, &owner));
        }
        if self.question.has_amount() {
            offers.rank();
        }
        Ok(offers)
    }

    /// A part of the list would be taken for all of it. So where the time is up before the last page, there is no answer.
    fn list(&mut self, openid: &str) -> Result<Vec<Value>, Failed> {
        let (mut pages, mut token) = (Pages::default(), None::<String>);
        loop {
            if pages.count > 0 && (self.deadline.is_over() || self.cancel.cancelled().is_some()) {
                let code = if self.deadline.is_over() { Code::TimeoutUnsent } else { Code::CancelledUnsent };
                return Err(pages.failed(Report::new(code)));
            }
            let page = self.page(openid, token.as_deref())?;
            if page.code != Code::Ok {
                return Err(pages.failed(page));
            }
            let page = coupon_of(&page);
            if !pages.add(&page, "user_coupon_list", "/stock/stock_id") {
                let message = "the answer's user_coupon_list is no list".to_owned();
                return Err(pages.failed(Report { message, ..Report::new(Code::ReadFailed) }));
            }
            let next = page.get("next_page_token").and_then(Value::as_str).filter(|next| !next.is_empty());
            match next {
                Some(next) if token.as_deref() == Some(next) => {
                    let message = "the list leads from a page to the same page".to_owned();
                    return Err(pages.failed(Report { message, ..Report::new(Code::ReadFailed) }));
                }
                Some(next) => token = Some(next.to_owned()),
                None => return pages.whole(page.get("total_count").and_then(Value::as_u64)),
            }
        }
    }

    /// Those of the older family, where the caller names the merchant whose stocks they are of.
    fn list_busifavor(&mut self, openid: &str) -> Result<Vec<Value>, Failed> {
        // They have no product coupon.
        let merchant = self.question.belong_merchant.clone();
        let Some(merchant) = merchant.filter(|_| self.question.product_coupon_id.is_none()) else {
            return Ok(Vec::new());
        };
        let owner = self.owner(openid, None, None);
        let stock = self.question.stock_id.as_deref();
        self.all_busifavor(&owner, &merchant, stock, Some("SENDED"))
    }

    /// Every page of such a list. It counts in offsets; that these are positions of coupons and not of pages, only samples show. A
    /// list that does not come to its own count has no answer.
    pub(super) fn all_busifavor(
        &mut self,
        owner: &Owner,
        merchant: &str,
        stock: Option<&str>,
        state: Option<&str>,
    ) -> Result<Vec<Value>, Failed> {
        let mut pages = Pages::default();
        loop {
            let mut members = texts(&[
                ("openid", Some(&owner.openid)),
                ("appid", owner.appid.as_deref()),
                ("belong_merchant", Some(merchant)),
                ("stock_id", stock),
                ("coupon_state", state),
            ]);
            members.insert("offset".into(), pages.coupons.len().into());
            members.insert("limit".into(), OLDER_PAGE_SIZE.into());
            let page = self.ask(&api::BUSIFAVOR_LIST, members)?;
            if page.code != Code::Ok {
                return Err(pages.failed(page));
            }
            let (page, before) = (coupon_of(&page), pages.coupons.len());
            if !pages.add(&page, "data", "/stock_id") {
                let message = "the answer's data is no list".to_owned();
                return Err(pages.failed(Report { message, ..Report::new(Code::ReadFailed) }));
            }
            let total = page.get("total_count").and_then(Value::as_u64);
            let read = u64::try_from(pages.coupons.len()).unwrap_or(u64::MAX);
            if pages.coupons.len() == before || total.is_some_and(|total| read >= total) {
                return pages.whole(total);
            }
        }
    }

    fn page(&mut self, openid: &str, token: Option<&str>) -> Result<Report, Failed> {
        let owner = self.owner(openid, None, None);
        let question = self.question;
        let mut members = texts(&[
            ("openid", Some(openid)),
            ("appid", owner.appid.as_deref()),
            ("brand_id", owner.brand_id.as_deref()),
            ("product_coupon_id", question.product_coupon_id.as_deref()),
            ("stock_id", question.stock_id.as_deref()),
            ("coupon_state", Some("EFFECTIVE")),
            ("page_token", token),
        ]);
        members.insert("page_size".into(), PAGE_SIZE.into());
        self.ask(&api::LIST, members)
    }
}

impl Pages {
    /// False: the page is none.
    fn add(&mut self, page: &Value, list: &str, stock_at: &str) -> bool {
        self.count += 1;
        let items = match page.get(list) {
            // WeChat Pay leaves out what is empty.
            None | Some(Value::Null) => return page.is_object(),
            Some(Value::Array(items)) => items,
            Some(_) => return false,
        };
        for coupon in items {
            let name = |at| coupon.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
            if self.seen.insert((name("/coupon_code"), name(stock_at))) {
                self.coupons.push(coupon.clone());
            }
        }
        true
    }

    /// All coupons, if there are as many as WeChat Pay counts.
    fn whole(self, total: Option<u64>) -> Result<Vec<Value>, Failed> {
        let read = u64::try_from(self.coupons.len()).unwrap_or(u64::MAX);
        match total {
            Some(total) if total > read => {
                let message = format!("the list changed while it was read: {read} of {total} coupons came");
                Err(named("list", Report { message, ..Report::new(Code::ReadFailed) }))
            }
            _ => Ok(self.coupons),
        }
    }

    fn failed(&self, report: Report) -> Failed {
        let failed = named("list", report);
        if self.count == 0 || failed.code.class() == Class::Refused {
            return failed;
        }
        let message = format!("{}; {} coupons were read before", failed.message, self.coupons.len());
        Box::new(Report { message, ..*failed })
    }
}
