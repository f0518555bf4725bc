//! What a format found, and how that becomes notices.

use noticeboard_domain::notice::{Notice, NoticeProvider, NoticeState};
use noticeboard_domain::status::MaintenanceStatus;
use noticeboard_domain::time::Time;

use crate::limits::{MAX_CIRCUITS, MAX_ID_BYTES, MAX_NOTICES};
use crate::origins::Origin;
use crate::toolkit::circuits::Circuits;
use crate::toolkit::found::{Found, Said};
use crate::toolkit::windows::Window;
use crate::view::View;
use crate::{KNOWN_FORMAT, Reason};

/// What a format could not find, as a clause: `it has no "Ticket Number"`.
pub(crate) type Missing = String;

/// How sure a reading is of which the window is missing, in percent: a person must look at it, unless an earlier mail
/// of the thread names the window.
pub(crate) const WITHOUT_WINDOW: u8 = KNOWN_FORMAT - 10;

/// Why a format gives no notices.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The mail is in the format, but this is missing or cannot be read.
    Missing(Missing),
    /// The mail is in another format: this sign is missing.
    Foreign(Missing),
    /// It cannot be read within the limits.
    Refused(Reason),
}

impl From<Missing> for Trouble {
    fn from(missing: Missing) -> Self {
        Self::Missing(missing)
    }
}

impl From<&str> for Trouble {
    fn from(missing: &str) -> Self {
        Self::Missing(missing.to_owned())
    }
}

/// What a format found: what is the same for all windows stands here once.
#[derive(Debug, Clone)]
pub(crate) struct Draft<'a> {
    /// The provider, where the format knows it better than the sender's address does.
    pub(crate) provider: Option<NoticeProvider>,
    /// The provider by its own name.
    pub(crate) announced_by: Option<Found<'a>>,
    pub(crate) id: Found<'a>,
    pub(crate) account: Option<Found<'a>>,
    pub(crate) state: Said<'a, NoticeState>,
    /// Each becomes a notice.
    pub(crate) windows: Vec<Window<'a>>,
    pub(crate) circuits: Circuits<'a>,
    /// Whether the format's mails may name no circuit even while the work is still to come.
    pub(crate) may_lack_circuits: bool,
    pub(crate) summary: Found<'a>,
    pub(crate) stamp: Said<'a, Time>,
    pub(crate) sequence: Option<i64>,
    pub(crate) uid: Option<Found<'a>>,
    /// How sure the reading is, in percent.
    pub(crate) confidence: u8,
}

impl Draft<'_> {
    /// Whether the work is over or called off. Such a mail may leave out what it concerned (as euNetworks' do).
    pub(crate) fn is_over(&self) -> bool {
        match self.state.value {
            NoticeState::Maintenance(status) => {
                matches!(status, Some(MaintenanceStatus::Cancelled | MaintenanceStatus::Completed))
            }
            // Who reports a fault may not know yet what it hits.
            NoticeState::Outage { .. } => true,
        }
    }
}

/// The notices of the drafts, each with where its fields came from; what is missing, where one is not whole.
pub(crate) fn notices(
    view: &View<'_>,
    provider: Option<NoticeProvider>,
    drafts: &[Draft<'_>],
) -> Result<Vec<(Notice, Vec<Origin>)>, Trouble> {
    let windows: usize = drafts.iter().map(|draft| draft.windows.len()).sum();
    if windows > MAX_NOTICES.value {
        return Err(Trouble::Refused(Reason::TooMany { what: "notices", limit: MAX_NOTICES }));
    }
    if drafts.iter().any(|draft| draft.circuits.len() > MAX_CIRCUITS.value) {
        return Err(Trouble::Refused(Reason::TooMany { what: "circuits in one notice", limit: MAX_CIRCUITS }));
    }
    let mut found = Vec::new();
    for draft in drafts {
        if draft.windows.is_empty() {
            return Err("it has no window".into());
        }
        if draft.circuits.is_empty() && !draft.may_lack_circuits && !draft.is_over() {
            return Err("it names no circuit".into());
        }
        let provider = draft.provider.clone().or_else(|| provider.clone()).ok_or("it does not say whose it is")?;
        for (place, window) in draft.windows.iter().enumerate() {
            // The same window may stand there twice, in local time and in UTC.
            let is_same = |other: &Window<'_>| {
                (other.times.start, other.times.end) == (window.times.start, window.times.end) && other.id == window.id
            };
            if !draft.windows.iter().take(place).any(is_same) {
                found.push(notice(view, &provider, draft, window)?);
            }
        }
    }
    Ok(found)
}

fn notice(
    view: &View<'_>,
    provider: &NoticeProvider,
    draft: &Draft<'_>,
    window: &Window<'_>,
) -> Result<(Notice, Vec<Origin>), Trouble> {
    let id = window.id.as_ref().unwrap_or(&draft.id);
    if id.text.trim().is_empty() {
        return Err("its id is blank".into());
    }
    if id.text.len() > MAX_ID_BYTES {
        return Err("its id is too long to be one".into());
    }
    if window.times.end < window.times.start {
        return Err("it has a window that ends before it starts".into());
    }
    let origin = |field, found: &Found<'_>| Origin::of(field, found, view);
    let mut origins = vec![
        origin("maintenance_id", id),
        origin("status", &draft.state.from),
        origin("start", &window.start),
        origin("end", &window.end),
        origin("stamp", &draft.stamp.from),
        origin("summary", &draft.summary),
    ];
    origins.extend(draft.account.as_ref().map(|account| origin("account", account)));
    for circuit in draft.circuits.iter() {
        origins.push(origin("circuits", &circuit.id));
        origins.push(origin("impact", &circuit.impact_from));
    }
    let notice = Notice {
        provider: provider.clone(),
        announced_by: draft.announced_by.as_ref().map_or_else(|| provider.slug.clone(), |name| name.text.to_string()),
        maintenance_id: id.text.trim().to_owned(),
        account: draft.account.as_ref().map(|account| account.text.to_string()).unwrap_or_default(),
        state: draft.state.value,
        start: window.times.start,
        end: window.has_end.then_some(window.times.end),
        zone: window.times.zone.named_other_than_utc(),
        stamp: draft.stamp.value,
        sequence: draft.sequence,
        uid: draft.uid.as_ref().map(|uid| uid.text.to_string()),
        summary: draft.summary.text.to_string(),
        backup: window.backup,
        circuits: draft.circuits.to_vec(),
    };
    Ok((notice, origins))
}
