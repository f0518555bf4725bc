//! Netflix's peering team: a few sentences, and the recipient's addresses, which are the circuits.
//!
//! Its mails carry no id. The place and the day of the work make one, which stays the same in a reminder.

use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::{Circuits, outage};
use crate::toolkit::found::Found;
use crate::toolkit::text::strip_start;
use crate::toolkit::windows::{Rules, Window, duration};
use crate::view::{View, confirmed};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "netflix",
    providers: &["netflix"],
    names: &["netflix"],
    marks: &[
        &["performing scheduled maintenance", "will be performing", "scheduled maintenance"],
        &["downtime"],
        &["your ip"],
    ],
    reads: Reads::Bodies,
    read,
};

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let holes = view.sentence(&[
        "maintenance in {...}, at {...}.\n",
        "maintenance in {...} at {...}.\n",
        "maintenance in {...}, at {...}.",
    ]);
    let mut holes = holes.ok_or("it does not say where and when the work is")?.into_iter();
    let (place, start) = (holes.next().ok_or("it does not say where")?, holes.next().ok_or("it does not say when")?);
    let length = length(view).ok_or("it does not say how long the downtime is")?;
    let window = Window::of_length(start, length, &Rules::DAY_FIRST_UTC, view.sent)?;
    // A mail program may have put a line end into the name of the place.
    let words: Vec<&str> = place.text.split_whitespace().collect();
    let id = place.with(format!("{} {}", words.join(" "), window.times.start.format("%Y-%m-%d")));
    let mut circuits = Circuits::default();
    for line in view.lines_from(0) {
        let list = strip_start(&line.text, "Your IPs:").unwrap_or(&line.text);
        let words =
            || list.split([' ', ',', ';']).map(|word| word.trim_matches(['*', '-', '•'])).filter(|w| !w.is_empty());
        // A line of nothing but addresses.
        if words().all(|word| word.parse::<std::net::IpAddr>().is_ok()) {
            for address in words() {
                circuits.add(line.with(address.to_owned()), outage());
            }
        }
    }
    let status = view.status_or_outright([view.subject()], view.lines_above(&["Your IPs", "Your IP addresses"]));
    let status = status.unwrap_or_else(confirmed);
    let account = view.sentence(&["({})"]).and_then(|holes| holes.into_iter().next());
    Ok(vec![Draft {
        account: account.filter(|asn| asn.text.starts_with("AS")),
        windows: vec![window],
        circuits,
        ..view.draft(id, status)
    }])
}

/// `Expected downtime will be approximately 2 hours.`, or `20 minutes of downtime`.
fn length<'a>(view: &'a View<'a>) -> Option<Found<'a>> {
    let holes = ["downtime will be {...}.", "downtime is {...}.", "downtime of {...}.", "downtime: {...}\n"];
    let stated = holes.iter().filter_map(|template| view.sentence(&[template])?.into_iter().next());
    let around = view.line_with(&["downtime"]);
    stated.chain(around).find(|text| duration(&text.text).is_some())
}
