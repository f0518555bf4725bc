//! Bringing in objects that exist elsewhere, with their ids.
