//! Colours and axes: Pillow's integer formulas, exactly.

use crate::image::{Layout, Mode};

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
fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((u32::from(r) * 19595 + u32::from(g) * 38470 + u32::from(b) * 7471 + 0x8000) >> 16) as u8
}

/// Writes pixels of 1 or 3 channels in the colours of `mode` and the axes of `layout`.
pub(super) fn finish(pixels: &[u8], channels: usize, mode: Mode, layout: Layout, out: &mut [u8]) {
    let plane = pixels.len() / channels.max(1);
    let rgb = pixels.as_chunks::<3>().0;
    match (channels, mode, layout) {
        (1, Mode::L | Mode::Y, _) => out.copy_from_slice(pixels),
        (1, _, Layout::Chw) => {
            for (channel, target) in out.chunks_exact_mut(plane.max(1)).enumerate() {
                if channel == 3 { target.fill(255) } else { target.copy_from_slice(pixels) }
            }
        }
        (1, Mode::Rgb, Layout::Hwc) => {
            out.as_chunks_mut().0.iter_mut().zip(pixels).for_each(|(target, &v)| *target = [v; 3]);
        }
        (1, Mode::Rgba, Layout::Hwc) => {
            out.as_chunks_mut().0.iter_mut().zip(pixels).for_each(|(target, &v)| *target = [v, v, v, 255]);
        }
        (_, Mode::L | Mode::Y, _) => {
            out.iter_mut().zip(rgb).for_each(|(target, &pixel)| *target = luma(pixel));
        }
        (_, Mode::Rgb, Layout::Hwc) => out.copy_from_slice(pixels),
        (_, Mode::Rgba, Layout::Hwc) => {
            out.as_chunks_mut()
                .0
                .iter_mut()
                .zip(rgb)
                .for_each(|(target, &[r, g, b])| *target = [r, g, b, 255]);
        }
        (_, _, Layout::Chw) => {
            for (channel, target) in out.chunks_exact_mut(plane.max(1)).enumerate() {
                if channel == 3 {
                    target.fill(255);
                } else {
                    target.iter_mut().zip(rgb).for_each(|(value, pixel)| {
                        *value = pixel.get(channel).copied().unwrap_or_default();
                    });
                }
            }
        }
    }
}
