//! A release, whatever form it has: a folder in either layout, a shard, a glob, a brace range, or a list of them.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    digest::Digest,
    disk,
    error::{Error, Result},
    manifest::Listing,
    samples::SampleRow,
    source::{CHECKSUMS, DATA, METADATA, Resolved, Source},
    spec,
    sums::{SUMS_NAME, Sums},
};

/// What the lists say of one shard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// Its digest.
    pub digest: Option<Digest>,
    /// Its bytes.
    pub size: Option<u64>,
    /// Its samples.
    pub num_samples: Option<u64>,
    /// How the lists contradict each other, if they do.
    pub conflict: Option<String>,
}

/// Shards, and the releases they come from.
#[derive(Debug, Clone)]
pub struct Release {
    /// The shards: by name within a folder, in the given order otherwise.
    pub shards: Vec<PathBuf>,
    /// What the lists say of each shard.
    pub expected: Vec<Expected>,
    /// Number in `sources` of each shard's source.
    pub source_of: Vec<usize>,
    /// Where the shards come from, in order of first appearance.
    pub sources: Vec<Source>,
    /// For each source: true if all of it was asked for, not some of its shards.
    pub whole: Vec<bool>,
}

impl Release {
    /// Finds the shards that the specifications stand for, and the lists beside them.
    ///
    /// # Errors
    /// `Io` for what does not exist; `Data` for a folder without a shard, or a list that makes no sense; `Invalid`
    /// for no specification or a malformed one.
    pub fn open<S: AsRef<str>>(specs: &[S]) -> Result<Self> {
        if specs.is_empty() {
            return Err(Error::invalid("no release, shard or pattern given"));
        }
        let mut paths = Vec::new();
        for spec in specs {
            paths.extend(spec::expand(spec.as_ref())?);
        }
        let mut release = Self {
            shards: Vec::new(),
            expected: Vec::new(),
            source_of: Vec::new(),
            sources: Vec::new(),
            whole: Vec::new(),
        };
        // Single shards of one folder share a source.
        let mut by_folder: HashMap<PathBuf, usize> = HashMap::new();
        for path in &paths {
            if path.is_dir() {
                release.add_folder(path)?;
            } else if path.file_name().is_some_and(|name| name == SUMS_NAME) {
                release.add_folder(root_of_sums(path))?;
            } else if let Some(sums) = sums_by_another_name(path)? {
                let root = folder_of(path).to_owned();
                release.add_source(Source { root, sums: Some(sums), manifest: None }, true);
            } else {
                let folder = folder_of(path);
                let source = if let Some(&source) = by_folder.get(folder) {
                    source
                } else {
                    let beside = paths.iter().filter(|p| folder_of(p) == folder);
                    let names: Vec<&str> = beside.filter_map(|p| p.file_name()?.to_str()).collect();
                    let source = release.add_source(Source::around(folder, &names)?, false);
                    by_folder.insert(folder.to_owned(), source);
                    source
                };
                release.shards.push(path.clone());
                release.source_of.push(source);
            }
        }
        release.read_expectations();
        Ok(release)
    }

    fn add_source(&mut self, source: Source, whole: bool) -> usize {
        self.sources.push(source);
        self.whole.push(whole);
        self.sources.len() - 1
    }

    fn add_folder(&mut self, folder: &Path) -> Result<()> {
        let mut shards = shards_in(folder)?;
        let data = folder.join(DATA);
        if data.is_dir() {
            shards.extend(shards_in(&data)?);
            shards.sort_by(|a, b| a.file_name().cmp(&b.file_name()).then(a.cmp(b)));
        }
        let names: Vec<&str> = shards.iter().filter_map(|p| p.file_name()?.to_str()).collect();
        let found = Source::around(folder, &names)?;
        // Lists without shards are a release of which everything is missing.
        if shards.is_empty() && !found.has_lists() {
            return Err(Error::data(format!("no shard in {}", folder.display()))
                .with_hint("a release has its *.tar files in its folder or in data/ below it"));
        }
        let source = self.add_source(found, true);
        self.source_of.extend(shards.iter().map(|_| source));
        self.shards.extend(shards);
        Ok(())
    }

    /// Fills `expected` from the lists.
    fn read_expectations(&mut self) {
        self.expected = vec![Expected::default(); self.shards.len()];
        for (number, source) in self.sources.iter().enumerate() {
            let folders = self.folders(number);
            let mut shards: HashMap<PathBuf, Vec<usize>> = HashMap::new();
            for (shard, path) in
                self.shards.iter().enumerate().filter(|(i, _)| self.source_of.get(*i) == Some(&number))
            {
                shards.entry(identity(path)).or_default().push(shard);
            }
            let mut note = |listed: &str, digest: Option<Digest>, size: Option<u64>, samples: Option<u64>| {
                let Resolved::File(file) = Source::resolve(&source.root, &folders, listed) else { return };
                for &shard in shards.get(&identity(&file)).into_iter().flatten() {
                    if let Some(expected) = self.expected.get_mut(shard) {
                        expected.add(listed, digest, size, samples);
                    }
                }
            };
            for line in source.sums.iter().flat_map(|sums| &sums.lines) {
                note(&line.path, Some(line.digest), None, None);
            }
            for entry in source.manifest.iter().flat_map(|manifest| &manifest.shards) {
                note(&entry.filename, entry.digest, entry.size, entry.num_samples);
            }
        }
    }

