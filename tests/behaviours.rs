//! Every behaviour of the peer that its clients rely on, one test for each row of the list of behaviours: 1 to 51 as its
//! own tests assert them, L1 to L15 as a running instance shows them. `M/` is `/api/plugins/notices/maintenance/`.
//!
//! | row | what | where |
//! |---|---|---|
//! | 1–4 | order of an event's times | here |
//! | 5–9 | a maintenance that replaces another | here; 8 is the peer's form, and here `POST M/{id}/reschedule/` |
//! | 10–14 | quick actions | here: the peer's pages (302 to a page) are `POST M/{id}/{action}/` (200, or 409) |
//! | 15–20 | impacts: event, target, types that are allowed | here |
//! | 21–24 | search, `has_replaces`, sites | here |
//! | 25–38 | the calendar | `tests/feed.rs` |
//! | 39–44 | messages to customers | not offered |
//! | 45–46 | the timeline | here: `M/{id}/timeline/` |
//! | 47 | history of an object or provider | here, as the filters that its panel needs |
//! | 48 | counters of the dashboard | here, as the filters that its numbers need |
//! | 49 | a received mail on a page | here: the API has its text and never the raw message; sanitising is the page's |
//! | 50 | CSV import and bulk edit | here, as bulk requests; its form for `status` is the peer's page only |
//! | 51 | time zones | here: the API keeps the zone's name and converts nothing; showing it twice is the page's |
//! | L1–L15 | what a running instance shows | here |

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::ops::Deref;

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use noticeboard_app::Settings;
use noticeboard_domain::object::AllowedTargets;
use noticeboard_tests::{Answer, Client, Server, TOKEN, eventually};
use serde_json::{Value, json};

const NOTICES: &str = "/api/plugins/notices/";
const MAINTENANCE: &str = "/api/plugins/notices/maintenance/";
const OUTAGE: &str = "/api/plugins/notices/outage/";
const IMPACT: &str = "/api/plugins/notices/impact/";
const NOTIFICATION: &str = "/api/plugins/notices/eventnotification/";
const CIRCUIT: &str = "/api/circuits/circuits/";
const TERMINATION: &str = "/api/circuits/circuit-terminations/";
const SITE: &str = "/api/dcim/sites/";
const REGION: &str = "/api/dcim/regions/";
const SITE_GROUP: &str = "/api/dcim/site-groups/";
const LOCATION: &str = "/api/dcim/locations/";
const DEVICE: &str = "/api/dcim/devices/";
const POWER_PANEL: &str = "/api/dcim/power-panels/";
const POWER_FEED: &str = "/api/dcim/power-feeds/";

const END: &str = "The end time must be after the start time.";
const NO_END: &str = "End time is required when marking outage as resolved";
const REQUIRED: &str = "This field is required.";
const FROZEN: &str = "You cannot alter an impact once the event has completed.";

const MAINTENANCE_STATUSES: [&str; 7] =
    ["TENTATIVE", "CONFIRMED", "CANCELLED", "IN-PROCESS", "COMPLETED", "RE-SCHEDULED", "UNKNOWN"];
const OPEN_OUTAGE_STATUSES: [&str; 4] = ["REPORTED", "INVESTIGATING", "IDENTIFIED", "MONITORING"];

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

fn id(object: &Value) -> u64 {
    object["id"].as_u64().unwrap()
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// These fields of an object, as an object.
fn fields(object: &Value, names: &[&str]) -> Value {
    names.iter().map(|name| ((*name).to_owned(), object[*name].clone())).collect::<serde_json::Map<_, _>>().into()
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
            "start": "2099-12-01T02:00:00Z", "end": "2099-12-01T06:00:00Z",
        })
    }

    fn outage_body(&self) -> Value {
        json!({"name": "O-1", "summary": "fiber cut", "status": "REPORTED", "provider": self.provider})
    }

    fn impact_body(&self, event: &Value) -> Value {
        let kind = self.own(event).strip_prefix(NOTICES).unwrap().split('/').next().unwrap();
        json!({
            "event_content_type": format!("notices.{kind}"), "event_object_id": event["id"],
            "target_content_type": "circuits.circuit", "target_object_id": self.circuit, "impact": "OUTAGE",
        })
    }

    fn mail_body(&self, event: &Value) -> Value {
        let pair = self.impact_body(event);
        json!({
            "event_content_type": pair["event_content_type"], "event_object_id": pair["event_object_id"],
            "email_body": "We will work.", "subject": "Planned work M-1", "email_from": "noc@zayo.example",
            "email_received": "2026-11-20T08:00:00Z",
        })
    }

    #[track_caller]
    fn make(&self, path: &str, body: &Value) -> Value {
        self.post(path, body).expect(201)
    }

    #[track_caller]
    fn maintenance(&self, changes: Value) -> Value {
        self.make(MAINTENANCE, &with(self.maintenance_body(), changes))
    }

    #[track_caller]
    fn outage(&self, changes: Value) -> Value {
        self.make(OUTAGE, &with(self.outage_body(), changes))
    }

    #[track_caller]
    fn impact(&self, event: &Value, changes: Value) -> Value {
        self.make(IMPACT, &with(self.impact_body(event), changes))
    }

    #[track_caller]
    fn mail(&self, event: &Value, changes: Value) -> Value {
        self.make(NOTIFICATION, &with(self.mail_body(event), changes))
    }

    /// The path of an object, from its own `url`.
    fn own<'a>(&self, object: &'a Value) -> &'a str {
        object["url"].as_str().unwrap().strip_prefix(&self.url).unwrap()
    }

    #[track_caller]
    fn read(&self, object: &Value) -> Value {
        self.get(self.own(object)).expect(200)
    }

    #[track_caller]
    fn change(&self, object: &Value, changes: &Value) -> Value {
        self.patch(self.own(object), changes).expect(200)
    }

    #[track_caller]
    fn remove(&self, object: &Value) {
        self.delete(self.own(object)).expect(204);
    }

    fn act(&self, object: &Value, action: &str, body: &Value) -> Answer {
        self.post(&format!("{}{action}/", self.own(object)), body)
    }

    /// Sends a body that must be refused with 400, with this message on this field alone.
    #[track_caller]
    fn refused(&self, method: &str, path: &str, body: &Value, field: &str, message: &str) {
        let answer = self.send(method, path, &[("content-type", "application/json")], body.to_string().as_bytes());
        assert_eq!(answer.status, 400, "{method} {path} {body}: {answer:?}");
        assert_eq!(answer.json(), json!({ field: [message] }), "{method} {path} {body}");
    }

    /// A list's `field` of each element; `count` must agree.
    #[track_caller]
    fn list(&self, path: &str, field: &str) -> Vec<String> {
        let list = self.get(path).expect(200);
        let found: Vec<String> =
            list["results"].as_array().unwrap().iter().map(|e| e[field].as_str().unwrap().to_owned()).collect();
        assert_eq!(list["count"], found.len(), "{path}");
        found
    }

    /// The names in a list are these, in any order.
    #[track_caller]
    fn finds(&self, path: &str, expected: &[&str]) {
        let mut found = self.list(path, "name");
        found.sort();
        assert_eq!(found, expected, "{path}");
    }

    #[track_caller]
    fn count(&self, path: &str) -> u64 {
        self.get(path).expect(200)["count"].as_u64().unwrap()
    }

    /// The whole timeline of an event once it has so many entries, newest first.
    #[track_caller]
    fn timeline(&self, event: &Value, entries: usize) -> Vec<Value> {
        let path = format!("{}timeline/?limit=1000", self.own(event));
        eventually("the timeline", || {
            let list = self.get(&path).expect(200)["results"].as_array().unwrap().clone();
            (list.len() >= entries).then_some(list)
        })
    }
}

fn now() -> DateTime<Utc> {
    // The server has the machine's clock, and so has the test.
    #[allow(clippy::disallowed_methods)]
    Utc::now()
}

