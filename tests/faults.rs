//! Every call of AWS fails once, in every use case: it never arrives, or its answer is lost. Nothing is left by halves,
//! and a client that asks again gets there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use aws_lambda_events::dynamodb::Event;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use noticeboard_app::{App, Clock, Settings};
use noticeboard_domain::event::{EventChanges, EventKind};
use noticeboard_http::Api;
use noticeboard_store::{Bucket, Store};
use noticeboard_tests::faults::{Fault, Faults};
use noticeboard_tests::house::{House, TABLE, event_record};
use noticeboard_tests::{TOKEN, sample};
use serde_json::{Value, json};
use tower::ServiceExt;

/// Impacts of an event whose deletion takes several transactions.
const MANY: usize = 60;
/// Events of a bulk that takes several.
const BULK: usize = 40;

/// What requests are made to: a table with one of everything, and the API whose calls can fail.
struct World {
    house: House,
    routes: Router,
    /// Ids by the names that the requests have for them.
    ids: HashMap<&'static str, u64>,
}

impl World {
    async fn new(faults: &Faults, impacts: usize) -> Self {
        let house = House::new().await;
        let event = house.event(EventKind::Maintenance, "M-1", EventChanges::default()).await;
        let (circuit, free) = (house.circuit("IC-1").await, house.circuit("IC-2").await);
        let impact = house.impact(EventKind::Maintenance, event, circuit).await;
        for n in 1..impacts {
            let more = house.circuit(&format!("MC-{n}")).await;
            house.impact(EventKind::Maintenance, event, more).await;
        }
        let config = house.engine.dynamodb().config().to_builder().interceptor(faults.clone()).build();
        let store = Store::new(aws_sdk_dynamodb::Client::from_conf(config), TABLE);
        let settings = Settings { admin_token: Some(TOKEN.into()), ..Settings::default() };
        let app = App::new(store, Bucket::memory(), Clock::system(), settings);
        let api = Arc::new(Api { app: app.clone(), base_url: None });
        let routes = Router::new()
            .merge(noticeboard_events::router(api.clone()))
            .merge(noticeboard_impacts::router(api.clone()))
            .merge(noticeboard_notifications::router(api.clone()))
            .merge(noticeboard_inventory::router(api.clone()))
            .merge(noticeboard_platform::router(api.clone()));
        let ids = HashMap::from([
            ("PROVIDER", house.provider.get()),
            ("EVENT", event.get()),
            ("CIRCUIT", circuit.get()),
            ("FREE", free.get()),
            ("IMPACT", impact.get()),
        ]);
        let mut world = Self { house: House { app, ..house }, routes: noticeboard_http::finish(api, routes), ids };
        for (name, path, body) in [
            ("MAIL", "/api/plugins/notices/eventnotification/", mail()),
            ("SITE", "/api/dcim/sites/", json!({"name": "Riga", "slug": "riga"})),
            ("TAG", "/api/extras/tags/", json!({"name": "Core", "slug": "core"})),
            ("DEVICE", "/api/dcim/devices/", json!({"name": "core1", "site": "SITE"})),
            ("END", "/api/circuits/circuit-terminations/", end("CIRCUIT", "A")),
            ("TOKEN", "/api/users/tokens/", json!({"user": "script", "scope": "read"})),
        ] {
            let (status, made) = world.send(&Asked { name, method: "POST", path: path.into(), body, impacts }).await;
            assert_eq!(status, 201, "{name}: {made}");
            world.ids.insert(name, made["id"].as_u64().unwrap());
        }
        world
    }

