//! Large things: an S3 bucket on AWS, a folder or the memory on one machine.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use noticeboard_domain::{Error, Result};
use tokio::io::AsyncWriteExt;

use crate::trouble::{self, Place};

/// A thing in a bucket, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// Its key.
    pub key: String,
    /// Its length in bytes.
    pub size: u64,
    /// Another text after each change of its bytes.
    pub version: String,
}

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

    /// What is kept under keys that are `prefix`, a `/` and a name, by key; at most `limit` of them.
    ///
    /// # Errors
    /// [`Error::Unavailable`] naming the prefix. That there is nothing is no error.
    pub async fn list(&self, prefix: &str, limit: u16) -> Result<Vec<Kept>> {
        let mut found = match self {
            Self::S3 { client, name } => {
                let list = client.list_objects_v2().bucket(name.as_ref()).prefix(format!("{prefix}/")).delimiter("/");
                let listed = list.max_keys(i32::from(limit)).send().await;
                let listed = listed.map_err(|error| failed("list", prefix, &error))?;
                let kept = listed.contents().iter().filter_map(|object| {
                    let size = object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
                    let version = object.e_tag().unwrap_or_default().to_owned();
                    Some(Kept { key: object.key()?.to_owned(), size, version })
                });
                kept.collect()
            }
            Self::Folder(folder) => {
                files(&folder.join(prefix), prefix).await.map_err(|error| failed("list", prefix, &error))?
            }
            Self::Memory(things) => {
                let things = things.lock().unwrap_or_else(PoisonError::into_inner);
                let of_prefix = |key: &str| {
                    key.strip_prefix(prefix)
                        .and_then(|name| name.strip_prefix('/'))
                        .is_some_and(|name| !name.contains('/'))
                };
                let kept = things.iter().filter(|(key, _)| of_prefix(key)).map(|(key, bytes)| {
                    let mut digest = DefaultHasher::new();
                    bytes.hash(&mut digest);
                    Kept { key: key.clone(), size: bytes.len() as u64, version: digest.finish().to_string() }
                });
                kept.collect()
            }
        };
        found.sort_unstable();
        found.truncate(usize::from(limit));
        Ok(found)
    }
}

/// The files in a folder, by the time of their last change; none where there is no such folder.
async fn files(folder: &Path, prefix: &str) -> std::io::Result<Vec<Kept>> {
    let mut entries = match tokio::fs::read_dir(folder).await {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    while let Some(entry) = entries.next_entry().await? {
        // Follows links: a folder of settings is often one.
        let (Some(name), Ok(about)) =
            (entry.file_name().to_str().map(str::to_owned), tokio::fs::metadata(entry.path()).await)
        else {
            continue;
        };
        if about.is_file() {
            let version = format!("{:?}", about.modified()?);
            found.push(Kept { key: format!("{prefix}/{name}"), size: about.len(), version });
        }
    }
    Ok(found)
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
