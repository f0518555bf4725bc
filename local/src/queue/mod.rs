//! What an SQS FIFO queue and Lambda do for one broker, durable in a table: in order within a group, a message that
//! fails is hidden for a while and holds up its group and no other, and is a dead letter when it failed too often.
//!
//! One message is delivered at a time in each group, so that exactly what was tried counts as received; several groups
//! are delivered at the same time. A message leaves the table when it is delivered or a dead letter, so that no end of
//! the program loses any; one that was being delivered at that moment is delivered again, and not counted.

mod waiting;

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use noticeboard_delivery::{Hold, Unsent};
use noticeboard_domain::time::Time;
use noticeboard_publish::{BrokerName, MAX_PAUSE, Queue, QueueError, QueueMessage};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::Instant;

use self::waiting::{Taken, Waiting};
use crate::call::call;
use crate::dead_letters::{About, DeadLetters, Origin};
use crate::state::{State, StateError, Write};

/// Groups of one broker that are delivered at the same time.
const MAX_CALLS: usize = 16;
/// How long a broker is left alone that took none of the last [`MAX_CALLS`] messages. Attempts in vain use the engine
/// and the processor that all share.
const REST: Duration = Duration::from_millis(100);
/// How long one call of the delivery may take (`Timeout` of the function in `template.yaml`).
pub(crate) const CALL_LIMIT: Duration = Duration::from_secs(30);
/// How long a message that failed is hidden where nobody says otherwise.
const PAUSE: Duration = Duration::from_millis(500);
/// Keys that are read at a time when a queue is opened.
const PAGE: i32 = 1000;

/// The queue of one broker. Clones are the same queue.
#[derive(Debug, Clone)]
pub(crate) struct LocalQueue(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    broker: BrokerName,
    /// Receives of one message before it is a dead letter (`maxReceiveCount` of an SQS queue).
    max_receives: u32,
    call_limit: Duration,
    state: State,
    dead_letters: DeadLetters,
    waiting: Mutex<Waiting>,
    /// What the delivery says of messages that it could not send, by their keys.
    unsent: Mutex<HashMap<String, Unsent>>,
    arrived: Notify,
}

/// What is stored of a message that was received in vain.
#[derive(Debug, Serialize, Deserialize)]
struct Received {
    times: u32,
    hidden_until: Time,
}

/// A message that was taken, and what became of it.
struct Attempt {
    taken: Taken,
    /// Why it was not delivered, with the message.
    failed: Option<(Unsent, String)>,
}

impl LocalQueue {
    pub(crate) fn new(
        broker: BrokerName,
        max_receives: u32,
        call_limit: Duration,
        state: State,
        dead_letters: DeadLetters,
    ) -> Self {
        let (waiting, unsent, arrived) = (Mutex::default(), Mutex::default(), Notify::new());
        Self(Arc::new(Inner { broker, max_receives, call_limit, state, dead_letters, waiting, unsent, arrived }))
    }

    /// Whose queue it is.
    pub(crate) fn broker(&self) -> &BrokerName {
        &self.0.broker
    }

    /// Puts a message back that was a dead letter, in one transaction with what else is to be written; false when
    /// something that this takes is gone.
    pub(crate) async fn put_back(
        &self,
        message: &QueueMessage,
        body: String,
        mut writes: Vec<Write>,
    ) -> Result<bool, StateError> {
        let key = key(message);
        writes.push(Write::Put { pk: self.messages(), sk: key.clone(), value: body });
        let is_done = self.0.state.write(writes).await?;
        if is_done {
            self.arrive(key);
        }
        Ok(is_done)
    }

    fn arrive(&self, key: String) {
        self.waiting().arrive(key, Instant::now());
        self.0.arrived.notify_one();
    }

