//! One look at a ledger and its directory: everything new is read and judged.

use allod_directory::AppendOnlyProofIn;
use allod_ledger::checkpoint::CheckpointIn;
use allod_ledger::follow::{FollowError, Follower, Read};
use allod_ledger::resource::{Resource, decode_bundle};
use allod_wire::UnixMillis;
use allod_wire::directory::EpochRoot;
use allod_wire::ledger::{Change, Statement, StatementIn};
use anyhow::Context;

use crate::evidence::Evidence;
use crate::fetch::Server;
use crate::folder::{Folder, Kept};

/// What a look found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// What happened since the last look, in words.
    pub(crate) news: Vec<String>,
    /// What must not be, in words, with the file of the evidence if there is one.
    pub(crate) alarms: Vec<String>,
}

/// Looks once.
///
/// # Errors
/// The server could not be asked: nothing was found out.
pub(crate) async fn look(server: &Server, folder: &Folder, kept: &mut Kept, now: UnixMillis) -> anyhow::Result<Found> {
    let mut found = Found::default();
    let head = server.checkpoint().await?.context("this organisation has no ledger yet")?;
    let read = match take(server, kept, &head, now).await? {
        Ok(read) => read,
        Err(error) => {
            let is_evidence = matches!(&error, FollowError::Head(error) if error.is_evidence());
            let mut alarm = format!("{:#}", anyhow::Error::from(error));
            if let (true, Some(first)) = (is_evidence, kept.follower.head()) {
                let evidence = Evidence::heads(kept.follower.log(), first.checkpoint(), &head, &kept.entries);
                alarm = format!("{alarm} ({})", folder.keep(&evidence)?.display());
            }
            found.alarms.push(alarm);
            return Ok(found);
        }
    };
    for Read { position, said } in read {
        match said {
            Ok(Some(statement)) => found.news.extend(words(&statement)),
            Ok(None) => found.news.push(format!("statement {position} is of a later version of this program")),
            Err(error) => {
                let head = kept.follower.head().expect("a head was taken").checkpoint();
                let evidence = Evidence::statement(kept.follower.log(), head, &kept.entries, position);
                let file = folder.keep(&evidence)?;
                let error = anyhow::Error::from(error);
                found.alarms.push(format!("statement {position} is not valid: {error:#} ({})", file.display()));
            }
        }
    }
    audit_directory(server, kept, &mut found).await?;
    folder.save(kept, now)?;
    Ok(found)
}

/// Reads the entries that the head counts and gives both to the follower.
async fn take(
    server: &Server,
    kept: &mut Kept,
    head: &[u8],
    now: UnixMillis,
) -> anyhow::Result<Result<Vec<Read>, FollowError>> {
    let follower: &mut Follower = &mut kept.follower;
    let next = match CheckpointIn::decode(head) {
        Ok(next) => next,
        Err(error) => return Ok(Err(error.into())),
    };
    let size = match next.clone().verify(follower.log()) {
        Ok(signed) => signed.size(),
        Err(error) => return Ok(Err(error.into())),
    };
    let mut entries = Vec::new();
    for (resource, older) in Resource::bundles(follower.size(), size) {
        let Resource::Entries { width, .. } = resource else { continue };
        let bundle = server.resource(resource).await?;
        let bundle = decode_bundle(&bundle, width).with_context(|| format!("{} is no bundle", resource.path()))?;
        entries.extend(bundle.into_iter().skip(older));
    }
    let taken = follower.take(next, &entries, now);
    if taken.is_ok() {
        kept.entries.extend(entries);
    }
    Ok(taken)
}

/// Checks each epoch of the directory that the ledger has and that was not audited yet (rule Y-10).
async fn audit_directory(server: &Server, kept: &mut Kept, found: &mut Found) -> anyhow::Result<()> {
    let Some(last) = kept.follower.trust().and_then(|trust| trust.root()).cloned() else { return Ok(()) };
    let roots = kept.entries.iter().filter_map(|entry| match StatementIn::decode(entry) {
        Ok(StatementIn::Known(Statement::DirectoryRoot(root))) => Some(root),
        _ => None,
    });
    let new: Vec<_> = roots.filter(|root| root.epoch > kept.audited.epoch && root.epoch <= last.epoch).collect();
    for root in new {
        // The newest root is in the ledger a moment before the server serves its proof.
        let Some(answer) = server.epoch(root.epoch).await? else {
            if root.epoch < last.epoch {
                found.alarms.push(format!("the directory's epoch {} is withheld", root.epoch));
            }
            break;
        };
        let after = EpochRoot { epoch: root.epoch, root: root.root };
        let shown = AppendOnlyProofIn::decode(&answer.proof).map_err(anyhow::Error::from);
        match shown.and_then(|proof| Ok(proof.verify(&kept.audited, &after)?)) {
            Ok(leaves) => {
                found
                    .news
                    .push(format!("epoch {} of the directory added {leaves} and changed nothing else", root.epoch));
                kept.audited = after;
            }
            Err(error) => {
                found.alarms.push(format!("epoch {} of the directory did not only add: {error:#}", root.epoch));
                break;
            }
        }
    }
    Ok(())
}

fn words(statement: &Statement) -> Option<String> {
    match statement {
        Statement::Founded(founded) => Some(format!("the ledger of {} was founded", founded.domain)),
        Statement::Act(act) => {
            let (number, signed) = (act.body.number, act.signatures.len());
            let change = match &act.body.change {
                Change::Administrators(keys) => format!("{} administrators from now on", keys.len()),
                Change::ReleaseKey(_) => "another key for releases from now on".to_owned(),
                Change::Witnesses(_) => "another witness policy from now on".to_owned(),
            };
            Some(format!("act {number}, signed by {signed}: {change}"))
        }
        Statement::DirectoryRoot(_) => None,
        Statement::Release(release) => Some(format!("{} {} is released", release.body.product, release.body.version)),
    }
}
