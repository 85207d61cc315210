//! Resizing 8-bit pixels the way Pillow does: one axis, rounded to 8 bits, then the other.
//!
//! Which axis comes first matters: on pictures with sharp edges the wrong one is tens of grey levels away
//! from Pillow, because rounding and clamping in between fall differently. So `fast_image_resize`, whose
//! two-dimensional call has an order of its own, is called once for each axis.

use fast_image_resize::{
    FilterType, PixelTrait, ResizeAlg, ResizeOptions,
    images::{TypedImage, TypedImageRef},
    pixels::{U8, U8x3, U8x4},
};

use crate::{
    error::{Error, Kind, Result},
    image::{Filter, Size, View},
};

mod fold;
mod halve;
mod nearest;
mod weights;

pub(crate) use halve::Halving;

/// Resizes; owns the intermediate image, so that a worker allocates it once.
#[derive(Default)]
pub struct Resizer {
    inner: fast_image_resize::Resizer,
    between: Vec<u8>,
    halving: Halving,
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
        if let Some(halving) = self.by_rows(from, size, channels, filter) {
            for row in pixels.chunks_exact(from.width * channels) {
                halving.push(row, out);
            }
            return Ok(());
        }
        let first = if rows_first(from, size) {
            Size { height: size.height, width: from.width }
        } else {
            Size { height: from.height, width: size.width }
        };
        if first == from || first == size {
            return pass(&mut self.inner, pixels, from, out, size, channels, kernel);
        }
        let length = first.pixels() * channels;
        if self.between.len() < length {
            self.between.resize(length, 0);
        }
        let between = self.between.get_mut(..length).unwrap_or_default();
        pass(&mut self.inner, pixels, from, between, first, channels, kernel)?;
        pass(&mut self.inner, between, first, out, size, channels, kernel)
    }

    /// A way to resize rows as they come, so that the source is never in memory as a whole; `None` if
    /// there is none for these sizes.
    pub(crate) fn by_rows(
        &mut self,
        from: Size,
        to: Size,
        channels: usize,
        filter: Filter,
    ) -> Option<&mut Halving> {
        let possible = is_half(from, to) && filter != Filter::Nearest && matches!(channels, 1 | 3 | 4);
        if !possible || to.height == 0 || to.width == 0 {
            return None;
        }
        self.halving.begin(from, channels, filter);
        Some(&mut self.halving)
    }
}

/// Pillow goes columns first, but since version 13 not where the height loses more than twice as many pixels
/// as the width.
fn rows_first(from: Size, to: Size) -> bool {
    let lost = |from: usize, to: usize| from as i64 - to as i64;
    to.height < from.height && lost(from.height, to.height) > 2 * lost(from.width, to.width)
}

/// Whether `to` is exactly half of `from`, the case with kernels of its own.
fn is_half(from: Size, to: Size) -> bool {
    to.height.checked_mul(2) == Some(from.height) && to.width.checked_mul(2) == Some(from.width)
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
        1 => typed_pass::<U8>(resizer, pixels, from, out, to, kernel),
        3 => typed_pass::<U8x3>(resizer, pixels, from, out, to, kernel),
        4 => typed_pass::<U8x4>(resizer, pixels, from, out, to, kernel),
        _ => Err(Error::invalid(format!("cannot resize {channels} channels"))),
    }
}

/// By type, because the call that asks at run time compiles the code of thirteen pixel types.
fn typed_pass<P: PixelTrait>(
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
    let target = TypedImage::<P>::from_buffer(side(to.width)?, side(to.height)?, out);
    let (source, mut target) = (source.map_err(|e| refused(&e))?, target.map_err(|e| refused(&e))?);
    // The fourth channel is one like the others: nothing here is transparent.
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(kernel)).use_alpha(false);
    resizer.resize_typed(&source, &mut target, &options).map_err(|e| refused(&e))
}
