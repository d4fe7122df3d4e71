//! What this device knows of the organisation's ledger: asks for news, keeps what it accepted and what accuses the log.
//! Spec: `spec/ledger.md`, rules G-8, G-13 and G-14.
//!
//! Invariants:
//! - what is refused changes nothing of what is known;
//! - what was accepted is in the row before anything is done under it.

use allod_crypto::ledger::NoteKeyKind;
use allod_ledger::checkpoint::CheckpointIn;
use allod_ledger::head::{HEAD_AGE_SECONDS_MAX, HeadError};
use allod_ledger::key::NoteKey;
use allod_ledger::light::{Kept, Light, NewsError};
use allod_wire::account::Organisation;
use allod_wire::cbor::DecodeError;
use allod_wire::error::{ErrorBody, ErrorCode};
use allod_wire::ledger::LedgerNews;
use allod_wire::{Address, LogId, UnixMillis};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::core::ClientCore;
use crate::effect::Event;
use crate::pending::Pending;
use crate::proven::Claims;
use crate::request::{HttpRequest, Method, is_passing};
use crate::rows::{self, Row, Writes};
use crate::stock::backoff;
use crate::view::{millis, millis_option};
use crate::vouched::People;

/// News is asked for so often.
const NEWS_EVERY_MILLIS: u64 = 3_600_000;
/// So much evidence is kept: the first that came.
const EVIDENCE_MAX: usize = 8;

/// Why the last news was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum LedgerFault {
    /// The server shows no ledger.
    #[n(0)]
    NotThere,
    /// The answer does not show what it says.
    #[n(1)]
    BadAnswer,
    /// G-8 b: no quorum of witnesses saw the head.
    #[n(2)]
    TooFewWitnesses,
    /// G-8 c: the newest head is older than a day.
    #[n(3)]
    TooOld,
    /// G-8 c: the witnesses' clocks are ahead of this device's.
    #[n(4)]
    Ahead,
    /// G-8 d: the log has lost entries. Evidence.
    #[n(5)]
    Shrank,
    /// G-8 e: two heads, of which one does not follow on the other. Evidence.
    #[n(6)]
    Forked,
    /// G-6, G-7: a statement is out of order. Evidence.
    #[n(7)]
    OutOfOrder,
}

impl LedgerFault {
    /// Whether it accuses the log, rather than the hour or the network.
    pub fn is_evidence(self) -> bool {
        matches!(self, Self::Shrank | Self::Forked | Self::OutOfOrder)
    }
}

impl From<&NewsError> for LedgerFault {
    fn from(error: &NewsError) -> Self {
        match error {
            NewsError::Head(HeadError::Shrank { .. }) => Self::Shrank,
            NewsError::Head(HeadError::Forked | HeadError::NotConsistent) => Self::Forked,
            NewsError::Head(HeadError::TooFewWitnesses { .. }) => Self::TooFewWitnesses,
            NewsError::Head(HeadError::TooOld { .. }) => Self::TooOld,
            NewsError::Head(HeadError::Ahead) => Self::Ahead,
            NewsError::Statement(_) => Self::OutOfOrder,
            NewsError::Head(HeadError::Checkpoint(_)) | NewsError::NotShown | NewsError::OlderRoot { .. } => {
                Self::BadAnswer
            }
        }
    }
}

/// How things stand with the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerView {
    /// What is known is of the last 24 hours, and the last news was not refused.
    pub is_current: bool,
    /// Since when the head is vouched for: by the witnesses, or by this device's own clock where there are none.
    #[serde(serialize_with = "millis_option")]
    pub seen: Option<UnixMillis>,
    /// How many statements it covers.
    pub statements: u64,
    /// The witnesses that the organisation names.
    pub witnesses: usize,
    /// How many of them saw the head.
    pub seen_by: usize,
    /// How many people administer the organisation.
    pub administrators: usize,
    /// How often they changed whom the organisation trusts.
    pub acts: u64,
    /// How often the directory has changed.
    pub epochs: u64,
    /// Why the last news was refused, if it was.
    pub fault: Option<LedgerFault>,
    /// What accuses the log.
    pub evidence: Vec<EvidenceView>,
}

/// That something accuses the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EvidenceView {
    /// When this device was shown it.
    #[serde(serialize_with = "millis")]
    pub at: UnixMillis,
    /// What it shows.
    pub fault: LedgerFault,
}

/// The row `l`.
#[derive(Debug, Default, Encode, Decode)]
pub(crate) struct LedgerRow {
    #[n(0)]
    kept: Option<Kept>,
    /// When news was last taken.
    #[n(1)]
    taken: Option<UnixMillis>,
    #[n(2)]
    fault: Option<LedgerFault>,
}

