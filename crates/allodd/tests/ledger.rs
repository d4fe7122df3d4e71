//! The ledger of a real server: founded, read by anybody, changed by administrators, witnessed by other servers. Spec: `spec/ledger.md`.

mod common;

use std::sync::atomic::Ordering;
use std::time::Duration;

use allod_crypto::identity::{SigningSecret, verify_certificate};
use allod_crypto::ledger::NoteKeyKind;
use allod_directory::{AppendOnlyProofIn, HistoryProofIn, LookupProofIn, Version};
use allod_ledger::checkpoint::{Checkpoint, CheckpointIn};
use allod_ledger::key::NoteKey;
use allod_ledger::light::Light;
use allod_ledger::resource::{Resource, decode_bundle, decode_tile};
use allod_ledger::tree::{self, Hash};
use allod_ledger::trust::{self, Trust};
use allod_server_core::{LedgerStore, Store};
use allod_wire::account::{AccountRole, Joined};
use allod_wire::directory::{LookUpEntry, ProvenEntry};
use allod_wire::ledger::{Act, ActBody, Appended, Change, Statement, StatementIn};
use allod_wire::secrets::SessionToken;
use allod_wire::{Address, ErrorCode, cbor};
use allodd::key_file::{self, KeyFile};

use common::{Person, World};

const ORIGIN: &str = "localhost/ledger";

fn key(world: &World, file: KeyFile) -> NoteKey {
    let public = key_file::read(world.folder.path(), file).unwrap().public();
    match file {
        KeyFile::Witness => NoteKey::new("localhost/witness", NoteKeyKind::Witness, public).unwrap(),
        _ => NoteKey::new(ORIGIN, NoteKeyKind::Log, public).unwrap(),
    }
}

/// Somebody with the identity key made of one byte.
async fn administrator(world: &World, name: &str, seed: u8) -> (Person, SigningSecret) {
    let secret = world.invite(AccountRole::Administrator).await;
    let identity = SigningSecret::from_seed(&[seed; 32]);
    let (join, device_key) = common::join_as(secret, name, &identity);
    let joined: Joined = world.send("POST", "/v1/join", None, &join).await.value();
    (Person { device: join.device.device, device_key, session: joined.session, join }, identity)
}

