//! `spec`: which code and which tests each numbered rule of `spec/` has.
//!
//! A rule is stated once as `**X-n**` in `spec/*.md`. A citation is `X-n` in Rust code or in a vector, or `x_n` in a test's name. Whatever lies
//! in a folder `tests`, in a file `tests.rs`, below `#[cfg(test)]`, in a crate or module that exists only to test, or
//! in a vector counts as a test; all else is code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::sh::note;
use crate::workspace;

/// Crates whose whole purpose is to test the others.
const TEST_CRATES: &[&str] = &["allod-sim", "allod-e2e", "allod-drill"];
/// Modules of other crates that are test suites for their users.
const TEST_NAMES: &[&str] = &["tests", "tests.rs", "testing", "testing.rs", "contract", "contract.rs"];

/// Print rule, code and test for every numbered rule of spec/; fail on a rule that no test names.
///
/// Examples:
///   cargo xtask spec
///   cargo xtask spec L-3     # only this rule, with every place that names it
#[derive(clap::Args, Default)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Only this rule.
    rule: Option<String>,
}

/// `L-3`: ordered by letters, then by number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Rule {
    area: String,
    number: u32,
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.area, self.number)
    }
}

/// Where a rule is stated and who names it.
#[derive(Default)]
struct Places {
    stated: Vec<String>,
    code: BTreeSet<String>,
    tests: BTreeSet<String>,
}

type Rules = BTreeMap<Rule, Places>;

pub(crate) fn run(args: Args) -> Result<()> {
    let mut rules = stated()?;
    let mut faults = cited(&mut rules)?;
    let all = rules.iter().filter(|(rule, _)| args.rule.as_ref().is_none_or(|only| *only == rule.to_string()));
    for (rule, places) in all {
        print(rule, places, args.rule.is_some());
        if places.stated.len() > 1 {
            faults.push(format!("{rule} is stated more than once: {}", places.stated.join(", ")));
        }
        if places.tests.is_empty() {
            faults.push(format!("no test names {rule} ({})", places.stated.join(", ")));
        }
    }
    for fault in &faults {
        note(format!("- {fault}"));
    }
    if !faults.is_empty() {
        bail!("{} rule(s) or citation(s) without their other half", faults.len());
    }
    note(format!("{} rules, each named by a test", rules.len()));
    Ok(())
}

fn print(rule: &Rule, places: &Places, whole: bool) {
    let brief = |places: &BTreeSet<String>| match (places.len(), places.first()) {
        (0, _) | (_, None) => "-".to_owned(),
        (1, Some(first)) => first.clone(),
        (n, Some(first)) => format!("{first} +{}", n - 1),
    };
    if whole {
        println!("{rule}  {}", places.stated.join(", "));
        places.code.iter().for_each(|place| println!("  code  {place}"));
        places.tests.iter().for_each(|place| println!("  test  {place}"));
    } else {
        println!("{:<6} {:<56} {}", rule.to_string(), brief(&places.code), brief(&places.tests));
    }
}

fn stated() -> Result<Rules> {
    let mut rules = Rules::new();
    for path in workspace::files(&workspace::root().join("spec"), "md")? {
        let text = fs::read_to_string(&path)?;
        for (at, line) in text.lines().enumerate() {
            for bold in line.split("**").skip(1).step_by(2) {
                if let [rule] = &mentions(bold)[..]
                    && rule.to_string() == bold
                {
                    let place = format!("{}:{}", workspace::relative(&path), at + 1);
                    rules.entry(rule.clone()).or_default().stated.push(place);
                }
            }
        }
    }
    if rules.is_empty() {
        bail!("spec/ states no rule");
    }
    Ok(rules)
}

