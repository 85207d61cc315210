//! The keywords that every call that decodes takes, and what they mean.

use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyDict, PyString},
};
use turboshard::{
    codec::DecodeOptions,
    image::{Crop, Filter, Layout, Mode, Size, Subsampling},
    loader::Normalize,
};

use crate::error;

/// Pillow's limit: above it a warning, above twice it an error.
pub(crate) use turboshard::codec::MANY_PIXELS as WARN_PIXELS;

/// Reads `size resample reduce crop mode layout exif strict truncated`; `call` is named in errors.
pub(crate) fn decode(call: &str, keywords: Option<&Bound<'_, PyDict>>) -> PyResult<DecodeOptions> {
    let mut options = DecodeOptions { max_pixels: Some(2 * WARN_PIXELS), ..Default::default() };
    for (key, value) in keywords.into_iter().flatten() {
        match &*key.extract::<String>()? {
            "size" => options.size = (!value.is_none()).then(|| size(&value)).transpose()?,
            "resample" => options.filter = filter(&value)?,
            "reduce" => options.reduce = reduce(&value)?,
            "crop" => options.crop = (!value.is_none()).then(|| crop(&value)).transpose()?,
            "mode" => options.mode = named::<Mode>(&value, "mode")?,
            "layout" => options.layout = named::<Layout>(&value, "layout")?,
            "exif" => options.exif = value.extract()?,
            "strict" => options.strict = value.extract()?,
            "truncated" => options.fill_truncated = fill_truncated(&value)?,
            other => {
                let words = format!("{call}() got an unexpected keyword argument '{other}'");
                return Err(PyTypeError::new_err(words));
            }
        }
    }
    Ok(options)
}

/// An int (square) or `(height, width)`.
pub(crate) fn size(value: &Bound<'_, PyAny>) -> PyResult<Size> {
    let wrong = || PyTypeError::new_err(format!("size must be an int or (height, width), not {value:?}"));
    let pair = value.extract::<i64>().map(|side| (side, side)).or_else(|_| value.extract());
    let (height, width) = pair.map_err(|_| wrong())?;
    match (usize::try_from(height), usize::try_from(width)) {
        (Ok(height @ 1..=MAX_SIDE), Ok(width @ 1..=MAX_SIDE)) => Ok(Size { height, width }),
        _ => Err(PyValueError::new_err(format!("size ({height}, {width}) is not within 1 to {MAX_SIDE}"))),
    }
}

/// As many as a JPEG can have.
const MAX_SIDE: usize = 65_535;

/// A filter by name or by the number Pillow gives it.
pub(crate) fn filter(value: &Bound<'_, PyAny>) -> PyResult<Filter> {
    if value.is_instance_of::<PyString>() {
        return named(value, "resample");
    }
    Ok(match value.extract::<i64>() {
        Ok(0) => Filter::Nearest,
        Ok(1) => Filter::Lanczos3,
        Ok(2) => Filter::Bilinear,
        Ok(3) => Filter::Bicubic,
        Ok(4) => Filter::Box,
        Ok(5) => Filter::Hamming,
        Ok(other) => {
            return Err(PyValueError::new_err(format!(
                "resample {other} is none of Pillow's filters 0 to 5"
            )));
        }
        Err(_) => return Err(PyTypeError::new_err("resample must be a name or one of Pillow's filters")),
    })
}

fn reduce(value: &Bound<'_, PyAny>) -> PyResult<u8> {
    match value.extract::<i64>() {
        Ok(by @ (1 | 2 | 4 | 8)) => Ok(by as u8),
        _ => Err(PyValueError::new_err(format!("reduce must be 1, 2, 4 or 8, not {value:?}"))),
    }
}

fn crop(value: &Bound<'_, PyAny>) -> PyResult<Crop> {
    let given: [i64; 4] = value
        .extract::<(i64, i64, i64, i64)>()
        .map(Into::into)
        .map_err(|_| PyTypeError::new_err(format!("crop must be (y, x, height, width), not {value:?}")))?;
    match given.map(usize::try_from) {
        [Ok(y), Ok(x), Ok(height @ 1..), Ok(width @ 1..)] => Ok(Crop { y, x, height, width }),
        _ => Err(PyValueError::new_err(format!("crop {value:?} is empty or negative"))),
    }
}

fn fill_truncated(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    match value.extract::<String>().as_deref() {
        Ok("error") => Ok(false),
        Ok("fill") => Ok(true),
        _ => Err(PyValueError::new_err(format!("truncated {} is none of 'error', 'fill'", value.repr()?))),
    }
}

/// Means and deviations, one a channel.
pub(crate) fn normalize(mean: &[f32], std: &[f32], channels: usize) -> PyResult<Normalize> {
    if mean.len() != channels || std.len() != channels {
        return Err(PyTypeError::new_err(format!(
            "normalize takes {channels} means and {channels} deviations"
        )));
    }
    Ok(Normalize::new(mean, std))
}

/// Anything the core can read from its name.
fn named<T: std::str::FromStr<Err = turboshard::error::Error>>(
    value: &Bound<'_, PyAny>,
    keyword: &str,
) -> PyResult<T> {
    let name: String = value
        .extract()
        .map_err(|_| PyTypeError::new_err(format!("{keyword} must be a str, not {value:?}")))?;
    name.parse().map_err(|failed| error::to_python(value.py(), &failed))
}

/// `"420"`, `"4:2:0"`, …
pub(crate) fn subsampling(value: &Bound<'_, PyAny>) -> PyResult<Subsampling> {
    named(value, "subsampling")
}

/// Axes of a result of that size.
pub(crate) fn shape(size: Size, options: &DecodeOptions) -> Vec<usize> {
    let Size { height, width } = size;
    match (options.mode.channels(), options.layout) {
        (1, _) => vec![height, width],
        (channels, Layout::Hwc) => vec![height, width, channels],
        (channels, Layout::Chw) => vec![channels, height, width],
    }
}
