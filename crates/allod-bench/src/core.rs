//! The client core beside the MLS library alone, at the same work in groups of the same size.
//!
//! What the core does besides MLS is in its figures: certificates, tokens, envelopes, content, rows for the vault, and the
//! server in memory that it talks to.

use allod_client_core::testing::{Rng, Who, World};
use allod_client_core::{ClientCore, CoreError, Effect, New, With};
use allod_e2e::report::Report;
use allod_wire::account::AccountRole;
use allod_wire::link::{Link, LinkKind};
use allod_wire::{LogId, UnixMillis};
use anyhow::Result;

use crate::bare::{self, Costs, TEXT};
use crate::process::thread_cpu;

/// What may be added to the cost of the library.
const OVERHEAD_MAX: f64 = 1.3;

/// Adds four ratios for each size: people added and removed, and `messages` said and read.
pub(crate) fn report(sizes: &[usize], messages: usize, report: &mut Report) -> Result<()> {
    for members in sizes {
        // One takes 50 ms where there are many.
        let changes = if *members > 100 { 4 } else { 40 };
        eprintln!("bench: client core, {members} members");
        let (ours, bare) = (costs(*members, changes, messages)?, bare::costs(*members, changes, messages)?);
        let ids: [&'static str; 4] = match members {
            ..=10 => ["add_10", "commit_10", "encrypt_10", "decrypt_10"],
            11..=100 => ["add_100", "commit_100", "encrypt_100", "decrypt_100"],
            _ => ["add_1000", "commit_1000", "encrypt_1000", "decrypt_1000"],
        };
        let pairs = [
            (ours.add, bare.add),
            (ours.commit, bare.commit),
            (ours.encrypt, bare.encrypt),
            (ours.decrypt, bare.decrypt),
        ];
        for (id, (ours, bare)) in ids.into_iter().zip(pairs) {
            let note =
                format!("CPU of the client core {:.3} ms, of the MLS library alone {:.3} ms", ours * 1e3, bare * 1e3);
            report.at_most(id, ours / bare, OVERHEAD_MAX, "ratio", note);
        }
    }
    Ok(())
}

fn costs(members: usize, changes: usize, messages: usize) -> Result<Costs> {
    let mut world = World::seeded(1);
    world.hub.page_entries = 512;
    let mut everybody = Vec::new();
    for n in 0..=members {
        let secret = world.hub.invite(AccountRole::Administrator);
        let link = Link { server: "https://a.example".into(), kind: LinkKind::Join(secret) };
        let who = world.join(&link, Some(&format!("person{n}")));
        everybody.push(who);
        // Those who only fill the group stay away, so that their work is not measured.
        if n > 1 {
            world.go_offline(who);
        }
    }
    let (alice, bob, newcomer) = (everybody[0], everybody[1], everybody[members]);
    let people = everybody[1..members].iter().map(|who| world.address(*who)).collect();
    let log = world.start(alice, New::Group { title: "bench".into(), people });
    world.run_until_quiet();

    let mut encrypt = 0.0;
    let text = String::from_utf8(TEXT.to_vec())?;
    world.go_offline(bob);
    for _ in 0..messages {
        act(&mut world, alice, |core, now, rng| {
            let started = thread_cpu();
            let (_, effects) = core.send_text(log, &text, With::default(), now, rng)?;
            encrypt += thread_cpu() - started;
            Ok(effects)
        })?;
    }
    let started = thread_cpu();
    world.go_online(bob);
    let decrypt = thread_cpu() - started;
    anyhow::ensure!(world.read_by(bob, log).len() == messages, "Bob has not read everything");
    world.go_offline(bob);

    let address = world.address(newcomer);
    let (mut add, mut commit) = (0.0, 0.0);
    for _ in 0..changes {
        add += change(&mut world, alice, log, |core, now, rng| core.add_people(log, vec![address.clone()], now, rng))?;
        commit += change(&mut world, alice, log, |core, now, rng| core.remove_person(log, &address, now, rng))?;
    }
    let (messages, changes) = (messages as f64, changes as f64);
    Ok(Costs { add: add / changes, commit: commit / changes, encrypt: encrypt / messages, decrypt: decrypt / messages })
}

/// CPU of a change, until the server has it and all that belongs to it.
fn change(
    world: &mut World,
    who: Who,
    log: LogId,
    verb: impl FnOnce(&mut ClientCore, UnixMillis, &mut Rng) -> Done,
) -> Result<f64> {
    let before = world.readers(who, log).len();
    let started = thread_cpu();
    act(world, who, verb)?;
    let used = thread_cpu() - started;
    anyhow::ensure!(world.readers(who, log).len() != before, "nothing has changed");
    Ok(used)
}

type Done = Result<Vec<Effect>, CoreError>;

fn act(world: &mut World, who: Who, verb: impl FnOnce(&mut ClientCore, UnixMillis, &mut Rng) -> Done) -> Result<()> {
    Ok(world.act(who, verb)?)
}
