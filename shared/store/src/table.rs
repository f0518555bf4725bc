//! The table: the connection to it, its definition, and the few ways of reading that everything else uses.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    KeysAndAttributes, Projection, ProjectionType, ScalarAttributeType, Select, SseSpecification, StreamSpecification,
    StreamViewType, TableDescription, TableStatus, TimeToLiveSpecification,
};
use noticeboard_domain::{Error, FieldErrors, Result};

use crate::item::{Attributes, Chunk, Resume, attribute, key_attributes, s, text};
use crate::keys::{self, Key, index};
use crate::table_check::Protection;
use crate::trouble::{self, Place};

/// DynamoDB's limit for one BatchGetItem.
const MAX_BATCH: usize = 100;

/// The table's indexes.
pub(crate) const INDEXES: [&str; 4] = [index::BY_KIND, index::BY_STATUS, index::BY_OWNER, index::COMPACT];

/// The table and how to reach it. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: Arc<str>,
}

/// What `create_if_missing` found or made.
#[derive(Debug, Clone)]
pub struct TableInfo {
    /// The table's stream, for the local stream driver.
    pub stream_arn: Option<String>,
}

/// Where a query looks and how.
#[derive(Debug, Clone)]
pub(crate) struct Lookup {
    index: Option<&'static str>,
    pk: (&'static str, String),
    sort: Option<(&'static str, Sort)>,
    backwards: bool,
    consistent: bool,
    /// Only what objects are read from; all attributes where it is not set.
    object: bool,
}

/// What objects are read from: their keys and index keys, and what else helps others to find them, stay behind.
const OBJECT: [&str; 11] = [
    attribute::PK,
    attribute::SK,
    attribute::TYPE,
    attribute::DATA,
    attribute::DISPLAY,
    attribute::IMPACT_COUNT,
    attribute::CHILDREN,
    attribute::CHILDREN_AT,
    attribute::NOTICE_ORDER,
    attribute::DELETING,
    keys::pointer::PROVIDER,
];

#[derive(Debug, Clone)]
enum Sort {
    Prefix(String),
    From(String),
    After(String),
    Below(String),
    /// From the first to the last, both included.
    Between(String, String),
}

impl Lookup {
    /// In the table itself, with strong consistency.
    pub(crate) fn table(pk: impl Into<String>) -> Self {
        Self {
            index: None,
            pk: (attribute::PK, pk.into()),
            sort: None,
            backwards: false,
            consistent: true,
            object: false,
        }
    }

    /// In an index.
    pub(crate) fn index(index: &'static str, pk: impl Into<String>) -> Self {
        let pk = (names(index)[0], pk.into());
        Self { index: Some(index), pk, sort: None, backwards: false, consistent: false, object: false }
    }

    fn sort_name(&self) -> &'static str {
        self.index.map_or(attribute::SK, |index| names(index)[1])
    }

    pub(crate) fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.sort = Some((self.sort_name(), Sort::Prefix(prefix.into())));
        self
    }

    pub(crate) fn from(mut self, from: impl Into<String>) -> Self {
        self.sort = Some((self.sort_name(), Sort::From(from.into())));
        self
    }

    /// Behind what was read, in the direction of the lookup.
    pub(crate) fn resume(mut self, resume: Option<&Resume>) -> Self {
        if let Some(Resume(last)) = resume {
            let sort = if self.backwards { Sort::Below(last.clone()) } else { Sort::After(last.clone()) };
            self.sort = Some((self.sort_name(), sort));
        }
        self
    }

    pub(crate) fn between(mut self, first: impl Into<String>, last: impl Into<String>) -> Self {
        self.sort = Some((self.sort_name(), Sort::Between(first.into(), last.into())));
        self
    }

    pub(crate) fn below(mut self, below: impl Into<String>) -> Self {
        self.sort = Some((self.sort_name(), Sort::Below(below.into())));
        self
    }

    /// Only what objects are read from.
    pub(crate) fn objects(mut self) -> Self {
        self.object = true;
        self
    }

    /// The largest sort key first.
    pub(crate) fn backwards(mut self) -> Self {
        self.backwards = true;
        self
    }
}

/// The keys of an index.
pub(crate) fn names(name: &str) -> [&'static str; 2] {
    match name {
        index::BY_KIND => attribute::BY_KIND,
        index::BY_STATUS => attribute::BY_STATUS,
        index::BY_OWNER => attribute::BY_OWNER,
        _ => attribute::BY_SHARD,
    }
}

