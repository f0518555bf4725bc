// The engine is below the rules for clocks and conditions, and has to serve what they forbid.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

use std::collections::HashMap;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, Put, ReturnValuesOnConditionCheckFailure, ScalarAttributeType, StreamSpecification, StreamViewType,
    TimeToLiveSpecification, TransactWriteItem,
};
use aws_sdk_dynamodbstreams::types::{OperationType, Record, ShardIteratorType};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use tempfile::TempDir;

use super::*;

const TABLE: &str = "events";

type Item = HashMap<String, AttributeValue>;

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn item(key: &str, value: &str) -> Item {
    [("PK", key), ("SK", "#"), ("kind", "outage"), ("value", value)]
        .map(|(name, value)| (name.to_owned(), text(value)))
        .into()
}

fn put(key: &str, value: &str) -> TransactWriteItem {
    let put = Put::builder().table_name(TABLE).set_item(Some(item(key, value)));
    TransactWriteItem::builder().put(put.build().unwrap()).build()
}

fn put_new(key: &str, value: &str) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(TABLE)
        .set_item(Some(item(key, value)))
        .condition_expression("attribute_not_exists(PK)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    TransactWriteItem::builder().put(put.build().unwrap()).build()
}

async fn create_table(engine: &Engine) {
    let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let string = |name: &str| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let by_kind = GlobalSecondaryIndex::builder()
        .index_name("by-kind")
        .key_schema(key("kind", KeyType::Hash))
        .key_schema(key("PK", KeyType::Range))
        .projection(Projection::builder().projection_type(ProjectionType::All).build());
    let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewAndOldImages);
    let created = engine
        .dynamodb()
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(vec![string("PK"), string("SK"), string("kind")]))
        .key_schema(key("PK", KeyType::Hash))
        .key_schema(key("SK", KeyType::Range))
        .global_secondary_indexes(by_kind.build().unwrap())
        .stream_specification(stream.build().unwrap())
        .send()
        .await;
    created.unwrap();
}

async fn write(engine: &Engine, key: &str, value: &str) {
    engine.dynamodb().put_item().table_name(TABLE).set_item(Some(item(key, value))).send().await.unwrap();
}

async fn read(engine: &Engine, key: &str) -> Option<Item> {
    let get = engine.dynamodb().get_item().table_name(TABLE).key("PK", text(key)).key("SK", text("#"));
    get.send().await.unwrap().item
}

async fn stream(engine: &Engine) -> Vec<Record> {
    let streams = engine.streams();
    let listed = streams.list_streams().table_name(TABLE).send().await.unwrap();
    let arn = listed.streams()[0].stream_arn().unwrap();
    let described = streams.describe_stream().stream_arn(arn).send().await.unwrap();
    let shard = described.stream_description().unwrap().shards()[0].shard_id().unwrap();
    let iterator = streams
        .get_shard_iterator()
        .stream_arn(arn)
        .shard_id(shard)
        .shard_iterator_type(ShardIteratorType::TrimHorizon)
        .send()
        .await
        .unwrap();
    streams.get_records().set_shard_iterator(iterator.shard_iterator).send().await.unwrap().records.unwrap()
}

fn number(record: &Record) -> &str {
    record.dynamodb().unwrap().sequence_number().unwrap()
}

fn in_future() -> SystemTime {
    SystemTime::now() + STREAM_RETENTION
}

async fn table_in_memory() -> Engine {
    let engine = Engine::memory().unwrap();
    create_table(&engine).await;
    engine
}

#[tokio::test]
async fn items_are_put_read_and_queried() {
    let engine = table_in_memory().await;
    write(&engine, "event-2", "b").await;
    write(&engine, "event-1", "a").await;

    assert_eq!(read(&engine, "event-1").await, Some(item("event-1", "a")));
    assert_eq!(read(&engine, "event-3").await, None);
    let query = engine.dynamodb().query().table_name(TABLE).index_name("by-kind").key_condition_expression("kind = :k");
    let found = query.expression_attribute_values(":k", text("outage")).send().await.unwrap();
    assert_eq!(found.items(), [item("event-1", "a"), item("event-2", "b")]);
}

#[tokio::test]
async fn databases_in_memory_are_apart() {
    let (one, other) = (table_in_memory().await, table_in_memory().await);
    write(&one, "event-1", "a").await;
    assert_eq!(read(&other, "event-1").await, None);
}

