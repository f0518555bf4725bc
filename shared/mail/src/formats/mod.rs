//! The formats that are read, and which of them reads a mail.

mod aws;
mod bso;
mod cogent;
mod colt;
mod common;
mod crowncastle;
mod equinix;
mod gcx;
mod generic;
mod google;
mod gtt;
mod incident;
mod kpn;
mod lumen;
mod maintnote;
mod momentum;
mod netflix;
mod pccw;
mod registry;
mod retn;
mod sparkle;
mod text_format;
mod turkcell;
mod zayo;

use std::cell::OnceCell;

use noticeboard_domain::notice::{Notice, NoticeProvider, NoticeState};
use noticeboard_domain::status::MaintenanceStatus;

use crate::draft::{Draft, Missing, Trouble, notices};
use crate::html::Document;
use crate::limits::MAX_NOTICES;
use crate::mime::Message;
use crate::origins::Origin;
use crate::part::Unread;
use crate::senders::Senders;
use crate::toolkit::text::{plain, push_plain};
use crate::toolkit::{incident as faults, status};
use crate::view::View;
use crate::{Context, Outcome, Reason};

use registry::{Format, Reads};
pub use registry::{Formats, SENDERS_FILE};

/// What a format reads of a mail.
type Read = for<'a> fn(&'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble>;

/// Notices, each with where its fields came from.
type Explained = Vec<(Notice, Vec<Origin>)>;

/// What was read, and by which format.
struct Understood {
    format: String,
    confidence: u8,
    notices: Explained,
}

/// What recognising a format needs of a message, made once.
struct Clues<'a> {
    message: &'a Message,
    /// Subject and bodies in small letters, with one blank between words.
    words: String,
    /// The provider by its sender, or by the sender that a mailing list names.
    sender: Option<NoticeProvider>,
    /// The provider by the caller's word.
    hint: Option<NoticeProvider>,
}

/// What a format makes of a message.
enum Verdict {
    /// All that it announces, and how sure that is.
    Notices(Explained, u8),
    /// It is in this format, but this is missing or cannot be read.
    Incomplete(Missing),
    /// It cannot be read within the limits.
    Refused(Reason),
    /// It is in another format.
    Foreign {
        /// How many signs of this format it shows.
        signs: usize,
        /// The first sign that it lacks.
        missing: Missing,
    },
}

/// Reads the mail; where no format knows its own text, the mails that it quotes or forwards there; and where none
/// knows those either, the mails that are attached to it. What its author wrote about an older mail goes before that
/// mail.
pub(crate) fn read(messages: &[Message], context: &Context<'_>, formats: &Formats) -> Outcome {
    let mut nearest = Nearest::default();
    let Some((outer, attached)) = messages.split_first() else { return Outcome::NotUnderstood(Reason::Empty) };
    let reader = Reader { context, formats };
    let mut incomplete = None;
    match reader.whole(outer, &mut nearest) {
        Some(Ok(found)) => {
            let sender = outer.from.as_deref().and_then(|address| formats.senders.by_address(address));
            return outcome(found, sender.as_ref());
        }
        // Who forwards a notice as an attachment may name it in the subject.
        Some(Err(Reason::Incomplete { format, missing }))
            if !attached.is_empty() && sender_of(outer, &formats.senders).is_none() =>
        {
            incomplete = Some(Reason::Incomplete { format, missing });
        }
        Some(Err(reason)) => return Outcome::NotUnderstood(reason),
        None => {}
    }
    let mut found: Option<Understood> = None;
    for message in attached {
        match reader.whole(message, &mut nearest) {
            Some(Ok(more)) => match &mut found {
                Some(found) => found.notices.extend(more.notices),
                None => found = Some(more),
            },
            Some(Err(reason)) => return Outcome::NotUnderstood(reason),
            None => {}
        }
    }
    match found {
        Some(found) => outcome(found, None),
        None => {
            let nearest = || nearest.reason(sender_of(outer, &formats.senders), unread(messages));
            Outcome::NotUnderstood(incomplete.unwrap_or_else(nearest))
        }
    }
}

