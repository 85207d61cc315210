//! The components of a `YCbCr` image as they are stored: luma, and chroma at its own size.

use super::{encode::Plane, markers::Frame};
use crate::image::{Size, View};

/// Samples a side of a block.
const BLOCK: usize = 8;

/// Memory for three planes, each of whole blocks; kept from one image to the next.
#[derive(Debug, Default)]
pub struct Planes {
    samples: [Vec<u8>; 3],
    sizes: [Size; 3],
    strides: [usize; 3],
}

impl Planes {
    /// Makes room for planes of these sizes.
    pub fn of(&mut self, sizes: [Size; 3]) {
        self.sizes = sizes;
        self.strides = sizes.map(|size| size.width.next_multiple_of(BLOCK));
        for ((samples, size), stride) in self.samples.iter_mut().zip(sizes).zip(self.strides) {
            let wanted = size.height.next_multiple_of(BLOCK) * stride;
            if samples.len() < wanted {
                samples.resize(wanted, 0);
            }
        }
    }

    /// The sizes of the three planes of an image; `None` if it has not three, or chroma has no whole part of luma's
    /// sampling factors.
    pub fn sizes(frame: &Frame) -> Option<[Size; 3]> {
        let (columns, rows) = frame.chroma_ratio()?;
        let luma = Size { height: usize::from(frame.height), width: usize::from(frame.width) };
        let chroma = Size {
            height: luma.height.div_ceil(usize::from(rows)),
            width: luma.width.div_ceil(usize::from(columns)),
        };
        (frame.count == 3).then_some([luma, chroma, chroma])
    }

    /// Where C or a kernel is to write each plane, and the bytes from row to row.
    pub(super) fn places(&mut self) -> ([&mut [u8]; 3], [usize; 3]) {
        (self.samples.each_mut().map(Vec::as_mut_slice), self.strides)
    }

    /// A plane's samples from row `y` on, as C wrote them.
    pub(super) fn row_from(&self, number: usize, y: usize) -> &[u8] {
        let stride = self.strides.get(number).copied().unwrap_or_default();
        self.samples.get(number).and_then(|samples| samples.get(y * stride..)).unwrap_or_default()
    }

    /// Writes row `y` of a plane, with which `row` begins, to the place C would.
    pub(super) fn put_row(&mut self, number: usize, y: usize, row: &[u8]) {
        let (Some(&size), Some(&stride)) = (self.sizes.get(number), self.strides.get(number)) else { return };
        let place = self.samples.get_mut(number).and_then(|plane| plane.get_mut(y * stride..));
        if let Some((place, row)) =
            place.and_then(|rest| rest.get_mut(..size.width)).zip(row.get(..size.width))
        {
            place.copy_from_slice(row);
        }
    }

    /// The planes as an encoder takes them, after `pad`.
    pub fn planes(&self) -> [Plane<'_>; 3] {
        let [y, cb, cr] = &self.samples;
        let [a, b, c] = self.strides;
        [(y, a), (cb, b), (cr, c)].map(|(samples, stride)| Plane { samples, stride })
    }

    /// A plane's samples without gaps; moves its rows together, so that it can be read once.
    pub fn take(&mut self, number: usize) -> Option<View<'_>> {
        let (&size, &stride) = (self.sizes.get(number)?, self.strides.get(number)?);
        let samples = self.samples.get_mut(number)?;
        if size.width < stride {
            for row in 1..size.height {
                samples.copy_within(row * stride..row * stride + size.width, row * size.width);
            }
        }
        Some(View { pixels: samples.get(..size.pixels())?, size, channels: 1 })
    }

    /// Where to write the planes' samples without gaps, before `pad`.
    pub fn gapless(&mut self) -> [&mut [u8]; 3] {
        let sizes = self.sizes.iter();
        let mut places = [&mut [][..], &mut [], &mut []];
        for ((place, samples), size) in places.iter_mut().zip(&mut self.samples).zip(sizes) {
            *place = samples.get_mut(..size.pixels()).unwrap_or_default();
        }
        places
    }

    /// Spreads rows that lie without gaps, and fills their last blocks up with the last sample, as libjpeg does.
    pub fn pad(&mut self) {
        for ((samples, size), stride) in self.samples.iter_mut().zip(self.sizes).zip(self.strides) {
            if size.width == stride {
                continue;
            }
            for row in (0..size.height).rev() {
                samples.copy_within(row * size.width..(row + 1) * size.width, row * stride);
                if let Some([last, behind @ ..]) =
                    samples.get_mut(row * stride + size.width - 1..(row + 1) * stride)
                {
                    behind.fill(*last);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_spread_filled_up_and_moved_together_again() {
        for width in [1, 7, 8, 9, 16, 20] {
            let size = Size { height: 5, width };
            let mut planes = Planes::default();
            planes.of([size; 3]);
            let samples: Vec<u8> = (0..size.pixels() as u8).collect();
            for place in planes.gapless() {
                place.copy_from_slice(&samples);
            }
            planes.pad();
            for plane in planes.planes() {
                assert_eq!(plane.stride, width.next_multiple_of(8));
                for (y, row) in plane.samples.chunks(plane.stride).take(5).enumerate() {
                    let wanted = &samples[y * width..(y + 1) * width];
                    assert_eq!(&row[..width], wanted);
                    assert!(row[width..].iter().all(|sample| sample == wanted.last().unwrap()));
                }
            }
            assert_eq!(planes.take(2).unwrap().pixels, samples);
            assert!(planes.take(3).is_none());
        }
    }
}
