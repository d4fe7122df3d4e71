//! Acknowledged durable appends a second with 64 writers, beside a bare loop that inserts the same rows in batches of the same
//! size into SQLite with the same settings.
//!
//! `cargo run --release -p allod-store-sqlite --example append_rate [APPENDS]` prints a line for each figure and writes
//! `target/bench/store.json`; exit status 1 if a ratio is below 0.5.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use allod_crypto::identity::SigningSecret;
use allod_server_core::invite::Inviter;
use allod_server_core::{Policy, Store};
use allod_store_sqlite::{DATABASE_FILE, Options, SqliteStore};
use allod_wire::account::{AccountRole, DeviceClass, DeviceRecord, Join, NewInvite};
use allod_wire::log::{CreateLog, EntryKind, NewEntry};
use allod_wire::secrets::{InviteSecret, SessionToken, Ticket, TokenKey};
use allod_wire::{Address, DeviceId, EntryId, LogId, UnixMillis, cbor};
use futures_executor::block_on;
use futures_util::stream::{FuturesUnordered, StreamExt};
use rusqlite::{Connection, params};

const WRITERS: u64 = 64;
/// Of the bare loop's rate.
const RATIO_MIN: f64 = 0.5;
const NOW: UnixMillis = UnixMillis(20_000 * 86_400_000);
const KEY: TokenKey = TokenKey([1; 32]);

fn main() {
    let appends: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let (mut worst, mut figures) = (f64::INFINITY, Vec::new());
    for in_flight in [1, 8] {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path());
        let logs = make_logs(&store);
        let commits = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&commits);
        store.listen(Box::new(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        }));
        let (cpu, started) = (cpu(), Instant::now());
        block_on(write(&store, &logs, appends, in_flight));
        let (took, cpu_took) = (started.elapsed(), self::cpu() - cpu);
        drop(store);
        let commits = commits.load(Ordering::Relaxed).max(1);
        let batch = appends.div_ceil(commits);
        let (bare_took, bare_cpu) = bare(folder.path(), batch);
        let (ours, bare) = (rate(appends, took), rate(appends, bare_took));
        let ratio = ours / bare;
        worst = worst.min(ratio);
        let [micros, bare_micros] = [cpu_took, bare_cpu].map(|cpu| cpu.as_secs_f64() * 1e6 / appends as f64);
        println!(
            "{WRITERS} writers, {in_flight} in flight each, batches of {batch}: {ours:.0} appends a second, bare {bare:.0}, ratio {ratio:.2}; \
             {micros:.1} us of CPU each, bare {bare_micros:.1}"
        );
        figures.push(format!(
            "{{\"id\":\"append_ratio_{in_flight}_in_flight\",\"value\":{ratio:.3},\"unit\":\"ratio\",\"target\":\"at least {RATIO_MIN}\",\
             \"holds\":{},\"note\":\"{ours:.0} acknowledged appends a second with {WRITERS} writers in batches of {batch}, {bare:.0} by a bare loop\"}}",
            ratio >= RATIO_MIN
        ));
    }
    std::fs::create_dir_all("target/bench").expect("a folder");
    std::fs::write("target/bench/store.json", format!("{{\"figures\":[{}]}}\n", figures.join(","))).expect("written");
    std::process::exit(i32::from(worst < RATIO_MIN));
}

fn rate(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// User and system time of this process so far.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> =
        stat.rsplit(')').next().unwrap_or("").split_whitespace().filter_map(|field| field.parse().ok()).collect();
    // After the name and the state (which is no number): utime and stime are the 11th and 12th numbers, in hundredths.
    Duration::from_millis(fields.get(10..12).map_or(0, |times| times.iter().sum::<u64>() * 10))
}

fn open(folder: &Path) -> SqliteStore {
    let hub = Arc::new(SigningSecret::from_seed(&[1; 32]));
    let policy = Policy::new("a.example".parse().expect("a domain"));
    SqliteStore::open(Options { folder: folder.into(), hub, policy, page_count_max: None }).expect("it opens")
}

