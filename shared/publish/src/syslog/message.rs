//! The message: RFC 5424, section 6.

use std::fmt::Write;

use noticeboard_domain::time::{parse, rfc3339};
use serde::Deserialize;

use crate::cloud_event::CloudEvent;

/// Facilities by their usual names; RFC 5424, table 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Facility {
    Kern = 0,
    User = 1,
    Mail = 2,
    Daemon = 3,
    Auth = 4,
    Syslog = 5,
    Lpr = 6,
    News = 7,
    Uucp = 8,
    Cron = 9,
    Authpriv = 10,
    Ftp = 11,
    #[default]
    Local0 = 16,
    Local1 = 17,
    Local2 = 18,
    Local3 = 19,
    Local4 = 20,
    Local5 = 21,
    Local6 = 22,
    Local7 = 23,
}

/// Severities by their usual names; RFC 5424, table 2.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    Emerg = 0,
    Alert = 1,
    Crit = 2,
    Err = 3,
    Warning = 4,
    Notice = 5,
    #[default]
    Info = 6,
    Debug = 7,
}

/// RFC 5424 has room for a HOSTNAME of at most this length.
const MAX_HOSTNAME: usize = 255;
/// RFC 5424 has room for a MSGID of at most this length.
const MAX_MSGID: usize = 32;
/// What is not known.
const NIL: &str = "-";
/// The structured data's name: 32473 is the enterprise number that RFC 5612 sets aside for examples.
const SD_ID: &str = "noticeboard@32473";

/// A field of the header: printable ASCII only, clipped.
fn field(text: &str, limit: usize) -> String {
    let field: String = text.chars().filter(char::is_ascii_graphic).take(limit).collect();
    if field.is_empty() { NIL.into() } else { field }
}

/// A value in structured data. A line break would end a message that is sent as a line.
fn value(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' | ']' => value.extend(['\\', c]),
            c if c.is_control() => value.push(' '),
            c => value.push(c),
        }
    }
    value
}

/// Everything before MSG. MSG is JSON in UTF-8, and so without the byte order mark: JSON has none (RFC 8259, 8.1).
pub(super) fn header(facility: Facility, severity: Severity, hostname: &str, event: &CloudEvent) -> String {
    let priority = facility as u8 * 8 + severity as u8;
    let hostname = field(hostname, MAX_HOSTNAME);
    let message_id = field(event.topic.strip_prefix("noticeboard.").unwrap_or(&event.topic), MAX_MSGID);
    let time = parse(&event.time).map_or_else(|| NIL.into(), rfc3339);
    let process = std::process::id();
    let mut text = format!("<{priority}>1 {time} {hostname} noticeboard {process} {message_id} [{SD_ID}");
    let data = [("topic", &event.topic), ("id", &event.id), ("subject", &event.subject), ("sequence", &event.sequence)];
    for (name, of) in data {
        // A String takes everything.
        let _ = write!(text, " {name}=\"{}\"", value(of));
    }
    text.push_str("] ");
    text
}
