//! Jobs: written when they start and when they end, then kept for a while.

use noticeboard_domain::Result;
use noticeboard_domain::ids::JobId;
use noticeboard_domain::job::Job;

use crate::item::{Chunk, Item, Resume, attribute, decode, kind, n, s};
use crate::keys::{self, index};
use crate::table::{Lookup, Store};
use crate::transaction::{Condition, Refusal, Transaction};

/// How long a job is kept, in days.
const JOB_DAYS: i64 = 30;

/// The versions of a job's item.
const STARTED: u64 = 1;
const ENDED: u64 = 2;

fn item(job: &Job, version: u64) -> Result<Item> {
    let expires = job.started + chrono::Duration::days(JOB_DAYS);
    Ok(Item::new(&keys::job(job.id), kind::JOB)
        .data(job)?
        .with(attribute::VERSION, n(version))
        .with(attribute::DISPLAY, s(job.name.as_str()))
        .with(attribute::EXPIRES, n(expires.timestamp()))
        .index(attribute::BY_KIND, kind::JOB, keys::number(job.id.get())))
}

impl Transaction {
    /// Stores a job that starts.
    pub fn job_start(&mut self, job: &Job) -> Result<()> {
        self.put(item(job, STARTED)?, Condition::New, Refusal::IdTaken);
        Ok(())
    }

    /// Stores how a job that has started ended.
    pub fn job_end(&mut self, job: &Job) -> Result<()> {
        self.put(item(job, ENDED)?, Condition::Version(STARTED), Refusal::Changed);
        Ok(())
    }
}

impl Store {
    /// A job.
    pub async fn job(&self, id: JobId) -> Result<Option<Job>> {
        self.get(&keys::job(id)).await?.as_ref().map(decode).transpose()
    }

    /// All jobs, newest first.
    pub async fn job_list(&self, resume: Option<&Resume>, limit: usize) -> Result<Chunk<Job>> {
        let lookup = Lookup::index(index::BY_KIND, kind::JOB).backwards();
        self.chunk(&lookup.resume(resume), limit, decode).await
    }

    /// All jobs by id, from an id on.
    pub async fn jobs_from(&self, start: u64, limit: usize) -> Result<Chunk<Job>> {
        self.chunk(&Lookup::index(index::BY_KIND, kind::JOB).from(keys::number(start)), limit, decode).await
    }

    /// How many jobs there are, counted up to about `most`: they expire by themselves, so nobody keeps their number.
    pub async fn job_count(&self, most: usize) -> Result<u64> {
        self.count(&Lookup::index(index::BY_KIND, kind::JOB), most).await
    }
}
