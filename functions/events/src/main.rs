//! The Lambda program of `noticeboard-events`.

#[tokio::main]
async fn main() -> Result<(), noticeboard_lambda::Error> {
    noticeboard_lambda::run_http(noticeboard_events::router).await
}
