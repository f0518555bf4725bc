//! Renderings that this process keeps, by what was asked: each as long as its validator holds, all within a size.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use noticeboard_app::Stamps;
use noticeboard_domain::time::Time;

use crate::validator::Validator;

/// Bytes of all renderings that a process keeps; the one that was not asked for longest goes first.
const MAX_KEPT_BYTES: usize = 32 * 1024 * 1024;
/// Renderings that it keeps.
const MAX_KEPT: usize = 1000;

/// A calendar as it is sent.
#[derive(Debug)]
pub(crate) struct Rendering {
    pub(crate) body: Bytes,
    pub(crate) validator: Validator,
    stamps: Stamps,
    /// The latest time, in seconds, that another rendering was sent with before this one: up to it, a time does not
    /// tell the two apart. (One that another process has sent is not known.)
    others: Option<i64>,
}

impl Rendering {
    pub(crate) fn new(body: Bytes, validator: Validator, stamps: Stamps) -> Self {
        Self { body, validator, stamps, others: None }
    }

    /// Whether a copy that was sent with this time, or with an earlier one, is the present one.
    pub(crate) fn is_unchanged_since(&self, since: i64) -> bool {
        self.validator.changed() <= since && self.others.is_none_or(|others| others < since)
    }
}

#[derive(Debug)]
struct Place {
    rendering: Arc<Rendering>,
    used: u64,
}

/// The renderings that this process keeps.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    places: HashMap<String, Place>,
    bytes: usize,
    uses: u64,
}

impl Kept {
    /// What is kept for a question, if it is still right.
    pub(crate) fn get(&self, question: &str, stamps: &Stamps, now: Time) -> Option<Arc<Rendering>> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.uses += 1;
        let uses = shelf.uses;
        let place = shelf.places.get_mut(question)?;
        if place.rendering.stamps != *stamps || !place.rendering.validator.is_due(now) {
            return None;
        }
        place.used = uses;
        Some(Arc::clone(&place.rendering))
    }

    /// Keeps a rendering in place of the one before it.
    pub(crate) fn put(&self, question: String, mut rendering: Rendering) -> Arc<Rendering> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = shelf.places.remove(&question) {
            shelf.bytes -= place.rendering.body.len();
            let old = &place.rendering;
            let sent = (old.validator != rendering.validator).then(|| old.validator.changed());
            rendering.others = old.others.max(sent);
        }
        let rendering = Arc::new(rendering);
        if rendering.body.len() > MAX_KEPT_BYTES {
            return rendering;
        }
        shelf.uses += 1;
        shelf.bytes += rendering.body.len();
        let used = shelf.uses;
        shelf.places.insert(question, Place { rendering: Arc::clone(&rendering), used });
        while shelf.bytes > MAX_KEPT_BYTES || shelf.places.len() > MAX_KEPT {
            let oldest = shelf.places.iter().min_by_key(|(_, place)| place.used).map(|(question, _)| question.clone());
            let Some(place) = oldest.and_then(|oldest| shelf.places.remove(&oldest)) else { break };
            shelf.bytes -= place.rendering.body.len();
        }
        rendering
    }
}
