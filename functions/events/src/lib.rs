//! `/api/plugins/notices/maintenance/` and `/outage/`: events and their timelines.
//!
//! **Must not know**: the table, and the rules of events; both are `noticeboard-app`'s.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use noticeboard_app::{EventFilter, EventView};
use noticeboard_domain::event::EventKind;
use noticeboard_domain::ids::{ChangeId, EventId};
use noticeboard_domain::timeline;
use noticeboard_http::wire::event::{EventInput, event, timeline_entry};
use noticeboard_http::{Answer, Api, Body, Caller, Query, changed, created, deleted, parse_time, precondition, read};
use serde_json::{Value, json};

/// The routes of this function.
pub fn router(api: Arc<Api>) -> Router {
    let mut router = Router::new();
    for (kind, path) in [(EventKind::Maintenance, "maintenance"), (EventKind::Outage, "outage")] {
        let base = format!("/api/plugins/notices/{path}/");
        router = router
            .route(&base, collection(kind))
            .route(&format!("{base}{{id}}/"), resource(kind))
            .route(&format!("{base}{{id}}/timeline/"), get(move |caller, id, query| timeline(kind, caller, id, query)));
    }
    router.with_state(api)
}

fn collection(kind: EventKind) -> MethodRouter<Arc<Api>> {
    get(move |caller, query| list(kind, caller, query)).post(move |caller, body| create(kind, caller, body))
}

fn resource(kind: EventKind) -> MethodRouter<Arc<Api>> {
    get(move |caller, id, headers| read_one(kind, caller, id, headers))
        .put(move |caller, id, headers, body| change(kind, true, caller, id, headers, body))
        .patch(move |caller, id, headers, body| change(kind, false, caller, id, headers, body))
        .delete(move |caller, id, headers| delete(kind, caller, id, headers))
}

async fn list(kind: EventKind, caller: Caller, query: Query) -> Answer {
    let page = query.page();
    let times = |name| query.parsed(name, |text| parse_time(text).ok_or_else(|| "Enter a valid date/time.".to_owned()));
    let filter = EventFilter {
        names: query.all("name").map(str::to_owned).collect(),
        statuses: query.parsed("status", |text| kind.parse_status(text))?,
        providers: query.parsed("provider_id", str::parse)?,
        internal_tickets: query.all("internal_ticket").map(str::to_owned).collect(),
        acknowledged: query.get("acknowledged").and_then(|text| text.to_ascii_lowercase().parse().ok()),
        start_until: times("start__lte")?.first().copied(),
        end_from: times("end__gte")?.first().copied(),
        q: query.get("q").unwrap_or_default().to_owned(),
    };
    let list = caller.app().event_list(kind, &filter, page.offset, page.limit).await?;
    let results = list.events.iter().map(|view| event(caller.base(), view)).collect();
    Ok(axum::Json(query.list(caller.base(), page, list.count, results)).into_response())
}

fn version(view: &EventView) -> u64 {
    view.stored.event.revision.version
}

async fn create(kind: EventKind, caller: Caller, Body(body): Body) -> Answer {
    let input = EventInput::read(kind, &body, true)?;
    let actor = caller.actor(&input.message);
    let changes = input.resolve(caller.app()).await?;
    let view = caller.app().event_create(&actor, kind, changes).await?;
    Ok(created(&event(caller.base(), &view), version(&view)))
}

async fn read_one(kind: EventKind, caller: Caller, Path(id): Id, headers: HeaderMap) -> Answer {
    let view = caller.app().event(kind, found(kind, id)?).await?;
    Ok(read(&headers, &event(caller.base(), &view), version(&view)))
}

async fn change(
    kind: EventKind,
    whole: bool,
    caller: Caller,
    Path(id): Id,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    let input = EventInput::read(kind, &body, whole)?;
    let actor = caller.actor(&input.message);
    let changes = input.resolve(caller.app()).await?;
    let view = caller.app().event_change(&actor, kind, found(kind, id)?, changes, precondition(&headers)?).await?;
    Ok(changed(&event(caller.base(), &view), version(&view)))
}

async fn delete(kind: EventKind, caller: Caller, Path(id): Id, headers: HeaderMap) -> Answer {
    caller.app().event_delete(&caller.actor(""), kind, found(kind, id)?, precondition(&headers)?).await?;
    Ok(deleted())
}

/// The timeline of an event, newest first; also of one that is deleted. `next` carries on where a page ends.
async fn timeline(kind: EventKind, caller: Caller, Path(id): Id, query: Query) -> Answer {
    let id = found(kind, id)?;
    let page = query.page();
    let before = query.parsed("before", str::parse::<ChangeId>)?.first().copied();
    let changes = caller.app().event_changes(id, before, page.limit).await?;
    // An id names one event, whatever its kind.
    let mut events = changes.changes.iter().filter_map(|change| EventKind::of(change.object.kind));
    if events.any(|found| found != kind) {
        return Err(not_found(kind).into());
    }
    if changes.changes.is_empty() && before.is_none() {
        // Nothing on record yet: an event that was just made, or none at all.
        caller.app().event(kind, id).await?;
    }
    let results: Vec<Value> = changes.changes.iter().map(|change| timeline_entry(&timeline::entry(change))).collect();
    let path = format!("{}/api/plugins/notices/{}/{id}/timeline/", caller.base(), kind.as_str());
    let next = changes.next.map(|next| format!("{path}?limit={}&before={next}", page.limit));
    Ok(axum::Json(json!({"next": next, "results": results})).into_response())
}

type Id = Path<String>;

/// An id that is not one names nothing.
fn found(kind: EventKind, id: String) -> Result<EventId, noticeboard_domain::Error> {
    id.parse().map_err(|_| not_found(kind))
}

fn not_found(kind: EventKind) -> noticeboard_domain::Error {
    let what = match kind {
        EventKind::Maintenance => "Maintenance",
        EventKind::Outage => "Outage",
    };
    noticeboard_domain::Error::NotFound { what }
}
