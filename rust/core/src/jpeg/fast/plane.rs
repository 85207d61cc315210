//! A component's samples of one row of MCUs, and of the last row before it.

#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // it is part of the reader's loop

use super::{
    colour::{MARGIN, Upsampling},
    scan::Sampling,
};

/// How large things are at one scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    /// Samples a side that a block of luma, and of chroma, becomes.
    pub(super) sides: [usize; 2],
    pub(super) upsampling: Upsampling,
}

impl Scale {
    /// What libjpeg chooses for 1/`reduce` of a picture of that width; `None` where it does not use a triangle
    /// filter although it has to enlarge chroma.
    pub(super) fn new(sampling: Sampling, reduce: u8, width: usize) -> Option<Self> {
        let luma = match reduce {
            1 => 8,
            2 => 4,
            4 => 2,
            8 => 1,
            _ => return None,
        };
        let (across, down) = sampling.ratio();
        // Rather than enlarge chroma, libjpeg makes less of it small, as far as both directions allow.
        let mut chroma = luma;
        while chroma < 8
            && (across * luma).is_multiple_of(chroma * 2)
            && (down * luma).is_multiple_of(chroma * 2)
        {
            chroma *= 2;
        }
        let upsampling = match (across * luma / chroma, down * luma / chroma) {
            (1, 1) => Upsampling::None,
            (2, 1) => Upsampling::Wide,
            (2, 2) => Upsampling::Both,
            _ => return None,
        };
        let samples = (width * chroma).div_ceil(across * 8);
        let triangle = upsampling == Upsampling::None || luma > 1 && samples > 2;
        triangle.then_some(Self { sides: [luma, chroma], upsampling })
    }
}

/// How many samples are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Extent {
    /// Those of a row of MCUs, and the last row before it.
    #[default]
    Row,
    /// All, from row 1 on.
    Whole,
}

/// MCUs whose samples are fetched at a time.
const FETCHED: usize = 16;

/// Samples of a component. Row 0 is the last row of the MCUs before, the others are the MCUs'.
#[derive(Debug, Default)]
pub(super) struct Plane {
    bytes: Vec<u8>,
    /// Bytes from a row to the next.
    pub(super) stride: usize,
    /// Rows of an MCU, and its columns.
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Samples a side of a block.
    pub(super) side: usize,
    /// The component's true size.
    width: usize,
    height: usize,
    extent: Extent,
    /// Where the row before the MCUs' begins.
    top: usize,
}

impl Plane {
    /// Gets ready for a component of `width` by `height` samples, `blocks` across and down an MCU.
    pub(super) fn begin(
        &mut self,
        (width, height): (usize, usize),
        blocks: (usize, usize),
        side: usize,
        (across, down): (usize, usize),
        extent: Extent,
    ) {
        (self.width, self.height, self.side) = (width, height, side);
        (self.columns, self.rows) = (blocks.0 * side, blocks.1 * side);
        (self.extent, self.top) = (extent, 0);
        self.stride = (across * self.columns).next_multiple_of(64) + 2 * MARGIN;
        // A row more, so that from any place on there are whole strides for all rows behind it.
        let rows = if extent == Extent::Whole { self.rows * down } else { self.rows };
        let length = (rows + 2) * self.stride;
        if self.bytes.len() < length {
            self.bytes.resize(length, 0);
        }
    }

    /// Where block (`x`, `y`) of the first MCU begins.
    pub(super) fn place(&self, x: usize, y: usize) -> usize {
        (1 + y * self.side) * self.stride + MARGIN + x * self.side
    }

    /// The samples from there on.
    pub(super) fn samples_from(&mut self, place: usize) -> Option<&mut [u8]> {
        self.bytes.get_mut(self.top + place..)
    }

    /// Gives `columns` by `rows` samples from that place on one value.
    #[inline(always)]
    pub(super) fn fill(&mut self, place: usize, (columns, rows): (usize, usize), value: u8) {
        match (columns, rows) {
            (8, 8) => self.fill_area::<8>(place, 8, value),
            (16, 16) => self.fill_area::<16>(place, 16, value),
            (16, _) => self.fill_area::<16>(place, rows, value),
            (8, _) => self.fill_area::<8>(place, rows, value),
            (4, _) => self.fill_area::<4>(place, rows, value),
            (2, _) => self.fill_area::<2>(place, rows, value),
            _ => self.fill_area::<1>(place, rows, value),
        }
    }

    #[inline(always)]
    fn fill_area<const COLUMNS: usize>(&mut self, place: usize, rows: usize, value: u8) {
        let stride = self.stride;
        let place = self.top + place;
        let area = self.bytes.get_mut(place..place + (rows - 1) * stride + COLUMNS).unwrap_or_default();
        // Not `chunks_mut`, whose division takes as long as all the rest.
        for row in 0..rows {
            if let Some(samples) = area.get_mut(row * stride..row * stride + COLUMNS) {
                samples.fill(value);
            }
        }
    }

    /// Fetches the lines of the MCUs from number `x` on, which are to be written, where they are not likely to be near.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn fetch(&self, x: usize) {
        use std::arch::x86_64::{_MM_HINT_ET0, _mm_prefetch};
        if self.extent == Extent::Whole {
            let start = self.top + MARGIN + x * self.columns;
            for row in 1..=self.rows {
                for line in 0..(FETCHED * self.columns).div_ceil(64) {
                    if let Some(place) = self.bytes.get(start + row * self.stride + line * 64) {
                        // SAFETY: a hint, which reads and writes nothing, about a byte that is there.
                        unsafe { _mm_prefetch::<_MM_HINT_ET0>(std::ptr::from_ref(place).cast()) };
                    }
                }
            }
        }
    }

    /// Keeps the last row for the next MCUs.
    pub(super) fn advance(&mut self) {
        let last = self.rows * self.stride;
        match self.extent {
            Extent::Row => self.bytes.copy_within(last..last + self.stride, 0),
            Extent::Whole => self.top += last,
        }
    }

    /// Repeats the samples at both ends of every row beyond them.
    pub(super) fn repeat_edges(&mut self) {
        let bytes = self.bytes.get_mut(self.top..).unwrap_or_default();
        for row in bytes.chunks_exact_mut(self.stride).skip(1).take(self.rows) {
            let end = MARGIN + self.width;
            if let (Some(&first), Some(&last)) = (row.get(MARGIN), row.get(end - 1)) {
                row[MARGIN - 1] = first;
                if let Some(beyond) = row.get_mut(end) {
                    *beyond = last;
                }
            }
        }
    }

    /// Row `y` of the component, margins included, where the MCUs are those of row `mcu_row`. Rows beyond the
    /// picture are the nearest in it.
    pub(super) fn row(&self, y: isize, mcu_row: usize) -> Option<&[u8]> {
        let y = y.clamp(0, self.height as isize - 1) as usize;
        let above = if self.extent == Extent::Row { mcu_row * self.rows } else { 0 };
        let start = (y + 1).checked_sub(above)? * self.stride;
        self.bytes.get(start..start + self.stride)
    }

    /// The rows of the component that are in row `mcu_row` of MCUs, each the beginning of a longer slice.
    pub(super) fn rows_of(&self, mcu_row: usize) -> impl Iterator<Item = &[u8]> {
        let count = self.height.saturating_sub(mcu_row * self.rows).min(self.rows);
        (0..count).filter_map(|y| self.bytes.get((1 + y) * self.stride + MARGIN..))
    }
}
