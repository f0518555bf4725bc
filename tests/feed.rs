//! The calendar feed as calendar programs read it. Numbers in labels are rows of the peer's behaviours.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ops::Deref;

use chrono::{DateTime, Duration, Utc};
use noticeboard_tests::{Answer, Client, Server, TOKEN};
use serde_json::{Value, json};

const FEED: &str = "/plugins/notices/ical/maintenances.ics";
const DOCUMENTED: &str = "/api/plugins/notices/ical/";
const MAINTENANCE: &str = "/api/plugins/notices/maintenance/";

/// A server with one provider; `now` is when it was made.
struct World {
    server: Server,
    provider: u64,
    now: DateTime<Utc>,
}

impl Deref for World {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.server
    }
}

impl World {
    fn new() -> Self {
        let server = Server::memory();
        let provider = server.provider("Zayo", "zayo");
        // The server has the machine's clock, and so has the test.
        #[allow(clippy::disallowed_methods)]
        let now = Utc::now();
        Self { server, provider, now }
    }

    fn days(&self, days: i64) -> String {
        (self.now + Duration::days(days)).to_rfc3339()
    }

    /// A maintenance from one day to another, counted from today.
    fn maintenance(&self, name: &str, from: i64, to: i64, changes: Value) -> u64 {
        let mut body = json!({
            "name": name, "summary": "splice", "status": "CONFIRMED", "provider": self.provider,
            "start": self.days(from), "end": self.days(to),
        });
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        self.post(MAINTENANCE, &body).expect(201)["id"].as_u64().unwrap()
    }

    fn feed(&self, query: &str) -> Answer {
        let answer = self.get(&format!("{FEED}{query}"));
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        answer
    }

    /// The names of the events in the feed, by their start.
    #[track_caller]
    fn check(&self, query: &str, expected: &[&str]) {
        let calendar = Component::parse(&self.feed(query).text);
        let names: Vec<&str> =
            calendar.children.iter().map(|event| event.raw("SUMMARY").split_once(" - ").unwrap().0).collect();
        assert_eq!(names, expected, "{query}");
    }
}

/// A calendar's part, read by RFC 5545 alone.
#[derive(Debug, Default)]
struct Component {
    name: String,
    properties: Vec<(String, String)>,
    children: Vec<Component>,
}

impl Component {
    #[track_caller]
    fn parse(text: &str) -> Self {
        assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']), "lines end with CRLF");
        let mut open = vec![Self::default()];
        let mut lines: Vec<String> = Vec::new();
        for line in text.trim_end_matches("\r\n").split("\r\n") {
            assert!(line.len() <= 75, "{} octets: {line}", line.len());
            match (line.strip_prefix(' '), lines.last_mut()) {
                (Some(more), Some(last)) => last.push_str(more),
                _ => lines.push(line.to_owned()),
            }
        }
        for line in lines {
            let (name, value) = line.split_once(':').unwrap();
            match name {
                "BEGIN" => open.push(Self { name: value.into(), ..Self::default() }),
                "END" => {
                    let done = open.pop().unwrap();
                    assert_eq!(done.name, value);
                    open.last_mut().unwrap().children.push(done);
                }
                _ => open.last_mut().unwrap().properties.push((name.into(), value.into())),
            }
        }
        let [root] = <[Self; 1]>::try_from(open).unwrap();
        let [calendar] = <[Self; 1]>::try_from(root.children).unwrap();
        assert_eq!(calendar.name, "VCALENDAR");
        assert!(calendar.children.iter().all(|child| child.name == "VEVENT"));
        calendar
    }

    /// The value of a property that is there once.
    #[track_caller]
    fn raw(&self, name: &str) -> &str {
        let values: Vec<&str> = self.properties.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect();
        assert_eq!(values.len(), 1, "{name} in {self:?}");
        values[0]
    }

    /// The same as text.
    #[track_caller]
    fn one(&self, name: &str) -> String {
        let (mut text, mut characters) = (String::new(), self.raw(name).chars());
        while let Some(c) = characters.next() {
            assert!(!matches!(c, ',' | ';'), "{c} is not escaped in {name}");
            text.push(match c {
                '\\' => match characters.next().unwrap() {
                    'n' | 'N' => '\n',
                    escaped => escaped,
                },
                _ => c,
            });
        }
        text
    }
}

