//! The fast path: baseline JPEGs of the usual kinds, faster than libjpeg-turbo and with the same pixels.
//!
//! `scan` reads the headers, `unstuff` makes the scan one piece of bits, `entropy` reads them by the `tables`,
//! `idct` makes samples of coefficients, `low` of low
//! frequencies alone, `plane` keeps a row of MCUs of them, `colour` makes pixels of rows. A `picture` is an image on that way; `pair`
//! reads two of them together, by `steps`, and an `output` takes the second one's rows as they come.
//!
//! It knows no errors and no warnings. Whatever is not plainly right makes it give up, at whatever row; libjpeg
//! then decodes the image once more, so that results, errors and warnings are always libjpeg's. Rows handed
//! out before are the same: they come from bits that were right so far.

mod bits;
mod colour;
#[cfg(target_arch = "x86_64")]
mod colour_avx2;
#[cfg(target_arch = "x86_64")]
mod colour_avx512;
mod entropy;
mod idct;
mod low;
mod order;
mod output;
#[cfg(target_arch = "x86_64")]
mod pair;
mod picture;
mod plane;
mod reconstruct;
mod scan;
mod steps;
mod tables;
mod unstuff;

use colour::Upsampling;
pub(crate) use output::Output;
use picture::Picture;
pub(crate) use plane::Extent;
use plane::Scale;
use scan::{Sampling, Scan};

use super::{
    decode::{Source, Target},
    markers::{Frame, Header},
};
use crate::{image::Crop, isa::Isa};

/// The fast path's memory and the images it is at; one a worker.
#[derive(Debug)]
pub(super) struct Fast {
    isa: Isa,
    cache: tables::Cache,
    /// The image that rows are taken of, and one that is read beside it; which is the first changes.
    pictures: [Picture; 2],
    now: usize,
    beside: Option<Beside>,
}

/// An image read beside another one: where the file lies, and how it was started.
#[derive(Debug, PartialEq, Eq)]
struct Beside {
    address: usize,
    length: usize,
    wanted: Wanted,
}

impl Beside {
    fn new(data: &[u8], wanted: Wanted) -> Self {
        Self { address: data.as_ptr().addr(), length: data.len(), wanted }
    }
}

/// What is made of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Rows of pixels, at 1/n of the size.
    Pixels(Target, u8),
    /// Rows of the planes as they are stored.
    Planes,
}

impl Fast {
    /// At that level. The portable one is slower than libjpeg-turbo.
    pub(super) fn new(isa: Isa) -> Self {
        Self { isa, cache: tables::Cache::default(), pictures: Default::default(), now: 0, beside: None }
    }

    /// The image that rows are taken of, and the other one.
    fn both(&mut self) -> (&mut Picture, &mut Picture, &mut tables::Cache) {
        let [a, b] = &mut self.pictures;
        if self.now == 0 { (a, b, &mut self.cache) } else { (b, a, &mut self.cache) }
    }

    /// The colours of a file this path may decode.
    pub(super) fn source(data: &[u8], frame: &Frame) -> Option<Source> {
        let scan = Scan::read(data, frame)?;
        Some(if scan.sampling == Sampling::Gray { Source::Gray } else { Source::YCbCr })
    }

    /// Forgets what was read beside another image.
    pub(super) fn forget(&mut self) {
        self.beside = None;
    }

    /// Gets ready to give rows; (height, width) of them. With `low` half the size is made of low frequencies.
    pub(super) fn start(
        &mut self,
        data: &[u8],
        frame: &Frame,
        wanted: Wanted,
        low: bool,
    ) -> Option<(u32, u32)> {
        if self.beside.take() == Some(Beside::new(data, wanted)) && !low {
            self.now ^= 1;
            let (picture, other, _) = self.both();
            other.stay_alone();
            return Some(picture.size());
        }
        let isa = self.isa;
        let (picture, other, cache) = self.both();
        other.stay_alone();
        let begin = Begin { isa, wanted, low, extent: Extent::Row };
        begin.begin(picture, (cache, [usize::MAX; 3]), &Scan::read(data, frame)?)
    }

