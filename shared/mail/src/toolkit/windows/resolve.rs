//! What two moments mean together, by the provider's custom and the date of the mail.

use chrono::{Duration, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;
use noticeboard_domain::time::Time;

use crate::toolkit::moments::{Clock, ClockDay, Date, Moment};
use crate::toolkit::zones::{Edge, Zone, ZoneName};

/// Whether `03/04/2024` is in April or in March.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum DateOrder {
    /// In April.
    #[default]
    DayFirst,
    /// In March.
    MonthFirst,
}

/// How a provider writes its times.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules<'r> {
    /// The provider's convention. It yields to the mail's own date where it would make no sense.
    pub(crate) order: DateOrder,
    /// The zone of times that name none.
    pub(crate) zone: Option<Zone>,
    /// What ambiguous names of zones mean to this provider, and what [`crate::toolkit::zones::LOCAL`] time is.
    pub(crate) meanings: &'r [(&'r str, Tz)],
}

impl Rules<'_> {
    /// Days before months, and UTC where no zone is named.
    pub(crate) const DAY_FIRST_UTC: Self = Self { order: DateOrder::DayFirst, zone: Some(Zone::UTC), meanings: &[] };
    /// Months before days, and UTC where no zone is named.
    pub(crate) const MONTH_FIRST_UTC: Self =
        Self { order: DateOrder::MonthFirst, zone: Some(Zone::UTC), meanings: &[] };

    /// The same, where the label of a time names its zone: `Start Time (EST)`. Local time of nobody knows where is in no
    /// zone.
    pub(crate) fn with_zone_of(&self, label: &str) -> Self {
        let zone = match zone_of_label(label) {
            Some(name @ ZoneName::Local) => name.zone(self.meanings),
            Some(name) => name.zone(self.meanings).or(self.zone),
            None => self.zone,
        };
        Self { zone, ..*self }
    }

    fn zone(&self, name: Option<ZoneName<'_>>) -> Result<Option<Zone>, String> {
        match name {
            None => Ok(None),
            Some(name) => match (name.zone(self.meanings), name) {
                (Some(zone), _) => Ok(Some(zone)),
                (None, ZoneName::Local) => Err("it has a window in local time, and does not say of which place".into()),
                (None, ZoneName::Known(_)) => Ok(None),
                (None, ZoneName::Word(word)) => Err(format!("it has a window in an unknown zone ({word})")),
            },
        }
    }
}

/// The zone that the label of a time names: `Start Time (EST)`.
pub(crate) fn zone_of_label(label: &str) -> Option<ZoneName<'_>> {
    let (inside, _) = label.split_once('(')?.1.split_once(')')?;
    let (zone, rest) = ZoneName::at_start(inside.trim(), false)?;
    rest.trim().is_empty().then_some(zone)
}

/// A window, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) start: Time,
    pub(crate) end: Time,
    /// The zone that its start is given in.
    pub(crate) zone: Zone,
}

/// How far a mail reaches into the future before a window there speaks for the other order of day and month.
const USUAL_NOTICE: Duration = Duration::days(120);
/// How long a window may be over before it speaks for the other order: some mails are sent on by hand weeks later.
const USUAL_DELAY: Duration = Duration::days(45);
/// Longer than nearly every window.
const USUAL_LENGTH: Duration = Duration::days(20);

