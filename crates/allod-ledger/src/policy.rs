//! Which witnesses must have seen a checkpoint (C2SP tlog-policy). Spec: `spec/ledger.md`, rule G-9.

use std::collections::BTreeMap;

use allod_crypto::ledger::NoteKeyKind;
use allod_wire::limits::{WITNESS_POLICY_BYTES_MAX, WITNESSES_MAX};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::key::NoteKey;
use crate::proof;

/// A witness of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its name in the policy.
    pub name: String,
    /// Its key.
    pub key: NoteKey,
    /// Where it takes checkpoints, if the policy says so.
    pub url: Option<String>,
}

/// A policy that reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessPolicy {
    text: String,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<Member>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    threshold: usize,
    members: Vec<Member>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

/// Why a text is no policy; the line counts from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct PolicyError {
    /// Where.
    pub line: usize,
    /// What.
    pub fault: PolicyFault,
}

/// What is wrong with a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// More than 16,384 bytes, 32 witnesses or 32 groups.
    #[error("the policy is too long")]
    TooLong,
    /// A control character.
    #[error("a control character")]
    Control,
    /// Not `witness`, `group` or `quorum` with what belongs behind it.
    #[error("expected `witness NAME KEY [URL]`, `group NAME K|any|all NAME…`, or `quorum NAME|none`")]
    Line,
    /// The key does not read, or is no witness's.
    #[error("not the key of a witness")]
    Key,
    /// The name is taken, or is `none`.
    #[error("the name is taken")]
    NameTaken,
    /// The key is there already.
    #[error("the same key stands there twice")]
    KeyTaken,
    /// No witness or group of that name stands above.
    #[error("no witness or group of that name stands above")]
    UnknownName,
    /// The member belongs to a group already.
    #[error("a member may stand in one group only, once")]
    MemberTwice,
    /// Not 1 to the number of members.
    #[error("the threshold must be from 1 to the number of members")]
    Threshold,
    /// No `quorum` line, or two.
    #[error("a policy has exactly one `quorum` line")]
    Quorum,
}

impl WitnessPolicy {
    /// `quorum none`: no witness vouches for the log.
    pub fn none() -> Self {
        "quorum none\n".parse().expect("a policy")
    }

    /// The text, as it stands in the ledger.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// All its witnesses.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Whether a quorum of witnesses is asked for at all.
    pub fn has_quorum(&self) -> bool {
        self.quorum.is_some()
    }

    /// The latest time (POSIX seconds) since when a whole quorum saw this checkpoint, counting cosignatures up to `until`.
    /// `None` if no quorum did, or none is asked for.
    ///
    /// # Errors
    /// [`CheckpointError::BadCosignature`].
    pub fn seen(&self, checkpoint: &Checkpoint, until: u64) -> Result<Option<u64>, CheckpointError> {
        let Some(quorum) = self.quorum else { return Ok(None) };
        let times = self.times(checkpoint, until)?;
        Ok(self.seen_by(quorum, &times))
    }

    /// How many of the witnesses cosigned this checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError::BadCosignature`].
    pub fn count(&self, checkpoint: &Checkpoint) -> Result<usize, CheckpointError> {
        Ok(self.times(checkpoint, u64::MAX)?.iter().flatten().count())
    }

    fn times(&self, checkpoint: &Checkpoint, until: u64) -> Result<Vec<Option<u64>>, CheckpointError> {
        let time =
            |witness: &Witness| checkpoint.seen_by(&witness.key).map(|time| time.filter(|seconds| *seconds <= until));
        self.witnesses.iter().map(time).collect()
    }

    /// A group saw it when the member that completes its threshold did, the latest first.
    fn seen_by(&self, member: Member, times: &[Option<u64>]) -> Option<u64> {
        match member {
            Member::Witness(witness) => times[witness],
            Member::Group(group) => {
                let Group { threshold, members } = &self.groups[group];
                let mut times: Vec<u64> = members.iter().filter_map(|member| self.seen_by(*member, times)).collect();
                times.sort_unstable_by(|a, b| b.cmp(a));
                times.get(threshold - 1).copied()
            }
        }
    }
}

impl std::str::FromStr for WitnessPolicy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut reading = Reading::default();
        if text.len() > WITNESS_POLICY_BYTES_MAX {
            return Err(PolicyError { line: 1, fault: PolicyFault::TooLong });
        }
        for (number, line) in text.split('\n').enumerate() {
            reading.line(line).map_err(|fault| PolicyError { line: number + 1, fault })?;
        }
        let Some(quorum) = reading.quorum else {
            return Err(PolicyError { line: text.split('\n').count(), fault: PolicyFault::Quorum });
        };
        Ok(Self { text: text.to_owned(), witnesses: reading.witnesses, groups: reading.groups, quorum })
    }
}

/// A policy while it is read.
#[derive(Default)]
struct Reading {
    names: BTreeMap<String, Member>,
    in_a_group: Vec<Member>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<Option<Member>>,
}

impl Reading {
    fn line(&mut self, line: &str) -> Result<(), PolicyFault> {
        if line.chars().any(|character| character.is_ascii_control() && character != '\t') {
            return Err(PolicyFault::Control);
        }
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["witness", name, key] => self.witness(name, key, None),
            ["witness", name, key, url] => self.witness(name, key, Some(url)),
            ["group", name, threshold, members @ ..] => self.group(name, threshold, members),
            ["quorum", name] => self.quorum(name),
            _ => Err(PolicyFault::Line),
        }
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<&&str>) -> Result<(), PolicyFault> {
        let key: NoteKey = key.parse().map_err(|_| PolicyFault::Key)?;
        if key.kind() != NoteKeyKind::Witness {
            return Err(PolicyFault::Key);
        }
        if self.witnesses.iter().any(|known| known.key.public() == key.public()) {
            return Err(PolicyFault::KeyTaken);
        }
        self.name(name, Member::Witness(self.witnesses.len()))?;
        self.witnesses.push(Witness { name: name.to_owned(), key, url: url.map(|url| (*url).to_owned()) });
        if self.witnesses.len() > WITNESSES_MAX { Err(PolicyFault::TooLong) } else { Ok(()) }
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), PolicyFault> {
        let mut found = Vec::new();
        for member in members {
            let member = *self.names.get(*member).ok_or(PolicyFault::UnknownName)?;
            if self.in_a_group.contains(&member) {
                return Err(PolicyFault::MemberTwice);
            }
            self.in_a_group.push(member);
            found.push(member);
        }
        let threshold = match threshold {
            "any" => 1,
            "all" => found.len(),
            number => proof::number(number).and_then(|number| number.try_into().ok()).ok_or(PolicyFault::Threshold)?,
        };
        if threshold == 0 || threshold > found.len() {
            return Err(PolicyFault::Threshold);
        }
        self.name(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group { threshold, members: found });
        if self.groups.len() > WITNESSES_MAX { Err(PolicyFault::TooLong) } else { Ok(()) }
    }

    fn quorum(&mut self, name: &str) -> Result<(), PolicyFault> {
        if self.quorum.is_some() {
            return Err(PolicyFault::Quorum);
        }
        let member = match name {
            "none" => None,
            name => Some(*self.names.get(name).ok_or(PolicyFault::UnknownName)?),
        };
        self.quorum = Some(member);
        Ok(())
    }

    fn name(&mut self, name: &str, member: Member) -> Result<(), PolicyFault> {
        if name == "none" || self.names.insert(name.to_owned(), member).is_some() {
            return Err(PolicyFault::NameTaken);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
