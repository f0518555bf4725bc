//! Maintenances and outages: create, read, list, change, delete, timeline.

use noticeboard_domain::change::{Actor, ChangeStamp, Revision};
use noticeboard_domain::event::{EventChanges, EventDetail, EventKind};
use noticeboard_domain::ids::{ChangeId, EventId, ProviderId};
use noticeboard_domain::status::{MaintenanceStatus, Status};
use noticeboard_domain::time::Time;
use noticeboard_domain::{Error, Result};
use noticeboard_store::{
    ChangePage, CommitError, CountOf, EventPage, EventRow, ITEMS_PER_DELETED_IMPACT, JournalEntry, StoredEvent,
    Transaction,
};

use crate::views::EventView;
use crate::{App, MAX_RACES, too_many_races};

/// Which events of a kind a list is to show; an empty list of values asks for nothing in particular.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventFilter {
    /// Exactly one of these names.
    pub names: Vec<String>,
    /// One of these statuses.
    pub statuses: Vec<Status>,
    /// One of these providers.
    pub providers: Vec<ProviderId>,
    /// One of these tickets.
    pub internal_tickets: Vec<String>,
    /// Acknowledged or not.
    pub acknowledged: Option<bool>,
    /// Beginning before this or at it.
    pub start_until: Option<Time>,
    /// Ending after this or at it; an outage without an end does.
    pub end_from: Option<Time>,
    /// Text in name, summary, ticket or impact, in any case.
    pub q: String,
}

impl EventFilter {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn matches(&self, row: &EventRow) -> bool {
        fn any<T>(wanted: &[T], matches: impl Fn(&T) -> bool) -> bool {
            wanted.is_empty() || wanted.iter().any(matches)
        }
        any(&self.names, |name| name == row.name.as_str())
            && any(&self.statuses, |status| status.as_str() == row.status)
            && any(&self.providers, |provider| *provider == row.provider)
            && any(&self.internal_tickets, |ticket| *ticket == row.internal_ticket)
            && self.acknowledged.is_none_or(|wanted| row.acknowledged == Some(wanted))
            && self.start_until.is_none_or(|until| row.start <= until)
            && self.end_from.is_none_or(|from| row.end.is_none_or(|end| end >= from))
            && self.contains_text(row)
    }

    fn contains_text(&self, row: &EventRow) -> bool {
        let q = self.q.trim().to_lowercase();
        let fields = [row.name.as_str(), row.summary.as_str(), &row.internal_ticket, &row.impact];
        q.is_empty() || fields.iter().any(|field| field.to_lowercase().contains(&q))
    }
}

/// A part of a list of events.
#[derive(Debug, Clone)]
pub struct EventList {
    /// The events.
    pub events: Vec<EventView>,
    /// How many there are in all.
    pub count: u64,
}

