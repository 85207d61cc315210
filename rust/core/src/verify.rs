//! Every shard against what the release says of it.
