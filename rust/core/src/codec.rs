//! One worker's way from compressed bytes to pixels and back: decoder, resizer, encoder and their scratch.
//!
//! The caller owns the output, the codec owns the scratch; nothing is allocated in steady state.

use crate::{
    error::{Error, Result},
    fault::ImageFault,
    image::{Crop, Filter, Layout, Mode, Size, View},
    jpeg::{self, Extent, Outcome, Output, Source, Target, markers::Header},
    resize::Resizer,
};

mod check;
mod convert;
mod fit;
mod geometry;
mod info;
mod optimize;
mod pair;
mod planes;
mod png;
mod raster;
mod transcode;

use geometry::{Plan, Turn};
use pair::{Next, Rows};

pub use crate::jpeg::EncodeOptions;
pub use info::{Info, info};
pub use transcode::{DEFAULT_QUALITY, TranscodeOptions, Transcoded};

/// Pixels above which Pillow warns of a decompression bomb; above twice as many it refuses, and so do we.
pub const MANY_PIXELS: u64 = 89_478_485;

/// What `decode` is asked for. Order: EXIF turn, crop, reduce, size, mode, layout.
#[derive(Debug, Clone, Default)]
pub struct DecodeOptions {
    /// Result size; `None` keeps what crop and reduce leave.
    pub size: Option<Size>,
    /// Filter for `size`. [`Filter::Dct`] makes half the size of a whole image only, and only of undamaged baseline JPEGs:
    /// grey, 4:4:4 or 4:2:0.
    pub filter: Filter,
    /// The decoder's own scaling: 1 (or 0, the default), 2, 4 or 8.
    pub reduce: u8,
    /// Rectangle in full-resolution pixels after the EXIF turn.
    pub crop: Option<Crop>,
    /// Channels of the result.
    pub mode: Mode,
    /// Axes of the result.
    pub layout: Layout,
    /// Apply the EXIF orientation.
    pub exif: bool,
    /// Any warning of the decoder is an error.
    pub strict: bool,
    /// Truncated data give what could be decoded, the rest grey, instead of an error.
    pub fill_truncated: bool,
    /// Pixels above which an image is refused before anything is allocated; `None` is no limit.
    pub max_pixels: Option<u64>,
}

/// What the decoder noticed.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Pixels the file declares, for the caller's limit warning.
    pub pixels: u64,
    /// The decoder's warnings in its own words, first one kept, and how many there were.
    pub warnings: Option<(String, u32)>,
    /// Rows decoded before truncated data ended; `None` if the image was whole.
    pub truncated_at: Option<u32>,
}

/// Decoder, resizer, encoder and scratch of one worker.
#[derive(Default)]
pub struct Codec {
    decoder: jpeg::Decoder,
    encoder: jpeg::Encoder,
    decoded: Buffer,
    turned: Buffer,
    resized: Buffer,
    now: Hand,
    /// Of the image that is read beside.
    beside: Hand,
}

/// What an image is in while it is made.
#[derive(Default)]
struct Hand {
    resizer: Resizer,
    to_encode: Buffer,
    planes: planes::Scratch,
}

impl Codec {
    /// Shape (height, width) of what `decode_into` would write for these bytes, read from the header only.
    ///
    /// # Errors
    /// [`crate::error::Kind::Image`] if the header is none, or too many pixels; `Invalid` if the options do not fit the image.
    pub fn output_size(&mut self, data: &[u8], options: &DecodeOptions) -> Result<Size> {
        if let Some(format) = raster::Format::of(data) {
            return Ok(format.plan(data, options)?.output);
        }
        Ok(Plan::new(&Header::parse(data)?, options)?.output)
    }

    /// Decodes into `out`, which must hold exactly `output_size * mode.channels()` bytes.
    ///
    /// # Errors
    /// As [`Codec::output_size`], and for broken data. The codec is as good as new after any error.
    pub fn decode_into(&mut self, data: &[u8], options: &DecodeOptions, out: &mut [u8]) -> Result<Report> {
        self.decode_beside(data, options, out, None)
    }

