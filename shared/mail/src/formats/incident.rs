//! Unplanned outages of known providers: opened, updated with a new estimate of the repair, resolved.
//!
//! No provider's own form is known well enough to be read by itself. They all give a ticket, a start and the services
//! behind labels, and say in words where the repair stands; that is what is read here.

use chrono::Duration;
use noticeboard_domain::notice::NoticeState;
use noticeboard_domain::status::OutageStatus;
use noticeboard_domain::time::Time;

use super::common::{ACCOUNTS, CIRCUITS, ENDS, IDS, IMPACTS, REPAIRS, STARTS, STATUSES, SUMMARIES, with_zone_of_all};
use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::Circuits;
use crate::toolkit::found::{Found, Said};
use crate::toolkit::incident::{self, Kind};
use crate::toolkit::moments::moment;
use crate::toolkit::tables::Row;
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
    let rules = with_zone_of_all(view, Rules::DAY_FIRST_UTC);
    Ok(vec![Draft { provider: Some(provider), ..outage(view, &rules)? }])
}

/// Whether the mail is about a fault: its subject says so, or else its first lines. Where they speak of a fault and then
/// of work, a person must see which of them it announces.
pub(super) fn kind(view: &View<'_>) -> Option<Kind> {
    incident::kind(&view.message.subject).or_else(|| {
        let mut kinds = view.head(HEAD_LINES).filter_map(|line| incident::kind(&line.text));
        let first = kinds.next()?;
        (first == Kind::Maintenance || kinds.all(|kind| kind == first)).then_some(first)
    })
}

/// The outage that the mail tells of.
pub(super) fn outage<'a>(view: &'a View<'a>, rules: &Rules<'_>) -> Result<Draft<'a>, Trouble> {
    if kind(view) != Some(Kind::Outage) {
        return Err(Trouble::Foreign(String::new()));
    }
    let id = id(view).ok_or_else(|| Trouble::Foreign("it has no ticket".into()))?;
    let status = status(view);
    let repair = repair(view, rules);
    let start = points(view, STARTS, rules).into_iter().next().unwrap_or_else(|| Said {
        value: view.sent,
        from: Found::rule("a fault without a start began when the mail was written"),
    });
    // What is still to come is planned, whatever it is called.
    if start.value > view.sent.checked_add_signed(Duration::days(1)).unwrap_or(view.sent) {
        return Err(Trouble::Foreign("it speaks of a fault that is still to come".into()));
    }
    let ended = points(view, ENDS, rules).into_iter().find(|end| end.value >= start.value);
    let is_resolved = status.value == OutageStatus::Resolved;
    let window = match (is_resolved, ended) {
        (true, Some(end)) => closed(start, end.value, end.from),
        (true, None) => {
            let end = view.sent.max(start.value);
            closed(start, end, Found::rule("a fault that is over ended when the mail was written"))
        }
        // What is called an end before it is over is an estimate.
        (false, _) => Window::open(start.from, start.value),
    };
    let state = NoticeState::Outage { status: status.value, estimated_time_to_repair: repair.filter(|_| !is_resolved) };
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

/// Every point in time behind the first of these labels that has one, or else in a column of that name.
fn points<'a>(view: &View<'a>, names: &[&str], rules: &Rules<'_>) -> Vec<Said<'a, Time>> {
    let said = |from: Found<'a>, rules: &Rules<'_>| Some(Said { value: point(&from, rules, view.sent).ok()?, from });
    let behind = names.iter().map(|name| {
        let fields = view.fields(&[name]).into_iter();
        fields.filter_map(|field| said(field.value, &rules.with_zone_of(field.label))).collect::<Vec<_>>()
    });
    let in_column = names.iter().map(|name| {
        let rows = view.rows(&[name]).into_iter();
        let cell = |row: Row<'a>| said(row.get(&[name])?, &rules.with_zone_of(row.name_of(&[name])?));
        rows.filter_map(cell).collect::<Vec<_>>()
    });
    behind.chain(in_column).find(|points| !points.is_empty()).unwrap_or_default()
}

