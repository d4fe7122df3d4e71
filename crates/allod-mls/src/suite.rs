//! The two cipher suites of Allod. Spec: `spec/conversation.md`, rule C-1.

use openmls::prelude::Ciphersuite;

/// Which cryptography a conversation uses, for its whole life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Suite {
    /// `MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519` (0x004E): who records today and has a quantum computer later
    /// reads nothing.
    #[default]
    HybridPq,
    /// `MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519` (0x0001): on request, for comparison and for small devices.
    Classical,
}

impl Suite {
    /// Both, the preferred one first.
    pub const ALL: [Self; 2] = [Self::HybridPq, Self::Classical];

    /// The number in the MLS cipher suite registry.
    pub fn code(self) -> u16 {
        self.to_mls() as u16
    }

    /// The suite with this number, if it is one of ours.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.code() == code)
    }

    pub(crate) fn to_mls(self) -> Ciphersuite {
        match self {
            Self::HybridPq => Ciphersuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519,
            Self::Classical => Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
        }
    }

    pub(crate) fn from_mls(suite: Ciphersuite) -> Option<Self> {
        Self::from_code(suite as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_is_known_by_its_registered_number() {
        assert_eq!((Suite::HybridPq.code(), Suite::Classical.code()), (0x004e, 0x0001));
        assert_eq!(Suite::ALL.map(|suite| Suite::from_code(suite.code())), Suite::ALL.map(Some));
        assert_eq!(Suite::from_code(0x0003), None);
    }
}
