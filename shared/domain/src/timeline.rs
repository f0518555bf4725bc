//! The timeline of an event: its changes, told for people. A pure function of the changelog.

use serde_json::{Map, Value};

use crate::change::{Action, Change};
use crate::ids::ChangeId;
use crate::object::ObjectType;
use crate::status::{MaintenanceStatus, OutageStatus, Status};
use crate::time::Time;

/// What an entry is about (behaviours 45).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// The status changed.
    Status,
    /// An impact was added, changed or removed.
    Impact,
    /// A mail was received.
    Notification,
    /// It was acknowledged, or that was taken back.
    Acknowledgment,
    /// A time changed.
    Time,
    /// Anything else.
    Standard,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 6] =
        [Self::Status, Self::Impact, Self::Notification, Self::Acknowledgment, Self::Time, Self::Standard];

    /// The category's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Impact => "impact",
            Self::Notification => "notification",
            Self::Acknowledgment => "acknowledgment",
            Self::Time => "time",
            Self::Standard => "standard",
        }
    }
}

/// One entry of a timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The change that it tells.
    pub change: ChangeId,
    /// When.
    pub time: Time,
    /// Who; `System` when nobody is known.
    pub user: String,
    /// What it is about.
    pub category: Category,
    /// An icon's name.
    pub icon: &'static str,
    /// A colour's name.
    pub colour: &'static str,
    /// One line for people.
    pub title: String,
    /// The fields that changed, as `(field, old, new)`; `Not set` for an empty value.
    pub changes: Vec<(String, String, String)>,
}

/// The times that people plan by, with their names for people (behaviours 45 and 46).
const TIME_FIELDS: [(&str, &str); 3] =
    [("start", "Start"), ("end", "End"), ("estimated_time_to_repair", "Estimated time to repair")];

/// Fields that a person does not want to read about.
const HIDDEN: [&str; 2] = ["id", "kind"];

/// Tells one change.
pub fn entry(change: &Change) -> Entry {
    let differences = change.differences();
    let (added, removed) = (differences.added.unwrap_or_default(), differences.removed.unwrap_or_default());
    let changed = |field: &str| change.action == Action::Update && added.contains_key(field);
    let category = category(change.object.kind, &changed);
    let (icon, colour) = look(category, &added);
    let changes = match change.action {
        Action::Update => added
            .keys()
            .filter(|field| !HIDDEN.contains(&field.as_str()))
            .map(|field| (field.clone(), text(removed.get(field)), text(added.get(field))))
            .collect(),
        Action::Create | Action::Delete => Vec::new(),
    };
    let user = if change.stamp.actor.user.is_empty() { "System" } else { &change.stamp.actor.user };
    Entry {
        change: change.stamp.id,
        time: change.stamp.at,
        user: user.to_owned(),
        category,
        icon,
        colour,
        title: title(change, category, &added),
        changes,
    }
}

fn category(object: ObjectType, changed: &dyn Fn(&str) -> bool) -> Category {
    if object == ObjectType::Impact {
        Category::Impact
    } else if object == ObjectType::EventNotification {
        Category::Notification
    } else if changed("status") {
        Category::Status
    } else if TIME_FIELDS.iter().any(|(field, _)| changed(field)) {
        Category::Time
    } else if changed("acknowledged") {
        Category::Acknowledgment
    } else {
        Category::Standard
    }
}

fn look(category: Category, added: &Map<String, Value>) -> (&'static str, &'static str) {
    match category {
        Category::Status => {
            let status = added.get("status").and_then(Value::as_str).and_then(|value| {
                let maintenance = MaintenanceStatus::parse(value).map(Status::Maintenance);
                maintenance.or_else(|_| OutageStatus::parse(value).map(Status::Outage)).ok()
            });
            let cancelled = status == Some(Status::Maintenance(MaintenanceStatus::Cancelled));
            (if cancelled { "x-circle" } else { "check-circle" }, status.map_or("secondary", Status::colour))
        }
        Category::Impact => ("alert-triangle", "yellow"),
        Category::Notification => ("mail", "blue"),
        Category::Acknowledgment => ("check", "green"),
        Category::Time => ("clock", "orange"),
        Category::Standard => ("circle", "secondary"),
    }
}

