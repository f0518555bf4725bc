//! The calendar feed as the peer's clients know it: rows 25 to 38 of its behaviours, each a test. Where the peer is
//! wrong, or the work's own rules differ, the test says so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use noticeboard_tests::TOKEN;
use noticeboard_tests::calendar::{Component, DOCUMENTED, FEED, IMPACT, MAINTENANCE, World};
use serde_json::{Value, json};

const BOTH: [&str; 2] = [FEED, DOCUMENTED];
const STATUSES: [&str; 7] =
    ["TENTATIVE", "CONFIRMED", "CANCELLED", "IN-PROCESS", "COMPLETED", "RE-SCHEDULED", "UNKNOWN"];

#[test]
fn row_25_a_status_is_one_that_calendars_know() {
    let w = World::new();
    for (day, status) in (1..).zip(STATUSES) {
        w.maintenance(status, day, day + 1, json!({"status": status}));
    }
    let expected = ["TENTATIVE", "CONFIRMED", "CANCELLED", "CONFIRMED", "CONFIRMED", "CANCELLED", "TENTATIVE"];
    for path in BOTH {
        let calendar = Component::parse(&w.feed(path).text);
        for ((entry, status), expected) in calendar.children.iter().zip(STATUSES).zip(expected) {
            assert_eq!((entry.one("CATEGORIES").as_str(), entry.one("STATUS").as_str()), (status, expected));
        }
        assert_eq!(calendar.children.len(), STATUSES.len());
    }
}

#[test]
fn row_26_a_calendar_has_its_properties_also_without_events() {
    let w = World::new();
    let head = [
        ("PRODID", "-//NetBox Vendor Notification Plugin//EN"),
        ("VERSION", "2.0"),
        ("CALSCALE", "GREGORIAN"),
        ("X-WR-CALNAME", "NetBox Maintenance Events"),
        ("X-WR-TIMEZONE", "UTC"),
        ("X-WR-CALDESC", "Vendor maintenance events from NetBox"),
    ];
    for path in BOTH {
        let empty = Component::parse(&w.feed(path).text);
        assert!(empty.children.is_empty());
        for (name, value) in head {
            assert_eq!(empty.one(name), value);
        }
    }
    let times = json!({"start": "2026-12-05T02:00:00+02:00", "end": "2026-12-05T06:00:00.75Z"});
    let mut changes = json!({"summary": "splice; with, signs\\"});
    changes.as_object_mut().unwrap().extend(times.as_object().unwrap().clone());
    let event = w.maintenance("M-1", 0, 0, changes);
    for path in BOTH {
        let calendar = Component::parse(&w.feed(path).text);
        let [found] = calendar.children.as_slice() else { panic!("{calendar:?}") };
        assert_eq!(found.one("UID"), format!("maintenance-{event}@noticeboard"));
        assert_eq!(found.one("SUMMARY"), "M-1 - splice; with, signs\\");
        assert_eq!((found.one("LOCATION"), found.one("STATUS")), ("Zayo".into(), "CONFIRMED".into()));
        assert_eq!((found.raw("DTSTART"), found.raw("DTEND")), ("20261205T000000Z", "20261205T060000Z"));
        assert_eq!(found.raw("URL"), format!("{}{MAINTENANCE}{event}/", w.url));
        // The peer's identifier changes with the name under which it is asked; this one does not.
        let other = w.send("GET", path, &[("host", "calendar.example")], b"").text;
        assert_eq!(Component::parse(&other).children[0].raw("UID"), found.raw("UID"));
    }
}

#[test]
fn row_2_an_entry_that_ends_as_it_begins_says_so_and_is_read_back() {
    let w = World::new();
    w.maintenance("M-1", 0, 0, json!({"start": "2026-12-05T02:00:00Z", "end": "2026-12-05T02:00:00Z"}));
    let feed = w.feed(FEED).text;
    let [entry] = Component::parse(&feed).children.try_into().unwrap();
    assert_eq!((entry.all("DTEND"), entry.raw("DURATION")), (Vec::<&str>::new(), "PT0S"));
    let mail = format!("From: noc@zayo.com\r\nContent-Type: text/calendar\r\n\r\n{feed}");
    let context = noticeboard_mail::Context { received: chrono::DateTime::UNIX_EPOCH, hint: None };
    let reading = noticeboard_mail::read(mail.as_bytes(), &context);
    let [notice] = reading.notices() else { panic!("{:?}", reading.reason()) };
    assert_eq!((notice.maintenance_id.as_str(), notice.end), ("M-1", Some(notice.start)));
}

