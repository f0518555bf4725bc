//! Dead letters go back to where they came from.

use std::sync::Arc;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use noticeboard_app::App;
use noticeboard_domain::Error;
use noticeboard_publish::BrokerName;
use noticeboard_publisher::Publisher;

use super::{DeadLetter, DeadLetters, Origin};
use crate::call::call;
use crate::queue::LocalQueue;
use crate::state::StateError;
use crate::stream::{RULES, ReaderName};

/// Dead letters that one request replays or discards at most.
pub(super) const MAX_AT_ONCE: usize = 1000;

/// What takes dead letters back: the queues and the readers of the stream.
#[derive(Debug)]
pub(crate) struct Redrive {
    pub(super) letters: DeadLetters,
    queues: Vec<LocalQueue>,
    app: Arc<App>,
    publisher: Arc<Publisher>,
}

/// What is done with dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    /// They are tried again.
    Replay,
    /// They are removed for good.
    Discard,
}

/// Some dead letters: those of a broker, or all, with ids from `start` to `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) broker: Option<BrokerName>,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// What became of them.
#[derive(Debug)]
pub(super) struct Done {
    /// How many it was done with.
    pub(super) count: usize,
    /// The ids of those it was not done with, and why.
    pub(super) failed: Vec<(u64, Error)>,
    /// Those that are left for another request.
    pub(super) rest: Option<Selection>,
}

impl Redrive {
    pub(crate) fn new(letters: DeadLetters, queues: Vec<LocalQueue>, app: Arc<App>, publisher: Arc<Publisher>) -> Self {
        Self { letters, queues, app, publisher }
    }

    /// A dead letter.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(super) async fn letter(&self, id: u64) -> Result<DeadLetter, Error> {
        self.letters.letter(id).await.map_err(failed)?.ok_or(GONE)
    }

    /// Replays or discards one.
    ///
    /// A message of a queue goes back into it, at the place in its group that it always had, and has all its attempts
    /// again: what waits there of later changes comes after it; what was delivered meanwhile has a higher `sequence`.
    /// A record of the stream is handed to its reader now, and is no dead letter any more when that handles it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is gone, [`Error::Conflict`] when it is not taken back.
    pub(super) async fn apply(&self, verb: Verb, letter: &DeadLetter) -> Result<(), Error> {
        let is_done = match (verb, &letter.about.origin) {
            (Verb::Discard, _) => self.letters.remove(letter).await.map_err(failed)?,
            (Verb::Replay, Origin::Queue(broker)) => {
                let queue = self.queues.iter().find(|queue| queue.broker() == broker);
                let gone = || format!("NOTICEBOARD_BROKERS has no broker {broker}: set it up again, or discard this.");
                let queue = queue.ok_or_else(|| Error::Conflict(gone()))?;
                let body = self.letters.body(letter).await.map_err(failed)?;
                let message = serde_json::from_str(&body);
                let message =
                    message.map_err(|error| Error::Conflict(format!("It is no message of ours: {error}.")))?;
                queue.put_back(&message, body, DeadLetters::removal(letter)).await.map_err(failed)?
            }
            (Verb::Replay, Origin::Stream(reader)) => {
                self.read_again(*reader, letter).await?;
                self.letters.remove(letter).await.map_err(failed)?
            }
        };
        if is_done { Ok(()) } else { Err(GONE) }
    }

    async fn read_again(&self, reader: ReaderName, letter: &DeadLetter) -> Result<(), Error> {
        let body = self.letters.body(letter).await.map_err(failed)?;
        let record: EventRecord = serde_json::from_str(&body)
            .map_err(|error| Error::Conflict(format!("It is no record of the stream: {error}.")))?;
        let mut event = Event::default();
        event.records = vec![record];
        let answer = match reader {
            ReaderName::Changelog => call(noticeboard_changelog::handle(&self.app, event), RULES.call_limit).await,
            ReaderName::Publisher => call(self.publisher.handle(event), RULES.call_limit).await,
        };
        let error = match answer {
            Ok(answer) if answer.batch_item_failures.is_empty() => return Ok(()),
            Ok(_) => "the log says why".to_owned(),
            Err(error) => error,
        };
        Err(Error::Conflict(format!("The reader {reader} does not take it: {error}.")))
    }

    /// Replays or discards some, oldest first, [`MAX_AT_ONCE`] at most.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub(super) async fn apply_to(&self, verb: Verb, which: &Selection) -> Result<Done, Error> {
        let wanted = |letter: &DeadLetter| which.broker.is_none() || letter.broker() == which.broker.as_ref();
        let letters = self.letters.walk((which.start, which.end), MAX_AT_ONCE + 1, wanted).await.map_err(failed)?;
        let rest = letters.get(MAX_AT_ONCE).map(|next| Selection { start: next.id, ..which.clone() });
        let mut done = Done { count: 0, failed: Vec::new(), rest };
        for letter in letters.iter().take(MAX_AT_ONCE) {
            match self.apply(verb, letter).await {
                Ok(()) => done.count += 1,
                Err(error) => done.failed.push((letter.id, error)),
            }
        }
        Ok(done)
    }
}

const GONE: Error = Error::NotFound { what: "DeadLetter" };

pub(super) fn failed(error: StateError) -> Error {
    Error::internal(error)
}
