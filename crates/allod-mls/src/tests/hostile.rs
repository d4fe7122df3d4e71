//! Members who use the library directly and break our rules, and bytes from nowhere: refused, and nothing changes.

use openmls::component::ComponentData;
use openmls::prelude::{
    AppDataUpdateProposal, Capabilities, CommitMessageBundle, Extensions, ExternalCommitBuilder, GroupContext,
    LeafNodeParameters, Lifetime, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, Proposal,
};
use openmls_traits::OpenMlsProvider;

use super::world::*;
use crate::codec::{from_tls, to_tls};
use crate::leaf::{self, CONTEXT_COMPONENT, TOKEN_COMPONENT};
use crate::*;

/// Commits `proposals` without asking anybody.
fn commit_by(person: &mut Person, proposals: Vec<Proposal>) -> Vec<u8> {
    odd_commit(person, Odd { proposals, ..Odd::default() })
}

/// What our own commits never hold.
#[derive(Default)]
struct Odd {
    proposals: Vec<Proposal>,
    add: Option<openmls::prelude::KeyPackage>,
    leaf: Option<LeafNodeParameters>,
    extensions: Option<Extensions<GroupContext>>,
}

fn odd_commit(person: &mut Person, odd: Odd) -> Vec<u8> {
    let Odd { proposals, add, leaf, extensions } = odd;
    let (store, device) = (&person.store, &person.device);
    let mls = &mut person.group.as_mut().unwrap().mls;
    let updates_state = proposals.iter().any(|proposal| matches!(proposal, Proposal::AppDataUpdate(_)));
    let mut builder = mls.commit_builder().add_proposals(proposals).propose_adds(add);
    if let Some(extensions) = extensions {
        builder = builder.propose_group_context_extensions(extensions).unwrap();
    }
    if let Some(leaf) = leaf {
        builder = builder.leaf_node_parameters(leaf);
    }
    let mut builder = builder.load_psks(store.storage()).unwrap().create_group_info(false);
    if updates_state {
        let mut updater = builder.app_data_dictionary_updater();
        updater.set(ComponentData::from_parts(CONTEXT_COMPONENT, b"x".to_vec().into()));
        let changes = updater.changes();
        builder.with_app_data_dictionary_updates(changes);
    }
    let bundle: CommitMessageBundle =
        builder.build(store.rand(), store.crypto(), device, |_| true).unwrap().stage_commit(store).unwrap();
    let commit = to_tls(bundle.commit()).unwrap();
    mls.clear_pending_commit(store.storage()).unwrap();
    commit
}

/// `bytes` from a member are refused as `expected` says; the victim is unchanged and goes on.
fn refused(attacker: &mut Person, victim: &mut Person, bytes: &[u8], expected: impl Fn(&ProcessError) -> bool) {
    let _persisted = victim.store.take_write_set();
    let before = victim.agreed();
    let error = victim.process(bytes).unwrap_err();
    assert!(expected(&error), "{error:?}");
    assert_eq!(error.fault(), Fault::Peer);
    assert!(!victim.store.has_changes());
    assert_eq!(victim.agreed(), before);
    let said = attacker.say("go on");
    assert_eq!(victim.read(&said), "go on");
}

fn update(component: u16, data: &[u8]) -> Proposal {
    Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::update(component, data.to_vec())))
}

#[test]
fn a_commit_with_a_proposal_that_is_not_ours_is_refused() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    let forbidden = |error: &ProcessError| matches!(error, ProcessError::ForbiddenProposal);

    let other_component = commit_by(&mut bob, vec![update(0xa1ff, b"x")]);
    refused(&mut bob, &mut alice, &other_component, forbidden);
    let both = commit_by(&mut bob, vec![update(CONTEXT_COMPONENT, b"x"), update(TOKEN_COMPONENT, b"x")]);
    refused(&mut bob, &mut alice, &both, forbidden);
    let twice = commit_by(&mut bob, vec![update(CONTEXT_COMPONENT, b"x"), update(CONTEXT_COMPONENT, b"y")]);
    refused(&mut bob, &mut alice, &twice, forbidden);
    let removal = Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::remove(CONTEXT_COMPONENT)));
    let removed = commit_by(&mut bob, vec![removal]);
    refused(&mut bob, &mut alice, &removed, forbidden);

    let extensions = Some(bob.group().mls.extensions().clone());
    let rewritten = odd_commit(&mut bob, Odd { extensions, ..Odd::default() });
    refused(&mut bob, &mut alice, &rewritten, forbidden);
}

