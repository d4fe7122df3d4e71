//! What a large directory costs: to fill it, an epoch of 1,000 changes, proofs made and verified, memory, disk.
//!
//! `cargo run --release -p allod-directory-store --example directory_cost [USERS]` prints a line for each figure and writes
//! `target/bench/directory.json`; exit status 1 if a target is missed. Times are CPU times: of this process, which has one thread.

use allod_directory::{AppendOnlyProofIn, HistoryProofIn, LookupProofIn};
use allod_directory_store::{DATABASE_FILE, Directory, Proven, VrfSecret};
use allod_wire::account::DeviceClass;
use allod_wire::directory::{DirectoryDevice, DirectoryEntry, EpochRoot};
use allod_wire::limits::EPOCH_CHANGES_MAX;
use allod_wire::{Address, Day, DeviceId};

/// Changes in the epochs that are measured.
const CHANGES: u64 = 1_000;
/// Users whose proofs are made and verified.
const READ: u64 = 200;
const DEVICES: u8 = 2;

fn main() {
    let users: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000).max(2 * CHANGES);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(DATABASE_FILE);
    let directory = Directory::open(&file, VrfSecret::new([7; 32])).expect("a new directory");
    let mut report = Report { users, figures: Vec::new(), holds: true };

    let (all, start) = ((0..users).collect::<Vec<_>>(), cpu_millis());
    for some in all.chunks(EPOCH_CHANGES_MAX) {
        epoch(&directory, some, 0);
    }
    report.tell(
        "directory_fill",
        (cpu_millis() - start) / users as f64,
        "CPU ms",
        None,
        "for each new user, in full epochs",
    );

    let spread = |count: u64| (0..count).map(|n| n * (users / count)).collect::<Vec<_>>();
    let (mut added, start) = (Vec::new(), cpu_millis());
    for round in 1..=4 {
        added.push(epoch(&directory, &spread(CHANGES), round));
    }
    let note = "an epoch of 1,000 changed entries: written, proven, synced";
    report.tell("directory_publish_1000", (cpu_millis() - start) / 4e3, "CPU s", Some(1.0), note);
    let start = cpu_millis();
    for pair in added.windows(2) {
        let proof = AppendOnlyProofIn::decode(&pair[1].proof).expect("ours");
        proof.verify(&pair[0].root, &pair[1].root).expect("it only added");
    }
    let note =
        format!("that an epoch of 1,000 changes only added; {:.0} KB of proof", added[3].proof.len() as f64 / 1e3);
    report.tell("directory_audit_1000", (cpu_millis() - start) / 3.0, "CPU ms", None, &note);
    let one = epoch(&directory, &[1], 9);
    report.tell("directory_audit_1_bytes", one.proof.len() as f64, "bytes", None, "proof that one change only added");

    read(&directory, &spread(READ), &mut report);
    let file_mb = std::fs::metadata(&file).expect("it is there").len() as f64 / 1e6;
    report.tell("directory_file", file_mb, "MB", None, "on disk");
    report.tell("directory_memory", peak_mb(), "MB", Some(100.0), "resident at most, all of the above included");
    report.write();
}

/// Proofs made and verified.
fn read(directory: &Directory, users: &[u64], report: &mut Report) {
    let (key, count) = (directory.vrf_key(), users.len() as f64);
    let start = cpu_millis();
    let proofs: Vec<_> =
        users.iter().map(|n| directory.lookup(&address(*n)).expect("it reads").expect("an entry")).collect();
    report.tell("directory_lookup", (cpu_millis() - start) / count, "CPU ms", None, "a lookup proof made");
    let bytes = proofs.iter().map(|proven| proven.proof.len()).sum::<usize>() as f64 / count;
    let note = format!("a lookup proof, with an entry of {DEVICES} devices");
    report.tell("directory_lookup_bytes", bytes, "bytes", Some(4_096.0), &note);
    let start = cpu_millis();
    for (n, proven) in users.iter().zip(&proofs) {
        let proof = LookupProofIn::decode(&proven.proof).expect("ours");
        proof.verify(&key, &proven.root, &address(*n)).expect("it is so");
    }
    report.tell(
        "directory_lookup_verify",
        (cpu_millis() - start) / count,
        "CPU ms",
        Some(1.5),
        "a lookup proof verified",
    );

    let changed = address(0);
    let history = directory.history(&changed).expect("it reads").expect("an entry");
    let start = cpu_millis();
    for _ in 0..20 {
        let proof = HistoryProofIn::decode(&history.proof).expect("ours");
        proof.verify(&key, &history.root, &changed).expect("it is so");
    }
    let note = format!("a history of 5 versions verified; {} bytes", history.proof.len());
    report.tell("directory_history_verify", (cpu_millis() - start) / 20.0, "CPU ms", None, &note);
}

/// Gives these users entries of a round of their own.
fn epoch(directory: &Directory, users: &[u64], round: u8) -> Proven {
    let changes: Vec<_> = users.iter().map(|n| (address(*n), entry(*n, round))).collect();
    let EpochRoot { epoch, .. } = directory.publish(&changes).expect("it is written").expect("all differ");
    directory.root_recorded(epoch).expect("it is written");
    directory.audit(epoch).expect("it reads").expect("it is recorded")
}

fn address(n: u64) -> Address {
    format!("user{n}@a.example").parse().expect("an address")
}

fn entry(n: u64, round: u8) -> DirectoryEntry {
    let device = |id: u8| {
        let mut key = [id; 32];
        key[..8].copy_from_slice(&n.to_be_bytes());
        key[8] = round;
        DirectoryDevice {
            device: DeviceId([id; 16]),
            class: DeviceClass::Installed,
            signature_key: key.into(),
            inbox_key_digest: key.into(),
            created: Day(20_781),
        }
    };
    DirectoryEntry::new([1; 32], (0..DEVICES).map(device).collect()).expect("few devices")
}

struct Report {
    users: u64,
    figures: Vec<String>,
    holds: bool,
}

impl Report {
    fn tell(&mut self, id: &str, value: f64, unit: &str, at_most: Option<f64>, note: &str) {
        let holds = at_most.is_none_or(|bound| value <= bound);
        let target = at_most.map_or("none".to_owned(), |bound| format!("at most {bound}"));
        println!("{id}: {value:.3} {unit} ({target}): {note}, {} users", self.users);
        self.figures.push(format!(
            "{{\"id\":\"{id}\",\"value\":{value:.3},\"unit\":\"{unit}\",\"target\":\"{target}\",\"holds\":{holds},\"note\":\"{note}, {} users\"}}",
            self.users
        ));
        self.holds &= holds;
    }

    fn write(&self) {
        std::fs::create_dir_all("target/bench").expect("a folder");
        std::fs::write("target/bench/directory.json", format!("{{\"figures\":[{}]}}\n", self.figures.join(",")))
            .expect("written");
        std::process::exit(i32::from(!self.holds));
    }
}

/// User and system time of this process so far, in milliseconds.
fn cpu_millis() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or("").split_whitespace().skip(11).take(2);
    // Linux counts in hundredths of a second.
    fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() * 10.0
}

fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1e3
}
