//! Photos as heads: folders `idNNN/<expression>.jpg`, taken in the order of their names.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    codec::{Codec, DecodeOptions},
    error::{Error, Result},
    image::Size,
    reghead::EXPRESSIONS,
};

/// The folders found, each with all ten photos.
#[derive(Debug)]
pub(super) struct Photos(Vec<PathBuf>);

impl Photos {
    /// Lists the folders whose names begin with `id`.
    pub(super) fn list(folder: &Path) -> Result<Self> {
        let mut heads = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| Error::io(folder, error))? {
            let path = entry.map_err(|error| Error::io(folder, error))?.path();
            let named = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"id"));
            if named && path.is_dir() {
                heads.push(path);
            }
        }
        heads.sort();
        if heads.is_empty() {
            return Err(Error::data(format!("{} holds no folders idNNN", folder.display())).with_hint(
                "each folder holds ten photos named after the expressions, such as id000/frown.jpg",
            ));
        }
        for photo in heads.iter().flat_map(|head| EXPRESSIONS.map(|expression| photo(head, expression))) {
            if !photo.is_file() {
                return Err(Error::data(format!("{} is missing", photo.display())));
            }
        }
        Ok(Self(heads))
    }

    /// Decodes the photo of one expression into `size * size * 3` bytes; `n` beyond the last begins again.
    pub(super) fn decode_into(
        &self,
        codec: &mut Codec,
        n: u64,
        expression: &str,
        size: usize,
        out: &mut [u8],
    ) -> Result<()> {
        let Some(head) = self.0.get((n % self.0.len() as u64) as usize) else {
            return Err(Error::data("there are no photos"));
        };
        let path = photo(head, expression);
        let bytes = fs::read(&path).map_err(|error| Error::io(&path, error))?;
        let options =
            DecodeOptions { size: Some(Size::square(size)), exif: true, ..DecodeOptions::default() };
        codec.decode_into(&bytes, &options, out).map_err(|error| error.in_shard(&path))?;
        Ok(())
    }
}

fn photo(head: &Path, expression: &str) -> PathBuf {
    head.join(format!("{expression}.jpg"))
}