#[test]
fn row_27_affected_objects_are_listed() {
    let w = World::new();
    let long = "Грüße, ждём; 你好 \\o/ \u{1F6A7} ".repeat(40);
    let comments = format!("{long}\nsecond: line\r\nEND:VEVENT\t");
    let changes = json!({"status": "IN-PROCESS", "internal_ticket": "INC-1", "comments": comments});
    let event = w.maintenance("M-1", 1, 2, changes);
    for (cid, level) in [("IC-1", json!("OUTAGE")), ("IC-2", Value::Null)] {
        w.impact(event, "circuits.circuit", w.circuit(w.provider, cid), &level);
    }
    let expected = "Provider: Zayo\nStatus: In-Progress\nInternal Ticket: INC-1\n\nAffected Objects:\n\
                    - IC-1 (OUTAGE)\n- IC-2 (UNKNOWN)\n\nComments:\n";
    for path in BOTH {
        let calendar = Component::parse(&w.feed(path).text);
        let description = calendar.children[0].one("DESCRIPTION");
        assert_eq!(description, format!("{expected}{long}\nsecond: line\nEND:VEVENT\t"));
    }
}

#[test]
fn row_28_a_token_opens_it_in_the_address_or_a_header() {
    let w = World::new();
    let token = |version: u64| {
        let made = w.post("/api/users/tokens/", &json!({"user": "calendar", "scope": "feed", "version": version}));
        made.expect(201)["token"].as_str().unwrap().to_owned()
    };
    let nobody = w.with_token(None);
    for token in [TOKEN.to_owned(), token(1), token(2)] {
        for path in BOTH {
            let in_query = nobody.get(&format!("{path}?token={token}"));
            assert_eq!((in_query.status, in_query.header("content-type")), (200, "text/calendar; charset=utf-8"));
            for scheme in ["Token", "Bearer"] {
                let header = format!("{scheme} {token}");
                assert_eq!(nobody.send("GET", path, &[("authorization", &header)], b"").status, 200);
            }
            let head = nobody.send("HEAD", &format!("{path}?token={token}"), &[], b"");
            assert_eq!((head.status, head.text.as_str()), (200, ""));
            assert_eq!(head.header("etag"), in_query.header("etag"));
        }
    }
}

#[test]
fn row_29_without_a_good_token_it_is_refused_with_403() {
    let w = World::new();
    let nobody = w.with_token(None);
    let token = |terms: Value| {
        let mut body = json!({"user": "calendar", "scope": "feed"});
        body.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        let made = w.post("/api/users/tokens/", &body).expect(201);
        (made["id"].clone(), made["token"].as_str().unwrap().to_owned())
    };
    let (revoked, gone) = token(json!({}));
    let (_, disabled) = token(json!({"enabled": false}));
    let (_, expired) = token(json!({"expires": w.days(-1)}));
    for path in BOTH {
        assert_eq!(nobody.get(&format!("{path}?token={gone}")).status, 200);
    }
    w.delete(&format!("/api/users/tokens/{revoked}/")).expect(204);
    for path in BOTH {
        let wrong = ["", "wrong", "nbt_AAAAAAAAAAAA.x", "nbt_x", &gone, &disabled, &expired];
        for query in wrong.iter().map(|token| format!("?token={token}")).chain([String::new()]) {
            let refused = nobody.get(&format!("{path}{query}"));
            assert_eq!((refused.status, refused.text.as_str()), (403, "Authentication required"), "{query}");
            assert!(refused.header("content-type").starts_with("text/plain"), "{refused:?}");
        }
        // The token in the address comes first, even where another one would do.
        assert_eq!(w.get(&format!("{path}?token=wrong")).status, 403);
        assert_eq!(w.send("POST", path, &[], b"").status, 405);
    }
}

