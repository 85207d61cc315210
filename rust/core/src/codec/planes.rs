//! A JPEG made anew in its own colours: luma and chroma are resized where they lie, and never become RGB.
//!
//! Chroma of a 4:2:0 image is already half the size, so that a 4:4:4 image of half the size takes it as it is, and a
//! 4:2:0 one halves it, where the way through RGB enlarges it, converts it, halves it twice and converts it back.

use super::{Codec, TranscodeOptions};
use crate::{
    error::{Error, Result},
    image::{Crop, OutputFormat, Size, Space, Subsampling},
    jpeg::{EncodeOptions, Outcome, Planes, Source, markers::Header},
    resize::Resizer,
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
        let Self { decoder, resizer, encoder, planes: (from, to), .. } = self;
        let mut image = decoder.open(jpeg, header, false)?;
        if image.source() != Source::YCbCr {
            return Ok(None);
        }
        image.planes(from)?;
        let outcome = image.finish()?;
        let chroma = target.style.subsampling.chroma(target.size);
        let sizes = [target.size, chroma, chroma];
        to.of(sizes);
        for (number, size) in sizes.into_iter().enumerate() {
            resize(resizer, from, to, number, size, options)?;
        }
        to.pad();
        encoder.encode_planes(to.planes(), target.size, target.style, target.segments, out)?;
        Ok(Some(outcome))
    }
}

fn resize(
    resizer: &mut Resizer,
    from: &mut Planes,
    to: &mut Planes,
    number: usize,
    size: Size,
    options: &TranscodeOptions,
) -> Result<()> {
    let view = from.take(number).ok_or_else(|| Error::invalid("an image has three planes"))?;
    resizer.resize(view, size, options.filter, to.place(number))
}
