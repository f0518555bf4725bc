//! Answers with one object, and the conditional requests on it.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use noticeboard_domain::Error;
use serde_json::Value;

/// The validator of an answer: the object's version, which a change is conditional on, and a hash of the whole, which
/// also changes with what is shown of the object's neighbours.
fn etag(version: u64, body: &str) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("\"{version}.{:016x}\"", hasher.finish())
}

fn with_etag(mut response: Response, etag: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

fn json(status: StatusCode, body: &Value, version: u64) -> (Response, String) {
    let text = body.to_string();
    let tag = etag(version, &text);
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (with_etag((status, kind, text).into_response(), &tag), tag)
}

/// 200 with an object in a version; 304 when the caller's copy (`If-None-Match`) is the present one.
pub fn read(headers: &HeaderMap, body: &Value, version: u64) -> Response {
    let (response, tag) = json(StatusCode::OK, body, version);
    not_modified(headers, &tag).unwrap_or(response)
}

/// 200 with an object that was changed.
pub fn changed(body: &Value, version: u64) -> Response {
    json(StatusCode::OK, body, version).0
}

/// 201 with a new object; `Location` is its `url`.
pub fn created(body: &Value, version: u64) -> Response {
    let mut response = json(StatusCode::CREATED, body, version).0;
    let url = body.get("url").and_then(Value::as_str).unwrap_or_default();
    if let Ok(url) = HeaderValue::from_str(url) {
        response.headers_mut().insert(header::LOCATION, url);
    }
    response
}

/// 204.
pub fn deleted() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// 304 when the caller's copy (`If-None-Match`) is the present one.
pub fn not_modified(headers: &HeaderMap, etag: &str) -> Option<Response> {
    let asked = headers.get(header::IF_NONE_MATCH)?.to_str().ok()?;
    let same = asked.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == "*" || tag == etag);
    same.then(|| with_etag(StatusCode::NOT_MODIFIED.into_response(), etag))
}

/// The version that the caller's change is meant for (`If-Match`). What belongs to the object may have changed.
///
/// # Errors
/// [`Error::VersionMismatch`] for a validator that no version of ours has.
pub fn precondition(headers: &HeaderMap) -> Result<Option<u64>, Error> {
    let Some(asked) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    let asked = asked.to_str().unwrap_or_default().trim();
    if asked == "*" {
        return Ok(None);
    }
    let version = asked.trim_matches('"').split('.').next().and_then(|version| version.parse().ok());
    version.map(Some).ok_or(Error::VersionMismatch)
}
