//! The language of filters.

use serde_json::{Map, Value};

use crate::contact::Contact;
use crate::http::Answer;

use super::invalid_field;
use super::term::{Field, Term};

/// GHL's limit on the text of a filter's value and of a query.
pub(super) const MAX_TEXT: usize = 75;

/// A condition on a contact.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    All(Vec<Self>),
    Any(Vec<Self>),
    Field(Field, Operator),
}

#[derive(Clone, Debug)]
pub(super) enum Operator {
    Eq(Vec<Term>),
    NotEq(Vec<Term>),
    Contains(Vec<Term>),
    NotContains(Vec<Term>),
    Exists,
    NotExists,
    Range(Vec<(Bound, Term)>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    Gte,
    Lte,
    Gt,
    Lt,
}

impl Filter {
    /// Reads the list of filters; all of them have to hold.
    pub(super) fn all(filters: &Value) -> Result<Self, Answer> {
        Ok(Self::All(list(filters)?))
    }

    fn one(filter: &Value) -> Result<Self, Answer> {
        let Some(filter) = filter.as_object() else {
            return Err(Answer::unprocessable("each value in filters must be an object"));
        };
        if let Some(group) = filter.get("group") {
            let inner = list(filter.get("filters").unwrap_or(&Value::Null))?;
            return match group.as_str() {
                Some("AND") => Ok(Self::All(inner)),
                Some("OR") => Ok(Self::Any(inner)),
                _ => Err(Answer::unprocessable("group must be one of the following values: AND, OR")),
            };
        }
        let Some(name) = filter.get("field").and_then(Value::as_str) else {
            return Err(Answer::unprocessable("field must be a string"));
        };
        let field = Field::of_name(name).ok_or_else(|| invalid_field(name))?;
        let operator = Operator::read(&field, filter)?;
        Ok(Self::Field(field, operator))
    }

    pub(super) fn holds(&self, contact: &Contact) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.holds(contact)),
            Self::Any(filters) => filters.iter().any(|filter| filter.holds(contact)),
            Self::Field(field, operator) => operator.holds(&field.terms(contact)),
        }
    }
}

fn list(filters: &Value) -> Result<Vec<Filter>, Answer> {
    let Some(filters) = filters.as_array() else {
        return Err(Answer::unprocessable("filters must be an array"));
    };
    filters.iter().map(Filter::one).collect()
}

impl Operator {
    fn read(field: &Field, filter: &Map<String, Value>) -> Result<Self, Answer> {
        let value = filter.get("value").unwrap_or(&Value::Null);
        let operator = match filter.get("operator").and_then(Value::as_str) {
            Some("eq") => Self::Eq(terms(field, value)?),
            Some("not_eq") => Self::NotEq(terms(field, value)?),
            Some("contains") => Self::Contains(terms(field, value)?),
            Some("not_contains") => Self::NotContains(terms(field, value)?),
            Some("exists") => Self::Exists,
            Some("not_exists") => Self::NotExists,
            Some("range") => Self::Range(bounds(field, value)?),
            Some(other) => return Err(Answer::bad_request(&format!("Invalid operator {other}"))),
            None => return Err(Answer::unprocessable("operator must be a string")),
        };
        Ok(operator)
    }

    fn holds(&self, present: &[Term]) -> bool {
        let equal = |wanted: &[Term]| {
            let same = |term: &Term| wanted.iter().any(|wanted| term.compare(wanted).is_eq());
            present.iter().any(same)
        };
        let contained = |wanted: &[Term]| {
            let inside = |term: &Term| wanted.iter().any(|wanted| term.text.contains(&wanted.text));
            present.iter().any(inside)
        };
        match self {
            Self::Eq(wanted) => equal(wanted),
            Self::NotEq(wanted) => !equal(wanted),
            Self::Contains(wanted) => contained(wanted),
            Self::NotContains(wanted) => !contained(wanted),
            Self::Exists => !present.is_empty(),
            Self::NotExists => present.is_empty(),
            Self::Range(bounds) => {
                let within = |term: &Term| bounds.iter().all(|(bound, limit)| bound.holds(term, limit));
                present.iter().any(within)
            }
        }
    }
}

impl Bound {
    fn holds(self, term: &Term, limit: &Term) -> bool {
        let order = term.compare(limit);
        match self {
            Self::Gte => order.is_ge(),
            Self::Lte => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Lt => order.is_lt(),
        }
    }
}

fn terms(field: &Field, value: &Value) -> Result<Vec<Term>, Answer> {
    match value {
        Value::Array(values) => values.iter().map(|value| term(field, value)).collect(),
        value => Ok(vec![term(field, value)?]),
    }
}

fn term(field: &Field, value: &Value) -> Result<Term, Answer> {
    if value.as_str().is_some_and(|text| text.chars().count() > MAX_TEXT) {
        let complaint = format!("value must be shorter than or equal to {MAX_TEXT} characters");
        return Err(Answer::unprocessable(&complaint));
    }
    field.term(value).ok_or_else(|| Answer::unprocessable("value does not fit the field"))
}

fn bounds(field: &Field, value: &Value) -> Result<Vec<(Bound, Term)>, Answer> {
    let limits = value.as_object().filter(|limits| !limits.is_empty());
    let Some(limits) = limits else {
        return Err(Answer::unprocessable("value must be an object with gte, lte, gt or lt"));
    };
    let read = |(name, limit): (&String, &Value)| {
        let bound = match name.as_str() {
            "gte" => Bound::Gte,
            "lte" => Bound::Lte,
            "gt" => Bound::Gt,
            "lt" => Bound::Lt,
            other => return Err(Answer::unprocessable(&format!("value.property {other} should not exist"))),
        };
        Ok((bound, term(field, limit)?))
    };
    limits.iter().map(read).collect()
}
