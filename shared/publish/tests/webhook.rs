//! Webhooks, to a receiver that verifies signatures with the library of the specification's authors.

#![allow(clippy::unwrap_used)]

mod common;

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use chrono::{DateTime, Utc};
use common::{SECRET, broker, broker_at, event, refused};
use noticeboard_publish::{Broker, MAX_PAUSE};
use serde_json::{Value, json};
use standardwebhooks::Webhook;

/// 64 bytes, another secret.
const NEW_SECRET: &str =
    "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3ODkrLw==";
/// 24 bytes that nobody signs with.
const OTHER_SECRET: &str = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY";
/// How large the pieces of an endless answer are, in bytes.
const PIECE: usize = 16 * 1024;

/// What a receiver has seen.
#[derive(Clone, Default)]
struct Receiver {
    port: u16,
    taken: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    at_target: Arc<AtomicUsize>,
    pieces: Arc<AtomicUsize>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self { port: listener.local_addr().unwrap().port(), ..Self::default() };
        let (taken, at_target, pieces) = (receiver.taken.clone(), receiver.at_target.clone(), receiver.pieces.clone());
        let take = move |headers: HeaderMap, body: Bytes| async move {
            taken.lock().unwrap().push((headers, body));
            StatusCode::NO_CONTENT
        };
        let target = move || async move { at_target.fetch_add(1, Ordering::SeqCst).to_string() };
        let endless = move || async move {
            let piece = move |()| {
                pieces.fetch_add(1, Ordering::SeqCst);
                async { Some((Ok::<_, Infallible>(vec![b'x'; PIECE]), ())) }
            };
            (StatusCode::INTERNAL_SERVER_ERROR, Body::from_stream(futures_util::stream::unfold((), piece)))
        };
        let router = Router::new()
            .route("/take", post(take))
            .route("/target", any(target))
            .route("/answer/{status}", post(answer))
            .route("/retry/{status}/{after}", post(retry))
            .route("/text/{status}/{text}", post(with_text))
            .route("/endless", post(endless))
            .route("/silent", post(std::future::pending::<()>));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// A webhook to this path, signed with [`SECRET`].
    fn webhook(&self, path: &str) -> Value {
        json!({"type": "webhook", "url": self.url(path), "secrets": [SECRET], "allow_private": true})
    }

    fn taken(&self) -> Vec<(HeaderMap, Bytes)> {
        self.taken.lock().unwrap().clone()
    }
}

/// An answer of this status; a redirect goes to the target.
async fn answer(Path(status): Path<u16>) -> Response {
    (StatusCode::from_u16(status).unwrap(), [(header::LOCATION, "/target")], "").into_response()
}

async fn retry(Path((status, after)): Path<(u16, String)>) -> Response {
    (StatusCode::from_u16(status).unwrap(), [(header::RETRY_AFTER, after)]).into_response()
}

async fn with_text(Path((status, text)): Path<(u16, String)>) -> Response {
    (StatusCode::from_u16(status).unwrap(), text).into_response()
}

