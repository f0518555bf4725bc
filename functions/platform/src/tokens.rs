//! `/api/users/tokens/`: who may call. An administrator's business.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::routing::get;
use noticeboard_domain::Error;
use noticeboard_domain::ids::TokenId;
use noticeboard_http::wire::token::{FILTERS, SEARCHED, new_token, read as read_new, read_changes, token};
use noticeboard_http::{Answer, Api, Body, Caller, Query, Shown, changed, created, deleted, precondition, read};

pub(crate) fn router() -> Router<Arc<Api>> {
    Router::new()
        .route("/api/users/tokens/", get(list).post(create))
        .route("/api/users/tokens/{id}/", get(read_one).patch(change).delete(delete))
}

fn found(id: &str) -> Result<TokenId, Error> {
    id.parse().map_err(|_| Error::NotFound { what: "Token" })
}

async fn list(caller: Caller, query: Query) -> Answer {
    caller.administrator()?;
    let (listing, shape) = (query.listing(FILTERS, SEARCHED)?, query.shape());
    let list = caller.app().token_list(&listing).await?;
    let list = list.map(|found| Shown { object: token(caller.base(), &found).body, shape: &shape });
    query.answer(caller.base(), listing.page, list)
}

async fn create(caller: Caller, query: Query, Body(body): Body) -> Answer {
    caller.administrator()?;
    let input = read_new(&body)?;
    let made = caller.app().token_create(input.user.as_str(), input.version, input.terms).await?;
    let mut response = created(&new_token(caller.base(), &made), &query.shape())?;
    // There is a secret in it.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn read_one(caller: Caller, Path(id): Path<String>, query: Query, headers: HeaderMap) -> Answer {
    caller.administrator()?;
    let one = caller.app().token(found(&id)?).await?;
    read(&headers, &token(caller.base(), &one), &query.shape())
}

async fn change(caller: Caller, Path(id): Path<String>, query: Query, headers: HeaderMap, Body(body): Body) -> Answer {
    caller.administrator()?;
    let id = found(&id)?;
    let changes = read_changes(&body, &caller.app().token(id).await?)?;
    let one = caller.app().token_change(id, changes, &precondition(&headers)?).await?;
    changed(&token(caller.base(), &one), &query.shape())
}

async fn delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    caller.administrator()?;
    caller.app().token_delete(found(&id)?, &precondition(&headers)?).await?;
    Ok(deleted())
}
