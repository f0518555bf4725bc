//! Received mails, and mail that waits for a person.

use noticeboard_app::{Effect, Ingested, NotificationView, Outcome};
use noticeboard_domain::event::Event;
use noticeboard_domain::notification::{EventNotification, EventNotificationChanges, Subject};
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::review::ReviewItem;
use serde_json::{Map, Value, json};

use super::{time, url};
use crate::error::ApiError;
use crate::input::Fields;

/// Longest address (RFC 5321 section 4.5.3.1.3).
const MAX_ADDRESS: usize = 254;

/// What a client sends for a received mail, with its note on the change.
///
/// # Errors
/// 400 with every field that is missing or wrong.
pub fn read(
    body: &Map<String, Value>,
    present: Option<&EventNotification>,
    whole: bool,
) -> Result<(EventNotificationChanges, String), ApiError> {
    let mut fields = Fields::new(body);
    let not_blank = |text: &str| {
        if text.trim().is_empty() {
            return Err("This field may not be blank.".to_owned());
        }
        noticeboard_domain::fields::free_text(text)
    };
    let changes = EventNotificationChanges {
        event: super::impact::read_event(&mut fields, present.map(|mail| mail.event)),
        email_body: fields.text("email_body", not_blank),
        subject: fields.text("subject", Subject::parse),
        email_from: fields.text("email_from", address),
        email_received: fields.time("email_received"),
        tags: fields.tags(),
        custom_fields: fields.custom_fields(),
    };
    let message = fields.message();
    if whole {
        // One of two fields that need each other is told already.
        let event = ["event_content_type", "event_object_id", "maintenance", "outage"];
        let event_told = event.iter().any(|field| fields.errors.has(field));
        for (field, messages) in changes.missing().iter() {
            let told = fields.errors.has(field) || (event_told && event.contains(&field));
            if !told {
                messages.iter().for_each(|message| fields.errors.add(field, message.clone()));
            }
        }
    }
    fields.errors.into_result()?;
    Ok((changes, message))
}

fn address(text: &str) -> Result<String, String> {
    let plain = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    match text.rsplit_once('@') {
        Some((user, domain)) if plain(user) && plain(domain) && domain.contains('.') && text.len() <= MAX_ADDRESS => {
            Ok(text.to_owned())
        }
        _ => Err("Enter a valid email address.".to_owned()),
    }
}

/// A received mail, as the API gives it. The whole message is never part of it.
pub fn notification(base: &str, view: &NotificationView) -> Value {
    let mail = &view.notification;
    let event = view.event.as_ref();
    json!({
        "id": mail.id,
        "url": url(base, ObjectType::EventNotification, mail.id.get()),
        "display": mail.subject,
        "event_content_type": mail.event.object().kind.number(),
        "event_object_id": mail.event.id,
        "event": event.map(|(event, provider)| super::event::nested(base, event, provider.as_ref())),
        "email_body": mail.email_body,
        "subject": mail.subject,
        "email_from": mail.email_from,
        "email_received": time(mail.email_received),
        "tags": mail.tags,
        "custom_fields": mail.custom_fields,
        "created": time(mail.revision.created),
        "last_updated": time(mail.revision.last_updated),
        "message_id": mail.message_id,
        "outdated": mail.outdated,
    })
}

/// A received mail inside its event.
pub fn nested(base: &str, event: &Event, mail: &EventNotification) -> Value {
    json!({
        "id": mail.id,
        "url": url(base, ObjectType::EventNotification, mail.id.get()),
        "event_type": mail.event.object().kind.as_str(),
        "event_object": {"id": event.id, "name": event.name},
        "subject": mail.subject,
        "email_from": mail.email_from,
        "email_received": time(mail.email_received),
        "created": time(mail.revision.created),
        "last_updated": time(mail.revision.last_updated),
    })
}

/// A mail that waits for a person.
pub fn review(base: &str, review: &ReviewItem) -> Value {
    json!({
        "id": review.id,
        "url": format!("{base}/api/plugins/notices/review/{}/", review.id),
        "reason": review.reason,
        "explanation": review.explanation,
        "subject": review.subject,
        "email_from": review.email_from,
        "email_received": time(review.email_received),
        "message_id": review.message_id,
        "size": review.size,
        "raw_url": format!("{base}/api/plugins/notices/review/{}/raw/", review.id),
        "created": time(review.revision.created),
    })
}

/// What became of a mail that was handed in.
pub fn ingested(base: &str, ingested: &Ingested) -> Value {
    let event = |kind: ObjectType, id: u64| url(base, kind, id);
    match &ingested.outcome {
        Outcome::Applied { applied, reviews } => {
            let events = applied.iter().map(|applied| {
                json!({
                    "id": applied.event.id,
                    "url": event(applied.event.object().kind, applied.event.id.get()),
                    "type": applied.event.object().kind.as_str(),
                    "name": applied.name,
                    "effect": effect(applied.effect),
                })
            });
            json!({
                "outcome": "applied",
                "message_id": ingested.message_id,
                "events": events.collect::<Vec<_>>(),
                "reviews": reviews.iter().map(|id| json!({"id": id})).collect::<Vec<_>>(),
            })
        }
        Outcome::Duplicate { events, reviews } => json!({
            "outcome": "duplicate",
            "message_id": ingested.message_id,
            "events": events.iter().map(|id| json!({"id": id})).collect::<Vec<_>>(),
            "reviews": reviews.iter().map(|id| json!({"id": id})).collect::<Vec<_>>(),
        }),
        Outcome::Review(item) => json!({
            "outcome": "review",
            "message_id": ingested.message_id,
            "review": review(base, item),
        }),
    }
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Created => "created",
        Effect::Rescheduled => "rescheduled",
        Effect::Updated => "updated",
        Effect::Unchanged => "unchanged",
        Effect::Outdated => "outdated",
    }
}
