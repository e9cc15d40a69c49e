//! What becomes of a folder.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use custom_connector::Folder;
use futures::StreamExt;
use sync_core::testing::{SeededEnv, permit};
use sync_core::vocabulary::appointment::{self, AppointmentSchema};
use sync_core::vocabulary::person::{self, KIND};
use sync_core::{
    Draft, Error, ErrorKind, Field, FieldName, Fields, Item, Kind, Listed, Observation, Patch, Record, RecordId, Schema, Sink, Source,
    Token, Verdict, Written,
};
use tempfile::TempDir;

use crate::conformance::{anna, fields};

const CARD: &str = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Anna Muster\r\nN:Muster;Anna;;;\r\nEND:VCARD\r\n";

/// A folder with these files, at a clock that stands still.
pub(crate) struct Files {
    directory: TempDir,
    folder: Folder,
}

impl Files {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, text)| fs::write(directory.path().join(name), text).unwrap());
        let folder = Folder::new(directory.path(), Arc::new(SeededEnv::frozen(1)));
        Self { directory, folder }
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.directory.path().join(name)).unwrap()
    }

    pub(crate) fn decode(&self, kind: &Kind, listed: &Listed) -> Result<Record, Error> {
        self.folder.decode(kind, listed)
    }

    pub(crate) async fn record(&self, kind: &Kind, id: &str) -> Record {
        let Observation::Found(record) = self.folder.read(kind, &id.into()).await.unwrap() else { panic!("{id} is not there") };
        *record
    }

    pub(crate) async fn update(&self, kind: &Kind, id: &str, fields: &Fields) -> Result<Record, Error> {
        let patch = Patch { kind: kind.clone(), id: id.into(), fields: fields.clone() };
        let Written::Done(record) = self.folder.update(&permit(), &patch).await? else { panic!("it is not done") };
        Ok(*record)
    }

    pub(crate) async fn remove(&self, kind: &Kind, id: &str) -> Result<(), Error> {
        self.folder.remove(&permit(), kind, &id.into()).await
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

pub(crate) fn clearing(name: FieldName) -> Fields {
    let mut fields = Fields::default();
    fields.set(name, Field::Empty);
    fields
}

fn draft(kind: Kind, fields: Fields) -> Draft {
    Draft { kind, fields, references: Default::default(), token: Token::from_bytes([7; 16]) }
}

async fn listing(folder: &Folder) -> Vec<Result<Item, Error>> {
    folder.list(&KIND).collect().await
}

#[tokio::test]
async fn a_broken_file_is_listed_and_spoils_no_other() {
    let files = Files::new(&[("a.vcf", "nonsense"), ("z.vcf", CARD), ("e.ics", "not of this kind")]);
    let items = listing(&files.folder).await;
    let decodes: Vec<_> =
        items.iter().filter_map(|item| item.as_ref().ok()).filter_map(listed).map(|listed| files.decode(&KIND, listed).is_ok()).collect();
    assert_eq!(decodes, [false, true]);
    assert!(matches!(items.last(), Some(Ok(Item::End { complete: true }))));
}

fn listed(item: &Item) -> Option<&Listed> {
    if let Item::Listed(listed) = item { Some(listed) } else { None }
}

#[tokio::test]
async fn what_cannot_be_read_proves_no_absence_and_what_is_hidden_is_nothing() {
    let files = Files::new(&[("LOUD.VCF", CARD), (".a.tmp", "x"), (".hidden.vcf", "x"), ("notes.txt", "x"), ("z.vcf", CARD)]);
    fs::create_dir(files.directory.path().join("folder.vcf")).unwrap();
    let items = listing(&files.folder).await;
    let [Ok(Item::Broken { .. }), Ok(Item::Broken { .. }), Ok(Item::Listed(_)), Ok(Item::End { complete: false })] = &items[..] else {
        panic!("{items:?}")
    };
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_an_error_and_not_an_empty_listing() {
    let folder = Folder::new("no/such/folder", Arc::new(SeededEnv::frozen(1)));
    let items = listing(&folder).await;
    assert!(matches!(&items[..], [Err(error)] if error.is_temporary()), "{items:?}");
    let written = folder.create(&permit(), &draft(KIND, anna())).await;
    assert!(written.is_err_and(|error| error.is_temporary()), "nothing can have happened");
}

#[tokio::test]
async fn a_create_that_comes_twice_makes_one_file() {
    let files = Files::new(&[]);
    let draft = draft(KIND, anna());
    for _ in 0..2 {
        let Ok(Written::Done(record)) = files.folder.create(&permit(), &draft).await else { panic!("it is not done") };
        assert_eq!(record.token, Some(draft.token));
    }
    let name = format!("{}.vcf", draft.token);
    assert_eq!(files.names(), std::slice::from_ref(&name), "no unfinished file is left either");
    assert!(files.text(&name).contains("\r\nFN:Anna Maria Muster\r\n"));
    assert!(files.text(&name).contains(&format!("\r\nX-SYNC-TOKEN:{}\r\n", draft.token)));
}

#[tokio::test]
async fn an_appointment_of_nobody_is_not_made() {
    let files = Files::new(&[]);
    let mut draft = draft(AppointmentSchema.kind().clone(), fields(&[(appointment::START, "2026-03-02T08:00:00Z")]));
    draft.references.insert(person::KIND, "anna".into());
    let refusal = files.folder.create(&permit(), &draft).await.unwrap_err();
    assert_eq!((refusal.kind(), refusal.verdict()), (ErrorKind::NotFound, Verdict::Permanent));
    assert_eq!(files.names(), [""; 0]);
}

#[tokio::test]
async fn an_id_does_not_lead_out_of_the_folder() {
    let files = Files::new(&[("a.vcf", CARD)]);
    let inner = files.directory.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let folder = Folder::new(&inner, Arc::new(SeededEnv::frozen(1)));
    for id in ["../a", "/a", "", ".", ".."] {
        let id = RecordId::from_static(id);
        assert!(matches!(folder.read(&KIND, &id).await, Ok(Observation::Missing)), "{id}");
        assert_eq!(folder.remove(&permit(), &KIND, &id).await.unwrap_err().kind(), ErrorKind::NotFound, "{id}");
    }
    assert_eq!(files.text("a.vcf"), CARD);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_keeps_its_permissions_and_a_new_one_is_private() {
    use std::os::unix::fs::PermissionsExt;

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let files = Files::new(&[("a.vcf", CARD)]);
    let path = files.directory.path().join("a.vcf");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    files.update(&KIND, "a", &fields(&[(person::CITY, "Bern")])).await.unwrap();
    assert_eq!(mode(&path), 0o640);
    let draft = draft(KIND, anna());
    files.folder.create(&permit(), &draft).await.unwrap();
    assert_eq!(mode(&files.directory.path().join(format!("{}.vcf", draft.token))), 0o600);
}
