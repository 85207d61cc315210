//! `torch.save`'s zip: `NAME/data.pkl` beside the raw values, `NAME/data/KEY`.

use std::io::{Cursor, Read};

use zip::{ZipArchive, result::ZipError};

use super::{
    Tensor,
    pickle::{self, Storage, Value, View},
};
use crate::{
    archive::Options,
    error::{Error, Result},
    fault::ArchiveFault,
};

/// Bytes of a pickle: what describes tensors is small.
const MAX_PICKLE: u64 = 16 << 20;
/// Values of one tensor: far more than any latent has.
const MAX_VALUES: usize = 1 << 28;

/// The tensors of a file: those of a dictionary by their names, one alone under an empty name. Other values of the
/// dictionary are passed over.
///
/// # Errors
/// `Data` for what is no file of `torch.save` since version 1.6, and for a pickle that asks for anything but tensors;
/// `Archive` for an unsound zip.
pub fn read(file: &[u8]) -> Result<Vec<(String, Tensor)>> {
    if !file.starts_with(b"PK") {
        return Err(Error::data("not a zip, which torch.save writes since torch 1.6"));
    }
    let mut archive = ZipArchive::new(Cursor::new(file)).map_err(corrupt)?;
    let pickled = archive.file_names_raw().map(<[u8]>::to_vec).find(|name| name.ends_with(b"/data.pkl"));
    let Some(folder) = pickled.and_then(|name| name.strip_suffix(b"data.pkl").map(<[u8]>::to_vec)) else {
        return Err(Error::data("no data.pkl is in the zip"));
    };
    let order = entry(&mut archive, &folder, "byteorder", 16);
    if order.is_ok_and(|order| order != b"little") {
        return Err(Error::data("values that are not little-endian"));
    }
    let root = pickle::read(&entry(&mut archive, &folder, "data.pkl", MAX_PICKLE)?)?;
    let views: Vec<(String, View)> = match root {
        Value::Tensor(view) => vec![(String::new(), view)],
        Value::Dict(items) => items
            .into_iter()
            .filter_map(|(key, value)| match (key, value) {
                (Value::Text(key), Value::Tensor(view)) => Some((key, view)),
                _ => None,
            })
            .collect(),
        _ => return Err(Error::data("neither a tensor nor a dictionary of tensors")),
    };
    let mut storages: Vec<(Storage, Vec<u8>)> = Vec::new();
    let mut tensors = Vec::with_capacity(views.len());
    for (name, view) in views {
        if !storages.iter().any(|(storage, _)| *storage == view.storage) {
            let bytes = values(&mut archive, &folder, &view.storage)?;
            storages.push((view.storage.clone(), bytes));
        }
        let bytes = storages.iter().find(|(storage, _)| *storage == view.storage);
        tensors.push((name, gather(&view, bytes.map_or(&[], |(_, bytes)| bytes))?));
    }
    Ok(tensors)
}

fn values(archive: &mut ZipArchive<Cursor<&[u8]>>, folder: &[u8], storage: &Storage) -> Result<Vec<u8>> {
    let size = storage.count.checked_mul(storage.dtype.size()).filter(|&size| size / 8 <= MAX_VALUES);
    let size = size.ok_or_else(|| Error::data("a tensor of too many values"))?;
    let bytes = entry(archive, folder, &format!("data/{}", storage.key), size as u64)?;
    if bytes.len() != size {
        return Err(Error::data(format!("a storage of {} bytes where {size} are due", bytes.len())));
    }
    Ok(bytes)
}

/// An entry's bytes, at most so many.
fn entry(archive: &mut ZipArchive<Cursor<&[u8]>>, folder: &[u8], name: &str, limit: u64) -> Result<Vec<u8>> {
    let path = [folder, name.as_bytes()].concat();
    let file = archive.by_name_raw(&path).map_err(corrupt)?;
    let size = file.size();
    if size > limit {
        return Err(Error::archive(ArchiveFault::TooLarge { size, limit }).in_member(&path));
    }
    Options::default().check_ratio(size, file.compressed_size())?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| corrupt(ZipError::Io(e)).in_member(&path))?;
    Ok(bytes)
}

#[allow(clippy::needless_pass_by_value)] // it is what maps errors
fn corrupt(error: ZipError) -> Error {
    Error::archive(ArchiveFault::Corrupt(error.to_string()))
}

/// The values of a view, one after the other.
fn gather(view: &View, storage: &[u8]) -> Result<Tensor> {
    let size = view.storage.dtype.size();
    let outside = || Error::data("a tensor that reaches out of its storage");
    let count = view.shape.iter().try_fold(1_usize, |count, &length| count.checked_mul(length));
    // A stride of 0 repeats values, so that few bytes could claim many.
    let count = count
        .filter(|&count| count <= MAX_VALUES && count <= storage.len() / size.max(1))
        .ok_or_else(outside)?;
    let mut bytes = Vec::with_capacity(count * size);
    let mut at = vec![0_usize; view.shape.len()];
    for _ in 0..count {
        let steps = at.iter().zip(&view.stride);
        let place =
            steps.clone().try_fold(view.offset, |sum, (&i, &stride)| sum.checked_add(i.checked_mul(stride)?));
        let start = place.and_then(|place| place.checked_mul(size)).ok_or_else(outside)?;
        let end = start.checked_add(size).ok_or_else(outside)?;
        bytes.extend(storage.get(start..end).ok_or_else(outside)?);
        for (index, &length) in at.iter_mut().zip(&view.shape).rev() {
            *index += 1;
            if *index < length {
                break;
            }
            *index = 0;
        }
    }
    Ok(Tensor { dtype: view.storage.dtype, shape: view.shape.clone(), bytes })
}

