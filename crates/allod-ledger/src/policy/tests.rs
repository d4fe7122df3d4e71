use super::*;
use crate::testing::{cosigned, log_of, witness};

fn keys() -> Vec<String> {
    (1..=5).map(|n| witness(n).key().to_string()).collect()
}

/// Two of X1, X2, X3 and any of Y1, Y2.
fn x_and_y() -> String {
    let [x1, x2, x3, y1, y2] = keys().try_into().unwrap();
    format!(
        "# two organisations\n\nwitness X1 {x1} https://x.example/witness\nwitness X2 {x2}\n  witness\tX3 {x3}\n\
         witness Y1 {y1}\nwitness Y2 {y2}\ngroup X 2 X1 X2 X3\ngroup Y any Y1 Y2\ngroup both all X Y\nquorum both\n"
    )
}

fn seen(policy: &str, times: &[(u8, u64)], until: u64) -> Option<u64> {
    let signers: Vec<_> = times.iter().map(|(n, seconds)| (witness(*n), *seconds)).collect();
    let witnesses: Vec<_> = signers.iter().map(|(signer, seconds)| (signer, *seconds)).collect();
    let checkpoint = cosigned(&log_of(&["one"]).at(1), &witnesses);
    policy.parse::<WitnessPolicy>().unwrap().seen(&checkpoint, until).unwrap()
}

#[test]
fn a_quorum_is_what_its_groups_say_g_9() {
    let policy = x_and_y();
    let seen = |times: &[(u8, u64)]| seen(&policy, times, u64::MAX);
    assert_eq!(seen(&[(1, 10), (2, 20), (4, 30)]), Some(10));
    assert_eq!(seen(&[(1, 10), (2, 20), (3, 25), (5, 30)]), Some(20), "the latest two of X");
    assert_eq!(seen(&[(1, 10), (2, 20), (3, 30)]), None, "nobody of Y");
    assert_eq!(seen(&[(1, 10), (4, 20), (5, 30)]), None, "one of X");
    assert_eq!(seen(&[]), None);
}

#[test]
fn cosignatures_from_ahead_do_not_count_g_8() {
    assert_eq!(seen(&x_and_y(), &[(1, 10), (2, 20), (3, 90), (4, 15)], 50), Some(10));
    assert_eq!(seen(&x_and_y(), &[(1, 10), (3, 90), (4, 15)], 50), None);
}

#[test]
fn a_policy_without_witnesses_is_one_g_9() {
    let policy = WitnessPolicy::none();
    assert!(!policy.has_quorum() && policy.witnesses().is_empty());
    assert_eq!(policy.seen(&log_of(&["one"]).at(1), u64::MAX), Ok(None));
}

#[test]
fn witnesses_know_where_they_are_asked_g_12() {
    let policy: WitnessPolicy = x_and_y().parse().unwrap();
    assert_eq!(policy.witnesses()[0].url.as_deref(), Some("https://x.example/witness"));
    assert_eq!(policy.witnesses()[1].url, None);
    assert_eq!(policy.as_str(), x_and_y());
}

#[test]
fn what_is_no_policy_is_refused_by_line_g_9() {
    let [x1, x2, ..]: [String; 5] = keys().try_into().unwrap();
    let log = log_of(&[]).key().to_string();
    let refused = |text: &str, line: usize, fault: PolicyFault| {
        assert_eq!(text.parse::<WitnessPolicy>(), Err(PolicyError { line, fault }), "{text}");
    };
    refused("", 1, PolicyFault::Quorum);
    refused("quorum none\nquorum none", 2, PolicyFault::Quorum);
    refused("quorum X", 1, PolicyFault::UnknownName);
    refused(&format!("log {log}\nquorum none"), 1, PolicyFault::Line);
    refused(&format!("witness X {log}\nquorum X"), 1, PolicyFault::Key);
    refused("witness X y\nquorum X", 1, PolicyFault::Key);
    refused(&format!("witness none {x1}\nquorum none"), 1, PolicyFault::NameTaken);
    refused(&format!("witness X {x1}\nwitness X {x2}\nquorum X"), 2, PolicyFault::NameTaken);
    refused(&format!("witness X {x1}\nwitness Y {x1}\nquorum X"), 2, PolicyFault::KeyTaken);
    refused(&format!("witness X {x1}\ngroup G 2 X\nquorum G"), 2, PolicyFault::Threshold);
    refused(&format!("witness X {x1}\ngroup G 0 X\nquorum G"), 2, PolicyFault::Threshold);
    refused(&format!("witness X {x1}\ngroup G +1 X\nquorum G"), 2, PolicyFault::Threshold);
    refused(&format!("witness X {x1}\ngroup G 01 X\nquorum G"), 2, PolicyFault::Threshold);
    refused("group G all\nquorum G", 1, PolicyFault::Threshold);
    refused(&format!("witness X {x1}\ngroup G any X X\nquorum G"), 2, PolicyFault::MemberTwice);
    refused(&format!("witness X {x1}\ngroup G any X\ngroup H any X\nquorum H"), 3, PolicyFault::MemberTwice);
    refused(&format!("group G any X\nwitness X {x1}\nquorum G"), 1, PolicyFault::UnknownName);
    refused("quorum none\r\n", 1, PolicyFault::Control);
    refused(&"#".repeat(WITNESS_POLICY_BYTES_MAX + 1), 1, PolicyFault::TooLong);
}
