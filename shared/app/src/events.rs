//! Maintenances and outages: create, read, change, delete.

use std::collections::HashMap;

use noticeboard_domain::change::{Actor, ChangeStamp, Expected, Revision};
use noticeboard_domain::event::{Event, EventChanges, EventKind};
use noticeboard_domain::ids::{ChangeId, EventId};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::status::{MaintenanceStatus, Status};
use noticeboard_domain::{Error, FieldErrors, Result};
use noticeboard_store::{
    BulkWrite, ChangePage, CommitError, EventPage, ITEMS_PER_DELETED_IMPACT, JournalEntry, StoredEvent, Transaction,
    Wanted,
};

use crate::around::{Around, Input};
use crate::bulk::{BulkError, Part, Tried};
use crate::lists::by_receipt;
use crate::views::{EventView, with_targets};
use crate::{App, MAX_RACES, too_many_races};

/// What a change may be refused for, given the event as it stands.
type Decide<'a> = &'a (dyn Fn(&Event) -> Result<Input<EventChanges>> + Send + Sync);

impl App {
    /// Makes an event. With `replaces`, the replaced maintenance becomes RE-SCHEDULED in the same transaction
    /// (behaviours 7).
    ///
    /// # Errors
    /// [`Error::Invalid`] for values that break a rule, and for a provider, tag or replaced maintenance that is not
    /// there.
    pub async fn event_create(
        &self,
        actor: &Actor,
        kind: EventKind,
        input: impl Into<Input<EventChanges>>,
    ) -> Result<EventView> {
        let made = self.event_create_many(actor, kind, vec![input.into()]).await.map_err(BulkError::single)?;
        let mut view = crate::views::one(made)?;
        (view.impacts, view.notifications) = (Some(Vec::new()), Some(Vec::new()));
        Ok(view)
    }

    /// Makes several events, or none.
    ///
    /// # Errors
    /// As for [`App::event_create`], by element.
    pub async fn event_create_many(
        &self,
        actor: &Actor,
        kind: EventKind,
        inputs: Vec<Input<EventChanges>>,
    ) -> std::result::Result<Vec<EventView>, BulkError> {
        let originals = inputs.iter().filter_map(|input| input.changes.replaces.flatten());
        let wanted = Wanted { events: originals.collect(), ..Wanted::default() };
        for race in 0..MAX_RACES {
            let turn = self.turn(race).await;
            let around =
                self.around_refs(inputs.iter().map(|input| &input.refs), self.with_providers(&inputs, &wanted));
            let around = around.await?;
            let (mut parts, mut views, mut elements) = (Vec::new(), Vec::new(), Vec::new());
            for input in &inputs {
                match self.event_made(actor, kind, input.clone(), &around) {
                    Ok((part, view)) => {
                        parts.push(part);
                        views.push(view);
                        elements.push(FieldErrors::default());
                    }
                    Err(Error::Invalid(errors)) => elements.push(errors),
                    Err(error) => return Err(error.into()),
                }
            }
            BulkError::check(elements)?;
            match self.bulk_commit(actor, parts, turn).await? {
                Tried::Done => return Ok(views),
                Tried::Lost(_) => {}
            }
        }
        Err(too_many_races().into())
    }

    /// Providers that the program itself names by id.
    pub(crate) fn with_providers(&self, inputs: &[Input<EventChanges>], wanted: &Wanted) -> Wanted {
        let mut wanted = wanted.clone();
        let providers = inputs.iter().filter_map(|input| input.changes.provider);
        wanted.objects.extend(providers.map(|id| ObjectRef::new(ObjectType::Provider, id)));
        wanted
    }

    /// A new event with its writes.
    pub(crate) fn event_made(
        &self,
        actor: &Actor,
        kind: EventKind,
        input: Input<EventChanges>,
        around: &Around,
    ) -> Result<(Part, EventView)> {
        let actor = &actor.noting(&input.note);
        let (mut changes, mut errors) = named(input, around);
        // A time that could not be read has no place in the rules between times.
        if errors.has("start") {
            changes.start = match kind {
                EventKind::Maintenance => None,
                EventKind::Outage => changes.end.flatten(),
            };
        }
        if errors.has("end") {
            changes.end = None;
        }
        let original = changes.replaces.flatten().map(|id| errors.collect(replaced(id, around))).transpose()?.flatten();
        let event = changes.into_event(kind, self.mint()?, Revision::first(self.stamp(actor)?));
        let event = errors.finish(event)?;
        let mut transaction = Transaction::new();
        transaction.event_create(&event, None, 0, 0)?;
        if let Some(original) = original {
            self.mark_rescheduled(&mut transaction, original, actor)?;
        }
        let stored = StoredEvent { event, impact_count: 0, children: 0, children_at: None, notice_order: None };
        let part = Part { transaction, write: BulkWrite::Event(Box::new(stored.event.clone())) };
        Ok((part, view(stored, around)))
    }

