//! Times the ways a file is made another one of half the size, taking turns in one process.
//!
//! `cargo run --release -p turboshard --example transcode_bench -- FOLDER [ROUNDS [WAY]]`, where WAY is a part of the
//! ways' names; the figures are milliseconds of thread time an image, the median over the rounds, averaged over all files.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod stopwatch;

use std::path::Path;

use turboshard::{
    codec::{Codec, DecodeOptions, TranscodeOptions},
    image::{Filter, Size, Space},
};

use stopwatch::{collect, now};

/// What is done to two files in a turn.
#[derive(Debug, Clone, Copy)]
enum Way {
    Decode(Filter),
    DecodePair(Filter),
    Transcode(Space),
    TranscodePair(Space),
}

fn run(way: Way, codec: &mut Codec, files: &[Vec<u8>], out: &mut [Vec<u8>; 2]) {
    let half = |data: &[u8], codec: &mut Codec| {
        let Size { height, width } = codec.output_size(data, &DecodeOptions::default()).unwrap();
        Size { height: height / 2, width: width / 2 }
    };
    let [first, second] = [&files[0], files.last().unwrap()];
    let size = Some(half(first, codec));
    match way {
        Way::Decode(filter) => {
            let options = DecodeOptions { size, filter, ..DecodeOptions::default() };
            for (data, out) in files.iter().zip(out) {
                out.resize(codec.output_size(data, &options).unwrap().pixels() * 3, 0);
                codec.decode_into(data, &options, out).unwrap();
            }
        }
        Way::DecodePair(filter) => {
            let options = DecodeOptions { size, filter, ..DecodeOptions::default() };
            let length = codec.output_size(first, &options).unwrap().pixels() * 3;
            for out in &mut *out {
                out.resize(length, 0);
            }
            let [a, b] = out.each_mut().map(Vec::as_mut_slice);
            for report in codec.decode_pair([first, second], &options, [a, b]) {
                report.unwrap();
            }
        }
        Way::Transcode(space) => {
            let options = TranscodeOptions { size, space, ..TranscodeOptions::default() };
            for (data, out) in files.iter().zip(out) {
                out.clear();
                codec.transcode(data, &options, out).unwrap();
            }
        }
        Way::TranscodePair(space) => {
            let options = TranscodeOptions { size, space, ..TranscodeOptions::default() };
            out.iter_mut().for_each(Vec::clear);
            for done in codec.transcode_pair([first, second], &options, out.each_mut()) {
                done.unwrap();
            }
        }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "/work/shared/data/reghead".to_owned());
    let rounds = arguments.next().map_or(15, |text| text.parse().unwrap());
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files);
    assert!(!files.is_empty(), "no .jpg in {folder}");
    let name = arguments.next().unwrap_or_default();
    let mut ways = vec![
        Way::Decode(Filter::Box),
        Way::DecodePair(Filter::Box),
        Way::Decode(Filter::Lanczos3),
        Way::DecodePair(Filter::Lanczos3),
        Way::Transcode(Space::Rgb),
        Way::TranscodePair(Space::Rgb),
        Way::Transcode(Space::Ycc),
        Way::TranscodePair(Space::Ycc),
    ];
    ways.retain(|way| format!("{way:?}").contains(&name));
    let (mut codec, mut out) = (Codec::default(), [Vec::new(), Vec::new()]);
    let pairs = files.len().div_ceil(2);
    let mut times = vec![vec![0.0; pairs * rounds]; ways.len()];
    for round in 0..=rounds {
        for (way, times) in ways.iter().zip(&mut times) {
            for (number, pair) in files.chunks(2).enumerate() {
                let before = now();
                run(*way, &mut codec, pair, &mut out);
                // The first round warms up.
                if let Some(round) = round.checked_sub(1) {
                    times[number * rounds + round] = (now() - before) / pair.len() as f64;
                }
            }
        }
    }
    for (way, times) in ways.iter().zip(&mut times) {
        let medians = times.chunks_mut(rounds).map(|times| {
            times.sort_by(f64::total_cmp);
            times[rounds / 2]
        });
        println!("{:24} {:7.3}", format!("{way:?}"), medians.sum::<f64>() / pairs as f64);
    }
}
