//! Records that carry the token of one of our creates.

use std::collections::BTreeMap;

use super::work::Work;
use crate::{Action, EndState, LinkId, LinkQuery, MappingReader, Reason, Result, Side, Standing, TenantId, Token};

/// Gives records to the open creates whose token they carry, however they came to be seen. A second
/// record with the token of a create that has its record is a question for a person.
pub(crate) async fn adopt(
    tenant: &TenantId,
    reader: &dyn MappingReader,
    works: &mut BTreeMap<LinkId, Work>,
    carriers: Vec<(LinkId, Side, Token)>,
) -> Result<BTreeMap<LinkId, Reason>> {
    let mut questions = BTreeMap::new();
    for (carrier, side, token) in carriers {
        let Some(owner) = owner(tenant, reader, works, token, carrier).await? else { continue };
        let is_half = works.get(&carrier).is_some_and(|work| work.link.only_side() == Some(side));
        // What a person took apart stays apart.
        if !is_half || owner.link.standing == Standing::Unlinked {
            continue;
        }
        if owner.link.ends[side].is_none() {
            let Some(half) = works.remove(&carrier) else { continue };
            let owner = works.entry(owner.link.id).or_insert(owner);
            super::matching::join(owner, half);
            owner.notes.push((Action::Create, side));
        } else if is_pending(&owner, side) {
            confirm(works, owner, carrier, side);
        } else if let Some(work) = works.get(&carrier) {
            let other = owner.link.ends[side].as_ref().map(|end| end.id.clone());
            let own = work.link.ends[side].as_ref().map(|end| end.id.clone());
            if let (Some(other), true) = (other.clone(), other != own) {
                questions.insert(carrier, Reason::DoubleToken { other });
            }
        }
    }
    Ok(questions)
}

async fn owner(
    tenant: &TenantId,
    reader: &dyn MappingReader,
    works: &BTreeMap<LinkId, Work>,
    token: Token,
    carrier: LinkId,
) -> Result<Option<Work>> {
    let carries = |work: &&Work| {
        work.link.id != carrier && (work.link.token == Some(token) || work.link.intent.as_ref().is_some_and(|intent| intent.token == token))
    };
    if let Some(work) = works.values().find(carries) {
        return Ok(Some(work.clone()));
    }
    let links = reader.links(tenant, &LinkQuery::Token(token)).await?;
    Ok(links.into_iter().find(|link| link.id != carrier && !works.contains_key(&link.id)).map(Work::stored))
}

fn is_pending(owner: &Work, side: Side) -> bool {
    owner.link.ends[side].as_ref().is_some_and(|end| matches!(end.state, EndState::Pending { .. }))
}

/// Puts the record that a pending create was waiting for in its place.
pub(crate) fn confirm(works: &mut BTreeMap<LinkId, Work>, owner: Work, carrier: LinkId, side: Side) {
    let Some(half) = works.remove(&carrier) else { return };
    let owner = works.entry(owner.link.id).or_insert(owner);
    owner.link.ends[side] = None;
    super::matching::join(owner, half);
}
