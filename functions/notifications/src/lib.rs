//! `/api/plugins/notices/eventnotification/`, `/inbound-mail/` and `/review/`: received mails, the way in for mail, and
//! mail that waits for a person.
//!
//! **Must not know**: the table, and how a mail is read; both are `noticeboard-app`'s.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use noticeboard_app::{App, MAX_MAIL_BYTES, NotificationView, Outcome, Reviews, Trust};
use noticeboard_domain::Error;
use noticeboard_domain::ids::{EventNotificationId, ReviewId};
use noticeboard_domain::listing::{List, Page};
use noticeboard_http::wire::notification::{FILTERS, SEARCHED, ingested, notification, read as read_mail};
use noticeboard_http::wire::review::{review, reviews};
use noticeboard_http::{
    Answer, Api, ApiError, Body, Caller, Note, Payload, Query, Shape, Shown, bulk, changed, created, deleted, json,
    precondition, read,
};
use serde_json::{Map, Value};

/// The routes of this function.
pub fn router(api: Arc<Api>) -> Router {
    let inbound = Router::new()
        .route("/api/plugins/notices/inbound-mail/", post(inbound_mail))
        .layer(DefaultBodyLimit::max(MAX_MAIL_BYTES));
    let collection = get(list).post(create).put(replace_many).patch(patch_many).delete(delete_many);
    Router::new()
        .route("/api/plugins/notices/eventnotification/", collection)
        .route("/api/plugins/notices/eventnotification/{id}/", get(read_one).put(replace).patch(patch).delete(delete))
        .route("/api/plugins/notices/review/", get(review_list))
        .route("/api/plugins/notices/review/{id}/", get(review_read))
        .route("/api/plugins/notices/review/{id}/approve/", post(review_approve))
        .route("/api/plugins/notices/review/{id}/deny/", post(review_deny))
        .route("/api/plugins/notices/review/{id}/raw/", get(review_raw))
        .merge(inbound)
        .with_state(api)
}

async fn list(caller: Caller, query: Query) -> Answer {
    let (listing, shape) = (query.listing(FILTERS, SEARCHED)?, query.shape());
    let page = listing.page;
    let list = caller.app().notification_list(listing).await?;
    let list = list.map(|view| Shown { object: notification(caller.base(), view).body, shape: &shape });
    query.answer(caller.base(), page, list)
}

async fn create(caller: Caller, query: Query, payload: Payload) -> Answer {
    match payload {
        Payload::One(body) => {
            let input = read_mail(&body, true);
            let view = caller.app().notification_create(&caller.actor(""), input).await?;
            created(&notification(caller.base(), view), &query.shape())
        }
        Payload::Many(values) => {
            let inputs = bulk::inputs(values, |body| read_mail(body, true));
            let views = caller.app().notification_create_many(&caller.actor(""), inputs).await?;
            answer_many(&caller, StatusCode::CREATED, &query, views)
        }
    }
}

fn answer_many(caller: &Caller, status: StatusCode, query: &Query, views: Vec<NotificationView>) -> Answer {
    let shape = query.shape();
    let shown = views.into_iter().map(|view| Shown { object: notification(caller.base(), view).body, shape: &shape });
    json(status, &shown.collect::<Vec<_>>())
}

async fn replace_many(caller: Caller, query: Query, payload: Payload) -> Answer {
    change_many(caller, query, payload, true).await
}

async fn patch_many(caller: Caller, query: Query, payload: Payload) -> Answer {
    change_many(caller, query, payload, false).await
}

async fn change_many(caller: Caller, query: Query, payload: Payload, whole: bool) -> Answer {
    let read = |body: &Map<String, Value>| Ok((bulk::id::<EventNotificationId>(body)?, read_mail(body, whole)));
    let inputs = bulk::elements(bulk::list(payload)?, read).map_err(ApiError::first)?;
    let views = caller.app().notification_change_many(&caller.actor(""), inputs).await;
    answer_many(&caller, StatusCode::OK, &query, views.map_err(|error| ApiError::from(error).first())?)
}

async fn delete_many(caller: Caller, payload: Payload) -> Answer {
    let ids: Vec<(EventNotificationId, String)> = bulk::ids(bulk::list(payload)?)?;
    caller.app().notification_delete_many(&caller.actor(""), &ids).await?;
    Ok(deleted())
}