#[test]
fn it_asks_for_a_token() {
    let w = World::new();
    let made = w.post("/api/users/tokens/", &json!({"user": "calendar", "scope": "feed"})).expect(201);
    let scoped = made["token"].as_str().unwrap();
    let nobody = w.with_token(None);
    for path in [FEED, DOCUMENTED] {
        for token in [TOKEN, scoped] {
            let in_query = nobody.get(&format!("{path}?token={token}")); // 28
            assert_eq!((in_query.status, in_query.header("content-type")), (200, "text/calendar; charset=utf-8"));
            for scheme in ["Token", "Bearer"] {
                let header = format!("{scheme} {token}");
                assert_eq!(nobody.send("GET", path, &[("authorization", &header)], b"").status, 200);
            }
        }
        let head = nobody.send("HEAD", &format!("{path}?token={scoped}"), &[], b"");
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        // 29
        for query in ["", "?token=", "?token=wrong", "?token=nbt_AAAAAAAAAAAA.x", "?token=nbt_x"] {
            let refused = nobody.get(&format!("{path}{query}"));
            assert_eq!((refused.status, refused.text.as_str()), (403, "Authentication required"), "{query}");
            assert!(refused.header("content-type").starts_with("text/plain"), "{refused:?}");
        }
        // The token in the address comes first, even where another one would do.
        assert_eq!(w.get(&format!("{path}?token=wrong")).status, 403);
        assert_eq!(w.send("POST", path, &[], b"").status, 405);
    }
    w.delete(&format!("/api/users/tokens/{}/", made["id"])).expect(204);
    assert_eq!(nobody.get(&format!("{FEED}?token={scoped}")).text, "Authentication required");
}

#[test]
fn an_event_has_what_the_contract_asks_for() {
    let w = World::new();
    let empty = Component::parse(&w.feed("").text);
    assert!(empty.children.is_empty(), "26");
    for (name, value) in [
        ("PRODID", "-//NetBox Vendor Notification Plugin//EN"),
        ("VERSION", "2.0"),
        ("CALSCALE", "GREGORIAN"),
        ("X-WR-CALNAME", "NetBox Maintenance Events"),
        ("X-WR-TIMEZONE", "UTC"),
        ("X-WR-CALDESC", "Vendor maintenance events from NetBox"),
    ] {
        assert_eq!(empty.one(name), value);
    }
    let long = "Грüße, ждём; 你好 \\o/ \u{1F6A7} ".repeat(40);
    let comments = format!("{long}\nsecond: line\r\nEND:VEVENT\t");
    let changes = json!({
        "summary": "splice; with, signs\\", "start": "2030-12-01T02:00:00+02:00", "end": "2030-12-01T06:00:00.75Z",
        "internal_ticket": "INC-1", "comments": comments, "status": "IN-PROCESS",
    });
    let event = w.maintenance("M-1", 0, 0, changes);
    for (cid, level) in [("IC-1", json!("OUTAGE")), ("IC-2", Value::Null)] {
        let circuit = w.circuit(w.provider, cid);
        let body =
            json!({"maintenance": event, "content_type": "circuits.circuit", "object_id": circuit, "impact": level});
        w.post("/api/plugins/notices/impact/", &body).expect(201);
    }
    let calendar = Component::parse(&w.feed("").text);
    let [found] = calendar.children.as_slice() else { panic!("{calendar:?}") };
    for (name, value) in [
        ("UID", format!("maintenance-{event}@noticeboard").as_str()),
        ("SUMMARY", "M-1 - splice; with, signs\\"),
        ("LOCATION", "Zayo"),
        ("CATEGORIES", "IN-PROCESS"),
        ("STATUS", "CONFIRMED"),
    ] {
        assert_eq!(found.one(name), value); // 25, 26
    }
    assert_eq!((found.raw("DTSTART"), found.raw("DTEND")), ("20301201T000000Z", "20301201T060000Z"));
    assert_eq!(found.raw("URL"), format!("{}{MAINTENANCE}{event}/", w.url));
    let description = found.one("DESCRIPTION");
    let expected = "Provider: Zayo\nStatus: In-Progress\nInternal Ticket: INC-1\n\nAffected Objects:\n\
                    - IC-1 (OUTAGE)\n- IC-2 (UNKNOWN)\n\nComments:\n";
    assert_eq!(description, format!("{expected}{long}\nsecond: line\nEND:VEVENT"), "27");
    for stamp in ["DTSTAMP", "CREATED", "LAST-MODIFIED"] {
        assert_eq!(found.raw(stamp).len(), "20301201T000000Z".len(), "{stamp}");
    }
    // Another name of this machine gives the same event.
    let other = w.send("GET", FEED, &[("host", "calendar.example")], b"").text;
    assert_eq!(Component::parse(&other).children[0].raw("UID"), found.raw("UID"));
}

