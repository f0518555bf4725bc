//! A mail arrives: it is kept, read, believed or not, and applied or put before a person. Never lost, never twice.

use noticeboard_domain::change::{Actor, Origin, Revision};
use noticeboard_domain::fields::Name;
use noticeboard_domain::job::JobName;
use noticeboard_domain::notice::Notice;
use noticeboard_domain::notification::Subject;
use noticeboard_domain::review::{ReviewItem, ReviewReason, Verdict};
use noticeboard_domain::time::{Time, rfc3339};
use noticeboard_domain::{Error, Result};
use noticeboard_mail::{Context, Mail, Reading};
use noticeboard_store::{CommitError, JournalEntry, JournalledApproval, Message, MessageMark, Refusal, Transaction};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::jobs::Facts;
use crate::notices::{Delivery, Waited};
use crate::outcome::{Ingested, Outcome, duplicate, duplicate_of, events_of, ingested, is_dealt_with};
use crate::reviews::Approval;
use crate::trust::Trust;
use crate::{App, MAX_RACES, too_many_races};

/// The largest mail that is taken in: what SES accepts. What SES stores is never larger.
pub const MAX_MAIL_BYTES: usize = noticeboard_mail::limits::MAX_MAIL_BYTES.value;

/// A mail, kept and read.
pub(crate) struct Received<'a> {
    pub(crate) mail: &'a Mail,
    /// What a second delivery is known by.
    pub(crate) key: String,
    /// The whole message in the bucket.
    pub(crate) raw: String,
    pub(crate) size: u64,
    pub(crate) received: Time,
    pub(crate) actor: Actor,
    /// Who lets it in, where the whole of it waited for a person.
    pub(crate) approval: Option<Approval>,
}

/// What a kept message is called in the bucket.
fn raw_key(sha256: &str) -> String {
    format!("mail/{sha256}")
}

/// What a second delivery of a mail that is believed is known by: a Message-ID is its sender's own. Without one it is
/// the whole message.
pub(crate) fn believed_key(from: &str, message_id: Option<&str>, raw: &str) -> String {
    message_id.map_or_else(|| content_key(raw), |id| format!("{from} {id}"))
}

/// What a second delivery of a mail that is not believed is known by: by its Message-ID it could use up that of the
/// genuine one.
pub(crate) fn content_key(raw: &str) -> String {
    format!("sha256:{}", raw.rsplit('/').next().unwrap_or(raw))
}

/// Reads a message.
pub(crate) async fn read(raw: Vec<u8>, received: Time) -> Result<(Vec<u8>, Reading)> {
    let read = move || {
        let reading = noticeboard_mail::read(&raw, &Context { received, hint: None });
        (raw, reading)
    };
    tokio::task::spawn_blocking(read).await.map_err(Error::internal)
}

