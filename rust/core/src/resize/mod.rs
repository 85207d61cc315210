//! Resizing 8-bit pixels the way Pillow does: columns first, rounded to 8 bits, then rows.
//!
//! One two-dimensional call of `fast_image_resize` works rows first; on pictures with sharp edges that is
//! tens of grey levels away from Pillow, because the rounding and clamping in between fall differently.

use fast_image_resize::{
    FilterType, PixelTrait, ResizeAlg, ResizeOptions,
    images::{TypedImage, TypedImageRef},
    pixels::{U8, U8x3, U8x4},
};

use crate::{
    error::{Error, Kind, Result},
    image::{Filter, Size, View},
};

mod nearest;

/// Resizes; owns the intermediate image, so that a worker allocates it once.
#[derive(Default)]
pub struct Resizer {
    inner: fast_image_resize::Resizer,
    between: Vec<u8>,
}

impl Resizer {
    /// Stretches `view` to `size` and writes it to `out`, which holds `size * channels` bytes.
    ///
    /// # Errors
    /// `Invalid` if a size is zero, a buffer does not fit its size, or there are not 1, 3 or 4 channels.
    pub fn resize(&mut self, view: View<'_>, size: Size, filter: Filter, out: &mut [u8]) -> Result<()> {
        let View { pixels, size: from, channels } = view;
        if [from.height, from.width, size.height, size.width].contains(&0) {
            return Err(Error::invalid("an image to resize, or its new size, is empty"));
        }
        if pixels.len() != from.pixels() * channels || out.len() != size.pixels() * channels {
            return Err(Error::invalid("a buffer does not hold the image it should"));
        }
        if from == size {
            out.copy_from_slice(pixels);
            return Ok(());
        }
        let Some(kernel) = kernel(filter) else {
            nearest::resize(view, size, out);
            return Ok(());
        };
        let columns = Size { height: from.height, width: size.width };
        if columns == from {
            return pass(&mut self.inner, pixels, from, out, size, channels, kernel);
        }
        if columns == size {
            return pass(&mut self.inner, pixels, from, out, size, channels, kernel);
        }
        let length = columns.pixels() * channels;
        if self.between.len() < length {
            self.between.resize(length, 0);
        }
        let between = self.between.get_mut(..length).unwrap_or_default();
        pass(&mut self.inner, pixels, from, between, columns, channels, kernel)?;
        pass(&mut self.inner, between, columns, out, size, channels, kernel)
    }
}

fn kernel(filter: Filter) -> Option<FilterType> {
    Some(match filter {
        Filter::Nearest => return None,
        Filter::Box => FilterType::Box,
        Filter::Bilinear => FilterType::Bilinear,
        Filter::Hamming => FilterType::Hamming,
        Filter::Bicubic => FilterType::CatmullRom,
        Filter::Lanczos3 => FilterType::Lanczos3,
    })
}

/// One axis of one image. Typed calls: the library's untyped one would compile every pixel type it knows, which
/// takes minutes.
fn pass(
    resizer: &mut fast_image_resize::Resizer,
    pixels: &[u8],
    from: Size,
    out: &mut [u8],
    to: Size,
    channels: usize,
    kernel: FilterType,
) -> Result<()> {
    match channels {
        1 => typed::<U8>(resizer, pixels, from, out, to, kernel),
        3 => typed::<U8x3>(resizer, pixels, from, out, to, kernel),
        4 => typed::<U8x4>(resizer, pixels, from, out, to, kernel),
        _ => Err(Error::invalid(format!("cannot resize {channels} channels"))),
    }
}

fn typed<P: PixelTrait>(
    resizer: &mut fast_image_resize::Resizer,
    pixels: &[u8],
    from: Size,
    out: &mut [u8],
    to: Size,
    kernel: FilterType,
) -> Result<()> {
    let side = |n: usize| u32::try_from(n).map_err(|_| Error::invalid("an image side is too long"));
    let refused = |e: &dyn std::error::Error| Error::new(Kind::Internal(format!("resize: {e}")));
    let source = TypedImageRef::<P>::from_buffer(side(from.width)?, side(from.height)?, pixels);
    let source = source.map_err(|e| refused(&e))?;
    let target = TypedImage::<P>::from_buffer(side(to.width)?, side(to.height)?, out);
    let mut target = target.map_err(|e| refused(&e))?;
    // The fourth channel is one like the others: nothing here is transparent.
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(kernel)).use_alpha(false);
    resizer.resize_typed(&source, &mut target, &options).map_err(|e| refused(&e))
}
