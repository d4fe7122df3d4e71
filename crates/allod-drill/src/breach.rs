//! The breach drill: play a world, take everything, and measure what it yields. DESIGN: a full dump of every server process, disk
//! and log yields no plaintext, no key that opens any, no who-talks-to-whom.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use crate::attack::{self, Claims, Row};
use crate::canary::Field;
use crate::loot::Loot;
use crate::play::{Played, Truth};
use crate::search::{Found, Searcher};
use crate::world::World;
use crate::{control, play};
use allod_e2e::report::Report;

/// Length of a canary.
const CANARY_BYTES: usize = 26;

/// What an intruder learns, each a share from 0 to 1.
struct Yield {
    /// For each field, the canaries found, and how many there are.
    canaries: [(usize, usize); Field::ALL.len()],
    /// Entries and messages whose sender is determined, beyond chance.
    senders: f64,
    /// Memberships determined, beyond chance.
    members: f64,
    /// Pairs of people known to talk, beyond chance.
    pairs: f64,
    time_resolution_secs: f64,
}

impl Yield {
    /// 0 for nothing, 100 for everything.
    fn score(&self) -> f64 {
        let share = |(found, all): (usize, usize)| found as f64 / all.max(1) as f64;
        let time = f64::from(u8::from(self.time_resolution_secs <= 1.0));
        let parts = self.canaries.map(share).into_iter().chain([self.senders, self.members, self.pairs, time]);
        100.0 * parts.sum::<f64>() / (Field::ALL.len() + 4) as f64
    }
}

/// Runs the drill with everything under `folder`.
pub(crate) async fn run(world: &World, folder: &Path, now_secs: i64) -> Result<Report> {
    eprintln!("breach: playing the world on a real server");
    let played = play::play(world, &folder.join("allod")).await?;
    eprintln!("breach: searching the loot");
    let mut report = Report::default();
    let (truth, loots) = (&played.truth, [&played.in_the_middle, &played.at_the_end]);
    report.at_least(
        "texts_delivered",
        truth.delivered as f64,
        world.size.messages as f64,
        "texts",
        "every device of every member has every text: the world was really played",
    );
    measure_allod(world, &played, now_secs, &mut report)?;
    let sizes = sizes(&attack::read_rows(&played.server.data().join("allod.db"))?);
    report.at_most("length_bits", (sizes as f64).log2(), 4.0, "bits", "distinct lengths of what is stored, as bits");
    let keys = keys_found(truth, &loots)?;
    report.at_most("file_keys", keys as f64, 0.0, "keys", "keys of files found in memory or on disk");
    measure_theft(world, &played.stolen, &mut report)?;
    let bytes: usize = loots.iter().map(|loot| loot.memory_bytes()).sum();
    report.at_least("memory_searched", bytes as f64, 1e6, "bytes", "two images of the server's memory, one under load");

    eprintln!("breach: the positive control");
    let score = measure_control(world, &folder.join("control"), now_secs)?;
    report.at_least("control_score", score, 95.0, "of 100", "an archiver that keeps plaintext must be found out");
    Ok(report)
}

fn measure_allod(world: &World, played: &Played, now_secs: i64, report: &mut Report) -> Result<()> {
    let truth = &played.truth;
    let logs: Vec<Vec<u8>> = truth.logs.iter().map(|log| log.0.to_vec()).collect();
    let entries: Vec<Vec<u8>> = truth.senders.iter().map(|(_, entry)| entry.clone()).collect();
    let names: Vec<(String, Vec<u8>)> =
        world.users.iter().map(|user| (user.clone(), user.clone().into_bytes())).collect();
    let devices = truth.devices.iter().map(|(user, device)| (user.clone(), device.to_vec()));
    let names: Vec<_> = names.into_iter().chain(devices).collect();
    let rows = attack::read_rows(&played.server.data().join("allod.db"))?;
    let found = Yield {
        canaries: search(world, [&played.in_the_middle, &played.at_the_end])?,
        senders: attacker(world, &rows, &played.in_the_middle, &names, &entries, &truth.senders).1,
        members: attacker(world, &rows, &played.in_the_middle, &names, &logs, &truth.members).1,
        pairs: {
            let claims = attacker(world, &rows, &played.in_the_middle, &names, &logs, &truth.members).0;
            pairs(world, &claims)
        },
        time_resolution_secs: attack::time_resolution_secs(&rows, now_secs),
    };
    for (field, (found, _)) in Field::ALL.into_iter().zip(found.canaries) {
        let note =
            if field == Field::Message { "of messages, raw or decoded, on disk, in logs, in memory" } else { "" };
        report.at_most(field.figure(), (found * CANARY_BYTES) as f64, 0.0, "bytes", note);
    }
    report.at_most(
        "senders_beyond_chance",
        found.senders,
        0.02,
        "share",
        "entries tied to an account, less what blind guessing ties",
    );
    report.at_most(
        "membership_beyond_chance",
        found.members,
        0.02,
        "share",
        "accounts tied to a conversation, less blind guessing",
    );
    report.at_most(
        "pairs_beyond_chance",
        found.pairs,
        0.02,
        "share",
        "people known to talk with each other, less blind guessing",
    );
    report.at_least(
        "time_resolution",
        found.time_resolution_secs,
        86_400.0,
        "seconds",
        "the finest time in the database",
    );
    report.at_most("score", found.score(), 1.0, "of 100", "0: nothing; 100: everything");
    Ok(())
}

