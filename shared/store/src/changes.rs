//! The changelog's records, and the tombstones that tell it who deleted an object.

use std::collections::{HashMap, HashSet};

use noticeboard_domain::change::{Action, Change, ChangeStamp};
use noticeboard_domain::ids::{ChangeId, EventId};
use noticeboard_domain::inventory::schema;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::{Error, Result};

use crate::counters::{Counted, Counters};
use crate::item::{Attributes, Chunk, Item, Resume, attribute, decode, integer, kind, n, s, text};
use crate::keys::{self, Key, index};
use crate::table::{Lookup, Store};
use crate::transaction::{CommitError, Condition, Refusal, Transaction};

/// How long a tombstone stays: the stream keeps its records for a day, a dead-letter queue for 14.
const TOMBSTONE_DAYS: i64 = 30;

/// Changes of one transaction; beside them it holds one counter for each type of object.
const MAX_RECORDED: usize = 50;

/// A part of a timeline, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangePage {
    /// The changes.
    pub changes: Vec<Change>,
    /// Where the next page begins.
    pub next: Option<ChangeId>,
}

impl Transaction {
    /// Leaves word of who removes an object, and of the version that its deletion counts as.
    pub(crate) fn tombstone(&mut self, object: ObjectRef, version: u64, stamp: &ChangeStamp) -> Result<()> {
        let expires = stamp.at + chrono::Duration::days(TOMBSTONE_DAYS);
        let item = Item::helper(&keys::tombstone(object)).data(stamp)?;
        let item = item.with(attribute::VERSION, n(version)).with(attribute::EXPIRES, n(expires.timestamp()));
        self.put(item, Condition::Always, Refusal::Changed);
        Ok(())
    }
}

/// The transaction that records the first of some changes, and how many it takes.
fn record_some(changes: &[Change]) -> Result<(Transaction, usize)> {
    let mut transaction = Transaction::new();
    let mut counted = Counted::default();
    let mut keys = HashSet::new();
    let mut taken = 0;
    for change in changes.iter().take(MAX_RECORDED) {
        // The stream may tell the same change twice in one batch; a transaction writes an item once. An object that is
        // brought back under its id when its deletion is forgotten has its first version again: that is another change.
        if keys.insert((change.stamp.id, change.key())) {
            let mut one = Transaction::new();
            one.put(record(change)?, Condition::New, Refusal::ChangeRecorded);
            if transaction.join(one).is_err() {
                break;
            }
            counted.add(change);
        }
        taken += 1;
    }
    transaction.count(counted);
    Ok((transaction, taken))
}

/// The item of a change.
fn record(change: &Change) -> Result<Item> {
    let key = keys::change(change.event, change.object, change.stamp.id, change.version);
    let id = keys::number(change.stamp.id.get());
    // Whole lists are walked by this key, so no two changes may have the same one: writers in two processes can mint
    // the same id.
    let place = keys::change_place(change.stamp.id, change.object, change.version);
    let item = Item::new(&key, kind::CHANGE).data(change)?.with(attribute::COMPACT, s(change.action.as_str()));
    let item = item.index(attribute::BY_KIND, kind::CHANGE, place);
    let item = item.index(attribute::BY_OWNER, index::changes_of(change.object), &id);
    Ok(item.index(attribute::BY_SHARD, index::request(&change.stamp.actor.request_id), id))
}

/// Reads a change. What was recorded of objects elsewhere when their addresses were still kept is shown without these.
fn decode_change(item: &Attributes) -> Result<Change> {
    let mut change: Change = decode(item)?;
    if let Some(schema) = schema(change.object.kind) {
        change.before.iter_mut().chain(&mut change.after).for_each(|fields| schema.without_addresses(fields));
    }
    Ok(change)
}

/// The object that a change in the index of a request is about, and what was done to it.
fn changed_object(item: &Attributes) -> Option<(ObjectRef, Action)> {
    let (object, version) = keys::changed_object(text(item, attribute::SK)?)?;
    let recorded = text(item, attribute::COMPACT);
    let action = Action::ALL.into_iter().find(|action| recorded == Some(action.as_str()));
    // Records did not always say it there.
    Some((object, action.unwrap_or(if version == 1 { Action::Create } else { Action::Update })))
}

impl Store {
    /// Records changes and counts them, each once: a change that is on record already is left as it is.
    ///
    /// Several go into one transaction; where that is refused or fails, each goes alone, so that one which cannot be
    /// stored holds up none before it.
    ///
    /// # Errors
    /// The place of the first change that is not on record, and why. All before it are.
    pub async fn changes_record(&self, changes: &[Change]) -> std::result::Result<(), (usize, Error)> {
        let mut begin = 0;
        while begin < changes.len() {
            let (transaction, taken) = record_some(&changes[begin..]).map_err(|error| (begin, error))?;
            // Records are nothing that calendars show: their time is noted nowhere.
            if self.commit(transaction, changes[begin].stamp.at).await.is_err() {
                for (at, change) in changes.iter().enumerate().skip(begin).take(taken) {
                    let (alone, _) = record_some(std::slice::from_ref(change)).map_err(|error| (at, error))?;
                    match self.commit(alone, change.stamp.at).await {
                        Ok(()) | Err(CommitError::Refused(_)) => {}
                        Err(CommitError::Failed(error)) => return Err((at, error)),
                    }
                }
            }
            begin += taken;
        }
        Ok(())
    }

