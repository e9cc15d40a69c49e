//! A person: a patient on one side, a contact on the other.

use crate::vocabulary::phone::{Region, UnknownRegion};
use crate::vocabulary::{date, email, name, phone, text};
use crate::{FieldName, Identifier, Kind, Parents, Record, Role, Schema};

/// The kind.
pub const KIND: Kind = Kind::from_static("person");

/// First and middle names.
pub const GIVEN_NAME: FieldName = FieldName::from_static("given_name");
/// The family name.
pub const FAMILY_NAME: FieldName = FieldName::from_static("family_name");
/// How the person is addressed.
pub const SALUTATION: FieldName = FieldName::from_static("salutation");
/// The e-mail address; see [`email::canonical`].
pub const EMAIL: FieldName = FieldName::from_static("email");
/// The phone number; see [`phone::canonical`].
pub const PHONE: FieldName = FieldName::from_static("phone");
/// The birth date, `YYYY-MM-DD`; see [`date::canonical`].
pub const BIRTH_DATE: FieldName = FieldName::from_static("birth_date");
/// `male`, `female` or `other`.
pub const SEX: FieldName = FieldName::from_static("sex");
/// Street and house number.
pub const STREET: FieldName = FieldName::from_static("street");
/// The postal code.
pub const POSTAL_CODE: FieldName = FieldName::from_static("postal_code");
/// The town.
pub const CITY: FieldName = FieldName::from_static("city");
/// The country.
pub const COUNTRY: FieldName = FieldName::from_static("country");

const CUSTOM: &str = "custom:";

/// A field that only this practice has, by the name that its configuration gives it.
///
/// ```
/// use sync_core::vocabulary::person;
///
/// let referral = person::custom("referral");
/// assert_eq!(referral.as_str(), "custom:referral");
/// assert_eq!(person::custom_name(&referral), Some("referral"));
/// assert_eq!(person::custom_name(&person::EMAIL), None);
/// ```
#[must_use]
pub fn custom(name: &str) -> FieldName {
    FieldName::new(format!("{CUSTOM}{name}"))
}

/// The name of a [`custom`] field.
#[must_use]
pub fn custom_name(field: &FieldName) -> Option<&str> {
    field.as_str().strip_prefix(CUSTOM)
}

/// What a person can be recognised by.
pub mod scheme {
    /// A plausible e-mail address. Proof.
    pub const EMAIL: &str = "email";
    /// A valid phone number. Proof.
    pub const PHONE: &str = "phone";
    /// First given name, family name and birth date together. Proof.
    pub const NAME_AND_BIRTH_DATE: &str = "name_and_birth_date";
    /// The first given name. Veto.
    pub const GIVEN_NAME: &str = "given_name";
    /// The second given name. Veto.
    pub const SECOND_NAME: &str = "second_name";
    /// The first letter of the first given name. Veto.
    pub const INITIAL: &str = "initial";
    /// The birth date. Veto.
    pub const BIRTH_DATE: &str = "birth_date";
    /// The whole name. Hint.
    pub const FULL_NAME: &str = "full_name";
}

/// How people compare, and how they are recognised.
///
/// Two proofs make two records one person: of [e-mail](scheme::EMAIL), [phone](scheme::PHONE), and
/// [name with birth date](scheme::NAME_AND_BIRTH_DATE). Families share e-mail *and* phone, and twins share the birth date
/// too, so what differs within a family forbids the match: the birth date and the given name. The family name
/// does not: marriage changes it.
///
/// # Given names
///
/// "Anna", "Anna Maria", "anna-maria" and "A." may be one person, and nothing is compared but digests, which are
/// equal or not. So a given name leaves up to three marks, and a mark that one side lacks forbids nothing:
///
/// - its first word, if it is a word: `anna`. An initial is none;
/// - its second word, if it is a word: `maria`. Jean-Pierre and Jean-Luc are brothers;
/// - its first letter: `a`. "A." and "B." are two people, "A." and "Anna" need not be.
///
/// A short form ("Hans", "Hanspeter") is a different name to this rule. It leads to a question to a person
/// where the [full name](scheme::FULL_NAME) agrees, or to a second record: both can be mended, a merged patient cannot.
///
/// ```
/// use sync_core::vocabulary::person::{self, PersonSchema};
/// use sync_core::{Field, Parents, Record, Schema};
///
/// let schema = PersonSchema::default();
/// let mut record = Record::new(person::KIND, "17".into());
/// record.fields.set(person::PHONE, Field::Value("079 123 45 67"));
/// assert_eq!(schema.identify(&record, &Parents::new())[0].text, "+41791234567");
///
/// assert!(PersonSchema::new("Atlantis").is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PersonSchema {
    region: Region,
}

