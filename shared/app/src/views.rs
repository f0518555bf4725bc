//! Objects together with what the API shows of their neighbours, read in as few calls as possible.

use std::sync::Arc;

use noticeboard_domain::event::Event;
use noticeboard_domain::ids::ProviderId;
use noticeboard_domain::impact::Impact;
use noticeboard_domain::inventory::Provider;
use noticeboard_domain::notification::EventNotification;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::tag::{Tag, TagRef};
use noticeboard_domain::{Error, Result};
use noticeboard_store::{EventPage, StoredEvent, Wanted};

use crate::App;
use crate::around::Around;
use crate::inventory::ObjectView;
use crate::lists::{by_level, by_receipt};

/// An event with its provider and, where asked for, its impacts and received mails.
#[derive(Debug, Clone)]
pub struct EventView {
    /// The event.
    pub stored: StoredEvent,
    /// Its provider; none when that was deleted behind the program's back.
    pub provider: Option<Arc<Provider>>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Its impacts with their targets; none where they were not asked for.
    pub impacts: Option<Vec<(Impact, Target)>>,
    /// Its received mails; none where they were not asked for.
    pub notifications: Option<Vec<EventNotification>>,
}

/// What a list of events is to show of what belongs to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Children {
    /// Their impacts.
    pub impacts: bool,
    /// Their received mails.
    pub notifications: bool,
}

/// The most impacts of all events of one answer with a list: as many as one event may have with all else. They are 4 MB of
/// JSON; a Lambda function answers with 6 MB.
const MAX_LISTED_IMPACTS: usize = 10_000;
/// The most received mails of all events of one answer with a list. Each is read with its text.
const MAX_LISTED_NOTIFICATIONS: usize = 1_000;
/// Events of which something is read at once.
const AT_ONCE: usize = 32;

fn too_many_children(field: &'static str, limit: usize, name: &str) -> Error {
    let message = format!(
        "The events of this page have more than {limit} {field} ({name}). Ask for fewer events at once, with limit=."
    );
    Error::field("fields", message)
}

/// What an impact points at.
#[derive(Debug, Clone)]
pub struct Target {
    /// The object.
    pub object: ObjectRef,
    /// Its text for people; none when it is gone.
    pub display: Option<String>,
    /// The whole circuit, where it is one.
    pub circuit: Option<Box<ObjectView>>,
}

/// An event with its provider, as its impacts and mails show it.
pub type WithProvider = (Event, Option<Arc<Provider>>);

/// An impact with its event and its target.
#[derive(Debug, Clone)]
pub struct ImpactView {
    /// The impact.
    pub impact: Impact,
    /// Its event with the provider; none when it is gone.
    pub event: Option<WithProvider>,
    /// Its target.
    pub target: Target,
    /// Its tags.
    pub tags: Vec<Tag>,
}

/// A received mail with its event.
#[derive(Debug, Clone)]
pub struct NotificationView {
    /// The mail.
    pub notification: EventNotification,
    /// Its event with the provider; none when it was deleted.
    pub event: Option<WithProvider>,
    /// Its tags.
    pub tags: Vec<Tag>,
}

/// Tags by the slugs that objects keep.
pub(crate) fn tag_refs(slugs: &[String]) -> impl Iterator<Item = TagRef> {
    slugs.iter().map(|slug| TagRef::Slug(slug.clone()))
}

pub(crate) fn impact_view(impact: Impact, around: &Around) -> ImpactView {
    ImpactView {
        event: around.event(impact.event.id),
        target: around.target(impact.target),
        tags: around.tags(&impact.tags),
        impact,
    }
}

/// An event's impacts in their order, each with what it is shown with of its target.
pub(crate) fn with_targets(mut impacts: Vec<Impact>, around: &Around) -> Vec<(Impact, Target)> {
    impacts.sort_by(by_level);
    let with_target = |impact: Impact| {
        let target = around.target(impact.target);
        (impact, target)
    };
    impacts.into_iter().map(with_target).collect()
}

pub(crate) fn notification_view(notification: EventNotification, around: &Around) -> NotificationView {
    NotificationView { event: around.event(notification.event.id), tags: around.tags(&notification.tags), notification }
}

impl App {
    /// What the page of an event shows beside what lives with it.
    pub(crate) fn page_wanted(&self, page: &EventPage) -> Wanted {
        let mut objects = vec![ObjectRef::new(ObjectType::Provider, page.stored.event.provider)];
        objects.extend(page.impacts.iter().map(|impact| impact.target));
        Wanted { objects, tags: tag_refs(&page.stored.event.tags).collect(), ..Wanted::default() }
    }

