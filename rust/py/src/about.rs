//! What this build is and what it runs on.

use pyo3::{prelude::*, types::PyDict};
use turboshard::{isa::Isa, jpeg, sha256::Kernel};

/// What this build is and what it runs on, as a dict.
#[pyfunction]
pub(crate) fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let facts = PyDict::new(py);
    facts.set_item("version", env!("CARGO_PKG_VERSION"))?;
    facts.set_item("profile", if cfg!(debug_assertions) { "debug" } else { "release" })?;
    facts.set_item("target", std::env::consts::ARCH)?;
    facts.set_item("libjpeg_turbo", jpeg::version())?;
    facts.set_item("simd", jpeg::simd_level())?;
    facts.set_item("isa", Isa::current().name())?;
    facts.set_item("jpeg_decoder", jpeg::decode_path())?;
    facts.set_item("jpeg_encoder", jpeg::encode_path())?;
    facts.set_item("sha_extension", sha_extension())?;
    facts.set_item("sha256", Kernel::current().name())?;
    Ok(facts)
}

/// Images decoded by this process: by the fast path, and by libjpeg-turbo.
#[pyfunction]
pub(crate) fn decode_counts() -> (u64, u64) {
    jpeg::decode_counts()
}

/// Whether the processor hashes SHA-256 by itself, which the digest then uses.
fn sha_extension() -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return std::is_x86_feature_detected!("sha");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("sha2");
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
    return false;
}
