//! What the domain needs of a database. A method is a transaction: it happens
//! whole, with its audit entries, or not at all.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::audit::{Change, Event, EventCursor, EventPage, EventQuery};
use crate::authority::Authority;
use crate::challenge::{Challenge, CodeGuess, Message, Outcome, Tried};
use crate::clock::Timestamp;
use crate::error::Field;
use crate::id::{ChallengeId, MessageId, SessionId, UserId};
use crate::key::StoredKey;
use crate::limit::{Attempt, Settled, TooMany};
use crate::notice::Notice;
use crate::once::{FirstAnswer, Once};
use crate::page::{Page, PageSize, UserQuery};
use crate::personal_data::PersonalData;
use crate::policy::Scope;
use crate::proof::FreshProof;
use crate::session::{Digest, Session};
use crate::user::{PasswordHash, User};
use crate::value::{Email, Phone};

/// The database did not do what it was asked. What exactly went wrong is for
/// the log, not for the caller.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, is full, or is too busy: try again later.
    #[error("the database is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else, which trying again does not mend.
    #[error("the database failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why a write did not happen.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Another account has this value.
    #[error("{0} is already taken")]
    Taken(Field),
    /// `assigned_manager_id` names nobody, a customer, an admin or an inactive manager.
    #[error("not an active manager")]
    NotAnActiveManager,
    /// Without this admin there would be no active one.
    #[error("the last active admin stays")]
    LastAdmin,
    /// Somebody else has to look after this many customers first.
    #[error("customers still assigned: {0}")]
    HasCustomers(u64),
    /// The setup token is wrong or spent, or an admin exists.
    #[error("the setup token is not valid")]
    SetupTokenRefused,
    /// The record is no longer as the caller saw it: a code was used, a token renewed.
    #[error("the record has changed")]
    Stale,
    /// The authority by which it was to happen has ended.
    #[error("the authority has ended")]
    Unauthorized,
    /// Somebody whom the record would refer to was erased meanwhile.
    #[error("somebody the record refers to is gone")]
    Gone,
    /// The session in use is not fresh, or not alive any more.
    #[error("the password has to be given again first")]
    NotFresh,
    /// It was tried too often.
    #[error("too many attempts")]
    TooMany(TooMany),
    /// The database could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A person to enter, with the password of staff.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who, with their profile.
    pub user: User,
    /// The stored password; ignored for customers, [`PasswordHash::unusable`] for the invited.
    pub password_hash: PasswordHash,
    /// What the caller is told, when the request came under a key.
    pub first_answer: Option<FirstAnswer>,
    /// Whether this is a sign-up that an admin has yet to approve. Forgotten when nobody does.
    pub awaits_approval: bool,
    /// Whether the e-mail is theirs for sure: an unapproved sign-up with the same one is erased, which is recorded
    /// beside the first event that is written.
    pub replaces_signup: bool,
}

impl Account {
    /// A person to enter by a request without a key.
    #[must_use]
    pub fn new(user: User, password_hash: PasswordHash) -> Self {
        Self { user, password_hash, first_answer: None, awaits_approval: false, replaces_signup: false }
    }

    /// The same, waiting for an admin.
    #[must_use]
    pub fn awaiting_approval(self) -> Self {
        Self { awaits_approval: true, ..self }
    }

    /// The same, in place of an unapproved sign-up with the e-mail.
    #[must_use]
    pub fn replacing_signup(self) -> Self {
        Self { replaces_signup: true, ..self }
    }
}

/// Staff as sign-in needs them.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Who, active or not.
    pub user: User,
    /// What the password is checked against.
    pub password_hash: PasswordHash,
}

/// A change of one person.
#[derive(Clone, Debug)]
pub struct Update {
    /// As they were when the change was judged.
    pub before: User,
    /// As they are to be, with the next version.
    pub after: User,
    /// Whether their sessions end.
    pub ends_sessions: bool,
    /// What the caller's session must be for it.
    pub proof: Option<FreshProof>,
    /// What to record. Notices about a changed contact, and the erasure of a sign-up that had the new e-mail, go
    /// with the first of these.
    pub events: Vec<Event>,
}

