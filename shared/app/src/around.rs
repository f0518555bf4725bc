//! What an object stands among: its event, its provider, its target, its tags; looked up by what clients call them,
//! read in one batch, and checked against.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use noticeboard_domain::event::Event;
use noticeboard_domain::ids::{EventId, ProviderId};
use noticeboard_domain::inventory::{Circuit, Provider};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::tag::{Tag, TagRef};
use noticeboard_domain::{FieldErrors, Result};
use noticeboard_store::{Named, Neighbours, StoredEvent, Wanted};

use crate::App;
use crate::inventory::ObjectView;
use crate::views::Target;

/// A provider as a client names it (behaviours L4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ProviderRef {
    /// By id.
    Id(ProviderId),
    /// By slug.
    Slug(String),
    /// By name.
    Name(String),
    /// By several of these, which are all to be those of one provider.
    All(Vec<ProviderRef>),
}

/// Other objects that a client names in words, to be looked up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Refs {
    /// The provider.
    pub provider: Option<ProviderRef>,
    /// The tags.
    pub tags: Option<Vec<TagRef>>,
}

/// New values with the objects that they name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Input<C> {
    /// The values.
    pub changes: C,
    /// What they name.
    pub refs: Refs,
    /// What was wrong with other values. Nothing is written of an input with errors; the rest of it is checked all the
    /// same, so that its sender learns everything at once.
    pub wrong: FieldErrors,
    /// The caller's note on the change; empty for none.
    pub note: String,
}

impl<C> From<C> for Input<C> {
    fn from(changes: C) -> Self {
        Self { changes, refs: Refs::default(), wrong: FieldErrors::default(), note: String::new() }
    }
}

/// Objects that were read together.
#[derive(Debug, Default)]
pub(crate) struct Around {
    events: HashMap<EventId, StoredEvent>,
    objects: HashMap<ObjectRef, Named>,
    providers: HashMap<ProviderId, Arc<Provider>>,
    tags: HashMap<String, Tag>,
    named_providers: HashMap<ProviderRef, ProviderId>,
}

impl Around {
    /// These objects.
    pub(crate) fn of(found: Neighbours) -> Self {
        let mut around = Self::default();
        around.add(found);
        around
    }

    fn add(&mut self, found: Neighbours) {
        self.events.extend(found.events.into_iter().map(|stored| (stored.event.id, stored)));
        for named in found.named {
            if named.object.kind == ObjectType::Provider
                && let Some(provider) = named.data.as_deref().and_then(|data| serde_json::from_str(data).ok())
            {
                self.providers.insert(named.object.id.into(), Arc::new(provider));
            }
            self.objects.insert(named.object, named);
        }
        self.tags.extend(found.tags.into_iter().map(|tag| (tag.slug.as_str().to_owned(), tag)));
    }

    /// Providers of the events and circuits, as far as they were not read.
    fn missing_providers(&self) -> Vec<ObjectRef> {
        let events = self.events.values().map(|stored| stored.event.provider);
        let circuits = self.objects.values().filter(|named| named.object.kind == ObjectType::Circuit);
        let circuits = circuits.filter_map(|named| circuit(named).map(|circuit| circuit.provider));
        let missing: HashSet<ProviderId> =
            events.chain(circuits).filter(|provider| !self.providers.contains_key(provider)).collect();
        missing.into_iter().map(|provider| ObjectRef::new(ObjectType::Provider, provider)).collect()
    }

    /// Tags of the circuits, as far as they were not read.
    fn missing_tags(&self) -> HashSet<String> {
        let circuits = self.objects.values().filter_map(circuit);
        let tags = circuits.flat_map(|circuit| circuit.tags);
        tags.filter(|tag| !self.tags.contains_key(tag)).collect()
    }

    pub(crate) fn stored(&self, id: EventId) -> Option<&StoredEvent> {
        self.events.get(&id)
    }

    pub(crate) fn provider(&self, id: ProviderId) -> Option<Arc<Provider>> {
        self.providers.get(&id).cloned()
    }

    /// An event with its provider.
    pub(crate) fn event(&self, id: EventId) -> Option<(Event, Option<Arc<Provider>>)> {
        let stored = self.events.get(&id)?;
        Some((stored.event.clone(), self.provider(stored.event.provider)))
    }

