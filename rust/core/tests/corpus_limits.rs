//! What a file of the corpora may cost: no archive more than a second and 64 MB, no image more than five seconds and ten
//! times its pixels.
//!
//! One test, so that nothing else uses the process's memory meanwhile.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use turboshard::{
    codec::{Codec, DecodeOptions, MANY_PIXELS},
    image::Mode,
    index::{Index, Policy},
};

const LENIENT: Policy = Policy { skip_special: true, lenient_end: true };
/// What reading an archive may take, and decoding an image.
const ARCHIVE: Duration = Duration::from_secs(1);
const IMAGE: Duration = Duration::from_secs(5);
/// Of the smallest images the decoder's own state is most of what is used.
const STATE: u64 = 4 << 20;

/// A line of /proc/self/status, in bytes.
fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// How long it took, and by how much memory in use rose meanwhile.
///
/// What took longer than `limit` has two more chances: the machine may have stood still.
fn cost<T>(limit: Duration, mut run: impl FnMut() -> T) -> (T, Duration, u64) {
    let mut tries = 0;
    loop {
        fs::write("/proc/self/clear_refs", "5").unwrap(); // the peak is what is in use now
        let before = status("VmRSS");
        let begun = Instant::now();
        let result = run();
        let (took, memory) = (begun.elapsed(), status("VmHWM").saturating_sub(before));
        tries += 1;
        if took < limit || tries == 3 {
            return (result, took, memory);
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn no_file_of_the_corpora_costs_more_than_it_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let (archives, images) = (files(&root.join("tar")), files(&root.join("jpeg")));
    if archives.is_empty() || images.is_empty() {
        eprintln!("no corpus at {}: nothing to measure", root.display());
        return;
    }
    assert!(archives.len() > 400 && images.len() > 200, "{} {}", archives.len(), images.len());
    let (mut slowest, mut largest, mut listed) = (Duration::ZERO, 0, 0);
    for path in &archives {
        for policy in [Policy::default(), LENIENT] {
            let (index, took, memory) = cost(ARCHIVE, || Index::of_file(path, policy));
            assert!(took < ARCHIVE, "{} took {took:?}", path.display());
            assert!(memory < 64 << 20, "{} used {memory} bytes", path.display());
            (slowest, largest) = (slowest.max(took), largest.max(memory));
            listed += usize::from(index.is_ok());
        }
    }
    assert!(listed > 200, "only {listed}");
    eprintln!("{} archives: slowest {slowest:?}, most memory {largest} bytes", archives.len());

    let options =
        DecodeOptions { mode: Mode::Rgb, max_pixels: Some(2 * MANY_PIXELS), ..DecodeOptions::default() };
    let (mut slowest, mut most, mut decoded) = (Duration::ZERO, 0.0_f64, 0);
    for path in &images {
        let data = fs::read(path).unwrap();
        // A codec of its own each, as scratch that is kept would hide what it was made for.
        let (image, took, memory) = cost(IMAGE, || {
            let mut codec = Codec::default();
            let size = codec.output_size(&data, &options).ok()?;
            let mut pixels = vec![0; size.pixels() * 3];
            let decoded = codec.decode_into(&data, &options, &mut pixels).is_ok();
            Some((size.pixels() as u64 * 3, decoded))
        });
        let (image, whole) = image.unwrap_or_default();
        decoded += usize::from(whole);
        assert!(took < IMAGE, "{} took {took:?}", path.display());
        assert!(memory < 10 * image + STATE, "{} used {memory} bytes for {image}", path.display());
        slowest = slowest.max(took);
        if image > STATE {
            most = most.max(memory as f64 / image as f64);
        }
    }
    assert!(decoded > 100, "only {decoded}");
    eprintln!("{} images: slowest {slowest:?}, most memory {most:.1} times the pixels", images.len());
}
