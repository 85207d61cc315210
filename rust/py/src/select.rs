//! Which samples and which of their fields: the words of `--select` and `--where`.

use pyo3::{prelude::*, types::PyDict};
use serde_json::Value;
use turboshard::{
    error::Result,
    reghead,
    reshard::select::{self, Condition, Fields},
};

use crate::error;

/// Fields to keep and conditions to meet.
#[pyclass(frozen, name = "Selection", module = "turboshard._core")]
pub(crate) struct PySelection {
    fields: Fields,
    conditions: Vec<Condition>,
}

#[pymethods]
impl PySelection {
    #[new]
    #[pyo3(signature = (fields, conditions))]
    fn new(py: Python<'_>, fields: Vec<String>, conditions: Vec<String>) -> PyResult<Self> {
        let read = || -> Result<Self> {
            let conditions = conditions.into_iter().map(Condition::try_from).collect::<Result<_>>()?;
            Ok(Self { fields: Fields::parse(&fields)?, conditions })
        };
        read().map_err(|failed| error::to_python(py, &failed))
    }

    fn check(&self, py: Python<'_>, fields: Vec<String>) -> PyResult<()> {
        self.fields.check_against(&fields).map_err(|failed| error::to_python(py, &failed))
    }

    fn keeps(&self, field: &str) -> bool {
        self.fields.keeps(field)
    }

    fn holds(&self, key: &str, json: Option<&[u8]>) -> bool {
        let json = json.and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
        let identity = select::identity(json.as_ref(), key);
        let json = json.as_ref().unwrap_or(&Value::Null);
        self.conditions.iter().all(|condition| condition.holds(json, identity))
    }
}

/// The identity in a key of RegHead's form; any other key is its own.
#[pyfunction]
pub(crate) fn identity_of(key: &str) -> &str {
    select::identity_in_key(key)
}

/// What a RegHead identity's name says, or `None`.
#[pyfunction]
pub(crate) fn reghead_facts<'py>(py: Python<'py>, identity: &str) -> PyResult<Option<Bound<'py, PyDict>>> {
    let Some(found) = reghead::split_identity(identity) else { return Ok(None) };
    let facts = PyDict::new(py);
    facts.set_item("number", found.number)?;
    facts.set_item("animal", found.animal)?;
    facts.set_item("style", reghead::canonical_style(found.style))?;
    facts.set_item("feature", found.feature)?;
    facts.set_item("accessories", found.accessories)?;
    Ok(Some(facts))
}
