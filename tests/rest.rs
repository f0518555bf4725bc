//! The REST API as clients of NetBox Notices use it. Numbers in labels are rows of the peer's behaviours: 1 to 51 as its
//! own tests assert them, L1 to L15 as a running instance shows them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::Deref;
use std::sync::Barrier;
use std::thread;

use noticeboard_app::Settings;
use noticeboard_domain::object::AllowedTargets;
use noticeboard_tests::{Answer, Client, Server, TOKEN, eventually};
use serde_json::{Value, json};

const MAINTENANCE: &str = "/api/plugins/notices/maintenance/";
const OUTAGE: &str = "/api/plugins/notices/outage/";
const IMPACT: &str = "/api/plugins/notices/impact/";
const NOTIFICATION: &str = "/api/plugins/notices/eventnotification/";
const PROVIDER: &str = "/api/circuits/providers/";
const CIRCUIT: &str = "/api/circuits/circuits/";
const TOKENS: &str = "/api/users/tokens/";
const CHANGES: &str = "/api/core/object-changes/";

/// Every resource that clients write to.
const RESOURCES: [&str; 6] = [MAINTENANCE, OUTAGE, IMPACT, NOTIFICATION, PROVIDER, CIRCUIT];

const REQUIRED: &str = "This field is required.";
const MAINTENANCE_TYPE: u64 = 150;
const OUTAGE_TYPE: u64 = 151;
const CIRCUIT_TYPE: u64 = 10;

/// A server with one provider and one circuit.
struct World {
    server: Server,
    provider: u64,
    circuit: u64,
}

impl Deref for World {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.server
    }
}

/// `body` with the fields of `changes` put over its own.
fn with(mut body: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { panic!("{changes} is no object") };
    body.as_object_mut().unwrap().extend(changes);
    body
}

fn without(mut body: Value, field: &str) -> Value {
    body.as_object_mut().unwrap().remove(field).unwrap();
    body
}

