//! The use cases: what Noticeboard does when someone asks, a mail arrives, or the table changes.
//!
//! **For**: everything that functions and pages call, over `domain`, `store` and `mail`. Each use case takes typed
//! input and an [`Actor`], and leaves the table consistent whatever happens in between.
//!
//! **Must not know**: HTTP, wire shapes, Lambda's events, DynamoDB's attributes.
//!
//! Invariant: a use case that loses a race reads again and repeats what commutes; what does not commute is answered
//! [`noticeboard_domain::Error::VersionMismatch`]. An update is never lost.

mod actions;
mod around;
mod bulk;
mod changelog;
mod clock;
mod events;
mod feed;
mod formats;
mod idempotency;
mod impacts;
mod ingest;
mod inventory;
mod jobs;
mod journal;
mod journal_entries;
mod lists;
mod notices;
mod notifications;
mod outcome;
mod reviews;
mod sites;
mod tags;
mod tokens;
mod trust;
mod views;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use noticeboard_domain::change::{Actor, ChangeStamp};
use noticeboard_domain::ids::IdMint;
use noticeboard_domain::object::AllowedTargets;
use noticeboard_domain::time::{self, Time};
use noticeboard_domain::{Error, Result};
use noticeboard_store::{Bucket, Store};

pub use actions::Action;
pub use around::{Input, ProviderRef, Refs};
pub use bulk::{BulkError, MAX_BULK};
pub use clock::Clock;
pub use feed::{
    Feed, FeedEvent, FeedImpact, FeedProvider, FeedQuery, MAX_WINDOW_EVENTS, MINUTE, Name, Names, shown_end,
};
pub use formats::FORMATS_PREFIX;
pub use idempotency::{Attempt, Begun, Keyed};
pub use ingest::MAX_MAIL_BYTES;
pub use inventory::{Imported, InventoryInput, ObjectView, Row};
pub use jobs::Facts;
pub use journal_entries::JournalEntryView;
pub use noticeboard_store::{KeptAnswer, Stamps};
pub use notices::{Applied, Effect};
pub use outcome::{Ingested, Outcome};
pub use reviews::Reviews;
pub use tokens::{NewToken, Principal};
pub use trust::{Trust, Verdict, Verdicts};
pub use views::{Children, EventView, ImpactView, NotificationView, Target, WithProvider};

/// How often a use case that lost a race reads again and repeats.
pub(crate) const MAX_RACES: usize = 16;

/// What is set once at start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The types that an impact may point at (`NOTICEBOARD_ALLOWED_TARGETS`).
    pub allowed_targets: AllowedTargets,
    /// A token that is accepted as an administrator's (`NOTICEBOARD_TOKEN`).
    pub admin_token: Option<String>,
    /// How many entries a filtered list may read (`NOTICEBOARD_LIST_READ_LIMIT`).
    pub list_read_limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { allowed_targets: AllowedTargets::default(), admin_token: None, list_read_limit: 250_000 }
    }
}

impl Settings {
    /// Shortest token that may be set as the administrator's.
    pub const MIN_TOKEN: usize = 20;

    /// Reads the settings with a function that gives the value of an environment variable.
    ///
    /// # Errors
    /// Names the variable that is wrong, and what it should be.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> std::result::Result<Self, String> {
        let mut settings = Self::default();
        if let Some(list) = variable("NOTICEBOARD_ALLOWED_TARGETS") {
            settings.allowed_targets = AllowedTargets::parse(&list).map_err(|error| {
                format!("NOTICEBOARD_ALLOWED_TARGETS: {error}. Use a list such as circuits.circuit,dcim.site.")
            })?;
        }
        if let Some(token) = variable("NOTICEBOARD_TOKEN") {
            if token.len() < Self::MIN_TOKEN {
                return Err(format!("NOTICEBOARD_TOKEN: use {} characters or more.", Self::MIN_TOKEN));
            }
            settings.admin_token = Some(token);
        }
        if let Some(limit) = variable("NOTICEBOARD_LIST_READ_LIMIT") {
            let limit = limit.parse().ok().filter(|limit| *limit > 0);
            settings.list_read_limit = limit.ok_or("NOTICEBOARD_LIST_READ_LIMIT: use a whole number, 1 or more.")?;
        }
        // What shows addresses keeps it; all refuse a wrong one.
        if variable("NOTICEBOARD_BASE_URL").is_some_and(|url| !is_base_url(&url)) {
            return Err("NOTICEBOARD_BASE_URL: use an address such as https://notices.example.net.".into());
        }
        Ok(settings)
    }
}

