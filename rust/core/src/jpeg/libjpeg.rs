//! libjpeg-turbo's decoder behind the shim: it reads every kind of JPEG, and says what is wrong with one.
#![allow(unsafe_code)]

use std::{
    ffi::{c_char, c_int},
    ops::Range,
    ptr::NonNull,
};

use super::{
    Planes,
    decode::{Outcome, Source, Target},
    ffi,
    markers::Frame,
};
use crate::{
    error::{Error, Result},
    fault::ImageFault,
};

/// More scans than any encoder writes; each costs a pass over the whole picture, so a small file of
/// thousands keeps a worker busy for hours.
const MAX_SCANS: u32 = 500;

impl Target {
    const fn raw(self) -> c_int {
        match self {
            Self::Gray => 0,
            Self::Rgb => 1,
            Self::Rgbx => 2,
            Self::Cmyk => 3,
        }
    }
}

/// A decoder of libjpeg's, made when it is first wanted.
#[derive(Debug, Default)]
pub(super) struct Libjpeg {
    raw: Option<NonNull<ffi::RawDecoder>>,
    /// A row of which not all is wanted.
    line: Vec<u8>,
}

// SAFETY: the C object is reached through this value alone and knows nothing of threads; libjpeg keeps no
// state outside it but a thread-local note of the CPU's features.
unsafe impl Send for Libjpeg {}

impl Libjpeg {
    /// Opens an image; `frame` is what Pillow's parser made of it.
    pub(super) fn open<'a>(&'a mut self, data: &'a [u8], frame: &Frame, fill: bool) -> Result<Session<'a>> {
        let raw = if let Some(raw) = self.raw {
            raw
        } else {
            // SAFETY: no argument; a null pointer is told apart below.
            let raw = NonNull::new(unsafe { ffi::ts_decoder_new() }).ok_or_else(out_of_memory)?;
            self.raw = Some(raw);
            raw
        };
        let mut found = ffi::RawHeader::default();
        let size = (u32::from(frame.height), u32::from(frame.width));
        let mut session = Session { raw, taken: 0, size, source: Source::Gray, frame: *frame, libjpeg: self };
        // SAFETY: `raw` is a decoder that only `self` reaches, borrowed for as long as `session` lives; `data`
        // lives as long, and dropping `session` makes C forget it; `found` is written before the call returns.
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
        session.check(code)?;
        // libjpeg may find another frame than Pillow's parser did; then they disagree about the picture.
        if (found.height, found.width) != size || found.components != i32::from(frame.count) {
            return Err(Error::image(ImageFault::Corrupt("the headers contradict each other".to_owned())));
        }
        session.source = match found.colour {
            ffi::IN_GRAY => Source::Gray,
            ffi::IN_RGB => Source::Rgb,
            ffi::IN_YCBCR => Source::YCbCr,
            ffi::IN_CMYK => Source::Cmyk,
            ffi::IN_YCCK => Source::Ycck,
            _ => return Err(Error::image(ImageFault::Unsupported("unknown colour space".to_owned()))),
        };
        Ok(session)
    }
}

impl Drop for Libjpeg {
    fn drop(&mut self) {
        if let Some(raw) = self.raw {
            // SAFETY: made by `ts_decoder_new`, freed once, and no `Session` borrows it any more.
            unsafe { ffi::ts_decoder_free(raw.as_ptr()) }
        }
    }
}

/// An image libjpeg is at. Dropping it, at whatever point, leaves the decoder ready for the next.
#[derive(Debug)]
pub(super) struct Session<'a> {
    raw: NonNull<ffi::RawDecoder>,
    taken: u32,
    /// Height and width that rows come in.
    size: (u32, u32),
    source: Source,
    frame: Frame,
    libjpeg: &'a mut Libjpeg,
}

