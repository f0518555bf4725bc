//! The changelog: one record for each change, however often the stream tells it, and the list of these records.

use noticeboard_domain::change::Change;
use noticeboard_domain::filter::Filterable;
use noticeboard_domain::ids::{ChangeId, EventId, ObjectId};
use noticeboard_domain::listing::{List, Listing};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::time::Time;
use noticeboard_domain::{Error, Result};
use noticeboard_store::{Chunk, Resume, Store, too_many_entries};

use crate::App;
use crate::lists::All;

/// Ids rise in time, but for the clocks of several writers, which are never this far apart.
const CLOCKS_APART: chrono::Duration = chrono::Duration::hours(1);

/// Changes that are read one by one, rather than all that there are.
const MAX_BY_ID: usize = 100;

struct AllChanges<'a> {
    store: &'a Store,
    newest_first: bool,
    /// Nothing before this is wanted.
    since: Option<Time>,
}

impl All for AllChanges<'_> {
    type Item = Change;

    async fn count(&self) -> Result<u64> {
        self.store.change_count().await
    }

    async fn walk(&self, resume: Option<Resume>, limit: usize) -> Result<Chunk<Change>> {
        let mut chunk = self.store.change_list(self.newest_first, resume.as_ref(), limit).await?;
        let too_old = |change: &Change| self.since.is_some_and(|since| change.stamp.at + CLOCKS_APART < since);
        if self.newest_first && chunk.items.last().is_some_and(too_old) {
            chunk.next = None;
        }
        Ok(chunk)
    }

    async fn from(&self, start: u64, limit: usize) -> Result<Chunk<Change>> {
        self.store.changes_from(start, limit).await
    }
}

impl App {
    /// Records changes, each once.
    ///
    /// # Errors
    /// The place of the first that is not on record, and why. All before it are.
    pub async fn changes_record(&self, changes: &[Change]) -> std::result::Result<(), (usize, Error)> {
        self.store.changes_record(changes).await
    }

    /// Changes, newest first unless an order is asked for. Those of one object, of what belongs to one event, of one
    /// request and single ones are looked up; other filters read all changes, or all since a time.
    ///
    /// # Errors
    /// As for [`App::event_list`].
    pub async fn change_list(&self, mut listing: Listing) -> Result<List<Change>> {
        let most = self.settings.list_read_limit;
        // The order of ids is that of time.
        let by_time = |field: &str| matches!(field, "id" | "time");
        let newest_first = match listing.order.as_slice() {
            [order] if by_time(&order.field) => {
                let descending = order.descending;
                listing.order.clear();
                descending
            }
            _ => true,
        };
        let filter = &listing.filter;
        let few = match (changed_object(&listing), filter.texts("request_id"), filter.ids("id")) {
            (Some(object), _, _) => Some(self.store.changes_of_object(object, most).await?),
            _ if let Some(event) = related_event(&listing) => {
                let page = self.store.changes_of_event(event, None, most).await?;
                if page.next.is_some() {
                    return Err(too_many_entries(most));
                }
                Some(page.changes)
            }
            (None, Some(requests), _) => {
                let found = requests.iter().map(|request| self.store.changes_of_request(request, most));
                Some(futures_util::future::try_join_all(found).await?.concat())
            }
            (None, None, Some(ids)) if ids.len() <= MAX_BY_ID => {
                let ids = ids.into_iter().filter_map(|id| ChangeId::try_from(id).ok());
                let found = futures_util::future::try_join_all(ids.map(|id| self.store.change(id))).await?;
                Some(found.into_iter().flatten().collect())
            }
            (None, None, _) => None,
        };
        let own = |a: &Change, b: &Change| {
            let rising = a.id().cmp(&b.id());
            if newest_first { rising.reverse() } else { rising }
        };
        match few {
            Some(few) => Ok(listing.of(few, own)),
            None => {
                let all = AllChanges { store: &self.store, newest_first, since: filter.at_least("time") };
                self.walked(&listing, &all, own).await
            }
        }
    }

    /// One change.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn change(&self, id: ChangeId) -> Result<Change> {
        self.store.change(id).await?.ok_or(Error::NotFound { what: "ObjectChange" })
    }
}

/// The event of whose impacts and received mails the changes are asked for.
fn related_event(listing: &Listing) -> Option<EventId> {
    match listing.filter.ids("related_object_id").as_deref() {
        Some([id]) => EventId::try_from(*id).ok(),
        _ => None,
    }
}

/// The one object whose changes are asked for.
fn changed_object(listing: &Listing) -> Option<ObjectRef> {
    let filter = &listing.filter;
    let kind = match (filter.texts("changed_object_type").as_deref(), filter.ids("changed_object_type_id").as_deref()) {
        (Some([name]), _) => ObjectType::parse(name)?,
        (_, Some([number])) => ObjectType::from_number(*number)?,
        _ => return None,
    };
    match filter.ids("changed_object_id").as_deref() {
        Some([id]) => Some(ObjectRef { kind, id: ObjectId::try_from(*id).ok()? }),
        _ => None,
    }
}