impl Store {
    /// The table of this name, reached by this client.
    pub fn new(client: Client, table: impl Into<Arc<str>>) -> Self {
        Self { client, table: table.into() }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The table's name.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Makes the table where there is none, as `template.yaml` defines it (a test compares the two).
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the endpoint cannot be reached or refuses.
    pub async fn create_if_missing(&self) -> Result<TableInfo> {
        self.create(Protection::None).await
    }

    /// Makes the table where there is none, protected or not; one that there is stays as it is.
    pub(crate) async fn create(&self, protection: Protection) -> Result<TableInfo> {
        let described = self.client.describe_table().table_name(self.table()).send().await;
        match described {
            Ok(found) => return self.ready(found.table).await,
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {}
            Err(error) => return Err(self.failed("dynamodb:DescribeTable", &error)),
        }
        let failed = |error: aws_sdk_dynamodb::error::BuildError| Error::internal(error);
        let key = |name: &str, kind: KeyType| {
            KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(failed)
        };
        let mut create = self
            .client
            .create_table()
            .table_name(self.table())
            .billing_mode(BillingMode::PayPerRequest)
            .key_schema(key(attribute::PK, KeyType::Hash)?)
            .key_schema(key(attribute::SK, KeyType::Range)?)
            .stream_specification(
                StreamSpecification::builder()
                    .stream_enabled(true)
                    .stream_view_type(StreamViewType::NewAndOldImages)
                    .build()
                    .map_err(failed)?,
            );
        let keys = INDEXES.iter().flat_map(|index| names(index)).chain([attribute::PK, attribute::SK]);
        for name in keys {
            create = create.attribute_definitions(
                AttributeDefinition::builder()
                    .attribute_name(name)
                    .attribute_type(ScalarAttributeType::S)
                    .build()
                    .map_err(failed)?,
            );
        }
        for index in INDEXES {
            let [pk, sk] = names(index);
            let projection = if index == index::COMPACT {
                Projection::builder().projection_type(ProjectionType::Include).non_key_attributes(attribute::COMPACT)
            } else {
                Projection::builder().projection_type(ProjectionType::All)
            };
            create = create.global_secondary_indexes(
                GlobalSecondaryIndex::builder()
                    .index_name(index)
                    .key_schema(key(pk, KeyType::Hash)?)
                    .key_schema(key(sk, KeyType::Range)?)
                    .projection(projection.build())
                    .build()
                    .map_err(failed)?,
            );
        }
        if protection == Protection::Full {
            create = create
                .deletion_protection_enabled(true)
                .sse_specification(SseSpecification::builder().enabled(true).build());
        }
        match create.send().await {
            Ok(made) => self.ready(made.table_description).await,
            // Another program that starts now was faster.
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => {
                let found = self.client.describe_table().table_name(self.table()).send().await;
                self.ready(found.map_err(|error| self.failed("dynamodb:DescribeTable", &error))?.table).await
            }
            Err(error) => Err(self.failed("dynamodb:CreateTable", &error)),
        }
    }

    /// A table that there is, once it can be used.
    async fn ready(&self, table: Option<TableDescription>) -> Result<TableInfo> {
        if table.as_ref().and_then(|table| table.table_status.as_ref()) == Some(&TableStatus::Creating) {
            self.wait_until_active().await?;
        }
        if !self.items_expire().await? {
            self.expire_items().await?;
        }
        Ok(TableInfo { stream_arn: table.and_then(|table| table.latest_stream_arn) })
    }

    /// Whether items expire.
    pub(crate) async fn items_expire(&self) -> Result<bool> {
        let found = self.client.describe_time_to_live().table_name(self.table()).send().await;
        let found = found.map_err(|error| self.failed("dynamodb:DescribeTimeToLive", &error))?;
        let name = found.time_to_live_description.and_then(|ttl| ttl.attribute_name);
        Ok(name.as_deref() == Some(attribute::EXPIRES))
    }

    async fn expire_items(&self) -> Result<()> {
        let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(attribute::EXPIRES);
        self.client
            .update_time_to_live()
            .table_name(self.table())
            .time_to_live_specification(ttl.build().map_err(Error::internal)?)
            .send()
            .await
            .map(drop)
            .map_err(|error| self.failed("dynamodb:UpdateTimeToLive", &error))
    }

    pub(crate) async fn wait_until_active(&self) -> Result<()> {
        for _ in 0..120 {
            let table = self.client.describe_table().table_name(self.table()).send().await;
            let table = table.map_err(|error| self.failed("dynamodb:DescribeTable", &error))?.table;
            let status = table.as_ref().and_then(|table| table.table_status.as_ref());
            if status == Some(&TableStatus::Active) {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
        Err(Error::Unavailable { detail: format!("table {} did not become active within a minute", self.table()) })
    }

    /// Opens the connection, by a read that finds nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the table cannot be reached.
    pub async fn warm_up(&self) -> Result<()> {
        self.get(&Key { pk: "WARM-UP".into(), sk: "WARM-UP".into() }).await.map(drop)
    }

    /// What a call that failed is for the caller: nobody's fault, who may try again, the operator's, or ours.
    pub(crate) fn failed<E, R>(&self, action: &'static str, error: &SdkError<E, R>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug,
    {
        if let Some(refused) = trouble::refused(Place::Table, self.table(), action, error) {
            return refused;
        }
        let detail = format!("{action}: {}", reason(error));
        // A request that DynamoDB calls malformed will be malformed again: that is our mistake, not a bad hour.
        if error.code() == Some("ValidationException") {
            Error::Internal { detail }
        } else {
            Error::Unavailable { detail }
        }
    }

    /// One item, with strong consistency.
    pub(crate) async fn get(&self, key: &Key) -> Result<Option<Attributes>> {
        if !key.fits() {
            return Ok(None);
        }
        let found = self
            .client
            .get_item()
            .table_name(self.table())
            .set_key(Some(key_attributes(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| self.failed("dynamodb:GetItem", &error))?;
        Ok(found.item)
    }

    /// Several items, with strong consistency, in no particular order; those that do not exist are left out.
    pub(crate) async fn get_many(&self, keys: &[Key]) -> Result<Vec<Attributes>> {
        let mut unique: Vec<&Key> = Vec::with_capacity(keys.len());
        let mut seen = std::collections::HashSet::new();
        unique.extend(keys.iter().filter(|key| key.fits() && seen.insert(*key)));
        let batches = unique.chunks(MAX_BATCH).map(|batch| self.get_batch(batch));
        let found = futures_util::future::try_join_all(batches).await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn get_batch(&self, keys: &[&Key]) -> Result<Vec<Attributes>> {
        let mut wanted: Vec<Attributes> = keys.iter().map(|key| key_attributes(key)).collect();
        let mut found = Vec::with_capacity(wanted.len());
        for attempt in 0..8u32 {
            let request = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(true);
            let request = request.build().map_err(Error::internal)?;
            let answer = self.client.batch_get_item().request_items(self.table(), request).send().await;
            let answer = answer.map_err(|error| self.failed("dynamodb:BatchGetItem", &error))?;
            found.extend(answer.responses.into_iter().flat_map(|mut tables| tables.remove(self.table())).flatten());
            let left = answer.unprocessed_keys.and_then(|mut tables| tables.remove(self.table()));
            match left.map(|left| left.keys).filter(|keys| !keys.is_empty()) {
                None => return Ok(found),
                Some(keys) => wanted = keys,
            }
            tokio::time::sleep(std::time::Duration::from_millis(10 << attempt)).await;
        }
        Err(Error::Unavailable { detail: "a batch of items was not answered whole after 8 tries".into() })
    }

    /// The items of a lookup, at most `limit` of them; and whether there are more.
    pub(crate) async fn query(&self, lookup: &Lookup, limit: usize) -> Result<(Vec<Attributes>, bool)> {
        let mut items: Vec<Attributes> = Vec::new();
        if !keys::fits(&lookup.pk.1) {
            return Ok((items, false));
        }
        let mut start: Option<HashMap<String, AttributeValue>> = None;
        loop {
            // One more than wanted tells whether there are more.
            let wanted = (limit + 1 - items.len()).min(10_000);
            let mut query = self
                .client
                .query()
                .table_name(self.table())
                .set_index_name(lookup.index.map(str::to_owned))
                .consistent_read(lookup.consistent)
                .scan_index_forward(!lookup.backwards)
                .limit(i32::try_from(wanted).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .expression_attribute_names("#pk", lookup.pk.0)
                .expression_attribute_values(":pk", s(&lookup.pk.1));
            if lookup.object {
                let names = OBJECT.into_iter().chain((lookup.index.is_some()).then(|| lookup.sort_name()));
                let mut wanted = Vec::with_capacity(OBJECT.len() + 1);
                for (at, name) in names.enumerate() {
                    let placeholder = format!("#o{at}");
                    query = query.expression_attribute_names(&placeholder, name);
                    wanted.push(placeholder);
                }
                query = query.projection_expression(wanted.join(","));
            }
            let condition = match &lookup.sort {
                None => "#pk = :pk",
                Some((name, sort)) => {
                    let (condition, value) = match sort {
                        Sort::Prefix(value) => ("#pk = :pk AND begins_with(#sk, :sk)", value),
                        Sort::From(value) => ("#pk = :pk AND #sk >= :sk", value),
                        Sort::After(value) => ("#pk = :pk AND #sk > :sk", value),
                        Sort::Below(value) => ("#pk = :pk AND #sk < :sk", value),
                        Sort::Between(first, last) => {
                            query = query.expression_attribute_values(":last", s(last));
                            ("#pk = :pk AND #sk BETWEEN :sk AND :last", first)
                        }
                    };
                    query = query.expression_attribute_names("#sk", *name).expression_attribute_values(":sk", s(value));
                    condition
                }
            };
            let answer = query.key_condition_expression(condition).send().await;
            let answer = answer.map_err(|error| self.failed("dynamodb:Query", &error))?;
            items.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key;
            if items.len() > limit {
                items.truncate(limit);
                return Ok((items, true));
            }
            if start.is_none() {
                return Ok((items, false));
            }
        }
    }

    /// How many items a whole partition of an index has, counted up to about `most`.
    pub(crate) async fn count(&self, lookup: &Lookup, most: usize) -> Result<u64> {
        let mut count = 0;
        let mut start: Option<HashMap<String, AttributeValue>> = None;
        loop {
            let query = self
                .client
                .query()
                .table_name(self.table())
                .set_index_name(lookup.index.map(str::to_owned))
                .select(Select::Count)
                .set_exclusive_start_key(start)
                .key_condition_expression("#pk = :pk")
                .expression_attribute_names("#pk", lookup.pk.0)
                .expression_attribute_values(":pk", s(&lookup.pk.1));
            let answer = query.send().await.map_err(|error| self.failed("dynamodb:Query", &error))?;
            count += u64::try_from(answer.count).unwrap_or(0);
            start = answer.last_evaluated_key;
            if start.is_none() || count >= most as u64 {
                return Ok(count);
            }
        }
    }

    /// A chunk of a lookup, each item read by `read`.
    pub(crate) async fn chunk<T>(
        &self,
        lookup: &Lookup,
        limit: usize,
        read: impl Fn(&Attributes) -> Result<T>,
    ) -> Result<Chunk<T>> {
        let (items, more) = self.query(lookup, limit).await?;
        let last = items.last().filter(|_| more);
        let next = last.and_then(|item| text(item, lookup.sort_name())).map(|key| Resume(key.to_owned()));
        Ok(Chunk { items: items.iter().map(read).collect::<Result<_>>()?, next })
    }

    /// Every item of a lookup that is known to be small or limited by its caller's own rules.
    pub(crate) async fn query_all(&self, lookup: &Lookup, most: usize) -> Result<Vec<Attributes>> {
        let (items, more) = self.query(lookup, most).await?;
        if more {
            return Err(too_many_entries(most));
        }
        Ok(items)
    }
}

/// What DynamoDB said, or why it could not be asked, with all that lies beneath that, down to the connection.
pub(crate) fn reason(error: &(impl ProvideErrorMetadata + std::error::Error)) -> String {
    if let Some(code) = error.code() {
        return format!("{code}: {}", error.message().unwrap_or_default());
    }
    let beneath = std::iter::successors(error.source(), |error| error.source());
    beneath.fold(error.to_string(), |told, error| format!("{told}: {error}"))
}

/// More entries than a list may read.
pub fn too_many_entries(most: usize) -> Error {
    let message = format!(
        "More than {most} entries would have to be read (NOTICEBOARD_LIST_READ_LIMIT). Use a narrower filter; a whole list \
         can be paged by cursor (start=0)."
    );
    Error::field(FieldErrors::ALL, message)
}
