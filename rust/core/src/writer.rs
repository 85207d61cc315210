//! Files that appear whole or not at all: temporary name, digest while writing, fsync, rename, fsync of the folder.
