//! A file as its lines. The parser finds the properties among them; what nobody touches goes back as it came, byte for byte,
//! whether the parser understood it or not.

use std::fmt::{self, Write};

/// A property as the parser crate knows it.
pub(crate) trait Property {
    /// Its name, such as `EMAIL`.
    fn name(&self) -> &str;

    /// Writes it as one content line, folded, with its line end.
    fn write(&self, out: &mut dyn Write) -> fmt::Result;
}

enum Line<P> {
    /// Of another component, or no property at all.
    Foreign(String),
    /// One of ours. `raw` is how it came, until it is touched.
    Own { property: P, raw: Option<String> },
}

/// The lines of a file, with the properties of one component.
pub(crate) struct Sheet<P> {
    lines: Vec<Line<P>>,
    is_crlf: bool,
}

impl<P: Property> Sheet<P> {
    /// Lays the properties that the parser found in the file's only `component` beside the lines they came from. `None` if they
    /// do not fit: then the parser did not see the file as it is, and nothing may be written back.
    pub(crate) fn new(text: &str, component: &str, properties: Vec<P>) -> Option<Self> {
        let mut properties = properties.into_iter();
        let (mut lines, mut open) = (Vec::new(), Vec::new());
        for raw in content_lines(text) {
            let (name, value) = name_and_value(raw);
            let is_inside = open.last().is_some_and(|inner| inner == component);
            match name.as_str() {
                "BEGIN" => open.push(value),
                "END" if open.pop()? != value => return None,
                "END" => {}
                // Without a colon or a parameter it is no property to the parser either.
                _ if is_inside && raw.contains([':', ';']) => {
                    let property = properties.next().filter(|property| property.name().eq_ignore_ascii_case(&name))?;
                    lines.push(Line::Own { property, raw: Some(raw.to_owned()) });
                    continue;
                }
                _ => {}
            }
            lines.push(Line::Foreign(raw.to_owned()));
        }
        let is_whole = open.is_empty() && properties.next().is_none();
        is_whole.then_some(Self { lines, is_crlf: text.contains("\r\n") })
    }

    /// The first property of this name: where there are several, it is the one that counts.
    pub(crate) fn first(&self, name: &str) -> Option<&P> {
        self.named(name).next()
    }

    /// How many properties of this name there are.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.named(name).count()
    }

    /// Changes the first property of `fresh`'s name. Where there is none, `fresh` is added behind the others, and changed.
    pub(crate) fn edit(&mut self, fresh: P, change: impl FnOnce(&mut P)) {
        let index = self.lines.iter().position(|line| line.is(fresh.name())).unwrap_or_else(|| {
            let last = self.lines.iter().rposition(|line| matches!(line, Line::Own { .. }));
            let index = last.map_or(0, |last| last + 1);
            self.lines.insert(index, Line::Own { property: fresh, raw: None });
            index
        });
        if let Some(Line::Own { property, raw }) = self.lines.get_mut(index) {
            change(property);
            *raw = None;
        }
    }

    /// Takes out the first property of this name, if there is one.
    pub(crate) fn remove(&mut self, name: &str) {
        if let Some(index) = self.lines.iter().position(|line| line.is(name)) {
            self.lines.remove(index);
        }
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &P> {
        self.lines.iter().filter_map(move |line| match line {
            Line::Own { property, .. } if line.is(name) => Some(property),
            _ => None,
        })
    }
}

impl<P: Property> Line<P> {
    fn is(&self, name: &str) -> bool {
        matches!(self, Self::Own { property, .. } if property.name().eq_ignore_ascii_case(name))
    }
}

impl<P: Property> fmt::Display for Sheet<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            match line {
                Line::Foreign(raw) | Line::Own { raw: Some(raw), .. } => f.write_str(raw)?,
                Line::Own { property, raw: None } => {
                    let mut line = String::new();
                    property.write(&mut line)?;
                    f.write_str(&if self.is_crlf { line } else { line.replace("\r\n", "\n") })?;
                }
            }
        }
        Ok(())
    }
}

/// The lines of a file with their line ends. A line that begins with white space goes on with the one before.
fn content_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut begin = 0;
    for (newline, _) in text.match_indices('\n') {
        if !text[newline + 1..].starts_with([' ', '\t']) {
            lines.push(&text[begin..=newline]);
            begin = newline + 1;
        }
    }
    if begin < text.len() {
        lines.push(&text[begin..]);
    }
    lines
}

/// The name of a content line, without its group, and what follows its first colon. Both in upper case.
fn name_and_value(raw: &str) -> (String, String) {
    let unfolded = raw.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    let line = unfolded.trim_start_matches('\u{feff}').trim_end();
    let name = line.split([':', ';']).next().unwrap_or_default();
    let name = name.rsplit('.').next().unwrap_or_default();
    let value = line.split_once(':').map_or("", |(_, value)| value);
    (name.to_uppercase(), value.trim().to_uppercase())
}
