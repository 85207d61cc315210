//! A plain tar as an archive, by the only tar reader.

use std::{fs::File, path::Path};

use super::{Names, Options};
use crate::{
    disk,
    error::{Error, Result},
    fault::TarFault,
    shard,
    tar::read::Reader,
};

/// Members between two questions whether to go on.
const PATIENCE: usize = 1024;

/// The file, where each member's bytes lie in it, and the members.
pub(super) fn list(
    path: &Path,
    options: Options,
    go_on: &dyn Fn() -> Result<()>,
) -> Result<(File, Vec<u64>, Names)> {
    let mut reader = Reader::open(path, options.policy())?;
    let (mut names, mut offsets) = (Names::default(), Vec::new());
    while let Some(entry) = reader.next_entry()? {
        names.push(entry.name, entry.size).map_err(|e| e.at_offset(entry.header_offset))?;
        offsets.push(entry.data_offset);
        if names.len().is_multiple_of(PATIENCE) {
            go_on()?;
        }
    }
    names.check_unique()?;
    Ok((shard::open_regular(path)?.0, offsets, names))
}

pub(super) fn read(file: &File, path: &Path, offset: u64, buffer: &mut [u8]) -> Result<()> {
    let got = disk::pread(file, buffer, offset).map_err(|e| Error::io(path, e))?;
    if got < buffer.len() { Err(Error::tar(TarFault::Truncated, offset)) } else { Ok(()) }
}