/// Whether paths can follow: scheme, host and perhaps a path, and nothing behind that.
fn is_base_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    !host.is_empty() && !host.starts_with(':') && !rest.contains(|c: char| c.is_whitespace() || "?#@".contains(c))
}

/// Everything that the use cases work with. Shared by all requests of a process.
pub struct App {
    store: Store,
    bucket: Bucket,
    clock: Clock,
    mint: Mutex<IdMint>,
    settings: Settings,
    tokens: tokens::Tokens,
    /// What this process keeps of the calendar.
    board: tokio::sync::Mutex<feed::Board>,
    /// Its reads of what tells whether the calendar has changed.
    stamp_reads: feed::StampReads,
    shelf: formats::Shelf,
    /// Held by the one writer of this process that tries again after a lost race.
    turn: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("table", &self.store.table()).finish_non_exhaustive()
    }
}

impl App {
    /// Puts the parts together. Users' formats lie in the bucket.
    pub fn new(store: Store, bucket: Bucket, clock: Clock, settings: Settings) -> Arc<Self> {
        let formats = bucket.clone();
        Self::with_formats(store, bucket, formats, clock, settings)
    }

    /// The same, with users' formats in a bucket of their own.
    pub fn with_formats(store: Store, bucket: Bucket, formats: Bucket, clock: Clock, settings: Settings) -> Arc<Self> {
        let tokens = tokens::Tokens::new(settings.admin_token.as_deref());
        let (mint, board, stamp_reads, turn) = Default::default();
        let shelf = formats::Shelf::new(formats);
        Arc::new(Self { store, bucket, clock, mint, settings, tokens, board, stamp_reads, shelf, turn })
    }

    /// The table, for those who read its stream.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The time.
    pub fn now(&self) -> Time {
        time::stored(self.clock.now())
    }

    fn mint_at(&self, now: Time) -> u64 {
        let mut mint = self.mint.lock().unwrap_or_else(PoisonError::into_inner);
        mint.next(now.timestamp_millis(), rand::random())
    }

    /// A new id.
    pub(crate) fn mint<T: TryFrom<u64, Error = String>>(&self) -> Result<T> {
        T::try_from(self.mint_at(self.now())).map_err(Error::internal)
    }

    /// To be called before each try of a use case, and its answer kept until the try is over. Who lost a race waits, longer
    /// each time for writers in other processes, and for its turn among those in this one: of many writers of one object
    /// each gets through. Whoever holds a turn and waits for another one waits for ever.
    pub(crate) async fn turn(&self, races_lost: usize) -> Turn<'_> {
        const LONGEST_MS: u64 = 512;
        if races_lost == 0 {
            return None;
        }
        let most = LONGEST_MS.min(1 << races_lost.min(63));
        tokio::time::sleep(Duration::from_micros(rand::random_range(0..=most * 1000))).await;
        Some(self.turn.lock().await)
    }

    /// Stamps a change that happens now.
    pub(crate) fn stamp(&self, actor: &Actor) -> Result<ChangeStamp> {
        let at = self.now();
        let id = self.mint_at(at).try_into().map_err(Error::internal)?;
        Ok(ChangeStamp { id, at, actor: actor.clone() })
    }
}

/// A turn among the writers of this process; none for a first try, which takes none.
pub(crate) type Turn<'a> = Option<tokio::sync::MutexGuard<'a, ()>>;

/// The answer when a use case lost too many races.
pub(crate) fn too_many_races() -> Error {
    Error::Unavailable { detail: format!("lost {MAX_RACES} races for the same object") }
}