/// A time so many days from now.
fn day(days: i64) -> String {
    (now() + Duration::days(days)).to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[test]
fn row_01_an_end_before_the_start_is_refused() {
    let w = World::new();
    let (early, late) = ("2099-12-01T02:00:00Z", "2099-12-01T02:00:01Z");
    for (path, body) in [(MAINTENANCE, w.maintenance_body()), (OUTAGE, w.outage_body())] {
        let backwards = with(body.clone(), json!({"start": late, "end": early}));
        w.refused("POST", path, &backwards, "end", END);
        let made = w.make(path, &with(body, json!({"start": early, "end": late})));
        w.refused("PUT", w.own(&made), &backwards, "end", END);
        w.refused("PATCH", w.own(&made), &json!({"end": "2099-12-01T01:00:00Z"}), "end", END);
        w.refused("PATCH", w.own(&made), &json!({"start": "2099-12-01T03:00:00Z"}), "end", END);
        assert_eq!(w.read(&made), made);
        assert_eq!(w.count(path), 1);
    }
}

#[test]
fn row_02_an_end_at_the_start_is_accepted() {
    let w = World::new();
    let moment = json!({"start": "2099-12-01T02:00:00Z", "end": "2099-12-01T02:00:00Z"});
    for made in [w.maintenance(moment.clone()), w.outage(moment)] {
        assert_eq!(made["start"], made["end"]);
    }
}

#[test]
fn row_03_a_resolved_outage_needs_an_end() {
    let w = World::new();
    w.refused("POST", OUTAGE, &with(w.outage_body(), json!({"status": "RESOLVED"})), "end", NO_END);
    let made = w.outage(json!({}));
    w.refused("PATCH", w.own(&made), &json!({"status": "RESOLVED"}), "end", NO_END);
    w.refused("PUT", w.own(&made), &with(w.outage_body(), json!({"status": "RESOLVED"})), "end", NO_END);
    assert_eq!(w.read(&made)["status"], "REPORTED");
    let resolved = w.change(&made, &json!({"status": "RESOLVED", "end": "2099-12-01T02:00:00Z"}));
    assert_eq!(resolved["status"], "RESOLVED");
    w.refused("PATCH", w.own(&made), &json!({"end": null}), "end", NO_END);
}

#[test]
fn row_04_an_outage_that_goes_on_needs_no_end() {
    let w = World::new();
    for status in OPEN_OUTAGE_STATUSES {
        assert_eq!(w.outage(json!({"status": status}))["end"], Value::Null, "{status}");
        assert_eq!(w.outage(json!({"status": status, "end": null}))["end"], Value::Null, "{status}");
    }
}

#[test]
fn row_05_a_maintenance_always_says_what_it_replaces() {
    let w = World::new();
    let made = w.maintenance(json!({}));
    for found in [&made, &w.read(&made), &w.get(MAINTENANCE).expect(200)["results"][0]] {
        assert_eq!(found.get("replaces"), Some(&Value::Null), "{found}");
    }
}

#[test]
fn row_06_replaces_is_an_id() {
    let w = World::new();
    let a = w.maintenance(json!({}));
    let b = w.maintenance(json!({"replaces": a["id"]}));
    assert_eq!((&b["replaces"], &w.read(&b)["replaces"]), (&a["id"], &a["id"]));
}

#[test]
fn row_07_a_replaced_maintenance_becomes_rescheduled() {
    let w = World::new();
    for status in MAINTENANCE_STATUSES {
        let a = w.maintenance(json!({"status": status}));
        w.maintenance(json!({"replaces": a["id"]}));
        assert_eq!(w.read(&a)["status"], "RE-SCHEDULED", "{status}");
    }
    // Only when it is made with it.
    let (a, b) = (w.maintenance(json!({})), w.maintenance(json!({})));
    assert_eq!(w.change(&b, &json!({"replaces": a["id"]}))["replaces"], a["id"]);
    w.put(w.own(&b), &with(w.maintenance_body(), json!({"replaces": a["id"]}))).expect(200);
    assert_eq!(w.read(&a), a);
}

#[test]
fn row_08_a_rescheduled_maintenance_is_a_copy() {
    let w = World::new();
    w.make("/api/extras/tags/", &json!({"name": "Ring", "slug": "ring"}));
    let a = w.maintenance(json!({
        "internal_ticket": "INC-1", "comments": "Call before.", "impact": "Ring open", "acknowledged": true,
        "original_timezone": "Europe/Paris", "custom_fields": {"crew": 7}, "tags": [{"slug": "ring"}],
    }));
    w.impact(&a, json!({}));
    w.mail(&a, json!({}));
    let times = json!({"start": "2099-12-08T02:00:00Z", "end": "2099-12-08T06:00:00Z"});
    let answer = w.act(&a, "reschedule", &times);
    let location = answer.header("location").to_owned();
    let b = answer.expect(201);
    assert_eq!((&json!(location), &w.read(&b)), (&b["url"], &b));
    let copied = [
        "name",
        "summary",
        "provider",
        "internal_ticket",
        "comments",
        "impact",
        "original_timezone",
        "acknowledged",
        "custom_fields",
    ];
    assert_eq!(fields(&b, &copied), fields(&a, &copied));
    assert_eq!(fields(&b, &["start", "end"]), times);
    assert_eq!((&b["replaces"], &b["status"], &b["impact_count"]), (&a["id"], &json!("TENTATIVE"), &json!(0)));
    assert_eq!(
        fields(&b, &["impacts", "notifications", "tags"]),
        json!({"impacts": [], "notifications": [], "tags": []})
    );
    assert_eq!(w.read(&a)["status"], "RE-SCHEDULED");

    // What else is sent is the new one's.
    let c = w.act(
        &b,
        "reschedule",
        &with(times.clone(), json!({"status": "CONFIRMED", "name": "M-2", "summary": "again"})),
    );
    let c = c.expect(201);
    let expected = json!({"status": "CONFIRMED", "name": "M-2", "summary": "again", "replaces": b["id"]});
    assert_eq!(fields(&c, &["status", "name", "summary", "replaces"]), expected);
    assert_eq!(w.read(&b)["status"], "RE-SCHEDULED");

    // What is refused changes nothing.
    let path = format!("{}reschedule/", w.own(&c));
    w.refused("POST", &path, &json!({"start": times["end"], "end": times["start"]}), "end", END);
    for (field, wrong) in
        [("start", json!("soon")), ("end", Value::Null), ("name", json!("")), ("status", json!("LATE"))]
    {
        let refused = w.post(&path, &with(times.clone(), json!({ field: wrong }))).expect(400);
        assert_eq!(keys(&refused), [field]);
    }
    assert_eq!(w.read(&c), c);
    let (past, future) = ("2020-01-01T00:00:00Z", "2099-12-01T02:00:00Z");
    for (status, start) in [("CONFIRMED", past), ("IN-PROCESS", past), ("COMPLETED", future), ("CANCELLED", future)] {
        let d = w.maintenance(json!({"status": status, "start": start}));
        let detail = w.act(&d, "reschedule", &times).expect(409);
        assert!(detail["detail"].as_str().is_some_and(|text| !text.is_empty()), "{status} {start}: {detail}");
        assert_eq!(w.read(&d), d);
    }
    assert_eq!(w.count(MAINTENANCE), 7, "a, b, c and four that stay");
    let unknown = json!({"detail": "No Maintenance matches the given query."});
    assert_eq!(w.post(&format!("{MAINTENANCE}999/reschedule/"), &times).expect(404), unknown);
}

#[test]
fn row_09_what_replaced_a_deleted_one_stays() {
    let w = World::new();
    let a = w.maintenance(json!({}));
    let b = w.maintenance(json!({"replaces": a["id"]}));
    w.remove(&a);
    let left = w.read(&b);
    assert_eq!((&left["replaces"], &left["status"]), (&Value::Null, &b["status"]));
}

/// Does an action on a maintenance of each status: those in `refused` answer 409 and stay, all others become `status`.
#[track_caller]
fn check_action(action: &str, status: &str, refused: &[&str]) {
    let w = World::new();
    for from in MAINTENANCE_STATUSES {
        let before = w.maintenance(json!({"status": from}));
        let answer = w.act(&before, action, &json!({}));
        if refused.contains(&from) {
            let body = answer.expect(409);
            assert!(body["detail"].as_str().is_some_and(|text| !text.is_empty()), "{from}: {body}");
            assert_eq!(w.read(&before), before, "{from}");
            continue;
        }
        let after = answer.expect(200);
        assert_eq!((&after["id"], after["status"].as_str()), (&before["id"], Some(status)), "{from}");
        assert_eq!(w.read(&after), after, "{from}");
        // The peer leaves last_updated as it was, and its feed then hides the change.
        assert_eq!(after["last_updated"] != before["last_updated"], from != status, "{from}");
    }
    let one = w.maintenance(json!({}));
    let path = format!("{}{action}/", w.own(&one));
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let detail = format!("Method \"{method}\" not allowed.");
        assert_eq!(w.send(method, &path, &[], b"").expect(405), json!({ "detail": detail }));
    }
    // No body is needed; an answer never leads where the caller says.
    let answer = w.send("POST", &format!("{path}?return_url=https://evil.example/"), &[], b"");
    assert_eq!((answer.status, answer.header("location")), (200, ""), "{answer:?}");
    let unknown = json!({"detail": "No Maintenance matches the given query."});
    assert_eq!(w.post(&format!("{MAINTENANCE}999/{action}/"), &json!({})).expect(404), unknown);
}

