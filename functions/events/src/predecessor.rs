//! `/api/plugins/maintenance/…`: the paths of netbox-circuitmaintenance, the predecessor of NetBox Notices, over the
//! same use cases as everything else. Programs written for it find their own paths, field names and `url`s.
//!
//! A maintenance here is no outage, and an impact is one on a circuit: others are not found.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{MethodRouter, get};
use noticeboard_app::{ImpactView, NotificationView};
use noticeboard_domain::Error;
use noticeboard_domain::event::EventKind;
use noticeboard_domain::ids::{EventId, EventNotificationId, ImpactId, ProviderId};
use noticeboard_domain::object::ObjectType;
use noticeboard_http::wire::predecessor as wire;
use noticeboard_http::wire::{event, impact, notification};
use noticeboard_http::{
    Answer, Api, ApiError, Body, Caller, Query, Shown, changed, created, deleted, json, precondition, read,
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
async fn with_providers(caller: &Caller, query: Query) -> Result<Query, ApiError> {
    let mut known = query.clone();
    for provider in query.all("provider") {
        let id = match provider.parse::<ProviderId>() {
            Ok(id) => Some(id),
            Err(_) => caller.app().provider_named(Some(provider), None).await?.map(|provider| provider.id),
        };
        let id = id.ok_or_else(|| {
            let message = format!("Select a valid choice. {provider} is not one of the available choices.");
            Error::field("provider", message)
        })?;
        known = known.with("provider_id", id.to_string());
    }
    Ok(known)
}

async fn maintenance_list(caller: Caller, query: Query) -> Answer {
    let renamed = with_providers(&caller, query.renamed(wire::MAINTENANCE_RENAMED)).await?;
    let (listing, shape) = (renamed.listing(event::MAINTENANCE_FILTERS, event::SEARCHED)?, query.shape());
    let page = listing.page;
    let list = caller.app().event_list(KIND, listing, false).await?;
    let list = list.map(|view| Shown { object: wire::maintenance(caller.base(), view).body, shape: &shape });
    json(StatusCode::OK, &query.answer(caller.base(), page, list))
}

async fn maintenance_create(caller: Caller, query: Query, Body(body): Body) -> Answer {
    let (input, message) = wire::read_maintenance(&body, true)?;
    let made = caller.app().event_create(&caller.actor(&message), KIND, input).await;
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
    let (input, message) = wire::read_maintenance(&body, whole)?;
    let (actor, id) = (caller.actor(&message), maintenance_id(&id)?);
    let done = caller.app().event_change(&actor, KIND, id, input, &precondition(&headers)?).await;
    let done = done.map_err(|error| wire::maintenance_error(named(error, NO_MAINTENANCE)))?;
    changed(&wire::maintenance(caller.base(), done), &query.shape())
}

async fn maintenance_delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let (actor, id) = (caller.actor(""), maintenance_id(&id)?);
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
    let (listing, shape) = (renamed.listing(impact::FILTERS, impact::SEARCHED)?, query.shape());
    let page = listing.page;
    let list = caller.app().impact_list(listing).await?;
    let list = list.map(|view| Shown { object: wire::impact(caller.base(), view).body, shape: &shape });
    json(StatusCode::OK, &query.answer(caller.base(), page, list))
}

async fn impact_create(caller: Caller, query: Query, Body(body): Body) -> Answer {
    let (input, message) = wire::read_impact(&body, true)?;
    let made = caller.app().impact_create(&caller.actor(&message), input).await.map_err(wire::impact_error)?;
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
    let (input, message) = wire::read_impact(&body, whole)?;
    let (actor, id) = (caller.actor(&message), found_impact(&caller, &id).await?.impact.id);
    let done = caller.app().impact_change(&actor, id, input, &precondition(&headers)?).await;
    let done = done.map_err(|error| wire::impact_error(named(error, NO_IMPACT)))?;
    changed(&wire::impact(caller.base(), done), &query.shape())
}

async fn impact_delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let (actor, id) = (caller.actor(""), found_impact(&caller, &id).await?.impact.id);
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
    let listing = renamed.listing(wire::NOTIFICATION_FILTERS, notification::SEARCHED)?;
    let (page, shape) = (listing.page, query.shape());
    let list = caller.app().notification_list(listing).await?;
    let list = list.map(|view| Shown { object: wire::notification(caller.base(), view).body, shape: &shape });
    json(StatusCode::OK, &query.answer(caller.base(), page, list))
}

async fn notification_create(caller: Caller, query: Query, Body(body): Body) -> Answer {
    let (input, message) = wire::read_notification(&body, true)?;
    let made = caller.app().notification_create(&caller.actor(&message), input).await;
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
    let (input, message) = wire::read_notification(&body, whole)?;
    let (actor, id) = (caller.actor(&message), found_notification(&caller, &id).await?.notification.id);
    let done = caller.app().notification_change(&actor, id, input, &precondition(&headers)?).await;
    let done = done.map_err(|error| wire::notification_error(named(error, NO_NOTIFICATION)))?;
    changed(&wire::notification(caller.base(), done), &query.shape())
}

async fn notification_delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let (actor, id) = (caller.actor(""), found_notification(&caller, &id).await?.notification.id);
    let done = caller.app().notification_delete(&actor, id, &precondition(&headers)?).await;
    done.map_err(|error| named(error, NO_NOTIFICATION))?;
    Ok(deleted())
}
