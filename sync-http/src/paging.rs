//! Pages behind cursors, as a stream.

use futures::Stream;

use crate::{Error, ErrorKind, Result};

/// One page, and where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C> {
    /// What is on it.
    pub items: T,
    /// The cursor of the next page; `None` after the last one.
    pub next: Option<C>,
}

/// Follows cursors from `start` until a page has no next one. The stream ends after its first error; a
/// stream that ends without one has seen every page.
///
/// A cursor that leads back to itself would never end: that is an [`ErrorKind::Decode`] at `endpoint`.
pub fn pages<T, C, F, Fetch>(endpoint: &'static str, start: C, mut fetch: F) -> impl Stream<Item = Result<T>>
where
    C: Clone + PartialEq,
    F: FnMut(C) -> Fetch,
    Fetch: Future<Output = Result<Page<T, C>>>,
{
    async_stream::try_stream! {
        let mut cursor = start;
        loop {
            let page = fetch(cursor.clone()).await?;
            yield page.items;
            match page.next {
                None => break,
                Some(next) if next == cursor => Err(stuck(endpoint))?,
                Some(next) => cursor = next,
            }
        }
    }
}

fn stuck(endpoint: &'static str) -> Error {
    Error::new(ErrorKind::Decode, endpoint).with_message("the next page is the same page")
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, TryStreamExt};

    use super::*;

    #[tokio::test]
    async fn follows_cursors_to_the_end() {
        let fetch = async |page: u32| Ok(Page { items: page * 10, next: (page < 3).then_some(page + 1) });
        let pages: Vec<u32> = pages("x", 1, fetch).try_collect().await.unwrap();
        assert_eq!(pages, [10, 20, 30]);
    }

    #[tokio::test]
    async fn a_cursor_that_stands_still_is_an_error() {
        let fetch = async |page: u32| Ok(Page { items: page, next: Some(page) });
        let pages: Vec<_> = pages("x", 1, fetch).collect().await;
        assert_eq!(pages.len(), 2);
        assert_eq!(pages[1].as_ref().unwrap_err().kind(), ErrorKind::Decode);
    }
}
