//! The project's own sample mails, and variants of them that real mails are known to show.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use chrono::{DateTime, Utc};
use noticeboard_domain::notice::Notice;
use noticeboard_mail::{Context, KNOWN_FORMAT, Outcome, Reading, Reason, json, read};

const RECEIVED: &str = "2026-11-30T12:00:00Z";

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn sample(name: &str) -> String {
    std::fs::read_to_string(format!("{}/samples/{name}.eml", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[track_caller]
fn reading(raw: &str) -> Reading {
    read(raw.as_bytes(), &Context { received: time(RECEIVED), hint: None })
}

#[track_caller]
fn notices(raw: &str) -> Vec<Notice> {
    match reading(raw).outcome {
        Outcome::Notices { notices, .. } => notices,
        Outcome::NotUnderstood(reason) => panic!("{reason}"),
    }
}

/// A notice on one line: `provider id status start/end zone circuit=impact… backup`.
fn line(notice: &Notice) -> String {
    let minute = |time: DateTime<Utc>| time.format("%m-%dT%H:%M").to_string();
    let mut line = format!(
        "{} {} {} {}/{}",
        notice.provider.slug,
        notice.maintenance_id,
        notice.status_text(),
        minute(notice.start),
        notice.end.map(minute).unwrap_or_default(),
    );
    line.extend(notice.zone.map(|zone| format!(" {zone}")));
    line.extend(notice.circuits.iter().map(|c| format!(" {}={}", c.circuit_id, c.impact.as_str())));
    line + if notice.backup { " backup" } else { "" }
}

#[track_caller]
fn check_text(raw: &str, expected: &[&str]) {
    assert_eq!(notices(raw).iter().map(line).collect::<Vec<_>>(), expected);
}

#[track_caller]
fn check(name: &str, expected: &[&str]) {
    check_text(&sample(name), expected);
}

#[track_caller]
fn check_reason(raw: &str, expected: &str) {
    match reading(raw).outcome {
        Outcome::Notices { notices, .. } => panic!("{notices:#?}"),
        Outcome::NotUnderstood(reason) => assert_eq!(reason.to_string(), expected),
    }
}

/// A mail with a calendar of one event with these lines.
fn calendar_mail(calendar_lines: &str, event_lines: &str) -> String {
    format!(
        "From: noc@carrier.example\nDate: Mon, 30 Nov 2026 10:00:00 +0000\nContent-Type: text/calendar\n\n\
         BEGIN:VCALENDAR\n{calendar_lines}\nBEGIN:VEVENT\n{event_lines}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
}

const EVENT: &str = "UID:u\nDTSTAMP:20261130T090000Z\nDTSTART:20261201T220000Z\nDTEND:20261202T040000Z\nSEQUENCE:1\n\
                     SUMMARY:Work\nX-MAINTNOTE-PROVIDER:carrier.example\nX-MAINTNOTE-ACCOUNT:A\n\
                     X-MAINTNOTE-MAINTENANCE-ID:M-1\nX-MAINTNOTE-OBJECT-ID:C-1\nX-MAINTNOTE-IMPACT:DEGRADED\n\
                     X-MAINTNOTE-STATUS:CONFIRMED";

/// [`EVENT`] with one line replaced.
#[track_caller]
fn check_event(line: &str, replacement: &str, expected: &str) {
    assert!(EVENT.contains(line));
    check_text(&calendar_mail("", &EVENT.replace(line, replacement)), &[expected]);
}

#[test]
fn every_maintnote_sample_is_read() {
    let both = "IC-424201=OUTAGE IC-424202=OUTAGE";
    check(
        "arelion-two-windows",
        &[
            &format!("arelion PWIC424242.1 CONFIRMED 12-08T23:00/12-09T05:00 {both}"),
            &format!("arelion PWIC424242.2 CONFIRMED 12-10T23:00/12-11T05:00 {both}"),
        ],
    );
    check("eunetworks-cancelled", &["eunetworks 08154711 CANCELLED 12-05T22:00/12-06T04:00"]);
    check(
        "generic-maintnote",
        &[
            "fibre-example EF-2026-118 TENTATIVE 12-13T22:00/12-14T03:00 Europe/Stockholm sthlm-ring-77=REDUCED-REDUNDANCY",
        ],
    );
    check(
        "ntt-object-impacts",
        &[
            "ntt VNOC-1-24681357 COMPLETED 11-27T05:00/11-27T07:00 770001=NO-IMPACT 770002=OUTAGE 770003=OUTAGE 770004=OUTAGE",
        ],
    );
    check("packetfabric", &["packetfabric WO-90210 IN-PROCESS 11-26T16:00/11-26T18:00 PF-BC-LAB-1700001-PF=NO-IMPACT"]);
    check(
        "pccw",
        &["pccw INC00000000042A CONFIRMED 12-15T01:00/12-15T10:00 HKG(EX1)-SIN(EX2) EP7007:EXAMPL-770077-=OUTAGE"],
    );
    check("exa", &["gtt 77001122 CONFIRMED 12-17T22:00/12-18T04:00 7700112-33445566=OUTAGE"]);
}

#[test]
fn every_zayo_sample_is_read() {
    check(
        "zayo-planned",
        &["zayo TTN-0007700001 CONFIRMED 12-09T05:01/12-09T10:00 America/New_York \
         /EXYX/770001/   /ZYO /=OUTAGE /EXYX/770002/   /ZYO /=NO-IMPACT"],
    );
    let circuits = "America/Los_Angeles /EXYX/770003/ /ZYO /=REDUCED-REDUNDANCY /EXYX/770004/ /ZYO /=OUTAGE";
    check(
        "zayo-windows-and-backup",
        &[
            &format!("zayo TTN-0007700002 CONFIRMED 12-02T08:01/12-02T13:00 {circuits}"),
            &format!("zayo TTN-0007700002 CONFIRMED 12-03T08:01/12-03T13:00 {circuits}"),
            &format!("zayo TTN-0007700002 CONFIRMED 12-04T08:01/12-04T13:00 {circuits} backup"),
        ],
    );
    check(
        "zayo-cancelled",
        &["zayo TTN-0007700001 CANCELLED 12-09T05:01/12-09T10:00 America/New_York /EXYX/770001/   /ZYO /=OUTAGE"],
    );
    let circuits = "America/Los_Angeles /EXYX/770003/ /ZYO /=OUTAGE /EXYX/770004/ /ZYO /=OUTAGE";
    check(
        "zayo-completed",
        &[
            &format!("zayo TTN-0007700002 COMPLETED 12-02T08:01/12-02T13:00 {circuits}"),
            &format!("zayo TTN-0007700002 COMPLETED 12-03T08:01/12-03T13:00 {circuits}"),
        ],
    );
    check(
        "zayo-rescheduled",
        &["zayo TTN-0007700003 RE-SCHEDULED 12-12T06:01/12-12T11:00 America/Chicago /EXYX/770005/   /ZYO /=OUTAGE"],
    );
    check(
        "zayo-started-forwarded",
        &["zayo TTN-0007700002 IN-PROCESS 12-02T08:01/12-02T13:00 America/Los_Angeles \
         /EXYX/770003/ /ZYO /=NO-IMPACT /EXYX/770004/ /ZYO /=OUTAGE"],
    );
}

#[test]
fn a_mail_has_its_own_headers_and_text() {
    let mail = reading(&sample("exa")).mail;
    assert_eq!(mail.message_id.as_deref(), Some("tt-77001122@exainfra.example"));
    assert_eq!(mail.from.as_deref(), Some("infraco.cm@exainfra.net"));
    assert_eq!(mail.subject, "EXA Planned Work Notification TT 77001122 – New");
    assert_eq!(mail.date, Some(time("2026-11-19T11:30:00Z")));
    assert_eq!(mail.body_text, "Planned work TT 77001122.");
    let html = reading(&sample("unknown-provider")).mail.body_text;
    assert!(html.starts_with("Maintenance CW-1187 takes place in München on 14 December 2026, 22:00"), "{html}");
}

#[test]
fn a_notice_keeps_what_the_calendar_says() {
    let notice = notices(&sample("eunetworks-cancelled")).remove(0);
    assert_eq!(notice.announced_by, "euNetworks.com");
    assert_eq!(notice.provider.name, "euNetworks");
    assert_eq!(notice.account, "Example Networks");
    assert_eq!(notice.stamp, time("2026-11-24T14:01:00Z"));
    assert_eq!(notice.sequence, Some(2));
    assert_eq!(notice.uid.as_deref(), Some("08154711@euNetworks.com"));
    assert_eq!(notice.summary, " Maintenance note ");
    let notice = notices(&sample("ntt-object-impacts")).remove(0);
    assert_eq!((notice.sequence, notice.announced_by.as_str()), (None, "NTT Communications (AS2914)"));
}

#[test]
fn notices_become_the_json_of_the_scorer() {
    let notices = notices(&sample("zayo-windows-and-backup"));
    let json = json::notices(&notices);
    assert_eq!(
        json[2].to_string(),
        r#"{"provider":"zayo","maintenance_id":"TTN-0007700002","account":"Example Networks","status":"CONFIRMED","start":1796371260,"end":1796389200,"stamp":1796009400,"sequence":1,"summary":"Fibre relocation","circuits":[{"circuit_id":"/EXYX/770003/ /ZYO /","impact":"REDUCED-REDUNDANCY"},{"circuit_id":"/EXYX/770004/ /ZYO /","impact":"OUTAGE"}],"backup":true}"#
    );
    assert!(json[0].get("backup").is_none());
}

#[test]
fn only_the_from_header_makes_a_sender_known() {
    let known = |raw: &str| match reading(raw).outcome {
        Outcome::Notices { provider_known_by_sender, .. } => Some(provider_known_by_sender),
        Outcome::NotUnderstood(_) => None,
    };
    let planned = sample("zayo-planned");
    assert_eq!(known(&planned), Some(true));
    assert_eq!(known(&planned.replace("mr@zayo.com", "Mr@Mail.ZAYO.com")), Some(true));
    assert_eq!(known(&planned.replace("mr@zayo.com", "mr@notzayo.com")), Some(false));
    assert_eq!(known(&planned.replace("mr@zayo.com", "smc@lumen.com")), Some(false));
    assert_eq!(known(&planned.replace("<mr@zayo.com>", "<a@b.example>\nX-Original-Sender: mr@zayo.com")), Some(false));
    assert_eq!(known(&planned.replace("<mr@zayo.com>", "<mr@zayo.com>\nFrom: evil@b.example")), Some(false));
    assert_eq!(known(&planned.replace("<mr@zayo.com>", "<mr@zayo.com>, evil@b.example")), Some(false));
    assert_eq!(known(&sample("zayo-started-forwarded")), Some(false));
    assert_eq!(known(&sample("generic-maintnote")), Some(false));
    assert_eq!(known(&sample("arelion-two-windows")), Some(true));
}

#[test]
fn maintnote_is_read_leniently() {
    let rest = "12-01T22:00/12-02T04:00 C-1=DEGRADED";
    for (status, expected) in [
        ("X-MAINTNOTE-STATUS: canceled", "CANCELLED"),
        ("x-maintnote-status:in_process", "IN-PROCESS"),
        ("X-MAINTNOTE-STATUS:Re-Scheduled", "RE-SCHEDULED"),
        ("X-MAINTNOTE-STATUS:X-WAITING", "UNKNOWN"),
        ("X-MAINTNOTE-STATUS:NO-CHANGE", "NO-CHANGE"),
        ("X-MAINTNOTE-STATUS:", "NO-CHANGE"),
        ("STATUS:CANCELLED", "CANCELLED"),
        ("STATUS:CONFIRMED", "NO-CHANGE"),
    ] {
        check_event("X-MAINTNOTE-STATUS:CONFIRMED", status, &format!("carrier-example M-1 {expected} {rest}"));
    }
    let cancelled = EVENT.replace("X-MAINTNOTE-STATUS:CONFIRMED", "COMMENT:none");
    check_text(&calendar_mail("METHOD:CANCEL", &cancelled), &[&format!("carrier-example M-1 CANCELLED {rest}")]);
    for (impact, expected) in [
        ("X-MAINTNOTE-IMPACT:x-sparkles", "OUTAGE"),
        ("COMMENT:none", "OUTAGE"),
        ("X-MAINTNOTE-IMPACT: No Impact", "NO-IMPACT"),
    ] {
        let expected = format!("carrier-example M-1 CONFIRMED 12-01T22:00/12-02T04:00 C-1={expected}");
        check_event("X-MAINTNOTE-IMPACT:DEGRADED", impact, &expected);
    }
    let ids = "X-MAINTNOTE-MAINTENANCE-ID:OTHER\nX-MAINTNOTE-MAINTENANCE-ID;X-MAINTNOTE-PRECEDENCE=primary:M\\,2";
    check_event("X-MAINTNOTE-MAINTENANCE-ID:M-1", ids, &format!("carrier-example M,2 CONFIRMED {rest}"));
    check_event(
        "X-MAINTNOTE-PROVIDER:carrier.example",
        "X-MAINTNOTE-PROVIDER:Telia",
        &format!("arelion M-1 CONFIRMED {rest}"),
    );
}

#[test]
fn the_stamp_is_the_calendars_else_the_mails_else_the_arrival() {
    let stamp = |raw: &str| notices(raw).remove(0).stamp;
    let mail = calendar_mail("", EVENT);
    assert_eq!(stamp(&mail), time("2026-11-30T09:00:00Z"));
    let without = mail.replace("DTSTAMP:20261130T090000Z\n", "");
    assert_eq!(stamp(&without), time("2026-11-30T10:00:00Z"));
    assert_eq!(stamp(&without.replace("Date: Mon", "X: Mon")), time(RECEIVED));
}

#[test]
fn a_calendar_is_found_under_any_type_and_twice_encoded() {
    let mail = calendar_mail("", EVENT);
    let expected = "carrier-example M-1 CONFIRMED 12-01T22:00/12-02T04:00 C-1=DEGRADED";
    let types =
        ["application/ics", "application/octet-stream", "application/octet-stream; name=\"A.ICS\"", "text/plain"];
    for content_type in types {
        check_text(&mail.replace("text/calendar", content_type), &[expected]);
    }
    // The calendar in base64, declared to be plain.
    let encoded = "QkVHSU46VkNBTEVOREFSCkJFR0lOOlZFVkVOVApEVFNUQVJUOjIwMjYxMjAxVDIyMDAwMFoKRFRFTkQ6MjAyNjEyMDJUMDQwMDAwWgpYLU\n\
                   1BSU5UTk9URS1QUk9WSURFUjpjYXJyaWVyLmV4YW1wbGUKWC1NQUlOVE5PVEUtTUFJTlRFTkFOQ0UtSUQ6TS0xCkVORDpWRVZFTlQK\n\
                   RU5EOlZDQUxFTkRBUgo=";
    let (head, _) = mail.split_once("\n\n").unwrap();
    check_text(&format!("{head}\n\n{encoded}"), &["carrier-example M-1 NO-CHANGE 12-01T22:00/12-02T04:00"]);
    // As an alternative of the text and as an attachment.
    let (_, calendar) = mail.split_once("\n\n").unwrap();
    let part = format!("--b\nContent-Type: text/calendar\n\n{calendar}\n");
    check_text(&format!("Content-Type: multipart/mixed; boundary=b\n\n{part}{part}--b--\n"), &[expected]);
}

#[test]
fn a_mail_that_cannot_be_read_whole_is_not_read() {
    let incomplete = |from: &str, to: &str, missing: &str| {
        let raw = calendar_mail("", &EVENT.replace(from, to));
        check_reason(&raw, &format!("This is a maintnote mail, but VEVENT 1 {missing}."));
    };
    incomplete("X-MAINTNOTE-MAINTENANCE-ID:M-1", "COMMENT:x", "has no X-MAINTNOTE-MAINTENANCE-ID");
    incomplete("X-MAINTNOTE-PROVIDER:carrier.example", "COMMENT:x", "has no X-MAINTNOTE-PROVIDER");
    incomplete("DTSTART:2026", "DTSTART:20X6", "has a DTSTART that cannot be read (20X61201T220000Z)");
    incomplete("DTEND:20261202", "DTEND:20261201T040000Z\nX:", "ends before it starts");
    incomplete("DTEND", "X-END", "has neither DTEND nor DURATION");
    let second = format!("{EVENT}\nEND:VEVENT\nBEGIN:VEVENT\nX-MAINTNOTE-MAINTENANCE-ID:M-2\nX-MAINTNOTE-PROVIDER:c");
    check_reason(&calendar_mail("", &second), "This is a maintnote mail, but VEVENT 2 has no DTSTART.");
    let cut = calendar_mail("", EVENT).replace("END:VEVENT\nEND:VCALENDAR\n", "");
    check_reason(&cut, "This is a maintnote mail, but VEVENT 1 has no END:VEVENT, so that the mail may be cut off.");
    let plain = "X-MAINTNOTE-";
    check_reason(
        &calendar_mail("", &EVENT.replace(plain, "X-")),
        "No known format reads this mail; maintnote comes nearest, but its calendar has no event with X-MAINTNOTE properties.",
    );
    check_reason(
        "From: smc@lumen.com\n\nSomething else",
        "No known format reads this mail of Lumen; lumen comes nearest, but it has no \"scheduled maintenance #\".",
    );
    check_reason("", "The mail is empty.");
    check_reason(" \r\n\n", "The mail is empty.");
}

#[test]
fn a_mail_in_no_format_is_read_by_its_words_and_never_as_surely() {
    let expected = "carrier-example CW-1187 CONFIRMED 12-14T21:00/12-15T03:00 Europe/Berlin CX-99=OUTAGE";
    let raw = sample("unknown-provider");
    check_text(&raw, &[expected]);
    let confidence = |raw: &str| match reading(raw).outcome {
        Outcome::Notices { confidence, format, .. } if format == "generic" => confidence,
        other @ (Outcome::Notices { .. } | Outcome::NotUnderstood(_)) => panic!("{other:?}"),
    };
    assert!((30..KNOWN_FORMAT).contains(&confidence(&raw)));
    assert!(confidence(&raw) < confidence(&sample("generic-labels")));
    let nothing = |missing: &str| format!("No known format reads this mail; by its words alone, {missing}.");
    check_reason(&raw.replace("14 December 2026,", "soon"), &nothing("it has no window"));
    check_reason(&raw.replace("CW-1187", ""), &nothing("it has no ticket"));
    check_reason(
        &raw.replace("M=FCnchen", "the hall"),
        &nothing("it has a window in local time, and does not say of which place"),
    );
}

#[test]
fn zayo_windows_are_checked_against_each_other() {
    let planned = sample("zayo-planned");
    let expected = |window: &str, zone: &str| {
        format!(
            "zayo TTN-0007700001 CONFIRMED {window}{zone} /EXYX/770001/   /ZYO /=OUTAGE /EXYX/770002/   /ZYO /=NO-IMPACT"
        )
    };
    let gmt = "09-Dec-2026 05:01 to 09-Dec-2026 10:00 ( GMT )";
    let local = "09-Dec-2026 00:01 to 09-Dec-2026 05:00 ( Eastern )";
    // GMT counts, also where the local time is an hour off; without it, the local time does.
    check_text(
        &planned.replace(local, &local.replace("00:01", "01:01")),
        &[&expected("12-09T05:01/12-09T10:00", " America/New_York")],
    );
    check_text(&planned.replace(gmt, ""), &[&expected("12-09T05:01/12-09T10:00", " America/New_York")]);
    check_text(&planned.replace("GMT", "UTC"), &[&expected("12-09T05:01/12-09T10:00", " America/New_York")]);
    let unknown = planned.replace("( Eastern )", "( Nowhere )");
    check_text(&unknown, &[&expected("12-09T05:01/12-09T10:00", "")]);
    let zayo = |missing: &str| format!("This is a zayo mail, but {missing}.");
    check_reason(&unknown.replace(gmt, ""), &zayo("it has a window in an unknown zone (Nowhere)"));
    check_reason(
        &planned.replace(gmt, &gmt.replace("09-Dec", "10-Dec")),
        &zayo("the windows in Eastern and in GMT under \"1st Activity Date\" disagree"),
    );
    check_reason(
        &planned.replace(gmt, "09-Dec-2026 05:01 to TBD ( GMT )"),
        &zayo("it has a window that cannot be read (09-Dec-2026 05:01 to TBD ( GMT ))"),
    );
    // A local time that ends before it starts is the slip itself.
    check_text(
        &planned.replace("09-Dec-2026 05:00 ( E", "08-Dec-2026 05:00 ( E"),
        &[&expected("12-09T05:01/12-09T10:00", "")],
    );
    let other_heading = format!("<br><b>Tertiary Date</b><br>{gmt}<br><br><b>Location of Maintenance");
    check_reason(
        &planned.replace("<br><b>Location of Maintenance", &other_heading),
        &zayo("it has a window under a heading that is not known (Tertiary Date)"),
    );
    check_reason(&planned.replace(gmt, "").replace(local, ""), &zayo("it has no window under \"1st Activity Date\""));
    check_reason(&planned.replace("<td>/EXYX", "<td></td><td>"), &zayo("it names no circuit"));
    check_reason(
        &planned.replace("<td>/EXYX/77", "<s>").replace(" TTN-0007700001\n", "\n"),
        &zayo("its \"Maintenance Ticket #\" is blank"),
    );
}

#[test]
fn zayo_is_read_whatever_the_order_and_the_words_around_it() {
    let planned = sample("zayo-planned");
    let same = notices(&planned);
    let reordered = planned.replace("<br><br><b>Customer: </b> Example Networks", "").replace(
        "<br><br><b>Maintenance Ticket #: </b>",
        "<p>Some words more.</p><b>Customer: </b> Example Networks<br><b>MAINTENANCE  TICKET #:&nbsp;</b>",
    );
    assert_eq!(notices(&reordered), same);
    let crlf = planned.replace('\n', "\r\n");
    assert_eq!(notices(&crlf), same);
    let general = planned.replace("<!-- <br>", "<br>").replace("Eastern -->", "Eastern");
    assert_eq!(notices(&general), same);
    let status = |subject: &str| {
        let raw = sample("zayo-completed").replace("the scheduled maintenance window has closed for this event", "");
        let raw = raw.replace("END OF WINDOW NOTIFICATION***Example Networks", subject);
        notices(&raw)[0].status_text()
    };
    assert_eq!(status("COMPLETED MAINTENANCE NOTIFICATION***Example Networks"), "COMPLETED");
    assert_eq!(status("START MAINTENANCE NOTIFICATION***Cancelled Cheques Inc"), "IN-PROCESS");
    assert_eq!(status("RESCHEDULE NOTIFICATION***Completion Ltd"), "RE-SCHEDULED");
    assert_eq!(status("REMINDER***Example"), "CONFIRMED");
}

#[test]
fn a_quoted_zayo_notice_does_not_come_back() {
    let body = |name: &str| sample(name).split_once("\n\n").unwrap().1.to_owned();
    let thread = sample("zayo-cancelled") + &body("zayo-planned").replace("09-Dec-2026", "08-Dec-2026");
    assert_eq!(notices(&thread), notices(&sample("zayo-cancelled")));
    let digest = sample("zayo-cancelled") + &body("zayo-rescheduled");
    check_reason(&digest, "This is a zayo mail, but it holds more than one ticket.");
}

#[test]
fn the_end_of_one_night_does_not_end_the_nights_to_come() {
    let first_night = sample("zayo-completed").replace("Thu, 03 Dec 2026 13:04", "Wed, 02 Dec 2026 13:04");
    let statuses: Vec<_> = notices(&first_night).iter().map(Notice::status_text).collect();
    assert_eq!(statuses, ["COMPLETED", "CONFIRMED"]);
}

#[test]
fn a_zayo_notice_is_as_old_as_its_mail_unless_that_was_sent_on_later() {
    let stamp =
        |date: &str| notices(&sample("zayo-planned").replace("Tue, 24 Nov 2026 18:05:11 +0000", date)).remove(0).stamp;
    assert_eq!(stamp("Tue, 24 Nov 2026 18:05:11 +0000"), time("2026-11-24T18:05:11Z"));
    assert_eq!(stamp("Tue, 24 Nov 2026 22:05:11 -0700"), time("2026-11-25T05:05:11Z"));
    assert_eq!(stamp("Fri, 27 Nov 2026 08:00:00 +0000"), time("2026-11-24T00:00:00Z"));
    assert_eq!(stamp("Fri, 01 Jan 2021 00:00:00 +0000"), time("2026-11-24T00:00:00Z"));
}

#[test]
fn a_hint_names_the_provider_only_where_nothing_else_does() {
    let with_hint =
        |raw: &str, hint| match read(raw.as_bytes(), &Context { received: time(RECEIVED), hint: Some(hint) }).outcome {
            Outcome::Notices { notices, .. } => notices[0].provider.slug.clone(),
            Outcome::NotUnderstood(reason) => reason.to_string(),
        };
    let mail = calendar_mail("", EVENT);
    assert_eq!(with_hint(&mail, "arelion"), "carrier-example");
    assert_eq!(with_hint(&mail.replace("X-MAINTNOTE-PROVIDER:carrier.example", "X-P:1"), "Telia"), "arelion");
    assert_eq!(with_hint("", "zayo"), Reason::Empty.to_string());
}
