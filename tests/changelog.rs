//! The changelog, fed with the table's stream as Lambda may feed it: again, in part, in another order, with a record
//! that cannot be read. Whatever comes, each change is on record once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, HashMap};

use aws_lambda_events::dynamodb::Event;
use aws_sdk_dynamodbstreams::types::{AttributeValue, Record};
use chrono::Duration;
use noticeboard_domain::change::{Change, Expected, Origin};
use noticeboard_domain::event::{EventChanges, EventKind};
use noticeboard_domain::ids::EventId;
use noticeboard_domain::impact::{EventRef, ImpactChanges};
use noticeboard_domain::inventory::{Label, ProviderChanges};
use noticeboard_domain::notification::{EventNotificationChanges, Subject};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::status::{ImpactLevel, OutageStatus, Status};
use noticeboard_domain::timeline;
use noticeboard_store::{CountOf, JournalEntry, Transaction};
use noticeboard_tests::house::{House, actor, event_record};
use rand::seq::IndexedRandom;

use EventKind::{Maintenance, Outage};

/// What these tests do in a house.
trait Told {
    /// Every kind of change, by two users. The answer is an event that is deleted.
    async fn history(&self) -> EventId;
    /// Hands a batch to the function; the answer is what it says has failed.
    async fn handle(&self, batch: &[Record]) -> Vec<String>;
    /// Every change that is on record, oldest first.
    async fn changes(&self) -> Vec<Change>;
    async fn count(&self, kind: EventKind, of: CountOf) -> u64;
}

impl Told for House {
    async fn history(&self) -> EventId {
        let app = &self.app;
        let (one, two) = (self.circuit("IC-1").await, self.circuit("IC-2").await);
        let first = self.event(Maintenance, "M-1", EventChanges::default()).await;
        let replaces = Some(Some(first));
        let second = self.event(Maintenance, "M-2", EventChanges { replaces, ..EventChanges::default() }).await;
        let outage = self.event(Outage, "O-1", EventChanges::default()).await;
        let identified = Some(Status::Outage(OutageStatus::Identified));
        self.change(Outage, outage, EventChanges { status: identified, ..EventChanges::default() }).await;
        // The same once more is no change.
        self.change(Outage, outage, EventChanges { status: identified, ..EventChanges::default() }).await;
        let impact = self.impact(Maintenance, second, one).await;
        self.impact(Outage, outage, one).await;
        let level = ImpactChanges { impact: Some(Some(ImpactLevel::Outage)), ..ImpactChanges::default() };
        app.impact_change(&actor("noc"), impact, level, &Expected::default()).await.unwrap();
        let mail = EventNotificationChanges {
            event: EventRef { kind: Maintenance, id: second }.into(),
            email_body: Some("We will work.".into()),
            subject: Some(Subject::parse("Planned work").unwrap()),
            email_from: Some("noc@zayo.example".into()),
            email_received: "2026-11-20T08:00:00Z".parse().ok(),
            ..EventNotificationChanges::default()
        };
        app.notification_create(&actor("noc"), mail).await.unwrap();
        let acknowledged = Some(Some(true));
        self.change(Maintenance, second, EventChanges { acknowledged, ..EventChanges::default() }).await;
        app.event_delete(&actor("cleaner"), Maintenance, second, &Expected::default()).await.unwrap();
        let two = ObjectRef { kind: ObjectType::Circuit, id: two };
        app.object_delete(&actor("cleaner"), two, &Expected::default()).await.unwrap();
        let renamed = ProviderChanges { name: Some(Label::parse("Zayo Group").unwrap()), ..ProviderChanges::default() };
        let provider = ObjectRef::new(ObjectType::Provider, self.provider);
        app.object_change(&actor("noc"), provider, renamed, &Expected::default()).await.unwrap();
        second
    }

    async fn handle(&self, batch: &[Record]) -> Vec<String> {
        let mut event = Event::default();
        event.records = batch.iter().cloned().map(event_record).collect();
        let response = noticeboard_changelog::handle(&self.app, event).await;
        response.batch_item_failures.into_iter().map(|failure| failure.item_identifier.unwrap()).collect()
    }

    async fn changes(&self) -> Vec<Change> {
        self.app.store().change_list(false, None, 1000).await.unwrap().items
    }

