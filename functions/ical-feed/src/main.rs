//! The Lambda program of `noticeboard-ical-feed`.

#[tokio::main]
async fn main() -> Result<(), noticeboard_lambda::Error> {
    noticeboard_lambda::run_http(noticeboard_ical_feed::router).await
}
