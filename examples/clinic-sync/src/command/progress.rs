//! A progress bar with rate and time left, on a terminal.

use std::sync::Mutex;
use std::sync::PoisonError;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sync_core::observer::{Observer, Progress};
use sync_core::{Action, LinkId, Outcome, Side};

use super::words::system;

/// Shows how far a sync is. Where there is no terminal, nothing is shown.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    calls: Budget,
}

/// Shows how much of GHL's call budget the last ten seconds used.
#[derive(Debug)]
struct Budget {
    per_window: u32,
    recent: Mutex<std::collections::VecDeque<tokio::time::Instant>>,
}

const WINDOW: std::time::Duration = std::time::Duration::from_secs(10);

impl Bar {
    /// A bar; `per_window` is how many calls GHL allows in ten seconds.
    #[must_use]
    pub fn new(per_window: u32) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        Self { bar, calls: Budget { per_window, recent: Mutex::default() } }
    }

    /// Takes the bar off the screen.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Bar {
    fn progress(&self, progress: &Progress) {
        match progress {
            Progress::Listed { side, records } => self.bar.set_message(format!("reading {}: {records}", system(*side))),
            Progress::Planned { writes } => {
                self.bar.set_length(*writes as u64);
                self.bar.set_message("");
                let style = "{bar:32} {pos}/{len}  {per_sec}  {eta} left  {msg}";
                self.bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
            }
            Progress::Written { done, .. } => {
                self.bar.set_position(*done as u64);
                self.bar.set_message(format!("budget {}/{} in 10 s", self.calls.used(), self.calls.per_window));
            }
        }
    }

    fn operation(&self, _: LinkId, side: Side, action: Action, _: Outcome) {
        if side == Side::Right && matches!(action, Action::Create | Action::Update | Action::Remove) {
            self.calls.count();
        }
    }
}

impl Budget {
    fn count(&self) {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).push_back(tokio::time::Instant::now());
    }

    fn used(&self) -> usize {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let now = tokio::time::Instant::now();
        while recent.front().is_some_and(|at| now.duration_since(*at) > WINDOW) {
            recent.pop_front();
        }
        recent.len()
    }
}
