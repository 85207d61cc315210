//! Exactly half the size, the case that matters most.
//!
//! Rows come in one by one, as a decoder makes them, are halved in width and kept, a few of them, in a
//! fast cache; an output row is written as soon as its last source row has come.
//!
//! Both directions are one operation, a sum of byte rows with weights that are alike from both ends: rows
//! of the image for the height, and the row's even and odd pixels, shifted, for the width.

use super::{
    columns::Columns,
    deal::deal,
    rows::{fold, weigh},
    weights::Windows,
};
use crate::image::{Filter, Size};

/// Rows kept: twice the longest window, so that they are rarely moved up.
const KEPT: usize = 24;

/// Bytes behind the even and behind the odd pixels that vector stores may touch.
const SLACK: usize = 16;

/// Scratch and tables for halving images, and the state of one that is under way.
#[derive(Debug, Default)]
pub(crate) struct Halving {
    key: Option<(Size, usize, Filter)>,
    columns: Columns,
    rows: Windows,
    channels: usize,
    /// The even pixels of a source row, then the odd ones.
    dealt: Vec<u8>,
    /// The last source rows, halved in width.
    kept: Vec<u8>,
    /// The source row that is first in `kept`.
    first: usize,
    /// Source rows taken.
    taken: usize,
    /// Output rows written.
    written: usize,
}

impl Halving {
    /// Gets ready for an image of `from`, whose sides are even and above zero.
    pub(super) fn begin(&mut self, from: Size, channels: usize, filter: Filter) {
        if self.key != Some((from, channels, filter)) {
            self.columns = Columns::new(Windows::new(from.width, from.width / 2, filter), channels);
            self.rows = Windows::new(from.height, from.height / 2, filter);
            self.key = Some((from, channels, filter));
        }
        self.channels = channels;
        let row = self.row();
        self.dealt.resize(2 * (row + SLACK), 0);
        self.kept.resize(KEPT * row, 0);
        (self.first, self.taken, self.written) = (0, 0, 0);
    }

    /// Bytes of an output row.
    fn row(&self) -> usize {
        self.columns.windows().len() * self.channels
    }

    /// Takes the next source row, with which `source` begins, and writes the output rows it completes to
    /// their places in `out`, the whole of the output image. A few bytes behind the row, whatever they are,
    /// make it faster.
    pub(crate) fn push(&mut self, source: &[u8], out: &mut [u8]) {
        let row = self.row();
        if self.taken - self.first == KEPT {
            let needed = self.rows.get(self.written).0;
            self.kept.copy_within((needed - self.first) * row.., 0);
            self.first = needed;
        }
        let place = (self.taken - self.first) * row;
        self.taken += 1;
        if let Some(place) = self.kept.get_mut(place..place + row) {
            halve_width(source, self.channels, &self.columns, &mut self.dealt, place);
        }
        while self.written < self.rows.len() {
            let (first, weights) = self.rows.get(self.written);
            if first + weights.len() > self.taken {
                break;
            }
            let kept = self.kept.get((first - self.first) * row..).unwrap_or_default();
            if let Some(place) = out.get_mut(self.written * row..(self.written + 1) * row) {
                // The windows that the image's edges cut off have odd lengths or weights that differ.
                if !fold(kept, |i| i * row, weights, place) {
                    weigh(kept, row, weights, place);
                }
            }
            self.written += 1;
        }
    }
}

fn halve_width(source: &[u8], channels: usize, columns: &Columns, dealt: &mut [u8], out: &mut [u8]) {
    let windows = columns.windows();
    let width = windows.len();
    let (even, odd) = dealt.split_at_mut(dealt.len() / 2);
    let odd_at = even.len();
    deal(source.get(..windows.source() * channels).unwrap_or_default(), channels, even, odd);
    // A whole window reaches as far to the left of the point between pixels 2x and 2x + 1 as to its right.
    let (_, weights) = windows.get(width / 2);
    let reach = weights.len() / 2;
    let side = reach.div_ceil(2);
    let start = |i: usize| {
        // Tap i of target x is source pixel 2x + 1 - reach + i; here for the first x inside.
        let tap = 2 * side + 1 - reach + i;
        (if tap.is_multiple_of(2) { 0 } else { odd_at }) + tap / 2 * channels
    };
    let inside = side..width.saturating_sub(side).max(side);
    let folded = inside.end > inside.start
        && out
            .get_mut(inside.start * channels..inside.end * channels)
            .is_some_and(|place| fold(dealt, start, weights, place));
    let edges = if folded { [0..inside.start, inside.end..width] } else { [0..width, 0..0] };
    for edge in edges {
        columns.apply(source, edge, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resize::tests::{bytes, plain_resize};

    #[test]
    fn halving_is_weighing_columns_then_rows() {
        let mut halving = Halving::default();
        for channels in [1, 3, 4] {
            for (height, width) in [(2, 2), (4, 6), (10, 14), (24, 16), (26, 130), (100, 64)] {
                let from = Size { height, width };
                let to = Size { height: height / 2, width: width / 2 };
                let source = bytes(from.pixels() * channels, width as u32);
                for filter in
                    [Filter::Box, Filter::Bilinear, Filter::Hamming, Filter::Bicubic, Filter::Lanczos3]
                {
                    let mut found = vec![0; to.pixels() * channels];
                    halving.begin(from, channels, filter);
                    for row in source.chunks(width * channels) {
                        halving.push(row, &mut found);
                    }
                    let wanted = plain_resize(&source, from, to, channels, filter);
                    assert!(found == wanted, "{from:?} {channels} {filter:?}");
                }
            }
        }
    }
}
