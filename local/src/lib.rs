//! The functions of Noticeboard on one machine.

pub mod engine;
