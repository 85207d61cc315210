//! Rows of pixels to rows of samples: RGB to `YCbCr`, then chroma made smaller, by libjpeg's arithmetic.
#![allow(unsafe_code)]

use crate::{image::Subsampling, isa::Isa};

/// Pixels of a step.
pub(super) const STEP: usize = 64;

/// Bytes a kernel reads from the first pixel of a step on: 16 more than it needs of RGB.
pub(super) const fn reach(channels: usize) -> usize {
    if channels == 3 { STEP * 3 + 16 } else { STEP * channels }
}

/// What RGB is multiplied by, with 16 bits behind the point, rounded so that each line's sum is 1 or 0.
pub(super) const LUMA: [i32; 3] = [19595, 38470, 7471];
pub(super) const BLUE: [i32; 3] = [-11059, -21709, 32768];
pub(super) const RED: [i32; 3] = [32768, -27439, -5329];
/// Added to luma, and to chroma, whose zero is 128 and whose most must not round to 256.
pub(super) const HALF: i32 = 1 << 15;
pub(super) const CENTRE: i32 = (128 << 16) + HALF - 1;

/// What vectors compute instead is 255 less chroma, as 32768 does not fit 16 bits and -32768 does: with
/// the signs of `BLUE` and `RED` turned, this is what is added.
#[cfg(target_arch = "x86_64")]
pub(super) const CENTRE_FROM_ABOVE: i32 = (1 << 24) - 1 - CENTRE;

/// Rows of pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pixels<'a> {
    /// The second counts for 4:2:0 alone.
    pub(super) rows: [&'a [u8]; 2],
    /// Three or four.
    pub(super) channels: usize,
    /// Bytes from a pixel to the one that is wanted when the next strip is, to be brought into the caches.
    pub(super) ahead: usize,
}

/// Where a step's samples go; chroma's rows have room for as many as luma's, however many it is given.
#[derive(Debug)]
pub(super) struct Samples<'a> {
    /// With chroma of half the rows both are written, otherwise the first.
    pub(super) luma: [&'a mut [u8]; 2],
    pub(super) blue: &'a mut [u8],
    pub(super) red: &'a mut [u8],
}

fn luma_of(pixel: &[u8]) -> u8 {
    ((weighted(pixel, LUMA) + HALF) >> 16) as u8
}

fn weighted(pixel: &[u8], weights: [i32; 3]) -> i32 {
    pixel.iter().zip(weights).map(|(&value, weight)| i32::from(value) * weight).sum()
}

/// Chroma of the pixels that share sample number `x`; a half is rounded up and down in turn.
fn chroma_of(how: Subsampling, rows: &[&[u8]], channels: usize, x: usize, weights: [i32; 3]) -> u8 {
    let (columns, _) = how.ratio();
    let mut sum = 0;
    for row in rows {
        for pixel in row.chunks_exact(channels).skip(x * columns).take(columns) {
            sum += (weighted(pixel, weights) + CENTRE) >> 16;
        }
    }
    let (bias, bits) = match how {
        Subsampling::S444 => (0, 0),
        Subsampling::S422 => (x as i32 % 2, 1),
        Subsampling::S420 => (1 + x as i32 % 2, 2),
    };
    ((sum + bias) >> bits) as u8
}

/// Converts `steps` steps of a row, or of two for 4:2:0.
fn plain(how: Subsampling, pixels: Pixels<'_>, steps: usize, samples: &mut Samples<'_>) {
    let Pixels { rows, channels, .. } = pixels;
    let (columns, lines) = how.ratio();
    for (row, luma) in rows.iter().zip(&mut samples.luma).take(lines) {
        for (pixel, sample) in row.chunks_exact(channels).zip(luma.iter_mut()).take(steps * STEP) {
            *sample = luma_of(pixel);
        }
    }
    let rows = rows.get(..lines).unwrap_or_default();
    for (place, weights) in [(&mut samples.blue, BLUE), (&mut samples.red, RED)] {
        for (x, sample) in place.iter_mut().enumerate().take(steps * STEP / columns) {
            *sample = chroma_of(how, rows, channels, x, weights);
        }
    }
}

/// Converts as many steps of 64 pixels as there are in the rows, each of which has [`reach`] bytes from its beginning
/// on, and in `samples`; says how many.
pub(super) fn convert(
    isa: Isa,
    how: Subsampling,
    pixels: Pixels<'_>,
    most: usize,
    mut samples: Samples<'_>,
) -> usize {
    let Pixels { rows, channels, .. } = pixels;
    let both = how == Subsampling::S420;
    let of_pixels = |row: &[u8]| {
        let spare = reach(channels) - STEP * channels;
        row.len().saturating_sub(spare) / (STEP * channels)
    };
    let [first, second] = rows.map(of_pixels);
    let [upper, lower] = samples.luma.each_ref().map(|row| row.len() / STEP);
    let mut steps = most.min(first).min(upper).min(samples.blue.len() / STEP).min(samples.red.len() / STEP);
    if both {
        steps = steps.min(second).min(lower);
    }
    #[cfg(target_arch = "x86_64")]
    if isa >= Isa::Avx2 {
        use super::{colour_avx2 as avx2, colour_avx512 as avx512};
        // SAFETY: the CPU has these instructions, and rows and samples are as long as `steps` needs them.
        unsafe {
            match (isa >= Isa::Avx512, channels, how) {
                (true, 3, Subsampling::S444) => avx512::convert::<3, 0>(pixels, steps, &mut samples),
                (true, 3, Subsampling::S422) => avx512::convert::<3, 1>(pixels, steps, &mut samples),
                (true, 3, Subsampling::S420) => avx512::convert::<3, 2>(pixels, steps, &mut samples),
                (true, _, Subsampling::S444) => avx512::convert::<4, 0>(pixels, steps, &mut samples),
                (true, _, Subsampling::S422) => avx512::convert::<4, 1>(pixels, steps, &mut samples),
                (true, _, Subsampling::S420) => avx512::convert::<4, 2>(pixels, steps, &mut samples),
                (false, 3, Subsampling::S444) => avx2::convert::<3, 0>(pixels, steps, &mut samples),
                (false, 3, Subsampling::S422) => avx2::convert::<3, 1>(pixels, steps, &mut samples),
                (false, 3, Subsampling::S420) => avx2::convert::<3, 2>(pixels, steps, &mut samples),
                (false, _, Subsampling::S444) => avx2::convert::<4, 0>(pixels, steps, &mut samples),
                (false, _, Subsampling::S422) => avx2::convert::<4, 1>(pixels, steps, &mut samples),
                (false, _, Subsampling::S420) => avx2::convert::<4, 2>(pixels, steps, &mut samples),
            }
        }
        return steps;
    }
    let _ = isa;
    plain(how, pixels, steps, &mut samples);
    steps
}
