//! Equinix: labels in English and, above them, often in the customer's language; a window in UTC without a year, and
//! tables of services.

use chrono::NaiveTime;
use noticeboard_domain::notice::NoticeState;

use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::{Circuits, Impact, outage};
use crate::toolkit::found::{At, Found, Said};
use crate::toolkit::impact;
use crate::toolkit::text::{has_phrase, plain};
use crate::toolkit::windows::{DateOrder, Rules, Window, day_of};
use crate::toolkit::{incident, moments};
use crate::view::{View, confirmed};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "equinix",
    providers: &["equinix"],
    names: &["equinix"],
    marks: &[&["utc"], &["span:", "date:", "ibx"], &["network maintenance", "please reference"]],
    reads: Reads::Bodies,
    read,
};

/// Columns of what a row is about, the first that is not blank.
const IDS: [&str; 7] = [
    "Service Serial #",
    "Service Serial#",
    "Service Serial Number",
    "Serial #",
    "Virtual Asset UUID",
    "L2 Connection UUID",
    "L3 Subscription UUID",
];

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    // Its incidents have the same labels.
    if incident::is_fault(&view.message.subject) {
        return Err(Trouble::Foreign("it tells of a fault".into()));
    }
    let id = id(view).ok_or("it has no reference")?;
    // `SPAN` says the year. Where it is missing, the year is that of the mail.
    let span = view.value(&["SPAN", "DATE"]).and_then(|text| {
        let day = day_of(moments::date(&text.text)?.0, DateOrder::DayFirst, view.sent)?;
        Some(day.and_time(NaiveTime::MIN).and_utc())
    });
    let near = span.unwrap_or(view.sent);
    let mut windows: Vec<Window<'a>> = Vec::new();
    let mut unreadable = String::from("it has no \"UTC\"");
    for field in view.fields(&["UTC", "UTC Time"]) {
        match Window::of_field(field.value, &Rules::DAY_FIRST_UTC, near) {
            // The same window stands there once in each language.
            Ok(window) if windows.iter().all(|known| known.times != window.times) => windows.push(window),
            Ok(_) => {}
            Err(missing) => unreadable = missing,
        }
    }
    if windows.is_empty() {
        return Err(unreadable.into());
    }
    let impact = general_impact(view);
    let rows = view.rows(&["Service Serial #", "Service Serial Number", "Account #", "Account Number"]);
    let mut circuits = Circuits::default();
    for row in &rows {
        // Account, product and service; with the building between them in some tables.
        let unnamed = || row.cells().nth(if row.cells().count() > 3 { 3 } else { 2 }).filter(|cell| !cell.is_blank());
        // Several words are the names of columns that a narrow page has broken off.
        if let Some(id) = row.get(&IDS).or_else(unnamed).filter(|id| !id.text.contains(' ')) {
            circuits.add(id, impact.clone());
        }
    }
    let mut account = rows.first().and_then(|row| row.get(&["Account #", "Account Number"]));
    if rows.is_empty() {
        for (of_account, id) in rows_of_words(view) {
            account.get_or_insert(of_account);
            circuits.add(id, impact.clone());
        }
    }
    if circuits.is_empty() {
        for site in sites(view) {
            circuits.add(site, impact.clone());
        }
    }
    Ok(vec![Draft { account, windows, circuits, summary: view.subject(), ..view.draft(id, status(view)) }])
}