/// What accuses the log: both signed by it.
#[derive(Debug, Encode, Decode)]
pub(crate) struct Evidence {
    #[n(0)]
    at: UnixMillis,
    #[n(1)]
    fault: LedgerFault,
    /// The head that this device had.
    #[n(2)]
    head: ByteVec,
    /// The news that was refused, with its head.
    #[n(3)]
    refused: LedgerNews,
}

/// The ledger as this device knows it.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// None where the organisation has no ledger.
    pub(crate) light: Option<Light>,
    row: Row<LedgerRow>,
    pub(crate) evidence: Row<Vec<Evidence>>,
    pub(crate) claims: Claims,
    pub(crate) people: People,
    /// Under the root of which epoch our own history was asked for, in this run.
    pub(crate) own_epoch: Option<u64>,
    /// No news is asked for before.
    due: UnixMillis,
    failures: u32,
    /// The server has no head as large as ours: it is asked which one it has.
    asks_from_start: bool,
}

impl Ledger {
    /// Of an organisation: its key is pinned with it.
    pub(crate) fn of(organisation: &Organisation) -> Self {
        let origin = allod_ledger::origin(&organisation.domain);
        let key = organisation.ledger_key.and_then(|key| NoteKey::new(&origin, NoteKeyKind::Log, *key));
        Self { light: key.map(Light::new), ..Self::default() }
    }

    /// What the row has.
    pub(crate) fn restore(&mut self, value: &[u8]) -> Result<(), DecodeError> {
        self.row = Row::decode(value)?;
        if let (Some(light), Some(kept)) = (&mut self.light, &self.row.kept) {
            *light = Light::restore(light.log().clone(), kept.clone()).map_err(|_| DecodeError::Malformed)?;
        }
        Ok(())
    }

    pub(crate) fn flush(&mut self, writes: &mut Writes) {
        self.row.flush(|| rows::LEDGER.to_vec(), writes);
        self.people.flush(writes);
        self.evidence.flush(|| rows::LEDGER_EVIDENCE.to_vec(), writes);
    }

    /// News is wanted before what waits can go on.
    pub(crate) fn want_news(&mut self) {
        self.due = UnixMillis(0);
    }

    /// What is known may be acted on: it is of the last day (rule G-8 c), by our own clock too.
    pub(crate) fn is_current(&self, now: UnixMillis) -> bool {
        let head = self.light.as_ref().and_then(Light::head);
        let day = HEAD_AGE_SECONDS_MAX * 1000;
        head.is_some_and(|head| head.check_age(now).is_ok())
            && self.row.taken.is_some_and(|taken| now.0.saturating_sub(taken.0) <= day)
    }

    /// The last news was refused.
    pub(crate) fn is_refused(&self) -> bool {
        self.row.fault.is_some()
    }

    /// The last news accuses the log: nothing is believed before that is cleared up.
    pub(crate) fn is_accused(&self) -> bool {
        self.row.fault.is_some_and(LedgerFault::is_evidence)
    }

    pub(crate) fn is_aside(&self, log: LogId, address: &Address) -> bool {
        self.claims.is_aside(log, address)
    }

    fn accuse(&mut self, fault: LedgerFault, news: &LedgerNews, now: UnixMillis) {
        let head = self.light.as_ref().and_then(Light::head).map(|head| head.checkpoint().as_bytes().to_vec());
        let (refused, head) = (news.clone(), head.unwrap_or_default().into());
        let is_known = self.evidence.iter().any(|known| unsigned(&known.refused) == unsigned(&refused));
        if !is_known && self.evidence.len() < EVIDENCE_MAX {
            self.evidence.push(Evidence { at: now, fault, head, refused });
        }
    }

    /// The head that the server shows from the beginning is not smaller than ours: nothing is to be said against it.
    fn has_caught_up(&self, news: &LedgerNews) -> bool {
        let ours = self.light.as_ref().and_then(Light::head).map_or(0, |head| head.checkpoint().size());
        let log = self.light.as_ref().map(Light::log);
        let theirs = CheckpointIn::decode(&news.checkpoint).ok().zip(log).and_then(|(head, log)| head.verify(log).ok());
        theirs.is_some_and(|head| head.size() >= ours)
    }
}

/// A head without its signatures.
fn unsigned(news: &LedgerNews) -> &[u8] {
    let end = news.checkpoint.windows(2).position(|pair| pair == b"\n\n");
    &news.checkpoint[..end.unwrap_or(news.checkpoint.len())]
}

