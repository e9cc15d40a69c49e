//! The key that wraps all others.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind as Io, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

use super::{Key, identity};
use crate::error::Failure;

/// The key that wraps every tenant's data key: 32 bytes, as base64. It never comes to rest in the database.
/// Its `Debug` prints nothing, and it is wiped when dropped.
#[derive(Clone)]
pub struct MasterKey(Key);

/// The key file beside a database.
#[derive(Debug)]
pub struct KeyBeside {
    /// The key.
    pub key: MasterKey,
    /// The file that holds it.
    pub path: PathBuf,
    /// Whether it was made just now. Then somebody should be told to back it up, apart from the database.
    pub created: bool,
}

impl KeyBeside {
    /// Puts the file in the place of another.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn replace(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let renamed = fs::rename(&self.path, path).and_then(|()| sync_directory(path));
        renamed.map_err(|error| unmade(path, error))
    }
}

impl MasterKey {
    /// A key from its text.
    ///
    /// # Errors
    /// When it is not the base64 of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self> {
        let wrong =
            || Error::permanent(ErrorKind::Configuration, "the vault key is not the base64 of 32 bytes; make one: openssl rand -base64 32");
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| wrong())?);
        Key::from_slice(&bytes).map(Self).ok_or_else(wrong)
    }

    /// A key from a file that only its owner can read. A secret that a container runtime has mounted below `/run/secrets` may be
    /// readable by everybody in the container, as such runtimes mount it, if it is root's and nobody else can write it.
    ///
    /// # Errors
    /// When the file cannot be read, can be read by others, or holds something else.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        refuse_shared(path)?;
        let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| unreadable(path, error))?);
        Self::from_base64(&text).map_err(|error| error.with_context("key file", path.display().to_string()))
    }

    /// The key in the file beside a database (its name with `.key` added), which is made for a new database.
    ///
    /// # Errors
    /// When the file cannot be read or made, can be read by others, or is missing beside a database that
    /// has something in it.
    pub fn beside(database: impl AsRef<Path>) -> Result<KeyBeside> {
        let database = database.as_ref();
        let mut name = OsString::from(database);
        name.push(".key");
        let path = PathBuf::from(name);
        if path.exists() {
            return Ok(KeyBeside { key: Self::from_file(&path)?, path, created: false });
        }
        // A new key would not open an old database, and would hide that the old key is lost.
        if fs::metadata(database).is_ok_and(|file| file.len() > 0) {
            let message = "the key file of this database is missing; restore it from a backup, or give the key that was used before";
            return Err(Error::permanent(ErrorKind::Configuration, message).with_context("key file", path.display().to_string()));
        }
        match create(&path) {
            Ok(key) => Ok(KeyBeside { key, path, created: true }),
            // Another process was quicker.
            Err(error) if error.kind() == Io::AlreadyExists => Ok(KeyBeside { key: Self::from_file(&path)?, path, created: false }),
            Err(error) => Err(unmade(&path, error)),
        }
    }

    /// The key that is to follow the one in this file: in a file beside it (its name with `.new` added), which is made if it is not
    /// there, and is safe on the disk.
    ///
    /// # Errors
    /// When the file cannot be read or made, or can be read by others.
    pub fn successor(path: impl AsRef<Path>) -> Result<KeyBeside> {
        let path = successor_of(path.as_ref());
        if path.exists() {
            return Ok(KeyBeside { key: Self::from_file(&path)?, path, created: false });
        }
        match create(&path) {
            Ok(key) => Ok(KeyBeside { key, path, created: true }),
            Err(error) => Err(unmade(&path, error)),
        }
    }

    pub(crate) const fn key(&self) -> &Key {
        &self.0
    }

    /// Something by which this key is recognised.
    pub(crate) fn check(&self) -> Result<Vec<u8>, Failure> {
        self.0.seal(&identity(&[b"vault_check"]), b"this is the key")
    }

    /// Whether that was made with this key.
    pub(crate) fn fits(&self, check: &[u8]) -> bool {
        self.0.open(&identity(&[b"vault_check"]), check).is_ok()
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// Writes a fresh key to a new file. It appears under its name only when it is whole and on the disk, so
/// that an interruption leaves no half key, and nobody reads one.
fn create(path: &Path) -> std::io::Result<MasterKey> {
    let key = MasterKey(Key::random().map_err(|_| std::io::Error::other("no random numbers"))?);
    let text = Zeroizing::new(STANDARD.encode(key.0.bytes()));
    let mut draft = OsString::from(path);
    // A name of chance: one left behind by an interruption is in nobody's way.
    let mut chance = [0; 8];
    aws_lc_rs::rand::fill(&mut chance).map_err(|_| std::io::Error::other("no random numbers"))?;
    draft.push(format!(".{:016x}", u64::from_be_bytes(chance)));
    let mut file = private().write(true).create_new(true).open(&draft)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    written?;
    sync_directory(path)?;
    Ok(key)
}

/// Makes a new or changed name survive a loss of power.
fn sync_directory(path: &Path) -> std::io::Result<()> {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}

/// The file of the key that follows the one in this file.
fn successor_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".new");
    PathBuf::from(name)
}

fn unmade(path: &Path, error: std::io::Error) -> Error {
    Error::permanent(ErrorKind::Configuration, "the key file cannot be made; make its directory writable")
        .with_context("key file", path.display().to_string())
        .with_source(error)
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    Error::permanent(ErrorKind::Configuration, "the key file cannot be read; check its path and owner")
        .with_context("key file", path.display().to_string())
        .with_source(error)
}

/// Options that make files for their owner only.
pub(crate) fn private() -> fs::OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has a mode to set"))]
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn refuse_shared(path: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    // Where the file really is: a link in the mount could lead anywhere.
    let real = path.canonicalize().map_err(|error| unreadable(path, error))?;
    let file = fs::metadata(&real).map_err(|error| unreadable(path, error))?;
    if is_private(&real, file.uid(), file.mode()) {
        return Ok(());
    }
    let message = format!("others can read the vault key; run: chmod 600 {}", path.display());
    Err(Error::permanent(ErrorKind::Configuration, message))
}

/// Whether only those can read a file who are meant to.
#[cfg(unix)]
fn is_private(path: &Path, owner: u32, mode: u32) -> bool {
    // Only the processes of one container see its mount, so the mode says nothing there. Who could write it could swap the key.
    let mounted = path.starts_with("/run/secrets") && owner == 0 && mode & 0o022 == 0;
    mode & 0o077 == 0 || mounted
}

#[cfg(not(unix))]
fn refuse_shared(_path: &Path) -> Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_private_by_its_mode_or_as_a_secret_that_is_mounted_read_only() {
        for (path, owner, mode, private) in [
            ("/etc/clinic-sync/vault.key", 1000, 0o100_600, true),
            ("/etc/clinic-sync/vault.key", 0, 0o100_444, false),
            ("/etc/clinic-sync/vault.key", 1000, 0o100_640, false),
            ("/run/secrets/vault_key", 0, 0o100_444, true),
            ("/run/secrets/sync/vault_key", 0, 0o100_440, true),
            ("/run/secrets/vault_key", 1000, 0o100_444, false),
            ("/run/secrets/vault_key", 0, 0o100_664, false),
            ("/run/secrets-of-others/vault_key", 0, 0o100_444, false),
        ] {
            assert_eq!(is_private(Path::new(path), owner, mode), private, "{path} of {owner}, {mode:o}");
        }
    }
}
