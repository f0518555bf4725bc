//! Journal entries, in NetBox's shape.

use noticeboard_app::{Input, JournalEntryView, Refs};
use noticeboard_domain::fields::free_text;
use noticeboard_domain::filter::{Kind, Parameter};
use noticeboard_domain::impact::TargetPart;
use noticeboard_domain::journal_entry::{JournalEntryChanges, JournalKind};
use noticeboard_domain::object::ObjectType;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::tag::NestedTag;
use super::{Choice, User, time};
use crate::answer::Object;
use crate::input::Fields;
use crate::query::Wire;

/// The fields that `q` searches.
pub const SEARCHED: &[&str] = &["comments"];

/// Filters of journal entries.
pub const FILTERS: &[Parameter] = &[
    ("id", Kind::Number),
    ("assigned_object_type", Kind::ObjectType),
    ("assigned_object_type_id", Kind::Number),
    ("assigned_object_id", Kind::Number),
    ("kind", Kind::Choice(|text| JournalKind::parse(text).is_ok())),
    ("created_by", Kind::Text),
    ("comments", Kind::Text),
    ("tag", Kind::Slugs),
    ("tag_id", Kind::Ids),
    ("created", Kind::Time),
    ("last_updated", Kind::Time),
    ("created_by_request", Kind::Uuid),
    ("updated_by_request", Kind::Uuid),
    ("modified_by_request", Kind::Uuid),
];

/// Reads what a client sends for a journal entry, with what is wrong with it. With `whole`, every required field must be
/// there.
pub fn read(body: &Map<String, Value>, whole: bool) -> Input<JournalEntryChanges> {
    let mut fields = Fields::new(body);
    let not_blank = |text: &str| {
        if text.trim().is_empty() {
            return Err("This field may not be blank.".to_owned());
        }
        free_text(text)
    };
    let refs = Refs { provider: None, tags: fields.tags() };
    let assigned_object =
        TargetPart { kind: fields.content_type("assigned_object_type"), id: fields.id("assigned_object_id") };
    let changes = JournalEntryChanges {
        assigned_object,
        kind: fields.choice("kind", JournalKind::parse),
        comments: fields.text("comments", not_blank),
        tags: None,
        custom_fields: fields.custom_fields(),
    };
    let note = fields.message();
    if whole {
        fields.errors.add_missing(&changes.missing());
    }
    Input { changes, refs, wrong: fields.errors, note }
}

/// What a journal entry is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignedObject {
    #[schema(minimum = 1)]
    id: u64,
    /// None for types without a resource of their own.
    url: Option<String>,
    display: String,
}

/// A journal entry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JournalEntry)]
pub struct JournalEntryBody {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    display: String,
    assigned_object_type: &'static str,
    #[schema(minimum = 1)]
    assigned_object_id: u64,
    /// None when it was deleted.
    assigned_object: Option<AssignedObject>,
    #[schema(format = DateTime)]
    created: String,
    created_by: User,
    kind: Choice,
    comments: String,
    tags: Vec<NestedTag>,
    #[schema(value_type = Object)]
    custom_fields: Map<String, Value>,
    #[schema(format = DateTime)]
    last_updated: String,
}

impl Wire for JournalEntryBody {
    const BRIEF: &'static [&'static str] = &["id", "url", "display", "created"];
}

/// A journal entry, as the API gives it.
pub fn journal_entry(base: &str, view: JournalEntryView) -> Object<JournalEntryBody> {
    let (display, entry) = (view.entry.display(), view.entry);
    let (url, about) = (super::address(base, ObjectType::JournalEntry, entry.id.get()), entry.assigned_object);
    let assigned_object = view.object_display.map(|display| AssignedObject {
        id: about.id.get(),
        url: super::url(base, about.kind, about.id.get()),
        display,
    });
    let body = JournalEntryBody {
        id: entry.id.get(),
        url: url.clone(),
        display,
        assigned_object_type: about.kind.as_str(),
        assigned_object_id: about.id.get(),
        assigned_object,
        created: time(entry.revision.created),
        created_by: User::named(&entry.created_by),
        kind: Choice { value: entry.kind.as_str(), label: entry.kind.label() },
        comments: entry.comments,
        tags: super::tag::nested(base, &view.tags),
        custom_fields: entry.custom_fields,
        last_updated: time(entry.revision.last_updated),
    };
    Object { body, url, version: entry.revision.version }
}
