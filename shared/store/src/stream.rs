//! What the table's stream says, in the words of the domain.

use std::collections::HashMap;

use aws_lambda_events::dynamodb::EventRecord;
use aws_sdk_dynamodb::types::AttributeValue;
use noticeboard_domain::change::{Action, Actor, Change, ChangeStamp, Origin, Revision};
use noticeboard_domain::event::Event;
use noticeboard_domain::ids::EventId;
use noticeboard_domain::impact::Impact;
use noticeboard_domain::journal_entry::JournalEntry;
use noticeboard_domain::notification::EventNotification;
use noticeboard_domain::object::ObjectRef;
use noticeboard_domain::tag::Tag;
use noticeboard_domain::{Error, Result};
use serde_json::{Map, Value};

use crate::inventory::{decode_object, is_inventory};
use crate::item::{Attributes, attribute, decode, kind, text};
use crate::table::Store;

/// What one record of the stream means.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamItem {
    /// An object was made, changed or deleted.
    Change(Box<Change>),
    /// Nothing that concerns a reader: bookkeeping, unfinished work, review items, what the readers wrote themselves.
    Nothing,
}

/// One object of the stream, as far as every kind of object has it.
struct Image {
    object: ObjectRef,
    event: Option<EventId>,
    revision: Revision,
    display: String,
    fields: Map<String, Value>,
}

fn image(item: &Attributes) -> Result<Option<Image>> {
    let display = text(item, attribute::DISPLAY).unwrap_or_default().to_owned();
    Ok(match text(item, attribute::TYPE) {
        Some(kind::MAINTENANCE | kind::OUTAGE) => {
            let event: Event = decode(item)?;
            let (object, fields) = (event.object(), event.snapshot());
            Some(Image { object, event: Some(event.id), fields, revision: event.revision, display })
        }
        Some(kind::IMPACT) => {
            let impact: Impact = decode(item)?;
            let (object, fields) = (impact.object(), impact.snapshot());
            Some(Image { object, event: Some(impact.event.id), fields, revision: impact.revision, display })
        }
        Some(kind::NOTIFICATION) => {
            let mail: EventNotification = decode(item)?;
            let (object, fields) = (mail.object(), mail.snapshot());
            Some(Image { object, event: Some(mail.event.id), fields, revision: mail.revision, display })
        }
        Some(kind) if is_inventory(kind) => {
            let object = decode_object(item)?.object;
            Some(Image {
                object: object.object(),
                event: None,
                fields: object.snapshot(),
                revision: object.revision,
                display,
            })
        }
        Some(kind::TAG) => {
            let tag: Tag = decode(item)?;
            let (object, fields) = (tag.object(), tag.snapshot());
            Some(Image { object, event: None, fields, revision: tag.revision, display })
        }
        Some(kind::JOURNAL_ENTRY) => {
            let entry: JournalEntry = decode(item)?;
            let (object, fields) = (entry.object(), entry.snapshot());
            Some(Image { object, event: None, fields, revision: entry.revision, display })
        }
        _ => None,
    })
}

/// The attributes of a stream image, as the SDK has them.
fn attributes(image: &serde_dynamo::Item) -> Option<Attributes> {
    if image.is_empty() {
        return None;
    }
    let map: HashMap<String, AttributeValue> = image.clone().into();
    Some(map)
}

impl Store {
    /// What a record of the table's stream means. A deletion is told with who did it, which takes one read.
    ///
    /// # Errors
    /// [`Error::Internal`] when an image cannot be read, [`Error::Unavailable`] when the read fails.
    pub async fn stream_item(&self, record: &EventRecord) -> Result<StreamItem> {
        let old = attributes(&record.change.old_image);
        let new = attributes(&record.change.new_image);
        let before = old.as_ref().map(image).transpose()?.flatten();
        let after = new.as_ref().map(image).transpose()?.flatten();
        let change = match (before, after) {
            (None, None) => return Ok(StreamItem::Nothing),
            (None, Some(after)) => told(Action::Create, None, after),
            (Some(before), Some(after)) if before.revision.version == after.revision.version => {
                return Ok(StreamItem::Nothing);
            }
            (Some(before), Some(after)) => told(Action::Update, Some(before.fields), after),
            (Some(before), None) => {
                let stamp = match self.deleted_by(before.object).await? {
                    Some(stamp) => stamp,
                    None => unknown_deletion(&before, record)?,
                };
                Change {
                    action: Action::Delete,
                    object: before.object,
                    version: before.revision.version + 1,
                    display: before.display,
                    event: before.event,
                    stamp,
                    before: Some(before.fields),
                    after: None,
                }
            }
        };
        Ok(StreamItem::Change(Box::new(change)))
    }
}

fn told(action: Action, before: Option<Map<String, Value>>, after: Image) -> Change {
    Change {
        action,
        object: after.object,
        version: after.revision.version,
        display: after.display,
        event: after.event,
        stamp: after.revision.change,
        before,
        after: Some(after.fields),
    }
}

/// A deletion without a tombstone was made behind the program's back. Its id is that of the object's last change plus
/// one, so that every replay gives the same.
fn unknown_deletion(before: &Image, record: &EventRecord) -> Result<ChangeStamp> {
    let id = before.revision.change.id.get() + 1;
    Ok(ChangeStamp {
        id: id.try_into().map_err(Error::internal)?,
        at: record.change.approximate_creation_date_time,
        actor: Actor {
            user: String::new(),
            request_id: record.event_id.clone(),
            origin: Origin::Unknown,
            detail: "deleted outside Noticeboard".into(),
            message: String::new(),
        },
    })
}
