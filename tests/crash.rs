//! The program is killed in the middle of a burst of mails and deletions, again and again, on the same folder. What it
//! has answered is there, nothing is there by halves, and the changelog and the messages tell all of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use noticeboard_tests::changelog::{Changelog, settled};
use noticeboard_tests::maintnote::{Mail, Notice};
use noticeboard_tests::{Client, Process, eventually};
use serde_json::{Value, json};

const EVENTS: &str = "/api/plugins/notices/maintenance/";
const IMPACTS: &str = "/api/plugins/notices/impact/";

/// When the program is killed, in each round: so many milliseconds after it was asked for so many things that take
/// several transactions.
const KILLS: [(usize, u64); 6] = [(1, 12), (3, 30), (2, 4), (4, 20), (1, 45), (3, 12)];
/// What is asked for at the same time.
const THREADS: usize = 4;
/// Circuits of a mail that takes several transactions, and of an event whose deletion does.
const MANY: usize = 60;
const DELETED: usize = 110;

fn circuits(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("C-{n:03}")).collect()
}

#[derive(Debug)]
enum Job {
    Ingest(Mail),
    Delete(u64),
}

impl Job {
    fn is_long(&self) -> bool {
        match self {
            Self::Ingest(mail) => mail.message_id.starts_with("wide"),
            Self::Delete(_) => true,
        }
    }

    /// Whether it was answered; a wrong answer fails the test.
    fn is_answered(&self, client: &Client) -> bool {
        let (method, path, body) = match self {
            Self::Ingest(mail) => ("POST", "/api/plugins/notices/inbound-mail/".to_owned(), mail.raw()),
            Self::Delete(id) => ("DELETE", format!("{EVENTS}{id}/"), Vec::new()),
        };
        let Some(answer) = client.try_send(method, &path, &[], &body) else {
            return false;
        };
        let expected: &[u16] = match self {
            Self::Ingest(_) => &[200, 201],
            // A deletion that was under way when the program was killed.
            Self::Delete(_) => &[204, 404],
        };
        assert!(expected.contains(&answer.status), "{self:?}: {answer:?}");
        true
    }
}

/// Mails of each kind, with how many impacts each of their windows has in the end, and deletions between them.
fn burst(round: usize, expected: &mut HashMap<String, usize>, doomed: &[u64]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for n in 0..4 {
        let mut notice = |kind: &str, count: usize| {
            let ticket = format!("{kind}-{round}-{n}");
            expected.insert(ticket.clone(), count);
            Notice::new(&ticket).circuits(&circuits(count))
        };
        let (small, wide, two) = (notice("small", 2), notice("wide", MANY), notice("two", 3));
        let wide = wide.status(["COMPLETED", "CONFIRMED", "CANCELLED", "COMPLETED"][n]);
        let mails = [
            small.mail(),
            wide.mail(),
            Mail::new(&[two.clone(), two.hours(46, 52)]),
            small.sequence(2).status("IN-PROCESS").mail(),
        ];
        jobs.extend(mails.map(Job::Ingest));
        jobs.extend(doomed.get(n).map(|id| Job::Delete(*id)));
    }
    jobs
}

/// Does jobs in several threads, and gives those that were not answered. `long` counts those under way or done that
/// take several transactions.
fn work(client: &Client, jobs: Vec<Job>, long: &AtomicUsize) -> Vec<Job> {
    let queue = Mutex::new(jobs.into_iter());
    let open = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(job) = { queue.lock().unwrap().next() } {
                    if job.is_long() {
                        long.fetch_add(1, Ordering::SeqCst);
                    }
                    if !job.is_answered(client) {
                        open.lock().unwrap().push(job);
                    }
                }
            });
        }
    });
    open.into_inner().unwrap()
}

/// Events with many impacts, which the burst deletes.
fn doomed(client: &Client, round: usize) -> Vec<u64> {
    let make = |n| {
        let mail = Notice::new(&format!("doomed-{round}-{n}")).circuits(&circuits(DELETED)).mail();
        client.ingest(&mail.raw()).expect(201)["events"][0]["id"].as_u64().unwrap()
    };
    (0..1).map(make).collect()
}

fn impacts_of(client: &Client, event: u64) -> usize {
    client.all(&format!("{IMPACTS}?event_content_type=notices.maintenance&event_object_id={event}")).len()
}