#[test]
fn row_10_acknowledge() {
    let w = World::new();
    for event in [w.maintenance(json!({})), w.outage(json!({}))] {
        let after = w.act(&event, "acknowledge", &json!({"return_url": "https://evil.example/"})).expect(200);
        assert_eq!((&after["acknowledged"], &after["status"]), (&json!(true), &event["status"]));
        assert_ne!(after["last_updated"], event["last_updated"]);
        assert_eq!(w.read(&event), after);
        assert_eq!(w.act(&event, "acknowledge", &json!({})).expect(200), after, "again");
        assert_eq!(w.get(&format!("{}acknowledge/", w.own(&event))).status, 405);
    }
    for status in MAINTENANCE_STATUSES {
        let event = w.maintenance(json!({"status": status, "acknowledged": null}));
        assert_eq!(w.act(&event, "acknowledge", &json!({})).expect(200)["acknowledged"], true, "{status}");
    }
    w.post(&format!("{MAINTENANCE}999/acknowledge/"), &json!({})).expect(404);
    w.post(&format!("{OUTAGE}999/acknowledge/"), &json!({})).expect(404);
    // Outages have no other action.
    let outage = w.outage(json!({}));
    for action in ["reschedule", "mark-in-progress", "mark-completed", "cancel"] {
        assert_eq!(w.act(&outage, action, &json!({})).status, 404, "{action}");
    }
}

#[test]
fn row_11_and_12_cancel() {
    check_action("cancel", "CANCELLED", &["COMPLETED", "CANCELLED"]);
}

#[test]
fn row_13_mark_in_progress() {
    check_action("mark-in-progress", "IN-PROCESS", &["COMPLETED", "CANCELLED"]);
}

#[test]
fn row_14_mark_completed() {
    check_action("mark-completed", "COMPLETED", &["CANCELLED"]);
}

#[test]
fn row_15_an_impact_shows_its_event() {
    let w = World::new();
    for event in [w.maintenance(json!({})), w.outage(json!({}))] {
        let impact = w.read(&w.impact(&event, json!({})));
        let shown = ["id", "url", "name", "status", "provider", "start", "end", "original_timezone", "acknowledged"];
        assert_eq!(fields(&impact["event"], &shown), fields(&event, &shown));
        let has_estimate = impact["event"].get("estimated_time_to_repair").is_some();
        assert_eq!(has_estimate, event.get("estimated_time_to_repair").is_some());
    }
}

#[test]
fn row_16_a_circuit_as_target_is_shown_in_full() {
    let w = World::new();
    let impact = w.impact(&w.maintenance(json!({})), json!({}));
    let circuit = w.get(&format!("{CIRCUIT}{}/", w.circuit)).expect(200);
    assert_eq!((&impact["target"], &w.read(&impact)["target"]), (&circuit, &circuit));
    assert_eq!(circuit["cid"], "IC-1");
}

/// One of each type that may be a target by default, but a circuit: `(type, id, name)`.
fn targets(w: &World) -> Vec<(&'static str, u64, &'static str)> {
    let site = id(&w.make(SITE, &json!({"name": "Paris", "slug": "paris"})));
    let device = id(&w.make(DEVICE, &json!({"name": "edge-1", "site": site})));
    let panel = id(&w.make(POWER_PANEL, &json!({"name": "A", "site": site})));
    let feed = id(&w.make(POWER_FEED, &json!({"name": "A1", "power_panel": panel})));
    vec![("dcim.site", site, "Paris"), ("dcim.device", device, "edge-1"), ("dcim.powerfeed", feed, "A1")]
}

#[test]
fn row_17_any_other_target_is_shown_in_brief() {
    let w = World::new();
    let event = w.maintenance(json!({}));
    for (kind, target, name) in targets(&w) {
        let made = w.impact(&event, json!({"target_content_type": kind, "target_object_id": target}));
        let expected = json!({"id": target, "name": name, "type": kind});
        assert_eq!((&made["target"], &w.read(&made)["target"]), (&expected, &expected));
    }
}

#[test]
fn row_18_what_is_left_of_a_deleted_event_can_be_read() {
    let w = World::new();
    for event in [w.maintenance(json!({})), w.outage(json!({}))] {
        let mail = w.mail(&event, json!({}));
        assert_eq!(mail["event"]["id"], event["id"]);
        w.remove(&event);
        let left = w.read(&mail);
        assert_eq!((&left["event"], &left["event_object_id"]), (&Value::Null, &event["id"]));
        let list = w.get(&format!("{NOTIFICATION}?event_object_id={}", event["id"])).expect(200);
        assert_eq!(list["results"][0]["event"], Value::Null);
    }
}

#[test]
fn row_19_a_target_of_a_type_that_is_not_allowed_is_refused() {
    let w = World::new();
    let body = w.impact_body(&w.maintenance(json!({})));
    let panel = id(&w.make(
        POWER_PANEL,
        &json!({"name": "A", "site": id(&w.make(SITE, &json!({"name": "Paris", "slug": "paris"})))}),
    ));
    for (kind, target) in [("circuits.provider", w.provider), ("dcim.powerpanel", panel)] {
        let answer =
            w.post(IMPACT, &with(body.clone(), json!({"target_content_type": kind, "target_object_id": target})));
        let refused = answer.expect(400);
        assert_eq!(keys(&refused), ["target_content_type"]);
        for allowed in ["circuits.circuit", "dcim.device", "dcim.powerfeed", "dcim.site"] {
            assert!(refused.to_string().contains(allowed), "{refused}");
        }
    }
    assert_eq!(w.count(IMPACT), 0);
}

#[test]
fn row_20_four_types_are_allowed_unless_set_otherwise() {
    let w = World::new();
    let event = w.maintenance(json!({}));
    w.impact(&event, json!({}));
    for (kind, target, _) in targets(&w) {
        w.impact(&event, json!({"target_content_type": kind, "target_object_id": target}));
    }
    assert_eq!(w.read(&event)["impact_count"], 4);

    let allowed_targets = AllowedTargets::parse("circuits.Provider").unwrap();
    let w = World::start(Settings { allowed_targets, ..Settings::default() });
    let event = w.maintenance(json!({}));
    w.impact(&event, json!({"target_content_type": "circuits.provider", "target_object_id": w.provider}));
    assert_eq!(keys(&w.post(IMPACT, &w.impact_body(&event)).expect(400)), ["target_content_type"]);
}

