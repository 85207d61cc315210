//! Zips of drawn sources: the same bytes every time, stored, as pictures do not get smaller.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipError, write::SimpleFileOptions};

use crate::error::{Error, Kind, Result};

/// A zip being written.
pub(super) struct ZipFile {
    zip: ZipWriter<BufWriter<File>>,
    path: PathBuf,
}

impl ZipFile {
    pub(super) fn create(path: &Path) -> Result<Self> {
        let file = File::create_new(path).map_err(|e| Error::io(path, e))?;
        Ok(Self { zip: ZipWriter::new(BufWriter::new(file)), path: path.to_owned() })
    }

    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(0o644);
        let begun = self.zip.start_file(name, options);
        begun.map_err(|e| failed(&self.path, e))?;
        self.zip.write_all(bytes).map_err(|e| Error::io(&self.path, e))
    }

    pub(super) fn finish(self) -> Result<()> {
        let Self { zip, path } = self;
        let mut file = zip.finish().map_err(|e| failed(&path, e))?;
        file.flush().map_err(|e| Error::io(&path, e))
    }
}

fn failed(path: &Path, error: ZipError) -> Error {
    match error {
        ZipError::Io(error) => Error::io(path, error),
        other => Error::new(Kind::Internal(other.to_string())),
    }
}
