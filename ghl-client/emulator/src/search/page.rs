//! Sorting and paging.

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::contact::{Contact, Text};
use crate::http::Answer;

use super::filter::{Filter, MAX_TEXT};
use super::invalid_field;
use super::term::{Field, Term};

/// The largest page.
const MAX_PAGE: u64 = 500;
/// Page numbers reach no further than this many records; only the cursor does.
const MAX_DEPTH: u64 = 10_000;

/// A search as asked for.
#[derive(Debug)]
pub(crate) struct Request {
    filter: Filter,
    query: Option<String>,
    sort: Vec<(Field, Direction)>,
    limit: usize,
    start: Start,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Ascending,
    Descending,
}

#[derive(Debug)]
enum Start {
    Skip(usize),
    After(Position),
}

/// One contact found, and the cursor that continues behind it.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) contact: Arc<Contact>,
    pub(crate) search_after: Vec<Value>,
}

/// Where a contact stands in the order: a key per sort field, and the id.
#[derive(Clone, Debug)]
struct Position {
    keys: Vec<Option<Term>>,
    id: String,
}

impl Request {
    pub(crate) fn read(body: &Map<String, Value>) -> Result<Self, Answer> {
        let limit = page_limit(body)?;
        let filter = match body.get("filters") {
            Some(filters) => Filter::all(filters)?,
            None => Filter::All(Vec::new()),
        };
        let sort = match body.get("sort") {
            Some(sort) => read_sort(sort)?,
            None => vec![(Field::DateAdded, Direction::Descending)],
        };
        Ok(Self {
            filter,
            query: read_query(body)?,
            start: read_start(body, limit, &sort)?,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            sort,
        })
    }

    fn finds(&self, contact: &Contact) -> bool {
        self.filter.holds(contact) && self.query.as_ref().is_none_or(|query| mentions(contact, query))
    }

    fn position(&self, contact: &Contact) -> Position {
        let key = |(field, _): &(Field, Direction)| field.terms(contact).into_iter().next();
        Position { keys: self.sort.iter().map(key).collect(), id: contact.id.clone() }
    }

    fn order(&self, left: &Position, right: &Position) -> Ordering {
        for (index, (_, direction)) in self.sort.iter().enumerate() {
            let keys = (left.keys.get(index).and_then(Option::as_ref), right.keys.get(index).and_then(Option::as_ref));
            let order = match keys {
                (Some(left), Some(right)) if *direction == Direction::Ascending => left.compare(right),
                (Some(left), Some(right)) => right.compare(left),
                // What has no value comes last in either direction.
                (left, right) => right.is_some().cmp(&left.is_some()),
            };
            if order.is_ne() {
                return order;
            }
        }
        left.id.cmp(&right.id)
    }
}

/// The page of hits, and how many contacts match in all.
pub(crate) fn run<'a>(request: &Request, visible: impl Iterator<Item = &'a Arc<Contact>>) -> (Vec<Hit>, usize) {
    let mut found: Vec<(Position, &Arc<Contact>)> =
        visible.filter(|contact| request.finds(contact)).map(|contact| (request.position(contact), contact)).collect();
    let total = found.len();
    let skip = match &request.start {
        Start::Skip(skip) => *skip,
        Start::After(last) => {
            found.retain(|(position, _)| request.order(position, last).is_gt());
            0
        }
    };
    let end = skip.saturating_add(request.limit);
    if found.len() > end {
        found.select_nth_unstable_by(end, |left, right| request.order(&left.0, &right.0));
        found.truncate(end);
    }
    found.sort_by(|left, right| request.order(&left.0, &right.0));
    let page = found.into_iter().skip(skip);
    (page.map(|(position, contact)| hit(position, contact)).collect(), total)
}

fn hit(position: Position, contact: &Arc<Contact>) -> Hit {
    let keys = position.keys.iter();
    let keys = keys.map(|key| key.as_ref().map_or(Value::Null, Term::to_json));
    Hit { contact: Arc::clone(contact), search_after: keys.chain([Value::from(position.id)]).collect() }
}

