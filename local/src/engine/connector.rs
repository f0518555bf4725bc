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

    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = TARGETS.iter().find_map(|prefix| target.strip_prefix(prefix)).unwrap_or_default();
        let body = request.body().bytes().unwrap_or_default();
        let (status, answer) = match self.run(operation, body) {
            Ok(answer) => (200, answer),
            Err(Refusal::UnknownOperation) => (400, UNKNOWN_OPERATION.to_owned()),
            Err(Refusal::Engine(error)) => (error.status_code(), error.to_json()),
        };
        let status = StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
        Ok(HttpResponse::new(status, SdkBody::from(answer)))
    }

    fn run(&self, operation: &str, body: &[u8]) -> Result<String, Refusal> {
        let db = &self.database;
        match operation {
            "GetItem" => call(body, |request| db.get_item(request)),
            "BatchGetItem" => call(body, |request| db.batch_get_item(request)),
            "TransactGetItems" => call(body, |request| db.transact_get_items(request)),
            "Query" => call(body, |request| db.query(request)),
            "Scan" => call(body, |request| db.scan(request)),

            "PutItem" => self.write(body, |request| db.put_item(request)),
            "UpdateItem" => self.write(body, |request| db.update_item(request)),
            "DeleteItem" => self.write(body, |request| db.delete_item(request)),
            "BatchWriteItem" => self.write(body, |request| db.batch_write_item(request)),
            "TransactWriteItems" => self.write(body, |mut request: TransactWriteItemsRequest| {
                request.client_request_token.take_if(|token| token == SDK_MADE_TOKEN);
                db.transact_write_items(request)
            }),

            "ListStreams" => call(body, |request| db.list_streams(request)),
            "DescribeStream" => call(body, |request| db.describe_stream(request)),
            "GetShardIterator" => call(body, |request| db.get_shard_iterator(request)),
            "GetRecords" => call(body, |request| db.get_records(request).map(adaptations::with_api_identities)),

            "CreateTable" => call(body, |request| db.create_table(request)),
            "DescribeTable" => call(body, |request| db.describe_table(request)),
            "DeleteTable" => call(body, |request| db.delete_table(request)),
            "ListTables" => call(body, |request| db.list_tables(request)),
            "UpdateTimeToLive" => call(body, |request| db.update_time_to_live(request)),
            "DescribeTimeToLive" => call(body, |request| db.describe_time_to_live(request)),

            _ => Err(Refusal::UnknownOperation),
        }
    }

    fn write<Q: DeserializeOwned, A: Serialize>(
        &self,
        body: &[u8],
        action: impl FnOnce(Q) -> dynoxide::Result<A>,
    ) -> Result<String, Refusal> {
        let answer = call(body, action)?;
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
}

impl From<DynoxideError> for Refusal {
    fn from(error: DynoxideError) -> Self {
        Self::Engine(error)
    }
}

fn call<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    action: impl FnOnce(Q) -> dynoxide::Result<A>,
) -> Result<String, Refusal> {
    let request = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    let answer = action(request)?;
    serde_json::to_string(&answer)
        .map_err(|error| Refusal::Engine(DynoxideError::InternalServerError(error.to_string())))
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
        HttpConnectorFuture::new(async move {
            let answer = core.alone(move |core| core.answer(&request)).await;
            answer.unwrap_or_else(|stopped| Err(ConnectorError::other(stopped.into(), None)))
        })
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
