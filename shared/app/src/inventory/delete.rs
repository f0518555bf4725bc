//! Deleting an object that nothing needs any more.

use noticeboard_domain::change::{Actor, Expected};
use noticeboard_domain::impact::Impact;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::{Error, Result};
use noticeboard_store::{CommitError, Dependent, StoredObject, Transaction};

use super::not_found;
use super::resolve::Surroundings;
use crate::{App, MAX_RACES, too_many_races};

/// How many of those that need an object are counted.
const MAX_COUNTED: usize = 1000;
/// How many of them are named.
const MAX_NAMED: usize = 10;

impl App {
    /// Deletes an object that no other one points at, and no event or impact.
    ///
    /// (NetBox deletes some kinds of parts with the whole, such as a device's interfaces; here each takes a decision.)
    ///
    /// # Errors
    /// [`Error::Conflict`] while one does, [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn object_delete(&self, actor: &Actor, object: ObjectRef, expected: &Expected) -> Result<()> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let (found, impacts) = tokio::try_join!(
                self.store.object_with_dependents(object, MAX_COUNTED),
                self.store.impacts_on_target(object, MAX_COUNTED)
            )?;
            let (stored, dependents) = found.ok_or_else(|| not_found(object.kind))?;
            expected.check(stored.object.revision.version)?;
            self.object_unused(object, &dependents.items, &impacts.items, &[]).await?;
            let mut around = Surroundings::default();
            if object.kind == ObjectType::CircuitTermination {
                around = self.surroundings_at(&stored).await?;
            }
            let transaction = self.object_deleted(actor, &stored, &around)?;
            match self.store.commit(transaction, self.now()).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// The writes that delete an object.
    pub(super) fn object_deleted(
        &self,
        actor: &Actor,
        stored: &StoredObject,
        around: &Surroundings,
    ) -> Result<Transaction> {
        let mut transaction = Transaction::new();
        transaction.object_delete(&stored.object, &self.stamp(actor)?)?;
        around.tell_circuits(&mut transaction, Some(stored), None)?;
        Ok(transaction)
    }

    /// Whether no event needs an object.
    pub(super) async fn object_unused_by_events(&self, object: ObjectRef) -> Result<()> {
        let impacts = self.store.impacts_on_target(object, MAX_COUNTED).await?;
        self.object_unused(object, &[], &impacts.items, &[]).await
    }

    /// Whether nothing needs an object but these others.
    pub(super) async fn object_unused_but(&self, object: ObjectRef, but: &[ObjectRef]) -> Result<()> {
        let (dependents, impacts) = tokio::try_join!(
            self.store.dependents(object, MAX_COUNTED),
            self.store.impacts_on_target(object, MAX_COUNTED)
        )?;
        self.object_unused(object, &dependents.items, &impacts.items, but).await
    }

    /// Says what needs an object, if anything does but these others.
    async fn object_unused(
        &self,
        object: ObjectRef,
        dependents: &[Dependent],
        impacts: &[Impact],
        but: &[ObjectRef],
    ) -> Result<()> {
        let dependents: Vec<ObjectRef> =
            dependents.iter().map(|found| found.object).filter(|found| !but.contains(found)).collect();
        let mut count = dependents.len() + impacts.len();
        let mut names = Vec::new();
        if !dependents.is_empty() {
            for named in self.store.named(&dependents[..dependents.len().min(MAX_NAMED)]).await? {
                names.push(format!("{} ({})", named.display, named.object.id));
            }
        }
        for impact in impacts.iter().take(MAX_NAMED - names.len().min(MAX_NAMED)) {
            let name = self.store.event(impact.event.id).await?.map(|stored| stored.event.name);
            let name = name.as_ref().map_or("impact", |name| name.as_str());
            names.push(format!("{name} ({})", impact.id));
        }
        if object.kind == ObjectType::Provider && self.store.provider_has_events(object.id.into()).await? {
            count += 1;
            names.push("its events".to_owned());
        }
        if count == 0 {
            return Ok(());
        }
        let (were, more) = (if count == 1 { " was" } else { "s were" }, if count > names.len() { ", …" } else { "" });
        let names = names.join(", ");
        Err(Error::Conflict(format!("Unable to delete object. {count} dependent object{were} found: {names}{more}")))
    }
}
