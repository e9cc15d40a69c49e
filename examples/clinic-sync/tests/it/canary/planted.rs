//! What must not come to light, and what is searched for it.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::fmt::Debug;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clinic_sync::Error;
use url::form_urlencoded::byte_serialize;

pub(super) const LOGIN: &str = "kanarien.login@praxis-vogelhaus.example";
pub(super) const PASSWORD: &str = "kanarien-passwort-8d1f";
pub(super) const TOKEN: &str = "pit-kanarien-77c3b0";

pub(super) const GIVEN: &str = "Quirinalia";
pub(super) const FAMILY: &str = "Zwetschgenkanari-Fjörd";
pub(super) const PHONE: &str = "079 813 57 92";
pub(super) const EMAIL: &str = "Quirinalia.Kanari+praxis@Zwetschge.example";
pub(super) const STREET: &str = "Kanarienvogelgässli 77";
pub(super) const BIRTH_DATE: (i32, u32, u32) = (1931, 7, 23);
/// The e-mail of one person, changed on both sides at once.
pub(super) const OURS: &str = "fjoerd.hier@zwetschge.example";
pub(super) const THEIRS: &str = "fjoerd.dort@zwetschge.example";

pub(super) const OTHER_GIVEN: &str = "Ottokarius";
pub(super) const OTHER_FAMILY: &str = "Wellensittichsen";
pub(super) const OTHER_PHONE: &str = "+41 76 246 81 35";
pub(super) const OTHER_EMAIL: &str = "ottokarius@wellensittich.example";
/// What the other person is called later, so that a value is overwritten.
pub(super) const MARRIED: &str = "Papageienhuber";

pub(super) const NEW_FAMILY: &str = "Nymphensittichova";
pub(super) const LEAD_GIVEN: &str = "Hyazinthara";
pub(super) const LEAD_EMAIL: &str = "hyazinthara@ara.example";
pub(super) const LEAD_STREET: &str = "Papageienplatz 9191";
pub(super) const RENAMED: &str = "Rosakakadu";
/// What the practice notes about an appointment, and what it costs nobody to know.
pub(super) const FINDING: &str = "Kakaduschulterbefund";

/// What was planted, and under which name a leak is told.
pub(super) struct Canaries(Vec<(String, String)>);

impl Canaries {
    pub(super) fn planted() -> Self {
        let mut canaries = Self(Vec::new());
        for text in [GIVEN, FAMILY, EMAIL, STREET, OURS, THEIRS, OTHER_GIVEN, OTHER_FAMILY, OTHER_EMAIL, MARRIED] {
            canaries.plant(text);
        }
        for text in [NEW_FAMILY, LEAD_GIVEN, LEAD_EMAIL, LEAD_STREET, RENAMED, PASSWORD, TOKEN, "1931-07-23", "23.07.1931", "19310723"] {
            canaries.plant(text);
        }
        canaries.plant(FINDING);
        canaries.plant(LOGIN);
        for phone in [PHONE, OTHER_PHONE] {
            canaries.plant(phone);
            let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
            canaries.plant(digits.trim_start_matches("41").trim_start_matches('0'));
        }
        // As matching folds them.
        canaries.plant("zwetschgenkanari fjord");
        canaries.plant("zwetschgenkanari fjoerd");
        canaries
    }

    /// Plants a text in all spellings in which it may turn up; letter case never counts.
    pub(super) fn plant(&mut self, text: &str) {
        let numbers: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
        // The last letters of base64 depend on what follows.
        let base64 = STANDARD.encode(&text.as_bytes()[..text.len() / 3 * 3]);
        let spellings = [
            text.to_owned(),
            text.to_lowercase(),
            byte_serialize(text.as_bytes()).collect(),
            byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20"),
            text.chars().flat_map(escape).collect(),
            text.as_bytes().escape_ascii().to_string(),
            numbers.join(", "),
            text.bytes().map(|byte| format!("{byte:02x}")).collect(),
            base64,
        ];
        let spellings: BTreeSet<String> = spellings.into_iter().map(|spelling| spelling.to_ascii_lowercase()).collect();
        self.0.extend(spellings.into_iter().map(|spelling| (text.to_owned(), spelling)));
    }

    /// The canaries that show in something.
    pub(super) fn within(&self, haystack: impl AsRef<[u8]>) -> BTreeSet<String> {
        // The spellings are whole letters, so bytes that are none may be blotted out.
        let haystack = String::from_utf8_lossy(haystack.as_ref()).to_ascii_lowercase();
        self.0.iter().filter(|(_, spelling)| haystack.contains(spelling)).map(|(text, _)| text.clone()).collect()
    }
}

/// A letter as careful writers of JSON write it.
fn escape(letter: char) -> Vec<char> {
    if letter.is_ascii() { vec![letter] } else { format!("\\u{:04x}", u32::from(letter)).chars().collect() }
}

/// Whatever is looked through, by name; what was said twice, once.
#[derive(Default)]
pub(super) struct Evidence(BTreeSet<(String, Vec<u8>)>);

impl Evidence {
    pub(super) fn add(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.0.insert((name.to_owned(), bytes.into()));
    }

    pub(super) fn debug(&mut self, name: &str, thing: &impl Debug) {
        self.add(&format!("the debug output of {name}"), format!("{thing:?} {thing:#?}"));
    }

    pub(super) fn json(&mut self, name: &str, thing: &impl serde::Serialize) {
        self.add(&format!("the JSON of {name}"), serde_json::to_vec(thing).unwrap());
    }

    /// The database and what lies beside it, except its key.
    pub(super) fn files(&mut self, directory: &Path) {
        for file in std::fs::read_dir(directory).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "key") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                self.add(&name, std::fs::read(&path).unwrap());
            }
        }
    }

    /// All that an error says, to people, to programmers, and by its causes.
    pub(super) fn error(&mut self, name: &str, error: &Error) {
        let mut text = format!("{error} {error:?} {error:#?}");
        let mut cause = match error {
            Error::Failed(failed) => failed.source(),
            Error::Settings(_) | Error::Usage(_) => None,
        };
        while let Some(error) = cause {
            text.push_str(&format!(" {error} {error:?}"));
            cause = error.source();
        }
        self.add(&format!("the error of {name}"), text);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(present, _)| present == name)
    }

    pub(super) fn leaks(&self, canaries: &Canaries) -> Vec<String> {
        let leaks = self.0.iter().flat_map(|(name, bytes)| canaries.within(bytes).into_iter().map(move |text| format!("{text} in {name}")));
        leaks.collect()
    }
}

/// All that this process logs, on every level and every thread, and the messages of all its panics.
#[derive(Clone, Default)]
pub(super) struct Log(pub(super) Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn log() -> Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    let start = || {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        let (panics, before) = (log.clone(), std::panic::take_hook());
        std::panic::set_hook(Box::new(move |panic| {
            // A log in memory takes everything.
            let _ = panics.clone().write_all(panic.to_string().as_bytes());
            before(panic);
        }));
        tracing::subscriber::set_global_default(subscriber.with_writer(move || writer.clone()).finish()).unwrap();
        log
    };
    LOG.get_or_init(start).clone()
}
