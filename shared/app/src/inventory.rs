//! Providers and circuits: create, read, list, change, delete.

use std::sync::Arc;

use noticeboard_domain::change::{Actor, Expected, Revision};
use noticeboard_domain::ids::{ObjectId, ProviderId};
use noticeboard_domain::inventory::{Circuit, CircuitChanges, Provider, ProviderChanges};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::{Error, Result};
use noticeboard_store::{CommitError, Refusal, Transaction, Wanted};

use crate::impacts::whole;
use crate::{App, MAX_RACES, too_many_races};

const NO_PROVIDER: Error = Error::NotFound { what: "Provider" };
const NO_CIRCUIT: Error = Error::NotFound { what: "Circuit" };

/// Which providers a list is to show.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProviderFilter {
    /// Exactly this name.
    pub name: Option<String>,
    /// Exactly this slug.
    pub slug: Option<String>,
    /// A name with this text in it, in any case.
    pub name_contains: Option<String>,
    /// Text in name or slug, in any case.
    pub q: String,
}

/// Which circuits a list is to show.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CircuitFilter {
    /// Exactly this id.
    pub cid: Option<String>,
    /// An id with this text in it, in any case.
    pub cid_contains: Option<String>,
    /// Of this provider.
    pub provider: Option<ProviderId>,
    /// Text in id or description, in any case.
    pub q: String,
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.trim().to_lowercase())
}

fn refused(refusal: Refusal) -> Option<Error> {
    match refusal {
        Refusal::ProviderNameTaken => Some(Error::field("name", "Provider with this name already exists.")),
        Refusal::ProviderSlugTaken => Some(Error::field("slug", "Provider with this slug already exists.")),
        Refusal::CircuitIdTaken => {
            Some(Error::field("cid", "Circuit with this provider and circuit ID already exists."))
        }
        Refusal::IdTaken
        | Refusal::Changed
        | Refusal::EventClosed
        | Refusal::EventGone
        | Refusal::ImpactExists
        | Refusal::NameTaken
        | Refusal::SlugTaken
        | Refusal::NoticeApplied
        | Refusal::ThreadChanged
        | Refusal::ChangeRecorded => None,
    }
}

