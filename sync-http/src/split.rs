//! A huge JSON array, element by element, without reading the elements.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt};
use memchr::memchr2;

/// Why a body could not be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitError {
    /// It is no JSON array: a page in HTML, or an object that says what went wrong.
    NotAnArray,
    /// It ended inside the array.
    Truncated,
    /// Between its elements is something else than one comma.
    Malformed,
    /// An element exceeds the cap.
    TooLarge,
}

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnArray => "the body is not a JSON array",
            Self::Truncated => "the body ends inside its array",
            Self::Malformed => "the body is not a well-formed array",
            Self::TooLarge => "an element exceeds the cap",
        })
    }
}

impl std::error::Error for SplitError {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    // Behind `[`: an element, or the end.
    First,
    // Behind a comma: an element.
    Next,
    Scalar,
    Nested { depth: u32 },
    Text { depth: u32 },
    Escape { depth: u32 },
    // Behind an element: a comma, or the end.
    After,
    End,
}

/// Cuts the elements out of an array that arrives in chunks. It keeps at most one unfinished element, and looks
/// only at quotes and brackets: whether an element is JSON shows when it is decoded.
#[derive(Debug)]
pub struct Splitter {
    cap: usize,
    state: State,
    // The part of the current element that arrived in earlier chunks.
    carry: BytesMut,
}

impl Splitter {
    /// A splitter for elements of at most `cap` bytes.
    #[must_use]
    pub fn new(cap: usize) -> Self {
        Self { cap, state: State::Start, carry: BytesMut::new() }
    }

    /// Takes a chunk and appends the elements that end in it.
    ///
    /// # Errors
    /// When the bytes cannot belong to an array; the splitter is useless then.
    pub fn push(&mut self, mut chunk: Bytes, elements: &mut Vec<Bytes>) -> Result<(), SplitError> {
        while !chunk.is_empty() {
            match self.state {
                State::Scalar | State::Nested { .. } | State::Text { .. } | State::Escape { .. } => {
                    let end = self.element_end(&chunk);
                    let part = chunk.split_to(end.unwrap_or(chunk.len()));
                    if self.carry.len().saturating_add(part.len()) > self.cap {
                        return Err(SplitError::TooLarge);
                    }
                    match end {
                        None => self.carry.extend_from_slice(&part),
                        Some(_) if self.carry.is_empty() => elements.push(part),
                        Some(_) => {
                            self.carry.extend_from_slice(&part);
                            elements.push(self.carry.split().freeze());
                        }
                    }
                }
                _ => self.between(&mut chunk)?,
            }
        }
        Ok(())
    }

    /// Says that nothing follows.
    ///
    /// # Errors
    /// When the array is not complete.
    pub fn finish(self) -> Result<(), SplitError> {
        match self.state {
            State::End => Ok(()),
            State::Start => Err(SplitError::NotAnArray),
            _ => Err(SplitError::Truncated),
        }
    }

    // Outside of elements: one byte at a time, there are few.
    fn between(&mut self, chunk: &mut Bytes) -> Result<(), SplitError> {
        let byte = chunk[0];
        self.state = match (self.state, byte) {
            (state, b' ' | b'\t' | b'\r' | b'\n') => state,
            (State::Start, b'[') => State::First,
            (State::Start, _) => return Err(SplitError::NotAnArray),
            (State::First | State::After, b']') => State::End,
            (State::After, b',') => State::Next,
            (State::First | State::Next, b'{' | b'[' | b'"') => {
                // The opening byte belongs to the element: leave it for the next step.
                self.state = State::Nested { depth: 0 };
                return Ok(());
            }
            (State::First | State::Next, byte) if byte != b',' && byte != b']' => {
                self.state = State::Scalar;
                return Ok(());
            }
            _ => return Err(SplitError::Malformed),
        };
        chunk.advance(1);
        Ok(())
    }

