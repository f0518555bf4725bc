//! `/api/plugins/maintenance/…`: the paths of netbox-circuitmaintenance, the predecessor of NetBox Notices, over the
//! same use cases as everything else. Programs written for it find their own paths, field names and `url`s.
//!
//! A maintenance here is no outage, and an impact is one on a circuit: others are not found.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::routing::{MethodRouter, get};
use noticeboard_app::{Children, ImpactView, NotificationView};
use noticeboard_domain::Error;
use noticeboard_domain::event::EventKind;
use noticeboard_domain::ids::{EventId, EventNotificationId, ImpactId};
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::time::OriginalTimezone;
use noticeboard_http::wire::predecessor as wire;
use noticeboard_http::wire::{event, impact, notification};
use noticeboard_http::{
    Answer, Api, ApiError, Body, Caller, Note, Query, Shown, changed, created, deleted, precondition, read,
};

const KIND: EventKind = EventKind::Maintenance;
const NO_MAINTENANCE: Error = Error::NotFound { what: "CircuitMaintenance" };
const NO_IMPACT: Error = Error::NotFound { what: "CircuitMaintenanceImpact" };
const NO_NOTIFICATION: Error = Error::NotFound { what: "CircuitMaintenanceNotifications" };

pub(crate) fn router() -> Router<Arc<Api>> {
    let one = |path: &str| format!("{path}{{id}}/");
    Router::new()
        .route(wire::MAINTENANCE_PATH, get(maintenance_list).post(maintenance_create))
        .route(&one(wire::MAINTENANCE_PATH), maintenance_resource())
        .route(wire::IMPACT_PATH, get(impact_list).post(impact_create))
        .route(&one(wire::IMPACT_PATH), impact_resource())
        .route(wire::NOTIFICATION_PATH, get(notification_list).post(notification_create))
        .route(&one(wire::NOTIFICATION_PATH), notification_resource())
}

fn maintenance_resource() -> MethodRouter<Arc<Api>> {
    get(maintenance_read)
        .put(|caller, id, query, headers, body| maintenance_change(true, caller, id, query, headers, body))
        .patch(|caller, id, query, headers, body| maintenance_change(false, caller, id, query, headers, body))
        .delete(maintenance_delete)
}

fn impact_resource() -> MethodRouter<Arc<Api>> {
    get(impact_read)
        .put(|caller, id, query, headers, body| impact_change(true, caller, id, query, headers, body))
        .patch(|caller, id, query, headers, body| impact_change(false, caller, id, query, headers, body))
        .delete(impact_delete)
}

fn notification_resource() -> MethodRouter<Arc<Api>> {
    get(notification_read)
        .put(|caller, id, query, headers, body| notification_change(true, caller, id, query, headers, body))
        .patch(|caller, id, query, headers, body| notification_change(false, caller, id, query, headers, body))
        .delete(notification_delete)
}

/// An error in the predecessor's own words: the kind of object is called otherwise there.
fn named(error: Error, missing: Error) -> Error {
    if matches!(error, Error::NotFound { .. }) { missing } else { error }
}

// ---------------------------------------------------------------- maintenances

fn maintenance_id(id: &str) -> Result<EventId, Error> {
    id.parse().map_err(|_| NO_MAINTENANCE)
}

/// The filter on the provider, by id or by slug, as one by id.
async fn with_provider_ids(caller: &Caller, query: &Query) -> Result<Query, ApiError> {
    let mut known = query.renamed(wire::MAINTENANCE_RENAMED);
    for provider in query.all("provider").filter(|provider| !provider.is_empty()) {
        let id = match provider.bytes().all(|b| b.is_ascii_digit()) {
            true => provider.to_owned(),
            false => {
                let found = caller.app().provider_named(Some(provider), None).await?;
                let message = || format!("Select a valid choice. {provider} is not one of the available choices.");
                found.ok_or_else(|| Error::field("provider", message()))?.id.to_string()
            }
        };
        known = known.with("provider_id", id);
    }
    Ok(known)
}

async fn maintenance_list(caller: Caller, query: Query) -> Answer {
    let told = |error: ApiError| query.in_its_words(wire::MAINTENANCE_TOLD, error);
    let renamed = with_provider_ids(&caller, &query).await?;
    let listing = renamed.listing(event::MAINTENANCE_FILTERS, event::SEARCHED).map_err(told)?;
    let (page, shape) = (listing.page, query.shape());
    let list = caller.app().event_list(KIND, listing, Children::default()).await.map_err(|error| told(error.into()))?;
    let list = list.map(|view| Shown { object: wire::maintenance(caller.base(), view).body, shape: &shape });
    query.answer(caller.base(), page, list)
}

async fn maintenance_create(caller: Caller, query: Query, Body(body): Body) -> Answer {
    let mut input = wire::read_maintenance(&body, true);
    // Its model says UTC where a client says nothing.
    input.changes.original_timezone.get_or_insert_with(OriginalTimezone::utc);
    let made = caller.app().event_create(&caller.actor(""), KIND, input).await;
    created(&wire::maintenance(caller.base(), made.map_err(wire::maintenance_error)?), &query.shape())
}

async fn maintenance_read(caller: Caller, Path(id): Path<String>, query: Query, headers: HeaderMap) -> Answer {
    let view = caller.app().event(KIND, maintenance_id(&id)?).await.map_err(|error| named(error, NO_MAINTENANCE))?;
    read(&headers, &wire::maintenance(caller.base(), view), &query.shape())
}

async fn maintenance_change(
    whole: bool,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    let input = wire::read_maintenance(&body, whole);
    let (actor, id) = (caller.actor(""), maintenance_id(&id)?);
    let done = caller.app().event_change(&actor, KIND, id, input, &precondition(&headers)?).await;
    let done = done.map_err(|error| wire::maintenance_error(named(error, NO_MAINTENANCE)))?;
    changed(&wire::maintenance(caller.base(), done), &query.shape())
}

