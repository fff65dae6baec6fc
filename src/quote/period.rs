//! When a coupon may be used: its validity, its stock's period, weekly and irregular windows.
//!
//! Both ends of every window are inclusive. The documentation does not say so, but it prints the last included second:
//! `23:59:59`, and 86399 for the end of a day. Days and seconds of weekly windows are in China time, like everything that
//! WeChat Pay prints.

use super::choices::PastMidnight;
use super::member::{Member, Unreadable};
use super::moment::{DAY, Moment};
use super::step::{Rule, Step};
use super::weekly::{self, Doubt, Fit, Weekly, WeeklyNames};

/// The names that a family has for the members about time.
#[derive(Debug)]
pub struct Names {
    /// First and last second of the coupon's own validity.
    validity: [&'static str; 2],
    /// Everything that a stock's period may have.
    known: &'static [&'static str],
    weekly: (&'static str, WeeklyNames),
    irregular: &'static str,
}

/// Those of a product coupon.
pub static PRODUCT_COUPON: Names = Names {
    validity: ["valid_begin_time", "valid_end_time"],
    known: &[
        "available_begin_time",
        "available_end_time",
        "available_days",
        "wait_days_after_receive",
        "available_seconds",
        "weekly_available_period",
        "irregular_available_period_list",
    ],
    weekly: ("weekly_available_period", weekly::PRODUCT_COUPON),
    irregular: "irregular_available_period_list",
};

/// Those of a 商家券, spelt as WeChat Pay spells them.
pub static BUSIFAVOR: Names = Names {
    validity: ["available_start_time", "expire_time"],
    known: &[
        "available_begin_time",
        "available_end_time",
        "available_day_after_receive",
        "wait_days_after_receive",
        // Third-party evidence only.
        "available_second_after_receive",
        "available_week",
        "irregulary_avaliable_time",
    ],
    weekly: ("available_week", weekly::BUSIFAVOR),
    irregular: "irregulary_avaliable_time",
};

/// Windows to follow for the end of the time in which a coupon can be used.
const MOST_WINDOWS: usize = 2000;
/// Days to search for the next weekly window: a week, and the first day again.
const DAYS_AHEAD: i64 = 8;

/// A span of time with both ends included.
#[derive(Debug, Clone, Copy)]
struct Span {
    begin: Moment,
    end: Moment,
}

impl Span {
    fn read(holder: &Member<'_>, begin: &str, end: &str) -> Result<Span, Unreadable> {
        let (begin, end) = (holder.get(begin).moment()?, holder.get(end));
        let span = Span { begin, end: end.moment()? };
        if span.end < span.begin { Err(end.unreadable("a time after its beginning")) } else { Ok(span) }
    }

    fn has(self, moment: Moment) -> bool {
        (self.begin..=self.end).contains(&moment)
    }
}

/// The windows of `irregular_available_period_list`. Empty: any time fits.
#[derive(Debug)]
struct Irregular(Vec<Span>);

impl Irregular {
    fn read(member: &Member<'_>) -> Result<Irregular, Unreadable> {
        let windows = member.items()?;
        let spans = windows.iter().map(|window| {
            window.has_only(&["begin_time", "end_time"])?;
            Span::read(window, "begin_time", "end_time")
        });
        spans.collect::<Result<_, _>>().map(Irregular)
    }

    fn fit(&self, moment: Moment) -> Fit {
        let any = self.0.is_empty() || self.0.iter().any(|span| span.has(moment));
        if any { Fit::Inside } else { Fit::Outside }
    }

    /// The end of the window with that time. `None`: it never ends.
    fn end(&self, moment: Moment) -> Option<Moment> {
        self.0.iter().filter(|span| span.has(moment)).map(|span| span.end).max()
    }
}

/// All time rules of a coupon.
#[derive(Debug)]
pub struct Times {
    validity: Result<Span, Unreadable>,
    stock: Result<Span, Unreadable>,
    weekly: Result<Weekly, Unreadable>,
    irregular: Result<Irregular, Unreadable>,
    found: Found,
}

/// The texts that the steps show.
#[derive(Debug)]
struct Found {
    weekly: String,
    irregular: String,
}

impl Times {
    /// Reads the coupon, and the period of its stock.
    pub fn read(
        coupon: &Member<'_>,
        period: &Member<'_>,
        names: &Names,
        past_midnight: Option<PastMidnight>,
    ) -> Times {
        let [weekly, irregular] = [names.weekly.0, names.irregular].map(|name| period.get(name));
        let [begin, end] = names.validity;
        let shown =
            |member: &Member<'_>| if member.is_present() { member.json() } else { "no restriction".into() };
        Times {
            validity: Span::read(coupon, begin, end),
            // Every documented stock has a period. Without one, the restriction may be somewhere else.
            stock: period
                .has_only(names.known)
                .and_then(|()| Span::read(period, "available_begin_time", "available_end_time")),
            weekly: Weekly::read(&weekly, &names.weekly.1, past_midnight),
            irregular: Irregular::read(&irregular),
            found: Found { weekly: shown(&weekly), irregular: shown(&irregular) },
        }
    }

