//! What the formats of many providers have in common, as small functions that each format puts together.

pub(crate) mod circuits;
pub(crate) mod found;
pub(crate) mod impact;
pub(crate) mod incident;
pub(crate) mod labels;
pub(crate) mod moments;
pub(crate) mod places;
pub(crate) mod stacked;
pub(crate) mod status;
pub(crate) mod tables;
pub(crate) mod templates;
pub(crate) mod text;
pub(crate) mod windows;
mod words;
pub(crate) mod zones;
