//! From compressed bytes to the pixels that were asked for.
//!
//! The fewer bytes are touched the better: pixels are decoded straight into the result where nothing is left to do, are converted
//! or halved strip by strip as they come, and are kept as a whole where they are turned or resized otherwise.

use super::{
    Buffer, Codec, DecodeOptions, Hand, Pixels, Report, convert,
    geometry::{Plan, Turn},
    pair::{Next, Rows},
    raster,
};
use crate::{
    error::{Error, Result},
    fault::ImageFault,
    image::{Layout, Mode, Size, View},
    jpeg::{Extent, Image, Outcome, Output, Source, Target, markers::Header},
    resize::Resizer,
};

/// What the decoder makes of an image's pixels.
struct Form {
    target: Target,
    /// Grey stays one channel as long as it can: the result is the same and costs a third.
    channels: usize,
    /// The result is of the same channels in the same order.
    is_last: bool,
}

impl Form {
    fn of(source: Source, options: &DecodeOptions) -> Self {
        let target = match (source, options.mode) {
            (Source::Gray, _) | (_, Mode::Y) => Target::Gray,
            (Source::Cmyk | Source::Ycck, _) => Target::Cmyk,
            _ => Target::Rgb,
        };
        let channels = if target == Target::Gray { 1 } else { 3 };
        let is_last = match options.mode {
            Mode::L | Mode::Y => channels == 1,
            Mode::Rgb => channels == 3 && options.layout == Layout::Hwc,
            Mode::Rgba => false,
        };
        Self { target, channels, is_last }
    }
}

impl Codec {
    /// Decodes an image as [`Codec::decode_into`] does, and reads the one after it beside it.
    pub(super) fn decode_beside(
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
        let Self { decoder, pixels, now: Hand { resizer, .. }, beside, .. } = self;
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
            let beside = data_of_next.map(|data| (data, extent));
            decoder.open_beside(data, &header, options.fill_truncated, beside)?
        };
        let form = Form::of(image.source(), options);
        let found = image.start_window(form.target, plan.reduce, Some(plan.window))?;
        if (found.0 as usize, found.1 as usize) != (plan.decoded.height, plan.decoded.width) {
            return Err(Error::image(ImageFault::Corrupt("the headers contradict each other".to_owned())));
        }
        let Form { target, channels, is_last } = form;
        let begun = image.handed_on() as usize;
        let is_streamed = target != Target::Cmyk;
        let outcome;
        if plan.is_plain() && is_last && is_streamed {
            let (stride, height) = (plan.window.width * channels, plan.window.height as u32);
            image.rows_beside(target, out, stride, height, output.take())?;
            outcome = image.finish()?;
        } else if plan.is_plain() && is_streamed {
            let (width, mut at) = (plan.turned.width, 0);
            outcome = stream(image, target, (plan.turned, 0), &mut pixels.decoded, None, |row| {
                let row = row.get(..width * channels).unwrap_or_default();
                convert::finish(row, channels, at, options.mode, options.layout, out);
                at += width;
            })?;
        } else if let Some(halving) = (plan.is_halved(options.filter) && is_streamed)
            .then(|| resizer.by_rows(plan.turned, plan.output, channels, options.filter, begun > 0))
            .flatten()
        {
            let Pixels { decoded, resized, .. } = pixels;
            let length = plan.output.pixels() * channels;
            let place = if is_last { &mut *out } else { resized.of(length) };
            let push = |row: &[u8]| halving.push(row, place);
            outcome = stream(image, target, (plan.turned, begun), decoded, output, push)?;
            if !is_last {
                convert::finish(resized.filled(length), channels, 0, options.mode, options.layout, out);
            }
        } else {
            outcome = whole(image, &form, &plan, options, (pixels, resizer), out)?;
        }
        report(outcome, &header, options.strict)
    }
}

/// Rows decoded at a time where the image is not kept: few enough for the fastest caches.
pub(super) const STRIP: usize = 16;

/// Decodes an image's window, which is of `size`, from a row on, and hands its rows on one by one, each the beginning of a longer
/// slice.
fn stream(
    mut image: Image<'_>,
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

/// Decodes an image's window, and then turns, resizes and converts it, each if it must be.
fn whole(
    image: Image<'_>,
    form: &Form,
    plan: &Plan,
    options: &DecodeOptions,
    (Pixels { decoded, turned, resized }, resizer): (&mut Pixels, &mut Resizer),
    out: &mut [u8],
) -> Result<Outcome> {
    let &Form { target, channels, is_last } = form;
    let (mut pixels, outcome) = window(image, target, plan, decoded)?;
    if plan.turn != Turn::NONE {
        let size = Size { height: plan.window.height, width: plan.window.width };
        let is_last = plan.turned == plan.output && is_last;
        let place = if is_last { &mut *out } else { turned.of(pixels.len()) };
        plan.turn.apply(pixels, size, channels, place);
        pixels = if is_last { &[] } else { turned.filled(pixels.len()) };
    }
    if plan.turned != plan.output {
        let length = plan.output.pixels() * channels;
        let place = if is_last { &mut *out } else { resized.of(length) };
        let view = View { pixels, size: plan.turned, channels };
        resizer.resize(view, plan.output, options.filter, place)?;
        pixels = if is_last { &[] } else { resized.filled(length) };
    }
    if !pixels.is_empty() {
        convert::finish(pixels, channels, 0, options.mode, options.layout, out);
    }
    Ok(outcome)
}

/// Decodes the plan's window as grey or RGB, without gaps.
fn window<'b>(
    mut image: Image<'_>,
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

pub(super) fn report(outcome: Outcome, header: &Header<'_>, strict: bool) -> Result<Report> {
    let Outcome { warnings, truncated_at } = outcome;
    match warnings {
        Some((words, _)) if strict => Err(Error::image(ImageFault::Warning(words))),
        warnings => {
            let pixels = u64::from(header.frame.height) * u64::from(header.frame.width);
            Ok(Report { pixels, warnings, truncated_at })
        }
    }
}
