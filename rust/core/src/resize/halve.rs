//! Exactly half the size, the case that matters most.
//!
//! Rows come in one by one, as a decoder makes them, are halved in width and kept, a few of them, in a
//! fast cache; an output row is written as soon as its last source row has come.
//!
//! Both directions are one operation, a sum of byte rows with weights that are alike from both ends: rows
//! of the image for the height, and the row's even and odd pixels, shifted, for the width. With AVX-512 it is
//! a sum of taps four by four (`quads`), which for the height are woven once and used in three windows.

use super::{
    average,
    columns::Columns,
    deal::deal,
    quads::{self, Edge, Kernels, Quad},
    rows::{fold, weigh},
    weights::Windows,
};
use crate::{
    image::{Filter, Size},
    isa::Isa,
};

/// Rows kept: some of the longest windows, so that they are rarely moved up, and few enough for the second cache.
const KEPT: usize = 60;

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
    /// The filter is the box, which has a way of its own; at what level.
    averages: Option<Isa>,
    /// How windows are summed by quads; `None` where the CPU does not do that.
    quads: Option<Weaving>,
    /// The pixels at both ends of a row, where quads make them too.
    edges: Option<[Edge; 2]>,
}

/// Windows as quads of taps. A window that the image does not cut off begins at source row, or pixel,
/// `2 * target + 1 - 2 * count`, so that quad j of target t is the one with number `t + 2j`.
#[derive(Debug)]
struct Weaving {
    kernels: Kernels,
    filter: Option<Filter>,
    /// Quads a window has.
    count: usize,
    /// The weights of a window that is not cut off, and how many they are.
    whole: ([Quad; quads::MOST], usize),
    /// The last rows of quads, woven; number n is in slot `n % SLOTS`.
    woven: Vec<u8>,
    /// Bytes of one of them.
    length: usize,
    /// How many were woven.
    made: usize,
    /// A row beyond the image, whose weight is zero.
    beyond: Vec<u8>,
}

/// Rows of quads kept: those of a window, `2 * MOST - 1`, and one.
const SLOTS: usize = 2 * quads::MOST;

impl Halving {
    /// Gets ready for an image of `from`, whose sides are even and above zero.
    pub(super) fn begin(&mut self, from: Size, channels: usize, filter: Filter) {
        self.begin_at(Isa::current(), from, channels, filter);
    }

    fn begin_at(&mut self, isa: Isa, from: Size, channels: usize, filter: Filter) {
        if self.key != Some((from, channels, filter)) {
            self.columns = Columns::new(Windows::new(from.width, from.width / 2, filter), channels);
            self.rows = Windows::new(from.height, from.height / 2, filter);
            self.key = Some((from, channels, filter));
            self.edges = None;
        }
        self.channels = channels;
        let row = self.row();
        self.dealt.resize(2 * (row + SLACK), 0);
        self.kept.resize(KEPT * row, 0);
        (self.first, self.taken, self.written) = (0, 0, 0);
        self.averages = (filter == Filter::Box).then_some(isa);
        let earlier = self.quads.take();
        self.quads = Kernels::of(isa).filter(|_| self.averages.is_none()).map(|kernels| {
            let mut weaving = earlier.unwrap_or_else(|| Weaving::new(kernels));
            weaving.begin(filter, row);
            weaving
        });
        if let (None, Some(weaving)) = (&self.edges, &self.quads) {
            self.edges = weaving.edges(&self.columns, channels);
        }
    }

    /// Bytes of an output row.
    fn row(&self) -> usize {
        self.columns.windows().len() * self.channels
    }

    /// Takes the next source row, with which `source` begins, and writes the output rows it completes to
    /// their places in `out`, the whole of the output image. A few bytes behind the row, whatever they are,
    /// make it faster.
    pub(crate) fn push(&mut self, source: &[u8], out: &mut [u8]) {
        if let Some(isa) = self.averages {
            return self.push_mean(isa, source, out);
        }
        let row = self.row();
        if self.taken - self.first == KEPT {
            let needed = self.rows.get(self.written).0;
            self.kept.copy_within((needed - self.first) * row.., 0);
            self.first = needed;
        }
        let place = (self.taken - self.first) * row;
        self.taken += 1;
        if let Some(place) = self.kept.get_mut(place..place + row) {
            match &self.quads {
                Some(weaving) => {
                    weaving.halve_width(source, self.channels, &self.columns, self.edges.as_ref(), place);
                }
                None => halve_width(source, self.channels, &self.columns, &mut self.dealt, place),
            }
        }
        while self.written < self.rows.len() {
            let (first, weights) = self.rows.get(self.written);
            if first + weights.len() > self.taken {
                break;
            }
            if let Some(place) = out.get_mut(self.written * row..(self.written + 1) * row) {
                if let Some(weaving) = &mut self.quads {
                    let rows = self.first..self.taken;
                    weaving.weigh(self.written, &self.kept, rows, first, weights, place);
                } else {
                    let kept = self.kept.get((first - self.first) * row..).unwrap_or_default();
                    // The windows that the image's edges cut off have odd lengths or weights that differ.
                    if !fold(kept, |i| i * row, weights, place) {
                        weigh(kept, row, weights, place);
                    }
                }
            }
            self.written += 1;
        }
    }