#[test]
fn the_window_begins_days_ago_and_never_ends() {
    let w = World::new();
    w.maintenance("running-long", -400, 400, json!({}));
    w.maintenance("running-for-years", -2000, 2000, json!({}));
    w.maintenance("just-running", -60, 1, json!({}));
    w.maintenance("ended-in-window", -40, -29, json!({}));
    w.maintenance("ended-before", -60, -31, json!({}));
    w.maintenance("began-29-days-ago", -29, -28, json!({}));
    w.maintenance("far", 3000, 3001, json!({}));
    w.maintenance("last-year", -364, -363, json!({}));
    let running = ["running-for-years", "running-long"];
    let default = [&running[..], &["just-running", "ended-in-window", "began-29-days-ago", "far"]].concat();
    w.check("", &default);
    // 31
    for wrong in ["-1", "366", "x", "", "1.5", "99999999999999999999"] {
        w.check(&format!("?past_days={wrong}"), &default);
    }
    w.check("?past_days=30&past_days=0", &[&running[..], &["just-running", "far"]].concat());
    w.check("?past_days=0", &[&running[..], &["just-running", "far"]].concat());
    let all = ["last-year", "just-running", "ended-before", "ended-in-window", "began-29-days-ago", "far"];
    w.check("?past_days=365", &[&running[..], &all[..]].concat());
    w.check("?past_days=90", &[&running[..], &all[1..]].concat()); // 30
    w.check("?days_past=90", &[&running[..], &all[1..]].concat());
    // Outages are no part of it.
    let outage = json!({"name": "O-1", "summary": "cut", "status": "REPORTED", "provider": w.provider});
    w.post("/api/plugins/notices/outage/", &outage).expect(201);
    w.check("?past_days=30", &default);
}

#[test]
fn it_is_filtered_by_provider_and_status() {
    let w = World::new();
    let other = w.provider("Arelion", "arelion");
    let statuses = ["TENTATIVE", "CONFIRMED", "CANCELLED", "IN-PROCESS", "COMPLETED", "RE-SCHEDULED", "UNKNOWN"];
    for (day, status) in (1..).zip(statuses) {
        w.maintenance(status, day, day + 1, json!({"status": status}));
    }
    w.maintenance("other", 10, 11, json!({"provider": other}));
    w.maintenance("other-running", -100, 100, json!({"provider": other, "status": "IN-PROCESS"}));
    let everything = [&["other-running"], &statuses[..], &["other"]].concat();
    w.check("", &everything);
    // 32
    w.check("?provider=arelion", &["other-running", "other"]);
    w.check(&format!("?provider_id={other}"), &["other-running", "other"]);
    w.check(&format!("?provider=zayo&provider_id={other}"), &statuses);
    w.check("?provider_id=999", &[]);
    let long = "x".repeat(3000);
    for (query, text) in [
        ("?provider=nobody", "Provider not found: nobody".to_owned()),
        (&format!("?provider={long}"), format!("Provider not found: {long}")),
        ("?provider_id=zayo", "Invalid provider_id: zayo".to_owned()),
        ("?provider_id=", "Invalid provider_id: ".to_owned()),
    ] {
        let refused = w.get(&format!("{FEED}{query}"));
        assert_eq!((refused.status, refused.text), (400, text));
    }
    // 33
    w.check("?status=CONFIRMED", &["CONFIRMED", "other"]);
    w.check("?status=CONFIRMED,TENTATIVE", &["TENTATIVE", "CONFIRMED", "other"]);
    w.check("?status=confirmed,%20nonsense", &["CONFIRMED", "other"]);
    w.check("?status=IN-PROCESS&provider=arelion", &["other-running"]);
    w.check("?status=nonsense", &everything);
    w.check("?status=", &everything);
    // 25
    let calendar = Component::parse(&w.feed("?provider=zayo").text);
    let shown: Vec<String> = calendar.children.iter().map(|event| event.one("STATUS")).collect();
    let expected = ["TENTATIVE", "CONFIRMED", "CANCELLED", "CONFIRMED", "CONFIRMED", "CANCELLED", "TENTATIVE"];
    assert_eq!(shown, expected);
}

