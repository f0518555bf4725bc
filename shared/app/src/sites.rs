//! Where things are, now: the objects in a site, region, site group or location, and the events that hit them
//! (behaviours 24).
//!
//! Nothing is cached: who points at a place is kept with the place, in the transaction of whoever points. A region, a
//! group and a location include what is below them; a circuit is where its terminations are, a power feed where its panel
//! is, a device and all else where it says; what a device or a machine has is where that is.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use noticeboard_domain::filter::Test;
use noticeboard_domain::impact::Impact;
use noticeboard_domain::inventory::{inside, kept, leads_to, place};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::{Error, Result};
use noticeboard_store::Dependent;

use crate::App;
use crate::impacts::whole;

/// Queries that run at once.
const AT_ONCE: usize = 32;
/// For up to so many targets their impacts are looked up one by one; for more, all impacts are read.
const MAX_TARGETS: usize = 256;

impl App {
    /// The targets of impacts in the places that tests ask for; none when there is no test.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a place that does not exist.
    pub(crate) async fn targets_in(&self, tests: &[Test]) -> Result<Option<HashSet<ObjectRef>>> {
        self.located(tests, |kind| self.settings.allowed_targets.contains(kind)).await
    }

    /// The objects of the wanted types in the places that tests ask for; none when there is no test.
    pub(crate) async fn located(
        &self,
        tests: &[Test],
        wanted: impl Fn(ObjectType) -> bool,
    ) -> Result<Option<HashSet<ObjectRef>>> {
        let mut found: Option<HashSet<ObjectRef>> = None;
        for test in tests {
            let kind = place(&test.field).ok_or_else(|| Error::internal(format!("{} is no place", test.field)))?;
            let Some(ids) = self.referred(kind, test).await? else { continue };
            let mut here = self.within(ids.into_iter().map(|id| ObjectRef { kind, id }).collect(), &wanted).await?;
            if test.negated {
                here = self.all_but(&here, &wanted).await?;
            }
            found = Some(match found {
                Some(before) => before.intersection(&here).copied().collect(),
                None => here,
            });
        }
        Ok(found)
    }

    /// These places and what is in them, as far as it is of the wanted types.
    async fn within(&self, places: Vec<ObjectRef>, wanted: &impl Fn(ObjectType) -> bool) -> Result<HashSet<ObjectRef>> {
        let most = self.settings.list_read_limit;
        let mut found: HashSet<ObjectRef> = places.iter().copied().collect();
        let mut open = places;
        while !open.is_empty() {
            let looked = open.iter().filter(|object| leads_to(object.kind, wanted)).map(|object| async move {
                let dependents = whole(self.store.dependents(*object, most).await?, most)?;
                Ok::<(ObjectType, Vec<Dependent>), Error>((object.kind, dependents))
            });
            let looked: Vec<(ObjectType, Vec<Dependent>)> =
                stream::iter(looked.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect().await?;
            let mut next = Vec::new();
            for (kind, dependents) in looked {
                for dependent in
                    dependents.into_iter().filter(|dependent| inside(kind).contains(&dependent.object.kind))
                {
                    found.extend(dependent.circuit.map(|id| ObjectRef { kind: ObjectType::Circuit, id }));
                    if found.insert(dependent.object) {
                        next.push(dependent.object);
                    }
                }
            }
            if found.len() > most {
                return Err(noticeboard_store::too_many_entries(most));
            }
            open = next;
        }
        found.retain(|object| wanted(object.kind));
        Ok(found)
    }

    /// Every object of the wanted types but these.
    async fn all_but(
        &self,
        here: &HashSet<ObjectRef>,
        wanted: &impl Fn(ObjectType) -> bool,
    ) -> Result<HashSet<ObjectRef>> {
        let most = self.settings.list_read_limit;
        let mut found = HashSet::new();
        for schema in kept().filter(|schema| wanted(schema.kind)) {
            let all = self.store.objects_from(schema.kind, 0, most).await?;
            if all.next.is_some() {
                return Err(noticeboard_store::too_many_entries(most));
            }
            found.extend(all.items.iter().map(|stored| stored.object.object()).filter(|object| !here.contains(object)));
        }
        Ok(found)
    }

    /// The impacts on these targets.
    pub(crate) async fn impacts_on(&self, targets: &HashSet<ObjectRef>) -> Result<Vec<Impact>> {
        let most = self.settings.list_read_limit;
        if targets.len() > MAX_TARGETS {
            let all = self.store.impacts_from(0, most).await?;
            if all.next.is_some() {
                return Err(noticeboard_store::too_many_entries(most));
            }
            let impacts = all.items.into_iter().map(|(impact, _)| impact);
            return Ok(impacts.filter(|impact| targets.contains(&impact.target)).collect());
        }
        let found = targets.iter().map(|target| self.store.impacts_on_target(*target, most));
        let found: Vec<_> = stream::iter(found.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect().await?;
        let found: Result<Vec<Vec<Impact>>> = found.into_iter().map(|slice| whole(slice, most)).collect();
        Ok(found?.concat())
    }
}
