//! The client as a program holds it: opens a profile, joins, acts, listens, reads history.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use allod_client_core::join::{look_up_invite, read_offer};
use allod_client_core::rows::{SEGMENTS, is_history};
use allod_client_core::{ClientCore, Effect, Event, RestoreError, Settings};
use allod_crypto::Random;
use allod_wire::UnixMillis;
use allod_wire::account::{DeviceClass, InviteOffer};
use allod_wire::address::UserName;
use allod_wire::error::ErrorCode;
use allod_wire::link::{Link, LinkKind};
use rand_core::OsRng;
use tokio::sync::{mpsc, oneshot, watch};

use crate::endpoint::Endpoint;
use crate::error::ClientError;
use crate::http::Http;
use crate::key::{self, AskPassphrase, KeyPlace};
use crate::lock::{Lock, Manners, is_wanted};
use crate::profile::Profile;
use crate::runner::{Input, Runner, SharedVault, Standing, now};
use crate::vault::{Vault, VaultError};

/// How to open a profile.
pub struct Options<'a> {
    /// How long to wait for another process to let go of the profile.
    pub patience: Duration,
    /// Whether that process is asked to give way.
    pub manners: Manners,
    /// Whom to ask for a passphrase.
    pub ask: &'a dyn AskPassphrase,
}

/// A client that runs. It ends when it is closed or dropped.
pub struct Client {
    inputs: mpsc::Sender<Input>,
    vault: SharedVault,
    http: Http,
    standing: watch::Receiver<Standing>,
    key_place: KeyPlace,
    _lock: Lock,
}

/// Events as they come.
pub type Events = mpsc::UnboundedReceiver<Event>;

/// Whether another process waits for a profile that this one keeps open.
pub fn profile_is_wanted(profile: &Profile) -> bool {
    is_wanted(&profile.lock())
}

/// What came of waiting for the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waited {
    /// It came about.
    Done,
    /// Not in time; with the reason if the server is known to be away.
    Late(Option<String>),
}

impl Client {
    /// Opens a profile that has joined, and starts connecting.
    ///
    /// # Errors
    /// If nobody has joined with it, it is in use, or its vault does not open.
    pub async fn open(profile: &Profile, options: &Options<'_>) -> Result<Self, ClientError> {
        let not_joined = || ClientError::NotJoined { name: profile.name().to_owned() };
        if !profile.exists() {
            return Err(not_joined());
        }
        let opened = Opened::existing(profile, options)?;
        let core = opened.restore()?.filter(ClientCore::is_joined).ok_or_else(not_joined)?;
        Ok(opened.start(profile, core)?.0)
    }

    /// Puts the vault of a profile under a passphrase, wherever its key was before. Needs no server.
    ///
    /// # Errors
    /// If nobody has joined with the profile, it is in use, or its vault does not open. Then nothing was changed.
    pub fn change_passphrase(
        profile: &Profile,
        passphrase: &str,
        options: &Options<'_>,
    ) -> Result<KeyPlace, ClientError> {
        if !profile.exists() {
            return Err(ClientError::NotJoined { name: profile.name().to_owned() });
        }
        let opened = Opened::existing(profile, options)?;
        let (key, place) = key::begin_change(profile.folder(), passphrase)?;
        // Should this fail, it shows at the next opening which of the two keys counts.
        opened.vault.rekey(&key)?;
        key::end_change(profile.folder())?;
        Ok(place)
    }

    /// Asks the server what an invitation offers.
    ///
    /// # Errors
    /// If the server refuses, or does not answer.
    pub async fn look_up(link: &Link, ca: Option<&std::path::Path>) -> Result<Option<InviteOffer>, ClientError> {
        let (LinkKind::Join(secret) | LinkKind::Device { secret, .. }) = &link.kind else { return Ok(None) };
        let http = Http::new(&Endpoint::new(&link.server, ca)?);
        let answer = http.send(look_up_invite(secret)).await?;
        read_offer(answer.status, &answer.body).map(Some).map_err(ClientError::Refused)
    }

