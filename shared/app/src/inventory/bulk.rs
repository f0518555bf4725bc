//! Several objects of the inventory written together: all or none (behaviours L11).

use std::collections::{HashMap, HashSet};

use noticeboard_domain::change::{Actor, Expected, Revision};
use noticeboard_domain::ids::ObjectId;
use noticeboard_domain::inventory::InventoryObject;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::{Error, FieldErrors, Result};
use noticeboard_store::StoredObject;

use super::resolve;
use super::shown::renamed;
use super::{InventoryInput, ObjectView, Planned, known};
use crate::bulk::{BulkError, Tried};
use crate::{App, MAX_RACES, Turn, too_many_races};

impl App {
    /// Makes several objects of one type, or none.
    ///
    /// # Errors
    /// As for [`App::object_create`], by element.
    pub async fn object_create_many(
        &self,
        actor: &Actor,
        kind: ObjectType,
        inputs: Vec<InventoryInput>,
    ) -> std::result::Result<Vec<ObjectView>, BulkError> {
        let schema = known(kind)?;
        for race in 0..MAX_RACES {
            let turn = self.turn(race).await;
            let around =
                self.surroundings_of(schema, &inputs.iter().map(|input| (input, None)).collect::<Vec<_>>()).await?;
            let mut planned = Vec::new();
            for input in &inputs {
                let revision = Revision::first(self.stamp(&actor.noting(&input.note))?);
                planned.push(self.object_planned(schema, self.mint()?, revision, input, &around).map(Some));
            }
            if let Some((_, views)) = self.objects_commit(actor, planned, turn).await? {
                return Ok(views.into_iter().flatten().collect());
            }
        }
        Err(too_many_races().into())
    }

    /// Changes several objects of one type, or none; those that do not exist are left out.
    ///
    /// # Errors
    /// As for [`App::object_change`], by element.
    pub async fn object_change_many(
        &self,
        actor: &Actor,
        kind: ObjectType,
        inputs: Vec<(ObjectId, InventoryInput)>,
    ) -> std::result::Result<Vec<ObjectView>, BulkError> {
        self.object_change_expected(actor, kind, inputs, &Expected::default()).await
    }

    pub(super) async fn object_change_expected(
        &self,
        actor: &Actor,
        kind: ObjectType,
        mut inputs: Vec<(ObjectId, InventoryInput)>,
        expected: &Expected,
    ) -> std::result::Result<Vec<ObjectView>, BulkError> {
        let mut seen = HashSet::new();
        // The last of several changes of one object counts.
        inputs.reverse();
        inputs.retain(|(id, _)| seen.insert(*id));
        inputs.reverse();
        for race in 0..MAX_RACES {
            let turn = self.turn(race).await;
            let ids: Vec<ObjectRef> = inputs.iter().map(|(id, _)| ObjectRef { kind, id: *id }).collect();
            let present = self.store.objects(&ids).await?;
            let present: HashMap<ObjectId, &StoredObject> =
                present.iter().map(|stored| (stored.object.id, stored)).collect();
            let inputs: Vec<(&StoredObject, &InventoryInput)> =
                inputs.iter().filter_map(|(id, input)| Some((*present.get(id)?, input))).collect();
            for (before, _) in &inputs {
                expected.check(before.object.revision.version)?;
            }
            let named: Vec<_> = inputs.iter().map(|(before, input)| (*input, Some(*before))).collect();
            let mut around = self.surroundings_of(known(kind)?, &named).await?;
            self.add_dependents(&mut around, inputs.iter().map(|(before, input)| (*before, *input))).await?;
            let planned: Vec<_> =
                inputs.iter().map(|(before, input)| self.object_replanned(actor, before, input, &around)).collect();
            let Some((written, views)) = self.objects_commit(actor, planned, turn).await? else {
                continue;
            };
            for after in written {
                if let Some(before) = present.get(&after.object.id)
                    && let Some(entry) = renamed(before, &after)
                {
                    self.journal_finish(&entry).await?;
                }
            }
            let views = views.into_iter().zip(&inputs);
            return Ok(views
                .map(|(view, (before, _))| view.unwrap_or_else(|| around.view((*before).clone())))
                .collect());
        }
        Err(too_many_races().into())
    }

