//! Coupons that the directory knows by their code: each is asked for, and what cannot be asked for takes none of the others along.

use super::{Failed, Scan, coupon_of, failed, named, texts};
use crate::api;
use crate::directory::{Entry, Family};
use crate::error::Error;
use crate::net::deadline::Deadline;
use crate::report::Report;
use crate::scan::offer::{self, Offers, Outcome, Owner, Unusable};
use crate::status::{Class, Code};
use serde_json::Value;
use std::time::Duration;

/// A coupon gets at least this much of the time that is left, so that many of one code do not leave each too little.
const LEAST_TIME: Duration = Duration::from_secs(2);

impl Scan<'_> {
    /// Every coupon with the scanned code, as WeChat Pay has it now. None is picked for the customer. Only if none of them could
    /// be asked for, there is no answer.
    pub(super) fn candidates(&mut self, entries: Vec<Entry>) -> Result<Offers, Failed> {
        let mut offers = Offers::default();
        let known = entries.len();
        let wanted: Vec<Entry> = entries.into_iter().filter(|entry| self.is_wanted(entry)).collect();
        if wanted.is_empty() {
            let message = format!(
                "{known} coupons with the scanned code are known, none of this brand_id, product_coupon_id or stock_id"
            );
            return Err(failed(Error::new(Code::NotFound, message)));
        }
        let whole = self.deadline;
        let (mut first_failed, mut answered) = (None, 0_usize);
        for (entry, left) in wanted.iter().zip((1..=wanted.len()).rev()) {
            self.deadline = part_of(&whole, left);
            let outcome = match entry.family {
                Family::Product => self.product_coupon(entry),
                Family::Busifavor => self.busifavor(entry),
            };
            match outcome {
                Ok(outcome) => {
                    answered += 1;
                    offers.push(outcome);
                }
                Err(why) => {
                    offers.push(unusable(entry, "unanswered", &why));
                    first_failed.get_or_insert(why);
                }
            }
        }
        self.deadline = whole;
        if let (Some(why), 0) = (first_failed, answered) {
            return Err(why);
        }
        if self.question.has_amount() {
            offers.rank();
        }
        Ok(offers)
    }

    /// Whether an entry is of the brand, product coupon and stock that the caller has named.
    fn is_wanted(&self, entry: &Entry) -> bool {
        let fits = |named: &Option<String>, own: Option<&str>| {
            named.as_deref().is_none_or(|named| own.is_none_or(|own| own == named))
        };
        fits(&self.question.brand_id, entry.brand_id.as_deref())
            && fits(&self.question.product_coupon_id, entry.product_coupon_id.as_deref())
            && (self.question.product_coupon_id.is_none() || entry.family == Family::Product)
            && fits(&self.question.stock_id, Some(&entry.stock_id))
    }

    fn product_coupon(&mut self, entry: &Entry) -> Result<Outcome, Failed> {
        let (Some(openid), Some(product)) = (&entry.openid, &entry.product_coupon_id) else {
            return Ok(incomplete(
                entry,
                "the directory does not know the coupon's owner or its product coupon",
            ));
        };
        let owner = self.owner(openid, entry.appid.as_deref(), entry.brand_id.as_deref());
        let names = [
            ("openid", Some(openid.as_str())),
            ("coupon_code", Some(entry.coupon_code.as_str())),
            ("product_coupon_id", Some(product.as_str())),
            ("stock_id", Some(entry.stock_id.as_str())),
            ("appid", owner.appid.as_deref()),
            ("brand_id", owner.brand_id.as_deref()),
        ];
        let report = self.ask(&api::QUERY, texts(&names))?;
        answered(entry, &report)
            .unwrap_or_else(|| Ok(self.assess(coupon_of(&report), &offer::PRODUCT_COUPON, &owner)))
    }

    /// Without an owner only an uploaded code can be asked about. Its redemption needs none.
    fn busifavor(&mut self, entry: &Entry) -> Result<Outcome, Failed> {
        let Some(openid) = &entry.openid else {
            let owner = self.owner("", entry.appid.as_deref(), None);
            let report = self.get_code(entry, &owner)?;
            // The code was not uploaded, it may be: then nothing can be asked without the owner.
            if report.code == Code::Refused {
                return Ok(incomplete(entry, "the directory does not know the coupon's owner"));
            }
            return answered(entry, &report).unwrap_or_else(|| Ok(self.uploaded(&report, &owner)));
        };
        let owner = self.owner(openid, entry.appid.as_deref(), None);
        let names = [
            ("openid", Some(openid.as_str())),
            ("coupon_code", Some(entry.coupon_code.as_str())),
            ("stock_id", Some(entry.stock_id.as_str())),
            ("appid", owner.appid.as_deref()),
        ];
        let report = self.ask(&api::BUSIFAVOR_QUERY, texts(&names))?;
        if report.contradicts() {
            return self.busifavor_of_stock(entry, &owner, &report);
        }
        answered(entry, &report)
            .unwrap_or_else(|| Ok(self.assess(coupon_of(&report), &offer::BUSIFAVOR, &owner)))
    }

    /// The user has the same code from another stock, too, and the question by code cannot say which is meant. The list and the
    /// question for uploaded codes can.
    fn busifavor_of_stock(
        &mut self,
        entry: &Entry,
        owner: &Owner,
        contradiction: &Report,
    ) -> Result<Outcome, Failed> {
        let own = || self.client.config.identity.id.clone();
        let merchant = self.question.belong_merchant.clone().unwrap_or_else(own);
        let listed = self.all_busifavor(owner, &merchant, Some(&entry.stock_id), None);
        let is_it = |coupon: &Value| {
            coupon.get("coupon_code").and_then(Value::as_str) == Some(&entry.coupon_code)
                && coupon.get("stock_id").and_then(Value::as_str) == Some(&entry.stock_id)
        };
        let list_said = match listed {
            Ok(coupons) => match coupons.into_iter().find(is_it) {
                Some(coupon) => return Ok(self.assess(coupon, &offer::BUSIFAVOR, owner)),
                None => Ok("list: the user's coupons of this stock are without it".to_owned()),
            },
            Err(why) if why.code.class() == Class::Refused => Ok(why.message.clone()),
            Err(why) => Err(why),
        };
        let report = self.get_code(entry, owner)?;
        match report.code.class() {
            Class::Ok => Ok(self.uploaded(&report, owner)),
            Class::Refused => {
                let get_code = named("get_code", report);
                Ok(other_coupon(
                    entry,
                    &format!("query: {}; {}; {}", contradiction.message, list_said?, get_code.message),
                ))
            }
            _ => Err(named("get_code", report)),
        }
    }

    fn get_code(&mut self, entry: &Entry, owner: &Owner) -> Result<Report, Failed> {
        let names = [
            ("coupon_code", Some(entry.coupon_code.as_str())),
            ("stock_id", Some(entry.stock_id.as_str())),
            ("appid", owner.appid.as_deref()),
        ];
        self.ask(&api::BUSIFAVOR_GET_CODE, texts(&names))
    }

    /// An uploaded code, as the question for these answers it. It names the owner, too, presumably as known to the app id that the
    /// question named: where it named none, the openid is not taken over.
    fn uploaded(&self, report: &Report, owner: &Owner) -> Outcome {
        let answer = coupon_of(report);
        let coupon = answer.pointer("/coupon_information").cloned().unwrap_or_default();
        let openid = answer.pointer("/code_information/openid").and_then(Value::as_str);
        let openid = openid.filter(|_| owner.openid.is_empty() && owner.appid.is_some());
        let owner = Owner { openid: openid.unwrap_or(&owner.openid).to_owned(), ..owner.clone() };
        self.assess(coupon, &offer::BUSIFAVOR, &owner)
    }
}

