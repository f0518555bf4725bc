//! Bringing in objects that exist elsewhere, with the ids that they have there; again and again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use noticeboard_domain::change::{Actor, Expected, Origin, Revision};
use noticeboard_domain::ids::ObjectId;
use noticeboard_domain::inventory::{InventoryObject, Schema};
use noticeboard_domain::job::JobName;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::tag::{TagChanges, TagRef};
use noticeboard_domain::{Error, FieldErrors, Result};
use noticeboard_store::{CommitError, Store, StoredObject, Transaction};

use super::shown::renamed;
use super::{InventoryInput, Planned, known, resolve};
use crate::jobs::Facts;
use crate::{App, MAX_RACES, too_many_races};

/// One object to bring in.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its type.
    pub kind: ObjectType,
    /// Its id there; without one it is told by what is unique of it.
    pub id: Option<ObjectId>,
    /// Objects of its type that are gone there: where they have what is unique of it, they give it up.
    pub replaces: Vec<ObjectId>,
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
    /// Another object has what its new values need, and cannot give it up.
    Taken(ObjectId, FieldErrors),
    /// It breaks a rule.
    Refused(FieldErrors),
}

/// What is to be done with a row.
enum Plan {
    Write(Box<Write>),
    Done(Imported),
}

/// A row that is to be written.
struct Write {
    planned: Planned,
    before: Option<StoredObject>,
    /// The rows that give up what it takes.
    waits: BTreeSet<usize>,
}

impl Plan {
    fn write(planned: Planned, before: Option<StoredObject>) -> Self {
        Self::Write(Box::new(Write { planned, before, waits: BTreeSet::new() }))
    }
}

impl Write {
    fn imported(&self) -> Imported {
        let id = self.planned.view.stored.object.id;
        if self.before.is_some() { Imported::Updated(id) } else { Imported::Created(id) }
    }
}

/// What a row takes of that which an object alone may have, and who has it.
struct Claim {
    at: usize,
    object: InventoryObject,
    places: Vec<String>,
    holders: Vec<Option<ObjectId>>,
}

/// Rows that are written at once.
struct Group {
    /// The writes; none where they are too many for one transaction.
    transaction: Option<Transaction>,
    members: Vec<(usize, Imported)>,
}

/// The rows in an order in which each finds free what it takes: `waits` says for each which others give that up. Rows that
/// wait for each other stand together, and the first of them is one that others of these wait for.
fn in_order(waits: &BTreeMap<usize, BTreeSet<usize>>) -> Vec<Vec<usize>> {
    let (mut order, mut placed): (Vec<Vec<usize>>, HashSet<usize>) = (Vec::new(), HashSet::new());
    let mut open: Vec<usize> = waits.keys().copied().collect();
    while let Some(first) = open.first().copied() {
        let before = open.len();
        open.retain(|at| {
            let free = waits.get(at).is_none_or(|givers| givers.iter().all(|giver| placed.contains(giver)));
            if free {
                placed.insert(*at);
                order.push(vec![*at]);
            }
            !free
        });
        if open.len() == before {
            let circle = circle(first, waits, &placed);
            open.retain(|at| !circle.contains(at));
            placed.extend(&circle);
            order.push(circle);
        }
    }
    order
}

/// The circle of rows that wait for each other which a row waits for, itself or through others; with all that these need
/// and that is not placed.
fn circle(from: usize, waits: &BTreeMap<usize, BTreeSet<usize>>, placed: &HashSet<usize>) -> Vec<usize> {
    let open = |at: usize| waits.get(&at).into_iter().flatten().copied().filter(|giver| !placed.contains(giver));
    let (mut at, mut passed) = (from, HashSet::new());
    while passed.insert(at)
        && let Some(giver) = open(at).next()
    {
        at = giver;
    }
    let (mut circle, mut looked) = (vec![at], 0);
    while let Some(at) = circle.get(looked).copied() {
        let found: Vec<usize> = open(at).filter(|giver| !circle.contains(giver)).collect();
        circle.extend(found);
        looked += 1;
    }
    circle
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
            Imported::Taken(..) | Imported::Refused(_) => &mut failed,
        } += 1;
    }
    let counts =
        [("created", created), ("updated", updated), ("unchanged", unchanged), ("kept", kept), ("failed", failed)];
    counts.into_iter().map(|(name, count): (_, u64)| (name, count.into())).collect()
}