impl App {
    /// Takes in a mail.
    ///
    /// # Errors
    /// [`Error::TooLarge`] past [`MAX_MAIL_BYTES`]; [`Error::Unavailable`] when it could not be kept or applied whole:
    /// the caller hands it in again, and nothing is done twice.
    pub async fn ingest(
        &self,
        request_id: &str,
        raw: Vec<u8>,
        received: Option<Time>,
        trust: Trust,
    ) -> Result<Ingested> {
        let size = raw.len();
        if size > MAX_MAIL_BYTES {
            return Err(Error::TooLarge { what: "The mail", limit: MAX_MAIL_BYTES, name: "MAX_MAIL_BYTES" });
        }
        let received = received.unwrap_or_else(|| self.now());
        let sha256 = Sha256::digest(&raw).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (bytes, reading) = read(raw, received).await?;
        let (mail, raw) = (&reading.mail, raw_key(&sha256));
        let from = mail.from.clone().unwrap_or_default();
        let doubt = trust.doubt(mail);
        let key = match doubt {
            None => believed_key(&from, mail.message_id.as_deref(), &raw),
            Some(_) => content_key(&raw),
        };
        let done = self.store.message(&key).await?;
        if is_dealt_with(&done, &trust) {
            return Ok(ingested(mail, duplicate(&done)));
        }
        let mut actor = mail_actor(request_id, &from, mail.message_id.as_deref().unwrap_or(&sha256));
        let mut approval = None;
        if let Trust::HandedIn(by) = &trust
            && let Some(item) = self.waited(&done, &key, &raw).await?
        {
            match item.decision.as_ref().map(|decision| decision.verdict) {
                // The person who looked at it has spoken.
                Some(Verdict::Denied) => return Ok(ingested(mail, duplicate_of(&item))),
                Some(Verdict::Approved) => {}
                None => {
                    let by = Actor { user: by.clone(), origin: Origin::Web, ..actor.clone() };
                    let found = Approval { item, by };
                    actor.message = found.note();
                    approval = Some(found);
                }
            }
        }
        let delivery = Received { mail, key, raw, size: size as u64, received, actor, approval };
        self.bucket.put(&delivery.raw, &bytes).await?;
        drop(bytes);
        let work = async {
            let outcome = self.take_in(&delivery, &reading.outcome, &trust, doubt, &done).await?;
            let facts = outcome.facts();
            Ok((outcome, facts))
        };
        let outcome = self.job(JobName::MailIngestion, &delivery.actor.user, facts_of(&delivery), work).await?;
        Ok(ingested(mail, outcome))
    }

    /// What waited for a person until someone handed it in, as a whole; decided or not.
    async fn waited(&self, done: &[Message], key: &str, raw: &str) -> Result<Option<ReviewItem>> {
        let whole = done.iter().find_map(|part| match part.mark {
            MessageMark::Review(id) if part.notice.is_none() => Some(id),
            MessageMark::Review(_) | MessageMark::Event(_) => None,
        });
        let content = content_key(raw);
        let found = match whole {
            // What was not believed waits by its content.
            None if key != content => self.store.message_review(&content).await?,
            found => found,
        };
        match found {
            Some(id) => self.store.review(id).await,
            None => Ok(None),
        }
    }

    /// Applies a mail, or puts it before a person.
    async fn take_in(
        &self,
        delivery: &Received<'_>,
        understood: &noticeboard_mail::Outcome,
        trust: &Trust,
        doubt: Option<String>,
        done: &[Message],
    ) -> Result<Outcome> {
        if let Some(doubt) = doubt {
            return self.review_whole(delivery, ReviewReason::Distrusted, doubt).await;
        }
        match understood {
            noticeboard_mail::Outcome::NotUnderstood(reason) => {
                self.review_whole(delivery, ReviewReason::Unreadable, reason.to_string()).await
            }
            noticeboard_mail::Outcome::Notices { notices, provider_known_by_sender, confidence, .. } => {
                // Who approves a mail that waits has decided to believe this reading.
                let is_decided = delivery.approval.is_some() || matches!(trust, Trust::Before);
                if *confidence < noticeboard_mail::KNOWN_FORMAT && !is_decided {
                    let why = guessed(notices, *confidence);
                    return self.review_whole(delivery, ReviewReason::Unreadable, why).await;
                }
                match trust.doubt_of_provider(delivery.mail, *provider_known_by_sender) {
                    Some(doubt) => self.review_whole(delivery, ReviewReason::Distrusted, doubt).await,
                    None => self.apply(delivery, notices, done).await,
                }
            }
        }
    }

