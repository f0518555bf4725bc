//! Redis Pub/Sub, with a real server and real subscribers.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::{RedisServer, TOPIC, broker, event, free_port, has_redis, refused};
use futures_util::StreamExt;
use noticeboard_publish::CloudEvent;
use redis::aio::PubSub;
use serde_json::{Value, json};

/// How long a message may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

async fn subscriber(port: u16) -> PubSub {
    redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap().get_async_pubsub().await.unwrap()
}

/// What arrives next: pattern, channel and message.
async fn next(subscriber: &mut PubSub) -> (Option<String>, String, Value) {
    let mut messages = subscriber.on_message();
    let message = tokio::time::timeout(ARRIVAL, messages.next()).await.unwrap().unwrap();
    let pattern = message.from_pattern().then(|| message.get_pattern().unwrap());
    let payload: String = message.get_payload().unwrap();
    (pattern, message.get_channel_name().to_owned(), serde_json::from_str(&payload).unwrap())
}

#[tokio::test]
async fn subscribers_get_a_topic_or_all_that_match() {
    if !has_redis() {
        return;
    }
    let server = RedisServer::start(&[]);
    let url = format!("redis://127.0.0.1:{}", server.port);
    let whole = broker(&json!({"type": "redis", "url": url}));
    let bare = broker(&json!({"type": "redis", "url": url, "payload": "bare"}));

    // Nobody listens yet.
    whole.send(&event(1, "")).await.unwrap();

    let (mut exact, mut glob) = (subscriber(server.port).await, subscriber(server.port).await);
    exact.subscribe(TOPIC).await.unwrap();
    glob.psubscribe("noticeboard.*.notices.*").await.unwrap();
    let large = event(2, &"ü".repeat(200_000));
    let other = CloudEvent { topic: "noticeboard.create.notices.impact".into(), ..event(3, "") };
    let neither = CloudEvent { topic: "noticeboard.status.outage".into(), ..event(4, "") };
    for event in [&large, &neither, &other] {
        whole.send(event).await.unwrap();
    }
    bare.send(&event(5, "x")).await.unwrap();

    let pattern = Some("noticeboard.*.notices.*".to_owned());
    let json = |event: &CloudEvent| serde_json::to_value(event).unwrap();
    let payload = json!({"prechange": null, "postchange": {"name": "O-1", "comments": "x"}});
    assert_eq!(next(&mut exact).await, (None, TOPIC.into(), json(&large)));
    assert_eq!(next(&mut exact).await, (None, TOPIC.into(), payload.clone()));
    assert_eq!(next(&mut glob).await, (pattern.clone(), TOPIC.into(), json(&large)));
    assert_eq!(next(&mut glob).await, (pattern.clone(), other.topic.clone(), json(&other)));
    assert_eq!(next(&mut glob).await, (pattern, TOPIC.into(), payload));
}

#[tokio::test]
async fn a_server_that_was_away_gets_the_next_message() {
    if !has_redis() {
        return;
    }
    let port = free_port();
    let broker = broker(&json!({"type": "redis", "url": format!("redis://:hunter2@127.0.0.1:{port}")}));
    // Not there at the start.
    refused(broker.send(&event(1, "")).await, &broker, "hunter2");
    for version in [2, 4] {
        let server = RedisServer::start_at(port, &["--port"], &["--requirepass", "hunter2"]);
        broker.send(&event(version, "")).await.unwrap();
        broker.send(&event(version, "")).await.unwrap();
        drop(server);
        let error = refused(broker.send(&event(version + 1, "")).await, &broker, "hunter2");
        assert!(error.starts_with(&format!("127.0.0.1:{port}: ")), "{error}");
    }
    // Restarted between two messages: nothing fails.
    let server = RedisServer::start_at(port, &["--port"], &["--requirepass", "hunter2"]);
    broker.send(&event(6, "")).await.unwrap();
    drop(server);
    let _server = RedisServer::start_at(port, &["--port"], &["--requirepass", "hunter2"]);
    broker.send(&event(7, "")).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_told() {
    if !has_redis() {
        return;
    }
    let server = RedisServer::start(&["--requirepass", "right"]);
    let url = format!("redis://:hunter2@127.0.0.1:{}", server.port);
    let broker = broker(&json!({"type": "redis", "url": url}));
    refused(broker.send(&event(1, "")).await, &broker, "hunter2");
}

#[tokio::test]
async fn a_server_that_says_nothing_costs_no_more_than_the_time_limit() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("redis://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let broker = broker(&json!({"type": "redis", "url": url})).with_time_limit(Duration::from_millis(100));
    let start = Instant::now();
    let error = refused(broker.send(&event(1, "")).await, &broker, "hunter2");
    assert_eq!(error, "no answer within 100ms");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}
