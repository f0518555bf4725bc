//! Events as iCalendar (RFC 5545): a feed to subscribe to, and one event as a MAINTNOTE.
//!
//! **For**: the calendar that NetBox Notices serves, with what that one lacks: identifiers that do not change with the
//! host name, `SEQUENCE`, `LAST-MODIFIED`, and the `X-MAINTNOTE-` properties of NANOG's best current practice, so that
//! other programs read from it what a provider would have written them.
//!
//! **Must not know**: the table, HTTP, the time of day. The same entries always give the same bytes.

mod entry;
#[cfg(test)]
mod tests;
mod writer;

use noticeboard_domain::time::Zone;
use writer::Writer;

pub use entry::{End, Entry, calendar_status};

/// Raised with each change of how entries look, so that copies of the old look are not taken for the new one.
pub const LOOK_VERSION: u32 = 1;

/// How often programs are to look for changes (RFC 7986 section 5.7): as long as a copy may be kept.
const REFRESH: &str = "PT15M";

/// How a calendar is to look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// The zone in which people are told times; UTC where there is none. The entries' own times are always UTC.
    pub zone: Option<Zone>,
    /// How many minutes before the start of an entry a program is to remind of it.
    pub alarm: Option<u32>,
}

/// The whole feed.
pub fn feed(entries: impl IntoIterator<Item = Entry>, look: &Look) -> String {
    let mut feed = head();
    feed.text("X-WR-CALNAME", "NetBox Maintenance Events");
    feed.text("X-WR-CALDESC", "Vendor maintenance events from NetBox");
    feed.line("X-WR-TIMEZONE", look.zone.map_or("UTC", |zone| zone.name()));
    feed.line("REFRESH-INTERVAL;VALUE=DURATION", REFRESH);
    feed.line("X-PUBLISHED-TTL", REFRESH);
    for entry in entries {
        entry.write(&mut feed, look);
    }
    feed.line("END", "VCALENDAR");
    feed.done()
}

/// One event, to be kept as a file or sent by mail: a MAINTNOTE with `METHOD:PUBLISH`.
pub fn publication(entry: &Entry, look: &Look) -> String {
    let mut calendar = head();
    calendar.line("METHOD", "PUBLISH");
    entry.write(&mut calendar, look);
    calendar.line("END", "VCALENDAR");
    calendar.done()
}

fn head() -> Writer {
    let mut calendar = Writer::default();
    calendar.line("BEGIN", "VCALENDAR");
    calendar.line("VERSION", "2.0");
    calendar.line("PRODID", "-//NetBox Vendor Notification Plugin//EN");
    calendar.line("CALSCALE", "GREGORIAN");
    calendar
}
