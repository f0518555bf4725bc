//! Reading a mail by the settings of a text format.

use chrono_tz::Tz;
use noticeboard_domain::notice::NoticeState;
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus};

use super::{Find, ImpactRule, Order, StatusRule, TextFormat, WindowRule};
use crate::draft::{Draft, Missing, Trouble, WITHOUT_WINDOW};
use crate::toolkit::circuits::{Circuits, Impact, outage};
use crate::toolkit::found::{At, Found, Said};
use crate::toolkit::text::same;
use crate::toolkit::windows::{DateOrder, Rules, Window, point};
use crate::toolkit::zones;
use crate::view::{View, confirmed, missing};

impl TextFormat {
    /// Reads a mail.
    pub(in crate::formats) fn read<'a>(&self, view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
        let id = self.id.get_ref();
        let id = without_remark(id.find_where(view, has_digit).ok_or_else(|| id.missing("id"))?);
        let draft = view.draft(id, self.status.read(view, &self.head(view)));
        let (windows, confidence) = match self.window.get_ref().read(view) {
            Ok(windows) => (windows, draft.confidence),
            Err(_) if self.window.get_ref().optional && draft.is_over() => {
                (vec![Window::unnamed(view.sent)], WITHOUT_WINDOW)
            }
            Err(missing) => return Err(missing.into()),
        };
        let summary = self.summary.find(view).unwrap_or(draft.summary);
        Ok(vec![Draft {
            account: self.account.find_where(view, |text| !self.is_label(text)),
            windows,
            confidence,
            circuits: self.circuits(view),
            may_lack_circuits: self.circuits.optional,
            summary,
            ..draft
        }])
    }

    /// Every label.
    fn labels(&self) -> impl Iterator<Item = &String> {
        let (id, window) = (self.id.get_ref(), self.window.get_ref());
        let finds =
            [&id.labels, &self.account.labels, &self.summary.labels, &self.circuits.labels, &self.impact.labels];
        let windows = [&window.start, &window.end, &window.span, &window.list, &window.extended];
        finds.into_iter().chain(windows).flatten()
    }

    /// The lines at the head of the mail that may say where the work stands.
    fn head<'a>(&self, view: &View<'a>) -> Vec<Found<'a>> {
        if self.status.head == 0 {
            return Vec::new();
        }
        let labels: Vec<&str> = self.labels().map(String::as_str).collect();
        view.head_above(&labels, self.status.head).collect()
    }

    /// Whether a text is a label or the head of a column, where a value should be.
    fn is_label(&self, text: &str) -> bool {
        let columns = self.circuits.columns.iter().chain(&self.circuits.impact_columns);
        self.labels().chain(columns).any(|label| same(label.trim_end_matches('…'), text.trim_end_matches([':', ' '])))
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
            let mut fields = view.fields(&strs(&rule.labels));
            fields.retain(|field| !self.is_label(&field.value.text));
            // A heading may say the same as the label.
            if fields.iter().any(|field| has_digit(&field.value.text)) {
                fields.retain(|field| has_digit(&field.value.text));
            }
            for list in fields.into_iter().flat_map(|field| view.list(field)) {
                circuits.add_list(&list, &general);
            }
        }
        if circuits.is_empty() {
            let find = Find { subject: rule.subject.clone(), body: rule.body.clone(), ..Find::default() };
            if let Some(found) = find.find(view) {
                circuits.add_list(&found, &general);
            }
        }
        circuits.with_prefix(&rule.prefix)
    }
}

/// The id without what follows it: `A-1 – please quote it when you write`.
fn without_remark(id: Found<'_>) -> Found<'_> {
    const MAX_WORDS: usize = 4;
    let first = id.text.split_whitespace().next().filter(|word| word.contains(|c: char| c.is_ascii_digit()));
    let is_remark = id.text.split_whitespace().count() > MAX_WORDS;
    match first.filter(|_| is_remark).map(|word| word.trim_end_matches([',', '.', ';', ':']).to_owned()) {
        Some(word) => id.with(word),
        None => id,
    }
}

impl Find {
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
            let mut holes = self.body.iter().flat_map(|template| view.sentences(template));
            holes.find_map(|holes| holes.into_iter().next().filter(is_found))
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
    fn read<'a>(&self, view: &View<'a>, head: &[Found<'a>]) -> Said<'a, NoticeState> {
        let mut texts: Vec<Found<'a>> = view.value(&strs(&self.labels)).into_iter().collect();
        if self.subject {
            texts.push(view.subject());
        }
        texts.extend_from_slice(head);
        let words: Vec<(&str, MaintenanceStatus)> =
            self.words.iter().map(|(w, status)| (w.as_str(), *status)).collect();
        let own = view.status_by(texts.clone(), &words);
        own.or_else(|| view.status(texts)).unwrap_or_else(confirmed)
    }
}

fn has_digit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

fn strs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}
