//! All functions in one process: opened, run and stopped together.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use axum::Router;
use axum::extract::{ConnectInfo, Request};
use noticeboard_app::{App, Clock, Settings};
use noticeboard_delivery::Delivery;
use noticeboard_domain::Error;
use noticeboard_domain::job::{Job, JobName};
use noticeboard_domain::token::{Scope, Terms, TokenVersion};
use noticeboard_http::{Api, Peer};
use noticeboard_publish::{Broker, BrokerKind, BrokerSettings};
use noticeboard_publisher::{Publisher, Subscriber};
use noticeboard_store::{Bucket, Store};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::dead_letters::{self, DeadLetters, Redrive};
use crate::demo;
use crate::endpoint::Endpoint;
use crate::engine::{Engine, EngineError, STREAM_RETENTION};
use crate::lingering;
use crate::queue::{CALL_LIMIT, LocalQueue};
use crate::state::State;
use crate::stream::{RULES, Reader, ReaderName};

/// The table's name, unless `NOTICEBOARD_TABLE` says otherwise.
const TABLE: &str = "noticeboard";
/// The database file in the data folder.
const DATABASE: &str = "noticeboard.db";
/// How often expired items and consumed stream records are removed.
const CLEANING: Duration = Duration::from_secs(3600);
/// How often work is looked for that a writer began and did not finish.
const UNFINISHED: Duration = Duration::from_secs(60);
/// The pause before a queue that could not be read is read again.
const QUEUE_PAUSE: Duration = Duration::from_secs(1);
/// How long requests under way may take when the program is told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Where the table and the bucket are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In a folder, on the embedded engine.
    Folder(PathBuf),
    /// In memory, on the embedded engine; gone when the program ends.
    Memory,
    /// At a DynamoDB endpoint; large things in a folder.
    Endpoint {
        /// The endpoint's address.
        url: String,
        /// The folder.
        folder: PathBuf,
    },
}

/// How to serve.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where the data is.
    pub storage: Storage,
    /// The settings of the use cases.
    pub settings: Settings,
    /// Who is told of changes.
    pub brokers: Vec<BrokerSettings>,
    /// The public address, where it cannot be taken from requests.
    pub base_url: Option<String>,
    /// Whether to fill an empty table with demonstration data.
    pub demo: bool,
    /// The table's name (`NOTICEBOARD_TABLE`).
    pub table: Option<String>,
    /// The time.
    pub clock: Clock,
}

/// Why the program cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be made.
    #[error("cannot make the data folder {}: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The embedded engine cannot be opened.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The address of DynamoDB is none.
    #[error("{0}")]
    Endpoint(String),
    /// The table's name is none.
    #[error("{0}")]
    Name(String),
    /// The table cannot be used.
    #[error("cannot use the table: {0}")]
    Table(String),
    /// A broker cannot be made.
    #[error("NOTICEBOARD_BROKERS: {0}")]
    Broker(String),
    /// Nothing can listen there.
    #[error("cannot listen on {address}: {source}; choose another --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

impl From<noticeboard_domain::Error> for StartError {
    fn from(error: noticeboard_domain::Error) -> Self {
        Self::Table(said(&error))
    }
}

/// What the log would say of an error.
fn said(error: &Error) -> String {
    error.detail().map_or_else(|| error.to_string(), str::to_owned)
}

/// A table and a bucket, open.
struct Opened {
    app: Arc<App>,
    state: State,
    dead_letters: DeadLetters,
    streams: aws_sdk_dynamodbstreams::Client,
    stream_arn: String,
    engine: Option<Engine>,
}

/// The use cases over a data folder, without serving them: for commands that work on it while nothing serves it.
///
/// # Errors
/// [`StartError`], also when a program serves the folder.
pub async fn open(storage: &Storage, settings: Settings) -> Result<Arc<App>, StartError> {
    Ok(open_all(storage, settings, None, Clock::system()).await?.app)
}

/// The use cases over a data folder, as [`open`] gives them, and the routes of its dead letters. What is replayed to a
/// queue waits there until the folder is served.
///
/// # Errors
/// As [`open`].
pub async fn open_dead_letters(
    storage: &Storage,
    settings: Settings,
    brokers: &[BrokerSettings],
) -> Result<(Arc<Api>, Router), StartError> {
    let opened = open_all(storage, settings, None, Clock::system()).await?;
    let api = Arc::new(Api { app: opened.app.clone(), base_url: None });
    let routes = dead_letters::router(api.clone(), Functions::new(&opened, brokers, None).redrive);
    Ok((api, routes))
}