    async fn count(&self, kind: EventKind, of: CountOf) -> u64 {
        self.app.store().counters(kind.object_type()).await.unwrap().get(of)
    }
}

fn sequence(record: &Record) -> &str {
    record.dynamodb().unwrap().sequence_number().unwrap()
}

fn image(record: &Record) -> &HashMap<String, AttributeValue> {
    let change = record.dynamodb().unwrap();
    change.new_image().filter(|image| !image.is_empty()).or(change.old_image()).unwrap()
}

/// The record with an object that cannot be read.
fn poisoned(mut record: Record) -> Record {
    let change = record.dynamodb.as_mut().unwrap();
    for image in [&mut change.new_image, &mut change.old_image].into_iter().flatten() {
        if !image.is_empty() {
            image.insert("data".into(), AttributeValue::S("not an object".into()));
        }
    }
    record
}

/// Whether a record is of an object whose changes are recorded.
fn is_of_object(record: &Record) -> bool {
    let kind = image(record).get("type").and_then(|kind| kind.as_s().ok()).unwrap();
    ["maintenance", "outage", "impact", "eventnotification", "provider", "circuit"].contains(&kind.as_str())
}

/// The records in another order, which Lambda may choose too: those of one partition stay in theirs.
fn shuffled(records: &[Record]) -> Vec<Record> {
    let mut partitions: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for record in records.iter().rev() {
        partitions.entry(image(record)["PK"].as_s().unwrap().clone()).or_default().push(record.clone());
    }
    let mut shuffled = Vec::new();
    while !partitions.is_empty() {
        let keys: Vec<String> = partitions.keys().cloned().collect();
        let key = keys.choose(&mut rand::rng()).unwrap();
        let left = partitions.get_mut(key).unwrap();
        shuffled.extend(left.pop());
        if left.is_empty() {
            partitions.remove(key);
        }
    }
    shuffled
}

/// What [`House::history`] did: `type display version action user`.
const HISTORY: [&str; 17] = [
    "circuits.circuit IC-1 1 create noc",
    "circuits.circuit IC-2 1 create noc",
    "circuits.circuit IC-2 2 delete cleaner",
    "circuits.provider Zayo 1 create noc",
    "circuits.provider Zayo Group 2 update noc",
    "notices.eventnotification Planned work 1 create noc",
    "notices.impact M-2 - IC-1 1 create noc",
    "notices.impact M-2 - IC-1 2 update noc",
    "notices.impact M-2 - IC-1 3 delete cleaner",
    "notices.impact O-1 - IC-1 1 create noc",
    "notices.maintenance M-1 1 create noc",
    "notices.maintenance M-1 2 update noc",
    "notices.maintenance M-2 1 create noc",
    "notices.maintenance M-2 2 update noc",
    "notices.maintenance M-2 3 delete cleaner",
    "notices.outage O-1 1 create noc",
    "notices.outage O-1 2 update noc",
];

fn told(changes: &[Change]) -> Vec<String> {
    let mut told: Vec<String> = changes
        .iter()
        .map(|change| {
            let (kind, user, action) = (change.object.kind, &change.stamp.actor.user, change.action.as_str());
            format!("{kind} {} {} {action} {user}", change.display, change.version)
        })
        .collect();
    told.sort();
    told
}

/// Makes the history, feeds the batches that `deliver` makes of its stream, and compares what is on record.
async fn check(what: &str, deliver: impl Fn(Vec<Record>) -> Vec<Vec<Record>>) {
    let house = House::new().await;
    let deleted = house.history().await;
    for batch in deliver(house.records().await) {
        assert_eq!(house.handle(&batch).await, [""; 0], "{what}");
    }
    let changes = house.changes().await;
    assert_eq!(told(&changes), HISTORY, "{what}");

    let status = |kind: EventKind, text: &str| CountOf::Status(kind.parse_status(text).unwrap());
    for (kind, of, expected) in [
        (Maintenance, CountOf::All, 1),
        (Maintenance, status(Maintenance, "RE-SCHEDULED"), 1),
        (Maintenance, status(Maintenance, "CONFIRMED"), 0),
        (Outage, CountOf::All, 1),
        (Outage, status(Outage, "IDENTIFIED"), 1),
        (Outage, status(Outage, "REPORTED"), 0),
    ] {
        assert_eq!(house.count(kind, of).await, expected, "{what}: {kind:?} {of:?}");
    }
    let page = house.app.event_changes(Maintenance, deleted, None, 100).await.unwrap();
    let titles: Vec<String> = page.changes.iter().map(|change| timeline::entry(change).title).collect();
    // Its impacts go with an event, and after it.
    let expected = [
        "Impact removed: M-2 - IC-1",
        "Maintenance deleted",
        "Event acknowledged",
        "Notification received: Planned work",
        "Impact updated: M-2 - IC-1",
        "Impact added: M-2 - IC-1",
        "Maintenance created",
    ];
    assert_eq!(titles, expected, "{what}");

    // What the function wrote itself is in the stream now, and tells nothing.
    assert_eq!(house.handle(&house.records().await).await, [""; 0], "{what}");
    assert_eq!(house.changes().await, changes, "{what}");
}