    /// The box: of every two rows the first one's means are kept, to be averaged with the second one's.
    fn push_mean(&mut self, isa: Isa, source: &[u8], out: &mut [u8]) {
        let row = self.row();
        let (target, is_second) = (self.taken / 2, self.taken % 2 == 1);
        self.taken += 1;
        let Self { channels, kept, dealt, .. } = self;
        let kept = kept.get_mut(..row).unwrap_or_default();
        if !is_second {
            average::halve(isa, source, *channels, None, dealt, kept);
        } else if let Some(place) = out.get_mut(target * row..(target + 1) * row) {
            average::halve(isa, source, *channels, Some(kept), dealt, place);
        }
    }
}

impl Weaving {
    fn new(kernels: Kernels) -> Self {
        Self {
            kernels,
            filter: None,
            count: 0,
            whole: Default::default(),
            woven: Vec::new(),
            length: 0,
            made: 0,
            beyond: Vec::new(),
        }
    }

    fn begin(&mut self, filter: Filter, row: usize) {
        self.made = 0;
        if (self.filter, self.beyond.len()) == (Some(filter), row) {
            return;
        }
        self.filter = Some(filter);
        // The middle of a picture large enough that its windows are whole.
        let windows = Windows::new(64, 32, filter);
        let (_, weights) = windows.get(16);
        self.count = weights.len().div_ceil(4);
        self.whole = (Quad::of_window(weights, (4 * self.count - weights.len()) / 2), weights.len());
        self.length = quads::woven_length(row);
        self.woven.resize(SLOTS * self.length, 0);
        self.beyond.resize(row, 0);
    }

    /// Row, or pixel, with which a quad of this number begins; below zero where that lies outside.
    fn start(&self, number: usize) -> isize {
        2 * number as isize + 1 - 2 * self.count as isize
    }

    /// The pixels whose windows the edges cut off, if the two ends are apart and few enough.
    fn edges(&self, columns: &Columns, channels: usize) -> Option<[Edge; 2]> {
        let windows = columns.windows();
        let right = windows.len().checked_sub(self.count).filter(|&right| right >= self.count)?;
        let edge = |targets| Edge::new(windows, channels, targets);
        Some([edge(0..self.count)?, edge(right..windows.len())?])
    }

    /// Halves a row, with which `source` begins.
    fn halve_width(
        &self,
        source: &[u8],
        channels: usize,
        columns: &Columns,
        edges: Option<&[Edge; 2]>,
        out: &mut [u8],
    ) {
        let windows = columns.windows();
        let width = windows.len();
        // The first and the last targets' windows are cut off by the edges.
        let inside = self.count..width.saturating_sub(self.count).max(self.count);
        let first = self.start(self.count).unsigned_abs() * channels;
        let quads = self.whole.0.get(..self.count).unwrap_or_default();
        let done = inside.end > inside.start
            && out.get_mut(inside.start * channels..inside.end * channels).is_some_and(|place| {
                let taps = source.get(first..windows.source() * channels).unwrap_or_default();
                self.kernels.halve_width(taps, channels, quads, place)
            });
        let by_quads = edges.filter(|_| done);
        if by_quads.is_some_and(|edges| edges.iter().all(|edge| self.kernels.weigh_edge(source, edge, out))) {
            return;
        }
        for edge in if done { [0..inside.start, inside.end..width] } else { [0..width, 0..0] } {
            columns.apply(source, edge, out);
        }
    }

    /// Makes output row `target`, whose window begins at source row `first`. `kept` holds source rows `rows`, all
    /// that were halved in width so far.
    fn weigh(
        &mut self,
        target: usize,
        kept: &[u8],
        rows: std::ops::Range<usize>,
        first: usize,
        weights: &[i32],
        out: &mut [u8],
    ) {
        let row = out.len();
        let last = target + 2 * (self.count - 1);
        while self.made <= last {
            let start = self.start(self.made);
            let taps = [0, 1, 2, 3].map(|i| {
                // Rows outside the image, and one that has not come yet, are taps of weight zero.
                let at = usize::try_from(start + i).ok().filter(|at| rows.contains(at));
                at.and_then(|at| kept.get((at - rows.start) * row..)).unwrap_or(&self.beyond)
            });
            let slot = self.made % SLOTS * self.length;
            if let Some(woven) = self.woven.get_mut(slot..slot + self.length) {
                self.kernels.weave(taps, row, woven);
            }
            self.made += 1;
        }
        let quads = if weights.len() == self.whole.1 {
            self.whole.0
        } else {
            let skip = usize::try_from(first as isize - self.start(target)).unwrap_or_default();
            Quad::of_window(weights, skip)
        };
        let woven = [0, 1, 2].map(|i| {
            let slot = (target + 2 * i) % SLOTS * self.length;
            self.woven.get(slot..slot + self.length).unwrap_or_default()
        });
        self.kernels.weigh(woven, quads.get(..self.count).unwrap_or_default(), out);
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
                    let wanted = plain_resize(&source, from, to, channels, filter);
                    for isa in Isa::available() {
                        let mut found = vec![0; to.pixels() * channels];
                        halving.begin_at(isa, from, channels, filter);
                        for row in source.chunks(width * channels) {
                            halving.push(row, &mut found);
                        }
                        assert!(found == wanted, "{from:?} {channels} {filter:?} {isa:?}");
                    }
                }
            }
        }
    }
}