/// The table of this name in the DynamoDB at an address, or in AWS's own, and what an error calls it; nothing is read
/// of it yet.
///
/// # Errors
/// [`StartError`] when the address or the name is none.
pub async fn table_at(url: Option<&str>, table: Option<&str>) -> Result<(Store, String), StartError> {
    let table = table_name(table)?;
    let (client, place) = match url {
        Some(url) => (Endpoint::parse(url).map_err(StartError::Endpoint)?.clients().await.0, format!("at {url}")),
        None => {
            let sdk = noticeboard_lambda::sdk().await;
            let region = sdk.region().map(|region| format!("in the region {region} of AWS"));
            let place = region.unwrap_or_else(|| "in AWS, with no region set (AWS_REGION)".to_owned());
            (aws_sdk_dynamodb::Client::new(&sdk), place)
        }
    };
    Ok((Store::new(client, table), format!("{table} {place}")))
}

/// The table's name, or the usual one.
fn table_name(name: Option<&str>) -> Result<&str, StartError> {
    let name = name.unwrap_or(TABLE);
    noticeboard_store::check_table_name(name)
        .map_err(|error| StartError::Name(format!("NOTICEBOARD_TABLE: {error}")))?;
    Ok(name)
}

async fn open_all(
    storage: &Storage,
    settings: Settings,
    table: Option<&str>,
    clock: Clock,
) -> Result<Opened, StartError> {
    let table = table_name(table)?;
    let folder = |folder: &PathBuf| {
        std::fs::create_dir_all(folder).map_err(|source| StartError::Folder { folder: folder.clone(), source })
    };
    let (dynamodb, streams, bucket, formats, engine) = match storage {
        Storage::Folder(path) => {
            folder(path)?;
            let engine = Engine::open(&path.join(DATABASE))?;
            let bucket = Bucket::folder(path.join("bucket"));
            (engine.dynamodb(), engine.streams(), bucket, Bucket::folder(path), Some(engine))
        }
        Storage::Memory => {
            let engine = Engine::memory()?;
            (engine.dynamodb(), engine.streams(), Bucket::memory(), Bucket::memory(), Some(engine))
        }
        Storage::Endpoint { url, folder: path } => {
            let endpoint = Endpoint::parse(url).map_err(StartError::Endpoint)?;
            folder(path)?;
            let (dynamodb, streams) = endpoint.clients().await;
            let bucket = Bucket::folder(path.join("bucket"));
            (dynamodb, streams, bucket, Bucket::folder(path), None)
        }
    };
    let store = Store::new(dynamodb.clone(), table);
    let info = match storage {
        Storage::Folder(_) | Storage::Memory => store.create_if_missing().await?,
        Storage::Endpoint { url, .. } => {
            let failed = |error: Error| StartError::Table(format!("{table} at {url}: {}", said(&error)));
            store.create_if_missing().await.map_err(failed)?
        }
    };
    let stream_arn = info.stream_arn.ok_or_else(|| {
        StartError::Table(format!("{table} has no stream: enable one with NEW_AND_OLD_IMAGES, or use another table"))
    })?;
    let state = State::open(dynamodb, format!("{table}-local")).await;
    let state = state.map_err(|error| StartError::Table(error.to_string()))?;
    let dead_letters = DeadLetters::new(state.clone(), clock.clone());
    // Users' formats lie in the data folder itself: DATA/formats.
    let app = App::with_formats(store, bucket, formats, clock, settings);
    Ok(Opened { app, state, dead_letters, streams, stream_arn, engine })
}

/// A running program.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// An administrator's token that was made just now, because there was none.
    pub new_token: Option<String>,
    /// The use cases.
    pub app: Arc<App>,
    tasks: JoinSet<Result<(), String>>,
    stop: tokio::sync::watch::Sender<bool>,
}

impl Running {
    /// Opens the data and starts everything; ready when it returns.
    ///
    /// # Errors
    /// [`StartError`] says what is wrong and what to do.
    pub async fn start(options: ServeOptions) -> Result<Self, StartError> {
        let listener = TcpListener::bind(options.listen).await;
        let listener = listener.map_err(|source| StartError::Listen { address: options.listen, source })?;
        let address = listener.local_addr().map_err(|source| StartError::Listen { address: options.listen, source })?;
        let has_token = options.settings.admin_token.is_some();
        let (settings, clock) = (options.settings.clone(), options.clock.clone());
        let opened = open_all(&options.storage, settings, options.table.as_deref(), clock).await?;
        let app = opened.app.clone();
        app.formats_look().await;
        let new_token = if has_token || app.has_tokens().await? {
            None
        } else {
            let terms = Terms { description: "made at first start".into(), ..Terms::of(Scope::Admin) };
            Some(app.token_create("admin", TokenVersion::V2, terms).await?.text)
        };
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let mut tasks = JoinSet::new();
        let functions = Functions::new(&opened, &options.brokers, options.base_url.as_deref());
        let redrive = functions.redrive.clone();
        start_readers(&mut tasks, &opened, functions, &options).await?;
        start_cleaning(&mut tasks, &opened);
        if options.demo {
            demo::fill(&app).await?;
        }
        let api = Arc::new(Api { app: app.clone(), base_url: options.base_url });
        let routes = routes(&api).merge(dead_letters::router(api.clone(), redrive));
        let router = noticeboard_http::finish(api, routes);
        let router = router.layer(axum::middleware::map_request(with_peer));
        let router = router.layer(axum::middleware::from_fn(lingering::read_to_the_end));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tasks.spawn(async move {
            let mut stopped = stopped;
            let stop = async move { drop(stopped.wait_for(|stop| *stop).await) };
            let served = axum::serve(listener, service).with_graceful_shutdown(stop).await;
            served.map_err(|error| format!("HTTP: {error}"))
        });
        Ok(Self { address, new_token, app, tasks, stop })
    }

