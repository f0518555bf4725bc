//! `/api/plugins/notices/maintenance/` and `/outage/`: events, their quick actions and their timelines; and
//! `/api/plugins/maintenance/`, the predecessor's paths.
//!
//! **Must not know**: the table, and the rules of events; both are `noticeboard-app`'s.

mod predecessor;

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{MethodRouter, get, post};
use noticeboard_app::{Action, Children, EventView};
use noticeboard_domain::event::EventKind;
use noticeboard_domain::ids::{ChangeId, EventId};
use noticeboard_domain::timeline;
use noticeboard_http::wire::event::{
    EventBody, SEARCHED, TimelineBody, event, filters, read as read_event, timeline_entry,
};
use noticeboard_http::{
    Answer, Api, ApiError, Body, Caller, Note, Object, Payload, Query, Shape, Shown, bulk, changed, created, deleted,
    json, precondition, read,
};
use serde_json::{Map, Value};

/// The routes of this function.
pub fn router(api: Arc<Api>) -> Router {
    let mut router = Router::new();
    for kind in EventKind::ALL {
        let base = format!("/api/plugins/notices/{}/", kind.as_str());
        router = router
            .route(&base, collection(kind))
            .route(&format!("{base}{{id}}/"), resource(kind))
            .route(&format!("{base}{{id}}/timeline/"), get(move |caller, id, query| timeline(kind, caller, id, query)));
        let actions: &[Action] = match kind {
            EventKind::Maintenance => &Action::ALL,
            EventKind::Outage => &[Action::Acknowledge],
        };
        for action in actions {
            let path = format!("{base}{{id}}/{}/", action.as_str());
            let act = move |caller, id, headers, note| act(kind, *action, caller, id, headers, note);
            router = router.route(&path, post(act));
        }
    }
    router
        .route("/api/plugins/notices/maintenance/{id}/reschedule/", post(reschedule))
        .merge(predecessor::router())
        .with_state(api)
}

fn collection(kind: EventKind) -> MethodRouter<Arc<Api>> {
    get(move |caller, query| list(kind, caller, query))
        .post(move |caller, query, body| create(kind, caller, query, body))
        .put(move |caller, query, body| change_many(kind, true, caller, query, body))
        .patch(move |caller, query, body| change_many(kind, false, caller, query, body))
        .delete(move |caller, body| delete_many(kind, caller, body))
}

fn resource(kind: EventKind) -> MethodRouter<Arc<Api>> {
    get(move |caller, id, query, headers| read_one(kind, caller, id, query, headers))
        .put(move |caller, id, query, headers, body| change(kind, true, caller, id, query, headers, body))
        .patch(move |caller, id, query, headers, body| change(kind, false, caller, id, query, headers, body))
        .delete(move |caller, id, headers, note| delete(kind, caller, id, headers, note))
}

fn show(caller: &Caller, view: EventView) -> Object<EventBody> {
    event(caller.base(), view)
}

async fn list(kind: EventKind, caller: Caller, query: Query) -> Answer {
    let (listing, shape) = (query.listing(filters(kind), SEARCHED)?, query.shape());
    let children = Children { impacts: shape.names("impacts"), notifications: shape.names("notifications") };
    let page = listing.page;
    let list = caller.app().event_list(kind, listing, children).await?;
    let list = list.map(|view| Shown { object: show(&caller, view).body, shape: &shape });
    query.answer(caller.base(), page, list)
}

async fn create(kind: EventKind, caller: Caller, query: Query, payload: Payload) -> Answer {
    let shape = query.shape();
    match payload {
        Payload::One(body) => {
            let input = read_event(kind, &body, true);
            let view = caller.app().event_create(&caller.actor(""), kind, input).await?;
            created(&show(&caller, view), &shape)
        }
        Payload::Many(values) => {
            let inputs = bulk::inputs(values, |body| read_event(kind, body, true));
            let views = caller.app().event_create_many(&caller.actor(""), kind, inputs).await?;
            answer_many(&caller, StatusCode::CREATED, &query, views)
        }
    }
}

