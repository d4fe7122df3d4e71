//! Releases of the programs in the ledger: who may say that a version is handed out, and whether a file is one of it. Spec: `spec/ledger.md`, rules G-20 and G-21.

use allod_crypto::digest::sha256;
use allod_crypto::identity::SigningSecret;
use allod_crypto::ledger::{sign_release, verify_release};
use allod_wire::ledger::{Artifact, Release, ReleaseBody};
use allod_wire::limits::{RELEASE_ARTIFACTS_MAX, RELEASE_NAME_BYTES_MAX};

/// Why a release does not count (rule G-21).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// G-20: no act has named a release key.
    #[error("no act names a key for releases")]
    NoKey,
    /// G-21: the release key did not sign it.
    #[error("the release key did not sign it")]
    Signature,
    /// G-21: it has none or too many files, or their names are not in order.
    #[error("a release has 1 to 64 files in the order of their names, each once")]
    Artifacts,
    /// G-21: a name is empty, too long, or has something else than visible ASCII.
    #[error("a name in a release has 1 to 100 visible ASCII characters")]
    Name,
}

/// A release for the log `origin`, signed.
pub fn sign(key: &SigningSecret, origin: &str, body: ReleaseBody) -> Release {
    let signature = sign_release(key, origin, &body).into();
    Release { body, signature }
}

/// Whether the release counts where this is the release key (rule G-21).
///
/// # Errors
/// [`ReleaseError`].
pub fn check(release: &Release, key: Option<&[u8; 32]>, origin: &str) -> Result<(), ReleaseError> {
    let key = key.ok_or(ReleaseError::NoKey)?;
    if !verify_release(key, origin, &release.body, &release.signature) {
        return Err(ReleaseError::Signature);
    }
    let artifacts = &release.body.artifacts;
    let is_ordered = artifacts.is_sorted_by(|before, after| before.name < after.name);
    if artifacts.is_empty() || artifacts.len() > RELEASE_ARTIFACTS_MAX || !is_ordered {
        return Err(ReleaseError::Artifacts);
    }
    let ReleaseBody { product, version, commit, .. } = &release.body;
    let names = [product, version, commit].into_iter().chain(artifacts.iter().map(|artifact| &artifact.name));
    if names.into_iter().all(|name| is_plain(name)) { Ok(()) } else { Err(ReleaseError::Name) }
}

/// A name that is safe to show.
fn is_plain(name: &str) -> bool {
    (1..=RELEASE_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The file of the release that these bytes are, whatever they are called by whoever has them.
pub fn artifact<'a>(body: &'a ReleaseBody, bytes: &[u8]) -> Option<&'a Artifact> {
    let (digest, length) = (sha256(bytes), bytes.len() as u64);
    body.artifacts.iter().find(|artifact| artifact.digest == digest && artifact.bytes == length)
}

#[cfg(test)]
mod tests {
    use allod_wire::Day;

    use super::*;
    use crate::testing::ORIGIN;

    fn key(n: u8) -> SigningSecret {
        SigningSecret::from_seed(&[n; 32])
    }

    fn file(name: &str, bytes: &[u8]) -> Artifact {
        Artifact { name: name.to_owned(), digest: sha256(bytes), bytes: bytes.len() as u64 }
    }

    fn body(artifacts: Vec<Artifact>) -> ReleaseBody {
        let (product, version, commit) = ("allod".to_owned(), "1.2.3".to_owned(), "c0ffee".to_owned());
        ReleaseBody { product, version, artifacts, commit, sbom: sha256(b"list"), day: Day(20_002) }
    }

    fn signed(artifacts: Vec<Artifact>) -> Release {
        sign(&key(7), ORIGIN, body(artifacts))
    }

    #[test]
    fn a_release_counts_by_the_release_key_alone_g_21() {
        let release = signed(vec![file("allod", b"program"), file("web.tar", b"app")]);
        assert_eq!(check(&release, Some(&key(7).public()), ORIGIN), Ok(()));
        assert_eq!(check(&release, None, ORIGIN), Err(ReleaseError::NoKey));
        assert_eq!(check(&release, Some(&key(8).public()), ORIGIN), Err(ReleaseError::Signature));
        assert_eq!(check(&release, Some(&key(7).public()), "other.example/ledger"), Err(ReleaseError::Signature));
        let mut swapped = release;
        swapped.body.artifacts[0].digest = sha256(b"another program");
        assert_eq!(check(&swapped, Some(&key(7).public()), ORIGIN), Err(ReleaseError::Signature));
    }

    #[test]
    fn the_files_of_a_release_are_few_and_in_order_g_21() {
        let refused = |artifacts| {
            let checked = check(&signed(artifacts), Some(&key(7).public()), ORIGIN);
            assert_eq!(checked, Err(ReleaseError::Artifacts));
        };
        refused(vec![]);
        refused(vec![file("b", b"1"), file("a", b"2")]);
        refused(vec![file("a", b"1"), file("a", b"2")]);
        refused((100..165).map(|n| file(&n.to_string(), b"")).collect());
    }

    #[test]
    fn names_in_a_release_are_safe_to_show_g_21() {
        for name in ["", "a b", "\u{1b}[2J", "é", &"x".repeat(101)] {
            let named = |change: fn(&mut ReleaseBody, String)| {
                let mut body = body(vec![file("allod", b"program")]);
                change(&mut body, name.to_owned());
                check(&sign(&key(7), ORIGIN, body), Some(&key(7).public()), ORIGIN)
            };
            assert_eq!(named(|body, name| body.product = name), Err(ReleaseError::Name));
            assert_eq!(named(|body, name| body.version = name), Err(ReleaseError::Name));
            assert_eq!(named(|body, name| body.commit = name), Err(ReleaseError::Name));
            assert_eq!(named(|body, name| body.artifacts[0].name = name), Err(ReleaseError::Name));
        }
    }

    #[test]
    fn a_file_is_known_by_its_bytes_g_21() {
        let body = body(vec![file("allod", b"program"), file("web.tar", b"app")]);
        assert_eq!(artifact(&body, b"app").unwrap().name, "web.tar");
        assert_eq!(artifact(&body, b"apq"), None);
        let mut shorter = body;
        shorter.artifacts[1].bytes = 2;
        assert_eq!(artifact(&shorter, b"app"), None);
    }
}
