//! How GHL's calendars are read.

use std::collections::BTreeSet;

use async_stream::try_stream;
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Days, NaiveTime, Utc};
use futures::stream::BoxStream;
use serde::Deserialize;
use sync_core::{Description, Error, ErrorKind, Item, Kind, Listed, Observation, Probe, Record, RecordId, Result, Source};
use sync_http::{Shown, shown};

use super::super::{failed, misconfigured};
use super::Connector;
use crate::{Appointment, EventWindow, EventsOf, ListedEvent};

/// How many days more are listed at both ends: midnight may pass while a listing goes on, and whether GHL lists what only reaches
/// into a window is not documented.
const MARGIN: u64 = 1;

#[async_trait]
impl Source for Connector {
    fn describe(&self, kind: &Kind) -> Option<&Description> {
        (*kind == self.description.kind).then_some(&self.description)
    }

    fn list<'a>(&'a self, kind: &'a Kind) -> BoxStream<'a, Result<Item>> {
        Box::pin(try_stream! {
            self.check_kind(kind)?;
            let (from, until) = self.window()?;
            let mut seen = BTreeSet::new();
            // Where no calendar is asked, nothing is proven.
            let mut complete = !self.lens.rows().is_empty();
            for row in self.lens.rows() {
                let window = EventWindow { of: EventsOf::Calendar(row.calendar_id.clone()), from, until };
                for item in self.client.events(&window).await.map_err(failed)?.into_iter().filter_map(item) {
                    let new = match &item {
                        Item::Listed(listed) => seen.insert(listed.id.clone()),
                        Item::Broken { .. } | Item::End { .. } => {
                            complete = false;
                            true
                        }
                    };
                    if new {
                        yield item;
                    }
                }
            }
            yield Item::End { complete };
        })
    }

    fn decode(&self, kind: &Kind, listed: &Listed) -> Result<Record> {
        self.check_kind(kind)?;
        let read = Appointment::from_json(&listed.raw, self.client.timezone());
        let appointment = read.map_err(|error| failed(error).with_context("id", listed.id.as_str()))?;
        Ok(self.lens.record(&appointment))
    }

    async fn read(&self, kind: &Kind, id: &RecordId) -> Result<Observation> {
        self.check_kind(kind)?;
        match self.client.appointment(id.as_str()).await {
            Ok(appointment) => Ok(Observation::Found(Box::new(self.shown(id, &appointment)))),
            Err(error) if error.kind() == sync_http::ErrorKind::NotFound => Ok(Observation::Missing),
            Err(error) => Err(failed(error)),
        }
    }

    async fn find(&self, kind: &Kind, _: &Probe) -> Result<Vec<Record>> {
        self.check_kind(kind)?;
        // GHL has no search; whoever needs an appointment lists.
        Ok(Vec::new())
    }
}

impl Connector {
    /// An answer about one appointment. An instance of a series stays what it was asked for as: under the id of the series, a write
    /// would reach all of them.
    pub(super) fn shown(&self, id: &RecordId, appointment: &Appointment) -> Record {
        Record { id: id.clone(), ..self.lens.record(appointment) }
    }

    fn window(&self) -> Result<(DateTime<Utc>, DateTime<Utc>)> {
        let today = self.clock.now().date_naive();
        let from = today.checked_sub_days(Days::new(u64::from(self.settings.past_days) + MARGIN));
        let until = today.checked_add_days(Days::new(u64::from(self.settings.future_days) + 1 + MARGIN));
        let (Some(from), Some(until)) = (from, until) else {
            return Err(misconfigured("past_days or future_days reach beyond all calendars".to_owned()));
        };
        Ok((from.and_time(NaiveTime::MIN).and_utc(), until.and_time(NaiveTime::MIN).and_utc()))
    }
}

/// All that is read of an event before it is known to have changed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default, deserialize_with = "shown::text")]
    contact_id: Shown<String>,
}

/// An event that somebody comes to. Others, such as blocked times, are not appointments.
fn item(event: ListedEvent) -> Option<Item> {
    let (id, raw) = match event {
        ListedEvent::Event { id, raw } => (id, raw),
        ListedEvent::Broken { raw } => return Some(broken(raw, "an event in GHL's calendar has no id")),
    };
    match serde_json::from_slice::<Head>(&raw) {
        Ok(head) => head.contact_id.value().is_some().then(|| Item::Listed(Listed { id: RecordId::new(id), raw })),
        Err(_) => Some(broken(raw, "an event in GHL's calendar has a contact that cannot be read")),
    }
}

fn broken(raw: Bytes, why: &str) -> Item {
    Item::Broken { raw, why: Error::permanent(ErrorKind::Decode, why) }
}
