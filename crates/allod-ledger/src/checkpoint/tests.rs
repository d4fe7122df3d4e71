use super::*;
use crate::testing::{cosigned, log_of, witness};

/// The example of C2SP's tlog-cosignature specification.
const EXAMPLE: &str = "example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
";

#[test]
fn the_specifications_example_is_read_and_written_g_1() {
    let checkpoint = CheckpointIn::decode(EXAMPLE.as_bytes()).unwrap();
    assert_eq!((checkpoint.origin(), checkpoint.body.size), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(checkpoint.bytes, EXAMPLE.as_bytes());
}

#[test]
fn what_is_not_exactly_a_checkpoint_is_refused_g_1() {
    let refused = |text: String| {
        assert_eq!(CheckpointIn::decode(text.as_bytes()), Err(CheckpointError::Malformed), "{text}");
    };
    refused(String::new());
    refused(EXAMPLE.replace("20852163", "020852163"));
    refused(EXAMPLE.replace("20852163", "-1"));
    refused(EXAMPLE.replace("20852163", "281474976710657"));
    refused(EXAMPLE.replace("20852163", "0"));
    refused(EXAMPLE.replace("jxq2I=\n", "jxq2J=\n"));
    refused(EXAMPLE.replace("\n\n", "\n"));
    refused(EXAMPLE.trim_end().to_owned());
    refused(EXAMPLE.replace("— w", "- w"));
    refused(format!("{EXAMPLE}— x y\n"));
    refused(format!("{}{EXAMPLE}", "x".repeat(CHECKPOINT_BYTES_MAX)));
}

#[test]
fn only_the_logs_own_key_makes_a_checkpoint_g_8() {
    let log = log_of(&["one"]);
    let decoded = || CheckpointIn::decode(log.at(1).as_bytes()).unwrap();
    assert_eq!(decoded().verify(log.key()), Ok(log.at(1)));
    assert_eq!(decoded().verify(&log.key_of_another_log()), Err(CheckpointError::OtherLog));
    let other_key = NoteKey::new(log.key().name(), log.key().kind(), *witness(1).key().public()).unwrap();
    assert_eq!(decoded().verify(&other_key), Err(CheckpointError::NotSigned));
    let text = String::from_utf8(log.at(1).as_bytes().to_vec()).unwrap();
    let larger = CheckpointIn::decode(text.replace("\n1\n", "\n2\n").as_bytes()).unwrap();
    assert_eq!(larger.verify(log.key()), Err(CheckpointError::NotSigned));
}

#[test]
fn a_cosignature_is_kept_only_if_it_verifies_and_the_newer_one_stands_g_12() {
    let (log, one, two) = (log_of(&["one"]), witness(1), witness(2));
    let checkpoint = cosigned(&log.at(1), &[(&one, 10), (&two, 20), (&one, 30)]);
    assert_eq!(checkpoint.seen_by(one.key()), Ok(Some(30)));
    assert_eq!(checkpoint.seen_by(two.key()), Ok(Some(20)));
    assert_eq!(checkpoint.seen_by(witness(3).key()), Ok(None));
    assert_eq!(CheckpointIn::decode(checkpoint.as_bytes()).unwrap().verify(log.key()), Ok(checkpoint.clone()));
    let of_another = log_of(&["other"]).at(1).cosign(&one, 40);
    assert_eq!(checkpoint.with_cosignature(one.key(), &of_another), Err(CheckpointError::BadCosignature));
    assert_eq!(checkpoint.with_cosignature(one.key(), "nonsense\n"), Err(CheckpointError::BadCosignature));
    let forged = [checkpoint.as_bytes(), of_another.as_bytes()].concat();
    let forged = CheckpointIn::decode(&forged).unwrap().verify(log.key()).unwrap();
    assert_eq!(forged.seen_by(one.key()), Ok(Some(30)), "the first line of a key counts");
}
