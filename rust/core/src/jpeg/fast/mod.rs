//! The fast path: baseline JPEGs of the usual kinds, faster than libjpeg-turbo and with the same pixels.
//!
//! `scan` reads the headers, `unstuff` makes the scan one piece of bits, `entropy` reads them by the `tables`,
//! `idct` makes samples of coefficients, `low` of low
//! frequencies alone, `plane` keeps a row of MCUs of them, `colour` makes pixels of rows.
//!
//! It knows no errors and no warnings. Whatever is not plainly right makes it give up, at whatever row; libjpeg
//! then decodes the image once more, so that results, errors and warnings are always libjpeg's. Rows handed
//! out before are the same: they come from bits that were right so far.

mod colour;
#[cfg(target_arch = "x86_64")]
mod colour_avx2;
#[cfg(target_arch = "x86_64")]
mod colour_avx512;
mod entropy;
mod idct;
mod low;
mod plane;
mod reconstruct;
mod scan;
mod tables;
mod unstuff;

use std::ops::Range;

use colour::{MARGIN, Rows, Upsampling};
use entropy::{Coefficients, Position};
use plane::{Plane, Scale};
use reconstruct::Blocks;
use scan::{Sampling, Scan};

use super::{
    decode::{Source, Target},
    markers::Frame,
};
use crate::{image::Crop, isa::Isa};

/// The fast path's memory and the image it is at; one a worker.
#[derive(Debug)]
pub(super) struct Fast {
    isa: Isa,
    stream: unstuff::Bitstream,
    cache: tables::Cache,
    coefficients: Coefficients,
    planes: [Plane; 3],
    /// A row of pixels of which the first is not wanted.
    line: Vec<u8>,
    state: State,
}

/// Where an image has come to.
#[derive(Debug, Default)]
struct State {
    blocks: Blocks,
    /// Numbers of the components' Huffman tables in the cache.
    codes: [usize; 3],
    /// MCUs across and down.
    mcus: (usize, usize),
    restart_interval: usize,
    /// MCUs until the next restart marker, and the piece of bits they are in.
    until_restart: usize,
    piece: usize,
    position: Position,
    /// The last DC of each component.
    last: [i16; 3],
    /// Rows of MCUs decoded.
    decoded: usize,
    /// Rows of pixels that those suffice for, that are handed out, and that there are.
    ready: usize,
    taken: usize,
    height: usize,
    /// Columns that are wanted.
    columns: Range<usize>,
    /// The first row of MCUs whose samples matter to a row that is wanted, and the columns of those MCUs.
    first: usize,
    inside: Range<usize>,
    upsampling: Option<Upsampling>,
    has_chroma: bool,
}

impl Fast {
    /// At that level. The portable one is slower than libjpeg-turbo.
    pub(super) fn new(isa: Isa) -> Self {
        Self {
            isa,
            stream: unstuff::Bitstream::default(),
            cache: tables::Cache::default(),
            coefficients: Coefficients::default(),
            planes: Default::default(),
            line: Vec::new(),
            state: State::default(),
        }
    }

    /// The colours of a file this path may decode.
    pub(super) fn source(data: &[u8], frame: &Frame) -> Option<Source> {
        let scan = Scan::read(data, frame)?;
        Some(if scan.sampling == Sampling::Gray { Source::Gray } else { Source::YCbCr })
    }

    /// Gets ready to give rows; (height, width) of them. With `low` half the size is made of low frequencies.
    pub(super) fn start(
        &mut self,
        data: &[u8],
        frame: &Frame,
        target: Target,
        reduce: u8,
        low: bool,
    ) -> Option<(u32, u32)> {
        let scan = Scan::read(data, frame)?;
        let has_chroma = match (target, scan.sampling) {
            (Target::Gray, _) => false,
            (Target::Rgb, Sampling::S444 | Sampling::S422 | Sampling::S420) => true,
            _ => return None,
        };
        // Grey is never enlarged, so there any chroma will do.
        let scale = Scale::new(scan.sampling, reduce, if has_chroma { scan.width } else { usize::MAX >> 8 });
        let scale = scale.or_else(|| (!has_chroma).then(|| Scale::new(Sampling::Gray, reduce, 1))?)?;
        // Chroma of other files would take other transforms.
        if low && (reduce != 2 || has_chroma && scale.upsampling != Upsampling::None) {
            return None;
        }
        self.begin(&scan, scale, has_chroma)?;
        self.state.blocks.low = low;
        Some((self.state.height as u32, self.state.columns.len() as u32))
    }

    /// Gets ready to give the rows of the planes.
    pub(super) fn start_planes(&mut self, data: &[u8], frame: &Frame) -> Option<()> {
        let scan = Scan::read(data, frame)?;
        let scale = Scale { sides: [8, 8], upsampling: Upsampling::None };
        self.begin(&scan, scale, scan.sampling != Sampling::Gray)
    }

