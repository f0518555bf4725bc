//! Mail that waits for a person: listed, and decided about.
//!
//! An approval lets a mail in, or the one notice of it that waits, as if someone who may write had handed it in. Its
//! decision is one transaction with what is applied last; a break before that is repaired by approving again, which
//! whoever finds the work abandoned does too.

use noticeboard_domain::change::{Actor, Expected};
use noticeboard_domain::ids::{EventId, ReviewId};
use noticeboard_domain::review::{Decision, ReviewItem, ReviewReason, Verdict};
use noticeboard_domain::{Error, Result};
use noticeboard_store::{CommitError, JournalledApproval, Message, MessageMark, Refusal, Transaction};

use crate::impacts::whole;
use crate::ingest::{Received, believed_key, broken_rule, journal_entry, mail_actor, part, takes_several};
use crate::notices::Waited;
use crate::outcome::{Outcome, events_of, is_applied};
use crate::{App, MAX_RACES, too_many_races};

/// Which review items are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reviews {
    /// Those that wait.
    Waiting,
    /// Those with this verdict.
    Decided(Verdict),
    /// All.
    All,
}

/// Someone lets in what waits.
#[derive(Debug, Clone)]
pub(crate) struct Approval {
    /// What waits, as it was read.
    pub(crate) item: ReviewItem,
    /// Who.
    pub(crate) by: Actor,
}

impl Approval {
    /// What the changes that follow from it note.
    pub(crate) fn note(&self) -> String {
        format!("Approved by {}", self.by.user)
    }
}

impl App {
    /// Review items, newest first: `limit` of them after the first `offset`, and how many there are.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there are more than may be read.
    pub async fn review_list(&self, which: Reviews, offset: usize, limit: usize) -> Result<(Vec<ReviewItem>, u64)> {
        let most = self.settings.list_read_limit;
        let wanted: &[Option<Verdict>] = match which {
            Reviews::Waiting => &[None],
            Reviews::Decided(Verdict::Approved) => &[Some(Verdict::Approved)],
            Reviews::Decided(Verdict::Denied) => &[Some(Verdict::Denied)],
            Reviews::All => &[None, Some(Verdict::Approved), Some(Verdict::Denied)],
        };
        let mut reviews = Vec::new();
        for verdict in wanted {
            reviews.extend(whole(self.store.review_list(*verdict, most).await?, most)?);
        }
        reviews.sort_unstable_by_key(|review| std::cmp::Reverse(review.id));
        let count = reviews.len() as u64;
        Ok((reviews.into_iter().skip(offset).take(limit).collect(), count))
    }

