//! What the engine is told about one kind of one tenant.

use std::sync::Arc;

use crate::decide::Rules;
use crate::{Description, Digester, Direction, Env, Error, ErrorKind, Policy, Result, Schema, Sides, Sink, Source, TenantId};

/// What the engine is told about one kind of one tenant.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Whose records these are.
    pub tenant: TenantId,
    /// How values compare and records are recognised.
    pub schema: Arc<dyn Schema>,
    /// What the operator decided.
    pub policy: Policy,
    /// Makes digests under the tenant's key.
    pub digester: Digester,
    /// Where time and chance come from.
    pub env: Arc<dyn Env>,
}

impl Setup {
    /// Checks that policy and sides fit together.
    ///
    /// # Errors
    /// A `Configuration` error that names what does not fit.
    pub fn check(&self, sides: &Sides<Arc<dyn Sink>>) -> Result<()> {
        let kind = self.schema.kind();
        if self.policy.kind != *kind {
            return Err(misfit(format!("the policy is for {}, the schema for {kind}", self.policy.kind)));
        }
        for sink in [&sides.left, &sides.right] {
            let Some(description) = sink.describe(kind) else {
                return Err(misfit(format!("{sink:?} does not know the kind {kind}")));
            };
            for (name, policy) in &self.policy.fields {
                let carried = policy.direction != Direction::Never;
                if carried && description.field(name).is_none() {
                    return Err(misfit(format!("the field {name} is mapped, but {} does not have it", description.system)));
                }
            }
        }
        Ok(())
    }

    pub(crate) fn rules<'a>(&'a self, sources: Sides<&'a dyn Source>) -> Result<Rules<'a>> {
        let describe = |source: &'a dyn Source| -> Result<&'a Description> {
            let kind = self.schema.kind();
            source.describe(kind).ok_or_else(|| misfit(format!("{source:?} does not know the kind {kind}")))
        };
        let sides = Sides::new(describe(sources.left)?, describe(sources.right)?);
        Ok(Rules { schema: self.schema.as_ref(), digester: &self.digester, policy: &self.policy, sides })
    }
}

fn misfit(message: String) -> Error {
    Error::permanent(ErrorKind::Configuration, message)
}
