//! Tags: create, read, list, change, delete.

use noticeboard_domain::change::{Actor, Expected, Revision};
use noticeboard_domain::ids::ObjectId;
use noticeboard_domain::listing::{List, Listing};
use noticeboard_domain::tag::{Tag, TagChanges};
use noticeboard_domain::{Error, Result};
use noticeboard_store::{CommitError, Refusal, Transaction};

use crate::{App, MAX_RACES, too_many_races};

const NOT_FOUND: Error = Error::NotFound { what: "Tag" };

/// More tags than this are not kept.
const MAX_TAGS: usize = 10_000;

fn refused(refusal: Refusal) -> Result<()> {
    match refusal {
        Refusal::NameTaken => Err(Error::field("name", "tag with this name already exists.")),
        Refusal::SlugTaken => Err(Error::field("slug", "tag with this slug already exists.")),
        _ => Ok(()),
    }
}

impl App {
    /// Makes a tag; with an id where it comes from elsewhere.
    ///
    /// # Errors
    /// [`Error::Invalid`] for missing values and for a name or slug that is taken.
    pub async fn tag_create(&self, actor: &Actor, changes: TagChanges) -> Result<Tag> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let tag = changes.clone().into_tag(self.mint()?, Revision::first(self.stamp(actor)?))?;
            let mut transaction = Transaction::new();
            transaction.tag_create(&tag)?;
            match self.store.commit(transaction).await {
                Ok(()) => return Ok(tag),
                Err(CommitError::Refused(refusal)) => refused(refusal)?,
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// A tag.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn tag(&self, id: ObjectId) -> Result<Tag> {
        self.store.tag(id).await?.ok_or(NOT_FOUND)
    }

    /// Tags by name.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn tag_list(&self, listing: &Listing) -> Result<List<Tag>> {
        let tags = self.store.tag_list(MAX_TAGS).await?;
        Ok(listing.of(tags, |a, b| a.name.cmp(&b.name)))
    }

    /// Changes a tag.
    ///
    /// # Errors
    /// As for [`App::tag_create`], and [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn tag_change(
        &self,
        actor: &Actor,
        id: ObjectId,
        changes: TagChanges,
        expected: &Expected,
    ) -> Result<Tag> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let before = self.tag(id).await?;
            expected.check(before.revision.version)?;
            let after = before.changed(changes.clone(), before.revision.next(self.stamp(actor)?))?;
            if after.snapshot() == before.snapshot() {
                return Ok(before);
            }
            let mut transaction = Transaction::new();
            transaction.tag_update(&before, &after)?;
            match self.store.commit(transaction).await {
                Ok(()) => return Ok(after),
                Err(CommitError::Refused(refusal)) => refused(refusal)?,
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// Deletes a tag; objects that have it show it no more.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn tag_delete(&self, actor: &Actor, id: ObjectId, expected: &Expected) -> Result<()> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let tag = self.tag(id).await?;
            expected.check(tag.revision.version)?;
            let mut transaction = Transaction::new();
            transaction.tag_delete(&tag, &self.stamp(actor)?)?;
            match self.store.commit(transaction).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }
}
