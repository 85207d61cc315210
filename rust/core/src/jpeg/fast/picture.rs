//! An image on its way from bits to rows of pixels, and the memory it needs.

use std::ops::Range;

#[cfg(target_arch = "x86_64")]
use super::pair::{self, Lane};
use super::{
    bits::Position,
    colour::{self, MARGIN, Rows, Upsampling},
    entropy::Coefficients,
    output::{HANDED_ON, Output},
    plane::{Extent, Plane, Scale},
    reconstruct::{self, Blocks},
    scan::Scan,
    tables::Cache,
    unstuff::Bitstream,
};
use crate::{image::Crop, isa::Isa};

/// One image, and the memory of those before.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) stream: Bitstream,
    coefficients: Coefficients,
    pub(super) planes: [Plane; 3],
    /// A row of pixels of which the first is not wanted.
    pub(super) line: Vec<u8>,
    pub(super) state: State,
    /// The image's way of being read beside another one.
    #[cfg(target_arch = "x86_64")]
    pub(super) lane: Lane,
}

/// The image read beside, and where its rows go if they are not to be kept.
pub(super) type Beside<'a> = (&'a mut Picture, Option<Output<'a>>);

/// Where an image has come to.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) blocks: Blocks,
    /// Numbers of the components' Huffman tables in the cache.
    pub(super) codes: [usize; 3],
    /// MCUs across and down.
    pub(super) mcus: (usize, usize),
    pub(super) restart_interval: usize,
    /// MCUs until the next restart marker, and the piece of bits they are in.
    pub(super) until_restart: usize,
    pub(super) piece: usize,
    pub(super) position: Position,
    /// The last DC of each component.
    pub(super) last: [i16; 3],
    /// Rows of MCUs decoded.
    pub(super) decoded: usize,
    /// Rows of pixels that those suffice for, that are handed out, and that there are. Where planes are taken, rows of MCUs are handed
    /// out.
    pub(super) ready: usize,
    pub(super) taken: usize,
    pub(super) height: usize,
    /// Columns that are wanted.
    pub(super) columns: Range<usize>,
    /// The first row of MCUs whose samples matter to a row that is wanted, and the columns of those MCUs.
    pub(super) first: usize,
    pub(super) inside: Range<usize>,
    pub(super) upsampling: Option<Upsampling>,
    pub(super) has_chroma: bool,
    /// Bits beyond the rows decoded are not plainly right.
    pub(super) gave_up: bool,
    /// Rows already given while the image was read beside another one, and the address of what they were written to.
    pub(super) written: (usize, usize),
}

