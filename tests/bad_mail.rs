//! Bad mail, clumsy or hostile: each is answered soon, with an event, a review item or a clear refusal, and the server
//! goes on serving.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use noticeboard_tests::maintnote::{Mail, Notice};
use noticeboard_tests::{Answer, Server, eventually};
use serde_json::Value;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest mail.
const LIMIT: usize = 41_943_040;

const REVIEW: &[u16] = &[202];
const EVENT: &[u16] = &[201];
const EITHER: &[u16] = &[201, 202];

/// Hands in a bad mail, then the same again, then a good one. A mail that was taken in is kept byte for byte where it
/// waits for a person, and can be read where it became an event.
#[track_caller]
fn check(name: &str, raw: &[u8], expected: &[u16]) -> Answer {
    check_on(&Server::memory(), name, raw, expected)
}

#[track_caller]
fn check_on(server: &Server, name: &str, raw: &[u8], expected: &[u16]) -> Answer {
    let ingest = |raw: &[u8]| {
        let begin = Instant::now();
        let answer = server.ingest(raw);
        assert!(begin.elapsed() < PATIENCE, "{name} took {:?}", begin.elapsed());
        answer
    };
    let answer = ingest(raw);
    assert!(expected.contains(&answer.status), "{name}: {answer:?}");
    match answer.status {
        201 => {
            for event in answer.json()["events"].as_array().unwrap() {
                let path = event["url"].as_str().unwrap().strip_prefix(&server.url).unwrap();
                server.get(path).expect(200);
                check_recorded(server, event, 1);
            }
            assert_eq!(ingest(raw).expect(200)["outcome"], "duplicate", "{name}");
        }
        202 => {
            let review = &answer.json()["review"];
            assert!(!review["explanation"].as_str().unwrap().is_empty(), "{name}: {review}");
            let path = review["raw_url"].as_str().unwrap().strip_prefix(&server.url).unwrap();
            assert!(server.bytes(path) == raw, "{name} is not kept as it was");
            assert_eq!(ingest(raw).expect(200)["reviews"][0]["id"], review["id"], "{name}");
        }
        _ => assert!(answer.json()["detail"].is_string(), "{name}: {answer:?}"),
    }
    for path in ["maintenance/", "eventnotification/", "review/"] {
        server.get(&format!("/api/plugins/notices/{path}")).expect(200);
    }
    let feed = server.get("/api/plugins/notices/ical/");
    assert!(feed.status == 200 && feed.text.ends_with("END:VCALENDAR\r\n"), "{name}: {feed:?}");
    let good = ingest(&Notice::new("GOOD").mail().raw()).expect(201);
    check_recorded(server, &good["events"][0], 1);
    answer
}

/// The changelog gets past the changes of an event: nothing in them stops it.
#[track_caller]
fn check_recorded(server: &Server, event: &Value, changes: usize) {
    let path =
        format!("/api/core/object-changes/?changed_object_type=notices.maintenance&changed_object_id={}", event["id"]);
    eventually("the record of a change", || (server.all(&path).len() == changes).then_some(()));
}

