//! Writes that happen together or not at all, each with its condition and with what a failed condition means.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use noticeboard_domain::time::Time;
use noticeboard_domain::{Error, Result};

use crate::item::{Attributes, Item, attribute, key_attributes, n, s};
use crate::keys::Key;
use crate::stamps::Stamped;
use crate::table::Store;

/// DynamoDB's limit for one transaction.
pub const MAX_TRANSACTION_ITEMS: usize = 100;

/// How often a transaction that met another one, or no capacity, is tried again.
const MAX_CONFLICTS: u32 = 12;
/// The longest pause before the first of these tries; each further one may wait twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(8);

/// Why a transaction was not done: which of its conditions did not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A minted id, or a key made of it, is in use: mint again.
    IdTaken,
    /// The object is not there, or not in the version that was read.
    Changed,
    /// The event is gone, or takes no changes to its impacts.
    EventClosed,
    /// The event is gone.
    EventGone,
    /// The event has an impact on this target.
    ImpactExists,
    /// Another object of the inventory has values that must be unique.
    Taken,
    /// Another object of the type has this name.
    NameTaken,
    /// Another object of the type has this slug.
    SlugTaken,
    /// This notice of this mail was applied before, or is being applied.
    NoticeApplied,
    /// Somebody has decided about the mail that waits meanwhile, or its item says something else.
    ReviewChanged,
    /// Somebody is approving the mail that waits.
    ApprovalBegun,
    /// The ticket's windows changed meanwhile.
    ThreadChanged,
    /// This change is on record.
    ChangeRecorded,
}

/// Why a commit did nothing.
#[derive(Debug)]
pub enum CommitError {
    /// A condition did not hold; the first one in the order of the writes.
    Refused(Refusal),
    /// Storage or the request is at fault.
    Failed(Error),
}

impl From<Error> for CommitError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The most bytes of items that one transaction carries; DynamoDB's own limit is 4 MB.
const MAX_TRANSACTION_BYTES: usize = 3_000_000;

/// Writes that happen together or not at all.
#[derive(Debug, Default, Clone)]
pub struct Transaction {
    writes: Vec<(Write, Refusal)>,
    /// What it changes of what calendars are made of.
    pub(crate) stamped: Stamped,
}

#[derive(Debug, Clone)]
pub(crate) enum Write {
    Put(Item, Condition),
    Update { key: Key, set: Vec<(&'static str, Change)>, condition: Condition },
    Delete(Key, Condition),
}

/// What an update does to one attribute.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Set(AttributeValue),
    Remove,
    Add(i64),
}

/// What must hold for a write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// No item has this key.
    New,
    /// There is an item with this key, and it is not being deleted.
    Exists,
    /// The item has this version and is not being deleted.
    Version(u64),
    /// The event has this version, nothing of what belongs to it has changed, and it is not being deleted.
    Unmoved { version: u64, children: u64 },
    /// The item has this version, being deleted or not.
    VersionEvenDeleting(u64),
    /// The item is an event whose impacts may change.
    ImpactsOpen,
    /// Nothing: the write is harmless however often it is repeated.
    Always,
}

/// A condition as DynamoDB wants it.
#[derive(Debug, Default)]
struct Expression {
    text: Option<&'static str>,
    names: Option<HashMap<String, String>>,
    values: Option<HashMap<String, AttributeValue>>,
}

