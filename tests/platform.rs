//! What belongs to no resource of its own function: tags, journal entries, object types, object changes, the addresses
//! that list others, and `OPTIONS`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::ops::Deref;

use noticeboard_tests::{Client, Server, eventually};
use serde_json::{Value, json};

const MAINTENANCE: &str = "/api/plugins/notices/maintenance/";
const IMPACT: &str = "/api/plugins/notices/impact/";
const NOTIFICATION: &str = "/api/plugins/notices/eventnotification/";
const TAGS: &str = "/api/extras/tags/";
const JOURNAL: &str = "/api/extras/journal-entries/";
const CHANGES: &str = "/api/core/object-changes/";

/// A server with a provider and a maintenance.
struct World {
    server: Server,
    provider: u64,
    event: u64,
}

impl Deref for World {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.server
    }
}

fn id(object: &Value) -> u64 {
    object["id"].as_u64().unwrap()
}

/// The values of a field, element by element.
fn each<'a>(list: &'a Value, field: &str) -> Vec<&'a Value> {
    list.as_array().unwrap().iter().map(|element| &element[field]).collect()
}

impl World {
    fn new() -> Self {
        let server = Server::memory();
        let provider = server.provider("Zayo", "zayo");
        let world = Self { event: 0, server, provider };
        let event = world.maintenance("M-1", json!({}));
        Self { event, ..world }
    }

    fn maintenance(&self, name: &str, changes: Value) -> u64 {
        let mut body = json!({
            "name": name, "summary": "splice", "status": "CONFIRMED", "provider": self.provider,
            "start": "2026-12-01T02:00:00Z", "end": "2026-12-01T06:00:00Z",
        });
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        id(&self.post(MAINTENANCE, &body).expect(201))
    }

    fn tag(&self, name: &str, slug: &str) -> u64 {
        id(&self.post(TAGS, &json!({"name": name, "slug": slug})).expect(201))
    }

    /// The values of a field of a list's elements, and the list's count.
    #[track_caller]
    fn listed(&self, path: &str, field: &str) -> (Vec<Value>, Value) {
        let page = self.get(path).expect(200);
        (each(&page["results"], field).into_iter().cloned().collect(), page["count"].clone())
    }

    /// A list has exactly these values of a field, and counts them.
    #[track_caller]
    fn check(&self, path: &str, field: &str, expected: Value) {
        let (found, count) = self.listed(path, field);
        assert_eq!(Value::from(found), expected, "{path}");
        assert_eq!(count, expected.as_array().unwrap().len(), "{path}");
    }

    /// A request is refused with 400 on exactly these fields.
    #[track_caller]
    fn refused(&self, method: &str, path: &str, body: &Value, fields: &[&str]) {
        let kind = [("content-type", "application/json")];
        // A read has no body: a server that does not read one may close the connection under the next request.
        let sent = if method == "GET" { String::new() } else { body.to_string() };
        let errors = self.send(method, path, &kind, sent.as_bytes()).expect(400);
        let found: BTreeSet<&str> = errors.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(found, fields.iter().copied().collect(), "{method} {path} {body}: {errors}");
    }
}

#[test]
fn changes_of_what_belongs_to_an_event_are_found_by_it() {
    let w = World::new();
    let event = w.maintenance("M-1", json!({}));
    let other = w.maintenance("M-2", json!({}));
    let circuit = w.circuit(w.provider, "IC-1");
    for event in [event, other] {
        let body =
            json!({"maintenance": event, "content_type": "circuits.circuit", "object_id": circuit, "impact": "OUTAGE"});
        w.post("/api/plugins/notices/impact/", &body).expect(201);
    }
    let related = format!("{CHANGES}?related_object_id={event}&related_object_type=notices.maintenance");
    eventually("the changelog", || (w.get(&related).expect(200)["count"] == 1).then_some(()));
    w.check(&related, "changed_object_type", json!(["notices.impact"]));
    w.check(&format!("{CHANGES}?related_object_id={event}"), "changed_object_type", json!(["notices.impact"]));
    w.check(&format!("{CHANGES}?related_object_id={event}&related_object_type=notices.outage"), "id", json!([]));
    let both = w.get(&format!("{CHANGES}?related_object_type=notices.maintenance&limit=1")).expect(200);
    assert_eq!(both["count"], 2);
}

