//! Time and the calendar: what is in the window, until when an event is shown, and when time alone changes any of it.

use std::collections::BTreeSet;

use chrono::{Duration, DurationRound};
use noticeboard_domain::event::{Event, EventDetail};
use noticeboard_domain::time::Time;
use noticeboard_store::WindowPart;

/// An outage that goes on is shown until the next full minute.
pub const MINUTE: Duration = Duration::minutes(1);

fn full_minute(time: Time) -> Time {
    time.duration_trunc(MINUTE).unwrap_or(time)
}

/// Until when an event is shown at `now`: its end. An outage without one ends at its estimated time to repair while
/// that is to come, else now, which is the next full minute.
pub fn shown_end(event: &Event, now: Time) -> Time {
    match &event.detail {
        EventDetail::Maintenance(maintenance) => maintenance.end,
        EventDetail::Outage(outage) => outage.end.unwrap_or_else(|| {
            let now = full_minute(now) + MINUTE;
            outage.estimated_time_to_repair.map_or(now, |estimate| estimate.max(now)).max(event.start)
        }),
    }
}

/// The time that a calendar covers.
pub(super) struct Window {
    now: Time,
    past: Duration,
    future: Option<Duration>,
}

impl Window {
    pub(super) fn new(now: Time, past: u32, future: Option<u32>) -> Self {
        let days = |days: u32| Duration::days(days.into());
        Self { now, past: days(past), future: future.map(days) }
    }

    fn from(&self) -> Time {
        self.now - self.past
    }

    fn to(&self) -> Option<Time> {
        self.future.map(|future| self.now + future)
    }

    /// The parts of the calendar that hold every event of the window.
    pub(super) fn parts(&self) -> BTreeSet<WindowPart> {
        WindowPart::between(self.from(), self.to(), self.now)
    }

    /// Whether an event touches the window, whenever it began.
    pub(super) fn has(&self, event: &Event) -> bool {
        event.end().is_none_or(|end| end > self.from()) && self.to().is_none_or(|to| event.start < to)
    }
}

/// The moments at which time alone changes a calendar: the last one that has passed, and the next.
pub(super) struct Moments<'a> {
    window: &'a Window,
    last: Time,
    next: Time,
}

impl<'a> Moments<'a> {
    /// Those of a calendar without events, whose last write happened at `written`.
    pub(super) fn new(window: &'a Window, written: Option<Time>) -> Self {
        let mut moments = Self { window, last: Time::UNIX_EPOCH, next: Time::MAX_UTC };
        // Of months that are not read, only their nearest edge is known.
        moments.note(WindowPart::start_of_month(window.from()) + window.past);
        if let (Some(to), Some(future)) = (window.to(), window.future) {
            moments.note(WindowPart::end_of_month(to) - future);
        }
        if let Some(written) = written {
            // Clocks of other writers may be ahead; an answer must not be.
            moments.last = moments.last.max(written.min(window.now));
        }
        moments
    }

    fn note(&mut self, moment: Time) {
        if moment <= self.window.now {
            self.last = self.last.max(moment);
        } else {
            self.next = self.next.min(moment);
        }
    }

    /// Notes when an event enters the window, when it leaves it, and when its shown end moves.
    pub(super) fn add(&mut self, event: &Event) {
        let now = self.window.now;
        match event.end() {
            Some(end) => self.note(end + self.window.past),
            None => {
                let minute = full_minute(now);
                match shown_end(event, now) {
                    // The end moves along with the minutes.
                    end if end == minute + MINUTE => {
                        self.note(minute);
                        self.note(end);
                    }
                    // The estimate, or a start, is still ahead.
                    end => self.note(full_minute(end)),
                }
            }
        }
        if let Some(future) = self.window.future {
            // It is in from the moment after this one.
            self.note(event.start - future + Duration::microseconds(1));
        }
    }

    /// When the calendar last changed.
    pub(super) fn last(&self) -> Time {
        self.last
    }

    /// When time alone changes it next.
    pub(super) fn next(&self) -> Time {
        self.next
    }
}