    /// Joins by a link, with a profile that is new. A join that was interrupted is gone on with.
    ///
    /// # Errors
    /// If the server refuses: then no profile is left behind.
    pub async fn join(
        profile: &Profile,
        link: &Link,
        name: Option<UserName>,
        ca: Option<&std::path::Path>,
        options: &Options<'_>,
    ) -> Result<Self, ClientError> {
        let endpoint = Endpoint::new(&link.server, ca)?;
        if profile.exists()
            && let Some(client) = Self::join_again(profile, options).await?
        {
            return Ok(client);
        }
        profile.create_folder()?;
        if let Some(ca) = ca {
            let error = |source| ClientError::File { file: ca.display().to_string(), source };
            std::fs::copy(ca, profile.ca()).map_err(error)?;
        }
        let opened = Opened::new(profile, options)?;
        let joined = ClientCore::join(link, name, DeviceClass::Installed, Settings::default(), now(), &mut OsRng);
        let (core, effects) = match joined {
            Ok(joined) => joined,
            Err(error) => {
                profile.discard();
                return Err(error.into());
            }
        };
        let (client, events) = opened.run(endpoint, core, effects);
        client.wait_joined(events, profile).await
    }

    /// Goes on with a join that was interrupted. `None` if there is nothing to go on with.
    async fn join_again(profile: &Profile, options: &Options<'_>) -> Result<Option<Self>, ClientError> {
        let opened = Opened::existing(profile, options)?;
        let Some(core) = opened.restore()? else { return Ok(None) };
        if core.is_joined() {
            let address = core.me_view().map_or_else(String::new, |me| me.address.to_string());
            return Err(ClientError::JoinedAlready { name: profile.name().to_owned(), address });
        }
        let (client, events) = opened.start(profile, core)?;
        match client.wait_joined(events, profile).await {
            Ok(client) => Ok(Some(client)),
            Err(ClientError::Refused(error)) if !may_pass(error.code) => Ok(None), // That invitation was spent or refused: the link now given decides.
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn wait_joined(self, mut events: Events, profile: &Profile) -> Result<Self, ClientError> {
        let mut standing = self.standing.clone();
        loop {
            if self.look(|core| core.is_joined()).await? {
                return Ok(self);
            }
            tokio::select! {
                event = events.recv() => match event {
                    Some(Event::JoinFailed(error)) if may_pass(error.code) => return Err(ClientError::Refused(error)),
                    Some(Event::JoinFailed(error)) => {
                        drop(self);
                        profile.discard();
                        return Err(ClientError::Refused(error));
                    }
                    Some(_) => {}
                    None => return Err(ClientError::Stopped),
                },
                away = standing.wait_for(|standing| standing.away.is_some()) => {
                    let reason = away.map_err(|_| ClientError::Stopped)?.away.clone().unwrap_or_default();
                    return Err(crate::http::Unreachable { reason }.into());
                }
            }
        }
    }

    /// Does something with the core. Returns when what it wanted on disk is on disk, and the rest is on its way.
    ///
    /// # Errors
    /// [`ClientError::Stopped`] if the vault has failed.
    pub async fn act<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut ClientCore, UnixMillis, &mut dyn Random) -> (T, Vec<Effect>) + Send + 'static,
    ) -> Result<T, ClientError> {
        let (reply, answer) = oneshot::channel();
        let act = Input::Act(Box::new(move |core, now, rng| {
            let (value, effects) = verb(core, now, rng);
            // Whoever asked may have gone: it is done all the same.
            (effects, Box::new(move || drop(reply.send(value))))
        }));
        self.inputs.send(act).await.map_err(|_| self.stopped())?;
        answer.await.map_err(|_| self.stopped())
    }