#[test]
fn tags_are_made_changed_and_deleted() {
    let w = World::new();
    let answer = w.post(TAGS, &json!({"name": "Ring", "slug": "ring", "color": "ff0000"}));
    let location = answer.header("location").to_owned();
    let ring = answer.expect(201);
    let path = format!("{TAGS}{}/", id(&ring));
    assert_eq!(location, format!("{}{path}", w.url));
    assert_eq!(ring["url"], location);
    for (field, value) in [("display", "Ring"), ("slug", "ring"), ("color", "ff0000"), ("description", "")] {
        assert_eq!(ring[field], value, "{field}");
    }
    assert_eq!(w.get(&path).expect(200), ring);
    for (body, fields) in [
        (json!({}), &["name", "slug"][..]),
        (json!({"name": "Ring", "slug": "other"}), &["name"]),
        (json!({"name": "Other", "slug": "ring"}), &["slug"]),
        (json!({"name": "Ring", "slug": "ring"}), &["name", "slug"]),
        (json!({"name": "A", "slug": "not a slug"}), &["slug"]),
        (json!({"name": "A", "slug": "a", "color": "red"}), &["color"]),
        (json!({"name": 7, "slug": null, "color": []}), &["slug", "color"]),
    ] {
        w.refused("POST", TAGS, &body, fields);
    }
    let night = w.tag("Night work", "night-work");
    w.refused("PATCH", &path, &json!({"name": "Night work"}), &["name"]);
    w.refused("PATCH", &path, &json!({"slug": "rings"}), &["slug"]);
    w.refused("PUT", &path, &json!({"name": "Rings"}), &["slug"]);
    let changed = w.put(&path, &json!({"name": "Rings", "slug": "ring", "description": "both ways"})).expect(200);
    assert_eq!((&changed["name"], &changed["color"]), (&json!("Rings"), &json!("ff0000")));
    // What was its name is free again.
    w.tag("Ring", "ring-2");
    w.delete(&path).expect(204);
    w.get(&path).expect(404);
    w.delete(&path).expect(404);
    w.get(&format!("{TAGS}nothing/")).expect(404);
    w.check(TAGS, "name", json!(["Night work", "Ring"]));
    w.check(&format!("{TAGS}?id={night}"), "slug", json!(["night-work"]));
}

#[test]
fn tags_are_listed_by_every_filter() {
    let w = World::new();
    w.post(
        TAGS,
        &json!([
            {"name": "Ring", "slug": "ring", "color": "ff0000", "description": "both ways"},
            {"name": "Night work", "slug": "night", "color": "000000"},
            {"name": "Core", "slug": "core-ring", "color": "ff0000"},
        ]),
    )
    .expect(201);
    for (query, expected) in [
        ("", json!(["Core", "Night work", "Ring"])),
        ("?name=Ring", json!(["Ring"])),
        ("?name__ic=N", json!(["Night work", "Ring"])),
        ("?slug=night&slug=ring", json!(["Night work", "Ring"])),
        ("?color=ff0000", json!(["Core", "Ring"])),
        ("?color__n=ff0000", json!(["Night work"])),
        ("?description__empty=false", json!(["Ring"])),
        ("?q=RING", json!(["Core", "Ring"])),
        ("?ordering=-slug", json!(["Ring", "Night work", "Core"])),
        ("?nothing=7", json!(["Core", "Night work", "Ring"])),
        ("?name=Nothing", json!([])),
    ] {
        w.check(&format!("{TAGS}{query}"), "name", expected);
    }
    let page = w.get(&format!("{TAGS}?limit=2&brief=1")).expect(200);
    assert_eq!((&page["count"], &page["results"].as_array().unwrap().len()), (&json!(3), &2));
    assert_eq!(page["results"][0].as_object().unwrap().len(), 7);
    assert_eq!(w.all(TAGS).len(), 3);
    let cursor = w.get(&format!("{TAGS}?start=0&limit=2")).expect(200);
    assert_eq!(cursor["count"], Value::Null);
    assert!(cursor["next"].as_str().unwrap().contains("start="), "{cursor}");
}