    pub(crate) fn target(&self, object: ObjectRef) -> Target {
        let found = self.objects.get(&object);
        Target {
            object,
            display: found.map(|named| named.display.clone()),
            circuit: found.filter(|_| object.kind == ObjectType::Circuit).and_then(|named| self.circuit(named)),
        }
    }

    /// A circuit, with what it keeps of its type and terminations.
    fn circuit(&self, named: &Named) -> Option<Box<ObjectView>> {
        let stored = named.clone().stored()?;
        let provider = stored.object.reference("provider");
        let around = provider.and_then(|to| {
            let found = self.objects.get(&to)?.clone().stored()?;
            Some((to, found.object.brief(&found.display)))
        });
        let tags = self.tags(&stored.object.tags);
        Some(Box::new(ObjectView { around: around.into_iter().collect(), tags, stored }))
    }

    /// The tags of an object; those that are gone are left out.
    pub(crate) fn tags(&self, slugs: &[String]) -> Vec<Tag> {
        slugs.iter().filter_map(|slug| self.tags.get(slug).cloned()).collect()
    }

    /// The tags that a client names, as objects keep them.
    pub(crate) fn tag_slugs(&self, tags: Option<&[TagRef]>, errors: &mut FieldErrors) -> Option<Vec<String>> {
        let mut slugs: Vec<String> = Vec::new();
        for tag in tags? {
            match self.tag(tag).map(|tag| tag.slug.as_str().to_owned()) {
                Some(slug) if slugs.contains(&slug) => {}
                Some(slug) => slugs.push(slug),
                None => {
                    let asked = asked(tag_words(tag));
                    errors.add("tags", format!("Related object not found using the provided {asked}"));
                }
            }
        }
        Some(slugs)
    }

    /// The tag that a client names.
    fn tag(&self, named: &TagRef) -> Option<&Tag> {
        match named {
            TagRef::Id(id) => self.tags.values().find(|tag| tag.id == *id),
            TagRef::Slug(slug) => self.tags.get(slug),
            TagRef::Name(name) => self.tags.values().find(|tag| tag.name.as_str() == name),
            TagRef::All(parts) => {
                let mut found = parts.iter().map(|part| self.tag(part));
                let first = found.next()??;
                found.all(|other| other.is_some_and(|other| other.id == first.id)).then_some(first)
            }
        }
    }

    /// The provider that a client names.
    pub(crate) fn provider_id(&self, named: Option<&ProviderRef>, errors: &mut FieldErrors) -> Option<ProviderId> {
        let named = named?;
        let id = self.named_provider(named);
        if id.is_none() {
            let asked = asked(provider_words(named));
            errors.add("provider", format!("Related object not found using the provided {asked}"));
        }
        id
    }

    fn named_provider(&self, named: &ProviderRef) -> Option<ProviderId> {
        let id = match named {
            ProviderRef::Id(id) => *id,
            ProviderRef::Slug(_) | ProviderRef::Name(_) => self.named_providers.get(named).copied()?,
            ProviderRef::All(parts) => {
                let mut found = parts.iter().map(|part| self.named_provider(part));
                let first = found.next()??;
                found.all(|other| other == Some(first)).then_some(first)?
            }
        };
        self.providers.contains_key(&id).then_some(id)
    }
}

