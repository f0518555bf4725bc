//! `/api/` and the other addresses that list what is below them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use noticeboard_domain::object::ObjectType;
use noticeboard_http::wire::path;
use noticeboard_http::wire::predecessor::{IMPACT_PATH, MAINTENANCE_PATH, NOTIFICATION_PATH};
use noticeboard_http::{Answer, Api, Caller};

/// The addresses that list what is below them.
const ROOTS: [&str; 11] = [
    "/api/",
    "/api/circuits/",
    "/api/core/",
    "/api/dcim/",
    "/api/extras/",
    "/api/ipam/",
    "/api/plugins/",
    "/api/plugins/maintenance/",
    "/api/plugins/notices/",
    "/api/users/",
    "/api/virtualization/",
];

/// Resources that are no type of object; those that are one say themselves where they are.
const OTHERS: [&str; 11] = [
    "/api/core/object-changes/",
    "/api/core/object-types/",
    "/api/extras/content-types/",
    "/api/extras/object-types/",
    "/api/plugins/notices/inbound-mail/",
    "/api/plugins/notices/review/",
    "/api/status/",
    "/api/users/tokens/",
    MAINTENANCE_PATH,
    IMPACT_PATH,
    NOTIFICATION_PATH,
];

pub(crate) fn router() -> Router<Arc<Api>> {
    ROOTS.into_iter().fold(Router::new(), |router, root| {
        router.route(root, get(move |caller: Caller| async move { list(&caller, root) }))
    })
}

/// What is below an address, by name.
fn below(root: &str) -> BTreeMap<&'static str, String> {
    let types = ObjectType::ALL.iter().filter_map(|kind| path(*kind));
    let all = types.chain(OTHERS).chain(ROOTS);
    let names = all.filter_map(|path| path.strip_prefix(root)?.split('/').next().filter(|name| !name.is_empty()));
    names.map(|name| (name, format!("{root}{name}/"))).collect()
}

fn list(caller: &Caller, root: &str) -> Answer {
    let urls = below(root).into_iter().map(|(name, path)| (name, format!("{}{path}", caller.base())));
    Ok(Json(urls.collect::<BTreeMap<_, _>>()).into_response())
}
