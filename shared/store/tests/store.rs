//! The store against a real engine: the embedded one, or the endpoint that `NOTICEBOARD_TEST_ENDPOINT` names. Each test
//! has a table of its own, and removes it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use aws_config::BehaviorVersion;
use aws_smithy_http_client::tls::Provider as Tls;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use noticeboard_domain::Error;
use noticeboard_domain::change::{Action, Actor, Change, ChangeStamp, Origin, Revision};
use noticeboard_domain::event::{Event, EventChanges, EventKind};
use noticeboard_domain::fields::{Name, Summary};
use noticeboard_domain::ids::{EventId, ObjectId, ProviderId};
use noticeboard_domain::impact::{EventRef, Impact, ImpactChanges};
use noticeboard_domain::inventory::{
    CircuitChanges, InventoryChanges, InventoryObject, Label, ProviderChanges, Slug, schema,
};
use noticeboard_domain::notification::{EventNotification, EventNotificationChanges, Subject};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus, OutageStatus, Status};
use noticeboard_domain::time::Time;
use noticeboard_domain::token::{Scope, Terms, Token, TokenVersion};
use noticeboard_local::engine::Engine;
use noticeboard_store::{
    Beside, CommitError, CountOf, ITEMS_PER_DELETED_IMPACT, JournalEntry, MAX_OBJECT_BYTES, Message, MessageMark, Part,
    Refusal, Resume, Store, StoredEvent, StoredObject, Thread, Transaction,
};

use EventKind::{Maintenance, Outage};

const ENDPOINT: &str = "NOTICEBOARD_TEST_ENDPOINT";

async fn client() -> aws_sdk_dynamodb::Client {
    let Ok(url) = std::env::var(ENDPOINT) else {
        return Engine::memory().unwrap().dynamodb();
    };
    let http = aws_smithy_http_client::Builder::new().tls_provider(Tls::Rustls(CryptoMode::Ring)).build_https();
    let mut config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).endpoint_url(url);
    if std::env::var_os("AWS_ACCESS_KEY_ID").is_none() && std::env::var_os("AWS_PROFILE").is_none() {
        let keys = aws_credential_types::Credentials::from_keys("test", "test", None);
        config = config.credentials_provider(keys).region(aws_config::Region::new("us-east-1"));
    }
    aws_sdk_dynamodb::Client::new(&config.load().await)
}

/// Runs a test on a table of its own.
fn on_table<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(Store) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let client = client().await;
        let table = format!("noticeboard-test-{:016x}", rand::random::<u64>());
        let store = Store::new(client.clone(), table.clone());
        store.create_if_missing().await.unwrap();
        let ended = tokio::spawn(test(store)).await;
        client.delete_table().table_name(table).send().await.unwrap();
        if let Err(error) = ended {
            std::panic::resume_unwind(error.into_panic());
        }
    });
}

fn id<T: TryFrom<u64, Error = String>>(id: u64) -> T {
    T::try_from(id).unwrap()
}

fn time(text: &str) -> Time {
    let text = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    text.parse().unwrap()
}

/// When all of it is written.
fn now() -> Time {
    time("2026-12-01")
}

fn stamp(change: u64) -> ChangeStamp {
    let actor = Actor {
        user: "noc".into(),
        request_id: "request".into(),
        origin: Origin::Web,
        detail: "API".into(),
        message: String::new(),
    };
    ChangeStamp { id: id(change), at: time("2026-11-20"), actor }
}

fn revision() -> Revision {
    Revision::first(stamp(1))
}

fn named(name: &str) -> EventChanges {
    EventChanges { name: Some(Name::parse(name).unwrap()), ..EventChanges::default() }
}

fn status(status: MaintenanceStatus) -> EventChanges {
    EventChanges { status: Some(Status::Maintenance(status)), ..EventChanges::default() }
}

fn during(start: &str, end: &str) -> EventChanges {
    EventChanges { start: Some(time(start)), end: Some(Some(time(end))), ..EventChanges::default() }
}

fn replacing(original: u64) -> EventChanges {
    EventChanges { replaces: Some(Some(id(original))), ..EventChanges::default() }
}

/// A maintenance `M-1` of provider 1 in December 2026, with changes.
fn maintenance(event: u64, changes: EventChanges) -> Event {
    let whole = EventChanges {
        summary: Some(Summary::parse("splice").unwrap()),
        provider: Some(id(1)),
        ..EventChanges { name: named("M-1").name, ..during("2026-12-01", "2026-12-02") }
    };
    let whole = EventChanges { status: status(MaintenanceStatus::Confirmed).status, ..whole };
    let event = whole.into_event(Maintenance, id(event), revision()).unwrap();
    event.changed(changes, revision()).unwrap()
}

fn outage(event: u64, start: &str, end: Option<&str>) -> Event {
    EventChanges {
        name: named("M-1").name,
        summary: Some(Summary::parse("cut").unwrap()),
        provider: Some(id(1)),
        status: Some(Status::Outage(OutageStatus::Reported)),
        start: Some(time(start)),
        end: Some(end.map(time)),
        ..EventChanges::default()
    }
    .into_event(Outage, id(event), revision())
    .unwrap()
}

fn changed(event: &Event, changes: EventChanges) -> Event {
    event.changed(changes, event.revision.next(stamp(2))).unwrap()
}

fn impact(impact: u64, event: u64, circuit: u64) -> Impact {
    let changes = ImpactChanges {
        event: EventRef { kind: Maintenance, id: id(event) }.into(),
        target: ObjectRef { kind: ObjectType::Circuit, id: id(circuit) }.into(),
        ..ImpactChanges::default()
    };
    changes.into_impact(id(impact), revision()).unwrap()
}

