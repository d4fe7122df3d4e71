//! The static resources of a log: checkpoint, tiles, entry bundles (C2SP tlog-tiles). Spec: `spec/ledger.md`, rule G-1.

use tlog_tiles::Tile;

use crate::proof::number;
use crate::tree::{DamagedTree, Hash, Reader, StoredHashes, TREE_SIZE_MAX};

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u32 = 256;
/// A tile spans 2^8 hashes of the level below.
const TILE_HEIGHT: u8 = 8;
/// The levels that a tree of [`TREE_SIZE_MAX`] has.
const LEVELS: u8 = 6;

/// What can be asked for, below the log's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// `checkpoint`: the newest published one.
    Checkpoint,
    /// `tile/L/N[.p/W]`: hashes.
    Tile {
        /// How high in the tree.
        level: u8,
        /// Which one of that level.
        index: u64,
        /// How many hashes: [`TILE_WIDTH`] unless partial.
        width: u32,
    },
    /// `tile/entries/N[.p/W]`: entries.
    Entries {
        /// Which bundle.
        index: u64,
        /// How many entries: [`TILE_WIDTH`] unless partial.
        width: u32,
    },
}

impl Resource {
    /// Reads a path without a slash before it; `None` if it names nothing.
    pub fn parse(path: &str) -> Option<Self> {
        if path == "checkpoint" {
            return Some(Self::Checkpoint);
        }
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, u32::try_from(number(width)?).ok()?),
            None => (rest, TILE_WIDTH),
        };
        let index = index.split('/').try_fold(0u64, |index, digits| {
            let digits = digits.strip_prefix('x').unwrap_or(digits);
            let is_plain = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
            let digits: u64 = is_plain.then(|| digits.parse().ok())??;
            index.checked_mul(1000)?.checked_add(digits).filter(|index| *index <= TREE_SIZE_MAX)
        })?;
        let resource = match kind {
            "entries" => Self::Entries { index, width },
            level => Self::Tile { level: u8::try_from(number(level)?).ok().filter(|l| *l < LEVELS)?, index, width },
        };
        (width > 0 && resource.path() == path).then_some(resource)
    }

    /// The path, without a slash before it.
    pub fn path(&self) -> String {
        let (kind, index, width) = match self {
            Self::Checkpoint => return "checkpoint".to_owned(),
            Self::Tile { level, index, width } => (level.to_string(), *index, *width),
            Self::Entries { index, width } => ("entries".to_owned(), *index, *width),
        };
        let mut digits = vec![format!("{:03}", index % 1000)];
        let mut above = index / 1000;
        while above > 0 {
            digits.insert(0, format!("x{:03}", above % 1000));
            above /= 1000;
        }
        let partial = if width == TILE_WIDTH { String::new() } else { format!(".p/{width}") };
        format!("tile/{kind}/{}{partial}", digits.join("/"))
    }

    /// Whether a log of `size` entries has it.
    pub fn is_of(&self, size: u64) -> bool {
        let (level, index, width) = match *self {
            Self::Checkpoint => return true,
            Self::Tile { level, index, width } => (level, index, width),
            Self::Entries { index, width } => (0, index, width),
        };
        let hashes = size >> (u32::from(TILE_HEIGHT) * u32::from(level));
        index * u64::from(TILE_WIDTH) + u64::from(width) <= hashes
    }

    /// The bundles that hold the entries from `from` to `size`, and for each how many entries at its front are older.
    pub fn bundles(from: u64, size: u64) -> impl Iterator<Item = (Self, usize)> {
        let full = u64::from(TILE_WIDTH);
        let last = if size > from { size.div_ceil(full) } else { from / full };
        (from / full..last).map(move |index| {
            let width = (size - index * full).min(full);
            let older = from.saturating_sub(index * full);
            let width = u32::try_from(width).expect("at most the width of a tile");
            (Self::Entries { index, width }, usize::try_from(older).expect("less than the width of a tile"))
        })
    }
}