    /// Starts to read another file in the same way as the one that was started, and beside it. Until it is started itself, or
    /// forgotten, the file must stay as it is. Unless all its samples are kept, there must be an output for its rows.
    pub(super) fn join(&mut self, next: &[u8], extent: Extent, wanted: Wanted) {
        if self.isa >= Isa::Avx512 && self.begin_beside(next, extent, wanted).is_some() {
            self.beside = Some(Beside::new(next, wanted));
        }
    }

    fn begin_beside(&mut self, data: &[u8], extent: Extent, wanted: Wanted) -> Option<()> {
        let isa = self.isa;
        let (first, second, cache) = self.both();
        if first.can_join() {
            let header = Header::parse(data).ok()?;
            let begin = Begin { isa, wanted, low: false, extent };
            begin.begin(second, (cache, first.state.codes), &Scan::read(data, &header.frame)?)?;
            if second.can_join() {
                #[cfg(target_arch = "x86_64")]
                for picture in [first, second] {
                    picture.lane.open();
                }
                return Some(());
            }
        }
        None
    }

    /// How many rows of what was started, of MCUs where planes are wanted, were handed on while it was read beside another image. They
    /// will not be given again.
    pub(super) fn handed_on(&mut self) -> usize {
        self.both().0.handed_on()
    }

    /// Of what was started, only the rows and columns in `window` are wanted, which lies in the image.
    pub(super) fn narrow(&mut self, window: Crop) {
        self.both().0.narrow(window);
    }

    /// Hands on the rows of the planes, each with its plane's number and as the beginning of a longer slice. `None` if
    /// it could not give all of them. Those of the image that is read beside go to its `output`.
    pub(super) fn plane_rows(
        &mut self,
        mut output: Option<Output<'_>>,
        take: impl FnMut(usize, &[u8]),
    ) -> Option<()> {
        let isa = self.isa;
        let (picture, other, cache) = self.both();
        picture.plane_rows(isa, cache, (other, output.as_mut().map(Output::again)), take)
    }

    /// Writes the next `count` rows to `out`, which holds them; says how many it could. Those of the image that is read beside go to
    /// its `output`.
    pub(super) fn rows(
        &mut self,
        out: &mut [u8],
        stride: usize,
        count: u32,
        mut output: Option<Output<'_>>,
    ) -> (u32, Option<()>) {
        let isa = self.isa;
        let (picture, other, cache) = self.both();
        picture.rows(isa, cache, (other, output.as_mut().map(Output::again)), (out, stride), count)
    }
}

/// How an image is started.
struct Begin {
    isa: Isa,
    wanted: Wanted,
    low: bool,
    extent: Extent,
}

impl Begin {
    fn begin(
        &self,
        picture: &mut Picture,
        tables: (&mut tables::Cache, [usize; 3]),
        scan: &Scan<'_>,
    ) -> Option<(u32, u32)> {
        let &Self { isa, wanted, low, extent } = self;
        let (has_chroma, scale) = match wanted {
            Wanted::Pixels(target, reduce) => pixels(scan, target, reduce)?,
            Wanted::Planes => {
                (scan.sampling != Sampling::Gray, Scale { sides: [8, 8], upsampling: Upsampling::None })
            }
        };
        // Chroma of other files would take other transforms.
        let can_be_low =
            matches!(wanted, Wanted::Pixels(_, 2)) && (!has_chroma || scale.upsampling == Upsampling::None);
        if low && !can_be_low {
            return None;
        }
        picture.begin(isa, tables, scan, scale, has_chroma, extent)?;
        picture.state.blocks.low = low;
        Some(picture.size())
    }
}

/// Whether chroma is needed for pixels in those colours, and the scale at which the samples are made.
fn pixels(scan: &Scan<'_>, target: Target, reduce: u8) -> Option<(bool, Scale)> {
    let has_chroma = match (target, scan.sampling) {
        (Target::Gray, _) => false,
        (Target::Rgb, Sampling::S444 | Sampling::S422 | Sampling::S420) => true,
        _ => return None,
    };
    // Grey is never enlarged, so there any chroma will do.
    let scale = Scale::new(scan.sampling, reduce, if has_chroma { scan.width } else { usize::MAX >> 8 });
    let scale = scale.or_else(|| (!has_chroma).then(|| Scale::new(Sampling::Gray, reduce, 1))?)?;
    Some((has_chroma, scale))
}
