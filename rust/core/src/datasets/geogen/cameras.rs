//! A subject's cameras, in whatever shape its JSON has them: matrices nested or flat, a list or an object a view, or all
//! extrinsics beside all intrinsics. Nothing is converted: conventions are documented nowhere, so that shapes stay as found.

use serde_json::Value;

use crate::error::{Error, Result};

/// A matrix of 3×3, 3×4 or 4×4.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// 3 or 4.
    pub rows: usize,
    /// 3 or 4.
    pub columns: usize,
    /// Row after row.
    pub values: Vec<f64>,
}

/// The cameras, in the order of the JSON; the two lists are of equal length, unless all views share their intrinsics.
#[derive(Debug, Clone, PartialEq)]
pub struct Cameras {
    /// World to camera, or the other way: as the publisher means it.
    pub extrinsics: Vec<Matrix>,
    /// Pixels: focal lengths and principal point.
    pub intrinsics: Vec<Matrix>,
}

/// Reads a subject's JSON.
///
/// # Errors
/// `Data` if it has no cameras, or what it has is no matrix.
pub fn parse(json: &[u8]) -> Result<Cameras> {
    let document: Value =
        serde_json::from_slice(json).map_err(|e| Error::data(format!("not the JSON of a subject: {e}")))?;
    let cameras = member(&document, "cameras").ok_or_else(|| Error::data("it has no cameras"))?;
    let mut found = Cameras { extrinsics: Vec::new(), intrinsics: Vec::new() };
    collect(cameras, &mut found, 0)?;
    let (views, inner) = (found.extrinsics.len(), found.intrinsics.len());
    if views == 0 || (inner != views && inner != 1) {
        return Err(Error::data(format!("cameras with {views} extrinsics and {inner} intrinsics")));
    }
    Ok(found)
}

/// The value under the first key that has that word in it.
fn member<'v>(value: &'v Value, word: &str) -> Option<&'v Value> {
    value.as_object()?.iter().find(|(key, _)| key.to_lowercase().contains(word)).map(|(_, value)| value)
}

fn collect(value: &Value, found: &mut Cameras, depth: usize) -> Result<()> {
    if depth > 4 {
        return Ok(());
    }
    let (extrinsic, intrinsic) = (member(value, "extrinsic"), member(value, "intrinsic"));
    if let Some(value) = extrinsic {
        matrices(value, "extrinsics", &mut found.extrinsics)?;
    }
    if let Some(value) = intrinsic {
        matrices(value, "intrinsics", &mut found.intrinsics)?;
    }
    if extrinsic.is_some() || intrinsic.is_some() {
        return Ok(());
    }
    each(value).try_for_each(|value| collect(value, found, depth + 1))
}

/// The values of a list or an object.
fn each(value: &Value) -> impl Iterator<Item = &Value> {
    let (list, object) = (value.as_array(), value.as_object());
    list.into_iter().flatten().chain(object.into_iter().flat_map(|object| object.values()))
}

/// A matrix, or several of them.
fn matrices(value: &Value, what: &str, found: &mut Vec<Matrix>) -> Result<()> {
    if let Some(matrix) = matrix(value) {
        found.push(matrix);
        return Ok(());
    }
    let before = found.len();
    for value in each(value) {
        let matrix = matrix(value).ok_or_else(|| no_matrix(what, value))?;
        found.push(matrix);
    }
    if found.len() == before { Err(no_matrix(what, value)) } else { Ok(()) }
}

fn no_matrix(what: &str, value: &Value) -> Error {
    let text: String = value.to_string().chars().take(60).collect();
    Error::data(format!("{what} that are no matrix of 3×3, 3×4 or 4×4: {text}"))
}

fn matrix(value: &Value) -> Option<Matrix> {
    let list = value.as_array()?;
    if list.iter().all(Value::is_number) {
        let (rows, columns) = match list.len() {
            9 => (3, 3),
            12 => (3, 4),
            16 => (4, 4),
            _ => return None,
        };
        return Some(Matrix { rows, columns, values: list.iter().filter_map(Value::as_f64).collect() });
    }
    let rows: Vec<&Vec<Value>> = list.iter().map(Value::as_array).collect::<Option<_>>()?;
    let columns = rows.first()?.len();
    let shaped = matches!((rows.len(), columns), (3, 3 | 4) | (4, 4));
    if !shaped || rows.iter().any(|row| row.len() != columns) {
        return None;
    }
    let values: Option<Vec<f64>> = rows.into_iter().flatten().map(Value::as_f64).collect();
    Some(Matrix { rows: list.len(), columns, values: values? })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const K: &str = "[[711,0,256],[0,711,256],[0,0,1]]";
    const E: &str = "[1,0,0,0.5,0,1,0,0,0,0,1,2]";

    #[test]
    fn every_shape_gives_the_same_cameras() {
        for cameras in [
            format!("[{{\"extrinsics\":{E},\"intrinsics\":{K}}},{{\"extrinsics\":{E},\"intrinsics\":{K}}}]"),
            format!(
                "{{\"0\":{{\"Extrinsic_matrix\":{E},\"intrinsic\":{K}}},\"1\":{{\"extrinsic\":{E},\"intrinsic\":{K}}}}}"
            ),
            format!("{{\"extrinsics\":[{E},{E}],\"intrinsics\":[{K},{K}]}}"),
            format!("{{\"intrinsics\":{{\"a\":{K},\"b\":{K}}},\"extrinsics\":{{\"a\":{E},\"b\":{E}}}}}"),
        ] {
            let found = parse(format!("{{\"name\":\"x\",\"cameras\":{cameras}}}").as_bytes()).unwrap();
            assert_eq!((found.extrinsics.len(), found.intrinsics.len()), (2, 2), "{cameras}");
            assert_eq!((found.extrinsics[1].rows, found.extrinsics[1].columns), (3, 4));
            assert_eq!(found.intrinsics[1].values, [711.0, 0.0, 256.0, 0.0, 711.0, 256.0, 0.0, 0.0, 1.0]);
        }
        let shared =
            parse(format!("{{\"cameras\":{{\"extrinsics\":[{E},{E}],\"intrinsics\":{K}}}}}").as_bytes());
        assert_eq!(shared.unwrap().intrinsics.len(), 1);
    }

    #[test]
    fn what_is_no_camera_is_said() {
        for json in [
            "",
            "[]",
            "{}",
            "{\"cameras\":[]}",
            "{\"cameras\":{\"extrinsics\":[1,2],\"intrinsics\":[]}}",
            "{\"cameras\":{\"extrinsics\":[[1,2,3],[1,2],[1,2,3]]}}",
            "{\"cameras\":{\"extrinsics\":[1,2,3,4,5,6,7,8,9]}}",
        ] {
            assert!(parse(json.as_bytes()).is_err(), "{json}");
        }
    }
}
