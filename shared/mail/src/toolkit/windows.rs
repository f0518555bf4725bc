//! Dates and times in sentences, and the windows that two of them make.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

/// A window as it is written, in a zone that is named elsewhere or in `rest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span<'a> {
    pub(crate) start: NaiveDateTime,
    pub(crate) end: NaiveDateTime,
    /// What follows it: often the zone.
    pub(crate) rest: &'a str,
}

/// Whether `03/04/2024` is in April or in March.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateOrder {
    /// In April.
    DayFirst,
    /// In March.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the formats of American providers"))]
    MonthFirst,
}

/// `24-Oct-2021 00:01 to 24-Oct-2021 05:00 …` at the start of the text. An end without a date is on the start's day.
pub(crate) fn span(text: &str, order: DateOrder) -> Option<Span<'_>> {
    let (date, rest) = date(text, order)?;
    let (time, rest) = time(rest)?;
    let start = at(date, time)?;
    let rest = ["to", "until", "till", "through", "-", "–", "—"]
        .iter()
        .find_map(|separator| rest.trim_start().strip_prefix(separator))?;
    let (end_date, rest) = self::date(rest, order).unwrap_or((date, rest));
    let (time, rest) = self::time(rest)?;
    Some(Span { start, end: at(end_date, time)?, rest })
}

/// A date at the start of the text, and what follows it: `24-Oct-2021`, `24 October 2021`, `Oct 24, 2021`,
/// `2021-10-24`, `24/10/2021`, each with or without the name of its weekday before it.
pub(crate) fn date(text: &str, order: DateOrder) -> Option<(NaiveDate, &str)> {
    let text = without_weekday(text.trim_start());
    let (first, rest) = token(text)?;
    let (second, rest) = token(skip_separator(rest))?;
    let (third, rest) = day_before_time(token(skip_separator(rest))?, text);
    let (year, month, day) = match (month_by_name(first), month_by_name(second)) {
        (Some(month), None) => (year(third)?, month, day(second)?),
        (None, Some(month)) if first.len() == 4 => (year(first)?, month, day(third)?),
        (None, Some(month)) => (year(third)?, month, day(first)?),
        (None, None) if first.len() == 4 => (year(first)?, number(second)?, number(third)?),
        (None, None) => match order {
            DateOrder::DayFirst => (year(third)?, number(second)?, number(first)?),
            DateOrder::MonthFirst => (year(third)?, number(first)?, number(second)?),
        },
        (Some(_), Some(_)) => return None,
    };
    Some((NaiveDate::from_ymd_opt(year, month, day)?, rest))
}

/// A time at the start of the text, and what follows it: `00:01`, `05:00:30`, `5:00 PM`. `24:00` ends its day.
fn time(text: &str) -> Option<((NaiveTime, bool), &str)> {
    let text = text.trim_start_matches([' ', ',', 'T']);
    let (hour, rest) = token(text)?;
    let (minute, mut rest) = token(rest.strip_prefix(':')?)?;
    let mut second = "0";
    if let Some((found, after)) = rest.strip_prefix(':').and_then(token) {
        (second, rest) = (found, after);
    }
    // `5:00PM` has its half of the day in the token of the minute.
    let digits_end = minute.find(|c: char| !c.is_ascii_digit()).unwrap_or(minute.len());
    let (minute, mut half) = minute.split_at(digits_end);
    if half.is_empty()
        && let Some((word, after)) = token(rest.trim_start())
        && is_half(word)
    {
        (half, rest) = (word, after);
    }
    if minute.len() != 2 || hour.len() > 2 {
        return None;
    }
    let (hour, minute, second) = (number(hour)?, number(minute)?, number(second)?);
    let hour = match half {
        "" => hour,
        half if !is_half(half) || !(1..=12).contains(&hour) => return None,
        half => hour % 12 + if half.starts_with(['P', 'p']) { 12 } else { 0 },
    };
    let is_midnight_after = hour == 24 && minute == 0 && second == 0;
    let hour = if is_midnight_after { 0 } else { hour };
    Some(((NaiveTime::from_hms_opt(hour, minute, second)?, is_midnight_after), rest))
}

fn at(date: NaiveDate, (time, is_next_day): (NaiveTime, bool)) -> Option<NaiveDateTime> {
    let date = if is_next_day { date.succ_opt()? } else { date };
    Some(date.and_time(time))
}

fn is_half(word: &str) -> bool {
    word.eq_ignore_ascii_case("am") || word.eq_ignore_ascii_case("pm")
}

/// A run of letters and digits, and what follows it.
fn token(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// ISO 8601 joins the day to the time: `24T22:00`.
fn day_before_time<'a>((word, rest): (&'a str, &'a str), text: &'a str) -> (&'a str, &'a str) {
    match word.split_once('T') {
        Some((day, hour)) if number(hour).is_some() => {
            (day, text.get(text.len() - rest.len() - hour.len()..).unwrap_or(rest))
        }
        _ => (word, rest),
    }
}

