//! The Lambda program of `noticeboard-inventory`.

#[tokio::main]
async fn main() -> Result<(), noticeboard_lambda::Error> {
    noticeboard_lambda::run_http(noticeboard_inventory::router).await
}
