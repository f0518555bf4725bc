//! Mail of a provider that nobody has described: ticket, window, zone, status and circuits, as far as its words allow.
//!
//! Such a reading never counts as much as a format's: [`MAX_CONFIDENCE`].

use chrono_tz::Tz;
use noticeboard_domain::notice::{NoticeProvider, NoticeState, slug};

use super::common::{ACCOUNTS, DATES, ENDS, LENGTHS, STARTS, STATUSES, SUMMARIES, TIMES, WINDOWS, with_zone_of_all};
use super::incident;
use crate::KNOWN_FORMAT;
use crate::draft::{Draft, Missing, Trouble};
use crate::toolkit::found::{At, Found};
use crate::toolkit::incident::Kind;
use crate::toolkit::moments::{moment, moments};
use crate::toolkit::places;
use crate::toolkit::text::{has_phrase, plain};
use crate::toolkit::windows::{DateOrder, Rules, Window, day_of, resolve, spans};
use crate::toolkit::zones::{LOCAL, Zone};
use crate::view::{View, confirmed, missing};

/// The format's name.
pub(super) const NAME: &str = "generic";
/// The surest that a reading without a format is, in percent.
pub(super) const MAX_CONFIDENCE: u8 = KNOWN_FORMAT - 20;
/// How many lines at the head of the mail may say where the work stands.
const HEAD_LINES: usize = 8;
/// More windows than any single notice has: a mail with more is a list of something else.
const MAX_WINDOWS: usize = 20;
/// More rows than a table of one notice has.
const MAX_ROWS: usize = 500;

/// Reads a mail by its words.
pub(super) fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Missing> {
    let provider = provider(view).ok_or("its sender says nothing of whose it is")?;
    let kind = incident::kind(view).ok_or("it speaks neither of work nor of a fault")?;
    let place = places::zone(&view.message.subject).or_else(|| view.head(30).find_map(|line| places::zone(&line.text)));
    let meanings: Vec<(&str, Tz)> = place.map(|zone| (LOCAL, zone)).into_iter().collect();
    let rules = Rules { order: DateOrder::DayFirst, zone: Some(Zone::UTC), meanings: &meanings };
    let rules = with_zone_of_all(view, rules);
    let mut confidence = 30;
    let draft = match kind {
        Kind::Outage => incident::outage(view, &rules).map_err(|trouble| match trouble {
            Trouble::Missing(missing) | Trouble::Foreign(missing) => missing,
            Trouble::Refused(reason) => reason.to_string(),
        })?,
        Kind::Maintenance => {
            let id = id(view).ok_or("it has no ticket")?;
            let (windows, is_labelled) = windows(view, &rules)?;
            confidence += if is_labelled { 15 } else { 0 };
            let texts: Vec<Found<'a>> =
                view.value(STATUSES).into_iter().chain([view.subject()]).chain(view.head(HEAD_LINES)).collect();
            Draft {
                account: view.value(ACCOUNTS),
                windows,
                circuits: incident::circuits(view),
                may_lack_circuits: true,
                summary: view.value(SUMMARIES).unwrap_or_else(|| view.subject()),
                ..view.draft(id, view.status(texts).unwrap_or_else(confirmed))
            }
        }
    };
    confidence += if draft.circuits.is_empty() { 0 } else { 15 };
    confidence += if matches!(draft.id.at, At::Subject) { 0 } else { 10 };
    confidence += if matches!(draft.state.from.at, At::Rule(_)) { 0 } else { 5 };
    confidence += if matches!(draft.state.value, NoticeState::Outage { .. }) { 0 } else { 5 };
    Ok(vec![Draft { provider: Some(provider), confidence: confidence.min(MAX_CONFIDENCE), ..draft }])
}

/// The sender's provider where it is known, else one by the name of the sender's domain.
fn provider(view: &View<'_>) -> Option<NoticeProvider> {
    let known = view.sender.clone().or_else(|| view.hint.clone());
    known.or_else(|| {
        let address = view.message.original_sender.as_ref().or(view.message.from.as_ref())?;
        let (_, domain) = address.rsplit_once('@')?;
        let slug = slug(domain);
        (!slug.is_empty()).then(|| NoticeProvider { slug, name: domain.to_owned() })
    })
}

/// The ticket behind a label or in the subject; or a word of the subject with letters, a dash and digits.
fn id<'a>(view: &'a View<'a>) -> Option<Found<'a>> {
    incident::id(view)
}

/// The windows of a table, one in each row; many rows may share one.
fn in_columns<'a>(view: &'a View<'a>, rules: &Rules<'_>) -> Option<Vec<Window<'a>>> {
    let rows = STARTS.iter().flat_map(|name| view.rows(&[name]).into_iter().chain(view.sheet_rows(&[name])));
    let mut windows: Vec<Window<'a>> = Vec::new();
    for (number, row) in rows.enumerate() {
        if number >= MAX_ROWS || windows.len() > MAX_WINDOWS {
            return None;
        }
        let rules = rules.with_zone_of(row.name_of(STARTS)?);
        let (Some(start), Some(end)) = (row.get(STARTS), row.get(ENDS)) else { continue };
        let Ok(window) = Window::of_fields(start, end, &rules, view.sent) else { continue };
        if windows.iter().all(|known| known.times != window.times) {
            windows.push(window);
        }
    }
    (!windows.is_empty()).then_some(windows)
}

