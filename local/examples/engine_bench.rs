//! Speed of the embedded engine on disk, small and grown: one line a figure.
//!
//! ```text
//! cargo run --release -p noticeboard-local --example engine_bench [-- [--quick] [FOLDER]]
//! ```
//!
//! The table is shaped like Noticeboard's: four indexes (two with all attributes, two with some), a stream with both
//! images. A stored event is one two-item transaction with an item of 1 KB and a small one. The file is made in FOLDER
//! (the system's folder for temporary files otherwise): what is measured is that disk.

use std::error::Error;
use std::future::Future;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, Put, ScalarAttributeType, StreamSpecification, StreamViewType, TransactWriteItem,
};
use aws_sdk_dynamodbstreams::types::ShardIteratorType;
use noticeboard_local::engine::Engine;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const TABLE: &str = "noticeboard";

/// How often each speed of writing is measured.
const ROUNDS: usize = 5;

/// How much to store and how long to measure.
struct Plan {
    few: u64,
    many: u64,
    each: Duration,
}

#[tokio::main]
async fn main() -> Outcome {
    let mut plan = Plan { few: 1_000, many: 100_000, each: Duration::from_secs(3) };
    let mut folder = std::env::temp_dir();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => plan = Plan { few: 500, many: 5_000, each: Duration::from_secs(1) },
            path => folder = path.into(),
        }
    }
    let folder = tempfile::tempdir_in(folder)?;
    let path = folder.path().join("many.db");
    let engine = create(&path).await?;
    store(&engine, 0..plan.many).await?;
    let next = writes(&engine, folder.path(), &plan).await?;
    reads(&engine, plan.many, &plan).await?;
    trim(&engine).await?;
    drop(engine);
    reopen(&path).await?;
    println!("file with {next} events: {} MB", std::fs::metadata(&path)?.len() / 1_000_000);
    Ok(())
}

/// Compares writes into a file with few events and into one with many. Returns the next free number of the latter.
///
/// The figure is throughput, so that it has in it what SQLite does only now and then (checkpoints, which cost more in a
/// larger file). A disk shared with others is not the same from one second to the next: so the two take turns, the file
/// with few events is made anew each time, and the median of the rounds counts.
async fn writes(many: &Engine, folder: &Path, plan: &Plan) -> Outcome<u64> {
    let mut next = plan.many;
    for tasks in [1, 4] {
        let (mut with_few, mut with_many) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let few = create(&folder.join(format!("few-{tasks}-{round}.db"))).await?;
            store(&few, 0..plan.few).await?;
            let client = few.dynamodb();
            with_few.push(measure(tasks, plan.each, |nth| store_event(client.clone(), plan.few + nth)).await?.1);
            let client = many.dynamodb();
            let (count, speed) = measure(tasks, plan.each, |nth| store_event(client.clone(), next + nth)).await?;
            with_many.push(speed);
            next += count;
        }
        let (few, many) = (median(&mut with_few), median(&mut with_many));
        let name = format!("two-item transactions, {tasks} at a time");
        println!("{name}, {} stored: {few:.0}/s (rounds {:.0?})", plan.few, with_few);
        println!("{name}, {} stored: {many:.0}/s (rounds {:.0?})", plan.many, with_many);
        println!("{name}, {} against {} stored: {:.2} times slower (at most 1.50)", plan.many, plan.few, few / many);
    }
    Ok(next)
}

async fn reads(engine: &Engine, stored: u64, plan: &Plan) -> Outcome {
    let client = engine.dynamodb();
    for tasks in [1, 4] {
        let (_, speed) = measure(tasks, plan.each, |nth| {
            // A stride that visits the whole table, without a random source.
            let get = client.get_item().table_name(TABLE).key("PK", key(nth * 7919 % stored)).key("SK", text("event"));
            async move { get.send().await?.item.map(drop).ok_or_else(|| "an event is missing".into()) }
        })
        .await?;
        println!("reads of one item, {tasks} at a time, {stored} stored: {speed:.0}/s");
    }
    let (_, speed) = measure(1, plan.each, |_| {
        let query = client.query().table_name(TABLE).index_name("GSI1").key_condition_expression("GSI1PK = :kind");
        let query = query.expression_attribute_values(":kind", text("kind-1")).scan_index_forward(false).limit(50);
        async move {
            let found = query.send().await?.count;
            if found == 50 { Ok(()) } else { Err(format!("{found} events instead of 50").into()) }
        }
    })
    .await?;
    println!("queries of 50 from an index, 1 at a time, {stored} stored: {speed:.0}/s");
    Ok(())
}

/// Runs `action` for the time `each` in `tasks` tasks, numbering its calls. Returns how many there were, and how many
/// per second.
async fn measure<F>(tasks: usize, each: Duration, action: impl Fn(u64) -> F) -> Outcome<(u64, f64)>
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let started = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    let mut count = 0;
    while started.elapsed() < each || !running.is_empty() {
        while running.len() < tasks && started.elapsed() < each {
            running.spawn(action(count));
            count += 1;
        }
        if let Some(done) = running.join_next().await {
            done??;
        }
    }
    Ok((count, count as f64 / started.elapsed().as_secs_f64()))
}

fn median(speeds: &mut [f64]) -> f64 {
    speeds.sort_by(f64::total_cmp);
    speeds[speeds.len() / 2]
}

async fn create(path: &Path) -> Outcome<Engine> {
    let engine = Engine::open(path)?;
    create_table(&engine.dynamodb()).await?;
    Ok(engine)
}