    /// Applies the notices that are not applied yet. A mail that waited whole goes on waiting where none can be.
    pub(crate) async fn apply(&self, delivery: &Received<'_>, notices: &[Notice], done: &[Message]) -> Result<Outcome> {
        let entry = journal_entry(delivery, delivery.approval.as_ref());
        let journalled = takes_several(notices);
        if journalled {
            self.journal_begin(&entry).await?;
            if let Some(approval) = &delivery.approval
                && self.is_decided(approval).await?
            {
                self.journal_done(&entry).await?;
                return Ok(duplicate_of(&approval.item));
            }
        }
        // The decision about a mail of one notice is one transaction with it.
        let waited = match &delivery.approval {
            Some(approval) if notices.len() == 1 => Waited::Mail(approval),
            Some(_) | None => Waited::Nothing,
        };
        let (mut applied, mut refused) = (Vec::new(), Vec::new());
        for at in 0..notices.len() {
            if done.iter().any(|part| part.notice == Some(at)) {
                continue;
            }
            match self.notice_apply(&part(delivery, notices, at, waited)).await {
                Ok(Some(notice)) => applied.push(notice),
                // Another delivery of the same mail was faster.
                Ok(None) => {}
                Err(error @ (Error::Invalid(_) | Error::TooLarge { .. })) => {
                    refused.push((at, broken_rule(&notices[at], &error)));
                }
                Err(error) => return Err(error),
            }
        }
        let mut closing = Transaction::new();
        if journalled {
            closing.journal_delete(&entry);
        }
        let nothing = applied.is_empty() && done.iter().all(|part| part.notice.is_none());
        match (&delivery.approval, refused.first()) {
            (Some(approval), Some((_, why))) if nothing => {
                self.still_waits(approval, ReviewReason::Refused, why).await?;
                self.commit_all(closing).await?;
                return Ok(duplicate_of(&approval.item));
            }
            (Some(_) | None, _) => {}
        }
        let mut reviews = Vec::new();
        for (at, why) in refused {
            let review = self.review_part(delivery, Some((at, notices.len())), ReviewReason::Refused, why).await?;
            reviews.extend(review.map(|review| review.id));
        }
        match &delivery.approval {
            Some(approval) if notices.len() > 1 => {
                let events = events_of(&self.store.message(&delivery.key).await?);
                self.settle(approval, events, closing).await?;
            }
            Some(_) | None => self.commit_all(closing).await?,
        }
        match (applied.is_empty(), reviews.first()) {
            (true, None) => Ok(duplicate(&self.store.message(&delivery.key).await?)),
            (true, Some(first)) => Ok(Outcome::Review(Box::new(self.review(*first).await?))),
            (false, _) => Ok(Outcome::Applied { applied, reviews }),
        }
    }

    /// Puts a whole mail before a person, unless it waits already.
    async fn review_whole(&self, delivery: &Received<'_>, reason: ReviewReason, why: String) -> Result<Outcome> {
        if let Some(approval) = &delivery.approval {
            self.still_waits(approval, reason, &why).await?;
            return Ok(duplicate_of(&approval.item));
        }
        match self.review_part(delivery, None, reason, why).await? {
            Some(review) => Ok(Outcome::Review(Box::new(review))),
            None => Ok(duplicate(&self.store.message(&delivery.key).await?)),
        }
    }

