//! One call of a function, with what Lambda puts around it.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;

/// Calls a function. One that panics or takes longer than `limit` has failed, and nothing else has; it is dropped where
/// it waits. (One that never waits cannot be stopped.)
///
/// # Errors
/// What happened.
pub(crate) async fn call<T>(function: impl Future<Output = T>, limit: Duration) -> Result<T, String> {
    match tokio::time::timeout(limit, AssertUnwindSafe(function).catch_unwind()).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(panic)) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!("it panicked: {}", text.unwrap_or("it did not say why")))
        }
        Err(_) => Err(format!("it did not end within {} s", limit.as_secs_f64())),
    }
}
