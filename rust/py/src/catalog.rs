//! The samples of a release as one sequence, its index kept between runs.

use std::{path::PathBuf, sync::Arc};

use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};
use turboshard::{
    catalog::{Catalog, Evidence},
    digest::Digest,
    error::Result,
    index::Policy,
};

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

    fn evidence<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let found = enter::run(py, Some(1), |_| Ok(self.0.evidence()))?;
        let told = PyDict::new(py);
        told.set_item("fingerprint", found.fingerprint.to_string())?;
        told.set_item("place", found.place.to_string())?;
        told.set_item("times", found.times.to_string())?;
        told.set_item("content", found.content.map(|digest| digest.to_string()))?;
        Ok(told)
    }

    fn check_same(&self, py: Python<'_>, noted: PyEvidence) -> PyResult<()> {
        enter::run(py, Some(1), |_| self.0.check_same(&noted.read()?))
    }
}

/// What [`PyCatalog::evidence`] told.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct PyEvidence {
    fingerprint: String,
    place: String,
    times: String,
    content: Option<String>,
}

impl PyEvidence {
    fn read(&self) -> Result<Evidence> {
        let digest = |hex: &String| hex.parse::<Digest>();
        Ok(Evidence {
            fingerprint: digest(&self.fingerprint)?,
            place: digest(&self.place)?,
            times: digest(&self.times)?,
            content: self.content.as_ref().map(digest).transpose()?,
        })
    }
}
