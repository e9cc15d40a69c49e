//! Texts with variables from a closed list.

use sync_http::percent_encode;

use super::Values;

/// A text with variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Id,
    PatientId,
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, behind)) = rest.split_once('{') {
            let (name, behind) = behind.split_once('}').ok_or("a brace is not closed")?;
            parts.push(Part::Literal(literal.to_owned()));
            parts.push(match name {
                "id" => Part::Id,
                "patient_id" => Part::PatientId,
                other => return Err(format!("{{{other}}} is not known; there are {{id}} and {{patient_id}}")),
            });
            rest = behind;
        }
        parts.push(Part::Literal(rest.to_owned()));
        Ok(Self(parts))
    }

    /// A path below the base URL: nothing in it may lead out of there.
    pub(super) fn parse_path(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') || text.starts_with("//") {
            return Err("it does not start with one slash".to_owned());
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "/{}-._~%".contains(c);
        if let Some(other) = text.chars().find(|c| !allowed(*c)) {
            return Err(format!("it contains the character {other:?}"));
        }
        let is_dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
        if text.split('/').any(is_dots) {
            return Err("it contains a dot segment".to_owned());
        }
        Self::parse(text)
    }

    pub(super) fn fill(&self, values: Values<'_>) -> String {
        self.join(values, str::to_owned)
    }

    pub(super) fn fill_encoded(&self, values: Values<'_>) -> String {
        self.join(values, percent_encode)
    }

    fn join(&self, values: Values<'_>, convert: impl Fn(&str) -> String) -> String {
        let text = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Id => convert(values.id),
            Part::PatientId => convert(values.patient_id),
        };
        self.0.iter().map(text).collect()
    }
}
