//! Decoding: a worker's [`Decoder`] opens one image at a time and hands out its rows.
#![allow(unsafe_code)]

use std::{
    ffi::{c_char, c_int},
    ptr::NonNull,
};

use super::{
    Planes, ffi,
    markers::{Frame, Header},
};
use crate::{
    error::{Error, Result},
    fault::ImageFault,
};

/// More scans than any encoder writes; each costs a pass over the whole picture, so a small file of
/// thousands keeps a worker busy for hours.
const MAX_SCANS: u32 = 500;

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

    const fn raw(self) -> c_int {
        match self {
            Self::Gray => 0,
            Self::Rgb => 1,
            Self::Rgbx => 2,
            Self::Cmyk => 3,
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

/// Decodes JPEG. One a worker; as good as new after any error.
#[derive(Debug, Default)]
pub struct Decoder {
    raw: Option<NonNull<ffi::RawDecoder>>,
}

// SAFETY: the C object is reached through this value alone and knows nothing of threads; libjpeg keeps no
// state outside it but a thread-local note of the CPU's features.
unsafe impl Send for Decoder {}

impl Decoder {
    /// Opens an image whose `header` was read from the same `data`. With `fill`, truncated data are
    /// completed with what libjpeg makes of nothing (grey) instead of being an error.
    ///
    /// # Errors
    /// [`ImageFault::Corrupt`] or `Truncated`.
    pub fn open<'a>(&'a mut self, data: &'a [u8], header: &Header<'_>, fill: bool) -> Result<Image<'a>> {
        let raw = if let Some(raw) = self.raw {
            raw
        } else {
            // SAFETY: no argument; a null pointer is told apart below.
            let raw = NonNull::new(unsafe { ffi::ts_decoder_new() }).ok_or_else(out_of_memory)?;
            self.raw = Some(raw);
            raw
        };
        let mut found = ffi::RawHeader::default();
        let mut image =
            Image { raw, taken: 0, size: (0, 0), source: Source::Gray, frame: header.frame, decoder: self };
        // SAFETY: `raw` is a decoder that only `self` reaches, borrowed for as long as `image` lives; `data`
        // lives as long, and dropping `image` makes C forget it; `found` is written before the call returns.
        let code = unsafe {
            ffi::ts_decoder_open(
                raw.as_ptr(),
                data.as_ptr(),
                data.len(),
                c_int::from(fill),
                MAX_SCANS,
                &raw mut found,
            )
        };
        let frame = &header.frame;
        image.size = (u32::from(frame.height), u32::from(frame.width));
        image.check(code)?;
        // libjpeg may find another frame than Pillow's parser did; then they disagree about the picture.
        if (found.height, found.width) != image.size || found.components != i32::from(frame.count) {
            return Err(Error::image(ImageFault::Corrupt("the headers contradict each other".to_owned())));
        }
        image.source = match found.colour {
            ffi::IN_GRAY => Source::Gray,
            ffi::IN_RGB => Source::Rgb,
            ffi::IN_YCBCR => Source::YCbCr,
            ffi::IN_CMYK => Source::Cmyk,
            ffi::IN_YCCK => Source::Ycck,
            _ => return Err(Error::image(ImageFault::Unsupported("unknown colour space".to_owned()))),
        };
        Ok(image)
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        if let Some(raw) = self.raw {
            // SAFETY: made by `ts_decoder_new`, freed once, and no `Image` borrows it any more.
            unsafe { ffi::ts_decoder_free(raw.as_ptr()) }
        }
    }
}

/// An image being decoded. Dropping it, at whatever point, leaves the decoder ready for the next.
#[derive(Debug)]
pub struct Image<'a> {
    raw: NonNull<ffi::RawDecoder>,
    taken: u32,
    /// Height and width that rows come in.
    size: (u32, u32),
    source: Source,
    frame: Frame,
    #[allow(dead_code)] // holds the borrow
    decoder: &'a mut Decoder,
}

