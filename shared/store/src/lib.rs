//! The single DynamoDB table and the bucket.
//!
//! **For**: keys, items, indexes, transactions, paging, and what the table's stream carries. ARCHITECTURE.md lists the
//! access patterns with their costs.
//!
//! **Must not know**: the rules of the domain (which status may follow which), HTTP, or who calls it. It is the only
//! crate that knows DynamoDB and S3; no attribute name leaves it.
//!
//! Invariants:
//! - writes that belong together are one transaction; a write of an object is conditional on its version, and only
//!   items that help to find others are written without a condition;
//! - an item that is an object carries `version`, which rises by one with each change of the object;
//! - an object is removed only together with a tombstone that says who removed it;
//! - nothing here scans the table.

mod bucket;
mod changes;
mod compact;
mod counters;
mod events;
mod idempotency;
mod impacts;
mod inventory;
mod item;
mod jobs;
mod journal;
mod journal_entries;
mod keys;
mod messages;
mod neighbours;
mod notifications;
mod reviews;
mod stamps;
mod stream;
mod table;
mod table_check;
mod tags;
mod tokens;
mod transaction;
mod trouble;
mod windows;

pub use bucket::{Bucket, Kept};
pub use changes::ChangePage;
pub use compact::EventRow;
pub use counters::{CountOf, Counters};
pub use events::{EventImpacts, EventPage, StoredEvent};
pub use idempotency::{KeptAnswer, KeyedRequest};
pub use impacts::{ITEMS_PER_DELETED_IMPACT, ITEMS_PER_NEW_IMPACT};
pub use inventory::{Beside, Dependent, Named, StoredObject};
pub use item::{Chunk, MAX_OBJECT_BYTES, Resume, Slice};
pub use journal::{BulkWrite, JournalEntry, JournalledApproval, MAX_BULK_BYTES};
pub use messages::{Message, MessageMark, Thread};
pub use neighbours::{Neighbours, Wanted};
pub use stamps::{Part, Stamps};
pub use table::{Store, TableInfo, too_many_entries};
pub use table_check::{Made, Protection, check_table_name};
pub use transaction::{CommitError, MAX_TRANSACTION_ITEMS, Refusal, Transaction};
pub use windows::WindowPart;
