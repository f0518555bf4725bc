//! Mail that waits for a person, or did.

use noticeboard_domain::Result;
use noticeboard_domain::ids::ReviewId;
use noticeboard_domain::review::{ReviewItem, Verdict};

use crate::item::{Item, Slice, attribute, decode, kind, n, s};
use crate::keys::{self, index};
use crate::table::{Lookup, Store};
use crate::transaction::{Condition, Refusal, Transaction};

fn item(review: &ReviewItem) -> Result<Item> {
    let verdict = review.decision.as_ref().map(|decision| decision.verdict);
    Ok(Item::new(&keys::review(review.id), kind::REVIEW)
        .data(review)?
        .with(attribute::VERSION, n(review.revision.version))
        .with(attribute::DISPLAY, s(&review.subject))
        .index(attribute::BY_KIND, index::reviews(verdict), keys::number(review.id.get())))
}

impl Transaction {
    /// Stores a new review item.
    pub fn review_create(&mut self, review: &ReviewItem) -> Result<()> {
        self.put(item(review)?, Condition::New, Refusal::IdTaken);
        Ok(())
    }

    /// Stores a review item, decided or not, over the version that was read.
    pub fn review_update(&mut self, before: &ReviewItem, after: &ReviewItem) -> Result<()> {
        self.put(item(after)?, Condition::Version(before.revision.version), Refusal::ReviewChanged);
        Ok(())
    }
}

impl Store {
    /// A review item.
    pub async fn review(&self, id: ReviewId) -> Result<Option<ReviewItem>> {
        self.get(&keys::review(id)).await?.as_ref().map(decode).transpose()
    }

    /// Review items, newest first, at most `limit`: those that wait, or those with a verdict.
    pub async fn review_list(&self, verdict: Option<Verdict>, limit: usize) -> Result<Slice<ReviewItem>> {
        let lookup = Lookup::index(index::BY_KIND, index::reviews(verdict)).backwards();
        let (items, more) = self.query(&lookup, limit).await?;
        Ok(Slice { items: items.iter().map(decode).collect::<Result<_>>()?, more })
    }
}