/// The bytes of a tile.
///
/// # Errors
/// [`DamagedTree`].
///
/// # Panics
/// If the tile is none of the tree ([`Resource::is_of`]).
pub fn tile<H: StoredHashes + ?Sized>(level: u8, index: u64, width: u32, stored: &H) -> Result<Vec<u8>, DamagedTree> {
    Tile::new(TILE_HEIGHT, level, index, width, false).read_data(&Reader(stored)).map_err(|_| DamagedTree)
}

/// A bundle of these entries.
///
/// # Panics
/// If an entry is longer than 65,535 bytes: ours are bounded by half of that (rule G-2).
pub fn encode_bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bundle = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).expect("an entry is bounded");
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    bundle
}

/// The entries of a bundle; `None` if they are not exactly `width`.
pub fn decode_bundle(mut bundle: &[u8], width: u32) -> Option<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    for _ in 0..width {
        let (length, rest) = bundle.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry.to_vec());
        bundle = rest;
    }
    bundle.is_empty().then_some(entries)
}

/// The hashes of a tile; `None` if they are not exactly `width`.
pub fn decode_tile(bytes: &[u8], width: u32) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    (rest.is_empty() && u32::try_from(hashes.len()) == Ok(width)).then(|| hashes.iter().copied().map(Hash).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_the_specifications_g_1() {
        let tile = |level, index, width| Resource::Tile { level, index, width };
        let cases = [
            ("checkpoint", Resource::Checkpoint),
            ("tile/0/000", tile(0, 0, 256)),
            ("tile/3/x001/x234/067", tile(3, 1_234_067, 256)),
            ("tile/1/017.p/17", tile(1, 17, 17)),
            ("tile/entries/x001/000.p/255", Resource::Entries { index: 1000, width: 255 }),
        ];
        for (path, resource) in cases {
            assert_eq!(Resource::parse(path), Some(resource));
            assert_eq!(resource.path(), path);
        }
        let none = "/checkpoint tile tile/0 tile/0/0 tile/0/0000 tile/00/000 tile/6/000 tile/0/001/000 tile/0/x000/000 \
            tile/0/x001/x000 tile/0/000.p/0 tile/0/000.p/256 tile/0/000.p/07 tile/0/000.p/ tile/entries/-01 \
            tile/0/x999/x999/x999/x999/x999/x999/x999/999 tile/data/000 tile/0/000/ tile/0/../000";
        for path in none.split_whitespace() {
            assert_eq!(Resource::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_log_has_the_tiles_of_its_size_g_1() {
        let has = |path: &str, size| Resource::parse(path).unwrap().is_of(size);
        assert!(has("tile/entries/272", 70_000) && has("checkpoint", 0));
        assert!(has("tile/0/272", 70_000) && has("tile/0/273.p/112", 70_000) && !has("tile/0/273.p/113", 70_000));
        assert!(has("tile/1/000", 70_000) && has("tile/1/001.p/17", 70_000) && !has("tile/1/001.p/18", 70_000));
        assert!(has("tile/2/000.p/1", 70_000) && !has("tile/2/000.p/2", 70_000) && !has("tile/3/000.p/1", 70_000));
        assert!(!has("tile/entries/000.p/1", 0));
    }

    #[test]
    fn new_entries_lie_in_these_bundles_g_1() {
        let bundles = |from, size| -> Vec<(String, usize)> {
            Resource::bundles(from, size).map(|(bundle, older)| (bundle.path(), older)).collect()
        };
        assert_eq!(bundles(0, 0), []);
        assert_eq!(bundles(256, 256), []);
        assert_eq!(bundles(3, 5), [("tile/entries/000.p/5".to_owned(), 3)]);
        let two = [("tile/entries/000".to_owned(), 255), ("tile/entries/001.p/1".to_owned(), 0)];
        assert_eq!(bundles(255, 257), two);
    }

    #[test]
    fn a_bundle_holds_exactly_its_entries_g_1() {
        let bundle = encode_bundle([&b"one"[..], b"", b"three"]);
        assert_eq!(decode_bundle(&bundle, 3).unwrap(), [&b"one"[..], b"", b"three"]);
        assert_eq!(decode_bundle(&bundle, 2), None);
        assert_eq!(decode_bundle(&bundle, 4), None);
        assert_eq!(decode_bundle(&bundle[..bundle.len() - 1], 3), None);
    }
}