fn mail(mail: u64, event: u64) -> EventNotification {
    let changes = EventNotificationChanges {
        event: EventRef { kind: Maintenance, id: id(event) }.into(),
        email_body: Some("We will work.".into()),
        subject: Some(Subject::parse("Planned work").unwrap()),
        email_from: Some("noc@zayo.example".into()),
        email_received: Some(time("2026-11-20")),
        ..EventNotificationChanges::default()
    };
    changes.into_notification(id(mail), revision()).unwrap()
}

fn object(kind: ObjectType, number: u64, changes: impl Into<InventoryChanges>) -> StoredObject {
    let object = InventoryObject::new(schema(kind).unwrap(), id(number), changes.into(), revision()).unwrap();
    StoredObject { display: object.display(), object, beside: Beside::default() }
}

fn provider(provider: u64, name: &str, slug: &str) -> StoredObject {
    let changes = ProviderChanges {
        name: Some(Label::parse(name).unwrap()),
        slug: Some(Slug::parse(slug).unwrap()),
        ..ProviderChanges::default()
    };
    object(ObjectType::Provider, provider, changes)
}

fn circuit(circuit: u64, provider: u64, cid: &str) -> StoredObject {
    let changes = CircuitChanges {
        cid: Some(Label::parse(cid).unwrap()),
        provider: Some(id(provider)),
        ..CircuitChanges::default()
    };
    object(ObjectType::Circuit, circuit, changes)
}

/// An object with some values changed, as its second version.
fn changed_object(before: &StoredObject, changes: impl Into<InventoryChanges>) -> StoredObject {
    let object = before.object.changed(changes.into(), before.object.revision.next(stamp(2))).unwrap();
    StoredObject { display: object.display(), object, beside: before.beside.clone() }
}

fn token(number: u64) -> Token {
    Token {
        id: id(number),
        version: TokenVersion::V2,
        key: format!("KEY{number}"),
        secret_sha256: "00".into(),
        user: "noc".into(),
        created: time("2026-11-20"),
        revision: 1,
        terms: Terms::of(Scope::Read),
    }
}

fn message(notice: usize) -> Message {
    Message { notice: Some(notice), of: 2, mark: MessageMark::Event(id(7)), received: time("2026-11-20"), raw: None }
}

fn thread(version: u64) -> Thread {
    Thread { version, ..Thread::default() }
}

/// Commits what `write` puts into a transaction.
async fn commit(store: &Store, write: impl FnOnce(&mut Transaction)) -> Result<(), Refusal> {
    let mut transaction = Transaction::new();
    write(&mut transaction);
    match store.commit(transaction, now()).await {
        Ok(()) => Ok(()),
        Err(CommitError::Refused(refusal)) => Err(refusal),
        Err(CommitError::Failed(error)) => panic!("{error} {:?}", error.detail()),
    }
}

async fn create(store: &Store, event: &Event) {
    commit(store, |t| t.event_create(event, None, 0, 0).unwrap()).await.unwrap();
}

async fn stored(store: &Store, event: u64) -> StoredEvent {
    store.event(id(event)).await.unwrap().unwrap()
}

async fn update(store: &Store, event: u64, changes: EventChanges) {
    let before = stored(store, event).await;
    let after = changed(&before.event, changes);
    commit(store, |t| t.event_update(&before, &after, None, 0, 0).unwrap()).await.unwrap();
}

async fn add_impact(store: &Store, number: u64, event: u64, circuit: u64) -> Result<(), Refusal> {
    let write = |t: &mut Transaction| {
        t.event_impact(id(event), 1, now());
        t.impact_create(&impact(number, event, circuit), "M-1 - IC", id(1)).unwrap();
    };
    commit(store, write).await
}

/// Does all of it at the same time.
async fn at_once<F: Future<Output: Send> + Send + 'static>(tasks: impl Iterator<Item = F>) -> Vec<F::Output> {
    let tasks: Vec<_> = tasks.map(tokio::spawn).collect();
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.unwrap());
    }
    done
}

fn numbers(ids: impl IntoIterator<Item = EventId>) -> Vec<u64> {
    ids.into_iter().map(EventId::get).collect()
}

#[test]
fn a_table_is_made_once() {
    on_table(|store| async move {
        let first = store.create_if_missing().await.unwrap().stream_arn;
        assert!(first.is_some());
        assert_eq!(store.create_if_missing().await.unwrap().stream_arn, first);
        create(&store, &maintenance(7, EventChanges::default())).await;
        store.create_if_missing().await.unwrap();
        stored(&store, 7).await;
        store.warm_up().await.unwrap();
    });
}

#[test]
fn stamps_tell_every_write_and_when_it_was_done() {
    on_table(|store| async move {
        let none = store.stamps().await.unwrap();
        assert_eq!(none.latest(), None);
        // Writers of different events meet on one counter.
        let part = Part::of_event(id(7));
        let same: Vec<u64> = (7..).filter(|event| Part::of_event(id(*event)) == part).take(24).collect();
        let made = same.iter().map(|event| (store.clone(), maintenance(*event, EventChanges::default())));
        at_once(made.map(|(store, event)| async move { create(&store, &event).await })).await;
        let events = store.stamps().await.unwrap();
        assert_eq!(events.text(), format!("{part:?}:24@{};", now().timestamp_micros()));
        // They were decided on days before.
        assert!(stored(&store, 7).await.event.revision.last_updated < now());
        assert_eq!(events.latest(), Some(now()));
        let object = provider(9, "Zayo", "zayo");
        commit(&store, |t| t.object_create(&object).unwrap()).await.unwrap();
        let both = store.stamps().await.unwrap();
        assert_eq!(both.changed(&events).collect::<Vec<_>>(), [Part::of_object(id(9))]);
        assert!(both.covers(&events) && events.covers(&none) && !events.covers(&both) && !none.covers(&events));
        // What calendars do not show leaves them as they are.
        let site = ObjectRef::new(ObjectType::Site, id::<ObjectId>(8));
        commit(&store, |t| t.journal_put(&JournalEntry::Shown { object: site }, now()).unwrap()).await.unwrap();
        assert_eq!(store.stamps().await.unwrap(), both);
    });
}