fn id(object: &Value) -> u64 {
    object["id"].as_u64().unwrap()
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

fn refused_field(answer: &Answer) -> String {
    keys(&answer.json()).join(" ")
}

impl World {
    fn new() -> Self {
        Self::start(Settings::default())
    }

    fn start(settings: Settings) -> Self {
        let server = Server::start(settings);
        let provider = server.provider("Zayo", "zayo");
        let circuit = server.circuit(provider, "IC-1");
        Self { server, provider, circuit }
    }

    fn maintenance_body(&self) -> Value {
        json!({
            "name": "M-1", "summary": "fiber splice", "status": "CONFIRMED", "provider": self.provider,
            "start": "2026-12-01T02:00:00Z", "end": "2026-12-01T06:00:00Z",
        })
    }

    fn outage_body(&self) -> Value {
        json!({"name": "O-1", "summary": "fiber cut", "status": "REPORTED", "provider": self.provider})
    }

    fn maintenance(&self, changes: Value) -> u64 {
        id(&self.post(MAINTENANCE, &with(self.maintenance_body(), changes)).expect(201))
    }

    fn outage(&self, changes: Value) -> u64 {
        id(&self.post(OUTAGE, &with(self.outage_body(), changes)).expect(201))
    }

    fn impact_body(&self, event: u64) -> Value {
        json!({
            "event_content_type": MAINTENANCE_TYPE, "event_object_id": event,
            "target_content_type": CIRCUIT_TYPE, "target_object_id": self.circuit, "impact": "OUTAGE",
        })
    }

    fn notification_body(&self, event: u64) -> Value {
        json!({
            "event_content_type": MAINTENANCE_TYPE, "event_object_id": event, "email_body": "We will work.",
            "subject": "Planned work M-1", "email_from": "noc@zayo.example", "email_received": "2026-11-20T08:00:00Z",
        })
    }

    /// A whole body for a resource, with an event made for it where it needs one.
    fn body(&self, path: &str) -> Value {
        match path {
            MAINTENANCE => self.maintenance_body(),
            OUTAGE => self.outage_body(),
            IMPACT => self.impact_body(self.maintenance(json!({}))),
            NOTIFICATION => self.notification_body(self.maintenance(json!({}))),
            PROVIDER => json!({"name": "Arelion", "slug": "arelion"}),
            _ => json!({"cid": "IC-2", "provider": self.provider}),
        }
    }

    /// Makes circuits, some at a time.
    fn circuits(&self, count: usize) -> Vec<u64> {
        in_parallel(8, count, |n| self.circuit(self.provider, &format!("C-{n}")))
    }

    #[track_caller]
    fn count(&self, path: &str) -> u64 {
        self.get(path).expect(200)["count"].as_u64().unwrap()
    }

    #[track_caller]
    fn names(&self, path: &str) -> Vec<String> {
        let list = self.get(path).expect(200);
        let names: Vec<_> =
            list["results"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap().to_owned()).collect();
        assert_eq!(list["count"], names.len(), "{path}");
        names
    }

    /// Sends a body that must be refused with 400, and with this message on this field alone.
    #[track_caller]
    fn refused(&self, label: &str, method: &str, path: &str, body: &Value, field: &str, message: &str) {
        let answer = self.send(method, path, &[], body.to_string().as_bytes());
        assert_eq!(answer.status, 400, "{label}: {answer:?}");
        assert_eq!(answer.json(), json!({ field: [message] }), "{label}");
    }

    fn with_scope(&self, scope: &str) -> Client {
        let made = self.post(TOKENS, &json!({"user": scope, "scope": scope})).expect(201);
        self.with_token(made["token"].as_str())
    }
}

/// Does `task` for 0 to `count` - 1, on some threads.
fn in_parallel<T: Send>(threads: usize, count: usize, task: impl Fn(usize) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let task = &task;
        let threads: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || (first..count).step_by(threads).map(task).collect::<Vec<T>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[track_caller]
fn check_keys(object: &Value, reference: &str, ours: &str) {
    let expected: Vec<&str> = reference.split_whitespace().chain(ours.split_whitespace()).collect();
    assert_eq!(keys(object), expected);
}

#[test]
fn answers_have_the_keys_of_the_reference_in_its_order() {
    let w = World::new();
    let event = w.maintenance(json!({}));
    w.post(IMPACT, &w.impact_body(event)).expect(201);
    w.post(NOTIFICATION, &w.notification_body(event)).expect(201);
    w.outage(json!({}));
    let one = |path: &str| w.get(path).expect(200)["results"][0].clone();

    let maintenance = "id url display name summary status status_color provider start end original_timezone \
                       internal_ticket acknowledged replaces impact_count impact comments tags custom_fields created \
                       last_updated";
    let outage = "id url display name summary status provider start reported_at end estimated_time_to_repair \
                  original_timezone internal_ticket acknowledged impact comments tags custom_fields created last_updated";
    let of_event = "id url name status provider start end original_timezone acknowledged created last_updated";
    check_keys(&one(MAINTENANCE), maintenance, "backup unmatched_circuits");
    check_keys(&one(OUTAGE), outage, "backup unmatched_circuits");
    let impact = one(IMPACT);
    check_keys(
        &impact,
        "id url display event_content_type event_object_id event target_content_type target_object_id target impact tags \
         custom_fields created last_updated",
        "",
    );
    check_keys(&impact["event"], of_event, "");
    check_keys(&impact["event"]["provider"], "id url display name slug description", "");
    check_keys(&impact["target"], &keys(&one(CIRCUIT)).join(" "), "");
    let mail = one(NOTIFICATION);
    check_keys(
        &mail,
        "id url display event_content_type event_object_id event email_body subject email_from email_received tags \
         custom_fields created last_updated",
        "message_id outdated",
    );
    check_keys(&mail["event"], of_event, "");

    // The children that the peer declares and never shows.
    let detail = w.get(&format!("{MAINTENANCE}{event}/")).expect(200);
    let mut shown = detail.clone();
    shown.as_object_mut().unwrap().retain(|key, _| key != "impacts" && key != "notifications");
    check_keys(&shown, maintenance, "backup unmatched_circuits");
    check_keys(
        &detail["impacts"][0],
        "id url event_type event_object target_type target_object impact created last_updated",
        "",
    );
    check_keys(
        &detail["notifications"][0],
        "id url event_type event_object subject email_from email_received created last_updated",
        "",
    );
}

#[test]
fn answers_have_the_values_of_the_reference() {
    let w = World::new();
    let mut found = w.post(MAINTENANCE, &w.maintenance_body()).expect(201);
    let event = id(&found);
    for time in ["created", "last_updated"] {
        assert!(found[time].as_str().unwrap().ends_with('Z'), "{found}");
        found[time] = Value::Null;
    }
    let provider = w.provider;
    let brief = json!({
        "id": provider, "url": format!("{}{PROVIDER}{provider}/", w.url), "display": "Zayo", "name": "Zayo",
        "slug": "zayo", "description": "",
    });
    let expected = json!({
        "id": event, "url": format!("{}{MAINTENANCE}{event}/", w.url), "display": "M-1", "name": "M-1",
        "summary": "fiber splice", "status": "CONFIRMED", "status_color": "green", "provider": brief,
        "start": "2026-12-01T02:00:00Z", "end": "2026-12-01T06:00:00Z", "original_timezone": "", "internal_ticket": "",
        "acknowledged": false, "replaces": null, "impact_count": 0, "impact": "", "comments": "", "impacts": [],
        "notifications": [], "tags": [], "custom_fields": {}, "created": null, "last_updated": null,
        "backup": false, "unmatched_circuits": [],
    });
    assert_eq!(found, expected);

    eventually("the timeline", || timeline(&w, event).first().cloned());
    w.get(&format!("{OUTAGE}{event}/timeline/")).expect(404);

    let outage = w.post(OUTAGE, &w.outage_body()).expect(201);
    assert_eq!(outage["end"], Value::Null);
    assert_eq!((&outage["start"], &outage["reported_at"]), (&outage["created"], &outage["created"]));
    // A status that both kinds could have had belongs to one; every status has its colour.
    for (status, colour) in [
        ("TENTATIVE", "yellow"),
        ("CONFIRMED", "green"),
        ("CANCELLED", "gray"),
        ("IN-PROCESS", "orange"),
        ("COMPLETED", "indigo"),
        ("RE-SCHEDULED", "teal"),
        ("UNKNOWN", "blue"),
    ] {
        let found = w.patch(&format!("{MAINTENANCE}{event}/"), &json!({"status": status})).expect(200);
        assert_eq!((found["status"].as_str(), found["status_color"].as_str()), (Some(status), Some(colour)));
    }
}

/// Creates, reads, lists, changes and deletes an object; `needed` are the fields that a whole one must have.
#[track_caller]
fn check_resource(path: &str, what: &str, change: Value, needed: &[&str]) {
    let w = World::new();
    let body = w.body(path);
    let before = w.count(path);

    let answer = w.post(path, &body);
    let location = answer.header("location").to_owned();
    assert!(!answer.header("etag").is_empty() && !answer.header("x-request-id").is_empty(), "{answer:?}");
    let made = answer.expect(201);
    assert_eq!(location, format!("{}{path}{}/", w.url, id(&made)));
    assert_eq!(made["url"], location);
    let one = format!("{path}{}/", id(&made));
    assert_eq!(w.get(&one).expect(200), made);
    assert_eq!(w.count(path), before + 1);

    let changed = w.patch(&one, &change).expect(200);
    let fields: Vec<&str> = keys(&made).into_iter().filter(|key| made[key] != changed[key]).collect();
    let mut expected = keys(&change);
    expected.push("last_updated");
    if change.get("name").is_some() || change.get("cid").is_some() || change.get("subject").is_some() {
        expected.push("display");
    }
    assert_eq!(fields.into_iter().collect::<BTreeSet<_>>(), expected.into_iter().collect(), "{changed}");
    assert_eq!(w.get(&one).expect(200), changed);

    assert_eq!(w.patch(&one, &json!({})).expect(200), changed, "nothing asked, nothing changed");
    let again = w.put(&one, &body).expect(200);
    for field in keys(&change).into_iter().filter(|field| body.get(field).is_some()) {
        assert_eq!(again[field], made[field], "PUT puts back {field}");
    }
    for field in needed {
        w.refused("create", "POST", path, &without(body.clone(), field), field, REQUIRED);
        w.refused("replace", "PUT", &one, &without(body.clone(), field), field, REQUIRED);
    }
    let missing = w.post(path, &json!({})).expect(400);
    assert_eq!(keys(&missing).into_iter().collect::<BTreeSet<_>>(), needed.iter().copied().collect());

    let answer = w.delete(&one);
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(w.count(path), before);
    let gone = json!({"detail": format!("No {what} matches the given query.")});
    for path in [one.clone(), format!("{path}999/"), format!("{path}0/"), format!("{path}9007199254740993/")]
        .into_iter()
        .chain([format!("{path}x/"), format!("{path}%00/"), format!("{path}-1/"), format!("{path}{}/", "9".repeat(99))])
    {
        // L12
        assert_eq!(w.get(&path).expect(404), gone);
        assert_eq!(w.patch(&path, &change).expect(404), gone);
        assert_eq!(w.put(&path, &body).expect(404), gone);
        assert_eq!(w.delete(&path).expect(404), gone);
    }
    // L12 and L13
    assert_eq!(w.post(&one, &body).expect(405), json!({"detail": "Method \"POST\" not allowed."}));
    assert_eq!(w.post(path.trim_end_matches('/'), &body).expect(404), json!({"detail": "Not found."}));
    let moved = w.get(&format!("{}?limit=1", one.trim_end_matches('/')));
    assert_eq!((moved.status, moved.header("location")), (301, format!("{one}?limit=1").as_str()));
}

#[test]
fn maintenances_live_and_die() {
    let needed = ["name", "summary", "status", "provider", "start", "end"];
    check_resource(MAINTENANCE, "Maintenance", json!({"name": "M-2", "end": "2026-12-02T00:00:00Z"}), &needed);
}

#[test]
fn outages_live_and_die() {
    check_resource(OUTAGE, "Outage", json!({"acknowledged": true}), &["name", "summary", "status", "provider"]);
}

#[test]
fn impacts_live_and_die() {
    let needed = ["event_content_type", "event_object_id", "target_content_type", "target_object_id"];
    check_resource(IMPACT, "Impact", json!({"impact": "DEGRADED"}), &needed);
}

#[test]
fn received_mails_live_and_die() {
    let needed = ["event_content_type", "event_object_id", "email_body", "subject", "email_from", "email_received"];
    check_resource(NOTIFICATION, "EventNotification", json!({"subject": "Update on M-1"}), &needed);
}

#[test]
fn providers_live_and_die() {
    check_resource(PROVIDER, "Provider", json!({"description": "Tier 1", "slug": "telia"}), &["name", "slug"]);
}

#[test]
fn circuits_live_and_die() {
    check_resource(CIRCUIT, "Circuit", json!({"cid": "IC-3", "comments": "leased"}), &["cid", "provider"]);
}

#[test]
fn times_of_events_keep_their_order() {
    const END: &str = "The end time must be after the start time.";
    const NO_END: &str = "End time is required when marking outage as resolved";
    let w = World::new();
    let maintenance = |start: &str, end: &str| with(w.maintenance_body(), json!({"start": start, "end": end}));
    let (two, six) = ("2026-12-01T02:00:00Z", "2026-12-01T06:00:00Z");
    w.refused("1", "POST", MAINTENANCE, &maintenance(six, two), "end", END);
    w.refused("1", "POST", OUTAGE, &with(w.outage_body(), json!({"start": six, "end": two})), "end", END);
    w.post(MAINTENANCE, &maintenance(two, two)).expect(201); // 2
    let resolved = with(w.outage_body(), json!({"status": "RESOLVED"}));
    w.refused("3", "POST", OUTAGE, &resolved, "end", NO_END);
    for status in ["REPORTED", "INVESTIGATING", "IDENTIFIED", "MONITORING"] {
        let id = w.outage(json!({"status": status})); // 4
        w.refused("3", "PATCH", &format!("{OUTAGE}{id}/"), &json!({"status": "RESOLVED"}), "end", NO_END);
    }
    let one = format!("{MAINTENANCE}{}/", w.maintenance(json!({})));
    w.refused("1", "PATCH", &one, &json!({"end": "2026-12-01T01:59:59Z"}), "end", END);
    w.refused("1", "PATCH", &one, &json!({"start": "2026-12-01T06:00:01Z"}), "end", END);
    w.refused("1", "PUT", &one, &maintenance(six, two), "end", END);
    // Any status may go to any other, also backwards.
    for status in ["COMPLETED", "TENTATIVE", "CANCELLED", "IN-PROCESS"] {
        assert_eq!(w.patch(&one, &json!({"status": status})).expect(200)["status"], status, "L3");
    }
}

#[test]
fn a_replaced_maintenance_is_rescheduled() {
    let w = World::new();
    let read = |id: u64| w.get(&format!("{MAINTENANCE}{id}/")).expect(200);
    for status in ["CONFIRMED", "COMPLETED"] {
        let a = w.maintenance(json!({"status": status}));
        assert_eq!(read(a)["replaces"], Value::Null, "5");
        let made = w.post(MAINTENANCE, &with(w.maintenance_body(), json!({"replaces": a}))).expect(201);
        assert_eq!(made["replaces"], a, "6");
        assert_eq!(read(a)["status"], "RE-SCHEDULED", "7");
        assert_eq!(read(id(&made))["status"], "CONFIRMED");

        w.delete(&format!("{MAINTENANCE}{a}/")).expect(204);
        assert_eq!(read(id(&made))["replaces"], Value::Null, "9");
    }
    // 7: only when it is made with it.
    let (a, b) = (w.maintenance(json!({})), w.maintenance(json!({})));
    assert_eq!(w.patch(&format!("{MAINTENANCE}{b}/"), &json!({"replaces": a})).expect(200)["replaces"], a);
    assert_eq!(read(a)["status"], "CONFIRMED");
    assert_eq!(w.patch(&format!("{MAINTENANCE}{b}/"), &json!({"replaces": null})).expect(200)["replaces"], Value::Null);
    w.delete(&format!("{MAINTENANCE}{a}/")).expect(204);
    // Itself, and in a circle: accepted, and no trouble to delete.
    let (c, d) = (w.maintenance(json!({})), w.maintenance(json!({})));
    for (of, by) in [(b, b), (c, d), (d, c)] {
        w.patch(&format!("{MAINTENANCE}{by}/"), &json!({"replaces": of})).expect(200);
    }
    w.delete(&format!("{MAINTENANCE}{b}/")).expect(204);
    w.delete(&format!("{MAINTENANCE}{c}/")).expect(204);
    assert_eq!(read(d)["replaces"], Value::Null);

    let unknown = |id: u64| format!("Invalid pk \"{id}\" - object does not exist.");
    let outage = w.outage(json!({}));
    for no_maintenance in [999, outage, a] {
        let body = with(w.maintenance_body(), json!({"replaces": no_maintenance}));
        w.refused("unknown", "POST", MAINTENANCE, &body, "replaces", &unknown(no_maintenance));
    }
}

#[test]
fn impacts_show_their_event_and_target() {
    let targets = AllowedTargets::parse("circuits.Circuit,circuits.Provider").unwrap();
    let w = World::start(Settings { allowed_targets: targets, ..Settings::default() });
    let (maintenance, outage) = (w.maintenance(json!({})), w.outage(json!({})));
    for (kind, event, name) in [(MAINTENANCE_TYPE, maintenance, "M-1"), (OUTAGE_TYPE, outage, "O-1")] {
        let body = with(w.impact_body(event), json!({"event_content_type": kind}));
        let made = id(&w.post(IMPACT, &body).expect(201));
        let impact = w.get(&format!("{IMPACT}{made}/")).expect(200);
        assert_eq!((&impact["event"]["id"], &impact["event"]["name"]), (&json!(event), &json!(name)), "15");
        assert_eq!(impact["event"].get("estimated_time_to_repair").is_some(), kind == OUTAGE_TYPE);
        assert_eq!(impact["display"], format!("{name} - IC-1"));
        assert_eq!(impact["impact"], "OUTAGE", "L3");
        assert_eq!(impact["target"], w.get(&format!("{CIRCUIT}{}/", w.circuit)).expect(200), "16");
    }
    let body = json!({"target_content_type": "circuits.provider", "target_object_id": w.provider});
    let other = w.post(IMPACT, &with(w.impact_body(maintenance), body)).expect(201);
    assert_eq!(other["target"], json!({"id": w.provider, "name": "Zayo", "type": "circuits.provider"}), "17");
}

#[test]
fn impacts_keep_their_rules() {
    const FROZEN: &str = "You cannot alter an impact once the event has completed.";
    let w = World::new();
    let event = w.maintenance(json!({}));
    let body = w.impact_body(event);

    let allowed = "circuits.circuit, dcim.device, dcim.powerfeed, dcim.site";
    let message = format!("Content type 'circuits.provider' is not allowed. Allowed types: {allowed}");
    let provider = with(body.clone(), json!({"target_content_type": 11, "target_object_id": w.provider}));
    w.refused("19, 20", "POST", IMPACT, &provider, "target_content_type", &message);

    let gone = |id: u64| format!("Related object not found using the provided value: {id}.");
    let outage = w.outage(json!({}));
    for (field, value) in [("event_object_id", 999), ("event_object_id", outage), ("target_object_id", 999)] {
        w.refused("L8", "POST", IMPACT, &with(body.clone(), json!({ field: value })), field, &gone(value));
    }
    let mail = with(w.notification_body(event), json!({"event_object_id": 999}));
    w.refused("L8", "POST", NOTIFICATION, &mail, "event_object_id", &gone(999));

    let impact = format!("{IMPACT}{}/", id(&w.post(IMPACT, &body).expect(201)));
    let twice = "Impact with this Event content type, Event object id, Target content type and Target object id already \
                 exists.";
    w.refused("L9", "POST", IMPACT, &body, "__all__", twice);
    let other = w.circuit(w.provider, "IC-2");
    let second = w.post(IMPACT, &with(body.clone(), json!({"target_object_id": other}))).expect(201);
    let second = format!("{IMPACT}{}/", id(&second));
    w.refused("L9", "PATCH", &second, &json!({"target_object_id": w.circuit}), "__all__", twice);
    // A target that was left is free again.
    let third = w.circuit(w.provider, "IC-3");
    w.patch(&second, &json!({"target_object_id": third})).expect(200);
    w.patch(&impact, &json!({"target_object_id": other})).expect(200);
    w.patch(&impact, &json!({"target_object_id": w.circuit})).expect(200);
    let moved = w.maintenance(json!({}));
    let stays = "An impact stays with its event. Delete it, and create one for the other event.";
    w.refused("event", "PATCH", &impact, &json!({"event_object_id": moved}), "event_object_id", stays);

    let one = format!("{MAINTENANCE}{event}/");
    for (status, frozen) in [("COMPLETED", true), ("CANCELLED", true), ("RE-SCHEDULED", false), ("TENTATIVE", false)] {
        w.patch(&one, &json!({"status": status})).expect(200);
        let change = json!({"impact": if frozen { "NO-IMPACT" } else { "DEGRADED" }});
        if frozen {
            w.refused("L7", "PATCH", &impact, &change, "__all__", FROZEN);
            let free = with(body.clone(), json!({"target_object_id": other}));
            w.refused("L7", "POST", IMPACT, &free, "__all__", FROZEN);
        } else {
            w.patch(&impact, &change).expect(200);
        }
        w.post(NOTIFICATION, &w.notification_body(event)).expect(201); // L7
    }
    w.patch(&one, &json!({"status": "COMPLETED"})).expect(200);
    w.delete(&impact).expect(204); // L7
    let closed = w.outage(json!({"status": "RESOLVED", "end": "2030-01-01"}));
    let on_closed = with(body, json!({"event_content_type": OUTAGE_TYPE, "event_object_id": closed}));
    w.refused("L7", "POST", IMPACT, &on_closed, "__all__", FROZEN);
    assert_eq!(w.get(&one).expect(200)["impact_count"], 1);
}

#[test]
fn a_provider_is_named_in_several_ways() {
    let w = World::new();
    for provider in [
        json!(w.provider),
        json!(w.provider.to_string()),
        json!({"id": w.provider}),
        json!({"slug": "zayo"}),
        json!({"name": "Zayo"}),
    ] {
        let made = w.post(MAINTENANCE, &with(w.maintenance_body(), json!({ "provider": provider }))).expect(201);
        assert_eq!(made["provider"]["slug"], "zayo", "L4: {provider}");
        w.post(CIRCUIT, &json!({"cid": provider.to_string(), "provider": provider})).expect(201);
    }
    for (provider, message) in [
        (json!(999), "Related object not found using the provided numeric ID: 999"),
        (json!({"slug": "x"}), "Related object not found using the provided attributes: {'slug': 'x'}"),
        (json!({"name": "x"}), "Related object not found using the provided attributes: {'name': 'x'}"),
        (json!({}), "Related object not found using the provided attributes: {}"),
        (json!(true), "Incorrect type. Expected pk value, received bool."),
        (json!([w.provider]), "Incorrect type. Expected pk value, received list."),
    ] {
        let body = with(w.maintenance_body(), json!({ "provider": provider }));
        w.refused("L4", "POST", MAINTENANCE, &body, "provider", message);
        w.refused("L4", "POST", CIRCUIT, &json!({"cid": "x", "provider": provider}), "provider", message);
    }
    for attribute in ["slug", "name"] {
        let body = with(w.maintenance_body(), json!({"provider": {attribute: "x".repeat(3000)}}));
        assert_eq!(w.post(MAINTENANCE, &body).status, 400, "{attribute}");
    }
}

#[test]
fn impacts_are_named_in_several_ways() {
    let w = World::new();
    let (m, o, c) = (w.maintenance(json!({})), w.outage(json!({})), w.circuit);
    let check = |body: Value| {
        let made = w.post(IMPACT, &body).expect(201);
        assert_eq!(made["target"]["cid"], "IC-1", "{body}");
        let event = made["event_object_id"].as_u64().unwrap();
        assert_eq!(made["event_content_type"], if event == m { MAINTENANCE_TYPE } else { OUTAGE_TYPE }, "{body}");
        w.delete(&format!("{IMPACT}{}/", id(&made))).expect(204);
    };
    let target = json!({"target_content_type": CIRCUIT_TYPE, "target_object_id": c});
    for (kind, event) in [
        (json!(MAINTENANCE_TYPE), m),
        (json!("notices.maintenance"), m),
        (json!("Notices.Maintenance"), m),
        (json!("150"), m),
        (json!(OUTAGE_TYPE), o),
        (json!("notices.outage"), o),
    ] {
        check(with(target.clone(), json!({"event_content_type": kind, "event_object_id": event})));
    }
    check(with(target.clone(), json!({"maintenance": m})));
    check(with(target.clone(), json!({"outage": o})));
    check(json!({"maintenance": m, "content_type": "circuits.circuit", "object_id": c}));
    check(json!({"maintenance": m, "content_type": CIRCUIT_TYPE, "object_id": c.to_string()}));
    check(json!({"outage": o, "target_content_type": "circuits.circuit", "target_object_id": c, "unknown": [1]})); // L6
    let mail = without(without(w.notification_body(m), "event_content_type"), "event_object_id");
    assert_eq!(w.post(NOTIFICATION, &with(mail, json!({"outage": o}))).expect(201)["event"]["name"], "O-1");

    let wrong = "Content type 'circuits.circuit' is not an event. Use notices.maintenance or notices.outage.";
    let body = with(target.clone(), json!({"event_content_type": "circuits.circuit", "event_object_id": c}));
    w.refused("event type", "POST", IMPACT, &body, "event_content_type", wrong);
    let body = with(target, json!({"event_content_type": "dcim.sight", "event_object_id": m}));
    w.refused("unknown type", "POST", IMPACT, &body, "event_content_type", "Unknown content type \"dcim.sight\".");
}

#[test]
fn times_are_taken_with_and_without_a_zone() {
    let w = World::new();
    for (sent, given) in [
        ("2026-12-01 02:00:00", "2026-12-01T02:00:00Z"), // L5
        ("2026-12-01T02:00:00", "2026-12-01T02:00:00Z"),
        ("2026-12-01T04:00:00+02:00", "2026-12-01T02:00:00Z"),
        ("2026-11-30T21:00:00-05:00", "2026-12-01T02:00:00Z"),
        ("2026-12-01T02:00:00.123456Z", "2026-12-01T02:00:00.123456Z"),
        ("2026-12-01T02:00:00.5Z", "2026-12-01T02:00:00.500000Z"),
        ("2026-12-01", "2026-12-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ] {
        let made = w.post(MAINTENANCE, &with(w.maintenance_body(), json!({ "start": sent }))).expect(201);
        assert_eq!(made["start"], given, "{sent}");
        assert_eq!(w.get(&format!("{MAINTENANCE}{}/", id(&made))).expect(200)["start"], given, "{sent}");
    }
    // A window of 10,000 years is one; and it can be moved and deleted.
    let long = w.maintenance(json!({"start": "0001-01-01", "end": "9999-12-31T23:59:59.999999Z"}));
    let one = format!("{MAINTENANCE}{long}/");
    w.patch(&one, &json!({"start": "9998-01-15"})).expect(200);
    w.delete(&one).expect(204);
    for wrong in [
        "",
        "soon",
        "2026-12-10T01:00:60Z",
        "2026-12-10T01:00:00+1",
        "2026-13-01",
        "2026-02-30",
        "10000-01-01",
        "9999-12-31T23:59:59-01:00",
        "1e9",
    ] {
        for field in ["start", "end"] {
            let answer = w.post(MAINTENANCE, &with(w.maintenance_body(), json!({ field: wrong })));
            assert_eq!((answer.status, refused_field(&answer).as_str()), (400, field), "{wrong}");
        }
    }
}

/// Values of every type; the letter names the type.
fn values() -> Vec<(char, Value)> {
    let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
    vec![
        ('n', Value::Null),
        ('b', json!(true)),
        ('i', json!(7)),
        ('f', json!(1.5)),
        ('s', json!("text")),
        ('l', json!([1])),
        ('o', json!({"a": 1})),
        ('h', json!("x".repeat(100_000))),
        ('0', json!("a\0b")),
        ('-', json!(-1)),
        ('e', json!(1e300)),
        ('g', json!(u64::MAX)),
        ('d', json!({ "deep": deep })),
    ]
}

/// Sends every value in one field: those of the types in `taken` are stored, any other is a 400 that names the field.
#[track_caller]
fn check_field(w: &World, path: &str, one: &str, body: &Value, field: &str, taken: &str) {
    for (letter, value) in values() {
        let label = format!("{path} {field} {letter}");
        let patch = w.patch(one, &json!({ field: value }));
        if taken.contains(letter) {
            patch.expect(200);
            continue;
        }
        assert_eq!((patch.status, refused_field(&patch).as_str()), (400, field), "PATCH {label}: {patch:?}");
        for (method, path) in [("POST", path), ("PUT", one)] {
            let sent = with(body.clone(), json!({ field: value }));
            let answer = w.send(method, path, &[], sent.to_string().as_bytes());
            let found = (answer.status, refused_field(&answer));
            assert_eq!(found, (400, field.to_owned()), "{method} {label}: {answer:?}");
        }
    }
}

/// Letters of the values that every text field takes: NetBox takes numbers as their digits.
const TEXT: &str = "ifs-eg";

#[test]
fn a_wrong_type_in_any_field_is_named() {
    let event = [
        ("name", TEXT),
        ("summary", TEXT),
        ("status", ""),
        ("provider", ""),
        ("start", ""),
        ("original_timezone", TEXT),
        ("internal_ticket", TEXT),
        ("acknowledged", "nb"),
        ("impact", TEXT),
        ("comments", TEXT),
    ];
    let pair = [("event_content_type", ""), ("event_object_id", "")];
    let fields: [(&str, Vec<(&str, &str)>); 6] = [
        (MAINTENANCE, [event.as_slice(), &[("end", ""), ("replaces", "n")]].concat()),
        (OUTAGE, [event.as_slice(), &[("end", "n"), ("reported_at", ""), ("estimated_time_to_repair", "n")]].concat()),
        (IMPACT, [pair.as_slice(), &[("target_content_type", ""), ("target_object_id", ""), ("impact", "n")]].concat()),
        (
            NOTIFICATION,
            [
                pair.as_slice(),
                &[("email_body", "ifs-egh"), ("subject", TEXT), ("email_from", ""), ("email_received", "")],
            ]
            .concat(),
        ),
        (PROVIDER, vec![("name", TEXT), ("slug", "is-g"), ("description", TEXT), ("comments", TEXT)]),
        (CIRCUIT, vec![("cid", TEXT), ("provider", ""), ("status", ""), ("description", TEXT), ("comments", TEXT)]),
    ];
    in_parallel(2, fields.len(), |n| {
        let (path, fields) = &fields[n];
        let w = World::new();
        let body = w.body(path);
        let made = w.post(path, &body).expect(201);
        let one = format!("{path}{}/", id(&made));
        let fresh = match *path {
            PROVIDER => json!({"name": "Lumen", "slug": "lumen"}),
            CIRCUIT => with(body, json!({"cid": "IC-9"})),
            _ => body,
        };
        for (field, taken) in fields {
            check_field(&w, path, &one, &fresh, field, taken);
        }
        for (field, taken) in [("tags", ""), ("custom_fields", "o"), ("changelog_message", TEXT)] {
            check_field(&w, path, &one, &fresh, field, taken);
        }
        // Nothing of what was refused is stored, and everything can still be read.
        w.get(path).expect(200);
        w.delete(&one).expect(204);
        eventually("the changes", || {
            let changes = w.get(&format!("{CHANGES}?limit=0")).expect(200);
            changes["results"]
                .as_array()
                .unwrap()
                .iter()
                .any(|change| change["action"]["value"] == "delete")
                .then_some(())
        });
    });
}

#[test]
fn bodies_that_are_no_object_are_refused() {
    let w = World::new();
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = format!("{{\"custom_fields\": {}1{}}}", "{\"a\":".repeat(200), "}".repeat(200));
    for body in ["{", "nonsense", "{\"name\": }", "{\"name\": \"\\ud800\"}", "{} {}", "{\"a\": 1e999}", &deep, &nested]
        .map(str::as_bytes)
        .into_iter()
        .chain([b"{\"name\": \"\xff\"}".as_slice()])
    {
        let detail = w.send("POST", MAINTENANCE, &[], body).expect(400)["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("JSON parse error - "), "L12: {detail}");
    }
    for (body, kind) in [("[]", "list"), ("null", "NoneType"), ("1", "int"), ("1.5", "float"), ("\"x\"", "str")] {
        let message = format!("Invalid data. Expected a dictionary, but got {kind}.");
        let answer = w.send("PATCH", &format!("{PROVIDER}{}/", w.provider), &[], body.as_bytes());
        assert_eq!(answer.expect(400), json!({"non_field_errors": [message]}));
    }
    let limit = 2 * 1024 * 1024;
    let body = w.maintenance_body().to_string();
    let padded = |size: usize| body.clone() + &" ".repeat(size - body.len());
    w.send("POST", MAINTENANCE, &[], padded(limit).as_bytes()).expect(201);
    for path in RESOURCES {
        let answer = w.send("POST", path, &[], padded(limit + 1).as_bytes()).expect(413);
        assert_eq!(answer["detail"], "The request body is larger than 2097152 bytes (MAX_BODY_BYTES).");
    }
}

#[test]
fn an_object_never_outgrows_what_can_be_stored_and_recorded() {
    let w = World::new();
    let one = format!("{MAINTENANCE}{}/", w.maintenance(json!({})));
    // Characters that take many bytes as stored.
    let dense = "\u{1}".repeat(60_000);
    let quotes = "\"".repeat(60_000);
    for change in [
        json!({"comments": quotes}),
        json!({"impact": quotes}),
        json!({"comments": dense}),
        json!({"comments": dense, "impact": dense}),
        json!({"comments": "short"}),
    ] {
        let answer = w.patch(&one, &change);
        assert!([200, 400, 413].contains(&answer.status), "{}", answer.status);
    }
    let mail = with(w.notification_body(w.maintenance(json!({}))), json!({"email_body": dense}));
    assert!([201, 400, 413].contains(&w.post(NOTIFICATION, &mail).status));
    // Custom fields add up.
    let refused = (0..60).find(|n| {
        let answer = w.patch(&one, &json!({"custom_fields": {format!("field_{n}"): "x".repeat(15_000)}}));
        assert!([200, 400, 413].contains(&answer.status), "{answer:?}");
        answer.status != 200
    });
    assert!(refused.is_some(), "an end to it");
    // Nesting that was taken can be read wherever it is kept.
    for depth in (1..130).step_by(3) {
        let nested: Value = (0..depth).fold(json!(1), |inner, _| json!({ "a": inner }));
        let answer = w.patch(&one, &json!({"custom_fields": {"nested": nested}}));
        assert!([200, 400, 413].contains(&answer.status), "{depth}: {answer:?}");
    }
    let found = w.patch(&one, &json!({"summary": "the last"})).expect(200);
    assert_eq!(w.get(&one).expect(200), found);
    let path = format!("{CHANGES}?changed_object_type=notices.maintenance&changed_object_id={}&limit=1", id(&found));
    eventually("every change is on record", || {
        let changes = w.get(&path).expect(200);
        (changes["results"][0]["postchange_data"]["summary"] == "the last").then_some(())
    });
}

#[test]
fn conditional_requests_see_the_version() {
    let w = World::new();
    let event = w.maintenance(json!({}));
    let impact = id(&w.post(IMPACT, &w.impact_body(event)).expect(201));
    let mail = id(&w.post(NOTIFICATION, &w.notification_body(event)).expect(201));
    let outage = w.outage(json!({}));
    for (one, change) in [
        (format!("{MAINTENANCE}{event}/"), json!({"comments": "a"})),
        (format!("{OUTAGE}{outage}/"), json!({"comments": "a"})),
        (format!("{IMPACT}{impact}/"), json!({"impact": "DEGRADED"})),
        (format!("{NOTIFICATION}{mail}/"), json!({"subject": "a"})),
        (format!("{PROVIDER}{}/", w.provider), json!({"comments": "a"})),
        (format!("{CIRCUIT}{}/", w.circuit), json!({"comments": "a"})),
    ] {
        let tag = w.get(&one).header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{tag}");
        let asked = |tag: &str| w.send("GET", &one, &[("if-none-match", tag)], b"");
        for same in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let answer = asked(&same);
            assert_eq!((answer.status, answer.text.as_str(), answer.header("etag")), (304, "", tag.as_str()), "{same}");
        }
        assert_eq!(asked("\"0.0\"").status, 200);

        let body = change.to_string();
        let change = |tag: &str| w.send("PATCH", &one, &[("if-match", tag)], body.as_bytes());
        for stale in ["\"999.0\"", "\"x\"", "x", ""] {
            assert_eq!(change(stale).status, 412, "{stale}");
        }
        assert_eq!(change(&tag).status, 200);
        let changed = w.get(&one).header("etag").to_owned();
        assert_ne!(changed, tag);
        assert_eq!(asked(&tag).status, 200);
        assert_eq!(change(&tag).status, 412, "the version is gone, even for the same change");
        assert_eq!(change(&changed).status, 200);
        assert_eq!(w.get(&one).header("etag"), changed, "a change that changes nothing is none");
        assert_eq!(change("*").status, 200);
    }
    // What belongs to an event changes its validator, not its version.
    let one = format!("{MAINTENANCE}{event}/");
    let tag = w.get(&one).header("etag").to_owned();
    w.delete(&format!("{IMPACT}{impact}/")).expect(204);
    assert_ne!(w.get(&one).header("etag"), tag);
    for (stale, status) in [("\"1.0\"", 412), (tag.as_str(), 204)] {
        assert_eq!(w.send("DELETE", &one, &[("if-match", stale)], b"").status, status);
    }
}

#[test]
fn no_concurrent_change_is_lost() {
    const THREADS: usize = 32;
    const CHANGES_EACH: usize = 20;
    let w = World::new();
    let one = format!("{MAINTENANCE}{}/", w.maintenance(json!({})));
    thread::scope(|scope| {
        for n in 0..THREADS {
            let (client, one) = (w.with_token(Some(TOKEN)), &one);
            scope.spawn(move || {
                for value in 1..=CHANGES_EACH {
                    client.patch(one, &json!({"custom_fields": {format!("thread_{n}"): value}})).expect(200);
                }
            });
        }
    });
    let answer = w.get(&one);
    let version = answer.header("etag").trim_matches('"').split('.').next().unwrap().to_owned();
    assert_eq!(version, (1 + THREADS * CHANGES_EACH).to_string());
    let fields = answer.json()["custom_fields"].clone();
    assert_eq!(keys(&fields).len(), THREADS);
    assert!(fields.as_object().unwrap().values().all(|value| *value == CHANGES_EACH), "{fields}");
}

#[test]
fn of_concurrent_impacts_on_one_target_one_is_made() {
    let w = World::new();
    let event = w.maintenance(json!({}));
    let body = w.impact_body(event);
    let start = Barrier::new(16);
    let statuses = in_parallel(16, 16, |_| {
        start.wait();
        w.post(IMPACT, &body).status
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 400].contains(status)), "{statuses:?}");
    assert_eq!(w.count(&format!("{IMPACT}?event_object_id={event}")), 1);
    assert_eq!(w.get(&format!("{MAINTENANCE}{event}/")).expect(200)["impact_count"], 1);
}

/// The whole timeline of an event, read in pages. Before anything is on record, a deleted event has none.
fn timeline(w: &Client, event: u64) -> Vec<Value> {
    let (mut entries, mut path) = (Vec::new(), format!("{MAINTENANCE}{event}/timeline/?limit=70"));
    loop {
        let page = w.get(&path);
        if page.status == 404 {
            return entries;
        }
        let page = page.expect(200);
        entries.extend(page["results"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => path = next.strip_prefix(&w.url).unwrap().to_owned(),
            None => return entries,
        }
    }
}

#[test]
fn an_event_is_deleted_with_any_number_of_impacts() {
    const IMPACTS: usize = 300;
    let w = World::new();
    let event = w.maintenance(json!({}));
    let replacement = w.maintenance(json!({"name": "M-2", "replaces": event}));
    let mail = id(&w.post(NOTIFICATION, &w.notification_body(event)).expect(201));
    let circuits = w.circuits(IMPACTS);
    in_parallel(8, IMPACTS, |n| {
        w.post(IMPACT, &with(w.impact_body(event), json!({"target_object_id": circuits[n]}))).expect(201)
    });
    let one = format!("{MAINTENANCE}{event}/");
    assert_eq!(w.get(&one).expect(200)["impact_count"], IMPACTS);

    let remover = w.with_scope("write");
    remover.delete(&one).expect(204);
    w.get(&one).expect(404);
    assert_eq!(w.count(IMPACT), 0, "L14");
    for path in [IMPACT.to_owned(), format!("{IMPACT}?event_object_id={event}"), format!("{MAINTENANCE}?name=M-1")] {
        assert_eq!(w.count(&path), 0, "{path}");
    }
    let kept = w.get(&format!("{NOTIFICATION}{mail}/")).expect(200);
    assert_eq!((&kept["event"], &kept["event_object_id"]), (&Value::Null, &json!(event)), "18, L14");
    assert_eq!(w.count(NOTIFICATION), 1);
    assert_eq!(w.get(&format!("{MAINTENANCE}{replacement}/")).expect(200)["replaces"], Value::Null, "9");
    // The mail that stays can still be changed and deleted.
    w.patch(&format!("{NOTIFICATION}{mail}/"), &json!({"subject": "kept"})).expect(200);
    w.delete(&format!("{NOTIFICATION}{mail}/")).expect(204);

    // Made, changed by its replacement, deleted; as many impacts made as deleted; the mail made, changed, deleted.
    let entries = eventually("the timeline", || {
        let entries = timeline(&w, event);
        (entries.len() >= 2 * IMPACTS + 6).then_some(entries)
    });
    // Pages of impacts alone are no outage's either.
    for part in ["", "?limit=3"] {
        w.get(&format!("{OUTAGE}{event}/timeline/{part}")).expect(404);
    }
    let mut titles: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &entries {
        let title = entry["title"].as_str().unwrap();
        *titles.entry(title.split(':').next().unwrap()).or_default() += 1;
        let removal = title.starts_with("Impact removed") || title == "Maintenance deleted";
        assert_eq!(entry["user"], if removal { "write" } else { "admin" }, "{title}");
    }
    let expected = [
        ("Impact added", IMPACTS),
        ("Impact removed", IMPACTS),
        ("Maintenance created", 1),
        ("Maintenance deleted", 1),
        ("Notification received", 1),
        ("Notification removed", 1),
        ("Notification updated", 1),
        ("Status changed to Re-Scheduled", 1),
    ];
    assert_eq!(titles.into_iter().collect::<Vec<_>>(), expected);
    eventually("the count", || (w.count(MAINTENANCE) == 1).then_some(()));
}

#[test]
fn a_deletion_leaves_no_impact_of_a_concurrent_writer() {
    const ROUNDS: usize = 12;
    let w = World::new();
    let circuits = w.circuits(24);
    for _ in 0..ROUNDS {
        let event = w.maintenance(json!({}));
        let one = format!("{MAINTENANCE}{event}/");
        let start = Barrier::new(4);
        let statuses = thread::scope(|scope| {
            let adders: Vec<_> = circuits
                .chunks(8)
                .map(|circuits| {
                    let (w, start) = (&w, &start);
                    scope.spawn(move || {
                        start.wait();
                        let add = |circuit: &u64| {
                            w.post(IMPACT, &with(w.impact_body(event), json!({"target_object_id": circuit}))).status
                        };
                        circuits.iter().map(add).collect::<Vec<u16>>()
                    })
                })
                .collect();
            start.wait();
            w.delete(&one).expect(204);
            adders.into_iter().flat_map(|adder| adder.join().unwrap()).collect::<Vec<u16>>()
        });
        assert!(statuses.iter().all(|status| [201, 400].contains(status)), "{statuses:?}");
        w.get(&one).expect(404);
        assert_eq!(w.get(&format!("{IMPACT}?limit=0")).expect(200)["results"], json!([]));
        let made = statuses.iter().filter(|status| **status == 201).count();
        let ended = eventually("the timeline", || {
            let entries = timeline(&w, event);
            (entries.len() >= 2 * made + 2).then_some(entries)
        });
        assert_eq!(ended.len(), 2 * made + 2);
    }
}

#[test]
fn a_list_comes_in_pages() {
    let w = World::new();
    let made = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            // While it grows, a list never tells of more than there can be, nor of less than it shows.
            loop {
                let list = w.get(&format!("{MAINTENANCE}?limit=50")).expect(200);
                let (count, shown) = (list["count"].as_u64().unwrap(), list["results"].as_array().unwrap().len());
                assert!(count >= shown as u64 && count <= 120, "{count} with {shown}");
                assert_eq!(list["next"].is_null(), count == shown as u64, "{count} with {shown}");
                if count == 120 {
                    return;
                }
            }
        });
        let made = in_parallel(4, 120, |n| w.maintenance(json!({"name": format!("M-{n}")})));
        reader.join().unwrap();
        made
    });
    let path = format!("{MAINTENANCE}?limit=50");
    let (mut path, mut seen) = (Some(path), Vec::new());
    while let Some(page) = path {
        let list = w.get(&page).expect(200);
        assert_eq!(list["count"], 120, "{page}");
        assert_eq!(list["previous"].is_null(), seen.is_empty());
        seen.extend(list["results"].as_array().unwrap().iter().map(id));
        path = list["next"].as_str().map(|next| next.strip_prefix(&w.url).unwrap().to_owned());
    }
    assert!(seen.is_sorted_by(|a, b| a > b), "newest first");
    assert_eq!(seen.iter().copied().collect::<BTreeSet<_>>(), made.into_iter().collect());

    // L10
    let check = |query: &str, results: usize| {
        let list = w.get(&format!("{MAINTENANCE}{query}")).expect(200);
        check_keys(&list, "count next previous results", "");
        assert_eq!(
            (list["count"].as_u64(), list["results"].as_array().unwrap().len()),
            (Some(120), results),
            "{query}"
        );
    };
    check("", 50);
    check("?limit=0", 120);
    check("?limit=-1", 50);
    check("?limit=x&offset=x", 50);
    check("?limit=5000", 120);
    check("?limit=1&offset=119", 1);
    check("?offset=120", 0);
    check("?offset=18446744073709551615", 0);
    check("?nonsense=1&q=&q=%20", 50); // L6, 21
    check("?name__unknown=x", 50); // L6
    check("?limit=7&status=CONFIRMED", 7);
    check("?limit=0&offset=100&q=m-", 20);
    let middle = w.get(&format!("{MAINTENANCE}?q=m-&limit=50&offset=20&status=CONFIRMED")).expect(200);
    let link = |query: &str| json!(format!("{}{MAINTENANCE}?{query}&q=m-&status=CONFIRMED", w.url));
    assert_eq!((&middle["next"], &middle["previous"]), (&link("limit=50&offset=70"), &link("limit=50")));

    for id in &seen[..60] {
        w.delete(&format!("{MAINTENANCE}{id}/")).expect(204);
    }
    assert_eq!(w.names(&format!("{MAINTENANCE}?q=M-&limit=0")).len(), 60);
    eventually("the count", || (w.count(&format!("{MAINTENANCE}?limit=1")) == 60).then_some(()));
}

