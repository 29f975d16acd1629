//! Lists, page after page.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{BoxStream, Stream, StreamExt, TryStreamExt, try_unfold};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::error::Error;
use crate::request::{Query, Request};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// The [`PageRequest::cursor`] of the next page; `None` on the last one.
    pub next_cursor: Option<String>,
    /// How many there are on all pages, when that was asked for.
    pub total: Option<u64>,
}

/// Which page of a list, and how large.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// After which page: its [`Page::next_cursor`]. The first page without one.
    pub cursor: Option<String>,
    /// How many items, 1 to 200; 50 when it is `None`.
    pub limit: Option<u8>,
    /// Whether to count the items of all pages, which is slow where there are many.
    pub include_total: bool,
}

impl PageRequest {
    /// The largest pages.
    fn of_a_stream() -> Self {
        Self { limit: Some(200), ..Self::default() }
    }

    fn query(&self) -> Query {
        let cursor = self.cursor.iter().map(|cursor| ("cursor", cursor.clone()));
        let limit = self.limit.iter().map(|limit| ("limit", limit.to_string()));
        let total = self.include_total.then(|| ("include_total", "true".to_owned()));
        cursor.chain(limit).chain(total).collect()
    }
}

/// All items of a list. Pages are asked for as they are needed.
///
/// It is a [`Stream`], and can do the usual without its traits:
///
/// ```no_run
/// # async fn example(client: clientele_client::Client) -> Result<(), clientele_client::Error> {
/// let mut people = client.users(&Default::default());
/// while let Some(user) = people.next().await {
///     println!("{}", user?.id());
/// }
/// let all = client.managed_customers(&Default::default()).all().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is asked for before an item is"]
pub struct Items<T>(BoxStream<'static, Result<T, Error>>);

impl<T> Items<T> {
    /// The next item; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        self.0.next().await
    }

    /// All items that are left.
    ///
    /// # Errors
    /// That of the first page that could not be read.
    pub async fn all(self) -> Result<Vec<T>, Error> {
        self.0.try_collect().await
    }
}

impl<T> Stream for Items<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Items(…)")
    }
}

/// Where a stream is.
struct Place<T> {
    read: VecDeque<T>,
    /// `None` after the last page.
    next: Option<PageRequest>,
}

impl Client {
    pub(crate) async fn page<T: DeserializeOwned>(
        &self,
        path: &str,
        query: Query,
        page: &PageRequest,
    ) -> Result<Page<T>, Error> {
        self.read(Request::get(path).query(query).query(page.query())).await
    }

    pub(crate) fn items<T: DeserializeOwned + Send + 'static>(&self, path: &'static str, query: Query) -> Items<T> {
        let client = self.clone();
        let begin = Place { read: VecDeque::new(), next: Some(PageRequest::of_a_stream()) };
        let stream = try_unfold(begin, move |mut place: Place<T>| {
            let (client, query) = (client.clone(), query.clone());
            async move {
                loop {
                    if let Some(item) = place.read.pop_front() {
                        return Ok(Some((item, place)));
                    }
                    let Some(request) = place.next.take() else { return Ok(None) };
                    let page: Page<T> = client.page(path, query.clone(), &request).await?;
                    place.next = page.next_cursor.map(|cursor| PageRequest { cursor: Some(cursor), ..request });
                    place.read = page.items.into();
                }
            }
        });
        Items(stream.boxed())
    }
}