#[tokio::test]
async fn a_failed_condition_is_typed_and_carries_the_item() {
    let engine = table_in_memory().await;
    write(&engine, "event-1", "old").await;
    let refused = engine
        .dynamodb()
        .put_item()
        .table_name(TABLE)
        .set_item(Some(item("event-1", "new")))
        .condition_expression("attribute_not_exists(PK)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(refused.is_conditional_check_failed_exception(), "{refused:?}");
    let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(failed) = refused else {
        panic!("another error")
    };
    assert_eq!(failed.item, Some(item("event-1", "old")));
}

#[tokio::test]
async fn a_cancelled_transaction_writes_nothing_and_gives_its_reasons() {
    let engine = table_in_memory().await;
    write(&engine, "event-1", "old").await;
    let transaction = engine
        .dynamodb()
        .transact_write_items()
        .transact_items(put("event-2", "x"))
        .transact_items(put_new("event-1", "new"));
    let refused = transaction.send().await.unwrap_err().into_service_error();

    let TransactWriteItemsError::TransactionCanceledException(cancelled) = refused else { panic!("{refused:?}") };
    let codes: Vec<_> = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed"]);
    assert_eq!(cancelled.cancellation_reasons()[1].item, Some(item("event-1", "old")));
    assert_eq!(read(&engine, "event-2").await, None);
    assert_eq!(stream(&engine).await.len(), 1);
}

#[tokio::test]
async fn a_transaction_repeated_with_its_token_runs_once() {
    let engine = table_in_memory().await;
    let transaction = |key: &str, token: Option<&str>| {
        let write = engine.dynamodb().transact_write_items().transact_items(put_new(key, "a"));
        write.set_client_request_token(token.map(str::to_owned)).send()
    };
    transaction("event-1", Some("the-token")).await.unwrap();
    transaction("event-1", Some("the-token")).await.unwrap();
    let other = transaction("event-2", Some("the-token")).await.unwrap_err().into_service_error();
    assert!(other.is_idempotent_parameter_mismatch_exception(), "{other:?}");

    // Without a token of the caller's, two calls are two calls.
    transaction("event-3", None).await.unwrap();
    let again = transaction("event-3", None).await.unwrap_err().into_service_error();
    assert!(again.is_transaction_canceled_exception(), "{again:?}");
    assert_eq!(stream(&engine).await.len(), 2);
}

#[tokio::test]
async fn the_stream_has_both_images_in_order() {
    let engine = table_in_memory().await;
    write(&engine, "event-1", "a").await;
    write(&engine, "event-1", "b").await;
    let delete = engine.dynamodb().delete_item().table_name(TABLE).key("PK", text("event-1")).key("SK", text("#"));
    delete.send().await.unwrap();

    let records = stream(&engine).await;
    let seen: Vec<_> = records
        .iter()
        .map(|record| {
            let images = record.dynamodb().unwrap();
            let value = |image: Option<&HashMap<String, aws_sdk_dynamodbstreams::types::AttributeValue>>| {
                image.map(|image| image["value"].as_s().unwrap().clone())
            };
            (record.event_name().unwrap().clone(), value(images.old_image()), value(images.new_image()))
        })
        .collect();
    let (a, b) = (Some("a".to_owned()), Some("b".to_owned()));
    assert_eq!(
        seen,
        [
            (OperationType::Insert, None, a.clone()),
            (OperationType::Modify, a, b.clone()),
            (OperationType::Remove, b, None)
        ]
    );
    assert!(records.is_sorted_by(|earlier, later| number(earlier) < number(later)));
}

#[tokio::test]
async fn a_write_wakes_who_waits_for_it() {
    let engine = table_in_memory().await;
    let mut writes = engine.writes();
    assert_eq!(read(&engine, "event-1").await, None);
    assert!(!writes.has_changed().unwrap());
    write(&engine, "event-1", "a").await;
    writes.changed().await.unwrap();

    // A refused write is none.
    let refused = engine.dynamodb().transact_write_items().transact_items(put_new("event-1", "b")).send().await;
    refused.unwrap_err();
    assert!(!writes.has_changed().unwrap());
}

#[tokio::test]
async fn trimming_deletes_what_is_consumed_and_old() {
    let engine = table_in_memory().await;
    for key in ["event-1", "event-2", "event-3", "event-4"] {
        write(&engine, key, "a").await;
    }
    let records = stream(&engine).await;

    let consumed = number(&records[3]);
    let day_ago = SystemTime::now() - STREAM_RETENTION;
    assert_eq!(engine.trim_stream(TABLE, consumed, day_ago).await.unwrap(), 0, "consumed, but new");
    assert_eq!(engine.trim_stream("another", consumed, in_future()).await.unwrap(), 0);
    assert_eq!(engine.trim_stream(TABLE, number(&records[1]), in_future()).await.unwrap(), 2, "old, half consumed");
    assert_eq!(stream(&engine).await, records[2..]);
    engine.trim_stream(TABLE, "17", in_future()).await.unwrap_err();
}

#[tokio::test]
async fn trimming_keeps_the_newest_record_and_the_numbers_rising() {
    let engine = table_in_memory().await;
    write(&engine, "event-1", "a").await;
    write(&engine, "event-2", "a").await;
    let newest = stream(&engine).await.pop().unwrap();

    assert_eq!(engine.trim_stream(TABLE, number(&newest), in_future()).await.unwrap(), 1);
    write(&engine, "event-3", "a").await;
    let records = stream(&engine).await;
    assert_eq!(records[0], newest);
    assert!(number(&records[1]) > number(&newest));
}

#[tokio::test]
async fn trimming_goes_on_past_one_batch() {
    let engine = table_in_memory().await;
    let records = adaptations::TRIM_BATCH as usize + 10;
    for chunk in (0..records).collect::<Vec<_>>().chunks(100) {
        let puts = chunk.iter().map(|number| put(&number.to_string(), "a")).collect();
        engine.dynamodb().transact_write_items().set_transact_items(Some(puts)).send().await.unwrap();
    }
    let newest = stream(&engine).await.pop().unwrap();
    assert_eq!(engine.trim_stream(TABLE, number(&newest), in_future()).await.unwrap() as usize, records - 1);
}

#[tokio::test]
async fn expired_items_are_swept_into_the_stream() {
    let engine = table_in_memory().await;
    let ttl = TimeToLiveSpecification::builder().attribute_name("expires").enabled(true).build().unwrap();
    let update = engine.dynamodb().update_time_to_live().table_name(TABLE).time_to_live_specification(ttl);
    update.send().await.unwrap();
    write(&engine, "event-2", "a").await;
    let hour_ago = SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() - 3600;
    let mut expired = item("event-1", "a");
    expired.insert("expires".to_owned(), AttributeValue::N(hour_ago.to_string()));
    engine.dynamodb().put_item().table_name(TABLE).set_item(Some(expired)).send().await.unwrap();
    let mut writes = engine.writes();
    writes.mark_unchanged();

    assert_eq!(engine.sweep_ttl().await.unwrap(), 1);
    assert!(writes.has_changed().unwrap());
    assert_eq!(read(&engine, "event-1").await, None);
    assert!(read(&engine, "event-2").await.is_some());
    let removal = stream(&engine).await.pop().unwrap();
    assert_eq!(removal.user_identity().unwrap().principal_id(), Some("dynamodb.amazonaws.com"));
}

#[tokio::test]
async fn a_file_is_there_again_when_reopened() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("noticeboard.db");
    let engine = Engine::open(&path).unwrap();
    create_table(&engine).await;
    write(&engine, "event-1", "a").await;
    let before = stream(&engine).await;
    drop(engine);

    let engine = Engine::open(&path).unwrap();
    assert_eq!(read(&engine, "event-1").await, Some(item("event-1", "a")));
    write(&engine, "event-1", "b").await;
    let after = stream(&engine).await;
    assert_eq!(after[0], before[0]);
    assert!(number(&after[1]) > number(&before[0]));
}

