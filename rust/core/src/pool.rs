//! Threads: the only place that knows rayon.
//!
//! One primitive, [`Pool::ordered`]: a bounded pipeline whose results come out in the order its items
//! went in. The calling thread feeds it and takes the results, so reading and writing files stays on
//! one thread, and it asks [`Cancel`] between steps; the pool's threads only compute. Results are the
//! same for any number of threads, and one thread means that nothing but the calling thread runs.

use std::{
    any::Any,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use crate::error::{Error, Kind, Result};

/// How often a waiting or busy calling thread asks whether to stop.
const POLL: Duration = Duration::from_millis(50);

/// A request to stop that workers read and the calling thread may raise.
///
/// The hook is asked on the calling thread only, at most every 50 ms; Python checks its signals there.
pub struct Cancel<'a> {
    flag: AtomicBool,
    hook: Option<&'a (dyn Fn() -> bool + Sync)>,
    asked: Mutex<Option<Instant>>,
}

impl<'a> Cancel<'a> {
    /// Never cancelled, unless [`Cancel::set`] is called.
    pub const fn never() -> Self {
        Self { flag: AtomicBool::new(false), hook: None, asked: Mutex::new(None) }
    }

    /// Cancelled as soon as `hook` returns true.
    pub const fn with_hook(hook: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self { flag: AtomicBool::new(false), hook: Some(hook), asked: Mutex::new(None) }
    }

