//! Ten thousand random changes, and readers of the stream that are killed at random points: between two calls of AWS,
//! before and after the checkpoint. Nothing is lost, nothing has its effect twice, nothing is told out of order.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::DynamoDbEventResponse;
use noticeboard_domain::change::Expected;
use noticeboard_domain::event::{EventChanges, EventKind};
use noticeboard_domain::ids::{EventId, ImpactId, ObjectId};
use noticeboard_domain::impact::ImpactChanges;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::status::ImpactLevel;
use noticeboard_publish::{BrokerName, BrokerSettings, Queue, QueueError, QueueMessage};
use noticeboard_publisher::{Publisher, Subscriber};
use noticeboard_store::CountOf;
use noticeboard_tests::house::{House, actor, event_record};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, IteratorRandom};
use rand::{Rng, SeedableRng};

const CHANGES: usize = 10_000;
const CIRCUITS: usize = 40;

/// A change as everybody is to see it: the object, and the version that it has since.
type Version = (String, u64);

/// What there is, and every change that led to it.
struct Model {
    house: House,
    random: StdRng,
    events: BTreeMap<EventId, (EventKind, u64)>,
    impacts: BTreeMap<ImpactId, (EventId, ObjectId, ImpactLevel, u64)>,
    circuits: Vec<ObjectId>,
    changes: BTreeSet<Version>,
}

impl Model {
    async fn new(seed: u64) -> Self {
        let house = House::new().await;
        let mut model = Self {
            random: StdRng::seed_from_u64(seed),
            events: BTreeMap::new(),
            impacts: BTreeMap::new(),
            circuits: Vec::new(),
            changes: BTreeSet::new(),
            house,
        };
        model.happened(ObjectRef::new(ObjectType::Provider, model.house.provider), 1);
        for n in 0..CIRCUITS {
            let id = model.house.circuit(&format!("IC-{n}")).await;
            model.circuits.push(id);
            model.happened(ObjectRef::new(ObjectType::Circuit, id), 1);
        }
        model
    }

    fn happened(&mut self, object: ObjectRef, version: u64) {
        assert!(self.changes.insert((object.to_string(), version)), "the model is wrong: {object} {version}");
    }

    /// Makes one random change, or several that belong together.
    async fn change(&mut self) {
        match self.random.random_range(0..100) {
            0..25 => self.create().await,
            25..60 => self.update().await,
            60..80 => self.hit().await,
            80..90 => self.hit_otherwise().await,
            90..95 => self.miss().await,
            _ => self.delete().await,
        }
    }

    async fn create(&mut self) {
        let kind = if self.random.random() { EventKind::Maintenance } else { EventKind::Outage };
        let name = format!("E-{}", self.changes.len());
        let id = self.house.event(kind, &name, EventChanges::default()).await;
        self.events.insert(id, (kind, 1));
        self.happened(ObjectRef::new(kind.object_type(), id), 1);
    }

    fn some_event(&mut self) -> Option<EventId> {
        self.events.keys().choose(&mut self.random).copied()
    }

    fn some_impact(&mut self) -> Option<ImpactId> {
        self.impacts.keys().choose(&mut self.random).copied()
    }

    async fn update(&mut self) {
        let Some(id) = self.some_event() else { return };
        let (kind, version) = self.events[&id];
        let ticket = format!("T-{}", self.changes.len());
        let changes = EventChanges { internal_ticket: Some(ticket), ..EventChanges::default() };
        self.house.change(kind, id, changes).await;
        self.events.insert(id, (kind, version + 1));
        self.happened(ObjectRef::new(kind.object_type(), id), version + 1);
    }

    async fn hit(&mut self) {
        let (Some(event), Some(circuit)) = (self.some_event(), self.circuits.choose(&mut self.random).copied()) else {
            return;
        };
        if self.impacts.values().any(|(of, target, ..)| (*of, *target) == (event, circuit)) {
            return;
        }
        let id = self.house.impact(self.events[&event].0, event, circuit).await;
        self.impacts.insert(id, (event, circuit, ImpactLevel::NoImpact, 1));
        self.happened(ObjectRef::new(ObjectType::Impact, id), 1);
    }

    async fn hit_otherwise(&mut self) {
        let Some(id) = self.some_impact() else { return };
        let (event, circuit, level, version) = self.impacts[&id];
        let next = if level == ImpactLevel::Outage { ImpactLevel::Degraded } else { ImpactLevel::Outage };
        let changes = ImpactChanges { impact: Some(Some(next)), ..ImpactChanges::default() };
        self.house.app.impact_change(&actor("noc"), id, changes, &Expected::default()).await.unwrap();
        self.impacts.insert(id, (event, circuit, next, version + 1));
        self.happened(ObjectRef::new(ObjectType::Impact, id), version + 1);
    }

    async fn miss(&mut self) {
        let Some(id) = self.some_impact() else { return };
        self.house.app.impact_delete(&actor("noc"), id, &Expected::default()).await.unwrap();
        let (.., version) = self.impacts.remove(&id).unwrap();
        self.happened(ObjectRef::new(ObjectType::Impact, id), version + 1);
    }

    async fn delete(&mut self) {
        let Some(id) = self.some_event() else { return };
        let (kind, version) = self.events.remove(&id).unwrap();
        self.house.app.event_delete(&actor("noc"), kind, id, &Expected::default()).await.unwrap();
        self.happened(ObjectRef::new(kind.object_type(), id), version + 1);
        let gone: Vec<ImpactId> = self.impacts.iter().filter(|(_, of)| of.0 == id).map(|(id, _)| *id).collect();
        for impact in gone {
            let (.., version) = self.impacts.remove(&impact).unwrap();
            self.happened(ObjectRef::new(ObjectType::Impact, impact), version + 1);
        }
    }
}