#[test]
fn programs_that_start_together_make_one_table() {
    on_table(|store| async move {
        let (client, table) = (client().await, format!("{}-2", store.table()));
        let start = |_| {
            let store = Store::new(client.clone(), table.clone());
            async move { store.create_if_missing().await }
        };
        let made = at_once((0..4).map(start)).await;
        client.delete_table().table_name(&table).send().await.unwrap();
        let arns: BTreeSet<_> = made.into_iter().map(|info| info.unwrap().stream_arn).collect();
        assert_eq!(arns.len(), 1);
    });
}

#[test]
fn a_condition_that_fails_says_why() {
    on_table(|store| async move {
        commit(&store, |t| t.object_create(&provider(1, "Zayo", "zayo")).unwrap()).await.unwrap();
        commit(&store, |t| t.object_create(&circuit(10, 1, "IC-1")).unwrap()).await.unwrap();
        let (open, closed) = (7, 8);
        create(&store, &maintenance(open, EventChanges::default())).await;
        create(&store, &maintenance(closed, status(MaintenanceStatus::Completed))).await;
        add_impact(&store, 20, open, 10).await.unwrap();
        commit(&store, |t| t.message_create("m", &message(0)).unwrap()).await.unwrap();
        commit(&store, |t| t.thread_put(id(1), Maintenance, "T", &thread(0)).unwrap()).await.unwrap();
        commit(&store, |t| t.token_create(&token(1)).unwrap()).await.unwrap();
        let read = stored(&store, open).await;
        let gone = StoredEvent { event: maintenance(99, EventChanges::default()), ..read.clone() };
        let stale = StoredEvent { event: changed(&read.event, named("M-0")), ..read.clone() };
        let after = |before: &StoredEvent| changed(&before.event, named("M-2"));
        let old_children = StoredEvent { children: 0, ..read.clone() };

        type Write<'a> = Box<dyn Fn(&mut Transaction) + Send + Sync + 'a>;
        let cases: Vec<(&str, Write<'_>, Refusal)> = vec![
            ("event id", Box::new(|t| t.event_create(&read.event, None, 0, 0).unwrap()), Refusal::IdTaken),
            ("gone", Box::new(|t| t.event_update(&gone, &after(&gone), None, 0, 0).unwrap()), Refusal::Changed),
            ("stale", Box::new(|t| t.event_update(&stale, &after(&stale), None, 0, 0).unwrap()), Refusal::Changed),
            ("delete gone", Box::new(|t| t.event_delete(&gone, &stamp(3)).unwrap()), Refusal::Changed),
            ("delete stale", Box::new(|t| t.event_delete(&stale, &stamp(3)).unwrap()), Refusal::Changed),
            ("delete with more", Box::new(|t| t.event_delete(&old_children, &stamp(3)).unwrap()), Refusal::Changed),
            ("hide stale", Box::new(|t| t.event_delete_begin(&stale)), Refusal::Changed),
            ("add, closed", Box::new(|t| t.event_impact(id(closed), 1, now())), Refusal::EventClosed),
            ("change, closed", Box::new(|t| t.event_impact(id(closed), 0, now())), Refusal::EventClosed),
            ("add, gone", Box::new(|t| t.event_impact(id(99), 1, now())), Refusal::EventClosed),
            ("remove, gone", Box::new(|t| t.event_impact(id(99), -1, now())), Refusal::EventGone),
            ("child, gone", Box::new(|t| t.event_child(id(99), now())), Refusal::EventGone),
            ("notice, gone", Box::new(|t| t.event_impacts_by_notice(id(99), 1)), Refusal::EventGone),
            ("target", Box::new(|t| t.impact_create(&impact(21, open, 10), "", id(1)).unwrap()), Refusal::ImpactExists),
            ("impact id", Box::new(|t| t.impact_create(&impact(20, open, 11), "", id(1)).unwrap()), Refusal::IdTaken),
            (
                "impact id elsewhere",
                Box::new(|t| t.impact_create(&impact(20, closed, 11), "", id(1)).unwrap()),
                Refusal::IdTaken,
            ),
            ("impact gone", Box::new(|t| t.impact_delete(&impact(22, open, 10), &stamp(3)).unwrap()), Refusal::Changed),
            ("name", Box::new(|t| t.object_create(&provider(2, "Zayo", "z")).unwrap()), Refusal::Taken),
            ("slug", Box::new(|t| t.object_create(&provider(2, "Z", "zayo")).unwrap()), Refusal::Taken),
            ("provider id", Box::new(|t| t.object_create(&provider(1, "Z", "z")).unwrap()), Refusal::IdTaken),
            ("circuit", Box::new(|t| t.object_create(&circuit(11, 1, "ic-1")).unwrap()), Refusal::Taken),
            ("message", Box::new(|t| t.message_create("m", &message(0)).unwrap()), Refusal::NoticeApplied),
            (
                "thread, new",
                Box::new(|t| t.thread_put(id(1), Maintenance, "T", &thread(0)).unwrap()),
                Refusal::ThreadChanged,
            ),
            (
                "thread, old",
                Box::new(|t| t.thread_put(id(1), Maintenance, "T", &thread(5)).unwrap()),
                Refusal::ThreadChanged,
            ),
            ("token", Box::new(|t| t.token_create(&token(1)).unwrap()), Refusal::IdTaken),
            (
                "token id",
                Box::new(|t| t.token_create(&Token { key: "K".into(), ..token(1) }).unwrap()),
                Refusal::IdTaken,
            ),
            ("token key", Box::new(|t| t.token_create(&Token { id: id(9), ..token(1) }).unwrap()), Refusal::IdTaken),
            ("no token", Box::new(|t| t.token_delete(&token(2))), Refusal::Changed),
            ("stale token", Box::new(|t| t.token_delete(&Token { revision: 2, ..token(1) })), Refusal::Changed),
        ];
        for (what, write, expected) in &cases {
            let refused = commit(&store, |t| {
                // A write that could be done goes with it, and must not be.
                t.token_create(&token(3)).unwrap();
                write(t);
            });
            assert_eq!(refused.await, Err(*expected), "{what}");
            assert_eq!(store.token(id(3)).await.unwrap(), None, "{what}");
        }
        assert_eq!(stored(&store, open).await, read, "nothing changed");
        // Another notice, thread or provider is another thing.
        commit(&store, |t| t.message_create("m", &message(1)).unwrap()).await.unwrap();
        commit(&store, |t| t.thread_put(id(1), Outage, "T", &thread(0)).unwrap()).await.unwrap();
        commit(&store, |t| t.object_create(&circuit(11, 2, "IC-1")).unwrap()).await.unwrap();
        assert_eq!(store.message("m").await.unwrap().len(), 2);
        assert_eq!(store.thread(id(1), Maintenance, "T").await.unwrap().version, 1);
    });
}

