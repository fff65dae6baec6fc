//! Handing coupons out: `send`, `bundle_send`, their pre-send forms and the
//! claim of a token.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::World;
use super::catalogue::stock::CodeMode;
use super::catalogue::{Catalogue, Outcome, Receipt};
use super::coupon::{Coupon, CouponState, Hours, Issue, StoreScope, Traits};
use super::entity::Entity;
use super::ledger::{Effect, Record};
use super::requests::Once;
use super::rules::Mark;
use crate::random;
use crate::refusal::{Reason, Refusal};
use crate::sync::write;

/// Seconds a token of a pre-send can be claimed.
const TOKEN_LIFE: i64 = 300;

/// What is to be handed out to whom.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) openid: String,
    pub(crate) appid: String,
    pub(crate) brand_id: String,
    pub(crate) product_coupon_id: String,
    pub(crate) from: Source,
    pub(crate) send_request_no: String,
    pub(crate) attach: Option<String>,
    pub(crate) coupon_tag_info: Option<Value>,
}

/// What it is handed out from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Source {
    Stock { stock_id: String, coupon_code: Option<String> },
    Bundle { stock_bundle_id: String },
}

/// A token of a pre-send.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PreSent {
    /// `pre_send` or `bundle_pre_send`.
    operation: String,
    grant: Grant,
    /// First second at which it is void.
    expires: i64,
    claimed: bool,
}

/// Coupons about to be handed out together.
struct Handful {
    coupons: Vec<(Arc<str>, Coupon)>,
    bundle: Option<String>,
}

/// A bundle as `bundle_send` and `bundle_deactivate` answer with it.
#[derive(Serialize)]
struct BundleEnvelope<'a> {
    user_coupon_bundle_id: &'a str,
    user_product_coupon_list: Vec<Entity<'a>>,
}

impl World {
    /// `send` and `bundle_send`: the answer, and whether it is one given before.
    pub(crate) fn send(&self, grant: &Grant, once: &Once, mark: Mark) -> Result<(Vec<u8>, bool), Refusal> {
        let mut guard = write(&self.catalogue);
        if let Some(outcome) = self.receipt(&guard, once)? {
            let Outcome::Coupons { codes, bundle } = outcome else {
                return Err(Reason::Internal.into());
            };
            let coupons =
                codes.iter().filter_map(|code| Some((code.as_str().into(), self.coupons.get(code)?)));
            let coupons: Vec<_> = coupons.collect();
            return Ok((self.issued_answer(&guard, bundle.as_deref(), &coupons)?, true));
        }
        let mut draft;
        let catalogue = match mark {
            Mark::Real => &mut *guard,
            Mark::Pretend => {
                draft = guard.clone();
                &mut draft
            }
        };
        let handful = self.issue(catalogue, grant, "API")?;
        if mark == Mark::Real {
            let codes = handful.coupons.iter().map(|(code, _)| code.to_string()).collect();
            let outcome = Outcome::Coupons { codes, bundle: handful.bundle.clone() };
            self.keep_receipt(catalogue, once, outcome);
            self.hand_out(catalogue, grant, &handful, once.operation);
        }
        Ok((self.issued_answer(catalogue, handful.bundle.as_deref(), &handful.coupons)?, false))
    }

    /// `pre_send` and `bundle_pre_send`: makes a token the user can claim.
    pub(crate) fn pre_send(&self, grant: &Grant, once: &Once, mark: Mark) -> Result<(Value, bool), Refusal> {
        let mut catalogue = write(&self.catalogue);
        let now = self.clock.business_now();
        let mut again = false;
        if let Some(outcome) = self.receipt(&catalogue, once)? {
            let Outcome::Token(token) = outcome else {
                return Err(Reason::Internal.into());
            };
            // A token that ran out unused does not use up its number.
            if catalogue.tokens.get(&token).is_some_and(|known| known.claimed || now < known.expires) {
                return Ok((json!({ "token": token }), true));
            }
            again = true;
        }
        // Everything that could be refused at the claim is refused here already.
        self.check_grant(&catalogue, grant)?;
        let token = random::alphanumeric(64).map_err(|_| Reason::Internal)?;
        if mark == Mark::Real {
            let pre_sent = PreSent {
                operation: once.operation.to_owned(),
                grant: grant.clone(),
                expires: now + TOKEN_LIFE,
                claimed: false,
            };
            catalogue.tokens.insert(token.clone(), pre_sent);
            self.keep_receipt(&mut catalogue, once, Outcome::Token(token.clone()));
            if !again {
                self.enter(once, &grant.product_coupon_id, Effect::PreSent);
            }
        }
        Ok((json!({ "token": token }), false))
    }

