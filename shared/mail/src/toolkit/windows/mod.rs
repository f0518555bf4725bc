//! Windows: two moments, and what they mean together.

mod resolve;

use chrono::Duration;
use noticeboard_domain::time::Time;

use super::found::Found;
use super::moments::{Date, Moment, moment, moments, span};
use super::zones::Zone;
pub(crate) use resolve::{DateOrder, Rules, Times, day_of, resolve, zone_of_label};

/// A window of a notice with where it was found.
#[derive(Debug, Clone)]
pub(crate) struct Window<'a> {
    pub(crate) times: Times,
    /// Without an end, only an outage may be.
    pub(crate) has_end: bool,
    pub(crate) backup: bool,
    pub(crate) start: Found<'a>,
    pub(crate) end: Found<'a>,
    /// An id of its own, where each window has one.
    pub(crate) id: Option<Found<'a>>,
}

impl<'a> Window<'a> {
    /// The window that begins and ends as these two fields say.
    pub(crate) fn of_fields(start: Found<'a>, end: Found<'a>, rules: &Rules<'_>, sent: Time) -> Result<Self, String> {
        let (start, end) = (on_one_line(start), on_one_line(end));
        let from = moment_in(&start.text).ok_or_else(|| unreadable(&start.text))?;
        let to = moment_in(&end.text).ok_or_else(|| unreadable(&end.text))?;
        let times = resolve(&from, &to, rules, sent)?;
        Ok(Self { times, has_end: true, backup: false, start, end, id: None })
    }

    /// The window in one field: `… from 24-Oct-2021 22:00 to 25-Oct-2021 04:00 UTC`.
    pub(crate) fn of_field(field: Found<'a>, rules: &Rules<'_>, sent: Time) -> Result<Self, String> {
        // `… 22:00 UTC for 6 hours`
        let length = field.text.split_once(" for ").and_then(|(_, length)| duration(length).map(|_| length));
        if let Some(length) = length
            && span_in(&field.text).is_none()
        {
            return Self::of_length(field.clone(), field.with(length.to_owned()), rules, sent);
        }
        let (from, to) = span_in(&field.text).ok_or_else(|| unreadable(&field.text))?;
        let times = resolve(&from, &to, rules, sent)?;
        Ok(Self { times, has_end: true, backup: false, start: field.clone(), end: field, id: None })
    }

    /// The window that begins as the field says and is this long.
    pub(crate) fn of_length(
        field: Found<'a>,
        length: Found<'a>,
        rules: &Rules<'_>,
        sent: Time,
    ) -> Result<Self, String> {
        let start = point(&field, rules, sent)?;
        let duration = duration(&length.text).ok_or_else(|| unreadable(&length.text))?;
        let end = start.checked_add_signed(duration).ok_or_else(|| unreadable(&length.text))?;
        let times = Times { start, end, zone: Zone::UTC };
        Ok(Self { times, has_end: true, backup: false, start: field, end: length, id: None })
    }

    /// An outage from this point on, without an end.
    pub(crate) fn open(field: Found<'a>, start: Time) -> Self {
        let times = Times { start, end: start, zone: Zone::UTC };
        let end = Found::rule("it has not ended yet");
        Self { times, has_end: false, backup: false, start: field, end, id: None }
    }

    /// The window of a mail that calls work off, or says that it is over, without naming it: the day on which it was written.
    pub(crate) fn unnamed(written: Time) -> Self {
        let rule = Found::rule("the mail names no window; this is when it was written");
        let times = Times { start: written, end: written, zone: Zone::UTC };
        Self { times, has_end: true, backup: false, start: rule.clone(), end: rule, id: None }
    }

    pub(crate) fn backup(mut self, backup: bool) -> Self {
        self.backup = backup;
        self
    }
}

/// One point in time.
pub(crate) fn point(field: &Found<'_>, rules: &Rules<'_>, sent: Time) -> Result<Time, String> {
    let moment = moment_in(&field.text).or_else(|| moment(&field.text).map(|(moment, _)| moment));
    let mut moment = moment.filter(|moment| moment.clock.is_some()).ok_or_else(|| unreadable(&field.text))?;
    // `22:30 UTC` is on the day on which it was written.
    moment.date.get_or_insert(Date::Known(sent.date_naive()));
    Ok(resolve(&moment, &moment, rules, sent)?.start)
}

