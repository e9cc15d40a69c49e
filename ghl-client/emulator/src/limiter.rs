//! The rate limits and the headers that announce them.

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::RateLimit;

/// Counts requests against a burst and a daily limit, on the emulator's clock.
#[derive(Debug)]
pub(crate) struct Limiter {
    limit: Option<RateLimit>,
    send_retry_after: bool,
    window: Option<DateTime<Utc>>,
    used: u32,
    day: Option<NaiveDate>,
    used_today: u32,
}

/// A request came too early; a window that opens after these seconds may take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany {
    pub(crate) retry_after: Option<i64>,
}

impl Limiter {
    pub(crate) fn new(limit: Option<RateLimit>) -> Self {
        Self { limit, send_retry_after: false, window: None, used: 0, day: None, used_today: 0 }
    }

    /// Changes the limit and starts counting anew.
    pub(crate) fn set(&mut self, limit: Option<RateLimit>) {
        let send_retry_after = self.send_retry_after;
        *self = Self::new(limit);
        self.send_retry_after = send_retry_after;
    }

    pub(crate) fn send_retry_after(&mut self, send: bool) {
        self.send_retry_after = send;
    }

    /// Counts a request, unless a limit is reached.
    pub(crate) fn admit(&mut self, now: DateTime<Utc>) -> Result<(), TooMany> {
        let Some(limit) = self.limit else {
            return Ok(());
        };
        self.roll(now, limit);
        if self.used >= limit.max || self.used_today >= limit.daily {
            return Err(TooMany { retry_after: self.send_retry_after.then(|| self.seconds_left(now, limit)) });
        }
        self.window.get_or_insert(now);
        self.used += 1;
        self.used_today += 1;
        Ok(())
    }

    /// The five documented headers. It is `Limit-Daily` but `Daily-Remaining`, and there is no
    /// reset header: <https://marketplace.gohighlevel.com/docs/other/rate-limits>.
    pub(crate) fn headers(&mut self, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
        let Some(limit) = self.limit else {
            return Vec::new();
        };
        self.roll(now, limit);
        let remaining = limit.max.saturating_sub(self.used);
        let remaining_today = limit.daily.saturating_sub(self.used_today);
        vec![
            ("x-ratelimit-limit-daily", limit.daily.to_string()),
            ("x-ratelimit-daily-remaining", remaining_today.to_string()),
            ("x-ratelimit-interval-milliseconds", limit.interval.as_millis().to_string()),
            ("x-ratelimit-max", limit.max.to_string()),
            ("x-ratelimit-remaining", remaining.to_string()),
        ]
    }

    fn roll(&mut self, now: DateTime<Utc>, limit: RateLimit) {
        if self.window.is_some_and(|opened| now >= end(opened, limit)) {
            self.window = None;
            self.used = 0;
        }
        if self.day != Some(now.date_naive()) {
            self.day = Some(now.date_naive());
            self.used_today = 0;
        }
    }

    fn seconds_left(&self, now: DateTime<Utc>, limit: RateLimit) -> i64 {
        if self.used_today >= limit.daily {
            return 86_400 - now.timestamp().rem_euclid(86_400);
        }
        let ends = self.window.map_or(now, |opened| end(opened, limit));
        let millis = (ends - now).num_milliseconds();
        (millis.max(0) + 999) / 1000
    }
}

fn end(opened: DateTime<Utc>, limit: RateLimit) -> DateTime<Utc> {
    chrono::Duration::from_std(limit.interval)
        .ok()
        .and_then(|interval| opened.checked_add_signed(interval))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::Duration::seconds(seconds)
    }

    #[test]
    fn a_window_opens_with_its_first_request_and_refusals_do_not_count() {
        let limit = RateLimit { max: 2, interval: Duration::from_secs(10), daily: 3 };
        let mut limiter = Limiter::new(Some(limit));
        limiter.send_retry_after(true);
        assert!(limiter.admit(at(5)).is_ok());
        assert!(limiter.admit(at(6)).is_ok());
        let refused = limiter.admit(at(7));
        assert_eq!(refused, Err(TooMany { retry_after: Some(8) }));
        assert!(limiter.admit(at(15)).is_ok());
        let out_for_today = limiter.admit(at(26));
        assert_eq!(out_for_today, Err(TooMany { retry_after: Some(86_374) }));
        assert!(limiter.admit(at(86_400)).is_ok());
    }
}
