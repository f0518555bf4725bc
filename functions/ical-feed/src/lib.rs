//! The calendar feed, under its documented and its real address, and single events as files.
//!
//! **Must not know**: the table, and how a calendar is written.

mod asked;
mod entry;
mod kept;
mod validator;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use noticeboard_app::Feed;
use noticeboard_calendar::{feed, publication};
use noticeboard_domain::event::EventKind;
use noticeboard_domain::ids::EventId;
use noticeboard_domain::token::Scope;
use noticeboard_domain::{Error, FieldErrors};
use noticeboard_http::{
    Answer, Api, ApiError, Context, Credentials, MAX_ANSWER_BYTES, Query, bytes_on_lambda, not_modified,
};
use sha2::{Digest, Sha256};

use asked::{Address, Asked, Invalid};
use kept::{Kept, Rendering};
use validator::{Validator, hex, since, tags};

/// How long a copy may be kept, in seconds. Each copy may have a token in its address, so nobody else may keep it.
const CACHING: &str = "private, max-age=900";
/// Largest calendar, in bytes as Lambda sends them.
const MAX_FEED_BYTES: usize = MAX_ANSWER_BYTES;

const CONTENT_TYPE: &str = "text/calendar; charset=utf-8";

/// The routes of this function.
pub fn router(api: Arc<Api>) -> Router {
    let kept = Arc::new(Kept::default());
    let calendar = |address: Address| {
        let kept = Arc::clone(&kept);
        get(move |State(_): State<Arc<Api>>, context: Context, query: Query, headers: HeaderMap| async move {
            calendar(address, &kept, &context, &query, &headers).await
        })
    };
    let mut router = Router::new()
        .route("/plugins/notices/ical/maintenances.ics", calendar(Address::Peer))
        .route("/api/plugins/notices/ical/", calendar(Address::Documented));
    for kind in EventKind::ALL {
        let path = format!("/api/plugins/notices/{}/{{id}}/ical/", kind.as_str());
        router = router.route(&path, get(move |context, id, query, headers| single(kind, context, id, query, headers)));
    }
    router.with_state(api)
}

async fn calendar(address: Address, kept: &Kept, context: &Context, query: &Query, headers: &HeaderMap) -> Response {
    if let Some(refused) = refused(context, query, headers).await {
        return refused;
    }
    match answer(address, kept, context, query, headers).await {
        Ok(response) => response,
        Err(ApiError::Domain(Error::Invalid(errors))) => (StatusCode::BAD_REQUEST, told(&errors)).into_response(),
        Err(error) => error.into_response(),
    }
}

