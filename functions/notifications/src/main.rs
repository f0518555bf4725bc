//! The Lambda program of `noticeboard-notifications`.

#[tokio::main]
async fn main() -> Result<(), noticeboard_lambda::Error> {
    noticeboard_lambda::run_http(noticeboard_notifications::router).await
}