#[test]
fn tags_are_written_together_or_not_at_all() {
    let w = World::new();
    let element = |n: usize| json!({"name": format!("Tag {n}"), "slug": format!("tag-{n}")});
    let errors = w.post(TAGS, &json!([element(1), {"name": "X"}, element(1)])).expect(400);
    assert_eq!(errors[0], json!({}));
    let fields = |errors: &Value| errors.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(fields(&errors[1]), ["slug"], "{errors}");
    let errors = w.post(TAGS, &json!([element(1), element(2), element(1)])).expect(400);
    assert_eq!((fields(&errors[0]), fields(&errors[2])), (vec![], vec!["name".to_owned(), "slug".to_owned()]));
    w.check(TAGS, "name", json!([]));
    // More than one transaction holds.
    let made = w.post(TAGS, &(0..60).map(element).collect()).expect(201);
    let ids: Vec<u64> = made.as_array().unwrap().iter().map(id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 60);
    assert_eq!(w.get(&format!("{TAGS}?limit=1")).expect(200)["count"], 60);
    let renamed: Value = ids.iter().map(|id| json!({"id": id, "color": "00ff00"})).collect();
    assert_eq!(w.patch(TAGS, &renamed).expect(200).as_array().unwrap().len(), 60);
    assert_eq!(w.get(&format!("{TAGS}?color=00ff00&limit=1")).expect(200)["count"], 60);
    // One of them is wrong: none is changed. One is not there: the others are changed.
    let taken = json!([{"id": ids[0], "name": "New"}, {"id": ids[1], "name": "Tag 2"}]);
    w.refused("PATCH", TAGS, &taken, &["name"]);
    w.refused("PATCH", TAGS, &json!([{"id": ids[0], "name": "New"}, {"id": ids[1], "name": "New"}]), &["name"]);
    w.check(&format!("{TAGS}?name=New"), "id", json!([]));
    let done = w.patch(TAGS, &json!([{"id": ids[0], "name": "New"}, {"id": 4, "name": "Gone"}])).expect(200);
    assert_eq!(each(&done, "name"), [&json!("New")]);
    w.refused("PUT", TAGS, &json!([{"id": ids[0], "name": "New"}]), &["slug"]);
    w.refused("PATCH", TAGS, &json!([{"name": "New"}]), &["id"]);
    w.refused("DELETE", TAGS, &json!({"id": ids[0]}), &["non_field_errors"]);
    let gone: Value = ids[..50].iter().map(|id| json!({ "id": id })).collect();
    let kind = [("content-type", "application/json")];
    w.send("DELETE", TAGS, &kind, gone.to_string().as_bytes()).expect(204);
    assert_eq!(w.get(&format!("{TAGS}?limit=1")).expect(200)["count"], 10);
}

#[test]
fn objects_show_their_tags() {
    let w = World::new();
    let (ring, night, free) = (w.tag("Ring", "ring"), w.tag("Night work", "night"), w.tag("Free", "free"));
    let both = w.maintenance("T-1", json!({"tags": [{"slug": "ring"}, {"name": "Night work"}]}));
    let one = w.maintenance("T-2", json!({"tags": [ring]}));
    let none = w.maintenance("T-3", json!({"tags": []}));
    let path = |event: u64| format!("{MAINTENANCE}{event}/");
    let tags = |path: &str| {
        let found = w.get(path).expect(200);
        each(&found["tags"], "name").into_iter().cloned().collect::<Value>()
    };
    assert_eq!(tags(&path(both)), json!(["Ring", "Night work"]));
    assert_eq!(tags(&path(one)), json!(["Ring"]));
    assert_eq!(tags(&path(none)), json!([]));
    let nested = w.get(&path(one)).expect(200)["tags"][0].clone();
    let keys: Vec<&str> = nested.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["id", "url", "display_url", "display", "name", "slug", "color"]);
    for (query, expected) in [
        ("tag=ring&ordering=name".to_owned(), json!(["T-1", "T-2"])),
        (format!("tag_id={ring}&ordering=name"), json!(["T-1", "T-2"])),
        ("tag=ring&tag=night".to_owned(), json!(["T-1"])),
        (format!("tag_id={night}"), json!(["T-1"])),
        ("tag__n=ring&ordering=name".to_owned(), json!(["M-1", "T-3"])),
        ("tag=free".to_owned(), json!([])),
    ] {
        w.check(&format!("{MAINTENANCE}?{query}"), "name", expected);
    }
    let unknown = [json!([4]), json!([{"slug": "nothing"}]), json!([{"name": "Nothing"}]), json!(["ring"]), json!(7)];
    for tags in unknown {
        w.refused("PATCH", &path(one), &json!({ "tags": tags }), &["tags"]);
    }
    w.refused("GET", &format!("{MAINTENANCE}?tag=nothing"), &json!({}), &["tag"]);
    w.refused("GET", &format!("{MAINTENANCE}?tag_id=4"), &json!({}), &["tag_id"]);
    // Another name shows everywhere, at once.
    w.patch(&format!("{TAGS}{ring}/"), &json!({"name": "Rings"})).expect(200);
    assert_eq!(tags(&path(both)), json!(["Rings", "Night work"]));
    let impact = json!({
        "maintenance": both, "content_type": "circuits.circuit", "object_id": w.circuit(w.provider, "C-1"),
        "tags": [{"name": "Rings"}],
    });
    let impact = id(&w.post(IMPACT, &impact).expect(201));
    assert_eq!(tags(&format!("{IMPACT}{impact}/")), json!(["Rings"]));
    w.delete(&format!("{TAGS}{ring}/")).expect(204);
    assert_eq!(tags(&path(both)), json!(["Night work"]));
    assert_eq!(tags(&format!("{IMPACT}{impact}/")), json!([]));
    w.patch(&path(both), &json!({"tags": [free]})).expect(200);
    assert_eq!(tags(&path(both)), json!(["Free"]));
}

