//! Files, read and written whole.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use sync_core::{Error, ErrorKind, Result};
use tempfile::NamedTempFile;

/// No card and no event is larger, photographs included.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Does something with files where blocking is allowed.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let lost = |_| Error::unknown(ErrorKind::Remote, "the work on a file broke off");
    tokio::task::spawn_blocking(work).await.map_err(lost)?
}

/// The names of all files with this ending, in large or small letters, in order; hidden ones are left out. A folder that is not there is an error, and not an empty folder.
pub(crate) fn names(folder: &Path, ending: &str) -> Result<Vec<OsString>> {
    let names = || -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let is_hidden = name.as_encoded_bytes().starts_with(b".");
            if !is_hidden && Path::new(&name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending)) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    };
    names().map_err(|error| failed("the folder cannot be read", error))
}

/// The contents of a file; `None` if it is not there.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let size = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("the file cannot be read", error)),
        Ok(found) => found.len(),
    };
    if size > LARGEST {
        return Err(Error::permanent(ErrorKind::Decode, "the file is too large"));
    }
    match fs::read(path) {
        Ok(raw) => Ok(Some(raw)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("the file cannot be read", error)),
    }
}

/// Writes a new file. Where there is one already, it stays as it is.
pub(crate) fn create(path: &Path, text: &str) -> Result<()> {
    let file = written_beside(path, text)?;
    match file.persist_noclobber(path) {
        Err(refusal) if refusal.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(refusal) => Err(unclear(refusal.error)),
        Ok(_) => keep(path),
    }
}

/// Puts a new text in the place of one that was read. Whoever reads the file meanwhile sees the one or the other, never half.
pub(crate) fn replace(path: &Path, before: &[u8], text: &str) -> Result<()> {
    let file = written_beside(path, text)?;
    // The last look before the write. A file system offers no better one; what is left is a moment, not a sweep.
    if read(path)?.as_deref() != Some(before) {
        return Err(Error::temporary(ErrorKind::Remote, "the file was changed in the meantime; the next run decides anew"));
    }
    let permissions = fs::metadata(path).map(|found| found.permissions());
    permissions.and_then(|permissions| file.as_file().set_permissions(permissions)).map_err(unwritten)?;
    file.persist(path).map_err(|refusal| unclear(refusal.error))?;
    keep(path)
}

/// Removes a file. Says whether it was there.
pub(crate) fn remove(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => keep(path).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(unclear(error)),
    }
}

/// A complete file beside `path`, for its owner only, with a name that no listing shows.
fn written_beside(path: &Path, text: &str) -> Result<NamedTempFile> {
    let write = || {
        let mut file = tempfile::Builder::new().prefix(".sync-").tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    write().map_err(unwritten)
}

/// Has the folder remember what happened in it, through a loss of power too. Elsewhere than on Unix, folders cannot be asked to.
fn keep(path: &Path) -> Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(unclear)
}

/// Before the file has its name nothing has happened, so it may be tried again.
fn unwritten(error: io::Error) -> Error {
    failed("the file cannot be written", error)
}

/// Over a network, a rename may have happened although it failed. Somebody has to look first.
fn unclear(error: io::Error) -> Error {
    Error::unknown(ErrorKind::Remote, "it is not known whether the file was written").with_source(error)
}

fn failed(what: &'static str, error: io::Error) -> Error {
    let failure = match error.kind() {
        io::ErrorKind::PermissionDenied => Error::permanent(ErrorKind::Unauthorized, what),
        _ => Error::temporary(ErrorKind::Unreachable, what),
    };
    failure.with_source(error)
}
