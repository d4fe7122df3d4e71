//! Who reads what.

use super::world::*;
use crate::*;

fn in_both_suites(test: impl Fn(Suite)) {
    Suite::ALL.into_iter().for_each(test);
}

#[test]
fn everybody_added_in_one_commit_reads_what_is_said() {
    in_both_suites(|suite| {
        let [mut alice, mut bob, mut carol] = conversation(suite);
        assert_eq!(alice.agreed(), bob.agreed());
        assert_eq!(alice.agreed(), carol.agreed());
        let hello = alice.say("hello");
        assert_eq!((bob.read(&hello), carol.read(&hello)), ("hello".into(), "hello".into()));
        let answer = carol.say("good morning");
        assert_eq!((alice.read(&answer), bob.read(&answer)), ("good morning".into(), "good morning".into()));
    });
}
