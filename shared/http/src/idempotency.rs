//! `Idempotency-Key`: a POST that is sent again is not done again (draft-ietf-httpapi-idempotency-key-header).
//!
//! **What clients may rely on.** A POST with the header `Idempotency-Key` (1 to 255 visible ASCII characters, taken as
//! they are, quotes included) stands for one request of one user on one path:
//! - the same key with the same query and body, byte for byte: the same status, body, `Content-Type`, `Location` and
//!   `ETag` for 24 hours, and `Idempotent-Replayed: true`; nothing is done;
//! - with another query or body: 422;
//! - while the first is running: 409 with `Retry-After`;
//! - after an answer of 5xx or 403: the key is free, and the request is done as if it were new. Any other answer is kept,
//!   also a refusal such as 400: a corrected request takes a new key.
//!
//! An answer of more than 300 KiB, or one that says `Cache-Control: no-store` because there is a secret in it, is kept
//! without its body: a repetition has the status and the `Location`, and a `detail` that says so. A key on any other
//! method, and one of a caller who may not write, is as good as none.
//!
//! A request that has begun is done to its end and its answer is kept even when the client is gone: that is when the
//! client needs it.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use noticeboard_app::{App, Begun, KeptAnswer, Keyed, MAX_MAIL_BYTES};
use noticeboard_domain::Error;
use noticeboard_domain::token::Scope;
use serde_json::json;

use crate::Api;
use crate::context::{Context, Credentials};
use crate::error::ApiError;

const HEADER: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Longest key, in characters.
const MAX_KEY: usize = 255;

/// Puts idempotency around the routes. Without the header it does nothing.
pub(crate) async fn layer(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(HEADER) {
        return next.run(request).await;
    }
    answer(&api, request, next).await.unwrap_or_else(ApiError::into_response)
}

async fn answer(api: &Arc<Api>, request: Request, next: Next) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let context = Context::from_request_parts(&mut parts, api).await?;
    let token = Credentials::of(&parts.headers).0;
    let principal = match context.authenticate(token.as_deref(), Scope::Write).await {
        Ok(principal) => principal,
        // The handler says so too; nothing is kept for who may not write.
        Err(ApiError::Unauthenticated(_) | ApiError::Domain(Error::Denied(_))) => {
            return Ok(next.run(Request::from_parts(parts, body)).await);
        }
        Err(error) => return Err(error),
    };
    let key = key(&parts.headers)?;
    // The largest body that any route takes; the route's own limit comes after.
    let body = to_bytes(body, MAX_MAIL_BYTES).await;
    let body = body.map_err(|_| ApiError::BodyTooLarge { limit: MAX_MAIL_BYTES, name: "MAX_MAIL_BYTES" })?;
    let (method, path, query) = (parts.method.as_str(), parts.uri.path(), parts.uri.query().unwrap_or_default());
    let keyed = Keyed::new(&principal.user, method, path, &key, query, &body);
    match api.app.idempotency_begin(&keyed).await? {
        Begun::Done(answer) => Ok(replayed(answer)),
        Begun::Running => Err(ApiError::KeyInUse),
        Begun::Reused => Err(ApiError::KeyReused),
        Begun::New(attempt) => {
            let app = api.app.clone();
            // A task of its own, because the server drops this one when the client goes.
            let done = tokio::spawn(run(app, attempt, parts, body, next)).await;
            Ok(done.map_err(|error| ApiError::from(Error::internal(error)))?)
        }
    }
}

/// The key.
///
/// # Errors
/// 400 when it is none.
fn key(headers: &HeaderMap) -> Result<String, ApiError> {
    let mut values = headers.get_all(HEADER).iter();
    let valid =
        |key: &&HeaderValue| (1..=MAX_KEY).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic);
    match (values.next().filter(valid).and_then(|key| key.to_str().ok()), values.next()) {
        (Some(key), None) => Ok(key.to_owned()),
        (None, _) | (Some(_), Some(_)) => {
            let detail = format!("Idempotency-Key: send one key of 1 to {MAX_KEY} visible ASCII characters.");
            Err(ApiError::Body(json!({ "detail": detail })))
        }
    }
}

async fn run(app: Arc<App>, attempt: noticeboard_app::Attempt, parts: Parts, body: Bytes, next: Next) -> Response {
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let (parts, body) = response.into_parts();
    // Every body here is whole in memory already.
    let body = match to_bytes(body, usize::MAX).await {
        Ok(body) => body,
        Err(error) => return ApiError::from(Error::internal(error)).into_response(),
    };
    let free = parts.status.is_server_error() || parts.status == StatusCode::FORBIDDEN;
    let answer = (!free).then(|| kept(parts.status, &parts.headers, &body));
    if let Err(error) = app.idempotency_end(attempt, answer).await {
        // What was asked for is done, and the client is to know it.
        tracing::error!(%error, detail = error.detail(), "an answer could not be kept under its idempotency key");
    }
    Response::from_parts(parts, Body::from(body))
}

fn kept(status: StatusCode, headers: &HeaderMap, body: &Bytes) -> KeptAnswer {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::to_owned);
    let secret = text(header::CACHE_CONTROL).is_some_and(|control| control.contains("no-store"));
    KeptAnswer {
        status: status.as_u16(),
        content_type: text(header::CONTENT_TYPE),
        location: text(header::LOCATION),
        etag: text(header::ETAG),
        body: String::from_utf8(body.to_vec()).ok().filter(|_| !secret),
    }
}

fn replayed(answer: KeptAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let (mut response, content_type) = match answer.body {
        Some(body) => ((status, body).into_response(), answer.content_type),
        None => {
            let detail = "This request was carried out before. Its answer was too large, or too secret, to be kept: \
                          read what it made.";
            ((status, Json(json!({ "detail": detail }))).into_response(), Some("application/json".to_owned()))
        }
    };
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    let kept = [(header::CONTENT_TYPE, content_type), (header::LOCATION, answer.location), (header::ETAG, answer.etag)];
    for (name, value) in kept {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
