//! Sets who may make first contact. Spec: `spec/account.md`, rule A-6.

use allod_wire::account::ContactPolicy;
use allod_wire::log::Digest;

/// What an account has if it never said otherwise: contact from the organisation, no link.
pub const DEFAULT_CONTACT_POLICY: ContactPolicy = ContactPolicy { organisation: true, link: None };

/// Whether `policy` lets somebody of the organisation in.
pub fn takes_organisation(policy: &ContactPolicy) -> bool {
    policy.organisation
}

/// Whether `policy` lets the holder of a contact secret in, of which `digest` is what the server keeps.
pub fn takes_link(policy: &ContactPolicy, digest: &Digest) -> bool {
    policy.link.as_ref() == Some(digest)
}