#[tokio::test]
async fn each_change_is_on_record_once() {
    check("in order", |records| vec![records]).await;
    check("twice", |records| vec![records.clone(), records]).await;
    check("each twice", |records| records.iter().map(|record| vec![record.clone(); 2]).collect()).await;
    check("overlapping", |records| {
        let starts = (0..records.len()).step_by(3);
        starts.map(|start| records[start..(start + 10).min(records.len())].to_vec()).collect()
    })
    .await;
    check("a failed half", |records| vec![records[..records.len() / 2].to_vec(), records]).await;
    check("backwards", |records| records.into_iter().rev().map(|record| vec![record]).collect()).await;
    for _ in 0..5 {
        check("shuffled", |records| shuffled(&records).chunks(7).map(<[Record]>::to_vec).collect()).await;
        check("shuffled twice", |records| vec![shuffled(&records), shuffled(&records)]).await;
    }
}

#[tokio::test]
async fn two_readers_at_once_record_each_change_once() {
    let house = House::new().await;
    house.history().await;
    let records = house.records().await;
    let (one, other) = (shuffled(&records), shuffled(&records));
    let failed = tokio::join!(house.handle(&records), house.handle(&one), house.handle(&other));
    assert_eq!(failed, (vec![], vec![], vec![]));
    assert_eq!(told(&house.changes().await), HISTORY);
    assert_eq!(house.count(Maintenance, CountOf::All).await, 1);
}

#[tokio::test]
async fn bookkeeping_is_no_change() {
    let house = House::new().await;
    let (circuit, event) =
        (house.circuit("IC-1").await, house.event(Maintenance, "M-1", EventChanges::default()).await);
    let before = house.records().await.len();
    let impact = house.impact(Maintenance, event, circuit).await;
    house.app.impact_delete(&actor("noc"), impact, &Expected::default()).await.unwrap();
    let records = house.records().await.split_off(before);
    let of_event: Vec<Record> =
        records.iter().filter(|r| image(r)["type"].as_s().unwrap() == "maintenance").cloned().collect();
    assert_eq!(of_event.len(), 2, "the event counts its impacts");
    assert_eq!(house.handle(&of_event).await, [""; 0]);
    assert_eq!(house.changes().await, []);
    assert_eq!(house.handle(&records).await, [""; 0]);
    assert_eq!(
        told(&house.changes().await),
        ["notices.impact M-1 - IC-1 1 create noc", "notices.impact M-1 - IC-1 2 delete noc"]
    );
}

#[tokio::test]
async fn a_record_that_cannot_be_read_ends_its_batch() {
    let house = House::new().await;
    house.history().await;
    let records = house.records().await;
    let of_objects: Vec<usize> = (0..records.len()).filter(|at| is_of_object(&records[*at])).collect();
    let mut batch = records.clone();
    for at in &of_objects[5..8] {
        batch[*at] = poisoned(records[*at].clone());
    }
    let lowest = of_objects[5];
    for _ in 0..2 {
        assert_eq!(house.handle(&batch).await, [sequence(&records[lowest])]);
        // Five objects were made or changed before it, nothing behind it is on record.
        assert_eq!(house.changes().await.len(), 5);
    }
    // The reader goes on as Lambda does: from the failed record on, and past it when it is given up.
    assert_eq!(house.handle(&batch[lowest..=lowest]).await, [sequence(&records[lowest])]);
    assert_eq!(house.handle(&batch[of_objects[8]..]).await, [""; 0]);
    assert_eq!(house.changes().await.len(), 17 - 3);
    // Once it can be read, what is missing is put on record.
    assert_eq!(house.handle(&records).await, [""; 0]);
    assert_eq!(told(&house.changes().await), HISTORY);

    let mut nameless = poisoned(records[lowest].clone());
    nameless.dynamodb.as_mut().unwrap().sequence_number = None;
    assert_eq!(house.handle(&[nameless]).await, [""], "an empty name fails the whole batch");
}

