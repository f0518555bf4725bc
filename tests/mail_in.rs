//! What a provider's mails make of the table, in whatever order, number and company they come.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use noticeboard_tests::changelog::settled;
use noticeboard_tests::maintnote::{DOMAIN, Mail, Notice, SLUG, hour};
use noticeboard_tests::{Client, Server, sample};
use serde_json::{Value, json};

const EVENTS: &str = "/api/plugins/notices/maintenance/";

/// Hands in a mail, and gives what became of it, with the ids of its events.
#[track_caller]
fn ingest(client: &Client, mail: &Mail) -> (String, Vec<u64>) {
    let answer = client.ingest(&mail.raw());
    assert!([200, 201, 202].contains(&answer.status), "{answer:?}");
    let answer = answer.json();
    let events = answer["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    let effects: Vec<_> = events.iter().filter_map(|event| event["effect"].as_str()).collect();
    let outcome = if effects.is_empty() { answer["outcome"].as_str().unwrap().to_owned() } else { effects.join(" ") };
    (outcome, events.iter().map(|event| event["id"].as_u64().unwrap()).collect())
}

fn event(client: &Client, id: u64) -> Value {
    client.get(&format!("{EVENTS}{id}/")).expect(200)
}

/// Hands in a mail that is about one event, checks its effect and some fields of that event afterwards, and gives the
/// event's id.
#[track_caller]
fn check(client: &Client, mail: &Mail, effect: &str, expected: &Value) -> u64 {
    let (outcome, ids) = ingest(client, mail);
    assert_eq!((outcome.as_str(), ids.len()), (effect, 1));
    check_event(client, ids[0], expected);
    ids[0]
}

/// Checks some fields of an event; `impacts` as levels by circuit, `unmatched` as ids.
#[track_caller]
fn check_event(client: &Client, id: u64, expected: &Value) {
    let mut event = event(client, id);
    assert_eq!(event["impact_count"], event["impacts"].as_array().unwrap().len());
    let level = |impact: &Value| {
        let impacted = impact["target_object"]["name"].as_str().unwrap().to_owned();
        (impacted, impact["impact"].as_str().unwrap().to_owned())
    };
    let impacts: BTreeMap<_, _> = event["impacts"].as_array().unwrap().iter().map(level).collect();
    event["impacts"] = json!(impacts);
    let unmatched = event["unmatched_circuits"].as_array().unwrap();
    event["unmatched"] = unmatched.iter().map(|circuit| circuit["circuit_id"].clone()).collect();
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&event[field], value, "{field} of {event}");
    }
}

/// For each mail that an event received, in order, whether it was outdated.
fn outdated(client: &Client, id: u64) -> Vec<bool> {
    let path =
        format!("/api/plugins/notices/eventnotification/?event_content_type=notices.maintenance&event_object_id={id}");
    let mut mails = client.all(&path);
    mails.sort_unstable_by_key(|mail| mail["id"].as_u64());
    mails.iter().map(|mail| mail["outdated"].as_bool().unwrap()).collect()
}

/// How many events and received mails there are.
fn counts(client: &Client) -> (usize, usize) {
    (client.all(EVENTS).len(), client.all("/api/plugins/notices/eventnotification/").len())
}

/// A server with the carrier and these circuits.
fn with_circuits<T: AsRef<str>>(circuits: &[T]) -> Server {
    let server = Server::memory();
    server.carrier(circuits);
    server
}

