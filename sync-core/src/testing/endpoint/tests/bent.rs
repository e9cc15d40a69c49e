//! An endpoint with one bad habit.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use crate::testing::fault::lock;
use crate::testing::{MemoryEndpoint, Shape};
use crate::vocabulary::appointment::OPEN;
use crate::vocabulary::person;
use crate::{
    Description, Draft, Error, ErrorKind, Field, Fields, Item, Kind, Listed, Observation, Patch, Permit, Presence, Probe, Record, RecordId,
    Result, Sink, Source, Written,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    None,
    ListsTwice,
    SkipsOne,
    EndsTwice,
    NeverEnds,
    NeverComplete,
    ChangesBytes,
    ListsOldState,
    DecodesByReading,
    DecodesAnything,
    ShowsUnknownForEmpty,
    ReadsOtherwise,
    ReadsFromACache,
    MissingIsAnError,
    KnowsEveryKind,
    Contradicts,
    PrintsValues,
    FindsEverything,
    FindsNothing,
    DropsAField,
    CreatesTwice,
    ForgetsTokens,
    EchoesTheRequest,
    CreatesAtOnceButSaysPending,
    FillsRequired,
    RefusesForNow,
    NamesTheWrongRecord,
    Truncates,
    KeepsAsciiOnly,
    TouchesAnotherField,
    IgnoresClearing,
    ChangesWhatIsWrittenBack,
    CreatesWhatIsMissing,
    TriesMissingAgain,
    KeepsRemoved,
    /// Not a bad one: what is removed stays listed without its mark.
    CallsOff,
    CallsOffNothing,
    CallsOffEverything,
}

impl Habit {
    /// What is wrong with the side itself.
    pub(super) fn shape(self, shape: Shape) -> Shape {
        match self {
            Self::Contradicts => shape.describing(|description| description.carries_token = false),
            Self::EchoesTheRequest => shape.with_stored("city", str::to_uppercase),
            Self::Truncates => shape.with_stored("family_name", |name| name.chars().take(50).collect()),
            Self::KeepsAsciiOnly => shape.with_stored("family_name", |name| name.replace(|c: char| !c.is_ascii(), "?")),
            _ => shape,
        }
    }
}

pub(super) struct Bent {
    inner: MemoryEndpoint,
    habit: Habit,
    seen: Mutex<BTreeMap<RecordId, Listed>>,
    count: AtomicU64,
}

impl Bent {
    pub(super) fn new(inner: MemoryEndpoint, habit: Habit) -> Self {
        Self { inner, habit, seen: Mutex::default(), count: AtomicU64::new(0) }
    }

    fn has(&self, habit: Habit) -> bool {
        self.habit == habit
    }

    fn bend_listed(&self, mut listed: Listed) -> Vec<Result<Item>> {
        match self.habit {
            Habit::ListsTwice => return vec![Ok(Item::Listed(listed.clone())), Ok(Item::Listed(listed))],
            Habit::SkipsOne if listed.id.as_str().ends_with('2') => return Vec::new(),
            Habit::ListsOldState => listed = lock(&self.seen).entry(listed.id.clone()).or_insert(listed).clone(),
            Habit::ChangesBytes => {
                let spaces = usize::try_from(self.count.fetch_add(1, Ordering::Relaxed)).unwrap();
                listed.raw = Bytes::from([&listed.raw[..], " ".repeat(spaces).as_bytes()].concat());
            }
            _ => {}
        }
        vec![Ok(Item::Listed(listed))]
    }

    fn bend_item(&self, item: Result<Item>) -> Vec<Result<Item>> {
        match item {
            Ok(Item::Listed(listed)) => self.bend_listed(listed),
            Ok(Item::End { .. }) if self.has(Habit::NeverEnds) => Vec::new(),
            Ok(Item::End { .. }) if self.has(Habit::NeverComplete) => vec![Ok(Item::End { complete: false })],
            Ok(Item::End { complete }) if self.has(Habit::EndsTwice) => vec![Ok(Item::End { complete }), Ok(Item::End { complete })],
            other => vec![other],
        }
    }

    fn bend_record(&self, mut record: Record) -> Record {
        let empty = |name: &&crate::FieldName| record.fields.get(name) == Field::Empty;
        match self.habit {
            Habit::ShowsUnknownForEmpty => {
                for name in record.fields.names().filter(empty).cloned().collect::<Vec<_>>() {
                    record.fields.set(name, Field::Unknown);
                }
            }
            Habit::KeepsRemoved => record.presence = Presence::Live,
            Habit::CallsOff if lock(&self.seen).contains_key(&record.id) => {}
            Habit::CallsOffEverything if !lock(&self.seen).is_empty() => {}
            Habit::CallsOff | Habit::CallsOffNothing | Habit::CallsOffEverything => _ = record.marks.insert(OPEN.into()),
            _ => {}
        }
        record
    }

    fn bend_fields(&self, fields: &Fields) -> Fields {
        let mut bent = fields.clone();
        match self.habit {
            Habit::DropsAField => bent.set(person::CITY, Field::Unknown),
            Habit::TouchesAnotherField if fields.get(&person::CITY) == Field::Unknown => bent.set(person::CITY, Field::Value("Genf")),
            Habit::IgnoresClearing => {
                for (name, _) in fields.iter().filter(|(_, field)| *field == Field::Empty) {
                    bent.set(name.clone(), Field::Unknown);
                }
            }
            Habit::ChangesWhatIsWrittenBack => {
                if let Some(city) = fields.get(&person::CITY).value() {
                    bent.set(person::CITY, Field::Value(&format!("{city}!")));
                }
            }
            _ => {}
        }
        bent
    }