#[test]
fn row_21_events_are_searched() {
    let w = World::new();
    for (path, body) in [(MAINTENANCE, w.maintenance_body()), (OUTAGE, w.outage_body())] {
        for (name, changes) in [
            ("A-Splice", json!({"summary": "x"})),
            ("B", json!({"summary": "fibre SPLICE"})),
            ("C", json!({"internal_ticket": "splice-1"})),
            ("D", json!({"impact": "Loss of Splice light"})),
            ("E", json!({"comments": "splice"})),
            ("F", json!({"summary": "50% _ power"})),
        ] {
            w.make(path, &with(with(body.clone(), json!({"name": name, "summary": "card"})), changes));
        }
        for (q, found) in [
            ("sPliCe", ["A-Splice", "B", "C", "D"].as_slice()),
            ("splice-1", &["C"]),
            ("nothing", &[]),
            ("%25", &["F"]),
            ("_", &["F"]),
            ("", &["A-Splice", "B", "C", "D", "E", "F"]),
            ("%20", &["A-Splice", "B", "C", "D", "E", "F"]),
        ] {
            w.finds(&format!("{path}?q={q}"), found);
        }
    }
}

#[test]
fn row_22_received_mails_are_searched() {
    let w = World::new();
    let event = w.maintenance(json!({}));
    w.mail(&event, json!({"subject": "Reminder", "email_body": "soon", "email_from": "a@one.example"}));
    w.mail(&event, json!({"subject": "Completed", "email_body": "a REMINDER was sent", "email_from": "b@two.example"}));
    w.mail(&event, json!({"subject": "Delayed", "email_body": "late", "email_from": "reminder@three.example"}));
    for (q, found) in [
        ("reminder", ["Completed", "Delayed", "Reminder"].as_slice()),
        ("TWO.example", &["Completed"]),
        ("late", &["Delayed"]),
        ("nothing", &[]),
        ("", &["Completed", "Delayed", "Reminder"]),
    ] {
        let mut subjects = w.list(&format!("{NOTIFICATION}?q={q}"), "subject");
        subjects.sort();
        assert_eq!(subjects, found, "{q}");
    }
}

#[test]
fn row_23_has_replaces_finds_what_was_replaced() {
    let w = World::new();
    let a = w.maintenance(json!({"name": "A"}));
    let b = w.maintenance(json!({"name": "B", "replaces": a["id"]}));
    w.maintenance(json!({"name": "C"}));
    w.finds(&format!("{MAINTENANCE}?has_replaces=true"), &["A"]);
    w.finds(&format!("{MAINTENANCE}?has_replaces=false"), &["B", "C"]);
    w.finds(&format!("{MAINTENANCE}?has_replaces=garbage"), &["A", "B", "C"]);
    w.finds(&format!("{MAINTENANCE}?replaces_id={}", id(&a)), &["B"]);
    w.remove(&b);
    w.finds(&format!("{MAINTENANCE}?has_replaces=true"), &[]);
    w.finds(&format!("{MAINTENANCE}?has_replaces=false"), &["A", "C"]);
}

/// Two sites in two regions and groups, and an event on each of several things in or between them; each event has the
/// name of its target.
struct Places {
    w: World,
    paris: u64,
    lyon: u64,
    region: u64,
    country: u64,
    group: u64,
    room: u64,
    device: Value,
    panel: Value,
    ends: [Value; 2],
}

impl Places {
    fn new() -> Self {
        let w = World::new();
        let make = |path: &str, body: Value| id(&w.make(path, &body));
        let country = make(REGION, json!({"name": "France", "slug": "fr"}));
        let region = make(REGION, json!({"name": "Île-de-France", "slug": "idf", "parent": country}));
        let group = make(SITE_GROUP, json!({"name": "Core", "slug": "core"}));
        let paris = json!({"name": "Paris", "slug": "paris", "status": "active", "region": region, "group": group});
        let paris = make(SITE, paris);
        let lyon = make(SITE, json!({"name": "Lyon", "slug": "lyon", "status": "active"}));
        let room = make(LOCATION, json!({"name": "Room 1", "slug": "room-1", "site": paris}));
        let device = w.make(DEVICE, &json!({"name": "edge-1", "site": paris, "location": room}));
        let panel = w.make(POWER_PANEL, &json!({"name": "A", "site": paris}));
        let feed = make(POWER_FEED, json!({"name": "A1", "power_panel": panel["id"]}));
        let ends = [("A", paris), ("Z", lyon)].map(|(side, site)| {
            let end = json!({
                "circuit": w.circuit, "term_side": side, "termination_type": "dcim.site", "termination_id": site,
            });
            w.make(TERMINATION, &end)
        });
        for (name, kind, target) in [
            ("circuit", "circuits.circuit", w.circuit),
            ("device", "dcim.device", id(&device)),
            ("feed", "dcim.powerfeed", feed),
            ("site", "dcim.site", paris),
        ] {
            let target = json!({"target_content_type": kind, "target_object_id": target});
            w.impact(&w.maintenance(json!({ "name": name })), target.clone());
            w.impact(&w.outage(json!({ "name": name })), target);
        }
        w.maintenance(json!({"name": "without impact"}));
        Self { w, paris, lyon, region, country, group, room, device, panel, ends }
    }

    /// Waits until a filter finds the events on these targets, in each of the three lists.
    #[track_caller]
    fn finds(&self, query: &str, expected: &[&str]) {
        for path in [MAINTENANCE, OUTAGE] {
            let path = format!("{path}?{query}");
            let names = || self.w.list(&path, "name").into_iter().collect::<BTreeSet<_>>();
            let wanted: BTreeSet<String> = expected.iter().map(|name| (*name).to_owned()).collect();
            let found = || {
                let found = names();
                (found == wanted).then_some(found)
            };
            eventually(&format!("{path} finding {expected:?}"), found);
        }
        assert_eq!(self.w.count(&format!("{IMPACT}?{query}")), 2 * expected.len() as u64, "{query}");
    }
}

#[test]
fn row_24_events_are_found_by_site() {
    let p = Places::new();
    let (paris, lyon) = (p.paris, p.lyon);
    p.finds(&format!("site_id={paris}"), &["circuit", "device", "feed", "site"]);
    p.finds(&format!("site_id={lyon}"), &["circuit"]);
    p.finds(&format!("site_id={paris}&site_id={lyon}"), &["circuit", "device", "feed", "site"]);
    p.finds(&format!("region_id={}", p.region), &["circuit", "device", "feed", "site"]);
    p.finds(&format!("region_id={}", p.country), &["circuit", "device", "feed", "site"]);
    p.finds(&format!("site_group_id={}", p.group), &["circuit", "device", "feed", "site"]);
    p.finds(&format!("location_id={}", p.room), &["device"]);
    // Not there: no impact there, which is also said of an event that has none.
    for (path, none) in [(MAINTENANCE, &["without impact"][..]), (OUTAGE, &[])] {
        let others = [&["device", "feed", "site"][..], none].concat();
        for query in [format!("site_id__n={paris}"), "site__n=paris".into(), format!("region_id__n={}", p.region)] {
            p.w.finds(&format!("{path}?{query}"), none);
        }
        p.w.finds(&format!("{path}?site_group_id__n={}", p.group), none);
        p.w.finds(&format!("{path}?site_id__n={lyon}"), &others);
        p.w.finds(&format!("{path}?site_id__n={lyon}&site_id__n={paris}"), none);
        p.w.finds(&format!("{path}?site_id={paris}&site_id__n={lyon}"), &["device", "feed", "site"]);
        let but_the_room = [&["circuit", "feed", "site"][..], none].concat();
        p.w.finds(&format!("{path}?location_id__n={}", p.room), &but_the_room);
    }
    assert_eq!(p.w.count(&format!("{IMPACT}?site_id__n={lyon}")), 6);
    // With another filter: both hold.
    p.w.finds(&format!("{MAINTENANCE}?site_id={paris}&name=feed"), &["feed"]);
    p.w.finds(&format!("{OUTAGE}?site_id={lyon}&name=feed"), &[]);
    for path in [MAINTENANCE, OUTAGE, IMPACT] {
        for name in ["site_id", "region_id", "site_group_id", "location_id"] {
            for wrong in ["999", "x"] {
                let refused = p.w.get(&format!("{path}?{name}={wrong}")).expect(400);
                assert_eq!(keys(&refused), [name], "{path}?{name}={wrong}");
                let said = refused[name][0].as_str().unwrap();
                assert!(wrong == "x" || said.starts_with("Select a valid choice. "), "{path}?{name}={wrong}: {said}");
            }
        }
    }
}

