//! Digests of files: read once, several at a time, in the lanes of as many threads as there are.

use std::{
    cell::RefCell,
    cmp::Reverse,
    fs::{self, File},
    iter,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{
    digest::{
        Digest,
        lanes::{self, Buffers, Message},
    },
    disk,
    error::{Error, Result},
    pool::{Cancel, Pool, Stash},
    sha256::Kernel,
    shard,
};

/// Somebody who sees a file's bytes as they are hashed, in order and each once.
pub(crate) trait Sink: Send {
    /// The bytes from `offset`.
    fn take(&mut self, chunk: &[u8], offset: u64);
}

impl Sink for () {
    fn take(&mut self, _: &[u8], _: u64) {}
}

struct FileMessage<'a, S> {
    number: usize,
    path: &'a Path,
    file: Arc<File>,
    size: u64,
    offset: u64,
    sink: S,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl<S: Sink> Message for FileMessage<'_, S> {
    fn left(&self) -> u64 {
        self.size.saturating_sub(self.offset)
    }
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let got = disk::pread(&self.file, buffer, self.offset).map_err(|e| Error::io(self.path, e))?;
        self.sink.take(buffer.get(..got).unwrap_or(&[]), self.offset);
        self.offset += got as u64;
        (self.progress)(got as u64);
        Ok(got)
    }
}

/// Digest and size of one file, read in order through a reused buffer. One file is one chain of rounds, which no
/// kernel shortens: 1.8 GB/s where [`of_files`] has 5.3.
/// `progress` gets the bytes of each chunk as it is read.
///
/// # Errors
/// [`crate::error::Kind::Io`], `Cancelled`.
pub fn of_file(path: &Path, cancel: &Cancel<'_>, progress: &(dyn Fn(u64) + Sync)) -> Result<(Digest, u64)> {
    let queue = Queue { paths: &[path], order: vec![0], taken: AtomicUsize::new(0) };
    let found = queue.work(&[], 1, &mut Vec::new(), &|| cancel.check(), progress, &|_, _, _| ())?;
    let only = found.into_iter().next().map(|(_, read)| read.map(|(digest, size, ())| (digest, size)));
    only.unwrap_or_else(|| Err(Error::data("no digest was made").in_shard(path)))
}

/// Digests of many files, several at a time; one result a file, in order. A file that cannot be read is its own result.
///
/// # Errors
/// Only `Cancelled` and `Internal`.
pub fn of_files<P: AsRef<Path> + Sync>(
    paths: &[P],
    pool: &Pool,
    cancel: &Cancel<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Result<(Digest, u64)>>> {
    let found = with_sinks(paths, pool, cancel, progress, |_, _, _| ())?;
    Ok(found.into_iter().map(|read| read.map(|(digest, size, ())| (digest, size))).collect())
}

/// A file's digest, its size and the sink that saw its bytes.
pub(crate) type Seen<S> = Result<(Digest, u64, S)>;

/// As [`of_files`]; `open` makes a sink for each file, given its size when it was opened.
pub(crate) fn with_sinks<P: AsRef<Path> + Sync, S: Sink>(
    paths: &[P],
    pool: &Pool,
    cancel: &Cancel<'_>,
    progress: &(dyn Fn(u64) + Sync),
    open: impl Fn(&Path, &Arc<File>, u64) -> S + Sync,
) -> Result<Vec<Seen<S>>> {
    let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
    let mut order: Vec<usize> = (0..paths.len()).collect();
    // The largest first: at the end the lanes then run empty at about the same time.
    let size =
        |&number: &usize| paths.get(number).and_then(|path| fs::metadata(path).ok()).map_or(0, |m| m.len());
    order.sort_by_cached_key(|number| Reverse(size(number)));
    let workers = pool.threads().min(paths.len());
    // Few files are dealt out evenly: four lanes on each of two threads do more than eight on one.
    let width = paths.len().div_ceil(workers.max(1)).clamp(1, Kernel::current().lanes());
    // So are the last ones, a lane each, and the workers have theirs take turns.
    let last = order.split_off(order.len().saturating_sub(workers * width));
    let queue = Queue { paths: &paths, order, taken: AtomicUsize::new(0) };
    let go_on = pool.go_on(cancel);
    let parts = pool.map(0..workers, &Stash::<Buffers>::new(), cancel, |buffers, worker| {
        let dealt: Vec<usize> = last.iter().skip(worker).step_by(workers).copied().collect();
        queue.work(&dealt, width, buffers, &go_on, progress, &open)
    })?;
    let mut found: Vec<Option<Seen<S>>> = paths.iter().map(|_| None).collect();
    for (number, read) in parts.into_iter().flatten() {
        if let Some(place) = found.get_mut(number) {
            *place = Some(read);
        }
    }
    let lost = || Err(Error::data("no digest was made"));
    Ok(found.into_iter().map(|read| read.unwrap_or_else(lost)).collect())
}

/// Files that nobody has begun with.
struct Queue<'a> {
    paths: &'a [&'a Path],
    order: Vec<usize>,
    taken: AtomicUsize,
}

impl Queue<'_> {
    /// Hashes files until there are no more, and those of `dealt`; their numbers and results as they ended.
    fn work<S: Sink>(
        &self,
        dealt: &[usize],
        width: usize,
        buffers: &mut Buffers,
        go_on: &dyn Fn() -> Result<()>,
        progress: &(dyn Fn(u64) + Sync),
        open: &dyn Fn(&Path, &Arc<File>, u64) -> S,
    ) -> Result<Vec<(usize, Seen<S>)>> {
        let (mut found, refused) = (Vec::new(), RefCell::new(Vec::new()));
        let opened = |number: usize| {
            let path = *self.paths.get(number)?;
            match shard::open_regular(path) {
                Ok((file, size)) => {
                    let file = Arc::new(file);
                    let sink = open(path, &file, size);
                    Some(FileMessage { number, path, file, size, offset: 0, sink, progress })
                }
                Err(error) => {
                    refused.borrow_mut().push((number, Err(error)));
                    None
                }
            }
        };
        let take = || self.order.get(self.taken.fetch_add(1, Ordering::Relaxed)).copied();
        let next = || iter::from_fn(take).find_map(opened);
        let last = dealt.iter().copied().filter_map(opened);
        let done = |message: FileMessage<'_, S>, read: Result<(Digest, u64)>| {
            found.push((message.number, read.map(|(digest, size)| (digest, size, message.sink))));
        };
        lanes::run(Kernel::current(), width, buffers, go_on, next, last, done)?;
        found.append(&mut refused.into_inner());
        Ok(found)
    }
}
