//! The use cases over a table that fails at a call of one's choice.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use noticeboard_app::{App, Clock, Settings};
use noticeboard_local::engine::Engine;
use noticeboard_store::{Bucket, Store};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done.
    Refused,
    /// It is done, and the answer is lost.
    Lost,
}

/// What the log says of it, and nobody else.
pub const SECRET: &str = "the table is on fire";

/// Calls that fail.
#[derive(Debug, Clone)]
pub struct Faults {
    refused: Arc<AtomicI64>,
    lost: Arc<AtomicI64>,
}

const NEVER: i64 = i64::MAX;

impl Default for Faults {
    fn default() -> Self {
        Self { refused: Arc::new(AtomicI64::new(NEVER)), lost: Arc::new(AtomicI64::new(NEVER)) }
    }
}

impl Faults {
    /// One call fails: that after so many others.
    pub fn after(&self, calls: usize, fault: Fault) {
        let counter = match fault {
            Fault::Refused => &self.refused,
            Fault::Lost => &self.lost,
        };
        counter.store(i64::try_from(calls).unwrap(), Ordering::SeqCst);
    }

    /// No call fails any more. Whether the one that was to fail came.
    pub fn end(&self) -> bool {
        let hit = [&self.refused, &self.lost].map(|counter| counter.swap(NEVER, Ordering::SeqCst) < 0);
        hit.contains(&true)
    }
}

fn count(counter: &AtomicI64) -> Result<(), BoxError> {
    if counter.fetch_sub(1, Ordering::SeqCst) == 0 { Err(SECRET.into()) } else { Ok(()) }
}

impl Intercept for Faults {
    fn name(&self) -> &'static str {
        "Faults"
    }

    fn modify_before_serialization(
        &self,
        _: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        count(&self.refused)
    }

    fn read_after_execution(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        count(&self.lost)
    }
}

/// The use cases over an empty table of their own.
pub async fn app(clock: Clock) -> (Arc<App>, Engine, Faults) {
    let faults = Faults::default();
    let engine = Engine::memory().unwrap();
    let config = engine.dynamodb().config().to_builder().interceptor(faults.clone()).build();
    let store = Store::new(aws_sdk_dynamodb::Client::from_conf(config), "faults");
    store.create_if_missing().await.unwrap();
    (App::new(store, Bucket::memory(), clock, Settings::default()), engine, faults)
}
