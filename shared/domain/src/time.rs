//! Times are UTC with microseconds; the zone that a notice named is kept beside them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SubsecRound, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Serialize};

/// A point in time, UTC.
pub type Time = DateTime<Utc>;

/// A time as it is stored: whole microseconds.
pub fn stored(time: Time) -> Time {
    time.trunc_subsecs(6)
}

/// A time as the wire carries it: RFC 3339 in UTC with `Z`, and six digits of fraction where there is one.
pub fn rfc3339(time: Time) -> String {
    let mut text = String::with_capacity(27);
    let mut digits = |value: u32, width: u32, before: &str| {
        text.push_str(before);
        for place in (0..width).rev() {
            text.push(char::from(b'0' + u8::try_from(value / 10u32.pow(place) % 10).unwrap_or_default()));
        }
    };
    // Years are 1 to 9999: `parse` sees to it, and mail is checked by the same rule.
    digits(time.year().unsigned_abs(), 4, "");
    digits(time.month(), 2, "-");
    digits(time.day(), 2, "-");
    digits(time.hour(), 2, "T");
    digits(time.minute(), 2, ":");
    digits(time.second(), 2, ":");
    match time.timestamp_subsec_micros() {
        0 => {}
        micros => digits(micros % 1_000_000, 6, "."),
    }
    text.push('Z');
    text
}

/// A time zone by its IANA name.
pub type Zone = chrono_tz::Tz;

/// A time as people read it, to the minute: in a zone, or in UTC.
pub fn in_zone(time: Time, zone: Option<Zone>) -> String {
    time.with_timezone(&zone.unwrap_or(Zone::UTC)).format("%Y-%m-%d %H:%M %Z").to_string()
}

/// A time as clients write it (behaviours L5): ISO 8601 with any offset, or without one, which means UTC; with `T` or a
/// blank, with or without seconds, a fraction behind a point or a comma; or a date alone. Years 1 to 9999; no leap
/// seconds, because they cannot be kept.
pub fn parse(text: &str) -> Option<Time> {
    let text = text.trim();
    let (day, rest) = text.split_once(['T', 't', ' ']).map_or((text, None), |(day, rest)| (day, Some(rest)));
    let day = day.bytes().all(|b| b.is_ascii_digit() || b == b'-').then_some(day)?;
    let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    let (clock, offset) = match rest {
        None => (NaiveTime::MIN, Some(0)),
        Some(rest) => {
            let (time, zone) = rest.split_at(rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len()));
            (clock(time.trim_end())?, offset(zone))
        }
    };
    let offset = TimeDelta::try_minutes(offset?)?;
    let time = day.and_time(clock).checked_sub_signed(offset)?.and_utc();
    (1..=9999).contains(&time.year()).then(|| stored(time))
}

/// A time of day: `02:00`, `02:00:00`, `02:00:00.5`.
fn clock(text: &str) -> Option<NaiveTime> {
    let text = text.bytes().all(|b| b.is_ascii_digit() || b":.,".contains(&b)).then(|| text.replace(',', "."))?;
    let time = ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|format| NaiveTime::parse_from_str(&text, format).ok())?;
    // A 60th second is read as a longer 59th.
    (time.nanosecond() < 1_000_000_000).then_some(time)
}

/// Minutes ahead of UTC: `Z`, `+01`, `+0100`, `+01:00`, or nothing.
fn offset(text: &str) -> Option<i64> {
    let (sign, digits) = match text.split_at_checked(1) {
        None | Some(("Z" | "z", "")) => return Some(0),
        Some(("+", digits)) => (1, digits),
        Some(("-", digits)) => (-1, digits),
        Some(_) => return None,
    };
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at_checked(2)?,
        5 => digits.split_once(':')?,
        _ => return None,
    };
    let number = |text: &str, limit: i64| {
        let plain = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i64>().ok().filter(|number| plain && *number < limit)
    };
    Some(sign * (number(hours, 24)? * 60 + number(minutes, 60)?))
}

/// The IANA name of the zone in which a notice gave its times, at most 63 characters; empty when it is not known.
///
/// Any text is accepted, as NetBox Notices does; [`OriginalTimezone::zone`] says whether it names a zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OriginalTimezone(String);

impl OriginalTimezone {
    /// Longest accepted name, in characters.
    pub const MAX: usize = 63;

    /// Takes a name as it came from a client.
    pub fn parse(text: &str) -> Result<Self, String> {
        crate::fields::one_line(text, Self::MAX).map(Self)
    }

    /// UTC.
    pub fn utc() -> Self {
        chrono_tz::UTC.into()
    }

    /// The zone, where the text names one.
    pub fn zone(&self) -> Option<chrono_tz::Tz> {
        self.0.parse().ok()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<chrono_tz::Tz> for OriginalTimezone {
    fn from(zone: chrono_tz::Tz) -> Self {
        Self(zone.name().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(parse(text).map(rfc3339).as_deref(), expected, "{text}");
    }

    #[test]
    fn times_are_read_as_clients_write_them() {
        check("2026-12-01T02:00:00Z", Some("2026-12-01T02:00:00Z"));
        check("2026-12-01 02:00:00", Some("2026-12-01T02:00:00Z"));
        check("2026-12-01T02:00:00+02:00", Some("2026-12-01T00:00:00Z"));
        check("2026-12-01T02:00:00.123456789Z", Some("2026-12-01T02:00:00.123456Z"));
        check("2026-12-01T02:00:00.000100Z", Some("2026-12-01T02:00:00.000100Z"));
        check("2026-12-01T02:00", Some("2026-12-01T02:00:00Z"));
        check("2026-12-01", Some("2026-12-01T00:00:00Z"));
        check("2026-12-01 02:00:00+00:00", Some("2026-12-01T02:00:00Z"));
        check("0001-01-01T00:00:00Z", Some("0001-01-01T00:00:00Z"));
        check("2026-12-01T02:00Z", Some("2026-12-01T02:00:00Z"));
        check("2026-12-01 02:00Z", Some("2026-12-01T02:00:00Z"));
        check("2026-12-01T02:00:00+01", Some("2026-12-01T01:00:00Z"));
        check("2026-12-01T02:00:00-0130", Some("2026-12-01T03:30:00Z"));
        check("2026-12-01T02:00:00 +01:00", Some("2026-12-01T01:00:00Z"));
        check("2026-12-01T02:00:00,5Z", Some("2026-12-01T02:00:00.500000Z"));
        check("2026-12-01t02:00:00z", Some("2026-12-01T02:00:00Z"));
        check("2026-12-01T02:00:60Z", None);
        check("2026-12-01T23:59:60Z", None);
        check("2026-12-01T24:00:00Z", None);
        check("2026-12-01T02:00:00+24:00", None);
        check("2026-12-01T02:00:00+1", None);
        check("2026-12-01T02:00:00+01:0", None);
        check("2026-12-01T02:00:00Z+01:00", None);
        check("2026-12-01T02:00:00 01:00", None);
        check("2026-12-01T", None);
        check("2026-12-01TZ", None);
        check("0001-01-01T00:00:00+01:00", None);
        check("2026-12-01T02:00:00+é1", None);
        check("tomorrow", None);
        check("2026-13-01", None);
        check("+12026-12-01T02:00:00Z", None);
        check("", None);
    }
}
