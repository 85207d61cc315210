//! What is done to a sample at random: the part that is cut out, the mirror, the numbers of the result.
//!
//! Only integers and the four operations and square root of IEEE 754 are used, which give the same bits on every
//! machine; a logarithm or a sine need not.

use crate::{
    image::{Crop, Layout, Size},
    random::Random,
};

/// Smallest part of the area that is cut out.
const LEAST_AREA: f64 = 0.08;
/// Shape that the fallback keeps within: three to four, either way.
const WIDEST: f64 = 4.0 / 3.0;

/// A number from 0 up to 1, 1 excluded: the 53 highest bits.
pub(super) fn unit(random: &mut Random) -> f64 {
    (random.next() >> 11) as f64 / (1_u64 << 53) as f64
}

/// The part of an image that a random resized crop takes: 8 to 100 % of its area, 3:4 to 4:3.
///
/// As torchvision's, with (1 + t/7) / (1 - t/7) for the ratio: over t from -1 to 1 it runs from 3/4 to 4/3 and is within
/// 0.7 % of the exponential that torchvision takes. `y` and `x` are multiples of `step`.
pub(super) fn random_crop(size: Size, step: usize, random: &mut Random) -> Crop {
    let (height, width) = (size.height as f64, size.width as f64);
    let mut found = None;
    for _ in 0..10 {
        let area = height * width * (LEAST_AREA + (1.0 - LEAST_AREA) * unit(random));
        let t = (2.0 * unit(random) - 1.0) / 7.0;
        let ratio = (1.0 + t) / (1.0 - t);
        let (w, h) = ((area * ratio).sqrt().round(), (area / ratio).sqrt().round());
        if w >= 1.0 && w <= width && h >= 1.0 && h <= height {
            let (height, width) = (h as usize, w as usize);
            let y = random.below((size.height - height + 1) as u64) as usize;
            let x = random.below((size.width - width + 1) as u64) as usize;
            found = Some(Crop { y, x, height, width });
            break;
        }
    }
    let crop = found.unwrap_or_else(|| {
        let (w, h) = if width < height / WIDEST {
            (width, (width * WIDEST).round())
        } else if width > height * WIDEST {
            ((height * WIDEST).round(), height)
        } else {
            (width, height)
        };
        let (height, width) = ((h as usize).clamp(1, size.height), (w as usize).clamp(1, size.width));
        Crop { y: (size.height - height) / 2, x: (size.width - width) / 2, height, width }
    });
    let step = step.max(1);
    Crop { y: crop.y / step * step, x: crop.x / step * step, ..crop }
}

/// Mirrors an image in place, left to right.
pub(super) fn mirror(pixels: &mut [u8], size: Size, channels: usize, layout: Layout) {
    let together = if layout == Layout::Hwc { channels } else { 1 };
    let rows = pixels.chunks_exact_mut((size.width * together).max(1));
    match together {
        3 => rows.for_each(|row| row.as_chunks_mut::<3>().0.reverse()),
        4 => rows.for_each(|row| row.as_chunks_mut::<4>().0.reverse()),
        _ => rows.for_each(<[u8]>::reverse),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crop_lies_inside_and_has_the_shape_it_should() {
        let mut shapes = (f64::MAX, 0.0_f64);
        for (height, width) in [(512, 512), (1, 1), (1, 900), (900, 1), (300, 400), (7, 5)] {
            let size = Size { height, width };
            for seed in 0..500 {
                for step in [1, 4] {
                    let crop = random_crop(size, step, &mut Random::new(seed));
                    assert!(crop.height > 0 && crop.y + crop.height <= height, "{crop:?} of {size:?}");
                    assert!(crop.width > 0 && crop.x + crop.width <= width, "{crop:?} of {size:?}");
                    assert_eq!((crop.y % step, crop.x % step), (0, 0));
                    if height == 512 {
                        let part = (crop.height * crop.width) as f64 / (512.0 * 512.0);
                        shapes = (shapes.0.min(part), shapes.1.max(part));
                        let ratio = crop.width as f64 / crop.height as f64;
                        assert!((0.74..1.36).contains(&ratio), "{crop:?}");
                    }
                }
            }
        }
        assert!(shapes.0 < 0.1 && shapes.0 > 0.079 && shapes.1 > 0.9, "{shapes:?}");
        let fixed = random_crop(Size::square(1024), 1, &mut Random::new(1));
        assert_eq!(fixed, random_crop(Size::square(1024), 1, &mut Random::new(1)));
    }

    #[test]
    fn a_mirror_in_either_layout() {
        let size = Size { height: 1, width: 3 };
        let mut hwc = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        mirror(&mut hwc, size, 3, Layout::Hwc);
        assert_eq!(hwc, [7, 8, 9, 4, 5, 6, 1, 2, 3]);
        let mut chw = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        mirror(&mut chw, size, 3, Layout::Chw);
        assert_eq!(chw, [3, 2, 1, 6, 5, 4, 9, 8, 7]);
    }
}