    /// Sets a maintenance to RE-SCHEDULED, as one that another one replaces.
    pub(crate) fn mark_rescheduled(
        &self,
        transaction: &mut Transaction,
        original: &StoredEvent,
        actor: &Actor,
    ) -> Result<()> {
        let rescheduled = Status::Maintenance(MaintenanceStatus::Rescheduled);
        if original.event.status() == rescheduled {
            return Ok(());
        }
        let changes = EventChanges { status: Some(rescheduled), ..EventChanges::default() };
        let revision = original.event.revision.next(self.stamp(actor)?);
        let after = original.event.changed(changes, revision)?;
        transaction.event_update(original, &after, None, 0, 0)
    }

    /// An event with all that belongs to it: two calls.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none of this kind.
    pub async fn event(&self, kind: EventKind, id: EventId) -> Result<EventView> {
        let page = self.store.event_page(id).await?.filter(|page| page.stored.event.kind() == kind);
        let page = page.ok_or_else(|| not_found(kind))?;
        let around = self.around(&self.page_wanted(&page)).await?;
        Ok(view_page(page, &around))
    }

    /// Changes an event, while it has an expected version. Changes that change nothing store nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`], and [`Error::VersionMismatch`] when it has another version.
    pub async fn event_change(
        &self,
        actor: &Actor,
        kind: EventKind,
        id: EventId,
        input: impl Into<Input<EventChanges>>,
        expected: &Expected,
    ) -> Result<EventView> {
        let input = input.into();
        self.event_decide(actor, kind, id, expected, &move |_| Ok(input.clone())).await
    }

