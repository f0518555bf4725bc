//! What the real program tells the world, as its log broker writes it.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Process;

/// The messages of a program.
#[derive(Debug)]
pub struct Messages<'a> {
    process: &'a Process,
    seen: RefCell<Vec<Value>>,
}

impl<'a> Messages<'a> {
    pub fn of(process: &'a Process) -> Self {
        Self { process, seen: RefCell::default() }
    }

    /// Waits for the message of this topic about this subject.
    #[track_caller]
    pub fn wait(&self, topic: &str, subject: &str) -> Value {
        let is_it = |message: &Value| message["type"] == topic && message["subject"] == subject;
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(found) = self.seen.borrow().iter().find(|message| is_it(message)) {
                return found.clone();
            }
            let left = end.saturating_duration_since(Instant::now());
            let line = self.process.errors.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("no {topic} about {subject}: {:?}", self.seen));
            self.take(&line);
        }
    }

    /// Every message until now.
    pub fn all(&self) -> Vec<Value> {
        self.process.errors.try_iter().for_each(|line| self.take(&line));
        self.seen.borrow().clone()
    }

    fn take(&self, line: &str) {
        // Other lines are the program's log.
        let message = serde_json::from_str::<Value>(line).ok();
        self.seen.borrow_mut().extend(message.filter(|message| message["specversion"] == "1.0"));
    }
}