/// The machine's time, which the verifying library reads as well.
#[allow(clippy::disallowed_methods)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[tokio::test]
async fn a_webhook_is_signed_by_every_secret() {
    let receiver = Receiver::start().await;
    let mut settings = receiver.webhook("/take");
    settings["secrets"] = json!([SECRET, NEW_SECRET]);
    let sent = event(3, "Zürich");
    broker_at(&settings, now()).send(&sent).await.unwrap();
    settings["secrets"] = json!([NEW_SECRET]);
    settings["payload"] = json!("bare");
    broker_at(&settings, now()).send(&sent).await.unwrap();

    let [(both, whole), (new, bare)] = receiver.taken().try_into().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&whole).unwrap(), serde_json::to_value(&sent).unwrap());
    assert_eq!(serde_json::from_slice::<Value>(&bare).unwrap(), json!(sent.data));
    for (headers, media_type) in [(&both, "application/cloudevents+json"), (&new, "application/json")] {
        assert_eq!(headers["webhook-id"], "notices.outage:7:3");
        assert_eq!(headers[header::CONTENT_TYPE], media_type);
    }
    assert_eq!(both["webhook-signature"].to_str().unwrap().split(' ').count(), 2);

    let verifies =
        |secret: &str, headers: &HeaderMap, body: &[u8]| Webhook::new(secret).unwrap().verify(body, headers).is_ok();
    assert!(verifies(SECRET, &both, &whole) && verifies(NEW_SECRET, &both, &whole));
    assert!(verifies(NEW_SECRET, &new, &bare) && !verifies(SECRET, &new, &bare));
    assert!(!verifies(OTHER_SECRET, &both, &whole));
    assert!(!verifies(SECRET, &both, &bare), "another body");
    for (name, value) in [("webhook-id", "notices.outage:7:4"), ("webhook-timestamp", "1")] {
        let mut changed = both.clone();
        changed.insert(name, value.parse().unwrap());
        assert!(!verifies(SECRET, &changed, &whole), "another {name}");
    }
}

#[tokio::test]
async fn a_signature_is_what_the_library_makes_of_the_same() {
    let receiver = Receiver::start().await;
    let now = DateTime::from_timestamp(1_796_119_200, 999_000_000).unwrap();
    broker_at(&receiver.webhook("/take"), now).send(&event(1, "x")).await.unwrap();
    let [(headers, body)] = receiver.taken().try_into().unwrap();
    assert_eq!(headers["webhook-timestamp"], "1796119200");
    let expected = Webhook::new(SECRET).unwrap().sign("notices.outage:7:1", 1_796_119_200, &body).unwrap();
    assert_eq!(headers["webhook-signature"], expected);
}

/// A message to this path fails with a reason that contains `expected`, and asks for this pause.
#[track_caller]
fn check(sent: Result<(), noticeboard_publish::SendError>, broker: &Broker, expected: &str, pause: Option<Duration>) {
    let found = sent.as_ref().unwrap_err().retry_after;
    let detail = refused(sent, broker, SECRET);
    assert!(detail.contains(expected), "'{detail}', not '{expected}'");
    assert_eq!(found, pause, "{detail}");
}

#[tokio::test]
async fn only_2xx_is_success_and_redirects_are_not_followed() {
    let receiver = Receiver::start().await;
    for status in [200, 201, 202, 299] {
        broker(&receiver.webhook(&format!("/answer/{status}"))).send(&event(1, "")).await.unwrap();
    }
    for status in [300, 301, 302, 303, 304, 307, 308] {
        let broker = broker(&receiver.webhook(&format!("/answer/{status}")));
        let expected = format!("127.0.0.1 answered {status} (redirects are not followed)");
        check(broker.send(&event(1, "")).await, &broker, &expected, None);
    }
    assert_eq!(receiver.at_target.load(Ordering::SeqCst), 0);
    for status in [400, 401, 404, 429, 500, 502, 503, 504] {
        let broker = broker(&receiver.webhook(&format!("/answer/{status}")));
        check(broker.send(&event(1, "")).await, &broker, &format!("127.0.0.1 answered {status}"), None);
    }
    let gone = broker(&receiver.webhook("/answer/410"));
    check(gone.send(&event(1, "")).await, &gone, "127.0.0.1 answered 410", Some(MAX_PAUSE));
}