/// Judges a change anew, of somebody who is no longer as they were seen. `None` when it no longer is one, or may not
/// be made: what is wrong shows when the caller looks again.
pub type UpdateAnew<'a> = dyn Fn(&User) -> Option<Update> + Send + Sync + 'a;

/// Plans a handover anew, of those who are the manager's customers now. `None` when it can't be made of them.
pub type HandoverAnew<'a> = dyn Fn(&[UserId]) -> Option<Handover> + Send + Sync + 'a;

/// Customers of one manager who go to others.
#[derive(Clone, Debug)]
pub struct Handover {
    /// Who looks after them now.
    pub from: UserId,
    /// Who gets whom.
    pub shares: Vec<Share>,
    /// Whether these are all the customers that the manager has.
    pub is_complete: bool,
    /// Whether the manager, who is active, no longer is after this; their sessions end.
    pub deactivates: bool,
    /// When.
    pub at: Timestamp,
    /// What to record.
    pub events: Vec<Event>,
}

/// What one receiver gets of a [`Handover`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// An active manager, or nobody.
    pub to: Option<UserId>,
    /// Whom.
    pub customers: Vec<UserId>,
}

/// A person who goes for good.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// As the caller saw them.
    pub user: User,
    /// Whether they go only in the version that the caller saw.
    pub is_of_version: bool,
    /// Who counts as having entered their customers after this; when nobody is
    /// named, or they are gone, or it is the person, the longest-standing other active admin.
    pub heir: Option<UserId>,
    /// What to record.
    pub event: Event,
}

impl Erasure {
    /// What to record when customers whom the person entered went to the heir, or each to themselves. One entry for all
    /// of them: they may be hundreds of thousands.
    #[must_use]
    pub fn event_of_heir(&self, heir: Option<UserId>) -> Event {
        let mut event = self.event.clone();
        let (from, to) = (self.user.id.to_string().into(), heir.map(|heir| heir.to_string()).into());
        event.changes.insert("created_by".to_owned(), Change { from, to });
        event
    }
}

/// A staff member who becomes an active admin with a new password.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// As they are to be, with the next version.
    pub admin: User,
    /// What their new password is checked against.
    pub password_hash: PasswordHash,
    /// What to record.
    pub events: Vec<Event>,
    /// What to record besides, if sessions end.
    pub sessions_ended: Event,
}

/// Whom a part of an import asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportKeys {
    /// Of customers.
    pub phones: Vec<Phone>,
    /// Of staff.
    pub emails: Vec<Email>,
}

/// Who is there of those whom a part of an import asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportFound {
    /// Customers, by phone.
    pub customers: BTreeMap<Phone, User>,
    /// Staff, by e-mail.
    pub staff: BTreeMap<Email, User>,
}

/// What a part of an import writes.
#[derive(Clone, Debug, Default)]
pub struct ImportPart {
    /// New customers.
    pub created: Vec<User>,
    /// Customers who change; their phones stay.
    pub updated: Vec<Update>,
    /// What to record.
    pub events: Vec<Event>,
}

/// An import in the hands of a store: for each part, the store looks up who
/// is there, has it judged, and writes what comes out.
#[async_trait]
pub trait ImportParts: Send {
    /// Whom the next part asks for; `None` when there is none.
    async fn next(&mut self) -> Result<Option<ImportKeys>, StoreError>;

    /// What that part writes, since these people are there. Asked again for the same part when they have changed
    /// before they could be held.
    ///
    /// # Errors
    /// What ends the import with nothing written.
    fn judge(&mut self, found: &ImportFound) -> Result<ImportPart, WriteError>;
}

