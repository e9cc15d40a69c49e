//! The calendar of the practice.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::chance::Ids;
use crate::{Event, EventWindow};

/// The calendar of the practice.
#[derive(Debug)]
pub(crate) struct Events {
    ids: Ids,
    rows: BTreeMap<u64, Row>,
}

// A listing takes a snapshot of the pointers, so it is consistent and holds no lock while it is sent.
#[derive(Debug)]
struct Row {
    event: Arc<Event>,
    listed_from: DateTime<Utc>,
}

impl Events {
    pub(crate) fn new(seed: u64) -> Self {
        Self { ids: Ids::new(seed, 42_000_000, 900_000), rows: BTreeMap::new() }
    }

    /// Takes an event in, under a new id.
    pub(crate) fn insert(&mut self, mut event: Event, now: DateTime<Utc>, listed_from: DateTime<Utc>) -> Arc<Event> {
        event.id = self.ids.next();
        event.updated_internally = now.timestamp_millis();
        let event = Arc::new(event);
        self.rows.insert(event.id, Row { event: Arc::clone(&event), listed_from });
        event
    }

    /// Changes an event; the id stays what it is.
    pub(crate) fn update(&mut self, id: u64, now: DateTime<Utc>, change: impl FnOnce(&mut Event)) -> Option<Arc<Event>> {
        let row = self.rows.get_mut(&id)?;
        let event = Arc::make_mut(&mut row.event);
        change(event);
        event.id = id;
        event.updated_internally = now.timestamp_millis();
        Some(Arc::clone(&row.event))
    }

    pub(crate) fn delete(&mut self, id: u64) -> Option<Arc<Event>> {
        self.rows.remove(&id).map(|row| row.event)
    }

    pub(crate) fn get(&self, id: u64) -> Option<Arc<Event>> {
        self.rows.get(&id).map(|row| Arc::clone(&row.event))
    }

    /// The ids of the series that this event belongs to; of itself alone if there is none.
    pub(crate) fn series_of(&self, id: u64) -> Vec<u64> {
        let Some(series) = self.rows.get(&id).and_then(|row| row.event.series) else { return vec![id] };
        self.rows.iter().filter(|(_, row)| row.event.series == Some(series)).map(|(id, _)| *id).collect()
    }

    /// All events, listed or not yet.
    pub(crate) fn all(&self) -> Vec<Event> {
        self.rows.values().map(|row| Event::clone(&row.event)).collect()
    }

    /// Whether another event stands in one of the same columns at the same time.
    pub(crate) fn is_taken(&self, wanted: &Event) -> bool {
        self.rows.values().map(|row| &row.event).any(|event| {
            event.id != wanted.id
                && event.overlaps(wanted.start, wanted.end)
                && event.resource_ids.iter().any(|column| wanted.resource_ids.contains(column))
        })
    }

    /// What the list shows at `now` of this window.
    pub(crate) fn listed(&self, now: DateTime<Utc>, from: DateTime<Utc>, to: DateTime<Utc>, window: EventWindow) -> Vec<Arc<Event>> {
        let inside = |event: &Event| match window {
            EventWindow::Overlaps => event.overlaps(from, to),
            EventWindow::StartsInside => event.start >= from && event.start < to,
        };
        let shown = self.rows.values().filter(|row| row.listed_from <= now && inside(&row.event));
        shown.map(|row| Arc::clone(&row.event)).collect()
    }
}
