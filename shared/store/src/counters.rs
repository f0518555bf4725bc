//! How many objects of a type there are, and how many changes of them are on record: kept by the changelog in the
//! transaction that records the changes.

use std::collections::BTreeMap;

use noticeboard_domain::Result;
use noticeboard_domain::change::Change;
use noticeboard_domain::event::EventKind;
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::status::{MaintenanceStatus, OutageStatus, Status};
use serde_json::{Map, Value};

use crate::item::{Attributes, integer};
use crate::keys;
use crate::table::Store;
use crate::transaction::{Change as Write, Condition, Refusal, Transaction};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountOf {
    /// All events of the kind.
    All,
    /// Those in one status.
    Status(Status),
}

/// The counters of one type of object.
#[derive(Debug, Clone, Default)]
pub struct Counters(pub(crate) Attributes);

const TOTAL: &str = "total";
const CHANGES: &str = "changes";

/// The attribute that counts the events in a status.
fn status_counter(status: Status) -> &'static str {
    match status {
        Status::Maintenance(status) => match status {
            MaintenanceStatus::Tentative => "status_tentative",
            MaintenanceStatus::Confirmed => "status_confirmed",
            MaintenanceStatus::Cancelled => "status_cancelled",
            MaintenanceStatus::InProcess => "status_in_process",
            MaintenanceStatus::Completed => "status_completed",
            MaintenanceStatus::Rescheduled => "status_rescheduled",
            MaintenanceStatus::Unknown => "status_unknown",
        },
        Status::Outage(status) => match status {
            OutageStatus::Reported => "status_reported",
            OutageStatus::Investigating => "status_investigating",
            OutageStatus::Identified => "status_identified",
            OutageStatus::Monitoring => "status_monitoring",
            OutageStatus::Resolved => "status_resolved",
        },
    }
}

impl Counters {
    /// How many there are, as far as the changelog has come.
    pub fn get(&self, of: CountOf) -> u64 {
        let name = match of {
            CountOf::All => TOTAL,
            CountOf::Status(status) => status_counter(status),
        };
        integer(&self.0, name).unwrap_or(0)
    }

    /// How many changes are on record.
    pub fn changes(&self) -> u64 {
        integer(&self.0, CHANGES).unwrap_or(0)
    }
}

impl Transaction {
    /// Counts changes, and what they do to the number of objects.
    pub(crate) fn count(&mut self, counted: Counted) {
        for (kind, adds) in counted.0 {
            let adds = adds.into_iter().filter(|(_, amount)| *amount != 0);
            let adds = adds.map(|(name, amount)| (name, Write::Add(amount))).collect();
            self.update(keys::counters(kind), adds, Condition::Always, Refusal::Changed);
        }
    }
}

/// What some changes do to the counters.
#[derive(Debug, Default)]
pub(crate) struct Counted(BTreeMap<ObjectType, BTreeMap<&'static str, i64>>);

impl Counted {
    /// Counts one more change.
    pub(crate) fn add(&mut self, change: &Change) {
        let event = EventKind::of(change.object.kind);
        let status = |fields: &Option<Map<String, Value>>| {
            let text = fields.as_ref()?.get("status")?.as_str()?;
            event?.parse_status(text).ok().map(status_counter)
        };
        let (old, new) = (status(&change.before), status(&change.after));
        let adds = self.0.entry(change.object.kind).or_default();
        let mut add = |name, amount| *adds.entry(name).or_default() += amount;
        add(CHANGES, 1);
        add(TOTAL, i64::from(change.after.is_some()) - i64::from(change.before.is_some()));
        old.into_iter().for_each(|name| add(name, -1));
        new.into_iter().for_each(|name| add(name, 1));
    }
}

impl Store {
    /// The counters of one type of object.
    pub async fn counters(&self, kind: ObjectType) -> Result<Counters> {
        Ok(Counters(self.get(&keys::counters(kind)).await?.unwrap_or_default()))
    }
}
