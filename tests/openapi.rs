//! The published document: it is committed as the code makes it, says what answers look like and what requests take,
//! and is served with its page to everyone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use noticeboard_domain::time;
use noticeboard_tests::{Server, eventually, root, sample};
use serde_json::{Map, Value, json};

fn document() -> Value {
    serde_json::from_str(&noticeboard_http::openapi::committed()).unwrap()
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(target) => document.pointer(&target[1..]).unwrap_or_else(|| panic!("{target} is not in the document")),
        None => value,
    }
}

#[test]
fn the_committed_document_is_the_present_one() {
    let committed = std::fs::read_to_string(root().join("openapi.json")).unwrap_or_default();
    // Compared without showing both: they are long.
    assert!(
        committed == noticeboard_http::openapi::committed(),
        "openapi.json is not what the code says: make openapi"
    );
}

#[test]
fn it_hangs_together() {
    let document = document();
    fn references(document: &Value, value: &Value) {
        resolved(document, value);
        match value {
            Value::Object(fields) => fields.values().for_each(|value| references(document, value)),
            Value::Array(values) => values.iter().for_each(|value| references(document, value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    references(&document, &document);
    let mut ids = BTreeSet::new();
    let tags: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let label = format!("{method} {path}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{label}: its id is another's too");
            assert!(operation["tags"].as_array().unwrap().iter().all(|tag| tags.contains(&tag)), "{label}: its tag");
            let mut names = BTreeSet::new();
            for parameter in operation["parameters"].as_array().unwrap() {
                let parameter = resolved(&document, parameter);
                let name = (parameter["in"].as_str().unwrap(), parameter["name"].as_str().unwrap());
                assert!(names.insert(name), "{label}: {name:?} is there twice");
            }
            assert_eq!(names.contains(&("path", "id")), path.contains("{id}"), "{label}");
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let answer = resolved(&document, answer);
                assert!(answer["headers"]["X-Request-ID"].is_object(), "{label}: {status} has no request id");
            }
        }
    }
}

#[test]
fn the_document_and_its_page_are_served_to_everyone() {
    let server = Server::memory();
    let nobody = server.with_token(None);
    for (path, kind) in [("/api/schema/", "application/json"), ("/api/docs/", "text/html; charset=utf-8")] {
        let answer = nobody.get(path);
        assert_eq!((answer.status, answer.header("content-type")), (200, kind));
        assert_eq!(answer.header("cache-control"), "public, max-age=300");
        let etag = answer.header("etag");
        let again = nobody.send("GET", path, &[("if-none-match", etag)], b"");
        assert_eq!((again.status, again.text.as_str(), again.header("etag")), (304, "", etag));
        let head = nobody.send("HEAD", path, &[], b"");
        assert_eq!((head.status, head.text.as_str(), head.header("etag")), (200, "", etag));
    }
    let served = nobody.get("/api/schema/?format=json");
    // Each operation has its parameters itself: clients do not follow references to them.
    assert!(!served.text.contains("#/components/parameters/"));
    let served = served.expect(200);
    assert_eq!(served["components"]["schemas"], document()["components"]["schemas"]);
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let served = &served["paths"][path][method];
            assert_eq!(served["responses"], operation["responses"], "{method} {path}");
            let named = served["parameters"].as_array().unwrap().iter().filter(|one| one["name"].is_string()).count();
            assert_eq!(named, operation["parameters"].as_array().unwrap().len(), "{method} {path}");
        }
    }
    let page = nobody.get("/api/docs/");
    assert_eq!(page.header("content-security-policy"), "default-src 'none'; style-src 'unsafe-inline'");
    for forbidden in ["<script", "<img", "<link", "<iframe", " src=", "http://", "https://", " on"] {
        let found =
            page.text.find(forbidden).filter(|at| forbidden != " on" || page.text[at + 3..].starts_with("click"));
        assert!(found.is_none(), "{forbidden}: {:?}", found.map(|at| &page.text[at..at + 80]));
    }
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let summary = operation["summary"].as_str().unwrap();
            let line = format!("{}</span> <code>{path}</code> {summary}</summary>", method.to_uppercase());
            assert!(page.text.contains(&line), "{line}");
        }
    }
}

/// A server with one of everything that answers have, and the address of one object for each path of one.
struct World {
    server: Server,
    objects: BTreeMap<&'static str, String>,
    document: Value,
}

