//! The only tar reader and the only tar writer.

pub mod blocks;
mod foreign;
pub mod header;
pub mod pax;
pub mod read;
mod walk;
pub mod write;

use crate::fault::TarFault;

/// Tar's unit: headers are one block, payloads are padded to whole blocks.
pub const BLOCK: u64 = 512;

/// Bytes of one header.
pub type Block = [u8; 512];

/// What the reader lets pass. The default is strict: every anomaly is an error.
#[derive(Debug, Clone, Copy, Default)]
pub struct Policy {
    /// Skip members that are no regular files (links, sparse members, devices, unknown types, files without a name), instead of refusing them.
    /// Directories and other things without bytes that a writer puts there harmlessly are always skipped.
    pub skip_special: bool,
    /// Take a shard without end marker, or with one zero block, or with trailing bytes after it, or whose last padding is cut.
    pub lenient_end: bool,
}

/// An anomaly that the policy let pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// What it is.
    pub fault: TarFault,
    /// Where.
    pub offset: u64,
    /// Name of the member it is about; empty if it is about none.
    pub member: Vec<u8>,
}

/// How an archive ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Two zero blocks, then nothing but zeros.
    Marked,
    /// One zero block.
    Lone,
    /// No zero block.
    Missing,
}
