//! `.npy`, version 1.0, in C order.

use super::{Dtype, Tensor};
use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"\x93NUMPY\x01\x00";
/// The header ends at a multiple of this, as numpy pads it.
const ALIGN: usize = 64;
const DTYPES: [Dtype; 9] = [
    Dtype::F16,
    Dtype::F32,
    Dtype::F64,
    Dtype::U8,
    Dtype::I8,
    Dtype::I16,
    Dtype::I32,
    Dtype::I64,
    Dtype::Bool,
];

/// The file of an array, as `numpy.save` writes it.
pub fn write(tensor: &Tensor) -> Vec<u8> {
    let lengths: Vec<String> = tensor.shape.iter().map(usize::to_string).collect();
    let comma = if lengths.len() == 1 { "," } else { "" };
    let shape = format!("({}{comma})", lengths.join(", "));
    let dtype = tensor.dtype.name();
    let mut header = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}");
    let unpadded = MAGIC.len() + 2 + header.len() + 1;
    header.push_str(&" ".repeat(unpadded.next_multiple_of(ALIGN) - unpadded));
    header.push('\n');
    let mut file = MAGIC.to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(&tensor.bytes);
    file
}

/// Reads such a file.
///
/// # Errors
/// `Data` for another version, order or type, and for more or fewer values than the shape has.
pub fn read(file: &[u8]) -> Result<Tensor> {
    let wrong = |words: &str| Error::data(format!("not an .npy that can be read: {words}"));
    let rest = file.strip_prefix(MAGIC).ok_or_else(|| wrong("another format or version"))?;
    let (length, rest) = rest.split_first_chunk().ok_or_else(|| wrong("it is cut off"))?;
    let length = u16::from_le_bytes(*length) as usize;
    let (header, bytes) = rest.split_at_checked(length).ok_or_else(|| wrong("it is cut off"))?;
    let header = std::str::from_utf8(header).map_err(|_| wrong("its header is no text"))?;
    let value = |key: &str| {
        let rest = header.split_once(key)?.1;
        Some(rest.trim_start_matches(['\'', ':', ' ']))
    };
    let descr = value("'descr").and_then(|rest| rest.split('\'').next());
    let dtype = DTYPES.into_iter().find(|dtype| Some(dtype.name()) == descr);
    let dtype = dtype.ok_or_else(|| wrong("another type"))?;
    if !value("'fortran_order").is_some_and(|rest| rest.starts_with("False")) {
        return Err(wrong("another order"));
    }
    let shape = value("'shape").and_then(|rest| rest.strip_prefix('(')?.split(')').next());
    let lengths = shape.ok_or_else(|| wrong("no shape"))?.split(',').map(str::trim);
    let shape: Option<Vec<usize>> =
        lengths.filter(|length| !length.is_empty()).map(|length| length.parse().ok()).collect();
    let shape = shape.ok_or_else(|| wrong("no shape"))?;
    let count = shape.iter().try_fold(dtype.size(), |count, &length| count.checked_mul(length));
    if count != Some(bytes.len()) {
        return Err(wrong("its values are not as many as its shape has"));
    }
    Ok(Tensor { dtype, shape, bytes: bytes.to_vec() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for shape in [vec![], vec![3], vec![2, 3], vec![0, 5]] {
            let count = shape.iter().product::<usize>();
            let tensor = Tensor { dtype: Dtype::F32, shape, bytes: vec![7; count * 4] };
            let file = write(&tensor);
            assert_eq!((file.len() - count * 4) % ALIGN, 0);
            assert_eq!(read(&file).unwrap(), tensor);
            assert!(read(&file[..file.len() - 1]).is_err() || count == 0);
            assert!(read(&[&file[..], b"x"].concat()).is_err());
        }
        assert!(read(b"\x93NUMPY\x01\x00").is_err());
    }
}
