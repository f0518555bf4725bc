//! The table's stream, fed to its readers with Lambda's rules: in order, a batch at a time, from a checkpoint; what a
//! batch's answer names as failed is delivered again, alone, and is a dead letter when it fails too often.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::DynamoDbEventResponse;
use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::types::{Record, Shard, ShardIteratorType};
use chrono::DateTime;
use tokio::sync::watch;

use crate::state::{State, StateError};

/// Records of one call of the handler (`BatchSize` in `template.yaml`).
const BATCH: i32 = 100;
/// How often one record is tried before it is a dead letter (`MaximumRetryAttempts` in `template.yaml`).
const MAX_ATTEMPTS: u32 = 10;
/// The pause after a first failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(10);
/// A larger record is kept as its keys only: an item of the table has at most 400 KB.
const MAX_DEAD_LETTER_BYTES: usize = 300_000;
/// How often a stream without a wake-up signal is looked at, and new shards are looked for.
const POLL: Duration = Duration::from_millis(500);

/// A stream cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    /// The stream itself.
    #[error("{what} of the stream {arn}: {detail}")]
    Stream {
        /// What was asked for.
        what: &'static str,
        /// Which stream.
        arn: String,
        /// What it answered.
        detail: String,
    },
    /// The checkpoints.
    #[error(transparent)]
    State(#[from] StateError),
}

/// One reader of the stream.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The reader's name, for its checkpoints.
    pub(crate) name: &'static str,
    pub(crate) streams: Client,
    pub(crate) arn: String,
    pub(crate) state: State,
    /// Rises when there may be something to read; none for a stream that has to be looked at.
    pub(crate) writes: Option<watch::Receiver<u64>>,
}

/// Where a reader is in a shard.
enum Place {
    /// The next records are behind this iterator.
    At(String),
    /// The shard is closed and read to its end.
    Done,
}

