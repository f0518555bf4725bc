//! The operator's own objects that events touch, in the terms of NetBox's data model.
//!
//! Every type is a list of fields ([`schema()`]), and every object is values for these ([`InventoryObject`]). Providers and
//! circuits are seen by mail too, which reads them as [`Provider`] and [`Circuit`]: the same objects in the same storage.

mod field;
mod object;
mod place;
mod schema;
mod typed;

pub use field::{Choice, Field, FieldKind, Given, Referred};
pub use object::{InventoryChanges, InventoryObject};
pub use place::{inside, leads_to, place};
pub use schema::{PLACES, Schema, Unique, kept, schema};
pub use typed::{Circuit, CircuitChanges, Label, Provider, ProviderChanges, Slug};
