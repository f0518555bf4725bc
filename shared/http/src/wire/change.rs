//! Changes, in the shape of NetBox's object changes.

use noticeboard_domain::change::{Action, Change};
use serde_json::{Value, json};

use super::{time, url};

/// A change.
pub fn change(base: &str, change: &Change) -> Value {
    let actor = &change.stamp.actor;
    let action = match change.action {
        Action::Create => ("create", "Created"),
        Action::Update => ("update", "Updated"),
        Action::Delete => ("delete", "Deleted"),
    };
    let object_url = url(base, change.object.kind, change.object.id.get());
    let object = (change.action != Action::Delete)
        .then(|| json!({"id": change.object.id, "url": object_url, "display": change.display}));
    json!({
        "id": change.stamp.id,
        "url": format!("{base}/api/core/object-changes/{}/", change.stamp.id),
        "display_url": null,
        "display": format!("{} {} {}", change.object.kind, change.display, action.1.to_lowercase()),
        "time": time(change.stamp.at),
        "user": {"display": actor.user, "username": actor.user},
        "user_name": actor.user,
        "request_id": actor.request_id,
        "action": {"value": action.0, "label": action.1},
        "changed_object_type": change.object.kind.as_str(),
        "changed_object_id": change.object.id,
        "changed_object": object,
        "object_repr": change.display,
        "message": actor.message,
        "prechange_data": change.before,
        "postchange_data": change.after,
        "change_context": actor.origin.as_str(),
        "change_context_detail": actor.detail,
        "version": change.version,
    })
}