    /// Changes an event by what is decided from it as it stands: three calls.
    pub(crate) async fn event_decide(
        &self,
        actor: &Actor,
        kind: EventKind,
        id: EventId,
        expected: &Expected,
        decide: Decide<'_>,
    ) -> Result<EventView> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let page = self.store.event_page(id).await?.filter(|page| page.stored.event.kind() == kind);
            let mut page = page.ok_or_else(|| not_found(kind))?;
            expected.check(page.stored.event.revision.version)?;
            let inputs = [decide(&page.stored.event)?];
            let mut wanted = self.page_wanted(&page);
            wanted.events.extend(inputs.iter().filter_map(|input| input.changes.replaces.flatten()));
            let wanted = self.with_providers(&inputs, &wanted);
            let around = self.around_refs(inputs.iter().map(|input| &input.refs), wanted).await?;
            let [input] = inputs;
            match self.event_changed(actor, &page.stored, input, &around)? {
                None => return Ok(view_page(page, &around)),
                Some(part) => match self.store.commit(part.transaction, self.now()).await {
                    Ok(()) => {
                        if let BulkWrite::Event(after) = part.write {
                            page.stored.event = *after;
                        }
                        return Ok(view_page(page, &around));
                    }
                    Err(CommitError::Refused(_)) => {}
                    Err(CommitError::Failed(error)) => return Err(error),
                },
            }
        }
        Err(too_many_races())
    }

    /// The writes of a change; none where it changes nothing.
    fn event_changed(
        &self,
        actor: &Actor,
        before: &StoredEvent,
        input: Input<EventChanges>,
        around: &Around,
    ) -> Result<Option<Part>> {
        let actor = &actor.noting(&input.note);
        let (mut changes, mut errors) = named(input, around);
        if let Some(Some(original)) = changes.replaces {
            errors.collect(replaced(original, around))?;
        }
        // Times of which one could not be read have no place in the rules between them.
        if errors.has("start") || errors.has("end") {
            changes = EventChanges { start: None, end: None, status: None, end_after_start: false, ..changes };
        }
        let after = before.event.changed(changes, before.event.revision.next(self.stamp(actor)?));
        let after = errors.finish(after)?;
        if after.snapshot() == before.event.snapshot() {
            return Ok(None);
        }
        let mut transaction = Transaction::new();
        transaction.event_update(before, &after, None, 0, 0)?;
        Ok(Some(Part { transaction, write: BulkWrite::Event(Box::new(after)) }))
    }

    /// Changes several events, or none; those that do not exist are left out (reference netbox-notices, section 2:
    /// Lists).
    ///
    /// # Errors
    /// As for [`App::event_change`], by element.
    pub async fn event_change_many(
        &self,
        actor: &Actor,
        kind: EventKind,
        inputs: Vec<(EventId, Input<EventChanges>)>,
    ) -> std::result::Result<Vec<EventView>, BulkError> {
        for race in 0..MAX_RACES {
            let turn = self.turn(race).await;
            let only: Vec<Input<EventChanges>> = inputs.iter().map(|(_, input)| input.clone()).collect();
            let originals = only.iter().filter_map(|input| input.changes.replaces.flatten());
            let events = inputs.iter().map(|(id, _)| *id).chain(originals).collect();
            let wanted = self.with_providers(&only, &Wanted { events, ..Wanted::default() });
            let around = self.around_refs(only.iter().map(|input| &input.refs), wanted).await?;
            // One object may be named twice; the second change is made of what the first left.
            let mut present: HashMap<EventId, StoredEvent> =
                inputs.iter().filter_map(|(id, _)| Some((*id, around.stored(*id)?.clone()))).collect();
            let (mut parts, mut elements, mut order) = (Vec::new(), Vec::new(), Vec::new());
            for (id, input) in &inputs {
                let Some(before) = present.get(id).filter(|stored| stored.event.kind() == kind).cloned() else {
                    elements.push(FieldErrors::default());
                    continue;
                };
                if !order.contains(id) {
                    order.push(*id);
                }
                match self.event_changed(actor, &before, input.clone(), &around) {
                    Ok(None) => elements.push(FieldErrors::default()),
                    Ok(Some(part)) => {
                        if let BulkWrite::Event(after) = &part.write {
                            present.insert(*id, StoredEvent { event: (**after).clone(), ..before });
                        }
                        parts.push(part);
                        elements.push(FieldErrors::default());
                    }
                    Err(Error::Invalid(errors)) => elements.push(errors),
                    Err(error) => return Err(error.into()),
                }
            }
            BulkError::check(elements)?;
            match self.bulk_commit(actor, parts, turn).await? {
                Tried::Done => {
                    let events = order.iter().filter_map(|id| present.remove(id)).collect();
                    return Ok(self.view_events(events).await?);
                }
                Tried::Lost(_) => {}
            }
        }
        Err(too_many_races().into())
    }

    /// Deletes several events with their impacts, each with the caller's note; those that do not exist are left out.
    ///
    /// # Errors
    /// As for [`App::bulk_delete`].
    pub async fn event_delete_many(&self, actor: &Actor, kind: EventKind, ids: &[(EventId, String)]) -> Result<()> {
        let only: Vec<EventId> = ids.iter().map(|(id, _)| *id).collect();
        let objects = self.events_of_kind(kind, &only).await?;
        let note = |object: ObjectRef| {
            let found = ids.iter().find(|(id, _)| ObjectRef::new(object.kind, *id) == object);
            (object, found.map(|(_, note)| note.clone()).unwrap_or_default())
        };
        let objects: Vec<(ObjectRef, String)> = objects.into_iter().map(note).collect();
        if objects.is_empty() { Ok(()) } else { self.bulk_delete(actor, objects).await }
    }

    /// Deletes an event with its impacts. Its received mails stay (behaviours L14), and so does its changelog. A
    /// maintenance that replaces it no longer names it (behaviours 9).
    ///
    /// # Errors
    /// [`Error::NotFound`], and [`Error::VersionMismatch`] when it has another version than the one given.
    pub async fn event_delete(&self, actor: &Actor, kind: EventKind, id: EventId, expected: &Expected) -> Result<()> {
        for race in 0..MAX_RACES {
            let turn = self.turn(race).await;
            let page = self.store.event_impacts(id).await?.filter(|page| page.stored.event.kind() == kind);
            let page = page.ok_or_else(|| not_found(kind))?;
            expected.check(page.stored.event.revision.version)?;
            let stamp = self.stamp(actor)?;
            let mut transaction = Transaction::new();
            transaction.event_delete(&page.stored, &stamp)?;
            // What does not fit, what others wait for, and what writers keep changing is first hidden from them.
            let fits = transaction.room() >= page.impacts.len() * ITEMS_PER_DELETED_IMPACT;
            if fits && race == 0 && self.store.events_replacing(id).await?.is_empty() {
                for impact in &page.impacts {
                    transaction.impact_delete(impact, &self.stamp(actor)?)?;
                }
                match self.store.commit(transaction, self.now()).await {
                    Ok(()) => return Ok(()),
                    Err(CommitError::Refused(_)) => continue,
                    Err(CommitError::Failed(error)) => return Err(error),
                }
            }
            let entry = JournalEntry::EventDeletion { event: id, stamp };
            let mut begin = Transaction::new();
            begin.event_delete_begin(&page.stored);
            begin.journal_put(&entry, self.now())?;
            match self.store.commit(begin, self.now()).await {
                Ok(()) => {
                    // Finishing changes other events, and may have to take turns for them.
                    drop(turn);
                    return self.journal_finish(&entry).await;
                }
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// Finishes a deletion that takes several transactions; each step may be repeated.
    pub(crate) async fn event_deletion_finish(&self, id: EventId, stamp: &ChangeStamp) -> Result<()> {
        let entry = JournalEntry::EventDeletion { event: id, stamp: stamp.clone() };
        let (mut races, mut next) = (0, None);
        loop {
            let mut transaction = Transaction::new();
            let most = transaction.room() / ITEMS_PER_DELETED_IMPACT;
            let impacts = self.store.impacts_of_event(id, most).await?;
            let first = impacts.items.first().map(|impact| impact.id);
            if first != next {
                (races, next) = (0, first);
            }
            for impact in &impacts.items {
                transaction.impact_delete(impact, &self.stamp(&stamp.actor)?)?;
            }
            if impacts.items.is_empty() {
                self.forget_replaced(&stamp.actor, id).await?;
                if let Some(stored) = self.store.event_even_deleting(id).await? {
                    transaction.event_delete_finish(&stored.event, stamp)?;
                }
                transaction.journal_delete(&entry);
            }
            match self.store.commit(transaction, self.now()).await {
                Ok(()) if impacts.items.is_empty() => return Ok(()),
                Ok(()) => {}
                // Someone else finishes the same deletion; what is left is read again.
                Err(CommitError::Refused(_)) if races < MAX_RACES => races += 1,
                Err(CommitError::Refused(_)) => return Err(too_many_races()),
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
    }

    /// Takes a deleted maintenance out of those that name it in `replaces`.
    async fn forget_replaced(&self, actor: &Actor, deleted: EventId) -> Result<()> {
        for id in self.store.events_replacing(deleted).await? {
            let changes = EventChanges { replaces: Some(None), ..EventChanges::default() };
            match Box::pin(self.event_change(actor, EventKind::Maintenance, id, changes, &Expected::default())).await {
                Ok(_) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The changes of an event and of what belongs to it, newest first; also of one that is deleted.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none of this kind, and never was.
    pub async fn event_changes(
        &self,
        kind: EventKind,
        id: EventId,
        before: Option<ChangeId>,
        limit: usize,
    ) -> Result<ChangePage> {
        let page = self.store.changes_of_event(id, before, limit).await?;
        // An id names one event, whatever its kind.
        let is_kind = match page.changes.iter().find_map(|change| EventKind::of(change.object.kind)) {
            Some(found) => found == kind,
            // Only impacts and mails on this page, or an event that was just made, whose changes are not on record yet.
            None => {
                self.store.event(id).await?.is_some_and(|stored| stored.event.kind() == kind)
                    || self.store.is_changed(ObjectRef::new(kind.object_type(), id)).await?
            }
        };
        if is_kind { Ok(page) } else { Err(not_found(kind)) }
    }
}

/// The values of an input, with what it names looked up; and what is wrong with it so far.
fn named(input: Input<EventChanges>, around: &Around) -> (EventChanges, FieldErrors) {
    let (mut changes, mut errors) = (input.changes, input.wrong);
    if input.refs.provider.is_some() {
        changes.provider = around.provider_id(input.refs.provider.as_ref(), &mut errors);
    } else if let Some(id) = changes.provider {
        changes.provider = around.provider_id(Some(&crate::around::ProviderRef::Id(id)), &mut errors);
    }
    if input.refs.tags.is_some() {
        changes.tags = around.tag_slugs(input.refs.tags.as_deref(), &mut errors);
    }
    (changes, errors)
}

fn replaced(id: EventId, around: &Around) -> Result<&StoredEvent> {
    let found = around.stored(id).filter(|stored| stored.event.kind() == EventKind::Maintenance);
    found.ok_or_else(|| Error::field("replaces", format!("Invalid pk \"{id}\" - object does not exist.")))
}

fn view(stored: StoredEvent, around: &Around) -> EventView {
    EventView {
        provider: around.provider(stored.event.provider),
        tags: around.tags(&stored.event.tags),
        stored,
        impacts: None,
        notifications: None,
    }
}

fn view_page(mut page: EventPage, around: &Around) -> EventView {
    page.notifications.sort_by(by_receipt);
    EventView {
        impacts: Some(with_targets(page.impacts, around)),
        notifications: Some(page.notifications),
        ..view(page.stored, around)
    }
}

pub(crate) fn not_found(kind: EventKind) -> Error {
    let what = match kind {
        EventKind::Maintenance => "Maintenance",
        EventKind::Outage => "Outage",
    };
    Error::NotFound { what }
}
