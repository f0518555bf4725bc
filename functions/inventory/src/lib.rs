//! `/api/circuits/providers/` and `/circuits/`: the operator's own objects, in NetBox's shapes.
//!
//! **Must not know**: the table, and the rules of the inventory; both are `noticeboard-app`'s.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use noticeboard_app::{CircuitFilter, ProviderFilter};
use noticeboard_domain::Error;
use noticeboard_domain::ids::{ObjectId, ProviderId};
use noticeboard_domain::listing::{List, Page};
use noticeboard_http::wire::inventory::{circuit, provider, read_circuit, read_provider};
use noticeboard_http::{
    Answer, Api, Body, Caller, Object, Query, Shape, changed, created, deleted, json, precondition, read,
};
use serde_json::Value;

/// The routes of this function.
pub fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/api/circuits/providers/", get(provider_list).post(provider_create))
        .route(
            "/api/circuits/providers/{id}/",
            get(provider_read).put(provider_replace).patch(provider_change).delete(provider_delete),
        )
        .route("/api/circuits/circuits/", get(circuit_list).post(circuit_create))
        .route(
            "/api/circuits/circuits/{id}/",
            get(circuit_read).put(circuit_replace).patch(circuit_change).delete(circuit_delete),
        )
        .with_state(api)
}

async fn provider_list(caller: Caller, query: Query) -> Answer {
    let page = Page::Offset { limit: query.limit(), offset: query.offset() };
    let text = |name| query.get(name).map(str::to_owned);
    let filter = ProviderFilter {
        name: text("name"),
        slug: text("slug"),
        name_contains: text("name__ic"),
        q: text("q").unwrap_or_default(),
    };
    let (providers, count) = caller.app().provider_list(&filter, query.offset(), query.limit()).await?;
    let results: Vec<_> = providers.iter().map(|found| provider(caller.base(), found)).collect();
    json(StatusCode::OK, &query.answer(caller.base(), page, List { items: results, count: Some(count), next: None }))
}

async fn provider_create(caller: Caller, Body(body): Body) -> Answer {
    let (changes, message) = read_provider(&body, true)?;
    let made = caller.app().provider_create(&caller.actor(&message), changes).await?;
    created(&object(provider(caller.base(), &made), made.revision.version), &Shape::default())
}

async fn provider_read(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let found = caller.app().provider(provider_id(&id)?).await?;
    read(&headers, &object(provider(caller.base(), &found), found.revision.version), &Shape::default())
}

async fn provider_replace(caller: Caller, id: Path<String>, headers: HeaderMap, Body(body): Body) -> Answer {
    read_provider(&body, true)?;
    provider_change(caller, id, headers, Body(body)).await
}

async fn provider_change(caller: Caller, Path(id): Path<String>, headers: HeaderMap, Body(body): Body) -> Answer {
    let (changes, message) = read_provider(&body, false)?;
    let actor = caller.actor(&message);
    let done = caller.app().provider_change(&actor, provider_id(&id)?, changes, &precondition(&headers)?).await?;
    changed(&object(provider(caller.base(), &done), done.revision.version), &Shape::default())
}

async fn provider_delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    caller.app().provider_delete(&caller.actor(""), provider_id(&id)?, &precondition(&headers)?).await?;
    Ok(deleted())
}

fn provider_id(id: &str) -> Result<ProviderId, Error> {
    id.parse().map_err(|_| Error::NotFound { what: "Provider" })
}

async fn circuit_list(caller: Caller, query: Query) -> Answer {
    let page = Page::Offset { limit: query.limit(), offset: query.offset() };
    let text = |name| query.get(name).map(str::to_owned);
    let filter = CircuitFilter {
        cid: text("cid"),
        cid_contains: text("cid__ic"),
        provider: query.parsed("provider_id", str::parse)?.first().copied(),
        q: text("q").unwrap_or_default(),
    };
    let (circuits, count) = caller.app().circuit_list(&filter, query.offset(), query.limit()).await?;
    let results: Vec<_> =
        circuits.iter().map(|(found, owner)| circuit(caller.base(), found, owner.as_deref())).collect();
    json(StatusCode::OK, &query.answer(caller.base(), page, List { items: results, count: Some(count), next: None }))
}

async fn circuit_create(caller: Caller, Body(body): Body) -> Answer {
    let (mut changes, owner, message) = read_circuit(&body, true)?;
    if let Some(owner) = owner {
        changes.provider = Some(caller.app().provider_of(&owner).await?);
    }
    let (made, owner) = caller.app().circuit_create(&caller.actor(&message), changes).await?;
    created(&object(circuit(caller.base(), &made, Some(&owner)), made.revision.version), &Shape::default())
}

async fn circuit_read(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let (found, owner) = caller.app().circuit(circuit_id(&id)?).await?;
    read(&headers, &object(circuit(caller.base(), &found, owner.as_ref()), found.revision.version), &Shape::default())
}

async fn circuit_replace(caller: Caller, id: Path<String>, headers: HeaderMap, Body(body): Body) -> Answer {
    read_circuit(&body, true)?;
    circuit_change(caller, id, headers, Body(body)).await
}

async fn circuit_change(caller: Caller, Path(id): Path<String>, headers: HeaderMap, Body(body): Body) -> Answer {
    let (mut changes, owner, message) = read_circuit(&body, false)?;
    if let Some(owner) = owner {
        changes.provider = Some(caller.app().provider_of(&owner).await?);
    }
    let actor = caller.actor(&message);
    let (done, owner) =
        caller.app().circuit_change(&actor, circuit_id(&id)?, changes, &precondition(&headers)?).await?;
    changed(&object(circuit(caller.base(), &done, Some(&owner)), done.revision.version), &Shape::default())
}

async fn circuit_delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    caller.app().circuit_delete(&caller.actor(""), circuit_id(&id)?, &precondition(&headers)?).await?;
    Ok(deleted())
}

fn circuit_id(id: &str) -> Result<ObjectId, Error> {
    id.parse().map_err(|_| Error::NotFound { what: "Circuit" })
}

fn object(body: Value, version: u64) -> Object<Value> {
    let url = body.get("url").and_then(Value::as_str).unwrap_or_default().to_owned();
    Object { body, url, version }
}