    /// What the user does in the mini program: turns a token into coupons.
    pub(crate) fn claim(&self, token: &str) -> Result<Vec<String>, Refusal> {
        let mut catalogue = write(&self.catalogue);
        let now = self.clock.business_now();
        let Some(pre_sent) = catalogue.tokens.get(token).cloned() else {
            return Err(Refusal::because(Reason::ObjectAbsent, "no such token"));
        };
        if pre_sent.claimed {
            return Err(Refusal::because(Reason::StateForbids, "token has been claimed"));
        }
        if now >= pre_sent.expires {
            return Err(Refusal::because(Reason::OutsideValidity, "token is older than 5 minutes"));
        }
        let handful = self.issue(&mut catalogue, &pre_sent.grant, "RECEIVE_COMPONENT")?;
        if let Some(known) = catalogue.tokens.get_mut(token) {
            known.claimed = true;
        }
        let operation = if handful.bundle.is_some() { "bundle_pre_send" } else { "pre_send" };
        self.hand_out(&catalogue, &pre_sent.grant, &handful, operation);
        Ok(handful.coupons.iter().map(|(code, _)| code.to_string()).collect())
    }

    /// The stocks to take coupons from, if they can be handed out.
    fn check_grant(&self, catalogue: &Catalogue, grant: &Grant) -> Result<Vec<u16>, Refusal> {
        let now = self.clock.business_now();
        let stocks = wanted_stocks(catalogue, grant)?;
        let each = || stocks.iter().filter_map(|index| catalogue.stock(*index));
        each().try_for_each(|stock| stock.check_sending(now))?;
        for stock in each() {
            self.check_code(stock.code_mode, &grant.from)?;
            stock.check_quotas(&grant.openid, now)?;
        }
        Ok(stocks)
    }

    /// Checks everything, then draws codes and counts; the coupons are made but not handed out.
    fn issue(&self, catalogue: &mut Catalogue, grant: &Grant, channel: &str) -> Result<Handful, Refusal> {
        let now = self.clock.business_now();
        let stocks = self.check_grant(catalogue, grant)?;
        let bundle = match grant.from {
            Source::Stock { .. } => None,
            Source::Bundle { .. } => Some(random::digits(18).map_err(|_| Reason::Internal)?),
        };
        let mut coupons = Vec::new();
        for index in stocks {
            let stock = catalogue.stock_mut(index).ok_or(Reason::Internal)?;
            let code = match (stock.code_mode, &grant.from) {
                (CodeMode::Upload, _) => stock.codes.draw(),
                (CodeMode::ApiAssign, Source::Stock { coupon_code, .. }) => coupon_code.clone(),
                _ => random::digits(20).ok(),
            };
            let code = code.ok_or(Reason::Internal)?;
            stock.count_sent(&grant.openid, now);
            let (valid_begin, valid_end) = stock.period.validity(now);
            let traits = Traits {
                openid: Some(grant.openid.clone()),
                valid_begin,
                valid_end,
                stores: StoreScope::None,
                hours: Hours::Always,
                bundle: bundle.clone(),
                locked: false,
                issue: Some(Issue {
                    send_request_no: grant.send_request_no.clone(),
                    send_channel: channel.to_owned(),
                    received: now,
                    attach: grant.attach.clone(),
                    coupon_tag_info: grant.coupon_tag_info.clone(),
                }),
            };
            let coupon = Coupon {
                stock: index,
                state: CouponState::Confirming,
                history: Vec::new(),
                traits: Some(Box::new(traits)),
            };
            coupons.push((code.into(), coupon));
        }
        Ok(Handful { coupons, bundle })
    }

    /// Whether a code comes with the request if, and only if, it must.
    fn check_code(&self, mode: CodeMode, from: &Source) -> Result<(), Refusal> {
        const FIELD: &str = "/coupon_code";
        let Source::Stock { coupon_code, .. } = from else {
            return Ok(());
        };
        let about = |reason, issue| Err(Refusal::about(reason, FIELD, &json!(coupon_code), issue, "body"));
        match (mode, coupon_code) {
            (CodeMode::ApiAssign, None) => about(Reason::BadStructure, "is required with API_ASSIGN"),
            (CodeMode::ApiAssign, Some(code)) if self.coupons.get(code).is_some() => Err(Refusal::because(
                Reason::SentBefore,
                "coupon_code was handed out under another send_request_no",
            )),
            (CodeMode::Wechatpay | CodeMode::Upload, Some(_)) => {
                about(Reason::BadCombination, "is only for coupon_code_mode API_ASSIGN")
            }
            _ => Ok(()),
        }
    }

