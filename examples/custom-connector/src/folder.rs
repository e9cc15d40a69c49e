//! The connector itself: a folder as one side of a pair of systems.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::BoxStream;
use sync_core::vocabulary::{appointment, person};
use sync_core::{
    Absence, Description, Draft, Env, Error, ErrorKind, Field, FieldName, FieldSupport, Fields, Item, Kind, Listed, Observation, Parents,
    Patch, Permit, Probe, Record, RecordId, Result, Schema, SearchKey, Sink, Source, Support, Written,
};

use crate::page::{Page, refused};
use crate::{card, disk, event};

/// A folder with one file per person (`<id>.vcf`) and one per appointment (`<id>.ics`).
///
/// A file's name without its ending is the record's id. Ids are in logs and in the engine's store, so a file that is named after
/// a person tells who that is; files made by this connector are named by the token of their create.
pub struct Folder {
    path: PathBuf,
    env: Arc<dyn Env>,
    people: Format,
    appointments: Format,
}

/// How records of one kind lie in the folder.
struct Format {
    description: Description,
    schema: Arc<dyn Schema>,
    ending: &'static str,
    open: fn(&str) -> Result<Box<dyn Page>>,
    blank: fn(&RecordId) -> String,
}

// ---- 1. Say what the system can do ----------------------------------------------------------------------------------

/// What both kinds have in common. The engine relies on every line of it, and the conformance kit checks what it can.
fn describe(kind: Kind, fields: impl IntoIterator<Item = (FieldName, FieldSupport)>) -> Description {
    Description {
        kind,
        system: "Folder",
        fields: fields.into_iter().collect(),
        required: Vec::new(),
        // Two people may share an e-mail address: a folder does not mind.
        unique: BTreeSet::new(),
        single_read: true,
        // What was written can be read at once; a share on a slow network would say a few seconds here.
        lag: Duration::ZERO,
        // A file that is not there is gone. (Where people are only archived, say `Inactive`.)
        absence: Absence::Gone,
        search: BTreeSet::from([SearchKey::Token]),
        carries_token: true,
        create: Support::Enabled,
        update: Support::Enabled,
        by_hand: BTreeSet::new(),
        remove: Support::Enabled,
        settle: Duration::from_secs(60),
        parallel: 4,
    }
}

fn people() -> Format {
    let mut description = describe(person::KIND, card::PLACES.map(|(name, ..)| (name, FieldSupport::FULL)));
    description.required = vec![person::FAMILY_NAME];
    description.search.insert(SearchKey::Identity);
    let schema = Arc::new(person::PersonSchema::default());
    Format { description, schema, ending: "vcf", open: card::open, blank: card::blank }
}

fn appointments() -> Format {
    use appointment::{AppointmentSchema, END, KIND, NOTE, PRACTITIONER, START, STATUS, TITLE};
    // An event without a start is none.
    let start = (START, FieldSupport { clear: false, ..FieldSupport::FULL });
    let others = [END, STATUS, TITLE, NOTE, PRACTITIONER].map(|name| (name, FieldSupport::FULL));
    let mut description = describe(KIND, others.into_iter().chain([start]));
    description.required = vec![START];
    // No search by identity: an appointment is recognised by its person's *link*, which no file can tell.
    Format { description, schema: Arc::new(AppointmentSchema), ending: "ics", open: event::open, blank: event::blank }
}

impl Folder {
    /// A folder, which need not be there yet. `env` says what time it is when a file is written.
    pub fn new(path: impl Into<PathBuf>, env: Arc<dyn Env>) -> Self {
        Self { path: path.into(), env, people: people(), appointments: appointments() }
    }

    fn format(&self, kind: &Kind) -> Result<&Format> {
        let known = [&self.people, &self.appointments].into_iter().find(|format| format.description.kind == *kind);
        known.ok_or_else(|| Error::permanent(ErrorKind::Configuration, "a folder has no records of this kind"))
    }

