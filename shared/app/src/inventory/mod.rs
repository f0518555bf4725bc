//! The inventory: create, read, list, change, delete objects of every type.

mod bulk;
mod delete;
mod import;
mod list;
mod resolve;
mod shown;
mod typed;

use std::collections::HashMap;

use noticeboard_domain::change::{Actor, Expected, Revision};
use noticeboard_domain::ids::ObjectId;
use noticeboard_domain::inventory::{InventoryChanges, InventoryObject, Referred, Schema, schema};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::tag::{Tag, TagRef};
use noticeboard_domain::{Error, FieldErrors, Result};
use noticeboard_store::{BulkWrite, StoredObject, Transaction, Wanted};
use serde_json::{Map, Value};

use crate::App;
use crate::bulk::{BulkError, Part};

pub use import::{Imported, Row};
use resolve::Surroundings;

/// New values for an object, with the objects that they name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InventoryInput {
    /// Values by field, as they are stored.
    pub values: Map<String, Value>,
    /// Other objects by field, to be looked up.
    pub references: Vec<(&'static str, ObjectType, Referred)>,
    /// Tags, to be looked up.
    pub tags: Option<Vec<TagRef>>,
    /// Merged into the present ones.
    pub custom_fields: Option<Map<String, Value>>,
    /// See [`crate::Input::wrong`].
    pub wrong: FieldErrors,
    /// See [`crate::Input::note`].
    pub note: String,
}

impl<C: Into<InventoryChanges>> From<C> for InventoryInput {
    fn from(changes: C) -> Self {
        let InventoryChanges { values, tags, custom_fields } = changes.into();
        let tags = tags.map(|tags| tags.into_iter().map(TagRef::Slug).collect());
        Self { values, references: Vec::new(), tags, custom_fields, wrong: FieldErrors::default(), note: String::new() }
    }
}

/// An object with what is shown of those that it points at.
#[derive(Debug, Clone)]
pub struct ObjectView {
    /// The object.
    pub stored: StoredObject,
    /// What it points at, in brief; those that are gone are left out.
    pub around: HashMap<ObjectRef, Map<String, Value>>,
    /// Its tags.
    pub tags: Vec<Tag>,
}

/// The answer when there is no such object.
fn not_found(kind: ObjectType) -> Error {
    Error::NotFound { what: kind.label() }
}

/// A type of the inventory.
fn known(kind: ObjectType) -> Result<&'static Schema> {
    schema(kind).ok_or_else(|| Error::internal(format!("{kind} is not part of the inventory")))
}

/// An object that is to be written, and how.
struct Planned {
    part: Part,
    view: ObjectView,
}

impl App {
    /// Makes an object.
    ///
    /// # Errors
    /// [`Error::Invalid`] for values that are missing, wrong or taken, and for other objects that do not exist.
    pub async fn object_create(
        &self,
        actor: &Actor,
        kind: ObjectType,
        input: impl Into<InventoryInput>,
    ) -> Result<ObjectView> {
        let made = self.object_create_many(actor, kind, vec![input.into()]).await.map_err(BulkError::single)?;
        crate::views::one(made)
    }

