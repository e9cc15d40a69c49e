//! `plan`: what a sync would do.

use std::process::ExitCode;

use clap::Args;

use super::words::{reason, table_of_operations};
use super::{Form, What, print_json};
use crate::{Clients, Result, Service, Settings};

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct PlanArgs {
    /// What to look at.
    #[arg(value_enum, default_value_t = What::All)]
    what: What,
    #[command(flatten)]
    form: Form,
}

impl PlanArgs {
    /// 0: nothing to do. 2: something to do.
    pub(crate) async fn run(self, settings: Settings) -> Result<ExitCode> {
        // Patients are all there is, until appointments come.
        let (What::Patients | What::All) = self.what;
        let clients = Clients::new(&settings)?;
        let plan = Service::plan(settings, &clients).await?;
        if self.form.json {
            print_json(&plan)?;
        } else if plan.is_empty() && plan.brakes.is_empty() {
            println!("nothing to do");
        } else {
            println!("{}", table_of_operations(&plan));
            plan.brakes.iter().for_each(|brake| println!("stopped: {}", reason(brake)));
        }
        let idle = plan.is_empty() && plan.brakes.is_empty();
        Ok(if idle { ExitCode::SUCCESS } else { ExitCode::from(2) })
    }
}
