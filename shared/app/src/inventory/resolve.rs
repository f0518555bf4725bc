//! What an object of the inventory stands among: looked up by what clients call it, read in one batch, and checked.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use noticeboard_domain::inventory::{InventoryChanges, InventoryObject, Referred, Schema};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::tag::Tag;
use noticeboard_domain::{FieldErrors, Result};
use noticeboard_store::{Dependent, Store, StoredObject, Wanted};
use serde_json::{Map, Value};

use super::{InventoryInput, ObjectView, known};
use crate::App;
use crate::around::Around;
use crate::impacts::whole;

/// Deepest nesting of regions, site groups and locations.
const MAX_DEPTH: usize = 64;

/// Objects that were read together, and what clients call them.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    pub(super) objects: HashMap<ObjectRef, StoredObject>,
    /// By type and attributes, what these find, or why they do not.
    words: HashMap<(ObjectType, String), std::result::Result<ObjectRef, String>>,
    /// Who points at objects whose change concerns those.
    pub(super) dependents: HashMap<ObjectRef, Vec<Dependent>>,
    tags: Around,
}

/// Attributes as Python would print them: NetBox's messages do.
fn python(attributes: &Map<String, Value>) -> String {
    let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), |text| format!("'{text}'"));
    let parts: Vec<String> = attributes.iter().map(|(name, found)| format!("'{name}': {}", value(found))).collect();
    format!("{{{}}}", parts.join(", "))
}

fn word(kind: ObjectType, attributes: &Map<String, Value>) -> (ObjectType, String) {
    (kind, python(attributes))
}

