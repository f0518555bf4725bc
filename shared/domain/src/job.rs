//! Jobs: what Noticeboard does by itself or for a long list of things, told when it starts and when it ends.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::filter::{FieldValue, Filterable};
use crate::ids::JobId;
use crate::time::Time;

/// What kind of job it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobName {
    /// A mail is taken in.
    MailIngestion,
    /// Objects of the inventory are brought in.
    Import,
    /// What expired is removed, and work that its writer left is finished.
    CleanUp,
}

impl JobName {
    /// Every kind of job.
    pub const ALL: [Self; 3] = [Self::MailIngestion, Self::Import, Self::CleanUp];

    /// The name on the wire: `mail-ingestion`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MailIngestion => "mail-ingestion",
            Self::Import => "import",
            Self::CleanUp => "clean-up",
        }
    }
}

/// How far a job is; the values are NetBox's, of which the others do not occur: a job starts at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStatus {
    /// It has started. One whose process has died stays so.
    Running,
    /// It has done what it was to do.
    Completed,
    /// It has failed.
    Errored,
}

impl JobStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Running, Self::Completed, Self::Errored];

    /// The status on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Errored => "errored",
        }
    }

    /// The status for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Completed => "Completed",
            Self::Errored => "Errored",
        }
    }
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of error it was: `Unavailable`.
    pub kind: String,
    /// What it said, for people. Nothing secret.
    pub message: String,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completed {
    /// When.
    pub at: Time,
    /// What it has done, as an object that depends on the job.
    pub output: Map<String, Value>,
    /// What went wrong; none when nothing did.
    pub failure: Option<Failure>,
}

/// A job: running, until it has completed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its id (`job_result_id`).
    pub id: JobId,
    /// What kind of job it is.
    pub name: JobName,
    /// In whose name it runs.
    pub user_name: String,
    /// What it was asked to do. Nothing secret.
    pub kwargs: Map<String, Value>,
    /// When it started.
    pub started: Time,
    /// How it ended.
    pub completed: Option<Completed>,
}

impl Job {
    /// In whose name a job runs that nobody asked for.
    pub const SYSTEM: &str = "System";

    /// How far it is.
    pub fn status(&self) -> JobStatus {
        match &self.completed {
            None => JobStatus::Running,
            Some(Completed { failure: None, .. }) => JobStatus::Completed,
            Some(Completed { failure: Some(_), .. }) => JobStatus::Errored,
        }
    }
}

impl Filterable for Job {
    fn id(&self) -> u64 {
        self.id.get()
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        match name {
            "id" => FieldValue::id(self.id),
            "name" => FieldValue::text(self.name.as_str()),
            "status" => FieldValue::text(self.status().as_str()),
            "user" => FieldValue::text(&self.user_name),
            "created" | "started" => FieldValue::Time(self.started),
            "completed" => self.completed.as_ref().map_or(FieldValue::None, |completed| FieldValue::Time(completed.at)),
            _ => FieldValue::None,
        }
    }
}
