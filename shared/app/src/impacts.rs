//! Impacts: create, read, list, change, delete.

use noticeboard_domain::change::{Actor, Revision};
use noticeboard_domain::event::Event;
use noticeboard_domain::ids::{EventId, ImpactId};
use noticeboard_domain::impact::{EventRef, Impact, ImpactChanges, check_not_frozen, check_target};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::status::ImpactLevel;
use noticeboard_domain::{Error, FieldErrors, Result};
use noticeboard_store::{CommitError, Refusal, Transaction};

use crate::views::ImpactView;
use crate::{App, MAX_RACES, too_many_races};

/// Which impacts a list is to show.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImpactFilter {
    /// Of events of this type.
    pub event_type: Option<ObjectType>,
    /// Of this event.
    pub event: Option<EventId>,
    /// On objects of this type.
    pub target_type: Option<ObjectType>,
    /// On the object with this id.
    pub target: Option<u64>,
    /// Of one of these levels.
    pub levels: Vec<ImpactLevel>,
}

impl ImpactFilter {
    fn matches(&self, impact: &Impact) -> bool {
        self.event_type.is_none_or(|kind| kind == impact.event.object().kind)
            && self.event.is_none_or(|id| id == impact.event.id)
            && self.target_type.is_none_or(|kind| kind == impact.target.kind)
            && self.target.is_none_or(|id| id == impact.target.id.get())
            && (self.levels.is_empty() || impact.impact.is_some_and(|level| self.levels.contains(&level)))
    }
}

const NOT_FOUND: Error = Error::NotFound { what: "Impact" };

fn related_not_found(field: &'static str, id: u64) -> Error {
    Error::field(field, format!("Related object not found using the provided value: {id}."))
}

fn duplicate() -> Error {
    Error::field(
        FieldErrors::ALL,
        "Impact with this Event content type, Event object id, Target content type and Target object id already exists.",
    )
}

/// An impact's text for people: `<event> - <target>`.
pub(crate) fn display(event: &str, target: &str) -> String {
    format!("{event} - {target}")
}

impl App {
    /// The event and the target's text, after every rule that concerns them.
    async fn impact_check(&self, event: EventRef, target: ObjectRef) -> Result<(Event, String)> {
        check_target(target.kind, &self.settings.allowed_targets)?;
        let target_ids = [target];
        let (stored, named) = tokio::try_join!(self.store.event(event.id), self.store.named(&target_ids))?;
        let stored = stored.filter(|stored| stored.event.kind() == event.kind);
        let stored = stored.ok_or_else(|| related_not_found("event_object_id", event.id.get()))?;
        check_not_frozen(stored.event.status())?;
        let named = named.into_iter().next().ok_or_else(|| related_not_found("target_object_id", target.id.get()))?;
        Ok((stored.event, named.display))
    }

    /// Makes an impact.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a closed event, a type that is not allowed, an object that is not there, or a second
    /// impact of an event on one target (behaviours 19, L7, L8, L9).
    pub async fn impact_create(&self, actor: &Actor, changes: ImpactChanges) -> Result<ImpactView> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let impact = changes.clone().into_impact(self.mint()?, Revision::first(self.stamp(actor)?))?;
            let (event, target) = self.impact_check(impact.event, impact.target).await?;
            let mut transaction = Transaction::new();
            transaction.event_impact(event.id, 1);
            transaction.impact_create(&impact, &display(event.name.as_str(), &target))?;
            match self.store.commit(transaction).await {
                Ok(()) => return self.view_impact(impact).await,
                Err(CommitError::Refused(Refusal::ImpactExists)) => return Err(duplicate()),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// An impact.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn impact(&self, id: ImpactId) -> Result<ImpactView> {
        self.view_impact(self.store.impact(id).await?.ok_or(NOT_FOUND)?).await
    }

