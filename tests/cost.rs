//! What each access pattern costs: calls, read units and write units, as ARCHITECTURE.md says.
//!
//! The table there is read by this test: a figure that does not hold any more fails it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use axum::Router;
use axum::body::{Body, to_bytes};
use noticeboard_app::{
    Action, App, Begun, Children, Clock, InventoryInput, Keyed, Outcome, Settings, Trust, Verdict, Verdicts,
};
use noticeboard_domain::change::{Actor, Expected, Origin};
use noticeboard_domain::event::{EventChanges, EventKind};
use noticeboard_domain::fields::{Name, Summary};
use noticeboard_domain::filter::{Filter, Kind};
use noticeboard_domain::ids::EventId;
use noticeboard_domain::impact::{EventRef, ImpactChanges};
use noticeboard_domain::inventory::{CircuitChanges, Label, PLACES, ProviderChanges, Slug};
use noticeboard_domain::listing::{Listing, Page};
use noticeboard_domain::notification::{EventNotificationChanges, Subject};
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus, Status};
use noticeboard_http::Api;
use noticeboard_local::engine::Engine;
use noticeboard_store::{Bucket, KeptAnswer, Part, Store};
use noticeboard_tests::maintnote::Notice;
use noticeboard_tests::{HandClock, TOKEN};
use tower::ServiceExt;

/// Counts calls and capacity units.
#[derive(Debug, Default, Clone)]
struct Meter(Arc<Mutex<Cost>>);

#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Cost {
    calls: u32,
    read: f64,
    write: f64,
}

impl Meter {
    fn take(&self) -> Cost {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn add(&self, consumed: &[ConsumedCapacity], write: bool) {
        let units: f64 = consumed.iter().filter_map(ConsumedCapacity::capacity_units).sum();
        let mut cost = self.0.lock().unwrap();
        cost.calls += 1;
        if write { cost.write += units } else { cost.read += units }
    }
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), aws_sdk_dynamodb::error::BoxError> {
        let total = Some(ReturnConsumedCapacity::Total);
        let input = context.input_mut();
        if let Some(input) = input.downcast_mut::<GetItemInput>() {
            input.return_consumed_capacity = total;
        } else if let Some(input) = input.downcast_mut::<QueryInput>() {
            input.return_consumed_capacity = total;
        } else if let Some(input) = input.downcast_mut::<BatchGetItemInput>() {
            input.return_consumed_capacity = total;
        } else if let Some(input) = input.downcast_mut::<TransactWriteItemsInput>() {
            input.return_consumed_capacity = total;
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), aws_sdk_dynamodb::error::BoxError> {
        let Some(Ok(output)) = context.output_or_error() else {
            return Ok(());
        };
        if let Some(output) = output.downcast_ref::<GetItemOutput>() {
            self.add(output.consumed_capacity.as_slice(), false);
        } else if let Some(output) = output.downcast_ref::<QueryOutput>() {
            self.add(output.consumed_capacity.as_slice(), false);
        } else if let Some(output) = output.downcast_ref::<BatchGetItemOutput>() {
            self.add(output.consumed_capacity(), false);
        } else if let Some(output) = output.downcast_ref::<TransactWriteItemsOutput>() {
            self.add(output.consumed_capacity(), true);
        }
        Ok(())
    }
}

/// The rows of the table in ARCHITECTURE.md, by their first cell.
fn documented() -> HashMap<String, Cost> {
    let text = std::fs::read_to_string(noticeboard_tests::root().join("ARCHITECTURE.md")).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with("| use case |")).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let number = |at: usize| cells[at].parse::<f64>().unwrap();
            (cells[0].to_owned(), Cost { calls: number(2) as u32, read: number(3), write: number(4) })
        })
        .collect()
}

