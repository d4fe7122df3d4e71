use allod_wire::ledger::{Artifact, ReleaseBody};

use super::*;
use crate::testing::{ORIGIN, witness};

fn administrator(n: u8) -> SigningSecret {
    SigningSecret::from_seed(&[n; 32])
}

fn keys(numbers: &[u8]) -> Vec<PublicKey> {
    numbers.iter().map(|n| administrator(*n).public().into()).collect()
}

fn founded(administrators: &[u8]) -> Trust {
    Trust::found(&founding(keys(administrators), "quorum none\n")).unwrap()
}

fn founding(administrators: Vec<PublicKey>, witnesses: &str) -> Vec<u8> {
    let domain = "justice.example".parse().unwrap();
    let (day, witnesses, directory_key) = (Day(20_000), witnesses.to_owned(), [9; 32].into());
    Statement::Founded(Founded { domain, day, administrators, witnesses, directory_key }).encode()
}

fn act(body: &ActBody, signers: &[u8]) -> Act {
    let signatures = signers.iter().map(|n| sign(&administrator(*n), ORIGIN, body)).collect();
    Act { body: body.clone(), signatures }
}

fn one_witness() -> String {
    format!("witness W {}\nquorum W\n", witness(1).key())
}

fn apply(trust: &mut Trust, position: u64, statement: Statement) -> Result<Option<Statement>, TrustError> {
    let (before, entry) = (trust.clone(), statement.encode());
    let result = trust.apply(ORIGIN, position, &entry);
    if result.is_err() {
        assert_eq!(*trust, before, "what is refused changes nothing");
    }
    result
}

#[test]
fn two_administrators_change_what_is_trusted_g_6() {
    let mut trust = founded(&[1, 2, 3]);
    let body = trust.draw_up(Change::Witnesses(one_witness()), Day(20_001));
    apply(&mut trust, 5, Statement::Act(act(&body, &[3, 1]))).unwrap();
    assert_eq!((trust.acts(), trust.last_act(), trust.witnesses().witnesses().len()), (1, 5, 1));
    let body = trust.draw_up(Change::Administrators(keys(&[2, 4])), Day(20_002));
    assert_eq!((body.number, body.previous), (2, 5));
    apply(&mut trust, 6, Statement::Act(act(&body, &[1, 2]))).unwrap();
    let body = trust.draw_up(Change::Administrators(keys(&[1])), Day(20_002));
    let refused = apply(&mut trust, 7, Statement::Act(act(&body, &[1, 2])));
    assert_eq!(refused, Err(ActError::Signature.into()), "who is no administrator any more");
}

#[test]
fn a_change_that_does_not_read_is_refused_before_the_last_person_signs_g_6() {
    let trust = founded(&[1, 2]);
    let refusal = |change| trust.check_act(ORIGIN, &act(&trust.draw_up(change, Day(20_001)), &[1]));
    assert_eq!(refusal(Change::Administrators(keys(&[3, 3]))), Err(ActError::Administrators));
    assert!(matches!(refusal(Change::Witnesses("quorum".to_owned())), Err(ActError::Witnesses(_))));
    assert_eq!(refusal(Change::Administrators(keys(&[3]))), Err(ActError::TooFew { signed: 1, needed: 2 }));
}

#[test]
fn one_administrator_alone_changes_nothing_g_6() {
    let mut trust = founded(&[1, 2]);
    let body = trust.draw_up(Change::Witnesses(one_witness()), Day(20_001));
    let mut refused = |act: Act, error: ActError| {
        assert_eq!(trust.check_act(ORIGIN, &act), Err(error.clone()));
        assert_eq!(apply(&mut trust, 1, Statement::Act(act)), Err(error.into()));
    };
    refused(act(&body, &[1]), ActError::TooFew { signed: 1, needed: 2 });
    refused(act(&body, &[]), ActError::TooFew { signed: 0, needed: 2 });
    refused(act(&body, &[1, 1]), ActError::Signature);
    refused(act(&body, &[1, 5]), ActError::Signature);
    let mut forged = act(&body, &[1, 2]);
    forged.signatures[1].signature = forged.signatures[0].signature;
    refused(forged, ActError::Signature);
    let mut other_day = act(&body, &[1, 2]);
    other_day.body.day = Day(1);
    refused(other_day, ActError::Signature);
    let elsewhere = body.clone();
    let signatures = [1, 2].map(|n| sign(&administrator(n), "other.example/ledger", &elsewhere)).to_vec();
    refused(Act { body: elsewhere, signatures }, ActError::Signature);
}

#[test]
fn the_only_administrator_decides_alone_g_6() {
    let mut trust = founded(&[1]);
    assert_eq!(trust.signatures_needed(), 1);
    let body = trust.draw_up(Change::Administrators(keys(&[1, 2])), Day(20_001));
    apply(&mut trust, 1, Statement::Act(act(&body, &[1]))).unwrap();
    assert_eq!(trust.signatures_needed(), 2);
}

#[test]
fn an_act_follows_on_the_last_one_g_5() {
    let mut trust = founded(&[1]);
    let first = trust.draw_up(Change::Witnesses(one_witness()), Day(20_001));
    apply(&mut trust, 1, Statement::Act(act(&first, &[1]))).unwrap();
    let again = apply(&mut trust, 2, Statement::Act(act(&first, &[1])));
    assert_eq!(again, Err(ActError::NotNext.into()), "the same act a second time");
    let next = trust.draw_up(Change::Witnesses("quorum none".to_owned()), Day(20_002));
    for wrong in [
        ActBody { number: 3, ..next.clone() },
        ActBody { previous: 0, ..next.clone() },
        ActBody { previous_digest: [0; 32].into(), ..next.clone() },
    ] {
        assert_eq!(apply(&mut trust, 2, Statement::Act(act(&wrong, &[1]))), Err(ActError::NotNext.into()));
    }
    apply(&mut trust, 2, Statement::Act(act(&next, &[1]))).unwrap();
}