#[test]
fn a_transaction_has_its_limits() {
    on_table(|store| async move {
        store.commit(Transaction::new(), now()).await.unwrap();
        let mut transaction = Transaction::new();
        for n in 1..=50 {
            transaction.token_create(&token(n)).unwrap();
        }
        assert_eq!((transaction.len(), transaction.room()), (100, 0));
        store.commit(transaction, now()).await.unwrap();
        assert_eq!(store.token_list().await.unwrap().len(), 50);
        let mut transaction = Transaction::new();
        for n in 101..=151 {
            transaction.token_create(&token(n)).unwrap();
        }
        assert!(matches!(store.commit(transaction, now()).await, Err(CommitError::Failed(Error::Internal { .. }))));
        assert_eq!(store.token(id(101)).await.unwrap(), None);
    });
}

#[test]
fn an_object_has_its_limit() {
    on_table(|store| async move {
        let large = |comments: usize, impact: usize| EventChanges {
            comments: Some("\"".repeat(comments)),
            impact: Some("x".repeat(impact)),
            ..EventChanges::default()
        };
        // The largest that is taken fits an event's item, which repeats its impact, and the record of a change.
        let size = serde_json::to_string(&maintenance(7, large(0, 0))).unwrap().len();
        let room = MAX_OBJECT_BYTES - size;
        for changes in [large(0, room), large(room / 2, 0)] {
            create(&store, &maintenance(7, changes)).await;
            let event = stored(&store, 7).await;
            let fields = event.event.snapshot();
            let change = Change {
                action: Action::Update,
                object: event.event.object(),
                version: 2,
                display: "M-1".into(),
                event: Some(event.event.id),
                stamp: stamp(5),
                before: Some(fields.clone()),
                after: Some(fields),
            };
            store.changes_record(&[change]).await.unwrap();
            commit(&store, |t| t.event_delete(&event, &stamp(3)).unwrap()).await.unwrap();
        }
        let too_large = maintenance(7, large(0, room + 1));
        let refused = Transaction::new().event_create(&too_large, None, 0, 0);
        assert!(matches!(refused, Err(Error::TooLarge { limit: MAX_OBJECT_BYTES, .. })), "{refused:?}");
    });
}

#[test]
fn of_writers_of_one_version_one_wins() {
    on_table(|store| async move {
        create(&store, &maintenance(7, EventChanges::default())).await;
        for round in 1..=10 {
            let before = stored(&store, 7).await;
            assert_eq!(before.event.revision.version, round);
            let write = |n: usize| {
                let after = changed(&before.event, named(&format!("M-{round}-{n}")));
                let (store, before) = (store.clone(), before.clone());
                async move { commit(&store, |t| t.event_update(&before, &after, None, 0, 0).unwrap()).await }
            };
            let done = at_once((0..8).map(write)).await;
            assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1, "{done:?}");
            assert!(done.iter().flat_map(|done| done.err()).all(|refusal| refusal == Refusal::Changed));
        }
        // What belongs to an event leaves its version, and its writers meet no version.
        let add = |n: u64| {
            let store = store.clone();
            async move { add_impact(&store, 100 + n, 7, n).await }
        };
        let done = at_once((1..=16).map(add)).await;
        assert!(done.iter().all(Result::is_ok), "{done:?}");
        let event = stored(&store, 7).await;
        assert_eq!((event.event.revision.version, event.impact_count, event.children), (11, 16, 16));
    });
}

