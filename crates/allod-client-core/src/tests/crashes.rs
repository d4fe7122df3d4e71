use crate::create::New;
use crate::testing::{Who, World};

/// Runs a story again and again, with `who` crashing before its first effect, its second, and so on to the last.
fn crashing_everywhere(who: usize, story: impl Fn(&mut World, &[Who]), check: impl Fn(&mut World, &[Who], usize)) {
    for effects in 0..400 {
        let mut world = World::seeded(40);
        let people = world.people(["alice", "bob", "carol"]);
        world.crash_after(people[who], effects);
        story(&mut world, &people);
        let has_crashed = world.has_crashed(people[who]);
        world.wait(120_000);
        check(&mut world, &people, effects);
        if !has_crashed {
            assert!(effects > 5, "the story has effects");
            return;
        }
    }
    panic!("the story does not end");
}

#[test]
fn a_crash_before_any_effect_of_starting_a_conversation_loses_and_doubles_nothing() {
    let story = |world: &mut World, people: &[Who]| {
        let [alice, bob, carol] = [people[0], people[1], people[2]];
        let others = [bob, carol].map(|who| world.address(who)).to_vec();
        world.start(alice, New::Group { title: "Plan".into(), people: others });
        world.run_until_quiet();
    };
    crashing_everywhere(0, story, |world, people, effects| {
        let Some(talk) = world.core(people[0]).conversations().first().map(|one| one.log) else {
            assert_eq!(effects, 0, "lost only if it was never persisted");
            return;
        };
        world.say(people[0], talk, "here we are");
        world.run_until_quiet();
        for who in people {
            assert_eq!(world.readers(*who, talk), ["alice:1", "bob:1", "carol:1"], "crash before effect {effects}");
            assert_eq!(world.read_by(*who, talk), ["here we are"], "crash before effect {effects}");
            assert!(world.core(*who).is_quiet(), "crash before effect {effects}");
        }
    });
}

#[test]
fn a_crash_before_any_effect_of_being_invited_and_reading_loses_and_doubles_nothing() {
    let story = |world: &mut World, people: &[Who]| {
        let talk = world.conversation(people[0], [people[1], people[2]]);
        world.say(people[0], talk, "one");
        world.say(people[2], talk, "two");
        world.run_until_quiet();
    };
    crashing_everywhere(1, story, |world, people, effects| {
        let talk = world.core(people[0]).conversations()[0].log;
        assert_eq!(world.read_by(people[1], talk), ["one", "two"], "crash before effect {effects}");
        world.say(people[1], talk, "three");
        world.run_until_quiet();
        assert_eq!(world.read_by(people[2], talk), ["one", "two", "three"], "crash before effect {effects}");
    });
}

#[test]
fn a_crash_before_any_effect_of_sending_loses_and_doubles_nothing() {
    let story = |world: &mut World, people: &[Who]| {
        let talk = world.conversation(people[0], [people[1], people[2]]);
        let say = |world: &mut World, text: &str| {
            if world.core(people[0]).conversation(talk).is_some() {
                world.say(people[0], talk, text);
            }
        };
        say(world, "one");
        say(world, "two");
        world.run_until_quiet();
    };
    crashing_everywhere(0, story, |world, people, effects| {
        let Some(talk) = world.core(people[0]).conversations().first().map(|one| one.log) else { return };
        let read = world.read_by(people[1], talk);
        // What was persisted arrives, once and in order; what was not is the user's to write again.
        assert!(
            ["one", "two"].ends_with(&read.iter().map(String::as_str).collect::<Vec<_>>()) || read == ["one"],
            "{effects}: {read:?}"
        );
        assert_eq!(world.read_by(people[0], talk), read, "crash before effect {effects}");
    });
}

#[test]
fn a_crash_before_any_effect_of_a_deletion_leaves_nothing_of_the_text_m_15() {
    let story = |world: &mut World, people: &[Who]| {
        let talk = world.pair(people[1], people[0]);
        world.say(people[1], talk, "xylophone");
        world.run_until_quiet();
        let said = world.line(people[1], talk, "xylophone");
        world.send(people[1], |core, now, rng| core.delete_for_everyone(&said, now, rng)).unwrap();
        world.run_until_quiet();
    };
    crashing_everywhere(0, story, |world, people, effects| {
        let holds = |value: &Vec<u8>| value.windows(9).any(|window| window == b"xylophone");
        assert!(!world.vault(people[0]).values().any(holds), "crash before effect {effects}");
        assert!(world.core(people[0]).is_quiet(), "crash before effect {effects}");
    });
}
