//! What became of a mail, and what the marks of its notices say of an earlier delivery.

use noticeboard_domain::ids::{EventId, ReviewId};
use noticeboard_domain::review::ReviewItem;
use noticeboard_mail::Mail;
use noticeboard_store::{Message, MessageMark};
use serde_json::json;

use crate::jobs::Facts;
use crate::notices::Applied;
use crate::trust::Trust;

/// What became of a mail.
#[derive(Debug, Clone, PartialEq)]
pub struct Ingested {
    /// The mail's `Message-ID`, if it has one.
    pub message_id: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a mail.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Its notices were applied.
    Applied {
        /// What each did.
        applied: Vec<Applied>,
        /// The review items of those that break a rule.
        reviews: Vec<ReviewId>,
    },
    /// It was dealt with before; this delivery changed nothing.
    Duplicate {
        /// The events that it touched then.
        events: Vec<EventId>,
        /// The review items that it became then.
        reviews: Vec<ReviewId>,
    },
    /// It waits for a person.
    Review(Box<ReviewItem>),
}

impl Outcome {
    /// `applied`, `duplicate`, `review`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::Duplicate { .. } => "duplicate",
            Self::Review(_) => "review",
        }
    }

    /// What the job says of it.
    pub(crate) fn facts(&self) -> Facts {
        let (events, reviews) = match self {
            Self::Applied { applied, reviews } => {
                (applied.iter().map(|applied| applied.event.id).collect(), reviews.clone())
            }
            Self::Duplicate { events, reviews } => (events.clone(), reviews.clone()),
            Self::Review(review) => (Vec::new(), vec![review.id]),
        };
        vec![("outcome", self.as_str().into()), ("events", json!(events)), ("reviews", json!(reviews))]
    }
}

/// What became of this mail.
pub(crate) fn ingested(mail: &Mail, outcome: Outcome) -> Ingested {
    Ingested { message_id: mail.message_id.clone(), outcome }
}

/// Whether every notice of a mail is applied, or waits by itself.
pub(crate) fn is_applied(done: &[Message]) -> bool {
    let notices = done.iter().filter(|part| part.notice.is_some()).count();
    done.iter().any(|part| part.notice.is_some() && notices >= part.of)
}

/// Whether another delivery of a mail has nothing left to do. A mail that waits for a person whole is read again when
/// someone hands it in: that is a decision, and the formats may have learnt to read it.
pub(crate) fn is_dealt_with(done: &[Message], trust: &Trust) -> bool {
    let waits = done.iter().any(|part| part.notice.is_none());
    is_applied(done) || (waits && matches!(trust, Trust::Received(_)))
}

/// The events that a mail touched.
pub(crate) fn events_of(done: &[Message]) -> Vec<EventId> {
    let mut events: Vec<EventId> = Vec::new();
    for part in done {
        match part.mark {
            MessageMark::Event(id) if !events.contains(&id) => events.push(id),
            MessageMark::Event(_) | MessageMark::Review(_) => {}
        }
    }
    events
}

/// It was dealt with before, as its marks say.
pub(crate) fn duplicate(done: &[Message]) -> Outcome {
    let (mut events, mut reviews) = (Vec::new(), Vec::new());
    for part in done {
        match part.mark {
            MessageMark::Event(id) => events.push(id),
            MessageMark::Review(id) => reviews.push(id),
        }
    }
    Outcome::Duplicate { events, reviews }
}

/// The mail is in front of a person, or was.
pub(crate) fn duplicate_of(item: &ReviewItem) -> Outcome {
    Outcome::Duplicate { events: Vec::new(), reviews: vec![item.id] }
}
