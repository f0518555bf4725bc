//! The messages: CloudEvents 1.0 in its JSON form, with the payload of the Nautobot contract as `data`.

use noticeboard_domain::change::{Action, Change};
use noticeboard_domain::event::EventKind;
use noticeboard_domain::job::Job;
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::review::ReviewItem;
use noticeboard_domain::time::{Time, rfc3339};
use noticeboard_domain::token::Token;
use noticeboard_domain::told::Told;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A message about one thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloudEvent {
    /// Always `1.0`.
    pub specversion: String,
    /// `<object>:<version>`: the same for every delivery of the same message.
    pub id: String,
    /// Where it comes from: the public address of this installation (`NOTICEBOARD_BASE_URL`), where it is known.
    pub source: String,
    /// The topic: `noticeboard.update.notices.maintenance`.
    #[serde(rename = "type")]
    pub topic: String,
    /// The object: `notices.maintenance:42`.
    pub subject: String,
    /// When it happened, RFC 3339.
    pub time: String,
    /// Media type of `data`.
    pub datacontenttype: String,
    /// The event that the object belongs to, else the object: what must stay in order stays together.
    pub partitionkey: String,
    /// The object's version, padded so that text order is its order.
    pub sequence: String,
    /// Where what is told can be read, also where `data` is too large to be sent; a path where the public address is not
    /// known.
    pub dataref: String,
    /// What receivers choose by, also where `data` is too large to be sent.
    #[serde(flatten)]
    pub about: About,
    /// The payload of the topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Map<String, Value>>,
}

/// What a message is about, in a few words: extension attributes of the CloudEvent, and attributes of an SNS message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// `maintenance` or `outage`: of the event, or of that which an impact or a received mail belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The object's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The id of the provider that the object names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// How hard an impact hits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<String>,
}

impl About {
    /// A longer text is nothing to choose by.
    const MAX_BYTES: usize = 100;

    /// Of an object after its change, or before it where it is gone.
    fn of(change: &Change) -> Self {
        let Some(object) = change.after.as_ref().or(change.before.as_ref()) else { return Self::default() };
        let text = |value: Option<&Value>| {
            let text = match value? {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
            };
            (!text.is_empty() && text.len() <= Self::MAX_BYTES).then_some(text)
        };
        let kind = match EventKind::of(change.object.kind) {
            Some(kind) => Some(kind.as_str().to_owned()),
            None => text(object.get("event").and_then(|event| event.get("kind"))),
        };
        // An event has a field of this name too: what its provider says of the impact, in its own words.
        let impact = if change.object.kind == ObjectType::Impact { text(object.get("impact")) } else { None };
        Self { kind, status: text(object.get("status")), provider: text(object.get("provider")), impact }
    }

    /// The names and values of those that there are.
    pub fn attributes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all =
            [("kind", &self.kind), ("status", &self.status), ("provider", &self.provider), ("impact", &self.impact)];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}

/// Where the messages come from where nobody says so.
const SOURCE: &str = "/noticeboard";

/// What the parts of one message's id and place are made of.
struct Subject {
    /// `notices.maintenance:42`.
    text: String,
    /// Rises with everything that is told of the subject.
    version: u64,
    /// What its messages stay in order with.
    partition: String,
    at: Time,
    dataref: String,
    about: About,
}

impl CloudEvent {
    /// The messages that tell one thing. The same thing is always the same messages.
    ///
    /// A change of an event's status, and of an outage's estimated time to repair, have topics of their own besides:
    /// nothing else is told there. A new event has changed its status from none; one that is deleted has none, and its
    /// deletion is told as that. `base` is the public address, without a slash at its end.
    pub fn of(told: &Told, base: Option<&str>) -> Vec<Self> {
        let mut events = match told {
            Told::Change(change) => of_change(change),
            Told::Token { action, token, at } => vec![of_token(*action, token, *at)],
            Told::Job(job) => vec![of_job(job)],
            Told::Decision(item) => of_decision(item).into_iter().collect(),
        };
        if let Some(base) = base {
            for event in &mut events {
                base.clone_into(&mut event.source);
                event.dataref.insert_str(0, base);
            }
        }
        events
    }

