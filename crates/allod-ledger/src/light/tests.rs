use super::*;
use crate::testing::{
    Log, NOON, ORIGIN, act, administrator, cosigned, founding, log_with, now, one_witness, received, witness,
};
use allod_wire::Day;
use allod_wire::ledger::{Act, Change};

/// A ledger with a founding, a root, an act that names a witness, and a root after it.
struct Ledger {
    entries: Vec<Vec<u8>>,
    trust: Trust,
}

fn ledger() -> Ledger {
    let mut ledger = Ledger { entries: vec![founding()], trust: Trust::found(&founding()).unwrap() };
    ledger.root();
    ledger.act(one_witness());
    ledger.root();
    ledger
}

impl Ledger {
    fn push(&mut self, entry: Vec<u8>) {
        self.trust.apply(ORIGIN, self.entries.len() as u64, &entry).unwrap();
        self.entries.push(entry);
    }

    fn root(&mut self) {
        let root = self.trust.next_root([self.entries.len() as u8; 32].into(), Day(20_001));
        self.push(Statement::DirectoryRoot(root).encode());
    }

    fn act(&mut self, change: Change) {
        self.push(act(&self.trust, change));
    }

    fn log(&self) -> Log {
        log_with(&self.entries)
    }

    fn at(&self, position: u64) -> (u64, &[u8]) {
        (position, &self.entries[usize::try_from(position).unwrap()])
    }

    fn head(&self) -> Checkpoint {
        let log = self.log();
        cosigned(&log.at(log.size), &[(&witness(1), NOON)])
    }

    fn news(&self, from: u64, acts: &[u64], root: Option<u64>) -> LedgerNews {
        let acts: Vec<_> = acts.iter().map(|position| self.at(*position)).collect();
        self.log().news(&self.head(), from, &acts, root.map(|position| self.at(position)))
    }
}

fn known(ledger: &Ledger) -> Light {
    let mut light = Light::new(ledger.log().key().clone());
    assert_eq!(light.asks_from(), (0, None));
    let news = light.take(&ledger.news(0, &[0, 2], Some(3)), now()).unwrap();
    assert_eq!((news.acts.len(), news.has_more), (1, false));
    light
}

#[test]
fn a_client_learns_of_every_act_from_the_roots_that_it_reads_g_13() {
    let mut ledger = ledger();
    let mut light = known(&ledger);
    assert_eq!((light.asks_from(), light.root().unwrap().1.epoch), ((4, Some(2)), 2));
    ledger.act(Change::Administrators(vec![administrator().public().into(), [7; 32].into()]));
    ledger.root();
    let before = light.clone();
    let hidden = light.take(&ledger.news(4, &[], Some(5)), now());
    assert_eq!(hidden, Err(NewsError::Statement(TrustError::LastAct(4))), "the act is hidden, its root is not");
    assert_eq!(light, before);
    let news = light.take(&ledger.news(4, &[4], Some(5)), now()).unwrap();
    assert!(matches!(&news.acts[..], [(4, Statement::Act(_))]));
    assert_eq!(light.trust().unwrap().signatures_needed(), 2);
}

#[test]
fn an_act_behind_the_newest_root_is_taken_g_13() {
    let mut ledger = ledger();
    let mut light = known(&ledger);
    ledger.act(Change::Administrators(vec![administrator().public().into(), [7; 32].into()]));
    light.take(&ledger.news(4, &[4], Some(3)), now()).unwrap();
    assert_eq!((light.trust().unwrap().acts(), light.root().unwrap().0), (2, 3));
}

#[test]
fn a_root_names_the_last_act_before_it_and_no_other_g_7() {
    let mut ledger = ledger();
    let mut light = known(&ledger);
    let lie = |last_act| DirectoryRoot { epoch: 3, root: [9; 32].into(), day: Day(20_002), last_act };
    for named in [0, 9] {
        ledger.entries.truncate(4);
        let mut trust = known(&ledger).trust().unwrap().clone();
        ledger.entries.push(Statement::DirectoryRoot(lie(named)).encode());
        let behind = act(&trust, Change::Administrators(vec![administrator().public().into(), [7; 32].into()]));
        trust.apply(ORIGIN, 5, &behind).unwrap();
        ledger.entries.push(behind);
        let refused = light.take(&ledger.news(4, &[5], Some(4)), now());
        assert_eq!(refused, Err(NewsError::Statement(TrustError::LastAct(named))), "an act behind it excuses nothing");
    }
    ledger.entries[4] = Statement::DirectoryRoot(lie(2)).encode();
    light.take(&ledger.news(4, &[5], Some(4)), now()).unwrap();
}

#[test]
fn a_head_is_judged_when_all_acts_under_it_are_there_g_9_g_13() {
    let mut ledger = ledger();
    let policy = |n: u8| Change::Witnesses(format!("witness W {}\nquorum W\n", witness(n).key()));
    let at = |ledger: &Ledger, n: u8, from: u64, acts: std::ops::Range<usize>| {
        let log = ledger.log();
        let head = cosigned(&log.at(log.size), &[(&witness(n), NOON)]);
        let all: Vec<u64> = std::iter::once(0).chain([2]).chain(4..log.size - 1).collect();
        let acts: Vec<_> = all[acts].iter().map(|position| ledger.at(*position)).collect();
        log.news(&head, from, &acts, Some(ledger.at(log.size - 1)))
    };
    let lone = known(&ledger);
    (0..70).for_each(|_| ledger.act(Change::ReleaseKey([5; 32].into())));
    ledger.act(policy(2));
    ledger.root();
    let size = ledger.log().size;
    for mut light in [lone, Light::new(ledger.log().key().clone())] {
        let ((from, _), before) = (light.asks_from(), light.kept());
        let begun = if from == 0 { 0 } else { 2 };
        let first = light.take(&at(&ledger, 2, from, begun..begun + 64), now()).unwrap();
        assert!(first.has_more && light.kept() == before, "nothing is accepted before all acts are there");
        assert_eq!(light.asks_from().0, size);
        let mut alone = light.clone();
        let refused = alone.take(&at(&ledger, 1, size, begun + 64..73), now());
        assert_eq!(refused, Err(HeadError::TooFewWitnesses { count: 0 }.into()), "the former witness counts no more");
        assert_eq!(alone.asks_from().0, from, "and it begins again where it was");
        light.take(&at(&ledger, 2, size, begun + 64..73), now()).unwrap();
        assert_eq!((light.trust().unwrap().acts(), light.root().unwrap().1.epoch), (72, 3));
        assert_eq!(light.head().unwrap().seen(), Some(NOON));
    }
}

