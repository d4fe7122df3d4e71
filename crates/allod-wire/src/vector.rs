//! Test vectors as plain files (`spec/vectors/`): one case each, readable by anybody's implementation.
//!
//! ```text
//! expect: ok
//! rule: W-2
//! comment: what this case shows
//!
//! name: 00ff…
//! ```
//! Lines before the blank line are headers; each line behind it is a named byte string in hex.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vector {
    /// `ok`, or the failure that the case must give.
    pub expect: String,
    /// The rule that it tests.
    pub rule: String,
    /// What it shows.
    pub comment: String,
    /// Named inputs and outputs.
    pub fields: BTreeMap<String, Vec<u8>>,
}

impl Vector {
    /// A case.
    pub fn new(expect: &str, rule: &str, comment: &str, fields: &[(&str, &[u8])]) -> Self {
        let fields = fields.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
        Self { expect: expect.to_owned(), rule: rule.to_owned(), comment: comment.to_owned(), fields }
    }

    /// The bytes of a field.
    ///
    /// # Panics
    /// If the case lacks it: the file is wrong.
    pub fn bytes(&self, name: &str) -> &[u8] {
        self.fields.get(name).unwrap_or_else(|| panic!("the vector has no field {name}"))
    }

    /// A field of known length.
    ///
    /// # Panics
    /// If the case lacks it or it is of another length.
    pub fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap_or_else(|_| panic!("{name} is not {N} bytes long"))
    }

    /// A field that is a number of 8 bytes, big-endian.
    ///
    /// # Panics
    /// As [`Self::array`].
    pub fn number(&self, name: &str) -> u64 {
        u64::from_be_bytes(self.array(name))
    }

    fn parse(text: &str) -> Option<Self> {
        let (headers, body) = text.split_once("\n\n")?;
        let header = |name: &str| headers.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let mut fields = BTreeMap::new();
        for line in body.lines() {
            let (name, hex) = line.split_once(':')?;
            fields.insert(name.to_owned(), HEXLOWER.decode(hex.trim().as_bytes()).ok()?);
        }
        Some(Self {
            expect: header("expect")?.to_owned(),
            rule: header("rule")?.to_owned(),
            comment: header("comment")?.to_owned(),
            fields,
        })
    }

    fn print(&self) -> String {
        let mut text = format!("expect: {}\nrule: {}\ncomment: {}\n\n", self.expect, self.rule, self.comment);
        for (name, bytes) in &self.fields {
            writeln!(text, "{name}: {}", HEXLOWER.encode(bytes)).expect("writing to a String cannot fail");
        }
        text
    }
}

/// Runs all cases of one area: `outcome` says `ok` or the name of the failure. With `ALLOD_VECTORS=update` in the environment the
/// files are first written from `cases`.
///
/// # Panics
/// As [`run_foreign_area`].
pub fn run_area(area: &str, cases: impl FnOnce() -> Vec<Vector>, outcome: impl Fn(&Vector) -> String) {
    if std::env::var_os("ALLOD_VECTORS").is_some_and(|value| value == "update") {
        write_all(&folder(area), &cases());
    }
    run_foreign_area(area, outcome);
}

/// Runs all cases of an area that somebody else's code made: nothing here writes them.
///
/// # Panics
/// If a case gives another outcome, a file cannot be read, or the area is empty or has no failing case.
pub fn run_foreign_area(area: &str, outcome: impl Fn(&Vector) -> String) {
    let folder = folder(area);
    let mut failing = 0;
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|file| file.expect("the folder can be read").path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{area} has no vectors");
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        let vector = Vector::parse(&text).unwrap_or_else(|| panic!("{}: not a vector", path.display()));
        assert_eq!(outcome(&vector), vector.expect, "{}: {}", path.display(), vector.comment);
        failing += usize::from(vector.expect != "ok");
    }
    assert!(failing > 0, "{area} has no failing vector");
}

fn folder(area: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors").join(area)
}

fn write_all(folder: &Path, cases: &[Vector]) {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).expect("the folder can be made");
    for (number, case) in cases.iter().enumerate() {
        let name = case.comment.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        std::fs::write(folder.join(format!("{:02}-{name}.txt", number + 1)), case.print())
            .expect("the file can be written");
    }
}
