//! The table's stream, read for its readers: in order, a batch at a time, from a checkpoint. What happens to a batch is
//! in [`crate::feed`].

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::DynamoDbEventResponse;
use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::types::{Record, Shard, ShardIteratorType};
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::dead_letters::{About, DeadLetters, Origin};
use crate::feed::{Dead, Feed, Rules, partition};
use crate::state::{State, StateError};

/// Records of one call of the handler (`BatchSize` in `template.yaml`).
const BATCH: i32 = 100;
/// What is tried how often: ten times within 23 seconds.
pub(crate) const RULES: Rules = Rules {
    attempts: 10,
    first_pause: Duration::from_millis(50),
    longest_pause: Duration::from_secs(10),
    call_limit: Duration::from_secs(60),
};
/// The pause before a stream that could not be read is read again; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
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

/// Who reads the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReaderName {
    /// Puts every change on record.
    Changelog,
    /// Hands every change to the brokers' queues.
    Publisher,
}

impl ReaderName {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Changelog => "changelog",
            Self::Publisher => "publisher",
        }
    }
}

impl fmt::Display for ReaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One reader of the stream.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) name: ReaderName,
    pub(crate) streams: Client,
    pub(crate) arn: String,
    pub(crate) state: State,
    pub(crate) dead_letters: DeadLetters,
    pub(crate) rules: Rules,
    /// Rises when there may be something to read; none for a stream that has to be looked at.
    pub(crate) writes: Option<watch::Receiver<u64>>,
}

/// Where a reader is in a shard.
struct Place {
    /// The next records are behind this iterator; none for a shard that is closed and read to its end.
    iterator: Option<String>,
    feed: Feed,
    /// The checkpoint as it is stored.
    checkpoint: Option<String>,
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
                    tracing::error!(reader = %self.name, %error, "the stream cannot be read now");
                    // The checkpoints say where to go on.
                    places.clear();
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    continue;
                }
            }
            let due = places.values().filter_map(|place| place.feed.due()).min();
            tokio::select! {
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
                woken = wake(&mut self.writes) => {
                    // A writer that is gone will not wake anyone.
                    if woken.is_err() {
                        return;
                    }
                }
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
            let is_done = |place: &Place| place.iterator.is_none() && place.feed.is_empty();
            if listed && !places.get(parent).is_some_and(is_done) {
                continue;
            }
            if !places.contains_key(id) {
                let checkpoint = self.state.get(&checkpoints(self.name), id).await?;
                let iterator = Some(self.iterator(id, checkpoint.as_deref()).await?);
                places.insert(id.to_owned(), Place { iterator, feed: Feed::new(self.rules), checkpoint });
            }
            if let Some(place) = places.get_mut(id) {
                busy |= self.read(id, place, handler).await?;
            }
        }
        Ok(busy)
    }

    /// Reads one batch of a shard, after what is to be tried again; the answer says whether there was any record.
    async fn read<H, F>(&self, shard: &str, place: &mut Place, handler: &H) -> Result<bool, StreamError>
    where
        H: Fn(Event) -> F,
        F: Future<Output = DynamoDbEventResponse>,
    {
        self.bury(place.feed.retry(handler).await).await?;
        let mut busy = false;
        if let Some(iterator) = place.iterator.as_ref().filter(|_| !place.feed.is_full()) {
            match self.records(iterator).await {
                Ok((records, next)) => {
                    busy = !records.is_empty();
                    place.iterator = next;
                    let records = records.into_iter().map(event_record).collect();
                    self.bury(place.feed.feed(records, handler).await).await?;
                }
                // Iterators end after 15 minutes.
                Err(None) => {
                    let after = place.feed.newest().or(place.checkpoint.as_deref());
                    place.iterator = Some(self.iterator(shard, after).await?);
                }
                Err(Some(error)) => return Err(error),
            }
        }
        if let Some(checkpoint) = place.feed.checkpoint().filter(|now| place.checkpoint.as_deref() != Some(now)) {
            self.state.put(&checkpoints(self.name), shard, checkpoint).await?;
            place.checkpoint = Some(checkpoint.to_owned());
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

    /// An iterator over what is behind a sequence number, or over all.
    async fn iterator(&self, shard: &str, after: Option<&str>) -> Result<String, StreamError> {
        let ask = || self.streams.get_shard_iterator().stream_arn(&self.arn).shard_id(shard);
        let from_start = || ask().shard_iterator_type(ShardIteratorType::TrimHorizon).send();
        let asked = match after {
            Some(sequence) => {
                let after = ask().shard_iterator_type(ShardIteratorType::AfterSequenceNumber);
                match after.sequence_number(sequence).send().await {
                    Err(error) if error.as_service_error().is_some_and(|e| e.is_trimmed_data_access_exception()) => {
                        let reader = self.name.as_str();
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

    async fn bury(&self, dead: Vec<Dead>) -> Result<(), StateError> {
        for Dead { record, attempts, error } in dead {
            let sequence = record.change.sequence_number.clone().unwrap_or_default();
            tracing::error!(reader = %self.name, sequence, error, "a record of the stream is a dead letter now");
            let about = About {
                origin: Origin::Stream(self.name),
                message: sequence,
                topic: None,
                group: partition(&record),
                attempts,
                error,
            };
            let body = serde_json::to_string(&record).unwrap_or_default();
            self.dead_letters.bury(about, &body, Vec::new()).await?;
        }
        Ok(())
    }

    /// How far this reader has come in every shard that it has begun.
    pub(crate) async fn checkpoints(state: &State, name: ReaderName) -> Result<HashMap<String, String>, StateError> {
        Ok(state.list(&checkpoints(name), None, 1000).await?.into_iter().collect())
    }
}

/// The partition of a reader's checkpoints.
fn checkpoints(name: ReaderName) -> String {
    format!("CHECKPOINT#{name}")
}

/// Waits until there may be something to read.
async fn wake(writes: &mut Option<watch::Receiver<u64>>) -> Result<(), watch::error::RecvError> {
    match writes {
        Some(writes) => writes.changed().await,
        None => {
            tokio::time::sleep(POLL).await;
            Ok(())
        }
    }
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
