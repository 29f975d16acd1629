//! What one connection asks, and which answers it takes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::answer::Head;
use crate::http::{REFRESH, bytes_of_json, field};
use crate::outcome::Outcome;

/// What one connection asks, and which answers it takes.
pub(crate) trait Conversation: Send {
    /// The next request, whole.
    fn request(&mut self) -> &[u8];

    /// Whether the answer counts. The default takes what is 2xx.
    ///
    /// # Errors
    /// An answer that must not come; it ends the measurement.
    fn judge(&mut self, head: &Head, body: &[u8]) -> Outcome<Verdict> {
        if (200..300).contains(&head.status) { Ok(Verdict::Counts) } else { Err(unexpected(head, body)) }
    }
}

/// What an answer comes to.
pub(crate) enum Verdict {
    Counts,
    /// Asked to try again after this time.
    ComeBack(Duration),
}

fn unexpected(head: &Head, body: &[u8]) -> Box<dyn std::error::Error + Send + Sync> {
    format!("answered {}: {}", head.status, String::from_utf8_lossy(&body[..body.len().min(300)])).into()
}

/// Requests in turn, which all connections share.
#[derive(Clone)]
pub(crate) struct Rotation {
    requests: Arc<Vec<Vec<u8>>>,
    next: Arc<AtomicUsize>,
    now: usize,
}

impl Rotation {
    pub(crate) fn new(requests: Vec<Vec<u8>>) -> Self {
        Self { requests: Arc::new(requests), next: Arc::default(), now: 0 }
    }

    /// How many requests were asked so far.
    pub(crate) fn asked(&self) -> usize {
        self.next.load(Ordering::Relaxed)
    }

    /// The same rotation for this many connections.
    pub(crate) fn shared(&self, connections: usize) -> Vec<Box<dyn Conversation>> {
        (0..connections).map(|_| Box::new(self.clone()) as Box<dyn Conversation>).collect()
    }
}

impl Conversation for Rotation {
    fn request(&mut self) -> &[u8] {
        self.now = self.next.fetch_add(1, Ordering::Relaxed) % self.requests.len();
        &self.requests[self.now]
    }
}

/// The same, for those who come back when they are told to: 503 with `Retry-After`.
pub(crate) struct Patient(Rotation);

impl Patient {
    /// So many, who share a rotation.
    pub(crate) fn shared(requests: Vec<Vec<u8>>, connections: usize) -> Vec<Box<dyn Conversation>> {
        let rotation = Rotation::new(requests);
        (0..connections).map(|_| Box::new(Self(rotation.clone())) as Box<dyn Conversation>).collect()
    }
}

impl Conversation for Patient {
    fn request(&mut self) -> &[u8] {
        self.0.request()
    }

    fn judge(&mut self, head: &Head, body: &[u8]) -> Outcome<Verdict> {
        match (head.status, head.retry_after) {
            (503, Some(wait)) => Ok(Verdict::ComeBack(wait)),
            _ => self.0.judge(head, body),
        }
    }
}

/// A session that is renewed again and again, each time with the token of the last answer.
pub(crate) struct Renewals {
    /// The last token, which outlives this conversation.
    token: Arc<Mutex<String>>,
    request: Vec<u8>,
}

impl Renewals {
    pub(crate) fn new(token: Arc<Mutex<String>>) -> Self {
        let request = renewal(&token.lock().unwrap_or_else(PoisonError::into_inner));
        Self { token, request }
    }
}

impl Conversation for Renewals {
    fn request(&mut self) -> &[u8] {
        &self.request
    }

    fn judge(&mut self, head: &Head, body: &[u8]) -> Outcome<Verdict> {
        if !(200..300).contains(&head.status) {
            return Err(unexpected(head, body));
        }
        let token = field(body, "refresh_token").ok_or("a renewal without a token")?;
        self.request = renewal(&token);
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
        Ok(Verdict::Counts)
    }
}

fn renewal(token: &str) -> Vec<u8> {
    bytes_of_json(REFRESH, &format!(r#"{{"refresh_token":"{token}"}}"#))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16) -> Head {
        Head { status, length: 0, body: 0, retry_after: Some(Duration::from_secs(2)) }
    }

    #[test]
    fn connections_share_a_rotation() {
        let rotation = Rotation::new(vec![b"a".to_vec(), b"b".to_vec(), b"c".to_vec()]);
        let mut two = rotation.shared(2);
        let asked = [0, 1, 1, 0].map(|connection| two[connection].request().to_vec());
        assert_eq!(asked.concat(), b"abca");
    }

    #[test]
    fn only_the_patient_take_a_503() {
        let rotation = Rotation::new(vec![Vec::new()]);
        assert!(rotation.clone().judge(&head(503), b"").is_err());
        assert!(rotation.clone().judge(&head(304), b"").is_err());
        assert!(matches!(Patient(rotation.clone()).judge(&head(503), b""), Ok(Verdict::ComeBack(_))));
        assert!(Patient(rotation).judge(&head(500), b"").is_err());
    }

    #[test]
    fn a_renewal_sends_the_token_of_the_last_answer() {
        let token = Arc::new(Mutex::new("first".to_owned()));
        let mut renewals = Renewals::new(token.clone());
        renewals.judge(&head(200), br#"{"refresh_token":"second"}"#).unwrap();
        let request = String::from_utf8(renewals.request().to_vec()).unwrap();
        assert!(request.ends_with(r#"{"refresh_token":"second"}"#), "{request}");
        assert_eq!(*token.lock().unwrap(), "second");
    }
}