impl Session<'_> {
    /// The colours the file holds.
    pub(super) fn source(&self) -> Source {
        self.source
    }

    /// Gets ready to give rows; (height, width) of them.
    pub(super) fn start(&mut self, target: Target, reduce: u8) -> Result<(u32, u32)> {
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

    /// Decodes the next `count` rows and writes their `columns` to `out`, `stride` bytes apart.
    pub(super) fn rows(
        &mut self,
        target: Target,
        out: &mut [u8],
        stride: usize,
        count: u32,
        columns: Range<usize>,
    ) -> Result<()> {
        let channels = target.channels();
        if columns == (0..self.size.1 as usize) {
            return self.whole_rows(target, out, stride, count);
        }
        let row = columns.len() * channels;
        if !fit(out.len(), row, stride, count) {
            return Err(Error::invalid("the rows do not fit the buffer"));
        }
        let wanted = columns.start * channels..columns.end * channels;
        self.by_line(target, count, |y, line| {
            if let (Some(place), Some(from)) =
                (out.get_mut(y * stride..y * stride + row), line.get(wanted.clone()))
            {
                place.copy_from_slice(from);
            }
        })
    }

    /// Decodes up to row `end`.
    pub(super) fn skip(&mut self, target: Target, end: u32) -> Result<()> {
        self.by_line(target, end.saturating_sub(self.taken), |_, _| ())
    }

    fn by_line(&mut self, target: Target, count: u32, mut take: impl FnMut(usize, &[u8])) -> Result<()> {
        let length = self.size.1 as usize * target.channels();
        let mut line = std::mem::take(&mut self.libjpeg.line);
        line.resize(length, 0);
        for y in 0..count as usize {
            self.whole_rows(target, &mut line, length, 1)?;
            take(y, &line);
        }
        self.libjpeg.line = line;
        Ok(())
    }

    fn whole_rows(&mut self, target: Target, out: &mut [u8], stride: usize, count: u32) -> Result<()> {
        let (height, width) = self.size;
        if !fit(out.len(), width as usize * target.channels(), stride, count) || count > height - self.taken {
            return Err(Error::invalid("the rows do not fit the buffer"));
        }
        let mut done = 0;
        // SAFETY: `out` holds `count` rows, `stride` apart, as checked; C writes no more.
        let code = unsafe {
            ffi::ts_decoder_rows(self.raw.as_ptr(), out.as_mut_ptr(), stride, count, &raw mut done)
        };
        self.taken += done;
        self.check(code)?;
        if done == count { Ok(()) } else { Err(self.truncated()) }
    }

    /// Instead of `start` and `rows`: the planes of a `YCbCr` image.
    pub(super) fn planes(&mut self, planes: &mut Planes) -> Result<()> {
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
    pub(super) fn finish(self) -> Result<Outcome> {
        // SAFETY: as in `start`.
        let code = unsafe { ffi::ts_decoder_finish(self.raw.as_ptr()) };
        self.check(code)?;
        Ok(self.outcome())
    }

    /// What was noticed so far.
    pub(super) fn outcome(&self) -> Outcome {
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

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // SAFETY: a live decoder; closing is allowed in any state, and lets go of the borrowed data.
        unsafe { ffi::ts_decoder_close(self.raw.as_ptr()) }
    }
}

/// Whether `count` rows of `row` bytes, `stride` bytes apart, fit `length` bytes; at least one.
pub(super) fn fit(length: usize, row: usize, stride: usize, count: u32) -> bool {
    let needed = (count as usize).saturating_sub(1).checked_mul(stride).and_then(|n| n.checked_add(row));
    count > 0 && row <= stride && needed.is_some_and(|needed| needed <= length)
}

/// Reads a text that C ended with a zero byte.
fn words(text: &[c_char]) -> String {
    let bytes: Vec<u8> = text.iter().map(|&c| c as u8).take_while(|&c| c != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(super) fn out_of_memory() -> Error {
    Error::new(crate::error::Kind::Internal("out of memory".to_owned()))
}
