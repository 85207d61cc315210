//! Rows of samples: what a row is, an epoch of them, or some by number.

use std::sync::Arc;

use pyo3::{exceptions::PyValueError, prelude::*, types::PyDict};
use turboshard::{
    digest::Digest,
    loader::{self, Bank, Draw, Hand, Pick, Recipe},
    pool::Stash,
};

use crate::{
    buffer::Output,
    catalog::PyCatalog,
    enter,
    iteration::PyIteration,
    options,
    rows::{self, PyDeal},
};

#[pyclass(frozen, name = "Loader", module = "turboshard._core")]
pub(crate) struct PyLoader {
    pub(crate) catalog: Arc<turboshard::catalog::Catalog>,
    pub(crate) recipe: Arc<Recipe>,
    /// Numbers of the release's samples that take part; all of them if there is no list.
    rows: Option<Vec<u32>>,
    pub(crate) fingerprint: Digest,
    pub(crate) bank: Arc<Bank>,
}

#[pymethods]
impl PyLoader {
    #[new]
    #[pyo3(
        signature = (catalog, rows, fields, picks, *, random_crop=false, hflip=0.0, normalize=None, **keywords),
        text_signature = "(catalog, rows, fields, picks, *, random_crop=False, hflip=0.0, normalize=None, size=None, resample='lanczos3', reduce=1, crop=None, mode='RGB', layout='HWC', exif=False, strict=False, truncated='error')"
    )]
    #[allow(clippy::too_many_arguments)] // the recipe, as the facade has it
    fn new(
        py: Python<'_>,
        catalog: &Bound<'_, PyCatalog>,
        rows: Option<Vec<u32>>,
        fields: Vec<String>,
        picks: Vec<Option<usize>>,
        random_crop: bool,
        hflip: f64,
        normalize: Option<(Vec<f32>, Vec<f32>)>,
        keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let catalog = Arc::clone(&catalog.get().0);
        let decode = options::decode("Loader", keywords)?;
        let normalize = normalize
            .map(|(mean, std)| options::normalize(&mean, &std, decode.mode.channels()))
            .transpose()?;
        let mut recipe = Recipe {
            fields: fields.into_iter().map(String::into_bytes).collect(),
            picks: picks.into_iter().map(|pick| pick.map_or(Pick::Random, Pick::Field)).collect(),
            size: turboshard::image::Size { height: 0, width: 0 },
            decode,
            random_crop,
            hflip,
            normalize,
        };
        enter::run(py, Some(1), |_| recipe.settle(&catalog, rows.as_deref()))?;
        let fingerprint = catalog.fingerprint_of(rows.as_deref());
        Ok(Self { catalog, recipe: Arc::new(recipe), rows, fingerprint, bank: Arc::new(Bank::of_batches()) })
    }

    fn __len__(&self) -> usize {
        self.rows.as_ref().map_or(self.catalog.len(), Vec::len)
    }

    #[getter]
    fn fingerprint(&self) -> String {
        self.fingerprint.to_string()
    }

    #[getter]
    fn shape(&self) -> Vec<usize> {
        let mut shape = vec![self.recipe.picks.len()];
        shape.extend(options::shape(self.recipe.size, &self.recipe.decode));
        shape
    }

    fn steps(&self, deal: PyDeal) -> u64 {
        self.deal(&deal).steps()
    }

    #[pyo3(signature = (deal, *, out=None, threads=None, prefetch=4, prefetch_bytes=1_073_741_824))]
    fn begin(
        &self,
        py: Python<'_>,
        deal: PyDeal,
        out: Option<Vec<Bound<'_, PyAny>>>,
        threads: Option<i64>,
        prefetch: usize,
        prefetch_bytes: usize,
    ) -> PyResult<PyIteration> {
        PyIteration::begin(py, self, deal, &out.unwrap_or_default(), (threads, prefetch, prefetch_bytes))
    }

    #[pyo3(signature = (samples, *, seed=0, epoch=0, out=None, threads=None))]
    fn load<'py>(
        &self,
        py: Python<'py>,
        samples: Vec<usize>,
        seed: u64,
        epoch: u64,
        out: Option<&Bound<'py, PyAny>>,
        threads: Option<i64>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let wanted = samples.iter().map(|&sample| self.sample(sample)).collect::<PyResult<Vec<_>>>()?;
        let mut output = Output::new(py, out, &[samples.len() * self.recipe.row_bytes()], &[])?;
        let pixels = output.bytes();
        let rows = enter::run(py, threads, |with| {
            let tools = (with.pool, &Stash::<Hand>::new(), with.cancel);
            loader::load(&self.catalog, &self.recipe, &wanted, Draw { seed, epoch }, tools, pixels)
        })?;
        let rows = wanted.into_iter().zip(rows).map(|(sample, row)| (sample, true, row)).collect();
        rows::columns(py, &self.catalog, rows, &output.finish())
    }
}

impl PyLoader {
    fn sample(&self, number: usize) -> PyResult<usize> {
        let found = match &self.rows {
            None => Some(number).filter(|&number| number < self.catalog.len()),
            Some(rows) => rows.get(number).map(|&row| row as usize),
        };
        found.ok_or_else(|| PyValueError::new_err(format!("no sample {number}")))
    }

    pub(crate) fn deal(&self, deal: &PyDeal) -> loader::Deal {
        deal.of(self.__len__() as u64)
    }

    /// The samples of the epoch in their order.
    pub(crate) fn order(&self, deal: &PyDeal) -> Vec<u32> {
        let order = deal.order(self.fingerprint, self.__len__() as u32);
        match &self.rows {
            Some(rows) => order.iter().filter_map(|&at| rows.get(at as usize).copied()).collect(),
            None => order,
        }
    }
}
