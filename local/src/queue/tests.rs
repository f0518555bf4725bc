#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use aws_lambda_events::sqs::BatchItemFailure;
use noticeboard_app::Clock;
use noticeboard_publish::CloudEvent;
use tokio::time::timeout;

use super::*;
use crate::dead_letters::DeadLetter;
use crate::engine::Engine;

const LIMIT: Duration = Duration::from_millis(50);

fn message(group: &str, place: u64) -> QueueMessage {
    let event = CloudEvent {
        specversion: "1.0".into(),
        id: format!("{group}:{place}"),
        source: "/noticeboard".into(),
        topic: "noticeboard.update.notices.outage".into(),
        subject: group.into(),
        time: String::new(),
        datacontenttype: "application/json".into(),
        partitionkey: group.into(),
        sequence: format!("{place:010}"),
        dataref: String::new(),
        about: noticeboard_publish::About::default(),
        data: None,
    };
    QueueMessage { broker: BrokerName::parse("pager").unwrap(), place, event }
}

/// What a receiver does with a message.
#[derive(Debug, Clone, Copy)]
enum Does {
    Takes,
    /// Refuses it, and asks for this pause.
    Refuses(Duration),
    Panics,
    /// Never answers.
    Hangs,
}

/// A queue, what receives from it, and what it received: ids in order, with how often the queue says that it was.
struct House {
    state: State,
    dead_letters: DeadLetters,
    queue: LocalQueue,
    received: Mutex<Vec<(String, String)>>,
}

impl House {
    async fn new(max_receives: u32) -> Self {
        let state = State::open(Engine::memory().unwrap().dynamodb(), "queue-local".into()).await.unwrap();
        let dead_letters = DeadLetters::new(state.clone(), Clock::system());
        let queue = Self::open(max_receives, &state, &dead_letters);
        Self { state, dead_letters, queue, received: Mutex::default() }
    }

    fn open(max_receives: u32, state: &State, dead_letters: &DeadLetters) -> LocalQueue {
        let broker = BrokerName::parse("pager").unwrap();
        LocalQueue::new(broker, max_receives, LIMIT, state.clone(), dead_letters.clone())
    }

    /// The same table, opened again.
    fn restart(&mut self, max_receives: u32) {
        self.queue = Self::open(max_receives, &self.state, &self.dead_letters);
    }

    async fn send(&self, messages: &[(&str, u64)]) {
        for (group, place) in messages {
            self.queue.send(&message(group, *place)).await.unwrap();
        }
    }

    /// Delivers until `done` says so; `does` says what the receiver does with a message.
    async fn deliver(&self, does: impl Fn(&str) -> Does, done: impl Fn(&[(String, String)]) -> bool) {
        let changed = Notify::new();
        let handler = |event: SqsEvent| {
            let (does, changed) = (&does, &changed);
            async move {
                let [record] = event.records.try_into().unwrap();
                let sent: QueueMessage = serde_json::from_str(record.body.as_deref().unwrap()).unwrap();
                let times = record.attributes["ApproximateReceiveCount"].clone();
                self.received.lock().unwrap().push((sent.event.id.clone(), times));
                changed.notify_one();
                let mut response = SqsBatchResponse::default();
                match does(&sent.event.id) {
                    Does::Takes => {}
                    Does::Refuses(pause) => {
                        let unsent = Unsent { detail: format!("{} is refused", sent.event.id), pause: Some(pause) };
                        self.queue.hold(&record, &unsent).await.unwrap();
                        let mut failure = BatchItemFailure::default();
                        failure.item_identifier = record.message_id.unwrap();
                        response.batch_item_failures.push(failure);
                    }
                    Does::Panics => std::panic::resume_unwind(Box::new("the receiver is confused")),
                    Does::Hangs => std::future::pending().await,
                }
                response
            }
        };
        let until = async {
            while !done(&self.received.lock().unwrap()) {
                changed.notified().await;
            }
            // Until what was received last is settled too, nothing is to be done.
            while self.queue.waiting().is_delivering() {
                tokio::task::yield_now().await;
            }
        };
        // Others use the engine too, and calls line up for it.
        let state = self.state.clone();
        let others = tokio::spawn(async move { while state.put("OTHER", "other", "").await.is_ok() {} });
        let ended = timeout(Duration::from_secs(20), async {
            tokio::select! {
                failed = self.queue.deliver(handler) => panic!("{failed:?}"),
                () = until => {}
            }
        });
        let ended = ended.await;
        others.abort();
        assert!(ended.is_ok(), "after 20 s it had received {:?}", self.received.lock().unwrap());
    }

    fn received(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }

    /// The dead letters as `id attempts error`, and the keys that are left in the table.
    async fn left(&self) -> (Vec<String>, Vec<String>) {
        let dead = self.dead_letters.walk((0, u64::MAX), usize::MAX, |_| true).await.unwrap();
        let dead = dead.iter().map(|DeadLetter { about, .. }| {
            assert_eq!(about.topic.as_deref(), Some("noticeboard.update.notices.outage"));
            format!("{} {} {} {}", about.message, about.group, about.attempts, about.error)
        });
        let mut keys = self.state.keys("QUEUE#pager", None, 1000).await.unwrap();
        keys.extend(self.state.keys("RECEIVED#pager", None, 1000).await.unwrap());
        (dead.collect(), keys)
    }
}

fn ids(received: &[(String, String)]) -> Vec<&str> {
    received.iter().map(|(id, _)| id.as_str()).collect()
}

