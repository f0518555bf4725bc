//! Dates, times and zones as people write them: what the words say, before anybody decides what they mean.
//!
//! `03/04/2024` may be in March or in April, `02 NOV` in any year, and `IST` in India or in Israel: a [`Moment`] keeps
//! all of that open, and [`super::windows`] decides it for both ends of a window at once.

use chrono::{Datelike, NaiveDate, NaiveTime};

use super::words::{is_midnight, is_month, is_noon, is_weekday, month_by_name};
use super::zones::ZoneName;

/// A date as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Date {
    /// Only one date can be meant.
    Known(NaiveDate),
    /// Two numbers, of which either may be the month as far as its size goes.
    Numbers { first: u32, second: u32, year: i32 },
    /// A day without a year.
    OfSomeYear { month: u32, day: u32 },
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    pub(crate) time: NaiveTime,
    pub(crate) day: ClockDay,
}

/// The day of a [`Clock`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClockDay {
    /// Its date.
    Own,
    /// The day after: `24:00` is the midnight after its date.
    Next,
    /// `midnight`: its date, or the day after where a window would end before it starts.
    OwnOrNext,
}

/// A point in time as it is written, with a date, a time or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Moment<'a> {
    pub(crate) date: Option<Date>,
    pub(crate) clock: Option<Clock>,
    pub(crate) zone: Option<ZoneName<'a>>,
}

/// The moment at the start of the text, and what follows it. Date and time stand in either order, the zone behind
/// either of them.
pub(crate) fn moment(text: &str) -> Option<(Moment<'_>, &str)> {
    let mut found = Moment::default();
    let mut rest = skip_opening(text);
    // Date, time, zone, and a zone that repeats the first one in other words.
    let mut repetitions = 0;
    loop {
        let ahead = skip_connectors(rest);
        let starts_clock = ahead.strip_prefix('T').filter(|_| found.date.is_some()).unwrap_or(ahead);
        if found.clock.is_none()
            && let Some((clock, after)) = clock(starts_clock)
        {
            (found.clock, rest) = (Some(clock), after);
        } else if found.date.is_none()
            && let Some((date, after)) = date(ahead)
        {
            (found.date, rest) = (Some(date), after);
        } else if (found.clock.is_some() || found.date.is_some())
            && repetitions < 3
            && let Some((zone, after)) = ZoneName::at_start(ahead, found.zone.is_none())
        {
            match found.zone {
                None | Some(ZoneName::Local) => found.zone = Some(zone),
                Some(ZoneName::Known(_) | ZoneName::Word(_)) => {}
            }
            rest = after;
            repetitions += 1;
        } else {
            break;
        }
    }
    (found.date.is_some() || found.clock.is_some()).then_some((found, rest))
}

/// Words between two ends of a window.
#[rustfmt::skip]
const SEPARATORS: [&str; 24] = [
    "until", "bis", "through", "till", "thru", "and", "to", "hasta", "al", "a", "y", "-", "–", "—", "~", "→",
    "à", "au", "et", "às", "até", "e", "und", "ao",
];

/// Two moments with a word or a dash between them at the start of the text, and what follows them.
pub(crate) fn span(text: &str) -> Option<(Moment<'_>, Moment<'_>, &str)> {
    night(text).or_else(|| two_moments(text))
}

/// `9-10 December 2026 22:00-04:00`: the night between two days.
fn night(text: &str) -> Option<(Moment<'_>, Moment<'_>, &str)> {
    let (first, rest) = day(skip_opening(text))?;
    let rest = rest.trim_start();
    let rest = rest.strip_prefix(['/', '&']).or_else(|| SEPARATORS.iter().find_map(|word| strip_word(rest, word)))?;
    let (from, to, rest) = two_moments(rest).filter(|(_, to, _)| to.date.is_none())?;
    let is_night = to.clock?.time < from.clock?.time;
    let (before, after) = match from.date? {
        Date::Known(date) if date.day() == first + 1 => (Date::Known(date.pred_opt()?), Date::Known(date)),
        Date::OfSomeYear { month, day } if day == first + 1 => {
            (Date::OfSomeYear { month, day: first }, Date::OfSomeYear { month, day })
        }
        Date::Known(_) | Date::Numbers { .. } | Date::OfSomeYear { .. } => return None,
    };
    is_night.then_some((Moment { date: Some(before), ..from }, Moment { date: Some(after), ..to }, rest))
}

