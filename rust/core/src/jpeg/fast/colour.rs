//! Rows of samples to a row of pixels: chroma made as large as luma, then `YCbCr` to RGB, by libjpeg's arithmetic.
#![allow(unsafe_code)]

use crate::isa::Isa;

/// How chroma samples become as many as luma's. libjpeg calls the last two fancy: a triangle filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upsampling {
    /// There are as many.
    None,
    /// Half as many in a row.
    Wide,
    /// Half as many in a row, and half as many rows.
    Both,
}

/// Bytes of no meaning before and behind a row's samples that a kernel may read.
pub(super) const MARGIN: usize = 64;

/// A row of each component. Chroma is the row at the pixels' place, and the next nearest one where
/// [`Upsampling::Both`] wants it; a sample at each end of a row is repeated beyond it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    /// Luma, then `MARGIN` bytes.
    pub(super) luma: &'a [u8],
    /// Blue and red, each: `MARGIN` bytes, samples, `MARGIN` bytes.
    pub(super) near: [&'a [u8]; 2],
    pub(super) far: [&'a [u8]; 2],
}

/// Pixels of a step of the vector kernels.
pub(super) const STEP: usize = 64;

/// The same as 16-bit kernels take them: half of 1.402 and of 1.772 with 15 bits behind the point, times twice the value,
/// so chosen that all 256 products round as libjpeg's.
#[cfg(target_arch = "x86_64")]
pub(super) const RED: i16 = 22971;
#[cfg(target_arch = "x86_64")]
pub(super) const BLUE: i16 = 29033;
/// Green's, for pairs of blue and red: -0.344136, and 1 - 0.714136 as the other one does not fit; red is taken off after.
#[cfg(target_arch = "x86_64")]
pub(super) const GREEN: i32 = (-22554_i16 as u16) as i32 + (18734 << 16);

/// A pixel of these colours.
#[inline]
fn rgb(y: u8, cb: i32, cr: i32) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y), cb - 128, cr - 128);
    // 1.402, 0.344136, 0.714136 and 1.772 with 16 bits behind the point, rounded as libjpeg's tables are.
    let red = y + ((91881 * cr + 32768) >> 16);
    let green = y + ((-22554 * cb - 46802 * cr + 32768) >> 16);
    let blue = y + ((116_130 * cb + 32768) >> 16);
    [red, green, blue].map(|value| value.clamp(0, 255) as u8)
}

/// Sample number `i` of a row that has a margin before it; the margin's last sample is number -1.
#[inline]
fn at(row: &[u8], i: usize) -> i32 {
    row.get(i).copied().map_or(0, i32::from)
}

/// A chroma component's value at pixel `x`.
#[inline]
fn chroma(how: Upsampling, near: &[u8], far: &[u8], x: usize) -> i32 {
    if how == Upsampling::None {
        return at(near, MARGIN + x);
    }
    let here = MARGIN + x / 2;
    let (beside, odd) = if x.is_multiple_of(2) { (here - 1, 0) } else { (here + 1, 1) };
    if how == Upsampling::Wide {
        return (3 * at(near, here) + at(near, beside) + 1 + odd) >> 2;
    }
    let column = |i| 3 * at(near, i) + at(far, i);
    (3 * column(here) + column(beside) + 8 - odd) >> 4
}

/// Writes the pixels from number `first` on.
fn plain(how: Upsampling, rows: &Rows<'_>, first: usize, out: &mut [u8]) {
    let [near_blue, near_red] = rows.near;
    let [far_blue, far_red] = rows.far;
    for (x, (pixel, &y)) in out.as_chunks_mut().0.iter_mut().zip(rows.luma).enumerate().skip(first) {
        *pixel = rgb(y, chroma(how, near_blue, far_blue, x), chroma(how, near_red, far_red, x));
    }
}

/// Writes a row of RGB, three bytes a pixel.
pub(super) fn convert(isa: Isa, how: Upsampling, rows: &Rows<'_>, out: &mut [u8]) {
    let width = out.len() / 3;
    let samples = 2 * MARGIN + if how == Upsampling::None { width } else { width.div_ceil(2) };
    let all = rows.near.iter().chain(&rows.far).all(|row| row.len() >= samples);
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
    let mut done = 0;
    #[cfg(target_arch = "x86_64")]
    if isa >= Isa::Avx2 && rows.luma.len() >= width + MARGIN && all {
        let kernel =
            if isa >= Isa::Avx512 { super::colour_avx512::convert } else { super::colour_avx2::convert };
        let (steps, rest) = out.as_chunks_mut::<{ STEP * 3 }>();
        let rest = rest.get_mut(..width % STEP * 3).unwrap_or_default();
        // SAFETY: the CPU has these instructions; the rows hold `width` pixels and their margins; `steps` are
        // whole, and so is `last`.
        unsafe {
            kernel(how, rows, 0, steps.as_flattened_mut());
            if !rest.is_empty() {
                let mut last = [0; STEP * 3];
                kernel(how, rows, width - width % STEP, &mut last);
                rest.copy_from_slice(last.get(..rest.len()).unwrap_or_default());
            }
        }
        done = width;
    }
    let _ = (isa, all);
    if done < width {
        plain(how, rows, done, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(state: &mut u32, length: usize, choice: u32) -> Vec<u8> {
        let mut next = || {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *state >> 24
        };
        (0..length)
            .map(|_| match choice % 3 {
                0 => next() as u8,
                1 => [0, 255][next() as usize % 2],
                _ => [0, 1, 127, 128, 129, 254, 255][next() as usize % 7],
            })
            .collect()
    }

    #[test]
    fn every_level_gives_the_same_pixels() {
        let (mut state, mut seen) = (1, 0);
        for how in [Upsampling::None, Upsampling::Wide, Upsampling::Both] {
            for width in (1..=200_usize).chain([511, 512, 513, 1024]) {
                let samples = if how == Upsampling::None { width } else { width.div_ceil(2) };
                let mut row = |length: usize| rows(&mut state, length, width as u32);
                let luma = row(width + MARGIN);
                let chroma: [Vec<u8>; 4] = std::array::from_fn(|_| row(samples + 2 * MARGIN));
                let [a, b, c, d] = &chroma;
                let rows = Rows { luma: &luma, near: [a, b], far: [c, d] };
                let mut wanted = vec![0; width * 3];
                plain(how, &rows, 0, &mut wanted);
                for isa in Isa::available() {
                    let mut found = vec![7; width * 3];
                    convert(isa, how, &rows, &mut found);
                    assert!(found == wanted, "{isa:?} {how:?} {width}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 600);
    }

    #[test]
    fn every_level_converts_every_colour() {
        for isa in Isa::available() {
            for red in 0..=255 {
                let blue: Vec<u8> = (0..=255).collect();
                let pad = |row: &[u8]| [&[0; MARGIN], row, &[0; MARGIN]].concat();
                let (blue, red) = (pad(&blue), pad(&[red; 256]));
                for y in [0, 100, 255] {
                    let luma = [y; 256 + MARGIN];
                    let rows = Rows { luma: &luma, near: [&blue, &red], far: [&blue, &red] };
                    let (mut wanted, mut found) = ([0; 768], [0; 768]);
                    plain(Upsampling::None, &rows, 0, &mut wanted);
                    convert(isa, Upsampling::None, &rows, &mut found);
                    assert!(found == wanted, "{isa:?} {y}");
                }
            }
        }
    }
}
