//! Jobs, in the shape of NetBox's.

use noticeboard_domain::filter::{Kind, Parameter};
use noticeboard_domain::job::{Completed, Job, JobName, JobStatus};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Choice, User, time};
use crate::query::Wire;

/// The fields that `q` searches.
pub const SEARCHED: &[&str] = &["name", "user"];

/// Filters of jobs.
pub const FILTERS: &[Parameter] = &[
    ("id", Kind::Number),
    ("name", Kind::Choice(|text| JobName::ALL.iter().any(|name| name.as_str() == text))),
    ("status", Kind::Choice(|text| JobStatus::ALL.iter().any(|status| status.as_str() == text))),
    ("user", Kind::Text),
    ("created", Kind::Time),
    ("started", Kind::Time),
    ("completed", Kind::Time),
];

/// A job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub struct JobBody {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    display_url: Option<String>,
    display: String,
    /// None: no job here is about one object alone.
    object_type: Option<&'static str>,
    object_id: Option<u64>,
    name: &'static str,
    status: Choice,
    #[schema(format = DateTime)]
    created: String,
    /// None: every job starts at once.
    scheduled: Option<String>,
    interval: Option<u64>,
    #[schema(format = DateTime)]
    started: String,
    #[schema(format = DateTime)]
    completed: Option<String>,
    user: User,
    /// What it has put out; none while it is running, and of one that failed.
    #[schema(value_type = Option<Object>)]
    data: Option<Map<String, Value>>,
    /// What kind of error it ended with, and what that says; empty unless it did.
    error: String,
    /// The id in the form of NetBox's.
    #[schema(format = "uuid")]
    job_id: String,
    log_entries: Vec<String>,
    /// Beyond NetBox: what it was asked to do.
    #[schema(value_type = Object)]
    kwargs: Map<String, Value>,
}

impl Wire for JobBody {
    const BRIEF: &'static [&'static str] = &["url", "created", "completed", "user", "status"];
}

/// A job, as the API gives it.
pub fn job(base: &str, job: Job) -> JobBody {
    let (id, status) = (job.id.get(), job.status());
    let started = time(job.started);
    let (completed, data, error) = match job.completed {
        None => (None, None, String::new()),
        Some(Completed { at, output, failure: None }) => (Some(time(at)), Some(output), String::new()),
        Some(Completed { at, failure: Some(failure), .. }) => {
            (Some(time(at)), None, format!("{}: {}", failure.kind, failure.message))
        }
    };
    JobBody {
        id,
        url: format!("{base}/api/core/jobs/{id}/"),
        display_url: None,
        display: format!("{} {id}", job.name.as_str()),
        object_type: None,
        object_id: None,
        name: job.name.as_str(),
        status: Choice { value: status.as_str(), label: status.label() },
        created: started.clone(),
        scheduled: None,
        interval: None,
        started,
        completed,
        user: User::named(&job.user_name),
        data,
        error,
        job_id: uuid::Builder::from_custom_bytes(u128::from(id).to_be_bytes()).into_uuid().to_string(),
        log_entries: Vec::new(),
        kwargs: job.kwargs,
    }
}