#[test]
fn an_act_leaves_administrators_and_a_policy_that_reads_g_6() {
    let mut trust = founded(&[1]);
    let mut refused = |change: Change| {
        let body = trust.draw_up(change, Day(20_001));
        apply(&mut trust, 1, Statement::Act(act(&body, &[1]))).unwrap_err()
    };
    assert_eq!(refused(Change::Administrators(vec![])), ActError::Administrators.into());
    assert_eq!(refused(Change::Administrators(keys(&[2, 2]))), ActError::Administrators.into());
    let many: Vec<u8> = (0..65).collect();
    assert_eq!(refused(Change::Administrators(keys(&many))), ActError::Administrators.into());
    let policy = refused(Change::Witnesses("quorum W".to_owned()));
    assert!(matches!(policy, TrustError::Act(ActError::Witnesses(_))));
}

#[test]
fn a_ledger_is_founded_once_and_first_g_3() {
    let entry = founding(keys(&[1]), "quorum none");
    let mut trust = Trust::found(&entry).unwrap();
    assert_eq!(trust.domain().as_str(), "justice.example");
    assert_eq!(trust.apply(ORIGIN, 1, &entry), Err(TrustError::Founding));
    let root = Statement::DirectoryRoot(trust.next_root([1; 32].into(), Day(1))).encode();
    assert_eq!(Trust::found(&root), Err(TrustError::Founding));
    assert_eq!(Trust::found(b"nonsense"), Err(TrustError::Malformed));
    assert_eq!(Trust::found(&founding(vec![], "quorum none")), Err(ActError::Administrators.into()));
    assert!(matches!(Trust::found(&founding(keys(&[1]), "")), Err(TrustError::Act(ActError::Witnesses(_)))));
}

#[test]
fn roots_follow_each_other_and_name_the_last_act_g_7() {
    let mut trust = founded(&[1]);
    let first = trust.next_root([1; 32].into(), Day(20_001));
    assert_eq!((first.epoch, first.last_act), (1, 0));
    apply(&mut trust, 1, Statement::DirectoryRoot(first.clone())).unwrap();
    assert_eq!(apply(&mut trust, 2, Statement::DirectoryRoot(first)), Err(TrustError::Epoch(1)));
    let hides_the_act = trust.next_root([2; 32].into(), Day(20_001));
    let body = trust.draw_up(Change::Witnesses(one_witness()), Day(20_001));
    apply(&mut trust, 2, Statement::Act(act(&body, &[1]))).unwrap();
    assert_eq!(apply(&mut trust, 3, Statement::DirectoryRoot(hides_the_act)), Err(TrustError::LastAct(0)));
    let second = trust.next_root([2; 32].into(), Day(20_001));
    assert_eq!((second.epoch, second.last_act), (2, 2));
    apply(&mut trust, 3, Statement::DirectoryRoot(second.clone())).unwrap();
    assert_eq!(trust.root(), Some(&second));
}

#[test]
fn what_a_later_version_says_is_passed_over_g_2() {
    let mut trust = founded(&[1]);
    let later = cbor::to_vec(&(77u32, ("of a later version",)));
    let before = trust.clone();
    assert_eq!(trust.apply(ORIGIN, 1, &later), Ok(None));
    assert_eq!(trust, before);
    assert_eq!(trust.apply(ORIGIN, 2, b"\x00"), Err(TrustError::Malformed));
}

#[test]
fn releases_count_from_the_act_on_that_names_their_key_g_20() {
    let mut trust = founded(&[1, 2]);
    let body = ReleaseBody {
        product: "allod".to_owned(),
        version: "1.2.3".to_owned(),
        artifacts: vec![Artifact { name: "allod".to_owned(), digest: [3; 32].into(), bytes: 4 }],
        commit: "c0ffee".to_owned(),
        sbom: [5; 32].into(),
        day: Day(20_002),
    };
    let by = |n: u8| Statement::Release(release::sign(&administrator(n), ORIGIN, body.clone()));
    assert_eq!(apply(&mut trust, 1, by(7)), Err(ReleaseError::NoKey.into()));
    let name = |trust: &Trust, n: u8| trust.draw_up(Change::ReleaseKey(administrator(n).public().into()), Day(20_001));
    let alone = act(&name(&trust, 7), &[1]);
    assert!(apply(&mut trust, 1, Statement::Act(alone)).is_err(), "one administrator names no key");
    let both = act(&name(&trust, 7), &[1, 2]);
    apply(&mut trust, 1, Statement::Act(both)).unwrap();
    assert_eq!(trust.release_key(), Some(&administrator(7).public()));
    assert_eq!(apply(&mut trust, 2, by(7)), Ok(Some(by(7))));
    assert_eq!(
        apply(&mut trust, 3, by(1)),
        Err(ReleaseError::Signature.into()),
        "an administrator is not the release key"
    );
    let both = act(&name(&trust, 8), &[1, 2]);
    apply(&mut trust, 3, Statement::Act(both)).unwrap();
    assert_eq!(apply(&mut trust, 4, by(7)), Err(ReleaseError::Signature.into()), "the former key");
    apply(&mut trust, 4, by(8)).unwrap();
}
