//! What happens when the login's key is not the practice's.

use ephysio_client::connector::{Connector, Settings};
use ephysio_client::{Operations, Sex};
use ephysio_emulator::{CryptoKeyCheck, Emulator, NewPatient, Quirks, UpdatePatient};
use sync_core::testing::{Staff, permit};
use sync_core::vocabulary::person::{self, KIND};
use sync_core::{ErrorKind, Patch, Sink, Source, Verdict};

use super::staff::Practice;
use super::{PUT, anna, draft, fields, listed, records};
use crate::{client_with, emulator};

fn practice() -> Emulator {
    let quirks =
        Quirks { keys: 2, opening_key: 1, crypto_key: CryptoKeyCheck::Scrambled, update_patient: UpdatePatient::Put, ..Quirks::default() };
    emulator(quirks)
}

fn connector(emulator: &Emulator, key_index: usize, body: &str) -> Connector {
    let operations: Operations = toml::from_str(&format!("[update_patient]\nsupport = 'enabled'\n{PUT}\nbody = '{body}'")).unwrap();
    let client = client_with(emulator, |config| {
        config.key_index = key_index;
        config.operations = operations;
        config.sex_true = Some(Sex::Male);
    });
    Connector::new(client, Settings::default())
}

#[tokio::test(start_paused = true)]
async fn a_patient_that_the_key_does_not_open_is_no_record() {
    let emulator = practice();
    emulator.practice().populate(199);
    // Neither a birth date nor anything else but a name to tell by.
    emulator.practice().create(NewPatient::named("Anna", "Muster"));
    let connector = connector(&emulator, 0, "patch");
    let elements = listed(&connector).await;
    assert_eq!(elements.len(), 200);
    for element in &elements {
        let error = connector.decode(&KIND, element).unwrap_err();
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::Decode, Verdict::Permanent));
        assert!(error.to_string().contains("crypto key"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_with_a_key_that_opens_nothing() {
    let emulator = practice();
    let staff = Practice(emulator.clone());
    let id = staff.create(&KIND, &anna(), &std::collections::BTreeMap::new()).await;
    let before = emulator.practice().patients();
    for body in ["patch", "full"] {
        let connector = connector(&emulator, 0, body);
        let patch = Patch { kind: KIND, id: id.clone(), fields: fields(&[(person::CITY, "Thun")]) };
        let errors =
            [connector.create(&permit(), &draft(anna())).await.unwrap_err(), connector.update(&permit(), &patch).await.unwrap_err()];
        for error in errors {
            assert_eq!(error.verdict(), Verdict::Permanent);
            assert!(error.to_string().contains("crypto key"), "{error}");
        }
    }
    assert_eq!(emulator.practice().patients(), before);
    connector(&emulator, 1, "patch").create(&permit(), &draft(anna())).await.unwrap();
    assert_eq!(emulator.practice().patients().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn one_readable_name_proves_the_key_and_no_list_is_asked_for_again() {
    let emulator = practice();
    emulator.practice().populate(3);
    let connector = connector(&emulator, 1, "patch");
    assert_eq!(records(&connector).await.len(), 3);
    let before = emulator.journal().len();
    connector.create(&permit(), &draft(anna())).await.unwrap();
    assert_eq!(emulator.journal().len(), before + 1);
    // Also with one patient whose name was damaged long ago.
    emulator.practice().update(emulator.practice().patients()[0].id, |patient| patient.first_name = "A\u{fffd}na".to_owned());
    let fresh = self::connector(&emulator, 1, "patch");
    fresh.create(&permit(), &draft(anna())).await.unwrap();
}