#[test]
fn row_24_the_site_of_an_event_follows_its_target() {
    let p = Places::new();
    let (w, paris, lyon) = (&p.w, p.paris, p.lyon);
    let (in_paris, in_lyon) = (format!("site_id={paris}"), format!("site_id={lyon}"));
    w.change(&p.device, &json!({"site": lyon, "location": null}));
    p.finds(&in_lyon, &["circuit", "device"]);
    p.finds(&format!("location_id={}", p.room), &[]);
    w.change(&p.panel, &json!({"site": lyon}));
    p.finds(&in_lyon, &["circuit", "device", "feed"]);
    p.finds(&in_paris, &["circuit", "site"]);
    w.change(&p.ends[0], &json!({"termination_id": lyon}));
    p.finds(&in_paris, &["site"]);
    w.remove(&p.ends[1]);
    p.finds(&in_lyon, &["circuit", "device", "feed"]);
    w.change(&p.ends[0], &json!({"termination_type": "dcim.location", "termination_id": p.room}));
    p.finds(&in_paris, &["circuit", "site"]);
    p.finds(&format!("location_id={}", p.room), &["circuit"]);
    w.remove(&p.ends[0]);
    p.finds(&in_paris, &["site"]);
    // A site moves to another region.
    w.patch(&format!("{SITE}{lyon}/"), &json!({"region": p.country})).expect(200);
    w.patch(&format!("{SITE}{paris}/"), &json!({"region": null})).expect(200);
    p.finds(&format!("region_id={}", p.country), &["device", "feed"]);
    p.finds(&format!("region_id={}", p.region), &[]);
}

/// Each entry of a timeline as `category icon color: title`, newest first.
fn told(entries: &[Value]) -> Vec<String> {
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
    let tell =
        |e: &Value| format!("{} {} {}: {}", text(e, "category"), text(e, "icon"), text(e, "color"), text(e, "title"));
    entries.iter().map(tell).collect()
}

#[test]
fn row_45_and_46_a_timeline_tells_what_each_change_was_about() {
    let w = World::new();
    let event = w.maintenance(json!({}));
    let impact = w.impact(&event, json!({}));
    w.mail(&event, json!({"subject": "It begins"}));
    for change in [
        json!({"status": "IN-PROCESS", "start": "2099-12-01T03:00:00Z", "acknowledged": true}),
        json!({"start": "2099-12-01T02:00:00Z", "acknowledged": false}),
        json!({"start": "2099-12-01T01:00:00Z", "end": "2099-12-01T07:00:00Z"}),
        json!({"end": "2099-12-01T08:00:00Z"}),
        json!({"acknowledged": true, "comments": "seen"}),
        json!({"acknowledged": false}),
        json!({"comments": "heard"}),
        json!({"status": "CANCELLED"}),
        json!({"status": "TENTATIVE"}),
    ] {
        w.change(&event, &change);
    }
    w.remove(&impact);
    let entries = w.timeline(&event, 13);
    let mut expected = [
        "standard circle secondary: Maintenance created",
        "impact alert-triangle yellow: Impact added: M-1 - IC-1",
        "notification mail blue: Notification received: It begins",
        "status check-circle orange: Status changed to In-Process",
        "time clock orange: Start updated",
        "time clock orange: Event times updated",
        "time clock orange: End updated",
        "acknowledgment check green: Event acknowledged",
        "acknowledgment check green: Acknowledgment removed",
        "standard circle secondary: Maintenance updated",
        "status x-circle gray: Status changed to Cancelled",
        "status check-circle yellow: Status changed to Tentative",
        "impact alert-triangle yellow: Impact removed: M-1 - IC-1",
    ];
    expected.reverse();
    assert_eq!(told(&entries), expected);
    // Every changed field is told as old and new, and nothing as `Not set`.
    assert_eq!(entries[3]["changes"], json!([{"field": "comments", "old": "seen", "new": "heard"}]));
    let first = entries[5]["changes"].as_array().unwrap();
    assert!(first.contains(&json!({"field": "comments", "old": "Not set", "new": "seen"})), "{first:?}");
    assert!(entries.iter().all(|entry| entry["user"].as_str().is_some_and(|user| !user.is_empty())));

    let outage = w.outage(json!({}));
    w.change(&outage, &json!({"estimated_time_to_repair": "2099-12-01T00:00:00Z"}));
    w.change(&outage, &json!({"status": "RESOLVED", "end": "2099-12-01T00:00:00Z"}));
    assert_eq!(
        told(&w.timeline(&outage, 3))[..2],
        [
            "status check-circle green: Status changed to Resolved",
            "time clock orange: Estimated time to repair updated",
        ]
    );
}

#[test]
fn row_45_quick_actions_are_told() {
    let w = World::new();
    let event = w.maintenance(json!({}));
    for action in ["acknowledge", "mark-in-progress", "mark-completed"] {
        w.act(&event, action, &json!({})).expect(200);
    }
    assert_eq!(
        told(&w.timeline(&event, 4))[..3],
        [
            "status check-circle indigo: Status changed to Completed",
            "status check-circle orange: Status changed to In-Process",
            "acknowledgment check green: Event acknowledged",
        ]
    );
}

#[test]
fn row_47_the_history_of_an_object() {
    let w = World::new();
    let history = |path: &str, query: &str| {
        // As the peer's panel: what has an impact on the object, and of that what is recent, to come or open.
        let kind = path.strip_prefix(NOTICES).unwrap().trim_end_matches('/');
        let impacts = format!(
            "{IMPACT}?event_content_type=notices.{kind}&target_content_type=circuits.circuit&target_object_id={}&limit=0",
            w.circuit
        );
        let impacts = w.get(&impacts).expect(200);
        let ids =
            impacts["results"].as_array().unwrap().iter().map(|impact| format!("&id={}", impact["event_object_id"]));
        let ids: String = ids.collect();
        if ids.is_empty() { Vec::new() } else { w.list(&format!("{path}?{query}{ids}&ordering=start"), "name") }
    };
    let since = day(-30);
    assert!(history(MAINTENANCE, &format!("start__gte={since}")).is_empty());
    for (name, start, end) in [("old", -60, -59), ("recent", -20, -19), ("to come", 20, 21)] {
        let times = json!({"name": name, "start": day(start), "end": day(end)});
        w.impact(&w.maintenance(times.clone()), json!({}));
        w.impact(&w.outage(times.clone()), json!({}));
        w.maintenance(with(times, json!({"name": format!("{name} elsewhere")})));
    }
    w.impact(&w.outage(json!({"name": "open", "start": day(-60)})), json!({}));
    assert_eq!(history(MAINTENANCE, &format!("start__gte={since}")), ["recent", "to come"]);
    assert_eq!(history(OUTAGE, &format!("start__gte={since}")), ["recent", "to come"]);
    assert_eq!(history(OUTAGE, "end__empty=true"), ["open"]);
    assert_eq!(history(OUTAGE, &format!("end__lt={since}")), ["old"]);
    // A provider's panel.
    let zayo = w.provider;
    w.finds(&format!("{OUTAGE}?provider_id={zayo}&end__empty=true"), &["open"]);
    w.finds(
        &format!("{MAINTENANCE}?provider_id={zayo}&start__gte={since}"),
        &["recent", "recent elsewhere", "to come", "to come elsewhere"],
    );
}

