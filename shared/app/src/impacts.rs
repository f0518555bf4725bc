//! Impacts: create, read, change, delete.

use std::collections::HashMap;

use noticeboard_domain::change::{Actor, Expected, Revision};
use noticeboard_domain::ids::{ImpactId, ProviderId};
use noticeboard_domain::impact::{EventRef, Impact, ImpactChanges, TargetPart, check_not_frozen, check_target};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::{Error, FieldErrors, Result};
use noticeboard_store::{BulkWrite, CommitError, Refusal, Transaction, Wanted};

use crate::around::{Around, Input};
use crate::bulk::{BulkError, Part, Tried};
use crate::views::{ImpactView, impact_view, tag_refs};
use crate::{App, MAX_RACES, too_many_races};

const NOT_FOUND: Error = Error::NotFound { what: "Impact" };

/// The most impacts that an event is given: it is read and shown with all of them. (A bulk that begins below it is done.)
pub(crate) const MAX_IMPACTS: usize = 5_000;

pub(crate) fn too_many_impacts() -> String {
    format!("The event would have more than {MAX_IMPACTS} impacts (MAX_IMPACTS).")
}

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

/// The values of an input, with the tags that it names looked up; and what is wrong with it so far.
fn named(input: Input<ImpactChanges>, around: &Around) -> (ImpactChanges, FieldErrors) {
    let (mut changes, mut errors) = (input.changes, input.wrong);
    if input.refs.tags.is_some() {
        changes.tags = around.tag_slugs(input.refs.tags.as_deref(), &mut errors);
    }
    (changes, errors)
}

/// The names that requests have for parts of a target.
const TARGET_FIELDS: [&str; 4] = ["target_content_type", "target_object_id", "content_type", "object_id"];

impl App {
    /// The impact's text for people and its event's provider, after every rule that concerns the two; none where one of
    /// the two is not known.
    fn impact_check(
        &self,
        event: Option<EventRef>,
        target: TargetPart,
        around: &Around,
    ) -> Result<Option<(String, ProviderId)>> {
        let mut errors = FieldErrors::default();
        let stored = event.map(|event| {
            let found = around.stored(event.id).filter(|stored| stored.event.kind() == event.kind);
            let found = found.ok_or_else(|| related_not_found("event_object_id", event.id.get()));
            errors.collect(found.and_then(|stored| check_not_frozen(stored.event.status()).map(|()| stored)))
        });
        let allowed = target.kind.map(|kind| errors.collect(check_target(kind, &self.settings.allowed_targets)));
        let allowed = allowed.transpose()?.flatten().is_some();
        let found = target.whole().filter(|_| allowed).map(|target| {
            let found = around.target(target).display;
            errors.collect(found.ok_or_else(|| related_not_found("target_object_id", target.id.get())))
        });
        let (stored, found) = (stored.transpose()?.flatten(), found.transpose()?.flatten());
        errors.into_result()?;
        let shown = stored.zip(found);
        Ok(shown.map(|(stored, target)| (display(stored.event.name.as_str(), &target), stored.event.provider)))
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
            let turn = self.turn(race).await;
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
            if inputs.len() > 1 {
                self.impacts_free(&impacts, &mut elements).await?;
            }
            BulkError::check(elements)?;
            match self.bulk_commit(actor, parts, turn).await? {
                Tried::Done => return Ok(impacts.into_iter().map(|impact| impact_view(impact, &around)).collect()),
                Tried::Lost(Refusal::ImpactExists) if inputs.len() == 1 => return Err(duplicate().into()),
                Tried::Lost(_) => {}
            }
        }
        Err(too_many_races().into())
    }

    /// Notes which of several impacts are to have a target that their event hits already; they are those of the elements
    /// without errors, in their order.
    async fn impacts_free(&self, impacts: &[Impact], elements: &mut [FieldErrors]) -> Result<()> {
        let wanted: Vec<_> = impacts.iter().map(|impact| (impact.event.id, impact.target)).collect();
        let taken = self.store.targets_taken(&wanted).await?;
        for (errors, place) in elements.iter_mut().filter(|errors| errors.is_empty()).zip(&wanted) {
            if taken.contains(place) {
                errors.add(FieldErrors::ALL, DUPLICATE);
            }
        }
        Ok(())
    }

    fn impact_made(&self, actor: &Actor, input: Input<ImpactChanges>, around: &Around) -> Result<(Part, Impact)> {
        let actor = &actor.noting(&input.note);
        let (changes, errors) = named(input, around);
        let checked = errors.finish(self.impact_check(changes.event.whole(), changes.target, around))?;
        let impact = changes.into_impact(self.mint()?, Revision::first(self.stamp(actor)?))?;
        let (display, provider) = checked.ok_or_else(|| Error::internal("an impact was not checked"))?;
        if around.stored(impact.event.id).is_some_and(|event| event.impact_count >= MAX_IMPACTS as u64) {
            return Err(Error::field("event_object_id", too_many_impacts()));
        }
        let mut transaction = Transaction::new();
        transaction.event_impact(impact.event.id, 1, impact.revision.last_updated);
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
            match self.store.commit(part.transaction, self.now()).await {
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
        let actor = &actor.noting(&input.note);
        let (changes, mut errors) = named(input, around);
        let after = before.changed(changes, before.revision.next(self.stamp(actor)?));
        if after.event != before.event {
            let message = "An impact stays with its event. Delete it, and create one for the other event.";
            errors.add("event_object_id", message);
        }
        let unread = TARGET_FIELDS.iter().any(|field| errors.has(field));
        let target = if unread { before.target } else { after.target };
        let checked = errors.finish(self.impact_check(Some(before.event), target.into(), around))?;
        let (display, provider) = checked.ok_or_else(|| Error::internal("an impact was not checked"))?;
        if after.snapshot() == before.snapshot() {
            return Ok(None);
        }
        let mut transaction = Transaction::new();
        transaction.event_impact(after.event.id, 0, after.revision.last_updated);
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
            let turn = self.turn(race).await;
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
                let mut taken = vec![FieldErrors::default(); moved.len()];
                self.impacts_free(&moved, &mut taken).await?;
                BulkError::check(taken)?;
            }
            match self.bulk_commit(actor, parts, turn).await? {
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
    pub async fn impact_delete_many(&self, actor: &Actor, ids: &[(ImpactId, String)]) -> Result<()> {
        let objects = ids.iter().map(|(id, note)| (ObjectRef::new(ObjectType::Impact, *id), note.clone()));
        self.bulk_delete(actor, objects.collect()).await
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
            let stamp = self.stamp(actor)?;
            transaction.event_impact(impact.event.id, -1, stamp.at);
            transaction.impact_delete(&impact, &stamp)?;
            match self.store.commit(transaction, self.now()).await {
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
