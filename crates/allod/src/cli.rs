//! What can be typed. Every option has its help here, and nowhere else.

mod args;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub(crate) use args::{
    AdminCommand, Choice, DeviceCommand, FileCommand, Invite, Join, Person, PollCommand, Receipts, Role, Search,
    Switch, Target,
};

/// Talk from the command line, end-to-end encrypted.
#[derive(Debug, Parser)]
#[command(name = "allod", version, max_term_width = 100, after_help = EXAMPLES, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// The profile to use: one device of one user.
    #[arg(long = "as", global = true, value_name = "NAME", env = "ALLOD_AS", default_value = "default")]
    pub(crate) profile: String,
    /// Answer in JSON (docs/cli.md).
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// How many seconds to wait for the server.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 20)]
    pub(crate) wait: u64,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Join an organisation, or add this device to your account, by a link.
    #[command(after_help = "Example:\n  allod --as alice join 'https://chat.example.org/#join/…' --name alice")]
    Join(Join),
    /// Start a conversation: with one person, or with a title for a group.
    #[command(after_help = "Examples:\n  allod new bob\n  allod new --title \"Budget 2027\" bob carol")]
    New {
        /// The group's title.
        #[arg(long, value_name = "TITLE")]
        title: Option<String>,
        /// The people: NAME, or NAME@DOMAIN.
        #[arg(value_name = "PERSON", required_unless_present = "title")]
        people: Vec<Person>,
    },
    /// List conversations, the newest first.
    List,
    /// Read a conversation.
    #[command(
        after_help = "Examples:\n  allod read \"Budget 2027\"\n  allod read bob --follow\n  allod read bob --json --since 120"
    )]
    Read {
        /// A title, a person, or the beginning of a conversation's id.
        conversation: String,
        /// Go on as messages come, until interrupted.
        #[arg(long, short)]
        follow: bool,
        /// Only what stands behind this position.
        #[arg(long, value_name = "POSITION")]
        since: Option<u64>,
        /// At most so many lines, the last ones: 50, or all that --since names.
        #[arg(long, short = 'n', value_name = "LINES")]
        limit: Option<u32>,
        /// Leave unread what is unread.
        #[arg(long)]
        peek: bool,
    },
    /// Send a message: with **marks**, and @name to mention somebody.
    #[command(
        after_help = "Examples:\n  allod send bob 'The draft is **ready**.'\n  allod send Everybody 'Leave by 5. @carol, please lock up.' --ask\n  journalctl -n 20 | allod send Operations -"
    )]
    Send {
        /// A title, a person, or the beginning of a conversation's id.
        conversation: String,
        /// The message; - reads it from standard input.
        #[arg(allow_hyphen_values = true)]
        text: String,
        /// Ask everybody to acknowledge it.
        #[arg(long)]
        ask: bool,
    },
    /// Search what is on this device: messages, file names, captions.
    #[command(
        after_help = "All words must occur, the last one may be a beginning. Accents and capitals make no difference.\n\nExamples:\n  allod search budget dra\n  allod search '\"the draft\" from:alice in:budget'\n  allod search plan.pdf --in \"Budget 2027\" --from bob"
    )]
    Search(Search),
    /// Answer a message.
    #[command(
        after_help = "Examples:\n  allod reply bob last 'Agreed.'\n  allod reply Budget 42 'One more figure.' --thread"
    )]
    Reply {
        #[command(flatten)]
        to: Target,
        /// The answer.
        #[arg(allow_hyphen_values = true)]
        text: String,
        /// Answer in the message's thread, apart from the conversation's other messages.
        #[arg(long)]
        thread: bool,
    },
    /// Read the thread of a message.
    #[command(after_help = "Example:\n  allod thread Budget 42")]
    Thread(Target),
    /// React to a message with an emoji.
    #[command(after_help = "Examples:\n  allod react bob 42 👍\n  allod react bob 42 👍 --remove")]
    React {
        #[command(flatten)]
        to: Target,
        /// The emoji, or another short text.
        text: String,
        /// Take your reaction back.
        #[arg(long)]
        remove: bool,
    },
    /// Change what a message of yours says. What it said before stays readable.
    Edit {
        #[command(flatten)]
        to: Target,
        /// What it says from now on.
        #[arg(allow_hyphen_values = true)]
        text: String,
    },
    /// Delete a message for everyone: one of yours, or in a group that you look after anybody's.
    Delete(Target),
    /// Say what a message says in another conversation: text, a file, or a poll's question.
    #[command(after_help = "Example:\n  allod forward bob last Budget")]
    Forward {
        #[command(flatten)]
        message: Target,
        /// Where to: a title, a person, or the beginning of a conversation's id.
        to: String,
    },
    /// Acknowledge a message that asks for it: all see that you did, and it stays.
    #[command(after_help = "Example:\n  allod acknowledge Everybody last")]
    Acknowledge(Target),
    /// Ask a question with answers to choose from, vote, end a poll.
    #[command(subcommand)]
    Poll(PollCommand),
    /// Send files, and fetch them.
    #[command(subcommand)]
    File(FileCommand),
    /// Who can read a conversation: people, their devices, and what changed lately.
    Who {
        /// A title, a person, or the beginning of a conversation's id.
        conversation: String,
    },
    /// Who has received and read what is in a conversation, or whether you tell and are told.
    #[command(after_help = "Examples:\n  allod receipts Budget\n  allod receipts --off")]
    Receipts(Receipts),
    /// No notices of a conversation, on this device.
    #[command(after_help = "Examples:\n  allod mute Budget --hours 8\n  allod mute Budget\n  allod mute Budget --off")]
    Mute {
        /// A title, a person, or the beginning of a conversation's id.
        conversation: String,
        /// For so long; else until you change it.
        #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=8_760))]
        hours: Option<u32>,
        /// Notices again.
        #[arg(long, conflicts_with = "hours")]
        off: bool,
    },
    /// Put a conversation before the others, on this device.
    Pin(Switch),
    /// Put a conversation away until somebody writes there, on this device.
    Archive(Switch),
    /// The people of a conversation and their roles.
    Members {
        /// A title, a person, or the beginning of a conversation's id.
        conversation: String,
    },
    /// Add people to a group.
    Add {
        /// A title, or the beginning of a conversation's id.
        conversation: String,
        /// The people: NAME, or NAME@DOMAIN.
        #[arg(value_name = "PERSON", required = true)]
        people: Vec<Person>,
    },
    /// Remove a person from a group, with all devices.
    Remove {
        /// A title, or the beginning of a conversation's id.
        conversation: String,
        /// Who.
        person: Person,
    },
    /// Leave a conversation.
    Leave {
        /// A title, a person, or the beginning of a conversation's id.
        conversation: String,
    },
    /// Change a group's title.
    Rename {
        /// The title now, or the beginning of the conversation's id.
        conversation: String,
        /// The title from now on.
        title: String,
    },
    /// Change what somebody may do in a group.
    Role {
        /// A title, or the beginning of a conversation's id.
        conversation: String,
        /// Who.
        person: Person,
        /// The role from now on.
        role: Role,
    },
    /// Take a person's changed identity for good, after you have checked with them.
    Accept {
        /// Who.
        person: Person,
    },
    /// Compare safety numbers with a person, to see that nobody stands between you.
    #[command(
        after_help = "Read the number to each other by telephone or in person, or scan the code.\n\nExamples:\n  allod verify bob\n  allod verify bob --confirm '12345 67890 …'\n  allod verify bob --undo"
    )]
    Verify {
        /// Who.
        person: Person,
        /// The number that they have: if it is the same, keep that you compared it.
        #[arg(long, value_name = "NUMBER", conflicts_with = "undo")]
        confirm: Option<String>,
        /// Do not count them as compared any more.
        #[arg(long)]
        undo: bool,
    },
    /// Decide about a conversation in which the server was caught showing different people different things.
    Decide {
        /// A title, a person, or the beginning of a conversation's id.
        conversation: String,
        /// What to do.
        choice: Choice,
    },
    /// The people of your organisation.
    People,
    /// Make a link that lets somebody join (administrators only).
    #[command(after_help = "Examples:\n  allod invite --name carol\n  allod invite --uses 20 --days 3")]
    Invite(Invite),
    /// Your own devices.
    Devices {
        /// List them, if nothing else is said.
        #[command(subcommand)]
        command: Option<DeviceCommand>,
    },
    /// Who you are here.
    Whoami,
    /// The public record of who has which devices, and whether it is checked.
    Ledger,
    /// Administrators: change who administers and who witnesses. Two of them sign each act.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Protect what is on this device by a passphrase, or change it.
    #[command(
        after_help = "Example:\n  allod passphrase\n\nPrograms name the new one in ALLOD_NEW_PASSPHRASE, and the present one in ALLOD_PASSPHRASE."
    )]
    Passphrase,
    /// Write a backup, for the day on which this device is lost.
    #[command(
        after_help = "Example:\n  allod backup allod.backup\n\nIt opens with twelve words, which are printed once and kept nowhere. ALLOD_RECOVERY_PHRASE names those of an earlier backup instead."
    )]
    Backup {
        /// Where to.
        file: PathBuf,
        /// Replace a file that is there.
        #[arg(long)]
        force: bool,
    },
    /// Write all that you have here as pages and JSON that open without Allod.
    #[command(
        after_help = "Example:\n  allod export --to my-conversations --files\n\nWhat is written is no longer encrypted. The folder holds index.html, a page and lines of JSON for each conversation, account.json and contacts.json."
    )]
    Export {
        /// The folder: new, or empty.
        #[arg(long = "to", value_name = "FOLDER")]
        folder: PathBuf,
        /// Fetch the files in messages too, as far as the server has them still.
        #[arg(long)]
        files: bool,
    },
    /// Come back with a backup, as a new device.
    #[command(
        after_help = "Example:\n  allod restore allod.backup\n\nThe twelve words are asked for, or taken from ALLOD_RECOVERY_PHRASE."
    )]
    Restore {
        /// The backup.
        file: PathBuf,
        /// Trust only the certificates in this PEM file, instead of the system's.
        #[arg(long, value_name = "FILE")]
        ca: Option<PathBuf>,
    },
    /// Fetch what is new and send what waits.
    Sync,
    /// Print everything that happens as lines of JSON, until interrupted: for bots.
    #[command(
        after_help = "With --commands it also takes lines of JSON on standard input:\n  {\"id\":\"1\",\"send\":{\"conversation\":\"Operations\",\"text\":\"pong\"}}\n  {\"id\":\"2\",\"read\":{\"conversation\":\"Operations\",\"position\":42}}"
    )]
    Watch {
        /// Take commands on standard input, and end when it ends.
        #[arg(long)]
        commands: bool,
    },
    /// Print a completion script for your shell.
    #[command(after_help = "Example:\n  allod completions bash > ~/.local/share/bash-completion/completions/allod")]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

const EXAMPLES: &str = "\
Examples:
  allod --as alice join 'http://localhost:8480/#join/…' --name alice
  allod --as alice new --title \"Budget 2027\" bob
  allod --as alice send \"Budget 2027\" \"The draft is ready.\"
  allod --as bob read \"Budget 2027\" --follow
  allod --as bob who \"Budget 2027\"

Profiles are folders in ALLOD_HOME (else in your data folder). Their state is
encrypted: the key is in the keyring of your system, or derived from
ALLOD_PASSPHRASE, or else in a file that only you can read.

Exit status: 0 done, 1 refused, 2 wrong usage, 3 server away, 4 not found,
5 profile unusable, 6 accepted here and queued until the server is back.";

#[cfg(test)]
mod tests {
    use allod_wire::Domain;
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_name_alone_is_of_the_own_domain() {
        let domain: Domain = "example.org".parse().unwrap();
        assert_eq!("bob".parse::<Person>().unwrap().at(&domain).to_string(), "bob@example.org");
        assert_eq!("bob@other.example".parse::<Person>().unwrap().at(&domain).to_string(), "bob@other.example");
        assert!("Bob".parse::<Person>().is_err());
    }
}
