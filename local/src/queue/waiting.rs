//! Which messages of a queue wait, and until when: keys and times only, the messages are in the table.
//!
//! What it does takes as long for a hundred thousand waiting messages as for a few: nothing looks at those that are held
//! up.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tokio::time::Instant;

/// The messages that wait.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    groups: HashMap<String, Group>,
    /// Groups of which no message is being delivered, by when the first of each may be.
    due: BTreeSet<(Instant, String)>,
}

#[derive(Debug, Default)]
struct Group {
    /// The messages in their order, by their keys.
    messages: BTreeMap<String, Message>,
    turn: Turn,
}

#[derive(Debug, Default)]
enum Turn {
    /// Just made: it has no place in line yet.
    #[default]
    None,
    /// It stands in line under this time.
    At(Instant),
    /// One of its messages is being delivered.
    Delivered,
}

#[derive(Debug)]
struct Message {
    receives: u32,
    /// Since when, or from when on, it may be delivered.
    not_before: Instant,
}

/// A message whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) key: String,
    /// How often it was received before.
    pub(super) receives: u32,
}

/// The key of a message: its group, its place there, and its id.
pub(super) fn key(group: &str, place: u64, id: &str) -> String {
    format!("{group}#{place:016}#{id}")
}

/// The group in a key. Neither a place nor an id has `#` in it.
pub(super) fn group(key: &str) -> &str {
    key.rsplitn(3, '#').nth(2).unwrap_or_default()
}

impl Waiting {
    /// Adds a message that came now, unless it is there.
    pub(super) fn arrive(&mut self, key: String, now: Instant) {
        let group = self.groups.entry(group(&key).to_owned()).or_default();
        let name = self::group(&key).to_owned();
        group.messages.entry(key).or_insert(Message { receives: 0, not_before: now });
        self.line_up(&name);
    }

    /// Says how often a message was received and from when on it may be again; it is added if it is not there.
    pub(super) fn hide(&mut self, key: String, receives: u32, not_before: Instant) {
        let name = group(&key).to_owned();
        let group = self.groups.entry(name.clone()).or_default();
        group.messages.insert(key, Message { receives, not_before });
        self.line_up(&name);
    }

    /// Takes the first message of the group whose turn it is, if any is due. The group has no other turn until that is
    /// given back.
    pub(super) fn take(&mut self, now: Instant) -> Option<Taken> {
        let (at, _) = self.due.first()?;
        if *at > now {
            return None;
        }
        let (_, name) = self.due.pop_first()?;
        let group = self.groups.get_mut(&name)?;
        group.turn = Turn::Delivered;
        let (key, message) = group.messages.first_key_value()?;
        Some(Taken { key: key.clone(), receives: message.receives })
    }

    /// Gives back a message that was taken: it is gone, or was received once more and is hidden for a while.
    pub(super) fn give_back(&mut self, key: &str, hidden: Option<(u32, Instant)>) {
        let name = group(key);
        let Some(group) = self.groups.get_mut(name) else {
            return;
        };
        group.turn = Turn::None;
        match hidden {
            Some((receives, not_before)) => {
                group.messages.insert(key.to_owned(), Message { receives, not_before });
            }
            None => drop(group.messages.remove(key)),
        }
        self.line_up(name);
    }

    /// When the next message is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Whether a message is taken and not given back.
    #[cfg(test)]
    pub(super) fn is_delivering(&self) -> bool {
        self.groups.values().any(|group| matches!(group.turn, Turn::Delivered))
    }

    /// Gives a group its place in line, which is that of its first message.
    fn line_up(&mut self, name: &str) {
        let Some(group) = self.groups.get_mut(name) else {
            return;
        };
        let first = group.messages.first_key_value().map(|(_, message)| message.not_before);
        match group.turn {
            Turn::Delivered => return,
            Turn::At(at) if Some(at) == first => return,
            Turn::At(at) => drop(self.due.remove(&(at, name.to_owned()))),
            Turn::None => {}
        }
        match first {
            Some(at) => {
                group.turn = Turn::At(at);
                self.due.insert((at, name.to_owned()));
            }
            None => drop(self.groups.remove(name)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Does what a line of words says, one after another, and compares what is taken: `a1` arrives, `>a1` is taken,
    /// `-a1` is delivered, `a1+5` is hidden for 5 s, `@7` is the seventh second, `.` nothing is due.
    #[track_caller]
    fn check(story: &str) {
        let (start, mut waiting) = (Instant::now(), Waiting::default());
        let mut now = start;
        let key_of = |name: &str| key(&name[..1], name[1..].parse().unwrap(), name);
        for step in story.split(' ') {
            match (step.split_at(1), step.split_once('+')) {
                (("@", seconds), _) => now = start + Duration::from_secs(seconds.parse().unwrap()),
                ((">", name), _) => {
                    assert_eq!(waiting.take(now).map(|taken| taken.key), Some(key_of(name)), "{step} in {story}");
                }
                (("-", name), _) => waiting.give_back(&key_of(name), None),
                ((".", _), _) => assert_eq!(waiting.take(now), None, "in {story}"),
                (_, Some((name, seconds))) => {
                    let until = now + Duration::from_secs(seconds.parse().unwrap());
                    waiting.give_back(&key_of(name), Some((1, until)));
                }
                (_, None) => waiting.arrive(key_of(step), now),
            }
        }
        let left: usize = waiting.groups.values().map(|group| group.messages.len()).sum();
        assert_eq!(left == 0, waiting.groups.is_empty(), "an empty group is kept: {waiting:?}");
    }

    #[test]
    fn a_group_has_one_turn_at_a_time_and_keeps_its_order() {
        check("a1 a2 b1 >a1 >b1 . -a1 >a2 -b1 . -a2 .");
        check("a2 a1 >a1 -a1 >a2");
        check("a1 >a1 a2 . a1+5 . @4 . @5 >a1 -a1 >a2 -a2 .");
        // The same once more is the same.
        check("a1 a1 >a1 a1 . -a1 .");
    }

    #[test]
    fn who_waits_longest_is_first_and_who_is_hidden_holds_up_only_its_group() {
        check("a1 @1 b1 @2 a2 >a1 -a1 >b1 >a2 .");
        check("a1 >a1 a1+9 b1 >b1 -b1 . @8 b2 >b2 . @9 >a1");
    }

    #[test]
    fn an_older_message_that_comes_back_goes_before_one_that_is_hidden() {
        check("a2 >a2 a2+9 a1 >a1 -a1 . @9 >a2 -a2 .");
        check("a2 >a2 a1 . -a2 >a1 -a1 .");
    }

    #[test]
    fn a_key_names_its_group() {
        for name in ["event:7", "users.token:3", "a#b", ""] {
            assert_eq!(group(&key(name, 7, "notices.outage:7:3:status")), name);
        }
    }
}