impl Condition {
    fn expression(self) -> Expression {
        let (text, names, values) = match self {
            Self::New => ("attribute_not_exists(#PK)", vec![attribute::PK], vec![]),
            Self::Exists => (
                "attribute_exists(#PK) AND attribute_not_exists(#deleting)",
                vec![attribute::PK, attribute::DELETING],
                vec![],
            ),
            Self::Version(version) => (
                "#version = :if AND attribute_not_exists(#deleting)",
                vec![attribute::VERSION, attribute::DELETING],
                vec![(":if", n(version))],
            ),
            Self::Unmoved { version, children } => (
                "#version = :if AND #children = :children AND attribute_not_exists(#deleting)",
                vec![attribute::VERSION, attribute::CHILDREN, attribute::DELETING],
                vec![(":if", n(version)), (":children", n(children))],
            ),
            Self::VersionEvenDeleting(version) => {
                ("#version = :if", vec![attribute::VERSION], vec![(":if", n(version))])
            }
            Self::ImpactsOpen => (
                "#impacts = :if AND attribute_not_exists(#deleting)",
                vec![attribute::IMPACTS, attribute::DELETING],
                vec![(":if", s(crate::events::IMPACTS_OPEN))],
            ),
            Self::Always => return Expression::default(),
        };
        let values: HashMap<String, AttributeValue> =
            values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Expression {
            text: Some(text),
            names: Some(names.into_iter().map(|name| (format!("#{name}"), name.to_owned())).collect()),
            values: (!values.is_empty()).then_some(values),
        }
    }
}

impl Transaction {
    /// No writes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many items it writes or checks.
    pub fn len(&self) -> usize {
        self.writes.len() + self.stamped.len()
    }

    /// How many more items of one event it can take: the counter that their part of the calendar needs is set aside.
    pub fn room(&self) -> usize {
        MAX_TRANSACTION_ITEMS.saturating_sub(self.writes.len() + self.stamped.len().max(1))
    }

    /// Whether it does nothing.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Takes in the writes of another transaction, which then happen together with these; gives them back where both
    /// write the same item, or where it would become too much for one transaction.
    ///
    /// # Errors
    /// The other transaction, untouched.
    pub fn join(&mut self, other: Self) -> std::result::Result<(), Self> {
        let mine: std::collections::HashSet<&Key> = self.writes.iter().map(|(write, _)| write.key()).collect();
        let stamps = self.stamped.len_with(&other.stamped);
        let too_many = self.writes.len() + other.writes.len() + stamps > MAX_TRANSACTION_ITEMS;
        let too_large = self.bytes() + other.bytes() > MAX_TRANSACTION_BYTES;
        let same = other.writes.iter().any(|(write, _)| mine.contains(write.key()));
        if !self.is_empty() && (too_many || too_large || same) {
            return Err(other);
        }
        self.stamped.join(&other.stamped);
        self.writes.extend(other.writes);
        Ok(())
    }

    /// Takes in the writes of another transaction that trades places with this one: what one gives up the other takes.
    /// Gives them back where both write the same item otherwise, or where it would become too much for one transaction.
    ///
    /// # Errors
    /// The other transaction, untouched.
    pub fn trade(&mut self, other: Self) -> std::result::Result<(), Self> {
        let mut both = self.clone();
        for (write, refusal) in &other.writes {
            match both.writes.iter_mut().find(|(mine, _)| mine.key() == write.key()) {
                None => both.writes.push((write.clone(), *refusal)),
                Some((mine, _)) => match mine.traded(write) {
                    Some(traded) => *mine = traded,
                    None => return Err(other),
                },
            }
        }
        both.stamped.join(&other.stamped);
        if both.len() > MAX_TRANSACTION_ITEMS || both.bytes() > MAX_TRANSACTION_BYTES {
            return Err(other);
        }
        *self = both;
        Ok(())
    }

    /// About how large its items are.
    fn bytes(&self) -> usize {
        self.writes.iter().map(|(write, _)| write.bytes()).sum()
    }

    pub(crate) fn put(&mut self, item: Item, condition: Condition, refusal: Refusal) {
        self.stamped.written(&item.key);
        self.writes.push((Write::Put(item, condition), refusal));
    }