async fn store(engine: &Engine, numbers: std::ops::Range<u64>) -> Outcome {
    let events: Vec<_> = numbers.flat_map(event).collect();
    // 100 items are the most that one transaction may have.
    for some in events.chunks(100) {
        engine.dynamodb().transact_write_items().set_transact_items(Some(some.to_vec())).send().await?;
    }
    Ok(())
}

async fn store_event(client: Client, number: u64) -> Outcome {
    let [event, change] = event(number);
    client.transact_write_items().transact_items(event).transact_items(change).send().await?;
    Ok(())
}

fn event(number: u64) -> [TransactWriteItem; 2] {
    let kind = text(&format!("kind-{}", number % 5));
    let put = |fields: &[(&str, AttributeValue)]| {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let put =
            Put::builder().table_name(TABLE).set_item(Some(fields)).condition_expression("attribute_not_exists(PK)");
        TransactWriteItem::builder().set_put(put.build().ok()).build()
    };
    let start = text(&format!("{number:012}"));
    [
        put(&[
            ("PK", key(number)),
            ("SK", text("event")),
            ("GSI1PK", kind.clone()),
            ("GSI1SK", start.clone()),
            ("GSI2PK", text(&format!("provider-{}", number % 37))),
            ("GSI2SK", start.clone()),
            ("GSI3PK", text(&format!("status-{}", number % 7))),
            ("GSI3SK", start.clone()),
            ("GSI4PK", text(&format!("window-{}", number / 500))),
            ("GSI4SK", start.clone()),
            ("version", AttributeValue::N("1".to_owned())),
            ("name", text(&format!("Maintenance {number}"))),
            ("summary", text(&"Work on the line card between two sites. ".repeat(18))),
        ]),
        put(&[("PK", key(number)), ("SK", text("message")), ("kind", kind), ("received", start)]),
    ]
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// Numbers are spread as hashes would be, so that neighbours in time are not neighbours in the file.
fn key(number: u64) -> AttributeValue {
    text(&format!("event#{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

async fn create_table(client: &Client) -> Outcome {
    let string =
        |name: &str| AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build();
    let keys = |hash: &str, range: &str| -> Outcome<Vec<KeySchemaElement>> {
        let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
        Ok(vec![key(hash, KeyType::Hash)?, key(range, KeyType::Range)?])
    };
    let mut create = client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(keys("PK", "SK")?))
        .attribute_definitions(string("PK")?)
        .attribute_definitions(string("SK")?)
        .stream_specification(
            StreamSpecification::builder()
                .stream_enabled(true)
                .stream_view_type(StreamViewType::NewAndOldImages)
                .build()?,
        );
    for number in 1..=4 {
        let (hash, range) = (format!("GSI{number}PK"), format!("GSI{number}SK"));
        let projection = if number <= 2 {
            Projection::builder().projection_type(ProjectionType::All)
        } else {
            Projection::builder().projection_type(ProjectionType::Include).non_key_attributes("name")
        };
        let index = GlobalSecondaryIndex::builder()
            .index_name(format!("GSI{number}"))
            .set_key_schema(Some(keys(&hash, &range)?))
            .projection(projection.build());
        create = create
            .attribute_definitions(string(&hash)?)
            .attribute_definitions(string(&range)?)
            .global_secondary_indexes(index.build()?);
    }
    create.send().await?;
    Ok(())
}

/// Reads the newest records of the grown stream, then trims all of it as if a day had passed.
async fn trim(engine: &Engine) -> Outcome {
    let streams = engine.streams();
    let listed = streams.list_streams().table_name(TABLE).send().await?;
    let arn = listed.streams().first().and_then(|stream| stream.stream_arn()).ok_or("no stream")?;
    let started = Instant::now();
    let described = streams.describe_stream().stream_arn(arn).send().await?;
    println!("description of the stream: {:.1} ms", started.elapsed().as_secs_f64() * 1000.0);
    let shard = described.stream_description().and_then(|stream| stream.shards().first()).ok_or("no shard")?;
    let newest = shard.sequence_number_range().and_then(|range| range.ending_sequence_number()).ok_or("no record")?;

    let iterator = streams.get_shard_iterator().stream_arn(arn).set_shard_id(shard.shard_id.clone());
    let iterator =
        iterator.shard_iterator_type(ShardIteratorType::AtSequenceNumber).sequence_number(newest).send().await?;
    let started = Instant::now();
    let read = streams.get_records().set_shard_iterator(iterator.shard_iterator).send().await?;
    let elapsed = started.elapsed().as_secs_f64() * 1000.0;
    println!("reading the {} newest record of the stream: {elapsed:.1} ms", read.records().len());

    let started = Instant::now();
    #[allow(clippy::disallowed_methods, reason = "a bench is an outermost room")]
    let in_a_minute = SystemTime::now() + Duration::from_secs(60);
    let trimmed = engine.trim_stream(TABLE, newest, in_a_minute).await?;
    println!("trimming {trimmed} records: {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

async fn reopen(path: &Path) -> Outcome {
    let started = Instant::now();
    let engine = Engine::open(path)?;
    engine.dynamodb().get_item().table_name(TABLE).key("PK", key(1)).key("SK", text("event")).send().await?;
    println!("reopening the file until the first read: {:.0} ms", started.elapsed().as_secs_f64() * 1000.0);
    Ok(())
}