/// The one window of a mail that gives its day and its times, or its length, behind labels of their own.
fn in_parts<'a>(view: &'a View<'a>, rules: &Rules<'_>) -> Option<Vec<Window<'a>>> {
    let day = |text: &Found<'_>| moment(&text.text).is_some_and(|(moment, _)| moment.date.is_some());
    let clock = |text: &Found<'_>| moment(&text.text).is_some_and(|(moment, _)| moment.clock.is_some());
    let fields = |names: &[&str]| names.iter().flat_map(|name| view.fields(&[name])).collect::<Vec<_>>();
    // `9-10 December`, the night between two days, is no day by itself. The day of the mail is that of a letter's head.
    let is_date = |text: &Found<'_>| {
        let date = moment(&text.text).and_then(|(moment, _)| day_of(moment.date?, rules.order, view.sent));
        text.text.contains(|c: char| c.is_ascii_digit()) && !clock(text) && date != Some(view.sent.date_naive())
    };
    // The time behind such a label, with its day.
    let edge = |names: &[&str]| {
        let fields = fields(names);
        let time = fields.iter().find(|field| clock(&field.value))?;
        let own_day =
            if day(&time.value) { None } else { fields.iter().map(|field| &field.value).find(|text| day(text)) };
        let text = own_day.map_or(time.value.text.to_string(), |day| format!("{} {}", day.text, time.value.text));
        Some((time.value.with(text), time.label))
    };
    let dated = |text: Found<'a>| {
        let date = if day(&text) { None } else { fields(DATES).into_iter().map(|field| field.value).find(is_date) };
        date.map_or(text.clone(), |date| text.with(format!("{} {}", date.text, text.text)))
    };
    let window = match edge(STARTS) {
        Some((start, label)) => {
            let (start, rules) = (dated(start), rules.with_zone_of(label));
            match edge(ENDS) {
                Some((end, _)) => {
                    let both = start.with(format!("{} - {}", start.text, end.text));
                    Window::of_field(both, &rules, view.sent)
                }
                None => Window::of_length(start, view.value(LENGTHS)?, &rules, view.sent),
            }
        }
        None => {
            let times = fields(TIMES).into_iter().find(|field| clock(&field.value))?;
            Window::of_field(dated(times.value), &rules.with_zone_of(times.label), view.sent)
        }
    };
    Some(vec![window.ok()?])
}

/// The window of a sentence: `It starts on 9 December 2026 at 22:00 UTC and ends on 10 December 2026 at 04:00 UTC.`
fn told<'a>(line: Found<'a>, rules: &Rules<'_>, view: &View<'_>) -> Option<Window<'a>> {
    let words = plain(&line.text);
    let says = |phrases: [&str; 3]| phrases.iter().any(|phrase| has_phrase(&words, phrase));
    let is_window = says(["starts", "begins", "start"])
        && says(["ends", "finishes", "end"])
        && moments(&line.text).count() == 2
        && !is_outdated(&line.text);
    if is_window { Window::of_field(line, rules, view.sent).ok() } else { None }
}

/// Whether the line gives a window that another one replaces.
fn is_outdated(line: &str) -> bool {
    let words = plain(line);
    ["old", "original", "originally", "previous", "previously", "former", "formerly"]
        .iter()
        .any(|word| has_phrase(&words, word))
}

/// The windows behind labels, and whether it was labels; else every window that the text holds.
pub(super) fn windows<'a>(view: &'a View<'a>, rules: &Rules<'_>) -> Result<(Vec<Window<'a>>, bool), Missing> {
    let behind_labels = view.windows(STARTS, ENDS, rules);
    let labelled = behind_labels.clone().or_else(|_| view.spans(WINDOWS, rules));
    let in_parts = |_| in_columns(view, rules).or_else(|| in_parts(view, rules)).ok_or(());
    if let Ok(windows) = labelled.or_else(in_parts) {
        return Ok((windows, true));
    }
    let mut windows: Vec<Window<'a>> = Vec::new();
    let mut first_trouble = None;
    for line in view.lines_from(0).chain([view.subject()]) {
        let found = spans(&line.text)
            .take(MAX_WINDOWS)
            .map(|(from, to)| resolve(&from, &to, rules, view.sent))
            .collect::<Vec<_>>();
        if found.is_empty() || is_outdated(&line.text) {
            continue;
        }
        for times in found {
            match times {
                Ok(times) if windows.iter().all(|known| known.times.start != times.start) => {
                    let (start, end) = (line.clone(), line.clone());
                    windows.push(Window {
                        times,
                        has_end: true,
                        backup: crate::view::is_backup(&line.text),
                        start,
                        end,
                        id: None,
                    });
                }
                Ok(_) => {}
                Err(trouble) => first_trouble = first_trouble.or(Some(trouble)),
            }
        }
        if windows.len() > MAX_WINDOWS {
            return Err("it has more windows than a notice has".into());
        }
    }
    if windows.is_empty() {
        windows.extend(view.lines_from(0).find_map(|line| told(line, rules, view)));
    }
    if windows.is_empty() {
        // What keeps a labelled window from being read tells more than that there is none.
        let labelled = behind_labels.err().filter(|trouble| ![missing(STARTS), missing(ENDS)].contains(trouble));
        Err(first_trouble.or(labelled).unwrap_or_else(|| "it has no window".into()))
    } else {
        Ok((windows, false))
    }
}
