//! Journal entries: what people note about objects. (Unfinished work is in [`crate::journal`].)

use noticeboard_domain::Result;
use noticeboard_domain::change::ChangeStamp;
use noticeboard_domain::ids::ObjectId;
use noticeboard_domain::journal_entry::JournalEntry;
use noticeboard_domain::object::{ObjectRef, ObjectType};

use crate::item::{Chunk, Item, Resume, attribute, decode, encode_object, kind, n, s};
use crate::keys::{self, Key, index};
use crate::table::{Lookup, Store};
use crate::transaction::{Change, Condition, Refusal, Transaction};

fn key(id: ObjectId) -> Key {
    keys::object(ObjectRef::new(ObjectType::JournalEntry, id))
}

impl Transaction {
    /// Stores a new journal entry.
    pub fn journal_entry_create(&mut self, entry: &JournalEntry) -> Result<()> {
        let id = keys::number(entry.id.get());
        let item = Item::new(&key(entry.id), kind::JOURNAL_ENTRY)
            .object(entry)?
            .with(attribute::VERSION, n(entry.revision.version))
            .with(attribute::DISPLAY, s(entry.display()))
            .index(attribute::BY_KIND, kind::JOURNAL_ENTRY, &id)
            .index(attribute::BY_OWNER, index::journal_of(entry.assigned_object), &id);
        self.put(item, Condition::New, Refusal::IdTaken);
        Ok(())
    }

    /// Stores a changed journal entry over the version that was read; its object is the same.
    pub fn journal_entry_update(&mut self, before: &JournalEntry, after: &JournalEntry) -> Result<()> {
        let set = vec![
            (attribute::DATA, Change::Set(s(encode_object(after)?))),
            (attribute::VERSION, Change::Set(n(after.revision.version))),
            (attribute::DISPLAY, Change::Set(s(after.display()))),
        ];
        self.update(key(before.id), set, Condition::Version(before.revision.version), Refusal::Changed);
        Ok(())
    }

    /// Removes a journal entry in the version that was read.
    pub fn journal_entry_delete(&mut self, entry: &JournalEntry, stamp: &ChangeStamp) -> Result<()> {
        self.delete(key(entry.id), Condition::Version(entry.revision.version), Refusal::Changed);
        self.tombstone(entry.object(), entry.revision.version + 1, stamp)
    }
}

impl Store {
    /// A journal entry.
    pub async fn journal_entry(&self, id: ObjectId) -> Result<Option<JournalEntry>> {
        self.get(&key(id)).await?.as_ref().map(decode).transpose()
    }

    /// The journal entries about one object, newest first; an error when there are more than `most`.
    pub async fn journal_entries_of(&self, object: ObjectRef, most: usize) -> Result<Vec<JournalEntry>> {
        let lookup = Lookup::index(index::BY_OWNER, index::journal_of(object)).backwards();
        self.query_all(&lookup, most).await?.iter().map(decode).collect()
    }

    /// All journal entries, newest first.
    pub async fn journal_entry_list(&self, resume: Option<&Resume>, limit: usize) -> Result<Chunk<JournalEntry>> {
        let lookup = Lookup::index(index::BY_KIND, kind::JOURNAL_ENTRY).backwards();
        self.chunk(&lookup.resume(resume), limit, decode).await
    }

    /// All journal entries by id, from an id on.
    pub async fn journal_entries_from(&self, start: u64, limit: usize) -> Result<Chunk<JournalEntry>> {
        let lookup = Lookup::index(index::BY_KIND, kind::JOURNAL_ENTRY).from(keys::number(start));
        self.chunk(&lookup, limit, decode).await
    }
}
