//! What every leaf and every group context of Allod carries: the components of the application-data dictionary
//! (draft-ietf-mls-extensions) and the capabilities that go with them.

use allod_wire::secrets::TokenPublic;
use openmls::component::{ComponentId, ComponentType, ComponentsList};
use openmls::prelude::tls_codec::Serialize as _;
use openmls::prelude::{
    AppDataDictionary, AppDataDictionaryExtension, BasicCredential, Capabilities, Ciphersuite, Credential,
    CredentialType, Extension, ExtensionType, Extensions, GroupContext, LeafNode, Lifetime, ProposalType,
    RequiredCapabilitiesExtension,
};

use crate::suite::Suite;

/// The component of the group context that holds the conversation's state.
pub(crate) const CONTEXT_COMPONENT: ComponentId = 0xa110;
/// The component of a leaf that holds the member's [`TokenPublic`].
pub(crate) const TOKEN_COMPONENT: ComponentId = 0xa111;

/// The one lifetime of a leaf: always. When a key package is too old is for the inbox that hands it out; were it for
/// the tree, members with different clocks would disagree about the same commit.
pub(crate) fn lifetime() -> Lifetime {
    Lifetime::init(0, u64::MAX)
}

/// What our leaves say they can do: our suites, basic credentials, the dictionary and its updates.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities::new(
        None,
        Some(&Suite::ALL.map(Suite::to_mls) as &[Ciphersuite]),
        Some(&[ExtensionType::AppDataDictionary, ExtensionType::LastResort]),
        Some(&[ProposalType::AppDataUpdate]),
        Some(&[CredentialType::Basic]),
    )
}

/// The extensions of a leaf with this token.
pub(crate) fn leaf_extensions(token_public: TokenPublic) -> Extensions<LeafNode> {
    let known = ComponentsList::new(vec![CONTEXT_COMPONENT, TOKEN_COMPONENT])
        .tls_serialize_detached()
        .expect("two component ids fit into a list");
    let mut dictionary = AppDataDictionary::new();
    dictionary.insert(ComponentType::AppComponents.into(), known);
    dictionary.insert(TOKEN_COMPONENT, token_public.as_bytes().to_vec());
    Extensions::single(Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary)))
        .expect("a dictionary is allowed in a leaf")
}

/// The extensions of a group whose state is `context`.
pub(crate) fn group_extensions(context: Vec<u8>) -> Extensions<GroupContext> {
    let mut dictionary = AppDataDictionary::new();
    dictionary.insert(CONTEXT_COMPONENT, context);
    let required = RequiredCapabilitiesExtension::new(
        &[ExtensionType::AppDataDictionary],
        &[ProposalType::AppDataUpdate],
        &[CredentialType::Basic],
    );
    Extensions::from_vec(vec![
        Extension::RequiredCapabilities(required),
        Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary)),
    ])
    .expect("both are allowed in a group context")
}

/// The conversation's state in these extensions, if there is one.
pub(crate) fn context_of(extensions: &Extensions<GroupContext>) -> Option<&[u8]> {
    extensions.app_data_dictionary()?.dictionary().get(&CONTEXT_COMPONENT)
}

/// The member's token in this leaf, if there is one of the right length.
pub(crate) fn token_of(node: &LeafNode) -> Option<TokenPublic> {
    let bytes = node.extensions().app_data_dictionary()?.dictionary().get(&TOKEN_COMPONENT)?;
    bytes.try_into().ok().map(TokenPublic)
}

/// The identity in this leaf, if it is a basic credential.
pub(crate) fn credential_of(node: &LeafNode) -> Option<Vec<u8>> {
    identity_of(node.credential())
}

/// The identity in this credential, if it is a basic one.
pub(crate) fn identity_of(credential: &Credential) -> Option<Vec<u8>> {
    BasicCredential::try_from(credential.clone()).ok().map(|basic| basic.identity().to_vec())
}

/// The leaf's capabilities cover what every leaf of a conversation must be able to do.
pub(crate) fn is_capable(node: &LeafNode) -> bool {
    let theirs = node.capabilities();
    let ours = capabilities();
    ours.extensions().iter().all(|extension| theirs.extensions().contains(extension))
        && ours.proposals().iter().all(|proposal| theirs.proposals().contains(proposal))
        && ours.credentials().iter().all(|credential| theirs.credentials().contains(credential))
}

/// The group requires of its members exactly what ours require, so that no later member can lack it.
pub(crate) fn requires_ours(extensions: &Extensions<GroupContext>) -> bool {
    extensions.required_capabilities() == group_extensions(Vec::new()).required_capabilities()
        && extensions.iter().count() == 2
}
