//! The paths of netbox-circuitmaintenance, as its clients use them (reference netbox-notices, section 6: A).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::ops::Deref;

use noticeboard_tests::{Client, Server};
use serde_json::{Value, json};

const MAINTENANCE: &str = "/api/plugins/maintenance/circuitmaintenance/";
const IMPACT: &str = "/api/plugins/maintenance/circuitmaintenanceimpact/";
const NOTIFICATION: &str = "/api/plugins/maintenance/circuitmaintenancenotifications/";
const NOTICES: &str = "/api/plugins/notices/";

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

fn id(object: &Value) -> u64 {
    object["id"].as_u64().unwrap()
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

impl World {
    fn new() -> Self {
        let server = Server::memory();
        let provider = server.provider("Zayo Group", "zayo");
        let circuit = server.circuit(provider, "ZYO/1234");
        Self { server, provider, circuit }
    }

    fn body(&self, name: &str) -> Value {
        json!({
            "name": name, "summary": "fibre splice", "status": "CONFIRMED", "provider": self.provider,
            "start": "2026-12-15 01:00:00", "end": "2026-12-15 05:00:00",
        })
    }

    fn maintenance(&self, name: &str, changes: Value) -> u64 {
        let mut body = self.body(name);
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        id(&self.post(MAINTENANCE, &body).expect(201))
    }

    fn impact(&self, event: u64, circuit: u64, impact: &str) -> Value {
        let body = json!({"circuitmaintenance": event, "circuit": circuit, "impact": impact});
        self.post(IMPACT, &body).expect(201)
    }

    fn mail(&self, event: u64, subject: &str) -> Value {
        let body = json!({
            "circuitmaintenance": event, "email_body": "We will work.", "subject": subject,
            "email_from": "noc@zayo.example", "email_recieved": "2026-11-22 03:00:00",
        });
        self.post(NOTIFICATION, &body).expect(201)
    }

    /// A list's elements by a field, and its exact count.
    #[track_caller]
    fn check(&self, path: &str, field: &str, expected: Value) {
        let page = self.get(path).expect(200);
        let found: Value = page["results"].as_array().unwrap().iter().map(|one| one[field].clone()).collect();
        assert_eq!(found, expected, "{path}");
        assert_eq!(page["count"], expected.as_array().unwrap().len(), "{path}");
    }

    #[track_caller]
    fn refused(&self, method: &str, path: &str, body: &Value, fields: &[&str]) {
        let kind = [("content-type", "application/json")];
        // A read has no body: a server that does not read one may close the connection under the next request.
        let sent = if method == "GET" { String::new() } else { body.to_string() };
        let errors = self.send(method, path, &kind, sent.as_bytes()).expect(400);
        let found: BTreeSet<&str> = keys(&errors).into_iter().collect();
        assert_eq!(found, fields.iter().copied().collect(), "{method} {path} {body}: {errors}");
    }
}

/// The path of an object's own address.
fn own(w: &World, object: &Value) -> String {
    object["url"].as_str().unwrap().strip_prefix(&w.url).unwrap().to_owned()
}

#[test]
fn the_parser_for_mail_works_unchanged() {
    let w = World::new();
    let none = json!({"count": 0, "next": null, "previous": null, "results": []});
    for (status, start, level) in
        [("CONFIRMED", "2026-12-15 01:00:00", "OUTAGE"), ("IN-PROCESS", "2026-12-15 02:00:00", "DEGRADED")]
    {
        let found = w.get(&format!("{MAINTENANCE}?name=WORK-42&limit=0")).expect(200);
        let event = if found == none {
            let providers = w.get("/api/circuits/providers/?name__ic=Zayo&limit=0").expect(200);
            let provider = id(&providers["results"][0]);
            let body = json!({
                "name": "WORK-42", "summary": "fibre splice", "status": status, "provider": provider,
                "start": start, "end": "2026-12-15 05:00:00",
            });
            w.post(MAINTENANCE, &body).expect(201)
        } else {
            assert_eq!(found["count"], 1);
            let changes = json!({"status": status, "start": start, "end": "2026-12-15 05:00:00"});
            w.patch(&own(&w, &found["results"][0]), &changes).expect(200)
        };
        assert_eq!((&event["status"], &event["start"]), (&json!(status), &json!(start.replace(' ', "T") + "Z")));
        let circuits = w.get("/api/circuits/circuits/?cid__ic=ZYO%2F1234&limit=0").expect(200);
        assert_eq!(circuits["count"], 1);
        let (event, circuit) = (id(&event), id(&circuits["results"][0]));
        let found = w.get(&format!("{IMPACT}?circuitmaintenance={event}&circuit={circuit}&limit=0")).expect(200);
        let impact = if found == none {
            w.impact(event, circuit, level)
        } else {
            assert_eq!(found["count"], 1);
            w.patch(&own(&w, &found["results"][0]), &json!({"impact": level})).expect(200)
        };
        assert_eq!(impact["impact"], level);
        let mail = w.mail(event, "Planned work WORK-42");
        assert_eq!(mail["email_recieved"], "2026-11-22T03:00:00Z");
    }
    let events = w.get(&format!("{NOTICES}maintenance/")).expect(200);
    assert_eq!((&events["count"], &events["results"][0]["impact_count"]), (&json!(1), &json!(1)));
    assert_eq!(w.get(&format!("{NOTICES}eventnotification/")).expect(200)["count"], 2);
}

#[test]
fn objects_have_the_predecessors_shapes() {
    let w = World::new();
    let mut body = w.body("WORK-1");
    for (field, value) in [
        ("time_zone", json!("Europe/Berlin")),
        ("acknowledged", json!(true)),
        ("internal_ticket", json!("NOC-7")),
        ("comments", json!("call first")),
    ] {
        body[field] = value;
    }
    let answer = w.post(MAINTENANCE, &body);
    let location = answer.header("location").to_owned();
    let event = answer.expect(201);
    assert_eq!(
        keys(&event).join(" "),
        "id url display name summary status provider start end time_zone internal_ticket acknowledged comments tags \
         custom_fields created last_updated"
    );
    let url = |path: &str, object: &Value| format!("{}{path}{}/", w.url, id(object));
    assert_eq!((&event["url"], &location), (&json!(url(MAINTENANCE, &event)), &url(MAINTENANCE, &event)));
    assert_eq!((&event["time_zone"], &event["acknowledged"]), (&json!("Europe/Berlin"), &json!(true)));
    assert_eq!(event["provider"]["slug"], "zayo");
    let same = w.get(&format!("{NOTICES}maintenance/{}/", id(&event))).expect(200);
    assert_eq!((&same["original_timezone"], &same["comments"]), (&json!("Europe/Berlin"), &json!("call first")));

    let impact = w.impact(id(&event), w.circuit, "OUTAGE");
    assert_eq!(
        keys(&impact).join(" "),
        "id url display circuitmaintenance circuit impact tags custom_fields created last_updated"
    );
    assert_eq!(impact["url"], url(IMPACT, &impact));
    let brief = &impact["circuitmaintenance"];
    assert_eq!(keys(brief).join(" "), "id url display name status provider start end");
    assert_eq!((id(brief), &brief["url"]), (id(&event), &event["url"]));
    let circuit = &impact["circuit"];
    assert_eq!((id(circuit), &circuit["cid"]), (w.circuit, &json!("ZYO/1234")));
    assert_eq!(keys(circuit).join(" "), "id url display cid provider description");
    assert_eq!(circuit["provider"]["name"], "Zayo Group");

    let mail = w.mail(id(&event), "Planned work");
    assert_eq!(
        keys(&mail).join(" "),
        "id url display circuitmaintenance email_body subject email_from email_received email_recieved tags \
         custom_fields created last_updated"
    );
    assert_eq!((&mail["url"], &mail["circuitmaintenance"]["id"]), (&json!(url(NOTIFICATION, &mail)), &event["id"]));
    assert_eq!(mail["email_received"], mail["email_recieved"]);
    for (path, object, brief) in [
        (MAINTENANCE, &event, "id url display name status provider start end"),
        (IMPACT, &impact, "id url display circuit impact"),
        (NOTIFICATION, &mail, "id url display subject email_from email_received email_recieved"),
    ] {
        let one = format!("{path}{}/", id(object));
        let read = w.get(&one);
        let etag = read.header("etag").to_owned();
        assert_eq!(read.expect(200)["url"], object["url"]);
        w.send("GET", &one, &[("if-none-match", &etag)], b"").expect(304);
        let listed = w.get(&format!("{path}?brief=1")).expect(200);
        assert_eq!(keys(&listed["results"][0]).join(" "), brief);
        assert_eq!(w.get(&format!("{one}?fields=id")).expect(200), json!({"id": id(object)}));
    }
}

#[test]
fn objects_are_changed_and_deleted() {
    let w = World::new();
    let event = w.maintenance("WORK-1", json!({}));
    let path = format!("{MAINTENANCE}{event}/");
    assert_eq!(w.patch(&path, &json!({"time_zone": "UTC"})).expect(200)["time_zone"], "UTC");
    let mut whole = w.body("WORK-2");
    whole["status"] = "IN-PROCESS".into();
    assert_eq!(w.put(&path, &whole).expect(200)["name"], "WORK-2");
    let other = w.circuit(w.provider, "ZYO/5678");
    let impact = w.impact(event, w.circuit, "OUTAGE");
    let path_of_impact = format!("{IMPACT}{}/", id(&impact));
    let moved = w.patch(&path_of_impact, &json!({"circuit": other})).expect(200);
    assert_eq!((id(&moved["circuit"]), &moved["impact"]), (other, &json!("OUTAGE")));
    // A program that sends back what it read.
    let mut same = moved.clone();
    same["impact"] = "DEGRADED".into();
    assert_eq!(w.put(&path_of_impact, &same).expect(200)["impact"], "DEGRADED");
    let mail = w.mail(event, "Planned work");
    let path_of_mail = format!("{NOTIFICATION}{}/", id(&mail));
    let changed = w.patch(&path_of_mail, &json!({"email_received": "2026-11-23T03:00:00Z"})).expect(200);
    assert_eq!(changed["email_recieved"], "2026-11-23T03:00:00Z");
    let both = json!({"email_received": "2026-11-24T03:00:00Z", "email_recieved": "2026-11-25T03:00:00Z"});
    assert_eq!(w.patch(&path_of_mail, &both).expect(200)["email_received"], "2026-11-24T03:00:00Z");
    let mut whole = changed;
    whole["subject"] = "Other".into();
    assert_eq!(w.put(&path_of_mail, &whole).expect(200)["subject"], "Other");
    let late = [("content-type", "application/json"), ("if-match", "\"1.0\"")];
    for path in [&path, &path_of_impact, &path_of_mail] {
        w.send("PATCH", path, &late, b"{}").expect(412);
        w.send("DELETE", path, &late, b"").expect(412);
    }
    for path in [&path_of_impact, &path_of_mail, &path] {
        w.delete(path).expect(204);
        let missing = w.get(path).expect(404);
        assert!(missing["detail"].as_str().unwrap().starts_with("No CircuitMaintenance"), "{missing}");
        w.patch(path, &json!({})).expect(404);
        w.delete(path).expect(404);
    }
}

#[test]
fn what_is_wrong_is_told_in_the_predecessors_names() {
    let w = World::new();
    let event = w.maintenance("WORK-1", json!({}));
    let window = |start: &str, end: &str| {
        let mut body = w.body("WORK-2");
        body["start"] = start.into();
        body["end"] = end.into();
        body
    };
    for (body, fields) in [
        (json!({}), &["name", "summary", "status", "provider", "start", "end"][..]),
        (window("2026-12-15 05:00:00", "2026-12-15 05:00:00"), &["end"]),
        (window("2026-12-15 05:00:00", "2026-12-15 04:00:00"), &["end"]),
        (window("soon", "2026-12-15 04:00:00"), &["start"]),
        (json!({"time_zone": "x".repeat(64)}), &["time_zone", "name", "summary", "status", "provider", "start", "end"]),
    ] {
        w.refused("POST", MAINTENANCE, &body, fields);
    }
    let path = format!("{MAINTENANCE}{event}/");
    for (body, fields) in [
        (json!({"start": "2026-12-15T05:00:00Z"}), &["end"][..]),
        (json!({"end": "2026-12-15T01:00:00Z"}), &["end"]),
        (json!({"acknowledged": null}), &["acknowledged"]),
        (json!({"status": "NO-CHANGE"}), &["status"]),
        (json!({"provider": 4}), &["provider"]),
    ] {
        w.refused("PATCH", &path, &body, fields);
    }
    // NetBox Notices allows what its predecessor refuses; such a maintenance can be changed in all else.
    let equal = json!({"start": "2026-12-15T05:00:00Z", "end": "2026-12-15T05:00:00Z"});
    w.patch(&format!("{NOTICES}maintenance/{event}/"), &equal).expect(200);
    w.patch(&path, &json!({"status": "IN-PROCESS"})).expect(200);
    w.impact(event, w.circuit, "OUTAGE");
    let impact = |event: Value, circuit: Value| json!({"circuitmaintenance": event, "circuit": circuit});
    for (body, fields) in [
        (json!({}), &["circuitmaintenance", "circuit"][..]),
        (impact(json!(4), json!(w.circuit)), &["circuitmaintenance"]),
        (impact(json!(event), json!(4)), &["circuit"]),
        (impact(json!("x"), json!(null)), &["circuitmaintenance", "circuit"]),
        (impact(json!(event), json!(w.circuit)), &["__all__"]),
        (json!({"maintenance": event, "target_object_id": w.circuit}), &["circuitmaintenance", "circuit"]),
    ] {
        w.refused("POST", IMPACT, &body, fields);
    }
    for (body, fields) in [
        (json!({}), &["circuitmaintenance", "email_body", "subject", "email_from", "email_received"][..]),
        (
            json!({"email_recieved": "soon"}),
            &["circuitmaintenance", "email_body", "subject", "email_from", "email_received"],
        ),
    ] {
        w.refused("POST", NOTIFICATION, &body, fields);
    }
    w.post(IMPACT, &json!([impact(json!(event), json!(4))])).expect(400);
}

#[test]
fn lists_have_the_predecessors_filters() {
    let w = World::new();
    let other = w.provider("Arelion", "arelion");
    let first = w.maintenance("WORK-1", json!({"internal_ticket": "NOC-7", "acknowledged": true, "time_zone": "UTC"}));
    let later = json!({
        "provider": other, "status": "TENTATIVE", "start": "2026-12-20 01:00:00", "end": "2026-12-20 05:00:00",
    });
    let second = w.maintenance("WORK-2", later);
    let provider = w.provider;
    for (query, expected) in [
        (String::new(), json!(["WORK-2", "WORK-1"])),
        ("name=WORK-1".into(), json!(["WORK-1"])),
        ("status=TENTATIVE".into(), json!(["WORK-2"])),
        ("start_after=2026-12-16".into(), json!(["WORK-2"])),
        ("start_after=2026-12-20T01:00:00Z".into(), json!(["WORK-2"])),
        ("start_before=2026-12-16".into(), json!(["WORK-1"])),
        ("start_after=2026-12-10&start_before=2026-12-30".into(), json!(["WORK-2", "WORK-1"])),
        (format!("provider={provider}"), json!(["WORK-1"])),
        ("provider=arelion".into(), json!(["WORK-2"])),
        (format!("provider=arelion&provider={provider}"), json!(["WORK-2", "WORK-1"])),
        ("internal_ticket=NOC-7".into(), json!(["WORK-1"])),
        ("acknowledged=true".into(), json!(["WORK-1"])),
        // A maintenance is in UTC unless it says otherwise.
        ("time_zone=UTC".into(), json!(["WORK-2", "WORK-1"])),
        ("time_zone=&provider=&start_after=".into(), json!(["WORK-2", "WORK-1"])),
        ("q=noc".into(), json!(["WORK-1"])),
        ("ordering=start".into(), json!(["WORK-1", "WORK-2"])),
    ] {
        w.check(&format!("{MAINTENANCE}?{query}"), "name", expected);
    }
    for (query, field) in [
        ("provider=nobody", "provider"),
        ("provider=999", "provider"),
        ("provider=0", "provider"),
        ("start_after=soon", "start_after"),
        ("start_before=soon", "start_before"),
        ("status=LOUD", "status"),
    ] {
        w.refused("GET", &format!("{MAINTENANCE}?{query}"), &json!({}), &[field]);
    }
    let page = w.get(&format!("{MAINTENANCE}?limit=1&start_after=2026-12-10")).expect(200);
    assert_eq!(page["count"], 2);
    let next = page["next"].as_str().unwrap().strip_prefix(&w.url).unwrap().to_owned();
    assert_eq!(w.get(&next).expect(200)["results"][0]["name"], "WORK-1", "{next}");
    assert_eq!(w.all(&format!("{MAINTENANCE}?start=0&limit=1")).len(), 2);

    w.refused(
        "GET",
        &format!("{IMPACT}?circuit=x&circuitmaintenance=x"),
        &json!({}),
        &["circuit", "circuitmaintenance"],
    );
    let (one, two) = (id(&w.impact(first, w.circuit, "OUTAGE")), id(&w.impact(second, w.circuit, "DEGRADED")));
    let circuit = w.circuit;
    for (query, expected) in [
        (String::new(), json!([two, one])),
        (format!("circuitmaintenance={first}"), json!([one])),
        (format!("circuit={circuit}&ordering=id"), json!([one, two])),
        (format!("circuitmaintenance={second}&circuit={circuit}"), json!([two])),
        (format!("circuitmaintenance={second}&circuit=4"), json!([])),
        ("impact=OUTAGE".into(), json!([one])),
    ] {
        w.check(&format!("{IMPACT}?{query}"), "id", expected);
    }
    w.mail(first, "one");
    w.mail(second, "two");
    for (query, expected) in [
        ("ordering=id".to_owned(), json!(["one", "two"])),
        (format!("circuitmaintenance={second}"), json!(["two"])),
        ("subject=one".into(), json!(["one"])),
        ("q=TWO".into(), json!(["two"])),
        ("has_maintenance=true&ordering=id".into(), json!(["one", "two"])),
        ("has_maintenance=false".into(), json!([])),
    ] {
        w.check(&format!("{NOTIFICATION}?{query}"), "subject", expected);
    }
    // A mail whose maintenance is gone belongs to none.
    w.delete(&format!("{MAINTENANCE}{first}/")).expect(204);
    w.check(&format!("{NOTIFICATION}?has_maintenance=true"), "subject", json!(["two"]));
    w.check(&format!("{NOTIFICATION}?has_maintenance=false"), "subject", json!(["one"]));
    w.check(&format!("{NOTIFICATION}?has_maintenance=false"), "circuitmaintenance", json!([null]));
}

#[test]
fn what_the_predecessor_does_not_know_does_not_show() {
    let w = World::new();
    let body = json!({"name": "O-1", "summary": "cut", "status": "REPORTED", "provider": w.provider});
    let outage = id(&w.post(&format!("{NOTICES}outage/"), &body).expect(201));
    let site = id(&w.post("/api/dcim/sites/", &json!({"name": "Paris", "slug": "paris"})).expect(201));
    let event = w.maintenance("WORK-1", json!({}));
    let impacts = format!("{NOTICES}impact/");
    let on_site = json!({"maintenance": event, "content_type": "dcim.site", "object_id": site});
    let of_outage = json!({"outage": outage, "content_type": "circuits.circuit", "object_id": w.circuit});
    let hidden = [on_site, of_outage].map(|body| id(&w.post(&impacts, &body).expect(201)));
    let mail = json!({
        "outage": outage, "email_body": "Cut.", "subject": "Cut", "email_from": "noc@zayo.example",
        "email_received": "2026-11-22T03:00:00Z",
    });
    let mail = id(&w.post(&format!("{NOTICES}eventnotification/"), &mail).expect(201));
    w.check(MAINTENANCE, "id", json!([event]));
    w.check(IMPACT, "id", json!([]));
    w.check(&format!("{IMPACT}?event_content_type=notices.outage"), "id", json!([]));
    w.check(&format!("{IMPACT}?target_content_type=dcim.site"), "id", json!([]));
    w.check(NOTIFICATION, "id", json!([]));
    w.check(&format!("{NOTIFICATION}?event_content_type=notices.outage"), "id", json!([]));
    let paths = [
        format!("{MAINTENANCE}{outage}/"),
        format!("{IMPACT}{}/", hidden[0]),
        format!("{IMPACT}{}/", hidden[1]),
        format!("{NOTIFICATION}{mail}/"),
        format!("{MAINTENANCE}nothing/"),
        format!("{IMPACT}nothing/"),
        format!("{NOTIFICATION}nothing/"),
    ];
    for path in paths {
        w.get(&path).expect(404);
        w.patch(&path, &json!({})).expect(404);
        w.delete(&path).expect(404);
    }
    w.refused("POST", IMPACT, &json!({"circuitmaintenance": outage, "circuit": w.circuit}), &["circuitmaintenance"]);
}
