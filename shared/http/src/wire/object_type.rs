//! Object types, in NetBox's shapes: the present one, and the older one of content types.

use noticeboard_domain::filter::{FieldValue, Filterable, Kind, Parameter};
use noticeboard_domain::journal_entry::has_journal;
use noticeboard_domain::object::ObjectType;
use serde::Serialize;
use utoipa::ToSchema;

use crate::query::Wire;

/// The fields that `q` searches.
pub const SEARCHED: &[&str] = &["app_label", "model"];

/// Filters of object types.
pub const FILTERS: &[Parameter] = &[("id", Kind::Number), ("app_label", Kind::Text), ("model", Kind::Text)];

/// An object type as a list's element.
#[derive(Debug, Clone, Copy)]
pub struct Listed(pub ObjectType);

impl Filterable for Listed {
    fn id(&self) -> u64 {
        self.0.number()
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        match name {
            "id" => FieldValue::id(self.0.number()),
            "app_label" => FieldValue::text(self.0.app_label()),
            "model" => FieldValue::text(self.0.model()),
            _ => FieldValue::None,
        }
    }
}

/// An object type (`/api/core/object-types/`, before NetBox 4.4 `/api/extras/object-types/`).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ObjectType)]
pub struct ObjectTypeBody {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    display: String,
    app_label: &'static str,
    app_name: &'static str,
    model: &'static str,
    model_name: String,
    model_name_plural: String,
    public: bool,
    features: Vec<&'static str>,
    is_plugin_model: bool,
    /// None for types without a resource of their own.
    rest_api_endpoint: Option<&'static str>,
    description: String,
}

impl Wire for ObjectTypeBody {
    const BRIEF: &'static [&'static str] = &["id", "url", "display", "app_label", "model"];
}

/// An object type, below `path`.
pub fn object_type(base: &str, path: &str, kind: ObjectType) -> ObjectTypeBody {
    let model_name = in_a_sentence(kind.label());
    let mut features = vec!["change_logging"];
    if has_journal(kind) {
        features.push("journaling");
    }
    if is_plugin(kind) || kind == ObjectType::JournalEntry {
        features.extend(["custom_fields", "tags"]);
    }
    features.sort_unstable();
    ObjectTypeBody {
        id: kind.number(),
        url: format!("{base}{path}{}/", kind.number()),
        display: display(kind),
        app_label: kind.app_label(),
        app_name: app_name(kind),
        model: kind.model(),
        model_name_plural: plural(&model_name),
        model_name,
        public: true,
        features,
        is_plugin_model: is_plugin(kind),
        rest_api_endpoint: super::path(kind),
        description: String::new(),
    }
}

/// A content type (`/api/extras/content-types/`, before NetBox 4.0).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContentType)]
pub struct ContentTypeBody {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    display: String,
    app_label: &'static str,
    model: &'static str,
}

impl Wire for ContentTypeBody {
    const BRIEF: &'static [&'static str] = &["id", "url", "display", "app_label", "model"];
}

/// A content type, below `path`.
pub fn content_type(base: &str, path: &str, kind: ObjectType) -> ContentTypeBody {
    ContentTypeBody {
        id: kind.number(),
        url: format!("{base}{path}{}/", kind.number()),
        display: display(kind),
        app_label: kind.app_label(),
        model: kind.model(),
    }
}

fn is_plugin(kind: ObjectType) -> bool {
    kind.app_label() == ObjectType::Maintenance.app_label()
}

fn display(kind: ObjectType) -> String {
    format!("{} | {}", app_name(kind), in_a_sentence(kind.label()))
}

fn app_name(kind: ObjectType) -> &'static str {
    match kind.app_label() {
        "circuits" => "Circuits",
        "dcim" => "DCIM",
        "extras" => "Extras",
        "ipam" => "IPAM",
        "notices" => "NetBox Notices",
        "virtualization" => "Virtualization",
        // What has no name of its own for people goes by its label.
        label => label,
    }
}

/// `Power Feed` becomes `power feed`, `IP Address` becomes `IP address`.
fn in_a_sentence(label: &str) -> String {
    let word = |word: &str| {
        let abbreviation = word.len() > 1 && word.bytes().all(|b| b.is_ascii_uppercase());
        if abbreviation { word.to_owned() } else { word.to_lowercase() }
    };
    label.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn plural(name: &str) -> String {
    match name {
        name if name.ends_with(['s', 'x']) => format!("{name}es"),
        name if name.ends_with("ay") || name.ends_with("ey") => format!("{name}s"),
        name => name.strip_suffix('y').map_or_else(|| format!("{name}s"), |stem| format!("{stem}ies")),
    }
}
