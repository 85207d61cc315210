//! An image being decoded, by the fast path as far as that goes, else by libjpeg-turbo.

use std::{
    mem,
    sync::atomic::{AtomicU64, Ordering},
};

use super::{
    decode::{Decoder, Outcome, Source, Target},
    fast::{Extent, Fast, Output, Wanted},
    libjpeg::{Session, fit},
    markers::{Frame, Header},
};
use crate::{
    error::{Error, Kind, Result},
    fault::ImageFault,
    image::Crop,
};

mod planes;

static FAST: AtomicU64 = AtomicU64::new(0);
static LIBJPEG: AtomicU64 = AtomicU64::new(0);

/// Images decoded by the fast path.
pub(super) fn fast_images() -> u64 {
    FAST.load(Ordering::Relaxed)
}

/// Images decoded by libjpeg-turbo.
pub(super) fn libjpeg_images() -> u64 {
    LIBJPEG.load(Ordering::Relaxed)
}

/// An image being decoded. Dropping it, at whatever point, leaves the decoder ready for the next.
#[derive(Debug)]
pub struct Image<'a> {
    way: Way<'a>,
    data: &'a [u8],
    frame: Frame,
    fill: bool,
    /// Half the size is to be made of the low frequencies, which libjpeg-turbo cannot.
    low: bool,
    started: Option<(Target, u8)>,
    /// Planes are taken, not rows of pixels.
    planes: bool,
    /// Height and width of the whole image at its scale.
    size: (u32, u32),
    /// The part of it that rows are given of, and how many were taken.
    window: Crop,
    taken: u32,
    source: Source,
    /// The file that will be decoded next, in the same way, and what is kept of its samples if pixels are wanted.
    pub(super) next: Option<(&'a [u8], Extent)>,
}