/// The time for the first of so many coupons. What it does not need is left for the others.
fn part_of(whole: &Deadline, coupons: usize) -> Deadline {
    let left = whole.left();
    let part = left / u32::try_from(coupons).unwrap_or(u32::MAX).max(1);
    Deadline::after(part.max(LEAST_TIME).min(left))
}

/// What an answer means that is not a coupon. Whether the line was down or this coupon is refused: only the second says something
/// about the coupon.
fn answered(entry: &Entry, report: &Report) -> Option<Result<Outcome, Failed>> {
    let reason = match report.code {
        Code::Ok => return None,
        Code::NotFound => "not_found",
        Code::NoPermission => "no_permission",
        Code::CouponState => "coupon_state",
        Code::Refused => "refused",
        _ if report.contradicts() => {
            return Some(Ok(other_coupon(entry, &format!("query: {}", report.message))));
        }
        _ => return Some(Err(named("query", report.clone()))),
    };
    Some(Ok(unusable(entry, reason, report)))
}

/// WeChat Pay answers, and about another coupon. To ask again would bring the same.
fn other_coupon(entry: &Entry, message: &str) -> Outcome {
    Outcome::Unusable(Unusable::new(known_by(entry), "other_coupon", message, "查到的是另一张券,请扫付款码"))
}

fn unusable(entry: &Entry, reason: &'static str, report: &Report) -> Outcome {
    Outcome::Unusable(Unusable::refused(known_by(entry), reason, report.clone()))
}

/// Too little is known to ask for it.
fn incomplete(entry: &Entry, why: &str) -> Outcome {
    let message = format!("{why}, without which it cannot be asked for");
    Outcome::Unusable(Unusable::new(known_by(entry), "incomplete", message, "券信息不完整,请扫付款码"))
}

fn known_by(entry: &Entry) -> Value {
    offer::known_by(
        &entry.coupon_code,
        &entry.stock_id,
        entry.product_coupon_id.as_deref(),
        entry.brand_id.as_deref(),
    )
}
