//! When a coupon may be used: its validity, its stock's period, weekly and irregular windows.
//!
//! Both ends of every window are inclusive. The documentation does not say so, but it prints the last included second:
//! `23:59:59`, and 86399 for the end of a day. Days and seconds of weekly windows are in China time, like everything that
//! WeChat Pay prints.

use super::member::{Member, Unreadable};
use super::moment::{DAY, Moment};
use super::step::{Rule, Step};

const DAYS: [&str; 7] = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
/// Days to search for the next weekly window: a week, and the first day again.
const DAYS_AHEAD: i64 = 8;

/// How a time relates to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Inside,
    Outside,
    /// It depends on something that is not documented.
    Maybe,
}

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

/// `weekly_available_period`
#[derive(Debug, Default)]
struct Weekly {
    /// Days since Monday. Empty: every day.
    days: Vec<i64>,
    /// There is a kind of day that this version does not know.
    unknown_day: bool,
    /// Seconds since midnight, both ends included. Empty: all day.
    hours: Vec<(i64, i64)>,
}

impl Weekly {
    fn read(member: &Member<'_>) -> Result<Weekly, Unreadable> {
        let mut weekly = Weekly::default();
        if member.is_present() && !member.is_object() {
            return Err(member.unreadable("an object"));
        }
        for day in member.get("day_list").items()? {
            let name = day.text()?;
            match DAYS.iter().zip(0..).find(|(day, _)| **day == name) {
                Some((_, day)) => weekly.days.push(day),
                None => weekly.unknown_day = true,
            }
        }
        for window in member.get("day_period_list").items()? {
            let second = |name| {
                let member = window.get(name);
                let second = i64::try_from(member.whole()?).ok().filter(|second| *second <= 2 * DAY);
                second.ok_or_else(|| member.unreadable("a second of the day"))
            };
            weekly.hours.push((second("begin_time")?, second("end_time")?));
        }
        Ok(weekly)
    }

    fn fit(&self, moment: Moment) -> Fit {
        let (today, yesterday) = (moment.weekday(), moment.plus(-DAY).weekday());
        let every_day = self.days.is_empty() && !self.unknown_day;
        let listed = |day| every_day || self.days.contains(&day);
        let possible = |day| listed(day) || self.unknown_day;
        let second = moment.second_of_day();
        let all_day = [(0, DAY - 1)];
        let hours = if self.hours.is_empty() { all_day.as_slice() } else { &self.hours };

        let mut best = Fit::Outside;
        for (begin, end) in hours {
            let now = (*begin..=*end).contains(&second);
            if now && listed(today) {
                return Fit::Inside;
            }
            // It is not documented whether a window may extend past midnight, how that is written, and which day counts
            // after midnight.
            let past_midnight = (*begin..=*end).contains(&(second + DAY)) && possible(yesterday);
            let turned_round = begin > end
                && ((second >= *begin && possible(today))
                    || (second <= *end && (possible(today) || possible(yesterday))));
            if (now && possible(today)) || past_midnight || turned_round {
                best = Fit::Maybe;
            }
        }
        best
    }

    /// The seconds since midnight at which a window may begin.
    fn beginnings(&self) -> impl Iterator<Item = i64> {
        std::iter::once(0).chain(self.hours.iter().map(|(begin, _)| *begin))
    }
}

/// The windows of `irregular_available_period_list`. Empty: any time fits.
#[derive(Debug)]
struct Irregular(Vec<Span>);

impl Irregular {
    fn read(member: &Member<'_>) -> Result<Irregular, Unreadable> {
        let windows = member.items()?;
        let spans = windows.iter().map(|window| Span::read(window, "begin_time", "end_time"));
        spans.collect::<Result<_, _>>().map(Irregular)
    }

    fn fit(&self, moment: Moment) -> Fit {
        let any = self.0.is_empty() || self.0.iter().any(|span| span.has(moment));
        if any { Fit::Inside } else { Fit::Outside }
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
    /// Reads the coupon, and the usage rule of its stock.
    pub fn read(coupon: &Member<'_>, usage_rule: &Member<'_>) -> Times {
        let period = usage_rule.get("coupon_available_period");
        let [weekly, irregular] =
            ["weekly_available_period", "irregular_available_period_list"].map(|name| period.get(name));
        let shown =
            |member: &Member<'_>| if member.is_present() { member.json() } else { "no restriction".into() };
        Times {
            validity: Span::read(coupon, "valid_begin_time", "valid_end_time"),
            stock: Span::read(&period, "available_begin_time", "available_end_time"),
            // Every documented stock has a period. Without one, the restriction may be somewhere else.
            weekly: Weekly::read(&weekly),
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
        let last = self.valid_until()?;
        let fits = |moment: &Moment| {
            (first..=last).contains(moment)
                && weekly.fit(*moment) == Fit::Inside
                && irregular.fit(*moment) == Fit::Inside
        };
        // When all rules hold again, one of them has just begun to hold.
        let starts = std::iter::once(first).chain(irregular.0.iter().map(|span| span.begin));
        let days = starts.flat_map(|start| {
            (0..DAYS_AHEAD).flat_map(move |day| {
                let midnight = start.midnight().plus(day * DAY);
                std::iter::once(start).chain(weekly.beginnings().map(move |second| midnight.plus(second)))
            })
        });
        days.filter(fits).min()
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
        Ok(Fit::Maybe) => {
            let message = format!("whether {now} is inside depends on what is not documented");
            Step::unknown(rule, Unreadable { field: String::new(), message })
        }
        Err(why) => Step::unknown(rule, why.clone()),
    };
    step.found(found)
}
