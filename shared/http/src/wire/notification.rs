//! Received mails, and what became of a mail that was handed in.

use noticeboard_app::{Effect, Ingested, Input, NotificationView, Outcome, Refs};
use noticeboard_domain::event::{Event, EventKind};
use noticeboard_domain::filter::{Kind, Parameter};
use noticeboard_domain::ids::{EventId, ReviewId};
use noticeboard_domain::notification::{EventNotification, EventNotificationChanges, Subject};
use noticeboard_domain::object::ObjectType;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::event::NestedEvent;
use super::impact::{IdAndName, event_object};
use super::review::{ReviewBody, review};
use super::tag::NestedTag;
use super::time;
use crate::answer::Object;
use crate::input::Fields;
use crate::query::Wire;

/// Longest address (RFC 5321 section 4.5.3.1.3).
const MAX_ADDRESS: usize = 254;

/// The fields that `q` searches (behaviours 22).
pub const SEARCHED: &[&str] = &["subject", "email_body", "email_from"];

/// Filters of received mails.
pub const FILTERS: &[Parameter] = &[
    ("id", Kind::Integer),
    ("event_content_type", Kind::EventType),
    ("event_content_type_id", Kind::Integer),
    ("event_object_id", Kind::Integer),
    ("email_body", Kind::Text),
    ("subject", Kind::Text),
    ("email_from", Kind::Text),
    ("email_received", Kind::Time),
    ("message_id", Kind::Text),
    ("tag", Kind::Slugs),
    ("tag_id", Kind::Ids),
    ("created", Kind::Time),
    ("last_updated", Kind::Time),
    ("created_by_request", Kind::Uuid),
    ("updated_by_request", Kind::Uuid),
    ("modified_by_request", Kind::Uuid),
];

/// Reads what a client sends for a received mail, with what is wrong with it. With `whole`, every required field must be
/// there.
pub fn read(body: &Map<String, Value>, whole: bool) -> Input<EventNotificationChanges> {
    let mut fields = Fields::new(body);
    let not_blank = |text: &str| {
        if text.trim().is_empty() {
            return Err("This field may not be blank.".to_owned());
        }
        noticeboard_domain::fields::mail_text(text)
    };
    let refs = Refs { provider: None, tags: fields.tags() };
    let changes = EventNotificationChanges {
        event: super::impact::read_event(&mut fields),
        email_body: fields.text("email_body", not_blank),
        subject: fields.text("subject", Subject::parse),
        email_from: fields.text("email_from", address),
        email_received: fields.time("email_received"),
        tags: None,
        custom_fields: fields.custom_fields(),
    };
    let note = fields.message();
    if whole {
        super::impact::add_missing(&mut fields, &changes.missing());
    }
    Input { changes, refs, wrong: fields.errors, note }
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

/// A received mail. The whole message is never part of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventNotification)]
pub struct NotificationBody {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    display: String,
    #[schema(minimum = 1)]
    event_content_type: u64,
    #[schema(minimum = 1)]
    event_object_id: u64,
    event: Option<NestedEvent>,
    email_body: String,
    subject: String,
    email_from: String,
    #[schema(format = DateTime)]
    email_received: String,
    tags: Vec<NestedTag>,
    #[schema(value_type = Object)]
    custom_fields: Map<String, Value>,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    last_updated: String,
    /// Beyond the peer: the mail's own id.
    message_id: Option<String>,
    /// Beyond the peer: whether it was older than what the event knew already.
    outdated: bool,
}

impl Wire for NotificationBody {
    const BRIEF: &'static [&'static str] = &["id", "url", "display", "subject", "email_from", "email_received"];
}

/// A received mail, as the API gives it.
pub fn notification(base: &str, view: NotificationView) -> Object<NotificationBody> {
    let mail = view.notification;
    let url = super::address(base, ObjectType::EventNotification, mail.id.get());
    let subject = mail.subject.as_str().to_owned();
    let body = NotificationBody {
        id: mail.id.get(),
        url: url.clone(),
        display: subject.clone(),
        event_content_type: mail.event.object().kind.number(),
        event_object_id: mail.event.id.get(),
        event: view.event.as_ref().map(|(event, provider)| super::event::nested(base, event, provider.as_deref())),
        email_body: mail.email_body,
        subject,
        email_from: mail.email_from,
        email_received: time(mail.email_received),
        tags: super::tag::nested(base, &view.tags),
        custom_fields: mail.custom_fields,
        created: time(mail.revision.created),
        last_updated: time(mail.revision.last_updated),
        message_id: mail.message_id,
        outdated: mail.outdated,
    };
    Object { body, url, version: mail.revision.version }
}

