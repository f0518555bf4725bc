//! The way from the AWS SDK to the engine: an HTTP connector without HTTP.
//!
//! The SDK hands over the request that it would send to AWS; the connector reads the operation's name and JSON body,
//! runs it, and answers as AWS would, so that the SDK makes its usual typed results and errors of it.

use std::fmt;
use std::fs::File;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Mutex, watch};

use super::{EngineError, adaptations};

const TARGETS: [&str; 2] = ["DynamoDB_20120810.", "DynamoDBStreams_20120810."];

/// The `ClientRequestToken` that the SDK fills in where the caller gave none. On AWS it makes the SDK's own retries
/// harmless; here are none, and the engine would look through all tokens of the last ten minutes at each transaction.
/// So it is taken out again. A caller's own token goes through.
pub(super) const SDK_MADE_TOKEN: &str = "sdk-made";

/// What the clients and the maintenance share.
pub(super) struct Core {
    pub(super) database: Database,
    pub(super) location: String,
    pub(super) writes: watch::Sender<u64>,
    /// Who holds it is in the engine. SQLite serves one at a time in any case; here the others wait in a fair line, and
    /// without a thread each.
    turn: Arc<Mutex<()>>,
    /// Held, not read. Declared last: freed after the database is closed.
    _lock: Option<File>,
}

impl Core {
    pub(super) fn new(database: Database, location: String, lock: Option<File>) -> Self {
        Self { database, location, writes: watch::Sender::new(0), turn: Arc::default(), _lock: lock }
    }

    pub(super) fn announce_write(&self) {
        self.writes.send_modify(|count| *count += 1);
    }

    /// Runs `task`, which may block, with nothing else in the engine.
    pub(super) async fn alone<T: Send + 'static>(
        self: &Arc<Self>,
        task: impl FnOnce(&Core) -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        let turn = self.turn.clone().lock_owned().await;
        // Most tasks take less time than to wake another thread for them, so the runtime's own thread does them, after
        // handing on what else it had to do. A runtime of one thread cannot hand on, and pays for the other thread.
        if Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread {
            return Ok(tokio::task::block_in_place(|| task(self)));
        }
        let core = self.clone();
        // The turn goes along: a caller that stops waiting does not end the task, nor the turn.
        let task = tokio::task::spawn_blocking(move || {
            let done = task(&core);
            drop(turn);
            done
        });
        task.await.map_err(|death| EngineError::Stopped(death.to_string()))
    }

    async fn answer(self: &Arc<Self>, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = TARGETS.iter().find_map(|prefix| target.strip_prefix(prefix)).unwrap_or_default();
        let body = request.body().bytes().unwrap_or_default();
        let (status, answer) = match self.run(operation, body).await {
            Ok(answer) => (200, answer),
            Err(Refusal::UnknownOperation) => (400, UNKNOWN_OPERATION.to_owned()),
            Err(Refusal::Engine(error)) => (error.status_code(), error.to_json()),
            Err(Refusal::Stopped(error)) => return Err(ConnectorError::other(error.into(), None)),
        };
        let status = StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
        Ok(HttpResponse::new(status, SdkBody::from(answer)))
    }

    async fn run(self: &Arc<Self>, operation: &str, body: &[u8]) -> Result<String, Refusal> {
        match operation {
            "GetItem" => self.read(body, Database::get_item).await,
            "BatchGetItem" => self.read(body, Database::batch_get_item).await,
            "TransactGetItems" => self.read(body, Database::transact_get_items).await,
            "Query" => self.read(body, Database::query).await,
            "Scan" => self.read(body, Database::scan).await,

            "PutItem" => self.write(body, Database::put_item).await,
            "UpdateItem" => self.write(body, Database::update_item).await,
            "DeleteItem" => self.write(body, Database::delete_item).await,
            "BatchWriteItem" => self.write(body, Database::batch_write_item).await,
            "TransactWriteItems" => {
                self.write(body, |db: &Database, mut request: TransactWriteItemsRequest| {
                    request.client_request_token.take_if(|token| token == SDK_MADE_TOKEN);
                    db.transact_write_items(request)
                })
                .await
            }

            "ListStreams" => self.read(body, Database::list_streams).await,
            "DescribeStream" => self.read(body, Database::describe_stream).await,
            "GetShardIterator" => self.read(body, Database::get_shard_iterator).await,
            "GetRecords" => {
                self.read(body, |db: &Database, request| db.get_records(request).map(adaptations::with_api_identities))
                    .await
            }

            "CreateTable" => self.change(body, Database::create_table).await,
            "DescribeTable" => self.read(body, Database::describe_table).await,
            "DeleteTable" => self.change(body, Database::delete_table).await,
            "ListTables" => self.read(body, Database::list_tables).await,
            "UpdateTimeToLive" => self.change(body, Database::update_time_to_live).await,
            "DescribeTimeToLive" => self.read(body, Database::describe_time_to_live).await,

            _ => Err(Refusal::UnknownOperation),
        }
    }

    /// Reads on the caller's own thread: a read takes less time than to wake another thread for it. Only the engine's
    /// own part of it takes a turn; requests are read and answers written while others are in the engine.
    async fn read<Q: DeserializeOwned, A: Serialize>(
        &self,
        body: &[u8],
        action: impl FnOnce(&Database, Q) -> dynoxide::Result<A>,
    ) -> Result<String, Refusal> {
        let request = request(body)?;
        let answer = {
            let _turn = self.turn.lock().await;
            action(&self.database, request)?
        };
        text(&answer)
    }

    /// Changes what is stored, which waits for the disk.
    async fn change<Q: DeserializeOwned + Send + 'static, A: Serialize + Send + 'static>(
        self: &Arc<Self>,
        body: &[u8],
        action: impl FnOnce(&Database, Q) -> dynoxide::Result<A> + Send + 'static,
    ) -> Result<String, Refusal> {
        let request = request(body)?;
        let answer = self.alone(move |core| action(&core.database, request)).await.map_err(Refusal::Stopped)?;
        text(&answer?)
    }

    /// Changes what the stream tells of.
    async fn write<Q: DeserializeOwned + Send + 'static, A: Serialize + Send + 'static>(
        self: &Arc<Self>,
        body: &[u8],
        action: impl FnOnce(&Database, Q) -> dynoxide::Result<A> + Send + 'static,
    ) -> Result<String, Refusal> {
        let answer = self.change(body, action).await?;
        self.announce_write();
        Ok(answer)
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("location", &self.location).finish_non_exhaustive()
    }
}

