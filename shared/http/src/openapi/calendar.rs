//! The calendar feed and single events as files, in the published document.

use noticeboard_domain::event::EventKind;
use noticeboard_domain::status::ImpactLevel;
use serde_json::{Value, json};

use super::operation::{Method, Operation, Refused, answer, empty};
use super::requests;
use super::resources::{created, id};
use Method::Get;

/// Both addresses of the feed, and the files.
pub(super) fn operations() -> Vec<Operation> {
    let feeds = [feed("/api/plugins/notices/ical/"), feed(FEED)];
    feeds.into_iter().chain(event_files()).collect()
}

/// The address of the feed outside of the API.
const FEED: &str = "/plugins/notices/ical/maintenances.ics";

fn query(name: &str, description: &str, schema: Value) -> Value {
    json!({"name": name, "in": "query", "description": description, "schema": schema})
}

/// How calendars look.
fn looks() -> [Value; 2] {
    let minutes = json!({"type": "integer", "minimum": 1, "maximum": 40320});
    [
        query("tz", "The zone in which people are told times, by its IANA name.", json!({"type": "string"})),
        query("alarm", "Remind so many minutes before the start.", minutes),
    ]
}

fn feed(path: &str) -> Operation {
    let text = json!({"type": "string"});
    let plain = |description: &str| answer(description, "text/plain; charset=utf-8", &text, &[]);
    let caching = ["ETag", "Last-Modified", "Cache-Control"];
    let calendar = answer(
        "The calendar (RFC 5545).",
        "text/calendar; charset=utf-8",
        &text,
        &["ETag-OfOne", "Last-Modified", "Cache-Control", "Content-Disposition"],
    );
    let peer = path == FEED;
    let (kinds, provider, ahead) = if peer {
        ("Only this kind; maintenances unless given.", "Only this provider's: its slug.", "without an end")
    } else {
        ("Only this kind; both unless given.", "Only this provider's: its id or slug.", "90 days")
    };
    let (past, future) = if peer { ("past_days", "future_days") } else { ("days_past", "days_future") };
    let days = json!({"type": "integer"});
    let ahead = format!("How far ahead events may begin: 0 to 365 days; {ahead} unless it is one of these.");
    let statuses = "Only these, with commas between them; all unless one of them is known.";
    let acknowledged = "Only those of which someone has taken note, or nobody; anything else is as good as nothing.";
    let own = [
        query(
            past,
            "How long ago events may have ended: 0 to 365 days; 30 days unless it is one of these.",
            days.clone(),
        ),
        query(future, &ahead, days),
        query("kind", kinds, json!({"type": "string", "enum": ["maintenance", "outage", "all"]})),
        query("provider", provider, text.clone()),
        query("provider_id", "Only this provider's: its id.", requests::id()),
        query("status", statuses, text.clone()),
        query("object", "Only what hits this object: its type and id, `circuits.circuit:7`.", text.clone()),
        query(
            "site",
            "Only what hits something at this site: its slug. Also `site_id`, and `region`, `site_group` and \
                       `location` with theirs.",
            text.clone(),
        ),
        query("tag", "Only what has this tag: its slug. Repeated, all of them.", text.clone()),
        query("min_impact", "Only what hits some object at least so hard.", impact_levels()),
        query("acknowledged", acknowledged, text.clone()),
        query(
            "download",
            "A file to keep, without validators.",
            json!({"type": "string", "enum": ["true", "1", "yes"]}),
        ),
    ];
    let operation =
        Operation::new(Get, path, &id(path, "retrieve"), "calendar", "Events as a calendar to subscribe to")
            .security(json!([{"token": []}, {"feedToken": []}]));
    own.into_iter()
        .chain(looks())
        .fold(operation, Operation::own_parameter)
        .parameters(&["ifNoneMatch", "ifModifiedSince"])
        .answer(200, created(&calendar))
        .answer(304, empty("The caller's copy is the present one.", &caching))
        .answer(400, plain("A value is not valid, or the calendar is larger than 6 MB: it is not cut."))
        .answer(403, plain("No token, or one that may not read this."))
        .refused(&[Refused::Unavailable])
}

fn impact_levels() -> Value {
    json!({"type": "string", "enum": ImpactLevel::ALL.iter().map(|level| level.as_str()).collect::<Vec<_>>()})
}

/// One event as a file.
fn event_files() -> [Operation; 2] {
    EventKind::ALL.map(|kind| {
        let path = format!("/api/plugins/notices/{}/{{id}}/ical/", kind.as_str());
        let text = json!({"type": "string"});
        let media = "text/calendar; charset=utf-8; method=PUBLISH";
        let headers = ["ETag", "Cache-Control", "Content-Disposition"];
        let name = kind.as_str();
        let summary = format!("One {name} as a calendar file, to keep or to attach to a mail");
        let operation = Operation::new(Get, &path, &id(&path, "retrieve"), "calendar", &summary)
            .security(json!([{"token": []}, {"feedToken": []}]));
        looks()
            .into_iter()
            .fold(operation, Operation::own_parameter)
            .parameter("ifNoneMatch")
            .answer(200, answer("The event (RFC 5545, with `METHOD:PUBLISH`).", media, &text, &headers))
            .answer(304, empty("The caller's copy is the present one.", &["ETag", "Cache-Control"]))
            .answer(403, answer("No token, or one that may not read this.", "text/plain; charset=utf-8", &text, &[]))
            .refused(&[Refused::BadRequest, Refused::NotFound, Refused::Unavailable])
    })
}
