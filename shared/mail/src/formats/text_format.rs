//! Formats that are written as text: labels and values, without a line of Rust.
//!
//! `FORMATS.md` describes every setting. Those built in lie beside this file as `*.toml`.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use noticeboard_domain::notice::slug;
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use crate::draft::{Draft, Missing, Trouble};
use crate::limits::{Limit, MAX_FORMAT_BYTES};
use crate::toolkit::circuits::{Circuits, Impact, outage};
use crate::toolkit::found::{At, Found};
use crate::toolkit::text::plain;
use crate::toolkit::windows::{DateOrder, Rules, Window, point};
use crate::toolkit::zones;
use crate::view::{View, confirmed, missing};

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

    /// Reads a mail.
    pub(super) fn read<'a>(&self, view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
        let has_digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
        let id = self.id.get_ref();
        let id = id.find_where(view, has_digit).ok_or_else(|| id.missing("id"))?;
        let windows = self.window.get_ref().read(view)?;
        let draft = view.draft(id, self.status.read(view));
        let summary = self.summary.find(view).unwrap_or(draft.summary);
        Ok(vec![Draft {
            account: self.account.find(view),
            windows,
            circuits: self.circuits(view),
            may_lack_circuits: self.circuits.optional,
            summary,
            ..draft
        }])
    }

    fn circuits<'a>(&self, view: &'a View<'a>) -> Circuits<'a> {
        let rule = &self.circuits;
        let general = match view.value(&strs(&self.impact.labels)) {
            Some(text) => self.impact.level(view, Some(text)),
            None => self.impact.level(view, None),
        };
        let mut circuits = Circuits::default();
        let (columns, impacts) = (strs(&rule.columns), strs(&rule.impact_columns));
        let mut rows = view.rows(&columns);
        rows.extend(view.sheet_rows(&columns));
        for row in rows {
            let own = row.get(&impacts).map(|text| self.impact.level(view, Some(text)));
            if let Some(id) = row.get(&columns) {
                circuits.add(id, own.unwrap_or_else(|| general.clone()));
            }
        }
        if circuits.is_empty() {
            for field in view.fields(&strs(&rule.labels)) {
                circuits.add_list(&field.value, &general);
            }
        }
        if circuits.is_empty() {
            let find = Find { subject: rule.subject.clone(), body: rule.body.clone(), ..Find::default() };
            if let Some(found) = find.find(view) {
                circuits.add_list(&found, &general);
            }
        }
        circuits
    }
}

impl Find {
    fn is_empty(&self) -> bool {
        [&self.labels, &self.columns, &self.words, &self.subject, &self.body].iter().all(|list| list.is_empty())
    }

    fn find<'a>(&self, view: &'a View<'a>) -> Option<Found<'a>> {
        self.find_where(view, |_| true)
    }

    /// The first of all that holds such a text.
    fn find_where<'a>(&self, view: &'a View<'a>, is_it: impl Fn(&str) -> bool) -> Option<Found<'a>> {
        let is_found = |found: &Found<'a>| is_it(&found.text);
        let behind = view.value(&strs(&self.labels)).filter(is_found);
        let columns = || {
            let columns = strs(&self.columns);
            let mut rows = view.rows(&columns).into_iter().chain(view.sheet_rows(&columns));
            rows.find_map(|row| row.get(&columns).filter(is_found))
        };
        let words = || view.word_with(&strs(&self.words));
        let in_subject = || view.in_subject_where(&strs(&self.subject), &is_it);
        let in_body = || {
            let holes = self.body.iter().filter_map(|template| view.sentence(&[template])?.into_iter().next());
            holes.into_iter().find(is_found)
        };
        behind.or_else(columns).or_else(words).or_else(in_subject).or_else(in_body)
    }

    fn missing(&self, what: &str) -> Missing {
        if self.labels.is_empty() { format!("it has no {what}") } else { missing(&strs(&self.labels)) }
    }
}

