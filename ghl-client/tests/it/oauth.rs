use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use emulator_kit::{Fault, Rule};
use futures::future::{join, join_all};
use ghl_client::oauth::{App, Grant, MemoryTokenStore, StoreError, Swap, TokenEndpoint, TokenSet, TokenStore, UserType};
use ghl_client::{Client, Config, Error, ErrorKind, Verdict, Version, Versions};
use ghl_emulator::{Emulator, Grantor, TokenCounters};
use secrecy::{ExposeSecret, SecretString};
use sync_http::{ServiceTransport, Settings, WallClock};

use crate::emulator;

const CLIENT: &str = "appdemo-m0000000";
const DAY: Duration = Duration::from_secs(86_400);

fn app() -> App {
    App::new(CLIENT, "secret-demo", "https://praxis.example/back").unwrap()
}

fn clock(emulator: &Emulator) -> WallClock {
    let clock = emulator.clock().clone();
    WallClock::new(move || clock.now())
}

fn endpoint_of(emulator: &Emulator, app: App) -> TokenEndpoint {
    let transport = Arc::new(ServiceTransport::new(emulator.stage()));
    let base = ghl_client::BASE_URL.parse().unwrap();
    TokenEndpoint::with_transport(app, base, transport, Settings::default()).with_clock(clock(emulator))
}

fn endpoint(emulator: &Emulator) -> TokenEndpoint {
    endpoint_of(emulator, app())
}

async fn tokens(emulator: &Emulator) -> TokenSet {
    let code = emulator.front_desk().authorize(CLIENT, Grantor::Location).unwrap();
    endpoint(emulator).exchange(&code, UserType::Location).await.unwrap()
}

/// A store with the tokens of a location that has just connected the app.
async fn connected(emulator: &Emulator) -> Arc<MemoryTokenStore> {
    Arc::new(MemoryTokenStore::new(tokens(emulator).await))
}

fn client_with(emulator: &Emulator, store: Arc<dyn TokenStore>, versions: Versions) -> Client {
    let grant = Grant { clock: clock(emulator), ..Grant::new(app(), store) };
    let config = Config { versions, ..Config::connected("loc-demo", grant).unwrap() };
    Client::with_transport(config, Arc::new(ServiceTransport::new(emulator.stage()))).unwrap()
}

fn client(emulator: &Emulator, store: &Arc<MemoryTokenStore>) -> Client {
    client_with(emulator, Arc::clone(store) as _, Versions::default())
}

/// A call that works if the token does: the emulator has no such contact.
async fn call(client: &Client) -> Result<(), Error> {
    match client.contact("nobody").await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other.map(|_| ()),
    }
}

/// How often the token endpoint was asked.
fn asked(emulator: &Emulator) -> usize {
    emulator.journal().entries().iter().filter(|entry| entry.path == "/oauth/token").count()
}

/// How many calls were refused for their token.
fn refused(emulator: &Emulator) -> usize {
    emulator.journal().entries().iter().filter(|entry| entry.status.is_some_and(|status| status == 401)).count()
}

#[tokio::test(start_paused = true)]
async fn a_connected_location_is_open() {
    let emulator = emulator();
    let store = connected(&emulator).await;
    let tokens = store.load().await.unwrap().unwrap();
    assert_eq!((tokens.user_type, tokens.location_id.as_deref()), (UserType::Location, Some("loc-demo")));
    assert_eq!(tokens.expires_at.timestamp(), 86_399);
    assert!(tokens.scopes.contains(&"contacts.write".to_owned()));
    call(&client(&emulator, &store)).await.unwrap();
    assert_eq!(asked(&emulator), 1, "the code, and nothing else");
}

