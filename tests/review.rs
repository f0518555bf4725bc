//! Mail that waits for a person: approved, denied, handed in again; by several people at once, and with a table that
//! fails in between.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use noticeboard_app::{App, Children, Clock, Outcome, Reviews, Trust, Verdict, Verdicts};
use noticeboard_domain::change::{Actor, Expected, Origin};
use noticeboard_domain::event::EventKind;
use noticeboard_domain::filter::Filter;
use noticeboard_domain::listing::{Listing, Page};
use noticeboard_domain::review;
use noticeboard_tests::changelog::settled;
use noticeboard_tests::faults::{self, Fault};
use noticeboard_tests::maintnote::{Mail, Notice, SLUG};
use noticeboard_tests::messages::Messages;
use noticeboard_tests::{Client, Process, Server, at_once, sample};
use serde_json::{Value, json};

const REVIEW: &str = "/api/plugins/notices/review/";
const EVENTS: &str = "/api/plugins/notices/maintenance/";
const MAILS: &str = "/api/plugins/notices/eventnotification/";

/// A mail that someone may have sent, as the mail system received it: genuine or forged.
fn received(genuine: bool) -> Trust {
    let dmarc = if genuine { Verdict::Pass } else { Verdict::Fail };
    let (spam, virus, spf) = (Verdict::Pass, Verdict::Pass, Verdict::Unknown);
    Trust::Received(Verdicts { spam, virus, spf, dmarc, envelope_from: None })
}

/// What becomes of a mail that comes in by itself. Nobody knows its sender, so it waits.
fn arrive(server: &Server, raw: Vec<u8>, genuine: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(server.app.ingest("r", raw, None, received(genuine))).unwrap().outcome
}

/// A mail comes in by itself and waits: the id of its review item.
#[track_caller]
fn waits(server: &Server, mail: &Mail, genuine: bool) -> u64 {
    match arrive(server, mail.raw(), genuine) {
        Outcome::Review(item) => item.id.get(),
        other @ (Outcome::Applied { .. } | Outcome::Duplicate { .. }) => panic!("{other:?}"),
    }
}

fn approve(client: &Client, id: u64) -> noticeboard_tests::Answer {
    client.post(&format!("{REVIEW}{id}/approve/"), &json!({}))
}

fn deny(client: &Client, id: u64) -> noticeboard_tests::Answer {
    client.send("POST", &format!("{REVIEW}{id}/deny/"), &[], b"")
}

fn ids(client: &Client, query: &str) -> Vec<u64> {
    client.all(&format!("{REVIEW}{query}")).iter().map(|item| item["id"].as_u64().unwrap()).collect()
}

/// How many events, and how many received mails.
fn counts(client: &Client) -> (usize, usize) {
    (client.all(EVENTS).len(), client.all(MAILS).len())
}

/// A notice with more circuits than an event keeps that knows none of them.
const MANY: usize = 1_800;
/// As many of them as make it fit.
const KNOWN: usize = 250;

fn circuits() -> Vec<String> {
    (0..MANY).map(|n| format!("CIRCUIT-{n:060}")).collect()
}

fn too_large(ticket: &str) -> Notice {
    Notice::new(ticket).circuits(&circuits())
}

/// Makes a notice that is too large fit.
fn make_fit(client: &Client) {
    let known = client.all("/api/circuits/providers/").into_iter().find(|provider| provider["slug"] == SLUG);
    let provider = known.map_or_else(|| client.provider("Carrier", SLUG), |provider| provider["id"].as_u64().unwrap());
    let rows: Vec<Value> = circuits()[..KNOWN].iter().map(|cid| json!({"cid": cid, "provider": provider})).collect();
    client.post("/api/circuits/circuits/", &json!(rows)).expect(201);
}