/// What a locked device that was stolen yields, with its backup.
fn measure_theft(world: &World, stolen: &Loot, report: &mut Report) -> Result<()> {
    let found: usize = search(world, [stolen])?.iter().map(|(found, _)| found * CANARY_BYTES).sum();
    let note = "of anything, on a device without what opens it, and in its backup without the words";
    report.at_most("stolen_device_bytes", found as f64, 0.0, "bytes", note);
    report.at_least(
        "stolen_device_searched",
        stolen.memory_bytes() as f64,
        1e5,
        "bytes",
        "history, index, drafts, backup",
    );
    Ok(())
}

fn measure_control(world: &World, folder: &Path, now_secs: i64) -> Result<f64> {
    let control = control::play(world, folder)?;
    let rows = attack::read_rows(&folder.join("data/archive.db"))?;
    let names: Vec<_> = world.users.iter().map(|user| (user.clone(), user.clone().into_bytes())).collect();
    let (members, _) = attacker(world, &rows, &control.loot, &names, &control.groups, &control.members);
    let (senders, _) = attacker(world, &rows, &control.loot, &names, &control.messages, &control.senders);
    let recall = |claims: &Claims, truth: &Claims| claims.intersection(truth).count() as f64 / truth.len() as f64;
    let talking = claimed_pairs(world, &control.members);
    let found = Yield {
        canaries: search(world, [&control.loot])?,
        senders: recall(&senders, &control.senders),
        members: recall(&members, &control.members),
        pairs: claimed_pairs(world, &members).intersection(&talking).count() as f64 / talking.len() as f64,
        time_resolution_secs: attack::time_resolution_secs(&rows, now_secs),
    };
    Ok(found.score())
}

/// All claims about `objects`, at rest and in memory, and by how much they beat blind ones.
fn attacker(
    world: &World,
    rows: &[Row],
    loot: &Loot,
    names: &[(String, Vec<u8>)],
    objects: &[Vec<u8>],
    truth: &Claims,
) -> (Claims, f64) {
    let mut claims = attack::claims_at_rest(rows, &world.users, objects);
    claims.extend(attack::claims_in_memory(&loot.memory, names, objects));
    let advantage = attack::advantage(&claims, truth, world.users.len() * objects.len());
    (claims, advantage)
}

fn search<'a>(world: &World, loots: impl IntoIterator<Item = &'a Loot>) -> Result<[(usize, usize); Field::ALL.len()]> {
    let (searcher, mut found) = (Searcher::new(&world.canaries), Found::default());
    for loot in loots {
        loot.for_each(|piece| searcher.search(piece, &mut found))?;
    }
    Ok(Field::ALL.map(|field| searcher.count(&found, field)))
}

/// By how much the pairs that follow from claimed memberships beat blind ones.
fn pairs(world: &World, claims: &Claims) -> f64 {
    let possible = world.users.len() * (world.users.len() - 1) / 2;
    attack::advantage(&claimed_pairs(world, claims), &world.pairs().collect(), possible)
}

fn claimed_pairs(world: &World, claims: &Claims) -> BTreeSet<(usize, usize)> {
    let index = |user: &str| world.users.iter().position(|other| other == user);
    let mut pairs = BTreeSet::new();
    for (one, log) in claims {
        for (other, _) in claims.iter().filter(|(_, same)| same == log) {
            pairs.extend(index(one).zip(index(other)).filter(|(a, b)| a < b));
        }
    }
    pairs
}

/// How many distinct lengths the sealed contents in the database have.
fn sizes(rows: &[Row]) -> usize {
    let payloads = rows.iter().filter(|row| row.table == "entries").flat_map(|row| &row.values);
    payloads.map(Vec::len).filter(|length| *length >= 1_024).collect::<BTreeSet<_>>().len().max(1)
}

fn keys_found(truth: &Truth, loots: &[&Loot]) -> Result<usize> {
    let mut found = BTreeSet::new();
    for loot in loots {
        loot.for_each(|piece| {
            let here = truth.file_keys.iter().filter(|key| memchr::memmem::find(piece, *key).is_some());
            found.extend(here.copied());
        })?;
    }
    Ok(found.len())
}