fn skip_separator(text: &str) -> &str {
    let text = text.trim_start();
    text.strip_prefix(['-', '/', '.', ',']).unwrap_or(text).trim_start()
}

fn without_weekday(text: &str) -> &str {
    let weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    match token(text) {
        Some((word, rest))
            if word.bytes().all(|c| c.is_ascii_alphabetic())
                && word.get(..3).is_some_and(|start| weekdays.iter().any(|day| start.eq_ignore_ascii_case(day))) =>
        {
            rest.trim_start_matches([',', '.', ' '])
        }
        _ => text,
    }
}

fn month_by_name(text: &str) -> Option<u32> {
    let months = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let lower = text.to_ascii_lowercase();
    let index = months.iter().position(|month| lower.len() >= 3 && month.starts_with(&lower))?;
    u32::try_from(index + 1).ok()
}

/// A day of the month, `24` or `24th`.
fn day(text: &str) -> Option<u32> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|ending| text.strip_suffix(ending)).unwrap_or(text);
    number(digits)
}

/// A year of four digits: two leave the century open, and in which place the year stands.
fn year(text: &str) -> Option<i32> {
    if text.len() == 4 { number(text).and_then(|year| i32::try_from(year).ok()) } else { None }
}

fn number(text: &str) -> Option<u32> {
    // A sign is not part of a date.
    if text.bytes().all(|c| c.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str, &str)>) {
        let print = |time: NaiveDateTime| time.format("%Y-%m-%d %H:%M").to_string();
        let found = span(text, DateOrder::DayFirst).map(|span| (print(span.start), print(span.end), span.rest));
        let found = found.as_ref().map(|(start, end, rest)| (start.as_str(), end.as_str(), rest.trim()));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn windows_are_read_in_many_spellings() {
        let zayo = "24-Oct-2021 00:01 to 24-Oct-2021 05:00 ( Eastern )";
        check(zayo, Some(("2021-10-24 00:01", "2021-10-24 05:00", "( Eastern )")));
        check("24 October 2021 00:01 - 05:00 UTC", Some(("2021-10-24 00:01", "2021-10-24 05:00", "UTC")));
        check(
            "Sun, Oct 24, 2021 11:30 PM until Oct 25, 2021 5:00AM",
            Some(("2021-10-24 23:30", "2021-10-25 05:00", "")),
        );
        check("2021-10-24T22:00:00 to 2021-10-24 24:00", Some(("2021-10-24 22:00", "2021-10-25 00:00", "")));
        check("3/4/2024 12:00 AM – 12:30 PM", Some(("2024-04-03 00:00", "2024-04-03 12:30", "")));
        check("24th Oct 2021 00:01 to TBD", None);
        check("24-Oct-2021", None);
        check("24-Oct-21 00:01 to 24-Oct-21 05:00", None);
        check("31-Feb-2021 00:01 to 01-Mar-2021 05:00", None);
        check("24-Oct-2021 25:01 to 24-Oct-2021 26:00", None);
        check("24-Oct-2021 13:00 PM to 24-Oct-2021 14:00", None);
        check("", None);
    }

    #[test]
    fn the_order_of_day_and_month_is_the_callers() {
        let expected = NaiveDate::from_ymd_opt(2024, 3, 4);
        assert_eq!(date("03/04/2024", DateOrder::MonthFirst).map(|(date, _)| date), expected);
        assert_eq!(date("04/03/2024", DateOrder::DayFirst).map(|(date, _)| date), expected);
    }

    proptest! {
        #[test]
        fn a_written_window_is_read_back(
            start in 0i64..4_000_000_000, minutes in 0i64..10_000,
            date_format in prop::sample::select(vec!["%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%Y-%m-%d", "%d/%m/%Y", "%A, %d.%m.%Y"]),
            time_format in prop::sample::select(vec!["%H:%M", "%I:%M %p", "%I:%M%P", "%H:%M:00"]),
            separator in prop::sample::select(vec![" to ", " - ", "–", " until "]),
        ) {
            let start = chrono::DateTime::from_timestamp(start / 60 * 60, 0).unwrap().naive_utc();
            let end = start + chrono::Duration::minutes(minutes);
            let format = format!("{date_format} {time_format}");
            let text = format!("{}{separator}{} (GMT)", start.format(&format), end.format(&format));
            prop_assert_eq!(span(&text, DateOrder::DayFirst), Some(Span { start, end, rest: " (GMT)" }));
        }

        #[test]
        fn any_text_is_read_without_panic(text in "([0-9]{1,4}|[-/:., ]|Oct|to|am|th|T|é|.){0,30}") {
            let _ = span(&text, DateOrder::DayFirst);
        }
    }
}
