//! What the tests share: a server of their own, in this process or as the real program, and a client for it.
//!
//! Each test has its own table and port, and leaves nothing behind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, missing_docs)]

pub mod calendar;
pub mod changelog;
pub mod faults;
pub mod house;
pub mod maintnote;
pub mod messages;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use noticeboard_app::{App, Clock, Settings};
use noticeboard_local::{Running, ServeOptions, Storage};
use serde_json::Value;

/// The administrator's token of every server here.
pub const TOKEN: &str = "test-token-0123456789-abcdef";

/// The folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A sample mail of the repository.
pub fn sample(name: &str) -> Vec<u8> {
    std::fs::read(root().join("samples").join(name)).unwrap()
}

/// A client with a token.
#[derive(Debug, Clone)]
pub struct Client {
    pub url: String,
    pub token: Option<String>,
    agent: ureq::Agent,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body as JSON, of an answer with this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Client {
    pub fn new(url: &str, token: Option<&str>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .timeout_global(Some(Duration::from_secs(120)));
        let agent = config.build().into();
        Self { url: url.to_owned(), token: token.map(str::to_owned), agent }
    }

    pub fn with_token(&self, token: Option<&str>) -> Self {
        Self::new(&self.url, token)
    }

    /// Sends a request; `None` when the connection broke.
    pub fn try_send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Token {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = self.agent.run(request.body(body.to_vec()).unwrap()).ok()?;
        let text = answer.body_mut().with_config().limit(1 << 30).read_to_string().ok()?;
        Some(Answer { status: answer.status().as_u16(), headers: answer.headers().clone(), text })
    }

    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_send(method, path, headers, body).unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    #[track_caller]
    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    #[track_caller]
    pub fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    #[track_caller]
    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], b"")
    }

    /// The body of a GET, byte for byte.
    #[track_caller]
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        let token = self.token.as_deref().unwrap_or_default();
        let request = self.agent.get(format!("{}{path}", self.url)).header("authorization", format!("Token {token}"));
        let mut answer = request.call().unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        answer.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap()
    }

    /// All elements of a list, page by page.
    #[track_caller]
    pub fn all(&self, path: &str) -> Vec<Value> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let (mut results, mut next) = (Vec::new(), Some(format!("{path}{separator}limit=1000")));
        while let Some(path) = next {
            let mut page = self.get(&path).expect(200);
            results.append(page["results"].as_array_mut().unwrap());
            next = page["next"].as_str().map(|next| next.strip_prefix(&self.url).unwrap().to_owned());
        }
        results
    }

    /// Hands in a mail.
    #[track_caller]
    pub fn ingest(&self, raw: &[u8]) -> Answer {
        self.send("POST", "/api/plugins/notices/inbound-mail/", &[("content-type", "message/rfc822")], raw)
    }

    /// Makes a provider, and gives its id.
    #[track_caller]
    pub fn provider(&self, name: &str, slug: &str) -> u64 {
        let body = serde_json::json!({"name": name, "slug": slug});
        self.post("/api/circuits/providers/", &body).expect(201)["id"].as_u64().unwrap()
    }

    /// Makes a circuit, and gives its id.
    #[track_caller]
    pub fn circuit(&self, provider: u64, cid: &str) -> u64 {
        let body = serde_json::json!({"provider": provider, "cid": cid});
        self.post("/api/circuits/circuits/", &body).expect(201)["id"].as_u64().unwrap()
    }
}

