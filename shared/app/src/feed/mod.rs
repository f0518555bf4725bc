//! The calendar feed: which events it shows, and for how long that is right.
//!
//! What is shown changes with the table, which [`Stamps`] tell in one read unit, and with time: events enter and leave
//! the window, and an outage without an end is shown until "now". [`Feed::next`] is when time alone changes it next.
//! Everything is read with strong consistency and verified against the stamps afterwards, so that what is told under a
//! validator is what stood in the table.

mod board;
mod moments;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use noticeboard_domain::event::EventKind;
use noticeboard_domain::filter::{Filter, Test};
use noticeboard_domain::ids::{EventId, ProviderId};
use noticeboard_domain::impact::Impact;
use noticeboard_domain::inventory::PLACES;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::status::{ImpactLevel, Status};
use noticeboard_domain::tag::TagRef;
use noticeboard_domain::time::Time;
use noticeboard_domain::{Error, Result};
use noticeboard_store::{Stamps, StoredEvent, Wanted};

pub(crate) use board::Board;
use board::Seen;
pub use board::{Name, Names};
pub use moments::{MINUTE, shown_end};
use moments::{Moments, Window};

use crate::App;

/// Events in the months that a calendar touches, whatever its filter: more are not read for one answer. Also the most
/// that a process keeps.
pub const MAX_WINDOW_EVENTS: usize = 25_000;

/// An event as a calendar shows it: without what calendars do not show.
#[derive(Debug, Clone)]
pub struct FeedEvent {
    /// The event.
    pub stored: StoredEvent,
    /// Its impacts, oldest first.
    pub impacts: Vec<FeedImpact>,
}

/// An impact as a calendar shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedImpact {
    /// What is hit.
    pub target: ObjectRef,
    /// How hard.
    pub level: Option<ImpactLevel>,
    /// When the impact was last changed.
    pub last_updated: Time,
}

impl From<&Impact> for FeedImpact {
    fn from(impact: &Impact) -> Self {
        Self { target: impact.target, level: impact.impact, last_updated: impact.revision.last_updated }
    }
}

/// A provider as a calendar is asked for its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedProvider {
    /// By id; when there is none such, nothing is shown.
    Id(ProviderId),
    /// By slug, which must be there.
    Slug(String),
}

/// What a calendar is to show.
#[derive(Debug, Clone)]
pub struct FeedQuery {
    /// Days before now in which an event may have ended.
    pub past: u32,
    /// Days after now in which an event may begin; any time where there is none.
    pub future: Option<u32>,
    /// Of these kinds.
    pub kinds: Vec<EventKind>,
    /// In one of these states; in any where there is none.
    pub statuses: Vec<Status>,
    /// Of this provider.
    pub provider: Option<FeedProvider>,
    /// That hit one of these.
    pub objects: Vec<ObjectRef>,
    /// That hit something in these places: parameters of [`PLACES`].
    pub places: Filter,
    /// With all of these tags, by slug.
    pub tags: Vec<String>,
    /// That hit something at least so hard.
    pub min_impact: Option<ImpactLevel>,
    /// Whether someone has taken note; an event of which that is not known counts as one of which nobody has.
    pub acknowledged: Option<bool>,
}

/// Reads of the stamps: callers at the same time share one.
#[derive(Debug, Default)]
pub(crate) struct StampReads {
    /// How many have begun.
    begun: AtomicU64,
    /// The last one that has ended, by its number.
    last: tokio::sync::Mutex<Option<(u64, Stamps)>>,
}

/// The events of a calendar.
#[derive(Debug)]
pub struct Feed {
    /// The stamps that it was read under.
    pub stamps: Stamps,
    /// The moment for which it is right.
    pub now: Time,
    /// The events, by start.
    pub events: Vec<Arc<FeedEvent>>,
    /// What their providers and the objects that they hit are called.
    pub names: Arc<Names>,
    /// When it last changed, by a write or by time alone.
    pub changed: Time,
    /// When time alone changes it next, or a change that happened just now is to be read once more.
    pub next: Time,
}

impl App {
    /// What tells whether a calendar can have changed by a write: one read unit, as of this call or later.
    pub async fn feed_stamps(&self) -> Result<Stamps> {
        let reads = &self.stamp_reads;
        let begun = reads.begun.load(Ordering::SeqCst);
        // Who waited while another read began after this call has what that one found.
        let mut last = reads.last.lock().await;
        match &*last {
            Some((read, stamps)) if *read > begun => Ok(stamps.clone()),
            Some(_) | None => {
                let read = reads.begun.fetch_add(1, Ordering::SeqCst) + 1;
                let stamps = self.store.stamps().await?;
                *last = Some((read, stamps.clone()));
                Ok(stamps)
            }
        }
    }