    /// Asks the core something.
    ///
    /// # Errors
    /// [`ClientError::Stopped`] if the vault has failed.
    pub async fn look<T: Send + 'static>(
        &self,
        question: impl FnOnce(&ClientCore) -> T + Send + 'static,
    ) -> Result<T, ClientError> {
        self.act(|core, _, _| (question(core), Vec::new())).await
    }

    /// What happens from now on. Events wait in memory until they are taken.
    ///
    /// # Errors
    /// [`ClientError::Stopped`] if the vault has failed.
    pub async fn events(&self) -> Result<Events, ClientError> {
        let (listener, events) = mpsc::unbounded_channel();
        self.inputs.send(Input::Listen(listener)).await.map_err(|_| self.stopped())?;
        Ok(events)
    }

    /// How things stand, and when that changes.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Waits until things stand as wanted, at most as long as `patience`. With a server that is away it waits `patience` as well: it
    /// may come back.
    ///
    /// # Errors
    /// If the vault fails.
    pub async fn wait_until(
        &self,
        wanted: impl Fn(&Standing) -> bool,
        patience: Duration,
    ) -> Result<Waited, ClientError> {
        let mut standing = self.standing.clone();
        let wait = standing.wait_for(|standing| standing.failed.is_some() || wanted(standing));
        match tokio::time::timeout(patience, wait).await {
            Ok(Ok(now)) if now.failed.is_none() => Ok(Waited::Done),
            Ok(_) => Err(self.stopped()),
            Err(_) => Ok(Waited::Late(self.standing.borrow().away.clone())),
        }
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Vault) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, ClientError> {
        let vault = self.vault.clone();
        let read = move || read(&vault.lock().expect("nobody panics while it holds the vault"));
        Ok(tokio::task::spawn_blocking(read).await.map_err(|_| ClientError::Stopped)??)
    }

    /// Writes rows of the shell's own, whose keys start with [`SHELL_ROWS`].
    pub(crate) async fn keep(&self, key: Vec<u8>, value: Option<Vec<u8>>) -> Result<(), ClientError> {
        let vault = self.vault.clone();
        let write = move || {
            let mut vault = vault.lock().expect("nobody panics while it holds the vault");
            vault.apply([(key.as_slice(), value.as_deref())])
        };
        Ok(tokio::task::spawn_blocking(write).await.map_err(|_| ClientError::Stopped)??)
    }

    pub(crate) async fn kept(&self, key: Vec<u8>) -> Result<Option<Vec<u8>>, ClientError> {
        self.read(move |vault| vault.get(&key)).await
    }

    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    /// Where the key of the vault is kept.
    pub fn key_place(&self) -> &KeyPlace {
        &self.key_place
    }

    /// Says the last cursors, takes leave of the server, and closes the vault.
    pub async fn close(self) {
        let (reply, answer) = oneshot::channel();
        let close = Input::Close(Box::new(move || {
            let _ = reply.send(()); // Whoever waited may have gone.
        }));
        if self.inputs.send(close).await.is_ok() {
            // If the runner has failed, it has closed already.
            let _ = answer.await;
        }
    }

    fn stopped(&self) -> ClientError {
        match &self.standing.borrow().failed {
            Some(reason) => ClientError::Transfer(reason.clone()),
            None => ClientError::Stopped,
        }
    }
}

/// The join may succeed later, with the same link: what was begun stays.
fn may_pass(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::TooMany | ErrorCode::Unavailable | ErrorCode::Internal)
}

/// A profile whose vault is open, before a core runs on it.
pub(crate) struct Opened {
    lock: Lock,
    pub(crate) vault: Vault,
    key_place: KeyPlace,
}

impl Opened {
    fn existing(profile: &Profile, options: &Options<'_>) -> Result<Self, ClientError> {
        let lock = Lock::acquire(&profile.lock(), options.patience, options.manners)?;
        let (vault, key_place) = open_vault(profile, options.ask)?;
        Ok(Self { lock, vault, key_place })
    }

    pub(crate) fn new(profile: &Profile, options: &Options<'_>) -> Result<Self, ClientError> {
        if profile.exists() {
            return Self::existing(profile, options);
        }
        let lock = Lock::acquire(&profile.lock(), options.patience, options.manners)?;
        let (key, key_place) = key::create(profile.folder(), options.ask)?;
        Ok(Self { lock, vault: Vault::open(&profile.vault(), &key)?, key_place })
    }

    fn restore(&self) -> Result<Option<ClientCore>, ClientError> {
        let rows = self.vault.rows_without(&[b"h/", b"n/", b"q/", SHELL_ROWS, SEGMENTS, b"x/"])?;
        match ClientCore::restore(rows.into_iter().filter(|(key, _)| !is_history(key))) {
            Ok(core) => Ok(Some(core)),
            Err(RestoreError::Empty) => Ok(None),
            Err(error) => Err(ClientError::Restore(error)),
        }
    }

    fn start(self, profile: &Profile, mut core: ClientCore) -> Result<(Client, Events), ClientError> {
        let ca = profile.ca();
        let endpoint = Endpoint::new(core.server(), ca.exists().then_some(ca.as_path()))?;
        let effects = core.start(now(), &mut OsRng);
        Ok(self.run(endpoint, core, effects))
    }