    /// The folders that a source's shards were found in.
    pub fn folders(&self, source: usize) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = Vec::new();
        for (path, _) in self.shards.iter().zip(&self.source_of).filter(|(_, of)| **of == source) {
            let folder = folder_of(path);
            if folders.last().is_none_or(|last| last != folder) && !folders.iter().any(|f| f == folder) {
                folders.push(folder.to_owned());
            }
        }
        folders
    }

    /// Root folder of the first source.
    pub fn root(&self) -> &Path {
        self.sources.first().map_or(Path::new("."), |source| &source.root)
    }

    /// Sums of the first source.
    pub fn sums(&self) -> Option<&Sums> {
        self.sources.first()?.sums.as_ref()
    }

    /// Manifest of the first source.
    pub fn manifest(&self) -> Option<&Listing> {
        self.sources.first()?.manifest.as_ref()
    }

    /// The release's name: the manifest's, else what its shards' names have in front of their numbers, else the folder's.
    pub fn name(&self) -> String {
        if let Some(name) = self.manifest().and_then(Listing::name) {
            return name.to_owned();
        }
        let stem = self.shards.first().and_then(|path| path.file_stem()).map(|stem| stem.to_string_lossy());
        if let Some(stem) = stem {
            let prefix = stem.trim_end_matches(|c: char| c.is_ascii_digit());
            let prefix = prefix.trim_end_matches(['-', '_', '.']);
            if !prefix.is_empty() && prefix.len() < stem.len() {
                return prefix.to_owned();
            }
        }
        let root = fs::canonicalize(self.root()).unwrap_or_default();
        root.file_name().map_or_else(|| "release".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// Listed shards (`*.tar`) that are not there, as listed. Only of sources that were asked for as a whole.
    pub fn missing(&self) -> Vec<String> {
        let mut missing: Vec<String> = Vec::new();
        for (number, source) in
            self.sources.iter().enumerate().filter(|(i, _)| self.whole.get(*i) == Some(&true))
        {
            let folders = self.folders(number);
            let tars = source.listed().filter(|listed| is_shard(Path::new(listed)));
            for listed in tars {
                let name = crate::sums::base_name(listed);
                let known = missing.iter().any(|other| crate::sums::base_name(other) == name);
                if !known && !matches!(Source::resolve(&source.root, &folders, listed), Resolved::File(_)) {
                    missing.push(listed.to_owned());
                }
            }
        }
        missing
    }

    /// The rows of all sources' `webdataset_samples.jsonl`; `None` if no source has one.
    ///
    /// # Errors
    /// `Io`, `Data`.
    pub fn samples(&self) -> Result<Option<Vec<SampleRow>>> {
        let mut all = None;
        for source in &self.sources {
            if let Some(rows) = source.samples()? {
                all.get_or_insert_with(Vec::new).extend(rows);
            }
        }
        Ok(all)
    }

    /// Bytes of all shards, as far as the operating system says; for progress.
    pub fn bytes(&self) -> u64 {
        self.shards.iter().filter_map(|path| fs::metadata(path).ok()).map(|meta| meta.len()).sum()
    }
}

impl Expected {
    fn add(&mut self, listed: &str, digest: Option<Digest>, size: Option<u64>, num_samples: Option<u64>) {
        let differ =
            |what: &str, a: &str, b: &str| format!("the lists give two {what} for {listed}: {a} and {b}");
        if let (Some(a), Some(b)) = (self.digest, digest)
            && a != b
        {
            self.conflict.get_or_insert_with(|| differ("digests", &a.to_string(), &b.to_string()));
        }
        if let (Some(a), Some(b)) = (self.size, size)
            && a != b
        {
            self.conflict.get_or_insert_with(|| differ("sizes", &a.to_string(), &b.to_string()));
        }
        self.digest = self.digest.or(digest);
        self.size = self.size.or(size);
        self.num_samples = self.num_samples.or(num_samples);
    }
}

/// One file is one shard, by whatever path it is reached.
pub(crate) fn identity(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn root_of_sums(path: &Path) -> &Path {
    let folder = folder_of(path);
    let inside = folder.file_name().is_some_and(|name| name == CHECKSUMS || name == METADATA);
    if inside { folder_of(folder) } else { folder }
}

/// The sums in a file that is not called a shard and holds nothing but them.
fn sums_by_another_name(path: &Path) -> Result<Option<Sums>> {
    /// A line for each of ten thousand shards.
    const LARGEST: u64 = 2 << 20;
    if is_shard(path) || !fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST) {
        return Ok(None);
    }
    let sums = Sums::parse(&disk::read(path).map_err(|e| Error::io(path, e))?);
    Ok((!sums.lines.is_empty() && sums.malformed.is_empty()).then_some(sums))
}

fn is_shard(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tar"))
}

fn shards_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut shards = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| Error::io(folder, e))? {
        let path = entry.map_err(|e| Error::io(folder, e))?.path();
        if is_shard(&path) && !path.is_dir() {
            shards.push(path);
        }
    }
    shards.sort();
    Ok(shards)
}
