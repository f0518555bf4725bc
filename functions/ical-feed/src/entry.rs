//! An event as an entry of a calendar, with its addresses.

use noticeboard_app::{FeedEvent, MINUTE, Names, shown_end};
use noticeboard_calendar::{End, Entry};
use noticeboard_domain::event::EventDetail;
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::time::Time;
use noticeboard_http::wire::url;

/// None only for an event of a kind without an address, which there is not.
pub(crate) fn entry(base: &str, shown: &FeedEvent, names: &Names, now: Time) -> Option<Entry> {
    let event = &shown.stored.event;
    let provider = names.get(&shown.provider());
    let end = shown_end(event, now);
    let end_is = match &event.detail {
        EventDetail::Maintenance(_) => End::Known,
        EventDetail::Outage(outage) => match (outage.end, outage.estimated_time_to_repair) {
            (Some(_), _) => End::Known,
            (None, Some(estimate)) if estimate >= end => End::Estimated,
            (None, _) => End::Open,
        },
    };
    let impacts = shown.impacts.iter().map(|impact| {
        let name = names.get(&impact.target).map(|name| name.display.clone());
        (name.unwrap_or_else(|| impact.target.to_string()), impact.level)
    });
    let named = std::iter::once(shown.provider()).chain(shown.impacts.iter().map(|impact| impact.target));
    let changes = named.filter_map(|object| names.get(&object)?.last_updated);
    let changes = changes.chain(shown.impacts.iter().map(|impact| impact.last_updated));
    let changes = changes.chain(shown.stored.children_at);
    // An end that is now has moved with the last full minute.
    let changes = changes.chain((end_is == End::Open && end > event.start).then(|| end - MINUTE));
    Some(Entry {
        id: event.id.get(),
        name: event.name.as_str().to_owned(),
        summary: event.summary.as_str().to_owned(),
        status: event.status(),
        provider: provider.map(|provider| provider.display.clone()).unwrap_or_default(),
        provider_url: url(base, ObjectType::Provider, event.provider.get())?,
        start: event.start,
        end,
        end_is,
        internal_ticket: event.internal_ticket.clone(),
        comments: event.comments.clone(),
        impacts: impacts.collect(),
        url: url(base, event.kind().object_type(), event.id.get())?,
        created: event.revision.created,
        last_updated: changes.fold(event.revision.last_updated, Time::max),
        // Rises with each change of the event and of what belongs to it.
        sequence: event.revision.version - 1 + shown.stored.children,
    })
}
