//! Which events touch a stretch of time: one small item for each UTC month that an event touches.

use chrono::Datelike;
use noticeboard_domain::event::Event;
use noticeboard_domain::ids::EventId;
use noticeboard_domain::time::Time;
use noticeboard_domain::{Error, FieldErrors, Result};

use crate::item::{Attributes, Item, attribute, s, text};
use crate::keys;
use crate::table::{Lookup, Store};
use crate::transaction::{Condition, Refusal, Transaction};

/// An event that touches more months than this is found in a bucket of its own.
pub(crate) const MAX_MONTHS: usize = 24;

const START: &str = "start";
const END: &str = "end";

/// The partitions in which an event is found.
fn partitions(event: &Event) -> Vec<String> {
    let Some(end) = event.end() else {
        return vec![keys::WINDOW_OPEN.to_owned()];
    };
    let months = months(event.start, end);
    if months.len() > MAX_MONTHS { vec![keys::WINDOW_LONG.to_owned()] } else { months }
}

/// The months from one time to another, both included; at most one more than [`MAX_MONTHS`].
fn months(from: Time, to: Time) -> Vec<String> {
    let (mut year, mut month) = (from.year(), from.month());
    let mut months = Vec::new();
    while (year, month) <= (to.year(), to.month()) && months.len() <= MAX_MONTHS {
        months.push(keys::window_month(&format!("{year:04}-{month:02}")));
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
    months
}

impl Transaction {
    /// Keeps the windows of an event as they should be after a change from `before` to `after`.
    pub(crate) fn windows(&mut self, before: Option<&Event>, after: Option<&Event>) {
        let old = before.map(partitions).unwrap_or_default();
        let new = after.map(partitions).unwrap_or_default();
        let moved = match (before, after) {
            (Some(before), Some(after)) => (before.start, before.end()) != (after.start, after.end()),
            _ => true,
        };
        if let Some(event) = after {
            for partition in new.iter().filter(|partition| moved || !old.contains(partition)) {
                let mut item = Item::helper(&keys::window(partition, event.id)).with(START, s(keys::time(event.start)));
                if let Some(end) = event.end() {
                    item.set(END, s(keys::time(end)));
                }
                self.put(item, Condition::Always, Refusal::Changed);
            }
        }
        if let Some(event) = before {
            for partition in old.iter().filter(|partition| !new.contains(partition)) {
                self.delete(keys::window(partition, event.id), Condition::Always, Refusal::Changed);
            }
        }
    }
}

impl Store {
    /// The events that touch the time from `from` to before `to`, whenever they began. At most 24 months.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a longer stretch, [`Error::Invalid`] when more than `limit` entries would have to be read.
    pub async fn events_in_window(&self, from: Time, to: Time, limit: usize) -> Result<Vec<EventId>> {
        let mut partitions = months(from, to);
        if partitions.len() > MAX_MONTHS {
            let message = format!("A time window of at most {MAX_MONTHS} months is needed.");
            return Err(Error::field(FieldErrors::ALL, message));
        }
        partitions.extend([keys::WINDOW_LONG.to_owned(), keys::WINDOW_OPEN.to_owned()]);
        let lookups: Vec<Lookup> = partitions.into_iter().map(Lookup::table).collect();
        let found = lookups.iter().map(|lookup| self.query_all(lookup, limit));
        let found = futures_util::future::try_join_all(found).await?;
        let (from, to) = (keys::time(from), keys::time(to));
        let touches = |item: &Attributes| {
            let starts_before = text(item, START).is_some_and(|start| start < to.as_str());
            starts_before && text(item, END).is_none_or(|end| end > from.as_str())
        };
        let mut ids: Vec<EventId> = found.iter().flatten().filter(|item| touches(item)).filter_map(event_id).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }
}

fn event_id(item: &Attributes) -> Option<EventId> {
    text(item, attribute::SK)?.strip_prefix("EVENT#")?.parse().ok()
}