fn two_moments(text: &str) -> Option<(Moment<'_>, Moment<'_>, &str)> {
    let (start, rest) = moment(text)?;
    let rest = rest.trim_start_matches([' ', ')', '*', ',']);
    let rest = SEPARATORS.iter().find_map(|separator| {
        let after = strip_word(rest, separator)?;
        Some(after)
    })?;
    let (end, rest) = moment(rest)?;
    Some((start, end, rest))
}

/// Every moment with a date and a time in the text, with what stands before it.
pub(crate) fn moments(text: &str) -> impl Iterator<Item = (&str, Moment<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            // A moment begins with a digit, with the name of a month, or with `noon`.
            let starts = rest.starts_with(|c: char| c.is_ascii_digit())
                || word(rest).is_some_and(|(w, _)| is_month(w) || is_noon(w) || is_midnight(w));
            if starts
                && let Some((moment, after)) = moment(rest)
                && moment.date.is_some()
                && moment.clock.is_some()
            {
                let before = text.get(..at).unwrap_or_default();
                at = text.len() - after.len();
                return Some((before, moment));
            }
            let word_end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
            let next = rest.get(word_end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            at += word_end + next;
        }
        None
    })
}

/// `text` behind `word` and the blanks around it; a word of letters must end there.
fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    // Nearly every text begins with something else.
    if !text.as_bytes().first()?.eq_ignore_ascii_case(word.as_bytes().first()?) {
        return None;
    }
    let head = text.get(..word.len())?;
    let after = text.get(word.len()..)?;
    let is_letters = word.starts_with(char::is_alphabetic);
    let ends = !is_letters || !after.starts_with(char::is_alphabetic);
    (head.eq_ignore_ascii_case(word) && ends).then(|| after.trim_start())
}

fn skip_opening(text: &str) -> &str {
    let mut text = text.trim_start_matches(OPENING);
    for _ in 0..3 {
        let Some((word, rest)) = word(text) else { break };
        let after = rest.trim_start_matches(['.', ' ']);
        let is_foreign_weekday = after.starts_with(',') && !is_month(word) && word.chars().count() <= 14;
        let is_opening = [
            "on", "at", "from", "between", "the", "el", "la", "las", "desde", "le", "du", "am", "vom", "von", "de",
            "das", "entre",
        ]
        .iter()
        .any(|opening| word.eq_ignore_ascii_case(opening));
        if !is_weekday(word) && !is_foreign_weekday && !is_opening {
            break;
        }
        text = after.trim_start_matches([',', '.', ' ', '*']);
    }
    text
}

/// What may stand before a moment.
const OPENING: [char; 9] = [' ', '*', '(', '[', ':', '"', '\'', '<', '\n'];

/// What may stand between the date, the time and the zone of one moment.
fn skip_connectors(text: &str) -> &str {
    let mut text = text.trim_start_matches([' ', ',', '(', ')', '*', '|', '@', '\n', ';']);
    #[rustfmt::skip]
    let connectors =
        [
            "on", "at", "a las", "a la", "del", "el", "à", "às", "um", "uhr", "hours", "hours.", "horas", "hrs.", "hrs",
            "hr", "hs", "h", "between", "from", "entre", "de", "von", "zwischen", "das",
        ];
    for connector in connectors {
        if let Some(after) = strip_word(text, connector) {
            text = after.trim_start_matches([' ', ',', '(', ')', '*']);
        }
    }
    // `Friday 2 Nov` behind the time.
    match word(text) {
        Some((word, after)) if is_weekday(word) => after.trim_start_matches([' ', ',', '.']),
        _ => text,
    }
}

