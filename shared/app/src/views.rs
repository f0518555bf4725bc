//! Objects together with what the API shows of their neighbours, read in as few calls as possible.

use std::collections::HashMap;

use noticeboard_domain::event::Event;
use noticeboard_domain::ids::{EventId, ProviderId};
use noticeboard_domain::impact::Impact;
use noticeboard_domain::inventory::{Circuit, Provider};
use noticeboard_domain::notification::EventNotification;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::{Error, Result};
use noticeboard_store::{EventPage, Named, StoredEvent};

use crate::App;

/// An event with its provider and, where asked for, its impacts and received mails.
#[derive(Debug, Clone)]
pub struct EventView {
    /// The event.
    pub stored: StoredEvent,
    /// Its provider; none when that was deleted behind the program's back.
    pub provider: Option<Provider>,
    /// Its impacts with their targets; none where they were not asked for.
    pub impacts: Option<Vec<(Impact, Target)>>,
    /// Its received mails; none where they were not asked for.
    pub notifications: Option<Vec<EventNotification>>,
}

/// What an impact points at.
#[derive(Debug, Clone)]
pub struct Target {
    /// The object.
    pub object: ObjectRef,
    /// Its text for people; none when it is gone.
    pub display: Option<String>,
    /// The whole circuit, where it is one, with its provider.
    pub circuit: Option<(Circuit, Option<Provider>)>,
}

/// An impact with its event and its target.
#[derive(Debug, Clone)]
pub struct ImpactView {
    /// The impact.
    pub impact: Impact,
    /// Its event with the provider; none when it is gone.
    pub event: Option<(Event, Option<Provider>)>,
    /// Its target.
    pub target: Target,
}

/// A received mail with its event.
#[derive(Debug, Clone)]
pub struct NotificationView {
    /// The mail.
    pub notification: EventNotification,
    /// Its event with the provider; none when it was deleted.
    pub event: Option<(Event, Option<Provider>)>,
}

/// Objects of the inventory, read together.
pub(crate) struct Inventory(HashMap<ObjectRef, Named>);

impl Inventory {
    pub(crate) fn provider(&self, id: ProviderId) -> Option<Provider> {
        let data = self.0.get(&ObjectRef::new(ObjectType::Provider, id))?.data.as_ref()?;
        serde_json::from_str(data).ok()
    }

    pub(crate) fn target(&self, object: ObjectRef) -> Target {
        let found = self.0.get(&object);
        let data = found.filter(|_| object.kind == ObjectType::Circuit).and_then(|named| named.data.as_ref());
        let circuit: Option<Circuit> = data.and_then(|data| serde_json::from_str(data).ok());
        Target {
            object,
            display: found.map(|named| named.display.clone()),
            circuit: circuit.map(|circuit| {
                let provider = self.provider(circuit.provider);
                (circuit, provider)
            }),
        }
    }
}

impl App {
    /// The objects of the inventory that are asked for; those that do not exist are left out.
    pub(crate) async fn inventory(&self, wanted: Vec<ObjectRef>) -> Result<Inventory> {
        let named = self.store.named(&wanted).await?;
        Ok(Inventory(named.into_iter().map(|named| (named.object, named)).collect()))
    }

    /// An event with all that belongs to it: two calls.
    pub(crate) async fn view_page(&self, page: EventPage) -> Result<EventView> {
        let mut wanted = vec![ObjectRef::new(ObjectType::Provider, page.stored.event.provider)];
        wanted.extend(page.impacts.iter().map(|impact| impact.target));
        let inventory = self.inventory(wanted).await?;
        let impacts = page.impacts.into_iter().map(|impact| {
            let target = inventory.target(impact.target);
            (impact, target)
        });
        Ok(EventView {
            impacts: Some(impacts.collect()),
            notifications: Some(page.notifications),
            provider: inventory.provider(page.stored.event.provider),
            stored: page.stored,
        })
    }

    /// Events with their providers: one call for all.
    pub(crate) async fn view_events(&self, events: Vec<StoredEvent>) -> Result<Vec<EventView>> {
        let wanted = events.iter().map(|stored| ObjectRef::new(ObjectType::Provider, stored.event.provider));
        let inventory = self.inventory(wanted.collect()).await?;
        let view = |stored: StoredEvent| EventView {
            provider: inventory.provider(stored.event.provider),
            stored,
            impacts: None,
            notifications: None,
        };
        Ok(events.into_iter().map(view).collect())
    }

    async fn events_with_providers(
        &self,
        ids: impl Iterator<Item = EventId>,
        mut others: Vec<ObjectRef>,
    ) -> Result<(HashMap<EventId, Event>, Inventory)> {
        let mut ids: Vec<EventId> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        let events = self.store.events(&ids).await?;
        let events: HashMap<EventId, Event> =
            events.into_iter().map(|stored| (stored.event.id, stored.event)).collect();
        others.extend(events.values().map(|event| ObjectRef::new(ObjectType::Provider, event.provider)));
        let mut inventory = self.inventory(others).await?;
        // A circuit shows its own provider, which is nearly always the event's.
        let circuits = inventory.0.values().filter(|named| named.object.kind == ObjectType::Circuit);
        let circuits = circuits.filter_map(|named| serde_json::from_str::<Circuit>(named.data.as_ref()?).ok());
        let missing: Vec<ObjectRef> = circuits
            .map(|circuit| ObjectRef::new(ObjectType::Provider, circuit.provider))
            .filter(|provider| !inventory.0.contains_key(provider))
            .collect();
        if !missing.is_empty() {
            inventory.0.extend(self.inventory(missing).await?.0);
        }
        Ok((events, inventory))
    }

    /// Impacts with their events and targets: two calls for all, three where a circuit has another provider.
    pub(crate) async fn view_impacts(&self, impacts: Vec<Impact>) -> Result<Vec<ImpactView>> {
        let targets = impacts.iter().map(|impact| impact.target).collect();
        let ids = impacts.iter().map(|impact| impact.event.id);
        let (events, inventory) = self.events_with_providers(ids, targets).await?;
        let view = |impact: Impact| ImpactView {
            event: with_provider(&events, &inventory, impact.event.id),
            target: inventory.target(impact.target),
            impact,
        };
        Ok(impacts.into_iter().map(view).collect())
    }

    pub(crate) async fn view_impact(&self, impact: Impact) -> Result<ImpactView> {
        one(self.view_impacts(vec![impact]).await?)
    }

    /// Received mails with their events: two calls for all.
    pub(crate) async fn view_notifications(&self, mails: Vec<EventNotification>) -> Result<Vec<NotificationView>> {
        let ids = mails.iter().map(|mail| mail.event.id);
        let (events, inventory) = self.events_with_providers(ids, Vec::new()).await?;
        let view = |notification: EventNotification| NotificationView {
            event: with_provider(&events, &inventory, notification.event.id),
            notification,
        };
        Ok(mails.into_iter().map(view).collect())
    }

    pub(crate) async fn view_notification(&self, mail: EventNotification) -> Result<NotificationView> {
        one(self.view_notifications(vec![mail]).await?)
    }
}

fn with_provider(
    events: &HashMap<EventId, Event>,
    inventory: &Inventory,
    id: EventId,
) -> Option<(Event, Option<Provider>)> {
    let event = events.get(&id)?;
    Some((event.clone(), inventory.provider(event.provider)))
}

pub(crate) fn one<T>(views: Vec<T>) -> Result<T> {
    views.into_iter().next().ok_or_else(|| Error::internal("one object gave no view"))
}
