//! What the verbs take.

use std::path::PathBuf;

use allod_wire::{Address, Domain, UserName};
use clap::{Args, Subcommand, ValueEnum};

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

/// What administrators do.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Who administers, how many must sign, and the witness policy.
    Status,
    /// Make people administrators.
    #[command(after_help = "Example:\n  allod admin add bob")]
    Add {
        /// NAME, or NAME@DOMAIN: people whom this device knows.
        #[arg(required = true, value_name = "PERSON")]
        people: Vec<Person>,
        /// Where to leave the act if it needs another signature [default: act-NUMBER.allod].
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Make people administrators no more.
    #[command(after_help = "Example:\n  allod admin remove bob")]
    Remove {
        /// NAME, or NAME@DOMAIN.
        #[arg(required = true, value_name = "PERSON")]
        people: Vec<Person>,
        /// Where to leave the act if it needs another signature [default: act-NUMBER.allod].
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Change which witnesses must see the public record: a tlog-policy file.
    #[command(
        after_help = "Example:\n  allod admin witnesses policy.txt\n\nwhere policy.txt says, with keys as `allodd ledger` prints them:\n  witness finance finance.example/witness+… https://chat.finance.example/witness\n  quorum finance"
    )]
    Witnesses {
        /// The policy.
        policy: PathBuf,
        /// Where to leave the act if it needs another signature [default: act-NUMBER.allod].
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Name the key whose releases count from then on.
    #[command(after_help = "Example:\n  allod admin release-key 9mKk…=")]
    ReleaseKey {
        /// The Ed25519 key, 32 bytes in base64.
        key: String,
        /// Where to leave the act if it needs another signature [default: act-NUMBER.allod].
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// See what another administrator has drawn up, and sign it.
    #[command(after_help = "Example:\n  allod admin sign act-2.allod")]
    Sign {
        /// The act's file.
        file: PathBuf,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}