    /// A request, with the ids of this world in place of their names.
    async fn send(&self, asked: &Asked) -> (u16, Value) {
        let name = |text: &str| {
            let id = self.ids.get(text);
            id.map_or_else(|| Value::from(text), |id| Value::from(*id))
        };
        fn filled(value: &Value, name: &dyn Fn(&str) -> Value) -> Value {
            match value {
                Value::String(text) => name(text),
                Value::Array(values) => values.iter().map(|value| filled(value, name)).collect(),
                Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), filled(value, name))).collect(),
                Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
            }
        }
        let path: Vec<String> = asked.path.split('/').map(|part| name(part).to_string().replace('"', "")).collect();
        let (kind, body) = match asked.body.as_str() {
            Some(file) => ("message/rfc822", sample(file)),
            None if asked.body.is_null() => ("application/json", Vec::new()),
            None => ("application/json", serde_json::to_vec(&filled(&asked.body, &name)).unwrap()),
        };
        let request = Request::builder().method(asked.method).uri(path.join("/"));
        let request = request.header("authorization", format!("Token {TOKEN}")).header("content-type", kind);
        let answer = self.routes.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Every item of the table.
    async fn items(&self) -> BTreeMap<(String, String), Item> {
        let mut items = BTreeMap::new();
        let mut start = None;
        loop {
            // This is no request path.
            #[allow(clippy::disallowed_methods)]
            let page = self.house.engine.dynamodb().scan().table_name(TABLE).set_exclusive_start_key(start);
            let page = page.send().await.unwrap();
            for item in page.items.unwrap_or_default() {
                let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
                let number = |name: &str| item.get(name)?.as_n().ok()?.parse().ok();
                let data = text("data").map(|data| serde_json::from_str(&data).unwrap()).unwrap_or_default();
                let found =
                    Item { kind: text("type").unwrap_or_default(), data, impacts: number("impact_count").unwrap_or(0) };
                items.insert((text("PK").unwrap(), text("SK").unwrap()), found);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return items;
            }
        }
    }

    /// Nothing is there by halves: whatever helps to find an object has its object, and the other way round.
    async fn check_table(&self, what: &str) {
        let items = self.items().await;
        let has = |pk: &str, sk: &str| items.contains_key(&(pk.to_owned(), sk.to_owned()));
        let number = |data: &Value| format!("{:016}", data.as_u64().unwrap());
        // What each object needs, and what there is of that kind: both must be the same.
        let (mut needed, mut found) = (BTreeSet::new(), BTreeSet::new());
        let mut impacts: BTreeMap<String, u64> = BTreeMap::new();
        let (mut circuits, mut markers) = (0, 0);
        for ((pk, sk), item) in &items {
            let id = &item.data["id"];
            match item.kind.as_str() {
                "maintenance" | "outage" => {
                    let name = item.data["name"].as_str().unwrap();
                    let place = format!("{}#{}", number(&item.data["provider"]), number(id));
                    needed.insert((format!("NAME#{}#{name}", item.kind), place));
                    let windows =
                        items.keys().filter(|(of, event)| of.starts_with("WINDOW#") && event.ends_with(pk)).count();
                    assert!(windows > 0, "{what}: {pk} is in no window");
                }
                "impact" => {
                    assert!(has(pk, "EVENT"), "{what}: {sk} of {pk} has no event");
                    *impacts.entry(pk.clone()).or_default() += 1;
                    let target = &item.data["target"];
                    let target = format!("TARGET#{}#{}", target["type"].as_str().unwrap(), number(&target["id"]));
                    needed.insert((pk.clone(), target));
                    needed.insert((format!("POINTER#notices.impact#{}", number(id)), "POINTER".into()));
                }
                "eventnotification" => {
                    needed.insert((format!("POINTER#notices.eventnotification#{}", number(id)), "POINTER".into()));
                }
                "token" => {
                    needed.insert((format!("TOKEN-ID#{}", number(id)), "TOKEN-ID".into()));
                }
                "circuit" => circuits += 1,
                _ => {}
            }
            let is = |prefix: &str| pk.starts_with(prefix);
            markers += usize::from(is("UNIQUE#circuits.circuit#"));
            if is("NAME#") || is("POINTER#") || is("TOKEN-ID#") || sk.starts_with("TARGET#") {
                found.insert((pk.clone(), sk.clone()));
            }
            if is("WINDOW#") {
                let (_, event) = sk.split_once('#').unwrap();
                assert!(has(event, "EVENT"), "{what}: {pk} has {sk}, which is gone");
            }
            if let Some(dependent) = sk.strip_prefix("DEPENDENT#") {
                let (of, _) = dependent.rsplit_once('#').unwrap();
                assert!(has(&format!("OBJECT#{of}"), "OBJECT"), "{what}: {pk} has {sk}, which is gone");
                assert!(has(pk, "OBJECT"), "{what}: {pk} is gone, and has {sk}");
            }
            assert_ne!(pk, "JOURNAL", "{what}: {sk} is unfinished");
        }
        for ((pk, _), item) in items.iter().filter(|((_, sk), _)| sk == "EVENT") {
            assert_eq!(item.impacts, impacts.get(pk).copied().unwrap_or(0), "{what}: impacts of {pk}");
        }
        assert_eq!(circuits, markers, "{what}: circuits and their ids");
        let orphans: Vec<_> = found.difference(&needed).collect();
        let missing: Vec<_> = needed.difference(&found).collect();
        assert!(orphans.is_empty() && missing.is_empty(), "{what}: orphans {orphans:?}, missing {missing:?}");
    }

    /// Every object has all its versions on record, once, and its last change says whether it is there.
    async fn check_changelog(&self, what: &str) {
        let mut event = Event::default();
        event.records = self.house.records().await.into_iter().map(event_record).collect();
        let answer = noticeboard_changelog::handle(&self.house.app, event).await;
        assert!(answer.batch_item_failures.is_empty(), "{what}");
        let mut versions: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let mut gone: BTreeMap<String, bool> = BTreeMap::new();
        for change in self.house.app.store().change_list(false, None, 10_000).await.unwrap().items {
            versions.entry(change.object.to_string()).or_default().push(change.version);
            gone.insert(change.object.to_string(), change.after.is_none());
        }
        for (object, versions) in &mut versions {
            versions.sort_unstable();
            assert_eq!(*versions, (1..=versions.len() as u64).collect::<Vec<_>>(), "{what}: versions of {object}");
        }
        let items = self.items().await;
        let there: BTreeSet<String> = items
            .iter()
            .filter(|(_, item)| ["maintenance", "outage", "impact", "eventnotification"].contains(&item.kind.as_str()))
            .map(|(_, item)| format!("notices.{}:{}", item.kind, item.data["id"]))
            .collect();
        let told = gone.iter().filter(|(object, gone)| object.starts_with("notices.") && !**gone);
        assert_eq!(told.map(|(object, _)| object.clone()).collect::<BTreeSet<_>>(), there, "{what}");
    }
}