/// One log for each writer, as pairs of people have.
fn make_logs(store: &SqliteStore) -> Vec<LogId> {
    let (secret, session) = (InviteSecret([1; 32]), SessionToken([1; 32]));
    let name: allod_wire::UserName = "alice".parse().expect("a name");
    let request = NewInvite::Person { name: None, role: AccountRole::Member, uses: 1, days: 1 };
    block_on(async {
        store.create_invite(Inviter::Operator, request, secret.clone(), NOW).await.expect("invited");
        let (key, device) = (SigningSecret::from_seed(&[2; 32]), DeviceId([1; 16]));
        let address = Address { name: name.clone(), domain: "a.example".parse().expect("a domain") };
        let certificate =
            allod_crypto::identity::certify(&key, address, device, DeviceClass::Installed, &key, b"inbox", NOW);
        let certificate = cbor::to_vec(&certificate).into();
        let device = DeviceRecord { device, certificate, inbox_key: b"inbox".to_vec().into() };
        store.join(Join { secret, name, device }, session.clone(), NOW).await.expect("joined");
        let caller = store.authenticate(session, NOW).await.expect("let in");
        let mut logs = Vec::new();
        for n in 0..WRITERS {
            let ticket = Ticket([n as u8; 32]);
            store.buy_tickets(&caller, vec![ticket.clone()], NOW).await.expect("sold");
            // Ids that lie apart, as random ones do.
            let log = LogId(*allod_crypto::digest::sha256(&n.to_be_bytes()));
            store.create_log(log, CreateLog { ticket, first: KEY }, NOW).await.expect("created");
            logs.push(log);
        }
        logs
    })
}

fn entry(writer: u64, n: u64) -> NewEntry {
    let mut id = [0; 16];
    let digest = allod_crypto::digest::sha256(&[writer.to_be_bytes(), n.to_be_bytes()].concat());
    id.copy_from_slice(&digest[..16]);
    NewEntry {
        id: EntryId(id),
        kind: EntryKind::Message,
        changes: Vec::new(),
        frank: digest,
        payload: vec![n as u8; 1_024].into(),
    }
}

/// Each writer keeps `in_flight` appends under way.
async fn write(store: &SqliteStore, logs: &[LogId], appends: u64, in_flight: u64) {
    let mut waiting = FuturesUnordered::new();
    let mut sent = 0;
    let mut send = |writer: u64| {
        (sent < appends).then(|| {
            sent += 1;
            let receipt = store.append(logs[writer as usize], KEY, entry(writer, sent), NOW);
            async move {
                receipt.await.expect("appended");
                writer
            }
        })
    };
    waiting.extend((0..WRITERS * in_flight).filter_map(|n| send(n % WRITERS)));
    while let Some(writer) = waiting.next().await {
        waiting.extend(send(writer));
    }
}

/// The same rows, in the order in which a store of 64 writers sees them, `batch` in a transaction, and nothing else.
fn bare(folder: &Path, batch: u64) -> (Duration, Duration) {
    let source = Connection::open(folder.join(DATABASE_FILE)).expect("the store's file");
    let target = Connection::open(folder.join("bare.db")).expect("another file");
    target
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
             PRAGMA journal_size_limit = 33554432; PRAGMA wal_autocheckpoint = 4096; PRAGMA cache_size = -8192;",
        )
        .expect("settings");
    for table in ["entries", "entry_ids"] {
        let find = "SELECT sql FROM sqlite_schema WHERE name = ?1";
        let sql: String = source.query_row(find, [table], |row| row.get(0)).expect("a table");
        target.execute_batch(&sql).expect("the same table");
    }
    type EntryRow = (i64, Vec<u8>, i64, i64, i64, Option<Vec<u8>>, Vec<u8>, Vec<u8>, Vec<u8>);
    let mut read = source.prepare("SELECT * FROM entries ORDER BY seq & 4294967295, seq").expect("rows");
    let rows = read.query_map([], |row| {
        let get = |column| row.get::<_, Vec<u8>>(column);
        let head =
            (row.get(0)?, get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, get(6)?, get(7)?, get(8)?);
        Ok(head)
    });
    let rows: Vec<EntryRow> = rows.expect("rows").collect::<Result<_, _>>().expect("rows");
    let (cpu, started) = (cpu(), Instant::now());
    for rows in rows.chunks(batch as usize) {
        target.execute_batch("BEGIN IMMEDIATE").expect("begin");
        for (seq, id, day, commits, is_commit, changes, frank, head, payload) in rows {
            let insert = "INSERT INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
            let row = params![seq, id, day, commits, is_commit, changes, frank, head, payload];
            target.prepare_cached(insert).and_then(|mut insert| insert.execute(row)).expect("inserted");
            let insert = "INSERT INTO entry_ids VALUES (?1, ?2, ?3)";
            let row = params![seq >> 32, id, seq & 0xffff_ffff];
            target.prepare_cached(insert).and_then(|mut insert| insert.execute(row)).expect("inserted");
        }
        target.execute_batch("COMMIT").expect("commit");
    }
    (started.elapsed(), self::cpu() - cpu)
}