#[test]
fn filters_find_what_they_name() {
    let w = World::new();
    let other = w.provider("Arelion", "arelion");
    for (name, summary, changes) in [
        ("A-1", "Fibre SPLICE", json!({"internal_ticket": "INC-77", "acknowledged": true})),
        ("B-1", "card swap", json!({"status": "TENTATIVE", "impact": "Loss of splice light"})),
        ("B-1", "straße", json!({"provider": other, "start": "2026-11-01", "end": "2026-11-02"})),
        ("C-1", "power", json!({"status": "CANCELLED", "acknowledged": null, "provider": other})),
    ] {
        w.maintenance(with(json!({"name": name, "summary": summary}), changes));
    }
    w.outage(json!({"name": "X-1", "summary": "splice", "start": "2026-11-01"}));
    let zayo = w.provider;
    let check = |query: &str, expected: &[&str]| {
        assert_eq!(w.names(&format!("{MAINTENANCE}?{query}")), expected, "{query}");
    };
    check("name=A-1", &["A-1"]);
    check("name=a-1", &[]);
    check("name=B-1", &["B-1", "B-1"]);
    check("name=B-1&name=C-1", &["C-1", "B-1", "B-1"]);
    check(&format!("name=B-1&provider_id={other}"), &["B-1"]);
    check(&format!("name=B-1&provider_id={other}&provider_id={zayo}"), &["B-1", "B-1"]);
    check("name=B-1&status=TENTATIVE", &["B-1"]);
    check(&format!("name={}", "x".repeat(3000)), &[]);
    check("status=CONFIRMED", &["B-1", "A-1"]);
    check("status=CONFIRMED&status=CANCELLED", &["C-1", "B-1", "A-1"]);
    check(&format!("provider_id={zayo}"), &["B-1", "A-1"]);
    check("internal_ticket=INC-77", &["A-1"]);
    check("acknowledged=true", &["A-1"]);
    check("acknowledged=False", &["B-1", "B-1"]);
    check("acknowledged=garbage", &["C-1", "B-1", "B-1", "A-1"]);
    check("q=splice", &["B-1", "A-1"]); // 21
    check("q=%20SPLICE%20", &["B-1", "A-1"]);
    check("q=inc-7", &["A-1"]);
    check("q=STRASSE", &[]);
    check("q=Stra%C3%9Fe", &["B-1"]);
    check("q=zayo", &[]);
    check("q=a-1&status=TENTATIVE", &[]);
    check("start__lte=2026-11-15&end__gte=2026-11-01", &["B-1"]);
    check("end__gte=2026-11-15", &["C-1", "B-1", "A-1"]);
    // What is not there is neither early nor late, as SQL has it.
    assert!(w.names(&format!("{OUTAGE}?q=SPLICE&status=REPORTED&end__gte=2030-01-01")).is_empty(), "an open end");
    assert_eq!(w.names(&format!("{OUTAGE}?q=SPLICE&end__empty=true")), ["X-1"]);
    // A form sends what was not filled in.
    check("provider_id=&id=&status=&tag=&start__gte=&name=&site_id=&q=&name__ic=splice&name__ic=", &[]);
    check("provider_id=&id=&status=&tag=&start__gte=&name=&site_id=&created_by_request=&q=splice", &["B-1", "A-1"]);
    assert_eq!(w.names(&format!("{PROVIDER}?name__ic=aREL")), ["Arelion"]);
    assert_eq!(w.names(&format!("{PROVIDER}?slug=zayo")), ["Zayo"]);
    assert_eq!(w.names(&format!("{PROVIDER}?q=o")), ["Arelion", "Zayo"]);
    let long = "x".repeat(3000);
    for path in [
        format!("{PROVIDER}?slug={long}"),
        format!("{PROVIDER}?name={long}"),
        format!("{CIRCUIT}?cid={long}&provider_id={zayo}"),
    ] {
        assert_eq!(w.count(&path), 0, "{path:.40}");
    }
    for (query, expected) in [("cid=IC-1", 1), ("cid=ic-1", 0), ("cid__ic=ic", 1), ("q=1", 1), ("cid=IC-2", 0)] {
        assert_eq!(w.count(&format!("{CIRCUIT}?{query}")), expected, "{query}");
    }
    for query in [
        "status=OPEN",
        "status=confirmed",
        "provider_id=0",
        "replaces_id=0",
        "provider_id=zayo",
        "provider_id=999",
        "start__lte=soon",
    ] {
        let answer = w.get(&format!("{MAINTENANCE}?{query}"));
        assert_eq!((answer.status, refused_field(&answer).as_str()), (400, query.split('=').next().unwrap()), "L15");
    }
}

