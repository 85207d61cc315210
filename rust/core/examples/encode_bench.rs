//! Times the encoder's levels against libjpeg-turbo on the pictures of a folder, taking turns in one process.
//!
//! `cargo run --release -p turboshard --example encode_bench -- FOLDER [ROUNDS [SIZE [QUALITY]]]`; JPEGs are decoded, and resized
//! to SIZE (512) where that is not 0. The figures are milliseconds of thread time an image, over all files, and libjpeg-turbo's
//! time in units of the level's.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod stopwatch;

use std::path::Path;

use turboshard::{
    codec::{Codec, DecodeOptions},
    image::{Mode, Size, Subsampling, View},
    isa::Isa,
    jpeg::{EncodeOptions, Encoder, Plane},
};

use stopwatch::{collect, now};

/// One way to hand a picture to the encoder.
#[derive(Debug, Clone, Copy)]
enum Input {
    Rgb,
    /// Planes of the size that `Subsampling` says; what is in them does not matter to time, so they are green's values.
    Planes,
}

fn encode(
    encoder: &mut Encoder,
    input: Input,
    (pixels, plane, size): (&[u8], &[u8], Size),
    options: EncodeOptions,
    out: &mut Vec<u8>,
) {
    out.clear();
    match input {
        Input::Rgb => encoder.encode(View { pixels, size, channels: 3 }, options, &[], out).unwrap(),
        Input::Planes => {
            let plane = Plane { samples: plane, stride: size.width.next_multiple_of(8) };
            encoder.encode_planes([plane; 3], size, options, &[], out).unwrap();
        }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "/work/shared/data/reghead".to_owned());
    let mut number = |usual: usize| arguments.next().map_or(usual, |text| text.parse().unwrap());
    let (rounds, side, quality) = (number(15), number(512), number(95) as u8);
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files);
    assert!(!files.is_empty(), "no .jpg in {folder}");
    let size = (side > 0).then_some(Size { height: side, width: side });
    let decode = DecodeOptions { size, mode: Mode::Rgb, ..DecodeOptions::default() };
    let mut codec = Codec::default();
    let pictures: Vec<_> = files
        .iter()
        .map(|data| {
            let size = codec.output_size(data, &decode).unwrap();
            let mut pixels = vec![0; size.pixels() * 3];
            codec.decode_into(data, &decode, &mut pixels).unwrap();
            let green = |y: usize, x: usize| pixels[(y * size.width + x.min(size.width - 1)) * 3 + 1];
            let stride = size.width.next_multiple_of(8);
            let plane: Vec<u8> = (0..size.height * stride).map(|i| green(i / stride, i % stride)).collect();
            (pixels, plane, size)
        })
        .collect();
    println!("{folder}: {} pictures, quality {quality}, {rounds} rounds", pictures.len());
    let levels: Vec<Isa> = Isa::available().collect();
    let (mut out, mut copy) = (Vec::new(), (Vec::new(), Vec::new()));
    for (input, subsampling) in [
        (Input::Rgb, Subsampling::S420),
        (Input::Rgb, Subsampling::S422),
        (Input::Rgb, Subsampling::S444),
        (Input::Planes, Subsampling::S420),
    ] {
        let options = EncodeOptions::new(quality, subsampling);
        let mut encoders: Vec<Encoder> = levels.iter().map(|&isa| Encoder::with_isa(isa)).collect();
        // The answers first: a fast wrong one is no figure.
        let mut bytes = 0;
        for (pixels, plane, size) in &pictures {
            let mut wanted = Vec::new();
            for (number, encoder) in encoders.iter_mut().enumerate() {
                encode(encoder, input, (pixels, plane, *size), options, &mut out);
                if number == 0 {
                    wanted.clone_from(&out);
                }
                assert!(out == wanted, "the levels disagree");
            }
            bytes += wanted.len();
        }
        println!("{input:?} {}: {} bytes on average", subsampling.name(), bytes / pictures.len());
        let mut times = vec![vec![0.0; pictures.len() * rounds]; levels.len()];
        for round in 0..rounds {
            // All pictures by a level, then all by the next: nobody finds a picture's branches still predicted.
            for (encoder, times) in encoders.iter_mut().zip(&mut times) {
                for (number, (pixels, plane, size)) in pictures.iter().enumerate() {
                    // As after resizing: the picture was just written.
                    copy.0.clone_from(pixels);
                    copy.1.clone_from(plane);
                    let before = now();
                    encode(encoder, input, (&copy.0, &copy.1, *size), options, &mut out);
                    times[number * rounds + round] = now() - before;
                }
            }
        }
        // A picture's median over the rounds, averaged over the pictures.
        let figures: Vec<f64> = times
            .iter_mut()
            .map(|times| {
                let medians = times.chunks_mut(rounds).map(|times| {
                    times.sort_by(f64::total_cmp);
                    times[rounds / 2]
                });
                medians.sum::<f64>() / pictures.len() as f64
            })
            .collect();
        for (isa, median) in levels.iter().zip(&figures) {
            let name = if *isa == Isa::Portable { "libjpeg-turbo" } else { isa.name() };
            println!("  {name:14} median {median:7.3}  {:5.2}x", figures[0] / median);
        }
    }
}
