//! A process that serves practices: the bench's own program, told to be the service.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::Failure;

/// The first argument of a process of the service.
pub(crate) const CHILD: &str = "as-clinic-sync";
/// What the kernel counts a process's time in.
const TICK: Duration = Duration::from_millis(10);

/// A process of the service. Dropped, it is killed as by `kill -9`.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    url: String,
    /// Kept open: there is more that it says.
    _said: BufReader<ChildStdout>,
}

/// The service with these settings, to be started.
pub(crate) fn command(settings: &Path, database: &str, arguments: &[&str]) -> Result<Command, Failure> {
    const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    let mut command = Command::new(std::env::current_exe()?);
    command.env_clear().env("DATABASE_URL", database).env("VAULT_KEY", KEY);
    command.arg(CHILD).arg("--config").arg(settings).args(arguments);
    Ok(command)
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Result<Self, Failure> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut said = BufReader::new(child.stdout.take().ok_or("it says nothing")?);
        let mut line = String::new();
        said.read_line(&mut line)?;
        if line.is_empty() {
            return Err("the service did not start".into());
        }
        let url = line.trim().strip_prefix("listening at ").unwrap_or_default().to_owned();
        Ok(Self { child, url, _said: said })
    }

    /// Where it listens, if it does.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The time that it has used of the cores so far.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in it may hold anything; the 14th and 15th value count from its end.
        let values: Vec<&str> = stat.rsplit_once(')').ok_or("no such process")?.1.split_whitespace().collect();
        let [user, system] = [values.get(11), values.get(12)].map(|value| value.and_then(|value| value.parse::<u32>().ok()));
        Ok(TICK * (user.ok_or("no time")? + system.ok_or("no time")?))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
