//! `make bench`: how fast the program starts, how much memory it takes when idle, and how fast it answers.
//!
//! A release build on a data folder of its own, on disk, with both readers of the stream running. Later figures are
//! added here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use noticeboard_tests::{Client, Process, eventually};
use serde_json::json;

/// Events in the data folder.
const EVENTS: usize = 2_000;
/// Connections of a load.
const CONNECTIONS: usize = 4;
/// Changes whose publication is waited for, and how many are made in a second.
const PUBLISHED: usize = 1_000;
const RATE: f64 = 100.0;
/// How long a load runs.
const LOAD: Duration = Duration::from_secs(5);

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &[]);
    let provider = process.provider("Example Carrier", "example-carrier");
    let created = AtomicUsize::new(0);
    let began = Instant::now();
    parallel(
        |client| {
            while created.fetch_add(1, Ordering::Relaxed) < EVENTS {
                create(client, provider);
            }
        },
        &process.client,
    );
    report("create, 4 connections", EVENTS as f64 / began.elapsed().as_secs_f64(), "requests/s");
    eventually("the changelog", || {
        let list = process.get("/api/plugins/notices/maintenance/?limit=1").expect(200);
        (list["count"] == EVENTS).then_some(())
    });
    // From the first write until the last is on record: the readers of the stream keep up, or this is less.
    report(
        "changes on record, 4 connections",
        EVENTS as f64 / began.elapsed().as_secs_f64(),
        "changes/s (at least 250)",
    );
    publication(&process, provider);

    let list = process.get("/api/plugins/notices/maintenance/?limit=50").expect(200);
    let one = format!("/api/plugins/notices/maintenance/{}/", list["results"][0]["id"]);
    load("list of 50, 4 connections", "/api/plugins/notices/maintenance/?limit=50", &process.client);
    load("one event, 4 connections", &one, &process.client);
    load("filtered list (q), 4 connections", "/api/plugins/notices/maintenance/?q=splice&limit=50", &process.client);
    drop(process);

    let starts: Vec<f64> = (0..10)
        .map(|_| {
            let began = Instant::now();
            let process = Process::start(folder.path(), &[]);
            let ready = began.elapsed();
            drop(process);
            ready.as_secs_f64() * 1000.0
        })
        .collect();
    report("start to ready, median of 10", median(starts.clone()), "ms (at most 500)");
    report("start to ready, worst of 10", starts.into_iter().fold(0.0, f64::max), "ms");

    let process = Process::start(folder.path(), &[]);
    std::thread::sleep(Duration::from_secs(5));
    report("resident when idle", process.resident_megabytes(), "MB (at most 80)");
}

/// How long after a write is asked for its message is out, at a steady rate of writes.
fn publication(process: &Process, provider: u64) {
    let body = json!({"name": "WORK-43", "summary": "cut", "provider": provider, "status": "REPORTED"});
    let id = process.post("/api/plugins/notices/outage/", &body).expect(201)["id"].as_u64().unwrap();
    let path = format!("/api/plugins/notices/outage/{id}/");
    // What was written before is published first.
    let created = format!("notices.outage:{id}:1");
    while !process.errors.recv_timeout(Duration::from_secs(60)).unwrap().contains(&created) {}
    let asked: Mutex<HashMap<String, Instant>> = Mutex::default();
    let mut took = Vec::with_capacity(PUBLISHED);
    std::thread::scope(|scope| {
        for worker in 0..CONNECTIONS {
            let client = process.client.with_token(process.client.token.as_deref());
            let (asked, path) = (&asked, &path);
            scope.spawn(move || {
                let begin = Instant::now();
                for n in (worker..PUBLISHED).step_by(CONNECTIONS) {
                    let due = begin + Duration::from_secs(1).mul_f64(n as f64 / RATE);
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    let ticket = format!("T-{n}");
                    asked.lock().unwrap().insert(ticket.clone(), Instant::now());
                    client.patch(path, &json!({"internal_ticket": ticket})).expect(200);
                }
            });
        }
        while took.len() < PUBLISHED {
            let line = process.errors.recv_timeout(Duration::from_secs(30)).unwrap();
            let Ok(message) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
            let ticket = message["data"]["differences"]["added"]["internal_ticket"].as_str();
            if let Some(asked) = ticket.and_then(|ticket| asked.lock().unwrap().remove(ticket)) {
                took.push(asked.elapsed().as_secs_f64() * 1000.0);
            }
        }
    });
    took.sort_by(f64::total_cmp);
    report("write to publication at 100 changes/s, median", took[PUBLISHED / 2], "ms");
    report("write to publication at 100 changes/s, 99th percentile", took[PUBLISHED * 99 / 100], "ms (at most 1000)");
}

fn create(client: &Client, provider: u64) {
    let body = json!({
        "name": "WORK-42", "summary": "fibre splice", "provider": provider, "status": "CONFIRMED",
        "start": "2026-12-01T02:00:00Z", "end": "2026-12-01T06:00:00Z",
    });
    client.post("/api/plugins/notices/maintenance/", &body).expect(201);
}

fn load(name: &str, path: &str, client: &Client) {
    let done = AtomicUsize::new(0);
    let began = Instant::now();
    parallel(
        |client| {
            while began.elapsed() < LOAD {
                client.get(path).expect(200);
                done.fetch_add(1, Ordering::Relaxed);
            }
        },
        client,
    );
    report(name, done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64(), "requests/s");
}

fn parallel(work: impl Fn(&Client) + Sync, client: &Client) {
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            let client = client.with_token(client.token.as_deref());
            let work = &work;
            scope.spawn(move || work(&client));
        }
    });
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn report(name: &str, value: f64, unit: &str) {
    println!("{name}: {value:.1} {unit}");
}