    /// Who deleted an object.
    pub(crate) async fn deleted_by(&self, object: ObjectRef) -> Result<Option<ChangeStamp>> {
        self.get(&keys::tombstone(object)).await?.as_ref().map(decode).transpose()
    }

    /// Which versions the deletions of these objects count as; those of which none is remembered are left out.
    pub async fn deletions(&self, objects: &[ObjectRef]) -> Result<HashMap<ObjectRef, u64>> {
        let keys: Vec<Key> = objects.iter().map(|object| keys::tombstone(*object)).collect();
        let found = self.get_many(&keys).await?;
        let versions: HashMap<&str, u64> = found
            .iter()
            .filter_map(|item| Some((text(item, attribute::PK)?, integer(item, attribute::VERSION)?)))
            .collect();
        let version = |(object, key): (&ObjectRef, &Key)| Some((*object, *versions.get(key.pk.as_str())?));
        Ok(objects.iter().zip(&keys).filter_map(version).collect())
    }

    /// The changes of an event and of what belongs to it, newest first, before `before` where that is given.
    pub async fn changes_of_event(&self, event: EventId, before: Option<ChangeId>, limit: usize) -> Result<ChangePage> {
        // The sort key of a change begins with its id, so that a bound on it needs no prefix of its own; an event's
        // partition has no sort key below `CHANGE#`.
        let lookup = Lookup::table(keys::event_partition(event));
        let lookup = match before {
            Some(id) => lookup.below(format!("{}{}", keys::CHANGE_PREFIX, keys::number(id.get()))),
            None => lookup.prefix(keys::CHANGE_PREFIX),
        };
        self.change_page(&lookup, limit).await
    }

    /// The changes of one object, newest first; an error when there are more than `most`.
    pub async fn changes_of_object(&self, object: ObjectRef, most: usize) -> Result<Vec<Change>> {
        let lookup = Lookup::index(index::BY_OWNER, index::changes_of(object)).backwards();
        self.query_all(&lookup, most).await?.iter().map(decode_change).collect()
    }

    /// Whether any change of an object is on record.
    pub async fn is_changed(&self, object: ObjectRef) -> Result<bool> {
        let (items, _) = self.query(&Lookup::index(index::BY_OWNER, index::changes_of(object)), 1).await?;
        Ok(!items.is_empty())
    }

    /// All changes, the newest first or the oldest.
    pub async fn change_list(
        &self,
        newest_first: bool,
        resume: Option<&Resume>,
        limit: usize,
    ) -> Result<Chunk<Change>> {
        let lookup = Lookup::index(index::BY_KIND, kind::CHANGE);
        let lookup = if newest_first { lookup.backwards() } else { lookup };
        self.chunk(&lookup.resume(resume), limit, decode_change).await
    }

    /// All changes by id, from an id on.
    pub async fn changes_from(&self, start: u64, limit: usize) -> Result<Chunk<Change>> {
        self.chunk(&Lookup::index(index::BY_KIND, kind::CHANGE).from(keys::number(start)), limit, decode_change).await
    }

    /// How many changes are on record.
    pub async fn change_count(&self) -> Result<u64> {
        let keys: Vec<_> = ObjectType::ALL.iter().map(|kind| keys::counters(*kind)).collect();
        Ok(self.get_many(&keys).await?.into_iter().map(|item| Counters(item).changes()).sum())
    }

    /// The changes that one request made; an error when there are more than `most`.
    pub async fn changes_of_request(&self, request_id: &str, most: usize) -> Result<Vec<Change>> {
        let items = self.query_all(&Lookup::index(index::COMPACT, index::request(request_id)), most).await?;
        let key = |item: &Attributes| {
            Some(Key { pk: text(item, attribute::PK)?.into(), sk: text(item, attribute::SK)?.into() })
        };
        let keys: Vec<Key> = items.iter().filter_map(key).collect();
        self.get_many(&keys).await?.iter().map(decode_change).collect()
    }

    /// The objects that one request changed, each with what was done to it.
    pub async fn changed_by_request(&self, request_id: &str, most: usize) -> Result<Vec<(ObjectRef, Action)>> {
        let items = self.query_all(&Lookup::index(index::COMPACT, index::request(request_id)), most).await?;
        Ok(items.iter().filter_map(changed_object).collect())
    }

    /// One change.
    pub async fn change(&self, id: ChangeId) -> Result<Option<Change>> {
        let lookup = Lookup::index(index::BY_KIND, kind::CHANGE).prefix(keys::number(id.get()));
        let (items, _) = self.query(&lookup, 1).await?;
        items.first().map(decode_change).transpose()
    }

    async fn change_page(&self, lookup: &Lookup, limit: usize) -> Result<ChangePage> {
        let (items, more) = self.query(&lookup.clone().backwards(), limit).await?;
        let changes: Vec<Change> = items.iter().map(decode_change).collect::<Result<_>>()?;
        let next = if more { changes.last().map(|change| change.stamp.id) } else { None };
        Ok(ChangePage { changes, next })
    }
}
