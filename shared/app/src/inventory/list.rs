//! Lists of the inventory: each from the narrowest place that its filters allow.

use std::collections::HashSet;

use noticeboard_domain::filter::{Comparison, FieldValue, Filter, Filterable, Operand, Test};
use noticeboard_domain::ids::ObjectId;
use noticeboard_domain::inventory::{FieldKind, PLACES, Schema};
use noticeboard_domain::listing::{List, Listing};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::{Error, Result};
use noticeboard_store::{Chunk, CountOf, Resume, Store, StoredObject};

use super::{ObjectView, known};
use crate::App;
use crate::impacts::whole;
use crate::lists::{All, not_a_choice, split};

/// Objects that are read one by one, rather than all of their type.
const MAX_BY_ID: usize = 1000;
/// Objects that are read at once where values are looked for.
const CHUNK: usize = 500;

/// All objects of a type.
struct AllObjects<'a> {
    store: &'a Store,
    kind: ObjectType,
}

impl All for AllObjects<'_> {
    type Item = StoredObject;

    async fn count(&self) -> Result<u64> {
        Ok(self.store.counters(self.kind).await?.get(CountOf::All))
    }

    async fn walk(&self, resume: Option<Resume>, limit: usize) -> Result<Chunk<StoredObject>> {
        self.store.objects_by_name(self.kind, resume.as_ref(), limit).await
    }

    async fn from(&self, start: u64, limit: usize) -> Result<Chunk<StoredObject>> {
        self.store.objects_from(self.kind, start, limit).await
    }
}

/// The exact values of a test, whether it is negated or not; none for any other comparison.
pub(crate) fn exact(test: &Test) -> Option<(Vec<u64>, Vec<&str>)> {
    if test.comparison != Comparison::Equal {
        return None;
    }
    let (mut ids, mut texts) = (Vec::new(), Vec::new());
    for operand in &test.operands {
        match operand {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ids are below 2^53")]
            Operand::Number(number) => ids.push(*number as u64),
            Operand::Text(text) => texts.push(text.as_str()),
            Operand::Time(_) | Operand::Bool(_) | Operand::Pattern(_) => {}
        }
    }
    Some((ids, texts))
}

impl App {
    /// Objects of one type, by name unless an order is asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the filter would have to read more than `NOTICEBOARD_LIST_READ_LIMIT` entries, and for
    /// other objects that it names and that do not exist.
    pub async fn object_list(&self, kind: ObjectType, mut listing: Listing) -> Result<List<ObjectView>> {
        let schema = known(kind)?;
        self.check_choices(schema, &listing.filter).await?;
        let places = place_tests(schema, &mut listing.filter);
        self.narrow(kind, &mut listing.filter).await?;
        self.narrow_references(schema, &mut listing.filter).await?;
        if kind == ObjectType::Provider {
            self.narrow_to_circuits_in(places, &mut listing.filter).await?;
        } else if let Some(found) = self.located(&places, |found| found == kind).await? {
            listing.filter.narrow(found.into_iter().map(|found| found.id.get()).collect());
        }
        let by_name = |a: &StoredObject, b: &StoredObject| (&a.display, a.object.id).cmp(&(&b.display, b.object.id));
        let list = match self.narrowest(schema, &listing).await? {
            Some(few) => listing.of(few, by_name),
            None => self.walked(&listing, &AllObjects { store: &self.store, kind }, by_name).await?,
        };
        let (objects, list) = split(list);
        Ok(list.with(self.view_objects(objects).await?))
    }

