//! The calendar beyond what the peer has: both kinds of events, further filters, what time alone changes, what entries
//! say, single events as files, links for tokens, and calendars that are too large.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::Duration;
use noticeboard_tests::calendar::{Component, DOCUMENTED, FEED, MAINTENANCE, OUTAGE, World};
use noticeboard_tests::{Server, TOKEN};
use serde_json::{Value, json};

#[test]
fn each_address_shows_its_kinds_unless_told_otherwise() {
    let w = World::new();
    w.maintenance("M-1", 1, 2, json!({}));
    w.outage("O-1", -1, json!({}));
    w.check(FEED, &["M-1"]);
    w.check(DOCUMENTED, &["O-1", "M-1"]);
    for path in [FEED, DOCUMENTED] {
        w.check(&format!("{path}?kind=all"), &["O-1", "M-1"]);
        w.check(&format!("{path}?kind=maintenance"), &["M-1"]);
        w.check(&format!("{path}?kind=OUTAGE"), &["O-1"]);
        w.check(&format!("{path}?kind=all&status=IDENTIFIED,CONFIRMED"), &["O-1", "M-1"]);
        w.check(&format!("{path}?kind=all&status=IDENTIFIED"), &["O-1"]);
        // A status of the other kind is one that is not known.
        w.check(&format!("{path}?kind=maintenance&status=IDENTIFIED"), &["M-1"]);
        let refused = w.get(&format!("{path}?kind=both"));
        assert_eq!((refused.status, refused.text.as_str()), (400, "Invalid kind: both"));
    }
}

#[test]
fn it_is_filtered_by_what_is_hit_by_tag_and_by_acknowledgement() {
    let w = World::new();
    let site = |slug: &str| {
        let body = json!({"name": slug, "slug": slug});
        w.post("/api/dcim/sites/", &body).expect(201)["id"].as_u64().unwrap()
    };
    let (riga, oslo) = (site("riga"), site("oslo"));
    let device = w.post("/api/dcim/devices/", &json!({"name": "d1", "site": riga})).expect(201)["id"].as_u64().unwrap();
    let circuit = w.circuit(w.provider, "IC-1");
    for slug in ["core", "edge"] {
        w.post("/api/extras/tags/", &json!({"name": slug, "slug": slug})).expect(201);
    }
    let tags = |slugs: &[&str]| json!({"tags": slugs.iter().map(|slug| json!({"slug": slug})).collect::<Vec<_>>()});
    let none = w.maintenance("none", 1, 2, json!({"acknowledged": Value::Null}));
    let device_down = w.maintenance("device", 2, 3, tags(&["core", "edge"]));
    let circuit_down = w.maintenance("circuit", 3, 4, tags(&["core"]));
    let oslo_down = w.maintenance("oslo", 4, 5, json!({"acknowledged": true}));
    w.impact(device_down, "dcim.device", device, &json!("REDUCED-REDUNDANCY"));
    w.impact(circuit_down, "circuits.circuit", circuit, &json!("OUTAGE"));
    w.impact(circuit_down, "dcim.device", device, &Value::Null);
    w.impact(oslo_down, "dcim.site", oslo, &json!("NO-IMPACT"));
    assert!(none > 0);
    let all = ["none", "device", "circuit", "oslo"];
    for path in [FEED, DOCUMENTED] {
        for (query, expected) in [
            (format!("object=circuits.circuit:{circuit}"), &all[2..3]),
            (format!("object=circuits.Circuit:{circuit}&object=dcim.site:{oslo}"), &all[2..]),
            (format!("object=dcim.site:{riga}"), &[]),
            ("site=riga".to_owned(), &all[1..3]),
            (format!("site_id={oslo}"), &all[3..]),
            ("site=riga&site=oslo".to_owned(), &all[1..]),
            ("tag=core".to_owned(), &all[1..3]),
            ("tag=core&tag=edge".to_owned(), &all[1..2]),
            ("min_impact=NO-IMPACT".to_owned(), &all[1..]),
            ("min_impact=degraded".to_owned(), &all[2..3]),
            ("acknowledged=true".to_owned(), &all[3..]),
            ("acknowledged=false".to_owned(), &all[..3]),
            ("acknowledged=maybe".to_owned(), &all[..]),
            ("site=riga&min_impact=OUTAGE&tag=core".to_owned(), &all[2..3]),
        ] {
            w.check(&format!("{path}?{query}"), expected);
        }
        for (query, text) in [
            ("object=circuits.circuit", "Invalid object: circuits.circuit. Use a type and an id: circuits.circuit:7"),
            ("object=moon:1", "Invalid object: moon:1. Use a type and an id: circuits.circuit:7"),
            ("site=atlantis", "Invalid site: Select a valid choice. atlantis is not one of the available choices."),
            ("tag=nothing", "Invalid tag: Select a valid choice. nothing is not one of the available choices."),
            ("min_impact=HUGE", "Invalid min_impact: HUGE"),
            ("tz=Mars/Olympus", "Invalid tz: Mars/Olympus"),
            ("alarm=0", "Invalid alarm: 0"),
            ("alarm=soon", "Invalid alarm: soon"),
        ] {
            let refused = w.get(&format!("{path}?{query}"));
            assert_eq!((refused.status, refused.text.as_str()), (400, text), "{query}");
        }
    }
    // A device that moves takes its events along.
    let before = w.feed(&format!("{FEED}?site=oslo"));
    w.clock.advance(1);
    w.patch(&format!("/api/dcim/devices/{device}/"), &json!({"site": oslo})).expect(200);
    let after = w.asked_again(&format!("{FEED}?site=oslo"), &[("if-none-match", before.header("etag"))]);
    assert_eq!(Component::parse(&after.text).names(), all[1..]);
}

