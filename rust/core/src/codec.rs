//! One worker's way from compressed bytes to pixels and back: decoder, resizer, encoder and their scratch.
//!
//! The caller owns the output, the codec owns the scratch; nothing is allocated in steady state.

use crate::{
    error::Result,
    image::{Crop, Filter, Layout, Mode, Size, View},
    jpeg::{self, markers::Header},
    resize::Resizer,
};

mod check;
mod convert;
mod decode;
mod fit;
mod geometry;
mod info;
mod optimize;
mod pair;
mod planes;
mod png;
mod raster;
mod transcode;

use geometry::Plan;

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
    pixels: Pixels,
    now: Hand,
    /// Of the image that is read beside.
    beside: Hand,
}

/// Pixels on their way to the result.
#[derive(Default)]
struct Pixels {
    decoded: Buffer,
    turned: Buffer,
    resized: Buffer,
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
