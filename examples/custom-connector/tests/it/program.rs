//! The program, on two folders.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const ANNA: &str =
    "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Anna Muster\r\nN:Muster;Anna;;;\r\nEMAIL:anna@example.test\r\nTEL:+41791234567\r\nEND:VCARD\r\n";
const BOOKING: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Desk//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n\
     DTSTART:20260302T080000Z\r\nX-PERSON:2\r\nX-PRACTITIONER:anna\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

struct Office {
    directory: tempfile::TempDir,
}

impl Office {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        ["left", "right"].iter().for_each(|name| fs::create_dir(directory.path().join(name)).unwrap());
        Self { directory }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.path().join(name), text).unwrap();
    }

    fn files(&self, side: &str) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path().join(side)).unwrap();
        let mut files: Vec<_> = entries.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
        files.sort();
        files
    }

    fn sync(&self) -> String {
        let paths = ["left", "right", "sync.db"].map(|name| self.directory.path().join(name));
        let output = run(&paths.each_ref().map(|path| path.as_path()));
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

fn run(paths: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_custom-connector")).args(paths).output().unwrap()
}

#[test]
fn two_folders_come_to_agree_and_a_second_run_writes_nothing() {
    let office = Office::new();
    office.write("left/1.vcf", ANNA);
    office.write("left/2.vcf", &ANNA.replace("Anna", "Urs").replace("anna", "urs").replace("4567", "4568"));
    office.write("left/booking.ics", BOOKING);
    office.write("left/broken.vcf", "nonsense");
    // Known on both sides, with a birth date on one.
    office.write("right/a.vcf", &ANNA.replace("END", "BDAY:19800504\r\nX-OURS:stays\r\nEND"));

    let told = office.sync();
    for line in [
        "person left: 0 created, 1 updated, 0 removed",
        "person right: 1 created, 0 updated, 0 removed",
        "person: 1 questions for people",
        "appointment right: 1 created, 0 updated, 0 removed",
    ] {
        assert!(told.contains(line), "{told}");
    }
    let [left, right] = ["left", "right"].map(|side| office.files(side));
    assert!(left.iter().any(|card| card.contains("FN:Anna Muster") && card.contains("BDAY:19800504\r\n")), "{left:?}");
    assert!(right.iter().any(|card| card.contains("FN:Anna Muster") && card.contains("X-OURS:stays\r\n")), "{right:?}");
    let urs = right.iter().find(|card| card.contains("FN:Urs Muster\r\n")).unwrap();
    let (_, token) = urs.split_once("X-SYNC-TOKEN:").unwrap();
    assert!(
        right.iter().any(|event| event.contains(&format!("X-PERSON:{}\r\n", &token[..32]))),
        "the event is about the new card: {right:?}"
    );

    office.sync();
    assert_eq!([office.files("left"), office.files("right")], [left, right]);
}

#[test]
fn an_edit_flows_the_other_way_and_a_deleted_file_is_not_made_again() {
    let office = Office::new();
    office.write("left/1.vcf", ANNA);
    office.sync();
    let name = fs::read_dir(office.directory.path().join("right")).unwrap().next().unwrap().unwrap().file_name();
    let name = format!("right/{}", name.into_string().unwrap());
    let card = fs::read_to_string(office.directory.path().join(&name)).unwrap();
    office.write(&name, &card.replace("anna@example.test", "neu@example.test"));
    office.sync();
    assert_eq!(fs::read_to_string(office.directory.path().join("left/1.vcf")).unwrap().matches("neu@example.test").count(), 1);

    fs::remove_file(office.directory.path().join("left/1.vcf")).unwrap();
    office.sync();
    office.sync();
    assert_eq!((office.files("left").len(), office.files("right").len()), (0, 1), "what people deleted stays deleted, and is kept there");
}

#[test]
fn a_wrong_call_says_what_is_wanted() {
    let output = run(&[]);
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("custom-connector LEFT RIGHT DATABASE"));
}