impl Image<'_> {
    /// The colours the file holds.
    pub fn source(&self) -> Source {
        self.source
    }

    /// Gets ready to give rows in those colours, at 1/`reduce` of the size; returns (height, width).
    ///
    /// # Errors
    /// [`ImageFault::Unsupported`] if there is no way from the file's colours to those; `Corrupt`, `Truncated`.
    pub fn start(&mut self, target: Target, reduce: u8) -> Result<(u32, u32)> {
        let possible = match target {
            Target::Gray => matches!(self.source, Source::Gray | Source::YCbCr),
            Target::Rgb | Target::Rgbx => !matches!(self.source, Source::Cmyk | Source::Ycck),
            Target::Cmyk => matches!(self.source, Source::Cmyk | Source::Ycck),
        };
        if !possible {
            let words = format!("{} as {target:?}", self.source.name());
            return Err(Error::image(ImageFault::Unsupported(words)));
        }
        let (mut width, mut height) = (0, 0);
        // SAFETY: `open` succeeded on this decoder, whose data is still borrowed.
        let code = unsafe {
            ffi::ts_decoder_start(
                self.raw.as_ptr(),
                target.raw(),
                u32::from(reduce),
                &raw mut width,
                &raw mut height,
            )
        };
        self.check(code)?;
        self.size = (height, width);
        Ok(self.size)
    }

    /// Decodes the next `count` rows into `out`, `stride` bytes apart.
    ///
    /// # Errors
    /// [`ImageFault::Corrupt`] or `Truncated`; `Invalid` if `out` is too small for them.
    pub fn rows(&mut self, target: Target, out: &mut [u8], stride: usize, count: u32) -> Result<()> {
        let (height, width) = self.size;
        let row = width as usize * target.channels();
        let needed = (count as usize).saturating_sub(1).checked_mul(stride).and_then(|n| n.checked_add(row));
        let fits = needed.is_some_and(|needed| needed <= out.len());
        if count == 0 || row > stride || !fits || count > height - self.taken {
            return Err(Error::invalid("the rows do not fit the buffer"));
        }
        let mut done = 0;
        // SAFETY: `out` holds `count` rows of `row` bytes, `stride` apart, as checked; C writes no more.
        let code = unsafe {
            ffi::ts_decoder_rows(self.raw.as_ptr(), out.as_mut_ptr(), stride, count, &raw mut done)
        };
        self.taken += done;
        self.check(code)?;
        if done == count { Ok(()) } else { Err(self.truncated()) }
    }

    /// Instead of `start` and `rows`: decodes a `YCbCr` image whose chroma has a [ratio](super::markers::Frame::chroma_ratio)
    /// into its three planes.
    ///
    /// # Errors
    /// [`ImageFault::Corrupt`] or `Truncated`; `Unsupported` for other images.
    pub fn planes(&mut self, planes: &mut Planes) -> Result<()> {
        let Some(sizes) = Planes::sizes(&self.frame).filter(|_| self.source == Source::YCbCr) else {
            return Err(Error::image(ImageFault::Unsupported(format!("planes of {}", self.source.name()))));
        };
        planes.of(sizes);
        let (mut places, strides) = planes.places();
        let room = places.each_ref().map(|place| place.len());
        let places = places.each_mut().map(|place| place.as_mut_ptr());
        // SAFETY: `open` succeeded on this decoder, whose data is still borrowed; C writes blocks only if each plane
        // has room for all of them.
        let code = unsafe {
            ffi::ts_decoder_planes(
                self.raw.as_ptr(),
                places.as_ptr(),
                strides.as_ptr(),
                room.as_ptr(),
                &raw mut self.taken,
            )
        };
        self.check(code)
    }

    /// Reads on to the end, once all rows were taken.
    ///
    /// # Errors
    /// [`ImageFault::Corrupt`] where Pillow refuses the image for what follows its last row.
    pub fn finish(self) -> Result<Outcome> {
        // SAFETY: as in `start`.
        let code = unsafe { ffi::ts_decoder_finish(self.raw.as_ptr()) };
        self.check(code)?;
        Ok(self.outcome())
    }

    /// What was noticed so far; for an image of which no more rows are wanted.
    pub fn outcome(&self) -> Outcome {
        let notes = self.notes();
        Outcome {
            warnings: (notes.warnings > 0).then(|| (words(&notes.warning), notes.warnings)),
            truncated_at: (notes.ended != 0).then_some(notes.ended_at),
        }
    }

    fn notes(&self) -> &ffi::Notes {
        // SAFETY: points into the decoder, which lives as long as `self` and is changed by `&mut self` only.
        unsafe { &*ffi::ts_decoder_notes(self.raw.as_ptr()) }
    }

    fn truncated(&self) -> Error {
        Error::image(ImageFault::Truncated { rows: self.taken, height: self.size.0 })
    }

    fn check(&self, code: c_int) -> Result<()> {
        match code {
            ffi::DONE => Ok(()),
            ffi::ENDED => Err(self.truncated()),
            _ => Err(Error::image(ImageFault::Corrupt(words(&self.notes().failure)))),
        }
    }
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        // SAFETY: a live decoder; closing is allowed in any state, and lets go of the borrowed data.
        unsafe { ffi::ts_decoder_close(self.raw.as_ptr()) }
    }
}

/// Reads a text that C ended with a zero byte.
pub(super) fn words(text: &[c_char]) -> String {
    let bytes: Vec<u8> = text.iter().map(|&c| c as u8).take_while(|&c| c != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(super) fn out_of_memory() -> Error {
    Error::new(crate::error::Kind::Internal("out of memory".to_owned()))
}