async fn maintenance_delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap, Note(note): Note) -> Answer {
    let (actor, id) = (caller.actor(&note), maintenance_id(&id)?);
    let done = caller.app().event_delete(&actor, KIND, id, &precondition(&headers)?).await;
    done.map_err(|error| named(error, NO_MAINTENANCE))?;
    Ok(deleted())
}

// ---------------------------------------------------------------- impacts

/// The impact, where it is one of a maintenance on a circuit.
async fn found_impact(caller: &Caller, id: &str) -> Result<ImpactView, Error> {
    let id: ImpactId = id.parse().map_err(|_| NO_IMPACT)?;
    let view = caller.app().impact(id).await.map_err(|error| named(error, NO_IMPACT))?;
    let shown = view.impact.event.kind == KIND && view.impact.target.kind == ObjectType::Circuit;
    if shown { Ok(view) } else { Err(NO_IMPACT) }
}

async fn impact_list(caller: Caller, query: Query) -> Answer {
    let renamed = query.renamed(wire::RENAMED).with("event_content_type", KIND.object_type().as_str());
    let renamed = renamed.with("target_content_type", ObjectType::Circuit.as_str());
    let told = |error: ApiError| query.in_its_words(wire::RENAMED, error);
    let listing = renamed.listing(impact::FILTERS, impact::SEARCHED).map_err(told)?;
    let (page, shape) = (listing.page, query.shape());
    let list = caller.app().impact_list(listing).await.map_err(|error| told(error.into()))?;
    let list = list.map(|view| Shown { object: wire::impact(caller.base(), view).body, shape: &shape });
    query.answer(caller.base(), page, list)
}

async fn impact_create(caller: Caller, query: Query, Body(body): Body) -> Answer {
    let input = wire::read_impact(&body, true);
    let made = caller.app().impact_create(&caller.actor(""), input).await.map_err(wire::impact_error)?;
    created(&wire::impact(caller.base(), made), &query.shape())
}

async fn impact_read(caller: Caller, Path(id): Path<String>, query: Query, headers: HeaderMap) -> Answer {
    read(&headers, &wire::impact(caller.base(), found_impact(&caller, &id).await?), &query.shape())
}

async fn impact_change(
    whole: bool,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    let input = wire::read_impact(&body, whole);
    let (actor, id) = (caller.actor(""), found_impact(&caller, &id).await?.impact.id);
    let done = caller.app().impact_change(&actor, id, input, &precondition(&headers)?).await;
    let done = done.map_err(|error| wire::impact_error(named(error, NO_IMPACT)))?;
    changed(&wire::impact(caller.base(), done), &query.shape())
}

async fn impact_delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap, Note(note): Note) -> Answer {
    let (actor, id) = (caller.actor(&note), found_impact(&caller, &id).await?.impact.id);
    let done = caller.app().impact_delete(&actor, id, &precondition(&headers)?).await;
    done.map_err(|error| named(error, NO_IMPACT))?;
    Ok(deleted())
}

// ---------------------------------------------------------------- received mails

/// The received mail, where it is one about a maintenance.
async fn found_notification(caller: &Caller, id: &str) -> Result<NotificationView, Error> {
    let id: EventNotificationId = id.parse().map_err(|_| NO_NOTIFICATION)?;
    let view = caller.app().notification(id).await.map_err(|error| named(error, NO_NOTIFICATION))?;
    if view.notification.event.kind == KIND { Ok(view) } else { Err(NO_NOTIFICATION) }
}

async fn notification_list(caller: Caller, query: Query) -> Answer {
    let renamed = query.renamed(wire::RENAMED).with("event_content_type", KIND.object_type().as_str());
    let told = |error: ApiError| query.in_its_words(wire::RENAMED, error);
    let listing = renamed.listing(wire::NOTIFICATION_FILTERS, notification::SEARCHED).map_err(told)?;
    let (page, shape) = (listing.page, query.shape());
    let list = caller.app().notification_list(listing).await.map_err(|error| told(error.into()))?;
    let list = list.map(|view| Shown { object: wire::notification(caller.base(), view).body, shape: &shape });
    query.answer(caller.base(), page, list)
}

async fn notification_create(caller: Caller, query: Query, Body(body): Body) -> Answer {
    let input = wire::read_notification(&body, true);
    let made = caller.app().notification_create(&caller.actor(""), input).await;
    created(&wire::notification(caller.base(), made.map_err(wire::notification_error)?), &query.shape())
}

async fn notification_read(caller: Caller, Path(id): Path<String>, query: Query, headers: HeaderMap) -> Answer {
    read(&headers, &wire::notification(caller.base(), found_notification(&caller, &id).await?), &query.shape())
}

async fn notification_change(
    whole: bool,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    let input = wire::read_notification(&body, whole);
    let (actor, id) = (caller.actor(""), found_notification(&caller, &id).await?.notification.id);
    let done = caller.app().notification_change(&actor, id, input, &precondition(&headers)?).await;
    let done = done.map_err(|error| wire::notification_error(named(error, NO_NOTIFICATION)))?;
    changed(&wire::notification(caller.base(), done), &query.shape())
}

async fn notification_delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap, Note(note): Note) -> Answer {
    let (actor, id) = (caller.actor(&note), found_notification(&caller, &id).await?.notification.id);
    let done = caller.app().notification_delete(&actor, id, &precondition(&headers)?).await;
    done.map_err(|error| named(error, NO_NOTIFICATION))?;
    Ok(deleted())
}
