//! Resizing 8-bit pixels exactly as Pillow does, bit for bit.
//!
//! Pillow weighs the pixels of a window with 22-bit integers, rounds to 8 bits, and does so for one axis
//! after the other. Which comes first matters: on pictures with sharp edges the wrong one is tens of grey
//! levels away, because rounding and clamping in between fall differently.
//!
//! The sums are exact, so vector kernels in any order give what the plain functions beside them give.

use crate::{
    error::{Error, Result},
    image::{Filter, Size, View},
};

mod average;
mod columns;
mod deal;
mod halve;
mod nearest;
mod quads;
mod rows;
mod weights;

use columns::Columns;
pub(crate) use halve::Halving;
use weights::Windows;

/// Resizes; owns its scratch and the tables of the last sizes, so that a worker makes them once.
#[derive(Debug, Default)]
pub struct Resizer {
    halving: Halving,
    key: Option<(Size, Size, usize, Filter)>,
    columns: Columns,
    rows: Windows,
    /// The image with one axis done.
    between: Vec<u8>,
    /// One row and the bytes a vector kernel may read behind it.
    line: Vec<u8>,
}

impl Resizer {
    /// Stretches `view` to `size` and writes it to `out`, which holds `size * channels` bytes.
    ///
    /// # Errors
    /// `Invalid` if a size is zero, a buffer does not fit its size, there are not 1, 3 or 4 channels, or the filter is none
    /// of pixels.
    pub fn resize(&mut self, view: View<'_>, size: Size, filter: Filter, out: &mut [u8]) -> Result<()> {
        let View { pixels, size: from, channels } = view;
        if [from.height, from.width, size.height, size.width].contains(&0) {
            return Err(Error::invalid("an image to resize, or its new size, is empty"));
        }
        if !matches!(channels, 1 | 3 | 4) {
            return Err(Error::invalid(format!("cannot resize {channels} channels; 1, 3 or 4 are possible")));
        }
        if pixels.len() != from.pixels() * channels || out.len() != size.pixels() * channels {
            return Err(Error::invalid("a buffer does not hold the image it should"));
        }
        if filter == Filter::Dct && from != size {
            return Err(Error::invalid(
                "resample \"dct\" halves a JPEG as it is decoded; it cannot resize pixels",
            ));
        }
        if from == size {
            out.copy_from_slice(pixels);
        } else if filter == Filter::Nearest {
            nearest::resize(view, size, out);
        } else if let Some(halving) = self.by_rows(from, size, channels, filter, false) {
            for start in (0..pixels.len()).step_by(from.width * channels) {
                halving.push(pixels.get(start..).unwrap_or_default(), out);
            }
        } else {
            self.by_axes(view, size, filter, out);
        }
        Ok(())
    }

    /// Whether rows can be resized as they come.
    pub(crate) fn halves(from: Size, to: Size, filter: Filter) -> bool {
        let half =
            to.height.checked_mul(2) == Some(from.height) && to.width.checked_mul(2) == Some(from.width);
        half && to.pixels() > 0 && !matches!(filter, Filter::Nearest | Filter::Dct) && !rows_first(from, to)
    }

    /// A way to resize rows as they come, so that the source is never in memory as a whole; `None` if
    /// there is none for these sizes. It `goes_on` with an image of which it took rows before.
    pub(crate) fn by_rows(
        &mut self,
        from: Size,
        to: Size,
        channels: usize,
        filter: Filter,
        goes_on: bool,
    ) -> Option<&mut Halving> {
        if !Self::halves(from, to, filter) {
            return None;
        }
        if !goes_on {
            self.halving.begin(from, channels, filter);
        }
        Some(&mut self.halving)
    }

    /// One axis after the other; an axis that keeps its length is left alone.
    fn by_axes(&mut self, view: View<'_>, size: Size, filter: Filter, out: &mut [u8]) {
        let View { pixels, size: from, channels } = view;
        if self.key != Some((from, size, channels, filter)) {
            self.columns = Columns::new(Windows::new(from.width, size.width, filter), channels);
            self.rows = Windows::new(from.height, size.height, filter);
            self.key = Some((from, size, channels, filter));
        }
        let Self { columns, rows, between, line, .. } = self;
        let (source, target) = (from.width * channels, size.width * channels);
        if from.height == size.height {
            resize_width(columns, pixels, source, line, out, target);
        } else if from.width == size.width {
            resize_height(rows, pixels, source, out);
        } else if rows_first(from, size) {
            let between = at_least(between, size.height * source);
            resize_height(rows, pixels, source, between);
            resize_width(columns, between, source, line, out, target);
        } else {
            let between = at_least(between, from.height * target);
            resize_width(columns, pixels, source, line, between, target);
            resize_height(rows, between, target, out);
        }
    }
}

