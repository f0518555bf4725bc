//! Bringing in objects that exist elsewhere, with the ids that they have there; again and again.

use std::collections::{HashMap, HashSet};

use noticeboard_domain::change::{Actor, Revision};
use noticeboard_domain::ids::ObjectId;
use noticeboard_domain::inventory::Schema;
use noticeboard_domain::job::JobName;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::tag::{TagChanges, TagRef};
use noticeboard_domain::{Error, FieldErrors, Result};
use noticeboard_store::{CommitError, StoredObject, Transaction};

use super::shown::renamed;
use super::{InventoryInput, Planned, known};
use crate::jobs::Facts;
use crate::{App, MAX_RACES, too_many_races};

/// One object to bring in.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its type.
    pub kind: ObjectType,
    /// Its id there; without one it is told by what is unique of it.
    pub id: Option<ObjectId>,
    /// Its values, or what is wrong with them.
    pub input: std::result::Result<InventoryInput, FieldErrors>,
    /// Its tags, which are made where there are none of their slugs.
    pub tags: Vec<TagChanges>,
}

/// What became of one object that was to be brought in.
#[derive(Debug, Clone, PartialEq)]
pub enum Imported {
    /// It is new, with this id.
    Created(ObjectId),
    /// It was there, and has new values.
    Updated(ObjectId),
    /// It was there as it is.
    Unchanged(ObjectId),
    /// Another object has what is unique of it; that one is kept as it is, with its id.
    Kept(ObjectId),
    /// It breaks a rule.
    Refused(FieldErrors),
}

/// What is to be done with a row.
enum Plan {
    Write { planned: Box<Planned>, before: Option<Box<StoredObject>> },
    Done(Imported),
}

/// How many rows came to what, for the job.
fn counted(done: &[Imported]) -> Facts {
    let (mut created, mut updated, mut unchanged, mut kept, mut failed) = (0, 0, 0, 0, 0);
    for imported in done {
        *match imported {
            Imported::Created(_) => &mut created,
            Imported::Updated(_) => &mut updated,
            Imported::Unchanged(_) => &mut unchanged,
            Imported::Kept(_) => &mut kept,
            Imported::Refused(_) => &mut failed,
        } += 1;
    }
    let counts =
        [("created", created), ("updated", updated), ("unchanged", unchanged), ("kept", kept), ("failed", failed)];
    counts.into_iter().map(|(name, count): (_, u64)| (name, count.into())).collect()
}

fn refused(error: Error) -> Result<Plan> {
    match error {
        Error::Invalid(errors) => Ok(Plan::Done(Imported::Refused(errors))),
        Error::TooLarge { .. } => {
            let mut errors = FieldErrors::default();
            errors.add(FieldErrors::ALL, error.to_string());
            Ok(Plan::Done(Imported::Refused(errors)))
        }
        Error::NotFound { .. }
        | Error::Conflict(_)
        | Error::VersionMismatch
        | Error::Denied(_)
        | Error::Unavailable { .. }
        | Error::NotSetUp
        | Error::Internal { .. } => Err(error),
    }
}

impl App {
    /// Brings in objects as a job, each by itself: what became of each, in their order. What is there is changed, what
    /// is the same is left alone, and nothing is deleted.
    ///
    /// Objects that others of the same request point at must come before these.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; what was done until then stays, and repeating the request is harmless.
    pub async fn import(&self, actor: &Actor, rows: &[Row]) -> Result<Vec<Imported>> {
        let work = async {
            let done = self.import_rows(actor, rows).await?;
            let facts = counted(&done);
            Ok((done, facts))
        };
        self.job(JobName::Import, &actor.user, vec![("rows", rows.len().into())], work).await
    }

    async fn import_rows(&self, actor: &Actor, rows: &[Row]) -> Result<Vec<Imported>> {
        self.import_tags(actor, rows).await?;
        let mut done = Vec::with_capacity(rows.len());
        for rows in rows.chunk_by(|a, b| a.kind == b.kind) {
            done.extend(self.import_some(actor, rows).await?);
        }
        Ok(done)
    }