    /// Events with their providers and tags: one call for all.
    pub(crate) async fn view_events(&self, events: Vec<StoredEvent>) -> Result<Vec<EventView>> {
        let providers = events.iter().map(|stored| ObjectRef::new(ObjectType::Provider, stored.event.provider));
        let tags = events.iter().flat_map(|stored| tag_refs(&stored.event.tags));
        let wanted = Wanted { objects: providers.collect(), tags: tags.collect(), ..Wanted::default() };
        let around = self.around(&wanted).await?;
        let view = |stored: StoredEvent| EventView {
            provider: around.provider(stored.event.provider),
            tags: around.tags(&stored.event.tags),
            stored,
            impacts: None,
            notifications: None,
        };
        Ok(events.into_iter().map(view).collect())
    }

    /// Adds to events their impacts, at most so many of each: one query for each event that has some, some at a time.
    pub(crate) async fn view_impacts_of(&self, views: &mut [EventView], most: usize) -> Result<()> {
        for views in views.chunks_mut(AT_ONCE) {
            let pages = views.iter().map(|view| async {
                match view.stored.impact_count {
                    0 => Ok(Vec::new()),
                    _ => self.store.impacts_of_event(view.stored.event.id, most).await.map(|slice| slice.items),
                }
            });
            let pages = futures_util::future::try_join_all(pages).await?;
            // A circuit's provider is nearly always the event's.
            let providers = views.iter().filter(|view| view.stored.impact_count > 0);
            let providers = providers.map(|view| ObjectRef::new(ObjectType::Provider, view.stored.event.provider));
            let objects = pages.iter().flatten().map(|impact| impact.target).chain(providers).collect();
            let around = self.around(&Wanted { objects, ..Wanted::default() }).await?;
            for (view, impacts) in views.iter_mut().zip(pages) {
                view.impacts = Some(with_targets(impacts, &around));
            }
        }
        Ok(())
    }

    /// Adds to the events of a list all their impacts and received mails, as far as these are asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the list has more of them than one answer shows.
    pub(crate) async fn view_children_of(&self, views: &mut [EventView], children: Children) -> Result<()> {
        if children.impacts {
            let impacts: u64 = views.iter().map(|view| view.stored.impact_count).sum();
            if impacts > MAX_LISTED_IMPACTS as u64 {
                return Err(too_many_children("impacts", MAX_LISTED_IMPACTS, "MAX_LISTED_IMPACTS"));
            }
            // An impact that comes meanwhile is shown too.
            self.view_impacts_of(views, MAX_LISTED_IMPACTS).await?;
        }
        if !children.notifications {
            return Ok(());
        }
        let mut room = MAX_LISTED_NOTIFICATIONS;
        for views in views.chunks_mut(AT_ONCE) {
            let mails = views.iter().map(|view| async {
                match view.stored.children {
                    0 => Ok(Vec::new()),
                    _ => {
                        let slice = self.store.notifications_of_event(view.stored.event.id, room + 1).await?;
                        Ok::<_, Error>(slice.items)
                    }
                }
            });
            let mails = futures_util::future::try_join_all(mails).await?;
            let left = room.checked_sub(mails.iter().map(Vec::len).sum());
            room = left.ok_or_else(|| {
                too_many_children("notifications", MAX_LISTED_NOTIFICATIONS, "MAX_LISTED_NOTIFICATIONS")
            })?;
            for (view, mut mails) in views.iter_mut().zip(mails) {
                mails.sort_by(by_receipt);
                view.notifications = Some(mails);
            }
        }
        Ok(())
    }

    /// Impacts with their events and targets: one call for all, two where a provider is another one than is known.
    pub(crate) async fn view_impacts(&self, impacts: Vec<(Impact, Option<ProviderId>)>) -> Result<Vec<ImpactView>> {
        let mut wanted = Wanted::default();
        for (impact, provider) in &impacts {
            wanted.events.push(impact.event.id);
            wanted.objects.push(impact.target);
            wanted.objects.extend(provider.map(|id| ObjectRef::new(ObjectType::Provider, id)));
            wanted.tags.extend(tag_refs(&impact.tags));
        }
        let around = self.around(&wanted).await?;
        Ok(impacts.into_iter().map(|(impact, _)| impact_view(impact, &around)).collect())
    }

    /// Received mails with their events, as [`App::view_impacts`].
    pub(crate) async fn view_notifications(
        &self,
        mails: Vec<(EventNotification, Option<ProviderId>)>,
    ) -> Result<Vec<NotificationView>> {
        let mut wanted = Wanted::default();
        for (mail, provider) in &mails {
            wanted.events.push(mail.event.id);
            wanted.objects.extend(provider.map(|id| ObjectRef::new(ObjectType::Provider, id)));
            wanted.tags.extend(tag_refs(&mail.tags));
        }
        let around = self.around(&wanted).await?;
        Ok(mails.into_iter().map(|(mail, _)| notification_view(mail, &around)).collect())
    }
}

pub(crate) fn one<T>(views: Vec<T>) -> Result<T> {
    views.into_iter().next().ok_or_else(|| Error::internal("one object gave no view"))
}
