//! `plan`: what a sync would do.

use std::process::ExitCode;

use clap::Args;
use sync_core::Plan;

use super::words::{reason, table_of_operations};
use super::{Form, What, print_json};
use crate::{Result, Service, Settings};

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
        let mut plans = Service::plan(settings).await?;
        plans.retain(|plan| self.what.covers(&plan.kind));
        let is_idle = |plan: &Plan| plan.is_empty() && plan.brakes.is_empty();
        let idle = plans.iter().all(is_idle);
        if self.form.json {
            print_json(&serde_json::json!({ "kinds": plans }))?;
        } else if idle {
            println!("nothing to do");
        }
        for plan in plans.iter().filter(|plan| !self.form.json && !is_idle(plan)) {
            println!("{}", table_of_operations(plan));
            plan.brakes.iter().for_each(|brake| println!("stopped: {}", reason(&plan.kind, brake)));
        }
        Ok(if idle { ExitCode::SUCCESS } else { ExitCode::from(2) })
    }
}