/// The published head, once it has this size.
async fn head(world: &World, size: u64) -> Checkpoint {
    for _ in 0..200 {
        let answer = common::request(world.address(), "GET", "/ledger/checkpoint", None, "", &[]).await;
        if let Some(answer) = answer.filter(|answer| answer.status == 200) {
            assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
            let head = CheckpointIn::decode(&answer.body).unwrap().verify(&key(world, KeyFile::Ledger)).unwrap();
            if head.size() >= size {
                return head;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no head of size {size}");
}

/// All entries under the head, read as anybody reads them, and the tree over them.
async fn read(world: &World, head: &Checkpoint) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    for (bundle, _) in Resource::bundles(0, head.size()) {
        let Resource::Entries { index, width } = bundle else { unreachable!("a bundle") };
        let answer = world.get(&format!("/ledger/{}", bundle.path()), None).await;
        let leaves = Resource::Tile { level: 0, index, width };
        let tile = world.get(&format!("/ledger/{}", leaves.path()), None).await;
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
        let bundle = decode_bundle(&answer.body, width).unwrap();
        let hashes: Vec<Hash> = bundle.iter().map(|entry| tree::leaf_hash(entry)).collect();
        assert_eq!(decode_tile(&tile.body, width).unwrap(), hashes);
        entries.extend(bundle);
    }
    let mut stored: Vec<Hash> = Vec::new();
    for (n, entry) in (0..).zip(&entries) {
        stored.extend(tree::hashes_of_next(n, entry, &stored).unwrap());
    }
    assert_eq!(tree::root(head.size(), &stored).unwrap(), head.root());
    entries
}

async fn trust(world: &World, size: u64) -> Trust {
    let entries = read(world, &head(world, size).await).await;
    let mut trust = Trust::found(&entries[0]).unwrap();
    for (position, entry) in (0..).zip(&entries).skip(1) {
        trust.apply(ORIGIN, position, entry).unwrap();
    }
    trust
}

/// What the ledger says when it has more acts than these.
async fn trust_after(world: &World, acts: u64) -> Trust {
    for _ in 0..200 {
        let now = trust(world, 1).await;
        if now.acts() > acts {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no more than {acts} acts");
}

fn act(body: &ActBody, signers: &[&SigningSecret]) -> Act {
    Act { body: body.clone(), signatures: signers.iter().map(|signer| trust::sign(signer, ORIGIN, body)).collect() }
}

#[tokio::test]
async fn the_first_administrator_founds_the_ledger_and_anybody_reads_it_g_3() {
    let world = World::new().await;
    world.person("bob").await;
    assert_eq!(world.get("/ledger/checkpoint", None).await.code(), ErrorCode::NotFound);
    let (_, alice) = administrator(&world, "alice", 1).await;
    let head = head(&world, 1).await;
    let entries = read(&world, &head).await;
    let Ok(StatementIn::Known(Statement::Founded(founded))) = StatementIn::decode(&entries[0]) else {
        panic!("not founded");
    };
    assert_eq!(founded.administrators, vec![alice.public().into()]);
    assert_eq!((founded.domain.as_str(), founded.witnesses.as_str()), ("localhost", "quorum none\n"));
    administrator(&world, "carol", 2).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(trust(&world, 1).await.administrators().len(), 1, "who is invited later administers by an act alone");
    for path in ["directory/9223372036854775807", "directory/9223372036854775808", "directory/18446744073709551615"] {
        assert_eq!(world.get(&format!("/ledger/{path}"), None).await.code(), ErrorCode::NotFound, "{path}");
    }
    for path in ["tile/entries/000.p/99", "tile/0/000", "tile/1/000.p/1", "tile/0/000.p/0", "..", "nonsense"] {
        assert_eq!(world.get(&format!("/ledger/{path}"), None).await.code(), ErrorCode::NotFound, "{path}");
    }
}

#[tokio::test]
async fn two_administrators_change_what_is_trusted_and_one_does_not_g_6() {
    let mut world = World::new().await;
    let (person, alice) = administrator(&world, "alice", 1).await;
    let session = person.session.reveal();
    let bob = SigningSecret::from_seed(&[2; 32]);
    let both = Change::Administrators(vec![alice.public().into(), bob.public().into()]);
    let body = trust(&world, 1).await.draw_up(both, world.now().day());
    let path = "/v1/ledger/acts";
    assert_eq!(world.send("POST", path, None, &act(&body, &[&alice])).await.code(), ErrorCode::NoSession);
    let refusal = world.send("POST", path, Some(&session), &act(&body, &[&bob])).await.refusal();
    assert_eq!(refusal.code, ErrorCode::NotAllowed);
    let appended: Appended = world.send("POST", path, Some(&session), &act(&body, &[&alice])).await.value();
    world.stop().await;
    world.start().await;
    let now = trust(&world, appended.position + 1).await;
    assert_eq!(now.last_act(), appended.position);
    assert_eq!((now.administrators().len(), now.signatures_needed()), (2, 2));
    let alone = now.draw_up(Change::Administrators(vec![alice.public().into()]), world.now().day());
    let refusal = world.send("POST", path, Some(&session), &act(&alone, &[&alice])).await.refusal();
    assert_eq!(refusal.code, ErrorCode::NotAllowed);
    assert!(refusal.message.contains("1 of 2 administrators signed"), "{}", refusal.message);
    let appended: Appended = world.send("POST", path, Some(&session), &act(&alone, &[&bob, &alice])).await.value();
    assert_eq!(trust(&world, appended.position + 1).await.administrators().len(), 1);
}

#[tokio::test]
async fn servers_witness_each_others_ledgers_g_11_g_12() {
    let mut world = World::new().await;
    let (person, alice) = administrator(&world, "alice", 1).await;
    let session = person.session.reveal();
    let log = key(&world, KeyFile::Ledger);
    let watching = |config: &mut allodd::config::Config| config.witness.logs = vec![log.clone()];
    let [one, mut two] = [World::with(watching).await, World::with(watching).await];
    let stranger = World::new().await;
    let policy = |worlds: &[&World], threshold: usize| {
        let names: Vec<String> = (0..worlds.len()).map(|n| format!("w{n}")).collect();
        let lines = worlds.iter().zip(&names).map(|(world, name)| {
            format!("witness {name} {} http://{}/witness\n", key(world, KeyFile::Witness), world.address())
        });
        let lines: String = lines.collect();
        Change::Witnesses(format!("{lines}group g {threshold} {}\nquorum g\n", names.join(" ")))
    };
    let before = trust(&world, 1).await;
    let path = "/v1/ledger/acts";
    let unwilling = before.draw_up(policy(&[&one, &stranger], 2), world.now().day());
    let refusal = world.send("POST", path, Some(&session), &act(&unwilling, &[&alice])).await.refusal();
    assert!(refusal.message.contains("only 1 of the new policy's witnesses answer"), "{}", refusal.message);
    let ahead = World::with(watching).await;
    ahead.now.fetch_add(3_600_000, Ordering::Relaxed);
    let too_early = before.draw_up(policy(&[&ahead], 1), world.now().day());
    let refusal = world.send("POST", path, Some(&session), &act(&too_early, &[&alice])).await.refusal();
    assert!(refusal.message.contains("the clocks of the new policy's witnesses"), "{}", refusal.message);
    let body = before.draw_up(policy(&[&one, &two], 2), world.now().day());
    let appended: Appended = world.send("POST", path, Some(&session), &act(&body, &[&alice])).await.value();
    let witnessed = appended.position + 1;
    let cosigned = head(&world, witnessed).await;
    let seconds = Some(world.now().0 / 1000);
    for witness in [&one, &two] {
        assert_eq!(cosigned.seen_by(&key(witness, KeyFile::Witness)).unwrap(), seconds);
    }
    // A witness that is away stops the head, not the ledger; when it is back, the head goes on, also after a restart.
    let address = two.address();
    two.stop().await;
    let body =
        trust(&world, witnessed).await.draw_up(Change::Administrators(vec![alice.public().into()]), world.now().day());
    let appended: Appended = world.send("POST", path, Some(&session), &act(&body, &[&alice])).await.value();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(head(&world, witnessed).await.size() <= appended.position, "no head without the quorum");
    world.stop().await;
    two.config.listen = address;
    two.start().await;
    world.start().await;
    assert!(head(&world, appended.position + 1).await.size() > appended.position);
}

#[tokio::test]
async fn what_no_reader_would_take_does_not_found_a_ledger_and_who_is_disabled_does_not_count_g_3() {
    let mut world = World::new().await;
    let identity = SigningSecret::from_seed(&[1; 32]);
    for name in ["alice", "alice.two"] {
        // As a folder of a former release has them: joined, and no ledger yet.
        let secret = world.invite(AccountRole::Administrator).await;
        let (join, _) = common::join_as(secret, name, &identity);
        world.store().join(join, SessionToken([name.len() as u8; 32]), world.now()).await.unwrap();
    }
    world.stop().await;
    world.start().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.store().ledger_size().await.unwrap(), 0, "the same key twice");
    world.store().set_disabled("alice.two".parse().unwrap(), true).await.unwrap();
    world.stop().await;
    world.start().await;
    assert_eq!(trust(&world, 1).await.administrators().len(), 1);
}

/// `allodd COMMAND --data DATA …`: whether it succeeds, and what it says.
fn command(arguments: &[&str], data: &std::path::Path) -> (bool, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_allodd"));
    let output = command.args(arguments).arg("--data").arg(data).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn a_server_closes_its_stores_is_copied_whole_and_does_not_start_when_ledger_and_directory_are_apart_y_5() {
    let mut world = World::new().await;
    administrator(&world, "alice", 1).await;
    head(&world, 2).await; // The first epoch's root.
    let data = world.folder.path().to_owned();
    std::fs::write(data.join("allodd.toml"), "domain = \"localhost\"\ndata = \".\"\n").unwrap();
    let backups = tempfile::tempdir().unwrap();
    let [copy, torn] = ["copy", "torn"].map(|name| backups.path().join(name));
    let (done, said) = command(&["backup", "--to", copy.to_str().unwrap()], &data);
    assert!(done, "{said}");
    assert!(command(&["doctor"], &copy).1.contains("ledger and directory go together, at epoch 1"));
    world.stop().await;
    for file in ["allod.db-wal", "directory.db-wal"] {
        assert!(!data.join(file).exists(), "the last connection to {file} is closed");
    }
    world.config.data = copy;
    world.start().await;
    world.person("bob").await;
    assert_eq!(head(&world, 3).await.size(), 3, "the copy publishes on");
    world.stop().await;
    std::fs::remove_file(data.join("directory.db")).unwrap();
    world.config.data = data.clone();
    let clock = allodd::Clock::system();
    let apart = allodd::start(world.config.clone(), clock).await.err().expect("the two are apart").to_string();
    assert!(apart.contains("take both from the same backup"), "{apart}");
    let (done, said) = command(&["backup", "--to", torn.to_str().unwrap()], &data);
    assert!(!done && said.contains("take both from the same backup"), "{said}");
    assert!(command(&["doctor"], &data).1.contains("✗ public record"));
}

/// `allodd serve` in a process of its own.
fn serve(world: &World) -> std::process::Child {
    let config = world.folder.path().join("allodd.toml");
    let serve = ["serve", "--config", config.to_str().unwrap()];
    std::process::Command::new(env!("CARGO_BIN_EXE_allodd"))
        .args(serve)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_killed_server_keeps_every_statement_that_it_promised_and_publishes_it_g_4() {
    let mut world = World::new().await;
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    world.now.store(u64::try_from(since.as_millis()).unwrap(), Ordering::Relaxed);
    let (person, alice) = administrator(&world, "alice", 1).await;
    let (session, bob) = (person.session.reveal(), SigningSecret::from_seed(&[2; 32]));
    let mut now = trust(&world, 1).await;
    world.config.listen = world.address();
    world.stop().await;
    let text = format!("domain = \"localhost\"\nlisten = \"{}\"\n", world.address());
    std::fs::write(world.folder.path().join("allodd.toml"), text).unwrap();
    let mut promised: Vec<(u64, Vec<u8>)> = Vec::new();
    for round in 0..12_u64 {
        let mut server = serve(&world);
        let kill_after = Duration::from_millis(20 + round * 13 % 90);
        let mut begun: Option<std::time::Instant> = None;
        loop {
            let both = [alice.public().into(), bob.public().into()];
            let keys = both[..if now.acts() % 2 == 0 { 2 } else { 1 }].to_vec();
            let body = now.draw_up(Change::Administrators(keys), world.now().day());
            let signers = if now.signatures_needed() == 2 { vec![&alice, &bob] } else { vec![&alice] };
            let act = act(&body, &signers);
            let (path, entry) = ("/v1/ledger/acts", Statement::Act(act.clone()).encode());
            let sent = common::request(world.address(), "POST", path, Some(&session), "", &cbor::to_vec(&act)).await;
            match sent {
                Some(answer) if answer.status == 200 => {
                    begun.get_or_insert_with(std::time::Instant::now);
                    let position = answer.value::<Appended>().position;
                    now.apply(ORIGIN, position, &entry).unwrap();
                    promised.push((position, entry));
                }
                Some(answer) => {
                    // Done before the last kill, and not told: read on from what is there.
                    assert_eq!(answer.code(), ErrorCode::NotAllowed);
                    now = trust_after(&world, now.acts()).await;
                }
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
            if begun.is_some_and(|begun| begun.elapsed() > kill_after) {
                break;
            }
        }
        server.kill().unwrap();
        server.wait().unwrap();
    }
    world.start().await;
    let last = promised.last().unwrap().0;
    let entries = read(&world, &head(&world, last + 1).await).await;
    assert!(promised.len() >= 12);
    for (position, entry) in promised {
        assert_eq!(entries[usize::try_from(position).unwrap()], entry);
    }
}

/// News for a light client, taken; until the directory has this epoch.
async fn news(world: &World, light: &mut Light, epoch: u64) {
    for _ in 0..200 {
        let (from, act) = light.asks_from();
        let act = act.map(|act| format!("&act={act}")).unwrap_or_default();
        let answer = world.get(&format!("/v1/ledger/news?from={from}{act}"), None).await;
        if answer.status == 200 {
            light.take(&answer.value(), world.now()).unwrap();
            if light.root().is_some_and(|(_, root)| root.epoch >= epoch) {
                return;
            }
        }
        world.now.fetch_add(500, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no epoch {epoch}");
}

fn shown(world: &World, light: &Light, name: &str, answer: &ProvenEntry) -> Version {
    let (_, root) = light.root().unwrap();
    assert_eq!((answer.root.epoch, answer.root.root), (root.epoch, root.root), "under the root that the ledger names");
    let address: Address = format!("{name}@localhost").parse().unwrap();
    let key = light.trust().unwrap().directory_key();
    let public = key_file::read(world.folder.path(), KeyFile::Directory).unwrap().public();
    assert_eq!(*key, public, "a VRF key is an Ed25519 key");
    LookupProofIn::decode(&answer.proof).unwrap().verify(key, &answer.root, &address).unwrap()
}

#[tokio::test]
async fn the_directory_says_what_the_accounts_are_under_the_ledgers_root_y_3_y_11_y_12() {
    let mut world = World::new().await;
    let (alice, _) = administrator(&world, "alice", 1).await;
    let mut light = Light::new(key(&world, KeyFile::Ledger));
    news(&world, &mut light, 1).await;
    let bob = world.person("bob").await;
    news(&world, &mut light, 2).await;
    let look_up = async |world: &World, name: &str| {
        let ticket = world.tickets(&alice, 1).await.remove(0);
        let asked = LookUpEntry { ticket, user: name.parse().unwrap() };
        (world.send("POST", "/v1/directory/look-up", None, &asked).await, asked)
    };
    let (answer, asked) = look_up(&world, "bob").await;
    let entry = shown(&world, &light, "bob", &answer.value()).entry;
    let certificate = verify_certificate(&bob.join.device.certificate).unwrap();
    assert!(entry.names(&certificate) && entry.devices().len() == 1);
    let again = world.send("POST", "/v1/directory/look-up", None, &asked).await;
    assert_eq!(again.code(), ErrorCode::Spent, "a ticket answers once");
    assert_eq!(look_up(&world, "nobody").await.0.code(), ErrorCode::NotFound);
    // What the operator's command line does while the server is away is published at its next start.
    world.stop().await;
    let folder = world.folder.path().to_str().unwrap();
    std::fs::write(world.folder.path().join("allodd.toml"), "domain = \"localhost\"\n").unwrap();
    let remove = ["user", "remove", "bob", "--data", folder];
    assert!(std::process::Command::new(env!("CARGO_BIN_EXE_allodd")).args(remove).status().unwrap().success());
    world.start().await;
    news(&world, &mut light, 3).await;
    let (answer, _) = look_up(&world, "bob").await;
    let gone = shown(&world, &light, "bob", &answer.value());
    assert!(gone.entry.devices().is_empty() && gone.version == 2);
    // One's own history, and what auditors read.
    let session = alice.session.reveal();
    let history: ProvenEntry = world.get("/v1/account/history", Some(&session)).await.value();
    let address: Address = "alice@localhost".parse().unwrap();
    let versions = HistoryProofIn::decode(&history.proof).unwrap();
    let versions = versions.verify(light.trust().unwrap().directory_key(), &history.root, &address).unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!(world.get("/v1/account/history", None).await.code(), ErrorCode::NoSession);
    let mut before = allod_directory::empty();
    for epoch in 1..=3 {
        let added: ProvenEntry = world.get(&format!("/ledger/directory/{epoch}"), None).await.value();
        AppendOnlyProofIn::decode(&added.proof).unwrap().verify(&before, &added.root).unwrap();
        before = added.root;
    }
    assert_eq!(before.root, light.root().unwrap().1.root);
    assert_eq!(world.get("/ledger/directory/4", None).await.code(), ErrorCode::NotFound);
}
