//! The state of a profile at rest: one table of rows in an SQLCipher database.
//!
//! Invariants:
//! - a set of writes lands whole or not at all, and is on disk when [`Vault::apply`] returns;
//! - what the file holds is ciphertext, page by page, under a key that is not in the file.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use zeroize::Zeroizing;

use crate::key::VaultKey;

/// A row: key and value.
pub(crate) type Row = (Vec<u8>, Vec<u8>);

/// An open vault.
#[derive(Debug)]
pub(crate) struct Vault {
    connection: Connection,
}

/// Why a vault cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The file does not open under this key.
    #[error("the vault does not open: wrong passphrase or key, or the file is damaged")]
    WrongKey,
    /// The database library was built without encryption: we do not write plaintext.
    #[error("this build has no SQLCipher and would write the vault unencrypted")]
    NotEncrypted,
    /// The vault was written by a newer release.
    #[error("the vault was written by a newer release (format {found}, this one knows {FORMAT})")]
    Newer {
        /// Its format.
        found: i64,
    },
    /// The disk is full. Nothing was changed.
    #[error("the disk is full: nothing was changed")]
    DiskFull,
    /// The database failed.
    #[error("the vault failed")]
    Database(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for VaultError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::WrongKey,
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            _ => Self::Database(error),
        }
    }
}

impl Vault {
    /// Opens the vault at `path`, or makes it.
    ///
    /// # Errors
    /// [`VaultError::WrongKey`] if it does not open under `key`.
    pub(crate) fn open(path: &Path, key: &VaultKey) -> Result<Self, VaultError> {
        let connection = Connection::open(path)?;
        let key = key.hex();
        let raw_key = Zeroizing::new(format!("x'{}'", key.as_str()));
        connection.pragma_update(None, "key", raw_key.as_str())?;
        // A wrong key is answered as an error: the library need not print it as well.
        connection.query_row("PRAGMA cipher_log_level = NONE", [], |_| Ok(())).optional()?;
        let cipher: Option<String> = connection.query_row("PRAGMA cipher_version", [], |row| row.get(0)).optional()?;
        if cipher.is_none_or(|version| version.is_empty()) {
            return Err(VaultError::NotEncrypted);
        }
        let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if found > FORMAT {
            return Err(VaultError::Newer { found });
        }
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA secure_delete = ON;
             PRAGMA temp_store = MEMORY;
             CREATE TABLE IF NOT EXISTS rows (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;",
        )?;
        connection.pragma_update(None, "user_version", FORMAT)?;
        Ok(Self { connection })
    }

    /// Puts everything under another key, whole or not at all.
    ///
    /// # Errors
    /// If the disk does not take it. Then the old key opens the vault as before.
    pub(crate) fn rekey(&self, key: &VaultKey) -> Result<(), VaultError> {
        // The write-ahead log holds pages under the old key: it goes first.
        self.connection.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
        let key = key.hex();
        let raw_key = Zeroizing::new(format!("x'{}'", key.as_str()));
        self.connection.pragma_update(None, "rekey", raw_key.as_str())?;
        self.connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        Ok(())
    }