fn maintenance(name: &str, provider: noticeboard_domain::ids::ProviderId) -> EventChanges {
    EventChanges {
        name: Some(Name::parse(name).unwrap()),
        summary: Some(Summary::parse("fibre splice").unwrap()),
        provider: Some(provider),
        status: Some(Status::Maintenance(MaintenanceStatus::Confirmed)),
        start: "2026-12-01T02:00:00Z".parse().ok(),
        end: Some("2026-12-01T06:00:00Z".parse().ok()),
        ..EventChanges::default()
    }
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

fn provider() -> ProviderChanges {
    ProviderChanges {
        name: Some(Label::parse("Example Carrier").unwrap()),
        slug: Some(Slug::parse("carrier-example").unwrap()),
        ..ProviderChanges::default()
    }
}

/// A table in memory whose calls are counted.
async fn metered() -> (Store, Meter, Engine) {
    let engine = Engine::memory().unwrap();
    let meter = Meter::default();
    let config = engine.dynamodb().config().to_builder().interceptor(meter.clone()).build();
    let store = Store::new(aws_sdk_dynamodb::Client::from_conf(config), "cost");
    store.create_if_missing().await.unwrap();
    (store, meter, engine)
}

/// A process that serves the table, on a clock of its own.
fn process(store: &Store, clock: &HandClock) -> (Arc<App>, Router) {
    let settings = Settings { admin_token: Some(TOKEN.into()), ..Settings::default() };
    let app = App::new(store.clone(), Bucket::memory(), clock.clock(), settings);
    let api = Arc::new(Api { app: app.clone(), base_url: None });
    (app, noticeboard_http::finish(api.clone(), noticeboard_ical_feed::router(api)))
}

/// Asks for a calendar, and gives the status and the validator of the answer.
async fn ask(routes: &Router, path: &str, validator: &str) -> (u16, String) {
    let request = axum::http::Request::get(path).header("authorization", format!("Token {TOKEN}"));
    let request = request.header("if-none-match", validator).body(Body::empty()).unwrap();
    let answer = routes.clone().oneshot(request).await.unwrap();
    let tag = answer.headers().get("etag").map_or("", |tag| tag.to_str().unwrap()).to_owned();
    let status = answer.status().as_u16();
    to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, tag)
}

/// What a calendar costs: in a process that knows nothing, again, after a change of one event, and when the reader's copy
/// is the present one, for a process that has it and for one that knows nothing.
async fn calendar_costs(store: &Store, meter: &Meter, path: &str, event: EventId) -> [Cost; 5] {
    let clock = HandClock::default();
    let (app, routes) = process(store, &clock);
    meter.take();
    assert_eq!(ask(&routes, path, "").await.0, 200);
    let first = meter.take();
    let (_, tag) = ask(&routes, path, "").await;
    let kept = meter.take();
    assert_eq!(ask(&routes, path, &tag).await, (304, tag.clone()));
    let unchanged = meter.take();
    assert_eq!(ask(&process(store, &clock).1, path, &tag).await, (304, tag.clone()));
    let unknown = meter.take();
    let kind = EventKind::Maintenance;
    let acknowledged = app.event(kind, event).await.unwrap().stored.event.acknowledged == Some(true);
    let changes = EventChanges { acknowledged: Some(Some(!acknowledged)), ..EventChanges::default() };
    app.event_change(&actor(), kind, event, changes, &Expected::default()).await.unwrap();
    meter.take();
    assert_eq!(ask(&routes, path, &tag).await.0, 200);
    [first, kept, meter.take(), unchanged, unknown]
}

#[tokio::test]
async fn the_calendar_costs_the_same_whatever_else_the_table_holds() {
    /// Events outside of the calendar's window.
    const OTHERS: usize = 20_000;
    let (store, meter, _engine) = metered().await;
    let (app, _) = process(&store, &HandClock::default());
    let provider = app.provider_create(&actor(), provider()).await.unwrap().id;
    let mut events = Vec::new();
    for at in 0..50 {
        let made = app.event_create(&actor(), EventKind::Maintenance, maintenance(&format!("M-{at}"), provider)).await;
        events.push(made.unwrap().stored.event.id);
    }
    let paths = [
        "/plugins/notices/ical/maintenances.ics",
        "/api/plugins/notices/ical/?provider=carrier-example&status=CONFIRMED",
    ];
    let mut before = Vec::new();
    for path in paths {
        before.push(calendar_costs(&store, &meter, path, events[0]).await);
    }
    for _ in (0..OTHERS).step_by(1000) {
        let long_ago = |_| {
            let (start, end) = ("2025-06-01T02:00:00Z".parse().ok(), Some("2025-06-01T06:00:00Z".parse().ok()));
            EventChanges { start, end, ..maintenance("OLD", provider) }.into()
        };
        let many = (0..1000).map(long_ago).collect();
        app.event_create_many(&actor(), EventKind::Maintenance, many).await.unwrap();
    }
    for (path, before) in paths.into_iter().zip(before) {
        let after = calendar_costs(&store, &meter, path, events[0]).await;
        assert_eq!(after, before, "{path}");
        let [.., unchanged, unknown] = after;
        let one = Cost { calls: 1, read: 1.0, write: 0.0 };
        assert_eq!((unchanged, unknown), (one, one), "{path}");
    }
}

