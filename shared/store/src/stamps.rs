//! When what a calendar shows last changed: a few small counters that every transaction raises which writes an event,
//! what belongs to one, or an object of the inventory. All of them are one read unit, however large the table is.
//!
//! They are raised in the writing transaction itself, so that no reader is told "nothing new" after a write was
//! answered. Each part of the events has a counter of its own: writers of different events seldom meet on one, and a
//! reader learns which part to read anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use noticeboard_domain::Result;
use noticeboard_domain::ids::{EventId, ObjectId};
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::time::{Time, parse};

use crate::item::{Attributes, attribute, integer, kind, s, text};
use crate::keys::{self, Key};
use crate::table::{Lookup, Store};
use crate::transaction::{Change, Condition, Write};

/// Parts of the events. All counters must fit one read unit (4 KB).
const EVENT_PARTS: u8 = 32;
/// Parts of the inventory, which changes less often.
const OBJECT_PARTS: u8 = 8;

const COUNT: &str = "n";
const AT: &str = "at";

/// One part of what calendars are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Events whose ids fall here.
    Events(u8),
    /// Objects of the inventory whose ids fall here.
    Objects(u8),
}

/// One of `parts`, which are 2 to the power of `bits`. Low bits of a minted id are a sequence; the product spreads
/// neighbours.
fn spread(id: u64, bits: u32) -> u8 {
    u8::try_from(id.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - bits)).unwrap_or_default()
}

impl Part {
    /// The part of an event.
    pub fn of_event(id: EventId) -> Self {
        Self::Events(spread(id.get(), EVENT_PARTS.ilog2()))
    }

    /// The part of an object of the inventory.
    pub fn of_object(id: ObjectId) -> Self {
        Self::Objects(spread(id.get(), OBJECT_PARTS.ilog2()))
    }

    /// The part that a write of an item changes, if any.
    fn written(key: &Key) -> Option<Self> {
        if let Some(id) = key.pk.strip_prefix(keys::EVENT_PARTITION_PREFIX) {
            return key.sk.starts_with(keys::EVENT_PREFIX).then(|| id.parse().ok().map(Self::of_event))?;
        }
        let object = keys::object_of(key)?;
        (object.kind != ObjectType::JournalEntry).then(|| Self::of_object(object.id))
    }

    fn all() -> impl Iterator<Item = Self> {
        (0..EVENT_PARTS).map(Self::Events).chain((0..OBJECT_PARTS).map(Self::Objects))
    }

    fn key(self) -> Key {
        let sk = match self {
            Self::Events(part) => format!("E{part:02}"),
            Self::Objects(part) => format!("O{part:02}"),
        };
        Key { pk: keys::STAMPS_PARTITION.to_owned(), sk }
    }

    /// Reads the sort key of [`Part::key`].
    fn parse(sk: &str) -> Option<Self> {
        let number = |part: &str| part.parse().ok();
        match sk.strip_prefix('E') {
            Some(part) => number(part).map(Self::Events),
            None => number(sk.strip_prefix('O')?).map(Self::Objects),
        }
    }
}

/// What a transaction changes of what calendars are made of.
#[derive(Debug, Default, Clone)]
pub(crate) struct Stamped(BTreeSet<Part>);

impl Stamped {
    pub(crate) fn written(&mut self, key: &Key) {
        self.0.extend(Part::written(key));
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    /// How many counters it raises.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many counters both raise together.
    pub(crate) fn len_with(&self, other: &Self) -> usize {
        self.0.union(&other.0).count()
    }

    /// The writes that raise the counters. `at` is when they are done, not when the change was decided on: work that was
    /// written down may be finished long after.
    pub(crate) fn writes(&self, at: Time) -> impl Iterator<Item = Write> {
        self.0.iter().map(move |part| {
            // The readers of the stream pass it over.
            let helper = (attribute::TYPE, Change::Set(s(kind::HELPER)));
            let set = vec![helper, (COUNT, Change::Add(1)), (AT, Change::Set(s(keys::time(at))))];
            Write::Update { key: part.key(), set, condition: Condition::Always }
        })
    }
}

/// One counter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Stamp {
    count: u64,
    at: Option<Time>,
}

/// All counters at one moment. Cloning them is cheap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamps(Arc<BTreeMap<Part, Stamp>>);

impl Stamps {
    /// The parts that have changed between these and those.
    pub fn changed<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = Part> + 'a {
        Part::all().filter(|part| self.0.get(part) != other.0.get(part))
    }

    /// The parts whose last change is not older than a time, as far as its writer's clock is right.
    pub fn since(&self, time: Time) -> impl Iterator<Item = Part> + '_ {
        self.0.iter().filter(move |(_, stamp)| stamp.at.is_some_and(|at| at >= time)).map(|(part, _)| *part)
    }

    /// Whether these were read no earlier than those: counters only rise.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|(part, stamp)| self.0.get(part).is_some_and(|mine| mine.count >= stamp.count))
    }

    /// When the last change was written, as far as its writer's clock is right; none when nothing was ever written.
    pub fn latest(&self) -> Option<Time> {
        self.0.values().filter_map(|stamp| stamp.at).max()
    }

    /// A text that differs whenever anything has changed, for hashing.
    pub fn text(&self) -> String {
        let micros = |stamp: &Stamp| stamp.at.map_or(0, |at| at.timestamp_micros());
        self.0.iter().map(|(part, stamp)| format!("{part:?}:{}@{};", stamp.count, micros(stamp))).collect()
    }
}

impl Store {
    /// The counters, with strong consistency: one read unit.
    pub async fn stamps(&self) -> Result<Stamps> {
        let items = self.query_all(&Lookup::table(keys::STAMPS_PARTITION), Part::all().count()).await?;
        let stamp = |item: &Attributes| {
            let part = Part::parse(text(item, attribute::SK)?)?;
            Some((part, Stamp { count: integer(item, COUNT)?, at: text(item, AT).and_then(parse) }))
        };
        Ok(Stamps(Arc::new(items.iter().filter_map(stamp).collect())))
    }
}
