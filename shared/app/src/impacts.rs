//! Impacts: create, read, change, delete.

use std::collections::HashMap;

use noticeboard_domain::change::{Actor, Expected, Revision};
use noticeboard_domain::ids::{ImpactId, ProviderId};
use noticeboard_domain::impact::{EventRef, Impact, ImpactChanges, check_not_frozen, check_target};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::{Error, FieldErrors, Result};
use noticeboard_store::{BulkWrite, CommitError, Refusal, Transaction, Wanted};

use crate::around::{Around, Input};
use crate::bulk::{BulkError, Part, Tried};
use crate::views::{ImpactView, impact_view, tag_refs};
use crate::{App, MAX_RACES, too_many_races};

const NOT_FOUND: Error = Error::NotFound { what: "Impact" };

pub(crate) fn related_not_found(field: &'static str, id: u64) -> Error {
    Error::field(field, format!("Related object not found using the provided value: {id}."))
}

const DUPLICATE: &str =
    "Impact with this Event content type, Event object id, Target content type and Target object id already exists.";

fn duplicate() -> Error {
    Error::field(FieldErrors::ALL, DUPLICATE)
}

/// An impact's text for people: `<event> - <target>`.
pub(crate) fn display(event: &str, target: &str) -> String {
    format!("{event} - {target}")
}

/// The values of an input, with the tags that it names looked up.
fn named(input: Input<ImpactChanges>, around: &Around) -> Result<ImpactChanges> {
    let mut changes = input.changes;
    let mut errors = FieldErrors::default();
    if input.refs.tags.is_some() {
        changes.tags = around.tag_slugs(input.refs.tags.as_deref(), &mut errors);
    }
    errors.into_result()?;
    Ok(changes)
}

impl App {
    /// The impact's text for people and its event's provider, after every rule that concerns the two.
    fn impact_check(&self, event: EventRef, target: ObjectRef, around: &Around) -> Result<(String, ProviderId)> {
        check_target(target.kind, &self.settings.allowed_targets)?;
        let stored = around.stored(event.id).filter(|stored| stored.event.kind() == event.kind);
        let stored = stored.ok_or_else(|| related_not_found("event_object_id", event.id.get()))?;
        check_not_frozen(stored.event.status())?;
        let target = around.target(target);
        let target = target.display.ok_or_else(|| related_not_found("target_object_id", target.object.id.get()))?;
        Ok((display(stored.event.name.as_str(), &target), stored.event.provider))
    }

    /// Makes an impact.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a closed event, a type that is not allowed, an object that is not there, or a second
    /// impact of an event on one target (behaviours 19, L7, L8, L9).
    pub async fn impact_create(&self, actor: &Actor, input: impl Into<Input<ImpactChanges>>) -> Result<ImpactView> {
        let made = self.impact_create_many(actor, vec![input.into()]).await.map_err(BulkError::single)?;
        crate::views::one(made)
    }

