//! Takes messages from a broker's queue and sends them, in order within each event.
//!
//! **Must not know**: the table, and where the messages come from.

use std::collections::HashSet;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use noticeboard_publish::{Broker, QueueMessage};

/// The brokers that this function may send to.
#[derive(Debug)]
pub struct Delivery {
    brokers: Vec<Broker>,
}

impl Delivery {
    /// A delivery to these brokers.
    pub fn new(brokers: Vec<Broker>) -> Self {
        Self { brokers }
    }

    /// Handles one batch of a queue. A message that fails is left in the queue, and with it those behind it in the same
    /// group, so that none overtakes it.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        let mut stuck: HashSet<String> = HashSet::new();
        for message in &event.records {
            let group = message.attributes.get("MessageGroupId").cloned().unwrap_or_default();
            if !stuck.contains(&group) {
                match self.send(message).await {
                    Ok(()) => continue,
                    Err(error) => tracing::error!(error, "a message is not delivered yet"),
                }
            }
            stuck.insert(group);
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.clone().unwrap_or_default();
            response.batch_item_failures.push(failure);
        }
        response
    }

    async fn send(&self, message: &SqsMessage) -> Result<(), String> {
        let body = message.body.as_deref().unwrap_or_default();
        let message: QueueMessage = serde_json::from_str(body).map_err(|error| format!("not our message: {error}"))?;
        let broker = self.brokers.iter().find(|broker| broker.name() == message.broker);
        let broker = broker.ok_or_else(|| format!("NOTICEBOARD_BROKERS has no broker {}", message.broker))?;
        broker.send(&message.event).await.map_err(|error| error.to_string())
    }
}
