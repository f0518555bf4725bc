//! The Lambda program of `noticeboard-impacts`.

#[tokio::main]
async fn main() -> Result<(), noticeboard_lambda::Error> {
    noticeboard_lambda::run_http(noticeboard_impacts::router).await
}
