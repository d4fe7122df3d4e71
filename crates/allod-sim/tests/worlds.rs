//! A few whole worlds of each kind; the program plays a thousand.

use allod_sim::play;

fn keeps_its_promises(seeds: impl IntoIterator<Item = u64>) {
    for seed in seeds {
        let report = play(seed, false);
        assert!(report.tally.said > 0, "in world {seed} nobody said anything");
        assert_eq!(report.violations, [], "world {seed}");
    }
}

#[test]
fn worlds_with_an_honest_server_keep_their_promises_c_3_c_8_c_10() {
    keeps_its_promises([1, 2, 3, 4, 5]);
}

#[test]
fn worlds_whose_server_changes_pages_keep_their_promises_c_15() {
    keeps_its_promises([7, 17]);
}

#[test]
fn worlds_whose_server_signs_lies_keep_their_promises_c_4() {
    keeps_its_promises([8, 9, 18]);
}

#[test]
fn worlds_whose_server_gives_entries_up_unread_keep_their_promises_c_11_l_10() {
    let seeds = [306, 456, 1786];
    keeps_its_promises(seeds);
    let rejoins: u64 = seeds.into_iter().map(|seed| play(seed, false).tally.rejoins).sum();
    assert!(rejoins > 0, "nobody had to be added again");
}

#[test]
fn worlds_that_once_broke_a_promise_do_so_no_more() {
    keeps_its_promises([10, 37, 99, 264, 344, 1856]);
}

#[test]
fn a_seed_fixes_its_world() {
    assert_eq!(play(3, true).story, play(3, true).story);
}
