//! The MLS library alone, with its own store in memory: what the client core is measured against.

use anyhow::{Context, Result};
use openmls::prelude::tls_codec::{Deserialize as _, Serialize as _};
use openmls::prelude::{
    BasicCredential, Ciphersuite, CredentialWithKey, KeyPackage, LeafNodeIndex, MlsGroup, MlsGroupCreateConfig,
    MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY,
    ProcessedMessageContent, StagedWelcome,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;

use crate::process::thread_cpu;

const SUITE: Ciphersuite = Ciphersuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519;

/// CPU seconds of one operation each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Costs {
    pub(crate) add: f64,
    pub(crate) commit: f64,
    pub(crate) encrypt: f64,
    pub(crate) decrypt: f64,
}

struct Member {
    provider: OpenMlsRustCrypto,
    signer: SignatureKeyPair,
    credential: CredentialWithKey,
}

impl Member {
    fn new(name: &str) -> Result<Self> {
        let signer = SignatureKeyPair::new(SUITE.signature_algorithm())?;
        let credential = CredentialWithKey {
            credential: BasicCredential::new(name.as_bytes().to_vec()).into(),
            signature_key: signer.public().into(),
        };
        Ok(Self { provider: OpenMlsRustCrypto::default(), signer, credential })
    }

    fn key_package(&self) -> Result<KeyPackage> {
        let made = KeyPackage::builder().build(SUITE, &self.provider, &self.signer, self.credential.clone())?;
        Ok(made.key_package().clone())
    }
}

/// A group of `members`, in which one is added and removed `changes` times, and `messages` are said and read.
pub(crate) fn costs(members: usize, changes: usize, messages: usize) -> Result<Costs> {
    let (alice, bob) = (Member::new("alice")?, Member::new("bob")?);
    let config = MlsGroupCreateConfig::builder()
        .ciphersuite(SUITE)
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(true)
        .build();
    let mut group = MlsGroup::new(&alice.provider, &alice.signer, &config, alice.credential.clone())?;
    let mut packages = vec![bob.key_package()?];
    for n in 2..members {
        packages.push(Member::new(&format!("member {n}"))?.key_package()?);
    }
    let (_, welcome, _) = group.add_members(&alice.provider, &alice.signer, &packages)?;
    group.merge_pending_commit(&alice.provider)?;
    let mut bobs = join(&bob, &welcome)?;

    let (mut encrypt, mut decrypt) = (0.0, 0.0);
    for _ in 0..messages {
        let started = thread_cpu();
        let message = group.create_message(&alice.provider, &alice.signer, &TEXT)?.tls_serialize_detached()?;
        encrypt += thread_cpu() - started;
        let started = thread_cpu();
        let read = bobs.process_message(&bob.provider, decode(&message)?)?.into_content();
        decrypt += thread_cpu() - started;
        anyhow::ensure!(matches!(read, ProcessedMessageContent::ApplicationMessage(_)));
    }

    let (newcomer, mut add, mut commit) = (Member::new("newcomer")?, 0.0, 0.0);
    for _ in 0..changes {
        let package = newcomer.key_package()?;
        let started = thread_cpu();
        let (message, welcome, _) = group.add_members(&alice.provider, &alice.signer, &[package])?;
        let sent = (message.tls_serialize_detached()?, welcome.tls_serialize_detached()?);
        group.merge_pending_commit(&alice.provider)?;
        add += thread_cpu() - started;
        drop(sent);

        let leaf = LeafNodeIndex::new(members as u32);
        let started = thread_cpu();
        let (message, _, _) = group.remove_members(&alice.provider, &alice.signer, &[leaf])?;
        let sent = message.tls_serialize_detached()?;
        group.merge_pending_commit(&alice.provider)?;
        commit += thread_cpu() - started;
        drop(sent);
    }
    let (messages, changes) = (messages as f64, changes as f64);
    Ok(Costs { add: add / changes, commit: commit / changes, encrypt: encrypt / messages, decrypt: decrypt / messages })
}

/// What is said: as long as the core's text.
pub(crate) const TEXT: [u8; 256] = [b'a'; 256];

fn decode(message: &[u8]) -> Result<openmls::prelude::ProtocolMessage> {
    Ok(MlsMessageIn::tls_deserialize_exact(message)?.try_into_protocol_message()?)
}

fn join(member: &Member, welcome: &MlsMessageOut) -> Result<MlsGroup> {
    let config = MlsGroupJoinConfig::builder().wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY).build();
    let bytes = welcome.tls_serialize_detached()?;
    let MlsMessageBodyIn::Welcome(welcome) = MlsMessageIn::tls_deserialize_exact(&bytes)?.extract() else {
        anyhow::bail!("not a welcome");
    };
    let staged = StagedWelcome::new_from_welcome(&member.provider, &config, welcome, None).context("the welcome")?;
    Ok(staged.into_group(&member.provider)?)
}
