//! iCalendar (RFC 5545) as providers really send it.
//!
//! Lines may end in a bare LF; a continuation line may lack its leading blank, as in Arelion's mails; components may
//! be nested wrongly. What a line means is not this module's business, except for [`time`].

pub(crate) mod time;

use crate::Reason;
use crate::limits::MAX_CALENDAR_DEPTH;

/// A `VCALENDAR`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Calendar {
    /// The calendar's own properties.
    pub(crate) properties: Vec<Property>,
    pub(crate) zones: Vec<Zone>,
    pub(crate) events: Vec<Event>,
}

/// A `VTIMEZONE`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Zone {
    pub(crate) properties: Vec<Property>,
    /// The `TZOFFSETTO` of every `STANDARD` and `DAYLIGHT` in it.
    pub(crate) offsets: Vec<String>,
}

/// A `VEVENT`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) properties: Vec<Property>,
    /// Whether its `END:VEVENT` was seen. Without it, the file may have been cut off.
    pub(crate) is_closed: bool,
}

/// A content line: `NAME;PARAMETER=value:value`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Property {
    /// In capitals.
    pub(crate) name: String,
    /// Names in capitals, values without their quotes.
    pub(crate) parameters: Vec<(String, String)>,
    /// As sent: [`Property::text`] takes the escapes out.
    pub(crate) value: String,
}

/// Where a property is found by its name.
pub(crate) trait Properties {
    fn properties(&self) -> &[Property];

    /// The first property of that name, which must be in capitals.
    fn get(&self, name: &str) -> Option<&Property> {
        self.properties().iter().find(|property| property.name == name)
    }
}

impl Properties for Calendar {
    fn properties(&self) -> &[Property] {
        &self.properties
    }
}

impl Properties for Zone {
    fn properties(&self) -> &[Property] {
        &self.properties
    }
}

impl Properties for Event {
    fn properties(&self) -> &[Property] {
        &self.properties
    }
}

impl Property {
    /// Reads a line; none where it is not `name:value`.
    fn parse(line: &str) -> Option<Self> {
        let name = line.get(..name_length(line)?)?;
        let mut rest = line.get(name.len()..)?;
        let mut parameters = Vec::new();
        while let Some(parameter) = rest.strip_prefix(';') {
            // A quote that is never closed is a letter: the value begins at the first colon then.
            let end = end_of_parameter(parameter, true).or_else(|| end_of_parameter(parameter, false))?;
            let (text, after) = parameter.split_at(end);
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            parameters.push((name.trim().to_ascii_uppercase(), value.trim().trim_matches('"').to_owned()));
            rest = after;
        }
        let value = rest.strip_prefix(':')?.to_owned();
        Some(Self { name: name.to_ascii_uppercase(), parameters, value })
    }

    /// The first parameter of that name, which must be in capitals.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The value as text, without its escapes (RFC 5545 3.3.11).
    pub(crate) fn text(&self) -> String {
        let mut text = String::with_capacity(self.value.len());
        let mut chars = self.value.chars();
        while let Some(c) = chars.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            match chars.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(escaped @ ('\\' | ';' | ',')) => text.push(escaped),
                Some(other) => text.extend(['\\', other]),
                None => text.push('\\'),
            }
        }
        text
    }
}

