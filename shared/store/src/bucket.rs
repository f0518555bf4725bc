//! Large things: an S3 bucket on AWS, a folder or the memory on one machine.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use noticeboard_domain::{Error, Result};
use tokio::io::AsyncWriteExt;

use crate::trouble::{self, Place};

/// Where large things are kept. Cloning it is cheap.
///
/// Keys are made by the program: parts of letters, digits, `-`, `_` and `.`, joined by `/`.
#[derive(Debug, Clone)]
pub enum Bucket {
    /// An S3 bucket.
    S3 {
        /// How to reach it.
        client: aws_sdk_s3::Client,
        /// Its name.
        name: Arc<str>,
    },
    /// A folder.
    Folder(Arc<Path>),
    /// The memory of this process.
    Memory(Arc<Mutex<HashMap<String, Arc<[u8]>>>>),
}

impl Bucket {
    /// An S3 bucket.
    pub fn s3(client: aws_sdk_s3::Client, name: impl Into<Arc<str>>) -> Self {
        Self::S3 { client, name: name.into() }
    }

    /// A folder, which is made when the first thing is put.
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self::Folder(path.into().into())
    }

    /// The memory of this process.
    pub fn memory() -> Self {
        Self::Memory(Arc::default())
    }

    /// Keeps bytes under a key. When it returns, they are on disk.
    ///
    /// # Errors
    /// [`Error::Unavailable`] naming the key.
    pub async fn put(&self, key: &str, bytes: &[u8]) -> Result<()> {
        match self {
            Self::S3 { client, name } => {
                let body = ByteStream::from(bytes.to_vec());
                let sent = client.put_object().bucket(name.as_ref()).key(key).body(body).send().await;
                sent.map(drop).map_err(|error| s3_failed(name, "s3:PutObject", key, &error))
            }
            Self::Folder(folder) => write(folder, key, bytes).await.map_err(|error| failed("put", key, &error)),
            Self::Memory(things) => {
                let mut things = things.lock().unwrap_or_else(PoisonError::into_inner);
                things.insert(key.to_owned(), bytes.into());
                Ok(())
            }
        }
    }

    /// The bytes under a key.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there are none, [`Error::Unavailable`] otherwise.
    pub async fn get(&self, key: &str) -> Result<Vec<u8>> {
        const MISSING: Error = Error::NotFound { what: "stored message" };
        match self {
            Self::S3 { client, name } => {
                let found = client.get_object().bucket(name.as_ref()).key(key).send().await;
                let found = found.map_err(|error| match error.as_service_error() {
                    Some(service) if service.is_no_such_key() => MISSING,
                    _ => s3_failed(name, "s3:GetObject", key, &error),
                })?;
                let bytes = found.body.collect().await.map_err(|error| failed("get", key, &error))?;
                Ok(bytes.to_vec())
            }
            Self::Folder(folder) => match tokio::fs::read(folder.join(key)).await {
                Ok(bytes) => Ok(bytes),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(MISSING),
                Err(error) => Err(failed("get", key, &error)),
            },
            Self::Memory(things) => {
                let things = things.lock().unwrap_or_else(PoisonError::into_inner);
                things.get(key).map(|bytes| bytes.to_vec()).ok_or(MISSING)
            }
        }
    }
}

/// Writes a file whole or not at all: a reader never sees half of it, and it survives a crash.
async fn write(folder: &Path, key: &str, bytes: &[u8]) -> std::io::Result<()> {
    let path = folder.join(key);
    let parent = path.parent().unwrap_or(folder);
    tokio::fs::create_dir_all(parent).await?;
    let draft = path.with_extension(format!("{:016x}.draft", rand::random::<u64>()));
    let mut file = tokio::fs::File::create(&draft).await?;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    tokio::fs::rename(&draft, &path).await?;
    // The name is on disk only once the folder is.
    tokio::fs::File::open(parent).await?.sync_all().await
}

fn s3_failed<E, R>(bucket: &str, action: &'static str, key: &str, error: &SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    trouble::refused(Place::Bucket, bucket, action, error).unwrap_or_else(|| failed(action, key, error))
}

fn failed(what: &str, key: &str, error: &(impl std::error::Error + ?Sized)) -> Error {
    Error::Unavailable { detail: format!("{what} {key} in the bucket: {error:?}") }
}
