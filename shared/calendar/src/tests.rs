#![allow(clippy::unwrap_used)]

use chrono::TimeZone;
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus, OutageStatus, Status};
use noticeboard_domain::time::Time;
use proptest::prelude::*;

use super::*;

fn hour(hour: u32) -> Time {
    chrono::Utc.with_ymd_and_hms(2026, 12, 1, hour, 0, 0).unwrap()
}

fn entry(name: &str, comments: &str) -> Entry {
    Entry {
        id: 7,
        name: name.into(),
        summary: "fiber splice".into(),
        status: Status::Maintenance(MaintenanceStatus::InProcess),
        provider: "Zayo".into(),
        provider_url: "http://h/p/1/".into(),
        start: hour(2),
        end: hour(6),
        end_is: End::Known,
        internal_ticket: "INC-1".into(),
        comments: comments.into(),
        impacts: vec![("IC-1".into(), Some(ImpactLevel::Outage)), ("IC-2".into(), None)],
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

#[track_caller]
fn check(calendar: &str, has: &[&str], lacks: &[&str]) {
    let lines = unfolded(calendar);
    for line in has {
        assert!(lines.iter().any(|found| found == line), "{line} is not in\n{calendar}");
    }
    for begin in lacks {
        assert!(!lines.iter().any(|found| found.starts_with(begin)), "{begin} is in\n{calendar}");
    }
}

#[test]
fn an_entry_has_what_the_contract_asks_for() {
    check(
        &feed([entry("M-1", "call, first; \\o/\nthen\twork\u{2028}again\r\nand\rdone\u{7}")], &Look::default()),
        &[
            "PRODID:-//NetBox Vendor Notification Plugin//EN",
            "X-WR-TIMEZONE:UTC",
            "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
            "X-PUBLISHED-TTL:PT15M",
            "UID:maintenance-7@noticeboard",
            "DTSTAMP:20261201T010000Z",
            "DTSTART:20261201T020000Z",
            "DTEND:20261201T060000Z",
            "SUMMARY:M-1 - fiber splice",
            "STATUS:CONFIRMED",
            "LOCATION:Zayo",
            "ORGANIZER;CN=\"Zayo\":http://h/p/1/",
            "CATEGORIES:IN-PROCESS",
            "TRANSP:TRANSPARENT",
            "SEQUENCE:3",
            "X-MAINTNOTE-PROVIDER:Zayo",
            "X-MAINTNOTE-MAINTENANCE-ID:M-1",
            "X-MAINTNOTE-OBJECT-ID;X-MAINTNOTE-OBJECT-IMPACT=OUTAGE:IC-1",
            "X-MAINTNOTE-OBJECT-ID:IC-2",
            "X-MAINTNOTE-IMPACT:OUTAGE",
            "X-MAINTNOTE-STATUS:IN-PROCESS",
            "DESCRIPTION:Provider: Zayo\\nStatus: In-Progress\\nInternal Ticket: INC-1\\n\\nAffected Objects:\\n\
             - IC-1 (OUTAGE)\\n- IC-2 (UNKNOWN)\\n\\nComments:\\ncall\\, first\\; \\\\o/\\nthen\twork\\nagain\\nand\\ndone",
        ],
        &["METHOD", "BEGIN:VALARM"],
    );
}

#[test]
fn people_are_told_times_in_their_zone_and_reminded() {
    let look = Look { zone: "Europe/Riga".parse().ok(), alarm: Some(30) };
    let mut cancelled = entry("M-2", "");
    cancelled.status = Status::Maintenance(MaintenanceStatus::Cancelled);
    check(
        &feed([entry("M-1", "")], &look),
        &["X-WR-TIMEZONE:Europe/Riga", "DTSTART:20261201T020000Z", "BEGIN:VALARM", "TRIGGER:-PT30M"],
        &[],
    );
    let feed = feed([cancelled], &look);
    assert!(
        unfolded(&feed).iter().any(|line| line.contains("Start: 2026-12-01 04:00 EET\\nEnd: 2026-12-01 08:00 EET"))
    );
    check(&feed, &["STATUS:CANCELLED"], &["BEGIN:VALARM"]);
}

#[test]
fn an_outage_that_goes_on_says_so() {
    let outage =
        |end_is, end| Entry { status: Status::Outage(OutageStatus::Identified), end_is, end, ..entry("O-1", "") };
    let estimated = feed([outage(End::Estimated, hour(6))], &Look::default());
    check(&estimated, &["UID:outage-7@noticeboard", "STATUS:CONFIRMED", "DTEND:20261201T060000Z"], &["X-MAINTNOTE"]);
    assert!(
        unfolded(&estimated)
            .iter()
            .any(|line| line.contains("End: not known yet\\, estimated for 2026-12-01 06:00 UTC"))
    );
    let open = feed([outage(End::Open, hour(2))], &Look::default());
    // An entry that ends where it starts has no end of its own (RFC 5545 section 3.8.2.2).
    check(&open, &[], &["DTEND"]);
    assert!(unfolded(&open).iter().any(|line| line.contains("still going on at 2026-12-01 02:00 UTC")));
}

#[test]
fn many_objects_are_counted_for_people_and_named_to_programs() {
    let mut many = entry("M-1", "");
    many.impacts = (0..203).map(|n| (format!("IC-{n}"), Some(ImpactLevel::Degraded))).collect();
    let calendar = publication(&many, &Look::default());
    check(&calendar, &["METHOD:PUBLISH"], &["X-WR-CALNAME"]);
    let lines = unfolded(&calendar);
    assert_eq!(lines.iter().filter(|line| line.starts_with("X-MAINTNOTE-OBJECT-ID")).count(), 203);
    assert!(lines.iter().any(|line| line.contains("- IC-199 (DEGRADED)\\nand 3 more")));
}

#[test]
fn no_entries_are_a_calendar_too() {
    let lines = unfolded(&feed([], &Look::default()));
    assert_eq!(lines.first().map(String::as_str), Some("BEGIN:VCALENDAR"));
    assert!(!lines.iter().any(|line| line == "BEGIN:VEVENT"));
    assert_eq!(&lines[lines.len() - 2..], ["END:VCALENDAR", ""]);
}

proptest! {
    #[test]
    fn any_text_stays_within_its_line(name in any::<String>(), comments in any::<String>(), object in any::<String>()) {
        let mut hostile = entry(&name, &comments);
        hostile.provider = object.clone();
        hostile.impacts = vec![(object, Some(ImpactLevel::ReducedRedundancy))];
        let feed = feed([hostile], &Look::default());
        for line in feed.split("\r\n") {
            prop_assert!(line.len() <= 75, "{line}");
            prop_assert!(!line.contains(|c: char| c.is_control() && c != '\t'), "{line:?}");
        }
        let lines = unfolded(&feed);
        prop_assert_eq!(lines.iter().filter(|line| line.starts_with("BEGIN:VEVENT")).count(), 1);
        prop_assert_eq!(lines.len(), 34);
    }
}
