//! Content lines: escaped, folded, ended by CRLF (RFC 5545 section 3.1).
//!
//! Our own, because the crate `icalendar` folds to 76 octets, counts characters anew at every fold (quadratic in the
//! length of a line), and reads the clock for what an entry lacks.

use std::borrow::Cow;

use chrono::{Datelike, Timelike};
use noticeboard_domain::time::Time;

/// Octets of a line without its break.
const MAX_OCTETS: usize = 75;

/// A calendar under construction.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    text: String,
}

/// Two of Unicode's own line breaks: some programs break lines at them, which RFC 5545 does not.
fn is_separator(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Control characters have no place in a calendar; a tab is a blank there (RFC 5545 section 3.1).
fn is_banned(c: char) -> bool {
    c.is_control() && c != '\t'
}

/// Text without control characters.
fn plain(text: &str) -> Cow<'_, str> {
    if text.contains(is_banned) { text.chars().filter(|c| !is_banned(*c)).collect() } else { text.into() }
}

impl Writer {
    /// A property whose value is no text: a time, a number, an address. Control characters are left out.
    pub(crate) fn line(&mut self, name: &str, value: &str) {
        let begin = self.text.len();
        self.text.push_str(name);
        self.text.push(':');
        self.text.push_str(&plain(value));
        if self.text.len() - begin > MAX_OCTETS {
            let whole = self.text.split_off(begin);
            self.folded(&whole);
        }
        self.text.push_str("\r\n");
    }

    /// A line in pieces, each but the first after a blank.
    fn folded(&mut self, mut line: &str) {
        let mut room = MAX_OCTETS;
        while line.len() > room {
            let end = (0..=room).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(room);
            let (piece, rest) = line.split_at(end);
            self.text.push_str(piece);
            self.text.push_str("\r\n ");
            (line, room) = (rest, MAX_OCTETS - 1);
        }
        self.text.push_str(line);
    }

    /// A property whose value is text (section 3.3.11). Line breaks of any kind are kept, other control characters but
    /// tabs left out.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        let special = |c: char| matches!(c, '\\' | ';' | ',' | '\n' | '\r') || is_separator(c);
        if !value.contains(special) {
            return self.line(name, value);
        }
        let mut escaped = String::with_capacity(value.len() + 16);
        let mut characters = value.chars().peekable();
        while let Some(c) = characters.next() {
            match c {
                '\\' | ';' | ',' => escaped.extend(['\\', c]),
                // CRLF is one break, told by its second half.
                '\r' if characters.peek() == Some(&'\n') => {}
                '\n' | '\r' => escaped.push_str("\\n"),
                _ if is_separator(c) => escaped.push_str("\\n"),
                _ => escaped.push(c),
            }
        }
        self.line(name, &escaped);
    }

    /// A property whose value is a time, in UTC.
    pub(crate) fn time(&mut self, name: &str, value: Time) {
        let (date, clock) = (value.date_naive(), value.time());
        let (year, month, day) = (date.year(), date.month(), date.day());
        let (hour, minute, second) = (clock.hour(), clock.minute(), clock.second());
        self.line(name, &format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z"));
    }

    /// The calendar.
    pub(crate) fn done(self) -> String {
        self.text
    }
}

/// A parameter's value, quoted (section 3.2): quotes become apostrophes, control characters are left out.
pub(crate) fn quoted(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_control() && !is_separator(*c));
    let kept: String = kept.map(|c| if c == '"' { '\'' } else { c }).collect();
    format!("\"{kept}\"")
}
