//! Cogent: labelled lines in local time, and a city that says which zone that is. Days come after months.

use chrono_tz::Tz;
use noticeboard_domain::notice::NoticeState;
use noticeboard_domain::status::MaintenanceStatus;

use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::{Circuits, outage};
use crate::toolkit::found::{Found, Said};
use crate::toolkit::places;
use crate::toolkit::windows::{DateOrder, Rules};
use crate::toolkit::zones::{LOCAL, Zone};
use crate::view::{View, confirmed};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "cogent",
    providers: &["cogent"],
    names: &["cogent"],
    marks: &[&["work order", "order id(s)", "order ids", "order id impacted"]],
    reads: Reads::Bodies,
    read,
};

const STARTS: [&str; 4] = ["Start time", "Start Date & Time", "Maintenance start", "Start"];
const ENDS: [&str; 4] = ["End time", "End Date & Time", "Maintenance end", "End"];
const ORDERS: [&str; 5] =
    ["Order ID(s) impacted", "Order ID(s)", "Order IDs impacted", "Order ID impacted", "Impacted Order ID(s)"];

/// The first word of the subject, which a mail that was saved from a web page repeats in its first line.
const STATUSES: [(&str, MaintenanceStatus); 9] = [
    ("cancelled", MaintenanceStatus::Cancelled),
    ("canceled", MaintenanceStatus::Cancelled),
    ("cancellation", MaintenanceStatus::Cancelled),
    ("completed", MaintenanceStatus::Completed),
    ("completion", MaintenanceStatus::Completed),
    ("correction", MaintenanceStatus::Rescheduled),
    ("rescheduled", MaintenanceStatus::Rescheduled),
    ("reschedule", MaintenanceStatus::Rescheduled),
    ("update", MaintenanceStatus::Rescheduled),
];

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let id = view.need(&["Work order number", "Work order #", "Work order", "Maintenance Ticket"])?;
    let local = local_zone(view);
    let meanings: Vec<(&str, Tz)> = local.map(|zone| (LOCAL, zone)).into_iter().collect();
    let rules = Rules { order: DateOrder::MonthFirst, zone: local.map(Zone::Named), meanings: &meanings };
    let windows = view.windows(&STARTS, &ENDS, &rules)?;
    let mut circuits = Circuits::default();
    for ids in view.lists(&ORDERS) {
        circuits.add_list(&ids, &outage());
    }
    let account = view.sentence(&["Dear {...},"]).and_then(|holes| holes.into_iter().next());
    Ok(vec![Draft {
        account: account.filter(|account| account.text != "Cogent Customer"),
        windows,
        circuits,
        ..view.draft(id, status(view))
    }])
}

fn status<'a>(view: &View<'a>) -> Said<'a, NoticeState> {
    let titles = [view.value(&["Subject"]), Some(view.subject())].into_iter().flatten();
    let heading = view.line_with(&["planned network maintenance", "network maintenance"]);
    let opening = view.line_with(&["this email is to"]);
    let texts: Vec<Found<'a>> = titles.chain(heading).collect();
    view.status_by(texts.clone(), &STATUSES)
        .or_else(|| view.status(texts.into_iter().chain(opening)))
        .unwrap_or_else(confirmed)
}

/// The zone of the city in which the work is. No service is asked: Cogent names few places, and all of them are known.
fn local_zone<'a>(view: &'a View<'a>) -> Option<Tz> {
    let sentences = [
        "in the greater {...} metro",
        "in the greater {...} area",
        "in the {...} metro",
        "in the {...} area",
        "service in {...} will",
        "Maintenance - {...}\n",
        "Location: {...}\n",
    ];
    let in_body = sentences.iter().filter_map(|sentence| view.sentence(&[sentence])?.into_iter().next());
    let in_subject = view.in_subject(&["Maintenance - {...}"]);
    let titles = view.value(&["Subject"]);
    in_body.chain(in_subject).chain(titles).find_map(|place| places::zone(&place.text))
}
