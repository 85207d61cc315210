//! The only tar reader and the only tar writer.

pub mod header;
pub mod pax;
pub mod read;
pub mod write;

/// Tar's unit: headers are one block, payloads are padded to whole blocks.
pub const BLOCK: u64 = 512;

/// Bytes of one header.
pub type Block = [u8; 512];
