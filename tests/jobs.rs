//! Jobs: what is one, how it is told, listed and kept, and what becomes of it when the table fails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use noticeboard_app::{Clock, Ingested, Outcome, Row, Trust};
use noticeboard_domain::change::{Actor, Origin};
use noticeboard_domain::filter::Filter;
use noticeboard_domain::ids::EventId;
use noticeboard_domain::job::{Job, JobName, JobStatus};
use noticeboard_domain::listing::{Listing, Page};
use noticeboard_store::{JournalEntry, Transaction};
use noticeboard_tests::faults::{self, Fault, SECRET};
use noticeboard_tests::maintnote::{Mail, Notice};
use noticeboard_tests::messages::Messages;
use noticeboard_tests::{Client, Process, Server, TOKEN, sample};
use serde_json::{Value, json};

const JOBS: &str = "/api/core/jobs/";
const IMPORT: &str = "/api/plugins/notices/import/";

/// The newest job, and how many there are.
fn newest(client: &Client) -> (Value, usize) {
    let all = client.all(JOBS);
    (all.first().cloned().unwrap_or_default(), all.len())
}

/// Checks both messages of a job.
#[track_caller]
fn check_told(messages: &Messages<'_>, job: &Value, output: &Value) {
    let subject = format!("core.job:{}", job["id"]);
    let started = messages.wait("noticeboard.jobs.job.started", &subject);
    let mut data = json!({
        "job_result_id": job["id"], "job_name": job["name"], "user_name": job["user"]["username"],
        "job_kwargs": job["kwargs"],
    });
    assert_eq!(started["data"], data);
    let completed = messages.wait("noticeboard.jobs.job.completed", &subject);
    data["job_output"] = output.clone();
    data["einfo"] = Value::Null;
    assert_eq!(completed["data"], data);
    assert!(started["sequence"].as_str() < completed["sequence"].as_str());
    assert_eq!(completed["dataref"], format!("{JOBS}{}/", job["id"]));
}

#[test]
fn a_mail_is_a_job_that_is_told_and_a_second_delivery_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &[]);
    let messages = Messages::of(&process);
    let mail = Notice::new("M-1").mail();
    let event = process.ingest(&mail.raw()).expect(201)["events"][0]["id"].clone();
    let (job, count) = newest(&process);
    assert_eq!(count, 1);
    let time = |field: &str| job[field].as_str().unwrap().to_owned();
    assert!(time("started") <= time("completed"));
    let id = job["id"].as_u64().unwrap();
    let expected = json!({
        "id": id, "url": format!("{}{JOBS}{id}/", process.url), "display_url": null,
        "display": format!("mail-ingestion {id}"), "object_type": null, "object_id": null, "name": "mail-ingestion",
        "status": {"value": "completed", "label": "Completed"}, "created": time("started"), "scheduled": null,
        "interval": null, "started": time("started"), "completed": time("completed"),
        "user": {"display": mail.from, "username": mail.from},
        "data": {"outcome": "applied", "events": [event], "reviews": []}, "error": "", "job_id": job["job_id"],
        "log_entries": [],
        "kwargs": {
            "message_id": mail.message_id, "email_from": mail.from, "subject": "Work on M-1",
            "size": mail.raw().len(), "received": job["kwargs"]["received"],
        },
    });
    assert_eq!(job, expected);
    assert_eq!(process.get(&format!("{JOBS}{id}/")).expect(200), expected);
    check_told(&messages, &job, &expected["data"]);

    process.ingest(&mail.raw()).expect(200);
    assert_eq!(newest(&process).1, 1, "a second delivery is no job");
    let review = process.ingest(&sample("unreadable.eml")).expect(202)["review"]["id"].clone();
    let (job, count) = newest(&process);
    let output = json!({"outcome": "review", "events": [], "reviews": [review]});
    assert_eq!((count, &job["data"]), (2, &output));
    check_told(&messages, &job, &output);

    let rows = json!([
        {"object_type": "dcim.site", "id": 7, "name": "Riga", "slug": "riga"},
        {"object_type": "dcim.site", "id": 8, "name": "Oslo", "slug": "oslo"},
        {"object_type": "dcim.site", "id": 9, "name": "Bonn"},
    ]);
    process.post(IMPORT, &rows).expect(200);
    let again = json!([rows[0], {"object_type": "dcim.site", "id": 8, "name": "Oslo 2", "slug": "oslo"}]);
    for (rows, output) in [
        (Value::Null, json!({"created": 2, "updated": 0, "unchanged": 0, "kept": 0, "failed": 1})),
        (again, json!({"created": 0, "updated": 1, "unchanged": 1, "kept": 0, "failed": 0})),
    ] {
        let count = rows.as_array().map_or(3, |rows| {
            process.post(IMPORT, &json!(rows)).expect(200);
            rows.len()
        });
        let (job, _) = newest(&process);
        assert_eq!((&job["name"], &job["user"]["username"]), (&json!("import"), &json!("admin")));
        assert_eq!((&job["kwargs"], &job["data"]), (&json!({"rows": count}), &output));
        check_told(&messages, &job, &output);
    }
    process.post(IMPORT, &json!([{"object_type": "dcim.nothing"}])).expect(400);
    assert_eq!(newest(&process).1, 4, "what is no request is no job");
}