#[test]
fn an_outage_without_an_end_is_shown_until_its_estimate_or_now() {
    let w = World::new();
    w.outage("estimated", -3, json!({"estimated_time_to_repair": "2026-12-01T06:00:30Z"}));
    w.outage("overdue", -2, json!({"estimated_time_to_repair": w.days(-1)}));
    w.outage("open", -1, json!({}));
    w.outage("over", -90, json!({"end": w.days(-40), "status": "RESOLVED"}));
    w.outage("coming", 1, json!({}));
    let shown = || {
        let answer = w.feed(DOCUMENTED);
        let calendar = Component::parse(&answer.text);
        let ends = calendar.children.iter().map(|entry| entry.all("DTEND").concat()).collect::<Vec<_>>();
        let texts = calendar.children.iter().map(|entry| entry.one("DESCRIPTION").lines().last().unwrap().to_owned());
        assert_eq!(calendar.names(), ["estimated", "overdue", "open", "coming"]);
        (ends, texts.collect::<Vec<_>>(), answer.header("etag").to_owned())
    };
    // What was just written is read once more two seconds later.
    shown();
    w.clock.advance(2);
    let (ends, texts, tag) = shown();
    // What has not begun ends where it begins: it has no end of its own.
    assert_eq!(ends, ["20261201T060030Z", "20261201T000100Z", "20261201T000100Z", ""]);
    let still = "End: not known yet, still going on at 2026-12-01 00:01 UTC";
    assert_eq!(texts[..3], ["End: not known yet, estimated for 2026-12-01 06:00 UTC", still, still]);
    let is_unchanged = |tag: &str| w.asked_again(DOCUMENTED, &[("if-none-match", tag)]).status == 304;
    w.clock.advance(57);
    assert!(is_unchanged(&tag));
    w.clock.advance(1);
    assert!(!is_unchanged(&tag), "now is a minute later");
    assert_eq!(shown().0, ["20261201T060030Z", "20261201T000200Z", "20261201T000200Z", ""]);
    w.clock.advance(6 * 3600);
    assert_eq!(shown().0, ["20261201T060200Z", "20261201T060200Z", "20261201T060200Z", ""]);
    // Maintenances alone do not change with every minute.
    let tag = w.feed(FEED).header("etag").to_owned();
    w.clock.advance(3600);
    assert_eq!(w.asked_again(FEED, &[("if-none-match", &tag)]).status, 304);
}

