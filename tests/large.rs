//! What is larger than one transaction, one answer or one turn: long lists, large bulks, many writers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use noticeboard_domain::ids::EventId;
use noticeboard_http::{MAX_ANSWER_BYTES, bytes_on_lambda};
use noticeboard_store::Transaction;
use noticeboard_tests::{Server, at_once, eventually};
use serde_json::{Value, json};

const MAINTENANCE: &str = "/api/plugins/notices/maintenance/";
const IMPACT: &str = "/api/plugins/notices/impact/";
const MAIL: &str = "/api/plugins/notices/eventnotification/";

fn maintenance(server: &Server, provider: u64, more: Value) -> Value {
    let mut body = json!({
        "name": "M-1", "summary": "splice", "provider": provider, "status": "CONFIRMED",
        "start": "2036-12-01T02:00:00Z", "end": "2036-12-01T06:00:00Z",
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.post(MAINTENANCE, &body).expect(201)
}

/// Mails of one event, received a second after another.
fn mails(server: &Server, count: usize, text: &str) -> Vec<Value> {
    let provider = server.provider("Zayo", "zayo");
    let event = maintenance(server, provider, json!({}))["id"].as_u64().unwrap();
    let body = |n: usize| {
        json!({
            "event_content_type": "notices.maintenance", "event_object_id": event, "email_body": text,
            "subject": format!("S-{n}"), "email_from": "noc@zayo.com",
            "email_received": format!("2026-11-01T{:02}:{:02}:{:02}Z", n / 3600, n / 60 % 60, n % 60),
        })
    };
    let bodies: Vec<Value> = (0..count).map(body).collect();
    let made = bodies.chunks(40).map(|chunk| server.post(MAIL, &json!(chunk)).expect(201));
    made.flat_map(|made| made.as_array().unwrap().clone()).collect()
}

#[test]
fn a_page_ends_where_lambda_could_not_send_more_and_the_next_goes_on() {
    const MANY: usize = 400;
    let server = Server::memory();
    // Quotation marks take two bytes of an answer of Lambda.
    mails(&server, MANY, &"\"".repeat(20_000));
    let subjects = |all: &[Value]| all.iter().map(|mail| mail["subject"].as_str().unwrap().to_owned()).collect();
    let expected: Vec<String> = (0..MANY).map(|n| format!("S-{n}")).collect();
    for query in ["limit=0", "limit=0&start=0", "limit=0&start=0&fields=subject,email_body"] {
        let page = server.get(&format!("{MAIL}?{query}"));
        assert!(bytes_on_lambda(&page.text) < MAX_ANSWER_BYTES + 64 * 1024, "{query}: {}", page.text.len());
        let page = page.expect(200);
        assert!((1..MANY).contains(&page["results"].as_array().unwrap().len()), "{query}");
        let found: Vec<String> = subjects(&server.all(&format!("{MAIL}?{query}")));
        assert_eq!(found, expected, "{query}");
    }
    assert_eq!(server.get(&format!("{MAIL}?limit=0&fields=id")).expect(200)["next"], Value::Null);
}

#[test]
fn an_order_that_no_index_has_is_kept_over_many_chunks() {
    const MANY: usize = 1_100;
    let server = Server::memory();
    mails(&server, MANY, "text");
    eventually("the counters", || (server.get(&format!("{MAIL}?limit=1")).expect(200)["count"] == MANY).then_some(()));
    for (offset, limit) in [(0, 3), (2, 4), (500, 30), (MANY - 2, 10), (MANY, 5)] {
        let page = server
            .get(&format!("{MAIL}?ordering=-email_received&limit={limit}&offset={offset}&subject__isw=S-"))
            .expect(200);
        let found: Vec<&str> =
            page["results"].as_array().unwrap().iter().map(|mail| mail["subject"].as_str().unwrap()).collect();
        let expected: Vec<String> = (0..MANY).rev().skip(offset).take(limit).map(|n| format!("S-{n}")).collect();
        assert_eq!((found, &page["count"]), (expected.iter().map(String::as_str).collect(), &json!(MANY)));
    }
}

#[test]
fn a_bulk_larger_than_a_transaction_is_written_whole() {
    let server = Server::memory();
    server.post("/api/extras/tags/", &json!({"name": "Seen", "slug": "seen"})).expect(201);
    let made = mails(&server, 300, &"x".repeat(20_000));
    let changes: Vec<Value> = made.iter().map(|mail| json!({"id": mail["id"], "tags": [{"slug": "seen"}]})).collect();
    server.patch(MAIL, &json!(changes)).expect(200);
    assert_eq!(server.get(&format!("{MAIL}?tag=seen&limit=1")).expect(200)["count"], 300);
    // Each with a note of its own, of which a hundred would be too many for one transaction.
    let notes = made.iter().enumerate();
    let notes: Vec<Value> =
        notes.map(|(n, mail)| json!({"id": mail["id"], "changelog_message": format!("note {n}")})).collect();
    let deleted =
        server.send("DELETE", MAIL, &[("content-type", "application/json")], json!(notes).to_string().as_bytes());
    assert_eq!(deleted.status, 204, "{}", deleted.text);
    assert_eq!(server.all(MAIL), Vec::<Value>::new());
    let id = &made[299]["id"];
    let message = eventually("the record of the deletion", || {
        let path = format!("/api/core/object-changes/?changed_object_id={id}&action=delete");
        server.get(&path).expect(200)["results"].as_array()?.first().map(|change| change["message"].clone())
    });
    assert_eq!(message, "note 299");
    // Nothing is left to be done.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let now = server.app.now() + Duration::from_secs(3600);
    assert_eq!(runtime.block_on(server.app.store().journal(now)).unwrap(), []);
}

#[test]
fn an_event_has_at_most_so_many_impacts() {
    let server = Server::memory();
    let provider = server.provider("Zayo", "zayo");
    let event = maintenance(&server, provider, json!({}))["id"].as_u64().unwrap();
    let circuit = server.circuit(provider, "C-1");
    let body =
        json!({"maintenance": event, "content_type": "circuits.circuit", "object_id": circuit, "impact": "OUTAGE"});
    // As if it had them already: making them takes long.
    let mut transaction = Transaction::new();
    transaction.event_impacts_by_notice(EventId::try_from(event).unwrap(), 5_000);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(server.app.store().commit(transaction, server.app.now())).unwrap();
    let told = server.post(IMPACT, &body).expect(400);
    assert_eq!(told, json!({"event_object_id": ["The event would have more than 5000 impacts (MAX_IMPACTS)."]}));
}

#[test]
fn writers_that_rename_a_site_and_change_what_it_shows_all_get_through() {
    const ROUNDS: usize = 6;
    let server = Server::memory();
    let provider = server.provider("Zayo", "zayo");
    let site = server.post("/api/dcim/sites/", &json!({"name": "Here", "slug": "here"})).expect(201)["id"].clone();
    let circuits: Vec<u64> = (0..8).map(|n| server.circuit(provider, &format!("C-{n}"))).collect();
    let terminations: Vec<Value> = circuits
        .iter()
        .map(|circuit| {
            let body = json!({
                "circuit": circuit, "term_side": "A", "termination_type": "dcim.site", "termination_id": site,
            });
            server.post("/api/circuits/circuit-terminations/", &body).expect(201)["id"].clone()
        })
        .collect();
    at_once(8, |writer| {
        for round in 0..ROUNDS {
            let answer = if writer % 2 == 0 {
                // Several at once go another way than one.
                let body = json!([{"id": site, "name": format!("Here {writer} {round}")}]);
                server.patch("/api/dcim/sites/", &body)
            } else {
                let body = json!({"description": format!("{writer} {round}")});
                let id = &terminations[(writer + round) % terminations.len()];
                server.patch(&format!("/api/circuits/circuit-terminations/{id}/"), &body)
            };
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
    });
    let name = server.get(&format!("/api/dcim/sites/{site}/")).expect(200)["name"].clone();
    for circuit in circuits {
        eventually("the name where it is shown", || {
            let shown = server.get(&format!("/api/circuits/circuits/{circuit}/")).expect(200);
            (shown["termination_a"]["termination"]["name"] == name).then_some(())
        });
    }
}

#[test]
fn of_two_who_reschedule_the_same_version_one_is_refused() {
    let server = Server::memory();
    let provider = server.provider("Zayo", "zayo");
    for round in 0..10 {
        let made = maintenance(&server, provider, json!({"name": format!("M-{round}")}));
        let path = format!("{MAINTENANCE}{}/", made["id"]);
        let etag = server.get(&path).header("etag").to_owned();
        let headers = [("if-match", etag.as_str()), ("content-type", "application/json")];
        let body = json!({"start": "2037-01-01T00:00:00Z"}).to_string();
        let mut statuses =
            at_once(2, |_| server.send("POST", &format!("{path}reschedule/"), &headers, body.as_bytes()).status);
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 412]);
    }
}

#[test]
fn a_status_that_few_have_is_found_among_many() {
    let server = Server::memory();
    let provider = server.provider("Zayo", "zayo");
    let body = |n: usize| {
        let status = if n.is_multiple_of(20) { "CONFIRMED" } else { "COMPLETED" };
        json!({
            "name": format!("M-{n}"), "summary": "splice", "provider": provider, "status": status,
            "start": "2036-12-01T02:00:00Z", "end": "2036-12-01T06:00:00Z",
        })
    };
    server.post(MAINTENANCE, &json!((0..100).map(body).collect::<Vec<_>>())).expect(201);
    eventually("the counters", || {
        (server.get(&format!("{MAINTENANCE}?limit=1")).expect(200)["count"] == 100).then_some(())
    });
    for (query, count) in [
        ("status=CONFIRMED", 5),
        ("status=CONFIRMED&status=TENTATIVE", 5),
        ("status=CONFIRMED&q=m-20", 1),
        ("status=COMPLETED", 95),
        ("status=CONFIRMED&status=COMPLETED", 100),
        ("status=TENTATIVE", 0),
        ("status__n=COMPLETED", 5),
    ] {
        let found = server.get(&format!("{MAINTENANCE}?{query}&limit=2")).expect(200);
        assert_eq!(found["count"], count, "{query}");
    }
    let ids: Vec<u64> =
        server.all(&format!("{MAINTENANCE}?status=CONFIRMED")).iter().map(|one| one["id"].as_u64().unwrap()).collect();
    assert!(ids.is_sorted_by(|a, b| a > b), "newest first: {ids:?}");
}