impl ClientCore {
    /// When news is to be asked for next.
    pub(crate) fn news_due(&self) -> Option<UnixMillis> {
        let asks =
            self.ledger.light.is_some() && self.is_joined() && !self.is_pending(|one| matches!(one, Pending::News));
        asks.then_some(self.ledger.due)
    }

    /// Asks for news, if it is time (rule G-14).
    pub(crate) fn ask_news(&mut self, now: UnixMillis) {
        if self.news_due().is_none_or(|due| due > now) {
            return;
        }
        let Some(light) = &self.ledger.light else { return };
        let (from, act) = light.asks_from();
        let from = if self.ledger.asks_from_start { 0 } else { from };
        let act = act.map(|act| format!("&act={act}")).unwrap_or_default();
        let path = format!("/v1/ledger/news?from={from}{act}");
        self.request(Pending::News, HttpRequest::open(Method::Get, &path, Vec::new()));
    }

    pub(crate) fn handle_news(&mut self, news: &LedgerNews, now: UnixMillis) {
        if std::mem::take(&mut self.ledger.asks_from_start) && self.ledger.has_caught_up(news) {
            return self.ledger.want_news();
        }
        let Some(light) = &mut self.ledger.light else { return };
        match light.take(news, now) {
            Ok(taken) => {
                let (kept, row) = (light.kept(), &mut self.ledger.row);
                let is_news = row.kept != kept || row.fault.is_some();
                (row.kept, row.taken, row.fault) = (kept, Some(now), None);
                self.ledger.failures = 0;
                self.ledger.due = if taken.has_more { now } else { now.plus(NEWS_EVERY_MILLIS) };
                self.ledger.people.changed = true;
                if is_news {
                    self.event(Event::LedgerChanged { fault: None });
                }
                if !taken.has_more {
                    self.news_came(now);
                }
            }
            Err(error) => {
                let fault = LedgerFault::from(&error);
                if fault.is_evidence() {
                    self.ledger.accuse(fault, news, now);
                }
                self.news_fails(Some(fault), None, now);
            }
        }
    }

    /// The server gave no news.
    pub(crate) fn news_refused(&mut self, error: &ErrorBody, now: UnixMillis) {
        let is_known = self.ledger.light.as_ref().is_some_and(|light| light.head().is_some());
        let asked_from_start = std::mem::take(&mut self.ledger.asks_from_start);
        if error.code == ErrorCode::NotFound && is_known && !asked_from_start {
            self.ledger.asks_from_start = true;
            self.ledger.want_news();
        } else {
            let fault = (!is_passing(error)).then_some(LedgerFault::NotThere);
            self.news_fails(fault, error.retry_after_secs, now);
        }
    }

    /// Asks again later. With a fault, what waited for the news is told that there is none to go by.
    fn news_fails(&mut self, fault: Option<LedgerFault>, retry_after_secs: Option<u32>, now: UnixMillis) {
        self.ledger.due = now.plus(backoff(self.ledger.failures, retry_after_secs));
        self.ledger.failures += 1;
        if fault.is_some() {
            if self.ledger.row.fault != fault {
                self.ledger.row.fault = fault;
                self.event(Event::LedgerChanged { fault });
            }
            self.news_came(now);
        }
    }

    /// When news was last taken.
    pub fn news_taken(&self) -> Option<UnixMillis> {
        self.ledger.row.taken
    }

    /// How things stand with the organisation's ledger; `None` where it has none.
    pub fn ledger(&self, now: UnixMillis) -> Option<LedgerView> {
        let light = self.ledger.light.as_ref()?;
        let (head, trust, row) = (light.head(), light.trust(), &self.ledger.row);
        let seen = head.and_then(|head| head.seen()).map(|seconds| UnixMillis(seconds.saturating_mul(1000)));
        let policy = trust.map(allod_ledger::trust::Trust::witnesses);
        let count = policy.zip(head).and_then(|(policy, head)| policy.count(head.checkpoint()).ok());
        let evidence = self.ledger.evidence.iter().map(|one| EvidenceView { at: one.at, fault: one.fault });
        Some(LedgerView {
            is_current: self.ledger.is_current(now) && row.fault.is_none(),
            seen: seen.or(row.taken),
            statements: head.map_or(0, |head| head.checkpoint().size()),
            witnesses: policy.map_or(0, |policy| policy.witnesses().len()),
            seen_by: count.unwrap_or(0),
            administrators: trust.map_or(0, |trust| trust.administrators().len()),
            acts: trust.map_or(0, allod_ledger::trust::Trust::acts),
            epochs: light.root().map_or(0, |(_, root)| root.epoch),
            fault: row.fault,
            evidence: evidence.collect(),
        })
    }
}
