//! Reads the table's stream and hands what it tells to the queue of each broker that wants it. It sends nothing
//! itself: a broker that is down holds up neither the stream nor the other brokers.
//!
//! **Must not know**: how brokers send, and what the changelog does.

use std::collections::BTreeMap;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use futures_util::stream::{self, StreamExt};
use noticeboard_publish::{BrokerName, CloudEvent, Queue, QueueMessage, Topics};
use noticeboard_store::Store;

/// The queues to write to.
#[derive(Debug)]
pub struct Publisher {
    store: Store,
    brokers: Vec<Subscriber>,
    base_url: Option<String>,
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
    /// A publisher for these brokers; messages name the public address, where it is known.
    pub fn new(store: Store, brokers: Vec<Subscriber>, base_url: Option<String>) -> Self {
        Self { store, brokers, base_url }
    }

    /// Handles one batch of the stream, in its order, as `noticeboard-changelog` does. Messages of one group are sent one
    /// after the other, several groups at the same time.
    pub async fn handle(&self, event: Event) -> DynamoDbEventResponse {
        let mut response = DynamoDbEventResponse::default();
        if let Err((at, error)) = self.publish(&event.records).await {
            let sequence = event.records.get(at).and_then(|record| record.change.sequence_number.clone());
            let sequence = sequence.unwrap_or_default();
            tracing::error!(sequence, error, "a change is not published yet");
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(sequence);
            response.batch_item_failures.push(failure);
        }
        response
    }

    /// Publishes what a batch tells; the error is the first record of which not all is in the queues, and why. What
    /// others behind it tell may be there: their messages are told again, under the same ids.
    async fn publish(&self, records: &[EventRecord]) -> Result<(), (usize, String)> {
        let mut groups: BTreeMap<(usize, String), Vec<(usize, QueueMessage)>> = BTreeMap::new();
        let mut first_failure = None;
        for (at, record) in records.iter().enumerate() {
            let told = match self.store.told(record).await {
                Ok(Some(told)) => told,
                Ok(None) => continue,
                Err(error) => {
                    first_failure = Some((at, format!("{error} {}", error.detail().unwrap_or_default())));
                    break;
                }
            };
            let (place, events) = (QueueMessage::place(&told), CloudEvent::of(&told, self.base_url.as_deref()));
            for (number, broker) in self.brokers.iter().enumerate() {
                for event in events.iter().filter(|event| broker.topics.wants(&event.topic)) {
                    let message = QueueMessage { broker: broker.name.clone(), place, event: event.clone() };
                    groups.entry((number, message.group())).or_default().push((at, message));
                }
            }
        }
        let sent = groups.into_iter().map(|((number, _), messages)| self.send(number, messages));
        let mut sent = stream::iter(sent).buffer_unordered(GROUPS_AT_ONCE);
        while let Some(done) = sent.next().await {
            if let Err((at, error)) = done
                && first_failure.as_ref().is_none_or(|(first, _)| at < *first)
            {
                first_failure = Some((at, error));
            }
        }
        first_failure.map_or(Ok(()), Err)
    }

    /// Sends the messages of one group to one broker's queue, in their order.
    async fn send(&self, broker: usize, messages: Vec<(usize, QueueMessage)>) -> Result<(), (usize, String)> {
        let Some(broker) = self.brokers.get(broker) else {
            return Ok(());
        };
        for (at, message) in &messages {
            broker.queue.send(message).await.map_err(|error| (*at, error.to_string()))?;
        }
        Ok(())
    }
}

/// Groups whose messages are sent at the same time: a call of SQS takes some ten milliseconds.
const GROUPS_AT_ONCE: usize = 16;
