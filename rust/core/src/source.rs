//! A folder with shards, and what lies beside them: sums, manifest, list of samples; loose, unpacked or in bundles.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    bundle::{self, MAX_UNPACKED},
    disk,
    error::{Error, Result},
    manifest::{Listing, MANIFEST_NAME},
    samples::{self, SAMPLES_NAME, SampleRow},
    sums::{SUMS_NAME, Sums, base_name, stays_inside},
};

/// Folder of the shards in a release's unpacked layout.
pub const DATA: &str = "data";
/// Folder, and stem of the bundle, that holds the sums.
pub const CHECKSUMS: &str = "checksums";
/// Folder, and stem of the bundle, that holds manifest and samples.
pub const METADATA: &str = "metadata";

/// A release's root folder and its lists.
#[derive(Debug, Clone)]
pub struct Source {
    /// The folder that listed paths are relative to.
    pub root: PathBuf,
    /// `SHA256SUMS`, if there is one.
    pub sums: Option<Sums>,
    /// `release_manifest.json`, if there is one.
    pub manifest: Option<Listing>,
}

/// Where a listed path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// To this file.
    File(PathBuf),
    /// To nothing; this is where it should be.
    Missing(PathBuf),
    /// Out of the release: an absolute path, or one with `..`. Never followed.
    Outside,
}

impl Source {
    /// Reads the lists of a folder; a folder without any has none.
    ///
    /// # Errors
    /// `Io`, `Data`, `Tar` for a list that is there and cannot be read.
    pub fn open(root: &Path) -> Result<Self> {
        let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
        let sums = find(root, CHECKSUMS, SUMS_NAME)?.map(|(_, bytes)| Sums::parse(&bytes));
        let manifest = match find(root, METADATA, MANIFEST_NAME)? {
            Some((from, bytes)) => Some(Listing::parse(&bytes).map_err(|e| e.in_shard(&from))?),
            None => None,
        };
        Ok(Self { root: root.to_owned(), sums, manifest })
    }

    /// Reads the lists of the folder that shards lie in or, if it has none, of the one above: always where the
    /// folder is called `data`, else if a list there names one of them.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn around(folder: &Path, names: &[&str]) -> Result<Self> {
        let here = Self::open(folder)?;
        if here.has_lists() {
            return Ok(here);
        }
        let whole = match folder.parent() {
            Some(parent) if parent != Path::new("") => folder.to_owned(),
            // A relative path of one part, or none, does not show what is above it.
            _ => fs::canonicalize(&here.root).map_err(|e| Error::io(folder, e))?,
        };
        let (Some(parent), Some(name)) = (whole.parent(), whole.file_name()) else { return Ok(here) };
        if name == DATA {
            return Self::open(parent);
        }
        // A list above that cannot be read may have nothing to do with these shards.
        match Self::open(parent) {
            Ok(above) if above.listed().any(|listed| names.contains(&base_name(listed))) => Ok(above),
            _ => Ok(here),
        }
    }

    /// True if anything says what the shards should be.
    pub fn has_lists(&self) -> bool {
        self.sums.is_some() || self.manifest.is_some()
    }

    /// Every listed path, those of the sums first.
    pub fn listed(&self) -> impl Iterator<Item = &str> {
        let sums = self.sums.iter().flat_map(|sums| &sums.lines).map(|line| &*line.path);
        let manifest =
            self.manifest.iter().flat_map(|manifest| &manifest.shards).map(|shard| &*shard.filename);
        sums.chain(manifest)
    }

    /// The rows of `webdataset_samples.jsonl`, if there is one.
    ///
    /// # Errors
    /// `Io`, `Data`.
    pub fn samples(&self) -> Result<Option<Vec<SampleRow>>> {
        match find(&self.root, METADATA, SAMPLES_NAME)? {
            Some((from, bytes)) => samples::parse(&bytes).map(Some).map_err(|e| e.in_shard(&from)),
            None => Ok(None),
        }
    }

    /// Finds a listed path: below `base`, else by its base name in `base`, its `data` folder and `folders`.
    pub fn resolve(base: &Path, folders: &[PathBuf], listed: &str) -> Resolved {
        if !stays_inside(listed) {
            return Resolved::Outside;
        }
        let own = base.join(listed);
        if own.is_file() {
            return Resolved::File(own);
        }
        let name = base_name(listed);
        if name != ".." && !name.is_empty() {
            let near = [base.join(name), base.join(DATA).join(name)];
            let near = near.into_iter().chain(folders.iter().map(|folder| folder.join(name)));
            if let Some(file) = near.into_iter().find(|path| path.is_file()) {
                return Resolved::File(file);
            }
        }
        Resolved::Missing(own)
    }
}

/// A small file of a release and where it was found: in its folder, loose at the root, or in its bundle.
fn find(root: &Path, kind: &str, name: &str) -> Result<Option<(PathBuf, Vec<u8>)>> {
    for path in [root.join(kind).join(name), root.join(name)] {
        if let Some(bytes) = read_small(&path)? {
            return Ok(Some((path, bytes)));
        }
    }
    let path = root.join(format!("{kind}.tar.gz"));
    if !path.is_file() {
        return Ok(None);
    }
    let mut files = bundle::unpack_file(&path)?.into_iter();
    Ok(files.find(|(member, _)| base_name(member) == name).map(|(_, bytes)| (path, bytes)))
}

fn read_small(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::metadata(path) {
        Ok(meta) if !meta.is_file() => return Ok(None),
        Ok(meta) if meta.len() > MAX_UNPACKED => {
            return Err(Error::data(format!("{} bytes are too many for a list", meta.len())).in_shard(path));
        }
        Ok(_) => {}
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(e) => return Err(Error::io(path, e)),
    }
    disk::read(path).map(Some).map_err(|e| Error::io(path, e))
}
