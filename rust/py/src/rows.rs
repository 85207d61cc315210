//! Which part of an epoch, and its rows as columns.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use numpy::PyArray1;
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict, PyList},
};
use turboshard::{
    catalog::Catalog,
    digest::Digest,
    loader::{self, Deal, Row},
};

use crate::{enter, error, image};

/// Which part of which epoch; a dict in Python.
#[derive(FromPyObject, Clone)]
#[pyo3(from_item_all)]
pub(crate) struct PyDeal {
    pub(crate) seed: u64,
    pub(crate) epoch: u64,
    shuffle: bool,
    start: u64,
    rank: u64,
    world_size: u64,
    pub(crate) batch_size: u64,
    drop_last: bool,
    worker: u64,
    workers: u64,
}

impl PyDeal {
    pub(crate) fn of(&self, samples: u64) -> Deal {
        let Self { start, rank, world_size, batch_size, drop_last, worker, workers, .. } = *self;
        Deal { samples, start, rank, world_size, batch_size, drop_last, worker, workers }
    }

    /// So many samples in their order.
    pub(crate) fn order(&self, fingerprint: Digest, samples: u32) -> Vec<u32> {
        if self.shuffle {
            loader::permutation(self.seed, self.epoch, fingerprint, samples)
        } else {
            (0..samples).collect()
        }
    }
}

/// Rows as Python has them: a column each.
pub(crate) fn columns<'py>(
    py: Python<'py>,
    catalog: &Catalog,
    rows: Vec<(usize, bool, Row)>,
    pixels: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    image::warn_if_large(py, rows.iter().map(|(_, _, row)| row.pixels).max().unwrap_or(0))?;
    let found = PyDict::new(py);
    found.set_item("pixels", pixels)?;
    found.set_item("samples", PyArray1::from_iter(py, rows.iter().map(|(sample, _, _)| *sample as i64)))?;
    let key = |sample: usize| {
        catalog
            .locate(sample)
            .map_or(OsStr::new(""), |(shard, number)| OsStr::from_bytes(shard.index().key(number)))
    };
    found.set_item("keys", PyList::new(py, rows.iter().map(|(sample, _, _)| key(*sample)))?)?;
    found.set_item("valid", rows.iter().map(|(_, valid, _)| *valid).collect::<Vec<_>>())?;
    found.set_item("fields", rows.iter().map(|(_, _, row)| row.fields.clone()).collect::<Vec<_>>())?;
    let json = rows.iter().map(|(_, _, row)| row.json.as_ref().map(|json| PyBytes::new(py, json)));
    found.set_item("json", PyList::new(py, json)?)?;
    let errors = PyList::empty(py);
    for (number, (_, _, row)) in rows.iter().enumerate() {
        for (place, failed) in &row.errors {
            errors.append((number, *place, error::to_python(py, failed)))?;
        }
    }
    found.set_item("errors", errors)?;
    Ok(found)
}

/// The order of an epoch of so many samples.
#[pyfunction]
#[pyo3(signature = (seed, epoch, fingerprint, samples))]
pub(crate) fn permutation<'py>(
    py: Python<'py>,
    seed: u64,
    epoch: u64,
    fingerprint: &str,
    samples: u32,
) -> PyResult<Bound<'py, PyArray1<u32>>> {
    let fingerprint = enter::run(py, Some(1), |_| fingerprint.parse())?;
    Ok(PyArray1::from_vec(py, loader::permutation(seed, epoch, fingerprint, samples)))
}
