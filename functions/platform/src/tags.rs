//! `/api/extras/tags/`: words that people put on objects.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use noticeboard_domain::Error;
use noticeboard_domain::ids::ObjectId;
use noticeboard_domain::tag::Tag;
use noticeboard_http::wire::tag::{FILTERS, SEARCHED, read as read_tag, tag};
use noticeboard_http::{
    Answer, Api, ApiError, Body, Caller, Note, Payload, Query, Shown, bulk, changed, created, deleted, json,
    precondition, read,
};
use serde_json::{Map, Value};

pub(crate) fn router() -> Router<Arc<Api>> {
    let collection = get(list)
        .post(create)
        .put(|caller, query, payload| change_many(true, caller, query, payload))
        .patch(|caller, query, payload| change_many(false, caller, query, payload))
        .delete(delete_many);
    let resource = get(read_one)
        .put(|caller, id, query, headers, body| change(true, caller, id, query, headers, body))
        .patch(|caller, id, query, headers, body| change(false, caller, id, query, headers, body))
        .delete(delete);
    Router::new().route("/api/extras/tags/", collection).route("/api/extras/tags/{id}/", resource)
}

fn found(id: &str) -> Result<ObjectId, Error> {
    id.parse().map_err(|_| Error::NotFound { what: "Tag" })
}

async fn list(caller: Caller, query: Query) -> Answer {
    let (listing, shape) = (query.listing(FILTERS, SEARCHED)?, query.shape());
    let page = listing.page;
    let list = caller.app().tag_list(listing).await?;
    let list = list.map(|one| Shown { object: tag(caller.base(), &one).body, shape: &shape });
    query.answer(caller.base(), page, list)
}

async fn create(caller: Caller, query: Query, payload: Payload) -> Answer {
    match payload {
        Payload::One(body) => {
            let (changes, message) = read_tag(&body, true)?;
            let made = caller.app().tag_create(&caller.actor(&message), changes).await?;
            created(&tag(caller.base(), &made), &query.shape())
        }
        Payload::Many(values) => {
            let inputs = bulk::elements(values, |body| read_tag(body, true))?;
            let made = caller.app().tag_create_many(&caller.actor(""), inputs).await?;
            answer_many(&caller, StatusCode::CREATED, &query, &made)
        }
    }
}

fn answer_many(caller: &Caller, status: StatusCode, query: &Query, tags: &[Tag]) -> Answer {
    let shape = query.shape();
    let shown = tags.iter().map(|one| Shown { object: tag(caller.base(), one).body, shape: &shape });
    json(status, &shown.collect::<Vec<_>>())
}

async fn change_many(whole: bool, caller: Caller, query: Query, payload: Payload) -> Answer {
    let read = |body: &Map<String, Value>| {
        let (changes, message) = read_tag(body, whole)?;
        Ok(((bulk::id::<ObjectId>(body)?, changes), message))
    };
    let inputs = bulk::elements(bulk::list(payload)?, read).map_err(ApiError::first)?;
    let done = caller.app().tag_change_many(&caller.actor(""), inputs).await;
    answer_many(&caller, StatusCode::OK, &query, &done.map_err(|error| ApiError::from(error).first())?)
}

async fn delete_many(caller: Caller, payload: Payload) -> Answer {
    let ids: Vec<(ObjectId, String)> = bulk::ids(bulk::list(payload)?)?;
    caller.app().tag_delete_many(&caller.actor(""), &ids).await?;
    Ok(deleted())
}

async fn read_one(caller: Caller, Path(id): Path<String>, query: Query, headers: HeaderMap) -> Answer {
    read(&headers, &tag(caller.base(), &caller.app().tag(found(&id)?).await?), &query.shape())
}

async fn change(
    whole: bool,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    let (changes, message) = read_tag(&body, whole)?;
    let actor = caller.actor(&message);
    let done = caller.app().tag_change(&actor, found(&id)?, changes, &precondition(&headers)?).await?;
    changed(&tag(caller.base(), &done), &query.shape())
}

async fn delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap, Note(note): Note) -> Answer {
    caller.app().tag_delete(&caller.actor(&note), found(&id)?, &precondition(&headers)?).await?;
    Ok(deleted())
}
