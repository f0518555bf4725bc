//! Tags: create, read, list, change, delete.

use std::collections::{HashMap, HashSet};

use noticeboard_domain::change::{Actor, Expected, Revision};
use noticeboard_domain::ids::ObjectId;
use noticeboard_domain::listing::{List, Listing};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::tag::{Tag, TagChanges, TagRef};
use noticeboard_domain::{Error, FieldErrors, Result};
use noticeboard_store::{BulkWrite, CommitError, Transaction, Wanted};

use crate::bulk::{BulkError, Part, Tried};
use crate::{App, MAX_RACES, too_many_races};

const NOT_FOUND: Error = Error::NotFound { what: "Tag" };

/// More tags than this are not listed.
const MAX_TAGS: usize = 10_000;

const NAME_TAKEN: &str = "tag with this name already exists.";
const SLUG_TAKEN: &str = "tag with this slug already exists.";

/// Names and slugs that are in use, and by which tag.
#[derive(Default)]
struct Taken {
    names: HashMap<String, ObjectId>,
    slugs: HashMap<String, ObjectId>,
}

impl Taken {
    fn of(tags: &[Tag]) -> Self {
        let mut taken = Self::default();
        tags.iter().for_each(|tag| taken.add(tag));
        taken
    }

    fn add(&mut self, tag: &Tag) {
        self.names.insert(tag.name.as_str().to_owned(), tag.id);
        self.slugs.insert(tag.slug.as_str().to_owned(), tag.id);
    }

    /// Whether a tag may have its name and slug.
    fn check(&self, tag: &Tag) -> Result<()> {
        let other = |found: Option<&ObjectId>| found.is_some_and(|id| *id != tag.id);
        let mut errors = FieldErrors::default();
        if other(self.names.get(tag.name.as_str())) {
            errors.add("name", NAME_TAKEN);
        }
        if other(self.slugs.get(tag.slug.as_str())) {
            errors.add("slug", SLUG_TAKEN);
        }
        errors.into_result()
    }
}

/// What must be read to know whether these changes' names and slugs are free.
fn rivals<'a>(changes: impl Iterator<Item = &'a TagChanges>) -> Vec<TagRef> {
    let refs = |changes: &TagChanges| {
        let name = changes.name.as_ref().map(|name| TagRef::Name(name.as_str().to_owned()));
        let slug = changes.slug.as_ref().map(|slug| TagRef::Slug(slug.as_str().to_owned()));
        [name, slug].into_iter().flatten()
    };
    changes.flat_map(refs).collect()
}

impl App {
    async fn tags(&self, tags: Vec<TagRef>) -> Result<Vec<Tag>> {
        Ok(self.store.neighbours(&Wanted { tags, ..Wanted::default() }).await?.tags)
    }

    /// Whether another tag has the name or the slug of this one.
    pub(crate) async fn tag_is_free(&self, tag: &Tag) -> Result<bool> {
        let refs = vec![TagRef::Name(tag.name.as_str().to_owned()), TagRef::Slug(tag.slug.as_str().to_owned())];
        Ok(Taken::of(&self.tags(refs).await?).check(tag).is_ok())
    }

    /// Makes a tag.
    ///
    /// # Errors
    /// [`Error::Invalid`] for missing values and for a name or slug that is taken.
    pub async fn tag_create(&self, actor: &Actor, changes: TagChanges) -> Result<Tag> {
        let made = self.tag_create_many(actor, vec![(changes, String::new())]).await;
        crate::views::one(made.map_err(BulkError::single)?)
    }