    /// Delivers until the future is dropped, or the queue fails.
    pub(crate) async fn deliver<H, F>(&self, handler: H) -> Result<Infallible, StateError>
    where
        H: Fn(SqsEvent) -> F,
        F: Future<Output = SqsBatchResponse>,
    {
        self.load().await?;
        let (mut calls, mut ended) = (FuturesUnordered::new(), Vec::new());
        let (mut in_vain, mut rest) = (0, Instant::now());
        loop {
            let arrived = self.0.arrived.notified();
            while calls.len() < MAX_CALLS
                && rest <= Instant::now()
                && let Some(taken) = self.take()
            {
                calls.push(self.attempt(taken, &handler));
            }
            let due = self.waiting().due().filter(|_| calls.len() < MAX_CALLS).map(|due| due.max(rest));
            tokio::select! {
                Some(attempt) = calls.next() => ended.push(attempt?),
                () = arrived => {}
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            }
            while !ended.is_empty() {
                let failed = ended.iter().filter(|attempt: &&Attempt| attempt.failed.is_some()).count();
                in_vain = if failed == ended.len() { in_vain + failed } else { 0 };
                let mut settled = pin!(self.settle(std::mem::take(&mut ended)));
                // The calls go on meanwhile: the engine serves one after another, and one of them may be the next. Those
                // that end are written down together.
                loop {
                    tokio::select! {
                        done = &mut settled => break done?,
                        Some(attempt) = calls.next() => ended.push(attempt?),
                    }
                }
                if in_vain >= MAX_CALLS {
                    rest = Instant::now() + REST;
                }
            }
        }
    }

    /// Finds out which messages wait. What comes meanwhile is added as ever.
    async fn load(&self) -> Result<(), StateError> {
        *self.waiting() = Waiting::default();
        let mut after = None;
        loop {
            let page = self.0.state.keys(&self.messages(), after.as_deref(), PAGE).await?;
            after = page.last().cloned();
            if after.is_none() {
                break;
            }
            let (now, mut waiting) = (Instant::now(), self.waiting());
            page.into_iter().for_each(|key| waiting.arrive(key, now));
        }
        loop {
            let page = self.0.state.list(&self.received(), after.as_deref(), PAGE).await?;
            after = page.last().map(|(key, _)| key.clone());
            if after.is_none() {
                return Ok(());
            }
            let now = self.0.dead_letters.now();
            let mut waiting = self.waiting();
            for (key, value) in page {
                let Ok(Received { times, hidden_until }) = serde_json::from_str(&value) else {
                    tracing::error!(broker = %self.0.broker, key, "how often a message was received cannot be read");
                    continue;
                };
                // A clock that was set back since must not hide a message for longer than any pause.
                let pause = (hidden_until - now).to_std().unwrap_or_default().min(MAX_PAUSE);
                waiting.hide(key, times, Instant::now() + pause);
            }
        }
    }

    /// Delivers a message.
    async fn attempt<H, F>(&self, taken: Taken, handler: &H) -> Result<Attempt, StateError>
    where
        H: Fn(SqsEvent) -> F,
        F: Future<Output = SqsBatchResponse>,
    {
        let Some(body) = self.0.state.get(&self.messages(), &taken.key).await? else {
            return Ok(Attempt { taken, failed: None });
        };
        let mut record = SqsMessage::default();
        record.message_id = Some(taken.key.clone());
        record.body = Some(body.clone());
        let group = format!("{}/{}", self.0.broker, waiting::group(&taken.key));
        record.attributes.insert("MessageGroupId".to_owned(), group);
        record.attributes.insert("ApproximateReceiveCount".to_owned(), (taken.receives + 1).to_string());
        record.event_source = Some("aws:sqs".to_owned());
        let mut event = SqsEvent::default();
        event.records = vec![record];
        let answer = call(handler(event), self.0.call_limit).await;
        let told = self.unsent().remove(&taken.key);
        let failed = match answer {
            // The only message of its batch failed, whatever identifier the answer gives it.
            Ok(answer) if !answer.batch_item_failures.is_empty() => {
                Some(told.unwrap_or_else(|| Unsent::from("the delivery does not say why".to_owned())))
            }
            Ok(_) => None,
            Err(error) => Some(Unsent::from(format!("the delivery failed: {error}"))),
        };
        Ok(Attempt { taken, failed: failed.map(|unsent| (unsent, body)) })
    }

