//! Lists of events, impacts and received mails: each from the narrowest place that its filters allow.

use std::collections::{HashMap, HashSet};

use noticeboard_domain::change::Action;
use noticeboard_domain::event::EventKind;
use noticeboard_domain::filter::{Comparison, FieldValue, Filter, Filterable, Operand, Test};
use noticeboard_domain::ids::{EventId, EventNotificationId, ImpactId, ObjectId, ProviderId};
use noticeboard_domain::impact::Impact;
use noticeboard_domain::inventory::{PLACES, schema};
use noticeboard_domain::listing::{List, Listing, Page};
use noticeboard_domain::notification::EventNotification;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::status::Status;
use noticeboard_domain::tag::TagRef;
use noticeboard_domain::{Error, Result};
use noticeboard_store::{Chunk, CountOf, EventRow, Resume, Store, StoredEvent, Wanted, too_many_entries};

use crate::App;
use crate::impacts::whole;
use crate::views::{Children, EventView, ImpactView, NotificationView};

/// How many entries are read at once where a list is walked.
const CHUNK: usize = 500;
/// A window of time is looked up by months; a longer one is a filter like any other.
const MAX_WINDOW_DAYS: i64 = 366;
/// Compact rows that take as many read units as a whole event.
const ROWS_FOR_AN_EVENT: u64 = 4;
/// Whole events that are read for a list.
const MAX_WHOLE: u64 = 5_000;
/// Objects that are read one by one, rather than all of their type.
const MAX_BY_ID: usize = 1000;

/// Everything of a type, in chunks.
pub(crate) trait All: Sync {
    /// What there is.
    type Item: Filterable + Send;

    /// How many there are, as far as the changelog has come.
    fn count(&self) -> impl Future<Output = Result<u64>> + Send;

    /// In the list's own order.
    fn walk(&self, resume: Option<Resume>, limit: usize) -> impl Future<Output = Result<Chunk<Self::Item>>> + Send;

    /// In the order of ids, from an id on.
    fn from(&self, start: u64, limit: usize) -> impl Future<Output = Result<Chunk<Self::Item>>> + Send;
}

struct AllEvents<'a> {
    store: &'a Store,
    kind: EventKind,
    newest_first: bool,
}

impl All for AllEvents<'_> {
    type Item = StoredEvent;

    async fn count(&self) -> Result<u64> {
        Ok(self.store.counters(self.kind.object_type()).await?.get(CountOf::All))
    }

    async fn walk(&self, resume: Option<Resume>, limit: usize) -> Result<Chunk<StoredEvent>> {
        self.store.event_list(self.kind, self.newest_first, resume.as_ref(), limit).await
    }

    async fn from(&self, start: u64, limit: usize) -> Result<Chunk<StoredEvent>> {
        self.store.events_from(self.kind, start, limit).await
    }
}

struct AllImpacts<'a>(&'a Store);

impl All for AllImpacts<'_> {
    type Item = (Impact, Option<ProviderId>);

    async fn count(&self) -> Result<u64> {
        Ok(self.0.counters(ObjectType::Impact).await?.get(CountOf::All))
    }

    async fn walk(&self, resume: Option<Resume>, limit: usize) -> Result<Chunk<Self::Item>> {
        self.0.impacts_by_level(resume.as_ref(), limit).await
    }

    async fn from(&self, start: u64, limit: usize) -> Result<Chunk<Self::Item>> {
        self.0.impacts_from(start, limit).await
    }
}

struct AllNotifications<'a>(&'a Store);

impl All for AllNotifications<'_> {
    type Item = (EventNotification, Option<ProviderId>);

    async fn count(&self) -> Result<u64> {
        Ok(self.0.counters(ObjectType::EventNotification).await?.get(CountOf::All))
    }

    async fn walk(&self, resume: Option<Resume>, limit: usize) -> Result<Chunk<Self::Item>> {
        self.0.notifications_by_receipt(resume.as_ref(), limit).await
    }

    async fn from(&self, start: u64, limit: usize) -> Result<Chunk<Self::Item>> {
        self.0.notifications_from(start, limit).await
    }
}

/// Where the events of a list are looked for.
enum Source {
    /// These, which are few.
    Events(Vec<StoredEvent>),
    /// All of the kind: nothing that is asked for is found by itself.
    All,
}

