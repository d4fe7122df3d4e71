//! Acts that change what the organisation trusts: drawn up, signed by administrators, appended to the ledger. Spec: `spec/ledger.md`, rules G-5, G-6 and G-9.

use allod_ledger::policy::{PolicyError, WitnessPolicy};
use allod_ledger::trust::{self, ActError, Trust};
use allod_wire::ledger::{Act, Change};
use allod_wire::{Address, UnixMillis};
use data_encoding::BASE64;
use serde::Serialize;

use crate::core::ClientCore;
use crate::effect::Effect;
use crate::error::CoreError;
use crate::pending::AccountCall;
use crate::view::as_text_option;

/// Who administers, and what witnesses the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdministrationView {
    /// The administrators.
    pub administrators: Vec<AdministratorView>,
    /// How many of them sign an act.
    pub signatures_needed: usize,
    /// The witness policy (tlog-policy).
    pub witnesses: String,
}

/// An administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdministratorView {
    /// Who it is, if this device knows the person.
    #[serde(serialize_with = "as_text_option")]
    pub address: Option<Address>,
    /// The user of this device.
    pub own: bool,
}

/// What an act would change, in what this device knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActView {
    /// The act's number.
    pub number: u64,
    /// Who becomes an administrator.
    pub added: Vec<AdministratorView>,
    /// Who is none any more.
    pub removed: Vec<AdministratorView>,
    /// The new witness policy.
    pub witnesses: Option<String>,
    /// The new key of releases (G-20), base64.
    pub release_key: Option<String>,
    /// Who signed.
    pub signed: Vec<AdministratorView>,
    /// How many signatures are missing.
    pub missing: usize,
}

