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
    jpeg::{EncodeOptions, Outcome, Planes, Source, markers::Header},
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
    /// Makes the image of its planes and appends it to `out`; `None`, and nothing done, if its colours are others.
    pub(super) fn transcode_planes(
        &mut self,
        jpeg: &[u8],
        header: &Header<'_>,
        options: &TranscodeOptions,
        target: &Target<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Outcome>> {
        let Self { decoder, encoder, planes: Scratch { spare, stored, made, resizers }, .. } = self;
        let mut image = decoder.open(jpeg, header, false)?;
        let Some(from) = Planes::sizes(&header.frame).filter(|_| image.source() == Source::YCbCr) else {
            return Ok(None);
        };
        let chroma = target.style.subsampling.chroma(target.size);
        let to = [target.size, chroma, chroma];
        made.of(to);
        let [y, cb, cr] = resizers;
        let [y_stored, cb_stored, cr_stored] = stored;
        let [y_place, cb_place, cr_place] = made.gapless();
        let mut planes = [
            Way::new(y, y_stored, y_place, from[0], to[0], options.filter),
            Way::new(cb, cb_stored, cb_place, from[1], to[1], options.filter),
            Way::new(cr, cr_stored, cr_place, from[2], to[2], options.filter),
        ];
        image.plane_rows(spare, |number, row| {
            if let Some(plane) = planes.get_mut(number) {
                plane.push(row);
            }
        })?;
        let outcome = image.finish()?;
        let left = planes.map(|plane| matches!(plane, Way::Stored(_)));
        let work = resizers.iter_mut().zip(stored).zip(made.gapless()).zip(from.into_iter().zip(to));
        for (((resizer, buffer), place), (from, to)) in
            work.zip(left).filter_map(|(work, left)| left.then_some(work))
        {
            let view = View { pixels: buffer.filled(from.pixels()), size: from, channels: 1 };
            resizer.resize(view, to, options.filter, place)?;
        }
        made.pad();
        encoder.encode_planes(made.planes(), target.size, target.style, target.segments, out)?;
        Ok(Some(outcome))
    }
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
        from: Size,
        to: Size,
        filter: Filter,
    ) -> Self {
        if from == to {
            return Self::Made(place.chunks_exact_mut(from.width.max(1)));
        }
        match resizer.by_rows(from, to, 1, filter) {
            Some(halving) => Self::Halved(halving, place),
            None => Self::Stored(buffer.of(from.pixels()).chunks_exact_mut(from.width.max(1))),
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
