//! The calendar feed, under its documented and its real address.
//!
//! **Must not know**: the table, and how a calendar is written.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::Duration;
use noticeboard_app::EventView;
use noticeboard_calendar::{Entry, feed};
use noticeboard_domain::event::EventDetail;
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus};
use noticeboard_domain::token::Scope;
use noticeboard_http::wire::url;
use noticeboard_http::{Api, ApiError, Context, Credentials, Query};
use sha2::{Digest, Sha256};

/// How far back the feed goes when the caller does not say, in days.
const DEFAULT_PAST_DAYS: i64 = 30;
/// How far back it goes at most, in days.
const MAX_PAST_DAYS: i64 = 365;
/// How long a copy may be kept, in seconds.
const MAX_AGE: u32 = 900;

/// The routes of this function.
pub fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/plugins/notices/ical/maintenances.ics", get(calendar))
        .route("/api/plugins/notices/ical/", get(calendar))
        .with_state(api)
}

async fn calendar(State(_): State<Arc<Api>>, context: Context, query: Query, headers: HeaderMap) -> Response {
    match answer(&context, &query, &headers).await {
        Ok(response) => response,
        // Calendar programs show plain text, and the contract has it.
        Err(ApiError::Unauthenticated(_)) => (StatusCode::FORBIDDEN, "Authentication required").into_response(),
        Err(ApiError::Domain(noticeboard_domain::Error::Denied(_))) => {
            (StatusCode::FORBIDDEN, "Permission denied").into_response()
        }
        Err(error) => error.into_response(),
    }
}

async fn answer(context: &Context, query: &Query, headers: &HeaderMap) -> Result<Response, ApiError> {
    let token = query.get("token").map(str::to_owned).or_else(|| Credentials::of(headers).0);
    context.authenticate(token.as_deref(), Scope::Feed).await?;
    let app = &context.api.app;
    // `days_past` is the name that the documentation has, `past_days` the one that works.
    let days = query.get("past_days").or_else(|| query.get("days_past")).and_then(|days| days.parse().ok());
    let days = days.filter(|days| (0..=MAX_PAST_DAYS).contains(days)).unwrap_or(DEFAULT_PAST_DAYS);
    let provider = match provider(context, query).await? {
        Ok(provider) => provider,
        Err(message) => return Ok((StatusCode::BAD_REQUEST, message).into_response()),
    };
    let views = app.event_calendar(app.now() - Duration::days(days), &statuses(query)).await?;
    let shown = views.iter().filter(|view| provider.is_none_or(|id| id == view.stored.event.provider.get()));
    let entries: Vec<Entry> = shown.filter_map(|view| entry(&context.base, view)).collect();
    let body = feed(&entries);
    let etag = format!("\"{}\"", hex(&Sha256::digest(body.as_bytes())[..16]));
    if matches!(query.get("download"), Some("true" | "1" | "yes")) {
        let date = app.now().format("%Y-%m-%d");
        let name = format!("attachment; filename=\"netbox-maintenance-{date}.ics\"");
        let headers = [(header::CONTENT_TYPE, CONTENT_TYPE.to_owned()), (header::CONTENT_DISPOSITION, name)];
        return Ok((headers, body).into_response());
    }
    let caching = [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, format!("public, max-age={MAX_AGE}"))];
    if noticeboard_http::not_modified(headers, &etag).is_some() {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    Ok((caching, [(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response())
}

const CONTENT_TYPE: &str = "text/calendar; charset=utf-8";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The provider whose maintenances are asked for (behaviours 32): a slug, or an id under either name.
async fn provider(context: &Context, query: &Query) -> Result<Result<Option<u64>, String>, ApiError> {
    if let Some(slug) = query.get("provider") {
        if let Some(found) = context.api.app.provider_named(Some(slug), None).await? {
            return Ok(Ok(Some(found.id.get())));
        }
        // The documentation says that `provider` is an id.
        return Ok(slug.parse().map(Some).map_err(|_| format!("Provider not found: {slug}")));
    }
    let id = query.get("provider_id");
    Ok(id.map(|id| id.parse().map_err(|_| format!("Invalid provider_id: {id}"))).transpose())
}

/// The statuses that are asked for; all when none of them is known.
fn statuses(query: &Query) -> Vec<MaintenanceStatus> {
    let asked = query.all("status").flat_map(|list| list.split(',')).map(|status| status.trim().to_ascii_uppercase());
    let known: Vec<MaintenanceStatus> = asked.filter_map(|status| MaintenanceStatus::parse(&status).ok()).collect();
    if known.is_empty() { MaintenanceStatus::ALL.to_vec() } else { known }
}

fn entry(base: &str, view: &EventView) -> Option<Entry> {
    let event = &view.stored.event;
    let EventDetail::Maintenance(maintenance) = &event.detail else {
        return None;
    };
    let impacts = view.impacts.iter().flatten().map(|(impact, target)| {
        let name = target.display.clone().unwrap_or_else(|| impact.target.to_string());
        (name, impact.impact.map(ImpactLevel::as_str))
    });
    Some(Entry {
        id: event.id.get(),
        name: event.name.as_str().to_owned(),
        summary: event.summary.as_str().to_owned(),
        status: maintenance.status,
        provider: view.provider.as_ref().map(|provider| provider.name.as_str().to_owned()).unwrap_or_default(),
        start: event.start,
        end: maintenance.end,
        internal_ticket: event.internal_ticket.clone(),
        comments: event.comments.clone(),
        impacts: impacts.collect(),
        url: url(base, ObjectType::Maintenance, event.id.get())?,
        created: event.revision.created,
        last_updated: event.revision.last_updated,
        sequence: event.revision.version - 1 + view.stored.children,
    })
}
