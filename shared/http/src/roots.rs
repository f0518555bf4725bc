//! `/api/` and the other addresses that list what is below them, from one table. Each function serves those that are
//! its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use noticeboard_domain::object::ObjectType;

use crate::wire::path;
use crate::wire::predecessor::{IMPACT_PATH, MAINTENANCE_PATH, NOTIFICATION_PATH};
use crate::{Answer, Api, Caller, json};

/// Addresses that are no type of object; those that are one say themselves where they are.
const OTHERS: [&str; 17] = [
    "/api/circuits/",
    "/api/core/",
    "/api/core/jobs/",
    "/api/core/object-changes/",
    "/api/core/object-types/",
    "/api/dcim/",
    "/api/extras/content-types/",
    "/api/extras/object-types/",
    "/api/ipam/",
    MAINTENANCE_PATH,
    IMPACT_PATH,
    NOTIFICATION_PATH,
    "/api/plugins/notices/inbound-mail/",
    "/api/plugins/notices/review/",
    "/api/status/",
    "/api/users/tokens/",
    "/api/virtualization/",
];

/// The routes of addresses that list what is below them: each name with its address.
pub fn roots(addresses: &[&'static str]) -> Router<Arc<Api>> {
    addresses.iter().copied().fold(Router::new(), |router, root| {
        router.route(root, get(move |caller: Caller| async move { list(&caller, root) }))
    })
}

/// What is below an address, by name.
fn below(root: &str) -> BTreeMap<&'static str, String> {
    let all = ObjectType::ALL.iter().filter_map(|kind| path(*kind)).chain(OTHERS);
    let names = all.filter_map(|path| path.strip_prefix(root)?.split('/').next().filter(|name| !name.is_empty()));
    names.map(|name| (name, format!("{root}{name}/"))).collect()
}

fn list(caller: &Caller, root: &str) -> Answer {
    let urls = below(root).into_iter().map(|(name, path)| (name, format!("{}{path}", caller.base())));
    json(StatusCode::OK, &urls.collect::<BTreeMap<_, _>>())
}
