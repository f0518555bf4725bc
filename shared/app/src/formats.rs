//! The formats and senders that users keep beside the mail: read when there is mail to read, and again once they change.

use std::sync::Arc;

use chrono::TimeDelta;
use noticeboard_domain::time::Time;
use noticeboard_domain::{Error, Result};
use noticeboard_mail::limits::MAX_FORMAT_BYTES;
use noticeboard_mail::{Context, Formats, Reading};
use noticeboard_store::{Bucket, Kept};

use crate::App;

/// Where users' files lie: `formats/*.toml` in the bucket, or in the data folder.
pub const FORMATS_PREFIX: &str = "formats";
/// How long after a look at the files none is taken.
const LOOK_EVERY: TimeDelta = TimeDelta::minutes(1);
/// How many files are read; what is beyond, by name, is not.
const MAX_FORMAT_FILES: u16 = 200;

/// Users' files as they were seen last.
pub(crate) struct Shelf {
    bucket: Bucket,
    seen: tokio::sync::Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// When they were looked at.
    at: Option<Time>,
    files: Vec<Kept>,
    formats: Arc<Formats>,
    /// Why they could not be looked at, which is told once.
    trouble: Option<String>,
}

impl Shelf {
    pub(crate) fn new(bucket: Bucket) -> Self {
        Self { bucket, seen: Default::default() }
    }

    /// The formats that mail is read by now. Files that cannot be looked at leave the formats as they were.
    async fn formats(&self, now: Time) -> Arc<Formats> {
        let mut seen = self.seen.lock().await;
        let is_fresh = |at: Time| now >= at && now - at < LOOK_EVERY;
        if !seen.at.is_some_and(is_fresh) {
            seen.at = Some(now);
            match self.look(&seen.files).await {
                Ok(changed) => {
                    seen.trouble = None;
                    if let Some((files, formats)) = changed {
                        (seen.files, seen.formats) = (files, Arc::new(formats));
                    }
                }
                Err(error) => {
                    let why = error.detail().unwrap_or_default().to_owned();
                    if seen.trouble.is_none() {
                        tracing::warn!(
                            why,
                            "the files in {FORMATS_PREFIX}/ cannot be read: mail is read by the other formats"
                        );
                    }
                    seen.trouble = Some(why);
                }
            }
        }
        seen.formats.clone()
    }

    /// The files and what they hold; nothing where they are still those that were seen.
    async fn look(&self, seen: &[Kept]) -> Result<Option<(Vec<Kept>, Formats)>> {
        let mut files = self.bucket.list(FORMATS_PREFIX, MAX_FORMAT_FILES + 1).await?;
        files.retain(|file| file.key.ends_with(".toml"));
        if files == seen {
            return Ok(None);
        }
        let mut formats = Formats::new();
        for (number, file) in files.iter().enumerate() {
            let name = file.key.rsplit('/').next().unwrap_or_default();
            let added = if number >= usize::from(MAX_FORMAT_FILES) {
                Err(format!("There are more than {MAX_FORMAT_FILES} files (MAX_FORMAT_FILES)."))
            } else if file.size > MAX_FORMAT_BYTES.value as u64 {
                Err(format!("It is larger than {} bytes ({}).", MAX_FORMAT_BYTES.value, MAX_FORMAT_BYTES.name))
            } else {
                match self.bucket.get(&file.key).await {
                    Ok(bytes) => match String::from_utf8(bytes) {
                        Ok(text) => formats.add_file(name, &text),
                        Err(_) => Err("It is not UTF-8.".into()),
                    },
                    // Removed since it was listed.
                    Err(Error::NotFound { .. }) => Ok(()),
                    Err(error) => return Err(error),
                }
            };
            if let Err(why) = added {
                tracing::warn!("{} is not used. {why}", file.key);
            }
        }
        Ok(Some((files, formats)))
    }
}

impl App {
    /// Looks at users' formats now, so that what is wrong with them is told before the first mail.
    pub async fn formats_look(&self) {
        self.shelf.formats(self.now()).await;
    }

    /// Reads a message; gives it back with the reading.
    pub(crate) async fn read(&self, raw: Vec<u8>, received: Time) -> Result<(Vec<u8>, Reading)> {
        let formats = self.shelf.formats(self.now()).await;
        let read = move || {
            let reading = noticeboard_mail::read_with(&raw, &Context { received, hint: None }, &formats);
            (raw, reading)
        };
        tokio::task::spawn_blocking(read).await.map_err(Error::internal)
    }
}