/// An item of the table, as far as these checks look at it.
struct Item {
    kind: String,
    data: Value,
    impacts: u64,
}

/// A request, in which ids have names. A body that is a text is the name of a sample mail.
struct Asked {
    name: &'static str,
    method: &'static str,
    path: String,
    body: Value,
    /// How many impacts the event has.
    impacts: usize,
}

fn mail() -> Value {
    json!({
        "event_content_type": "notices.maintenance", "event_object_id": "EVENT", "email_body": "Work.", "subject": "M-1",
        "email_from": "noc@zayo.example", "email_received": "2026-11-20T08:00:00Z",
    })
}

fn end(circuit: &str, side: &str) -> Value {
    json!({"circuit": circuit, "term_side": side, "termination_type": "dcim.site", "termination_id": "SITE"})
}

fn event(name: &str) -> Value {
    json!({
        "name": name, "summary": "splice", "provider": "PROVIDER", "status": "CONFIRMED",
        "start": "2026-12-01T02:00:00Z", "end": "2026-12-01T06:00:00Z",
    })
}

/// Every use case that writes.
fn use_cases() -> Vec<Asked> {
    const NOTICES: &str = "/api/plugins/notices";
    let ask = |name, method, path: &str, body| Asked { name, method, path: path.to_owned(), body, impacts: 1 };
    let notices = |name, method, path: &str, body| ask(name, method, &format!("{NOTICES}/{path}"), body);
    let impact = json!({
        "event_content_type": "notices.maintenance", "event_object_id": "EVENT",
        "target_content_type": "circuits.circuit", "target_object_id": "FREE", "impact": "OUTAGE",
    });
    let outage = json!({"name": "O-1", "summary": "cut", "status": "REPORTED", "provider": "PROVIDER"});
    let bulk: Value = (0..BULK).map(|n| event(&format!("B-{n}"))).collect();
    let moved = json!({"start": "2027-01-01T02:00:00Z", "end": "2027-03-01T06:00:00Z", "name": "M-9"});
    let later = json!({"start": "2027-01-01T02:00:00Z", "end": "2027-01-01T06:00:00Z"});
    vec![
        notices("create a maintenance", "POST", "maintenance/", event("M-2")),
        notices("create an outage", "POST", "outage/", outage),
        notices("move and rename a maintenance", "PATCH", "maintenance/EVENT/", moved),
        notices("complete a maintenance", "POST", "maintenance/EVENT/mark-completed/", Value::Null),
        notices("reschedule a maintenance", "POST", "maintenance/EVENT/reschedule/", later),
        notices("delete a maintenance", "DELETE", "maintenance/EVENT/", Value::Null),
        Asked { impacts: MANY, ..notices("delete a large one", "DELETE", "maintenance/EVENT/", Value::Null) },
        notices("create many", "POST", "maintenance/", bulk),
        notices("create an impact", "POST", "impact/", impact),
        notices("move an impact", "PATCH", "impact/IMPACT/", json!({"target_object_id": "FREE"})),
        notices("delete an impact", "DELETE", "impact/IMPACT/", Value::Null),
        notices("create a mail", "POST", "eventnotification/", mail()),
        notices("change a mail", "PATCH", "eventnotification/MAIL/", json!({"subject": "again"})),
        notices("delete a mail", "DELETE", "eventnotification/MAIL/", Value::Null),
        notices("take a mail in", "POST", "inbound-mail/", json!("maintenance.eml")),
        ask("create a circuit", "POST", "/api/circuits/circuits/", json!({"cid": "N-1", "provider": "PROVIDER"})),
        ask("rename a circuit", "PATCH", "/api/circuits/circuits/FREE/", json!({"cid": "IC-3"})),
        ask("delete a circuit", "DELETE", "/api/circuits/circuits/FREE/", Value::Null),
        ask("create a termination", "POST", "/api/circuits/circuit-terminations/", end("CIRCUIT", "Z")),
        ask("move a termination", "PATCH", "/api/circuits/circuit-terminations/END/", json!({"circuit": "FREE"})),
        ask("delete a termination", "DELETE", "/api/circuits/circuit-terminations/END/", Value::Null),
        ask("rename a provider", "PATCH", "/api/circuits/providers/PROVIDER/", json!({"name": "Zayo Group"})),
        ask("rename a site", "PATCH", "/api/dcim/sites/SITE/", json!({"name": "Riga 1"})),
        ask("rename a tag", "PATCH", "/api/extras/tags/TAG/", json!({"name": "Backbone"})),
        ask("create a token", "POST", "/api/users/tokens/", json!({"user": "other", "scope": "read"})),
        ask("change a token", "PATCH", "/api/users/tokens/TOKEN/", json!({"description": "new"})),
        ask("revoke a token", "DELETE", "/api/users/tokens/TOKEN/", Value::Null),
    ]
}

