//! The quirks, one by one, through the API.

#[cfg(test)]
mod agenda;
#[cfg(test)]
mod api;
mod appointments;
mod contacts;
mod desk;
mod duplicates;
mod events;
mod gate;
mod limits;
mod locations;
#[cfg(test)]
mod oauth;
mod reception;
mod search;
mod updates;
#[cfg(test)]
mod webhooks;
