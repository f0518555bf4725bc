//! The events of the months that calendars ask for, kept in this process: after a change only the part of them is read
//! anew that has changed.
//!
//! Invariant: under the stamps of the board, it holds every event of its windows, as the table has it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::Duration;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use noticeboard_domain::change::Revision;
use noticeboard_domain::ids::EventId;
use noticeboard_domain::object::ObjectRef;
use noticeboard_domain::time::Time;
use noticeboard_domain::{Error, FieldErrors, Result};
use noticeboard_store::{Named, Part, Stamps, Store, StoredEvent, Wanted, WindowPart};

use super::{FeedEvent, FeedImpact, MAX_WINDOW_EVENTS};
use crate::App;

/// Queries that run at once.
const AT_ONCE: usize = 32;
/// How often a board that writers keep changing is read again before it is shown as it is.
const ROUNDS: usize = 4;
/// When more parts than this have changed, windows are read whole.
const MAX_PARTS: usize = 8;
/// How long a board is added to before it is made anew: what nobody asks for any more goes with it.
const KEPT: Duration = Duration::hours(24);
/// How long after a change was seen its part is read once more. DynamoDB shows the items of a transaction one by one: a
/// reader can see the stamp and still the old event, for some milliseconds.
const SETTLING: Duration = Duration::seconds(2);
/// How long ago a change happened that is settled, also by the clock of a writer that goes wrong.
const SETTLED: Duration = Duration::minutes(1);
/// Impacts of one event that are read: more than writers give it ([`crate::impacts::MAX_IMPACTS`]).
const MAX_IMPACTS_READ: usize = 2 * crate::impacts::MAX_IMPACTS;
/// Notes of an event that a calendar shows, in bytes: no more are kept.
const MAX_COMMENT_BYTES: usize = 20 * 1024;

/// What objects are called.
pub type Names = HashMap<ObjectRef, Name>;

/// What an object is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Its text for people.
    pub display: String,
    /// When the object was last changed.
    pub last_updated: Option<Time>,
}

impl From<Named> for Name {
    fn from(named: Named) -> Self {
        /// What is read of an object, whatever its type.
        #[derive(serde::Deserialize)]
        struct Stored {
            revision: Revision,
        }
        let stored: Option<Stored> = named.data.and_then(|data| serde_json::from_str(&data).ok());
        Self { display: named.display, last_updated: stored.map(|stored| stored.revision.last_updated) }
    }
}

/// What this process knows of the calendar.
#[derive(Debug, Default)]
pub(crate) struct Board {
    stamps: Stamps,
    made: Option<Time>,
    windows: BTreeSet<WindowPart>,
    events: HashMap<EventId, Arc<FeedEvent>>,
    names: Arc<Names>,
    /// Parts that changed just now, and when they are to be read once more.
    settling: HashMap<Part, Time>,
}

/// What the windows hold at one moment.
pub(super) struct Seen {
    pub(super) stamps: Stamps,
    pub(super) events: Vec<Arc<FeedEvent>>,
    pub(super) names: Arc<Names>,
    /// When it is to be read once more, though nothing is written.
    pub(super) again: Option<Time>,
}

/// What was read to bring a board up to date.
struct Fresh {
    events: Vec<FeedEvent>,
    names: Names,
}

impl App {
    /// The events of some windows and the names that they are shown with, as of these stamps or newer. Events of other
    /// windows may be among them.
    pub(super) async fn board_read(
        &self,
        windows: &BTreeSet<WindowPart>,
        mut stamps: Stamps,
        now: Time,
    ) -> Result<Seen> {
        // One at a time: who waits finds the work done.
        let mut board = self.board.lock().await;
        if board.made.is_none_or(|made| now - made >= KEPT) {
            *board = Board { made: Some(now), stamps: stamps.clone(), ..Board::default() };
            board.settle(&stamps.since(now - SETTLED).collect(), now);
        }
        for _ in 0..ROUNDS {
            // Another caller may have brought it further meanwhile.
            let is_settled = board.unsettled(now).is_empty();
            if is_settled && board.stamps.covers(&stamps) && windows.is_subset(&board.windows) {
                break;
            }
            board.refresh(&self.store, windows, stamps, now).await?;
            // What was written while it was read is read again, so that the events belong together.
            stamps = self.store.stamps().await?;
        }
        let seen = Seen {
            stamps: board.stamps.clone(),
            events: board.events.values().cloned().collect(),
            names: Arc::clone(&board.names),
            again: board.settling.values().min().copied(),
        };
        if board.events.len() > MAX_WINDOW_EVENTS {
            *board = Board::default();
        }
        Ok(seen)
    }
}

