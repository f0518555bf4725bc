//! Dates, times, durations and zones of iCalendar.

use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime};
use noticeboard_domain::time::Time;

use super::{Calendar, Event, Properties, Property};
use crate::toolkit::zones::{Edge, Zone, ZoneName, named, offset};

/// A value of `DTSTART`, `DTEND` or `DTSTAMP` with the zone that it is given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    local: NaiveDateTime,
    zone: Zone,
    is_date: bool,
}

/// An event's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) start: Time,
    pub(crate) end: Time,
    /// The zone of its start.
    pub(crate) zone: Zone,
}

/// The window of an event, or what of it is missing, as a clause: `no DTSTART`.
pub(crate) fn window(calendar: &Calendar, event: &Event) -> Result<Window, String> {
    for repeated in ["RRULE", "RDATE", "RECURRENCE-ID"] {
        if event.get(repeated).is_some() {
            return Err(format!("repeats ({repeated})"));
        }
    }
    let property = event.get("DTSTART").ok_or("has no DTSTART")?;
    let from = moment(calendar, property)?;
    let start = from.zone.utc(from.local, Edge::Start).ok_or_else(|| unreadable(property))?;
    let end = match (event.get("DTEND"), event.get("DURATION")) {
        (Some(property), _) => {
            let to = moment(calendar, property)?;
            // RFC 5545 3.6.1: the end of whole days is not part of them, but many calendars name the day itself.
            let to = if to.is_date && to.local == from.local { to.next_day() } else { Some(to) };
            to.and_then(|to| to.zone.utc(to.local, Edge::End)).ok_or_else(|| unreadable(property))?
        }
        (None, Some(property)) => {
            let length = duration(property.value.trim()).ok_or_else(|| unreadable(property))?;
            start.checked_add_signed(length).ok_or_else(|| unreadable(property))?
        }
        // RFC 5545 3.6.1: a start on a date without an end means that day.
        (None, None) if from.is_date => {
            let to = from.next_day().and_then(|to| to.zone.utc(to.local, Edge::End));
            to.ok_or_else(|| unreadable(property))?
        }
        (None, None) => return Err("has neither DTEND nor DURATION".into()),
    };
    if end < start {
        return Err("ends before it starts".into());
    }
    Ok(Window { start, end, zone: from.zone })
}

/// The value of a property that holds a point in time.
pub(crate) fn point(calendar: &Calendar, property: &Property) -> Result<Time, String> {
    let moment = moment(calendar, property)?;
    moment.zone.utc(moment.local, Edge::Start).ok_or_else(|| unreadable(property))
}

fn unreadable(property: &Property) -> String {
    let value: String = property.value.chars().take(40).collect();
    format!("has a {} that cannot be read ({value})", property.name)
}

impl Moment {
    fn next_day(self) -> Option<Self> {
        Some(Self { local: self.local.checked_add_signed(Duration::days(1))?, ..self })
    }
}

fn moment(calendar: &Calendar, property: &Property) -> Result<Moment, String> {
    let (local, own_zone, is_date) = date_time(property.value.trim()).ok_or_else(|| unreadable(property))?;
    let zone = match (own_zone, property.parameter("TZID")) {
        (Some(zone), _) => zone,
        (None, Some(id)) => {
            zone_by_id(calendar, id).ok_or_else(|| format!("has a {} in an unknown zone ({id})", property.name))?
        }
        (None, None) => floating_zone(calendar),
    };
    Ok(Moment { local, zone, is_date })
}

/// The zone of a time that names none, which RFC 5545 3.3.5 leaves to the reader: the calendar's own zone, else the
/// only one that it describes, else UTC. Never the reader's: two readers would see two windows.
fn floating_zone(calendar: &Calendar) -> Zone {
    let own = calendar.get("X-WR-TIMEZONE").and_then(|property| zone_by_id(calendar, property.value.trim()));
    own.or_else(|| match calendar.zones.as_slice() {
        [only] => only.get("TZID").and_then(|id| zone_by_id(calendar, id.value.trim())),
        _ => None,
    })
    .unwrap_or(Zone::UTC)
}

/// The zone of that `TZID`: by its name, else by the offset that the calendar describes, if it is a fixed one, or that
/// the name itself tells: `UTC+02:00`.
fn zone_by_id(calendar: &Calendar, id: &str) -> Option<Zone> {
    // Exchange writes some as addresses: `tzone://Microsoft/Utc`.
    let name = id.strip_prefix("tzone://Microsoft/").unwrap_or(id);
    let told = || match ZoneName::at_start(name, false)? {
        (ZoneName::Known(zone), "") => Some(zone),
        _ => None,
    };
    named(name).or_else(|| described(calendar, id)).or_else(told)
}