/// A part of the mail that may hold what it says and is not read. An image is, only where there is nothing else.
fn unread(messages: &[Message]) -> Option<Unread> {
    let has_text = messages.iter().flat_map(Message::bodies).any(|(_, body)| !body.lines.is_empty());
    let unread = messages.iter().filter_map(|message| message.unread).max();
    unread.filter(|part| *part != Unread::Image || !has_text)
}

fn outcome(found: Understood, sender: Option<&NoticeProvider>) -> Outcome {
    let (notices, origins): (Vec<Notice>, Vec<Vec<Origin>>) = without_repetitions(found.notices).into_iter().unzip();
    // Attached mails together may hold more than one alone.
    if notices.len() > MAX_NOTICES.value {
        return Outcome::NotUnderstood(Reason::TooMany { what: "notices", limit: MAX_NOTICES });
    }
    let provider_known_by_sender =
        sender.is_some_and(|sender| notices.iter().all(|notice| notice.provider.slug == sender.slug));
    let Understood { format, confidence, .. } = found;
    Outcome::Notices { format, provider_known_by_sender, confidence, notices, origins }
}

/// The notices of the drafts, and how sure the least sure of them is.
fn explained(
    view: &View<'_>,
    provider: Option<NoticeProvider>,
    drafts: &[Draft<'_>],
) -> Result<(Explained, u8), Trouble> {
    let confidence = drafts.iter().map(|draft| draft.confidence).min().unwrap_or_default();
    Ok((notices(view, provider, drafts)?, confidence))
}

/// One calendar often comes twice in a mail, as a part and as an attachment, of which one may have been written a moment
/// later.
fn without_repetitions(notices: Explained) -> Explained {
    let mut seen = std::collections::HashMap::<_, Vec<usize>>::new();
    let mut kept: Explained = Vec::with_capacity(notices.len());
    for (notice, origins) in notices {
        let alike = seen.entry((notice.maintenance_id.clone(), notice.start)).or_default();
        let is_it = |known: &Notice| *known == Notice { stamp: known.stamp, ..notice.clone() };
        match alike.iter().copied().find(|&place| kept.get(place).is_some_and(|(known, _)| is_it(known))) {
            Some(place) => {
                if let Some((known, _)) = kept.get_mut(place) {
                    known.stamp = known.stamp.max(notice.stamp);
                }
            }
            None => {
                alike.push(kept.len());
                kept.push((notice, origins));
            }
        }
    }
    kept
}

/// The provider that the message comes from, by its `From` or else by the sender that a mailing list names.
fn sender_of(message: &Message, senders: &Senders) -> Option<NoticeProvider> {
    let addresses = [&message.from, &message.original_sender, &message.reply_to];
    addresses.into_iter().flatten().find_map(|address| senders.by_address(address))
}

struct Reader<'c> {
    context: &'c Context<'c>,
    formats: &'c Formats,
}