    /// Writes what is planned, all or nothing: the objects as written, and each element's view where it changed. None
    /// where another writer was faster, and everything is to be read and checked again.
    async fn objects_commit(
        &self,
        actor: &Actor,
        planned: Vec<Result<Option<Planned>>>,
        turn: Turn<'_>,
    ) -> std::result::Result<Option<(Vec<StoredObject>, Vec<Option<ObjectView>>)>, BulkError> {
        let (mut parts, mut views, mut elements) = (Vec::new(), Vec::new(), Vec::new());
        for planned in planned {
            match planned {
                Ok(None) => {
                    views.push(None);
                    elements.push(FieldErrors::default());
                }
                Ok(Some(planned)) => {
                    parts.push(planned.part);
                    views.push(Some(planned.view));
                    elements.push(FieldErrors::default());
                }
                Err(Error::Invalid(errors)) => {
                    views.push(None);
                    elements.push(errors);
                }
                Err(error) => return Err(error.into()),
            }
        }
        let written: Vec<StoredObject> = views.iter().flatten().map(|view| view.stored.clone()).collect();
        let objects: Vec<&InventoryObject> = written.iter().map(|stored| &stored.object).collect();
        // One object alone is refused by its own conditions; of several, the element is to be named before any is written.
        if elements.len() > 1 {
            let taken = self.taken(&objects).await?;
            let changed = views.iter().enumerate().filter(|(_, view)| view.is_some()).map(|(at, _)| at);
            let mut places = HashSet::new();
            for ((at, object), taken) in changed.zip(&objects).zip(taken) {
                elements[at].add_missing(&taken);
                resolve::taken_within(object, &mut places, &mut elements[at]);
            }
        }
        BulkError::check(elements)?;
        match self.bulk_commit(actor, parts, turn).await? {
            Tried::Done => Ok(Some((written, views))),
            Tried::Lost(_) => {
                let taken = self.taken(&objects).await?;
                let mut taken = taken.into_iter();
                let elements = views.iter().map(|view| match view {
                    Some(_) => taken.next().unwrap_or_default(),
                    None => FieldErrors::default(),
                });
                BulkError::check(elements.collect())?;
                Ok(None)
            }
        }
    }

    /// Deletes several objects of one type; those that do not exist are as good as deleted.
    ///
    /// # Errors
    /// [`Error::Conflict`] while others point at one of them: then none is deleted.
    pub async fn object_delete_many(&self, actor: &Actor, kind: ObjectType, ids: &[(ObjectId, String)]) -> Result<()> {
        let objects: Vec<ObjectRef> = ids.iter().map(|(id, _)| ObjectRef { kind, id: *id }).collect();
        let present = self.store.objects(&objects).await?;
        let objects: Vec<ObjectRef> = present.iter().map(|stored| stored.object.object()).collect();
        for object in &objects {
            self.object_unused_but(*object, &objects).await?;
        }
        if objects.is_empty() {
            return Ok(());
        }
        let mut order = objects.clone();
        // What points at another one of them goes first.
        order.sort_by_key(|object| std::cmp::Reverse(depth(*object, &present)));
        let note = |object: ObjectRef| {
            let found = ids.iter().find(|(id, _)| *id == object.id);
            (object, found.map(|(_, note)| note.clone()).unwrap_or_default())
        };
        self.bulk_delete(actor, order.into_iter().map(note).collect()).await
    }
}

/// How many of these objects lie above one in a tree.
fn depth(object: ObjectRef, among: &[StoredObject]) -> usize {
    let parent = |object: ObjectRef| {
        let stored = among.iter().find(|stored| stored.object.object() == object)?;
        stored.object.points_at().into_iter().map(|(_, to)| to).find(|to| to.kind == object.kind)
    };
    let mut above = Some(object);
    (0..among.len())
        .take_while(|_| {
            above = above.and_then(parent);
            above.is_some()
        })
        .count()
}
