//! Received mails as the API knows them.

use std::collections::HashMap;

use noticeboard_domain::change::{Actor, Expected, Revision};
use noticeboard_domain::ids::EventNotificationId;
use noticeboard_domain::notification::{EventNotification, EventNotificationChanges};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::{Error, FieldErrors, Result};
use noticeboard_store::{BulkWrite, CommitError, Transaction, Wanted};

use crate::around::{Around, Input};
use crate::bulk::{BulkError, Part, Tried};
use crate::impacts::related_not_found;
use crate::views::{NotificationView, notification_view, tag_refs};
use crate::{App, MAX_RACES, too_many_races};

const NOT_FOUND: Error = Error::NotFound { what: "EventNotification" };

/// The values of an input, with the tags that it names looked up; and what is wrong with it so far.
fn named(input: Input<EventNotificationChanges>, around: &Around) -> (EventNotificationChanges, FieldErrors) {
    let (mut changes, mut errors) = (input.changes, input.wrong);
    if input.refs.tags.is_some() {
        changes.tags = around.tag_slugs(input.refs.tags.as_deref(), &mut errors);
    }
    (changes, errors)
}

impl App {
    /// Stores a received mail that a client has read; also for a closed event (behaviours L7).
    ///
    /// # Errors
    /// [`Error::Invalid`] for missing values and for an event that is not there.
    pub async fn notification_create(
        &self,
        actor: &Actor,
        input: impl Into<Input<EventNotificationChanges>>,
    ) -> Result<NotificationView> {
        let made = self.notification_create_many(actor, vec![input.into()]).await.map_err(BulkError::single)?;
        crate::views::one(made)
    }

    /// Stores several received mails, or none.
    ///
    /// # Errors
    /// As for [`App::notification_create`], by element.
    pub async fn notification_create_many(
        &self,
        actor: &Actor,
        inputs: Vec<Input<EventNotificationChanges>>,
    ) -> std::result::Result<Vec<NotificationView>, BulkError> {
        let events = inputs.iter().filter_map(|input| input.changes.event.id).collect();
        let wanted = Wanted { events, ..Wanted::default() };
        for race in 0..MAX_RACES {
            let turn = self.turn(race).await;
            let around = self.around_refs(inputs.iter().map(|input| &input.refs), wanted.clone()).await?;
            let (mut parts, mut mails, mut elements) = (Vec::new(), Vec::new(), Vec::new());
            for input in &inputs {
                match self.notification_made(actor, input.clone(), &around) {
                    Ok((part, mail)) => {
                        parts.push(part);
                        mails.push(mail);
                        elements.push(FieldErrors::default());
                    }
                    Err(Error::Invalid(errors)) => elements.push(errors),
                    Err(error) => return Err(error.into()),
                }
            }
            BulkError::check(elements)?;
            match self.bulk_commit(actor, parts, turn).await? {
                Tried::Done => return Ok(mails.into_iter().map(|mail| notification_view(mail, &around)).collect()),
                Tried::Lost(_) => {}
            }
        }
        Err(too_many_races().into())
    }

    fn notification_made(
        &self,
        actor: &Actor,
        input: Input<EventNotificationChanges>,
        around: &Around,
    ) -> Result<(Part, EventNotification)> {
        let actor = &actor.noting(&input.note);
        let (changes, errors) = named(input, around);
        let provider = changes.event.whole().map(|event| {
            let stored = around.stored(event.id).filter(|stored| stored.event.kind() == event.kind);
            let provider = stored.map(|stored| stored.event.provider);
            provider.ok_or_else(|| related_not_found("event_object_id", event.id.get()))
        });
        let provider = errors.finish(provider.transpose())?;
        let mail = changes.into_notification(self.mint()?, Revision::first(self.stamp(actor)?))?;
        let provider = provider.ok_or_else(|| Error::internal("a received mail was not checked"))?;
        let mut transaction = Transaction::new();
        transaction.event_child(mail.event.id, mail.revision.last_updated);
        transaction.notification_create(&mail, provider)?;
        let write = BulkWrite::Notification { notification: Box::new(mail.clone()), provider: Some(provider) };
        Ok((Part { transaction, write }, mail))
    }

