//! Size classes: what is stored has one of few lengths, so its length says little (rules L-8, B-1).

use crate::limits::{BLOB_BLOCK_BYTES, BLOB_BYTES_MAX, ENTRY_PAYLOAD_BYTES_MAX};

/// Smallest payload of an entry, in bytes.
pub const ENTRY_CLASS_MIN: usize = 1 << 10;

/// The smallest entry class that holds `bytes`: a power of two from 1 KiB to 4 MiB, 13 classes. `None` beyond.
pub fn entry_class(bytes: usize) -> Option<usize> {
    let class = bytes.max(ENTRY_CLASS_MIN).checked_next_power_of_two()?;
    (class <= ENTRY_PAYLOAD_BYTES_MAX).then_some(class)
}

/// Whether a payload of `bytes` fills its class exactly.
pub fn is_entry_class(bytes: usize) -> bool {
    entry_class(bytes) == Some(bytes)
}

/// The smallest blob class that holds `bytes`: a power of two from 64 KiB to 2 GiB, 16 classes. `None` beyond.
pub fn blob_class(bytes: u64) -> Option<u64> {
    let class = bytes.max(BLOB_BLOCK_BYTES as u64).checked_next_power_of_two()?;
    (class <= BLOB_BYTES_MAX).then_some(class)
}

/// Whether a blob of `bytes` fills its class exactly.
pub fn is_blob_class(bytes: u64) -> bool {
    blob_class(bytes) == Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_thirteen_entry_classes_and_sixteen_blob_classes() {
        assert_eq!((0..=64).filter(|bits| is_entry_class(1usize.checked_shl(*bits).unwrap_or(0))).count(), 13);
        assert_eq!((0..=63).filter(|bits| is_blob_class(1 << bits)).count(), 16);
    }

    #[test]
    fn a_payload_lands_in_the_class_above_it_l_8() {
        assert_eq!(entry_class(0), Some(1024));
        assert_eq!(entry_class(1025), Some(2048));
        assert_eq!(entry_class(ENTRY_PAYLOAD_BYTES_MAX + 1), None);
        assert!(!is_entry_class(1025));
    }
}
