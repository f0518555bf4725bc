//! A change becomes a message that other systems can subscribe to.
//!
//! **For**: the envelope (CloudEvents 1.0), the topics and payloads of the Nautobot contract, the queue of each broker,
//! and the brokers that send. A new kind of broker is one module, one variant of [`BrokerKind`] and one of what
//! [`Broker`] sends with.
//!
//! **Must not know**: the table, and how a change came about.
//!
//! Invariants: one change is always the same message, under the same id; the messages of one object carry a sequence
//! that rises in the order of its changes.

mod broker;
mod cloud_event;
mod log;
mod pauses;
mod queue;
mod redis;
mod secret;
mod settings;
mod sns;
mod syslog;
mod topics;
mod webhook;

pub use broker::{Broker, SendError, TIME_LIMIT};
pub use cloud_event::{About, CloudEvent};
pub use pauses::{MAX_PAUSE, Pauses};
pub use queue::{Queue, QueueError, QueueMessage, SqsQueue};
pub use redis::RedisSettings;
pub use settings::{BrokerKind, BrokerName, BrokerSettings, Payload, Subscription};
pub use sns::SnsSettings;
pub use syslog::SyslogSettings;
pub use topics::Topics;
pub use webhook::WebhookSettings;
