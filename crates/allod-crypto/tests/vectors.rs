//! `spec/vectors/crypto-*`: tokens, envelopes, inbox items, blob blocks, receipts, certificates; and what must not open or verify.

use allod_crypto::digest::sha256;
use allod_crypto::identity::{self, SigningSecret};
use allod_crypto::token::{self, LogSecret, TokenSecret};
use allod_crypto::{blob, envelope, inbox, receipt, whisper};
use allod_wire::account::DeviceClass;
use allod_wire::blob::BlobKey;
use allod_wire::inbox::LogSecretBytes;
use allod_wire::log::{Entry, EntryKind, NewEntry, Receipt, ReceiptBody};
use allod_wire::secrets::{Token, TokenPublic};
use allod_wire::vector::{Vector, run_area};
use allod_wire::{Day, DeviceId, EntryId, LogId, Position, UnixMillis, cbor};
use rand_core::SeedableRng;

const LOG: LogId = LogId([0x11; 32]);

fn rng() -> rand_chacha::ChaCha20Rng {
    rand_chacha::ChaCha20Rng::seed_from_u64(42)
}

fn secret(vector: &Vector) -> LogSecret {
    LogSecret::from_wire(&LogSecretBytes(vector.array("log-secret")))
}

fn expect<T, E>(result: Result<T, E>, failure: &str) -> String {
    result.map_or_else(|_| failure.to_owned(), |_| "ok".to_owned())
}

/// `good` with one field replaced: a failing case.
fn but(good: &Vector, rule: &str, failure: &str, comment: &str, field: &str, bytes: &[u8]) -> Vector {
    let mut vector = Vector { expect: failure.into(), rule: rule.into(), comment: comment.into(), ..good.clone() };
    vector.fields.insert(field.to_owned(), bytes.to_vec());
    vector
}

fn flipped(bytes: &[u8], index: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[index] ^= 1;
    bytes
}

#[test]
fn tokens_t_3() {
    let cases = || {
        let (x, log) = (TokenSecret::random(&mut rng()), LogSecret::from_wire(&LogSecretBytes([7; 32])));
        let (public, shown) = (x.public(), x.token(&log));
        let key = token::token_key(&public, &log).unwrap();
        let x = x.to_bytes();
        let fields: &[(&str, &[u8])] =
            &[("x", x.as_ref()), ("log-secret", &[7; 32]), ("public", &public.0), ("token", &shown.0), ("key", &key.0)];
        let good = Vector::new("ok", "T-3", "members and hub agree", fields);
        let not_canonical = {
            let mut order =
                *b"\xed\xd3\xf5\x5c\x1a\x63\x12\x58\xd6\x9c\xf7\xa2\xde\xf9\xde\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10";
            order[0] += 1;
            order
        };
        vec![
            but(&good, "T-6", "refused", "the neutral point", "public", &[0; 32]),
            but(&good, "T-6", "refused", "no point at all", "public", &[0xff; 32]),
            but(&good, "T-6", "refused", "the zero token", "token", &[0; 32]),
            but(&good, "T-6", "refused", "a token that is not reduced", "token", &not_canonical),
            good,
        ]
    };
    run_area("crypto-token", cases, |vector| {
        let log = secret(vector);
        let of_leaf = token::token_key(&TokenPublic(vector.array("public")), &log);
        let of_token = token::key_of_token(&Token(vector.array("token")));
        let (Ok(of_leaf), Ok(of_token)) = (of_leaf, of_token) else { return "refused".to_owned() };
        let x = TokenSecret::from_bytes(vector.array("x")).unwrap();
        assert_eq!(x.public().0, vector.array("public"));
        assert_eq!(x.token(&log).0, vector.array("token"));
        assert_eq!((of_leaf.0, of_token.0), (vector.array("key"), vector.array("key")));
        "ok".to_owned()
    });
}

#[test]
fn envelopes_l_8() {
    let cases = || {
        let log_secret = LogSecret::from_wire(&LogSecretBytes([7; 32]));
        let payload = envelope::seal(&log_secret, LOG, b"hello", &mut rng()).unwrap();
        let fields: &[(&str, &[u8])] =
            &[("log-secret", &[7; 32]), ("log", &LOG.0), ("plaintext", b"hello"), ("payload", &payload)];
        let good = Vector::new("ok", "L-8", "a short message", fields);
        vec![
            but(&good, "L-8", "does not open", "of another log", "log", &[0x12; 32]),
            but(&good, "L-8", "does not open", "under another secret", "log-secret", &[8; 32]),
            but(&good, "L-8", "does not open", "with a changed nonce", "payload", &flipped(&payload, 0)),
            but(&good, "L-8", "does not open", "with a changed last byte", "payload", &flipped(&payload, 1023)),
            but(&good, "L-8", "does not open", "of no size class", "payload", &payload[..1000]),
            but(&good, "L-8", "does not open", "empty", "payload", &[]),
            good,
        ]
    };
    run_area("crypto-envelope", cases, |vector| {
        let opened = envelope::open(&secret(vector), LogId(vector.array("log")), vector.bytes("payload"));
        if let Ok(plaintext) = &opened {
            assert_eq!(plaintext, vector.bytes("plaintext"));
        }
        expect(opened, "does not open")
    });
}