const NONE: [&str; 0] = [];

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_tried_exactly_as_often_as_it_may_be_and_then_lets_the_next_go_on() {
    let refused = Does::Refuses(Duration::from_millis(1));
    let late = "the delivery failed: it did not end within 0.05 s";
    for (does, error) in [
        (refused, "a:1 is refused"),
        (Does::Panics, "the delivery failed: it panicked: the receiver is confused"),
        (Does::Hangs, late),
    ] {
        let house = House::new(3).await;
        house.send(&[("a", 2), ("a", 1), ("b", 1), ("a", 3)]).await;
        let receiver = |id: &str| if id == "a:1" { does } else { Does::Takes };
        house.deliver(receiver, |received| received.len() == 6).await;
        let received = house.received();
        let of_a: Vec<_> = received.iter().filter(|(id, _)| id.starts_with('a')).cloned().collect();
        assert_eq!(ids(&of_a), ["a:1", "a:1", "a:1", "a:2", "a:3"], "{does:?}");
        assert_eq!(of_a.iter().map(|(_, times)| times.as_str()).collect::<Vec<_>>(), ["1", "2", "3", "1", "1"]);
        assert!(ids(&received[..2]).contains(&"b:1"), "{does:?}: another group waited: {received:?}");
        let (dead, left) = house.left().await;
        assert_eq!(dead, [format!("a:1 a 3 {error}")]);
        assert_eq!(left, NONE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_forgets_neither_attempts_nor_pauses() {
    let mut house = House::new(4).await;
    house.send(&[("a", 1), ("b", 1)]).await;
    let refuses = |id: &str| Does::Refuses(Duration::from_millis(if id == "a:1" { 300 } else { 3_600_000 }));
    let times = |received: &[(String, String)], id: &str| received.iter().filter(|(found, _)| found == id).count();
    house.deliver(refuses, |received| times(received, "a:1") == 2 && times(received, "b:1") == 1).await;
    assert_eq!(house.received().len(), 3);
    house.restart(4);
    house.send(&[("b", 2), ("c", 1)]).await;
    house.deliver(refuses, |received| times(received, "a:1") == 2).await;
    let received = house.received();
    let of_a: Vec<&str> = received.iter().filter(|(id, _)| id == "a:1").map(|(_, times)| times.as_str()).collect();
    assert_eq!(of_a, ["3", "4"]);
    assert_eq!(house.left().await.0, ["a:1 a 4 a:1 is refused"]);
    let others: Vec<&str> = ids(&received).into_iter().filter(|id| *id != "a:1").collect();
    assert_eq!(others, ["c:1"], "b:1 is hidden for an hour, b:2 is behind it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_receiver_of_one_group_holds_up_no_other() {
    let house = House::new(2).await;
    let groups: Vec<String> = (0..3 * MAX_CALLS).map(|n| format!("g{n}")).collect();
    house.send(&[("slow", 1), ("slow", 2)]).await;
    for group in &groups {
        house.send(&[(group.as_str(), 2), (group.as_str(), 1)]).await;
    }
    let receiver = |id: &str| if id.starts_with("slow") { Does::Hangs } else { Does::Takes };
    let wanted: usize = 2 * groups.len();
    let healthy = |received: &[(String, String)]| received.iter().filter(|(id, _)| id.starts_with('g')).count();
    house.deliver(receiver, |received| healthy(received) == wanted).await;
    let received = house.received();
    assert_eq!(received.iter().collect::<HashSet<_>>().len(), received.len(), "delivered twice");
    for group in &groups {
        let prefix = format!("{group}:");
        let of_group: Vec<&str> = ids(&received).into_iter().filter(|id| id.starts_with(&prefix)).collect();
        assert_eq!(of_group, [format!("{group}:1"), format!("{group}:2")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_the_middle_of_a_delivery_loses_and_counts_nothing() {
    let mut house = House::new(2).await;
    house.send(&[("a", 1), ("a", 2)]).await;
    for _ in 0..3 {
        let never = |_: SqsEvent| std::future::pending::<SqsBatchResponse>();
        let stopped = timeout(LIMIT / 5, house.queue.deliver(never)).await;
        assert!(stopped.is_err(), "{stopped:?}");
        house.restart(2);
    }
    house.deliver(|_| Does::Takes, |received| received.len() == 2).await;
    assert_eq!(house.received(), [("a:1".into(), "1".into()), ("a:2".into(), "1".into())]);
    assert_eq!(house.left().await, (vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_goes_back_to_its_old_place_with_all_its_attempts() {
    let house = House::new(2).await;
    house.send(&[("a", 1), ("a", 2), ("a", 3)]).await;
    let hour = Duration::from_secs(3600);
    let broken = |id: &str| match id {
        "a:1" => Does::Refuses(Duration::from_millis(1)),
        _ => Does::Refuses(hour),
    };
    house.deliver(broken, |received| received.len() == 3).await;
    assert_eq!(ids(&house.received()), ["a:1", "a:1", "a:2"]);
    let [letter] = house.dead_letters.walk((0, u64::MAX), 10, |_| true).await.unwrap().try_into().unwrap();
    let body = house.dead_letters.body(&letter).await.unwrap();
    let message = message("a", 1);
    let back = || house.queue.put_back(&message, body.clone(), DeadLetters::removal(&letter));
    assert!(back().await.unwrap());
    assert!(!back().await.unwrap(), "it went back twice");
    // It is tried now; the one behind it waits for its own time.
    house.deliver(|_| Does::Takes, |received| received.len() == 1).await;
    assert_eq!(house.received(), [("a:1".into(), "1".into())]);
    let (dead, left) = house.left().await;
    assert_eq!((dead.as_slice(), left.len()), ([].as_slice(), 3), "two messages, one of them received once");
}