#[test]
fn time_alone_changes_what_is_in_the_window() {
    let w = World::new();
    w.maintenance("first", 89, 95, json!({}));
    w.maintenance("second", 91, 95, json!({}));
    w.maintenance("months-later", 200, 201, json!({}));
    let mut tag = String::new();
    for (after, shown) in [
        (Duration::zero(), &["first"][..]),
        (Duration::days(1), &["first"]),
        // It begins less than 90 days from now, from here on.
        (Duration::seconds(1), &["first", "second"]),
        (Duration::days(109), &["first", "second", "months-later"]),
        (Duration::days(14) + Duration::hours(23), &["first", "second", "months-later"]),
        (Duration::hours(1), &["months-later"]),
    ] {
        w.clock.advance(after.num_seconds());
        let answer = w.asked_again(DOCUMENTED, &[("if-none-match", &tag)]);
        if answer.status == 200 {
            tag = answer.header("etag").to_owned();
        }
        // Whoever asks again knows what is shown to those who ask for the first time.
        assert_eq!(w.feed(DOCUMENTED).header("etag"), tag, "{after}");
        w.check(DOCUMENTED, shown);
    }
}

#[test]
fn entries_have_what_calendar_programs_ask_for() {
    let w = World::new();
    let event = w.maintenance("M-1", 1, 2, json!({"status": "CANCELLED"}));
    let outage = w.outage("O-1", -1, json!({}));
    let calendar = Component::parse(&w.feed(DOCUMENTED).text);
    assert_eq!((calendar.raw("REFRESH-INTERVAL;VALUE=DURATION"), calendar.raw("X-PUBLISHED-TTL")), ("PT15M", "PT15M"));
    // A cancelled one stays, so that programs learn of it.
    let (cancelled, open) = (calendar.entry("M-1"), calendar.entry("O-1"));
    assert_eq!((cancelled.raw("STATUS"), cancelled.raw("TRANSP")), ("CANCELLED", "TRANSPARENT"));
    assert_eq!(cancelled.raw("ORGANIZER;CN=\"Zayo\""), format!("{}/api/circuits/providers/{}/", w.url, w.provider));
    assert_eq!(open.raw("UID"), format!("outage-{outage}@noticeboard"));
    assert_eq!(open.raw("URL"), format!("{}{OUTAGE}{outage}/", w.url));
    // An outage is nothing that the common format of maintenances has words for.
    assert!(open.properties.iter().all(|(name, _)| !name.starts_with("X-MAINTNOTE")));
    for (name, value) in
        [("X-MAINTNOTE-PROVIDER", "Zayo"), ("X-MAINTNOTE-MAINTENANCE-ID", "M-1"), ("X-MAINTNOTE-STATUS", "CANCELLED")]
    {
        assert_eq!(cancelled.one(name), value);
    }
    // The sequence rises and the stamps move with every change of the event and of what belongs to it.
    let entry = || {
        let calendar = Component::parse(&w.feed(DOCUMENTED).text);
        let entry = calendar.entry("M-1");
        let stamps = ["CREATED", "LAST-MODIFIED", "DTSTAMP"].map(|name| entry.raw(name).to_owned());
        (entry.raw("SEQUENCE").parse::<u64>().unwrap(), stamps)
    };
    let mut before = entry();
    assert_eq!(
        before,
        (0, ["20261201T000000Z".to_owned(), "20261201T000000Z".to_owned(), "20261201T000000Z".to_owned()])
    );
    let circuit = w.circuit(w.provider, "IC-1");
    let steps: [&dyn Fn(); 3] = [
        &|| drop(w.patch(&format!("{MAINTENANCE}{event}/"), &json!({"status": "TENTATIVE"})).expect(200)),
        &|| assert!(w.impact(event, "circuits.circuit", circuit, &json!("DEGRADED")) > 0),
        &|| drop(w.post(&format!("{MAINTENANCE}{event}/acknowledge/"), &json!({})).expect(200)),
    ];
    for step in steps {
        w.clock.advance(60);
        step();
        let after = entry();
        assert_eq!(after.0, before.0 + 1);
        assert_eq!(after.1[0], before.1[0]);
        assert!(after.1[1] > before.1[1] && after.1[2] == after.1[1], "{after:?}");
        before = after;
    }
    let zone = Component::parse(&w.feed(&format!("{DOCUMENTED}?tz=Europe/Riga&alarm=30&kind=all")).text);
    assert_eq!(zone.raw("X-WR-TIMEZONE"), "Europe/Riga");
    assert!(zone.entry("M-1").one("DESCRIPTION").contains("Start: 2026-12-02 02:00 EET\nEnd: 2026-12-03 02:00 EET"));
    let [alarm] = zone.entry("M-1").children.as_slice() else { panic!("one alarm") };
    assert_eq!((alarm.name.as_str(), alarm.raw("TRIGGER")), ("VALARM", "-PT30M"));
}

