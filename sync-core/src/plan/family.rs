//! The records that a kind's records belong to, such as an appointment's person.
//!
//! A record names its parent by the id that its own side gives it. Two records belong to the same parent when
//! those ids are in one link: parents compare by link, never by id.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Digest, Digester, EndState, Head, HeadEnd, Kind, LinkId, MappingReader, Parents, Reason, RecordId, Result, ReviewQuery, Schema, Side,
    Sides, Standing, TenantId,
};

/// How many heads the store is asked for at a time.
const PAGE: usize = 2000;

pub(crate) type References = BTreeMap<Kind, RecordId>;

/// All links of the kinds that a kind refers to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Family {
    kinds: Vec<Kind>,
    members: BTreeMap<LinkId, Member>,
    by_record: BTreeMap<Kind, Sides<BTreeMap<RecordId, LinkId>>>,
}

/// A parent's link, as far as its children care.
#[derive(Clone, Debug)]
struct Member {
    ends: Sides<Option<(RecordId, EndState)>>,
    standing: Standing,
    /// A person is asked who this is.
    in_question: bool,
}

impl Member {
    fn is_present(&self, side: Side) -> bool {
        matches!(self.ends[side], Some((_, EndState::Present)))
    }

    /// Whether children may come and go.
    fn is_whole(&self) -> bool {
        self.is_sound() && Side::BOTH.into_iter().all(|side| self.is_present(side))
    }

    fn is_sound(&self) -> bool {
        self.standing == Standing::Active && !self.in_question
    }
}

/// Whether a record can be created, as far as its parents are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// It can.
    Yes,
    /// It belongs to nobody, so there is nobody for whom to create it.
    Never,
    /// Once these parents, known on one side only, are on both; or once unknown ones become known.
    Later(BTreeSet<LinkId>),
}

/// What the parents of two linked records say about the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kinship {
    /// Both belong to these.
    Same(Parents),
    /// The record of this side belongs to another parent than it should.
    Elsewhere(Side, Kind),
    /// Once these parents are on both sides; or once a parent is back.
    Later(BTreeSet<LinkId>),
    /// A parent was taken apart, or a person is asked who it is.
    Frozen(Kind),
}

impl Family {
    /// Loads the links of all kinds that `schema` refers to.
    pub(crate) async fn load(tenant: &TenantId, reader: &dyn MappingReader, schema: &dyn Schema) -> Result<Self> {
        let mut family = Self { kinds: schema.parents().to_vec(), ..Self::default() };
        for kind in schema.parents() {
            let in_question = in_question(tenant, reader, kind).await?;
            let mut after = None;
            loop {
                let page = reader.heads(tenant, kind, after, PAGE).await?;
                let last = page.len() < PAGE;
                after = page.last().map(|head| head.link).or(after);
                page.into_iter().for_each(|head| family.add(kind, head, &in_question));
                if last {
                    break;
                }
            }
        }
        Ok(family)
    }

    fn add(&mut self, kind: &Kind, head: Head, in_question: &BTreeSet<LinkId>) {
        let ends = head.ends.map(|end| end.map(|HeadEnd { id, state, .. }| (id, state)));
        let by_record = self.by_record.entry(kind.clone()).or_default();
        for side in Side::BOTH {
            if let Some((id, _)) = &ends[side] {
                by_record[side].insert(id.clone(), head.link);
            }
        }
        let member = Member { ends, standing: head.standing, in_question: in_question.contains(&head.link) };
        self.members.insert(head.link, member);
    }

    /// Whether records of the kind belong to nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Of all references of a record, those that matter.
    pub(crate) fn relevant(&self, references: &References) -> References {
        let matters = |(kind, _): &(&Kind, &RecordId)| self.kinds.contains(kind);
        references.iter().filter(matters).map(|(kind, id)| (kind.clone(), id.clone())).collect()
    }

    /// The links of the records referred to, as far as they are known.
    pub(crate) fn parents(&self, side: Side, references: &References) -> Parents {
        let link = |kind: &Kind| self.link(side, references, kind).map(|link| (kind.clone(), link));
        self.kinds.iter().filter_map(link).collect()
    }

    fn link(&self, side: Side, references: &References, kind: &Kind) -> Option<LinkId> {
        self.by_record.get(kind)?[side].get(references.get(kind)?).copied()
    }

    /// Whether a parent that is referred to is in no link any more.
    pub(crate) fn link_is_unknown(&self, side: Side, references: &References) -> bool {
        self.kinds.iter().any(|kind| self.link(side, references, kind).is_none())
    }

    /// The same parents as the other side knows them; none unless all of them are there.
    pub(crate) fn translate(&self, from: Side, references: &References) -> Option<References> {
        let there = |kind: &Kind| {
            let member = self.members.get(&self.link(from, references, kind)?)?;
            let (id, _) = member.ends[from.opposite()].as_ref().filter(|_| member.is_whole())?;
            Some((kind.clone(), id.clone()))
        };
        self.kinds.iter().map(there).collect()
    }

