//! The relational attacker: ties accounts to conversations and messages by whatever the loot has in common.
//!
//! At rest it knows no schema. Every row is a bag of values; two rows that share a value, or of which one contains the other's
//! value, belong together; whatever is connected to an account's name belongs to that account. In memory it takes what lies close
//! together as belonging together. Its claims are scored against the truth, less what blind claims of the same number would score.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use aho_corasick::AhoCorasick;
use anyhow::Result;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

/// Values shorter than this tie nothing: flags, small counts, days.
const VALUE_BYTES_MIN: usize = 6;
/// A value that this many rows share says nothing about any of them.
const COMMON_ROWS: usize = 64;
/// In memory, what lies this close together is taken as belonging together, in bytes.
const NEAR_BYTES: usize = 192;

/// A row: its table, and its values.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Name of the table.
    pub(crate) table: String,
    /// Blobs and texts as they are; integers as 8 bytes, and their upper half besides.
    pub(crate) values: Vec<Vec<u8>>,
    /// Integers with their column, for the search for times.
    pub(crate) integers: Vec<(usize, i64)>,
}

/// Reads every row of every table.
///
/// # Errors
/// If the file is no database.
pub(crate) fn read_rows(database: &Path) -> Result<Vec<Row>> {
    let db = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut rows = Vec::new();
    for table in tables {
        let mut all = db.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let columns = all.column_count();
        let mut found = all.query([])?;
        while let Some(row) = found.next()? {
            let (mut values, mut integers) = (Vec::new(), Vec::new());
            for column in 0..columns {
                match row.get_ref(column)? {
                    ValueRef::Blob(bytes) | ValueRef::Text(bytes) => values.push(bytes.to_vec()),
                    ValueRef::Integer(number) => {
                        integers.push((column, number));
                        values.extend(integer_values(number));
                    }
                    ValueRef::Null | ValueRef::Real(_) => {}
                }
            }
            rows.push(Row { table: table.clone(), values, integers });
        }
    }
    Ok(rows)
}

/// A large integer can be a key; its upper half can be another table's key.
fn integer_values(number: i64) -> Vec<Vec<u8>> {
    let upper = number >> 32;
    [number, upper].into_iter().filter(|key| *key > 1 << 24).map(|key| key.to_be_bytes().to_vec()).collect()
}

/// Claims that an account belongs to an object (a conversation, a message).
pub(crate) type Claims = BTreeSet<(String, Vec<u8>)>;

/// At rest: which of `objects` (ids as they stand in the database) are connected to which account's name, through rows.
pub(crate) fn claims_at_rest(rows: &[Row], accounts: &[String], objects: &[Vec<u8>]) -> Claims {
    let neighbours = connect(rows);
    let mut rows_with: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        row.values.iter().for_each(|value| rows_with.entry(value).or_default().push(index));
    }
    let mut claims = Claims::new();
    for account in accounts {
        let start = rows_with.get(account.as_bytes()).cloned().unwrap_or_default();
        let reached = reachable(&neighbours, start);
        for object in objects {
            let holders = rows_with.get(object.as_slice()).into_iter().flatten();
            if holders.into_iter().any(|row| reached.contains(row)) {
                claims.insert((account.clone(), object.clone()));
            }
        }
    }
    claims
}

/// Rows that share a value, or of which one contains a value of the other.
fn connect(rows: &[Row]) -> Vec<BTreeSet<usize>> {
    let mut distinct: BTreeMap<&[u8], BTreeSet<usize>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        for value in row.values.iter().filter(|value| (VALUE_BYTES_MIN..=64).contains(&value.len())) {
            distinct.entry(value).or_default().insert(index);
        }
    }
    let patterns: Vec<&[u8]> = distinct.keys().copied().collect();
    let automaton = AhoCorasick::new(&patterns).expect("values are few and short");
    let mut holders: Vec<BTreeSet<usize>> = distinct.into_values().collect();
    for (index, row) in rows.iter().enumerate() {
        for value in &row.values {
            for hit in automaton.find_overlapping_iter(value) {
                holders[hit.pattern().as_usize()].insert(index);
            }
        }
    }
    let mut neighbours = vec![BTreeSet::new(); rows.len()];
    for rows in holders.iter().filter(|rows| (2..=COMMON_ROWS).contains(&rows.len())) {
        for row in rows {
            neighbours[*row].extend(rows.iter().filter(|other| *other != row));
        }
    }
    neighbours
}

fn reachable(neighbours: &[BTreeSet<usize>], start: Vec<usize>) -> BTreeSet<usize> {
    let mut reached: BTreeSet<usize> = start.iter().copied().collect();
    let mut queue = VecDeque::from(start);
    while let Some(row) = queue.pop_front() {
        queue.extend(neighbours[row].iter().copied().filter(|next| reached.insert(*next)));
    }
    reached
}

/// In memory: which of `objects` lie close to something that names an account.
pub(crate) fn claims_in_memory(memory: &[Vec<u8>], names: &[(String, Vec<u8>)], objects: &[Vec<u8>]) -> Claims {
    let patterns: Vec<&[u8]> =
        names.iter().map(|(_, bytes)| bytes.as_slice()).chain(objects.iter().map(Vec::as_slice)).collect();
    let automaton = AhoCorasick::new(&patterns).expect("ids are few and short");
    let mut claims = Claims::new();
    for piece in memory {
        let mut near: VecDeque<(usize, usize)> = VecDeque::new();
        for hit in automaton.find_overlapping_iter(piece) {
            let (which, at) = (hit.pattern().as_usize(), hit.start());
            while near.front().is_some_and(|(_, earlier)| at - earlier > NEAR_BYTES) {
                near.pop_front();
            }
            for (other, _) in &near {
                let (low, high) = (which.min(*other), which.max(*other));
                if low < names.len() && high >= names.len() {
                    claims.insert((names[low].0.clone(), objects[high - names.len()].clone()));
                }
            }
            near.push_back((which, at));
        }
    }
    claims
}