    /// Writes down what became of messages, and lets the next of their groups go on.
    async fn settle(&self, attempts: Vec<Attempt>) -> Result<(), StateError> {
        let (mut writes, mut settled) = (Vec::new(), Vec::new());
        for Attempt { taken, failed } in attempts {
            let times = taken.receives + 1;
            let removal = self.removal(&taken);
            let hidden = match failed {
                None => {
                    writes.extend(removal);
                    None
                }
                Some((unsent, body)) if times >= self.0.max_receives => {
                    self.bury(times, unsent.detail, &body, removal).await?;
                    None
                }
                Some((unsent, _)) => {
                    let pause = unsent.pause.unwrap_or(PAUSE);
                    let hidden_until = self.0.dead_letters.now() + pause;
                    // Two numbers and a time.
                    let value = serde_json::to_string(&Received { times, hidden_until }).unwrap_or_default();
                    writes.push(Write::Put { pk: self.received(), sk: taken.key.clone(), value });
                    Some((times, Instant::now() + pause))
                }
            };
            settled.push((taken.key, hidden));
        }
        self.0.state.write(writes).await?;
        let mut waiting = self.waiting();
        settled.into_iter().for_each(|(key, hidden)| waiting.give_back(&key, hidden));
        Ok(())
    }

    fn removal(&self, taken: &Taken) -> Vec<Write> {
        let mut writes = vec![Write::Delete { pk: self.messages(), sk: taken.key.clone() }];
        if taken.receives > 0 {
            writes.push(Write::Delete { pk: self.received(), sk: taken.key.clone() });
        }
        writes
    }

    async fn bury(&self, attempts: u32, error: String, body: &str, removal: Vec<Write>) -> Result<(), StateError> {
        let origin = Origin::Queue(self.0.broker.clone());
        let about = match serde_json::from_str::<QueueMessage>(body) {
            Ok(QueueMessage { event, .. }) => {
                let (message, topic, group) = (event.id, Some(event.topic), event.partitionkey);
                About { origin, message, topic, group, attempts, error }
            }
            Err(_) => About { origin, message: String::new(), topic: None, group: String::new(), attempts, error },
        };
        tracing::error!(broker = %self.0.broker, message = about.message, "not delivered: it is a dead letter now");
        self.0.dead_letters.bury(about, body, removal).await
    }

    /// The partition of the messages.
    fn messages(&self) -> String {
        format!("QUEUE#{}", self.0.broker)
    }

    /// The partition of what is known of messages that were received in vain.
    fn received(&self) -> String {
        format!("RECEIVED#{}", self.0.broker)
    }

    fn take(&self) -> Option<Taken> {
        self.waiting().take(Instant::now())
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unsent(&self) -> MutexGuard<'_, HashMap<String, Unsent>> {
        self.0.unsent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a message is in its queue. One that the stream tells again takes the place that it has, if it is not delivered
/// yet; one that comes back from the dead letters takes the place that it had.
fn key(message: &QueueMessage) -> String {
    waiting::key(&message.event.partitionkey, message.place, &message.event.id)
}

impl Queue for LocalQueue {
    fn send<'a>(
        &'a self,
        message: &'a QueueMessage,
    ) -> Pin<Box<dyn Future<Output = Result<(), QueueError>> + Send + 'a>> {
        Box::pin(async move {
            let failed = |detail: String| QueueError { broker: message.broker.clone(), detail };
            let body = message.body().map_err(failed)?;
            let key = key(message);
            let put = self.0.state.put(&self.messages(), &key, &body).await;
            put.map_err(|error| failed(error.to_string()))?;
            self.arrive(key);
            Ok(())
        })
    }
}

impl Hold for LocalQueue {
    fn hold<'a>(
        &'a self,
        message: &'a SqsMessage,
        unsent: &'a Unsent,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        let key = message.message_id.clone().unwrap_or_default();
        self.unsent().insert(key, unsent.clone());
        Box::pin(async { Ok(()) })
    }
}

#[cfg(test)]
mod tests;
