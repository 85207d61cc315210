//! One worker's way from compressed bytes to pixels and back: decoder, resizer, encoder and their scratch.
//!
//! The caller owns the output, the codec owns the scratch; nothing is allocated in steady state.

use crate::{
    error::{Error, Result},
    image::{Crop, Filter, Layout, Mode, Size, Subsampling, View},
    jpeg,
};

/// What `decode` is asked for. Order: EXIF turn, crop, reduce, size, mode, layout.
#[derive(Debug, Clone, Default)]
pub struct DecodeOptions {
    /// Result size; `None` keeps what crop and reduce leave.
    pub size: Option<Size>,
    /// Filter for `size`.
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

/// How a JPEG is written.
#[derive(Debug, Clone, Copy)]
pub struct EncodeOptions {
    /// 1 to 100, libjpeg's scale.
    pub quality: u8,
    /// Chroma resolution; ignored for grey.
    pub subsampling: Subsampling,
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
    _decoder: jpeg::Decoder,
}

impl Codec {
    /// Shape (height, width) of what `decode_into` would write for these bytes, read from the header only.
    ///
    /// # Errors
    /// [`crate::error::Kind::Image`] if the header is none, or too many pixels; `Invalid` if the options do not fit the image.
    pub fn output_size(&mut self, _data: &[u8], _options: &DecodeOptions) -> Result<Size> {
        Err(Error::invalid("not built yet"))
    }

    /// Decodes into `out`, which must hold exactly `output_size * mode.channels()` bytes.
    ///
    /// # Errors
    /// As [`Codec::output_size`], and for broken data. The codec is as good as new after any error.
    pub fn decode_into(&mut self, _data: &[u8], _options: &DecodeOptions, _out: &mut [u8]) -> Result<Report> {
        Err(Error::invalid("not built yet"))
    }

    /// Encodes pixels (1 or 3 channels, or 4 of which the last is ignored) and appends the file to `out`.
    ///
    /// # Errors
    /// `Invalid` if quality, size or channels are out of range.
    pub fn encode_into(
        &mut self,
        _view: View<'_>,
        _options: EncodeOptions,
        _out: &mut Vec<u8>,
    ) -> Result<()> {
        Err(Error::invalid("not built yet"))
    }
}
