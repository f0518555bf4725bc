//! One message: CloudEvents 1.0 in its JSON form, with the payload of the Nautobot contract as `data`.

use noticeboard_domain::change::Change;
use noticeboard_domain::time::rfc3339;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A message about one change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloudEvent {
    /// Always `1.0`.
    pub specversion: String,
    /// `<object>:<version>`: the same for every delivery of the same change.
    pub id: String,
    /// Where it comes from.
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
    /// Where the object can be read, in place of `data` that is too large to send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataref: Option<String>,
    /// `context`, `prechange`, `postchange`, `differences`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Map<String, Value>>,
}

/// Where the messages come from, as CloudEvents wants to know it.
const SOURCE: &str = "/noticeboard";

impl CloudEvent {
    /// The message of a change.
    pub fn of(change: &Change) -> Self {
        let stamp = &change.stamp;
        let (app, model) = (change.object.kind.app_label(), change.object.kind.model());
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
            "differences": change.differences(),
        });
        let data = match data {
            Value::Object(data) => Some(data),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
        };
        let partition = change.event.map_or_else(|| change.object.to_string(), |event| format!("event:{event}"));
        Self {
            specversion: "1.0".into(),
            id: change.key(),
            source: SOURCE.into(),
            topic: format!("noticeboard.{}.{app}.{model}", change.action.as_str()),
            subject: change.object.to_string(),
            time: rfc3339(stamp.at),
            datacontenttype: "application/json".into(),
            partitionkey: partition,
            sequence: format!("{:010}", change.version),
            dataref: None,
            data,
        }
    }

    /// The message without its payload, naming where the object can be read instead.
    pub fn thin(&self) -> Self {
        let (kind, id) = self.subject.split_once(':').unwrap_or((&self.subject, ""));
        let dataref = format!("/api/core/object-changes/?changed_object_type={kind}&changed_object_id={id}");
        Self { data: None, dataref: Some(dataref), ..self.clone() }
    }

    /// The message as JSON of at most `limit` bytes: whole, or thin where the whole is larger.
    ///
    /// # Errors
    /// When even the thin one is larger.
    pub fn within(&self, limit: usize) -> Result<String, String> {
        let encode = |event: &Self| serde_json::to_string(event).map_err(|error| error.to_string());
        let whole = encode(self)?;
        let text = if whole.len() <= limit { whole } else { encode(&self.thin())? };
        if text.len() <= limit { Ok(text) } else { Err(format!("{} does not fit {limit} bytes", self.id)) }
    }

    /// A field of the object after the change, or before it where it is gone, as text.
    pub fn field(&self, name: &str) -> Option<String> {
        let data = self.data.as_ref()?;
        let object = ["postchange", "prechange"].into_iter().find_map(|key| data.get(key)?.as_object())?;
        match object.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use noticeboard_domain::change::{Action, Actor, ChangeStamp, Origin};
    use noticeboard_domain::object::{ObjectRef, ObjectType};

    use super::*;

    fn change(before: Value, after: Value) -> Change {
        let actor = Actor {
            user: "noc".into(),
            request_id: "r".into(),
            origin: Origin::Job,
            detail: "Mail a@b".into(),
            message: String::new(),
        };
        Change {
            action: if before.is_null() { Action::Create } else { Action::Update },
            object: ObjectRef { kind: ObjectType::Outage, id: 7.try_into().unwrap() },
            version: 3,
            display: "O-1".into(),
            event: 7.try_into().ok(),
            stamp: ChangeStamp { id: 9.try_into().unwrap(), at: chrono::DateTime::UNIX_EPOCH, actor },
            before: before.as_object().cloned(),
            after: after.as_object().cloned(),
        }
    }

    #[test]
    fn a_change_is_told_as_the_contract_says() {
        let event =
            CloudEvent::of(&change(json!({"status": "REPORTED", "x": 1}), json!({"status": "RESOLVED", "x": 1})));
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
        assert_eq!(event.field("status").as_deref(), Some("RESOLVED"));
    }

    #[test]
    fn a_message_that_is_too_large_goes_without_its_payload_and_is_never_cut() {
        let event = CloudEvent::of(&change(Value::Null, json!({"comments": "x".repeat(10_000)})));
        let whole = serde_json::to_string(&event).unwrap();
        assert_eq!(event.within(whole.len()).unwrap(), whole);
        let thin: Value = serde_json::from_str(&event.within(whole.len() - 1).unwrap()).unwrap();
        assert_eq!(thin["id"], event.id);
        assert_eq!(thin.get("data"), None);
        assert_eq!(thin["dataref"], "/api/core/object-changes/?changed_object_type=notices.outage&changed_object_id=7");
        assert!(event.within(100).is_err());
    }

    #[test]
    fn a_creation_removes_nothing() {
        let event = CloudEvent::of(&change(Value::Null, json!({"status": "REPORTED"})));
        let data = event.data.unwrap();
        assert_eq!(data["prechange"], Value::Null);
        assert_eq!(data["differences"], json!({"added": {"status": "REPORTED"}, "removed": null}));
    }
}