/// A received mail inside its event.
#[derive(Debug, Serialize, ToSchema)]
pub struct NestedNotification {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    event_type: &'static str,
    event_object: IdAndName,
    subject: String,
    email_from: String,
    #[schema(format = DateTime)]
    email_received: String,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    last_updated: String,
}

/// A received mail inside its event.
pub fn nested(base: &str, event: &Event, mail: &EventNotification) -> NestedNotification {
    NestedNotification {
        id: mail.id.get(),
        url: super::address(base, ObjectType::EventNotification, mail.id.get()),
        event_type: mail.event.object().kind.as_str(),
        event_object: event_object(event),
        subject: mail.subject.as_str().to_owned(),
        email_from: mail.email_from.clone(),
        email_received: time(mail.email_received),
        created: time(mail.revision.created),
        last_updated: time(mail.revision.last_updated),
    }
}

/// What became of a mail that was handed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InboundMail)]
pub struct IngestedBody {
    outcome: OutcomeName,
    message_id: Option<String>,
    /// The events that it touched; not of one that waits for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    events: Option<Vec<TouchedEvent>>,
    /// What of it waits for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reviews: Option<Vec<OnlyId>>,
    /// The whole of it waits for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    review: Option<ReviewBody>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum OutcomeName {
    Applied,
    Duplicate,
    Review,
}

/// An event that a mail touched. A second delivery names its id alone.
#[derive(Debug, Serialize, ToSchema)]
pub struct TouchedEvent {
    #[schema(minimum = 1)]
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = event_types)]
    r#type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    /// What the mail did to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    effect: Option<EffectName>,
}

fn event_types() -> utoipa::openapi::Object {
    super::choices(EventKind::ALL.iter().map(|kind| kind.object_type().as_str()))
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum EffectName {
    Created,
    Rescheduled,
    Updated,
    Unchanged,
    Outdated,
}

impl From<Effect> for EffectName {
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::Created => Self::Created,
            Effect::Rescheduled => Self::Rescheduled,
            Effect::Updated => Self::Updated,
            Effect::Unchanged => Self::Unchanged,
            Effect::Outdated => Self::Outdated,
        }
    }
}

/// An object by its id.
#[derive(Debug, Serialize, ToSchema)]
pub struct OnlyId {
    #[schema(minimum = 1)]
    id: u64,
}

/// What became of a mail that was handed in.
pub fn ingested(base: &str, ingested: &Ingested) -> IngestedBody {
    let ids = |reviews: &[ReviewId]| Some(reviews.iter().map(|id| OnlyId { id: id.get() }).collect());
    let (outcome, events, reviews, review) = match &ingested.outcome {
        Outcome::Applied { applied, reviews } => {
            let events = applied.iter().map(|applied| {
                let kind = applied.event.object().kind;
                let id = applied.event.id.get();
                TouchedEvent {
                    id,
                    url: Some(super::address(base, kind, id)),
                    r#type: Some(kind.as_str()),
                    name: Some(applied.name.to_string()),
                    effect: Some(applied.effect.into()),
                }
            });
            (OutcomeName::Applied, Some(events.collect()), ids(reviews), None)
        }
        Outcome::Duplicate { events, reviews } => {
            let alone = |id: &EventId| TouchedEvent { id: id.get(), url: None, r#type: None, name: None, effect: None };
            let events = events.iter().map(alone);
            (OutcomeName::Duplicate, Some(events.collect()), ids(reviews), None)
        }
        Outcome::Review(item) => (OutcomeName::Review, None, None, Some(review(base, item).body)),
    };
    IngestedBody { outcome, message_id: ingested.message_id.clone(), events, reviews, review }
}