fn title(change: &Change, category: Category, added: &Map<String, Value>) -> String {
    match (category, change.action) {
        (Category::Status, _) => format!("Status changed to {}", title_case(&text(added.get("status")))),
        (Category::Impact, Action::Create) => format!("Impact added: {}", change.display),
        (Category::Impact, Action::Update) => format!("Impact updated: {}", change.display),
        (Category::Impact, Action::Delete) => format!("Impact removed: {}", change.display),
        (Category::Notification, Action::Create) => {
            let subject = added.get("subject").and_then(Value::as_str).filter(|subject| !subject.is_empty());
            format!("Notification received: {}", subject.unwrap_or("Unknown"))
        }
        (Category::Notification, Action::Update) => format!("Notification updated: {}", change.display),
        (Category::Notification, Action::Delete) => format!("Notification removed: {}", change.display),
        (Category::Acknowledgment, _) => match added.get("acknowledged") {
            Some(Value::Bool(true)) => "Event acknowledged".to_owned(),
            _ => "Acknowledgment removed".to_owned(),
        },
        (Category::Time, _) => {
            let mut fields = TIME_FIELDS.iter().filter(|(field, _)| added.contains_key(*field));
            match (fields.next(), fields.next()) {
                (Some((_, label)), None) => format!("{label} updated"),
                _ => "Event times updated".to_owned(),
            }
        }
        (Category::Standard, action) => {
            format!("{} {}", change.object.kind.label(), action.label().to_lowercase())
        }
    }
}

/// `IN-PROCESS` becomes `In-Process`.
fn title_case(text: &str) -> String {
    let mut start = true;
    text.chars()
        .map(|c| {
            let shown = if start { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
            start = !c.is_alphanumeric();
            shown
        })
        .collect()
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "Not set".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "Not set".to_owned(),
        Some(Value::Array(all)) if all.is_empty() => "Not set".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            value.map(Value::to_string).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::tests::revision;
    use crate::object::ObjectRef;

    fn change(kind: ObjectType, before: Value, after: Value) -> Change {
        let fields = |value: Value| match value {
            Value::Object(fields) => Some(fields),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
        };
        let (before, after) = (fields(before), fields(after));
        let action = match (&before, &after) {
            (None, _) => Action::Create,
            (_, None) => Action::Delete,
            _ => Action::Update,
        };
        let object = ObjectRef { kind, id: 7.try_into().unwrap() };
        let display = "M-1 - IC-1".to_owned();
        Change { action, object, version: 2, display, event: None, stamp: revision().change, before, after }
    }

    #[track_caller]
    fn check(kind: ObjectType, before: Value, after: Value, expected: (&str, &str, &str, &str)) {
        let entry = entry(&change(kind, before, after));
        assert_eq!((entry.category.as_str(), entry.icon, entry.colour, entry.title.as_str()), expected);
    }

    #[test]
    fn entries_are_told_as_the_contract_says() {
        use ObjectType::{EventNotification as N, Impact as I, Maintenance as M, Outage as O};
        let none = Value::Null;
        check(
            M,
            none.clone(),
            json!({"status": "CONFIRMED"}),
            ("standard", "circle", "secondary", "Maintenance created"),
        );
        check(
            M,
            json!({"status": "CONFIRMED", "start": "a"}),
            json!({"status": "IN-PROCESS", "start": "b"}),
            ("status", "check-circle", "orange", "Status changed to In-Process"),
        );
        check(
            M,
            json!({"status": "CONFIRMED"}),
            json!({"status": "CANCELLED"}),
            ("status", "x-circle", "gray", "Status changed to Cancelled"),
        );
        check(
            O,
            json!({"estimated_time_to_repair": null, "acknowledged": false}),
            json!({"estimated_time_to_repair": "t", "acknowledged": true}),
            ("time", "clock", "orange", "Estimated time to repair updated"),
        );
        check(
            O,
            json!({"start": "a", "end": null}),
            json!({"start": "b", "end": "c"}),
            ("time", "clock", "orange", "Event times updated"),
        );
        let (off, on) = (json!({"acknowledged": false}), json!({"acknowledged": true}));
        check(M, off.clone(), on.clone(), ("acknowledgment", "check", "green", "Event acknowledged"));
        check(M, on, off, ("acknowledgment", "check", "green", "Acknowledgment removed"));
        check(I, json!({"id": 1}), none.clone(), ("impact", "alert-triangle", "yellow", "Impact removed: M-1 - IC-1"));
        check(N, none.clone(), json!({"subject": "Hi"}), ("notification", "mail", "blue", "Notification received: Hi"));
        check(N, none, json!({"subject": ""}), ("notification", "mail", "blue", "Notification received: Unknown"));
    }

    #[test]
    fn empty_values_are_not_set() {
        let entry = entry(&change(ObjectType::Outage, json!({"end": null}), json!({"end": "2026"})));
        assert_eq!(entry.changes, [("end".to_owned(), "Not set".to_owned(), "2026".to_owned())]);
    }
}