#[tokio::test]
async fn each_use_case_costs_what_the_table_says() {
    let (store, meter, _engine) = metered().await;
    let app = App::new(store.clone(), Bucket::memory(), Clock::system(), Settings::default());
    let actor = actor();
    let provider = app.provider_create(&actor, provider()).await.unwrap().id;
    let circuit = |cid: &str| CircuitChanges {
        cid: Some(Label::parse(cid).unwrap()),
        provider: Some(provider),
        ..CircuitChanges::default()
    };
    let target = app.circuit_create(&actor, circuit("EC-1002")).await.unwrap().0.object();
    app.circuit_create(&actor, circuit("EC-1001")).await.unwrap();
    meter.take();

    let mut costs: Vec<(&str, Cost)> = Vec::new();
    let kind = EventKind::Maintenance;
    let event = app.event_create(&actor, kind, maintenance("M-1", provider)).await.unwrap().stored.event;
    costs.push(("create an event", meter.take()));
    let acknowledge = EventChanges { acknowledged: Some(Some(true)), ..EventChanges::default() };
    app.event_change(&actor, kind, event.id, acknowledge, &Expected::default()).await.unwrap();
    costs.push(("change an event", meter.take()));
    let impact = ImpactChanges {
        event: EventRef { kind, id: event.id }.into(),
        target: target.into(),
        impact: Some(Some(ImpactLevel::Outage)),
        ..ImpactChanges::default()
    };
    let impact = app.impact_create(&actor, impact).await.unwrap().impact;
    costs.push(("create an impact", meter.take()));
    app.event(kind, event.id).await.unwrap();
    costs.push(("an event with impacts and mails", meter.take()));
    app.impact(impact.id).await.unwrap();
    costs.push(("an impact", meter.take()));
    let degraded = ImpactChanges { impact: Some(Some(ImpactLevel::Degraded)), ..ImpactChanges::default() };
    app.impact_change(&actor, impact.id, degraded, &Expected::default()).await.unwrap();
    costs.push(("change an impact", meter.take()));
    let received = EventNotificationChanges {
        event: EventRef { kind, id: event.id }.into(),
        email_body: Some("Work is planned.".into()),
        subject: Some(Subject::parse("Planned work").unwrap()),
        email_from: Some("noc@example.com".into()),
        email_received: Some("2026-11-20T00:00:00Z".parse().unwrap()),
        ..EventNotificationChanges::default()
    };
    let received = app.notification_create(&actor, received).await.unwrap().notification.id;
    costs.push(("create a received mail", meter.take()));
    app.notification(received).await.unwrap();
    costs.push(("a received mail", meter.take()));
    let subject = EventNotificationChanges {
        subject: Some(Subject::parse("Planned work, again").unwrap()),
        ..EventNotificationChanges::default()
    };
    app.notification_change(&actor, received, subject, &Expected::default()).await.unwrap();
    costs.push(("change a received mail", meter.take()));
    app.event_act(&actor, kind, event.id, Action::MarkInProgress, &Expected::default()).await.unwrap();
    costs.push(("a quick action", meter.take()));
    let ten = (0..10).map(|at| maintenance(&format!("B-{at}"), provider).into()).collect();
    app.event_create_many(&actor, EventKind::Maintenance, ten).await.unwrap();
    costs.push(("create ten events at once", meter.take()));
    let mail = noticeboard_tests::sample("maintenance.eml");
    app.ingest("r", mail.clone(), None, Trust::HandedIn("noc".into())).await.unwrap();
    costs.push(("a mail with one window and one known circuit, handed in", meter.take()));
    app.ingest("r", mail, None, Trust::HandedIn("noc".into())).await.unwrap();
    costs.push(("the same mail again", meter.take()));
    for at in 0..40 {
        app.event_create(&actor, kind, maintenance(&format!("M-1{at}"), provider)).await.unwrap();
    }
    meter.take();
    app.event_list(kind, listing(&[]), Children::default()).await.unwrap();
    costs.push(("a page of 50 events", meter.take()));
    app.event_list(kind, Listing { page: Page::Cursor { limit: 50, start: 0 }, ..listing(&[]) }, Children::default())
        .await
        .unwrap();
    costs.push(("the same by cursor", meter.take()));
    app.event_list(kind, listing(&[("name", "M-1")]), Children::default()).await.unwrap();
    costs.push(("events of a name", meter.take()));
    app.event_list(kind, listing(&[("q", "splice")]), Children::default()).await.unwrap();
    costs.push(("a filtered page of 50 of 52 events", meter.take()));
    app.event_changes(EventKind::Maintenance, event.id, None, 50).await.unwrap();
    costs.push(("the timeline of an event", meter.take()));
    // What is read anew is the changed event's part of all: here one of two events.
    let events = app.event_list(kind, listing(&[]), Children::default()).await.unwrap().items;
    let ids = || events.iter().map(|view| view.stored.event.id);
    let in_part = |id: EventId| ids().filter(|other| Part::of_event(*other) == Part::of_event(id)).count();
    let one_of_two = ids().find(|id| in_part(*id) == 2).unwrap();
    let path = "/plugins/notices/ical/maintenances.ics";
    let [first, kept, changed, unchanged, unknown] = calendar_costs(&store, &meter, path, one_of_two).await;
    costs.push(("the feed of 52 events, 2 with impacts, in a process that knows nothing", first));
    costs.push(("the feed again", kept));
    costs.push(("the feed after a change of one event", changed));
    costs.push(("a 304 of the feed", unchanged));
    costs.push(("the same in a process that knows nothing", unknown));
    app.feed_event(kind, event.id).await.unwrap();
    meter.take();
    app.feed_event(kind, event.id).await.unwrap();
    costs.push(("one event as a file", meter.take()));
    let events = app.event_list(kind, listing(&[]), Children::default()).await.unwrap().items;
    meter.take();
    let impacts = events.iter().skip(2).map(|view| ImpactChanges {
        event: EventRef { kind, id: view.stored.event.id }.into(),
        target: target.into(),
        ..ImpactChanges::default()
    });
    app.impact_create_many(&actor, impacts.map(Into::into).collect()).await.unwrap();
    meter.take();
    app.impact_list(listing(&[])).await.unwrap();
    costs.push(("a page of 50 impacts of 50 events", meter.take()));
    let mails = events.iter().map(|view| EventNotificationChanges {
        event: EventRef { kind, id: view.stored.event.id }.into(),
        email_body: Some("Work is planned.".into()),
        subject: Some(Subject::parse("Planned work").unwrap()),
        email_from: Some("noc@example.com".into()),
        email_received: Some("2026-11-20T00:00:00Z".parse().unwrap()),
        ..EventNotificationChanges::default()
    });
    app.notification_create_many(&actor, mails.map(Into::into).collect()).await.unwrap();
    meter.take();
    app.notification_list(listing(&[])).await.unwrap();
    costs.push(("a page of 50 received mails of 50 events", meter.take()));
    app.event_delete(&actor, kind, event.id, &Expected::default()).await.unwrap();
    costs.push(("delete an event with one impact", meter.take()));
    app.notification_delete(&actor, received, &Expected::default()).await.unwrap();
    costs.push(("delete a received mail", meter.take()));
    let values = |values: serde_json::Value| InventoryInput {
        values: values.as_object().unwrap().clone(),
        ..InventoryInput::default()
    };
    let named = |name: &str| values(serde_json::json!({"name": name, "slug": name}));
    let site = app.object_create(&actor, ObjectType::Site, named("riga")).await.unwrap().stored.object.id;
    let kind = app.object_create(&actor, ObjectType::CircuitType, named("fibre")).await.unwrap().stored.object.id;
    let typed = values(serde_json::json!({"cid": "EC-1", "provider": provider, "type": kind}));
    meter.take();
    let circuit = app.object_create(&actor, ObjectType::Circuit, typed).await.unwrap().stored.object.object();
    costs.push(("create a circuit with a type", meter.take()));
    let end = serde_json::json!({"circuit": circuit.id, "term_side": "A", "termination_type": "dcim.site", "termination_id": site});
    let end =
        app.object_create(&actor, ObjectType::CircuitTermination, values(end)).await.unwrap().stored.object.object();
    costs.push(("create a termination", meter.take()));
    app.object(circuit).await.unwrap();
    costs.push(("a circuit with its type and terminations", meter.take()));
    let changed = values(serde_json::json!({"description": "new"}));
    app.object_change(&actor, circuit, changed, &Expected::default()).await.unwrap();
    costs.push(("change a circuit", meter.take()));
    for n in 0..60 {
        let device = values(serde_json::json!({"name": format!("d{n}"), "site": site}));
        app.object_create(&actor, ObjectType::Device, device).await.unwrap();
    }
    meter.take();
    app.object_list(ObjectType::Device, listing(&[])).await.unwrap();
    costs.push(("a page of 50 devices at one site", meter.take()));
    let at_site = Filter::read([("site_id", site.to_string().as_str())], &PLACES, &[]).unwrap();
    app.event_list(EventKind::Maintenance, Listing { filter: at_site, ..listing(&[]) }, Children::default())
        .await
        .unwrap();
    costs.push(("events at a site of 60 devices and a circuit", meter.take()));
    app.object_delete(&actor, end, &Expected::default()).await.unwrap();
    meter.take();
    app.object_delete(&actor, circuit, &Expected::default()).await.unwrap();
    costs.push(("delete a circuit", meter.take()));
    let stranger = |ticket: &str| Notice::new(ticket).circuits(&["EC-1001"]).mail().raw();
    let wait = async |ticket: &str| {
        let pass = Verdict::Pass;
        let verdicts = Verdicts { spam: pass, virus: pass, spf: pass, dmarc: pass, envelope_from: None };
        let done = app.ingest("r", stranger(ticket), None, Trust::Received(verdicts)).await.unwrap();
        let Outcome::Review(item) = done.outcome else { panic!("nobody knows the sender") };
        item.id
    };
    wait("W-0").await;
    meter.take();
    let (one, other) = (wait("W-1").await, wait("W-2").await);
    let two = meter.take();
    costs.push(("a mail that waits", Cost { calls: two.calls / 2, read: two.read / 2.0, write: two.write / 2.0 }));
    app.review_approve(&actor, one, &Expected::default()).await.unwrap();
    costs.push(("approve it", meter.take()));
    app.review_deny(&actor, other, &Expected::default()).await.unwrap();
    costs.push(("deny it", meter.take()));
    let keyed = Keyed::new("noc", "POST", "/api/", "key", "", b"{}");
    let Begun::New(attempt) = app.idempotency_begin(&keyed).await.unwrap() else { panic!("the key is new") };
    let answer =
        KeptAnswer { status: 201, content_type: None, location: None, etag: None, body: Some("x".repeat(1500)) };
    app.idempotency_end(attempt, Some(answer)).await.unwrap();
    costs.push(("an idempotency key, beside what it is for", meter.take()));
    app.idempotency_begin(&keyed).await.unwrap();
    costs.push(("the same key again", meter.take()));

    for (name, most) in [
        ("an event with impacts and mails", 2),
        ("an impact", 2),
        ("a received mail", 2),
        ("a page of 50 events", 3),
        ("a page of 50 impacts of 50 events", 3),
        ("a page of 50 received mails of 50 events", 3),
        ("create an event", 3),
        ("change an event", 3),
        ("a quick action", 3),
        ("delete an event with one impact", 3),
        ("create an impact", 3),
        ("change an impact", 3),
        ("create a received mail", 3),
        ("change a received mail", 3),
        ("delete a received mail", 3),
        ("create a circuit with a type", 3),
        ("create a termination", 3),
        ("a circuit with its type and terminations", 2),
        ("change a circuit", 3),
        ("delete a circuit", 3),
        ("a page of 50 devices at one site", 3),
    ] {
        let (_, cost) = costs.iter().find(|(known, _)| *known == name).unwrap();
        assert!(cost.calls <= most, "{name} takes {} calls; {most} are the most", cost.calls);
    }

    let documented = documented();
    let mut wrong = Vec::new();
    for (name, cost) in costs {
        let row = format!("| {name} | … | {} | {} | {} |", cost.calls, cost.read, cost.write);
        // How events fall on shards is chance, and each shard's units are rounded up: a tenth more or less is the same.
        let near = |a: f64, b: f64| (a - b).abs() <= a.max(b) / 10.0;
        let same =
            |known: &Cost| known.calls == cost.calls && near(known.read, cost.read) && near(known.write, cost.write);
        if !documented.get(name).is_some_and(same) {
            wrong.push(row);
        }
    }
    assert!(wrong.is_empty(), "ARCHITECTURE.md should say:\n{}", wrong.join("\n"));
}

/// The first 50 events of a filter.
fn listing(filters: &[(&str, &str)]) -> Listing {
    let filter = Filter::read(filters.iter().copied(), &[("name", Kind::Text)], &["name", "summary"]).unwrap();
    Listing { filter, order: Vec::new(), page: Page::Offset { limit: 50, offset: 0 } }
}
