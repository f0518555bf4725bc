//! Work that takes more than one transaction, written down before it begins and struck out when it is done.

use noticeboard_domain::Result;
use noticeboard_domain::change::ChangeStamp;
use noticeboard_domain::ids::EventId;
use noticeboard_domain::time::{Time, rfc3339};
use serde::{Deserialize, Serialize};

use crate::item::{Item, decode, kind, s, text};
use crate::keys;
use crate::table::{Lookup, Store};
use crate::transaction::{Condition, Refusal, Transaction};

/// When the work was begun.
const BEGUN: &str = "begun";

/// More entries than this are finished in a second round.
const MAX_ENTRIES: usize = 1000;

/// One piece of work. Doing it again from the start is harmless.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "kebab-case")]
pub enum JournalEntry {
    /// A mail with several notices, or with more circuits than one transaction holds.
    Mail {
        /// The whole message in the bucket.
        raw: String,
        /// When it was received.
        received: Time,
        /// The id under which its changes are recorded.
        request_id: String,
    },
    /// The deletion of an event with more impacts than one transaction holds.
    EventDeletion {
        /// The event.
        event: EventId,
        /// Who deletes it.
        stamp: ChangeStamp,
    },
}

impl JournalEntry {
    /// The entry's id: the same work has the same id.
    pub fn id(&self) -> String {
        match self {
            Self::Mail { raw, .. } => format!("MAIL#{raw}"),
            Self::EventDeletion { event, .. } => format!("EVENT#{event}"),
        }
    }
}

impl Transaction {
    /// Writes work down that begins now.
    pub fn journal_put(&mut self, entry: &JournalEntry, now: Time) -> Result<()> {
        let item = Item::new(&keys::journal(&entry.id()), kind::JOURNAL).data(entry)?.with(BEGUN, s(rfc3339(now)));
        self.put(item, Condition::Always, Refusal::Changed);
        Ok(())
    }

    /// Strikes work out.
    pub fn journal_delete(&mut self, entry: &JournalEntry) {
        self.delete(keys::journal(&entry.id()), Condition::Always, Refusal::Changed);
    }
}

impl Store {
    /// Whether this work is still to be done.
    pub async fn journal_has(&self, entry: &JournalEntry) -> Result<bool> {
        Ok(self.get(&keys::journal(&entry.id())).await?.is_some())
    }

    /// The work that is still to be done and was begun before a time.
    pub async fn journal(&self, begun_before: Time) -> Result<Vec<JournalEntry>> {
        let (items, _) = self.query(&Lookup::table(keys::JOURNAL_PARTITION), MAX_ENTRIES).await?;
        let before = rfc3339(begun_before);
        // Work that does not say when it was begun is old.
        let old = items.iter().filter(|item| text(item, BEGUN).is_none_or(|begun| begun < before.as_str()));
        old.map(decode).collect()
    }
}
