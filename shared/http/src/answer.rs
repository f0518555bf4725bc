//! Answers with one object, and the conditional requests on it.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use noticeboard_domain::Error;
use serde_json::Value;

/// The validator of an object in a version; `children` tells apart what belongs to it.
pub fn etag(version: u64, children: u64) -> String {
    format!("\"{version}.{children}\"")
}

fn with_etag(mut response: Response, etag: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// 200 with an object.
pub fn object(body: Value, etag: &str) -> Response {
    with_etag(Json(body).into_response(), etag)
}

/// 201 with a new object; `Location` is its `url`.
pub fn created(body: Value, etag: &str) -> Response {
    let url = body.get("url").and_then(Value::as_str).unwrap_or_default().to_owned();
    let response = (StatusCode::CREATED, [(header::LOCATION, url)], Json(body)).into_response();
    with_etag(response, etag)
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
