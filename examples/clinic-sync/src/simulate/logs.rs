//! What is logged while a history is played.

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use super::chance::locked;

/// Listens to what is logged on this thread. Clones share one text.
#[derive(Clone, Debug, Default)]
pub(super) struct Logs(Arc<Mutex<Vec<u8>>>);

impl Logs {
    /// Does a piece of work, and keeps what is logged meanwhile.
    pub(super) fn listen<T>(&self, work: impl FnOnce() -> T) -> T {
        let level = tracing::Level::DEBUG;
        let subscriber = tracing_subscriber::fmt().with_max_level(level).without_time().with_ansi(false).with_writer(self.clone());
        tracing::subscriber::with_default(subscriber.finish(), work)
    }

    /// What was logged.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&locked(&self.0)).into_owned()
    }
}

impl io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        locked(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
