#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;

use aws_lambda_events::streams::DynamoDbBatchItemFailure;
use rand::Rng;

use super::*;

const ATTEMPTS: u32 = 4;
const RULES: Rules = Rules {
    attempts: ATTEMPTS,
    first_pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(2),
    call_limit: Duration::from_millis(20),
};

/// How a record fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fails {
    /// The answer names it.
    Named,
    /// The answer names it, and one behind it before it.
    NamedLate,
    /// The answer has an empty identifier.
    Empty,
    /// The answer has no identifier at all in a failure.
    Null,
    /// The answer names a record that was not in the batch.
    Foreign,
    Panics,
    Hangs,
    /// The answer names it, so many times; then it is handled.
    Times(u32),
}

/// A record: its sequence number, and the partition that it is of.
fn record(sequence: usize, partition: usize) -> EventRecord {
    let mut record = EventRecord::default();
    record.change.sequence_number = Some(sequence.to_string());
    let key = serde_dynamo::AttributeValue::S(format!("EVENT#{partition}"));
    record.change.keys = HashMap::from([("PK".to_owned(), key)]).into();
    record
}

fn sequence(record: &EventRecord) -> usize {
    record.change.sequence_number.as_ref().unwrap().parse().unwrap()
}

/// A function that fails on some records, and what happened to it.
#[derive(Default)]
struct Function {
    fails: BTreeMap<usize, Fails>,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    /// Records that were handled, in order, each with how many rounds of retries there had been.
    handled: Vec<(usize, usize)>,
    /// How often each record failed.
    failed: BTreeMap<usize, u32>,
    round: usize,
}

impl Function {
    async fn handle(&self, event: Event) -> DynamoDbEventResponse {
        let mut response = DynamoDbEventResponse::default();
        let mut fail = |id: Option<String>| {
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = id;
            response.batch_item_failures.push(failure);
        };
        for record in &event.records {
            let at = sequence(record);
            let id = record.change.sequence_number.clone();
            let fails = self.fails.get(&at).copied();
            let times = *self.log.lock().unwrap().failed.get(&at).unwrap_or(&0);
            let Some(fails) = fails.filter(|fails| !matches!(fails, Fails::Times(most) if times >= *most)) else {
                let mut log = self.log.lock().unwrap();
                let round = log.round;
                log.handled.push((at, round));
                continue;
            };
            *self.log.lock().unwrap().failed.entry(at).or_default() += 1;
            match fails {
                Fails::Named | Fails::Times(_) => fail(id),
                Fails::NamedLate => {
                    fail(event.records.last().unwrap().change.sequence_number.clone());
                    fail(id);
                }
                Fails::Empty => fail(Some(String::new())),
                Fails::Null => fail(None),
                Fails::Foreign => fail(Some("no such number".into())),
                Fails::Panics => std::panic::resume_unwind(Box::new("a poisoned record")),
                Fails::Hangs => std::future::pending().await,
            }
            break;
        }
        response
    }

    /// Feeds batches, and retries until nothing is set aside. The answer is the dead, with their attempts.
    async fn run(&self, batches: impl IntoIterator<Item = Vec<EventRecord>>) -> BTreeMap<usize, u32> {
        let (mut feed, mut dead, mut newest) = (Feed::new(RULES), Vec::new(), None);
        for batch in batches {
            newest = batch.last().and_then(|record| record.change.sequence_number.clone());
            dead.extend(feed.feed(batch, &|event| self.handle(event)).await);
        }
        while let Some(due) = feed.due() {
            tokio::time::sleep_until(due).await;
            self.log.lock().unwrap().round += 1;
            dead.extend(feed.retry(&|event| self.handle(event)).await);
        }
        assert_eq!(feed.checkpoint(), newest.as_deref(), "all is handled or dead");
        dead.into_iter().map(|dead| (sequence(&dead.record), dead.attempts)).collect()
    }
}

const BATCH: usize = 16;

/// What a run of [`check`] found.
#[derive(Default)]
struct Figures {
    runs: usize,
    delay: usize,
}

/// Hands over a batch, of a record a partition, with these poisoned records.
async fn check(poison: &[(usize, Fails)], figures: &mut Figures) {
    let function = Function { fails: poison.iter().copied().collect(), log: Mutex::default() };
    let dead = function.run([(0..BATCH).map(|at| record(at, at)).collect()]).await;
    let log = function.log.into_inner().unwrap();
    let poisoned: BTreeSet<usize> = poison.iter().map(|(at, _)| *at).collect();
    assert_eq!(dead.keys().copied().collect::<BTreeSet<_>>(), poisoned, "{poison:?}");
    assert!(dead.values().all(|attempts| *attempts == ATTEMPTS), "{poison:?}: {dead:?}");
    for (at, fails) in poison {
        if matches!(fails, Fails::Named | Fails::NamedLate) {
            assert_eq!(log.failed[at], ATTEMPTS, "{poison:?}: {at}");
        }
    }
    // The first time that each is handled.
    let mut rounds = BTreeMap::new();
    for (at, round) in &log.handled {
        rounds.entry(*at).or_insert(*round);
    }
    let healthy: BTreeSet<usize> = (0..BATCH).filter(|at| !poisoned.contains(at)).collect();
    assert_eq!(rounds.keys().copied().collect::<BTreeSet<_>>(), healthy, "{poison:?}");
    let delay = rounds.values().copied().max().unwrap_or(0);
    assert!(delay <= 1, "{poison:?}: a healthy record waited for {delay} retries");
    figures.runs += 1;
    figures.delay = figures.delay.max(delay);
}