/// Claims that guessing would hit as well at least this often are guesses.
const GUESS_PROBABILITY: f64 = 0.01;

/// How much better than blind claims: the share of the truth that was claimed, less the share that as many claims at random would hit.
/// 0 if guessing would do as well in more than one of a hundred worlds: in a large memory ids lie close together by accident.
pub(crate) fn advantage<T: Ord>(claims: &BTreeSet<T>, truth: &BTreeSet<T>, possible: usize) -> f64 {
    if truth.is_empty() || possible == 0 {
        return 0.0;
    }
    let hits = claims.intersection(truth).count();
    if guessing_hits(hits, claims.len(), truth.len() as f64 / possible as f64) > GUESS_PROBABILITY {
        return 0.0;
    }
    (hits as f64 / truth.len() as f64 - claims.len() as f64 / possible as f64).max(0.0)
}

/// The probability that of `claims` blind claims at least `hits` are true, if each is with probability `density`.
fn guessing_hits(hits: usize, claims: usize, density: f64) -> f64 {
    if density >= 1.0 {
        return 1.0;
    }
    let odds = (density / (1.0 - density)).ln();
    let mut ln_exactly = claims as f64 * (1.0 - density).ln();
    let mut at_least = 0.0;
    for count in 0..=claims {
        if count >= hits {
            at_least += ln_exactly.exp();
        }
        ln_exactly += ((claims - count) as f64 / (count + 1) as f64).ln() + odds;
    }
    at_least
}

/// The finest time in the integers of `rows`, in seconds: a column most of whose values are counts of seconds, milli- or microseconds
/// near `now_secs` gives itself away. (Single values near now are random keys now and then.)
pub(crate) fn time_resolution_secs(rows: &[Row], now_secs: i64) -> f64 {
    let month = 30 * 86_400;
    let mut columns: BTreeMap<(&str, usize), Vec<i64>> = BTreeMap::new();
    for row in rows {
        row.integers
            .iter()
            .for_each(|(column, number)| columns.entry((&row.table, *column)).or_default().push(*number));
    }
    let is_time = |numbers: &[i64], per_sec: i64| {
        let near = numbers.iter().filter(|number| (*number / per_sec - now_secs).abs() < month).count();
        2 * near > numbers.len()
    };
    let units = [(1_000_000, 1e-6), (1_000, 1e-3), (1, 1.0)];
    let finest =
        columns.values().filter_map(|numbers| units.into_iter().find(|(per_sec, _)| is_time(numbers, *per_sec)));
    finest.map(|(_, secs)| secs).fold(86_400.0, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(table: &str, values: &[&[u8]]) -> Row {
        Row { table: table.into(), values: values.iter().map(|value| value.to_vec()).collect(), integers: vec![] }
    }

    #[test]
    fn what_hangs_together_through_rows_is_claimed() {
        let (log, other) = (vec![1; 32], vec![2; 32]);
        let rows = [
            row("accounts", &[b"alice1", b"device-of-alice"]),
            row("packages", &[b"device-of-alice", b"....a key package with token-key-of-alice inside...."]),
            row("members", &[b"token-key-of-alice", &log]),
            row("members", &[b"token-key-of-somebody", &other]),
        ];
        let claims = claims_at_rest(&rows, &["alice1".into()], &[log.clone(), other]);
        assert_eq!(claims, [("alice1".into(), log)].into());
    }

    #[test]
    fn what_lies_together_in_memory_is_claimed() {
        let (near, far) = (vec![1; 32], vec![2; 32]);
        let memory = [&b"alice1"[..], &[0; 100], &near, &[0; 1000], &far].concat();
        let names = [("alice".to_owned(), b"alice1".to_vec())];
        assert_eq!(claims_in_memory(&[memory], &names, &[near.clone(), far]), [("alice".into(), near)].into());
    }

    #[test]
    fn claiming_everything_is_no_advantage_and_knowing_is() {
        let claim = |i: u8| ("a".to_owned(), vec![i]);
        let truth: Claims = (0..50).map(claim).collect();
        assert_eq!(advantage(&(0..100).map(claim).collect(), &truth, 100), 0.0);
        assert_eq!(advantage(&truth, &truth, 100), 0.5);
    }

    #[test]
    fn a_few_lucky_claims_are_no_advantage_and_as_many_in_a_large_world_are() {
        let claim = |i: u8| ("a".to_owned(), vec![i]);
        let (truth, lucky): (Claims, Claims) = ((0..25).map(claim).collect(), (23..26).map(claim).collect());
        assert_eq!(advantage(&lucky, &truth, 54), 0.0);
        assert!(advantage(&lucky, &truth, 5_400) > 0.05);
        assert!((guessing_hits(1, 2, 0.5) - 0.75).abs() < 1e-9);
    }

    #[test]
    fn a_time_in_milliseconds_gives_itself_away_and_a_day_does_not() {
        let with = |numbers: &[i64]| -> Vec<Row> {
            numbers.iter().map(|number| Row { integers: vec![(0, *number)], ..row("t", &[]) }).collect()
        };
        let now = 1_795_500_000;
        assert_eq!(time_resolution_secs(&with(&[20_781, 20_782, now]), now), 86_400.0);
        assert_eq!(time_resolution_secs(&with(&[now * 1_000 + 123, now * 1_000 - 9_000]), now), 1e-3);
    }
}
