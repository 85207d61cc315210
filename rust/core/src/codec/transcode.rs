//! One image file in, another out: decode, fit, resize, encode, with profile and EXIF carried over.

use std::{borrow::Cow, mem};

use super::{
    Codec, DecodeOptions, Report, decode::report, fit, geometry::check_pixels, pair::Next, planes, png,
};
use crate::{
    error::{Error, Result},
    fault::ImageFault,
    image::{Crop, Filter, Fit, Mode, OutputFormat, Size, Space, Subsampling, View},
    jpeg::{
        EncodeOptions, Encoder, MAX_PAYLOAD, exif,
        markers::{APP1, APP2, Frame, Header, Segment, Segments},
    },
};

/// Quality used where none is asked for.
pub const DEFAULT_QUALITY: u8 = 95;

/// What `transcode` is asked for.
#[derive(Debug, Clone, Default)]
pub struct TranscodeOptions {
    /// Size of the result, or the box it is fitted into; `None` keeps the image's own.
    pub size: Option<Size>,
    /// What becomes of an image with another aspect.
    pub fit: Fit,
    /// Filter for `size`.
    pub filter: Filter,
    /// JPEG quality; `None` is 95 where an image must be encoded anew, and not by itself a reason to.
    pub quality: Option<u8>,
    /// Chroma resolution; `None` keeps the source's where 420, 422 and 444 can express it.
    pub subsampling: Option<Subsampling>,
    /// The colours to resize in; `Ycc` where the image allows it.
    pub space: Space,
    /// Turn CMYK into RGB instead of refusing it.
    pub to_rgb: bool,
    /// Allow results with more rows or columns than the part of the source they show.
    pub allow_upscale: bool,
    /// Format of the result.
    pub format: OutputFormat,
    /// Huffman tables of their own; of an image that need not be encoded anew, nothing else is changed.
    pub optimize: bool,
    /// Any warning of the decoder is an error.
    pub strict: bool,
    /// Pixels above which an image is refused before anything is allocated; `None` is no limit.
    pub max_pixels: Option<u64>,
}

impl TranscodeOptions {
    /// How an image that is encoded anew is written.
    fn style(&self, subsampling: Subsampling) -> EncodeOptions {
        let quality = self.quality.unwrap_or(DEFAULT_QUALITY);
        EncodeOptions { quality, subsampling, optimize: self.optimize }
    }
}

/// What `transcode` did.
#[derive(Debug, Clone, Default)]
pub struct Transcoded {
    /// Size of the result; `None` only in a default value.
    pub size: Option<Size>,
    /// The file is the source's, byte for byte: there was nothing to do.
    pub copied: bool,
    /// Subsampling written; `None` for grey, PNG and copies.
    pub subsampling: Option<Subsampling>,
    /// "Keep" was not possible: the source's subsampling became 420.
    pub subsampling_changed: bool,
    /// `Space::Ycc` was asked for and the image went through RGB: it is no `YCbCr`, or is cut, or chroma has no whole
    /// number of samples, or the filter is [`Filter::Dct`].
    pub through_rgb: bool,
    /// What the decoder noticed; empty for a copy.
    pub report: Report,
}

impl Codec {
    /// Makes another image file of `jpeg` and appends it to `out`.
    ///
    /// Pixels are not turned; the EXIF segment keeps its orientation and loses its thumbnail.
    ///
    /// # Errors
    /// As [`Codec::decode_into`]; `Unsupported` for CMYK unless `to_rgb`; `Invalid` for enlarging unless allowed.
    pub fn transcode(
        &mut self,
        jpeg: &[u8],
        options: &TranscodeOptions,
        out: &mut Vec<u8>,
    ) -> Result<Transcoded> {
        self.transcode_beside(jpeg, None, options, out)
    }

    /// The same, while the file that is made anew `next` is read beside it.
    pub(super) fn transcode_beside(
        &mut self,
        jpeg: &[u8],
        next: Option<&[u8]>,
        options: &TranscodeOptions,
        out: &mut Vec<u8>,
    ) -> Result<Transcoded> {
        let header = Header::parse(jpeg)?;
        let frame = &header.frame;
        let from = Size { height: usize::from(frame.height), width: usize::from(frame.width) };
        let (crop, size) = fit::fit(from, options.size.unwrap_or(from), options.fit)?;
        // Of another shape it would be made in another way.
        let next = next.filter(|next| {
            let shape = |frame: &Frame| (frame.height, frame.width, frame.count, frame.chroma_ratio());
            Header::parse(next).is_ok_and(|next| shape(&next.frame) == shape(frame))
        });
        let inks = frame.count == 4;
        let nothing_to_do = size == from
            && options.quality.is_none()
            && options.subsampling.is_none()
            && options.format != OutputFormat::Png
            && !(inks && options.to_rgb);
        if nothing_to_do && options.optimize {
            return self.optimize(jpeg, &header, options, out);
        }
        if nothing_to_do {
            out.extend_from_slice(jpeg);
            return Ok(Transcoded { size: Some(size), copied: true, ..Transcoded::default() });
        }
        if inks && !options.to_rgb {
            let refused = ImageFault::Unsupported("CMYK cannot be encoded anew as it is".to_owned());
            return Err(Error::image(refused).with_hint("--to-rgb converts it, as Pillow does"));
        }
        if !options.allow_upscale && (size.height > crop.height || size.width > crop.width) {
            return Err(Error::invalid(format!(
                "{} by {} pixels would be enlarged to {} by {}",
                crop.width, crop.height, size.width, size.height
            ))
            .with_hint("--allow-upscale permits it"));
        }
        let carried = Carried::collect(jpeg, inks)?;
        let mut done = Transcoded { size: Some(size), ..Transcoded::default() };
        if options.format == OutputFormat::Png {
            let report = self.pixels((jpeg, next), &header, options, (crop, size), |_, view| {
                png::write(view, carried.profile().as_deref(), carried.exif(), out)
            })?;
            return Ok(Transcoded { report, ..done });
        }
        let (subsampling, changed) = subsampling(frame, options.subsampling);
        let style = options.style(subsampling);
        let segments = carried.segments();
        (done.subsampling, done.subsampling_changed) = ((frame.count != 1).then_some(subsampling), changed);
        if planes::possible(&header, options, crop, size, subsampling) {
            check_pixels(&header, options.max_pixels)?;
            let target = planes::Target { size, style, segments: &segments };
            if let Some(outcome) = self.transcode_planes((jpeg, next), &header, options, &target, out)? {
                return Ok(Transcoded { report: report(outcome, &header, options.strict)?, ..done });
            }
        }
        done.through_rgb = options.space == Space::Ycc && frame.count != 1;
        done.report = self.pixels((jpeg, next), &header, options, (crop, size), |encoder, view| {
            encoder.encode(view, style, &segments, out)
        })?;
        Ok(done)
    }