#[tokio::test]
async fn a_receiver_says_when_to_come_back() {
    let receiver = Receiver::start().await;
    let now: DateTime<Utc> = "2026-12-01T10:00:00Z".parse().unwrap();
    let cases: [(u16, &str, Option<u64>); 9] = [
        (429, "120", Some(120)),
        (503, "0", Some(0)),
        (503, "1000000", Some(MAX_PAUSE.as_secs())),
        (503, "Tue, 01 Dec 2026 10:02:30 GMT", Some(150)),
        (429, "Tuesday, 01-Dec-26 10:02:30 GMT", Some(150)),
        (429, "Tue, 01 Dec 2026 09:00:00 GMT", Some(0)),
        (503, "Fri, 01 Dec 2028 09:00:00 GMT", Some(MAX_PAUSE.as_secs())),
        (503, "-5", None),
        (429, "soon", None),
    ];
    for (status, after, expected) in cases {
        let path = format!("/retry/{status}/{}", after.replace(' ', "%20"));
        let broker = broker_at(&receiver.webhook(&path), now);
        check(broker.send(&event(1, "")).await, &broker, &status.to_string(), expected.map(Duration::from_secs));
    }
}

#[tokio::test]
async fn an_answer_is_told_in_part_and_on_one_line() {
    let receiver = Receiver::start().await;
    let broker = broker(&receiver.webhook("/text/400/%1B[31mno%0D%0A%00such%20hook"));
    let detail = refused(broker.send(&event(1, "")).await, &broker, SECRET);
    assert_eq!(detail, "127.0.0.1 answered 400: [31mno   such hook");
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let receiver = Receiver::start().await;
    let broker = broker(&receiver.webhook("/endless"));
    let detail = refused(broker.send(&event(1, "")).await, &broker, SECRET);
    assert_eq!(detail, format!("127.0.0.1 answered 500: {}", "x".repeat(200)));
    // What the machine's buffers hold, at most.
    let sent = receiver.pieces.load(Ordering::SeqCst) * PIECE;
    assert!(sent < 16 * 1024 * 1024, "{sent} bytes");
}

#[tokio::test]
async fn a_receiver_that_says_nothing_costs_no_more_than_the_time_limit() {
    let receiver = Receiver::start().await;
    let broker = broker(&receiver.webhook("/silent")).with_time_limit(Duration::from_millis(200));
    let start = Instant::now();
    check(broker.send(&event(1, "")).await, &broker, "no answer within 200ms", None);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_name_of_a_private_address_is_refused_unless_that_is_allowed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("https://localhost:{}/hunter2", listener.local_addr().unwrap().port());
    let refusing = broker(&json!({"type": "webhook", "url": url, "secrets": [SECRET]}));
    let sent = refusing.send(&event(1, "")).await;
    let detail = refused(sent, &refusing, "hunter2");
    assert!(detail.contains(r#"1 is a private address: set "allow_private" to send there"#), "{detail}");
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "it was connected to");

    let receiver = Receiver::start().await;
    let mut settings = receiver.webhook("/take");
    settings["url"] = json!(receiver.url("/take").replace("127.0.0.1", "localhost"));
    broker(&settings).send(&event(1, "")).await.unwrap();
    assert_eq!(receiver.taken().len(), 1);
}

#[tokio::test]
async fn a_receiver_that_is_away_fails_and_its_path_is_not_told() {
    let port = common::free_port();
    let url = format!("http://127.0.0.1:{port}/hunter2?token=hunter2");
    let broker = broker(&json!({"type": "webhook", "url": url, "secrets": [SECRET], "allow_private": true}));
    let detail = refused(broker.send(&event(1, "")).await, &broker, "hunter2");
    assert!(detail.starts_with("127.0.0.1: ") && detail.contains("refused"), "{detail}");
}

#[tokio::test]
async fn a_message_that_is_too_large_goes_without_its_payload() {
    let receiver = Receiver::start().await;
    let broker = broker(&receiver.webhook("/take"));
    for (size, whole) in [(900_000, true), (1_100_000, false)] {
        let sent = event(1, &"x".repeat(size));
        broker.send(&sent).await.unwrap();
        let (_, body) = receiver.taken().pop().unwrap();
        let expected = if whole { sent } else { sent.thin() };
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), serde_json::to_value(expected).unwrap());
    }
}