/// Membership is by overlap with the window: the peer drops what began before it, also where that still runs.
#[test]
fn row_30_the_window_begins_some_days_ago() {
    let w = World::new();
    w.maintenance("running-for-years", -2000, 2000, json!({}));
    w.maintenance("running-long", -400, 400, json!({}));
    w.maintenance("last-year", -364, -363, json!({}));
    w.maintenance("just-running", -60, 1, json!({}));
    w.maintenance("ended-before", -60, -31, json!({}));
    w.maintenance("ended-in-window", -40, -29, json!({}));
    w.maintenance("began-29-days-ago", -29, -28, json!({}));
    w.maintenance("far", 3000, 3001, json!({}));
    w.check(
        FEED,
        &["running-for-years", "running-long", "just-running", "ended-in-window", "began-29-days-ago", "far"],
    );
    w.check(&format!("{FEED}?past_days=0"), &["running-for-years", "running-long", "just-running", "far"]);
    let all = ["last-year", "just-running", "ended-before", "ended-in-window", "began-29-days-ago", "far"];
    let running = ["running-for-years", "running-long"];
    w.check(&format!("{FEED}?past_days=365"), &[&running[..], &all[..]].concat());
    w.check(&format!("{FEED}?past_days=90"), &[&running[..], &all[1..]].concat());
    let documented = |days: &str| format!("{DOCUMENTED}?{days}");
    w.check(DOCUMENTED, &["running-for-years", "running-long", "just-running", "ended-in-window", "began-29-days-ago"]);
    w.check(&documented("days_past=0"), &["running-for-years", "running-long", "just-running"]);
    // Each address takes the other's names too.
    w.check(&documented("past_days=0"), &["running-for-years", "running-long", "just-running"]);
    w.check(&format!("{FEED}?days_past=90"), &[&running[..], &all[1..]].concat());
}

#[test]
fn row_31_a_wrong_number_of_days_is_as_good_as_none() {
    let w = World::new();
    w.maintenance("old", -32, -31, json!({}));
    w.maintenance("last-month", -30, -29, json!({}));
    w.maintenance("today", 0, 1, json!({}));
    w.maintenance("in-89-days", 89, 100, json!({}));
    w.maintenance("in-91-days", 91, 100, json!({}));
    for wrong in ["-1", "366", "x", "", "1.5", "99999999999999999999"] {
        w.check(&format!("{FEED}?past_days={wrong}"), &["last-month", "today", "in-89-days", "in-91-days"]);
        w.check(&format!("{FEED}?past_days=0&future_days={wrong}"), &["today", "in-89-days", "in-91-days"]);
        for name in ["days_past", "days_future"] {
            w.check(&format!("{DOCUMENTED}?{name}={wrong}"), &["last-month", "today", "in-89-days"]);
        }
    }
    // The last of several counts.
    w.check(&format!("{FEED}?past_days=30&past_days=0&future_days=1"), &["today"]);
}

#[test]
fn row_32_it_is_filtered_by_provider() {
    let w = World::new();
    let other = w.provider("Arelion", "arelion");
    w.maintenance("running", -100, 50, json!({"provider": other}));
    w.maintenance("zayo", 1, 2, json!({}));
    w.maintenance("next", 10, 11, json!({"provider": other}));
    for path in BOTH {
        w.check(&format!("{path}?provider=arelion"), &["running", "next"]);
        w.check(&format!("{path}?provider_id={other}"), &["running", "next"]);
        w.check(&format!("{path}?provider=zayo&provider_id={other}"), &["zayo"]);
        w.check(&format!("{path}?provider_id=999"), &[]);
        w.check(&format!("{path}?provider_id=99999999999999999"), &[]);
        let long = "x".repeat(3000);
        for (query, text) in [
            ("provider=nobody", "Provider not found: nobody".to_owned()),
            (&format!("provider={long}"), format!("Provider not found: {long}")),
            ("provider_id=zayo", "Invalid provider_id: zayo".to_owned()),
            ("provider_id=", "Invalid provider_id: ".to_owned()),
        ] {
            let refused = w.get(&format!("{path}?{query}"));
            assert_eq!((refused.status, refused.text), (400, text));
        }
    }
    // What the documentation says of `provider`; the peer itself has never heard of it.
    w.check(&format!("{DOCUMENTED}?provider={other}"), &["running", "next"]);
    assert_eq!(w.get(&format!("{FEED}?provider={other}")).text, format!("Provider not found: {other}"));
}

#[test]
fn row_33_it_is_filtered_by_status() {
    let w = World::new();
    for (day, status) in (1..).zip(STATUSES) {
        w.maintenance(status, day, day + 1, json!({"status": status}));
    }
    for path in BOTH {
        w.check(&format!("{path}?status=CONFIRMED"), &["CONFIRMED"]);
        w.check(&format!("{path}?status=CONFIRMED,TENTATIVE"), &["TENTATIVE", "CONFIRMED"]);
        w.check(&format!("{path}?status=CONFIRMED&status=TENTATIVE"), &["TENTATIVE", "CONFIRMED"]);
        w.check(&format!("{path}?status=confirmed,%20nonsense"), &["CONFIRMED"]);
        w.check(&format!("{path}?status=nonsense"), &STATUSES);
        w.check(&format!("{path}?status="), &STATUSES);
    }
}

