//! `/api/plugins/notices/dead-letters/`: what was not delivered. An administrator's business, and only here: on AWS,
//! SQS has its own.

use std::sync::Arc;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Extension, Router};
use noticeboard_domain::Error;
use noticeboard_domain::filter::{FieldValue, Filterable, Kind, Parameter};
use noticeboard_domain::ids::{ID_LIMIT, ObjectId};
use noticeboard_domain::listing::Page;
use noticeboard_domain::time::rfc3339;
use noticeboard_http::{Answer, Api, ApiError, Body, Caller, Fields, Query, Shown, deleted, json as answer};
use noticeboard_publish::BrokerName;
use serde_json::{Map, Value, json};

use super::redrive::{Done, Redrive, Selection, Verb, failed};
use super::{DeadLetter, Origin};

const PATH: &str = "/api/plugins/notices/dead-letters/";

/// What dead letters can be filtered by.
const FILTERS: &[Parameter] = &[
    ("broker", Kind::Text),
    ("reader", Kind::Text),
    ("message", Kind::Text),
    ("topic", Kind::Text),
    ("group", Kind::Text),
];

/// The routes.
pub(crate) fn router(api: Arc<Api>, redrive: Arc<Redrive>) -> Router {
    Router::new()
        .route(PATH, get(list))
        .route(&format!("{PATH}replay/"), post(replay_some))
        .route(&format!("{PATH}discard/"), post(discard_some))
        .route(&format!("{PATH}{{id}}/"), get(read).delete(discard))
        .route(&format!("{PATH}{{id}}/replay/"), post(replay))
        .with_state(api)
        .layer(Extension(redrive))
}

type Redriven = Extension<Arc<Redrive>>;

fn id(text: &str) -> Result<u64, Error> {
    text.parse::<ObjectId>().map(ObjectId::get).map_err(|_| Error::NotFound { what: "DeadLetter" })
}

async fn list(caller: Caller, Extension(redrive): Redriven, query: Query) -> Answer {
    caller.administrator()?;
    let listing = query.listing(FILTERS, &["message", "topic", "group", "error"])?;
    let (start, most) = match listing.page {
        Page::Cursor { limit, start } => (start, limit + 1),
        Page::Offset { .. } => (0, usize::MAX),
    };
    let letters = redrive.letters.walk((start, ID_LIMIT), most, |letter| listing.filter.matches(letter)).await;
    let list = listing.of(letters.map_err(failed)?, |a, b| a.id.cmp(&b.id));
    let shape = query.shape();
    let list = list.map(|letter| Shown { object: shown(caller.base(), &letter), shape: &shape });
    query.answer(caller.base(), listing.page, list)
}

async fn read(caller: Caller, Extension(redrive): Redriven, Path(text): Path<String>) -> Answer {
    caller.administrator()?;
    let letter = redrive.letter(id(&text)?).await?;
    let body = redrive.letters.body(&letter).await.map_err(failed)?;
    let mut shown = shown(caller.base(), &letter);
    shown["content"] = serde_json::from_str(&body).unwrap_or(Value::String(body));
    answer(StatusCode::OK, &shown)
}

async fn replay(caller: Caller, Extension(redrive): Redriven, Path(text): Path<String>) -> Answer {
    caller.administrator()?;
    redrive.apply(Verb::Replay, &redrive.letter(id(&text)?).await?).await?;
    Ok(deleted())
}

async fn discard(caller: Caller, Extension(redrive): Redriven, Path(text): Path<String>) -> Answer {
    caller.administrator()?;
    redrive.apply(Verb::Discard, &redrive.letter(id(&text)?).await?).await?;
    Ok(deleted())
}

async fn replay_some(caller: Caller, Extension(redrive): Redriven, Body(body): Body) -> Answer {
    some(&caller, &redrive, Verb::Replay, &body).await
}

async fn discard_some(caller: Caller, Extension(redrive): Redriven, Body(body): Body) -> Answer {
    some(&caller, &redrive, Verb::Discard, &body).await
}

async fn some(caller: &Caller, redrive: &Redrive, verb: Verb, body: &Map<String, Value>) -> Answer {
    caller.administrator()?;
    let which = selection(body, redrive.letters.next_id())?;
    let Done { count, failed, rest } = redrive.apply_to(verb, &which).await?;
    let failed = failed.iter().map(|(id, error)| json!({"id": id, "error": error.to_string()}));
    let next = rest.map(|rest| {
        let which = rest.broker.map_or(("all", true.into()), |broker| ("broker", Value::from(broker.as_str())));
        json!({which.0: which.1, "start": rest.start, "end": rest.end})
    });
    answer(StatusCode::OK, &json!({"count": count, "failed": failed.collect::<Vec<_>>(), "next": next}))
}

/// Which dead letters a body names: those of a `broker`, or `all`; with ids from `start` to `end`, or all that there
/// are now. A body that names neither, by mistake perhaps, must not do it to all.
fn selection(body: &Map<String, Value>, newest: u64) -> Result<Selection, ApiError> {
    let mut fields = Fields::new(body);
    let broker = fields.text("broker", BrokerName::parse);
    let start = fields.id("start").map_or(0, ObjectId::get);
    let end = fields.id("end").map_or(newest, ObjectId::get);
    if !fields.has("broker") && body.get("all") != Some(&Value::Bool(true)) {
        fields.errors.add("broker", "Name a broker here, or say all: true.");
    }
    if fields.errors.is_empty() { Ok(Selection { broker, start, end }) } else { Err(fields.errors.into()) }
}

fn shown(base: &str, letter: &DeadLetter) -> Value {
    let about = &letter.about;
    let (kind, broker, reader) = match &about.origin {
        Origin::Queue(broker) => ("queue", Some(broker.as_str()), None),
        Origin::Stream(reader) => ("stream", None, Some(reader.as_str())),
    };
    json!({
        "id": letter.id,
        "url": format!("{base}{PATH}{}/", letter.id),
        "display": format!("{} for {}", about.message, broker.or(reader).unwrap_or_default()),
        "kind": kind,
        "broker": broker,
        "reader": reader,
        "message": about.message,
        "topic": about.topic,
        "group": about.group,
        "attempts": about.attempts,
        "error": about.error,
        "created": rfc3339(letter.at),
    })
}

impl Filterable for DeadLetter {
    fn id(&self) -> u64 {
        self.id
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        let about = &self.about;
        match name {
            "id" => FieldValue::id(self.id),
            "broker" => FieldValue::optional(self.broker(), |broker| FieldValue::text(broker.as_str())),
            "reader" => match &about.origin {
                Origin::Stream(reader) => FieldValue::text(reader.as_str()),
                Origin::Queue(_) => FieldValue::None,
            },
            "message" => FieldValue::text(&about.message),
            "topic" => FieldValue::optional(about.topic.as_deref(), FieldValue::text),
            "group" => FieldValue::text(&about.group),
            "error" => FieldValue::text(&about.error),
            _ => FieldValue::None,
        }
    }
}
