//! One notice is applied: its provider, event, impacts and the record of the mail, as one change.

use std::collections::HashMap;

use noticeboard_domain::change::{Actor, Revision};
use noticeboard_domain::event::{Event, EventChanges, EventKind};
use noticeboard_domain::fields::{Name, Summary};
use noticeboard_domain::ids::EventId;
use noticeboard_domain::impact::{EventRef, Impact};
use noticeboard_domain::inventory::{Circuit, Label, Provider, ProviderChanges, Slug};
use noticeboard_domain::notice::{Notice, NoticeCircuit, NoticeOrder, NoticeState, normalised_circuit_id};
use noticeboard_domain::notification::{EventNotification, Subject};
use noticeboard_domain::object::ObjectRef;
use noticeboard_domain::review::Verdict;
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus, Status};
use noticeboard_domain::thread::{AnnouncedWindow, KnownWindow, match_windows};
use noticeboard_domain::time::{OriginalTimezone, Time};
use noticeboard_domain::{Error, Result};
use noticeboard_mail::Mail;
use noticeboard_store::{
    CommitError, EventImpacts, ITEMS_PER_NEW_IMPACT, Message, MessageMark, Refusal, StoredEvent, Thread, Transaction,
};

use crate::impacts::{MAX_IMPACTS, display, too_many_impacts};
use crate::reviews::Approval;
use crate::{App, MAX_RACES, too_many_races};

/// What a notice did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// To which event.
    pub event: EventRef,
    /// The event's name.
    pub name: String,
    /// What it did.
    pub effect: Effect,
}

/// What a notice did to its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It made the event.
    Created,
    /// It made the event in place of an earlier one, which is RE-SCHEDULED now.
    Rescheduled,
    /// It changed the event.
    Updated,
    /// It said what was known already.
    Unchanged,
    /// It was older than what the event already knew, so it changed nothing.
    Outdated,
}

/// One notice of a mail that was kept and believed.
pub(crate) struct Delivery<'a> {
    pub(crate) notices: &'a [Notice],
    pub(crate) at: usize,
    pub(crate) mail: &'a Mail,
    pub(crate) key: &'a str,
    pub(crate) raw: &'a str,
    pub(crate) received: Time,
    pub(crate) actor: &'a Actor,
    pub(crate) waited: Waited<'a>,
}

/// What waited for a person until a notice is applied, and is decided about with it.
#[derive(Clone, Copy)]
pub(crate) enum Waited<'a> {
    /// Nothing that is decided about with this notice.
    Nothing,
    /// The mail, of which it is the only notice.
    Mail(&'a Approval),
    /// The notice itself.
    Notice(&'a Approval),
}

/// What is to be done for one notice, in one transaction or in several.
struct Plan {
    event: Event,
    order: Option<NoticeOrder>,
    effect: Effect,
    /// The event as it stands, where there is one.
    before: Option<EventImpacts>,
    /// The maintenance that this one replaces.
    original: Option<StoredEvent>,
    new_impacts: Vec<(Impact, String)>,
    changed_impacts: Vec<(Impact, Impact, String)>,
    /// The windows of the ticket as they will be, over the version that was read.
    thread: Thread,
}

impl Delivery<'_> {
    fn notice(&self) -> &Notice {
        &self.notices[self.at]
    }

    fn kind(&self) -> EventKind {
        match self.notice().state {
            NoticeState::Maintenance(_) => EventKind::Maintenance,
            NoticeState::Outage { .. } => EventKind::Outage,
        }
    }
}

