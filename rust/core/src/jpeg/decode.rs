//! Decoding: a worker's [`Decoder`] opens one image at a time and hands out its rows.
//!
//! There are two ways, which give the same rows: the fast path for what it plainly understands, and
//! libjpeg-turbo for everything else. An image that turns out to be something else is decoded once more by
//! libjpeg, up to where it was, and on.

use std::{
    mem,
    sync::atomic::{AtomicU64, Ordering},
};

use super::{
    Planes,
    fast::Fast,
    libjpeg::{Libjpeg, Session, fit},
    markers::{Frame, Header},
};
use crate::{
    error::{Error, Kind, Result},
    fault::ImageFault,
    isa::Isa,
};

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

static FAST: AtomicU64 = AtomicU64::new(0);
static LIBJPEG: AtomicU64 = AtomicU64::new(0);

/// How many images this process has decoded by the fast path, and how many by libjpeg-turbo; images of which
/// only some rows were taken count.
pub fn decode_counts() -> (u64, u64) {
    (FAST.load(Ordering::Relaxed), LIBJPEG.load(Ordering::Relaxed))
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
    libjpeg: Libjpeg,
    fast: Option<Box<Fast>>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::with_isa(Isa::current())
    }
}

impl Decoder {
    /// With kernels of that level, which the CPU must have; at the portable level libjpeg-turbo decodes all.
    pub fn with_isa(isa: Isa) -> Self {
        let fast = Fast::new(isa.min(Isa::detected())).map(Box::new);
        Self { libjpeg: Libjpeg::default(), fast }
    }

    /// Opens an image whose `header` was read from the same `data`. With `fill`, truncated data are
    /// completed with what libjpeg makes of nothing (grey) instead of being an error.
    ///
    /// # Errors
    /// [`ImageFault::Corrupt`] or `Truncated`.
    pub fn open<'a>(&'a mut self, data: &'a [u8], header: &Header<'_>, fill: bool) -> Result<Image<'a>> {
        let frame = header.frame;
        let size = (u32::from(frame.height), u32::from(frame.width));
        let fast = self.fast.as_ref().and_then(|_| Fast::source(data, &frame));
        let (way, source) = if let Some(source) = fast {
            (Way::Fast(self), source)
        } else {
            let session = self.libjpeg.open(data, &frame, fill)?;
            let source = session.source();
            (Way::Libjpeg(session), source)
        };
        Ok(Image { way, data, frame, fill, started: None, taken: 0, size, source })
    }
}

/// An image being decoded. Dropping it, at whatever point, leaves the decoder ready for the next.
#[derive(Debug)]
pub struct Image<'a> {
    way: Way<'a>,
    data: &'a [u8],
    frame: Frame,
    fill: bool,
    started: Option<(Target, u8)>,
    taken: u32,
    /// Height and width that rows come in.
    size: (u32, u32),
    source: Source,
}

#[derive(Debug)]
enum Way<'a> {
    Fast(&'a mut Decoder),
    Libjpeg(Session<'a>),
    /// libjpeg refused what the fast path had begun.
    Over,
}

impl<'a> Image<'a> {
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
        let (data, frame) = (self.data, self.frame);
        let fast = match &mut self.way {
            Way::Fast(Decoder { fast: Some(fast), .. }) => fast.start(data, &frame, target, reduce),
            _ => None,
        };
        self.size = match fast {
            Some(size) => size,
            None => self.libjpeg()?.start(target, reduce)?,
        };
        self.started = Some((target, reduce));
        Ok(self.size)
    }

    /// Decodes the next `count` rows into `out`, `stride` bytes apart.
    ///
    /// # Errors
    /// [`ImageFault::Corrupt`] or `Truncated`; `Invalid` if `out` is too small for them.
    pub fn rows(&mut self, target: Target, out: &mut [u8], stride: usize, count: u32) -> Result<()> {
        let (height, width) = self.size;
        let fits = fit(out.len(), width as usize * target.channels(), stride, count);
        let Some((started, _)) = self.started.filter(|_| fits && count <= height - self.taken) else {
            return Err(Error::invalid("the rows do not fit the buffer"));
        };
        if started != target {
            return Err(Error::invalid("the rows were started in other colours"));
        }
        let mut done = 0;
        if let Way::Fast(Decoder { fast: Some(fast), .. }) = &mut self.way {
            let all;
            (done, all) = fast.rows(out, stride, count);
            self.taken += done;
            if all.is_some() {
                return Ok(());
            }
        }
        let rest = out.get_mut(done as usize * stride..).unwrap_or_default();
        self.libjpeg()?.rows(target, rest, stride, count - done)?;
        self.taken += count - done;
        Ok(())
    }

    /// Instead of `start` and `rows`: decodes a `YCbCr` image whose chroma has a [ratio](super::markers::Frame::chroma_ratio)
    /// into its three planes.
    ///
    /// # Errors
    /// [`ImageFault::Corrupt`] or `Truncated`; `Unsupported` for other images.
    pub fn planes(&mut self, planes: &mut Planes) -> Result<()> {
        self.libjpeg()?.planes(planes)
    }

    /// Reads on to the end, once all rows were taken.
    ///
    /// # Errors
    /// [`ImageFault::Corrupt`] where Pillow refuses the image for what follows its last row.
    pub fn finish(mut self) -> Result<Outcome> {
        if matches!(self.way, Way::Fast(_)) && self.taken == self.size.0 {
            return Ok(Outcome::default());
        }
        self.libjpeg()?;
        match mem::replace(&mut self.way, Way::Over) {
            Way::Libjpeg(session) => {
                LIBJPEG.fetch_add(1, Ordering::Relaxed);
                session.finish()
            }
            _ => Err(over()),
        }
    }

    /// What was noticed so far; for an image of which no more rows are wanted.
    pub fn outcome(&self) -> Outcome {
        // What the fast path does not give up has nothing to be noticed.
        if let Way::Libjpeg(session) = &self.way { session.outcome() } else { Outcome::default() }
    }

    /// The image in libjpeg's hands, at the row it has come to.
    fn libjpeg(&mut self) -> Result<&mut Session<'a>> {
        if matches!(self.way, Way::Fast(_))
            && let Way::Fast(decoder) = mem::replace(&mut self.way, Way::Over)
        {
            let mut session = decoder.libjpeg.open(self.data, &self.frame, self.fill)?;
            if let Some((target, reduce)) = self.started {
                let (_, width) = session.start(target, reduce)?;
                let mut row = vec![0; width as usize * target.channels()];
                for _ in 0..self.taken {
                    let stride = row.len();
                    session.rows(target, &mut row, stride, 1)?;
                }
            }
            self.way = Way::Libjpeg(session);
        }
        if let Way::Libjpeg(session) = &mut self.way { Ok(session) } else { Err(over()) }
    }
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        match self.way {
            Way::Fast(_) if self.started.is_some() => FAST.fetch_add(1, Ordering::Relaxed),
            Way::Libjpeg(_) if self.started.is_some() => LIBJPEG.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
    }
}

fn over() -> Error {
    Error::new(Kind::Internal("an image that failed was asked for more".to_owned()))
}
