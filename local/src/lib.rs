//! The functions of Noticeboard on one machine.
//!
//! **For**: an embedded DynamoDB-compatible engine, the table's stream and the brokers' queues with the rules that
//! Lambda has for them, and the HTTP functions on one port.
//!
//! **Must not know**: what any function does. It feeds the functions' libraries the same events that AWS would, and
//! holds no rule of its own.

mod call;
mod dead_letters;
mod demo;
mod endpoint;
pub mod engine;
mod feed;
mod lingering;
mod queue;
mod serve;
mod state;
mod stream;

pub use serve::{Running, ServeOptions, StartError, Storage, open, open_dead_letters, table_at};