/// What is wrong with a query, as text.
fn told(errors: &FieldErrors) -> String {
    let lines = errors.iter().map(|(field, messages)| {
        let messages = messages.join(" ");
        let alone = *field == FieldErrors::ALL || *field == "provider";
        if alone { messages } else { format!("Invalid {field}: {messages}") }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The answer to someone who may not read the calendar: in plain text, which calendar programs show (behaviours 29).
async fn refused(context: &Context, query: &Query, headers: &HeaderMap) -> Option<Response> {
    let token = query.get("token").map(str::to_owned).or_else(|| Credentials::of(headers).0);
    match context.authenticate(token.as_deref(), Scope::Feed).await {
        Ok(_) => None,
        Err(ApiError::Unauthenticated(_)) => Some((StatusCode::FORBIDDEN, "Authentication required").into_response()),
        Err(ApiError::Domain(Error::Denied(_))) => Some((StatusCode::FORBIDDEN, "Permission denied").into_response()),
        Err(error) => Some(error.into_response()),
    }
}

async fn answer(
    address: Address,
    kept: &Kept,
    context: &Context,
    query: &Query,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let asked = match Asked::read(address, query) {
        Ok(asked) => asked,
        Err(Invalid::Text(message)) => return Ok((StatusCode::BAD_REQUEST, message).into_response()),
        Err(Invalid::Filter(error)) => return Err(error),
    };
    let app = &context.api.app;
    let stamps = app.feed_stamps().await?;
    let question = asked.question(&context.base);
    let conditional = !asked.download;
    let listed = conditional.then(|| tags(headers)).flatten();
    if let Some(listed) = &listed {
        // The validator says itself until when it is right: nothing else has to be read or known.
        let known = listed.iter().filter_map(|tag| Validator::read(tag));
        if let Some(validator) = known.into_iter().find(|known| known.holds(&question, &stamps, app.now())) {
            return Ok(unchanged(&validator));
        }
    }
    let rendering = match kept.get(&question, &stamps, app.now()) {
        Some(rendering) => rendering,
        None => {
            let read = app.feed(&asked.query, stamps).await?;
            match render(&context.base, &asked, &question, read) {
                Ok(rendering) => kept.put(question, rendering),
                Err(message) => return Ok((StatusCode::BAD_REQUEST, message).into_response()),
            }
        }
    };
    let is_current = match &listed {
        // A list of validators is the only thing that counts (RFC 9110 section 13.2.2).
        Some(listed) => listed.iter().any(|tag| tag == "*"),
        None => conditional && since(headers).is_some_and(|since| rendering.is_unchanged_since(since)),
    };
    if is_current {
        return Ok(unchanged(&rendering.validator));
    }
    let body = rendering.body.clone();
    if asked.download {
        let name = format!("attachment; filename=\"netbox-maintenance-{}.ics\"", app.now().format("%Y-%m-%d"));
        return Ok(([(header::CONTENT_TYPE, CONTENT_TYPE.to_owned()), (header::CONTENT_DISPOSITION, name)], body)
            .into_response());
    }
    Ok((caching(&rendering.validator), [(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response())
}

fn caching(validator: &Validator) -> [(HeaderName, String); 3] {
    [
        (header::ETAG, validator.tag()),
        (header::LAST_MODIFIED, validator.last_modified()),
        (header::CACHE_CONTROL, CACHING.to_owned()),
    ]
}

fn unchanged(validator: &Validator) -> Response {
    (StatusCode::NOT_MODIFIED, caching(validator)).into_response()
}

/// A calendar as it is sent; or what to do where it is too large for that.
fn render(base: &str, asked: &Asked, question: &str, read: Feed) -> Result<Rendering, String> {
    let entries = read.events.iter().filter_map(|event| entry::entry(base, event, &read.names, read.now));
    let body = feed(entries, &asked.look);
    let bytes = bytes_on_lambda(&body);
    if bytes > MAX_FEED_BYTES {
        return Err(format!(
            "This calendar has {} entries in {bytes} bytes; {MAX_FEED_BYTES} bytes are the most (MAX_FEED_BYTES). It is \
             not cut: ask for less with past_days, days_future, kind, provider, status, site, object, tag, min_impact or \
             acknowledged.",
            read.events.len(),
        ));
    }
    let validator = Validator::new(question, &read.stamps, read.changed, read.next);
    Ok(Rendering::new(Bytes::from(body), validator, read.stamps))
}

/// One event as a file: a MAINTNOTE to keep or to attach.
async fn single(kind: EventKind, context: Context, Path(id): Path<String>, query: Query, headers: HeaderMap) -> Answer {
    if let Some(refused) = refused(&context, &query, &headers).await {
        return Ok(refused);
    }
    let look = Asked::look(&query).map_err(|invalid| match invalid {
        Invalid::Text(message) => ApiError::Domain(Error::field(FieldErrors::ALL, message)),
        Invalid::Filter(error) => error,
    })?;
    let app = &context.api.app;
    let what = match kind {
        EventKind::Maintenance => "Maintenance",
        EventKind::Outage => "Outage",
    };
    let id: EventId = id.parse().map_err(|_| Error::NotFound { what })?;
    let (event, names) = app.feed_event(kind, id).await?;
    let entry = entry::entry(&context.base, &event, &names, app.now()).ok_or(Error::NotFound { what })?;
    let body = publication(&entry, &look);
    let tag = format!("\"{}\"", hex(&Sha256::digest(body.as_bytes())[..16]));
    let caching = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    if not_modified(&headers, &tag).is_some() {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let name = format!("attachment; filename=\"{}-{id}.ics\"", kind.as_str());
    let about =
        [(header::CONTENT_TYPE, format!("{CONTENT_TYPE}; method=PUBLISH")), (header::CONTENT_DISPOSITION, name)];
    Ok((caching, about, body).into_response())
}