impl WindowRule {
    fn read<'a>(&self, view: &'a View<'a>) -> Result<Vec<Window<'a>>, Missing> {
        let meanings = self.meanings();
        let rules = self.rules(&meanings);
        let mut windows = self.windows(view, &rules)?;
        for field in view.fields(&strs(&self.extended)) {
            let end = point(&field.value, &rules.with_zone_of(field.label), view.sent)?;
            if let Some(window) = windows.last_mut().filter(|window| window.times.end < end) {
                (window.times.end, window.end) = (end, field.value);
            }
        }
        Ok(windows)
    }

    /// What ambiguous names of zones mean.
    fn meanings(&self) -> Vec<(&str, Tz)> {
        let named = self.zones.iter();
        named.filter_map(|(name, zone)| Some((name.as_str(), zones::named(zone.get_ref())?.tz()?))).collect()
    }

    fn rules<'r>(&self, meanings: &'r [(&'r str, Tz)]) -> Rules<'r> {
        let order = match self.order {
            Order::DayFirst => DateOrder::DayFirst,
            Order::MonthFirst => DateOrder::MonthFirst,
        };
        Rules { order, zone: self.zone.as_ref().and_then(|zone| zones::named(zone.get_ref())), meanings }
    }

    fn windows<'a>(&self, view: &'a View<'a>, rules: &Rules<'_>) -> Result<Vec<Window<'a>>, Missing> {
        let mut first_missing = None;
        let mut tried = |windows: Result<Vec<Window<'a>>, Missing>| match windows {
            Ok(windows) => Some(windows),
            Err(missing) => {
                first_missing.get_or_insert(missing);
                None
            }
        };
        if !self.list.is_empty()
            && let Some(windows) = tried(view.listed_spans(&strs(&self.list), rules))
        {
            return Ok(windows);
        }
        if !self.start.is_empty()
            && let Some(windows) = tried(view.windows(&strs(&self.start), &strs(&self.end), rules))
        {
            return Ok(windows);
        }
        if !self.span.is_empty()
            && let Some(windows) = tried(view.spans(&strs(&self.span), rules))
        {
            return Ok(windows);
        }
        let in_subject = view.holes_in_subject(&strs(&self.subject));
        for holes in [in_subject, view.sentence(&strs(&self.body))].into_iter().flatten() {
            let window = match holes.as_slice() {
                [start, end, ..] => Window::of_fields(start.clone(), end.clone(), rules, view.sent),
                [whole] => Window::of_field(whole.clone(), rules, view.sent),
                [] => continue,
            };
            if let Some(windows) = tried(window.map(|window| vec![window])) {
                return Ok(windows);
            }
        }
        Err(first_missing.unwrap_or_else(|| "it has no window".into()))
    }
}

impl ImpactRule {
    fn level<'a>(&self, view: &View<'a>, text: Option<Found<'a>>) -> Impact<'a> {
        if let Some(level) = self.always {
            return (level, Found::rule("the format takes every impact for this"));
        }
        match text {
            Some(text) if self.words.is_empty() => view.impact(Some(text)),
            Some(text) => {
                let words: Vec<(&str, ImpactLevel)> =
                    self.words.iter().map(|(w, level)| (w.as_str(), *level)).collect();
                let (level, from) = view.impact_by(Some(text), &words);
                match (self.otherwise, from.at) {
                    (Some(otherwise), At::Rule(_)) => (otherwise, Found::rule("the format takes other words for this")),
                    _ => (level, from),
                }
            }
            None => outage(),
        }
    }
}

impl StatusRule {
    fn read<'a>(&self, view: &View<'a>) -> crate::toolkit::found::Said<'a, noticeboard_domain::notice::NoticeState> {
        let mut texts: Vec<Found<'a>> = view.value(&strs(&self.labels)).into_iter().collect();
        if self.subject {
            texts.push(view.subject());
        }
        texts.extend(view.head(self.head));
        let words: Vec<(&str, MaintenanceStatus)> =
            self.words.iter().map(|(w, status)| (w.as_str(), *status)).collect();
        let own = view.status_by(texts.clone(), &words);
        own.or_else(|| view.status(texts)).unwrap_or_else(confirmed)
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

fn strs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}
