//! Colours and axes: Pillow's integer formulas, exactly.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // the same loops, compiled for two kinds of CPU

use crate::{
    image::{Layout, Mode},
    isa::Isa,
};

/// Turns Adobe's inverted CMYK into RGB in place; the first three quarters of `pixels` hold the result.
///
/// What Pillow does to every CMYK JPEG: undo the inversion, then each ink and black darken independently.
pub(super) fn rgb_from_inverted_cmyk(pixels: &mut [u8]) {
    for at in 0..pixels.len() / 4 {
        let Some(&[c, m, y, k]) = pixels.get(at * 4..at * 4 + 4).and_then(<[u8]>::first_chunk) else {
            return;
        };
        // k is 255 - black already. MULDIV255 is a division by 255, rounded.
        let light = |ink: u8| {
            let product = u32::from(255 - ink) * u32::from(k) + 128;
            k - (((product >> 8) + product) >> 8) as u8
        };
        if let Some(target) = pixels.get_mut(at * 3..at * 3 + 3) {
            target.copy_from_slice(&[light(c), light(m), light(y)]);
        }
    }
}

/// Pillow's luma of RGB (ITU-R 601-2, 16-bit weights, rounded).
#[inline(always)]
fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((u32::from(r) * 19595 + u32::from(g) * 38470 + u32::from(b) * 7471 + 0x8000) >> 16) as u8
}

/// Multiplies colours by their alpha, as Pillow does before it resizes RGBA.
pub(super) fn multiply_alpha(pixels: &mut [u8]) {
    for [r, g, b, a] in pixels.as_chunks_mut::<4>().0 {
        for colour in [r, g, b] {
            let product = u32::from(*colour) * u32::from(*a) + 128;
            *colour = (((product >> 8) + product) >> 8) as u8;
        }
    }
}

/// Undoes it, as Pillow does afterwards.
pub(super) fn divide_alpha(pixels: &mut [u8]) {
    for [r, g, b, a] in pixels.as_chunks_mut::<4>().0 {
        for colour in [r, g, b] {
            let share = (255 * u32::from(*colour)).checked_div(u32::from(*a));
            *colour = share.map_or(*colour, |share| share.min(255) as u8);
        }
    }
}

/// Writes pixels of 4 channels, RGBA, in the axes of `layout`.
pub(super) fn finish_alpha(pixels: &[u8], layout: Layout, out: &mut [u8]) {
    match layout {
        Layout::Hwc => out.copy_from_slice(pixels),
        Layout::Chw => {
            let plane = pixels.len() / 4;
            for (channel, target) in out.chunks_exact_mut(plane.max(1)).enumerate() {
                target.iter_mut().zip(pixels.as_chunks::<4>().0).for_each(|(value, pixel)| {
                    *value = pixel.get(channel).copied().unwrap_or_default();
                });
            }
        }
    }
}

/// Writes pixels of 1 or 3 channels in the colours of `mode` and the axes of `layout` to `out`, which holds a whole image;
/// the first of them is the image's pixel number `at`.
pub(super) fn finish(pixels: &[u8], channels: usize, at: usize, mode: Mode, layout: Layout, out: &mut [u8]) {
    finish_at(Isa::current(), pixels, channels, at, mode, layout, out);
}

fn finish_at(
    isa: Isa,
    pixels: &[u8],
    channels: usize,
    at: usize,
    mode: Mode,
    layout: Layout,
    out: &mut [u8],
) {
    #[cfg(target_arch = "x86_64")]
    if isa >= Isa::Avx2 {
        // SAFETY: the CPU has these instructions.
        return unsafe { finish_avx2(pixels, channels, at, mode, layout, out) };
    }
    let _ = isa;
    any_finish(pixels, channels, at, mode, layout, out);
}

/// The same code with the instructions of newer CPUs, whose shuffles take pixels apart several times as fast.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn finish_avx2(pixels: &[u8], channels: usize, at: usize, mode: Mode, layout: Layout, out: &mut [u8]) {
    any_finish(pixels, channels, at, mode, layout, out);
}

#[inline(always)]
fn any_finish(pixels: &[u8], channels: usize, at: usize, mode: Mode, layout: Layout, out: &mut [u8]) {
    let made = mode.channels();
    let count = pixels.len() / channels.max(1);
    let rgb = pixels.as_chunks::<3>().0;
    if layout == Layout::Chw && made > 1 {
        let plane = (out.len() / made).max(1);
        let mut places = out.chunks_exact_mut(plane).filter_map(|plane| plane.get_mut(at..at + count));
        let (Some(red), Some(green), Some(blue)) = (places.next(), places.next(), places.next()) else {
            return;
        };
        if channels == 1 {
            for target in [red, green, blue] {
                target.copy_from_slice(pixels);
            }
        } else {
            for (((red, green), blue), &[r, g, b]) in red.iter_mut().zip(green).zip(blue).zip(rgb) {
                (*red, *green, *blue) = (r, g, b);
            }
        }
        places.for_each(|alpha| alpha.fill(255));
        return;
    }
    let Some(out) = out.get_mut(at * made..(at + count) * made) else { return };
    match (channels, mode) {
        (1, Mode::L | Mode::Y) | (3, Mode::Rgb) => out.copy_from_slice(pixels),
        (1, Mode::Rgb) => {
            out.as_chunks_mut().0.iter_mut().zip(pixels).for_each(|(target, &v)| *target = [v; 3]);
        }
        (1, Mode::Rgba) => {
            out.as_chunks_mut().0.iter_mut().zip(pixels).for_each(|(target, &v)| *target = [v, v, v, 255]);
        }
        (_, Mode::L | Mode::Y) => {
            out.iter_mut().zip(rgb).for_each(|(target, &pixel)| *target = luma(pixel));
        }
        (_, Mode::Rgb | Mode::Rgba) => {
            out.as_chunks_mut()
                .0
                .iter_mut()
                .zip(rgb)
                .for_each(|(target, &[r, g, b])| *target = [r, g, b, 255]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_writes_the_formula_to_its_place() {
        let mut seen = 0;
        for (width, height) in [(1, 1), (7, 5), (67, 4), (300, 3)] {
            let count = width * height;
            let pixels: Vec<u8> = (0..count * 3).map(|i| (i * 7919 / 13) as u8).collect();
            for channels in [1, 3] {
                for (mode, made) in [(Mode::Rgb, 3), (Mode::Rgba, 4), (Mode::L, 1)] {
                    for layout in [Layout::Hwc, Layout::Chw] {
                        let value = |i: usize, channel: usize| match (channels, made) {
                            (_, 4) if channel == 3 => 255,
                            (1, _) => pixels[i],
                            (_, 1) => luma([pixels[i * 3], pixels[i * 3 + 1], pixels[i * 3 + 2]]),
                            _ => pixels[i * 3 + channel],
                        };
                        let wanted: Vec<u8> = (0..count * made)
                            .map(|at| match layout {
                                Layout::Hwc => value(at / made, at % made),
                                Layout::Chw => value(at % count, at / count),
                            })
                            .collect();
                        for isa in Isa::available() {
                            let mut found = vec![7; count * made];
                            for (y, row) in pixels[..count * channels].chunks(width * channels).enumerate() {
                                finish_at(isa, row, channels, y * width, mode, layout, &mut found);
                            }
                            assert_eq!(found, wanted, "{isa:?} {width} {channels} {mode:?} {layout:?}");
                            seen += 1;
                        }
                    }
                }
            }
        }
        assert!(seen >= 48);
    }
}