/// The field, where a line end cuts its date in two, on one line: `Thu, 10⏎Dec 2026`.
fn on_one_line(field: Found<'_>) -> Found<'_> {
    if field.text.contains('\n') && moment_in(&field.text).is_none() {
        field.with(field.text.replace('\n', " "))
    } else {
        field
    }
}

/// The field from the last date and time in it on.
pub(crate) fn last_moment(field: Found<'_>) -> Found<'_> {
    let start = moments(&field.text).last().map_or(0, |(before, _)| before.len());
    let text = field.text.get(start..).unwrap_or_default().to_owned();
    field.with(text)
}

fn unreadable(text: &str) -> String {
    let shown: String = text.chars().take(80).collect();
    format!("it has a window that cannot be read ({shown})")
}

/// The moment at the start of the text, or the first one in it that has date and time.
fn moment_in(text: &str) -> Option<Moment<'_>> {
    let at_start = moment(text).map(|(moment, _)| moment).filter(|m| m.date.is_some() && m.clock.is_some());
    at_start.or_else(|| moments(text).next().map(|(_, moment)| moment))
}

/// The span at the start of the text, the first one in it, or the first two moments in it.
fn span_in(text: &str) -> Option<(Moment<'_>, Moment<'_>)> {
    let at_start = span(text).filter(|(from, to, _)| is_span(from, to)).map(|(from, to, _)| (from, to));
    let two = || {
        let mut found = moments(text).map(|(_, moment)| moment);
        Some((found.next()?, found.next()?))
    };
    at_start.or_else(|| spans(text).next()).or_else(two)
}

/// Whether the text holds a window.
pub(crate) fn holds_window(text: &str) -> bool {
    span_in(text).is_some()
}

/// Whether the text begins with a window.
pub(crate) fn starts_window(text: &str) -> bool {
    span(text).is_some_and(|(from, to, _)| is_span(&from, &to))
}

fn is_span(from: &Moment<'_>, to: &Moment<'_>) -> bool {
    (from.date.is_some() || to.date.is_some()) && from.clock.is_some() && to.clock.is_some()
}

/// Every window in the text that is written as two moments with a dash or a word between them.
pub(crate) fn spans(text: &str) -> impl Iterator<Item = (Moment<'_>, Moment<'_>)> {
    // Every date has a digit.
    let mut at = text.find(|c: char| c.is_ascii_digit()).map_or(text.len(), |_| 0);
    std::iter::from_fn(move || {
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            if rest.starts_with(|c: char| c.is_ascii_alphanumeric())
                && let Some((from, to, after)) = span(rest)
                && is_span(&from, &to)
            {
                at = text.len() - after.len();
                return Some((from, to));
            }
            let word_end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
            let next = rest.get(word_end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            at += word_end + next;
        }
        None
    })
}

/// A length of time: `2 hours`, `two (2) hours`, `1.5 hours`, `1 hour 30 minutes`, `45 min`, `8h10m0s`, `one hour`. The
/// largest of a range counts.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total: Option<Duration> = None;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        rest = rest.get(at..)?;
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        rest = after;
        let Some(amount) = number.parse().ok().filter(|amount: &f64| *amount < MAX_AMOUNT) else { continue };
        if let Some(seconds) = unit(after) {
            total = Some(total.unwrap_or_default() + Duration::seconds((amount * seconds).round() as i64));
        }
    }
    total.or_else(|| written_out(text))
}

/// The length that is written in words: `an hour`, `three hours`.
fn written_out(text: &str) -> Option<Duration> {
    const NUMBERS: [&str; 13] =
        ["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let is_it = |number: &str| word.eq_ignore_ascii_case(number);
        let amount = if is_it("an") { Some(1) } else { NUMBERS.iter().position(|number| is_it(number)) };
        if let (Some(amount), Some(seconds)) = (amount, words.peek().and_then(|next| unit(next))) {
            return Some(Duration::seconds(i64::try_from(amount).ok()? * seconds as i64));
        }
    }
    None
}

/// How many seconds the unit at the start of the text has.
fn unit(text: &str) -> Option<f64> {
    let text = text.trim_start_matches([' ', '(', ')', '-']);
    let word = text.get(..text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len()))?;
    match word.to_ascii_lowercase().as_str() {
        "d" | "day" | "days" => Some(86_400.0),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(3_600.0),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(60.0),
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1.0),
        _ => None,
    }
}

