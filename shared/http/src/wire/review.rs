//! Mail that waits for a person, and what was decided about it.

use noticeboard_app::Reviews;
use noticeboard_domain::ids::EventId;
use noticeboard_domain::review::{ReviewItem, ReviewReason, Verdict};
use serde::Serialize;
use utoipa::ToSchema;

use super::time;
use crate::answer::Object;
use crate::query::Wire;

fn reasons() -> utoipa::openapi::Object {
    super::choices(ReviewReason::ALL.iter().map(|reason| reason.as_str()))
}

fn verdicts() -> utoipa::openapi::Object {
    super::choices(Verdict::ALL.iter().map(|verdict| verdict.as_str()))
}

/// Every decision that a list can be asked for.
const ALL: &str = "all";

/// The values of `decision` in a list.
pub(crate) fn decisions() -> impl Iterator<Item = &'static str> {
    Verdict::ALL.iter().map(|verdict| verdict.as_str()).chain([ALL])
}

/// Which review items a list is asked for by `decision`.
///
/// # Errors
/// The text names none.
pub fn reviews(text: &str) -> Result<Reviews, String> {
    let verdict = Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == text);
    match verdict {
        Some(verdict) => Ok(Reviews::Decided(verdict)),
        None if text == ALL => Ok(Reviews::All),
        None => {
            Err(format!("Select a valid choice. {text} is not one of the available choices: approved, denied, all."))
        }
    }
}

/// What a person decided.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewDecision)]
pub struct DecisionBody {
    #[schema(schema_with = verdicts)]
    verdict: &'static str,
    #[schema(format = DateTime)]
    at: String,
    /// Who.
    by: String,
    /// The ids of the events that an approved mail made or changed.
    events: Vec<u64>,
}

/// A mail that waits for a person, or did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewItem)]
pub struct ReviewBody {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    #[schema(schema_with = reasons)]
    reason: &'static str,
    explanation: String,
    subject: String,
    email_from: String,
    #[schema(format = DateTime)]
    email_received: String,
    message_id: Option<String>,
    size: u64,
    raw_url: String,
    #[schema(format = DateTime)]
    created: String,
    /// None while it waits.
    decision: Option<DecisionBody>,
}

impl Wire for ReviewBody {
    const BRIEF: &'static [&'static str] = &["id", "url", "reason", "subject"];
}

/// A mail that waits for a person, or did.
pub fn review(base: &str, review: &ReviewItem) -> Object<ReviewBody> {
    let url = format!("{base}/api/plugins/notices/review/{}/", review.id);
    let decision = review.decision.as_ref().map(|decision| DecisionBody {
        verdict: decision.verdict.as_str(),
        at: time(decision.at),
        by: decision.by.clone(),
        events: decision.events.iter().copied().map(EventId::get).collect(),
    });
    let body = ReviewBody {
        id: review.id.get(),
        url: url.clone(),
        reason: review.reason.as_str(),
        explanation: review.explanation.clone(),
        subject: review.subject.clone(),
        email_from: review.email_from.clone(),
        email_received: time(review.email_received),
        message_id: review.message_id.clone(),
        size: review.size,
        raw_url: format!("{url}raw/"),
        created: time(review.revision.created),
        decision,
    };
    Object { body, url, version: review.revision.version }
}
