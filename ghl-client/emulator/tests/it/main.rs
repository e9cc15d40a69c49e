//! The quirks, one by one, through the API.

#[cfg(test)]
mod api;
mod contacts;
mod desk;
mod duplicates;
mod gate;
mod limits;
mod locations;
mod search;
mod updates;