fn described(calendar: &Calendar, id: &str) -> Option<Zone> {
    let described = calendar.zones.iter().find(|zone| zone.get("TZID").is_some_and(|own| own.value.trim() == id))?;
    if let Some(zone) = described.get("X-LIC-LOCATION").and_then(|location| named(location.value.trim())) {
        return Some(zone);
    }
    let (first, others) = described.offsets.split_first()?;
    if others.iter().all(|other| other == first) { offset(first.trim()) } else { None }
}

/// `20240229T221500Z` and what is seen in its place: without seconds, with separators, with an offset, a date alone.
fn date_time(text: &str) -> Option<(NaiveDateTime, Option<Zone>, bool)> {
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let date = digits(date, '-', 8)?;
    let date = NaiveDate::from_ymd_opt(
        date.get(..4)?.parse().ok()?,
        date.get(4..6)?.parse().ok()?,
        date.get(6..8)?.parse().ok()?,
    )?;
    let Some(time) = time else { return Some((date.and_time(NaiveTime::MIN), None, true)) };
    let split = time.find(|c: char| !(c.is_ascii_digit() || c == ':')).unwrap_or(time.len());
    let (clock, zone) = time.split_at(split);
    let zone = match zone {
        "" => None,
        "Z" | "z" => Some(Zone::UTC),
        other => Some(offset(other)?),
    };
    let clock = digits(clock, ':', 6).or_else(|| digits(clock, ':', 4))?;
    // RFC 5545 3.3.12 knows a leap second; the clock of this program does not.
    let second: u32 = clock.get(4..6).map_or(Some(0), |second| second.parse().ok())?;
    let clock = NaiveTime::from_hms_opt(
        clock.get(..2)?.parse().ok()?,
        clock.get(2..4)?.parse().ok()?,
        if second == 60 { 59 } else { second },
    )?;
    Some((date.and_time(clock), zone, false))
}

/// The text without `separator`, where that leaves exactly `count` digits.
fn digits(text: &str, separator: char, count: usize) -> Option<String> {
    let digits = text.replace(separator, "");
    (digits.len() == count && digits.bytes().all(|c| c.is_ascii_digit())).then_some(digits)
}

