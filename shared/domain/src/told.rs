//! What happened, as far as others may want to be told of it.

use crate::change::{Action, Change};
use crate::job::Job;
use crate::review::ReviewItem;
use crate::time::Time;
use crate::token::Token;

/// One thing that happened to one item of the table.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// An object was made, changed or deleted. Only these are on record in the changelog.
    Change(Box<Change>),
    /// A token was made, changed or revoked.
    Token {
        /// Which of these.
        action: Action,
        /// The token as it is, or as it was before it was revoked.
        token: Box<Token>,
        /// When, to the second.
        at: Time,
    },
    /// A job started, or completed.
    Job(Box<Job>),
    /// A person decided about a review item, which says how.
    Decision(Box<ReviewItem>),
}
