#![doc = include_str!("../README.md")]

mod card;
mod disk;
mod event;
mod folder;
mod page;
mod sheet;

pub use folder::Folder;
