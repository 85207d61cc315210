//! The only tar writer: headers whose bytes depend on name and size alone.

use crate::error::Result;

/// How names that ustar cannot hold are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LongNames {
    /// GNU `L` records, which DALI reads without an index.
    #[default]
    Gnu,
    /// PAX `path` records.
    Pax,
}

/// Appends everything that precedes a member's bytes: long-name record if needed, then the header
/// (mode 0644, owner 0/0 without names, mtime 0, ustar; base-256 or PAX size above 8 GiB).
///
/// # Errors
/// `Invalid` for an empty name or one with a NUL byte.
pub fn header_into(_name: &[u8], _size: u64, _format: LongNames, _out: &mut Vec<u8>) -> Result<()> {
    Ok(())
}

/// Bytes that `header_into` would append.
pub fn header_len(_name: &[u8], _size: u64, _format: LongNames) -> u64 {
    0
}

/// Zero bytes after a payload of `size`.
pub const fn padding(size: u64) -> u64 {
    (512 - size % 512) % 512
}

/// The end marker: two zero blocks, nothing more.
pub const END: [u8; 1024] = [0; 1024];
