//! Branches of the decision that a store cannot be brought to, or only slowly. The rest is in the contract suite.

use allod_wire::EntryId;

use super::*;

const ADMIN: TokenKey = TokenKey([1; 32]);
const BOB: TokenKey = TokenKey([2; 32]);
const TODAY: Day = Day(20_000);

fn log() -> LogState {
    LogState::created(LogId([7; 32]), ADMIN, TODAY)
}

fn message(changes: Vec<TokenChange>) -> NewEntry {
    NewEntry {
        id: EntryId([1; 16]),
        kind: EntryKind::Message,
        changes,
        frank: [0; 32].into(),
        payload: vec![0; 1_024].into(),
    }
}

fn commit(changes: Vec<TokenChange>) -> NewEntry {
    NewEntry { kind: EntryKind::Commit { seen: Commits(0) }, ..message(changes) }
}

fn register(n: u32, role: TokenRole) -> TokenChange {
    let mut key = [9; 32];
    key[..4].copy_from_slice(&n.to_be_bytes());
    TokenChange::Register { key: TokenKey(key), role }
}

fn accepted(log: &LogState, entry: NewEntry) -> Accepted {
    match accept_entry(log, &ADMIN, entry, None, TODAY) {
        Ok(Verdict::Now(accepted)) => accepted,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_log_has_no_more_members_than_its_maximum_w_3() {
    let mut log = log();
    for round in 0..2 {
        let keys = (0..4_095).map(|n| register(round * 4_095 + n, TokenRole::Member)).collect();
        let accepted = accepted(&log, NewEntry { kind: EntryKind::Commit { seen: log.commits }, ..commit(keys) });
        log.apply(&accepted);
    }
    assert_eq!(log.members.len(), 8_191);
    let with = |changes| NewEntry { kind: EntryKind::Commit { seen: log.commits }, ..commit(changes) };
    let two = [10_000, 10_001].map(|n| register(n, TokenRole::Member)).to_vec();
    assert_eq!(accept_entry(&log, &ADMIN, with(two.clone()), None, TODAY), Err(AppendError::Full));
    let TokenChange::Register { key, .. } = register(0, TokenRole::Member) else { unreachable!("it registers") };
    let swap = [vec![TokenChange::Revoke { key }], two].concat();
    assert!(accept_entry(&log, &ADMIN, with(swap), None, TODAY).is_ok(), "who goes makes room");
}

#[test]
fn a_log_ends_at_its_last_position_w_3() {
    let log = LogState { last: Position(POSITION_MAX), ..log() };
    assert_eq!(accept_entry(&log, &ADMIN, message(vec![]), None, TODAY), Err(AppendError::Full));
}

#[test]
fn changes_are_made_in_order_t_5() {
    let key = BOB;
    let (add, remove) = (TokenChange::Register { key, role: TokenRole::Member }, TokenChange::Revoke { key });
    let bob = Member { role: TokenRole::Member, cursor: Position(0) };
    let add_then_remove = accepted(&log(), commit(vec![add, remove])).members;
    assert_eq!(add_then_remove, [MemberChange::Set(BOB, bob), MemberChange::Gone(BOB)]);
    let remove_then_add = accepted(&log(), commit(vec![remove, add])).members;
    assert_eq!(remove_then_add, [MemberChange::Set(BOB, bob)], "revoking what is not registered changes nothing");
}

#[test]
fn an_administrator_changes_a_role_and_leaves_the_cursor_t_5() {
    let mut log = log();
    log.members.insert(BOB, Member { role: TokenRole::Member, cursor: Position(5) });
    let change = TokenChange::Register { key: BOB, role: TokenRole::Administrator };
    let bob = Member { role: TokenRole::Administrator, cursor: Position(5) };
    assert_eq!(accepted(&log, commit(vec![change])).members, [MemberChange::Set(BOB, bob)]);
}

#[test]
fn a_newcomer_needs_the_entry_that_added_it_l_10() {
    let log = LogState { last: Position(41), ..log() };
    let accepted = accepted(&log, commit(vec![register(1, TokenRole::Member)]));
    let [MemberChange::Set(_, member)] = accepted.members[..] else { panic!("{accepted:?}") };
    assert_eq!((accepted.entry.position, member.cursor), (Position(42), Position(41)));
}

#[test]
fn deciding_changes_nothing_and_the_same_arguments_give_the_same_answer() {
    let log = log();
    let before = log.clone();
    let answers = [(); 2].map(|()| accept_entry(&log, &ADMIN, commit(vec![]), None, TODAY));
    assert_eq!(answers[0], answers[1]);
    assert_eq!(log, before);
}