    /// The file of a record. `None` for an id that names none: no id may lead out of the folder.
    fn file(&self, format: &Format, id: &RecordId) -> Option<PathBuf> {
        let name = id.as_str();
        let is_name = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':', '\0']);
        is_name.then(|| self.path.join(format!("{name}.{}", format.ending)))
    }

    async fn load(&self, format: &Format, id: &RecordId) -> Result<Option<Vec<u8>>> {
        let Some(file) = self.file(format, id) else { return Ok(None) };
        disk::blocking(move || disk::read(&file)).await.map_err(|error| error.with_context("id", id.as_str()))
    }
}

/// No path and no value: what is in the folder is nobody's business.
impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Folder(..)")
    }
}

// ---- 2. Be read -----------------------------------------------------------------------------------------------------

impl Format {
    /// A pure function of the bytes: the engine decodes a listed element when it needs to, which may be later.
    fn decode(&self, id: &RecordId, raw: &[u8]) -> Result<Record> {
        let mut record = Record::new(self.description.kind.clone(), id.clone());
        self.page(id, raw)?.show(&mut record);
        Ok(record)
    }

    fn page(&self, id: &RecordId, raw: &[u8]) -> Result<Box<dyn Page>> {
        let text = std::str::from_utf8(raw).map_err(|_| Error::permanent(ErrorKind::Decode, "the file is not UTF-8"));
        text.and_then(self.open).map_err(|error| error.with_context("id", id.as_str()))
    }

    fn is_match(&self, record: &Record, probe: &Probe) -> bool {
        match probe {
            Probe::Token(token) => record.token == Some(*token),
            Probe::Identifier { scheme, text } => {
                let marks = self.schema.identify(record, &Parents::new());
                marks.iter().any(|mark| mark.scheme == *scheme && mark.text == *text)
            }
        }
    }
}

#[async_trait]
impl Source for Folder {
    fn describe(&self, kind: &Kind) -> Option<&Description> {
        self.format(kind).ok().map(|format| &format.description)
    }

    /// One file after the other. What cannot be read is passed on as `Broken`, and the listing goes on; but then it does not claim
    /// to be complete, so that nobody is taken for gone. What can be read and makes no sense is listed as it is: `decode`
    /// says so, and the engine asks a person about that one file.
    fn list<'a>(&'a self, kind: &'a Kind) -> BoxStream<'a, Result<Item>> {
        Box::pin(stream! {
            let (format, path) = match self.format(kind) {
                Ok(format) => (format, self.path.clone()),
                Err(error) => return yield Err(error),
            };
            let ending = format.ending;
            let names = match disk::blocking(move || disk::names(&path, ending)).await {
                Ok(names) => names,
                // Not an empty listing: the disk may not be mounted.
                Err(error) => return yield Err(error),
            };
            let mut complete = true;
            for name in names {
                let file = self.path.join(&name);
                let id = file.file_stem().and_then(|stem| stem.to_str()).map(RecordId::from);
                // Only an id that leads back to its file is one.
                let id = id.filter(|id| self.file(format, id).as_ref() == Some(&file));
                let raw = match id {
                    Some(_) => disk::blocking(move || disk::read(&file)).await,
                    None => Err(Error::permanent(ErrorKind::Decode, "the name of a file cannot be an id")),
                };
                match (id, raw) {
                    (Some(id), Ok(Some(raw))) => yield Ok(Item::Listed(Listed { id, raw: Bytes::from(raw) })),
                    // Removed since its name was read.
                    (_, Ok(_)) => {}
                    (_, Err(why)) => {
                        complete = false;
                        yield Ok(Item::Broken { raw: Bytes::new(), why });
                    }
                }
            }
            yield Ok(Item::End { complete });
        })
    }

    fn decode(&self, kind: &Kind, listed: &Listed) -> Result<Record> {
        self.format(kind)?.decode(&listed.id, &listed.raw)
    }

    async fn read(&self, kind: &Kind, id: &RecordId) -> Result<Observation> {
        let format = self.format(kind)?;
        match self.load(format, id).await? {
            Some(raw) => Ok(Observation::Found(Box::new(format.decode(id, &raw)?))),
            None => Ok(Observation::Missing),
        }
    }