#[tokio::test]
async fn a_poisoned_record_delays_no_other_and_is_dead_after_its_attempts() {
    use Fails::{Empty, Foreign, Hangs, Named, NamedLate, Null, Panics};
    let mut figures = Figures::default();
    for at in 0..BATCH {
        for fails in [Named, NamedLate, Empty, Null, Foreign] {
            check(&[(at, fails)], &mut figures).await;
        }
        for other in (0..BATCH).filter(|other| *other != at) {
            check(&[(at, Named), (other, if other % 2 == 0 { Named } else { Empty })], &mut figures).await;
        }
    }
    for fails in [Panics, Hangs] {
        for at in [0, 7, BATCH - 1] {
            check(&[(at, fails), ((at + 5) % BATCH, Named)], &mut figures).await;
        }
    }
    let all: Vec<(usize, Fails)> = (0..BATCH).map(|at| (at, Named)).collect();
    check(&all, &mut figures).await;
    let Figures { runs, delay } = figures;
    println!(
        "{runs} batches of {BATCH} with one or more poisoned records: the others waited for {delay} retries at most, \
         each poisoned one is dead after {ATTEMPTS} attempts"
    );
}

#[tokio::test]
async fn what_follows_a_failed_record_of_its_partition_waits_for_it() {
    for (fails, expected_dead) in
        [(Fails::Named, vec![1]), (Fails::Panics, vec![1]), (Fails::Times(1), vec![]), (Fails::Times(3), vec![])]
    {
        let function = Function { fails: BTreeMap::from([(1, fails)]), log: Mutex::default() };
        // 0, 1, 3 and 5 are of one partition, 2 and 4 of another; 5 and 6 come in a later batch.
        let partitions = [0, 0, 1, 0, 1, 0, 1];
        let records: Vec<EventRecord> = partitions.iter().enumerate().map(|(at, of)| record(at, *of)).collect();
        let dead = function.run([records[..5].to_vec(), records[5..].to_vec()]).await;
        assert_eq!(dead.keys().copied().collect::<Vec<_>>(), expected_dead, "{fails:?}");
        let log = function.log.into_inner().unwrap();
        let of = |partition| {
            let mut order: Vec<usize> = Vec::new();
            let handled = log.handled.iter().map(|(at, _)| *at).filter(|at| partitions[*at] == partition);
            handled.for_each(|at| {
                if !order.contains(&at) {
                    order.push(at)
                }
            });
            order
        };
        let expected: Vec<usize> = [0, 1, 3, 5].into_iter().filter(|at| !expected_dead.contains(at)).collect();
        assert_eq!(of(0), expected, "{fails:?}");
        assert_eq!(of(1), [2, 4, 6], "{fails:?}");
        let last = log.handled.iter().filter(|(at, _)| partitions[*at] == 1).map(|(_, round)| *round).max();
        assert_eq!(last, Some(0), "{fails:?}: the other partition waited");
    }
}

/// Records that fail once, often or always, a reader that dies at random points and goes on at its checkpoint: nothing
/// is lost, and the records of a partition are handled in their order, but for repetitions.
#[tokio::test]
async fn a_reader_that_dies_at_random_points_loses_and_reorders_nothing() {
    const RECORDS: usize = 10_000;
    const PARTITIONS: usize = 50;
    let mut rng = rand::rng();
    let partitions: Vec<usize> = (0..RECORDS).map(|_| rng.random_range(0..PARTITIONS)).collect();
    let mut fails = BTreeMap::new();
    for at in 0..RECORDS {
        match rng.random_range(0..300) {
            0 => drop(fails.insert(at, Fails::Named)),
            1 => drop(fails.insert(at, Fails::Empty)),
            2 | 3 => drop(fails.insert(at, Fails::Times(rng.random_range(1..3)))),
            _ => {}
        }
    }
    let function = Function { fails, log: Mutex::default() };
    let handler = |event| function.handle(event);
    let (mut dead, mut deaths, mut next) = (BTreeSet::new(), 0, 0);
    while next < RECORDS {
        let mut feed = Feed::new(RULES);
        let mut given = next;
        loop {
            let mut died = feed.retry(&handler).await;
            if given < RECORDS && !feed.is_full() {
                let end = (given + rng.random_range(1..=100)).min(RECORDS);
                died.extend(feed.feed((given..end).map(|at| record(at, partitions[at])).collect(), &handler).await);
                given = end;
            }
            // Killed before or after the dead and the checkpoint are written down.
            let killed = rng.random_range(0..20);
            if killed == 0 {
                deaths += 1;
                break;
            }
            dead.extend(died.iter().map(|dead| sequence(&dead.record)));
            if let Some(checkpoint) = feed.checkpoint() {
                next = checkpoint.parse::<usize>().unwrap() + 1;
            }
            if killed == 1 || next == RECORDS {
                deaths += 1;
                break;
            }
            if given == RECORDS || feed.is_full() {
                tokio::time::sleep_until(feed.due().unwrap()).await;
            }
        }
    }
    let log = function.log.into_inner().unwrap();
    let mut newest = [None; PARTITIONS];
    let mut handled = BTreeSet::new();
    for (at, _) in &log.handled {
        if handled.insert(*at) {
            assert!(newest[partitions[*at]] < Some(*at), "{at} came after {:?}", newest[partitions[*at]]);
            newest[partitions[*at]] = Some(*at);
        }
    }
    let lost = (0..RECORDS).filter(|at| !handled.contains(at) && !dead.contains(at)).count();
    assert_eq!(lost, 0);
    let repeated = log.handled.len() - handled.len();
    println!(
        "{RECORDS} records, the reader killed {deaths} times: 0 lost, 0 out of order, {repeated} handled again, {} dead",
        dead.len()
    );
}
