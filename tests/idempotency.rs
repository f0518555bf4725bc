//! `Idempotency-Key`: what is sent again is not done again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use noticeboard_app::{Attempt, Begun, Keyed, Settings};
use noticeboard_http::Api;
use noticeboard_store::KeptAnswer;
use noticeboard_tests::{Answer, Client, HandClock, Server, TOKEN, at_once, eventually, sample};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tower::ServiceExt;

const TOKENS: &str = "/api/users/tokens/";
const PROVIDER: &str = "/api/circuits/providers/";
const NOTICES: &str = "/api/plugins/notices";

fn provider(name: &str) -> Value {
    json!({"name": name, "slug": name})
}

fn post(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    client.send("POST", path, &[("idempotency-key", key)], body.to_string().as_bytes())
}

#[track_caller]
fn count(client: &Client, path: &str) -> u64 {
    client.get(path).expect(200)["count"].as_u64().unwrap()
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == "true"
}

/// What a repetition has in common with the first answer.
fn essence(answer: &Answer) -> (u16, String, [String; 3]) {
    let headers = ["content-type", "location", "etag"].map(|name| answer.header(name).to_owned());
    (answer.status, answer.text.clone(), headers)
}

#[test]
fn a_repetition_has_the_first_answer() {
    let server = Server::memory();
    let owner = server.provider("Zayo", "zayo");
    let circuit = server.circuit(owner, "IC-1");
    let window = json!({
        "name": "M-1", "summary": "splice", "status": "CONFIRMED", "provider": owner,
        "start": "2026-12-01T02:00:00Z", "end": "2026-12-01T06:00:00Z",
    });
    let event = server.post(&format!("{NOTICES}/maintenance/"), &window).expect(201)["id"].clone();
    let impact = json!({
        "event_content_type": "notices.maintenance", "event_object_id": event,
        "target_content_type": "circuits.circuit", "target_object_id": circuit, "impact": "OUTAGE",
    });
    let mail = json!({
        "event_content_type": "notices.maintenance", "event_object_id": event, "email_body": "Work.", "subject": "M-1",
        "email_from": "noc@zayo.example", "email_received": "2026-11-20T08:00:00Z",
    });
    let outage = json!({"name": "O-1", "summary": "cut", "status": "REPORTED", "provider": owner});
    // Every POST that makes something: its path, a body, and a list that grows by one.
    for (path, body) in [
        ("maintenance", window),
        ("outage", outage),
        ("impact", impact),
        ("eventnotification", mail),
        (PROVIDER, provider("arelion")),
        ("/api/circuits/circuits/", json!({"cid": "IC-2", "provider": owner})),
    ] {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("{NOTICES}/{path}/") };
        let before = count(&server, &path);
        let first = post(&server, &path, "k-1", &body);
        assert_eq!((first.status, replayed(&first)), (201, false), "{path}: {first:?}");
        assert!(!first.header("location").is_empty() && !first.header("etag").is_empty());
        for _ in 0..2 {
            let again = post(&server, &path, "k-1", &body);
            assert_eq!(essence(&again), essence(&first), "{path}");
            assert!(replayed(&again));
            assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
        }
        let other = body.to_string() + " ";
        let reused = server.send("POST", &path, &[("idempotency-key", "k-1")], other.as_bytes());
        let detail = reused.expect(422)["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("another body"), "{detail}");
        let query = post(&server, &format!("{path}?brief=true"), "k-1", &body);
        assert_eq!(query.status, 422, "another query is another request");
        eventually("the count", || (count(&server, &path) == before + 1).then_some(()));
    }
    // A mail has no address of its own, and an answer all the same.
    let take_in = || {
        server.send(
            "POST",
            &format!("{NOTICES}/inbound-mail/"),
            &[("idempotency-key", "m")],
            &sample("maintenance.eml"),
        )
    };
    let first = take_in();
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(essence(&take_in()), essence(&first), "not the 200 of a second delivery");
}