    /// What the parents of two records are like, in one digest: it changes when they have to be looked at again.
    pub(crate) fn lineage(&self, references: &Sides<Option<&References>>, digester: &Digester) -> Option<Digest> {
        if self.is_empty() {
            return None;
        }
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for side in Side::BOTH {
            for kind in &self.kinds {
                let link = references[side].and_then(|references| self.link(side, references, kind));
                let member = link.and_then(|link| Some((link, self.members.get(&link)?)));
                parts.push(member.map_or_else(Vec::new, |(link, member)| link.to_bytes().into_iter().chain(described(member)).collect()));
            }
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        Some(digester.question(&parts))
    }

    /// Whether a record of `side` can be created on the other side.
    pub(crate) fn ready(&self, side: Side, references: &References) -> Ready {
        let mut wanted = BTreeSet::new();
        let mut later = false;
        for kind in &self.kinds {
            if !references.contains_key(kind) {
                return Ready::Never;
            }
            let Some(link) = self.link(side, references, kind) else {
                later = true;
                continue;
            };
            let Some(member) = self.members.get(&link).filter(|member| !member.is_whole()) else { continue };
            later = true;
            if self.is_wanted(member, side) {
                wanted.insert(link);
            }
        }
        if later { Ready::Later(wanted) } else { Ready::Yes }
    }

    /// Whether it would help to create the parent's counterpart.
    fn is_wanted(&self, member: &Member, side: Side) -> bool {
        member.is_sound() && member.is_present(side) && member.ends[side.opposite()].is_none()
    }

    /// What the parents of two linked records say. `settled` are those that both were last seen to belong to.
    pub(crate) fn kinship(&self, references: &Sides<References>, settled: &Parents) -> Kinship {
        let mut parents = Parents::new();
        for kind in &self.kinds {
            let links = Sides::from_fn(|side| self.link(side, &references[side], kind));
            let (Some(left), Some(right)) = (links.left, links.right) else { return Kinship::Later(BTreeSet::new()) };
            match self.kinship_of(kind, Sides::new(left, right), settled.get(kind).copied()) {
                Kinship::Same(same) => parents.extend(same),
                other => return other,
            }
        }
        Kinship::Same(parents)
    }

    fn kinship_of(&self, kind: &Kind, links: Sides<LinkId>, settled: Option<LinkId>) -> Kinship {
        let (Some(left), Some(right)) = (self.members.get(&links.left), self.members.get(&links.right)) else {
            return Kinship::Later(BTreeSet::new());
        };
        let members = Sides::new(left, right);
        if links.left == links.right {
            return match (left.is_whole(), left.is_sound()) {
                (true, _) => Kinship::Same(Parents::from([(kind.clone(), links.left)])),
                (false, true) => Kinship::Later(BTreeSet::new()),
                (false, false) => Kinship::Frozen(kind.clone()),
            };
        }
        match (left.is_whole(), right.is_whole()) {
            (true, true) if settled == Some(links.left) => Kinship::Elsewhere(Side::Left, kind.clone()),
            (true, true) if settled == Some(links.right) => Kinship::Elsewhere(Side::Right, kind.clone()),
            (true, false) => self.lost(kind, Side::Right, members, links, settled),
            (false, true) => self.lost(kind, Side::Left, members, links, settled),
            _ => Kinship::Frozen(kind.clone()),
        }
    }

    /// The record of `side` belongs to a parent that the other side does not know. Either it was moved there, and
    /// the parent follows; or the parent was taken apart, and the record has to leave it.
    fn lost(&self, kind: &Kind, side: Side, members: Sides<&Member>, links: Sides<LinkId>, settled: Option<LinkId>) -> Kinship {
        let moved = settled == Some(links[side.opposite()]);
        if moved && self.is_wanted(members[side], side) {
            return Kinship::Later(BTreeSet::from([links[side]]));
        }
        // It may be the same parent under another id, as after a merge: until a person has said so, nothing is taken away.
        if members[side].in_question {
            return Kinship::Frozen(kind.clone());
        }
        Kinship::Elsewhere(side, kind.clone())
    }
}

fn described(member: &Member) -> Vec<u8> {
    let end = |side: Side| {
        let id = member.ends[side].as_ref().map_or("", |(id, _)| id.as_str());
        [&[u8::from(member.is_present(side))], id.as_bytes(), &[0]].concat()
    };
    [vec![u8::from(member.is_sound())], end(Side::Left), end(Side::Right)].concat()
}

/// The links of which a person is asked who they are.
async fn in_question(tenant: &TenantId, reader: &dyn MappingReader, kind: &Kind) -> Result<BTreeSet<LinkId>> {
    let query = ReviewQuery { kind: Some(kind.clone()), ..ReviewQuery::default() };
    let asks_who = |reason: &Reason| {
        matches!(
            reason,
            Reason::IdentityChanged { .. }
                | Reason::MergedIntoLinked { .. }
                | Reason::Ambiguous { .. }
                | Reason::PossibleMatch { .. }
                | Reason::DoubleToken { .. }
        )
    };
    let open = reader.reviews(tenant, &query).await?.into_iter().filter(|review| review.decision.is_none() && asks_who(&review.reason));
    Ok(open.filter_map(|review| review.link).collect())
}
