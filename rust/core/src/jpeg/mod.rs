//! JPEG through libjpeg-turbo, linked statically, and faster ways beside it; all that touches C is in this folder.
//!
//! The C library is reached through the shim (`shim.h`), a few functions that each contain libjpeg's errors (its
//! `longjmp`) and report them as values. [`Decoder`] accepts what Pillow accepts and gives its pixels.

pub mod markers;
pub mod quality;

mod cosines;
mod decode;
mod encode;
pub(crate) mod exif;
mod fast;
mod ffi;
mod image;
mod libjpeg;
mod planes;

pub use decode::{Decoder, Outcome, Source, Target, decode_counts, decode_path};
pub use encode::{EncodeOptions, Encoder, MAX_PAYLOAD, Plane, encode_path};
pub(crate) use fast::{Extent, Output};
pub use image::Image;
pub use planes::Planes;

// Links the static library whose functions the shim calls.
use turbojpeg_sys as _;

/// The version of libjpeg-turbo this crate was built with, such as "3.1.0".
pub const fn version() -> &'static str {
    env!("TURBOSHARD_LIBJPEG_TURBO")
}

/// The instruction set libjpeg-turbo uses on this machine: "avx2", "sse2", "neon", or "none" if it was built
/// without its SIMD code or was told by its environment variables not to use it.
pub fn simd_level() -> &'static str {
    let set = |name| std::env::var_os(name).is_some_and(|value| value == "1");
    if !cfg!(jpeg_simd) || set("JSIMD_FORCENONE") {
        return "none";
    }
    #[cfg(target_arch = "x86_64")]
    {
        if std::is_x86_feature_detected!("avx2") && !set("JSIMD_FORCESSE2") { "avx2" } else { "sse2" }
    }
    #[cfg(target_arch = "aarch64")]
    {
        "neon"
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        "unknown"
    }
}
