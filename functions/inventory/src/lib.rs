//! The inventory in NetBox's shapes: providers, circuits, sites, devices and all else that events can hit.
//!
//! **Must not know**: the table, and the rules of the inventory; both are `noticeboard-app`'s.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{MethodRouter, get, post};
use noticeboard_app::{App, ObjectView};
use noticeboard_domain::ids::ObjectId;
use noticeboard_domain::inventory::{Schema, kept};
use noticeboard_http::wire::inventory::{object, read as read_input};
use noticeboard_http::{
    Answer, Api, ApiError, Body, Caller, Note, Payload, Query, Shown, bulk, changed, created, deleted, json,
    precondition, read, roots, wire,
};
use serde_json::{Map, Value};

/// The routes of this function.
pub fn router(api: Arc<Api>) -> Router {
    let mut router = roots(&["/api/circuits/", "/api/dcim/", "/api/ipam/", "/api/virtualization/"]);
    for schema in kept() {
        if let Some(path) = wire::path(schema.kind) {
            router = router.route(path, collection(schema)).route(&format!("{path}{{id}}/"), element(schema));
        }
    }
    router.route("/api/plugins/notices/import/", post(import)).with_state(api)
}

/// Brings in objects from elsewhere with their ids, and says what became of each: see [`App::import`].
async fn import(caller: Caller, payload: Payload) -> Answer {
    caller.administrator()?;
    let rows = bulk::elements(bulk::list(payload)?, wire::import::row)?;
    let actor = caller.actor("");
    let work = |app: Arc<App>| async move {
        let done = app.import(&actor, &rows).await?;
        Ok((rows, done))
    };
    let (rows, done) = caller.to_the_end(work).await?;
    let told: Vec<_> = rows.iter().zip(&done).map(|(row, done)| wire::import::outcome(row, done)).collect();
    json(StatusCode::OK, &told)
}

fn collection(schema: &'static Schema) -> MethodRouter<Arc<Api>> {
    get(move |caller, query| list(schema, caller, query))
        .post(move |caller, query, payload| create(schema, caller, query, payload))
        .put(move |caller, query, payload| change_many(schema, caller, query, payload, true))
        .patch(move |caller, query, payload| change_many(schema, caller, query, payload, false))
        .delete(move |caller, payload| delete_many(schema, caller, payload))
}

fn element(schema: &'static Schema) -> MethodRouter<Arc<Api>> {
    get(move |caller, id, query, headers| read_one(schema, caller, id, query, headers))
        .put(move |caller, id, query, headers, body| change(schema, caller, id, query, headers, body, true))
        .patch(move |caller, id, query, headers, body| change(schema, caller, id, query, headers, body, false))
        .delete(move |caller, id, headers, note| delete(schema, caller, id, headers, note))
}

async fn list(schema: &'static Schema, caller: Caller, query: Query) -> Answer {
    let (listing, shape) = (query.listing(schema.parameters(), schema.searched)?, query.shape());
    let page = listing.page;
    let list = caller.app().object_list(schema.kind, listing).await?;
    let list = list.map(|view| Shown { object: object(caller.base(), &view).body, shape: &shape });
    query.answer(caller.base(), page, list)
}

async fn create(schema: &'static Schema, caller: Caller, query: Query, payload: Payload) -> Answer {
    match payload {
        Payload::One(body) => {
            let input = read_input(schema, &body, true);
            let view = caller.app().object_create(&caller.actor(""), schema.kind, input).await?;
            created(&object(caller.base(), &view), &query.shape())
        }
        Payload::Many(values) => {
            let inputs = bulk::inputs(values, |body| read_input(schema, body, true));
            let views = caller.app().object_create_many(&caller.actor(""), schema.kind, inputs).await?;
            answer_many(&caller, StatusCode::CREATED, &query, &views)
        }
    }
}

fn answer_many(caller: &Caller, status: StatusCode, query: &Query, views: &[ObjectView]) -> Answer {
    let shape = query.shape();
    let shown = views.iter().map(|view| Shown { object: object(caller.base(), view).body, shape: &shape });
    json(status, &shown.collect::<Vec<_>>())
}

async fn change_many(schema: &'static Schema, caller: Caller, query: Query, payload: Payload, whole: bool) -> Answer {
    let read = |body: &Map<String, Value>| Ok((bulk::id::<ObjectId>(body)?, read_input(schema, body, whole)));
    let inputs = bulk::elements(bulk::list(payload)?, read).map_err(ApiError::first)?;
    let views = caller.app().object_change_many(&caller.actor(""), schema.kind, inputs).await;
    answer_many(&caller, StatusCode::OK, &query, &views.map_err(|error| ApiError::from(error).first())?)
}

async fn delete_many(schema: &'static Schema, caller: Caller, payload: Payload) -> Answer {
    let ids: Vec<(ObjectId, String)> = bulk::ids(bulk::list(payload)?)?;
    caller.app().object_delete_many(&caller.actor(""), schema.kind, &ids).await?;
    Ok(deleted())
}

async fn read_one(
    schema: &'static Schema,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    headers: HeaderMap,
) -> Answer {
    let view = caller.app().object(App::object_ref(schema.kind, &id)?).await?;
    read(&headers, &object(caller.base(), &view), &query.shape())
}

async fn change(
    schema: &'static Schema,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    headers: HeaderMap,
    Body(body): Body,
    whole: bool,
) -> Answer {
    let input = read_input(schema, &body, whole);
    let found = App::object_ref(schema.kind, &id)?;
    let view = caller.app().object_change(&caller.actor(""), found, input, &precondition(&headers)?).await?;
    changed(&object(caller.base(), &view), &query.shape())
}

async fn delete(
    schema: &'static Schema,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Note(note): Note,
) -> Answer {
    let found = App::object_ref(schema.kind, &id)?;
    caller.app().object_delete(&caller.actor(&note), found, &precondition(&headers)?).await?;
    Ok(deleted())
}
