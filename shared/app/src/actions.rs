//! What the NOC does with one click: acknowledge, start, complete, cancel, reschedule (reference netbox-notices,
//! section 1: Quick actions). What the peer refuses with a flash message is a conflict here.

use noticeboard_domain::change::{Actor, Expected};
use noticeboard_domain::event::{Event, EventChanges, EventDetail, EventKind};
use noticeboard_domain::ids::EventId;
use noticeboard_domain::status::{MaintenanceStatus, Status};
use noticeboard_domain::{Error, Result};
use noticeboard_store::{CommitError, Wanted};

use crate::around::Input;
use crate::events::not_found;
use crate::views::EventView;
use crate::{App, MAX_RACES, too_many_races};

/// A quick action on a maintenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Someone has taken note.
    Acknowledge,
    /// The work has begun.
    MarkInProgress,
    /// The work is done.
    MarkCompleted,
    /// It will not take place.
    Cancel,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 4] = [Self::Acknowledge, Self::MarkInProgress, Self::MarkCompleted, Self::Cancel];

    /// The last part of its address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::MarkInProgress => "mark-in-progress",
            Self::MarkCompleted => "mark-completed",
            Self::Cancel => "cancel",
        }
    }

    /// What it changes, of an event as it stands.
    ///
    /// # Errors
    /// [`Error::Conflict`] from a status in which it makes no sense (behaviours 12 to 14).
    fn decide(self, event: &Event) -> Result<EventChanges> {
        let to = |status| EventChanges { status: Some(Status::Maintenance(status)), ..EventChanges::default() };
        let refused = || Err(Error::Conflict(format!("A maintenance that is {} cannot be changed so.", label(event))));
        let closed = |also_completed: bool| match event.status() {
            Status::Maintenance(MaintenanceStatus::Cancelled) => true,
            Status::Maintenance(MaintenanceStatus::Completed) => also_completed,
            Status::Maintenance(
                MaintenanceStatus::Tentative
                | MaintenanceStatus::Confirmed
                | MaintenanceStatus::InProcess
                | MaintenanceStatus::Rescheduled
                | MaintenanceStatus::Unknown,
            )
            | Status::Outage(_) => false,
        };
        match self {
            Self::Acknowledge => Ok(EventChanges { acknowledged: Some(Some(true)), ..EventChanges::default() }),
            Self::MarkInProgress if closed(true) => refused(),
            Self::MarkInProgress => Ok(to(MaintenanceStatus::InProcess)),
            Self::MarkCompleted if closed(false) => refused(),
            Self::MarkCompleted => Ok(to(MaintenanceStatus::Completed)),
            Self::Cancel if closed(true) => refused(),
            Self::Cancel => Ok(to(MaintenanceStatus::Cancelled)),
        }
    }
}

fn label(event: &Event) -> String {
    event.status().label().to_lowercase()
}

impl App {
    /// Does a quick action.
    ///
    /// # Errors
    /// [`Error::Conflict`] where the event's status forbids it, [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn event_act(
        &self,
        actor: &Actor,
        kind: EventKind,
        id: EventId,
        action: Action,
        expected: &Expected,
    ) -> Result<EventView> {
        let decide = move |event: &Event| action.decide(event).map(Input::from);
        self.event_decide(actor, kind, id, expected, &decide).await
    }

    /// Makes the maintenance that replaces another one: of all its values but those that `input` gives, TENTATIVE
    /// unless `input` says otherwise; impacts, received mails and tags are not copied (reference netbox-notices,
    /// section 1: Reschedule exactly).
    ///
    /// # Errors
    /// [`Error::Conflict`] for one that has begun, is completed or cancelled; as for [`App::event_create`].
    pub async fn event_reschedule(
        &self,
        actor: &Actor,
        id: EventId,
        input: Input<EventChanges>,
        expected: &Expected,
    ) -> Result<EventView> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let stored = self.store.event(id).await?.filter(|stored| stored.event.kind() == EventKind::Maintenance);
            let original = stored.ok_or_else(|| not_found(EventKind::Maintenance))?.event;
            expected.check(original.revision.version)?;
            self.reschedulable(&original)?;
            let version = original.revision.version;
            let input = replacement(original, input.clone());
            let wanted = Wanted { events: vec![id], ..Wanted::default() };
            let wanted = self.with_providers(std::slice::from_ref(&input), &wanted);
            let around = self.around_refs(std::iter::once(&input.refs), wanted).await?;
            // The original is written over the version that was decided about.
            if around.stored(id).is_none_or(|stored| stored.event.revision.version != version) {
                continue;
            }
            let (part, mut view) = self.event_made(actor, EventKind::Maintenance, input, &around)?;
            match self.store.commit(part.transaction, self.now()).await {
                Ok(()) => {
                    (view.impacts, view.notifications) = (Some(Vec::new()), Some(Vec::new()));
                    return Ok(view);
                }
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    fn reschedulable(&self, original: &Event) -> Result<()> {
        if original.status().freezes_impacts() {
            let message = format!("A maintenance that is {} cannot be rescheduled.", label(original));
            return Err(Error::Conflict(message));
        }
        if original.start <= self.now() {
            return Err(Error::Conflict("A maintenance that has begun cannot be rescheduled.".into()));
        }
        Ok(())
    }
}

/// All values of a maintenance but those that are given, for the one that replaces it.
fn replacement(original: Event, input: Input<EventChanges>) -> Input<EventChanges> {
    let given = input.changes;
    // The copy keeps the length of its window where only a new start is given.
    let length = original.end().map(|end| end - original.start);
    let moved = given.start.zip(length).and_then(|(start, length)| start.checked_add_signed(length));
    let changes = EventChanges {
        name: given.name.or(Some(original.name)),
        summary: given.summary.or(Some(original.summary)),
        provider: given.provider.or(input.refs.provider.is_none().then_some(original.provider)),
        status: given.status.or(Some(Status::Maintenance(MaintenanceStatus::Tentative))),
        start: given.start.or(Some(original.start)),
        end: given.end.or(moved.map(Some)).or(match original.detail {
            EventDetail::Maintenance(maintenance) => Some(Some(maintenance.end)),
            EventDetail::Outage(_) => None,
        }),
        original_timezone: given.original_timezone.or(Some(original.original_timezone)),
        internal_ticket: given.internal_ticket.or(Some(original.internal_ticket)),
        acknowledged: given.acknowledged.or(Some(original.acknowledged)),
        replaces: Some(Some(original.id)),
        impact: given.impact.or(Some(original.impact)),
        comments: given.comments.or(Some(original.comments)),
        custom_fields: given.custom_fields.or(Some(original.custom_fields)),
        tags: given.tags,
        backup: Some(original.backup),
        reported_at: None,
        estimated_time_to_repair: None,
        unmatched_circuits: None,
        end_after_start: given.end_after_start,
    };
    Input { changes, refs: input.refs, wrong: input.wrong, note: input.note }
}
