//! Unplanned outages of known providers: opened, updated with a new estimate of the repair, resolved.
//!
//! No provider's own form is known well enough to be read by itself. They all give a ticket, a start and the services
//! behind labels, and say in words where the repair stands; that is what is read here.

use chrono::Duration;
use noticeboard_domain::notice::NoticeState;
use noticeboard_domain::status::OutageStatus;
use noticeboard_domain::time::Time;

use super::common::{ACCOUNTS, CIRCUITS, ENDS, IDS, IMPACTS, REPAIRS, STARTS, STATUSES, SUMMARIES};
use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::Circuits;
use crate::toolkit::found::{Found, Said};
use crate::toolkit::incident::{self, Kind};
use crate::toolkit::moments::moment;
use crate::toolkit::windows::{Rules, Times, Window, duration, point};
use crate::toolkit::zones::Zone;
use crate::view::View;

pub(super) const FORMAT: CodeFormat =
    CodeFormat { name: "incident", providers: &[], names: &[], marks: &[], reads: Reads::Bodies, read };

/// How many lines at the head of the mail say what it is about.
const HEAD_LINES: usize = 10;

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let Some(provider) = view.sender.clone().or_else(|| view.hint.clone()) else {
        return Err(Trouble::Foreign(String::new()));
    };
    Ok(vec![Draft { provider: Some(provider), ..outage(view, &Rules::DAY_FIRST_UTC)? }])
}

/// Whether the mail is about a fault: its subject says so, or else its first lines.
pub(super) fn kind(view: &View<'_>) -> Option<Kind> {
    incident::kind(&view.message.subject).or_else(|| view.head(HEAD_LINES).find_map(|line| incident::kind(&line.text)))
}

/// The outage that the mail tells of.
pub(super) fn outage<'a>(view: &'a View<'a>, rules: &Rules<'_>) -> Result<Draft<'a>, Trouble> {
    if kind(view) != Some(Kind::Outage) {
        return Err(Trouble::Foreign(String::new()));
    }
    let id = id(view).ok_or_else(|| Trouble::Foreign("it has no ticket".into()))?;
    let status = status(view);
    let repair = view.value(REPAIRS).and_then(|text| Some((repair(&text, rules, view.sent)?, text)));
    let from =
        view.fields(STARTS).into_iter().map(|field| field.value).find(|text| point(text, rules, view.sent).is_ok());
    let start = match from {
        Some(text) => Said { value: point(&text, rules, view.sent)?, from: text },
        None => Said { value: view.sent, from: Found::rule("a fault without a start began when the mail was written") },
    };
    let ended = view.fields(ENDS).into_iter().map(|field| field.value).find_map(|text| {
        let end = point(&text, rules, view.sent).ok().filter(|end| *end >= start.value)?;
        Some((end, text))
    });
    let is_resolved = status.value == OutageStatus::Resolved;
    let window = match (is_resolved, ended) {
        (true, Some((end, text))) => closed(start, end, text),
        (true, None) => {
            let end = view.sent.max(start.value);
            closed(start, end, Found::rule("a fault that is over ended when the mail was written"))
        }
        // What is called an end before it is over is an estimate.
        (false, _) => Window::open(start.from, start.value),
    };
    let state =
        NoticeState::Outage { status: status.value, estimated_time_to_repair: repair.as_ref().map(|(time, _)| *time) };
    Ok(Draft {
        account: view.value(ACCOUNTS),
        windows: vec![window],
        circuits: circuits(view),
        may_lack_circuits: true,
        summary: view.value(SUMMARIES).unwrap_or_else(|| view.subject()),
        ..view.draft(id, Said { value: state, from: status.from })
    })
}

fn closed<'a>(start: Said<'a, Time>, end: Time, end_from: Found<'a>) -> Window<'a> {
    let times = Times { start: start.value, end, zone: Zone::UTC };
    Window { times, has_end: true, backup: false, start: start.from, end: end_from, id: None }
}