    /// Makes the tags that there are none of; a tag whose name another one has is left out.
    async fn import_tags(&self, actor: &Actor, rows: &[Row]) -> Result<()> {
        let tags = rows.iter().flat_map(|row| &row.tags);
        let tags: HashMap<&str, &TagChanges> =
            tags.filter_map(|tag| Some((tag.slug.as_ref()?.as_str(), tag))).collect();
        let wanted = tags.keys().map(|slug| TagRef::Slug((*slug).to_owned())).collect();
        let found = self.store.neighbours(&noticeboard_store::Wanted { tags: wanted, ..Default::default() }).await?;
        let known: HashSet<&str> = found.tags.iter().map(|tag| tag.slug.as_str()).collect();
        for (_, tag) in tags.into_iter().filter(|(slug, _)| !known.contains(slug)) {
            match self.tag_create(actor, tag.clone()).await {
                Ok(_) | Err(Error::Invalid(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Objects of one type: as many in a transaction as it holds, each by itself where another writer comes between.
    async fn import_some(&self, actor: &Actor, rows: &[Row]) -> Result<Vec<Imported>> {
        let mut done: Vec<Option<Imported>> = Vec::with_capacity(rows.len());
        let mut groups: Vec<(Transaction, Vec<(usize, Imported)>)> = Vec::new();
        let mut renames = Vec::new();
        for (at, plan) in self.import_plans(actor, rows).await?.into_iter().enumerate() {
            let (planned, before) = match plan {
                Plan::Done(imported) => {
                    done.push(Some(imported));
                    continue;
                }
                Plan::Write { planned, before } => (planned, before),
            };
            done.push(None);
            let after = planned.view.stored;
            let imported = match &before {
                Some(_) => Imported::Updated(after.object.id),
                None => Imported::Created(after.object.id),
            };
            renames.extend(before.and_then(|before| renamed(&before, &after)));
            let rest = match groups.last_mut() {
                Some((last, members)) => match last.join(planned.part.transaction) {
                    Ok(()) => {
                        members.push((at, imported.clone()));
                        None
                    }
                    Err(rest) => Some(rest),
                },
                None => Some(planned.part.transaction),
            };
            groups.extend(rest.map(|transaction| (transaction, vec![(at, imported)])));
        }
        for (transaction, members) in groups {
            match self.store.commit(transaction, self.now()).await {
                Ok(()) => members.into_iter().for_each(|(at, imported)| done[at] = Some(imported)),
                Err(CommitError::Refused(_)) => {
                    for (at, _) in members {
                        done[at] = Some(self.import_one(actor, &rows[at]).await?);
                    }
                }
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        for entry in renames {
            self.journal_finish(&entry).await?;
        }
        let missing = || Error::internal("a row of an import was forgotten");
        done.into_iter().map(|imported| imported.ok_or_else(missing)).collect()
    }

    async fn import_one(&self, actor: &Actor, row: &Row) -> Result<Imported> {
        for race in 0..MAX_RACES {
            let turn = self.turn(race).await;
            for plan in self.import_plans(actor, std::slice::from_ref(row)).await? {
                let (planned, before) = match plan {
                    Plan::Done(imported) => return Ok(imported),
                    Plan::Write { planned, before } => (planned, before),
                };
                let after = planned.view.stored;
                match self.store.commit(planned.part.transaction, self.now()).await {
                    Ok(()) => {}
                    Err(CommitError::Refused(_)) => continue,
                    Err(CommitError::Failed(error)) => return Err(error),
                }
                let Some(before) = before else { return Ok(Imported::Created(after.object.id)) };
                if let Some(entry) = renamed(&before, &after) {
                    // Showing it anew may have to take turns.
                    drop(turn);
                    self.journal_finish(&entry).await?;
                }
                return Ok(Imported::Updated(after.object.id));
            }
        }
        Err(too_many_races())
    }

    /// What is to be done with each of some rows of one type.
    async fn import_plans(&self, actor: &Actor, rows: &[Row]) -> Result<Vec<Plan>> {
        let Some(first) = rows.first() else { return Ok(Vec::new()) };
        let (kind, schema) = (first.kind, known(first.kind)?);
        let objects: Vec<ObjectRef> = rows.iter().filter_map(|row| row.id).map(|id| ObjectRef { kind, id }).collect();
        let present: HashMap<ObjectId, StoredObject> =
            self.store.objects(&objects).await?.into_iter().map(|stored| (stored.object.id, stored)).collect();
        let before = |row: &Row| row.id.and_then(|id| present.get(&id));
        let inputs: Vec<(&InventoryInput, Option<&StoredObject>)> =
            rows.iter().filter_map(|row| Some((row.input.as_ref().ok()?, before(row)))).collect();
        let mut around = self.surroundings_of(schema, &inputs).await?;
        let changes = inputs.iter().filter_map(|(input, before)| Some(((*before)?, *input)));
        self.add_dependents(&mut around, changes).await?;
        let mut plans = Vec::with_capacity(rows.len());
        for row in rows {
            let input = match &row.input {
                Ok(input) => input,
                Err(errors) => {
                    plans.push(Plan::Done(Imported::Refused(errors.clone())));
                    continue;
                }
            };
            let plan = match before(row) {
                Some(before) => self.object_replanned(actor, before, input, &around).map(|planned| match planned {
                    Some(planned) => Plan::Write { planned: Box::new(planned), before: Some(Box::new(before.clone())) },
                    None => Plan::Done(Imported::Unchanged(before.object.id)),
                }),
                None => {
                    let id = row.id.map_or_else(|| self.mint(), Ok)?;
                    let planned = self.object_planned(schema, id, Revision::first(self.stamp(actor)?), input, &around);
                    planned.map(|planned| Plan::Write { planned: Box::new(planned), before: None })
                }
            };
            plans.push(plan.or_else(refused)?);
        }
        self.import_places(actor, schema, rows, &mut plans).await?;
        Ok(plans)
    }

    /// Settles what others have already of that which an object alone may have.
    async fn import_places(
        &self,
        actor: &Actor,
        schema: &'static Schema,
        rows: &[Row],
        plans: &mut [Plan],
    ) -> Result<()> {
        let writes: Vec<usize> =
            (0..plans.len()).filter(|at| matches!(plans.get(*at), Some(Plan::Write { .. }))).collect();
        let objects = writes.iter().filter_map(|at| match plans.get(*at) {
            Some(Plan::Write { planned, .. }) => Some(planned.view.stored.object.clone()),
            Some(Plan::Done(_)) | None => None,
        });
        let objects: Vec<_> = objects.collect();
        let holders = self.store.holders(&objects.iter().collect::<Vec<_>>()).await?;
        let taken = self.taken(&objects.iter().collect::<Vec<_>>()).await?;
        let mut places = HashSet::new();
        for (((at, object), holders), errors) in writes.into_iter().zip(&objects).zip(holders).zip(taken) {
            let new = matches!(&plans[at], Plan::Write { before: None, .. });
            let mut others = holders.into_iter().flatten().filter(|holder| *holder != object.id);
            let row = &rows[at];
            if let Some(holder) = others.next() {
                plans[at] = match (new, row.id, &row.input) {
                    // Told by what is unique of it: it is the one that is there.
                    (true, None, Ok(input)) => self.import_onto(actor, schema, holder, input).await?,
                    (true, Some(_), _) => Plan::Done(Imported::Kept(holder)),
                    (true | false, _, _) => Plan::Done(Imported::Refused(errors)),
                };
            } else {
                let mut errors = FieldErrors::default();
                super::resolve::taken_within(object, &mut places, &mut errors);
                if !errors.is_empty() {
                    plans[at] = Plan::Done(Imported::Refused(errors));
                }
            }
        }
        Ok(())
    }

    /// Changes the object that there is.
    async fn import_onto(
        &self,
        actor: &Actor,
        schema: &'static Schema,
        id: ObjectId,
        input: &InventoryInput,
    ) -> Result<Plan> {
        let Some(before) = self.store.object(ObjectRef { kind: schema.kind, id }).await? else {
            return Err(Error::Unavailable { detail: format!("{} {id} is gone", schema.kind) });
        };
        let mut around = self.surroundings_of(schema, &[(input, Some(&before))]).await?;
        self.add_dependents(&mut around, std::iter::once((&before, input))).await?;
        let plan = self.object_replanned(actor, &before, input, &around).map(|planned| match planned {
            Some(planned) => Plan::Write { planned: Box::new(planned), before: Some(Box::new(before.clone())) },
            None => Plan::Done(Imported::Unchanged(id)),
        });
        plan.or_else(refused)
    }
}
