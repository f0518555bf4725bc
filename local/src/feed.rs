//! The rules by which Lambda hands the records of one shard to a function, and one more that Lambda does not have.
//!
//! - An answer that names records as failed: those before the lowest one are handled, all from there on are handed over
//!   again. An answer that names none is a success. One with an identifier that is empty or not of the batch, a panic,
//!   and a call that takes too long fail the whole batch.
//! - A batch that failed without naming a record is halved until the record is alone; that counts as no attempt.
//! - A record is tried so often, with growing pauses, and is a dead letter then.
//! - Lambda holds up the shard all that time. Here the failed record is set aside, and with it what follows of the same
//!   partition of the table, so that each object's changes stay in order; all else goes on at once. The checkpoint
//!   stays before the first record that is set aside, so that a restart forgets none.
//!
//! There is no largest age: changes that were made before the program was stopped are told when it runs again.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::DynamoDbEventResponse;
use tokio::time::Instant;

use crate::call::call;

/// Partitions that may be set aside. While there are more, the shard waits: what fails everywhere is no record's fault.
const MAX_ASIDE: usize = 10;
/// Records that may wait behind those that are set aside. While there are more, the shard waits.
const MAX_BEHIND: usize = 1000;

/// How often a record is tried, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Attempts before it is a dead letter (`MaximumRetryAttempts` and one more).
    pub(crate) attempts: u32,
    /// The pause after the first failure; each further one is twice as long.
    pub(crate) first_pause: Duration,
    /// The longest pause.
    pub(crate) longest_pause: Duration,
    /// How long one call may take (`Timeout` of the function).
    pub(crate) call_limit: Duration,
}

impl Rules {
    /// The pause after this many attempts.
    fn pause(&self, attempts: u32) -> Duration {
        let doubled = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first_pause.saturating_mul(doubled).min(self.longest_pause)
    }
}

/// A record that was tried as often as the rules say.
#[derive(Debug)]
pub(crate) struct Dead {
    pub(crate) record: EventRecord,
    pub(crate) attempts: u32,
    /// How the last attempt failed.
    pub(crate) error: String,
}

/// The records of one shard that a function was handed and has not handled.
#[derive(Debug)]
pub(crate) struct Feed {
    rules: Rules,
    /// Records that came so far: the place of the next one.
    count: u64,
    /// The sequence number of the last record that came.
    newest: Option<String>,
    /// The places of records that are neither handled nor dead, each with the sequence number of the record before it.
    open: BTreeMap<u64, Option<String>>,
    /// What is set aside, by partition.
    aside: BTreeMap<String, Aside>,
}

#[derive(Debug)]
struct Entry {
    place: u64,
    record: EventRecord,
}

#[derive(Debug)]
struct Aside {
    failed: Entry,
    attempts: u32,
    due: Instant,
    behind: Vec<Entry>,
}

/// What became of a batch.
enum Outcome {
    /// It is handled.
    Handled,
    /// It is handled up to this record, which failed.
    Named(usize),
    /// It failed as a whole; why.
    Whole(String),
}

impl Feed {
    pub(crate) fn new(rules: Rules) -> Self {
        Self { rules, count: 0, newest: None, open: BTreeMap::new(), aside: BTreeMap::new() }
    }

    /// Hands over the next records of the shard. The answer is those that are dead now.
    pub(crate) async fn feed<H, F>(&mut self, records: Vec<EventRecord>, function: &H) -> Vec<Dead>
    where
        H: Fn(Event) -> F,
        F: Future<Output = DynamoDbEventResponse>,
    {
        let mut entries = Vec::with_capacity(records.len());
        for record in records {
            self.open.insert(self.count, self.newest.take());
            self.newest.clone_from(&record.change.sequence_number);
            entries.push(Entry { place: self.count, record });
            self.count += 1;
        }
        self.hand_over(entries, function).await
    }

    /// Hands over again what was set aside and is due, each record alone, and what waited behind those that are handled
    /// or dead now. The answer is the dead.
    pub(crate) async fn retry<H, F>(&mut self, function: &H) -> Vec<Dead>
    where
        H: Fn(Event) -> F,
        F: Future<Output = DynamoDbEventResponse>,
    {
        let (now, mut dead) = (Instant::now(), Vec::new());
        let due = self.aside.iter().filter(|(_, aside)| aside.due <= now).map(|(partition, _)| partition.clone());
        for partition in due.collect::<Vec<_>>() {
            let Some(Aside { failed, attempts, behind, .. }) = self.aside.remove(&partition) else {
                continue;
            };
            match self.hand(std::slice::from_ref(&failed), function).await {
                Outcome::Handled => drop(self.open.remove(&failed.place)),
                Outcome::Named(_) => dead.extend(self.fail(failed, attempts + 1, NAMED.to_owned())),
                Outcome::Whole(error) => dead.extend(self.fail(failed, attempts + 1, error)),
            }
            // Those whose partition is still set aside find their place again.
            dead.extend(self.hand_over(behind, function).await);
        }
        dead
    }

