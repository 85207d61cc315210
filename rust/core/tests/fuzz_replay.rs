//! The fuzzers' corpus through the fuzzers' targets, with the stable compiler: no input that was ever of interest panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use turboshard::random::Random;

/// Longer than any input takes that ends: the slowest half a second where nothing else runs, and several on a machine that is
/// short of memory or of a processor.
const HANG: Duration = Duration::from_secs(20);

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no corpus in {}", folder.display());
    let mut random = Random::new(7);
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        let one = |bytes: &[u8]| {
            let begun = Instant::now();
            run(bytes);
            assert!(begun.elapsed() < HANG, "{} hangs", path.display());
        };
        one(&bytes);
        // And some of its neighbours: a seeded slice of what the fuzzers do.
        for _ in 0..8 {
            let mut near = bytes.clone();
            for _ in 0..=random.below(3) {
                if !near.is_empty() {
                    let at = random.below(near.len() as u64) as usize;
                    near[at] ^= 1 << random.below(8);
                }
            }
            if random.below(3) == 0 {
                near.truncate(random.below(near.len() as u64 + 1) as usize);
            }
            one(&near);
        }
    }
}

#[test]
fn tar() {
    replay("tar", targets::tar);
}

#[test]
fn pax() {
    replay("pax", targets::pax);
}

#[test]
fn index() {
    replay("index", targets::index);
}

#[test]
fn manifest() {
    replay("manifest", targets::manifest);
}

#[test]
fn sums() {
    replay("sums", targets::sums);
}

#[test]
fn jpeg() {
    replay("jpeg", targets::jpeg);
}

#[test]
fn options() {
    replay("options", targets::options);
}

#[test]
fn obj() {
    replay("obj", targets::obj);
}

#[test]
fn zip() {
    replay("zip", targets::zip);
}

#[test]
fn gzip() {
    replay("gzip", targets::gzip);
}

#[test]
fn pickle() {
    replay("pickle", targets::pickle);
}

#[test]
fn npy() {
    replay("npy", targets::npy);
}
