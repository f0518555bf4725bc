//! What is known of mails: which notices of which mail were applied, and which windows a ticket has.

use noticeboard_domain::event::EventKind;
use noticeboard_domain::ids::{EventId, ProviderId, ReviewId};
use noticeboard_domain::thread::KnownWindow;
use noticeboard_domain::time::Time;
use noticeboard_domain::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::item::{Item, attribute, decode, encode, integer, n, s};
use crate::keys;
use crate::table::{Lookup, Store};
use crate::transaction::{Change, Condition, Refusal, Transaction};

/// A mail holds no more notices than this (`noticeboard-mail` refuses more).
const MAX_NOTICES: usize = 1000;

/// The most that is kept of one ticket's windows, in bytes of JSON: some 800 windows. (An item of the table ends at
/// 400 KB.)
const MAX_THREAD_BYTES: usize = 128 * 1024;

/// What one part of a mail came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageMark {
    /// A notice of it was applied to this event.
    Event(EventId),
    /// It became this review item.
    Review(ReviewId),
}

/// One part of a mail that is dealt with. The item keeps a second delivery from being applied again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Which notice of the mail, counted from 0; none for the mail as a whole, which waits for a person.
    pub notice: Option<usize>,
    /// How many the mail has.
    pub of: usize,
    /// What became of it.
    pub mark: MessageMark,
    /// When the mail was received.
    pub received: Time,
    /// The whole message in the bucket: another one of the same sender may have the same Message-ID. None where that
    /// was not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

/// The windows that one ticket of one provider is known to have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thread {
    /// 0 for a ticket that no mail has named before.
    pub version: u64,
    /// The windows with their events.
    pub windows: Vec<KnownWindow>,
    /// When the newest notice of the ticket was written.
    pub newest: Option<Time>,
}

/// What the item of a ticket holds.
#[derive(Serialize, Deserialize)]
struct ThreadData {
    windows: Vec<KnownWindow>,
    newest: Option<Time>,
}

impl Transaction {
    /// Marks a part of a mail as dealt with; refused when it is so already.
    pub fn message_create(&mut self, key: &str, message: &Message) -> Result<()> {
        let item = Item::helper(&keys::message(key, message.notice)).data(message)?;
        self.put(item, Condition::New, Refusal::NoticeApplied);
        Ok(())
    }

    /// Marks a notice as applied that was a review item until now. Nothing else changes such a mark, and only together
    /// with that item, whose own condition keeps this from happening twice.
    pub fn message_replace(&mut self, key: &str, message: &Message) -> Result<()> {
        let item = Item::helper(&keys::message(key, message.notice)).data(message)?;
        self.put(item, Condition::Exists, Refusal::ReviewChanged);
        Ok(())
    }

    /// Stores the windows of a ticket over the version that was read.
    ///
    /// # Errors
    /// [`Error::TooLarge`] past `MAX_THREAD_BYTES`.
    pub fn thread_put(
        &mut self,
        provider: ProviderId,
        kind: EventKind,
        maintenance_id: &str,
        thread: &Thread,
    ) -> Result<()> {
        let key = keys::thread(provider, kind, maintenance_id);
        let data = encode(&ThreadData { windows: thread.windows.clone(), newest: thread.newest })?;
        if data.len() > MAX_THREAD_BYTES {
            return Err(Error::TooLarge {
                what: "What is known of the ticket's windows",
                limit: MAX_THREAD_BYTES,
                name: "MAX_THREAD_BYTES",
            });
        }
        let version = thread.version;
        if version == 0 {
            let item = Item::helper(&key).with(attribute::DATA, s(data)).with(attribute::VERSION, n(1));
            self.put(item, Condition::New, Refusal::ThreadChanged);
        } else {
            let set = vec![(attribute::DATA, Change::Set(s(data))), (attribute::VERSION, Change::Set(n(version + 1)))];
            self.update(key, set, Condition::Version(version), Refusal::ThreadChanged);
        }
        Ok(())
    }
}

impl Store {
    /// What parts of a mail are dealt with, by its Message-ID.
    pub async fn message(&self, key: &str) -> Result<Vec<Message>> {
        let lookup = Lookup::table(keys::message_partition(key));
        self.query_all(&lookup, MAX_NOTICES).await?.iter().map(decode).collect()
    }

    /// The review item that a whole mail became.
    pub async fn message_review(&self, key: &str) -> Result<Option<ReviewId>> {
        let item = self.get(&keys::message(key, None)).await?;
        let message: Option<Message> = item.as_ref().map(decode).transpose()?;
        Ok(message.and_then(|message| match message.mark {
            MessageMark::Review(id) => Some(id),
            MessageMark::Event(_) => None,
        }))
    }

    /// The windows of a ticket.
    pub async fn thread(&self, provider: ProviderId, kind: EventKind, maintenance_id: &str) -> Result<Thread> {
        match self.get(&keys::thread(provider, kind, maintenance_id)).await? {
            None => Ok(Thread::default()),
            Some(item) => {
                let ThreadData { windows, newest } = decode(&item)?;
                Ok(Thread { version: integer(&item, attribute::VERSION).unwrap_or_default(), windows, newest })
            }
        }
    }
}
