//! How far a long call is, readable from another Python thread while it runs.

use pyo3::prelude::*;
use turboshard::progress::Progress;

#[pyclass(frozen, name = "Progress", module = "turboshard._core")]
#[derive(Default)]
pub(crate) struct PyProgress(pub(crate) Progress);

#[pymethods]
impl PyProgress {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn expect(&self, total: u64) {
        self.0.expect(total);
    }

    fn add(&self, units: u64) {
        self.0.add(units);
    }

    #[getter]
    fn done(&self) -> u64 {
        self.0.get().0
    }

    #[getter]
    fn total(&self) -> u64 {
        self.0.get().1
    }
}
