//! What every HTTP function shares.
//!
//! **For**: authentication, errors, bodies, paging, headers, and the wire shapes of NetBox Notices.
//!
//! **Must not know**: the table, Lambda, and what a use case does. A function's router extracts with what is here,
//! calls one use case of `noticeboard-app`, and answers with a shape of [`wire`].

mod answer;
pub mod bulk;
mod context;
mod error;
mod idempotency;
mod input;
pub mod openapi;
mod query;
mod roots;
pub mod wire;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRequestParts, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use noticeboard_app::App;
use serde_json::json;

pub use answer::{
    MAX_ANSWER_BYTES, Object, bytes_on_lambda, changed, created, deleted, json, not_modified, precondition, read,
};
pub use context::{Caller, Context, Credentials, Peer};
pub use error::ApiError;
pub use input::{Body, Fields, Note, Payload, object};
pub use query::{MAX_LIMIT, Query, Shape, Shown, Wire};
pub use roots::roots;

/// The version of NetBox's API that clients are told; 4.6 has cursor paging.
const API_VERSION: &str = "4.6";

/// Largest JSON body, in bytes. (Lambda takes 6 MB, mail that is handed in included.)
pub const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// The answer of every handler.
pub type Answer = std::result::Result<Response, ApiError>;

/// What the handlers of all functions work with.
#[derive(Debug)]
pub struct Api {
    /// The use cases.
    pub app: Arc<App>,
    /// The public address (`NOTICEBOARD_BASE_URL`), where it cannot be taken from the request.
    pub base_url: Option<String>,
}

/// The request's id, as the answer names it.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// Puts around a function's routes what every answer has: request id, API version, limits, idempotency keys, and the
/// answers for paths and methods that do not exist.
pub fn finish(api: Arc<Api>, router: Router) -> Router {
    let asked = Arc::clone(&api);
    let routes = router
        .fallback(not_found)
        .method_not_allowed_fallback(move |request: Request| other_method(asked, request))
        .layer(middleware::from_fn_with_state(api, idempotency::layer))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    // axum writes `Allow` outside of a router's own layers.
    Router::new().fallback_service(routes).layer(middleware::from_fn(every_answer))
}

/// The answers of a function that cannot start: each is 503, with what every answer has.
pub fn not_set_up() -> Router {
    let answer = || async { ApiError::from(noticeboard_domain::Error::NotSetUp) };
    Router::new().fallback(answer).layer(middleware::from_fn(every_answer))
}

/// Whether a path is text once it is decoded: no other names anything.
fn is_text(path: &str) -> bool {
    let (mut bytes, mut rest) = (Vec::with_capacity(path.len()), path.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    std::str::from_utf8(&bytes).is_ok()
}

async fn every_answer(mut request: Request, next: Next) -> Response {
    let id = uuid::Uuid::new_v4().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = if is_text(&path) { next.run(request).await } else { not_found(request).await };
    let status = response.status();
    // Never the query: it can carry a token.
    tracing::debug!(request_id = id, %method, path, status = status.as_u16(), "answered");
    if let Some(error) = response.extensions().get::<error::Logged>()
        && status.is_server_error()
    {
        tracing::error!(request_id = id, %method, path, detail = error.0, "request failed");
    }
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("api-version"), HeaderValue::from_static(API_VERSION));
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    if let Some(methods) = headers.get(header::ALLOW).and_then(|methods| methods.to_str().ok())
        && let Ok(methods) = HeaderValue::from_str(&format!("{methods},OPTIONS"))
    {
        headers.insert(header::ALLOW, methods);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A path without its trailing slash is redirected when it is read, as NetBox does (behaviours L13).
async fn not_found(request: Request) -> Response {
    let uri = request.uri();
    let read = matches!(*request.method(), Method::GET | Method::HEAD);
    if read && !uri.path().ends_with('/') && uri.path().starts_with("/api") {
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("{}/{query}", uri.path());
        return (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, target)]).into_response();
    }
    (StatusCode::NOT_FOUND, Json(json!({"detail": "Not found."}))).into_response()
}

/// The answer for a method that a path does not take: none does `OPTIONS`, because this answers it for all. axum adds
/// the header `Allow`.
async fn other_method(api: Arc<Api>, request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        return metadata(&api, request).await.into_response();
    }
    let detail = format!("Method \"{}\" not allowed.", request.method());
    (StatusCode::METHOD_NOT_ALLOWED, Json(json!({ "detail": detail }))).into_response()
}

/// What NetBox says of a path on `OPTIONS`, to those who may read.
async fn metadata(api: &Arc<Api>, request: Request) -> Answer {
    let (mut parts, _) = request.into_parts();
    Caller::from_request_parts(&mut parts, api).await?;
    // The last part that is a word is what is there: `/api/extras/journal-entries/7/` has a journal entry.
    let mut words = parts.uri.path().split('/').filter(|part| part.contains(|c: char| c.is_ascii_alphabetic()));
    let title = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    let name: Vec<String> = words.next_back().unwrap_or_default().split('-').map(title).collect();
    let kinds = ["application/json"];
    let mut body = json!({"name": name.join(" "), "description": "", "renders": kinds, "parses": kinds});
    let choices = openapi::choices(parts.uri.path());
    if !choices.is_empty() {
        body["actions"] = json!({"POST": choices});
    }
    Ok(Json(body).into_response())
}