#[test]
fn an_approved_mail_is_applied_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &[]);
    let messages = Messages::of(&process);
    // Nothing can come in by itself here; a mail that breaks a rule waits too.
    let mail = too_large("M-1").mail();
    let item = process.ingest(&mail.raw()).expect(202)["review"].clone();
    assert_eq!((&item["reason"], &item["decision"]), (&json!("refused"), &Value::Null));
    let id = item["id"].as_u64().unwrap();
    let refused = approve(&process, id);
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["detail"], item["explanation"]);
    assert_eq!(process.get(&format!("{REVIEW}{id}/")).expect(200), item, "it waits as before");
    assert_eq!(counts(&process), (0, 0));

    make_fit(&process);
    let done = approve(&process, id).expect(200);
    let event = &process.all(EVENTS)[0];
    let decision = json!({
        "verdict": "approved", "at": done["decision"]["at"], "by": "admin", "events": [event["id"]],
    });
    assert_eq!(done["decision"], decision);
    assert_eq!((event["impact_count"].as_u64(), counts(&process)), (Some(KNOWN as u64), (1, 1)));
    assert_eq!((ids(&process, ""), ids(&process, "?decision=approved")), (vec![], vec![id]));
    let told = messages.wait("noticeboard.jobs.approval.approved", &format!("notices.reviewitem:{id}"));
    let data = json!({"data": {
        "id": id, "object_type": "notices.reviewitem", "display": item["subject"], "url": format!("{REVIEW}{id}/"),
        "reason": "refused", "explanation": item["explanation"], "subject": item["subject"],
        "email_from": item["email_from"], "email_received": item["email_received"],
        "message_id": item["message_id"], "decision": decision,
    }});
    assert_eq!(told["data"], data);
    // Its mark is the event's now.
    let again = process.ingest(&mail.raw()).expect(200);
    assert_eq!((&again["events"], &again["reviews"]), (&json!([{"id": event["id"]}]), &json!([])));

    let denied = process.ingest(&sample("unreadable.eml")).expect(202)["review"]["id"].as_u64().unwrap();
    deny(&process, denied).expect(200);
    let told = messages.wait("noticeboard.jobs.approval.denied", &format!("notices.reviewitem:{denied}"));
    let decision = json!({
        "verdict": "denied", "at": told["data"]["data"]["decision"]["at"], "by": "admin", "events": [],
    });
    assert_eq!(told["data"]["data"]["decision"], decision);
    deny(&process, denied).expect(200);
    approve(&process, id).expect(200);
    let approvals = |topic: &str| messages.all().iter().filter(|message| message["type"] == topic).count();
    assert_eq!(approvals("noticeboard.jobs.approval.approved"), 1, "what is decided is told once");
    assert_eq!(approvals("noticeboard.jobs.approval.denied"), 1, "what is decided is told once");
}

#[test]
fn whoever_waited_whole_comes_in_as_a_whole() {
    for genuine in [true, false] {
        let server = Server::memory();
        let window = |start| Notice::new("M-1").hours(start, start + 6);
        for (mail, events) in [(Notice::new("ONE").mail(), 1), (Mail::new(&[window(22), window(46)]), 2)] {
            let before = counts(&server);
            let id = waits(&server, &mail, genuine);
            assert_eq!(ids(&server, ""), [id]);
            let done = approve(&server, id).expect(200);
            assert_eq!(done["decision"]["events"].as_array().unwrap().len(), events);
            assert_eq!(counts(&server), (before.0 + events, before.1 + events));
            for again in [true, genuine] {
                assert!(matches!(arrive(&server, mail.raw(), again), Outcome::Duplicate { .. }));
            }
            server.ingest(&mail.raw()).expect(200);
            assert_eq!(approve(&server, id).expect(200), done);
            let other = deny(&server, id);
            assert_eq!((other.status, &other.json()["detail"]), (409, &json!("admin has approved this.")));
            assert_eq!(counts(&server), (before.0 + events, before.1 + events));
        }
        assert_eq!((ids(&server, ""), ids(&server, "?decision=all").len()), (vec![], 2));
        for change in settled(&server).values().flatten().filter(|change| change["change_context"] == "Job") {
            assert_eq!(change["message"], "Approved by admin");
            assert_eq!(change["user_name"], "noc@carrier.example");
        }
    }
}

#[test]
fn a_denied_mail_is_kept_and_never_comes_in() {
    let server = Server::memory();
    for genuine in [true, false] {
        let mail = Notice::new(&format!("M-{genuine}")).mail();
        let id = waits(&server, &mail, genuine);
        let done = deny(&server, id).expect(200);
        assert_eq!((&done["decision"]["verdict"], &done["decision"]["by"]), (&json!("denied"), &json!("admin")));
        assert!(matches!(arrive(&server, mail.raw(), genuine), Outcome::Duplicate { .. }));
        let again = server.ingest(&mail.raw()).expect(200);
        assert_eq!((&again["outcome"], &again["reviews"]), (&json!("duplicate"), &json!([{"id": id}])));
        assert_eq!(deny(&server, id).expect(200), done);
        assert_eq!(approve(&server, id).status, 409);
        assert_eq!(server.bytes(&format!("{REVIEW}{id}/raw/")), mail.raw());
        assert_eq!((ids(&server, ""), ids(&server, "?decision=denied")[0]), (vec![], id));
    }
    let jobs = server.all("/api/core/jobs/").len();
    assert_eq!((counts(&server), jobs), ((0, 0), 2), "two mails were taken in");
}