#[test]
fn a_proposal_that_is_no_wish_to_leave_is_refused() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    let mut carol = person(3);
    let package = carol.package(Suite::Classical, 3).inner;
    let (store, device) = (&bob.store, &bob.device);
    let mls = &mut bob.group.as_mut().unwrap().mls;
    let (add, _) = mls.propose_add_member(store, device, &package).unwrap();
    let (own, _) = mls.propose_self_update(store, device, LeafNodeParameters::default()).unwrap();
    mls.clear_pending_proposals(store.storage()).unwrap();
    for proposal in [add, own] {
        let bytes = to_tls(&proposal).unwrap();
        let forbidden = |error: &ProcessError| matches!(error, ProcessError::ForbiddenProposal);
        refused(&mut bob, &mut alice, &bytes, forbidden);
    }
}

/// A key package as somebody might make it who does not follow our rules.
fn odd_package(person: &mut Person, lifetime: Lifetime, capabilities: Capabilities, token: Option<&[u8]>) -> Vec<u8> {
    let mut dictionary = openmls::prelude::AppDataDictionary::new();
    if let Some(token) = token {
        dictionary.insert(TOKEN_COMPONENT, token.to_vec());
    }
    let dictionary = openmls::prelude::AppDataDictionaryExtension::new(dictionary);
    let extension = openmls::prelude::Extension::AppDataDictionary(dictionary);
    let bundle = openmls::prelude::KeyPackage::builder()
        .leaf_node_capabilities(capabilities)
        .leaf_node_extensions(Extensions::single(extension).unwrap())
        .key_package_lifetime(lifetime)
        .build(Suite::Classical.to_mls(), &person.store, &person.device, person.device.credential_with_key())
        .unwrap();
    to_tls(&MlsMessageOut::from(bundle.key_package().clone())).unwrap()
}

fn odd_packages(person: &mut Person) -> Vec<Vec<u8>> {
    let no_last_resort = Capabilities::new(
        None,
        Some(&[Suite::Classical.to_mls()]),
        Some(&[openmls::prelude::ExtensionType::AppDataDictionary]),
        Some(&[openmls::prelude::ProposalType::AppDataUpdate]),
        Some(&[openmls::prelude::CredentialType::Basic]),
    );
    vec![
        odd_package(person, Lifetime::default(), leaf::capabilities(), Some(&[7; 32])),
        odd_package(person, leaf::lifetime(), leaf::capabilities(), Some(&[7; 31])),
        odd_package(person, leaf::lifetime(), leaf::capabilities(), None),
        odd_package(person, leaf::lifetime(), no_last_resort, Some(&[7; 32])),
    ]
}

#[test]
fn a_key_package_that_breaks_our_rules_is_refused() {
    let mut carol = person(3);
    for bytes in odd_packages(&mut carol) {
        let read = KeyPackageIn::decode(&bytes).unwrap().validate(Suite::Classical);
        assert!(matches!(read, Err(KeyPackageError::NotOurs)), "{read:?}");
    }
}

#[test]
fn a_commit_that_brings_in_a_leaf_that_breaks_our_rules_is_refused() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    let mut carol = person(3);
    for bytes in odd_packages(&mut carol) {
        let package = KeyPackageIn::decode(&bytes).unwrap();
        let package = package.into_mls_unchecked(&bob.store);
        let commit = odd_commit(&mut bob, Odd { add: Some(package), ..Odd::default() });
        refused(&mut bob, &mut alice, &commit, |error| matches!(error, ProcessError::NotOurs));
    }
}

#[test]
fn a_committer_who_drops_its_token_is_refused() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    let leaf = Some(LeafNodeParameters::builder().with_extensions(Extensions::empty()).build());
    let commit = odd_commit(&mut bob, Odd { leaf, ..Odd::default() });
    refused(&mut bob, &mut alice, &commit, |error| matches!(error, ProcessError::NotOurs));
}