#[test]
fn what_is_not_under_the_head_or_no_act_is_not_shown_g_13() {
    let ledger = ledger();
    let mut light = Light::new(ledger.log().key().clone());
    let mut refused = |news: LedgerNews, error: NewsError| {
        assert_eq!(light.take(&news, now()), Err(error));
        assert_eq!(light.asks_from(), (0, None));
    };
    refused(ledger.news(0, &[2], Some(3)), NewsError::NotShown);
    refused(ledger.news(0, &[], Some(3)), NewsError::NotShown);
    refused(ledger.news(0, &[0, 0], Some(3)), NewsError::NotShown);
    refused(ledger.news(0, &[0, 1], Some(3)), NewsError::NotShown);
    refused(ledger.news(0, &[0, 2], Some(2)), NewsError::NotShown);
    let mut moved = ledger.news(0, &[0, 2], Some(3));
    moved.acts[1].position = 3;
    refused(moved, NewsError::NotShown);
    let mut other = ledger.news(0, &[0, 2], Some(3));
    other.root.as_mut().unwrap().entry = founding().into();
    refused(other, NewsError::NotShown);
}

#[test]
fn an_act_that_administrators_did_not_sign_is_evidence_g_6() {
    let mut ledger = ledger();
    let mut light = known(&ledger);
    let body = ledger.trust.draw_up(Change::Administrators(vec![[7; 32].into()]), Day(20_002));
    ledger.entries.push(Statement::Act(Act { body, signatures: vec![] }).encode());
    let forged = light.take(&ledger.news(4, &[4], Some(3)), now());
    assert!(matches!(forged, Err(NewsError::Statement(TrustError::Act(_)))));
}

#[test]
fn a_directory_that_goes_back_or_splits_is_refused_g_13() {
    let mut ledger = ledger();
    let mut light = known(&ledger);
    let older = light.take(&ledger.news(4, &[], Some(1)), now());
    assert_eq!(older, Err(NewsError::OlderRoot { known: 2, shown: 1 }));
    let gone = light.take(&ledger.news(4, &[], None), now());
    assert_eq!(gone, Err(NewsError::OlderRoot { known: 2, shown: 0 }));
    let mut split = DirectoryRoot { epoch: 2, root: [9; 32].into(), day: Day(20_002), last_act: 2 };
    ledger.entries.push(Statement::DirectoryRoot(split.clone()).encode());
    let two = light.take(&ledger.news(4, &[], Some(4)), now());
    assert_eq!(two, Err(NewsError::Statement(TrustError::Epoch(2))), "two roots for one epoch");
    split.epoch = 1;
    ledger.entries[4] = Statement::DirectoryRoot(split).encode();
    let back = light.take(&ledger.news(4, &[], Some(4)), now());
    assert_eq!(back, Err(NewsError::OlderRoot { known: 2, shown: 1 }));
}

#[test]
fn a_head_without_its_witnesses_or_of_another_log_is_refused_g_8() {
    let mut ledger = ledger();
    let mut light = known(&ledger);
    ledger.root();
    let mut alone = ledger.news(4, &[], Some(4));
    alone.checkpoint = ledger.log().at(5).as_bytes().to_vec().into();
    assert_eq!(light.take(&alone, now()), Err(HeadError::TooFewWitnesses { count: 0 }.into()));
    let mut unrelated = ledger.news(4, &[], Some(4));
    unrelated.consistency.clear();
    assert_eq!(light.take(&unrelated, now()), Err(HeadError::NotConsistent.into()));
    light.take(&ledger.news(4, &[], Some(4)), now()).unwrap();
    assert_eq!(received(&ledger.head()).verify(light.log()).map(|head| head.size()), Ok(5));
}

#[test]
fn a_client_comes_back_with_what_it_kept_and_refuses_what_it_would_have_g_14() {
    let mut ledger = ledger();
    let light = known(&ledger);
    let kept: Kept = allod_wire::cbor::from_slice(&allod_wire::cbor::to_vec(&light.kept().unwrap())).unwrap();
    let mut back = Light::restore(light.log().clone(), kept.clone()).unwrap();
    assert_eq!(back, light);
    assert_eq!(Light::new(light.log().clone()).kept(), None);
    let other = Light::restore(ledger.log().key_of_another_log(), kept.clone());
    assert_eq!(other, Err(BadKept), "another log's key");
    assert_eq!(Light::restore(light.log().clone(), Kept { entries: Vec::new(), ..kept }), Err(BadKept));
    ledger.entries.truncate(2);
    let shrunk = back.take(&ledger.news(0, &[0], Some(1)), now());
    assert_eq!(shrunk, Err(HeadError::Shrank { from: 4, to: 2 }.into()), "and not that the root is older");
}
