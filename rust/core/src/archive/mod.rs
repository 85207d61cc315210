//! One view of files that lie in a folder, a tar, a gzipped tar or a zip: what there is, any one of them, all in order.
//!
//! What publishers ship their data sets in. Nothing is unpacked to disk, and what a reader elsewhere might take in
//! another way, or what would fill the memory, is refused by name.

mod folder;
pub mod gzip;
mod names;
mod tar;
mod zip;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

pub use names::Names;

use crate::{
    digest::Digest,
    disk,
    error::{Error, Kind, Result},
    fault::ArchiveFault,
    shard,
};

/// Unpacked bytes up to which a ratio is nobody's concern.
const HARMLESS: u64 = 16 << 20;

/// What is refused.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Take a tar without its end marker, and pass over members that are no regular files.
    pub lenient: bool,
    /// Bytes a file may unpack to.
    pub max_file_size: u64,
    /// How many times its packed size a file, or a gzip stream, may unpack to, once it passes 16 MiB. Deflate ends at 1032.
    pub max_ratio: u64,
    /// Unpacked bytes between two checkpoints of a gzipped tar: what a read may inflate in vain, for 32 KiB kept of each.
    pub spacing: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { lenient: false, max_file_size: 2 << 30, max_ratio: 200, spacing: gzip::SPACING }
    }
}

impl Options {
    fn check_size(&self, size: u64) -> Result<()> {
        let limit = self.max_file_size;
        if size > limit { Err(Error::archive(ArchiveFault::TooLarge { size, limit })) } else { Ok(()) }
    }

    pub(crate) fn check_ratio(&self, size: u64, packed: u64) -> Result<()> {
        if size > HARMLESS && size / self.max_ratio.max(1) > packed {
            return Err(Error::archive(ArchiveFault::Bomb { size, packed }));
        }
        Ok(())
    }

    fn policy(&self) -> crate::tar::Policy {
        crate::tar::Policy { skip_special: self.lenient, lenient_end: self.lenient }
    }
}

/// What an archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A folder and all below it.
    Folder,
    /// A tar.
    Tar,
    /// A tar in one or more gzip streams.
    TarGz,
    /// A zip.
    Zip,
}

impl Form {
    /// By content, not by name.
    ///
    /// # Errors
    /// `Io`; `Archive(Unknown)`.
    pub fn of(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Ok(Self::Folder);
        }
        let (file, _) = shard::open_regular(path)?;
        let mut first = [0; 512];
        let got = disk::pread(&file, &mut first, 0).map_err(|e| Error::io(path, e))?;
        match first.get(..got).unwrap_or_default() {
            [0x1f, 0x8b, ..] => Ok(Self::TarGz),
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Ok(Self::Zip),
            block if crate::tar::header::looks_like_header(block) || block.len() == 512 => Ok(Self::Tar),
            _ => Err(Error::archive(ArchiveFault::Unknown).in_shard(path)),
        }
    }

    /// `folder`, `tar`, `tar.gz` or `zip`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Tar => "tar",
            Self::TarGz => "tar.gz",
            Self::Zip => "zip",
        }
    }
}

/// An open archive; several threads may read at once.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    names: Names,
    store: Store,
    options: Options,
}

#[derive(Debug)]
enum Store {
    /// The path of each file, and the folders without any.
    Folder(Vec<PathBuf>, Vec<Vec<u8>>),
    Tar {
        file: File,
        offsets: Vec<u64>,
    },
    TarGz(Box<gzip::Gzip>),
    Zip(Box<zip::Zip>),
}

impl Archive {
    /// Lists what is there. A gzipped tar without its index is inflated for that, once, as a whole; `go_on` is asked now
    /// and then whether to.
    ///
    /// # Errors
    /// `Archive`, `Tar`, `Io`; those of `go_on`.
    pub fn open(path: &Path, options: Options, go_on: &dyn Fn() -> Result<()>) -> Result<Self> {
        let placed = |e: Error| if e.is_cancelled() { e } else { e.in_shard(path) };
        let (names, store) = match Form::of(path)? {
            Form::Folder => {
                let (paths, names, empty) = folder::list(path, go_on)?;
                (names, Store::Folder(paths, empty))
            }
            Form::Tar => {
                let (file, offsets, names) = tar::list(path, options, go_on).map_err(placed)?;
                (names, Store::Tar { file, offsets })
            }
            Form::TarGz => {
                let (gzip, names) = gzip::Gzip::open(path, options, go_on).map_err(placed)?;
                (names, Store::TarGz(Box::new(gzip)))
            }
            Form::Zip => {
                let (zip, names) = zip::Zip::open(path).map_err(placed)?;
                (names, Store::Zip(Box::new(zip)))
            }
        };
        Ok(Self { path: path.to_owned(), names, store, options })
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is.
    pub fn form(&self) -> Form {
        match &self.store {
            Store::Folder(..) => Form::Folder,
            Store::Tar { .. } => Form::Tar,
            Store::TarGz(_) => Form::TarGz,
            Store::Zip(_) => Form::Zip,
        }
    }

    /// The regular files in it, in its order; a folder's by name.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Folders below a folder that have nothing in them, by name; those in the other archives are not listed.
    pub fn empty_folders(&self) -> &[Vec<u8>] {
        match &self.store {
            Store::Folder(_, empty) => empty,
            _ => &[],
        }
    }

    /// SHA-256 of a gzipped tar, which its index knows.
    pub fn digest(&self) -> Option<Digest> {
        match &self.store {
            Store::TarGz(gzip) => Some(gzip.digest()),
            _ => None,
        }
    }

    /// Writes the index of a gzipped tar: `NAME.gzidx`, which `indexed_gzip` reads too, and `NAME.members.jsonl`.
    ///
    /// # Errors
    /// `Invalid` if it is no gzipped tar, or has a name that is no UTF-8; `Io`.
    pub fn save_index(&self, folder: Option<&Path>) -> Result<[PathBuf; 2]> {
        match &self.store {
            Store::TarGz(gzip) => gzip.save(&self.names, folder),
            _ => Err(Error::invalid(format!("a {} needs no index", self.form().name()))),
        }
    }

    /// Reads a file as a whole; reuses the memory of `buffer`. In a gzipped tar the next file is the cheapest, and any
    /// costs the inflating of at most one checkpoint's distance.
    ///
    /// # Errors
    /// `Archive`, `Tar`, `Io`; `Invalid` if there is no such file.
    pub fn read(&self, file: usize, buffer: &mut Vec<u8>) -> Result<()> {
        let Some(size) = self.names.size(file) else {
            return Err(
                Error::invalid(format!("no file {file} of {}", self.names.len())).in_shard(&self.path)
            );
        };
        let read = self.options.check_size(size).and_then(|()| match &self.store {
            Store::Folder(paths, _) => {
                folder::read(paths.get(file).map_or(Path::new(""), PathBuf::as_path), size, buffer)
            }
            Store::Tar { file: open, offsets } => {
                let offset = offsets.get(file).copied().unwrap_or_default();
                buffer.resize(size as usize, 0);
                tar::read(open, &self.path, offset, buffer)
            }
            Store::TarGz(gzip) => gzip.read(file, self.names.name(file), size, buffer),
            Store::Zip(zip) => zip.read(file, size, &self.options, buffer),
        });
        // The system's own errors name the file they are about.
        read.map_err(|e| match e.kind() {
            Kind::Io { path: Some(_), .. } => e,
            _ => e.in_member(self.names.name(file)).in_shard(&self.path),
        })
    }
}