impl Reader<'_> {
    /// Reads a message's own text, else the first mail quoted in it that some format knows.
    fn whole(&self, message: &Message, nearest: &mut Nearest) -> Option<Result<Understood, Reason>> {
        let own = self.message(message, message, nearest);
        // Who forwards a notice may repeat some of its words. A provider that answers its own notice means what it
        // writes now: where that cannot be read, the older notice must not stand for it.
        let is_forwarded = sender_of(message, &self.formats.senders).is_none();
        match own {
            Some(Err(Reason::Incomplete { .. })) if is_forwarded && !message.quoted.is_empty() => {}
            Some(own) => return Some(own),
            None => {}
        }
        let mut answers = vec![message];
        let quoted = message.quoted.iter().find_map(|quoted| {
            let read = self.message(quoted, message, nearest);
            answers.extend(read.is_none().then_some(quoted));
            read
        });
        match quoted.or(own) {
            Some(Ok(mut found)) => {
                // The newest first.
                let _ = answers.into_iter().any(|answer| self.apply_answer(answer, &mut found));
                Some(Ok(found))
            }
            Some(Err(reason)) => Some(Err(reason)),
            None => self.generic(message, nearest),
        }
    }

    /// A provider that answers its own notice with `this has been cancelled` cancels it. What anybody else writes
    /// above a forwarded notice changes nothing. Whether it said something.
    fn apply_answer(&self, answer: &Message, found: &mut Understood) -> bool {
        let Some(sender) = sender_of(answer, &self.formats.senders) else { return false };
        let head = |body: &Document| {
            let lines: Vec<&str> = body.lines.iter().take(MAX_ANSWER_LINES).map(|line| line.text.as_str()).collect();
            status::of_words(&lines.join("\n"))
        };
        let said = answer.bodies().find_map(|(_, body)| head(body));
        let Some(said) = said.filter(|said| *said != MaintenanceStatus::Confirmed) else { return false };
        for (notice, origins) in &mut found.notices {
            if notice.provider == sender && matches!(notice.state, NoticeState::Maintenance(_)) {
                notice.state = NoticeState::Maintenance(Some(said));
                notice.stamp = answer.date.unwrap_or(notice.stamp);
                origins.retain(|origin| origin.field != "status");
                origins.push(Origin::new("status", "the answer above the notice", said.as_str()));
            }
        }
        true
    }

    /// The first verdict of a format that knows the message; none where no format does. The attachments of a mail
    /// belong to the mail that it forwards as well.
    fn message(
        &self,
        message: &Message,
        with_sheets_of: &Message,
        nearest: &mut Nearest,
    ) -> Option<Result<Understood, Reason>> {
        let clues = self.clues(message);
        let mut incomplete = None;
        let names_fault = faults::kind(&message.subject) == Some(faults::Kind::Outage);
        let (own, others) = self.formats.partition(clues.sender.as_ref().or(clues.hint.as_ref()));
        let mut formats: Vec<&Format> = own.into_iter().chain(others).collect();
        if faults::is_fault(&message.subject) {
            // A fault that is over has a start and an end, as work has. What users add still goes first.
            formats.sort_by_key(|format| !(format.is_anybodys() || self.formats.is_users(format)));
        }
        for format in formats {
            // Work that a format knows and cannot read is not a fault, unless its subject says so.
            if incomplete.is_some() && format.is_anybodys() && !names_fault {
                continue;
            }
            match self.verdict(format, &clues, with_sheets_of) {
                Verdict::Notices(notices, confidence) if !notices.is_empty() => {
                    return Some(Ok(Understood { format: format.name.clone(), confidence, notices }));
                }
                Verdict::Notices(..) => nearest.see(&format.name, 0, || "it announces nothing".into()),
                Verdict::Incomplete(missing) => {
                    incomplete.get_or_insert(Reason::Incomplete { format: format.name.to_string(), missing });
                }
                Verdict::Refused(reason) => return Some(Err(reason)),
                Verdict::Foreign { signs, missing } => nearest.see(&format.name, signs, || missing),
            }
        }
        incomplete.map(Err)
    }

    /// A mail that no format knows, read as far as its words allow: of its own text and the mails quoted in it, the
    /// one that says most.
    fn generic(&self, message: &Message, nearest: &mut Nearest) -> Option<Result<Understood, Reason>> {
        let mut best: Option<Understood> = None;
        for of in std::iter::once(message).chain(&message.quoted) {
            let clues = self.clues(of);
            for (name, body) in of.bodies() {
                let view = self.view(&clues, message, name, body);
                let read = generic::read(&view).map_err(Trouble::from);
                match read.and_then(|drafts| explained(&view, None, &drafts)) {
                    Ok((notices, confidence)) if best.as_ref().is_none_or(|best| best.confidence < confidence) => {
                        let mut found = Understood { format: generic::NAME.to_owned(), confidence, notices };
                        if !std::ptr::eq(of, message) {
                            self.apply_answer(message, &mut found);
                        }
                        best = Some(found);
                    }
                    Ok(_) => {}
                    Err(Trouble::Missing(what) | Trouble::Foreign(what)) => nearest.see_generic(&what),
                    Err(Trouble::Refused(reason)) => return Some(Err(reason)),
                }
            }
        }
        best.map(Ok)
    }

    fn view<'a>(
        &'a self,
        clues: &Clues<'a>,
        with_sheets_of: &'a Message,
        name: String,
        body: &'a Document,
    ) -> View<'a> {
        View {
            message: clues.message,
            body,
            name,
            sheets: &with_sheets_of.sheets,
            calendars: &with_sheets_of.calendars,
            sent: clues.message.date.or(with_sheets_of.date).unwrap_or(self.context.received),
            sender: clues.sender.clone(),
            hint: clues.hint.clone(),
            senders: &self.formats.senders,
            flow: OnceCell::new(),
        }
    }

    fn clues<'a>(&self, message: &'a Message) -> Clues<'a> {
        let mut words = plain(&message.subject);
        for body in message.html.iter().chain(&message.plain) {
            for line in &body.lines {
                push_plain(&mut words, &line.text);
            }
        }
        Clues {
            message,
            words,
            sender: sender_of(message, &self.formats.senders),
            hint: self.context.hint.and_then(|name| self.formats.senders.by_name_or_new(name)),
        }
    }

    fn verdict(&self, format: &Format, clues: &Clues<'_>, with_sheets_of: &Message) -> Verdict {
        if let Err((signs, missing)) = format.recognise(clues) {
            return Verdict::Foreign { signs, missing };
        }
        let nothing = Document::default();
        let bodies: Vec<(String, &Document)> = match format.reads {
            Reads::Bodies => clues.message.bodies().collect(),
            Reads::Message => vec![(String::from("mail"), &nothing)],
        };
        let mut missing: Option<Missing> = None;
        for (name, body) in bodies {
            let view = self.view(clues, with_sheets_of, name, body);
            let provider = format.provider(clues, &self.formats.senders);
            let read = format.read(&view).and_then(|drafts| explained(&view, provider, &drafts));
            match read {
                Ok((notices, confidence)) => return Verdict::Notices(notices, confidence),
                Err(Trouble::Missing(what)) => {
                    missing.get_or_insert(what);
                }
                Err(Trouble::Foreign(what)) => {
                    return Verdict::Foreign { signs: usize::from(!what.is_empty()), missing: what };
                }
                Err(Trouble::Refused(reason)) => return Verdict::Refused(reason),
            }
        }
        match missing {
            Some(missing) => Verdict::Incomplete(missing),
            None => Verdict::Foreign { signs: 0, missing: "it has no text".into() },
        }
    }
}