/// A file that holds these float32 tensors in a dictionary, as `torch.save` writes it; one without a name stands alone.
///
/// # Errors
/// `Internal`, which no tensor can cause.
pub fn write(tensors: &[(&str, &Tensor)]) -> Result<Vec<u8>> {
    use std::io::Write;

    use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

    let alone = matches!(tensors, [("", _)]);
    let mut pickle = vec![0x80, 2];
    pickle.extend(if alone { &b""[..] } else { b"}(" });
    let text = |pickle: &mut Vec<u8>, text: &str| {
        pickle.push(b'X');
        pickle.extend((text.len() as u32).to_le_bytes());
        pickle.extend(text.as_bytes());
    };
    let tuple = |pickle: &mut Vec<u8>, values: &[usize]| {
        pickle.push(b'(');
        for &value in values {
            pickle.push(b'J');
            pickle.extend((value as i32).to_le_bytes());
        }
        pickle.push(b't');
    };
    for (number, (name, tensor)) in tensors.iter().enumerate() {
        if !alone {
            text(&mut pickle, name);
        }
        let count = tensor.shape.iter().product();
        let strides = tensor.shape.iter().scan(count, |rest: &mut usize, &length| {
            *rest /= length.max(1);
            Some(*rest)
        });
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut pickle, "storage");
        pickle.extend(b"ctorch\nFloatStorage\n");
        text(&mut pickle, &number.to_string());
        text(&mut pickle, "cpu");
        pickle.push(b'J');
        pickle.extend((count as i32).to_le_bytes());
        pickle.extend(b"tQK\0");
        tuple(&mut pickle, &tensor.shape);
        tuple(&mut pickle, &strides.collect::<Vec<_>>());
        pickle.extend(b"\x89ccollections\nOrderedDict\n)RtR");
    }
    pickle.extend(if alone { &b"."[..] } else { b"u." });
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::DEFAULT);
    let mut put = |name: &str, bytes: &[u8]| -> Result<()> {
        zip.start_file(format!("archive/{name}"), options).map_err(corrupt)?;
        zip.write_all(bytes).map_err(|e| corrupt(ZipError::Io(e)))
    };
    put("data.pkl", &pickle)?;
    put("byteorder", b"little")?;
    for (number, (_, tensor)) in tensors.iter().enumerate() {
        put(&format!("data/{number}"), &tensor.bytes)?;
    }
    put("version", b"3\n")?;
    Ok(zip.finish().map_err(corrupt)?.into_inner())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::datasets::tensor::Dtype;

    fn tensor(shape: &[usize]) -> Tensor {
        let count = shape.iter().product::<usize>();
        let bytes = (0..count).flat_map(|value| (value as f32).to_le_bytes()).collect();
        Tensor { dtype: Dtype::F32, shape: shape.to_vec(), bytes }
    }

    #[test]
    fn what_is_written_reads_back() {
        let (a, b) = (tensor(&[1, 3, 4]), tensor(&[2]));
        let found = read(&write(&[("latent", &a), ("attribute", &b)]).unwrap()).unwrap();
        assert_eq!(found, [("latent".to_owned(), a.clone()), ("attribute".to_owned(), b)]);
        assert_eq!(read(&write(&[("", &a)]).unwrap()).unwrap(), [(String::new(), a)]);
    }

    #[test]
    fn a_view_is_gathered_and_never_reaches_outside() {
        let storage = Storage { dtype: Dtype::F32, key: "0".to_owned(), count: 12 };
        let all = tensor(&[12]).bytes;
        let transposed = View { storage, offset: 0, shape: vec![4, 3], stride: vec![1, 4] };
        let found = gather(&transposed, &all).unwrap();
        let wanted: Vec<u8> =
            [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11].iter().flat_map(|&v| (v as f32).to_le_bytes()).collect();
        assert_eq!(found.bytes, wanted);
        for (offset, shape, stride) in [
            (1, vec![4, 3], vec![1, 4]),
            (0, vec![12], vec![2]),
            (0, vec![1 << 40], vec![0]),
            (usize::MAX, vec![1], vec![1]),
        ] {
            let view = View { offset, shape, stride, ..transposed.clone() };
            assert!(gather(&view, &all).is_err(), "{view:?}");
        }
    }

    #[test]
    fn no_damage_of_the_pickle_is_more_than_an_error() {
        let file = write(&[("latent", &tensor(&[2, 2]))]).unwrap();
        let at = file.windows(2).position(|pair| pair == [0x80, 2]).unwrap();
        let end = at + file[at..].windows(2).position(|pair| pair == b"u.").unwrap();
        let pickle = &file[at..];
        let mut refused = 0;
        for place in 0..end - at {
            for value in [0, b'.', b'(', b'R', b'h', 0xff] {
                let mut bent = pickle.to_vec();
                bent[place] = value;
                refused += u32::from(pickle::read(&bent).is_err());
            }
        }
        assert!(refused > 300, "{refused}");
    }
}
