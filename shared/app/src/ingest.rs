//! A mail arrives: it is kept, read, believed or not, and applied or put before a person. Never lost, never twice.

use noticeboard_domain::change::{Actor, Origin, Revision};
use noticeboard_domain::fields::Name;
use noticeboard_domain::ids::{EventId, ReviewId};
use noticeboard_domain::notice::Notice;
use noticeboard_domain::review::{ReviewItem, ReviewReason};
use noticeboard_domain::time::Time;
use noticeboard_domain::{Error, Result};
use noticeboard_mail::{Context, Mail};
use noticeboard_store::{CommitError, JournalEntry, Message, MessageMark, Refusal, Transaction};
use sha2::{Digest, Sha256};

use crate::notices::{Applied, Delivery};
use crate::{App, MAX_RACES, too_many_races};

/// The largest mail that is taken in: what SES accepts. What SES stores is never larger.
pub const MAX_MAIL_BYTES: usize = noticeboard_mail::limits::MAX_MAIL_BYTES.value;

/// One verdict of the mail system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// The sender's domain has no policy, or the check could not be made.
    Unknown,
}

/// What the mail system says of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdicts {
    /// Not spam.
    pub spam: Verdict,
    /// No virus.
    pub virus: Verdict,
    /// Sent from where the domain of its envelope sends from.
    pub spf: Verdict,
    /// Signed by some domain.
    pub dkim: Verdict,
    /// Either of these for the domain that people see.
    pub dmarc: Verdict,
    /// The address in its envelope, for which SPF speaks.
    pub envelope_from: Option<String>,
}

/// Why a mail may be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Someone with the right to write handed it in.
    HandedIn,
    /// The mail system received it and says this of it.
    Received(Verdicts),
}

impl Trust {
    /// Why the sender that this mail names is not believed, if it is not.
    fn doubt(&self, mail: &Mail) -> Option<String> {
        let Self::Received(verdicts) = self else {
            return None;
        };
        let checks = [
            (verdicts.virus, "a virus was found in it"),
            (verdicts.spam, "the mail system calls it spam"),
            (verdicts.dmarc, "DMARC says that its sender is not who it claims to be"),
        ];
        if let Some((_, why)) = checks.iter().find(|(verdict, _)| *verdict == Verdict::Fail) {
            return Some(format!("The mail is not believed: {why}."));
        }
        // A signature alone is no proof: it may be anybody's. And SPF is one only for the domain that people see.
        let aligned = match (verdicts.envelope_from.as_deref().and_then(domain), mail.from.as_deref().and_then(domain))
        {
            (Some(envelope), Some(from)) => is_or_is_below(&envelope, &from) || is_or_is_below(&from, &envelope),
            _ => false,
        };
        let vouched = verdicts.dmarc == Verdict::Pass || (verdicts.spf == Verdict::Pass && aligned);
        (!vouched)
            .then(|| "The mail is not believed: neither DMARC nor SPF speaks for the sender that it names.".into())
    }

    /// Why this sender, genuine or not, is not believed for this provider, if it is not.
    fn doubt_of_provider(&self, mail: &Mail, known_sender: bool) -> Option<String> {
        match self {
            Self::HandedIn => None,
            Self::Received(_) if known_sender => None,
            Self::Received(_) => {
                let from = mail.from.as_deref().unwrap_or("nobody");
                Some(format!("The mail is not believed: {from} is not known to write for this provider."))
            }
        }
    }
}

/// The domain of an address, in lower case.
fn domain(address: &str) -> Option<String> {
    address.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase()).filter(|domain| domain.contains('.'))
}

/// Whether a domain is another one or lies below it.
fn is_or_is_below(domain: &str, other: &str) -> bool {
    domain == other || domain.strip_suffix(other).is_some_and(|rest| rest.ends_with('.'))
}

/// What became of a mail.
#[derive(Debug, Clone, PartialEq)]
pub struct Ingested {
    /// The mail's `Message-ID`, if it has one.
    pub message_id: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a mail.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Its notices were applied.
    Applied {
        /// What each did.
        applied: Vec<Applied>,
        /// The review items of those that break a rule.
        reviews: Vec<ReviewId>,
    },
    /// It was dealt with before; this delivery changed nothing.
    Duplicate {
        /// The events that it touched then.
        events: Vec<EventId>,
        /// The review items that it became then.
        reviews: Vec<ReviewId>,
    },
    /// It waits for a person.
    Review(Box<ReviewItem>),
}

