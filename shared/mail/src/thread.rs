//! Several mails that are one thread: what the newest says of each event, with what it leaves out filled in.

use noticeboard_domain::notice::Notice;

use crate::{Context, Formats, Origin, Outcome, Reading, read_with};

/// Mails that belong together, read.
#[derive(Debug)]
pub struct Thread {
    /// Each mail, in the order given.
    pub readings: Vec<Reading>,
}

/// Reads mails that belong together.
pub fn read_thread(raws: &[&[u8]], context: &Context<'_>, formats: &Formats) -> Thread {
    Thread { readings: raws.iter().map(|raw| read_with(raw, context, formats)).collect() }
}

impl Thread {
    /// Where each event of the thread stands: the notices of the newest mail that speaks of it. Circuits and an
    /// account that it leaves out are those of the mail before (MAINTNOTE section 3: other fields stay as they were).
    pub fn notices(&self) -> Vec<Notice> {
        self.explained().into_iter().map(|(notice, _)| notice).collect()
    }

    /// [`Thread::notices`], each with where its fields came from.
    pub fn explained(&self) -> Vec<(Notice, Vec<Origin>)> {
        let mut kept: Vec<(Notice, Vec<Origin>)> = Vec::new();
        let mut readings: Vec<_> = self.readings.iter().collect();
        // Notices without a sequence count by their stamp; equal ones by their place.
        let stamp = |reading: &&Reading| reading.notices().first().map(|notice| notice.stamp);
        readings.sort_by_key(stamp);
        for reading in readings {
            let Outcome::Notices { notices, origins, .. } = &reading.outcome else { continue };
            for (place, (notice, origins)) in notices.iter().zip(origins).enumerate() {
                let is_same = |other: &Notice| {
                    other.maintenance_id == notice.maintenance_id && other.provider.slug == notice.provider.slug
                };
                let before = kept.iter().find(|(known, _)| is_same(known)).map(|(known, _)| known.clone());
                let is_outdated = before.as_ref().is_some_and(|before| notice.order().is_older_than(before.order()));
                if is_outdated {
                    continue;
                }
                let is_first_of_its_mail =
                    !notices.iter().take(place).any(|earlier| earlier.maintenance_id == notice.maintenance_id);
                if is_first_of_its_mail {
                    kept.retain(|(known, _)| !is_same(known));
                }
                let mut notice = notice.clone();
                if let Some(before) = before {
                    let names_no_window = origins.iter().any(|o| o.field == "start" && o.text.is_empty());
                    if names_no_window {
                        (notice.start, notice.end, notice.zone) = (before.start, before.end, before.zone);
                    }
                    if notice.circuits.is_empty() {
                        notice.circuits = before.circuits;
                    }
                    if notice.account.is_empty() {
                        notice.account = before.account;
                    }
                }
                kept.push((notice, origins.clone()));
            }
        }
        kept
    }
}
