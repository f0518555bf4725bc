//! Journal entries, what people note about objects: create, read, list, change, delete.

use std::collections::HashMap;

use noticeboard_domain::change::{Actor, Expected, Revision};
use noticeboard_domain::filter::Filterable;
use noticeboard_domain::ids::{EventId, EventNotificationId, ImpactId, ObjectId};
use noticeboard_domain::journal_entry::{JournalEntry, JournalEntryChanges, has_journal};
use noticeboard_domain::listing::{List, Listing};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::tag::Tag;
use noticeboard_domain::{Error, FieldErrors, Result};
use noticeboard_store::{Chunk, CommitError, CountOf, Resume, Store, Transaction, Wanted};

use crate::around::{Around, Input};
use crate::impacts::{display, related_not_found};
use crate::lists::{All, split};
use crate::views::tag_refs;
use crate::{App, MAX_RACES, too_many_races};

const NOT_FOUND: Error = Error::NotFound { what: "JournalEntry" };

/// A journal entry with what the API shows beside it.
#[derive(Debug, Clone)]
pub struct JournalEntryView {
    /// The entry.
    pub entry: JournalEntry,
    /// Its object's text for people; none when that is gone.
    pub object_display: Option<String>,
    /// Its tags.
    pub tags: Vec<Tag>,
}

struct AllJournalEntries<'a>(&'a Store);

impl All for AllJournalEntries<'_> {
    type Item = JournalEntry;

    async fn count(&self) -> Result<u64> {
        Ok(self.0.counters(ObjectType::JournalEntry).await?.get(CountOf::All))
    }

    async fn walk(&self, resume: Option<Resume>, limit: usize) -> Result<Chunk<JournalEntry>> {
        self.0.journal_entry_list(resume.as_ref(), limit).await
    }

    async fn from(&self, start: u64, limit: usize) -> Result<Chunk<JournalEntry>> {
        self.0.journal_entries_from(start, limit).await
    }
}

/// Objects and tags that were read together.
struct Surroundings {
    displays: HashMap<ObjectRef, String>,
    around: Around,
}

impl Surroundings {
    fn view(&self, entry: JournalEntry) -> JournalEntryView {
        JournalEntryView {
            object_display: self.displays.get(&entry.assigned_object).cloned(),
            tags: self.around.tags(&entry.tags),
            entry,
        }
    }
}

/// Whether an object has a partition of its own: events have another one, and what belongs to them lives there.
fn own_partition(object: &ObjectRef) -> bool {
    object.kind.app_label() != ObjectType::Maintenance.app_label()
}

/// The values of an input, with the tags that it names looked up; and what is wrong with it so far.
fn named(input: Input<JournalEntryChanges>, around: &Around) -> (JournalEntryChanges, FieldErrors) {
    let (mut changes, mut errors) = (input.changes, input.wrong);
    if input.refs.tags.is_some() {
        changes.tags = around.tag_slugs(input.refs.tags.as_deref(), &mut errors);
    }
    (changes, errors)
}

impl App {
    /// The texts for people of objects of any type, and tags: one batch, and two calls more where impacts or received
    /// mails are among the objects.
    async fn entry_surroundings(
        &self,
        objects: &[ObjectRef],
        input: Option<&Input<JournalEntryChanges>>,
        slugs: &[String],
    ) -> Result<Surroundings> {
        let ids = |kind: ObjectType| objects.iter().filter(move |object| object.kind == kind).map(|object| object.id);
        let impacts: Vec<ImpactId> = ids(ObjectType::Impact).map(Into::into).collect();
        let mails: Vec<EventNotificationId> = ids(ObjectType::EventNotification).map(Into::into).collect();
        let (impacts, mails) = tokio::try_join!(self.store.impacts(&impacts), self.store.notifications(&mails))?;
        let events = ids(ObjectType::Maintenance).chain(ids(ObjectType::Outage)).map(EventId::from);
        let wanted = Wanted {
            events: events.chain(impacts.iter().map(|impact| impact.event.id)).collect(),
            objects: objects
                .iter()
                .copied()
                .filter(own_partition)
                .chain(impacts.iter().map(|impact| impact.target))
                .collect(),
            tags: tag_refs(slugs).collect(),
        };
        let around = self.around_refs(input.iter().map(|input| &input.refs), wanted).await?;
        let mut displays = HashMap::new();
        for impact in impacts {
            let event = around.stored(impact.event.id).map_or("", |stored| stored.event.name.as_str());
            let target = around.target(impact.target).display.unwrap_or_default();
            displays.insert(impact.object(), display(event, &target));
        }
        displays.extend(mails.iter().map(|mail| (mail.object(), mail.subject.as_str().to_owned())));
        for object in objects {
            let event = around.stored(object.id.into()).filter(|stored| stored.event.object() == *object);
            let found = event.map(|stored| stored.event.name.as_str().to_owned());
            if let Some(found) = found.or_else(|| around.target(*object).display) {
                displays.insert(*object, found);
            }
        }
        Ok(Surroundings { displays, around })
    }