#[tokio::test]
async fn a_file_in_use_is_refused_until_it_is_closed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("noticeboard.db");
    let engine = Engine::open(&path).unwrap();
    let refused = Engine::open(&path).unwrap_err();
    assert!(matches!(refused, EngineError::InUse(_)), "{refused:?}");
    assert!(refused.to_string().contains("noticeboard.db is in use"), "{refused}");
    drop(engine);
    Engine::open(&path).unwrap();
}

#[tokio::test]
async fn what_cannot_be_opened_is_named() {
    let folder = TempDir::new().unwrap();
    let absent = Engine::open(&folder.path().join("absent/noticeboard.db")).unwrap_err();
    assert!(absent.to_string().contains("absent/noticeboard.db"), "{absent}");

    let path = folder.path().join("noticeboard.db");
    std::fs::write(&path, "This is not a database, however long it goes on.".repeat(100)).unwrap();
    let foreign = Engine::open(&path).unwrap_err();
    assert!(matches!(foreign, EngineError::Open { .. }), "{foreign:?}");
    assert!(foreign.to_string().contains("noticeboard.db"), "{foreign}");
}

#[tokio::test]
async fn an_existing_stream_is_indexed_and_searched_by_the_index() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("noticeboard.db");
    drop(Database::new(path.to_str().unwrap()).unwrap());
    drop(Engine::open(&path).unwrap());

    let connection = rusqlite::Connection::open(&path).unwrap();
    let plan: String = connection
        .query_row(
            "EXPLAIN QUERY PLAN SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 \
             FROM _stream_records WHERE table_name = ?1",
            [TABLE],
            |row| row.get("detail"),
        )
        .unwrap();
    assert!(plan.starts_with("SEARCH") && plan.contains("noticeboard_stream_sequence"), "{plan}");
}

