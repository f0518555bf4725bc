//! Work that takes more than one transaction is finished, whoever began it.

use noticeboard_domain::Result;
use noticeboard_domain::job::{Job, JobName};
use noticeboard_domain::time::Time;
use noticeboard_store::JournalEntry;

use crate::App;

impl App {
    /// Finishes one piece of work. Repeating it, also at the same time, is harmless.
    pub async fn journal_finish(&self, entry: &JournalEntry) -> Result<()> {
        if !self.store.journal_has(entry).await? {
            return Ok(());
        }
        match entry {
            JournalEntry::EventDeletion { event, stamp } => self.event_deletion_finish(*event, stamp).await,
            JournalEntry::Shown { object } => {
                self.shown_finish(*object).await?;
                self.journal_done(entry).await
            }
            JournalEntry::Bulk { id, writes, actor, .. } => {
                self.bulk_finish(id, actor, writes).await?;
                self.journal_done(entry).await
            }
            // It comes behind its parts; one that could not be finished needs it when it is tried again.
            JournalEntry::BulkBegun { id } if self.store.journal_has_parts(id).await? => Ok(()),
            JournalEntry::BulkBegun { .. } => self.journal_done(entry).await,
            JournalEntry::BulkDeletion { objects, actor, .. } => {
                Box::pin(self.bulk_deletion_finish(actor, objects)).await?;
                self.journal_done(entry).await
            }
            JournalEntry::Mail { raw, received, request_id, approval } => {
                match approval {
                    Some(approval) => Box::pin(self.approve_again(approval)).await?,
                    None => self.ingest_again(raw, *received, request_id).await?,
                }
                // A mail that turned out to be dealt with already leaves its entry to us.
                self.journal_done(entry).await
            }
        }
    }

    /// Strikes out work that is done.
    pub(crate) async fn journal_done(&self, entry: &JournalEntry) -> Result<()> {
        let mut transaction = noticeboard_store::Transaction::new();
        transaction.journal_delete(entry);
        self.commit_all(transaction).await
    }

    /// Finishes all work that was begun before a time, as a job if there is any. Some that fails keeps none of the rest
    /// from it.
    ///
    /// # Errors
    /// The last failure.
    pub async fn journal_finish_all(&self, begun_before: Time) -> Result<()> {
        let entries = self.store.journal(begun_before).await?;
        if entries.is_empty() {
            return Ok(());
        }
        let kwargs = vec![("unfinished", entries.len().into())];
        let work = async {
            self.journal_finish_each(&entries).await?;
            Ok(((), vec![("finished", entries.len().into())]))
        };
        self.job(JobName::CleanUp, Job::SYSTEM, kwargs, work).await
    }

    async fn journal_finish_each(&self, entries: &[JournalEntry]) -> Result<()> {
        let mut done = Ok(());
        for entry in entries {
            if let Err(error) = Box::pin(self.journal_finish(entry)).await {
                tracing::error!(work = entry.id(), %error, detail = error.detail(), "work is still unfinished");
                done = Err(error);
            }
        }
        done
    }
}
