//! What an auditor keeps between two looks: the key, every entry, the last head, evidence. Plain files, written whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use allod_ledger::checkpoint::CheckpointIn;
use allod_ledger::follow::Follower;
use allod_ledger::key::NoteKey;
use allod_ledger::resource::{decode_bundle, encode_bundle};
use allod_wire::UnixMillis;
use allod_wire::directory::EpochRoot;
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;

const STATE_FILE: &str = "state.json";
const ENTRIES_FILE: &str = "entries";
/// The folder of evidence.
pub(crate) const EVIDENCE_FOLDER: &str = "evidence";

/// The folder.
pub(crate) struct Folder(PathBuf);

/// What stands in [`STATE_FILE`].
#[derive(Debug, Serialize, Deserialize)]
struct State {
    log: String,
    head: Option<String>,
    /// When the head was accepted, in milliseconds since 1970.
    checked_at: u64,
    entries: u32,
    /// The last epoch of the directory that was audited.
    epoch: u64,
    root: String,
}

/// Everything that was kept.
pub(crate) struct Kept {
    pub(crate) follower: Follower,
    pub(crate) entries: Vec<Vec<u8>>,
    /// Up to this root of the directory every epoch only added.
    pub(crate) audited: EpochRoot,
}

impl Folder {
    /// The folder, made if it is not there.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(path).with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(Self(path.to_owned()))
    }

    /// What was kept; `None` at the first look.
    pub(crate) fn load(&self) -> anyhow::Result<Option<Kept>> {
        let Some(text) = self.read(STATE_FILE)? else { return Ok(None) };
        let state: State = serde_json::from_slice(&text).context("state.json does not read")?;
        let log: NoteKey = state.log.parse().context("the key in state.json does not read")?;
        let entries = self.read(ENTRIES_FILE)?.unwrap_or_default();
        // A crash after new entries and before the state that counts them leaves more than are counted.
        let entries = decode_front(&entries, state.entries).context("the kept entries are cut")?;
        let mut follower = Follower::new(log);
        if let Some(head) = state.head {
            let head = CheckpointIn::decode(head.as_bytes())?;
            follower.take(head, &entries, UnixMillis(state.checked_at)).context("what was kept is damaged")?;
        }
        let root: [u8; 32] = data_encoding::HEXLOWER.decode(state.root.as_bytes())?[..].try_into()?;
        Ok(Some(Kept { follower, entries, audited: EpochRoot { epoch: state.epoch, root: root.into() } }))
    }

    /// Keeps all of it.
    pub(crate) fn save(&self, kept: &Kept, now: UnixMillis) -> anyhow::Result<()> {
        let head = kept.follower.head().map(|head| String::from_utf8_lossy(head.checkpoint().as_bytes()).into_owned());
        let state = State {
            log: kept.follower.log().to_string(),
            head,
            checked_at: now.0,
            entries: u32::try_from(kept.entries.len())?,
            epoch: kept.audited.epoch,
            root: data_encoding::HEXLOWER.encode(&kept.audited.root[..]),
        };
        self.write(ENTRIES_FILE, &encode_bundle(kept.entries.iter().map(Vec::as_slice)))?;
        self.write(STATE_FILE, &serde_json::to_vec_pretty(&state)?)
    }

    /// Keeps evidence; says where. The same evidence is kept once.
    pub(crate) fn keep(&self, evidence: &Evidence) -> anyhow::Result<PathBuf> {
        let folder = self.0.join(EVIDENCE_FOLDER);
        fs::create_dir_all(&folder)?;
        let name = format!("{EVIDENCE_FOLDER}/{}", evidence.file_name());
        self.write(&name, &serde_json::to_vec_pretty(evidence)?)?;
        Ok(self.0.join(name))
    }

    fn read(&self, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
        match fs::read(self.0.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => bail!("{}: {error}", self.0.join(name).display()),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let (path, fresh) = (self.0.join(name), self.0.join(format!("{name}.new")));
        let written = fs::write(&fresh, bytes).and_then(|()| fs::File::open(&fresh)?.sync_all());
        written
            .and_then(|()| fs::rename(&fresh, &path))
            .with_context(|| format!("{} cannot be written", path.display()))
    }
}

/// The first `count` entries of a bundle.
fn decode_front(bundle: &[u8], count: u32) -> Option<Vec<Vec<u8>>> {
    let mut end = 0_usize;
    for _ in 0..count {
        let length = bundle.get(end..end + 2)?;
        end += 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
    }
    decode_bundle(bundle.get(..end)?, count)
}
