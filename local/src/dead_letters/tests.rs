#![allow(clippy::unwrap_used)]

use std::time::Duration;

use aws_lambda_events::dynamodb::Event;
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use noticeboard_app::{App, Settings};
use noticeboard_domain::Error;
use noticeboard_domain::change::{Actor, Origin as ChangeOrigin};
use noticeboard_domain::inventory::{Label, ProviderChanges, Slug};
use noticeboard_publisher::Publisher;
use noticeboard_store::{Bucket, Store};

use super::redrive::{MAX_AT_ONCE, Selection, Verb};
use super::*;
use crate::engine::Engine;
use crate::feed::Rules;
use crate::stream::Reader;

const RULES: Rules = Rules {
    attempts: 3,
    first_pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(2),
    call_limit: Duration::from_secs(10),
};

/// The use cases over a table of their own, and the dead letters of its readers.
struct House {
    app: Arc<App>,
    letters: DeadLetters,
    redrive: Redrive,
    engine: Engine,
    state: State,
    stream: String,
}

impl House {
    async fn new() -> Self {
        let engine = Engine::memory().unwrap();
        let store = Store::new(engine.dynamodb(), "letters");
        let stream = store.create_if_missing().await.unwrap().stream_arn.unwrap();
        let state = State::open(engine.dynamodb(), "letters-local".into()).await.unwrap();
        let letters = DeadLetters::new(state.clone(), Clock::system());
        let app = App::new(store.clone(), Bucket::memory(), Clock::system(), Settings::default());
        let publisher = Arc::new(Publisher::new(store, Vec::new(), None));
        let redrive = Redrive::new(letters.clone(), Vec::new(), app.clone(), publisher);
        Self { app, letters, redrive, engine, state, stream }
    }

    async fn provider(&self, slug: &str) {
        let actor = Actor {
            user: "noc".into(),
            request_id: "request".into(),
            origin: ChangeOrigin::Web,
            detail: "API".into(),
            message: String::new(),
        };
        let changes = ProviderChanges {
            name: Some(Label::parse(slug).unwrap()),
            slug: Some(Slug::parse(slug).unwrap()),
            ..ProviderChanges::default()
        };
        self.app.provider_create(&actor, changes).await.unwrap();
    }

    /// Reads the stream with a changelog that is out of order, until the record of an object is a dead letter.
    async fn read_in_vain(&self) -> DeadLetter {
        let reader = Reader {
            name: ReaderName::Changelog,
            streams: self.engine.streams(),
            arn: self.stream.clone(),
            state: self.state.clone(),
            dead_letters: self.letters.clone(),
            rules: RULES,
            writes: Some(self.engine.writes()),
        };
        let broken = |event: Event| {
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier.clone_from(&event.records[0].change.sequence_number);
            let mut response = DynamoDbEventResponse::default();
            response.batch_item_failures = vec![failure];
            async { response }
        };
        let found = async {
            loop {
                let letter = self.all().await.into_iter().find(|letter| letter.about.group.starts_with("OBJECT#"));
                if let Some(letter) = letter {
                    return letter;
                }
                tokio::task::yield_now().await;
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(20), async {
            tokio::select! {
                () = reader.run(broken) => panic!("the reader ended"),
                letter = found => letter,
            }
        });
        found.await.unwrap()
    }

    async fn all(&self) -> Vec<DeadLetter> {
        self.letters.walk((0, u64::MAX), usize::MAX, |_| true).await.unwrap()
    }

    async fn changes(&self) -> usize {
        self.app.store().change_list(false, None, 1000).await.unwrap().items.len()
    }
}

#[tokio::test]
async fn a_record_that_its_reader_did_not_take_is_read_again() {
    let house = House::new().await;
    house.provider("zayo").await;
    let letter = house.read_in_vain().await;
    assert_eq!(letter.about.origin, Origin::Stream(ReaderName::Changelog));
    assert_eq!(letter.about.attempts, 3);
    assert!(letter.about.error.contains("names it as failed"), "{letter:?}");
    assert_eq!(house.changes().await, 0);

    let before = house.all().await.len();
    house.redrive.apply(Verb::Replay, &letter).await.unwrap();
    assert_eq!(house.changes().await, 1);
    assert_eq!(house.all().await.len(), before - 1);
    // Whoever comes second finds nothing to remove.
    let again = house.redrive.apply(Verb::Discard, &letter).await;
    assert!(matches!(again, Err(Error::NotFound { .. })), "{again:?}");

    // A record that cannot be read is not taken, and stays.
    let origin = || Origin::Stream(ReaderName::Changelog);
    let about = |origin| About {
        origin,
        message: "1".into(),
        topic: None,
        group: "EVENT#1".into(),
        attempts: 3,
        error: "x".repeat(MAX_ERROR_BYTES + 1),
    };
    let poison = r#"{"awsRegion":"","eventID":"1","eventName":"INSERT","dynamodb":{"SequenceNumber":"1","SizeBytes":1,
        "Keys":{},"OldImage":{},"NewImage":{"PK":{"S":"EVENT#1"},"SK":{"S":"EVENT"},"type":{"S":"outage"},
        "data":{"S":"no object"}}}}"#;
    house.letters.bury(about(origin()), poison, Vec::new()).await.unwrap();
    let nobody = Origin::Queue(BrokerName::parse("nobody").unwrap());
    house.letters.bury(about(nobody), "{}", Vec::new()).await.unwrap();
    let all = house.all().await;
    let [.., poison, nobody] = all.as_slice() else { panic!("{all:?}") };
    for (letter, reason) in
        [(poison, "The reader changelog does not take it: "), (nobody, "NOTICEBOARD_BROKERS has no broker nobody")]
    {
        let error = house.redrive.apply(Verb::Replay, letter).await.unwrap_err();
        assert!(matches!(&error, Error::Conflict(text) if text.contains(reason)), "{error}");
        assert_eq!(letter.about.error.len(), MAX_ERROR_BYTES);
        house.redrive.apply(Verb::Discard, letter).await.unwrap();
        assert!(matches!(house.redrive.apply(Verb::Discard, letter).await, Err(Error::NotFound { .. })));
    }
}

