use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::routing::get;
use bytes::Bytes;
use futures::{StreamExt, stream};
use sync_http::budget::Limit;
use sync_http::{ErrorKind, Pipeline, Request, Result, ServiceTransport, Settings, SharedBudget, Timeouts, Transport, Verdict};
use tokio::time::Instant;

use crate::support::Vendor;

fn in_process(router: Router, settings: Settings) -> Pipeline {
    let transport: Arc<dyn Transport> = Arc::new(ServiceTransport::<_, Body>::new(router));
    let budget = SharedBudget::new(Limit::new(100, Duration::from_secs(10)));
    Pipeline::new("https://vendor.example".parse().unwrap(), transport, Vendor, budget, settings)
}

fn list() -> Request {
    Request::get("things.list", "/things")
}

fn answering(status: StatusCode, body: &'static str) -> Router {
    Router::new().route("/things", get(move || async move { (status, body) }))
}

async fn collect(router: Router) -> Result<Vec<Result<Bytes>>> {
    Ok(in_process(router, Settings::default()).stream(&list()).await?.collect().await)
}

#[tokio::test(start_paused = true)]
async fn elements_come_out_as_raw_bytes() {
    let elements = collect(answering(StatusCode::OK, r#"[{"id": 1}, {"id": "2"}]"#)).await.unwrap();
    let elements: Vec<Bytes> = elements.into_iter().map(Result::unwrap).collect();
    assert_eq!(elements, [r#"{"id": 1}"#, r#"{"id": "2"}"#]);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_off_ends_with_an_error_after_what_was_complete() {
    let elements = collect(answering(StatusCode::OK, r#"[{"id":1},{"id":2},{"i"#)).await.unwrap();
    assert_eq!(elements.len(), 3);
    let error = elements[2].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Decode, Verdict::Temporary { retry_after: None }));
}

#[tokio::test(start_paused = true)]
async fn html_with_200_is_no_list() {
    let elements = collect(answering(StatusCode::OK, "<html>maintenance</html>")).await.unwrap();
    assert_eq!(elements.len(), 1);
    assert_eq!(elements[0].as_ref().unwrap_err().kind(), ErrorKind::Decode);
}

#[tokio::test(start_paused = true)]
async fn a_refused_list_is_an_error_before_any_element() {
    let error = collect(answering(StatusCode::FORBIDDEN, "[]")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
}

/// One byte per second, for ever; then nothing.
fn dripping(pause: Duration) -> Router {
    let body = move || async move {
        let bytes = stream::once(async { Bytes::from_static(b"[") }).chain(stream::repeat(Bytes::from_static(b"1,")));
        Body::from_stream(bytes.then(move |byte| async move {
            tokio::time::sleep(pause).await;
            Ok::<_, std::convert::Infallible>(byte)
        }))
    };
    Router::new().route("/things", get(body))
}

fn patience(idle: u64, stream: u64) -> Settings {
    let timeouts = Timeouts { idle: Duration::from_secs(idle), stream: Duration::from_secs(stream), ..Timeouts::default() };
    Settings { timeouts, ..Settings::default() }
}

#[tokio::test(start_paused = true)]
async fn a_slow_drip_passes_the_idle_timeout_and_ends_at_the_total() {
    let start = Instant::now();
    let pipeline = in_process(dripping(Duration::from_secs(1)), patience(2, 100));
    let elements: Vec<_> = pipeline.stream(&list()).await.unwrap().collect().await;
    assert_eq!(start.elapsed().as_secs(), 100);
    assert!(elements.len() > 90);
    assert_eq!(elements.last().unwrap().as_ref().unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn a_stall_runs_into_the_idle_timeout() {
    let start = Instant::now();
    let pipeline = in_process(dripping(Duration::from_secs(9)), patience(2, 100));
    let elements: Vec<_> = pipeline.stream(&list()).await.unwrap().collect().await;
    assert_eq!(start.elapsed().as_secs(), 2);
    assert_eq!(elements[0].as_ref().unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn a_failing_start_is_repeated_under_virtual_time() {
    let seen = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let handler = move || async move {
        match seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 | 1 => (StatusCode::BAD_GATEWAY, "<html>"),
            _ => (StatusCode::OK, "[1]"),
        }
    };
    let elements = collect(Router::new().route("/things", get(handler))).await.unwrap();
    assert_eq!(elements.len(), 1);
}
