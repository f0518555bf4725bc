//! Which mail is believed: by the verdicts of the mail system, or because someone vouches for it.

use noticeboard_mail::Mail;

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
    /// Either of these for the domain that people see.
    pub dmarc: Verdict,
    /// The address in its envelope, for which SPF speaks.
    pub envelope_from: Option<String>,
}

/// Why a mail may be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// This user, who has the right to write, handed it in.
    HandedIn(String),
    /// It was believed before, when it was written down as work to be done.
    Before,
    /// The mail system received it and says this of it.
    Received(Verdicts),
}

impl Trust {
    /// Why the sender that this mail names is not believed, if it is not.
    pub(crate) fn doubt(&self, mail: &Mail) -> Option<String> {
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
    pub(crate) fn doubt_of_provider(&self, mail: &Mail, known_sender: bool) -> Option<String> {
        match self {
            Self::HandedIn(_) | Self::Before => None,
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
