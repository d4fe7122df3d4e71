//! What can be typed. Every option has its help here, and nowhere else.

use std::path::PathBuf;

use allod_wire::{Address, Domain, UserName};
use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// Say what a message says in another conversation.
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

/// `allod join`.
#[derive(Debug, Args)]
pub(crate) struct Join {
    /// The link; in quotes, since it contains #.
    pub(crate) link: String,
    /// Your name in the organisation, if the invitation does not say it.
    #[arg(long)]
    pub(crate) name: Option<UserName>,
    /// Trust only the certificates in this PEM file, instead of the system's.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

/// A message that is there.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// A title, a person, or the beginning of a conversation's id.
    pub(crate) conversation: String,
    /// The message: its position, the beginning of its id, or `last`.
    pub(crate) message: String,
}

/// `allod poll …`
#[derive(Debug, Subcommand)]
pub(crate) enum PollCommand {
    /// Ask.
    #[command(after_help = "Example:\n  allod poll ask Budget 'When do we meet?' Monday Tuesday --several")]
    Ask {
        /// A title, a person, or the beginning of a conversation's id.
        conversation: String,
        /// What is asked.
        question: String,
        /// What can be answered: 2 to 12.
        #[arg(value_name = "ANSWER", num_args = 2..=12, required = true)]
        answers: Vec<String>,
        /// More than one answer may be chosen.
        #[arg(long)]
        several: bool,
    },
    /// Choose answers by their numbers, instead of what you chose before; none takes your vote back.
    #[command(after_help = "Example:\n  allod poll vote Budget last 2")]
    Vote {
        #[command(flatten)]
        poll: Target,
        /// The answers, as `allod read` numbers them.
        #[arg(value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=12))]
        answers: Vec<u8>,
    },
    /// End a poll: one of yours, or in a group that you look after anybody's.
    End(Target),
}

/// `allod receipts`.
#[derive(Debug, Args)]
pub(crate) struct Receipts {
    /// A title, a person, or the beginning of a conversation's id.
    pub(crate) conversation: Option<String>,
    /// Tell others what you received and read, and see what they tell.
    #[arg(long, conflicts_with_all = ["off", "conversation"])]
    pub(crate) on: bool,
    /// Neither tell nor be told.
    #[arg(long, conflicts_with = "conversation")]
    pub(crate) off: bool,
}

/// Something that is so for a conversation, or not.
#[derive(Debug, Args)]
pub(crate) struct Switch {
    /// A title, a person, or the beginning of a conversation's id.
    pub(crate) conversation: String,
    /// Not any more.
    #[arg(long)]
    pub(crate) off: bool,
}

/// `allod search`.
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// What to look for; "in quotes" the words stand together.
    #[arg(value_name = "WORDS")]
    pub(crate) words: Vec<String>,
    /// Only in this conversation: a title, a person, or the beginning of its id.
    #[arg(long = "in", value_name = "CONVERSATION")]
    pub(crate) conversation: Option<String>,
    /// Only what this person said.
    #[arg(long, value_name = "PERSON")]
    pub(crate) from: Option<Person>,
    /// At most so many messages, the best ones.
    #[arg(long, short = 'n', value_name = "MESSAGES", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) limit: u32,
}

/// `allod invite`.
#[derive(Debug, Args)]
pub(crate) struct Invite {
    /// Only for this name.
    #[arg(long)]
    pub(crate) name: Option<UserName>,
    /// Make an administrator, who invites people and manages accounts, and reads nobody's conversations.
    #[arg(long)]
    pub(crate) admin: bool,
    /// How many people can use it.
    #[arg(long, default_value_t = 1, conflicts_with = "name", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) uses: u32,
    /// For how many days.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub(crate) days: u32,
}

/// `allod file …`
#[derive(Debug, Subcommand)]
pub(crate) enum FileCommand {
    /// Send a file. Run it again to go on after an interruption.
    #[command(
        after_help = "Of a JPEG, PNG or WebP only the picture is sent: without place, time, camera, comments.\n\nExamples:\n  allod file send bob plan.pdf --caption 'as agreed'\n  allod file send bob site.jpg --keep-metadata"
    )]
    Send {
        /// A title, a person, or the beginning of a conversation's id.
        conversation: String,
        /// The file.
        path: PathBuf,
        /// What to write with it.
        #[arg(long, default_value = "")]
        caption: String,
        /// Send a picture with all that its file says: where, when and with what it was taken.
        #[arg(long)]
        keep_metadata: bool,
    },
    /// Fetch a file. Run it again to go on after an interruption.
    #[command(after_help = "Examples:\n  allod file get bob last\n  allod file get bob 42 -o plan.pdf")]
    Get {
        /// A title, a person, or the beginning of a conversation's id.
        conversation: String,
        /// The message: its position, the beginning of its id, or `last` for the last file.
        message: String,
        /// Where to put it: a file or a folder; in the current folder under its own name if nothing is said.
        #[arg(long, short, value_name = "PATH")]
        output: Option<PathBuf>,
        /// Replace a file that is there.
        #[arg(long)]
        force: bool,
    },
}

/// `allod devices …`
#[derive(Debug, Subcommand)]
pub(crate) enum DeviceCommand {
    /// Make a link that adds one more device to your account. It is as secret as the account: open it on that device only.
    Link,
    /// Remove a device from your account and from all conversations.
    Remove {
        /// The beginning of its id.
        device: String,
    },
}

/// A role in a conversation.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Role {
    /// Talks.
    Member,
    /// Adds, removes, renames.
    Admin,
    /// Also changes roles.
    Owner,
}

impl From<Role> for allod_client_core::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Member => Self::Member,
            Role::Admin => Self::Admin,
            Role::Owner => Self::Owner,
        }
    }
}

/// What to do about a server that was caught.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Choice {
    /// Go on with what this device has.
    GoOn,
    /// Leave the conversation.
    Leave,
}

/// A person as typed: a name of the own organisation, or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Person {
    /// `bob`
    Name(UserName),
    /// `bob@example.org`
    Address(Address),
}

impl std::str::FromStr for Person {
    type Err = allod_wire::address::AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains('@') { text.parse().map(Self::Address) } else { text.parse().map(Self::Name) }
    }
}

impl Person {
    /// The whole address; a name alone is of `domain`.
    pub(crate) fn at(self, domain: &Domain) -> Address {
        match self {
            Self::Name(name) => Address { name, domain: domain.clone() },
            Self::Address(address) => address,
        }
    }
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