/// The ticket behind a label, or the first word of the subject that looks like one.
pub(super) fn id<'a>(view: &'a View<'a>) -> Option<Found<'a>> {
    let first_word = |text: Found<'a>| {
        let word = text.text.split_whitespace().next()?.trim_matches(['[', ']', '(', ')', ',', '.', '#']).to_owned();
        word.contains(|c: char| c.is_ascii_digit()).then(|| text.with(word))
    };
    let behind_label = IDS.iter().find_map(|label| view.value(&[label]).and_then(first_word));
    // A table of several tickets has none of its own.
    let in_column = || {
        let rows = IDS.iter().flat_map(|name| {
            let rows = view.rows(&[name]).into_iter().chain(view.sheet_rows(&[name]));
            rows.filter_map(|row| row.get(&[name]))
        });
        let mut ids = rows.filter_map(first_word);
        let id = ids.next()?;
        ids.all(|other| other.text == id.text).then_some(id)
    };
    behind_label.or_else(in_column).or_else(|| {
        let words = view.message.subject.split(|c: char| c.is_whitespace() || "[](),;:|\"'".contains(c));
        let is_ticket = |word: &&str| {
            let digits = word.bytes().filter(u8::is_ascii_digit).count();
            let is_time = moment(word).is_some_and(|(_, rest)| rest.is_empty());
            digits >= 3
                && word.len() >= 5
                && !is_time
                && word.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_#/.".contains(&c))
        };
        // `TT#7701` is ticket 7701.
        let number = |word: &'a str| word.trim_matches(['#', '.', '-']).rsplit('#').next().unwrap_or(word);
        let words: Vec<&str> = words.map(number).filter(|word| !word.is_empty()).collect();
        // The customer's number is none of the work's.
        let is_account = |place: usize| {
            let before = place.checked_sub(1).and_then(|before| words.get(before));
            before.is_some_and(|word| word.eq_ignore_ascii_case("account"))
        };
        let (_, word) = words.iter().enumerate().find(|(place, word)| is_ticket(word) && !is_account(*place))?;
        Some(view.subject().with((*word).to_owned()))
    })
}

/// What the label says, or the subject, or the head of the mail; the last stage that any of them names. `Open` and `in
/// progress` leave the stage to the words of the mail.
fn status<'a>(view: &View<'a>) -> Said<'a, OutageStatus> {
    let labelled = view.value(STATUSES).and_then(|text| Some((incident::status(&text.text)?, text)));
    let is_exact = labelled.as_ref().is_some_and(|(status, _)| *status > OutageStatus::Investigating);
    let said = |labelled: Option<(OutageStatus, Found<'a>)>| {
        let texts = std::iter::once(view.subject()).chain(view.head(HEAD_LINES));
        let is_open = labelled.is_some();
        let found = texts.filter_map(|text| Some((incident::status(&text.text)?, text)));
        let found = found.filter(|(status, _)| !is_open || *status != OutageStatus::Resolved);
        found.chain(labelled).max_by_key(|(status, _)| *status)
    };
    match if is_exact { labelled } else { said(labelled) } {
        Some((value, from)) => Said { value, from },
        None => Said { value: OutageStatus::Reported, from: Found::rule("a fault that no word follows is reported") },
    }
}

/// When it is expected to be repaired, behind a label or in a sentence.
fn repair(view: &View<'_>, rules: &Rules<'_>) -> Option<Time> {
    let labelled = view.fields(REPAIRS).into_iter().next();
    match labelled {
        Some(field) => repaired(&field.value, &rules.with_zone_of(field.label), view.sent),
        None => {
            const SENTENCES: &[&str] =
                &["etr is {...}.", "ettr is {...}.", "etr: {...}\n", "etr {...}.", "ettr {...}."];
            let said = view.sentence(SENTENCES)?.into_iter().next()?;
            repaired(&said, rules, view.sent)
        }
    }
}

/// A point in time, or a length of time from when the mail was written.
fn repaired(text: &Found<'_>, rules: &Rules<'_>, sent: Time) -> Option<Time> {
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
    circuits.worst_of_each()
}