const UNKNOWN_OPERATION: &str = r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#;

enum Refusal {
    UnknownOperation,
    Engine(DynoxideError),
    Stopped(EngineError),
}

impl From<DynoxideError> for Refusal {
    fn from(error: DynoxideError) -> Self {
        Self::Engine(error)
    }
}

fn request<Q: DeserializeOwned>(body: &[u8]) -> Result<Q, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::Engine(unreadable(&error)))
}

fn text(answer: &impl Serialize) -> Result<String, Refusal> {
    let text = serde_json::to_string(answer);
    text.map_err(|error| Refusal::Engine(DynoxideError::InternalServerError(error.to_string())))
}

/// The engine's request types say in a prefix of the message which error DynamoDB has for what they cannot read. The
/// mapping itself is private to its HTTP server; this is the part of it that requests from the SDK can reach.
fn unreadable(error: &serde_json::Error) -> DynoxideError {
    let text = error.to_string();
    // serde_json appends the place, which DynamoDB does not tell.
    let text = text.rfind(" at line ").map_or(text.as_str(), |place| &text[..place]);
    match text.split_once(':') {
        Some((kind, reason)) if kind.starts_with("VALIDATION") => DynoxideError::ValidationException(reason.to_owned()),
        Some((kind, reason)) if kind.starts_with("SERIALIZATION") => {
            DynoxideError::SerializationException(reason.to_owned())
        }
        _ if error.is_data() => DynoxideError::ValidationException(text.to_owned()),
        _ => DynoxideError::SerializationException(text.to_owned()),
    }
}

/// The SDK's view of the engine.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    core: Arc<Core>,
}

impl Connector {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let core = self.core.clone();
        HttpConnectorFuture::new(async move { core.answer(&request).await })
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