#[test]
fn jobs_are_listed_newest_first_and_found_by_name_status_and_user() {
    let server = Server::memory();
    for n in 0..5 {
        server.ingest(&Notice::new(&format!("M-{n}")).mail().raw()).expect(201);
    }
    let row = json!([{"object_type": "dcim.site", "name": "Riga", "slug": "riga"}]);
    server.post(IMPORT, &row).expect(200);
    let ids = |query: &str| -> Vec<u64> {
        server.all(&format!("{JOBS}{query}")).iter().map(|job| job["id"].as_u64().unwrap()).collect()
    };
    let all = ids("");
    assert!(all.len() == 6 && all.is_sorted_by(|a, b| a > b), "{all:?}");
    for (query, expected) in [
        ("?name=import", &all[..1]),
        ("?name=mail-ingestion", &all[1..]),
        ("?name=mail-ingestion&name=import", &all[..]),
        ("?status=completed", &all[..]),
        ("?status=running", &[]),
        ("?status=errored", &[]),
        ("?user=admin", &all[..1]),
        ("?user__ic=CARRIER", &all[1..]),
        ("?q=carrier", &all[1..]),
        ("?started__lt=2020-01-01T00:00:00Z", &[]),
        ("?completed__gt=2020-01-01T00:00:00Z", &all[..]),
        (&format!("?id={}", all[3]), &all[3..4]),
    ] {
        assert_eq!(ids(query), expected, "{query}");
    }
    for query in ["?status=scheduled", "?name=nothing", "?id=x"] {
        server.get(&format!("{JOBS}{query}")).expect(400);
    }
    let page = server.get(&format!("{JOBS}?limit=2&offset=2")).expect(200);
    let shown: Vec<u64> = page["results"].as_array().unwrap().iter().map(|job| job["id"].as_u64().unwrap()).collect();
    assert_eq!((&page["count"], shown.as_slice()), (&json!(6), &all[2..4]));
    assert!(page["next"].is_string() && page["previous"].is_string(), "{page}");
    let rising = server.get(&format!("{JOBS}?start={}&limit=2", all[4])).expect(200);
    assert_eq!((&rising["results"][0]["id"], &rising["results"][1]["id"]), (&json!(all[4]), &json!(all[3])));
    let brief = server.get(&format!("{JOBS}?brief=1&limit=1")).expect(200)["results"][0].clone();
    let mut fields: Vec<&String> = brief.as_object().unwrap().keys().collect();
    fields.sort_unstable();
    assert_eq!(fields, ["completed", "created", "status", "url", "user"]);
    for missing in ["1", "nothing"] {
        server.get(&format!("{JOBS}{missing}/")).expect(404);
    }
    assert_eq!(server.with_token(Some(TOKEN)).get(JOBS).status, 200);
}