/// Account and service of the rows of a table of which plain text keeps only the words: `77 Metro Connect 7-B` behind
/// the names of the columns, on lines of their own or all on one.
fn rows_of_words<'a>(view: &View<'a>) -> Vec<(Found<'a>, Found<'a>)> {
    const MAX_PRODUCT_WORDS: usize = 4;
    // A row of the Fabric goes on with the names of its connections.
    const MAX_ROW_WORDS: usize = 60;
    let is_account = |word: &str| word.len() >= 3 && word.bytes().all(|c| c.is_ascii_digit());
    let is_name = |word: &str| word.starts_with(char::is_uppercase) && word.chars().all(char::is_alphabetic);
    let lines: Vec<Found<'a>> = view.lines_from(0).collect();
    let words: Vec<(&Found<'a>, &str)> =
        lines.iter().flat_map(|line| line.text.split_whitespace().map(move |word| (line, word))).collect();
    let mut rows = Vec::new();
    // Whether the building stands between product and service, and where the last row began.
    let mut table = None;
    for (place, &(line, word)) in words.iter().enumerate() {
        let after = words.get(place + 1..).unwrap_or_default();
        if let Some(columns) = columns_of_words(word, after) {
            table = Some((columns, place));
        }
        let Some((with_ibx, _)) = table.filter(|(_, last)| place - last < MAX_ROW_WORDS && is_account(word)) else {
            continue;
        };
        let product = after.iter().take(MAX_PRODUCT_WORDS).take_while(|(_, word)| is_name(word)).count();
        let service = after.get(product + usize::from(with_ibx));
        if let Some((at, service)) = service.filter(|(_, id)| product > 0 && id.contains(|c: char| c.is_ascii_digit()))
        {
            rows.push((line.with(word.to_owned()), at.with((*service).to_owned())));
            table = Some((with_ibx, place));
        }
    }
    rows
}

/// Whether `Account # Product IBX Service Serial #`, which begins with this word, has the building in it.
fn columns_of_words(word: &str, after: &[(&Found<'_>, &str)]) -> Option<bool> {
    const MAX_WORDS: usize = 6;
    if !word.eq_ignore_ascii_case("account") || after.first().is_none_or(|(_, next)| *next != "#") {
        return None;
    }
    let columns = after.get(..after.len().min(MAX_WORDS))?;
    let serial = columns.iter().position(|(_, word)| word.eq_ignore_ascii_case("serial"))?;
    Some(columns.iter().take(serial).any(|(_, word)| word.eq_ignore_ascii_case("ibx")))
}

/// Work on a building that lists nobody's services hits the buildings.
fn sites<'a>(view: &View<'a>) -> Vec<Found<'a>> {
    let has_list = view.line_with(&["account #", "impacted assets"]).is_some();
    if has_list || has_phrase(&plain(&view.message.subject), "network maintenance") {
        return Vec::new();
    }
    let lists = view.value(&["IBX(s)", "IBX", "LOCATION"]).into_iter();
    let sites = lists.flat_map(|list| {
        let names: Vec<_> =
            list.text.split([',', ' ', '/', '&']).filter(|name| is_site(name)).map(str::to_owned).collect();
        names.into_iter().map(move |name| list.with(name))
    });
    sites.collect()
}

/// Two letters and one or two digits: `NY4`, `DC10`.
fn is_site(name: &str) -> bool {
    let (city, number) = name.split_at_checked(2).unwrap_or_default();
    city.bytes().all(|c| c.is_ascii_uppercase())
        && (1..=2).contains(&number.len())
        && number.bytes().all(|c| c.is_ascii_digit())
}

/// The reference in the last brackets of the subject that hold one, or without them, or the one that the text names.
/// Other brackets may hold the ticket of who sends the mail on.
fn id<'a>(view: &'a View<'a>) -> Option<Found<'a>> {
    let subject = &view.message.subject;
    let brackets: Vec<&str> =
        subject.split('[').skip(1).filter_map(|rest| rest.split_once(']').map(|(inside, _)| inside)).collect();
    let words = subject.split(|c: char| c.is_whitespace() || "()[],;:".contains(c));
    let in_subject = |text: &'a str| Found::new(text, At::Subject);
    let has_number = |text: &&&str| text.contains(|c: char| c.is_ascii_digit()) && !text.contains([' ', ':', '#']);
    brackets
        .iter()
        .rfind(|text| is_reference(text))
        .copied()
        .or_else(|| words.into_iter().find(|word| is_reference(word)))
        .map(in_subject)
        .or_else(|| view.sentence(&["Please reference {}."])?.into_iter().next())
        .or_else(|| view.word_with(&["CHG"]))
        .or_else(|| brackets.iter().rfind(has_number).copied().map(in_subject))
}

/// `CHG0031000`, or a number behind one letter or digit: `5-230281950000`, `K-293030438574`.
fn is_reference(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    text.strip_prefix("CHG").is_some_and(is_number)
        || text.split_once('-').is_some_and(|(kind, number)| kind.len() == 1 && is_number(number))
}

/// What the `IMPACT` lines say; the English one stands last.
fn general_impact<'a>(view: &View<'a>) -> Impact<'a> {
    let said = view.fields(&["IMPACT", "SERVICE IMPACT"]).into_iter().rev().find_map(|field| {
        let said = view.whole(&field.value);
        Some((impact::of_words(&said.text)?, said))
    });
    said.unwrap_or_else(outage)
}

fn status<'a>(view: &View<'a>) -> Said<'a, NoticeState> {
    let said = view.line_with(&["the maintenance listed below", "maintenance has been"]);
    view.status([view.subject()].into_iter().chain(said)).unwrap_or_else(confirmed)
}
