//! What becomes of a person's file.

use sync_core::vocabulary::person::{self, KIND};
use sync_core::{ErrorKind, Field, Fields, Listed};

use crate::conformance::fields;
use crate::folder::{Files, clearing};

/// As an address book exports it, with much that is no field of ours.
const EXPORTED: &str = "\u{feff}BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1\r\n\
     FN;LANGUAGE=de:Frau Dr. Muster\r\nN:Muster;Anna;;Dr.;\r\nORG:Praxis\\, am Bach;Empfang\r\n\
     item1.EMAIL;PREF=1;TYPE=WORK:anna@example.test\r\nEMAIL:zweite@example.test\r\n\
     PHOTO:data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgICAgMCAgICA\r\n wMDAwQGBAQEBAQIBgYFBg==\r\n\
     X-UNHEARD-OF;X-P=\"a;b\":1,2;3:4\r\nthis line is no property\r\n\r\nitem1.X-ABLABEL:_$!<Work>!$_\r\nNOTE:a\\nb\r\n\
     REV:20260101T000000Z\r\nEND:VCARD\r\n";
/// The line that a write adds or changes besides what it was about: when it was, by the clock that was given.
const STAMPED: &str = "REV:20260302T080000Z";

fn stamped(text: &str) -> String {
    text.replace("REV:20260101T000000Z", STAMPED)
}

#[tokio::test]
async fn an_edit_leaves_every_other_line_as_it_was_to_the_byte() {
    let files = Files::new(&[("a.vcf", EXPORTED)]);
    files.update(&KIND, "a", &fields(&[(person::EMAIL, "neu@example.test")])).await.unwrap();
    assert_eq!(files.text("a.vcf"), stamped(&EXPORTED.replace("anna@example.test", "neu@example.test")));
}

#[tokio::test]
async fn a_value_that_is_there_already_is_no_write() {
    let files = Files::new(&[("a.vcf", EXPORTED)]);
    files.update(&KIND, "a", &fields(&[(person::EMAIL, "anna@example.test"), (person::GIVEN_NAME, "Anna")])).await.unwrap();
    assert_eq!(files.text("a.vcf"), EXPORTED);
}

#[tokio::test]
async fn an_emptied_address_does_not_bring_up_the_one_behind_it() {
    let files = Files::new(&[("a.vcf", EXPORTED)]);
    let record = files.update(&KIND, "a", &clearing(person::EMAIL)).await.unwrap();
    assert_eq!(record.fields.get(&person::EMAIL), Field::Empty);
    assert_eq!(files.text("a.vcf"), stamped(&EXPORTED.replace("anna@example.test", "")));
}

#[tokio::test]
async fn the_name_that_people_see_follows_the_name_unless_they_chose_another() {
    let plain = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Anna Muster\r\nN:Muster;Anna;;;\r\nREV:20260101T000000Z\r\nEND:VCARD\r\n";
    let files = Files::new(&[("chosen.vcf", EXPORTED), ("plain.vcf", plain)]);
    for id in ["chosen", "plain"] {
        files.update(&KIND, id, &fields(&[(person::FAMILY_NAME, "Meier")])).await.unwrap();
    }
    assert_eq!(files.text("chosen.vcf"), stamped(&EXPORTED.replace("N:Muster", "N:Meier")));
    assert_eq!(files.text("plain.vcf"), stamped(&plain.replace("Muster", "Meier")));
}

#[tokio::test]
async fn a_birthday_without_its_year_stays_what_it_is() {
    let files = Files::new(&[("a.vcf", &EXPORTED.replace("NOTE:a\\nb", "BDAY:--0504"))]);
    assert_eq!(files.record(&KIND, "a").await.fields.get(&person::BIRTH_DATE), Field::Value("--0504"));
}

#[tokio::test]
async fn a_birth_date_that_is_none_is_written_as_text() {
    let files = Files::new(&[("a.vcf", "BEGIN:VCARD\nVERSION:4.0\nFN:A\nBDAY:19800504\nEND:VCARD\n")]);
    let record = files.update(&KIND, "a", &fields(&[(person::BIRTH_DATE, "around 1950")])).await.unwrap();
    assert_eq!(record.fields.get(&person::BIRTH_DATE), Field::Value("around 1950"));
    let wanted = format!("BEGIN:VCARD\nVERSION:4.0\nFN:A\nBDAY;VALUE=TEXT:around 1950\n{STAMPED}\nEND:VCARD\n");
    assert_eq!(files.text("a.vcf"), wanted, "with the line ends that the file has");
}

#[tokio::test]
async fn a_field_that_a_card_has_no_place_for_is_refused_and_nothing_written() {
    let files = Files::new(&[("a.vcf", EXPORTED)]);
    let both = fields(&[(person::CITY, "Bern"), (person::SEX, "female")]);
    assert_eq!(files.update(&KIND, "a", &both).await.unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(files.text("a.vcf"), EXPORTED);
}

#[tokio::test]
async fn what_is_not_one_card_does_not_decode() {
    let (two, half, nested) = (EXPORTED.repeat(2), &EXPORTED[..100], EXPORTED.replace("REV:", "BEGIN:X\r\nREV:"));
    for text in ["nonsense", &two, half, &nested, "", "BEGIN:VCARD\r\nEND:VCARD\r\n", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"] {
        let files = Files::new(&[("a.vcf", text)]);
        assert_eq!(files.update(&KIND, "a", &Fields::default()).await.unwrap_err().kind(), ErrorKind::Decode, "{text}");
    }
}

#[test]
fn any_bytes_decode_to_a_record_or_an_error() {
    let files = Files::new(&[]);
    for at in 0..EXPORTED.len() {
        for wrong in [b'\n', b':', b';', b'"', b' ', 0xff] {
            let mut raw = EXPORTED.as_bytes().to_vec();
            raw[at] = wrong;
            if let Err(error) = files.decode(&KIND, &Listed { id: "a".into(), raw: raw.into() }) {
                assert_eq!(error.kind(), ErrorKind::Decode);
            }
        }
    }
}
