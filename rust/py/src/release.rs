//! Releases: where their shards lie and what their lists say.

use std::ffi::OsStr;

use pyo3::{prelude::*, types::PyList};
use turboshard::{croissant, release::Release};

use crate::enter;

/// A release that was found; nothing of its shards is read yet.
#[pyclass(frozen, name = "Release", module = "turboshard._core")]
pub(crate) struct PyRelease(pub(crate) Release);

#[pymethods]
impl PyRelease {
    #[new]
    fn new(py: Python<'_>, sources: Vec<String>) -> PyResult<Self> {
        enter::run(py, Some(1), |_| Release::open(&sources)).map(Self)
    }

    #[getter]
    fn shards(&self) -> Vec<&OsStr> {
        self.0.shards.iter().map(|path| path.as_os_str()).collect()
    }

    #[getter]
    fn root(&self) -> &OsStr {
        self.0.root().as_os_str()
    }

    #[getter]
    fn name(&self) -> String {
        self.0.name()
    }

    #[getter]
    fn manifest(&self) -> Option<String> {
        self.0.manifest().map(|listing| listing.document.to_string())
    }

    fn croissant(&self, py: Python<'_>) -> PyResult<String> {
        enter::run(py, Some(1), |_| croissant::describe(&self.0))
    }

    fn samples<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        let Some(rows) = enter::run(py, Some(1), |_| self.0.samples())? else { return Ok(None) };
        let rows = rows.iter().map(|row| (&row.sample_key, &row.identity, &row.shard, row.num_expressions));
        PyList::new(py, rows.collect::<Vec<_>>()).map(Some)
    }
}