impl App {
    /// Applies one notice of a mail; `None` when another delivery of the same mail has done so meanwhile, or what waited
    /// for a person waits no more, or for another reason.
    ///
    /// # Errors
    /// [`Error::Invalid`] when what the notice says breaks a rule of the domain.
    pub(crate) async fn notice_apply(&self, delivery: &Delivery<'_>) -> Result<Option<Applied>> {
        if delivery.notice().maintenance_id.len() > MAX_KEY_BYTES {
            let message = format!("Ensure this field has no more than {MAX_KEY_BYTES} bytes.");
            return Err(Error::field("maintenance_id", message));
        }
        let provider = self.notice_provider(delivery).await?;
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let plan = self.notice_plan(delivery, &provider).await?;
            match self.notice_commit(delivery, &provider, &plan).await {
                Ok(()) => {
                    let event = EventRef { kind: plan.event.kind(), id: plan.event.id };
                    let name = plan.event.name.as_str().to_owned();
                    return Ok(Some(Applied { event, name, effect: plan.effect }));
                }
                Err(CommitError::Refused(Refusal::NoticeApplied | Refusal::ReviewChanged)) => return Ok(None),
                // Someone was faster: what they did is read, and the notice is planned again on top of it.
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// The provider that a notice speaks for; one that the inventory lacks is created.
    async fn notice_provider(&self, delivery: &Delivery<'_>) -> Result<Provider> {
        let named = &delivery.notice().provider;
        let slug = Slug::parse(&named.slug).map_err(|error| Error::field("provider", error))?;
        let name = Label::clipped(&named.name, slug.as_str());
        for _ in 0..MAX_RACES {
            if let Some(provider) = self.store.provider_by_slug(slug.as_str()).await? {
                return Ok(provider);
            }
            if let Some(provider) = self.store.provider_by_name(name.as_str()).await? {
                return Ok(provider);
            }
            let changes =
                ProviderChanges { name: Some(name.clone()), slug: Some(slug.clone()), ..ProviderChanges::default() };
            match self.provider_create(delivery.actor, changes).await {
                Ok(provider) => return Ok(provider),
                // Another mail of the same provider has just made it.
                Err(Error::Invalid(errors)) if errors.has("slug") || errors.has("name") => {}
                Err(error) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    async fn notice_plan(&self, delivery: &Delivery<'_>, provider: &Provider) -> Result<Plan> {
        let notice = delivery.notice();
        let (kind, ticket) = (delivery.kind(), &notice.maintenance_id);
        let thread = self.store.thread(provider.id, kind, ticket).await?;
        let known = self.notice_event(delivery, provider, &thread).await?;
        let before = match known {
            Some(id) => self.store.event_impacts(id).await?,
            None => None,
        };
        let order = notice.order();
        let outdated = before
            .as_ref()
            .is_some_and(|page| page.stored.notice_order.is_some_and(|newest| order.is_older_than(newest)));
        if let (true, Some(page)) = (outdated, before.clone()) {
            let event = page.stored.event.clone();
            return Ok(Plan {
                event,
                order: None,
                effect: Effect::Outdated,
                before,
                original: None,
                new_impacts: Vec::new(),
                changed_impacts: Vec::new(),
                thread,
            });
        }
        if before.is_none() && thread.newest.is_some_and(|newest| notice.stamp < newest) {
            // Its window was moved or its event deleted since: neither may come back by a mail that was held up.
            let message =
                "This is an older notice of the ticket than one that is known, for a window that has no event.";
            return Err(Error::field("start", message));
        }
        let circuits = self.notice_circuits(provider, &notice.circuits).await?;
        let mut changes = event_changes(notice, provider)?;
        changes.unmatched_circuits = Some(unmatched(&notice.circuits, &circuits));
        let moved = before.as_ref().is_some_and(|page| {
            let event = &page.stored.event;
            notice.state == NoticeState::Maintenance(Some(MaintenanceStatus::Rescheduled))
                && (event.start, event.end()) != (notice.start, notice.end)
        });
        let (event, effect, before, original) = match before {
            Some(page) if moved => {
                // The provider moves the work to this window: a new event replaces the old one, as a person would
                // reschedule it, so that both windows stay on record.
                changes.replaces = Some(Some(page.stored.event.id));
                let original = page.stored;
                (self.new_event(delivery, kind, changes)?, Effect::Rescheduled, None, Some(original))
            }
            Some(page) => {
                if notice.circuits.is_empty() {
                    // A cancellation without circuits (euNetworks) says nothing about them.
                    changes.unmatched_circuits = None;
                }
                let stamp = self.stamp(delivery.actor)?;
                let revision = page.stored.event.revision.next(stamp);
                let after = page.stored.event.changed(changes, revision)?;
                if after.snapshot() == page.stored.event.snapshot() {
                    (page.stored.event.clone(), Effect::Unchanged, Some(page), None)
                } else {
                    (after, Effect::Updated, Some(page), None)
                }
            }
            None => (self.new_event(delivery, kind, changes)?, Effect::Created, None, None),
        };
        let (new_impacts, changed_impacts) =
            self.notice_impacts(delivery, &event, before.as_ref(), &circuits, &notice.circuits)?;
        let had = before.as_ref().map_or(0, |page| page.impacts.len());
        if !new_impacts.is_empty() && had + new_impacts.len() > MAX_IMPACTS {
            return Err(Error::field("circuits", too_many_impacts()));
        }
        let touched = !new_impacts.is_empty() || !changed_impacts.is_empty();
        let effect = if effect == Effect::Unchanged && touched { Effect::Updated } else { effect };
        let thread = with_window(thread, known, &event, notice);
        Ok(Plan { event, order: Some(order), effect, before, original, new_impacts, changed_impacts, thread })
    }

    fn new_event(&self, delivery: &Delivery<'_>, kind: EventKind, mut changes: EventChanges) -> Result<Event> {
        if kind == EventKind::Maintenance {
            // Rescheduled to this window: it stands. And a notice may leave out the status.
            let status = match changes.status {
                Some(status) => status,
                None if delivery.notice().state == NoticeState::Maintenance(Some(MaintenanceStatus::Rescheduled)) => {
                    Status::Maintenance(MaintenanceStatus::Confirmed)
                }
                None => Status::Maintenance(MaintenanceStatus::Unknown),
            };
            changes.status = Some(status);
        }
        changes.into_event(kind, self.mint()?, Revision::first(self.stamp(delivery.actor)?))
    }

    /// The event that a notice speaks of, by the windows of its ticket, else by its name.
    async fn notice_event(
        &self,
        delivery: &Delivery<'_>,
        provider: &Provider,
        thread: &Thread,
    ) -> Result<Option<EventId>> {
        let notice = delivery.notice();
        if thread.windows.is_empty() {
            let name = Name::clipped(&notice.maintenance_id, "?");
            let named = self.store.events_by_name(delivery.kind(), name.as_str(), Some(provider.id)).await?;
            // Made by hand or by a script before the first mail came: one such event is that event.
            return Ok(match named.as_slice() {
                [only] => Some(*only),
                _ => None,
            });
        }
        let same: Vec<usize> = (0..delivery.notices.len())
            .filter(|at| delivery.notices[*at].maintenance_id == notice.maintenance_id)
            .collect();
        let announced: Vec<AnnouncedWindow> = same
            .iter()
            .map(|at| &delivery.notices[*at])
            .map(|n| AnnouncedWindow { start: n.start, end: n.end, backup: n.backup, uid: n.uid.clone() })
            .collect();
        let found = match_windows(&thread.windows, &announced);
        let place = same.iter().position(|at| *at == delivery.at);
        Ok(place.and_then(|place| found.get(place).copied().flatten()))
    }

    /// The circuits of the inventory that a notice names, by their compared ids.
    async fn notice_circuits(&self, provider: &Provider, named: &[NoticeCircuit]) -> Result<HashMap<String, Circuit>> {
        if named.is_empty() {
            return Ok(HashMap::new());
        }
        // The inventory has no longer ones.
        let cids = named.iter().map(|circuit| circuit.circuit_id.as_str());
        let cids: Vec<&str> = cids.filter(|cid| normalised_circuit_id(cid).len() <= MAX_KEY_BYTES).collect();
        let circuits = self.store.circuits_by_cid(provider.id, &cids).await?;
        Ok(circuits.into_iter().map(|circuit| (normalised_circuit_id(circuit.cid.as_str()), circuit)).collect())
    }

    /// The impacts to add and to change. Impacts that the notice does not name stay: a later notice may name fewer
    /// circuits. Those of an event that is and stays closed are frozen.
    #[allow(clippy::type_complexity)]
    fn notice_impacts(
        &self,
        delivery: &Delivery<'_>,
        event: &Event,
        before: Option<&EventImpacts>,
        circuits: &HashMap<String, Circuit>,
        named: &[NoticeCircuit],
    ) -> Result<(Vec<(Impact, String)>, Vec<(Impact, Impact, String)>)> {
        let closed = |event: &Event| event.status().freezes_impacts();
        // The notice that closed the event still brings the impacts that a break kept from it.
        let newest = before.and_then(|page| page.stored.notice_order);
        let is_newer = newest.is_none_or(|newest| newest.is_older_than(delivery.notice().order()));
        if before.is_some_and(|page| closed(&page.stored.event)) && closed(event) && is_newer {
            return Ok((Vec::new(), Vec::new()));
        }
        let mut levels: Vec<(&Circuit, ImpactLevel)> = Vec::new();
        for name in named {
            let Some(circuit) = circuits.get(&normalised_circuit_id(&name.circuit_id)) else {
                continue;
            };
            match levels.iter_mut().find(|(known, _)| known.id == circuit.id) {
                Some((_, level)) => *level = (*level).max(name.impact),
                None => levels.push((circuit, name.impact)),
            }
        }
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for (circuit, level) in levels {
            let target: ObjectRef = circuit.object();
            let text = display(event.name.as_str(), circuit.cid.as_str());
            let known = before.and_then(|page| page.impacts.iter().find(|impact| impact.target == target));
            match known {
                Some(impact) if impact.impact == Some(level) => {}
                Some(impact) => {
                    let mut after = impact.clone();
                    after.impact = Some(level);
                    after.revision = impact.revision.next(self.stamp(delivery.actor)?);
                    changed.push((impact.clone(), after, text));
                }
                None => {
                    let impact = Impact {
                        id: self.mint()?,
                        event: EventRef { kind: event.kind(), id: event.id },
                        target,
                        impact: Some(level),
                        tags: Vec::new(),
                        custom_fields: serde_json::Map::new(),
                        revision: Revision::first(self.stamp(delivery.actor)?),
                    };
                    new.push((impact, text));
                }
            }
        }
        Ok((new, changed))
    }

    /// Does what was planned. What one transaction cannot hold goes into further ones; the mark that the notice is
    /// applied goes with the last, so that a break in between is taken up again.
    async fn notice_commit(
        &self,
        delivery: &Delivery<'_>,
        provider: &Provider,
        plan: &Plan,
    ) -> std::result::Result<(), CommitError> {
        let changed = plan.changed_impacts.len();
        let total = plan.new_impacts.len();
        // Building it once without impacts tells how much room they have.
        let mut transaction = Transaction::new();
        self.notice_head(&mut transaction, delivery, provider, plan, 0, 0)?;
        let closing = CLOSING_ITEMS + changed.min(MAX_CHANGED_AT_ONCE);
        let first = total.min(transaction.room().saturating_sub(closing) / ITEMS_PER_NEW_IMPACT);
        let whole = first == total && changed <= MAX_CHANGED_AT_ONCE;
        let mut transaction = Transaction::new();
        self.notice_head(&mut transaction, delivery, provider, plan, first, usize::from(whole))?;
        for (impact, text) in &plan.new_impacts[..first] {
            transaction.impact_create(impact, text, plan.event.provider)?;
        }
        if whole {
            for (old, new, text) in &plan.changed_impacts {
                transaction.impact_update(old, new, text, plan.event.provider)?;
            }
            self.notice_close(&mut transaction, delivery, plan)?;
            return self.store.commit(transaction, self.now()).await;
        }
        self.store.commit(transaction, self.now()).await?;
        for chunk in plan.new_impacts[first..].chunks(MAX_NEW_AT_ONCE) {
            let mut transaction = Transaction::new();
            transaction.event_impacts_by_notice(plan.event.id, chunk.len());
            for (impact, text) in chunk {
                transaction.impact_create(impact, text, plan.event.provider)?;
            }
            self.store.commit(transaction, self.now()).await?;
        }
        for chunk in plan.changed_impacts.chunks(MAX_CHANGED_AT_ONCE) {
            let mut transaction = Transaction::new();
            for (old, new, text) in chunk {
                transaction.impact_update(old, new, text, plan.event.provider)?;
            }
            self.store.commit(transaction, self.now()).await?;
        }
        let mut transaction = Transaction::new();
        transaction.event_child(plan.event.id, self.now());
        self.notice_close(&mut transaction, delivery, plan)?;
        self.store.commit(transaction, self.now()).await
    }

    /// The event, the windows of its ticket, and the maintenance that it replaces.
    fn notice_head(
        &self,
        transaction: &mut Transaction,
        delivery: &Delivery<'_>,
        provider: &Provider,
        plan: &Plan,
        impacts: usize,
        others: usize,
    ) -> Result<()> {
        match &plan.before {
            Some(before) => transaction.event_update(&before.stored, &plan.event, plan.order, impacts, others)?,
            None => transaction.event_create(&plan.event, plan.order, impacts, others)?,
        }
        // Also where its windows stay: of two notices at once, the later one must see what the first has done, though
        // that may be no more than the order.
        if plan.order.is_some() {
            let ticket = &delivery.notice().maintenance_id;
            transaction.thread_put(provider.id, delivery.kind(), ticket, &plan.thread)?;
        }
        match &plan.original {
            Some(original) => self.mark_rescheduled(transaction, original, delivery.actor),
            None => Ok(()),
        }
    }

    /// The record of the mail, the mark that this notice of it is applied, and the decision to do so, if it took one.
    fn notice_close(&self, transaction: &mut Transaction, delivery: &Delivery<'_>, plan: &Plan) -> Result<()> {
        let from = delivery.mail.from.clone().unwrap_or_default();
        let notification = EventNotification {
            id: self.mint()?,
            event: EventRef { kind: plan.event.kind(), id: plan.event.id },
            email_body: delivery.mail.body_text.clone(),
            subject: Subject::clipped(&delivery.mail.subject, "(no subject)"),
            email_from: from.clone(),
            email_received: delivery.received,
            raw: Some(delivery.raw.to_owned()),
            message_id: delivery.mail.message_id.clone(),
            outdated: plan.effect == Effect::Outdated,
            tags: Vec::new(),
            custom_fields: serde_json::Map::new(),
            revision: Revision::first(self.stamp(delivery.actor)?),
        };
        transaction.notification_create(&notification, plan.event.provider)?;
        let message = Message {
            notice: Some(delivery.at),
            of: delivery.notices.len(),
            mark: MessageMark::Event(plan.event.id),
            received: delivery.received,
            raw: Some(delivery.raw.to_owned()),
        };
        let approval = match delivery.waited {
            Waited::Nothing => return transaction.message_create(delivery.key, &message),
            Waited::Mail(approval) => {
                transaction.message_create(delivery.key, &message)?;
                approval
            }
            Waited::Notice(approval) => {
                transaction.message_replace(delivery.key, &message)?;
                approval
            }
        };
        self.decide(transaction, approval, Verdict::Approved, vec![plan.event.id]).map(drop)
    }
}

/// Longest text of a notice in a key of the table, in bytes; DynamoDB allows 2048 in all.
const MAX_KEY_BYTES: usize = 1000;

/// Items of [`App::notice_close`].
const CLOSING_ITEMS: usize = 4;
/// New impacts of one further transaction: three items each, and the event.
const MAX_NEW_AT_ONCE: usize = 30;
/// Changed impacts of one transaction: one item each.
const MAX_CHANGED_AT_ONCE: usize = 20;

/// The named circuits that the inventory does not hold, each once with its worst level.
fn unmatched(named: &[NoticeCircuit], known: &HashMap<String, Circuit>) -> Vec<NoticeCircuit> {
    let mut places = HashMap::new();
    let mut unmatched: Vec<NoticeCircuit> = Vec::new();
    for circuit in named {
        let id = normalised_circuit_id(&circuit.circuit_id);
        if known.contains_key(&id) {
            continue;
        }
        let place = *places.entry(id).or_insert(unmatched.len());
        match unmatched.get_mut(place) {
            Some(found) => found.impact = found.impact.max(circuit.impact),
            None => unmatched.push(circuit.clone()),
        }
    }
    unmatched
}

/// What a notice says of its event, as changes. RE-SCHEDULED is no status to set: it says that the work moves to this
/// window.
fn event_changes(notice: &Notice, provider: &Provider) -> Result<EventChanges> {
    let name = Name::clipped(&notice.maintenance_id, "?");
    let summary = Summary::clipped(&notice.summary, &notice.maintenance_id);
    let (status, etr) = match notice.state {
        NoticeState::Maintenance(None | Some(MaintenanceStatus::Rescheduled)) => (None, None),
        NoticeState::Maintenance(Some(status)) => (Some(Status::Maintenance(status)), None),
        NoticeState::Outage { status, estimated_time_to_repair } => {
            (Some(Status::Outage(status)), Some(estimated_time_to_repair))
        }
    };
    Ok(EventChanges {
        name: Some(name),
        summary: Some(summary),
        provider: Some(provider.id),
        status,
        start: Some(notice.start),
        end: Some(notice.end),
        estimated_time_to_repair: etr,
        original_timezone: notice.zone.map(OriginalTimezone::from),
        backup: Some(notice.backup),
        ..EventChanges::default()
    })
}

/// What is known of a ticket after this notice.
fn with_window(mut thread: Thread, known: Option<EventId>, event: &Event, notice: &Notice) -> Thread {
    let window = KnownWindow {
        event: event.id,
        start: notice.start,
        end: notice.end,
        backup: notice.backup,
        uid: notice.uid.clone(),
    };
    match thread.windows.iter_mut().find(|window| Some(window.event) == known) {
        Some(place) => *place = window,
        None => thread.windows.push(window),
    }
    thread.newest = thread.newest.max(Some(notice.stamp));
    thread
}