/// Does `task` for 0 to `count` - 1, all at the same time.
pub fn at_once<T: Send>(count: usize, task: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = std::sync::Barrier::new(count);
    std::thread::scope(|scope| {
        let (task, barrier) = (&task, &barrier);
        let start = |n| {
            scope.spawn(move || {
                barrier.wait();
                task(n)
            })
        };
        let threads: Vec<_> = (0..count).map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// A clock that stands still until it is moved.
#[derive(Debug, Clone, Default)]
pub struct HandClock(Arc<std::sync::atomic::AtomicI64>);

impl HandClock {
    /// 2026-12-01T00:00:00Z, when nobody has moved it.
    const START: i64 = 1_796_083_200;

    pub fn clock(&self) -> Clock {
        let seconds = self.0.clone();
        let now = move || Self::START + seconds.load(std::sync::atomic::Ordering::SeqCst);
        Clock::from_fn(move || std::time::UNIX_EPOCH.checked_add(Duration::from_secs(now() as u64)).unwrap().into())
    }

    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, std::sync::atomic::Ordering::SeqCst);
    }
}

/// How long tests wait for what follows from the stream: long enough for a machine that does much else.
const EVENTUALLY: Duration = Duration::from_secs(60);

/// Waits until `check` gives something: what follows from the stream comes a moment later.
#[track_caller]
pub fn eventually<T>(what: &str, check: impl Fn() -> Option<T>) -> T {
    let end = Instant::now() + EVENTUALLY;
    loop {
        if let Some(found) = check() {
            return found;
        }
        assert!(Instant::now() < end, "{what} did not happen within {EVENTUALLY:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A server in this process, in memory.
#[derive(Debug)]
pub struct Server {
    pub client: Client,
    /// The use cases that it serves.
    pub app: Arc<App>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl std::ops::Deref for Server {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Server {
    /// An empty one.
    pub fn memory() -> Self {
        Self::start(Settings::default())
    }

    /// An empty one with these settings.
    pub fn start(settings: Settings) -> Self {
        Self::with_clock(settings, Clock::system())
    }

    /// An empty one with these settings and a time of its own.
    pub fn with_clock(settings: Settings, clock: Clock) -> Self {
        Self::with_storage(Storage::Memory, settings, clock)
    }

    /// One that keeps its data there.
    pub fn with_storage(storage: Storage, mut settings: Settings, clock: Clock) -> Self {
        settings.admin_token = Some(TOKEN.to_owned());
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (ready, started) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async move {
                let options = ServeOptions {
                    listen: "127.0.0.1:0".parse().unwrap(),
                    storage,
                    settings,
                    brokers: Vec::new(),
                    base_url: None,
                    demo: false,
                    table: None,
                    clock,
                };
                let running = Running::start(options).await.unwrap();
                ready.send((running.address, running.app.clone())).unwrap();
                running.until(async move { drop(stopped.await) }).await.unwrap();
            });
        });
        let (address, app) = started.recv().unwrap();
        Self {
            client: Client::new(&format!("http://{address}"), Some(TOKEN)),
            app,
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.unwrap();
            }
        }
    }
}

/// The real program: `target/<profile>/noticeboard`, built before by `make test`.
pub fn program() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let folder = here.parent().unwrap();
    // Tests live in `deps`, beside which the programs are.
    let folder = if folder.ends_with("deps") { folder.parent().unwrap() } else { folder };
    let path = folder.join("noticeboard");
    assert!(
        path.exists(),
        "{} is missing: run `cargo build -p noticeboard` first, as `make test` does",
        path.display()
    );
    path
}

/// The real program, serving a data folder.
#[derive(Debug)]
pub struct Process {
    pub client: Client,
    child: Child,
    /// Lines of standard error, as they come.
    pub errors: std::sync::mpsc::Receiver<String>,
}

impl Process {
    /// Starts it, and waits until it says that it is ready.
    pub fn start(data: &Path, arguments: &[&str]) -> Self {
        Self::with_settings(data, arguments, &[])
    }

    /// The same, with variables of the environment.
    pub fn with_settings(data: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(program())
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(arguments)
            .env("NOTICEBOARD_TOKEN", TOKEN)
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, errors) = std::sync::mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| line.unwrap().strip_prefix("Noticeboard is ready: ").map(str::to_owned));
        let Some(url) = ready else {
            let said: Vec<String> = errors.iter().collect();
            panic!("the program ended before it was ready: {said:?}");
        };
        // What else it prints must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { client: Client::new(url.trim_end_matches('/'), Some(TOKEN)), child, errors }
    }

    /// Memory that it holds, in MB.
    pub fn resident_megabytes(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap() / 1024.0
    }

    /// Processor time that it has used, in seconds.
    pub fn processor_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        // User and system time, in hundredths of a second (proc(5)).
        fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
    }

    /// Ends it as a crash would, and gives what was left on standard error.
    pub fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.errors.iter().collect()
    }
}

impl std::ops::Deref for Process {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
