//! The Lambda program of `noticeboard-platform`.

#[tokio::main]
async fn main() -> Result<(), noticeboard_lambda::Error> {
    noticeboard_lambda::run_http(noticeboard_platform::router).await
}