/// Adds what NetBox says of values that another object has.
pub(super) fn taken(kind: ObjectType, fields: &[&'static str], errors: &mut FieldErrors) {
    match (kind, fields) {
        (ObjectType::Circuit, _) => errors.add("cid", "Circuit with this provider and circuit ID already exists."),
        (ObjectType::Device, _) => errors.add(FieldErrors::ALL, "Device name must be unique per site."),
        (ObjectType::VirtualMachine, _) => {
            errors.add(FieldErrors::ALL, "Virtual machine name must be unique per cluster.");
        }
        (_, [field]) => errors.add(*field, format!("{} with this {field} already exists.", kind.label())),
        (_, fields) => {
            let message = format!("The fields {} must make a unique set.", fields.join(", "));
            errors.add(FieldErrors::ALL, message);
        }
    }
}

/// Adds what is to be said of values that an object before it in the same request has too; `places` has what those have.
pub(super) fn taken_within(object: &InventoryObject, places: &mut HashSet<String>, errors: &mut FieldErrors) {
    let mut found = FieldErrors::default();
    for ((rule, _), place) in object.unique().into_iter().zip(Store::places(object)) {
        if !places.insert(place) {
            taken(object.kind(), rule.fields, &mut found);
        }
    }
    errors.add_missing(&found);
}

impl Surroundings {
    /// New values with everything that they name looked up; and what is wrong with them so far.
    pub(super) fn changes(&self, input: &InventoryInput) -> (InventoryChanges, FieldErrors) {
        let mut errors = input.wrong.clone();
        let mut values = input.values.clone();
        for (field, kind, referred) in &input.references {
            let found = match referred {
                Referred::Id(id) => {
                    let object = ObjectRef { kind: *kind, id: *id };
                    let missing = || format!("Related object not found using the provided numeric ID: {id}");
                    if self.objects.contains_key(&object) { Ok(object) } else { Err(missing()) }
                }
                Referred::By(attributes) => {
                    let missing =
                        || format!("Related object not found using the provided attributes: {}", python(attributes));
                    self.words.get(&word(*kind, attributes)).cloned().unwrap_or_else(|| Err(missing()))
                }
            };
            if let Some(object) = errors.keep(field, found) {
                values.insert((*field).to_owned(), object.id.get().into());
            }
        }
        let tags = self.tags.tag_slugs(input.tags.as_deref(), &mut errors);
        (InventoryChanges { values, tags, custom_fields: input.custom_fields.clone() }, errors)
    }

    /// The rules between an object and those that it points at, as far as `wrong` has nothing against the fields.
    pub(super) fn check(&self, object: &InventoryObject, wrong: &FieldErrors) -> Result<()> {
        let mut errors = FieldErrors::default();
        for (field, to) in object.points_at() {
            if !self.objects.contains_key(&to) {
                errors.add(field, format!("Related object not found using the provided numeric ID: {}", to.id));
            }
        }
        let site = object.reference("site").filter(|_| !wrong.has("site"));
        let parts: &[&str] = if object.kind() == ObjectType::Location { &["parent"] } else { &["location", "rack"] };
        for field in parts {
            let part = object.reference(field).and_then(|part| self.objects.get(&part));
            if let (Some(site), Some(part)) = (site, part)
                && part.object.reference("site").is_some_and(|other| other != site)
            {
                let label = part.object.kind().label();
                errors.add(*field, format!("{label} {} does not belong to the site.", part.display));
            }
        }
        let mut above = object.reference("parent");
        for depth in 0.. {
            match above {
                None => break,
                Some(parent) if parent == object.object() => {
                    let message =
                        format!("Cannot assign self or child {} as parent.", object.kind().label().to_lowercase());
                    errors.add("parent", message);
                    break;
                }
                Some(_) if depth == MAX_DEPTH => {
                    errors.add("parent", format!("Ensure that it is nested no deeper than {MAX_DEPTH} levels."));
                    break;
                }
                Some(parent) => above = self.objects.get(&parent).and_then(|parent| parent.object.reference("parent")),
            }
        }
        errors.into_result()
    }

    /// An object with what is shown of those that it points at.
    pub(super) fn view(&self, stored: StoredObject) -> ObjectView {
        let brief = |to: ObjectRef| {
            let found = self.objects.get(&to)?;
            Some((to, found.object.brief(&found.display)))
        };
        ObjectView {
            around: stored.object.points_at().into_iter().filter_map(|(_, to)| brief(to)).collect(),
            tags: self.object_tags(&stored.object.tags),
            stored,
        }
    }

    fn object_tags(&self, slugs: &[String]) -> Vec<Tag> {
        self.tags.tags(slugs)
    }
}

impl App {
    /// Reads objects and tags together.
    pub(super) async fn surroundings(&self, wanted: Wanted) -> Result<Surroundings> {
        let mut around = Surroundings::default();
        let found = self.store.neighbours(&wanted).await?;
        for named in &found.named {
            if let Some(stored) = named.clone().stored() {
                around.objects.insert(named.object, stored);
            }
        }
        around.tags = Around::of(found);
        Ok(around)
    }

    /// Reads what inputs name and what the objects that they change point at, with all that lies above in a tree.
    pub(super) async fn surroundings_of(
        &self,
        schema: &Schema,
        inputs: &[(&InventoryInput, Option<&StoredObject>)],
    ) -> Result<Surroundings> {
        let mut found = HashMap::new();
        for (kind, by) in inputs.iter().flat_map(|(input, _)| asked(input)) {
            if let Entry::Vacant(entry) = found.entry(word(kind, by)) {
                entry.insert(self.object_by(kind, by).await?);
            }
        }
        let mut wanted = Wanted::default();
        wanted.objects.extend(found.values().filter_map(|found| found.as_ref().ok()));
        for (input, before) in inputs {
            wanted.tags.extend(input.tags.iter().flatten().cloned());
            let ids = input.references.iter().filter_map(|(_, kind, referred)| match referred {
                Referred::Id(id) => Some(ObjectRef { kind: *kind, id: *id }),
                Referred::By(_) => None,
            });
            wanted.objects.extend(ids);
            wanted.objects.extend(generic(schema, &input.values, *before));
            let plain = schema.references().filter_map(|(field, kind)| {
                Some(ObjectRef { kind, id: input.values.get(field)?.as_u64()?.try_into().ok()? })
            });
            wanted.objects.extend(plain);
        }
        for stored in inputs.iter().filter_map(|(_, before)| *before) {
            wanted.objects.extend(stored.object.points_at().into_iter().map(|(_, to)| to));
            wanted.tags.extend(crate::views::tag_refs(&stored.object.tags));
        }
        let mut around = self.surroundings(wanted).await?;
        around.words = found;
        // Whoever gets a parent must not be above it.
        for _ in 0..MAX_DEPTH {
            let parents = around.objects.values().filter_map(|stored| stored.object.reference("parent"));
            let missing: Vec<ObjectRef> = parents.filter(|parent| !around.objects.contains_key(parent)).collect();
            if missing.is_empty() || inputs.iter().all(|(input, _)| !names_parent(input)) {
                break;
            }
            let before = around.objects.len();
            let found = self.store.objects(&missing).await?;
            around.objects.extend(found.into_iter().map(|stored| (stored.object.object(), stored)));
            if around.objects.len() == before {
                break;
            }
        }
        Ok(around)
    }

    /// The one object of a type that has these attributes, or why there is none.
    async fn object_by(
        &self,
        kind: ObjectType,
        attributes: &Map<String, Value>,
    ) -> Result<std::result::Result<ObjectRef, String>> {
        let schema = known(kind)?;
        let missing = || format!("Related object not found using the provided attributes: {}", python(attributes));
        let alone = |(name, value): (&String, &Value)| {
            let rule = schema.unique.iter().find(|rule| rule.fields == [name.as_str()])?;
            Some((rule.fields[0], value.as_str()?.to_owned()))
        };
        if attributes.len() == 1
            && let Some((field, value)) = attributes.iter().next().and_then(alone)
        {
            // With strong consistency.
            return Ok(self.store.object_owning(kind, field, &value).await?.ok_or_else(missing));
        }
        let most = self.settings.list_read_limit;
        let candidates = match attributes.get(schema.display).and_then(Value::as_str) {
            Some(name) => self.store.objects_named(kind, name, most).await?,
            None => self.store.objects_from(kind, 0, most).await?.items,
        };
        let same = |stored: &&StoredObject| {
            attributes.iter().all(|(name, wanted)| match schema.field(name) {
                None => false,
                Some(_) => {
                    let wanted = wanted.get("id").unwrap_or(wanted);
                    stored.object.value(name) == wanted
                }
            })
        };
        let mut found = candidates.iter().filter(same).map(|stored| stored.object.object());
        Ok(match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            (None, _) => Err(missing()),
            (Some(_), Some(_)) => {
                Err(format!("Multiple objects match the provided attributes: {}", python(attributes)))
            }
        })
    }

    /// Reads what an object points at.
    pub(super) async fn surroundings_at(&self, stored: &StoredObject) -> Result<Surroundings> {
        self.surroundings_of(stored.object.schema(), &[(&InventoryInput::default(), Some(stored))]).await
    }

    /// Reads who points at objects whose change concerns those.
    pub(super) async fn add_dependents<'a>(
        &self,
        around: &mut Surroundings,
        changes: impl Iterator<Item = (&'a StoredObject, &'a InventoryInput)>,
    ) -> Result<()> {
        // A circuit's terminations have its name in theirs.
        let renamed = changes.filter(|(before, input)| {
            let name = input.values.get("cid").and_then(Value::as_str);
            before.object.kind() == ObjectType::Circuit && name.is_some_and(|name| name != before.object.text("cid"))
        });
        self.add_terminations(around, renamed.map(|(before, _)| before.object.object()).collect()).await
    }

    /// Reads the terminations of circuits.
    pub(super) async fn add_terminations(&self, around: &mut Surroundings, circuits: Vec<ObjectRef>) -> Result<()> {
        if circuits.is_empty() {
            return Ok(());
        }
        let found = circuits.iter().map(|circuit| self.store.dependents(*circuit, self.settings.list_read_limit));
        let found = futures_util::future::try_join_all(found).await?;
        let mut objects = Vec::new();
        for (circuit, slice) in circuits.into_iter().zip(found) {
            let dependents = whole(slice, self.settings.list_read_limit)?;
            objects.extend(dependents.iter().map(|dependent| dependent.object));
            around.dependents.insert(circuit, dependents);
        }
        let found = self.store.objects(&objects).await?;
        around.objects.extend(found.into_iter().map(|stored| (stored.object.object(), stored)));
        Ok(())
    }
}

fn asked(input: &InventoryInput) -> impl Iterator<Item = (ObjectType, &Map<String, Value>)> {
    input.references.iter().filter_map(|(_, kind, referred)| match referred {
        Referred::By(attributes) => Some((*kind, attributes)),
        Referred::Id(_) => None,
    })
}

fn names_parent(input: &InventoryInput) -> bool {
    input.references.iter().any(|(field, ..)| *field == "parent")
}

/// What the values of a field for any of several types name; the half that is not given is that of the object before.
fn generic(schema: &Schema, values: &Map<String, Value>, before: Option<&StoredObject>) -> Option<ObjectRef> {
    let (_, kind, id) = schema.generic()?;
    let value = |name: &str| values.get(name).or_else(|| Some(before?.object.value(name)));
    let kind = ObjectType::parse(value(kind)?.as_str()?)
        .filter(|kind| noticeboard_domain::inventory::schema(*kind).is_some())?;
    Some(ObjectRef { kind, id: value(id)?.as_u64()?.try_into().ok()? })
}