/// The field of an event that orders by its provider's name, as NetBox does.
const PROVIDER: &str = "provider";

/// An event that can be ordered by its provider's name.
struct ByProvider<T> {
    event: T,
    provider: Option<String>,
}

impl<T: Filterable> Filterable for ByProvider<T> {
    fn id(&self) -> u64 {
        self.event.id()
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        if name == PROVIDER {
            return FieldValue::optional(self.provider.as_deref(), FieldValue::text);
        }
        self.event.field(name)
    }
}

impl App {
    /// Events of a kind, with what is asked for of that which belongs to them.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the filter would have to read more than `NOTICEBOARD_LIST_READ_LIMIT` entries, for other
    /// objects that it names and that do not exist, and for more impacts or received mails than one answer shows.
    pub async fn event_list(&self, kind: EventKind, listing: Listing, children: Children) -> Result<List<EventView>> {
        let list = self.event_list_stored(kind, listing).await?;
        let (events, list) = split(list);
        let mut views = self.view_events(events).await?;
        self.view_children_of(&mut views, children).await?;
        Ok(list.with(views))
    }

    async fn event_list_stored(&self, kind: EventKind, mut listing: Listing) -> Result<List<StoredEvent>> {
        self.narrow(kind.object_type(), &mut listing.filter).await?;
        let newest_first = |listing: &Listing| match listing.order.as_slice() {
            [] => Some(true),
            [order] if matches!(order.field.as_str(), "id" | "created") => Some(order.descending),
            _ => None,
        };
        match (listing.page, listing.filter.is_empty(), newest_first(&listing)) {
            (Page::Cursor { limit, start }, true, _) => {
                let chunk = self.store.events_from(kind, start, limit).await?;
                return Ok(cursor_page(chunk));
            }
            (Page::Offset { limit, offset }, true, Some(newest_first)) => {
                let all = AllEvents { store: &self.store, kind, newest_first };
                let page = self.offset_page(offset, limit, &all);
                let (count, (items, more)) = tokio::try_join!(all.count(), page)?;
                return Ok(counted(items, more, offset, count));
            }
            (Page::Cursor { .. } | Page::Offset { .. }, _, _) => {}
        }
        let own = |a: u64, b: u64| b.cmp(&a);
        let most = self.settings.list_read_limit;
        match self.event_source(kind, &listing).await? {
            Source::Events(mut events) => {
                events.retain(|stored| stored.event.kind() == kind);
                self.events_of(&listing, events).await
            }
            Source::All if matches!(listing.page, Page::Cursor { .. }) => {
                // Nothing is counted, so nothing is read beyond the page.
                let all = AllEvents { store: &self.store, kind, newest_first: false };
                self.walked(&listing, &all, |a, b| own(a.id(), b.id())).await
            }
            Source::All if !is_in_rows(&listing) && listing.order.iter().all(|order| order.field != PROVIDER) => {
                let all = AllEvents { store: &self.store, kind, newest_first: true };
                self.walked(&listing, &all, |a, b| own(a.id(), b.id())).await
            }
            Source::All if !is_in_rows(&listing) => {
                let all = self.store.events_from(kind, 0, most).await?;
                if all.next.is_some() {
                    return Err(too_many_entries(most));
                }
                self.events_of(&listing, all.items).await
            }
            Source::All => {
                let rows = self.store.event_rows(kind, most).await?;
                let named = self.with_provider_names(&listing, rows, |row| row.provider).await?;
                let (rows, list) = split(listing.of(named, |a, b| own(a.id(), b.id())));
                let ids: Vec<EventId> = rows.iter().map(|named| named.event.id).collect();
                let mut events = self.store.events(&ids).await?;
                let place = |stored: &StoredEvent| ids.iter().position(|id| *id == stored.event.id);
                events.sort_by_cached_key(place);
                Ok(list.with(events))
            }
        }
    }

    /// The list of these events, which are all that could be in it.
    async fn events_of(&self, listing: &Listing, events: Vec<StoredEvent>) -> Result<List<StoredEvent>> {
        let named = self.with_provider_names(listing, events, |stored| stored.event.provider).await?;
        let (named, list) = split(listing.of(named, |a, b| b.id().cmp(&a.id())));
        Ok(list.with(named.into_iter().map(|named| named.event).collect()))
    }