    /// The events of a calendar, as of the stamps or newer.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a provider by slug, a place or a tag that does not exist, and when more than
    /// [`MAX_WINDOW_EVENTS`] would have to be read.
    pub async fn feed(&self, query: &FeedQuery, stamps: Stamps) -> Result<Feed> {
        let now = self.now();
        let window = Window::new(now, query.past, query.future);
        let Seen { stamps, events, names, again } = self.board_read(&window.parts(), stamps, now).await?;
        let wanted = self.feed_wanted(query).await?;
        let mut moments = Moments::new(&window, stamps.latest());
        let mut shown = Vec::with_capacity(events.len());
        for event in events.into_iter().filter(|event| wanted.has(query, event)) {
            moments.add(&event.stored.event);
            if window.has(&event.stored.event) {
                shown.push(event);
            }
        }
        let next = moments.next();
        shown.sort_unstable_by_key(|shown| (shown.stored.event.start, shown.stored.event.id));
        Ok(Feed {
            stamps,
            now,
            events: shown,
            names,
            changed: moments.last(),
            next: again.map_or(next, |again| again.min(next)),
        })
    }

    /// One event as a calendar shows it, with what its provider and the objects that it hits are called.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none of this kind.
    pub async fn feed_event(&self, kind: EventKind, id: EventId) -> Result<(FeedEvent, Names)> {
        let page = self.store.event_page(id).await?.filter(|page| page.stored.event.kind() == kind);
        let page = page.ok_or_else(|| crate::events::not_found(kind))?;
        let impacts: Vec<FeedImpact> = page.impacts.iter().map(FeedImpact::from).collect();
        let event = FeedEvent { stored: page.stored, impacts };
        let names = self.feed_names(event.named().collect()).await?;
        Ok((event, names))
    }

    /// What objects are called; those that are gone are left out.
    async fn feed_names(&self, objects: Vec<ObjectRef>) -> Result<Names> {
        let found = self.store.neighbours(&Wanted { objects, ..Wanted::default() }).await?;
        Ok(found.named.into_iter().map(|named| (named.object, named.into())).collect())
    }

    /// What a query names, looked up.
    async fn feed_wanted(&self, query: &FeedQuery) -> Result<Looked> {
        let provider = match &query.provider {
            None => None,
            Some(FeedProvider::Id(id)) => Some(*id),
            Some(FeedProvider::Slug(slug)) => {
                let found = self.provider_named(Some(slug), None).await?;
                let missing = || Error::field("provider", format!("Provider not found: {slug}"));
                Some(found.ok_or_else(missing)?.id)
            }
        };
        for slug in &query.tags {
            let tags = vec![TagRef::Slug(slug.clone())];
            if self.store.neighbours(&Wanted { tags, ..Wanted::default() }).await?.tags.is_empty() {
                return Err(crate::lists::not_a_choice("tag", slug));
            }
        }
        let places: Vec<Test> = query.places.clone().take(&PLACES.map(|(name, _)| name));
        Ok(Looked { provider, targets: self.targets_in(&places).await? })
    }
}

/// What a query names, as ids.
struct Looked {
    provider: Option<ProviderId>,
    targets: Option<std::collections::HashSet<ObjectRef>>,
}

impl Looked {
    /// Whether an event is one that is asked for, whenever it takes place.
    fn has(&self, query: &FeedQuery, event: &FeedEvent) -> bool {
        let FeedEvent { stored, impacts } = event;
        let event = &stored.event;
        let hits = |wanted: &dyn Fn(&FeedImpact) -> bool| impacts.iter().any(wanted);
        query.kinds.contains(&event.kind())
            && (query.statuses.is_empty() || query.statuses.contains(&event.status()))
            && self.provider.is_none_or(|provider| provider == event.provider)
            && query.acknowledged.is_none_or(|wanted| wanted == (event.acknowledged == Some(true)))
            && query.tags.iter().all(|tag| event.tags.contains(tag))
            && (query.objects.is_empty() || hits(&|impact| query.objects.contains(&impact.target)))
            && self.targets.as_ref().is_none_or(|targets| hits(&|impact| targets.contains(&impact.target)))
            && query.min_impact.is_none_or(|least| hits(&|impact| impact.level.is_some_and(|level| level >= least)))
    }
}

impl FeedEvent {
    /// The provider as an object.
    pub fn provider(&self) -> ObjectRef {
        ObjectRef::new(ObjectType::Provider, self.stored.event.provider)
    }

    /// The objects whose names it is shown with.
    fn named(&self) -> impl Iterator<Item = ObjectRef> + '_ {
        std::iter::once(self.provider()).chain(self.impacts.iter().map(|impact| impact.target))
    }
}
