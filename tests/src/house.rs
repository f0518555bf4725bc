//! The use cases over a table of their own on the embedded engine, with the table's stream as Lambda would feed it.

use std::sync::Arc;

use aws_lambda_events::dynamodb::EventRecord;
use aws_sdk_dynamodbstreams::types::{Record, ShardIteratorType};
use noticeboard_app::{App, Clock, Settings};
use noticeboard_domain::change::{Actor, Expected, Origin};
use noticeboard_domain::event::{EventChanges, EventKind};
use noticeboard_domain::fields::{Name, Summary};
use noticeboard_domain::ids::{EventId, ImpactId, ObjectId, ProviderId};
use noticeboard_domain::impact::{EventRef, ImpactChanges};
use noticeboard_domain::inventory::{CircuitChanges, Label, ProviderChanges, Slug};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::status::{MaintenanceStatus, OutageStatus, Status};
use noticeboard_local::engine::Engine;
use noticeboard_store::{Bucket, Store};

use EventKind::{Maintenance, Outage};

/// Who changes things here.
pub fn actor(user: &str) -> Actor {
    Actor {
        user: user.into(),
        request_id: "request".into(),
        origin: Origin::Web,
        detail: "API".into(),
        message: String::new(),
    }
}

/// The name of the table.
pub const TABLE: &str = "house";

/// The use cases over a table of their own, and the table's stream.
#[derive(Debug)]
pub struct House {
    pub app: Arc<App>,
    pub engine: Engine,
    pub stream: String,
    pub provider: ProviderId,
}

impl House {
    pub async fn new() -> Self {
        let engine = Engine::memory().unwrap();
        let store = Store::new(engine.dynamodb(), TABLE);
        let stream = store.create_if_missing().await.unwrap().stream_arn.unwrap();
        let app = App::new(store, Bucket::memory(), Clock::system(), Settings::default());
        let provider = ProviderChanges {
            name: Some(Label::parse("Zayo").unwrap()),
            slug: Some(Slug::parse("zayo").unwrap()),
            ..ProviderChanges::default()
        };
        let provider = app.provider_create(&actor("noc"), provider).await.unwrap().id;
        Self { app, engine, stream, provider }
    }

    pub async fn circuit(&self, cid: &str) -> ObjectId {
        let changes = CircuitChanges {
            cid: Some(Label::parse(cid).unwrap()),
            provider: Some(self.provider),
            ..CircuitChanges::default()
        };
        self.app.circuit_create(&actor("noc"), changes).await.unwrap().0.id
    }

    pub async fn event(&self, kind: EventKind, name: &str, changes: EventChanges) -> EventId {
        let status = match kind {
            Maintenance => Status::Maintenance(MaintenanceStatus::Confirmed),
            Outage => Status::Outage(OutageStatus::Reported),
        };
        let changes = EventChanges {
            name: Some(Name::parse(name).unwrap()),
            summary: Some(Summary::parse("splice").unwrap()),
            provider: Some(self.provider),
            status: Some(status),
            start: "2026-12-01T02:00:00Z".parse().ok(),
            end: Some("2026-12-01T06:00:00Z".parse().ok()),
            ..changes
        };
        self.app.event_create(&actor("noc"), kind, changes).await.unwrap().stored.event.id
    }

    pub async fn change(&self, kind: EventKind, id: EventId, changes: EventChanges) {
        self.app.event_change(&actor("noc"), kind, id, changes, &Expected::default()).await.unwrap();
    }

    pub async fn impact(&self, kind: EventKind, id: EventId, circuit: ObjectId) -> ImpactId {
        let changes = ImpactChanges {
            event: EventRef { kind, id }.into(),
            target: ObjectRef::new(ObjectType::Circuit, circuit).into(),
            ..ImpactChanges::default()
        };
        self.app.impact_create(&actor("noc"), changes).await.unwrap().impact.id
    }

    /// The whole stream.
    pub async fn records(&self) -> Vec<Record> {
        let streams = self.engine.streams();
        let described = streams.describe_stream().stream_arn(&self.stream).send().await.unwrap();
        let mut records = Vec::new();
        for shard in described.stream_description.unwrap().shards() {
            let asked = streams.get_shard_iterator().stream_arn(&self.stream).shard_id(shard.shard_id().unwrap());
            let asked = asked.shard_iterator_type(ShardIteratorType::TrimHorizon);
            let mut iterator = asked.send().await.unwrap().shard_iterator;
            while let Some(place) = iterator {
                let found = streams.get_records().shard_iterator(place).send().await.unwrap();
                let batch = found.records.unwrap();
                iterator = found.next_shard_iterator.filter(|_| !batch.is_empty());
                records.extend(batch);
            }
        }
        records
    }
}

/// A record as Lambda hands it to a function.
pub fn event_record(record: Record) -> EventRecord {
    let change = record.dynamodb.unwrap();
    let mut made = EventRecord::default();
    made.event_id = record.event_id.unwrap();
    made.event_name = record.event_name.unwrap().as_str().to_owned();
    made.change.keys = change.keys.unwrap_or_default().into();
    made.change.new_image = change.new_image.unwrap_or_default().into();
    made.change.old_image = change.old_image.unwrap_or_default().into();
    made.change.sequence_number = change.sequence_number;
    made
}