    fn bend_answer(&self, answer: Result<Written>, sent: &Fields) -> Result<Written> {
        match answer? {
            Written::Done(mut record) if self.has(Habit::EchoesTheRequest) => {
                for (name, field) in sent.iter() {
                    record.fields.set(name.clone(), field);
                }
                Ok(Written::Done(record))
            }
            Written::Done(record) if self.has(Habit::CreatesAtOnceButSaysPending) => Ok(Written::Pending(record.id)),
            Written::Exists { fields, .. } if self.has(Habit::NamesTheWrongRecord) => Ok(Written::Exists { id: "M99".into(), fields }),
            answer => Ok(answer),
        }
    }
}

impl fmt::Debug for Bent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.inner.records(&person::KIND).into_iter();
        let names: Vec<_> = names.filter_map(|record| record.fields.get(&person::GIVEN_NAME).value().map(str::to_owned)).collect();
        if self.has(Habit::PrintsValues) { write!(f, "Bent({names:?})") } else { write!(f, "Bent({:?})", self.habit) }
    }
}

#[async_trait]
impl Source for Bent {
    fn describe(&self, kind: &Kind) -> Option<&Description> {
        let known = person::KIND;
        self.inner.describe(if self.has(Habit::KnowsEveryKind) { &known } else { kind })
    }

    fn list<'a>(&'a self, kind: &'a Kind) -> BoxStream<'a, Result<Item>> {
        Box::pin(self.inner.list(kind).flat_map(move |item| stream::iter(self.bend_item(item))))
    }

    fn decode(&self, kind: &Kind, listed: &Listed) -> Result<Record> {
        let decoded = self.inner.decode(kind, listed).map(|record| self.bend_record(record));
        match self.habit {
            Habit::DecodesByReading => self.inner.record(&listed.id).ok_or_else(|| Error::permanent(ErrorKind::NotFound, "not there")),
            Habit::DecodesAnything => Ok(decoded.unwrap_or_else(|_| Record::new(kind.clone(), listed.id.clone()))),
            _ => decoded,
        }
    }

    async fn read(&self, kind: &Kind, id: &RecordId) -> Result<Observation> {
        if self.has(Habit::ReadsFromACache) {
            // What it was when it was entered.
            let old = Record { fields: Fields::default(), ..Record::new(kind.clone(), id.clone()) };
            return Ok(Observation::Found(Box::new(old)));
        }
        match self.inner.read(kind, id).await? {
            Observation::Missing if self.has(Habit::MissingIsAnError) => Err(Error::permanent(ErrorKind::NotFound, "not there")),
            Observation::Missing if self.has(Habit::KeepsRemoved) && !id.as_str().ends_with('0') => {
                Ok(Observation::Found(Box::new(Record::new(kind.clone(), id.clone()))))
            }
            Observation::Found(mut record) if self.has(Habit::ReadsOtherwise) => {
                record.fields.set(person::CITY, Field::Value("Genf"));
                Ok(Observation::Found(record))
            }
            Observation::Found(record) => Ok(Observation::Found(Box::new(self.bend_record(*record)))),
            Observation::Missing => Ok(Observation::Missing),
        }
    }

    async fn find(&self, kind: &Kind, probe: &Probe) -> Result<Vec<Record>> {
        match self.habit {
            Habit::FindsEverything => Ok(self.inner.records(kind)),
            Habit::FindsNothing => Ok(Vec::new()),
            _ => self.inner.find(kind, probe).await,
        }
    }
}

#[async_trait]
impl Sink for Bent {
    async fn create(&self, permit: &Permit, draft: &Draft) -> Result<Written> {
        let mut bent = Draft { fields: self.bend_fields(&draft.fields), ..draft.clone() };
        let nameless = draft.fields.get(&person::FAMILY_NAME).value().is_none();
        match self.habit {
            Habit::FillsRequired if nameless => bent.fields.set(person::FAMILY_NAME, Field::Value("Unbekannt")),
            Habit::RefusesForNow if nameless => return Err(Error::temporary(ErrorKind::Remote, "try again")),
            Habit::CreatesTwice => {
                self.inner.add(&draft.kind, &[("family_name", "Doppelt")]);
            }
            _ => {}
        }
        let answer = self.inner.create(permit, &bent).await;
        if let (Habit::ForgetsTokens, Ok(Written::Done(record))) = (self.habit, &answer) {
            self.inner.change(&record.id, |record| record.token = None);
        }
        self.bend_answer(answer, &draft.fields)
    }

    async fn update(&self, permit: &Permit, patch: &Patch) -> Result<Written> {
        let bent = Patch { fields: self.bend_fields(&patch.fields), ..patch.clone() };
        match (self.inner.update(permit, &bent).await, self.habit) {
            (Err(error), Habit::CreatesWhatIsMissing) if error.kind() == ErrorKind::NotFound => {
                self.inner.put(Record { fields: patch.fields.clone(), ..Record::new(patch.kind.clone(), patch.id.clone()) });
                Ok(Written::NotShown(patch.id.clone()))
            }
            (Err(error), Habit::TriesMissingAgain) => Err(Error::temporary(error.kind(), "try again")),
            (answer, _) => self.bend_answer(answer, &patch.fields),
        }
    }

    async fn remove(&self, permit: &Permit, kind: &Kind, id: &RecordId) -> Result<()> {
        match self.habit {
            Habit::KeepsRemoved => Ok(()),
            Habit::CallsOff | Habit::CallsOffNothing | Habit::CallsOffEverything => {
                lock(&self.seen).insert(id.clone(), Listed { id: id.clone(), raw: Bytes::new() });
                Ok(())
            }
            _ => self.inner.remove(permit, kind, id).await,
        }
    }
}