    // Where the current element ends in this chunk, if it does.
    fn element_end(&mut self, chunk: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < chunk.len() {
            self.state = match (self.state, chunk[at]) {
                (State::Scalar, b',' | b']' | b' ' | b'\t' | b'\r' | b'\n') => {
                    self.state = State::After;
                    return Some(at);
                }
                (State::Escape { depth }, _) => State::Text { depth },
                (State::Text { depth }, _) => {
                    at += memchr2(b'"', b'\\', &chunk[at..])?;
                    match chunk[at] {
                        b'\\' => State::Escape { depth },
                        _ if depth == 0 => State::After,
                        _ => State::Nested { depth },
                    }
                }
                (State::Nested { depth }, b'"') => State::Text { depth },
                (State::Nested { depth }, b'{' | b'[') => State::Nested { depth: depth + 1 },
                (State::Nested { depth: 0 | 1 }, b'}' | b']') => State::After,
                (State::Nested { depth }, b'}' | b']') => State::Nested { depth: depth - 1 },
                (state, _) => state,
            };
            at += 1;
            if self.state == State::After {
                return Some(at);
            }
        }
        None
    }
}

/// Splits a body. A stream that ends without an error has seen the whole array; after an error it ends.
pub fn elements<E: From<SplitError>>(body: impl Stream<Item = Result<Bytes, E>>, cap: usize) -> impl Stream<Item = Result<Bytes, E>> {
    async_stream::try_stream! {
        let mut splitter = Splitter::new(cap);
        let mut ready = Vec::new();
        futures::pin_mut!(body);
        while let Some(chunk) = body.next().await {
            // What was complete before the fault is still handed out.
            let split = splitter.push(chunk?, &mut ready);
            for element in ready.drain(..) {
                yield element;
            }
            split?;
        }
        splitter.finish()?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;

    fn split(chunks: &[&[u8]], cap: usize) -> Result<Vec<Bytes>, SplitError> {
        let (mut splitter, mut out) = (Splitter::new(cap), Vec::new());
        for chunk in chunks {
            splitter.push(Bytes::copy_from_slice(chunk), &mut out)?;
        }
        splitter.finish().map(|()| out)
    }

    #[test]
    fn whitespace_strings_escapes_nesting_and_scalars() {
        let text = b"\n[ {\"a\":\"}]\\\"\\\\\"} , [1,[2]],\"x,]\\\"\",-1.5e3,null , true ]\n ";
        let elements = split(&[text], 99).unwrap();
        let expected = [r#"{"a":"}]\"\\"}"#, "[1,[2]]", r#""x,]\"""#, "-1.5e3", "null", "true"];
        assert_eq!(elements, expected);
        assert_eq!(split(&[b"[]"], 1), Ok(vec![]));
    }

    #[test]
    fn what_is_no_whole_array_is_an_error() {
        use SplitError::{Malformed, NotAnArray, TooLarge, Truncated};
        let table: [(&[u8], SplitError); 12] = [
            (b"", NotAnArray),
            (b"<html>", NotAnArray),
            (br#"{"error":1}"#, NotAnArray),
            (b"[", Truncated),
            (b"[1", Truncated),
            (b"[1,", Truncated),
            (br#"[{"a":1}"#, Truncated),
            (b"[,1]", Malformed),
            (b"[1,]", Malformed),
            (b"[1 2]", Malformed),
            (b"[1] x", Malformed),
            (b"[1234567890]", TooLarge),
        ];
        for (text, error) in table {
            assert_eq!(split(&[text], 9), Err(error), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn the_cap_is_for_an_element_over_all_chunks_and_not_for_the_list() {
        assert!(split(&[b"[12345,12", b"345]"], 5).is_ok());
        assert_eq!(split(&[b"[123", b"456]"], 5), Err(SplitError::TooLarge));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z\"\\\\{}\\[\\],é\n ]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z\"]{0,3}", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json_however_the_text_is_chunked(
            values in prop::collection::vec(json(), 0..6),
            pretty in any::<bool>(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let text = if pretty { serde_json::to_string_pretty(&values) } else { serde_json::to_string(&values) };
            let text = text.unwrap();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]).collect();
            let expected: Vec<&RawValue> = serde_json::from_str(&text).unwrap();
            let found = split(&chunks, usize::MAX).unwrap();
            prop_assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                prop_assert_eq!(found, expected.get().as_bytes());
            }
        }

        #[test]
        fn a_truncated_text_never_ends_well(values in prop::collection::vec(json(), 0..4), cut in any::<prop::sample::Index>()) {
            let text = serde_json::to_string(&values).unwrap();
            prop_assert!(split(&[&text.as_bytes()[..cut.index(text.len())]], usize::MAX).is_err());
        }
    }
}