/// How sure a format is that knows its mails.
pub const KNOWN_FORMAT: u8 = 100;
/// How many lines above a quoted notice may say what became of it.
const MAX_ANSWER_LINES: usize = 12;

/// The format that came nearest to reading the mail.
#[derive(Default)]
struct Nearest {
    best: Option<(usize, String, Missing)>,
    generic: Option<Missing>,
}

impl Nearest {
    fn see(&mut self, format: &str, signs: usize, missing: impl FnOnce() -> Missing) {
        if signs > self.best.as_ref().map_or(0, |(best, _, _)| *best) {
            self.best = Some((signs, format.to_owned(), missing()));
        }
    }

    /// What kept a mail from being read without a format; said only where no format shows any sign of itself.
    fn see_generic(&mut self, missing: &str) {
        self.generic.get_or_insert_with(|| missing.to_owned());
    }

    fn reason(self, sender: Option<NoticeProvider>, unread: Option<Unread>) -> Reason {
        let provider = sender.map(|provider| provider.name);
        let (format, missing) = match self.best {
            Some((_, format, missing)) => (Some(format), Some(missing)),
            None => (None, self.generic),
        };
        let unread = unread.map(Unread::name);
        Reason::NoFormat { provider, format, missing: missing.unwrap_or_default(), unread }
    }
}
