//! Answers reach clients that are still sending.
//!
//! A refusal does without the body, or stops reading it at a limit. The server would then close the connection with
//! bytes on it that nobody has read, which resets it: a client that writes all of its body before it reads would see a
//! broken connection in place of the answer (RFC 9112 section 9.6). So the rest of a body is read and thrown away before the
//! answer goes out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::stream::{Fuse, poll_fn};

/// How much of a body is thrown away; a client that sends more finds its connection closed.
const MAX_DISCARDED_BYTES: usize = 128 * 1024 * 1024;
/// How long a body may take to be thrown away.
const DISCARD_LIMIT: Duration = Duration::from_secs(10);

/// Answers a request, and reads what is left of its body before the answer is sent.
pub(crate) async fn read_to_the_end(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let is_asking = request.headers().contains_key(header::EXPECT);
    let (parts, body) = request.into_parts();
    let incoming = Incoming(Arc::new(Mutex::new(State { body: body.into_data_stream().fuse(), is_begun: false })));
    let reader = incoming.clone();
    let body = Body::from_stream(poll_fn(move |context| reader.poll(context)));
    let answer = next.run(Request::from_parts(parts, body)).await;
    // Whoever asks first (`Expect: 100-continue`) and is refused sends no body; reading it would invite it.
    if !is_asking || incoming.state().is_begun {
        let _ = tokio::time::timeout(DISCARD_LIMIT, incoming.discard()).await;
    }
    answer
}

/// A body on its way in, which its handler reads as far as it likes.
#[derive(Clone)]
struct Incoming(Arc<Mutex<State>>);

struct State {
    body: Fuse<BodyDataStream>,
    is_begun: bool,
}

impl Incoming {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
        let mut state = self.state();
        state.is_begun = true;
        state.body.poll_next_unpin(context)
    }

    async fn discard(&self) {
        let mut rest = poll_fn(|context| self.poll(context));
        let mut discarded = 0;
        while let Some(Ok(chunk)) = rest.next().await {
            discarded += chunk.len();
            if discarded > MAX_DISCARDED_BYTES {
                return;
            }
        }
    }
}
