//! What AWS refuses because of how this deployment is set up. The log says it once a process, however many requests
//! meet it.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use noticeboard_domain::Error;

/// What cannot be used, as far as the log has said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    /// The table or the bucket does not exist.
    Missing(Place),
    /// A call is not allowed, by its name in IAM.
    Denied(&'static str),
}

/// Where a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// The DynamoDB table.
    Table,
    /// The S3 bucket.
    Bucket,
}

impl Place {
    fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Bucket => "bucket",
        }
    }

    fn setting(self) -> &'static str {
        match self {
            Self::Table => "NOTICEBOARD_TABLE",
            Self::Bucket => "NOTICEBOARD_BUCKET",
        }
    }

    /// Why a denied call may be one, beside the policy. S3 tells of a missing object only those who may list.
    fn hint(self) -> &'static str {
        match self {
            Self::Table => "",
            Self::Bucket => " Where the policy allows it, there is no such object.",
        }
    }
}

/// What a failed call is for its caller: [`Error::NotSetUp`] where only the operator can help, by a table or a bucket
/// that exists or a right that was not given.
pub(crate) fn refused<E, R>(place: Place, name: &str, action: &'static str, error: &SdkError<E, R>) -> Option<Error>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let (what, setting) = (place.as_str(), place.setting());
    let (trouble, text) = match error.code()? {
        "ResourceNotFoundException" | "NoSuchBucket" => {
            (Trouble::Missing(place), format!("there is no {what} {name} in this region: set {setting} to one that is"))
        }
        // The latter are keys that AWS does not know.
        code @ ("AccessDeniedException" | "AccessDenied" | "UnrecognizedClientException" | "InvalidAccessKeyId") => {
            let said = error.message().unwrap_or(code);
            let text = format!("{action} is denied on the {what} {name}: {said}.{}", place.hint());
            (Trouble::Denied(action), text)
        }
        _ => return None,
    };
    static SAID: Mutex<BTreeSet<Trouble>> = Mutex::new(BTreeSet::new());
    if SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(trouble) {
        tracing::error!(trouble = text, "{}", Error::NOT_SET_UP);
    }
    Some(Error::NotSetUp)
}