/// The ticket behind a label, or the first word of the subject that looks like one.
pub(super) fn id<'a>(view: &'a View<'a>) -> Option<Found<'a>> {
    let first_word = |text: Found<'a>| {
        let word = text.text.split_whitespace().next()?.trim_matches(['[', ']', '(', ')', ',', '.', '#']).to_owned();
        word.contains(|c: char| c.is_ascii_digit()).then(|| text.with(word))
    };
    let behind_label = IDS.iter().find_map(|label| view.value(&[label]).and_then(first_word));
    behind_label.or_else(|| {
        let words = view.message.subject.split(|c: char| c.is_whitespace() || "[](),;:|\"'".contains(c));
        let is_ticket = |word: &&str| {
            let digits = word.bytes().filter(u8::is_ascii_digit).count();
            let is_time = moment(word).is_some_and(|(_, rest)| rest.is_empty());
            digits >= 3
                && word.len() >= 5
                && !is_time
                && word.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_#/.".contains(&c))
        };
        let words: Vec<&str> =
            words.map(|word| word.trim_matches(['#', '.'])).filter(|word| !word.is_empty()).collect();
        // The customer's number is none of the work's.
        let is_account = |place: usize| {
            let before = place.checked_sub(1).and_then(|before| words.get(before));
            before.is_some_and(|word| word.eq_ignore_ascii_case("account"))
        };
        let (_, word) = words.iter().enumerate().find(|(place, word)| is_ticket(word) && !is_account(*place))?;
        Some(view.subject().with((*word).to_owned()))
    })
}

/// What the label says, or the subject, or the head of the mail; the last stage that any of them names.
fn status<'a>(view: &View<'a>) -> Said<'a, OutageStatus> {
    let labelled = view.value(STATUSES).and_then(|text| Some((incident::status(&text.text)?, text)));
    let said = || {
        let texts = std::iter::once(view.subject()).chain(view.head(HEAD_LINES));
        let found = texts.filter_map(|text| Some((incident::status(&text.text)?, text)));
        found.max_by_key(|(status, _)| *status)
    };
    match labelled.or_else(said) {
        Some((value, from)) => Said { value, from },
        None => Said { value: OutageStatus::Reported, from: Found::rule("a fault that no word follows is reported") },
    }
}

/// A point in time, or a length of time from when the mail was written.
fn repair(text: &Found<'_>, rules: &Rules<'_>, sent: Time) -> Option<Time> {
    match point(text, rules, sent) {
        // `02:00 UTC` after midnight is the next one.
        Ok(time)
            if time < sent
                && !text.text.contains(['/', '-', '.'])
                && moment(&text.text).is_some_and(|(m, _)| m.date.is_none()) =>
        {
            time.checked_add_signed(Duration::days(1))
        }
        Ok(time) => Some(time),
        Err(_) => sent.checked_add_signed(duration(&text.text)?),
    }
}

/// The circuits of a table, or behind a label.
pub(super) fn circuits<'a>(view: &'a View<'a>) -> Circuits<'a> {
    let general = view.impact(view.value(IMPACTS));
    let mut circuits = Circuits::default();
    for row in view.rows(CIRCUITS).into_iter().chain(view.sheet_rows(CIRCUITS)) {
        let own = row.get(IMPACTS).map(|text| view.impact(Some(text)));
        if let Some(id) = row.get(CIRCUITS) {
            circuits.add(id, own.unwrap_or_else(|| general.clone()));
        }
    }
    if circuits.is_empty() {
        for list in view.lists(CIRCUITS) {
            circuits.add_list(&list, &general);
        }
    }
    // A label in the middle of a sentence.
    if circuits.is_empty()
        && let Some(holes) =
            view.sentence(&["affected circuit: {}", "affected circuits: {...}\n", "circuit id: {}", "circuit: {}"])
    {
        for list in holes {
            circuits.add_list(&list, &general);
        }
    }
    circuits
}
