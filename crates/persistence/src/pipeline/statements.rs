//! Prepared statements, one for each text.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use sea_orm::Value;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, Error, Statement};

use super::bound::kind;
use crate::readers::locked;

/// How long a text goes another way after a query of it took too long: there it keeps nobody waiting.
const SLOW_FOR: Duration = Duration::from_secs(10);

/// Those of one connection, the oldest of which go when there are too many.
pub(super) struct Statements {
    most: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    texts: HashMap<String, (Arc<Text>, u64)>,
    /// How often any of them was used.
    uses: u64,
}

/// A text. Whoever comes first prepares it, and the others wait for that.
#[derive(Default)]
pub(super) struct Text {
    prepared: OnceCell<Statement>,
    slow_until: Mutex<Option<Instant>>,
}

impl Statements {
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), held: Mutex::default() }
    }

    /// The text, unless it is slow at present.
    pub(super) fn find(&self, sql: &str) -> Option<Arc<Text>> {
        let text = self.held().find(sql, self.most);
        let until = *locked(&text.slow_until);
        until.is_none_or(|until| until <= Instant::now()).then_some(text)
    }

    pub(super) fn forget(&self, sql: &str) {
        self.held().texts.remove(sql);
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        locked(&self.held)
    }
}

impl Held {
    fn find(&mut self, sql: &str, most: usize) -> Arc<Text> {
        self.uses += 1;
        if let Some((text, used)) = self.texts.get_mut(sql) {
            *used = self.uses;
            return Arc::clone(text);
        }
        if self.texts.len() >= most {
            let oldest = self.texts.iter().min_by_key(|(_, (_, used))| *used).map(|(sql, _)| sql.clone());
            oldest.map(|sql| self.texts.remove(&sql));
        }
        let text = Arc::<Text>::default();
        self.texts.insert(sql.to_owned(), (Arc::clone(&text), self.uses));
        text
    }
}

impl Text {
    /// The statement, with the types that `sqlx` gives to such values.
    pub(super) async fn prepared(&self, client: &Client, sql: &str, values: &[Value]) -> Result<&Statement, Error> {
        let prepare = || async {
            let kinds: Vec<_> = values.iter().filter_map(kind).collect();
            client.prepare_typed(sql, &kinds).await
        };
        self.prepared.get_or_try_init(prepare).await
    }

    pub(super) fn is_slow(&self) {
        *locked(&self.slow_until) = Some(Instant::now() + SLOW_FOR);
    }
}
