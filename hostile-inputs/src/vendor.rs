//! Answers of the vendors, as far as a decoder sees them: one record, or a whole list.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use sync_core::vocabulary::{appointment, person};
use sync_core::{Kind, Listed, Source};
use sync_http::{Body, Transport, TransportError};

use crate::{assert_bounded, assert_short};

/// A record of GHL's: a contact, an appointment, a token.
///
/// # Panics
/// When decoding panics, decodes one text into two things, or makes much of little.
pub fn ghl(data: &[u8]) {
    if let Ok(contact) = ghl_client::Contact::from_json(data) {
        let _ = (contact.birth_date(), contact.updated_at(), contact.custom_field("f1"));
    }
    for zone in [None, Some(chrono_tz::Europe::Zurich)] {
        let _ = ghl_client::Appointment::from_json(data, zone);
    }
    let connectors = ghl_connectors();
    decode(&connectors.0, &person::KIND, data);
    decode(&connectors.1, &appointment::KIND, data);
}

/// A record of e-Physio's: a patient, an event.
///
/// # Panics
/// When decoding panics, decodes one text into two things, or makes much of little.
pub fn ephysio(data: &[u8]) {
    let _ = ephysio_client::Patient::from_json(data);
    let _ = ephysio_client::Event::from_json(data);
    let connectors = ephysio_connectors();
    decode(&connectors.0, &person::KIND, data);
    decode(&connectors.1, &appointment::KIND, data);
}

fn decode(source: &dyn Source, kind: &Kind, data: &[u8]) {
    let listed = Listed { id: "r1".into(), raw: Bytes::copy_from_slice(data) };
    match source.decode(kind, &listed) {
        Ok(record) => {
            let values = record.fields.iter().filter_map(|(_, field)| field.value().map(str::len));
            assert_bounded(values.sum(), data.len());
            let again = source.decode(kind, &listed);
            assert!(again.is_ok_and(|again| again == record), "one text is one record");
        }
        Err(refusal) => assert_short(&refusal),
    }
}

type GhlConnectors = (ghl_client::connector::Connector, ghl_client::connector::appointment::Connector);
type EphysioConnectors = (ephysio_client::connector::Connector, ephysio_client::connector::appointment::Connector);

fn ghl_connectors() -> &'static GhlConnectors {
    use ghl_client::connector::appointment::{CalendarRow, Connector as Appointments, Settings as AppointmentSettings};
    use ghl_client::connector::{Connector, Settings};
    static CONNECTORS: OnceLock<GhlConnectors> = OnceLock::new();
    CONNECTORS.get_or_init(|| {
        let mut config = ghl_client::Config::new("loc", "pit").expect("the usual set-up");
        config.timezone = Some(chrono_tz::Europe::Zurich);
        let fields = r#"{"customFields":[{"id":"f1","fieldKey":"contact.sync_token"},{"id":"f2","fieldKey":"contact.colour"}]}"#;
        let client = ghl_client::Client::with_transport(config, Arc::new(Answers(fields))).expect("the usual set-up");
        let settings = Settings { custom_fields: [("colour".to_owned(), "contact.colour".to_owned())].into(), ..Settings::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime without sockets");
        let contacts = runtime.block_on(Connector::connect(client.clone(), settings)).expect("both fields are there");
        let row = CalendarRow { calendar_id: "c1".to_owned(), user_id: None, practitioner: "anna".to_owned(), service: None };
        let settings = AppointmentSettings { calendars: vec![row], ..AppointmentSettings::default() };
        (contacts, Appointments::new(client, settings).expect("one calendar"))
    })
}

fn ephysio_connectors() -> &'static EphysioConnectors {
    use ephysio_client::connector::appointment::{Connector as Appointments, Practitioner, Settings as AppointmentSettings};
    use ephysio_client::connector::{Connector, Settings};
    static CONNECTORS: OnceLock<EphysioConnectors> = OnceLock::new();
    CONNECTORS.get_or_init(|| {
        let mut config = ephysio_client::Config::new("praxis@example.ch", "geheim").expect("the usual set-up");
        config.sex_true = Some(ephysio_client::Sex::Male);
        let client = ephysio_client::Client::with_transport(config, Arc::new(Answers("[]")));
        let settings = Settings { custom_fields: [("language".to_owned(), "language".to_owned())].into(), ..Settings::default() };
        let patients = Connector::new(client.clone(), settings);
        let anna = Practitioner { client_id: 5778, admin_info_id: 5770 };
        let settings = AppointmentSettings {
            practitioners: [("anna".to_owned(), anna)].into(),
            services: [("physio".to_owned(), 29_330)].into(),
            ..AppointmentSettings::default()
        };
        (patients, Appointments::new(client, settings).expect("one practitioner and one service"))
    })
}

/// A system that answers everything with this.
struct Answers(&'static str);

#[async_trait]
impl Transport for Answers {
    async fn send(&self, _request: http::Request<Bytes>) -> Result<http::Response<Body>, TransportError> {
        Ok(http::Response::new(futures::stream::iter([Ok(Bytes::from_static(self.0.as_bytes()))]).boxed()))
    }
}
