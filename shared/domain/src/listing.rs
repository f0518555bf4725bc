//! Lists: which objects, in which order, and which part of them.

use std::cmp::Ordering;

use crate::filter::{Filter, Filterable};

/// A field that a list is ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The field.
    pub field: String,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// So many elements after the first few; the list says how many there are in all.
    Offset {
        /// Elements at most, 1 to 1000.
        limit: usize,
        /// Elements left out before them.
        offset: usize,
    },
    /// NetBox 4.6's cursor: so many elements from an id on, in the order of their ids. Nothing is counted.
    Cursor {
        /// Elements at most, 1 to 1000.
        limit: usize,
        /// The smallest id.
        start: u64,
    },
}

/// What a list is to show.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Which objects.
    pub filter: Filter,
    /// The order that was asked for; empty for the list's own.
    pub order: Vec<Order>,
    /// Which part.
    pub page: Page,
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct List<T> {
    /// The elements.
    pub items: Vec<T>,
    /// How many there are in all; a cursor does not count.
    pub count: Option<u64>,
    /// Where the next part begins; only for a cursor.
    pub next: Option<u64>,
}

impl<T> List<T> {
    /// The same part of the list, of other objects.
    pub fn with<U>(self, items: Vec<U>) -> List<U> {
        List { items, count: self.count, next: self.next }
    }

    /// The same part of the list, each object shown otherwise.
    pub fn map<U>(self, show: impl FnMut(T) -> U) -> List<U> {
        List { items: self.items.into_iter().map(show).collect(), count: self.count, next: self.next }
    }
}

impl Listing {
    /// Elements at most.
    pub fn limit(&self) -> usize {
        match self.page {
            Page::Offset { limit, .. } | Page::Cursor { limit, .. } => limit,
        }
    }

    /// Which of two objects comes first in the order asked for; `own` is the list's own, for those that it leaves equal.
    pub fn compare<T: Filterable>(&self, a: &T, b: &T, own: impl Fn(&T, &T) -> Ordering) -> Ordering {
        let by_field = self.order.iter().map(|order| {
            let found = a.field(&order.field).order(&b.field(&order.field));
            if order.descending { found.reverse() } else { found }
        });
        by_field.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| own(a, b))
    }

    /// The list of these objects, which are all that could be in it. `own` is the list's own order, for objects that
    /// the order asked for leaves equal.
    pub fn of<T: Filterable>(&self, mut objects: Vec<T>, own: impl Fn(&T, &T) -> Ordering) -> List<T> {
        objects.retain(|object| self.filter.matches(object));
        match self.page {
            Page::Cursor { limit, start } => {
                objects.retain(|object| object.id() >= start);
                objects.sort_unstable_by_key(Filterable::id);
                let more = objects.len() > limit;
                objects.truncate(limit);
                let next = objects.last().filter(|_| more).map(|last| last.id() + 1);
                List { items: objects, count: None, next }
            }
            Page::Offset { limit, offset } => {
                objects.sort_by(|a, b| self.compare(a, b, &own));
                let count = Some(objects.len() as u64);
                List { items: objects.into_iter().skip(offset).take(limit).collect(), count, next: None }
            }
        }
    }
}