    /// Events with the names of their providers, where the order asks for these.
    async fn with_provider_names<T: Filterable>(
        &self,
        listing: &Listing,
        events: Vec<T>,
        provider: impl Fn(&T) -> ProviderId,
    ) -> Result<Vec<ByProvider<T>>> {
        let mut names: HashMap<ProviderId, String> = HashMap::new();
        if listing.order.iter().any(|order| order.field == PROVIDER) {
            let found: HashSet<ProviderId> =
                events.iter().filter(|event| listing.filter.matches(*event)).map(&provider).collect();
            let objects = found.into_iter().map(|id| ObjectRef::new(ObjectType::Provider, id)).collect();
            let found = self.store.neighbours(&Wanted { objects, ..Wanted::default() }).await?;
            names.extend(found.named.into_iter().map(|named| (named.object.id.into(), named.display)));
        }
        let named = |event: T| ByProvider { provider: names.get(&provider(&event)).cloned(), event };
        Ok(events.into_iter().map(named).collect())
    }

    /// Where to look: the fewest entries that the filter allows without knowing how many each choice has.
    async fn event_source(&self, kind: EventKind, listing: &Listing) -> Result<Source> {
        let (filter, most) = (&listing.filter, self.settings.list_read_limit);
        let ids = |ids: Vec<u64>| ids.into_iter().filter_map(|id| EventId::try_from(id).ok()).collect::<Vec<_>>();
        let among = filter.among.as_ref().filter(|ids| ids.len() <= MAX_BY_ID);
        if let Some(found) = filter.ids("id").or_else(|| among.map(|ids| ids.iter().copied().collect())) {
            return Ok(Source::Events(self.store.events(&ids(found)).await?));
        }
        if let Some(names) = filter.texts("name") {
            // The look-up that precedes a create: strongly consistent.
            let found = names.iter().map(|name| self.store.events_by_name(kind, name, None));
            let mut found: Vec<EventId> = futures_util::future::try_join_all(found).await?.concat();
            found.sort_unstable();
            found.dedup();
            return Ok(Source::Events(self.store.events(&found).await?));
        }
        if let (Some(from), Some(to)) = (filter.at_least("end"), filter.at_most("start"))
            && from <= to
            && (to - from).num_days() <= MAX_WINDOW_DAYS
        {
            let edge = chrono::Duration::microseconds(1);
            let found = self.store.events_in_window(from - edge, to + edge, most).await?;
            return Ok(Source::Events(self.store.events(&found).await?));
        }
        if let Some(providers) = filter.ids("provider_id") {
            let providers: Vec<ProviderId> = providers.into_iter().filter_map(|id| id.try_into().ok()).collect();
            let found = providers.iter().map(|provider| self.store.events_of_provider(*provider, kind, most));
            return Ok(Source::Events(futures_util::future::try_join_all(found).await?.concat()));
        }
        if let Some(statuses) = filter.texts("status")
            && let Some(found) = self.events_in_status(kind, &statuses, listing.page).await?
        {
            return Ok(Source::Events(found));
        }
        Ok(Source::All)
    }

    /// The events in these statuses, where they are so few that reading them whole is cheaper than the compact rows of
    /// all: what is open, of years of what is done.
    async fn events_in_status(
        &self,
        kind: EventKind,
        statuses: &[&str],
        page: Page,
    ) -> Result<Option<Vec<StoredEvent>>> {
        let parsed = statuses.iter().filter_map(|text| kind.parse_status(text).ok());
        let statuses: HashSet<Status> = parsed.collect();
        let counters = self.store.counters(kind.object_type()).await?;
        let wanted: u64 = statuses.iter().map(|status| counters.get(CountOf::Status(*status))).sum();
        let few = match page {
            Page::Offset { .. } => MAX_WHOLE,
            // Walking finds a page sooner.
            Page::Cursor { limit, .. } => limit as u64,
        };
        if wanted > few || wanted * ROWS_FOR_AN_EVENT > counters.get(CountOf::All) {
            return Ok(None);
        }
        let most = self.settings.list_read_limit;
        let found = statuses.iter().map(|status| self.store.events_by_status(*status, most));
        let mut found = futures_util::future::try_join_all(found).await?.concat();
        // One that changes its status meanwhile may be found in both.
        found.sort_by_key(|stored| (stored.event.id, std::cmp::Reverse(stored.event.revision.version)));
        found.dedup_by_key(|stored| stored.event.id);
        Ok(Some(found))
    }

