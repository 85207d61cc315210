//! Decoding: a worker's [`Decoder`] opens one image at a time, whose rows [`Image`] hands out.
//!
//! There are two ways, which give the same rows: the fast path for what it plainly understands, and
//! libjpeg-turbo for everything else. An image that turns out to be something else is decoded once more by
//! libjpeg, up to where it was, and on.

use super::{
    fast::{Extent, Fast},
    image::{Image, fast_images, libjpeg_images},
    libjpeg::Libjpeg,
    markers::Header,
};
use crate::{error::Result, isa::Isa};

/// The colours a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Grey.
    Gray,
    /// Red, green, blue, not transformed.
    Rgb,
    /// Luma and two colour differences: nearly every colour JPEG.
    YCbCr,
    /// Four inks.
    Cmyk,
    /// Four inks, the first three transformed like RGB to YCbCr.
    Ycck,
}

impl Source {
    /// The name people use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gray => "gray",
            Self::Rgb => "RGB",
            Self::YCbCr => "YCbCr",
            Self::Cmyk => "CMYK",
            Self::Ycck => "YCCK",
        }
    }
}

/// The colours rows are given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One byte a pixel: grey, or the luma of `YCbCr`.
    Gray,
    /// Three bytes.
    Rgb,
    /// Four bytes, the last of no meaning.
    Rgbx,
    /// Four bytes as they are in the file, which by Adobe's custom means inverted.
    Cmyk,
}

impl Target {
    /// Bytes a pixel.
    pub const fn channels(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Rgbx | Self::Cmyk => 4,
        }
    }
}

/// What became of an image once its rows were taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The first warning in libjpeg's words, and how many there were.
    pub warnings: Option<(String, u32)>,
    /// Rows complete when the data ended, where that was allowed.
    pub truncated_at: Option<u32>,
}

/// How many images this process has decoded by the fast path, and how many by libjpeg-turbo; images of which
/// only some rows were taken count.
pub fn decode_counts() -> (u64, u64) {
    (fast_images(), libjpeg_images())
}

/// What decodes the usual JPEGs here: "avx512", "avx2" or "libjpeg-turbo".
pub fn decode_path() -> &'static str {
    match Isa::current() {
        Isa::Portable => "libjpeg-turbo",
        level => level.name(),
    }
}

/// Decodes JPEG. One a worker; as good as new after any error.
#[derive(Debug)]
pub struct Decoder {
    pub(super) libjpeg: Libjpeg,
    pub(super) fast: Box<Fast>,
    /// Whether the fast path is worth taking where libjpeg can do the same.
    pub(super) is_fast: bool,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::with_isa(Isa::current())
    }
}

impl Decoder {
    /// With kernels of that level, which the CPU must have; at the portable level libjpeg-turbo decodes all.
    pub fn with_isa(isa: Isa) -> Self {
        let isa = isa.min(Isa::detected());
        Self { libjpeg: Libjpeg::default(), fast: Box::new(Fast::new(isa)), is_fast: isa > Isa::Portable }
    }

    /// Opens an image whose `header` was read from the same `data`. With `fill`, truncated data are
    /// completed with what libjpeg makes of nothing (grey) instead of being an error.
    ///
    /// # Errors
    /// [`ImageFault::Corrupt`] or `Truncated`.
    pub fn open<'a>(&'a mut self, data: &'a [u8], header: &Header<'_>, fill: bool) -> Result<Image<'a>> {
        Image::open(self, data, header, fill)
    }

    /// As [`Decoder::open`], while the file that will be opened `next` is read beside it, where that is possible: both
    /// together take less time than one after the other. Until that one is started, or the decoder told to
    /// [forget](Decoder::forget) it, it must stay as it is. Unless all its samples are kept, an output must be there for its rows.
    pub(crate) fn open_beside<'a>(
        &'a mut self,
        data: &'a [u8],
        header: &Header<'_>,
        fill: bool,
        next: Option<(&'a [u8], Extent)>,
    ) -> Result<Image<'a>> {
        let mut image = Image::open(self, data, header, fill)?;
        image.next = next;
        Ok(image)
    }

    /// Forgets what was read of the next file.
    pub(crate) fn forget(&mut self) {
        self.fast.forget();
    }

    /// Opens an image of which [`Image::start`] by 2 makes the low frequencies only: the low 4x4 coefficients of each
    /// block of luma and of 4:4:4 chroma, transformed as IJG's libjpeg does; of 4:2:0 chroma all of them.
    ///
    /// # Errors
    /// [`ImageFault::Unsupported`](crate::fault::ImageFault) unless it is an undamaged baseline JPEG, grey, 4:4:4 or 4:2:0, which may show only while rows
    /// are taken; libjpeg's own `Corrupt` or `Truncated` where it refuses the image too.
    pub fn open_low<'a>(&'a mut self, data: &'a [u8], header: &Header<'_>) -> Result<Image<'a>> {
        Image::open_low(self, data, header)
    }
}