    fn new(topic: String, subject: Subject, aspect: &str, data: Value) -> Self {
        let Subject { text, version, partition, at, dataref, about } = subject;
        let data = match data {
            Value::Object(data) => Some(data),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
        };
        Self {
            specversion: "1.0".into(),
            id: format!("{text}:{version}{aspect}"),
            source: SOURCE.into(),
            topic,
            subject: text,
            time: rfc3339(at),
            datacontenttype: "application/json".into(),
            partitionkey: partition,
            sequence: format!("{version:010}"),
            dataref,
            about,
            data,
        }
    }

    /// The message without its payload: `dataref` says where to read what it tells.
    pub fn thin(&self) -> Self {
        Self { data: None, ..self.clone() }
    }

    /// The payload alone, or where to read it.
    pub fn bare(&self) -> Value {
        self.data.as_ref().map_or_else(|| json!({"dataref": self.dataref}), |data| Value::Object(data.clone()))
    }
}

fn of_change(change: &Change) -> Vec<CloudEvent> {
    let stamp = &change.stamp;
    let (app, model) = (change.object.kind.app_label(), change.object.kind.model());
    let differences = change.differences();
    let differs = |field: &str| {
        let value = differences.added.as_ref().and_then(|added| added.get(field));
        change.after.is_some() && value.is_some_and(|value| change.before.is_some() || !value.is_null())
    };
    let mut topics = vec![(format!("noticeboard.{}.{app}.{model}", change.action.as_str()), "")];
    if EventKind::of(change.object.kind).is_some() {
        topics.extend(differs("status").then(|| (format!("noticeboard.status.{model}"), ":status")));
        topics.extend(differs("estimated_time_to_repair").then(|| (format!("noticeboard.etr.{model}"), ":etr")));
    }
    let data = json!({
        "context": {
            "user_name": stamp.actor.user,
            "timestamp": rfc3339(stamp.at),
            "request_id": stamp.actor.request_id,
            "change_context": stamp.actor.origin.as_str(),
            "change_context_detail": stamp.actor.detail,
        },
        "prechange": change.before,
        "postchange": change.after,
        "differences": differences,
    });
    let subject = || Subject {
        text: change.object.to_string(),
        version: change.version,
        partition: change.event.map_or_else(|| change.object.to_string(), |event| format!("event:{event}")),
        at: stamp.at,
        dataref: format!("/api/core/object-changes/{}/", stamp.id),
        about: About::of(change),
    };
    topics.into_iter().map(|(topic, aspect)| CloudEvent::new(topic, subject(), aspect, data.clone())).collect()
}

/// Of a token all is told but what it is known by: neither its secret nor what it is looked up by.
fn of_token(action: Action, token: &Token, at: Time) -> CloudEvent {
    let terms = &token.terms;
    let data = json!({
        "data": {
            "object_type": "users.user",
            "display": token.user,
            "username": token.user,
            "action": action.as_str(),
            "token": {
                "id": token.id,
                "object_type": "users.token",
                "version": token.version.number(),
                "description": terms.description,
                "scope": terms.scope.as_str(),
                "enabled": terms.enabled,
                "expires": terms.expires.map(rfc3339),
                "allowed_ips": terms.allowed_ips.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "created": rfc3339(token.created),
            },
        },
    });
    let text = format!("users.token:{}", token.id);
    let subject = Subject {
        version: token.revision + u64::from(action == Action::Delete),
        partition: text.clone(),
        at,
        dataref: format!("/api/users/tokens/{}/", token.id),
        about: About::default(),
        text,
    };
    CloudEvent::new("noticeboard.admin.user.change_token".into(), subject, "", data)
}

