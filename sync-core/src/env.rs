//! The one seam for time and chance.
//!
//! Every clock reading and every random value of the engine comes through [`Env`], so that a run
//! with the same seed is the same run. Delays use `tokio::time`, which a paused runtime makes virtual.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::{LinkId, RunId, Token};

/// Where time and chance come from.
pub trait Env: Send + Sync + fmt::Debug {
    /// The wall-clock time.
    fn now(&self) -> DateTime<Utc>;

    /// Fills the buffer with unpredictable bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// The machine's clock and the operating system's randomness, without which it panics.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnv;

impl Env for SystemEnv {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn fill(&self, buffer: &mut [u8]) {
        // Without randomness every token and salt would be the same: nothing may go on.
        aws_lc_rs::rand::fill(buffer).expect("the operating system has randomness");
    }
}

impl dyn Env + '_ {
    /// A fresh link id: time first, so that ids sort by age.
    #[must_use]
    pub fn link_id(&self) -> LinkId {
        LinkId::from_bytes(self.timed())
    }

    /// A fresh run id: time first, so that ids sort by age.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        RunId::from_bytes(self.timed())
    }

    /// A fresh token, all chance: it travels in records, and must tell nothing.
    #[must_use]
    pub fn token(&self) -> Token {
        Token::from_bytes(self.random())
    }

    /// 16 random bytes.
    #[must_use]
    pub fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes
    }

    fn timed(&self) -> [u8; 16] {
        let mut bytes = self.random();
        let millis = self.now().timestamp_millis().to_be_bytes();
        bytes[..6].copy_from_slice(&millis[2..]);
        bytes
    }
}
