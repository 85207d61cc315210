//! One pass of a separable filter over an 8-bit image, by `fast_image_resize`.
//!
//! A crate of its own because the library's calls are generic: whoever makes them compiles its kernels for
//! every instruction set, which takes minutes. Here they are compiled once and not with every change of the core.

use fast_image_resize::{
    FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::{U8, U8x3, U8x4},
};

/// Filters of the library that mean what Pillow's of that name mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// Mean of the pixels covered.
    Box,
    /// Triangle.
    Bilinear,
    /// Hamming-windowed sinc of one lobe.
    Hamming,
    /// Keys' cubic with a = -0.5.
    Bicubic,
    /// Sinc windowed by a sinc of three lobes.
    Lanczos3,
}

/// Rows and columns.
pub type Shape = (usize, usize);

/// Filters images; keeps its coefficients' memory between calls.
#[derive(Debug, Default)]
pub struct Convolver(Resizer);

impl Convolver {
    /// Stretches `pixels` of shape `from` to `out` of shape `to`, both with interleaved `channels`.
    ///
    /// # Errors
    /// In words, if there are not 1, 3 or 4 channels or a buffer does not hold its shape.
    pub fn pass(
        &mut self,
        pixels: &[u8],
        from: Shape,
        out: &mut [u8],
        to: Shape,
        channels: usize,
        kernel: Kernel,
    ) -> Result<(), String> {
        match channels {
            1 => self.typed::<U8>(pixels, from, out, to, kernel),
            3 => self.typed::<U8x3>(pixels, from, out, to, kernel),
            4 => self.typed::<U8x4>(pixels, from, out, to, kernel),
            _ => Err(format!("cannot resize {channels} channels")),
        }
    }

    fn typed<P: PixelTrait>(
        &mut self,
        pixels: &[u8],
        from: Shape,
        out: &mut [u8],
        to: Shape,
        kernel: Kernel,
    ) -> Result<(), String> {
        let side = |n: usize| u32::try_from(n).map_err(|_| "an image side is too long".to_owned());
        let source = TypedImageRef::<P>::from_buffer(side(from.1)?, side(from.0)?, pixels);
        let source = source.map_err(|e| e.to_string())?;
        let target = TypedImage::<P>::from_buffer(side(to.1)?, side(to.0)?, out);
        let mut target = target.map_err(|e| e.to_string())?;
        let filter = match kernel {
            Kernel::Box => FilterType::Box,
            Kernel::Bilinear => FilterType::Bilinear,
            Kernel::Hamming => FilterType::Hamming,
            Kernel::Bicubic => FilterType::CatmullRom,
            Kernel::Lanczos3 => FilterType::Lanczos3,
        };
        // A fourth channel is one like the others: nothing here is transparent.
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(false);
        self.0.resize_typed(&source, &mut target, &options).map_err(|e| e.to_string())
    }
}