impl App {
    /// Makes a provider.
    ///
    /// # Errors
    /// [`Error::Invalid`] for missing values and for a name or slug that is taken.
    pub async fn provider_create(&self, actor: &Actor, changes: ProviderChanges) -> Result<Provider> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let provider = changes.clone().into_provider(self.mint()?, Revision::first(self.stamp(actor)?))?;
            let mut transaction = Transaction::new();
            transaction.provider_create(&provider)?;
            match self.store.commit(transaction).await {
                Ok(()) => return Ok(provider),
                Err(CommitError::Refused(refusal)) => refused(refusal).map_or(Ok(()), Err)?,
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// A provider.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn provider(&self, id: ProviderId) -> Result<Provider> {
        self.store.provider(id).await?.ok_or(NO_PROVIDER)
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

    /// Changes a provider.
    ///
    /// # Errors
    /// As for [`App::provider_create`], and [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn provider_change(
        &self,
        actor: &Actor,
        id: ProviderId,
        changes: ProviderChanges,
        expected: &Expected,
    ) -> Result<Provider> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let before = self.provider(id).await?;
            expected.check(before.revision.version)?;
            let after = before.changed(changes.clone(), before.revision.next(self.stamp(actor)?));
            if after.snapshot() == before.snapshot() {
                return Ok(before);
            }
            let mut transaction = Transaction::new();
            transaction.provider_update(&before, &after)?;
            match self.store.commit(transaction).await {
                Ok(()) => return Ok(after),
                Err(CommitError::Refused(refusal)) => refused(refusal).map_or(Ok(()), Err)?,
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// Deletes a provider that has neither circuits nor events. (NetBox Notices deletes its events with it, and their
    /// history; here that takes a decision for each.)
    ///
    /// # Errors
    /// [`Error::Conflict`] while it has some, [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn provider_delete(&self, actor: &Actor, id: ProviderId, expected: &Expected) -> Result<()> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let provider = self.provider(id).await?;
            expected.check(provider.revision.version)?;
            let (events, circuits) =
                tokio::try_join!(self.store.provider_has_events(id), self.store.circuit_list(Some(id), 1))?;
            if events || !circuits.items.is_empty() {
                let what = if events { "events" } else { "circuits" };
                return Err(Error::Conflict(format!("Unable to delete object. The provider has {what}.")));
            }
            let mut transaction = Transaction::new();
            transaction.provider_delete(&provider, &self.stamp(actor)?)?;
            match self.store.commit(transaction).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// Providers by name: `limit` of them after the first `offset`, and how many there are.
    ///
    /// # Errors
    /// [`Error::Invalid`] when more than `NOTICEBOARD_LIST_READ_LIMIT` would have to be read.
    pub async fn provider_list(
        &self,
        filter: &ProviderFilter,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<Provider>, u64)> {
        let most = self.settings.list_read_limit;
        let mut providers = match (&filter.slug, &filter.name) {
            // Exact look-ups precede a create: strongly consistent.
            (Some(slug), _) => self.store.provider_by_slug(slug).await?.into_iter().collect(),
            (None, Some(name)) => self.store.provider_by_name(name).await?.into_iter().collect(),
            (None, None) => whole(self.store.provider_list(most).await?, most)?,
        };
        providers.retain(|provider: &Provider| {
            filter.name.as_deref().is_none_or(|name| name == provider.name.as_str())
                && filter.name_contains.as_deref().is_none_or(|part| contains(provider.name.as_str(), part))
                && (contains(provider.name.as_str(), &filter.q) || contains(provider.slug.as_str(), &filter.q))
        });
        providers.sort_by(|a, b| a.name.cmp(&b.name));
        let count = providers.len() as u64;
        Ok((providers.into_iter().skip(offset).take(limit).collect(), count))
    }

    /// Makes a circuit.
    ///
    /// # Errors
    /// [`Error::Invalid`] for missing values, a provider that is not there and an id that the provider has already.
    pub async fn circuit_create(&self, actor: &Actor, changes: CircuitChanges) -> Result<(Circuit, Provider)> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let circuit = changes.clone().into_circuit(self.mint()?, Revision::first(self.stamp(actor)?))?;
            let provider = self.circuit_provider(circuit.provider).await?;
            let mut transaction = Transaction::new();
            transaction.circuit_create(&circuit)?;
            match self.store.commit(transaction).await {
                Ok(()) => return Ok((circuit, provider)),
                Err(CommitError::Refused(refusal)) => refused(refusal).map_or(Ok(()), Err)?,
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    async fn circuit_provider(&self, id: ProviderId) -> Result<Provider> {
        let message = || format!("Related object not found using the provided numeric ID: {id}");
        self.store.provider(id).await?.ok_or_else(|| Error::field("provider", message()))
    }

    /// A circuit with its provider.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn circuit(&self, id: ObjectId) -> Result<(Circuit, Option<Provider>)> {
        let circuit = self.store.circuit(id).await?.ok_or(NO_CIRCUIT)?;
        let provider = self.store.provider(circuit.provider).await?;
        Ok((circuit, provider))
    }

    /// Changes a circuit.
    ///
    /// # Errors
    /// As for [`App::circuit_create`], and [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn circuit_change(
        &self,
        actor: &Actor,
        id: ObjectId,
        changes: CircuitChanges,
        expected: &Expected,
    ) -> Result<(Circuit, Provider)> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let before = self.store.circuit(id).await?.ok_or(NO_CIRCUIT)?;
            expected.check(before.revision.version)?;
            let after = before.changed(changes.clone(), before.revision.next(self.stamp(actor)?));
            let provider = self.circuit_provider(after.provider).await?;
            if after.snapshot() == before.snapshot() {
                return Ok((before, provider));
            }
            let mut transaction = Transaction::new();
            transaction.circuit_update(&before, &after)?;
            match self.store.commit(transaction).await {
                Ok(()) => return Ok((after, provider)),
                Err(CommitError::Refused(refusal)) => refused(refusal).map_or(Ok(()), Err)?,
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// Deletes a circuit that no impact points at.
    ///
    /// # Errors
    /// [`Error::Conflict`] while one does, [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn circuit_delete(&self, actor: &Actor, id: ObjectId, expected: &Expected) -> Result<()> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let circuit = self.store.circuit(id).await?.ok_or(NO_CIRCUIT)?;
            expected.check(circuit.revision.version)?;
            if !self.store.impacts_on_target(circuit.object(), 1).await?.items.is_empty() {
                return Err(Error::Conflict("Unable to delete object. The circuit has impacts.".into()));
            }
            let mut transaction = Transaction::new();
            transaction.circuit_delete(&circuit, &self.stamp(actor)?)?;
            match self.store.commit(transaction).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// Circuits by id, with their providers: `limit` of them after the first `offset`, and how many there are.
    ///
    /// # Errors
    /// [`Error::Invalid`] when more than `NOTICEBOARD_LIST_READ_LIMIT` would have to be read.
    pub async fn circuit_list(
        &self,
        filter: &CircuitFilter,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<(Circuit, Option<Arc<Provider>>)>, u64)> {
        let most = self.settings.list_read_limit;
        let mut circuits = match (filter.provider, &filter.cid) {
            (Some(provider), Some(cid)) => self.store.circuits_by_cid(provider, &[cid]).await?,
            (provider, _) => whole(self.store.circuit_list(provider, most).await?, most)?,
        };
        circuits.retain(|circuit| {
            filter.cid.as_deref().is_none_or(|cid| cid == circuit.cid.as_str())
                && filter.cid_contains.as_deref().is_none_or(|part| contains(circuit.cid.as_str(), part))
                && (contains(circuit.cid.as_str(), &filter.q) || contains(&circuit.description, &filter.q))
        });
        circuits.sort_by(|a, b| a.cid.cmp(&b.cid));
        let count = circuits.len() as u64;
        let page: Vec<Circuit> = circuits.into_iter().skip(offset).take(limit).collect();
        let wanted = page.iter().map(|circuit| ObjectRef::new(ObjectType::Provider, circuit.provider)).collect();
        let around = self.around(&Wanted { objects: wanted, ..Wanted::default() }).await?;
        let with_provider = |circuit: Circuit| {
            let provider = around.provider(circuit.provider);
            (circuit, provider)
        };
        Ok((page.into_iter().map(with_provider).collect(), count))
    }
}