    fn decode_beside(
        &mut self,
        data: &[u8],
        options: &DecodeOptions,
        out: &mut [u8],
        next: Option<Next<'_>>,
    ) -> Result<Report> {
        if let Some(format) = raster::Format::of(data) {
            return self.decode_raster(format, data, options, out);
        }
        let header = Header::parse(data)?;
        let plan = Plan::new(&header, options)?;
        let wanted = plan.output.pixels() * options.mode.channels();
        if out.len() != wanted {
            return Err(Error::invalid(format!("the buffer holds {} bytes, the image {wanted}", out.len())));
        }
        let Self { decoder, now: Hand { resizer, .. }, beside, decoded, turned, resized, .. } = self;
        let data_of_next = next.as_ref().map(|next| next.data);
        // Rows of the next image become its result as they come, if they are what those of this one are; else its samples are
        // kept.
        let mut push;
        let mut output = match next.and_then(|next| next.rows(&header, &plan, options, &mut beside.resizer)) {
            None => None,
            Some(Rows::Result { out, stride }) => Some(Output::Rows { out, stride }),
            Some(Rows::Halved(halving, out)) => {
                push = |row: &[u8]| halving.push(row, out);
                Some(Output::Pixels(&mut push))
            }
        };
        let extent = if output.is_some() { Extent::Row } else { Extent::Whole };
        let mut image = if plan.low {
            decoder.open_low(data, &header)?
        } else {
            decoder.open_beside(
                data,
                &header,
                options.fill_truncated,
                data_of_next.map(|data| (data, extent)),
            )?
        };
        let target = target(image.source(), options.mode);
        let found = image.start_window(target, plan.reduce, Some(plan.window))?;
        if (found.0 as usize, found.1 as usize) != (plan.decoded.height, plan.decoded.width) {
            return Err(Error::image(ImageFault::Corrupt("the headers contradict each other".to_owned())));
        }
        // Grey stays one channel as long as it can: the result is the same and costs a third.
        let channels = if target == Target::Gray { 1 } else { 3 };
        let same_pixels = match options.mode {
            Mode::L | Mode::Y => channels == 1,
            Mode::Rgb => channels == 3 && (options.layout == Layout::Hwc),
            Mode::Rgba => false,
        };
        let begun = image.handed_on() as usize;
        let outcome;
        if plan.is_plain() && same_pixels && target != Target::Cmyk {
            let (stride, height) = (plan.window.width * channels, plan.window.height as u32);
            image.rows_beside(target, out, stride, height, output.take())?;
            outcome = image.finish()?;
        } else if plan.is_plain() && target != Target::Cmyk {
            let (width, mut at) = (plan.turned.width, 0);
            outcome = stream(image, target, (plan.turned, 0), decoded, None, |row| {
                let row = row.get(..width * channels).unwrap_or_default();
                convert::finish(row, channels, at, options.mode, options.layout, out);
                at += width;
            })?;
        } else if let Some(halving) = (plan.is_halved(options.filter) && target != Target::Cmyk)
            .then(|| resizer.by_rows(plan.turned, plan.output, channels, options.filter, begun > 0))
            .flatten()
        {
            let length = plan.output.pixels() * channels;
            let place = if same_pixels { &mut *out } else { resized.of(length) };
            let push = |row: &[u8]| halving.push(row, place);
            outcome = stream(image, target, (plan.turned, begun), decoded, output, push)?;
            if !same_pixels {
                convert::finish(resized.filled(length), channels, 0, options.mode, options.layout, out);
            }
        } else {
            let mut pixels;
            (pixels, outcome) = window(image, target, &plan, decoded)?;
            if plan.turn != Turn::NONE {
                let size = Size { height: plan.window.height, width: plan.window.width };
                let last = plan.turned == plan.output && same_pixels;
                let place = if last { &mut *out } else { turned.of(pixels.len()) };
                plan.turn.apply(pixels, size, channels, place);
                pixels = if last { &[] } else { turned.filled(pixels.len()) };
            }
            if plan.turned != plan.output {
                let length = plan.output.pixels() * channels;
                let place = if same_pixels { &mut *out } else { resized.of(length) };
                let view = View { pixels, size: plan.turned, channels };
                resizer.resize(view, plan.output, options.filter, place)?;
                pixels = if same_pixels { &[] } else { resized.filled(length) };
            }
            if !pixels.is_empty() {
                convert::finish(pixels, channels, 0, options.mode, options.layout, out);
            }
        }
        report(outcome, &header, options.strict)
    }

