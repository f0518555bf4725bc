//! Content lines: escaped, folded, ended by CRLF (RFC 5545 section 3.1).
//!
//! Our own, because the crate `icalendar` folds to 76 octets, counts characters anew at every fold (quadratic in the
//! length of a line), and reads the clock for what an entry lacks.

use noticeboard_domain::time::Time;

/// Octets of a line without its break.
const MAX_OCTETS: usize = 75;

/// A calendar under construction.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    text: String,
}

impl Writer {
    /// A property whose value is no text: a time, a number, an address. Control characters are left out.
    pub(crate) fn line(&mut self, name: &str, value: &str) {
        let mut column = 0;
        for c in name.chars().chain([':']).chain(value.chars().filter(|c| !c.is_control())) {
            self.push(c, &mut column);
        }
        self.text.push_str("\r\n");
    }

    /// A property whose value is text (section 3.3.11). Line breaks are kept, other control characters left out.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        let mut escaped = String::with_capacity(value.len() + 16);
        for c in value.chars() {
            match c {
                '\\' | ';' | ',' => escaped.extend(['\\', c]),
                '\n' => escaped.push_str("\\n"),
                _ => escaped.push(c),
            }
        }
        self.line(name, &escaped);
    }

    /// A property whose value is a time.
    pub(crate) fn time(&mut self, name: &str, value: Time) {
        self.line(name, &value.format("%Y%m%dT%H%M%SZ").to_string());
    }

    /// The calendar.
    pub(crate) fn done(self) -> String {
        self.text
    }

    fn push(&mut self, c: char, column: &mut usize) {
        if *column + c.len_utf8() > MAX_OCTETS {
            self.text.push_str("\r\n ");
            *column = 1;
        }
        self.text.push(c);
        *column += c.len_utf8();
    }
}