    /// Makes several tags, each with the caller's note on it, or none.
    ///
    /// # Errors
    /// As for [`App::tag_create`], by element.
    pub async fn tag_create_many(
        &self,
        actor: &Actor,
        inputs: Vec<(TagChanges, String)>,
    ) -> std::result::Result<Vec<Tag>, BulkError> {
        for race in 0..MAX_RACES {
            let turn = self.turn(race).await;
            let mut taken = Taken::of(&self.tags(rivals(inputs.iter().map(|(changes, _)| changes))).await?);
            let (mut parts, mut tags, mut elements) = (Vec::new(), Vec::new(), Vec::new());
            for (changes, note) in &inputs {
                let stamp = self.stamp(&actor.noting(note))?;
                let made = changes.clone().into_tag(self.mint()?, Revision::first(stamp));
                match made.and_then(|tag| taken.check(&tag).map(|()| tag)) {
                    Ok(tag) => {
                        taken.add(&tag);
                        let mut transaction = Transaction::new();
                        transaction.tag_create(&tag)?;
                        parts.push(Part { transaction, write: BulkWrite::Tag(tag.clone()) });
                        tags.push(tag);
                        elements.push(FieldErrors::default());
                    }
                    Err(Error::Invalid(errors)) => elements.push(errors),
                    Err(error) => return Err(error.into()),
                }
            }
            BulkError::check(elements)?;
            match self.bulk_commit(actor, parts, turn).await? {
                Tried::Done => return Ok(tags),
                Tried::Lost(_) => {}
            }
        }
        Err(too_many_races().into())
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
    /// [`Error::Unavailable`], and [`Error::Invalid`] when there are too many.
    pub async fn tag_list(&self, mut listing: Listing) -> Result<List<Tag>> {
        self.narrow(ObjectType::Tag, &mut listing.filter).await?;
        let tags = self.store.tag_list(MAX_TAGS).await?;
        Ok(listing.of(tags, |a, b| a.name.cmp(&b.name)))
    }

    /// Changes a tag, while it has an expected version.
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
            let taken = Taken::of(&self.tags(rivals(std::iter::once(&changes))).await?);
            let Some((part, after)) = self.tag_changed(actor, &before, &changes, &taken)? else {
                return Ok(before);
            };
            match self.store.commit(part.transaction, self.now()).await {
                Ok(()) => return Ok(after),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    fn tag_changed(
        &self,
        actor: &Actor,
        before: &Tag,
        changes: &TagChanges,
        taken: &Taken,
    ) -> Result<Option<(Part, Tag)>> {
        let after = before.changed(changes.clone(), before.revision.next(self.stamp(actor)?))?;
        taken.check(&after)?;
        if after.snapshot() == before.snapshot() {
            return Ok(None);
        }
        let mut transaction = Transaction::new();
        transaction.tag_update(before, &after)?;
        Ok(Some((Part { transaction, write: BulkWrite::Tag(after.clone()) }, after)))
    }

    /// Changes several tags, each with the caller's note on it, or none; those that do not exist are left out. Two tags
    /// cannot swap their names in one go.
    ///
    /// # Errors
    /// As for [`App::tag_change`], by element.
    pub async fn tag_change_many(
        &self,
        actor: &Actor,
        inputs: Vec<((ObjectId, TagChanges), String)>,
    ) -> std::result::Result<Vec<Tag>, BulkError> {
        let ids: HashSet<ObjectId> = inputs.iter().map(|((id, _), _)| *id).collect();
        let mut wanted = rivals(inputs.iter().map(|((_, changes), _)| changes));
        wanted.extend(ids.iter().map(|id| TagRef::Id(*id)));
        for race in 0..MAX_RACES {
            let turn = self.turn(race).await;
            let found = self.tags(wanted.clone()).await?;
            let mut taken = Taken::of(&found);
            let mut present: HashMap<ObjectId, Tag> =
                found.into_iter().filter(|tag| ids.contains(&tag.id)).map(|tag| (tag.id, tag)).collect();
            let (mut parts, mut elements, mut order) = (Vec::new(), Vec::new(), Vec::new());
            for ((id, changes), note) in &inputs {
                let Some(before) = present.get(id).cloned() else {
                    elements.push(FieldErrors::default());
                    continue;
                };
                if !order.contains(id) {
                    order.push(*id);
                }
                match self.tag_changed(&actor.noting(note), &before, changes, &taken) {
                    Ok(None) => elements.push(FieldErrors::default()),
                    Ok(Some((part, after))) => {
                        taken.add(&after);
                        parts.push(part);
                        elements.push(FieldErrors::default());
                        present.insert(*id, after);
                    }
                    Err(Error::Invalid(errors)) => elements.push(errors),
                    Err(error) => return Err(error.into()),
                }
            }
            BulkError::check(elements)?;
            match self.bulk_commit(actor, parts, turn).await? {
                Tried::Done => return Ok(order.iter().filter_map(|id| present.remove(id)).collect()),
                Tried::Lost(_) => {}
            }
        }
        Err(too_many_races().into())
    }

    /// Deletes a tag, while it has an expected version; objects that have it show it no more.
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
            match self.store.commit(transaction, self.now()).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// Deletes several tags; those that do not exist are left out.
    ///
    /// # Errors
    /// As for [`App::bulk_delete`].
    pub async fn tag_delete_many(&self, actor: &Actor, ids: &[(ObjectId, String)]) -> Result<()> {
        let objects = ids.iter().map(|(id, note)| (ObjectRef::new(ObjectType::Tag, *id), note.clone()));
        self.bulk_delete(actor, objects.collect()).await
    }
}
