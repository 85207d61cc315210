//! A folder as an archive: every regular file below it, by name.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::Names;
use crate::{
    disk,
    error::{Error, Result},
    fault::ArchiveFault,
    shard,
};

/// Folders within folders; a deeper tree is no data set.
const MAX_DEPTH: usize = 64;

/// What is below a folder.
#[derive(Default)]
struct Found {
    /// A file's name with `/` between its parts, its bytes, its path.
    files: Vec<(Vec<u8>, u64, PathBuf)>,
    /// Names of folders without anything in them.
    empty: Vec<Vec<u8>>,
}

/// The path of each file, the files, and the folders without anything in them.
pub(super) fn list(
    root: &Path,
    go_on: &dyn Fn() -> Result<()>,
) -> Result<(Vec<PathBuf>, Names, Vec<Vec<u8>>)> {
    let mut found = Found::default();
    walk(root, &mut Vec::new(), 0, &mut found, go_on)?;
    let Found { mut files, mut empty } = found;
    files.sort_unstable();
    empty.sort_unstable();
    let (mut names, mut paths) = (Names::default(), Vec::with_capacity(files.len()));
    for (name, size, path) in files {
        names.push(&name, size).map_err(|e| e.in_shard(root))?;
        paths.push(path);
    }
    Ok((paths, names, empty))
}

fn walk(
    folder: &Path,
    prefix: &mut Vec<u8>,
    depth: usize,
    found: &mut Found,
    go_on: &dyn Fn() -> Result<()>,
) -> Result<()> {
    go_on()?;
    let failed = |e| Error::io(folder, e);
    if depth > MAX_DEPTH {
        return Err(Error::data("folders within folders without end").in_shard(folder));
    }
    let mut is_empty = true;
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        is_empty = false;
        let (name, kind) = (entry.file_name(), entry.file_type().map_err(failed)?);
        let before = prefix.len();
        prefix.extend_from_slice(name.as_encoded_bytes());
        if kind.is_dir() {
            prefix.push(b'/');
            walk(&entry.path(), prefix, depth + 1, found, go_on)?;
        } else if kind.is_file() {
            found.files.push((prefix.clone(), entry.metadata().map_err(failed)?.len(), entry.path()));
        } else if kind.is_symlink() {
            // It may lead anywhere, and round in circles.
            return Err(Error::archive(ArchiveFault::Link)
                .in_member(prefix)
                .in_shard(folder)
                .with_hint("put there what it leads to, or leave it out"));
        }
        prefix.truncate(before);
    }
    if let Some(name) = prefix.strip_suffix(b"/").filter(|_| is_empty) {
        found.empty.push(name.to_vec());
    }
    Ok(())
}

pub(super) fn read(path: &Path, size: u64, buffer: &mut Vec<u8>) -> Result<()> {
    let (file, now) = shard::open_regular(path)?;
    if now != size {
        return Err(Error::data(format!("the file had {size} bytes and then {now}")));
    }
    buffer.resize(size as usize, 0);
    let got = disk::pread(&file, buffer, 0).map_err(|e| Error::io(path, e))?;
    if got < buffer.len() { Err(Error::archive(ArchiveFault::Truncated)) } else { Ok(()) }
}
