//! Changes, in the shape of NetBox's object changes.

use noticeboard_domain::change::{Action, Change};
use noticeboard_domain::filter::{Kind, Parameter};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Choice, User, time};
use crate::query::Wire;

/// The fields that `q` searches.
pub const SEARCHED: &[&str] = &["user_name", "object_repr"];

/// Filters of changes (reference netbox-notices, section 2: Neighbouring NetBox endpoints).
pub const FILTERS: &[Parameter] = &[
    ("id", Kind::Number),
    ("time", Kind::Time),
    ("user", Kind::Text),
    ("user_name", Kind::Text),
    ("request_id", Kind::Uuid),
    ("action", Kind::Choice(|text| Action::ALL.iter().any(|action| action.as_str() == text))),
    ("changed_object_type", Kind::ObjectType),
    ("changed_object_type_id", Kind::Number),
    ("changed_object_id", Kind::Number),
    ("related_object_type", Kind::ObjectType),
    ("related_object_type_id", Kind::Number),
    ("related_object_id", Kind::Number),
    ("object_repr", Kind::Text),
    ("message", Kind::Text),
];

/// Other names of the bounds of a time.
pub const RENAMED: &[(&str, &str)] = &[("time_after", "time__gte"), ("time_before", "time__lte")];

/// The object of a change, while it is there.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedObject {
    #[schema(minimum = 1)]
    id: u64,
    /// None for types without a resource of their own.
    url: Option<String>,
    display: String,
}

/// A change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ObjectChange)]
pub struct ChangeBody {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    display_url: Option<String>,
    display: String,
    #[schema(format = DateTime)]
    time: String,
    user: User,
    user_name: String,
    request_id: String,
    action: Choice,
    changed_object_type: &'static str,
    #[schema(minimum = 1)]
    changed_object_id: u64,
    /// None for a deletion.
    changed_object: Option<ChangedObject>,
    object_repr: String,
    message: String,
    #[schema(value_type = Option<Object>)]
    prechange_data: Option<Map<String, Value>>,
    #[schema(value_type = Option<Object>)]
    postchange_data: Option<Map<String, Value>>,
    /// Beyond NetBox: `Web`, `Job`, …
    change_context: &'static str,
    /// Beyond NetBox: `API POST /…`, `Mail <message-id>`.
    change_context_detail: String,
    /// Beyond NetBox: the object's version after the change.
    version: u64,
}

impl Wire for ChangeBody {
    const BRIEF: &'static [&'static str] = &[
        "id",
        "url",
        "display",
        "time",
        "user_name",
        "action",
        "changed_object_type",
        "changed_object_id",
        "object_repr",
    ];
}

/// A change, as the API gives it.
pub fn change(base: &str, change: Change) -> ChangeBody {
    let (object, actor) = (change.object, change.stamp.actor);
    let changed_object = (change.action != Action::Delete).then(|| ChangedObject {
        id: object.id.get(),
        url: super::url(base, object.kind, object.id.get()),
        display: change.display.clone(),
    });
    ChangeBody {
        id: change.stamp.id.get(),
        url: format!("{base}/api/core/object-changes/{}/", change.stamp.id),
        display_url: None,
        display: format!("{} {} {}", object.kind, change.display, change.action.label().to_lowercase()),
        time: time(change.stamp.at),
        user: User::named(&actor.user),
        user_name: actor.user,
        request_id: actor.request_id,
        action: Choice { value: change.action.as_str(), label: change.action.label() },
        changed_object_type: object.kind.as_str(),
        changed_object_id: object.id.get(),
        changed_object,
        object_repr: change.display,
        message: actor.message,
        prechange_data: change.before,
        postchange_data: change.after,
        change_context: actor.origin.as_str(),
        change_context_detail: actor.detail,
        version: change.version,
    }
}