/// Pillow goes columns first, but since version 13 not where the height loses more than twice as many pixels
/// as the width.
fn rows_first(from: Size, to: Size) -> bool {
    let lost = |from: usize, to: usize| from as i64 - to as i64;
    to.height < from.height && lost(from.height, to.height) > 2 * lost(from.width, to.width)
}

/// Lengths here are bytes a row, before and after.
fn resize_width(
    columns: &Columns,
    pixels: &[u8],
    from: usize,
    line: &mut Vec<u8>,
    out: &mut [u8],
    to: usize,
) {
    let line = at_least(line, from + columns::SLACK);
    for (source, target) in pixels.chunks_exact(from).zip(out.chunks_exact_mut(to)) {
        if let Some(start) = line.get_mut(..from) {
            start.copy_from_slice(source);
        }
        columns.apply(line, 0..columns.windows().len(), target);
    }
}

fn resize_height(windows: &Windows, pixels: &[u8], row: usize, out: &mut [u8]) {
    for (target, place) in out.chunks_exact_mut(row).enumerate() {
        let (first, weights) = windows.get(target);
        rows::weigh(pixels.get(first * row..).unwrap_or_default(), row, weights, place);
    }
}

/// The first bytes of a buffer that only grows; what they hold is left over from earlier use.
fn at_least(buffer: &mut Vec<u8>, length: usize) -> &mut [u8] {
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    buffer.get_mut(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of which half are extreme, where sums overshoot most.
    pub(super) fn bytes(count: usize, seed: u32) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        (0..count).map(|_| if next() % 2 == 0 { next() as u8 } else { (next() % 2 * 255) as u8 }).collect()
    }

    /// Pillow's formula and nothing else: columns first.
    pub(super) fn plain_resize(
        pixels: &[u8],
        from: Size,
        to: Size,
        channels: usize,
        filter: Filter,
    ) -> Vec<u8> {
        let axis = |pixels: &[u8], count: usize, step: usize, windows: &Windows, target: usize, at: usize| {
            let (first, weights) = windows.get(target);
            assert!(first + weights.len() <= count);
            let products =
                weights.iter().enumerate().map(|(i, w)| w * i32::from(pixels[at + (first + i) * step]));
            weights::pixel(products.sum())
        };
        let columns = Windows::new(from.width, to.width, filter);
        let rows = Windows::new(from.height, to.height, filter);
        let mut between = Vec::new();
        for y in 0..from.height {
            for x in 0..to.width * channels {
                let at = y * from.width * channels + x % channels;
                between.push(axis(pixels, from.width, channels, &columns, x / channels, at));
            }
        }
        let row = to.width * channels;
        (0..to.height * row).map(|i| axis(&between, from.height, row, &rows, i / row, i % row)).collect()
    }

    #[test]
    fn resizing_is_the_formula() {
        let mut resizer = Resizer::default();
        for channels in [1, 3, 4] {
            for (from, to) in [((9, 7), (5, 3)), ((20, 30), (31, 45)), ((64, 64), (48, 20)), ((8, 8), (4, 4))]
            {
                let [from, to] = [from, to].map(|(height, width)| Size { height, width });
                assert!(!rows_first(from, to));
                let pixels = bytes(from.pixels() * channels, 3);
                for filter in
                    [Filter::Box, Filter::Bilinear, Filter::Hamming, Filter::Bicubic, Filter::Lanczos3]
                {
                    let mut out = vec![0; to.pixels() * channels];
                    let view = View { pixels: &pixels, size: from, channels };
                    assert!(resizer.resize(view, to, filter, &mut out).is_ok());
                    assert!(
                        out == plain_resize(&pixels, from, to, channels, filter),
                        "{from:?} {to:?} {filter:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_resized_is_refused() {
        let pixels = [0; 12];
        let view = |size, channels| View { pixels: &pixels, size, channels };
        let size = Size { height: 2, width: 2 };
        let mut out = [0; 12];
        for (view, to) in [
            (view(size, 2), Size::square(1)),
            (view(size, 4), Size::square(1)),
            (view(Size { height: 0, width: 2 }, 3), Size::square(1)),
            (view(size, 3), Size::square(0)),
            (view(size, 3), Size::square(3)),
        ] {
            assert!(Resizer::default().resize(view, to, Filter::Box, &mut out).is_err());
        }
    }
}