    /// Refuses values of choices that neither NetBox knows nor any object has: what an import brought may have others.
    async fn check_choices(&self, schema: &'static Schema, filter: &Filter) -> Result<()> {
        let mut unknown: Vec<(&str, &str)> = Vec::new();
        for test in filter.tests.iter().filter(|test| test.comparison == Comparison::Equal) {
            let field = schema.field(&test.field);
            let Some(FieldKind::Choice(choices, _)) = field.map(|field| field.kind) else { continue };
            for operand in &test.operands {
                if let Operand::Text(value) = operand
                    && choices.iter().all(|(known, _)| known != value)
                {
                    unknown.push((test.field.as_ref(), value));
                }
            }
        }
        let (mut resume, mut read) = (None, 0);
        while let Some((field, value)) = unknown.first() {
            let chunk = self.store.objects_by_name(schema.kind, resume.as_ref(), CHUNK).await?;
            read += chunk.items.len();
            let refused = not_a_choice((*field).to_owned(), value);
            unknown.retain(|(field, value)| {
                chunk.items.iter().all(|stored| stored.field(field) != FieldValue::text(value))
            });
            match chunk.next {
                None if unknown.is_empty() => {}
                None => return Err(refused),
                Some(_) if read > self.settings.list_read_limit => {
                    return Err(noticeboard_store::too_many_entries(self.settings.list_read_limit));
                }
                next => resume = next,
            }
        }
        Ok(())
    }

    /// The objects that could be in a list, where a filter says which few these are.
    async fn narrowest(&self, schema: &'static Schema, listing: &Listing) -> Result<Option<Vec<StoredObject>>> {
        let (filter, most, kind) = (&listing.filter, self.settings.list_read_limit, schema.kind);
        let objects = |ids: Vec<u64>| -> Vec<ObjectRef> {
            ids.into_iter().filter_map(|id| Some(ObjectRef { kind, id: id.try_into().ok()? })).collect()
        };
        let among = filter.among.as_ref().filter(|ids| ids.len() <= MAX_BY_ID);
        if let Some(ids) = filter.ids("id").or_else(|| among.map(|ids| ids.iter().copied().collect())) {
            return self.store.objects(&objects(ids)).await.map(Some);
        }
        for rule in schema.unique {
            // The look-up that precedes a create: strongly consistent.
            let [field] = rule.fields else { continue };
            if let Some(texts) = filter.texts(field) {
                let found = texts.iter().map(|text| self.store.object_owning(kind, field, text));
                let found = futures_util::future::try_join_all(found).await?;
                let found: Vec<ObjectRef> = found.into_iter().flatten().collect();
                return self.store.objects(&found).await.map(Some);
            }
        }
        if kind == ObjectType::Circuit
            && let (Some(providers), Some(cids)) = (filter.ids("provider_id"), filter.texts("cid"))
        {
            let providers = providers.into_iter().filter_map(|id| id.try_into().ok());
            let found = providers.map(|provider| self.store.circuits_by_cid(provider, &cids));
            let found = futures_util::future::try_join_all(found).await?.concat();
            return self
                .store
                .objects(&found.iter().map(|circuit| circuit.object()).collect::<Vec<_>>())
                .await
                .map(Some);
        }
        let by_name = kind != ObjectType::CircuitTermination;
        if let Some(names) = filter.texts(schema.display).filter(|_| by_name) {
            let names: HashSet<&str> = names.into_iter().collect();
            let found = names.into_iter().map(|name| self.store.objects_named(kind, name, most));
            return Ok(Some(futures_util::future::try_join_all(found).await?.concat()));
        }
        for field in schema.fields {
            let FieldKind::Reference(to, name) = field.kind else { continue };
            let Some(ids) = filter.ids(name) else { continue };
            let mut found: HashSet<ObjectRef> = HashSet::new();
            for id in ids.into_iter().filter_map(|id| ObjectId::try_from(id).ok()) {
                let dependents = whole(self.store.dependents(ObjectRef { kind: to, id }, most).await?, most)?;
                found.extend(
                    dependents.into_iter().map(|dependent| dependent.object).filter(|found| found.kind == kind),
                );
            }
            if found.len() <= MAX_BY_ID {
                return self.store.objects(&found.into_iter().collect::<Vec<_>>()).await.map(Some);
            }
        }
        Ok(None)
    }

