//! A release that is written into a folder of its own in one go: a mark lies there until it is whole, so that a run
//! that was killed can begin again.

use std::{
    ffi::OsStr,
    fs::OpenOptions,
    path::{Path, PathBuf},
};

use crate::{
    disk,
    error::{Error, Result},
    pack, writer,
};

/// Lies in the folder of a release until it is whole.
const MARK: &str = ".unfinished";

/// The folder of a release that was begun and is not whole yet.
#[derive(Debug)]
pub struct Begun {
    mark: PathBuf,
    anew: bool,
}

impl Begun {
    /// Makes the folders of a release in an empty or new folder, or clears what an unfinished run has left there.
    ///
    /// # Errors
    /// `Invalid` if something else is in it; `Io`.
    pub fn begin(dst: &Path) -> Result<Self> {
        let folders = [pack::data_folder(dst), dst.join("metadata"), dst.join("checksums")];
        let mark = dst.join(MARK);
        let anew = mark.is_file();
        if anew {
            clear(dst, &folders)?;
        } else if std::fs::read_dir(dst).is_ok_and(|mut entries| entries.next().is_some()) {
            let words = format!("{} is not empty", dst.display());
            return Err(Error::invalid(words).with_hint("give a new folder"));
        }
        std::fs::create_dir_all(dst).map_err(|e| Error::io(dst, e))?;
        let marked = disk::open(OpenOptions::new().write(true).create(true).truncate(true), &mark);
        marked.map_err(|e| Error::io(&mark, e))?;
        for folder in &folders {
            std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        }
        Ok(Self { mark, anew })
    }

    /// Whether a run before this one did not end, and what it had made is gone.
    pub fn anew(&self) -> bool {
        self.anew
    }

    /// Says that the release is whole.
    ///
    /// # Errors
    /// `Io`.
    pub fn finish(self) -> Result<()> {
        std::fs::remove_file(&self.mark).map_err(|e| Error::io(&self.mark, e))
    }
}

/// Removes what a run that did not end has left: files that runs write, and no others.
fn clear(dst: &Path, folders: &[PathBuf]) -> Result<()> {
    let remove = |path: &Path| std::fs::remove_file(path).map_err(|e| Error::io(path, e));
    for folder in folders.iter().map(PathBuf::as_path).chain([dst]).filter(|folder| folder.is_dir()) {
        for entry in std::fs::read_dir(folder).map_err(|e| Error::io(folder, e))? {
            let path = entry.map_err(|e| Error::io(folder, e))?.path();
            let own = |name: &OsStr| writer::is_temporary(name) || (name != MARK && folder != dst);
            if path.is_file() && path.file_name().is_some_and(own) {
                remove(&path)?;
            }
        }
    }
    Ok(())
}