    /// The last time at which coupon and stock are valid.
    pub fn valid_until(&self) -> Option<Moment> {
        let [validity, stock] = [&self.validity, &self.stock].map(|span| span.as_ref().ok());
        Some(validity?.end.min(stock?.end))
    }

    /// The first time from `now` on that fits every rule, if there is one.
    pub fn next(&self, now: Moment) -> Option<Moment> {
        let [validity, stock] = [&self.validity, &self.stock].map(|span| span.as_ref().ok());
        let (weekly, irregular) = (self.weekly.as_ref().ok()?, self.irregular.as_ref().ok()?);
        let first = now.max(validity?.begin).max(stock?.begin);
        // When all rules hold again, one of them has just begun to hold.
        let starts = std::iter::once(first).chain(irregular.0.iter().map(|span| span.begin));
        let days = starts.flat_map(|start| {
            (0..DAYS_AHEAD).flat_map(move |day| {
                let midnight = start.midnight().plus(day * DAY);
                std::iter::once(start).chain(weekly.beginnings().map(move |second| midnight.plus(second)))
            })
        });
        days.filter(|moment| *moment >= first && self.hold_at(*moment)).min()
    }

    /// Whether every rule holds at that time.
    fn hold_at(&self, moment: Moment) -> bool {
        let has = |span: &Result<Span, Unreadable>| span.as_ref().is_ok_and(|span| span.has(moment));
        has(&self.validity)
            && has(&self.stock)
            && self.weekly.as_ref().is_ok_and(|weekly| weekly.fit(moment) == Fit::Inside)
            && self.irregular.as_ref().is_ok_and(|irregular| irregular.fit(moment) == Fit::Inside)
    }

    /// The last second up to which every rule holds from `now` on without a break.
    pub fn until(&self, now: Moment) -> Option<Moment> {
        let (weekly, irregular) = (self.weekly.as_ref().ok()?, self.irregular.as_ref().ok()?);
        let last = self.valid_until()?;
        let mut within = now;
        for _ in 0..MOST_WINDOWS {
            if !self.hold_at(within) {
                break;
            }
            let end = weekly.next_end(within).min(irregular.end(within).unwrap_or(last)).min(last);
            within = end.plus(1);
        }
        Some(within.plus(-1)).filter(|end| *end >= now)
    }

    /// What each rule says about `now`.
    pub fn steps(&self, now: Moment) -> [Step; 4] {
        [
            span(Rule::Validity, &self.validity, now),
            span(Rule::StockPeriod, &self.stock, now),
            window(
                Rule::WeeklyPeriod,
                self.weekly.as_ref().map(|weekly| weekly.fit(now)),
                &self.found.weekly,
                now,
            ),
            window(
                Rule::IrregularPeriod,
                self.irregular.as_ref().map(|irregular| irregular.fit(now)),
                &self.found.irregular,
                now,
            ),
        ]
    }
}

fn span(rule: Rule, span: &Result<Span, Unreadable>, now: Moment) -> Step {
    let (span, whose) = match (span, rule) {
        (Err(why), _) => return Step::unknown(rule, why.clone()),
        (Ok(span), Rule::StockPeriod) => (span, "the stock's coupons"),
        (Ok(span), _) => (span, "the coupon"),
    };
    let found = format!("{} to {}", span.begin, span.end);
    if now < span.begin {
        Step::forbids(rule, format!("at {now} {whose} cannot be used yet"), "该券尚未到可用时间").found(found)
    } else if now > span.end {
        Step::forbids(rule, format!("at {now} {whose} cannot be used any more"), "该券已过可用时间")
            .found(found)
    } else {
        Step::passes(rule, found)
    }
}

fn window(rule: Rule, fit: Result<Fit, &Unreadable>, found: &str, now: Moment) -> Step {
    let step = match fit {
        Ok(Fit::Inside) => Step::passes(rule, ""),
        Ok(Fit::Outside) => Step::forbids(
            rule,
            format!("{now} is outside the periods in which the coupon can be used"),
            "当前时段不可使用该券",
        ),
        Ok(Fit::Maybe(doubt)) => {
            let why = match doubt {
                Doubt::PastMidnight => {
                    "what a period past midnight means, which is not documented: give past_midnight"
                }
                Doubt::Day => "a kind of day that this version does not know",
            };
            Step::undocumented(rule, format!("whether {now} is inside depends on {why}"))
        }
        Err(why) => Step::unknown(rule, why.clone()),
    };
    step.found(found)
}
