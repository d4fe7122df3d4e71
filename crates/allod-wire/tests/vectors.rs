//! `spec/vectors/wire-*`: each encoding of the protocol, and the ways in which bytes fail to be it (rules W-1, W-2, W-3).

use allod_wire::account::*;
use allod_wire::blob::{BlobKey, BlobRef, BlobState};
use allod_wire::cbor::{DecodeError, from_slice_bounded, to_vec};
use allod_wire::directory::*;
use allod_wire::inbox::*;
use allod_wire::limits::REQUEST_BYTES_MAX;
use allod_wire::log::*;
use allod_wire::mimi::MimiContent;
use allod_wire::secrets::*;
use allod_wire::socket::{ClientFrame, ServerFrame};
use allod_wire::vector::{Vector, run_area};
use allod_wire::*;
use minicbor::{Decode, Encode};

/// Runs the area of one type, whose good cases are `values`.
fn area<T: Encode<()> + for<'b> Decode<'b, ()>>(name: &str, values: Vec<T>) {
    let cases = || values.iter().enumerate().flat_map(|(i, value)| cases(i, &to_vec(value))).collect();
    run_area(&format!("wire-{name}"), cases, |vector| {
        match from_slice_bounded::<T>(vector.bytes("bytes"), REQUEST_BYTES_MAX) {
            Ok(value) => {
                assert_eq!(to_vec(&value), vector.bytes("bytes"), "encodes to the same bytes");
                "ok".to_owned()
            }
            Err(DecodeError::Malformed) => "malformed".to_owned(),
            Err(DecodeError::NotDeterministic) => "not deterministic".to_owned(),
            Err(DecodeError::TooLong { .. }) => "too long".to_owned(),
        }
    });
}

/// A good case and what can be made of it: cut, followed by something, with a longer head, of another type, empty.
fn cases(number: usize, good: &[u8]) -> Vec<Vector> {
    let case = |expect, rule, what: &str, bytes: &[u8]| {
        Vector::new(expect, rule, &format!("value {} {what}", number + 1), &[("bytes", bytes)])
    };
    let mut longer_head = good.to_vec();
    let (head, long) = (good[0], good[0] & 0x1f);
    if long < 24 {
        longer_head[0] = (head & 0xe0) | 24;
        longer_head.insert(1, long);
    }
    let mut all =
        vec![case("ok", "W-1", "decodes", good), case("malformed", "W-1", "cut by one byte", &good[..good.len() - 1])];
    all.push(case("not deterministic", "W-2", "with a byte behind it", &[good, &[0]].concat()));
    if long < 24 {
        all.push(case("not deterministic", "W-2", "with a longer head", &longer_head));
    }
    if number == 0 {
        all.push(case("malformed", "W-1", "replaced by a text", b"\x65hello"));
        all.push(case("malformed", "W-1", "replaced by nothing", b""));
    }
    all
}

fn entry() -> Entry {
    Entry { position: Position(7), day: Day(20_781), new: new_entry(EntryKind::Commit { seen: Commits(2) }) }
}

fn new_entry(kind: EntryKind) -> NewEntry {
    let register = TokenChange::Register { key: TokenKey([5; 32]), role: TokenRole::Member };
    let changes = vec![register, TokenChange::Revoke { key: TokenKey([6; 32]) }];
    NewEntry { id: EntryId([1; 16]), kind, changes, frank: [2; 32].into(), payload: vec![3; 8].into() }
}

fn receipt() -> Receipt {
    let body = ReceiptBody {
        log: LogId([1; 32]),
        position: Position(7),
        entry: EntryId([1; 16]),
        day: Day(20_781),
        frank: [2; 32].into(),
        head: [4; 32].into(),
    };
    Receipt { body, proof: ReceiptProof { index: 1, size: 2, path: vec![[9; 32].into()], signature: [8; 64].into() } }
}

fn page() -> EntriesPage {
    EntriesPage {
        entries: vec![entry()],
        receipt: Some(receipt()),
        first: Position(1),
        last: Position(7),
        commits: Commits(3),
        head_before: [3; 32].into(),
    }
}

fn certificate() -> DeviceCertificate {
    DeviceCertificate {
        address: "alice@justice.example".parse().unwrap(),
        device: DeviceId([1; 16]),
        class: DeviceClass::Installed,
        identity_key: [2; 32].into(),
        signature_key: [3; 32].into(),
        inbox_key_digest: [4; 32].into(),
        created: Day(20_781),
        signature: [5; 64].into(),
    }
}

#[test]
fn logs_w_1() {
    area("new-entry", vec![new_entry(EntryKind::Message), new_entry(EntryKind::Commit { seen: Commits(300) })]);
    area("receipt", vec![receipt()]);
    area("entries-page", vec![page(), EntriesPage { entries: vec![], receipt: None, ..page() }]);
    area("create-log", vec![CreateLog { ticket: Ticket([1; 32]), first: TokenKey([2; 32]) }]);
    area(
        "entry-context",
        vec![EntryContext { seen: HeadSeen { position: Position(0), head: [1; 32].into() }, frank: [2; 32].into() }],
    );
    area("cursor", vec![Cursor { position: Position(70_000) }]);
    area("blob-state", vec![BlobState { size: 65_536, received: 0, expires: Day(20_000) }]);
}

