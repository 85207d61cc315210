//! The only tar reader and the only tar writer.

pub mod write;