#[test]
fn a_key_belongs_to_one_user_and_path() {
    let server = Server::memory();
    let clients = ["noc", "scripts"].map(|user| {
        let made = server.post(TOKENS, &json!({"user": user, "scope": "write"})).expect(201);
        server.with_token(made["token"].as_str())
    });
    let made =
        clients.each_ref().map(|client| post(client, PROVIDER, "k", &provider(&client.token.clone().unwrap()[4..16])));
    let same_user = server.post(TOKENS, &json!({"user": "noc", "scope": "write"})).expect(201);
    let same_user = server.with_token(same_user["token"].as_str());
    let again = post(&same_user, PROVIDER, "k", &provider(&clients[0].token.clone().unwrap()[4..16]));
    assert_eq!((essence(&again), replayed(&again)), (essence(&made[0]), true), "another token of the same user");
    assert!(made.iter().all(|answer| answer.status == 201 && !replayed(answer)), "{made:?}");
    let circuit = json!({"cid": "IC-1", "provider": made[0].json()["id"]});
    assert_eq!(post(&clients[0], "/api/circuits/circuits/", "k", &circuit).status, 201);
    // Only a POST has a key.
    let path = made[0].header("location").strip_prefix(&server.url).unwrap().to_owned();
    for description in ["a", "b"] {
        let body = json!({ "description": description }).to_string();
        let changed = server.send("PATCH", &path, &[("idempotency-key", "k")], body.as_bytes()).expect(200);
        assert_eq!(changed["description"], description);
    }
}

#[test]
fn a_key_has_its_form() {
    let server = Server::memory();
    let longest = "k".repeat(255);
    for (n, key) in ["x", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "!~", &longest].iter().enumerate() {
        assert_eq!(post(&server, PROVIDER, key, &provider(&format!("p{n}"))).status, 201, "{key}");
    }
    for key in ["", " ", "a b", "a\tb", &format!("{longest}k")] {
        let answer = post(&server, PROVIDER, key, &provider("q"));
        assert_eq!(answer.status, 400, "{key}: {answer:?}");
        assert!(answer.json()["detail"].as_str().unwrap().starts_with("Idempotency-Key: "), "{answer:?}");
    }
    let two = [("idempotency-key", "a"), ("idempotency-key", "b")];
    server.send("POST", PROVIDER, &two, provider("q").to_string().as_bytes()).expect(400);
    assert_eq!(count(&server, PROVIDER), 4);
}

#[test]
fn a_refusal_is_kept_but_not_one_of_the_caller() {
    let server = Server::memory();
    let bad = post(&server, PROVIDER, "bad", &json!({"name": "x"}));
    assert_eq!(bad.status, 400);
    let again = post(&server, PROVIDER, "bad", &json!({"name": "x"}));
    assert_eq!((essence(&again), replayed(&again)), (essence(&bad), true));
    assert_eq!(post(&server, PROVIDER, "bad", &provider("x")).status, 422);

    let made = server.post(TOKENS, &json!({"user": "noc", "scope": "read"})).expect(201);
    let reader = server.with_token(made["token"].as_str());
    let mine = |client: &Client, path: &str, body: Value| post(client, path, "mine", &body);
    assert_eq!(mine(&reader, PROVIDER, provider("y")).status, 403);
    assert_eq!(mine(&server.with_token(None), PROVIDER, provider("y")).status, 403);
    let path = format!("{TOKENS}{}/", made["id"]);
    server.patch(&path, &json!({"scope": "write"})).expect(200);
    // The same, now that it may: nothing was kept of the refusals.
    assert_eq!(mine(&reader, PROVIDER, provider("y")).status, 201);
    let token = json!({"user": "x", "scope": "read"});
    assert_eq!(mine(&reader, TOKENS, token.clone()).status, 403, "an administrator's business");
    server.patch(&path, &json!({"scope": "admin"})).expect(200);
    assert_eq!(mine(&reader, TOKENS, token).status, 201);
}

