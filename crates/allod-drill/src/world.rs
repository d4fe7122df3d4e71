//! A seeded world: who there is, who talks with whom, and what is said, with a canary in every field.

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

use crate::canary::{Canaries, Field};

/// How large a world is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) users: usize,
    /// The first so many users have a second device.
    pub(crate) second_devices: usize,
    pub(crate) groups: usize,
    pub(crate) pairs: usize,
    pub(crate) messages: usize,
    pub(crate) files: usize,
}

impl Size {
    /// For every change.
    pub(crate) const SMALL: Self = Self { users: 6, second_devices: 3, groups: 3, pairs: 6, messages: 120, files: 6 };
    /// The full drill.
    pub(crate) const FULL: Self =
        Self { users: 12, second_devices: 8, groups: 10, pairs: 30, messages: 1_000, files: 50 };
}

/// A conversation of the world.
#[derive(Debug)]
pub(crate) struct Talk {
    /// Indices of its people; the first starts it.
    pub(crate) people: Vec<usize>,
    /// Title of a group; none for a pair.
    pub(crate) title: Option<String>,
    /// What its first person begins and does not send.
    pub(crate) draft: String,
    /// What its first person asks.
    pub(crate) poll: String,
    /// How its first person reacts to what was said last.
    pub(crate) reaction: String,
}

/// Something that is said.
#[derive(Debug)]
pub(crate) struct Saying {
    /// Index of the conversation.
    pub(crate) talk: usize,
    /// Index of the sender.
    pub(crate) sender: usize,
    /// Whether the sender's second device says it, if there is one.
    pub(crate) second_device: bool,
    pub(crate) what: What,
}

/// A text, or a file.
#[derive(Debug)]
pub(crate) enum What {
    Text(String),
    File { name: String, content: String },
}

/// The world.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) size: Size,
    /// Names that occur nowhere else.
    pub(crate) users: Vec<String>,
    pub(crate) talks: Vec<Talk>,
    pub(crate) sayings: Vec<Saying>,
    pub(crate) canaries: Canaries,
}

impl World {
    /// The world of this seed.
    pub(crate) fn seeded(seed: u64, size: Size) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut canaries = Canaries::default();
        let users: Vec<String> = (0..size.users).map(|i| format!("person-{i}-{:06x}", rng.next_u32() >> 8)).collect();
        let talks = talks(size, &mut rng, &mut canaries);
        let mut sayings: Vec<Saying> = (0..size.messages + size.files)
            .map(|number| {
                let talk = below(&mut rng, talks.len());
                let sender = talks[talk].people[below(&mut rng, talks[talk].people.len())];
                let what = what(number < size.messages, &mut rng, &mut canaries);
                Saying { talk, sender, second_device: rng.next_u32().is_multiple_of(2), what }
            })
            .collect();
        for i in (1..sayings.len()).rev() {
            sayings.swap(i, below(&mut rng, i + 1));
        }
        Self { size, users, talks, sayings, canaries }
    }

    /// The two users of every pair that talks.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let in_talk = |talk: &Talk| {
            let people = talk.people.clone();
            people.clone().into_iter().flat_map(move |a| people.clone().into_iter().map(move |b| (a, b)))
        };
        self.talks.iter().flat_map(in_talk).filter(|(a, b)| a < b)
    }
}

fn talks(size: Size, rng: &mut ChaCha20Rng, canaries: &mut Canaries) -> Vec<Talk> {
    let mut talks: Vec<Talk> = (0..size.groups)
        .map(|_| {
            let mut people: Vec<usize> = (0..size.users).collect();
            for i in (1..people.len()).rev() {
                people.swap(i, below(rng, i + 1));
            }
            people.truncate(3 + below(rng, size.users / 2));
            let title = format!("Project {}", canaries.make(Field::GroupTitle, rng));
            talk(people, Some(title), rng, canaries)
        })
        .collect();
    let mut all: Vec<(usize, usize)> = (0..size.users).flat_map(|a| (0..a).map(move |b| (a, b))).collect();
    for _ in 0..size.pairs {
        let (a, b) = all.swap_remove(below(rng, all.len()));
        talks.push(talk(vec![a, b], None, rng, canaries));
    }
    talks
}

fn talk(people: Vec<usize>, title: Option<String>, rng: &mut ChaCha20Rng, canaries: &mut Canaries) -> Talk {
    let mut make = |field| canaries.make(field, rng);
    let (draft, poll) = (format!("On {} later", make(Field::Draft)), format!("When is {}?", make(Field::Poll)));
    Talk { people, title, draft, poll, reaction: make(Field::Reaction) }
}

fn what(text: bool, rng: &mut ChaCha20Rng, canaries: &mut Canaries) -> What {
    if text {
        return What::Text(format!("I think that {} is the point.", canaries.make(Field::Message, rng)));
    }
    let name = format!("{}.txt", canaries.make(Field::FileName, rng));
    let line = format!("Strictly {} confidential.\n", canaries.make(Field::FileBytes, rng));
    What::File { name, content: line.repeat(1 + below(rng, 2_000)) }
}

fn below(rng: &mut ChaCha20Rng, bound: usize) -> usize {
    rng.next_u32() as usize % bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_full_world_is_as_large_as_promised_and_the_same_for_the_same_seed() {
        let (world, again) = (World::seeded(7, Size::FULL), World::seeded(7, Size::FULL));
        assert_eq!(world.users, again.users);
        assert_eq!((world.users.len(), world.talks.len(), world.sayings.len()), (12, 40, 1_050));
        assert_eq!(world.canaries.0.len(), 1_000 + 2 * 50 + 10 + 3 * 40);
        assert_ne!(World::seeded(8, Size::FULL).users, world.users);
    }
}
