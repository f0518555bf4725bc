//! Jobs: pieces of work that are on record, and told, when they start and when they end.

use noticeboard_domain::ids::JobId;
use noticeboard_domain::job::{Completed, Failure, Job, JobName};
use noticeboard_domain::listing::{List, Listing};
use noticeboard_domain::time::Time;
use noticeboard_domain::{Error, Result};
use noticeboard_store::{Chunk, CommitError, Resume, Store, Transaction};
use serde_json::{Map, Value};

use crate::lists::All;
use crate::{App, MAX_RACES, too_many_races};

/// How long before the last one the oldest job began that a process can have left.
const LEFT_WITHIN: chrono::Duration = chrono::Duration::hours(1);
/// How many jobs are read at once to find those.
const JOBS_AT_ONCE: usize = 100;

/// What a job is asked to do, or has done: names and values. Nothing secret.
pub type Facts = Vec<(&'static str, Value)>;

fn object(facts: Facts) -> Map<String, Value> {
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

struct AllJobs<'a> {
    store: &'a Store,
    /// Jobs that are counted.
    most: usize,
}

impl All for AllJobs<'_> {
    type Item = Job;

    async fn count(&self) -> Result<u64> {
        self.store.job_count(self.most).await
    }

    async fn walk(&self, resume: Option<Resume>, limit: usize) -> Result<Chunk<Job>> {
        self.store.job_list(resume.as_ref(), limit).await
    }

    async fn from(&self, start: u64, limit: usize) -> Result<Chunk<Job>> {
        self.store.jobs_from(start, limit).await
    }
}

impl App {
    /// Does a piece of work as a job in this user's name: its start is stored, then it is done, then its end is stored
    /// with what it has put out, or how it failed. Gives what the work gives.
    ///
    /// Work whose process dies, and work that is dropped, leaves its job running, until [`App::jobs_end_abandoned`] ends
    /// it; whoever takes the work up again has a job of his own.
    ///
    /// # Errors
    /// Those of the work. [`Error::Unavailable`] when the start cannot be stored; then nothing is done. An end that
    /// cannot be stored is only logged: what is done is done.
    pub fn job<'a, T>(
        &'a self,
        name: JobName,
        user: &'a str,
        kwargs: Facts,
        work: impl Future<Output = Result<(T, Facts)>> + 'a,
    ) -> impl Future<Output = Result<T>> + 'a {
        // Work is large, and may have work in it: it stays where it is.
        let work = Box::pin(work);
        async move {
            let mut job = self.job_started(name, user, object(kwargs)).await?;
            let (done, output, failure) = match work.await {
                Ok((done, output)) => (Ok(done), object(output), None),
                Err(error) => {
                    // What it says to callers, never its detail.
                    let failure = Failure { kind: error.kind().to_owned(), message: error.to_string() };
                    (Err(error), Map::new(), Some(failure))
                }
            };
            job.completed = Some(Completed { at: self.now(), output, failure });
            if let Err(error) = self.job_ended(&job).await {
                let id = job.id.get();
                tracing::error!(job = id, %error, detail = error.detail(), "the end of a job is not on record");
            }
            done
        }
    }

    async fn job_started(&self, name: JobName, user: &str, kwargs: Map<String, Value>) -> Result<Job> {
        let mut job =
            Job { id: self.mint()?, name, user_name: user.to_owned(), kwargs, started: self.now(), completed: None };
        for _ in 0..MAX_RACES {
            let mut transaction = Transaction::new();
            transaction.job_start(&job)?;
            match self.store.commit(transaction, self.now()).await {
                Ok(()) => return Ok(job),
                // Another process minted the same id.
                Err(CommitError::Refused(_)) => job.id = self.mint()?,
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    async fn job_ended(&self, job: &Job) -> Result<()> {
        let mut transaction = Transaction::new();
        transaction.job_end(job)?;
        self.commit_all(transaction).await
    }

    /// Ends the jobs as failed that began before a time and whose process cannot be at work any more. Only those of the
    /// hour before the last such job are looked at: a process that dies leaves the newest.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn jobs_end_abandoned(&self, begun_before: Time) -> Result<()> {
        let (mut resume, mut since) = (None, None);
        loop {
            let chunk = self.store.job_list(resume.as_ref(), JOBS_AT_ONCE).await?;
            for mut job in chunk.items.into_iter().filter(|job| job.started < begun_before) {
                if job.started < *since.get_or_insert(job.started - LEFT_WITHIN) {
                    return Ok(());
                }
                if job.completed.is_none() {
                    let failure = Some(Failure::abandoned());
                    job.completed = Some(Completed { at: self.now(), output: Map::new(), failure });
                    let mut transaction = Transaction::new();
                    transaction.job_end(&job)?;
                    match self.store.commit(transaction, self.now()).await {
                        // Refused: it has just ended by itself.
                        Ok(()) | Err(CommitError::Refused(_)) => {}
                        Err(CommitError::Failed(error)) => return Err(error),
                    }
                }
            }
            resume = chunk.next;
            if resume.is_none() {
                return Ok(());
            }
        }
    }

    /// Jobs of the last 30 days, newest first unless an order is asked for.
    ///
    /// # Errors
    /// As for [`App::event_list`].
    pub async fn job_list(&self, listing: Listing) -> Result<List<Job>> {
        let all = AllJobs { store: &self.store, most: self.settings.list_read_limit };
        self.walked(&listing, &all, |a, b| b.id.cmp(&a.id)).await
    }

    /// One job.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn job_read(&self, id: JobId) -> Result<Job> {
        self.store.job(id).await?.ok_or(Error::NotFound { what: "Job" })
    }
}