    fn begin(&mut self, scan: &Scan<'_>, scale: Scale, has_chroma: bool) -> Option<()> {
        let (across, down) = scan.sampling.ratio();
        let mcus = (scan.width.div_ceil(across * 8), scan.height.div_ceil(down * 8));
        let codes = self.cache.find(scan.huffman.get(..scan.sampling.components())?)?;
        self.stream.fill(scan.entropy, self.isa)?;
        let pieces = match scan.restart_interval {
            0 => 1,
            interval => (mcus.0 * mcus.1).div_ceil(interval),
        };
        if self.stream.ends().len() != pieces {
            return None;
        }
        let [luma, chroma] = scale.sides;
        let (width, height) = ((scan.width * luma).div_ceil(8), (scan.height * luma).div_ceil(8));
        let of_chroma = |length: usize, ratio: usize| (length * chroma).div_ceil(ratio * 8);
        let chroma_size = (of_chroma(scan.width, across), of_chroma(scan.height, down));
        let [y, cb, cr] = &mut self.planes;
        y.begin((width, height), (across, down), luma, mcus.0);
        if has_chroma {
            cb.begin(chroma_size, (1, 1), chroma, mcus.0);
            cr.begin(chroma_size, (1, 1), chroma, mcus.0);
        }
        // An image that was given up may have left something.
        self.coefficients = Coefficients::default();
        self.state = State {
            blocks: Blocks::new(self.isa, &self.planes, scan, has_chroma),
            codes,
            mcus,
            restart_interval: scan.restart_interval,
            until_restart: if pieces > 1 { scan.restart_interval } else { usize::MAX },
            height,
            columns: 0..width,
            first: 0,
            inside: 0..mcus.0,
            upsampling: has_chroma.then_some(scale.upsampling),
            has_chroma,
            ..State::default()
        };
        Some(())
    }

    /// Of what was started, only the rows and columns in `window` are wanted, which lies in the image.
    pub(super) fn narrow(&mut self, window: Crop) {
        let Plane { rows, columns, .. } = self.planes[0];
        let state = &mut self.state;
        // Chroma is enlarged with the sample beside it, which is two pixels away at most.
        let end = window.x + window.width;
        state.inside = window.x.saturating_sub(2) / columns..(end + 2).div_ceil(columns).min(state.mcus.0);
        state.first = window.y.saturating_sub(2) / rows;
        (state.taken, state.columns) = (window.y, window.x..end);
    }

    /// Hands on the rows of the planes, each with its plane's number and as the beginning of a longer slice. `None` if
    /// it could not give all of them.
    pub(super) fn plane_rows(&mut self, mut take: impl FnMut(usize, &[u8])) -> Option<()> {
        for mcu_row in 0..self.state.mcus.1 {
            self.decode_mcu_row()?;
            let wanted = if self.state.has_chroma { 3 } else { 1 };
            for (number, plane) in self.planes.iter().enumerate().take(wanted) {
                plane.rows_of(mcu_row).for_each(|row| take(number, row));
            }
        }
        Some(())
    }

    /// Writes the next `count` rows to `out`, which holds them; says how many it could.
    pub(super) fn rows(&mut self, out: &mut [u8], stride: usize, count: u32) -> (u32, Option<()>) {
        let row = self.state.columns.len() * if self.state.has_chroma { 3 } else { 1 };
        let mut done = 0;
        for place in out.chunks_mut(stride).take(count as usize) {
            while self.state.taken >= self.state.ready {
                if self.decode_mcu_row().is_none() {
                    return (done, None);
                }
            }
            let Some(()) = place.get_mut(..row).and_then(|place| self.pixels(place)) else {
                return (done, None);
            };
            self.state.taken += 1;
            done += 1;
        }
        (done, Some(()))
    }

    /// Decodes a row of MCUs. `None` if their bits are not plainly right.
    fn decode_mcu_row(&mut self) -> Option<()> {
        let Self { isa, stream, cache, coefficients, planes, state, .. } = self;
        let first = cache.get(state.codes[0])?;
        let codes = state.codes.map(|number| cache.get(number).unwrap_or(first));
        if state.decoded > 0 {
            planes.iter_mut().take(if state.has_chroma { 3 } else { 1 }).for_each(Plane::advance);
        }
        reconstruct::mcu_row(*isa, stream, codes, coefficients, planes, state)?;
        state.decoded += 1;
        let last = state.decoded == state.mcus.1;
        // No bit of a row that is handed out may come from behind the scan's end.
        let end = stream.ends().get(state.piece)? * 8;
        let left = end.checked_sub(state.position.read())?;
        if last && left >= 8 {
            return None;
        }
        let [luma, chroma @ ..] = planes;
        let rows = state.decoded * luma.rows;
        state.ready = match state.upsampling {
            _ if last => state.height,
            // The last row wants the chroma below it.
            Some(Upsampling::Both) => rows - 1,
            _ => rows,
        };
        if matches!(state.upsampling, Some(Upsampling::Wide | Upsampling::Both)) {
            chroma.iter_mut().for_each(Plane::repeat_edges);
        }
        Some(())
    }

    /// Writes the next row of pixels.
    fn pixels(&mut self, out: &mut [u8]) -> Option<()> {
        let State { taken: y, decoded, upsampling, .. } = self.state;
        let Range { start: x, .. } = self.state.columns;
        let mcu_row = decoded - 1;
        let [luma, cb, cr] = &self.planes;
        let y = y as isize;
        let luma = luma.row(y, mcu_row)?.get(MARGIN..)?;
        let Some(how) = upsampling else {
            out.copy_from_slice(luma.get(x..)?.get(..out.len())?);
            return Some(());
        };
        let (near, far) = if how == Upsampling::Both { (y / 2, y / 2 + y % 2 * 2 - 1) } else { (y, y) };
        // Where two pixels share a sample, they are made together.
        let (skip, at) = if how == Upsampling::None { (0, x) } else { (x % 2, x / 2) };

        let rows = Rows {
            luma: luma.get(x - skip..)?,
            near: [cb.row(near, mcu_row)?.get(at..)?, cr.row(near, mcu_row)?.get(at..)?],
            far: [cb.row(far, mcu_row)?.get(at..)?, cr.row(far, mcu_row)?.get(at..)?],
        };
        if skip == 0 {
            colour::convert(self.isa, how, &rows, out);
        } else {
            self.line.resize(out.len() + 3, 0);
            colour::convert(self.isa, how, &rows, &mut self.line);
            out.copy_from_slice(self.line.get(3..)?);
        }
        Some(())
    }
}
