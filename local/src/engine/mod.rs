//! The embedded engine: DynamoDB's API over one SQLite file, inside this process.
//!
//! [`Engine::open`] opens a file, [`Engine::dynamodb`] and [`Engine::streams`] give the ordinary clients of the AWS SDK
//! for it. Nothing that uses them can tell the engine from AWS, and no socket, credential or network look-up is involved.
//!
//! # What a successful write promises
//!
//! The file is in SQLite's WAL mode with `synchronous=FULL`: the log is flushed to the disk before a write is
//! answered. An answered write therefore survives the death of the process (`kill -9`) and, on a disk that honours
//! flushes, a loss of power; a transaction is there whole or not at all.
//!
//! `ClientRequestToken`s are remembered for ten minutes as on AWS, but in memory only: a repeat after a restart runs
//! again. What must happen once in effect needs a condition of its own.

mod adaptations;
mod connector;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::{IdentityCache, SharedHttpClient, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::auth::AuthSchemeId;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use dynoxide::{Database, DynoxideError};
use tokio::sync::watch;

pub use adaptations::STREAM_RETENTION;
use connector::{Connector, Core, SDK_MADE_TOKEN};

/// The region that the clients name. It only has to be there: nothing is sent anywhere.
const REGION: &str = "local";

/// Never resolved. It keeps the SDK from working out an AWS endpoint for each call.
const ENDPOINT: &str = "http://engine.invalid";

/// Why the engine could not be opened or maintained.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Another process (or another engine in this one) has the file open.
    #[error("{} is in use by another process: stop that one, or choose another data folder", .0.display())]
    InUse(PathBuf),
    /// The path cannot be given to SQLite.
    #[error("{} is not valid UTF-8: choose another data folder", .0.display())]
    Path(PathBuf),
    /// The lock beside the file cannot be made.
    #[error("cannot lock {}: {source}; check that the folder exists and can be written", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The engine refused the file.
    #[error("cannot open {location}: {source}")]
    Open {
        /// The file, or the name of the database in memory.
        location: String,
        /// What the engine said.
        source: DynoxideError,
    },
    /// SQLite failed under a piece of maintenance.
    #[error("cannot {task} in {location}: {source}")]
    Maintain {
        /// What was being done.
        task: &'static str,
        /// The file, or the name of the database in memory.
        location: String,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The engine failed to delete expired items.
    #[error("cannot delete expired items from {location}: {source}")]
    Expire {
        /// The file, or the name of the database in memory.
        location: String,
        /// What the engine said.
        source: DynoxideError,
    },
    /// A sequence number that the engine's streams never issue.
    #[error("{0:?} is not a sequence number of this engine's streams")]
    SequenceNumber(String),
    /// The task died; the runtime is shutting down, or the engine panicked.
    #[error("the engine stopped in the middle of a task: {0}")]
    Stopped(String),
}

/// An open database. Clones share it; it closes when the last clone and the last client are gone.
#[derive(Clone, Debug)]
pub struct Engine {
    core: Arc<Core>,
    dynamodb: aws_sdk_dynamodb::Client,
    streams: aws_sdk_dynamodbstreams::Client,
}

impl Engine {
    /// Opens the database file at `path`, creating it when it is not there. The folder must exist.
    ///
    /// One engine at a time: a second is refused with [`EngineError::InUse`], whichever process asks.
    pub fn open(path: &Path) -> Result<Self, EngineError> {
        let lock = lock(path)?;
        let location = path.to_str().ok_or_else(|| EngineError::Path(path.to_owned()))?.to_owned();
        Self::start(location, Some(lock))
    }

    /// Opens an empty database in memory (at most 1 GiB), gone when the engine closes.
    pub fn memory() -> Result<Self, EngineError> {
        // SQLite's `memdb` file system, rather than `:memory:`, because the adaptations need a second connection.
        static OPENED: AtomicU64 = AtomicU64::new(0);
        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        Self::start(format!("file:/noticeboard-{number}?vfs=memdb"), None)
    }

    fn start(location: String, lock: Option<File>) -> Result<Self, EngineError> {
        let database =
            Database::new(&location).map_err(|source| EngineError::Open { location: location.clone(), source })?;
        adaptations::prepare(&location)?;
        let core = Arc::new(Core::new(database, location, lock));
        let sdk = sdk_config(Connector::new(core.clone()));
        // Nobody checks a signature on the way to the engine, so none is made.
        let dynamodb = aws_sdk_dynamodb::config::Builder::from(&sdk)
            .idempotency_token_provider(SDK_MADE_TOKEN)
            .allow_no_auth()
            .auth_scheme_preference([AuthSchemeId::from("noAuth")])
            .build();
        Ok(Self {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb),
            streams: aws_sdk_dynamodbstreams::Client::new(&sdk),
            core,
        })
    }

    /// A client for tables and items.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.dynamodb.clone()
    }

    /// A client for the tables' streams.
    pub fn streams(&self) -> aws_sdk_dynamodbstreams::Client {
        self.streams.clone()
    }

    /// A count that rises after each successful write, so that a reader of the streams can sleep until there is
    /// something to read. It may rise without a new record (a write that changed nothing), never the other way round.
    pub fn writes(&self) -> watch::Receiver<u64> {
        self.core.writes.subscribe()
    }

    /// Deletes the stream records of `table` that are consumed (up to and including the sequence number
    /// `consumed_up_to`) and were made before `made_before`; AWS keeps records for [`STREAM_RETENTION`].
    /// Returns how many. The newest record always stays.
    ///
    /// Works in small batches and lets other requests in between them.
    pub async fn trim_stream(
        &self,
        table: &str,
        consumed_up_to: &str,
        made_before: SystemTime,
    ) -> Result<u64, EngineError> {
        let trim = adaptations::Trim::new(table, consumed_up_to, made_before)?;
        let mut trimmed = 0;
        loop {
            let trim = trim.clone();
            let deleted = self.core.alone(move |core| trim.batch(&core.location)).await??;
            trimmed += deleted;
            if deleted < adaptations::TRIM_BATCH {
                return Ok(trimmed);
            }
        }
    }

    /// Deletes the items whose time to live has passed, in all tables that have it enabled, and returns how many.
    /// Their removal is in the stream as on AWS. Other requests get in between its pages.
    pub async fn sweep_ttl(&self) -> Result<usize, EngineError> {
        let core = self.core.clone();
        let swept = tokio::task::spawn_blocking(move || {
            let swept = core.database.sweep_ttl();
            core.announce_write();
            swept.map_err(|source| EngineError::Expire { location: core.location.clone(), source })
        });
        swept.await.map_err(|death| EngineError::Stopped(death.to_string()))?
    }
}

/// Takes the lock file beside the database file. It is held as long as it is open, and the system frees it however the
/// process ends; the file itself stays, because removing it would race with the next one to lock it.
fn lock(path: &Path) -> Result<File, EngineError> {
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let lock_path = PathBuf::from(lock_path);
    let failed = |source| EngineError::Lock { path: lock_path.clone(), source };
    let lock = File::options().create(true).truncate(false).write(true).open(&lock_path).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(EngineError::InUse(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// What both clients share. Nothing can be slow, lost or throttled on the way to the engine, so what the SDK has against
/// that is off; a retry could only repeat the same answer.
fn sdk_config(connector: Connector) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url(ENDPOINT)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys("engine", "engine", None)))
        .identity_cache(IdentityCache::no_cache())
        .http_client(SharedHttpClient::new(connector))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build()
}

#[cfg(test)]
mod tests;
