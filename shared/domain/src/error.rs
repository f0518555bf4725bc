//! The one error of the house: a message for the caller, and a detail for the log that never reaches the caller.

use std::borrow::Cow;
use std::fmt;

/// What every use case returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a use case could not do what was asked.
///
/// It says nothing of HTTP; `noticeboard-http` maps each variant to a status in one place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// One or more fields break a rule.
    #[error("{0}")]
    Invalid(FieldErrors),
    /// There is no such object. The text names the kind of object, for people.
    #[error("No {what} matches the given query.")]
    NotFound {
        /// `Maintenance`, `Circuit`, …
        what: &'static str,
    },
    /// What was asked contradicts the state that the object is in.
    #[error("{0}")]
    Conflict(String),
    /// The caller's version of the object is not the stored one any more.
    #[error("The object was changed by someone else: read it again and repeat the change.")]
    VersionMismatch,
    /// The caller may not do this.
    #[error("{0}")]
    Denied(String),
    /// The input is larger than a named limit.
    #[error("{what} is larger than {limit} bytes ({name}).")]
    TooLarge {
        /// What is too large, for people.
        what: &'static str,
        /// The limit, in bytes.
        limit: usize,
        /// The limit's name, as ARCHITECTURE.md lists it.
        name: &'static str,
    },
    /// Storage cannot be reached or is overloaded; the same request may succeed later.
    #[error("The service is not available right now. Try again.")]
    Unavailable {
        /// For the log.
        detail: String,
    },
    /// A setting, the table, the bucket or a right is missing: the operator must act. The log has said which, once.
    #[error("{}", Self::NOT_SET_UP)]
    NotSetUp,
    /// Stored data or the program itself is wrong.
    #[error("An internal error occurred. The log has the details under this request's id.")]
    Internal {
        /// For the log.
        detail: String,
    },
}

impl Error {
    /// What a caller is told of a deployment that lacks something, and what the log calls it.
    pub const NOT_SET_UP: &'static str = "The service is not set up. Its log says what is missing.";

    /// An error about one field.
    pub fn field(field: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let mut errors = FieldErrors::default();
        errors.add(field, message);
        Self::Invalid(errors)
    }

    /// An error of the program or its data; `detail` is for the log only.
    pub fn internal(detail: impl fmt::Display) -> Self {
        Self::Internal { detail: detail.to_string() }
    }

    /// What kind of error it is, in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "Invalid",
            Self::NotFound { .. } => "NotFound",
            Self::Conflict(_) => "Conflict",
            Self::VersionMismatch => "VersionMismatch",
            Self::Denied(_) => "Denied",
            Self::TooLarge { .. } => "TooLarge",
            Self::Unavailable { .. } => "Unavailable",
            Self::NotSetUp => "NotSetUp",
            Self::Internal { .. } => "Internal",
        }
    }

    /// What the log should say beside the message, where there is more to say.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Unavailable { detail } | Self::Internal { detail } => Some(detail),
            Self::Invalid(_)
            | Self::NotFound { .. }
            | Self::Conflict(_)
            | Self::VersionMismatch
            | Self::Denied(_)
            | Self::TooLarge { .. }
            | Self::NotSetUp => None,
        }
    }
}

/// Errors by field, in the order in which they were found.
///
/// The key [`FieldErrors::ALL`] is for what concerns no single field (NetBox calls it `__all__`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<(Cow<'static, str>, Vec<String>)>);

impl FieldErrors {
    /// The key of an error that concerns the object as a whole.
    pub const ALL: &'static str = "__all__";

    /// The key of an error of what is no object at all, and so has no fields.
    pub const NO_OBJECT: &'static str = "non_field_errors";

    /// Adds a message for a field.
    pub fn add(&mut self, field: impl Into<Cow<'static, str>>, message: impl Into<String>) {
        let (field, message) = (field.into(), message.into());
        match self.0.iter_mut().find(|(name, _)| *name == field) {
            Some((_, messages)) => messages.push(message),
            None => self.0.push((field, vec![message])),
        }
    }

    /// Keeps the value of `result`, or notes its error under `field`.
    pub fn keep<T>(&mut self, field: &'static str, result: std::result::Result<T, String>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(message) => {
                self.add(field, message);
                None
            }
        }
    }

    /// The fields with their messages.
    pub fn iter(&self) -> impl Iterator<Item = (&Cow<'static, str>, &[String])> {
        self.0.iter().map(|(field, messages)| (field, messages.as_slice()))
    }

    /// Adds what another check found, for fields that have no error yet.
    pub fn add_missing(&mut self, others: &Self) {
        for (field, messages) in others.iter() {
            if !self.has(field) {
                self.0.push((field.clone(), messages.to_vec()));
            }
        }
    }

    /// Keeps the value of `result`, or notes what is wrong with fields that have no error yet.
    ///
    /// # Errors
    /// Any but [`Error::Invalid`].
    pub fn collect<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Error::Invalid(errors)) => {
                if !self.has(Self::NO_OBJECT) {
                    self.add_missing(&errors);
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The value of `result`, where nothing was wrong before either.
    ///
    /// # Errors
    /// [`Error::Invalid`] with all that is wrong, and whatever else `result` has.
    pub fn finish<T>(mut self, result: Result<T>) -> Result<T> {
        match self.collect(result)? {
            Some(value) => self.into_result().map(|()| value),
            None => Err(Error::Invalid(self)),
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `field` has an error.
    pub fn has(&self, field: &str) -> bool {
        self.0.iter().any(|(name, _)| *name == field)
    }

    /// `Err` when there is any error.
    pub fn into_result(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self)) }
    }
}

impl fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (field, messages)) in self.iter().enumerate() {
            if n > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{field}: {}", messages.join(" "))?;
        }
        Ok(())
    }
}