    /// A folder has no index: it looks at every file. The engine searches only where a listing tells nothing new.
    async fn find(&self, kind: &Kind, probe: &Probe) -> Result<Vec<Record>> {
        let format = self.format(kind)?;
        let mut found = Vec::new();
        let mut items = self.list(kind);
        while let Some(item) = items.try_next().await? {
            match item {
                // A file that nobody can read cannot be what is searched for: nobody would know.
                Item::Listed(listed) => {
                    found.extend(format.decode(&listed.id, &listed.raw).ok().filter(|record| format.is_match(record, probe)))
                }
                Item::Broken { why, .. } => return Err(why),
                Item::End { .. } => {}
            }
        }
        Ok(found)
    }
}

// ---- 3. Be written to -----------------------------------------------------------------------------------------------

impl Folder {
    fn check(&self, format: &Format, draft: &Draft) -> Result<()> {
        match format.description.required.iter().find(|name| draft.fields.get(name).value().is_none()) {
            Some(name) => Err(refused(name, "a required field is missing")),
            None => Ok(()),
        }
    }

    /// Changes a file, if that changes anything, and tells what it says now.
    async fn rewrite(&self, format: &Format, id: &RecordId, fields: &Fields) -> Result<Record> {
        let Some(raw) = self.load(format, id).await? else { return Err(missing(id)) };
        let mut page = format.page(id, &raw)?;
        put(page.as_mut(), fields)?;
        if page.to_string().as_bytes() == raw {
            return format.decode(id, &raw);
        }
        page.stamp(self.env.now());
        let text = page.to_string();
        let record = format.decode(id, text.as_bytes())?;
        let file = self.file(format, id).ok_or_else(|| missing(id))?;
        disk::blocking(move || disk::replace(&file, &raw, &text)).await.map_err(|error| error.with_context("id", id.as_str()))?;
        Ok(record)
    }
}

#[async_trait]
impl Sink for Folder {
    /// The name of the new file is the draft's token, so even a create that is sent twice makes one file.
    async fn create(&self, _permit: &Permit, draft: &Draft) -> Result<Written> {
        let format = self.format(&draft.kind)?;
        self.check(format, draft)?;
        let id = RecordId::new(draft.token.to_string());
        let mut page = (format.open)(&(format.blank)(&id))?;
        page.carry(draft.token);
        for (kind, parent) in &draft.references {
            if self.load(self.format(kind)?, parent).await?.is_none() {
                return Err(missing(parent));
            }
            page.refer(parent)?;
        }
        put(page.as_mut(), &draft.fields)?;
        page.stamp(self.env.now());
        let text = page.to_string();
        let file = self.file(format, &id).ok_or_else(|| missing(&id))?;
        disk::blocking(move || disk::create(&file, &text)).await.map_err(|error| error.with_context("id", id.as_str()))?;
        // What is there is the answer, also when an earlier call made it.
        match self.load(format, &id).await? {
            Some(raw) => Ok(Written::Done(Box::new(format.decode(&id, &raw)?))),
            None => Ok(Written::NotShown(id)),
        }
    }

    async fn update(&self, _permit: &Permit, patch: &Patch) -> Result<Written> {
        let record = self.rewrite(self.format(&patch.kind)?, &patch.id, &patch.fields).await?;
        Ok(Written::Done(Box::new(record)))
    }

    /// A person's file is deleted. An appointment is called off and stays where it was: people want to see that it was.
    async fn remove(&self, _permit: &Permit, kind: &Kind, id: &RecordId) -> Result<()> {
        let format = self.format(kind)?;
        if *kind == appointment::KIND {
            let mut fields = Fields::default();
            fields.set(appointment::STATUS, Field::Value(appointment::status::CANCELLED));
            return self.rewrite(format, id, &fields).await.map(|_| ());
        }
        let file = self.file(format, id).ok_or_else(|| missing(id))?;
        if disk::blocking(move || disk::remove(&file)).await? { Ok(()) } else { Err(missing(id)) }
    }
}

fn put(page: &mut dyn Page, fields: &Fields) -> Result<()> {
    // A field that is not known is no change, and not among them.
    fields.iter().try_for_each(|(name, field)| page.put(name, field.value()))
}

fn missing(id: &RecordId) -> Error {
    Error::permanent(ErrorKind::NotFound, "the file is not there").with_context("id", id.as_str())
}
