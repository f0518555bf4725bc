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
use noticeboard_app::{MAX_MAIL_BYTES, NotificationFilter, NotificationView, Outcome, Trust};
use noticeboard_domain::Error;
use noticeboard_domain::ids::{EventId, EventNotificationId, ReviewId};
use noticeboard_domain::object::ObjectType;
use noticeboard_http::wire::notification::{ingested, notification, read as read_body, review};
use noticeboard_http::{Answer, Api, ApiError, Body, Caller, Query, changed, created, deleted, precondition, read};

/// The routes of this function.
pub fn router(api: Arc<Api>) -> Router {
    let inbound = Router::new()
        .route("/api/plugins/notices/inbound-mail/", post(inbound_mail))
        .layer(DefaultBodyLimit::max(MAX_MAIL_BYTES));
    Router::new()
        .route("/api/plugins/notices/eventnotification/", get(list).post(create))
        .route("/api/plugins/notices/eventnotification/{id}/", get(read_one).put(replace).patch(change).delete(delete))
        .route("/api/plugins/notices/review/", get(review_list))
        .route("/api/plugins/notices/review/{id}/", get(review_read))
        .route("/api/plugins/notices/review/{id}/raw/", get(review_raw))
        .merge(inbound)
        .with_state(api)
}

async fn list(caller: Caller, query: Query) -> Answer {
    let page = query.page();
    let event_type = match query.get("event_content_type") {
        Some(text) => Some(ObjectType::parse(text).ok_or_else(|| {
            let message = format!("Select a valid choice. {text} is not one of the available choices.");
            Error::field("event_content_type", message)
        })?),
        None => None,
    };
    let filter = NotificationFilter {
        event_type,
        event: query.parsed("event_object_id", str::parse::<EventId>)?.first().copied(),
        subject: query.get("subject").map(str::to_owned),
        email_from: query.get("email_from").map(str::to_owned),
        q: query.get("q").unwrap_or_default().to_owned(),
    };
    let (mails, count) = caller.app().notification_list(&filter, page.offset, page.limit).await?;
    let results = mails.iter().map(|view| notification(caller.base(), view)).collect();
    Ok(Json(query.list(caller.base(), page, count, results)).into_response())
}

fn version(view: &NotificationView) -> u64 {
    view.notification.revision.version
}

async fn create(caller: Caller, Body(body): Body) -> Answer {
    let (changes, message) = read_body(&body, None, true)?;
    let view = caller.app().notification_create(&caller.actor(&message), changes).await?;
    Ok(created(&notification(caller.base(), &view), version(&view)))
}

async fn read_one(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let view = caller.app().notification(found(&id)?).await?;
    Ok(read(&headers, &notification(caller.base(), &view), version(&view)))
}

async fn replace(caller: Caller, id: Path<String>, headers: HeaderMap, Body(body): Body) -> Answer {
    read_body(&body, None, true)?;
    change(caller, id, headers, Body(body)).await
}

async fn change(caller: Caller, Path(id): Path<String>, headers: HeaderMap, Body(body): Body) -> Answer {
    let id = found(&id)?;
    let present = caller.app().notification(id).await?;
    let (changes, message) = read_body(&body, Some(&present.notification), false)?;
    let actor = caller.actor(&message);
    let view = caller.app().notification_change(&actor, id, changes, precondition(&headers)?).await?;
    Ok(changed(&notification(caller.base(), &view), version(&view)))
}

async fn delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    caller.app().notification_delete(&caller.actor(""), found(&id)?, precondition(&headers)?).await?;
    Ok(deleted())
}

fn found(id: &str) -> Result<EventNotificationId, Error> {
    id.parse().map_err(|_| Error::NotFound { what: "EventNotification" })
}

/// Takes in a raw message. 201 when a notice of it was applied, 200 for a second delivery, 202 when it waits for a
/// person.
async fn inbound_mail(caller: Caller, body: Result<Bytes, BytesRejection>) -> Answer {
    let raw = body.map_err(|_| ApiError::BodyTooLarge { limit: MAX_MAIL_BYTES, name: "MAX_MAIL_BYTES" })?;
    let done = caller.app().ingest(&caller.context.request_id, raw.to_vec(), None, Trust::HandedIn).await?;
    let status = match done.outcome {
        Outcome::Applied { .. } => StatusCode::CREATED,
        Outcome::Duplicate { .. } => StatusCode::OK,
        Outcome::Review(_) => StatusCode::ACCEPTED,
    };
    Ok((status, Json(ingested(caller.base(), &done))).into_response())
}

async fn review_list(caller: Caller, query: Query) -> Answer {
    let page = query.page();
    let (items, count) = caller.app().review_list(page.offset, page.limit).await?;
    let results = items.iter().map(|item| review(caller.base(), item)).collect();
    Ok(Json(query.list(caller.base(), page, count, results)).into_response())
}

fn review_found(id: &str) -> Result<ReviewId, Error> {
    id.parse().map_err(|_| Error::NotFound { what: "ReviewItem" })
}

async fn review_read(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let item = caller.app().review(review_found(&id)?).await?;
    Ok(read(&headers, &review(caller.base(), &item), item.revision.version))
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