    /// Impacts, by level unless an order is asked for.
    ///
    /// # Errors
    /// As for [`App::event_list`].
    pub async fn impact_list(&self, mut listing: Listing) -> Result<List<ImpactView>> {
        self.narrow(ObjectType::Impact, &mut listing.filter).await?;
        let (filter, most) = (&listing.filter, self.settings.list_read_limit);
        let one = |field: &str| filter.ids(field).filter(|ids| ids.len() == 1).and_then(|ids| ids.first().copied());
        let event = one("event_object_id").and_then(|id| EventId::try_from(id).ok());
        let kind = filter.texts("target_content_type").filter(|kinds| kinds.len() == 1);
        let kind = kind.and_then(|kinds| ObjectType::parse(kinds.first()?));
        let kind = kind.or_else(|| ObjectType::from_number(one("target_content_type_id")?));
        let id = one("target_object_id").and_then(|id| ObjectId::try_from(id).ok());
        let target = kind.zip(id).map(|(kind, id)| ObjectRef { kind, id });
        let few: Option<Vec<Impact>> = match (event, target, filter.ids("id")) {
            // The look-up that precedes a create: strongly consistent.
            (Some(event), Some(target), _) => Some(self.store.impact_on(event, target).await?.into_iter().collect()),
            (Some(event), None, _) => Some(whole(self.store.impacts_of_event(event, most).await?, most)?),
            (None, Some(target), _) => Some(whole(self.store.impacts_on_target(target, most).await?, most)?),
            (None, None, Some(ids)) => {
                let ids: Vec<ImpactId> = ids.into_iter().filter_map(|id| id.try_into().ok()).collect();
                Some(self.store.impacts(&ids).await?)
            }
            (None, None, None) => None,
        };
        let list = match few {
            Some(few) => {
                let few: Vec<(Impact, Option<ProviderId>)> = few.into_iter().map(|impact| (impact, None)).collect();
                listing.of(few, |a, b| by_level(&a.0, &b.0))
            }
            None => {
                let all = AllImpacts(&self.store);
                self.walked(&listing, &all, |a, b| by_level(&a.0, &b.0)).await?
            }
        };
        let (impacts, list) = split(list);
        Ok(list.with(self.view_impacts(impacts).await?))
    }

    /// Received mails, by the time of receipt unless an order is asked for.
    ///
    /// # Errors
    /// As for [`App::event_list`].
    pub async fn notification_list(&self, mut listing: Listing) -> Result<List<NotificationView>> {
        self.narrow(ObjectType::EventNotification, &mut listing.filter).await?;
        let (filter, most) = (&listing.filter, self.settings.list_read_limit);
        let few: Option<Vec<EventNotification>> = match (filter.ids("event_object_id"), filter.ids("id")) {
            (Some(events), _) if events.len() <= CHUNK => {
                let events: Vec<EventId> = events.into_iter().filter_map(|id| id.try_into().ok()).collect();
                let found = events.iter().map(|event| self.store.notifications_of_event(*event, most));
                let found = futures_util::future::try_join_all(found).await?;
                let found: Result<Vec<_>> = found.into_iter().map(|slice| whole(slice, most)).collect();
                Some(found?.concat())
            }
            (_, Some(ids)) => {
                let ids: Vec<EventNotificationId> = ids.into_iter().filter_map(|id| id.try_into().ok()).collect();
                Some(self.store.notifications(&ids).await?)
            }
            (_, None) => None,
        };
        type Listed = (EventNotification, Option<ProviderId>);
        let own = |a: &Listed, b: &Listed| by_receipt(&a.0, &b.0);
        let list = match few {
            Some(few) => listing.of(few.into_iter().map(|mail| (mail, None)).collect(), own),
            None => {
                let all = AllNotifications(&self.store);
                self.walked(&listing, &all, own).await?
            }
        };
        let (mails, list) = split(list);
        Ok(list.with(self.view_notifications(mails).await?))
    }