    /// Providers are where their circuits end: with several places, also with several circuits.
    async fn narrow_to_circuits_in(&self, places: Vec<Test>, filter: &mut Filter) -> Result<()> {
        for test in places {
            let negated = test.negated;
            let there = Test { negated: false, ..test };
            let Some(circuits) = self.located(&[there], |found| found == ObjectType::Circuit).await? else { continue };
            let circuits = self.store.objects(&circuits.into_iter().collect::<Vec<_>>()).await?;
            let providers = circuits.iter().filter_map(|stored| stored.object.reference("provider"));
            let providers = providers.map(|provider| provider.id.get());
            if negated {
                filter.except.extend(providers);
            } else {
                filter.narrow(providers.collect());
            }
        }
        Ok(())
    }

    /// Turns references by slug or name into ids, and refuses those that do not exist.
    async fn narrow_references(&self, schema: &'static Schema, filter: &mut Filter) -> Result<()> {
        for field in schema.fields {
            let FieldKind::Reference(to, id) = field.kind else { continue };
            for test in filter.take(&[field.name, id]) {
                let Some(ids) = self.referred(to, &test).await? else { continue };
                let operands = ids.into_iter().map(|id| {
                    #[allow(clippy::cast_precision_loss, reason = "ids are below 2^53")]
                    Operand::Number(id.get() as f64)
                });
                filter.tests.push(Test { field: id.into(), operands: operands.collect(), ..test });
            }
        }
        Ok(())
    }

    /// The objects of a type that a test names; none where it compares otherwise than exactly, which asks for nothing.
    pub(crate) async fn referred(&self, to: ObjectType, test: &Test) -> Result<Option<Vec<ObjectId>>> {
        let Some((ids, texts)) = exact(test) else { return Ok(None) };
        let schema = known(to)?;
        let mut found = Vec::new();
        let objects = ids.iter().filter_map(|id| Some(ObjectRef { kind: to, id: (*id).try_into().ok()? }));
        let present = self.store.objects(&objects.collect::<Vec<_>>()).await?;
        for id in ids {
            let stored = present.iter().find(|stored| stored.object.id.get() == id);
            found.push(stored.ok_or_else(|| unknown(test, id))?.object.id);
        }
        let slug = if schema.field("slug").is_some() { "slug" } else { schema.display };
        let alone = schema.unique.iter().any(|rule| rule.fields == [slug]);
        let most = self.settings.list_read_limit;
        for text in texts {
            let named: Vec<ObjectId> = if alone {
                self.store.object_owning(to, slug, text).await?.into_iter().map(|found| found.id).collect()
            } else if slug == schema.display {
                let named = self.store.objects_named(to, text, most).await?;
                named.into_iter().map(|stored| stored.object.id).collect()
            } else {
                // Regions, site groups and locations have slugs that are unique only below their parents: there are few.
                let all = self.store.objects_from(to, 0, most).await?.items;
                let same = all.into_iter().filter(|stored| stored.object.text(slug) == text);
                same.map(|stored| stored.object.id).collect()
            };
            if named.is_empty() {
                return Err(unknown(test, text));
            }
            found.extend(named);
        }
        Ok(Some(found))
    }
}

fn unknown(test: &Test, value: impl std::fmt::Display) -> Error {
    not_a_choice(test.field.to_string(), value)
}

/// Takes out the tests on places that an object's own fields do not answer: regions and groups include what is below
/// them, and circuits are where their terminations are.
fn place_tests(schema: &Schema, filter: &mut Filter) -> Vec<Test> {
    let own = |name: &str| name.trim_end_matches("_id") == "site" && schema.field("site").is_some();
    let names: Vec<&str> = PLACES.iter().map(|(name, _)| *name).filter(|name| !own(name)).collect();
    let mut tests = filter.take(&names);
    if schema.kind == ObjectType::Site {
        // Sites call their site group `group`.
        for mut test in filter.take(&["group", "group_id"]) {
            test.field = if test.field == "group" { "site_group".into() } else { "site_group_id".into() };
            tests.push(test);
        }
    }
    tests
}
