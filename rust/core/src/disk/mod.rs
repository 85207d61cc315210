//! The calls by which bytes reach the disk and come back, in one place, so that a test can make each of them fail.
//!
//! All go on after a signal and after a call that did less than it was asked; `disk/tests.rs` proves it for each.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

#[cfg(test)]
pub(crate) mod faults;
#[cfg(test)]
mod tests;

/// What the operating system is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Open,
    Read,
    Write,
    Sync,
    Rename,
}

/// How many of `len` bytes a call is to move; an error it is to end with. Nothing but tests changes either.
#[cfg(not(test))]
#[inline]
#[allow(clippy::unnecessary_wraps)] // as its twin for tests
fn allowed(_: Call, len: usize) -> io::Result<usize> {
    Ok(len)
}
#[cfg(test)]
use faults::allowed;

/// How many of a file's `len` bytes from `offset` on can be read; an error if it is not one. As [`allowed`], of a place and
/// not of a call.
#[cfg(not(all(test, unix)))]
#[inline]
#[allow(clippy::unnecessary_wraps)] // as its twin for tests
fn readable(_: &File, _: u64, len: usize) -> io::Result<usize> {
    Ok(len)
}
#[cfg(all(test, unix))]
use faults::readable;

/// Repeats a call that a signal interrupted.
fn again<T>(call: impl Fn() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Opens a file.
pub(crate) fn open(options: &OpenOptions, path: &Path) -> io::Result<File> {
    again(|| {
        allowed(Call::Open, 0)?;
        options.open(path)
    })
}

/// Reads from `offset` until `buffer` is full or the file ends; the bytes read.
pub(crate) fn pread(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        let rest = buffer.get_mut(got..).unwrap_or_default();
        let at = offset + got as u64;
        let part = allowed(Call::Read, rest.len())
            .and_then(|len| readable(file, at, len))
            .and_then(|len| read_at(file, rest.get_mut(..len).unwrap_or_default(), at));
        match part {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// All bytes of a small file.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = open(OpenOptions::new().read(true), path)?;
    // A byte more than it has, so that one read finds the end too.
    let size = usize::try_from(file.metadata()?.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut bytes = vec![0; size.saturating_add(1)];
    let got = pread(&file, &mut bytes, 0)?;
    bytes.truncate(got);
    Ok(bytes)
}

/// A file that is written from its start to its end.
#[derive(Debug)]
pub(crate) struct Output(pub(crate) File);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = allowed(Call::Write, bytes.len())?;
        self.0.write(bytes.get(..len).unwrap_or(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes what was written last through a power cut.
pub(crate) fn sync(file: &File) -> io::Result<()> {
    again(|| {
        allowed(Call::Sync, 0)?;
        file.sync_all()
    })
}

/// Gives a file its name.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    again(|| {
        allowed(Call::Rename, 0)?;
        fs::rename(from, to)
    })
}
