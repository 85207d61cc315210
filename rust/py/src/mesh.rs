//! Meshes: OBJ to arrays, arrays to PLY.

use numpy::{Element, PyArray1, PyArrayMethods, PyReadonlyArray2};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyBytes, PyDict},
};
use turboshard::{
    datasets::headspace,
    mesh::{
        Mesh, obj,
        ply::{self, Precision},
    },
};

use crate::{buffer, enter};

fn precision(dtype: &str) -> PyResult<Precision> {
    match dtype {
        "float32" => Ok(Precision::Single),
        "float64" => Ok(Precision::Double),
        _ => Err(PyValueError::new_err(format!("dtype {dtype} is none of 'float32', 'float64'"))),
    }
}

/// Reads an OBJ.
#[pyfunction]
#[pyo3(signature = (data, *, dtype="float64"))]
pub(crate) fn decode_obj<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    dtype: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let precision = precision(dtype)?;
    let text = buffer::bytes_like(data)?;
    let mesh = enter::inline(py, |_| obj::parse(&text))?;
    let columns = PyDict::new(py);
    let coordinates = [
        ("vertices", mesh.vertices, 3),
        ("colors", mesh.colors, mesh.channels),
        ("uv", mesh.uv, 2),
        ("normals", mesh.normals, 3),
    ];
    for (name, values, width) in coordinates {
        let rows = if precision == Precision::Double {
            rows(py, values, width)?
        } else {
            rows(py, values.into_iter().map(|value| value as f32).collect(), width)?
        };
        columns.set_item(name, rows)?;
    }
    columns.set_item("faces", rows(py, mesh.faces, 3)?)?;
    columns.set_item("face_uv", rows(py, mesh.face_uv, 3)?)?;
    columns.set_item("face_normals", rows(py, mesh.face_normals, 3)?)?;
    columns.set_item("face_sizes", PyArray1::from_vec(py, mesh.face_sizes))?;
    columns.set_item("materials", mesh.materials)?;
    Ok(columns)
}

fn rows<T: Element>(py: Python<'_>, values: Vec<T>, width: usize) -> PyResult<Bound<'_, PyAny>> {
    let shape = [values.len() / width.max(1), width];
    Ok(PyArray1::from_vec(py, values).reshape(shape)?.into_any())
}

/// Writes a PLY.
#[pyfunction]
#[pyo3(signature = (vertices, faces, *, colors=None, uv=None, face_uv=None, texture=None, dtype="float32"))]
#[allow(clippy::too_many_arguments)] // the mesh's arrays
pub(crate) fn encode_ply<'py>(
    py: Python<'py>,
    vertices: PyReadonlyArray2<'py, f64>,
    faces: PyReadonlyArray2<'py, i32>,
    colors: Option<PyReadonlyArray2<'py, f64>>,
    uv: Option<PyReadonlyArray2<'py, f64>>,
    face_uv: Option<PyReadonlyArray2<'py, i32>>,
    texture: Option<&str>,
    dtype: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    let precision = precision(dtype)?;
    let mesh = Mesh {
        channels: colors.as_ref().map_or(0, |colors| colors.as_array().ncols()),
        vertices: column("vertices", Some(vertices), &[3])?,
        faces: column("faces", Some(faces), &[3])?,
        colors: column("colors", colors, &[3, 4])?,
        uv: column("uv", uv, &[2])?,
        face_uv: column("face_uv", face_uv, &[3])?,
        ..Mesh::default()
    };
    let bytes = enter::inline(py, |_| ply::write(&mesh, precision, texture))?;
    Ok(PyBytes::new(py, &bytes))
}

/// The numbers of an array, row by row; a copy, as another thread may write to the array.
fn column<T: Element + Copy>(
    name: &str,
    array: Option<PyReadonlyArray2<'_, T>>,
    widths: &[usize],
) -> PyResult<Vec<T>> {
    let Some(array) = array else { return Ok(Vec::new()) };
    let array = array.as_array();
    if widths.contains(&array.ncols()) {
        return Ok(array.iter().copied().collect());
    }
    Err(PyValueError::new_err(format!("{name} has {} columns, not {}", array.ncols(), widths[0])))
}

/// Reads Headspace's landmarks.
#[pyfunction]
#[pyo3(signature = (data, *, vertices))]
pub(crate) fn headspace_landmarks<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    vertices: usize,
) -> PyResult<Bound<'py, PyArray1<u32>>> {
    let text = buffer::bytes_like(data)?;
    let found = enter::inline(py, |_| headspace::landmarks(&text, vertices))?;
    Ok(PyArray1::from_vec(py, found))
}
