//! Calls of this thread that fail on purpose.

use std::{cell::Cell, io};

use super::Call;

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
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
    pub(super) const ALL: [Self; 4] = [Self::Eio, Self::Enospc, Self::Eintr, Self::Short];

    /// True if a program that does as it should is not stopped by it.
    pub(super) fn is_harmless(self) -> bool {
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
pub(super) fn with<T>(fault: Fault, n: usize, work: impl FnOnce() -> T) -> (T, bool) {
    PLANNED.set(Some((fault, n)));
    let result = work();
    (result, PLANNED.replace(None).is_none())
}