#[tokio::test(start_paused = true)]
async fn a_code_is_good_for_once_and_the_error_says_what_to_do() {
    let emulator = emulator();
    let code = emulator.front_desk().authorize(CLIENT, Grantor::Location).unwrap();
    let endpoint = endpoint(&emulator);
    endpoint.exchange(&code, UserType::Location).await.unwrap();
    let error = endpoint.exchange(&code, UserType::Location).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Unauthorized, Verdict::Permanent));
    assert!(error.message().unwrap().contains("connect again"), "{error}");
    assert!(!format!("{error} {error:?}").contains(&code), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_is_a_matter_of_the_settings() {
    let emulator = emulator();
    let code = emulator.front_desk().authorize(CLIENT, Grantor::Location).unwrap();
    let endpoint = endpoint_of(&emulator, App { client_secret: "another".into(), ..app() });
    let error = endpoint.exchange(&code, UserType::Location).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[tokio::test(start_paused = true)]
async fn tokens_are_renewed_before_they_expire() {
    let emulator = emulator();
    let store = connected(&emulator).await;
    let client = client(&emulator, &store);
    for _ in 0..3 {
        call(&client).await.unwrap();
        tokio::time::sleep(DAY - Duration::from_secs(200)).await;
    }
    assert_eq!(refused(&emulator), 0, "no call went out with an expired token");
    assert_eq!(emulator.token_counters().refreshes, 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_lives_shorter_than_the_time_ahead_is_not_renewed_at_every_call() {
    let (token_lifetime, clock) = (Duration::from_secs(60), emulator_kit::Clock::starting_at(chrono::DateTime::UNIX_EPOCH));
    let emulator = Emulator::new(ghl_emulator::Config { token_lifetime, clock, ..ghl_emulator::Config::default() });
    let client = client(&emulator, &connected(&emulator).await);
    for _ in 0..5 {
        call(&client).await.unwrap();
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    assert_eq!(emulator.token_counters().refreshes, 1);
}

#[tokio::test(start_paused = true)]
async fn tasks_that_find_the_token_expired_cause_one_refresh() {
    let emulator = emulator();
    let store = connected(&emulator).await;
    let client = client(&emulator, &store);
    call(&client).await.unwrap();
    tokio::time::sleep(DAY).await;
    let calls = join_all((0..10).map(|_| call(&client))).await;
    assert!(calls.iter().all(Result::is_ok), "{calls:?}");
    assert_eq!(asked(&emulator), 2, "the code, and one refresh");
    assert_eq!(emulator.token_counters().refreshes, 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_before_its_time_is_renewed_once() {
    let emulator = emulator();
    let store = connected(&emulator).await;
    let client = client(&emulator, &store);
    call(&client).await.unwrap();
    emulator.revoke_access_tokens();
    call(&client).await.unwrap();
    assert_eq!((refused(&emulator), asked(&emulator)), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn two_processes_with_one_store_end_up_with_the_same_tokens() {
    let emulator = emulator();
    let store = connected(&emulator).await;
    let (one, other) = (client(&emulator, &store), client(&emulator, &store));
    join(call(&one), call(&other)).await.0.unwrap();
    tokio::time::sleep(DAY).await;
    // One waits for its answer while the other asks.
    emulator.faults().add(Rule::on("/oauth/token", Fault::DelayAfter(Duration::from_secs(5))));
    let (first, second) = join(call(&one), call(&other)).await;
    first.unwrap();
    second.unwrap();
    let counters = emulator.token_counters();
    assert_eq!((counters.refreshes, counters.repeats), (1, 1));
    let before = asked(&emulator);
    emulator.revoke_access_tokens();
    call(&one).await.unwrap();
    call(&other).await.unwrap();
    assert_eq!(asked(&emulator), before + 1, "the slower one takes the tokens of the faster one from the store");
    assert_eq!(emulator.token_counters().refusals, 0);
}

#[tokio::test(start_paused = true)]
async fn a_process_whose_refresh_token_was_just_spent_uses_the_tokens_of_the_other_one() {
    let (refresh_grace, clock) = (Duration::ZERO, emulator_kit::Clock::starting_at(chrono::DateTime::UNIX_EPOCH));
    let emulator = Emulator::new(ghl_emulator::Config { refresh_grace, clock, ..ghl_emulator::Config::default() });
    let store = connected(&emulator).await;
    let (one, other) = (client(&emulator, &store), client(&emulator, &store));
    tokio::time::sleep(DAY).await;
    // The answer to the one is under way, and not stored yet, when the other is refused.
    emulator.faults().add(Rule::on("/oauth/token", Fault::DelayAfter(Duration::from_secs(5))));
    let (first, second) = join(call(&one), call(&other)).await;
    first.unwrap();
    second.unwrap();
    let counters = emulator.token_counters();
    assert_eq!((counters.refreshes, counters.refusals), (1, 1), "both asked, one of them too late");
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_wins_over_a_refresh_that_was_under_way() {
    let emulator = emulator();
    let store = connected(&emulator).await;
    let client = client(&emulator, &store);
    tokio::time::sleep(DAY).await;
    emulator.faults().add(Rule::on("/oauth/token", Fault::DelayAfter(Duration::from_secs(5))));
    let reconnect = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let new = tokens(&emulator).await;
        store.put(new.clone());
        new
    };
    let (called, new) = join(call(&client), reconnect).await;
    called.unwrap();
    let entries = emulator.journal().entries();
    let used = &entries.last().unwrap().headers["authorization"];
    assert_eq!(used.to_str().unwrap(), format!("Bearer {}", new.access_token.expose_secret()));
    let stored = store.load().await.unwrap().unwrap();
    assert_eq!(stored.access_token.expose_secret(), new.access_token.expose_secret());
}

#[tokio::test(start_paused = true)]
async fn a_lost_refresh_is_asked_for_again_while_ghl_remembers_it() {
    for fault in [Fault::CutAfter, Fault::Truncate(20), Fault::DelayAfter(Duration::from_secs(60))] {
        let emulator = emulator();
        let store = connected(&emulator).await;
        let client = client(&emulator, &store);
        tokio::time::sleep(DAY).await;
        let name = fault.name();
        emulator.faults().add(Rule::on("/oauth/token", fault));
        call(&client).await.unwrap();
        let expected = TokenCounters { exchanges: 1, refreshes: 1, repeats: 1, ..TokenCounters::default() };
        assert_eq!(emulator.token_counters(), expected, "{name}");
        tokio::time::sleep(DAY).await;
        call(&client).await.unwrap();
        assert_eq!(emulator.token_counters().refreshes, 2, "{name}: what was stored is the newest");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_never_arrived_is_tried_again_later() {
    let emulator = emulator();
    let store = connected(&emulator).await;
    let client = client(&emulator, &store);
    tokio::time::sleep(DAY).await;
    emulator.faults().add(Rule::on("/oauth/token", Fault::CutBefore).times(2));
    let error = call(&client).await.unwrap_err();
    assert!(matches!(error.verdict(), Verdict::Temporary { .. }), "{error}");
    tokio::time::sleep(Duration::from_secs(600)).await;
    call(&client).await.unwrap();
    assert_eq!(emulator.token_counters().refreshes, 1);
}

#[tokio::test(start_paused = true)]
async fn a_dead_grant_is_asked_about_once_and_a_new_connection_ends_it() {
    let emulator = emulator();
    let store = connected(&emulator).await;
    let client = client(&emulator, &store);
    call(&client).await.unwrap();
    emulator.front_desk().uninstall(CLIENT, Grantor::Location);
    let before = asked(&emulator);
    for _ in 0..5 {
        let error = call(&client).await.unwrap_err();
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::Unauthorized, Verdict::Permanent));
        assert!(error.message().unwrap().contains("connected again"), "{error}");
        tokio::time::sleep(Duration::from_secs(100)).await;
    }
    assert_eq!(asked(&emulator), before + 1);
    store.put(tokens(&emulator).await);
    tokio::time::sleep(Duration::from_secs(100)).await;
    call(&client).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refresh_whose_answers_are_lost_for_longer_than_ghl_remembers_ends_the_grant() {
    let emulator = emulator();
    let store = connected(&emulator).await;
    let client = client(&emulator, &store);
    tokio::time::sleep(DAY).await;
    emulator.faults().add(Rule::on("/oauth/token", Fault::CutAfter).times(2));
    assert!(matches!(call(&client).await.unwrap_err().verdict(), Verdict::Temporary { .. }));
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(call(&client).await.unwrap_err().verdict(), Verdict::Permanent);
}

#[tokio::test(start_paused = true)]
async fn who_has_not_connected_yet_is_told_so() {
    let emulator = emulator();
    let error = call(&client(&emulator, &Arc::default())).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Unauthorized, Verdict::Permanent));
    assert!(emulator.journal().is_empty());
}

/// A store that can fail, and that notes how many calls had gone out before it took new tokens.
struct Moody {
    inner: Arc<MemoryTokenStore>,
    fails: AtomicBool,
    emulator: Emulator,
    calls_before: Mutex<Vec<usize>>,
}

#[async_trait]
impl TokenStore for Moody {
    async fn load(&self) -> Result<Option<TokenSet>, StoreError> {
        self.inner.load().await
    }

    async fn swap(&self, old: &SecretString, new: &TokenSet) -> Result<Swap, StoreError> {
        if self.fails.load(Ordering::Relaxed) {
            return Err("the disk is full".into());
        }
        let calls = self.emulator.journal().entries().iter().filter(|entry| entry.path.starts_with("/contacts/")).count();
        self.calls_before.lock().unwrap().push(calls);
        self.inner.swap(old, new).await
    }
}

#[tokio::test(start_paused = true)]
async fn new_tokens_are_stored_before_they_are_used_and_not_lost_when_the_store_fails() {
    let emulator = emulator();
    let inner = connected(&emulator).await;
    let store = Arc::new(Moody { inner, fails: true.into(), emulator: emulator.clone(), calls_before: Mutex::default() });
    let client = client_with(&emulator, Arc::clone(&store) as _, Versions::default());
    tokio::time::sleep(DAY).await;
    let error = call(&client).await.unwrap_err();
    assert_eq!(error.message(), Some("the store of tokens failed"));
    assert!(matches!(error.verdict(), Verdict::Temporary { .. }), "{error}");
    store.fails.store(false, Ordering::Relaxed);
    // Longer than GHL would remember the exchange.
    tokio::time::sleep(Duration::from_secs(600)).await;
    call(&client).await.unwrap();
    assert_eq!(*store.calls_before.lock().unwrap(), [0], "stored once, before the first call");
    assert_eq!(emulator.token_counters(), TokenCounters { exchanges: 1, refreshes: 1, ..TokenCounters::default() });
}

#[tokio::test(start_paused = true)]
async fn an_agency_exchanges_its_token_for_the_locations() {
    let emulator = emulator();
    let code = emulator.front_desk().authorize(CLIENT, Grantor::Company).unwrap();
    let endpoint = endpoint(&emulator);
    let agency = endpoint.exchange(&code, UserType::Location).await.unwrap();
    assert_eq!((agency.user_type, agency.approved_locations.as_slice()), (UserType::Company, ["loc-demo".to_owned()].as_slice()));

    let wrong = client(&emulator, &Arc::new(MemoryTokenStore::new(agency.clone())));
    assert_eq!(call(&wrong).await.unwrap_err().kind(), ErrorKind::Configuration, "an agency's token opens no location");

    let location = endpoint.location_token(&agency, "loc-demo").await.unwrap();
    assert_eq!(location.company_id.as_deref(), Some("company-demo"));
    let store = Arc::new(MemoryTokenStore::new(location.clone()));
    let client = client(&emulator, &store);
    call(&client).await.unwrap();
    tokio::time::sleep(DAY).await;
    call(&client).await.unwrap();
    assert_eq!(emulator.token_counters().refreshes, 1, "it is renewed by itself");

    assert_eq!(endpoint.location_token(&agency, "loc-other").await.unwrap_err().kind(), ErrorKind::Unauthorized, "a day has passed");
    assert_eq!(endpoint.location_token(&location, "loc-demo").await.unwrap_err().kind(), ErrorKind::Configuration);
}

#[tokio::test(start_paused = true)]
async fn the_tokens_of_another_location_are_not_used() {
    let emulator = emulator();
    let other = TokenSet { location_id: Some("loc-other".to_owned()), ..tokens(&emulator).await };
    let before = emulator.journal().len();
    let error = call(&client(&emulator, &Arc::new(MemoryTokenStore::new(other)))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(emulator.journal().len(), before);
}

#[tokio::test(start_paused = true)]
async fn v3_speaks_another_dialect_and_means_the_same() {
    let emulator = emulator();
    let code = emulator.front_desk().authorize(CLIENT, Grantor::Company).unwrap();
    let endpoint = endpoint(&emulator).with_version(Version::V3);
    let agency = endpoint.exchange(&code, UserType::Company).await.unwrap();
    let location = endpoint.location_token(&agency, "loc-demo").await.unwrap();
    let versions = Versions { oauth: Version::V3, ..Versions::default() };
    let client = client_with(&emulator, Arc::new(MemoryTokenStore::new(location)), versions);
    tokio::time::sleep(DAY).await;
    call(&client).await.unwrap();
    let expected = TokenCounters { exchanges: 1, refreshes: 1, location_tokens: 1, ..TokenCounters::default() };
    assert_eq!(emulator.token_counters(), expected);
}

#[tokio::test(start_paused = true)]
async fn no_token_and_no_secret_shows() {
    let emulator = emulator();
    let store = connected(&emulator).await;
    let grant = Grant::new(app(), Arc::clone(&store) as _);
    let config = Config::connected("loc-demo", grant.clone()).unwrap();
    let tokens = store.load().await.unwrap().unwrap();
    let shown = format!("{grant:?} {config:?} {store:?} {tokens:?} {:?}", endpoint(&emulator));
    assert!(!shown.contains("secret-demo") && !shown.contains("eyJ"), "{shown}");
}