    pub(crate) fn update(
        &mut self,
        key: Key,
        set: Vec<(&'static str, Change)>,
        condition: Condition,
        refusal: Refusal,
    ) {
        self.stamped.written(&key);
        self.writes.push((Write::Update { key, set, condition }, refusal));
    }

    pub(crate) fn delete(&mut self, key: Key, condition: Condition, refusal: Refusal) {
        self.stamped.written(&key);
        self.writes.push((Write::Delete(key, condition), refusal));
    }
}

fn size(value: &AttributeValue) -> usize {
    // Nothing else is stored.
    value.as_s().or_else(|_| value.as_n()).map_or(8, String::len)
}

impl Write {
    fn key(&self) -> &Key {
        match self {
            Self::Put(item, _) => &item.key,
            Self::Update { key, .. } | Self::Delete(key, _) => key,
        }
    }

    /// This and another write of the same item as one, where they trade a place; none where they contradict each other.
    fn traded(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            // Whoever gives the marker up has it in the version that was read, so nobody else does.
            (Self::Delete(_, Condition::Always), Self::Put(item, Condition::New))
            | (Self::Put(item, Condition::New), Self::Delete(_, Condition::Always)) => {
                Some(Self::Put(item.clone(), Condition::Always))
            }
            (
                Self::Update { key, set, condition: Condition::Exists },
                Self::Update { set: more, condition: Condition::Exists, .. },
            ) => {
                let mut set = set.clone();
                for (name, change) in more {
                    match set.iter_mut().find(|(known, _)| known == name) {
                        None => set.push((name, change.clone())),
                        Some((_, mine @ Change::Remove)) => *mine = change.clone(),
                        Some(_) if matches!(change, Change::Remove) => {}
                        Some(_) => return None,
                    }
                }
                Some(Self::Update { key: key.clone(), set, condition: Condition::Exists })
            }
            _ => None,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Put(item, _) => item.attributes.values().map(size).sum(),
            Self::Update { set, .. } => set
                .iter()
                .map(|(_, change)| match change {
                    Change::Set(value) => size(value),
                    Change::Remove | Change::Add(_) => 8,
                })
                .sum(),
            Self::Delete(..) => 64,
        }
    }

    fn build(&self, table: &str) -> Result<TransactWriteItem> {
        let built = TransactWriteItem::builder();
        let failed = |error: aws_sdk_dynamodb::error::BuildError| Error::internal(error);
        Ok(match self {
            Self::Put(item, condition) => {
                let condition = condition.expression();
                let put = Put::builder()
                    .table_name(table)
                    .set_item(Some(item.attributes.clone()))
                    .set_condition_expression(condition.text.map(str::to_owned))
                    .set_expression_attribute_names(condition.names)
                    .set_expression_attribute_values(condition.values);
                built.put(put.build().map_err(failed)?)
            }
            Self::Update { key, set, condition } => {
                let condition = condition.expression();
                let mut names = condition.names.unwrap_or_default();
                let mut values = condition.values.unwrap_or_default();
                let (mut sets, mut removes, mut adds) = (vec![], vec![], vec![]);
                for (at, (name, change)) in set.iter().enumerate() {
                    names.insert(format!("#a{at}"), (*name).to_owned());
                    match change {
                        Change::Set(value) => {
                            sets.push(format!("#a{at} = :a{at}"));
                            values.insert(format!(":a{at}"), value.clone());
                        }
                        Change::Remove => removes.push(format!("#a{at}")),
                        Change::Add(amount) => {
                            adds.push(format!("#a{at} :a{at}"));
                            values.insert(format!(":a{at}"), n(amount));
                        }
                    }
                }
                let clauses = [("SET", sets), ("REMOVE", removes), ("ADD", adds)];
                let clauses = clauses.into_iter().filter(|(_, parts)| !parts.is_empty());
                let expression: Vec<String> =
                    clauses.map(|(clause, parts)| format!("{clause} {}", parts.join(", "))).collect();
                let update = Update::builder()
                    .table_name(table)
                    .set_key(Some(key_attributes(key)))
                    .update_expression(expression.join(" "))
                    .set_condition_expression(condition.text.map(str::to_owned))
                    .set_expression_attribute_names(Some(names))
                    .set_expression_attribute_values((!values.is_empty()).then_some(values));
                built.update(update.build().map_err(failed)?)
            }
            Self::Delete(key, condition) => {
                let condition = condition.expression();
                let delete = Delete::builder()
                    .table_name(table)
                    .set_key(Some(key_attributes(key)))
                    .set_condition_expression(condition.text.map(str::to_owned))
                    .set_expression_attribute_names(condition.names)
                    .set_expression_attribute_values(condition.values);
                built.delete(delete.build().map_err(failed)?)
            }
        }
        .build())
    }
}

