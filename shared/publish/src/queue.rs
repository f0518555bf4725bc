//! The queue in front of a broker: in order within a group, each message kept until it is delivered.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use aws_sdk_sqs::Client;
use noticeboard_domain::change::Action;
use noticeboard_domain::told::Told;
use serde::{Deserialize, Serialize};

use crate::cloud_event::CloudEvent;
use crate::settings::BrokerName;

/// What a queue carries: which broker is to send what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueMessage {
    /// The broker.
    pub broker: BrokerName,
    /// The message's place among those of its `partitionkey`: it rises with each.
    #[serde(default)]
    pub place: u64,
    /// The message.
    pub event: CloudEvent,
}

impl QueueMessage {
    /// The place of the messages that tell one thing.
    pub fn place(told: &Told) -> u64 {
        match told {
            Told::Change(change) => change.stamp.id.get(),
            Told::Token { action, token, .. } => token.revision + u64::from(*action == Action::Delete),
            Told::Job(job) => 1 + u64::from(job.completed.is_some()),
            Told::Decision(item) => item.revision.version,
        }
    }

    /// The message as JSON that a queue takes: without its payload where that is too large.
    ///
    /// # Errors
    /// When it is too large even so.
    pub fn body(&self) -> Result<String, String> {
        let encode = |message: &Self| serde_json::to_string(message).map_err(|error| error.to_string());
        let whole = encode(self)?;
        let text =
            if whole.len() <= MAX_BYTES { whole } else { encode(&Self { event: self.event.thin(), ..self.clone() })? };
        if text.len() <= MAX_BYTES {
            Ok(text)
        } else {
            Err(format!("{} does not fit {MAX_BYTES} bytes", self.event.id))
        }
    }
}

impl QueueMessage {
    /// What stays in order: the messages of one broker about one event, or about one object outside of events. One
    /// queue may serve several brokers; they do not wait for each other.
    pub fn group(&self) -> String {
        format!("{}/{}", self.broker, self.event.partitionkey)
    }
}

/// The largest message that SQS takes.
const MAX_BYTES: usize = 262_144;

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
                .message_group_id(clip(&message.group()))
                .message_deduplication_id(clip(&message.event.id))
                .send()
                .await
                .map(drop)
                .map_err(|error| failed(format!("{error:?}")))
        })
    }
}