fn note(kind: &str, id: u64, comments: &str) -> Value {
    json!({"assigned_object_type": kind, "assigned_object_id": id, "comments": comments})
}

#[test]
fn journal_entries_are_notes_about_objects() {
    let w = World::new();
    let circuit = w.circuit(w.provider, "C-1");
    let impact = json!({"maintenance": w.event, "content_type": "circuits.circuit", "object_id": circuit});
    let impact = id(&w.post(IMPACT, &impact).expect(201));
    let mail = json!({
        "maintenance": w.event, "email_body": "We will work.", "subject": "Work", "email_from": "noc@zayo.example",
        "email_received": "2026-11-20T08:00:00Z",
    });
    let mail = id(&w.post(NOTIFICATION, &mail).expect(201));
    for (kind, id, path, display) in [
        ("notices.maintenance", w.event, MAINTENANCE, "M-1"),
        ("notices.impact", impact, IMPACT, "M-1 - C-1"),
        ("notices.eventnotification", mail, NOTIFICATION, "Work"),
        ("circuits.provider", w.provider, "/api/circuits/providers/", "Zayo"),
        ("circuits.circuit", circuit, "/api/circuits/circuits/", "C-1"),
    ] {
        let made = w.post(JOURNAL, &note(kind, id, "Called them.")).expect(201);
        let expected = json!({"id": id, "url": format!("{}{path}{id}/", w.url), "display": display});
        assert_eq!(made["assigned_object"], expected, "{kind}");
        let listed = w.get(&format!("{JOURNAL}?assigned_object_type={kind}&assigned_object_id={id}")).expect(200);
        assert_eq!((&listed["count"], &listed["results"][0]), (&json!(1), &made), "{kind}");
    }
    for (body, fields) in [
        (json!({}), &["assigned_object_type", "assigned_object_id", "comments"][..]),
        (note("notices.maintenance", 4, "x"), &["assigned_object_id"]),
        (note("notices.outage", w.event, "x"), &["assigned_object_id"]),
        (note("notices.nothing", w.event, "x"), &["assigned_object_type"]),
        (note("extras.tag", w.tag("Ring", "ring"), "x"), &["assigned_object_type"]),
        (note("notices.maintenance", w.event, " "), &["comments"]),
        (note("notices.maintenance", w.event, "a\u{0}b"), &["comments"]),
        (json!({"kind": "loud"}), &["kind", "assigned_object_type", "assigned_object_id", "comments"]),
    ] {
        w.refused("POST", JOURNAL, &body, fields);
    }
}