/// No length has that many of anything.
const MAX_AMOUNT: f64 = 1e6;

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;
    use proptest::prelude::*;

    use super::super::found::At;
    use super::*;

    const SENT: &str = "2026-11-24T09:00:00Z";

    fn print(times: &Times) -> String {
        format!("{}/{}", times.start.format("%Y-%m-%d %H:%M"), times.end.format("%Y-%m-%d %H:%M"))
    }

    #[track_caller]
    fn check(text: &str, rules: &Rules<'_>, expected: Option<&str>) {
        let field = Found::new(text, At::Subject);
        let window = Window::of_field(field, rules, SENT.parse().unwrap());
        assert_eq!(window.ok().map(|window| print(&window.times)).as_deref(), expected, "{text}");
    }

    #[test]
    fn windows_are_read_in_many_spellings() {
        let rules = Rules::DAY_FIRST_UTC;
        for (text, expected) in [
            ("24-Oct-2026 00:01 to 24-Oct-2026 05:00 ( Eastern )", "2026-10-24 04:01/2026-10-24 09:00"),
            ("24 October 2026 00:01 - 05:00 UTC", "2026-10-24 00:01/2026-10-24 05:00"),
            ("24 October 2026, 22:00 – 05:00 UTC", "2026-10-24 22:00/2026-10-25 05:00"),
            ("Sat, Oct 24, 2026 11:30 PM until Oct 25, 2026 5:00AM", "2026-10-24 23:30/2026-10-25 05:00"),
            ("2026-10-24T22:00:00Z to 2026-10-24 24:00", "2026-10-24 22:00/2026-10-25 00:00"),
            ("22:00 to 23:30 on 12/10/2026 GMT", "2026-10-12 22:00/2026-10-12 23:30"),
            ("Dec 9 2026 22:00 CET - Dec 10 2026 04:00 CET", "2026-12-09 21:00/2026-12-10 03:00"),
            ("18.12.2026 00:30 GMT+3 ~ 18.12.2026 06:00 GMT+3", "2026-12-17 21:30/2026-12-18 03:00"),
            ("2026-12-09 22:00:00+05:30 to 2026-12-09 23:00:00 +0530", "2026-12-09 16:30/2026-12-09 17:30"),
            ("MITTWOCH, 30 DEC 22:00 - DONNERSTAG, 31 DEC 04:00", "2026-12-30 22:00/2026-12-31 04:00"),
            ("31 DEC 22:00 - 01 JAN 04:00 UTC", "2026-12-31 22:00/2027-01-01 04:00"),
            ("the work is from 9pm to 11pm on 9 Dec 2026", "2026-12-09 21:00/2026-12-09 23:00"),
            ("2200 UTC 9 Dec 2026 to 0400 UTC 10 Dec 2026", "2026-12-09 22:00/2026-12-10 04:00"),
            ("25.10.2026 01:00 - 25.10.2026 02:30 Europe/Berlin", "2026-10-24 23:00/2026-10-25 01:30"),
            ("9 de diciembre de 2026, 22:00 a 10 de diciembre de 2026, 04:00 UTC", "2026-12-09 22:00/2026-12-10 04:00"),
            ("Miércoles 9 de dic. del 2026 10:00 p. m. hasta las 4:00 a. m.", "2026-12-09 22:00/2026-12-10 04:00"),
            (
                "desde el 09-ENE-2027 a las 22:00 hs hasta el 10-ene-2027 a las 04:00 hs",
                "2027-01-09 22:00/2027-01-10 04:00",
            ),
            ("MIÉRCOLES 9 DE DIC DE 2026 22:00 HASTA 04:00 HS", "2026-12-09 22:00/2026-12-10 04:00"),
            ("Abril 3, 2027 01:00 - agosto 2, 2027 05:00", "2027-04-03 01:00/2027-08-02 05:00"),
            ("2026-diciembre-09 22:00 BRT / 2026-dezembro-10 04:00 BRT", "2026-12-10 01:00/2026-12-10 07:00"),
            ("9 Dec 2026 noon to midnight", "2026-12-09 12:00/2026-12-10 00:00"),
            ("midnight on 9 Dec 2026 until 12 noon on 9 Dec 2026", "2026-12-09 00:00/2026-12-09 12:00"),
            ("9 Dec 22:00 - 9 Dec midnight UTC", "2026-12-09 22:00/2026-12-10 00:00"),
            ("9 Dec 12:00 midnight - 10 Dec 00:00 (midnight) UTC", "2026-12-09 00:00/2026-12-10 00:00"),
            ("Medianoche del 9 de diciembre de 2026 al mediodía", "2026-12-09 00:00/2026-12-09 12:00"),
        ] {
            check(text, &rules, Some(expected));
        }
        for text in
            ["24 Oct 2026 00:01 to TBD", "24-Oct-2026", "31-Feb-2026 00:01 to 01-Mar-2026 05:00", "22:00 - 23:00", ""]
        {
            check(text, &rules, None);
        }
        check("24 Oct 2026 22:00 local time - 23:00", &rules, None);
        check("24 Oct 2026 22:00 XQT - 23:00 XQT", &rules, None);
        check("24 Oct 2026 22:00 IST - 23:00 IST", &rules, None);
        let india = Rules { meanings: &[("IST", Tz::Asia__Kolkata)], ..rules };
        check("24 Oct 2026 22:00 IST - 23:00 IST", &india, Some("2026-10-24 16:30/2026-10-24 17:30"));
    }

    #[test]
    fn day_and_month_follow_the_provider_unless_the_mails_date_speaks_against_it() {
        let (day, month) = (Rules::DAY_FIRST_UTC, Rules::MONTH_FIRST_UTC);
        check("04/12/2026 22:00 - 04/12/2026 23:00", &day, Some("2026-12-04 22:00/2026-12-04 23:00"));
        check("12/04/2026 22:00 - 12/04/2026 23:00", &month, Some("2026-12-04 22:00/2026-12-04 23:00"));
        // In April, half a year ago, or in December, in ten days.
        check("12/04/2026 22:00 - 12/04/2026 23:00", &day, Some("2026-12-04 22:00/2026-12-04 23:00"));
        // Only one order is a date, or a window.
        check("12/25/2026 22:00 - 12/25/2026 23:00", &day, Some("2026-12-25 22:00/2026-12-25 23:00"));
        check("11/12/2026 22:00 - 12/12/2026 04:00", &month, Some("2026-12-11 22:00/2026-12-12 04:00"));
        check("12/09/26 01:00 - 12/09/26 06:00", &month, Some("2026-12-09 01:00/2026-12-09 06:00"));
    }

    #[test]
    fn lengths_are_read_in_words_and_letters() {
        for (text, minutes) in [
            ("approximately 2 hours", Some(120)),
            ("1 hour 30 minutes", Some(90)),
            ("1.5 hours.", Some(90)),
            ("two (2) hours", Some(120)),
            ("about an hour", Some(60)),
            ("Two hours.", Some(120)),
            ("one of the hours", None),
            ("5 minutes. 2 more", Some(5)),
            ("99999999999999999999 days", None),
            ("8h10m0s", Some(490)),
            ("45-60 minutes", Some(60)),
            ("2 days", Some(2_880)),
            ("soon", None),
            ("20", None),
        ] {
            assert_eq!(duration(text).map(|length| length.num_minutes()), minutes, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_written_window_is_read_back(
            start in 0i64..4_000_000_000, minutes in 0i64..10_000,
            date_format in prop::sample::select(vec!["%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%Y-%m-%d", "%A, %d.%m.%Y"]),
            time_format in prop::sample::select(vec!["%H:%M", "%I:%M %p", "%I:%M%P", "%H:%M:00"]),
            separator in prop::sample::select(vec![" to ", " - ", "–", " until "]),
        ) {
            let start = chrono::DateTime::from_timestamp(start / 60 * 60, 0).unwrap();
            let end = start + Duration::minutes(minutes);
            let format = format!("{date_format} {time_format}");
            let text = format!("{}{separator}{} (GMT)", start.format(&format), end.format(&format));
            let window = Window::of_field(Found::new(&text, At::Subject), &Rules::DAY_FIRST_UTC, start);
            prop_assert_eq!(window.map(|window| window.times), Ok(Times { start, end, zone: Zone::UTC }), "{}", text);
        }

        #[test]
        fn any_text_is_read_without_panic(text in "([0-9]{1,4}|[-/:., ]|Oct|to|am|th|T|GMT|\\+|EST|é|.){0,30}") {
            let rules = Rules::DAY_FIRST_UTC;
            let _ = Window::of_field(Found::new(&text, At::Subject), &rules, SENT.parse().unwrap());
            let _ = spans(&text).count();
            let _ = duration(&text);
        }
    }
}
