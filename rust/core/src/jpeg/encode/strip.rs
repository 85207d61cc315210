//! The samples of one row of MCUs, filled up at the picture's edges as libjpeg does.

use super::{
    Picture, Plane,
    colour::{self, Pixels, STEP, Samples},
};
use crate::{
    image::{Size, Subsampling},
    isa::Isa,
};

/// Samples a side of a block.
const BLOCK: usize = 8;

/// Memory for a row of MCUs; kept from one picture to the next.
#[derive(Debug, Default)]
pub(super) struct Strip {
    planes: [Vec<u8>; 3],
    pub(super) stride: usize,
}

impl Strip {
    /// Makes room for strips of a picture.
    pub(super) fn begin(&mut self, width: usize, subsampling: Option<Subsampling>) {
        // A step more than the picture, as strides of whole pages share their places in the cache.
        self.stride = width.next_multiple_of(STEP) + STEP;
        let (_, down) = subsampling.map_or((1, 1), Subsampling::ratio);
        let (luma, chroma) = (down * BLOCK * self.stride, BLOCK * self.stride);
        for (plane, wanted) in self.planes.iter_mut().zip([luma, chroma, chroma]) {
            if plane.len() < wanted {
                plane.resize(wanted, 0);
            }
        }
    }

    /// The samples of a plane from column `x` of row `y` on.
    pub(super) fn from(&self, plane: usize, x: usize, y: usize) -> &[u8] {
        self.planes.get(plane).and_then(|plane| plane.get(y * self.stride + x..)).unwrap_or_default()
    }

    /// Takes in row `mcu_row` of MCUs.
    pub(super) fn fill(
        &mut self,
        isa: Isa,
        picture: Picture<'_>,
        size: Size,
        subsampling: Option<Subsampling>,
        mcu_row: usize,
    ) {
        match (picture, subsampling) {
            (Picture::Planes(planes), how) => {
                let how = how.unwrap_or_default();
                self.fill_plane(0, planes[0], size, mcu_row * BLOCK * how.ratio().1, BLOCK * how.ratio().1);
                self.fill_plane(1, planes[1], how.chroma(size), mcu_row * BLOCK, BLOCK);
                self.fill_plane(2, planes[2], how.chroma(size), mcu_row * BLOCK, BLOCK);
            }
            (Picture::Pixels { pixels, .. }, None) => self.fill_grey(pixels, size, mcu_row * BLOCK),
            (Picture::Pixels { pixels, channels }, Some(how)) => {
                self.fill_colour(isa, pixels, channels, size, how, mcu_row);
            }
        }
    }

    /// Rows of a plane from `first` on; below the last one, that one.
    fn fill_plane(&mut self, number: usize, plane: Plane<'_>, size: Size, first: usize, rows: usize) {
        let width = size.width.next_multiple_of(BLOCK);
        let Some(places) = self.planes.get_mut(number) else { return };
        for (y, place) in places.chunks_exact_mut(self.stride).enumerate().take(rows) {
            let from = (first + y).min(size.height - 1) * plane.stride;
            if let Some((place, row)) =
                place.get_mut(..width).zip(plane.samples.get(from..).and_then(|rest| rest.get(..width)))
            {
                place.copy_from_slice(row);
            }
        }
    }

    fn fill_grey(&mut self, pixels: &[u8], size: Size, first: usize) {
        let rows = pixels.chunks_exact(size.width).skip(first);
        let mut filled = 0;
        for (place, row) in self.planes[0].chunks_exact_mut(self.stride).take(BLOCK).zip(rows) {
            if let Some((place, behind)) = place.split_at_mut_checked(size.width)
                && let Some(&last) = row.last()
            {
                place.copy_from_slice(row);
                behind.iter_mut().take(BLOCK).for_each(|sample| *sample = last);
            }
            filled += 1;
        }
        repeat_below(&mut self.planes[0], self.stride, filled, BLOCK);
    }

    fn fill_colour(
        &mut self,
        isa: Isa,
        pixels: &[u8],
        channels: usize,
        size: Size,
        how: Subsampling,
        mcu_row: usize,
    ) {
        let (_, down) = how.ratio();
        let first = mcu_row * BLOCK * down;
        let lines = (size.height - first).min(BLOCK * down).div_ceil(down);
        for line in 0..lines {
            let y = first + line * down;
            // Chroma of a last row by itself is that of the row twice.
            let below = (y + down - 1).min(size.height - 1);
            let rows = [y, below].map(|y| pixels.get(y * size.width * channels..).unwrap_or_default());
            let ahead = size.width * channels * BLOCK * down;
            self.convert_line(isa, Pixels { rows, channels, ahead }, size.width, how, line);
        }
        let [luma, blue, red] = &mut self.planes;
        repeat_below(luma, self.stride, lines * down, BLOCK * down);
        repeat_below(blue, self.stride, lines, BLOCK);
        repeat_below(red, self.stride, lines, BLOCK);
    }

    /// A row of chroma and the rows of luma that belong to it, of pixels that begin with each slice.
    fn convert_line(&mut self, isa: Isa, pixels: Pixels<'_>, width: usize, how: Subsampling, line: usize) {
        let Pixels { rows, channels, .. } = pixels;
        let done = self.convert_steps(isa, pixels, width / STEP, how, line, 0);
        // The end is converted in a place of its own, where there is something behind it: first its last pixel, as libjpeg
        // repeats it, then what a kernel reads but has no use for.
        let mut end = [[0; STEP * 5]; 2];
        for x in (done * STEP..width).step_by(STEP) {
            let count = (width - x).min(STEP);
            for (end, row) in end.iter_mut().zip(rows) {
                let Some(from) = row.get(x * channels..(x + count) * channels) else { return };
                let Some((place, behind)) = end.split_at_mut_checked(from.len()) else { return };
                place.copy_from_slice(from);
                if let Some(last) = from.rchunks_exact(channels).next() {
                    let repeated = STEP - count;
                    behind
                        .chunks_exact_mut(channels)
                        .take(repeated)
                        .for_each(|pixel| pixel.copy_from_slice(last));
                }
            }
            let rows = end.each_ref().map(|row| row.get(..colour::reach(channels)).unwrap_or_default());
            self.convert_steps(isa, Pixels { rows, channels, ahead: 0 }, 1, how, line, x);
        }
    }

    /// Converts `most` steps or fewer, to where column `x` is; says how many.
    fn convert_steps(
        &mut self,
        isa: Isa,
        pixels: Pixels<'_>,
        most: usize,
        how: Subsampling,
        line: usize,
        x: usize,
    ) -> usize {
        let (columns, down) = how.ratio();
        let [luma, blue, red] = &mut self.planes;
        let stride = self.stride;
        let mut lumas = luma.chunks_exact_mut(stride).skip(line * down).take(down);
        let mut luma = || lumas.next().and_then(|row| row.get_mut(x..)).unwrap_or_default();
        let luma = [luma(), luma()];
        let chroma = line * stride + x / columns..(line + 1) * stride;
        let samples = Samples {
            luma,
            blue: blue.get_mut(chroma.clone()).unwrap_or_default(),
            red: red.get_mut(chroma).unwrap_or_default(),
        };
        colour::convert(isa, how, pixels, most, samples)
    }
}

/// Repeats the last of the rows that are `filled` down to `wanted`.
fn repeat_below(plane: &mut [u8], stride: usize, filled: usize, wanted: usize) {
    let from = filled.saturating_sub(1) * stride;
    for y in filled..wanted {
        if from + stride <= plane.len() && (y + 1) * stride <= plane.len() {
            plane.copy_within(from..from + stride, y * stride);
        }
    }
}
