//! What became of a request that carried an idempotency key.

use noticeboard_domain::time::Time;
use noticeboard_domain::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::item::{Item, attribute, decode, integer, n, s, text};
use crate::keys;
use crate::table::Store;
use crate::transaction::{Condition, Refusal, Transaction};

/// The body of the answer, as it was sent: beside the JSON of the rest, so that its quotes are not escaped once more.
const BODY: &str = "body";

/// The request of one idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyedRequest {
    /// Which of those who took the key up this is: 1, and one more whenever someone takes it over.
    #[serde(skip)]
    pub attempt: u64,
    /// A digest of the request.
    pub fingerprint: String,
    /// When the attempt began.
    pub begun: Time,
    /// When the key is free again. The table removes it some time later.
    pub expires: Time,
    /// What was answered; none while the request is running.
    pub answer: Option<KeptAnswer>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Location`.
    pub location: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// The body; none where it must not be kept.
    #[serde(skip)]
    pub body: Option<String>,
}

impl Transaction {
    /// Notes a request in the place of `before`: of none, or of an attempt that is over.
    pub fn idempotency_put(&mut self, digest: &str, request: &KeyedRequest, before: Option<u64>) -> Result<()> {
        let mut item = Item::helper(&keys::idempotency(digest))
            .data(request)?
            .with(attribute::VERSION, n(request.attempt))
            .with(attribute::EXPIRES, n(request.expires.timestamp()));
        if let Some(body) = request.answer.as_ref().and_then(|answer| answer.body.as_ref()) {
            item.set(BODY, s(body));
        }
        let condition = before.map_or(Condition::New, Condition::Version);
        self.put(item, condition, Refusal::Changed);
        Ok(())
    }

    /// Frees the key that this attempt holds.
    pub fn idempotency_delete(&mut self, digest: &str, attempt: u64) {
        self.delete(keys::idempotency(digest), Condition::Version(attempt), Refusal::Changed);
    }
}

impl Store {
    /// What is noted of a key; it may be over.
    pub async fn idempotency(&self, digest: &str) -> Result<Option<KeyedRequest>> {
        let Some(item) = self.get(&keys::idempotency(digest)).await? else {
            return Ok(None);
        };
        let mut request: KeyedRequest = decode(&item)?;
        let attempt = integer(&item, attribute::VERSION);
        request.attempt = attempt.ok_or_else(|| Error::internal("an idempotency key without its attempt"))?;
        if let Some(answer) = &mut request.answer {
            answer.body = text(&item, BODY).map(str::to_owned);
        }
        Ok(Some(request))
    }
}
