//! All coupons of a user that can be redeemed: every page of the list, or none.

use super::{Failed, Scan, coupon_of, named, texts};
use crate::api;
use crate::report::{OTHER_REQUEST, Report};
use crate::scan::offer::{self, Offers, Owner};
use crate::status::{Class, Code};
use serde_json::Value;
use std::collections::HashSet;

const PAGE_SIZE: usize = 50;
/// The largest is not documented; the samples have 20.
const OLDER_PAGE_SIZE: usize = 20;

/// More pages than any user has of coupons.
const PAGES: usize = 100;

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
        let owner = self.owner(openid, None, None);
        loop {
            if pages.count > 0 && (self.deadline.is_over() || self.cancel.cancelled().is_some()) {
                let code = if self.deadline.is_over() { Code::TimeoutUnsent } else { Code::CancelledUnsent };
                return Err(pages.failed(Report::new(code)));
            }
            let page = self.page(&owner, token.as_deref())?;
            if page.code != Code::Ok {
                return Err(pages.failed(page));
            }
            let page = coupon_of(&page);
            let asked = [
                ("/brand_id", owner.brand_id.as_deref()),
                ("/product_coupon/product_coupon_id", self.question.product_coupon_id.as_deref()),
                ("/stock/stock_id", self.question.stock_id.as_deref()),
            ];
            pages.add(&page, "user_coupon_list", "/stock/stock_id", &asked)?;
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

    /// Every page of such a list. The text calls `offset` the page's number, and the samples show positions of coupons. So where a
    /// position leads to nothing although more is counted, pages are counted from there on; numbers may begin with 0 or 1, and what
    /// comes twice is taken once. A list that does not come to its own count has no answer.
    pub(super) fn all_busifavor(
        &mut self,
        owner: &Owner,
        merchant: &str,
        stock: Option<&str>,
        state: Option<&str>,
    ) -> Result<Vec<Value>, Failed> {
        let (mut pages, mut page_number) = (Pages::default(), None::<usize>);
        loop {
            let mut members = texts(&[
                ("openid", Some(&owner.openid)),
                ("appid", owner.appid.as_deref()),
                ("belong_merchant", Some(merchant)),
                ("stock_id", stock),
                ("coupon_state", state),
            ]);
            members.insert("offset".into(), page_number.unwrap_or(pages.coupons.len()).into());
            members.insert("limit".into(), OLDER_PAGE_SIZE.into());
            let page = self.ask(&api::BUSIFAVOR_LIST, members)?;
            if page.code != Code::Ok {
                return Err(pages.failed(page));
            }
            let (page, before) = (coupon_of(&page), pages.coupons.len());
            let items = pages.add(
                &page,
                "data",
                "/stock_id",
                &[("/belong_merchant", Some(merchant)), ("/stock_id", stock)],
            )?;
            let total = page.get("total_count").and_then(Value::as_u64);
            let read = u64::try_from(pages.coupons.len()).unwrap_or(u64::MAX);
            let more_is_counted = total.is_some_and(|total| read < total);
            page_number = match page_number {
                _ if total.is_some_and(|total| read >= total) => return pages.whole(total),
                None if pages.coupons.len() > before => None,
                None if before > 0 && more_is_counted => Some(1),
                Some(number) if items > 0 && number < PAGES => Some(number + 1),
                _ => return pages.whole(total),
            };
        }
    }

    fn page(&mut self, owner: &Owner, token: Option<&str>) -> Result<Report, Failed> {
        let question = self.question;
        let mut members = texts(&[
            ("openid", Some(&owner.openid)),
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
    /// Takes a page's coupons, and tells how many it has. One that is of something else than `asked` makes the list one of another
    /// question.
    fn add(
        &mut self,
        page: &Value,
        list: &str,
        stock_at: &str,
        asked: &[(&str, Option<&str>)],
    ) -> Result<usize, Failed> {
        self.count += 1;
        let failed = |message: String| Report { message, ..Report::new(Code::ReadFailed) };
        let items = match page.get(list) {
            // WeChat Pay leaves out what is empty.
            None | Some(Value::Null) if page.is_object() => return Ok(0),
            Some(Value::Array(items)) => items,
            _ => return Err(self.failed(failed(format!("the answer's {list} is no list")))),
        };
        for coupon in items {
            let is_another = |(at, asked): &&(&str, Option<&str>)| {
                let found = coupon.pointer(at).and_then(Value::as_str);
                asked.zip(found).is_some_and(|(asked, found)| asked != found)
            };
            if let Some((at, _)) = asked.iter().find(is_another) {
                let message = format!(
                    "the signed answer's {list} has a coupon whose {at} is not the one that was asked for"
                );
                let report = Report { verification: Some(OTHER_REQUEST), ..failed(message) };
                return Err(self.failed(report));
            }
            let name = |at| coupon.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
            if self.seen.insert((name("/coupon_code"), name(stock_at))) {
                self.coupons.push(coupon.clone());
            }
        }
        Ok(items.len())
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