#[test]
fn whispers_m_13() {
    let cases = || {
        let said = whisper::Said { leaf: 5, types: true };
        let sealed = whisper::seal(&[7; 32], LOG, 3, said, &mut rng());
        let fields: &[(&str, &[u8])] = &[
            ("key", &[7; 32]),
            ("log", &LOG.0),
            ("epoch", &3_u64.to_be_bytes()),
            ("leaf", &5_u32.to_be_bytes()),
            ("kind", &[1]),
            ("whisper", &sealed[..]),
        ];
        let good = Vector::new("ok", "M-13", "leaf 5 types", fields);
        vec![
            but(&good, "M-13", "does not open", "of another log", "log", &[0x12; 32]),
            but(&good, "M-13", "does not open", "of another epoch", "epoch", &4_u64.to_be_bytes()),
            but(&good, "M-13", "does not open", "under another key", "key", &[8; 32]),
            but(&good, "M-13", "does not open", "with a changed nonce", "whisper", &flipped(&sealed[..], 0)),
            but(&good, "M-13", "does not open", "with a changed last byte", "whisper", &flipped(&sealed[..], 127)),
            good,
        ]
    };
    run_area("crypto-whisper", cases, |vector| {
        let epoch = u64::from_be_bytes(vector.array("epoch"));
        let opened =
            whisper::open(&vector.array("key"), LogId(vector.array("log")), epoch, &vector.array("whisper").into());
        if let Ok(said) = opened {
            assert_eq!(said.leaf.to_be_bytes(), vector.array("leaf"));
            assert_eq!([u8::from(said.types)], vector.bytes("kind"));
        }
        expect(opened, "does not open")
    });
}

#[test]
fn inbox_items_i_3() {
    let cases = || {
        let device = DeviceId([3; 16]);
        let public = inbox::InboxKey::from_seed(&[9; 32]).public();
        let sealed = inbox::seal(&public, device, b"welcome", &mut rng()).unwrap();
        let fields: &[(&str, &[u8])] = &[
            ("seed", &[9; 32]),
            ("device", &device.0),
            ("message", b"welcome"),
            ("sealed", &sealed),
            ("public", &public),
        ];
        let good = Vector::new("ok", "I-3", "an item", fields);
        vec![
            but(&good, "I-3", "does not open", "for another device", "device", &[4; 16]),
            but(&good, "I-3", "does not open", "for another key", "seed", &[8; 32]),
            but(&good, "I-3", "does not open", "with a changed post-quantum half", "sealed", &flipped(&sealed, 5)),
            but(&good, "I-3", "does not open", "with a changed classical half", "sealed", &flipped(&sealed, 1100)),
            but(&good, "I-3", "does not open", "with a changed text", "sealed", &flipped(&sealed, 1200)),
            but(&good, "I-3", "does not open", "cut", "sealed", &sealed[..1024]),
            good,
        ]
    };
    run_area("crypto-inbox", cases, |vector| {
        let key = inbox::InboxKey::from_seed(&vector.array("seed"));
        let opened = key.open(DeviceId(vector.array("device")), vector.bytes("sealed"));
        if let Ok(message) = &opened {
            assert_eq!(message.as_slice(), vector.bytes("message"));
            assert_eq!(key.public(), vector.bytes("public"));
        }
        expect(opened, "does not open")
    });
}

#[test]
fn blob_blocks_b_2() {
    let cases = || {
        let plain = vec![0x5a; 100];
        let block = blob::BlobSealer::new(BlobKey([3; 32]), 100).unwrap().seal(0, &plain);
        let digest = sha256(&block);
        let number = |number: u64| number.to_be_bytes();
        let (size, index) = (number(100), number(0));
        let fields: &[(&str, &[u8])] =
            &[("key", &[3; 32]), ("size", &size), ("index", &index), ("plain", &plain), ("block-digest", &digest[..])];
        let good = Vector::new("ok", "B-2", "a file of 100 bytes is one block", fields);
        vec![
            but(&good, "B-2", "does not open", "under another key", "key", &[4; 32]),
            but(&good, "B-2", "does not open", "as another block", "index", &number(1)),
            but(&good, "B-2", "does not open", "of a longer file", "size", &number(70_000)),
            but(&good, "B-2", "does not open", "of a shorter file", "size", &number(99)),
            good,
        ]
    };
    // The block itself (64 KiB) is made from the good case's parameters and named by its digest.
    run_area("crypto-blob", cases, |vector| {
        let block = blob::BlobSealer::new(BlobKey([3; 32]), 100).unwrap().seal(0, vector.bytes("plain"));
        assert_eq!(sha256(&block)[..], *vector.bytes("block-digest"));
        let key = BlobKey(vector.array("key"));
        let opened = blob::open_block(&key, vector.number("size"), vector.number("index"), &block);
        if let Ok(plain) = &opened {
            assert_eq!(plain, vector.bytes("plain"));
        }
        expect(opened, "does not open")
    });
}

