//! Several objects written together: all or none (behaviours L11).
//!
//! What fits one transaction is one. What does not is checked whole, written down as it will be, and then done part by
//! part: whoever finds it unfinished finishes it.

use std::fmt;

use noticeboard_domain::change::Actor;
use noticeboard_domain::event::EventKind;
use noticeboard_domain::ids::{EventId, EventNotificationId, ImpactId};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::{Error, FieldErrors, Result};
use noticeboard_store::{BulkWrite, CommitError, JournalEntry, MAX_BULK_BYTES, Refusal, Transaction};

use crate::{App, MAX_RACES, Turn, too_many_races};

/// The most objects of one bulk request.
pub const MAX_BULK: usize = 1000;

/// Why nothing of a bulk was done.
#[derive(Debug)]
pub enum BulkError {
    /// What is wrong with each element, in their order; nothing for those that are right.
    Elements(Vec<FieldErrors>),
    /// The whole of it failed.
    Failed(Error),
}

impl From<Error> for BulkError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl fmt::Display for BulkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elements(elements) => elements.iter().try_for_each(|errors| write!(f, "{errors}; ")),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl BulkError {
    /// The error of a bulk of one.
    pub(crate) fn single(self) -> Error {
        match self {
            Self::Elements(elements) => elements.into_iter().next().map_or_else(|| Error::internal(""), Error::Invalid),
            Self::Failed(error) => error,
        }
    }

    /// The elements' errors, where there are any.
    pub(crate) fn check(elements: Vec<FieldErrors>) -> std::result::Result<(), Self> {
        if elements.iter().all(FieldErrors::is_empty) { Ok(()) } else { Err(Self::Elements(elements)) }
    }
}

/// One object of a bulk: its writes, and the same for the journal.
pub(crate) struct Part {
    pub(crate) transaction: Transaction,
    pub(crate) write: BulkWrite,
}

/// What became of a bulk that was tried.
pub(crate) enum Tried {
    /// It is done.
    Done,
    /// Another writer was faster with one of its objects: everything is to be read and checked again.
    Lost(Refusal),
}