/// Notes every citation; returns those of rules that do not exist.
fn cited(rules: &mut Rules) -> Result<Vec<String>> {
    let areas: BTreeSet<String> = rules.keys().map(|rule| rule.area.clone()).collect();
    let mut unknown = Vec::new();
    let mut paths = workspace::files(&workspace::root().join("crates"), "rs")?;
    paths.extend(workspace::files(&workspace::root().join("spec/vectors"), "txt")?);
    for path in paths {
        let (name, text) = (workspace::relative(&path), fs::read_to_string(&path)?);
        let mut testing = is_test_file(Path::new(&name));
        for (at, line) in text.lines().enumerate() {
            testing |= line.trim_start().starts_with("#[cfg(test)]");
            let named = if testing { in_test_name(line) } else { Vec::new() };
            for rule in mentions(line).into_iter().chain(named).filter(|rule| areas.contains(&rule.area)) {
                let place = format!("{name}:{}", at + 1);
                match rules.get_mut(&rule) {
                    Some(places) if testing => places.tests.insert(place),
                    Some(places) => places.code.insert(place),
                    None => {
                        unknown.push(format!("{place} cites {rule}, which spec/ does not state"));
                        continue;
                    }
                };
            }
        }
    }
    Ok(unknown)
}

fn is_test_file(name: &Path) -> bool {
    name.components().any(|part| {
        let part = part.as_os_str().to_string_lossy();
        TEST_CRATES.contains(&&*part)
            || TEST_NAMES.contains(&&*part)
            || part == "vectors"
            || part.ends_with("_tests.rs")
    })
}

/// Every `X-n` in `text`: up to three capitals, a dash, digits, and neither letter nor digit on either side.
fn mentions(text: &str) -> Vec<Rule> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    words.filter_map(rule).collect()
}

/// Every rule in the name of the test that `line` begins: `fn a_token_is_refused_t_6()` names T-6.
fn in_test_name(line: &str) -> Vec<Rule> {
    let Some((_, name)) = line.trim_start().trim_start_matches("async ").split_once("fn ") else { return Vec::new() };
    let name = name.split('(').next().unwrap_or_default();
    let parts: Vec<&str> = name.split('_').collect();
    let pairs = parts.windows(2).filter(|pair| pair[0].len() == 1);
    pairs.filter_map(|pair| rule(&format!("{}-{}", pair[0].to_ascii_uppercase(), pair[1]))).collect()
}

fn rule(word: &str) -> Option<Rule> {
    let (area, number) = word.split_once('-')?;
    let area_fits = (1..=3).contains(&area.len()) && area.bytes().all(|b| b.is_ascii_uppercase());
    let number_fits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
    if !area_fits || !number_fits {
        return None;
    }
    Some(Rule { area: area.to_owned(), number: number.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        mentions(text).iter().map(Rule::to_string).collect()
    }

    #[test]
    fn rules_are_found_between_anything_but_letters_and_digits() {
        assert_eq!(names("(L-3, then C-12.) **W-1** `T-4`: A-5/A-6"), ["L-3", "C-12", "W-1", "T-4", "A-5", "A-6"]);
    }

    #[test]
    fn what_only_looks_like_a_rule_is_none() {
        assert!(names("x-1 SHA- ABCD-2 L-03 L-3a L_-3 AES-256-GCM").is_empty());
    }

    #[test]
    fn a_tests_name_names_rules() {
        let named = in_test_name("    fn a_changed_or_moved_block_does_not_open_b_2_l_10() {");
        assert_eq!(named.iter().map(Rule::to_string).collect::<Vec<_>>(), ["B-2", "L-10"]);
        assert!(in_test_name("let fn_name = 1;").is_empty());
    }

    #[test]
    fn rules_are_sorted_by_number_and_not_by_digit() {
        let [nine, ten] = ["L-9", "L-10"].map(|word| rule(word).unwrap());
        assert!(nine < ten);
    }

    #[test]
    fn test_files_are_told_from_code() {
        for name in ["crates/a/tests/vectors.rs", "crates/a/src/b/tests.rs", "crates/allod-sim/src/world.rs"] {
            assert!(is_test_file(Path::new(name)), "{name}");
        }
        assert!(!is_test_file(Path::new("crates/a/src/attest.rs")));
    }
}