/// `P1DT2H30M`, `PT90M`, `P1W` (RFC 5545 3.3.6). A negative one ends before it starts and is none.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text).strip_prefix(['P', 'p'])?;
    let mut seconds: i64 = 0;
    let mut in_time = false;
    let mut is_empty = true;
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix(['T', 't'])
            && !in_time
        {
            in_time = true;
            rest = time;
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = rest.split_at(end);
        let mut chars = unit.chars();
        let factor = match (chars.next()?.to_ascii_uppercase(), in_time) {
            ('W', false) => 7 * 86_400,
            ('D', false) => 86_400,
            ('H', true) => 3_600,
            ('M', true) => 60,
            ('S', true) => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(i64::from(number.parse::<u32>().ok()?).checked_mul(factor)?)?;
        is_empty = false;
        rest = chars.as_str();
    }
    if is_empty { None } else { Duration::try_seconds(seconds) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ical::parse;

    /// The window of an event with these lines, in a calendar with those; times as `%d %H:%M` of March 2024, UTC.
    #[track_caller]
    fn check(calendar_lines: &str, event_lines: &str, expected: Result<(&str, &str), &str>) {
        let text = format!("BEGIN:VCALENDAR\n{calendar_lines}\nBEGIN:VEVENT\n{event_lines}\nEND:VEVENT\nEND:VCALENDAR");
        let calendar = parse(&text).unwrap().remove(0);
        let found = window(&calendar, &calendar.events[0]);
        let print = |time: Time| time.format("%d %H:%M").to_string();
        assert_eq!(
            found.map(|window| (print(window.start), print(window.end))),
            expected.map(|(start, end)| (start.to_owned(), end.to_owned())).map_err(str::to_owned),
            "{event_lines}"
        );
    }

    #[test]
    fn windows_are_read_in_every_form() {
        check("", "DTSTART:20240305T220000Z\nDTEND:20240306T040000Z", Ok(("05 22:00", "06 04:00")));
        check("", "DTSTART:20240305T2200Z\nDURATION:PT1H30M", Ok(("05 22:00", "05 23:30")));
        check("", "DTSTART:20240305T220000Z\nDURATION:P1DT2H", Ok(("05 22:00", "07 00:00")));
        check("", "DTSTART:20240305T220000Z\nDURATION:P1W", Ok(("05 22:00", "12 22:00")));
        check("", "DTSTART;VALUE=DATE:20240305\nDTEND;VALUE=DATE:20240307", Ok(("05 00:00", "07 00:00")));
        check("", "DTSTART;VALUE=DATE:20240305\nDTEND;VALUE=DATE:20240305", Ok(("05 00:00", "06 00:00")));
        check("", "DTSTART;VALUE=DATE:20240305", Ok(("05 00:00", "06 00:00")));
        check("", "DTSTART:2024-03-05T22:00:00+02:00\nDTEND:20240305T2300-0100", Ok(("05 20:00", "06 00:00")));
        check("", "DTSTART:20240305T220060Z\nDTEND:20240305T220060Z", Ok(("05 22:00", "05 22:00")));
    }

    #[test]
    fn zones_are_known_by_name_or_by_description() {
        let new_york = "DTSTART;TZID=America/New_York:20240305T220000\nDTEND;TZID=America/New_York:20240305T230000";
        check("", new_york, Ok(("06 03:00", "06 04:00")));
        let windows = "DTSTART;TZID=\"W. Europe Standard Time\":20240305T220000\nDURATION:PT1H";
        check("", windows, Ok(("05 21:00", "05 22:00")));
        let path = "DTSTART;TZID=/citadel.org/20211207_1/Asia/Tokyo:20240305T220000\nDURATION:PT1H";
        check("", path, Ok(("05 13:00", "05 14:00")));
        let exchange = "DTSTART;TZID=\"tzone://Microsoft/Utc\":20240305T220000\nDURATION:PT1H";
        check("", exchange, Ok(("05 22:00", "05 23:00")));
        let told = "DTSTART;TZID=UTC+02:20240305T220000\nDURATION:PT1H";
        check("", told, Ok(("05 20:00", "05 21:00")));
        let own = "DTSTART;TZID=Ours:20240305T220000\nDURATION:PT1H";
        check("", own, Err("has a DTSTART in an unknown zone (Ours)"));
        let zone = |offsets: &str| format!("BEGIN:VTIMEZONE\nTZID:Ours\n{offsets}\nEND:VTIMEZONE");
        let standard = "BEGIN:STANDARD\nTZOFFSETTO:+0300\nEND:STANDARD";
        check(&zone(standard), own, Ok(("05 19:00", "05 20:00")));
        let daylight = "BEGIN:DAYLIGHT\nTZOFFSETTO:+0400\nEND:DAYLIGHT";
        check(&zone(&format!("{standard}\n{daylight}")), own, Err("has a DTSTART in an unknown zone (Ours)"));
    }

    #[test]
    fn floating_times_are_utc_unless_the_calendar_has_one_zone() {
        let floating = "DTSTART:20240305T220000\nDTEND:20240305T230000";
        check("", floating, Ok(("05 22:00", "05 23:00")));
        check("X-WR-TIMEZONE:Asia/Tokyo", floating, Ok(("05 13:00", "05 14:00")));
        let zone = |id: &str| format!("BEGIN:VTIMEZONE\nTZID:{id}\nEND:VTIMEZONE\n");
        check(&zone("Asia/Tokyo"), floating, Ok(("05 13:00", "05 14:00")));
        check(&(zone("Asia/Tokyo") + &zone("Europe/Paris")), floating, Ok(("05 22:00", "05 23:00")));
    }

    #[test]
    fn the_hours_of_a_clock_change_are_read_by_rule() {
        // 2024-03-31 in Paris: 02:00 becomes 03:00; the missing hour counts by the offset before it.
        let gap = "DTSTART;TZID=Europe/Paris:20240331T023000\nDURATION:PT1H";
        check("", gap, Ok(("31 01:30", "31 02:30")));
        // 2023-11-05 in New York: 01:30 comes twice; the window is the longest that the words allow.
        let twice = "DTSTART;TZID=America/New_York:20231105T013000\nDTEND;TZID=America/New_York:20231105T013000";
        check("", twice, Ok(("05 05:30", "05 06:30")));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        check("", "DTEND:20240305T220000Z", Err("has no DTSTART"));
        check("", "DTSTART:20240305T220000Z", Err("has neither DTEND nor DURATION"));
        check("", "DTSTART:20240305T220000Z\nDTEND:20240305T210000Z", Err("ends before it starts"));
        check("", "DTSTART:tomorrow\nDTEND:20240305T210000Z", Err("has a DTSTART that cannot be read (tomorrow)"));
        check(
            "",
            "DTSTART:20240230T220000Z\nDTEND:20240305T210000Z",
            Err("has a DTSTART that cannot be read (20240230T220000Z)"),
        );
        check("", "DTSTART:20240305T220000Z\nDURATION:-PT1H", Err("has a DURATION that cannot be read (-PT1H)"));
        check("", "DTSTART:20240305T220000Z\nDURATION:PT", Err("has a DURATION that cannot be read (PT)"));
        check(
            "",
            "DTSTART:20240305T220000Z\nDURATION:P99999999999W",
            Err("has a DURATION that cannot be read (P99999999999W)"),
        );
        check("", "DTSTART:20240305T220000Z\nDTEND:20240306T220000Z\nRRULE:FREQ=DAILY", Err("repeats (RRULE)"));
    }
}