#[test]
fn receipts_and_the_chain_l_6_l_7() {
    let entry = |payload: u8| Entry {
        position: Position(1),
        day: Day(20_781),
        new: NewEntry {
            id: EntryId([1; 16]),
            kind: EntryKind::Message,
            changes: vec![],
            frank: [2; 32].into(),
            payload: vec![payload; 1024].into(),
        },
    };
    let cases = || {
        let hub = SigningSecret::from_seed(&[6; 32]);
        let head = receipt::next_head(&receipt::first_head(LOG), &entry(3));
        let body = |log| ReceiptBody {
            log: LogId([log; 32]),
            position: Position(1),
            entry: EntryId([1; 16]),
            day: Day(20_781),
            frank: [2; 32].into(),
            head,
        };
        let bodies = [body(0x11), body(0x12), body(0x13)];
        let proof = receipt::sign_batch(&hub, &bodies).swap_remove(0);
        let signed = Receipt { body: bodies[0].clone(), proof };
        let (hub_key, bytes, first) = (hub.public(), cbor::to_vec(&signed), cbor::to_vec(&entry(3)));
        let fields: &[(&str, &[u8])] = &[("hub-key", &hub_key), ("receipt", &bytes), ("entry", &first)];
        let good = Vector::new("ok", "L-7", "the first receipt of three", fields);
        let changed = |comment: &str, change: fn(&mut Receipt)| {
            let mut receipt = signed.clone();
            change(&mut receipt);
            but(&good, "L-7", "refused", comment, "receipt", &cbor::to_vec(&receipt))
        };
        vec![
            changed("of another day", |receipt| receipt.body.day = Day(20_782)),
            changed("of another log", |receipt| receipt.body.log = LogId([0x12; 32])),
            changed("at another index", |receipt| receipt.proof.index = 1),
            changed("at an index beyond the batch", |receipt| receipt.proof.index = 3),
            changed("with a shorter path", |receipt| receipt.proof.path.truncate(1)),
            changed("with a changed signature", |receipt| receipt.proof.signature[0] ^= 1),
            but(&good, "L-7", "refused", "of another hub", "hub-key", &SigningSecret::from_seed(&[5; 32]).public()),
            but(&good, "L-6", "another chain", "for another entry", "entry", &cbor::to_vec(&entry(4))),
            good,
        ]
    };
    run_area("crypto-receipt", cases, |vector| {
        let signed: Receipt = cbor::from_slice(vector.bytes("receipt")).unwrap();
        if receipt::verify_receipt(&vector.array("hub-key"), &signed).is_err() {
            return "refused".to_owned();
        }
        let entry: Entry = cbor::from_slice(vector.bytes("entry")).unwrap();
        let head = receipt::next_head(&receipt::first_head(signed.body.log), &entry);
        if head == signed.body.head { "ok".to_owned() } else { "another chain".to_owned() }
    });
}

#[test]
fn certificates_a_3() {
    let cases = || {
        let (user, device) = (SigningSecret::from_seed(&[1; 32]), SigningSecret::from_seed(&[2; 32]));
        let address = "alice@justice.example".parse().unwrap();
        let class = DeviceClass::Web;
        let certificate = identity::certify(
            &user,
            address,
            DeviceId([3; 16]),
            class,
            &device,
            b"inbox key",
            UnixMillis(1_795_500_000_000),
        );
        let bytes = cbor::to_vec(&certificate);
        let good = Vector::new("ok", "A-3", "a certificate", &[("certificate", &bytes), ("inbox-key", b"inbox key")]);
        let mut other_name = certificate.clone();
        other_name.address = "alicf@justice.example".parse().unwrap();
        let mut other_key = certificate.clone();
        other_key.identity_key = device.public().into();
        vec![
            but(&good, "A-3", "bad signature", "for another name", "certificate", &cbor::to_vec(&other_name)),
            but(&good, "A-3", "bad signature", "by another identity", "certificate", &cbor::to_vec(&other_key)),
            but(
                &good,
                "A-3",
                "bad signature",
                "with a changed signature",
                "certificate",
                &flipped(&bytes, bytes.len() - 1),
            ),
            but(&good, "A-3", "malformed", "cut", "certificate", &bytes[..bytes.len() - 1]),
            but(&good, "A-3", "other inbox key", "with another inbox key", "inbox-key", b"another key"),
            good,
        ]
    };
    run_area("crypto-certificate", cases, |vector| match identity::verify_certificate(vector.bytes("certificate")) {
        Err(identity::IdentityError::Malformed) => "malformed".to_owned(),
        Err(_) => "bad signature".to_owned(),
        Ok(certificate) => {
            expect(identity::check_inbox_key(&certificate, vector.bytes("inbox-key")), "other inbox key")
        }
    });
}