/// Waits until an event whose deletion was interrupted is either whole or wholly gone.
#[track_caller]
fn check_whole_or_gone(client: &Client, event: u64) {
    eventually("an event that is whole or gone", || {
        let found = client.get(&format!("{EVENTS}{event}/"));
        let expected = if found.status == 404 { 0 } else { found.expect(200)["impact_count"].as_u64().unwrap() };
        (impacts_of(client, event) == usize::try_from(expected).unwrap() && [0, DELETED as u64].contains(&expected))
            .then_some(())
    });
}

/// Every event has the impacts that its mails announced, and every impact has its event.
fn check_events(client: &Client, expected: &HashMap<String, usize>) -> Vec<Value> {
    let events = client.all(EVENTS);
    let mut impacts: HashMap<u64, HashSet<u64>> = HashMap::new();
    for impact in client.all(IMPACTS) {
        let (event, target) =
            (impact["event_object_id"].as_u64().unwrap(), impact["target_object_id"].as_u64().unwrap());
        assert!(impacts.entry(event).or_default().insert(target), "two impacts for one target: {impact}");
    }
    let mut windows: HashMap<&str, usize> = HashMap::new();
    for event in &events {
        let name = event["name"].as_str().unwrap();
        let found = impacts.remove(&event["id"].as_u64().unwrap()).unwrap_or_default().len();
        assert_eq!((found, &event["impact_count"]), (expected[name], &Value::from(found)), "{name}");
        *windows.entry(name).or_default() += 1;
    }
    assert!(impacts.is_empty(), "impacts without an event: {impacts:?}");
    for name in expected.keys() {
        assert_eq!(windows.get(name.as_str()), Some(&if name.starts_with("two") { 2 } else { 1 }), "events {name}");
    }
    events
}

