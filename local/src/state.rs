//! What the stand-ins for Lambda and SQS must remember over a restart: a table of their own, without a stream.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, Delete, KeySchemaElement, KeyType, Put, ScalarAttributeType,
    TableStatus, TransactWriteItem,
};

/// The table of checkpoints, queues and dead letters.
#[derive(Debug, Clone)]
pub(crate) struct State {
    client: Client,
    table: String,
}

/// A value that is written together with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Write {
    /// Stores a value.
    Put {
        /// Its partition.
        pk: String,
        /// Its place in the partition.
        sk: String,
        /// The value.
        value: String,
    },
    /// Removes a value, if there is one.
    Delete {
        /// Its partition.
        pk: String,
        /// Its place in the partition.
        sk: String,
    },
    /// Removes a value that must be there: nothing is written when someone else has taken it.
    Take {
        /// Its partition.
        pk: String,
        /// Its place in the partition.
        sk: String,
    },
}

/// The state cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{what} in the table {table}: {detail}")]
pub(crate) struct StateError {
    what: &'static str,
    table: String,
    detail: String,
}

impl State {
    /// Opens the table, and makes it where there is none.
    pub(crate) async fn open(client: Client, table: String) -> Result<Self, StateError> {
        let state = Self { client, table };
        let described = state.client.describe_table().table_name(&state.table).send().await;
        match described {
            Ok(_) => Ok(state),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => {
                state.create().await?;
                Ok(state)
            }
            Err(error) => Err(state.failed("describe", error)),
        }
    }

    async fn create(&self) -> Result<(), StateError> {
        let mut create = self.client.create_table().table_name(&self.table).billing_mode(BillingMode::PayPerRequest);
        for (name, kind) in [("PK", KeyType::Hash), ("SK", KeyType::Range)] {
            let key = KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
            let attribute =
                AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build();
            create = create
                .key_schema(key.map_err(|error| self.failed("create", error))?)
                .attribute_definitions(attribute.map_err(|error| self.failed("create", error))?);
        }
        create.send().await.map_err(|error| self.failed("create", error))?;
        for _ in 0..120 {
            let described = self.client.describe_table().table_name(&self.table).send().await;
            let table = described.map_err(|error| self.failed("describe", error))?.table;
            if table.and_then(|table| table.table_status) == Some(TableStatus::Active) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Err(self.failed("create", "it did not become active within a minute"))
    }

    fn failed(&self, what: &'static str, error: impl std::fmt::Debug) -> StateError {
        StateError { what, table: self.table.clone(), detail: format!("{error:?}") }
    }

    /// Stores a value.
    pub(crate) async fn put(&self, pk: &str, sk: &str, value: &str) -> Result<(), StateError> {
        let item = [("PK", pk), ("SK", sk), ("value", value)];
        let item: HashMap<String, AttributeValue> =
            item.into_iter().map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned()))).collect();
        // The last writer is right: each key has one writer.
        #[allow(clippy::disallowed_methods)]
        let put = self.client.put_item();
        put.table_name(&self.table)
            .set_item(Some(item))
            .send()
            .await
            .map(drop)
            .map_err(|error| self.failed("put", error))
    }

    /// A value.
    pub(crate) async fn get(&self, pk: &str, sk: &str) -> Result<Option<String>, StateError> {
        let found = self.client.get_item().table_name(&self.table).set_key(Some(key(pk, sk))).consistent_read(true);
        let item = found.send().await.map_err(|error| self.failed("get", error))?.item;
        Ok(item.and_then(|mut item| item.remove("value")).and_then(|value| text(&value)))
    }

    /// Writes all of these, at most a hundred, or none. The answer is false when one that was to be taken is gone.
    pub(crate) async fn write(&self, writes: Vec<Write>) -> Result<bool, StateError> {
        if writes.is_empty() {
            return Ok(true);
        }
        let items: Result<Vec<_>, _> = writes.into_iter().map(|write| self.item(write)).collect();
        let items = items.map_err(|error| self.failed("write", error))?;
        let done = self.client.transact_write_items().set_transact_items(Some(items)).send().await;
        match done {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(is_gone) => Ok(false),
            Err(error) => Err(self.failed("write", error)),
        }
    }

    fn item(&self, write: Write) -> Result<TransactWriteItem, aws_sdk_dynamodb::error::BuildError> {
        let item = TransactWriteItem::builder();
        let delete = |pk: String, sk: String| Delete::builder().table_name(&self.table).set_key(Some(key(&pk, &sk)));
        Ok(match write {
            Write::Put { pk, sk, value } => {
                let mut attributes = key(&pk, &sk);
                attributes.insert("value".to_owned(), AttributeValue::S(value));
                item.put(Put::builder().table_name(&self.table).set_item(Some(attributes)).build()?)
            }
            Write::Delete { pk, sk } => item.delete(delete(pk, sk).build()?),
            Write::Take { pk, sk } => item.delete(delete(pk, sk).condition_expression("attribute_exists(PK)").build()?),
        }
        .build())
    }

    /// The first values of a partition by sort key, behind `after` where that is given; fewer than `limit` too when
    /// there are more, and none only at the end.
    pub(crate) async fn list(
        &self,
        pk: &str,
        after: Option<&str>,
        limit: i32,
    ) -> Result<Vec<(String, String)>, StateError> {
        let found = self.query(pk, after, limit).send().await.map_err(|error| self.failed("query", error))?;
        let value = |item: HashMap<String, AttributeValue>| Some((text(item.get("SK")?)?, text(item.get("value")?)?));
        Ok(found.items.unwrap_or_default().into_iter().filter_map(value).collect())
    }

    /// The same, without the values.
    pub(crate) async fn keys(&self, pk: &str, after: Option<&str>, limit: i32) -> Result<Vec<String>, StateError> {
        let found = self.query(pk, after, limit).projection_expression("SK").send().await;
        let items = found.map_err(|error| self.failed("query", error))?.items.unwrap_or_default();
        Ok(items.into_iter().filter_map(|item| text(item.get("SK")?)).collect())
    }

    fn query(&self, pk: &str, after: Option<&str>, limit: i32) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("PK = :pk AND SK > :after")
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            // No sort key of ours is a blank or sorts before one.
            .expression_attribute_values(":after", AttributeValue::S(after.unwrap_or(" ").to_owned()))
            .consistent_read(true)
            .limit(limit)
    }
}

/// Whether a transaction was refused because something that it takes is gone.
fn is_gone(error: &TransactWriteItemsError) -> bool {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        return false;
    };
    cancelled.cancellation_reasons().iter().any(|reason| reason.code() == Some("ConditionalCheckFailed"))
}

fn key(pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("PK".to_owned(), AttributeValue::S(pk.to_owned())),
        ("SK".to_owned(), AttributeValue::S(sk.to_owned())),
    ])
}

fn text(value: &AttributeValue) -> Option<String> {
    value.as_s().ok().cloned()
}