#[tokio::test]
async fn a_deletion_behind_the_programs_back_is_told_as_that() {
    let house = House::new().await;
    house.event(Maintenance, "M-1", EventChanges::default()).await;
    let records = house.records().await;
    assert_eq!(house.handle(&records).await, [""; 0]);
    let mut removal = records.iter().find(|r| image(r)["type"].as_s().unwrap() == "maintenance").unwrap().clone();
    let change = removal.dynamodb.as_mut().unwrap();
    change.old_image = change.new_image.take();
    for _ in 0..2 {
        assert_eq!(house.handle(&[removal.clone()]).await, [""; 0]);
    }
    let changes = house.changes().await;
    let deletions: Vec<&Change> = changes.iter().filter(|change| change.after.is_none()).collect();
    assert_eq!(deletions.len(), 1);
    assert_eq!((deletions[0].version, deletions[0].stamp.actor.origin), (2, Origin::Unknown));
    assert_eq!(timeline::entry(deletions[0]).user, "System");
    assert_eq!(house.count(Maintenance, CountOf::All).await, 0);
}

#[tokio::test]
async fn a_deletion_that_its_writer_left_is_finished() {
    const IMPACTS: usize = 60;
    let house = House::new().await;
    let event = house.event(Maintenance, "M-1", EventChanges::default()).await;
    let replaces = Some(Some(event));
    let other = house.event(Maintenance, "M-2", EventChanges { replaces, ..EventChanges::default() }).await;
    for n in 0..IMPACTS {
        let circuit = house.circuit(&format!("IC-{n}")).await;
        house.impact(Maintenance, event, circuit).await;
    }
    // The writer hides the event, writes down the work, and is gone.
    let stored = house.app.store().event(event).await.unwrap().unwrap();
    let mut stamp = stored.event.revision.change.clone();
    stamp.actor = actor("cleaner");
    let entry = JournalEntry::EventDeletion { event, stamp };
    let begun = |ago: Duration| {
        let mut transaction = Transaction::new();
        transaction.journal_put(&entry, house.app.now() - ago).unwrap();
        transaction
    };
    let mut hide = begun(Duration::minutes(1));
    hide.event_delete_begin(&stored);
    house.app.store().commit(hide, house.app.now()).await.unwrap();
    assert!(house.app.store().event(event).await.unwrap().is_none(), "hidden at once");
    // Until it is old enough, the work may be its writer's.
    noticeboard_changelog::finish_abandoned(&house.app).await.unwrap();
    assert!(house.app.store().journal_has(&entry).await.unwrap());
    house.app.store().commit(begun(Duration::minutes(16)), house.app.now()).await.unwrap();
    for _ in 0..2 {
        noticeboard_changelog::finish_abandoned(&house.app).await.unwrap();
        assert_eq!(house.handle(&house.records().await).await, [""; 0]);
    }
    assert!(!house.app.store().journal_has(&entry).await.unwrap());
    assert!(house.app.store().event_even_deleting(event).await.unwrap().is_none());
    assert_eq!(house.app.store().impacts_of_event(event, 1).await.unwrap().items, []);
    let other = house.app.event(Maintenance, other).await.unwrap().stored.event;
    assert_eq!(other.snapshot()["replaces"], serde_json::Value::Null);
    let changes = house.changes().await;
    let deletions: Vec<&Change> = changes.iter().filter(|change| change.after.is_none()).collect();
    assert_eq!(deletions.len(), IMPACTS + 1);
    assert!(deletions.iter().all(|change| change.stamp.actor.user == "cleaner"));
    assert_eq!(house.count(Maintenance, CountOf::All).await, 1);
}
