//! Calls about one appointment.

use serde::Deserialize;
use serde_json::json;
use sync_http::{Answer, Error, Idempotency, Request, Result, Verdict};

use super::wire::Wire;
use super::{Appointment, AppointmentPatch, NewAppointment};
use crate::Client;
use crate::error::is_slot_refusal;
use crate::success::confirm;

/// What became of a booking, or of moving one.
#[derive(Clone, Debug, PartialEq)]
pub enum Booked {
    /// It stands in the calendar as shown here.
    Done(Box<Appointment>),
    /// Nothing was done, because the time is not free. That depends on [`SlotCheck`](crate::SlotCheck).
    SlotTaken,
}

/// A read wraps what a write shows bare.
#[derive(Deserialize)]
struct One {
    event: Wire,
}

impl Client {
    /// Books an appointment. GHL knows no idempotency keys: after an error with the verdict [`Unknown`](Verdict::Unknown) look
    /// for it before you try again.
    ///
    /// # Errors
    /// Those of the call; [`ErrorKind::NotFound`](sync_http::ErrorKind::NotFound) when there is no such contact. A time that is
    /// not free is no error.
    pub async fn create_appointment(&self, appointment: &NewAppointment) -> Result<Booked> {
        self.book(&self.create_appointment_request(appointment)?).await
    }

    /// Reads an appointment.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](sync_http::ErrorKind::NotFound) when there is none, or it was deleted.
    pub async fn appointment(&self, id: &str) -> Result<Appointment> {
        let answer = self.send(&self.appointment_request(id)).await?;
        answer.json::<One>()?.event.read(answer.endpoint(), self.timezone())
    }

    /// Updates an appointment: what the patch names, and nothing else. It is cancelled this way too.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](sync_http::ErrorKind::NotFound) when there is none. A time that is not free is no error.
    pub async fn update_appointment(&self, id: &str, patch: &AppointmentPatch) -> Result<Booked> {
        self.book(&self.update_appointment_request(id, patch)?).await
    }

    /// Deletes an appointment or a blocked slot. A cancelled appointment stays in the calendar, a deleted one is gone.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](sync_http::ErrorKind::NotFound) when there is none, also if this call was repeated and had its
    /// effect the first time.
    pub async fn delete_event(&self, id: &str) -> Result<()> {
        confirm(&self.send(&self.delete_event_request(id)?).await?)
    }

    async fn book(&self, request: &Request) -> Result<Booked> {
        match self.send(request).await {
            Ok(answer) => Ok(Booked::Done(Box::new(self.booked(&answer)?))),
            Err(error) if is_slot_refusal(&error) => Ok(Booked::SlotTaken),
            Err(error) => Err(error),
        }
    }

    // The server has said yes, so what cannot be understood must not be sent again.
    fn booked(&self, answer: &Answer) -> Result<Appointment> {
        let unknown = |error: Error| error.with_status(answer.status()).with_verdict(Verdict::Unknown);
        answer.json::<Wire>()?.read(answer.endpoint(), self.timezone()).map_err(unknown)
    }

    pub(crate) fn create_appointment_request(&self, appointment: &NewAppointment) -> Result<Request> {
        let request = Request::post("appointments.create", "/calendars/events/appointments");
        self.on_calendars(request).json(&appointment.body(self.location_id(), self.timezone()))
    }

    pub(crate) fn appointment_request(&self, id: &str) -> Request {
        self.on_calendars(Request::get("appointments.get", "/calendars/events/appointments").segment(id))
    }

    pub(crate) fn update_appointment_request(&self, id: &str, patch: &AppointmentPatch) -> Result<Request> {
        let request = Request::put("appointments.update", "/calendars/events/appointments").segment(id);
        self.on_calendars(request).json(&patch.body(self.timezone()))
    }

    pub(crate) fn delete_event_request(&self, id: &str) -> Result<Request> {
        let request = Request::delete("events.delete", "/calendars/events").segment(id);
        // The schema requires a body and wants nothing in it.
        self.on_calendars(request.idempotency(Idempotency::Idempotent)).json(&json!({}))
    }