/// People and their profiles. Where a method is told by what authority it writes, it refuses with
/// [`WriteError::Unauthorized`] when that has ended, before any other refusal, and keeps it until its transaction ends.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Whether the authority is good at this moment, for what writes nothing and takes a while, such as a page of many.
    async fn has_authority(&self, by: &Authority) -> Result<bool, StoreError>;

    /// Enters a person, their profile and the audit entries. The assigned
    /// manager, if any, is checked and held still in the same transaction.
    /// [`WriteError::Stale`] when the account brings a first answer and its key
    /// is remembered already; an expired one is forgotten. [`WriteError::Gone`]
    /// when whoever enters them is.
    async fn create_account(&self, by: &Authority, account: &Account, events: &[Event]) -> Result<(), WriteError>;

    /// Enters a person as [`AccountStore::create_account`] does, and starts their first session.
    async fn create_signed_in(&self, account: &Account, session: &Session, events: &[Event]) -> Result<(), WriteError>;

    /// Enters a person as [`AccountStore::create_account`] does, and opens
    /// their invitation with its message. One of somebody who had the same
    /// e-mail before is replaced.
    async fn create_invited(
        &self,
        by: &Authority,
        account: &Account,
        invitation: &Challenge,
        message: &Message,
        events: &[Event],
    ) -> Result<(), WriteError>;

    /// The answer that is remembered at `now` under the caller's key, whatever the request was.
    async fn find_first_answer(&self, once: &Once, now: Timestamp) -> Result<Option<FirstAnswer>, StoreError>;

    /// Enters the first admin and starts their session, if no admin exists and
    /// `token` is a stored setup token. All setup tokens are gone after that.
    async fn create_first_admin(
        &self,
        account: &Account,
        token: &Digest,
        session: &Session,
        events: &[Event],
    ) -> Result<(), WriteError>;

    /// Whether there is an admin, active or not.
    async fn has_admin(&self) -> Result<bool, StoreError>;

    /// Enters an admin, unless there is one at that moment, active or not. Answers whether it did.
    async fn create_only_admin(&self, account: &Account, events: &[Event]) -> Result<bool, WriteError>;

    /// Whether somebody on the staff has this e-mail. An unapproved sign-up does not have it yet.
    async fn is_email_taken(&self, email: &Email) -> Result<bool, StoreError>;

    /// Makes a staff member an active admin with a new password and ends their
    /// sessions. All setup tokens are gone after that. [`WriteError::Stale`]
    /// when they have not the version before; [`WriteError::HasCustomers`] for
    /// a manager who is to be an admin and still looks after some.
    async fn recover_admin(&self, recovery: &Recovery) -> Result<(), WriteError>;

    /// Stores one more setup token, unless an admin exists. Answers whether it did.
    async fn add_setup_token(&self, token: &Digest, now: Timestamp) -> Result<bool, StoreError>;

    /// Whether there is such a setup token now. [`Self::create_first_admin`] has the last word.
    async fn has_setup_token(&self, token: &Digest) -> Result<bool, StoreError>;

    /// One person in the scope.
    async fn find_user(&self, scope: Scope, id: UserId) -> Result<Option<User>, StoreError>;

    /// A page of the people in the scope.
    async fn list_users(&self, scope: Scope, query: &UserQuery) -> Result<Page<User>, StoreError>;

    /// The staff member with this e-mail.
    async fn find_credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError>;

    /// The customer with this phone.
    async fn find_customer_by_phone(&self, phone: &Phone) -> Result<Option<User>, StoreError>;

    /// Replaces a password hash by one of the same password, if it is still `old`.
    async fn renew_password_hash(&self, id: UserId, old: &PasswordHash, new: &PasswordHash) -> Result<(), StoreError>;

    /// Changes a person and their profile; tells them at their old contacts when those change. Whoever is activated or
    /// gets another role is an unapproved sign-up no more. Answers how they are after that. When they are no longer in
    /// the version of `before`, they are held as they are, and the change is judged anew. [`WriteError::NotFresh`] when
    /// the proof that is asked for is not found. [`WriteError::Stale`] when it can't be judged anew, or wants more than
    /// the one before. Refused in the same transaction:
    /// [`WriteError::LastAdmin`]; [`WriteError::HasCustomers`] for a manager
    /// who gets another role; [`WriteError::NotAnActiveManager`] for a newly
    /// assigned one; [`WriteError::Taken`].
    async fn update_user(&self, by: &Authority, update: &Update, anew: &UpdateAnew<'_>) -> Result<User, WriteError>;

    /// The customers of a manager, ordered by id.
    async fn list_customer_ids(&self, manager: UserId) -> Result<Vec<UserId>, StoreError>;

    /// Which of these are active managers.
    async fn find_active_managers(&self, ids: &[UserId]) -> Result<Vec<UserId>, StoreError>;

    /// Gives customers to other managers; each one's version moves. With `anew`, the customers are held, and where they
    /// are others than planned, the handover is planned anew; answers that one. [`WriteError::Stale`] when the customers are not those of the manager
    /// any more, or not all of them where they are said to be, or the manager
    /// who is to be deactivated is none any more;
    /// [`WriteError::NotAnActiveManager`] when a receiver is none.
    async fn hand_over(
        &self,
        by: &Authority,
        handover: &Handover,
        anew: Option<&HandoverAnew<'_>>,
    ) -> Result<Option<Handover>, WriteError>;

    /// When the person was last told that a phone is somebody else's, after `since`: the newest, at most `limit`.
    async fn list_told(&self, actor: UserId, since: Timestamp, limit: u64) -> Result<Vec<Timestamp>, StoreError>;

    /// Records that one person is told so, all of the events or none: with them it may have been at most `most` times
    /// after `since`. Requests of one person wait for one another here. Answers whether it did.
    async fn record_told(
        &self,
        actor: UserId,
        events: &[Event],
        since: Timestamp,
        most: u64,
    ) -> Result<bool, StoreError>;

    /// Who is there of those whom a part of an import asks for.
    async fn find_for_import(&self, keys: &ImportKeys) -> Result<ImportFound, StoreError>;

    /// Writes all parts of an import, or none. The authority is looked at before each part, and kept at the end only:
    /// a long import does not hold up those who take it away. [`WriteError::Stale`] when it
    /// lost against another import or a handover: judged anew, it may succeed. [`WriteError::Taken`] when a phone is a
    /// new customer's by now; [`WriteError::NotAnActiveManager`] for one who
    /// was newly assigned to.
    async fn import_customers(&self, by: &Authority, parts: &mut dyn ImportParts) -> Result<(), WriteError>;

    /// The e-mails of those of these people who are staff.
    async fn find_emails(&self, ids: &[UserId]) -> Result<BTreeMap<UserId, Email>, StoreError>;

    /// Does ahead what would make [`AccountStore::erase_user`] long: customers whom the person entered go to the heir,
    /// and the addresses in the entries of what they did are blanked, all but the last thousand or so of each. Refused
    /// like the erasure itself. Not one transaction but many short ones (ADR 17): each is a step of its own, which may
    /// be the last one, and whoever calls again goes on from there.
    async fn prepare_erasure(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError>;

    /// Erases a person: their rows, sessions, challenges and messages, and the
    /// personal values in the audit trail. Customers whom they entered count as
    /// entered by the heir. [`WriteError::Stale`] when they are gone, have another role, or are no longer in
    /// the version that is asked for; [`WriteError::HasCustomers`]; [`WriteError::LastAdmin`].
    async fn erase_user(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError>;

    /// Everything that is kept about a person in the scope but for the audit trail.
    async fn find_personal_data(&self, scope: Scope, id: UserId) -> Result<Option<PersonalData>, StoreError>;

    /// A page of the audit entries about a person in the scope and of what they did to others, newest first. `None`
    /// when there is no such person.
    async fn find_personal_events(
        &self,
        scope: Scope,
        id: UserId,
        after: Option<EventCursor>,
        size: PageSize,
    ) -> Result<Option<EventPage>, StoreError>;

    /// Records what happened where nothing else is written, such as a refused sign-in.
    async fn record_event(&self, event: &Event) -> Result<(), StoreError>;

    /// Whether the database answers and its schema has all that this program needs.
    async fn check_ready(&self) -> Result<(), StoreError>;
}

/// Who did what to whom. Entries are written by the other stores, with what they record.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// A page of the entries whose subject is in the scope as it is now, newest
    /// first. Entries about nobody, or about somebody who is gone, are in [`Scope::All`] only.
    async fn list_events(&self, scope: Scope, query: &EventQuery) -> Result<EventPage, StoreError>;
}

/// Sign-ins. By what authority sessions end is refused with [`WriteError::Unauthorized`] as in [`AccountStore`].
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Starts a session of somebody who is active at that moment; [`WriteError::Stale`] when
    /// they are not, or no more. Beyond [`MAX_SESSIONS`](crate::session::MAX_SESSIONS) those that were used least
    /// recently end, which is recorded beside the event.
    async fn start_session(&self, session: &Session, event: &Event) -> Result<(), WriteError>;

    /// The person of a session, if the session has not ended or expired and
    /// the person is active. One query by primary key, since every request asks.
    async fn find_caller(&self, id: SessionId, now: Timestamp) -> Result<Option<User>, StoreError>;

    /// The session, ended ones excepted.
    async fn find_session(&self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// Writes the renewed session over the one that has `renewals - 1` renewals
    /// and is live, of an active person. [`WriteError::Stale`] when there is none.
    async fn renew_session(&self, renewed: &Session) -> Result<(), WriteError>;

    /// A person's sessions that have not expired, newest first.
    async fn list_sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Ends one session of the person. Answers whether there was one; records the event if so.
    async fn end_session(&self, by: &Authority, user: UserId, id: SessionId, event: &Event)
    -> Result<bool, WriteError>;

    /// Ends all sessions of the person but `except`. Answers how many; records the event if any.
    async fn end_sessions(
        &self,
        by: &Authority,
        user: UserId,
        except: Option<SessionId>,
        event: &Event,
    ) -> Result<u64, WriteError>;

    /// Notes that the person gave the password of this hash in this session now, which is when the event happens.
    /// [`WriteError::Stale`] when it is not theirs any more, or the session has ended.
    async fn prove_session(
        &self,
        session: SessionId,
        user: UserId,
        password: &PasswordHash,
        event: &Event,
    ) -> Result<(), WriteError>;

    /// Ends all sessions of the person but the one of the proof. Answers how many; records the event if any.
    /// [`WriteError::NotFresh`].
    async fn end_other_sessions(&self, proof: &FreshProof, event: &Event) -> Result<u64, WriteError>;

    /// Sets a new password over `old`, ends all sessions but `keep`, which is
    /// fresh after that, closes every open challenge that has to do with the
    /// old one, and tells the person.
    /// [`WriteError::Stale`] when the password is no longer `old`.
    async fn change_password(
        &self,
        by: &Authority,
        user: UserId,
        old: &PasswordHash,
        new: &PasswordHash,
        keep: Option<SessionId>,
        event: &Event,
    ) -> Result<(), WriteError>;
}

/// One-time codes and the messages that carry them.
#[async_trait]
pub trait ChallengeStore: Send + Sync {
    /// Opens the challenge and puts its message into the outbox. If the open
    /// one of the same purpose and subject is younger than `quiet_since`,
    /// nothing is written and that one is answered; an older one is replaced,
    /// if [`AttemptStore::take_attempts`] allows `attempts`. [`WriteError::Gone`] when whose it would be is.
    async fn open_challenge(
        &self,
        challenge: &Challenge,
        message: &Message,
        quiet_since: Timestamp,
        attempts: &[Attempt],
    ) -> Result<Challenge, WriteError>;

    /// Counts a try, for good, and answers the challenge as it is after that. `None` when it is not open. A wrong
    /// code is counted as the guess says, one by one, in the same transaction; [`WriteError::TooMany`] when that is
    /// used up, and then nothing was tried. A code whose message was not sent yet is wrong.
    async fn take_try(
        &self,
        id: ChallengeId,
        now: Timestamp,
        guess: &CodeGuess<'_>,
    ) -> Result<Option<Tried>, WriteError>;

    /// Takes a counted try back: the code was right, and what it was for could not be done.
    async fn return_try(&self, id: ChallengeId) -> Result<(), StoreError>;

    /// Uses the challenge up and does what it was for, in one transaction.
    /// [`WriteError::Stale`] when it was used before or went with its person,
    /// and when it would sign somebody in who is not active at that moment;
    /// [`WriteError::Gone`] when the person went otherwise.
    async fn redeem(&self, id: ChallengeId, now: Timestamp, outcome: &Outcome) -> Result<(), WriteError>;

    /// Takes messages that are due and take no turns (those are the [`TurnStore`](crate::turn::TurnStore)'s), hiding
    /// them from others until `lease`.
    async fn claim_messages(&self, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Message>, StoreError>;

    /// Removes a message that was sent or given up.
    async fn remove_message(&self, id: MessageId) -> Result<(), StoreError>;

    /// Puts a claimed message off.
    async fn postpone_message(&self, id: MessageId, until: Timestamp) -> Result<(), StoreError>;
}

/// What is of no use once it has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expirable {
    /// One-time codes, used or not, with their messages.
    Challenges,
    /// First answers to requests that came under a key.
    FirstAnswers,
    /// Sign-ins that were not renewed.
    Sessions,
    /// Counters of attempts.
    Attempts,
    /// Networks from which somebody was signed in.
    Networks,
}

impl Expirable {
    /// Every kind.
    pub const ALL: &'static [Self] =
        &[Self::Challenges, Self::FirstAnswers, Self::Sessions, Self::Attempts, Self::Networks];
}

/// Clearing away what has expired.
#[async_trait]
pub trait HousekeepingStore: Send + Sync {
    /// Takes the housekeeping until `until`, unless another instance has it at
    /// `now`. Answers whether it did.
    async fn take_housekeeping(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError>;

    /// Removes at most `limit` rows that expired before `before`, the longest
    /// expired first. Answers how many.
    async fn remove_expired(&self, kind: Expirable, before: Timestamp, limit: u64) -> Result<u64, StoreError>;

    /// How many messages wait in the outbox.
    async fn count_messages(&self) -> Result<u64, StoreError>;

    /// At most `limit` sign-ups from before `before` that nobody has approved, the oldest first.
    async fn list_unapproved(&self, before: Timestamp, limit: u64) -> Result<Vec<User>, StoreError>;

    /// Erases somebody as [`AccountStore::erase_user`] does, if nobody has approved their sign-up until then;
    /// [`WriteError::Stale`] otherwise.
    async fn forget_signup(&self, erasure: &Erasure) -> Result<(), WriteError>;
}

/// Notices on their way. They are written with what they tell of, by the other stores.
#[async_trait]
pub trait NoticeStore: Send + Sync {
    /// Takes notices that are due, hiding them from others until `lease`.
    async fn claim_notices(&self, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Notice>, StoreError>;

    /// Removes a notice that was sent or given up.
    async fn remove_notice(&self, id: MessageId) -> Result<(), StoreError>;

    /// Puts a claimed notice off.
    async fn postpone_notice(&self, id: MessageId, until: Timestamp) -> Result<(), StoreError>;
}

/// Counters of what must not be tried too often, and the networks that are exempt from some of them.
#[async_trait]
pub trait AttemptStore: Send + Sync {
    /// Counts the attempts, as [`take_all`](crate::limit::take_all) says, all of them or none. [`WriteError::TooMany`] tells the longest wait.
    async fn take_attempts(&self, attempts: &[Attempt], now: Timestamp) -> Result<(), WriteError>;

    /// Notes what became of attempts that were counted, as [`settle_all`](crate::limit::settle_all) says.
    async fn settle_attempts(&self, attempts: &[Attempt], settled: Settled, now: Timestamp) -> Result<(), StoreError>;

    /// Whether it is remembered at `now` that this person was signed in from a network. The
    /// network is a keyed hash of it and the person.
    async fn knows_network(&self, user: UserId, network: &Digest, now: Timestamp) -> Result<bool, StoreError>;

    /// Remembers until `until` that a person was signed in from a network. Writes nothing when that
    /// is remembered until `enough` or longer, and when the person is gone. It goes with the person.
    async fn remember_network(
        &self,
        user: UserId,
        network: &Digest,
        until: Timestamp,
        enough: Timestamp,
    ) -> Result<(), StoreError>;
}

/// Keys that all instances share.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Every key that is not retired at `now`, oldest first.
    async fn list_keys(&self, now: Timestamp) -> Result<Vec<StoredKey>, StoreError>;

    /// Stores each key whose purpose has none yet. Two instances that start at
    /// once end with the same keys.
    async fn add_missing_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError>;

    /// Stores a key that takes over from all others of its purpose: those
    /// that have no end yet are retired at `retire_at`.
    async fn rotate_key(&self, key: &StoredKey, retire_at: Timestamp, event: &Event) -> Result<(), StoreError>;

    /// Writes sealed keys over the same ones unsealed. One that is sealed already stays as it is.
    async fn seal_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError>;
}
