//! The calendar while it changes: whoever asks after a write was answered is told of it, however many write; and what the
//! entries themselves say of when they changed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use noticeboard_app::{App, Settings};
use noticeboard_domain::change::Expected;
use noticeboard_domain::event::{EventChanges, EventKind};
use noticeboard_domain::fields::{Name, Summary};
use noticeboard_domain::inventory::{Label, ProviderChanges, Slug};
use noticeboard_domain::status::{MaintenanceStatus, Status};
use noticeboard_http::Api;
use noticeboard_local::engine::Engine;
use noticeboard_store::{Bucket, Store};
use noticeboard_tests::house::actor;
use tower::ServiceExt;

use noticeboard_tests::calendar::{Component, DOCUMENTED, FEED, IMPACT, MAINTENANCE, World};
use noticeboard_tests::{Client, HandClock, Process, TOKEN};
use serde_json::{Value, json};

/// Asks again with the validator of the last copy, which the copy that comes replaces.
#[track_caller]
fn again(client: &Client, path: &str, tag: &mut String) -> Component {
    let answer = client.send("GET", path, &[("if-none-match", tag)], b"");
    assert_eq!(answer.status, 200, "{path}: a change was answered, and the calendar is said to be the same");
    *tag = answer.header("etag").to_owned();
    Component::parse(&answer.text)
}

/// Makes the change with this number.
type Write<'a> = &'a (dyn Fn(&Client, usize) + Sync);
/// Looks for it in a calendar.
type Check<'a> = &'a (dyn Fn(&Component, usize) + Sync);