impl App {
    /// Does all of a bulk or nothing.
    ///
    /// Where another writer comes between the transactions of a large one, what it has created is taken back, and the
    /// caller reads and checks everything again: changes that are done already then change nothing more. Taking back waits
    /// for turns of its own, so the caller's is given up.
    pub(crate) async fn bulk_commit(&self, actor: &Actor, parts: Vec<Part>, turn: Turn<'_>) -> Result<Tried> {
        let mut groups: Vec<(Transaction, Vec<ObjectRef>)> = Vec::new();
        let mut writes = Vec::with_capacity(parts.len());
        for part in parts {
            let created = part.write.created();
            writes.push(part.write);
            let rest = match groups.last_mut() {
                Some((last, of_last)) => match last.join(part.transaction) {
                    Ok(()) => {
                        of_last.extend(created);
                        continue;
                    }
                    Err(rest) => rest,
                },
                None => part.transaction,
            };
            groups.push((rest, created.into_iter().collect()));
        }
        let mut entries = Vec::new();
        if groups.len() > 1 {
            entries = journal(actor, writes)?;
            // From the last of these on it will be done, by us or by whoever finds it unfinished.
            self.commit_in_turn(entries.iter().map(|entry| {
                let mut begin = Transaction::new();
                begin.journal_put(entry, self.now()).map(|()| begin)
            }))
            .await?;
        }
        let mut done = Vec::new();
        for (group, created) in groups {
            match self.store.commit(group, self.now()).await {
                Ok(()) => done.extend(created),
                Err(CommitError::Refused(refusal)) => {
                    drop(turn);
                    self.bulk_take_back(actor, &entries, done).await?;
                    return Ok(Tried::Lost(refusal));
                }
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        self.strike_out(&entries).await?;
        Ok(Tried::Done)
    }

    /// Commits writes without conditions in their order, as many at once as fit.
    async fn commit_in_turn(&self, writes: impl Iterator<Item = Result<Transaction>>) -> Result<()> {
        let mut open = Transaction::new();
        for write in writes {
            if let Err(rest) = open.join(write?) {
                self.commit_all(std::mem::replace(&mut open, rest)).await?;
            }
        }
        if open.is_empty() { Ok(()) } else { self.commit_all(open).await }
    }

    /// Strikes entries out of the journal, in their order.
    async fn strike_out(&self, entries: &[JournalEntry]) -> Result<()> {
        self.commit_in_turn(entries.iter().map(|entry| {
            let mut end = Transaction::new();
            end.journal_delete(entry);
            Ok(end)
        }))
        .await
    }

    /// Strikes a bulk out of the journal, and deletes what it has created.
    async fn bulk_take_back(&self, actor: &Actor, entries: &[JournalEntry], created: Vec<ObjectRef>) -> Result<()> {
        let Some((begun, parts)) = entries.split_last() else {
            return Ok(());
        };
        let created = created.into_iter().map(|object| (object, String::new())).collect();
        let undo = JournalEntry::BulkDeletion { objects: created, actor: actor.clone(), part: 0 };
        // Without its beginning, nobody takes the parts up any more.
        let mut transaction = Transaction::new();
        transaction.journal_delete(begun);
        transaction.journal_put(&undo, self.now())?;
        self.commit_all(transaction).await?;
        self.strike_out(parts).await?;
        Box::pin(self.journal_finish(&undo)).await
    }

    /// Does what one entry of the journal holds, as far as it is not done.
    pub(crate) async fn bulk_finish(&self, id: &str, actor: &Actor, writes: &[BulkWrite]) -> Result<()> {
        if !self.store.journal_has(&JournalEntry::BulkBegun { id: id.to_owned() }).await? {
            return Ok(());
        }
        for write in writes {
            for race in 0.. {
                let _turn = self.turn(race).await;
                let Some(transaction) = self.bulk_write(actor, write).await? else { break };
                match self.store.commit(transaction, self.now()).await {
                    Ok(()) => break,
                    Err(CommitError::Refused(_)) if race < MAX_RACES => {}
                    Err(CommitError::Refused(_)) => return Err(too_many_races()),
                    Err(CommitError::Failed(error)) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// The transaction that one write of an unfinished bulk still takes; none where it is done, or where the object has
    /// moved on since.
    async fn bulk_write(&self, actor: &Actor, write: &BulkWrite) -> Result<Option<Transaction>> {
        let mut transaction = Transaction::new();
        match write {
            BulkWrite::Event(event) => match self.store.event(event.id).await? {
                None if event.revision.version == 1 => {
                    transaction.event_create(event, None, 0, 0)?;
                    if let Some(original) = event.replaces()
                        && let Some(original) = self.store.event(original).await?
                    {
                        self.mark_rescheduled(&mut transaction, &original, actor)?;
                    }
                }
                Some(before) if before.event.revision.version + 1 == event.revision.version => {
                    transaction.event_update(&before, event, None, 0, 0)?;
                }
                Some(_) | None => return Ok(None),
            },
            BulkWrite::Impact { impact, display, provider } => match self.store.impact(impact.id).await? {
                None if impact.revision.version == 1 => {
                    let taken = self.store.impact_on(impact.event.id, impact.target).await?;
                    if taken.is_some() || self.is_frozen(impact.event.id).await? {
                        return Ok(None);
                    }
                    transaction.event_impact(impact.event.id, 1, impact.revision.last_updated);
                    transaction.impact_create(impact, display, *provider)?;
                }
                Some((before, _)) if before.revision.version + 1 == impact.revision.version => {
                    let taken = self.store.impact_on(impact.event.id, impact.target).await?;
                    let taken = taken.is_some_and(|other| other.id != impact.id);
                    if taken || self.is_frozen(impact.event.id).await? {
                        return Ok(None);
                    }
                    transaction.event_impact(impact.event.id, 0, impact.revision.last_updated);
                    transaction.impact_update(&before, impact, display, *provider)?;
                }
                Some(_) | None => return Ok(None),
            },
            BulkWrite::Object(object) => return self.object_write(object).await,
            BulkWrite::Notification { notification, provider } => {
                match (self.store.notification(notification.id).await?, provider) {
                    (None, Some(provider)) if notification.revision.version == 1 => {
                        transaction.notification_create(notification, *provider)?;
                    }
                    (Some((before, _)), _) if before.revision.version + 1 == notification.revision.version => {
                        transaction.notification_update(&before, notification)?;
                    }
                    _ => return Ok(None),
                }
                if self.store.event(notification.event.id).await?.is_some() {
                    transaction.event_child(notification.event.id, notification.revision.last_updated);
                }
            }
            BulkWrite::Tag(tag) => {
                let before = self.store.tag(tag.id).await?;
                if !self.tag_is_free(tag).await? {
                    return Ok(None);
                }
                match before {
                    None if tag.revision.version == 1 => transaction.tag_create(tag)?,
                    Some(before) if before.revision.version + 1 == tag.revision.version => {
                        transaction.tag_update(&before, tag)?;
                    }
                    Some(_) | None => return Ok(None),
                }
            }
        }
        Ok(Some(transaction))
    }

    /// Whether the impacts of an event stay as they are: it is closed, or gone.
    async fn is_frozen(&self, event: EventId) -> Result<bool> {
        Ok(self.store.event(event).await?.is_none_or(|stored| stored.event.status().freezes_impacts()))
    }

    /// Deletes several objects of one type, each with the caller's note on it. Those that do not exist are as good as
    /// deleted.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; what is not deleted yet then will be by whoever finds it unfinished.
    pub async fn bulk_delete(&self, actor: &Actor, objects: Vec<(ObjectRef, String)>) -> Result<()> {
        let entry = |(part, objects)| JournalEntry::BulkDeletion { objects, actor: actor.clone(), part };
        let entries: Vec<JournalEntry> = in_parts(objects)?.into_iter().enumerate().map(entry).collect();
        let mut begin = Transaction::new();
        for entry in &entries {
            begin.journal_put(entry, self.now())?;
        }
        self.commit_all(begin).await?;
        for entry in entries {
            self.journal_finish(&entry).await?;
        }
        Ok(())
    }

    pub(crate) async fn bulk_deletion_finish(&self, actor: &Actor, objects: &[(ObjectRef, String)]) -> Result<()> {
        let any = noticeboard_domain::change::Expected::default();
        for (object, note) in objects {
            let (id, actor) = (object.id, &actor.noting(note));
            let done = if let Some(kind) = EventKind::of(object.kind) {
                self.event_delete(actor, kind, id.into(), &any).await
            } else if object.kind == ObjectType::Impact {
                self.impact_delete(actor, ImpactId::from(id), &any).await
            } else if object.kind == ObjectType::EventNotification {
                self.notification_delete(actor, EventNotificationId::from(id), &any).await
            } else if object.kind == ObjectType::Tag {
                self.tag_delete(actor, id, &any).await
            } else {
                self.object_delete(actor, *object, &any).await
            };
            match done {
                // What others have come to point at meanwhile stays.
                Ok(()) | Err(Error::NotFound { .. } | Error::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The events of this kind among some, for a bulk deletion.
    pub(crate) async fn events_of_kind(&self, kind: EventKind, ids: &[EventId]) -> Result<Vec<ObjectRef>> {
        let events = self.store.events(ids).await?;
        Ok(events.iter().filter(|stored| stored.event.kind() == kind).map(|stored| stored.event.object()).collect())
    }
}

/// The entries of the journal that hold these writes, and last the one that makes them binding.
fn journal(actor: &Actor, writes: Vec<BulkWrite>) -> Result<Vec<JournalEntry>> {
    let id = uuid::Uuid::new_v4().to_string();
    let entry = |(part, writes)| JournalEntry::Bulk { id: id.clone(), part, writes, actor: actor.clone() };
    let mut entries: Vec<JournalEntry> = in_parts(writes)?.into_iter().enumerate().map(entry).collect();
    entries.push(JournalEntry::BulkBegun { id });
    Ok(entries)
}

/// Parts that are each small enough for an entry of the journal.
fn in_parts<T: serde::Serialize>(all: Vec<T>) -> Result<Vec<Vec<T>>> {
    let mut parts: Vec<(usize, Vec<T>)> = Vec::new();
    for one in all {
        let size = serde_json::to_string(&one).map_err(Error::internal)?.len();
        match parts.last_mut() {
            Some((bytes, part)) if *bytes + size <= MAX_BULK_BYTES => {
                *bytes += size;
                part.push(one);
            }
            Some(_) | None => parts.push((size, vec![one])),
        }
    }
    Ok(parts.into_iter().map(|(_, part)| part).collect())
}