#[test]
fn an_event_is_a_file_of_its_own() {
    let w = World::new();
    let event = w.maintenance("M-1", 1, 2, json!({}));
    let outage = w.outage("O-1", -1, json!({}));
    let made = w.post("/api/users/tokens/", &json!({"user": "calendar", "scope": "feed"})).expect(201);
    let token = made["token"].as_str().unwrap();
    for (path, uid) in [(MAINTENANCE, format!("maintenance-{event}")), (OUTAGE, format!("outage-{outage}"))] {
        let id = uid.rsplit('-').next().unwrap();
        let file = format!("{path}{id}/ical/");
        let answer = w.feed(&file);
        assert_eq!(answer.header("content-type"), "text/calendar; charset=utf-8; method=PUBLISH");
        assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"{uid}.ics\""));
        let calendar = Component::parse(&answer.text);
        assert_eq!((calendar.raw("METHOD"), calendar.children.len()), ("PUBLISH", 1));
        assert_eq!(calendar.children[0].raw("UID"), format!("{uid}@noticeboard"));
        assert_eq!(w.asked_again(&file, &[("if-none-match", answer.header("etag"))]).status, 304);
        assert_eq!(w.with_token(None).get(&format!("{file}?token={token}")).text, answer.text);
        assert_eq!(w.with_token(None).get(&file).status, 403);
        w.get(&format!("{file}?tz=Nowhere")).expect(400);
        for missing in ["999", "x"] {
            w.get(&format!("{path}{missing}/ical/")).expect(404);
        }
    }
    w.get(&format!("{OUTAGE}{event}/ical/")).expect(404);
}

#[test]
fn another_noticeboard_reads_it() {
    let w = World::new();
    let event = w.maintenance("M-1", 1, 2, json!({"status": "TENTATIVE", "summary": "splice; at, sea\\"}));
    w.maintenance("M-2", 3, 4, json!({"status": "RE-SCHEDULED"}));
    w.impact(event, "circuits.circuit", w.circuit(w.provider, "IC-1"), &json!("DEGRADED"));
    let other = Server::memory();
    let provider = other.provider("Zayo", "zayo");
    other.circuit(provider, "IC-1");
    for (calendar, names) in [(w.feed(FEED).text, 2), (w.feed(&format!("{MAINTENANCE}{event}/ical/")).text, 2)] {
        let mail = format!(
            "From: NOC <noc@noc.example>\r\nTo: in@example.com\r\nSubject: Work\r\nMessage-ID: <{}@noc.example>\r\n\
             Date: Tue, 01 Dec 2026 00:00:00 +0000\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/calendar; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{calendar}",
            calendar.len()
        );
        let answer = other.ingest(mail.as_bytes());
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(other.get(MAINTENANCE).expect(200)["count"], names);
    }
    let found = other.get(&format!("{MAINTENANCE}?name=M-1")).expect(200)["results"][0].clone();
    assert_eq!((&found["status"], &found["provider"]["id"]), (&json!("TENTATIVE"), &json!(provider)));
    assert_eq!((&found["start"], &found["end"]), (&json!("2026-12-02T00:00:00Z"), &json!("2026-12-03T00:00:00Z")));
    let impacts = other.get(&format!("/api/plugins/notices/impact/?event_object_id={}", found["id"])).expect(200);
    assert_eq!(
        (&impacts["results"][0]["impact"], &impacts["results"][0]["target"]["cid"]),
        (&json!("DEGRADED"), &json!("IC-1"))
    );
}