impl Reader {
    /// Reads until the future is dropped. A stream or checkpoints that fail are tried again.
    pub(crate) async fn run<H, F>(mut self, handler: H)
    where
        H: Fn(Event) -> F,
        F: Future<Output = DynamoDbEventResponse>,
    {
        let mut places: HashMap<String, Place> = HashMap::new();
        let mut shards: Vec<Shard> = Vec::new();
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(writes) = &mut self.writes {
                writes.mark_unchanged();
            }
            match self.round(&mut shards, &mut places, &handler).await {
                Ok(busy) => {
                    pause = FIRST_PAUSE;
                    if busy {
                        continue;
                    }
                }
                Err(error) => {
                    tracing::error!(reader = self.name, %error, "the stream cannot be read now");
                    // The checkpoints say where to go on.
                    places.clear();
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(MAX_PAUSE);
                    continue;
                }
            }
            match &mut self.writes {
                // A writer that is gone will not wake anyone.
                Some(writes) => {
                    if writes.changed().await.is_err() {
                        return;
                    }
                }
                None => tokio::time::sleep(POLL).await,
            }
        }
    }

    /// Reads one batch of every shard that can be read; the answer says whether there was any record.
    async fn round<H, F>(
        &self,
        shards: &mut Vec<Shard>,
        places: &mut HashMap<String, Place>,
        handler: &H,
    ) -> Result<bool, StreamError>
    where
        H: Fn(Event) -> F,
        F: Future<Output = DynamoDbEventResponse>,
    {
        if shards.is_empty() || self.writes.is_none() {
            *shards = self.shards().await?;
        }
        let mut busy = false;
        for shard in shards.iter() {
            let id = shard.shard_id().unwrap_or_default();
            // A child begins where its parent ends: it waits until that is read.
            let parent = shard.parent_shard_id().unwrap_or_default();
            let listed = shards.iter().any(|shard| shard.shard_id() == Some(parent));
            if listed && !matches!(places.get(parent), Some(Place::Done)) {
                continue;
            }
            let iterator = match places.get(id) {
                Some(Place::Done) => continue,
                Some(Place::At(iterator)) => iterator.clone(),
                None => self.iterator(id).await?,
            };
            let place = match self.records(&iterator).await {
                Ok((records, next)) => {
                    busy |= !records.is_empty();
                    self.handle(id, records, handler).await?;
                    next.map_or(Place::Done, Place::At)
                }
                // Iterators end after 15 minutes: the checkpoint gives a new one.
                Err(None) => Place::At(self.iterator(id).await?),
                Err(Some(error)) => return Err(error),
            };
            places.insert(id.to_owned(), place);
        }
        Ok(busy)
    }

    fn failed(&self, what: &'static str, error: impl std::fmt::Debug) -> StreamError {
        StreamError::Stream { what, arn: self.arn.clone(), detail: format!("{error:?}") }
    }

    async fn shards(&self) -> Result<Vec<Shard>, StreamError> {
        if self.writes.is_some() {
            // The embedded engine has one shard for ever, and takes long to describe a long stream.
            let known = Self::checkpoints(&self.state, self.name).await?;
            if !known.is_empty() {
                return Ok(known.into_keys().map(|id| Shard::builder().shard_id(id).build()).collect());
            }
        }
        let (mut shards, mut start) = (Vec::new(), None);
        loop {
            let asked =
                self.streams.describe_stream().stream_arn(&self.arn).set_exclusive_start_shard_id(start).send().await;
            let found = asked.map_err(|error| self.failed("description", error))?.stream_description;
            let Some(found) = found else {
                return Ok(shards);
            };
            start = found.last_evaluated_shard_id().map(str::to_owned);
            shards.extend(found.shards.unwrap_or_default());
            if start.is_none() {
                return Ok(shards);
            }
        }
    }

    fn checkpoint_key(&self) -> String {
        format!("CHECKPOINT#{}", self.name)
    }

    async fn iterator(&self, shard: &str) -> Result<String, StreamError> {
        let checkpoint = self.state.get(&self.checkpoint_key(), shard).await?;
        let ask = || self.streams.get_shard_iterator().stream_arn(&self.arn).shard_id(shard);
        let from_start = || ask().shard_iterator_type(ShardIteratorType::TrimHorizon).send();
        let asked = match &checkpoint {
            Some(sequence) => {
                let after = ask().shard_iterator_type(ShardIteratorType::AfterSequenceNumber);
                match after.sequence_number(sequence).send().await {
                    Err(error) if error.as_service_error().is_some_and(|e| e.is_trimmed_data_access_exception()) => {
                        let reader = self.name;
                        tracing::error!(reader, shard, "stopped for more than 24 hours: changes of that time are lost");
                        from_start().await
                    }
                    other => other,
                }
            }
            None => from_start().await,
        };
        let found = asked.map_err(|error| self.failed("iterator", error))?;
        found.shard_iterator.ok_or_else(|| self.failed("iterator", "none was given"))
    }

    /// The next records; `Err(None)` when the iterator has expired.
    async fn records(&self, iterator: &str) -> Result<(Vec<Record>, Option<String>), Option<StreamError>> {
        let found = self.streams.get_records().shard_iterator(iterator).limit(BATCH).send().await;
        match found {
            Ok(found) => Ok((found.records.unwrap_or_default(), found.next_shard_iterator)),
            Err(error)
                if error.as_service_error().is_some_and(|error| {
                    error.is_expired_iterator_exception() || error.is_trimmed_data_access_exception()
                }) =>
            {
                Err(None)
            }
            Err(error) => Err(Some(self.failed("records", error))),
        }
    }

    /// Feeds records to the handler until each is handled or a dead letter.
    async fn handle<H, F>(&self, shard: &str, records: Vec<Record>, handler: &H) -> Result<(), StreamError>
    where
        H: Fn(Event) -> F,
        F: Future<Output = DynamoDbEventResponse>,
    {
        let mut left: Vec<EventRecord> = records.into_iter().map(event_record).collect();
        let mut attempts = 0;
        // After a failure the failed record goes alone, so that it holds up no more than itself.
        let mut size = left.len();
        while !left.is_empty() {
            let batch: Vec<EventRecord> = left.iter().take(size).cloned().collect();
            let sequence = |record: &EventRecord| record.change.sequence_number.clone().unwrap_or_default();
            let mut event = Event::default();
            event.records.clone_from(&batch);
            let response = handler(event).await;
            let done = succeeded(&batch, &response);
            if done > 0 {
                if let Some(last) = left.get(done - 1) {
                    self.state.put(&self.checkpoint_key(), shard, &sequence(last)).await?;
                }
                left.drain(..done);
                attempts = 0;
                size = left.len();
            }
            if done < batch.len() {
                attempts += 1;
                size = 1;
                if attempts < MAX_ATTEMPTS {
                    let pause = FIRST_PAUSE.saturating_mul(1 << (attempts - 1).min(16)).min(MAX_PAUSE);
                    tokio::time::sleep(pause).await;
                } else {
                    let record = left.remove(0);
                    self.bury(&record, &sequence(&record)).await?;
                    self.state.put(&self.checkpoint_key(), shard, &sequence(&record)).await?;
                    attempts = 0;
                    size = left.len();
                }
            }
        }
        Ok(())
    }

    async fn bury(&self, record: &EventRecord, sequence: &str) -> Result<(), StreamError> {
        tracing::error!(reader = self.name, sequence, "a record of the stream is a dead letter now");
        let mut body = serde_json::to_string(record).unwrap_or_default();
        if body.len() > MAX_DEAD_LETTER_BYTES {
            // The keys say which item it is.
            body = serde_json::to_string(&record.change.keys).unwrap_or_default();
        }
        Ok(self.state.put(&format!("DEADLETTER#stream#{}", self.name), sequence, &body).await?)
    }

    /// How far this reader has come in every shard that it has begun.
    pub(crate) async fn checkpoints(state: &State, name: &str) -> Result<HashMap<String, String>, StateError> {
        Ok(state.list(&format!("CHECKPOINT#{name}"), None, 1000).await?.into_iter().collect())
    }
}