/// Hands in mails at the same time, and gives what became of each.
fn at_once(client: &Client, mails: &[Mail]) -> Vec<(String, Vec<u64>)> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = mails.iter().map(|mail| scope.spawn(|| ingest(client, mail))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn a_notice_creates_an_event_and_later_ones_change_it() {
    let server = Server::memory();
    let first = Notice::new("M-1").status("TENTATIVE");
    let made = json!({
        "name": "M-1", "summary": "Work on M-1", "status": "TENTATIVE", "start": hour(22), "end": hour(28),
        "acknowledged": false, "replaces": null,
    });
    let id = check(&server, &first.mail(), "created", &made);
    assert_eq!(event(&server, id)["provider"]["slug"], SLUG);
    let moved = first.clone().sequence(2).hours(23, 30);
    check(&server, &moved.mail(), "updated", &json!({"status": "TENTATIVE", "start": hour(23), "end": hour(30)}));
    let confirmed = moved.clone().sequence(3).status("CONFIRMED");
    check(&server, &confirmed.mail(), "updated", &json!({"status": "CONFIRMED", "start": hour(23)}));
    let far_away = confirmed.clone().sequence(4).hours(200, 204);
    check(&server, &far_away.mail(), "updated", &json!({"start": hour(200), "end": hour(204)}));
    let same = far_away.clone().sequence(5);
    check(&server, &same.mail(), "unchanged", &json!({"start": hour(200)}));
    assert_eq!(outdated(&server, id), [false; 5]);
    assert_eq!(counts(&server), (1, 5));

    let changelog = settled(&server);
    let versions: Vec<_> = changelog.iter().map(|((kind, _), changes)| (kind.as_str(), changes.len())).collect();
    let mail = ("notices.eventnotification", 1);
    let expected = [("circuits.provider", 1), mail, mail, mail, mail, mail, ("notices.maintenance", 4)];
    assert_eq!(versions, expected);
}

#[test]
fn a_second_delivery_changes_nothing() {
    let server = with_circuits(&["C-1"]);
    let first = Notice::new("M-1").circuits(&["C-1", "C-2"]);
    let second = first.clone().sequence(2).status("IN-PROCESS");
    let id = check(&server, &first.mail(), "created", &json!({"status": "CONFIRMED"}));
    assert_eq!(ingest(&server, &first.mail()), ("duplicate".to_owned(), vec![id]));
    check(&server, &second.mail(), "updated", &json!({"status": "IN-PROCESS"}));
    // The Message-ID counts, not what else the mail says.
    let mut other = first.clone().sequence(9).status("CANCELLED").mail();
    other.message_id = first.mail().message_id;
    for again in [first.mail(), second.mail(), other] {
        assert_eq!(ingest(&server, &again), ("duplicate".to_owned(), vec![id]));
    }
    check_event(&server, id, &json!({"status": "IN-PROCESS", "impacts": {"C-1": "OUTAGE"}}));
    assert_eq!(counts(&server), (1, 2));
    settled(&server);
}

#[test]
fn sixteen_deliveries_at_once_are_one() {
    let many: Vec<String> = (0..60).map(|n| format!("C-{n}")).collect();
    let server = with_circuits(&many);
    // One mail that fits a transaction, and one that takes several.
    for (at, circuits) in [&many[..1], &many].into_iter().enumerate() {
        let mail = Notice::new(&format!("M-{at}")).circuits(circuits).mail();
        let answers = at_once(&server, &vec![mail; 16]);
        assert_eq!(answers.iter().filter(|(outcome, _)| outcome != "duplicate").count(), 1, "{answers:?}");
        let id = answers.iter().find_map(|(_, ids)| ids.first().copied()).unwrap();
        check_event(&server, id, &json!({"impact_count": circuits.len()}));
        assert_eq!(counts(&server), (at + 1, at + 1));
    }
    let changelog = settled(&server);
    assert!(changelog.values().all(|changes| changes.len() == 1));
    assert_eq!(changelog.len(), 1 + 60 + (1 + 1 + 1) + (1 + 60 + 1));
}

#[test]
fn an_older_notice_is_kept_and_changes_nothing() {
    let server = with_circuits(&["C-1", "C-2"]);
    let newest = Notice::new("M-1").sequence(3).minute(30).circuits(&["C-1"]);
    let state = json!({
        "status": "CONFIRMED", "start": hour(22), "impacts": {"C-1": "OUTAGE"}, "unmatched": [],
    });
    let id = check(&server, &newest.mail(), "created", &state);
    let other = newest.clone().status("CANCELLED").hours(21, 25).impact("DEGRADED").circuits(&["C-1", "C-2", "C-3"]);
    let lower = other.clone().sequence(2).minute(45);
    let earlier = other.clone().minute(29);
    check(&server, &lower.mail(), "outdated", &state);
    check(&server, &earlier.mail(), "outdated", &state);
    assert_eq!(outdated(&server, id), [false, true, true]);
    let later = other.minute(31);
    let after = json!({"status": "CANCELLED", "start": hour(21), "impacts": {"C-1": "DEGRADED", "C-2": "DEGRADED"}});
    check(&server, &later.mail(), "updated", &after);
    assert_eq!(outdated(&server, id), [false, true, true, false]);
    settled(&server);
}

/// The permutation of `0..count` with this number, by Lehmer's code.
fn permutation(count: usize, mut number: usize) -> Vec<usize> {
    let mut left: Vec<usize> = (0..count).collect();
    let mut order = Vec::new();
    for rest in (1..=count).rev() {
        order.push(left.remove(number % rest));
        number /= rest;
    }
    order
}

#[test]
fn a_thread_ends_in_its_newest_state_in_every_order() {
    let server = with_circuits(&["C-1"]);
    let thread = |ticket: &str| {
        let notice = Notice::new(ticket).circuits(&["C-1"]);
        [
            notice.clone().status("TENTATIVE"),
            notice.clone().sequence(2).hours(46, 52).impact("DEGRADED"),
            notice.clone().sequence(2).minute(5).hours(47, 53),
            notice.clone().sequence(3).hours(70, 76).status("IN-PROCESS").impact("NO-IMPACT"),
            notice.clone().sequence(4).hours(71, 75).status("COMPLETED").impact("REDUCED-REDUNDANCY"),
        ]
    };
    let end = json!({
        "status": "COMPLETED", "start": hour(71), "end": hour(75), "impacts": {"C-1": "REDUCED-REDUNDANCY"},
    });
    std::thread::scope(|scope| {
        for part in 0..4 {
            let (server, end) = (&server, &end);
            scope.spawn(move || {
                for number in (part..120).step_by(4) {
                    let order = permutation(5, number);
                    let thread = thread(&format!("M-{number}"));
                    let mut ids: Vec<u64> = order.iter().flat_map(|at| ingest(server, &thread[*at].mail()).1).collect();
                    ids.dedup();
                    assert_eq!(ids.len(), 1, "{order:?} made {ids:?}");
                    check_event(server, ids[0], end);
                    let newest = |n: usize| order[..n].iter().max();
                    let expected: Vec<bool> = (0..5).map(|n| newest(n) > Some(&order[n])).collect();
                    assert_eq!(outdated(server, ids[0]), expected, "{order:?}");
                }
            });
        }
    });
    assert_eq!(counts(&server), (120, 600));
}

#[test]
fn a_thread_that_comes_at_once_ends_in_its_newest_state() {
    let server = with_circuits(&["C-1"]);
    for round in 0..4 {
        let notice = |n: u32| {
            let notice = Notice::new(&format!("M-{round}")).sequence(n.into()).circuits(&["C-1"]);
            notice.hours(20 + n, 30 + n).mail()
        };
        let mails: Vec<Mail> = (1..=24).map(notice).collect();
        let answers = at_once(&server, &mails);
        let id = answers[0].1[0];
        assert!(answers.iter().all(|(_, ids)| ids == &[id]), "{answers:?}");
        check_event(&server, id, &json!({"start": hour(44), "end": hour(54), "impact_count": 1}));
    }
    assert_eq!(counts(&server), (4, 96));
    settled(&server);
}

#[test]
fn a_newer_notice_that_says_nothing_new_still_makes_older_ones_stale() {
    let server = Server::memory();
    for round in 0..30 {
        let first = Notice::new(&format!("M-{round}"));
        let id = check(&server, &first.mail(), "created", &json!({"status": "CONFIRMED"}));
        let mails = [first.clone().sequence(3), first.clone().sequence(2).status("CANCELLED")];
        at_once(&server, &mails.map(|notice| notice.mail()));
        check_event(&server, id, &json!({"status": "CONFIRMED"}));
    }
}

#[test]
fn a_cancellation_without_circuits_leaves_the_impacts() {
    let server = with_circuits(&["C-1"]);
    let first = Notice::new("M-1").circuits(&["C-1", "C-9"]);
    check(&server, &first.mail(), "created", &json!({"impacts": {"C-1": "OUTAGE"}, "unmatched": ["C-9"]}));
    let cancelled = Notice::new("M-1").sequence(2).status("CANCELLED");
    let after = json!({"status": "CANCELLED", "impacts": {"C-1": "OUTAGE"}, "unmatched": ["C-9"]});
    check(&server, &cancelled.mail(), "updated", &after);
}

#[test]
fn circuits_of_the_inventory_become_impacts() {
    let server = with_circuits(&["EC-1001", "/ogyx/123456/ /ZYO /", "EC 1003"]);
    let other = server.provider("Other", "other");
    server.circuit(other, "EC-1004");
    let first = Notice::new("M-1").circuits(&["ec-1001", "/OGYX/123456//zyo/", "EC-1004", "EC-1005", "EC-1006"]);
    let after = json!({
        "impacts": {"EC-1001": "OUTAGE", "/ogyx/123456/ /ZYO /": "OUTAGE"},
        "unmatched": ["EC-1004", "EC-1005", "EC-1006"],
    });
    check(&server, &first.mail(), "created", &after);
    // Levels change, circuits are added, and those that a later notice leaves out stay.
    let second = first.clone().sequence(2).impact("REDUCED-REDUNDANCY").circuits(&["EC-1001", "EC1003", "EC-1006"]);
    let after = json!({
        "impacts": {"EC-1001": "REDUCED-REDUNDANCY", "/ogyx/123456/ /ZYO /": "OUTAGE", "EC 1003": "REDUCED-REDUNDANCY"},
        "unmatched": ["EC-1006"],
    });
    check(&server, &second.mail(), "updated", &after);
    let changelog = settled(&server);
    let impacts = changelog.iter().filter(|((kind, _), _)| kind == "notices.impact");
    let mut versions: Vec<_> = impacts.map(|(_, changes)| changes.len()).collect();
    versions.sort_unstable();
    assert_eq!(versions, [1, 1, 2]);
}

#[test]
fn a_circuit_named_with_levels_gets_its_own_and_the_worst() {
    let server = with_circuits(&["C-1", "C-2", "C-3"]);
    let mail =
        Notice::new("M-1").circuits(&["=NO-IMPACT:C-1", "=DEGRADED:C-2", "=OUTAGE:C-2", "=NO-IMPACT:C-2", ":C-3"]);
    let raw = String::from_utf8(mail.impact("REDUCED-REDUNDANCY").mail().raw()).unwrap();
    let raw = raw.replace("OBJECT-ID:=", "OBJECT-ID;X-MAINTNOTE-OBJECT-IMPACT=").replace("OBJECT-ID::", "OBJECT-ID:");
    let id = server.ingest(raw.as_bytes()).expect(201)["events"][0]["id"].as_u64().unwrap();
    let after = json!({"C-1": "NO-IMPACT", "C-2": "OUTAGE", "C-3": "REDUCED-REDUNDANCY"});
    check_event(&server, id, &json!({"impacts": after}));
}

#[test]
fn impacts_of_a_completed_event_are_frozen() {
    let server = with_circuits(&["C-1", "C-2"]);
    let first = Notice::new("M-1").circuits(&["C-1"]);
    check(&server, &first.mail(), "created", &json!({"impacts": {"C-1": "OUTAGE"}}));
    let completed = first.sequence(2).status("COMPLETED");
    check(&server, &completed.mail(), "updated", &json!({"status": "COMPLETED"}));
    let again = completed.clone().sequence(3).impact("DEGRADED").circuits(&["C-1", "C-2"]);
    check(&server, &again.mail(), "unchanged", &json!({"status": "COMPLETED", "impacts": {"C-1": "OUTAGE"}}));
    let reopened = again.sequence(4).status("IN-PROCESS");
    let after = json!({"status": "IN-PROCESS", "impacts": {"C-1": "DEGRADED", "C-2": "DEGRADED"}});
    check(&server, &reopened.mail(), "updated", &after);
}

#[test]
fn a_provider_is_created_once() {
    let server = Server::memory();
    let mails: Vec<Mail> = (0..8).map(|n| Notice::new(&format!("M-{n}")).mail()).collect();
    let answers = at_once(&server, &mails);
    assert!(answers.iter().all(|(outcome, _)| outcome == "created"), "{answers:?}");
    let providers = server.all("/api/circuits/providers/");
    assert_eq!(providers.len(), 1, "{providers:?}");
    assert_eq!((&providers[0]["slug"], &providers[0]["name"]), (&json!(SLUG), &json!(DOMAIN)));
    assert_eq!(counts(&server), (8, 8));
    settled(&server);
}

#[test]
fn an_event_made_by_hand_is_the_one_that_a_mail_changes() {
    let server = Server::memory();
    let provider = server.provider("Carrier", SLUG);
    let other = server.provider("Other", "other");
    let make = |provider: u64, name: &str| {
        let body = json!({
            "name": name, "provider": provider, "summary": "By hand", "status": "TENTATIVE",
            "start": hour(1), "end": hour(2), "internal_ticket": "NOC-1",
        });
        server.post(EVENTS, &body).expect(201)["id"].as_u64().unwrap()
    };
    let mine = make(provider, "M-1");
    make(other, "M-1");
    make(provider, "M-2");
    let after = json!({"status": "CONFIRMED", "start": hour(22), "internal_ticket": "NOC-1"});
    assert_eq!(check(&server, &Notice::new("M-1").mail(), "updated", &after), mine);
    let again = Notice::new("M-1").sequence(2).status("CANCELLED");
    assert_eq!(check(&server, &again.mail(), "updated", &json!({"status": "CANCELLED"})), mine);
    assert_eq!(counts(&server), (3, 2));
}

#[test]
fn each_window_of_a_mail_is_an_event_of_its_own() {
    let server = with_circuits(&["C-1"]);
    let window = |start| Notice::new("M-1").hours(start, start + 6).circuits(&["C-1"]);
    let (outcome, ids) = ingest(&server, &Mail::new(&[window(22), window(46)]));
    assert_eq!((outcome.as_str(), ids.len()), ("created created", 2));
    let check_windows = |first: &Value, second: &Value| {
        check_event(&server, ids[0], first);
        check_event(&server, ids[1], second);
    };
    check_windows(&json!({"start": hour(22)}), &json!({"start": hour(46), "impacts": {"C-1": "OUTAGE"}}));

    // In another order and a little later, one alone, and one by an update that touches the other not at all.
    let mail = Mail::new(&[window(47).sequence(2), window(23).sequence(2)]);
    assert_eq!(ingest(&server, &mail), ("updated updated".to_owned(), vec![ids[1], ids[0]]));
    check_windows(&json!({"start": hour(23)}), &json!({"start": hour(47)}));
    let second = window(47).sequence(3).status("CANCELLED");
    assert_eq!(check(&server, &second.mail(), "updated", &json!({})), ids[1]);
    check_windows(&json!({"status": "CONFIRMED"}), &json!({"status": "CANCELLED"}));
    let third = window(200).sequence(4);
    assert!(!ids.contains(&check(&server, &third.mail(), "created", &json!({"start": hour(200)}))));
    assert_eq!(counts(&server), (3, 6));
    settled(&server);
}

#[test]
fn a_window_that_a_mail_repeats_is_one_event() {
    let server = Server::memory();
    let (outcome, ids) = ingest(&server, &Mail::new(&[Notice::new("M-1"), Notice::new("M-1")]));
    assert_eq!((outcome.as_str(), ids.len()), ("created", 1));
    assert_eq!(counts(&server), (1, 1));
}

#[test]
fn a_rescheduled_notice_moves_the_work_to_a_new_event() {
    let server = with_circuits(&["C-1"]);
    let notice = Notice::new("M-1").circuits(&["C-1"]);
    let old = check(&server, &notice.mail(), "created", &json!({"status": "CONFIRMED"}));
    let moved = notice.clone().sequence(2).status("RE-SCHEDULED").hours(100, 104);
    let state = json!({"status": "CONFIRMED", "replaces": old, "start": hour(100), "impacts": {"C-1": "OUTAGE"}});
    let new = check(&server, &moved.mail(), "rescheduled", &state);
    let replaced = json!({"status": "RE-SCHEDULED", "start": hour(22), "impacts": {"C-1": "OUTAGE"}});
    check_event(&server, old, &replaced);
    assert_eq!(ingest(&server, &moved.mail()), ("duplicate".to_owned(), vec![new]));
    let again = moved.clone().sequence(3);
    assert_eq!(check(&server, &again.mail(), "unchanged", &state), new);
    let completed = moved.sequence(4).status("COMPLETED");
    assert_eq!(check(&server, &completed.mail(), "updated", &json!({"status": "COMPLETED"})), new);
    let stale = notice.minute(59);
    assert_eq!(check(&server, &stale.mail(), "outdated", &json!({"status": "COMPLETED", "start": hour(100)})), new);
    check_event(&server, old, &replaced);
    assert_eq!(counts(&server), (2, 5));
    settled(&server);
}

#[test]
fn a_message_id_belongs_to_its_sender() {
    let server = Server::memory();
    for round in 0..8 {
        let mail = Notice::new(&format!("M-{round}")).mail();
        let other = Notice::new(&format!("OTHER-{round}")).mail();
        let other = Mail { message_id: mail.message_id.clone(), from: "someone@else.example".into(), ..other };
        let mails = [mail, other];
        // The other sender's mail is no second delivery, also when both come at once.
        let outcomes = if round < 2 {
            mails.clone().map(|mail| ingest(&server, &mail)).to_vec()
        } else {
            at_once(&server, &mails)
        };
        assert!(outcomes.iter().all(|(outcome, _)| outcome != "duplicate"), "{outcomes:?}");
        assert!(mails.iter().all(|mail| ingest(&server, mail).0 == "duplicate"));
    }
    let (mails, reviews) = (counts(&server).1, server.all("/api/plugins/notices/review/").len());
    assert_eq!(mails + reviews, 16, "every mail is kept");
}

#[test]
fn two_tickets_at_once_do_not_disturb_each_other() {
    let server = with_circuits(&["C-1", "C-2"]);
    let notice = |n: i64| Notice::new(["M-1", "M-2"][n as usize % 2]).sequence(1 + n).circuits(&["C-1", "C-2"]);
    let mails: Vec<Mail> = (0..12).map(|n| notice(n).mail()).collect();
    at_once(&server, &mails);
    let events = server.all(EVENTS);
    let mut names: Vec<_> = events.iter().map(|event| event["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["M-1", "M-2"]);
    for event in &events {
        assert_eq!(event["impact_count"], 2);
        assert_eq!(outdated(&server, event["id"].as_u64().unwrap()).len(), 6);
    }
    settled(&server);
}

#[test]
fn a_notice_may_name_more_circuits_than_a_transaction_holds() {
    let circuits: Vec<String> = (0..400).map(|n| format!("C-{n:03}")).collect();
    let server = with_circuits(&circuits);
    let notice = Notice::new("M-1").circuits(&circuits);
    let id = check(&server, &notice.mail(), "created", &json!({"impact_count": 400, "unmatched": []}));
    assert_eq!(ingest(&server, &notice.mail()).0, "duplicate");
    let degraded = notice.clone().sequence(2).status("COMPLETED").impact("DEGRADED");
    check(&server, &degraded.mail(), "updated", &json!({"impact_count": 400, "status": "COMPLETED"}));
    assert!(event(&server, id)["impacts"].as_array().unwrap().iter().all(|impact| impact["impact"] == "DEGRADED"));
    assert_eq!(counts(&server), (1, 2));
    let changelog = settled(&server);
    let of =
        |kind: &str| changelog.iter().filter(|((found, _), _)| found == kind).map(|(_, c)| c.len()).collect::<Vec<_>>();
    assert_eq!(of("notices.impact"), [2; 400]);
    assert_eq!((of("notices.maintenance"), of("notices.eventnotification")), (vec![2], vec![1, 1]));
}

#[test]
fn a_mail_is_on_record_with_its_sender_and_its_message_id() {
    let server = with_circuits(&["C-1"]);
    let mail = Notice::new("M-1").circuits(&["C-1"]).mail();
    check(&server, &mail, "created", &json!({}));
    let changelog = settled(&server);
    let kinds: Vec<_> = changelog.keys().map(|(kind, _)| kind.as_str()).collect();
    let of_mail = ["notices.eventnotification", "notices.impact", "notices.maintenance"];
    assert_eq!(kinds, [&["circuits.circuit", "circuits.provider"], &of_mail[..]].concat());
    let mut requests: Vec<_> = Vec::new();
    for change in changelog.iter().filter(|((kind, _), _)| of_mail.contains(&kind.as_str())).flat_map(|(_, c)| c) {
        assert_eq!(change["user_name"], format!("noc@{DOMAIN}"));
        assert_eq!(change["change_context"], "Job");
        assert_eq!(change["change_context_detail"], format!("Mail {}", mail.message_id));
        requests.push(change["request_id"].clone());
    }
    requests.dedup();
    assert_eq!(requests.len(), 1, "one mail is one request");
}

#[test]
fn what_cannot_be_read_is_kept_whole() {
    let server = Server::memory();
    let binary: Vec<u8> = (0..20_000_u32).map(|n| (n * n / 7 % 256) as u8).collect();
    let latin = b"From: a@b.example\r\nSubject: \xe9\xe8\xff\r\n\r\nCaf\xe9\0 without a notice\n.\n\r\r\n".to_vec();
    let raws = [sample("unreadable.eml"), binary, latin];
    for raw in &raws {
        let review = &server.ingest(raw).expect(202)["review"];
        assert_eq!((&review["reason"], &review["size"]), (&json!("unreadable"), &json!(raw.len())));
        assert!(!review["explanation"].as_str().unwrap().is_empty());
        let path = review["raw_url"].as_str().unwrap().strip_prefix(&server.url).unwrap();
        assert_eq!(&server.bytes(path), raw);
        let again = server.ingest(raw).expect(200);
        assert_eq!((&again["outcome"], &again["reviews"][0]["id"]), (&json!("duplicate"), &review["id"]));
    }
    assert_eq!(server.all("/api/plugins/notices/review/").len(), raws.len());
    assert_eq!(counts(&server), (0, 0));
}