/// What each type of the inventory needs; `$` and a path stand for the id of the object there.
const INVENTORY: &[(&str, &str)] = &[
    ("/api/circuits/providers/", r#"{"name": "Zayo", "slug": "zayo"}"#),
    ("/api/circuits/circuit-types/", r#"{"name": "Wave", "slug": "wave"}"#),
    (
        "/api/circuits/circuits/",
        r#"{"cid": "C-1", "provider": "$circuits/providers", "type": "$circuits/circuit-types", "commit_rate": 1000,
            "tenant": {"id": 4, "name": "NOC"}, "install_date": "2026-01-02", "distance": 2.5, "distance_unit": "km"}"#,
    ),
    ("/api/dcim/regions/", r#"{"name": "Europe", "slug": "europe"}"#),
    ("/api/dcim/site-groups/", r#"{"name": "Core", "slug": "core"}"#),
    (
        "/api/dcim/sites/",
        r#"{"name": "Berlin", "slug": "berlin", "region": "$dcim/regions", "group": "$dcim/site-groups",
            "latitude": 52.5, "time_zone": "Europe/Berlin", "asns": [1, {"id": 2}]}"#,
    ),
    ("/api/dcim/locations/", r#"{"name": "Hall", "slug": "hall", "site": "$dcim/sites"}"#),
    (
        "/api/circuits/circuit-terminations/",
        r#"{"circuit": "$circuits/circuits", "term_side": "A", "termination_type": "dcim.site",
            "termination_id": "$dcim/sites", "port_speed": 1000}"#,
    ),
    ("/api/dcim/racks/", r#"{"name": "R1", "site": "$dcim/sites", "location": "$dcim/locations"}"#),
    ("/api/dcim/devices/", r#"{"name": "edge", "site": "$dcim/sites", "rack": "$dcim/racks"}"#),
    ("/api/dcim/interfaces/", r#"{"name": "xe-0", "device": "$dcim/devices", "type": "10gbase-lr", "mode": "access"}"#),
    ("/api/dcim/power-panels/", r#"{"name": "P1", "site": "$dcim/sites"}"#),
    ("/api/dcim/power-feeds/", r#"{"name": "F1", "power_panel": "$dcim/power-panels"}"#),
    (
        "/api/ipam/ip-addresses/",
        r#"{"address": "192.0.2.1/24", "role": "vip", "assigned_object_type": "dcim.interface",
            "assigned_object_id": "$dcim/interfaces"}"#,
    ),
    ("/api/ipam/prefixes/", r#"{"prefix": "2001:db8::/32", "scope_type": "dcim.site", "scope_id": "$dcim/sites"}"#),
    ("/api/virtualization/virtual-machines/", r#"{"name": "vm", "site": "$dcim/sites", "vcpus": 2}"#),
    ("/api/virtualization/interfaces/", r#"{"name": "eth0", "virtual_machine": "$virtualization/virtual-machines"}"#),
];

const NOTICES: &str = "/api/plugins/notices";

impl World {
    fn new() -> Self {
        let server = Server::memory();
        let mut ids: BTreeMap<String, Value> = BTreeMap::new();
        let mut objects = BTreeMap::new();
        for (path, body) in INVENTORY {
            let mut body: Map<String, Value> = serde_json::from_str(body).unwrap();
            for value in body.values_mut() {
                if let Some(of) = value.as_str().and_then(|text| text.strip_prefix('$')) {
                    *value = ids[&format!("/api/{of}/")].clone();
                }
            }
            body.insert("custom_fields".into(), json!({"colour": "red"}));
            let id = server.post(path, &Value::Object(body)).expect(201)["id"].clone();
            objects.insert(*path, format!("{path}{id}/"));
            ids.insert((*path).to_owned(), id);
        }
        let provider = &ids["/api/circuits/providers/"];
        let event = json!({"name": "E-1", "summary": "splice", "provider": provider, "original_timezone": "UTC"});
        let with = |fields: Value| {
            let mut body = event.clone();
            body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            body
        };
        let maintenance = with(json!({
            "status": "CONFIRMED", "start": "2099-12-01T02:00:00Z", "end": "2099-12-01T06:00:00Z",
        }));
        let maintenance = server.post("/api/plugins/notices/maintenance/", &maintenance).expect(201)["id"].clone();
        let outage = with(json!({"status": "REPORTED", "estimated_time_to_repair": "2099-12-01T06:00:00Z"}));
        let outage = server.post("/api/plugins/notices/outage/", &outage).expect(201)["id"].clone();
        let mut put = |path: &'static str, id: &Value| drop(objects.insert(path, format!("{path}{id}/")));
        put("/api/plugins/notices/maintenance/", &maintenance);
        put("/api/plugins/notices/outage/", &outage);
        put("/api/plugins/maintenance/circuitmaintenance/", &maintenance);
        for (kind, id) in [("outage", &outage), ("maintenance", &maintenance)] {
            let mail = json!({
                kind: id, "email_body": "Soon.", "subject": "Work", "email_from": "noc@zayo.com",
                "email_received": "2026-11-20T08:00:00Z",
            });
            let mail = server.post("/api/plugins/notices/eventnotification/", &mail).expect(201)["id"].clone();
            put("/api/plugins/notices/eventnotification/", &mail);
            put("/api/plugins/maintenance/circuitmaintenancenotifications/", &mail);
            for (of, target) in [("dcim.site", "/api/dcim/sites/"), ("circuits.circuit", "/api/circuits/circuits/")] {
                let impact = json!({kind: id, "content_type": of, "object_id": ids[target], "impact": "OUTAGE"});
                let impact = server.post("/api/plugins/notices/impact/", &impact).expect(201)["id"].clone();
                put("/api/plugins/notices/impact/", &impact);
                put("/api/plugins/maintenance/circuitmaintenanceimpact/", &impact);
            }
        }
        let tag = server.post("/api/extras/tags/", &json!({"name": "Core", "slug": "core"})).expect(201)["id"].clone();
        put("/api/extras/tags/", &tag);
        server.patch(&objects["/api/plugins/notices/maintenance/"], &json!({"tags": [tag]})).expect(200);
        let mut put = |path: &'static str, id: &Value| drop(objects.insert(path, format!("{path}{id}/")));
        let entry = json!({
            "assigned_object_type": "notices.maintenance", "assigned_object_id": maintenance, "comments": "Called.",
        });
        put("/api/extras/journal-entries/", &server.post("/api/extras/journal-entries/", &entry).expect(201)["id"]);
        for path in ["/api/core/object-types/", "/api/extras/object-types/", "/api/extras/content-types/"] {
            put(path, &json!(150));
        }
        let expires = json!({"user": "noc", "scope": "read", "expires": "2099-01-01", "allowed_ips": ["192.0.2.0/24"]});
        put("/api/users/tokens/", &server.post("/api/users/tokens/", &expires).expect(201)["id"]);
        let review = server.ingest(&sample("unreadable.eml")).expect(202);
        put("/api/plugins/notices/review/", &review["review"]["id"]);
        put("/api/core/jobs/", &server.get("/api/core/jobs/").expect(200)["results"][0]["id"]);
        let change = eventually("a change", || {
            server.get("/api/core/object-changes/").expect(200)["results"][0].get("id").cloned()
        });
        put("/api/core/object-changes/", &change);
        Self { server, objects, document: document() }
    }

    /// What is wrong with a value, by its schema; and with the schema, by the value.
    fn check(&self, at: &str, schema: &Value, value: &Value) -> Result<(), String> {
        let schema = resolved(&self.document, schema);
        let wrong = |what: &str| Err(format!("{at}: {what}: {value} {schema}"));
        if let Some(ways) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
            let found: Vec<String> = ways.iter().filter_map(|way| self.check(at, way, value).err()).collect();
            return if found.len() < ways.len() { Ok(()) } else { Err(found.join("\n")) };
        }
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let named = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
        let kinds: Vec<&str> = named.iter().filter_map(Value::as_str).collect();
        let right = kinds.contains(&kind) || (kind == "integer" && kinds.contains(&"number"));
        if !right {
            return wrong("its type");
        }
        if schema["enum"].as_array().is_some_and(|values| !values.contains(value)) {
            return wrong("none of the choices");
        }
        match value {
            Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
                let at = format!("{at}.{name}");
                match (&schema["properties"][name], &schema["additionalProperties"]) {
                    (Value::Null, Value::Null) if schema["properties"].is_null() => Ok(()),
                    (Value::Null, Value::Null) => Err(format!("{at} is not described")),
                    (Value::Null, every) => self.check(&at, every, value),
                    (own, _) => self.check(&at, own, value),
                }
            }),
            Value::Array(values) => values.iter().try_for_each(|value| self.check(at, &schema["items"], value)),
            Value::String(text) => {
                let looks = text.len() >= 20 && text.ends_with('Z') && time::parse(text).is_some();
                match schema["format"].as_str() {
                    Some("date-time") if !looks => wrong("no time"),
                    Some("date-time") => Ok(()),
                    _ if looks => wrong("a time"),
                    _ => Ok(()),
                }
            }
            Value::Number(_) if at.ends_with(".id") && schema["minimum"] != 1 => wrong("an id"),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }

    /// The schema of an answer.
    fn answer<'a>(&'a self, path: &str, method: &str, status: u16) -> &'a Value {
        let answer = &self.document["paths"][path][method]["responses"][status.to_string()];
        &resolved(&self.document, answer)["content"]["application/json"]["schema"]
    }
}

#[test]
fn answers_look_as_the_document_says() {
    let world = World::new();
    for (path, item) in world.document["paths"].as_object().unwrap() {
        let Some(operation) = item.get("get") else { continue };
        let Some(schema) = operation["responses"]["200"]["content"].get("application/json") else { continue };
        let schema = &schema["schema"];
        let address = match path.split_once("{id}/") {
            Some((collection, rest)) => format!("{}{rest}", world.objects[collection]),
            None => path.clone(),
        };
        let answer = world.server.get(&address).expect(200);
        if path == "/api/schema/" {
            continue;
        }
        world.check(path, schema, &answer).unwrap();
        // And nothing is described that is not there, but what is shown once, or in lists when it is asked for.
        let schema = resolved(&world.document, schema);
        if let Some(properties) = schema["properties"].as_object() {
            let missing = properties.keys().filter(|name| answer.get(name).is_none());
            let missing: Vec<&String> =
                missing.filter(|name| !["token", "feed_url"].contains(&name.as_str())).collect();
            assert!(missing.is_empty(), "{path}: {missing:?}");
        }
        if let Some(elements) = answer["results"].as_array() {
            assert!(!elements.is_empty(), "{path} has nothing to look at");
        }
    }
}

#[test]
fn lists_show_impacts_and_mails_as_the_document_says() {
    let world = World::new();
    for kind in ["maintenance", "outage"] {
        let path = format!("{NOTICES}/{kind}/");
        let answer = world.server.get(&format!("{path}?fields=id,impacts,notifications")).expect(200);
        assert_eq!(answer["results"][0].as_object().unwrap().len(), 3);
        world.check(&path, world.answer(&path, "get", 200), &answer).unwrap();
        let brief = world.server.get(&format!("{path}?brief=1")).expect(200);
        world.check(&path, world.answer(&path, "get", 200), &brief).unwrap();
    }
}

#[test]
fn what_becomes_of_a_mail_is_as_the_document_says() {
    let world = World::new();
    let path = "/api/plugins/notices/inbound-mail/";
    for (mail, status) in [("maintenance.eml", 201), ("maintenance.eml", 200), ("unreadable.eml", 200)] {
        let answer = world.server.ingest(&sample(mail)).expect(status);
        world.check(path, world.answer(path, "post", status), &answer).unwrap();
    }
}

#[test]
fn what_becomes_of_an_import_is_as_the_document_says() {
    let world = World::new();
    let path = "/api/plugins/notices/import/";
    let objects = json!([
        {"object_type": "dcim.site", "id": 7, "name": "Hamburg", "slug": "hamburg"},
        {"object_type": "dcim.site", "id": 8, "name": "Berlin", "slug": "berlin"},
        {"object_type": "dcim.site", "id": 9, "name": "Bonn"},
    ]);
    let answer = world.server.post(path, &objects).expect(200);
    world.check(path, world.answer(path, "post", 200), &answer).unwrap();
    let results: Vec<&Value> = answer.as_array().unwrap().iter().map(|told| &told["result"]).collect();
    assert_eq!(results, ["created", "kept", "refused"]);
}

#[test]
fn requests_take_the_fields_that_the_document_says() {
    let world = World::new();
    let schemas = world.document["components"]["schemas"].as_object().unwrap();
    let every: BTreeSet<&String> =
        schemas.values().filter_map(|schema| schema["properties"].as_object()).flat_map(Map::keys).collect();
    let mut tried = 0;
    for (collection, object) in &world.objects {
        let path = format!("{collection}{{id}}/");
        let operation = &world.document["paths"][&path]["patch"];
        let request = &operation["requestBody"]["content"]["application/json"]["schema"];
        if request.is_null() {
            continue;
        }
        let described = resolved(&world.document, request)["properties"].as_object().unwrap();
        for field in &every {
            // No field takes a list with a list in it; a field that is not known is ignored.
            let answer = world.server.patch(object, &json!({field.as_str(): [[]]}));
            // A misspelt name is told by the right one.
            let told = if *field == "email_recieved" { "email_received" } else { field.as_str() };
            let refused = answer.status == 400 && answer.json().get(told).is_some();
            assert_eq!(refused, described.contains_key(field.as_str()), "{path} {field}: {answer:?}");
            assert_eq!(answer.status, if refused { 400 } else { 200 }, "{path} {field}: {answer:?}");
            tried += 1;
        }
        // What is required is what an empty request lacks.
        let request = &world.document["paths"][*collection]["post"]["requestBody"]["content"]["application/json"];
        let request = &request["schema"];
        let whole = resolved(&world.document, request["anyOf"].get(0).unwrap_or(request));
        let names = |value: &Value| {
            let names = value["required"].as_array().into_iter().flatten();
            names.map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let mut required: BTreeSet<String> = names(whole).into_iter().collect();
        // Of several ways the first is asked for.
        let groups = whole["allOf"].as_array().into_iter().flatten();
        required.extend(groups.flat_map(|group| names(&group["anyOf"][0])));
        let answer = world.server.post(collection, &json!({})).expect(400);
        let told: BTreeSet<String> = answer.as_object().unwrap().keys().cloned().collect();
        assert_eq!(told, required, "{collection}");
    }
    assert!(tried > 1000, "only {tried} fields were tried");
}