#[test]
fn a_secret_is_not_kept() {
    let server = Server::memory();
    let body = json!({"user": "noc", "scope": "read"});
    let first = post(&server, TOKENS, "k", &body);
    assert_eq!(first.status, 201);
    let again = post(&server, TOKENS, "k", &body);
    assert_eq!((again.status, again.header("location")), (201, first.header("location")));
    let detail = again.json();
    assert!(detail["detail"].as_str().unwrap().contains("was carried out before"), "{detail}");
    assert_eq!(detail.as_object().unwrap().len(), 1, "{detail}");
    assert_eq!(count(&server, TOKENS), 1);
}

#[test]
fn of_twenty_at_once_one_is_done() {
    let server = Server::memory();
    for round in 0..3 {
        let (key, body) = (format!("k{round}"), provider(&format!("p{round}")));
        let answers = at_once(20, |_| {
            let client = server.with_token(Some(TOKEN));
            eventually("an answer", || {
                let answer = post(&client, PROVIDER, &key, &body);
                if answer.status == 409 {
                    assert_eq!(answer.header("retry-after"), "1", "{answer:?}");
                    assert!(answer.json()["detail"].as_str().unwrap().contains("still running"), "{answer:?}");
                    return None;
                }
                Some(answer)
            })
        });
        assert!(answers.iter().all(|answer| essence(answer) == essence(&answers[0])), "{answers:?}");
        assert_eq!(answers[0].status, 201, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| !replayed(answer)).count(), 1);
    }
    eventually("the count", || (count(&server, PROVIDER) == 3).then_some(()));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Begins a request as the server does, and stops there, as in a crash.
fn begin(server: &Server, key: &str, body: &Value) -> Attempt {
    let keyed = Keyed::new("admin", "POST", PROVIDER, key, "", body.to_string().as_bytes());
    match block_on(server.app.idempotency_begin(&keyed)).unwrap() {
        Begun::New(attempt) => attempt,
        Begun::Done(_) | Begun::Running | Begun::Reused => panic!("{key} is not new"),
    }
}

#[test]
fn what_a_crash_left_can_be_done_again() {
    let clock = HandClock::default();
    let server = Server::with_clock(Settings::default(), clock.clock());
    let body = provider("arelion");
    let crashed = begin(&server, "k", &body);
    let running = |server: &Server| {
        let answer = post(server, PROVIDER, "k", &body);
        (answer.status, answer.header("retry-after").to_owned())
    };
    assert_eq!(running(&server), (409, "1".into()));
    assert_eq!(post(&server, PROVIDER, "k", &provider("other")).status, 422);
    clock.advance(89);
    assert_eq!(running(&server), (409, "1".into()));
    clock.advance(1);
    // Nobody works on it any more. Of those who come now, one does it.
    let answers = at_once(10, |_| {
        let client = server.with_token(Some(TOKEN));
        eventually("an answer", || Some(post(&client, PROVIDER, "k", &body)).filter(|answer| answer.status != 409))
    });
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| !replayed(answer)).count(), 1, "{answers:?}");
    // The one that was thought dead comes back: it is too late.
    let late = KeptAnswer { status: 200, content_type: None, location: None, etag: None, body: Some("late".into()) };
    block_on(server.app.idempotency_end(crashed, Some(late))).unwrap();
    let again = post(&server, PROVIDER, "k", &body);
    assert_eq!(essence(&again), essence(&answers[0]));
}

#[test]
fn a_failure_of_ours_frees_the_key() {
    let server = Server::memory();
    let body = provider("arelion");
    let attempt = begin(&server, "k", &body);
    assert_eq!(post(&server, PROVIDER, "k", &body).status, 409);
    // As after a 5xx.
    block_on(server.app.idempotency_end(attempt, None)).unwrap();
    let made = post(&server, PROVIDER, "k", &body);
    assert_eq!((made.status, replayed(&made)), (201, false));
}

