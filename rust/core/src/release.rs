//! A release, whatever form it has: a folder in either layout, a shard, a glob, a brace range, or a list of them.
