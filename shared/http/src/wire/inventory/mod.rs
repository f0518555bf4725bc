//! Objects of the inventory, in NetBox's own shapes.

mod input;
mod show;

use noticeboard_domain::ids::ProviderId;
use noticeboard_domain::inventory::Provider;
use noticeboard_domain::object::ObjectType;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use input::MAX_TYPE;
pub use input::{read, values};
pub use show::{ObjectBody, object};

/// A provider inside another object.
#[derive(Debug, Serialize, ToSchema)]
pub struct BriefProvider {
    #[schema(minimum = 1)]
    pub(super) id: u64,
    pub(super) url: String,
    pub(super) display: String,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) description: String,
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
