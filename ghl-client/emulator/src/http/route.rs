//! The map of endpoints.

use http::Method;

use crate::state::State;
use crate::view::Version;

use super::gate::Caller;
use super::{Answer, Call, appointments, calendars, contacts, events, find, locations, oauth, tags};

/// An endpoint with the ids that its path names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Endpoint<'a> {
    CreateContact,
    UpsertContact,
    SearchContacts,
    FindDuplicate,
    GetContact(&'a str),
    UpdateContact(&'a str),
    DeleteContact(&'a str),
    AddTags(&'a str),
    RemoveTags(&'a str),
    GetLocation(&'a str),
    ListCustomFields(&'a str),
    CreateCustomField(&'a str),
    ListCalendars,
    ListEvents,
    ListBlockedSlots,
    BlockSlot,
    CreateAppointment,
    GetAppointment(&'a str),
    UpdateAppointment(&'a str),
    DeleteEvent(&'a str),
    LocationToken(Version),
}

/// The endpoint of a path. The slash behind `/contacts/` belongs to it, as the schema has it.
pub(super) fn find<'a>(method: &Method, path: &[&'a str]) -> Option<Endpoint<'a>> {
    match path.first() {
        Some(&"locations") => return find_location(method, path),
        Some(&"calendars") => return find_calendar(method, path),
        _ => {}
    }
    let endpoint = match (method.as_str(), path) {
        ("POST", ["oauth", "locationToken"]) => Endpoint::LocationToken(Version::Dated),
        ("POST", ["oauth", "location-token"]) => Endpoint::LocationToken(Version::V3),
        ("POST", ["contacts", ""]) => Endpoint::CreateContact,
        ("POST", ["contacts", "upsert"]) => Endpoint::UpsertContact,
        ("POST", ["contacts", "search"]) => Endpoint::SearchContacts,
        ("GET", ["contacts", "search", "duplicate"]) => Endpoint::FindDuplicate,
        (_, ["contacts", ""]) => return None,
        ("GET", ["contacts", id]) => Endpoint::GetContact(id),
        ("PUT", ["contacts", id]) => Endpoint::UpdateContact(id),
        ("DELETE", ["contacts", id]) => Endpoint::DeleteContact(id),
        ("POST", ["contacts", id, "tags"]) => Endpoint::AddTags(id),
        ("DELETE", ["contacts", id, "tags"]) => Endpoint::RemoveTags(id),
        _ => return None,
    };
    Some(endpoint)
}

fn find_location<'a>(method: &Method, path: &[&'a str]) -> Option<Endpoint<'a>> {
    match (method.as_str(), path) {
        ("GET", ["locations", id]) if !id.is_empty() => Some(Endpoint::GetLocation(id)),
        ("GET", ["locations", id, "customFields"]) => Some(Endpoint::ListCustomFields(id)),
        ("POST", ["locations", id, "customFields"]) => Some(Endpoint::CreateCustomField(id)),
        _ => None,
    }
}

fn find_calendar<'a>(method: &Method, path: &[&'a str]) -> Option<Endpoint<'a>> {
    let endpoint = match (method.as_str(), path) {
        ("GET", ["calendars", ""]) => Endpoint::ListCalendars,
        ("GET", ["calendars", "events"]) => Endpoint::ListEvents,
        ("GET", ["calendars", "blocked-slots"]) => Endpoint::ListBlockedSlots,
        ("POST", ["calendars", "events", "block-slots"]) => Endpoint::BlockSlot,
        ("POST", ["calendars", "events", "appointments"]) => Endpoint::CreateAppointment,
        ("GET", ["calendars", "events", "appointments", id]) => Endpoint::GetAppointment(id),
        ("PUT", ["calendars", "events", "appointments", id]) => Endpoint::UpdateAppointment(id),
        ("DELETE", ["calendars", "events", id]) => Endpoint::DeleteEvent(id),
        _ => return None,
    };
    Some(endpoint)
}

impl Endpoint<'_> {
    pub(super) fn answer(self, state: &mut State, call: &Call, caller: &Caller) -> Result<Answer, Answer> {
        if !matches!(self, Self::LocationToken(_)) {
            caller.check_location()?;
        }
        match self {
            Self::LocationToken(path) => oauth::location_token(state, call, path, caller.agency()?),
            Self::CreateContact => contacts::create(state, call),
            Self::UpsertContact => contacts::upsert(state, call),
            Self::SearchContacts => find::search(state, call),
            Self::FindDuplicate => find::duplicate(state, call),
            Self::GetContact(id) => contacts::get(state, call, id),
            Self::UpdateContact(id) => contacts::update(state, call, id),
            Self::DeleteContact(id) => contacts::delete(state, call, id),
            Self::AddTags(id) => tags::add(state, call, id),
            Self::RemoveTags(id) => tags::remove(state, call, id),
            Self::GetLocation(id) => locations::get(state, id),
            Self::ListCustomFields(id) => locations::custom_fields(state, call, id),
            Self::CreateCustomField(id) => locations::create_custom_field(state, call, id),
            Self::ListCalendars => calendars::list(state, call),
            Self::ListEvents => events::list(state, call),
            Self::ListBlockedSlots => events::list_blocked(state, call),
            Self::BlockSlot => events::block(state, call),
            Self::CreateAppointment => appointments::create(state, call),
            Self::GetAppointment(id) => appointments::get(state, call, id),
            Self::UpdateAppointment(id) => appointments::update(state, call, id),
            Self::DeleteEvent(id) => events::delete(state, id),
        }
    }
}