fn answer_many(caller: &Caller, status: StatusCode, query: &Query, views: Vec<EventView>) -> Answer {
    let shape = query.shape();
    let shown: Vec<_> =
        views.into_iter().map(|view| Shown { object: show(caller, view).body, shape: &shape }).collect();
    json(status, &shown)
}

async fn change_many(kind: EventKind, whole: bool, caller: Caller, query: Query, payload: Payload) -> Answer {
    let read = |body: &Map<String, Value>| Ok((bulk::id::<EventId>(body)?, read_event(kind, body, whole)));
    let inputs = bulk::elements(bulk::list(payload)?, read).map_err(ApiError::first)?;
    let views = caller.app().event_change_many(&caller.actor(""), kind, inputs).await;
    let views = views.map_err(|error| ApiError::from(error).first())?;
    answer_many(&caller, StatusCode::OK, &query, views)
}

async fn delete_many(kind: EventKind, caller: Caller, payload: Payload) -> Answer {
    let ids: Vec<(EventId, String)> = bulk::ids(bulk::list(payload)?)?;
    caller.app().event_delete_many(&caller.actor(""), kind, &ids).await?;
    Ok(deleted())
}

async fn read_one(kind: EventKind, caller: Caller, Path(id): Id, query: Query, headers: HeaderMap) -> Answer {
    let view = caller.app().event(kind, found(kind, id)?).await?;
    read(&headers, &show(&caller, view), &query.shape())
}

async fn change(
    kind: EventKind,
    whole: bool,
    caller: Caller,
    Path(id): Id,
    query: Query,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    let input = read_event(kind, &body, whole);
    let (actor, id) = (caller.actor(""), found(kind, id)?);
    let view = caller.app().event_change(&actor, kind, id, input, &precondition(&headers)?).await?;
    changed(&show(&caller, view), &query.shape())
}

async fn delete(kind: EventKind, caller: Caller, Path(id): Id, headers: HeaderMap, Note(note): Note) -> Answer {
    caller.app().event_delete(&caller.actor(&note), kind, found(kind, id)?, &precondition(&headers)?).await?;
    Ok(deleted())
}

async fn act(
    kind: EventKind,
    action: Action,
    caller: Caller,
    Path(id): Id,
    headers: HeaderMap,
    Note(note): Note,
) -> Answer {
    let (actor, id) = (caller.actor(&note), found(kind, id)?);
    let view = caller.app().event_act(&actor, kind, id, action, &precondition(&headers)?).await?;
    changed(&show(&caller, view), &Shape::default())
}

/// Makes the maintenance that replaces this one, of its values and those that the body gives.
async fn reschedule(caller: Caller, Path(id): Id, headers: HeaderMap, Body(body): Body) -> Answer {
    let kind = EventKind::Maintenance;
    let input = read_event(kind, &body, false);
    let (actor, id) = (caller.actor(""), found(kind, id)?);
    let view = caller.app().event_reschedule(&actor, id, input, &precondition(&headers)?).await?;
    created(&show(&caller, view), &Shape::default())
}

/// The timeline of an event, newest first; also of one that is deleted. `next` carries on where a page ends.
async fn timeline(kind: EventKind, caller: Caller, Path(id): Id, query: Query) -> Answer {
    let id = found(kind, id)?;
    let limit = query.limit();
    let before = query.parsed("before", str::parse::<ChangeId>)?.first().copied();
    let changes = caller.app().event_changes(kind, id, before, limit).await?;
    let results = changes.changes.iter().map(|change| timeline_entry(timeline::entry(change))).collect();
    let path = format!("{}/api/plugins/notices/{}/{id}/timeline/", caller.base(), kind.as_str());
    let next = changes.next.map(|next| format!("{path}?limit={limit}&before={next}"));
    json(StatusCode::OK, &TimelineBody { next, results })
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
