//! `/api/`, `/api/status/`, `/api/core/object-changes/` and `/api/users/tokens/`: what belongs to no resource.
//!
//! **Must not know**: the table.

mod tokens;

use std::sync::Arc;

use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use noticeboard_domain::Error;
use noticeboard_domain::ids::{ChangeId, ObjectId};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_http::wire::change::change;
use noticeboard_http::{Answer, Api, Caller, Query};
use serde_json::json;

/// The NetBox release whose API this one is like.
const NETBOX_VERSION: &str = "4.6.0";
/// The release of NetBox Notices whose API this one is like.
const NOTICES_VERSION: &str = "1.3.0";

/// The routes of this function.
pub fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/api/", get(root))
        .route("/api/status/", get(status))
        .route("/api/plugins/notices/", get(notices_root))
        .route("/api/core/object-changes/", get(change_list))
        .route("/api/core/object-changes/{id}/", get(change_read))
        .merge(tokens::router())
        .with_state(api)
}

async fn root(caller: Caller) -> Answer {
    let base = caller.base();
    let body = json!({
        "circuits": format!("{base}/api/circuits/"),
        "core": format!("{base}/api/core/"),
        "plugins": format!("{base}/api/plugins/"),
        "status": format!("{base}/api/status/"),
    });
    Ok(Json(body).into_response())
}

async fn notices_root(caller: Caller) -> Answer {
    let url = |path: &str| format!("{}/api/plugins/notices/{path}/", caller.base());
    let body = json!({
        "maintenance": url("maintenance"),
        "outage": url("outage"),
        "impact": url("impact"),
        "eventnotification": url("eventnotification"),
        "inbound-mail": url("inbound-mail"),
        "review": url("review"),
    });
    Ok(Json(body).into_response())
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

/// Changes, newest first; of one object where `changed_object_type` and `changed_object_id` name it. `next` carries on
/// where a page ends; like NetBox's cursor pages, they carry no count.
async fn change_list(caller: Caller, query: Query) -> Answer {
    let limit = query.limit();
    let kind = match query.get("changed_object_type") {
        Some(text) => Some(ObjectType::parse(text).ok_or_else(|| {
            let message = format!("Select a valid choice. {text} is not one of the available choices.");
            Error::field("changed_object_type", message)
        })?),
        None => None,
    };
    let id = query.parsed("changed_object_id", str::parse::<ObjectId>)?.first().copied();
    let object = match (kind, id) {
        (Some(kind), Some(id)) => Some(ObjectRef { kind, id }),
        (None, None) => None,
        (Some(_), None) => return Err(needs("changed_object_id", "changed_object_type")),
        (None, Some(_)) => return Err(needs("changed_object_type", "changed_object_id")),
    };
    let before = query.parsed("before", str::parse::<ChangeId>)?.first().copied();
    let changes = caller.app().change_list(object, before, limit).await?;
    let results: Vec<_> = changes.changes.iter().map(|found| change(caller.base(), found)).collect();
    let object = object.map(|object| format!("&changed_object_type={}&changed_object_id={}", object.kind, object.id));
    let object = object.unwrap_or_default();
    let path = format!("{}/api/core/object-changes/", caller.base());
    let next = changes.next.map(|next| format!("{path}?limit={}&before={next}{object}", limit));
    Ok(Json(json!({"count": null, "next": next, "previous": null, "results": results})).into_response())
}

fn needs(field: &'static str, other: &str) -> noticeboard_http::ApiError {
    Error::field(field, format!("Needed together with {other}.")).into()
}

async fn change_read(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: ChangeId = id.parse().map_err(|_| Error::NotFound { what: "ObjectChange" })?;
    Ok(Json(change(caller.base(), &caller.app().change(id).await?)).into_response())
}
