//! A change becomes a message that other systems can subscribe to.
//!
//! **For**: the envelope (CloudEvents 1.0), the topics and payloads of the Nautobot contract, the queue of each broker,
//! and the brokers that send. A new kind of broker is one module and one variant of [`Broker`].
//!
//! **Must not know**: the table, and how a change came about.
//!
//! Invariants: one change is always the same message, under the same id; the messages of one object carry a sequence
//! that rises in the order of its changes.

mod broker;
mod cloud_event;
mod log;
mod queue;
mod sns;

pub use broker::{Broker, BrokerName, BrokerSetting, SendError};
pub use cloud_event::CloudEvent;
pub use queue::{Queue, QueueError, QueueMessage, SqsQueue};