#[test]
fn row_34_it_can_be_downloaded() {
    let w = World::new();
    w.maintenance("M-1", 1, 2, json!({}));
    for path in BOTH {
        for value in ["true", "1", "yes"] {
            let answer = w.feed(&format!("{path}?download={value}"));
            let name = format!("attachment; filename=\"netbox-maintenance-{}.ics\"", w.now.format("%Y-%m-%d"));
            assert_eq!(answer.header("content-disposition"), name);
            assert_eq!((answer.header("cache-control"), answer.header("etag")), ("", ""));
            assert_eq!(Component::parse(&answer.text).children.len(), 1);
        }
    }
}

/// `private`, where the peer says `public`: the address has a secret in it.
#[test]
fn row_35_a_copy_may_be_kept_by_its_reader() {
    let w = World::new();
    for path in BOTH {
        for query in ["", "?download=false", "?download=0"] {
            let answer = w.feed(&format!("{path}{query}"));
            assert_eq!(answer.header("content-disposition"), "");
            assert_eq!(answer.header("cache-control"), "private, max-age=900");
            let tag = answer.header("etag");
            assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'), "strong and quoted: {tag}");
            assert_eq!(answer.header("last-modified"), "Tue, 01 Dec 2026 00:00:00 GMT");
        }
    }
}

#[test]
fn row_36_a_copy_with_the_present_validator_is_not_sent_again() {
    let w = World::new();
    w.maintenance("M-1", 1, 2, json!({}));
    for path in BOTH {
        let first = w.feed(path);
        let tag = first.header("etag");
        for same in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let answer = w.asked_again(path, &[("if-none-match", &same)]);
            assert_eq!((answer.status, answer.text.as_str()), (304, ""), "{same}");
            for header in ["etag", "last-modified", "cache-control"] {
                assert_eq!(answer.header(header), first.header(header), "{header}");
            }
        }
        for other in ["\"x\"", "x", "", &tag.replace('"', ""), &tag.replace('.', "0.")] {
            assert_eq!(w.asked_again(path, &[("if-none-match", other)]).status, 200, "{other}");
        }
        // Another question has another answer.
        let filtered = format!("{path}?status=CANCELLED");
        assert_eq!(w.asked_again(&filtered, &[("if-none-match", tag)]).status, 200);
    }
}

#[test]
fn row_37_a_copy_is_known_by_its_time_too() {
    let w = World::new();
    let event = w.maintenance("M-1", 1, 2, json!({}));
    let status = |path: &str, headers: &[(&str, &str)]| w.asked_again(path, headers).status;
    // The forms that HTTP used to have (RFC 9110 section 5.6.7) of the moment of the last change.
    for present in ["Tuesday, 01-Dec-26 00:00:00 GMT", "Tue Dec  1 00:00:00 2026"] {
        assert_eq!(status(FEED, &[("if-modified-since", present)]), 304, "{present}");
    }
    for path in BOTH {
        let first = w.feed(path);
        let (tag, time) = (first.header("etag"), first.header("last-modified"));
        assert_eq!(status(path, &[("if-modified-since", time)]), 304, "{time}");
        let later = w.asked_again(path, &[("if-modified-since", "Wed, 01 Dec 2027 00:00:00 GMT")]);
        assert_eq!((later.status, later.header("etag"), later.header("last-modified")), (304, tag, time));
        for older in ["Mon, 30 Nov 2026 23:59:59 GMT", "Monday, 30-Nov-26 23:59:59 GMT", "Mon Nov 30 23:59:59 2026"] {
            assert_eq!(status(path, &[("if-modified-since", older)]), 200, "{older}");
        }
        for malformed in ["", "yesterday", "2027-12-01", "Tue, 01 Dec 2027"] {
            assert_eq!(status(path, &[("if-modified-since", malformed)]), 200, "{malformed}");
        }
        // A validator counts before a time.
        assert_eq!(status(path, &[("if-none-match", "\"x\""), ("if-modified-since", time)]), 200);
        let old = "Mon, 30 Nov 2026 23:59:59 GMT";
        assert_eq!(status(path, &[("if-none-match", tag), ("if-modified-since", old)]), 304);
        // Within the second of the last change a time tells two copies apart no more, and then they are sent.
        let ticket = |ticket: &str| {
            w.patch(&format!("{MAINTENANCE}{event}/"), &json!({"internal_ticket": ticket})).expect(200);
        };
        ticket(&format!("{path}-1"));
        assert_eq!(status(path, &[("if-modified-since", time)]), 200);
        w.clock.advance(1);
        ticket(&format!("{path}-2"));
        let changed = w.asked_again(path, &[("if-modified-since", time)]);
        assert_eq!(changed.status, 200);
        assert_ne!(changed.header("last-modified"), time);
        assert_eq!(status(path, &[("if-modified-since", changed.header("last-modified"))]), 304);
    }
}

