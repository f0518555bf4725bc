//! `/api/plugins/notices/impact/`: which objects an event hits, and how hard.
//!
//! **Must not know**: the table, and the rules of impacts; both are `noticeboard-app`'s.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use noticeboard_app::ImpactView;
use noticeboard_domain::Error;
use noticeboard_domain::ids::ImpactId;
use noticeboard_http::wire::impact::{FILTERS, SEARCHED, impact, read as read_impact};
use noticeboard_http::{
    Answer, Api, ApiError, Body, Caller, Note, Payload, Query, Shown, bulk, changed, created, deleted, json,
    precondition, read,
};
use serde_json::{Map, Value};

/// The routes of this function.
pub fn router(api: Arc<Api>) -> Router {
    let collection = get(list).post(create).put(replace_many).patch(patch_many).delete(delete_many);
    Router::new()
        .route("/api/plugins/notices/impact/", collection)
        .route("/api/plugins/notices/impact/{id}/", get(read_one).put(replace).patch(patch).delete(delete))
        .with_state(api)
}

async fn list(caller: Caller, query: Query) -> Answer {
    let (listing, shape) = (query.listing(FILTERS, SEARCHED)?, query.shape());
    let page = listing.page;
    let list = caller.app().impact_list(listing).await?;
    let list = list.map(|view| Shown { object: impact(caller.base(), view).body, shape: &shape });
    query.answer(caller.base(), page, list)
}

async fn create(caller: Caller, query: Query, payload: Payload) -> Answer {
    match payload {
        Payload::One(body) => {
            let input = read_impact(&body, true);
            let view = caller.app().impact_create(&caller.actor(""), input).await?;
            created(&impact(caller.base(), view), &query.shape())
        }
        Payload::Many(values) => {
            let inputs = bulk::inputs(values, |body| read_impact(body, true));
            let views = caller.app().impact_create_many(&caller.actor(""), inputs).await?;
            answer_many(&caller, StatusCode::CREATED, &query, views)
        }
    }
}

fn answer_many(caller: &Caller, status: StatusCode, query: &Query, views: Vec<ImpactView>) -> Answer {
    let shape = query.shape();
    let shown = views.into_iter().map(|view| Shown { object: impact(caller.base(), view).body, shape: &shape });
    json(status, &shown.collect::<Vec<_>>())
}

async fn replace_many(caller: Caller, query: Query, payload: Payload) -> Answer {
    change_many(caller, query, payload, true).await
}

async fn patch_many(caller: Caller, query: Query, payload: Payload) -> Answer {
    change_many(caller, query, payload, false).await
}

async fn change_many(caller: Caller, query: Query, payload: Payload, whole: bool) -> Answer {
    let read = |body: &Map<String, Value>| Ok((bulk::id::<ImpactId>(body)?, read_impact(body, whole)));
    let inputs = bulk::elements(bulk::list(payload)?, read).map_err(ApiError::first)?;
    let views = caller.app().impact_change_many(&caller.actor(""), inputs).await;
    answer_many(&caller, StatusCode::OK, &query, views.map_err(|error| ApiError::from(error).first())?)
}

async fn delete_many(caller: Caller, payload: Payload) -> Answer {
    let ids: Vec<(ImpactId, String)> = bulk::ids(bulk::list(payload)?)?;
    caller.app().impact_delete_many(&caller.actor(""), &ids).await?;
    Ok(deleted())
}

async fn read_one(caller: Caller, Path(id): Path<String>, query: Query, headers: HeaderMap) -> Answer {
    let view = caller.app().impact(found(&id)?).await?;
    read(&headers, &impact(caller.base(), view), &query.shape())
}

async fn replace(caller: Caller, id: Path<String>, query: Query, headers: HeaderMap, body: Body) -> Answer {
    change(caller, id, query, headers, body, true).await
}

async fn patch(caller: Caller, id: Path<String>, query: Query, headers: HeaderMap, body: Body) -> Answer {
    change(caller, id, query, headers, body, false).await
}

async fn change(
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    headers: HeaderMap,
    Body(body): Body,
    whole: bool,
) -> Answer {
    let (input, actor) = (read_impact(&body, whole), caller.actor(""));
    let view = caller.app().impact_change(&actor, found(&id)?, input, &precondition(&headers)?).await?;
    changed(&impact(caller.base(), view), &query.shape())
}

async fn delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap, Note(note): Note) -> Answer {
    caller.app().impact_delete(&caller.actor(&note), found(&id)?, &precondition(&headers)?).await?;
    Ok(deleted())
}

fn found(id: &str) -> Result<ImpactId, Error> {
    id.parse().map_err(|_| Error::NotFound { what: "Impact" })
}
