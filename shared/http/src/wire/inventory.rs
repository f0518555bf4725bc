//! Providers and circuits, in NetBox's own shapes.

use noticeboard_domain::fields::{bounded, free_text};
use noticeboard_domain::ids::ProviderId;
use noticeboard_domain::inventory::{
    CIRCUIT_STATUSES, Circuit, CircuitChanges, Label, Provider, ProviderChanges, Slug,
};
use noticeboard_domain::object::ObjectType;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{time, url};
use crate::error::ApiError;
use crate::input::Fields;
use noticeboard_app::ProviderRef;

/// Longest `description`.
const MAX_DESCRIPTION: usize = 200;

/// What a client sends for a provider, with its note on the change.
///
/// # Errors
/// 400 with every field that is missing or wrong.
pub fn read_provider(body: &Map<String, Value>, whole: bool) -> Result<(ProviderChanges, String), ApiError> {
    let mut fields = Fields::new(body);
    let changes = ProviderChanges {
        name: fields.text("name", Label::parse),
        slug: fields.text("slug", Slug::parse),
        description: fields.text("description", |text| bounded(text, MAX_DESCRIPTION)),
        comments: fields.text("comments", free_text),
        tags: None,
        custom_fields: fields.custom_fields(),
    };
    let message = fields.message();
    if whole {
        fields.errors.add_missing(&changes.missing());
    }
    fields.errors.into_result()?;
    Ok((changes, message))
}

/// What a client sends for a circuit: the new values but for the provider, the provider, and the note on the change.
///
/// # Errors
/// 400 with every field that is missing or wrong.
pub fn read_circuit(
    body: &Map<String, Value>,
    whole: bool,
) -> Result<(CircuitChanges, Option<ProviderRef>, String), ApiError> {
    let mut fields = Fields::new(body);
    let provider = fields.provider();
    let status = |text: &str| {
        let known = CIRCUIT_STATUSES.iter().any(|(value, _)| *value == text);
        if known { Ok(text.to_owned()) } else { Err(format!("\"{text}\" is not a valid choice.")) }
    };
    let changes = CircuitChanges {
        cid: fields.text("cid", Label::parse),
        provider: None,
        status: fields.choice("status", status),
        description: fields.text("description", |text| bounded(text, MAX_DESCRIPTION)),
        comments: fields.text("comments", free_text),
        tags: None,
        custom_fields: fields.custom_fields(),
    };
    let message = fields.message();
    if whole {
        let mut missing = changes.missing();
        if provider.is_some() {
            missing = CircuitChanges { provider: 1.try_into().ok(), ..changes.clone() }.missing();
        }
        fields.errors.add_missing(&missing);
    }
    fields.errors.into_result()?;
    Ok((changes, provider, message))
}

/// A provider inside another object.
#[derive(Debug, Serialize, ToSchema)]
pub struct BriefProvider {
    id: u64,
    url: String,
    display: String,
    name: String,
    slug: String,
    description: String,
}

/// A provider inside another object.
pub fn brief_provider(base: &str, id: ProviderId, provider: Option<&Provider>) -> BriefProvider {
    let name = provider.map_or("", |provider| provider.name.as_str());
    BriefProvider {
        id: id.get(),
        url: super::address(base, ObjectType::Provider, id.get()),
        display: name.to_owned(),
        name: name.to_owned(),
        slug: provider.map_or("", |provider| provider.slug.as_str()).to_owned(),
        description: provider.map_or("", |provider| provider.description.as_str()).to_owned(),
    }
}

/// A provider.
pub fn provider(base: &str, provider: &Provider) -> Value {
    json!({
        "id": provider.id,
        "url": url(base, ObjectType::Provider, provider.id.get()),
        "display_url": format!("{base}/circuits/providers/{}/", provider.id),
        "display": provider.name,
        "name": provider.name,
        "slug": provider.slug,
        "accounts": [],
        "description": provider.description,
        "comments": provider.comments,
        "asns": [],
        "tags": provider.tags,
        "custom_fields": provider.custom_fields,
        "created": time(provider.revision.created),
        "last_updated": time(provider.revision.last_updated),
    })
}

/// A circuit.
pub fn circuit(base: &str, circuit: &Circuit, provider: Option<&Provider>) -> Value {
    let label = CIRCUIT_STATUSES.iter().find(|(value, _)| *value == circuit.status).map_or("", |(_, label)| label);
    json!({
        "id": circuit.id,
        "url": url(base, ObjectType::Circuit, circuit.id.get()),
        "display_url": format!("{base}/circuits/circuits/{}/", circuit.id),
        "display": circuit.cid,
        "cid": circuit.cid,
        "provider": brief_provider(base, circuit.provider, provider),
        "provider_account": null,
        "type": null,
        "status": {"value": circuit.status, "label": label},
        "tenant": null,
        "install_date": null,
        "termination_date": null,
        "commit_rate": null,
        "description": circuit.description,
        "termination_a": null,
        "termination_z": null,
        "comments": circuit.comments,
        "tags": circuit.tags,
        "custom_fields": circuit.custom_fields,
        "created": time(circuit.revision.created),
        "last_updated": time(circuit.revision.last_updated),
    })
}