#[test]
fn who_hands_in_a_mail_that_waits_approves_it() {
    let server = Server::memory();
    let made = server.post("/api/users/tokens/", &json!({"user": "anna", "scope": "write"})).expect(201);
    let anna = server.with_token(made["token"].as_str());
    for genuine in [true, false] {
        for windows in [1, 2] {
            let notice = |n: u32| Notice::new(&format!("M-{genuine}-{windows}")).hours(20 * n, 20 * n + 4);
            let mail = Mail::new(&(1..=windows).map(notice).collect::<Vec<_>>());
            let id = waits(&server, &mail, genuine);
            let events = anna.ingest(&mail.raw()).expect(201)["events"].clone();
            let events: Vec<&Value> = events.as_array().unwrap().iter().map(|event| &event["id"]).collect();
            let decision = server.get(&format!("{REVIEW}{id}/")).expect(200)["decision"].clone();
            assert_eq!((&decision["verdict"], &decision["by"]), (&json!("approved"), &json!("anna")));
            assert_eq!(
                (decision["events"].as_array().unwrap().len(), events.len()),
                (windows as usize, windows as usize)
            );
            assert!(events.iter().all(|event| decision["events"].as_array().unwrap().contains(event)));
        }
    }
    assert_eq!(ids(&server, ""), [0; 0]);
    // One that is still not understood goes on waiting.
    let raw = sample("unreadable.eml");
    let id = server.ingest(&raw).expect(202)["review"]["id"].as_u64().unwrap();
    assert_eq!(anna.ingest(&raw).expect(200)["reviews"], json!([{"id": id}]));
    assert_eq!(ids(&server, ""), [id]);
}

#[test]
fn what_cannot_be_applied_goes_on_waiting_and_says_why() {
    let server = Server::memory();
    let unreadable = server.ingest(&sample("unreadable.eml")).expect(202)["review"].clone();
    let answer = approve(&server, unreadable["id"].as_u64().unwrap());
    assert_eq!((answer.status, &answer.json()["detail"]), (409, &unreadable["explanation"]));

    let id = waits(&server, &too_large("M-1").mail(), true);
    let path = format!("{REVIEW}{id}/");
    let before = server.get(&path);
    assert_eq!(before.json()["reason"], "distrusted");
    let answer = approve(&server, id);
    let after = server.get(&path);
    assert_eq!((answer.status, &after.json()["reason"]), (409, &json!("refused")));
    assert_eq!(answer.json()["detail"], after.json()["explanation"]);
    assert!(after.json()["explanation"].as_str().unwrap().contains("MAX_OBJECT_BYTES"), "{after:?}");
    assert_eq!((counts(&server), ids(&server, "").len()), ((0, 0), 2));
    // Whoever has seen the first reason has not seen this one.
    let stale = [("if-match", before.header("etag"))];
    assert_eq!(server.send("POST", &format!("{path}deny/"), &stale, b"").status, 412);
    make_fit(&server);
    approve(&server, id).expect(200);
    assert_eq!(counts(&server), (1, 1));
}

#[test]
fn one_notice_of_a_mail_waits_and_is_decided_by_itself() {
    let server = Server::memory();
    let mail = |n: u32| Mail::new(&[Notice::new(&format!("GOOD-{n}")), too_large(&format!("LARGE-{n}"))]);
    let [first, second] = [1, 2].map(|n| {
        let answer = server.ingest(&mail(n).raw()).expect(201);
        assert_eq!(answer["events"].as_array().unwrap().len(), 1);
        answer["reviews"][0]["id"].as_u64().unwrap()
    });
    assert_eq!((approve(&server, first).status, counts(&server)), (409, (2, 2)));
    make_fit(&server);
    let done = approve(&server, first).expect(200);
    let name = server.get(&format!("{EVENTS}{}/", done["decision"]["events"][0])).expect(200)["name"].clone();
    assert_eq!((name, counts(&server)), (json!("LARGE-1"), (3, 3)));
    deny(&server, second).expect(200);
    let again = server.ingest(&mail(1).raw()).expect(200);
    assert_eq!((again["events"].as_array().unwrap().len(), &again["reviews"]), (2, &json!([])));
    let again = server.ingest(&mail(2).raw()).expect(200);
    assert_eq!((again["events"].as_array().unwrap().len(), &again["reviews"]), (1, &json!([{"id": second}])));
    assert_eq!((counts(&server), ids(&server, "")), ((3, 3), vec![]));
}

