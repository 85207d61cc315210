//! The folder a release is made in: who works there, what is there already, and what must go.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    card, digest, disk,
    error::{Error, Result},
    pack,
    publish::MANIFEST,
    reshard::{Tools, plan::Plan},
    writer,
};

/// Folder of unfinished work inside the destination.
const WORK: &str = ".reshard";

/// What the destination holds before anything is done.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing, or an unfinished run that the journal will judge.
    Free,
    /// The release that this plan makes, whole.
    Finished(Value),
}

/// Looks at the destination.
///
/// # Errors
/// `Invalid` if something else is there, or if the source lies inside; `Data` if the finished release lost a shard.
pub(super) fn look(dst: &Path, plan: &Plan, tools: &Tools<'_>) -> Result<Found> {
    refuse_source_inside(dst, plan)?;
    if !dst.exists() || dst.join(WORK).is_dir() {
        return Ok(Found::Free);
    }
    let Some(manifest) = manifest(dst)? else {
        return if is_empty(dst)? {
            Ok(Found::Free)
        } else {
            Err(taken(dst, "is not empty and holds no release"))
        };
    };
    let provenance = &manifest["provenance"];
    if provenance["fingerprint"] != plan.fingerprint.to_string() || !same_sources(provenance, plan, tools)? {
        return Err(taken(dst, "holds a release made from another source or with other options"));
    }
    for shard in manifest["shards"].as_array().into_iter().flatten() {
        let path = pack::data_folder(dst).join(shard["filename"].as_str().unwrap_or_default());
        let size = std::fs::metadata(&path).map(|m| m.len()).ok();
        if size != shard["size"].as_u64() {
            return Err(Error::data("a shard of the finished release is missing or has another size")
                .in_shard(&path)
                .with_hint("give --overwrite to make the release again"));
        }
    }
    Ok(Found::Finished(manifest))
}

fn taken(dst: &Path, what: &str) -> Error {
    Error::invalid(format!("{} {what}", dst.display()))
        .with_hint("give another folder, or --overwrite to replace the release there")
}

/// True if a folder holds no file, however many empty folders.
fn is_empty(folder: &Path) -> Result<bool> {
    for entry in std::fs::read_dir(folder).map_err(|e| Error::io(folder, e))? {
        let path = entry.map_err(|e| Error::io(folder, e))?.path();
        if !path.is_dir() || !is_empty(&path)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn manifest(dst: &Path) -> Result<Option<Value>> {
    let path = dst.join(MANIFEST);
    match disk::read(&path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).unwrap_or(Value::Null))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io(&path, e)),
    }
}

/// Sources with published digests are in the fingerprint; the others are hashed and compared.
fn same_sources(provenance: &Value, plan: &Plan, tools: &Tools<'_>) -> Result<bool> {
    let unlisted: Vec<&Path> =
        plan.drawn().filter(|s| s.expected.is_none()).map(|source| source.shard.path()).collect();
    let found = digest::of_files(&unlisted, tools.pool, tools.cancel, &|_| ())?;
    let known: Vec<&str> = provenance["source"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|source| source["sha256"].as_str())
        .collect();
    for digest in found {
        if !known.contains(&digest?.0.to_string().as_str()) {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn refuse_source_inside(dst: &Path, plan: &Plan) -> Result<()> {
    let Ok(dst) = dst.canonicalize() else { return Ok(()) };
    for source in &plan.sources {
        let path = source.shard.path();
        if path.canonicalize().is_ok_and(|path| path.starts_with(&dst)) {
            return Err(Error::invalid("the destination holds the source").in_shard(path));
        }
    }
    Ok(())
}

/// Removes the release or the unfinished run that is there, its manifest first so that it is no release
/// any more from that moment.
///
/// # Errors
/// `Invalid` if the folder holds something that is no release; `Io`.
pub(super) fn clear(dst: &Path) -> Result<()> {
    if !dst.exists() || is_empty(dst)? {
        return Ok(());
    }
    if manifest(dst)?.is_none() && !dst.join(WORK).is_dir() {
        return Err(Error::invalid(format!("{} is not empty and holds no release", dst.display()))
            .with_hint("--overwrite replaces a release, nothing else; give another folder"));
    }
    let remove = |path: PathBuf| match std::fs::remove_file(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io(&path, e)),
        _ => Ok(()),
    };
    remove(dst.join(MANIFEST))?;
    let data = pack::data_folder(dst);
    if data.is_dir() {
        for entry in std::fs::read_dir(&data).map_err(|e| Error::io(&data, e))? {
            let path = entry.map_err(|e| Error::io(&data, e))?.path();
            if path.extension().is_some_and(|extension| extension == "tar") {
                remove(path)?;
            }
        }
    }
    for name in
        ["metadata/webdataset_samples.jsonl", "checksums/SHA256SUMS", "metadata.tar.gz", "checksums.tar.gz"]
    {
        remove(dst.join(name))?;
    }
    card::remove(dst)?;
    let work = dst.join(WORK);
    if work.is_dir() { std::fs::remove_dir_all(&work).map_err(|e| Error::io(&work, e)) } else { Ok(()) }
}

/// The work folder, held by this process alone.
#[derive(Debug)]
pub(super) struct Work {
    /// The folder.
    pub path: PathBuf,
    // Unlocked by the operating system when the file is closed, however the process ends.
    _lock: File,
}

impl Work {
    /// Makes the folders of the release and of the work, and takes the lock.
    ///
    /// # Errors
    /// `Invalid` if another process works there; `Io`.
    pub(super) fn open(dst: &Path) -> Result<Self> {
        let path = dst.join(WORK);
        for folder in
            [path.join("parts"), pack::data_folder(dst), dst.join("metadata"), dst.join("checksums")]
        {
            std::fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
        }
        let lock_path = path.join("lock");
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path);
        let lock = open.map_err(|e| Error::io(&lock_path, e))?;
        match lock.try_lock() {
            Ok(()) => {
                sweep(dst)?;
                Ok(Self { path, _lock: lock })
            }
            Err(TryLockError::WouldBlock) => {
                Err(Error::invalid(format!("another process is making a release in {}", dst.display())))
            }
            Err(TryLockError::Error(e)) => Err(Error::io(&lock_path, e)),
        }
    }

    /// Path of the journal.
    pub(super) fn journal(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// Removes the folder: the release is finished.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn remove(self) -> Result<()> {
        std::fs::remove_dir_all(&self.path).map_err(|e| Error::io(&self.path, e))
    }
}

/// Removes what a killed run was writing. Safe under the lock: nobody else writes here.
fn sweep(dst: &Path) -> Result<()> {
    for folder in [dst.to_owned(), pack::data_folder(dst), dst.join("metadata"), dst.join("checksums")] {
        for entry in std::fs::read_dir(&folder).map_err(|e| Error::io(&folder, e))? {
            let entry = entry.map_err(|e| Error::io(&folder, e))?;
            if writer::is_temporary(&entry.file_name()) {
                std::fs::remove_file(entry.path()).map_err(|e| Error::io(&entry.path(), e))?;
            }
        }
    }
    Ok(())
}