fn mentions(contact: &Contact, query: &str) -> bool {
    let texts = [
        contact.name(),
        contact.text(Text::Email).map(str::to_owned),
        contact.text(Text::Phone).map(str::to_owned),
        contact.text(Text::CompanyName).map(str::to_owned),
    ];
    let mut present = texts.into_iter().flatten();
    present.any(|text| text.to_lowercase().contains(query))
}

fn page_limit(body: &Map<String, Value>) -> Result<u64, Answer> {
    let limit = body.get("pageLimit").and_then(Value::as_u64);
    match limit {
        Some(limit @ 1..=MAX_PAGE) => Ok(limit),
        Some(0) => Err(Answer::unprocessable("pageLimit must not be less than 1")),
        Some(_) => Err(Answer::unprocessable(&format!("pageLimit must not be greater than {MAX_PAGE}"))),
        None => Err(Answer::unprocessable("pageLimit must be a number")),
    }
}

fn read_query(body: &Map<String, Value>) -> Result<Option<String>, Answer> {
    let query = match body.get("query") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(query)) => query,
        Some(_) => return Err(Answer::unprocessable("query must be a string")),
    };
    if query.chars().count() > MAX_TEXT {
        let complaint = format!("query must be shorter than or equal to {MAX_TEXT} characters");
        return Err(Answer::unprocessable(&complaint));
    }
    Ok(Some(query.to_lowercase()))
}

fn read_sort(sort: &Value) -> Result<Vec<(Field, Direction)>, Answer> {
    let Some(sort) = sort.as_array() else {
        return Err(Answer::unprocessable("sort must be an array"));
    };
    let read = |entry: &Value| {
        let name = entry.get("field").and_then(Value::as_str).unwrap_or_default();
        let field = Field::of_name(name).ok_or_else(|| invalid_field(name))?;
        let direction = match entry.get("direction").and_then(Value::as_str) {
            Some("asc") => Direction::Ascending,
            Some("desc") => Direction::Descending,
            _ => {
                return Err(Answer::unprocessable("direction must be one of the following values: asc, desc"));
            }
        };
        Ok((field, direction))
    };
    sort.iter().map(read).collect()
}

fn read_start(body: &Map<String, Value>, limit: u64, sort: &[(Field, Direction)]) -> Result<Start, Answer> {
    let page = body.get("page");
    if let Some(cursor) = body.get("searchAfter") {
        if page.is_some() {
            return Err(Answer::unprocessable("page and searchAfter exclude each other"));
        }
        return read_cursor(cursor, sort);
    }
    let page = match page.map(Value::as_u64) {
        None => 1,
        Some(Some(page @ 1..)) => page,
        Some(_) => return Err(Answer::unprocessable("page must be a positive number")),
    };
    if page.saturating_mul(limit) > MAX_DEPTH {
        return Err(Answer::bad_request(&format!("page reaches beyond the first {MAX_DEPTH} records, use searchAfter")));
    }
    Ok(Start::Skip(usize::try_from((page - 1) * limit).unwrap_or(usize::MAX)))
}

fn read_cursor(cursor: &Value, sort: &[(Field, Direction)]) -> Result<Start, Answer> {
    let Some(cursor) = cursor.as_array() else {
        return Err(Answer::unprocessable("searchAfter must be an array"));
    };
    let Some((id, keys)) = cursor.split_last() else {
        return Ok(Start::Skip(0));
    };
    let (Some(id), true) = (id.as_str(), keys.len() == sort.len()) else {
        return Err(Answer::bad_request("Invalid searchAfter"));
    };
    let keys = keys.iter().zip(sort);
    Ok(Start::After(Position { keys: keys.map(|(key, (field, _))| field.term(key)).collect(), id: id.to_owned() }))
}