#[test]
fn ids_of_any_size_are_found_in_order() {
    on_table(|store| async move {
        let ids = [1, 9, 10, 99, 4_294_967_296, (1 << 53) - 1];
        for n in ids {
            create(&store, &maintenance(n, EventChanges::default())).await;
            commit(&store, |t| t.notification_create(&mail(n, n), id(1)).unwrap()).await.unwrap();
            add_impact(&store, n, n, 3).await.unwrap();
        }
        let list = async |newest_first, resume: Option<&Resume>, limit| {
            let chunk = store.event_list(Maintenance, newest_first, resume, limit).await.unwrap();
            (numbers(chunk.items.into_iter().map(|stored| stored.event.id)), chunk.next)
        };
        let newest_first: Vec<u64> = ids.into_iter().rev().collect();
        assert_eq!(list(true, None, 6).await, (newest_first.clone(), None));
        assert_eq!(list(false, None, 6).await, (ids.to_vec(), None));
        let (first, next) = list(true, None, 2).await;
        let (second, last) = list(true, next.as_ref(), 4).await;
        assert_eq!(([first, second].concat(), last), (newest_first.clone(), None));
        let (first, next) = list(false, None, 4).await;
        assert_eq!(first, ids[..4]);
        assert_eq!(list(false, next.as_ref(), 2).await, (ids[4..].to_vec(), None));
        let from = store.events_from(Maintenance, 10, 3).await.unwrap();
        assert_eq!(
            (numbers(from.items.iter().map(|stored| stored.event.id)), from.next.is_some()),
            (ids[2..5].to_vec(), true)
        );
        assert_eq!(store.event_list(Outage, true, None, 6).await.unwrap().items, []);
        for n in ids {
            assert_eq!(store.impact(id(n)).await.unwrap().unwrap().0.event.id.get(), n);
            assert_eq!(store.notification(id(n)).await.unwrap().unwrap().0.event.id.get(), n);
            let page = store.event_page(id(n)).await.unwrap().unwrap();
            assert_eq!((page.impacts.len(), page.notifications.len()), (1, 1));
        }
        assert!(store.impact(id(2)).await.unwrap().is_none());
        assert_eq!(store.event(id(2)).await.unwrap(), None);
        let on_target = store.impacts_on_target(ObjectRef { kind: ObjectType::Circuit, id: id(3) }, 4).await.unwrap();
        assert_eq!((on_target.items.len(), on_target.more), (4, true));
        let rows = store.event_rows(Maintenance, 6).await.unwrap();
        assert_eq!(numbers(rows.iter().map(|row| row.id)), newest_first);
        assert!(matches!(store.event_rows(Maintenance, 5).await, Err(Error::Invalid(_))));
    });
}

#[test]
fn many_and_large_items_are_read_whole() {
    on_table(|store| async move {
        const EVENTS: u64 = 130;
        // DynamoDB answers at most 100 items of a batch, and 1 MB of a query.
        let comments = Some("x".repeat(20_000));
        for n in 1..=EVENTS {
            create(&store, &maintenance(n, EventChanges { comments: comments.clone(), ..EventChanges::default() }))
                .await;
        }
        let ids: Vec<EventId> = (1..=EVENTS).chain(1..=EVENTS + 20).map(id).collect();
        let mut found = numbers(store.events(&ids).await.unwrap().into_iter().map(|stored| stored.event.id));
        found.sort_unstable();
        assert_eq!(found, (1..=EVENTS).collect::<Vec<_>>());
        let all = store.event_list(Maintenance, true, None, 1000).await.unwrap();
        assert_eq!((all.items.len(), all.next), (130, None));
        let status = Status::Maintenance(MaintenanceStatus::Confirmed);
        assert_eq!(store.events_by_status(status, 1000).await.unwrap().len(), 130);
        assert!(matches!(store.events_by_status(status, 129).await, Err(Error::Invalid(_))));
        assert_eq!(store.events(&[]).await.unwrap(), []);
    });
}