/// What an object is called by: each attribute with its value as Python prints it, as NetBox's messages have it.
type Words = Vec<(&'static str, String)>;

fn tag_words(tag: &TagRef) -> Words {
    match tag {
        TagRef::Id(id) => vec![("id", id.to_string())],
        TagRef::Slug(slug) => vec![("slug", format!("'{slug}'"))],
        TagRef::Name(name) => vec![("name", format!("'{name}'"))],
        TagRef::All(parts) => parts.iter().flat_map(tag_words).collect(),
    }
}

fn provider_words(provider: &ProviderRef) -> Words {
    match provider {
        ProviderRef::Id(id) => vec![("id", id.to_string())],
        ProviderRef::Slug(slug) => vec![("slug", format!("'{slug}'"))],
        ProviderRef::Name(name) => vec![("name", format!("'{name}'"))],
        ProviderRef::All(parts) => parts.iter().flat_map(provider_words).collect(),
    }
}

/// `numeric ID: 7`, `attributes: {'slug': 'zayo'}`.
fn asked(words: Words) -> String {
    match words.as_slice() {
        [("id", id)] => format!("numeric ID: {id}"),
        words => {
            let parts: Vec<String> = words.iter().map(|(name, value)| format!("'{name}': {value}")).collect();
            format!("attributes: {{{}}}", parts.join(", "))
        }
    }
}

fn circuit(named: &Named) -> Option<Circuit> {
    let data = named.data.as_deref().filter(|_| named.object.kind == ObjectType::Circuit)?;
    serde_json::from_str(data).ok()
}

impl App {
    /// Reads objects together: one batch, and a second one where an event or circuit has a provider that was not
    /// among them.
    pub(crate) async fn around(&self, wanted: &Wanted) -> Result<Around> {
        let mut around = Around::default();
        around.add(self.store.neighbours(wanted).await?);
        self.complete(&mut around, &[]).await?;
        Ok(around)
    }

    /// What is around an object that was read with some of its neighbours.
    pub(crate) async fn around_with(&self, neighbours: Neighbours, tags: &[String]) -> Result<Around> {
        let mut around = Around::default();
        around.add(neighbours);
        self.complete(&mut around, tags).await?;
        Ok(around)
    }

    async fn complete(&self, around: &mut Around, tags: &[String]) -> Result<()> {
        let objects = around.missing_providers();
        let mut tags: Vec<TagRef> = tags.iter().map(|slug| TagRef::Slug(slug.clone())).collect();
        tags.extend(around.missing_tags().into_iter().map(TagRef::Slug));
        if !objects.is_empty() || !tags.is_empty() {
            around.add(self.store.neighbours(&Wanted { objects, tags, ..Wanted::default() }).await?);
        }
        Ok(())
    }

    /// The id of the provider that a client names.
    ///
    /// # Errors
    /// [`noticeboard_domain::Error::Invalid`] on `provider` when there is none.
    pub async fn provider_of(&self, named: &ProviderRef) -> Result<ProviderId> {
        let refs = Refs { provider: Some(named.clone()), tags: None };
        let around = self.around_refs(std::iter::once(&refs), Wanted::default()).await?;
        let mut errors = FieldErrors::default();
        let id = around.provider_id(Some(named), &mut errors);
        errors.into_result()?;
        id.ok_or_else(|| noticeboard_domain::Error::internal("a provider was neither found nor missing"))
    }

    /// Reads objects together with what clients name.
    pub(crate) async fn around_refs<'a>(
        &self,
        refs: impl Iterator<Item = &'a Refs>,
        mut wanted: Wanted,
    ) -> Result<Around> {
        let mut named: HashMap<ProviderRef, ProviderId> = HashMap::new();
        let mut words: HashSet<&ProviderRef> = HashSet::new();
        for refs in refs {
            wanted.tags.extend(refs.tags.iter().flatten().cloned());
            let parts = match &refs.provider {
                Some(ProviderRef::All(parts)) => parts.as_slice(),
                Some(one) => std::slice::from_ref(one),
                None => &[],
            };
            for part in parts {
                match part {
                    ProviderRef::Id(id) => wanted.objects.push(ObjectRef::new(ObjectType::Provider, *id)),
                    ProviderRef::Slug(_) | ProviderRef::Name(_) => drop(words.insert(part)),
                    ProviderRef::All(_) => {}
                }
            }
        }
        let found = words.into_iter().map(|word| async move {
            let id = match word {
                ProviderRef::Id(id) => Some(*id),
                ProviderRef::All(_) => None,
                ProviderRef::Slug(slug) => self.store.provider_id_by_slug(slug).await?,
                ProviderRef::Name(name) => self.store.provider_id_by_name(name).await?,
            };
            Ok::<_, noticeboard_domain::Error>((word.clone(), id))
        });
        for (word, id) in futures_util::future::try_join_all(found).await? {
            if let Some(id) = id {
                wanted.objects.push(ObjectRef::new(ObjectType::Provider, id));
                named.insert(word, id);
            }
        }
        let mut around = self.around(&wanted).await?;
        around.named_providers = named;
        Ok(around)
    }
}