impl PersonSchema {
    /// The version of the rules in this module; it rises with every change to them.
    pub const VERSION: u16 = 1;

    /// Reads phone numbers without country code as numbers of `region`, a country's two letters.
    /// The default is `CH`.
    ///
    /// # Errors
    ///
    /// `region` is no country with a telephone plan.
    pub fn new(region: &str) -> Result<Self, UnknownRegion> {
        Ok(Self { region: region.parse()? })
    }

    /// The region for phone numbers without country code.
    #[must_use]
    pub const fn region(&self) -> Region {
        self.region
    }

    fn phone_mark(&self, text: &str) -> Option<String> {
        phone::to_e164(text, self.region).filter(|number| !phone::is_placeholder(number))
    }
}

impl Schema for PersonSchema {
    fn kind(&self) -> &Kind {
        static PERSON: Kind = KIND;
        &PERSON
    }

    fn parents(&self) -> &[Kind] {
        &[]
    }

    /// The [version](PersonSchema::VERSION) and the region: another region reads other numbers.
    fn normalisation(&self) -> u32 {
        u32::from(Self::VERSION) << 16 | u32::from(self.region.code())
    }

    fn comparable(&self, name: &FieldName, value: &str) -> String {
        match name.as_str() {
            "email" => email::canonical(value),
            "phone" => phone::to_e164(value, self.region).unwrap_or_else(|| text(value)),
            "birth_date" => date::canonical(value),
            _ => text(value),
        }
    }

    fn identify(&self, record: &Record, _parents: &Parents) -> Vec<Identifier> {
        let value = |field: FieldName| record.fields.get(&field).value();
        let born = value(BIRTH_DATE).and_then(date::parse).map(date::iso);
        let names = Names::fold(value(GIVEN_NAME), value(FAMILY_NAME));
        let all = [
            (scheme::EMAIL, value(EMAIL).map(email::canonical).filter(|address| email::is_plausible(address))),
            (scheme::PHONE, value(PHONE).and_then(|text| self.phone_mark(text))),
            (scheme::NAME_AND_BIRTH_DATE, born.as_deref().and_then(|born| names.with_birth_date(born))),
            (scheme::GIVEN_NAME, names.given_word(0)),
            (scheme::SECOND_NAME, names.given_word(1)),
            (scheme::INITIAL, names.initial()),
            (scheme::BIRTH_DATE, born),
            (scheme::FULL_NAME, names.full()),
        ];
        all.into_iter().filter_map(|(scheme, text)| Some(Identifier { scheme, text: text? })).collect()
    }

    fn role(&self, scheme: &str) -> Role {
        match scheme {
            scheme::EMAIL | scheme::PHONE | scheme::NAME_AND_BIRTH_DATE => Role::Proof,
            scheme::GIVEN_NAME | scheme::SECOND_NAME | scheme::INITIAL | scheme::BIRTH_DATE => Role::Veto,
            // A scheme that this version does not know must not prove anything.
            _ => Role::Hint,
        }
    }

    fn needed(&self) -> usize {
        2
    }

    fn identity_group(&self, name: &FieldName) -> Option<&'static str> {
        match name.as_str() {
            "email" => Some("email"),
            "phone" => Some("phone"),
            "given_name" | "family_name" => Some("name"),
            "birth_date" => Some("birth_date"),
            _ => None,
        }
    }
}

/// A person's names, folded.
struct Names {
    given: String,
    family: String,
}

impl Names {
    fn fold(given: Option<&str>, family: Option<&str>) -> Self {
        Self { given: given.map(name::fold).unwrap_or_default(), family: family.map(name::fold).unwrap_or_default() }
    }

    fn given_word(&self, index: usize) -> Option<String> {
        self.given.split_whitespace().nth(index).filter(|word| !is_initial(word)).map(str::to_owned)
    }

    fn initial(&self) -> Option<String> {
        self.given.chars().next().map(String::from)
    }

    /// Middle names come and go between systems, so only the first given name counts; the second has its veto.
    fn with_birth_date(&self, born: &str) -> Option<String> {
        let given = self.given_word(0)?;
        let family = without_spaces(&self.family);
        (!family.is_empty()).then(|| format!("{given}\n{family}\n{born}"))
    }