#[test]
fn filters_find_impacts_and_mails() {
    let w = World::new();
    let (a, b, o) = (w.maintenance(json!({})), w.maintenance(json!({})), w.outage(json!({})));
    let second = w.circuit(w.provider, "IC-2");
    for (kind, event, circuit, level) in [
        (MAINTENANCE_TYPE, a, w.circuit, json!("OUTAGE")),
        (MAINTENANCE_TYPE, a, second, json!("DEGRADED")),
        (MAINTENANCE_TYPE, b, second, json!("NO-IMPACT")),
        (OUTAGE_TYPE, o, w.circuit, Value::Null),
    ] {
        let body = json!({"event_content_type": kind, "target_object_id": circuit, "impact": level});
        w.post(IMPACT, &with(w.impact_body(event), body)).expect(201);
    }
    let circuit = w.circuit;
    for (query, expected) in [
        (String::new(), 4),
        (format!("event_object_id={a}"), 2),
        (format!("event_object_id={a}&event_content_type=notices.outage"), 0),
        ("event_content_type=notices.maintenance".into(), 3),
        ("event_content_type_id=151".into(), 1),
        (format!("target_content_type=circuits.circuit&target_object_id={circuit}"), 2),
        (format!("target_object_id={second}"), 2),
        (format!("event_object_id={a}&target_content_type=circuits.circuit&target_object_id={circuit}"), 1),
        (format!("event_object_id={b}&target_content_type=circuits.circuit&target_object_id={circuit}"), 0),
        ("impact=OUTAGE&impact=DEGRADED".into(), 2),
    ] {
        assert_eq!(w.count(&format!("{IMPACT}?{query}")), expected, "{query}");
    }
    for (n, subject) in ["Planned work", "Reminder", "Completed"].iter().enumerate() {
        let body = json!({"subject": subject, "email_received": format!("2026-11-{:02}", 20 - n)});
        w.post(NOTIFICATION, &with(w.notification_body(a), body)).expect(201);
    }
    let subjects = |query: &str| {
        let list = w.get(&format!("{NOTIFICATION}?{query}")).expect(200);
        let subjects =
            list["results"].as_array().unwrap().iter().map(|mail| mail["subject"].as_str().unwrap().to_owned());
        subjects.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(subjects(""), "Completed, Reminder, Planned work", "by the time of receipt");
    assert_eq!(subjects(&format!("event_object_id={b}")), "");
    assert_eq!(subjects("q=REMIND"), "Reminder");
    assert_eq!(subjects("q=noc%40zayo&subject=Completed"), "Completed"); // 22
    assert_eq!(subjects("email_from=nobody"), "");
    for (path, query) in [
        (IMPACT, "event_object_id=x"),
        (IMPACT, "event_object_id=9007199254740993"),
        (IMPACT, "target_content_type=dcim.sight"),
        (IMPACT, "impact=HUGE"),
        (NOTIFICATION, "event_content_type=x"),
    ] {
        let answer = w.get(&format!("{path}?{query}"));
        assert_eq!((answer.status, refused_field(&answer).as_str()), (400, query.split('=').next().unwrap()));
    }
}

#[test]
fn no_body_says_nothing() {
    let w = World::new();
    let event = w.maintenance(json!({"start": "2036-12-01T02:00:00Z", "end": "2036-12-01T06:00:00Z"}));
    let one = format!("{MAINTENANCE}{event}/");
    let before = w.get(&one).expect(200);
    assert_eq!(w.send("PATCH", &one, &[], b"").expect(200), before);
    let refused = w.send("POST", MAINTENANCE, &[], b"");
    assert_eq!((refused.status, refused_field(&refused).as_str()), (400, "name summary status provider start end"));
    let copy = w.send("POST", &format!("{one}reschedule/"), &[], b"").expect(201);
    assert_eq!((&copy["replaces"], &copy["start"]), (&json!(event), &before["start"]));
}

#[test]
fn what_belongs_to_an_event_is_shown_in_its_own_order() {
    let w = World::new();
    let event = w.maintenance(json!({}));
    for (circuit, level) in w.circuits(4).into_iter().zip(["OUTAGE", "NO-IMPACT", "REDUCED-REDUNDANCY", "DEGRADED"]) {
        w.post(IMPACT, &with(w.impact_body(event), json!({"target_object_id": circuit, "impact": level}))).expect(201);
    }
    for day in [21, 19, 20] {
        let received = format!("2026-11-{day}T08:00:00Z");
        w.post(NOTIFICATION, &with(w.notification_body(event), json!({"email_received": received}))).expect(201);
    }
    for shown in [
        w.get(&format!("{MAINTENANCE}{event}/")).expect(200),
        w.get(&format!("{MAINTENANCE}?fields=impacts,notifications")).expect(200)["results"][0].clone(),
    ] {
        let each = |list: &str, field: &str| -> Vec<String> {
            shown[list].as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(each("impacts", "impact"), ["DEGRADED", "NO-IMPACT", "OUTAGE", "REDUCED-REDUNDANCY"]);
        let days: Vec<String> = each("notifications", "email_received").iter().map(|time| time[8..10].into()).collect();
        assert_eq!(days, ["19", "20", "21"]);
    }
}

#[test]
fn a_list_that_reads_too_much_says_so() {
    let w = World::start(Settings { list_read_limit: 5, ..Settings::default() });
    let event = w.maintenance(json!({"name": "M-0"}));
    for n in 1..60 {
        w.maintenance(json!({"name": format!("M-{n}")}));
    }
    for circuit in w.circuits(6) {
        w.post(IMPACT, &with(w.impact_body(event), json!({"target_object_id": circuit}))).expect(201);
    }
    for path in [format!("{MAINTENANCE}?q=M"), format!("{MAINTENANCE}?offset=12"), format!("{IMPACT}?q=out")] {
        let answer = w.get(&path).expect(400).to_string();
        assert!(answer.contains("NOTICEBOARD_LIST_READ_LIMIT"), "{path}: {answer}");
        assert!(answer.contains("paged by cursor"), "{path}: {answer}");
    }
    // By cursor nothing is counted, so a page is found within the limit, or says where to go on.
    let mut next = Some(format!("{MAINTENANCE}?start=0&limit=2&summary__ic=splice"));
    let mut found = Vec::new();
    while let Some(path) = next {
        let page = w.get(&path).expect(200);
        found.extend(page["results"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()));
        next = page["next"].as_str().map(|next| next.strip_prefix(&w.url).unwrap().to_owned());
    }
    assert_eq!(found, (0..60).map(|n| format!("M-{n}")).collect::<Vec<_>>());
    assert_eq!(w.names(&format!("{MAINTENANCE}?name=M-3")), ["M-3"]);
    w.get(&format!("{MAINTENANCE}?offset=5")).expect(200);
    w.get(&format!("{OUTAGE}?offset=6")).expect(200);
}

#[test]
fn names_of_the_inventory_are_unique() {
    let w = World::new();
    let name = "Provider with this name already exists.";
    let slug = "Provider with this slug already exists.";
    w.refused("name", "POST", PROVIDER, &json!({"name": "Zayo", "slug": "z"}), "name", name);
    w.refused("slug", "POST", PROVIDER, &json!({"name": "Z", "slug": "zayo"}), "slug", slug);
    let other = w.provider("Arelion", "arelion");
    let one = format!("{PROVIDER}{other}/");
    w.refused("name", "PATCH", &one, &json!({"name": "Zayo"}), "name", name);
    w.refused("slug", "PATCH", &one, &json!({"slug": "zayo"}), "slug", slug);
    // What is given up can be taken.
    w.patch(&one, &json!({"name": "Telia", "slug": "telia"})).expect(200);
    w.patch(&format!("{PROVIDER}{}/", w.provider), &json!({"name": "Arelion", "slug": "arelion"})).expect(200);

    let cid = "Circuit with this provider and circuit ID already exists.";
    w.refused("cid", "POST", CIRCUIT, &json!({"cid": "IC-1", "provider": w.provider}), "cid", cid);
    let moved = format!("{CIRCUIT}{}/", w.circuit(other, "IC-1"));
    w.refused("cid", "PATCH", &moved, &json!({"provider": w.provider}), "cid", cid);

    let start = Barrier::new(8);
    let statuses = in_parallel(8, 8, |n| {
        start.wait();
        w.post(PROVIDER, &json!({"name": format!("P{n}"), "slug": "same"})).status
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");

    // What something still needs stays.
    w.delete(&one).expect(409);
    w.maintenance(json!({}));
    let event = w.maintenance(json!({}));
    let impact = id(&w.post(IMPACT, &w.impact_body(event)).expect(201));
    w.delete(&format!("{CIRCUIT}{}/", w.circuit)).expect(409);
    w.delete(&format!("{IMPACT}{impact}/")).expect(204);
    w.delete(&format!("{CIRCUIT}{}/", w.circuit)).expect(204);
    w.delete(&format!("{PROVIDER}{}/", w.provider)).expect(409);
}

#[test]
fn answers_carry_what_every_answer_has() {
    let w = World::new();
    for (method, path, status) in [
        ("GET", MAINTENANCE, 200),
        ("HEAD", MAINTENANCE, 200),
        ("GET", "/api/nothing/", 404),
        ("GET", "/nothing/", 404),
        ("PATCH", "/api/status/", 405),
        ("POST", MAINTENANCE, 400),
    ] {
        let answer = w.send(method, path, &[], b"{}");
        assert_eq!(answer.status, status, "{method} {path}");
        let mut missing = String::new();
        for header in ["api-version", "x-request-id", "x-content-type-options"] {
            if answer.header(header).is_empty() {
                write!(missing, "{header} ").unwrap();
            }
        }
        assert_eq!(missing, "", "{method} {path}");
    }
    let status = w.get("/api/status/").expect(200);
    assert!(status["netbox-version"].is_string() && status["plugins"]["notices"].is_string(), "{status}");
    let root = w.get("/api/plugins/notices/").expect(200);
    for (name, url) in root.as_object().unwrap() {
        let path = url.as_str().unwrap().strip_prefix(&w.url).unwrap();
        assert_ne!(w.get(path).status, 404, "{name}");
    }
    // A host that could lead elsewhere is not repeated in links.
    let answer = w.send("GET", MAINTENANCE, &[("host", "evil.example/x?")], b"");
    assert!(!answer.text.contains("evil"), "{answer:?}");
}

/// The note on the newest change of an object.
fn note(w: &World, kind: &str, id: u64, action: &str) -> String {
    let path = format!("{CHANGES}?changed_object_type=Notices.{kind}&changed_object_id={id}&action={action}");
    eventually("the change", || w.get(&path).expect(200)["results"].get(0)?["message"].as_str().map(str::to_owned))
}

#[test]
fn notes_are_kept_on_every_write() {
    let w = World::new();
    let noted = |note: &str| json!({"changelog_message": note}).to_string();
    for action in ["acknowledge", "mark-in-progress", "mark-completed", "cancel"] {
        let one = w.maintenance(json!({}));
        let path = format!("{MAINTENANCE}{one}/{action}/");
        for wrong in ["not JSON", "[1]", "{\"changelog_message\": 7, \"changelog_message\": 8}"] {
            assert_eq!(w.send("POST", &path, &[], wrong.as_bytes()).status, 400, "{action} {wrong}");
        }
        let answer = w.send("POST", &path, &[], noted("a\nb").as_bytes());
        assert_eq!((answer.status, refused_field(&answer).as_str()), (400, "changelog_message"), "{action}");
        w.send("POST", &path, &[], noted(action).as_bytes()).expect(200);
        assert_eq!(note(&w, "Maintenance", one, "update"), action);
    }
    let outage = w.outage(json!({"changelog_message": "made"}));
    assert_eq!(note(&w, "Outage", outage, "create"), "made");
    w.send("POST", &format!("{OUTAGE}{outage}/acknowledge/"), &[], b"").expect(200);
    let one = format!("{OUTAGE}{outage}/");
    assert_eq!(w.send("DELETE", &one, &[], b"nonsense").status, 400);
    w.send("DELETE", &one, &[], noted("gone").as_bytes()).expect(204);
    assert_eq!(note(&w, "Outage", outage, "delete"), "gone");
    let event = w.maintenance(json!({}));
    let impact = id(&w.post(IMPACT, &w.impact_body(event)).expect(201));
    w.send("DELETE", &format!("{IMPACT}{impact}/"), &[], noted("no impact").as_bytes()).expect(204);
    assert_eq!(note(&w, "Impact", impact, "delete"), "no impact");
    // Each element has its own, when it is made, changed and deleted.
    let bodies = ["one", "two"].map(|note| with(w.maintenance_body(), json!({"changelog_message": note})));
    let made: Vec<u64> = w.post(MAINTENANCE, &json!(bodies)).expect(201).as_array().unwrap().iter().map(id).collect();
    let elements = |more: &str| {
        let notes = ["first", ""].map(|note| if note.is_empty() { String::new() } else { format!("{note} {more}") });
        json!([{"id": made[0], "changelog_message": notes[0]}, {"id": made[1], "changelog_message": notes[1]}])
    };
    assert_eq!([0, 1].map(|n| note(&w, "Maintenance", made[n], "create")), ["one", "two"]);
    let mut changes = elements("change");
    changes[0]["summary"] = json!("a");
    changes[1]["summary"] = json!("b");
    w.patch(MAINTENANCE, &changes).expect(200);
    assert_eq!([0, 1].map(|n| note(&w, "Maintenance", made[n], "update")), ["first change", ""]);
    w.send("DELETE", MAINTENANCE, &[], elements("deletion").to_string().as_bytes()).expect(204);
    assert_eq!([0, 1].map(|n| note(&w, "Maintenance", made[n], "delete")), ["first deletion", ""]);
}

#[test]
fn control_characters_are_refused_where_they_have_no_place() {
    let w = World::new();
    let refused = |body: Value, field: &str| {
        let answer = w.post(MAINTENANCE, &with(w.maintenance_body(), body.clone()));
        assert_eq!((answer.status, refused_field(&answer).as_str()), (400, field), "{body}");
    };
    for text in ["a\0b", "a\u{7}b", "a\nb", "a\tb", "a\u{7f}b", "a\u{85}b"] {
        for field in ["name", "summary", "internal_ticket", "original_timezone", "changelog_message"] {
            refused(json!({ field: text }), field);
        }
        refused(json!({"custom_fields": { text: 1 }}), "custom_fields");
    }
    for text in ["a\0b", "a\u{7}b", "a\u{85}b"] {
        refused(json!({"custom_fields": {"a": text}}), "custom_fields");
        refused(json!({"custom_fields": {"a": [{"b": text}]}}), "custom_fields");
        refused(json!({ "comments": text }), "comments");
    }
    w.maintenance(json!({"comments": "a\n\tb", "custom_fields": {"a": "b\r\n\tc"}}));
    for (path, field) in [(MAINTENANCE, "name"), (MAINTENANCE, "q"), (OUTAGE, "name__ic"), (PROVIDER, "slug")] {
        let answer = w.get(&format!("{path}?{field}=%00"));
        assert_eq!((answer.status, refused_field(&answer).as_str()), (400, field), "{path}");
    }
    w.get(&format!("{MAINTENANCE}?unknown=%00")).expect(200);
    for path in [format!("{MAINTENANCE}%ff/"), "/api/%ff/".into(), format!("{MAINTENANCE}%C3/timeline/")] {
        assert_eq!(w.get(&path).expect(404), json!({"detail": "Not found."}), "{path}");
    }
    let broken = w.get(&format!("{MAINTENANCE}%C3%A9/")).expect(404);
    assert_eq!(broken, json!({"detail": "No Maintenance matches the given query."}));
}

#[test]
fn what_contradicts_itself_is_refused() {
    let w = World::new();
    let (m, o, other) = (w.maintenance(json!({})), w.outage(json!({})), w.maintenance(json!({})));
    let site = id(&w.post("/api/dcim/sites/", &json!({"name": "Riga", "slug": "riga"})).expect(201));
    let target = json!({"target_content_type": CIRCUIT_TYPE, "target_object_id": w.circuit});
    let event = json!({"maintenance": m});
    for (body, field) in [
        (json!({"maintenance": m, "outage": o}), "outage"),
        (json!({"maintenance": m, "event_content_type": "notices.outage"}), "event_content_type"),
        (json!({"maintenance": m, "event_object_id": other}), "event_object_id"),
        (json!({"outage": o, "event_content_type": 151, "event_object_id": m}), "event_object_id"),
        (json!({"maintenance": null, "outage": null}), "maintenance"),
    ] {
        let answer = w.post(IMPACT, &with(target.clone(), body.clone()));
        assert_eq!((answer.status, refused_field(&answer).as_str()), (400, field), "{body}");
        let mail = w.notification_body(m);
        let mail = without(without(mail, "event_content_type"), "event_object_id");
        let answer = w.post(NOTIFICATION, &with(mail, body.clone()));
        assert_eq!((answer.status, refused_field(&answer).as_str()), (400, field), "{body}");
    }
    for (body, field) in [
        (json!({"content_type": "dcim.site"}), "target_content_type"),
        (json!({"object_id": site}), "target_object_id"),
    ] {
        let answer = w.post(IMPACT, &with(with(event.clone(), target.clone()), body.clone()));
        assert_eq!((answer.status, refused_field(&answer).as_str()), (400, field), "{body}");
    }
    // What agrees, and what names nothing beside, is taken.
    for (body, kind) in [
        (json!({"maintenance": null, "outage": o}), OUTAGE_TYPE),
        (json!({"maintenance": m, "event_content_type": 150, "event_object_id": m, "content_type": null}), 150),
        (json!({"maintenance": other, "event_content_type": null, "content_type": "circuits.Circuit"}), 150),
    ] {
        let made = w.post(IMPACT, &with(target.clone(), body.clone())).expect(201);
        assert_eq!(made["event_content_type"], kind, "{body}");
    }

    let second = w.provider("Arelion", "arelion");
    for (name, slug) in [("Blue", "blue"), ("Red", "red")] {
        w.post("/api/extras/tags/", &json!({"name": name, "slug": slug})).expect(201);
    }
    let not_found = |attributes: &str| format!("Related object not found using the provided attributes: {attributes}");
    for (field, value, attributes) in [
        ("provider", json!({"slug": "zayo", "name": "No"}), "{'slug': 'zayo', 'name': 'No'}"),
        ("provider", json!({"slug": "zayo", "name": "Arelion"}), "{'slug': 'zayo', 'name': 'Arelion'}"),
        ("provider", json!({"id": second, "slug": "zayo"}), &format!("{{'id': {second}, 'slug': 'zayo'}}")),
        ("tags", json!([{"name": "Blue", "slug": "red"}]), "{'slug': 'red', 'name': 'Blue'}"),
        ("tags", json!([{"name": "Blue", "slug": "none"}]), "{'slug': 'none', 'name': 'Blue'}"),
    ] {
        let body = with(w.maintenance_body(), json!({ field: value }));
        w.refused("attributes", "POST", MAINTENANCE, &body, field, &not_found(attributes));
    }
    let made = w.post(
        MAINTENANCE,
        &with(
            w.maintenance_body(),
            json!({
                "provider": {"id": second, "url": "x", "name": "Arelion", "slug": "arelion"},
                "tags": [{"name": "Blue", "slug": "blue"}, {"slug": "red"}],
            }),
        ),
    );
    let made = made.expect(201);
    assert_eq!((&made["provider"]["id"], made["tags"].as_array().unwrap().len()), (&json!(second), 2));
    // All tags that are asked for must be there, by slug and by id.
    let ids: Vec<u64> = made["tags"].as_array().unwrap().iter().map(id).collect();
    w.maintenance(json!({"tags": [{"slug": "red"}]}));
    for (query, count) in [
        ("tag=red".to_owned(), 2),
        ("tag=red&tag=blue".into(), 1),
        (format!("tag_id={}", ids[1]), 2),
        (format!("tag_id={}&tag_id={}", ids[0], ids[1]), 1),
    ] {
        assert_eq!(w.count(&format!("{MAINTENANCE}?{query}")), count, "{query}");
    }
    for (path, query, count) in [
        (IMPACT, "event_content_type=notices.Maintenance", 2),
        (IMPACT, "event_content_type__n=Notices.Maintenance", 1),
        (IMPACT, "target_content_type=Circuits.Circuit", 3),
        (IMPACT, "target_content_type=dcim.Site", 0),
    ] {
        assert_eq!(w.count(&format!("{path}?{query}")), count, "{query}");
    }
    w.post(NOTIFICATION, &w.notification_body(m)).expect(201);
    assert_eq!(w.count(&format!("{NOTIFICATION}?event_content_type=notices.Maintenance")), 1);
    assert_eq!(w.get(&format!("{IMPACT}?event_content_type=dcim.site")).status, 400);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let w = World::new();
    let body = w.maintenance_body();
    let end = "The end time must be after the start time.";
    let provider = "Related object not found using the provided numeric ID: 99";
    let time = "Datetime has wrong format. Use one of these formats instead: \
                YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
    let blank = "This field may not be blank.";
    let elements = json!([
        with(body.clone(), json!({"provider": 99})),
        with(body.clone(), json!({"end": "2026-11-01"})),
        with(body.clone(), json!({"name": ""})),
        with(body.clone(), json!({"name": "", "provider": 99, "end": "2026-11-01", "replaces": 98, "tags": [97]})),
        with(body.clone(), json!({"start": "soon", "end": "2026-11-01"})),
        "text",
        body,
    ]);
    let tags = "Related object not found using the provided numeric ID: 97";
    let replaces = "Invalid pk \"98\" - object does not exist.";
    let expected = json!([
        {"provider": [provider]},
        {"end": [end]},
        {"name": [blank]},
        {"name": [blank], "provider": [provider], "tags": [tags], "replaces": [replaces], "end": [end]},
        {"start": [time]},
        {"non_field_errors": ["Invalid data. Expected a dictionary, but got str."]},
        {},
    ]);
    let answer = w.post(MAINTENANCE, &elements);
    assert_eq!(answer.expect(400), expected);
    assert_eq!(w.count(MAINTENANCE), 0);
    let one = format!("{MAINTENANCE}{}/", w.maintenance(json!({})));
    let wrong = json!({"name": "", "provider": 99, "end": "2026-11-01"});
    assert_eq!(w.patch(&one, &wrong).expect(400), json!({"name": [blank], "provider": [provider], "end": [end]}));
    assert_eq!(w.patch(&one, &json!({"start": "soon", "end": "2026-11-01"})).expect(400), json!({"start": [time]}));
    let resolved = json!({"name": "", "status": "RESOLVED", "provider": 99});
    let answer = w.post(OUTAGE, &with(w.outage_body(), resolved)).expect(400);
    assert_eq!(keys(&answer), ["name", "provider", "end"]);
    let impact = json!({"maintenance": 99, "target_content_type": "dcim.rack", "target_object_id": 98, "impact": "X"});
    assert_eq!(keys(&w.post(IMPACT, &impact).expect(400)), ["impact", "event_object_id", "target_content_type"]);
    let mail = with(w.notification_body(99), json!({"subject": "", "email_from": "x"}));
    assert_eq!(keys(&w.post(NOTIFICATION, &mail).expect(400)), ["subject", "email_from", "event_object_id"]);
}

#[test]
fn lists_show_all_that_belongs_to_their_events() {
    let w = World::new();
    let event = w.maintenance(json!({}));
    let circuits = w.circuits(230);
    let body = w.impact_body(event);
    let impacts: Vec<Value> =
        circuits.iter().map(|circuit| with(body.clone(), json!({"target_object_id": circuit}))).collect();
    w.post(IMPACT, &json!(impacts)).expect(201);
    for _ in 0..3 {
        w.post(NOTIFICATION, &w.notification_body(event)).expect(201);
    }
    let shown = |fields: &str| w.get(&format!("{MAINTENANCE}?fields={fields}")).expect(200)["results"][0].clone();
    let one = shown("impacts");
    assert_eq!((keys(&one), one["impacts"].as_array().unwrap().len()), (vec!["impacts"], 230));
    let one = shown("notifications,id");
    assert_eq!((keys(&one), one["notifications"].as_array().unwrap().len()), (vec!["id", "notifications"], 3));
    // Nothing asked for is everything but these.
    for empty in ["", ",", " "] {
        let one = w.get(&format!("{MAINTENANCE}?fields={}", empty.replace(' ', "%20"))).expect(200);
        assert!(keys(&one["results"][0]).contains(&"summary"), "{empty}");
    }

    let other = w.provider("Arelion", "arelion");
    w.maintenance(json!({"name": "M-2", "provider": other, "status": "TENTATIVE"}));
    w.maintenance(json!({"name": "M-3", "status": "TENTATIVE"}));
    for (query, expected) in [
        ("ordering=provider,name", ["M-2", "M-1", "M-3"]),
        ("ordering=-provider,name", ["M-1", "M-3", "M-2"]),
        ("ordering=provider", ["M-2", "M-3", "M-1"]),
    ] {
        assert_eq!(w.names(&format!("{MAINTENANCE}?{query}")), expected, "{query}");
    }
    let tentative = w.names(&format!(
        "{MAINTENANCE}?provider_id={other}&provider_id={}&status=TENTATIVE&ordering=-provider",
        w.provider
    ));
    assert_eq!(tentative, ["M-3", "M-2"]);
    let many = vec!["id=1"; 2000].join("&");
    let refused = w.get(&format!("{MAINTENANCE}?{many}")).expect(400);
    assert_eq!(refused, json!({"id": ["Give at most 1000 values."]}));
}

#[test]
fn a_long_mail_is_kept_whole() {
    let w = World::new();
    let event = w.maintenance(json!({}));
    let page = "<tr><td>work</td></tr>".repeat(6_900);
    let made = w.post(NOTIFICATION, &with(w.notification_body(event), json!({ "email_body": page }))).expect(201);
    assert_eq!(made["email_body"].as_str().unwrap().len(), page.len());
    w.patch(&format!("{NOTIFICATION}{}/", id(&made)), &json!({"subject": "the same"})).expect(200);
    let path = format!("{CHANGES}?changed_object_type=notices.eventnotification&action=update");
    eventually("the change", || (w.count(&path) == 1).then_some(()));
    let larger = with(w.notification_body(event), json!({"email_body": "x".repeat(150 * 1024 + 1)}));
    let message = "Ensure this field has no more than 153600 bytes (MAX_MAIL_TEXT_BYTES).";
    w.refused("too long", "POST", NOTIFICATION, &larger, "email_body", message);
}