fn every_job() -> Listing {
    Listing { filter: Filter::default(), order: Vec::new(), page: Page::Offset { limit: 1000, offset: 0 } }
}

/// Does some work on an empty table of its own, which fails at one call; for each call that the work makes. Checks that
/// the jobs say what happened, and that nobody is told more than that.
async fn check_each_fault<T>(
    what: &str,
    name: JobName,
    work: impl AsyncFn(&noticeboard_app::App) -> Result<T, String>,
) {
    for fault in [Fault::Refused, Fault::Lost] {
        let mut outcomes = (0, 0, 0, 0);
        for at in 0.. {
            let (app, _engine, faults) = faults::app(Clock::system()).await;
            faults.after(at, fault);
            let done = work(&app).await;
            let hit = faults.end();
            let jobs = app.job_list(every_job()).await.unwrap().items;
            let label = format!("{what}, {fault:?} at {at}");
            assert!(jobs.len() <= 1 && jobs.iter().all(|job| job.name == name), "{label}: {jobs:?}");
            match (&done, jobs.first().map(|job| (job.status(), job))) {
                (Ok(_), Some((JobStatus::Completed, _))) => outcomes.0 += 1,
                // Its end could not be stored, which takes nothing from what is done.
                (Ok(_), Some((JobStatus::Running, _))) => outcomes.1 += 1,
                (Err(message), Some((JobStatus::Errored, job))) => {
                    let failure = job.completed.as_ref().unwrap().failure.as_ref().unwrap();
                    assert_eq!((failure.kind.as_str(), &failure.message), ("Unavailable", message), "{label}");
                    assert!(!message.contains(SECRET), "{label}");
                    outcomes.2 += 1;
                }
                // It did not start, or that it has is not known.
                (Err(_), None | Some((JobStatus::Running, _))) => outcomes.3 += 1,
                (done, job) => panic!("{label}: {job:?}, and {:?}", done.as_ref().err()),
            }
            if !hit {
                break;
            }
        }
        let (completed, unended, errored, unstarted) = outcomes;
        println!(
            "{what}, {fault:?}: {completed} completed, {unended} without end, {errored} errored, {unstarted} not begun"
        );
        assert!(completed >= 1 && errored >= 1 && unstarted >= 1, "{what}, {fault:?}: {outcomes:?}");
        assert_eq!(unended, usize::from(fault == Fault::Refused), "{what}, {fault:?}");
    }
}