#[test]
fn it_can_be_downloaded() {
    let w = World::new();
    w.maintenance("M-1", 1, 2, json!({}));
    let day = |days| (w.now + Duration::days(days)).format("%Y-%m-%d").to_string();
    for value in ["true", "1", "yes"] {
        let answer = w.feed(&format!("?download={value}"));
        let named = |day: String| format!("attachment; filename=\"netbox-maintenance-{day}.ics\"");
        let disposition = answer.header("content-disposition"); // 34
        assert!([named(day(0)), named(day(1))].contains(&disposition.to_owned()), "{disposition}");
        assert_eq!(answer.header("cache-control"), "");
        assert_eq!(Component::parse(&answer.text).children.len(), 1);
    }
    for query in ["", "?download=false", "?download=0"] {
        let answer = w.feed(query);
        assert_eq!(answer.header("content-disposition"), "", "35");
        let caching = answer.header("cache-control");
        assert!(caching.contains("public") && caching.contains("max-age=900"), "35: {caching}");
    }
}

#[test]
fn every_change_of_what_it_shows_changes_its_validator() {
    let w = World::new();
    let event = w.maintenance("M-1", 1, 2, json!({}));
    let one = format!("{MAINTENANCE}{event}/");
    let tag = || {
        let answer = w.feed("");
        let tag = answer.header("etag").to_owned();
        assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'), "35: {tag}");
        tag
    };
    let known = std::cell::RefCell::new(vec![tag()]);
    assert_eq!(tag(), known.borrow()[0], "the same again");
    let changed = |what: &str| {
        let new = tag();
        assert!(!known.borrow().contains(&new), "38: {what}");
        for old in known.borrow().iter() {
            assert_eq!(w.send("GET", FEED, &[("if-none-match", old)], b"").status, 200, "{what}");
        }
        for same in [new.clone(), format!("W/{new}"), format!("\"x\", {new}"), "*".to_owned()] {
            let answer = w.send("GET", FEED, &[("if-none-match", &same)], b"");
            assert_eq!((answer.status, answer.text.as_str(), answer.header("etag")), (304, "", new.as_str()), "36");
            assert!(answer.header("cache-control").contains("max-age"), "36");
        }
        known.borrow_mut().push(new);
    };
    let circuit = w.circuit(w.provider, "IC-1");
    let impact = json!({"maintenance": event, "content_type": "circuits.circuit", "object_id": circuit});
    let impact = w.post("/api/plugins/notices/impact/", &impact).expect(201)["id"].clone();
    changed("an impact is added");
    w.patch(&format!("/api/plugins/notices/impact/{impact}/"), &json!({"impact": "DEGRADED"})).expect(200);
    changed("an impact is changed");
    w.delete(&format!("/api/plugins/notices/impact/{impact}/")).expect(204);
    changed("an impact is removed");
    w.patch(&format!("/api/circuits/providers/{}/", w.provider), &json!({"name": "Zayo Group"})).expect(200);
    changed("the provider is renamed");
    for status in ["IN-PROCESS", "COMPLETED", "CANCELLED"] {
        w.patch(&one, &json!({ "status": status })).expect(200);
        changed(status);
    }
    w.patch(&one, &json!({"acknowledged": true})).expect(200);
    changed("it is acknowledged");
    w.patch(&one, &json!({"start": w.days(-60), "end": w.days(-50)})).expect(200);
    changed("it leaves the window");
    w.check("", &[]);
    w.patch(&one, &json!({"end": w.days(50)})).expect(200);
    changed("it comes back");
    w.maintenance("M-2", 1, 2, json!({}));
    changed("another one is made");
    w.delete(&one).expect(204);
    changed("it is deleted");
    w.check("", &["M-2"]);
    // A filter is a calendar of its own.
    let filtered = w.feed("?status=CANCELLED").header("etag").to_owned();
    assert_eq!(w.send("GET", FEED, &[("if-none-match", &filtered)], b"").status, 200);
}

#[test]
fn many_events_with_impacts_are_all_there() {
    const EVENTS: i64 = 80;
    let w = World::new();
    let circuit = w.circuit(w.provider, "IC-1");
    for n in 0..EVENTS {
        let event = w.maintenance(&format!("M-{n}"), n, n + 1, json!({}));
        let impact = json!({"maintenance": event, "content_type": "circuits.circuit", "object_id": circuit});
        w.post("/api/plugins/notices/impact/", &impact).expect(201);
    }
    let calendar = Component::parse(&w.feed("").text);
    assert_eq!(calendar.children.len(), EVENTS as usize);
    assert!(calendar.children.iter().all(|event| event.one("DESCRIPTION").contains("- IC-1 (UNKNOWN)")));
    assert!(calendar.children.is_sorted_by_key(|event| event.raw("DTSTART").to_owned()));
}