    /// Asks everybody to stop.
    pub fn set(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// True once somebody asked to stop. Cheap; for worker threads.
    pub fn is_set(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }

    /// Asks the hook if it is due. For the calling thread, between steps of its work.
    ///
    /// # Errors
    /// [`Kind::Cancelled`] if the work is to stop.
    pub fn check(&self) -> Result<()> {
        if let Some(hook) = self.hook {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            // The first check only starts the clock: short calls never pay for the hook.
            match *asked {
                None => *asked = Some(Instant::now()),
                Some(last) if last.elapsed() >= POLL => {
                    if hook() {
                        self.set();
                    }
                    *asked = Some(Instant::now());
                }
                Some(_) => {}
            }
        }
        if self.is_set() { Err(Error::new(Kind::Cancelled)) } else { Ok(()) }
    }
}

/// Scratch of workers that are not at work: decoders and buffers kept between calls.
///
/// A worker takes one, uses it alone and puts it back, so at most as many exist as ever ran at once.
/// After a panic or an error of the worker's own making the scratch is dropped, not put back. Boxed, as decoders are tens of
/// kilobytes, which would be moved twice a call.
#[derive(Debug)]
pub struct Stash<W>(Mutex<Vec<Box<W>>>);

impl<W: Default> Stash<W> {
    /// An empty stash.
    pub const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Runs `work` with a scratch from the stash, or with a new one.
    ///
    /// # Errors
    /// Whatever `work` returns; [`Kind::Internal`] if it panics.
    pub fn with<T>(&self, work: impl FnOnce(&mut W) -> Result<T>) -> Result<T> {
        let mut scratch = self.lock().pop().unwrap_or_default();
        let result = catch_unwind(AssertUnwindSafe(|| work(&mut scratch)))
            .map_err(|panic| Error::new(Kind::Internal(panic_words(&*panic))))?;
        self.lock().push(scratch);
        result
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Box<W>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Default> Default for Stash<W> {
    fn default() -> Self {
        Self::new()
    }
}

fn panic_words(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panic").to_owned()
}

/// A number of threads to compute on.
pub struct Pool {
    threads: usize,
    rayon: Option<rayon::ThreadPool>,
}

impl Pool {
    /// A pool of that many threads; with one, no thread is made and all work runs on the caller's.
    ///
    /// # Errors
    /// [`Kind::Io`] if the operating system gives no threads.
    pub fn new(threads: usize) -> Result<Self> {
        let threads = threads.max(1);
        if threads == 1 {
            return Ok(Self { threads, rayon: None });
        }
        let rayon = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("turboshard-{i}"))
            .build()
            .map_err(|e| Error::new(Kind::Io { path: None, source: std::io::Error::other(e) }))?;
        Ok(Self { threads, rayon: Some(rayon) })
    }

    /// How many threads compute.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// What long work asks now and then whether to stop: the hook where it runs on the calling thread, which alone
    /// may ask it, the flag on the pool's.
    pub fn go_on<'a>(&self, cancel: &'a Cancel<'_>) -> impl Fn() -> Result<()> + Sync + use<'a> {
        let alone = self.rayon.is_none();
        move || match (alone, cancel.is_set()) {
            (true, _) => cancel.check(),
            (false, true) => Err(Error::new(Kind::Cancelled)),
            (false, false) => Ok(()),
        }
    }

    /// Takes items from `source` until it ends, works on at most `window` of them at a time, and gives
    /// the results to `sink` in the order of the items.
    ///
    /// `source` and `sink` run on the calling thread, `work` on the pool's. The error returned is that
    /// of the earliest item, whatever the number of threads; what `sink` took before it stands.
    ///
    /// # Errors
    /// The first error of `source`, `work` or `sink`; [`Kind::Cancelled`]; [`Kind::Internal`] if `work` panics.
    pub fn ordered<I: Send, O: Send, W: Default + Send>(
        &self,
        window: usize,
        stash: &Stash<W>,
        cancel: &Cancel<'_>,
        mut source: impl FnMut() -> Result<Option<I>>,
        work: impl Fn(&mut W, I) -> Result<O> + Sync,
        mut sink: impl FnMut(O) -> Result<()>,
    ) -> Result<()> {
        let Some(rayon) = &self.rayon else {
            while let Some(item) = source()? {
                cancel.check()?;
                sink(stash.with(|scratch| work(scratch, item))?)?;
            }
            return cancel.check();
        };
        let (done, results) = mpsc::channel::<(usize, Result<O>)>();
        let failed = AtomicBool::new(false);
        rayon.in_place_scope(|scope| {
            let mut run = || -> Result<()> {
                let (mut fed, mut taken, mut open) = (0_usize, 0_usize, true);
                // A source that fails ends the feed; its error counts only after the items before it.
                let mut ended_by = None;
                let mut waiting = BTreeMap::new();
                loop {
                    while open && fed - taken < window.max(1) {
                        match source() {
                            Ok(Some(item)) => {
                                let (done, work, failed, seq) = (done.clone(), &work, &failed, fed);
                                scope.spawn(move |_| {
                                    let result = if failed.load(Ordering::Relaxed) || cancel.is_set() {
                                        Err(Error::new(Kind::Cancelled))
                                    } else {
                                        stash.with(|scratch| work(scratch, item))
                                    };
                                    // The receiver outlives the scope's body; if that returned early, nobody listens.
                                    drop(done.send((seq, result)));
                                });
                                fed += 1;
                            }
                            Ok(None) => open = false,
                            Err(error) => {
                                open = false;
                                ended_by = Some(error);
                            }
                        }
                        cancel.check()?;
                        // Hand over what is ready before feeding more: the window then never stalls a slow source.
                        while let Ok((seq, result)) = results.try_recv() {
                            waiting.insert(seq, result);
                        }
                        while let Some(result) = waiting.remove(&taken) {
                            sink(result?)?;
                            taken += 1;
                        }
                    }
                    if taken == fed {
                        return ended_by.map_or(Ok(()), Err);
                    }
                    if let Ok((seq, result)) = results.recv_timeout(POLL) {
                        waiting.insert(seq, result);
                    }
                    while let Some(result) = waiting.remove(&taken) {
                        sink(result?)?;
                        taken += 1;
                    }
                    cancel.check()?;
                }
            };
            let result = run();
            if result.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
            result
        })
    }

    /// Runs `work` for every index below `n`.
    ///
    /// # Errors
    /// As [`Pool::ordered`]: that of the lowest index that failed.
    pub fn for_each<W: Default + Send>(
        &self,
        n: usize,
        stash: &Stash<W>,
        cancel: &Cancel<'_>,
        work: impl Fn(&mut W, usize) -> Result<()> + Sync,
    ) -> Result<()> {
        let mut next = 0..n;
        self.ordered(self.threads * 4, stash, cancel, || Ok(next.next()), work, Ok)
    }

    /// Runs `work` for every item and returns the results in the order of the items.
    ///
    /// # Errors
    /// As [`Pool::ordered`].
    pub fn map<I: Send, O: Send, W: Default + Send>(
        &self,
        items: impl IntoIterator<Item = I>,
        stash: &Stash<W>,
        cancel: &Cancel<'_>,
        work: impl Fn(&mut W, I) -> Result<O> + Sync,
    ) -> Result<Vec<O>> {
        let mut items = items.into_iter();
        let mut results = Vec::new();
        let sink = |result| {
            results.push(result);
            Ok(())
        };
        self.ordered(self.threads * 4, stash, cancel, || Ok(items.next()), work, sink)?;
        Ok(results)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_for_any_number_of_threads() {
        for threads in [1, 2, 5] {
            let pool = Pool::new(threads).unwrap();
            let squares =
                pool.map(0..1000_u64, &Stash::<()>::new(), &Cancel::never(), |(), i| Ok(i * i)).unwrap();
            assert_eq!(squares, (0..1000).map(|i| i * i).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_earliest_error_wins() {
        for threads in [1, 4] {
            let pool = Pool::new(threads).unwrap();
            let failed = pool.for_each(100, &Stash::<()>::new(), &Cancel::never(), |(), i| {
                if i >= 7 { Err(Error::data(format!("item {i}"))) } else { Ok(()) }
            });
            assert_eq!(failed.unwrap_err().to_string(), "item 7");
        }
    }

    #[test]
    fn a_panic_is_an_error_and_the_pool_lives_on() {
        let pool = Pool::new(3).unwrap();
        let stash = Stash::<Vec<u8>>::new();
        let failed = pool.for_each(10, &stash, &Cancel::never(), |_, i| {
            assert!(i != 3, "three");
            Ok(())
        });
        assert!(failed.unwrap_err().to_string().contains("three"));
        assert!(pool.for_each(10, &stash, &Cancel::never(), |_, _| Ok(())).is_ok());
    }

    #[test]
    fn a_hook_stops_the_work() {
        for threads in [1, 2] {
            let pool = Pool::new(threads).unwrap();
            let stop = || true;
            let cancel = Cancel::with_hook(&stop);
            let result = pool.for_each(1_000, &Stash::<()>::new(), &cancel, |(), _| {
                std::thread::sleep(Duration::from_millis(2));
                Ok(())
            });
            assert!(result.unwrap_err().is_cancelled());
        }
    }
}
