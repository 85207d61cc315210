//! The encoder gives libjpeg-turbo's files, byte for byte.
//!
//! The portable level is libjpeg-turbo alone, so it is what the others are compared to. `make soak` draws a hundred thousand
//! pictures, by `SOAK`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use turboshard::{
    codec::{Codec, DecodeOptions},
    image::{Mode, Size, Subsampling, View},
    isa::Isa,
    jpeg::{EncodeOptions, Encoder, Plane},
};

const HOW: [Subsampling; 3] = [Subsampling::S420, Subsampling::S422, Subsampling::S444];

/// An integer generator, so that every run sees the same pictures.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }
}

/// Kinds of pictures, each hard on something.
const KINDS: usize = 7;

/// The value of channel `channel` of the pixel there.
fn drawn(chance: &mut Chance, kind: usize, x: usize, y: usize, channel: usize) -> u8 {
    match kind {
        // Every coefficient is used, and large.
        0 => chance.below(256) as u8,
        1 => [0, 255][chance.below(2)],
        // No coefficient but the first, whose differences are the largest there are; and none at all.
        2 => 255 * ((x / 8 + y / 8) % 2) as u8,
        3 => 200,
        // Runs of more than sixteen zeros.
        4 => 128 + if chance.below(40) == 0 { 12 } else { 0 } + channel as u8,
        // What pictures are like: slopes and edges with a little noise.
        5 => {
            ((x * (channel + 1) + y * 2) / 3 + chance.below(5)) as u8
                ^ if x / 20 == y / 17 { 0x60 } else { 0 }
        }
        _ => [0, 255][(x / 3 + y / 5 + channel) % 2],
    }
}

fn pixels(chance: &mut Chance, kind: usize, size: Size, channels: usize) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(size.pixels() * channels);
    for y in 0..size.height {
        for x in 0..size.width {
            for channel in 0..channels {
                pixels.push(drawn(chance, kind, x, y, channel));
            }
        }
    }
    pixels
}

/// Encoders of all levels, which keep their memory from one picture to the next.
struct Encoders {
    libjpeg: Encoder,
    fast: Vec<(Isa, Encoder)>,
    compared: usize,
    bytes: usize,
}

impl Encoders {
    fn new() -> Self {
        let fast = Isa::available().filter(|&isa| isa > Isa::Portable);
        Self {
            libjpeg: Encoder::with_isa(Isa::Portable),
            fast: fast.map(|isa| (isa, Encoder::with_isa(isa))).collect(),
            compared: 0,
            bytes: 0,
        }
    }

    fn compare(&mut self, name: &str, mut encode: impl FnMut(&mut Encoder, &mut Vec<u8>)) {
        let mut wanted = b"before".to_vec();
        encode(&mut self.libjpeg, &mut wanted);
        assert!(wanted.starts_with(b"before\xFF\xD8") && wanted.ends_with(&[0xFF, 0xD9]));
        self.bytes += wanted.len();
        for (isa, encoder) in &mut self.fast {
            let mut found = b"before".to_vec();
            encode(encoder, &mut found);
            let first = found.iter().zip(&wanted).position(|(a, b)| a != b);
            let lengths = (found.len(), wanted.len());
            assert!(
                found == wanted,
                "{name}: {isa:?}: first different at {first:?} of {lengths:?} (found, wanted)"
            );
            self.compared += 1;
        }
    }

    fn compare_pixels(&mut self, pixels: &[u8], size: Size, channels: usize, options: EncodeOptions) {
        let view = View { pixels, size, channels };
        let icc = [b"ICC_PROFILE\0\x01\x01".as_slice(), &[7; 300]].concat();
        let markers: &[(u8, &[u8])] =
            if options.quality.is_multiple_of(5) { &[(0xE1, b"Exif\0\0"), (0xE2, &icc)] } else { &[] };
        self.compare(&format!("{channels} channels of {size:?}, {options:?}"), |encoder, out| {
            encoder.encode(view, options, markers, out).unwrap();
        });
    }

    fn compare_planes(&mut self, chance: &mut Chance, kind: usize, size: Size, options: EncodeOptions) {
        let chroma = options.subsampling.chroma(size);
        let spare = chance.below(20);
        let planes = [size, chroma, chroma].map(|size| {
            let stride = size.width.next_multiple_of(8) + spare;
            // What fills blocks up is the caller's, and is coded as it is.
            let samples = pixels(chance, kind, Size { height: size.height, width: stride }, 1);
            (samples[..samples.len() - spare].to_vec(), stride)
        });
        let planes = planes.each_ref().map(|(samples, stride)| Plane { samples, stride: *stride });
        self.compare(&format!("planes of {size:?}, {options:?}"), |encoder, out| {
            encoder.encode_planes(planes, size, options, &[], out).unwrap();
        });
    }
}

