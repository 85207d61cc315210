//! Exactly half the size, the case that matters most: every pixel equals Pillow's.
//!
//! Rows come in one by one, as a decoder makes them, are halved in width and kept in a ring that stays in
//! the fastest cache; an output row is written as soon as its last source row has come.
//!
//! Both directions are one operation, a sum of byte rows with weights that are alike from both ends: rows
//! of the image for the height, and the row's even and odd pixels, shifted, for the width.

use super::{
    fold,
    weights::{Windows, pixel},
};
use crate::image::{Filter, Size};

/// Rows in the ring: more than a window has, and a power of two.
const RING: usize = 16;

/// Bytes behind the even and odd pixels that vector stores may touch.
const SLACK: usize = 16;

/// Scratch and tables for halving images, and the state of one that is under way.
#[derive(Debug, Default)]
pub(crate) struct Halving {
    key: Option<(Size, Filter)>,
    columns: Windows,
    rows: Windows,
    channels: usize,
    even: Vec<u8>,
    odd: Vec<u8>,
    ring: Vec<u8>,
    /// Source rows taken.
    taken: usize,
    /// Output rows written.
    written: usize,
}

impl Halving {
    /// Gets ready for an image of `from`, whose sides are even and above zero.
    pub(super) fn begin(&mut self, from: Size, channels: usize, filter: Filter) {
        if self.key != Some((from, filter)) {
            self.columns = Windows::new(from.width, from.width / 2, filter);
            self.rows = Windows::new(from.height, from.height / 2, filter);
            self.key = Some((from, filter));
        }
        let row = from.width / 2 * channels;
        self.channels = channels;
        self.even.resize(row + SLACK, 0);
        self.odd.resize(row + SLACK, 0);
        self.ring.resize(row * RING, 0);
        (self.taken, self.written) = (0, 0);
    }

    /// Takes the next source row and writes the output rows it completes to their places in `out`, the
    /// whole of the output image.
    pub(crate) fn push(&mut self, source: &[u8], out: &mut [u8]) {
        let row = self.columns.len() * self.channels;
        let slot = self.taken % RING * row;
        if let Some(place) = self.ring.get_mut(slot..slot + row) {
            halve_width(source, self.channels, &self.columns, &mut self.even, &mut self.odd, place);
        }
        self.taken += 1;
        while self.written < self.rows.len() {
            let (first, weights) = self.rows.get(self.written);
            if first + weights.len() > self.taken {
                break;
            }
            let rows = |i: usize| {
                let slot = (first + i) % RING * row;
                self.ring.get(slot..slot + row).unwrap_or_default()
            };
            let at = self.written * row;
            if let Some(place) = out.get_mut(at..at + row) {
                sum(rows, weights, place);
            }
            self.written += 1;
        }
    }
}

/// `out[b]` = the sum of `weights[i] * taps(i)[b]`, by vector instructions where the weights allow it.
fn sum<'a>(taps: impl Fn(usize) -> &'a [u8], weights: &[i32], out: &mut [u8]) {
    match *weights {
        [a, b] if a == b => fold::fold(&[a], &[0, 1].map(taps), out),
        [a, b, c, d] if [a, b] == [d, c] => fold::fold(&[a, b], &[0, 1, 2, 3].map(taps), out),
        [a, b, c, d, e, f, g, h] if [a, b, c, d] == [h, g, f, e] => {
            fold::fold(&[a, b, c, d], &[0, 1, 2, 3, 4, 5, 6, 7].map(taps), out);
        }
        [a, b, c, d, e, f, g, h, i, j, k, l] if [a, b, c, d, e, f] == [l, k, j, i, h, g] => {
            fold::fold(&[a, b, c, d, e, f], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(taps), out);
        }
        // The image's edges, where windows are cut off.
        _ => {
            for (at, value) in out.iter_mut().enumerate() {
                let tap = |i| taps(i).get(at).copied().unwrap_or_default();
                let products = weights.iter().enumerate().map(|(i, weight)| weight * i32::from(tap(i)));
                *value = pixel(products.sum());
            }
        }
    }
}

fn halve_width(
    source: &[u8],
    channels: usize,
    windows: &Windows,
    even: &mut [u8],
    odd: &mut [u8],
    out: &mut [u8],
) {
    fold::split(source, channels, even, odd);
    let width = windows.len();
    // Inside, all windows are alike; the widest reaches five pixels to the left of twice the target.
    let inside = |target: usize| {
        let (first, weights) = windows.get(target);
        (first + weights.len() / 2 == 2 * target + 1)
            .then_some(weights)
            .filter(|weights| weights.iter().eq(weights.iter().rev()) && weights.len().is_multiple_of(2))
    };
    let reach = windows.get(width / 2).1.len() / 2;
    let (from, to) = (reach.div_ceil(2), width.saturating_sub(reach.div_ceil(2)));
    if let Some(weights) = inside(width / 2).filter(|_| from < to) {
        let taps = |i: usize| {
            // Tap i of target x is source pixel 2x + 1 - reach + i.
            let offset = 2 * from + 1 + i - reach;
            let pixels = if offset.is_multiple_of(2) { &*even } else { &*odd };
            let start = offset / 2 * channels;
            pixels.get(start..start + (to - from) * channels).unwrap_or_default()
        };
        if let Some(place) = out.get_mut(from * channels..to * channels) {
            sum(taps, weights, place);
        }
    }
    let edges = (0..from.min(width)).chain(to.max(from.min(width))..width);
    for target in edges {
        let (first, weights) = windows.get(target);
        for channel in 0..channels {
            let taps = source.iter().skip(first * channels + channel).step_by(channels);
            let total = taps.zip(weights).map(|(&value, weight)| i32::from(value) * weight).sum();
            if let Some(value) = out.get_mut(target * channels + channel) {
                *value = pixel(total);
            }
        }
    }
}