fn actor(user: &str) -> Actor {
    Actor {
        user: user.into(),
        request_id: "r".into(),
        origin: Origin::Web,
        detail: "API".into(),
        message: String::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_says_how_its_work_went_and_does_not_decide_about_it() {
    let rows =
        |body: Value| -> Vec<Row> { vec![noticeboard_http::wire::import::row(body.as_object().unwrap()).unwrap()] };
    let site = json!({"object_type": "dcim.site", "id": 7, "name": "Riga", "slug": "riga"});
    check_each_fault("an import", JobName::Import, async |app| {
        app.import(&actor("noc"), &rows(site.clone())).await.map_err(|error| error.to_string())
    })
    .await;
    let mail = Mail::new(&[Notice::new("M-1"), Notice::new("M-1").hours(46, 52)]).raw();
    check_each_fault("a mail", JobName::MailIngestion, async |app| {
        let done: Result<Ingested, _> = app.ingest("r", mail.clone(), None, Trust::HandedIn("noc".into())).await;
        done.map_err(|error| error.to_string())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_job_cannot_start_is_kept_and_taken_in_later() {
    let (app, _engine, faults) = faults::app(Clock::system()).await;
    let raw = sample("unreadable.eml");
    let ingest = async || app.ingest("r", raw.clone(), None, Trust::HandedIn("noc".into())).await;
    // The look-ups of an earlier delivery come first.
    let mut begun = 0;
    loop {
        faults.after(begun, Fault::Refused);
        let done = ingest().await;
        faults.end();
        assert!(done.is_err(), "no call was the start of the job");
        let kept = app.raw_mail(&format!("mail/{}", sha256(&raw))).await;
        if let Ok(kept) = kept {
            assert_eq!(kept, raw);
            break;
        }
        begun += 1;
    }
    assert_eq!(app.job_list(every_job()).await.unwrap().items, Vec::<Job>::new());
    assert!(matches!(ingest().await.unwrap().outcome, Outcome::Review(_)));
    assert_eq!(app.job_list(every_job()).await.unwrap().items.len(), 1);
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn unfinished_work_is_cleaned_up_as_a_job_and_none_is_no_job() {
    let (app, _engine, _) = faults::app(Clock::system()).await;
    app.journal_finish_all(app.now()).await.unwrap();
    assert_eq!(app.job_list(every_job()).await.unwrap().items, Vec::<Job>::new());
    let entry = JournalEntry::EventDeletion {
        event: EventId::try_from(7).unwrap(),
        stamp: noticeboard_domain::change::ChangeStamp {
            id: 9.try_into().unwrap(),
            at: app.now(),
            actor: actor("noc"),
        },
    };
    let mut transaction = Transaction::new();
    transaction.journal_put(&entry, app.now() - chrono::Duration::minutes(20)).unwrap();
    app.store().commit(transaction, app.now()).await.unwrap();
    noticeboard_changelog::finish_abandoned(&app).await.unwrap();
    noticeboard_changelog::finish_abandoned(&app).await.unwrap();
    let jobs = app.job_list(every_job()).await.unwrap().items;
    let [job] = jobs.as_slice() else { panic!("{jobs:?}") };
    assert_eq!((job.name, job.user_name.as_str(), job.status()), (JobName::CleanUp, "System", JobStatus::Completed));
    assert_eq!(json!(job.completed.as_ref().unwrap().output), json!({"finished": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_kept_for_thirty_days() {
    for (days, kept) in [(29, 1), (31, 0)] {
        let then = Clock::system().now() - chrono::Duration::days(days);
        let (app, engine, _) = faults::app(Clock::from_fn(move || then)).await;
        app.import(&actor("noc"), &[]).await.unwrap();
        engine.sweep_ttl().await.unwrap();
        assert_eq!(app.job_list(every_job()).await.unwrap().items.len(), kept, "after {days} days");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_process_died_is_ended_as_failed() {
    use std::sync::atomic::{AtomicI64, Ordering};
    let minutes = std::sync::Arc::new(AtomicI64::new(0));
    let hand = minutes.clone();
    let clock = Clock::from_fn(move || Clock::system().now() + chrono::Duration::minutes(hand.load(Ordering::Relaxed)));
    let (app, _engine, _) = faults::app(clock).await;
    // Work that is dropped when it has begun leaves what a dead process does.
    let abandon = async || {
        let work = std::future::pending::<noticeboard_domain::Result<((), noticeboard_app::Facts)>>();
        let job = app.job(JobName::Import, "noc", Vec::new(), work);
        tokio::time::timeout(std::time::Duration::from_millis(200), job).await.unwrap_err();
    };
    let statuses =
        async || -> Vec<JobStatus> { app.job_list(every_job()).await.unwrap().items.iter().map(Job::status).collect() };
    use JobStatus::{Completed, Errored, Running};
    abandon().await;
    minutes.store(10, Ordering::Relaxed);
    abandon().await;
    app.import(&actor("noc"), &[]).await.unwrap();
    for (later, expected) in
        [(11, [Completed, Running, Running]), (20, [Completed, Running, Errored]), (26, [Completed, Errored, Errored])]
    {
        minutes.store(later, Ordering::Relaxed);
        noticeboard_changelog::finish_abandoned(&app).await.unwrap();
        assert_eq!(statuses().await, expected, "after {later} minutes");
    }
    let jobs = app.job_list(every_job()).await.unwrap().items;
    let failure = jobs[1].completed.as_ref().unwrap().failure.as_ref().unwrap();
    assert_eq!(failure.kind, "Abandoned");
}
