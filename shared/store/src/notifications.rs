//! Received mails. They live in their event's partition, also after that event is gone.

use noticeboard_domain::Result;
use noticeboard_domain::change::ChangeStamp;
use noticeboard_domain::ids::{EventId, EventNotificationId};
use noticeboard_domain::notification::EventNotification;
use noticeboard_domain::object::{ObjectRef, ObjectType};

use crate::impacts::pointer;
use crate::item::{Item, Slice, attribute, decode, encode_object, kind, n, s};
use crate::keys::{self, index};
use crate::table::{Lookup, Store};
use crate::transaction::{Change, Condition, Refusal, Transaction};

impl Transaction {
    /// Stores a new record.
    pub fn notification_create(&mut self, notification: &EventNotification) -> Result<()> {
        let key = keys::notification(notification.event.id, notification.id);
        let item = Item::new(&key, kind::NOTIFICATION)
            .object(notification)?
            .with(attribute::VERSION, n(notification.revision.version))
            .with(attribute::DISPLAY, s(notification.subject.as_str()))
            .index(attribute::BY_KIND, kind::NOTIFICATION, keys::number(notification.id.get()));
        self.put(item, Condition::New, Refusal::IdTaken);
        self.put(pointer(notification.object(), notification.event.id), Condition::New, Refusal::IdTaken);
        Ok(())
    }

    /// Stores a changed record of the same event over the version that was read.
    pub fn notification_update(&mut self, before: &EventNotification, after: &EventNotification) -> Result<()> {
        let set = vec![
            (attribute::DATA, Change::Set(s(encode_object(after)?))),
            (attribute::VERSION, Change::Set(n(after.revision.version))),
            (attribute::DISPLAY, Change::Set(s(after.subject.as_str()))),
        ];
        let condition = Condition::Version(before.revision.version);
        self.update(keys::notification(before.event.id, before.id), set, condition, Refusal::Changed);
        Ok(())
    }

    /// Removes a record in the version that was read.
    pub fn notification_delete(&mut self, notification: &EventNotification, stamp: &ChangeStamp) -> Result<()> {
        let condition = Condition::Version(notification.revision.version);
        self.delete(keys::notification(notification.event.id, notification.id), condition, Refusal::Changed);
        self.delete(keys::pointer(notification.object()), Condition::Always, Refusal::Changed);
        self.tombstone(notification.object(), stamp)
    }
}

impl Store {
    /// A received mail.
    pub async fn notification(&self, id: EventNotificationId) -> Result<Option<EventNotification>> {
        let Some(event) = self.pointed(ObjectRef::new(ObjectType::EventNotification, id)).await? else {
            return Ok(None);
        };
        self.get(&keys::notification(event, id)).await?.as_ref().map(decode).transpose()
    }

    /// The received mails of an event, oldest first, with strong consistency; at most `limit`.
    pub async fn notifications_of_event(&self, event: EventId, limit: usize) -> Result<Slice<EventNotification>> {
        let lookup = Lookup::table(keys::event_partition(event)).prefix("EVENT#NOTIFICATION#");
        let (items, more) = self.query(&lookup, limit).await?;
        Ok(Slice { items: items.iter().map(decode).collect::<Result<_>>()?, more })
    }

    /// All received mails, newest first; at most `limit`.
    pub async fn notification_list(&self, limit: usize) -> Result<Slice<EventNotification>> {
        let lookup = Lookup::index(index::BY_KIND, kind::NOTIFICATION).backwards();
        let (items, more) = self.query(&lookup, limit).await?;
        Ok(Slice { items: items.iter().map(decode).collect::<Result<_>>()?, more })
    }
}