    /// Runs until `stop` is done, or a part fails, which it says; then lets requests under way finish.
    ///
    /// # Errors
    /// What failed.
    pub async fn until(mut self, stop: impl Future<Output = ()>) -> Result<(), String> {
        let failed = tokio::select! {
            () = stop => None,
            ended = self.tasks.join_next() => ended,
        };
        // Nobody listens any more when the server itself has ended.
        let _ = self.stop.send(true);
        let _ = tokio::time::timeout(GRACE, self.tasks.join_next()).await;
        match failed {
            None => Ok(()),
            Some(Ok(result)) => result,
            Some(Err(error)) => Err(error.to_string()),
        }
    }
}

/// Says where a request comes from: from the other end of its connection.
async fn with_peer(mut request: Request) -> Request {
    if let Some(ConnectInfo(address)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        let peer = Peer(address.ip());
        request.extensions_mut().insert(peer);
    }
    request
}

fn routes(api: &Arc<Api>) -> Router {
    Router::new()
        .merge(noticeboard_events::router(api.clone()))
        .merge(noticeboard_impacts::router(api.clone()))
        .merge(noticeboard_notifications::router(api.clone()))
        .merge(noticeboard_inventory::router(api.clone()))
        .merge(noticeboard_platform::router(api.clone()))
        .merge(noticeboard_ical_feed::router(api.clone()))
}

/// The publisher and the queues, which both those who feed them and the dead letters know.
struct Functions {
    publisher: Arc<Publisher>,
    queues: Vec<LocalQueue>,
    redrive: Arc<Redrive>,
}

impl Functions {
    fn new(opened: &Opened, brokers: &[BrokerSettings], base_url: Option<&str>) -> Self {
        let (mut queues, mut subscribers) = (Vec::new(), Vec::new());
        for settings in brokers {
            let (name, attempts) = (settings.name.clone(), settings.pauses.attempts());
            let (state, dead_letters) = (opened.state.clone(), opened.dead_letters.clone());
            let queue = LocalQueue::new(name.clone(), attempts, CALL_LIMIT, state, dead_letters);
            subscribers.push(Subscriber { name, topics: settings.topics.clone(), queue: Box::new(queue.clone()) });
            queues.push(queue);
        }
        let publisher = Arc::new(Publisher::new(opened.app.store().clone(), subscribers, base_url.map(str::to_owned)));
        let (letters, app) = (opened.dead_letters.clone(), opened.app.clone());
        let redrive = Arc::new(Redrive::new(letters, queues.clone(), app, publisher.clone()));
        Self { publisher, queues, redrive }
    }
}

async fn start_readers(
    tasks: &mut JoinSet<Result<(), String>>,
    opened: &Opened,
    functions: Functions,
    options: &ServeOptions,
) -> Result<(), StartError> {
    let reader = |name| Reader {
        name,
        streams: opened.streams.clone(),
        arn: opened.stream_arn.clone(),
        state: opened.state.clone(),
        dead_letters: opened.dead_letters.clone(),
        rules: RULES,
        writes: opened.engine.as_ref().map(Engine::writes),
    };
    let app = opened.app.clone();
    let changelog = reader(CHANGELOG);
    tasks.spawn(async move {
        let handler = |event| noticeboard_changelog::handle(&app, event);
        changelog.run(handler).await;
        Ok(())
    });
    for (settings, queue) in options.brokers.iter().zip(functions.queues) {
        let sdk = match settings.kind {
            BrokerKind::Sns(_) => noticeboard_lambda::sdk().await,
            BrokerKind::Log {} | BrokerKind::Syslog(_) | BrokerKind::Redis(_) | BrokerKind::Webhook(_) => {
                SdkConfig::builder().build()
            }
        };
        let clock = options.clock.clone();
        let broker = Broker::new(settings.clone(), || aws_sdk_sns::Client::new(&sdk), move || clock.now());
        let broker = broker.map_err(StartError::Broker)?;
        tasks.spawn(async move {
            if let Err(error) = broker.connect().await {
                tracing::warn!("{error}; its messages wait until it can be reached");
            }
            let delivery = Delivery::new(vec![broker], Box::new(queue.clone()));
            let handler = |event| delivery.handle(event);
            loop {
                let Err(error) = queue.deliver(handler).await;
                tracing::error!(%error, "a queue cannot be read now");
                tokio::time::sleep(QUEUE_PAUSE).await;
            }
        });
    }
    let (publisher, reader) = (functions.publisher, reader(PUBLISHER));
    tasks.spawn(async move {
        let handler = |event| publisher.handle(event);
        reader.run(handler).await;
        Ok(())
    });
    Ok(())
}

