//! Takes messages from the brokers' queues and sends them, in order within each group.
//!
//! **Must not know**: the table, and where the messages come from.

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use noticeboard_publish::{Broker, QueueMessage};

/// Hides a message of a queue, and with it its group, before it is delivered again. A queue counts the deliveries
/// itself, and makes a message that failed too often a dead letter.
pub trait Hold: Send + Sync + fmt::Debug {
    /// Tells the queue of a message that was not sent: it is hidden for the pause from now on, where there is one, and
    /// a queue that keeps reasons keeps why.
    fn hold<'a>(
        &'a self,
        message: &'a SqsMessage,
        unsent: &'a Unsent,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}

/// The brokers that this function may send to.
#[derive(Debug)]
pub struct Delivery {
    brokers: Vec<Broker>,
    hold: Box<dyn Hold>,
}

/// A message that was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    /// Why. No secret is in it.
    pub detail: String,
    /// How long to leave it alone, where that is known.
    pub pause: Option<Duration>,
}

impl From<String> for Unsent {
    fn from(detail: String) -> Self {
        Self { detail, pause: None }
    }
}

impl Delivery {
    /// A delivery to these brokers, from queues that can hide what they could not take.
    pub fn new(brokers: Vec<Broker>, hold: Box<dyn Hold>) -> Self {
        Self { brokers, hold }
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
                    Err(unsent) => {
                        tracing::error!(error = unsent.detail, pause = ?unsent.pause, "a message is not delivered yet");
                        if let Err(error) = self.hold.hold(message, &unsent).await {
                            // Then it comes back when the queue's own time is over.
                            tracing::error!(error, "a message cannot be hidden");
                        }
                    }
                }
            }
            stuck.insert(group);
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.clone().unwrap_or_default();
            response.batch_item_failures.push(failure);
        }
        response
    }

    async fn send(&self, record: &SqsMessage) -> Result<(), Unsent> {
        let body = record.body.as_deref().unwrap_or_default();
        let message: QueueMessage = serde_json::from_str(body).map_err(|error| format!("not our message: {error}"))?;
        let broker = self.brokers.iter().find(|broker| broker.settings.name == message.broker);
        let broker = broker.ok_or_else(|| format!("NOTICEBOARD_BROKERS has no broker {}", message.broker))?;
        broker.send(&message.event).await.map_err(|error| {
            let attempt = record.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
            let pauses = &broker.settings.pauses;
            let pause = pauses.after(attempt.unwrap_or(1), error.retry_after, rand::random());
            Unsent { detail: error.to_string(), pause: Some(pause) }
        })
    }
}
