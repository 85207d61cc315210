//! One pass over an epoch, decoded ahead by threads of its own.
//!
//! A few batches are open at a time, oldest first. A worker takes the next row that nobody has, of whatever open batch,
//! so that no thread waits for the last row of a batch. The consumer takes the oldest once it is complete. With one
//! thread there is none: the consumer fills the batch itself when it asks for it.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    memory::Memory,
    queue::{Batch, Feed, Queue, Taken, Task},
    recipe::{Hand, Row},
};
use crate::{
    error::{Error, Kind, Result},
    pool::Cancel,
};

/// How often a waiting consumer asks whether to stop.
const POLL: Duration = Duration::from_millis(50);

/// How much runs ahead of the consumer.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Threads to decode on; with one, the consumer's own.
    pub threads: usize,
    /// Batches to be ready or in the making.
    pub prefetch: usize,
    /// Bytes these may take; one batch is always made.
    pub bytes: usize,
}

/// What an iteration did so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stats {
    /// Batches taken.
    pub batches: u64,
    /// Images decoded, those ahead included.
    pub images: u64,
    /// Bytes read, those ahead included.
    pub bytes_read: u64,
    /// Seconds the consumer waited.
    pub waited: f64,
    /// Batches that are complete and were not yet taken.
    pub ready: u64,
}

/// A running pass over an epoch. It may be asked by several threads, which get different batches.
pub struct Iteration {
    shared: Arc<Shared>,
    workers: Mutex<Vec<JoinHandle<()>>>,
    /// Scratch of the consumer, where it is the only thread.
    inline: Option<Mutex<Hand>>,
}

struct Shared {
    feed: Feed,
    queue: Mutex<Queue>,
    /// Told when a row can be taken.
    work: Condvar,
    /// Told when a batch is complete.
    done: Condvar,
    closed: AtomicBool,
    images: AtomicU64,
    bytes_read: AtomicU64,
}

impl Iteration {
    /// Begins; with more than one thread, decoding begins at once.
    ///
    /// # Errors
    /// `Invalid` if the caller's memory does not hold a batch; `Io` if the system gives no threads.
    pub fn begin(mut taken: Taken, limits: Limits) -> Result<Self> {
        let batch = taken.recipe.row_bytes().saturating_mul(taken.deal.batch_size as usize);
        if let Some(small) = taken.ring.iter().find(|memory| memory.len() < batch) {
            let words = format!("out has a buffer of {} bytes, a batch takes {batch}", small.len());
            return Err(Error::invalid(words));
        }
        let ring: VecDeque<Memory> = std::mem::take(&mut taken.ring).into();
        let threads = limits.threads.max(1);
        let fitting = limits.bytes.checked_div(batch).unwrap_or(usize::MAX);
        let limit = if threads == 1 { 1 } else { limits.prefetch.min(fitting).max(1) };
        let steps = taken.deal.own_steps().collect();
        let lends = !ring.is_empty();
        let shared = Arc::new(Shared {
            feed: Feed { taken, limit, lends },
            queue: Mutex::new(Queue { steps, ring, ..Default::default() }),
            work: Condvar::new(),
            done: Condvar::new(),
            closed: AtomicBool::new(false),
            images: AtomicU64::new(0),
            bytes_read: AtomicU64::new(0),
        });
        let inline = (threads == 1).then(Mutex::default);
        let iteration = Self { shared, workers: Mutex::default(), inline };
        if threads > 1 {
            for number in 0..threads {
                let shared = Arc::clone(&iteration.shared);
                let worker = thread::Builder::new()
                    .name(format!("turboshard-load-{number}"))
                    .spawn(move || shared.work())
                    .map_err(|source| Error::new(Kind::Io { path: None, source }))?;
                iteration.workers.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
            }
        }
        Ok(iteration)
    }

