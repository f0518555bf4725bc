//! Received mails. They live in their event's partition, also after that event is gone.

use noticeboard_domain::Result;
use noticeboard_domain::change::ChangeStamp;
use noticeboard_domain::ids::{EventId, EventNotificationId, ProviderId};
use noticeboard_domain::notification::EventNotification;

use noticeboard_domain::object::{ObjectRef, ObjectType};

use crate::impacts::{pointer, with_provider};
use crate::item::{Chunk, Item, Resume, Slice, attribute, decode, encode_object, kind, n, s};
use crate::keys::{self, index};
use crate::table::{Lookup, Store};
use crate::transaction::{Change, Condition, Refusal, Transaction};

impl Transaction {
    /// Stores a new record; `provider` is its event's.
    pub fn notification_create(&mut self, notification: &EventNotification, provider: ProviderId) -> Result<()> {
        let key = keys::notification(notification.event.id, notification.id);
        let item = Item::new(&key, kind::NOTIFICATION)
            .object(notification)?
            .with(attribute::VERSION, n(notification.revision.version))
            .with(attribute::DISPLAY, s(notification.subject.as_str()))
            .with(keys::pointer::PROVIDER, n(provider.get()))
            .index(attribute::BY_KIND, kind::NOTIFICATION, keys::number(notification.id.get()))
            .index(attribute::BY_STATUS, kind::NOTIFICATION, by_receipt(notification));
        self.put(item, Condition::New, Refusal::IdTaken);
        let pointer = pointer(notification.object(), notification.event.id, provider);
        self.put(pointer, Condition::New, Refusal::IdTaken);
        Ok(())
    }

    /// Stores a changed record of the same event over the version that was read.
    pub fn notification_update(&mut self, before: &EventNotification, after: &EventNotification) -> Result<()> {
        let set = vec![
            (attribute::DATA, Change::Set(s(encode_object(after)?))),
            (attribute::VERSION, Change::Set(n(after.revision.version))),
            (attribute::DISPLAY, Change::Set(s(after.subject.as_str()))),
            (attribute::BY_STATUS[1], Change::Set(s(by_receipt(after)))),
        ];
        let condition = Condition::Version(before.revision.version);
        self.update(keys::notification(before.event.id, before.id), set, condition, Refusal::Changed);
        Ok(())
    }

    /// Removes a record in the version that was read.
    pub fn notification_delete(&mut self, notification: &EventNotification, stamp: &ChangeStamp) -> Result<()> {
        let condition = Condition::Version(notification.revision.version);
        self.delete(keys::notification(notification.event.id, notification.id), condition, Refusal::Changed);
        self.delete(keys::pointer_to(notification.object()), Condition::Always, Refusal::Changed);
        self.tombstone(notification.object(), notification.revision.version + 1, stamp)
    }
}

impl Store {
    /// Several received mails, in no particular order: two calls for each 100; those that do not exist are left out.
    pub async fn notifications(&self, ids: &[EventNotificationId]) -> Result<Vec<EventNotification>> {
        let objects: Vec<_> = ids.iter().map(|id| ObjectRef::new(ObjectType::EventNotification, *id)).collect();
        self.pointed_many(&objects, |event, id| keys::notification(event, id.into())).await
    }

    /// The received mails of an event, oldest first, with strong consistency; at most `limit`.
    pub async fn notifications_of_event(&self, event: EventId, limit: usize) -> Result<Slice<EventNotification>> {
        let lookup = Lookup::table(keys::event_partition(event)).prefix("EVENT#NOTIFICATION#");
        let (items, more) = self.query(&lookup, limit).await?;
        Ok(Slice { items: items.iter().map(decode).collect::<Result<_>>()?, more })
    }

    /// All received mails by the time of receipt. Each with the provider of its event, as far as that is known without
    /// reading the event.
    pub async fn notifications_by_receipt(
        &self,
        resume: Option<&Resume>,
        limit: usize,
    ) -> Result<Chunk<(EventNotification, Option<ProviderId>)>> {
        self.chunk(&Lookup::index(index::BY_STATUS, kind::NOTIFICATION).objects().resume(resume), limit, with_provider)
            .await
    }

    /// All received mails by id, from an id on.
    pub async fn notifications_from(
        &self,
        start: u64,
        limit: usize,
    ) -> Result<Chunk<(EventNotification, Option<ProviderId>)>> {
        let lookup = Lookup::index(index::BY_KIND, kind::NOTIFICATION).from(keys::number(start)).objects();
        self.chunk(&lookup, limit, with_provider).await
    }
}

/// Received mails are listed by the time of receipt (reference netbox-notices, section 1: ordering).
fn by_receipt(notification: &EventNotification) -> String {
    index::start(notification.email_received, notification.id.get())
}