    /// When something is to be tried again.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.aside.values().map(|aside| aside.due).min()
    }

    /// Whether so much is set aside that nothing more is to be read.
    pub(crate) fn is_full(&self) -> bool {
        self.aside.len() >= MAX_ASIDE || self.open.len() >= MAX_BEHIND
    }

    /// Whether nothing is set aside.
    pub(crate) fn is_empty(&self) -> bool {
        self.aside.is_empty()
    }

    /// Up to which sequence number all records are handled or dead; none for as far as before the first record.
    pub(crate) fn checkpoint(&self) -> Option<&str> {
        self.open.first_key_value().map_or(&self.newest, |(_, before)| before).as_deref()
    }

    /// The sequence number of the last record that came.
    pub(crate) fn newest(&self) -> Option<&str> {
        self.newest.as_deref()
    }

    async fn hand_over<H, F>(&mut self, entries: Vec<Entry>, function: &H) -> Vec<Dead>
    where
        H: Fn(Event) -> F,
        F: Future<Output = DynamoDbEventResponse>,
    {
        // The next batch is the last here.
        let (mut batches, mut dead) = (vec![entries], Vec::new());
        while let Some(batch) = batches.pop() {
            let mut batch = self.without_followers(batch);
            if batch.is_empty() {
                continue;
            }
            match self.hand(&batch, function).await {
                Outcome::Handled => self.close(&batch),
                Outcome::Named(at) => {
                    batches.push(batch.split_off(at + 1));
                    let failed = batch.pop();
                    self.close(&batch);
                    dead.extend(failed.and_then(|failed| self.fail(failed, 1, NAMED.to_owned())));
                }
                Outcome::Whole(error) if batch.len() == 1 => {
                    dead.extend(batch.pop().and_then(|failed| self.fail(failed, 1, error)));
                }
                Outcome::Whole(_) => {
                    batches.push(batch.split_off(batch.len() / 2));
                    batches.push(batch);
                }
            }
        }
        dead
    }

    /// The entries but those whose partition is set aside: they wait there.
    fn without_followers(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let mut batch = Vec::with_capacity(entries.len());
        for entry in entries {
            match self.aside.get_mut(&partition(&entry.record)) {
                Some(aside) => aside.behind.push(entry),
                None => batch.push(entry),
            }
        }
        batch
    }

    async fn hand<H, F>(&self, entries: &[Entry], function: &H) -> Outcome
    where
        H: Fn(Event) -> F,
        F: Future<Output = DynamoDbEventResponse>,
    {
        let mut event = Event::default();
        event.records = entries.iter().map(|entry| entry.record.clone()).collect();
        match call(function(event), self.rules.call_limit).await {
            Ok(response) => judge(entries, &response),
            Err(error) => Outcome::Whole(error),
        }
    }

    fn close(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.open.remove(&entry.place);
        }
    }

    /// Sets a record aside that failed for this many times, unless it is dead now.
    fn fail(&mut self, failed: Entry, attempts: u32, error: String) -> Option<Dead> {
        if attempts >= self.rules.attempts {
            self.open.remove(&failed.place);
            return Some(Dead { record: failed.record, attempts, error });
        }
        let due = Instant::now() + self.rules.pause(attempts);
        let aside = Aside { attempts, due, behind: Vec::new(), failed };
        self.aside.insert(partition(&aside.failed.record), aside);
        None
    }
}

/// How a record failed that an answer names; the answer says no more.
const NAMED: &str = "the reader's answer names it as failed: the log says why under its sequence number";

/// What an answer says of a batch.
fn judge(entries: &[Entry], response: &DynamoDbEventResponse) -> Outcome {
    let place = |id: &Option<String>| {
        let id = id.as_deref().filter(|id| !id.is_empty())?;
        entries.iter().position(|entry| entry.record.change.sequence_number.as_deref() == Some(id))
    };
    let failures = &response.batch_item_failures;
    let named: Option<Vec<usize>> = failures.iter().map(|failure| place(&failure.item_identifier)).collect();
    match named {
        None => Outcome::Whole("the reader's answer names a record that it was not given".to_owned()),
        Some(named) => named.into_iter().min().map_or(Outcome::Handled, Outcome::Named),
    }
}

/// What a record stays in order with: the table's partition that its item is in.
pub(crate) fn partition(record: &EventRecord) -> String {
    let key = record.change.keys.get("PK");
    let key =
        key.and_then(|key| if let serde_dynamo::AttributeValue::S(text) = key { Some(text.clone()) } else { None });
    key.or_else(|| record.change.sequence_number.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