    /// A received mail: two calls.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn notification(&self, id: EventNotificationId) -> Result<NotificationView> {
        let (mail, neighbours) = self.store.notification(id).await?.ok_or(NOT_FOUND)?;
        let around = self.around_with(neighbours, &mail.tags).await?;
        Ok(notification_view(mail, &around))
    }

    /// Changes a received mail, while it has an expected version. It stays with its event.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`], [`Error::VersionMismatch`].
    pub async fn notification_change(
        &self,
        actor: &Actor,
        id: EventNotificationId,
        input: impl Into<Input<EventNotificationChanges>>,
        expected: &Expected,
    ) -> Result<NotificationView> {
        let input = input.into();
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let (before, neighbours) = self.store.notification(id).await?.ok_or(NOT_FOUND)?;
            expected.check(before.revision.version)?;
            let around = if input.refs.tags.is_some() {
                let wanted = Wanted { events: vec![before.event.id], ..Wanted::default() };
                self.around_refs(std::iter::once(&input.refs), wanted).await?
            } else {
                self.around_with(neighbours, &before.tags).await?
            };
            let Some((part, after)) = self.notification_changed(actor, &before, input.clone(), &around)? else {
                return Ok(notification_view(before, &around));
            };
            match self.store.commit(part.transaction, self.now()).await {
                Ok(()) => return Ok(notification_view(after, &around)),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    fn notification_changed(
        &self,
        actor: &Actor,
        before: &EventNotification,
        input: Input<EventNotificationChanges>,
        around: &Around,
    ) -> Result<Option<(Part, EventNotification)>> {
        let actor = &actor.noting(&input.note);
        let (changes, mut errors) = named(input, around);
        let after = before.changed(changes, before.revision.next(self.stamp(actor)?));
        if after.event != before.event {
            let message = "A received mail stays with its event. Delete it, and create one for the other event.";
            errors.add("event_object_id", message);
        }
        errors.into_result()?;
        if after.snapshot() == before.snapshot() {
            return Ok(None);
        }
        let mut transaction = Transaction::new();
        transaction.notification_update(before, &after)?;
        let stored = around.stored(after.event.id);
        if stored.is_some() {
            transaction.event_child(after.event.id, after.revision.last_updated);
        }
        let provider = stored.map(|stored| stored.event.provider);
        let write = BulkWrite::Notification { notification: Box::new(after.clone()), provider };
        Ok(Some((Part { transaction, write }, after)))
    }

    /// Changes several received mails, or none; those that do not exist are left out.
    ///
    /// # Errors
    /// As for [`App::notification_change`], by element.
    pub async fn notification_change_many(
        &self,
        actor: &Actor,
        inputs: Vec<(EventNotificationId, Input<EventNotificationChanges>)>,
    ) -> std::result::Result<Vec<NotificationView>, BulkError> {
        for race in 0..MAX_RACES {
            let turn = self.turn(race).await;
            let ids: Vec<EventNotificationId> = inputs.iter().map(|(id, _)| *id).collect();
            let mut present: HashMap<EventNotificationId, EventNotification> =
                self.store.notifications(&ids).await?.into_iter().map(|mail| (mail.id, mail)).collect();
            let mut wanted = Wanted::default();
            wanted.events.extend(present.values().map(|mail| mail.event.id));
            wanted.tags.extend(present.values().flat_map(|mail| tag_refs(&mail.tags)));
            let around = self.around_refs(inputs.iter().map(|(_, input)| &input.refs), wanted).await?;
            let (mut parts, mut elements, mut order) = (Vec::new(), Vec::new(), Vec::new());
            for (id, input) in &inputs {
                let Some(before) = present.get(id).cloned() else {
                    elements.push(FieldErrors::default());
                    continue;
                };
                if !order.contains(id) {
                    order.push(*id);
                }
                match self.notification_changed(actor, &before, input.clone(), &around) {
                    Ok(None) => elements.push(FieldErrors::default()),
                    Ok(Some((part, after))) => {
                        parts.push(part);
                        elements.push(FieldErrors::default());
                        present.insert(*id, after);
                    }
                    Err(Error::Invalid(errors)) => elements.push(errors),
                    Err(error) => return Err(error.into()),
                }
            }
            BulkError::check(elements)?;
            match self.bulk_commit(actor, parts, turn).await? {
                Tried::Done => {
                    let mails = order.iter().filter_map(|id| present.remove(id));
                    return Ok(mails.map(|mail| notification_view(mail, &around)).collect());
                }
                Tried::Lost(_) => {}
            }
        }
        Err(too_many_races().into())
    }

    /// Deletes several received mails; those that do not exist are left out.
    ///
    /// # Errors
    /// As for [`App::bulk_delete`].
    pub async fn notification_delete_many(&self, actor: &Actor, ids: &[(EventNotificationId, String)]) -> Result<()> {
        let objects = ids.iter().map(|(id, note)| (ObjectRef::new(ObjectType::EventNotification, *id), note.clone()));
        self.bulk_delete(actor, objects.collect()).await
    }

    /// Deletes a received mail.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn notification_delete(&self, actor: &Actor, id: EventNotificationId, expected: &Expected) -> Result<()> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let (mail, neighbours) = self.store.notification(id).await?.ok_or(NOT_FOUND)?;
            expected.check(mail.revision.version)?;
            let mut transaction = Transaction::new();
            let stamp = self.stamp(actor)?;
            transaction.notification_delete(&mail, &stamp)?;
            if !neighbours.events.is_empty() {
                transaction.event_child(mail.event.id, stamp.at);
            }
            match self.store.commit(transaction, self.now()).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// The whole message that a review item or a received mail keeps.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn raw_mail(&self, key: &str) -> Result<Vec<u8>> {
        self.bucket.get(key).await
    }
}
