//! Times the decoder's levels, and two images at a time, against libjpeg-turbo on the files of a folder, taking turns in
//! one process.
//!
//! `cargo run --release -p turboshard --example jpeg_bench -- FOLDER [ROUNDS [REDUCE]]`; the figures are milliseconds of
//! thread time an image, over all files, and libjpeg-turbo's time in units of the level's.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod stopwatch;

use std::path::Path;

use turboshard::{
    codec::{Codec, DecodeOptions},
    error::Result,
    isa::Isa,
    jpeg::{Decoder, Target, markers::Header},
};

use stopwatch::{collect, now};

fn decode(decoder: &mut Decoder, data: &[u8], reduce: u8, out: &mut Vec<u8>) -> Result<()> {
    let header = Header::parse(data)?;
    let mut image = decoder.open(data, &header, false)?;
    let (height, width) = image.start(Target::Rgb, reduce)?;
    let stride = width as usize * 3;
    out.resize(height as usize * stride, 0);
    image.rows(Target::Rgb, out, stride, height)?;
    image.finish().map(drop)
}

/// Two images in one call, read together; an odd last one with itself.
fn decode_pair(codec: &mut Codec, data: &[Vec<u8>], reduce: u8, out: &mut [Vec<u8>; 2]) {
    let options = DecodeOptions { reduce, ..DecodeOptions::default() };
    let [first, second] = [&data[0], data.last().unwrap()];
    for (out, data) in out.iter_mut().zip([first, second]) {
        out.resize(codec.output_size(data, &options).unwrap().pixels() * 3, 0);
    }
    let [first_out, second_out] = out.each_mut().map(Vec::as_mut_slice);
    for report in codec.decode_pair([first, second], &options, [first_out, second_out]) {
        report.unwrap();
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "/work/shared/data/reghead".to_owned());
    let rounds = arguments.next().map_or(15, |text| text.parse().unwrap());
    let reduces = arguments.next().map_or(vec![1, 2, 4, 8], |text| vec![text.parse().unwrap()]);
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files);
    assert!(!files.is_empty(), "no .jpg in {folder}");
    let bytes: usize = files.iter().map(Vec::len).sum();
    println!("{folder}: {} files of {} bytes on average, {rounds} rounds", files.len(), bytes / files.len());
    let levels: Vec<Isa> = Isa::available().collect();
    let mut out = Vec::new();
    for reduce in reduces {
        let mut decoders: Vec<Decoder> = levels.iter().map(|&isa| Decoder::with_isa(isa)).collect();
        // The answers first: a fast wrong one is no figure.
        for data in &files {
            let mut wanted = Vec::new();
            for (number, decoder) in decoders.iter_mut().enumerate() {
                decode(decoder, data, reduce, &mut out).unwrap();
                if number == 0 {
                    wanted.clone_from(&out);
                }
                assert!(out == wanted, "the levels disagree");
            }
        }
        let (mut codec, mut outs) = (Codec::default(), [Vec::new(), Vec::new()]);
        for pair in files.chunks(2) {
            decode_pair(&mut codec, pair, reduce, &mut outs);
            for (data, found) in pair.iter().zip(&outs) {
                decode(&mut decoders[0], data, reduce, &mut out).unwrap();
                assert!(out == *found, "two at a time disagree");
            }
        }
        let mut times = vec![vec![0.0; files.len() * rounds]; levels.len() + 1];
        for round in 0..rounds {
            // All files by a level, then all by the next: nobody finds a file's branches still predicted.
            for (decoder, times) in decoders.iter_mut().zip(&mut times) {
                for (file, data) in files.iter().enumerate() {
                    let before = now();
                    decode(decoder, data, reduce, &mut out).unwrap();
                    times[file * rounds + round] = now() - before;
                }
            }
            let times = times.last_mut().unwrap();
            for (number, pair) in files.chunks(2).enumerate() {
                let before = now();
                decode_pair(&mut codec, pair, reduce, &mut outs);
                let time = (now() - before) / 2.0;
                (0..pair.len()).for_each(|i| times[(number * 2 + i) * rounds + round] = time);
            }
        }
        // A file's median and minimum over the rounds, averaged over the files.
        let figures: Vec<(f64, f64)> = times
            .iter_mut()
            .map(|times| {
                let of_files = times.chunks_mut(rounds).map(|times| {
                    times.sort_by(f64::total_cmp);
                    (times[rounds / 2], times[0])
                });
                let sums = of_files.fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
                (sums.0 / files.len() as f64, sums.1 / files.len() as f64)
            })
            .collect();
        let names = levels.iter().map(|isa| if *isa == Isa::Portable { "libjpeg-turbo" } else { isa.name() });
        for (name, (median, least)) in names.chain(["two at a time"]).zip(&figures) {
            let (ratio, best) = (figures[0].0 / median, figures[0].1 / least);
            println!("1/{reduce} {name:14} median {median:7.3}  least {least:7.3}  {ratio:5.2}x {best:5.2}x");
        }
    }
}