    /// Decodes and resizes, and hands the pixels to `write`. The file that is `next` has the same shape.
    fn pixels(
        &mut self,
        (jpeg, next): (&[u8], Option<&[u8]>),
        header: &Header<'_>,
        options: &TranscodeOptions,
        (crop, size): (Crop, Size),
        write: impl FnOnce(&mut Encoder, View<'_>) -> Result<()>,
    ) -> Result<Report> {
        let mode = if header.frame.count == 1 { Mode::L } else { Mode::Rgb };
        let decode = DecodeOptions {
            size: Some(size),
            filter: options.filter,
            crop: Some(crop),
            mode,
            strict: options.strict,
            max_pixels: options.max_pixels,
            ..DecodeOptions::default()
        };
        // Taken out of the codec while its other parts are at work, and put back whatever happens: the next image's pixels may
        // be there in part.
        let length = size.pixels() * mode.channels();
        let mut buffers = [&mut self.now, &mut self.beside].map(|hand| mem::take(&mut hand.to_encode));
        let [pixels, next_pixels] = buffers.each_mut().map(|buffer| buffer.of(length));
        let next = next.map(|data| Next { data, out: next_pixels });
        let report = self.decode_beside(jpeg, &decode, pixels, next);
        let report = report.and_then(|report| {
            write(&mut self.encoder, View { pixels, size, channels: mode.channels() })?;
            Ok(report)
        });
        [self.now.to_encode, self.beside.to_encode] = buffers;
        report
    }
}

/// The subsampling to write, and whether it is another than the source's though that was to be kept.
fn subsampling(frame: &Frame, asked: Option<Subsampling>) -> (Subsampling, bool) {
    if let Some(asked) = asked {
        return (asked, false);
    }
    match frame.chroma_ratio() {
        Some((1, 1)) => (Subsampling::S444, false),
        Some((2, 1)) => (Subsampling::S422, false),
        Some((2, 2)) => (Subsampling::S420, false),
        _ => (Subsampling::S420, frame.count != 1),
    }
}

/// The segments that go from the source into the result.
struct Carried<'d> {
    /// Payload of the EXIF segment, its head included.
    exif: Option<Cow<'d, [u8]>>,
    /// Payloads of the ICC segments, in the file's order.
    icc: Vec<&'d [u8]>,
}

const EXIF_HEAD: &[u8] = b"Exif\0\0";
const ICC_HEAD: usize = 14;

impl<'d> Carried<'d> {
    /// Reads them. The profile of an image that was `inks` describes colours it no longer has.
    fn collect(jpeg: &'d [u8], inks: bool) -> Result<Self> {
        let mut carried = Self { exif: None, icc: Vec::new() };
        for segment in Segments::new(jpeg)? {
            let segment: Segment<'d> = segment?;
            if segment.is_icc() && !inks {
                carried.icc.push(segment.payload);
            } else if let Some(tiff) = segment.exif().filter(|_| carried.exif.is_none()) {
                carried.exif = Some(match exif::without_thumbnail(tiff) {
                    Cow::Borrowed(_) => Cow::Borrowed(segment.payload),
                    Cow::Owned(tiff) => Cow::Owned([EXIF_HEAD, &tiff].concat()),
                });
            }
        }
        Ok(carried)
    }

    fn segments(&self) -> Vec<(u8, &[u8])> {
        let exif = self.exif.iter().map(|payload| (APP1, payload.as_ref()));
        let icc = self.icc.iter().map(|payload| (APP2, *payload));
        exif.chain(icc).filter(|(_, payload)| payload.len() <= MAX_PAYLOAD).collect()
    }

    fn exif(&self) -> Option<&[u8]> {
        self.exif.as_deref()?.get(EXIF_HEAD.len()..)
    }

    /// The whole profile; `None` if there is none or pieces are missing.
    fn profile(&self) -> Option<Vec<u8>> {
        let mut pieces = self.icc.clone();
        pieces.sort_by_key(|payload| payload.get(12).copied());
        let count = pieces.first()?.get(13).copied()?;
        let whole = usize::from(count) == pieces.len();
        whole
            .then(|| pieces.iter().filter_map(|payload| payload.get(ICC_HEAD..)).flatten().copied().collect())
    }
}