/// The length of the name of a content line; none where the line does not begin with one.
fn name_length(line: &str) -> Option<usize> {
    let length = line.bytes().position(|c| !(c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_')))?;
    let is_name = length > 0 && matches!(line.as_bytes().get(length), Some(b':' | b';'));
    is_name.then_some(length)
}

/// Longer than every name of [`is_known_name`].
const MAX_NAME_BYTES: usize = 40;

/// Whether the line is the first part of a name that a fold cuts: `X-MAINTNOTE-MAINT` above ` ENANCE-ID:M-1`. Only a
/// known name comes of such parts, for a word of a broken description may be followed by anything.
fn begins_folded_name<'a>(line: &str, below: impl Iterator<Item = &'a str>) -> bool {
    let is_part = |text: &str| text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    if line.is_empty() || line.len() > MAX_NAME_BYTES || !is_part(line) {
        return false;
    }
    let mut name = line.to_owned();
    for part in below.take(MAX_NAME_BYTES) {
        let Some(part) = part.strip_prefix([' ', '\t']) else { return false };
        let end = part.find([':', ';']);
        name.push_str(part.get(..end.unwrap_or(part.len())).unwrap_or_default());
        if name.len() > MAX_NAME_BYTES || !is_part(&name) {
            return false;
        }
        if end.is_some() {
            return is_known_name(&name);
        }
    }
    false
}

/// Whether a notice's calendar may hold a property of that name.
fn is_known_name(name: &str) -> bool {
    #[rustfmt::skip]
    const NAMES: [&str; 18] = [
        "BEGIN", "END", "VERSION", "PRODID", "METHOD", "UID", "SEQUENCE", "STATUS", "SUMMARY", "DESCRIPTION", "LOCATION",
        "ORGANIZER", "DTSTAMP", "DTSTART", "DTEND", "DURATION", "TZID", "TZOFFSETTO",
    ];
    let name = name.to_ascii_uppercase();
    name.starts_with("X-MAINTNOTE-") || NAMES.contains(&name.as_str())
}

fn end_of_parameter(text: &str, with_quotes: bool) -> Option<usize> {
    let mut quoted = false;
    text.bytes().position(|c| {
        quoted ^= with_quotes && c == b'"';
        !quoted && matches!(c, b';' | b':')
    })
}

/// The values that may go on in a line without a leading blank: texts for people. An identifier is never lengthened
/// by a line that does not say that it belongs to it.
const FREE_TEXT: [&str; 4] = ["DESCRIPTION", "SUMMARY", "COMMENT", "X-ALT-DESC"];

/// Every calendar in the text, with what each component holds directly.
pub(crate) fn parse(text: &str) -> Result<Vec<Calendar>, Reason> {
    let mut reader = Reader::default();
    // The lines of one property, joined (RFC 5545 3.1).
    let mut joined = String::new();
    let mut is_dropping = false;
    // Some gateways end each line twice, with a second return.
    let mut lines = text.split('\n').map(|line| line.trim_end_matches('\r'));
    while let Some(line) = lines.next() {
        if let Some(continuation) = line.strip_prefix([' ', '\t']) {
            if !is_dropping {
                joined.push_str(continuation);
            }
        } else if name_length(line).is_some() || begins_folded_name(line, lines.clone()) {
            reader.take(&joined)?;
            joined.clear();
            joined.push_str(line);
            is_dropping = false;
        } else if !line.trim().is_empty() {
            is_dropping = !name_length(&joined)
                .and_then(|length| joined.get(..length))
                .is_some_and(|name| FREE_TEXT.iter().any(|free| name.eq_ignore_ascii_case(free)));
            if !is_dropping {
                joined.push_str(line);
            }
        }
    }
    reader.take(&joined)?;
    Ok(reader.calendars)
}

/// What the lines so far amount to.
#[derive(Default)]
struct Reader {
    calendars: Vec<Calendar>,
    /// Names of the components that are open, the innermost last.
    open: Vec<String>,
}

impl Reader {
    fn take(&mut self, line: &str) -> Result<(), Reason> {
        let Some(property) = Property::parse(line) else { return Ok(()) };
        match property.name.as_str() {
            "BEGIN" => self.begin(property.value.trim().to_ascii_uppercase()),
            "END" => {
                self.end(&property.value.trim().to_ascii_uppercase());
                Ok(())
            }
            _ => {
                self.property(property);
                Ok(())
            }
        }
    }

    fn begin(&mut self, name: String) -> Result<(), Reason> {
        match name.as_str() {
            "VCALENDAR" => {
                self.open.clear();
                self.calendars.push(Calendar::default());
            }
            // An event in an event: the end of the first one is missing.
            "VEVENT" => {
                if let Some(outer) = self.open.iter().position(|open| open == "VEVENT") {
                    self.open.truncate(outer);
                }
                self.calendar().events.push(Event::default());
            }
            "VTIMEZONE" => self.calendar().zones.push(Zone::default()),
            _ => {}
        }
        if self.open.len() >= MAX_CALENDAR_DEPTH.value {
            return Err(Reason::TooDeep { what: "calendar's components", limit: MAX_CALENDAR_DEPTH });
        }
        self.open.push(name);
        Ok(())
    }

    fn end(&mut self, name: &str) {
        let Some(position) = self.open.iter().rposition(|open| open == name) else { return };
        self.open.truncate(position);
        if name == "VEVENT"
            && let Some(event) = self.calendar().events.last_mut()
        {
            event.is_closed = true;
        }
    }

    fn property(&mut self, property: Property) {
        let mut open = self.open.iter().rev().map(String::as_str);
        match (open.next(), open.next()) {
            (Some("VEVENT"), _) => {
                if let Some(event) = self.calendar().events.last_mut() {
                    event.properties.push(property);
                }
            }
            (Some("VTIMEZONE"), _) => {
                if let Some(zone) = self.calendar().zones.last_mut() {
                    zone.properties.push(property);
                }
            }
            (Some("STANDARD" | "DAYLIGHT"), Some("VTIMEZONE")) if property.name == "TZOFFSETTO" => {
                if let Some(zone) = self.calendar().zones.last_mut() {
                    zone.offsets.push(property.value);
                }
            }
            (Some("VCALENDAR"), _) => self.calendar().properties.push(property),
            _ => {}
        }
    }

    /// The calendar being read. One that does not begin as it should is a calendar all the same.
    fn calendar(&mut self) -> &mut Calendar {
        if self.calendars.is_empty() {
            self.calendars.push(Calendar::default());
        }
        let last = self.calendars.len() - 1;
        &mut self.calendars[last]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A text folded after every `width` characters.
    fn folded(line: &str, width: usize, end: &str) -> String {
        let chars: Vec<char> = line.chars().collect();
        let lines: Vec<String> = chars.chunks(width).map(|chunk| chunk.iter().collect()).collect();
        lines.join(&format!("{end} "))
    }

    fn event(properties: &str) -> Event {
        let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{properties}\nEND:VEVENT\nEND:VCALENDAR\n");
        parse(&text).unwrap().remove(0).events.remove(0)
    }

    #[track_caller]
    fn check(lines: &str, name: &str, expected: &str) {
        assert_eq!(event(lines).get(name).map(Property::text).as_deref(), Some(expected));
    }

    #[test]
    fn lines_are_joined_and_escapes_taken_out() {
        check("SUMMARY:a b", "SUMMARY", "a b");
        check("summary:a\r\n  b\r\n\tc", "SUMMARY", "a bc");
        check(r"SUMMARY:a\, b\; c\\d\ne\Nf\x\", "SUMMARY", "a, b; c\\d\ne\nf\\x\\");
        check(
            "DESCRIPTION:outages\nseveral times.\\nLo\n cation: X",
            "DESCRIPTION",
            "outagesseveral times.\nLocation: X",
        );
        check("X-MAINTNOTE-OBJECT-ID:A-\nELF\n TOO\nUID:1", "X-MAINTNOTE-OBJECT-ID", "A-");
        check("SUMMARY:\nUID:1", "SUMMARY", "");
        check("UID:1\nX-MAINTNOTE-MAINT\r\n ENANCE-ID:M-1", "X-MAINTNOTE-MAINTENANCE-ID", "M-1");
        check("UID:1\nDT\n ST\n\tART;VALUE=DATE\n -TIME:2026", "DTSTART", "2026");
        check("DESCRIPTION:a\nmore\n is: said", "DESCRIPTION", "amoreis: said");
        check("UID:1\nSUM\nMARY:x", "UID", "1");
    }

    #[test]
    fn parameters_may_be_quoted_and_quotes_left_open() {
        let property = Property::parse("ORGANIZER;CN=\"A; B: C\";x=1:mailto:a@example.net").unwrap();
        assert_eq!(property.parameter("CN"), Some("A; B: C"));
        assert_eq!(property.parameter("X"), Some("1"));
        assert_eq!(property.value, "mailto:a@example.net");
        assert_eq!(Property::parse("ORGANIZER;CN=\"A B:mailto:x").unwrap().value, "mailto:x");
        for line in ["", "no colon", "two words:x", ":x", "NAME", "NAME;P=1"] {
            assert_eq!(Property::parse(line), None, "{line}");
        }
    }

    #[test]
    fn what_is_inside_an_event_is_not_the_events() {
        let event = event("UID:1\nBEGIN:VALARM\nDESCRIPTION:Reminder\nEND:VALARM\nSEQUENCE:2");
        assert_eq!(event.properties.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["UID", "SEQUENCE"]);
        assert!(event.is_closed);
    }

    #[test]
    fn an_event_that_is_cut_off_shows_it() {
        for text in ["BEGIN:VEVENT\nUID:1", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nEND:VCALENDAR"] {
            let calendars = parse(text).unwrap();
            assert!(!calendars[0].events[0].is_closed);
        }
        let calendars = parse("BEGIN:VEVENT\nUID:1\nBEGIN:VEVENT\nUID:2\nEND:VEVENT").unwrap();
        assert_eq!(calendars[0].events.iter().map(|event| event.is_closed).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn zones_keep_their_offsets() {
        let text = "BEGIN:VCALENDAR\nMETHOD:PUBLISH\nBEGIN:VTIMEZONE\nTZID:Here\nBEGIN:STANDARD\nDTSTART:16010101T0000\n\
                    TZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\nEND:VCALENDAR";
        let calendar = parse(text).unwrap().remove(0);
        assert_eq!(calendar.get("METHOD").unwrap().value, "PUBLISH");
        assert_eq!(calendar.zones[0].get("TZID").unwrap().value, "Here");
        assert_eq!(calendar.zones[0].offsets, ["+0100"]);
    }

    proptest! {
        #[test]
        fn folding_changes_nothing(value in "[^\r\n]{0,200}", width in 1usize..80, crlf: bool) {
            let end = if crlf { "\r\n" } else { "\n" };
            let line = format!("SUMMARY:{value}");
            let text = format!("BEGIN:VEVENT{end}{}{end}END:VEVENT{end}", folded(&line, width, end));
            let calendars = parse(&text).unwrap();
            prop_assert_eq!(&calendars[0].events[0].get("SUMMARY").unwrap().value, &value);
        }

        #[test]
        fn any_text_is_read_without_panic(text in "(BEGIN:VEVENT|END:VEVENT|BEGIN:VCALENDAR|\n|\r\n| |:|;|=|\"|\\\\|X|.){0,60}") {
            let _ = parse(&text);
        }
    }
}
