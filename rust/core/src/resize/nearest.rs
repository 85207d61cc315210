//! The nearest pixel, found with Pillow's own arithmetic.

use crate::image::{Size, View};

/// Source positions for one axis. Pillow steps through the source by adding up a double, and so must this:
/// where the scale is no binary fraction the rounding of the sum decides which pixel is nearest.
fn positions(from: usize, to: usize) -> impl Iterator<Item = usize> {
    let step = from as f64 / to as f64;
    let mut at = step * 0.5;
    (0..to).map(move |_| {
        let position = (at as usize).min(from - 1);
        at += step;
        position
    })
}

/// Writes `view`, whose sides are not zero, at `size` to `out`, which holds exactly that.
pub(super) fn resize(view: View<'_>, size: Size, out: &mut [u8]) {
    let View { pixels, size: from, channels } = view;
    let columns: Vec<usize> = positions(from.width, size.width).map(|x| x * channels).collect();
    let rows = out.chunks_exact_mut(size.width * channels);
    for (target, y) in rows.zip(positions(from.height, size.height)) {
        let source = pixels.chunks_exact(from.width * channels).nth(y).unwrap_or_default();
        for (pixel, &x) in target.chunks_exact_mut(channels).zip(&columns) {
            if let Some(nearest) = source.get(x..x + channels) {
                pixel.copy_from_slice(nearest);
            }
        }
    }
}