/// A queue that takes a message once, as SQS does while it remembers it, and can be asked what it took.
#[derive(Debug, Clone, Default)]
struct Recorder {
    taken: Arc<Mutex<(HashSet<String>, Vec<QueueMessage>)>>,
    sent: Arc<Mutex<usize>>,
}

impl Queue for Recorder {
    fn send<'a>(
        &'a self,
        message: &'a QueueMessage,
    ) -> Pin<Box<dyn Future<Output = Result<(), QueueError>> + Send + 'a>> {
        Box::pin(async move {
            // A killed publisher may have been waiting for the answer.
            tokio::task::yield_now().await;
            *self.sent.lock().unwrap() += 1;
            {
                let mut taken = self.taken.lock().unwrap();
                if taken.0.insert(message.event.id.clone()) {
                    taken.1.push(message.clone());
                }
            }
            tokio::task::yield_now().await;
            Ok(())
        })
    }
}

/// Runs something until it has been looked at so often; then it is dropped, as a killed program drops it.
async fn killed_after<F: Future>(looks: usize, work: F) -> Option<F::Output> {
    let (mut work, mut left) = (Box::pin(work), looks);
    poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

/// Feeds a stream to a reader that is killed again and again, and gives how often.
async fn feed<F: Future<Output = DynamoDbEventResponse>>(
    records: &[EventRecord],
    random: &mut StdRng,
    reader: impl Fn(Event) -> F,
) -> usize {
    let (mut checkpoint, mut kills) = (0, 0);
    while checkpoint < records.len() {
        let end = (checkpoint + random.random_range(1..=100)).min(records.len());
        let mut event = Event::default();
        event.records = records[checkpoint..end].to_vec();
        let looks = if random.random_bool(0.4) { random.random_range(1..15) } else { usize::MAX };
        let answer = killed_after(looks, reader(event)).await;
        // Done, and killed before the checkpoint is written.
        let forgot = random.random_bool(0.1);
        match answer {
            Some(answer) if !forgot => {
                assert!(answer.batch_item_failures.is_empty(), "{answer:?}");
                checkpoint = end;
            }
            Some(_) | None => kills += 1,
        }
    }
    kills
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_recorded_and_told_once_and_in_order_whoever_is_killed() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut model = Model::new(seed).await;
    while model.changes.len() < CHANGES {
        model.change().await;
    }
    let records: Vec<EventRecord> = model.house.records().await.into_iter().map(event_record).collect();

    let app = model.house.app.clone();
    let changelog_kills = feed(&records, &mut model.random, |event| noticeboard_changelog::handle(&app, event)).await;
    let recorder = Recorder::default();
    let [settings] = BrokerSettings::read(r#"{"log": {"type": "log"}}"#, &|_| None).unwrap().try_into().unwrap();
    let publisher = Publisher::new(
        app.store().clone(),
        vec![Subscriber {
            name: BrokerName::parse("log").unwrap(),
            topics: settings.topics,
            queue: Box::new(recorder.clone()),
        }],
        None,
    );
    let publisher_kills = feed(&records, &mut model.random, |event| publisher.handle(event)).await;

    // Row 1 and 2 of the scoreboard, for the changelog: each change once, and counted once.
    let recorded = app.store().change_list(false, None, 100_000).await.unwrap().items;
    let versions: Vec<Version> = recorded.iter().map(|change| (change.object.to_string(), change.version)).collect();
    let unique: BTreeSet<Version> = versions.iter().cloned().collect();
    let lost: Vec<_> = model.changes.difference(&unique).take(5).collect();
    assert_eq!(lost, [] as [&Version; 0], "changes that are not on record");
    assert_eq!(unique.difference(&model.changes).next(), None, "changes that never happened");
    assert_eq!(versions.len(), unique.len(), "changes that are on record twice");
    for kind in [EventKind::Maintenance, EventKind::Outage] {
        let counted = app.store().counters(kind.object_type()).await.unwrap().get(CountOf::All);
        let expected = model.events.values().filter(|(of, _)| *of == kind).count();
        assert_eq!(counted, expected as u64, "{kind:?} counted");
    }
    assert_eq!(app.store().change_count().await.unwrap(), versions.len() as u64);

    // The same for the messages, and row 3: in the order of each object.
    let taken = recorder.taken.lock().unwrap().1.clone();
    let told: BTreeSet<Version> =
        taken.iter().map(|message| (message.event.subject.clone(), message.event.sequence.parse().unwrap())).collect();
    assert_eq!(model.changes.difference(&told).next(), None, "changes that were not told");
    assert_eq!(told.difference(&model.changes).next(), None, "told, but never happened");
    let mut last: HashMap<(&str, &str), &str> = HashMap::new();
    for message in &taken {
        let event = &message.event;
        // Status and ETR follow the change that they are a part of, in topics of their own.
        let aspect = event.id.rsplit_once(':').map_or("", |(_, last)| last.trim_matches(char::is_numeric));
        let before = last.insert((&event.subject, aspect), &event.sequence);
        assert!(before < Some(event.sequence.as_str()), "{} came after {before:?}", event.id);
    }
    println!(
        "{} changes in {} records: 0 lost, 0 recorded twice, 0 out of order; changelog killed {changelog_kills} times, \
         publisher {publisher_kills} times; {} messages sent {} times",
        model.changes.len(),
        records.len(),
        taken.len(),
        recorder.sent.lock().unwrap(),
    );
}
