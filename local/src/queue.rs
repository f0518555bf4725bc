//! A durable FIFO queue for each broker, with the rules that SQS and Lambda have: in order within a group, a message
//! that fails holds up its group and no other, and ends as a dead letter when it fails too often.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use noticeboard_delivery::Hold;
use noticeboard_publish::{BrokerName, Queue, QueueError, QueueMessage};
use tokio::sync::Notify;

use crate::state::{State, StateError};

/// Messages of one call of the handler (SQS FIFO: 10).
const BATCH: usize = 10;
/// Messages that are read at a time to find some whose group is not held up.
const WINDOW: i32 = 100;
/// How long a message that failed is hidden where nobody says otherwise.
const PAUSE: Duration = Duration::from_millis(500);

/// The queue of one broker.
#[derive(Debug, Clone)]
pub(crate) struct LocalQueue {
    broker: BrokerName,
    state: State,
    arrived: Arc<Notify>,
    /// Deliveries of one message before it is a dead letter (`maxReceiveCount` of an SQS queue).
    max_receives: u32,
    /// How long messages are to be hidden, as the delivery says.
    pauses: Arc<Mutex<HashMap<String, Duration>>>,
}

impl Hold for LocalQueue {
    fn hold<'a>(
        &'a self,
        message: &'a SqsMessage,
        pause: Duration,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        let id = message.message_id.clone().unwrap_or_default();
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner).insert(id, pause);
        Box::pin(async { Ok(()) })
    }
}

#[derive(Debug)]
struct Held {
    receives: u32,
    until: Instant,
}

impl LocalQueue {
    pub(crate) fn new(broker: BrokerName, state: State, max_receives: u32) -> Self {
        Self { broker, state, arrived: Arc::default(), max_receives, pauses: Arc::default() }
    }

    /// Delivers until the future is dropped, or the queue fails.
    pub(crate) async fn deliver<H, F>(&self, handler: H) -> Result<Infallible, StateError>
    where
        H: Fn(SqsEvent) -> F,
        F: Future<Output = SqsBatchResponse>,
    {
        let mut held: HashMap<String, Held> = HashMap::new();
        loop {
            let arrived = self.arrived.notified();
            let (batch, wake) = self.batch(&held).await?;
            if batch.is_empty() {
                let wake = wake.map_or(Duration::from_secs(60), |at| at.saturating_duration_since(Instant::now()));
                tokio::select! {
                    () = arrived => {}
                    () = tokio::time::sleep(wake) => {}
                }
                continue;
            }
            let mut event = SqsEvent::default();
            event.records = batch
                .iter()
                .map(|(sk, message)| {
                    self.record(sk, message, 1 + held.get(&message.event.partitionkey).map_or(0, |held| held.receives))
                })
                .collect();
            let response = handler(event).await;
            let failed: HashSet<&str> =
                response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
            // An identifier that is empty or not ours fails the whole batch, as on AWS.
            let all = failed.iter().any(|id| !batch.iter().any(|(sk, _)| sk == id));
            for (sk, message) in &batch {
                if !all && !failed.contains(sk.as_str()) {
                    self.state.delete(&partition(&self.broker), sk).await?;
                    held.remove(&message.event.partitionkey);
                    continue;
                }
                // Only the first failure of a group counts: those behind it were not tried.
                let group = message.event.partitionkey.clone();
                let now = Instant::now();
                let tried = held.get(&group).is_none_or(|held| held.until <= now);
                if !tried {
                    continue;
                }
                let receives = held.get(&group).map_or(0, |held| held.receives) + 1;
                if receives >= self.max_receives {
                    self.bury(sk, message).await?;
                    held.remove(&group);
                    continue;
                }
                let asked = self.pauses.lock().unwrap_or_else(PoisonError::into_inner).remove(sk);
                let pause = asked.unwrap_or(PAUSE);
                held.insert(group, Held { receives, until: now + pause });
            }
        }
    }

    /// The first messages whose groups are not held up, and when the next group is free again.
    async fn batch(
        &self,
        held: &HashMap<String, Held>,
    ) -> Result<(Vec<(String, QueueMessage)>, Option<Instant>), StateError> {
        let (mut batch, mut wake) = (Vec::new(), None::<Instant>);
        let mut after = None;
        loop {
            let page = self.state.list(&partition(&self.broker), after.as_deref(), WINDOW).await?;
            after = page.last().map(|(sk, _)| sk.clone());
            for (sk, body) in page {
                let Ok(message) = serde_json::from_str::<QueueMessage>(&body) else {
                    tracing::error!(broker = %self.broker, sk, "a message of the queue cannot be read");
                    self.state.put(&dead_letters(&self.broker), &sk, &body).await?;
                    self.state.delete(&partition(&self.broker), &sk).await?;
                    continue;
                };
                if let Some(held) = held.get(&message.event.partitionkey)
                    && held.until > Instant::now()
                {
                    wake = Some(wake.map_or(held.until, |at| at.min(held.until)));
                    continue;
                }
                batch.push((sk, message));
                if batch.len() == BATCH {
                    return Ok((batch, wake));
                }
            }
            if after.is_none() {
                return Ok((batch, wake));
            }
        }
    }

    async fn bury(&self, sk: &str, message: &QueueMessage) -> Result<(), StateError> {
        tracing::error!(broker = %self.broker, message = message.event.id, "not delivered: it is a dead letter now");
        let body = message.body().unwrap_or_default();
        self.state.put(&dead_letters(&self.broker), &message.event.id, &body).await?;
        self.state.delete(&partition(&self.broker), sk).await
    }

    fn record(&self, sk: &str, message: &QueueMessage, receives: u32) -> SqsMessage {
        let mut record = SqsMessage::default();
        record.message_id = Some(sk.to_owned());
        record.body = message.body().ok();
        record.attributes.insert("MessageGroupId".to_owned(), message.group());
        record.attributes.insert("ApproximateReceiveCount".to_owned(), receives.to_string());
        record.event_source = Some("aws:sqs".to_owned());
        record
    }
}

fn partition(broker: &BrokerName) -> String {
    format!("QUEUE#{broker}")
}

fn dead_letters(broker: &BrokerName) -> String {
    format!("DEADLETTER#{broker}")
}

impl Queue for LocalQueue {
    fn send<'a>(
        &'a self,
        message: &'a QueueMessage,
    ) -> Pin<Box<dyn Future<Output = Result<(), QueueError>> + Send + 'a>> {
        Box::pin(async move {
            let failed = |detail: String| QueueError { broker: message.broker.clone(), detail };
            let body = message.body().map_err(failed)?;
            // A message that the stream tells again takes the place that it has, if it is not delivered yet.
            let place = format!("{:016}#{}", message.place, message.event.id);
            let put = self.state.put(&partition(&self.broker), &place, &body).await;
            put.map_err(|error| failed(error.to_string()))?;
            self.arrived.notify_one();
            Ok(())
        })
    }
}