fn of_job(job: &Job) -> CloudEvent {
    let mut data = json!({
        "job_result_id": job.id,
        "job_name": job.name.as_str(),
        "user_name": job.user_name,
        "job_kwargs": job.kwargs,
    });
    let (mut verb, mut at, mut version) = ("started", job.started, 1);
    if let Some(completed) = &job.completed {
        (verb, at, version) = ("completed", completed.at, 2);
        let failure = completed.failure.as_ref();
        data["job_output"] = json!(completed.output);
        data["einfo"] = json!(failure.map(|of| json!({"exc_type": of.kind, "exc_message": of.message})));
    }
    let text = format!("core.job:{}", job.id);
    let dataref = format!("/api/core/jobs/{}/", job.id);
    let about = About::default();
    let subject = Subject { version, partition: text.clone(), at, dataref, about, text };
    CloudEvent::new(format!("noticeboard.jobs.job.{verb}"), subject, "", data)
}

fn of_decision(item: &ReviewItem) -> Option<CloudEvent> {
    let decision = item.decision.as_ref()?;
    let dataref = format!("/api/plugins/notices/review/{}/", item.id);
    let data = json!({
        "data": {
            "id": item.id,
            "object_type": "notices.reviewitem",
            "display": item.subject,
            "url": dataref,
            "reason": item.reason.as_str(),
            "explanation": item.explanation,
            "subject": item.subject,
            "email_from": item.email_from,
            "email_received": rfc3339(item.email_received),
            "message_id": item.message_id,
            "decision": {
                "verdict": decision.verdict.as_str(),
                "at": rfc3339(decision.at),
                "by": decision.by,
                "events": decision.events,
            },
        },
    });
    let text = format!("notices.reviewitem:{}", item.id);
    let (version, partition, about) = (item.revision.version, text.clone(), About::default());
    let subject = Subject { version, partition, at: decision.at, dataref, about, text };
    let topic = format!("noticeboard.jobs.approval.{}", decision.verdict.as_str());
    Some(CloudEvent::new(topic, subject, "", data))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use noticeboard_domain::change::{Actor, ChangeStamp, Origin};
    use noticeboard_domain::object::ObjectRef;

    use super::*;
    use crate::Payload;

    fn change(before: Value, after: Value) -> Told {
        let actor = Actor {
            user: "noc".into(),
            request_id: "r".into(),
            origin: Origin::Job,
            detail: "Mail a@b".into(),
            message: String::new(),
        };
        let action = match (&before, &after) {
            (Value::Null, _) => Action::Create,
            (_, Value::Null) => Action::Delete,
            _ => Action::Update,
        };
        Told::Change(Box::new(Change {
            action,
            object: ObjectRef { kind: ObjectType::Outage, id: 7.try_into().unwrap() },
            version: 3,
            display: "O-1".into(),
            event: 7.try_into().ok(),
            stamp: ChangeStamp { id: 9.try_into().unwrap(), at: chrono::DateTime::UNIX_EPOCH, actor },
            before: before.as_object().cloned(),
            after: after.as_object().cloned(),
        }))
    }

    #[test]
    fn a_change_is_told_as_the_contract_says() {
        let told = change(json!({"status": "REPORTED", "x": 1}), json!({"status": "RESOLVED", "x": 1}));
        let [event, status] = CloudEvent::of(&told, None).try_into().unwrap();
        let expected = json!({
            "specversion": "1.0",
            "id": "notices.outage:7:3",
            "source": "/noticeboard",
            "type": "noticeboard.update.notices.outage",
            "subject": "notices.outage:7",
            "time": "1970-01-01T00:00:00Z",
            "datacontenttype": "application/json",
            "partitionkey": "event:7",
            "sequence": "0000000003",
            "dataref": "/api/core/object-changes/9/",
            "kind": "outage",
            "status": "RESOLVED",
            "data": {
                "context": {
                    "user_name": "noc",
                    "timestamp": "1970-01-01T00:00:00Z",
                    "request_id": "r",
                    "change_context": "Job",
                    "change_context_detail": "Mail a@b",
                },
                "prechange": {"status": "REPORTED", "x": 1},
                "postchange": {"status": "RESOLVED", "x": 1},
                "differences": {"added": {"status": "RESOLVED"}, "removed": {"status": "REPORTED"}},
            },
        });
        assert_eq!(serde_json::to_value(&event).unwrap(), expected);
        let id = "notices.outage:7:3:status".into();
        assert_eq!(status, CloudEvent { id, topic: "noticeboard.status.outage".into(), ..event });
        for event in CloudEvent::of(&told, Some("https://notices.example.net")) {
            assert_eq!(event.source, "https://notices.example.net");
            assert_eq!(event.dataref, "https://notices.example.net/api/core/object-changes/9/");
        }
    }

    #[test]
    fn a_message_that_is_too_large_goes_without_its_payload_and_is_never_cut() {
        let [event] =
            CloudEvent::of(&change(Value::Null, json!({"comments": "x".repeat(10_000)})), None).try_into().unwrap();
        let whole = serde_json::to_string(&event).unwrap();
        let within = |payload: Payload, limit| payload.within(&event, limit);
        assert_eq!(within(Payload::CloudEvent, whole.len()).unwrap(), whole);
        let thin: Value = serde_json::from_str(&within(Payload::CloudEvent, whole.len() - 1).unwrap()).unwrap();
        assert_eq!(thin["id"], event.id);
        assert_eq!(thin.get("data"), None);
        assert_eq!(thin["kind"], "outage", "receivers can still choose");
        assert_eq!(thin["dataref"], "/api/core/object-changes/9/");
        assert!(within(Payload::CloudEvent, 100).is_err());
        let bare = serde_json::to_string(&event.data).unwrap();
        assert_eq!(within(Payload::Bare, bare.len()).unwrap(), bare);
        assert_eq!(within(Payload::Bare, bare.len() - 1).unwrap(), r#"{"dataref":"/api/core/object-changes/9/"}"#);
    }

    #[track_caller]
    fn check_topics(before: Value, after: Value, expected: &[&str]) {
        let events = CloudEvent::of(&change(before, after), None);
        let topics: Vec<&str> = events.iter().map(|event| event.topic.as_str()).collect();
        assert_eq!(topics, expected);
    }

    #[test]
    fn a_status_and_an_etr_are_told_when_they_change_and_only_then() {
        const CREATE: &str = "noticeboard.create.notices.outage";
        const UPDATE: &str = "noticeboard.update.notices.outage";
        const DELETE: &str = "noticeboard.delete.notices.outage";
        const STATUS: &str = "noticeboard.status.outage";
        const ETR: &str = "noticeboard.etr.outage";
        let event = |status: &str, etr: Value| json!({"status": status, "estimated_time_to_repair": etr});
        let none = || event("REPORTED", Value::Null);
        check_topics(Value::Null, none(), &[CREATE, STATUS]);
        check_topics(Value::Null, event("REPORTED", json!("2026-12-01T00:00:00Z")), &[CREATE, STATUS, ETR]);
        check_topics(none(), json!({"status": "REPORTED", "estimated_time_to_repair": null, "x": 1}), &[UPDATE]);
        check_topics(none(), event("RESOLVED", Value::Null), &[UPDATE, STATUS]);
        check_topics(none(), event("REPORTED", json!("2026-12-01T00:00:00Z")), &[UPDATE, ETR]);
        check_topics(event("REPORTED", json!("2026-12-01T00:00:00Z")), none(), &[UPDATE, ETR]);
        check_topics(event("RESOLVED", Value::Null), Value::Null, &[DELETE]);
    }

    #[test]
    fn a_creation_removes_nothing() {
        let events = CloudEvent::of(&change(Value::Null, json!({"status": "REPORTED"})), None);
        let data = events[0].data.clone().unwrap();
        assert_eq!(data["prechange"], Value::Null);
        assert_eq!(data["differences"], json!({"added": {"status": "REPORTED"}, "removed": null}));
    }
}
