//! What a pickle of tensors is made of: values, the names that may be mentioned, and what they mean.

use super::refused;
use crate::{datasets::tensor::Dtype, error::Result};

/// What a pickle says.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::datasets::tensor) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// A list or a tuple.
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    Tensor(View),
    /// A name that may be mentioned.
    Known(Known),
    Storage(Storage),
    /// Where the values of a list, tuple or dictionary begin.
    Mark,
}

/// Names that may be mentioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::datasets::tensor) enum Known {
    RebuildTensor,
    OrderedDict,
    StorageOf(Dtype),
}

/// Values that lie in a file beside the pickle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::datasets::tensor) struct Storage {
    pub(in crate::datasets::tensor) dtype: Dtype,
    /// Name of the file.
    pub(in crate::datasets::tensor) key: String,
    /// Number of values.
    pub(in crate::datasets::tensor) count: usize,
}

/// A window into a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::datasets::tensor) struct View {
    pub(in crate::datasets::tensor) storage: Storage,
    pub(in crate::datasets::tensor) offset: usize,
    pub(in crate::datasets::tensor) shape: Vec<usize>,
    pub(in crate::datasets::tensor) stride: Vec<usize>,
}

/// The name of that module, if it may be mentioned.
pub(super) fn known(module: &str, name: &str) -> Result<Known> {
    Ok(match (module, name) {
        ("torch._utils", "_rebuild_tensor_v2") => Known::RebuildTensor,
        ("collections", "OrderedDict") => Known::OrderedDict,
        ("torch", "HalfStorage") => Known::StorageOf(Dtype::F16),
        ("torch", "FloatStorage") => Known::StorageOf(Dtype::F32),
        ("torch", "DoubleStorage") => Known::StorageOf(Dtype::F64),
        ("torch", "ByteStorage") => Known::StorageOf(Dtype::U8),
        ("torch", "CharStorage") => Known::StorageOf(Dtype::I8),
        ("torch", "ShortStorage") => Known::StorageOf(Dtype::I16),
        ("torch", "IntStorage") => Known::StorageOf(Dtype::I32),
        ("torch", "LongStorage") => Known::StorageOf(Dtype::I64),
        ("torch", "BoolStorage") => Known::StorageOf(Dtype::Bool),
        _ => return Err(refused(format!("it asks for {module}.{name}, and nothing but tensors is read"))),
    })
}

/// Values within a value: what a copy of it costs.
pub(super) fn weight(value: &Value) -> usize {
    1 + match value {
        Value::List(list) => list.iter().map(weight).sum(),
        Value::Dict(dict) => dict.iter().map(|(key, value)| weight(key) + weight(value)).sum(),
        Value::Text(text) => text.len() / 16,
        _ => 0,
    }
}

pub(super) fn depth(value: &Value) -> usize {
    match value {
        Value::List(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Dict(dict) => {
            1 + dict.iter().map(|(key, value)| depth(key).max(depth(value))).max().unwrap_or(0)
        }
        _ => 0,
    }
}

/// What `('storage', type, key, location, count)` names.
pub(super) fn storage(id: Value) -> Result<Storage> {
    let wrong = || refused("a storage that is none");
    let Value::List(parts) = id else { return Err(wrong()) };
    match parts.as_slice() {
        [
            Value::Text(word),
            Value::Known(Known::StorageOf(dtype)),
            Value::Text(key),
            Value::Text(_),
            Value::Int(count),
        ] if word == "storage" => {
            let count = usize::try_from(*count).map_err(|_| wrong())?;
            Ok(Storage { dtype: *dtype, key: key.clone(), count })
        }
        _ => Err(wrong()),
    }
}

/// The two calls that may be asked for.
pub(super) fn call(function: &Value, arguments: Value) -> Result<Value> {
    let Value::List(arguments) = arguments else { return Err(refused("a call without arguments")) };
    match (function, arguments.as_slice()) {
        (Value::Known(Known::OrderedDict), []) => Ok(Value::Dict(Vec::new())),
        (
            Value::Known(Known::RebuildTensor),
            [Value::Storage(storage), Value::Int(offset), Value::List(shape), Value::List(stride), ..],
        ) => {
            let lengths = |list: &[Value]| -> Option<Vec<usize>> {
                let length = |value: &Value| match value {
                    Value::Int(length) => usize::try_from(*length).ok(),
                    _ => None,
                };
                list.iter().map(length).collect()
            };
            let parts = (usize::try_from(*offset).ok(), lengths(shape), lengths(stride));
            match parts {
                (Some(offset), Some(shape), Some(stride)) if shape.len() == stride.len() => {
                    Ok(Value::Tensor(View { storage: storage.clone(), offset, shape, stride }))
                }
                _ => Err(refused("a tensor of no shape")),
            }
        }
        _ => Err(refused("a call that is none of a tensor's")),
    }
}
