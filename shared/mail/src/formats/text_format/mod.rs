//! Formats that are written as text: labels and values, without a line of Rust.
//!
//! `FORMATS.md` describes every setting. Those built in lie beside this folder as `*.toml`.

mod reading;

use std::collections::BTreeMap;

use noticeboard_domain::notice::slug;
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use crate::limits::{Limit, MAX_FORMAT_BYTES};
use crate::toolkit::text::plain;
use crate::toolkit::zones;

/// A format as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextFormat {
    /// Its name: small letters, digits and `-`.
    name: Spanned<String>,
    /// The provider's slug or name.
    provider: Spanned<String>,
    /// What names the provider in a mail whose sender is not known.
    #[serde(default)]
    names: Vec<String>,
    /// What every mail in the format says.
    marks: Spanned<Vec<Mark>>,
    id: Spanned<Find>,
    #[serde(default)]
    account: Find,
    #[serde(default)]
    summary: Find,
    window: Spanned<WindowRule>,
    #[serde(default)]
    circuits: CircuitRule,
    #[serde(default)]
    impact: ImpactRule,
    #[serde(default)]
    status: StatusRule,
}

/// A phrase, or several of which one must be there.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Mark {
    One(String),
    AnyOf(Vec<String>),
}

/// Where a field is found: behind a label, in a column, as a word that begins so, in a hole of the subject, in a hole of a
/// sentence; in that order.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Find {
    labels: Vec<String>,
    /// Columns of a table, in the body or attached, of which the first row counts; after the labels.
    columns: Vec<String>,
    /// `CRQ` finds `CRQ000123` in the subject or else in the body.
    words: Vec<String>,
    subject: Vec<String>,
    body: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowRule {
    /// Labels of the start, with `end`.
    #[serde(default)]
    start: Vec<String>,
    #[serde(default)]
    end: Vec<String>,
    /// Labels of a value that holds both.
    #[serde(default)]
    span: Vec<String>,
    /// Labels of a later end, which takes the place of the window's.
    #[serde(default)]
    extended: Vec<String>,
    /// Labels above a list with a window on each line.
    #[serde(default)]
    list: Vec<String>,
    /// A hole with the whole window, or two holes, in the subject or in a sentence.
    #[serde(default)]
    subject: Vec<String>,
    #[serde(default)]
    body: Vec<String>,
    /// Whether a mail that calls the work off, or says that it is over, may name no window.
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    order: Order,
    /// The zone of times that name none.
    zone: Option<Spanned<String>>,
    /// What ambiguous names of zones mean.
    #[serde(default)]
    zones: BTreeMap<String, Spanned<String>>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Order {
    #[default]
    DayFirst,
    MonthFirst,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CircuitRule {
    labels: Vec<String>,
    /// Columns of a table, in the body or attached.
    columns: Vec<String>,
    impact_columns: Vec<String>,
    subject: Vec<String>,
    body: Vec<String>,
    /// What every id begins with, where the mail may leave it out.
    prefix: String,
    /// Whether a mail may name none.
    optional: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ImpactRule {
    labels: Vec<String>,
    /// Phrases of the provider, each with its level, the first that occurs. The usual words are not read then.
    words: Vec<(String, ImpactLevel)>,
    /// The level where none of the phrases occurs; else it is an outage.
    otherwise: Option<ImpactLevel>,
    /// The level of every circuit, whatever the mail says.
    always: Option<ImpactLevel>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StatusRule {
    labels: Vec<String>,
    /// Whether the subject says it.
    subject: bool,
    /// How many lines at the head of the mail may say it.
    head: usize,
    /// Phrases of the provider, each with its status, the first that occurs; the usual words are read after them.
    words: Vec<(String, MaintenanceStatus)>,
}

impl Default for StatusRule {
    fn default() -> Self {
        Self { labels: Vec::new(), subject: true, head: 0, words: Vec::new() }
    }
}

impl TextFormat {
    /// Reads the text of a format.
    ///
    /// # Errors
    /// The line that is wrong, and what to do about it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut format: Self = from_toml(text)?;
        let name = format.name.get_ref();
        if slug(name) != *name || name.is_empty() {
            return Err(at(text, &format.name, &format!("the name \"{name}\" needs small letters, digits and dashes")));
        }
        if slug(format.provider.get_ref()).is_empty() {
            return Err(at(text, &format.provider, "\"provider\" needs the provider's slug or name"));
        }
        let is_blank = |mark: &Vec<String>| mark.is_empty() || mark.iter().any(String::is_empty);
        if format.marks().is_empty() || format.marks().iter().any(is_blank) {
            return Err(at(text, &format.marks, "\"marks\" needs what every such mail says, and nothing blank"));
        }
        if format.names().iter().any(String::is_empty) {
            return Err(at(text, &format.name, "\"names\" holds a blank name: leave it out"));
        }
        let window = format.window.get_ref();
        if window.start.is_empty() != window.end.is_empty() {
            return Err(at(
                text,
                &format.window,
                "[window] has one of \"start\" and \"end\": it needs both or neither",
            ));
        }
        if [&window.start, &window.span, &window.list, &window.subject, &window.body].iter().all(|list| list.is_empty())
        {
            let what = "[window] says nowhere to look: set \"start\" and \"end\", or \"span\", \"list\", \"subject\" or \"body\"";
            return Err(at(text, &format.window, what));
        }
        if format.id.get_ref().is_empty() {
            let what = "[id] says nowhere to look: set \"labels\", \"columns\", \"words\", \"subject\" or \"body\"";
            return Err(at(text, &format.id, what));
        }
        for zone in window.zone.iter().chain(window.zones.values()) {
            if zones::named(zone.get_ref()).is_none() {
                let what = format!("the zone \"{}\" is unknown: use names such as Europe/Paris", zone.get_ref());
                return Err(at(text, zone, &what));
            }
        }
        for template in format.templates() {
            if !template.contains("{}") && !template.contains("{...}") {
                return Err(format!(
                    "The format has no hole in \"{template}\": put {{}} or {{...}} where the text stands."
                ));
            }
        }
        // Phrases compare in small letters.
        format.impact.words.iter_mut().for_each(|(phrase, _)| *phrase = plain(phrase));
        format.status.words.iter_mut().for_each(|(phrase, _)| *phrase = plain(phrase));
        Ok(format)
    }

    /// Every text with holes.
    fn templates(&self) -> impl Iterator<Item = &String> {
        let (id, window, circuits) = (self.id.get_ref(), self.window.get_ref(), &self.circuits);
        let finds =
            [id, &self.account, &self.summary].into_iter().flat_map(|find| find.subject.iter().chain(&find.body));
        finds.chain(&window.subject).chain(&window.body).chain(&circuits.subject).chain(&circuits.body)
    }

    pub(super) fn name(&self) -> &str {
        self.name.get_ref()
    }

    pub(super) fn provider(&self) -> String {
        slug(self.provider.get_ref())
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.names.iter().map(|name| plain(name)).collect()
    }

    pub(super) fn marks(&self) -> Vec<Vec<String>> {
        let phrases = |mark: &Mark| match mark {
            Mark::One(phrase) => vec![plain(phrase)],
            Mark::AnyOf(phrases) => phrases.iter().map(|phrase| plain(phrase)).collect(),
        };
        self.marks.get_ref().iter().map(phrases).collect()
    }
}

impl Find {
    fn is_empty(&self) -> bool {
        [&self.labels, &self.columns, &self.words, &self.subject, &self.body].iter().all(|list| list.is_empty())
    }
}

/// Reads TOML of a user's.
///
/// # Errors
/// The line that is wrong, and why.
pub(super) fn from_toml<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    if text.len() > MAX_FORMAT_BYTES.value {
        let Limit { name, value } = MAX_FORMAT_BYTES;
        return Err(format!("The text is larger than {value} bytes ({name})."));
    }
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or_else(String::new, |span| format!("Line {}: ", line(text, span.start)));
        format!("{line}{}.", error.message().trim_end_matches('.').replace('\n', ", "))
    })
}

/// What is wrong with a value, with the line that it begins in.
pub(super) fn at<T>(text: &str, value: &Spanned<T>, what: &str) -> String {
    format!("Line {}: {what}.", line(text, value.span().start))
}

/// The number, from 1, of the line that holds this place of the text.
fn line(text: &str, place: usize) -> usize {
    text.get(..place).unwrap_or_default().matches('\n').count() + 1
}
