//! Where a result's pixels come from: EXIF turn, crop, reduce, size, worked out from the header alone.

use super::DecodeOptions;
use crate::{
    error::{Error, Result},
    fault::ImageFault,
    image::{Crop, Filter, Size},
    jpeg::markers::Header,
    resize::Resizer,
};

/// An EXIF orientation as three switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// Rows become columns.
    swap: bool,
    /// The file's rows are read from the last to the first.
    rows_back: bool,
    /// The file's columns are.
    columns_back: bool,
}

impl Turn {
    pub(super) const NONE: Self = Self { swap: false, rows_back: false, columns_back: false };

    pub(super) fn new(orientation: u8) -> Self {
        Self {
            swap: matches!(orientation, 5..=8),
            rows_back: matches!(orientation, 3 | 4 | 6 | 7),
            columns_back: matches!(orientation, 2 | 3 | 7 | 8),
        }
    }

    fn size(self, size: Size) -> Size {
        if self.swap { Size { height: size.width, width: size.height } } else { size }
    }

    /// The part of an image of `size` that becomes `crop` by the turn.
    fn undo(self, crop: Crop, size: Size) -> Crop {
        let Crop { mut y, mut x, mut height, mut width } = crop;
        if self.swap {
            (y, x, height, width) = (x, y, width, height);
        }
        if self.rows_back {
            y = size.height - y - height;
        }
        if self.columns_back {
            x = size.width - x - width;
        }
        Crop { y, x, height, width }
    }

    /// Turns an image of `size` and so many channels into `out`, which has as many bytes.
    pub(super) fn apply(self, pixels: &[u8], size: Size, channels: usize, out: &mut [u8]) {
        let turned = self.size(size);
        if turned.width == 0 {
            return;
        }
        for (y, row) in out.chunks_exact_mut(turned.width * channels).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(channels).enumerate() {
                let (mut from_y, mut from_x) = if self.swap { (x, y) } else { (y, x) };
                if self.rows_back {
                    from_y = size.height - 1 - from_y;
                }
                if self.columns_back {
                    from_x = size.width - 1 - from_x;
                }
                let at = (from_y * size.width + from_x) * channels;
                if let Some(source) = pixels.get(at..at + channels) {
                    pixel.copy_from_slice(source);
                }
            }
        }
    }
}

/// The way from the file's pixels to the result's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// 1, 2, 4 or 8.
    pub(super) reduce: u8,
    /// Half the size is made of the low frequencies; `reduce` is 2 then.
    pub(super) low: bool,
    /// What the decoder gives, already reduced.
    pub(super) decoded: Size,
    /// The part of it that is wanted.
    pub(super) window: Crop,
    pub(super) turn: Turn,
    /// The window once it is turned.
    pub(super) turned: Size,
    /// The result.
    pub(super) output: Size,
}

/// The image's size, unless it has more pixels than it may.
pub(super) fn check_pixels(header: &Header<'_>, limit: Option<u64>) -> Result<Size> {
    let size = Size { height: usize::from(header.frame.height), width: usize::from(header.frame.width) };
    check_size(size, limit)
}

/// The size, unless it has more pixels than it may.
pub(super) fn check_size(size: Size, limit: Option<u64>) -> Result<Size> {
    let pixels = size.pixels() as u64;
    match limit.filter(|&limit| pixels > limit) {
        Some(limit) => Err(Error::image(ImageFault::TooManyPixels { pixels, limit })),
        None => Ok(size),
    }
}

impl Plan {
    pub(super) fn new(header: &Header<'_>, options: &DecodeOptions) -> Result<Self> {
        Self::of(check_pixels(header, options.max_pixels)?, || header.orientation(), options)
    }

    /// The plan for an image of that size.
    pub(super) fn of(full: Size, orientation: impl FnOnce() -> u8, options: &DecodeOptions) -> Result<Self> {
        let turn = if options.exif { Turn::new(orientation()) } else { Turn::NONE };
        let low = is_low(options, turn.size(full))?;
        let reduce = if low { 2 } else { options.reduce.max(1) };
        if !matches!(reduce, 1 | 2 | 4 | 8) {
            return Err(Error::invalid(format!("reduce {reduce} is none of 1, 2, 4, 8")));
        }
        let by = usize::from(reduce);
        let reduced = |size: Size| Size { height: size.height.div_ceil(by), width: size.width.div_ceil(by) };
        let (upright, decoded) = (turn.size(full), reduced(full));
        let crop = match options.crop {
            None => {
                let Size { height, width } = reduced(upright);
                Crop { y: 0, x: 0, height, width }
            }
            Some(crop) => reduced_crop(crop, upright, by)?,
        };
        let turned = Size { height: crop.height, width: crop.width };
        let output = options.size.unwrap_or(turned);
        if output.height == 0 || output.width == 0 {
            return Err(Error::invalid("a size of zero"));
        }
        Ok(Self { reduce, low, decoded, window: turn.undo(crop, decoded), turn, turned, output })
    }

