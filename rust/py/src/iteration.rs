//! A running epoch.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::{exceptions::PyRuntimeError, prelude::*, types::PyDict};
use turboshard::{
    catalog::Catalog,
    loader::{Draw, Iteration, Limits, Memory, Taken},
};

use crate::{
    enter, lend,
    loader::PyLoader,
    rows::{PyDeal, columns},
};

#[pyclass(frozen, name = "Iteration", module = "turboshard._core")]
pub(crate) struct PyIteration {
    /// Before the ring, so that its threads are gone when the buffers are.
    iteration: Option<Arc<Iteration>>,
    ring: lend::Ring,
    /// The caller's memory of the latest batch, given back when the next one is asked for.
    lent: Mutex<Option<Memory>>,
    catalog: Arc<Catalog>,
    bank: Arc<turboshard::loader::Bank>,
    generation: u64,
}

impl Drop for PyIteration {
    fn drop(&mut self) {
        // In a forked child its threads are not there to be waited for, and its locks may be held for ever.
        if self.generation != enter::generation() {
            std::mem::forget(self.iteration.take());
        }
    }
}

impl PyIteration {
    pub(crate) fn begin(
        py: Python<'_>,
        loader: &PyLoader,
        deal: PyDeal,
        out: &[Bound<'_, PyAny>],
        (threads, prefetch, bytes): (Option<i64>, usize, usize),
    ) -> PyResult<Self> {
        let batch = loader.recipe.row_bytes().saturating_mul(deal.batch_size as usize);
        let ring = lend::Ring::of(out, batch)?;
        let limits = Limits { threads: enter::resolve(py, threads)?, prefetch, bytes };
        let (memories, catalog, bank) =
            (ring.memories(), Arc::clone(&loader.catalog), Arc::clone(&loader.bank));
        let iteration = enter::run(py, Some(1), |_| {
            catalog.check_unchanged()?;
            let taken = Taken {
                catalog: Arc::clone(&catalog),
                recipe: Arc::clone(&loader.recipe),
                order: loader.order(&deal),
                draw: Draw { seed: deal.seed, epoch: deal.epoch },
                deal: loader.deal(&deal),
                bank: Arc::clone(&bank),
                ring: memories,
            };
            Iteration::begin(taken, limits)
        })?;
        let generation = enter::generation();
        Ok(Self {
            iteration: Some(Arc::new(iteration)),
            ring,
            lent: Mutex::default(),
            catalog,
            bank,
            generation,
        })
    }

    fn running(&self) -> PyResult<&Iteration> {
        match &self.iteration {
            Some(iteration) if self.generation == enter::generation() => Ok(iteration),
            _ => Err(PyRuntimeError::new_err(
                "this iteration was begun before the fork and its threads stayed in the parent; begin a new one",
            )),
        }
    }
}

#[pymethods]
impl PyIteration {
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let running = self.running()?;
        let lent = || self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let returned = lent().take();
        let Some(batch) = enter::run(py, Some(1), |with| running.next(returned, with.cancel))? else {
            return Ok(None);
        };
        let mut memory = batch.memory;
        let number = self.ring.number(&mut memory);
        let pixels = if let Some(number) = number {
            *lent() = Some(memory);
            number.into_pyobject(py)?.into_any()
        } else {
            let len = memory.len();
            lend::array(py, memory, len, &self.bank)?.into_any()
        };
        let found = columns(py, &self.catalog, batch.rows, &pixels)?;
        found.set_item("step", batch.step)?;
        found.set_item("delivered", batch.delivered)?;
        Ok(Some(found))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let Ok(running) = self.running() else { return Ok(()) };
        enter::run(py, Some(1), |_| {
            running.close();
            Ok(())
        })
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.running()?.stats();
        let told = PyDict::new(py);
        told.set_item("batches", stats.batches)?;
        told.set_item("images", stats.images)?;
        told.set_item("bytes_read", stats.bytes_read)?;
        told.set_item("waited", stats.waited)?;
        told.set_item("ready", stats.ready)?;
        Ok(told)
    }
}