/// A mail, kept and read.
struct Received<'a> {
    mail: &'a Mail,
    /// What a second delivery is known by.
    key: String,
    raw: String,
    size: u64,
    received: Time,
    actor: Actor,
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
        let key = format!("mail/{sha256}");
        let (raw, reading) = tokio::task::spawn_blocking(move || {
            let reading = noticeboard_mail::read(&raw, &Context { received, hint: None });
            (raw, reading)
        })
        .await
        .map_err(Error::internal)?;
        let mail = &reading.mail;
        let from = mail.from.clone().unwrap_or_default();
        let doubt = trust.doubt(mail);
        // A Message-ID is its sender's own: another's mail, or a forged one, must not use it up.
        let by_id = mail.message_id.as_ref().filter(|_| doubt.is_none()).map(|id| format!("{from} {id}"));
        let delivery = Received {
            mail,
            actor: mail_actor(request_id, &from, mail.message_id.as_deref().unwrap_or(&sha256)),
            key: by_id.unwrap_or_else(|| format!("sha256:{sha256}")),
            raw: key,
            size: size as u64,
            received,
        };
        let done = self.store.message(&delivery.key).await?;
        if is_dealt_with(&done, &trust) {
            return Ok(ingested(mail, duplicate(&done)));
        }
        self.bucket.put(&delivery.raw, &raw).await?;
        drop(raw);
        if let Some(doubt) = doubt {
            return self.review_whole(&delivery, ReviewReason::Distrusted, doubt).await;
        }
        match &reading.outcome {
            noticeboard_mail::Outcome::NotUnderstood(reason) => {
                self.review_whole(&delivery, ReviewReason::Unreadable, reason.to_string()).await
            }
            noticeboard_mail::Outcome::Notices { notices, provider_known_by_sender, confidence, .. } => {
                // Who hands in a mail that waits for a person has decided to believe this reading.
                let is_decided = done.iter().any(|part| part.notice.is_none());
                if *confidence < noticeboard_mail::KNOWN_FORMAT && !is_decided {
                    let why = guessed(notices, *confidence);
                    return self.review_whole(&delivery, ReviewReason::Unreadable, why).await;
                }
                match trust.doubt_of_provider(mail, *provider_known_by_sender) {
                    Some(doubt) => self.review_whole(&delivery, ReviewReason::Distrusted, doubt).await,
                    None => self.apply(&delivery, notices, &done).await,
                }
            }
        }
    }

    /// Applies the notices that are not applied yet.
    async fn apply(&self, delivery: &Received<'_>, notices: &[Notice], done: &[Message]) -> Result<Ingested> {
        let entry = JournalEntry::Mail {
            raw: delivery.raw.clone(),
            received: delivery.received,
            request_id: delivery.actor.request_id.clone(),
        };
        let journalled = notices.len() > 1 || notices.iter().any(|notice| notice.circuits.len() > MAX_DIRECT_CIRCUITS);
        if journalled {
            let mut transaction = Transaction::new();
            transaction.journal_put(&entry, self.now())?;
            self.commit_all(transaction).await?;
        }
        let (mut applied, mut reviews) = (Vec::new(), Vec::new());
        for at in 0..notices.len() {
            if done.iter().any(|part| part.notice == Some(at)) {
                continue;
            }
            let part = Delivery {
                notices,
                at,
                mail: delivery.mail,
                key: &delivery.key,
                raw: &delivery.raw,
                received: delivery.received,
                actor: &delivery.actor,
            };
            match self.notice_apply(&part).await {
                Ok(Some(notice)) => applied.push(notice),
                // Another delivery of the same mail was faster.
                Ok(None) => {}
                Err(error @ (Error::Invalid(_) | Error::TooLarge { .. })) => {
                    let name = Name::clipped(&notices[at].maintenance_id, "?");
                    let why = format!("The notice {name} breaks a rule: {error}");
                    let review = self.review_part(delivery, Some((at, notices.len())), ReviewReason::Refused, why);
                    reviews.extend(review.await?.map(|review| review.id));
                }
                Err(error) => return Err(error),
            }
        }
        if journalled {
            let mut transaction = Transaction::new();
            transaction.journal_delete(&entry);
            self.commit_all(transaction).await?;
        }
        match (applied.is_empty(), reviews.first()) {
            (true, None) => {
                let done = self.store.message(&delivery.key).await?;
                Ok(ingested(delivery.mail, duplicate(&done)))
            }
            (true, Some(first)) => {
                let review = self.review(*first).await?;
                Ok(ingested(delivery.mail, Outcome::Review(Box::new(review))))
            }
            (false, _) => Ok(ingested(delivery.mail, Outcome::Applied { applied, reviews })),
        }
    }

    /// Puts a whole mail before a person.
    async fn review_whole(&self, delivery: &Received<'_>, reason: ReviewReason, why: String) -> Result<Ingested> {
        let review = self.review_part(delivery, None, reason, why).await?;
        let outcome = match review {
            Some(review) => Outcome::Review(Box::new(review)),
            None => duplicate(&self.store.message(&delivery.key).await?),
        };
        Ok(ingested(delivery.mail, outcome))
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
            };
            transaction.message_create(&delivery.key, &message)?;
            match self.store.commit(transaction).await {
                Ok(()) => return Ok(Some(review)),
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
        // It was believed when it was written down.
        self.ingest(request_id, bytes, Some(received), Trust::HandedIn).await.map(drop)
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

fn mail_actor(request_id: &str, from: &str, message: &str) -> Actor {
    Actor {
        user: if from.is_empty() { "unknown sender".into() } else { from.to_owned() },
        request_id: request_id.to_owned(),
        origin: Origin::Job,
        detail: format!("Mail {message}"),
        message: String::new(),
    }
}

fn ingested(mail: &Mail, outcome: Outcome) -> Ingested {
    Ingested { message_id: mail.message_id.clone(), outcome }
}

/// Whether another delivery of a mail has nothing left to do. A mail that waits for a person whole is read again when
/// someone hands it in: that is a decision, and the formats may have learnt to read it.
fn is_dealt_with(done: &[Message], trust: &Trust) -> bool {
    let notices = done.iter().filter(|part| part.notice.is_some()).count();
    let waits = done.iter().any(|part| part.notice.is_none());
    done.iter().any(|part| part.notice.is_some() && notices >= part.of) || (waits && *trust != Trust::HandedIn)
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

fn duplicate(done: &[Message]) -> Outcome {
    let (mut events, mut reviews) = (Vec::new(), Vec::new());
    for part in done {
        match part.mark {
            MessageMark::Event(id) => events.push(id),
            MessageMark::Review(id) => reviews.push(id),
        }
    }
    Outcome::Duplicate { events, reviews }
}
