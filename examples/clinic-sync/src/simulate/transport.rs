//! The network between the process and one of the two systems.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body as AxumBody;
use bytes::Bytes;
use chrono::TimeDelta;
use emulator_kit::{Fault, Reply, Rule, Stage};
use futures::{StreamExt, TryStreamExt, stream};
use http::{Method, Request, Response};
use serde_json::{Value, json};
use sync_core::Side;
use sync_http::transport::Reach;
use sync_http::{Body, ServiceTransport, Transport, TransportError};

use super::chaos::Chaos;
use super::fault::{Group, Op, Planned, Trouble};
use super::ledger::{By, Family, Place};
use super::patch::{Patch, begins_listing, id_in};
use super::tamper::Tamper;

/// Longer than any client waits.
const FOREVER: Duration = Duration::from_secs(50);
/// An answer that is late, and in time.
const SLOW: Duration = Duration::from_secs(12);

/// Requests to one of the two systems.
pub(super) struct Network {
    chaos: Chaos,
    side: Side,
    stage: ServiceTransport<Stage, AxumBody>,
    tamper: Arc<dyn Tamper>,
}

impl Network {
    pub(super) fn new(chaos: Chaos, side: Side, tamper: Arc<dyn Tamper>) -> Self {
        let stage = match side {
            Side::Left => chaos.clinic.ephysio.stage(),
            Side::Right => chaos.clinic.ghl.stage(),
        };
        Self { chaos, side, stage: ServiceTransport::new(stage), tamper }
    }

    /// Writes into the emulator's script what goes wrong with the request that comes now.
    fn script(&self, request: &Request<Bytes>, op: Op, planned: Planned) {
        let clinic = &self.chaos.clinic;
        match planned.trouble {
            Trouble::TokensExpire => {
                clinic.ephysio.expire_tokens();
                clinic.ghl.revoke_access_tokens();
            }
            Trouble::SearchLag => self.chaos.set_search_lag(TimeDelta::seconds(8)),
            Trouble::ShiftingPages => self.shift(planned),
            Trouble::Merged => self.merge(request, planned),
            Trouble::Overtaken => self.overtake(request),
            trouble => {
                let Some(fault) = fault(trouble, op, self.side, planned.pick) else { return };
                if trouble == Trouble::SlowWork {
                    self.note_sent(request, op);
                }
                let faults = if self.side == Side::Left { clinic.ephysio.faults() } else { clinic.ghl.faults() };
                faults.add(Rule::on(request.uri().path(), fault).method(request.method().clone()));
            }
        }
    }

    /// A write that is carried out long after it was sent: nobody can see by then what is edited in between.
    fn note_sent(&self, request: &Request<Bytes>, op: Op) {
        let Some((side, family)) = op.about.filter(|_| op.group == Group::Update) else { return };
        id_in(request).into_iter().for_each(|id| self.chaos.ledger.sent(Place { side, family, id: id.to_owned() }, FOREVER));
    }

    /// Somebody comes, so that what follows moves to another page.
    fn shift(&self, planned: Planned) {
        let number = 400_000 + u32::try_from(planned.pick % 100_000).unwrap_or_default();
        let act = if self.side == Side::Left { super::script::Act::NewPatient } else { super::script::Act::NewLead };
        self.chaos.staff_acts(super::script::Action { act, number, pick: planned.pick });
    }

    /// The record that the request names is merged into a new one.
    fn merge(&self, request: &Request<Bytes>, planned: Planned) {
        let Some(id) = request.uri().path().strip_prefix("/contacts/").filter(|_| self.side == Side::Right) else { return };
        let desk = self.chaos.clinic.ghl.front_desk();
        let Some(contact) = desk.contact(id) else { return };
        self.chaos.trace.note(format_args!("merged {id} {}", planned.pick));
        self.chaos.ledger.book(By::Sync);
        let winner = desk.create(json!({
            "firstName": contact.first_name, "lastName": contact.last_name, "email": contact.email, "phone": contact.phone,
        }));
        desk.merge(&winner, id);
        self.chaos.ledger.book(By::Staff);
    }

    /// Somebody at the front desk enters the same just before.
    fn overtake(&self, request: &Request<Bytes>) {
        let Ok(Value::Object(body)) = serde_json::from_slice(request.body()) else { return };
        if self.side == Side::Left || !request.uri().path().starts_with("/contacts") {
            return;
        }
        let names = ["firstName", "lastName", "email", "phone"];
        let same: serde_json::Map<String, Value> =
            names.iter().filter_map(|name| Some(((*name).to_owned(), body.get(*name)?.clone()))).collect();
        self.chaos.ledger.book(By::Sync);
        self.chaos.clinic.ghl.front_desk().create(Value::Object(same));
        self.chaos.ledger.book(By::Staff);
    }
}

