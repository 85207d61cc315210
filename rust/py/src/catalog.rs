//! The samples of a release as one sequence, its index kept between runs.

use std::{path::PathBuf, sync::Arc};

use pyo3::{prelude::*, types::PyList};
use turboshard::{catalog::Catalog, index::Policy};

use crate::{enter, release::PyRelease, shard::PyShard};

#[pyclass(frozen, name = "Catalog", module = "turboshard._core")]
pub(crate) struct PyCatalog(pub(crate) Arc<Catalog>);

#[pymethods]
impl PyCatalog {
    #[new]
    #[pyo3(signature = (release, *, lenient=false, cache=None, threads=None))]
    fn new(
        py: Python<'_>,
        release: &Bound<'_, PyRelease>,
        lenient: bool,
        cache: Option<PathBuf>,
        threads: Option<i64>,
    ) -> PyResult<Self> {
        let release = &release.get().0;
        let policy = Policy { skip_special: lenient, lenient_end: lenient };
        let opened = enter::run(py, threads, |with| {
            Catalog::open(release, policy, cache.as_deref(), with.pool, with.cancel)
        })?;
        Ok(Self(Arc::new(opened)))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    #[getter]
    fn fingerprint(&self) -> String {
        self.0.fingerprint().to_string()
    }

    fn shards<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let shards = self.0.shards().iter().map(|shard| PyShard { shard: Arc::clone(shard) });
        PyList::new(py, shards.map(|shard| Bound::new(py, shard)).collect::<PyResult<Vec<_>>>()?)
    }

    fn check_unchanged(&self, py: Python<'_>) -> PyResult<()> {
        enter::run(py, Some(1), |_| self.0.check_unchanged())
    }
}
