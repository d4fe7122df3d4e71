use allod_wire::UnixMillis;

use crate::testing::{Who, World};

const DAY_MILLIS: u64 = 86_400_000;

fn newcomers(world: &mut World, who: Who) -> usize {
    world.core(who).new_devices().len()
}

#[test]
fn an_own_new_device_is_asked_about_until_the_user_answers_and_the_older_ones_are_not_news_to_it_a_11() {
    let mut world = World::seeded(98);
    let [alice, bob] = world.people(["alice", "bob"]);
    world.pair(alice, bob);
    assert_eq!(newcomers(&mut world, alice), 0);
    let laptop = world.second_device(alice);
    world.run_until_quiet();
    let id = world.core(laptop).me_view().unwrap().device;
    world.wait(600_000);

    let seen = world.core(alice).new_devices();
    assert_eq!(seen.iter().map(|one| one.device).collect::<Vec<_>>(), [id]);
    assert_eq!(newcomers(&mut world, laptop), 0, "the phone was there before");
    world.crash(alice);
    assert_eq!(newcomers(&mut world, alice), 1, "over a restart");
    world.act(alice, |core, _, _| Ok::<_, crate::CoreError>(core.device_known(id))).unwrap();
    world.wait(600_000);
    assert_eq!(newcomers(&mut world, alice), 0, "and not again");

    let third = world.second_device(laptop);
    world.wait(600_000);
    world.run_until_quiet();
    let third = world.core(third).me_view().unwrap().device;
    assert_eq!(newcomers(&mut world, alice), 1, "whichever device made the link");
    world.act(alice, |core, _, _| core.remove_device(third)).unwrap();
    world.run_until_quiet();
    assert_eq!(newcomers(&mut world, alice), 0, "removed is answered");
}

#[test]
fn a_backup_is_due_after_a_week_with_more_than_fifty_lines_and_again_before_its_link_ends_k_7() {
    let mut world = World::seeded(99);
    let [alice] = world.people(["alice"]);
    let (start, core) = (world.now, world.core(alice));
    let day = |days: u64| start.plus(days * DAY_MILLIS);
    let later = UnixMillis(day(8).0);
    assert!(core.is_backup_due(51, later));
    assert!(!core.is_backup_due(50, later), "little is lost");
    assert!(!core.is_backup_due(51, day(6)), "too early to ask");

    world.act(alice, |core, _, _| Ok::<_, crate::CoreError>(core.put_off_backup(later))).unwrap();
    world.crash(alice);
    let core = world.core(alice);
    assert!(!core.is_backup_due(51, day(37)) && core.is_backup_due(51, day(38)), "put off for a month");

    world.act(alice, |core, _, _| Ok::<_, crate::CoreError>(core.backup_made(day(40)))).unwrap();
    world.crash(alice);
    let core = world.core(alice);
    assert_eq!(core.last_backup(), Some(day(40)));
    assert!(!core.is_backup_due(9_999, day(374)));
    assert!(core.is_backup_due(0, day(375)), "its link is good for a month more");
}
