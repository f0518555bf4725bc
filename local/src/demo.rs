//! Demonstration data: an inventory, and mails that arrive as real ones do, with windows around the present day.

use chrono::Duration;
use noticeboard_app::{App, Trust};
use noticeboard_domain::Result;
use noticeboard_domain::change::{Actor, Origin};
use noticeboard_domain::event::{EventChanges, EventKind};
use noticeboard_domain::fields::{Name, Summary};
use noticeboard_domain::impact::{EventRef, ImpactChanges};
use noticeboard_domain::inventory::{CircuitChanges, Label, ProviderChanges, Slug};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::status::{ImpactLevel, OutageStatus, Status};
use noticeboard_domain::time::Time;
use noticeboard_domain::{Error, ids::ProviderId};

const PROVIDERS: [(&str, &str); 3] = [
    ("Example Carrier", "carrier.example"),
    ("Northwind Fiber", "northwind.example"),
    ("Baltic Transit", "baltic.example"),
];

/// Circuits: provider, id, description.
const CIRCUITS: [(usize, &str, &str); 7] = [
    (0, "EC-1001", "Riga - Tallinn 100G"),
    (0, "EC-1002", "Riga - Vilnius 100G"),
    (1, "NWF/4711/A", "Oslo - Bergen wavelength"),
    (1, "NWF/4712/A", "Oslo - Stavanger wavelength"),
    (2, "BT-88-0001", "Transit Frankfurt, port 1"),
    (2, "BT-88-0002", "Transit Frankfurt, port 2"),
    (2, "BT-88-0003", "Transit Amsterdam"),
];

/// A mail: provider, ticket, summary, first and last hour of the window from now, status, impact, circuits.
type Work = (usize, &'static str, &'static str, i64, i64, &'static str, &'static str, &'static [&'static str]);

const WORKS: [Work; 6] = [
    (0, "EC-0817", "Router software upgrade, Riga", -1, 4, "IN-PROCESS", "OUTAGE", &["EC-1001"]),
    (1, "NW-5120", "Fibre relocation near Drammen", 18, 24, "CONFIRMED", "OUTAGE", &["NWF/4711/A", "NWF/4712/A"]),
    (2, "BT-2044", "Line card replacement, Frankfurt", 42, 46, "CONFIRMED", "REDUCED-REDUNDANCY", &["BT-88-0001"]),
    (2, "BT-2051", "Power maintenance, Frankfurt", 170, 178, "TENTATIVE", "NO-IMPACT", &["BT-88-0001", "BT-88-0002"]),
    (0, "EC-0790", "Amplifier exchange, Valmiera", -150, -146, "COMPLETED", "DEGRADED", &["EC-1002"]),
    (1, "NW-5101", "Splice work, Gol", 60, 66, "CANCELLED", "OUTAGE", &["NWF/4711/A"]),
];

/// Fills a table that has no provider yet.
pub(crate) async fn fill(app: &App) -> Result<()> {
    let actor = Actor {
        user: "demo".into(),
        request_id: uuid::Uuid::new_v4().to_string(),
        origin: Origin::Job,
        detail: "demonstration data".into(),
        message: String::new(),
    };
    if app.object_exists(ObjectType::Provider).await? {
        return Ok(());
    }
    let mut providers: Vec<ProviderId> = Vec::new();
    for (name, domain) in PROVIDERS {
        let changes = ProviderChanges {
            name: Some(Label::parse(name).map_err(Error::internal)?),
            slug: Some(Slug::parse(&noticeboard_domain::notice::slug(domain)).map_err(Error::internal)?),
            ..ProviderChanges::default()
        };
        providers.push(app.provider_create(&actor, changes).await?.id);
    }
    let mut circuits: Vec<ObjectRef> = Vec::new();
    for (provider, cid, description) in CIRCUITS {
        let changes = CircuitChanges {
            cid: Some(Label::parse(cid).map_err(Error::internal)?),
            provider: Some(providers[provider]),
            description: Some(description.to_owned()),
        };
        circuits.push(app.circuit_create(&actor, changes).await?.0.object());
    }
    let now = app.now();
    for work in &WORKS {
        let trust = Trust::HandedIn(actor.user.clone());
        app.ingest(&actor.request_id, mail(work, now).into_bytes(), Some(now), trust).await?;
    }
    let outage = EventChanges {
        name: Some(Name::parse("BT-INC-301").map_err(Error::internal)?),
        summary: Some(Summary::parse("Loss of signal, Amsterdam").map_err(Error::internal)?),
        provider: Some(providers[2]),
        status: Some(Status::Outage(OutageStatus::Investigating)),
        start: Some(now - Duration::hours(2)),
        estimated_time_to_repair: Some(Some(now + Duration::hours(3))),
        ..EventChanges::default()
    };
    let outage = app.event_create(&actor, EventKind::Outage, outage).await?.stored.event;
    let impact = ImpactChanges {
        event: EventRef { kind: EventKind::Outage, id: outage.id }.into(),
        target: circuits.last().copied().map(Into::into).unwrap_or_default(),
        impact: Some(Some(ImpactLevel::Outage)),
        ..ImpactChanges::default()
    };
    app.impact_create(&actor, impact).await.map(drop)
}

/// A MAINTNOTE mail, as the provider's tool would write it.
fn mail(work: &Work, now: Time) -> String {
    let (provider, ticket, summary, first, last, status, impact, circuits) = work;
    let (name, domain) = PROVIDERS[*provider];
    let utc = |hours: i64| (now + Duration::hours(hours)).format("%Y%m%dT%H0000Z").to_string();
    let objects: String = circuits.iter().map(|cid| format!("X-MAINTNOTE-OBJECT-ID:{cid}\r\n")).collect();
    let (date, stamp) = (now.to_rfc2822(), now.format("%Y%m%dT%H%M%SZ"));
    let (start, end) = (utc(*first), utc(*last));
    format!(
        "From: {name} NOC <noc@{domain}>\r\nTo: noc@operator.example\r\n\
         Message-ID: <{ticket}-{stamp}@{domain}>\r\nSubject: {ticket}: {summary}\r\nDate: {date}\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/calendar; charset=\"utf-8\"\r\n\r\n\
         BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//{name}//EN\r\nBEGIN:VEVENT\r\nUID:{ticket}@{domain}\r\n\
         DTSTAMP:{stamp}\r\nDTSTART:{start}\r\nDTEND:{end}\r\nSEQUENCE:1\r\nSUMMARY:{summary}\r\n\
         ORGANIZER:mailto:noc@{domain}\r\nX-MAINTNOTE-PROVIDER:{domain}\r\nX-MAINTNOTE-ACCOUNT:1\r\n\
         X-MAINTNOTE-MAINTENANCE-ID:{ticket}\r\n{objects}X-MAINTNOTE-IMPACT:{impact}\r\n\
         X-MAINTNOTE-STATUS:{status}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}