    /// Makes several impacts, or none.
    ///
    /// # Errors
    /// As for [`App::impact_create`], by element.
    pub async fn impact_create_many(
        &self,
        actor: &Actor,
        inputs: Vec<Input<ImpactChanges>>,
    ) -> std::result::Result<Vec<ImpactView>, BulkError> {
        let mut wanted = Wanted::default();
        wanted.events.extend(inputs.iter().filter_map(|input| input.changes.event.id));
        wanted.objects.extend(inputs.iter().filter_map(|input| input.changes.target.whole()));
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let around = self.around_refs(inputs.iter().map(|input| &input.refs), wanted.clone()).await?;
            let (mut parts, mut impacts, mut elements) = (Vec::new(), Vec::new(), Vec::new());
            let mut seen = std::collections::HashSet::new();
            for input in &inputs {
                let made = self.impact_made(actor, input.clone(), &around).and_then(|(part, impact)| {
                    if seen.insert((impact.event.id, impact.target)) { Ok((part, impact)) } else { Err(duplicate()) }
                });
                match made {
                    Ok((part, impact)) => {
                        parts.push(part);
                        impacts.push(impact);
                        elements.push(FieldErrors::default());
                    }
                    Err(Error::Invalid(errors)) => elements.push(errors),
                    Err(error) => return Err(error.into()),
                }
            }
            BulkError::check(elements)?;
            if impacts.len() > 1 {
                self.impacts_free(&impacts).await?;
            }
            match self.bulk_commit(actor, parts).await? {
                Tried::Done => return Ok(impacts.into_iter().map(|impact| impact_view(impact, &around)).collect()),
                Tried::Lost(Refusal::ImpactExists) if inputs.len() == 1 => return Err(duplicate().into()),
                Tried::Lost(_) => {}
            }
        }
        Err(too_many_races().into())
    }

    /// Which of several new impacts have a target that its event hits already.
    async fn impacts_free(&self, impacts: &[Impact]) -> std::result::Result<(), BulkError> {
        let wanted: Vec<_> = impacts.iter().map(|impact| (impact.event.id, impact.target)).collect();
        let taken = self.store.targets_taken(&wanted).await?;
        let errors = |impact: &Impact| {
            let mut errors = FieldErrors::default();
            if taken.contains(&(impact.event.id, impact.target)) {
                errors.add(FieldErrors::ALL, DUPLICATE);
            }
            errors
        };
        BulkError::check(impacts.iter().map(errors).collect())
    }

    fn impact_made(&self, actor: &Actor, input: Input<ImpactChanges>, around: &Around) -> Result<(Part, Impact)> {
        let changes = named(input, around)?;
        let impact = changes.into_impact(self.mint()?, Revision::first(self.stamp(actor)?))?;
        let (display, provider) = self.impact_check(impact.event, impact.target, around)?;
        let mut transaction = Transaction::new();
        transaction.event_impact(impact.event.id, 1);
        transaction.impact_create(&impact, &display, provider)?;
        let write = BulkWrite::Impact { impact: impact.clone(), display, provider };
        Ok((Part { transaction, write }, impact))
    }

    /// An impact: two calls.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn impact(&self, id: ImpactId) -> Result<ImpactView> {
        let (impact, neighbours) = self.store.impact(id).await?.ok_or(NOT_FOUND)?;
        let around = self.around_with(neighbours, &impact.tags).await?;
        Ok(impact_view(impact, &around))
    }

    /// Changes an impact, while it has an expected version. It stays with its event: a new event takes a new impact.
    ///
    /// # Errors
    /// As for [`App::impact_create`], and [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn impact_change(
        &self,
        actor: &Actor,
        id: ImpactId,
        input: impl Into<Input<ImpactChanges>>,
        expected: &Expected,
    ) -> Result<ImpactView> {
        let input = input.into();
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let (before, neighbours) = self.store.impact(id).await?.ok_or(NOT_FOUND)?;
            expected.check(before.revision.version)?;
            let target = input.changes.target.over(before.target);
            let moves = target != before.target;
            let around = if moves || input.refs.tags.is_some() {
                let objects = vec![target, before.target];
                let wanted = Wanted { events: vec![before.event.id], objects, tags: tag_refs(&before.tags).collect() };
                self.around_refs(std::iter::once(&input.refs), wanted).await?
            } else {
                self.around_with(neighbours, &before.tags).await?
            };
            let Some((part, after)) = self.impact_changed(actor, &before, input.clone(), &around)? else {
                return Ok(impact_view(before, &around));
            };
            match self.store.commit(part.transaction).await {
                Ok(()) => return Ok(impact_view(after, &around)),
                Err(CommitError::Refused(Refusal::ImpactExists)) => return Err(duplicate()),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    fn impact_changed(
        &self,
        actor: &Actor,
        before: &Impact,
        input: Input<ImpactChanges>,
        around: &Around,
    ) -> Result<Option<(Part, Impact)>> {
        let after = before.changed(named(input, around)?, before.revision.next(self.stamp(actor)?));
        if after.event != before.event {
            let message = "An impact stays with its event. Delete it, and create one for the other event.";
            return Err(Error::field("event_object_id", message));
        }
        let (display, provider) = self.impact_check(after.event, after.target, around)?;
        if after.snapshot() == before.snapshot() {
            return Ok(None);
        }
        let mut transaction = Transaction::new();
        transaction.event_impact(after.event.id, 0);
        transaction.impact_update(before, &after, &display, provider)?;
        let write = BulkWrite::Impact { impact: after.clone(), display, provider };
        Ok(Some((Part { transaction, write }, after)))
    }

    /// Changes several impacts, or none; those that do not exist are left out.
    ///
    /// # Errors
    /// As for [`App::impact_change`], by element.
    pub async fn impact_change_many(
        &self,
        actor: &Actor,
        inputs: Vec<(ImpactId, Input<ImpactChanges>)>,
    ) -> std::result::Result<Vec<ImpactView>, BulkError> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let ids: Vec<ImpactId> = inputs.iter().map(|(id, _)| *id).collect();
            let mut present: HashMap<ImpactId, Impact> =
                self.store.impacts(&ids).await?.into_iter().map(|impact| (impact.id, impact)).collect();
            let mut wanted = Wanted::default();
            wanted.events.extend(present.values().map(|impact| impact.event.id));
            wanted.objects.extend(present.values().map(|impact| impact.target));
            let moved =
                inputs.iter().filter_map(|(id, input)| Some(input.changes.target.over(present.get(id)?.target)));
            wanted.objects.extend(moved);
            wanted.tags.extend(present.values().flat_map(|impact| tag_refs(&impact.tags)));
            let around = self.around_refs(inputs.iter().map(|(_, input)| &input.refs), wanted).await?;
            let (mut parts, mut elements, mut order, mut moved) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for (id, input) in &inputs {
                let Some(before) = present.get(id).cloned() else {
                    elements.push(FieldErrors::default());
                    continue;
                };
                if !order.contains(id) {
                    order.push(*id);
                }
                match self.impact_changed(actor, &before, input.clone(), &around) {
                    Ok(None) => elements.push(FieldErrors::default()),
                    Ok(Some((part, after))) => {
                        if after.target != before.target {
                            moved.push(after.clone());
                        }
                        parts.push(part);
                        elements.push(FieldErrors::default());
                        present.insert(*id, after);
                    }
                    Err(Error::Invalid(errors)) => elements.push(errors),
                    Err(error) => return Err(error.into()),
                }
            }
            BulkError::check(elements)?;
            if !moved.is_empty() {
                self.impacts_free(&moved).await?;
            }
            match self.bulk_commit(actor, parts).await? {
                Tried::Done => {
                    let impacts = order.iter().filter_map(|id| present.remove(id));
                    return Ok(impacts.map(|impact| impact_view(impact, &around)).collect());
                }
                Tried::Lost(_) => {}
            }
        }
        Err(too_many_races().into())
    }

    /// Deletes several impacts; those that do not exist are left out.
    ///
    /// # Errors
    /// As for [`App::bulk_delete`].
    pub async fn impact_delete_many(&self, actor: &Actor, ids: &[ImpactId]) -> Result<()> {
        self.bulk_delete(actor, ids.iter().map(|id| ObjectRef::new(ObjectType::Impact, *id)).collect()).await
    }

    /// Deletes an impact, also of a closed event (behaviours L7).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn impact_delete(&self, actor: &Actor, id: ImpactId, expected: &Expected) -> Result<()> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let (impact, _) = self.store.impact(id).await?.ok_or(NOT_FOUND)?;
            expected.check(impact.revision.version)?;
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
}

/// A list that must be read whole, so that its count is right.
pub(crate) fn whole<T>(slice: noticeboard_store::Slice<T>, most: usize) -> Result<Vec<T>> {
    if slice.more {
        return Err(noticeboard_store::too_many_entries(most));
    }
    Ok(slice.items)
}