#[test]
fn journal_entries_are_listed_changed_and_deleted() {
    let w = World::new();
    let other = w.maintenance("M-2", json!({}));
    w.tag("Ring", "ring");
    let user = w.post("/api/users/tokens/", &json!({"user": "anna", "scope": "write"})).expect(201);
    let anna = w.with_token(user["token"].as_str());
    let with = |event: u64, comments: &str, kind: &str| {
        let mut body = note("notices.maintenance", event, comments);
        body["kind"] = kind.into();
        body
    };
    let first = w.post(JOURNAL, &with(w.event, "first", "success")).expect(201);
    let mut second = with(w.event, "second", "danger");
    second["tags"] = json!([{"slug": "ring"}]);
    let second = anna.post(JOURNAL, &second).expect(201);
    let mut third = note("notices.maintenance", other, "third");
    third["assigned_object_type"] = 150.into();
    let third = w.post(JOURNAL, &third).expect(201);
    assert_eq!(second["kind"], json!({"value": "danger", "label": "Danger"}));
    assert_eq!(third["kind"], json!({"value": "info", "label": "Info"}));
    assert_eq!(second["created_by"]["username"], "anna");
    assert_eq!(third["assigned_object_type"], "notices.maintenance");
    let (event, first_id) = (w.event, id(&first));
    for (query, expected) in [
        (String::new(), json!(["third", "second", "first"])),
        ("ordering=created".into(), json!(["first", "second", "third"])),
        ("kind=danger&kind=info".into(), json!(["third", "second"])),
        ("created_by=anna".into(), json!(["second"])),
        ("q=IR".into(), json!(["third", "first"])),
        ("tag=ring".into(), json!(["second"])),
        (format!("assigned_object_id={event}"), json!(["second", "first"])),
        (format!("assigned_object_id={event}&assigned_object_type=notices.maintenance&kind=success"), json!(["first"])),
        (format!("assigned_object_id={event}&assigned_object_type=Notices.Maintenance"), json!(["second", "first"])),
        (format!("assigned_object_id={event}&assigned_object_type_id=150"), json!(["second", "first"])),
        ("assigned_object_type=circuits.circuit".into(), json!([])),
        (format!("id={first_id}"), json!(["first"])),
    ] {
        w.check(&format!("{JOURNAL}?{query}"), "comments", expected);
    }
    w.refused("GET", &format!("{JOURNAL}?kind=loud"), &json!({}), &["kind"]);
    w.refused("GET", &format!("{JOURNAL}?assigned_object_type=a.b"), &json!({}), &["assigned_object_type"]);
    let pages = |query: &str| w.all(&format!("{JOURNAL}?limit=2{query}")).len();
    assert_eq!((pages(""), pages("&start=0")), (3, 3));

    let path = format!("{JOURNAL}{first_id}/");
    let answer = w.get(&path);
    let etag = answer.header("etag").to_owned();
    assert_eq!(answer.expect(200), first);
    let changed = w.patch(&path, &json!({"kind": "warning", "changelog_message": "worse"})).expect(200);
    assert_eq!((&changed["kind"]["value"], &changed["comments"]), (&json!("warning"), &json!("first")));
    let late = [("content-type", "application/json"), ("if-match", etag.as_str())];
    w.send("PATCH", &path, &late, br#"{"kind": "info"}"#).expect(412);
    w.refused("PATCH", &path, &json!({"assigned_object_id": other}), &["assigned_object_id"]);
    w.refused("PUT", &path, &json!({"comments": "x"}), &["assigned_object_type", "assigned_object_id"]);
    w.put(&path, &note("notices.maintenance", event, "all new")).expect(200);
    // Every change is on record, and a note stays when its object goes.
    w.delete(&format!("{MAINTENANCE}{event}/")).expect(204);
    let kept = w.get(&path).expect(200);
    assert_eq!((&kept["assigned_object"], &kept["comments"]), (&Value::Null, &json!("all new")));
    w.delete(&path).expect(204);
    w.get(&path).expect(404);
    let changes = format!("{CHANGES}?changed_object_type=extras.journalentry&changed_object_id={first_id}");
    eventually("four changes", || (w.listed(&changes, "id").1 == 4).then_some(()));
    let messages = each(&w.get(&changes).expect(200)["results"], "message").into_iter().cloned().collect::<Value>();
    assert_eq!(messages, json!(["", "", "worse", ""]));
}

#[test]
fn object_types_have_numbers_that_clients_look_up() {
    let w = World::new();
    for path in ["/api/core/object-types/", "/api/extras/object-types/", "/api/extras/content-types/"] {
        let found = |query: &str| w.get(&format!("{path}?{query}")).expect(200)["results"].clone();
        let of = |app: &str, model: &str| {
            let results = found(&format!("app_label={app}&model={model}"));
            assert_eq!(results.as_array().unwrap().len(), 1, "{path} {app} {model}");
            results[0].clone()
        };
        for (app, model, number) in [
            ("notices", "maintenance", 150),
            ("notices", "outage", 151),
            ("circuits", "circuit", 10),
            ("extras", "journalentry", 91),
        ] {
            let one = of(app, model);
            assert_eq!(one["id"], number, "{path}");
            let url = one["url"].as_str().unwrap();
            assert_eq!(url, format!("{}{path}{number}/", w.url));
            assert_eq!(w.get(&format!("{path}{number}/")).expect(200), one);
        }
        assert_eq!(found("id=150"), json!([of("notices", "maintenance")]));
        assert_eq!(found("app_label=nothing"), json!([]));
        assert_eq!(found("q=PowerF"), json!([of("dcim", "powerfeed")]));
        let apps: Vec<Value> = each(&found(""), "app_label").into_iter().cloned().collect();
        assert!(apps.is_sorted_by_key(|app| app.as_str().unwrap().to_owned()), "{apps:?}");
        let all = w.get(&format!("{path}?limit=5")).expect(200);
        assert_eq!((all["results"].as_array().unwrap().len(), all["count"].as_u64()), (5, Some(apps.len() as u64)));
        assert_eq!(w.all(&format!("{path}?start=0")).len(), apps.len());
        for missing in ["4", "nothing"] {
            w.get(&format!("{path}{missing}/")).expect(404);
        }
    }
    let prefix = w.get("/api/core/object-types/?model=ipaddress").expect(200)["results"][0].clone();
    for (field, value) in [
        ("display", json!("IPAM | IP address")),
        ("model_name", json!("IP address")),
        ("model_name_plural", json!("IP addresses")),
        ("public", json!(true)),
        ("is_plugin_model", json!(false)),
        ("rest_api_endpoint", json!("/api/ipam/ip-addresses/")),
    ] {
        assert_eq!(prefix[field], value, "{field}");
    }
    let event = w.get("/api/core/object-types/150/").expect(200);
    assert_eq!((&event["is_plugin_model"], &event["rest_api_endpoint"]), (&json!(true), &json!(MAINTENANCE)));
    assert_eq!(event["features"], json!(["change_logging", "custom_fields", "journaling", "tags"]));
    let old = w.get("/api/extras/content-types/150/").expect(200);
    assert_eq!(old.as_object().unwrap().len(), 5, "{old}");
}

#[test]
fn changes_are_listed_by_every_filter() {
    let w = World::new();
    let user = w.post("/api/users/tokens/", &json!({"user": "anna", "scope": "write"})).expect(201);
    let anna = w.with_token(user["token"].as_str());
    let path = format!("{MAINTENANCE}{}/", w.event);
    anna.patch(&path, &json!({"status": "CANCELLED", "changelog_message": "by phone"})).expect(200);
    let other = w.maintenance("M-2", json!({}));
    anna.delete(&format!("{MAINTENANCE}{other}/")).expect(204);
    // Provider, two maintenances, one change, one deletion.
    eventually("five changes", || (w.listed(CHANGES, "id").1 == 5).then_some(()));
    let all = w.get(CHANGES).expect(200)["results"].clone();
    let told = |change: &Value| {
        let text = |field: &str| change[field].as_str().unwrap().to_owned();
        format!("{} {}", change["action"]["value"].as_str().unwrap(), text("object_repr"))
    };
    let seen: Vec<String> = all.as_array().unwrap().iter().map(told).collect();
    let (d2, c2, u1, c1, p) = ("delete M-2", "create M-2", "update M-1", "create M-1", "create Zayo");
    assert_eq!(seen, [d2, c2, u1, c1, p]);
    let (changed, event) = (&all[2], w.event);
    let text = |field: &str| changed[field].as_str().unwrap();
    let (request, time) = (text("request_id"), text("time"));
    let id_of_change = id(changed);
    let cases = [
        ("changed_object_type=notices.maintenance".to_owned(), vec![d2, c2, u1, c1]),
        ("changed_object_type=Notices.Maintenance".to_owned(), vec![d2, c2, u1, c1]),
        ("changed_object_type_id=11".to_owned(), vec![p]),
        (format!("changed_object_id={event}"), vec![u1, c1]),
        (format!("changed_object_type=notices.maintenance&changed_object_id={event}"), vec![u1, c1]),
        (format!("changed_object_type_id=150&changed_object_id={event}&action=update"), vec![u1]),
        (format!("changed_object_type=circuits.provider&changed_object_id={event}"), vec![]),
        ("action=create&action=delete".to_owned(), vec![d2, c2, c1, p]),
        ("action__n=create".to_owned(), vec![d2, u1]),
        ("user=anna".to_owned(), vec![d2, u1]),
        ("user_name=anna&action=delete".to_owned(), vec![d2]),
        ("user_id=7".to_owned(), vec![d2, c2, u1, c1, p]),
        (format!("request_id={request}"), vec![u1]),
        (format!("id={id_of_change}"), vec![u1]),
        ("q=m-1".to_owned(), vec![u1, c1]),
        ("object_repr__isw=zay".to_owned(), vec![p]),
        (format!("time__gte={time}"), vec![d2, c2, u1]),
        (format!("time_after={time}"), vec![d2, c2, u1]),
        (format!("time__lt={time}"), vec![c1, p]),
        (format!("time_before={time}"), vec![u1, c1, p]),
        (format!("time__gte={time}&ordering=time"), vec![u1, c2, d2]),
        ("time__gte=2100-01-01".to_owned(), vec![]),
        ("time__lt=2000-01-01".to_owned(), vec![]),
        ("ordering=-time".to_owned(), vec![d2, c2, u1, c1, p]),
        ("ordering=time".to_owned(), vec![p, c1, u1, c2, d2]),
        ("ordering=id".to_owned(), vec![p, c1, u1, c2, d2]),
        ("ordering=object_repr".to_owned(), vec![u1, c1, d2, c2, p]),
    ];
    for (query, expected) in &cases {
        let page = w.get(&format!("{CHANGES}?{query}")).expect(200);
        let found: Vec<String> = page["results"].as_array().unwrap().iter().map(told).collect();
        assert_eq!((&found[..], &page["count"]), (&to_strings(expected)[..], &json!(expected.len())), "{query}");
        // Page by page, it is the same list.
        for limit in [1, 2] {
            let (mut paged, mut next) = (Vec::new(), Some(format!("{CHANGES}?{query}&limit={limit}")));
            while let Some(path) = next {
                let page = w.get(&path).expect(200);
                assert_eq!(page["count"], expected.len(), "{path}");
                paged.extend(page["results"].as_array().unwrap().iter().map(told));
                next = page["next"].as_str().map(|next| next.strip_prefix(&w.url).unwrap().to_owned());
            }
            assert_eq!(paged, to_strings(expected), "{query}");
        }
    }
    let (mut by_cursor, mut next) = (Vec::new(), Some(format!("{CHANGES}?start=0&limit=2")));
    while let Some(path) = next {
        let page = w.get(&path).expect(200);
        assert_eq!(page["count"], Value::Null);
        by_cursor.extend(page["results"].as_array().unwrap().iter().map(told));
        next = page["next"].as_str().map(|next| next.strip_prefix(&w.url).unwrap().to_owned());
    }
    assert_eq!(by_cursor, [p, c1, u1, c2, d2]);
    for (query, field) in [
        ("changed_object_type=notices.nothing", "changed_object_type"),
        ("action=paint", "action"),
        ("time__gte=yesterday", "time__gte"),
        ("request_id=7", "request_id"),
        ("changed_object_id=seven", "changed_object_id"),
    ] {
        w.refused("GET", &format!("{CHANGES}?{query}"), &json!({}), &[field]);
    }
    // One change, and as much of it as is asked for.
    let one = format!("{CHANGES}{id_of_change}/");
    assert_eq!(w.get(&one).expect(200), *changed);
    assert_eq!((&changed["message"], &changed["user"]["username"]), (&json!("by phone"), &json!("anna")));
    assert_eq!(all[0]["changed_object"], Value::Null);
    assert_eq!(
        w.get(&format!("{one}?fields=id,message")).expect(200),
        json!({"id": id_of_change, "message": "by phone"})
    );
    let brief = w.get(&format!("{CHANGES}?brief=1&omit=time")).expect(200)["results"][0].clone();
    assert!(brief.get("prechange_data").is_none() && brief.get("time").is_none(), "{brief}");
    let head = w.send("HEAD", CHANGES, &[], b"");
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    for missing in ["4", "nothing"] {
        w.get(&format!("{CHANGES}{missing}/")).expect(404);
    }
}

fn to_strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn every_address_lists_what_is_below_it() {
    let w = World::new();
    let names = |path: &str| {
        let found = w.get(path).expect(200);
        let urls = found.as_object().unwrap().iter();
        let name = |(name, url): (&String, &Value)| {
            assert_eq!(*url, format!("{}{path}{name}/", w.url), "{path}");
            name.clone()
        };
        urls.map(name).collect::<Vec<_>>().join(" ")
    };
    for (path, expected) in [
        ("/api/", "circuits core dcim extras ipam plugins status users virtualization"),
        ("/api/core/", "jobs object-changes object-types"),
        ("/api/extras/", "content-types journal-entries object-types tags"),
        ("/api/plugins/", "maintenance notices"),
        ("/api/plugins/notices/", "eventnotification impact inbound-mail maintenance outage review"),
        ("/api/plugins/maintenance/", "circuitmaintenance circuitmaintenanceimpact circuitmaintenancenotifications"),
        ("/api/circuits/", "circuit-terminations circuit-types circuits providers"),
        ("/api/ipam/", "ip-addresses prefixes"),
        ("/api/users/", "tokens"),
        ("/api/virtualization/", "interfaces virtual-machines"),
    ] {
        assert_eq!(names(path), expected, "{path}");
    }
    assert!(names("/api/dcim/").contains("sites"));
}

#[test]
fn options_tell_what_a_path_takes() {
    let w = World::new();
    for (path, name, allow) in [
        (MAINTENANCE.to_owned(), "Maintenance", "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT"),
        (format!("{JOURNAL}7/"), "Journal Entries", "DELETE,GET,HEAD,OPTIONS,PATCH,PUT"),
        ("/api/status/".to_owned(), "Status", "GET,HEAD,OPTIONS"),
    ] {
        let answer = w.send("OPTIONS", &path, &[], b"");
        let mut allowed: Vec<&str> = answer.header("allow").split(',').collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(","), allow, "{path}");
        assert_eq!(answer.header("api-version"), "4.6");
        let kinds = ["application/json"];
        let expected = json!({"name": name, "description": "", "renders": kinds, "parses": kinds});
        let mut body = answer.expect(200);
        let actions = body.as_object_mut().unwrap().remove("actions").unwrap_or_default();
        assert_eq!(actions["POST"]["status"]["choices"].is_array(), path == MAINTENANCE, "{path}: {actions}");
        assert_eq!(body, expected, "{path}");
        w.with_token(None).send("OPTIONS", &path, &[], b"").expect(403);
        w.with_token(Some("wrong")).send("OPTIONS", &path, &[], b"").expect(403);
    }
    let labels = |path: &str, field: &str| {
        let body = w.send("OPTIONS", path, &[], b"").expect(200);
        let choices = body["actions"]["POST"][field]["choices"].as_array().unwrap().clone();
        let label = |choice: &Value| (choice["value"].as_str().unwrap().to_owned(), choice["display"].clone());
        choices.iter().map(label).collect::<std::collections::BTreeMap<_, _>>()
    };
    let statuses = labels(MAINTENANCE, "status");
    assert_eq!((&statuses["IN-PROCESS"], &statuses["RE-SCHEDULED"]), (&json!("In-Progress"), &json!("Rescheduled")));
    assert_eq!(labels("/api/plugins/notices/impact/", "impact")["REDUCED-REDUNDANCY"], "Reduced Redundancy");
    for path in ["/api/plugins/notices/impact/", "/api/plugins/notices/eventnotification/"] {
        let events: Vec<String> = labels(path, "event_content_type").into_keys().collect();
        assert_eq!(events, ["notices.maintenance", "notices.outage"], "{path}");
    }
    w.send("OPTIONS", "/api/nothing/", &[], b"").expect(404);
    let refused = w.send("DELETE", "/api/status/", &[], b"");
    assert_eq!(refused.header("allow"), "GET,HEAD,OPTIONS");
    assert_eq!(refused.expect(405), json!({"detail": "Method \"DELETE\" not allowed."}));
}