impl Store {
    /// Does all writes of a transaction, or none; `now` is noted as the time of the change, for calendars.
    ///
    /// A transaction that meets another one on the same item, or for which DynamoDB has no capacity at the moment, is
    /// tried again; its conditions decide then.
    ///
    /// # Errors
    /// [`CommitError::Refused`] when a condition does not hold, [`CommitError::Failed`] otherwise.
    pub async fn commit(&self, transaction: Transaction, now: Time) -> std::result::Result<(), CommitError> {
        if transaction.is_empty() {
            return Ok(());
        }
        if transaction.len() > MAX_TRANSACTION_ITEMS {
            let len = transaction.len();
            return Err(Error::internal(format!("{len} writes do not fit one transaction")).into());
        }
        let items = transaction.writes.iter().map(|(write, _)| write.build(self.table()));
        let stamps = transaction.stamped.writes(now).map(|write| write.build(self.table()));
        let items = items.chain(stamps).collect::<Result<Vec<_>>>()?;
        let mut pause = FIRST_PAUSE;
        for attempt in 0.. {
            let sent = self.client().transact_write_items().set_transact_items(Some(items.clone())).send().await;
            let Err(error) = sent else {
                return Ok(());
            };
            match cancellation(&error) {
                Some(Cancelled::Condition(at)) => {
                    let refusal = transaction.writes.get(at).map(|(_, refusal)| *refusal);
                    return Err(refusal.map_or_else(
                        || CommitError::Failed(Error::internal("a cancellation reason without its write")),
                        CommitError::Refused,
                    ));
                }
                Some(Cancelled::Busy) if attempt < MAX_CONFLICTS => {
                    tokio::time::sleep(pause.mul_f64(rand::random_range(0.2..1.0))).await;
                    pause = (pause * 2).min(Duration::from_millis(250));
                }
                Some(Cancelled::Item) => {
                    return Err(Error::internal(format!("DynamoDB refuses an item of a transaction: {error:?}")).into());
                }
                Some(Cancelled::Busy) | None => {
                    return Err(self.failed("dynamodb:TransactWriteItems", &error).into());
                }
            }
        }
        Ok(())
    }
}

enum Cancelled {
    /// The write at this place had a condition that did not hold.
    Condition(usize),
    /// Another transaction was under way on the same item, or its partition had all that it can take.
    Busy,
    /// An item is not one that DynamoDB takes; it will not be taken later either.
    Item,
}

fn cancellation(error: &SdkError<TransactWriteItemsError>) -> Option<Cancelled> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        // That includes TransactionInProgress: the answer of our own first try is lost, and whether it was done is not
        // known. The caller learns that, and decides.
        return None;
    };
    let codes: Vec<&str> = cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("")).collect();
    if let Some(at) = codes.iter().position(|code| *code == "ConditionalCheckFailed") {
        return Some(Cancelled::Condition(at));
    }
    if codes.contains(&"ValidationError") {
        return Some(Cancelled::Item);
    }
    let is_busy =
        |code: &&str| ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"].contains(code);
    codes.iter().any(is_busy).then_some(Cancelled::Busy)
}

/// Whether an event's deletion has begun: then it is gone for every reader.
pub(crate) fn is_deleting(item: &Attributes) -> bool {
    item.contains_key(attribute::DELETING)
}