#[test]
fn row_48_the_counters_of_a_dashboard() {
    let w = World::new();
    for status in MAINTENANCE_STATUSES {
        w.maintenance(json!({"name": status, "status": status}));
        w.maintenance(json!({"name": status, "status": status, "acknowledged": true}));
    }
    for status in OPEN_OUTAGE_STATUSES {
        w.outage(json!({"status": status}));
    }
    w.outage(json!({"status": "RESOLVED", "end": day(1)}));
    w.maintenance(json!({"name": "soon", "start": day(3), "end": day(4)}));
    let any = |statuses: &[&str]| statuses.iter().map(|status| format!("&status={status}")).collect::<String>();
    let active = any(&["TENTATIVE", "CONFIRMED", "IN-PROCESS", "RE-SCHEDULED"]);
    for (path, query, count) in [
        (MAINTENANCE, any(&["IN-PROCESS"]), 2),
        (OUTAGE, any(&OPEN_OUTAGE_STATUSES), 4),
        (MAINTENANCE, format!("{active}&acknowledged=false"), 5),
        (OUTAGE, format!("{}&acknowledged=false", any(&OPEN_OUTAGE_STATUSES)), 4),
        (MAINTENANCE, format!("{}&start__gte={}&start__lte={}", any(&["CONFIRMED"]), day(0), day(7)), 1),
        (MAINTENANCE, format!("{active}&start__gte={}&start__lte={}", day(0), day(2)), 0),
    ] {
        assert_eq!(w.count(&format!("{path}?limit=1&brief=1{query}")), count, "{path} {query}");
    }
    w.with_token(None).get(&format!("{MAINTENANCE}?status=IN-PROCESS")).expect(403);
}

