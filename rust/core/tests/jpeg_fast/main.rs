//! The fast path gives what libjpeg-turbo gives: the same pixels, the same refusals, the same warnings.
//!
//! The portable level is libjpeg-turbo alone, so it is what the others are compared to. `make soak` makes the
//! generated files, and the damaged ones, a hundred thousand each by `SOAK`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)]

mod pairs;
mod recipe;
mod windows;

use std::{
    fs,
    path::{Path, PathBuf},
};

use recipe::{Chance, Recipe};
use turbojpeg_sys as tj;
use turboshard::{
    isa::Isa,
    jpeg::{Decoder, Outcome, Planes, Target, decode_counts, markers::Header},
};

/// Size, pixels and what was noticed; or the error's words.
type Found = Result<((u32, u32), Vec<u8>, Outcome), String>;

/// Rows are asked for in runs of this many, so that runs and rows of MCUs meet in every way.
const RUNS: [u32; 4] = [16, 1, 7, u32::MAX];

fn decode(decoder: &mut Decoder, data: &[u8], target: Target, reduce: u8, fill: bool, run: u32) -> Found {
    let header = Header::parse(data).map_err(|error| error.to_string())?;
    let work = |decoder: &mut Decoder| {
        let mut image = decoder.open(data, &header, fill)?;
        let (height, width) = image.start(target, reduce)?;
        let stride = width as usize * target.channels() + 5;
        let mut pixels = vec![0x5A; height as usize * stride];
        let mut row = 0;
        while row < height {
            let count = run.min(height - row);
            image.rows(target, &mut pixels[row as usize * stride..], stride, count)?;
            row += count;
        }
        Ok(((height, width), pixels, image.finish()?))
    };
    work(decoder).map_err(|error: turboshard::error::Error| error.to_string())
}

/// The planes, one behind the other, as if they were pixels.
fn decode_planes(decoder: &mut Decoder, data: &[u8], fill: bool) -> Found {
    let header = Header::parse(data).map_err(|error| error.to_string())?;
    let mut planes = Planes::default();
    let mut work = |decoder: &mut Decoder| {
        let mut image = decoder.open(data, &header, fill)?;
        image.planes(&mut planes)?;
        image.finish()
    };
    let outcome = work(decoder).map_err(|error: turboshard::error::Error| error.to_string())?;
    let pixels = (0..3).flat_map(|number| planes.take(number).unwrap().pixels.to_vec()).collect();
    Ok(((u32::from(header.frame.height), u32::from(header.frame.width)), pixels, outcome))
}

/// Decoders of all levels, which keep their memory from one image to the next.
struct Decoders {
    libjpeg: Decoder,
    fast: Vec<(Isa, Decoder)>,
    compared: usize,
    accepted: usize,
    /// Of the comparisons of planes, those of images that have some.
    planes: usize,
}

impl Decoders {
    fn new() -> Self {
        let fast = Isa::available().filter(|&isa| isa > Isa::Portable);
        Self {
            libjpeg: Decoder::with_isa(Isa::Portable),
            fast: fast.map(|isa| (isa, Decoder::with_isa(isa))).collect(),
            compared: 0,
            accepted: 0,
            planes: 0,
        }
    }

    /// Compares every target and scale, or one of them by `choice`.
    fn compare(&mut self, name: &str, data: &[u8], choice: Option<usize>) {
        let mut variants = Vec::new();
        for target in [Target::Rgb, Target::Gray] {
            for reduce in [1, 2, 4, 8] {
                variants.push((target, reduce));
            }
        }
        if let Some(choice) = choice {
            variants = vec![variants[choice % variants.len()]];
        }
        if choice.is_none_or(|choice| choice % 3 == 0) {
            self.compare_planes(name, data);
        }
        for (number, (target, reduce)) in variants.into_iter().enumerate() {
            let run = RUNS[(data.len() + number) % RUNS.len()];
            for fill in [false, true] {
                let wanted = decode(&mut self.libjpeg, data, target, reduce, fill, 16);
                for (isa, decoder) in &mut self.fast {
                    let found = decode(decoder, data, target, reduce, fill, run);
                    let first = match (&found, &wanted) {
                        (Ok(a), Ok(b)) => a.1.iter().zip(&b.1).position(|(a, b)| a != b).map(|at| {
                            let stride = a.0.1 as usize * target.channels() + 5;
                            (at / stride, at % stride, a.1[at], b.1[at])
                        }),
                        _ => None,
                    };
                    let same = match (&found, &wanted) {
                        (Ok(a), Ok(b)) => (a.0, &a.2) == (b.0, &b.2) && a.1 == b.1,
                        (a, b) => a.as_ref().err() == b.as_ref().err(),
                    };
                    assert!(
                        same,
                        "{name}: {isa:?} {target:?} 1/{reduce} fill {fill}: {:?}, libjpeg {:?}; first different (row, byte, found, wanted) {first:?}",
                        found.map(|f| (f.0, f.2)),
                        wanted.map(|f| (f.0, f.2)),
                    );
                    self.compared += 1;
                }
                self.accepted += usize::from(wanted.is_ok());
            }
        }
    }
}

impl Decoders {
    fn compare_planes(&mut self, name: &str, data: &[u8]) {
        for fill in [false, true] {
            let wanted = decode_planes(&mut self.libjpeg, data, fill);
            for (isa, decoder) in &mut self.fast {
                let found = decode_planes(decoder, data, fill);
                assert!(
                    found == wanted,
                    "{name}: planes, {isa:?} fill {fill}: {:?}, libjpeg {:?}",
                    found.map(|f| (f.0, f.2)),
                    wanted.map(|f| (f.0, f.2)),
                );
                self.planes += usize::from(wanted.is_ok());
            }
        }
    }
}

