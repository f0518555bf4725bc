//! The list of formats: those built in, and those that users add as text.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use noticeboard_domain::notice::NoticeProvider;
use toml::Spanned;

use super::text_format::{TextFormat, at, from_toml};
use super::{
    Clues, Read, aws, bso, cogent, colt, crowncastle, equinix, gcx, google, gtt, incident, kpn, lumen, maintnote,
    momentum, netflix, pccw, retn, sparkle, turkcell, zayo,
};
use crate::draft::{Draft, Missing, Trouble};
use crate::senders::Senders;
use crate::view::View;

/// A format that is written in Rust: one constant in each module.
pub(super) struct CodeFormat {
    /// Its name in [`crate::Outcome::Notices`].
    pub(super) name: &'static str,
    /// Slugs of the providers that write in it, for whose mail it is tried before the others.
    pub(super) providers: &'static [&'static str],
    /// What names the provider in a mail whose sender is not known, in small letters. Nothing for a format that any
    /// provider may write in.
    pub(super) names: &'static [&'static str],
    /// What every mail in the format says, in small letters: one phrase of each.
    pub(super) marks: &'static [&'static [&'static str]],
    pub(super) reads: Reads,
    pub(super) read: Read,
}

/// What is put before a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// Each body in turn, until one can be read.
    Bodies,
    /// The whole message, once.
    Message,
}

/// Every format that is built in, one line each. The standard goes first: a provider that sends it along with a text
/// of its own means the same by both, and leaves less to guess in the standard.
#[rustfmt::skip]
static CODE: &[&CodeFormat] = &[
    &maintnote::FORMAT,
    &aws::FORMAT,
    &bso::FORMAT,
    &cogent::FORMAT,
    &colt::FORMAT,
    &crowncastle::FORMAT,
    &equinix::FORMAT,
    &gcx::FORMAT,
    &google::FORMAT,
    &gtt::FORMAT,
    &kpn::FORMAT,
    &lumen::FORMAT,
    &momentum::FORMAT,
    &netflix::FORMAT,
    &pccw::FORMAT,
    &retn::FORMAT,
    &sparkle::FORMAT,
    &turkcell::FORMAT,
    &zayo::FORMAT,
    &incident::FORMAT,
];

/// The built-in formats that are written as text.
static TEXTS: &[&str] = &[
    include_str!("apple.toml"),
    include_str!("aquacomms.toml"),
    include_str!("att.toml"),
    include_str!("hawaiki.toml"),
    include_str!("hgc.toml"),
    include_str!("megaport.toml"),
    include_str!("seaborn.toml"),
    include_str!("summitig.toml"),
    include_str!("tata.toml"),
    include_str!("telstra.toml"),
    include_str!("telxius.toml"),
    include_str!("verizon.toml"),
    include_str!("vodafone.toml"),
    include_str!("windstream.toml"),
];

/// A format, of either kind.
pub(super) struct Format {
    pub(super) name: String,
    providers: Vec<String>,
    names: Vec<Phrase>,
    marks: Vec<Vec<Phrase>>,
    pub(super) reads: Reads,
    reader: FormatReader,
}

/// A text to look for, with what makes looking fast.
struct Phrase {
    text: String,
    finder: Finder<'static>,
}

impl Phrase {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), finder: Finder::new(text).into_owned() }
    }

    fn all(texts: &[impl AsRef<str>]) -> Vec<Self> {
        texts.iter().map(|text| Self::new(text.as_ref())).collect()
    }
}

enum FormatReader {
    Code(Read),
    Text(Box<TextFormat>),
}

static BUILT_IN: LazyLock<Vec<Format>> = LazyLock::new(|| {
    let code = CODE.iter().map(|format| Format::of_code(format));
    code.chain(TEXTS.iter().filter_map(|text| Format::of_text(text).ok())).collect()
});