/// What two moments mean together: which number is the month, which year and zone are meant. A moment without a date
/// is on the other's day, or on the day after where it would end before it starts.
pub(crate) fn resolve(from: &Moment<'_>, to: &Moment<'_>, rules: &Rules<'_>, sent: Time) -> Result<Times, String> {
    let (start_zone, end_zone) = (rules.zone(from.zone)?, rules.zone(to.zone)?);
    let no_zone = || String::from("it has a window without a zone");
    let zone = start_zone.or(end_zone).or(rules.zone).ok_or_else(no_zone)?;
    let end_zone = end_zone.unwrap_or(zone);
    let other = match rules.order {
        DateOrder::DayFirst => DateOrder::MonthFirst,
        DateOrder::MonthFirst => DateOrder::DayFirst,
    };
    let read = |order| {
        let (start, end) = local(from, to, order, sent)?;
        let times = Times { start: zone.utc(start, Edge::Start)?, end: end_zone.utc(end, Edge::End)?, zone };
        (times.start <= times.end).then_some(times)
    };
    let by_custom = read(rules.order);
    let is_open = [from.date, to.date].iter().any(|date| matches!(date, Some(Date::Numbers { .. })));
    let swapped = if is_open { read(other) } else { None };
    match (by_custom, swapped) {
        (Some(times), None) => Ok(times),
        (None, Some(times)) => Ok(times),
        (Some(times), Some(other)) => Ok(if doubts(&times, sent) > doubts(&other, sent) { other } else { times }),
        (None, None) => Err("it has a window that ends before it starts".into()),
    }
}

/// How much speaks against a window.
fn doubts(times: &Times, sent: Time) -> u32 {
    let is_long = times.end - times.start > USUAL_LENGTH;
    let is_far = times.start > sent + USUAL_NOTICE || times.end < sent - USUAL_DELAY;
    u32::from(is_long) + u32::from(is_far)
}

fn local(from: &Moment<'_>, to: &Moment<'_>, order: DateOrder, sent: Time) -> Option<(NaiveDateTime, NaiveDateTime)> {
    let (from_clock, to_clock) = (from.clock?, to.clock?);
    let start_date = from.date.map(|date| day_of(date, order, sent));
    let end_date = to.date.map(|date| day_of(date, order, sent));
    match (start_date, end_date) {
        (Some(start), Some(end)) => {
            let start = at(start?, from_clock)?;
            let end = at(end?, to_clock)?;
            let end = if end <= start && to_clock.day == ClockDay::OwnOrNext {
                end.checked_add_signed(Duration::days(1))?
            } else if end < start && matches!(to.date, Some(Date::OfSomeYear { .. })) {
                // A window over the new year, of days without a year.
                end.checked_add_months(chrono::Months::new(12))?
            } else {
                end
            };
            Some((start, end))
        }
        (Some(start), None) => {
            let start_at = at(start?, from_clock)?;
            let same_day = at(start?, to_clock)?;
            let end = if same_day < start_at { at(start?.succ_opt()?, to_clock)? } else { same_day };
            Some((start_at, end))
        }
        (None, Some(end)) => {
            let end_at = at(end?, to_clock)?;
            let same_day = at(end?, from_clock)?;
            let start = if same_day > end_at { at(end?.pred_opt()?, from_clock)? } else { same_day };
            Some((start, end_at))
        }
        (None, None) => None,
    }
}

/// The day that is meant; one without a year is the one nearest to the mail's date.
pub(crate) fn day_of(date: Date, order: DateOrder, sent: Time) -> Option<NaiveDate> {
    match date {
        Date::Known(date) => Some(date),
        Date::Numbers { first, second, year } => match order {
            DateOrder::DayFirst => NaiveDate::from_ymd_opt(year, second, first),
            DateOrder::MonthFirst => NaiveDate::from_ymd_opt(year, first, second),
        },
        Date::OfSomeYear { month, day } => {
            let today = sent.date_naive();
            let year = chrono::Datelike::year(&today);
            // Notices look ahead: a day two months back is as near as one ten months ahead.
            let distance = |date: &NaiveDate| (*date - today - Duration::days(120)).abs();
            let years = (year - 1..=year + 1).filter_map(|year| NaiveDate::from_ymd_opt(year, month, day));
            years.min_by_key(distance)
        }
    }
}

fn at(date: NaiveDate, clock: Clock) -> Option<NaiveDateTime> {
    let date = match clock.day {
        ClockDay::Own | ClockDay::OwnOrNext => date,
        ClockDay::Next => date.succ_opt()?,
    };
    Some(date.and_time(clock.time))
}