    pub(crate) fn run(self, endpoint: Endpoint, core: ClientCore, effects: Vec<Effect>) -> (Client, Events) {
        let http = Http::new(&endpoint);
        let vault = Arc::new(Mutex::new(self.vault));
        let (inputs, queue) = mpsc::channel(INPUTS_MAX);
        let (report, standing) = watch::channel(Standing::default());
        let (listener, events) = mpsc::unbounded_channel();
        let (network, queue) = ((endpoint, http.clone()), (inputs.downgrade(), queue));
        let runner = Runner::new(core, vault.clone(), network, queue, (listener, report));
        tokio::spawn(runner.run(effects));
        (Client { inputs, vault, http, standing, key_place: self.key_place, _lock: self.lock }, events)
    }
}

/// Opens the vault with the key that counts, and ends a change of passphrase that was interrupted.
fn open_vault(profile: &Profile, ask: &dyn AskPassphrase) -> Result<(Vault, KeyPlace), ClientError> {
    let folder = profile.folder();
    let (key, place) = key::load(folder, ask)?;
    match Vault::open(&profile.vault(), &key) {
        Err(VaultError::WrongKey) => {
            let (key, place) = key::load_next(folder, ask)?.ok_or(VaultError::WrongKey)?;
            let vault = Vault::open(&profile.vault(), &key)?;
            key::end_change(folder)?;
            Ok((vault, place))
        }
        opened => {
            let vault = opened?;
            key::abandon_change(folder);
            Ok((vault, place))
        }
    }
}

/// Rows with these keys are the shell's own: the core never sees them.
pub(crate) const SHELL_ROWS: &[u8] = b"s/";
const INPUTS_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::key::{AskNobody, KeyError, KnownPassphrase};

    fn known(text: &str) -> KnownPassphrase {
        KnownPassphrase(Zeroizing::new(text.to_owned()))
    }

    fn options(ask: &dyn AskPassphrase) -> Options<'_> {
        Options { patience: Duration::ZERO, manners: Manners::Ask, ask }
    }

    /// A profile with one row, under the passphrase `first`.
    fn profile(home: &std::path::Path) -> Profile {
        let profile = Profile::new("alice", Some(home.to_owned())).unwrap();
        profile.create_folder().unwrap();
        let mut opened = Opened::new(&profile, &options(&known("first"))).unwrap();
        opened.vault.apply([(b"k".as_slice(), Some(b"v".as_slice()))]).unwrap();
        profile
    }

    fn row(profile: &Profile, passphrase: &str) -> Result<Vec<u8>, ClientError> {
        let opened = Opened::existing(profile, &options(&known(passphrase)))?;
        Ok(opened.vault.get(b"k")?.unwrap())
    }

    #[test]
    fn after_a_change_the_new_passphrase_opens_the_vault_and_the_old_one_does_not() {
        let home = tempfile::tempdir().unwrap();
        let profile = profile(home.path());
        let wrong = Client::change_passphrase(&profile, "second", &options(&known("not the first")));
        assert!(matches!(wrong, Err(ClientError::Vault(VaultError::WrongKey))));
        Client::change_passphrase(&profile, "second", &options(&known("first"))).unwrap();
        assert!(matches!(row(&profile, "first"), Err(ClientError::Vault(VaultError::WrongKey))));
        assert_eq!(row(&profile, "second").unwrap(), b"v");
        assert!(matches!(
            Opened::existing(&profile, &options(&AskNobody)),
            Err(ClientError::Key(KeyError::NoPassphrase))
        ));
    }

    #[test]
    fn a_change_that_was_interrupted_locks_nobody_out() {
        let home = tempfile::tempdir().unwrap();
        let profile = profile(home.path());
        // Before the vault was put under the new key: the old one counts.
        key::begin_change(profile.folder(), "second").unwrap();
        assert_eq!(row(&profile, "first").unwrap(), b"v");
        assert!(key::load_next(profile.folder(), &known("second")).unwrap().is_none(), "the change is off");
        // After it: the new one does.
        let opened = Opened::existing(&profile, &options(&known("first"))).unwrap();
        let (key, _) = key::begin_change(profile.folder(), "third").unwrap();
        opened.vault.rekey(&key).unwrap();
        drop(opened);
        assert!(row(&profile, "first").is_err());
        assert_eq!(row(&profile, "third").unwrap(), b"v");
        assert!(key::load_next(profile.folder(), &known("third")).unwrap().is_none(), "the change is done");
        assert_eq!(row(&profile, "third").unwrap(), b"v");
    }
}
