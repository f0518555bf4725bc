//! What the table's stream says, in the words of the domain.

use std::collections::HashMap;

use aws_lambda_events::dynamodb::EventRecord;
use aws_sdk_dynamodb::types::AttributeValue;
use noticeboard_domain::change::{Action, Actor, Change, ChangeStamp, Origin, Revision};
use noticeboard_domain::event::Event;
use noticeboard_domain::ids::EventId;
use noticeboard_domain::impact::Impact;
use noticeboard_domain::job::Job;
use noticeboard_domain::journal_entry::JournalEntry;
use noticeboard_domain::notification::EventNotification;
use noticeboard_domain::object::ObjectRef;
use noticeboard_domain::review::ReviewItem;
use noticeboard_domain::tag::Tag;
use noticeboard_domain::time::Time;
use noticeboard_domain::token::Token;
use noticeboard_domain::told::Told;
use noticeboard_domain::{Error, Result};
use serde_json::{Map, Value};

use crate::inventory::{decode_object, is_inventory};
use crate::item::{Attributes, attribute, decode, kind, text};
use crate::table::Store;

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
    /// What a record of the table's stream tells; none for bookkeeping, unfinished work, and what the stream's readers
    /// wrote themselves. A deletion is told with who did it, which takes one read.
    ///
    /// # Errors
    /// [`Error::Internal`] when an image cannot be read, [`Error::Unavailable`] when the read fails.
    pub async fn told(&self, record: &EventRecord) -> Result<Option<Told>> {
        let old = attributes(&record.change.old_image);
        let new = attributes(&record.change.new_image);
        match old.as_ref().or(new.as_ref()).and_then(|item| text(item, attribute::TYPE)) {
            Some(kind::TOKEN) => token(old.as_ref(), new.as_ref(), record.change.approximate_creation_date_time),
            Some(kind::JOB) => job(old.as_ref(), new.as_ref()),
            Some(kind::REVIEW) => decision(old.as_ref(), new.as_ref()),
            Some(_) | None => {
                Ok(self.change_told(record, old, new).await?.map(|change| Told::Change(Box::new(change))))
            }
        }
    }

    async fn change_told(
        &self,
        record: &EventRecord,
        old: Option<Attributes>,
        new: Option<Attributes>,
    ) -> Result<Option<Change>> {
        let before = old.as_ref().map(image).transpose()?.flatten();
        let after = new.as_ref().map(image).transpose()?.flatten();
        let change = match (before, after) {
            (None, None) => return Ok(None),
            (None, Some(after)) => written(Action::Create, None, after),
            (Some(before), Some(after)) if before.revision.version == after.revision.version => {
                return Ok(None);
            }
            (Some(before), Some(after)) => written(Action::Update, Some(before.fields), after),
            (Some(before), None) => {
                // Boxed: deletions are few, and the layout of futures within futures is more than the compiler looks into.
                let stamp = match Box::pin(self.deleted_by(before.object)).await? {
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
        Ok(Some(change))
    }
}

fn token(old: Option<&Attributes>, new: Option<&Attributes>, at: Time) -> Result<Option<Told>> {
    let (old, new) = (old.map(decode::<Token>).transpose()?, new.map(decode::<Token>).transpose()?);
    Ok(match (old, new) {
        (Some(old), Some(new)) if old.revision == new.revision => None,
        (Some(_), Some(new)) => Some(Told::Token { action: Action::Update, token: Box::new(new), at }),
        (None, Some(new)) => Some(Told::Token { action: Action::Create, token: Box::new(new), at }),
        (Some(old), None) => Some(Told::Token { action: Action::Delete, token: Box::new(old), at }),
        (None, None) => None,
    })
}

fn job(old: Option<&Attributes>, new: Option<&Attributes>) -> Result<Option<Told>> {
    let (old, new) = (old.map(decode::<Job>).transpose()?, new.map(decode::<Job>).transpose()?);
    // A job is written when it starts and when it completes; later its item expires.
    let is_news = |new: &Job| old.as_ref().is_none_or(|old| old.completed.is_none() && new.completed.is_some());
    Ok(new.filter(is_news).map(|job| Told::Job(Box::new(job))))
}

fn decision(old: Option<&Attributes>, new: Option<&Attributes>) -> Result<Option<Told>> {
    let (old, new) = (old.map(decode::<ReviewItem>).transpose()?, new.map(decode::<ReviewItem>).transpose()?);
    let is_news = |new: &ReviewItem| new.decision.is_some() && old.as_ref().is_none_or(|old| old.decision.is_none());
    Ok(new.filter(is_news).map(|item| Told::Decision(Box::new(item))))
}

fn written(action: Action, before: Option<Map<String, Value>>, after: Image) -> Change {
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