impl Format {
    fn of_code(code: &CodeFormat) -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        Self {
            name: code.name.to_owned(),
            providers: owned(code.providers),
            names: Phrase::all(code.names),
            marks: code.marks.iter().map(|phrases| Phrase::all(phrases)).collect(),
            reads: code.reads,
            reader: FormatReader::Code(code.read),
        }
    }

    fn of_text(text: &str) -> Result<Self, String> {
        let format = TextFormat::parse(text)?;
        Ok(Self {
            name: format.name().to_owned(),
            providers: vec![format.provider().to_owned()],
            names: Phrase::all(&format.names()),
            marks: format.marks().iter().map(|phrases| Phrase::all(phrases)).collect(),
            reads: Reads::Bodies,
            reader: FormatReader::Text(Box::new(format)),
        })
    }

    /// Whether a message is in this format; else how many signs of it there are, and the first that is missing.
    pub(super) fn recognise(&self, clues: &Clues<'_>) -> Result<(), (usize, Missing)> {
        let is_own = |provider: &Option<NoticeProvider>| {
            provider.as_ref().is_some_and(|provider| self.providers.contains(&provider.slug))
        };
        let says = |phrase: &Phrase| phrase.finder.find(clues.words.as_bytes()).is_some();
        let is_named =
            self.names.is_empty() || is_own(&clues.sender) || is_own(&clues.hint) || self.names.iter().any(says);
        let absent = self.marks.iter().filter(|phrases| !phrases.iter().any(says));
        let signs = self.marks.len() - absent.clone().count();
        let first = absent.clone().next().and_then(|phrases| phrases.first());
        match (is_named, first) {
            (true, None) => Ok(()),
            // The name alone says little: every mail of the provider has it.
            (true, Some(phrase)) => {
                Err((signs + usize::from(!self.names.is_empty()), format!("it has no \"{}\"", phrase.text)))
            }
            // One mark alone may stand in anybody's mail.
            (false, None) if signs < 2 => Err((0, String::new())),
            (false, None) => {
                let name = self.names.first().map_or("", |name| name.text.as_str());
                Err((signs, format!("it does not name {name}")))
            }
            (false, Some(_)) => Err((0, String::new())),
        }
    }

    /// Whether nothing is needed to recognise it: it looks for itself whether a mail is its own.
    pub(super) fn is_anybodys(&self) -> bool {
        self.names.is_empty() && self.marks.is_empty()
    }

    /// Whose notices these are: the sender's, where it is one that writes in this format; else, of a forwarded mail,
    /// the one that the caller names; else the first that writes in it.
    pub(super) fn provider(&self, clues: &Clues<'_>, senders: &Senders) -> Option<NoticeProvider> {
        let own = [&clues.sender, &clues.hint].into_iter().flatten().find(|provider| self.is_of(Some(provider)));
        own.cloned().or_else(|| self.providers.first().and_then(|slug| senders.by_name_or_new(slug)))
    }

    pub(super) fn read<'a>(&self, view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
        match &self.reader {
            FormatReader::Code(read) => read(view),
            FormatReader::Text(format) => format.read(view),
        }
    }

    fn is_of(&self, provider: Option<&NoticeProvider>) -> bool {
        provider.is_some_and(|provider| self.providers.contains(&provider.slug))
    }
}

/// The file with senders among a user's files of formats: `"noc@carrier.example" = "Carrier"`.
pub const SENDERS_FILE: &str = "senders.toml";

/// The formats and senders that mails are read by: those built in, and what users add.
#[derive(Default)]
pub struct Formats {
    own: Vec<Format>,
    pub(crate) senders: Senders,
}

impl std::fmt::Debug for Formats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.own.iter().map(|format| &format.name).collect();
        f.debug_struct("Formats").field("own", &names).field("senders", &self.senders).finish()
    }
}

impl Formats {
    /// Those that are built in.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a format that is written as text (`FORMATS.md` says how). It goes before the built-in ones, and takes the
    /// place of an own one of the same name.
    ///
    /// # Errors
    /// What of the text is wrong, in one sentence that names the setting.
    pub fn add(&mut self, toml: &str) -> Result<(), String> {
        let format = Format::of_text(toml)?;
        self.own.retain(|known| known.name != format.name);
        self.own.push(format);
        Ok(())
    }

    /// Adds an address (`noc@carrier.example`) or a domain (`carrier.example`, with those below it) of a provider,
    /// which is known by its slug or name or is new.
    ///
    /// # Errors
    /// What of it is wrong, in one sentence.
    pub fn add_sender(&mut self, address_or_domain: &str, provider: &str) -> Result<(), String> {
        self.senders.add(address_or_domain, provider)
    }

    /// Adds what a file of a user's holds: senders, where it is called [`SENDERS_FILE`], else a format.
    ///
    /// # Errors
    /// The line that is wrong, and what to do about it. Nothing of the file is added then.
    pub fn add_file(&mut self, name: &str, toml: &str) -> Result<(), String> {
        if name != SENDERS_FILE {
            return self.add(toml);
        }
        let mut senders = Senders::default();
        for (address, provider) in from_toml::<BTreeMap<String, Spanned<String>>>(toml)? {
            let added = senders.add(&address, provider.get_ref());
            added.map_err(|what| at(toml, &provider, what.trim_end_matches('.')))?;
        }
        self.senders.extend(senders);
        Ok(())
    }

    /// Whether a user added that format.
    pub(super) fn is_users(&self, format: &Format) -> bool {
        self.own.iter().any(|own| std::ptr::eq(own, format))
    }

    /// Every format, those of the provider first.
    pub(super) fn partition(&self, provider: Option<&NoticeProvider>) -> (Vec<&Format>, Vec<&Format>) {
        self.own.iter().chain(BUILT_IN.iter()).partition(|format| format.is_of(provider))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_text_is_a_format() {
        for text in TEXTS {
            assert_eq!(Format::of_text(text).map(|_| ()), Ok(()), "{text}");
        }
    }

    #[test]
    fn names_and_marks_are_in_small_letters_and_names_are_unique() {
        let mut names: Vec<&str> = BUILT_IN.iter().map(|format| format.name.as_str()).collect();
        for format in BUILT_IN.iter() {
            for phrase in format.names.iter().chain(format.marks.iter().flatten()) {
                assert_eq!(phrase.text, phrase.text.to_lowercase(), "{}", format.name);
            }
        }
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