#[test]
fn nobody_joins_by_itself() {
    let [mut alice, _bob] = conversation(Suite::Classical);
    let mallory = person(6);
    let (store, device) = (&alice.store, &alice.device);
    let info = alice.group.as_ref().unwrap().mls.export_group_info(store.crypto(), device, true).unwrap();
    let info = from_tls::<MlsMessageIn>(&to_tls(&info).unwrap()).unwrap();
    let MlsMessageBodyIn::GroupInfo(info) = info.extract() else { panic!() };
    let leaf = LeafNodeParameters::builder()
        .with_capabilities(leaf::capabilities())
        .with_extensions(leaf::leaf_extensions(token(6)))
        .build();
    let (_, bundle) = ExternalCommitBuilder::new()
        .with_config(crate::group::join_config())
        .build_group(&mallory.store, info, mallory.device.credential_with_key())
        .unwrap()
        .leaf_node_parameters(leaf)
        .load_psks(mallory.store.storage())
        .unwrap()
        .build(mallory.store.rand(), mallory.store.crypto(), &mallory.device, |_| true)
        .unwrap()
        .finalize(&mallory.store)
        .unwrap();
    let commit = to_tls(bundle.commit()).unwrap();
    assert!(matches!(alice.process(&commit), Err(ProcessError::NotPrivate)));
}

#[test]
fn a_group_that_is_no_conversation_of_ours_is_not_joined() {
    let mut alice = person(1);
    let mut bob = person(2);
    let config = openmls::prelude::MlsGroupCreateConfig::builder()
        .ciphersuite(Suite::Classical.to_mls())
        .use_ratchet_tree_extension(true)
        .capabilities(leaf::capabilities())
        .build();
    let id = crate::group::mls_id(&LOG);
    let with_key = alice.device.credential_with_key();
    let mut mls =
        openmls::prelude::MlsGroup::new_with_group_id(&alice.store, &alice.device, &config, id, with_key).unwrap();
    let package = bob.package(Suite::Classical, 2).inner;
    let (_, welcome, _) = mls.add_members(&alice.store, &alice.device, &[package]).unwrap();
    let welcome = from_tls::<MlsMessageIn>(&to_tls(&welcome).unwrap()).unwrap();
    let MlsMessageBodyIn::Welcome(welcome) = welcome.extract() else { panic!() };
    let parts = WelcomeParts::split(&welcome).unwrap();
    let _persisted = (alice.store.take_write_set(), bob.store.take_write_set());
    let joined = Group::join(&mut bob.store, LOG, &parts.shared, &parts.own[0].1, IfMember::Refuse);
    assert!(matches!(joined, Err(JoinError::NotOurs)), "{joined:?}");
    assert!(!bob.store.has_changes());
}

#[test]
fn bytes_from_nowhere_are_an_error_and_never_a_panic() {
    let [mut alice, mut bob] = conversation(Suite::HybridPq);
    let mut carol = person(3);
    let package = carol.device.key_package(&mut carol.store, Suite::HybridPq, token(3), false).unwrap();
    let add = vec![KeyPackageIn::decode(&package.bytes).unwrap().validate(Suite::HybridPq).unwrap()];
    let own = alice.stage(Change { add, ..Change::default() });
    let welcome = own.welcome.unwrap();
    let (shared, part) = (&welcome.shared, &welcome.own[0].1);
    let samples = [&bob.say("hello"), &own.commit, &package.bytes, shared, part];
    let mut seed = 7_u32;
    let mut random = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize
    };
    for sample in samples {
        for _ in 0..400 {
            let mut bytes = sample.clone();
            bytes.truncate(random() % (bytes.len() + 1));
            for _ in 0..random() % 3 {
                let len = bytes.len().max(1);
                if let Some(byte) = bytes.get_mut(random() % len) {
                    *byte = random() as u8;
                }
            }
            if bytes == *sample {
                continue;
            }
            assert!(alice.process(&bytes).is_err());
            assert!(KeyPackageIn::decode(&bytes).is_err() || bytes.len() > 1000);
            assert!(Group::join(&mut carol.store, LOG, &bytes, part, IfMember::Refuse).is_err());
            assert!(Group::join(&mut carol.store, LOG, shared, &bytes, IfMember::Refuse).is_err());
        }
    }
    carol.join(&welcome, 0);
    bob.follow(&own.commit);
}
