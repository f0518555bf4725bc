//! What Noticeboard is about: maintenances, outages, their impacts, the mails that announced them, and how they
//! change.
//!
//! **For**: types that cannot hold a wrong value, the rules between them, and pure functions over them.
//!
//! **Must not know**: DynamoDB, HTTP, mail formats, files, the environment, a random source or the time of day. Time
//! and randomness come in as arguments.

pub mod change;
pub mod error;
pub mod event;
pub mod fields;
pub mod filter;
pub mod ids;
pub mod impact;
pub mod inventory;
pub mod job;
pub mod journal_entry;
pub mod listing;
pub mod network;
pub mod notice;
pub mod notification;
pub mod object;
pub mod review;
pub mod status;
pub mod tag;
pub mod thread;
pub mod time;
pub mod timeline;
pub mod token;
pub mod told;

pub use error::{Error, FieldErrors, Result};
