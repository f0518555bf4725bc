//! Dead letters: what a broker or a reader of the stream did not take in all its attempts. Each is kept until someone
//! has it replayed or discards it. On AWS they are in SQS's dead-letter queues.

mod redrive;
mod routes;

use std::sync::{Arc, Mutex, PoisonError};

use noticeboard_app::Clock;
use noticeboard_domain::ids::{ID_LIMIT, IdMint};
use noticeboard_domain::time::{Time, stored};
use noticeboard_publish::BrokerName;
use serde::{Deserialize, Serialize};

pub(crate) use redrive::Redrive;
pub(crate) use routes::router;

use crate::state::{State, StateError, Write};
use crate::stream::ReaderName;

/// The partition of what is known of each dead letter, by id.
const LETTERS: &str = "DEADLETTER";
/// The partition of the messages themselves, by id and part.
const BODIES: &str = "DEADLETTER-BODY";
/// A larger message is kept in several parts, in bytes: an item of a table has at most 400 KB.
const MAX_PART_BYTES: usize = 300_000;
/// The longest reason that is kept, in bytes.
const MAX_ERROR_BYTES: usize = 2000;
/// Dead letters that are read at a time.
const PAGE: i32 = 1000;

/// Who did not take a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Origin {
    /// A broker: the message is of its queue.
    Queue(BrokerName),
    /// A reader of the stream: the message is a record of the stream.
    Stream(ReaderName),
}

/// What is known of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) origin: Origin,
    /// The message's id, or the record's sequence number.
    pub(crate) message: String,
    /// The message's topic.
    pub(crate) topic: Option<String>,
    /// What it stays in order with: the message's `partitionkey`, or the record's partition of the table.
    pub(crate) group: String,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// Why the last attempt failed. No secret is in it.
    pub(crate) error: String,
}

/// A dead letter, without its message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeadLetter {
    /// Rises in time.
    pub(crate) id: u64,
    /// Since when it is dead.
    pub(crate) at: Time,
    /// How many parts its message is kept in.
    parts: usize,
    #[serde(flatten)]
    pub(crate) about: About,
}

impl DeadLetter {
    /// The broker whose queue it is of.
    pub(crate) fn broker(&self) -> Option<&BrokerName> {
        match &self.about.origin {
            Origin::Queue(broker) => Some(broker),
            Origin::Stream(_) => None,
        }
    }
}

/// Where dead letters are kept.
#[derive(Debug, Clone)]
pub(crate) struct DeadLetters {
    state: State,
    clock: Clock,
    mint: Arc<Mutex<IdMint>>,
}

impl DeadLetters {
    pub(crate) fn new(state: State, clock: Clock) -> Self {
        Self { state, clock, mint: Arc::default() }
    }

    /// The time.
    pub(crate) fn now(&self) -> Time {
        stored(self.clock.now())
    }

    /// The id that a dead letter would have that were made now: all that there are have smaller ones.
    pub(crate) fn next_id(&self) -> u64 {
        let mut mint = self.mint.lock().unwrap_or_else(PoisonError::into_inner);
        mint.next(self.now().timestamp_millis(), rand::random())
    }

    /// Keeps a message as a dead letter, in one transaction with what else is to be written.
    pub(crate) async fn bury(&self, mut about: About, body: &str, mut writes: Vec<Write>) -> Result<(), StateError> {
        about.error.truncate(about.error.floor_char_boundary(MAX_ERROR_BYTES));
        let (id, parts) = (self.next_id(), parts(body));
        let letter = DeadLetter { id, at: self.now(), parts: parts.len(), about };
        // A dead letter has nothing that JSON has not.
        let value = serde_json::to_string(&letter).unwrap_or_default();
        writes.push(Write::Put { pk: LETTERS.to_owned(), sk: letter_key(id), value });
        writes.extend(parts.into_iter().enumerate().map(|(part, value)| Write::Put {
            pk: BODIES.to_owned(),
            sk: part_key(id, part),
            value: value.to_owned(),
        }));
        self.state.write(writes).await.map(drop)
    }

    /// The dead letters with ids from `start` to `end` that are wanted, oldest first, `most` at most.
    pub(crate) async fn walk(
        &self,
        (start, end): (u64, u64),
        most: usize,
        wanted: impl Fn(&DeadLetter) -> bool,
    ) -> Result<Vec<DeadLetter>, StateError> {
        let mut found = Vec::new();
        let (mut after, end) = (letter_key(start.saturating_sub(1)), letter_key(end.min(ID_LIMIT - 1)));
        while found.len() < most {
            let page = self.state.list(LETTERS, Some(&after), PAGE).await?;
            let Some((last, _)) = page.last() else {
                break;
            };
            after.clone_from(last);
            let letters = page.iter().filter_map(|(_, value)| read(value));
            found.extend(letters.filter(|letter| letter_key(letter.id) <= end && wanted(letter)));
            if after >= end {
                break;
            }
        }
        found.truncate(most);
        Ok(found)
    }

    pub(crate) async fn letter(&self, id: u64) -> Result<Option<DeadLetter>, StateError> {
        Ok(self.state.get(LETTERS, &letter_key(id)).await?.as_deref().and_then(read))
    }

    /// The message; what is left of it when the letter is being removed.
    pub(crate) async fn body(&self, letter: &DeadLetter) -> Result<String, StateError> {
        let mut body = String::new();
        for part in 0..letter.parts {
            body.extend(self.state.get(BODIES, &part_key(letter.id, part)).await?);
        }
        Ok(body)
    }

    /// What removes a dead letter, once.
    pub(crate) fn removal(letter: &DeadLetter) -> Vec<Write> {
        let mut writes = vec![Write::Take { pk: LETTERS.to_owned(), sk: letter_key(letter.id) }];
        let parts = (0..letter.parts).map(|part| part_key(letter.id, part));
        writes.extend(parts.map(|sk| Write::Delete { pk: BODIES.to_owned(), sk }));
        writes
    }

    /// Removes a dead letter; false when someone else has.
    pub(crate) async fn remove(&self, letter: &DeadLetter) -> Result<bool, StateError> {
        self.state.write(Self::removal(letter)).await
    }
}

/// Ids in the order of their text.
fn letter_key(id: u64) -> String {
    format!("{id:016}")
}

fn part_key(id: u64, part: usize) -> String {
    format!("{id:016}#{part:02}")
}

fn read(value: &str) -> Option<DeadLetter> {
    let letter = serde_json::from_str(value);
    letter.inspect_err(|error| tracing::error!(%error, "a dead letter cannot be read")).ok()
}

/// A message in parts that an item takes.
fn parts(body: &str) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), body);
    while !rest.is_empty() {
        let (part, behind) = rest.split_at(rest.floor_char_boundary(MAX_PART_BYTES));
        parts.push(part);
        rest = behind;
    }
    parts
}

#[cfg(test)]
mod tests;
