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

use crate::{App, MAX_RACES, too_many_races};

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
    /// caller reads and checks everything again: changes that are done already then change nothing more.
    pub(crate) async fn bulk_commit(&self, actor: &Actor, parts: Vec<Part>) -> Result<Tried> {
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
            let mut begin = Transaction::new();
            for entry in &entries {
                begin.journal_put(entry, self.now())?;
            }
            // From here on it will be done, by us or by whoever finds it unfinished.
            self.commit_all(begin).await?;
        }
        let mut done = Vec::new();
        for (group, created) in groups {
            match self.store.commit(group, self.now()).await {
                Ok(()) => done.extend(created),
                Err(CommitError::Refused(refusal)) => {
                    self.bulk_take_back(actor, &entries, done).await?;
                    return Ok(Tried::Lost(refusal));
                }
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        if !entries.is_empty() {
            let mut end = Transaction::new();
            entries.iter().for_each(|entry| end.journal_delete(entry));
            self.commit_all(end).await?;
        }
        Ok(Tried::Done)
    }

    /// Strikes a bulk out of the journal, and deletes what it has created.
    async fn bulk_take_back(&self, actor: &Actor, entries: &[JournalEntry], created: Vec<ObjectRef>) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut transaction = Transaction::new();
        entries.iter().for_each(|entry| transaction.journal_delete(entry));
        let undo = (!created.is_empty()).then(|| JournalEntry::BulkDeletion {
            objects: created,
            actor: actor.clone(),
            part: 0,
        });
        if let Some(undo) = &undo {
            transaction.journal_put(undo, self.now())?;
        }
        self.commit_all(transaction).await?;
        match &undo {
            Some(undo) => Box::pin(self.journal_finish(undo)).await,
            None => Ok(()),
        }
    }

    /// Does what one entry of the journal holds, as far as it is not done.
    pub(crate) async fn bulk_finish(&self, actor: &Actor, writes: &[BulkWrite]) -> Result<()> {
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
                    if self.store.impact_on(impact.event.id, impact.target).await?.is_some()
                        || self
                            .store
                            .event(impact.event.id)
                            .await?
                            .is_none_or(|stored| stored.event.status().freezes_impacts())
                    {
                        return Ok(None);
                    }
                    transaction.event_impact(impact.event.id, 1, impact.revision.last_updated);
                    transaction.impact_create(impact, display, *provider)?;
                }
                Some((before, _)) if before.revision.version + 1 == impact.revision.version => {
                    if self
                        .store
                        .event(impact.event.id)
                        .await?
                        .is_none_or(|stored| stored.event.status().freezes_impacts())
                    {
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

    /// Deletes several objects of one type, each with the caller's note on it. Those that do not exist are as good as
    /// deleted.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; what is not deleted yet then will be by whoever finds it unfinished.
    pub async fn bulk_delete(&self, actor: &Actor, objects: Vec<(ObjectRef, String)>) -> Result<()> {
        let mut begin = Transaction::new();
        let mut entries = Vec::new();
        for (part, objects) in objects.chunk_by(|(_, a), (_, b)| a == b).enumerate() {
            let note = objects.first().map_or("", |(_, note)| note);
            let objects = objects.iter().map(|(object, _)| *object).collect();
            let entry = JournalEntry::BulkDeletion { objects, actor: actor.noting(note), part };
            begin.journal_put(&entry, self.now())?;
            entries.push(entry);
        }
        self.commit_all(begin).await?;
        for entry in entries {
            self.journal_finish(&entry).await?;
        }
        Ok(())
    }

    pub(crate) async fn bulk_deletion_finish(&self, actor: &Actor, objects: &[ObjectRef]) -> Result<()> {
        let any = noticeboard_domain::change::Expected::default();
        for object in objects {
            let id = object.id;
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

/// The entries of the journal that hold these writes, each small enough for an item.
fn journal(actor: &Actor, writes: Vec<BulkWrite>) -> Result<Vec<JournalEntry>> {
    let id = uuid::Uuid::new_v4().to_string();
    let mut parts: Vec<(usize, Vec<BulkWrite>)> = Vec::new();
    for write in writes {
        let size = serde_json::to_string(&write).map_err(Error::internal)?.len();
        match parts.last_mut() {
            Some((bytes, part)) if *bytes + size <= MAX_BULK_BYTES => {
                *bytes += size;
                part.push(write);
            }
            Some(_) | None => parts.push((size, vec![write])),
        }
    }
    let entry = |(part, (_, writes))| JournalEntry::Bulk { id: id.clone(), part, writes, actor: actor.clone() };
    Ok(parts.into_iter().enumerate().map(entry).collect())
}
