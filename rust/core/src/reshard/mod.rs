//! Shards in, other shards out.