#[tokio::test]
async fn what_the_engine_refuses_is_an_error_of_the_sdk() {
    let engine = table_in_memory().await;
    let unknown = engine.dynamodb().list_backups().send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("UnknownOperationException"));

    let absent = engine.dynamodb().describe_table().table_name("absent").send().await.unwrap_err().into_service_error();
    assert!(absent.is_resource_not_found_exception(), "{absent:?}");

    let keyless = engine.dynamodb().put_item().table_name(TABLE).item("PK", text("event-1")).send().await.unwrap_err();
    assert_eq!(keyless.code(), Some("ValidationException"));
    assert!(keyless.message().unwrap().contains("SK"), "{keyless:?}");

    let not_a_number = AttributeValue::N("many".to_owned());
    let refused = engine.dynamodb().put_item().table_name(TABLE).item("PK", not_a_number).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("ValidationException"));
    assert!(!refused.message().unwrap().contains("VALIDATION"), "{refused:?}");
}

#[tokio::test]
async fn a_malformed_request_is_answered() {
    let engine = table_in_memory().await;
    let connector = Connector::new(engine.core.clone());
    for body in ["", "{", "[]", "null", "\u{0}", r#"{"TableName": 3}"#, &"[".repeat(100_000)] {
        for target in ["DynamoDB_20120810.PutItem", "DynamoDBStreams_20120810.GetRecords", "Other.PutItem", ""] {
            let mut request = HttpRequest::new(body.to_owned().into());
            request.headers_mut().insert("x-amz-target", target);
            let answer = connector.call(request).await.unwrap();
            assert_eq!(answer.status().as_u16(), 400, "{target} {body:.20}");
            let answer: serde_json::Value = serde_json::from_slice(answer.body().bytes().unwrap()).unwrap();
            assert!(answer["__type"].as_str().unwrap().ends_with("Exception"), "{answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_lose_no_update() {
    let folder = TempDir::new().unwrap();
    let engine = Engine::open(&folder.path().join("noticeboard.db")).unwrap();
    create_table(&engine).await;
    let count = || {
        let update = engine.dynamodb().update_item().table_name(TABLE).key("PK", text("count")).key("SK", text("#"));
        let update = update.update_expression("ADD hits :one");
        update.expression_attribute_values(":one", AttributeValue::N("1".to_owned())).send()
    };
    let counters: Vec<_> = (0..100).map(|_| tokio::spawn(count())).collect();
    // Trimming goes on beside, on a connection of its own.
    for _ in 0..20 {
        let newest = stream(&engine).await.pop();
        if let Some(newest) = newest {
            engine.trim_stream(TABLE, number(&newest), in_future()).await.unwrap();
        }
    }
    for counter in counters {
        counter.await.unwrap().unwrap();
    }
    assert_eq!(read(&engine, "count").await.unwrap()["hits"], AttributeValue::N("100".to_owned()));
    assert_eq!(*engine.writes().borrow(), 100);
}
