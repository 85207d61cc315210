//! SHA-256 of files.

use std::path::PathBuf;

use pyo3::prelude::*;
use turboshard::digest;

use crate::{enter, progress::PyProgress};

/// SHA-256 of files in hex, several at a time, in order.
#[pyfunction]
#[pyo3(signature = (paths, *, progress=None, threads=None))]
pub(crate) fn digest_files(
    py: Python<'_>,
    paths: Vec<PathBuf>,
    progress: Option<&Bound<'_, PyProgress>>,
    threads: Option<i64>,
) -> PyResult<Vec<String>> {
    let counted = progress.map(|progress| &progress.get().0);
    let count = |bytes| {
        if let Some(counted) = counted {
            counted.add(bytes);
        }
    };
    enter::run(py, threads, |with| {
        let digests = digest::of_files(&paths, with.pool, with.cancel, &count)?;
        digests.into_iter().map(|read| read.map(|(digest, _)| digest.to_string())).collect()
    })
}
