//! Mail that waits for a person.

use noticeboard_domain::Result;
use noticeboard_domain::ids::ReviewId;
use noticeboard_domain::review::ReviewItem;

use crate::item::{Item, Slice, attribute, decode, kind, n, s};
use crate::keys::{self, index};
use crate::table::{Lookup, Store};
use crate::transaction::{Condition, Refusal, Transaction};

impl Transaction {
    /// Stores a new review item.
    pub fn review_create(&mut self, review: &ReviewItem) -> Result<()> {
        let item = Item::new(&keys::review(review.id), kind::REVIEW)
            .data(review)?
            .with(attribute::VERSION, n(review.revision.version))
            .with(attribute::DISPLAY, s(&review.subject))
            .index(attribute::BY_KIND, kind::REVIEW, keys::number(review.id.get()));
        self.put(item, Condition::New, Refusal::IdTaken);
        Ok(())
    }
}

impl Store {
    /// A review item.
    pub async fn review(&self, id: ReviewId) -> Result<Option<ReviewItem>> {
        self.get(&keys::review(id)).await?.as_ref().map(decode).transpose()
    }

    /// Review items, newest first; at most `limit`.
    pub async fn review_list(&self, limit: usize) -> Result<Slice<ReviewItem>> {
        let (items, more) = self.query(&Lookup::index(index::BY_KIND, kind::REVIEW).backwards(), limit).await?;
        Ok(Slice { items: items.iter().map(decode).collect::<Result<_>>()?, more })
    }
}
