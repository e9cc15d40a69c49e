use std::time::Duration;

use sync_http::{ErrorKind, OnWait, Verdict};
use tokio::time::Instant;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{WINDOW, get, pipeline, post};

async fn first_429_then_201(refusal: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(refusal).up_to_n_times(1).mount(&server).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(201)).mount(&server).await;
    server
}

#[tokio::test]
async fn too_many_calls_without_retry_after_waits_one_window_and_sends_even_a_create_again() {
    let server = first_429_then_201(ResponseTemplate::new(429)).await;
    let pipeline = pipeline(&server);
    let start = Instant::now();
    assert_eq!(pipeline.send(&post()).await.unwrap().status(), 201);
    assert!(start.elapsed() >= WINDOW, "{:?}", start.elapsed());
    let count = pipeline.meter().snapshot().endpoint("things.create");
    assert_eq!((count.calls, count.retries, count.throttled), (2, 1, 1));
}

#[tokio::test]
async fn retry_after_is_obeyed() {
    let server = first_429_then_201(ResponseTemplate::new(429).insert_header("retry-after", "1")).await;
    let start = Instant::now();
    assert!(pipeline(&server).send(&post()).await.is_ok());
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_worker_gets_the_wait_back_and_so_do_the_next() {
    let server = first_429_then_201(ResponseTemplate::new(429).insert_header("retry-after", "1")).await;
    let pipeline = pipeline(&server).on_wait(OnWait::Return);
    let second = Some(Duration::from_secs(1));
    let error = pipeline.send(&post()).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Temporary { retry_after: second });
    let error = pipeline.send(&get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert!(matches!(error.verdict(), Verdict::Temporary { retry_after } if retry_after <= second));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_day_that_is_used_up_is_reported_and_not_slept_through() {
    let server = first_429_then_201(ResponseTemplate::new(429).insert_header("x-daily-remaining", "0")).await;
    let error = pipeline(&server).send(&post()).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Temporary { retry_after: Some(Duration::from_secs(3600)) });
}

#[tokio::test]
async fn nothing_goes_out_after_the_deadline() {
    let server = first_429_then_201(ResponseTemplate::new(201)).await;
    let pipeline = pipeline(&server).until(Instant::now());
    let error = pipeline.send(&post()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(error.verdict(), Verdict::Temporary { retry_after: None });
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn the_deadline_bounds_an_attempt() {
    let server = first_429_then_201(ResponseTemplate::new(201).set_delay(Duration::from_secs(5))).await;
    let pipeline = pipeline(&server).until(Instant::now() + Duration::from_millis(30));
    let error = pipeline.send(&post()).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Timeout, Verdict::Unknown));
}
