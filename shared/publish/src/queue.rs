//! The queue in front of a broker: in order within a group, each message kept until it is delivered.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use aws_sdk_sqs::Client;
use serde::{Deserialize, Serialize};

use crate::broker::BrokerName;
use crate::cloud_event::CloudEvent;

/// What a queue carries: which broker is to send what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueMessage {
    /// The broker.
    pub broker: BrokerName,
    /// The id of the change, which rises in time: the message's place among those of its event.
    #[serde(default)]
    pub place: u64,
    /// The message.
    pub event: CloudEvent,
}

impl QueueMessage {
    /// The message as JSON that a queue takes: without its payload where that is too large.
    ///
    /// # Errors
    /// When it is too large even so.
    pub fn body(&self) -> Result<String, String> {
        let event = self.event.within(MAX_EVENT_BYTES)?;
        let event = serde_json::from_str(&event).map_err(|error| error.to_string())?;
        let message = Self { event, ..self.clone() };
        serde_json::to_string(&message).map_err(|error| error.to_string())
    }
}

/// The largest message of a queue: SQS takes 262,144 bytes, and the broker's name and the place go with it.
const MAX_EVENT_BYTES: usize = 260_000;

/// A queue does not take a message now.
#[derive(Debug, thiserror::Error)]
#[error("the queue of {broker} does not take a message: {detail}")]
pub struct QueueError {
    /// Whose queue.
    pub broker: BrokerName,
    /// Why.
    pub detail: String,
}

/// The end of a queue that the publisher writes to: SQS FIFO on AWS, a durable local one in `serve`.
pub trait Queue: Send + Sync + fmt::Debug {
    /// Adds a message behind those of the same `partitionkey`. One with the same id is taken once, at least while the
    /// queue remembers it (SQS: five minutes).
    fn send<'a>(
        &'a self,
        message: &'a QueueMessage,
    ) -> Pin<Box<dyn Future<Output = Result<(), QueueError>> + Send + 'a>>;
}

/// An SQS FIFO queue.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// The queue at this address.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }
}

/// SQS takes message group and deduplication ids of at most this length.
const MAX_ID: usize = 128;

impl Queue for SqsQueue {
    fn send<'a>(
        &'a self,
        message: &'a QueueMessage,
    ) -> Pin<Box<dyn Future<Output = Result<(), QueueError>> + Send + 'a>> {
        Box::pin(async move {
            let failed = |detail: String| QueueError { broker: message.broker.clone(), detail };
            let body = message.body().map_err(failed)?;
            let clip = |text: &str| text.chars().take(MAX_ID).collect::<String>();
            self.client
                .send_message()
                .queue_url(&self.url)
                .message_body(body)
                .message_group_id(clip(&message.event.partitionkey))
                .message_deduplication_id(clip(&message.event.id))
                .send()
                .await
                .map(drop)
                .map_err(|error| failed(format!("{error:?}")))
        })
    }
}