    /// The next batch, `None` behind the last one. Waits for it, asking `cancel`.
    ///
    /// Memory of the caller that was lent for an earlier batch comes back with `returned` and may be written to again.
    ///
    /// # Errors
    /// `Cancelled`; `Invalid` after [`Iteration::close`], or if the consumer keeps all the memory it lent.
    pub fn next(&self, returned: Option<Memory>, cancel: &Cancel<'_>) -> Result<Option<Batch>> {
        let began = Instant::now();
        if let Some(memory) = returned {
            self.shared.lock().ring.push_back(memory);
            self.shared.work.notify_all();
        }
        if let Some(hand) = &self.inline {
            let mut hand = hand.lock().unwrap_or_else(PoisonError::into_inner);
            let stop = || cancel.check().is_err();
            while !stop() && !self.shared.closed.load(Ordering::Relaxed) {
                let Some(task) = self.shared.lock().claim(&self.shared.feed) else { break };
                self.shared.make(task, &mut hand, &stop);
            }
            // A row that was stopped half-way is no row: nothing follows on it.
            cancel.check().inspect_err(|_| self.shared.closed.store(true, Ordering::Relaxed))?;
        }
        let mut queue = self.shared.lock();
        let batch = loop {
            if self.shared.closed.load(Ordering::Relaxed) {
                return Err(Error::invalid("this iteration was closed"));
            }
            match queue.open.front() {
                None if queue.steps.is_empty() => break None,
                Some(first) if first.left == 0 => break queue.open.pop_front(),
                // Every memory is with the consumer, who waits here for a batch: nobody will ever bring one.
                None if self.shared.feed.lends && queue.ring.is_empty() => {
                    return Err(Error::invalid("every buffer of out is in use"));
                }
                _ => {}
            }
            queue = self.shared.done.wait_timeout(queue, POLL).unwrap_or_else(PoisonError::into_inner).0;
            cancel.check()?;
        };
        queue.waited += began.elapsed();
        queue.batches += u64::from(batch.is_some());
        drop(queue);
        self.shared.work.notify_all();
        batch.map(|open| open.close(&self.shared.feed.taken.deal)).transpose()
    }

    /// What it did so far.
    pub fn stats(&self) -> Stats {
        let queue = self.shared.lock();
        Stats {
            batches: queue.batches,
            images: self.shared.images.load(Ordering::Relaxed),
            bytes_read: self.shared.bytes_read.load(Ordering::Relaxed),
            waited: queue.waited.as_secs_f64(),
            ready: queue.open.iter().filter(|open| open.left == 0).count() as u64,
        }
    }

    /// Ends it: no thread runs any more and no memory is written to when this returns.
    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        // Under the lock, so that no worker misses it between its look at the flag and its sleep.
        drop(self.shared.lock());
        self.shared.work.notify_all();
        self.shared.done.notify_all();
        let workers = std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for worker in workers {
            // A worker catches what its work panics with.
            let _ = worker.join();
        }
        let mut queue = self.shared.lock();
        queue.steps.clear();
        for open in queue.open.drain(..) {
            if let Some(slots) = Arc::into_inner(open.slots) {
                self.shared.feed.taken.bank.put(slots.into_memory());
            }
        }
    }
}

impl Drop for Iteration {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker's life.
    fn work(&self) {
        let mut hand = Hand::default();
        let stop = || self.closed.load(Ordering::Relaxed);
        loop {
            let mut queue = self.lock();
            let task = loop {
                if stop() {
                    return;
                }
                let open = queue.open.len();
                if let Some(task) = queue.claim(&self.feed) {
                    if queue.open.len() > open {
                        self.work.notify_all(); // rows for everyone who sleeps
                    }
                    break task;
                }
                if queue.steps.is_empty() && queue.open.iter().all(|open| open.claimed == open.samples.len())
                {
                    return;
                }
                queue = self.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
            };
            drop(queue);
            self.make(task, &mut hand, &stop);
        }
    }

    fn make(&self, task: Task, hand: &mut Hand, stop: &dyn Fn() -> bool) {
        let Task { step, number, sample, slots } = task;
        let Taken { catalog, recipe, draw, .. } = &self.feed.taken;
        let made = catch_unwind(AssertUnwindSafe(|| {
            let place = slots.take(number).unwrap_or_default();
            recipe.fill(catalog, sample, *draw, hand, stop, place)
        }));
        let row = made.unwrap_or_else(|_| {
            *hand = Hand::default(); // whatever state it was left in
            let error = Error::new(Kind::Internal("panic while decoding".to_owned()));
            Row { errors: vec![(0, error)], ..Default::default() }
        });
        // The consumer takes the memory apart once nobody else has it.
        drop(slots);
        self.images.fetch_add(row.fields.len() as u64, Ordering::Relaxed);
        self.bytes_read.fetch_add(row.read, Ordering::Relaxed);
        let mut queue = self.lock();
        let Some(open) = queue.open.iter_mut().find(|open| open.step == step) else { return };
        if let Some(place) = open.rows.get_mut(number) {
            *place = Some(row);
            open.left -= 1;
        }
        if open.left == 0 {
            self.done.notify_all();
        }
    }
}