impl Board {
    /// Brings it to these stamps, and adds windows to it. It stays as it was when that fails.
    async fn refresh(
        &mut self,
        store: &Store,
        windows: &BTreeSet<WindowPart>,
        stamps: Stamps,
        now: Time,
    ) -> Result<()> {
        let written: HashSet<Part> = self.stamps.changed(&stamps).collect();
        let unsettled = self.unsettled(now);
        let changed = written.union(&unsettled).copied().collect();
        let ids = self.ids(store, windows, &changed).await?;
        if ids.len() > MAX_WINDOW_EVENTS {
            return Err(too_many_events());
        }
        let fresh = self.fresh(store, &ids, &changed).await?;
        self.events.retain(|id, _| !changed.contains(&Part::of_event(*id)));
        let events = fresh.events.into_iter().map(|event| (event.stored.event.id, Arc::new(event)));
        self.events.extend(events);
        let names = Arc::make_mut(&mut self.names);
        names.retain(|object, _| !changed.contains(&Part::of_object(object.id)));
        names.extend(fresh.names);
        self.windows.extend(windows.iter().cloned());
        self.settling.retain(|part, _| !unsettled.contains(part));
        self.settle(&stamps.since(now - SETTLED).filter(|part| written.contains(part)).collect(), now);
        self.stamps = stamps;
        Ok(())
    }

    /// Has parts that changed just now read once more.
    fn settle(&mut self, parts: &HashSet<Part>, now: Time) {
        self.settling.extend(parts.iter().map(|part| (*part, now + SETTLING)));
    }

    /// The parts that are to be read once more now.
    fn unsettled(&self, now: Time) -> HashSet<Part> {
        self.settling.iter().filter(|(_, due)| **due <= now).map(|(part, _)| *part).collect()
    }

    /// The events that are to be read: those of new windows, and those of changed parts.
    async fn ids(
        &self,
        store: &Store,
        windows: &BTreeSet<WindowPart>,
        changed: &HashSet<Part>,
    ) -> Result<HashSet<EventId>> {
        let parts: Vec<Part> = changed.iter().copied().filter(|part| matches!(part, Part::Events(_))).collect();
        let mut lookups: Vec<(&WindowPart, Option<Part>)> = Vec::new();
        for window in &self.windows {
            match parts.len() {
                0 => {}
                1..=MAX_PARTS => lookups.extend(parts.iter().map(|part| (window, Some(*part)))),
                _ => lookups.push((window, None)),
            }
        }
        lookups.extend(windows.difference(&self.windows).map(|window| (window, None)));
        let found = lookups.into_iter().map(|(window, part)| store.window_events(window, part, MAX_WINDOW_EVENTS));
        let found: Vec<Vec<EventId>> =
            stream::iter(found.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect().await?;
        // Those that are known are read again too where their part has changed, wherever they have moved to.
        let ids = found.into_iter().flatten().chain(self.events.keys().copied());
        let known = |id: &EventId| self.events.contains_key(id);
        Ok(ids.filter(|id| changed.contains(&Part::of_event(*id)) || !known(id)).collect())
    }

    /// These events with their impacts, and the names that are new or may have changed.
    async fn fresh(&self, store: &Store, ids: &HashSet<EventId>, changed: &HashSet<Part>) -> Result<Fresh> {
        let ids: Vec<EventId> = ids.iter().copied().collect();
        let events = store.events(&ids).await?.into_iter().map(|stored| self.with_impacts(store, stored));
        let events: Vec<FeedEvent> =
            stream::iter(events.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect().await?;
        let has_changed = |object: &ObjectRef| changed.contains(&Part::of_object(object.id));
        let is_old = |object: &ObjectRef| !self.names.contains_key(object) || has_changed(object);
        let mut objects: HashSet<ObjectRef> = events.iter().flat_map(FeedEvent::named).filter(is_old).collect();
        if changed.iter().any(|part| matches!(part, Part::Objects(_))) {
            // Also those that were gone: an import brings objects back under the ids that they had.
            objects.extend(self.events.values().flat_map(|event| event.named()).filter(has_changed));
        }
        let wanted = Wanted { objects: objects.into_iter().collect(), ..Wanted::default() };
        let named = store.neighbours(&wanted).await?.named;
        let names = named.into_iter().map(|named| (named.object, named.into())).collect();
        Ok(Fresh { events, names })
    }

    /// An event with its impacts, which are read only where they can have changed.
    async fn with_impacts(&self, store: &Store, mut stored: StoredEvent) -> Result<FeedEvent> {
        let id = stored.event.id;
        let known = self.events.get(&id).filter(|known| known.stored.children == stored.children);
        let impacts = match (known, stored.impact_count) {
            (Some(known), _) => known.impacts.clone(),
            (None, 0) => Vec::new(),
            (None, _) => {
                let read = store.impacts_of_event(id, MAX_IMPACTS_READ).await?;
                crate::impacts::whole(read, MAX_IMPACTS_READ)?.iter().map(FeedImpact::from).collect()
            }
        };
        let event = &mut stored.event;
        event.custom_fields.clear();
        event.unmatched_circuits.clear();
        event.impact.clear();
        if event.comments.len() > MAX_COMMENT_BYTES {
            let end = (0..=MAX_COMMENT_BYTES).rev().find(|at| event.comments.is_char_boundary(*at)).unwrap_or(0);
            event.comments.truncate(end);
            event.comments.push('…');
        }
        Ok(FeedEvent { stored, impacts })
    }
}

fn too_many_events() -> Error {
    let message = format!(
        "More than {MAX_WINDOW_EVENTS} events are in this window (MAX_WINDOW_EVENTS). Ask for fewer days, with past_days \
         and days_future."
    );
    Error::field(FieldErrors::ALL, message)
}