#[test]
fn a_deletion_in_steps_hides_the_event_at_once() {
    on_table(|store| async move {
        const IMPACTS: u64 = 60;
        create(&store, &maintenance(7, EventChanges::default())).await;
        create(&store, &maintenance(8, replacing(7))).await;
        commit(&store, |t| t.notification_create(&mail(30, 7), id(1)).unwrap()).await.unwrap();
        for n in 1..=IMPACTS {
            add_impact(&store, 100 + n, 7, n).await.unwrap();
        }
        let before = stored(&store, 7).await;
        let entry = JournalEntry::EventDeletion { event: id(7), stamp: stamp(3) };
        commit(&store, |t| {
            t.event_delete_begin(&before);
            t.journal_put(&entry, time("2026-11-20")).unwrap();
        })
        .await
        .unwrap();
        assert_eq!(store.journal(time("2026-11-21")).await.unwrap(), std::slice::from_ref(&entry));
        assert_eq!(store.journal(time("2026-11-19")).await.unwrap(), [], "begun later");

        // Gone for every reader and writer.
        assert_eq!(store.event(id(7)).await.unwrap(), None);
        assert!(store.event_page(id(7)).await.unwrap().is_none());
        assert_eq!(store.events(&[id(7)]).await.unwrap(), []);
        assert_eq!(numbers(store.events_by_name(Maintenance, "M-1", None).await.unwrap()), [8]);
        assert_eq!(store.event_rows(Maintenance, 10).await.unwrap().len(), 1);
        assert_eq!(store.event_list(Maintenance, true, None, 10).await.unwrap().items.len(), 1);
        let status = Status::Maintenance(MaintenanceStatus::Confirmed);
        assert_eq!(store.events_by_status(status, 10).await.unwrap().len(), 1);
        let window = store.events_in_window(time("2026-12-01"), time("2026-12-02"), 10).await.unwrap();
        assert_eq!(numbers(window), [8]);
        assert_eq!(add_impact(&store, 99, 7, 99).await, Err(Refusal::EventClosed));
        assert_eq!(commit(&store, |t| t.event_child(id(7), now())).await, Err(Refusal::EventGone));
        let twice = commit(&store, |t| t.event_delete_begin(&before)).await;
        assert_eq!(twice, Err(Refusal::Changed));
        assert_eq!(commit(&store, |t| t.event_delete(&before, &stamp(4)).unwrap()).await, Err(Refusal::Changed));

        // Step by step; a step that is repeated is refused, and harms nothing.
        let mut steps = 0;
        loop {
            let most = Transaction::new().room() / ITEMS_PER_DELETED_IMPACT;
            let left = store.impacts_of_event(id(7), most).await.unwrap().items;
            if left.is_empty() {
                break;
            }
            let step = |t: &mut Transaction| {
                left.iter().for_each(|impact| t.impact_delete(impact, &stamp(3)).unwrap());
            };
            commit(&store, step).await.unwrap();
            assert_eq!(commit(&store, step).await, Err(Refusal::Changed));
            steps += 1;
        }
        assert_eq!(steps, 3);
        let hidden = store.event_even_deleting(id(7)).await.unwrap().unwrap();
        commit(&store, |t| {
            t.event_delete_finish(&hidden.event, &stamp(3)).unwrap();
            t.journal_delete(&entry);
        })
        .await
        .unwrap();
        assert!(!store.journal_has(&entry).await.unwrap());
        assert_eq!(store.event_even_deleting(id(7)).await.unwrap(), None);
        assert!(store.impact(id(101)).await.unwrap().is_none());
        assert_eq!(store.impacts_by_level(None, 10).await.unwrap().items, []);
        // The mail stays, and who replaces the event can still be asked.
        assert_eq!(store.notification(id(30)).await.unwrap().map(|(found, _)| found), Some(mail(30, 7)));
        assert_eq!(numbers(store.events_replacing(id(7)).await.unwrap()), [8]);
        update(&store, 8, EventChanges { replaces: Some(None), ..EventChanges::default() }).await;
        assert_eq!(store.events_replacing(id(7)).await.unwrap(), []);
    });
}

#[test]
fn a_window_holds_what_touches_it() {
    on_table(|store| async move {
        let check = async |from: &str, to: &str, expected: &[u64]| {
            let found = store.events_in_window(time(from), time(to), 100).await.unwrap();
            assert_eq!(numbers(found), expected, "{from} to {to}");
        };
        for (n, start, end) in [
            (1, "2026-12-01", "2026-12-02"),
            (2, "2026-11-30T23:00:00Z", "2026-12-01T01:00:00Z"),
            (3, "2026-06-15", "2027-06-15"),
            (4, "2020-01-01", "2030-01-01"),
            (5, "2026-12-31T23:59:59.999999Z", "2027-01-01"),
            (6, "2026-12-05", "2026-12-05"),
        ] {
            create(&store, &maintenance(n, during(start, end))).await;
        }
        create(&store, &outage(11, "2026-12-10", None)).await;
        create(&store, &outage(12, "2026-12-10", Some("2026-12-11"))).await;

        check("2026-12-01", "2026-12-02", &[1, 2, 3, 4]).await;
        check("2026-12-01T01:00:00Z", "2026-12-01T02:00:00Z", &[1, 3, 4]).await; // ends are not part of it
        check("2026-11-01", "2026-11-30T23:00:00Z", &[3, 4]).await;
        check("2026-11-01", "2026-11-30T23:00:00.000001Z", &[2, 3, 4]).await;
        check("2026-12-04", "2026-12-06", &[3, 4, 6]).await;
        check("2027-01-01", "2027-01-02", &[3, 4, 11]).await;
        check("2026-12-31T23:59:59.9999995Z", "2027-01-01", &[3, 4, 5, 11]).await;
        check("2027-06-14", "2027-06-16", &[3, 4, 11]).await;
        check("2027-06-15", "2027-06-16", &[4, 11]).await;
        check("2029-12-31", "2030-02-01", &[4, 11]).await;
        check("2030-01-01", "2030-02-01", &[11]).await;
        check("2019-01-01", "2020-12-31", &[4]).await;
        check("2025-12-01", "2027-11-30", &[1, 2, 3, 4, 5, 6, 11, 12]).await; // 24 months
        let too_long = store.events_in_window(time("2025-12-01"), time("2027-12-01"), 100).await;
        assert!(matches!(too_long, Err(Error::Invalid(_))), "{too_long:?}");
        let too_many = store.events_in_window(time("2026-12-01"), time("2026-12-02"), 3).await;
        assert!(matches!(too_many, Err(Error::Invalid(_))), "{too_many:?}");

        // From months to years, to another month, from open to closed, and away.
        update(&store, 1, during("2026-12-01", "2036-12-01")).await;
        check("2036-11-01", "2036-12-01", &[1, 11]).await;
        update(&store, 1, during("2028-02-01", "2028-02-29T12:00:00Z")).await;
        check("2036-11-01", "2036-12-01", &[11]).await;
        check("2026-12-01T02:00:00Z", "2026-12-02", &[3, 4]).await;
        check("2028-02-29", "2028-03-01", &[1, 4, 11]).await;
        update(&store, 11, EventChanges { end: Some(Some(time("2026-12-12"))), ..EventChanges::default() }).await;
        check("2030-01-01", "2030-02-01", &[]).await;
        check("2026-12-11", "2026-12-12", &[3, 4, 11]).await;
        for n in [3, 4] {
            let before = stored(&store, n).await;
            commit(&store, |t| t.event_delete(&before, &stamp(3)).unwrap()).await.unwrap();
        }
        check("2026-12-11", "2026-12-12", &[11]).await;
        check("2027-01-01", "2028-01-01", &[]).await;
    });
}