    /// A list of everything of a type: from an index where it can be, else walked in chunks, so that no more than the
    /// page is kept.
    pub(crate) async fn walked<A: All>(
        &self,
        listing: &Listing,
        all: &A,
        own: impl Fn(&A::Item, &A::Item) -> std::cmp::Ordering + Send,
    ) -> Result<List<A::Item>> {
        let (filter, most) = (&listing.filter, self.settings.list_read_limit);
        match listing.page {
            Page::Cursor { limit, start } => {
                let (mut items, mut read, mut start) = (Vec::new(), 0, start);
                loop {
                    let chunk = all.from(start, if filter.is_empty() { limit } else { CHUNK }).await?;
                    read += chunk.items.len();
                    let more = chunk.next.is_some();
                    let mut found = chunk.items.into_iter().peekable();
                    while let Some(item) = found.next() {
                        start = item.id() + 1;
                        if filter.matches(&item) {
                            items.push(item);
                            if items.len() == limit {
                                // Whether any of the rest matches is found by who asks for it.
                                let next = (more || found.peek().is_some()).then_some(start);
                                return Ok(List { items, count: None, next });
                            }
                        }
                    }
                    if !more {
                        return Ok(List { items, count: None, next: None });
                    }
                    if read > most {
                        return Ok(List { items, count: None, next: Some(start) });
                    }
                }
            }
            Page::Offset { limit, offset } if listing.order.is_empty() && filter.is_empty() => {
                let (count, (items, more)) = tokio::try_join!(all.count(), self.offset_page(offset, limit, all))?;
                Ok(counted(items, more, offset, count))
            }
            Page::Offset { limit, offset } if listing.order.is_empty() => {
                let (mut items, mut count, mut read) = (Vec::new(), 0, 0);
                let mut resume: Option<Resume> = None;
                loop {
                    let chunk = all.walk(resume, CHUNK).await?;
                    read += chunk.items.len();
                    for item in chunk.items.into_iter().filter(|item| filter.matches(item)) {
                        if count >= offset && items.len() < limit {
                            items.push(item);
                        }
                        count += 1;
                    }
                    if read > most {
                        return Err(too_many_entries(most));
                    }
                    match chunk.next {
                        None => return Ok(List { items, count: Some(count as u64), next: None }),
                        next => resume = next,
                    }
                }
            }
            Page::Offset { limit, offset } => {
                let order = |a: &A::Item, b: &A::Item| listing.compare(a, b, &own);
                // What cannot be on the page any more is not kept.
                let end = offset.saturating_add(limit);
                let (mut kept, mut count, mut read, mut start) = (Vec::new(), 0, 0, 0);
                loop {
                    let chunk = all.from(start, CHUNK).await?;
                    read += chunk.items.len();
                    start = chunk.items.last().map_or(start, |last| last.id() + 1);
                    for item in chunk.items.into_iter().filter(|item| filter.matches(item)) {
                        kept.push(item);
                        count += 1;
                    }
                    if read > most {
                        return Err(too_many_entries(most));
                    }
                    if chunk.next.is_none() || kept.len() > end.max(CHUNK).saturating_mul(2) {
                        kept.sort_by(order);
                        kept.truncate(end);
                    }
                    if chunk.next.is_none() {
                        let items = kept.into_iter().skip(offset).take(limit).collect();
                        return Ok(List { items, count: Some(count), next: None });
                    }
                }
            }
        }
    }

    /// The part of an index after the first `offset` entries, which are read and left out; and whether there are more.
    async fn offset_page<A: All>(&self, offset: usize, limit: usize, all: &A) -> Result<(Vec<A::Item>, bool)> {
        let most = self.settings.list_read_limit;
        let (mut left, mut resume, mut read) = (offset, None, 0);
        while left > 0 {
            let chunk = all.walk(resume, left.min(CHUNK)).await?;
            read += chunk.items.len();
            left -= chunk.items.len().min(left);
            match chunk.next {
                None => return Ok((Vec::new(), false)),
                Some(_) if read > most => return Err(too_many_entries(most)),
                next => resume = next,
            }
        }
        let chunk = all.walk(resume, limit).await?;
        Ok((chunk.items, chunk.next.is_some()))
    }