#[async_trait]
impl Transport for Network {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let request = self.tamper.request(self.side, request);
        let op = Op::of(self.side, request.method(), request.uri().path());
        let trouble = self.chaos.begin(op).await;
        if trouble.is_some_and(|planned| planned.trouble == Trouble::Unreachable) {
            return Err(TransportError::new(Reach::NotSent, "the simulated network is down"));
        }
        if let Some(planned) = trouble {
            self.script(&request, op, planned);
        }
        self.note_look(&request, op);
        let patch = Patch::of(&request, op, &self.chaos.ledger);
        let answer = self.stage.send(request).await;
        if matches!(op.group, Group::Create | Group::Update | Group::Remove) {
            self.chaos.ledger.book(self.chaos.by());
        }
        if let (Some(patch), None, By::Sync) = (patch, trouble, self.chaos.by()) {
            patch.note_idle(&self.chaos.ledger);
        }
        self.chaos.end(trouble).await;
        match trouble.map(|planned| planned.trouble) {
            Some(trouble @ (Trouble::ShortList | Trouble::BrokenElement)) => bend(answer?, trouble).await,
            _ => answer,
        }
    }
}

fn fault(trouble: Trouble, op: Op, side: Side, pick: u64) -> Option<Fault> {
    let html = Reply::new(200, "<!doctype html><title>Wartung</title>").header("content-type", "text/html");
    let json = |status, body: &'static str| Reply::new(status, body).header("content-type", "application/json");
    Some(match trouble {
        Trouble::CutBefore => Fault::CutBefore,
        Trouble::ReplyLost => Fault::CutAfter,
        Trouble::ErrorBefore => Fault::Refuse(json(503, "{\"message\":\"unavailable\"}")),
        Trouble::ErrorAfter => Fault::Replace(json(502, "{\"message\":\"bad gateway\"}")),
        Trouble::SlowWork => Fault::SlowWork(FOREVER),
        Trouble::NoAnswer => Fault::DelayBefore(FOREVER),
        Trouble::LateAnswer => Fault::DelayAfter(SLOW),
        Trouble::SlowDrip => Fault::Drip(Duration::from_millis(3)),
        Trouble::CutBody => Fault::Truncate(usize::try_from(pick % 60).unwrap_or_default()),
        Trouble::MalformedBody => Fault::Replace(json(200, "{\"id\": \"")),
        Trouble::WebPage if pick.is_multiple_of(2) => Fault::Refuse(html),
        Trouble::WebPage => Fault::Replace(html),
        Trouble::EmptyList => Fault::Refuse(json(200, empty(side, op))),
        Trouble::Forbidden => Fault::Refuse(json(403, "{\"statusCode\":403,\"message\":\"forbidden\"}")),
        Trouble::NotThere => Fault::Refuse(json(404, "{\"statusCode\":404,\"message\":\"not found\"}")),
        Trouble::RateLimit => Fault::Refuse(json(429, "{\"statusCode\":429,\"message\":\"too many requests\"}")),
        Trouble::RateLimitWithPause => {
            Fault::Refuse(json(429, "{\"statusCode\":429,\"message\":\"too many requests\"}").header("retry-after", "7"))
        }
        _ => return None,
    })
}

fn empty(side: Side, op: Op) -> &'static str {
    match (side, op.about) {
        (Side::Left, _) => "[]",
        (Side::Right, Some((_, Family::Appointment))) => "{\"events\":[]}",
        (Side::Right, _) => "{\"contacts\":[],\"total\":0}",
    }
}

impl Network {
    /// Which records the process sees now. Of a listing in pages, only its beginning counts.
    fn note_look(&self, request: &Request<Bytes>, op: Op) {
        let Some((side, family)) = op.about else { return };
        match op.group {
            Group::List if begins_listing(request, side) => self.chaos.ledger.listed(side, family),
            Group::Read => id_in(request).into_iter().for_each(|id| self.chaos.ledger.read(side, family, id)),
            _ => {}
        }
    }
}

/// A listing that leaves out half, or has an element that is none.
async fn bend(answer: Response<Body>, trouble: Trouble) -> Result<Response<Body>, TransportError> {
    let (mut parts, body) = answer.into_parts();
    parts.headers.remove(http::header::CONTENT_LENGTH);
    let pieces: Vec<Bytes> = body.try_collect().await?;
    let whole = pieces.concat();
    let bent = match serde_json::from_slice::<Value>(&whole) {
        Ok(mut value) => {
            if let Some(list) = elements(&mut value) {
                match trouble {
                    Trouble::ShortList => list.truncate(list.len() / 2),
                    _ => list.insert(0, json!({ "id": null, "broken": true })),
                }
            }
            value.to_string().into_bytes()
        }
        Err(_) => whole,
    };
    Ok(Response::from_parts(parts, stream::iter([Ok(Bytes::from(bent))]).boxed()))
}

fn elements(value: &mut Value) -> Option<&mut Vec<Value>> {
    if value.is_array() {
        return value.as_array_mut();
    }
    let name = ["contacts", "events"].into_iter().find(|name| value.get(*name).is_some())?;
    value.get_mut(name)?.as_array_mut()
}

/// Whether a request writes to a record.
pub(super) fn is_write(method: &Method, path: &str) -> bool {
    *method != Method::GET && !path.ends_with("/search") && !path.ends_with("/token")
}