impl Picture {
    /// Gets ready for an image, whose samples are all kept if that is the `extent`. Tables `in_use` by another one are kept.
    pub(super) fn begin(
        &mut self,
        isa: Isa,
        (cache, in_use): (&mut Cache, [usize; 3]),
        scan: &Scan<'_>,
        scale: Scale,
        has_chroma: bool,
        extent: Extent,
    ) -> Option<()> {
        let (across, down) = scan.sampling.ratio();
        let mcus = (scan.width.div_ceil(across * 8), scan.height.div_ceil(down * 8));
        let codes = cache.find(scan.huffman.get(..scan.sampling.components())?, in_use)?;
        self.stream.fill(scan.entropy, isa)?;
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
        y.begin((width, height), (across, down), luma, mcus, extent);
        if has_chroma {
            cb.begin(chroma_size, (1, 1), chroma, mcus, extent);
            cr.begin(chroma_size, (1, 1), chroma, mcus, extent);
        }
        self.stay_alone();
        // An image that was given up may have left something.
        self.coefficients = Coefficients::default();
        self.state = State {
            blocks: Blocks::new(isa, &self.planes, scan, has_chroma),
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

    /// Whether the image, of which nothing is decoded yet, can be one of two.
    pub(super) fn can_join(&self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return pair::can_join(&self.state);
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    /// It is not, or no longer, one of two.
    pub(super) fn stay_alone(&mut self) {
        #[cfg(target_arch = "x86_64")]
        self.lane.close();
    }

    /// (height, width) of what is given.
    pub(super) fn size(&self) -> (u32, u32) {
        (self.state.height as u32, self.state.columns.len() as u32)
    }

    /// Of what was started, only the rows and columns in `window` are wanted, which lies in the image.
    pub(super) fn narrow(&mut self, window: Crop) {
        let Plane { rows, columns, .. } = self.planes[0];
        let state = &mut self.state;
        // Chroma is enlarged with the sample beside it, which is two pixels away at most.
        let end = window.x + window.width;
        state.inside = window.x.saturating_sub(2) / columns..(end + 2).div_ceil(columns).min(state.mcus.0);
        state.first = window.y.saturating_sub(2) / rows;
        if state.written.0 > 0 {
            // Of an image whose rows are handed out already no part can be had.
            let is_whole =
                (window.y, window.x..end, window.height) == (0, state.columns.clone(), state.height);
            state.gave_up |= !is_whole;
            return;
        }
        (state.taken, state.columns) = (window.y, window.x..end);
    }

    /// How many rows, of MCUs where planes are taken, were handed on while the image was read beside another one; they are not given
    /// again.
    pub(super) fn handed_on(&mut self) -> usize {
        match self.state.written {
            (rows, HANDED_ON) => {
                self.state.written = Default::default();
                rows
            }
            _ => 0,
        }
    }

    /// Hands on the rows of the planes, each with its plane's number and as the beginning of a longer slice. `None` if
    /// it could not give all of them. Meanwhile the image `beside` may be read too.
    pub(super) fn plane_rows(
        &mut self,
        isa: Isa,
        cache: &Cache,
        (other, mut output): Beside<'_>,
        mut take: impl FnMut(usize, &[u8]),
    ) -> Option<()> {
        // Whoever took rows is someone else.
        if self.state.written.0 > 0 {
            return None;
        }
        while self.state.taken < self.state.mcus.1 {
            let output = output.as_mut().map(Output::again);
            self.decode_mcu_row(isa, cache, Some((&mut *other, output)))?;
            self.state.planes(&self.planes, &mut take);
        }
        Some(())
    }

    /// Writes the next `count` rows to `out`, which holds them; says how many it could. Meanwhile the
    /// image `beside` may be read too.
    pub(super) fn rows(
        &mut self,
        isa: Isa,
        cache: &Cache,
        (other, mut output): Beside<'_>,
        (out, stride): (&mut [u8], usize),
        count: u32,
    ) -> (u32, Option<()>) {
        let row = self.state.columns.len() * if self.state.has_chroma { 3 } else { 1 };
        let (before, place) = std::mem::take(&mut self.state.written);
        if before > count as usize || before > 0 && place != out.as_ptr().addr() {
            self.state.gave_up = true;
            self.state.ready = 0;
            return (0, None);
        }
        let mut done = before as u32;
        for place in out.chunks_mut(stride).take(count as usize).skip(before) {
            while self.state.taken >= self.state.ready {
                let output = output.as_mut().map(Output::again);
                if self.decode_mcu_row(isa, cache, Some((&mut *other, output))).is_none() {
                    return (done, None);
                }
            }
            let Some(()) = place
                .get_mut(..row)
                .and_then(|place| pixels(isa, &self.planes, &self.state, &mut self.line, place))
            else {
                return (done, None);
            };
            self.state.taken += 1;
            done += 1;
        }
        (done, Some(()))
    }

    /// Decodes a row of MCUs. `None` if their bits are not plainly right.
    fn decode_mcu_row<'a>(
        &'a mut self,
        isa: Isa,
        cache: &'a Cache,
        beside: Option<Beside<'a>>,
    ) -> Option<()> {
        if self.state.gave_up {
            return None;
        }
        #[cfg(target_arch = "x86_64")]
        if self.lane.is_open() {
            return pair::mcu_row(cache, self, beside);
        }
        let _ = beside;
        let Self { stream, coefficients, planes, state, .. } = self;
        let first = cache.get(state.codes[0])?;
        let codes = state.codes.map(|number| cache.get(number).unwrap_or(first));
        begin_row(planes, state);
        reconstruct::mcu_row(isa, stream, codes, coefficients, planes, state)?;
        finish_row(state, planes, stream)
    }
}

impl State {
    /// Hands on the rows of the planes that the last row of MCUs has.
    pub(super) fn planes(&mut self, planes: &[Plane; 3], take: &mut impl FnMut(usize, &[u8])) {
        let wanted = if self.has_chroma { 3 } else { 1 };
        for (number, plane) in planes.iter().enumerate().take(wanted) {
            plane.rows_of(self.taken).for_each(|row| take(number, row));
        }
        self.taken += 1;
    }
}

/// Writes the next row of pixels.
pub(super) fn pixels(
    isa: Isa,
    planes: &[Plane; 3],
    state: &State,
    line: &mut Vec<u8>,
    out: &mut [u8],
) -> Option<()> {
    let State { taken: y, decoded, upsampling, .. } = *state;
    let Range { start: x, .. } = state.columns;
    let mcu_row = decoded - 1;
    let [luma, cb, cr] = planes;
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
        colour::convert(isa, how, &rows, out);
    } else {
        line.resize(out.len() + 3, 0);
        colour::convert(isa, how, &rows, line);
        out.copy_from_slice(line.get(3..)?);
    }
    Some(())
}

/// Makes room for a row of MCUs.
pub(super) fn begin_row(planes: &mut [Plane; 3], state: &State) {
    if state.decoded > 0 {
        planes.iter_mut().take(if state.has_chroma { 3 } else { 1 }).for_each(Plane::advance);
    }
}

/// Hands on a row of MCUs that was decoded. `None` if that took bits that are not the scan's, or left some.
pub(super) fn finish_row(state: &mut State, planes: &mut [Plane; 3], stream: &Bitstream) -> Option<()> {
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
