//! `/api/extras/journal-entries/`: what people note about objects.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::routing::get;
use noticeboard_domain::Error;
use noticeboard_domain::ids::ObjectId;
use noticeboard_http::wire::journal::{FILTERS, SEARCHED, journal_entry, read as read_entry};
use noticeboard_http::{Answer, Api, Body, Caller, Note, Query, Shown, changed, created, deleted, precondition, read};

pub(crate) fn router() -> Router<Arc<Api>> {
    let resource = get(read_one)
        .put(|caller, id, query, headers, body| change(true, caller, id, query, headers, body))
        .patch(|caller, id, query, headers, body| change(false, caller, id, query, headers, body))
        .delete(delete);
    Router::new()
        .route("/api/extras/journal-entries/", get(list).post(create))
        .route("/api/extras/journal-entries/{id}/", resource)
}

fn found(id: &str) -> Result<ObjectId, Error> {
    id.parse().map_err(|_| Error::NotFound { what: "JournalEntry" })
}

async fn list(caller: Caller, query: Query) -> Answer {
    let (listing, shape) = (query.listing(FILTERS, SEARCHED)?, query.shape());
    let page = listing.page;
    let list = caller.app().journal_entry_list(listing).await?;
    let list = list.map(|view| Shown { object: journal_entry(caller.base(), view).body, shape: &shape });
    query.answer(caller.base(), page, list)
}

async fn create(caller: Caller, query: Query, Body(body): Body) -> Answer {
    let made = caller.app().journal_entry_create(&caller.actor(""), read_entry(&body, true)).await?;
    created(&journal_entry(caller.base(), made), &query.shape())
}

async fn read_one(caller: Caller, Path(id): Path<String>, query: Query, headers: HeaderMap) -> Answer {
    let view = caller.app().journal_entry(found(&id)?).await?;
    read(&headers, &journal_entry(caller.base(), view), &query.shape())
}

async fn change(
    whole: bool,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    let (input, actor) = (read_entry(&body, whole), caller.actor(""));
    let done = caller.app().journal_entry_change(&actor, found(&id)?, input, &precondition(&headers)?).await?;
    changed(&journal_entry(caller.base(), done), &query.shape())
}

async fn delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap, Note(note): Note) -> Answer {
    caller.app().journal_entry_delete(&caller.actor(&note), found(&id)?, &precondition(&headers)?).await?;
    Ok(deleted())
}
