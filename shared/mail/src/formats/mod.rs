//! The formats that are read, and which of them reads a mail.

mod maintnote;
mod zayo;

use noticeboard_domain::notice::{Notice, NoticeProvider};
use noticeboard_domain::time::Time;

use crate::limits::{MAX_CIRCUITS, MAX_NOTICES};
use crate::mime::Message;
use crate::{Context, Outcome, Reason, senders};

/// A format that some provider writes in.
struct Format {
    /// Its name in [`Outcome::Notices`].
    name: &'static str,
    /// Slugs of the providers that write in it, for whose mail it is tried before the others.
    providers: &'static [&'static str],
    read: fn(&Source<'_>) -> Verdict,
}

/// Every format. The standard goes first: a provider that sends it along with a text of its own means the same by
/// both, and leaves less to guess in the standard.
static FORMATS: &[Format] = &[
    Format {
        name: "maintnote",
        providers: &["arelion", "eunetworks", "ntt", "packetfabric", "pccw", "gtt", "telstra"],
        read: maintnote::read,
    },
    Format { name: "zayo", providers: &["zayo"], read: zayo::read },
];

/// What a format reads.
struct Source<'a> {
    message: &'a Message,
    /// When the mail was sent, else when it arrived.
    sent: Time,
    /// The provider by its sender, or by the sender that a mailing list names.
    sender: Option<NoticeProvider>,
    /// The provider by the caller's word.
    hint: Option<NoticeProvider>,
}

/// What a format makes of a message.
enum Verdict {
    /// All that it announces.
    Notices(Vec<Notice>),
    /// It is in this format, but this is missing or cannot be read.
    Incomplete(String),
    /// It cannot be read within the limits.
    Refused(Reason),
    /// It is in another format.
    Foreign {
        /// How many signs of this format it shows.
        signs: usize,
        /// The first sign that it lacks.
        missing: &'static str,
    },
}

impl Verdict {
    fn foreign(signs: usize, missing: &'static str) -> Self {
        Self::Foreign { signs, missing }
    }
}

/// Reads the mail and, only where no format knows it, the mails that are attached to it: what its author wrote about
/// an older mail goes before that mail.
pub(crate) fn read(messages: &[Message], context: &Context<'_>) -> Outcome {
    let mut nearest = Nearest::default();
    let Some((outer, attached)) = messages.split_first() else { return Outcome::NotUnderstood(Reason::Empty) };
    match read_message(outer, context, &mut nearest) {
        Some(Ok((format, notices))) => {
            let sender = outer.from.as_deref().and_then(senders::by_address);
            return outcome(format, sender.as_ref(), notices);
        }
        Some(Err(reason)) => return Outcome::NotUnderstood(reason),
        None => {}
    }
    let mut found: Option<(&'static str, Vec<Notice>)> = None;
    for message in attached {
        match read_message(message, context, &mut nearest) {
            Some(Ok((format, notices))) => found.get_or_insert((format, Vec::new())).1.extend(notices),
            Some(Err(reason)) => return Outcome::NotUnderstood(reason),
            None => {}
        }
    }
    match found {
        Some((format, notices)) => outcome(format, None, notices),
        None => Outcome::NotUnderstood(nearest.reason(sender_of(outer))),
    }
}

fn outcome(format: &'static str, sender: Option<&NoticeProvider>, mut notices: Vec<Notice>) -> Outcome {
    without_repetitions(&mut notices);
    if notices.len() > MAX_NOTICES.value {
        return Outcome::NotUnderstood(Reason::TooMany { what: "notices", limit: MAX_NOTICES });
    }
    if notices.iter().any(|notice| notice.circuits.len() > MAX_CIRCUITS.value) {
        return Outcome::NotUnderstood(Reason::TooMany { what: "circuits in one notice", limit: MAX_CIRCUITS });
    }
    let provider_known_by_sender =
        sender.is_some_and(|sender| notices.iter().all(|notice| notice.provider.slug == sender.slug));
    Outcome::Notices { format, provider_known_by_sender, notices }
}

/// One calendar often comes twice in a mail, as a part and as an attachment.
fn without_repetitions(notices: &mut Vec<Notice>) {
    let mut seen = std::collections::HashMap::<_, Vec<usize>>::new();
    let mut kept: Vec<Notice> = Vec::with_capacity(notices.len());
    for notice in notices.drain(..) {
        let alike = seen.entry((notice.maintenance_id.clone(), notice.start)).or_default();
        if !alike.iter().any(|&place| kept.get(place) == Some(&notice)) {
            alike.push(kept.len());
            kept.push(notice);
        }
    }
    *notices = kept;
}

/// The provider that the message comes from, by its `From` or else by the sender that a mailing list names.
fn sender_of(message: &Message) -> Option<NoticeProvider> {
    [&message.from, &message.original_sender].into_iter().flatten().find_map(|address| senders::by_address(address))
}

/// The first verdict of a format that knows the message; none where no format does.
fn read_message(
    message: &Message,
    context: &Context<'_>,
    nearest: &mut Nearest,
) -> Option<Result<(&'static str, Vec<Notice>), Reason>> {
    let source = Source {
        message,
        sent: message.date.unwrap_or(context.received),
        sender: sender_of(message),
        hint: context.hint.and_then(senders::by_name_or_new),
    };
    let is_own = |format: &&Format| {
        let provider = source.sender.as_ref().or(source.hint.as_ref());
        provider.is_some_and(|provider| format.providers.contains(&provider.slug.as_str()))
    };
    let (own, others): (Vec<_>, Vec<_>) = FORMATS.iter().partition(is_own);
    for format in own.iter().chain(&others) {
        match (format.read)(&source) {
            Verdict::Notices(notices) if !notices.is_empty() => return Some(Ok((format.name, notices))),
            Verdict::Notices(_) => nearest.see(format.name, 0, "it announces nothing"),
            Verdict::Incomplete(missing) => return Some(Err(Reason::Incomplete { format: format.name, missing })),
            Verdict::Refused(reason) => return Some(Err(reason)),
            Verdict::Foreign { signs, missing } => nearest.see(format.name, signs, missing),
        }
    }
    None
}

/// The format that came nearest to reading the mail.
#[derive(Default)]
struct Nearest {
    best: Option<(usize, &'static str, &'static str)>,
}

impl Nearest {
    fn see(&mut self, format: &'static str, signs: usize, missing: &'static str) {
        if signs > self.best.map_or(0, |(best, _, _)| best) {
            self.best = Some((signs, format, missing));
        }
    }

    fn reason(self, sender: Option<NoticeProvider>) -> Reason {
        let (format, missing) = self.best.map(|(_, format, missing)| (format, missing)).unzip();
        let provider = sender.map(|provider| provider.name);
        Reason::NoFormat { provider, format, missing: missing.unwrap_or_default().to_owned() }
    }
}
