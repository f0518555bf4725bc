//! A received mail, as kept with the event that it speaks of.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::change::Revision;
use crate::error::{FieldErrors, Result};
use crate::event::{custom_field, tags_field};
use crate::fields::Line;
use crate::filter::{FieldValue, Filterable};
use crate::ids::EventNotificationId;
use crate::impact::{EventPart, EventRef};
use crate::object::{ObjectRef, ObjectType};
use crate::time::Time;

/// The subject of a mail. NetBox Notices stops at 100 characters and refuses longer ones, which real mails have; a
/// header line may have 998 (RFC 5322 section 2.1.1).
pub type Subject = Line<998>;

/// A received mail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventNotification {
    /// Its id.
    pub id: EventNotificationId,
    /// The event that it speaks of. The record stays when that event is deleted.
    pub event: EventRef,
    /// The text for people.
    pub email_body: String,
    /// The subject.
    pub subject: Subject,
    /// The sender's address.
    pub email_from: String,
    /// When the mail was received.
    pub email_received: Time,
    /// The whole message in the bucket, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// The mail's `Message-ID`, where it came as a mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Whether it was older than what the event already knew, and so changed nothing.
    #[serde(default)]
    pub outdated: bool,
    /// Slugs of tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// NetBox's custom fields.
    #[serde(default)]
    pub custom_fields: Map<String, Value>,
    /// Bookkeeping.
    pub revision: Revision,
}

/// New values for some of a received mail's fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventNotificationChanges {
    /// See [`EventNotification::event`].
    pub event: EventPart,
    /// See [`EventNotification::email_body`].
    pub email_body: Option<String>,
    /// See [`EventNotification::subject`].
    pub subject: Option<Subject>,
    /// See [`EventNotification::email_from`].
    pub email_from: Option<String>,
    /// See [`EventNotification::email_received`].
    pub email_received: Option<Time>,
    /// See [`EventNotification::tags`].
    pub tags: Option<Vec<String>>,
    /// Merged into the present ones.
    pub custom_fields: Option<Map<String, Value>>,
}

impl EventNotificationChanges {
    /// Which fields a whole record needs and these changes lack.
    pub fn missing(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        self.event.missing(&mut errors);
        for (field, absent) in [
            ("email_body", self.email_body.is_none()),
            ("subject", self.subject.is_none()),
            ("email_from", self.email_from.is_none()),
            ("email_received", self.email_received.is_none()),
        ] {
            if absent {
                errors.add(field, "This field is required.");
            }
        }
        errors
    }

    /// A new record.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] with every field that is missing.
    pub fn into_notification(self, id: EventNotificationId, revision: Revision) -> Result<EventNotification> {
        let missing = self.missing();
        let (Some(event), Some(email_body), Some(subject), Some(email_from), Some(email_received)) =
            (self.event.whole(), self.email_body, self.subject, self.email_from, self.email_received)
        else {
            return Err(crate::Error::Invalid(missing));
        };
        Ok(EventNotification {
            id,
            event,
            email_body,
            subject,
            email_from,
            email_received,
            raw: None,
            message_id: None,
            outdated: false,
            tags: self.tags.unwrap_or_default(),
            custom_fields: self.custom_fields.unwrap_or_default(),
            revision,
        })
    }
}

impl EventNotification {
    /// The record as an object.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::new(ObjectType::EventNotification, self.id)
    }

    /// The record with some fields changed, as a new version.
    pub fn changed(&self, changes: EventNotificationChanges, revision: Revision) -> EventNotification {
        let mut notification = self.clone();
        notification.revision = revision;
        notification.event = changes.event.over(notification.event);
        notification.email_body = changes.email_body.unwrap_or(notification.email_body);
        notification.subject = changes.subject.unwrap_or(notification.subject);
        notification.email_from = changes.email_from.unwrap_or(notification.email_from);
        notification.email_received = changes.email_received.unwrap_or(notification.email_received);
        notification.tags = changes.tags.unwrap_or(notification.tags);
        notification.custom_fields.extend(changes.custom_fields.unwrap_or_default());
        notification
    }

    /// The fields that the changelog compares.
    pub fn snapshot(&self) -> Map<String, Value> {
        crate::object::snapshot(self)
    }
}

impl Filterable for EventNotification {
    fn id(&self) -> u64 {
        self.id.get()
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        match name {
            "id" => FieldValue::id(self.id),
            "event_content_type" => FieldValue::text(self.event.object().kind.as_str()),
            "event_content_type_id" => FieldValue::id(self.event.object().kind.number()),
            "event_object_id" => FieldValue::id(self.event.id),
            "email_body" => FieldValue::text(&self.email_body),
            "subject" => FieldValue::text(self.subject.as_str()),
            "email_from" => FieldValue::text(&self.email_from),
            "email_received" => FieldValue::Time(self.email_received),
            "message_id" => FieldValue::optional(self.message_id.as_deref(), FieldValue::text),
            "tag" => tags_field(&self.tags),
            "created" => FieldValue::Time(self.revision.created),
            "last_updated" => FieldValue::Time(self.revision.last_updated),
            name => custom_field(&self.custom_fields, name),
        }
    }
}
