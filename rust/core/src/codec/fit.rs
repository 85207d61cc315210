//! Which part of an image becomes which size.

use crate::{
    error::{Error, Result},
    image::{Crop, Fit, Size},
};

/// The part of an image of `from` that is used, and the size it gets.
pub(super) fn fit(from: Size, to: Size, how: Fit) -> Result<(Crop, Size)> {
    if [from.height, from.width, to.height, to.width].contains(&0) {
        return Err(Error::invalid("a size of zero"));
    }
    let whole = Crop { y: 0, x: 0, height: from.height, width: from.width };
    Ok(match how {
        Fit::Stretch => (whole, to),
        Fit::Contain => (whole, contain(from, to)?),
        Fit::Cover => (cover(from, to), to),
    })
}

/// As Pillow computes it, in doubles, rounding halves to even.
fn contain(from: Size, to: Size) -> Result<Size> {
    let aspect = |size: Size| size.width as f64 / size.height as f64;
    let (mut height, mut width) = (to.height, to.width);
    if aspect(from) > aspect(to) {
        height = (from.height as f64 / from.width as f64 * to.width as f64).round_ties_even() as usize;
    } else if aspect(from) < aspect(to) {
        width = (from.width as f64 / from.height as f64 * to.height as f64).round_ties_even() as usize;
    }
    if height == 0 || width == 0 {
        let Size { height, width } = from;
        return Err(Error::invalid(format!("an image of {width} by {height} pixels is too long to fit")));
    }
    Ok(Size { height, width })
}

/// The largest centred rectangle of whole pixels with the wanted aspect; an odd remainder is cut off more
/// at the far side.
fn cover(from: Size, to: Size) -> Crop {
    // Rounded quotients of products, in integers: no double decides which column is cut.
    let scaled = |a: usize, b: usize, c: usize| {
        let (product, divisor) = (a as u128 * b as u128, c as u128);
        ((product + divisor / 2) / divisor).max(1) as usize
    };
    let (mut height, mut width) = (from.height, from.width);
    if from.width as u128 * to.height as u128 > to.width as u128 * from.height as u128 {
        width = scaled(from.height, to.width, to.height).min(from.width);
    } else {
        height = scaled(from.width, to.height, to.width).min(from.height);
    }
    Crop { y: (from.height - height) / 2, x: (from.width - width) / 2, height, width }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn size(height: usize, width: usize) -> Size {
        Size { height, width }
    }

    #[test]
    fn contain_rounds_as_pillow_does() {
        // From PIL.ImageOps.contain; the last two are halves, which Python rounds to even.
        for (from, to, wanted) in [
            (size(1024, 1024), size(512, 512), size(512, 512)),
            (size(100, 200), size(50, 50), size(25, 50)),
            (size(333, 1000), size(77, 100), size(33, 100)),
            (size(5, 2), size(2, 9), size(2, 1)),
            (size(1, 4), size(9, 10), size(2, 10)),
            (size(1, 4), size(9, 14), size(4, 14)),
        ] {
            let (crop, found) = fit(from, to, Fit::Contain).unwrap();
            assert_eq!((found, crop.height, crop.width), (wanted, from.height, from.width));
        }
        assert!(fit(size(1, 1000), size(9, 9), Fit::Contain).is_err());
    }

    #[test]
    fn cover_cuts_both_sides_alike() {
        let crop = |y, x, height, width| Crop { y, x, height, width };
        for (from, to, wanted) in [
            (size(1024, 1024), size(512, 512), crop(0, 0, 1024, 1024)),
            (size(100, 200), size(50, 50), crop(0, 50, 100, 100)),
            (size(101, 50), size(10, 10), crop(25, 0, 50, 50)),
            (size(1, 9), size(1000, 1), crop(0, 4, 1, 1)),
        ] {
            assert_eq!(fit(from, to, Fit::Cover).unwrap(), (wanted, to));
        }
    }
}