    /// Puts a mail before a person: whole, or one of its notices, which is given with how many there are.
    async fn review_part(
        &self,
        delivery: &Received<'_>,
        notice: Option<(usize, usize)>,
        reason: ReviewReason,
        why: String,
    ) -> Result<Option<ReviewItem>> {
        for _ in 0..MAX_RACES {
            let review = ReviewItem {
                id: self.mint()?,
                reason,
                explanation: why.clone(),
                subject: delivery.mail.subject.clone(),
                email_from: delivery.mail.from.clone().unwrap_or_default(),
                email_received: delivery.received,
                message_id: delivery.mail.message_id.clone(),
                raw: delivery.raw.clone(),
                size: delivery.size,
                decision: None,
                revision: Revision::first(self.stamp(&delivery.actor)?),
            };
            let mut transaction = Transaction::new();
            transaction.review_create(&review)?;
            let message = Message {
                notice: notice.map(|(at, _)| at),
                of: notice.map_or(1, |(_, of)| of),
                mark: MessageMark::Review(review.id),
                received: delivery.received,
                raw: Some(delivery.raw.clone()),
            };
            transaction.message_create(&delivery.key, &message)?;
            match self.store.commit(transaction).await {
                Ok(()) => {
                    // `template.yaml` counts these lines.
                    tracing::info!(review = %review.id, ?reason, "mail waits for a person");
                    return Ok(Some(review));
                }
                Err(CommitError::Refused(Refusal::NoticeApplied)) => return Ok(None),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// Takes up a mail again that was not applied whole.
    pub(crate) async fn ingest_again(&self, raw: &str, received: Time, request_id: &str) -> Result<()> {
        let bytes = self.bucket.get(raw).await?;
        self.ingest(request_id, bytes, Some(received), Trust::Before).await.map(drop)
    }

    /// Writes work down that begins now.
    pub(crate) async fn journal_begin(&self, entry: &JournalEntry) -> Result<()> {
        let mut transaction = Transaction::new();
        transaction.journal_put(entry, self.now())?;
        self.commit_all(transaction).await
    }

    /// Commits what has no condition that could fail.
    pub(crate) async fn commit_all(&self, transaction: Transaction) -> Result<()> {
        match self.store.commit(transaction).await {
            Ok(()) => Ok(()),
            Err(CommitError::Refused(refusal)) => Err(Error::internal(format!("unexpected refusal {refusal:?}"))),
            Err(CommitError::Failed(error)) => Err(error),
        }
    }
}

/// A notice with more circuits than this may take more than one transaction.
const MAX_DIRECT_CIRCUITS: usize = 12;

/// Whether applying these notices may take more than one transaction.
pub(crate) fn takes_several(notices: &[Notice]) -> bool {
    notices.len() > 1 || notices.iter().any(|notice| notice.circuits.len() > MAX_DIRECT_CIRCUITS)
}

/// A mail that is being applied, as work to be finished by whoever finds it.
pub(crate) fn journal_entry(delivery: &Received<'_>, approval: Option<&Approval>) -> JournalEntry {
    // Another message under the same Message-ID is not what waits: approving that again would not finish this.
    let approval = approval.filter(|approval| approval.item.raw == delivery.raw);
    JournalEntry::Mail {
        raw: delivery.raw.clone(),
        received: delivery.received,
        request_id: delivery.actor.request_id.clone(),
        approval: approval.map(|approval| JournalledApproval { review: approval.item.id, actor: approval.by.clone() }),
    }
}

/// One notice of a mail.
pub(crate) fn part<'a>(
    delivery: &'a Received<'_>,
    notices: &'a [Notice],
    at: usize,
    waited: Waited<'a>,
) -> Delivery<'a> {
    Delivery {
        notices,
        at,
        mail: delivery.mail,
        key: &delivery.key,
        raw: &delivery.raw,
        received: delivery.received,
        actor: &delivery.actor,
        waited,
    }
}

/// Why a notice is not applied, for people.
pub(crate) fn broken_rule(notice: &Notice, error: &Error) -> String {
    let name = Name::clipped(&notice.maintenance_id, "?");
    format!("The notice {name} breaks a rule: {error}")
}

pub(crate) fn mail_actor(request_id: &str, from: &str, message: &str) -> Actor {
    Actor {
        user: if from.is_empty() { "unknown sender".into() } else { from.to_owned() },
        request_id: request_id.to_owned(),
        origin: Origin::Job,
        detail: format!("Mail {message}"),
        message: String::new(),
    }
}

/// What the job of a mail is told of it.
fn facts_of(delivery: &Received<'_>) -> Facts {
    vec![
        ("message_id", json!(delivery.mail.message_id)),
        ("email_from", json!(delivery.mail.from)),
        ("subject", json!(Subject::clipped(&delivery.mail.subject, "").as_str())),
        ("size", delivery.size.into()),
        ("received", rfc3339(delivery.received).into()),
    ]
}

/// What a mail seems to say that no known format reads, or that leaves out its window.
fn guessed(notices: &[Notice], confidence: u8) -> String {
    const MAX_SHOWN: usize = 5;
    let shown: Vec<String> = (notices.iter().take(MAX_SHOWN))
        .map(|notice| format!("{} {} from {}", notice.maintenance_id, notice.status_text(), notice.start.to_rfc3339()))
        .collect();
    let shown = shown.join("; ");
    format!("The mail is not read with certainty. It seems to say ({confidence} % sure): {shown}.")
}