#[test]
fn a_token_for_the_feed_comes_with_its_link() {
    let w = World::new();
    w.maintenance("M-1", 1, 2, json!({}));
    let make = |scope: &str| w.post("/api/users/tokens/", &json!({"user": "kim", "scope": scope})).expect(201);
    let (first, second) = (make("feed"), make("feed"));
    for made in [&first, &second] {
        let link = made["feed_url"].as_str().unwrap();
        assert_eq!(link, format!("{}{DOCUMENTED}?token={}", w.url, made["token"].as_str().unwrap()));
        let answer = w.with_token(None).get(link.strip_prefix(&w.url).unwrap());
        assert_eq!(Component::parse(&answer.text).names(), ["M-1"]);
        let read = w.get(&format!("/api/users/tokens/{}/", made["id"])).expect(200);
        assert!(read.get("feed_url").is_none() && read.get("token").is_none(), "shown once: {read}");
    }
    assert!(make("read").get("feed_url").is_none());
    // Each is revoked alone.
    w.delete(&format!("/api/users/tokens/{}/", first["id"])).expect(204);
    let path = |made: &Value| made["feed_url"].as_str().unwrap().strip_prefix(&w.url).unwrap().to_owned();
    assert_eq!(w.with_token(None).get(&path(&first)).status, 403);
    assert_eq!(w.with_token(None).get(&path(&second)).status, 200);
    assert_eq!(w.with_token(Some(TOKEN)).get(DOCUMENTED).status, 200);
}

#[test]
fn a_calendar_that_is_too_large_is_refused_whole() {
    const EVENTS: usize = 320;
    let w = World::new();
    let comments = "x".repeat(20_000);
    let body = |n: usize| {
        json!({
            "name": format!("M-{n}"), "summary": "splice", "provider": w.provider, "comments": comments,
            "status": if n < 10 { "TENTATIVE" } else { "CONFIRMED" }, "start": w.days(1), "end": w.days(2),
        })
    };
    for first in (0..EVENTS).step_by(80) {
        let many: Vec<Value> = (first..first + 80).map(body).collect();
        w.post(MAINTENANCE, &json!(many)).expect(201);
    }
    for path in [FEED, DOCUMENTED] {
        let refused = w.get(path);
        assert_eq!(refused.status, 400);
        let expected = "This calendar has 320 entries in ";
        assert!(refused.text.starts_with(expected) && refused.text.contains("MAX_FEED_BYTES"), "{}", refused.text);
        let few = Component::parse(&w.feed(&format!("{path}?status=TENTATIVE")).text);
        assert_eq!(few.children.len(), 10);
        assert!(few.children.iter().all(|entry| entry.one("DESCRIPTION").ends_with(&comments)));
    }
}

#[test]
fn many_events_with_impacts_are_all_there() {
    const EVENTS: i64 = 80;
    let w = World::new();
    let circuit = w.circuit(w.provider, "IC-1");
    for n in 0..EVENTS {
        let event = w.maintenance(&format!("M-{n}"), n, n + 1, json!({}));
        w.impact(event, "circuits.circuit", circuit, &Value::Null);
    }
    for path in [FEED, DOCUMENTED] {
        let calendar = Component::parse(&w.feed(path).text);
        assert_eq!(calendar.children.len(), EVENTS as usize);
        assert!(calendar.children.iter().all(|event| event.one("DESCRIPTION").contains("- IC-1 (UNKNOWN)")));
        assert!(calendar.children.is_sorted_by_key(|event| event.raw("DTSTART").to_owned()));
    }
}
