//! Formats that are written as text: labels and values, without a line of Rust.
//!
//! `FORMATS.md` describes every setting. Those built in lie beside this file as `*.toml`.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use noticeboard_domain::notice::slug;
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus};
use serde::Deserialize;

use crate::draft::{Draft, Missing, Trouble};
use crate::toolkit::circuits::{Circuits, Impact, outage};
use crate::toolkit::found::{At, Found};
use crate::toolkit::text::plain;
use crate::toolkit::windows::{DateOrder, Rules, Window};
use crate::toolkit::zones;
use crate::view::{View, confirmed, missing};

/// Longest text of a format, in bytes: more is not one.
const MAX_FORMAT_BYTES: usize = 64 * 1024;

/// A format as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextFormat {
    /// Its name: small letters, digits and `-`.
    name: String,
    /// The provider's slug or name.
    provider: String,
    /// What names the provider in a mail whose sender is not known.
    #[serde(default)]
    names: Vec<String>,
    /// What every mail in the format says.
    marks: Vec<Mark>,
    id: Find,
    #[serde(default)]
    account: Find,
    #[serde(default)]
    summary: Find,
    window: WindowRule,
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
    /// A hole with the whole window, or two holes, in the subject or in a sentence.
    #[serde(default)]
    subject: Vec<String>,
    #[serde(default)]
    body: Vec<String>,
    #[serde(default)]
    order: Order,
    /// The zone of times that name none.
    zone: Option<String>,
    /// What ambiguous names of zones mean.
    #[serde(default)]
    zones: BTreeMap<String, String>,
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
    /// What is wrong with it, in a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_FORMAT_BYTES {
            return Err(format!("The format is larger than {MAX_FORMAT_BYTES} bytes (MAX_FORMAT_BYTES)."));
        }
        let format: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
            let line = line.map(|line| format!(" in line {line}")).unwrap_or_default();
            format!("The format cannot be read{line}: {}.", error.message().trim_end_matches('.'))
        })?;
        let name = &format.name;
        let fault = |what: &str| Err(format!("The format \"{name}\" {what}"));
        if name.is_empty() || slug(name) != *name {
            return fault("needs a name of small letters, digits and dashes.");
        }
        if slug(&format.provider).is_empty() {
            return fault("has no provider: set \"provider\" to its slug or name.");
        }
        if format.marks.is_empty() {
            return fault("has no marks: set \"marks\" to what every such mail says.");
        }
        let window = &format.window;
        if window.start.is_empty() != window.end.is_empty() {
            return fault("has one of window.start and window.end: it needs both or neither.");
        }
        if [&window.start, &window.span, &window.subject, &window.body].iter().all(|list| list.is_empty()) {
            return fault("has no window: set window.start and window.end, or window.span, .subject or .body.");
        }
        if format.id.is_empty() {
            return fault("has no id: set id.labels, id.columns, id.words, id.subject or id.body.");
        }
        for zone in window.zone.iter().chain(window.zones.values()) {
            if zones::named(zone).is_none() {
                return fault(&format!("names an unknown zone, \"{zone}\": use names such as Europe/Paris."));
            }
        }
        Ok(format)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn provider(&self) -> String {
        slug(&self.provider)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.names.iter().map(|name| plain(name)).collect()
    }

    pub(super) fn marks(&self) -> Vec<Vec<String>> {
        let phrases = |mark: &Mark| match mark {
            Mark::One(phrase) => vec![plain(phrase)],
            Mark::AnyOf(phrases) => phrases.iter().map(|phrase| plain(phrase)).collect(),
        };
        self.marks.iter().map(phrases).collect()
    }

    /// Reads a mail.
    pub(super) fn read<'a>(&self, view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
        let has_digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
        let id = self.id.find_where(view, has_digit).ok_or_else(|| self.id.missing("id"))?;
        let windows = self.window.read(view)?;
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
        let meanings: Vec<(&str, Tz)> =
            (self.zones.iter()).filter_map(|(name, zone)| Some((name.as_str(), zones::named(zone)?.tz()?))).collect();
        let order = match self.order {
            Order::DayFirst => DateOrder::DayFirst,
            Order::MonthFirst => DateOrder::MonthFirst,
        };
        let rules = Rules { order, zone: self.zone.as_deref().and_then(zones::named), meanings: &meanings };
        let mut first_missing = None;
        let mut tried = |windows: Result<Vec<Window<'a>>, Missing>| match windows {
            Ok(windows) => Some(windows),
            Err(missing) => {
                first_missing.get_or_insert(missing);
                None
            }
        };
        if !self.start.is_empty()
            && let Some(windows) = tried(view.windows(&strs(&self.start), &strs(&self.end), &rules))
        {
            return Ok(windows);
        }
        if !self.span.is_empty()
            && let Some(windows) = tried(view.spans(&strs(&self.span), &rules))
        {
            return Ok(windows);
        }
        let in_subject = view.holes_in_subject(&strs(&self.subject));
        for holes in [in_subject, view.sentence(&strs(&self.body))].into_iter().flatten() {
            let window = match holes.as_slice() {
                [start, end, ..] => Window::of_fields(start.clone(), end.clone(), &rules, view.sent),
                [whole] => Window::of_field(whole.clone(), &rules, view.sent),
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

fn strs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}