#[tokio::test]
async fn many_are_replayed_or_discarded_part_by_part_and_none_that_came_later() {
    let house = House::new().await;
    let brokers = ["pager", "wiki"].map(|name| BrokerName::parse(name).unwrap());
    let about = |broker: &BrokerName| About {
        origin: Origin::Queue(broker.clone()),
        message: "m".into(),
        topic: None,
        group: "g".into(),
        attempts: 1,
        error: "down".into(),
    };
    for _ in 0..=MAX_AT_ONCE {
        house.letters.bury(about(&brokers[0]), "{}", Vec::new()).await.unwrap();
    }
    house.letters.bury(about(&brokers[1]), "{}", Vec::new()).await.unwrap();
    let all = Selection { broker: Some(brokers[0].clone()), start: 0, end: house.letters.next_id() };
    house.letters.bury(about(&brokers[0]), "{}", Vec::new()).await.unwrap();

    let replayed = house.redrive.apply_to(Verb::Replay, &all).await.unwrap();
    assert_eq!((replayed.count, replayed.failed.len()), (0, MAX_AT_ONCE), "there is no such broker");
    let first = house.redrive.apply_to(Verb::Discard, &all).await.unwrap();
    assert_eq!((first.count, first.failed.len()), (MAX_AT_ONCE, 0));
    let second = house.redrive.apply_to(Verb::Discard, &first.rest.unwrap()).await.unwrap();
    assert_eq!((second.count, second.rest), (1, None));
    let left = house.all().await;
    let left: Vec<&str> = left.iter().map(|letter| letter.broker().unwrap().as_str()).collect();
    assert_eq!(left, ["wiki", "pager"]);
}

#[tokio::test]
async fn a_message_of_any_size_is_kept_whole() {
    let house = House::new().await;
    for body in [String::new(), "a".repeat(MAX_PART_BYTES), "é€😀".repeat(80_000)] {
        let origin = Origin::Stream(ReaderName::Publisher);
        let about =
            About { origin, message: "1".into(), topic: None, group: "g".into(), attempts: 1, error: "x".into() };
        house.letters.bury(about, &body, Vec::new()).await.unwrap();
        let [letter] = house.all().await.try_into().unwrap();
        assert!(house.letters.body(&letter).await.unwrap() == body, "{} bytes", body.len());
        assert!(house.letters.remove(&letter).await.unwrap());
        assert_eq!(house.state.keys(BODIES, None, 10).await.unwrap(), [""; 0]);
    }
}