    /// One review item, decided or not.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn review(&self, id: ReviewId) -> Result<ReviewItem> {
        self.store.review(id).await?.ok_or(Error::NotFound { what: "ReviewItem" })
    }

    /// Lets in what waits: the mail is read again and applied. Approving again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::VersionMismatch`]; [`Error::Conflict`] when it was denied, is still not understood
    /// or still breaks a rule, which the item then says: it goes on waiting.
    pub async fn review_approve(&self, actor: &Actor, id: ReviewId, expected: &Expected) -> Result<ReviewItem> {
        // What is applied takes its turns itself.
        for race in 0..MAX_RACES {
            let item = self.review(id).await?;
            if race == 0 {
                expected.check(item.revision.version)?;
            }
            if decided(&item, Verdict::Approved)? {
                return Ok(item);
            }
            let key = believed_key(&item.email_from, item.message_id.as_deref(), &item.raw);
            let done = self.store.message(&key).await?;
            let approval = Approval { item, by: actor.clone() };
            match notice_of(&done, id) {
                Some(at) => self.approve_notice(&approval, key, at).await?,
                None => self.approve_mail(&approval, key, &done).await?,
            }
        }
        Err(too_many_races())
    }

    /// Lets in a whole mail. Where that is done, or someone else was faster, the item says so afterwards.
    async fn approve_mail(&self, approval: &Approval, key: String, done: &[Message]) -> Result<()> {
        let item = &approval.item;
        let applied = || done.iter().filter(|part| part.notice.is_some());
        if applied().any(|part| part.raw.as_ref().is_some_and(|raw| *raw != item.raw)) {
            let why = "Another mail of this sender with this Message-ID is applied already. Deny this one.";
            return Err(Error::Conflict(why.into()));
        }
        if is_applied(done) {
            let events = events_of(done);
            if events.is_empty() {
                let why = "The notices of this mail wait by themselves. Decide about those, and deny this one.";
                return Err(Error::Conflict(why.into()));
            }
            return self.settle(approval, events, Transaction::new()).await;
        }
        let bytes = self.bucket.get(&item.raw).await?;
        let (_, reading) = self.read(bytes, item.email_received).await?;
        let delivery = received(approval, &reading.mail, key);
        match &reading.outcome {
            noticeboard_mail::Outcome::NotUnderstood(reason) => {
                self.refuse(approval, ReviewReason::Unreadable, &reason.to_string()).await
            }
            noticeboard_mail::Outcome::Notices { notices, .. } => match self.apply(&delivery, notices, done).await? {
                Outcome::Duplicate { events, .. } if events.is_empty() => {
                    let item = self.review(item.id).await?;
                    if item.decision.is_some() { Ok(()) } else { Err(Error::Conflict(item.explanation)) }
                }
                Outcome::Applied { .. } | Outcome::Duplicate { .. } | Outcome::Review(_) => Ok(()),
            },
        }
    }

    /// Lets in one notice of a mail.
    async fn approve_notice(&self, approval: &Approval, key: String, at: usize) -> Result<()> {
        let item = &approval.item;
        let bytes = self.bucket.get(&item.raw).await?;
        let (_, reading) = self.read(bytes, item.email_received).await?;
        let notices = match &reading.outcome {
            noticeboard_mail::Outcome::NotUnderstood(reason) => {
                return self.refuse(approval, ReviewReason::Unreadable, &reason.to_string()).await;
            }
            noticeboard_mail::Outcome::Notices { notices, .. } if at < notices.len() => notices,
            noticeboard_mail::Outcome::Notices { .. } => {
                let why = format!("The mail is read differently now: it has no notice {}.", at + 1);
                return self.refuse(approval, ReviewReason::Unreadable, &why).await;
            }
        };
        let delivery = received(approval, &reading.mail, key);
        let entry = journal_entry(&delivery, Some(approval));
        let journalled = takes_several(std::slice::from_ref(&notices[at]));
        if journalled {
            self.journal_begin(&entry).await?;
            if self.is_decided(approval).await? {
                return self.journal_done(&entry).await;
            }
        }
        let done = match self.notice_apply(&part(&delivery, notices, at, Waited::Notice(approval))).await {
            Ok(_) => Ok(()),
            Err(error @ (Error::Invalid(_) | Error::TooLarge { .. })) => {
                self.refuse(approval, ReviewReason::Refused, &broken_rule(&notices[at], &error)).await
            }
            Err(error) => return Err(error),
        };
        if journalled {
            self.journal_done(&entry).await?;
        }
        done
    }

    /// Whether somebody has decided since. Asked once an approval is written down as work: from then on nobody denies
    /// what it is about (`no_approval`), so that nothing is applied that is denied.
    pub(crate) async fn is_decided(&self, approval: &Approval) -> Result<bool> {
        Ok(self.review(approval.item.id).await?.decision.is_some())
    }

    /// What waits cannot be let in.
    async fn refuse(&self, approval: &Approval, reason: ReviewReason, why: &str) -> Result<()> {
        self.still_waits(approval, reason, why).await?;
        Err(Error::Conflict(why.to_owned()))
    }

    /// Says anew why something waits, where that has changed.
    pub(crate) async fn still_waits(&self, approval: &Approval, reason: ReviewReason, why: &str) -> Result<()> {
        let before = &approval.item;
        if before.reason == reason && before.explanation == why {
            return Ok(());
        }
        let after = ReviewItem {
            reason,
            explanation: why.to_owned(),
            revision: before.revision.next(self.stamp(&approval.by)?),
            ..before.clone()
        };
        let mut transaction = Transaction::new();
        transaction.review_update(before, &after)?;
        match self.store.commit(transaction, self.now()).await {
            // Someone else has decided, or has said so as well.
            Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Failed(error)) => Err(error),
        }
    }

    /// Puts a decision about an item into a transaction, which is refused when the item has changed; gives the item as
    /// it will be.
    pub(crate) fn decide(
        &self,
        transaction: &mut Transaction,
        approval: &Approval,
        verdict: Verdict,
        events: Vec<EventId>,
    ) -> Result<ReviewItem> {
        let (before, stamp) = (&approval.item, self.stamp(&approval.by)?);
        let decision = Decision { verdict, at: stamp.at, by: approval.by.user.clone(), events };
        let after = ReviewItem { decision: Some(decision), revision: before.revision.next(stamp), ..before.clone() };
        transaction.review_update(before, &after)?;
        Ok(after)
    }

    /// Decides that a mail whose notices are applied is approved, together with what closes the work. An item that was
    /// decided about meanwhile stays as it is.
    pub(crate) async fn settle(&self, approval: &Approval, events: Vec<EventId>, closing: Transaction) -> Result<()> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let approval = Approval { item: self.review(approval.item.id).await?, by: approval.by.clone() };
            let mut transaction = closing.clone();
            if approval.item.decision.is_none() {
                self.decide(&mut transaction, &approval, Verdict::Approved, events.clone())?;
            }
            match self.store.commit(transaction, self.now()).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// Approves once more what someone approved whose process died over it.
    pub(crate) async fn approve_again(&self, journalled: &JournalledApproval) -> Result<()> {
        match self.review_approve(&journalled.actor, journalled.review, &Expected::default()).await {
            // What cannot be let in any more waits, or was denied: nothing of it was applied.
            Ok(_) | Err(Error::Conflict(_) | Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Decides that what waits is not to count. The mail is kept; another delivery of it changes nothing. Denying again
    /// changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::VersionMismatch`]; [`Error::Conflict`] when it was approved, or is applied in part.
    pub async fn review_deny(&self, actor: &Actor, id: ReviewId, expected: &Expected) -> Result<ReviewItem> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let item = self.review(id).await?;
            expected.check(item.revision.version)?;
            if decided(&item, Verdict::Denied)? {
                return Ok(item);
            }
            let key = believed_key(&item.email_from, item.message_id.as_deref(), &item.raw);
            let done = self.store.message(&key).await?;
            let is_its_own = |part: &Message| match part.mark {
                MessageMark::Event(_) => part.raw.as_ref() == Some(&item.raw),
                MessageMark::Review(_) => false,
            };
            if notice_of(&done, id).is_none() && done.iter().any(is_its_own) {
                let why = "This mail is applied already, at least in part. Approve it.";
                return Err(Error::Conflict(why.into()));
            }
            let mut transaction = Transaction::new();
            let decision = Approval { item, by: actor.clone() };
            let denied = self.decide(&mut transaction, &decision, Verdict::Denied, Vec::new())?;
            transaction.no_approval(id);
            match self.store.commit(transaction, self.now()).await {
                Err(CommitError::Refused(Refusal::ApprovalBegun)) => {
                    return Err(Error::Conflict("It is being approved.".into()));
                }
                Ok(()) => return Ok(denied),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }
}

/// Whether this was decided about an item already.
///
/// # Errors
/// [`Error::Conflict`] when the other was.
fn decided(item: &ReviewItem, verdict: Verdict) -> Result<bool> {
    match &item.decision {
        None => Ok(false),
        Some(decision) if decision.verdict == verdict => Ok(true),
        Some(decision) => Err(Error::Conflict(format!("{} has {} this.", decision.by, decision.verdict.as_str()))),
    }
}

/// Which notice of its mail an item is; none when it is the whole mail.
fn notice_of(done: &[Message], id: ReviewId) -> Option<usize> {
    done.iter().find(|part| part.mark == MessageMark::Review(id))?.notice
}

/// A kept mail, as handed in by whoever approves it.
fn received<'a>(approval: &Approval, mail: &'a noticeboard_mail::Mail, key: String) -> Received<'a> {
    let item = &approval.item;
    let name = item.message_id.as_deref().or_else(|| item.raw.rsplit('/').next()).unwrap_or_default();
    let mut actor = mail_actor(&approval.by.request_id, &item.email_from, name);
    actor.message = approval.note();
    Received {
        mail,
        key,
        raw: item.raw.clone(),
        size: item.size,
        received: item.email_received,
        actor,
        approval: Some(approval.clone()),
    }
}
