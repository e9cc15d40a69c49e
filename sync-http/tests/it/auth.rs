use std::sync::Arc;
use std::time::Duration;

use sync_http::{Authorization, ErrorKind, StaticToken, Verdict};
use wiremock::matchers::{any, header};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Tokens, get, pipeline, post};

/// Accepts only the second token.
async fn second_token_only() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(header("authorization", "Bearer token-2")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let slow_refusal = ResponseTemplate::new(401).set_delay(Duration::from_millis(20));
    Mock::given(any()).respond_with(slow_refusal).with_priority(9).mount(&server).await;
    server
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_and_the_identical_request_sent_again() {
    let server = second_token_only().await;
    let tokens = Tokens::default();
    let pipeline = pipeline(&server).with_tokens(tokens.single_flight());
    pipeline.send(&get()).await.unwrap();
    pipeline.send(&post()).await.unwrap();
    assert_eq!(tokens.issued(), 2);

    let seen = server.received_requests().await.unwrap();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[0].url, seen[1].url);
    assert_eq!(seen[1].url.query(), Some("email=a%2Bb%40x.ch"));
    assert_eq!(seen[1].headers["authorization"], "Bearer token-2");
}

#[tokio::test]
async fn ten_expired_calls_cause_one_renewal() {
    let server = second_token_only().await;
    let tokens = Tokens::default();
    let pipeline = pipeline(&server).with_tokens(tokens.single_flight());
    let calls = (0..10).map(|_| {
        let pipeline = pipeline.clone();
        tokio::spawn(async move { pipeline.send(&post()).await })
    });
    let answers = futures::future::join_all(calls.collect::<Vec<_>>()).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Ok(_)))));
    assert_eq!(tokens.issued(), 2);
    assert_eq!(server.received_requests().await.unwrap().len(), 20);
}

#[tokio::test]
async fn a_new_token_that_is_refused_too_ends_the_renewals() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(401)).mount(&server).await;
    let tokens = Tokens::default();
    let pipeline = pipeline(&server).with_tokens(tokens.single_flight());
    for _ in 0..5 {
        assert_eq!(pipeline.send(&get()).await.unwrap_err().kind(), ErrorKind::Unauthorized);
    }
    assert_eq!(tokens.issued(), 2);
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_static_token_cannot_be_renewed_and_the_error_says_so() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(401)).mount(&server).await;
    let token = StaticToken::new(Authorization::bearer("pit-secret".into()).unwrap());
    let error = pipeline(&server).with_tokens(Arc::new(token)).send(&get()).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Unauthorized, Verdict::Permanent));
    assert_eq!((error.endpoint(), error.status().unwrap().as_u16()), ("things.get", 401));
    assert!(error.to_string().contains("static token cannot be renewed"), "{error}");
    assert!(!format!("{error:?}").contains("pit-secret"));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}
