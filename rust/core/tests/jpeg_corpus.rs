//! Decoding against Pillow's answers over a corpus of broken, odd and plain files: the same files are
//! accepted, with the same pixels; and a decoder that met a broken file is as good as new.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use turboshard::{
    codec::{Codec, DecodeOptions, EncodeOptions, TranscodeOptions},
    error::Kind,
    fault::ImageFault,
    image::{Mode, Size, Subsampling, View},
    jpeg::{Decoder, Target, markers::Header},
};

/// Pillow refuses above twice 89,478,485 pixels.
const MAX_PIXELS: u64 = 178_956_970;

/// Files whose treatment differs from Pillow's, and why. Nothing else may differ, and each of these must.
const EXCEPTIONS: [(&str, &str); 1] = [(
    "jpeg-decoder-reftest/mozilla__jpg-size-6x6.jpg",
    "a PNG under a wrong name; this crate decodes JPEG only",
)];

struct Case {
    name: String,
    data: Vec<u8>,
    expected: serde_json::Value,
}

fn corpus() -> Option<Vec<Case>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/jpeg");
    let folder = std::env::var_os("TURBOSHARD_JPEG_CORPUS").map_or(folder, PathBuf::from);
    let Ok(text) = fs::read(folder.join("expected_pillow.json")) else {
        // The one place where a test speaks: a run without the corpus has proved less.
        #[allow(clippy::print_stderr)]
        {
            eprintln!("no corpus at {}: only generated images were checked", folder.display());
        }
        return None;
    };
    let expected: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let files = expected["files"].as_object().unwrap();
    assert!(files.len() > 200, "the corpus is incomplete");
    let case = |(name, expected): (&String, &serde_json::Value)| Case {
        name: name.clone(),
        data: fs::read(folder.join(name)).unwrap(),
        expected: expected.clone(),
    };
    Some(files.iter().map(case).collect())
}

fn options(mode: Mode) -> DecodeOptions {
    DecodeOptions { mode, max_pixels: Some(MAX_PIXELS), ..DecodeOptions::default() }
}

fn decode(codec: &mut Codec, data: &[u8], mode: Mode) -> turboshard::error::Result<(Size, Vec<u8>)> {
    let options = options(mode);
    let size = codec.output_size(data, &options)?;
    let mut pixels = vec![0; size.pixels() * mode.channels()];
    codec.decode_into(data, &options, &mut pixels)?;
    Ok((size, pixels))
}

/// The pixels in the mode Pillow opens the file in.
fn as_opened(codec: &mut Codec, data: &[u8], mode: &str) -> turboshard::error::Result<(Size, Vec<u8>)> {
    match mode {
        "L" => decode(codec, data, Mode::L),
        "CMYK" => {
            let (size, _) = decode(codec, data, Mode::Rgb)?;
            let mut decoder = Decoder::default();
            let mut image = decoder.open(data, &Header::parse(data)?, false)?;
            image.start(Target::Cmyk, 1)?;
            let mut pixels = vec![0; size.pixels() * 4];
            image.rows(Target::Cmyk, &mut pixels, size.width * 4, size.height as u32)?;
            for value in &mut pixels {
                *value = 255 - *value;
            }
            Ok((size, pixels))
        }
        _ => decode(codec, data, Mode::Rgb),
    }
}

/// libjpeg-turbo without its assembler, as under ASan: coefficients that no picture has overflow in C to other pixels than in
/// Pillow's.
fn is_plain() -> bool {
    std::env::var_os("JSIMD_FORCENONE").is_some()
}

fn difference(case: &Case, found: turboshard::error::Result<(Size, Vec<u8>)>) -> Option<String> {
    let wanted = case.expected["ok"].as_bool().unwrap();
    match found {
        Err(error) if wanted => Some(format!("refused ({error}), Pillow decodes it")),
        Err(_) => None,
        Ok(_) if !wanted => Some(format!("decoded, Pillow says {}", case.expected["error"])),
        Ok((size, pixels)) => {
            let expected = &case.expected;
            if expected["size"] != serde_json::json!([size.width, size.height]) {
                return Some(format!("{size:?}, Pillow says {}", expected["size"]));
            }
            let digest =
                Sha256::digest(&pixels).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
            (expected["pixels_sha256"] != digest && !is_plain())
                .then(|| "other pixels than Pillow's".to_owned())
        }
    }
}

#[test]
fn the_corpus_decodes_as_pillow_decodes_it() {
    let Some(cases) = corpus() else { return };
    let mut codec = Codec::default();
    let mut unexplained = Vec::new();
    for case in &cases {
        let mode = case.expected["mode"].as_str().unwrap_or("RGB");
        let difference = difference(case, as_opened(&mut codec, &case.data, mode));
        let explained = EXCEPTIONS.iter().any(|(file, _)| *file == case.name);
        match difference {
            Some(difference) if !explained => unexplained.push(format!("{}: {difference}", case.name)),
            None if explained && !is_plain() => {
                unexplained.push(format!("{}: no exception any more", case.name));
            }
            _ => {}
        }
    }
    assert!(unexplained.is_empty(), "{} files:\n{}", unexplained.len(), unexplained.join("\n"));
}