/// A good mail, with some of its text replaced.
fn good_but(replace: &[(&str, &str)]) -> Vec<u8> {
    let mut text = String::from_utf8(Notice::new("BAD").circuits(&["C-1"]).mail().raw()).unwrap();
    for (old, new) in replace {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    text.into_bytes()
}

/// A mail whose body fills it up to a size.
fn padded(size: usize) -> Vec<u8> {
    let mut raw = b"From: a@b.example\r\nSubject: large\r\nMessage-ID: <l@b.example>\r\n\r\n".to_vec();
    let line = b"A line of a long mail that says nothing at all, and says it again.\r\n";
    raw.extend(line.iter().cycle().take(size - raw.len()));
    raw
}

#[test]
fn an_empty_mail() {
    check("0 bytes", b"", REVIEW);
    check("a blank", b"\r\n \r\n", REVIEW);
}

#[test]
fn a_mail_at_the_limit() {
    let answer = check("at the limit", &padded(LIMIT), REVIEW);
    assert_eq!(answer.json()["review"]["size"], LIMIT);
}

#[test]
fn a_mail_over_the_limit() {
    let answer = check("over the limit", &padded(LIMIT + 1), &[413]);
    assert!(answer.text.contains("MAX_MAIL_BYTES"), "{answer:?}");
}

#[test]
fn a_large_attachment() {
    let mut raw = b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n\
        Content-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    raw.extend(b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5\r\n".repeat(560_000));
    check("base64", &raw, REVIEW);
}

#[test]
fn ten_thousand_nested_parts() {
    let nested = |kind: &str| {
        let mut raw = "From: a@b.example\r\n".to_owned();
        for n in 0..10_000 {
            raw += &match kind {
                "multipart" => format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"),
                _ => "Content-Type: message/rfc822\r\n\r\n".to_owned(),
            };
        }
        raw + "Content-Type: text/plain\r\n\r\nthe end\r\n"
    };
    let side_by_side = "--b\r\nContent-Type: text/plain\r\n\r\npart\r\n".repeat(10_000);
    let side_by_side = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{side_by_side}--b--\r\n");
    check("multipart in multipart", nested("multipart").as_bytes(), REVIEW);
    check("mail in mail", nested("message").as_bytes(), REVIEW);
    check("parts side by side", side_by_side.as_bytes(), REVIEW);
}

#[test]
fn nested_calendars_and_html() {
    let deep = good_but(&[("BEGIN:VEVENT\r\n", &"BEGIN:VEVENT\r\n".repeat(10_000))]);
    check("events in events", &deep, EITHER);
    let deep = good_but(&[("BEGIN:VEVENT\r\n", &format!("{}BEGIN:VEVENT\r\n", "BEGIN:X\r\n".repeat(10_000)))]);
    check("components", &deep, REVIEW);
    let html = format!("From: mr@zayo.com\r\nContent-Type: text/html\r\n\r\n{}", "<table><tr><td><b>".repeat(50_000));
    check("elements", html.as_bytes(), REVIEW);
}

#[test]
fn missing_headers() {
    let date = ("Date: Sat, 1 Dec 2029 12:00:00 +0000\r\n", "");
    let from = ("From: noc@carrier.example\r\n", "");
    let id = ("Message-ID: <BAD.1.0.CONFIRMED@carrier.example>\r\n", "");
    let stamp = ("DTSTAMP:20291201T120000Z\r\n", "");
    for (name, missing) in [
        ("Date", &[date][..]),
        ("From", &[from]),
        ("Message-ID", &[id]),
        ("Date and DTSTAMP", &[date, stamp]),
        ("all", &[date, from, id, stamp]),
    ] {
        check(&format!("without {name}"), &good_but(missing), EVENT);
    }
    check("no header at all", b"\r\nJust text.\r\n", REVIEW);
    check("no body", b"From: a@b.example", REVIEW);
    check("two senders", &good_but(&[("From: ", "From: x@y.example\r\nFrom: ")]), EITHER);
}

#[test]
fn broken_characters() {
    let mail = |head: &str, body: &[u8]| [head.as_bytes(), b"\r\n\r\n", body].concat();
    let latin = "From: a@b.example\r\nContent-Type: text/plain; charset=\"no-such-charset\"";
    check("unknown charset", &mail(latin, b"Stra\xdfe \xff\xfe\x80"), REVIEW);
    let utf16 = "From: a@b.example\r\nContent-Type: text/html; charset=utf-16le\r\nContent-Transfer-Encoding: base64";
    check("half a UTF-16 character", &mail(utf16, b"/////w=="), REVIEW);
    let utf7 = "From: a@b.example\r\nContent-Type: text/plain; charset=utf-7";
    check("UTF-7", &mail(utf7, b"+AGEAYg +-+/+AAA"), REVIEW);
    check("NUL bytes", &good_but(&[("SUMMARY:Work", "SUMMARY:W\0rk\0"), ("Subject: ", "Subject: \0")]), EITHER);
    check("NUL bytes alone", &[0; 100_000], REVIEW);
    let garbage: Vec<u8> =
        (0..1_000_000_u64).map(|n| (n.wrapping_mul(6_364_136_223_846_793_005) >> 33) as u8).collect();
    check("binary garbage", &garbage, REVIEW);
    check("garbage behind a header", &mail("From: a@b.example\r\nContent-Type: text/calendar", &garbage), REVIEW);
}

#[test]
fn long_lines_and_many_headers() {
    let long = "x".repeat(1_000_000);
    check("a line of 1 MB", format!("From: a@b.example\r\n\r\n{long}").as_bytes(), REVIEW);
    check("a header of 1 MB", format!("From: a@b.example\r\nX-Long: {long}\r\n\r\n").as_bytes(), REVIEW);
    check("a summary of 1 MB", &good_but(&[("SUMMARY:", &format!("SUMMARY:{long}"))]), EITHER);
    let headers: String = (0..100_000).map(|n| format!("X-Header-{n}: {n}\r\n")).collect();
    check("100,000 headers", &good_but(&[("To: ", &format!("{headers}To: "))]), EITHER);
    let folded = format!("Subject: {}\r\n", "\r\n a".repeat(100_000));
    check("100,000 folds", &good_but(&[("Subject: Work on BAD\r\n", &folded)]), EITHER);
}

#[test]
fn hostile_header_text() {
    let server = Server::memory();
    let subject = |text: &str| good_but(&[("Subject: Work on BAD", &format!("Subject: {text}"))]);
    let encoded = "=?utf-8?B?V29yawpCY2M6IHZpY3RpbUBleGFtcGxlLm5ldA0KWC1FdmlsOiAx?=";
    check_on(&server, "line breaks", &subject(encoded), EVENT);
    let mails = server.all("/api/plugins/notices/eventnotification/");
    let subjects: Vec<_> = mails.iter().map(|mail| mail["subject"].as_str().unwrap()).collect();
    assert!(subjects.iter().all(|subject| !subject.contains(['\r', '\n'])), "{subjects:?}");

    let long = "Subject of many words ".repeat(500);
    check("a subject of 10 kB", &subject(&long), EVENT);
    check("marks of direction", &subject("\u{202e}gnissim\u{202c} \u{200f}work\u{2066}"), EVENT);
    check("markup", &subject("<script>alert(1)</script> =1+1 {{7*7}} %0d%0a"), EVENT);
    check("words without an end", &subject(&"=?utf-8?Q?=41=".repeat(5_000)), EITHER);
    let from = |text: &str| good_but(&[("noc@carrier.example\r\nTo", &format!("{text}\r\nTo"))]);
    check("a sender of 10 kB", &from(&format!("{}@b.example", "a".repeat(10_000))), EITHER);
    check("a sender with a name of 10 kB", &from(&format!("\"{}\" <a@b.example>", "n".repeat(10_000))), EITHER);
    check("a sender that is none", &from("<<>> , ;\"("), EITHER);
}

#[test]
fn strange_ids() {
    let with_id = |id: &str| Mail { message_id: id.to_owned(), ..Notice::new("BAD").mail() }.raw();
    for id in ["a#b#NOTICE#0000@c.example", "#", "a b@c.example", "sha256:00", "../../etc/passwd", "\u{202e}@c.example"]
    {
        check(id, &with_id(id), EVENT);
    }
    check("a Message-ID of 998 bytes", &with_id(&"m".repeat(998)), EVENT);
    check("a Message-ID of 10 kB", &with_id(&"m".repeat(10_000)), EVENT);
    for ticket in ["#", "A#B", "../..", "\u{202e}", "?q=1&limit=0", "'; DROP TABLE--"] {
        check(ticket, &Notice::new(ticket).mail().raw(), EVENT);
    }
    let long = "T".repeat(10_000);
    check("a ticket of 10 kB", &Notice::new(&long).mail().raw(), EITHER);
    check("a ticket of 1,000 characters", &Notice::new(&"é".repeat(1_000)).mail().raw(), EITHER);
    check("a provider of 10 kB", &Notice::new("BAD").provider(&long).mail().raw(), EITHER);
    check("a provider without letters", &Notice::new("BAD").provider("!!!").mail().raw(), EITHER);
    check("a circuit of 10 kB", &Notice::new("BAD").circuits(&[&long]).mail().raw(), EITHER);
    let circuits: Vec<String> = (0..100).map(|n| format!("{n}{long}")).collect();
    check("100 circuits of 10 kB", &Notice::new("BAD").circuits(&circuits).mail().raw(), EITHER);
    let circuits: Vec<String> = (0..5_000).map(|n| format!("CIRCUIT-{n:060}")).collect();
    check("5,000 unknown circuits", &Notice::new("BAD").circuits(&circuits).mail().raw(), EITHER);
}

#[test]
fn the_largest_event_can_be_changed() {
    let server = Server::memory();
    let notice = |sequence: i64, count: usize| {
        let circuits: Vec<String> = (0..count).map(|n| format!("CIRCUIT-{sequence}-{n:060}")).collect();
        server.ingest(&Notice::new("BIG").sequence(sequence).circuits(&circuits).mail().raw())
    };
    let event = &notice(1, 1_400).expect(201)["events"][0];
    notice(2, 1_401).expect(201);
    check_recorded(&server, event, 2);
    let review = notice(3, 5_000).expect(202);
    assert_eq!(review["review"]["reason"], "refused");
    notice(4, 1).expect(201);
    check_recorded(&server, event, 3);
}

#[test]
fn many_notices() {
    let notices = |count: u32| (0..count).map(|n| Notice::new(&format!("BAD-{n}"))).collect::<Vec<_>>();
    check("200 notices", &Mail::new(&notices(200)).raw(), EVENT);
    check("2,000 notices", &Mail::new(&notices(2_000)).raw(), REVIEW);
}

#[test]
fn strange_times() {
    let window = |start: &str, end: &str| {
        good_but(&[("20300101T220000Z\r\nDTEND", &format!("{start}\r\nDTEND")), ("20300102T040000Z", end)])
    };
    for (start, end) in [
        ("99991231T000000Z", "99991231T235959Z"),
        ("00010101T000000Z", "00010102T000000Z"),
        ("00010101T000000Z", "99991231T235959Z"),
        ("00000101T000000Z", "00000102T000000Z"),
        ("99991231T235959-2300", "99991231T235959-2300"),
    ] {
        check(&format!("{start} to {end}"), &window(start, end), EITHER);
    }
    for (start, end) in [
        ("20300102T220000Z", "20300101T040000Z"),
        ("20301332T220000Z", "20300102T040000Z"),
        ("20300101T996000Z", "20300102T040000Z"),
        ("", ""),
        ("123456789012345678901234567890Z", "20300102T040000Z"),
    ] {
        check(&format!("{start} to {end}"), &window(start, end), REVIEW);
    }
    for date in ["Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 1 Jan 0001 00:00:00 +2359", "99 Foo 99999999999 99:99", ""] {
        check(
            date,
            &good_but(&[("Sat, 1 Dec 2029 12:00:00 +0000", date), ("DTSTAMP:20291201T120000Z\r\n", "")]),
            EITHER,
        );
    }
    for sequence in ["-9223372036854775808", "99999999999999999999", "one", ""] {
        check(sequence, &good_but(&[("SEQUENCE:1", &format!("SEQUENCE:{sequence}"))]), EVENT);
    }
    let duration = "DURATION:P99999999999999W";
    check(duration, &good_but(&[("DTEND:20300102T040000Z", duration)]), REVIEW);
}