#[test]
fn inboxes_w_1() {
    let shared = BlobRef { blob: BlobId([1; 32]), key: BlobKey([2; 32]), size: 9, digest: [3; 32].into() };
    let welcome = InboxMessage::Welcome {
        log: LogId([1; 32]),
        hub: "justice.example".parse().unwrap(),
        shared,
        own: vec![1, 2].into(),
        position: Position(1),
        log_secret: LogSecretBytes([7; 32]),
    };
    let rejoin = InboxMessage::Rejoin {
        log: LogId([1; 32]),
        key_package: vec![1].into(),
        certificate: vec![2].into(),
        inbox_key: vec![3].into(),
        ticket: InboxTicket([4; 32]),
    };
    let wanted = InboxMessage::HistoryWanted {
        certificate: vec![1].into(),
        logs: vec![LogId([2; 32])],
        signature: [3; 64].into(),
    };
    let part = BlobRef { blob: BlobId([1; 32]), key: BlobKey([2; 32]), size: 9, digest: [3; 32].into() };
    let history = InboxMessage::History {
        certificate: vec![1].into(),
        log: LogId([2; 32]),
        parts: vec![part],
        signature: [4; 64].into(),
    };
    area("inbox-message", vec![welcome, rejoin, wanted, history]);
    area("new-inbox-item", vec![NewInboxItem { id: EntryId([1; 16]), sealed: vec![2; 4].into() }]);
    let claim = |right| ClaimKeyPackages { right, user: "bob".parse().unwrap(), devices: vec![DeviceId([1; 16])] };
    area(
        "claim-key-packages",
        vec![claim(ClaimRight::Ticket(Ticket([1; 32]))), claim(ClaimRight::Contact(ContactSecret([2; 32])))],
    );
    area("upload-key-packages", vec![UploadKeyPackages { one_time: vec![vec![1].into()], last_resort: None }]);
}

#[test]
fn accounts_w_1() {
    area("device-certificate", vec![certificate()]);
    let device = DeviceRecord { device: DeviceId([1; 16]), certificate: vec![1].into(), inbox_key: vec![2].into() };
    area("join", vec![Join { secret: InviteSecret([1; 32]), name: "alice".parse().unwrap(), device }]);
    area(
        "renew-session",
        vec![RenewSession { device: DeviceId([1; 16]), at: UnixMillis(5), signature: [1; 64].into() }],
    );
    let person = NewInvite::Person { name: None, role: AccountRole::Administrator, uses: 1, days: 7 };
    area("new-invite", vec![person, NewInvite::Device, NewInvite::Recovery]);
    area("contact-policy", vec![ContactPolicy { organisation: true, link: Some([1; 32].into()) }]);
    area("error-body", vec![ErrorBody { commits: Some(Commits(4)), ..ErrorBody::new(ErrorCode::StaleCommit, "late") }]);
}

#[test]
fn directory_w_1() {
    let entry = DirectoryEntry::new([2; 32], vec![DirectoryDevice::from(&certificate())]).unwrap();
    area("directory-entry", vec![cbor::from_slice::<DirectoryEntryIn>(&to_vec(&entry)).unwrap()]);
    let path = [&[0xab, 0xc0][..], &[0; 30]].concat().try_into().unwrap();
    let node = TreeNode { label: NodeLabel { bits: 12, path }, value: [1; 32].into() };
    let leaf = TreeNode { label: NodeLabel { bits: LEAF_BITS, path: [7; 32] }, value: [2; 32].into() };
    let step = PathStep { parent: NodeLabel { bits: 0, path: [0; 32] }, sibling: node, sibling_is_left: true };
    let present = Present { vrf: [3; 80].into(), node: InTree { node: leaf, path: vec![step] } };
    let prefix = InTree { node, path: vec![step] };
    let not = NotInTree { label: leaf.label, left: node, right: leaf, prefix };
    let absent = Absent { vrf: [4; 80].into(), node: not };
    area("append-only-proof", vec![AppendOnlyProof { inserted: vec![leaf], unchanged: vec![node] }]);
    let update = UpdateProof {
        epoch: 9,
        version: 2,
        entry: vec![1, 2].into(),
        nonce: [5; 32].into(),
        existence: present.clone(),
        replaced: Some(present.clone()),
    };
    let lookup = LookupProof {
        epoch: 9,
        version: 2,
        entry: vec![1, 2].into(),
        nonce: [5; 32].into(),
        existence: present.clone(),
        marker: present.clone(),
        freshness: absent.clone(),
    };
    area("lookup-proof", vec![lookup]);
    area("history-proof", vec![HistoryProof { updates: vec![update], past: vec![present], future: vec![absent] }]);
}

#[test]
fn frames_w_1() {
    let log = LogId([1; 32]);
    let append = ClientFrame::Append { log, entry: new_entry(EntryKind::Message) };
    let subscribe = ClientFrame::Subscribe { log, token: Token([2; 32]), after: Position(0) };
    let whisper = ClientFrame::Whisper { log, whisper: [4; 128].into() };
    area("client-frame", vec![append, subscribe, ClientFrame::Passed { log, position: Position(3) }, whisper]);
    let whisper = ServerFrame::Whisper { log, whisper: [4; 128].into() };
    let ended = ServerFrame::Ended { log, error: ErrorBody::new(ErrorCode::UnknownToken, "gone") };
    area(
        "server-frame",
        vec![ServerFrame::Entries { log, page: page() }, ServerFrame::Accepted { receipt: receipt() }, ended, whisper],
    );
}

#[test]
fn content_w_1() {
    area("mimi-content", vec![MimiContent::text([1; 16], "Bonjour à tous")]);
}
