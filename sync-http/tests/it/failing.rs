use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http::StatusCode;
use sync_http::budget::Limit;
use sync_http::{Body, ErrorKind, Idempotency, Pipeline, SharedBudget, Transport, TransportError, Verdict};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Vendor, WINDOW, get, pipeline, pipeline_to, post, settings};

const LATER: Verdict = Verdict::Temporary { retry_after: None };

async fn always(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

async fn received(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

/// Reads each request, answers with these bytes, and closes; counts in its own way: by the answer's length.
async fn raw(answer: &'static [u8], then: Duration) -> (String, Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            if socket.read(&mut buffer).await.unwrap_or(0) > 0 {
                count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let _ = socket.write_all(answer).await;
                tokio::time::sleep(then).await;
            }
        }
    });
    (url, seen)
}

#[tokio::test]
async fn a_failing_server_is_asked_again_only_if_that_is_harmless() {
    let server = always(ResponseTemplate::new(503)).await;
    let pipeline = pipeline(&server);

    let error = pipeline.send(&get()).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Server, LATER));
    assert_eq!(received(&server).await, 3);

    let error = pipeline.send(&post()).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Server, Verdict::Unknown));
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(received(&server).await, 4);

    let error = pipeline.send(&post().idempotency(Idempotency::Idempotent)).await.unwrap_err();
    assert_eq!(error.verdict(), LATER);
    assert_eq!(received(&server).await, 7);

    let counts = pipeline.meter().snapshot();
    assert_eq!((counts.calls(), counts.endpoint("things.get").retries), (7, 2));
}

#[tokio::test]
async fn a_refusal_is_final() {
    let server = always(ResponseTemplate::new(422).set_body_string("no such colour")).await;
    let error = pipeline(&server).send(&post()).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent));
    assert_eq!(error.message(), Some("no such colour"));
    assert_eq!(received(&server).await, 1);
}

#[tokio::test]
async fn what_a_vendor_says_about_credentials_stays_out_of_errors() {
    let server = always(ResponseTemplate::new(422).set_body_string("wrong password hunter2")).await;
    let error = pipeline(&server).send(&post().sensitive()).await.unwrap_err();
    assert_eq!(error.message(), None);
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_tried_again_even_for_once() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let pipeline = pipeline_to(&format!("http://{closed}"), settings());
    let error = pipeline.send(&post()).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Transport, LATER));
    assert_eq!(pipeline.meter().snapshot().calls(), 3);
}

#[tokio::test]
async fn a_cut_connection_leaves_a_create_unknown() {
    let (url, seen) = raw(b"", Duration::ZERO).await;
    let pipeline = pipeline_to(&url, settings());
    let error = pipeline.send(&post()).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Transport, Verdict::Unknown));
    assert_eq!(seen.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_body_cut_in_the_middle_leaves_a_create_unknown_and_repeats_a_read() {
    let (url, seen) = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":", Duration::ZERO).await;
    let pipeline = pipeline_to(&url, settings());
    assert_eq!(pipeline.send(&post()).await.unwrap_err().verdict(), Verdict::Unknown);
    assert_eq!(pipeline.send(&get()).await.unwrap_err().verdict(), LATER);
    assert_eq!(seen.load(std::sync::atomic::Ordering::Relaxed), 4);
}

#[tokio::test]
async fn a_refusal_whose_body_is_cut_is_still_a_refusal() {
    let (url, _) = raw(b"HTTP/1.1 404 Not Found\r\ncontent-length: 100\r\n\r\n{", Duration::ZERO).await;
    let error = pipeline_to(&url, settings()).send(&post()).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::NotFound, Verdict::Permanent));
}

#[tokio::test]
async fn a_silent_server_runs_into_the_idle_timeout() {
    let (url, seen) = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", Duration::from_secs(5)).await;
    let mut quick = settings();
    quick.timeouts.idle = Duration::from_millis(20);
    let error = pipeline_to(&url, quick).send(&post()).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Timeout, Verdict::Unknown));
    assert_eq!(seen.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_page_in_html_with_200_cannot_be_decoded_and_shows_nothing_of_itself() {
    let server = always(ResponseTemplate::new(200).set_body_string("<html>Anna</html>")).await;
    let pipeline = pipeline(&server);
    let decode = async |request| pipeline.send(&request).await.unwrap().json::<serde_json::Value>().unwrap_err();
    let (read, create) = (decode(get()).await, decode(post()).await);
    assert_eq!((read.kind(), read.verdict()), (ErrorKind::Decode, LATER));
    assert_eq!((create.kind(), create.verdict()), (ErrorKind::Decode, Verdict::Unknown));
    assert!(!format!("{read} {read:?}").contains("Anna"));
}

#[tokio::test]
async fn an_answer_over_the_cap_is_not_read_to_its_end() {
    let server = always(ResponseTemplate::new(200).set_body_bytes(vec![b' '; 1001])).await;
    let pipeline = pipeline(&server);
    let error = pipeline.send(&get()).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::TooLarge, Verdict::Permanent));
    assert_eq!(pipeline.send(&post()).await.unwrap_err().verdict(), Verdict::Unknown);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = always(ResponseTemplate::new(302).insert_header("location", "https://evil.example/")).await;
    let error = pipeline(&server).send(&get()).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Configuration, Verdict::Permanent));
}

#[tokio::test]
async fn no_error_shows_the_address() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = pipeline_to(&format!("http://{closed}"), settings()).send(&get()).await.unwrap_err();
    let mut shown = format!("{error} {error:?}");
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(next) = cause {
        shown.push_str(&next.to_string());
        cause = next.source();
    }
    assert!(!shown.contains("x.ch") && !shown.contains("things?"), "{shown}");
}

/// A server whose body comes in pieces, with time between them.
struct InPieces(usize);

#[async_trait::async_trait]
impl Transport for InPieces {
    async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Body>, TransportError> {
        let pieces = futures::stream::iter([self.0 / 2, self.0 - self.0 / 2]).then(|length| async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            Ok(Bytes::from(vec![b' '; length]))
        });
        Ok(http::Response::new(pieces.boxed()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_of_just_the_longest_length_is_read_and_one_byte_more_is_too_much() {
    let send = async |length| {
        let budget = SharedBudget::new(Limit::new(100, WINDOW));
        let pipeline = Pipeline::new("http://127.0.0.1:1".parse().unwrap(), Arc::new(InPieces(length)), Vendor, budget, settings());
        pipeline.send(&get()).await
    };
    assert_eq!(send(1000).await.unwrap().body().len(), 1000);
    assert_eq!(send(1001).await.unwrap_err().kind(), ErrorKind::TooLarge);
}
