//! Reads the table's stream and hands what it tells to the queue of each broker that wants it. It sends nothing
//! itself: a broker that is down holds up neither the stream nor the other brokers.
//!
//! **Must not know**: how brokers send, and what the changelog does.

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use noticeboard_publish::{BrokerName, CloudEvent, Queue, QueueMessage, Topics};
use noticeboard_store::Store;

/// The queues to write to.
#[derive(Debug)]
pub struct Publisher {
    store: Store,
    brokers: Vec<Subscriber>,
}

/// A broker, as far as the publisher knows it.
#[derive(Debug)]
pub struct Subscriber {
    /// Its name.
    pub name: BrokerName,
    /// What it wants to be told of.
    pub topics: Topics,
    /// Its queue.
    pub queue: Box<dyn Queue>,
}

impl Publisher {
    /// A publisher for these brokers.
    pub fn new(store: Store, brokers: Vec<Subscriber>) -> Self {
        Self { store, brokers }
    }

    /// Handles one batch of the stream, in its order, as `noticeboard-changelog` does.
    pub async fn handle(&self, event: Event) -> DynamoDbEventResponse {
        let mut response = DynamoDbEventResponse::default();
        for record in &event.records {
            if let Err(error) = self.publish(record).await {
                let sequence = record.change.sequence_number.clone().unwrap_or_default();
                tracing::error!(sequence, error, "a change is not published yet");
                let mut failure = DynamoDbBatchItemFailure::default();
                failure.item_identifier = Some(sequence);
                response.batch_item_failures.push(failure);
                break;
            }
        }
        response
    }

    async fn publish(&self, record: &EventRecord) -> Result<(), String> {
        let told = self.store.told(record).await;
        let told = told.map_err(|error| format!("{error} {}", error.detail().unwrap_or_default()))?;
        let Some(told) = told else {
            return Ok(());
        };
        let (place, events) = (QueueMessage::place(&told), CloudEvent::of(&told));
        for broker in &self.brokers {
            for event in events.iter().filter(|event| broker.topics.wants(&event.topic)) {
                let message = QueueMessage { broker: broker.name.clone(), place, event: event.clone() };
                broker.queue.send(&message).await.map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }
}
