//! Kernels held to the plain functions that define them, and the plain functions to libjpeg-turbo's files.

use super::{
    colour::{self, Pixels, STEP, Samples},
    transform::{self, Divisors, Quad},
    *,
};
use crate::jpeg::quality;

/// An integer generator, so that every run sees the same.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }

    /// Noise of several strengths, and extremes.
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let kind = self.below(4);
        let mut byte = || match kind {
            0 => self.below(256) as u8,
            1 => [0, 255][self.below(2)],
            2 => 120 + self.below(17) as u8,
            _ => 255 * u8::from(self.below(50) == 0),
        };
        (0..count).map(|_| byte()).collect()
    }
}

const HOW: [Subsampling; 3] = [Subsampling::S444, Subsampling::S422, Subsampling::S420];

#[test]
fn levels_convert_alike() {
    let mut chance = Chance(1);
    for round in 0..200 {
        let (how, channels, steps) = (HOW[round % 3], 3 + round / 3 % 2, 1 + round % 2);
        let count = colour::reach(channels) + (steps - 1) * STEP * channels;
        let (upper, lower) = (chance.bytes(count), chance.bytes(count));
        let mut wanted = None;
        for isa in Isa::available() {
            let mut planes = vec![vec![0; steps * STEP + STEP]; 4];
            let [first, second, blue, red] = &mut planes[..] else { unreachable!() };
            let samples = Samples { luma: [first, second], blue, red };
            let done = colour::convert(
                isa,
                how,
                Pixels { rows: [&upper, &lower], channels, ahead: 0 },
                usize::MAX,
                samples,
            );
            assert_eq!(done, steps, "{isa:?} {how:?} of {channels} channels");
            assert!(planes.iter().any(|plane| plane.iter().any(|&sample| sample != 0)));
            let wanted = wanted.get_or_insert_with(|| planes.clone());
            assert!(planes == *wanted, "{isa:?} {how:?} of {channels} channels");
        }
    }
}

#[test]
fn every_colour_converts_alike() {
    let mut seen = 0;
    let most = Isa::available().last().unwrap();
    for blue in (0..256).step_by(3) {
        for green in 0..256 {
            let row: Vec<u8> =
                (0..=255).flat_map(|red| [red, green as u8, blue as u8]).chain([0; 16]).collect();
            let made = [Isa::Portable, most].map(|isa| {
                let mut planes = vec![vec![0; 256 + STEP]; 4];
                let [first, second, blue, red] = &mut planes[..] else { unreachable!() };
                let samples = Samples { luma: [first, second], blue, red };
                let pixels = Pixels { rows: [&row, &[]], channels: 3, ahead: 0 };
                seen += colour::convert(isa, Subsampling::S444, pixels, usize::MAX, samples) * STEP;
                planes
            });
            assert!(made[0] == made[1], "green {green}, blue {blue}");
        }
    }
    assert_eq!(seen, 2 * 256 * 256 * 86);
}

#[test]
fn levels_transform_alike() {
    let mut chance = Chance(2);
    let mut coefficients = 0;
    for round in 0..4000 {
        let [luma, chroma] = quality::tables(1 + (round % 100) as u8);
        let divisors = Divisors::new(if round % 2 == 0 { &luma } else { &chroma });
        let stride = 16 + chance.below(40);
        let (left, right) = (chance.bytes(stride * 8), chance.bytes(stride * 8));
        let samples = transform::Samples { pairs: [&left, &right], stride };
        let mut wanted = Quad::default();
        transform::quad(Isa::Portable, samples, &divisors, &mut wanted);
        coefficients += wanted.nonzero.iter().map(|bits| bits.count_ones()).sum::<u32>();
        for isa in Isa::available() {
            let mut found = Quad::default();
            transform::quad(isa, samples, &divisors, &mut found);
            assert!(found == wanted, "{isa:?}");
        }
        // A row too few is no block.
        let short = transform::Samples { pairs: [&left, &right[..stride * 7 + 15]], stride };
        for isa in Isa::available() {
            let mut found = Quad::default();
            transform::quad(isa, short, &divisors, &mut found);
            assert!(found == Quad::default(), "{isa:?}");
        }
    }
    assert!(coefficients > 100_000, "{coefficients} coefficients that are not zero");
}

#[test]
fn the_plain_functions_give_libjpegs_files() {
    let mut chance = Chance(3);
    let mut plain =
        Encoder { libjpeg: Libjpeg::default(), baseline: Some(Box::new(Baseline::new(Isa::Portable))) };
    let mut libjpeg = Encoder::with_isa(Isa::Portable);
    assert!(libjpeg.baseline.is_none());
    for round in 0..300 {
        let size = Size { height: 1 + chance.below(40), width: 1 + chance.below(150) };
        let channels = [3, 3, 1, 4][round % 4];
        let pixels = chance.bytes(size.pixels() * channels);
        let view = View { pixels: &pixels, size, channels };
        let options = EncodeOptions::new(1 + chance.below(100) as u8, HOW[chance.below(3)]);
        let (mut wanted, mut found) = (Vec::new(), Vec::new());
        libjpeg.encode(view, options, &[(0xE1, b"Exif\0\0")], &mut wanted).unwrap();
        plain.encode(view, options, &[(0xE1, b"Exif\0\0")], &mut found).unwrap();
        assert!(found == wanted, "{size:?} of {channels} channels, {options:?}");
    }
}

#[test]
fn planes_of_a_grey_picture_give_the_file_its_rgb_gives() {
    let mut encoder = Encoder::default();
    for subsampling in HOW {
        for (height, width) in [(1, 1), (8, 8), (16, 16), (21, 37), (64, 48), (100, 17)] {
            let size = Size { height, width };
            let options = EncodeOptions::new(90, subsampling);
            let grey = |y: usize, x: usize| (x * 7 + y * 13) as u8;
            let rgb: Vec<u8> = (0..height * width).flat_map(|i| [grey(i / width, i % width); 3]).collect();
            let (mut wanted, mut found) = (Vec::new(), Vec::new());
            let view = View { pixels: &rgb, size, channels: 3 };
            encoder.encode(view, options, &[], &mut wanted).unwrap();
            let stride = width.next_multiple_of(8);
            let luma: Vec<u8> =
                (0..height * stride).map(|i| grey(i / stride, (i % stride).min(width - 1))).collect();
            let flat = vec![128; luma.len()];
            let planes = [&luma, &flat, &flat].map(|samples| Plane { samples, stride });
            encoder.encode_planes(planes, size, options, &[], &mut found).unwrap();
            assert!(found == wanted, "{subsampling:?} {size:?}");
            let short = [&luma[..luma.len() - 1], &flat, &flat].map(|samples| Plane { samples, stride });
            assert!(encoder.encode_planes(short, size, options, &[], &mut found).is_err());
        }
    }
}
