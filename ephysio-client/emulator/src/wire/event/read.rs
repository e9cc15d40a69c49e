//! Events as they are shown: instants in milliseconds, and members that nobody asked for.

use serde_json::{Map, Value, json};

use crate::wire::read::id;
use crate::{Blank, Event, EventAnswer, Ids, Quirks};

/// How the caller is shown events.
#[derive(Clone, Copy, Debug)]
pub(super) struct EventView {
    ids: Ids,
    blank: Blank,
}

impl EventView {
    pub(super) fn new(quirks: &Quirks) -> Self {
        Self { ids: quirks.ids, blank: quirks.blank }
    }

    pub(super) fn of(self, event: &Event) -> Value {
        let mut shown = Map::new();
        shown.insert("id".to_owned(), id(event.id, self.ids));
        match event.patient_id {
            Some(patient) => shown.insert("patientId".to_owned(), id(patient, self.ids)),
            None if self.blank == Blank::Null => shown.insert("patientId".to_owned(), Value::Null),
            None => None,
        };
        let rest = json!({
            "start": event.start.timestamp_millis(),
            "end": event.end.timestamp_millis(),
            "status": event.status,
            "eventTypeId": event.event_type_id,
            "user_id": event.user_id,
            "clientId": event.client_id,
            "adminInfoId": event.admin_info_id,
            "resourceIds": event.resource_ids,
            "invoiceId": event.invoice_id.map(|invoice| id(invoice, self.ids)),
            "isSerialEvent": event.series.is_some(),
            "sendReminder": event.send_reminder,
            "hasSmsReminder": event.has_sms_reminder,
            "allDay": false,
            "updatedInternally": event.updated_internally,
        });
        if let Value::Object(rest) = rest {
            shown.extend(rest);
        }
        shown.extend(event.extra.clone());
        Value::Object(shown)
    }
}

/// The answer to a write that was done.
pub(super) fn written(event: &Event, quirks: &Quirks) -> Value {
    let (id, shown) = (id(event.id, quirks.ids), EventView::new(quirks).of(event));
    match quirks.events.answer {
        EventAnswer::IdAndEvents => json!({ "id": id, "events": [shown], "warnings": [] }),
        EventAnswer::IdAlone => json!({ "id": id, "events": [], "warnings": [] }),
        EventAnswer::EventsAlone => json!({ "events": [shown], "warnings": [] }),
    }
}