/// Why an act is not drawn up, signed or appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdministrationError {
    /// The device has not joined yet.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// There is no ledger, or nothing is known of it yet.
    #[error("this device knows nothing of the organisation's public record yet: try again in a moment")]
    NoLedger,
    /// G-6: the user of this device is no administrator by the ledger.
    #[error("by the public record you do not administer this organisation")]
    NotAnAdministrator,
    /// The person's identity key is not known here.
    #[error("this device does not know {0}: start a conversation with them first, and compare the safety number")]
    Unknown(Address),
    /// It is so already, or the act would leave nobody.
    #[error("there is nothing to change, or nobody would be left")]
    NothingToDo,
    /// The policy does not read.
    #[error("the witness policy does not read")]
    Witnesses(#[source] PolicyError),
    /// G-20: not an Ed25519 key.
    #[error("a release key is 32 bytes in base64")]
    ReleaseKey,
    /// G-6: the act is not one that could be appended now.
    #[error("this act cannot be appended any more: draw it up again")]
    Act(#[source] ActError),
}

impl ClientCore {
    /// Who administers the organisation, by its ledger.
    pub fn administration(&self) -> Option<AdministrationView> {
        let trust = self.trust()?;
        Some(AdministrationView {
            administrators: trust.administrators().map(|key| self.administrator(key)).collect(),
            signatures_needed: trust.signatures_needed(),
            witnesses: trust.witnesses().as_str().to_owned(),
        })
    }

    /// Asks for news of the ledger now; [`Self::news_taken`] says when there was some.
    ///
    /// # Errors
    /// [`CoreError::NotJoined`].
    pub fn refresh_ledger(&mut self, now: UnixMillis) -> Result<Vec<Effect>, CoreError> {
        self.joined()?;
        self.ledger.want_news();
        self.ask_news(now);
        Ok(self.done())
    }

    /// Draws up the act that makes these people administrators and those none any more, signed by this user.
    ///
    /// # Errors
    /// [`AdministrationError`].
    pub fn draw_up_administrators(
        &self,
        added: &[Address],
        removed: &[Address],
        now: UnixMillis,
    ) -> Result<Act, AdministrationError> {
        let trust = self.trust().ok_or(AdministrationError::NoLedger)?;
        let key = |address: &Address| {
            let own = (self.me().as_ref() == Some(address)).then(|| self.keys.identity.public());
            own.or_else(|| self.contacts.shown_key(address))
                .ok_or_else(|| AdministrationError::Unknown(address.clone()))
        };
        let mut keys: Vec<[u8; 32]> = trust.administrators().copied().collect();
        for address in removed {
            let key = key(address)?;
            keys.retain(|known| *known != key);
        }
        for address in added {
            let key = key(address)?;
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys.sort_unstable();
        if keys.is_empty() || keys.iter().eq(trust.administrators()) {
            return Err(AdministrationError::NothingToDo);
        }
        self.draw_up(Change::Administrators(keys.into_iter().map(Into::into).collect()), now)
    }

    /// Draws up the act that changes the witness policy, signed by this user.
    ///
    /// # Errors
    /// [`AdministrationError`].
    pub fn draw_up_witnesses(&self, policy: &str, now: UnixMillis) -> Result<Act, AdministrationError> {
        policy.parse::<WitnessPolicy>().map_err(AdministrationError::Witnesses)?;
        let trust = self.trust().ok_or(AdministrationError::NoLedger)?;
        if trust.witnesses().as_str() == policy {
            return Err(AdministrationError::NothingToDo);
        }
        self.draw_up(Change::Witnesses(policy.to_owned()), now)
    }

    /// Draws up the act that names the key whose releases count (rule G-20), given in base64, signed by this user.
    ///
    /// # Errors
    /// [`AdministrationError`].
    pub fn draw_up_release_key(&self, key: &str, now: UnixMillis) -> Result<Act, AdministrationError> {
        let key: Option<[u8; 32]> = BASE64.decode(key.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        self.draw_up(Change::ReleaseKey(key.ok_or(AdministrationError::ReleaseKey)?.into()), now)
    }

    fn draw_up(&self, change: Change, now: UnixMillis) -> Result<Act, AdministrationError> {
        let trust = self.trust().ok_or(AdministrationError::NoLedger)?;
        let mut act = Act { body: trust.draw_up(change, now.day()), signatures: Vec::new() };
        self.sign_act(&mut act)?;
        Ok(act)
    }

    /// Adds this user's signature; signing twice is signing once.
    ///
    /// # Errors
    /// [`AdministrationError`]: also if what others signed would not count.
    pub fn sign_act(&self, act: &mut Act) -> Result<(), AdministrationError> {
        let (trust, origin) = (self.trust().ok_or(AdministrationError::NoLedger)?, self.origin()?);
        let own = self.keys.identity.public();
        if !trust.administrators().any(|key| *key == own) {
            return Err(AdministrationError::NotAnAdministrator);
        }
        if act.signatures.iter().all(|signature| *signature.key != own) {
            act.signatures.push(trust::sign(&self.keys.identity, &origin, &act.body));
        }
        match trust.check_act(&origin, act) {
            Ok(()) | Err(ActError::TooFew { .. }) => Ok(()),
            Err(error) => Err(AdministrationError::Act(error)),
        }
    }

    /// What the act changes, and what it lacks.
    ///
    /// # Errors
    /// [`AdministrationError`].
    pub fn act_view(&self, act: &Act) -> Result<ActView, AdministrationError> {
        let (trust, origin) = (self.trust().ok_or(AdministrationError::NoLedger)?, self.origin()?);
        let missing = match trust.check_act(&origin, act) {
            Ok(()) => 0,
            Err(ActError::TooFew { signed, needed }) => needed - signed,
            Err(error) => return Err(AdministrationError::Act(error)),
        };
        let (mut added, mut removed, mut witnesses, mut release_key) = (Vec::new(), Vec::new(), None, None);
        match &act.body.change {
            Change::Administrators(keys) => {
                let is_new = |key: &&[u8; 32]| !trust.administrators().any(|known| known == *key);
                added.extend(keys.iter().map(|key| &**key).filter(is_new).map(|key| self.administrator(key)));
                let is_gone = |key: &&[u8; 32]| !keys.iter().any(|kept| **kept == **key);
                removed.extend(trust.administrators().filter(is_gone).map(|key| self.administrator(key)));
            }
            Change::Witnesses(policy) => witnesses = Some(policy.clone()),
            Change::ReleaseKey(key) => release_key = Some(BASE64.encode(&key[..])),
        }
        let signed = act.signatures.iter().map(|signature| self.administrator(&signature.key)).collect();
        Ok(ActView { number: act.body.number, added, removed, witnesses, release_key, signed, missing })
    }

    /// Appends the act; [`crate::Event::ActAppended`] follows, or a refusal.
    ///
    /// # Errors
    /// [`CoreError::NotAllowed`] if it lacks signatures ([`Self::act_view`] says which).
    pub fn append_act(&mut self, act: Act) -> Result<Vec<Effect>, CoreError> {
        let origin = self.origin()?;
        if self.trust().is_none_or(|trust| trust.check_act(&origin, &act).is_err()) {
            return Err(CoreError::NotAllowed);
        }
        self.account_call(AccountCall::Act(act));
        Ok(self.done())
    }

    fn trust(&self) -> Option<&Trust> {
        self.ledger.light.as_ref()?.trust()
    }

    fn origin(&self) -> Result<String, CoreError> {
        Ok(allod_ledger::origin(&self.joined()?.organisation.domain))
    }

    fn administrator(&self, key: &[u8; 32]) -> AdministratorView {
        let own = *key == self.keys.identity.public();
        let address = if own { self.me() } else { self.contacts.of_key(key).cloned() };
        AdministratorView { address, own }
    }
}
