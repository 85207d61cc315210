//! The `_core` extension module: signature, extraction, one call, conversion.

use pyo3::prelude::*;

#[pymodule]
mod _core {}
