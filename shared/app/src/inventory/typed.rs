//! Providers and circuits, as mail and events see them.

use noticeboard_domain::change::Actor;
use noticeboard_domain::ids::ProviderId;
use noticeboard_domain::inventory::{Circuit, CircuitChanges, Provider, ProviderChanges};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::{Error, Result};
use noticeboard_store::StoredObject;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::not_found;
use crate::App;

/// An object as a struct of its own: both are the same fields.
fn typed<T: DeserializeOwned>(stored: &StoredObject) -> Result<T> {
    serde_json::from_value(Value::Object(stored.object.stored())).map_err(Error::internal)
}

impl App {
    /// Makes a provider.
    ///
    /// # Errors
    /// As for [`App::object_create`].
    pub async fn provider_create(&self, actor: &Actor, changes: ProviderChanges) -> Result<Provider> {
        typed(&self.object_create(actor, ObjectType::Provider, changes).await?.stored)
    }

    /// A provider.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn provider(&self, id: ProviderId) -> Result<Provider> {
        self.store.provider(id).await?.ok_or_else(|| not_found(ObjectType::Provider))
    }

    /// The provider with this slug or this name.
    pub async fn provider_named(&self, slug: Option<&str>, name: Option<&str>) -> Result<Option<Provider>> {
        if let Some(slug) = slug {
            return self.store.provider_by_slug(slug).await;
        }
        match name {
            Some(name) => self.store.provider_by_name(name).await,
            None => Ok(None),
        }
    }

    /// Makes a circuit.
    ///
    /// # Errors
    /// As for [`App::object_create`].
    pub async fn circuit_create(&self, actor: &Actor, changes: CircuitChanges) -> Result<(Circuit, Provider)> {
        let circuit: Circuit = typed(&self.object_create(actor, ObjectType::Circuit, changes).await?.stored)?;
        let provider = self.provider(circuit.provider).await?;
        Ok((circuit, provider))
    }

    /// Whether there is any object of a type.
    pub async fn object_exists(&self, kind: ObjectType) -> Result<bool> {
        Ok(!self.store.objects_from(kind, 0, 1).await?.items.is_empty())
    }

    /// The object that a client names by its id.
    pub fn object_ref(kind: ObjectType, id: &str) -> Result<ObjectRef> {
        Ok(ObjectRef { kind, id: id.parse().map_err(|_| not_found(kind))? })
    }
}