#[derive(Debug)]
enum Way<'a> {
    Fast(&'a mut Decoder),
    Libjpeg(Session<'a>),
    /// libjpeg refused what the fast path had begun.
    Over,
}

impl<'a> Image<'a> {
    pub(super) fn open(
        decoder: &'a mut Decoder,
        data: &'a [u8],
        header: &Header<'_>,
        fill: bool,
    ) -> Result<Self> {
        let frame = header.frame;
        let size = (u32::from(frame.height), u32::from(frame.width));
        let fast = if decoder.is_fast { Fast::source(data, &frame) } else { None };
        let (way, source) = if let Some(source) = fast {
            (Way::Fast(decoder), source)
        } else {
            let session = decoder.libjpeg.open(data, &frame, fill)?;
            let source = session.source();
            (Way::Libjpeg(session), source)
        };
        let window = whole(size);
        let (started, planes, low, taken, next) = (None, false, false, 0, None);
        Ok(Self { way, data, frame, fill, low, started, planes, size, window, taken, source, next })
    }

    pub(super) fn open_low(decoder: &'a mut Decoder, data: &'a [u8], header: &Header<'_>) -> Result<Self> {
        let frame = header.frame;
        let size = (u32::from(frame.height), u32::from(frame.width));
        let (way, source) = match Fast::source(data, &frame) {
            Some(source) => (Way::Fast(decoder), source),
            None => return Err(no_low_image(decoder, data, &frame)),
        };
        let (window, fill) = (whole(size), false);
        let (started, planes, low, taken, next) = (None, false, true, 0, None);
        Ok(Self { way, data, frame, fill, low, started, planes, size, window, taken, source, next })
    }

    /// The colours the file holds.
    pub fn source(&self) -> Source {
        self.source
    }

    /// Gets ready to give rows in those colours, at 1/`reduce` of the size; returns (height, width).
    ///
    /// # Errors
    /// [`ImageFault::Unsupported`] if there is no way from the file's colours to those; `Corrupt`, `Truncated`.
    pub fn start(&mut self, target: Target, reduce: u8) -> Result<(u32, u32)> {
        self.start_window(target, reduce, None)
    }

    /// As [`Image::start`], of whose image only the rows and columns in `window` are given: what lies outside costs
    /// little more than the reading of its bits, and below not even that. Still returns the whole image's (height, width).
    ///
    /// # Errors
    /// Those of `start`; `Invalid` if the window is empty or reaches beyond the image.
    pub fn start_window(&mut self, target: Target, reduce: u8, window: Option<Crop>) -> Result<(u32, u32)> {
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
            Way::Fast(Decoder { fast, .. }) => {
                fast.start(data, &frame, Wanted::Pixels(target, reduce), self.low)
            }
            _ => None,
        };
        self.size = match fast {
            Some(size) => size,
            None => self.libjpeg()?.start(target, reduce)?,
        };
        self.window = window.unwrap_or(whole(self.size));
        if !lies_in(self.window, self.size) {
            return Err(Error::invalid("the window does not lie in the image"));
        }
        if let Way::Fast(Decoder { fast, .. }) = &mut self.way {
            fast.narrow(self.window);
            if let Some((next, extent)) = self.next.filter(|_| self.window == whole(self.size)) {
                fast.join(next, extent, Wanted::Pixels(target, reduce));
            }
        }
        self.started = Some((target, reduce));
        Ok(self.size)
    }

    /// How many rows were handed on already while the image was read beside another one. They are not given again.
    pub(crate) fn handed_on(&mut self) -> u32 {
        let Way::Fast(Decoder { fast, .. }) = &mut self.way else { return 0 };
        self.taken = fast.handed_on() as u32;
        self.taken
    }

    /// Decodes the next `count` rows, or the window's part of them, into `out`, `stride` bytes apart.
    ///
    /// # Errors
    /// [`ImageFault::Corrupt`] or `Truncated`; `Invalid` if `out` is too small for them.
    pub fn rows(&mut self, target: Target, out: &mut [u8], stride: usize, count: u32) -> Result<()> {
        self.rows_beside(target, out, stride, count, None)
    }

    /// The same; rows of the image that is read beside go to its `output`.
    pub(crate) fn rows_beside(
        &mut self,
        target: Target,
        out: &mut [u8],
        stride: usize,
        count: u32,
        output: Option<Output<'_>>,
    ) -> Result<()> {
        let Crop { x, height, width, .. } = self.window;
        let fits = fit(out.len(), width * target.channels(), stride, count);
        let Some((started, _)) = self.started.filter(|_| fits && (self.taken + count) as usize <= height)
        else {
            return Err(Error::invalid("the rows do not fit the buffer"));
        };
        if started != target {
            return Err(Error::invalid("the rows were started in other colours"));
        }
        let mut done = 0;
        if let Way::Fast(Decoder { fast, .. }) = &mut self.way {
            let all;
            (done, all) = fast.rows(out, stride, count, output);
            self.taken += done;
            if all.is_some() {
                return Ok(());
            }
        }
        let rest = out.get_mut(done as usize * stride..).unwrap_or_default();
        let above = self.window.y as u32 + self.taken;
        let session = self.libjpeg()?;
        session.skip(target, above)?;
        session.rows(target, rest, stride, count - done, x..x + width)?;
        self.taken += count - done;
        Ok(())
    }

    /// Reads on to the end, once all rows were taken; not beyond a window's last row.
    ///
    /// # Errors
    /// [`ImageFault::Corrupt`] where Pillow refuses the image for what follows its last row.
    pub fn finish(mut self) -> Result<Outcome> {
        if matches!(self.way, Way::Fast(_)) && self.taken as usize == self.window.height {
            return Ok(Outcome::default());
        }
        if self.window.y + self.window.height < self.size.0 as usize {
            return Ok(self.outcome());
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

    /// The image in libjpeg's hands.
    fn libjpeg(&mut self) -> Result<&mut Session<'a>> {
        if matches!(self.way, Way::Fast(_))
            && let Way::Fast(decoder) = mem::replace(&mut self.way, Way::Over)
        {
            if self.low {
                return Err(no_low_image(decoder, self.data, &self.frame));
            }
            let mut session = decoder.libjpeg.open(self.data, &self.frame, self.fill)?;
            if let Some((target, reduce)) = self.started {
                session.start(target, reduce)?;
            }
            self.way = Way::Libjpeg(session);
        }
        if let Way::Libjpeg(session) = &mut self.way { Ok(session) } else { Err(over()) }
    }
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        let begun = self.planes || self.started.is_some();
        match self.way {
            Way::Fast(_) if begun => FAST.fetch_add(1, Ordering::Relaxed),
            Way::Libjpeg(_) if begun => LIBJPEG.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
    }
}

fn over() -> Error {
    Error::new(Kind::Internal("an image that failed was asked for more".to_owned()))
}

/// Why there is no image of low frequencies: what libjpeg has to say of the whole image, else that it is of another kind.
fn no_low_image(decoder: &mut Decoder, data: &[u8], frame: &Frame) -> Error {
    let decode = |session: &mut Session<'_>| {
        let target = match session.source() {
            Source::Cmyk | Source::Ycck => Target::Cmyk,
            Source::Gray => Target::Gray,
            Source::Rgb | Source::YCbCr => Target::Rgb,
        };
        let (height, _) = session.start(target, 1)?;
        session.skip(target, height)
    };
    let session = decoder.libjpeg.open(data, frame, false);
    if let Err(error) = session.and_then(|mut session| decode(&mut session).and_then(|()| session.finish())) {
        return error;
    }
    let words = "resample \"dct\" of other than undamaged baseline JPEGs, grey, 4:4:4 or 4:2:0".to_owned();
    Error::image(ImageFault::Unsupported(words))
}

fn whole((height, width): (u32, u32)) -> Crop {
    Crop { y: 0, x: 0, height: height as usize, width: width as usize }
}

fn lies_in(window: Crop, (height, width): (u32, u32)) -> bool {
    let ends = |start: usize, length: usize, end: u32| {
        length > 0 && start.checked_add(length).is_some_and(|last| last <= end as usize)
    };
    ends(window.y, window.height, height) && ends(window.x, window.width, width)
}