    /// Changes an impact. It stays with its event: a new event takes a new impact.
    ///
    /// # Errors
    /// As for [`App::impact_create`], and [`Error::VersionMismatch`].
    pub async fn impact_change(
        &self,
        actor: &Actor,
        id: ImpactId,
        changes: ImpactChanges,
        version: Option<u64>,
    ) -> Result<ImpactView> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let before = self.store.impact(id).await?.ok_or(NOT_FOUND)?;
            if version.is_some_and(|version| version != before.revision.version) {
                return Err(Error::VersionMismatch);
            }
            let after = before.changed(changes.clone(), before.revision.next(self.stamp(actor)?));
            if after.event != before.event {
                let message = "An impact stays with its event. Delete it, and create one for the other event.";
                return Err(Error::field("event_object_id", message));
            }
            let (event, target) = self.impact_check(after.event, after.target).await?;
            if after.snapshot() == before.snapshot() {
                return self.view_impact(before).await;
            }
            let mut transaction = Transaction::new();
            transaction.event_impact(event.id, 0);
            transaction.impact_update(&before, &after, &display(event.name.as_str(), &target))?;
            match self.store.commit(transaction).await {
                Ok(()) => return self.view_impact(after).await,
                Err(CommitError::Refused(Refusal::ImpactExists)) => return Err(duplicate()),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// Deletes an impact, also of a closed event (behaviours L7).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn impact_delete(&self, actor: &Actor, id: ImpactId, version: Option<u64>) -> Result<()> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let impact = self.store.impact(id).await?.ok_or(NOT_FOUND)?;
            if version.is_some_and(|version| version != impact.revision.version) {
                return Err(Error::VersionMismatch);
            }
            let mut transaction = Transaction::new();
            transaction.event_impact(impact.event.id, -1);
            transaction.impact_delete(&impact, &self.stamp(actor)?)?;
            match self.store.commit(transaction).await {
                Ok(()) => return Ok(()),
                // The event is being deleted, and takes the impact with it.
                Err(CommitError::Refused(Refusal::EventGone)) => return Err(NOT_FOUND),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// Impacts, by level and within it newest first: `limit` of them after the first `offset`, and how many there
    /// are.
    ///
    /// # Errors
    /// [`Error::Invalid`] when more than `NOTICEBOARD_LIST_READ_LIMIT` would have to be read.
    pub async fn impact_list(
        &self,
        filter: &ImpactFilter,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<ImpactView>, u64)> {
        let most = self.settings.list_read_limit;
        let mut impacts = match (filter.event, filter.target_type, filter.target) {
            (Some(event), Some(kind), Some(id)) => {
                // The look-up that precedes a create: strongly consistent.
                let id = id.try_into().map_err(|error: String| Error::field("target_object_id", error))?;
                self.store.impact_on(event, ObjectRef { kind, id }).await?.into_iter().collect()
            }
            (Some(event), _, _) => whole(self.store.impacts_of_event(event, most).await?, most)?,
            (None, Some(kind), Some(id)) => {
                let id = id.try_into().map_err(|error: String| Error::field("target_object_id", error))?;
                whole(self.store.impacts_on_target(ObjectRef { kind, id }, most).await?, most)?
            }
            _ => whole(self.store.impact_list(most).await?, most)?,
        };
        impacts.retain(|impact| filter.matches(impact));
        impacts.sort_by_key(|impact| (impact.impact.map(ImpactLevel::as_str), std::cmp::Reverse(impact.id)));
        let count = impacts.len() as u64;
        let page = impacts.into_iter().skip(offset).take(limit).collect();
        Ok((self.view_impacts(page).await?, count))
    }
}

/// A list that must be read whole, so that its count is right.
pub(crate) fn whole<T>(slice: noticeboard_store::Slice<T>, most: usize) -> Result<Vec<T>> {
    if slice.more {
        return Err(noticeboard_store::too_many_entries(most));
    }
    Ok(slice.items)
}