#[test]
fn names_are_found_to_the_letter() {
    on_table(|store| async move {
        let by = |n, name: &str, owner: u64| maintenance(n, EventChanges { provider: Some(id(owner)), ..named(name) });
        let odd = "A#0000000000000001#7 ü";
        for (n, name, owner) in [(1, "A", 1), (2, "A", 2), (3, "A", 1), (4, "a", 1), (5, odd, 1), (6, "A#", 11)] {
            create(&store, &by(n, name, owner)).await;
        }
        create(&store, &outage(9, "2026-12-01", None)).await;
        let check = async |name: &str, owner: Option<u64>, expected: &[u64]| {
            let found = store.events_by_name(Maintenance, name, owner.map(id::<ProviderId>)).await.unwrap();
            assert_eq!(numbers(found), expected, "{name} {owner:?}");
        };
        check("A", None, &[1, 3, 2]).await;
        check("A", Some(1), &[1, 3]).await;
        check("A", Some(11), &[]).await;
        check("A#", None, &[6]).await;
        check(odd, None, &[5]).await;
        check("M-1", None, &[]).await;
        check("", None, &[]).await;
        check(&"x".repeat(5000), None, &[]).await;
        assert_eq!(numbers(store.events_by_name(Outage, "M-1", None).await.unwrap()), [9]);

        update(&store, 1, named("B")).await;
        update(&store, 3, EventChanges { provider: Some(id(11)), ..EventChanges::default() }).await;
        check("A", None, &[2, 3]).await;
        check("A", Some(1), &[]).await;
        check("A", Some(11), &[3]).await;
        check("B", Some(1), &[1]).await;
        let before = stored(&store, 2).await;
        commit(&store, |t| t.event_delete(&before, &stamp(3)).unwrap()).await.unwrap();
        check("A", None, &[3]).await;
    });
}

#[test]
fn the_inventory_is_found_by_name() {
    on_table(|store| async move {
        let zayo = provider(1, "Zayo", "zayo");
        commit(&store, |t| t.object_create(&zayo).unwrap()).await.unwrap();
        let ic = circuit(10, 1, "IC / 1");
        commit(&store, |t| t.object_create(&ic).unwrap()).await.unwrap();
        let by_name = |name: &'static str| async { store.provider_by_name(name).await.unwrap().map(|found| found.id) };
        let by_cid = |provider: u64, cid: &'static str| {
            let store = &store;
            async move {
                let found = store.circuits_by_cid(id(provider), &[cid, "IC-2"]).await.unwrap();
                found.into_iter().map(|circuit| circuit.id).collect::<Vec<_>>()
            }
        };
        assert_eq!(by_name("Zayo").await, Some(id(1)));
        assert_eq!(store.provider_by_slug("Zayo").await.unwrap(), None);
        assert_eq!(store.provider_by_slug(&"x".repeat(5000)).await.unwrap(), None);
        let long = "x".repeat(5000);
        assert_eq!(store.circuits_by_cid(id(1), &["ic/1", &long]).await.unwrap().len(), 1);
        assert_eq!(by_cid(2, "IC / 1").await, []);

        let rename = ProviderChanges {
            name: Some(Label::parse("Zayo Group").unwrap()),
            slug: Some(Slug::parse("zayo-group").unwrap()),
            ..ProviderChanges::default()
        };
        let renamed = changed_object(&zayo, rename);
        commit(&store, |t| t.object_update(&zayo.object, &renamed).unwrap()).await.unwrap();
        assert_eq!(commit(&store, |t| t.object_update(&zayo.object, &renamed).unwrap()).await, Err(Refusal::Changed));
        assert_eq!(by_name("Zayo").await, None);
        assert_eq!(store.provider_by_slug("zayo-group").await.unwrap().map(|found| found.id), Some(id(1)));
        let zayos = async |name| store.objects_named(ObjectType::Provider, name, 5).await.unwrap().len();
        assert_eq!((zayos("Zayo").await, zayos("Zayo Group").await), (0, 1));
        // A name that was given up is free.
        commit(&store, |t| t.object_create(&provider(2, "Zayo", "zayo")).unwrap()).await.unwrap();

        let owner = async |provider| {
            let provider = ObjectRef::new(ObjectType::Provider, id::<ObjectId>(provider));
            store
                .dependents(provider, 10)
                .await
                .unwrap()
                .items
                .into_iter()
                .map(|found| found.object)
                .collect::<Vec<_>>()
        };
        assert_eq!(owner(1).await, [ic.object.object()]);
        let moved = changed_object(&ic, CircuitChanges { provider: Some(id(2)), ..CircuitChanges::default() });
        commit(&store, |t| t.object_update(&ic.object, &moved).unwrap()).await.unwrap();
        assert_eq!(owner(1).await, []);
        assert_eq!(owner(2).await, [ic.object.object()]);
        assert_eq!(store.object(ic.object.object()).await.unwrap(), Some(moved.clone()));
        let gone = circuit(99, 1, "x").object.object();
        let named = store.named(&[moved.object.object(), renamed.object.object(), gone]).await.unwrap();
        let names: BTreeSet<String> = named.into_iter().map(|named| named.display).collect();
        assert_eq!(names, BTreeSet::from(["IC / 1".to_owned(), "Zayo Group".to_owned()]));

        assert!(!store.provider_has_events(id(2)).await.unwrap());
        create(&store, &maintenance(7, EventChanges { provider: Some(id(2)), ..EventChanges::default() })).await;
        assert!(store.provider_has_events(id(2)).await.unwrap());
        commit(&store, |t| t.object_delete(&moved.object, &stamp(3)).unwrap()).await.unwrap();
        commit(&store, |t| t.object_delete(&renamed.object, &stamp(3)).unwrap()).await.unwrap();
        assert_eq!(by_name("Zayo Group").await, None);
        assert_eq!(by_cid(2, "IC / 1").await, []);
        assert_eq!(owner(2).await, []);
    });
}