#[test]
fn row_38_every_change_of_what_it_shows_moves_its_validators() {
    let w = World::new();
    let event = w.maintenance("M-1", 1, 2, json!({}));
    let one = format!("{MAINTENANCE}{event}/");
    let known: std::cell::RefCell<Vec<[(String, String); 2]>> = std::cell::RefCell::default();
    let changed = |what: &str| {
        let now = BOTH.map(|path| {
            let answer = w.feed(path);
            (answer.header("etag").to_owned(), answer.header("last-modified").to_owned())
        });
        for old in known.borrow().iter() {
            for ((path, (tag, time)), now) in BOTH.iter().zip(old).zip(&now) {
                assert_eq!(w.asked_again(path, &[("if-none-match", tag)]).status, 200, "{what}: {path}");
                assert_eq!(w.asked_again(path, &[("if-modified-since", time)]).status, 200, "{what}: {path}");
                assert!(tag != &now.0 && time != &now.1, "{what}: {path}: {now:?}");
            }
        }
        for (path, (tag, time)) in BOTH.iter().zip(&now) {
            assert_eq!(w.asked_again(path, &[("if-none-match", tag)]).status, 304, "{what}: {path}");
            assert_eq!(w.asked_again(path, &[("if-modified-since", time)]).status, 304, "{what}: {path}");
        }
        known.borrow_mut().push(now);
        w.clock.advance(1);
    };
    changed("at first");
    let circuit = w.circuit(w.provider, "IC-1");
    let impact = w.impact(event, "circuits.circuit", circuit, &Value::Null);
    changed("an impact is added");
    w.patch(&format!("{IMPACT}{impact}/"), &json!({"impact": "DEGRADED"})).expect(200);
    changed("an impact is changed");
    w.patch(&format!("/api/circuits/circuits/{circuit}/"), &json!({"cid": "IC-2"})).expect(200);
    changed("the object that it hits is renamed");
    w.delete(&format!("{IMPACT}{impact}/")).expect(204);
    changed("an impact is removed");
    w.patch(&format!("/api/circuits/providers/{}/", w.provider), &json!({"name": "Zayo Group"})).expect(200);
    changed("the provider is renamed");
    // The peer's own actions leave its calendar as it was.
    for action in ["acknowledge", "mark-in-progress", "mark-completed"] {
        w.post(&format!("{one}{action}/"), &json!({})).expect(200);
        changed(action);
    }
    w.patch(&one, &json!({"status": "TENTATIVE"})).expect(200);
    changed("its status is changed");
    w.post(&format!("{one}cancel/"), &json!({})).expect(200);
    changed("cancel");
    let replacement = w.maintenance("M-2", 3, 4, json!({"replaces": event}));
    changed("it is rescheduled");
    w.patch(&one, &json!({"start": w.days(-60), "end": w.days(-50)})).expect(200);
    changed("it is moved out of the window");
    w.check(FEED, &["M-2"]);
    w.patch(&one, &json!({"end": w.days(5)})).expect(200);
    changed("it comes back");
    w.delete(&format!("{MAINTENANCE}{replacement}/")).expect(204);
    changed("another one is deleted");
    w.check(FEED, &["M-1"]);
    // The last validator holds until the moment at which the event leaves the window, and no longer.
    // What was just written is read once more two seconds later.
    w.clock.advance(2);
    let peer = w.feed(FEED).header("etag").to_owned();
    let left = w.now + chrono::Duration::days(35) - w.clock.clock().now();
    w.clock.advance(left.num_seconds() - 1);
    assert_eq!(w.asked_again(FEED, &[("if-none-match", &peer)]).status, 304, "a second before");
    w.clock.advance(1);
    changed("the event leaves the window");
    for path in BOTH {
        w.check(path, &[]);
    }
}
