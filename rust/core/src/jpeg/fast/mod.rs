//! The fast path: baseline JPEGs of the usual kinds, faster than libjpeg-turbo and with the same pixels.
//!
//! `scan` reads the headers, `unstuff` makes the scan one piece of bits, `entropy` reads them by the `tables`,
//! `idct` makes samples of coefficients, `low` of low
//! frequencies alone, `plane` keeps a row of MCUs of them, `colour` makes pixels of rows. A `picture` is an image on that way; `pair`
//! reads two of them together, by `steps`.
//!
//! It knows no errors and no warnings. Whatever is not plainly right makes it give up, at whatever row; libjpeg
//! then decodes the image once more, so that results, errors and warnings are always libjpeg's. Rows handed
//! out before are the same: they come from bits that were right so far.

mod colour;
#[cfg(target_arch = "x86_64")]
mod colour_avx2;
#[cfg(target_arch = "x86_64")]
mod colour_avx512;
mod entropy;
mod idct;
mod low;
mod order;
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
pub(crate) use picture::Output;
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
    started: (Target, u8),
}

impl Beside {
    fn new(data: &[u8], target: Target, reduce: u8) -> Self {
        Self { address: data.as_ptr().addr(), length: data.len(), started: (target, reduce) }
    }
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
        target: Target,
        reduce: u8,
        low: bool,
    ) -> Option<(u32, u32)> {
        let asked = Beside::new(data, target, reduce);
        if self.beside.take() == Some(asked) && !low {
            self.now ^= 1;
            let (picture, other, _) = self.both();
            other.stay_alone();
            return Some(picture.size());
        }
        let isa = self.isa;
        let (picture, other, cache) = self.both();
        other.stay_alone();
        let begin = Begin { isa, target, reduce, low, extent: Extent::Row };
        begin.begin(picture, (cache, [usize::MAX; 3]), &Scan::read(data, frame)?)
    }

    /// Starts to read another file in the same way as the one that was started, and beside it. Until it is started itself, or
    /// forgotten, the file must stay as it is. Unless all its samples are kept, `rows` must have an output for it.
    pub(super) fn join(&mut self, next: &[u8], extent: Extent, target: Target, reduce: u8) {
        if self.isa >= Isa::Avx512 && self.begin_beside(next, extent, target, reduce).is_some() {
            self.beside = Some(Beside::new(next, target, reduce));
        }
    }

    fn begin_beside(&mut self, data: &[u8], extent: Extent, target: Target, reduce: u8) -> Option<()> {
        let isa = self.isa;
        let (first, second, cache) = self.both();
        if first.can_join() {
            let header = Header::parse(data).ok()?;
            let begin = Begin { isa, target, reduce, low: false, extent };
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

    /// Gets ready to give the rows of the planes.
    pub(super) fn start_planes(&mut self, data: &[u8], frame: &Frame) -> Option<()> {
        let scan = Scan::read(data, frame)?;
        let scale = Scale { sides: [8, 8], upsampling: Upsampling::None };
        let isa = self.isa;
        let (picture, other, cache) = self.both();
        other.stay_alone();
        let has_chroma = scan.sampling != Sampling::Gray;
        picture.begin(isa, (cache, [usize::MAX; 3]), &scan, scale, has_chroma, Extent::Row)
    }

    /// Of what was started, only the rows and columns in `window` are wanted, which lies in the image.
    pub(super) fn narrow(&mut self, window: Crop) {
        self.both().0.narrow(window);
    }

    /// Hands on the rows of the planes, each with its plane's number and as the beginning of a longer slice. `None` if
    /// it could not give all of them.
    pub(super) fn plane_rows(&mut self, take: impl FnMut(usize, &[u8])) -> Option<()> {
        let isa = self.isa;
        let (picture, _, cache) = self.both();
        picture.plane_rows(isa, cache, take)
    }

    /// Writes the next `count` rows to `out`, which holds them; says how many it could. Those of the image that is read beside go to
    /// its `output`.
    pub(super) fn rows(
        &mut self,
        out: &mut [u8],
        stride: usize,
        count: u32,
        output: Option<Output<'_>>,
    ) -> (u32, Option<()>) {
        let isa = self.isa;
        let (picture, other, cache) = self.both();
        picture.rows(isa, cache, (other, output), (out, stride), count)
    }
}

/// How an image is started.
struct Begin {
    isa: Isa,
    target: Target,
    reduce: u8,
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
        let &Self { isa, target, reduce, low, extent } = self;
        let has_chroma = match (target, scan.sampling) {
            (Target::Gray, _) => false,
            (Target::Rgb, Sampling::S444 | Sampling::S422 | Sampling::S420) => true,
            _ => return None,
        };
        // Grey is never enlarged, so there any chroma will do.
        let scale = Scale::new(scan.sampling, reduce, if has_chroma { scan.width } else { usize::MAX >> 8 });
        let scale = scale.or_else(|| (!has_chroma).then(|| Scale::new(Sampling::Gray, reduce, 1))?)?;
        // Chroma of other files would take other transforms.
        if low && (reduce != 2 || has_chroma && scale.upsampling != Upsampling::None) {
            return None;
        }
        picture.begin(isa, tables, scan, scale, has_chroma, extent)?;
        picture.state.blocks.low = low;
        Some(picture.size())
    }
}
