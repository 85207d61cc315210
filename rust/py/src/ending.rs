//! Daemon threads that outlive the interpreter.
//!
//! Before 3.14 Python unwinds such a thread when it attaches again, or wherever it runs Python code. If
//! frames of this library are below, that aborts the process. So whoever is about to attach counts itself
//! first, and the end of the interpreter waits for the count; whoever comes later stays detached for good.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, ThreadId},
    time::{Duration, Instant},
};

use pyo3::prelude::*;

use crate::enter;

static ENDED_BY: OnceLock<ThreadId> = OnceLock::new();
static VISITS: AtomicUsize = AtomicUsize::new(0);
/// A thread that hangs in Python code of its own must not keep the process alive.
const PATIENCE: Duration = Duration::from_secs(5);

/// True on every thread but the one that ends the interpreter, from then on.
pub(crate) fn is_ending() -> bool {
    ENDED_BY.get().is_some_and(|by| *by != thread::current().id())
}

/// Code of this library that is attached and may run Python code.
pub(crate) struct Visit(());

impl Visit {
    /// For a thread that is attached.
    pub(crate) fn begin() -> Self {
        VISITS.fetch_add(1, Ordering::SeqCst);
        Self(())
    }

    /// For a thread that is about to attach. Never returns if the interpreter is ending.
    pub(crate) fn begin_or_stay() -> Self {
        loop {
            // Counted before asked: the one who ends it asks in the other order.
            let visit = Self::begin();
            if !is_ending() {
                return visit;
            }
            drop(visit);
            thread::park();
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        VISITS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// For a forked child: the visitors stayed in the parent.
pub(crate) fn forget_visits() {
    VISITS.store(0, Ordering::SeqCst);
}

/// For `atexit`.
#[pyfunction]
pub(crate) fn _at_exit(py: Python<'_>) {
    ENDED_BY.get_or_init(|| thread::current().id());
    let asked = Instant::now();
    while VISITS.load(Ordering::SeqCst) > 0 && asked.elapsed() < PATIENCE {
        enter::pause(py, Duration::from_millis(1));
    }
}
