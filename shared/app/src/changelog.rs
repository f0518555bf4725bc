//! The changelog: one record for each change, however often the stream tells it.

use noticeboard_domain::change::Change;
use noticeboard_domain::ids::ChangeId;
use noticeboard_domain::object::ObjectRef;
use noticeboard_domain::{Error, Result};
use noticeboard_store::ChangePage;

use crate::App;

impl App {
    /// Records a change; the answer says whether it was new.
    pub async fn change_record(&self, change: &Change) -> Result<bool> {
        self.store.change_record(change).await
    }

    /// All changes, or those of one object, newest first.
    pub async fn change_list(
        &self,
        object: Option<ObjectRef>,
        before: Option<ChangeId>,
        limit: usize,
    ) -> Result<ChangePage> {
        match object {
            Some(object) => self.store.changes_of_object(object, before, limit).await,
            None => self.store.change_list(before, limit).await,
        }
    }

    /// One change.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn change(&self, id: ChangeId) -> Result<Change> {
        self.store.change(id).await?.ok_or(Error::NotFound { what: "ObjectChange" })
    }
}
