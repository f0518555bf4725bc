//! Answers with objects, and the conditional requests on them.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use noticeboard_domain::Error;
use noticeboard_domain::change::Expected;
use serde::Serialize;

use crate::error::ApiError;
use crate::query::{Shape, Shown, Wire};

/// The most bytes of an answer, as [`bytes_on_lambda`] counts: Lambda's 6 MiB, less what its status and headers may take.
pub const MAX_ANSWER_BYTES: usize = 6 * 1024 * 1024 - 64 * 1024;

/// How many bytes a text takes of an answer of Lambda, which is JSON with the text as a string in it.
pub fn bytes_on_lambda(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'\r' | b'\n' | b'\t' | b'"' | b'\\' => 1,
        // Of JSON's own there are none; a calendar or a page may have some.
        0..b' ' => 5,
        _ => 0,
    };
    text.len() + text.bytes().map(escaped).sum::<usize>()
}

/// An object to be answered with.
#[derive(Debug)]
pub struct Object<T> {
    /// How it looks.
    pub body: T,
    /// Its address.
    pub url: String,
    /// Its version.
    pub version: u64,
}

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

/// JSON text of a body.
fn text(body: &impl Serialize) -> Result<String, ApiError> {
    serde_json::to_string(body).map_err(|error| Error::internal(error).into())
}

/// An answer with any body.
///
/// # Errors
/// 500 when the body cannot be written, which no body of ours is.
pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Response, ApiError> {
    Ok((status, [(header::CONTENT_TYPE, "application/json")], text(body)?).into_response())
}

fn object<T: Wire>(status: StatusCode, object: &Object<T>, shape: &Shape) -> Result<(Response, String), ApiError> {
    let text = text(&Shown { object: &object.body, shape })?;
    let tag = etag(object.version, &text);
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((with_etag((status, kind, text).into_response(), &tag), tag))
}

/// 200 with an object; 304 when the caller's copy (`If-None-Match`) is the present one.
///
/// # Errors
/// As [`json`].
pub fn read<T: Wire>(headers: &HeaderMap, body: &Object<T>, shape: &Shape) -> Result<Response, ApiError> {
    let (response, tag) = object(StatusCode::OK, body, shape)?;
    Ok(not_modified(headers, &tag).unwrap_or(response))
}

/// 200 with an object that was changed.
///
/// # Errors
/// As [`json`].
pub fn changed<T: Wire>(body: &Object<T>, shape: &Shape) -> Result<Response, ApiError> {
    Ok(object(StatusCode::OK, body, shape)?.0)
}

/// 201 with a new object and its `Location`.
///
/// # Errors
/// As [`json`].
pub fn created<T: Wire>(body: &Object<T>, shape: &Shape) -> Result<Response, ApiError> {
    let mut response = object(StatusCode::CREATED, body, shape)?.0;
    if let Ok(url) = HeaderValue::from_str(&body.url) {
        response.headers_mut().insert(header::LOCATION, url);
    }
    Ok(response)
}

/// 204.
pub fn deleted() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// The validators that a header lists (RFC 9110 section 13.1).
fn validators(value: &HeaderValue) -> impl Iterator<Item = &str> {
    value.to_str().unwrap_or_default().split(',').map(|tag| tag.trim().trim_start_matches("W/"))
}

/// 304 when the caller's copy (`If-None-Match`) is the present one.
pub fn not_modified(headers: &HeaderMap, etag: &str) -> Option<Response> {
    let same = validators(headers.get(header::IF_NONE_MATCH)?).any(|tag| tag == "*" || tag == etag);
    same.then(|| with_etag(StatusCode::NOT_MODIFIED.into_response(), etag))
}

/// The version that the caller's change is meant for (`If-Match`). What belongs to the object may have changed.
///
/// # Errors
/// [`Error::VersionMismatch`] for validators that no version of ours has.
pub fn precondition(headers: &HeaderMap) -> Result<Expected, Error> {
    let Some(asked) = headers.get(header::IF_MATCH) else {
        return Ok(Expected::default());
    };
    if validators(asked).any(|tag| tag == "*") {
        return Ok(Expected::default());
    }
    let version = |tag: &str| tag.strip_prefix('"')?.split('.').next()?.parse().ok();
    let versions: Vec<u64> = validators(asked).filter_map(version).collect();
    if versions.is_empty() { Err(Error::VersionMismatch) } else { Ok(Expected::one_of(versions)) }
}
