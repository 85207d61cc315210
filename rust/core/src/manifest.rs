//! `SHA256SUMS` and `release_manifest.json`: what a release says of its shards.
