//! Many people, and a bound on what they cost.

use super::world::*;
use crate::*;

fn crowd(suite: Suite, size: u8) -> (Person, Vec<Person>, OwnCommit) {
    let mut alice = person(0);
    alice.create(suite);
    let mut people: Vec<_> = (1..=size).map(person).collect();
    let add = people.iter_mut().map(|one| one.package(suite, 1)).collect();
    let own = alice.stage(Change { add, ..Change::default() });
    alice.confirm();
    (alice, people, own)
}

#[test]
fn a_hundred_people_come_in_by_one_commit() {
    in_both_suites(|suite| {
        let (mut alice, mut people, own) = crowd(suite, 100);
        let welcome = own.welcome.unwrap();
        for n in [0, 49, 99] {
            people[n].join(&welcome, n);
            assert_eq!(people[n].agreed(), alice.agreed());
        }
        let said = people[49].say("hello");
        assert_eq!(people[99].read(&said), "hello");
        let removal = alice.stage(Change { remove: (1..=50).map(LeafIndex).collect(), ..Change::default() });
        alice.confirm();
        let view = people[99].follow(&removal.commit);
        assert_eq!((view.removed.len(), people[99].group().members().len()), (50, 51));
        assert_eq!(people[99].agreed(), alice.agreed());
        assert!(people[0].follow(&removal.commit).removes_us);
    });
}

#[test]
fn a_message_is_a_small_write_however_many_people_and_past_epochs_there_are() {
    let (mut alice, mut people, own) = crowd(Suite::HybridPq, 100);
    let bob = &mut people[0];
    bob.join(&own.welcome.unwrap(), 0);
    for _ in 0..MAX_PAST_EPOCHS {
        let own = alice.stage(Change { refresh: Refresh::Keys, ..Change::default() });
        alice.confirm();
        bob.follow(&own.commit);
    }
    let _persisted = (alice.store.take_write_set(), bob.store.take_write_set());
    let said = alice.say("hello");
    assert_eq!(bob.read(&said), "hello");
    for person in [&mut alice, bob] {
        let writes = person.store.take_write_set();
        let bytes: usize = writes.puts.iter().map(|(key, value)| key.len() + value.len()).sum();
        assert!(writes.puts.len() == 1 && bytes < 40_000, "{writes:?}: {bytes} bytes");
    }
}
