//! What must not be shown, and may be kept in the environment.

use std::fmt;

use serde::Deserialize;

/// A setting that is secret, or has a secret in it: nothing shows it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret<T>(pub(crate) T);

/// How a secret begins that is kept in the environment.
const ENVIRONMENT: &str = "env:";

impl Secret<String> {
    /// The secret itself where the setting is `env:NAME`. `variable` reads the environment.
    ///
    /// # Errors
    /// Names the variable that is not set.
    pub(crate) fn look_up(&self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        match self.0.strip_prefix(ENVIRONMENT) {
            Some(name) => variable(name).map(Self).ok_or_else(|| format!("the environment variable {name} is not set")),
            None => Ok(self.clone()),
        }
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
