//! Work that takes more than one transaction, written down before it begins and struck out when it is done.

use noticeboard_domain::Result;
use noticeboard_domain::change::{Actor, ChangeStamp};
use noticeboard_domain::event::Event;
use noticeboard_domain::ids::{EventId, ProviderId, ReviewId};
use noticeboard_domain::impact::Impact;
use noticeboard_domain::inventory::InventoryObject;
use noticeboard_domain::notification::EventNotification;
use noticeboard_domain::object::ObjectRef;
use noticeboard_domain::tag::Tag;
use noticeboard_domain::time::{Time, rfc3339};
use serde::{Deserialize, Serialize};

use crate::item::{Item, attribute, decode, kind, s, text};
use crate::keys;
use crate::table::{Lookup, Store};
use crate::transaction::{Condition, Refusal, Transaction};

/// When the work was begun.
const BEGUN: &str = "begun";

/// More entries than this are finished in a second round.
const MAX_ENTRIES: usize = 1000;

/// The most that one entry holds of a bulk, in bytes of JSON; a single larger object has an entry of its own. (An item of
/// the table ends at 400 KB.)
pub const MAX_BULK_BYTES: usize = 300 * 1024;

/// One object as it is to be: new where it has its first version, else made of the version before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BulkWrite {
    /// An event.
    Event(Box<Event>),
    /// An impact.
    Impact {
        /// The impact.
        impact: Impact,
        /// Its text for people.
        display: String,
        /// Its event's provider.
        provider: ProviderId,
    },
    /// An object of the inventory.
    Object(Box<InventoryObject>),
    /// A received mail.
    Notification {
        /// The mail.
        notification: Box<EventNotification>,
        /// Its event's provider; none when the event is gone.
        provider: Option<ProviderId>,
    },
    /// A tag.
    Tag(Tag),
}

impl BulkWrite {
    /// The object, where it is new.
    pub fn created(&self) -> Option<ObjectRef> {
        let (object, version) = match self {
            Self::Event(event) => (event.object(), event.revision.version),
            Self::Impact { impact, .. } => (impact.object(), impact.revision.version),
            Self::Notification { notification, .. } => (notification.object(), notification.revision.version),
            Self::Object(object) => (object.object(), object.revision.version),
            Self::Tag(tag) => (tag.object(), tag.revision.version),
        };
        (version == 1).then_some(object)
    }
}

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
        /// Whose approval lets it in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approval: Option<JournalledApproval>,
    },
    /// A part of several objects that are written together and do not fit one transaction. It binds nobody before
    /// [`JournalEntry::BulkBegun`] of the same bulk is written, and may be struck out until then.
    Bulk {
        /// The whole that it is a part of.
        id: String,
        /// Which part.
        part: usize,
        /// The objects as they are to be.
        writes: Vec<BulkWrite>,
        /// Who writes them.
        actor: Actor,
    },
    /// All parts of a bulk are written down: it will be done. Struck out after the last of them.
    BulkBegun {
        /// The bulk.
        id: String,
    },
    /// Several objects that are deleted together.
    BulkDeletion {
        /// The objects, each with the caller's note on its deletion.
        objects: Vec<(ObjectRef, String)>,
        /// Who deletes them.
        actor: Actor,
        /// Which part of the whole, from 0.
        part: usize,
    },
    /// An object of the inventory that others show something of has changed: they are to show it anew.
    Shown {
        /// The object.
        object: ObjectRef,
    },
    /// The deletion of an event with more impacts than one transaction holds.
    EventDeletion {
        /// The event.
        event: EventId,
        /// Who deletes it.
        stamp: ChangeStamp,
    },
}

/// The approval of a mail that waited for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournalledApproval {
    /// What waits.
    pub review: ReviewId,
    /// Who approves it.
    pub actor: Actor,
}

impl JournalEntry {
    /// The entry's id: the same work has the same id.
    pub fn id(&self) -> String {
        match self {
            Self::Mail { approval: Some(approval), .. } => approval_id(approval.review),
            Self::Mail { raw, approval: None, .. } => format!("MAIL#{raw}"),
            Self::EventDeletion { event, .. } => format!("EVENT#{event}"),
            Self::Shown { object } => format!("SHOWN#{object}"),
            Self::Bulk { id, part, .. } => format!("{}{part:04}", bulk_prefix(id)),
            // Behind every part.
            Self::BulkBegun { id } => format!("{}BEGUN", bulk_prefix(id)),
            Self::BulkDeletion { actor, part, .. } => format!("BULK-DELETION#{}#{part:04}", actor.request_id),
        }
    }
}

fn bulk_prefix(id: &str) -> String {
    format!("BULK#{id}#")
}

fn approval_id(review: ReviewId) -> String {
    format!("APPROVAL#{review}")
}

impl Transaction {
    /// Only while nobody's approval of this is written down as work to be done.
    pub fn no_approval(&mut self, review: ReviewId) {
        self.delete(keys::journal(&approval_id(review)), Condition::New, Refusal::ApprovalBegun);
    }

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

    /// Whether parts of a bulk that has begun are still to be done.
    pub async fn journal_has_parts(&self, id: &str) -> Result<bool> {
        let prefix = keys::journal(&bulk_prefix(id)).sk;
        let (items, more) = self.query(&Lookup::table(keys::JOURNAL_PARTITION).prefix(prefix), 1).await?;
        let is_part = |entry: &JournalEntry| matches!(entry, JournalEntry::Bulk { .. });
        Ok(more || items.iter().map(decode).collect::<Result<Vec<_>>>()?.iter().any(is_part))
    }

    /// The work that is still to be done and was begun before a time.
    pub async fn journal(&self, begun_before: Time) -> Result<Vec<JournalEntry>> {
        let (items, _) = self.query(&Lookup::table(keys::JOURNAL_PARTITION), MAX_ENTRIES).await?;
        let before = rfc3339(begun_before);
        // Work that does not say when it was begun is old.
        let old = items.iter().filter(|item| text(item, BEGUN).is_none_or(|begun| begun < before.as_str()));
        let read = |item| match decode(item) {
            Ok(entry) => Some(entry),
            // One that cannot be read keeps none of the others from being finished.
            Err(error) => {
                let key = text(item, attribute::SK).unwrap_or_default();
                tracing::error!(key, %error, detail = error.detail(), "unfinished work cannot be read");
                None
            }
        };
        Ok(old.filter_map(read).collect())
    }
}
