//! Which event each window of a mail is about, when one ticket of a provider has several windows.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::ids::EventId;
use crate::time::Time;

/// A window that a ticket is known to have, with the event that stands for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownWindow {
    /// The event.
    pub event: EventId,
    /// Start, as last announced.
    pub start: Time,
    /// End, as last announced.
    pub end: Option<Time>,
    /// Whether it is a backup window.
    pub backup: bool,
    /// `UID` of the notice, where the format has one.
    pub uid: Option<String>,
}

/// A window that a mail announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnouncedWindow {
    /// Start.
    pub start: Time,
    /// End.
    pub end: Option<Time>,
    /// Whether it is a backup window.
    pub backup: bool,
    /// `UID` of the notice, where the format has one.
    pub uid: Option<String>,
}

/// A rule by which an announced window is a known one.
type Pass<'a> = &'a dyn Fn(&KnownWindow, &AnnouncedWindow) -> bool;

/// For each announced window, the known one that it speaks of; `None` where it is a new one.
///
/// First come equal times, then the same `UID` where it is unambiguous, then windows that overlap, and last, in their
/// order, what is left over: a ticket with one window that moves by a week stays one event. Leftovers are paired only
/// while the mail announces every window of its kind (primary or backup) that is known: a mail that names one window
/// of three speaks of a part, and an unknown window in it is a new one.
pub fn match_windows(known: &[KnownWindow], announced: &[AnnouncedWindow]) -> Vec<Option<EventId>> {
    let mut free: Vec<&KnownWindow> = known.iter().collect();
    let mut found: Vec<Option<EventId>> = vec![None; announced.len()];
    let mut uids: HashMap<&str, (usize, usize)> = HashMap::new();
    known.iter().filter_map(|window| window.uid.as_deref()).for_each(|uid| uids.entry(uid).or_default().0 += 1);
    announced.iter().filter_map(|window| window.uid.as_deref()).for_each(|uid| uids.entry(uid).or_default().1 += 1);
    let alone = |uid: &Option<String>| uid.as_deref().is_some_and(|uid| uids.get(uid) == Some(&(1, 1)));
    let passes: [Pass<'_>; 3] = [
        &|known, new| known.start == new.start && known.end == new.end,
        &|known, new| known.uid == new.uid && alone(&new.uid),
        &|known, new| overlap(known, new),
    ];
    for pass in passes {
        for (slot, new) in found.iter_mut().zip(announced) {
            if slot.is_some() {
                continue;
            }
            if let Some(at) = free.iter().position(|window| window.backup == new.backup && pass(window, new)) {
                *slot = Some(free.remove(at).event);
            }
        }
    }
    for backup in [false, true] {
        let announced_of_kind = announced.iter().filter(|window| window.backup == backup).count();
        let known_of_kind = known.iter().filter(|window| window.backup == backup).count();
        if announced_of_kind < known_of_kind {
            continue;
        }
        for (slot, new) in found.iter_mut().zip(announced) {
            if slot.is_none()
                && new.backup == backup
                && let Some(at) = free.iter().position(|window| window.backup == backup)
            {
                *slot = Some(free.remove(at).event);
            }
        }
    }
    found
}

fn overlap(known: &KnownWindow, new: &AnnouncedWindow) -> bool {
    let ends_after = |end: Option<Time>, start: Time| end.is_none_or(|end| end > start);
    ends_after(known.end, new.start) && ends_after(new.end, known.start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::hour;

    /// A window is `event start-end`, with `b` behind it for a backup and `=uid` for its UID.
    fn known(text: &str) -> KnownWindow {
        let (event, window) = text.split_once(' ').unwrap();
        let AnnouncedWindow { start, end, backup, uid } = announced(window);
        KnownWindow { event: event.parse().unwrap(), start, end, backup, uid }
    }

    fn announced(text: &str) -> AnnouncedWindow {
        let (text, uid) = text.split_once('=').map_or((text, None), |(text, uid)| (text, Some(uid.to_owned())));
        let (times, backup) = text.strip_suffix('b').map_or((text, false), |times| (times, true));
        let (start, end) = times.split_once('-').unwrap();
        AnnouncedWindow {
            start: hour(start.parse().unwrap()),
            end: (!end.is_empty()).then(|| hour(end.parse().unwrap())),
            backup,
            uid,
        }
    }

    #[track_caller]
    fn check(before: &[&str], mail: &[&str], expected: &[u64]) {
        let before: Vec<_> = before.iter().map(|text| known(text)).collect();
        let mail: Vec<_> = mail.iter().map(|text| announced(text)).collect();
        let found: Vec<u64> = match_windows(&before, &mail).into_iter().map(|id| id.map_or(0, EventId::get)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn windows_find_their_events() {
        check(&[], &["1-2", "3-4"], &[0, 0]);
        check(&["7 1-2"], &["1-2"], &[7]);
        check(&["7 1-2"], &["10-12"], &[7]);
        check(&["7 1-2", "8 3-4"], &["3-4", "1-2"], &[8, 7]);
        check(&["7 1-2", "8 3-4"], &["5-6", "1-2"], &[8, 7]);
        check(&["7 1-2", "8 3-4", "9 5-6"], &["3-4"], &[8]);
        check(&["7 1-2", "8 3-4", "9 5-6"], &["10-11"], &[0]);
        check(&["7 1-2"], &["1-2", "3-4b"], &[7, 0]);
        check(&["7 1-2", "8 3-4b"], &["5-6b", "1-2"], &[8, 7]);
        check(&["7 1-2=a", "8 3-4=b"], &["10-11=b"], &[8]);
        check(&["7 1-2=a", "8 3-4=a"], &["10-11=a"], &[0]);
        check(&["7 1-3", "8 5-7"], &["6-8"], &[8]);
        check(&["7 1-"], &["1-9"], &[7]);
    }
}
