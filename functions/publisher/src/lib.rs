//! Reads the table's stream and hands one message for every change to the queue of each broker. It sends nothing
//! itself: a broker that is down holds up neither the stream nor the other brokers.
//!
//! **Must not know**: how brokers send, and what the changelog does.

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use noticeboard_publish::{BrokerName, CloudEvent, Queue, QueueMessage};
use noticeboard_store::{Store, StreamItem};

/// The queues to write to.
#[derive(Debug)]
pub struct Publisher {
    store: Store,
    queues: Vec<(BrokerName, Box<dyn Queue>)>,
}

impl Publisher {
    /// A publisher for these brokers.
    pub fn new(store: Store, queues: Vec<(BrokerName, Box<dyn Queue>)>) -> Self {
        Self { store, queues }
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
        let item = self.store.stream_item(record).await;
        let change = match item.map_err(|error| format!("{error} {}", error.detail().unwrap_or_default()))? {
            StreamItem::Change(change) => change,
            StreamItem::Nothing => return Ok(()),
        };
        let (event, place) = (CloudEvent::of(&change), change.stamp.id.get());
        for (broker, queue) in &self.queues {
            let message = QueueMessage { broker: broker.clone(), place, event: event.clone() };
            queue.send(&message).await.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}
