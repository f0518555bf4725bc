//! Events as an iCalendar feed (RFC 5545).
//!
//! **For**: the calendar that NetBox Notices serves, with what that one lacks: identifiers that do not change with the
//! host name, `SEQUENCE`, `LAST-MODIFIED`.
//!
//! **Must not know**: the table, HTTP, the time of day. The same entries always give the same bytes.

mod writer;

use noticeboard_domain::status::MaintenanceStatus;
use noticeboard_domain::time::Time;
use writer::Writer;

/// Longest text of one entry, in bytes; more is cut and marked.
pub const MAX_COMMENT_BYTES: usize = 8 * 1024;

/// One maintenance, as the calendar shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The event's id.
    pub id: u64,
    /// The provider's id of the event.
    pub name: String,
    /// One line that says what it is.
    pub summary: String,
    /// Where it stands.
    pub status: MaintenanceStatus,
    /// The provider's name.
    pub provider: String,
    /// Start.
    pub start: Time,
    /// End.
    pub end: Time,
    /// The operator's own ticket; empty when there is none.
    pub internal_ticket: String,
    /// Free notes; empty when there are none.
    pub comments: String,
    /// The objects that are hit, with the level of each.
    pub impacts: Vec<(String, Option<&'static str>)>,
    /// Where the event can be looked at.
    pub url: String,
    /// When it was made.
    pub created: Time,
    /// When it was last changed.
    pub last_updated: Time,
    /// How often it was changed.
    pub sequence: u64,
}

/// The status that a calendar knows for a maintenance's (behaviours 25).
pub fn calendar_status(status: MaintenanceStatus) -> &'static str {
    match status {
        MaintenanceStatus::Tentative | MaintenanceStatus::Unknown => "TENTATIVE",
        MaintenanceStatus::Confirmed | MaintenanceStatus::InProcess | MaintenanceStatus::Completed => "CONFIRMED",
        MaintenanceStatus::Cancelled | MaintenanceStatus::Rescheduled => "CANCELLED",
    }
}

/// The whole feed.
pub fn feed(entries: &[Entry]) -> String {
    let mut feed = Writer::default();
    feed.line("BEGIN", "VCALENDAR");
    feed.line("VERSION", "2.0");
    feed.line("PRODID", "-//NetBox Vendor Notification Plugin//EN");
    feed.line("CALSCALE", "GREGORIAN");
    feed.text("X-WR-CALNAME", "NetBox Maintenance Events");
    feed.text("X-WR-CALDESC", "Vendor maintenance events from NetBox");
    feed.line("X-WR-TIMEZONE", "UTC");
    for entry in entries {
        add(&mut feed, entry);
    }
    feed.line("END", "VCALENDAR");
    feed.done()
}

fn add(feed: &mut Writer, entry: &Entry) {
    feed.line("BEGIN", "VEVENT");
    feed.text("UID", &format!("maintenance-{}@noticeboard", entry.id));
    // A property of the feed's own moment would make every copy of it differ: the last change stamps the entry.
    feed.time("DTSTAMP", entry.last_updated);
    feed.time("DTSTART", entry.start);
    feed.time("DTEND", entry.end);
    feed.text("SUMMARY", &format!("{} - {}", entry.name, entry.summary));
    feed.line("STATUS", calendar_status(entry.status));
    feed.text("LOCATION", &entry.provider);
    feed.text("CATEGORIES", entry.status.as_str());
    feed.line("URL", &entry.url);
    feed.text("DESCRIPTION", &description(entry));
    feed.time("CREATED", entry.created);
    feed.time("LAST-MODIFIED", entry.last_updated);
    feed.line("SEQUENCE", &entry.sequence.to_string());
    feed.line("END", "VEVENT");
}

fn description(entry: &Entry) -> String {
    let mut lines = vec![format!("Provider: {}", entry.provider), format!("Status: {}", entry.status.label())];
    if !entry.internal_ticket.is_empty() {
        lines.push(format!("Internal Ticket: {}", entry.internal_ticket));
    }
    if !entry.impacts.is_empty() {
        lines.extend([String::new(), "Affected Objects:".to_owned()]);
        let impacts = entry.impacts.iter();
        lines.extend(impacts.map(|(target, level)| format!("- {target} ({})", level.unwrap_or("UNKNOWN"))));
    }
    if !entry.comments.is_empty() {
        lines.extend([String::new(), "Comments:".to_owned(), clipped(&entry.comments)]);
    }
    lines.join("\n")
}

fn clipped(text: &str) -> String {
    if text.len() <= MAX_COMMENT_BYTES {
        return text.to_owned();
    }
    let end = (0..=MAX_COMMENT_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", &text[..end])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use chrono::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn entry(name: &str, comments: &str) -> Entry {
        let hour = |h| chrono::Utc.with_ymd_and_hms(2026, 12, 1, h, 0, 0).unwrap();
        Entry {
            id: 7,
            name: name.into(),
            summary: "fiber splice".into(),
            status: MaintenanceStatus::InProcess,
            provider: "Zayo".into(),
            start: hour(2),
            end: hour(6),
            internal_ticket: "INC-1".into(),
            comments: comments.into(),
            impacts: vec![("IC-1".into(), Some("OUTAGE")), ("IC-2".into(), None)],
            url: "http://h/e/7/".into(),
            created: hour(0),
            last_updated: hour(1),
            sequence: 3,
        }
    }

    /// Joins folded lines (RFC 5545 section 3.1).
    fn unfolded(feed: &str) -> Vec<String> {
        feed.replace("\r\n ", "").split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn an_entry_has_what_the_contract_asks_for() {
        let feed = feed(&[entry("M-1", "call, first; \\o/\nthen work")]);
        let lines = unfolded(&feed);
        for line in [
            "PRODID:-//NetBox Vendor Notification Plugin//EN",
            "UID:maintenance-7@noticeboard",
            "DTSTART:20261201T020000Z",
            "DTEND:20261201T060000Z",
            "SUMMARY:M-1 - fiber splice",
            "STATUS:CONFIRMED",
            "LOCATION:Zayo",
            "CATEGORIES:IN-PROCESS",
            "SEQUENCE:3",
            "DESCRIPTION:Provider: Zayo\\nStatus: In-Progress\\nInternal Ticket: INC-1\\n\\nAffected Objects:\\n\
             - IC-1 (OUTAGE)\\n- IC-2 (UNKNOWN)\\n\\nComments:\\ncall\\, first\\; \\\\o/\\nthen work",
        ] {
            assert!(lines.iter().any(|found| found == line), "{line} is not in\n{feed}");
        }
    }

    #[test]
    fn no_entries_are_a_calendar_too() {
        let lines = unfolded(&feed(&[]));
        assert_eq!(lines.first().map(String::as_str), Some("BEGIN:VCALENDAR"));
        assert!(!lines.iter().any(|line| line == "BEGIN:VEVENT"));
        assert_eq!(&lines[lines.len() - 2..], ["END:VCALENDAR", ""]);
    }

    proptest! {
        #[test]
        fn any_text_stays_within_its_line(name in any::<String>(), comments in any::<String>()) {
            let feed = feed(&[entry(&name, &comments)]);
            for line in feed.split("\r\n") {
                prop_assert!(line.len() <= 75, "{line}");
                prop_assert!(!line.contains(|c: char| c.is_control() && c != '\t'), "{line:?}");
            }
            let lines = unfolded(&feed);
            prop_assert_eq!(lines.iter().filter(|line| line.starts_with("BEGIN:VEVENT")).count(), 1);
            prop_assert_eq!(lines.len(), 24);
        }
    }
}