/// How many records from the start of a batch are handled: those before the lowest failed one. An identifier that is
/// empty or not of the batch fails it whole.
fn succeeded(batch: &[EventRecord], response: &DynamoDbEventResponse) -> usize {
    let place = |id: &Option<String>| {
        let id = id.as_deref().filter(|id| !id.is_empty())?;
        batch.iter().position(|record| record.change.sequence_number.as_deref() == Some(id))
    };
    let failed = response.batch_item_failures.iter().map(|failure| place(&failure.item_identifier).unwrap_or(0));
    failed.min().unwrap_or(batch.len())
}

/// A record of the stream as Lambda hands it to a function.
fn event_record(record: Record) -> EventRecord {
    let mut made = EventRecord::default();
    made.event_id = record.event_id.unwrap_or_default();
    made.event_name = record.event_name.map(|name| name.as_str().to_owned()).unwrap_or_default();
    made.event_version = record.event_version;
    made.event_source = record.event_source;
    made.aws_region = record.aws_region.unwrap_or_default();
    let Some(change) = record.dynamodb else {
        return made;
    };
    let at = change.approximate_creation_date_time.map(|at| at.secs()).unwrap_or_default();
    made.change.approximate_creation_date_time = DateTime::from_timestamp(at, 0).unwrap_or_default();
    made.change.keys = change.keys.unwrap_or_default().into();
    made.change.new_image = change.new_image.unwrap_or_default().into();
    made.change.old_image = change.old_image.unwrap_or_default().into();
    made.change.sequence_number = change.sequence_number;
    made.change.size_bytes = change.size_bytes.unwrap_or_default();
    made
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::streams::DynamoDbBatchItemFailure;

    use super::*;

    #[track_caller]
    fn check(failed: &[&str], expected: usize) {
        let batch: Vec<EventRecord> = ["10", "11", "12"]
            .into_iter()
            .map(|sequence| {
                let mut record = EventRecord::default();
                record.change.sequence_number = Some(sequence.into());
                record
            })
            .collect();
        let mut response = DynamoDbEventResponse::default();
        for id in failed {
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some((*id).to_owned());
            response.batch_item_failures.push(failure);
        }
        assert_eq!(succeeded(&batch, &response), expected);
    }

    #[test]
    fn the_lowest_failure_is_the_checkpoint() {
        check(&[], 3);
        check(&["11"], 1);
        check(&["12", "11"], 1);
        check(&["10"], 0);
        check(&[""], 0);
        check(&["11", ""], 0);
        check(&["99"], 0);
    }
}
