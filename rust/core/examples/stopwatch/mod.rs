//! What the timing examples share: the clock, and the files.
#![allow(unsafe_code)]

use std::{fs, path::Path};

/// Processor time of this thread in milliseconds, which other processes on the machine do not count to.
pub(crate) fn now() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes to `time` alone.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

/// Appends the JPEGs in a folder and those below it, in the order of their names.
pub(crate) fn collect(folder: &Path, files: &mut Vec<Vec<u8>>) {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "jpg") {
            files.push(fs::read(path).unwrap());
        }
    }
}