    /// Gives the coupons to the user and tells the brand.
    fn hand_out(&self, catalogue: &Catalogue, grant: &Grant, handful: &Handful, operation: &'static str) {
        for (code, coupon) in &handful.coupons {
            self.coupons.ensure(code, || coupon.clone());
            self.ledger.add(Record {
                at_ms: self.clock.business_now_ms(),
                operation,
                coupon_code: Arc::clone(code),
                number: grant.send_request_no.as_str().into(),
                effect: Effect::Sent,
            });
            self.announce_sent(catalogue, grant, code, coupon);
        }
        self.touch();
    }

    /// What an earlier request under this number led to.
    pub(super) fn receipt(&self, catalogue: &Catalogue, once: &Once) -> Result<Option<Outcome>, Refusal> {
        match catalogue.receipts.get(&once.number) {
            Some(known) if known.operation == once.operation && known.digest == once.digest => {
                Ok(Some(known.outcome.clone()))
            }
            Some(_) => Err(Reason::NumberReused.into()),
            None if self.numbers.is_taken(&once.number) => {
                Err(Refusal::because(Reason::NumberReused, "number was used for another object"))
            }
            None => Ok(None),
        }
    }

    /// Binds a number to what it led to.
    pub(super) fn keep_receipt(&self, catalogue: &mut Catalogue, once: &Once, outcome: Outcome) {
        self.numbers.claim(&once.number.as_str().into());
        let receipt = Receipt { operation: once.operation.to_owned(), digest: once.digest, outcome };
        catalogue.receipts.insert(once.number.clone(), receipt);
        self.touch();
    }

    /// Enters an effect that is not about one coupon.
    pub(super) fn enter(&self, once: &Once, object: &str, effect: Effect) {
        self.ledger.add(Record {
            at_ms: self.clock.business_now_ms(),
            operation: once.operation,
            coupon_code: object.into(),
            number: once.number.as_str().into(),
            effect,
        });
        self.touch();
    }

    /// The answer about coupons just handed out.
    fn issued_answer(
        &self,
        catalogue: &Catalogue,
        bundle: Option<&str>,
        coupons: &[(Arc<str>, Coupon)],
    ) -> Result<Vec<u8>, Refusal> {
        if bundle.is_some() {
            return self.bundle_answer(catalogue, bundle, coupons, "");
        }
        let (code, coupon) = coupons.first().ok_or(Reason::Internal)?;
        let stock = catalogue.stock(coupon.stock).ok_or(Reason::Internal)?;
        let snapshot = self.snapshot_of(coupon, code, stock, 0);
        snapshot.to_json(catalogue).ok_or_else(|| Reason::Internal.into())
    }

    /// A bundle after what was done under a number; empty: as handed out.
    pub(super) fn bundle_answer(
        &self,
        catalogue: &Catalogue,
        bundle: Option<&str>,
        coupons: &[(Arc<str>, Coupon)],
        number: &str,
    ) -> Result<Vec<u8>, Refusal> {
        let snapshots: Vec<_> = coupons
            .iter()
            .filter_map(|(code, coupon)| {
                let events = match coupon.event(number) {
                    Some((index, _)) => index + 1,
                    None if number.is_empty() => 0,
                    None => coupon.history.len(),
                };
                Some(self.snapshot_of(coupon, code, catalogue.stock(coupon.stock)?, events))
            })
            .collect();
        let envelope = BundleEnvelope {
            user_coupon_bundle_id: bundle.unwrap_or_default(),
            user_product_coupon_list: snapshots
                .iter()
                .filter_map(|snapshot| snapshot.entity(catalogue))
                .collect(),
        };
        serde_json::to_vec(&envelope).map_err(|_| Reason::Internal.into())
    }
}

/// The stock, or the stocks of the bundle, if they fit the product coupon.
fn wanted_stocks(catalogue: &Catalogue, grant: &Grant) -> Result<Vec<u16>, Refusal> {
    Catalogue::check_app(&grant.brand_id, &grant.appid)?;
    if !grant.openid.starts_with('o') {
        return Err(Refusal::because(Reason::WrongOpenid, "an openid starts with o"));
    }
    let product = catalogue.find_product(&grant.product_coupon_id)?;
    let product = catalogue.product(product).ok_or(Reason::Internal)?;
    let stocks = match &grant.from {
        Source::Stock { stock_id, .. } => {
            let stock = catalogue.stock_of(&grant.product_coupon_id, stock_id)?;
            if product.is_bundle() {
                let issue = "PROGRESSIVE_BUNDLE product coupons are sent as bundles";
                return Err(Refusal::because(Reason::BadCombination, issue));
            }
            vec![stock]
        }
        Source::Bundle { stock_bundle_id } => {
            catalogue.bundle_of(&grant.product_coupon_id, stock_bundle_id)?
        }
    };
    if product.text("state") != "EFFECTIVE" {
        let issue = format!("product coupon state is {}", product.text("state"));
        return Err(Refusal::because(Reason::StockNotSending, issue));
    }
    Ok(stocks)
}
