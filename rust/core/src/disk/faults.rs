//! Calls of this thread, and places in a file, that fail on purpose.

use std::{cell::Cell, io};
#[cfg(unix)]
use std::{
    fs::{File, Metadata},
    ops::Range,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{PoisonError, RwLock},
};

use super::Call;

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The disk cannot be read or written.
    Eio,
    /// The disk is full; reads, and names for what is there, do not know that.
    Enospc,
    /// A signal came first. Once: the next try succeeds.
    Eintr,
    /// Half of the bytes, rounded up. Once.
    Short,
}

impl Fault {
    pub(crate) const ALL: [Self; 4] = [Self::Eio, Self::Enospc, Self::Eintr, Self::Short];

    /// True if a program that does as it should is not stopped by it.
    pub(crate) fn is_harmless(self) -> bool {
        matches!(self, Self::Eintr | Self::Short)
    }

    fn applies(self, call: Call) -> bool {
        match self {
            Self::Eio | Self::Eintr => true,
            Self::Enospc => matches!(call, Call::Open | Call::Write | Call::Sync),
            Self::Short => matches!(call, Call::Read | Call::Write),
        }
    }
}

thread_local! {
    /// The fault, and calls to which it applies before it comes.
    static PLANNED: Cell<Option<(Fault, usize)>> = const { Cell::new(None) };
}

pub(super) fn allowed(call: Call, len: usize) -> io::Result<usize> {
    let Some((fault, left)) = PLANNED.get().filter(|(fault, _)| fault.applies(call)) else { return Ok(len) };
    if left > 0 {
        PLANNED.set(Some((fault, left - 1)));
        return Ok(len);
    }
    PLANNED.set(None);
    match fault {
        Fault::Eio => Err(io::Error::from_raw_os_error(libc::EIO)),
        Fault::Enospc => Err(io::Error::from_raw_os_error(libc::ENOSPC)),
        Fault::Eintr => Err(io::Error::from_raw_os_error(libc::EINTR)),
        Fault::Short => Ok(len.div_ceil(2)),
    }
}

/// Runs `work` with its call number `n` failing; its result, and whether it came to that call.
pub(crate) fn with<T>(fault: Fault, n: usize, work: impl FnOnce() -> T) -> (T, bool) {
    PLANNED.set(Some((fault, n)));
    let result = work();
    (result, PLANNED.replace(None).is_none())
}

/// Files, by device and number, and the bytes of each that cannot be read, whichever thread tries.
#[cfg(unix)]
static BROKEN: RwLock<Vec<(u64, u64, Range<u64>)>> = RwLock::new(Vec::new());

#[cfg(unix)]
fn identity(meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

/// As a disk does it: what is before the place is read, and what begins in it is an error.
#[cfg(unix)]
pub(super) fn readable(file: &File, offset: u64, len: usize) -> io::Result<usize> {
    let broken = BROKEN.read().unwrap_or_else(PoisonError::into_inner);
    if broken.is_empty() {
        return Ok(len);
    }
    let this = identity(&file.metadata()?);
    let places =
        broken.iter().filter(|(device, number, place)| (*device, *number) == this && place.end > offset);
    match places.map(|(.., place)| place.start).min() {
        Some(start) if start <= offset => Err(io::Error::from_raw_os_error(libc::EIO)),
        Some(start) => Ok(len.min(usize::try_from(start - offset).unwrap_or(usize::MAX))),
        None => Ok(len),
    }
}

/// Runs `work` while those bytes of the file cannot be read.
#[cfg(unix)]
pub(crate) fn without<T>(path: &Path, place: Range<u64>, work: impl FnOnce() -> T) -> io::Result<T> {
    let (device, number) = identity(&path.metadata()?);
    BROKEN.write().unwrap_or_else(PoisonError::into_inner).push((device, number, place));
    let result = work();
    let mut broken = BROKEN.write().unwrap_or_else(PoisonError::into_inner);
    broken.retain(|(d, n, _)| (*d, *n) != (device, number));
    Ok(result)
}