#[test]
fn truncated_files_are_called_truncated() {
    let Some(cases) = corpus() else { return };
    let mut codec = Codec::default();
    let (mut seen, mut filled) = (0, 0);
    for case in &cases {
        if !case.expected["error"].as_str().is_some_and(|words| words.contains("image file is truncated")) {
            continue;
        }
        seen += 1;
        let error = decode(&mut codec, &case.data, Mode::Rgb).unwrap_err();
        assert!(
            matches!(error.kind(), Kind::Image(ImageFault::Truncated { rows, height }) if rows < height),
            "{}: {error}",
            case.name
        );
        let mut options = options(Mode::Rgb);
        options.fill_truncated = true;
        let size = codec.output_size(&case.data, &options).unwrap();
        let mut pixels = vec![0; size.pixels() * 3];
        match codec.decode_into(&case.data, &options, &mut pixels) {
            Ok(report) => {
                filled += 1;
                assert!(report.truncated_at.is_some() && report.warnings.is_some(), "{}", case.name);
            }
            // Cut so early, or otherwise so broken, that there is nothing to fill.
            Err(error) => assert!(matches!(error.kind(), Kind::Image(ImageFault::Corrupt(_)))),
        }
    }
    assert!(seen > 10 && filled > seen / 2, "of {seen} truncated files {filled} were filled");
}

#[test]
fn filling_accepts_what_is_accepted_without() {
    let Some(cases) = corpus() else { return };
    let mut codec = Codec::default();
    let mut seen = 0;
    for case in cases.iter().filter(|case| case.expected["ok"] == true) {
        let Ok((_, wanted)) = decode(&mut codec, &case.data, Mode::Rgb) else { continue };
        let mut options = options(Mode::Rgb);
        options.fill_truncated = true;
        let mut pixels = vec![0; wanted.len()];
        codec.decode_into(&case.data, &options, &mut pixels).unwrap();
        assert!(pixels == wanted, "{}", case.name);
        seen += 1;
    }
    assert!(seen > 100);
}

/// A picture with smooth parts, edges and noise, from an integer generator.
fn generated(size: Size, channels: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut pixels = Vec::with_capacity(size.pixels() * channels);
    for y in 0..size.height {
        for x in 0..size.width {
            for channel in 0..channels {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let edge = if (x / 7 + y / 5) % 2 == 0 { 60 } else { 180 };
                pixels.push((edge + x * (channel + 1) + y) as u8 ^ (state >> 29) as u8);
            }
        }
    }
    pixels
}

fn good() -> Vec<u8> {
    let size = Size { height: 37, width: 51 };
    let pixels = generated(size, 3);
    let mut jpeg = Vec::new();
    let options = EncodeOptions::new(90, Subsampling::S420);
    Codec::default().encode_into(View { pixels: &pixels, size, channels: 3 }, options, &mut jpeg).unwrap();
    jpeg
}

/// The corpus, or at least every prefix of a good file and what one flipped byte makes of it.
fn bad_ones() -> Vec<Vec<u8>> {
    let jpeg = good();
    let prefixes = (0..jpeg.len()).step_by(13).map(|end| jpeg[..end].to_vec());
    let flipped = (0..jpeg.len()).step_by(5).map(|at| {
        let mut copy = jpeg.clone();
        copy[at] ^= 0x55;
        copy
    });
    let generated = prefixes.chain(flipped);
    generated.chain(corpus().into_iter().flatten().map(|case| case.data)).collect()
}

#[test]
fn a_codec_that_met_a_bad_file_decodes_a_good_one_as_before() {
    let jpeg = good();
    let wanted = decode(&mut Codec::default(), &jpeg, Mode::Rgb).unwrap();
    let mut codec = Codec::default();
    let mut refused = 0;
    for bad in bad_ones() {
        for mode in [Mode::Rgb, Mode::Y] {
            // A stranger's tables, sizes and errors must leave no trace, nor may it matter what came before.
            let first = decode(&mut codec, &bad, mode);
            refused += usize::from(first.is_err());
            let fresh = decode(&mut Codec::default(), &bad, mode);
            assert_eq!(first.map_err(|e| e.to_string()), fresh.map_err(|e| e.to_string()));
            assert_eq!(decode(&mut codec, &jpeg, Mode::Rgb).unwrap(), wanted);
        }
    }
    assert!(refused > 20, "bad files are refused");
}

#[test]
fn every_prefix_is_refused_or_whole() {
    let jpeg = good();
    let wanted = decode(&mut Codec::default(), &jpeg, Mode::Rgb).unwrap();
    let mut codec = Codec::default();
    let mut refused = 0;
    for end in 0..jpeg.len() {
        match decode(&mut codec, &jpeg[..end], Mode::Rgb) {
            // Only the last bits of padding and the end marker can be missing without loss.
            Ok(found) => assert!(found == wanted && end + 4 > jpeg.len(), "prefix of {end}"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 100);
}

#[test]
fn tables_of_their_own_leave_the_pixels_and_never_cost_bytes() {
    let (mut codec, mut smaller, mut refused) = (Codec::default(), 0, 0);
    let optimize =
        TranscodeOptions { optimize: true, max_pixels: Some(MAX_PIXELS), ..TranscodeOptions::default() };
    for data in bad_ones().into_iter().chain([good()]) {
        let before = decode(&mut codec, &data, Mode::Rgb).map_err(|e| e.to_string());
        let mut out = b"in front".to_vec();
        match codec.transcode(&data, &optimize, &mut out) {
            Ok(done) => {
                let file = out.strip_prefix(b"in front").unwrap();
                assert!(if done.copied { file == data } else { file.len() < data.len() });
                assert_eq!(decode(&mut codec, file, Mode::Rgb).map_err(|e| e.to_string()), before);
                smaller += usize::from(!done.copied);
            }
            // A PNG under a JPEG's name decodes, and has no Huffman tables of JPEG's.
            Err(_) if data.starts_with(b"\x89PNG") => assert_eq!(out, b"in front"),
            Err(error) => {
                assert_eq!(before.unwrap_err(), error.to_string(), "what decodes is not refused");
                assert_eq!(out, b"in front");
                refused += 1;
            }
        }
    }
    assert!(smaller > 10 && refused > 20, "{smaller} {refused}");
}