/// How many files to generate.
fn soak(usual: usize) -> usize {
    std::env::var("SOAK").ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

/// The longest side of the next file: small ones have the most edges, some must be larger.
fn longest(chance: &mut Chance) -> usize {
    if chance.below(8) == 0 { 300 } else { 60 }
}

#[test]
fn generated_files_decode_alike() {
    let mut chance = Chance(1);
    let mut decoders = Decoders::new();
    let (fast, libjpeg) = decode_counts();
    let mut large = 0;
    for _ in 0..soak(400) {
        let most = longest(&mut chance);
        let recipe = Recipe::random(&mut chance, most);
        large += usize::from(recipe.width.max(recipe.height) > 100);
        let jpeg = recipe.encode(&mut chance);
        decoders.compare(&format!("{recipe:?}"), &jpeg, None);
    }
    assert!(large > 20, "{large} large ones");
    if let Some(levels) = Some(decoders.fast.len()).filter(|&levels| levels > 0) {
        // One count for each comparison of a level, one for what it was compared to.
        let (fast, libjpeg) = (decode_counts().0 - fast, decode_counts().1 - libjpeg);
        assert!(fast as usize > decoders.compared / 2, "the fast path was taken {fast} times");
        assert!(libjpeg as usize >= decoders.compared / levels);
    }
}

#[test]
fn every_width_and_height_decodes_alike() {
    let mut chance = Chance(2);
    let mut decoders = Decoders::new();
    for side in 1..=70 {
        for subsampling in
            [tj::TJSAMP_TJSAMP_420, tj::TJSAMP_TJSAMP_422, tj::TJSAMP_TJSAMP_444, tj::TJSAMP_TJSAMP_GRAY]
        {
            for (width, height) in [(side, 33), (37, side)] {
                let random = Recipe::random(&mut chance, 70);
                let recipe = Recipe { width, height, subsampling, progressive: 0, kind: 0, ..random };
                let jpeg = recipe.encode(&mut chance);
                decoders.compare(&format!("{recipe:?}"), &jpeg, None);
            }
        }
    }
    assert_eq!(decoders.accepted, 70 * 4 * 2 * 16);
}

#[test]
fn damaged_files_decode_alike() {
    let mut chance = Chance(3);
    let mut decoders = Decoders::new();
    let mut total = 0;
    for _ in 0..soak(1500).div_ceil(10) {
        let most = longest(&mut chance);
        let recipe = Recipe::random(&mut chance, most);
        let jpeg = recipe.encode(&mut chance);
        // The bits of the picture, and now and then the headers too.
        let start = jpeg.windows(2).position(|two| two == [0xFF, 0xDA]).unwrap();
        for number in 0..10 {
            let mut bad = jpeg.clone();
            let from = if number == 9 { 2 } else { start };
            let at = from + chance.below(bad.len() - from);
            match chance.below(6) {
                0 => bad.truncate(at),
                1 => bad[at] = chance.below(256) as u8,
                2 => bad.insert(at, chance.below(256) as u8),
                3 => drop(bad.remove(at)),
                4 => drop(bad.splice(at..at, [0xFF, 0xD0 + chance.below(10) as u8])),
                _ => bad[at] ^= 1 << chance.below(8),
            }
            total += 1;
            let choice = chance.below(8);
            decoders.compare(&format!("{recipe:?}, damaged at {at}"), &bad, Some(choice));
        }
    }
    assert!(decoders.accepted > total / 4, "{} of {total} accepted", decoders.accepted);
    assert!(decoders.accepted < total * 2, "none refused");
}

#[test]
fn large_files_of_every_subsampling_decode_alike() {
    let mut chance = Chance(4);
    let mut decoders = Decoders::new();
    for (number, subsampling) in
        [tj::TJSAMP_TJSAMP_420, tj::TJSAMP_TJSAMP_422, tj::TJSAMP_TJSAMP_444, tj::TJSAMP_TJSAMP_GRAY]
            .into_iter()
            .enumerate()
    {
        for (kind, (width, height)) in [(0, (512, 512)), (3, (1001, 777)), (2, (259, 1030))] {
            let random = Recipe::random(&mut chance, 70);
            let quality = [95, 75, 100][(kind + number) % 3];
            let recipe = Recipe { width, height, subsampling, quality, progressive: 0, kind, ..random };
            let jpeg = recipe.encode(&mut chance);
            decoders.compare(&format!("{recipe:?}"), &jpeg, None);
        }
    }
    assert_eq!(decoders.accepted, 4 * 3 * 16);
    assert_eq!(decoders.planes, decoders.fast.len() * 3 * 3 * 2);
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

#[test]
fn the_corpus_decodes_alike() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let corpus = std::env::var_os("TURBOSHARD_JPEG_CORPUS").map_or(shared.join("corpus/jpeg"), PathBuf::from);
    let heads = std::env::var_os("TURBOSHARD_HEADS").map_or(shared.join("data/reghead"), PathBuf::from);
    let mut paths = Vec::new();
    files(&corpus, &mut paths);
    files(&heads, &mut paths);
    if paths.is_empty() {
        // A run without the corpus has proved less, and says so.
        #[allow(clippy::print_stderr)]
        {
            eprintln!("no files at {} or {}", corpus.display(), heads.display());
        }
        return;
    }
    let mut decoders = Decoders::new();
    for path in &paths {
        let data = fs::read(path).unwrap();
        decoders.compare(&path.display().to_string(), &data, None);
    }
    assert!(decoders.compared > paths.len(), "hardly a file was compared");
}