const CHANGELOG: ReaderName = ReaderName::Changelog;
const PUBLISHER: ReaderName = ReaderName::Publisher;

fn start_cleaning(tasks: &mut JoinSet<Result<(), String>>, opened: &Opened) {
    let (app, shared) = (opened.app.clone(), opened.engine.is_none());
    tasks.spawn(async move {
        // What this program left when it ended last time has nobody else, unless the table has other programs.
        let mut begun_before = (!shared).then(|| app.now());
        loop {
            let done = match begun_before.take() {
                Some(start) => noticeboard_changelog::finish_begun_before(&app, start).await,
                None => noticeboard_changelog::finish_abandoned(&app).await,
            };
            if let Err(error) = done {
                tracing::error!(%error, detail = error.detail(), "unfinished work is still unfinished");
            }
            tokio::time::sleep(UNFINISHED).await;
        }
    });
    let Some(engine) = opened.engine.clone() else {
        // AWS removes expired items and old stream records itself.
        return;
    };
    let (app, state) = (opened.app.clone(), opened.state.clone());
    tasks.spawn(async move {
        loop {
            tokio::time::sleep(CLEANING).await;
            if let Err(error) = clean(&app, &engine, &state).await {
                tracing::error!(%error, detail = error.detail(), "cleaning failed; it is tried again in an hour");
            }
        }
    });
}

/// Removes, as a job, expired items, and the stream records that both readers have consumed and that AWS would not keep.
async fn clean(app: &App, engine: &Engine, state: &State) -> Result<(), Error> {
    let work = async {
        let expired = engine.sweep_ttl().await.map_err(Error::internal)?;
        let trimmed = trim(app, engine, state).await?;
        tracing::debug!(expired, trimmed, "cleaned");
        Ok(((), vec![("expired_items", expired.into()), ("stream_records", trimmed.into())]))
    };
    app.job(JobName::CleanUp, Job::SYSTEM, Vec::new(), work).await
}

/// Removes the stream records; the answer is how many.
async fn trim(app: &App, engine: &Engine, state: &State) -> Result<u64, Error> {
    let changelog = Reader::checkpoints(state, CHANGELOG).await.map_err(Error::internal)?;
    let publisher = Reader::checkpoints(state, PUBLISHER).await.map_err(Error::internal)?;
    let mut trimmed = 0;
    for (shard, sequence) in &changelog {
        let Some(other) = publisher.get(shard) else {
            continue;
        };
        let number = |text: &str| text.parse::<u128>().unwrap_or(0);
        let both = if number(sequence) < number(other) { sequence } else { other };
        let before = std::time::SystemTime::from(app.now()) - STREAM_RETENTION;
        let done = engine.trim_stream(app.store().table(), both, before).await;
        trimmed += done.map_err(Error::internal)?;
    }
    Ok(trimmed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use noticeboard_domain::filter::Filter;
    use noticeboard_domain::job::JobStatus;
    use noticeboard_domain::listing::{Listing, Page};

    use super::*;

    #[tokio::test]
    async fn cleaning_is_a_job() {
        let opened = open_all(&Storage::Memory, Settings::default(), None, Clock::system()).await.unwrap();
        let engine = opened.engine.unwrap();
        clean(&opened.app, &engine, &opened.state).await.unwrap();
        let every =
            Listing { filter: Filter::default(), order: Vec::new(), page: Page::Offset { limit: 10, offset: 0 } };
        let jobs = opened.app.job_list(every).await.unwrap().items;
        let [job] = jobs.as_slice() else { panic!("{jobs:?}") };
        assert_eq!(
            (job.name, job.user_name.as_str(), job.status()),
            (JobName::CleanUp, "System", JobStatus::Completed)
        );
        let output: Vec<&String> = job.completed.as_ref().unwrap().output.keys().collect();
        assert_eq!(output, ["expired_items", "stream_records"]);
    }
}
