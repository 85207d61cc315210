//! What a file is that does not start as a tar.

use crate::{
    error::Error,
    fault::TarFault,
    tar::{Block, header},
};

/// The error for a first block whose checksum does not fit.
pub(super) fn first_block(block: &Block) -> Error {
    if let Some(format) = compression(block) {
        return compressed(format);
    }
    let fault = if header::looks_like_header(block) { TarFault::Checksum } else { TarFault::NotTar };
    Error::tar(fault, 0)
}

/// The error for a file that ends before its first header does.
pub(super) fn short_file(bytes: &[u8]) -> Error {
    if bytes.is_empty() {
        return Error::tar(TarFault::Truncated, 0).with_hint("the file is empty");
    }
    if let Some(format) = compression(bytes) {
        return compressed(format);
    }
    let zeros = bytes.iter().all(|&b| b == 0);
    let fault =
        if zeros || header::looks_like_header(bytes) { TarFault::Truncated } else { TarFault::NotTar };
    Error::tar(fault, 0).with_hint("the file is shorter than one tar header")
}

fn compressed(format: &str) -> Error {
    Error::tar(TarFault::Compressed, 0).with_hint(format!("it is {format}; unpack it to a plain .tar first"))
}

/// The compression a file starts with.
fn compression(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 6] = [
        (b"\x1f\x8b", "gzip"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\x04\x22\x4d\x18", "lz4"),
        (b"PK\x03\x04", "zip"),
    ];
    MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|&(_, name)| name)
}