    /// Without spaces, so that "Hans Peter" and "Hanspeter" agree, as do a name in one field and in two.
    fn full(&self) -> Option<String> {
        let words = self.given.split_whitespace().chain(self.family.split_whitespace());
        (words.count() > 1).then(|| without_spaces(&self.given) + &without_spaces(&self.family))
    }
}

/// One letter that stands for a name. In scripts without case, one character can be the whole name.
fn is_initial(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(char::is_lowercase) && chars.next().is_none()
}

fn without_spaces(folded: &str) -> String {
    folded.replace(' ', "")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::Field;

    const SCHEMA: PersonSchema = PersonSchema { region: Region::CH };

    fn person(fields: &[(FieldName, &str)]) -> BTreeMap<&'static str, String> {
        let mut record = Record::new(KIND, "1".into());
        for (name, value) in fields {
            record.fields.set(name.clone(), Field::Value(value));
        }
        SCHEMA.identify(&record, &Parents::new()).into_iter().map(|identifier| (identifier.scheme, identifier.text)).collect()
    }

    fn named(given: &str) -> BTreeMap<&'static str, String> {
        person(&[(GIVEN_NAME, given), (FAMILY_NAME, "Müller"), (EMAIL, "familie@example.ch"), (PHONE, "044 668 18 00")])
    }

    /// Proofs that agree, if nothing forbids the match.
    fn proofs(one: &BTreeMap<&'static str, String>, other: &BTreeMap<&'static str, String>) -> Option<usize> {
        let both = || one.iter().filter_map(|(scheme, text)| other.get(scheme).map(|theirs| (SCHEMA.role(scheme), text == theirs)));
        let vetoed = both().any(|found| found == (Role::Veto, false));
        (!vetoed).then(|| both().filter(|found| *found == (Role::Proof, true)).count())
    }

    #[test]
    fn one_given_name_in_many_forms_forbids_nothing() {
        let forms = ["Anna", "Anna Maria", "anna-maria", "A.", "A", "Anna M.", "ANNA", ""];
        for (one, other) in forms.iter().flat_map(|one| forms.map(|other| (*one, other))) {
            assert_eq!(proofs(&named(one), &named(other)), Some(2), "{one} / {other}");
        }
    }

    #[test]
    fn family_members_with_one_phone_and_one_email_never_match() {
        for (one, other) in [
            ("Anna", "Peter"),
            ("Jean-Pierre", "Jean-Luc"),
            ("A.", "B."),
            ("Anna", "B."),
            ("Julia", "Julian"),
            ("伟", "丽"),
            ("Anna Maria", "Anna Lena"),
        ] {
            assert_eq!(proofs(&named(one), &named(other)), None, "{one} / {other}");
        }
    }

    #[test]
    fn twins_and_namesakes_never_match() {
        let child = |given, born| person(&[(GIVEN_NAME, given), (FAMILY_NAME, "Rossi"), (BIRTH_DATE, born), (PHONE, "044 668 18 00")]);
        assert_eq!(proofs(&child("Lea", "2015-03-01"), &child("Mia", "2015-03-01")), None);
        assert_eq!(proofs(&child("Ugo", "2015-03-01"), &child("Ugo", "1985-03-01")), None);
        assert_eq!(proofs(&child("Ugo", "2015-03-01"), &child("UGO", "01.03.2015")), Some(2));
    }

    #[test]
    fn a_name_changed_by_marriage_forbids_nothing() {
        let bride = |family| person(&[(GIVEN_NAME, "Eva"), (FAMILY_NAME, family), (EMAIL, "eva@example.ch"), (PHONE, "0791234567")]);
        assert_eq!(proofs(&bride("Meier"), &bride("Steiner-Meier")), Some(2));
    }

    #[test]
    fn nobody_is_recognised_by_junk() {
        let junk = [(EMAIL, "keine"), (PHONE, "Natel siehe Ehemann 07"), (BIRTH_DATE, "00.00.0000"), (FAMILY_NAME, "?"), (GIVEN_NAME, "-")];
        assert_eq!(person(&junk), BTreeMap::new());
        assert_eq!(person(&[(PHONE, "079 000 00 00")]), BTreeMap::new());
        assert_eq!(SCHEMA.comparable(&PHONE, " Natel siehe  Ehemann 07"), "Natel siehe Ehemann 07");
    }

    #[test]
    fn the_birth_date_needs_a_whole_name_to_be_a_proof() {
        for (given, family) in [("A.", "Müller"), ("", "Müller"), ("Anna", "")] {
            let marks = person(&[(GIVEN_NAME, given), (FAMILY_NAME, family), (BIRTH_DATE, "1980-05-04")]);
            assert!(!marks.contains_key(scheme::NAME_AND_BIRTH_DATE) && marks.contains_key(scheme::BIRTH_DATE));
        }
    }

    #[test]
    fn the_full_name_agrees_in_one_field_or_two_and_is_none_with_one_word() {
        let full = |given, family| person(&[(GIVEN_NAME, given), (FAMILY_NAME, family)]).remove(scheme::FULL_NAME);
        assert_eq!(full("Hans-Peter", "Müller"), full("Hanspeter", "Mueller"));
        assert_eq!(full("Anna Müller", ""), full("Anna", "Müller"));
        assert_eq!(full("Anna", ""), None);
    }

    #[test]
    fn values_compare_by_what_they_mean() {
        for (field, one, other, same) in [
            (EMAIL, "Anna@Example.ch ", "anna@example.ch", true),
            (PHONE, "079 123 45 67", "+41791234567", true),
            (BIRTH_DATE, "04.05.1980", "1980-05-04T00:00:00.000Z", true),
            (GIVEN_NAME, "Anna  Maria", "Anna Maria", true),
            (GIVEN_NAME, "anna", "Anna", false),
            (FAMILY_NAME, "Mueller", "Müller", false),
            (custom("referral"), " Dr. X", "Dr. X", true),
        ] {
            assert_eq!(SCHEMA.comparable(&field, one) == SCHEMA.comparable(&field, other), same, "{field}");
        }
    }

    #[test]
    fn another_region_is_another_normalisation() {
        let german = PersonSchema::new("DE").unwrap();
        assert_ne!(german.normalisation(), SCHEMA.normalisation());
        assert_eq!(PersonSchema::new("ch"), Ok(PersonSchema::default()));
        assert_eq!(PersonSchema::new(""), Err(UnknownRegion));
    }

    #[test]
    fn fields_that_identify_have_groups_and_others_have_none() {
        let groups = [EMAIL, PHONE, GIVEN_NAME, FAMILY_NAME, BIRTH_DATE].map(|field| SCHEMA.identity_group(&field).unwrap());
        assert_eq!(groups, ["email", "phone", "name", "name", "birth_date"]);
        for field in [SALUTATION, SEX, STREET, POSTAL_CODE, CITY, COUNTRY, custom("email")] {
            assert_eq!(SCHEMA.identity_group(&field), None);
        }
    }

    fn any_field() -> impl Strategy<Value = FieldName> {
        prop::sample::select(vec![GIVEN_NAME, FAMILY_NAME, EMAIL, PHONE, BIRTH_DATE, STREET, custom("x")])
    }

    proptest! {
        #[test]
        fn any_value_compares_and_a_comparable_is_its_own(field in any_field(), value in any::<String>()) {
            let once = SCHEMA.comparable(&field, &value);
            prop_assert_eq!(SCHEMA.comparable(&field, &once), once);
        }

        #[test]
        fn canonical_values_compare_like_the_originals(value in r"\PC{0,30}|[0-9 +().@a-cA-Cé-]{0,24}") {
            prop_assert_eq!(SCHEMA.comparable(&EMAIL, &email::canonical(&value)), SCHEMA.comparable(&EMAIL, &value));
            prop_assert_eq!(SCHEMA.comparable(&PHONE, &phone::canonical(&value, Region::CH)), SCHEMA.comparable(&PHONE, &value));
            prop_assert_eq!(SCHEMA.comparable(&BIRTH_DATE, &date::canonical(&value)), SCHEMA.comparable(&BIRTH_DATE, &value));
            prop_assert_eq!(SCHEMA.comparable(&CITY, &text(&value)), SCHEMA.comparable(&CITY, &value));
        }

        #[test]
        fn any_record_is_identified_and_normal_values_leave_the_same_marks(values in prop::collection::vec((any_field(), any::<String>()), 0..6)) {
            let raw: Vec<_> = values.iter().map(|(field, value)| (field.clone(), value.as_str())).collect();
            let comparable: Vec<_> = values.iter().map(|(field, value)| (field.clone(), SCHEMA.comparable(field, value))).collect();
            let comparable: Vec<_> = comparable.iter().map(|(field, value)| (field.clone(), value.as_str())).collect();
            prop_assert_eq!(person(&raw), person(&comparable));
        }
    }
}
