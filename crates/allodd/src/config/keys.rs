//! Every key of the configuration file with its default and what it means: the file is written from this, and checked against it.

use std::fmt::Write;

/// A key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The section it stands in; empty at the top.
    pub section: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its default, as TOML; empty if it must be given.
    pub default: &'static str,
    /// What it means, one sentence a line.
    pub doc: &'static str,
}

impl Key {
    /// Section and name.
    pub fn path(&self) -> String {
        if self.section.is_empty() { self.name.to_owned() } else { format!("{}.{}", self.section, self.name) }
    }
}

const fn key(section: &'static str, name: &'static str, default: &'static str, doc: &'static str) -> Key {
    Key { section, name, default, doc }
}

/// All keys, in the order of the file.
pub const KEYS: &[Key] = &[
    key("", "domain", "", "The organisation's domain: people are called NAME@DOMAIN. It cannot be changed later."),
    key(
        "",
        "listen",
        "\"127.0.0.1:8480\"",
        "Address and port to listen on. \"[::]:443\" is every address of this machine.",
    ),
    key(
        "",
        "public_url",
        "\"\"",
        "Where people find this server, such as \"https://chat.example.org\"; invite links begin with it.\nEmpty: made from `domain` and `listen`.",
    ),
    key(
        "",
        "data",
        "\".\"",
        "The data folder: database, blobs and `hub.key`. Paths in this file are relative to its folder.",
    ),
    key("", "web_root", "\"\"", "The folder of the built web app. Empty: no web app is served."),
    key(
        "",
        "retention_days",
        "90",
        "Entries, files and waiting invitations to conversations go after this many days at the latest.",
    ),
    key(
        "",
        "core_dumps",
        "false",
        "Whether the system may write this process's memory to disk when it crashes. Memory holds no content,\nbut it does hold tokens in use.",
    ),
    key(
        "",
        "log_level",
        "\"info\"",
        "error, warn, info or debug. No level logs addresses, names, ids or content: counts, codes and durations alone.",
    ),
    key(
        "tls",
        "certificate",
        "\"\"",
        "Certificate chain, PEM. Read again on SIGHUP. Empty: no TLS here; then something in front must do it.",
    ),
    key("tls", "key", "\"\"", "Its private key, PEM."),
    key("quotas", "blob_mib", "2048", "The largest file, in MiB."),
    key("quotas", "log_blobs_mib", "10240", "What the files of one conversation may take up together, in MiB."),
    key("limits", "connections", "20000", "Connections at one time. One takes about 16 KiB."),
    key(
        "limits",
        "connections_per_address",
        "1024",
        "Connections at one time from one address. A person's device has two or three; a whole office may share an address.\nBehind a proxy all connections come from one: set this as high as `connections` then.",
    ),
    key("limits", "account_per_minute", "1200", "Requests of one account in a minute."),
    key(
        "limits",
        "address_per_minute",
        "1200",
        "Requests without an account (joining, signing in, first contact) from one address in a minute.",
    ),
    key(
        "limits",
        "log_kib_per_minute",
        "120000",
        "What is appended to one conversation in a minute, in KiB. Every entry counts as 1 at least.",
    ),
    key(
        "limits",
        "log_blob_mib_per_minute",
        "6000",
        "What is uploaded to one conversation's files in a minute, in MiB.",
    ),
    key("limits", "header_secs", "10", "Seconds for the head of a request to arrive in, and for the TLS handshake."),
    key("limits", "idle_secs", "60", "A peer that neither takes nor gives anything for this many seconds is dropped."),
    key(
        "metrics",
        "listen",
        "\"\"",
        "Counters for Prometheus at http://ADDRESS/metrics, such as \"127.0.0.1:9480\": of this machine alone. Empty: off.",
    ),
    key(
        "witness",
        "logs",
        "[]",
        "The keys of other organisations' ledgers whose heads this server cosigns, as `allodd ledger` prints them there:\nit then keeps them from showing different ledgers to different people.",
    ),
];

/// What each section is about.
const SECTIONS: &[(&str, &str)] = &[
    ("tls", "Encryption of connections by this process."),
    ("quotas", "How much may be kept."),
    ("limits", "How much may be asked. Counters live in memory only."),
    ("metrics", "Counters."),
    ("witness", "Other organisations' ledgers."),
];

/// Whether there is such a section.
pub fn is_section(name: &str) -> bool {
    SECTIONS.iter().any(|(section, _)| *section == name)
}

/// The documented file with these values set; the defaults of all others stand behind `#`.
pub fn document(values: &[(&str, String)]) -> String {
    let mut out = String::from(
        "# Configuration of allodd. Lines such as `#listen = …` show defaults: to change one, remove the `#`.\n\
         # Secrets are not in this file: the server's keys are in files `*.key` in the data folder.\n",
    );
    let mut section = "";
    for key in KEYS {
        if key.section != section {
            section = key.section;
            let about = SECTIONS.iter().find(|(name, _)| *name == section).map_or("", |(_, about)| about);
            let _ = write!(out, "\n# {about}\n[{section}]\n");
        }
        out.push('\n');
        for line in key.doc.lines() {
            let _ = writeln!(out, "# {line}");
        }
        match values.iter().find(|(path, _)| *path == key.path()) {
            Some((_, value)) => _ = writeln!(out, "{} = {value}", key.name),
            None => _ = writeln!(out, "#{} = {}", key.name, key.default),
        }
    }
    out
}
