//! The `_core` extension module: signature, extraction, one call, conversion. No logic.
//!
//! What each function means is documented in `python/turboshard/_core.pyi`.

#![allow(clippy::needless_pass_by_value)] // arguments are extracted into owned values

mod about;
mod archive;
mod audit;
mod batch;
mod buffer;
mod catalog;
mod datasets;
mod digest;
mod ending;
mod enter;
mod error;
mod image;
mod index;
mod iteration;
mod lend;
mod loader;
mod mesh;
mod options;
mod pack;
mod progress;
mod release;
mod reshard;
mod rows;
mod select;
mod shard;
mod synth;
mod verify;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }

    #[pymodule_export]
    use crate::about::{build_info, decode_counts};
    #[pymodule_export]
    use crate::archive::PyArchive;
    #[pymodule_export]
    use crate::audit::audit;
    #[pymodule_export]
    use crate::batch::decode_batch;
    #[pymodule_export]
    use crate::catalog::PyCatalog;
    #[pymodule_export]
    use crate::datasets::{dataset_names, geogen_cameras, read_pt};
    #[pymodule_export]
    use crate::digest::digest_files;
    #[pymodule_export]
    use crate::ending::_at_exit;
    #[pymodule_export]
    use crate::enter::{_after_fork_in_child, available_parallelism};
    #[pymodule_export]
    use crate::image::{decode, encode, info, resize};
    #[pymodule_export]
    use crate::iteration::PyIteration;
    #[pymodule_export]
    use crate::loader::PyLoader;
    #[pymodule_export]
    use crate::mesh::{decode_obj, encode_ply, headspace_landmarks};
    #[pymodule_export]
    use crate::pack::pack;
    #[pymodule_export]
    use crate::progress::PyProgress;
    #[pymodule_export]
    use crate::release::PyRelease;
    #[pymodule_export]
    use crate::reshard::reshard;
    #[pymodule_export]
    use crate::rows::permutation;
    #[pymodule_export]
    use crate::select::{PySelection, identity_of, reghead_facts};
    #[pymodule_export]
    use crate::shard::PyShard;
    #[pymodule_export]
    use crate::synth::{synth, synth_source};
    #[pymodule_export]
    use crate::verify::verify;
}
