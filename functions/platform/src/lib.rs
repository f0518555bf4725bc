//! What belongs to no resource of its own function: the addresses that list others, the status, jobs, object types and
//! object changes, tags and journal entries, tokens.
//!
//! **Must not know**: the table.

mod jobs;
mod journal_entries;
mod object_types;
mod tags;
mod tokens;

use std::sync::Arc;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use noticeboard_domain::Error;
use noticeboard_domain::ids::ChangeId;
use noticeboard_http::wire::change::{FILTERS, RENAMED, SEARCHED, change};
use noticeboard_http::{Answer, Api, Caller, Query, Shown, json, openapi, roots};
use serde_json::json;

/// The NetBox release whose API this one is like.
const NETBOX_VERSION: &str = "4.6.0";
/// The release of NetBox Notices whose API this one is like.
const NOTICES_VERSION: &str = "1.3.0";

/// The addresses that list what is below them; those of the inventory are its own function's.
const ROOTS: [&str; 7] = [
    "/api/",
    "/api/core/",
    "/api/extras/",
    "/api/plugins/",
    "/api/plugins/maintenance/",
    "/api/plugins/notices/",
    "/api/users/",
];

/// The routes of this function.
pub fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/api/status/", get(status))
        .route("/api/core/object-changes/", get(change_list))
        .route("/api/core/object-changes/{id}/", get(change_read))
        .route("/api/schema/", get(schema))
        .route("/api/docs/", get(docs))
        .merge(roots(&ROOTS))
        .merge(jobs::router())
        .merge(object_types::router())
        .merge(tags::router())
        .merge(journal_entries::router())
        .merge(tokens::router())
        .with_state(api)
}

/// The description of the API. It says nothing about anyone, and clients fetch it without a token.
async fn schema(headers: HeaderMap) -> Response {
    openapi::SCHEMA.answer(&headers)
}

/// The same, as a page.
async fn docs(headers: HeaderMap) -> Response {
    let policy = HeaderValue::from_static(openapi::CONTENT_SECURITY_POLICY);
    ([(header::CONTENT_SECURITY_POLICY, policy)], openapi::PAGE.answer(&headers)).into_response()
}

async fn status(_: Caller) -> Answer {
    let body = json!({
        "django-version": null,
        "installed-apps": {},
        "netbox-version": NETBOX_VERSION,
        "netbox-full-version": NETBOX_VERSION,
        "noticeboard-version": env!("CARGO_PKG_VERSION"),
        "plugins": {"notices": NOTICES_VERSION},
        "python-version": null,
        "rq-workers-running": 0,
    });
    Ok(Json(body).into_response())
}

/// Changes, newest first.
async fn change_list(caller: Caller, query: Query) -> Answer {
    let known = query.renamed(RENAMED);
    let (listing, shape) = (known.listing(FILTERS, SEARCHED)?, query.shape());
    let page = listing.page;
    let list = caller.app().change_list(listing).await?;
    let list = list.map(|found| Shown { object: change(caller.base(), found), shape: &shape });
    query.answer(caller.base(), page, list)
}

async fn change_read(caller: Caller, Path(id): Path<String>, query: Query) -> Answer {
    let id: ChangeId = id.parse().map_err(|_| Error::NotFound { what: "ObjectChange" })?;
    let found = caller.app().change(id).await?;
    json(StatusCode::OK, &Shown { object: change(caller.base(), found), shape: &query.shape() })
}
