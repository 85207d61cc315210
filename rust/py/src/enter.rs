//! The one door across the GIL: detach, run, map the error, watch Ctrl-C.
//!
//! It owns what the process shares between calls: the thread pools and the idle codecs. The lock
//! around them is only ever taken by a thread attached to the interpreter and nothing in the locked
//! part calls Python, while `fork` is only ever called attached: no child is born with the lock held.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use pyo3::{exceptions::PyValueError, intern, prelude::*};
use turboshard::{
    codec::Codec,
    error::Result,
    pool::{Cancel, Pool, Stash},
};

use crate::{ending, error};

/// What calls share. A forked child starts with a new one: the threads of the old are not there.
struct Shared {
    /// One pool for each number of threads that was ever asked for.
    pools: Vec<Arc<Pool>>,
    codecs: Option<Arc<Stash<Codec>>>,
}

static SHARED: Mutex<Shared> = Mutex::new(Shared { pools: Vec::new(), codecs: None });

static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Another number in a forked child: what holds threads belongs to the generation that made them.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

fn shared() -> MutexGuard<'static, Shared> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a call works with.
pub(crate) struct Work<'a> {
    /// Threads to compute on.
    pub(crate) pool: &'a Pool,
    /// Decoders and their scratch, kept between calls.
    pub(crate) codecs: &'a Stash<Codec>,
    /// Python's signals.
    pub(crate) cancel: &'a Cancel<'a>,
}

/// Runs `work` detached from the interpreter on `threads` threads (`None`: as many as the facade says).
pub(crate) fn run<T: Send>(
    py: Python<'_>,
    threads: Option<i64>,
    work: impl FnOnce(&Work<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    let visit = ending::Visit::begin();
    let threads = resolve(py, threads)?;
    let (kept, codecs) = {
        let mut shared = shared();
        let kept = shared.pools.iter().find(|pool| pool.threads() == threads).cloned();
        (kept, Arc::clone(shared.codecs.get_or_insert_default()))
    };
    let pool = match kept {
        Some(pool) => pool,
        None => new_pool(py, threads)?,
    };
    let raised: Mutex<Option<PyErr>> = Mutex::new(None);
    #[allow(clippy::redundant_closure_for_method_calls)]
    // the function itself is not general enough in its lifetime
    let hook = || match if ending::is_ending() { None } else { Python::try_attach(|py| py.check_signals()) } {
        Some(Ok(())) => false,
        Some(Err(error)) => {
            *raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            true
        }
        None => true, // the interpreter is shutting down
    };
    let (result, _visit) = py.detach(|| {
        drop(visit);
        let cancel = Cancel::with_hook(&hook);
        let result = work(&Work { pool: &pool, codecs: &codecs, cancel: &cancel });
        (result, ending::Visit::begin_or_stay())
    });
    match raised.into_inner().unwrap_or_else(PoisonError::into_inner) {
        // Even if the work was done by then: a signal handler's exception must not be lost.
        Some(signal) => Err(signal),
        None => result.map_err(|failed| error::to_python(py, &failed)),
    }
}

/// As [`run`], for work that is too small to share out: no thread is ever made for it.
pub(crate) fn inline<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&mut Codec) -> Result<T> + Send,
) -> PyResult<T> {
    run(py, Some(1), |with| with.codecs.with(work))
}

/// Lets other threads run for a while.
pub(crate) fn pause(py: Python<'_>, time: Duration) {
    py.detach(|| std::thread::sleep(time));
}

fn new_pool(py: Python<'_>, threads: usize) -> PyResult<Arc<Pool>> {
    let made = Pool::new(threads).map_err(|failed| error::to_python(py, &failed))?;
    let mut shared = shared();
    // Another thread may have made the same pool meanwhile; the first one stays.
    if let Some(pool) = shared.pools.iter().find(|pool| pool.threads() == threads) {
        return Ok(Arc::clone(pool));
    }
    let pool = Arc::new(made);
    shared.pools.push(Arc::clone(&pool));
    Ok(pool)
}

/// More than this is a slip of the pen.
const MAX_THREADS: usize = 4096;

pub(crate) fn resolve(py: Python<'_>, threads: Option<i64>) -> PyResult<usize> {
    match threads.map(usize::try_from) {
        Some(Ok(threads @ 1..=MAX_THREADS)) => Ok(threads),
        Some(_) => Err(PyValueError::new_err(format!("threads must be 1 to {MAX_THREADS}"))),
        None => {
            let facade = py.import(intern!(py, "turboshard._threads"))?;
            facade.call_method0(intern!(py, "default"))?.extract()
        }
    }
}

/// CPUs this process may use: its affinity and its cgroup's quota (v1 and v2) counted.
#[pyfunction]
pub(crate) fn available_parallelism() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// For `os.register_at_fork`: forgets pools whose threads stayed in the parent.
///
/// They are leaked, not dropped: dropping would wait for threads that do not exist.
#[pyfunction]
pub(crate) fn _after_fork_in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    let mut shared = shared();
    std::mem::forget(std::mem::take(&mut shared.pools));
    std::mem::forget(shared.codecs.take());
    ending::forget_visits();
}