    /// Turns what a filter says of other objects into ids, and refuses what names objects that do not exist.
    pub(crate) async fn narrow(&self, kind: ObjectType, filter: &mut Filter) -> Result<()> {
        self.narrow_refs(filter).await?;
        // Objects of the inventory are in places themselves.
        let hit = schema(kind).is_none();
        let places = if hit { filter.take(&PLACES.map(|(name, _)| name)) } else { Vec::new() };
        let (out, within): (Vec<Test>, Vec<Test>) = places.into_iter().partition(|test| test.negated);
        let of = |impact: &Impact| {
            if kind == ObjectType::Impact { impact.id.get() } else { impact.event.id.get() }
        };
        if let Some(targets) = self.targets_in(&within).await? {
            filter.narrow(self.impacts_on(&targets).await?.iter().map(of).collect());
        }
        for test in out {
            // "Not there" is an event without any impact there, also one without impacts.
            if let Some(targets) = self.targets_in(&[Test { negated: false, ..test }]).await? {
                filter.except.extend(self.impacts_on(&targets).await?.iter().map(of));
            }
        }
        for test in filter.take(&["created_by_request", "updated_by_request", "modified_by_request"]) {
            let mut ids = HashSet::new();
            for request in test.texts().unwrap_or_default() {
                let changed = self.store.changed_by_request(request, self.settings.list_read_limit).await?;
                let wanted = changed.into_iter().filter(|(object, action)| {
                    object.kind == kind
                        && match test.field.as_ref() {
                            "created_by_request" => *action == Action::Create,
                            "updated_by_request" => *action == Action::Update,
                            _ => true,
                        }
                });
                ids.extend(wanted.map(|(object, _)| object.id.get()));
            }
            filter.narrow(ids);
        }
        for test in filter.take(&["has_maintenance"]) {
            // Of the predecessor's received mails: whether the event is still there.
            let most = self.settings.list_read_limit;
            let mails = self.store.notifications_from(0, most).await?;
            if mails.next.is_some() {
                return Err(too_many_entries(most));
            }
            let events: HashSet<EventId> = mails.items.iter().map(|(mail, _)| mail.event.id).collect();
            let events = self.store.events(&events.into_iter().collect::<Vec<_>>()).await?;
            let there: HashSet<EventId> = events.iter().map(|stored| stored.event.id).collect();
            let wanted = test.operands.iter().any(|operand| matches!(operand, Operand::Bool(true)));
            let ids = mails.items.iter().filter(|(mail, _)| there.contains(&mail.event.id) == wanted);
            filter.narrow(ids.map(Filterable::id).collect());
        }
        for test in filter.take(&["has_replaces"]) {
            // The peer's name says the opposite of what it finds: events that HAVE BEEN replaced (behaviours 23).
            let rows = self.store.event_rows(EventKind::Maintenance, self.settings.list_read_limit).await?;
            let replaced: HashSet<u64> = rows.iter().filter_map(|row| row.replaces).map(EventId::get).collect();
            let wanted = test.operands.iter().any(|operand| matches!(operand, Operand::Bool(true)));
            let ids = rows.iter().map(|row| row.id.get()).filter(|id| replaced.contains(id) == wanted);
            filter.narrow(ids.collect());
        }
        Ok(())
    }

