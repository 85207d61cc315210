//! An image's planes as they are stored, instead of its pixels.

use super::{Decoder, Extent, Image, Way};
use crate::{
    error::{Error, Result},
    fault::ImageFault,
    image::Size,
    jpeg::{
        Planes,
        decode::Source,
        fast::{Output, Wanted},
    },
};

/// Rows of a block.
const BLOCK: usize = 8;

impl Image<'_> {
    /// Instead of `start` and `rows`: decodes a `YCbCr` image whose chroma has a [ratio](crate::jpeg::markers::Frame::chroma_ratio)
    /// and hands the rows of its planes on as they are made: the plane's number and the row, from top to bottom in
    /// each plane, in no order between them. A row is the beginning of a longer slice. `spare` is used where the
    /// planes only come as a whole.
    ///
    /// # Errors
    /// [`ImageFault::Corrupt`] or `Truncated`; `Unsupported` for other images.
    pub fn plane_rows(&mut self, spare: &mut Planes, take: impl FnMut(usize, &[u8])) -> Result<()> {
        self.start_planes()?;
        self.plane_rows_beside(spare, [0; 3], None, take)
    }

    /// Gets ready to hand on rows of planes; how many of each were handed on already while the image was read beside another one. They
    /// are not given again.
    ///
    /// # Errors
    /// [`ImageFault::Unsupported`] unless there are such planes.
    pub(crate) fn start_planes(&mut self) -> Result<[usize; 3]> {
        let sizes = self.plane_sizes()?;
        self.planes = true;
        let (data, frame) = (self.data, self.frame);
        let Way::Fast(Decoder { fast, .. }) = &mut self.way else { return Ok([0; 3]) };
        if fast.start(data, &frame, Wanted::Planes, false).is_none() {
            self.libjpeg()?;
            return Ok([0; 3]);
        }
        if let Some((next, _)) = self.next {
            fast.join(next, Extent::Row, Wanted::Planes);
        }
        let mcu_rows = fast.handed_on();
        let of_luma = frame.chroma_ratio().map_or(1, |(_, rows)| usize::from(rows));
        let of_mcu = [of_luma, 1, 1].map(|blocks| blocks * BLOCK);
        Ok([0, 1, 2].map(|plane| (mcu_rows * of_mcu[plane]).min(sizes[plane].height)))
    }

    /// As [`Image::plane_rows`] of an image that was started, from the rows on that `start_planes` has told. Those of the image that
    /// is read beside go to its `output`, without which it cannot be.
    pub(crate) fn plane_rows_beside(
        &mut self,
        spare: &mut Planes,
        mut taken: [usize; 3],
        output: Option<Output<'_>>,
        mut take: impl FnMut(usize, &[u8]),
    ) -> Result<()> {
        let sizes = self.plane_sizes()?;
        if let Way::Fast(Decoder { fast, .. }) = &mut self.way {
            let all = fast.plane_rows(output, |number, row| {
                taken[number] += 1;
                take(number, row);
            });
            if all.is_some() {
                self.taken = self.size.0;
                return Ok(());
            }
        }
        self.libjpeg()?.planes(spare)?;
        for (number, (size, taken)) in sizes.into_iter().zip(taken).enumerate() {
            (taken..size.height).for_each(|y| take(number, spare.row_from(number, y)));
        }
        Ok(())
    }

    /// As [`Image::plane_rows`], into `planes`.
    ///
    /// # Errors
    /// The same.
    pub fn planes(&mut self, planes: &mut Planes) -> Result<()> {
        let mut next = [0; 3];
        let mut spare = Planes::default();
        planes.of(Planes::sizes(&self.frame).unwrap_or_default());
        self.plane_rows(&mut spare, |number, row| {
            planes.put_row(number, next[number], row);
            next[number] += 1;
        })
    }

    fn plane_sizes(&self) -> Result<[Size; 3]> {
        Planes::sizes(&self.frame)
            .filter(|_| self.source == Source::YCbCr)
            .ok_or_else(|| Error::image(ImageFault::Unsupported(format!("planes of {}", self.source.name()))))
    }
}
