//! `/api/core/jobs/`: what Noticeboard has done by itself, or for a long list of things.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use noticeboard_domain::Error;
use noticeboard_domain::ids::JobId;
use noticeboard_http::wire::job::{FILTERS, SEARCHED, job};
use noticeboard_http::{Answer, Api, Caller, Query, Shown, json};

pub(crate) fn router() -> Router<Arc<Api>> {
    Router::new().route("/api/core/jobs/", get(list)).route("/api/core/jobs/{id}/", get(read_one))
}

/// Jobs, newest first.
async fn list(caller: Caller, query: Query) -> Answer {
    let (listing, shape) = (query.listing(FILTERS, SEARCHED)?, query.shape());
    let page = listing.page;
    let list = caller.app().job_list(listing).await?;
    let list = list.map(|found| Shown { object: job(caller.base(), found), shape: &shape });
    query.answer(caller.base(), page, list)
}

async fn read_one(caller: Caller, Path(id): Path<String>, query: Query) -> Answer {
    let id: JobId = id.parse().map_err(|_| Error::NotFound { what: "Job" })?;
    let found = caller.app().job_read(id).await?;
    json(StatusCode::OK, &Shown { object: job(caller.base(), found), shape: &query.shape() })
}