#[test]
fn a_target_that_an_impact_leaves_is_free() {
    on_table(|store| async move {
        create(&store, &maintenance(7, EventChanges::default())).await;
        add_impact(&store, 20, 7, 10).await.unwrap();
        let on = |circuit| ObjectRef { kind: ObjectType::Circuit, id: id(circuit) };
        let before = impact(20, 7, 10);
        let change = ImpactChanges {
            target: on(11).into(),
            impact: Some(Some(ImpactLevel::Outage)),
            ..ImpactChanges::default()
        };
        let after = before.changed(change, before.revision.next(stamp(2)));
        commit(&store, |t| t.impact_update(&before, &after, "M-1 - IC-11", id(1)).unwrap()).await.unwrap();
        assert_eq!(store.impact_on(id(7), on(10)).await.unwrap(), None);
        assert_eq!(store.impact_on(id(7), on(11)).await.unwrap(), Some(after.clone()));
        assert_eq!(store.impacts_on_target(on(10), 5).await.unwrap().items, []);
        assert_eq!(store.impacts_on_target(on(11), 5).await.unwrap().items, [after]);
        add_impact(&store, 21, 7, 10).await.unwrap();
        assert_eq!(add_impact(&store, 22, 7, 11).await, Err(Refusal::ImpactExists));
    });
}

#[test]
fn changes_are_recorded_and_counted_once() {
    on_table(|store| async move {
        let change = |n: u64, version: u64, before: Option<Event>, after: Option<Event>| {
            let event = after.as_ref().or(before.as_ref()).unwrap();
            Change {
                action: Action::Update,
                object: event.object(),
                version,
                display: "M-1".into(),
                event: Some(event.id),
                stamp: stamp(n),
                before: before.as_ref().map(Event::snapshot),
                after: after.as_ref().map(Event::snapshot),
            }
        };
        let (confirmed, completed) =
            (maintenance(7, EventChanges::default()), maintenance(7, status(MaintenanceStatus::Completed)));
        let history = [
            change(101, 1, None, Some(confirmed.clone())),
            change(102, 2, Some(confirmed.clone()), Some(confirmed.clone())),
            change(103, 3, Some(confirmed), Some(completed.clone())),
            change(104, 4, Some(completed), None),
        ];
        let counts = [[1, 1, 0], [1, 1, 0], [1, 0, 1], [0, 0, 0]];
        for (change, [all, confirmed, completed]) in history.iter().zip(counts) {
            for _ in 0..3 {
                // Also twice in one batch, and beside some that are on record.
                store.changes_record(&[change.clone(), change.clone()]).await.unwrap();
                let counters = store.counters(ObjectType::Maintenance).await.unwrap();
                let count = |of| counters.get(of);
                let status = |status| CountOf::Status(Status::Maintenance(status));
                let found = [CountOf::All, status(MaintenanceStatus::Confirmed), status(MaintenanceStatus::Completed)]
                    .map(count);
                assert_eq!(found, [all, confirmed, completed], "{}", change.version);
            }
        }
        assert_eq!(store.counters(ObjectType::Outage).await.unwrap().get(CountOf::All), 0);
        let versions = |page: &noticeboard_store::ChangePage| {
            page.changes.iter().map(|change| change.version).collect::<Vec<u64>>()
        };
        let object = ObjectRef { kind: ObjectType::Maintenance, id: id(7) };
        for (before, expected, next) in
            [(None, vec![4, 3], Some(103)), (Some(103), vec![2, 1], None), (Some(101), vec![], None)]
        {
            let before = before.map(id);
            let page = store.changes_of_event(id(7), before, 2).await.unwrap();
            assert_eq!((versions(&page), page.next), (expected, next.map(id)));
        }
        let versions = |changes: &[Change]| changes.iter().map(|change| change.version).collect::<Vec<u64>>();
        assert_eq!(versions(&store.changes_of_object(object, 4).await.unwrap()), [4, 3, 2, 1]);
        store.changes_of_object(object, 3).await.unwrap_err();
        let request = &history[0].stamp.actor.request_id;
        assert_eq!(store.changes_of_request(request, 10).await.unwrap().len(), 4);
        let (mut walked, mut resume) = (Vec::new(), None);
        loop {
            let chunk = store.change_list(true, resume.as_ref(), 3).await.unwrap();
            walked.extend(versions(&chunk.items));
            resume = chunk.next;
            if resume.is_none() {
                break;
            }
        }
        assert_eq!(walked, [4, 3, 2, 1]);
        assert_eq!(versions(&store.changes_from(102, 2).await.unwrap().items), [2, 3]);
        assert_eq!(store.change_count().await.unwrap(), 4);
        assert_eq!(store.change(id(102)).await.unwrap(), Some(history[1].clone()));
        assert_eq!(store.change(id(10)).await.unwrap(), None);
    });
}