/// How many pictures to draw.
fn soak(usual: usize) -> usize {
    std::env::var("SOAK").ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

#[test]
fn drawn_pictures_are_written_alike() {
    let mut chance = Chance(1);
    let mut encoders = Encoders::new();
    let count = soak(2000);
    for _ in 0..count {
        let most = if chance.below(10) == 0 { 400 } else { 80 };
        let size = Size { height: 1 + chance.below(most), width: 1 + chance.below(most) };
        let options = EncodeOptions::new(1 + chance.below(100) as u8, HOW[chance.below(3)]);
        let kind = chance.below(KINDS);
        match chance.below(6) {
            0 | 1 => encoders.compare_planes(&mut chance, kind, size, options),
            number => {
                let channels = [3, 3, 1, 4][number - 2];
                let pixels = pixels(&mut chance, kind, size, channels);
                encoders.compare_pixels(&pixels, size, channels, options);
            }
        }
    }
    assert_eq!(encoders.compared, count * encoders.fast.len());
    assert!(encoders.bytes > count * 1000, "{} bytes are hardly pictures", encoders.bytes);
}

#[test]
fn every_width_and_height_is_written_alike() {
    let mut chance = Chance(2);
    let mut encoders = Encoders::new();
    for side in 1..=70 {
        for subsampling in HOW {
            for (width, height) in [(side, 33), (37, side), (side, side)] {
                let size = Size { height, width };
                let options = EncodeOptions::new(95, subsampling);
                for channels in [1, 3, 4] {
                    let pixels = pixels(&mut chance, 0, size, channels);
                    encoders.compare_pixels(&pixels, size, channels, options);
                }
                encoders.compare_planes(&mut chance, 0, size, options);
            }
        }
    }
    assert_eq!(encoders.compared, 70 * 3 * 3 * 4 * encoders.fast.len());
}

#[test]
fn every_quality_is_written_alike() {
    let mut chance = Chance(3);
    let mut encoders = Encoders::new();
    let size = Size { height: 48, width: 80 };
    for quality in 1..=100 {
        for kind in 0..KINDS {
            let pixels = pixels(&mut chance, kind, size, 3);
            let options = EncodeOptions::new(quality, HOW[(kind + usize::from(quality)) % 3]);
            encoders.compare_pixels(&pixels, size, 3, options);
        }
    }
    assert_eq!(encoders.compared, 100 * KINDS * encoders.fast.len());
}

#[test]
fn large_pictures_are_written_alike() {
    let mut chance = Chance(4);
    let mut encoders = Encoders::new();
    // The last is as wide as a JPEG can be.
    for (number, (height, width)) in
        [(512, 512), (777, 1001), (1030, 259), (9, 65500)].into_iter().enumerate()
    {
        for (turn, subsampling) in HOW.into_iter().enumerate() {
            let size = Size { height, width };
            let kind = [0, 5, 1, 2][(number + turn) % 4];
            let pixels = pixels(&mut chance, kind, size, 3);
            encoders.compare_pixels(&pixels, size, 3, EncodeOptions::new([95, 75, 100][turn], subsampling));
        }
    }
    assert_eq!(encoders.compared, 12 * encoders.fast.len());
}

#[test]
fn what_is_no_picture_is_refused_alike() {
    let pixels = vec![0; 3 * 8 * 8];
    let size = Size { height: 8, width: 8 };
    for isa in Isa::available() {
        let mut encoder = Encoder::with_isa(isa);
        let mut out = Vec::new();
        let mut refused = |size, channels, quality, payload: &[u8]| {
            let view = View { pixels: &pixels, size, channels };
            let options = EncodeOptions::new(quality, Subsampling::S420);
            encoder.encode(view, options, &[(0xE1, payload)], &mut out).is_err()
        };
        assert!(!refused(size, 3, 95, b""));
        assert!(refused(size, 3, 0, b"") && refused(size, 3, 101, b""));
        assert!(refused(size, 2, 95, b"") && refused(size, 4, 95, b""));
        assert!(refused(Size { height: 0, width: 8 }, 3, 95, b""));
        assert!(refused(size, 3, 95, &vec![0; 65534]));
    }
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "jpg") {
            out.push(path);
        }
    }
}

#[test]
fn real_heads_are_written_alike() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/reghead");
    let heads = std::env::var_os("TURBOSHARD_HEADS").map_or(shared, PathBuf::from);
    let mut paths = Vec::new();
    files(&heads, &mut paths);
    if paths.is_empty() {
        // A run without the pictures has proved less, and says so.
        #[allow(clippy::print_stderr)]
        {
            eprintln!("no files at {}", heads.display());
        }
        return;
    }
    let mut encoders = Encoders::new();
    let mut codec = Codec::default();
    let decode = DecodeOptions { mode: Mode::Rgb, ..DecodeOptions::default() };
    for (number, path) in paths.iter().enumerate() {
        let data = fs::read(path).unwrap();
        let size = codec.output_size(&data, &decode).unwrap();
        let mut pixels = vec![0; size.pixels() * 3];
        codec.decode_into(&data, &decode, &mut pixels).unwrap();
        for (turn, subsampling) in HOW.into_iter().enumerate() {
            let quality = [95, 75, 90, 100][(number + turn) % 4];
            encoders.compare_pixels(&pixels, size, 3, EncodeOptions::new(quality, subsampling));
        }
    }
    assert_eq!(encoders.compared, paths.len() * 3 * encoders.fast.len());
}
