//! Received mails as the API knows them, and mail that waits for a person.

use noticeboard_domain::change::{Actor, Revision};
use noticeboard_domain::ids::{EventId, EventNotificationId, ReviewId};
use noticeboard_domain::impact::EventRef;
use noticeboard_domain::notification::{EventNotification, EventNotificationChanges};
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::review::ReviewItem;
use noticeboard_domain::{Error, Result};
use noticeboard_store::{CommitError, Transaction};

use crate::impacts::whole;
use crate::views::NotificationView;
use crate::{App, MAX_RACES, too_many_races};

/// Which received mails a list is to show.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NotificationFilter {
    /// Of events of this type.
    pub event_type: Option<ObjectType>,
    /// Of this event.
    pub event: Option<EventId>,
    /// With exactly this subject.
    pub subject: Option<String>,
    /// From this address.
    pub email_from: Option<String>,
    /// Text in subject, body or sender, in any case.
    pub q: String,
}

impl NotificationFilter {
    fn matches(&self, mail: &EventNotification) -> bool {
        let q = self.q.trim().to_lowercase();
        let texts = [mail.subject.as_str(), &mail.email_body, &mail.email_from];
        self.event_type.is_none_or(|kind| kind == mail.event.object().kind)
            && self.event.is_none_or(|id| id == mail.event.id)
            && self.subject.as_deref().is_none_or(|subject| subject == mail.subject.as_str())
            && self.email_from.as_deref().is_none_or(|from| from == mail.email_from)
            && (q.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&q)))
    }
}

const NOT_FOUND: Error = Error::NotFound { what: "EventNotification" };

impl App {
    async fn check_event(&self, event: EventRef) -> Result<()> {
        let stored = self.store.event(event.id).await?.filter(|stored| stored.event.kind() == event.kind);
        match stored {
            Some(_) => Ok(()),
            None => {
                let message = format!("Related object not found using the provided value: {}.", event.id);
                Err(Error::field("event_object_id", message))
            }
        }
    }

    /// Stores a received mail that a client has read; also for a closed event (behaviours L7).
    ///
    /// # Errors
    /// [`Error::Invalid`] for missing values and for an event that is not there.
    pub async fn notification_create(
        &self,
        actor: &Actor,
        changes: EventNotificationChanges,
    ) -> Result<NotificationView> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let revision = Revision::first(self.stamp(actor)?);
            let mail = changes.clone().into_notification(self.mint()?, revision)?;
            self.check_event(mail.event).await?;
            let mut transaction = Transaction::new();
            transaction.event_child(mail.event.id);
            transaction.notification_create(&mail)?;
            match self.store.commit(transaction).await {
                Ok(()) => return self.view_notification(mail).await,
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// A received mail.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn notification(&self, id: EventNotificationId) -> Result<NotificationView> {
        self.view_notification(self.store.notification(id).await?.ok_or(NOT_FOUND)?).await
    }

    /// Changes a received mail. It stays with its event.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`], [`Error::VersionMismatch`].
    pub async fn notification_change(
        &self,
        actor: &Actor,
        id: EventNotificationId,
        changes: EventNotificationChanges,
        version: Option<u64>,
    ) -> Result<NotificationView> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let before = self.store.notification(id).await?.ok_or(NOT_FOUND)?;
            if version.is_some_and(|version| version != before.revision.version) {
                return Err(Error::VersionMismatch);
            }
            let after = before.changed(changes.clone(), before.revision.next(self.stamp(actor)?));
            if after.event != before.event {
                let message = "A received mail stays with its event. Delete it, and create one for the other event.";
                return Err(Error::field("event_object_id", message));
            }
            if after.snapshot() == before.snapshot() {
                return self.view_notification(before).await;
            }
            let mut transaction = Transaction::new();
            transaction.notification_update(&before, &after)?;
            if self.store.event(after.event.id).await?.is_some() {
                transaction.event_child(after.event.id);
            }
            match self.store.commit(transaction).await {
                Ok(()) => return self.view_notification(after).await,
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// Deletes a received mail.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn notification_delete(
        &self,
        actor: &Actor,
        id: EventNotificationId,
        version: Option<u64>,
    ) -> Result<()> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let mail = self.store.notification(id).await?.ok_or(NOT_FOUND)?;
            if version.is_some_and(|version| version != mail.revision.version) {
                return Err(Error::VersionMismatch);
            }
            let mut transaction = Transaction::new();
            transaction.notification_delete(&mail, &self.stamp(actor)?)?;
            if self.store.event(mail.event.id).await?.is_some() {
                transaction.event_child(mail.event.id);
            }
            match self.store.commit(transaction).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// Received mails by the time of receipt, the oldest first: `limit` of them after the first `offset`, and how many
    /// there are.
    ///
    /// # Errors
    /// [`Error::Invalid`] when more than `NOTICEBOARD_LIST_READ_LIMIT` would have to be read.
    pub async fn notification_list(
        &self,
        filter: &NotificationFilter,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<NotificationView>, u64)> {
        let most = self.settings.list_read_limit;
        let mut mails = match filter.event {
            Some(event) => whole(self.store.notifications_of_event(event, most).await?, most)?,
            None => whole(self.store.notification_list(most).await?, most)?,
        };
        mails.retain(|mail| filter.matches(mail));
        mails.sort_by_key(|mail| (mail.email_received, mail.id));
        let count = mails.len() as u64;
        let page = mails.into_iter().skip(offset).take(limit).collect();
        Ok((self.view_notifications(page).await?, count))
    }

    /// Mail that waits for a person, newest first.
    pub async fn review_list(&self, offset: usize, limit: usize) -> Result<(Vec<ReviewItem>, u64)> {
        let most = self.settings.list_read_limit;
        let reviews = whole(self.store.review_list(most).await?, most)?;
        let count = reviews.len() as u64;
        Ok((reviews.into_iter().skip(offset).take(limit).collect(), count))
    }

    /// One mail that waits for a person.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn review(&self, id: ReviewId) -> Result<ReviewItem> {
        self.store.review(id).await?.ok_or(Error::NotFound { what: "ReviewItem" })
    }

    /// The whole message that a review item or a received mail keeps.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn raw_mail(&self, key: &str) -> Result<Vec<u8>> {
        self.bucket.get(key).await
    }
}