/// `00:01`, `05:00:30`, `5:00 PM`, `9pm`, `22h00`, `0400 UTC`, `noon`.
fn clock(text: &str) -> Option<(Clock, &str)> {
    if let Some(found) = named_clock(text) {
        return Some(found);
    }
    let (digits, rest) = digits(text)?;
    let (hour, minute, second, rest) = if let Some(rest) = rest.strip_prefix(':') {
        let (minute, rest) = self::digits(rest).filter(|(minute, _)| minute.len() == 2)?;
        let with_seconds = rest.strip_prefix(':').and_then(self::digits).filter(|(second, _)| second.len() == 2);
        let (second, rest) = with_seconds.unwrap_or(("0", rest));
        // Fractions of a second.
        let rest = rest.strip_prefix('.').and_then(self::digits).map_or(rest, |(_, rest)| rest);
        (digits, minute, second, rest)
    } else if let Some((minute, rest)) = strip_h(rest).filter(|_| digits.len() <= 2) {
        (digits, minute, "0", rest)
    } else if let Some((minute, rest)) = strip_point(rest).filter(|_| digits.len() <= 2) {
        (digits, minute, "0", rest)
    } else if digits.len() == 4 && is_behind_four_digits(rest) {
        let (hour, minute) = digits.split_at(2);
        (hour, minute, "0", rest)
    } else if digits.len() <= 2 && half_of_day(rest).is_some() {
        (digits, "0", "0", rest)
    } else {
        return None;
    };
    let (hour, minute, second) = (number(hour).filter(|_| hour.len() <= 2)?, number(minute)?, number(second)?);
    let (hour, rest) = match half_of_day(rest) {
        // `13:00 PM` and `00:30 AM` are slips that leave no doubt.
        Some((is_afternoon, rest)) if hour <= 12 => (hour % 12 + if is_afternoon { 12 } else { 0 }, rest),
        Some((is_afternoon, rest)) if is_afternoon && hour < 24 => (hour, rest),
        Some(_) => return None,
        None => (hour, rest),
    };
    let is_next_day = hour == 24 && minute == 0 && second == 0;
    let time = NaiveTime::from_hms_opt(if is_next_day { 0 } else { hour }, minute, second)?;
    Some((Clock { time, day: if is_next_day { ClockDay::Next } else { ClockDay::Own } }, rest))
}

/// `noon`, `12 noon`, `midnight`, `12:00 midnight`, `00:00 (midnight)`.
fn named_clock(text: &str) -> Option<(Clock, &str)> {
    let (hour, rest) = digits(text).map_or((None, text), |(hour, rest)| (Some(hour), rest));
    let rest = if hour.is_some() { rest.strip_prefix(":00").unwrap_or(rest) } else { rest };
    let (name, rest) = word(rest.trim_start_matches([' ', '(']))?;
    let (hour, day) = match hour {
        None | Some("12") if is_noon(name) => (12, ClockDay::Own),
        None | Some("12") if is_midnight(name) => (0, ClockDay::OwnOrNext),
        Some("0" | "00") if is_midnight(name) => (0, ClockDay::Own),
        Some("24") if is_midnight(name) => (0, ClockDay::Next),
        Some(_) | None => return None,
    };
    Some((Clock { time: NaiveTime::from_hms_opt(hour, 0, 0)?, day }, rest))
}

/// `h00`, as in `22h00`.
fn strip_h(text: &str) -> Option<(&str, &str)> {
    digits(text.strip_prefix(['h', 'H'])?).filter(|(minute, _)| minute.len() == 2)
}

/// `.30`, as in `22.30 UTC`, where what follows shows that it is no date.
fn strip_point(text: &str) -> Option<(&str, &str)> {
    let (minute, rest) = digits(text.strip_prefix('.')?).filter(|(minute, _)| minute.len() == 2)?;
    is_behind_four_digits(rest).then_some((minute, rest))
}

/// Whether four digits before this are a time rather than a year.
fn is_behind_four_digits(rest: &str) -> bool {
    let rest = rest.trim_start();
    ["hrs", "hours", "uhr", "h", "z", "utc", "gmt", "local"].iter().any(|word| strip_word(rest, word).is_some())
}

/// Whether the text begins with `pm` or `am`, and what follows that.
fn half_of_day(text: &str) -> Option<(bool, &str)> {
    let text = text.trim_start();
    let is_afternoon = match text.as_bytes().first()? {
        b'p' | b'P' => true,
        b'a' | b'A' => false,
        _ => return None,
    };
    let rest = text.get(1..)?;
    // Spanish has a blank in `p. m.`
    let rest = rest.strip_prefix(". ").or_else(|| rest.strip_prefix('.')).unwrap_or(rest).strip_prefix(['m', 'M'])?;
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    (!rest.starts_with(|c: char| c.is_alphanumeric())).then_some((is_afternoon, rest))
}