impl App {
    /// Makes an event. With `replaces`, the replaced maintenance becomes RE-SCHEDULED in the same transaction
    /// (behaviours 7).
    ///
    /// # Errors
    /// [`Error::Invalid`] for values that break a rule, and for a provider or a replaced maintenance that is not
    /// there.
    pub async fn event_create(&self, actor: &Actor, kind: EventKind, changes: EventChanges) -> Result<EventView> {
        changes.missing(kind).into_result()?;
        self.check_provider(changes.provider).await?;
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let stamp = self.stamp(actor)?;
            let event = changes.clone().into_event(kind, self.mint()?, Revision::first(stamp.clone()))?;
            let mut transaction = Transaction::new();
            transaction.event_create(&event, None, 0, 0)?;
            if let EventDetail::Maintenance(maintenance) = &event.detail
                && let Some(original) = maintenance.replaces
            {
                let original = self.replaced(original).await?;
                self.mark_rescheduled(&mut transaction, &original, actor)?;
            }
            match self.store.commit(transaction).await {
                Ok(()) => {
                    let stored = StoredEvent { event, impact_count: 0, children: 0, notice_order: None };
                    let page = EventPage { stored, impacts: Vec::new(), notifications: Vec::new() };
                    return self.view_page(page).await;
                }
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    async fn check_provider(&self, provider: Option<ProviderId>) -> Result<()> {
        if let Some(id) = provider
            && self.store.provider(id).await?.is_none()
        {
            let message = format!("Related object not found using the provided numeric ID: {id}");
            return Err(Error::field("provider", message));
        }
        Ok(())
    }

    async fn replaced(&self, id: EventId) -> Result<StoredEvent> {
        let found = self.store.event(id).await?.filter(|stored| stored.event.kind() == EventKind::Maintenance);
        found.ok_or_else(|| Error::field("replaces", format!("Invalid pk \"{id}\" - object does not exist.")))
    }

    /// Sets a maintenance to RE-SCHEDULED, as one that another one replaces.
    pub(crate) fn mark_rescheduled(
        &self,
        transaction: &mut Transaction,
        original: &StoredEvent,
        actor: &Actor,
    ) -> Result<()> {
        let rescheduled = Status::Maintenance(MaintenanceStatus::Rescheduled);
        if original.event.status() == rescheduled {
            return Ok(());
        }
        let changes = EventChanges { status: Some(rescheduled), ..EventChanges::default() };
        let revision = original.event.revision.next(self.stamp(actor)?);
        let after = original.event.changed(changes, revision)?;
        transaction.event_update(original, &after, None, 0, 0)
    }

    /// An event with all that belongs to it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none of this kind.
    pub async fn event(&self, kind: EventKind, id: EventId) -> Result<EventView> {
        let page = self.store.event_page(id).await?.filter(|page| page.stored.event.kind() == kind);
        self.view_page(page.ok_or_else(|| not_found(kind))?).await
    }

    /// Changes an event. With `version`, only while it has that version. Changes that change nothing store nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`], and [`Error::VersionMismatch`] when it has another version.
    pub async fn event_change(
        &self,
        actor: &Actor,
        kind: EventKind,
        id: EventId,
        changes: EventChanges,
        version: Option<u64>,
    ) -> Result<EventView> {
        self.check_provider(changes.provider).await?;
        if let Some(Some(original)) = changes.replaces {
            self.replaced(original).await?;
        }
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let before = self.store.event(id).await?.filter(|stored| stored.event.kind() == kind);
            let before = before.ok_or_else(|| not_found(kind))?;
            if version.is_some_and(|version| version != before.event.revision.version) {
                return Err(Error::VersionMismatch);
            }
            let revision = before.event.revision.next(self.stamp(actor)?);
            let after = before.event.changed(changes.clone(), revision)?;
            if after.snapshot() != before.event.snapshot() {
                let mut transaction = Transaction::new();
                transaction.event_update(&before, &after, None, 0, 0)?;
                match self.store.commit(transaction).await {
                    Ok(()) => {}
                    Err(CommitError::Refused(_)) => continue,
                    Err(CommitError::Failed(error)) => return Err(error),
                }
            }
            return self.event(kind, id).await;
        }
        Err(too_many_races())
    }

    /// Deletes an event with its impacts. Its received mails stay (behaviours L14), and so does its changelog. A
    /// maintenance that replaces it no longer names it (behaviours 9).
    ///
    /// # Errors
    /// [`Error::NotFound`], and [`Error::VersionMismatch`] when it has another version than the one given.
    pub async fn event_delete(&self, actor: &Actor, kind: EventKind, id: EventId, version: Option<u64>) -> Result<()> {
        for race in 0..MAX_RACES {
            let turn = self.turn(race).await;
            let page = self.store.event_page(id).await?.filter(|page| page.stored.event.kind() == kind);
            let page = page.ok_or_else(|| not_found(kind))?;
            if version.is_some_and(|version| version != page.stored.event.revision.version) {
                return Err(Error::VersionMismatch);
            }
            let stamp = self.stamp(actor)?;
            let mut transaction = Transaction::new();
            transaction.event_delete(&page.stored, &stamp)?;
            // What does not fit, what others wait for, and what writers keep changing is first hidden from them.
            let fits = transaction.room() >= page.impacts.len() * ITEMS_PER_DELETED_IMPACT;
            if fits && race == 0 && self.store.events_replacing(id).await?.is_empty() {
                for impact in &page.impacts {
                    transaction.impact_delete(impact, &self.stamp(actor)?)?;
                }
                match self.store.commit(transaction).await {
                    Ok(()) => return Ok(()),
                    Err(CommitError::Refused(_)) => continue,
                    Err(CommitError::Failed(error)) => return Err(error),
                }
            }
            let entry = JournalEntry::EventDeletion { event: id, stamp };
            let mut begin = Transaction::new();
            begin.event_delete_begin(&page.stored);
            begin.journal_put(&entry, self.now())?;
            match self.store.commit(begin).await {
                Ok(()) => {
                    // Finishing changes other events, and may have to take turns for them.
                    drop(turn);
                    return self.journal_finish(&entry).await;
                }
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// Finishes a deletion that takes several transactions; each step may be repeated.
    pub(crate) async fn event_deletion_finish(&self, id: EventId, stamp: &ChangeStamp) -> Result<()> {
        let entry = JournalEntry::EventDeletion { event: id, stamp: stamp.clone() };
        let (mut races, mut next) = (0, None);
        loop {
            let mut transaction = Transaction::new();
            let most = transaction.room() / ITEMS_PER_DELETED_IMPACT;
            let impacts = self.store.impacts_of_event(id, most).await?;
            let first = impacts.items.first().map(|impact| impact.id);
            if first != next {
                (races, next) = (0, first);
            }
            for impact in &impacts.items {
                transaction.impact_delete(impact, &self.stamp(&stamp.actor)?)?;
            }
            if impacts.items.is_empty() {
                self.forget_replaced(&stamp.actor, id).await?;
                if let Some(stored) = self.store.event_even_deleting(id).await? {
                    transaction.event_delete_finish(&stored.event, stamp)?;
                }
                transaction.journal_delete(&entry);
            }
            match self.store.commit(transaction).await {
                Ok(()) if impacts.items.is_empty() => return Ok(()),
                Ok(()) => {}
                // Someone else finishes the same deletion; what is left is read again.
                Err(CommitError::Refused(_)) if races < MAX_RACES => races += 1,
                Err(CommitError::Refused(_)) => return Err(too_many_races()),
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
    }

    /// Takes a deleted maintenance out of those that name it in `replaces`.
    async fn forget_replaced(&self, actor: &Actor, deleted: EventId) -> Result<()> {
        for id in self.store.events_replacing(deleted).await? {
            let changes = EventChanges { replaces: Some(None), ..EventChanges::default() };
            match Box::pin(self.event_change(actor, EventKind::Maintenance, id, changes, None)).await {
                Ok(_) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Events of a kind, newest first: `limit` of them after the first `offset`, and how many there are.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the filter would have to read more than `NOTICEBOARD_LIST_READ_LIMIT` entries.
    pub async fn event_list(
        &self,
        kind: EventKind,
        filter: &EventFilter,
        offset: usize,
        limit: usize,
    ) -> Result<EventList> {
        if filter.is_empty() {
            return self.event_list_all(kind, offset, limit).await;
        }
        if let [name] = filter.names.as_slice() {
            // The look-up that precedes a create: strongly consistent.
            let provider = match filter.providers.as_slice() {
                [provider] => Some(*provider),
                _ => None,
            };
            let ids = self.store.events_by_name(kind, name, provider).await?;
            let mut events = self.store.events(&ids).await?;
            events.retain(|stored| filter.matches(&EventRow::of(&stored.event)));
            events.sort_unstable_by_key(|stored| std::cmp::Reverse(stored.event.id));
            let count = events.len() as u64;
            let page = events.into_iter().skip(offset).take(limit).collect();
            return Ok(EventList { events: self.view_events(page).await?, count });
        }
        let rows = self.store.event_rows(kind, self.settings.list_read_limit).await?;
        let ids: Vec<EventId> = rows.iter().filter(|row| filter.matches(row)).map(|row| row.id).collect();
        let count = ids.len() as u64;
        let page: Vec<EventId> = ids.into_iter().skip(offset).take(limit).collect();
        let mut events = self.store.events(&page).await?;
        events.sort_unstable_by_key(|stored| std::cmp::Reverse(stored.event.id));
        Ok(EventList { events: self.view_events(events).await?, count })
    }

    async fn event_list_all(&self, kind: EventKind, offset: usize, limit: usize) -> Result<EventList> {
        // What is left out is read too.
        let most = self.settings.list_read_limit;
        let start = offset.min(most);
        let (page, counters) = tokio::try_join!(self.store.event_list(kind, start, limit), self.store.counters(kind))?;
        if start < offset && !page.items.is_empty() {
            return Err(noticeboard_store::too_many_entries(most));
        }
        let seen = (offset + page.items.len()) as u64;
        let count = match (page.more, page.items.is_empty()) {
            // The list itself tells more than counters that the changelog is still to move.
            (false, false) => seen,
            (false, true) if offset == 0 => 0,
            (false, true) => counters.get(&CountOf::All),
            (true, _) => counters.get(&CountOf::All).max(seen + 1),
        };
        Ok(EventList { events: self.view_events(page.items).await?, count })
    }

    /// The changes of an event and of what belongs to it, newest first; also of one that is deleted.
    pub async fn event_changes(&self, id: EventId, before: Option<ChangeId>, limit: usize) -> Result<ChangePage> {
        self.store.changes_of_event(id, before, limit).await
    }

    /// The maintenances of a calendar: those that begin at `from` or later, and those that still run then; in one of
    /// `statuses`. With their impacts.
    pub async fn event_calendar(&self, from: Time, statuses: &[MaintenanceStatus]) -> Result<Vec<EventView>> {
        let limit = self.settings.list_read_limit;
        let by_status = statuses.iter().map(|status| {
            let status = Status::Maintenance(*status);
            self.store.events_by_status(status, Some(from), limit)
        });
        let (later, running) = tokio::try_join!(
            futures_util::future::try_join_all(by_status),
            self.store.events_in_window(from, from + chrono::Duration::microseconds(1), limit),
        )?;
        let mut events: Vec<StoredEvent> = later.into_iter().flatten().collect();
        let running: Vec<EventId> =
            running.into_iter().filter(|id| events.iter().all(|stored| stored.event.id != *id)).collect();
        let running = self.store.events(&running).await?;
        events.extend(running.into_iter().filter(|stored| match &stored.event.detail {
            EventDetail::Maintenance(maintenance) => statuses.contains(&maintenance.status),
            EventDetail::Outage(_) => false,
        }));
        events.sort_unstable_by_key(|stored| (stored.event.start, stored.event.id));
        let mut views = self.view_events(events).await?;
        // One query for each event with impacts, some at a time.
        for views in views.chunks_mut(32) {
            let pages = views.iter().map(|view| async {
                match view.stored.impact_count {
                    0 => Ok(Vec::new()),
                    _ => self.store.impacts_of_event(view.stored.event.id, MAX_CALENDAR_IMPACTS).await.map(|s| s.items),
                }
            });
            let pages = futures_util::future::try_join_all(pages).await?;
            let targets = pages.iter().flatten().map(|impact| impact.target).collect();
            let inventory = self.inventory(targets).await?;
            for (view, impacts) in views.iter_mut().zip(pages) {
                let impacts = impacts.into_iter().map(|impact| {
                    let target = inventory.target(impact.target);
                    (impact, target)
                });
                view.impacts = Some(impacts.collect());
            }
        }
        Ok(views)
    }
}

/// A calendar entry lists no more impacts than this.
const MAX_CALENDAR_IMPACTS: usize = 200;

pub(crate) fn not_found(kind: EventKind) -> Error {
    let what = match kind {
        EventKind::Maintenance => "Maintenance",
        EventKind::Outage => "Outage",
    };
    Error::NotFound { what }
}
