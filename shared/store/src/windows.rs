//! Which events touch a stretch of time: one small item for each UTC month that an event touches.

use std::collections::BTreeSet;

use chrono::{Datelike, Duration, TimeZone, Utc};
use noticeboard_domain::event::Event;
use noticeboard_domain::ids::EventId;
use noticeboard_domain::time::Time;
use noticeboard_domain::{Error, FieldErrors, Result};

use crate::item::{Attributes, Item, attribute, s, text};
use crate::keys;
use crate::stamps::Part;
use crate::table::{Lookup, Store};
use crate::transaction::{Condition, Refusal, Transaction};

/// An event that touches more months than this is found in a bucket of its own.
pub(crate) const MAX_MONTHS: usize = 24;

const START: &str = "start";
const END: &str = "end";

/// An event that begins more days than this after it was last changed is found in a bucket of its own too: whoever
/// wants everything from now on reads so many days of months, and that bucket.
pub(crate) const FAR_DAYS: i64 = 540;
/// How far the clocks of a writer and a reader may be apart, in days: generously.
const CLOCKS_APART_DAYS: i64 = 2;

/// The partitions in which an event is found.
fn partitions(event: &Event) -> Vec<String> {
    let Some(end) = event.end() else {
        return vec![keys::WINDOW_OPEN.to_owned()];
    };
    let mut months = months(event.start, end);
    if months.len() > MAX_MONTHS {
        return vec![keys::WINDOW_LONG.to_owned()];
    }
    if event.start - event.revision.last_updated > Duration::days(FAR_DAYS) {
        months.push(keys::WINDOW_FAR.to_owned());
    }
    months
}

/// A part of the calendar: the events that touch one UTC month, or one of the buckets for those that months do not
/// hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowPart(String);

impl WindowPart {
    /// The parts in which every event is found that touches the time from `from` to `to`; without `to`, the time from
    /// `from` on, as seen at `now`.
    pub fn between(from: Time, to: Option<Time>, now: Time) -> BTreeSet<Self> {
        let months_to = to.unwrap_or(now + Duration::days(FAR_DAYS + CLOCKS_APART_DAYS));
        let far = to.is_none().then_some(keys::WINDOW_FAR);
        let buckets = [keys::WINDOW_LONG, keys::WINDOW_OPEN].into_iter().chain(far).map(str::to_owned);
        let (mut month, mut parts) = (from, BTreeSet::new());
        while month <= months_to {
            parts.insert(Self(month_of(month)));
            month = Self::end_of_month(month);
        }
        parts.extend(buckets.map(Self));
        parts
    }

    /// When the UTC month of a time ends.
    pub fn end_of_month(time: Time) -> Time {
        let (year, month) = if time.month() == 12 { (time.year() + 1, 1) } else { (time.year(), time.month() + 1) };
        Utc.with_ymd_and_hms(year, month, 1, 0, 0, 0).single().unwrap_or(Time::MAX_UTC)
    }

    /// When the UTC month of a time begins.
    pub fn start_of_month(time: Time) -> Time {
        Utc.with_ymd_and_hms(time.year(), time.month(), 1, 0, 0, 0).single().unwrap_or(Time::MIN_UTC)
    }
}

fn month_of(time: Time) -> String {
    keys::window_month(&format!("{:04}-{:02}", time.year(), time.month()))
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
    /// The events in a part of the calendar, with strong consistency; only those of one part of the events where that
    /// is given.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there are more than `limit`.
    pub async fn window_events(&self, window: &WindowPart, part: Option<Part>, limit: usize) -> Result<Vec<EventId>> {
        let lookup = Lookup::table(window.0.clone());
        let lookup = match part {
            Some(part) => lookup.prefix(keys::window_prefix(part)),
            None => lookup,
        };
        Ok(self.query_all(&lookup, limit).await?.iter().filter_map(event_id).collect())
    }

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
    keys::parse_window(text(item, attribute::SK)?)
}
