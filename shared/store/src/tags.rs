//! Tags. Objects keep slugs; the marker of a slug carries the whole tag, so that one read gives it.

use noticeboard_domain::Result;
use noticeboard_domain::change::ChangeStamp;
use noticeboard_domain::ids::ObjectId;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::tag::{Tag, TagRef};

use crate::item::{Item, attribute, decode, encode, encode_object, kind, n, s};
use crate::keys::{self, Key, index};
use crate::table::{Lookup, Store};
use crate::transaction::{Change, Condition, Refusal, Transaction};

/// The keys under which a tag is found by what a client calls it.
pub(crate) fn keys_of(tag: &TagRef) -> Vec<Key> {
    match tag {
        TagRef::Id(id) => vec![keys::object(ObjectRef::new(ObjectType::Tag, *id))],
        TagRef::Slug(slug) => vec![keys::tag_slug(slug)],
        TagRef::Name(name) => vec![keys::tag_name(name)],
        TagRef::All(parts) => parts.iter().flat_map(keys_of).collect(),
    }
}

fn markers(tag: &Tag) -> Result<[Item; 2]> {
    let marker = |key: Key| Ok(Item::helper(&key).with(attribute::DATA, s(encode(tag)?)));
    Ok([marker(keys::tag_slug(tag.slug.as_str()))?, marker(keys::tag_name(tag.name.as_str()))?])
}

impl Transaction {
    /// Stores a new tag.
    pub fn tag_create(&mut self, tag: &Tag) -> Result<()> {
        let item = Item::new(&keys::object(tag.object()), kind::TAG)
            .object(tag)?
            .with(attribute::VERSION, n(tag.revision.version))
            .with(attribute::DISPLAY, s(tag.name.as_str()))
            .index(attribute::BY_KIND, kind::TAG, keys::number(tag.id.get()));
        self.put(item, Condition::New, Refusal::IdTaken);
        let [slug, name] = markers(tag)?;
        self.put(slug, Condition::New, Refusal::SlugTaken);
        self.put(name, Condition::New, Refusal::NameTaken);
        Ok(())
    }

    /// Stores a changed tag over the version that was read; its slug is the same.
    pub fn tag_update(&mut self, before: &Tag, after: &Tag) -> Result<()> {
        let set = vec![
            (attribute::DATA, Change::Set(s(encode_object(after)?))),
            (attribute::VERSION, Change::Set(n(after.revision.version))),
            (attribute::DISPLAY, Change::Set(s(after.name.as_str()))),
        ];
        let condition = Condition::Version(before.revision.version);
        self.update(keys::object(before.object()), set, condition, Refusal::Changed);
        let [slug, name] = markers(after)?;
        self.put(slug, Condition::Always, Refusal::Changed);
        if before.name == after.name {
            self.put(name, Condition::Always, Refusal::Changed);
        } else {
            self.put(name, Condition::New, Refusal::NameTaken);
            self.delete(keys::tag_name(before.name.as_str()), Condition::Always, Refusal::Changed);
        }
        Ok(())
    }

    /// Removes a tag in the version that was read. Objects that have it show it no more.
    pub fn tag_delete(&mut self, tag: &Tag, stamp: &ChangeStamp) -> Result<()> {
        self.delete(keys::object(tag.object()), Condition::Version(tag.revision.version), Refusal::Changed);
        self.delete(keys::tag_slug(tag.slug.as_str()), Condition::Always, Refusal::Changed);
        self.delete(keys::tag_name(tag.name.as_str()), Condition::Always, Refusal::Changed);
        self.tombstone(tag.object(), tag.revision.version + 1, stamp)
    }
}

impl Store {
    /// A tag.
    pub async fn tag(&self, id: ObjectId) -> Result<Option<Tag>> {
        self.get(&keys::object(ObjectRef::new(ObjectType::Tag, id))).await?.as_ref().map(decode).transpose()
    }

    /// All tags, oldest first; an error when there are more than `most`.
    pub async fn tag_list(&self, most: usize) -> Result<Vec<Tag>> {
        self.query_all(&Lookup::index(index::BY_KIND, kind::TAG), most).await?.iter().map(decode).collect()
    }
}