#[test]
fn who_has_written_reads_it_whoever_else_writes() {
    const ROUNDS: usize = 12;
    let w = World::new();
    let device = {
        let site = w.post("/api/dcim/sites/", &json!({"name": "Riga", "slug": "riga"})).expect(201)["id"].clone();
        w.post("/api/dcim/devices/", &json!({"name": "d1", "site": site})).expect(201)["id"].as_u64().unwrap()
    };
    w.post("/api/extras/tags/", &json!({"name": "Core", "slug": "core"})).expect(201);
    let own = |name: &str| w.maintenance(name, 1, 2, json!({"comments": "0"}));
    let (edited, hit, filtered) = (own("edited"), own("hit"), own("filtered"));
    w.impact(hit, "dcim.device", device, &json!("OUTAGE"));
    // More than one transaction holds.
    let many: Vec<u64> = (0..40).map(|n| w.maintenance(&format!("many-{n}"), 3, 4, json!({}))).collect();
    let one = |id: u64| format!("{MAINTENANCE}{id}/");
    let comments = |entry: &Component| entry.one("DESCRIPTION").lines().last().unwrap().to_owned();
    let writers: [(&str, Write<'_>, Check<'_>); 5] = [
        (
            FEED,
            &|client, n| drop(client.patch(&one(edited), &json!({"comments": n.to_string()})).expect(200)),
            &|calendar, n| assert_eq!(comments(calendar.entry("edited")), n.to_string()),
        ),
        (
            DOCUMENTED,
            &|client, n| {
                let body: Vec<Value> =
                    many.iter().map(|id| json!({"id": id, "internal_ticket": format!("T{n}")})).collect();
                client.patch(MAINTENANCE, &json!(body)).expect(200);
            },
            &|calendar, n| {
                for at in 0..many.len() {
                    let text = calendar.entry(&format!("many-{at}")).one("DESCRIPTION");
                    assert!(text.contains(&format!("\nInternal Ticket: T{n}")), "{text}");
                }
            },
        ),
        (
            FEED,
            &|client, n| {
                let path = format!("/api/circuits/providers/{}/", w.provider);
                client.patch(&path, &json!({"name": format!("Zayo {n}")})).expect(200);
            },
            &|calendar, n| assert_eq!(calendar.entry("edited").one("LOCATION"), format!("Zayo {n}")),
        ),
        (
            "/plugins/notices/ical/maintenances.ics?site=riga",
            &|client, n| {
                let path = format!("/api/dcim/devices/{device}/");
                client.patch(&path, &json!({"name": format!("device-{n}")})).expect(200);
            },
            &|calendar, n| {
                let text = calendar.entry("hit").one("DESCRIPTION");
                assert!(text.contains(&format!("- device-{n} (OUTAGE)")), "{text}");
            },
        ),
        (
            "/api/plugins/notices/ical/?tag=core",
            &|client, n| {
                let tags = if n % 2 == 0 { json!([{"slug": "core"}]) } else { json!([]) };
                client.patch(&one(filtered), &json!({"tags": tags})).expect(200);
            },
            &|calendar, n| assert_eq!(calendar.names(), if n % 2 == 0 { &["filtered"][..] } else { &[] }),
        ),
    ];
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for (path, write, check) in writers {
            let (client, done) = (w.with_token(Some(TOKEN)), &done);
            scope.spawn(move || {
                let mut tag = String::new();
                for n in 0..ROUNDS {
                    write(&client, n);
                    check(&again(&client, path, &mut tag), n);
                    done.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(done.load(Ordering::SeqCst), ROUNDS * writers.len());
}

#[test]
fn what_an_entry_says_of_its_last_change_only_moves_forward() {
    let w = World::new();
    let event = w.maintenance("M-1", 1, 2, json!({}));
    let circuit = w.circuit(w.provider, "IC-1");
    let entry = |name: &str| {
        let calendar = Component::parse(&w.feed(DOCUMENTED).text);
        let entry = calendar.entry(name);
        (entry.raw("SEQUENCE").parse::<u64>().unwrap(), entry.raw("LAST-MODIFIED").to_owned())
    };
    let mut before = entry("M-1");
    let mut changed = |what: &str, rises: u64| {
        let after = entry("M-1");
        assert_eq!(after.0, before.0 + rises, "{what}");
        assert!(after.1 > before.1, "{what}: {after:?} after {before:?}");
        before = after;
        w.clock.advance(60);
    };
    w.clock.advance(60);
    let impact = w.impact(event, "circuits.circuit", circuit, &json!("OUTAGE"));
    changed("an impact is added", 1);
    w.patch(&format!("/api/circuits/circuits/{circuit}/"), &json!({"cid": "IC-2"})).expect(200);
    changed("what it hits is renamed", 0);
    w.patch(&format!("/api/circuits/providers/{}/", w.provider), &json!({"name": "Zayo Group"})).expect(200);
    changed("the provider is renamed", 0);
    w.patch(&format!("{IMPACT}{impact}/"), &json!({"impact": "DEGRADED"})).expect(200);
    changed("an impact is changed", 1);
    w.delete(&format!("{IMPACT}{impact}/")).expect(204);
    changed("an impact is removed", 1);
    // An end that is now moves without anybody's doing.
    w.outage("O-1", -1, json!({}));
    let first = entry("O-1");
    w.clock.advance(120);
    let second = entry("O-1");
    assert!(second.0 == first.0 && second.1 > first.1, "{first:?}, {second:?}");
}

/// A time tells copies apart by the second: what was sent with the present one's is sent again rather than trusted, also
/// when a writer's clock is behind.
#[test]
fn a_time_that_another_copy_was_sent_with_is_not_trusted() {
    let w = World::new();
    let event = w.maintenance("M-1", 1, 2, json!({}));
    let patch = |ticket: &str| {
        drop(w.patch(&format!("{MAINTENANCE}{event}/"), &json!({"internal_ticket": ticket})).expect(200))
    };
    let check = |time: &str, status: u16| {
        assert_eq!(w.asked_again(FEED, &[("if-modified-since", time)]).status, status, "{time}");
    };
    let first = w.feed(FEED).header("last-modified").to_owned();
    check(&first, 304);
    w.clock.advance(-30);
    patch("written with a clock that is behind");
    w.clock.advance(30);
    check(&first, 200);
    w.clock.advance(1);
    patch("written with a clock that is right");
    let second = w.feed(FEED).header("last-modified").to_owned();
    assert_ne!(first, second);
    check(&first, 200);
    check(&second, 304);
}

#[test]
fn a_token_in_an_address_reaches_no_log() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::with_settings(folder.path(), &[], &[("RUST_LOG", "trace")]);
    let made = process.post("/api/users/tokens/", &json!({"user": "kim", "scope": "feed"})).expect(201);
    let (token, secret) = (made["token"].as_str().unwrap(), "wrong-0123456789");
    let nobody = process.with_token(None);
    for path in [FEED, DOCUMENTED, "/api/plugins/notices/maintenance/1/ical/", "/api/plugins/notices/nothing/"] {
        for query in [format!("token={token}"), format!("token={secret}"), format!("site=nowhere&token={token}")] {
            assert!(nobody.get(&format!("{path}?{query}")).status >= 200);
        }
    }
    let lines = process.kill();
    assert!(lines.iter().any(|line| line.contains("TRACE") || line.contains("DEBUG")), "it says all that it can say");
    let text = token.rsplit('.').next().unwrap();
    for line in lines {
        assert!(!line.contains(text) && !line.contains(secret), "{line}");
    }
}

/// DynamoDB shows the items of a transaction one by one: a reader can see the stamp of a change and still the old event.
/// Here the old event is put back for a while, past every use case.
#[tokio::test]
#[allow(clippy::disallowed_methods, reason = "what DynamoDB shows in between is written by hand")]
async fn a_change_that_the_table_shows_late_is_seen() {
    let engine = Engine::memory().unwrap();
    let store = Store::new(engine.dynamodb(), "late");
    store.create_if_missing().await.unwrap();
    let clock = HandClock::default();
    let settings = Settings { admin_token: Some(TOKEN.into()), ..Settings::default() };
    let app = App::new(store, Bucket::memory(), clock.clock(), settings);
    let api = Arc::new(Api { app: app.clone(), base_url: None });
    let routes = noticeboard_http::finish(api.clone(), noticeboard_ical_feed::router(api));
    let ask = async |tag: &str| {
        let request = Request::get(FEED).header("authorization", format!("Token {TOKEN}"));
        let request = request.header("if-none-match", tag).body(Body::empty()).unwrap();
        let answer = routes.clone().oneshot(request).await.unwrap();
        let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, tag, String::from_utf8(body.to_vec()).unwrap())
    };

    let provider = ProviderChanges {
        name: Some(Label::parse("Zayo").unwrap()),
        slug: Some(Slug::parse("zayo").unwrap()),
        ..ProviderChanges::default()
    };
    let provider = app.provider_create(&actor("noc"), provider).await.unwrap().id;
    let changes = EventChanges {
        name: Some(Name::parse("M-1").unwrap()),
        summary: Some(Summary::parse("before").unwrap()),
        provider: Some(provider),
        status: Some(Status::Maintenance(MaintenanceStatus::Confirmed)),
        start: Some(app.now() + chrono::Duration::days(1)),
        end: Some(Some(app.now() + chrono::Duration::days(2))),
        ..EventChanges::default()
    };
    let kind = EventKind::Maintenance;
    let id = app.event_create(&actor("noc"), kind, changes).await.unwrap().stored.event.id;
    let (_, first, text) = ask("").await;
    assert!(text.contains("before"), "{text}");

    let get = || {
        let key = |text: String| AttributeValue::S(text);
        let get = engine.dynamodb().get_item().table_name("late").consistent_read(true);
        get.key("PK", key(format!("EVENT#{:016}", id.get()))).key("SK", key("EVENT".into())).send()
    };
    let put = async |item| engine.dynamodb().put_item().table_name("late").set_item(item).send().await.unwrap();
    let old = get().await.unwrap().item;
    let changes = EventChanges { summary: Some(Summary::parse("after").unwrap()), ..EventChanges::default() };
    app.event_change(&actor("noc"), kind, id, changes, &Expected::default()).await.unwrap();
    let new = get().await.unwrap().item;
    put(old).await;
    let (status, between, text) = ask(&first).await;
    assert_eq!((status, text.contains("before")), (200, true), "the test shows nothing: {text}");
    put(new).await;
    clock.advance(2);
    let (status, settled, text) = ask(&between).await;
    assert_eq!((status, text.contains("after")), (200, true), "{text}");
    // And that is the end of it.
    for _ in 0..3 {
        clock.advance(2);
        let (status, tag, _) = ask(&settled).await;
        assert_eq!((status, &tag), (304, &settled));
    }
}