    /// Stretches pixels of 1, 3 or 4 channels to `size`, as Pillow's filter of that name does, each channel by itself;
    /// `out` holds `size * channels` bytes.
    ///
    /// # Errors
    /// `Invalid` if a size is zero or a buffer does not fit.
    pub fn resize_into(&mut self, view: View<'_>, size: Size, filter: Filter, out: &mut [u8]) -> Result<()> {
        self.now.resizer.resize(view, size, filter, out)
    }

    /// Encodes pixels (1 or 3 channels, or 4 of which the last is ignored) and appends the file to `out`.
    ///
    /// # Errors
    /// `Invalid` if quality, size or channels are out of range.
    pub fn encode_into(&mut self, view: View<'_>, options: EncodeOptions, out: &mut Vec<u8>) -> Result<()> {
        self.encoder.encode(view, options, &[], out)
    }

    /// Appends a PNG of pixels in 1 or 3 channels to `out`.
    ///
    /// # Errors
    /// `Invalid` if a side is too long.
    pub fn encode_png_into(&mut self, view: View<'_>, out: &mut Vec<u8>) -> Result<()> {
        png::write(view, None, None, out)
    }
}

fn target(source: Source, mode: Mode) -> Target {
    match (source, mode) {
        (Source::Gray, _) | (_, Mode::Y) => Target::Gray,
        (Source::Cmyk | Source::Ycck, _) => Target::Cmyk,
        _ => Target::Rgb,
    }
}

/// Rows decoded at a time where the image is not kept: few enough for the fastest caches.
const STRIP: usize = 16;

/// Decodes an image's window, which is of `size`, from a row on, and hands its rows on one by one, each the beginning of a longer
/// slice.
fn stream(
    mut image: jpeg::Image<'_>,
    target: Target,
    (size, begun): (Size, usize),
    buffer: &mut Buffer,
    mut output: Option<Output<'_>>,
    mut take: impl FnMut(&[u8]),
) -> Result<Outcome> {
    let stride = size.width * target.channels();
    // A row more, so that each has bytes behind it.
    let strip = buffer.of((STRIP + 1) * stride);
    for first in (begun..size.height).step_by(STRIP) {
        let rows = STRIP.min(size.height - first);
        let output = output.as_mut().map(Output::again);
        image.rows_beside(target, strip, stride, rows as u32, output)?;
        (0..rows).for_each(|row| take(strip.get(row * stride..).unwrap_or_default()));
    }
    image.finish()
}

/// Decodes the plan's window as grey or RGB, without gaps.
fn window<'b>(
    mut image: jpeg::Image<'_>,
    target: Target,
    plan: &Plan,
    buffer: &'b mut Buffer,
) -> Result<(&'b [u8], Outcome)> {
    let (row, height) = (plan.window.width * target.channels(), plan.window.height);
    let mut length = height * row;
    let pixels = buffer.of(length);
    image.rows(target, pixels, row, height as u32)?;
    let outcome = image.finish()?;
    if target == Target::Cmyk {
        convert::rgb_from_inverted_cmyk(pixels);
        length = length / 4 * 3;
    }
    Ok((buffer.filled(length), outcome))
}

fn report(outcome: Outcome, header: &Header<'_>, strict: bool) -> Result<Report> {
    let Outcome { warnings, truncated_at } = outcome;
    match warnings {
        Some((words, _)) if strict => Err(Error::image(ImageFault::Warning(words))),
        warnings => {
            let pixels = u64::from(header.frame.height) * u64::from(header.frame.width);
            Ok(Report { pixels, warnings, truncated_at })
        }
    }
}

/// Memory that is kept from one image to the next, and never shrinks.
#[derive(Debug, Default)]
struct Buffer(Vec<u8>);

impl Buffer {
    /// So many bytes to write to; what they hold is left over from earlier use.
    fn of(&mut self, length: usize) -> &mut [u8] {
        if self.0.len() < length {
            self.0.resize(length, 0);
        }
        self.0.get_mut(..length).unwrap_or_default()
    }

    /// The same bytes to read.
    fn filled(&self, length: usize) -> &[u8] {
        self.0.get(..length).unwrap_or_default()
    }
}
