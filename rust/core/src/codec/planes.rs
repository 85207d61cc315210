//! A JPEG made anew in its own colours: luma and chroma are resized where they lie, and never become RGB.
//!
//! Chroma of a 4:2:0 image is already half the size, so that a 4:4:4 image of half the size takes it as it is, and a
//! 4:2:0 one halves it, where the way through RGB enlarges it, converts it, halves it twice and converts it back.
//! Planes of half the size are made row by row while the image is decoded.

use std::slice::ChunksExactMut;

use super::{Buffer, Codec, TranscodeOptions};
use crate::{
    error::Result,
    image::{Crop, Filter, OutputFormat, Size, Space, Subsampling, View},
    jpeg::{EncodeOptions, Extent, Outcome, Output, Planes, Source, markers::Header},
    resize::{Halving, Resizer},
};

/// What one image's planes are made into.
pub(super) struct Target<'a> {
    pub(super) size: Size,
    pub(super) style: EncodeOptions,
    pub(super) segments: &'a [(u8, &'a [u8])],
}

/// Whether an image of which `crop` is used can be made anew from its planes: chroma must have a whole number of samples
/// before and after, or its samples would lie elsewhere between those of luma.
pub(super) fn possible(
    header: &Header<'_>,
    options: &TranscodeOptions,
    crop: Crop,
    size: Size,
    subsampling: Subsampling,
) -> bool {
    let frame = &header.frame;
    let Some([luma, ..]) = Planes::sizes(frame) else { return false };
    let Some((columns, rows)) = frame.chroma_ratio() else { return false };
    let whole = |size: Size, (columns, rows): (usize, usize)| {
        size.width.is_multiple_of(columns) && size.height.is_multiple_of(rows)
    };
    options.space == Space::Ycc
        && options.filter != Filter::Dct
        && options.format != OutputFormat::Png
        && crop == (Crop { y: 0, x: 0, height: luma.height, width: luma.width })
        && whole(luma, (usize::from(columns), usize::from(rows)))
        && whole(size, subsampling.ratio())
}

impl Codec {
    /// Makes the image of its planes and appends it to `out`; `None`, and nothing done, if its colours are others. The file that is
    /// `next` has the same shape.
    pub(super) fn transcode_planes(
        &mut self,
        (jpeg, next): (&[u8], Option<&[u8]>),
        header: &Header<'_>,
        options: &TranscodeOptions,
        target: &Target<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Outcome>> {
        let Self { decoder, encoder, now, beside, .. } = self;
        let mut image = decoder.open_beside(jpeg, header, false, next.map(|next| (next, Extent::Row)))?;
        let Some(from) = Planes::sizes(&header.frame).filter(|_| image.source() == Source::YCbCr) else {
            return Ok(None);
        };
        let chroma = target.style.subsampling.chroma(target.size);
        let sizes = Sizes { from, to: [target.size, chroma, chroma] };
        let mut ways_beside = beside.planes.begin(sizes, options.filter, [0; 3]);
        let mut push = |number: usize, row: &[u8]| ways_beside[number.min(2)].push(row);
        let output = next.map(|_| Output::Planes(&mut push));
        let begun = image.start_planes()?;
        let mut spare = std::mem::take(&mut now.planes.spare);
        let mut planes = now.planes.begin(sizes, options.filter, begun);
        image.plane_rows_beside(&mut spare, begun, output, |number, row| {
            if let Some(plane) = planes.get_mut(number) {
                plane.push(row);
            }
        })?;
        let outcome = image.finish()?;
        let left = planes.map(|plane| matches!(plane, Way::Stored(_)));
        let Scratch { stored, made, resizers, .. } = &mut now.planes;
        let work = resizers.iter_mut().zip(stored).zip(made.gapless()).zip(from.into_iter().zip(sizes.to));
        for (((resizer, buffer), place), (from, to)) in
            work.zip(left).filter_map(|(work, left)| left.then_some(work))
        {
            let view = View { pixels: buffer.filled(from.pixels()), size: from, channels: 1 };
            resizer.resize(view, to, options.filter, place)?;
        }
        made.pad();
        encoder.encode_planes(made.planes(), target.size, target.style, target.segments, out)?;
        now.planes.spare = spare;
        Ok(Some(outcome))
    }
}

/// Of each plane.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    from: [Size; 3],
    to: [Size; 3],
}

/// What an image's planes go through; kept from one image to the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    spare: Planes,
    /// Planes that are to be resized once they are whole.
    stored: [Buffer; 3],
    made: Planes,
    resizers: [Resizer; 3],
}

impl Scratch {
    /// Ways for the planes of an image of which so many rows each were pushed `before`.
    fn begin(&mut self, Sizes { from, to }: Sizes, filter: Filter, before: [usize; 3]) -> [Way<'_>; 3] {
        self.made.of(to);
        let [y, cb, cr] = &mut self.resizers;
        let [y_stored, cb_stored, cr_stored] = &mut self.stored;
        let [y_place, cb_place, cr_place] = self.made.gapless();
        [
            Way::new(y, y_stored, y_place, (from[0], to[0]), filter, before[0]),
            Way::new(cb, cb_stored, cb_place, (from[1], to[1]), filter, before[1]),
            Way::new(cr, cr_stored, cr_place, (from[2], to[2]), filter, before[2]),
        ]
    }
}

/// Where the rows of a plane go as they are decoded.
enum Way<'a> {
    /// To half the size.
    Halved(&'a mut Halving, &'a mut [u8]),
    /// As they are, which is how they are wanted.
    Made(ChunksExactMut<'a, u8>),
    /// As they are, to be resized later.
    Stored(ChunksExactMut<'a, u8>),
}

impl<'a> Way<'a> {
    fn new(
        resizer: &'a mut Resizer,
        buffer: &'a mut Buffer,
        place: &'a mut [u8],
        (from, to): (Size, Size),
        filter: Filter,
        before: usize,
    ) -> Self {
        let rows = |place: &'a mut [u8]| {
            let left = place.get_mut(before * from.width..).unwrap_or_default();
            left.chunks_exact_mut(from.width.max(1))
        };
        if from == to {
            return Self::Made(rows(place));
        }
        match resizer.by_rows(from, to, 1, filter, before > 0) {
            Some(halving) => Self::Halved(halving, place),
            None => Self::Stored(rows(buffer.of(from.pixels()))),
        }
    }

    fn push(&mut self, row: &[u8]) {
        match self {
            Self::Halved(halving, place) => halving.push(row, place),
            Self::Made(rows) | Self::Stored(rows) => {
                let Some(place) = rows.next() else { return };
                if let Some(row) = row.get(..place.len()) {
                    place.copy_from_slice(row);
                }
            }
        }
    }
}