    /// Whether the decoder's window is the result, pixel by pixel.
    pub(super) fn is_plain(&self) -> bool {
        self.turn == Turn::NONE && self.output == self.turned
    }

    /// Whether the decoder's rows can be halved as they come.
    pub(super) fn is_halved(&self, filter: Filter) -> bool {
        self.turn == Turn::NONE && Resizer::halves(self.turned, self.output, filter)
    }
}

/// Whether an image that has that size once it is turned is halved by [`Filter::Dct`].
fn is_low(options: &DecodeOptions, upright: Size) -> Result<bool> {
    let Some(size) = options.size.filter(|&size| options.filter == Filter::Dct && size != upright) else {
        return Ok(false);
    };
    let half = Size { height: upright.height.div_ceil(2), width: upright.width.div_ceil(2) };
    let whole = Crop { y: 0, x: 0, height: upright.height, width: upright.width };
    if size != half || options.reduce > 1 || options.crop.is_some_and(|crop| crop != whole) {
        return Err(Error::invalid(format!(
            "resample \"dct\" makes {} by {} pixels of this image, all of it, and nothing else",
            half.width, half.height
        ))
        .with_hint("use lanczos3 for other sizes, for parts of an image, and together with reduce"));
    }
    Ok(true)
}

/// The crop in reduced pixels. Its far edges go outwards, so that the whole image cropped is the whole image.
fn reduced_crop(crop: Crop, full: Size, by: usize) -> Result<Crop> {
    let bottom = crop.y.checked_add(crop.height).filter(|&end| end <= full.height);
    let right = crop.x.checked_add(crop.width).filter(|&end| end <= full.width);
    let (Some(bottom), Some(right)) = (bottom, right) else {
        return Err(Error::invalid(format!(
            "crop (y {}, x {}, height {}, width {}) reaches beyond the image of {} by {} pixels",
            crop.y, crop.x, crop.height, crop.width, full.width, full.height
        )));
    };
    if crop.height == 0 || crop.width == 0 {
        return Err(Error::invalid("an empty crop"));
    }
    if !crop.y.is_multiple_of(by) || !crop.x.is_multiple_of(by) {
        return Err(Error::invalid(format!(
            "with reduce {by} a crop starts at multiples of {by}, not at y {}, x {}",
            crop.y, crop.x
        )));
    }
    let (y, x) = (crop.y / by, crop.x / by);
    Ok(Crop { y, x, height: bottom.div_ceil(by) - y, width: right.div_ceil(by) - x })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_crop_of_the_turned_image_is_the_turned_window() {
        let size = Size { height: 3, width: 5 };
        let image: Vec<u8> = (0..15).collect();
        for orientation in 1..=8 {
            let turn = Turn::new(orientation);
            let upright = turn.size(size);
            let mut turned = vec![0; 15];
            turn.apply(&image, size, 1, &mut turned);
            let crop = Crop { y: 1, x: 1, height: 2, width: upright.width - 2 };
            let wanted: Vec<u8> = (crop.y..crop.y + crop.height)
                .flat_map(|y| turned[y * upright.width + crop.x..][..crop.width].to_vec())
                .collect();
            let w = turn.undo(crop, size);
            let window: Vec<u8> = (w.y..w.y + w.height)
                .flat_map(|y| image[y * size.width + w.x..][..w.width].to_vec())
                .collect();
            let mut found = vec![0; window.len()];
            turn.apply(&window, Size { height: w.height, width: w.width }, 1, &mut found);
            assert_eq!(found, wanted, "orientation {orientation}");
        }
    }

    #[test]
    fn orientation_six_is_a_quarter_turn_clockwise() {
        let mut turned = [0; 6];
        Turn::new(6).apply(&[1, 2, 3, 4, 5, 6], Size { height: 2, width: 3 }, 1, &mut turned);
        assert_eq!(turned, [4, 1, 5, 2, 6, 3]);
    }

    #[test]
    fn crops_are_checked() {
        let full = Size { height: 10, width: 9 };
        let crop = |y, x, height, width| Crop { y, x, height, width };
        assert_eq!(reduced_crop(crop(0, 0, 10, 9), full, 4).unwrap(), crop(0, 0, 3, 3));
        assert_eq!(reduced_crop(crop(4, 8, 3, 1), full, 4).unwrap(), crop(1, 2, 1, 1));
        for bad in [crop(1, 0, 2, 2), crop(0, 0, 11, 1), crop(8, 0, usize::MAX, 1), crop(0, 0, 0, 1)] {
            assert!(reduced_crop(bad, full, 4).is_err(), "{bad:?}");
        }
    }
}
