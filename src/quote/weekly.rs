//! The weekly windows of a coupon: days of the week, and periods of the day.

use super::choices::PastMidnight;
use super::member::{Member, Unreadable};
use super::moment::{DAY, Moment};

const DAYS: [&str; 7] = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];

/// The names that a family has for the members of weekly windows, and its days.
#[derive(Debug)]
pub struct WeeklyNames {
    days: &'static str,
    hours: &'static str,
    /// Days since Monday. `None`: no day of the week.
    day: fn(&Member<'_>) -> Result<Option<i64>, Unreadable>,
}

/// Those of a product coupon.
pub const PRODUCT_COUPON: WeeklyNames =
    WeeklyNames { days: "day_list", hours: "day_period_list", day: by_name };
/// Those of a 商家券. Its days are numbers from 0 for Sunday; an older sample prints them as texts.
pub const BUSIFAVOR: WeeklyNames =
    WeeklyNames { days: "week_day", hours: "available_day_time", day: by_number };

fn by_name(day: &Member<'_>) -> Result<Option<i64>, Unreadable> {
    let name = day.text()?;
    Ok(DAYS.iter().zip(0..).find(|(day, _)| **day == name).map(|(_, day)| day))
}

fn by_number(day: &Member<'_>) -> Result<Option<i64>, Unreadable> {
    let number = day.text().ok().and_then(|text| text.parse().ok()).map_or_else(|| day.whole(), Ok)?;
    Ok(i64::try_from(number).ok().filter(|number| *number < 7).map(|number| (number + 6) % 7))
}

/// How a time relates to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// The rule holds.
    Inside,
    /// It does not.
    Outside,
    /// It depends on something that is not documented.
    Maybe(Doubt),
}

/// What is not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// What a period past midnight means.
    PastMidnight,
    /// A kind of day that this version does not know.
    Day,
}

/// `weekly_available_period`, `available_week`
#[derive(Debug, Default)]
pub struct Weekly {
    /// Days since Monday. Empty: every day.
    days: Vec<i64>,
    /// There is a kind of day that this version does not know.
    unknown_day: bool,
    /// Seconds since midnight, both ends included. Empty: all day.
    hours: Vec<(i64, i64)>,
    past_midnight: Option<PastMidnight>,
}

impl Weekly {
    /// Reads the windows. A period past midnight means what the caller has chosen.
    pub fn read(
        member: &Member<'_>,
        names: &WeeklyNames,
        past_midnight: Option<PastMidnight>,
    ) -> Result<Weekly, Unreadable> {
        let mut weekly = Weekly { past_midnight, ..Weekly::default() };
        if member.is_present() && !member.is_object() {
            return Err(member.unreadable("an object"));
        }
        member.has_only(&[names.days, names.hours])?;
        for day in member.get(names.days).items()? {
            match (names.day)(&day)? {
                Some(day) => weekly.days.push(day),
                None => weekly.unknown_day = true,
            }
        }
        for window in member.get(names.hours).items()? {
            window.has_only(&["begin_time", "end_time"])?;
            let second = |name| {
                let member = window.get(name);
                let second = i64::try_from(member.whole()?).ok().filter(|second| *second <= 2 * DAY);
                second.ok_or_else(|| member.unreadable("a second of the day"))
            };
            weekly.hours.push((second("begin_time")?, second("end_time")?));
        }
        Ok(weekly)
    }

    /// How a time fits.
    pub fn fit(&self, moment: Moment) -> Fit {
        let all_day = [(0, DAY - 1)];
        let hours = if self.hours.is_empty() { all_day.as_slice() } else { &self.hours };
        let mut best = Fit::Outside;
        for (begin, end) in hours {
            match self.window(*begin, *end, moment) {
                Fit::Inside => return Fit::Inside,
                Fit::Outside => {}
                maybe @ Fit::Maybe(_) => best = maybe,
            }
        }
        best
    }

    fn window(&self, begin: i64, end: i64, moment: Moment) -> Fit {
        let (today, yesterday) = (self.day(moment.weekday()), self.day(moment.plus(-DAY).weekday()));
        let second = moment.second_of_day();
        if (begin..=end).contains(&second) {
            return today;
        }
        // How a window is written that goes on past midnight is not documented, nor which day counts after midnight.
        let is_turned_round = begin > end;
        let before_midnight = is_turned_round && second >= begin;
        let after_midnight =
            if is_turned_round { second <= end } else { (begin..=end).contains(&(second + DAY)) };
        let by_reading = |reading: PastMidnight| match reading {
            _ if before_midnight => today,
            PastMidnight::FollowingDay if after_midnight => yesterday,
            PastMidnight::SameDay if after_midnight && is_turned_round => today,
            _ => Fit::Outside,
        };
        if let Some(reading) = self.past_midnight {
            return by_reading(reading);
        }
        let possible = |day| day != Fit::Outside;
        let is_possible = before_midnight && possible(today)
            || after_midnight && (possible(yesterday) || is_turned_round && possible(today));
        if is_possible { Fit::Maybe(Doubt::PastMidnight) } else { Fit::Outside }
    }

    fn day(&self, day: i64) -> Fit {
        let every_day = self.days.is_empty() && !self.unknown_day;
        match every_day || self.days.contains(&day) {
            true => Fit::Inside,
            false if self.unknown_day => Fit::Maybe(Doubt::Day),
            false => Fit::Outside,
        }
    }

    /// The seconds since midnight at which a window may begin.
    pub fn beginnings(&self) -> impl Iterator<Item = i64> {
        std::iter::once(0).chain(self.hours.iter().map(|(begin, _)| *begin))
    }

    /// The last second from this one on, of the same day, at which a window may end.
    pub fn next_end(&self, moment: Moment) -> Moment {
        let second = moment.second_of_day();
        let ends = self.hours.iter().flat_map(|(_, end)| [*end, *end - DAY]);
        let end = ends.filter(|end| (second..DAY).contains(end)).min().unwrap_or(DAY - 1);
        moment.midnight().plus(end)
    }
}