#[test]
fn a_mail_comes_in_with_those_of_its_notices_that_can() {
    let server = Server::memory();
    let id = waits(&server, &Mail::new(&[too_large("LARGE"), Notice::new("GOOD")]), true);
    let done = approve(&server, id).expect(200);
    assert_eq!(done["decision"]["events"].as_array().unwrap().len(), 1);
    let waiting = server.all(REVIEW);
    assert_eq!((waiting.len(), &waiting[0]["reason"]), (1, &json!("refused")));
    make_fit(&server);
    approve(&server, waiting[0]["id"].as_u64().unwrap()).expect(200);
    assert_eq!((counts(&server), ids(&server, "")), ((2, 2), vec![]));
}

#[test]
fn a_mail_under_the_message_id_of_another_can_only_be_denied() {
    let server = Server::memory();
    let genuine = Notice::new("M-1").mail();
    let forged = Mail { message_id: genuine.message_id.clone(), ..Notice::new("FORGED").mail() };
    let id = waits(&server, &forged, false);
    server.ingest(&genuine.raw()).expect(201);
    assert_eq!(approve(&server, id).status, 409);
    deny(&server, id).expect(200);
    // The same message twice, of which one was believed: what waits is applied.
    let same = Notice::new("M-2").mail();
    let id = waits(&server, &same, false);
    let mut listed = server.ingest(&same.raw()).expect(201)["events"].clone();
    assert_eq!(deny(&server, id).status, 409);
    let done = approve(&server, id).expect(200);
    assert_eq!(done["decision"]["events"], json!([listed[0]["id"].take()]));
    assert_eq!(counts(&server), (2, 2));
}

#[test]
fn many_who_decide_at_once_decide_once() {
    let server = Server::memory();
    for round in 0..6 {
        let before = counts(&server).0;
        let windows: Vec<Notice> =
            (0..1 + round % 2).map(|n| Notice::new(&format!("M-{round}")).hours(20 + 24 * n, 24 + 24 * n)).collect();
        let id = waits(&server, &Mail::new(&windows), round % 3 == 0);
        let answers = at_once(8, |_| approve(&server, id).status);
        assert_eq!(answers, [200; 8]);
        assert_eq!(counts(&server).0, before + windows.len());
    }
    for round in 0..6 {
        let before = counts(&server).0;
        let windows: Vec<Notice> =
            (0..1 + round % 2).map(|n| Notice::new(&format!("BOTH-{round}")).hours(20 + 24 * n, 24 + 24 * n)).collect();
        let id = waits(&server, &Mail::new(&windows), true);
        let answers = at_once(8, |n| if n % 2 == 0 { approve(&server, id).status } else { deny(&server, id).status });
        let verdict = server.get(&format!("{REVIEW}{id}/")).expect(200)["decision"]["verdict"].clone();
        let (approved, denied) = if verdict == "approved" { (200, 409) } else { (409, 200) };
        assert_eq!(answers, [approved, denied, approved, denied, approved, denied, approved, denied]);
        assert_eq!(counts(&server).0, before + if verdict == "approved" { windows.len() } else { 0 });
    }
    settled(&server);
}