    /// An object: two calls, one where it points at nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn object(&self, object: ObjectRef) -> Result<ObjectView> {
        let stored = self.store.object(object).await?.ok_or_else(|| not_found(object.kind))?;
        crate::views::one(self.view_objects(vec![stored]).await?)
    }

    /// Changes an object, while it has an expected version.
    ///
    /// # Errors
    /// As for [`App::object_create`], and [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn object_change(
        &self,
        actor: &Actor,
        object: ObjectRef,
        input: impl Into<InventoryInput>,
        expected: &Expected,
    ) -> Result<ObjectView> {
        let input = vec![(object.id, input.into())];
        let done = self.object_change_expected(actor, object.kind, input, expected).await;
        done.map_err(BulkError::single)?.into_iter().next().ok_or_else(|| not_found(object.kind))
    }

    /// The writes that make an object.
    fn object_planned(
        &self,
        schema: &'static Schema,
        id: ObjectId,
        revision: Revision,
        input: &InventoryInput,
        around: &Surroundings,
    ) -> Result<Planned> {
        let (changes, errors) = around.changes(input);
        let object = InventoryObject::new(schema, id, changes, revision);
        let object = object.and_then(|object| around.check(&object, &errors).map(|()| object));
        let object = errors.finish(object)?;
        let stored = around.stored(object, None);
        let mut transaction = Transaction::new();
        transaction.object_create(&stored)?;
        around.tell_circuits(&mut transaction, None, Some(&stored))?;
        Ok(planned(transaction, stored, around))
    }

    /// The writes that change an object; none where nothing changes.
    fn object_replanned(
        &self,
        actor: &Actor,
        before: &StoredObject,
        input: &InventoryInput,
        around: &Surroundings,
    ) -> Result<Option<Planned>> {
        let revision = before.object.revision.next(self.stamp(&actor.noting(&input.note))?);
        let (changes, errors) = around.changes(input);
        let after = before.object.changed(changes, revision);
        let same = |after: &InventoryObject| after.snapshot() == before.object.snapshot();
        let after = after
            .and_then(|after| if same(&after) { Ok(after) } else { around.check(&after, &errors).map(|()| after) });
        let after = errors.finish(after)?;
        if same(&after) {
            return Ok(None);
        }
        let stored = around.stored(after, Some(before));
        Ok(Some(planned(self.object_rewritten(before, &stored, around)?, stored, around)))
    }

    /// The writes that put an object in place of its version before.
    fn object_rewritten(
        &self,
        before: &StoredObject,
        after: &StoredObject,
        around: &Surroundings,
    ) -> Result<Transaction> {
        let mut transaction = Transaction::new();
        transaction.object_update(&before.object, after)?;
        around.tell_circuits(&mut transaction, Some(before), Some(after))?;
        around.tell_dependents(self, &mut transaction, before, after)?;
        Ok(transaction)
    }

    /// Objects with what they point at: one call for all.
    pub(crate) async fn view_objects(&self, objects: Vec<StoredObject>) -> Result<Vec<ObjectView>> {
        let pointed = objects.iter().flat_map(|stored| stored.object.points_at()).map(|(_, to)| to);
        let tags = objects.iter().flat_map(|stored| crate::views::tag_refs(&stored.object.tags));
        let wanted = Wanted { objects: pointed.collect(), tags: tags.collect(), ..Wanted::default() };
        let around = self.surroundings(wanted).await?;
        Ok(objects.into_iter().map(|stored| around.view(stored)).collect())
    }

    /// The transaction that one object of an unfinished bulk still takes; none where it is done, or where it has moved on.
    pub(crate) async fn object_write(&self, object: &InventoryObject) -> Result<Option<Transaction>> {
        let before = self.store.object(object.object()).await?;
        let pointed = object.points_at().into_iter().map(|(_, to)| to).collect();
        let mut around = self.surroundings(Wanted { objects: pointed, ..Wanted::default() }).await?;
        if self.taken(&[object]).await?.iter().any(|errors| !errors.is_empty()) {
            return Ok(None);
        }
        match before {
            None if object.revision.version == 1 => {
                let stored = around.stored(object.clone(), None);
                let mut transaction = Transaction::new();
                transaction.object_create(&stored)?;
                around.tell_circuits(&mut transaction, None, Some(&stored))?;
                Ok(Some(transaction))
            }
            Some(before) if before.object.revision.version + 1 == object.revision.version => {
                if object.kind() == ObjectType::Circuit {
                    self.add_terminations(&mut around, vec![object.object()]).await?;
                }
                let stored = around.stored(object.clone(), Some(&before));
                self.object_rewritten(&before, &stored, &around).map(Some)
            }
            Some(_) | None => Ok(None),
        }
    }

    /// What is taken already of that which each object alone may have, in NetBox's words.
    async fn taken(&self, objects: &[&InventoryObject]) -> Result<Vec<FieldErrors>> {
        let holders = self.store.holders(objects).await?;
        let errors = objects.iter().zip(holders).map(|(object, holders)| {
            let mut errors = FieldErrors::default();
            for ((rule, _), holder) in object.unique().into_iter().zip(holders) {
                if holder.is_some_and(|holder| holder != object.id) {
                    resolve::taken(object.kind(), rule.fields, &mut errors);
                }
            }
            errors
        });
        Ok(errors.collect())
    }
}

fn planned(transaction: Transaction, stored: StoredObject, around: &Surroundings) -> Planned {
    let write = BulkWrite::Object(Box::new(stored.object.clone()));
    Planned { part: Part { transaction, write }, view: around.view(stored) }
}
