//! Shards in, other shards out.

pub mod select;