/// A date at the start of the text, and what follows it: `24-Oct-2021`, `24 October 2021`, `Oct 24, 2021`,
/// `2021-10-24`, `24/10/2021`, `24.10.21`, `24 Oct`, `24 de octubre de 2021`.
pub(crate) fn date(text: &str) -> Option<(Date, &str)> {
    if let Some((name, rest)) = word(text).filter(|(name, _)| is_month(name)) {
        let month = month_by_name(name)?;
        let (day, rest) = day(skip_separators(rest))?;
        return Some(with_year(day, month, rest));
    }
    let (first, rest) = digits(text)?;
    let separator = rest.chars().next().filter(|c| matches!(c, '-' | '/' | '.'));
    match (first.len(), separator) {
        (8, _) => {
            let (year, rest_of_date) = first.split_at(4);
            let (month, day) = rest_of_date.split_at(2);
            let date = NaiveDate::from_ymd_opt(year_of(year)?, number(month)?, number(day)?)?;
            Some((Date::Known(date), rest))
        }
        (4, _) => {
            let rest = skip_separators(rest);
            let (month, rest) = match word(rest) {
                Some((name, rest)) => (month_by_name(name)?, rest),
                None => digits(rest).and_then(|(digits, rest)| Some((number(digits)?, rest)))?,
            };
            let (day, rest) = day(skip_separators(rest))?;
            Some((Date::Known(NaiveDate::from_ymd_opt(year_of(first)?, month, day)?), rest))
        }
        (1 | 2, Some(separator)) if rest.get(1..)?.starts_with(|c: char| c.is_ascii_digit()) => {
            let (second, rest) = digits(rest.get(1..)?)?;
            let (third, rest) = digits(rest.strip_prefix(separator)?)?;
            let (first, second, year) = (number(first)?, number(second)?, year_of(third)?);
            // With dots, the day comes first everywhere.
            let known = if separator == '.' { NaiveDate::from_ymd_opt(year, second, first) } else { None };
            Some((known.map_or(Date::Numbers { first, second, year }, Date::Known), rest))
        }
        (1 | 2, _) => {
            let (day, rest) = day(text)?;
            let rest = skip_separators(rest);
            let rest = ["of", "de"].iter().find_map(|of| strip_word(rest, of)).unwrap_or(rest);
            let (name, rest) = word(rest)?;
            Some(with_year(day, month_by_name(name)?, rest))
        }
        _ => None,
    }
}

/// The date with the year that follows, where one does: `, 2021`, `-21`, ` de 2021`, but not the hour of `14:00`.
fn with_year(day: u32, month: u32, rest: &str) -> (Date, &str) {
    let ahead = skip_separators(rest);
    let ahead = ["de", "del"].iter().find_map(|of| strip_word(ahead, of)).unwrap_or(ahead);
    let year = digits(ahead).and_then(|(digits, after)| {
        let is_hour = after.starts_with(':')
            || half_of_day(after).is_some()
            || strip_h(after).is_some()
            || named_clock(ahead).is_some();
        let year = if is_hour { None } else { year_of(digits) }?;
        Some((Date::Known(NaiveDate::from_ymd_opt(year, month, day)?), after))
    });
    year.unwrap_or((Date::OfSomeYear { month, day }, rest))
}

fn skip_separators(text: &str) -> &str {
    text.trim_start_matches([' ', '-', '/', '.', ',', '\''])
}

/// A day of the month, `24` or `24th`.
fn day(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = digits(text).filter(|(digits, _)| digits.len() <= 2)?;
    let ending = ["st", "nd", "rd", "th"].iter().find_map(|ending| strip_word(rest, ending));
    Some((number(digits)?, ending.unwrap_or(rest)))
}

/// A year of four digits, or the last two of one of this century.
fn year_of(digits: &str) -> Option<i32> {
    let year = i32::try_from(number(digits)?).ok()?;
    match digits.len() {
        4 if (1970..2200).contains(&year) => Some(year),
        2 => Some(2000 + year),
        _ => None,
    }
}

/// A run of letters, and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// A run of digits, and what follows it.
fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|c| !c.is_ascii_digit()).unwrap_or(text.len());
    (end > 0 && end <= 8).then(|| text.split_at(end))
}

fn number(digits: &str) -> Option<u32> {
    digits.parse().ok()
}
