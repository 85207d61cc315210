//! Images that are stored without loss: PNG and BMP, known by their first bytes.
//!
//! Their pixels are what Pillow's `convert` makes of them; from there on they go the way of a JPEG's.

mod bmp;
mod png;

use super::{
    Buffer, Codec, DecodeOptions, Hand, Info, Pixels, Report, convert,
    geometry::{Plan, Turn, check_size},
};
use crate::{
    error::{Error, Result},
    fault::ImageFault,
    image::{Crop, Filter, Mode, Size, View},
};

/// Which format an image has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Bmp,
}

/// As many pixels as a JPEG can have: more are refused even where no limit is asked for, since a few bytes can claim them.
const MAX_PIXELS: u64 = 65_535 * 65_535;

impl Format {
    pub(super) fn of(data: &[u8]) -> Option<Self> {
        match data {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'B', b'M', ..] => Some(Self::Bmp),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Bmp => "BMP",
        }
    }

    fn size(self, data: &[u8]) -> Result<Size> {
        match self {
            Self::Png => png::size(data),
            Self::Bmp => Ok(bmp::Header::parse(data)?.size),
        }
    }

    /// What its header says.
    pub(super) fn info(self, data: &[u8]) -> Result<Info> {
        match self {
            Self::Png => png::info(data),
            Self::Bmp => Ok(bmp::Header::parse(data)?.info()),
        }
    }

    /// The way from its pixels to the result's.
    pub(super) fn plan(self, data: &[u8], options: &DecodeOptions) -> Result<Plan> {
        if options.reduce > 1 {
            let words = format!("reduce is the scaling of a JPEG's decoder, and this is a {}", self.name());
            return Err(Error::invalid(words).with_hint("give a size"));
        }
        if options.filter == Filter::Dct && options.size.is_some() {
            let words = format!("resample \"dct\" halves a JPEG, and this is a {}", self.name());
            return Err(Error::invalid(words).with_hint("use lanczos3"));
        }
        let limit = options.max_pixels.unwrap_or(MAX_PIXELS).min(MAX_PIXELS);
        let size = check_size(self.size(data)?, Some(limit))?;
        let orientation = || match self {
            Self::Png => png::orientation(data),
            Self::Bmp => 1,
        };
        Plan::of(size, orientation, options)
    }

    /// All pixels, in 1, 3 or, with `alpha`, 4 channels; the number of channels.
    fn decode(self, data: &[u8], alpha: bool, pixels: &mut Buffer) -> Result<usize> {
        match self {
            Self::Png => png::decode(data, alpha, pixels),
            Self::Bmp => bmp::decode(data, alpha, pixels),
        }
    }

    fn corrupt(self, words: impl std::fmt::Display) -> Error {
        Error::image(ImageFault::Corrupt(format!("{}: {words}", self.name())))
    }

    fn unsupported(self, words: impl std::fmt::Display) -> Error {
        Error::image(ImageFault::Unsupported(format!("{} with {words}", self.name())))
    }
}

impl Codec {
    /// As [`Codec::decode_into`].
    pub(super) fn decode_raster(
        &mut self,
        format: Format,
        data: &[u8],
        options: &DecodeOptions,
        out: &mut [u8],
    ) -> Result<Report> {
        let plan = format.plan(data, options)?;
        let wanted = plan.output.pixels() * options.mode.channels();
        if out.len() != wanted {
            return Err(Error::invalid(format!("the buffer holds {} bytes, the image {wanted}", out.len())));
        }
        let Self { now: Hand { resizer, .. }, pixels: Pixels { decoded, turned, resized }, .. } = self;
        let channels = format.decode(data, options.mode == Mode::Rgba, decoded)?;
        if options.mode == Mode::Y && channels != 1 {
            let words = format!("mode Y is the luma of a JPEG, and this is a {} in colour", format.name());
            return Err(Error::invalid(words).with_hint("mode L is grey made of RGB"));
        }
        let mut pixels =
            cut(decoded.of(plan.decoded.pixels() * channels), plan.window, plan.decoded, channels);
        if plan.turn != Turn::NONE {
            let place = turned.of(pixels.len());
            let window = Size { height: plan.window.height, width: plan.window.width };
            plan.turn.apply(pixels, window, channels, place);
            pixels = place;
        }
        if plan.turned != plan.output {
            let place = resized.of(plan.output.pixels() * channels);
            // As Pillow does: what cannot be seen must not colour what can.
            let multiply = channels == 4 && options.filter != Filter::Nearest;
            if multiply {
                convert::multiply_alpha(pixels);
            }
            resizer.resize(
                View { pixels, size: plan.turned, channels },
                plan.output,
                options.filter,
                place,
            )?;
            if multiply {
                convert::divide_alpha(place);
            }
            pixels = place;
        }
        if channels == 4 {
            convert::finish_alpha(pixels, options.layout, out);
        } else {
            convert::finish(pixels, channels, 0, options.mode, options.layout, out);
        }
        let pixels = format.size(data)?.pixels() as u64;
        Ok(Report { pixels, warnings: None, truncated_at: None })
    }
}

/// The window of an image, moved to the front of it.
fn cut(pixels: &mut [u8], window: Crop, size: Size, channels: usize) -> &mut [u8] {
    let (row, stride) = (window.width * channels, size.width * channels);
    if window != (Crop { y: 0, x: 0, height: size.height, width: size.width }) {
        for y in 0..window.height {
            let from = (window.y + y) * stride + window.x * channels;
            pixels.copy_within(from..from + row, y * row);
        }
    }
    pixels.get_mut(..window.height * row).unwrap_or_default()
}
