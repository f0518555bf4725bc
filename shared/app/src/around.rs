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
}

impl<C> From<C> for Input<C> {
    fn from(changes: C) -> Self {
        Self { changes, refs: Refs::default() }
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
            let (found, asked) = match tag {
                TagRef::Id(id) => {
                    (self.tags.values().find(|tag| tag.id == *id), format!("using the provided numeric ID: {id}"))
                }
                TagRef::Slug(slug) => {
                    (self.tags.get(slug), format!("using the provided attributes: {{'slug': '{slug}'}}"))
                }
                TagRef::Name(name) => {
                    let found = self.tags.values().find(|tag| tag.name.as_str() == name);
                    (found, format!("using the provided attributes: {{'name': '{name}'}}"))
                }
            };
            match found.map(|tag| tag.slug.as_str().to_owned()) {
                Some(slug) if slugs.contains(&slug) => {}
                Some(slug) => slugs.push(slug),
                None => errors.add("tags", format!("Related object not found {asked}")),
            }
        }
        Some(slugs)
    }

    /// The provider that a client names.
    pub(crate) fn provider_id(&self, named: Option<&ProviderRef>, errors: &mut FieldErrors) -> Option<ProviderId> {
        let named = named?;
        let id = match named {
            ProviderRef::Id(id) => Some(*id),
            ProviderRef::Slug(_) | ProviderRef::Name(_) => self.named_providers.get(named).copied(),
        };
        let id = id.filter(|id| self.providers.contains_key(id));
        if id.is_none() {
            let asked = match named {
                ProviderRef::Id(id) => format!("numeric ID: {id}"),
                ProviderRef::Slug(slug) => format!("attributes: {{'slug': '{slug}'}}"),
                ProviderRef::Name(name) => format!("attributes: {{'name': '{name}'}}"),
            };
            errors.add("provider", format!("Related object not found using the provided {asked}"));
        }
        id
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
            match &refs.provider {
                Some(ProviderRef::Id(id)) => wanted.objects.push(ObjectRef::new(ObjectType::Provider, *id)),
                Some(by_word) => {
                    words.insert(by_word);
                }
                None => {}
            }
        }
        let found = words.into_iter().map(|word| async move {
            let id = match word {
                ProviderRef::Id(id) => Some(*id),
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
