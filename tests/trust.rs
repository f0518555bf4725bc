//! Which received mail is believed, by the verdicts of the mail system; and what someone who hands it in decides.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use noticeboard_app::{App, Clock, Outcome, Settings, Trust, Verdict, Verdicts};
use noticeboard_local::engine::Engine;
use noticeboard_store::{Bucket, Store};

use Verdict::{Fail, Pass, Unknown};

const CARRIER: &str = "bounces@mail.zayo.com";

async fn app() -> Arc<App> {
    let engine = Engine::memory().unwrap();
    let store = Store::new(engine.dynamodb(), "trust");
    store.create_if_missing().await.unwrap();
    App::new(store, Bucket::memory(), Clock::system(), Settings::default())
}

/// A MAINTNOTE mail from this address.
fn mail(from: &str, id: &str) -> Vec<u8> {
    format!(
        "From: NOC <{from}>\r\nMessage-ID: <{id}>\r\nSubject: work\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\
         Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:{id}\r\n\
         DTSTAMP:20261123T100000Z\r\nDTSTART:20261201T020000Z\r\nDTEND:20261201T060000Z\r\nSEQUENCE:1\r\n\
         SUMMARY:work\r\nX-MAINTNOTE-PROVIDER:zayo.com\r\nX-MAINTNOTE-ACCOUNT:1\r\nX-MAINTNOTE-MAINTENANCE-ID:TTN-1\r\n\
         X-MAINTNOTE-OBJECT-ID:C-1\r\nX-MAINTNOTE-IMPACT:OUTAGE\r\nX-MAINTNOTE-STATUS:CONFIRMED\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    .into_bytes()
}

fn verdicts(spf: Verdict, dmarc: Verdict, envelope_from: &str) -> Trust {
    let envelope_from = Some(envelope_from.to_owned());
    Trust::Received(Verdicts { spam: Pass, virus: Pass, spf, dmarc, envelope_from })
}

#[track_caller]
fn check(from: &str, trust: Trust, believed: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let outcome = runtime.block_on(async {
        let app = app().await;
        app.ingest("r", mail(from, "m@zayo.com"), None, trust).await.unwrap().outcome
    });
    match outcome {
        Outcome::Applied { .. } => assert!(believed, "{from} was believed"),
        Outcome::Review(review) => assert!(!believed, "{}", review.explanation),
        Outcome::Duplicate { .. } => panic!("a first delivery is no duplicate"),
    }
}

#[test]
fn a_mail_is_believed_when_something_speaks_for_the_sender_that_people_see() {
    let zayo = "mr@zayo.com";
    check(zayo, verdicts(Unknown, Pass, CARRIER), true);
    check(zayo, verdicts(Pass, Unknown, CARRIER), true);
    check(zayo, verdicts(Pass, Unknown, "me@evil.example"), false);
    check(zayo, verdicts(Pass, Unknown, "me@notzayo.com"), false);
    check(zayo, verdicts(Pass, Fail, CARRIER), false);
    check(zayo, verdicts(Unknown, Unknown, CARRIER), false);
    check("me@evil.example", verdicts(Pass, Pass, "me@evil.example"), false);
    let spam = Verdicts { spam: Fail, virus: Pass, spf: Pass, dmarc: Pass, envelope_from: None };
    check(zayo, Trust::Received(spam.clone()), false);
    check(zayo, Trust::Received(Verdicts { spam: Pass, virus: Fail, ..spam }), false);
    check("anyone@example.net", Trust::HandedIn("noc".into()), true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_mail_neither_uses_up_a_message_id_nor_keeps_a_person_from_handing_it_in() {
    let app = app().await;
    let forged = verdicts(Pass, Fail, "me@evil.example");
    let genuine = verdicts(Pass, Pass, CARRIER);
    let ingest = async |trust: &Trust| {
        app.ingest("r", mail("mr@zayo.com", "m@zayo.com"), None, trust.clone()).await.unwrap().outcome
    };
    assert!(matches!(ingest(&forged).await, Outcome::Review(_)));
    assert!(matches!(ingest(&forged).await, Outcome::Duplicate { .. }), "a forged mail waits once");
    assert!(matches!(ingest(&genuine).await, Outcome::Applied { .. }));
    assert!(matches!(ingest(&genuine).await, Outcome::Duplicate { .. }));

    // Nobody knows this sender, so its mail waits; a person who hands it in decides.
    let stranger = mail("me@carrier.example", "n@carrier.example");
    let trust = verdicts(Pass, Pass, "me@carrier.example");
    let waits = app.ingest("r", stranger.clone(), None, trust).await.unwrap().outcome;
    assert!(matches!(waits, Outcome::Review(_)));
    let decided = app.ingest("r", stranger.clone(), None, Trust::HandedIn("noc".into())).await.unwrap().outcome;
    assert!(matches!(decided, Outcome::Applied { .. }), "{decided:?}");
    let again = app.ingest("r", stranger, None, Trust::HandedIn("noc".into())).await.unwrap().outcome;
    assert!(matches!(again, Outcome::Duplicate { .. }));
}