    /// Providers, tags and events that a filter names must exist (reference netbox-notices, section 2: Filters).
    async fn narrow_refs(&self, filter: &mut Filter) -> Result<()> {
        let by_id = filter.take(&["tag_id"]);
        let numbers = |test: &Test| -> Vec<u64> {
            test.operands
                .iter()
                .filter_map(|operand| match operand {
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ids are below 2^53")]
                    Operand::Number(number) => Some(*number as u64),
                    Operand::Text(_) | Operand::Time(_) | Operand::Bool(_) | Operand::Pattern(_) => None,
                })
                .collect()
        };
        let slugs = |test: &Test| -> Vec<String> {
            let text = |operand: &Operand| match operand {
                Operand::Text(text) => Some(text.clone()),
                Operand::Number(_) | Operand::Time(_) | Operand::Bool(_) | Operand::Pattern(_) => None,
            };
            test.operands.iter().filter_map(text).collect()
        };
        let on = |filter: &Filter, field: &str| -> Vec<Test> {
            filter.tests.iter().filter(|test| test.field == field).cloned().collect()
        };
        let (providers, events, tags) = (on(filter, "provider_id"), on(filter, "replaces_id"), on(filter, "tag"));
        for (field, tests) in [("provider_id", &providers), ("replaces_id", &events)] {
            // No object has it, and no id can be made of it.
            if tests.iter().flat_map(numbers).any(|number| number == 0) {
                return Err(not_a_choice(field, 0));
            }
        }
        let mut wanted = Wanted::default();
        let id = |number: u64| ObjectId::try_from(number).ok();
        wanted.tags.extend(by_id.iter().flat_map(numbers).filter_map(id).map(TagRef::Id));
        wanted.tags.extend(tags.iter().flat_map(slugs).map(TagRef::Slug));
        let providers = providers.iter().flat_map(numbers);
        let providers: Vec<ObjectRef> =
            providers.filter_map(id).map(|id| ObjectRef::new(ObjectType::Provider, id)).collect();
        wanted.objects.extend(&providers);
        let events: Vec<EventId> = events.iter().flat_map(numbers).filter_map(|id| id.try_into().ok()).collect();
        wanted.events.extend(&events);
        let found = self.store.neighbours(&wanted).await?;
        for provider in providers {
            if found.named.iter().all(|named| named.object != provider) {
                return Err(not_a_choice("provider_id", provider.id));
            }
        }
        for event in events {
            if found.events.iter().all(|stored| stored.event.id != event) {
                return Err(not_a_choice("replaces_id", event));
            }
        }
        for slug in tags.iter().flat_map(slugs) {
            if found.tags.iter().all(|tag| tag.slug.as_str() != slug) {
                return Err(not_a_choice("tag", slug));
            }
        }
        for test in by_id {
            let mut operands = Vec::new();
            for number in numbers(&test) {
                match found.tags.iter().find(|tag| tag.id.get() == number) {
                    Some(tag) => operands.push(Operand::Text(tag.slug.as_str().to_owned())),
                    None => return Err(not_a_choice("tag_id", number)),
                }
            }
            filter.tests.push(Test {
                field: "tag".into(),
                comparison: Comparison::Equal,
                negated: test.negated,
                operands,
            });
        }
        Ok(())
    }
}

/// Whether the compact rows of events have all that a list is filtered and ordered by.
fn is_in_rows(listing: &Listing) -> bool {
    listing.filter.fields().all(EventRow::has) && listing.order.iter().all(|order| EventRow::has(&order.field))
}

/// The order of impacts: by the name of their level, those without one last, as NetBox Notices has it.
pub(crate) fn by_level(a: &Impact, b: &Impact) -> std::cmp::Ordering {
    let level = |impact: &Impact| impact.field("impact").order(&FieldValue::None);
    level(a).cmp(&level(b)).then_with(|| a.field("impact").order(&b.field("impact"))).then(a.id.cmp(&b.id))
}

/// The order of received mails: by the time of receipt.
pub(crate) fn by_receipt(a: &EventNotification, b: &EventNotification) -> std::cmp::Ordering {
    (a.email_received, a.id).cmp(&(b.email_received, b.id))
}

/// A value that names an object that does not exist.
pub(crate) fn not_a_choice(field: impl Into<std::borrow::Cow<'static, str>>, value: impl std::fmt::Display) -> Error {
    Error::field(field, format!("Select a valid choice. {value} is not one of the available choices."))
}

/// The elements of a list, and the list without them.
pub(crate) fn split<T>(list: List<T>) -> (Vec<T>, List<()>) {
    (list.items, List { items: Vec::new(), count: list.count, next: list.next })
}

fn cursor_page<T: Filterable>(chunk: Chunk<T>) -> List<T> {
    let next = chunk.next.and_then(|_| Some(chunk.items.last()?.id() + 1));
    List { items: chunk.items, count: None, next }
}

/// A page of everything, with a count that is no less right than the page itself: what the changelog has counted may
/// be a moment behind.
fn counted<T>(items: Vec<T>, more: bool, offset: usize, counted: u64) -> List<T> {
    let seen = (offset + items.len()) as u64;
    let count = match (more, items.is_empty()) {
        (false, false) => seen,
        (false, true) if offset == 0 => 0,
        (false, true) => counted.min(offset as u64),
        (true, _) => counted.max(seen + 1),
    };
    List { items, count: Some(count), next: None }
}