/// New values with which an object gives up what it alone has.
fn aside(object: &InventoryObject) -> InventoryInput {
    let values = object.schema().aside(object.id, |field| object.text(field));
    InventoryInput { values, ..InventoryInput::default() }
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
    /// is the same is left alone, and nothing is deleted but terminations that are replaced.
    ///
    /// Objects that others of the same request point at must come before these. What is unique of objects may have moved
    /// from one to another, also in a circle.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; what was done until then stays, and repeating the request is harmless.
    pub async fn import(&self, actor: &Actor, rows: &[Row]) -> Result<Vec<Imported>> {
        let actor = &Actor { origin: Origin::Job, ..actor.clone() };
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
            done.extend(self.import_some(actor, rows, 0).await?);
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

    /// Objects of one type: as many in a transaction as it holds. Those of one that another writer comes between are
    /// planned anew, and after too many `races` each by itself.
    async fn import_some(&self, actor: &Actor, rows: &[Row], races: usize) -> Result<Vec<Imported>> {
        let mut done: Vec<Option<Imported>> = Vec::with_capacity(rows.len());
        let mut writes: BTreeMap<usize, Box<Write>> = BTreeMap::new();
        for (at, plan) in self.import_plans(actor, rows).await?.into_iter().enumerate() {
            match plan {
                Plan::Done(imported) => done.push(Some(imported)),
                Plan::Write(write) => {
                    done.push(None);
                    writes.insert(at, write);
                }
            }
        }
        let among = |write: &Write| write.waits.iter().copied().filter(|giver| writes.contains_key(giver)).collect();
        let waits: BTreeMap<usize, BTreeSet<usize>> = writes.iter().map(|(at, write)| (*at, among(write))).collect();
        let (mut groups, mut renames): (Vec<Group>, Vec<_>) = (Vec::new(), Vec::new());
        for step in in_order(&waits) {
            let mut group = Group { transaction: None, members: Vec::new() };
            let mut fits = true;
            for at in step {
                let Some(write) = writes.remove(&at) else { continue };
                group.members.push((at, write.imported()));
                renames.extend(write.before.and_then(|before| renamed(&before, &write.planned.view.stored)));
                match &mut group.transaction {
                    None => group.transaction = Some(write.planned.part.transaction),
                    Some(together) => fits &= together.trade(write.planned.part.transaction).is_ok(),
                }
            }
            group.transaction = group.transaction.filter(|_| fits);
            if let Some(last) = groups.last_mut()
                && let Some(open) = &mut last.transaction
                && let Some(transaction) = group.transaction.take()
            {
                match open.join(transaction) {
                    Ok(()) => {
                        last.members.extend(group.members);
                        continue;
                    }
                    Err(rest) => group.transaction = Some(rest),
                }
            }
            groups.push(group);
        }
        for Group { transaction, members } in groups {
            let Some(transaction) = transaction else {
                let circle: Vec<Row> = members.iter().map(|(at, _)| rows[*at].clone()).collect();
                let imported = self.import_circle(actor, &circle).await?;
                members.into_iter().zip(imported).for_each(|((at, _), imported)| done[at] = Some(imported));
                continue;
            };
            match self.store.commit(transaction, self.now()).await {
                Ok(()) => members.into_iter().for_each(|(at, imported)| done[at] = Some(imported)),
                Err(CommitError::Refused(_)) if members.len() > 1 && races < MAX_RACES => {
                    let again: Vec<Row> = members.iter().map(|(at, _)| rows[*at].clone()).collect();
                    let imported = Box::pin(self.import_some(actor, &again, races + 1)).await?;
                    members.into_iter().zip(imported).for_each(|((at, _), imported)| done[at] = Some(imported));
                }
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

    /// Rows that wait for each other and are too many for one transaction: the first steps aside, so that the others find
    /// free what they take, and takes its own last; or what it had, where it cannot. (Where the program ends in between,
    /// the next import finds it aside, and goes on.)
    async fn import_circle(&self, actor: &Actor, rows: &[Row]) -> Result<Vec<Imported>> {
        let Some((first, others)) = rows.split_first() else { return Ok(Vec::new()) };
        let object = first.id.map(|id| ObjectRef { kind: first.kind, id });
        let before = match object {
            Some(object) => self.store.object(object).await?,
            None => None,
        };
        if let Some(before) = &before {
            self.import_moves(actor, &before.object, aside(&before.object)).await?;
        }
        let mut done = Box::pin(self.import_some(actor, others, 0)).await?;
        let last = self.import_one(actor, first).await?;
        if let (Some(before), Imported::Taken(..) | Imported::Refused(_)) = (&before, &last) {
            let mut input = aside(&before.object);
            for (name, value) in &mut input.values {
                *value = before.object.text(name).into();
            }
            self.import_moves(actor, &before.object, input).await?;
        }
        done.insert(0, last);
        Ok(done)
    }

    /// Gives an object other values of what it alone may have. Where it cannot take them, the rows that need this are told
    /// who has what they take.
    async fn import_moves(&self, actor: &Actor, object: &InventoryObject, input: InventoryInput) -> Result<()> {
        match self.object_change(actor, object.object(), input, &Expected::default()).await {
            Ok(_) | Err(Error::Invalid(_) | Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn import_one(&self, actor: &Actor, row: &Row) -> Result<Imported> {
        for race in 0..MAX_RACES {
            let turn = self.turn(race).await;
            for plan in self.import_plans(actor, std::slice::from_ref(row)).await? {
                let write = match plan {
                    Plan::Done(imported) => return Ok(imported),
                    Plan::Write(write) => *write,
                };
                let imported = write.imported();
                let after = write.planned.view.stored;
                match self.store.commit(write.planned.part.transaction, self.now()).await {
                    Ok(()) => {}
                    Err(CommitError::Refused(_)) => continue,
                    Err(CommitError::Failed(error)) => return Err(error),
                }
                if let Some(entry) = write.before.and_then(|before| renamed(&before, &after)) {
                    // Showing it anew may have to take turns.
                    drop(turn);
                    self.journal_finish(&entry).await?;
                }
                return Ok(imported);
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
        let absent: Vec<ObjectRef> = objects.into_iter().filter(|object| !present.contains_key(&object.id)).collect();
        let deletions = self.store.deletions(&absent).await?;
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
                    Some(planned) => Plan::write(planned, Some(before.clone())),
                    None => Plan::Done(Imported::Unchanged(before.object.id)),
                }),
                None => {
                    let id = row.id.map_or_else(|| self.mint(), Ok)?;
                    let deletion = deletions.get(&ObjectRef { kind, id }).copied().unwrap_or(0);
                    let revision = Revision::after(deletion, self.stamp(actor)?);
                    let planned = self.object_planned(schema, id, revision, input, &around);
                    planned.map(|planned| Plan::write(planned, None))
                }
            };
            plans.push(plan.or_else(refused)?);
        }
        self.import_places(actor, schema, rows, &mut plans).await?;
        Ok(plans)
    }

    /// Settles what others have already of that which an object alone may have: who waits for whom, who makes room, and who
    /// has to do without.
    async fn import_places(
        &self,
        actor: &Actor,
        schema: &'static Schema,
        rows: &[Row],
        plans: &mut [Plan],
    ) -> Result<()> {
        let written = plans.iter().enumerate().filter_map(|(at, plan)| match plan {
            Plan::Write(write) => Some((at, write.planned.view.stored.object.clone())),
            Plan::Done(_) => None,
        });
        let (written, objects): (Vec<usize>, Vec<InventoryObject>) = written.unzip();
        let holders = self.store.holders(&objects.iter().collect::<Vec<_>>()).await?;
        let claims = written.into_iter().zip(objects).zip(holders);
        let mut claims: Vec<Claim> = claims
            .map(|((at, object), holders)| Claim { at, places: Store::places(&object), object, holders })
            .collect();
        // Whoever does without gives nothing up either, which others may have waited for.
        loop {
            let (mut lost, mut settled, mut places) = (Vec::new(), Vec::new(), HashSet::new());
            let givers: HashMap<ObjectId, &Claim> = claims.iter().map(|claim| (claim.object.id, claim)).collect();
            for claim in &claims {
                let (mut waits, mut gone, mut stays) = (BTreeSet::new(), BTreeSet::new(), None);
                let mut errors = FieldErrors::default();
                let held = claim.object.unique().into_iter().zip(&claim.places).zip(&claim.holders);
                for (((rule, _), place), holder) in held {
                    let Some(holder) = holder.filter(|holder| *holder != claim.object.id) else { continue };
                    if let Some(giver) = givers.get(&holder).filter(|giver| !giver.places.contains(place)) {
                        waits.insert(giver.at);
                    } else if rows[claim.at].replaces.contains(&holder) {
                        gone.insert(holder);
                    } else {
                        stays = stays.or(Some(holder));
                        resolve::taken(schema.kind, rule.fields, &mut errors);
                    }
                }
                if stays.is_none() {
                    resolve::taken_within(&claim.object, &mut places, &mut errors);
                }
                if errors.is_empty() {
                    settled.push((claim.at, waits, gone));
                } else {
                    lost.push((claim.at, stays, errors));
                }
            }
            if lost.is_empty() {
                for (at, waits, gone) in settled {
                    self.import_in_place_of(actor, schema, &gone, &mut plans[at]).await?;
                    if let Plan::Write(write) = &mut plans[at] {
                        write.waits = waits;
                    }
                }
                return Ok(());
            }
            claims.retain(|claim| lost.iter().all(|(at, ..)| *at != claim.at));
            for (at, holder, errors) in lost {
                let new = matches!(&plans[at], Plan::Write(write) if write.before.is_none());
                let row = &rows[at];
                plans[at] = match (holder, new, row.id, &row.input) {
                    // Told by what is unique of it: it is the one that is there.
                    (Some(holder), true, None, Ok(input)) => self.import_onto(actor, schema, holder, input).await?,
                    (Some(holder), true, Some(_), _) => Plan::Done(Imported::Kept(holder)),
                    (Some(holder), ..) => Plan::Done(Imported::Taken(holder, errors)),
                    (None, ..) => Plan::Done(Imported::Refused(errors)),
                };
            }
        }
    }

    /// Lets objects that are gone where an import comes from make room for one that has come in their place, in one
    /// transaction with it. What events need stays as it is.
    ///
    /// They keep what points at them, and are called by their ids: whatever still exists there will point elsewhere, but
    /// comes later. A termination has no name, and nothing points at it: it goes.
    async fn import_in_place_of(
        &self,
        actor: &Actor,
        schema: &'static Schema,
        gone: &BTreeSet<ObjectId>,
        plan: &mut Plan,
    ) -> Result<()> {
        for id in gone.iter().copied() {
            let object = ObjectRef { kind: schema.kind, id };
            let before = self.import_present(object).await?;
            let input = aside(&before.object);
            let room = match self.object_unused_by_events(object).await {
                Err(Error::Conflict(why)) => Err(why),
                Err(error) => return Err(error),
                Ok(()) if input.values.is_empty() => {
                    let around = self.surroundings_at(&before).await?;
                    Ok(self.object_deleted(actor, &before, &around)?)
                }
                Ok(()) => match self.import_onto(actor, schema, id, &input).await? {
                    Plan::Write(write) => Ok(write.planned.part.transaction),
                    Plan::Done(Imported::Refused(errors)) => Err(errors.to_string()),
                    Plan::Done(_) => Ok(Transaction::new()),
                },
            };
            let Plan::Write(write) = plan else { return Ok(()) };
            let traded = room.and_then(|room| {
                let too_much = |_| "More would change than one transaction holds.".to_owned();
                write.planned.part.transaction.trade(room).map_err(too_much)
            });
            if let Err(why) = traded {
                let mut errors = FieldErrors::default();
                errors.add(FieldErrors::ALL, format!("{} {id} cannot be replaced: {why}", schema.kind.label()));
                *plan = Plan::Done(Imported::Taken(id, errors));
            }
        }
        Ok(())
    }

    /// An object that was there a moment ago.
    async fn import_present(&self, object: ObjectRef) -> Result<StoredObject> {
        let gone = || Error::Unavailable { detail: format!("{} {} is gone", object.kind, object.id) };
        self.store.object(object).await?.ok_or_else(gone)
    }

    /// Changes the object that there is.
    async fn import_onto(
        &self,
        actor: &Actor,
        schema: &'static Schema,
        id: ObjectId,
        input: &InventoryInput,
    ) -> Result<Plan> {
        let before = self.import_present(ObjectRef { kind: schema.kind, id }).await?;
        let mut around = self.surroundings_of(schema, &[(input, Some(&before))]).await?;
        self.add_dependents(&mut around, std::iter::once((&before, input))).await?;
        let plan = self.object_replanned(actor, &before, input, &around).map(|planned| match planned {
            Some(planned) => Plan::write(planned, Some(before.clone())),
            None => Plan::Done(Imported::Unchanged(id)),
        });
        plan.or_else(refused)
    }
}
