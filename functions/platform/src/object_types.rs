//! `/api/core/object-types/`, `/api/extras/object-types/` and `/api/extras/content-types/`: one list under the three
//! names that NetBox had for it (reference netbox-notices, section 2: Writes). Clients look up the numbers of types here.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use noticeboard_domain::Error;
use noticeboard_domain::object::ObjectType;
use noticeboard_http::wire::object_type::{FILTERS, Listed, SEARCHED, content_type, object_type};
use noticeboard_http::{Answer, Api, Caller, Query, Shown, Wire, json};

/// Where the list is, in its present form.
const OBJECT_TYPES: [&str; 2] = ["/api/core/object-types/", "/api/extras/object-types/"];
/// Where it is in the form that NetBox had before 4.0.
const CONTENT_TYPES: &str = "/api/extras/content-types/";

pub(crate) fn router() -> Router<Arc<Api>> {
    let routes = |router: Router<Arc<Api>>, path| with(router, path, object_type);
    let router = OBJECT_TYPES.into_iter().fold(Router::new(), routes);
    with(router, CONTENT_TYPES, content_type)
}

type Show<T> = fn(&str, &str, ObjectType) -> T;

fn with<T: Wire + Send + 'static>(router: Router<Arc<Api>>, path: &'static str, show: Show<T>) -> Router<Arc<Api>> {
    router
        .route(path, get(move |caller: Caller, query: Query| async move { list(&caller, &query, path, show) }))
        .route(
            &format!("{path}{{id}}/"),
            get(move |caller: Caller, id: Path<String>, query: Query| async move {
                read_one(&caller, &id, &query, path, show)
            }),
        )
}

fn list<T: Wire>(caller: &Caller, query: &Query, path: &str, show: Show<T>) -> Answer {
    let (listing, shape) = (query.listing(FILTERS, SEARCHED)?, query.shape());
    let page = listing.page;
    let name = |kind: ObjectType| (kind.app_label(), kind.model());
    let list = listing.of(ObjectType::ALL.iter().copied().map(Listed).collect(), |a, b| name(a.0).cmp(&name(b.0)));
    let list = list.map(|listed| Shown { object: show(caller.base(), path, listed.0), shape: &shape });
    query.answer(caller.base(), page, list)
}

fn read_one<T: Wire>(caller: &Caller, id: &str, query: &Query, path: &str, show: Show<T>) -> Answer {
    let kind = id.parse().ok().and_then(ObjectType::from_number).ok_or(Error::NotFound { what: "ObjectType" })?;
    json(StatusCode::OK, &Shown { object: show(caller.base(), path, kind), shape: &query.shape() })
}