#[test]
fn decisions_are_asked_for_by_name() {
    let server = Server::memory();
    server.get(&format!("{REVIEW}?decision=maybe")).expect(400);
    for path in ["1/approve/", "1/deny/", "nothing/approve/", "nothing/deny/"] {
        server.post(&format!("{REVIEW}{path}"), &json!({})).expect(404);
    }
    let made: Vec<u64> = (0..4).map(|n| waits(&server, &Notice::new(&format!("M-{n}")).mail(), true)).collect();
    approve(&server, made[1]).expect(200);
    deny(&server, made[2]).expect(200);
    for (query, expected) in [
        ("", vec![made[3], made[0]]),
        ("?decision=approved", vec![made[1]]),
        ("?decision=denied", vec![made[2]]),
        ("?decision=all", vec![made[3], made[2], made[1], made[0]]),
    ] {
        assert_eq!(ids(&server, query), expected, "{query}");
        assert_eq!(server.get(&format!("{REVIEW}{query}")).expect(200)["count"], expected.len());
    }
    // Only who may write decides.
    let reader = server.post("/api/users/tokens/", &json!({"user": "r", "scope": "read"})).expect(201);
    let reader = server.with_token(reader["token"].as_str());
    assert_eq!((approve(&reader, made[0]).status, deny(&reader, made[0]).status), (403, 403));
    assert_eq!(ids(&reader, "").len(), 2);
}

fn actor() -> Actor {
    Actor {
        user: "noc".into(),
        request_id: "r".into(),
        origin: Origin::Web,
        detail: "API".into(),
        message: String::new(),
    }
}

/// The events and received mails of a table.
async fn stored(app: &App) -> (usize, usize) {
    let listing =
        || Listing { filter: Filter::default(), order: Vec::new(), page: Page::Offset { limit: 1000, offset: 0 } };
    let events = app.event_list(EventKind::Maintenance, listing(), Children::default()).await.unwrap().items.len();
    (events, app.notification_list(listing()).await.unwrap().items.len())
}

/// What repairs an approval that a fault broke.
#[derive(Debug, Clone, Copy)]
enum Repair {
    /// Somebody approves again.
    Again,
    /// The work is found unfinished; and somebody approves again where nothing was done.
    Journal,
}

/// Approves a mail of so many windows on a table that fails at one call; for each call that it takes.
async fn check_each_fault(windows: u32, genuine: bool, fault: Fault, repair: Repair) {
    let notice = |n: u32| Notice::new("M-1").hours(20 * n, 20 * n + 4);
    let raw = Mail::new(&(1..=windows).map(notice).collect::<Vec<_>>()).raw();
    let (all, mut broken) = ((windows as usize, windows as usize), 0);
    for at in 0.. {
        let label = format!("{windows} windows, {genuine}, {fault:?} at {at}, {repair:?}");
        let (app, _engine, faults) = faults::app(Clock::system()).await;
        let Outcome::Review(item) = app.ingest("r", raw.clone(), None, received(genuine)).await.unwrap().outcome else {
            panic!("{label}");
        };
        let later = || app.now() + chrono::Duration::seconds(1);
        let approve = async || app.review_approve(&actor(), item.id, &Expected::default()).await;
        faults.after(at, fault);
        let mut done = approve().await;
        let hit = faults.end();
        let now = app.review(item.id).await.unwrap();
        if now.decision.is_some() {
            assert_eq!(stored(&app).await, all, "{label}: a decision without what it is about");
        }
        if done.is_err() {
            broken += 1;
            if let Repair::Journal = repair {
                app.journal_finish_all(later()).await.unwrap();
                let decided = app.review(item.id).await.unwrap().decision.is_some();
                let applied = stored(&app).await;
                assert!(if decided { applied == all } else { applied == (0, 0) }, "{label}: {applied:?}");
            }
            done = approve().await;
        }
        let decision = done.unwrap().decision.unwrap();
        assert_eq!((decision.verdict, decision.events.len()), (review::Verdict::Approved, windows as usize), "{label}");
        // What somebody else repaired may still be written down as work to be done.
        app.journal_finish_all(later()).await.unwrap();
        assert!(app.store().journal(later()).await.unwrap().is_empty(), "{label}");
        assert_eq!(stored(&app).await, all, "{label}");
        assert_eq!(app.review_list(Reviews::Waiting, 0, 10).await.unwrap().1, 0, "{label}");
        if !hit {
            break;
        }
    }
    println!("{windows} windows, {fault:?}, {repair:?}: {broken} approvals broken and repaired");
    assert!(broken > 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_broke_is_repaired_by_approving_again() {
    for windows in [1, 3] {
        for fault in [Fault::Refused, Fault::Lost] {
            check_each_fault(windows, true, fault, Repair::Again).await;
            check_each_fault(windows, false, fault, Repair::Journal).await;
        }
    }
}
