//! What a request asks for: the parameters of both addresses, and what each makes of a wrong value (reference
//! netbox-notices, section 3; behaviours 30 to 34).

use noticeboard_app::{FeedProvider, FeedQuery};
use noticeboard_calendar::{LOOK_VERSION, Look};
use noticeboard_domain::event::EventKind;
use noticeboard_domain::filter::Filter;
use noticeboard_domain::ids::{ID_LIMIT, ProviderId};
use noticeboard_domain::inventory::PLACES;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::status::{ImpactLevel, Status};
use noticeboard_domain::time::Zone;
use noticeboard_http::{ApiError, Query};

/// How far back a calendar goes when the caller does not say, in days.
const DEFAULT_PAST_DAYS: u32 = 30;
/// How far ahead the documented address goes then.
const DEFAULT_FUTURE_DAYS: u32 = 90;
/// How far it goes at most, in each direction.
const MAX_DAYS: u32 = 365;
/// The earliest reminder, in minutes before the start: four weeks.
const MAX_ALARM_MINUTES: u32 = 4 * 7 * 24 * 60;

/// Under which address a calendar is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Address {
    /// `/plugins/notices/ical/maintenances.ics`, which NetBox Notices serves: maintenances, without an end in time.
    Peer,
    /// `/api/plugins/notices/ical/`, which its documentation names: both kinds, within a window.
    Documented,
}

/// Why a query cannot be answered.
pub(crate) enum Invalid {
    /// In plain text, as the contract has it.
    Text(String),
    /// A filter on places has a wrong value.
    Filter(ApiError),
}

/// A calendar that is asked for.
pub(crate) struct Asked {
    /// What it is to show.
    pub(crate) query: FeedQuery,
    /// How it is to look.
    pub(crate) look: Look,
    /// Whether it is to be a file.
    pub(crate) download: bool,
}

impl Asked {
    pub(crate) fn read(address: Address, query: &Query) -> Result<Self, Invalid> {
        let (kinds, future) = match address {
            Address::Peer => (vec![EventKind::Maintenance], None),
            Address::Documented => (EventKind::ALL.to_vec(), Some(DEFAULT_FUTURE_DAYS)),
        };
        let kinds = match query.get("kind").map(str::to_ascii_lowercase).as_deref() {
            None | Some("") => kinds,
            Some("all") => EventKind::ALL.to_vec(),
            Some("maintenance") => vec![EventKind::Maintenance],
            Some("outage") => vec![EventKind::Outage],
            Some(_) => return Err(invalid("kind", query)),
        };
        let look = Self::look(query)?;
        let download = matches!(query.get("download"), Some("true" | "1" | "yes"));
        let feed = FeedQuery {
            past: days(query, ["past_days", "days_past"]).unwrap_or(DEFAULT_PAST_DAYS),
            future: days(query, ["days_future", "future_days"]).or(future),
            statuses: statuses(query, &kinds),
            kinds,
            provider: provider(address, query)?,
            objects: query.all("object").map(object).collect::<Result<_, _>>()?,
            places: places(query)?,
            tags: query.all("tag").filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
            min_impact: match query.get("min_impact").filter(|level| !level.is_empty()) {
                Some(level) => {
                    let level = ImpactLevel::parse(&level.to_ascii_uppercase());
                    Some(level.map_err(|_| invalid("min_impact", query))?)
                }
                None => None,
            },
            acknowledged: match query.get("acknowledged").map(str::to_ascii_lowercase).as_deref() {
                Some("true") => Some(true),
                Some("false") => Some(false),
                Some(_) | None => None,
            },
        };
        Ok(Self { query: feed, look, download })
    }

    /// How a calendar is to look.
    pub(crate) fn look(query: &Query) -> Result<Look, Invalid> {
        let zone = query.get("tz").filter(|zone| !zone.is_empty());
        let zone: Option<Zone> = zone.map(str::parse).transpose().map_err(|_| invalid("tz", query))?;
        let alarm = query.get("alarm").filter(|minutes| !minutes.is_empty());
        let alarm: Option<u32> = alarm.map(str::parse).transpose().map_err(|_| invalid("alarm", query))?;
        if alarm.is_some_and(|minutes| !(1..=MAX_ALARM_MINUTES).contains(&minutes)) {
            return Err(invalid("alarm", query));
        }
        Ok(Look { zone, alarm })
    }

    /// What is asked for, whole: two requests with the same question get the same answer at the same moment.
    pub(crate) fn question(&self, base: &str) -> String {
        format!("{LOOK_VERSION} {base} {:?} {:?}", self.look, self.query)
    }
}

fn invalid(name: &str, query: &Query) -> Invalid {
    Invalid::Text(format!("Invalid {name}: {}", query.get(name).unwrap_or_default()))
}

/// The first of these parameters as a number of days; none where it is no such number (behaviours 31).
fn days(query: &Query, names: [&str; 2]) -> Option<u32> {
    let given = names.iter().find_map(|name| query.get(name))?;
    given.parse().ok().filter(|days| *days <= MAX_DAYS)
}

/// The statuses that are asked for; all when none of them is known (behaviours 33).
fn statuses(query: &Query, kinds: &[EventKind]) -> Vec<Status> {
    let asked = query.all("status").flat_map(|list| list.split(',')).map(|status| status.trim().to_ascii_uppercase());
    asked
        .flat_map(|status| kinds.iter().filter_map(move |kind| kind.parse_status(&status).ok()).collect::<Vec<_>>())
        .collect()
}

/// The provider whose events are asked for (behaviours 32). The documentation says that `provider` is an id, the peer
/// takes a slug.
fn provider(address: Address, query: &Query) -> Result<Option<FeedProvider>, Invalid> {
    let id = |number: u64| {
        // What is no id is no provider's, like the last of all ids.
        ProviderId::try_from(number).or_else(|_| ProviderId::try_from(ID_LIMIT - 1)).ok().map(FeedProvider::Id)
    };
    match query.get("provider").filter(|provider| !provider.is_empty()) {
        Some(slug) => match (address, slug.parse()) {
            (Address::Documented, Ok(number)) => Ok(id(number)),
            (Address::Documented, Err(_)) | (Address::Peer, _) => Ok(Some(FeedProvider::Slug(slug.to_owned()))),
        },
        None => match query.get("provider_id").map(str::parse) {
            None => Ok(None),
            Some(Ok(number)) => Ok(id(number)),
            Some(Err(_)) => Err(invalid("provider_id", query)),
        },
    }
}

/// `circuits.circuit:7`.
fn object(text: &str) -> Result<ObjectRef, Invalid> {
    let found = text
        .split_once(':')
        .and_then(|(kind, id)| Some(ObjectRef { kind: ObjectType::parse(kind.trim())?, id: id.trim().parse().ok()? }));
    found.ok_or_else(|| Invalid::Text(format!("Invalid object: {text}. Use a type and an id: circuits.circuit:7")))
}

fn places(query: &Query) -> Result<Filter, Invalid> {
    let given = PLACES.iter().flat_map(|(name, _)| query.all(name).map(move |value| (*name, value)));
    Filter::read(given.filter(|(_, value)| !value.is_empty()), &PLACES, &[])
        .map_err(|errors| Invalid::Filter(errors.into()))
}
