//! `make bench`: how fast the calendar is answered, from what is kept, made anew, and when nothing has changed; with
//! nothing else in the table, and with much.
//!
//! A release build on a data folder of its own, on disk, with both readers of the stream running. An argument says how
//! many other events there are to be, for a shorter try.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use noticeboard_tests::calendar::{FEED, IMPACT, MAINTENANCE};
use noticeboard_tests::{Client, Process};
use serde_json::{Value, json};

/// Events in the calendar's window; every second one hits a circuit.
const EVENTS: usize = 2_000;
/// Events outside of it, unless the argument says otherwise.
const OTHERS: usize = 200_000;
/// Elements of one bulk request.
const BULK: usize = 500;
/// Connections of a load.
const CONNECTIONS: usize = 4;
/// How long a load runs.
const LOAD: Duration = Duration::from_secs(5);

fn main() {
    let others = std::env::args().nth(1).map_or(OTHERS, |number| number.parse().expect("a number of events"));
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &[]);
    let provider = process.provider("Example Carrier", "example-carrier");
    let circuit = process.circuit(provider, "EC-1001");
    #[allow(clippy::disallowed_methods)]
    let now = chrono::Utc::now();
    let events = create(&process.client, provider, EVENTS, |n| now + chrono::Duration::minutes(60 * n as i64));
    for events in events.chunks(2 * BULK) {
        let impact = |event: &u64| {
            json!({
                "maintenance": event, "content_type": "circuits.circuit", "object_id": circuit, "impact": "DEGRADED",
            })
        };
        let impacts: Vec<Value> = events.iter().step_by(2).map(impact).collect();
        process.post(IMPACT, &json!(impacts)).expect(201);
    }
    measure(&process, &events, "2,000 events");
    let began = Instant::now();
    create(&process.client, provider, others, |n| {
        now - chrono::Duration::days(400) - chrono::Duration::minutes(n as i64)
    });
    println!("{others} other events were made in {:.0} s", began.elapsed().as_secs_f64());
    measure(&process, &events, &format!("2,000 of {} events", EVENTS + others));
    drop(process);
    let process = Process::start(folder.path(), &[]);
    let began = Instant::now();
    assert_eq!(process.get(FEED).status, 200);
    report("the first feed of a process", began.elapsed().as_secs_f64() * 1000.0, "ms");
}

/// Makes events that begin at these times, and gives their ids.
fn create(
    client: &Client,
    provider: u64,
    count: usize,
    start: impl Fn(usize) -> chrono::DateTime<chrono::Utc>,
) -> Vec<u64> {
    let mut ids = Vec::with_capacity(count);
    for first in (0..count).step_by(BULK) {
        let body = |n: usize| {
            let begin = start(n);
            json!({
                "name": format!("WORK-{n}"), "summary": "fibre splice", "provider": provider, "status": "CONFIRMED",
                "comments": "Redundant paths are not affected. Call the operations centre with any question.",
                "start": begin.to_rfc3339(), "end": (begin + chrono::Duration::hours(4)).to_rfc3339(),
            })
        };
        let many: Vec<Value> = (first..count.min(first + BULK)).map(body).collect();
        let made = client.post(MAINTENANCE, &json!(many)).expect(201);
        ids.extend(made.as_array().unwrap().iter().map(|made| made["id"].as_u64().unwrap()));
    }
    ids
}

/// Waits until everything that was written is on record and told.
fn until_idle(process: &Process) {
    loop {
        let used = process.processor_seconds();
        std::thread::sleep(Duration::from_secs(3));
        if process.processor_seconds() - used < 0.15 {
            return;
        }
    }
}

fn measure(process: &Process, events: &[u64], what: &str) {
    until_idle(process);
    // What changed in the last minute is read once more two seconds after it was seen.
    assert_eq!(process.get(FEED).status, 200);
    std::thread::sleep(Duration::from_secs(3));
    let first = process.get(FEED);
    assert_eq!((first.status, first.text.matches("BEGIN:VEVENT").count()), (200, EVENTS));
    report("a calendar", first.text.len() as f64 / 1e6, "MB");
    load(&format!("kept, {what}"), "feeds/s (at least 300)", &process.client, |client, _| {
        assert_eq!(client.get(FEED).status, 200);
    });
    let tag = first.header("etag").to_owned();
    load(&format!("unchanged, {what}"), "304/s (at least 3000)", &process.client, |client, _| {
        assert_eq!(client.send("GET", FEED, &[("if-none-match", &tag)], b"").status, 304);
    });
    // No two of these questions are the same, so no rendering is there.
    load(&format!("anew for another question, {what}"), "feeds/s (at least 20)", &process.client, |client, n| {
        let path = format!("{FEED}?past_days={}&alarm={}", n % 366, 1 + n / 366);
        assert_eq!(client.get(&path).status, 200);
    });
    // Each is asked for after a change, so none was ever made before.
    load(
        &format!("anew after a change, with the change, {what}"),
        "feeds/s (at least 20)",
        &process.client,
        |client, n| {
            let path = format!("{MAINTENANCE}{}/", events[n % events.len()]);
            client.patch(&path, &json!({"internal_ticket": format!("T-{n}")})).expect(200);
            assert_eq!(client.get(FEED).status, 200);
        },
    );
}

fn load(name: &str, unit: &str, client: &Client, request: impl Fn(&Client, usize) + Sync) {
    let (next, began) = (AtomicUsize::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            let client = client.with_token(client.token.as_deref());
            let (next, request) = (&next, &request);
            scope.spawn(move || {
                while began.elapsed() < LOAD {
                    request(&client, next.fetch_add(1, Ordering::Relaxed));
                }
            });
        }
    });
    report(name, next.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64(), unit);
}

fn report(name: &str, value: f64, unit: &str) {
    println!("{name}: {value:.1} {unit}");
}
