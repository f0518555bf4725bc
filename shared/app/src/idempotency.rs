//! Idempotency keys: a request that is sent again is not done again.
//!
//! A key stands for one request of one user: the first to use it puts a mark, conditional on there being none, and does
//! the request; then the answer takes the mark's place. Whoever comes meanwhile or later finds the mark or the answer.
//! The work itself is another transaction than the answer's record. A process that dies between the two leaves its mark
//! behind; after [`ABANDONED_SECONDS`] the next one takes the key over and does the request again, so what was done
//! just before such a death can be done twice. Nothing else makes it happen twice.

use chrono::Duration;
use noticeboard_domain::Result;
use noticeboard_store::{CommitError, KeptAnswer, KeyedRequest, Transaction};
use sha2::{Digest, Sha256};

use crate::tokens::hex;
use crate::{App, MAX_RACES, too_many_races};

/// How long an answer is kept, in hours.
const KEPT_HOURS: i64 = 24;

/// A mark older than this has nobody any more who works on it, in seconds: three times what a function that answers
/// requests may run (`Globals.Function.Timeout` in `template.yaml`).
const ABANDONED_SECONDS: i64 = 90;

/// Largest body that is kept, in bytes: an item of the table ends at 400 KB.
const MAX_KEPT_BODY_BYTES: usize = 300 * 1024;

/// A request with an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyed {
    digest: String,
    fingerprint: String,
}

impl Keyed {
    /// The request of `user` with this key, method and path. What it asks for is its query and its body: a request with
    /// another one is another request.
    pub fn new(user: &str, method: &str, path: &str, key: &str, query: &str, body: &[u8]) -> Self {
        // No part but the last can hold a NUL: names of users have none, nor has what stands in a request line.
        Self {
            digest: digest(&[user.as_bytes(), method.as_bytes(), path.as_bytes(), key.as_bytes()]),
            fingerprint: digest(&[query.as_bytes(), body]),
        }
    }
}

fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            hash.update([0]);
        }
        hash.update(part);
    }
    hex(&hash.finalize())
}

/// What is to be done with a request that has a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is new: to be done, and [`App::idempotency_end`] to be called.
    New(Attempt),
    /// It was done: the same answer again.
    Done(KeptAnswer),
    /// It is being done at this moment.
    Running,
    /// The key was used for another request.
    Reused,
}

/// The right to do a request, until the mark counts as abandoned.
#[derive(Debug, PartialEq, Eq)]
pub struct Attempt {
    digest: String,
    request: KeyedRequest,
}

impl App {
    /// To be called before a request that has a key.
    ///
    /// # Errors
    /// [`noticeboard_domain::Error::Unavailable`] when it cannot be marked; then it must not be done.
    pub async fn idempotency_begin(&self, keyed: &Keyed) -> Result<Begun> {
        let mut before = None;
        for _ in 0..MAX_RACES {
            let now = self.now();
            let request = KeyedRequest {
                attempt: before.map_or(1, |attempt| attempt + 1),
                fingerprint: keyed.fingerprint.clone(),
                begun: now,
                expires: now + Duration::hours(KEPT_HOURS),
                answer: None,
            };
            let mut transaction = Transaction::new();
            transaction.idempotency_put(&keyed.digest, &request, before)?;
            match self.store.commit(transaction, self.now()).await {
                Ok(()) => return Ok(Begun::New(Attempt { digest: keyed.digest.clone(), request })),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
            before = match self.store.idempotency(&keyed.digest).await? {
                // It was freed just now.
                None => None,
                Some(found) if found.expires <= now => Some(found.attempt),
                Some(found) if found.fingerprint != keyed.fingerprint => return Ok(Begun::Reused),
                Some(KeyedRequest { answer: Some(answer), .. }) => return Ok(Begun::Done(answer)),
                Some(found) if now.signed_duration_since(found.begun).num_seconds() >= ABANDONED_SECONDS => {
                    Some(found.attempt)
                }
                Some(_) => return Ok(Begun::Running),
            };
        }
        Err(too_many_races())
    }

    /// Keeps the answer of a request; none frees its key. A body of more than 300 KiB is left out.
    ///
    /// # Errors
    /// [`noticeboard_domain::Error::Unavailable`]; the mark then stays until it counts as abandoned.
    pub async fn idempotency_end(&self, attempt: Attempt, answer: Option<KeptAnswer>) -> Result<()> {
        let Attempt { digest, mut request } = attempt;
        let mut transaction = Transaction::new();
        match answer {
            None => transaction.idempotency_delete(&digest, request.attempt),
            Some(mut answer) => {
                answer.body = answer.body.filter(|body| body.len() <= MAX_KEPT_BODY_BYTES);
                request.answer = Some(answer);
                transaction.idempotency_put(&digest, &request, Some(request.attempt))?;
            }
        }
        match self.store.commit(transaction, self.now()).await {
            Ok(()) => Ok(()),
            // Somebody took the key over meanwhile, and keeps an answer of their own.
            Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Failed(error)) => Err(error),
        }
    }
}