/// Every mail is on record once for each of its windows.
fn check_mails(client: &Client, expected: &HashMap<String, usize>) {
    let mut received: HashMap<String, usize> = HashMap::new();
    for mail in client.all("/api/plugins/notices/eventnotification/") {
        *received.entry(mail["message_id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    received.retain(|message_id, _| !message_id.starts_with("doomed"));
    for (message_id, count) in &received {
        assert_eq!(*count, if message_id.starts_with("two") { 2 } else { 1 }, "{message_id}");
    }
    let small = expected.keys().filter(|name| name.starts_with("small")).count();
    assert_eq!(received.len(), expected.len() + small, "a small one has two mails");
}

/// Every change was published, and those of an object in their order but for repetitions.
fn check_published(process: &Process, changelog: &Changelog, mut lines: Vec<String>) {
    let mut wanted: HashSet<String> = HashSet::new();
    for ((kind, id), changes) in changelog {
        wanted.extend(changes.iter().map(|change| format!("{kind}:{id}:{}", change["version"])));
    }
    let mut seen = HashSet::new();
    let mut newest: HashMap<String, String> = HashMap::new();
    let end = Instant::now() + Duration::from_secs(20);
    while seen.len() < wanted.len() {
        lines.extend(process.errors.try_iter());
        for line in lines.drain(..) {
            // A line may be the program's log, or cut off by its end.
            let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
            let Some(id) = message["id"].as_str().filter(|_| message["specversion"] == "1.0") else { continue };
            // What is told of a status, a token or a job is no change of its own.
            if !wanted.contains(id) {
                let own = message["type"].as_str().unwrap();
                let others = ["noticeboard.status.", "noticeboard.etr.", "noticeboard.admin.", "noticeboard.jobs."];
                assert!(others.iter().any(|topic| own.starts_with(topic)), "{id} is not in the changelog");
                continue;
            }
            if seen.insert(id.to_owned()) {
                let sequence = message["sequence"].as_str().unwrap().to_owned();
                let before = newest.insert(message["subject"].as_str().unwrap().to_owned(), sequence.clone());
                assert!(before.as_ref() < Some(&sequence), "{id} came after {before:?}");
            }
        }
        let missing = || wanted.difference(&seen).take(5).collect::<Vec<_>>();
        assert!(Instant::now() < end, "not published: {:?}", missing());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_killed_program_loses_and_repeats_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut lines, mut expected, mut interrupted) = (Vec::new(), HashMap::new(), 0);
    let mut process = Process::start(folder.path(), &[]);
    process.carrier(&circuits(DELETED));
    for (round, (count, pause)) in KILLS.into_iter().enumerate() {
        let doomed = doomed(&process, round);
        let jobs = burst(round, &mut expected, &doomed);
        let (client, long) = (process.client.clone(), AtomicUsize::new(0));
        let open = std::thread::scope(|scope| {
            let worker = scope.spawn(|| work(&client, jobs, &long));
            while long.load(Ordering::SeqCst) < count && !worker.is_finished() {
                std::thread::sleep(Duration::from_micros(100));
            }
            std::thread::sleep(Duration::from_millis(pause));
            lines.extend(process.kill());
            worker.join().unwrap()
        });
        interrupted += open.len();

        process = Process::start(folder.path(), &[]);
        doomed.iter().for_each(|id| check_whole_or_gone(&process, *id));
        assert!(work(&process, open, &long).is_empty(), "the program ended by itself");
        doomed.iter().for_each(|id| assert_eq!(impacts_of(&process, *id), 0));
    }
    assert!(interrupted > 0, "the program was always killed too late");
    let events = check_events(&process, &expected);
    check_mails(&process, &expected);
    let changelog = settled(&process);
    for event in &events {
        let id = event["id"].as_u64().unwrap();
        let answer = process.get(&format!("{EVENTS}{id}/"));
        let version = answer.header("etag").trim_matches('"').split_once('.').unwrap().0;
        assert_eq!(changelog[&("notices.maintenance".to_owned(), id)].len().to_string(), version, "changes of {id}");
    }
    check_published(&process, &changelog, lines);
}

/// Elements of a bulk that takes several transactions.
const BULK: usize = 120;

/// How many events' names begin with this, and how many of them are cancelled.
fn named(client: &Client, name: &str) -> (usize, usize) {
    let events = client.all(&format!("{EVENTS}?name__isw={name}"));
    (events.len(), events.iter().filter(|event| event["status"] == "CANCELLED").count())
}

/// Events that are made, or cancelled, in one request.
fn bulk(client: &Client, provider: u64, name: &str, cancel: bool) -> (&'static str, Vec<u8>) {
    let event = |n| {
        json!({
            "name": format!("{name}{n}"), "summary": "splice", "provider": provider, "status": "CONFIRMED",
            "start": "2026-12-01T02:00:00Z", "end": "2026-12-01T06:00:00Z",
        })
    };
    let created = Value::Array((0..BULK).map(event).collect());
    if !cancel {
        return ("POST", serde_json::to_vec(&created).unwrap());
    }
    let made = client.post(EVENTS, &created).expect(201);
    let cancelled = |event: &Value| json!({"id": event["id"], "status": "CANCELLED"});
    let changes: Vec<Value> = made.as_array().unwrap().iter().map(cancelled).collect();
    ("PATCH", serde_json::to_vec(&changes).unwrap())
}

#[test]
fn a_killed_bulk_is_done_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(folder.path(), &[]);
    let provider = process.provider("Carrier", "carrier");
    let send = |client: &Client, (method, body): &(&str, Vec<u8>)| {
        client.try_send(method, EVENTS, &[("content-type", "application/json")], body)
    };
    let first = bulk(&process, provider, "first-", false);
    let begin = Instant::now();
    assert_eq!(send(&process, &first).unwrap().status, 201);
    let long = begin.elapsed();
    let mut rounds = Vec::new();
    // Killed when so many hundredths of the time that it takes have passed.
    for (round, part) in [20, 35, 50, 60, 70, 80, 90, 100].into_iter().enumerate() {
        let (name, cancel) = (format!("bulk-{round}-"), round % 2 == 1);
        let asked = bulk(&process, provider, &name, cancel);
        let client = process.client.clone();
        let answered = std::thread::scope(|scope| {
            let asking = scope.spawn(|| send(&client, &asked).is_some());
            std::thread::sleep(long * part / 100);
            process.kill();
            asking.join().unwrap()
        });
        rounds.push((name, cancel, answered));
        process = Process::start(folder.path(), &[]);
    }
    // What was interrupted is finished after the start, and the changelog is behind that.
    let done = eventually("bulks that are whole or absent, and a changelog that tells them", || {
        let done: Option<Vec<bool>> = rounds
            .iter()
            .map(|(name, cancel, answered)| match (named(&process, name), cancel) {
                ((0, 0), false) | ((BULK, 0), true) => (!answered).then_some(false),
                ((BULK, 0), false) | ((BULK, BULK), true) => Some(true),
                _ => None,
            })
            .collect();
        let changelog = settled(&process);
        let is_told = |event: &Value| {
            let changes = &changelog[&("notices.maintenance".to_owned(), event["id"].as_u64().unwrap())];
            changes.len() == if event["status"] == "CANCELLED" { 2 } else { 1 }
        };
        done.filter(|_| process.all(EVENTS).iter().all(is_told))
    });
    let (whole, answered) = (done.iter().filter(|done| **done).count(), rounds.iter().filter(|round| round.2).count());
    println!("{} bulks killed: {answered} were answered, {whole} are there whole, the others not at all", rounds.len());
}