    /// Writes a journal entry.
    ///
    /// # Errors
    /// [`Error::Invalid`] for missing values and for an object that is not there.
    pub async fn journal_entry_create(
        &self,
        actor: &Actor,
        input: Input<JournalEntryChanges>,
    ) -> Result<JournalEntryView> {
        let object: Vec<ObjectRef> = input.changes.assigned_object.whole().into_iter().collect();
        let around = self.entry_surroundings(&object, Some(&input), &[]).await?;
        let actor = &actor.noting(&input.note);
        let (changes, mut errors) = named(input, &around.around);
        // It may be deleted in the next moment: then the entry stays, as it does when that happens later.
        let journal = object.iter().filter(|object| has_journal(object.kind));
        for object in journal.filter(|object| !around.displays.contains_key(object)) {
            errors.collect::<()>(Err(related_not_found("assigned_object_id", object.id.get())))?;
        }
        errors.into_result()?;
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let entry = changes.clone().into_entry(self.mint()?, Revision::first(self.stamp(actor)?))?;
            let mut transaction = Transaction::new();
            transaction.journal_entry_create(&entry)?;
            match self.store.commit(transaction, self.now()).await {
                Ok(()) => return Ok(around.view(entry)),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    async fn journal_entry_stored(&self, id: ObjectId) -> Result<JournalEntry> {
        self.store.journal_entry(id).await?.ok_or(NOT_FOUND)
    }

    /// A journal entry.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn journal_entry(&self, id: ObjectId) -> Result<JournalEntryView> {
        let entry = self.journal_entry_stored(id).await?;
        Ok(self.entry_surroundings(&[entry.assigned_object], None, &entry.tags).await?.view(entry))
    }

    /// Journal entries, newest first unless an order is asked for. Those of one object are looked up.
    ///
    /// # Errors
    /// As for [`App::event_list`].
    pub async fn journal_entry_list(&self, mut listing: Listing) -> Result<List<JournalEntryView>> {
        self.narrow(ObjectType::JournalEntry, &mut listing.filter).await?;
        let (filter, most) = (&listing.filter, self.settings.list_read_limit);
        let kind = match filter.texts("assigned_object_type").as_deref() {
            Some([name]) => ObjectType::parse(name),
            _ => match filter.ids("assigned_object_type_id").as_deref() {
                Some([number]) => ObjectType::from_number(*number),
                _ => None,
            },
        };
        let id = match filter.ids("assigned_object_id").as_deref() {
            Some([id]) => ObjectId::try_from(*id).ok(),
            _ => None,
        };
        let newest_first = |a: &JournalEntry, b: &JournalEntry| b.id().cmp(&a.id());
        let list = match kind.zip(id) {
            Some((kind, id)) => {
                let found = self.store.journal_entries_of(ObjectRef { kind, id }, most).await?;
                listing.of(found, newest_first)
            }
            None => self.walked(&listing, &AllJournalEntries(&self.store), newest_first).await?,
        };
        let (entries, list) = split(list);
        let objects: Vec<ObjectRef> = entries.iter().map(|entry| entry.assigned_object).collect();
        let slugs: Vec<String> = entries.iter().flat_map(|entry| entry.tags.iter().cloned()).collect();
        let around = self.entry_surroundings(&objects, None, &slugs).await?;
        Ok(list.with(entries.into_iter().map(|entry| around.view(entry)).collect()))
    }

    /// Changes a journal entry, while it has an expected version. It stays with its object.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`], [`Error::VersionMismatch`].
    pub async fn journal_entry_change(
        &self,
        actor: &Actor,
        id: ObjectId,
        input: Input<JournalEntryChanges>,
        expected: &Expected,
    ) -> Result<JournalEntryView> {
        let actor = &actor.noting(&input.note);
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let before = self.journal_entry_stored(id).await?;
            expected.check(before.revision.version)?;
            let around = self.entry_surroundings(&[before.assigned_object], Some(&input), &before.tags).await?;
            let (changes, errors) = named(input.clone(), &around.around);
            let after = errors.finish(before.changed(changes, before.revision.next(self.stamp(actor)?)))?;
            if after.snapshot() == before.snapshot() {
                return Ok(around.view(before));
            }
            let mut transaction = Transaction::new();
            transaction.journal_entry_update(&before, &after)?;
            match self.store.commit(transaction, self.now()).await {
                Ok(()) => return Ok(around.view(after)),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// Deletes a journal entry.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn journal_entry_delete(&self, actor: &Actor, id: ObjectId, expected: &Expected) -> Result<()> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let entry = self.journal_entry_stored(id).await?;
            expected.check(entry.revision.version)?;
            let mut transaction = Transaction::new();
            transaction.journal_entry_delete(&entry, &self.stamp(actor)?)?;
            match self.store.commit(transaction, self.now()).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }
}