async fn read_one(caller: Caller, Path(id): Path<String>, query: Query, headers: HeaderMap) -> Answer {
    let view = caller.app().notification(found(&id)?).await?;
    read(&headers, &notification(caller.base(), view), &query.shape())
}

async fn replace(caller: Caller, id: Path<String>, query: Query, headers: HeaderMap, body: Body) -> Answer {
    change(caller, id, query, headers, body, true).await
}

async fn patch(caller: Caller, id: Path<String>, query: Query, headers: HeaderMap, body: Body) -> Answer {
    change(caller, id, query, headers, body, false).await
}

async fn change(
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    headers: HeaderMap,
    Body(body): Body,
    whole: bool,
) -> Answer {
    let (input, actor) = (read_mail(&body, whole), caller.actor(""));
    let view = caller.app().notification_change(&actor, found(&id)?, input, &precondition(&headers)?).await?;
    changed(&notification(caller.base(), view), &query.shape())
}

async fn delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap, Note(note): Note) -> Answer {
    caller.app().notification_delete(&caller.actor(&note), found(&id)?, &precondition(&headers)?).await?;
    Ok(deleted())
}

fn found(id: &str) -> Result<EventNotificationId, Error> {
    id.parse().map_err(|_| Error::NotFound { what: "EventNotification" })
}

/// Takes in a raw message. 201 when a notice of it was applied, 200 for a second delivery, 202 when it waits for a
/// person.
async fn inbound_mail(caller: Caller, body: Result<Bytes, BytesRejection>) -> Answer {
    let raw = body.map_err(|_| ApiError::BodyTooLarge { limit: MAX_MAIL_BYTES, name: "MAX_MAIL_BYTES" })?;
    let (request_id, trust) = (caller.context.request_id.clone(), Trust::HandedIn(caller.principal.user.clone()));
    let work = |app: Arc<App>| async move { app.ingest(&request_id, raw.to_vec(), None, trust).await };
    let done = caller.to_the_end(work).await?;
    let status = match done.outcome {
        Outcome::Applied { .. } => StatusCode::CREATED,
        Outcome::Duplicate { .. } => StatusCode::OK,
        Outcome::Review(_) => StatusCode::ACCEPTED,
    };
    Ok((status, Json(ingested(caller.base(), &done))).into_response())
}

async fn review_list(caller: Caller, query: Query) -> Answer {
    let (limit, offset) = (query.limit(), query.offset());
    let which = query.parsed("decision", reviews)?.pop().unwrap_or(Reviews::Waiting);
    let (items, count) = caller.app().review_list(which, offset, limit).await?;
    let shape = query.shape();
    let items = items.iter().map(|item| Shown { object: review(caller.base(), item).body, shape: &shape }).collect();
    let list = List { items, count: Some(count), next: None };
    query.answer(caller.base(), Page::Offset { limit, offset }, list)
}

fn review_found(id: &str) -> Result<ReviewId, Error> {
    id.parse().map_err(|_| Error::NotFound { what: "ReviewItem" })
}

async fn review_read(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let item = caller.app().review(review_found(&id)?).await?;
    read(&headers, &review(caller.base(), &item), &Shape::default())
}

/// Lets in what waits.
async fn review_approve(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let (id, expected, actor) = (review_found(&id)?, precondition(&headers)?, caller.actor(""));
    let work = |app: Arc<App>| async move { app.review_approve(&actor, id, &expected).await };
    let item = caller.to_the_end(work).await?;
    changed(&review(caller.base(), &item), &Shape::default())
}

/// Decides that what waits is not to count.
async fn review_deny(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let item = caller.app().review_deny(&caller.actor(""), review_found(&id)?, &precondition(&headers)?).await?;
    changed(&review(caller.base(), &item), &Shape::default())
}

/// The whole message, byte for byte. Browsers are told to save it, never to show it.
async fn review_raw(caller: Caller, Path(id): Path<String>) -> Answer {
    let item = caller.app().review(review_found(&id)?).await?;
    let raw = caller.app().raw_mail(&item.raw).await?;
    let headers = [
        (header::CONTENT_TYPE, "message/rfc822".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"review-{}.eml\"", item.id)),
    ];
    Ok((headers, raw).into_response())
}