#[test]
fn a_key_is_free_after_a_day() {
    let clock = HandClock::default();
    let server = Server::with_clock(Settings::default(), clock.clock());
    let made = post(&server, PROVIDER, "k", &provider("a"));
    clock.advance(24 * 3600 - 1);
    assert_eq!(essence(&post(&server, PROVIDER, "k", &provider("a"))), essence(&made));
    clock.advance(1);
    let other = post(&server, PROVIDER, "k", &provider("b"));
    assert_eq!((other.status, replayed(&other)), (201, false), "{other:?}");
    assert_eq!(post(&server, PROVIDER, "k", &provider("a")).status, 422);
}

#[test]
fn an_answer_is_kept_up_to_its_limit() {
    let server = Server::memory();
    // Quotes and letters of three bytes: what is kept is counted in bytes as they were sent.
    for (more, kept) in [(0, true), (1, false)] {
        let key = format!("k{more}");
        let body = format!("\"{}{}\"", "€".repeat(102_399), "\"".repeat(1 + more));
        assert_eq!(body.len(), 300 * 1024 + more);
        let attempt = begin(&server, &key, &provider("a"));
        let answer = KeptAnswer {
            status: 201,
            content_type: Some("application/json".into()),
            location: Some("https://nb.example/x/".into()),
            etag: Some("\"1.a\"".into()),
            body: Some(body.clone()),
        };
        block_on(server.app.idempotency_end(attempt, Some(answer))).unwrap();
        let again = post(&server, PROVIDER, &key, &provider("a"));
        assert_eq!((again.status, replayed(&again)), (201, true));
        assert_eq!(again.header("location"), "https://nb.example/x/");
        if kept {
            assert_eq!(again.text, body);
        } else {
            assert!(again.json()["detail"].as_str().unwrap().contains("too large"), "{again:?}");
        }
    }
}

/// A server drops what it does for a client that is gone. Here the routes are asked without a server, so that it happens
/// in the middle of the request for certain.
#[tokio::test]
async fn a_request_is_done_although_its_client_is_gone() {
    let settings = Settings { admin_token: Some(TOKEN.into()), ..Settings::default() };
    let app = noticeboard_local::open(&noticeboard_local::Storage::Memory, settings).await.unwrap();
    let (gate, times) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (opened, begun) = (gate.clone(), times.clone());
    let slow = move || async move {
        begun.add_permits(1);
        opened.acquire().await.unwrap().forget();
        (StatusCode::CREATED, "done")
    };
    let api = Arc::new(Api { app, base_url: None });
    let routes = noticeboard_http::finish(api, Router::new().route("/slow/", axum::routing::post(slow)));
    let send = || {
        let request = Request::post("/slow/").header("authorization", format!("Token {TOKEN}"));
        routes.clone().oneshot(request.header("idempotency-key", "k").body(Body::empty()).unwrap())
    };
    let first = tokio::spawn(send());
    times.acquire().await.unwrap().forget();
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(send().await.unwrap().status(), StatusCode::CONFLICT);
    gate.add_permits(1);
    let again = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let answer = send().await.unwrap();
            if answer.status() != StatusCode::CONFLICT {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    });
    let again = again.await.unwrap();
    assert_eq!(
        (again.status(), &again.headers()["idempotent-replayed"]),
        (StatusCode::CREATED, &"true".parse().unwrap())
    );
    assert_eq!(times.available_permits(), 0, "it was not done twice");
}

#[test]
fn a_large_body_is_refused_with_a_key_as_without() {
    let server = Server::memory();
    let body = json!({"name": "x".repeat(3 << 20)});
    for key in [None, Some("k")] {
        let headers: Vec<(&str, &str)> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
        let answer = server.send("POST", PROVIDER, &headers, body.to_string().as_bytes()).expect(413);
        assert!(answer["detail"].as_str().unwrap().contains("MAX_BODY_BYTES"), "{answer}");
    }
}