    pub(crate) fn on_calendars(&self, request: Request) -> Request {
        self.versions().calendars.on(request)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use chrono_tz::Europe::Zurich;
    use sync_http::{Change, ErrorKind};

    use super::*;
    use crate::shape::{client, client_of, shape};
    use crate::{AppointmentStatus, BlockedFor, Config, EventWindow, EventsOf, NewBlockedSlot, SlotCheck, Version};

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn in_zurich() -> Client {
        client_of(Config { timezone: Some(Zurich), ..Config::new("loc1", "pit-1").unwrap() })
    }

    #[test]
    fn a_booking_tells_nobody_and_wants_a_free_slot_unless_told_otherwise() {
        let mut appointment = NewAppointment::new("k1", "c1", time("2026-12-01T08:00:00Z"));
        let request = in_zurich().create_appointment_request(&appointment).unwrap();
        assert_eq!(request.repeats(), Idempotency::Once);
        let (line, body) = shape(&request);
        assert_eq!(line, "POST /calendars/events/appointments 2021-04-15");
        let expected = json!({
            "locationId": "loc1", "calendarId": "k1", "contactId": "c1", "startTime": "2026-12-01T09:00:00+01:00",
            "toNotify": false, "ignoreFreeSlotValidation": false, "ignoreDateRange": false,
        });
        assert_eq!(body, expected);
        appointment.notify = true;
        appointment.slot_check = SlotCheck::None;
        let (_, body) = shape(&in_zurich().create_appointment_request(&appointment).unwrap());
        let flags = [&body["toNotify"], &body["ignoreFreeSlotValidation"], &body["ignoreDateRange"]];
        assert_eq!(flags, [true, true, true]);
        appointment.slot_check = SlotCheck::AnyDate;
        let (_, body) = shape(&in_zurich().create_appointment_request(&appointment).unwrap());
        assert_eq!([&body["ignoreFreeSlotValidation"], &body["ignoreDateRange"]], [false, true]);
    }

    #[test]
    fn an_update_names_exactly_the_changes() {
        let patch = AppointmentPatch {
            start_time: Some(time("2026-07-01T07:00:00Z")),
            status: Some(AppointmentStatus::NoShow),
            description: Change::Clear,
            ..AppointmentPatch::default()
        };
        let request = client().update_appointment_request("a/1", &patch).unwrap();
        assert_eq!(request.repeats(), Idempotency::Once);
        let (line, body) = shape(&request);
        assert_eq!(line, "PUT /calendars/events/appointments/a%2F1 2021-04-15");
        let expected = json!({
            "startTime": "2026-07-01T07:00:00Z", "appointmentStatus": "noshow", "description": "",
            "toNotify": false, "ignoreFreeSlotValidation": false, "ignoreDateRange": false,
        });
        assert_eq!(body, expected);
        assert!(!patch.is_empty());
        assert!(AppointmentPatch { notify: true, slot_check: SlotCheck::None, ..AppointmentPatch::default() }.is_empty());
    }

    #[test]
    fn reads_and_deletions_may_be_repeated() {
        let request = client().appointment_request("a1");
        assert_eq!(request.repeats(), Idempotency::Safe);
        assert_eq!(shape(&request).0, "GET /calendars/events/appointments/a1 2021-04-15");
        let request = client().delete_event_request("a1").unwrap();
        assert_eq!(request.repeats(), Idempotency::Idempotent);
        assert_eq!(shape(&request), ("DELETE /calendars/events/a1 2021-04-15".to_owned(), json!({})));
        assert_eq!(shape(&client().calendars_request()).0, "GET /calendars/?locationId=loc1 2021-04-15");
    }

    #[test]
    fn a_window_is_asked_for_in_milliseconds() {
        let (from, until) = (time("2026-12-01T00:00:00Z"), time("2026-12-02T00:00:00Z"));
        let of = |of| EventWindow { of, from, until };
        let times = "startTime=1796083200000&endTime=1796169600000";
        for (window, owner) in [
            (of(EventsOf::Calendar("k1".into())), "calendarId=k1"),
            (of(EventsOf::User("u1".into())), "userId=u1"),
            (of(EventsOf::Group("g1".into())), "groupId=g1"),
        ] {
            let (events, _) = shape(&client().events_request(&window).unwrap());
            assert_eq!(events, format!("GET /calendars/events?locationId=loc1&{owner}&{times} 2021-04-15"));
            let (blocked, _) = shape(&client().blocked_slots_request(&window).unwrap());
            assert_eq!(blocked, format!("GET /calendars/blocked-slots?locationId=loc1&{owner}&{times} 2021-04-15"));
        }
        let backwards = EventWindow { of: EventsOf::Calendar("k1".into()), from: until, until: from };
        assert_eq!(client().events_request(&backwards).unwrap_err().kind(), ErrorKind::Configuration);
    }

    #[test]
    fn a_calendar_or_a_user_is_blocked_and_never_both() {
        let (start_time, end_time) = (time("2026-12-01T08:00:00Z"), time("2026-12-01T09:00:00Z"));
        let slot = |blocked| NewBlockedSlot { blocked, start_time, end_time, title: None };
        let times = ("2026-12-01T09:00:00+01:00", "2026-12-01T10:00:00+01:00");
        for (blocked, member) in [(BlockedFor::Calendar("x".into()), "calendarId"), (BlockedFor::User("x".into()), "assignedUserId")] {
            let (line, body) = shape(&in_zurich().block_slot_request(&slot(blocked)).unwrap());
            assert_eq!(line, "POST /calendars/events/block-slots 2021-04-15");
            assert_eq!(body, json!({ "locationId": "loc1", member: "x", "startTime": times.0, "endTime": times.1 }));
        }
    }

    #[test]
    fn the_version_of_calendars_can_be_chosen() {
        let mut config = Config::new("loc1", "pit-1").unwrap();
        config.versions.calendars = Version::V3;
        assert_eq!(shape(&client_of(config).appointment_request("a1")).0, "GET /calendars/events/appointments/a1 v3");
    }
}