#[derive(Debug, Default)]
struct Figures {
    faults: usize,
    refused: usize,
}

/// Fails each call of a use case in turn.
async fn check(asked: &Asked, fault: Fault, figures: &mut Figures) {
    for call in 0.. {
        let what = format!("{}, call {call}: {fault:?}", asked.name);
        let faults = Faults::default();
        let world = World::new(&faults, asked.impacts).await;
        faults.after(call, fault);
        let (status, answer) = world.send(asked).await;
        if !faults.end() {
            assert!(call > 0 && (200..300).contains(&status), "{what}: {status} {answer}");
            return;
        }
        figures.faults += 1;
        // A call that could be repeated safely may have been.
        assert!((200..300).contains(&status) || status == 503, "{what}: {status} {answer}");
        figures.refused += usize::from(status == 503);
        // Whoever finds abandoned work finishes it.
        let app = &world.house.app;
        app.journal_finish_all(app.now() + chrono::Duration::days(1)).await.unwrap();
        world.check_table(&what).await;
        world.check_changelog(&what).await;
        // The client asks again: it gets there, or learns that it was there already.
        let (status, answer) = world.send(asked).await;
        let done = (200..300).contains(&status) || [400, 404, 409].contains(&status);
        assert!(done, "{what}, asked again: {status} {answer}");
        app.journal_finish_all(app.now() + chrono::Duration::days(1)).await.unwrap();
        world.check_table(&format!("{what}, asked again")).await;
        world.check_changelog(&format!("{what}, asked again")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_call_leaves_nothing_by_halves() {
    let mut figures = Figures::default();
    for asked in &use_cases() {
        for fault in [Fault::Refused, Fault::Lost] {
            check(asked, fault, &mut figures).await;
        }
    }
    let Figures { faults, refused } = figures;
    assert!(refused > 0, "no fault reached a caller");
    println!("{} use cases, {faults} faults, {refused} answered 503; no broken invariant", use_cases().len());
}