    /// Writes and removes rows in one transaction. They are on disk when this returns.
    ///
    /// # Errors
    /// If the disk does not take them. Then none of them is written.
    pub(crate) fn apply<'a>(
        &mut self,
        writes: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>,
    ) -> Result<(), VaultError> {
        let transaction = self.connection.transaction()?;
        {
            let mut put = transaction.prepare_cached("INSERT OR REPLACE INTO rows (key, value) VALUES (?1, ?2)")?;
            let mut remove = transaction.prepare_cached("DELETE FROM rows WHERE key = ?1")?;
            for (key, value) in writes {
                match value {
                    Some(value) => put.execute(params![key, value])?,
                    None => remove.execute(params![key])?,
                };
            }
        }
        Ok(transaction.commit()?)
    }

    /// One row.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, VaultError> {
        let mut select = self.connection.prepare_cached("SELECT value FROM rows WHERE key = ?1")?;
        Ok(select.query_row(params![key], |row| row.get(0)).optional()?)
    }

    /// All rows but those whose key starts with one of `prefixes` (in order), in order of key.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn rows_without(&self, prefixes: &[&[u8]]) -> Result<Vec<Row>, VaultError> {
        let mut select = self.connection.prepare_cached("SELECT key, value FROM rows WHERE key >= ?1 AND key < ?2")?;
        let mut rows = Vec::new();
        let mut from = Vec::new();
        for to in prefixes.iter().map(|prefix| prefix.to_vec()).chain([vec![u8::MAX; KEY_BYTES_MAX]]) {
            for row in select.query_map(params![from, to], |row| Ok((row.get(0)?, row.get(1)?)))? {
                rows.push(row?);
            }
            from = behind_prefix(&to);
        }
        Ok(rows)
    }

    /// Up to `limit` rows from `from` up to and without `to`, the first ones first.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn first_rows(&self, from: &[u8], to: &[u8], limit: u32) -> Result<Vec<Row>, VaultError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT key, value FROM rows WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3")?;
        let rows = select.query_map(params![from, to, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Up to `limit` rows from `from` up to and without `to`, the last ones first.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn last_rows(&self, from: &[u8], to: &[u8], limit: u32) -> Result<Vec<Row>, VaultError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT key, value FROM rows WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3")?;
        let rows = select.query_map(params![from, to, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The first key behind all those that start with `prefix`.
pub(crate) fn behind_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![u8::MAX; KEY_BYTES_MAX]
}

/// Version of the vault's own format; what the rows mean is the client core's.
const FORMAT: i64 = 1;
const KEY_BYTES_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn put<'a>(key: &'a str, value: &'a str) -> (&'a [u8], Option<&'a [u8]>) {
        (key.as_bytes(), Some(value.as_bytes()))
    }

    fn keys(rows: Vec<Row>) -> Vec<String> {
        rows.into_iter().map(|(key, _)| String::from_utf8(key).unwrap()).collect()
    }

    #[test]
    fn what_was_written_is_there_after_opening_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.db");
        let key = VaultKey::random();
        let mut vault = Vault::open(&path, &key).unwrap();
        vault.apply([put("a", "1"), put("b", "2"), put("c", "3")]).unwrap();
        vault.apply([(b"b".as_slice(), None), put("c", "4")]).unwrap();
        drop(vault);
        let vault = Vault::open(&path, &key).unwrap();
        assert_eq!(keys(vault.rows_without(&[]).unwrap()), ["a", "c"]);
        assert_eq!(vault.get(b"c").unwrap().unwrap(), b"4");
        assert_eq!(vault.get(b"b").unwrap(), None);
    }

    #[test]
    fn another_key_does_not_open_the_vault_and_does_not_harm_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.db");
        let key = VaultKey::random();
        Vault::open(&path, &key).unwrap().apply([put("a", "1")]).unwrap();
        assert!(matches!(Vault::open(&path, &VaultKey::random()), Err(VaultError::WrongKey)));
        assert_eq!(Vault::open(&path, &key).unwrap().get(b"a").unwrap().unwrap(), b"1");
    }

    #[test]
    fn the_files_hold_no_plaintext() {
        let folder = tempfile::tempdir().unwrap();
        let mut vault = Vault::open(&folder.path().join("vault.db"), &VaultKey::random()).unwrap();
        vault.apply([put("the-canary-key", "the-canary-value")]).unwrap();
        let mut seen = 0;
        for file in fs::read_dir(folder.path()).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            seen += bytes.len();
            for plain in [&b"canary"[..], b"SQLite format"] {
                assert!(!bytes.windows(plain.len()).any(|window| window == plain));
            }
        }
        assert!(seen > 4096);
    }

    #[test]
    fn a_crash_leaves_whole_transactions_only() {
        let folder = tempfile::tempdir().unwrap();
        let key = VaultKey::random();
        let mut vault = Vault::open(&folder.path().join("vault.db"), &key).unwrap();
        vault.apply([put("a", "1"), put("b", "1")]).unwrap();
        let unfinished = vault.connection.transaction().unwrap();
        unfinished.execute("INSERT OR REPLACE INTO rows VALUES (?1, ?2)", params![&b"a"[..], &b"2"[..]]).unwrap();

        // What a crash leaves behind is the files as they are now.
        let after = tempfile::tempdir().unwrap();
        for file in fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), after.path().join(file.file_name())).unwrap();
        }
        let vault = Vault::open(&after.path().join("vault.db"), &key).unwrap();
        assert_eq!(vault.get(b"a").unwrap().unwrap(), b"1");
        assert_eq!(vault.get(b"b").unwrap().unwrap(), b"1");
    }

    #[test]
    fn a_range_is_read_from_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut vault = Vault::open(&folder.path().join("vault.db"), &VaultKey::random()).unwrap();
        vault.apply([put("h/1", ""), put("h/2", ""), put("h/3", ""), put("g", ""), put("i", "")]).unwrap();
        assert_eq!(keys(vault.last_rows(b"h/", b"h/3", 10).unwrap()), ["h/2", "h/1"]);
        assert_eq!(keys(vault.last_rows(b"h/", &behind_prefix(b"h/"), 2).unwrap()), ["h/3", "h/2"]);
        assert_eq!(keys(vault.rows_without(&[b"h/", b"i"]).unwrap()), ["g"]);
    }
}
