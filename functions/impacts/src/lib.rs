//! `/api/plugins/notices/impact/`: which objects an event hits, and how hard.
//!
//! **Must not know**: the table, and the rules of impacts; both are `noticeboard-app`'s.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::get;
use noticeboard_app::{ImpactFilter, ImpactView};
use noticeboard_domain::Error;
use noticeboard_domain::ids::{EventId, ImpactId};
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::status::ImpactLevel;
use noticeboard_http::wire::impact::{impact, read as read_body};
use noticeboard_http::{Answer, Api, Body, Caller, Query, changed, created, deleted, precondition, read};

/// The routes of this function.
pub fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/api/plugins/notices/impact/", get(list).post(create))
        .route("/api/plugins/notices/impact/{id}/", get(read_one).put(replace).patch(change).delete(delete))
        .with_state(api)
}

/// A type by name, or by number where the parameter's name ends in `_id`.
fn content_type(query: &Query, name: &'static str, number: &'static str) -> Result<Option<ObjectType>, Error> {
    let unknown =
        |text: &str| Error::field(name, format!("Select a valid choice. {text} is not one of the available choices."));
    match (query.get(name), query.get(number)) {
        (Some(text), _) => ObjectType::parse(text).map(Some).ok_or_else(|| unknown(text)),
        (None, Some(text)) => {
            text.parse().ok().and_then(ObjectType::from_number).map(Some).ok_or_else(|| unknown(text))
        }
        (None, None) => Ok(None),
    }
}

async fn list(caller: Caller, query: Query) -> Answer {
    let page = query.page();
    let number = |text: &str| text.parse::<u64>().map_err(|_| "Enter a number.".to_owned());
    let filter = ImpactFilter {
        event_type: content_type(&query, "event_content_type", "event_content_type_id")?,
        event: query.parsed("event_object_id", str::parse::<EventId>)?.first().copied(),
        target_type: content_type(&query, "target_content_type", "target_content_type_id")?,
        target: query.parsed("target_object_id", number)?.first().copied(),
        levels: query.parsed("impact", ImpactLevel::parse)?,
    };
    let (impacts, count) = caller.app().impact_list(&filter, page.offset, page.limit).await?;
    let results = impacts.iter().map(|view| impact(caller.base(), view)).collect();
    Ok(axum::Json(query.list(caller.base(), page, count, results)).into_response())
}

fn version(view: &ImpactView) -> u64 {
    view.impact.revision.version
}

async fn create(caller: Caller, Body(body): Body) -> Answer {
    let (changes, message) = read_body(&body, None)?;
    let view = caller.app().impact_create(&caller.actor(&message), changes).await?;
    Ok(created(&impact(caller.base(), &view), version(&view)))
}

async fn read_one(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let view = caller.app().impact(found(&id)?).await?;
    Ok(read(&headers, &impact(caller.base(), &view), version(&view)))
}

async fn replace(caller: Caller, id: Path<String>, headers: HeaderMap, Body(body): Body) -> Answer {
    // Event and target are what a whole impact needs.
    let (changes, _) = read_body(&body, None)?;
    let missing = changes.missing();
    missing.into_result()?;
    change(caller, id, headers, Body(body)).await
}

async fn change(caller: Caller, Path(id): Path<String>, headers: HeaderMap, Body(body): Body) -> Answer {
    let id = found(&id)?;
    let present = caller.app().impact(id).await?;
    let (changes, message) = read_body(&body, Some(&present.impact))?;
    let actor = caller.actor(&message);
    let view = caller.app().impact_change(&actor, id, changes, precondition(&headers)?).await?;
    Ok(changed(&impact(caller.base(), &view), version(&view)))
}

async fn delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    caller.app().impact_delete(&caller.actor(""), found(&id)?, precondition(&headers)?).await?;
    Ok(deleted())
}

fn found(id: &str) -> Result<ImpactId, Error> {
    id.parse().map_err(|_| Error::NotFound { what: "Impact" })
}