#[test]
fn row_49_the_raw_message_is_never_shown() {
    let w = World::new();
    let event = w.maintenance(json!({}));
    let html = "<p class=\"x\" onclick=\"run()\">Work<script>run()</script></p>";
    let made = w.mail(&event, json!({"email_body": html, "email": "UmF3OiBzZWNyZXQtaGVhZGVy"}));
    let brief = w.get(&format!("{NOTIFICATION}?brief=1")).expect(200)["results"][0].clone();
    for shown in [&made, &w.read(&made), &brief, &w.read(&event)["notifications"][0]] {
        assert!(shown.get("email").is_none() && !shown.to_string().contains("UmF3"), "{shown}");
    }
    let answer = w.get(w.own(&made));
    assert!(answer.header("content-type").starts_with("application/json"), "{answer:?}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[test]
fn row_50_many_are_taken_whole_or_not_at_all() {
    let w = World::new();
    let good = w.maintenance_body();
    let backwards = with(good.clone(), json!({"end": "2020-01-01"}));
    assert_eq!(w.post(MAINTENANCE, &json!([good, backwards])).expect(400), json!([{}, {"end": [END]}]));
    let resolved = with(w.outage_body(), json!({"status": "RESOLVED"}));
    assert_eq!(w.post(OUTAGE, &json!([w.outage_body(), resolved])).expect(400), json!([{}, {"end": [NO_END]}]));
    assert_eq!((w.count(MAINTENANCE), w.count(OUTAGE)), (0, 0));

    let before = now() - Duration::seconds(1);
    let stated = with(w.outage_body(), json!({"name": "O-2", "start": "2026-01-01", "reported_at": "2026-01-02"}));
    let made = w.post(OUTAGE, &json!([w.outage_body(), stated])).expect(201);
    for field in ["start", "reported_at"] {
        let at: DateTime<Utc> = made[0][field].as_str().unwrap().parse().unwrap();
        assert!(before <= at && at <= now() + Duration::seconds(1), "{field} is {at}");
    }
    let times = ["start", "reported_at", "end"];
    let changed = w.patch(OUTAGE, &json!([{"id": made[1]["id"], "summary": "changed"}])).expect(200);
    assert_eq!(fields(&changed[0], &times), fields(&made[1], &times));
    assert_eq!(changed[0]["summary"], "changed");
}

#[test]
fn row_51_a_time_zone_is_kept_and_converts_nothing() {
    let w = World::new();
    for zone in ["America/New_York", "Mars/Olympus", ""] {
        let changes = json!({"original_timezone": zone, "start": "2099-12-01T02:00:00", "end": "2099-12-01T06:00:00"});
        for made in [w.maintenance(changes.clone()), w.outage(changes.clone())] {
            let found = w.read(&made);
            assert_eq!(
                (found["original_timezone"].as_str(), found["start"].as_str()),
                (Some(zone), Some("2099-12-01T02:00:00Z"))
            );
        }
    }
}

#[test]
fn row_l01_credentials_are_asked_for_with_403() {
    let w = World::new();
    for (token, detail) in [
        (None, "Authentication credentials were not provided."),
        (Some("0123456789abcdef0123456789abcdef01234567"), "Invalid v1 token"),
        (Some("nbt_AAAAAAAAAAAA.x"), "Invalid v2 token"),
    ] {
        let client = w.with_token(token);
        for path in [MAINTENANCE, OUTAGE, IMPACT, NOTIFICATION, CIRCUIT] {
            assert_eq!(client.get(path).expect(403), json!({ "detail": detail }), "{path}");
            assert_eq!(client.post(path, &json!({})).expect(403), json!({ "detail": detail }), "{path}");
        }
    }
}

#[test]
fn row_l02_a_token_comes_after_either_word() {
    let w = World::new();
    let nobody = w.with_token(None);
    let made = [1, 2].map(|version| {
        let body = json!({"user": "noc", "scope": "read", "version": version});
        w.make("/api/users/tokens/", &body)["token"].as_str().unwrap().to_owned()
    });
    assert!(!made[0].starts_with("nbt_") && made[0].len() == 40, "{made:?}");
    assert!(made[1].starts_with("nbt_") && made[1].contains('.'), "{made:?}");
    for token in [TOKEN, &made[0], &made[1]] {
        for word in ["Token", "token", "TOKEN", "Bearer", "bearer"] {
            nobody.send("GET", MAINTENANCE, &[("authorization", &format!("{word} {token}"))], b"").expect(200);
        }
        nobody.send("GET", MAINTENANCE, &[("authorization", &format!("Basic {token}"))], b"").expect(403);
    }
}

#[test]
fn row_l03_choices_are_plain_text() {
    let w = World::new();
    let event = w.maintenance(json!({}));
    assert_eq!(event["status"], "CONFIRMED");
    assert_eq!(w.outage(json!({}))["status"], "REPORTED");
    assert_eq!(w.impact(&event, json!({}))["impact"], "OUTAGE");
    for path in [MAINTENANCE, OUTAGE, IMPACT] {
        let first = w.get(path).expect(200)["results"][0].clone();
        assert!(first.get("status").is_none_or(Value::is_string), "{first}");
        assert!(first["impact"].is_string(), "{first}");
    }
}

#[test]
fn row_l04_a_provider_is_an_id_or_attributes() {
    let w = World::new();
    let zayo = w.provider;
    for (path, body) in [(MAINTENANCE, w.maintenance_body()), (OUTAGE, w.outage_body())] {
        for provider in [json!(zayo), json!({"slug": "zayo"}), json!({"name": "Zayo"}), json!({"id": zayo})] {
            let made = w.make(path, &with(body.clone(), json!({ "provider": provider })));
            let brief = json!({
                "id": zayo, "url": format!("{}/api/circuits/providers/{zayo}/", w.url), "display": "Zayo",
                "name": "Zayo", "slug": "zayo", "description": "",
            });
            assert_eq!(made["provider"], brief, "{provider}");
        }
        for provider in [json!("zayo"), json!(999), json!({"slug": "none"}), json!([zayo]), Value::Null] {
            let refused = w.post(path, &with(body.clone(), json!({ "provider": provider }))).expect(400);
            assert_eq!(keys(&refused), ["provider"], "{provider}");
        }
    }
}

#[test]
fn row_l05_times_come_in_many_forms_and_leave_in_one() {
    let w = World::new();
    for (sent, given) in [
        ("2026-12-01 02:00:00", "2026-12-01T02:00:00Z"),
        ("2026-12-01T02:00:00", "2026-12-01T02:00:00Z"),
        ("2026-12-01T02:00", "2026-12-01T02:00:00Z"),
        ("2026-12-01T02:00:00Z", "2026-12-01T02:00:00Z"),
        ("2026-12-01T02:00:00+00:00", "2026-12-01T02:00:00Z"),
        ("2026-12-01T07:30:00+05:30", "2026-12-01T02:00:00Z"),
        ("2026-11-30T21:00:00-0500", "2026-12-01T02:00:00Z"),
        ("2026-12-01T02:00:00.123456Z", "2026-12-01T02:00:00.123456Z"),
        ("2026-12-01T02:00Z", "2026-12-01T02:00:00Z"),
        ("2026-12-01 02:00Z", "2026-12-01T02:00:00Z"),
        ("2026-12-01T02:00:00+01", "2026-12-01T01:00:00Z"),
        ("2026-12-01T02:00:00 +01:00", "2026-12-01T01:00:00Z"),
        ("2026-12-01T02:00:00,5Z", "2026-12-01T02:00:00.500000Z"),
    ] {
        let made = w.maintenance(json!({ "start": sent }));
        assert_eq!((&made["start"], &w.read(&made)["start"]), (&json!(given), &json!(given)), "{sent}");
        let found =
            w.count(&format!("{MAINTENANCE}?id={}&start={}", id(&made), sent.replace('+', "%2B").replace(' ', "%20")));
        assert_eq!(found, 1, "{sent}");
    }
    for (field, path) in [("start__gte", MAINTENANCE), ("email_received__lt", NOTIFICATION)] {
        let refused = w.get(&format!("{path}?{field}=2026-12-01T02:00:60Z")).expect(400);
        assert_eq!(keys(&refused), [field]);
    }
    let outage = w.outage(json!({"estimated_time_to_repair": "2026-12-01 02:00:00"}));
    assert_eq!(outage["estimated_time_to_repair"], "2026-12-01T02:00:00Z");
    assert_eq!(w.change(&outage, &json!({"estimated_time_to_repair": null}))["estimated_time_to_repair"], Value::Null);
}

#[test]
fn row_l06_what_is_unknown_is_ignored() {
    let w = World::new();
    let event =
        w.maintenance(json!({"nonsense": {"a": [1]}, "id": 7, "url": "x", "created": "x", "status_color": "pink"}));
    assert!(event.get("nonsense").is_none() && event["id"] != 7 && event["status_color"] == "green", "{event}");
    assert_eq!(w.change(&event, &json!({"nonsense": 1})), event);
    w.finds(&format!("{MAINTENANCE}?nonsense=1&provider=x&status__nonsense=y&__=&name__=z"), &["M-1"]);
    assert_eq!(w.get(&format!("{}?nonsense=1", w.own(&event))).expect(200), event);
}

#[test]
fn row_l07_impacts_of_a_closed_event_are_frozen() {
    let w = World::new();
    let other = w.circuit(w.provider, "IC-2");
    let end = "2099-12-01T06:00:00Z";
    for (path, body, status, frozen) in [
        (MAINTENANCE, w.maintenance_body(), "COMPLETED", true),
        (MAINTENANCE, w.maintenance_body(), "CANCELLED", true),
        (MAINTENANCE, w.maintenance_body(), "RE-SCHEDULED", false),
        (MAINTENANCE, w.maintenance_body(), "UNKNOWN", false),
        (OUTAGE, with(w.outage_body(), json!({"end": end})), "RESOLVED", true),
        (OUTAGE, with(w.outage_body(), json!({"end": end})), "MONITORING", false),
    ] {
        let event = w.make(path, &body);
        let impact = w.impact(&event, json!({}));
        w.change(&event, &json!({"status": status}));
        let second = with(w.impact_body(&event), json!({"target_object_id": other}));
        if frozen {
            w.refused("POST", IMPACT, &second, "__all__", FROZEN);
            w.refused("PATCH", w.own(&impact), &json!({"impact": "DEGRADED"}), "__all__", FROZEN);
            assert_eq!(w.read(&impact)["impact"], "OUTAGE");
        } else {
            w.make(IMPACT, &second);
            assert_eq!(w.change(&impact, &json!({"impact": "DEGRADED"}))["impact"], "DEGRADED");
        }
        w.mail(&event, json!({}));
        w.remove(&impact);
    }
}

#[test]
fn row_l08_an_impact_needs_its_event_and_its_target() {
    let w = World::new();
    let body = w.impact_body(&w.maintenance(json!({})));
    for field in ["event_object_id", "target_object_id"] {
        let message = "Related object not found using the provided value: 999.";
        w.refused("POST", IMPACT, &with(body.clone(), json!({ field: 999 })), field, message);
    }
    // An id names an object of its own type only.
    let outage = w.outage(json!({}));
    let message = format!("Related object not found using the provided value: {}.", id(&outage));
    w.refused("POST", IMPACT, &with(body, json!({"event_object_id": outage["id"]})), "event_object_id", &message);
    let mail = with(w.mail_body(&outage), json!({"event_object_id": 999}));
    let message = "Related object not found using the provided value: 999.";
    w.refused("POST", NOTIFICATION, &mail, "event_object_id", message);
}

#[test]
fn row_l09_one_impact_for_an_event_and_a_target() {
    let w = World::new();
    let event = w.maintenance(json!({}));
    let impact = w.impact(&event, json!({}));
    for level in ["OUTAGE", "DEGRADED"] {
        let body = with(w.impact_body(&event), json!({ "impact": level }));
        assert_eq!(keys(&w.post(IMPACT, &body).expect(400)), ["__all__"]);
        // The same in the two other forms.
        let seed = json!({"maintenance": event["id"], "content_type": "circuits.circuit", "object_id": w.circuit, "impact": level});
        assert_eq!(keys(&w.post(IMPACT, &seed).expect(400)), ["__all__"]);
        assert_eq!(w.post(IMPACT, &json!([body])).status, 400);
    }
    assert_eq!(w.read(&impact), impact);
    w.impact(&w.maintenance(json!({})), json!({}));
    w.impact(&w.outage(json!({})), json!({}));
    assert_eq!(w.count(IMPACT), 3);
}

#[test]
fn row_l10_a_list_comes_in_pages() {
    let w = World::new();
    for n in 0..60 {
        w.maintenance(json!({"name": format!("M-{n:02}")}));
    }
    // The count of a whole list comes from the stream.
    eventually("the count", || (w.count(&format!("{MAINTENANCE}?limit=1")) == 60).then_some(()));
    for (query, first, shown, next, previous) in [
        ("", Some("M-59"), 50, true, false),
        ("?limit=2&offset=2", Some("M-57"), 2, true, true),
        ("?limit=0", Some("M-59"), 60, false, false),
        ("?limit=1000", Some("M-59"), 60, false, false),
        ("?limit=100000", Some("M-59"), 60, false, false),
        ("?limit=-5", Some("M-59"), 50, true, false),
        ("?limit=x&offset=-1", Some("M-59"), 50, true, false),
        ("?offset=55", Some("M-04"), 5, false, true),
        ("?offset=60", None, 0, false, true),
        ("?offset=9999", None, 0, false, true),
        ("?offset=99999999999999999999", None, 0, false, true),
        ("?limit=99999999999999999999", Some("M-59"), 60, false, false),
        ("?limit=10&ordering=name", Some("M-00"), 10, true, false),
        ("?limit=10&ordering=-name&offset=10", Some("M-49"), 10, true, true),
        ("?limit=10&ordering=nonsense", Some("M-59"), 10, true, false),
    ] {
        let list = w.get(&format!("{MAINTENANCE}{query}")).expect(200);
        assert_eq!(keys(&list), ["count", "next", "previous", "results"], "{query}");
        let results = list["results"].as_array().unwrap();
        assert_eq!((&list["count"], results.len()), (&json!(60), shown), "{query}");
        assert_eq!(results.first().map(|event| event["name"].as_str().unwrap()), first, "{query}");
        assert_eq!((list["next"].is_string(), list["previous"].is_string()), (next, previous), "{query}: {list}");
    }
    let list = w.get(&format!("{MAINTENANCE}?limit=2&offset=2")).expect(200);
    assert_eq!(list["next"], format!("{}{MAINTENANCE}?limit=2&offset=4", w.url));
    assert_eq!(w.all(MAINTENANCE).len(), 60);

    for (path, brief) in [
        (MAINTENANCE, "id url display name status provider start end"),
        (OUTAGE, "id url display name status provider start end"),
        (IMPACT, "id url display impact"),
        (NOTIFICATION, "id url display subject email_from email_received"),
    ] {
        let event = w.outage(json!({}));
        w.impact(&event, json!({}));
        w.mail(&event, json!({}));
        let first = |query: &str| w.get(&format!("{path}?limit=1&{query}")).expect(200)["results"][0].clone();
        assert_eq!(keys(&first("brief=anything")).join(" "), brief, "{path}");
        assert_eq!(keys(&first("fields=url,id")), ["id", "url"], "{path}");
        let (all, without) = (first(""), first("omit=url,tags"));
        let expected: Vec<&str> = keys(&all).into_iter().filter(|key| !["url", "tags"].contains(key)).collect();
        assert_eq!(keys(&without), expected, "{path}");
    }
}

#[test]
fn row_l11_a_list_takes_many_at_once() {
    let w = World::new();
    let event = w.maintenance(json!({}));
    let other = w.circuit(w.provider, "IC-2");
    let second = |body: Value, changes: Value| json!([body.clone(), with(body, changes)]);
    for (path, bodies, needed, change) in [
        (MAINTENANCE, second(w.maintenance_body(), json!({"name": "M-2"})), "name", json!({"summary": "changed"})),
        (OUTAGE, second(w.outage_body(), json!({"name": "O-2"})), "name", json!({"summary": "changed"})),
        (
            IMPACT,
            second(w.impact_body(&event), json!({"target_object_id": other})),
            "target_object_id",
            json!({"impact": "DEGRADED"}),
        ),
        (
            NOTIFICATION,
            second(w.mail_body(&event), json!({"subject": "Second"})),
            "subject",
            json!({"subject": "changed"}),
        ),
    ] {
        let before = w.count(path);
        let mut broken = bodies.clone();
        broken[1].as_object_mut().unwrap().remove(needed);
        assert_eq!(w.post(path, &broken).expect(400), json!([{}, {needed: [REQUIRED]}]), "{path}");
        assert_eq!(w.count(path), before, "{path}: nothing is stored");

        let made = w.post(path, &bodies).expect(201);
        let made = made.as_array().unwrap();
        assert_eq!(made.len(), 2, "{path}");
        for (made, body) in made.iter().zip(bodies.as_array().unwrap()) {
            assert_eq!(made[needed], body[needed], "{path}: in the order that was sent");
            // Many at once are shown as in a list: without what belongs to an event.
            assert_eq!(&fields(&w.read(made), &keys(made)), made, "{path}");
        }
        assert_eq!(w.count(path), before + 2, "{path}");

        let field = keys(&change)[0];
        let changes: Vec<Value> = made.iter().map(|made| with(change.clone(), json!({"id": made["id"]}))).collect();
        let unknown = with(change.clone(), json!({"id": 999}));
        let changed = w.patch(path, &json!([changes[0], unknown, changes[1]])).expect(200);
        assert_eq!(changed.as_array().unwrap().len(), 2, "{path}: an unknown id is passed over");
        for (n, made) in made.iter().enumerate() {
            assert_eq!((&changed[n]["id"], &changed[n][field]), (&made["id"], &change[field]), "{path}");
            assert_eq!(fields(&w.read(made), &keys(&changed[n])), changed[n], "{path}");
        }
        // One that is wrong, and nothing is changed.
        let wrong = json!([with(bodies[0].clone(), json!({"id": made[0]["id"]})), {"id": made[1]["id"], needed: null}]);
        let refused = w.patch(path, &wrong).expect(400);
        assert_eq!(keys(&refused), [needed], "{path}");
        assert_eq!(fields(&w.read(&made[0]), &keys(&changed[0])), changed[0], "{path}");
        // Whole ones.
        let whole: Vec<Value> = (0..2).map(|n| with(bodies[n].clone(), json!({"id": made[n]["id"]}))).collect();
        let back = w.put(path, &json!(whole)).expect(200);
        assert_eq!(back[1][needed], bodies[1][needed], "{path}");

        let answer =
            w.send("DELETE", path, &[], json!([{"id": made[0]["id"]}, {"id": made[1]["id"]}]).to_string().as_bytes());
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{path}");
        assert_eq!(w.count(path), before, "{path}");
    }
}

#[test]
fn row_l12_errors_say_what_is_wrong() {
    let w = World::new();
    for (path, what) in
        [(MAINTENANCE, "Maintenance"), (OUTAGE, "Outage"), (IMPACT, "Impact"), (NOTIFICATION, "EventNotification")]
    {
        let unknown = json!({"detail": format!("No {what} matches the given query.")});
        for method in ["GET", "PATCH", "DELETE"] {
            assert_eq!(w.send(method, &format!("{path}999/"), &[], b"{}").expect(404), unknown, "{method} {path}");
        }
        assert_eq!(
            w.post(&format!("{path}999/"), &json!({})).expect(405),
            json!({"detail": "Method \"POST\" not allowed."})
        );
        let detail = w.send("POST", path, &[], b"{\"name\": }").expect(400)["detail"].clone();
        assert!(detail.as_str().is_some_and(|text| text.starts_with("JSON parse error - ")), "{detail}");
        assert_eq!(w.send("TRACE", path, &[], b"").status, 405, "{path}");
    }
    // The event of another kind is not found under this one.
    let outage = w.outage(json!({}));
    w.get(&format!("{MAINTENANCE}{}/", id(&outage))).expect(404);
}

#[test]
fn row_l13_a_path_ends_with_a_slash() {
    let w = World::new();
    let event = w.maintenance(json!({}));
    for path in [MAINTENANCE, OUTAGE, IMPACT, NOTIFICATION, NOTICES, CIRCUIT, "/api/", "/api/status/", w.own(&event)] {
        let bare = path.trim_end_matches('/');
        let answer = w.get(bare);
        let location = answer.header("location");
        assert_eq!((answer.status, location.strip_prefix(&w.url).unwrap_or(location)), (301, path), "{path}");
        assert_eq!(w.post(bare, &w.maintenance_body()).status, 404, "{path}");
    }
    assert_eq!(w.count(MAINTENANCE), 1);
}

#[test]
fn row_l14_a_deleted_event_takes_its_impacts_along() {
    let w = World::new();
    for event in [w.maintenance(json!({})), w.outage(json!({}))] {
        let (impact, mail) = (w.impact(&event, json!({})), w.mail(&event, json!({})));
        w.remove(&event);
        w.get(w.own(&impact)).expect(404);
        assert_eq!(w.read(&mail)["event"], Value::Null);
    }
    assert_eq!((w.count(IMPACT), w.count(NOTIFICATION)), (0, 2));
}

#[test]
fn row_l15_repeated_values_mean_either() {
    let w = World::new();
    for status in MAINTENANCE_STATUSES {
        w.maintenance(json!({"name": status, "status": status}));
    }
    for status in OPEN_OUTAGE_STATUSES {
        w.outage(json!({"name": status, "status": status}));
    }
    w.finds(&format!("{MAINTENANCE}?status=TENTATIVE&status=CONFIRMED"), &["CONFIRMED", "TENTATIVE"]);
    w.finds(&format!("{OUTAGE}?status=REPORTED&status=MONITORING&status=REPORTED"), &["MONITORING", "REPORTED"]);
    w.finds(&format!("{MAINTENANCE}?name=UNKNOWN&name=CONFIRMED&status=CONFIRMED"), &["CONFIRMED"]);
    for (query, field, message) in [
        ("status=OPEN", "status", ""),
        ("status=TENTATIVE&status=confirmed", "status", ""),
        ("provider_id=999", "provider_id", "Select a valid choice. "),
        ("tag=none", "tag", "Select a valid choice. "),
    ] {
        for path in [MAINTENANCE, OUTAGE] {
            let refused = w.get(&format!("{path}?{query}")).expect(400);
            assert_eq!(keys(&refused), [field], "{path}?{query}: {refused}");
            let said = refused[field][0].as_str().unwrap();
            assert!(said.starts_with(message), "{path}?{query}: {said}");
        }
    }
}
